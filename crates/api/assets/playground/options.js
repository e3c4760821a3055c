// What somebody who waits in vain could do instead: another game, a practice bot, or the same again.
import { BOARDS } from "./boards.js";
import { action } from "./controls.js";

/** Only a leader chooses for a party, and a bot plays one. */
function possible(app, ticket, { kind, mode }, over) {
  if (!BOARDS[mode ?? ticket.mode]) return false;
  if (ticket.party_id && app.party.current && !app.party.leads()) return false;
  if (kind === "practice_bot") return ticket.players.length < 2;
  // A search that goes on widens by itself.
  return kind === "mode" || (kind === "wider_range" && over);
}

/** A button for each; `act(go)` makes room first: whoever waits leaves the queue. */
export function optionButtons(app, ticket, options, { over = false, act, fail }) {
  return options.filter((option) => possible(app, ticket, option, over)).map(({ kind, mode }) => {
    if (kind === "practice_bot") return action(mode === ticket.mode ? "Practice against a bot" : `Practice ${app.modeName(mode)} against a bot`, () => act(() => app.practice(mode)), fail);
    if (kind === "wider_range") return action("Search again, wider", () => act(() => app.queue(mode)), fail, { kind: "button button-main" });
    return action(`Play ${app.modeName(mode)} instead`, () => act(() => app.queue(mode)), fail);
  });
}
