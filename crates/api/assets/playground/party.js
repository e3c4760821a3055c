// The party this player is in, whatever the screen: read at sign-in, kept up by events. Screens follow it.
import { listed } from "./format.js";

const ids = (party) => party.members.map(({ player }) => player.id);

export function partyKeeper(app) {
  const { swp } = app;
  const followers = new Set();
  let party = null;
  /** Rises with each event: a reply that was asked for before one is read anew. */
  let heard = 0;
  let leaving = null;

  const tell = () => followers.forEach((follower) => follower(party));

  function set(next) {
    const before = party;
    party = next && ids(next).includes(app.me?.id) ? next : null;
    if (before && party) speak(before, party);
    tell();
  }

  /** What changed, for those who don't see it. */
  function speak(before, now) {
    const others = (lines) => lines.filter(({ player }) => player.id !== app.me.id);
    const names = (lines) => listed(lines.map(({ player }) => player.display_name));
    const came = others(now.members).filter(({ player }) => !ids(before).includes(player.id));
    const left = others(before.members).filter(({ player }) => !ids(now).includes(player.id));
    const ready = others(now.members).filter(({ player, ready: is }) => is && before.members.some((line) => line.player.id === player.id && !line.ready));
    if (came.length) app.announce(`${names(came)} joined your party.`);
    if (left.length) app.announce(`${names(left)} left your party.`);
    if (ready.length) app.announce(`${names(ready)} ${ready.length === 1 ? "is" : "are"} ready.`);
    if (now.leader_id !== before.leader_id) app.announce(now.leader_id === app.me.id ? "You lead the party now." : `${nameOf(now.leader_id)} leads the party now.`);
  }

  async function read(id) {
    for (let before = -1; id && before !== heard && swp.signedIn; ) {
      before = heard;
      try {
        const next = await swp.party(id);
        if (before === heard) set(next);
      } catch (error) {
        if ((error.status === 404 || error.status === 403) && party?.id === id) set(null);
        return; // else what is known holds until the next reading
      }
    }
  }

  function updated({ party: next }) {
    heard += 1;
    const inside = next.members.some(({ player }) => player.id === app.me.id);
    if (!inside) {
      if (party?.id !== next.id) return;
      set(null);
      if (leaving !== next.id) app.announce("You are no longer in the party.");
      return;
    }
    set(next);
    // The leader searches: everybody goes along.
    if (next.ticket_id && next.state === "queued") app.askTicket(next.ticket_id);
  }

  function nameOf(id) {
    if (!id) return null;
    const among = [...(party?.members ?? []), ...app.circle.state.friends].find(({ player }) => player.id === id);
    return among?.player.display_name ?? null;
  }

  return {
    get current() { return party; },
    leads: () => party?.leader_id === app.me?.id,
    nameOf, updated,
    /** Calls `follower(party)` now and with every change; returns the way to stop. */
    follow(follower) {
      followers.add(follower);
      follower(party);
      return () => followers.delete(follower);
    },
    /** Does something to the party, and takes the answer for how it stands, unless an event said more meanwhile. */
    async change(call) {
      const before = heard;
      const id = party?.id;
      try {
        const reply = await call();
        if (reply?.members && before === heard) set(reply);
        else await read(reply?.id ?? id);
        return reply;
      } catch (error) {
        await read(id);
        throw error;
      }
    },
    async leave() {
      const { id } = party;
      leaving = id;
      try {
        await swp.leaveParty(id);
        if (party?.id === id) set(null);
        app.announce("You left the party.");
      } finally {
        leaving = null;
      }
    },
    /** Without a connection that says where the player stands. */
    async ask() {
      const before = heard;
      const mine = await swp.myParty().catch(() => undefined);
      if (mine !== undefined && before === heard) set(mine);
    },
    online({ live }) {
      if (live?.party_id) read(live.party_id);
      else if (party && live) set(null);
    },
    load: () => party && read(party.id),
    clear: () => set(null),
  };
}
