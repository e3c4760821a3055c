// Games with friends and what stays of them: links, invitations, rematches, doubts, replays, histories, leaderboards.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Player, leave, openChromium, startBackend } from "./stage.mjs";

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

let backend, browser;
before(async () => {
  [backend, browser] = await Promise.all([startBackend({ args: ["--ephemeral"] }), openChromium()]);
});
after(async () => {
  await browser?.close();
  await backend?.stop();
});

async function host(name, mode, options) {
  const player = await Player.arrive(browser, backend.url, name, options);
  await player.signIn();
  await player.press(`Invite by link: ${mode}`);
  return player;
}

/** Somebody who follows the link, new to the place. */
async function guest(name, path, options) {
  const player = await Player.arrive(browser, backend.url, name, { ...options, path });
  await player.page.getByText("Somebody invites you to a game").waitFor();
  await player.takeASeat();
  return player;
}

async function fits(player, where) {
  const width = await player.page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 360, `${where} is ${width} px wide`);
  await player.show(`narrow-${where}`, { fullPage: true });
}

async function dropDiscs(players, columns) {
  for (const [turn, column] of columns.entries()) {
    const player = players[turn % 2];
    await player.myTurn();
    await player.page.locator(`[data-column="${column}"]`).click();
  }
}

test("a link seats a friend; ratings, rematch, replay, history, head-to-head and leaderboard follow", async () => {
  const mona = await host("Mona", "Connect four");
  const path = await mona.link();
  await mona.show("waiting-room");
  const nick = await guest("Nick", path, { colorScheme: "dark" });
  await Promise.all([mona.seated(), nick.seated()]);
  await dropDiscs([mona, nick], [3, 3, 2, 2, 1, 1, 0]);
  await Promise.all([mona.ended("win"), nick.ended("loss")]);
  assert.equal(await nick.headline(), "Mona wins.");
  await mona.see(".rating-change .up");
  await nick.see(".rating-change .down");
  const [before, up] = (await mona.page.locator('[data-mine] .rating-change').innerText()).split(/\s+/);
  assert.equal(Number(before) - 1500, Number(up), "the rating moved by what is said");
  await nick.show("connect-four-result");

  // Declined once, asked again by the other, agreed to.
  await nick.press("Rematch");
  await mona.see(".invite");
  await mona.show("rematch-asked");
  await mona.press("Decline");
  await nick.see('.game[data-status="aborted"]');
  assert.equal(await nick.headline(), "Not this time.");
  await nick.press("Back to the lobby");
  await mona.press("Rematch");
  await nick.see(".invite");
  await nick.press("Accept");
  await Promise.all([mona.seated(), nick.seated()]);
  await dropDiscs([nick, mona], [0, 1, 0, 1, 0, 1, 0]);
  await Promise.all([mona.ended("loss"), nick.ended("win")]);
  await mona.see(".rating-change .down");

  await mona.visit("Replay and details");
  await mona.see('.chain[data-sound="true"]');
  assert.match(await mona.page.locator(".replay-words").innerText(), /^Move 7 of 7: Nick: column 1$/);
  await mona.page.getByRole("button", { name: "Move before" }).click();
  assert.match(await mona.page.locator(".replay-words").innerText(), /^Move 6 of 7: Mona: column 2$/);
  assert.equal(await mona.page.locator(".replay-board .piece").count(), 6);
  const [download] = await Promise.all([mona.page.waitForEvent("download"), mona.page.getByText("Download the log").click()]);
  assert.match(download.suggestedFilename(), /\.ndjson$/);
  await mona.show("game-page", { fullPage: true });
  // An address of its own: a reload comes back to it.
  await mona.page.reload();
  await mona.see('.chain[data-sound="true"]');

  await mona.visit("Games");
  await mona.see(".history-row");
  assert.equal(await mona.page.locator(".history-row").count(), 2);
  await mona.page.getByLabel("Result").selectOption("win");
  await mona.page.waitForFunction(() => document.querySelectorAll(".history-row").length === 1);
  assert.match(await mona.page.locator(".history-row").innerText(), /Won[^]*Nick[^]*Connect four · \+\d+/);
  await mona.show("history-filtered");
  await mona.page.getByLabel("Kind").selectOption("matched");
  await mona.page.getByText("No game is like that.").waitFor();
  await mona.page.reload();
  await mona.page.getByText("No game is like that.").waitFor();
  assert.equal(await mona.page.getByLabel("Kind").inputValue(), "matched", "the filters stand in the address");

  await mona.visit("Leaderboards");
  await mona.page.getByLabel("Game").selectOption("connect_four");
  await mona.see(".ranking tbody tr");
  const ranks = await mona.page.locator(".ranking tbody tr").allInnerTexts();
  assert.ok(ranks.length === 2 && /^1\s+Nick/.test(ranks[0]) && /^2\s+Mona \(you\)/.test(ranks[1]), ranks.join("|"));
  await mona.show("leaderboard");
  await mona.page.getByLabel("Show").selectOption("me");
  await mona.page.getByText("number 2 of 2").waitFor();
  await mona.visit("Nick");
  await mona.see(".between-score");
  assert.match(await mona.page.locator(".between").innerText(), /1\s+:\s+1\s+2 games/);
  await mona.show("player-page");
  await mona.page.goBack();
  await mona.see(".ranking tbody tr");
  mona.content();
  nick.content();
  await leave(mona, nick);
});

test("on two phones: sealed throws, an invitation by name, and doubts about a result", async () => {
  const olga = await host("Olga", "Rock, paper, scissors", PHONE);
  await fits(olga, "room");
  const path = await olga.link();
  const pete = await guest("Pete", path, { ...PHONE, colorScheme: "dark" });
  await Promise.all([olga.seated(), pete.seated()]);
  const hand = (player, what) => player.page.locator(`[data-throw=${what}]`).tap();
  await hand(olga, "rock");
  await pete.page.getByText("Olga has thrown.").waitFor();
  assert.equal(await pete.page.locator('[aria-pressed="true"]').count(), 0, "nothing tells what");
  assert.doesNotMatch(await pete.page.locator("#wire-body").textContent(), /"rock"/, "not even on the wire");
  await fits(pete, "sealed");
  await hand(pete, "scissors");
  await olga.see('.rounds [data-won="mine"]');
  await hand(pete, "rock");
  await hand(olga, "paper");
  await Promise.all([olga.ended("win"), pete.ended("loss")]);
  assert.equal(await olga.page.locator(".rps-score").innerText(), "2 : 0");
  await fits(olga, "throws-result");

  await olga.visit("Pete");
  await olga.page.getByLabel("Play Pete:").selectOption("duel");
  await olga.press("Invite");
  await pete.see(".invite");
  await fits(pete, "invited");
  await pete.press("Accept");
  await Promise.all([olga, pete].map((player) => player.see("[data-phase=play]")));
  for (let tap = 0; tap < 4; tap++) await olga.page.locator(".pad").tap();
  await pete.page.locator(".pad").tap();
  await Promise.all([olga, pete].map((player) => player.see('.result[data-final="true"]', { timeout: 30_000 })));
  await fits(pete, "duel-result");
  await pete.page.getByText("Something wrong with this result?").click();
  await pete.page.getByLabel("What happened?").fill("Olga used two fingers.");
  await pete.press("Send");
  await pete.page.getByText("Your words are kept").waitFor();
  await pete.visit("Replay and details");
  await pete.see('.tag[data-tag="disputed"]');
  await pete.see('.chain[data-sound="true"]');
  await fits(pete, "game-page");
  for (const [name, ready] of [["Games", ".history-row"], ["Leaderboards", ".filters select"], ["Play", ".card"]]) {
    await pete.visit(name);
    await pete.see(ready);
    await fits(pete, `page-${name.toLowerCase()}`);
  }
  olga.content();
  pete.content();
  await leave(olga, pete);
});

test("three of four seats are enough when the host says so, and a run alone counts", async () => {
  const rosa = await host("Rosa", "Free for all");
  const path = await rosa.link();
  const others = [await guest("Sam", path), await guest("Tina", path)];
  await rosa.page.getByRole("button", { name: "Start with 3" }).click();
  const all = [rosa, ...others];
  await Promise.all(all.map((player) => player.see("[data-phase=play]")));
  for (const [at, player] of all.entries()) for (let tap = 0; tap <= at; tap++) await player.page.locator(".pad").click();
  await rosa.show("free-for-all");
  await Promise.all(all.map((player) => player.see('.result[data-final="true"]', { timeout: 30_000 })));
  assert.equal(await rosa.headline(), "Tina wins.");
  await others[1].see('.result[data-outcome="win"]');
  assert.match(await rosa.page.locator(".standings").innerText(), /Tina\s+3[^]*Sam\s+2[^]*You\s+1/);
  await rosa.show("free-for-all-result");

  await rosa.press("Back to the lobby");
  await rosa.press("Play: Score attack");
  await rosa.see("[data-phase=play]");
  for (let tap = 0; tap < 3; tap++) await rosa.page.locator(".pad").click();
  await rosa.see('.result[data-final="true"]', { timeout: 30_000 });
  assert.equal(await rosa.headline(), "3!");
  await rosa.show("score-attack");
  all.forEach((player) => player.content());
  await leave(...all);
});

test("whoever waits can call it off; a link of a game that is over says so", async () => {
  const ugo = await host("Ugo", "Duel");
  const path = await ugo.link();
  await ugo.page.reload();
  assert.equal(await ugo.link(), path, "a reload shows the same link");
  await ugo.press("Call it off");
  await ugo.press("Leave");
  await ugo.see('.game[data-status="aborted"]');
  await ugo.press("Back to the lobby");
  const vera = await Player.arrive(browser, backend.url, "Vera", { path });
  vera.expectRefusal(409);
  await vera.takeASeat();
  await vera.see(".lobby .notice");
  await vera.page.getByRole("heading", { name: "What shall we play, Vera?" }).waitFor();
  ugo.content();
  vera.content();
  await leave(ugo, vera);
});

test("who does not come back is claimed over", async () => {
  const strict = await startBackend({ args: ["--ephemeral"], env: { SWP__GAMES__GRACE_MS: "3000" } });
  const wes = await Player.arrive(browser, strict.url, "Wes");
  const xena = await Player.arrive(browser, strict.url, "Xena");
  for (const player of [wes, xena]) await player.signIn();
  await wes.quickMatch("Tic-tac-toe");
  await wes.see(".waiting");
  await xena.quickMatch("Tic-tac-toe");
  await Promise.all([wes.seated(), xena.seated()]);
  await leave(wes);
  await xena.page.getByText(/Wes lost the connection and has 0:0\d to come back\./).waitFor();
  await xena.show("opponent-gone");
  await xena.press("Claim the win");
  await xena.ended("win");
  assert.match(await xena.page.locator(".ledger").innerText(), /did not come back[^]*settled/);
  xena.content();
  await leave(xena);
  await strict.stop();
});
