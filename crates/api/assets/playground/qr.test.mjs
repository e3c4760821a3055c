// node --test: codes read back by a reader of their own, and one code as other software draws it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readQr } from "../../tests/browser/qr-reader.mjs";
import { qrPath, qrRows } from "./qr.js";

const EXPECTED = [
  "#######..####.#######",
  "#.....#..#....#.....#",
  "#.###.#.####..#.###.#",
  "#.###.#.####..#.###.#",
  "#.###.#.#.#.#.#.###.#",
  "#.....#.#...#.#.....#",
  "#######.#.#.#.#######",
  "........#.##.........",
  "#.#####..#.#..#####..",
  ".##.#......#.#.##...#",
  "####.##.....##....##.",
  ".###.#.##.###...#####",
  ".#.#..#.#.#...#......",
  "........##.#....#.##.",
  "#######..####....###.",
  "#.....#.#..###.#.##.#",
  "#.###.#.##..####...##",
  "#.###.#.#......###...",
  "#.###.#.#####..#..#..",
  "#.....#..#..##.#.##..",
  "#######.#.##..#.#..#.",
];

test("every length that fits is read back as it was written", () => {
  for (let length = 1; length <= 106; length++) {
    const text = Array.from({ length }, (_, at) => String.fromCharCode(33 + ((7 * at + 13 * length) % 90))).join("");
    assert.equal(readQr(qrRows(text)), text);
  }
});

test("a code is as small as it can be; a longer text has none", () => {
  for (const [length, size] of [[14, 21], [15, 25], [26, 25], [27, 29], [42, 29], [43, 33], [62, 33], [63, 37], [84, 37], [85, 41], [106, 41]]) {
    assert.equal(qrRows("x".repeat(length)).length, size, `${length} bytes`);
  }
  assert.equal(qrRows("x".repeat(107)), null);
  assert.equal(qrPath("x".repeat(107)), null);
});

test("bytes are UTF-8", () => {
  assert.equal(readQr(qrRows("https://spiel.example/?friend=größe")), "https://spiel.example/?friend=größe");
});

test("as an independent encoder draws it", () => {
  assert.deepEqual(qrRows("Shall we play?").map((row) => row.map((dark) => (dark ? "#" : ".")).join("")), EXPECTED);
});

test("the path has one square for each dark module, inside the quiet zone", () => {
  const rows = qrRows("https://play.example/?friend=abc");
  const { size, path } = qrPath("https://play.example/?friend=abc");
  assert.equal(size, rows.length + 8);
  const squares = [...path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)].map(([, x, y]) => [Number(x) - 4, Number(y) - 4]);
  assert.equal(squares.length, rows.flat().filter(Boolean).length);
  assert.ok(squares.every(([x, y]) => rows[y][x]));
});
