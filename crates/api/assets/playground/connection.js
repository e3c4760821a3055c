// The pill that says how the connection is, in words; colour and shape only repeat it.
import { h } from "./dom.js";

const RECOVERED_FOR_MS = 8000;

export function showConnection(swp, pill) {
  let timer;
  let retryAt = 0;

  const render = (kind, text, action) => {
    pill.hidden = false;
    pill.dataset.state = kind;
    pill.replaceChildren(h("span", { class: "dot", "aria-hidden": "true" }), h("span", { class: "pill-text" }, text),
      action ? h("button", { type: "button", class: "link", onclick: action.run }, action.label) : "");
  };
  const again = { label: "now", run: () => swp.reconnectNow() };

  swp.on("state", ({ state, resumed, recovered, reason, retryInMs }) => {
    clearInterval(timer);
    clearTimeout(timer);
    if (state === "connecting") render("busy", "Connecting…");
    else if (state === "resuming") render("busy", "Resuming…");
    else if (state === "online" && resumed) {
      const events = recovered === 1 ? "1 event" : `${recovered || "no"} events`;
      render("fresh", recovered ? `Resumed, ${events} recovered` : "Resumed, nothing missed");
      timer = setTimeout(() => render("good", "Online"), RECOVERED_FOR_MS);
    } else if (state === "online") render("good", "Online");
    else if (state === "offline") {
      retryAt = Date.now() + retryInMs;
      // A blip says nothing: most are over before anyone could read it.
      const tell = () => render("bad", `Offline, trying again in ${Math.max(1, Math.ceil((retryAt - Date.now()) / 1000))} s`, again);
      if (retryInMs < 700) render("busy", "Resuming…");
      else {
        tell();
        timer = setInterval(tell, 1000);
      }
    } else if (swp.signedIn) {
      render("bad", reason ? `Stopped: ${reason}` : "Stopped", { label: "Reconnect", run: () => swp.connect().catch(() => {}) });
    } else pill.hidden = true;
  });
}
