// A player over Socket.IO: signs in as a guest, finds an opponent, and plays tic-tac-toe to its end.
//
//   npm install socket.io-client
//   node socket-io.mjs http://localhost:8080        # twice, in two terminals
import { io } from "socket.io-client";

const server = process.argv[2] ?? "http://localhost:8080";

const signIn = await fetch(`${server}/api/v1/auth/guest`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: "{}",
});
const { access_token, player } = await signIn.json();
console.log(`I am ${player.display_name}`);

const socket = io(server, { auth: { token: access_token } });

/** One request; throws what it was refused with. */
async function ask(type, data) {
  const { ok, data: answer, error } = await socket.timeout(5_000).emitWithAck(type, data);
  if (!ok) throw new Error(`${type}: ${error.detail ?? error.code}`);
  return answer;
}

let seat;

/** Plays the first free cell when it is our turn. */
async function play({ id, turn, sequence, state }) {
  if (turn !== seat) return;
  const cell = state.cells.indexOf(null);
  await ask("game.move", { game_id: id, move: { cell }, expected_sequence: sequence });
}

socket.on("connect_error", (error) => console.error("no connection:", error.message, error.data?.detail ?? ""));
socket.on("session.ready", async () => {
  // After a lost connection `socket.recovered` says whether anything was missed: the game goes on as it stands.
  if (!seat && !socket.recovered) await ask("matchmaking.join", { mode: "tic_tac_toe" });
});
socket.on("match.found", ({ game }) => ask("game.ready", { game_id: game.id }));
socket.on("game.started", ({ game }) => {
  seat = game.players.find((each) => each.player.id === player.id).seat;
  console.log(`Playing ${game.players.find((each) => each.seat !== seat).player.display_name}`);
  return play(game);
});
socket.on("game.moved", ({ game_id, ...now }) => play({ id: game_id, ...now }));
socket.on("game.settled", ({ result }) => {
  console.log(`Over: ${result.standings.find((each) => each.seat === seat).outcome}`);
  socket.disconnect();
});
