// Whoever let others wait may not queue at once: until when, counted down, and then the way back in.
import { h, say, trouble } from "./dom.js";
import { remaining } from "./format.js";

export const isCoolingDown = (error) => error?.code === "matchmaking.cooling_down";

/** What went wrong with getting into a queue; `again` tries once more when the cool-down is over. */
export function refusal(app, error, again) {
  if (!isCoolingDown(error)) return trouble(error);
  const until = Date.parse(error.problem.until ?? "") || app.now() + (error.retryAfterMs ?? 30_000);
  const left = h("strong", { class: "elapsed" });
  const words = h("p", {}, "Others waited for you a moment ago, so now you wait: ", left, " until you can search again.");
  const go = again && h("button", { type: "button", class: "button button-main", disabled: true, onclick: again }, "Search again");
  const element = h("div", { class: "notice cool-down", role: "alert" }, words, go);

  function tick() {
    const ms = until - app.now();
    say(left, remaining(ms));
    if (ms > 0) return;
    clearInterval(timer);
    words.replaceChildren("You can search again.");
    if (go) go.disabled = false;
    app.announce("You can search again.");
  }
  const timer = setInterval(() => (element.isConnected ? tick() : clearInterval(timer)), 500);
  say(left, remaining(until - app.now()));
  return element;
}
