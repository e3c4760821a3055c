// The modes this page can play: what each is in words a newcomer understands, how it looks, and its board.
import { connectFourAfter, connectFourBoard } from "./connect-four.js";
import { h } from "./dom.js";
import { face, piece } from "./faces.js";
import { rockPaperScissorsBoard, thrown } from "./rock-paper-scissors.js";
import { tapsBoard } from "./taps.js";
import { ticTacToeAfter, ticTacToeBoard } from "./tic-tac-toe.js";

const crowd = (...names) => () => names.map((name) => face(name));

export const BOARDS = {
  tic_tac_toe: { blurb: "Three in a row. The server checks every move.", art: () => [piece(0), piece(1), piece(0)], board: ticTacToeBoard, after: ticTacToeAfter },
  connect_four: { blurb: "Drop discs, line up four. The server checks every move.", art: () => [piece(1), piece(0), piece(1), piece(0)], board: connectFourBoard, after: connectFourAfter },
  rock_paper_scissors: { blurb: "Best of three. Throws stay sealed until both are in.", art: () => [thrown("rock"), thrown("paper"), thrown("scissors")], board: rockPaperScissorsBoard },
  duel: { blurb: "Ten seconds, one finger. Whoever taps more wins.", art: () => [h("span", { class: "art-tap" })], board: tapsBoard },
  squads: { blurb: "Two and two: your team’s taps count together.", art: crowd("ada", "bea", "cleo", "dan"), board: tapsBoard },
  free_for_all: { blurb: "Three or four, everybody for themselves.", art: crowd("eve", "finn", "gus"), board: tapsBoard },
  score_attack: { blurb: "You alone against the clock, and the leaderboard.", art: () => [h("span", { class: "art-tap" })], board: tapsBoard },
};

export const seatsOf = (mode) => mode.teams * mode.team_size;
/** How many play, in words. */
export function shapeOf(mode) {
  if (seatsOf(mode) === 1) return "alone";
  if (mode.team_size > 1) return `${mode.team_size} against ${mode.team_size}`;
  if (mode.teams === 2) return "one against one";
  return mode.min_players < mode.teams ? `${mode.min_players} to ${mode.teams} players` : `${mode.teams} players`;
}

/** A board for this game, or words where this page has none. */
export function makeBoard(table) {
  const known = BOARDS[table.game().mode]?.board;
  if (known) return known(table);
  return { element: h("div", { class: "notice" }, h("p", {}, `This page has no board for ${table.game().mode.replaceAll("_", " ")}. Your own client can play it through the API while this page shows how it stands.`)) };
}
