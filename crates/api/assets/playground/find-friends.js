// Finding people: by the beginning of a handle while it is typed, or by all of it.
import { action, complaint, rowList } from "./controls.js";
import { h, say } from "./dom.js";
import { many } from "./format.js";
import { handleOf, person } from "./friend-row.js";

const TYPING_MS = 250, SHORTEST = 2, SHOWN = 8;
const FORM = /^[a-z][a-z0-9_]*$/;
const STANDING = { self: "That’s you", friends: "Friends", outgoing: "Asked" };

/** What lies between oneself and a player, as a button where there is something to do, else as words. */
export function bondButton(app, player, fail) {
  const place = h("span", { class: "bond" });
  let shown = null;
  const update = () => {
    const standing = app.circle.standing(player.id);
    if (standing === shown) return;
    const focused = place.contains(document.activeElement);
    shown = standing;
    place.dataset.standing = standing;
    if (STANDING[standing]) place.replaceChildren(h("span", { class: "tag", tabindex: focused ? "-1" : null }, STANDING[standing]));
    else if (standing === "incoming") {
      place.replaceChildren(action("Accept", () => app.circle.change(() => app.swp.acceptFriend(player.id)), fail,
        { kind: "button button-main", "aria-label": `Accept ${player.display_name}` }));
    } else {
      place.replaceChildren(action("Add friend", () => befriend(app, { playerId: player.id }, player.display_name), fail,
        { "aria-label": `Add ${player.display_name} as a friend` }));
    }
    if (focused) place.firstElementChild.focus({ preventScroll: true });
  };
  return { element: place, update };
}

async function befriend(app, whom, name) {
  const { state } = await app.circle.change(() => app.swp.requestFriend(whom));
  // New friends are announced by their event.
  if (state !== "friends") app.announce(`${name} is asked.`);
  return state;
}

export function findFriends(app) {
  const { element: problem, fail } = complaint();
  const status = h("p", { class: "fine", role: "status" });
  const list = h("ul", { class: "people" });
  const go = h("button", { type: "submit", class: "button" }, "Ask");
  const heading = h("h2", { id: "find-title", tabindex: "-1" }, "Add a friend");
  const show = rowList(list, resultRow, heading, ({ id }) => id);
  const input = h("input", {
    id: "find", type: "search", maxlength: "25", autocomplete: "off", autocapitalize: "none", spellcheck: "false",
    placeholder: "ada_l", "aria-describedby": "find-hint", oninput: typed, onkeydown: (event) => event.key === "ArrowDown" && step(event, 1),
  });
  let found = [];
  let timer;
  let round = 0;

  const wanted = () => input.value.trim().replace(/^@/, "").toLowerCase();

  function resultRow(player) {
    const line = complaint();
    const bond = bondButton(app, player, line.fail);
    const element = h("li", { class: "person", "data-player": player.id }, person(player, h("span", { class: "fine" }, handleOf(player))),
      h("div", { class: "person-actions" }, bond.element), line.element);
    return { element, update: bond.update };
  }

  function typed() {
    clearTimeout(timer);
    round += 1; // an answer to what stood there before comes too late
    fail(null);
    const prefix = wanted();
    if (prefix.length >= SHORTEST && FORM.test(prefix)) {
      timer = setTimeout(() => search(prefix, round), TYPING_MS);
      return;
    }
    found = [];
    render();
    say(status, prefix && !FORM.test(prefix) ? "A handle is made of a to z, 0 to 9 and _, a letter first." : "");
  }

  async function search(prefix, mine) {
    try {
      const { items, next_cursor: more } = await app.swp.searchPlayers(prefix, { limit: SHOWN });
      if (mine !== round) return;
      found = items;
      render();
      say(status, items.length ? `${many(items.length, "player")} found${more ? ", and more: type on" : ""}.` : `No handle begins with “${prefix}”. Guests have none; send them a link instead.`);
    } catch (error) {
      if (mine === round) fail(error);
    }
  }

  const render = () => show(found);

  // Up and down go through the results as in any list of suggestions; Tab does, too.
  function step(event, by) {
    const stops = [input, ...list.querySelectorAll("button")];
    const next = stops[stops.indexOf(document.activeElement) + by];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
  list.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event, event.key === "ArrowDown" ? 1 : -1);
  });

  async function askExact(event) {
    event.preventDefault();
    const handle = wanted();
    if (!handle) return input.focus();
    go.disabled = true;
    fail(null);
    try {
      const state = await befriend(app, { handle }, `@${handle}`);
      say(status, state === "friends" ? `You and @${handle} are friends now.` : `@${handle} is asked.`);
      input.value = "";
      found = [];
      round += 1;
      clearTimeout(timer);
      render();
    } catch (error) {
      fail(error);
    }
    go.disabled = false;
    input.focus();
  }

  const element = h("section", { class: "panel", "aria-labelledby": "find-title" }, heading,
    h("form", { class: "find", role: "search", onsubmit: askExact },
      h("label", { for: "find" }, "Their handle"), h("div", { class: "find-line" }, input, go),
      h("p", { class: "fine", id: "find-hint" }, "Type the beginning and choose, or all of it and press Ask.")),
    problem, status, list);
  return { element, update: render };
}
