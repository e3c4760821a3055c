// Engine.IO 4 and Socket.IO 5 as their specifications have them, from outside, against a binary with the feature
// `conformance`. `cargo xtask test` builds it and runs this last.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import WebSocket from "ws";
import { startBackend } from "./stage.mjs";

const INTERVAL = 300, TIMEOUT = 200, SEPARATOR = "\x1e";
const ENDPOINTS = ["engine.io", "socket.io"];
let backend;
before(async () => { backend = await startBackend({ args: ["--ephemeral"] }); });
after(async () => { await backend?.stop(); });

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const at = (endpoint, query) => `${backend.url}/${endpoint}/?${query}`;
const polling = (endpoint, sid) => at(endpoint, `EIO=4&transport=polling${sid ? `&sid=${sid}` : ""}`);
const post = (endpoint, sid, body) => fetch(polling(endpoint, sid), { method: "POST", body });

async function handshake(endpoint) {
  const answer = await fetch(polling(endpoint));
  assert.equal(answer.status, 200);
  const text = await answer.text();
  assert.equal(text[0], "0");
  return JSON.parse(text.slice(1));
}

const session = async (endpoint) => (await handshake(endpoint)).sid;

/** A WebSocket whose messages and end can be waited for, however early they come. */
class Socket {
  #messages = []; #waiting = [];

  constructor(endpoint, query = "EIO=4&transport=websocket") {
    this.ws = new WebSocket(at(endpoint, query).replace("http", "ws"));
    this.ws.binaryType = "nodebuffer";
    this.ws.on("error", () => {});
    this.opened = new Promise((done) => this.ws.once("open", done));
    this.closed = new Promise((done) => this.ws.once("close", (code) => done(code)));
    this.ws.on("message", (data, binary) => {
      const message = binary ? data : data.toString();
      const next = this.#waiting.shift();
      next ? next(message) : this.#messages.push(message);
    });
  }

  static over(endpoint, sid) { return new Socket(endpoint, `EIO=4&transport=websocket&sid=${sid}`); }
  send(data) { this.ws.send(data); }
  next() { return this.#messages.length ? Promise.resolve(this.#messages.shift()) : new Promise((done) => this.#waiting.push(done)); }
  /** The next message that is no heartbeat. */
  async said() { for (;;) { const message = await this.next(); if (message !== "2") return message; } }
}

for (const endpoint of ENDPOINTS) {
  describe(`Engine.IO at /${endpoint}/`, () => {
    test("a handshake has the five keys", async () => {
      const open = await handshake(endpoint);
      assert.deepEqual(Object.keys(open).sort(), ["maxPayload", "pingInterval", "pingTimeout", "sid", "upgrades"]);
      const { sid, ...rest } = open;
      assert.equal(typeof sid, "string");
      assert.deepEqual(rest, { maxPayload: 1_000_000, pingInterval: INTERVAL, pingTimeout: TIMEOUT, upgrades: ["websocket"] });
      const socket = new Socket(endpoint);
      const first = await socket.next();
      assert.deepEqual(JSON.parse(first.slice(1)).upgrades, []);
      socket.ws.close();
    });

    test("other versions, transports and methods are refused", async () => {
      for (const query of ["transport=polling", "EIO=abc&transport=polling", "EIO=3&transport=polling", "EIO=4", "EIO=4&transport=abc"]) {
        assert.equal((await fetch(at(endpoint, query))).status, 400, query);
        await new Socket(endpoint, query.replace("polling", "websocket")).closed;
      }
      assert.equal((await (await fetch(at(endpoint, "EIO=3&transport=polling"))).json()).code, 5);
      for (const method of ["POST", "PUT"]) assert.equal((await fetch(polling(endpoint), { method })).status, 400, method);
      assert.equal((await fetch(polling(endpoint, "nobody"))).status, 400);
    });

    test("pings come after the interval, and silence ends a session", async () => {
      const sid = await session(endpoint);
      for (let n = 0; n < 3; n++) {
        assert.equal(await (await fetch(polling(endpoint, sid))).text(), "2");
        assert.equal((await post(endpoint, sid, "3")).status, 200);
      }
      const silent = await session(endpoint);
      await sleep(INTERVAL + TIMEOUT);
      assert.equal((await fetch(polling(endpoint, silent))).status, 400);
      const socket = new Socket(endpoint);
      await socket.next();
      for (let n = 0; n < 3; n++) {
        assert.equal(await socket.next(), "2");
        socket.send("3");
      }
      await socket.closed;
    });

    test("a session ends when its client says so", async () => {
      const sid = await session(endpoint);
      const [poll] = await Promise.all([fetch(polling(endpoint, sid)), post(endpoint, sid, "1")]);
      assert.deepEqual([poll.status, await poll.text()], [200, "6"]);
      assert.equal((await fetch(polling(endpoint, sid))).status, 400);
      const socket = new Socket(endpoint);
      await socket.next();
      socket.send("1");
      await socket.closed;
    });

    test("what is no packet ends the session", async () => {
      const sid = await session(endpoint);
      assert.equal((await post(endpoint, sid, "abc")).status, 400);
      assert.equal((await fetch(polling(endpoint, sid))).status, 400);
      const socket = new Socket(endpoint);
      await socket.next();
      socket.send("abc");
      await socket.closed;
    });

    test("two polls at once end the session, and so does one given up", async () => {
      const sid = await session(endpoint);
      const [first, second] = await Promise.all([fetch(polling(endpoint, sid)), sleep(20).then(() => fetch(polling(endpoint, sid)))]);
      assert.deepEqual([first.status, await first.text(), second.status], [200, "1", 400]);
      assert.equal((await fetch(polling(endpoint, sid))).status, 400);
      const other = await session(endpoint);
      const abort = new AbortController();
      fetch(polling(endpoint, other), { signal: abort.signal }).catch(() => {});
      await sleep(20);
      abort.abort();
      assert.equal((await fetch(polling(endpoint, other))).status, 400);
    });

    test("a body over the limit is refused", async () => {
      const sid = await session(endpoint);
      assert.equal((await post(endpoint, sid, `4${"x".repeat(1_000_000)}`)).status, 413);
    });

    test("a WebSocket takes over; whoever comes after it changes nothing", async () => {
      const sid = await session(endpoint);
      const socket = Socket.over(endpoint, sid);
      await socket.opened;
      socket.send("2probe");
      assert.equal(await socket.next(), "3probe");
      assert.equal(await (await fetch(polling(endpoint, sid))).text(), "6", "the poll ends with nothing");
      socket.send("5");
      if (endpoint === "engine.io") {
        socket.send("4hello");
        assert.equal(await socket.said(), "4hello");
      } else {
        socket.send("40");
        assert.match(await socket.said(), /^40\{"sid"/);
        await socket.said();
      }
      assert.equal((await fetch(polling(endpoint, sid))).status, 400);
      assert.equal((await post(endpoint, sid, "3")).status, 400);
      await Socket.over(endpoint, sid).closed;
      socket.send(endpoint === "engine.io" ? "4again" : '42["message","again"]');
      assert.equal(await socket.said(), endpoint === "engine.io" ? "4again" : '42["message-back","again"]');
      socket.ws.close();
    });
  });
}

describe("Engine.IO messages", () => {
  const cases = ["4hello", ["4test1", "4test2", "4test3"].join(SEPARATOR), ["4hello", "bAQIDBA=="].join(SEPARATOR)];
  for (const body of cases) {
    test(`by polling: ${JSON.stringify(body)}`, async () => {
      const sid = await session("engine.io");
      const answer = await post("engine.io", sid, body);
      assert.deepEqual([answer.status, await answer.text()], [200, "ok"]);
      assert.equal(await (await fetch(polling("engine.io", sid))).text(), body);
    });
  }

  test("by WebSocket, text and binary", async () => {
    const socket = new Socket("engine.io");
    await socket.next();
    socket.send("4hello");
    assert.equal(await socket.said(), "4hello");
    socket.send(Buffer.from([1, 2, 3, 4]));
    assert.deepEqual(await socket.said(), Buffer.from([1, 2, 3, 4]));
    socket.ws.close();
  });
});

describe("Socket.IO", () => {
  async function connected(namespace = "40") {
    const socket = new Socket("socket.io");
    await socket.next();
    socket.send(namespace);
    await socket.said();
    await socket.said();
    return socket;
  }

  test("namespaces are joined, with a payload and without", async () => {
    for (const [connect, head, auth] of [
      ["40", "40", '42["auth",{}]'],
      ['40{"token":"123"}', "40", '42["auth",{"token":"123"}]'],
      ["40/custom,", "40/custom,", '42/custom,["auth",{}]'],
      ['40/custom,{"token":"abc"}', "40/custom,", '42/custom,["auth",{"token":"abc"}]'],
    ]) {
      const socket = new Socket("socket.io");
      await socket.next();
      socket.send(connect);
      const reply = await socket.said();
      assert.ok(reply.startsWith(head), reply);
      assert.deepEqual(Object.keys(JSON.parse(reply.slice(head.length))), ["sid"]);
      assert.equal(await socket.said(), auth);
      socket.ws.close();
    }
  });

  test("unknown namespaces are refused, and a session without any ends", async () => {
    const socket = new Socket("socket.io");
    await socket.next();
    socket.send("40/random");
    assert.equal(await socket.said(), '44/random,{"message":"Invalid namespace"}');
    const bad = new Socket("socket.io");
    await bad.next();
    bad.send("4abc");
    await bad.closed;
    await socket.closed;
  });

  test("a namespace is left, the others stay", async () => {
    const socket = await connected();
    socket.send("40/custom");
    await socket.said();
    await socket.said();
    socket.send("41/custom");
    socket.send('42["message","message to main namespace"]');
    assert.equal(await socket.said(), '42["message-back","message to main namespace"]');
    socket.send("41");
    assert.equal(await socket.next(), "2", "the transport stays");
    socket.ws.close();
  });

  test("events and acknowledgements, with attachments and without", async () => {
    const socket = await connected();
    socket.send('42["message",1,"2",{"3":[true]}]');
    assert.equal(await socket.said(), '42["message-back",1,"2",{"3":[true]}]');
    socket.send('42456["message-with-ack",1,"2",{"3":[false]}]');
    assert.equal(await socket.said(), '43456[1,"2",{"3":[false]}]');
    const places = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';
    const bytes = [Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6])];
    for (const [sent, back] of [
      [`452-["message",${places}]`, `452-["message-back",${places}]`],
      [`452-789["message-with-ack",${places}]`, `462-789[${places}]`],
    ]) {
      [sent, ...bytes].forEach((part) => socket.send(part));
      assert.deepEqual([await socket.said(), await socket.said(), await socket.said()], [back, ...bytes]);
    }
    socket.ws.close();
  });

  for (const bad of ["4abc", "42{}", '42abc["message-with-ack",1]', "452-[]", "4"]) {
    test(`closes upon ${bad}`, async () => {
      const socket = await connected();
      socket.send(bad);
      if (bad === "452-[]") socket.send('42["message"]');
      await socket.closed;
    });
  }
});
