// In the queue: who, how long, and the way out.
import { h, say, trouble } from "./dom.js";
import { face, nobody } from "./faces.js";

export function waitingScreen(app, first) {
  let ticket = first;
  let gone = false;
  const elapsed = h("span", { class: "elapsed" }, "0:00");
  const estimate = h("p", { class: "fine" });
  const problems = h("div", {});
  const cancel = h("button", { type: "button", class: "button", onclick: leave }, "Cancel");
  const begun = Date.parse(ticket.created_at);

  const tick = () => {
    const seconds = Math.max(0, Math.floor((app.now() - begun) / 1000));
    say(elapsed, `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
  };

  function apply(next) {
    if (gone || next.id !== ticket.id) return;
    ticket = next;
    const wait = ticket.estimated_wait_ms;
    say(estimate, wait ? `Usually ${span(wait.low, wait.high)}.` : "Nobody has waited here lately, so there is no estimate yet.");
    if (ticket.status === "matched" && ticket.game_id) follow(ticket.game_id);
    else if (ticket.status === "expired" || ticket.status === "failed") ended();
    else if (ticket.status === "cancelled") app.lobby("You left the queue.");
  }

  async function follow(gameId) {
    try {
      const game = await app.swp.game(gameId);
      if (!gone) app.play(game);
    } catch (error) {
      if (!gone) problems.replaceChildren(trouble(error, () => follow(gameId)));
    }
  }

  function ended() {
    clearInterval(timer);
    const options = ticket.ended?.alternatives ?? [];
    const words = options.map((option) => (typeof option === "string" ? option : option.text ?? option.mode ?? option.kind)).filter(Boolean);
    problems.replaceChildren(h("div", { class: "notice", role: "alert" },
      h("p", {}, ticket.status === "expired" ? "Nobody came this time." : "The search could not go on."),
      words.length > 0 && h("p", { class: "fine" }, `You could try: ${words.join(", ").replaceAll("_", " ")}.`),
      h("div", { class: "row" },
        h("button", { type: "button", class: "button button-main", onclick: () => app.queue(ticket.mode).catch(fail) }, "Search again"),
        h("button", { type: "button", class: "button", onclick: () => app.lobby() }, "Back"))));
    cancel.hidden = true;
    element.dataset.ended = "";
  }

  const fail = (error) => problems.replaceChildren(trouble(error));

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

  const poll = () => app.swp.ticket(ticket.id).then(apply, () => {});

  const element = h("section", { class: "sheet waiting", "aria-labelledby": "waiting-title" },
    h("div", { class: "waiting-art", "aria-hidden": "true" }, face(app.me.id), h("span", { class: "waiting-path" }, h("i"), h("i"), h("i"), h("i"), h("i")), nobody()),
    h("h1", { id: "waiting-title", tabindex: "-1", "data-focus": true }, "Looking for somebody"),
    h("p", { class: "lead" }, app.modeName(ticket.mode), " · ", elapsed),
    estimate,
    problems,
    cancel,
    h("p", { class: "tip" }, "In a hurry? ", h("a", { href: "/", target: "_blank", rel: "noopener" }, "Open a second player in a new tab"), "."));
  const timer = setInterval(tick, 500);
  tick();
  apply(ticket);
  return {
    name: "waiting", title: "Looking for somebody", element, poll,
    // A ticket that ended meanwhile is nobody's live ticket any more.
    online: poll,
    resync: poll,
    event(type, data) {
      if (type !== "ticket.updated") return;
      if (data.ticket) apply(data.ticket);
      else if ((data.ticket_id ?? data.id) === ticket.id) poll();
    },
    dispose() {
      gone = true;
      clearInterval(timer);
    },
  };
}

function span(low, high) {
  const seconds = (ms) => Math.max(1, Math.round(ms / 1000));
  return seconds(low) === seconds(high) ? `about ${seconds(low)} s` : `${seconds(low)} to ${seconds(high)} s`;
}
