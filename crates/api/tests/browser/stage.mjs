// What the browser tests stand on: the built binary, Chromium, and a player sitting at a page.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const run = promisify(execFile);
const SCREENSHOTS = fileURLToPath(new URL("../../../../target/screenshots/", import.meta.url));
const START_MS = 30_000;

/** One replica. Without further environment it is the embedded world on a temporary file. */
export async function startBackend({ args = [], env = {} } = {}) {
  const binary = process.env.SWP_TEST_BINARY;
  assert.ok(binary && existsSync(binary), "SWP_TEST_BINARY must name the built shallweplay-backend (cargo xtask test sets it)");
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(SWP__|DATABASE_|REDIS_URL)/.test(name)));
  const child = spawn(binary, args, {
    // Every player of a test comes from one address.
    env: { ...inherited, SWP__HTTP__HOST: "127.0.0.1", SWP__HTTP__PORT: "0", SWP__LIMITS__AUTH_PER_MINUTE: "0", RUST_LOG: "info", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  const ended = new Promise((done) => child.once("exit", (code, signal) => done(code ?? signal)));
  const port = await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the backend did not start within ${START_MS} ms:\n${log}`)), START_MS);
    const read = (chunk) => {
      log += chunk;
      const printed = /Playground\s+http:\/\/[^:\s]+:(\d+)/.exec(log);
      if (!printed) return;
      clearTimeout(late);
      resolve(printed[1]);
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    child.once("error", reject);
    ended.then((how) => reject(new Error(`the backend ended at start (${how}):\n${log}`)));
  }).catch((error) => {
    child.kill("SIGKILL");
    throw error;
  });
  const url = `http://127.0.0.1:${port}`;
  await healthy(url, () => log);
  return {
    url,
    log: () => log,
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 30_000);
      const how = await ended;
      clearTimeout(late);
      assert.equal(how, 0, `the backend ends cleanly:\n${log.slice(-2000)}`);
    },
  };
}

// It serves before its dependencies have answered, and refuses writes until then.
async function healthy(url, log) {
  const until = Date.now() + START_MS;
  for (;;) {
    const { status, dependencies } = await (await fetch(`${url}/health`)).json();
    if (status === "ok") return;
    assert.ok(Date.now() < until, `the backend stays ${status}: ${JSON.stringify(dependencies)}\n${log()}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Environment for replicas that share a database of their own and a Redis. */
export async function networked() {
  const postgres = new URL(process.env.SWP_TEST_POSTGRES_URL);
  const admin = postgres.href;
  const name = `swp_browser_${randomBytes(6).toString("hex")}`;
  const psql = (statement) => run("psql", ["--no-psqlrc", "--quiet", "--dbname", admin, "--command", statement]);
  let drop = async () => {};
  try {
    await psql(`CREATE DATABASE ${name}`);
    postgres.pathname = name;
    drop = () => psql(`DROP DATABASE ${name} WITH (FORCE)`);
  } catch (error) {
    if (error.code !== "ENOENT") throw error; // no psql here: the database the URL names will do
  }
  const env = {
    DATABASE_HOST: decodeURIComponent(postgres.hostname), DATABASE_PORT: postgres.port || "5432",
    DATABASE_NAME: postgres.pathname.slice(1), DATABASE_USER: decodeURIComponent(postgres.username),
    DATABASE_PASSWORD: decodeURIComponent(postgres.password), REDIS_URL: process.env.SWP_TEST_REDIS_URL,
    SWP__AUTH__KEYS: `test:${randomBytes(32).toString("hex")}`,
  };
  return { env, drop };
}

export function openChromium() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"],
  });
}

/** A person at a page of their own. Whatever the console complains about is kept for `content()`. */
export class Player {
  #complaints = [];
  #allowed = [];

  /** `path` is where the person comes in; the rest is the browser's. */
  static async arrive(browser, url, name, { path = "/", ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: "en-GB", reducedMotion: "reduce", ...options });
    context.setDefaultTimeout(15_000);
    const player = new Player();
    Object.assign(player, { context, name, page: await context.newPage() });
    player.page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      // Who is found while asking why they wait: a race that the page lives with and the browser logs.
      if (message.text().includes("status of 409 ") && message.location().url.endsWith("/explain")) return;
      player.#complaints.push(message.text());
    });
    player.page.on("pageerror", (error) => player.#complaints.push(error.stack ?? error.message));
    await player.page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => console.error("content security policy:", violatedDirective, blockedURI));
    });
    await player.page.goto(new URL(path, url).href);
    return player;
  }

  /** The browser itself logs each refused request; a test that provokes one says so. */
  expectRefusal(status) { this.#allowed.push(`status of ${status} `); }

  /** Nothing was logged as an error and no policy was violated. */
  content() {
    const left = this.#complaints.filter((text) => !this.#allowed.some((allowed) => text.includes(allowed)));
    assert.deepEqual(left, [], `${this.name}'s console is clean`);
  }

  async takeASeat() {
    await this.page.getByLabel("Your name at the table").fill(this.name);
    await this.page.getByRole("button", { name: "Take a seat" }).click();
  }

  async signIn() {
    await this.takeASeat();
    await this.page.getByRole("heading", { name: `What shall we play, ${this.name}?` }).waitFor();
    await this.see("#connection[data-state=good]");
  }

  quickMatch(mode) { return this.page.getByRole("button", { name: `Quick Match: ${mode}` }).click(); }
  press(name) { return this.page.getByRole("button", { name, exact: true }).click(); }
  visit(name) { return this.page.getByRole("link", { name, exact: true }).click(); }

  /** Waits; in vain, it tells what stood there instead. */
  async see(selector, options) {
    try {
      return await this.page.waitForSelector(selector, options);
    } catch (error) {
      const stands = await this.page.evaluate(() => ({
        url: location.href, screen: document.getElementById("main").dataset.screen, game: { ...document.querySelector(".game")?.dataset },
        connection: document.getElementById("connection").innerText, main: document.getElementById("main").innerText.slice(0, 600),
        wire: document.getElementById("wire-body").textContent.slice(0, 3000),
      }));
      throw new Error(`${this.name} never saw ${selector}; instead: ${JSON.stringify(stands, null, 1)}`, { cause: error });
    }
  }

  /** The link of the game this player waits in, as a path. */
  async link() {
    await this.see(".link-field");
    const { pathname, search } = new URL(await this.page.locator(".link-field").inputValue());
    return pathname + search;
  }
  cell(index) { return this.page.locator(`[data-cell="${index}"]`); }
  over() { return this.see('.result[data-final="true"]'); }
  seated() { return this.see('.game[data-status="in_progress"]'); }
  myTurn() { return this.see('.game[data-turn="mine"]'); }
  ended(outcome) { return this.see(`.result[data-outcome="${outcome}"][data-final="true"]`); }
  headline() { return this.page.locator("#game-title").textContent(); }
  begins() { return this.page.locator('.game[data-turn="mine"]').isVisible(); }

  async put(index) {
    await this.myTurn();
    await this.cell(index).click();
  }

  async show(name, options) {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: `${SCREENSHOTS}${name}.png`, ...options });
  }
}

/** Both are in the same game: crosses, who begin, first. */
export async function bothSeated(one, two) {
  await Promise.all([one.seated(), two.seated()]);
  return (await one.begins()) ? [one, two] : [two, one];
}

/** Plays these cells in turn, crosses first. */
export async function playOut([crosses, rings], cells) {
  for (const [turn, cell] of cells.entries()) await (turn % 2 === 0 ? crosses : rings).put(cell);
}

export async function leave(...players) {
  for (const player of players) await player.context.close();
}
