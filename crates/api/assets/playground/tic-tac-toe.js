// Nine buttons in a grid: pointer, arrow keys or Tab, all the same.
import { h } from "./dom.js";
import { piece } from "./faces.js";

const SHAPES = ["cross", "ring"];
const at = (cell) => `row ${Math.floor(cell / 3) + 1}, column ${(cell % 3) + 1}`;

export function ticTacToeBoard({ app, opponent, game, seat, complain, apply, reread }) {
  let focused = 4;
  let sent = null; // the cell on its way to the server

  const cells = Array.from({ length: 9 }, (_, cell) => h("button", { type: "button", class: "cell", "data-cell": cell, onclick: () => choose(cell) }));
  const element = h("div", { class: "board", role: "grid", "aria-label": "Board", onkeydown: steer },
    [0, 3, 6].map((start) => h("div", { role: "row" },
      cells.slice(start, start + 3).map((button) => h("div", { role: "gridcell" }, button)))));

  function steer(event) {
    const row = Math.floor(focused / 3), column = focused % 3;
    const to = {
      ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1], ArrowUp: [row - 1, column], ArrowDown: [row + 1, column],
      Home: [row, 0], End: [row, 2],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    focusOn(((to[0] + 3) % 3) * 3 + ((to[1] + 3) % 3));
    cells[focused].focus();
  }

  function focusOn(cell) {
    focused = cell;
    cells.forEach((button, index) => (button.tabIndex = index === cell ? 0 : -1));
  }

  // A wrong choice goes to the server as well: it knows best why not.
  async function choose(cell) {
    focusOn(cell);
    const { id, status, sequence } = game();
    if (status !== "in_progress" || sent !== null) return;
    complain(null);
    sent = cell;
    paint();
    try {
      const reply = await app.swp.move(id, { cell }, sequence);
      sent = null;
      const now = game();
      // The event may have come first, and the answer to it too.
      if (now.id === id && reply.sequence > now.sequence) apply({ sequence: reply.sequence, state: reply.state, turn: reply.state.line || reply.state.cells.every((owner) => owner !== null) ? null : 1 - seat() });
    } catch (error) {
      sent = null;
      complain(error);
      if (!error.status) reread(); // perhaps it was taken after all
    }
    paint();
  }

  function paint() {
    const { state, status, turn } = game();
    const mine = seat();
    const owners = state?.cells ?? Array(9).fill(null);
    const open = status === "in_progress";
    cells.forEach((button, cell) => {
      const owner = owners[cell];
      const ghost = owner === null && sent === cell;
      const shown = owner ?? (ghost ? mine : null);
      const key = `${shown}${ghost}`;
      if (button.dataset.shown !== key) {
        button.dataset.shown = key;
        button.replaceChildren(shown === null ? "" : piece(shown, ghost ? "piece-ghost" : ""));
      }
      const line = state?.line?.includes(cell) ?? false;
      button.toggleAttribute("data-line", line);
      button.toggleAttribute("data-dim", Boolean(state?.line) && !line);
      button.toggleAttribute("data-free", open && owner === null && turn === mine);
      const who = owner === null ? (ghost ? "your piece, on its way" : "empty") : `${owner === mine ? "your" : `${opponent.display_name}’s`} ${SHAPES[owner]}`;
      button.setAttribute("aria-label", `${at(cell)}, ${who}${line ? ", in the winning line" : ""}`);
    });
    element.dataset.seat = mine;
  }

  focusOn(focused);
  return {
    element,
    update(now, before) {
      paint();
      // Keyboard players need not search for the board, but nobody is pulled out of elsewhere.
      const begins = now.status === "in_progress" && before?.status !== "in_progress";
      if (begins && (document.activeElement === document.body || document.activeElement?.matches("main, h1"))) cells[focused].focus({ preventScroll: true });
    },
    describe: ({ move }) => (Number.isInteger(move?.cell) ? `${opponent.display_name} played ${at(move.cell)}.` : ""),
  };
}
