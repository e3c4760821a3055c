// Who asks this player to a game or into a party, on whatever screen: a tray under the header, each line until it is
// answered or over.
import { h, say } from "./dom.js";
import { face } from "./faces.js";
import { remaining } from "./format.js";

const OPEN = new Set(["created", "delivered", "stored"]);

export function inviteTray(app, element) {
  const { swp } = app;
  const rows = new Map();

  const toGame = (invite) => ({
    key: invite.id, mark: { "data-invite": invite.id }, from: invite.from, expires: invite.expires_at,
    what: invite.rematch_of ? `asks for a rematch of ${app.modeName(invite.mode)}` : `invites you to ${app.modeName(invite.mode)}`,
    accept: () => swp.acceptInvite(invite.id).then((game) => () => app.play(game)), decline: () => swp.declineInvite(invite.id),
  });

  const toParty = ({ party_id: id, from, expires_at: expires }) => ({
    key: `party:${id}`, mark: { "data-party": id }, from, expires, what: "invites you to their party",
    accept: () => app.party.change(() => swp.joinParty(id)).then(() => () => app.joined(from)), decline: () => swp.withdrawPartyInvite(id, app.me.id),
  });

  function add({ key, mark, from, what, expires, accept, decline }) {
    const known = rows.get(key);
    if (known) known.expires = Date.parse(expires); // asked again
    if (known || Date.parse(expires) <= app.now()) return;
    const left = h("span", { class: "fine invite-left" });
    const problem = h("p", { class: "field-error", role: "alert" });
    const yes = h("button", { type: "button", class: "button button-main", onclick: () => answer(accept) }, "Accept");
    const no = h("button", { type: "button", class: "button", onclick: () => answer(decline) }, "Decline");
    const row = h("div", { class: "invite", ...mark }, face(from.id),
      h("p", { class: "invite-words" }, h("strong", {}, from.display_name), ` ${what}. `, left, problem),
      h("div", { class: "row" }, yes, no));

    async function answer(call) {
      yes.disabled = no.disabled = true;
      problem.replaceChildren();
      try {
        const then = await call();
        remove(key);
        if (typeof then === "function") then();
      } catch (error) {
        yes.disabled = no.disabled = false;
        // Answered on another device, taken back, or over.
        if (error.code === "games.invite_not_open" || error.status === 404) return remove(key, "That invitation is no longer open.");
        problem.append(error.code === "games.busy" ? "Finish your game first; the invitation waits." : error.message);
      }
    }

    rows.set(key, { row, left, expires: Date.parse(expires) });
    element.append(row);
    app.announce(`${from.display_name} ${what}.`);
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

  /** Those that are open now, and no others of that kind. */
  function show(lines, ofKind) {
    const keys = new Set(lines.map(({ key }) => key));
    for (const key of [...rows.keys()]) if (ofKind(key) && !keys.has(key)) remove(key);
    lines.forEach(add);
  }
  const isParty = (key) => key.startsWith("party:");

  // What can't be read is read again with the next connection.
  const games = () => swp.invites().then(({ items }) =>
    show(items.filter(({ to, state }) => to?.id === app.me?.id && OPEN.has(state)).map(toGame), (key) => !isParty(key)), () => {});
  const parties = () => swp.partyInvites().then(({ items }) => show(items.map(toParty), isParty), () => {});

  async function load() {
    if (!swp.signedIn) return clear();
    await Promise.all([games(), parties()]);
  }

  function clear() {
    for (const { row } of rows.values()) row.remove();
    rows.clear();
    tick();
  }

  return {
    load, clear,
    event(type, data) {
      if (type === "game.invited") add(toGame({ id: data.invite_id, ...data }));
      else if (type === "party.invited") parties(); // the event says who by id alone
      else if (!OPEN.has(data.state)) remove(data.invite_id);
    },
  };
}
