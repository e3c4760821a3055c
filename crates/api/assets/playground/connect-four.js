// Seven columns, each one button: a disc falls to the lowest free place.
import { h } from "./dom.js";
import { piece } from "./faces.js";
import { focusAtStart, mover } from "./moves.js";

const COLUMNS = 7, ROWS = 6;
const empty = () => Array.from({ length: ROWS }, () => Array(COLUMNS).fill(null));
const turnOf = ({ rows, line }) => {
  const played = rows.flat().filter((owner) => owner !== null).length;
  return line || played === ROWS * COLUMNS ? null : played % 2;
};

/** The position after these moves, for replays. */
export const connectFourAfter = (moves) => moves.reduce((state, { seat, move }) => {
  const row = state.rows.findLastIndex((places) => places[move.column] === null);
  if (row >= 0) state.rows[row][move.column] = seat;
  return state;
}, { rows: empty(), line: null });

export function connectFourBoard(table) {
  const { game, seat, nameOf } = table;
  let focused = 3;
  const moving = mover(table, turnOf, paint);
  const columns = Array.from({ length: COLUMNS }, (_, column) => h("button", { type: "button", class: "column", "data-column": column, onclick: () => choose(column) },
    Array.from({ length: ROWS }, () => h("span", { class: "place" }))));
  const element = h("div", { class: "columns", role: "group", "aria-label": "Board: seven columns", onkeydown: steer }, columns);

  function steer(event) {
    const to = { ArrowLeft: focused - 1, ArrowRight: focused + 1, Home: 0, End: COLUMNS - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    focusOn((to + COLUMNS) % COLUMNS);
    columns[focused].focus();
  }

  function focusOn(column) {
    focused = column;
    columns.forEach((button, index) => (button.tabIndex = index === column ? 0 : -1));
  }

  function choose(column) {
    focusOn(column);
    moving.send({ column });
  }

  function paint() {
    const { state, status, turn } = game();
    const mine = seat();
    const rows = state?.rows ?? empty();
    columns.forEach((button, column) => {
      const lowest = rows.findLastIndex((places) => places[column] === null);
      button.toggleAttribute("data-free", status === "in_progress" && turn === mine && lowest >= 0);
      [...button.children].forEach((place, row) => {
        const owner = rows[row][column];
        const ghost = owner === null && row === lowest && moving.sent?.column === column;
        const shown = owner ?? (ghost ? mine : null);
        const key = `${shown}${ghost}`;
        if (place.dataset.shown !== key) {
          place.dataset.shown = key;
          place.replaceChildren(shown === null ? "" : piece(shown, ghost ? "piece-ghost" : ""));
        }
        const line = state?.line?.some(([its, at]) => its === row && at === column) ?? false;
        place.toggleAttribute("data-line", line);
        place.toggleAttribute("data-dim", Boolean(state?.line) && !line);
        place.toggleAttribute("data-next", row === lowest);
      });
      const owners = rows.map((places) => places[column]).filter((owner) => owner !== null).reverse();
      const discs = owners.map((owner) => (owner === mine ? "yours" : `${nameOf(owner)}’s`)).join(", ");
      button.setAttribute("aria-label", `column ${column + 1}, ${lowest < 0 ? "full" : `${ROWS - 1 - lowest} of ${ROWS}`}${discs && `, from below: ${discs}`}`);
    });
  }

  focusOn(focused);
  return {
    element,
    update(now, before) {
      paint();
      focusAtStart(columns[focused], now, before);
    },
    describe: ({ seat: by, move }) => (Number.isInteger(move?.column) ? `${nameOf(by)} played column ${move.column + 1}.` : ""),
  };
}
