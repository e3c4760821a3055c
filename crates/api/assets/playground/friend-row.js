// One friend in a list: who, whether they are there, and what one can do about it.
import { challenge, gamesForTwo, modeChoice } from "./challenge.js";
import { action, ask, complaint, menu, rowList } from "./controls.js";
import { h, say } from "./dom.js";
import { face } from "./faces.js";
import { many } from "./format.js";
import { isThere, presenceMark, presenceWords } from "./presence.js";

/** A player's face and name, the same in every list. */
export function person(player, ...lines) {
  return [face(player.id), h("div", { class: "person-words" },
    h("a", { class: "person-name", href: `#player/${player.id}` }, player.display_name), ...lines)];
}

export const handleOf = (player) => (player.handle ? `@${player.handle}` : "Guest");

/** Asks which game, then for it. */
async function inviteToGame(app, player) {
  const modes = gamesForTwo(await app.modes());
  const select = modeChoice("invite-mode", modes);
  ask({
    title: `Play with ${player.display_name}`, label: "Invite",
    body: h("label", { class: "field", for: "invite-mode" }, h("span", { class: "fine" }, "Which game?"), select),
    act: () => challenge(app, select.value, player.id),
  });
}

/** `then` is for screens that are about that player. */
export function askToBlock(app, player, then) {
  ask({
    title: `Block ${player.display_name}?`, label: "Block", bad: true,
    body: h("p", {}, "Friendship, requests and invitations between you end, and neither finds the other any more. They are not told."),
    act: async () => {
      await app.circle.change(() => app.swp.block(player.id));
      app.announce(`${player.display_name} is blocked.`);
      then?.();
    },
  });
}

function askToUnfriend(app, player) {
  ask({
    title: `Remove ${player.display_name} from your friends?`, label: "Remove", bad: true,
    body: h("p", {}, "They are not told. Either of you can ask again later."),
    act: async () => {
      await app.circle.change(() => app.swp.unfriend(player.id));
      app.announce(`${player.display_name} is no longer among your friends.`);
    },
  });
}

function editNote(app, { player, note }) {
  const text = h("textarea", { id: "friend-note", name: "note", rows: "3", maxlength: "500" });
  text.value = note ?? "";
  ask({
    title: `Your note about ${player.display_name}`, label: "Keep it",
    body: h("label", { class: "field", for: "friend-note" }, h("span", { class: "fine" }, "Only you see it. Leave it empty for none."), text),
    act: async () => {
      await app.circle.change(() => app.swp.noteFriend(player.id, text.value.trim() || null));
      app.announce("Noted.");
    },
  });
}

/** A row for the list of friends, or for the lobby's short one. */
export function friendRow(app, first, { short = false } = {}) {
  let friend = first;
  const { player } = first;
  const problem = complaint();
  const status = h("span", { class: "presence" });
  const facts = h("span", { class: "fine" });
  const note = h("p", { class: "friend-note" });
  const invite = action("Invite", () => inviteToGame(app, friend.player), problem.fail, { "aria-label": `Invite ${player.display_name} to a game` });
  const join = action("Join", async () => app.play(await app.swp.takeSeat(friend.presence.game_id)), problem.fail,
    { "aria-label": `Join the game of ${player.display_name}` });
  const more = short ? null : menu(`More about ${player.display_name}`, [
    ["Note…", () => editNote(app, friend)],
    ["Remove friend…", () => askToUnfriend(app, friend.player), true],
    ["Block…", () => askToBlock(app, friend.player), true]]);
  const element = h("li", { class: short ? "person friend friend-short" : "person friend", "data-player": player.id },
    person(player, h("span", { class: "friend-line" }, presenceMark(), status), !short && facts, !short && note),
    h("div", { class: "person-actions" }, join, invite, more), problem.element);

  function update(next) {
    friend = next;
    element.dataset.status = next.presence.status;
    say(element.querySelector(".person-name"), next.player.display_name);
    say(status, presenceWords(next.presence));
    say(facts, [handleOf(next.player), next.games_together > 0 && `${many(next.games_together, "game")} together`].filter(Boolean).join(" · "));
    say(note, next.note ?? "");
    note.hidden = !next.note;
    // In the short list only those who could come now.
    invite.hidden = next.presence.joinable || (short && !isThere(next.presence));
    join.hidden = !next.presence.joinable;
  }
  update(first);
  return { element, update };
}

/** The panel of the lobby: those who are there, first. */
export function friendsAtHand(app) {
  const MOST = 8;
  const list = h("ul", { class: "people" });
  const heading = h("h2", { id: "at-hand-title", tabindex: "-1" }, "Friends");
  const foot = h("p", { class: "empty" });
  const all = h("a", { class: "fine", href: "#friends" });
  const show = rowList(list, (friend) => friendRow(app, friend, { short: true }), heading);
  const stop = app.circle.follow(({ known, error, friends, incoming }) => {
    show(friends.slice(0, MOST));
    foot.hidden = friends.length > 0 || (!known && !error);
    say(foot, known ? "Nobody yet. Find people by their handle, or send them a link that makes you friends." : "Your friends can’t be read just now.");
    say(all, incoming.length ? `${many(incoming.length, "request waits", "requests wait")} for your answer`
      : friends.length > MOST ? `All ${friends.length} friends` : friends.length ? "Requests, links and more" : "Find friends");
  });
  return { element: h("section", { class: "at-hand", "aria-labelledby": "at-hand-title" }, heading, list, foot, all), stop };
}
