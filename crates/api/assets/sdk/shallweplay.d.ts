// Types of /sdk/shallweplay.js. Shapes follow /api/openapi.json and /api/asyncapi.json.

export type Id = string;
/** RFC 3339, UTC. */
export type Time = string;

export interface Player {
  id: Id; handle: string | null; display_name: string; avatar_url: string | null; guest: boolean; created_at: Time;
  /** A practice bot. */
  bot?: boolean;
  /** Further fields are shown to oneself alone. */
  [field: string]: unknown;
}

export interface Page<T> { items: T[]; next_cursor: string | null }

export interface Mode {
  key: string; name: string; teams: number; team_size: number;
  /** "relay", or the rules module that checks each move. */
  rules: "relay" | "tic_tac_toe" | (string & {});
  rating: unknown;
  /** Whether a match must be accepted first. */
  ready_check: boolean;
  /** Whether it can be played against a practice bot. */
  practice?: boolean;
  score: { min: number; max: number; max_per_second: number; min_duration_ms: number } | null;
  max_duration_ms: number | null; board: string | null;
  [field: string]: unknown;
}

export type TicketStatus = "searching" | "proposed" | "matched" | "cancelled" | "expired" | "failed";
/** What one could do instead: another mode, a practice bot, or the same mode with a wider range. */
export interface QueueOption { kind: "mode" | "practice_bot" | "wider_range"; mode: string }
export interface Interval { low: number; high: number }
export interface Ticket {
  id: Id; mode: string; status: TicketStatus;
  /** Whoever goes back to the queue after a ready check keeps it. */
  created_at: Time;
  expires_at: Time; estimated_wait_ms: Interval | null;
  game_id: Id | null; proposal_id: Id | null; party_id: Id | null;
  /** Everybody who waits with this ticket. */
  players: Id[];
  /** Filled after a minute. */
  offers: QueueOption[];
  ended: {
    reason: "cancelled" | "declined" | "no_answer" | "party_changed" | "detached" | "no_opponent" | "superseded" | "mode_disabled" | (string & {});
    by: string | null; alternatives: QueueOption[];
  } | null;
}
export interface Explanation {
  waiting_ms: number;
  /** In rating points either way; null: anybody. */
  range: number | null;
  rating: number;
  /** Tickets it could be matched with, now or as soon as there are enough of them. */
  candidates: number;
  /** How many others each rule keeps away. */
  removed: { rule: "range" | "latency" | "attributes" | "recent_opponent" | "size" | "detached" | (string & {}); count: number }[];
  next_widening_at: Time | null;
}
export interface Queue { mode: string; searching: number; players: number; estimated_wait_ms: Interval | null }
export interface ProposalSeat { player: Player; team: number; answer: "accepted" | null }
/** A match that waits for its players' consent. */
export interface Proposal {
  id: Id; mode: string; status: "open" | "confirmed" | "failed"; expires_at: Time; players: ProposalSeat[]; game_id: Id | null;
}

interface PartyFacts { id: Id; leader_id: Id; state: "open" | "queued" | "in_game" | "ended"; mode: string | null; ticket_id: Id | null }
export interface Party extends PartyFacts { members: { player: Player; ready: boolean }[]; invited: Player[] }
export interface PartyInvite { party_id: Id; from: Player; created_at: Time; expires_at: Time }

export type GameStatus = "created" | "waiting_ready" | "in_progress" | "finished" | "disputed" | "settled" | "aborted" | "abandoned" | "voided";
export type Outcome = "win" | "loss" | "draw";
export interface Seat {
  player: Player; team: number; seat: number; status: string; score: number | null; outcome: Outcome | null;
  rating_before: number | null; rating_after: number | null;
}
export interface Result {
  /** From 1; 0 while nothing stands yet. */
  version: number;
  status: "open" | "disputed" | "settled" | "voided";
  /** How it was decided. */
  reason?: "rules" | "reports" | "abandoned" | (string & {}) | null;
  standings?: { player_id: Id; seat: number; team: number; score: number | null; outcome: Outcome }[];
  [field: string]: unknown;
}
export interface TicTacToeState { cells: (0 | 1 | null)[]; line: number[] | null }
export interface Game<State = unknown> {
  id: Id; mode: string; status: GameStatus; rated: boolean; players: Seat[];
  /** What the next move sends as `expected_sequence`. */
  sequence: number;
  /** The seat to move; null when both or nobody may. */
  turn: number | null; state: State | null;
  you: { seat: number; session_secret: string } | null;
  created_at: Time; started_at: Time | null; finished_at: Time | null; deadline_at: Time | null;
  ended?: { reason: string; by: string | null } | null;
  result: Result | null;
}

export interface ScoreReport {
  session_secret: string; score: number; outcome?: Outcome; scores?: Record<Id, number>; duration_ms?: number; payload?: unknown;
}
export interface ScoreReceipt {
  report: { status: "accepted" | "held" | "rejected"; reason: string | null };
  result: { status: string; version: number } | null;
}

export interface InviteLink { code: string; url: string; expires_at: Time; [field: string]: unknown }
export interface GameInvite {
  id: Id; game_id: Id; mode: string; from: Player; to: Player | null;
  state: "created" | "delivered" | "stored" | "accepted" | "declined" | "cancelled" | "expired" | "superseded";
  reason?: string | null; created_at: Time; expires_at: Time; [field: string]: unknown;
}
/** `hash` is the SHA-256 of `prev` and the canonical JSON (RFC 8785) of the other fields. */
export interface ReplayLine { n: number; at: Time; type: string; data: unknown; prev: string; hash: string }
export interface Tally { games: number; wins: number; losses: number; draws: number }
export interface Stats extends Tally {
  win_rate: number; streak: { current: number; best: number }; by_mode: Record<string, Tally & Record<string, unknown>>;
  [field: string]: unknown;
}
export interface Rating { mode: string; rating: number; deviation: number; provisional: boolean; games: number; peak: number | null; [field: string]: unknown }
export interface HeadToHead extends Tally { last: Game | null; streak: number }
export interface BoardLine { rank: number; player: Player; value: number; games: number; tied: boolean; [field: string]: unknown }
export interface Board extends Page<BoardLine> { me: BoardLine | null; mode: string; metric: string; season: string | null; [field: string]: unknown }

export type PresenceStatus = "online" | "in_queue" | "in_game" | "away" | "offline";
/** As far as you may know it: whom you may not know about looks like somebody who was never there. */
export interface Presence { status: PresenceStatus; game_id: Id | null; joinable: boolean; last_seen: "now" | "hour" | "day" | "week" | "long" | null }
export interface Friend {
  player: Player; since: Time; met_in: Id | null; presence: Presence;
  /** Yours alone. */
  note: string | null;
  games_together: number;
}
/** `as_of` is what the next `updated_since` should say. */
export interface Friends extends Page<Friend> { removed: Id[]; as_of?: Time }
export interface FriendRequest { player: Player; requested_at: Time; expires_at: Time }
/** How two players stand. */
export interface Standing { player_id: Id; state: "none" | "pending" | "declined" | "friends" }
export interface FriendLink { code: string; url: string; auto_accept: boolean; max_uses: number | null; uses: number; created_at: Time; expires_at: Time }
export interface Block { player: Player; since: Time }
export interface Device { id: Id; created_at: Time; last_used_at: Time; expires_at: Time; user_agent: string | null; current: boolean }
export type Visibility = "everyone" | "friends" | "nobody";
export interface Privacy { requests: Visibility; invites: Visibility; presence: Visibility; history: Visibility }

export interface Problem {
  type?: string; title?: string; status?: number; detail?: string; instance?: string; code?: string;
  errors?: { pointer: string; code: string; detail: string }[]; state?: string;
  [extension: string]: unknown;
}
export class ProblemError extends Error {
  constructor(problem: Problem, retryAfterMs?: number | null);
  type: string; title: string; status: number; detail?: string; instance?: string;
  /** Stable, such as "games.not_your_turn". */
  code?: string;
  errors: { pointer: string; code: string; detail: string }[];
  state?: string;
  /** The whole document, extensions included. */
  problem: Problem;
  retryAfterMs: number | null;
}
/** No answer: the network failed or took too long. Whether the server acted is not known. */
export class ConnectionError extends Error {}

export interface Position { epoch: string; offset: number }
export interface Session {
  session_id: Id; player: Player; heartbeat_ms: number; resume_window_ms: number; server_time: Time;
  streams: Record<string, Position & { recovered: boolean }>;
  live?: { ticket_id: Id | null; proposal_id: Id | null; game_id: Id | null; party_id: Id | null };
  limits?: unknown;
}
export interface Envelope {
  type: string; data?: unknown; at?: Time;
  /** Durable events carry all three. */
  stream?: string; epoch?: string; offset?: number;
}

export type ConnectionState = "connecting" | "online" | "resuming" | "offline" | "stopped";
export interface StateChange {
  state: ConnectionState;
  /** online: whether positions were resumed, and how many missed events came. */
  resumed?: boolean; recovered?: number;
  /** offline and stopped */
  code?: number; reason?: string; error?: Error | null;
  /** offline */
  retryInMs?: number;
}
export type Wire =
  | { direction: "in" | "out"; message: Record<string, unknown> }
  | { direction: "http"; method: string; path: string; key?: string; status: number; ms: number; cache?: string };

/** What the server sends; one `on` serves these, the client's own events and any other type by name. */
export interface Events {
  "ticket.updated": { ticket?: Ticket } & Record<string, unknown>;
  /** A ready check, perhaps again with each answer. */
  "match.proposed": { proposal_id: Id; mode: string; expires_at: Time; ticket_id: Id; players: ProposalSeat[]; status?: Proposal["status"]; game_id?: Id | null };
  /** An answer in it, and its end. */
  "proposal.updated": { proposal_id: Id; mode: string; expires_at: Time; players: ProposalSeat[]; status: Proposal["status"]; game_id: Id | null };
  "match.found": { ticket_id: Id; game: Game };
  "party.invited": { party_id: Id; from: Player; expires_at: Time };
  /** Whoever left or was put out gets it once more, and isn't among the members. */
  "party.updated": { party: Party };
  "game.started": { game: Game; seed: string | number; session_secret: string };
  "game.moved": { game_id: Id; seat: number; move: unknown; sequence: number; state: unknown; turn: number | null };
  "game.updated": { game_id: Id; status: GameStatus; players: Seat[] };
  "game.relayed": { game_id: Id; from: Id; n: number; data: unknown };
  "game.opponent_gone": { game_id: Id; claim_in?: number } & Record<string, unknown>;
  "game.opponent_back": { game_id: Id } & Record<string, unknown>;
  "game.finished": { game_id: Id; result: Result };
  "game.settled": { game_id: Id; result: Result };
  "game.disputed": { game_id: Id } & Record<string, unknown>;
  "game.invited": Record<string, unknown>;
  "invite.updated": { invite_id: Id; state: GameInvite["state"]; reason: string | null } & Record<string, unknown>;
  "rating.changed": Record<string, unknown>;
  /** Somebody asks to be your friend. */
  "friend.requested": { player_id: Id; player: Player };
  "friend.added": { player_id: Id; player: Player; since: Time; met_in: Id | null };
  /** Your note changed, perhaps on another device. */
  "friend.updated": { player_id: Id; player: Player };
  /** A friendship or a request is over. */
  "friend.removed": { player_id: Id };
  /** Volatile, of players that are watched: a field that is absent is null. */
  "presence.changed": { player_id: Id; status: PresenceStatus; game_id?: Id | null; joinable: boolean; last_seen?: Presence["last_seen"] };
  "game.voided": { game_id: Id } & Record<string, unknown>;
  "session.going_away": { reconnect_in_ms: number };
  /** The client's own. */
  state: StateChange;
  /** After each `session.ready`: the hello reply. */
  session: Session;
  /** Events of that stream were lost: read what it is about anew by REST. */
  resync: { stream: string; reason: "server" | "window" | "epoch" | "gap" };
  /** The session is over, perhaps ended from another device; nothing of it is kept. */
  signed_out: { reason: string };
  /** Every frame and call, tokens left out. */
  wire: Wire;
}

export interface Storage {
  getItem(key: string): string | null; setItem(key: string, value: string): void; removeItem(key: string): void;
}
export interface Options {
  /** Default: the page's origin. */
  baseUrl?: string;
  /** Default: localStorage, else memory. `sessionStorage` makes each tab a player of its own. */
  storage?: Storage;
  storageKey?: string;
  fetch?: typeof globalThis.fetch;
  WebSocket?: new (url: string, protocol: string) => unknown;
  random?: () => number;
  /** For one answer, over REST and over the socket. Default 10,000. */
  timeoutMs?: number;
}
export interface CallOptions { body?: unknown; query?: Record<string, unknown>; auth?: boolean; key?: string; /** Newline-delimited JSON. */ lines?: boolean }

export class ShallWePlay {
  constructor(options?: Options);
  readonly player: Player | null;
  readonly signedIn: boolean;
  readonly connectionState: ConnectionState;

  signInAsGuest(options?: { displayName?: string }): Promise<Player>;
  register(account: { handle: string; password: string; displayName?: string }): Promise<Player>;
  login(account: { handle: string; password: string }): Promise<Player>;
  logout(options?: { keepDevice?: boolean }): Promise<void>;
  refresh(): Promise<void>;

  me(): Promise<Player>;
  updateMe(changes: Partial<Record<"display_name" | "avatar_url" | "bio" | "status_text" | "locale" | "time_zone", string | null>> & { privacy?: Partial<Privacy> }): Promise<Player>;
  modes(): Promise<Page<Mode>>;
  joinQueue(mode: string, options?: { party_id?: Id; attributes?: object; region_latencies_ms?: Record<string, number> }): Promise<Ticket>;
  ticket(id: Id): Promise<Ticket>;
  myTickets(): Promise<Page<Ticket>>;
  cancelTicket(id: Id): Promise<Ticket | null>;
  explainTicket(id: Id): Promise<Explanation>;
  queues(): Promise<Page<Queue>>;
  proposal(id: Id): Promise<Proposal>;
  acceptProposal(id: Id): Promise<Proposal>;
  declineProposal(id: Id): Promise<Proposal>;
  createParty(): Promise<Party>;
  party(id: Id): Promise<Party>;
  myParty(): Promise<Party | null>;
  partyInvites(): Promise<Page<PartyInvite>>;
  inviteToParty(id: Id, playerId: Id): Promise<Party>;
  withdrawPartyInvite(id: Id, playerId: Id): Promise<Party | null>;
  joinParty(id: Id): Promise<Party>;
  leaveParty(id: Id): Promise<Party | null>;
  readyInParty(id: Id, ready: boolean): Promise<Party>;
  kickFromParty(id: Id, playerId: Id): Promise<Party>;
  promoteInParty(id: Id, playerId: Id): Promise<Party>;
  game<State = unknown>(id: Id): Promise<Game<State>>;
  liveGames(): Promise<Page<Game>>;
  ready(gameId: Id): Promise<Game>;
  move<State = unknown>(gameId: Id, move: unknown, expectedSequence: number): Promise<{ sequence: number; state: State }>;
  submitScore(gameId: Id, report: ScoreReport): Promise<ScoreReceipt>;
  abandon(gameId: Id): Promise<Game>;
  /** A private game: with nobody yet, with these players invited, or with a link for whoever has it. */
  createGame(mode: string, options?: { invite?: Id[]; link?: boolean; bot?: boolean }): Promise<Game & { invite_link?: InviteLink }>;
  /** Against a practice bot, in progress at once; modes say `practice`. */
  practice(mode: string): Promise<Game>;
  invite(gameId: Id, playerId: Id): Promise<GameInvite>;
  inviteLink(gameId: Id): Promise<InviteLink>;
  invites(): Promise<Page<GameInvite>>;
  acceptInvite(id: Id): Promise<Game>;
  declineInvite(id: Id, reason?: string): Promise<GameInvite>;
  cancelInvite(id: Id): Promise<GameInvite>;
  redeemInvite(code: string): Promise<Game>;
  /** A friend's game that waits for one more: presence says `joinable`. */
  takeSeat(gameId: string): Promise<Game>;
  rematch(gameId: Id): Promise<Game>;
  claim(gameId: Id, claim: "win" | "draw"): Promise<Game>;
  dispute(gameId: Id, reason: string, evidence?: unknown): Promise<Game>;
  replay(gameId: Id): Promise<ReplayLine[]>;
  profile(playerId: Id): Promise<Player>;
  stats(playerId: Id): Promise<Stats>;
  ratings(playerId: Id): Promise<Page<Rating>>;
  headToHead(playerId: Id, otherId: Id): Promise<HeadToHead>;
  leaderboards(): Promise<Page<Record<string, unknown>>>;
  leaderboard(mode: string, query?: { metric?: string; season?: string; scope?: "global" | "friends"; around?: "me"; limit?: number; cursor?: string }): Promise<Board>;
  history(playerId: Id, query?: {
    cursor?: string | null; limit?: number; mode?: string; result?: Outcome; opponent?: Id; rated?: boolean; since?: Time; until?: Time;
    season?: string; min_duration_ms?: number; tag?: string;
  }): Promise<Page<Game>>;
  friends(query?: { limit?: number; cursor?: string | null; updated_since?: Time }): Promise<Friends>;
  noteFriend(playerId: Id, note: string | null): Promise<Standing>;
  unfriend(playerId: Id): Promise<Standing>;
  mutualFriends(playerId: Id, query?: { limit?: number; cursor?: string | null }): Promise<Page<Player>>;
  /** One of the two. */
  requestFriend(whom: { playerId?: Id; handle?: string }): Promise<Standing>;
  friendRequests(direction?: "incoming" | "outgoing", query?: { limit?: number; cursor?: string | null }): Promise<Page<FriendRequest>>;
  acceptFriend(playerId: Id): Promise<Standing>;
  declineFriend(playerId: Id): Promise<Standing>;
  cancelFriendRequest(playerId: Id): Promise<Standing>;
  createFriendLink(options?: { maxUses?: number; expiresIn?: number; autoAccept?: boolean }): Promise<FriendLink>;
  friendLinks(): Promise<Page<FriendLink>>;
  revokeFriendLink(code: string): Promise<FriendLink>;
  redeemFriendLink(code: string): Promise<Standing>;
  searchPlayers(handlePrefix: string, query?: { limit?: number; cursor?: string | null }): Promise<Page<Player>>;
  presence(playerIds: Id[]): Promise<Page<Presence & { player_id: Id }>>;
  blocks(query?: { limit?: number; cursor?: string | null }): Promise<Page<Block>>;
  block(playerId: Id): Promise<Standing>;
  unblock(playerId: Id): Promise<Standing>;
  sessions(): Promise<Page<Device>>;
  endSession(id: Id): Promise<null>;
  exportMe(): Promise<Record<string, unknown>>;
  eraseMe(): Promise<void>;
  call<T = unknown>(method: string, path: string, options?: CallOptions): Promise<T>;

  connect(): Promise<Session>;
  disconnect(): void;
  reconnectNow(): void;
  request<T = unknown>(type: string, data?: object, options?: { timeoutMs?: number; key?: string }): Promise<T>;
  /** False when it could not be sent. */
  send(type: string, data?: object): boolean;
  joinGame(gameId: Id): Promise<{ game: Game }>;
  relay(gameId: Id, data: unknown): boolean;
  setPresence(status: "online" | "away", text?: string): Promise<{ status: "online" | "away" }>;
  watchPresence(playerIds: Id[]): Promise<{ items: (Presence & { player_id: Id })[] }>;
  unwatchPresence(playerIds: Id[]): Promise<Record<string, never>>;

  on<T extends keyof Events>(type: T, listener: (data: Events[T], envelope: Envelope) => void): () => void;
  on(type: string, listener: (data: any, envelope: Envelope) => void): () => void;
}

export function closePolicy(code: number): "stop" | "resume" | "backoff" | "wait" | "refresh";
export function memoryStorage(): Storage;
