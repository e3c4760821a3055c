// Reads a QR code from its rows, as a scanner does once it has found it: byte mode, level M, versions 1 to 6. Written
// from the standard's tables, apart from the page's encoder. It corrects nothing: any error at all is refused.
import assert from "node:assert/strict";

/** Of each version: codewords for error correction per block, blocks, codewords of data per block. */
const BLOCKS = [[10, 1, 16], [16, 1, 28], [26, 1, 44], [18, 2, 32], [24, 2, 43], [16, 4, 27]];
/** The format's fifteen bits for level M, by mask. */
const FORMATS = [0x5412, 0x5125, 0x5e7c, 0x5b4b, 0x45f9, 0x40ce, 0x4f97, 0x4aa0];
const MASKED = [
  (row, column) => (row + column) % 2 === 0, (row) => row % 2 === 0, (_, column) => column % 3 === 0,
  (row, column) => (row + column) % 3 === 0, (row, column) => (Math.floor(row / 2) + Math.floor(column / 3)) % 2 === 0,
  (row, column) => ((row * column) % 2) + ((row * column) % 3) === 0, (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2 === 0,
  (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2 === 0,
];

function multiply(a, b) {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) {
    if ((b >> bit) & 1) product ^= a << bit;
  }
  for (let bit = 15; bit > 7; bit--) if ((product >> bit) & 1) product ^= 0x11d << (bit - 8);
  return product;
}

function checkFinders(rows) {
  const size = rows.length;
  const pattern = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"];
  for (const [top, left] of [[0, 0], [0, size - 7], [size - 7, 0]]) {
    pattern.forEach((line, at) => assert.equal(rows[top + at].slice(left, left + 7).map(Number).join(""), line, "a finder"));
  }
}

function maskOf(rows) {
  const size = rows.length;
  const bits = (places) => places.reduce((value, [row, column]) => (value << 1) | Number(rows[row][column]), 0);
  // The highest bit first: along row 8 from the left and up column 8; and up column 8 from below, then row 8 to the right.
  const first = bits([[8, 0], [8, 1], [8, 2], [8, 3], [8, 4], [8, 5], [8, 7], [8, 8], [7, 8], [5, 8], [4, 8], [3, 8], [2, 8], [1, 8], [0, 8]]);
  const second = bits([1, 2, 3, 4, 5, 6, 7].map((up) => [size - up, 8]).concat([8, 7, 6, 5, 4, 3, 2, 1].map((from) => [8, size - from])));
  assert.equal(first, second, "both copies of the format say the same");
  const mask = FORMATS.indexOf(first);
  assert.notEqual(mask, -1, "the format is one of level M");
  return mask;
}

function isData(row, column, size) {
  const near = (at, from, to) => at >= from && at <= to;
  if (row === 6 || column === 6) return false;
  if (near(row, 0, 8) && (near(column, 0, 8) || column >= size - 8)) return false;
  if (row >= size - 8 && near(column, 0, 8)) return false;
  return size === 21 || !(near(row, size - 9, size - 5) && near(column, size - 9, size - 5));
}

export function readQr(rows) {
  const size = rows.length;
  const version = (size - 17) / 4;
  const [checks, blocks, length] = BLOCKS[version - 1];
  checkFinders(rows);
  const masked = MASKED[maskOf(rows)];
  let bits = "";
  let upwards = true;
  for (let column = size - 1; column > 0; column -= 2) {
    if (column === 6) column -= 1;
    for (let step = 0; step < size; step++) {
      const row = upwards ? size - 1 - step : step;
      for (const at of [column, column - 1]) if (isData(row, at, size)) bits += Number(rows[row][at] !== masked(row, at));
    }
    upwards = !upwards;
  }
  const words = bits.match(/[01]{8}/g).map((byte) => Number.parseInt(byte, 2));
  assert.equal(words.length, blocks * (length + checks), "as many codewords as this version has");
  const parts = Array.from({ length: blocks }, (_, block) => {
    const data = Array.from({ length }, (_, at) => words[at * blocks + block]);
    const check = Array.from({ length: checks }, (_, at) => words[(length + at) * blocks + block]);
    for (let root = 0, x = 1; root < checks; root++, x = multiply(x, 2)) {
      assert.equal([...data, ...check].reduce((sum, word) => multiply(sum, x) ^ word, 0), 0, "a block without error");
    }
    return data;
  });
  const stream = parts.flat().map((word) => word.toString(2).padStart(8, "0")).join("");
  assert.equal(stream.slice(0, 4), "0100", "byte mode");
  const count = Number.parseInt(stream.slice(4, 12), 2);
  const bytes = Array.from({ length: count }, (_, at) => Number.parseInt(stream.slice(12 + 8 * at, 20 + 8 * at), 2));
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
