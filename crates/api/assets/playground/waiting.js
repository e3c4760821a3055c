// In the queue: who else is there, how long it usually takes, why it takes so long, and the ways out.
import { seatsOf } from "./boards.js";
import { refusal } from "./cool-down.js";
import { h, say, trouble } from "./dom.js";
import { face, nobody } from "./faces.js";
import { remaining } from "./format.js";
import { optionButtons } from "./options.js";
import { poller } from "./poller.js";
import { rangeView } from "./range-view.js";
import { endWords, explained, queueWords, usually } from "./search-words.js";

const EXPLAIN_MS = 2000, QUEUES_MS = 4000;
/** Who is matched at once has nothing to be told. */
const FIRST_MS = 300;
/** From when on it says that the search will end. */
const LAST_MS = 30_000;
const OVER = new Set(["expired", "failed", "cancelled"]);

export const isWaiting = ({ status }) => status === "searching" || status === "proposed";

export function waitingScreen(app, first) {
  let ticket = first;
  let gone = false;
  let leaving = false;
  let why = null;
  let seats = 2;
  let offered = "";
  const own = () => Math.max(1, ticket.players?.length ?? 1);
  const ours = [app.me.id, ...(ticket.players ?? []).filter((id) => id !== app.me.id)];

  const elapsed = h("span", { class: "elapsed" }, "0:00");
  const estimate = h("p", { class: "estimate" });
  const here = h("p", { class: "fine" });
  const elsewhere = h("p", { class: "fine" });
  const notice = h("p", { class: "notice", role: "status", hidden: true });
  const view = rangeView();
  const range = h("p", { class: "search-range" });
  const who = h("p", { class: "fine" });
  const next = h("p", { class: "fine elapsed" });
  // Read when one comes there; it changes too often to be read out by itself.
  const search = h("section", { class: "search", "aria-labelledby": "search-title", hidden: true },
    h("h2", { id: "search-title" }, "Who you can meet"), view.element, range, who, next);
  const offerRow = h("div", { class: "row row-centre" });
  const offers = h("section", { class: "offers", "aria-labelledby": "offers-title", hidden: true },
    h("h2", { id: "offers-title" }, "Still nobody"), h("p", { class: "fine" }, "Wait on, or do something else."), offerRow);
  const problems = h("div", {});
  const ending = h("p", { class: "fine", hidden: true });
  const cancel = h("button", { type: "button", class: "button", onclick: leave }, "Cancel");

  const fail = (error) => problems.replaceChildren(error ? refusal(app, error) : "");

  function tick() {
    say(elapsed, remaining(Math.floor((app.now() - Date.parse(ticket.created_at)) / 1000) * 1000));
    say(estimate, usually(ticket.estimated_wait_ms, app.now() - Date.parse(ticket.created_at)));
    const left = Date.parse(ticket.expires_at) - app.now();
    ending.hidden = ticket.status !== "searching" || !(left < LAST_MS);
    say(ending, `The search ends in ${remaining(left)}.`);
    if (why) explain(why);
  }

  function explain(told) {
    why = told;
    const words = explained(told, { seats, now: app.now() });
    search.hidden = false;
    // Nobody has to hear the same again and again, but that everybody will do is news.
    if (told.range === null && !search.hasAttribute("data-open")) app.announce(words.range);
    search.toggleAttribute("data-open", told.range === null);
    view.show(told.rating, told.range);
    say(range, words.range);
    say(who, words.who);
    say(next, words.next);
  }

  function apply(now) {
    if (gone || now.id !== ticket.id) return;
    ticket = now;
    element.dataset.status = ticket.status;
    say(title, ticket.status === "proposed" ? "There is a match" : "Looking for somebody");
    if (ticket.status === "proposed") notice.hidden = true;
    offer(ticket.offers ?? []);
    tick();
    if (ticket.status === "matched" && ticket.game_id) follow(ticket.game_id);
    else if (OVER.has(ticket.status) && !leaving) over();
  }

  /** A ready check came to nothing, for which this player isn't to blame. */
  function again() {
    if (gone || !isWaiting(ticket)) return;
    notice.hidden = false;
    say(notice, "Not everybody accepted. You keep your place in the queue, and the time you waited.");
  }

  function offer(options) {
    const key = JSON.stringify(options);
    if (key === offered) return;
    offered = key;
    const buttons = optionButtons(app, ticket, options, { act: instead, fail });
    offerRow.replaceChildren(...buttons);
    offers.hidden = buttons.length === 0;
    if (buttons.length) app.announce(`Still nobody. You can wait on, or choose: ${buttons.map((button) => button.textContent).join(", ")}.`);
  }

  async function follow(gameId) {
    try {
      const game = await app.swp.game(gameId);
      if (!gone) app.play(game);
    } catch (error) {
      if (!gone) problems.replaceChildren(trouble(error, () => follow(gameId)));
    }
  }

  function over() {
    const { ended } = ticket;
    // The ticket says that it was a player; of several, only the one who did it knows which.
    const words = endWords(ticket, own() === 1 || app.saidNo(ticket.id) ? "You" : null);
    if (ticket.status === "cancelled") return app.lobby(words);
    stop();
    const alternatives = ended?.alternatives ?? [];
    const act = (go) => go();
    const first = alternatives.filter(({ kind }) => kind === "wider_range");
    const buttons = optionButtons(app, ticket, [...first, ...alternatives.filter((option) => !first.includes(option))], { over: true, act, fail: (error) => error && fail(error) });
    problems.replaceChildren(h("div", { class: "notice", role: "alert" },
      h("p", {}, words), buttons.length > 0 && h("p", { class: "fine" }, "You could try:"),
      h("div", { class: "row" }, buttons,
        !first.length && h("button", { type: "button", class: "button button-main", onclick: () => app.queue(ticket.mode).catch(fail) }, "Search again"),
        h("button", { type: "button", class: "button", onclick: () => app.lobby() }, "Back"))));
    say(title, "The search is over");
    for (const part of [cancel, offers, search, here, elsewhere, ending, notice, tip, estimate]) part.hidden = true;
    element.dataset.ended = "";
    if (!element.contains(document.activeElement)) title.focus({ preventScroll: true });
  }

  /** Out of the queue, then `go()`; where the match was quicker, that is where one goes. */
  async function instead(go) {
    leaving = true;
    try {
      await app.swp.cancelTicket(ticket.id);
    } catch (error) {
      leaving = false;
      if (error.status !== 409) throw error;
      return poll();
    }
    try {
      await go();
    } catch (error) {
      if (!gone) app.lobby(error);
    }
  }

  async function leave() {
    cancel.disabled = true;
    try {
      await app.swp.cancelTicket(ticket.id);
      if (!gone) app.lobby("You left the queue.");
    } catch (error) {
      cancel.disabled = false;
      // The match was quicker: the ticket says where to go.
      if (error.status === 409) await poll();
      else fail(error);
    }
  }

  const poll = () => app.swp.ticket(ticket.id).then(app.ticket, () => {});

  const title = h("h1", { id: "waiting-title", tabindex: "-1", "data-focus": true }, "Looking for somebody");
  const tip = h("p", { class: "tip" }, "In a hurry? ", h("a", { href: "/", target: "_blank", rel: "noopener" }, "Open a second player in a new tab"), ".");
  const element = h("section", { class: "sheet waiting", "aria-labelledby": "waiting-title" },
    h("div", { class: "waiting-art", "data-count": ours.length, "aria-hidden": "true" }, ours.map((id) => face(id)), h("span", { class: "waiting-path" }, h("i"), h("i"), h("i"), h("i"), h("i")), nobody()),
    title,
    h("p", { class: "lead" }, app.modeName(ticket.mode), " · ", elapsed),
    estimate, notice, search,
    h("div", { class: "queues" }, here, elsewhere),
    offers, problems, ending, cancel, tip);

  app.modes().then((modes) => {
    const mode = modes.find(({ key }) => key === ticket.mode);
    if (mode) seats = seatsOf(mode);
  }, () => {});
  const asking = [
    poller(async () => {
      const told = await app.swp.explainTicket(ticket.id).catch((error) => {
        // It is over, or not ours to see: the ticket's own news says what becomes of it.
        if (error.status !== 404 && error.status !== 409) throw error;
        return null;
      });
      if (told && !gone && isWaiting(ticket)) explain(told);
    }, EXPLAIN_MS, { first: FIRST_MS }),
    poller(async () => {
      const words = queueWords((await app.swp.queues()).items, ticket.mode, own(), app.modeName);
      say(here, words.here);
      say(elsewhere, words.elsewhere);
    }, QUEUES_MS, { first: FIRST_MS })];
  const timer = setInterval(tick, 500);
  function stop() {
    clearInterval(timer);
    for (const each of asking) each.stop();
  }

  apply(ticket);
  return {
    name: "waiting", id: ticket.id, title: "Looking for somebody", element, poll, apply, again,
    waits: () => isWaiting(ticket),
    // A ticket that ended meanwhile is nobody's live ticket any more.
    online: poll,
    resync: poll,
    event(type, data) {
      if (type === "match.proposed" && data.ticket_id === ticket.id) apply({ ...ticket, status: "proposed", proposal_id: data.proposal_id });
    },
    dispose() {
      gone = true;
      stop();
    },
  };
}
