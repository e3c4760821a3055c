// Both throw at once: what the other one threw is known only when both have.
import { h, picture, s, say } from "./dom.js";
import { mover, focusAtStart } from "./moves.js";

const THROWS = ["rock", "paper", "scissors"];
const DRAWN = {
  rock: () => [s("path", { class: "hand", d: "M12 27c-1-6 3-12 9-13 8-2 15 3 16 10 1 8-4 12-12 12-8 0-12-3-13-9z" }), s("path", { class: "hand-line", d: "M20 20c3-2 6-2 9 0" })],
  paper: () => [s("path", { class: "hand", d: "M14 10h14l6 6v22H14z" }), s("path", { class: "hand-line", d: "M19 22h10M19 28h10" })],
  scissors: () => [s("path", { class: "hand-open", d: "M15 9l13 22M33 9 20 31" }), s("circle", { class: "hand-open", cx: 17, cy: 35, r: 4.5 }), s("circle", { class: "hand-open", cx: 31, cy: 35, r: 4.5 })],
};

/** A throw as a picture. */
export const thrown = (what) => picture("0 0 48 48", `throw throw-${what}`, ...(DRAWN[what]?.() ?? []));

// Whose turn it is stands in who has thrown: with one in, it is the other's.
const turnOf = ({ thrown: [first, second] }) => (first === second ? null : first ? 1 : 0);
const winner = ([first, second]) => (first === second ? null : (THROWS.indexOf(first) - THROWS.indexOf(second) + 3) % 3 === 1 ? 0 : 1);

export function rockPaperScissorsBoard(table) {
  const { game, seat, nameOf } = table;
  const moving = mover(table, turnOf, paint);
  const score = h("p", { class: "rps-score" });
  const status = h("p", { class: "fine", role: "status" });
  const hands = THROWS.map((what) => h("button", { type: "button", class: "hand-button", "data-throw": what, onclick: () => choose(what) }, thrown(what), h("span", {}, what)));
  const rounds = h("ol", { class: "rounds", "aria-label": "Rounds" });
  const element = h("div", { class: "rps" }, score, h("div", { class: "hands" }, hands), status, rounds);
  // Events show what everybody may see; one's own throw is remembered here until the round is open.
  let own = null;

  const isMine = () => game().state?.thrown?.[seat()] || moving.sent !== null;

  function choose(what) {
    if (isMine()) return;
    own = { round: game().state?.round, what };
    moving.send({ throw: what });
  }

  function paint() {
    const { state, status: stands } = game();
    if (!state) return;
    const mine = seat();
    const other = nameOf(1 - mine);
    const open = stands === "in_progress";
    const kept = state.throw ?? (own?.round === state.round && isMine() ? own.what : null);
    say(score, `${state.score[mine]} : ${state.score[1 - mine]}`);
    for (const button of hands) {
      button.setAttribute("aria-pressed", String(kept === button.dataset.throw));
      button.setAttribute("aria-disabled", String(!open || isMine()));
      button.toggleAttribute("data-free", open && !isMine());
    }
    say(status, !open ? "" : isMine() ? `Your throw is sealed. ${other} is choosing…` : state.thrown[1 - mine] ? `${other} has thrown.` : `Best of ${state.best_of}. Nobody sees a throw before both are in.`);
    for (const [at, throws] of state.rounds.entries()) {
      if (rounds.children[at]) continue;
      const won = winner(throws);
      const words = won === null ? "nobody’s" : won === mine ? "yours" : `${other}’s`;
      rounds.append(h("li", { "data-won": won === null ? "none" : won === mine ? "mine" : "theirs" },
        thrown(throws[mine]), h("span", { class: "visually-hidden" }, `You ${throws[mine]}, ${other} ${throws[1 - mine]}: `), h("span", { class: "fine" }, words), thrown(throws[1 - mine])));
    }
  }

  return {
    element,
    headline() {
      if (isMine()) return `Waiting for ${nameOf(1 - seat())}.`;
      return game().state?.rounds.length ? `Round ${game().state.round + 1}: your throw.` : "Your throw.";
    },
    update(now, before) {
      paint();
      focusAtStart(hands[0], now, before);
    },
    describe({ move, state }) {
      const last = move?.throws && state?.rounds.at(-1);
      if (!last) return "";
      return `You threw ${last[seat()]}, ${nameOf(1 - seat())} ${last[1 - seat()]}.`;
    },
  };
}
