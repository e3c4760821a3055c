// One game as this page knows it: replies and events may cross on their way, so nothing here goes backwards.

const RANK = { created: 0, waiting_ready: 1, in_progress: 2, finished: 3, disputed: 4, settled: 5, aborted: 6, abandoned: 6, voided: 7 };
const rank = (status) => RANK[status] ?? 0;

export const isOver = (game) => rank(game.status) >= RANK.finished;
/** Nothing more will come, but for a moderator. */
export const isFinal = (game) => rank(game.status) >= RANK.settled;

const later = (old, next) => (rank(next) >= rank(old) ? next : old);
const newer = (old, next) => (old && (!next || next.version < old.version) ? old : next ?? null);

/** A whole game as REST or an event tells it, laid over what is known. */
export function merge(old, next) {
  if (!old || old.id !== next.id) return next;
  const ahead = rank(next.status) >= rank(old.status);
  // At the same move the later status has the later word: before the start there is no board yet.
  const step = (next.sequence ?? -1) - (old.sequence ?? -1);
  const board = step > 0 || (step === 0 && ahead) ? next : old;
  const status = later(old.status, next.status);
  return {
    ...old, ...(ahead ? next : {}), status,
    sequence: board.sequence, state: board.state, turn: rank(status) >= RANK.finished ? null : board.turn,
    deadline_at: (ahead ? board : old).deadline_at ?? null,
    you: { ...old.you, ...next.you, session_secret: next.you?.session_secret ?? old.you?.session_secret },
    result: newer(old.result, next.result),
  };
}

function settle(game, status, result) {
  const players = game.players.map((seat) => {
    const line = result?.standings?.find(({ player_id }) => player_id === seat.player.id);
    return line ? { ...seat, score: line.score ?? seat.score, outcome: line.outcome ?? seat.outcome } : seat;
  });
  const reached = later(game.status, status);
  return { ...game, status: reached, players, turn: null, deadline_at: isFinal({ status: reached }) ? null : game.deadline_at, result: newer(game.result, result) };
}

/** The game after one event; events of other games change nothing. */
export function fold(game, type, data) {
  if ((data.game_id ?? data.game?.id) !== game.id) return game;
  switch (type) {
    case "match.found":
      return merge(game, data.game);
    case "game.started":
      return merge(game, { ...data.game, you: { ...data.game.you, session_secret: data.session_secret } });
    case "game.moved":
      if (data.sequence < game.sequence) return game;
      return { ...game, status: later(game.status, "in_progress"), sequence: data.sequence, state: data.state,
        turn: isOver(game) ? null : data.turn, deadline_at: data.deadline_at ?? game.deadline_at };
    case "game.updated": {
      const players = data.players ? withNames(game.players, data.players) : game.players;
      // Only the start itself says who begins; until it comes the game has not started for this page.
      const ahead = data.status === "in_progress" && rank(game.status) < RANK.in_progress;
      const status = ahead ? game.status : later(game.status, data.status);
      return { ...game, status, players, turn: isOver({ status }) ? null : game.turn, ended: data.ended ?? game.ended,
        rematch_game_id: data.rematch ?? game.rematch_game_id };
    }
    case "game.opponent_gone":
    case "game.opponent_back":
      return { ...game, players: game.players.map((seat) => (seat.player.id === data.player_id ? { ...seat, claim_at: data.claim_at ?? null } : seat)) };
    case "game.finished":
      return settle(game, "finished", data.result);
    case "game.settled":
      return settle(game, "settled", data.result);
    case "game.disputed":
      return settle(game, "disputed", data.result);
    case "game.voided":
      return settle(game, "voided", data.result);
    default:
      return game;
  }
}

// Events may tell players by id alone; names are known already.
function withNames(known, told) {
  return told.map((seat) => {
    const id = seat.player?.id ?? seat.player_id;
    const before = known.find(({ player }) => player.id === id);
    return { ...before, ...seat, player: { ...before?.player, ...seat.player } };
  });
}

export const mySeat = (game, playerId) => game.players.find(({ player }) => player.id === playerId);
/** Everybody else at the table, by seat. */
export const otherSeats = (game, playerId) => game.players.filter(({ player }) => player.id !== playerId);
/** Against a bot: nothing counts. */
export const isPractice = (game) => game.players.some(({ player }) => player.bot);
/** Seats that nobody has. */
export const freeSeats = (game, mode) => Math.max(0, mode.teams * mode.team_size - game.players.length);

/** "win", "loss", "draw", or null while nobody can say. */
export function verdict(game, playerId) {
  return mySeat(game, playerId)?.outcome
    ?? game.result?.standings?.find(({ player_id }) => player_id === playerId)?.outcome
    ?? null;
}
