// The log of a game: every line vouches for those before it, which this page checks by itself.
import { BOARDS } from "./boards.js";
import { h, say, skeleton, trouble } from "./dom.js";
import { piece } from "./faces.js";
import { thrown } from "./rock-paper-scissors.js";

/** Canonical JSON (RFC 8785): keys in order, no spaces; numbers and strings as JavaScript writes them. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

/** The number of the first line that isn't vouched for, or null. */
export async function brokenAt(lines) {
  let prev = "0".repeat(64);
  for (const [at, { n, at: time, type, data, prev: named, hash }] of lines.entries()) {
    const text = `${prev}${canonical({ at: time, data, n, type })}`;
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    const computed = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (n !== at + 1 || named !== prev || hash !== computed) return at + 1;
    prev = hash;
  }
  return lines.length ? null : 1;
}

/** What a line says, for people. `name(id)` and `at(seat)` name players. */
export function told({ type, data }, name, at) {
  switch (type) {
    case "opened": return "The game was opened.";
    case "invited": return data.to ? `${name(data.by)} invited ${name(data.to)}.` : `${name(data.by)} made a link.`;
    case "joined": return `${name(data.player_id)} took a seat.`;
    case "left": return `${name(data.player_id)} left a seat.`;
    case "ready": return `${name(data.player_id)} is ready.`;
    case "started": return "The game began.";
    case "moved": return `${at(data.seat)}: ${moveWords(data.move)}`;
    case "reported": return `${name(data.player_id)} reported${Number.isFinite(data.score) ? ` ${data.score}` : ""}.`;
    case "settled": return `Result version ${data.version}: settled by ${data.reason}.`;
    default: {
      const who = data?.player_id ? ` (${name(data.player_id)})` : "";
      return `${type[0].toUpperCase()}${type.slice(1).replaceAll("_", " ")}${who}.`;
    }
  }
}

function moveWords(move) {
  if (Number.isInteger(move?.cell)) return `row ${Math.floor(move.cell / 3) + 1}, column ${(move.cell % 3) + 1}`;
  if (Number.isInteger(move?.column)) return `column ${move.column + 1}`;
  return move?.throw ?? JSON.stringify(move);
}

export function replayViewer(app, game) {
  const body = h("div", { class: "replay-body" });
  const element = h("section", { class: "replay", "aria-labelledby": "replay-title" }, h("h2", { id: "replay-title" }, "Replay"), body);
  const name = (id) => game.players.find(({ player }) => player.id === id)?.player.display_name ?? "Somebody";
  const at = (seat) => game.players.find((line) => line.seat === seat)?.player.display_name ?? `Seat ${seat}`;

  async function load() {
    body.replaceChildren(skeleton(4));
    try {
      draw(await app.swp.replay(game.id));
    } catch (error) {
      body.replaceChildren(error.code === "games.not_finished" ? h("p", { class: "empty" }, "The log can be read once the game is over.") : trouble(error, load));
    }
  }

  function draw(lines) {
    const chain = h("p", { class: "chain", role: "status" }, "Checking the chain…");
    // Without https a browser has no digest to check with; the program has.
    if (!globalThis.crypto?.subtle) say(chain, "This browser can’t check the chain here; download the log and use verify-replay.");
    else brokenAt(lines).then((line) => {
      chain.dataset.sound = line === null;
      say(chain, line === null ? `${lines.length} lines, each vouching for those before it: checked by this page.` : `Line ${line} isn’t what its hash says. Something was changed.`);
    });
    const moves = lines.map((line, index) => ({ ...line, index })).filter(({ type }) => type === "moved");
    const rows = lines.map((line) => h("li", {}, h("span", { class: "fine" }, `+${((Date.parse(line.at) - Date.parse(lines[0].at)) / 1000).toFixed(1)} s`), " ", told(line, name, at)));
    const log = h("ol", { class: "log" }, rows);
    const file = new Blob([lines.map((line) => `${JSON.stringify(line)}\n`).join("")], { type: "application/x-ndjson" });
    const download = h("a", { class: "button", href: URL.createObjectURL(file), download: `${game.id}.ndjson` }, "Download the log");
    body.replaceChildren(...[chain, moves.length > 0 && player(moves, rows), log, download].filter(Boolean));
  }

  /** Steps through the moves: the position on a board where this page can draw one. */
  function player(moves, rows) {
    const view = position(game.mode, game);
    const words = h("p", { class: "replay-words", role: "status" });
    const slider = h("input", { type: "range", min: "0", max: String(moves.length), value: String(moves.length), "aria-label": "Move", oninput: () => show(Number(slider.value)) });
    const step = (label, by) => h("button", { type: "button", class: "button", "aria-label": label, onclick: () => show(Math.min(moves.length, Math.max(0, Number(slider.value) + by))) }, by < 0 ? "‹" : "›");

    function show(count) {
      slider.value = String(count);
      say(words, count === 0 ? "Before the first move" : `Move ${count} of ${moves.length}: ${told(moves[count - 1], name, at)}`);
      view?.show(moves.slice(0, count).map(({ data }) => data));
      rows.forEach((row, index) => row.toggleAttribute("data-current", count > 0 && moves[count - 1].index === index));
    }
    show(moves.length);
    return h("div", { class: "replay-player" }, view?.element, h("div", { class: "replay-steps" }, step("Move before", -1), slider, step("Next move", 1)), words);
  }

  load();
  return { element };
}

/** A board to look at, by the moves played so far. */
function position(mode, game) {
  if (mode === "rock_paper_scissors") {
    const element = h("div", { class: "replay-throws" });
    return { element, show(moves) {
      const seats = [0, 1].map((seat) => moves.filter((move) => move.seat === seat).at(-1)?.move.throw);
      element.replaceChildren(...seats.map((what, seat) => h("span", {}, what ? thrown(what) : "…", h("span", { class: "fine" }, game.players.find((line) => line.seat === seat)?.player.display_name ?? ""))));
    } };
  }
  const after = BOARDS[mode]?.after;
  if (!after) return null;
  const element = h("div", { class: `replay-board replay-${mode}`, "aria-hidden": "true" });
  return { element, show(moves) {
    const state = after(moves);
    const places = state.cells ?? state.rows.flat();
    element.replaceChildren(...places.map((owner) => h("span", { class: "place" }, owner !== null && piece(owner))));
  } };
}
