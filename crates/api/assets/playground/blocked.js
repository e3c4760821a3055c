// Whom this player blocks, and the way back.
import { action, complaint, rowList } from "./controls.js";
import { h, say, trouble } from "./dom.js";
import { ago } from "./format.js";
import { handleOf, person } from "./friend-row.js";

export function blockedPlayers(app) {
  const heading = h("h2", { id: "blocked-title", tabindex: "-1" }, "Blocked");
  const list = h("ul", { class: "people" });
  const empty = h("p", { class: "empty", hidden: true });
  const foot = h("div", {});
  const show = rowList(list, blockRow, heading);
  let items = [];

  function blockRow({ player, since }) {
    const { element: problem, fail } = complaint();
    const lift = async () => {
      await app.swp.unblock(player.id);
      app.announce(`${player.display_name} is not blocked any more.`);
      await load();
    };
    return { element: h("li", { class: "person", "data-player": player.id },
      person(player, h("span", { class: "fine" }, `${handleOf(player)} · ${ago(since, app.now())}`)),
      h("div", { class: "person-actions" }, action("Unblock", lift, fail, { "aria-label": `Unblock ${player.display_name}` })), problem) };
  }

  async function load(cursor = null) {
    try {
      const page = await app.swp.blocks({ cursor });
      items = cursor ? [...items, ...page.items] : page.items;
      show(items);
      say(empty, items.length ? "" : "Nobody. Whom you block finds you nowhere and can’t invite you; the menu behind a friend or a request has it.");
      empty.hidden = items.length > 0;
      foot.replaceChildren(page.next_cursor ? h("button", { type: "button", class: "button", onclick: () => load(page.next_cursor) }, "Load more") : "");
    } catch (error) {
      foot.replaceChildren(trouble(error, () => load(cursor)));
    }
  }

  load();
  return { load: () => load(), element: h("section", { class: "panel", "aria-labelledby": "blocked-title" }, heading, empty, list, foot) };
}
