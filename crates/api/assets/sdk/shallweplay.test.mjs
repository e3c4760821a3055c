// node --test: the client against a fake socket, a fake fetch and node's mock timers.
import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";
import { ConnectionError, ProblemError, ShallWePlay, closePolicy, memoryStorage } from "./shallweplay.js";

const ADA = { id: "p-ada", display_name: "Ada", guest: true };
const tokens = (n, extra = {}) => ({ player: ADA, access_token: `access-${n}`, refresh_token: `refresh-${n}`, expires_in: 600, ...extra });
/** Lets promise chains run; mock timers stand still meanwhile. */
const settle = async () => { for (let turn = 0; turn < 50; turn++) await Promise.resolve(); };

class FakeSocket {
  static all = [];
  static get last() { return FakeSocket.all.at(-1); }
  readyState = 0;
  sent = [];
  closedWith = null;
  constructor(url, protocol) { Object.assign(this, { url, protocol }); FakeSocket.all.push(this); }
  send(text) { this.sent.push(JSON.parse(text)); }
  close(code) { this.closedWith = code; this.readyState = 3; }
  // what the server does
  open() { this.readyState = 1; this.onopen(); }
  say(message) { this.onmessage?.({ data: JSON.stringify(message) }); }
  drop(code, reason = "") { this.readyState = 3; this.onclose?.({ code, reason }); }
  of(type) { return this.sent.filter((message) => message.type === type); }
  greet(streams = { player: { epoch: "e1", offset: 10, recovered: true } }, missed = []) {
    this.open();
    this.say({ re: "hello", ok: true, data: { session_id: "s", player: ADA, streams, heartbeat_ms: 25_000 } });
    for (const event of missed) this.say(event);
    this.say({ type: "session.ready" });
  }
}

const event = (offset, { stream = "player", epoch = "e1", type = "match.found" } = {}) => ({ type, stream, epoch, offset, at: "2026-01-01T00:00:00.000Z", data: { offset } });

function fakeFetch(...replies) {
  const calls = [];
  const fetch = async (url, init) => {
    const path = new URL(url).pathname.replace("/api/v1", "");
    calls.push({ path, method: init.method, headers: init.headers, body: init.body && JSON.parse(init.body) });
    const next = replies.length > 1 ? replies.shift() : replies[0];
    const reply = typeof next === "function" ? await next(path, init) : next;
    if (reply instanceof Error) throw reply;
    const { status = 200, body, headers = {} } = reply;
    return { ok: status < 400, status, headers: new Headers(headers), text: async () => (body === undefined ? "" : JSON.stringify(body)) };
  };
  return { fetch, calls };
}

function client({ replies = [{ body: tokens(1, { device_secret: "dev-1" }) }], storage = memoryStorage() } = {}) {
  const { fetch, calls } = fakeFetch(...replies);
  const swp = new ShallWePlay({ baseUrl: "http://swp.test", storage, fetch, WebSocket: FakeSocket, random: () => 0.5 });
  const seen = { states: [], resync: [], events: [] };
  swp.on("state", (change) => seen.states.push(change));
  swp.on("resync", (data) => seen.resync.push(data));
  swp.on("match.found", (data) => seen.events.push(data.offset));
  return { swp, calls, seen, storage };
}

async function online(options) {
  const made = client(options);
  await made.swp.signInAsGuest({ displayName: "Ada" });
  const connected = made.swp.connect();
  await settle();
  FakeSocket.last.greet();
  await connected;
  return made;
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_800_000_000_000 });
  FakeSocket.all = [];
});

describe("signing in", () => {
  test("a new guest is made once and found again by its device secret", async () => {
    const storage = memoryStorage();
    const first = client({ storage });
    await first.swp.signInAsGuest({ displayName: "Ada" });
    assert.deepEqual(first.calls[0].body, { display_name: "Ada" });
    const second = client({ storage, replies: [{ body: tokens(2) }] });
    await second.swp.signInAsGuest({ displayName: "Ada" });
    assert.deepEqual(second.calls.map((call) => call.body), [{ device_secret: "dev-1" }]);
    assert.equal(JSON.parse(storage.getItem("shallweplay")).device_secret, "dev-1");
  });

  test("a device secret the server no longer knows gives way to a new guest", async () => {
    const storage = memoryStorage();
    storage.setItem("shallweplay", JSON.stringify({ device_secret: "old" }));
    const { swp, calls } = client({ storage, replies: [{ status: 401, body: { status: 401 } }, { status: 201, body: tokens(1) }] });
    await swp.signInAsGuest();
    assert.deepEqual(calls.map((call) => call.body), [{ device_secret: "old" }, {}]);
  });

  test("calls at once share one refresh, and it comes before the token expires", async () => {
    const { swp, calls } = client({ replies: [{ body: tokens(1) }, (path) => ({ body: path === "/auth/refresh" ? tokens(2) : { items: [] } })] });
    await swp.signInAsGuest();
    mock.timers.tick(571_000);
    await Promise.all([swp.liveGames(), swp.me(), swp.history("p-ada")]);
    assert.equal(calls.filter((call) => call.path === "/auth/refresh").length, 1);
    for (const call of calls.slice(2)) assert.equal(call.headers.authorization, "Bearer access-2");
  });

  test("a refused token is renewed once and the call repeated with the same key", async () => {
    const { swp, calls } = client({
      replies: [{ body: tokens(1) }, { status: 401, body: { status: 401 } }, { body: tokens(2) }, { body: { id: "t1" } }],
    });
    await swp.signInAsGuest();
    await swp.joinQueue("duel");
    const tries = calls.filter((call) => call.path === "/matchmaking/tickets");
    assert.equal(tries.length, 2);
    assert.equal(tries[0].headers["idempotency-key"], tries[1].headers["idempotency-key"]);
  });

  test("a guest whose refresh token is gone comes back by the device secret", async () => {
    const { swp, calls } = client({
      replies: [{ body: tokens(1, { device_secret: "dev-1" }) }, { status: 401, body: { status: 401 } }, { body: tokens(2) }],
    });
    await swp.signInAsGuest();
    await swp.refresh();
    assert.deepEqual(calls.map((call) => call.path), ["/auth/guest", "/auth/refresh", "/auth/guest"]);
    assert.deepEqual(calls[2].body, { device_secret: "dev-1" });
  });

  test("logging out forgets everything, even when the server cannot be told", async () => {
    const { swp, storage } = client({ replies: [{ body: tokens(1, { device_secret: "dev-1" }) }, new TypeError("network")] });
    await swp.signInAsGuest();
    await assert.rejects(swp.logout(), ConnectionError);
    assert.equal(storage.getItem("shallweplay"), null);
    assert.equal(swp.signedIn, false);
  });
});

describe("friends and the account", () => {
  test("each method is one call of the API", async () => {
    const { swp, calls } = client({ replies: [{ body: tokens(1) }, { body: { items: [] } }] });
    await swp.signInAsGuest();
    const wanted = [
      [() => swp.friends({ limit: 5 }), "GET", "/friends"],
      [() => swp.noteFriend("p-bea", null), "PATCH", "/friends/p-bea", { note: null }],
      [() => swp.unfriend("p-bea"), "DELETE", "/friends/p-bea"],
      [() => swp.mutualFriends("p-bea"), "GET", "/friends/p-bea/mutual"],
      [() => swp.requestFriend({ playerId: "p-bea" }), "POST", "/friends/requests", { player_id: "p-bea" }],
      [() => swp.requestFriend({ handle: "bea" }), "POST", "/friends/requests", { handle: "bea" }],
      [() => swp.friendRequests(), "GET", "/friends/requests"],
      [() => swp.acceptFriend("p-bea"), "POST", "/friends/requests/p-bea/accept"],
      [() => swp.declineFriend("p-bea"), "POST", "/friends/requests/p-bea/decline"],
      [() => swp.cancelFriendRequest("p-bea"), "DELETE", "/friends/requests/p-bea"],
      [() => swp.createFriendLink({ maxUses: 1, autoAccept: false }), "POST", "/friends/invite-links", { max_uses: 1, auto_accept: false }],
      [() => swp.createFriendLink(), "POST", "/friends/invite-links", {}],
      [() => swp.friendLinks(), "GET", "/friends/invite-links"],
      [() => swp.revokeFriendLink("a/b"), "DELETE", "/friends/invite-links/a%2Fb"],
      [() => swp.redeemFriendLink("a/b"), "POST", "/friends/invite-links/a%2Fb/redeem"],
      [() => swp.searchPlayers("be"), "GET", "/players"],
      [() => swp.presence(["p-bea", "p-cleo"]), "GET", "/presence"],
      [() => swp.blocks(), "GET", "/blocks"],
      [() => swp.block("p-bea"), "PUT", "/blocks/p-bea"],
      [() => swp.unblock("p-bea"), "DELETE", "/blocks/p-bea"],
      [() => swp.sessions(), "GET", "/auth/sessions"],
      [() => swp.endSession("s-1"), "DELETE", "/auth/sessions/s-1"],
      [() => swp.exportMe(), "GET", "/players/me/export"],
    ];
    for (const [call, method, path, body] of wanted) {
      await call();
      const made = calls.at(-1);
      assert.deepEqual([made.method, made.path, made.body], [method, path, body]);
      assert.equal(made.headers.authorization, "Bearer access-1");
      // Sign-in paths ignore keys; every other change has one.
      assert.equal(Boolean(made.headers["idempotency-key"]), method !== "GET" && !path.startsWith("/auth/"), path);
    }
  });

  test("what is asked about stands in the query", async () => {
    const asked = [];
    const fetch = async (url) => {
      asked.push(new URL(url).search);
      return { ok: true, status: 200, headers: new Headers(), text: async () => JSON.stringify(asked.length === 1 ? tokens(1) : { items: [] }) };
    };
    const swp = new ShallWePlay({ baseUrl: "http://swp.test", storage: memoryStorage(), fetch, WebSocket: FakeSocket });
    await swp.signInAsGuest();
    await swp.friendRequests("outgoing", { limit: 7 });
    await swp.searchPlayers("b&e");
    await swp.presence(["p-bea", "p-cleo"]);
    await swp.friends({ limit: 100, cursor: null });
    assert.deepEqual(asked.slice(1), ["?direction=outgoing&limit=7", "?handle_prefix=b%26e", "?ids=p-bea%2Cp-cleo", "?limit=100"]);
  });

  test("whoever is erased is signed out here, too", async () => {
    const { swp, calls, seen, storage } = await online({ replies: [{ body: tokens(1, { device_secret: "dev-1" }) }, { status: 204 }] });
    await swp.eraseMe();
    assert.deepEqual([calls.at(-1).method, calls.at(-1).path], ["DELETE", "/players/me"]);
    assert.equal(storage.getItem("shallweplay"), null, "not even the device secret stays");
    assert.equal(swp.signedIn, false);
    assert.equal(seen.states.at(-1).state, "stopped");
  });

  test("a guest who registers goes on over a connection of the account; the guest's session ends", async () => {
    const { swp, calls } = await online({ replies: [{ body: tokens(1) }, { status: 201, body: tokens(2) }, { status: 204 }] });
    const guest = FakeSocket.last;
    await swp.register({ handle: "ada", password: "correct horse" });
    assert.deepEqual(calls.slice(1).map(({ path, body }) => [path, body.refresh_token]), [["/auth/register", undefined], ["/auth/logout", "refresh-1"]]);
    assert.equal(guest.closedWith, 1000);
    await settle();
    FakeSocket.last.open();
    assert.deepEqual(FakeSocket.last.sent[0].data, { token: "access-2", resume: { player: { epoch: "e1", offset: 10 } } });
  });

  test("a device that is signed out from elsewhere forgets everything", async () => {
    const { swp, seen, storage } = await online();
    const reasons = [];
    swp.on("signed_out", ({ reason }) => reasons.push([reason, swp.signedIn]));
    FakeSocket.last.drop(4506, "signed out");
    assert.deepEqual(reasons, [["signed out", false]]);
    assert.equal(storage.getItem("shallweplay"), null);
    assert.equal(seen.states.at(-1).code, 4506);
  });

  test("presence is asked and set on the socket, without keys, and never again after a reconnect", async () => {
    const { swp } = await online();
    const heard = [];
    swp.on("presence.changed", (data) => heard.push(data));
    const replies = [swp.watchPresence(["p-bea"]), swp.unwatchPresence(["p-cleo"]), swp.setPresence("away"), swp.setPresence("online", "here")];
    const sent = FakeSocket.last.sent.slice(-4);
    assert.deepEqual(sent.map(({ type, data, key }) => [type, data, key]), [
      ["presence.watch", { player_ids: ["p-bea"] }, undefined], ["presence.unwatch", { player_ids: ["p-cleo"] }, undefined],
      ["presence.set", { status: "away" }, undefined], ["presence.set", { status: "online", text: "here" }, undefined],
    ]);
    const now = { items: [{ player_id: "p-bea", status: "online", game_id: null, joinable: false, last_seen: "now" }] };
    FakeSocket.last.say({ re: sent[0].id, ok: true, data: now });
    assert.deepEqual(await replies[0], now);
    FakeSocket.last.say({ type: "presence.changed", data: { player_id: "p-bea", status: "in_game", joinable: false } });
    assert.equal(heard[0].status, "in_game");
    const many = swp.watchPresence(Array.from({ length: 251 }, (_, n) => `p-${n}`));
    const [first] = FakeSocket.last.sent.slice(-1);
    assert.equal(first.data.player_ids.length, 250);
    FakeSocket.last.say({ re: first.id, ok: true, data: now });
    await settle();
    const [second] = FakeSocket.last.sent.slice(-1);
    assert.deepEqual(second.data.player_ids, ["p-250"]);
    FakeSocket.last.say({ re: second.id, ok: true, data: now });
    assert.equal((await many).items.length, 2);
    const lost = Promise.allSettled(replies.slice(1));
    FakeSocket.last.drop(1006);
    assert.ok((await lost).every(({ reason }) => reason instanceof ConnectionError));
    mock.timers.tick(1000);
    await settle();
    FakeSocket.last.greet();
    assert.deepEqual(FakeSocket.last.of("presence.set"), []);
  });
});

describe("calls", () => {
  test("a lost call is made once more with the same Idempotency-Key, the next call has another", async () => {
    const { swp, calls } = client({ replies: [{ body: tokens(1) }, new TypeError("network"), { body: { id: "t1" } }] });
    await swp.signInAsGuest();
    const joined = swp.joinQueue("duel");
    await settle();
    assert.equal(calls.length, 2, "waits before the second try");
    mock.timers.tick(500);
    assert.equal((await joined).id, "t1");
    await swp.ready("g1");
    const [first, second, other] = calls.slice(1).map((call) => call.headers["idempotency-key"]);
    assert.match(first, /^[0-9a-f]{32}$/);
    assert.equal(first, second);
    assert.notEqual(second, other);
  });

  test("lost twice is a ConnectionError; a refresh token is never sent twice", async () => {
    const { swp, calls } = client({ replies: [{ body: tokens(1) }, new TypeError("network")] });
    await assert.doesNotReject(swp.signInAsGuest());
    const failing = assert.rejects(swp.me(), ConnectionError);
    await settle();
    mock.timers.tick(500);
    await failing;
    await assert.rejects(swp.refresh(), ConnectionError);
    assert.deepEqual(calls.map((call) => call.path), ["/auth/guest", "/players/me", "/players/me", "/auth/refresh"]);
    assert.equal(calls.at(-1).headers["idempotency-key"], undefined);
  });

  test("a problem document becomes a ProblemError with its fields", async () => {
    const problem = { type: "https://x/games.not_your_turn", title: "Not your turn", status: 409, detail: "Wait for Bea.", instance: "r1", code: "games.not_your_turn", sequence: 4 };
    const { swp } = client({ replies: [{ body: tokens(1) }, { status: 409, body: problem }] });
    await swp.signInAsGuest();
    await assert.rejects(swp.move("g1", { cell: 0 }, 3), (error) => {
      assert.ok(error instanceof ProblemError);
      assert.deepEqual([error.code, error.status, error.message, error.problem.sequence], ["games.not_your_turn", 409, "Wait for Bea.", 4]);
      return true;
    });
  });

  test("503 with Retry-After is tried again when told to, a plain 409 is not", async () => {
    const { swp, calls } = client({ replies: [{ body: tokens(1) }, { status: 503, body: {}, headers: { "retry-after": "1" } }, { body: ADA }, { status: 409, body: {} }] });
    await swp.signInAsGuest();
    const me = swp.me();
    await settle();
    mock.timers.tick(1200);
    assert.deepEqual(await me, ADA);
    await assert.rejects(swp.ready("g1"), ProblemError);
    assert.equal(calls.length, 4);
  });

  test("an answer that never comes times out", async () => {
    const never = (_path, init) => new Promise((_, reject) => init.signal.addEventListener("abort", () => reject(init.signal.reason)));
    const { swp } = client({ replies: [{ body: tokens(1) }, never] });
    await swp.signInAsGuest();
    const failing = assert.rejects(swp.me(), ConnectionError);
    for (let step = 0; step < 3; step++) {
      await settle();
      mock.timers.tick(10_000);
    }
    await failing;
  });
});

describe("quick match and parties", () => {
  test("each method is one call of the API", async () => {
    const { swp, calls } = client({ replies: [{ body: tokens(1) }, { body: { items: [] } }] });
    await swp.signInAsGuest();
    const wanted = [
      [() => swp.joinQueue("squads", { party_id: "y1" }), "POST", "/matchmaking/tickets", { mode: "squads", party_id: "y1" }],
      [() => swp.cancelTicket("t1"), "DELETE", "/matchmaking/tickets/t1"],
      [() => swp.explainTicket("t1"), "GET", "/matchmaking/tickets/t1/explain"],
      [() => swp.queues(), "GET", "/matchmaking/queues"],
      [() => swp.proposal("r1"), "GET", "/matchmaking/proposals/r1"],
      [() => swp.acceptProposal("r1"), "POST", "/matchmaking/proposals/r1/accept"],
      [() => swp.declineProposal("r1"), "POST", "/matchmaking/proposals/r1/decline"],
      [() => swp.createParty(), "POST", "/parties"],
      [() => swp.party("y1"), "GET", "/parties/y1"],
      [() => swp.myParty(), "GET", "/parties/mine"],
      [() => swp.partyInvites(), "GET", "/parties/invites"],
      [() => swp.inviteToParty("y1", "p-bea"), "POST", "/parties/y1/invites", { player_id: "p-bea" }],
      [() => swp.withdrawPartyInvite("y1", "p-bea"), "DELETE", "/parties/y1/invites/p-bea"],
      [() => swp.joinParty("y1"), "POST", "/parties/y1/join"],
      [() => swp.leaveParty("y1"), "POST", "/parties/y1/leave"],
      [() => swp.readyInParty("y1", true), "POST", "/parties/y1/ready", { ready: true }],
      [() => swp.kickFromParty("y1", "p-bea"), "POST", "/parties/y1/kick", { player_id: "p-bea" }],
      [() => swp.promoteInParty("y1", "p-bea"), "POST", "/parties/y1/promote", { player_id: "p-bea" }],
      [() => swp.practice("connect_four"), "POST", "/games", { mode: "connect_four", bot: true }],
    ];
    for (const [call, method, path, body] of wanted) {
      await call();
      const made = calls.at(-1);
      assert.deepEqual([made.method, made.path, made.body], [method, path, body]);
      assert.equal(Boolean(made.headers["idempotency-key"]), method !== "GET", path);
    }
  });

  test("no party is an answer, any other refusal isn't", async () => {
    const none = { status: 404, body: { status: 404, code: "parties.not_found" } };
    const { swp } = client({ replies: [{ body: tokens(1) }, none, { status: 429, body: { status: 429 }, headers: { "retry-after": "9" } }] });
    await swp.signInAsGuest();
    assert.equal(await swp.myParty(), null);
    await assert.rejects(swp.myParty(), (error) => error.status === 429 && error.retryAfterMs === 9000);
  });

  test("a cool-down says until when", async () => {
    const { swp } = client({ replies: [{ body: tokens(1) }, { status: 409, body: { status: 409, code: "matchmaking.cooling_down", until: "2026-01-01T00:00:30Z" } }] });
    await swp.signInAsGuest();
    await assert.rejects(swp.joinQueue("squads"), ({ code, problem }) => code === "matchmaking.cooling_down" && problem.until === "2026-01-01T00:00:30Z");
  });

  test("where the player stands comes with the connection; the ready check and the party come as events", async () => {
    const { swp } = client();
    await swp.signInAsGuest();
    const heard = [];
    for (const type of ["match.proposed", "party.invited", "party.updated"]) swp.on(type, (data) => heard.push([type, data]));
    const connected = swp.connect();
    await settle();
    FakeSocket.last.open();
    const live = { ticket_id: "t1", proposal_id: "r1", game_id: null, party_id: "y1" };
    FakeSocket.last.say({ re: "hello", ok: true, data: { session_id: "s", player: ADA, heartbeat_ms: 25_000, live, streams: { player: { epoch: "e1", offset: 10, recovered: true } } } });
    FakeSocket.last.say({ type: "session.ready" });
    assert.deepEqual((await connected).live, live);
    const told = [
      ["match.proposed", { proposal_id: "r1", mode: "squads", expires_at: "2026-01-01T00:00:15Z", ticket_id: "t1", players: [{ player_id: "p-ada", team: 0, answer: null }] }],
      ["party.invited", { party_id: "y2", from: "p-bea", expires_at: "2026-01-01T00:01:00Z" }],
      ["party.updated", { party: { id: "y1", leader_id: "p-ada", members: [{ player_id: "p-ada", ready: true }], invited: [], state: "open", mode: null, ticket_id: null } }],
    ];
    told.forEach(([type, data], at) => FakeSocket.last.say({ type, stream: "player", epoch: "e1", offset: 11 + at, at: "2026-01-01T00:00:00Z", data }));
    assert.deepEqual(heard, told);
  });
});

describe("games with friends", () => {
  test("a game by link, its invitations, and what follows go where the contract says", async () => {
    const { swp, calls } = client();
    await swp.signInAsGuest();
    await swp.createGame("duel", { link: true });
    await swp.redeemInvite("a/b");
    await swp.declineInvite("i1");
    await swp.claim("g1", "draw");
    await swp.leaderboard("duel", { around: "me", season: undefined });
    await swp.profile("p2");
    assert.deepEqual(calls.slice(1).map(({ method, path, body }) => [method, path, body]), [
      ["POST", "/games", { mode: "duel", link: true }],
      ["POST", "/game-invites/links/a%2Fb/redeem", undefined],
      ["POST", "/game-invites/i1/decline", {}],
      ["POST", "/games/g1/claim", { claim: "draw" }],
      ["GET", "/leaderboards/duel", undefined],
      ["GET", "/players/p2", undefined],
    ]);
  });

  test("a replay comes line by line, a refusal as its problem", async () => {
    const { fetch, calls } = fakeFetch({ body: tokens(1) });
    const log = '{"n":1,"type":"game.created"}\n{"n":2,"type":"game.started"}\n';
    const answers = [{ ok: true, status: 200, text: log }, { ok: false, status: 409, text: '{"code":"games.not_finished"}' }];
    const replies = async (url, init) => {
      if (!url.endsWith("/replay")) return fetch(url, init);
      assert.equal(init.headers.accept, "application/x-ndjson");
      const { ok, status, text } = answers.shift();
      return { ok, status, headers: new Headers(), text: async () => text };
    };
    const swp = new ShallWePlay({ baseUrl: "http://swp.test", storage: memoryStorage(), fetch: replies, WebSocket: FakeSocket });
    await swp.signInAsGuest();
    assert.deepEqual((await swp.replay("g1")).map((line) => line.n), [1, 2]);
    await assert.rejects(swp.replay("g1"), (error) => error.code === "games.not_finished");
    assert.equal(calls.length, 1);
  });
});

describe("the socket", () => {
  test("says hello with the token, under the protocol, and is online after session.ready", async () => {
    const { seen } = await online();
    const socket = FakeSocket.last;
    assert.deepEqual([socket.url, socket.protocol], ["ws://swp.test/ws", "shallweplay.v1"]);
    assert.deepEqual(socket.sent[0], { id: "hello", type: "session.hello", data: { token: "access-1" } });
    assert.deepEqual(seen.states.map((change) => change.state), ["connecting", "online"]);
  });

  test("requests are matched to their replies, refusals are ProblemErrors", async () => {
    const { swp } = await online();
    const one = swp.request("matchmaking.join", { mode: "duel" });
    const two = swp.request("game.move", {});
    const [join, move] = FakeSocket.last.sent.slice(1);
    assert.ok(join.key && join.id !== move.id);
    FakeSocket.last.say({ re: move.id, ok: false, error: { status: 422, code: "games.illegal_move" } });
    FakeSocket.last.say({ re: join.id, ok: true, data: { ticket: { id: "t1" } } });
    assert.equal((await one).ticket.id, "t1");
    await assert.rejects(two, (error) => error.code === "games.illegal_move");
  });

  test("a request without an answer times out", async () => {
    const { swp } = await online();
    const failing = assert.rejects(swp.request("matchmaking.join", {}), /within 10000 ms/);
    mock.timers.tick(10_000);
    await failing;
  });

  test("an unanswered request is sent again after the resume with its id and key; a volatile one fails", async () => {
    const { swp } = await online();
    const join = swp.request("matchmaking.join", { mode: "duel" });
    const relay = assert.rejects(swp.request("game.relay", {}), ConnectionError);
    const before = FakeSocket.last.of("matchmaking.join")[0];
    FakeSocket.last.drop(1006);
    await relay;
    mock.timers.tick(1000);
    await settle();
    FakeSocket.last.greet();
    assert.deepEqual(FakeSocket.last.of("matchmaking.join"), [before]);
    FakeSocket.last.say({ re: before.id, ok: true, data: { ticket: { id: "t1" } } });
    assert.equal((await join).ticket.id, "t1");
  });

  test("answers ping with pong", async () => {
    await online();
    FakeSocket.last.say({ type: "ping" });
    assert.deepEqual(FakeSocket.last.sent.at(-1), { type: "pong" });
  });

  test("two silent heartbeats are a dead connection", async () => {
    const { seen } = await online();
    mock.timers.tick(30_000);
    FakeSocket.last.say({ type: "ping" });
    mock.timers.tick(50_000);
    assert.equal(seen.states.at(-1).state, "online");
    mock.timers.tick(1_001);
    assert.deepEqual([seen.states.at(-1).state, seen.states.at(-1).code], ["offline", 4101]);
  });

  test("a hello that is never answered is a dead connection too", async () => {
    const { swp, seen } = client();
    await swp.signInAsGuest();
    swp.connect();
    await settle();
    FakeSocket.last.open();
    mock.timers.tick(10_000);
    assert.equal(seen.states.at(-1).state, "offline");
  });

  test("the wire shows frames but no tokens", async () => {
    const made = client();
    const frames = [];
    made.swp.on("wire", (frame) => frames.push(frame));
    await made.swp.signInAsGuest();
    made.swp.connect();
    await settle();
    FakeSocket.last.greet();
    assert.equal(frames.find((frame) => frame.direction === "out").message.data.token, "…");
    assert.doesNotMatch(JSON.stringify(frames), /access-1|refresh-1/);
  });
});

describe("streams", () => {
  test("what was seen is dropped, what comes early waits for its turn", async () => {
    const { seen } = await online();
    for (const offset of [11, 11, 10, 14, 13, 12, 12, 15]) FakeSocket.last.say(event(offset));
    assert.deepEqual(seen.events, [11, 12, 13, 14, 15]);
    assert.deepEqual(seen.resync, []);
  });

  test("a gap that stays is told, and the later events still come in order", async () => {
    const { seen } = await online();
    for (const offset of [11, 15, 14]) FakeSocket.last.say(event(offset));
    assert.deepEqual(seen.events, [11]);
    mock.timers.tick(1000);
    assert.deepEqual(seen.resync, [{ stream: "player", reason: "gap" }]);
    assert.deepEqual(seen.events, [11, 14, 15]);
  });

  test("another epoch is another stream: told, then followed", async () => {
    const { seen } = await online();
    FakeSocket.last.say(event(3, { epoch: "e2" }));
    FakeSocket.last.say(event(4, { epoch: "e2" }));
    assert.deepEqual(seen.resync, [{ stream: "player", reason: "epoch" }]);
    assert.deepEqual(seen.events, [3, 4]);
  });

  test("a reconnect names every position and counts what it recovered", async () => {
    const { seen } = await online();
    FakeSocket.last.say(event(11));
    FakeSocket.last.say(event(4, { stream: "game:g1", type: "game.moved" }));
    FakeSocket.last.drop(1006);
    mock.timers.tick(1000);
    await settle();
    const streams = { player: { epoch: "e1", offset: 13, recovered: true }, "game:g1": { epoch: "e1", offset: 4, recovered: true } };
    FakeSocket.last.greet(streams, [event(12), event(13)]);
    assert.deepEqual(FakeSocket.last.sent[0].data.resume, { player: { epoch: "e1", offset: 11 }, "game:g1": { epoch: "e1", offset: 4 } });
    assert.deepEqual(seen.events, [11, 12, 13]);
    assert.deepEqual(seen.states.map((change) => change.state), ["connecting", "online", "offline", "resuming", "online"]);
    assert.deepEqual([seen.states.at(-1).resumed, seen.states.at(-1).recovered], [true, 2]);
  });

  test("a stream that could not be resumed is told after session.ready", async () => {
    const { seen } = await online();
    FakeSocket.last.drop(1006);
    mock.timers.tick(1000);
    await settle();
    FakeSocket.last.greet({ player: { epoch: "e9", offset: 2, recovered: false } });
    assert.deepEqual(seen.resync, [{ stream: "player", reason: "window" }]);
    FakeSocket.last.say(event(3, { epoch: "e9" }));
    assert.deepEqual(seen.events, [3]);
  });

  test("session.resync reaches the app and the stream goes on", async () => {
    const { seen } = await online();
    FakeSocket.last.say({ type: "session.resync", data: { stream: "player" } });
    FakeSocket.last.say(event(99));
    assert.deepEqual(seen.resync, [{ stream: "player", reason: "server" }]);
    assert.deepEqual(seen.events, [99]);
  });

  test("a game whose first event was lost with the connection is gone on with from its beginning", async () => {
    const { swp } = await online();
    const told = [];
    swp.on("game.moved", ({ sequence }) => told.push(sequence));
    FakeSocket.last.say({ ...event(11), data: { game: { id: "g1" } } });
    FakeSocket.last.drop(1006);
    mock.timers.tick(60_000);
    await settle();
    const next = FakeSocket.last;
    next.open();
    assert.deepEqual(next.sent[0].data.resume["game:g1"], { epoch: "beginning", offset: 0 });
    const streams = { player: { epoch: "e1", offset: 11, recovered: true }, "game:g1": { epoch: "e7", offset: 2, recovered: true } };
    const moved = (offset) => ({ ...event(offset, { stream: "game:g1", epoch: "e7", type: "game.moved" }), data: { sequence: offset } });
    next.say({ re: "hello", ok: true, data: { session_id: "s", player: ADA, streams, heartbeat_ms: 25_000 } });
    [moved(1), moved(2), { type: "session.ready" }, moved(2), moved(3)].forEach((message) => next.say(message));
    assert.deepEqual(told, [1, 2, 3]);
  });
});

describe("close codes", () => {
  test("follow the table", () => {
    const by = (policy) => [1000, 1001, 1002, 1003, 1006, 1007, 1009, 1011, 1012, 1013, 4100, 4101, 4102, 4105, 4106, 4500, 4501, 4502, 4503, 4504, 4505, 4506].filter((code) => closePolicy(code) === policy);
    assert.deepEqual(by("resume"), [1001, 1006, 1012, 4100, 4101, 4102]);
    assert.deepEqual(by("backoff"), [1011, 1013]);
    assert.deepEqual(by("wait"), [4105]);
    assert.deepEqual(by("refresh"), [4106]);
    assert.deepEqual(by("stop"), [1000, 1002, 1003, 1007, 1009, 4500, 4501, 4502, 4503, 4504, 4505, 4506]);
  });

  test("back-off doubles under jitter, is capped, and starts anew after a steady connection", async () => {
    const { seen } = await online();
    const waits = [];
    FakeSocket.last.drop(1006);
    for (let attempt = 0; attempt < 9; attempt++) {
      waits.push(seen.states.at(-1).retryInMs);
      mock.timers.tick(waits.at(-1));
      await settle();
      FakeSocket.last.drop(1006);
    }
    assert.deepEqual(waits, [125, 250, 500, 1000, 2000, 4000, 7500, 7500, 7500]);
    mock.timers.tick(7500);
    await settle();
    FakeSocket.last.greet();
    mock.timers.tick(10_000);
    FakeSocket.last.drop(1006);
    assert.equal(seen.states.at(-1).retryInMs, 125);
  });

  test("a stop code stops, with the server's words", async () => {
    const { swp, seen } = await online();
    FakeSocket.last.drop(4503, "replaced by another session");
    mock.timers.tick(60_000);
    await settle();
    assert.equal(FakeSocket.all.length, 1);
    assert.deepEqual([seen.states.at(-1).state, seen.states.at(-1).code, seen.states.at(-1).reason], ["stopped", 4503, "replaced by another session"]);
    await assert.rejects(swp.request("ping"), ConnectionError);
  });

  test("connect() rejects when the server stops it for good", async () => {
    const { swp } = client();
    await swp.signInAsGuest();
    const failing = assert.rejects(swp.connect(), (error) => error.code === "auth.suspended");
    await settle();
    FakeSocket.last.open();
    FakeSocket.last.say({ re: "hello", ok: false, error: { status: 403, code: "auth.suspended", detail: "Suspended." } });
    FakeSocket.last.drop(4502);
    await failing;
  });

  test("4106 refreshes, then resumes with the new token", async () => {
    const { calls } = await online({ replies: [{ body: tokens(1) }, { body: tokens(2) }] });
    FakeSocket.last.drop(4106);
    mock.timers.tick(125);
    await settle();
    assert.equal(calls.at(-1).path, "/auth/refresh");
    FakeSocket.last.open();
    assert.equal(FakeSocket.last.sent[0].data.token, "access-2");
  });

  test("going away: waits out the hint when closed early, leaves by itself when not", async () => {
    const { seen } = await online();
    FakeSocket.last.say({ type: "session.going_away", data: { reconnect_in_ms: 3000 } });
    mock.timers.tick(1000);
    FakeSocket.last.drop(4100);
    assert.equal(seen.states.at(-1).retryInMs, 2000);
    mock.timers.tick(2000);
    await settle();
    FakeSocket.last.greet();
    const staying = FakeSocket.last;
    staying.say({ type: "session.going_away", data: { reconnect_in_ms: 3000 } });
    mock.timers.tick(3000);
    assert.equal(staying.closedWith, 1000);
    assert.equal(seen.states.at(-1).code, 4100);
  });

  test("the token is renewed on the open socket before it expires", async () => {
    const { calls } = await online({ replies: [{ body: tokens(1) }, { body: tokens(2) }] });
    for (let beat = 0; beat < 24; beat++) {
      mock.timers.tick(24_000);
      FakeSocket.last.say({ type: "ping" });
      await settle();
    }
    assert.equal(calls.filter((call) => call.path === "/auth/refresh").length, 1);
    assert.deepEqual(FakeSocket.last.of("session.refresh").map((message) => message.data), [{ token: "access-2" }]);
  });

  test("disconnect stops quietly; connect starts again and resumes", async () => {
    const { swp, seen } = await online();
    swp.disconnect();
    assert.equal(FakeSocket.last.closedWith, 1000);
    assert.equal(seen.states.at(-1).state, "stopped");
    const again = swp.connect();
    await settle();
    FakeSocket.last.greet();
    assert.equal((await again).session_id, "s");
    assert.deepEqual(FakeSocket.last.sent[0].data.resume, { player: { epoch: "e1", offset: 10 } });
  });
});
