// node --test: what the waiting screen says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { endWords, explained, queueWords, usually } from "./search-words.js";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const two = { seats: 2, now: NOW };
const facts = (more) => ({ waiting_ms: 1000, range: 120, rating: 1512.4, candidates: 0, removed: [], next_widening_at: null, ...more });

test("estimates are short, and honest where there is none", () => {
  assert.equal(usually({ low: 4000, high: 12_000 }), "Usually 4–12 s.");
  assert.equal(usually({ low: 200, high: 900 }), "Usually about 1 s.");
  assert.equal(usually({ low: 60_000, high: 180_000 }), "Usually 1–3 min.");
  assert.equal(usually({ low: 10_000, high: 120_000 }), "Usually up to 2 min.");
  assert.equal(usually({ low: 118_000, high: 122_000 }), "Usually about 2 min.");
  assert.equal(usually({ low: 4000, high: 12_000 }, 20_000), "Usually 4–12 s, this time longer.");
  assert.match(usually(null), /no estimate/);
});

test("others are those besides one’s own party; the fullest other queues are named", () => {
  const queues = [{ mode: "squads", players: 5 }, { mode: "duel", players: 1 }, { mode: "connect_four", players: 3 }, { mode: "tic_tac_toe", players: 0 }];
  assert.deepEqual(queueWords(queues, "squads", 2, (key) => key), { here: "In this queue: your party and 3 others.", elsewhere: "Elsewhere: connect_four 3 · duel 1." });
  assert.equal(queueWords([], "squads", 1, (key) => key).here, "In this queue: only you, so far.");
});

test("the explanation adds up", () => {
  const told = explained(facts({ candidates: 2, removed: [{ rule: "recent_opponent", count: 1 }, { rule: "range", count: 9 }, { rule: "size", count: 0 }], next_widening_at: "2026-01-01T00:00:06Z" }), two);
  assert.deepEqual(told, {
    who: "12 others wait: 9 outside your range, 1 you met a moment ago, 2 could play with you.",
    range: "You meet players within ±120 of your 1512.", next: "The range widens in 0:06.",
  });
  assert.equal(explained(facts({ range: null }), two).range, "Anybody will do by now, whatever their rating.");
  assert.equal(explained(facts(), two).who, "Nobody else waits for this game yet.");
  assert.equal(explained(facts({ candidates: 1 }), { ...two, seats: 4 }).who, "1 other waits and could play with you. It takes 4 players.");
  assert.equal(explained(facts({ removed: [{ rule: "new_rule", count: 2 }] }), two).who, "2 others wait: 2 kept apart by “new rule”.");
});

test("an end says who ended it, as far as that is told", () => {
  const end = (reason, status = "cancelled") => ({ status, ended: { reason, by: "player", alternatives: [] } });
  assert.match(endWords(end("declined"), null), /^Somebody in your party declined/);
  assert.match(endWords(end("no_answer"), "You"), /^You didn’t answer/);
  assert.equal(endWords(end("cancelled"), null), "Your party left the queue.");
  assert.equal(endWords(end("cancelled"), "You"), "You left the queue.");
  assert.equal(endWords(end("no_opponent", "expired"), null), "Nobody came this time.");
});
