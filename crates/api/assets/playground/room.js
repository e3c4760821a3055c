// A private game that waits for its players: the link to hand on, who was asked, and starting with fewer.
import { h, say } from "./dom.js";
import { face } from "./faces.js";
import { freeSeats } from "./game-state.js";
import { listed, many, remaining } from "./format.js";
import { linkField } from "./link.js";

export function waitingRoom({ app, game, complain, reread }) {
  const link = linkField("Link to this game");
  const make = h("button", { type: "button", class: "button", onclick: makeLink }, "Make a link");
  const linked = h("div", { class: "room-link", hidden: true }, link.field, h("div", { class: "row row-centre" }, link.buttons));
  const words = h("p", { class: "lead", role: "status" });
  const asked = h("ul", { class: "asked" });
  const start = h("button", { type: "button", class: "button button-main", hidden: true, onclick: startNow });
  const element = h("div", { class: "room" }, words, linked, make, asked, start);
  let code = game().invite_link?.code;
  let looked = false;
  let mode = null;
  app.modes().then((modes) => {
    mode = modes.find(({ key }) => key === game().mode) ?? null;
    update();
  }, () => {});
  if (game().invite_link) show(game().invite_link);

  function show({ url, code: its }) {
    code = its;
    link.show(url);
    linked.hidden = false;
    make.hidden = true;
  }

  async function makeLink() {
    make.disabled = true;
    try {
      show(await app.swp.inviteLink(game().id));
      await reread();
    } catch (error) {
      complain(error);
    }
    make.disabled = false;
  }

  // Who takes the open invitations back starts with those who are here.
  async function startNow() {
    start.disabled = true;
    try {
      for (const invite of game().invites ?? []) await app.swp.cancelInvite(invite.id);
    } catch (error) {
      complain(error);
    }
    await reread();
    start.disabled = false;
  }

  function update() {
    const now = game();
    element.hidden = now.status !== "created";
    if (element.hidden) return;
    const invites = now.invites ?? [];
    const host = now.players[0]?.player.id === app.me.id;
    // A link was made before a reload: asked for again it is the same one.
    if (!code && !looked && host && invites.some(({ to }) => !to)) {
      looked = true;
      makeLink();
    }
    const named = invites.filter(({ to }) => to);
    const open = mode ? freeSeats(now, mode) : 1;
    say(words, now.origin === "rematch" ? `Waiting for ${listed(named.map(({ to }) => to.display_name)) || "the others"} to agree.`
      : open === 0 ? "Everybody is here." : `${many(open, "seat is", "seats are")} free. Send the link to whoever you want to play with.`);
    make.hidden = !linked.hidden || now.origin === "rematch" || !host;
    asked.replaceChildren(...named.map(({ to, expires_at }) => h("li", {}, face(to.id), h("span", {}, to.display_name),
      h("span", { class: "fine" }, `asked · ${remaining(Date.parse(expires_at) - app.now())} left`))));
    const enough = mode && now.players.length >= mode.min_players && open > 0;
    start.hidden = !(host && enough && invites.length > 0);
    say(start, `Start with ${now.players.length}`);
  }

  update();
  return { element, update };
}
