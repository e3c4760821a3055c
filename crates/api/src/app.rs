//! What handlers work with: services and ports, no adapter. `wiring/` builds it.

use std::collections::BTreeSet;
use std::sync::Arc;

use friends::{Friends, Surface, Verdict};
use games::Games;
use kernel::{
    AuditLog, Bus, Cache, Clock, Connections, CursorKey, Engagements, ErrorKind, IdSource, PlayerId, RateLimiter,
    Receipts, Refusal as _, SessionId, Streams,
};
use matchmaking::Matchmaking;
use players::Players;
use realtime::{Hub, Signal};
use standings::Standings;
use tokio::sync::Notify;

use crate::aside::Aside;
use crate::attendance::Attendance;
use crate::directory::Directory;
use crate::edge::Revocations;
use crate::health::Health;
use crate::presence::Presences;
use crate::problem::Problem;
use crate::tokens::Tokens;
use crate::verdicts::Verdicts;
use crate::ws::{Relay, Sockets};

/// Settings that handlers read.
#[derive(Debug, Clone)]
pub(crate) struct EdgeSettings {
    /// Origins that pages may come from, beside this server's own; exact.
    pub(crate) origins: Vec<String>,
    /// How many proxies in front are believed about `X-Forwarded-For`.
    pub(crate) trusted_hops: usize,
    /// Sign-in calls a minute and address; 0 is off.
    pub(crate) auth_per_minute: u32,
    /// Writes a minute and player; 0 is off.
    pub(crate) write_per_minute: u32,
    /// Reads a minute and player; 0 is off.
    pub(crate) read_per_minute: u32,
    /// Messages a second and socket; 0 is off.
    pub(crate) messages_per_second: u32,
    /// Sockets on this replica.
    pub(crate) max_sockets: usize,
    /// The address under which players reach the server; empty: as the request came.
    pub(crate) public_url: String,
    /// Interval of the heartbeat on sockets, in milliseconds.
    pub(crate) heartbeat_ms: u64,
    /// Whether Socket.IO may begin by long-polling.
    pub(crate) polling: bool,
}

/// The application, shared by all workers.
pub(crate) struct App {
    /// Settings of the edge.
    pub(crate) settings: EdgeSettings,
    /// The database's time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Ids and secrets.
    pub(crate) ids: Arc<dyn IdSource>,
    /// Guests, accounts, sessions, profiles.
    pub(crate) players: Players,
    /// Modes, games, scores, history.
    pub(crate) games: Games,
    /// Friends, blocks, and who may meet whom.
    pub(crate) friends: Friends,
    /// Ratings, stats, boards.
    pub(crate) standings: Standings,
    /// What operators did.
    pub(crate) audit: Arc<dyn AuditLog>,
    /// Who has sockets where.
    pub(crate) connections: Arc<dyn Connections>,
    /// Who was there when, in games.
    pub(crate) attendance: Attendance,
    /// What the interaction policy said last.
    pub(crate) verdicts: Verdicts,
    /// Who watches whose presence here.
    pub(crate) presences: Presences,
    /// Tickets and queues.
    pub(crate) matchmaking: Matchmaking,
    /// What players are doing.
    pub(crate) engagements: Arc<dyn Engagements>,
    /// Idempotency.
    pub(crate) receipts: Arc<dyn Receipts>,
    /// Durable streams.
    pub(crate) streams: Arc<dyn Streams>,
    /// Rate limits.
    pub(crate) limiter: Arc<dyn RateLimiter>,
    /// Cached documents.
    pub(crate) cache: Arc<dyn Cache>,
    /// Wake-ups between replicas.
    pub(crate) bus: Arc<dyn Bus>,
    /// Cached reads that collapse.
    pub(crate) aside: Aside,
    /// Public profiles by id.
    pub(crate) directory: Directory,
    /// Access tokens.
    pub(crate) tokens: Tokens,
    /// Sessions ended on any replica.
    pub(crate) revocations: Arc<Revocations>,
    /// Signs list cursors.
    pub(crate) cursors: CursorKey,
    /// Sockets of this replica.
    pub(crate) hub: Arc<Hub>,
    /// What the sockets of this replica share.
    pub(crate) sockets: Sockets,
    /// Volatile messages between sockets of any replica.
    pub(crate) relay: Relay,
    /// What `/health` says.
    pub(crate) health: Arc<Health>,
    /// Wakes the outbox relay: something was committed.
    pub(crate) wake_relay: Arc<Notify>,
    /// Wakes whoever forgets erased players.
    pub(crate) wake_erasures: Notify,
    /// Wakes whoever reads the published modes.
    pub(crate) wake_modes: Arc<Notify>,
}

/// The bus topic that says: a mode was published, read them.
pub(crate) const MODES_TOPIC: &str = "modes";

/// The bus topic that says: sessions were ended, read the rows.
pub(crate) const SESSIONS_TOPIC: &str = "sessions";

impl App {
    /// To be called after a mode was published: every replica reads it in a moment.
    pub(crate) async fn modes_changed(&self) {
        self.wake_modes.notify_one();
        self.bus.publish(MODES_TOPIC, bytes::Bytes::new()).await;
    }

    /// Refuses unless the interaction policy lets `viewer` invite all of these to a game.
    pub(crate) async fn may_invite(&self, viewer: PlayerId, others: &[PlayerId]) -> Result<(), Problem> {
        self.may_ask(viewer, others, Surface::GameInvite).await
    }

    /// Refuses unless the interaction policy lets `viewer` invite `other` to a party.
    pub(crate) async fn may_invite_to_party(&self, viewer: PlayerId, other: PlayerId) -> Result<(), Problem> {
        self.may_ask(viewer, &[other], Surface::Party).await
    }

    async fn may_ask(&self, viewer: PlayerId, others: &[PlayerId], surface: Surface) -> Result<(), Problem> {
        let judged = self.friends.policy().judge(viewer, others, surface).await;
        let judged = judged.map_err(|error| self.refuse(error))?;
        match judged.iter().find(|verdict| **verdict != Verdict::Allow) {
            None => Ok(()),
            Some(Verdict::Refused) if !judged.contains(&Verdict::Hidden) => Err(Problem::of("privacy.refused")),
            Some(_) => Err(Problem::of("players.not_found")),
        }
    }

    /// Refuses unless `viewer` may see what `owner` played.
    pub(crate) async fn visible_history(&self, viewer: PlayerId, owner: PlayerId) -> Result<(), Problem> {
        self.require(viewer, owner, Surface::History).await
    }

    /// Refuses unless the interaction policy lets `viewer` meet `other` there. Whom it hides looks like nobody.
    pub(crate) async fn require(&self, viewer: PlayerId, other: PlayerId, surface: Surface) -> Result<(), Problem> {
        if viewer == other {
            return Ok(());
        }
        let verdict = match self.friends.policy().can_interact(viewer, other, surface).await {
            Ok(verdict) => {
                self.verdicts.said(viewer, other, surface, verdict);
                verdict
            }
            // What is shown then comes from caches, marked as stale.
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                self.verdicts.last(viewer, other, surface).ok_or_else(|| self.refuse(error))?
            }
            Err(error) => return Err(self.refuse(error)),
        };
        match verdict {
            Verdict::Allow => Ok(()),
            Verdict::Hidden => Err(Problem::of("players.not_found")),
            Verdict::Refused => Err(Problem::of("privacy.refused")),
        }
    }

    /// Whom a player's own circle consists of: the player and the player's friends.
    pub(crate) async fn circle(&self, player: PlayerId) -> Result<Vec<PlayerId>, Problem> {
        let mut circle = self.friends.circle(player).await.map_err(|error| self.refuse(error))?;
        circle.push(player);
        Ok(circle)
    }

    /// To be called after sessions were ended, before the reply: this replica knows at once, the others in a moment.
    pub(crate) async fn notice_revocations(&self) {
        self.read_revocations().await;
        self.bus.publish(SESSIONS_TOPIC, bytes::Bytes::new()).await;
    }

    /// Closes the sockets of ended sessions. Who was suspended is told so: nothing but time brings them back.
    async fn end_sockets(&self, sessions: &[SessionId]) {
        let open = self.hub.players_of(sessions);
        let now = self.clock.now();
        let suspended: BTreeSet<PlayerId> = match self.players.get_many(&open).await {
            Ok(found) => {
                let found = found.into_iter().flatten();
                found.filter(|player| player.suspended_at(now).is_some()).map(|player| player.id).collect()
            }
            Err(_) => BTreeSet::new(),
        };
        for player in suspended {
            self.hub.sign_out(player, None, Signal::Suspended);
        }
        self.hub.end_sessions(sessions, Signal::Revoked);
    }

    /// Reads which sessions were ended lately and closes their sockets.
    pub(crate) async fn read_revocations(&self) {
        let now = self.clock.now();
        match self.players.revoked_since(self.revocations.unread_since(now)).await {
            Ok(sessions) => {
                let news = self.revocations.note(sessions, now);
                if !news.is_empty() {
                    self.end_sockets(&news).await;
                }
            }
            Err(error) => tracing::debug!(%error, "ended sessions could not be read"),
        }
    }
}
