// What came out, and what stands in the ledger.
import { h, say, trouble } from "./dom.js";
import { isFinal } from "./game-state.js";

const EXPLAIN = {
  finished: "Over; the result is being settled.",
  disputed: "Both told different scores, so nothing is counted until it is looked at.",
  settled: "It stands in the ledger.",
  aborted: "Somebody wasn’t ready in time, so nothing is counted.",
  abandoned: "A player left before the end.",
  voided: "The result was taken back.",
};

function why(game) {
  if (game.status === "aborted" || game.status === "abandoned") return ""; // said below
  const left = game.players.find(({ status }) => status === "abandoned");
  if (left) return `${left.player.display_name} left the game. `;
  return game.ended?.reason === "max_duration" ? "Time ran out. " : "";
}

export function resultPanel(app, outcome) {
  const ledger = h("p", { class: "ledger", role: "status" });
  const table = h("table", { class: "standings" });
  const problems = h("div", {});
  const again = h("button", { type: "button", class: "button button-main", "data-again": true }, "Play again");
  const element = h("div", { class: "result" }, table, ledger, problems,
    h("div", { class: "row row-centre" }, again, h("button", { type: "button", class: "button", onclick: () => app.lobby() }, "Back to the lobby")));
  let mode;

  again.addEventListener("click", async () => {
    again.disabled = true;
    problems.replaceChildren();
    try {
      await app.queue(mode);
    } catch (error) {
      again.disabled = false;
      problems.replaceChildren(trouble(error));
    }
  });

  return {
    element,
    update(game) {
      mode = game.mode;
      const version = game.result?.version > 0 ? ` Result version ${game.result.version}: ${game.result.status}.` : "";
      say(ledger, `${why(game)}${EXPLAIN[game.status] ?? ""}${version}`);
      element.dataset.final = isFinal(game);
      element.dataset.outcome = outcome() ?? "none";
      const scored = game.players.some(({ score }) => Number.isFinite(score));
      table.replaceChildren();
      if (!scored || game.mode === "tic_tac_toe") return; // the board says it all
      table.append(
        h("caption", { class: "visually-hidden" }, "Scores"),
        h("tbody", {}, [...game.players].sort((a, b) => (b.score ?? -1) - (a.score ?? -1)).map((seat) =>
          h("tr", {}, h("th", { scope: "row" }, seat.player.id === app.me.id ? "You" : seat.player.display_name), h("td", {}, seat.score ?? "–")))));
    },
  };
}
