// A leaderboard: the top, or the lines around one's own.
import { h, skeleton, trouble } from "./dom.js";
import { face } from "./faces.js";
import { figure, many, plain } from "./format.js";

const METRICS = { rating: "Rating", wins: "Wins", best_score: "Best score", streak: "Longest streak", sum: "Points in all" };
const PAGE = 20;

export function leaderboardScreen(app, wanted, parameters) {
  const controls = h("form", { class: "filters", "aria-label": "Which board", onchange: changed, onsubmit: (event) => event.preventDefault() });
  const own = h("p", { class: "lead", role: "status" });
  const lines = h("tbody", {});
  const value = h("th", { scope: "col" });
  const table = h("table", { class: "ranking" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Rank"), h("th", { scope: "col" }, "Player"), value, h("th", { scope: "col" }, "Games"))), lines);
  const foot = h("div", { class: "history-foot" });
  let boards = [];
  let chosen = { mode: wanted, metric: parameters.get("metric"), season: parameters.get("season"), around: parameters.get("around") };
  let round = 0;

  const select = (name, label, options) => h("label", { class: "field" }, h("span", { class: "fine" }, label),
    h("select", { name }, options.map(([key, words]) => h("option", { value: key, selected: key === (chosen[name] ?? "") }, words))));

  async function begin() {
    foot.replaceChildren(skeleton(5));
    try {
      boards = (await app.swp.leaderboards()).items;
      await app.modes().catch(() => {}); // their names, if they can be had
      choose({});
    } catch (error) {
      foot.replaceChildren(trouble(error, begin));
    }
  }

  function choose(next) {
    chosen = { ...chosen, ...next };
    const board = boards.find(({ mode }) => mode === chosen.mode) ?? boards.find(({ mode }) => mode === "tic_tac_toe") ?? boards[0];
    if (!board) return foot.replaceChildren(h("p", { class: "empty" }, "There are no leaderboards here."));
    chosen.mode = board.mode;
    if (!board.metrics.includes(chosen.metric)) chosen.metric = board.metric;
    if (!board.seasons.some(({ season }) => season === chosen.season)) chosen.season = null;
    controls.replaceChildren(
      select("mode", "Game", boards.map(({ mode }) => [mode, app.modeName(mode)])),
      select("metric", "By", board.metrics.map((key) => [key, METRICS[key] ?? plain(key)])),
      select("season", "Season", [["", "All time"], ...board.seasons.map(({ season, closed_at }) => [season, closed_at ? season : `${season}, running`])]),
      select("around", "Show", [["", "The top"], ["me", "Around me"]]));
    load();
  }

  function changed({ target }) {
    const focused = target.name;
    choose({ [focused]: target.value || null });
    const kept = new URLSearchParams(Object.entries(chosen).filter(([key, its]) => key !== "mode" && its));
    app.rewrite(`#board/${chosen.mode}${kept.size ? `?${kept}` : ""}`);
    controls.elements[focused].focus();
  }

  async function load(cursor = null) {
    const mine = cursor ? round : ++round;
    const { mode, metric, season, around } = chosen;
    if (cursor || !lines.childElementCount) foot.replaceChildren(skeleton(3));
    try {
      const page = await app.swp.leaderboard(mode, { metric, season, around, cursor, limit: PAGE });
      if (mine !== round) return;
      value.textContent = METRICS[metric] ?? plain(metric);
      const rows = page.items.map(line);
      cursor ? lines.append(...rows) : lines.replaceChildren(...rows);
      table.hidden = !lines.childElementCount;
      own.textContent = standing(page);
      foot.replaceChildren(page.next_cursor ? h("button", { type: "button", class: "button", onclick: () => load(page.next_cursor) }, "Load more") : "",
        lines.childElementCount ? "" : h("p", { class: "empty" }, around ? "You aren’t on this board yet. Play a game that counts." : "Nobody is on this board yet."));
    } catch (error) {
      if (mine === round) foot.replaceChildren(trouble(error, () => load(cursor)));
    }
  }

  function standing({ me, total }) {
    if (!me) return total ? `${many(total, "player")} on this board; you aren’t yet.` : "";
    const top = total >= 10 ? `, in the top ${Math.ceil((me.rank / total) * 100)} %` : "";
    return `You are ${me.tied ? "shared " : ""}number ${me.rank} of ${total}${top}.`;
  }

  function line({ rank, player, value: its, games, tied }) {
    const mine = player.id === app.me.id;
    return h("tr", { "data-mine": mine || undefined },
      h("td", { class: "rank" }, tied ? `=${rank}` : rank),
      h("th", { scope: "row" }, h("span", { class: "ranked" }, face(player.id), h("a", { href: `#player/${player.id}` }, mine ? `${player.display_name} (you)` : player.display_name))),
      h("td", {}, figure(its)), h("td", {}, games));
  }

  begin();
  const element = h("section", { class: "sheet page", "aria-labelledby": "page-title" },
    h("h1", { id: "page-title", tabindex: "-1", "data-focus": true }, "Leaderboards"), controls, own, table, foot);
  return { name: "board", title: "Leaderboards", element, event: (type) => type === "rating.changed" && boards.length && load() };
}
