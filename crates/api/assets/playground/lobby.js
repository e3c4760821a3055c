// Choosing what to play and with whom, and what was played lately.
import { BOARDS, seatsOf, shapeOf } from "./boards.js";
import { isCoolingDown, refusal } from "./cool-down.js";
import { h, skeleton, trouble } from "./dom.js";
import { friendsAtHand } from "./friend-row.js";
import { recentGames } from "./history.js";
import { partyPanel } from "./party-panel.js";

/** `notice` is words, or what went wrong on the way here. */
export function lobbyScreen(app, notice) {
  const cards = h("div", { class: "cards" });
  const problems = h("div", { role: "status" });
  const history = recentGames(app);
  const friends = friendsAtHand(app);
  const party = partyPanel(app);
  let gone = false;

  async function load() {
    cards.replaceChildren(skeleton(3));
    try {
      const modes = (await app.modes()).filter(({ enabled }) => enabled !== false);
      const order = Object.keys(BOARDS);
      const place = ({ key }) => (order.includes(key) ? order.indexOf(key) : order.length);
      modes.sort((a, b) => place(a) - place(b));
      if (gone) return;
      cards.replaceChildren(...(modes.length ? modes.map(card) : [h("p", { class: "empty" }, "No modes are switched on here yet.")]));
    } catch (error) {
      if (!gone) cards.replaceChildren(trouble(error, load));
    }
  }

  function card(mode) {
    const known = BOARDS[mode.key];
    const action = (kind, label, act) => {
      const button = h("button", { type: "button", class: kind, "aria-label": `${label}: ${mode.name}`, onclick: () => run(button, act) }, label);
      return button;
    };
    const main = "button button-main";
    const actions = seatsOf(mode) === 1 ? [action(main, "Play", async () => app.play(await app.swp.createGame(mode.key)))] : [
      action(main, "Quick Match", () => app.queue(mode.key)),
      action("button", "Invite by link", async () => app.play(await app.swp.createGame(mode.key, { link: true }))),
      mode.practice && action("link card-practice", "Practice against a bot", () => app.practice(mode.key))];
    return h("article", { class: `card card-${known ? mode.key : "plain"}` },
      h("div", { class: "card-art", "aria-hidden": "true" }, known?.art() ?? h("span", { class: "art-plain" }, "…")),
      h("div", { class: "card-words" },
        h("h3", {}, mode.name),
        h("p", {}, known?.blurb ?? "This page has no board for it; your own client may."),
        h("p", { class: "fine" }, `${shapeOf(mode)} · ${mode.rules === "relay" ? "players report the score" : "server decides"} · `,
          h("a", { href: `#board/${mode.key}` }, "leaderboard"))),
      known ? h("div", { class: "card-actions" }, actions) : h("p", { class: "fine card-none" }, "Playable through the API"));
  }

  async function run(button, act) {
    const buttons = cards.querySelectorAll("button");
    for (const each of buttons) each.disabled = true;
    button.dataset.busy = "";
    problems.replaceChildren();
    try {
      await act();
    } catch (error) {
      // Already in a game, perhaps on another device: that is where to go.
      const elsewhere = error.status === 409 && !isCoolingDown(error) && !error.code?.startsWith("parties.");
      if (!(elsewhere && (await app.resume().catch(() => false)))) {
        problems.replaceChildren(refusal(app, error, () => run(button, act)));
        problems.scrollIntoView({ block: "nearest" }); // the card may be far below
      }
    }
    for (const each of buttons) each.disabled = false;
    delete button.dataset.busy;
    if (!gone) button.focus({ preventScroll: true });
  }

  // Once there is a party it is what matters most, on a phone above all; before, it is one thing beside others.
  function settle(now) {
    const home = now ? problems : friends.element;
    if (home.previousElementSibling === party.element) return;
    const focused = party.element.contains(document.activeElement);
    home.before(party.element);
    if (focused) party.focus();
  }

  load();
  const element = h("div", { class: "lobby" },
    h("section", { class: "lobby-play", "aria-labelledby": "lobby-title" },
      h("h1", { id: "lobby-title", tabindex: "-1", "data-focus": true }, `What shall we play, ${app.me.display_name}?`),
      notice && (notice instanceof Error ? refusal(app, notice) : h("p", { class: "notice", role: "status" }, notice)),
      problems,
      h("h2", { class: "visually-hidden" }, "Games to play"),
      cards,
      h("p", { class: "tip" }, "Nobody around? ",
        h("a", { href: "/", target: "_blank", rel: "noopener" }, "Open a second player in a new tab"),
        " and meet yourself.")),
    h("div", { class: "lobby-side" }, friends.element, history.element));
  const stop = app.party.follow(settle);
  return {
    name: "lobby", title: "Lobby", element,
    online: (session) => session.live?.game_id && app.swp.game(session.live.game_id).then((game) => !gone && app.play(game), () => {}),
    resync: () => history.load(),
    event: (type) => (type === "game.settled" || type === "rating.changed") && history.load(),
    dispose() {
      gone = true;
      friends.stop();
      stop();
      party.stop();
    },
  };
}
