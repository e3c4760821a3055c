// A game that is over, or somebody else's: who played, what came out, what it did, and the log.
import { h, skeleton, trouble } from "./dom.js";
import { face } from "./faces.js";
import { isOver, mySeat, otherSeats, verdict } from "./game-state.js";
import { OUTCOMES, ago, plain } from "./format.js";
import { disputeForm } from "./dispute.js";
import { replayViewer } from "./replay.js";
import { standingsTable } from "./result.js";

export function playedScreen(app, id) {
  const body = h("div", { class: "page-body" });
  const title = h("h1", { id: "page-title", tabindex: "-1", "data-focus": true }, "A game");
  let game = null;
  let replay = null;
  let dispute = null;
  let gone = false;

  async function load() {
    if (!game) body.replaceChildren(skeleton(4));
    try {
      game = await app.swp.game(id);
      if (!gone) draw();
    } catch (error) {
      if (!gone) body.replaceChildren(error.status === 404 ? h("p", { class: "empty" }, "There is no such game, or it isn’t for you to see.") : trouble(error, load));
    }
  }

  function draw() {
    title.textContent = app.modeName(game.mode);
    replay ??= isOver(game) ? replayViewer(app, game) : null;
    dispute ??= mySeat(game, app.me.id) ? disputeForm(app, () => game) : null;
    dispute?.update(game);
    const seconds = game.started_at && game.finished_at ? Math.round((Date.parse(game.finished_at) - Date.parse(game.started_at)) / 1000) : null;
    const when = game.finished_at ?? game.created_at;
    const facts = [plain(game.status), game.result?.version > 0 && `result version ${game.result.version} by ${plain(game.result.reason ?? "")}`,
      seconds !== null && (seconds > 120 ? `${Math.round(seconds / 60)} minutes` : `${seconds} s`), game.rated ? "rated" : "not rated", ago(when, app.now())];
    const rivals = otherSeats(game, app.me.id);
    body.replaceChildren(
      h("p", { class: "lead" }, facts.filter(Boolean).join(" · ")),
      h("p", { class: "tags" }, (game.tags ?? []).map((tag) => h("span", { class: "tag", "data-tag": tag }, plain(tag)))),
      h("ul", { class: "roster" }, game.players.map((seat) => h("li", { "data-outcome": verdict(game, seat.player.id) ?? "none" }, face(seat.player.id),
        seat.player.bot ? h("span", {}, seat.player.display_name) : h("a", { href: `#player/${seat.player.id}` }, seat.player.id === app.me.id ? "You" : seat.player.display_name),
        h("span", { class: "verdict" }, OUTCOMES[verdict(game, seat.player.id)] ?? plain(seat.status))))),
      standingsTable(app, game) ?? "",
      rivals.length === 1 && !rivals[0].player.bot && mySeat(game, app.me.id) ? h("p", {}, h("a", { href: `#games?opponent=${rivals[0].player.id}` }, `All your games against ${rivals[0].player.display_name}`)) : "",
      dispute?.element ?? "",
      replay?.element ?? h("p", { class: "empty" }, "The game is still going on."));
  }

  load();
  return {
    name: "played", title: "A game", element: h("section", { class: "sheet page", "aria-labelledby": "page-title" }, title, body),
    event: (type, data) => (data.game_id === id) && load(),
    poll: () => game && !isOver(game) && load(),
    dispose: () => (gone = true),
  };
}
