// The playground: which screen stands, and what the connection says. It knows the backend through the client alone.
import { ShallWePlay } from "/sdk/shallweplay.js";
import { h, skeleton, trouble } from "./dom.js";
import { face } from "./faces.js";
import { gameScreen } from "./game.js";
import { lobbyScreen } from "./lobby.js";
import { showConnection } from "./connection.js";
import { waitingScreen } from "./waiting.js";
import { welcomeScreen } from "./welcome.js";
import { showWire } from "./wire.js";

const STORAGE_KEY = "shallweplay";
const main = document.getElementById("main");
const announcer = document.getElementById("announcer");

// Per tab, so that two tabs are two players.
const swp = new ShallWePlay({ storage: sessionStorage, storageKey: STORAGE_KEY });
let screen = null;
let clockAheadMs = 0;
let modes = null;

const app = {
  swp,
  get me() { return swp.player; },
  /** The server's clock, for deadlines. */
  now: () => Date.now() + clockAheadMs,
  announce(text) {
    announcer.append(h("p", {}, text));
    while (announcer.childElementCount > 5) announcer.firstElementChild.remove();
  },
  modes: () => (modes ??= swp.modes().then(({ items }) => items, (error) => {
    modes = null; // asked again next time
    throw error;
  })),
  modeName: (key) => names.get(key) ?? key.replaceAll("_", " "),
  enter,
  lobby: (notice) => show(lobbyScreen(app, notice)),
  async queue(mode) {
    try {
      const ticket = await swp.joinQueue(mode);
      // The match may have been quicker than this reply.
      if (screen?.name !== "game" || screen.over()) show(waitingScreen(app, ticket));
    } catch (error) {
      // Already waiting or playing, perhaps before a reload: go there.
      if (error.status === 409 && (await place({ ask: true }))) return;
      throw error;
    }
  },
  play(game) {
    if (screen?.name === "game" && screen.id === game.id) screen.update(game);
    else show(gameScreen(app, game));
  },
  async signOut() {
    await swp.logout().catch(() => {}); // gone here in any case; the server's session ends by itself
    welcome();
  },
};
const names = new Map([["tic_tac_toe", "Tic-tac-toe"], ["duel", "Duel"]]);

function show(next) {
  screen?.dispose?.();
  screen = next;
  main.replaceChildren(next.element);
  main.dataset.screen = next.name;
  setTitle(next.title);
  showWho();
  window.scrollTo(0, 0);
  (main.querySelector("[data-focus]") ?? main).focus({ preventScroll: true });
}

function setTitle(title) {
  document.title = title ? `${title} · Shall we play?` : "Shall we play?";
}
app.setTitle = setTitle;

function showWho() {
  const who = document.getElementById("who");
  who.hidden = !swp.signedIn;
  if (!swp.signedIn) return who.replaceChildren();
  who.replaceChildren(
    face(app.me.id), h("span", { class: "who-name" }, app.me.display_name),
    h("button", { type: "button", class: "link", onclick: () => app.signOut() }, "Sign out"));
}

function loading(text) {
  show({ name: "loading", title: "", element: h("section", { class: "sheet" }, h("h1", { class: "visually-hidden", tabindex: "-1", "data-focus": true }, text), skeleton(4)) });
}

function welcome(notice) {
  show(welcomeScreen(app, notice));
}

async function enter() {
  loading("Taking a seat");
  try {
    if (!(await keepTab())) return welcome("This tab is a copy of another one, which plays on. Here you are somebody new.");
    if (!(await place())) app.lobby();
    app.modes().then((items) => items.forEach(({ key, name }) => names.set(key, name)), () => {}); // the lobby shows its own error
  } catch (error) {
    if (!swp.signedIn) return welcome("You were signed out. Come in again.");
    show({ name: "trouble", title: "Trouble", element: h("section", { class: "sheet" },
      h("h1", { tabindex: "-1", "data-focus": true }, "We can’t reach the table"), trouble(error, enter)) });
  }
}

/** Goes where the server says this player stands: a live game, a ticket, or false for neither. */
async function place({ ask = false } = {}) {
  const patience = new Promise((done) => setTimeout(done, 3000));
  const session = ask ? null : await Promise.race([swp.connect().catch(() => null), patience]);
  let { game_id: gameId, ticket_id: ticketId } = session?.live ?? {};
  if (!session) {
    gameId = (await swp.liveGames()).items[0]?.id;
    ticketId = gameId ? null : (await swp.myTickets()).items.find(({ status }) => status === "searching" || status === "proposed")?.id;
  }
  if (gameId) app.play(await swp.game(gameId));
  else if (ticketId) show(waitingScreen(app, await swp.ticket(ticketId)));
  return Boolean(gameId || ticketId);
}

// A duplicated tab copies the session storage: two pages would spend the same refresh token. The
// copy starts as a player of its own. A reload waits for the page before it to let go.
let held = null;
async function keepTab() {
  const id = app.me.id;
  if (!navigator.locks || held === id) return true;
  const mine = await new Promise((resolve) => {
    navigator.locks.request(`swp-tab:${id}`, { signal: AbortSignal.timeout(1500) }, () => {
      resolve(true);
      return new Promise(() => {}); // until the page goes
    }).catch(() => resolve(false));
  });
  if (mine) held = id;
  else sessionStorage.removeItem(STORAGE_KEY);
  return mine;
}

// ── what the server says, whatever the screen ─────────────────────────────────────────────────

swp.on("match.found", ({ game }) => {
  if (screen?.name === "game" && screen.id !== game.id && !screen.over()) return;
  app.play(game);
});
swp.on("session", (session) => {
  const serverTime = Date.parse(session.server_time);
  if (Number.isFinite(serverTime)) clockAheadMs = serverTime - Date.now();
  screen?.online?.(session);
});
swp.on("resync", ({ stream }) => screen?.resync?.(stream));
swp.on("signed_out", () => welcome("You were signed out. Come in again."));
for (const type of ["ticket.updated", "game.started", "game.moved", "game.updated", "game.finished", "game.settled",
  "game.disputed", "game.voided", "game.relayed", "game.opponent_gone", "game.opponent_back"]) {
  swp.on(type, (data) => screen?.event?.(type, data));
}
// Everything works without the socket too, only slower.
setInterval(() => {
  if (swp.signedIn && swp.connectionState !== "online") screen?.poll?.();
}, 2000);

showConnection(swp, document.getElementById("connection"));
showWire(swp, document.getElementById("wire-body"), document.getElementById("wire-last"));
if (swp.signedIn) enter();
else welcome();
