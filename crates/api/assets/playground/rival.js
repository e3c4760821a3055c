// One player: ratings and stats, what lies between the two of you, and asking for a game.
import { challenge, gamesForTwo, modeChoice } from "./challenge.js";
import { complaint, menu } from "./controls.js";
import { h, skeleton, trouble } from "./dom.js";
import { face } from "./faces.js";
import { bondButton } from "./find-friends.js";
import { OUTCOMES, figure, many, rating } from "./format.js";
import { askToBlock } from "./friend-row.js";

export function playerScreen(app, id) {
  const mine = id === app.me.id;
  const title = h("h1", { id: "page-title", tabindex: "-1", "data-focus": true }, mine ? app.me.display_name : "A player");
  const body = h("div", { class: "page-body" });
  const bond = bondLine();
  let gone = false;

  async function load() {
    body.replaceChildren(skeleton(4));
    try {
      const { swp } = app;
      // Stats may be kept private; the rest of the page stands without them.
      const hidden = (error) => {
        if (error.status === 403) return null;
        throw error;
      };
      const [player, stats, ratings, between, modes] = await Promise.all([
        mine ? app.me : swp.profile(id), swp.stats(id).catch(hidden), swp.ratings(id).catch(hidden),
        mine ? null : swp.headToHead(app.me.id, id).catch(hidden), app.modes().catch(() => [])]);
      if (gone) return;
      title.replaceChildren(player.display_name);
      app.setTitle(player.display_name);
      body.replaceChildren(...[head(player), !mine && bond.of(player), mine && h("p", {}, h("a", { href: "#account" }, "Account and privacy")), between && headToHead(player, between), invitation(player, modes), table(stats, ratings?.items ?? [])].filter(Boolean));
    } catch (error) {
      if (!gone) body.replaceChildren(error.status === 404 ? h("p", { class: "empty" }, "There is no such player.") : trouble(error, load));
    }
  }

  const head = (player) => h("div", { class: "player-head" }, face(player.id),
    h("p", { class: "fine" }, [player.handle ? `@${player.handle}` : "Guest", `here since ${new Date(player.created_at).toLocaleDateString(undefined, { dateStyle: "medium" })}`].join(" · ")));

  /** Friendship: asked for, answered, or closed to this player. */
  function bondLine() {
    const { element: problem, fail } = complaint();
    let button = null;
    return {
      stop: app.circle.follow(() => button?.update()),
      of(player) {
        button = bondButton(app, player, fail);
        button.update();
        return h("div", { class: "row bond-row" }, button.element,
          menu(`More about ${player.display_name}`, [["Block…", () => askToBlock(app, player, () => location.assign("#friends")), true]]), problem);
      },
    };
  }

  function headToHead(player, { games, wins, losses, draws, streak, last }) {
    const run = Math.abs(streak) > 1 ? `${streak > 0 ? "You" : player.display_name} won the last ${Math.abs(streak)}.` : "";
    return h("section", { class: "between", "aria-labelledby": "between-title" }, h("h2", { id: "between-title" }, "Between the two of you"),
      games === 0 ? h("p", { class: "empty" }, "You have not played each other yet.") : [
        h("p", { class: "between-score" }, h("strong", {}, String(wins)), h("span", {}, " : "), h("strong", {}, String(losses))),
        h("p", { class: "fine" }, [many(games, "game"), draws && many(draws, "draw"), run].filter(Boolean).join(" · ")),
        h("p", {}, h("a", { href: `#games?opponent=${player.id}` }, "Those games"), last && [" · ", h("a", { href: `#game/${last.id}` }, `the last one: ${app.modeName(last.mode)}`)])]);
  }

  function invitation(player, modes) {
    const offered = gamesForTwo(modes);
    if (mine || !offered.length) return null;
    const problem = h("div", {});
    const select = modeChoice("challenge-mode", offered);
    const go = h("button", { type: "submit", class: "button button-main" }, "Invite");
    return h("form", { class: "challenge", onsubmit: async (event) => {
      event.preventDefault();
      go.disabled = true;
      problem.replaceChildren();
      try {
        await challenge(app, select.value, player.id);
      } catch (error) {
        problem.replaceChildren(trouble(error));
      }
      go.disabled = false;
    } }, h("label", { for: "challenge-mode" }, `Play ${player.display_name}:`), select, go, problem);
  }

  function table(stats, ratings) {
    if (!stats) return h("p", { class: "empty" }, "This player keeps stats private.");
    if (!stats.games) return h("p", { class: "empty" }, mine ? "No games yet." : "No games that count yet.");
    const rated = new Map(ratings.map((line) => [line.mode, line]));
    return h("section", { "aria-labelledby": "stats-title" }, h("h2", { id: "stats-title" }, "Games that count"),
      h("p", { class: "lead" }, `${many(stats.games, "game")}: ${many(stats.wins, "win")}, ${many(stats.losses, "loss", "losses")}, ${many(stats.draws, "draw")}. Longest streak: ${stats.streak.best}.`),
      h("div", { class: "scroll" }, h("table", { class: "ranking" },
        h("thead", {}, h("tr", {}, ["Game", "Won", "Lost", "Rating", "Form"].map((words) => h("th", { scope: "col" }, words)))),
        h("tbody", {}, Object.entries(stats.by_mode).map(([mode, its]) => {
          const line = rated.get(mode);
          const value = line ? `${rating(line.rating)}${line.provisional ? " ?" : ""}` : its.best_score !== null ? `best ${figure(its.best_score)}` : "–";
          return h("tr", {}, h("th", { scope: "row" }, h("a", { href: `#board/${mode}` }, app.modeName(mode))), h("td", {}, its.wins), h("td", {}, its.losses),
            h("td", { title: line ? `± ${rating(2 * line.deviation)}` : undefined }, value),
            h("td", { class: "form" }, [...its.form].map((letter) => h("span", { "data-form": letter, title: { W: OUTCOMES.win, L: OUTCOMES.loss, D: OUTCOMES.draw }[letter] }, letter))));
        })))),
      ratings.some(({ provisional }) => provisional) && h("p", { class: "fine" }, "? still too uncertain to be taken at its word"));
  }

  load();
  return {
    name: "player", title: mine ? app.me.display_name : "A player", element: h("section", { class: "sheet page", "aria-labelledby": "page-title" }, title, body),
    event: (type) => type === "rating.changed" && load(),
    dispose() {
      gone = true;
      bond.stop();
    },
  };
}
