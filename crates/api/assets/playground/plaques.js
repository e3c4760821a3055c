// Who sits at the table: one plaque each, and the empty seats.
import { h, say } from "./dom.js";
import { face, nobody, piece } from "./faces.js";

const PIECES = new Set(["tic_tac_toe", "connect_four"]);

/** Of two the opponent comes first; of more, and of none but oneself, the seats in their order. */
export function plaqueRow(app) {
  const element = h("div", { class: "plaques" });
  const shown = new Map();
  let empty = [];
  let order = "";

  function plaque(seat, mode) {
    const state = h("span", { class: "plaque-state" });
    const mine = seat.player.id === app.me.id;
    return { state, element: h("div", { class: "plaque", "data-player": seat.player.id, "data-bot": Boolean(seat.player.bot) }, face(seat.player.id),
      h("div", { class: "plaque-words" }, h("span", { class: "plaque-name" }, mine ? "You" : seat.player.display_name), state),
      PIECES.has(mode) && h("span", { class: "plaque-piece" }, piece(seat.seat))) };
  }

  return {
    element,
    /** `told(seat)` gives the words and whether it is that player's turn. */
    show(game, free, told) {
      const seats = [...game.players].sort((a, b) => a.team - b.team || a.seat - b.seat);
      if (seats.length + free === 2) seats.sort((a, b) => (a.player.id === app.me.id) - (b.player.id === app.me.id));
      const next = `${seats.map(({ player, seat, team }) => `${player.id}${seat}${team}`)} ${free}`;
      if (next !== order) {
        order = next;
        shown.clear();
        for (const seat of seats) shown.set(seat.player.id, plaque(seat, game.mode));
        empty = Array.from({ length: free }, () => h("div", { class: "plaque plaque-empty" }, nobody(), h("div", { class: "plaque-words" }, h("span", { class: "plaque-name" }, "Free"))));
        const all = [...seats.map(({ player }) => shown.get(player.id).element), ...empty];
        const pair = all.length === 2;
        const mixed = [...new Set(seats.map(({ team }) => team))].length < seats.length;
        element.dataset.seats = all.length;
        element.replaceChildren(...(pair ? (free ? [all[1], versus(), all[0]] : [all[0], versus(), all[1]]) : all));
        if (mixed) seats.forEach((seat) => (shown.get(seat.player.id).element.dataset.team = seat.team));
      }
      for (const seat of seats) {
        const { element: box, state } = shown.get(seat.player.id);
        const { words, active } = told(seat);
        say(state, words);
        box.dataset.seat = seat.seat;
        box.toggleAttribute("data-active", Boolean(active));
      }
    },
  };
}

const versus = () => h("span", { class: "versus", "aria-hidden": "true" }, "vs");
