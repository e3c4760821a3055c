// Friends: found by handle or by a link, seen as they come and go, asked to a game, and kept away.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { readQr } from "./qr-reader.mjs";
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

/** A guest who chose a handle, on the page of friends. */
async function member(name, options) {
  const player = await guest(name, options);
  await friendsPage(player);
  await player.visit("Choose a handle");
  await player.page.getByRole("textbox", { name: "Handle" }).fill(name.toLowerCase());
  await player.page.getByLabel("Password").fill(PASSWORD);
  await player.press("Keep this player");
  await player.page.getByText(`@${name.toLowerCase()} is how friends find you`).waitFor();
  await friendsPage(player);
  return player;
}

async function friendsPage(player) {
  await player.page.getByRole("link", { name: /^Friends/ }).first().click();
  await player.see('main[data-screen="friends"]');
}

async function fits(player, where) {
  const width = await player.page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 360, `${where} is ${width} px wide`);
  await player.show(`narrow-${where}`, { fullPage: true });
}

const friend = (player, other, status) => player.see(`.friend[data-status=${status}]:has-text("${other.name}")`);

/** Opens the menu beside somebody and chooses. */
async function choose(player, other, what) {
  await player.page.getByLabel(`More about ${other.name}`).click();
  await player.press(what);
}

async function befriended(one, two) {
  await one.page.getByLabel("Their handle").fill(two.name.slice(0, 3));
  await one.press(`Add ${two.name} as a friend`);
  await two.press(`Accept ${one.name}`);
  await Promise.all([friend(one, two, "online"), friend(two, one, "online")]);
}

/** The link as a scanner would read it off the screen. */
async function scan(player) {
  await player.see(".qr");
  const dark = await player.page.locator(".qr").first().evaluate((image) => {
    const { width: size } = image.viewBox.baseVal;
    const path = new Path2D(image.querySelector("path").getAttribute("d"));
    const canvas = document.createElement("canvas").getContext("2d");
    return Array.from({ length: size }, (_, y) => Array.from({ length: size }, (_, x) => canvas.isPointInPath(path, x + 0.5, y + 0.5)));
  });
  assert.ok(dark.slice(0, 4).flat().every((it) => !it), "a quiet zone above");
  return readQr(dark.slice(4, -4).map((line) => line.slice(4, -4)));
}

test("found by handle, asked, accepted; seen in the queue and in a game; invited, and they meet", async () => {
  const anna = await member("Anna");
  const boris = await member("Boris", { ...PHONE, colorScheme: "dark" });
  await anna.show("friends-empty");

  // By the keyboard alone: type, go down to the result, ask.
  await anna.page.getByLabel("Their handle").fill("Bor");
  await anna.page.getByText("1 player found.").waitFor();
  await anna.page.getByLabel("Their handle").press("ArrowDown");
  assert.equal(await anna.page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Add Boris as a friend");
  await anna.page.keyboard.press("Enter");
  await anna.page.getByText("You asked 1 person").waitFor();

  await boris.see("#requests:not([hidden])");
  assert.match(await boris.page.locator("#requests").innerText(), /^1/);
  await boris.page.locator("#announcer", { hasText: "Anna wants to be friends." }).waitFor({ state: "attached" });
  await fits(boris, "friends-request");
  await boris.press("Accept Anna");
  await Promise.all([friend(anna, boris, "online"), friend(boris, anna, "online")]);
  await boris.page.locator("#requests").waitFor({ state: "hidden" });
  assert.equal(await boris.page.evaluate(() => document.activeElement.id), "page-title", "the focus isn't lost with the row");
  await anna.page.locator("#announcer", { hasText: "You and Boris are friends now." }).waitFor({ state: "attached" });
  await anna.page.getByText("You asked 1 person").waitFor({ state: "hidden" });
  await fits(boris, "friends");

  await choose(anna, boris, "Note…");
  await anna.page.getByLabel(/Only you see it/).fill("Met at the fair");
  await anna.press("Keep it");
  await anna.page.locator(".friend-note", { hasText: "Met at the fair" }).waitFor();
  assert.equal(await boris.page.getByText("Met at the fair").count(), 0, "a note is nobody else's");

  await boris.visit("Play");
  await boris.see(".friend-short");
  await fits(boris, "lobby-friends");
  await boris.quickMatch("Tic-tac-toe");
  await friend(anna, boris, "in_queue");
  await anna.page.getByText("Looking for a game").waitFor();
  await anna.show("friend-in-queue");
  await boris.press("Cancel");
  await friend(anna, boris, "online");

  await anna.press("Invite Boris to a game");
  await anna.page.getByLabel("Which game?").selectOption("connect_four");
  await anna.show("friend-invite");
  await anna.page.getByRole("dialog").getByRole("button", { name: "Invite" }).click();
  await boris.see(".invite");
  await boris.press("Accept");
  await Promise.all([anna.seated(), boris.seated()]);

  // Over, and then gone: the one left sees it.
  await boris.press("Leave the game");
  await boris.press("Leave");
  await anna.over();
  await anna.press("Back to the lobby");
  await anna.see('.friend-short[data-status="online"]');
  await leave(boris);
  await anna.see('.friend-short[data-status="offline"]', { timeout: 30_000 });
  anna.content();
  boris.content();
  await leave(anna);
});

test("a link is scanned by somebody new, by a second one who is asked about, and revoked", async () => {
  const dora = await guest("Dora");
  await friendsPage(dora);
  await dora.page.getByText("You are a guest of this tab").waitFor();
  await dora.page.getByLabel("Who may use it").selectOption("1");
  await dora.press("Make a link");
  const url = await scan(dora);
  assert.equal(url, await dora.page.locator(".friend-link .link-field").inputValue());
  await dora.show("friends-link", { fullPage: true });

  const path = new URL(url).pathname + new URL(url).search;
  const emil = await Player.arrive(browser, backend.url, "Emil", { ...PHONE, path });
  await emil.page.getByText("Somebody wants to be your friend").waitFor();
  await emil.takeASeat();
  await emil.page.getByRole("status").getByText("You and Dora are friends now.").waitFor();
  await fits(emil, "friends-redeemed");
  await Promise.all([friend(emil, dora, "online"), friend(dora, emil, "online")]);

  // Its one use is over: it is listed no more, and refused.
  await dora.page.locator(".friend-link").waitFor({ state: "detached" });
  const frida = await Player.arrive(browser, backend.url, "Frida", { path });
  frida.expectRefusal(409);
  await frida.takeASeat();
  await frida.page.getByText(/used as often as it may be/).waitFor();

  // A second link makes requests only; then it is taken back.
  await dora.page.getByLabel("Who may use it").selectOption("");
  await dora.page.getByLabel("Friends at once, without asking me").uncheck();
  await dora.press("Make a link");
  await dora.page.getByText("you are asked first").waitFor();
  const second = await dora.page.locator(".friend-link", { hasText: "asked first" }).locator(".link-field").inputValue();
  await frida.page.goto(second);
  await frida.page.getByText("Dora is asked whether to be your friend.").waitFor();
  await dora.page.getByText("1 person wants to be friends").waitFor();
  await dora.press("Decline Frida");
  await dora.page.getByText("1 person wants to be friends").waitFor({ state: "hidden" });
  const link = dora.page.locator(".friend-link", { hasText: "asked first" });
  await link.getByRole("button", { name: "Revoke…" }).click();
  await dora.press("Revoke");
  await link.waitFor({ state: "detached" });
  const gus = await Player.arrive(browser, backend.url, "Gus", { path: new URL(second).pathname + new URL(second).search });
  gus.expectRefusal(404);
  await gus.takeASeat();
  await gus.page.getByText(/no such link/).waitFor();
  for (const player of [dora, emil, frida, gus]) player.content();
  await leave(dora, emil, frida, gus);
});

test("whoever blocks vanishes, and comes back only by their own wish", async () => {
  const hugo = await member("Hugo");
  const ines = await member("Ines");
  await befriended(hugo, ines);
  await choose(ines, hugo, "Block…");
  await ines.show("friend-block");
  await ines.press("Block");
  await ines.page.getByRole("button", { name: "Unblock Hugo" }).waitFor();
  await hugo.page.locator(".friend").waitFor({ state: "detached" });
  await hugo.page.getByLabel("Their handle").fill("ines");
  await hugo.page.getByText("No handle begins with").waitFor();
  hugo.expectRefusal(404);
  await hugo.press("Ask");
  await hugo.page.getByText(/no such player/).waitFor();

  // From a player's page, too, which is left then.
  await ines.press("Unblock Hugo");
  await ines.page.getByText("Nobody. Whom you block").waitFor();
  await ines.page.goto(`${backend.url}/#player/${await hugo.page.evaluate(() => JSON.parse(sessionStorage.getItem("shallweplay")).player.id)}`);
  await ines.page.getByRole("button", { name: "Add Hugo as a friend" }).waitFor();
  await choose(ines, hugo, "Block…");
  await ines.press("Block");
  await ines.press("Unblock Hugo");
  await ines.page.getByText("Nobody. Whom you block").waitFor();
  assert.equal(await ines.page.locator(".friend").count(), 0, "the friendship is over all the same");
  await hugo.page.getByLabel("Their handle").fill("ine");
  await hugo.page.getByRole("button", { name: "Add Ines as a friend" }).waitFor();
  hugo.content();
  ines.content();
  await leave(hugo, ines);
});

test("away when nobody looks; unfriended; another device, its privacy, its data, and the end", async () => {
  const jan = await member("Jan");
  // A minute passes at once.
  const kira = await guest("Kira", {});
  await kira.page.addInitScript(() => {
    const later = window.setTimeout;
    window.setTimeout = (act, ms, ...rest) => later(act, ms === 60_000 ? 20 : ms, ...rest);
    let hidden = false;
    Object.defineProperty(document, "hidden", { get: () => hidden });
    window.look = (away) => {
      hidden = away;
      document.dispatchEvent(new Event("visibilitychange"));
    };
  });
  await kira.page.reload();
  await friendsPage(kira);
  await kira.page.getByLabel("Their handle").fill("@jan");
  await kira.press("Ask");
  await jan.press("Accept Kira");
  await friend(jan, kira, "online");
  await kira.page.evaluate(() => window.look(true));
  await friend(jan, kira, "away");
  await kira.page.evaluate(() => window.look(false));
  await friend(jan, kira, "online");

  await choose(jan, kira, "Remove friend…");
  await jan.press("Remove");
  await jan.page.getByText("Nobody yet. Find somebody").waitFor();
  await kira.page.getByText("Nobody yet. Find somebody").waitFor();

  // The same account on a phone.
  const phone = await Player.arrive(browser, backend.url, "Jan", PHONE);
  await phone.page.getByText("I have a handle").click();
  await fits(phone, "welcome-handle");
  await phone.page.getByRole("textbox", { name: "Handle" }).fill("jan");
  await phone.page.getByLabel("Password").fill(PASSWORD);
  await phone.press("Come in");
  await phone.page.getByRole("heading", { name: "What shall we play, Jan?" }).waitFor();
  await friendsPage(phone);
  await phone.visit("Account and privacy");
  await phone.page.getByLabel("Who may ask to be your friend").selectOption("nobody");
  await phone.page.locator("#announcer", { hasText: "Who may ask to be your friend: Nobody." }).waitFor({ state: "attached" });
  kira.expectRefusal(403);
  await kira.page.getByLabel("Their handle").fill("jan");
  await kira.press("Ask");
  await kira.page.getByText(/privacy settings/).waitFor();

  const [download] = await Promise.all([phone.page.waitForEvent("download"), phone.press("Download it")]);
  assert.equal(download.suggestedFilename(), "shallweplay-export.json");
  assert.equal(JSON.parse(await readFile(await download.path(), "utf8")).player.handle, "jan");
  await fits(phone, "account");
  jan.expectRefusal(401);
  await phone.page.getByRole("button", { name: /^Sign out .* on / }).click();
  await jan.page.getByText("You were signed out. Come in again.").waitFor();

  phone.expectRefusal(401);
  await phone.press("Erase me…");
  await phone.press("Go on");
  await phone.page.getByLabel("Type Jan to erase this player.").fill("Kira");
  await phone.press("Erase me for good");
  await phone.page.getByText("That is not the name.").waitFor();
  await phone.page.getByLabel("Type Jan to erase this player.").fill("Jan");
  await phone.press("Erase me for good");
  await phone.page.getByText("You are erased.").waitFor();
  await kira.page.getByLabel("Their handle").fill("ja");
  await kira.page.getByText("No handle begins with “ja”").waitFor();
  for (const player of [jan, kira, phone]) player.content();
  await leave(jan, kira, phone);
});
