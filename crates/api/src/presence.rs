//! Presence as watchers hear of it. What players do is told by no domain as such: hints say whom to look at, and whoever
//! stands otherwise than was told last is told anew, to all watchers at once. Hints may be lost; now and then all watched
//! players are looked at.

mod watchers;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::{BusMessage, Engagement, GameId, PlayerId, StreamEvent, Timestamp};
use realtime::{RenderedVolatile, SocketId, Topic};
use serde::{Deserialize, Serialize};
use serde_json::json;
use social::{Facts, GRACE, Presence, PresenceEvent, Sight, changed, compose, due};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::problem::Problem;
use watchers::Watcher;
pub(crate) use watchers::sight;

/// The bus topic that carries [`Hint`]s.
const TOPIC: &str = "presence";
/// Hints that come within this time are looked at together.
const TOGETHER: Duration = Duration::from_millis(50);
/// How often it is looked whether something is due.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often everybody watched is looked at: while the bus is away, and as a precaution.
const WITHOUT_BUS: Duration = Duration::from_secs(2);
const WITH_BUS: Duration = Duration::from_secs(10);
/// Players per query.
const CHUNK: usize = 500;

/// Who may stand otherwise than was told.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Hint {
    /// Who came, went or did something.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    moved: BTreeSet<PlayerId>,
    /// Whose watchers may be allowed to see more or less of them than before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) judged: Vec<PlayerId>,
}

/// What this replica's sockets watch, and what they were told.
#[derive(Default)]
pub(crate) struct Presences {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    watchers: HashMap<SocketId, Watcher>,
    /// Whoever is watched here, as told last to each of [`SIGHTS`]; `None` until the first look.
    known: HashMap<PlayerId, Option<Told>>,
    /// Who of them is in which game.
    in_game: HashMap<GameId, Vec<PlayerId>>,
    moved: BTreeSet<PlayerId>,
    judged: BTreeSet<PlayerId>,
    /// Who turns offline when without anything else happening.
    due: BTreeSet<(Timestamp, PlayerId)>,
    /// Sockets at whose devices nobody looks.
    away: HashMap<SocketId, PlayerId>,
    /// Whom this replica has reported as away.
    reported_away: BTreeSet<PlayerId>,
    /// What this replica's commands and sockets did, for all replicas.
    news: Hint,
}

const SIGHTS: [Sight; 2] = [Sight::Anybody, Sight::Friend];

type Told = [Presence; SIGHTS.len()];

/// Where watchers of this sight listen; `None` for those who may know nothing.
fn topic(player: PlayerId, sight: Sight) -> Option<Topic> {
    match sight {
        Sight::Nothing => None,
        Sight::Anybody => Some(Topic { player, close: false }),
        Sight::Friend => Some(Topic { player, close: true }),
    }
}

fn told_of(facts: &Facts, now: Timestamp) -> Told {
    SIGHTS.map(|sight| compose(facts, sight, now, GRACE))
}

/// The game somebody is in; friends are told always.
fn game_of(told: &Told) -> Option<GameId> {
    told.iter().find_map(|presence| presence.game_id)
}

impl State {
    /// Remembers what is told of somebody watched, and when that ends by itself; says what was told before. `None` if
    /// nobody watches them any more.
    fn learn(&mut self, player: PlayerId, facts: &Facts, now: Timestamp) -> Option<(Option<Told>, Told)> {
        let told = told_of(facts, now);
        let before = self.known.get_mut(&player)?.replace(told);
        let (was, is) = (before.as_ref().and_then(game_of), game_of(&told));
        if was != is {
            self.leave_game(player, was);
            if let Some(game) = is {
                self.in_game.entry(game).or_default().push(player);
            }
        }
        if let Some(at) = due(facts, now, GRACE) {
            self.due.insert((at, player));
        }
        Some((before, told))
    }

    fn leave_game(&mut self, player: PlayerId, game: Option<GameId>) {
        let Some(game) = game else { return };
        if let Some(players) = self.in_game.get_mut(&game) {
            players.retain(|other| *other != player);
            if players.is_empty() {
                self.in_game.remove(&game);
            }
        }
    }

    fn moved(&mut self, players: impl IntoIterator<Item = PlayerId>) -> bool {
        let before = self.moved.len();
        let known = &self.known;
        self.moved.extend(players.into_iter().filter(|player| known.contains_key(player)));
        self.moved.len() > before
    }
}

impl Presences {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every critical section leaves the maps whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A row that passes by on its way to sockets: many tell that somebody does something else now.
    pub(crate) fn pass(&self, event: &StreamEvent) {
        let kind = &*event.kind;
        let told = match (event.stream.player_id(), event.stream.game_id()) {
            (Some(player), _) if ["ticket.", "match.", "game."].iter().any(|prefix| kind.starts_with(prefix)) => {
                self.lock().moved([player])
            }
            (None, Some(game)) if matches!(kind, "game.updated" | "game.finished" | "game.voided") => {
                let mut state = self.lock();
                let players = state.in_game.get(&game).cloned().unwrap_or_default();
                state.moved(players)
            }
            _ => false,
        };
        if told {
            self.wake.notify_one();
        }
    }

    /// To be called when players came, went, or began or ended something. All replicas hear of it in a moment, of many
    /// at once.
    pub(crate) fn moved(&self, players: impl IntoIterator<Item = PlayerId>) {
        self.lock().news.moved.extend(players);
        self.wake.notify_one();
    }

    /// To be called when others may see more or less of these players than before.
    pub(crate) fn judged(&self, players: impl IntoIterator<Item = PlayerId>) {
        self.lock().news.judged.extend(players);
        self.wake.notify_one();
    }

    fn hint(&self, hint: Hint) {
        let mut state = self.lock();
        let mut told = state.moved(hint.moved);
        if !state.watchers.is_empty() && !hint.judged.is_empty() {
            state.judged.extend(hint.judged);
            told = true;
        }
        drop(state);
        if told {
            self.wake.notify_one();
        }
    }

    /// Notes whether somebody looks at this socket's device.
    pub(crate) fn set_away(&self, socket: SocketId, player: PlayerId, away: bool) {
        let mut state = self.lock();
        if away {
            state.away.insert(socket, player);
        } else {
            state.away.remove(&socket);
        }
    }

    /// To be called when a socket has gone.
    pub(crate) fn forget(&self, socket: SocketId) {
        let mut state = self.lock();
        state.away.remove(&socket);
        state.watchers.remove(&socket);
    }

    /// Whom to report as away, and whom as not away any more, since the call before; who came anew was reported as
    /// active.
    pub(crate) fn away_changes(
        &self,
        came: &[PlayerId],
        sockets_of: impl Fn(PlayerId) -> Vec<SocketId>,
    ) -> (Vec<PlayerId>, Vec<PlayerId>) {
        let mut state = self.lock();
        for player in came {
            state.reported_away.remove(player);
        }
        let candidates: BTreeSet<PlayerId> = state.away.values().copied().collect();
        let everywhere = |player: &PlayerId| sockets_of(*player).iter().all(|socket| state.away.contains_key(socket));
        let now: BTreeSet<PlayerId> = candidates.into_iter().filter(everywhere).collect();
        let away = now.difference(&state.reported_away).copied().collect();
        let active = state.reported_away.difference(&now).copied().collect();
        (away, active)
    }

    /// These were reported so.
    pub(crate) fn away_reported(&self, away: &[PlayerId], active: &[PlayerId]) {
        let mut state = self.lock();
        state.reported_away.extend(away);
        for player in active {
            state.reported_away.remove(player);
        }
    }
}

/// An event about one player, as somebody of this sight gets it.
fn render(event: &PresenceEvent, at: Timestamp) -> Arc<RenderedVolatile> {
    Arc::new(RenderedVolatile::of_topic(PresenceEvent::CHANGED, at, &json!(event)))
}

/// How players stand, before anybody looks, in the order asked.
pub(crate) async fn facts(app: &App, players: &[PlayerId]) -> Result<Vec<Facts>, Problem> {
    let (reaches, engagements) = tokio::join!(app.connections.reach(players), app.engagements.current(players));
    let reaches = reaches.map_err(|error| app.refuse(error))?;
    let engagements = engagements.map_err(|error| app.refuse(error))?;
    let in_games = players.iter().zip(&engagements).filter(|(_, doing)| matches!(doing, Engagement::Game(_)));
    let in_games: Vec<PlayerId> = in_games.map(|(player, _)| *player).collect();
    let open = if in_games.is_empty() { Ok(Vec::new()) } else { app.games.open_links_of(&in_games).await };
    let open = open.map_err(|error| app.refuse(error))?;
    let facts = |((player, reach), engagement): ((&PlayerId, _), Engagement)| {
        let open_seat = matches!(engagement, Engagement::Game(game) if open.contains(&(*player, game)));
        Facts { reach, engagement, open_seat }
    };
    Ok(players.iter().zip(reaches).zip(engagements).map(facts).collect())
}

/// Tells watchers of this replica until shutdown.
pub(crate) async fn run(app: Arc<App>, stop: CancellationToken) {
    let heard = Arc::clone(&app);
    let _hints = app.bus.subscribe(
        TOPIC,
        Arc::new(move |message: BusMessage| match serde_json::from_slice(&message.payload) {
            Ok(hint) => heard.hinted(hint),
            Err(error) => tracing::warn!(%error, "a hint at presence can't be read"),
        }),
    );
    let mut swept_at = Instant::now();
    loop {
        tokio::select! {
            () = app.presences.wake.notified() => tokio::time::sleep(TOGETHER).await,
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.cancelled() => return,
        }
        let every = if app.bus.connected() { WITH_BUS } else { WITHOUT_BUS };
        if swept_at.elapsed() >= every {
            app.everybody_may_have_moved();
            swept_at = Instant::now();
        }
        app.send_news().await;
        if let Err(problem) = app.look_at_watched().await {
            tracing::debug!(%problem, "presence waits for the database");
        }
    }
}

impl App {
    fn hinted(&self, hint: Hint) {
        hint.judged.iter().for_each(|player| self.verdicts.changed(*player));
        self.presences.hint(hint);
    }

    /// Tells all replicas, this one too, whom to look at.
    async fn send_news(&self) {
        let news = std::mem::take(&mut self.presences.lock().news);
        if !(news.moved.is_empty() && news.judged.is_empty())
            && let Ok(payload) = serde_json::to_vec(&news)
        {
            self.bus.publish(TOPIC, payload.into()).await;
        }
    }

    /// As if everybody watched had moved, and, while hints get lost, had other friends; who isn't watched any more is
    /// forgotten.
    fn everybody_may_have_moved(&self) {
        let mut state = self.presences.lock();
        let watched =
            |player: PlayerId| [false, true].iter().any(|close| self.hub.is_watched(Topic { player, close: *close }));
        let over = state.known.iter().filter(|(player, _)| !watched(**player));
        let over: Vec<_> = over.map(|(player, told)| (*player, told.as_ref().and_then(game_of))).collect();
        for (player, game) in over {
            state.known.remove(&player);
            state.leave_game(player, game);
        }
        state.moved = state.known.keys().copied().collect();
        if !self.bus.connected() {
            state.judged = state.watchers.values().flat_map(Watcher::wanted).collect();
        }
    }

    /// Looks at whom hints and time named, and tells what became of them.
    async fn look_at_watched(&self) -> Result<(), Problem> {
        let now = self.clock.now();
        let (moved, judged) = {
            let mut state = self.presences.lock();
            let later = state.due.split_off(&(now.plus_millis(1), PlayerId::new(uuid::Uuid::nil())));
            let due = std::mem::replace(&mut state.due, later);
            state.moved(due.into_iter().map(|(_, player)| player));
            (std::mem::take(&mut state.moved), std::mem::take(&mut state.judged))
        };
        for player in &judged {
            if let Err(problem) = self.judge_watchers(*player).await {
                self.put_back(moved, judged);
                return Err(problem);
            }
        }
        let players: Vec<PlayerId> = moved.into_iter().collect();
        for (nth, chunk) in players.chunks(CHUNK).enumerate() {
            match facts(self, chunk).await {
                Ok(facts) => self.tell(chunk, &facts),
                Err(problem) => {
                    self.put_back(players[nth * CHUNK..].iter().copied().collect(), BTreeSet::new());
                    return Err(problem);
                }
            }
        }
        Ok(())
    }

    fn put_back(&self, moved: BTreeSet<PlayerId>, judged: BTreeSet<PlayerId>) {
        let mut state = self.presences.lock();
        state.moved.extend(moved);
        state.judged.extend(judged);
    }

    /// Tells watchers of each of these what is new: one event for each sight, written once.
    fn tell(&self, players: &[PlayerId], facts: &[Facts]) {
        let now = self.clock.now();
        for (player, facts) in players.iter().zip(facts) {
            let Some((before, told)) = self.presences.lock().learn(*player, facts, now) else { continue };
            for (nth, sight) in SIGHTS.into_iter().enumerate() {
                let Some(topic) = topic(*player, sight).filter(|topic| self.hub.is_watched(*topic)) else { continue };
                if let Some(event) = changed(*player, before.map(|before| before[nth]), told[nth]) {
                    self.hub.tell(topic, &render(&event, now));
                }
            }
        }
    }
}
