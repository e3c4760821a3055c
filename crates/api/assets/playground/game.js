// One game from the handshake to the result: the table around the board.
import { duelBoard } from "./duel.js";
import { h, say, trouble } from "./dom.js";
import { face, piece } from "./faces.js";
import { fold, isFinal, isOver, merge, mySeat, otherSeat, verdict } from "./game-state.js";
import { BOARDS } from "./lobby.js";
import { resultPanel } from "./result.js";
import { ticTacToeBoard } from "./tic-tac-toe.js";

const MAKERS = { tic_tac_toe: ticTacToeBoard, duel: duelBoard };

export function gameScreen(app, first) {
  const { swp } = app;
  const meId = app.me.id;
  let game = first;
  let gone = false;
  let readied = false;
  let told = "";
  let away = "";

  const seatOf = () => mySeat(game, meId)?.seat ?? game.you?.seat ?? 0;
  const opponent = otherSeat(game, meId)?.player ?? { id: "nobody", display_name: "Nobody" };
  const title = h("h1", { id: "game-title", class: "turn", tabindex: "-1", "data-focus": true });
  const clock = h("p", { class: "clock", hidden: true });
  const problem = h("div", { class: "problem", role: "alert" });
  const stage = h("div", { class: "stage" });
  const end = h("div", { class: "end" });
  const leave = h("button", { type: "button", class: "link", onclick: () => dialog.showModal() }, "Leave the game");
  const dialog = leaveDialog();
  const mine = plaque(swp.player, "You");
  const theirs = plaque(opponent, opponent.display_name);

  const board = (MAKERS[game.mode] && BOARDS[game.mode] ? MAKERS[game.mode] : noBoard)({
    app, opponent, complain,
    game: () => game,
    seat: seatOf,
    reread, refresh: () => render(), apply: (next) => set({ ...game, ...next }),
  });
  stage.append(board.element);

  function plaque(player, name) {
    const state = h("span", { class: "plaque-state" });
    const mark = h("span", { class: "plaque-piece" });
    const element = h("div", { class: "plaque" }, face(player.id),
      h("div", { class: "plaque-words" }, h("span", { class: "plaque-name" }, name), state), mark);
    return { element, state, mark, show(seat, text, active) {
      say(state, text);
      element.dataset.seat = seat;
      element.toggleAttribute("data-active", active);
      if (!mark.childElementCount && game.mode === "tic_tac_toe") mark.append(piece(seat));
    } };
  }

  function leaveDialog() {
    const stay = h("button", { type: "submit", class: "button" }, "Keep playing");
    const go = h("button", { type: "button", class: "button button-bad", onclick: async () => {
      go.disabled = true;
      try {
        set(merge(game, await swp.abandon(game.id)));
        dialog.close();
      } catch (error) {
        dialog.close();
        complain(error);
      }
      go.disabled = false;
    } }, "Leave");
    return h("dialog", { class: "dialog", "aria-labelledby": "leave-title" },
      h("form", { method: "dialog" }, h("h2", { id: "leave-title" }, "Leave this game?"),
        h("p", {}, `${opponent.display_name} would be told that you left, and it may count as a loss.`),
        h("div", { class: "row" }, stay, go)));
  }

  /** A refusal in the server's own words; a lost race also brings the board up to date. */
  function complain(error) {
    problem.replaceChildren(error ? h("p", {}, error.message) : "");
    if (error?.status === 409) reread();
  }

  function reread() {
    return swp.game(game.id).then((next) => !gone && set(merge(game, next)), (error) => {
      if (!gone && error.status) problem.replaceChildren(h("p", {}, error.message));
    });
  }

  async function getReady() {
    if (readied || !["created", "waiting_ready"].includes(game.status)) return;
    readied = true;
    try {
      const next = await swp.ready(game.id);
      if (!gone) set(merge(game, next));
    } catch (error) {
      readied = false;
      if (gone) return;
      if (error.status === 409) return reread();
      problem.replaceChildren(trouble(error, () => {
        problem.replaceChildren();
        getReady();
      }));
    }
  }

  function set(next) {
    const moved = next.sequence !== game.sequence || next.turn !== game.turn;
    const before = game;
    game = next;
    if (moved || next.status !== before.status) problem.replaceChildren();
    render();
    board.update?.(game, before);
    if (!isOver(before)) getReady();
    // Events tell the result; who left and why stands in the game itself.
    if (isFinal(game) && !isFinal(before)) reread();
  }

  function render() {
    const seat = seatOf();
    const started = game.status === "in_progress";
    const isReady = (player) => started || mySeat(game, player)?.status === "ready" || (player === meId && readied);
    const turn = started ? game.turn : null;
    const words = headline(turn, seat);
    say(title, words);
    app.setTitle(words);
    if (words !== told) app.announce(away && started ? `${words} ${away}` : words);
    told = words;
    const state = (player, itsSeat) => {
      if (isOver(game)) return { win: "Won", loss: "Lost", draw: "Draw" }[verdict(game, player)] ?? "";
      if (!started) return isReady(player) ? "Ready" : "Getting ready…";
      if (player === opponent.id && away) return away;
      return turn === null ? "Playing" : turn === itsSeat ? (player === meId ? "Your turn" : "Thinking…") : "";
    };
    mine.show(seat, state(meId, seat), turn === seat);
    theirs.show(1 - seat, state(opponent.id, 1 - seat), turn === 1 - seat);
    leave.hidden = isOver(game);
    element.dataset.status = game.status;
    if (!isOver(game)) element.dataset.turn = turn === seat ? "mine" : turn === null ? "none" : "theirs";
    else {
      delete element.dataset.turn;
      if (!end.childElementCount) end.append(result.element);
      result.update(game);
      if (dialog.open) dialog.close();
    }
    tick();
  }

  function headline(turn, seat) {
    if (isOver(game)) {
      const outcome = verdict(game, meId);
      if (game.status === "voided") return "This game doesn’t count.";
      if (outcome) return { win: "You win!", loss: `${opponent.display_name} wins.`, draw: "A draw." }[outcome];
      return { aborted: "The game didn’t start.", abandoned: "The game was left.", disputed: "The reports disagree." }[game.status] ?? "The game is over.";
    }
    if (game.status !== "in_progress") return `You and ${opponent.display_name}`;
    if (board.headline) return board.headline();
    return turn === null ? "Both play." : turn === seat ? "Your turn." : `${opponent.display_name}’s turn.`;
  }

  function tick() {
    const left = game.deadline_at ? Math.ceil((Date.parse(game.deadline_at) - app.now()) / 1000) : null;
    clock.hidden = left === null || isFinal(game);
    if (clock.hidden) return;
    const what = game.status === "in_progress" ? "left" : isOver(game) ? "for the other report" : "to get ready";
    say(clock, left > 0 ? `${left > 120 ? `${Math.round(left / 60)} min` : `${left} s`} ${what}` : "Time is up…");
    clock.toggleAttribute("data-short", left <= 5);
  }

  const result = resultPanel(app, () => verdict(game, meId));
  const element = h("section", { class: `game game-${game.mode}`, "aria-labelledby": "game-title" },
    h("p", { class: "mode-name" }, app.modeName(game.mode)),
    h("div", { class: "plaques" }, theirs.element, h("span", { class: "versus", "aria-hidden": "true" }, "vs"), mine.element),
    title, clock, stage, problem, end,
    h("p", { class: "leave" }, leave), dialog);
  const timer = setInterval(tick, 500);

  async function follow() {
    // Follows the game's events on this socket and brings what happened meanwhile.
    try {
      const reply = await swp.joinGame(game.id);
      if (gone) return;
      if (reply?.game) set(merge(game, reply.game));
      else await reread();
    } catch {
      if (!gone) await reread();
    }
  }

  render();
  board.update?.(game, null);
  getReady();
  if (swp.connectionState === "online") follow();
  return {
    name: "game", title: document.title.split(" · ")[0], element, id: game.id,
    over: () => isOver(game),
    update: (next) => set(merge(game, next)),
    online: follow,
    resync: (stream) => (stream === `game:${game.id}` || stream === "player") && reread(),
    poll: () => !isFinal(game) && reread(),
    event(type, data) {
      if ((data.game_id ?? data.game?.id) !== game.id) return;
      if (type === "game.relayed") return board.relayed?.(data);
      if (type === "game.opponent_gone") away = "Connection lost…";
      if (type === "game.opponent_back") away = "";
      if (type === "game.moved" && data.seat !== seatOf()) app.announce(board.describe?.(data) ?? "");
      set(fold(game, type, data));
    },
    dispose() {
      gone = true;
      clearInterval(timer);
      board.dispose?.();
    },
  };
}

function noBoard({ game }) {
  return { element: h("div", { class: "notice" }, h("p", {}, `This page has no board for ${game().mode.replaceAll("_", " ")}. Your own client can play it through the API while this page shows how it stands.`)) };
}
