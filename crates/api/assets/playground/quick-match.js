// Into the queue and out of it, whatever the screen: what is heard of tickets and ready checks, and where that leads.
import { isCoolingDown } from "./cool-down.js";
import { readyCheck } from "./ready-check.js";
import { isWaiting, waitingScreen } from "./waiting.js";

/** `screen()` is what stands there, `show(next)` replaces it, `place()` goes where the server says the player stands. */
export function quickMatch(app, { screen, show, place }) {
  const { swp } = app;
  const ended = new Set();
  // The screen knows the ticket; whether it goes on is in its news.
  const check = readyCheck(app, { failed: () => screen()?.again?.() });
  const idle = () => screen()?.name === "lobby" || (screen()?.name === "waiting" && !screen().waits());

  /** News of a ticket of this player's, or of their party's, whichever way it came. */
  function ticket(next) {
    if (ended.has(next.id)) return; // an answer that was overtaken
    if (!isWaiting(next)) ended.add(next.id);
    check.ticket(next);
    if (screen()?.name === "waiting") screen().apply(next);
    // Queued from another device, or by the leader of the party.
    if (isWaiting(next) && idle()) show(waitingScreen(app, next));
  }

  async function askTicket(id) {
    if (id && !ended.has(id)) await swp.ticket(id).then(ticket, () => {});
  }

  async function queue(mode) {
    const party = app.party.current;
    if (party && !app.party.leads()) throw new Error(`${app.party.nameOf(party.leader_id) ?? "Somebody else"} leads your party, and starts its searches. Leave the party to play alone.`);
    try {
      const found = await swp.joinQueue(mode, party ? { party_id: party.id } : {});
      // The match may have been quicker than this reply.
      if (screen()?.name === "game" && !screen().over()) return;
      if (screen()?.name === "waiting" && screen().id === found.id) return;
      if (!ended.has(found.id)) show(waitingScreen(app, found));
    } catch (error) {
      // Already waiting or playing, perhaps before a reload: go there.
      const elsewhere = error.status === 409 && !isCoolingDown(error) && !error.code?.startsWith("parties.");
      if (elsewhere && (await place())) return;
      throw error;
    }
  }

  // Queueing itself is no event: a page that is looked at again asks what another device has done meanwhile.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || !swp.signedIn || !idle()) return;
    swp.myTickets().then(({ items }) => items.filter(isWaiting).forEach(ticket), () => {});
  });

  return {
    queue, ticket, askTicket,
    saidNo: check.saidNo,
    async practice(mode) {
      try {
        app.play(await swp.practice(mode));
      } catch (error) {
        if (!(error.status === 409 && (await place()))) throw error;
      }
    },
    found: ({ ticket_id: id }) => {
      ended.add(id);
      check.found(id);
    },
    event(type, data) {
      if (type === "match.proposed" || type === "proposal.updated") return check.proposed(data);
      if (data.ticket) ticket(data.ticket);
      else askTicket(data.ticket_id ?? data.id);
    },
    online(session) {
      check.online(session);
      // Queued elsewhere while this page was away.
      if (session.live?.ticket_id && idle()) askTicket(session.live.ticket_id);
    },
    poll: check.poll,
    clear() {
      check.clear();
      ended.clear();
    },
  };
}
