// The playground: which screen stands, and what the connection says. It knows the backend through the client alone.
import { ShallWePlay } from "/sdk/shallweplay.js";
import { accountScreen } from "./account.js";
import { circle } from "./circle.js";
import { showConnection } from "./connection.js";
import { h, skeleton, trouble } from "./dom.js";
import { face } from "./faces.js";
import { many } from "./format.js";
import { friendsScreen } from "./friends.js";
import { gameScreen } from "./game.js";
import { historyScreen } from "./history.js";
import { inviteTray } from "./invites.js";
import { leaderboardScreen } from "./leaderboard.js";
import { lobbyScreen } from "./lobby.js";
import { partyKeeper } from "./party.js";
import { partyStrip } from "./party-panel.js";
import { playedScreen } from "./played.js";
import { tellAway } from "./presence.js";
import { quickMatch } from "./quick-match.js";
import { playerScreen } from "./rival.js";
import { waitingScreen } from "./waiting.js";
import { welcomeScreen } from "./welcome.js";
import { showWire } from "./wire.js";

const STORAGE_KEY = "shallweplay";
/** The code of a link by which somebody came, to a game or to be friends, until it is redeemed: signing in comes first. */
const JOIN_KEY = "swp-join", FRIEND_KEY = "swp-friend";
/** What tells this tab from its copies. */
const TAB_KEY = "swp-tab";
const main = document.getElementById("main");
const announcer = document.getElementById("announcer");
const places = document.getElementById("places");

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
  modes: () => (modes ??= swp.modes().then(({ items }) => {
    for (const { key, name } of items) names.set(key, name);
    return items;
  }, (error) => {
    modes = null; // asked again next time
    throw error;
  })),
  modeName: (key) => names.get(key) ?? key.replaceAll("_", " "),
  enter,
  lobby: (notice) => show(lobbyScreen(app, notice)),
  queue: (mode) => matching.queue(mode),
  practice: (mode) => matching.practice(mode),
  /** News of a ticket, and asking for them. */
  ticket: (ticket) => matching.ticket(ticket),
  askTicket: (id) => matching.askTicket(id),
  saidNo: (id) => matching.saidNo(id),
  /** In somebody's party: seen in the lobby, unless something better goes on. */
  joined(from) {
    app.announce(`You are in ${from.display_name}’s party.`);
    if (!playing() && screen?.name !== "waiting") app.lobby();
  },
  play(game) {
    if (screen?.name === "game" && screen.id === game.id) screen.update(game);
    else show(gameScreen(app, game));
  },
  /** To the live game or ticket, if there is one. */
  resume: () => place({ ask: true }),
  /** The address says what the screen shows, without a new entry in the browser's history. */
  rewrite: (hash) => history.replaceState(null, "", location.pathname + hash),
  async signOut() {
    await swp.logout().catch(() => {}); // gone here in any case; the server's session ends by itself
    signedOut();
  },
  signedOut,
};
const names = new Map([["tic_tac_toe", "Tic-tac-toe"]]);
const tray = inviteTray(app, document.getElementById("invites"));
app.circle = circle(app);
app.party = partyKeeper(app);
const matching = quickMatch(app, { screen: () => screen, show, place: () => place({ ask: true }) });
const strip = partyStrip(app, document.getElementById("party"), () => screen);
showRequests(document.getElementById("requests"));

function show(next, hash = "") {
  screen?.dispose?.();
  screen = next;
  if (location.hash !== hash) history.pushState(null, "", location.pathname + hash);
  main.replaceChildren(next.element);
  main.dataset.screen = next.name;
  const here = hash.split(/[/?]/)[0] || "#";
  for (const link of places.querySelectorAll("a")) link.setAttribute("aria-current", link.getAttribute("href") === here ? "page" : "false");
  setTitle(next.title);
  strip.update();
  showWho();
  window.scrollTo(0, 0);
  (main.querySelector("[data-focus]") ?? main).focus({ preventScroll: true });
}

const playing = () => screen?.name === "game" && !screen.over();

/** The pages that have an address: what stands after the #. */
async function open(hash) {
  const [path, query] = hash.slice(1).split("?");
  const [page, id] = path.split("/");
  const parameters = new URLSearchParams(query);
  if (page === "games") {
    const of = parameters.get("player");
    const other = of && of !== app.me.id ? await swp.profile(of).catch(() => null) : null;
    return show(historyScreen(app, parameters, other), hash);
  }
  if (page === "board") return show(leaderboardScreen(app, id, parameters), hash);
  if (page === "friends") return show(friendsScreen(app), hash);
  if (page === "account") return show(accountScreen(app), hash);
  if (page === "game" && id) return show(playedScreen(app, id), hash);
  if (page === "player" && id) return show(playerScreen(app, id), hash);
  if (!(await place({ ask: true }))) app.lobby();
}

function visit(hash) {
  if (!swp.signedIn) return;
  if (playing()) return app.rewrite("");
  open(hash).catch((error) => app.lobby(error.message));
}
window.addEventListener("hashchange", () => visit(location.hash)); // back, forward, typed
document.addEventListener("click", (event) => {
  const target = event.target.closest?.('a[href^="#"]')?.getAttribute("href");
  if (!target || target === "#main" || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  visit(target);
});

function setTitle(title) {
  document.title = title ? `${title} · Shall we play?` : "Shall we play?";
  // Nobody walks away from the table by accident.
  places.hidden = !swp.signedIn || !screen || ["waiting", "welcome"].includes(screen.name) || playing();
}
app.setTitle = setTitle;

function showWho() {
  const who = document.getElementById("who");
  who.hidden = !swp.signedIn;
  if (!swp.signedIn) return who.replaceChildren();
  who.replaceChildren(
    face(app.me.id), h("a", { class: "who-name", href: `#player/${app.me.id}` }, app.me.display_name),
    h("button", { type: "button", class: "link", onclick: () => app.signOut() }, "Sign out"));
}

function loading(text) {
  show({ name: "loading", title: "", element: h("section", { class: "sheet" }, h("h1", { class: "visually-hidden", tabindex: "-1", "data-focus": true }, text), skeleton(4)) }, location.hash);
}

function welcome(notice) {
  const why = sessionStorage.getItem(JOIN_KEY) ? "Somebody invites you to a game. Pick a name, and you are in."
    : sessionStorage.getItem(FRIEND_KEY) ? "Somebody wants to be your friend. Pick a name, and you are in." : undefined;
  show(welcomeScreen(app, notice ?? why), location.hash);
}

function signedOut(notice) {
  tray.clear();
  matching.clear();
  app.party.clear();
  app.circle.clear();
  sessionStorage.removeItem(TAB_KEY); // whoever comes in next is at another table
  welcome(notice);
}

/** How many wait for an answer, beside the way to them. */
function showRequests(badge) {
  app.circle.follow(({ incoming: { length } }) => {
    badge.hidden = length === 0;
    badge.replaceChildren(h("span", { "aria-hidden": "true" }, length > 99 ? "99+" : String(length)),
      h("span", { class: "visually-hidden" }, ` ${many(length, "request")}`));
  });
}

/** Redeems a link that makes friends, and tells what came of it. */
async function befriend(code) {
  sessionStorage.removeItem(FRIEND_KEY);
  try {
    const { player_id: id, state } = await app.circle.change(() => swp.redeemFriendLink(code));
    const name = await swp.profile(id).then((player) => player.display_name, () => "somebody");
    return state === "friends" ? `You and ${name} are friends now.` : `${name} is asked whether to be your friend.`;
  } catch (error) {
    if (error.code === "friends.self") return "This is your own link: send it to somebody else.";
    return error.message;
  }
}

/** Takes the seat that the link keeps; whoever sits elsewhere finishes that first. */
async function join(code) {
  sessionStorage.removeItem(JOIN_KEY);
  try {
    app.play(await swp.redeemInvite(code));
    return true;
  } catch (error) {
    if (error.code === "games.busy" && (await place({ ask: true }))) return true;
    app.lobby(error.status === 404 ? "That invitation doesn’t exist any more." : error.message);
    return true;
  }
}

async function enter() {
  loading("Taking a seat");
  try {
    if (!(await keepTab())) return welcome("This tab is a copy of another one, which plays on. Here you are somebody new.");
    // Names of modes stand on every screen; one that shows the modes themselves shows the error, too.
    await app.modes().catch(() => {});
    const code = sessionStorage.getItem(JOIN_KEY);
    const friendOf = sessionStorage.getItem(FRIEND_KEY);
    const friendship = friendOf && (await befriend(friendOf));
    if (!friendOf) app.circle.load();
    if (await place()) {
      sessionStorage.removeItem(JOIN_KEY);
      if (friendship) app.announce(friendship);
    } else if (code) await join(code);
    else if (friendship) show(friendsScreen(app, friendship), "#friends");
    else if (location.hash.length > 1) await open(location.hash);
    else app.lobby();
    tray.load();
  } catch (error) {
    if (!swp.signedIn) return welcome("You were signed out. Come in again.");
    show({ name: "trouble", title: "Trouble", element: h("section", { class: "sheet" },
      h("h1", { tabindex: "-1", "data-focus": true }, "We can’t reach the table"), trouble(error, enter)) }, location.hash);
  }
}

/** Goes where the server says this player stands: a live game, a ticket, or false for neither. */
async function place({ ask = false } = {}) {
  const patience = new Promise((done) => setTimeout(done, 3000));
  const session = ask ? null : await Promise.race([swp.connect().catch(() => null), patience]);
  let { game_id: gameId, ticket_id: ticketId } = session?.live ?? {};
  if (!session) {
    if (!ask) app.party.ask();
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
  let tab = sessionStorage.getItem(TAB_KEY);
  if (!tab) sessionStorage.setItem(TAB_KEY, (tab = `${Date.now()}-${Math.random()}`));
  if (!navigator.locks || held === tab) return true;
  const mine = await new Promise((resolve) => {
    navigator.locks.request(`swp-tab:${tab}`, { signal: AbortSignal.timeout(1500) }, () => {
      resolve(true);
      return new Promise(() => {}); // until the page goes
    }).catch(() => resolve(false));
  });
  if (mine) held = tab;
  else {
    sessionStorage.removeItem(STORAGE_KEY);
    sessionStorage.removeItem(TAB_KEY);
  }
  return mine;
}

// ── what the server says, whatever the screen ─────────────────────────────────────────────────

swp.on("match.found", (found) => {
  const { game } = found;
  matching.found(found);
  if (screen?.name === "game" && screen.id !== game.id && !screen.over()) return;
  app.play(game);
});
swp.on("session", (session) => {
  const serverTime = Date.parse(session.server_time);
  if (Number.isFinite(serverTime)) clockAheadMs = serverTime - Date.now();
  screen?.online?.(session);
  app.party.online(session);
  matching.online(session);
  tray.load();
  app.circle.online();
});
swp.on("resync", ({ stream }) => {
  screen?.resync?.(stream);
  if (stream.startsWith("game:")) return;
  app.circle.load();
  app.party.load();
  tray.load();
});
swp.on("signed_out", () => signedOut("You were signed out. Come in again."));
for (const type of ["friend.requested", "friend.added", "friend.updated", "friend.removed", "presence.changed"]) {
  swp.on(type, (data) => app.circle.event(type, data));
}
for (const type of ["ticket.updated", "match.proposed", "proposal.updated"]) {
  swp.on(type, (data) => {
    screen?.event?.(type, data);
    matching.event(type, data);
  });
}
swp.on("party.invited", (data) => tray.event("party.invited", data));
swp.on("party.updated", (data) => {
  app.party.updated(data);
  // Told to somebody outside: an invitation may be over.
  if (!data.party.members.some(({ player }) => player.id === app.me?.id)) tray.event("party.invited", data);
});
for (const type of ["game.started", "game.moved", "game.updated", "game.finished", "game.settled",
  "game.disputed", "game.voided", "game.relayed", "game.opponent_gone", "game.opponent_back", "game.invited", "invite.updated",
  "rating.changed"]) {
  swp.on(type, (data) => {
    if (type === "game.invited" || type === "invite.updated") tray.event(type, data);
    screen?.event?.(type, data);
  });
}
// Everything works without the socket too, only slower.
setInterval(() => {
  if (!swp.signedIn || swp.connectionState === "online") return;
  screen?.poll?.();
  matching.poll();
  app.party.load();
  tray.load();
}, 2000);
setInterval(() => swp.signedIn && swp.connectionState !== "online" && app.circle.load(), 10_000);

showConnection(swp, document.getElementById("connection"));
tellAway(swp);
showWire(swp, document.getElementById("wire-body"), document.getElementById("wire-last"));
const address = new URL(location.href);
for (const [name, key] of [["join", JOIN_KEY], ["friend", FRIEND_KEY]]) {
  if (!address.searchParams.has(name)) continue;
  sessionStorage.setItem(key, address.searchParams.get(name));
  history.replaceState(null, "", address.pathname);
}
if (swp.signedIn) enter();
else welcome();
