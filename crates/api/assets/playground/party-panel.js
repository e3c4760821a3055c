// The party as the lobby shows it: who is in it and ready, whom to ask along, and for the leader the way into a game.
import { BOARDS } from "./boards.js";
import { refusal } from "./cool-down.js";
import { action, ask, complaint, menu, rowList } from "./controls.js";
import { h, say } from "./dom.js";
import { many } from "./format.js";
import { person } from "./friend-row.js";
import { isThere, presenceMark, presenceWords } from "./presence.js";

/** The games in which a party of this size fits into one team. */
export const gamesForParty = (modes, size) => modes.filter(({ key, teams, team_size, enabled }) => BOARDS[key] && enabled !== false && teams * team_size > 1 && team_size >= size);

function memberRow(app, { player }) {
  const { element: problem, fail } = complaint();
  const party = () => app.party.current;
  const mine = player.id === app.me.id;
  const state = h("span", { class: "mate-state" });
  const perform = (call, words) => app.party.change(() => call(party().id, player.id)).then(() => app.announce(words), fail);
  const more = mine ? null : menu(`More about ${player.display_name} in your party`, [
    ["Make leader", () => perform((...of) => app.swp.promoteInParty(...of), `${player.display_name} leads the party now.`)],
    ["Put out…", () => ask({
      title: `Put ${player.display_name} out of the party?`, label: "Put out", bad: true, body: h("p", {}, "They can come back if you invite them again."),
      act: async () => {
        await app.party.change(() => app.swp.kickFromParty(party().id, player.id));
      },
    }), true]]);
  const element = h("li", { class: "person mate", "data-player": player.id }, person(mine ? { ...player, display_name: "You" } : player, state),
    h("div", { class: "person-actions" }, more), problem);
  return { element, update({ ready }) {
    const leads = party()?.leader_id === player.id;
    element.dataset.ready = leads || ready;
    element.toggleAttribute("data-leads", leads);
    say(state, leads ? "Leads the party" : ready ? "Ready" : "Not ready yet");
    if (more) more.hidden = !app.party.leads();
  } };
}

function askedRow(app, player) {
  const { element: problem, fail } = complaint();
  const withdraw = action("Withdraw", () => app.party.change(() => app.swp.withdrawPartyInvite(app.party.current.id, player.id)), fail,
    { "aria-label": `Withdraw the invitation of ${player.display_name}` });
  const element = h("li", { class: "person mate", "data-asked": player.id }, person(player, h("span", { class: "mate-state" }, "Invited")),
    h("div", { class: "person-actions" }, withdraw), problem);
  return { element, update: () => (withdraw.hidden = !app.party.leads()) };
}

/** A friend who could come along. */
function guestRow(app, { player }) {
  const { element: problem, fail } = complaint();
  const status = h("span", {});
  const invite = action("Invite", async () => {
    await app.party.change(() => app.swp.inviteToParty(app.party.current.id, player.id));
    app.announce(`${player.display_name} is invited.`);
  }, fail, { "aria-label": `Invite ${player.display_name} to your party` });
  const element = h("li", { class: "person mate", "data-guest": player.id }, person(player, h("span", { class: "friend-line" }, presenceMark(), status)),
    h("div", { class: "person-actions" }, invite), problem);
  return { element, update({ presence }) {
    element.dataset.status = presence.status;
    say(status, presenceWords(presence));
  } };
}

export function partyPanel(app) {
  const { element: problem, fail } = complaint();
  const refused = h("div", {});
  const heading = h("h2", { id: "party-title", tabindex: "-1" }, "Play as a team");
  const facts = h("p", { class: "fine" });
  const members = h("ul", { class: "people" });
  const asked = h("ul", { class: "people" });
  const guests = h("ul", { class: "people guests" });
  const nobody = h("p", { class: "fine" });
  const showMembers = rowList(members, (line) => memberRow(app, line), heading);
  const showAsked = rowList(asked, (player) => askedRow(app, player), heading, ({ id }) => id);
  const showGuests = rowList(guests, (friend) => guestRow(app, friend), heading);
  const invite = h("details", { class: "party-invite" }, h("summary", {}, "Invite friends"), guests, nobody);
  const select = h("select", { id: "party-mode", name: "mode" });
  const choice = h("label", { class: "field", for: "party-mode" }, h("span", { class: "fine" }, "Which game?"), select);
  const find = action("Find match", () => app.queue(select.value), failSearch, { kind: "button button-main" });
  const waits = h("p", { class: "fine" });
  const lead = h("div", { class: "party-lead" }, choice, find, waits);
  const ready = action("I’m ready", () => app.party.change(() => app.swp.readyInParty(app.party.current.id, !isReady())), fail, { kind: "button button-main", "aria-pressed": "false" });
  const state = h("p", { class: "party-state" });
  const go = action("Go there", () => app.resume(), fail);
  const busy = h("div", { class: "row party-busy", role: "status" }, state, go);
  const leave = action("Leave the party", leaveParty, fail, { kind: "link" });
  const make = action("Make a party", async () => {
    await app.party.change(() => app.swp.createParty());
    app.announce("The party is made. Invite friends.");
    invite.open = true;
    heading.focus({ preventScroll: true });
  }, fail, { kind: "button" });
  const none = h("div", { class: "party-none" }, h("p", { class: "fine" }, "Make a party and invite friends: you search together, and are never split."), make);
  const some = h("div", { class: "party-some" }, members, asked, busy, ready, invite, lead, refused, leave);
  const element = h("section", { class: "panel party", "aria-labelledby": "party-title" }, h("div", { class: "panel-head" }, heading, facts), problem, none, some);
  let modes = [];
  let size = 0;
  app.modes().then((all) => {
    modes = all;
    size = 0;
    render();
  }, () => {});

  const isReady = () => Boolean(app.party.current?.members.find(({ player }) => player.id === app.me.id)?.ready);

  function failSearch(error) {
    refused.replaceChildren(error ? refusal(app, error) : "");
  }

  async function leaveParty() {
    if (app.party.current.members.length < 2) return app.party.leave();
    ask({ title: "Leave the party?", label: "Leave", keep: "Stay", bad: true, body: h("p", {}, "The others stay together. A search that is on ends."), act: () => app.party.leave() });
  }

  function chooseAmong(party) {
    if (party.members.length === size) return;
    size = party.members.length;
    const before = select.value;
    const fitting = gamesForParty(modes, size);
    select.replaceChildren(...fitting.map(({ key, name }) => h("option", { value: key, selected: key === before }, name)));
    // More than one want to play together.
    if (!fitting.some(({ key }) => key === before)) select.value = (fitting.find(({ team_size }) => team_size > 1) ?? fitting[0])?.key ?? "";
  }

  function render() {
    const party = app.party.current;
    none.hidden = Boolean(party);
    some.hidden = !party;
    const away = !party && some.contains(document.activeElement);
    say(heading, party ? "Your party" : "Play as a team");
    if (!party) {
      say(facts, "");
      if (away) heading.focus({ preventScroll: true });
      return;
    }
    const leads = app.party.leads();
    const others = party.members.filter(({ player }) => player.id !== party.leader_id);
    const idle = party.state === "open";
    const unready = others.filter((line) => !line.ready).map(({ player }) => player.display_name);
    say(facts, party.members.length > 1 ? `${party.members.length - unready.length} of ${party.members.length} ready` : "");
    showMembers(party.members);
    showAsked(party.invited);
    busy.hidden = idle;
    say(state, party.state === "queued" ? `Looking for ${app.modeName(party.mode ?? "")}…` : "A game is on.");
    ready.hidden = leads || !idle;
    ready.setAttribute("aria-pressed", String(isReady()));
    ready.className = isReady() ? "button" : "button button-main";
    say(ready, isReady() ? "Ready. Not yet after all?" : "I’m ready");
    lead.hidden = !leads || !idle;
    chooseAmong(party);
    const fits = select.options.length > 0;
    choice.hidden = !fits;
    find.hidden = !fits;
    find.disabled = unready.length > 0;
    say(waits, !fits && modes.length ? `No game here takes ${party.members.length} in one team.`
      : unready.length ? `${unready.join(", ")} ${unready.length === 1 ? "isn’t" : "aren’t"} ready yet.`
        : party.members.length === 1 && !party.invited.length ? "Alone so far: invite friends first, or search as you are." : "");
    invite.hidden = !leads || !idle;
    renderGuests();
  }

  function renderGuests() {
    const party = app.party.current;
    if (!party) return;
    const inside = new Set([...party.members.map(({ player }) => player.id), ...party.invited.map(({ id }) => id)]);
    const { friends, known } = app.circle.state;
    const free = friends.filter(({ player }) => !inside.has(player.id));
    const there = free.filter(({ presence }) => isThere(presence));
    showGuests(there);
    const away = free.length - there.length;
    say(nobody, !known || there.length ? (away ? `${many(away, "friend")} not here now.` : "")
      : friends.length ? (free.length ? "None of your friends is here now." : "All your friends are here already.") : "You have no friends here yet. ");
    if (known && !friends.length) nobody.append(h("a", { href: "#friends" }, "Find some"));
  }

  const stops = [app.party.follow(render), app.circle.follow(renderGuests)];
  return { element, focus: () => heading.focus({ preventScroll: true }), stop: () => stops.forEach((stop) => stop()) };
}

/** One line on the other screens: that there is a party, and how it stands. */
export function partyStrip(app, element, screen) {
  const words = h("span", {});
  const link = h("a", { href: "#" }, "To the party");
  element.append(words, link);
  const ELSEWHERE = new Set(["lobby", "waiting", "welcome", "loading"]);
  function update() {
    const party = app.party.current;
    element.hidden = !party || !screen() || ELSEWHERE.has(screen().name) || (screen().name === "game" && !screen().over());
    if (element.hidden) return;
    const ready = party.members.filter((line) => line.ready || line.player.id === party.leader_id).length;
    say(words, party.state === "queued" ? `Your party is looking for ${app.modeName(party.mode ?? "a game")}…`
      : party.state === "in_game" ? "Your party is in a game." : `Your party: ${ready} of ${many(party.members.length, "player")} ready.`);
    say(link, party.state === "open" ? "To the party" : "Go there");
  }
  app.party.follow(update);
  return { update };
}
