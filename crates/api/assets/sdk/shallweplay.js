// The shallweplay client: REST and realtime in one file, no dependencies, for browsers and node ≥ 20.
//
//   const swp = new ShallWePlay({ storage: sessionStorage });
//   await swp.signInAsGuest({ displayName: "Ada" });
//   swp.on("match.found", ({ game }) => swp.ready(game.id));
//   await swp.connect();
//   await swp.joinQueue("tic_tac_toe");
//
// REST is the truth; the socket tells sooner. Types and every field: shallweplay.d.ts beside this file.

const PROTOCOL = "shallweplay.v1";
/** Requests that are worth nothing later: never sent again after a reconnect, and they carry no key. */
const VOLATILE = new Set(["ping", "game.relay", "chat.typing", "presence.set", "presence.watch", "presence.unwatch", "session.refresh"]);
/** Requests that only read: sent again after a reconnect, but a stored reply would be a stale one. */
const READS = new Set(["game.join", "conversation.open"]);
/** How many streams a resume names; older ones are of games long over. */
const BEGINNING = "beginning"; // in place of an epoch: nothing of the stream was seen yet
const OPENING = new Set(["match.found", "game.started"]);
const RESUME_STREAMS = 9;
/** How long events after a gap are held back for the missing ones, and how many. */
const GAP_MS = 1000, GAP_EVENTS = 256;
/** The close code of a device that was signed out, perhaps from another one. */
const SIGNED_OUT = 4506;
const BACKOFF_MS = 250, BACKOFF_CAP_MS = 15_000, HELLO_MS = 10_000, STEADY_MS = 10_000;

/** A refusal by the server: the fields of RFC 9457 plus `code`, and the whole document as `problem`. */
// So many ids fit into one message.
const IDS = 250;
const shares = (ids) => Array.from({ length: Math.ceil(ids.length / IDS) }, (_, nth) => ids.slice(nth * IDS, (nth + 1) * IDS));

export class ProblemError extends Error {
  constructor(problem, retryAfterMs = null) {
    super(problem.detail ?? problem.title ?? `The request failed with status ${problem.status}.`);
    this.name = "ProblemError";
    const { type = "about:blank", title = "", status = 0, detail, instance, code, errors = [], state } = problem;
    Object.assign(this, { type, title, status, detail, instance, code, errors, state, problem, retryAfterMs });
  }
}

/** No answer: the network failed or took too long. Whether the server acted is not known. */
export class ConnectionError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = "ConnectionError";
  }
}

/** What a close code asks of the client: "stop", "resume", "backoff", "wait" or "refresh". */
export function closePolicy(code) {
  if (code === 4106) return "refresh";
  if (code === 4105) return "wait";
  if (code === 1011 || code === 1013) return "backoff";
  if ([1000, 1002, 1003, 1007, 1009].includes(code) || (code >= 4500 && code < 4600)) return "stop";
  return "resume";
}

/** Storage that forgets: for node, and for browsers that refuse to store. */
export function memoryStorage() {
  const entries = new Map();
  return {
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, String(value)),
    removeItem: (key) => void entries.delete(key),
  };
}

// crypto.randomUUID exists only in secure contexts; a phone on http://192.168.… is none.
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function defaultStorage() {
  try {
    return globalThis.localStorage ?? memoryStorage();
  } catch {
    return memoryStorage(); // blocked by the browser's settings
  }
}

export class ShallWePlay {
  #base; #storage; #storageKey; #fetch; #random; #timeoutMs; #socket;
  #listeners = new Map();
  #refreshing = null;
  #refreshTimer;

  constructor({ baseUrl, storage, storageKey = "shallweplay", fetch, WebSocket, random = Math.random, timeoutMs = 10_000 } = {}) {
    this.#base = new URL(baseUrl ?? globalThis.location?.origin ?? "http://localhost:8080");
    this.#storage = storage ?? defaultStorage();
    this.#storageKey = storageKey;
    this.#fetch = fetch ?? ((...request) => globalThis.fetch(...request));
    this.#random = random;
    this.#timeoutMs = timeoutMs;
    const url = new URL("/ws", this.#base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.#socket = new Realtime({
      url: url.href, random, timeoutMs, emit: this.#emit,
      open: (href) => new (WebSocket ?? globalThis.WebSocket)(href, PROTOCOL),
      token: () => this.#token(),
      refresh: () => this.refresh(),
      online: () => this.#armRefresh(),
      signedOut: (reason) => {
        this.#forget(); // the device secret, too: it would only come back in
        this.#emit("signed_out", { reason });
      },
    });
  }

  /** The signed-in player as last seen, or null. */
  get player() { return this.#session()?.player ?? null; }
  get signedIn() { return Boolean(this.#session()?.access_token); }
  get connectionState() { return this.#socket.state; }

  // ── signing in ──────────────────────────────────────────────────────────────────────────────

  /** Signs in as this device's guest, or as a new one. The device secret stays in the storage. */
  async signInAsGuest({ displayName } = {}) {
    const secret = this.#session()?.device_secret;
    if (secret) {
      try {
        const player = this.#save(await this.#auth("guest", { device_secret: secret }));
        return displayName && displayName !== player.display_name ? await this.updateMe({ display_name: displayName }) : player;
      } catch (error) {
        if (error.status !== 401) throw error;
        this.#forget();
      }
    }
    return this.#save(await this.#auth("guest", displayName ? { display_name: displayName } : {}));
  }

  /** Makes an account; a signed-in guest keeps everything and becomes that account. */
  async register({ handle, password, displayName }) {
    const body = { handle, password, ...(displayName && { display_name: displayName }) };
    const guest = this.#session()?.refresh_token;
    const player = this.#save(await this.call("POST", "/auth/register", { body, auth: this.signedIn }));
    if (guest) {
      // A socket belongs to the session it began with; the guest's would stand among the devices for good.
      this.#socket.restart();
      await this.#auth("logout", { refresh_token: guest }).catch(() => {});
    }
    return player;
  }

  async login({ handle, password }) {
    return this.#save(await this.#auth("login", { handle, password }));
  }

  /** Ends the session here and on the server. `keepDevice` lets the guest of this device come back. */
  async logout({ keepDevice = false } = {}) {
    const session = this.#session();
    this.#socket.stop("signed out");
    this.#socket.forget();
    try {
      if (session?.refresh_token) await this.#auth("logout", { refresh_token: session.refresh_token });
    } finally {
      this.#forget(keepDevice ? session?.device_secret : undefined);
    }
  }

  /** Renews the tokens; callers at the same time share one request. */
  refresh() {
    const stale = this.#session()?.access_token;
    return (this.#refreshing ??= this.#exclusively(() => this.#renew(stale)).finally(() => (this.#refreshing = null)));
  }

  async #renew(stale) {
    const session = this.#session();
    if (!session?.refresh_token) throw signedOut();
    if (session.access_token !== stale) return; // another tab on the same storage was faster
    try {
      this.#save(await this.#auth("refresh", { refresh_token: session.refresh_token }));
    } catch (error) {
      if (error.status !== 401) throw error;
      if (session.device_secret) {
        try {
          return void this.#save(await this.#auth("guest", { device_secret: session.device_secret }));
        } catch (second) {
          if (second.status !== 401) throw second;
        }
      }
      this.#forget();
      this.#emit("signed_out", { reason: error.message });
      throw error;
    }
  }

  // A refresh token is good for one use: tabs that share a storage must not spend it at once.
  #exclusively(task) {
    const locks = globalThis.navigator?.locks;
    const id = this.#session()?.player?.id;
    return locks && id ? locks.request(`${this.#storageKey}:refresh:${id}`, task) : task();
  }

  #auth(what, body) { return this.call("POST", `/auth/${what}`, { body, auth: false }); }

  #session() {
    try {
      return JSON.parse(this.#storage.getItem(this.#storageKey));
    } catch {
      return null;
    }
  }

  #save(reply) {
    const before = this.#session();
    const lifeMs = reply.expires_in * 1000;
    if (before?.player && before.player.id !== reply.player.id) this.#socket.forget();
    this.#storage.setItem(this.#storageKey, JSON.stringify({
      player: reply.player, access_token: reply.access_token, refresh_token: reply.refresh_token,
      device_secret: reply.device_secret ?? before?.device_secret,
      expires_at: Date.now() + lifeMs,
      refresh_at: Date.now() + lifeMs - Math.min(30_000, lifeMs / 5),
    }));
    this.#socket.tokenChanged(reply.access_token);
    this.#armRefresh();
    return reply.player;
  }

  #forget(deviceSecret) {
    clearTimeout(this.#refreshTimer);
    if (deviceSecret) this.#storage.setItem(this.#storageKey, JSON.stringify({ device_secret: deviceSecret }));
    else this.#storage.removeItem(this.#storageKey);
  }

  // A socket outlives its token; without one there is no hurry, the next call renews.
  #armRefresh() {
    clearTimeout(this.#refreshTimer);
    const session = this.#session();
    if (!session?.refresh_at || this.#socket.state !== "online") return;
    const inMs = Math.max(1000, session.refresh_at - Date.now());
    this.#refreshTimer = setTimeout(() => this.refresh().catch(() => {}), inMs); // failed: the server's 4106 tries again
  }

  async #token() {
    const session = this.#session();
    if (!session?.access_token) throw signedOut();
    if (Date.now() < session.refresh_at) return session.access_token;
    try {
      await this.refresh();
    } catch (error) {
      if (error instanceof ProblemError || Date.now() >= session.expires_at) throw error;
    }
    return this.#session().access_token;
  }

  // ── REST ────────────────────────────────────────────────────────────────────────────────────

  me() { return this.call("GET", "/players/me"); }
  async updateMe(changes) {
    const player = await this.call("PATCH", "/players/me", { body: changes });
    const session = this.#session();
    if (session) this.#storage.setItem(this.#storageKey, JSON.stringify({ ...session, player }));
    return player;
  }
  modes() { return this.call("GET", "/modes", { auth: false }); }
  joinQueue(mode, options = {}) { return this.call("POST", "/matchmaking/tickets", { body: { mode, ...options } }); }
  ticket(id) { return this.call("GET", `/matchmaking/tickets/${id}`); }
  myTickets() { return this.call("GET", "/matchmaking/tickets"); }
  cancelTicket(id) { return this.call("DELETE", `/matchmaking/tickets/${id}`); }
  /** Why this ticket waits: who is there, what keeps them apart, and when the range next widens. */
  explainTicket(id) { return this.call("GET", `/matchmaking/tickets/${id}/explain`); }
  queues() { return this.call("GET", "/matchmaking/queues"); }
  proposal(id) { return this.call("GET", `/matchmaking/proposals/${id}`); }
  /** The first answer is final; accepting counts as ready for the game. */
  acceptProposal(id) { return this.call("POST", `/matchmaking/proposals/${id}/accept`); }
  declineProposal(id) { return this.call("POST", `/matchmaking/proposals/${id}/decline`); }

  // parties: an answer to a command is the party as it stands now; the leader queues by `joinQueue(mode, { party_id })`
  createParty() { return this.call("POST", "/parties"); }
  party(id) { return this.call("GET", `/parties/${id}`); }
  /** The party this player is in, or null. */
  async myParty() {
    try {
      return await this.call("GET", "/parties/mine");
    } catch (error) {
      if (error.code !== "parties.not_found") throw error;
      return null;
    }
  }
  partyInvites() { return this.call("GET", "/parties/invites"); }
  inviteToParty(id, playerId) { return this.call("POST", `/parties/${id}/invites`, { body: { player_id: playerId } }); }
  /** The leader takes an invitation back, or the one who was asked says no. */
  withdrawPartyInvite(id, playerId) { return this.call("DELETE", `/parties/${id}/invites/${playerId}`); }
  joinParty(id) { return this.call("POST", `/parties/${id}/join`); }
  leaveParty(id) { return this.call("POST", `/parties/${id}/leave`); }
  readyInParty(id, ready) { return this.call("POST", `/parties/${id}/ready`, { body: { ready } }); }
  kickFromParty(id, playerId) { return this.call("POST", `/parties/${id}/kick`, { body: { player_id: playerId } }); }
  promoteInParty(id, playerId) { return this.call("POST", `/parties/${id}/promote`, { body: { player_id: playerId } }); }

  game(id) { return this.call("GET", `/games/${id}`); }
  liveGames() { return this.call("GET", "/games", { query: { status: "live" } }); }
  ready(gameId) { return this.call("POST", `/games/${gameId}/ready`); }
  move(gameId, move, expectedSequence) {
    return this.call("POST", `/games/${gameId}/moves`, { body: { move, expected_sequence: expectedSequence } });
  }
  submitScore(gameId, report) { return this.call("POST", `/games/${gameId}/scores`, { body: report }); }
  abandon(gameId) { return this.call("POST", `/games/${gameId}/abandon`); }
  createGame(mode, options = {}) { return this.call("POST", "/games", { body: { mode, ...options } }); }
  /** A game against a practice bot: it goes on at once, and doesn't count. */
  practice(mode) { return this.createGame(mode, { bot: true }); }
  invite(gameId, playerId) { return this.call("POST", `/games/${gameId}/invites`, { body: { player_id: playerId } }); }
  inviteLink(gameId) { return this.call("POST", `/games/${gameId}/invites`, { body: { link: true } }); }
  invites() { return this.call("GET", "/game-invites"); }
  acceptInvite(id) { return this.call("POST", `/game-invites/${id}/accept`); }
  declineInvite(id, reason) { return this.call("POST", `/game-invites/${id}/decline`, { body: reason === undefined ? {} : { reason } }); }
  cancelInvite(id) { return this.call("DELETE", `/game-invites/${id}`); }
  redeemInvite(code) { return this.call("POST", `/game-invites/links/${encodeURIComponent(code)}/redeem`); }
  takeSeat(gameId) { return this.call("POST", `/games/${gameId}/join`); }
  rematch(gameId) { return this.call("POST", `/games/${gameId}/rematch`); }
  claim(gameId, claim) { return this.call("POST", `/games/${gameId}/claim`, { body: { claim } }); }
  dispute(gameId, reason, evidence) { return this.call("POST", `/games/${gameId}/dispute`, { body: { reason, evidence } }); }
  /** The log of a finished game, line by line: hash-chained, so that a change shows. */
  replay(gameId) { return this.call("GET", `/games/${gameId}/replay`, { lines: true }); }
  profile(playerId) { return this.call("GET", `/players/${playerId}`); }
  stats(playerId) { return this.call("GET", `/players/${playerId}/stats`); }
  ratings(playerId) { return this.call("GET", `/players/${playerId}/ratings`); }
  headToHead(playerId, otherId) { return this.call("GET", `/players/${playerId}/head-to-head/${otherId}`); }
  leaderboards() { return this.call("GET", "/leaderboards"); }
  leaderboard(mode, query = {}) { return this.call("GET", `/leaderboards/${encodeURIComponent(mode)}`, { query }); }
  history(playerId, query = {}) { return this.call("GET", `/players/${playerId}/games`, { query }); }

  // friends: an answer to a command is `{player_id, state}`, how the two stand now
  friends(query = {}) { return this.call("GET", "/friends", { query }); }
  noteFriend(playerId, note) { return this.call("PATCH", `/friends/${playerId}`, { body: { note } }); }
  unfriend(playerId) { return this.call("DELETE", `/friends/${playerId}`); }
  mutualFriends(playerId, query = {}) { return this.call("GET", `/friends/${playerId}/mutual`, { query }); }
  requestFriend({ playerId, handle }) { return this.call("POST", "/friends/requests", { body: handle === undefined ? { player_id: playerId } : { handle } }); }
  friendRequests(direction = "incoming", query = {}) { return this.call("GET", "/friends/requests", { query: { direction, ...query } }); }
  acceptFriend(playerId) { return this.call("POST", `/friends/requests/${playerId}/accept`); }
  declineFriend(playerId) { return this.call("POST", `/friends/requests/${playerId}/decline`); }
  cancelFriendRequest(playerId) { return this.call("DELETE", `/friends/requests/${playerId}`); }
  /** A link that makes friends. `expiresIn` is in seconds; without `maxUses` there is no limit. */
  createFriendLink({ maxUses, expiresIn, autoAccept } = {}) {
    return this.call("POST", "/friends/invite-links", { body: { max_uses: maxUses, expires_in: expiresIn, auto_accept: autoAccept } });
  }
  friendLinks() { return this.call("GET", "/friends/invite-links"); }
  revokeFriendLink(code) { return this.call("DELETE", `/friends/invite-links/${encodeURIComponent(code)}`); }
  redeemFriendLink(code) { return this.call("POST", `/friends/invite-links/${encodeURIComponent(code)}/redeem`); }
  searchPlayers(handlePrefix, query = {}) { return this.call("GET", "/players", { query: { handle_prefix: handlePrefix, ...query } }); }
  presence(playerIds) { return this.call("GET", "/presence", { query: { ids: playerIds.join(",") } }); }
  blocks(query = {}) { return this.call("GET", "/blocks", { query }); }
  block(playerId) { return this.call("PUT", `/blocks/${playerId}`); }
  unblock(playerId) { return this.call("DELETE", `/blocks/${playerId}`); }

  // the account
  sessions() { return this.call("GET", "/auth/sessions"); }
  endSession(id) { return this.call("DELETE", `/auth/sessions/${id}`); }
  /** Everything that is kept about the player, as one document. */
  exportMe() { return this.call("GET", "/players/me/export"); }
  /** Erases the player for good, and signs out. */
  async eraseMe() {
    await this.call("DELETE", "/players/me");
    this.#forget();
    this.#socket.stop("erased");
    this.#socket.forget();
  }

  /**
   * One REST call under /api/v1. A call that may have been lost is made once more; a changing one
   * carries the same Idempotency-Key both times, so it takes effect once.
   */
  async call(method, path, { body, query, auth = true, key, lines = false } = {}) {
    const url = new URL(`/api/v1${path}`, this.#base);
    for (const [name, value] of Object.entries(query ?? {})) if (value != null) url.searchParams.set(name, value);
    // Sign-in calls ignore keys. A guest or a login too many does no harm; a refresh token spent twice does.
    const keyed = !path.startsWith("/auth/");
    const repeatable = keyed || path === "/auth/guest" || path === "/auth/login";
    const headers = { accept: lines ? "application/x-ndjson" : "application/json" };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (method !== "GET" && keyed) headers["idempotency-key"] = key ?? newKey();
    const payload = body === undefined ? undefined : JSON.stringify(body);

    for (let repeated = !repeatable, renewed = false; ; ) {
      if (auth) headers.authorization = `Bearer ${await this.#token()}`;
      let reply;
      try {
        reply = await this.#exchange(url, { method, headers, body: payload });
      } catch (cause) {
        if (repeated) throw new ConnectionError("The server could not be reached.", { cause });
        repeated = true;
        await pause(100 + this.#random() * 400);
        continue;
      }
      if (reply.ok) return lines ? reply.text.split("\n").filter(Boolean).map((line) => JSON.parse(line)) : reply.body;
      const error = new ProblemError({ status: reply.status, ...reply.body }, reply.retryAfterMs);
      if (reply.status === 401 && auth && !renewed) {
        renewed = true;
        const used = headers.authorization.slice("Bearer ".length);
        if (this.#session()?.access_token === used) await this.refresh(); // else another call just did
      } else if (!repeated && [409, 503].includes(reply.status) && reply.retryAfterMs !== null && reply.retryAfterMs <= 5000) {
        repeated = true; // 409 with Retry-After: the first of two equal calls is still running
        await pause(reply.retryAfterMs + this.#random() * 250);
      } else throw error;
    }
  }

  async #exchange(url, init) {
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(new Error("no answer in time")), this.#timeoutMs);
    const begun = Date.now();
    const seen = { direction: "http", method: init.method, path: url.pathname + url.search, key: init.headers["idempotency-key"] };
    try {
      const reply = await this.#fetch(url.href, { ...init, signal: giveUp.signal });
      const text = await reply.text();
      const retry = Number.parseFloat(reply.headers.get("retry-after") ?? "");
      const cache = reply.headers.get("cache-status") ?? undefined;
      this.#emit("wire", { ...seen, status: reply.status, ms: Date.now() - begun, cache });
      return {
        ok: reply.ok, status: reply.status, text, body: parse(text),
        retryAfterMs: Number.isFinite(retry) ? retry * 1000 : null,
      };
    } catch (error) {
      this.#emit("wire", { ...seen, status: 0, ms: Date.now() - begun });
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  // ── realtime ────────────────────────────────────────────────────────────────────────────────

  /** Opens the socket and keeps it open. Resolves with the hello reply at the first `session.ready`. */
  connect() { return this.#socket.start(); }
  disconnect() { this.#socket.stop("disconnected"); }
  /** Tries again now instead of at the end of the back-off. */
  reconnectNow() { this.#socket.hurry(); }
  /** One acknowledged request; it survives a reconnect unless its kind is volatile. */
  request(type, data = {}, options = {}) { return this.#socket.request(type, data, options); }
  /** Fire and forget; lost when offline. */
  send(type, data = {}) { return this.#socket.post({ type, data }); }
  joinGame(gameId) { return this.request("game.join", { game_id: gameId }); }
  relay(gameId, data) { return this.send("game.relay", { game_id: gameId, data }); }
  /** "away" while nobody looks at this device, "online" again. It holds for this connection. */
  setPresence(status, text) { return this.request("presence.set", { status, ...(text !== undefined && { text }) }); }
  /** How these players are now; `presence.changed` tells what changes, until the connection ends. */
  async watchPresence(playerIds) {
    const items = [];
    for (const some of shares(playerIds)) items.push(...(await this.request("presence.watch", { player_ids: some })).items);
    return { items };
  }
  async unwatchPresence(playerIds) {
    for (const some of shares(playerIds)) await this.request("presence.unwatch", { player_ids: some });
    return {};
  }

  /** Calls `listener(data, envelope)` for each event of that type ("*": all). Returns the way to stop. */
  on(type, listener) {
    if (!this.#listeners.has(type)) this.#listeners.set(type, new Set());
    this.#listeners.get(type).add(listener);
    return () => this.#listeners.get(type)?.delete(listener);
  }

  #emit = (type, data, envelope = { type }) => {
    for (const listener of [...(this.#listeners.get(type) ?? []), ...(envelope.stream || envelope.at ? this.#listeners.get("*") ?? [] : [])]) {
      try {
        listener(data, envelope);
      } catch (error) {
        queueMicrotask(() => { throw error; }); // the listener's fault, not the connection's
      }
    }
  };
}

const signedOut = () => new ProblemError({ status: 401, code: "client.signed_out", title: "Signed out", detail: "Sign in first." });

function parse(text) {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null; // a proxy's page, not ours
  }
}

/** The socket and what must outlive it: positions, unanswered requests, back-off. */
class Realtime {
  state = "stopped";
  #host; #socket = null; #wanted = false; #turn = 0; #attempt = 0; #next = 0;
  #session = null; #asked = {}; #ready = false; #recovered = 0; #lostStreams = [];
  #hintUntil = 0; #stale = false; #greetedOnce = false; #refusal = null; #onlineSince = 0; #silenceTimer; #openTimer;
  #positions = new Map(); #held = new Map(); #pending = new Map(); #waiting = [];

  constructor(host) {
    this.#host = host;
    globalThis.addEventListener?.("online", () => this.hurry());
  }

  start() {
    if (this.state === "online") return Promise.resolve(this.#session);
    const promise = new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    if (!this.#wanted) {
      this.#wanted = true;
      this.#attempt = 0;
      this.#open();
    }
    return promise;
  }

  stop(reason, code = 1000, error = null) {
    this.#wanted = false;
    this.#detach(1000);
    const cause = error ?? new ConnectionError(`The connection is closed: ${reason}.`);
    for (const entry of [...this.#pending.values()]) entry.settle(cause);
    for (const { reject } of this.#waiting.splice(0)) reject(cause);
    this.#become("stopped", { code, reason, error });
  }

  /** The same player over a new connection. */
  restart() {
    if (!this.#wanted) return;
    this.#lost(1000, "restarting", "resume");
    this.hurry();
  }

  /** Another player: nothing learnt so far holds. */
  forget() {
    if (this.#wanted) this.stop("another player signed in");
    this.#positions.clear();
    this.#session = null;
  }

  hurry() {
    if (this.state === "offline") this.#open();
    else if (this.state === "online") this.request("ping", {}, { timeoutMs: 5000 }).catch(() => this.#lost(4101, "no answer"));
  }

  tokenChanged(token) {
    if (this.state === "online") this.request("session.refresh", { token }).catch(() => {});
  }

  request(type, data, { timeoutMs = this.#host.timeoutMs, key } = {}) {
    const volatile = VOLATILE.has(type);
    if (!this.#wanted || (volatile && this.state !== "online")) return Promise.reject(new ConnectionError("Not connected."));
    return new Promise((resolve, reject) => {
      const message = { id: `c${++this.#next}`, type, data };
      if (!volatile && !READS.has(type)) message.key = key ?? newKey();
      const settle = (error, value) => {
        clearTimeout(timer);
        this.#pending.delete(message.id);
        error ? reject(error) : resolve(value);
      };
      const timer = setTimeout(() => settle(new ConnectionError(`No answer to ${type} within ${timeoutMs} ms.`)), timeoutMs);
      this.#pending.set(message.id, { message, volatile, settle });
      if (this.state === "online") this.post(message);
    });
  }

  post(message) {
    if (!this.#socket || this.#socket.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(message));
    // Tokens are for the wire alone, not for whoever watches it.
    const shown = message.data?.token ? { ...message, data: { ...message.data, token: "…" } } : message;
    this.#host.emit("wire", { direction: "out", message: shown });
    return true;
  }

  #become(state, detail = {}) {
    this.state = state;
    this.#host.emit("state", { state, ...detail });
  }

  async #open() {
    clearTimeout(this.#openTimer);
    const turn = ++this.#turn;
    this.#become(this.#session ? "resuming" : "connecting");
    let token;
    try {
      if (this.#stale) await this.#host.refresh();
      token = await this.#host.token();
    } catch (error) {
      if (turn !== this.#turn) return;
      const refused = error instanceof ProblemError && error.status < 500 && error.status !== 429;
      return refused ? this.stop(error.message, 4501, error) : this.#lost(1006, error.message);
    }
    if (turn !== this.#turn) return;
    this.#stale = this.#greetedOnce = false;
    this.#refusal = null;
    let socket;
    try {
      socket = this.#socket = this.#host.open(this.#host.url);
    } catch (error) {
      return this.stop(error.message, 1002, error);
    }
    this.#arm(HELLO_MS);
    socket.onopen = () => {
      this.#asked = Object.fromEntries([...this.#positions].slice(-RESUME_STREAMS));
      const data = { token, ...(Object.keys(this.#asked).length && { resume: this.#asked }) };
      this.post({ id: "hello", type: "session.hello", data });
    };
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code, reason }) => this.#lost(code, reason);
    socket.onerror = () => {}; // a close follows, and says more
  }

  #arm(ms) {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#lost(4101, "the server fell silent"), ms);
  }

  #receive(text) {
    const message = parse(text);
    if (!message) return;
    this.#host.emit("wire", { direction: "in", message });
    if (this.#greetedOnce) this.#arm(2 * this.#session.heartbeat_ms + 1000);
    if (message.re === "hello") return this.#greeted(message);
    if (message.re !== undefined) {
      const { ok, data, error } = message;
      return this.#pending.get(message.re)?.settle(ok ? null : new ProblemError(error ?? {}), this.#follow(data));
    }
    const data = message.data ?? {};
    if (message.type === "ping") return void this.post({ type: "pong" });
    if (message.type === "session.ready") return this.#online();
    if (message.type === "session.resync") return this.#resync(data.stream, "server");
    if (message.type === "session.going_away") {
      // Leave by ourselves when our turn has come; a close before that waits for the rest of it.
      this.#hintUntil = Date.now() + (data.reconnect_in_ms ?? 0);
      clearTimeout(this.#openTimer);
      this.#openTimer = setTimeout(() => this.#lost(4100, "the server is going away"), data.reconnect_in_ms ?? 0);
    }
    message.stream && Number.isInteger(message.offset) ? this.#sequence(message) : this.#deliver(message);
  }

  #greeted({ ok, data, error }) {
    if (!ok) {
      this.#refusal = new ProblemError(error ?? {}); // the close code that follows says what to do
      this.#stale = this.#refusal.status === 401;
      return;
    }
    this.#session = data;
    this.#greetedOnce = true;
    this.#recovered = 0;
    this.#arm(2 * data.heartbeat_ms + 1000);
    const streams = data.streams ?? {};
    this.#lostStreams = Object.keys(this.#asked).filter((stream) => !streams[stream]?.recovered);
    for (const stream of this.#lostStreams) this.#positions.delete(stream);
    for (const [stream, { epoch, offset }] of Object.entries(streams)) {
      if (!this.#positions.has(stream)) this.#positions.set(stream, { epoch, offset });
    }
  }

  #online() {
    const resumed = Object.keys(this.#asked).length > 0;
    this.#onlineSince = Date.now();
    this.#hintUntil = 0;
    this.#become("online", { resumed, recovered: this.#recovered });
    this.#host.online();
    this.#host.emit("session", this.#session);
    for (const { resolve } of this.#waiting.splice(0)) resolve(this.#session);
    for (const { message } of [...this.#pending.values()]) this.post(message);
    for (const stream of this.#lostStreams.splice(0)) this.#host.emit("resync", { stream, reason: "window" });
  }

  // A reply may start a stream: `streams` there reads as in the hello reply.
  #follow(data) {
    for (const [stream, { epoch, offset }] of Object.entries(data?.streams ?? {})) {
      const at = this.#positions.get(stream);
      if (at?.epoch !== epoch || at.offset < offset) this.#positions.set(stream, { epoch, offset });
    }
    return data;
  }

  #sequence(message) {
    const { stream, epoch, offset } = message;
    const at = this.#positions.get(stream);
    if (at && (at.epoch === epoch || at.epoch === BEGINNING)) {
      if (offset <= at.offset) return; // seen
      if (offset > at.offset + 1) return this.#hold(message);
    } else if (at) {
      this.#release(stream);
      this.#host.emit("resync", { stream, reason: "epoch" });
    }
    this.#accept(message);
    const held = this.#held.get(stream);
    for (let next = held?.events.get(this.#positions.get(stream).offset + 1); next; ) {
      held.events.delete(next.offset);
      this.#accept(next);
      next = held.events.get(this.#positions.get(stream).offset + 1);
    }
    if (held && held.events.size === 0) this.#release(stream);
  }

  #hold(message) {
    const { stream } = message;
    let held = this.#held.get(stream);
    if (!held) this.#held.set(stream, (held = { events: new Map(), timer: setTimeout(() => this.#resync(stream, "gap"), GAP_MS) }));
    held.events.set(message.offset, message);
    if (held.events.size > GAP_EVENTS) this.#resync(stream, "gap");
  }

  #release(stream) {
    const held = this.#held.get(stream);
    clearTimeout(held?.timer);
    this.#held.delete(stream);
    return [...(held?.events.values() ?? [])].sort((a, b) => a.offset - b.offset);
  }

  // The app reads the truth anew; what came after the gap is still told, in order.
  #resync(stream, reason) {
    const later = this.#release(stream);
    this.#positions.delete(stream);
    this.#host.emit("resync", { stream, reason });
    for (const message of later) this.#accept(message);
  }

  #accept(message) {
    this.#positions.delete(message.stream); // to the end: a resume names the streams used last
    this.#positions.set(message.stream, { epoch: message.epoch, offset: message.offset });
    // A game's stream begins with the event that names it: lost before its first event, it is asked for from there.
    const opened = OPENING.has(message.type) && message.data?.game?.id;
    if (opened && !this.#positions.has(`game:${opened}`)) this.#positions.set(`game:${opened}`, { epoch: BEGINNING, offset: 0 });
    if (this.#positions.size > 64) this.#positions.delete(this.#positions.keys().next().value);
    if (this.state !== "online") this.#recovered += 1;
    this.#deliver(message);
  }

  #deliver(message) { this.#host.emit(message.type, message.data ?? {}, message); }

  #detach(code) {
    this.#turn += 1;
    clearTimeout(this.#silenceTimer);
    clearTimeout(this.#openTimer);
    for (const stream of [...this.#held.keys()]) this.#release(stream); // the resume brings them again
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    if (code && socket.readyState < 2) socket.close(code);
  }

  #lost(code, reason = "", policy = closePolicy(code)) {
    this.#detach(1000);
    for (const entry of [...this.#pending.values()]) {
      if (entry.volatile) entry.settle(new ConnectionError("The connection was lost before the answer."));
    }
    if (!this.#wanted) return;
    if (policy === "stop") {
      this.stop(reason || this.#refusal?.message || `close code ${code}`, code, this.#refusal);
      if (code === SIGNED_OUT) this.#host.signedOut(reason);
      return;
    }
    if (policy === "refresh") this.#stale = true;
    // A connection that held is a fresh start; one that fails at once is not.
    if (this.state === "online" && Date.now() - this.#onlineSince >= STEADY_MS) this.#attempt = 0;
    const ceiling = Math.min(BACKOFF_CAP_MS, BACKOFF_MS * 2 ** this.#attempt++);
    const floor = { backoff: 1000, wait: 5000 }[policy] ?? 0;
    const hint = this.#hintUntil - Date.now();
    const retryInMs = Math.round(hint > 0 ? hint : floor + this.#host.random() * ceiling);
    this.#hintUntil = 0;
    this.#become("offline", { code, reason, retryInMs });
    this.#openTimer = setTimeout(() => this.#open(), retryInMs);
  }
}
