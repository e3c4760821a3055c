// What came out, what it did to the ratings, what stands in the ledger, and what can be done next.
import { BOARDS } from "./boards.js";
import { disputeForm } from "./dispute.js";
import { refusal } from "./cool-down.js";
import { h, say } from "./dom.js";
import { isFinal, isPractice, otherSeats, verdict } from "./game-state.js";
import { change, plain, rating } from "./format.js";

const EXPLAIN = {
  finished: "Over; the result is being settled.",
  disputed: "The reports contradict each other, so nothing is counted until it is looked at.",
  settled: "It stands in the ledger.",
  voided: "The result was taken back.",
};
const ENDED = {
  no_show: "Somebody wasn’t ready in time, so nothing is counted.",
  declined: "The invitation was declined.",
  cancelled: "The game was called off.",
  expired: "Nobody came in time.",
  superseded: "Another game took its place.",
  max_duration: "Time ran out.",
};

function why(game) {
  const left = game.players.filter(({ status }) => status === "abandoned").map(({ player }) => player.display_name);
  const because = ENDED[game.ended?.reason];
  if (game.status === "aborted") return because ?? "Nothing is counted.";
  const who = left.length === 1 ? `${left[0]} left the game. ` : left.length ? "Players left the game. " : game.result?.reason === "claimed" ? "Claimed, because somebody did not come back. " : "";
  return `${who}${who || !because ? "" : `${because} `}${EXPLAIN[game.status] ?? (game.status === "abandoned" ? "It ended without a result." : "")}`;
}

/** Everybody's score and rating; null where there is neither. */
export function standingsTable(app, game) {
  const scored = game.players.some(({ score }) => Number.isFinite(score));
  const rated = game.players.some((seat) => Number.isFinite(seat.rating_after));
  if (!scored && !rated) return null;
  const lines = [...game.players].sort((a, b) => (b.score ?? -1) - (a.score ?? -1) || (verdict(game, b.player.id) === "win") - (verdict(game, a.player.id) === "win"));
  return h("table", { class: "standings" }, h("caption", { class: "visually-hidden" }, "Scores and ratings"),
    h("thead", { class: "visually-hidden" }, h("tr", {}, h("th", { scope: "col" }, "Player"), scored && h("th", { scope: "col" }, "Score"), rated && h("th", { scope: "col" }, "Rating"))),
    h("tbody", {}, lines.map((seat) => h("tr", { "data-mine": seat.player.id === app.me.id },
      h("th", { scope: "row" }, seat.player.id === app.me.id ? "You" : h("a", { href: `#player/${seat.player.id}` }, seat.player.display_name)),
      scored && h("td", {}, seat.score ?? "–"),
      rated && h("td", { class: "rating-change" }, Number.isFinite(seat.rating_after)
        ? [rating(seat.rating_after), " ", h("span", { class: seat.rating_after >= seat.rating_before ? "up" : "down" }, change(seat.rating_before, seat.rating_after))]
        : "–")))));
}

export function resultPanel(app, { game, complain }) {
  const ledger = h("p", { class: "ledger", role: "status" });
  const table = h("div", { class: "standings-place" });
  const problems = h("div", {});
  const again = h("button", { type: "button", class: "button button-main", "data-again": true, onclick: () => go(again, next) });
  const rematch = h("button", { type: "button", class: "button", "data-rematch": true, onclick: () => go(rematch, async () => app.play(await app.swp.rematch(game().id))) }, "Rematch");
  const dispute = disputeForm(app, game);
  const details = h("a", { class: "fine", href: `#game/${game().id}` }, "Replay and details");
  const element = h("div", { class: "result" }, table, ledger, problems,
    h("div", { class: "row row-centre" }, again, rematch, h("button", { type: "button", class: "button", onclick: () => app.lobby() }, "Back to the lobby")),
    dispute.element, details);
  let mode = null;
  app.modes().then((modes) => {
    mode = modes.find(({ key }) => key === game().mode) ?? null;
    update(game());
  }, () => {});

  const alone = () => game().origin === "solo";
  const practised = () => isPractice(game());
  // A party goes on from the lobby, where all of them are ready first.
  const matched = () => mode?.enabled && !(app.party.current?.members.length > 1);

  async function next() {
    if (practised()) return app.practice(game().mode);
    if (alone()) return app.play(await app.swp.createGame(game().mode));
    await app.queue(game().mode);
  }

  async function go(button, act) {
    again.disabled = rematch.disabled = true;
    problems.replaceChildren();
    try {
      await act();
    } catch (error) {
      problems.replaceChildren(refusal(app, error, () => go(button, act)));
      if (error.status === 409) complain(null);
      button.focus();
    }
    again.disabled = rematch.disabled = false;
  }

  function update(now) {
    const version = now.result?.version > 0 ? ` Result version ${now.result.version}: ${plain(now.result.status)}.` : "";
    say(ledger, `${why(now)}${version}`);
    element.dataset.final = isFinal(now);
    element.dataset.outcome = verdict(now, app.me.id) ?? "none";
    const played = Boolean(now.started_at) && otherSeats(now, app.me.id).length > 0;
    rematch.hidden = !played || practised();
    again.hidden = !(BOARDS[now.mode] && (alone() || practised() || matched()));
    say(again, alone() || practised() ? "Once more" : "Play again");
    details.hidden = !now.started_at;
    table.replaceChildren(standingsTable(app, now) ?? "");
    dispute.update(now);
  }

  return { element, update };
}
