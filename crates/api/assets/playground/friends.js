// The page of friends: who is there, who asks, how to find more, links, and whom one wants nothing to do with.
import { blockedPlayers } from "./blocked.js";
import { rowList } from "./controls.js";
import { h, say, skeleton, trouble } from "./dom.js";
import { findFriends } from "./find-friends.js";
import { friendLinks } from "./friend-links.js";
import { friendRow } from "./friend-row.js";
import { isThere } from "./presence.js";
import { requestSections } from "./requests.js";

export function friendsScreen(app, notice) {
  const heading = h("h2", { id: "friends-title", tabindex: "-1" }, "Your friends");
  const there = h("p", { class: "fine" });
  const list = h("ul", { class: "people" });
  const foot = h("div", {});
  const show = rowList(list, (friend) => friendRow(app, friend), heading);
  const requests = requestSections(app);
  const find = findFriends(app);
  const links = friendLinks(app);
  const blocked = blockedPlayers(app);
  let { reads } = app.circle.state; // these two read themselves at first

  function render(state) {
    const { known, error, friends } = state;
    requests.update(state);
    find.update();
    show(friends);
    const online = friends.filter(({ presence }) => isThere(presence)).length;
    say(there, friends.length ? `${online} of ${friends.length} here now` : "");
    if (!known) foot.replaceChildren(error ? trouble(error, () => app.circle.load()) : skeleton(3));
    else foot.replaceChildren(friends.length ? "" : h("p", { class: "empty" }, "Nobody yet. Find somebody by their handle, or make a link and send it: whoever opens it becomes your friend."));
    // What changes friends changes these, too: a link is used up, somebody who asked is blocked.
    if (state.reads === reads) return;
    reads = state.reads;
    links.load();
    blocked.load();
  }

  const guest = app.me.guest && h("p", { class: "notice" }, h("span", {},
    "You are a guest of this tab: nobody can find you by name. ", h("a", { href: "#account" }, "Choose a handle"),
    " and friends can, from any device; or send them a link."));
  const element = h("section", { class: "friends-page", "aria-labelledby": "page-title" },
    h("header", { class: "page-head" }, h("h1", { id: "page-title", tabindex: "-1", "data-focus": true }, "Friends"),
      h("a", { href: "#account" }, "Account and privacy")),
    notice && h("p", { class: "notice", role: "status" }, notice), guest,
    h("div", { class: "friends-columns" },
      h("div", { class: "friends-column" }, requests.incoming,
        h("section", { class: "panel", "aria-labelledby": "friends-title" }, h("div", { class: "panel-head" }, heading, there), list, foot),
        find.element, requests.outgoing),
      h("div", { class: "friends-column" }, links.element, blocked.element)));
  const stop = app.circle.follow(render);
  return { name: "friends", title: "Friends", element, dispose: stop };
}
