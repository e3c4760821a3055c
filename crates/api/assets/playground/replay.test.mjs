// node --test: the page's own check of a log.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { connectFourAfter } from "./connect-four.js";
import { brokenAt, canonical, told } from "./replay.js";
import { ticTacToeAfter } from "./tic-tac-toe.js";

/** A log as the server would write it, hashed by another implementation than the page's. */
function chained(entries) {
  let prev = "0".repeat(64);
  return entries.map(({ type, data }, index) => {
    const line = { n: index + 1, at: `2026-01-01T00:00:0${index}Z`, type, data };
    const rest = `{"at":"${line.at}","data":${JSON.stringify(data)},"n":${line.n},"type":"${type}"}`;
    const hash = createHash("sha256").update(prev + rest).digest("hex");
    const whole = { ...line, prev, hash };
    prev = hash;
    return whole;
  });
}
const LOG = chained([
  { type: "opened", data: { mode: "tic_tac_toe", rated: true } },
  { type: "moved", data: { move: { cell: 4 }, seat: 0, sequence: 1 } },
  { type: "settled", data: { reason: "rules", version: 1 } },
]);

test("canonical JSON orders keys at every depth", () => {
  assert.equal(canonical({ b: [1, { d: null, c: "é\n" }], a: true }), '{"a":true,"b":[1,{"c":"é\\n","d":null}]}');
});

test("a whole log is vouched for; one changed field, hash or order is found with its line", async () => {
  assert.equal(await brokenAt(LOG), null);
  const changed = structuredClone(LOG);
  changed[1].data.move.cell = 5;
  assert.equal(await brokenAt(changed), 2);
  const forged = structuredClone(LOG);
  forged[2].hash = `0${forged[2].hash.slice(1)}`;
  forged[2].hash = forged[2].hash === LOG[2].hash ? `1${forged[2].hash.slice(1)}` : forged[2].hash;
  assert.equal(await brokenAt(forged), 3);
  assert.equal(await brokenAt([LOG[0], LOG[2]]), 2);
  assert.equal(await brokenAt([]), 1);
});

test("moves lead to positions, and lines to sentences", () => {
  const move = (seat, move) => ({ seat, move });
  assert.deepEqual(ticTacToeAfter([move(0, { cell: 4 }), move(1, { cell: 0 })]).cells, [1, null, null, null, 0, null, null, null, null]);
  const { rows } = connectFourAfter([move(0, { column: 3 }), move(1, { column: 3 })]);
  assert.deepEqual([rows[5][3], rows[4][3], rows[3][3]], [0, 1, null]);
  assert.equal(told(LOG[1], () => "Ada", () => "Ada"), "Ada: row 2, column 2");
  assert.equal(told({ type: "abandoned", data: { player_id: "x" } }, () => "Bea", () => ""), "Abandoned (Bea).");
});
