// The ready check: a match that everybody must accept in time. It stands above whatever screen there is.
import { action, complaint } from "./controls.js";
import { h, picture, s, say } from "./dom.js";
import { face } from "./faces.js";
import { many } from "./format.js";
import { nudge } from "./nudge.js";

/** What the ring shows as full, unless more is left at first. */
const WINDOW_MS = 15_000;
/** When it is read out that time runs short. */
const SHORT_MS = 5000;
/** How long the reason stands there before the dialog goes by itself. */
const OVER_MS = 6000;
/** How long after the end the server is waited for. */
const LATE_MS = 1500;

export function readyCheck(app, { failed }) {
  const over = new Set();
  /** Tickets whose match was declined here. */
  const refused = new Set();
  let check = null;
  let ticketId = null;
  let news = null;
  let full = WINDOW_MS;
  let rereading = false;
  let asked = false;
  let mine = null;
  let timer, closing;
  let before = null;
  let calm = () => {};

  const { element: problem, fail } = complaint();
  const title = h("h2", { id: "check-title", tabindex: "-1" });
  const mode = h("p", { class: "fine" });
  const ring = s("circle", { class: "ring-left", cx: 50, cy: 50, r: 44, pathLength: 1 });
  const left = h("span", { class: "ring-number", role: "timer", "aria-live": "off" });
  const clock = h("div", { class: "ring" }, picture("0 0 100 100", "", s("circle", { class: "ring-full", cx: 50, cy: 50, r: 44 }), ring), left);
  const seats = h("ul", { class: "check-seats" });
  const count = h("p", { role: "status" });
  const hurry = h("p", { class: "visually-hidden", role: "alert" });
  const accept = action("Accept", () => answer("accepted", (id) => app.swp.acceptProposal(id)), failAnswer, { kind: "button button-main" });
  const decline = action("Decline", () => answer("declined", (id) => app.swp.declineProposal(id)), failAnswer);
  const close = h("button", { type: "button", class: "button", onclick: () => end() }, "All right");
  const buttons = h("div", { class: "row row-centre" }, decline, accept, close);
  const dialog = h("dialog", {
    class: "dialog ready-check", "aria-labelledby": "check-title", closedby: "none",
    onkeydown: keys,
    oncancel: (event) => event.preventDefault(),
    onclose: () => check && dialog.isConnected && dialog.showModal(),
  }, h("div", { class: "check-body" }, title, mode, clock, seats, count, hurry, problem, buttons));

  function keys(event) {
    // There is no third answer: Escape neither declines nor hides what others wait for.
    if (event.key === "Escape") return close.hidden ? event.preventDefault() : end();
    if (event.key !== "Tab") return;
    // Round and round, not into the browser's own controls while the clock runs.
    const stops = [decline, accept, close].filter((button) => !button.hidden);
    const at = stops.indexOf(document.activeElement);
    event.preventDefault();
    stops.at((at + (event.shiftKey ? (at < 0 ? 0 : -1) : 1)) % (stops.length || 1))?.focus();
  }

  const own = () => check.players.find(({ player }) => player.id === app.me?.id);

  function open(next) {
    if (!check) {
      before = document.activeElement;
      document.body.append(dialog);
      dialog.showModal();
    }
    clearTimeout(closing);
    clearInterval(timer);
    calm();
    check = next;
    mine = asked = news = null;
    full = Math.max(WINDOW_MS, Date.parse(check.expires_at) - app.now());
    say(title, "Your match is ready");
    say(mode, app.modeName(check.mode));
    say(hurry, "");
    fail(null);
    dialog.dataset.phase = "asking";
    accept.hidden = decline.hidden = clock.hidden = seats.hidden = false;
    close.hidden = true;
    draw();
    if (dialog.dataset.phase === "asking") {
      accept.focus({ preventScroll: true });
      calm = nudge("Match found!");
    }
    timer = setInterval(tick, 250);
    tick();
  }

  function draw() {
    const accepted = check.players.filter(({ answer: it }) => it === "accepted").length;
    const teams = [...new Set(check.players.map(({ team }) => team))];
    const pairs = teams.length < check.players.length;
    seats.replaceChildren(...[...check.players].sort((a, b) => a.team - b.team).map(({ player, team, answer: it }) => {
      const us = player.id === app.me.id;
      const name = us ? "You" : player.display_name;
      return h("li", { "data-answer": it ?? "none", "data-team": pairs ? team : null, "data-mine": us }, face(player.id),
        h("span", { class: "check-mark", "aria-hidden": "true" }), h("span", { class: "check-name" }, name),
        h("span", { class: "visually-hidden" }, it ? " accepted" : " has not answered yet"));
    }));
    seats.dataset.count = check.players.length;
    say(count, `${accepted} of ${many(check.players.length, "player")} accepted`);
    if ((own()?.answer ?? mine) === "accepted") taken();
  }

  /** Said yes, here or on another device: the rest is up to the others. */
  function taken() {
    if (dialog.dataset.phase === "accepted") return;
    dialog.dataset.phase = "accepted";
    calm();
    say(title, "You are in. Waiting for the others…");
    const held = buttons.contains(document.activeElement);
    accept.hidden = decline.hidden = true;
    if (held || document.activeElement === document.body) title.focus({ preventScroll: true });
  }

  function tick() {
    const ms = Date.parse(check.expires_at) - app.now();
    say(left, String(Math.max(0, Math.ceil(ms / 1000))));
    ring.style.strokeDashoffset = 1 - Math.max(0, Math.min(1, ms / full));
    clock.toggleAttribute("data-short", ms <= SHORT_MS);
    if (ms <= SHORT_MS && ms > 0 && dialog.dataset.phase === "asking") say(hurry, "Five seconds left to accept.");
    if (ms < -LATE_MS) reread();
  }

  async function answer(what, call) {
    const { id } = check;
    mine = what;
    if (what === "declined") refused.add(ticketId); // its event may come before the reply
    const reply = await call(id);
    if (check?.id !== id) return;
    if (what === "declined") {
      end();
      return app.askTicket(ticketId);
    }
    update(reply);
  }

  function failAnswer(error) {
    fail(error);
    if (!error) return;
    mine = null;
    refused.delete(ticketId);
    // Over meanwhile, or answered on another device: what stands there tells.
    if (error.status === 409 || error.status === 404) reread();
  }

  function update(next) {
    if (!next || check?.id !== next.id) return;
    if (next.status === "failed") return fell();
    if (next.status === "confirmed") {
      end();
      if (next.game_id) app.swp.game(next.game_id).then(app.play, () => {}); // else its event comes
      return;
    }
    // Answers only ever come in; a reply may be older than what is known.
    const given = new Set(check.players.filter(({ answer: it }) => it).map(({ player }) => player.id));
    check = { ...check, ...next, players: next.players.map((seat) => (given.has(seat.player.id) ? { ...seat, answer: seat.answer ?? "accepted" } : seat)) };
    draw();
  }

  async function reread() {
    if (rereading || !check) return;
    rereading = true;
    const { id } = check;
    const next = await app.swp.proposal(id).catch((error) => (error.status === 404 ? { id, status: "failed" } : null));
    rereading = false;
    if (next?.status === "open" && Date.parse(next.expires_at) + 10 * LATE_MS < app.now()) return; // the server will tell
    update(next);
  }

  /** It came to nothing: why, for those who aren't asked any more, and then the dialog goes by itself. */
  async function fell() {
    const { id } = check;
    const said = own()?.answer ?? mine;
    over.add(id);
    clearInterval(timer);
    calm();
    await app.askTicket(ticketId);
    failed();
    if (check?.id !== id) return; // the next one came already
    const kept = !news || news.status === "searching";
    const reason = news?.ended?.reason;
    // Answered by oneself, on another device.
    if (reason === "declined" && news.players.length < 2) return end();
    dialog.dataset.phase = "over";
    const held = buttons.contains(document.activeElement) || document.activeElement === title;
    accept.hidden = decline.hidden = clock.hidden = seats.hidden = true;
    close.hidden = false;
    say(hurry, "");
    say(title, said === "accepted" ? "Not everybody accepted" : "The match is off");
    say(count, kept ? "You keep your place in the queue, and the time you waited."
      : said === "accepted" || reason === "declined" ? "It was somebody in your party, so the party left the queue."
        : "You didn’t answer in time, so you left the queue. You have to wait a little before you search again.");
    if (held) close.focus({ preventScroll: true });
    closing = setTimeout(() => check?.id === id && end(), OVER_MS);
  }

  function end() {
    if (!check) return;
    over.add(check.id);
    check = null;
    clearInterval(timer);
    clearTimeout(closing);
    calm();
    dialog.close();
    dialog.remove();
    (before?.isConnected ? before : document.getElementById("main")).focus({ preventScroll: true });
  }

  async function load(id, itsTicket) {
    if (over.has(id) || check?.id === id || asked === id) return;
    asked = id;
    const next = await app.swp.proposal(id).catch(() => null); // its event comes, or the next poll asks again
    if (asked === id) asked = null;
    if (next?.status !== "open" || over.has(id) || check?.id === id) return;
    ticketId = itsTicket;
    open(next);
  }

  const going = () => check && !over.has(check.id);
  return {
    /** The event: a check, or an answer in one; only the first says for which ticket. */
    proposed({ proposal_id: id, ticket_id: its, ...data }) {
      if (over.has(id)) return;
      const next = { id, status: "open", game_id: null, ...data };
      if (check?.id === id) return update(next);
      if (!its || next.status !== "open") return;
      ticketId = its;
      open(next);
    },
    /** News of a ticket may be older than the check: what became of that is asked. */
    ticket(next) {
      const { id, status, proposal_id: proposal } = next;
      if (id === ticketId) news = next;
      if (status === "proposed" && proposal) load(proposal, id);
      else if (going() && id === ticketId) status === "matched" ? end() : reread();
    },
    saidNo: (id) => refused.has(id),
    found: (id) => id === ticketId && end(),
    online({ live }) {
      if (live?.proposal_id) load(live.proposal_id, live.ticket_id);
      if (going() && live && live.proposal_id !== check.id) reread();
    },
    poll: () => going() && reread(),
    clear: end,
  };
}
