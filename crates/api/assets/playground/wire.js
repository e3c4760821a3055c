// The drawer that shows what went over the wire: frames and calls, newest first.
import { h, say } from "./dom.js";

const KEPT = 60;
const ARROWS = { in: "←", out: "→", http: "⇄" };
const WORDS = { in: "received", out: "sent", http: "call" };

export function showWire(swp, body, last) {
  body.append(h("p", { class: "fine wire-empty" }, "Nothing yet. Sign in and watch."));

  swp.on("wire", (frame) => {
    const { direction, message } = frame;
    if (message?.type === "ping" || message?.type === "pong") return;
    body.querySelector(".wire-empty")?.remove();
    const line = describe(frame);
    say(last, `${ARROWS[direction]} ${line.what}${line.where ? ` · ${line.where}` : ""}`);
    const row = h("details", { class: "wire-row", "data-direction": direction },
      h("summary", {},
        h("time", {}, new Date().toLocaleTimeString([], { hour12: false })),
        h("span", { class: "wire-arrow", title: WORDS[direction] }, ARROWS[direction]),
        h("span", { class: "wire-what" }, line.what),
        h("span", { class: "wire-where" }, line.where)));
    // The document is written out only when somebody looks.
    row.addEventListener("toggle", () => row.append(h("pre", {}, JSON.stringify(message ?? frame, hideSecrets, 2))), { once: true });
    body.prepend(row);
    while (body.childElementCount > KEPT) body.lastElementChild.remove();
  });
}

function describe({ direction, message, method, path, status, ms, key, cache }) {
  if (direction === "http") {
    const where = [status || "no answer", `${ms} ms`, key && `key ${key.slice(0, 8)}…`, cache].filter(Boolean).join(" · ");
    return { what: `${method} ${path.replace("/api/v1", "").replace(UUID, "…$1")}`, where };
  }
  if (message.re !== undefined) return { what: message.ok ? "reply" : `refused: ${message.error?.code ?? "?"}`, where: `re ${message.re}` };
  const where = message.stream ? `${shorten(message.stream)} @ ${message.offset}` : message.id ? `id ${message.id}` : "volatile";
  return { what: message.type, where };
}

const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{6}([0-9a-f]{6})/g;
const shorten = (stream) => stream.replace(UUID, "…$1");

function hideSecrets(name, value) {
  return /secret|token/.test(name) && typeof value === "string" ? "…" : value;
}
