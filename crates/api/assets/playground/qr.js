// QR codes (ISO/IEC 18004) for links: byte mode, error correction M, versions 1 to 6. That holds 106 bytes; larger
// versions would need more tables than any link of this page has use for.

/** Of each version: codewords for error correction per block, how many blocks, codewords of data per block. */
const VERSIONS = [[10, 1, 16], [16, 1, 28], [26, 1, 44], [18, 2, 32], [24, 2, 43], [16, 4, 27]];
const QUIET = 4;

// The field of 256 elements over x⁸+x⁴+x³+x²+1, as powers of 2 and back.
const POWER = new Uint8Array(255), LOG = new Uint8Array(256);
for (let at = 0, value = 1; at < 255; at++) {
  POWER[at] = value;
  LOG[value] = at;
  value = (value << 1) ^ (value & 0x80 ? 0x11d : 0);
}
const times = (a, b) => (a && b ? POWER[(LOG[a] + LOG[b]) % 255] : 0);

/** Reed-Solomon: the remainder of the data by (x−1)(x−2)(x−4)…, `length` factors. */
function remainder(data, length) {
  let divisor = [1]; // the highest power first
  for (let at = 0; at < length; at++) {
    const next = [...divisor, 0];
    divisor.forEach((factor, place) => (next[place + 1] ^= times(factor, POWER[at])));
    divisor = next;
  }
  const rest = [...data, ...new Array(length).fill(0)];
  for (let at = 0; at < data.length; at++) {
    const factor = rest[at];
    divisor.forEach((part, place) => (rest[at + place] ^= times(part, factor)));
  }
  return rest.slice(data.length);
}

/** All codewords in the order in which they are drawn: the blocks take turns. */
function codewords(bytes, [checks, blocks, size]) {
  const capacity = blocks * size;
  const bits = [];
  const push = (value, length) => { for (let at = length - 1; at >= 0; at--) bits.push((value >> at) & 1); };
  push(0b0100, 4); // byte mode
  push(bytes.length, 8);
  for (const byte of bytes) push(byte, 8);
  push(0, 4); // the end; there is always room for it, as the mode took four bits
  const data = Array.from({ length: bits.length / 8 }, (_, at) => Number.parseInt(bits.slice(8 * at, 8 * at + 8).join(""), 2));
  for (let pad = 0xec; data.length < capacity; pad ^= 0xec ^ 0x11) data.push(pad);
  const parts = Array.from({ length: blocks }, (_, at) => data.slice(at * size, (at + 1) * size));
  const corrections = parts.map((part) => remainder(part, checks));
  const inTurn = (lists) => lists[0].flatMap((_, at) => lists.map((list) => list[at]));
  return [...inTurn(parts), ...inTurn(corrections)];
}

const MASKS = [
  (x, y) => (x + y) % 2 === 0, (x, y) => y % 2 === 0, (x) => x % 3 === 0, (x, y) => (x + y) % 3 === 0,
  (x, y) => ((x / 3 | 0) + (y / 2 | 0)) % 2 === 0, (x, y) => (x * y) % 2 + (x * y) % 3 === 0,
  (x, y) => ((x * y) % 2 + (x * y) % 3) % 2 === 0, (x, y) => ((x + y) % 2 + (x * y) % 3) % 2 === 0,
];

/** What is the same in every code of a size: `dark[y][x]`, and `fixed` where no data goes. */
function frame(version) {
  const size = 17 + 4 * version;
  const dark = Array.from({ length: size }, () => new Array(size).fill(false));
  const fixed = dark.map((row) => [...row]);
  const set = (x, y, value) => {
    if (x < 0 || y < 0 || x >= size || y >= size) return;
    dark[y][x] = value;
    fixed[y][x] = true;
  };
  const square = (cx, cy, reach, light) => {
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) set(cx + dx, cy + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))));
    }
  };
  for (let at = 0; at < size; at++) {
    set(at, 6, at % 2 === 0);
    set(6, at, at % 2 === 0);
  }
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) square(x, y, 4, [2, 4]);
  if (version > 1) square(size - 7, size - 7, 2, [1]);
  for (const [x, y] of formatPlaces(size).flat()) set(x, y, false);
  set(8, size - 8, true);
  return { size, dark, fixed };
}

/** Where the fifteen bits of the format stand, twice, the lowest first. */
function formatPlaces(size) {
  const bits = Array.from({ length: 15 }, (_, at) => at);
  return [
    bits.map((at) => (at < 6 ? [8, at] : at < 8 ? [8, at + 1] : at === 8 ? [7, 8] : [14 - at, 8])),
    bits.map((at) => (at < 8 ? [size - 1 - at, 8] : [8, size - 15 + at])),
  ];
}

function format(mask) {
  let rest = mask; // level M is 00
  for (let at = 0; at < 10; at++) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
  return ((mask << 10) | rest) ^ 0x5412;
}

/** Data goes up and down in columns of two, from the right; the timing column is left out. */
function* zigzag(size, fixed) {
  for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++) {
      const y = up ? size - 1 - step : step;
      for (const x of [right, right - 1]) if (!fixed[y][x]) yield [x, y];
    }
  }
}

/** How hard the pattern would be to read, by the four rules of the standard. */
function penalty(rows) {
  const size = rows.length;
  const columns = rows.map((_, x) => rows.map((row) => row[x]));
  let points = 0;
  for (const line of [...rows, ...columns]) {
    const text = line.map(Number).join("");
    for (const [run] of text.matchAll(/0{5,}|1{5,}/g)) points += run.length - 2;
    for (const finder of ["10111010000", "00001011101"]) for (let at = text.indexOf(finder); at >= 0; at = text.indexOf(finder, at + 1)) points += 40;
  }
  for (let y = 1; y < size; y++) {
    for (let x = 1; x < size; x++) {
      if (rows[y][x] === rows[y - 1][x] && rows[y][x] === rows[y][x - 1] && rows[y][x] === rows[y - 1][x - 1]) points += 3;
    }
  }
  const share = rows.flat().filter(Boolean).length / (size * size);
  return points + 10 * Math.floor(Math.abs(share - 0.5) * 20);
}

/** The rows of the code, true where it is dark; null for a text too long for these versions. */
export function qrRows(text) {
  const bytes = new TextEncoder().encode(text);
  const version = 1 + VERSIONS.findIndex(([, blocks, size]) => bytes.length + 2 <= blocks * size);
  if (version === 0) return null;
  const { size, dark, fixed } = frame(version);
  const words = codewords(bytes, VERSIONS[version - 1]);
  let at = 0;
  for (const [x, y] of zigzag(size, fixed)) {
    dark[y][x] = Boolean((words[at >> 3] >> (7 - (at & 7))) & 1); // behind the last word: light
    at += 1;
  }
  const candidates = MASKS.map((mask, number) => {
    const rows = dark.map((row, y) => row.map((value, x) => (fixed[y][x] ? value : value !== mask(x, y))));
    for (const places of formatPlaces(size)) places.forEach(([x, y], bit) => (rows[y][x] = Boolean((format(number) >> bit) & 1)));
    return { rows, points: penalty(rows) };
  });
  return candidates.reduce((best, one) => (one.points < best.points ? one : best)).rows;
}

/** The same as one path of an SVG, with the quiet zone that readers need around it; null where it is too long. */
export function qrPath(text) {
  const rows = qrRows(text);
  if (!rows) return null;
  const squares = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x + QUIET} ${y + QUIET}h1v1h-1z`] : [])));
  return { size: rows.length + 2 * QUIET, path: squares.join("") };
}
