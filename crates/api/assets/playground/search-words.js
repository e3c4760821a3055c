// What the search for a match says in words: the estimate, who else waits and why not with you, and how it ended.
import { many, remaining } from "./format.js";

const seconds = (ms) => Math.max(1, Math.round(ms / 1000));

/** `Usually 4–12 s.`, and that it isn't as usual when it takes longer. */
export function usually(estimate, waited = 0) {
  if (!estimate) return "Nobody has waited here lately, so there is no estimate yet.";
  const long = waited > estimate.high + 1000 ? ", this time longer." : ".";
  const [low, high] = [seconds(estimate.low), seconds(estimate.high)];
  if (high > 90) {
    const [from, to] = [Math.max(1, Math.round(low / 60)), Math.round(high / 60)];
    return from === to ? `Usually about ${from} min${long}` : `Usually ${low < 45 ? "up to " : `${from}–`}${to} min${long}`;
  }
  return low === high ? `Usually about ${low} s${long}` : `Usually ${low}–${high} s${long}`;
}

/** How many are in this queue besides those of this ticket, and where else somebody waits. */
export function queueWords(queues, mode, own, nameOf) {
  const here = queues.find((queue) => queue.mode === mode);
  const others = Math.max(0, (here?.players ?? 0) - own);
  const us = own > 1 ? "your party" : "you";
  const elsewhere = queues.filter((queue) => queue.mode !== mode && queue.players > 0).sort((a, b) => b.players - a.players).slice(0, 3);
  return {
    here: others ? `In this queue: ${us} and ${many(others, "other")}.` : `In this queue: only ${us}, so far.`,
    elsewhere: elsewhere.length ? `Elsewhere: ${elsewhere.map(({ mode: key, players }) => `${nameOf(key)} ${players}`).join(" · ")}.` : "",
  };
}

// Each as it follows "12 others wait: 9 …".
const RULES = {
  range: (count) => `${count} outside your range`,
  latency: (count) => `${count} too far away for a quick line`,
  attributes: (count) => `${count} looking for something else`,
  recent_opponent: (count) => `${count} you met a moment ago`,
  size: (count) => `${count} in parties that don’t fit`,
  detached: (count) => `${count} not connected right now`,
};

/** Why it takes a while: whom one could play, who is kept away by what, and when that changes. */
export function explained({ candidates, removed, range, rating, next_widening_at: widens }, { seats, now }) {
  const kept = removed.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
  const all = candidates + kept.reduce((sum, { count }) => sum + count, 0);
  const reasons = kept.map(({ rule, count }) => RULES[rule]?.(count) ?? `${count} kept apart by “${rule.replaceAll("_", " ")}”`);
  if (candidates && kept.length) reasons.push(`${candidates} could play with you`);
  const who = !all ? "Nobody else waits for this game yet."
    : reasons.length ? `${many(all, "other waits", "others wait")}: ${reasons.join(", ")}.`
      : `${many(all, "other waits", "others wait")} and could play with you.`;
  const left = widens ? Date.parse(widens) - now : null;
  return {
    who: candidates && seats > 2 ? `${who} It takes ${seats} players.` : who,
    range: range === null ? "Anybody will do by now, whatever their rating." : `You meet players within ±${Math.round(range)} of your ${Math.round(rating)}.`,
    next: left === null ? "" : left > 500 ? `The range widens in ${remaining(left)}.` : "The range widens now.",
  };
}

/** How a ticket ended; `by` is "You", or null where it was somebody else of the party, or nobody. */
export function endWords({ status, ended }, by) {
  switch (ended?.reason) {
    case "declined": return by === "You" ? "You declined the match, so you left the queue." : "Somebody in your party declined the match, so the party left the queue.";
    case "no_answer": return by === "You" ? "You didn’t answer in time, so you left the queue." : "Somebody in your party didn’t answer in time, so the party left the queue.";
    case "party_changed": return "Your party changed, so it left the queue.";
    case "detached": return "The connection was gone for too long, so the search ended.";
    case "no_opponent": return "Nobody came this time.";
    case "superseded": return "Another game took the place of this search.";
    case "mode_disabled": return "This game was switched off meanwhile.";
    default: break;
  }
  if (status === "expired") return "Nobody came this time.";
  if (status === "failed") return "The search could not go on.";
  return by === "You" ? "You left the queue." : "Your party left the queue.";
}
