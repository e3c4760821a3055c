// Requests for friendship: those to answer, and those that wait for others.
import { action, complaint, menu, rowList } from "./controls.js";
import { h, say } from "./dom.js";
import { ago, many } from "./format.js";
import { askToBlock, handleOf, person } from "./friend-row.js";

const facts = (app, { player, requested_at: at }) => h("span", { class: "fine" }, `${handleOf(player)} · asked ${ago(at, app.now())}`);

function incomingRow(app, request) {
  const { player } = request;
  const { element: problem, fail } = complaint();
  const answer = (call) => () => app.circle.change(() => call(player.id));
  const element = h("li", { class: "person request", "data-player": player.id }, person(player, facts(app, request)),
    h("div", { class: "person-actions" },
      action("Accept", answer((id) => app.swp.acceptFriend(id)), fail, { kind: "button button-main", "aria-label": `Accept ${player.display_name}` }),
      action("Decline", answer((id) => app.swp.declineFriend(id)), fail, { "aria-label": `Decline ${player.display_name}` }),
      menu(`More about ${player.display_name}`, [["Block…", () => askToBlock(app, player), true]])),
    problem);
  return { element };
}

function outgoingRow(app, request) {
  const { player } = request;
  const { element: problem, fail } = complaint();
  const cancel = async () => {
    await app.circle.change(() => app.swp.cancelFriendRequest(player.id));
    app.announce(`Your request to ${player.display_name} is taken back.`);
  };
  const element = h("li", { class: "person request", "data-player": player.id }, person(player, facts(app, request)),
    h("div", { class: "person-actions" }, action("Take back", cancel, fail, { "aria-label": `Take back the request to ${player.display_name}` })), problem);
  return { element };
}

/** Two sections that are there only while something is in them. */
export function requestSections(app) {
  const section = (id, make) => {
    const heading = h("h2", { id, tabindex: "-1" });
    const list = h("ul", { class: "people" });
    const element = h("section", { class: "panel", "aria-labelledby": id }, heading, list);
    const show = rowList(list, make, heading);
    return { element, update(items, words) {
      // An empty section keeps the focus that was in it from falling to the page's start.
      if (!items.length && element.contains(document.activeElement)) document.getElementById("page-title")?.focus({ preventScroll: true });
      element.hidden = items.length === 0;
      show(items);
      say(heading, words);
    } };
  };
  const incoming = section("incoming-title", (request) => incomingRow(app, request));
  const outgoing = section("outgoing-title", (request) => outgoingRow(app, request));
  return {
    incoming: incoming.element, outgoing: outgoing.element,
    update(state) {
      incoming.update(state.incoming, `${many(state.incoming.length, "person wants", "people want")} to be friends`);
      outgoing.update(state.outgoing, `You asked ${many(state.outgoing.length, "person", "people")}`);
    },
  };
}
