// What one has played, newest first, a page at a time.
import { h, skeleton, trouble } from "./dom.js";
import { face } from "./faces.js";
import { mySeat, otherSeat, verdict } from "./game-state.js";

const PAGE = 5;
const WORDS = { win: "Won", loss: "Lost", draw: "Draw" };

export function historyPanel(app) {
  const list = h("ol", { class: "history", id: "history" });
  const foot = h("div", { class: "history-foot" });
  const element = h("section", { class: "lobby-history", "aria-labelledby": "history-title" },
    h("h2", { id: "history-title" }, "Your games"), list, foot);
  let round = 0;

  async function load(cursor = null) {
    const mine = cursor ? round : ++round; // a newer first page makes older answers moot
    foot.replaceChildren(skeleton(cursor ? 1 : 3));
    try {
      const page = await app.swp.history(app.me.id, { cursor, limit: PAGE });
      if (mine !== round) return;
      const rows = page.items.map(row);
      cursor ? list.append(...rows) : list.replaceChildren(...rows);
      foot.replaceChildren();
      if (page.next_cursor) {
        foot.append(h("button", { type: "button", class: "button", onclick: async () => {
          await load(page.next_cursor);
          rows.at(-1)?.nextElementSibling?.focus();
        } }, "Load more"));
      } else if (!list.childElementCount) {
        foot.append(h("p", { class: "empty" }, "No games yet. The first one will stand here."));
      }
    } catch (error) {
      if (mine === round) foot.replaceChildren(trouble(error, () => load(cursor)));
    }
  }

  function row(game) {
    const outcome = verdict(game, app.me.id);
    const me = mySeat(game, app.me.id);
    const other = otherSeat(game, app.me.id);
    const score = Number.isFinite(me?.score) && Number.isFinite(other?.score) ? `${me.score} : ${other.score}` : "";
    const facts = [app.modeName(game.mode), score, game.result?.version > 0 ? `v${game.result.version} ${game.result.status}` : game.status.replaceAll("_", " ")];
    return h("li", { class: "history-row", tabindex: "-1", "data-outcome": outcome ?? "none", "data-game": game.id },
      h("span", { class: "verdict" }, WORDS[outcome] ?? "No result"),
      other && face(other.player.id),
      h("span", { class: "history-words" },
        h("span", { class: "history-name" }, other ? other.player.display_name : "Solo"),
        h("span", { class: "fine" }, facts.filter(Boolean).join(" · "))),
      h("time", { class: "fine", datetime: game.finished_at ?? game.created_at }, ago(game.finished_at ?? game.created_at, app.now())));
  }

  load();
  return { element, load: () => load() };
}

function ago(time, now) {
  const seconds = (Date.parse(time) - now) / 1000;
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
  if (seconds > -45) return "just now";
  if (seconds > -3600) return words.format(Math.round(seconds / 60), "minute");
  if (seconds > -86_400) return words.format(Math.round(seconds / 3600), "hour");
  return words.format(Math.round(seconds / 86_400), "day");
}
