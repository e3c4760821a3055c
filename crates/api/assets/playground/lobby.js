// Choosing what to play, and what was played so far.
import { h, skeleton, trouble } from "./dom.js";
import { piece } from "./faces.js";
import { historyPanel } from "./history.js";

/** The modes this page has a board for, in words a newcomer understands. */
export const BOARDS = {
  tic_tac_toe: { blurb: "Three in a row. The server checks every move.", art: () => [piece(0), piece(1), piece(0)] },
  duel: { blurb: "Ten seconds, one finger. Whoever taps more wins.", art: () => [h("span", { class: "art-tap" })] },
};

export function lobbyScreen(app, notice) {
  const cards = h("div", { class: "cards" });
  const problems = h("div", { role: "status" });
  const history = historyPanel(app);
  let gone = false;

  async function load() {
    cards.replaceChildren(skeleton(3));
    try {
      const modes = await app.modes();
      if (gone) return;
      cards.replaceChildren(...(modes.length ? modes.map(card) : [h("p", { class: "empty" }, "No modes are switched on here yet.")]));
    } catch (error) {
      if (!gone) cards.replaceChildren(trouble(error, load));
    }
  }

  function card(mode) {
    const known = BOARDS[mode.key];
    const size = mode.teams * mode.team_size;
    const shape = size === 1 ? "solo" : mode.team_size === 1 && mode.teams === 2 ? "one against one" : mode.team_size === 1 ? `${size} players` : `${mode.team_size} against ${mode.team_size}`;
    const button = h("button", {
      type: "button", class: "button button-main", disabled: !known,
      "aria-label": `Quick Match: ${mode.name}`, onclick: () => join(mode, button),
    }, "Quick Match");
    return h("article", { class: `card card-${known ? mode.key : "plain"}` },
      h("div", { class: "card-art", "aria-hidden": "true" }, known?.art() ?? h("span", { class: "art-plain" }, "…")),
      h("div", { class: "card-words" },
        h("h3", {}, mode.name),
        h("p", {}, known?.blurb ?? "This page has no board for it; your own client may."),
        h("p", { class: "fine" }, `${shape} · ${mode.rules === "relay" ? "players report the score" : "server decides"}`)),
      known ? button : h("p", { class: "fine card-none" }, "Playable through the API"));
  }

  async function join(mode, button) {
    const buttons = cards.querySelectorAll("button");
    for (const each of buttons) each.disabled = true;
    button.dataset.busy = "";
    problems.replaceChildren();
    try {
      await app.queue(mode.key);
    } catch (error) {
      for (const each of buttons) each.disabled = false;
      delete button.dataset.busy;
      problems.replaceChildren(trouble(error));
      button.focus();
    }
  }

  load();
  const element = h("div", { class: "lobby" },
    h("section", { class: "lobby-play", "aria-labelledby": "lobby-title" },
      h("h1", { id: "lobby-title", tabindex: "-1", "data-focus": true }, `What shall we play, ${app.me.display_name}?`),
      notice && h("p", { class: "notice", role: "status" }, notice),
      problems,
      h("h2", { class: "visually-hidden" }, "Quick Match"),
      cards,
      h("p", { class: "tip" }, "Nobody around? ",
        h("a", { href: "/", target: "_blank", rel: "noopener" }, "Open a second player in a new tab"),
        " and meet yourself.")),
    history.element);
  return {
    name: "lobby", title: "Lobby", element,
    online: (session) => session.live?.game_id && app.swp.game(session.live.game_id).then((game) => !gone && app.play(game), () => {}),
    resync: () => history.load(),
    event: (type) => type === "game.settled" && history.load(),
    dispose: () => (gone = true),
  };
}
