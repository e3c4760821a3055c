// What a player has played, newest first, a page at a time: the last few in the lobby, all with filters on a page.
import { h, skeleton, trouble } from "./dom.js";
import { face } from "./faces.js";
import { mySeat, otherSeats, verdict } from "./game-state.js";
import { OUTCOMES, ago, change, listed, plain } from "./format.js";

const RECENT = 5, PAGE = 20;

/** One game as this player's history shows it. */
function row(app, player, game) {
  const outcome = verdict(game, player);
  const mine = mySeat(game, player);
  const others = otherSeats(game, player);
  const score = Number.isFinite(mine?.score) ? [mine, ...others].map((seat) => seat.score ?? "–").join(" : ") : "";
  const counts = game.status === "settled" ? "" : plain(game.status);
  const rated = Number.isFinite(mine?.rating_after) ? change(mine.rating_before, mine.rating_after) : "";
  const marks = (game.tags ?? []).filter((tag) => tag === "amended").map(plain);
  const facts = [app.modeName(game.mode), score, rated, counts, ...marks];
  const when = game.finished_at ?? game.created_at;
  return h("li", { class: "history-row", "data-outcome": outcome ?? "none", "data-status": game.status, "data-game": game.id },
    h("span", { class: "verdict" }, OUTCOMES[outcome] ?? (others.length ? "No result" : "Solo")),
    face((others[0] ?? mine)?.player.id ?? ""),
    h("span", { class: "history-words" },
      h("a", { class: "history-name", href: `#game/${game.id}` }, others.length ? listed(others.map(({ player: it }) => it.display_name)) : "Alone"),
      h("span", { class: "fine" }, facts.filter(Boolean).join(" · "))),
    h("time", { class: "fine", datetime: when }, ago(when, app.now())));
}

/** A list that loads page by page; `query()` is read anew with each first page. */
function gameList(app, { player, limit, query = () => ({}), nothing }) {
  const list = h("ol", { class: "history", id: "history" });
  const foot = h("div", { class: "history-foot" });
  let round = 0;

  async function load(cursor = null) {
    const mine = cursor ? round : ++round; // a newer first page makes older answers moot
    if (cursor || !list.childElementCount) foot.replaceChildren(skeleton(cursor ? 1 : 3));
    try {
      const page = await app.swp.history(player, { ...query(), cursor, limit });
      if (mine !== round) return;
      const rows = page.items.map((game) => row(app, player, game));
      cursor ? list.append(...rows) : list.replaceChildren(...rows);
      foot.replaceChildren();
      if (page.next_cursor) {
        foot.append(h("button", { type: "button", class: "button", onclick: async () => {
          await load(page.next_cursor);
          rows.at(-1)?.nextElementSibling?.querySelector("a")?.focus();
        } }, "Load more"));
      } else if (!list.childElementCount) {
        foot.append(h("p", { class: "empty" }, nothing()));
      }
    } catch (error) {
      if (mine !== round) return;
      if (!cursor) list.replaceChildren();
      foot.replaceChildren(error.status === 403 ? h("p", { class: "empty" }, error.message) : trouble(error, () => load(cursor)));
    }
  }

  return { elements: [list, foot], load: () => load() };
}

/** The panel of the lobby. */
export function recentGames(app) {
  const games = gameList(app, { player: app.me.id, limit: RECENT, nothing: () => "No games yet. The first one will stand here." });
  games.load();
  return {
    load: games.load,
    element: h("section", { class: "lobby-history", "aria-labelledby": "history-title" },
      h("h2", { id: "history-title" }, "Your games"), ...games.elements,
      h("a", { class: "fine", href: "#games" }, "All games, with filters")),
  };
}

const FILTERS = [
  ["result", "Result", [["", "Any"], ["win", "Won"], ["loss", "Lost"], ["draw", "Draw"]]],
  ["rated", "Counts", [["", "All"], ["true", "Rated"], ["false", "Not rated"]]],
  ["tag", "Kind", [["", "All"], ["matched", "Quick Match"], ["private", "Private"], ["rematch", "Rematch"], ["solo", "Alone"], ["practice", "Practice"], ["abandoned", "Left early"], ["claimed", "Claimed"], ["voided", "Voided"], ["amended", "Corrected"]]],
];

/** Everything a player played; the filters stand in the address, so that a link shows the same. */
export function historyScreen(app, parameters, other = null) {
  const player = parameters.get("player") ?? app.me.id;
  const filters = h("form", { class: "filters", "aria-label": "Filters", onchange: changed, onsubmit: (event) => event.preventDefault() });
  const rival = parameters.get("opponent");
  const games = gameList(app, { player, limit: PAGE, query, nothing: () => (Object.keys(query()).length ? "No game is like that." : "No games yet.") });
  const field = (name, label, control) => h("label", { class: "field" }, h("span", { class: "fine" }, label), Object.assign(control, { name }));
  const choice = (options, value) => h("select", {}, options.map(([key, label]) => h("option", { value: key, selected: key === (value ?? "") }, label)));

  function query() {
    const data = Object.fromEntries([...new FormData(filters)].filter(([, value]) => value !== ""));
    if (rival) data.opponent = rival;
    // Days are the reader's; the server compares times.
    if (data.since) data.since = new Date(`${data.since}T00:00`).toISOString();
    if (data.until) data.until = new Date(Date.parse(`${data.until}T00:00`) + 86_400_000).toISOString();
    return data;
  }

  function changed() {
    const kept = new URLSearchParams([...new FormData(filters)].filter(([, value]) => value !== ""));
    if (rival) kept.set("opponent", rival);
    if (player !== app.me.id) kept.set("player", player);
    app.rewrite(kept.size ? `#games?${kept}` : "#games");
    games.load();
  }

  function draw(modes) {
    filters.replaceChildren(
      field("mode", "Game", choice([["", "All"], ...modes.map(({ key, name }) => [key, name])], parameters.get("mode"))),
      ...FILTERS.map(([name, label, options]) => field(name, label, choice(options, parameters.get(name)))),
      field("since", "From", h("input", { type: "date", value: parameters.get("since") })),
      field("until", "To", h("input", { type: "date", value: parameters.get("until") })));
    games.load();
  }
  app.modes().then(draw, () => draw([]));

  const whose = player === app.me.id ? "Your games" : `Games of ${other?.display_name ?? "this player"}`;
  const element = h("section", { class: "sheet page", "aria-labelledby": "page-title" },
    h("h1", { id: "page-title", tabindex: "-1", "data-focus": true }, whose),
    rival && h("p", { class: "fine" }, "Only games against one player. ", h("a", { href: "#games" }, "Show all")),
    filters, ...games.elements);
  return { name: "games", title: whose, element, event: (type) => (type === "game.settled" || type === "game.voided" || type === "rating.changed") && games.load() };
}
