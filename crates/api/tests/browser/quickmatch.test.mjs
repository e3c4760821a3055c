// Quick Match: a party and strangers meet through a ready check, a refusal costs nobody else their place, the wait is
// explained, and a bot plays for practice.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Player, leave, openChromium, startBackend } from "./stage.mjs";

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const PASSWORD = "correct horse";

let backend, browser;
before(async () => {
  [backend, browser] = await Promise.all([startBackend({ args: ["--ephemeral"] }), openChromium()]);
});
after(async () => {
  await browser?.close();
  await backend?.stop();
});

async function guest(name, options) {
  const player = await Player.arrive(browser, backend.url, name, options);
  await player.signIn();
  return player;
}

/** A call of the API as this page's player, for what isn't the subject here. */
function call(player, method, path, body) {
  return player.page.evaluate(async ([verb, to, sent]) => {
    const { access_token: token } = JSON.parse(sessionStorage.getItem("shallweplay"));
    const reply = await fetch(`/api/v1${to}`, { method: verb, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: sent && JSON.stringify(sent) });
    return reply.json();
  }, [method, path, body]);
}

/** Somebody new who is this player's friend at once. */
async function friendOf(host, name, options) {
  const { code } = await call(host, "POST", "/friends/invite-links", { auto_accept: true });
  const player = await Player.arrive(browser, backend.url, name, { ...options, path: `/?friend=${code}` });
  await player.takeASeat();
  await player.page.getByText(`You and ${host.name} are friends now.`).first().waitFor();
  await player.see("#connection[data-state=good]");
  return player;
}

async function fits(player, where) {
  const width = await player.page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 360, `${where} is ${width} px wide`);
  await player.show(`narrow-${where}`, { fullPage: true });
}

const focused = (player) => player.page.evaluate(() => document.activeElement.textContent);
const seconds = async (player) => (await player.page.locator(".lead .elapsed").innerText()).split(":").reduce((sum, part) => 60 * sum + Number(part), 0);
const asked = (player) => player.see('.ready-check[data-phase="asking"]');
const all = (players, act) => Promise.all(players.map(act));

/** Into the host's party, and ready. */
async function comeAlong(host, player) {
  await host.press(`Invite ${player.name} to your party`);
  await player.see(".invite[data-party]");
  await player.press("Accept");
  await player.see(".party .mate");
}

/** Each taps as often as told; all wait for the end. */
async function tapOut(players, taps) {
  await all(players, (player) => player.see("[data-phase=play]"));
  await all(players, async (player) => {
    for (let tap = 0; tap < taps[players.indexOf(player)]; tap++) await player.page.locator(".pad").click();
  });
  await all(players, (player) => player.see('.result[data-final="true"]', { timeout: 30_000 }));
}

test("a party of two on two phones and two strangers play squads to the end", async () => {
  const ana = await guest("Ana", PHONE);
  await ana.press("Make a party");
  await ana.page.getByText("You have no friends here yet.").waitFor();
  const ben = await friendOf(ana, "Ben", { ...PHONE, colorScheme: "dark" });
  await ana.page.locator(".guests .mate", { hasText: "Online" }).waitFor();
  await fits(ana, "party-alone");
  await ana.press("Invite Ben to your party");
  await ben.see(".invite[data-party]");
  await fits(ben, "party-invite");
  await ben.press("Accept");
  await ben.see('main[data-screen="lobby"] .party .mate');
  await ana.page.getByText("Ben isn’t ready yet.").waitFor();
  assert.ok(await ana.page.getByRole("button", { name: "Find match", exact: true }).isDisabled());
  await fits(ben, "party-member");
  await ben.press("I’m ready");
  await all([ana, ben], (player) => player.page.getByText("2 of 2 ready").waitFor());

  // The party goes with its members wherever they are, and survives a reload.
  await ben.page.getByRole("link", { name: /^Friends/ }).first().click();
  await ben.page.getByText("Your party: 2 of 2 players ready.").waitFor();
  await ben.page.reload();
  await ben.page.getByText("Your party: 2 of 2 players ready.").waitFor();
  assert.deepEqual(await ana.page.locator("#party-mode option").allInnerTexts(), ["Squads"], "no other game has teams of two");
  await ana.press("Find match");
  await ana.see(".waiting");
  await ben.page.getByText("Your party is looking for Squads…").waitFor();
  await ben.visit("Go there");
  await ben.see(".waiting");
  assert.equal(await ben.page.locator(".waiting-art .face:not(.face-nobody)").count(), 2);
  await fits(ben, "party-waiting");

  const cam = await guest("Cam");
  const dee = await guest("Dee", { colorScheme: "dark" });
  const players = [ana, ben, cam, dee];
  for (const stranger of [cam, dee]) await stranger.quickMatch("Squads");
  await all(players, asked);
  assert.equal(await focused(cam), "Accept");
  await cam.page.keyboard.press("Escape");
  await cam.page.keyboard.press("Tab");
  assert.equal(await focused(cam), "Decline", "the focus stays with the two answers");
  assert.deepEqual((await ana.page.locator('.check-seats [data-team="0"] .check-name, .check-seats [data-team="1"] .check-name').allInnerTexts()).sort(), ["Ben", "Cam", "Dee", "You"]);
  await fits(ana, "ready-check");
  await ana.press("Accept");
  await dee.page.getByText("1 of 4 players accepted").waitFor();
  await dee.show("ready-check-dark");
  for (const player of [ben, cam, dee]) await player.press("Accept");
  await all(players, (player) => player.seated());
  assert.equal(await cam.page.locator(".ready-check").count(), 0);

  await tapOut(players, [3, 2, 1, 1]);
  await all([ana, ben], (player) => player.ended("win"));
  await all([cam, dee], (player) => player.ended("loss"));
  await ana.page.locator(".standings").getByText("Dee").waitFor();
  await fits(ana, "squads-result");
  await ana.press("Back to the lobby");
  await ana.page.locator('.party [data-leads]', { hasText: "You" }).waitFor();
  players.forEach((player) => player.content());
  await leave(...players);
});

test("a decline sends the others back with their age, and the decliner has to wait", async () => {
  const players = [];
  for (const name of ["Eli", "Fay", "Gil", "Hal"]) players.push(await guest(name, name === "Gil" ? PHONE : {}));
  const [eli, fay, gil, hal] = players;
  for (const player of [eli, fay, gil]) await player.quickMatch("Squads");
  await all([eli, fay, gil], (player) => player.page.waitForFunction(() => document.querySelector(".lead .elapsed")?.textContent >= "0:02"));
  const before = (await call(eli, "GET", "/matchmaking/tickets")).items[0];
  await hal.quickMatch("Squads");
  await all(players, asked);
  for (const player of [eli, fay, gil]) await player.press("Accept");
  await eli.page.getByText("3 of 4 players accepted").waitFor();
  // A reload comes back into the same check, with the answer given.
  await fay.page.reload();
  await fay.see('.ready-check[data-phase="accepted"]');
  await hal.press("Decline");
  await hal.page.getByText("You declined the match, so you left the queue.").waitFor();
  await all([eli, fay, gil], (player) => player.page.getByRole("heading", { name: "Not everybody accepted" }).waitFor());
  await fits(gil, "ready-check-failed");
  await gil.press("All right");
  await gil.page.locator(".waiting .notice", { hasText: "You keep your place" }).waitFor();
  await gil.show("back-in-the-queue");
  const again = (await call(eli, "GET", "/matchmaking/tickets")).items[0];
  assert.deepEqual([again.id, again.created_at, again.status], [before.id, before.created_at, "searching"]);
  assert.ok((await seconds(gil)) >= 2, "the clock goes on from before");

  hal.expectRefusal(409);
  await hal.quickMatch("Squads");
  await hal.see(".cool-down");
  assert.match(await hal.page.locator(".cool-down").innerText(), /now you wait: \d+:\d\d until/);
  assert.ok(await hal.page.getByRole("button", { name: "Search again", exact: true }).isDisabled());
  await hal.show("cool-down");

  // Somebody else comes: those who waited longest are asked again; the reason gives way by itself.
  const ida = await guest("Ida");
  await ida.quickMatch("Squads");
  const four = [eli, fay, gil, ida];
  await all(four, asked);
  for (const player of four) await player.press("Accept");
  await all(four, (player) => player.seated());
  [...players, ida].forEach((player) => player.content());
  await leave(...players, ida);
});

test("the wait is explained, survives a reload, and is the same on another device", async () => {
  const jil = await guest("Jil");
  await jil.page.goto(`${backend.url}/#account`);
  await jil.page.getByRole("textbox", { name: "Handle" }).fill("jil");
  await jil.page.getByLabel("Password").fill(PASSWORD);
  await jil.press("Keep this player");
  await jil.page.getByText("@jil is how friends find you").waitFor();
  await jil.visit("Play");
  await jil.quickMatch("Duel");
  await jil.see(".search .range");
  assert.match(await jil.page.locator(".estimate").innerText(), /^Usually .*\d/);
  await jil.page.getByText("In this queue: only you, so far.").waitFor();
  assert.match(await jil.page.locator(".search").innerText(), /Nobody else waits for this game yet\./);
  const range = async () => Number(/±(\d+) of your \d+/.exec(await jil.page.locator(".search-range").innerText())?.[1] ?? Infinity);
  const first = await range();
  assert.ok(first > 0);
  await jil.page.waitForFunction((before) => {
    const now = /±(\d+)/.exec(document.querySelector(".search-range").textContent);
    return !now || Number(now[1]) > before;
  }, first, { timeout: 35_000 });
  const drawn = Number(await jil.page.locator(".range-band").getAttribute("width"));
  assert.ok(drawn > 8, "the window is drawn");
  await jil.show("waiting-explained");

  const waited = await seconds(jil);
  await jil.page.reload();
  await jil.see(".waiting .search:not([hidden])");
  assert.ok((await seconds(jil)) >= waited, "the same ticket");

  const phone = await Player.arrive(browser, backend.url, "Jil", { ...PHONE, colorScheme: "dark" });
  await phone.page.getByText("I have a handle").click();
  await phone.page.getByRole("textbox", { name: "Handle" }).fill("jil");
  await phone.page.getByLabel("Password").fill(PASSWORD);
  await phone.press("Come in");
  await phone.see(".waiting .search:not([hidden])");
  await fits(phone, "waiting-explained");
  await phone.press("Cancel");
  await all([jil, phone], (player) => player.page.getByText("You left the queue.").first().waitFor());

  // Begun on one, seen on the other as soon as somebody looks at it again.
  await jil.quickMatch("Tic-tac-toe");
  await jil.see(".waiting");
  await phone.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await phone.see(".waiting");
  await phone.page.getByText(/^Tic-tac-toe · /).waitFor();
  await phone.press("Cancel");
  await jil.see('main[data-screen="lobby"]');
  jil.content();
  phone.content();
  await leave(jil, phone);
});

test("a leader asks, withdraws, promotes and puts out; who is asked may decline", async () => {
  const kim = await guest("Kim");
  const lea = await friendOf(kim, "Lea");
  const max = await friendOf(kim, "Max", PHONE);
  await kim.press("Make a party");
  await kim.press("Invite Max to your party");
  await max.see(".invite[data-party]");
  await max.press("Decline");
  await kim.page.locator("[data-asked]").waitFor({ state: "detached" });
  await kim.press("Invite Max to your party");
  await max.see(".invite[data-party]");
  await kim.press("Withdraw the invitation of Max");
  await kim.page.locator("[data-asked]").waitFor({ state: "detached" });

  await comeAlong(kim, lea);
  await kim.page.getByLabel("More about Lea in your party").click();
  await kim.press("Make leader");
  await lea.page.locator(".party [data-leads]", { hasText: "You" }).waitFor();
  await lea.page.locator("#announcer", { hasText: "You lead the party now." }).waitFor({ state: "attached" });
  await kim.page.getByRole("button", { name: "I’m ready", exact: true }).waitFor();
  // Alone she can't play while the party has her; only its leader searches.
  await kim.quickMatch("Duel");
  await kim.page.getByText("Lea leads your party, and starts its searches.").waitFor();

  await lea.page.getByLabel("More about Kim in your party").click();
  await lea.press("Put out…");
  await lea.press("Put out");
  await kim.page.getByRole("heading", { name: "Play as a team" }).waitFor();
  await kim.page.locator("#announcer", { hasText: "You are no longer in the party." }).waitFor({ state: "attached" });
  await lea.press("Leave the party");
  await lea.page.getByRole("heading", { name: "Play as a team" }).waitFor();
  for (const player of [kim, lea, max]) player.content();
  await leave(kim, lea, max);
});

test("a practice game against the bot goes on at once and counts for nothing", async () => {
  const nat = await guest("Nat", PHONE);
  await nat.press("Practice against a bot: Tic-tac-toe");
  await nat.seated();
  await nat.page.getByText("practice, not rated").waitFor();
  await nat.page.locator(".plaque-name", { hasText: "Practice bot" }).waitFor();
  await fits(nat, "practice");
  // Whatever the bot does, the first free cell ends it within five moves of one's own.
  for (let move = 0; move < 5; move++) {
    await nat.see('.game[data-turn="mine"], .result');
    if (await nat.page.locator(".result").count()) break;
    const pieces = await nat.page.locator('.cell [class*="piece-"]:not(.piece-ghost)').count();
    await nat.page.locator(".cell[data-free]").first().click();
    await nat.page.waitForFunction((had) => document.querySelector(".result") || document.querySelectorAll('.cell [class*="piece-"]:not(.piece-ghost)').length > had, pieces);
  }
  await nat.over();
  assert.equal(await nat.page.locator(".rating-change").count(), 0);
  assert.ok(await nat.page.locator("[data-rematch]").isHidden());
  await nat.press("Once more");
  await nat.seated();
  await nat.press("Leave the game");
  await nat.page.getByText("It is practice: nothing counts.").waitFor();
  await nat.press("Leave");
  await nat.over();
  nat.content();
  await leave(nat);
});
