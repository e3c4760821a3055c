// Whether somebody is there: a shape in a colour, and always the words for it. And whether we are, for others.
import { h } from "./dom.js";

const STATUS = { online: "Online", in_queue: "Looking for a game", in_game: "In a game", away: "Away" };
const SEEN = { now: "Here a moment ago", hour: "Seen within the hour", day: "Seen within a day", week: "Seen within a week", long: "Not seen for a while" };
/** How long the page may be hidden before nobody is there. */
const AWAY_MS = 60_000;

export function presenceWords({ status, joinable, last_seen: seen }) {
  if (status === "in_game" && joinable) return "In a game with a free seat";
  return STATUS[status] ?? SEEN[seen] ?? "Offline";
}

export const presenceMark = () => h("span", { class: "presence-mark", "aria-hidden": "true" });

/** Those who are there come first. */
export const isThere = ({ status }) => status !== "offline";
const RANK = { online: 0, in_queue: 0, in_game: 0, away: 1, offline: 2 };
export function byPresence(a, b) {
  return RANK[a.presence.status] - RANK[b.presence.status] || a.player.display_name.localeCompare(b.player.display_name);
}

/** Tells the server when nobody looks at this page, and when somebody does again. */
export function tellAway(swp) {
  let timer;
  let away = false;
  const set = (next) => {
    away = next;
    swp.setPresence(away ? "away" : "online").catch(() => {}); // offline: told with the next connection
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => set(true), AWAY_MS);
    else if (away) set(false);
  });
  // It holds for one connection only.
  swp.on("session", () => away && set(true));
}
