// A player's own words about a result that players reported: once, for whoever decides.
import { h, say } from "./dom.js";

/** What reports decided may be doubted; what the server or an operator decided may not. */
const DOUBTABLE = new Set(["reports", "majority", "review"]);
const DOUBT_MS = 24 * 3_600_000;

export function disputeForm(app, game) {
  const words = h("textarea", { id: "dispute-reason", rows: "3", maxlength: "500", required: true });
  const problem = h("p", { class: "field-error", role: "alert" });
  const send = h("button", { type: "submit", class: "button" }, "Send");
  const summary = h("summary", {});
  const done = h("p", { class: "fine", role: "status", hidden: true }, "Your words are kept for whoever decides.");
  const form = h("form", { class: "dispute-form", onsubmit: submit },
    h("label", { for: "dispute-reason" }, "What happened?"), words, problem, send);
  const details = h("details", { class: "dispute" }, summary, form);
  const element = h("div", { hidden: true }, details, done);
  let said = false;
  let unfolded = false;

  async function submit(event) {
    event.preventDefault();
    const reason = words.value.trim();
    problem.replaceChildren();
    if (!reason) {
      problem.append("Say in a few words what happened.");
      return words.focus();
    }
    send.disabled = true;
    try {
      await app.swp.dispute(game().id, reason);
      said = true;
    } catch (error) {
      if (error.code === "games.already_disputed") said = true;
      else problem.append(error.message);
    }
    send.disabled = false;
    update(game());
  }

  function update(now) {
    const settled = now.status === "settled" && DOUBTABLE.has(now.result?.reason) && app.now() - Date.parse(now.finished_at ?? now.created_at) < DOUBT_MS;
    element.hidden = !(now.status === "disputed" || settled) || now.origin === "solo";
    say(summary, now.status === "disputed" ? "Say what happened" : "Something wrong with this result?");
    if (now.status === "disputed" && !unfolded) unfolded = details.open = true;
    details.hidden = said;
    done.hidden = !said;
  }

  return { element, update };
}
