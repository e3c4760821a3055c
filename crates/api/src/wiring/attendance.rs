//! Who is there: reports this replica's sockets, marks players whose last one went as gone in their games, and does so
//! for the players of replicas that died.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use games::Seen;
use kernel::{Engagement, PlayerId, StoreError, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// How often sockets are looked at.
const EVERY: Duration = Duration::from_millis(500);
/// How often this replica says that it lives, in milliseconds.
const BEAT_MS: i64 = 3_000;
/// After how long a silent replica is dead, in milliseconds.
const SILENT_MS: i64 = 10_000;
/// How long a player without a socket isn't called gone yet: a page that is loaded anew, a phone that changes networks,
/// a replica that is replaced. In milliseconds.
const UNNOTICED_MS: i64 = 1_500;
/// Players of a dead replica taken over at a time.
const TAKEN: i64 = 500;
/// Unseen players marked at a time.
const UNSEEN: i64 = 200;

/// Somebody whose last socket went.
struct Absent {
    player: PlayerId,
    since: Timestamp,
    with_replica: bool,
}

struct Watch {
    app: Arc<App>,
    replica: String,
    here: BTreeSet<PlayerId>,
    /// Whose sockets came and went between two looks.
    passed: BTreeSet<PlayerId>,
    absent: Vec<Absent>,
    beaten_at: Option<Timestamp>,
    /// Since when the database has answered every time: a replica that couldn't reach it has not heard the others.
    in_touch_since: Option<Timestamp>,
}

/// Watches until shutdown, then gives its players up.
pub(super) async fn run(app: Arc<App>, replica: String, stop: CancellationToken) {
    let mut watch = Watch {
        app,
        replica,
        here: BTreeSet::new(),
        passed: BTreeSet::new(),
        absent: Vec::new(),
        beaten_at: None,
        in_touch_since: None,
    };
    while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        let now = watch.app.clock.now();
        match watch.look(now).await {
            Ok(()) => _ = watch.in_touch_since.get_or_insert(now),
            Err(error) => {
                tracing::debug!(%error, "attendance waits for the database");
                watch.in_touch_since = None;
            }
        }
    }
    let went: Vec<PlayerId> = watch.here.iter().copied().collect();
    let connections = &watch.app.connections;
    if watch.note_last_sign(&went, watch.app.clock.now()).await.is_ok()
        && connections.report(&watch.replica, &[], &went).await.is_ok()
    {
        _ = connections.forget(&watch.replica).await;
    }
}

impl Watch {
    async fn look(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if self.beaten_at.is_none_or(|at| now >= at.plus_millis(BEAT_MS)) {
            self.app.connections.beat(&self.replica).await?;
            self.beaten_at = Some(now);
            self.bury(now).await?;
        }
        self.report(now).await?;
        self.tell_absent(now).await?;
        self.mark_unseen(now).await
    }

    /// What changed among this replica's sockets since the last look.
    async fn report(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.passed.extend(self.app.hub.take_departed());
        let players = self.app.hub.players();
        self.passed.retain(|player| !players.contains(player) && !self.here.contains(player));
        let came: Vec<_> = players.difference(&self.here).copied().collect();
        let went: Vec<_> = self.here.difference(&players).chain(&self.passed).copied().collect();
        if !(came.is_empty() && went.is_empty()) {
            self.report_crossed(players, &came, &went, now).await?;
        }
        let (away, active) = self.app.presences.away_changes(&came, |player| self.app.hub.sockets_of(player));
        if !(away.is_empty() && active.is_empty()) {
            self.app.connections.set_away(&self.replica, &away, &active).await?;
            self.app.presences.away_reported(&away, &active);
        }
        if !(came.is_empty() && went.is_empty() && away.is_empty() && active.is_empty()) {
            self.app.presences.moved(came.into_iter().chain(went).chain(away).chain(active));
        }
        Ok(())
    }

    async fn report_crossed(
        &mut self,
        players: BTreeSet<PlayerId>,
        came: &[PlayerId],
        went: &[PlayerId],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.note_last_sign(went, now).await?;
        let alone = self.app.connections.report(&self.replica, came, went).await?;
        self.here = players;
        self.passed.clear();
        self.absent.extend(alone.into_iter().map(|player| Absent { player, since: now, with_replica: false }));
        for player in came {
            self.absent.retain(|absent| absent.player != *player);
            if let Err(error) = self.app.games.player_back(*player).await {
                // Their next call says so again.
                tracing::debug!(%error, "a player's return waits for the database");
            }
            if let Err(error) = self.app.matchmaking.player_back(*player).await {
                tracing::warn!(%error, "a player's return could not be told to the queue");
            }
        }
        self.app.wake_relay.notify_one();
        Ok(())
    }

    /// A socket was a sign of life until it went. Noted before its end is reported: from then on only calls count, and
    /// who played over a socket may have made none for longer than any grace.
    async fn note_last_sign(&self, went: &[PlayerId], at: Timestamp) -> Result<(), StoreError> {
        if went.is_empty() {
            return Ok(());
        }
        let doing = self.app.engagements.current(went).await?;
        let in_game = |(player, doing): (&PlayerId, Engagement)| match doing {
            Engagement::Game(game) => Some(Seen { player: *player, game, at }),
            _ => None,
        };
        let signs: Vec<Seen> = went.iter().zip(doing).filter_map(in_game).collect();
        match self.app.games.seen(&signs).await {
            Err(games::Error::Store(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Marks those as gone who are still nowhere after a moment.
    async fn tell_absent(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let due = |absent: &Absent| now >= absent.since.plus_millis(UNNOTICED_MS);
        if !self.absent.iter().any(due) {
            return Ok(());
        }
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.absent).into_iter().partition(due);
        self.absent = later;
        let players: Vec<_> = due.iter().map(|absent| absent.player).collect();
        let connected = match self.app.connections.connected(&players).await {
            Ok(connected) => connected,
            Err(error) => {
                self.absent.extend(due);
                return Err(error);
            }
        };
        for (absent, _) in due.into_iter().zip(connected).filter(|(_, connected)| !connected) {
            let Absent { player, since, with_replica } = absent;
            if let Err(error) = self.app.matchmaking.player_gone(player, since).await {
                tracing::debug!(%error, "a player's absence waits for the database");
                self.absent.push(absent);
                continue;
            }
            if let Err(error) = self.app.games.player_gone(player, since, with_replica).await {
                tracing::debug!(%error, "a player's absence waits for the database");
                self.absent.push(absent);
            }
        }
        self.app.wake_relay.notify_one();
        Ok(())
    }

    /// Takes over the players of replicas that have been silent for too long. Several replicas may do so at once.
    async fn bury(&mut self, now: Timestamp) -> Result<(), StoreError> {
        // After an outage of the database everybody has been silent; they get the time to speak up.
        if self.in_touch_since.is_none_or(|since| now < since.plus_millis(SILENT_MS)) {
            return Ok(());
        }
        for dead in self.app.connections.silent(now.plus_millis(-SILENT_MS)).await? {
            if dead.replica == self.replica {
                continue;
            }
            let players = self.app.connections.players_of(&dead.replica, TAKEN).await?;
            if players.is_empty() {
                self.app.connections.forget(&dead.replica).await?;
                continue;
            }
            tracing::info!(
                replica = dead.replica,
                players = players.len(),
                "a replica is silent: its players are gone"
            );
            let since = dead.heard_at;
            self.note_last_sign(&players, since).await?;
            let alone = self.app.connections.report(&dead.replica, &[], &players).await?;
            self.absent.extend(alone.into_iter().map(|player| Absent { player, since, with_replica: true }));
            self.app.presences.moved(players);
        }
        Ok(())
    }

    /// Players without sockets who haven't called about their game for its whole grace.
    async fn mark_unseen(&self, now: Timestamp) -> Result<(), StoreError> {
        match self.app.games.mark_unseen(now, UNSEEN).await {
            Ok(unseen) => {
                for (game, error) in &unseen.failed {
                    tracing::error!(%game, %error, "an unseen player could not be marked");
                }
                if !unseen.gone.is_empty() {
                    self.app.wake_relay.notify_one();
                }
            }
            Err(error) => tracing::debug!(%error, "players unseen wait for the database"),
        }
        Ok(())
    }
}
