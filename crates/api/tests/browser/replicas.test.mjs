// Two replicas on PostgreSQL and Redis, one player on each: the same game.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { io } from "socket.io-client";
import { Player, bothSeated, leave, networked, openChromium, playOut, startBackend } from "./stage.mjs";

const missing = ["SWP_TEST_POSTGRES_URL", "SWP_TEST_REDIS_URL"].filter((name) => !process.env[name]);
const skip = missing.length > 0 && `${missing.join(" and ")} not set; cargo xtask test starts both services`;

let world, replicas = [], browser;
before(async () => {
  if (skip) return;
  world = await networked();
  // At once: the migrations must not mind.
  replicas = await Promise.all([startBackend({ env: world.env }), startBackend({ env: world.env })]);
  browser = await openChromium();
});
after(async () => {
  await browser?.close();
  await Promise.all(replicas.map((replica) => replica.stop()));
  await world?.drop();
});

test("players of two replicas meet, finish a game and both read it", { skip }, async () => {
  const mia = await Player.arrive(browser, replicas[0].url, "Mia");
  const ned = await Player.arrive(browser, replicas[1].url, "Ned", { colorScheme: "dark" });
  for (const player of [mia, ned]) await player.signIn();
  await mia.quickMatch("Tic-tac-toe");
  await mia.see(".waiting");
  await ned.quickMatch("Tic-tac-toe");
  const [crosses, rings] = await bothSeated(mia, ned);
  await playOut([crosses, rings], [0, 4, 1, 5, 2]);
  await Promise.all([crosses.ended("win"), rings.ended("loss")]);
  await mia.show("replica-one");
  await ned.show("replica-two");
  for (const [player, other] of [[mia, ned], [ned, mia]]) {
    await player.page.getByRole("button", { name: "Back to the lobby" }).click();
    const row = player.page.locator(".history-row");
    await row.first().waitFor();
    assert.match(await row.first().innerText(), new RegExp(`${player === crosses ? "Won" : "Lost"}[^]*${other.name}`));
  }

  // A link made on one replica seats who follows it on the other, and what it does to ratings reaches both.
  await mia.press("Invite by link: Rock, paper, scissors");
  await ned.page.goto(new URL(await mia.link(), replicas[1].url).href);
  await Promise.all([mia.seated(), ned.seated()]);
  for (let round = 0; round < 2; round++) {
    for (const [player, what] of [[mia, "rock"], [ned, "scissors"]]) await player.page.locator(`[data-throw=${what}][data-free]`).click();
    await Promise.all([mia, ned].map((player) => player.page.waitForFunction((done) => document.querySelectorAll(".rounds li").length > done, round)));
  }
  await Promise.all([mia.ended("win"), ned.ended("loss")]);
  await Promise.all([mia.see(".rating-change .up"), ned.see(".rating-change .down")]);
  for (const player of [mia, ned]) player.content();
  await leave(mia, ned);
});

test("a client of Socket.IO is recovered by the other replica", { skip }, async () => {
  const call = async (path, token, body) => {
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
    return (await fetch(`${replicas[0].url}/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) })).json();
  };
  const [ola, pia] = [await call("/auth/guest", null, {}), await call("/auth/guest", null, {})];
  const socket = io(replicas[0].url, { transports: ["websocket"], auth: { token: ola.access_token }, forceNew: true, reconnectionDelay: 10 });
  const requests = [];
  socket.on("friend.requested", ({ player_id }, { offset }) => requests.push([player_id, offset]));
  await new Promise((done) => socket.once("session.ready", done));
  socket.io.uri = replicas[1].url;
  const back = new Promise((done) => socket.once("session.ready", done));
  socket.io.engine.close();
  await call("/friends/requests", pia.access_token, { player_id: ola.player.id });
  await back;
  assert.equal(socket.recovered, true);
  const until = Date.now() + 10_000;
  while (requests.length === 0 && Date.now() < until) await new Promise((done) => setTimeout(done, 20));
  assert.deepEqual(requests, [[pia.player.id, 1]]);
  socket.disconnect();
});
