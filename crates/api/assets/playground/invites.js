// Who asks this player to a game, on whatever screen: a tray under the header, each line until it is answered or over.
import { h, say } from "./dom.js";
import { face } from "./faces.js";
import { remaining } from "./format.js";

const OPEN = new Set(["created", "delivered", "stored"]);

export function inviteTray(app, element) {
  const rows = new Map();

  function add(invite) {
    if (rows.has(invite.id) || Date.parse(invite.expires_at) <= app.now()) return;
    const left = h("span", { class: "fine invite-left" });
    const problem = h("p", { class: "field-error", role: "alert" });
    const yes = h("button", { type: "button", class: "button button-main", onclick: () => answer(() => app.swp.acceptInvite(invite.id), app.play) }, "Accept");
    const no = h("button", { type: "button", class: "button", onclick: () => answer(() => app.swp.declineInvite(invite.id)) }, "Decline");
    const what = invite.rematch_of ? `asks for a rematch of ${app.modeName(invite.mode)}` : `invites you to ${app.modeName(invite.mode)}`;
    const row = h("div", { class: "invite", "data-invite": invite.id }, face(invite.from.id),
      h("p", { class: "invite-words" }, h("strong", {}, invite.from.display_name), ` ${what}. `, left, problem),
      h("div", { class: "row" }, yes, no));

    async function answer(call, then) {
      yes.disabled = no.disabled = true;
      problem.replaceChildren();
      try {
        const reply = await call();
        remove(invite.id);
        then?.(reply);
      } catch (error) {
        yes.disabled = no.disabled = false;
        // Answered on another device, taken back, or over.
        if (error.code === "games.invite_not_open" || error.status === 404) return remove(invite.id, "That invitation is no longer open.");
        problem.append(error.code === "games.busy" ? "Finish your game first; the invitation waits." : error.message);
      }
    }

    rows.set(invite.id, { row, left, expires: Date.parse(invite.expires_at) });
    element.append(row);
    app.announce(`${invite.from.display_name} ${what}.`);
    tick();
  }

  function remove(id, words) {
    const found = rows.get(id);
    if (!found) return;
    const focused = found.row.contains(document.activeElement);
    found.row.remove();
    rows.delete(id);
    if (words) app.announce(words);
    if (focused) document.getElementById("main").focus({ preventScroll: true });
    tick();
  }

  function tick() {
    for (const [id, { left, expires }] of rows) {
      if (expires <= app.now()) remove(id, "An invitation is over.");
      else say(left, remaining(expires - app.now()));
    }
    element.hidden = rows.size === 0;
  }
  setInterval(tick, 1000);

  async function load() {
    if (!app.swp.signedIn) return clear();
    try {
      const { items } = await app.swp.invites();
      const mine = items.filter(({ to, state }) => to?.id === app.me?.id && OPEN.has(state));
      for (const id of [...rows.keys()]) if (!mine.some((invite) => invite.id === id)) remove(id);
      mine.forEach(add);
    } catch {
      // Read again with the next connection.
    }
  }

  function clear() {
    for (const { row } of rows.values()) row.remove();
    rows.clear();
    tick();
  }

  return {
    load, clear,
    event(type, data) {
      if (type === "game.invited") add({ id: data.invite_id, ...data });
      else if (!OPEN.has(data.state)) remove(data.invite_id);
    },
  };
}
