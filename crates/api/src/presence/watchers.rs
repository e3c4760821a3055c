//! Who watches whom, and how much of them each may see.

use std::collections::BTreeMap;

use friends::{Facts as PolicyFacts, Surface, Verdict, policy};
use kernel::{FieldError, PlayerId, Timestamp};
use realtime::{SocketId, Topic};
use social::{Facts, GRACE, Presence, Sight, changed, compose};

use super::{CHUNK, Presences, SIGHTS, State, facts, render, told_of, topic};
use crate::app::App;
use crate::problem::Problem;

/// Players that one socket may watch: as many as one may have friends.
const MOST: usize = 1_000;

/// A socket that watches.
pub(super) struct Watcher {
    player: PlayerId,
    watched: BTreeMap<PlayerId, Sight>,
}

impl Watcher {
    pub(super) fn wanted(&self) -> impl Iterator<Item = PlayerId> {
        self.watched.keys().copied()
    }

    fn topics(&self) -> Vec<Topic> {
        self.watched.iter().filter_map(|(player, sight)| topic(*player, *sight)).collect()
    }
}

/// How much a viewer may see by what is known of the two.
pub(crate) fn sight(facts: &PolicyFacts) -> Sight {
    match policy::decide(Surface::Presence, facts) {
        Verdict::Allow if facts.same || facts.friends => Sight::Friend,
        Verdict::Allow => Sight::Anybody,
        Verdict::Hidden | Verdict::Refused => Sight::Nothing,
    }
}

fn too_many() -> Problem {
    let detail = format!("a socket watches at most {MOST} players: presence.unwatch ends what isn't needed");
    Problem::invalid(vec![FieldError::new("/player_ids", "too_many", detail)])
}

impl State {
    /// What a watcher of this sight was told last.
    fn told(&self, player: PlayerId, sight: Sight) -> Presence {
        let nth = SIGHTS.iter().position(|other| *other == sight);
        let told = nth.and_then(|nth| Some(self.known.get(&player)?.as_ref()?[nth]));
        told.unwrap_or(Presence::HIDDEN)
    }
}

impl Presences {
    /// A new watcher was answered with these facts. Of whom nothing was told before, that is what was told; where there
    /// was, it may be newer, or older: then they are looked at.
    fn answered(&self, players: &[PlayerId], facts: &[Facts], now: Timestamp) {
        let mut state = self.lock();
        for (player, facts) in players.iter().zip(facts) {
            match *state.known.entry(*player).or_default() {
                None => _ = state.learn(*player, facts, now),
                Some(told) if told != told_of(facts, now) => _ = state.moved.insert(*player),
                Some(_) => {}
            }
        }
        drop(state);
        self.wake.notify_one();
    }
}

impl App {
    /// Lets a socket watch these players, too, from now on; answers how each stands, in the order asked. Who may not be
    /// seen looks like somebody who was never there, until they may.
    pub(crate) async fn watch_presence(
        &self,
        viewer: PlayerId,
        socket: SocketId,
        players: &[PlayerId],
    ) -> Result<Vec<(PlayerId, Presence)>, Problem> {
        {
            let mut state = self.presences.lock();
            let watched = state.watchers.get(&socket).map(|watcher| &watcher.watched);
            let new = players.iter().filter(|player| watched.is_none_or(|watched| !watched.contains_key(player)));
            if new.count() + watched.map_or(0, BTreeMap::len) > MOST {
                return Err(too_many());
            }
            // Known of from now on, so that no hint is missed while they are looked at.
            for player in players {
                state.known.entry(*player).or_default();
            }
        }
        let judged = self.friends.policy().facts(viewer, players).await.map_err(|error| self.refuse(error))?;
        let sights: Vec<Sight> = judged.iter().map(sight).collect();
        self.enter(viewer, socket, players, &sights);
        let facts = facts(self, players).await?;
        let now = self.clock.now();
        let seen =
            |((player, facts), sight): ((&PlayerId, &Facts), &Sight)| (*player, compose(facts, *sight, now, GRACE));
        let answer = players.iter().zip(&facts).zip(&sights).map(seen).collect();
        self.presences.answered(players, &facts, now);
        Ok(answer)
    }

    fn enter(&self, viewer: PlayerId, socket: SocketId, players: &[PlayerId], sights: &[Sight]) {
        let mut state = self.presences.lock();
        let watcher =
            state.watchers.entry(socket).or_insert_with(|| Watcher { player: viewer, watched: BTreeMap::new() });
        watcher.watched.extend(players.iter().copied().zip(sights.iter().copied()));
        let topics = watcher.topics();
        if !self.hub.watch(socket, topics) {
            state.watchers.remove(&socket);
        }
    }

    /// Ends it for these players.
    pub(crate) fn unwatch_presence(&self, socket: SocketId, players: &[PlayerId]) {
        let mut state = self.presences.lock();
        let Some(watcher) = state.watchers.get_mut(&socket) else { return };
        for player in players {
            watcher.watched.remove(player);
        }
        self.hub.watch(socket, watcher.topics());
        if watcher.watched.is_empty() {
            state.watchers.remove(&socket);
        }
    }

    /// Judges anew how much those who watch this player may see, and tells those for whom that changed.
    pub(super) async fn judge_watchers(&self, player: PlayerId) -> Result<(), Problem> {
        let mut viewers: Vec<PlayerId> = {
            let state = self.presences.lock();
            let watching = state.watchers.values().filter(|watcher| watcher.watched.contains_key(&player));
            watching.map(|watcher| watcher.player).collect()
        };
        viewers.sort_unstable();
        viewers.dedup();
        for chunk in viewers.chunks(CHUNK) {
            let judged = self.friends.policy().facts_about(player, chunk).await;
            let judged = judged.map_err(|error| self.refuse(error))?;
            let sights: BTreeMap<PlayerId, Sight> = chunk.iter().copied().zip(judged.iter().map(sight)).collect();
            self.apply(player, &sights);
        }
        Ok(())
    }

    fn apply(&self, player: PlayerId, sights: &BTreeMap<PlayerId, Sight>) {
        let now = self.clock.now();
        let mut state = self.presences.lock();
        let mut told = Vec::new();
        for (socket, watcher) in &mut state.watchers {
            let Some(sight) = sights.get(&watcher.player) else { continue };
            let Some(before) = watcher.watched.get_mut(&player).filter(|before| *before != sight) else { continue };
            told.push((*socket, std::mem::replace(before, *sight), *sight));
            self.hub.watch(*socket, watcher.topics());
        }
        // Somebody whom nobody here could see until now is looked at first.
        if !told.is_empty() && state.known.entry(player).or_default().is_none() {
            state.moved.insert(player);
            self.presences.wake.notify_one();
        }
        for (socket, before, after) in told {
            let (before, after) = (state.told(player, before), state.told(player, after));
            if let Some(event) = changed(player, Some(before), after) {
                self.hub.tell_one(socket, &render(&event, now));
            }
        }
    }
}
