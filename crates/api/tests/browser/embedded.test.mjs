// The playground against one embedded server: two pages meet and play, on wide and narrow screens, with and without a mouse.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Player, bothSeated, leave, openChromium, playOut, startBackend } from "./stage.mjs";

const CROSSES_WIN = [4, 0, 2, 1, 6];
const DRAW = [0, 1, 2, 4, 3, 5, 7, 6, 8];

let backend, browser;
before(async () => {
  [backend, browser] = await Promise.all([startBackend({ args: ["--ephemeral"] }), openChromium()]);
});
after(async () => {
  await browser?.close();
  await backend?.stop();
});

async function pair(first, second, options = [{}, {}]) {
  const players = [await Player.arrive(browser, backend.url, first, options[0]), await Player.arrive(browser, backend.url, second, options[1])];
  for (const player of players) await player.signIn();
  return players;
}

async function meet([one, two], mode = "Tic-tac-toe") {
  await one.quickMatch(mode);
  await one.see(".waiting");
  await two.quickMatch(mode);
  return bothSeated(one, two);
}

test("two players meet, one wins, and both find it in their history", async () => {
  const [ada, bea] = await pair("Ada", "Bea", [{ colorScheme: "light" }, { colorScheme: "dark" }]);
  await ada.show("lobby-light");
  await bea.show("lobby-dark");
  const [crosses, rings] = await meet([ada, bea]);
  assert.equal(await crosses.headline(), "Your turn.");
  assert.equal(await rings.headline(), `${crosses.name}’s turn.`);

  rings.expectRefusal(409);
  await rings.cell(8).click();
  assert.match(await rings.page.locator(".problem p").textContent(), /turn/i, "the server's words stand by the board");

  await playOut([crosses, rings], CROSSES_WIN.slice(0, 3));
  await crosses.show("game-wide");
  await playOut([rings, crosses], CROSSES_WIN.slice(3));
  await Promise.all([crosses.ended("win"), rings.ended("loss")]);
  assert.equal(await crosses.headline(), "You win!");
  assert.equal(await rings.headline(), `${crosses.name} wins.`);
  assert.match(await crosses.page.locator(".ledger").textContent(), /version 1: settled/);
  await crosses.show("result-win");
  await rings.show("result-loss");

  for (const [player, other, outcome] of [[crosses, rings, "Won"], [rings, crosses, "Lost"]]) {
    await player.page.getByRole("button", { name: "Back to the lobby" }).click();
    const row = player.page.locator(".history-row");
    await row.first().waitFor();
    assert.equal(await row.count(), 1);
    assert.match(await row.innerText(), new RegExp(`${outcome}[^]*${other.name}[^]*Tic-tac-toe`));
  }
  await ada.page.locator("#wire > summary").click();
  assert.match(await ada.page.locator("#wire-body").innerText(), /game\.settled\s+game:….{6} @ \d+/);
  assert.doesNotMatch(await ada.page.locator("#wire-body").innerText(), /eyJ/, "no token is shown");
  await ada.show("history-and-wire", { fullPage: true });
  ada.content();
  bea.content();
  await leave(ada, bea);
});

test("a narrow screen shows everything without sideways scrolling; a draw is a draw", async () => {
  const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
  const cleo = await Player.arrive(browser, backend.url, "Cleo", phone);
  const dan = await Player.arrive(browser, backend.url, "Dan with the remarkably long name", phone);
  const fits = async (player, where) => {
    const width = await player.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `${where} is ${width} px wide`);
    await player.show(`narrow-${where}`, { fullPage: true });
  };
  await fits(cleo, "welcome");
  dan.name = dan.name.slice(0, 32);
  for (const player of [cleo, dan]) await player.signIn();
  await fits(dan, "lobby");
  await cleo.quickMatch("Tic-tac-toe");
  await cleo.see(".waiting");
  await fits(cleo, "waiting");
  await dan.quickMatch("Tic-tac-toe");
  const seats = await bothSeated(cleo, dan);
  await playOut(seats, DRAW.slice(0, 4));
  await seats[0].myTurn();
  await fits(cleo, "game");
  const board = await cleo.page.locator(".board").boundingBox();
  assert.ok(board.y + board.height <= 740, "the whole board is on the screen");
  await playOut(seats, DRAW.slice(4));
  await Promise.all([cleo.ended("draw"), dan.ended("draw")]);
  assert.equal(await cleo.headline(), "A draw.");
  await fits(cleo, "result");
  cleo.content();
  dan.content();
  await leave(cleo, dan);
});

test("the keyboard alone is enough", async () => {
  const players = [await Player.arrive(browser, backend.url, "Eve"), await Player.arrive(browser, backend.url, "Finn")];
  const tabTo = async ({ page }, selector) => {
    for (let step = 0; step < 40; step++) {
      if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`Tab never reaches ${selector}`);
  };
  for (const player of players) {
    await tabTo(player, "#name");
    await player.page.keyboard.type(player.name);
    await player.page.keyboard.press("Enter");
    await player.see(".card-tic_tac_toe .button-main");
    await tabTo(player, ".card-tic_tac_toe .button-main");
    await player.page.keyboard.press("Enter");
  }
  const seats = await bothSeated(...players);
  const goTo = async (player, cell) => {
    await player.myTurn();
    await tabTo(player, ".cell");
    const at = Number(await player.page.evaluate(() => document.activeElement.dataset.cell));
    const press = async (key, times) => { for (let time = 0; time < times; time++) await player.page.keyboard.press(key); };
    const [down, right] = [Math.floor(cell / 3) - Math.floor(at / 3), (cell % 3) - (at % 3)];
    await press(down > 0 ? "ArrowDown" : "ArrowUp", Math.abs(down));
    await press(right > 0 ? "ArrowRight" : "ArrowLeft", Math.abs(right));
    const label = await player.page.evaluate(() => document.activeElement.getAttribute("aria-label"));
    assert.equal(label, `row ${Math.floor(cell / 3) + 1}, column ${(cell % 3) + 1}, empty`);
    if (cell === 2) await player.show("keyboard-focus");
    await player.page.keyboard.press(cell % 2 ? "Space" : "Enter");
  };
  for (const [turn, cell] of CROSSES_WIN.entries()) await goTo(seats[turn % 2], cell);
  await Promise.all([seats[0].ended("win"), seats[1].ended("loss")]);
  const spoken = await seats[1].page.locator("#announcer").innerText();
  assert.match(spoken, new RegExp(`${seats[0].name} played row 3, column 1\\.`));
  assert.match(spoken, new RegExp(`${seats[0].name} wins\\.`));
  for (const player of players) {
    await tabTo(player, "[data-again]");
    await player.page.keyboard.press("Enter");
  }
  await bothSeated(...players);
  players.forEach((player) => player.content());
  await leave(...players);
});

test("a reload returns into the same game, a lost socket resumes with what was missed", async () => {
  const gus = await Player.arrive(browser, backend.url, "Gus");
  // Between page and server, to cut the line at will.
  let line, open;
  let passable = Promise.resolve();
  await gus.page.routeWebSocket("**/ws", async (socket) => {
    await passable;
    line = socket;
    socket.connectToServer();
  });
  await gus.page.reload();
  const hal = await Player.arrive(browser, backend.url, "Hal");
  await gus.signIn();
  await hal.signIn();
  const [crosses, rings] = await meet([gus, hal]);
  await crosses.put(4);
  await rings.put(0);
  await crosses.myTurn();

  await gus.page.reload();
  await gus.seated();
  assert.equal(await gus.page.locator('.cell [class*="piece-"]').count(), 2, "both pieces are back");
  await gus.see("#connection[data-state=good]");
  await crosses.put(2);
  await rings.myTurn();

  // The line is cut while the other one moves.
  if (rings === gus) {
    await gus.put(1);
    await hal.myTurn();
  }
  passable = new Promise((done) => (open = done));
  await line.close({ code: 4101, reason: "cut by the test" });
  await gus.see("#connection:not([data-state=good])");
  await hal.put(rings === gus ? 6 : 1);
  await hal.page.waitForSelector('.game:not([data-turn="mine"])');
  open();
  await gus.see("#connection[data-state=fresh]");
  assert.match(await gus.page.locator("#connection").innerText(), /^Resumed, [1-9]\d* events? recovered/);
  await gus.show("resumed");
  if (rings !== gus) await gus.put(6);
  await Promise.all([crosses.ended("win"), rings.ended("loss")]);
  gus.content();
  hal.content();
  await leave(gus, hal);
});

test("a duel counts both players' taps", async () => {
  const [ivy, jon] = await pair("Ivy", "Jon", [{}, { colorScheme: "dark" }]);
  await meet([ivy, jon], "Duel");
  await Promise.all([ivy.see("[data-phase=play]"), jon.see("[data-phase=play]")]);
  for (let tap = 0; tap < 12; tap++) await ivy.page.locator(".pad").click();
  for (let tap = 0; tap < 5; tap++) await jon.page.keyboard.press("Space");
  await jon.page.locator(".tap-column", { hasText: "Ivy" }).getByText("12", { exact: true }).waitFor();
  await ivy.page.locator(".tap-column", { hasText: "Jon" }).getByText("5", { exact: true }).waitFor();
  await ivy.show("duel");
  await Promise.all([ivy.ended("win"), jon.ended("loss")]);
  assert.match(await ivy.page.locator(".standings").innerText(), /You\s+12\b[^]*Jon\s+5\b/);
  await jon.show("duel-result-dark", { fullPage: true });
  ivy.content();
  jon.content();
  await leave(ivy, jon);
});

test("leaving a game is asked about first and told to the other", async () => {
  const [kim, lou] = await pair("Kim", "Lou");
  await meet([kim, lou]);
  await kim.page.getByRole("button", { name: "Leave the game" }).click();
  await kim.page.getByRole("button", { name: "Keep playing" }).click();
  await kim.page.getByRole("button", { name: "Leave the game" }).click();
  await kim.page.getByRole("button", { name: "Leave", exact: true }).click();
  await Promise.all([kim.see(".result"), lou.see(".result")]);
  await lou.page.getByText("Kim left the game.").waitFor();
  await lou.show("opponent-left");
  kim.content();
  lou.content();
  await leave(kim, lou);
});

test("the realtime API can be read, searched, and fits a phone", async () => {
  const reader = await Player.arrive(browser, backend.url, "Reader", { path: "/api/realtime/", viewport: { width: 390, height: 800 } });
  const told = reader.page.locator(".told:visible");
  await reader.page.locator("#match-found").waitFor();
  assert.ok((await told.count()) > 90, "requests, events and objects");
  assert.match(await reader.page.locator("#game-move").innerText(), /game\.move[^]*expected_sequence[^]*Reply/);
  await reader.page.getByRole("searchbox", { name: "Find" }).fill("match.found");
  assert.deepEqual(await told.locator("h3").allInnerTexts(), ["match.found durable, in player"].map((text) => text.replace(" ", "")));
  assert.ok(await reader.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out");
  reader.content();
  await leave(reader);
});
