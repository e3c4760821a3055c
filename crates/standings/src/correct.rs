//! Later versions of a result. They replace what stands at the game's place; the players' stats and pairings are told
//! anew from their rows, and ratings from that place on are redone ([`redo`](crate::redo)).
//!
//! A game keeps its place, time, mode, players and teams: a later version says how it ended, whether that is rated, and
//! whether it counts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use kernel::{GameId, PlayerId, StoreError};

use crate::effects::{opposed, stats_key};
use crate::fact::{Fact, FactLine};
use crate::model::{Head, Pairing, PlayerStats, ResultRow};
use crate::store::{StandingsStore, Working, WorkingKeys};

/// A game's rows as this later version leaves them, their ratings still to be redone; none if it isn't later.
pub(crate) fn supersede(rows: &[ResultRow], fact: &Fact) -> Option<Vec<ResultRow>> {
    if rows.first()?.version >= fact.version {
        return None;
    }
    let rated = fact.rated && !fact.voided && opposed(rows);
    let lines: BTreeMap<PlayerId, &FactLine> = fact.lines.iter().map(|line| (line.player_id, line)).collect();
    let renewed = rows.iter().map(|row| {
        let said = lines.get(&row.player_id).map_or((row.outcome, row.score), |line| (line.outcome, line.score));
        ResultRow {
            version: fact.version,
            outcome: said.0,
            score: said.1,
            counts: !fact.voided,
            rated,
            before: None,
            after: None,
            ..row.clone()
        }
    });
    Some(renewed.collect())
}

/// A game's standing fact as this later version leaves it: what [`supersede`] does to rows.
pub(crate) fn merge(stands: &mut Fact, later: Fact) {
    if later.version <= stands.version {
        return;
    }
    let lines: BTreeMap<PlayerId, &FactLine> = later.lines.iter().map(|line| (line.player_id, line)).collect();
    for line in &mut stands.lines {
        if let Some(said) = lines.get(&line.player_id) {
            (line.outcome, line.score) = (said.outcome, said.score);
        }
    }
    (stands.version, stands.rated, stands.voided) = (later.version, later.rated, later.voided);
}

/// Corrections that are committed together.
pub(crate) struct Corrections {
    /// The head afterwards.
    pub head: Head,
    /// Changed rows, by game.
    pub games: BTreeMap<GameId, Vec<ResultRow>>,
    /// How many facts they are.
    pub facts: usize,
}

impl Corrections {
    /// So many players' rows are read side by side at most.
    const PLAYERS: usize = 64;

    /// As many later versions from the front of these facts as make sense in one commit; none when the first is of a
    /// game that has no place yet.
    pub(crate) async fn gather(
        store: &dyn StandingsStore,
        head: &Head,
        facts: &[Fact],
    ) -> Result<Option<Self>, StoreError> {
        let mut this = Self { head: head.clone(), games: BTreeMap::new(), facts: 0 };
        let mut players = BTreeSet::new();
        for fact in facts.iter().take_while(|fact| fact.version > 1) {
            let rows = match this.games.get(&fact.game_id) {
                Some(rows) => rows.clone(),
                None => {
                    let mut rows = store.results_of_game(fact.game_id).await?;
                    rows.retain(|row| row.family == fact.family);
                    rows
                }
            };
            let Some(first) = rows.first() else { break };
            players.extend(rows.iter().map(|row| row.player_id));
            if this.facts > 0 && players.len() > Self::PLAYERS {
                break;
            }
            this.facts += 1;
            this.head.applied = fact.sequence;
            let Some(renewed) = supersede(&rows, fact) else { continue };
            if rows.iter().chain(&renewed).any(|row| row.rated) {
                let place = first.sequence;
                this.head.redo_from = Some(this.head.redo_from.map_or(place, |from| from.min(place)));
            }
            this.games.insert(fact.game_id, renewed);
        }
        Ok((this.facts > 0).then_some(this))
    }

    /// Stats and pairings of everybody concerned, told anew.
    pub(crate) async fn retell(&self, store: &dyn StandingsStore) -> Result<Working, StoreError> {
        let mut told = Working::default();
        let modes: BTreeSet<&str> = self.games.values().flatten().map(|row| row.mode.as_str()).collect();
        for mode in modes {
            let games = || self.games.values().filter(|rows| rows.iter().any(|row| row.mode == mode));
            let mut retelling = Retelling::new(mode);
            for rows in games() {
                retelling.concern(rows);
            }
            // Which games of a pair count doesn't change what their later ones weigh.
            let pairings = retelling.pairings.keys().map(|(one, other)| (mode.to_owned(), *one, *other)).collect();
            let known = store.working(&WorkingKeys { pairings, ..WorkingKeys::default() }).await?;
            for ((_, one, other), pairing) in known.pairings {
                if let Some(anew) = retelling.pairings.get_mut(&(one, other)) {
                    anew.recent = pairing.recent;
                }
            }
            let overlay: BTreeMap<(PlayerId, i64), &ResultRow> =
                games().flatten().map(|row| ((row.player_id, row.sequence), row)).collect();
            retelling.tell(store, &overlay).await?;
            retelling.into_working(&mut told);
        }
        Ok(told)
    }
}

/// Stats and pairings of some players in one mode, told from their rows in the order of places. However many games they
/// played, only a page of each one's is held at a time.
struct Retelling<'a> {
    mode: &'a str,
    stats: BTreeMap<(PlayerId, String), PlayerStats>,
    pairings: BTreeMap<(PlayerId, PlayerId), Pairing>,
}

impl<'a> Retelling<'a> {
    const PAGE: i64 = 200;

    const fn new(mode: &'a str) -> Self {
        Self { mode, stats: BTreeMap::new(), pairings: BTreeMap::new() }
    }

    fn concern(&mut self, rows: &[ResultRow]) {
        for row in rows {
            self.stats.insert((row.player_id, String::new()), PlayerStats::default());
            self.stats.insert((row.player_id, row.season.clone()), PlayerStats::default());
            for other in rows.iter().filter(|other| other.team != row.team) {
                self.pairings.insert((row.player_id, other.player_id), Pairing::default());
            }
        }
    }

    async fn tell(
        &mut self,
        store: &dyn StandingsStore,
        overlay: &BTreeMap<(PlayerId, i64), &ResultRow>,
    ) -> Result<(), StoreError> {
        let players: BTreeSet<PlayerId> = self.stats.keys().map(|(player, _)| *player).collect();
        let mut pages: BTreeMap<PlayerId, Pages> =
            players.into_iter().map(|player| (player, Pages::default())).collect();
        loop {
            for (player, pages) in &mut pages {
                pages.fill(store, *player, self.mode).await?;
            }
            let Some(place) = pages.values().filter_map(Pages::place).min() else { return Ok(()) };
            let rows: Vec<ResultRow> = pages.values_mut().filter_map(|pages| pages.take(place)).collect();
            let stands = |row: &'_ ResultRow| (*overlay.get(&(row.player_id, place)).unwrap_or(&row)).clone();
            let rows: Vec<ResultRow> = rows.iter().map(stands).collect();
            self.add(&rows);
        }
    }

    /// The rows of one place.
    fn add(&mut self, rows: &[ResultRow]) {
        for row in rows {
            for season in ["", &row.season] {
                if let Some(stats) = self.stats.get_mut(&(row.player_id, season.to_owned())) {
                    stats.add(row);
                }
            }
            for other in rows {
                if let Some(pairing) = self.pairings.get_mut(&(row.player_id, other.player_id)) {
                    pairing.add(row, other);
                }
            }
        }
    }

    fn into_working(self, into: &mut Working) {
        let Self { mode, stats, pairings } = self;
        let stats = stats.into_iter().map(|((player, season), stats)| (stats_key(mode, &season, player), stats));
        into.stats.extend(stats);
        let pairings = pairings.into_iter().map(|((one, other), pairing)| ((mode.to_owned(), one, other), pairing));
        into.pairings.extend(pairings);
    }
}

/// A player's rows, page by page.
#[derive(Default)]
struct Pages {
    rows: VecDeque<ResultRow>,
    after: i64,
    ended: bool,
}

impl Pages {
    async fn fill(&mut self, store: &dyn StandingsStore, player: PlayerId, mode: &str) -> Result<(), StoreError> {
        if self.ended || !self.rows.is_empty() {
            return Ok(());
        }
        let page = store.results_of_player(player, mode, self.after, Retelling::PAGE).await?;
        self.ended = page.is_empty();
        self.after = page.last().map_or(self.after, |row| row.sequence);
        self.rows = page.into();
        Ok(())
    }

    fn place(&self) -> Option<i64> {
        self.rows.front().map(|row| row.sequence)
    }

    fn take(&mut self, place: i64) -> Option<ResultRow> {
        if self.place() == Some(place) { self.rows.pop_front() } else { None }
    }
}
