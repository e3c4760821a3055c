// The stock client of Socket.IO, in each of its three ways, against the built binary.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, rm } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { io } from "socket.io-client";
import WebSocket from "ws";
import { startBackend } from "./stage.mjs";

const WAYS = {
  "websocket only": { transports: ["websocket"] },
  "polling, then upgrade": {},
  "polling only": { transports: ["polling"] },
};
const PATIENCE_MS = 10_000;
const run = promisify(execFile);

let backend;
before(async () => { backend = await startBackend({ args: ["--ephemeral"] }); });
after(async () => { await backend?.stop(); });

async function call(player, method, path, body) {
  const headers = { "content-type": "application/json", ...(player && { authorization: `Bearer ${player.token}` }) };
  const answer = await fetch(`${backend.url}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

async function guest() {
  const signedIn = await call(null, "POST", "/auth/guest", {});
  return { id: signedIn.player.id, token: signedIn.access_token, refresh: signedIn.refresh_token };
}

const within = (what, promise) => {
  let late;
  const timer = new Promise((_, reject) => { late = setTimeout(() => reject(new Error(`no ${what} within ${PATIENCE_MS} ms`)), PATIENCE_MS); });
  return Promise.race([promise, timer]).finally(() => clearTimeout(late));
};

/** A client that keeps what it got, so that nothing is missed between two waits. */
class Client {
  events = [];
  #waiting = [];

  constructor(player, options) {
    this.player = player;
    this.socket = io(backend.url, { auth: { token: player.token }, forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 100, ...options });
    this.socket.onAny((type, data, position) => {
      const event = { type, data, position };
      this.events.push(event);
      this.#waiting = this.#waiting.filter((waits) => !waits(event));
    });
  }

  /** The first event of this type that holds, past or to come. */
  event(type, holds = () => true) {
    const fits = (event) => event.type === type && holds(event.data);
    const known = this.events.find(fits);
    if (known) return Promise.resolve(known);
    return within(`${type} for ${this.player.id}`, new Promise((done) => this.#waiting.push((event) => fits(event) && (done(event), true))));
  }

  once(name) { return within(name, new Promise((done) => this.socket.once(name, done))); }
  ask(type, data, ...options) { return this.socket.timeout(PATIENCE_MS).emitWithAck(type, data, ...options); }
  async ready() { await this.event("session.ready"); return this; }
  leave() { this.socket.disconnect(); }
}

/** The same over `/ws`. */
class Native {
  events = [];
  #waiting = []; #asked = 0;

  static async connect(player) {
    const native = new Native();
    native.player = player;
    native.ws = new WebSocket(`${backend.url.replace("http", "ws")}/ws`);
    await within("upgrade", new Promise((done, failed) => native.ws.once("open", done).once("error", failed)));
    native.ws.on("message", (text) => {
      const message = JSON.parse(text);
      if (message.type === "ping") return native.ws.send('{"type":"pong"}');
      native.events.push(message);
      native.#waiting = native.#waiting.filter((waits) => !waits(message));
    });
    await native.ask("session.hello", { token: player.token });
    return native;
  }

  #when(what, fits) {
    const known = this.events.find(fits);
    if (known) return Promise.resolve(known);
    return within(what, new Promise((done) => this.#waiting.push((message) => fits(message) && (done(message), true))));
  }

  event(type, holds = () => true) { return this.#when(type, (message) => message.type === type && holds(message.data)); }
  ask(type, data) {
    const id = `n${++this.#asked}`;
    this.ws.send(JSON.stringify({ id, type, data }));
    return this.#when(`the reply to ${type}`, (message) => message.re === id);
  }

  leave() { this.ws.close(); }
}

/** Two players in a running game of tic-tac-toe; whose turn it is comes first. */
async function game(one, other) {
  for (const each of [one, other]) {
    const joined = await each.ask("matchmaking.join", { mode: "tic_tac_toe" });
    assert.equal(joined.ok, true, JSON.stringify(joined));
  }
  const found = await one.event("match.found");
  const id = found.data.game.id;
  await other.event("match.found", ({ game }) => game.id === id);
  for (const each of [one, other]) assert.equal((await each.ask("game.ready", { game_id: id })).ok, true);
  const started = (await one.event("game.started", ({ game }) => game.id === id)).data.game;
  await other.event("game.started", ({ game }) => game.id === id);
  const first = started.players.find(({ seat }) => seat === (started.turn ?? 0)).player.id;
  return { id, turns: first === one.player.id ? [one, other] : [other, one] };
}

async function playToAWin({ id, turns }) {
  for (const [sequence, cell] of [0, 3, 1, 4, 2].entries()) {
    const reply = await turns[sequence % 2].ask("game.move", { game_id: id, move: { cell }, expected_sequence: sequence });
    assert.equal(reply.ok, true, JSON.stringify(reply));
  }
  return Promise.all(turns.map((each) => each.event("game.settled", (data) => data.game_id === id)));
}

for (const [way, options] of Object.entries(WAYS)) {
  describe(way, () => {
    test("connects, is greeted, asks and is answered", async () => {
      const player = await guest();
      const client = new Client(player, options);
      await client.once("connect");
      const { data } = await client.event("session.hello");
      assert.equal(data.player.id, player.id);
      assert.deepEqual(data.live, { ticket_id: null, proposal_id: null, game_id: null, party_id: null });
      await client.ready();
      assert.ok((await client.ask("ping")).data.server_time);
      const refused = await client.ask("no.such.thing", {});
      assert.deepEqual([refused.ok, refused.error.code], [false, "session.unknown_type"]);
      client.socket.emit("no.such.thing", {});
      assert.equal((await client.event("error")).data.code, "session.unknown_type");
      if (way === "polling, then upgrade") {
        const { engine } = client.socket.io;
        if (engine.transport.name !== "websocket") await within("upgrade", new Promise((done) => engine.once("upgrade", done)));
        assert.equal((await client.ask("ping")).ok, true);
      }
      client.leave();
    });

    test("a bad token is a connect_error that says what is wrong", async () => {
      const client = new Client({ id: "nobody", token: "nonsense" }, options);
      const error = await client.once("connect_error");
      assert.deepEqual([error.message, error.data.status], ["auth.bad_token", 401]);
      assert.equal(client.socket.active, false, "it doesn't try again by itself");
      client.leave();
    });

    test("a key makes an event happen once", async () => {
      const client = await new Client(await guest(), options).ready();
      const join = () => client.ask("matchmaking.join", { mode: "duel" }, { key: "join-1" });
      const [first, second] = [await join(), await join()];
      assert.deepEqual([first.ok, second.ok, second.data.ticket.id], [true, true, first.data.ticket.id]);
      assert.equal((await client.ask("matchmaking.cancel", { ticket_id: first.data.ticket.id })).ok, true);
      client.leave();
    });

    test("plays a whole game against somebody on /ws", async () => {
      const [client, native] = [await new Client(await guest(), options).ready(), await Native.connect(await guest())];
      const match = await game(client, native);
      const [settled] = await playToAWin(match);
      assert.equal(settled.data.result.status, "settled");
      const streams = new Map();
      for (const { position } of client.events.filter(({ position }) => position?.stream)) {
        const { stream, epoch, offset } = position;
        const last = streams.get(stream);
        if (last) assert.deepEqual([epoch, offset], [last.epoch, last.offset + 1], `${stream} has no gap`);
        streams.set(stream, position);
      }
      assert.deepEqual([...streams.keys()].sort(), [`game:${match.id}`, "player"]);
      client.leave();
      native.leave();
    });

    test("bytes go from player to player as they are", async () => {
      const [client, other] = [await new Client(await guest(), options).ready(), await new Client(await guest(), options).ready()];
      const native = await Native.connect(other.player);
      const { id } = await game(client, other);
      await native.ask("game.join", { game_id: id });
      const bytes = Buffer.from([0, 1, 2, 250, 251]);
      const sent = await client.ask("game.relay", { game_id: id, data: { shot: bytes, n: 1 } });
      assert.deepEqual([sent.ok, sent.data.n], [true, 1], JSON.stringify(sent));
      const { data } = await other.event("game.relayed");
      assert.deepEqual([Buffer.from(data.data.shot), data.data.n, data.from], [bytes, 1, client.player.id]);
      const seen = await native.event("game.relayed");
      assert.deepEqual(seen.data.data, { shot: { $binary: bytes.toString("base64") }, n: 1 });
      await client.ask("game.abandon", { game_id: id });
      [client, other, native].forEach((each) => each.leave());
    });

    test("a lost connection is recovered: what was missed comes once, in order", async () => {
      const [client, other] = [await new Client(await guest(), options).ready(), await new Client(await guest(), options).ready()];
      const match = await game(client, other);
      assert.equal(client.socket.recovered, false);
      const back = client.once("connect");
      client.socket.io.engine.close();
      const before = client.events.length;
      await call(other.player, "POST", "/friends/requests", { player_id: client.player.id });
      await back;
      assert.equal(client.socket.recovered, true);
      await client.event("friend.requested");
      const [settled] = await playToAWin(match);
      assert.equal(settled.data.game_id, match.id);
      const offsets = client.events.filter(({ position }) => position?.stream === "player").map(({ position }) => position.offset);
      assert.deepEqual(offsets, offsets.map((_, nth) => offsets[0] + nth), "each once, without a gap");
      assert.ok(client.events.length > before);
      [client, other].forEach((each) => each.leave());
    });

    test("signed out elsewhere, it is told so and stays away", async () => {
      const client = await new Client(await guest(), options).ready();
      const gone = client.once("disconnect");
      await call(client.player, "POST", "/auth/logout", { refresh_token: client.player.refresh });
      assert.equal(await gone, "io server disconnect");
      assert.equal(client.socket.active, false);
    });

    test("what is no event, or too large, ends the connection", async () => {
      for (const send of [({ io: { engine } }) => engine.write("2{}"), (socket) => socket.emit("ping", { x: "x".repeat(20_000) })]) {
        const client = await new Client(await guest(), { ...options, reconnection: false }).ready();
        const gone = client.once("disconnect");
        send(client.socket);
        await gone;
        client.leave();
      }
    });
  });
}

test("the fourth version of the transport is the only one", async () => {
  const answer = await fetch(`${backend.url}/socket.io/?EIO=3&transport=polling`);
  assert.deepEqual([answer.status, await answer.json()], [400, { code: 5, message: "Unsupported protocol version" }]);
});

test("without polling, websockets only", async () => {
  const own = await startBackend({ args: ["--ephemeral"], env: { SWP__REALTIME__POLLING: "false" } });
  const answer = await fetch(`${own.url}/socket.io/?EIO=4&transport=polling`);
  assert.deepEqual([answer.status, (await answer.json()).code], [400, 0]);
  await own.stop();
});

test("the example in the documentation plays a game", async () => {
  // Beside its packages; where it lies there are none.
  const example = new URL(`./example-${process.pid}.mjs`, import.meta.url);
  await copyFile(new URL("../../../../docs/examples/socket-io.mjs", import.meta.url), example);
  try {
    const runs = await Promise.all([1, 2].map(() => run(process.execPath, [fileURLToPath(example), backend.url], { timeout: 20_000 })));
    const said = runs.map(({ stdout, stderr }) => `${stderr}${stdout}`);
    const ends = said.map((text) => /Over: (win|loss|draw)/.exec(text)?.[1]);
    assert.deepEqual(ends.sort(), ["loss", "win"], said.join("\n"));
  } finally {
    await rm(example);
  }
});

test("a drain says when to come back, then ends the connection without forbidding it", async () => {
  const own = await startBackend({ args: ["--ephemeral"] });
  const signedIn = await (await fetch(`${own.url}/api/v1/auth/guest`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" })).json();
  const reasons = await Promise.all(Object.values(WAYS).map(async (options) => {
    const socket = io(own.url, { auth: { token: signedIn.access_token }, forceNew: true, reconnection: false, ...options });
    await within("session.ready", new Promise((done) => socket.once("session.ready", done)));
    const going = within("session.going_away", new Promise((done) => socket.once("session.going_away", done)));
    const gone = within("disconnect", new Promise((done) => socket.once("disconnect", done)));
    return { going, gone };
  }));
  const stopped = own.stop();
  for (const { going, gone } of reasons) {
    assert.ok((await going).reconnect_in_ms >= 0);
    assert.equal(await gone, "transport close");
  }
  await stopped;
});
