// One game from the first seat taken to the result: the table around the board.
import { makeBoard } from "./boards.js";
import { h, say, trouble } from "./dom.js";
import { fold, freeSeats, isFinal, isOver, isPractice, merge, mySeat, otherSeats, verdict } from "./game-state.js";
import { OUTCOMES, listed } from "./format.js";
import { goneBanner } from "./gone.js";
import { plaqueRow } from "./plaques.js";
import { resultPanel } from "./result.js";
import { waitingRoom } from "./room.js";

/** How often, two seconds apart, ratings are asked for that no event told. */
const PATIENCE = 10;

export function gameScreen(app, first) {
  const { swp } = app;
  const meId = app.me.id;
  let game = first;
  let mode = null;
  let gone = false;
  let readied = false;
  let told = "";
  let patience = PATIENCE;

  const seatOf = () => mySeat(game, meId)?.seat ?? game.you?.seat ?? 0;
  const nameOf = (seat) => game.players.find((line) => line.seat === seat)?.player.display_name ?? "the other player";
  const title = h("h1", { id: "game-title", class: "turn", tabindex: "-1", "data-focus": true });
  const clock = h("p", { class: "clock", hidden: true });
  const problem = h("div", { class: "problem", role: "alert" });
  const stage = h("div", { class: "stage" });
  const end = h("div", { class: "end" });
  const leave = h("button", { type: "button", class: "link", onclick: () => ask() });
  const dialog = leaveDialog();
  const plaques = plaqueRow(app);
  const table = {
    app, complain, reread, nameOf,
    game: () => game, seat: seatOf,
    refresh: () => render(), apply: (next) => set({ ...game, ...next }),
  };
  const board = makeBoard(table);
  const room = waitingRoom(table);
  const banner = goneBanner({ ...table, apply: (next) => set(merge(game, next)) });
  const result = resultPanel(app, table);
  stage.append(board.element);
  app.modes().then((modes) => {
    mode = modes.find(({ key }) => key === game.mode) ?? null;
    if (!gone) render();
  }, () => {});

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
      h("form", { method: "dialog" }, h("h2", { id: "leave-title" }, "Leave this game?"), h("p", {}), h("div", { class: "row" }, stay, go)));
  }

  function ask() {
    const names = listed(otherSeats(game, meId).map(({ player }) => player.display_name));
    say(dialog.querySelector("p"), game.status === "created" ? "Nothing has begun yet, and nothing will count."
      : isPractice(game) ? "It is practice: nothing counts."
      : names ? `${names} would be told that you left, and it may count as a loss.` : "This run would not count.");
    dialog.showModal();
  }

  /** A refusal in the server's own words; a lost race also brings the board up to date. */
  function complain(error) {
    problem.replaceChildren(error ? h("p", {}, error.message) : "");
    if (error?.status === 409) reread();
  }

  function reread() {
    return swp.game(game.id).then((next) => {
      if (gone) return;
      // Who called the game off or left before it began has no seat in it any more.
      if (!isOver(next) && !mySeat(next, meId)) return app.lobby("You left the game.");
      set(merge(game, next));
    }, (error) => {
      if (gone || !error.status) return;
      if (error.status === 404) return app.lobby("That game is over for you.");
      problem.replaceChildren(h("p", {}, error.message));
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
    if (gone) return;
    const moved = next.sequence !== game.sequence || next.turn !== game.turn;
    const before = game;
    game = next;
    if (moved || next.status !== before.status) problem.replaceChildren();
    render();
    board.update?.(game, before);
    if (!isOver(before)) getReady();
    // Events tell the result; who left and why, and who just came, stands in the game itself.
    const came = game.players.some(({ team, player }) => team === undefined || !player.display_name);
    if ((isFinal(game) && !isFinal(before)) || came) reread();
  }

  function render() {
    const seat = seatOf();
    const started = game.status === "in_progress";
    const turn = started ? game.turn : null;
    const words = headline(turn, seat);
    say(title, words);
    app.setTitle(words);
    if (words !== told) app.announce(words);
    told = words;
    plaques.show(game, started || isOver(game) || !mode ? 0 : freeSeats(game, mode), (line) => ({ words: stateOf(line, turn), active: turn === line.seat }));
    leave.hidden = isOver(game);
    say(leave, game.status === "created" ? "Call it off" : "Leave the game");
    stage.hidden = game.status === "created" || (isOver(game) && !game.started_at);
    room.update();
    banner.tick();
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

  function stateOf(line, turn) {
    if (isOver(game)) return OUTCOMES[verdict(game, line.player.id)] ?? "";
    if (line.claim_at) return "Connection lost…";
    if (line.status === "abandoned") return "Left";
    const mine = line.player.id === meId;
    if (game.status !== "in_progress") return line.status === "ready" || (mine && readied) ? "Ready" : "Getting ready…";
    return turn === null ? "Playing" : turn !== line.seat ? "" : mine ? "Your turn" : "Thinking…";
  }

  function headline(turn, seat) {
    const others = otherSeats(game, meId);
    if (isOver(game)) return closing(others);
    if (game.status === "created") return game.origin === "rematch" ? "Once more?" : "Waiting for company";
    if (game.status !== "in_progress") return others.length === 1 ? `You and ${others[0].player.display_name}` : "Everybody is here";
    if (board.headline) return board.headline();
    return turn === null ? "Both play." : turn === seat ? "Your turn." : `${nameOf(turn)}’s turn.`;
  }

  function closing(others) {
    if (game.status === "voided") return "This game doesn’t count.";
    const outcome = verdict(game, meId);
    const winners = game.players.filter(({ player }) => verdict(game, player.id) === "win").map(({ player }) => player.display_name);
    if (outcome === "loss") return winners.length ? `${listed(winners)} ${winners.length === 1 ? "wins" : "win"}.` : "You lose.";
    if (outcome) return { win: "You win!", draw: "A draw." }[outcome];
    const mine = mySeat(game, meId);
    if (!others.length && Number.isFinite(mine?.score)) return `${mine.score}!`;
    const declined = game.ended?.reason === "declined" ? "Not this time." : null;
    return { aborted: declined ?? "The game didn’t start.", abandoned: "The game was left.", disputed: "The reports disagree." }[game.status] ?? "The game is over.";
  }

  function tick() {
    banner.tick();
    const left = game.deadline_at ? Math.ceil((Date.parse(game.deadline_at) - app.now()) / 1000) : null;
    clock.hidden = left === null || isFinal(game) || game.status === "created";
    if (clock.hidden) return;
    const what = { in_progress: "left", waiting_ready: "to get ready", disputed: "to say what happened" }[game.status] ?? "for the other reports";
    say(clock, left > 0 ? `${left > 120 ? `${Math.round(left / 60)} min` : `${left} s`} ${what}` : "Time is up…");
    clock.toggleAttribute("data-short", left <= 5);
  }

  const element = h("section", { class: `game game-${game.mode}`, "aria-labelledby": "game-title" },
    h("p", { class: "mode-name" }, app.modeName(game.mode), isPractice(game) && " · practice, not rated"),
    plaques.element, title, clock, banner.element, room.element, stage, problem, end,
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

  /** What no event will bring without a socket: above all the new ratings, a moment after the result. */
  function poll() {
    const unrated = game.rated && game.status === "settled" && mySeat(game, meId)?.rating_after === null;
    if (!isFinal(game) || (unrated && patience-- > 0)) return reread();
  }

  render();
  board.update?.(game, null);
  getReady();
  if (swp.connectionState === "online") follow();
  return {
    name: "game", title: document.title.split(" · ")[0], element, id: game.id, poll,
    over: () => isOver(game),
    update: (next) => set(merge(game, next)),
    online: follow,
    resync: (stream) => (stream === `game:${game.id}` || stream === "player") && reread(),
    event(type, data) {
      if ((data.game_id ?? data.game?.id) !== game.id) return;
      if (type === "game.relayed") return board.relayed?.(data);
      if (type === "rating.changed" || type === "invite.updated") return reread();
      if (type === "game.moved" && data.seat !== seatOf()) app.announce(board.describe?.(data) ?? "");
      if (type === "game.opponent_gone") app.announce(`${nameOf(data.seat)} lost the connection.`);
      if (type === "game.opponent_back") app.announce(`${nameOf(data.seat)} is back.`);
      set(fold(game, type, data));
    },
    dispose() {
      gone = true;
      clearInterval(timer);
      board.dispose?.();
    },
  };
}
