// Nine buttons in a grid: pointer, arrow keys or Tab, all the same.
import { h } from "./dom.js";
import { piece } from "./faces.js";
import { focusAtStart, mover } from "./moves.js";

const SHAPES = ["cross", "ring"];
const at = (cell) => `row ${Math.floor(cell / 3) + 1}, column ${(cell % 3) + 1}`;
const turnOf = ({ cells, line }) => {
  const played = cells.filter((owner) => owner !== null).length;
  return line || played === 9 ? null : played % 2;
};

/** The position after these moves, for replays; `line` is of no use there. */
export const ticTacToeAfter = (moves) => moves.reduce((state, { seat, move }) => {
  state.cells[move.cell] = seat;
  return state;
}, { cells: Array(9).fill(null), line: null });

export function ticTacToeBoard(table) {
  const { game, seat, nameOf } = table;
  let focused = 4;
  const moving = mover(table, turnOf, paint);

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
  function choose(cell) {
    focusOn(cell);
    moving.send({ cell });
  }

  function paint() {
    const { state, status, turn } = game();
    const mine = seat();
    const owners = state?.cells ?? Array(9).fill(null);
    const open = status === "in_progress";
    cells.forEach((button, cell) => {
      const owner = owners[cell];
      const ghost = owner === null && moving.sent?.cell === cell;
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
      const who = owner === null ? (ghost ? "your piece, on its way" : "empty") : `${owner === mine ? "your" : `${nameOf(owner)}’s`} ${SHAPES[owner]}`;
      button.setAttribute("aria-label", `${at(cell)}, ${who}${line ? ", in the winning line" : ""}`);
    });
    element.dataset.seat = mine;
  }

  focusOn(focused);
  return {
    element,
    update(now, before) {
      paint();
      focusAtStart(cells[focused], now, before);
    },
    describe: ({ seat: by, move }) => (Number.isInteger(move?.cell) ? `${nameOf(by)} played ${at(move.cell)}.` : ""),
  };
}
