// Friends and requests as they stand, whatever the screen: read at sign-in, kept up by events. Screens follow it.
import { byPresence } from "./presence.js";

const PAGE = 100;
const nothing = () => ({ known: false, reads: 0, error: null, friends: [], incoming: [], outgoing: [] });

async function everyPage(read) {
  const items = [];
  let cursor = null;
  do {
    const page = await read({ limit: PAGE, cursor });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}

export function circle(app) {
  const { swp } = app;
  const followers = new Set();
  let state = nothing();
  let watched = [];
  let reading = null;
  let stale = false;

  const tell = () => followers.forEach((follower) => follower(state));

  /** Reads everything anew; asked for meanwhile, it reads once more. */
  function load() {
    if (!swp.signedIn) return clear();
    if (reading) stale = true;
    return (reading ??= read().finally(() => (reading = null)));
  }

  async function read() {
    do {
      stale = false;
      const mine = swp.player?.id;
      try {
        const [friends, incoming, outgoing] = await Promise.all([
          everyPage((page) => swp.friends(page)), everyPage((page) => swp.friendRequests("incoming", page)),
          everyPage((page) => swp.friendRequests("outgoing", page))]);
        if (swp.player?.id !== mine) continue; // somebody else signed in meanwhile
        state = { known: true, reads: state.reads + 1, error: null, friends: friends.sort(byPresence), incoming, outgoing };
        tell();
        await watch();
      } catch (error) {
        state = { ...state, error };
        tell();
      }
    } while (stale && swp.signedIn);
  }

  // Without the socket, or refused, what the list said holds until the next reading.
  async function watch() {
    const ids = state.friends.map(({ player }) => player.id);
    const over = watched.filter((id) => !ids.includes(id));
    watched = ids;
    if (over.length) swp.unwatchPresence(over).catch(() => {});
    if (!ids.length) return;
    const { items } = await swp.watchPresence(ids).catch(() => ({ items: [] }));
    items.forEach(set);
    arrange();
  }

  function set({ player_id: id, status, game_id = null, joinable = false, last_seen = null }) {
    const found = state.friends.find(({ player }) => player.id === id);
    if (found) found.presence = { status, game_id, joinable, last_seen };
  }

  function arrange() {
    state.friends.sort(byPresence);
    tell();
  }

  function clear() {
    watched = [];
    state = nothing();
    tell();
  }

  const without = (id) => (lines) => lines.filter(({ player }) => player.id !== id);

  return {
    load, clear,
    get state() { return state; },
    /** Calls `follower(state)` now and with every change; returns the way to stop. */
    follow(follower) {
      followers.add(follower);
      follower(state);
      return () => followers.delete(follower);
    },
    /** Does something that changes how players stand, and reads how they stand then, also where it was refused. */
    async change(call) {
      try {
        return await call();
      } finally {
        await load();
      }
    },
    /** "self", "friends", "incoming", "outgoing" or "none". */
    standing(id) {
      const among = (lines) => lines.some(({ player }) => player.id === id);
      if (id === app.me.id) return "self";
      return among(state.friends) ? "friends" : among(state.incoming) ? "incoming" : among(state.outgoing) ? "outgoing" : "none";
    },
    /** A new connection watches nobody. */
    online() {
      watched = [];
      load();
    },
    event(type, data) {
      if (type === "presence.changed") {
        set(data);
        return arrange();
      }
      if (type === "friend.requested") app.announce(`${data.player?.display_name ?? "Somebody"} wants to be friends.`);
      if (type === "friend.added") app.announce(`You and ${data.player?.display_name ?? "somebody"} are friends now.`);
      if (type === "friend.removed") {
        const left = without(data.player_id);
        state = { ...state, friends: left(state.friends), incoming: left(state.incoming), outgoing: left(state.outgoing) };
        tell();
      }
      load();
    },
  };
}
