// node --test: events and replies that cross never set a game back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fold, isFinal, isOver, merge, verdict } from "./game-state.js";

const seat = (id, seat) => ({ player: { id, display_name: id }, seat, team: seat, status: "joined", score: null, outcome: null });
const GAME = {
  id: "g", mode: "tic_tac_toe", status: "waiting_ready", players: [seat("ada", 0), seat("bea", 1)], sequence: 0, turn: 0,
  state: { cells: Array(9).fill(null), line: null }, you: { seat: 0, session_secret: "s" }, deadline_at: "2026-01-01T00:00:20Z", result: null,
};
const moved = (sequence, turn = sequence % 2) => ({ game_id: "g", seat: 1 - turn, move: {}, sequence, state: { cells: [sequence], line: null }, turn });
const standings = [{ player_id: "ada", seat: 0, team: 0, score: 1, outcome: "win" }, { player_id: "bea", seat: 1, team: 1, score: 0, outcome: "loss" }];

test("a late reply does not undo a start", () => {
  const started = fold(GAME, "game.started", { game: { ...GAME, status: "in_progress", you: null }, seed: "1", session_secret: "new" });
  const after = merge(started, { ...GAME, turn: null, state: null });
  assert.deepEqual([after.status, after.turn, after.state], ["in_progress", 0, GAME.state]);
  assert.equal(after.you.session_secret, "s", "the latest word on the secret wins");
});

test("moves only go forward, whichever way they come", () => {
  let game = { ...GAME, status: "in_progress" };
  game = fold(game, "game.moved", moved(2));
  assert.equal(fold(game, "game.moved", moved(1)), game);
  const reread = merge(game, { ...GAME, status: "in_progress", sequence: 1, turn: 1 });
  assert.deepEqual([reread.sequence, reread.turn, reread.state.cells[0]], [2, 0, 2]);
});

test("the end gives everyone an outcome and nobody a turn; a settled result replaces the finished one", () => {
  const finished = fold({ ...GAME, status: "in_progress" }, "game.finished", { game_id: "g", result: { version: 1, status: "open", standings } });
  assert.deepEqual([verdict(finished, "ada"), verdict(finished, "bea"), finished.turn], ["win", "loss", null]);
  assert.ok(isOver(finished) && !isFinal(finished));
  const settled = fold(finished, "game.settled", { game_id: "g", result: { version: 1, status: "settled", standings } });
  const late = fold(settled, "game.finished", { game_id: "g", result: { version: 0, status: "open", standings } });
  assert.deepEqual([late.status, late.result.status], ["settled", "settled"]);
});

test("players told by id keep their names", () => {
  const game = fold(GAME, "game.updated", { game_id: "g", status: "waiting_ready", players: [{ player_id: "ada", seat: 0, status: "ready" }, { player: { id: "bea" }, seat: 1, status: "joined" }] });
  assert.deepEqual(game.players.map(({ player, status }) => [player.display_name, status]), [["ada", "ready"], ["bea", "joined"]]);
});

test("a start is only believed from what says who begins", () => {
  const waiting = { ...GAME, turn: null, state: null };
  const told = fold(waiting, "game.updated", { game_id: "g", status: "in_progress", players: [], ended: null });
  assert.equal(told.status, "waiting_ready");
  assert.equal(fold(told, "game.started", { game: { ...GAME, status: "in_progress" }, session_secret: "s" }).turn, 0);
});

test("who is gone can be claimed against from a time on, until back", () => {
  const gone = fold(GAME, "game.opponent_gone", { game_id: "g", player_id: "bea", claim_in: 5000, claim_at: "2026-01-01T00:00:30Z" });
  assert.deepEqual(gone.players.map(({ claim_at }) => claim_at), [undefined, "2026-01-01T00:00:30Z"]);
  assert.equal(fold(gone, "game.opponent_back", { game_id: "g", player_id: "bea" }).players[1].claim_at, null);
});

test("another game's events change nothing", () => {
  assert.equal(fold(GAME, "game.moved", { ...moved(5), game_id: "other" }), GAME);
});
