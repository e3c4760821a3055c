//! Keeps quick copies of boards: hands on what changed, or loads them anew, a few pages at a time.

use std::collections::{BTreeMap, VecDeque};

use kernel::{PlayerId, StoreError, Timestamp};

use crate::board::{BoardKey, BoardSpan, Metric};
use crate::effects::Scheming;
use crate::model::{Head, PlayerStats, StatsKey};
use crate::ports::StandingsPorts;
use crate::season::season_of;

/// Lines that wait to be handed on. While a correction is being redone nothing is: copies show what stood before,
/// whole.
type Lines = BTreeMap<(BoardKey, PlayerId), (Option<f64>, i32)>;

/// Where one family's copies are.
#[derive(Default)]
pub(crate) struct Copying {
    state: State,
    /// What changed since the place the copies have, or will have once loaded.
    lines: Lines,
}

#[derive(Default)]
enum State {
    /// Not looked at yet, or lost; not to be tried again before this time.
    #[default]
    Unknown,
    Failed {
        again_at: Timestamp,
    },
    Loading(Loading),
    Kept {
        at: i64,
        boards: Vec<BoardKey>,
        look_at: Timestamp,
    },
}

struct Loading {
    to: i64,
    /// What was to be loaded.
    wanted: Vec<BoardKey>,
    /// What found room.
    loaded: Vec<BoardKey>,
    /// Modes and seasons yet to be read.
    left: VecDeque<(String, String)>,
    /// In the first of them.
    after: Option<PlayerId>,
}

impl Copying {
    /// More lines than this are cheaper to load than to hand on.
    const LINES: usize = 100_000;
    const PAGE: i64 = 1_000;
    /// Pages per step.
    const PAGES: usize = 5;
    /// How often copies are looked for, and how soon again after they couldn't be written.
    const PAUSE_MS: i64 = 5_000;

    /// These stats are about to be written.
    pub(crate) fn note(&mut self, stats: &BTreeMap<StatsKey, PlayerStats>) {
        let boards = match &self.state {
            State::Unknown | State::Failed { .. } => return,
            State::Loading(loading) => &loading.wanted,
            State::Kept { boards, .. } => boards,
        };
        for (key, stats) in stats {
            // Only lines of boards that have a copy: most metrics are read from the database.
            for board in boards.iter().filter(|board| board.mode == key.mode && board.season == key.season) {
                let line = (board.metric.value(stats), stats.games);
                self.lines.insert((board.clone(), key.player_id), line);
            }
        }
        if self.lines.len() > Self::LINES {
            self.lost();
        }
    }

    fn lost(&mut self) {
        *self = Self::default();
    }

    /// Goes on; says whether there is more to do at once.
    pub(crate) async fn step(
        &mut self,
        ports: &StandingsPorts,
        schemes: &Scheming,
        head: &Head,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        if head.redo_from.is_some() {
            return Ok(false);
        }
        let wanted = wanted(schemes, &head.family, now);
        match std::mem::take(&mut self.state) {
            State::Failed { again_at } if now < again_at => self.state = State::Failed { again_at },
            State::Unknown | State::Failed { .. } => {
                if is_here(ports, head, &wanted).await {
                    self.state = State::Kept { at: head.applied, boards: wanted, look_at: now };
                } else if !wanted.is_empty() {
                    ports.copies.forget(&head.family).await;
                    let mut left: Vec<_> = wanted.iter().map(|b| (b.mode.clone(), b.season.clone())).collect();
                    left.dedup();
                    let loading = Loading {
                        to: head.applied,
                        wanted: wanted.clone(),
                        loaded: wanted,
                        left: left.into(),
                        after: None,
                    };
                    self.lines.clear();
                    self.state = State::Loading(loading);
                    return Ok(true);
                }
            }
            State::Loading(loading) => return self.load(ports, head, loading, now).await,
            State::Kept { at, boards, look_at } => {
                let gone = now >= look_at && ports.copies.complete_to(&head.family).await != Some(at);
                if boards != wanted || gone || !self.hand_on(ports, head, at).await {
                    self.lost();
                    return Ok(true);
                }
                let look_at = if now >= look_at { now.plus_millis(Self::PAUSE_MS) } else { look_at };
                self.state = State::Kept { at: head.applied, boards, look_at };
            }
        }
        Ok(false)
    }

    async fn hand_on(&mut self, ports: &StandingsPorts, head: &Head, at: i64) -> bool {
        if at == head.applied && self.lines.is_empty() {
            return true;
        }
        let lines: Vec<_> = std::mem::take(&mut self.lines)
            .into_iter()
            .map(|((board, player), (value, games))| (board, player, value, games))
            .collect();
        ports.copies.change(&head.family, at, head.applied, &lines).await
    }

    async fn load(
        &mut self,
        ports: &StandingsPorts,
        head: &Head,
        mut loading: Loading,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        for _ in 0..Self::PAGES {
            let Some((mode, season)) = loading.left.front().cloned() else { break };
            let page = ports.store.stats_page(&mode, &season, loading.after, Self::PAGE).await?;
            let whole = i64::try_from(page.len()).unwrap_or(0) < Self::PAGE;
            loading.after = page.last().map(|(player, _)| *player);
            let mut here = Vec::new();
            for board in loading.loaded {
                let mine = board.mode == mode && board.season == season;
                let line = |(player, stats): &(PlayerId, PlayerStats)| {
                    Some((*player, board.metric.value(stats)?, stats.games))
                };
                let lines: Vec<_> = page.iter().filter(|_| mine).filter_map(line).collect();
                // A board that finds no room stays with the database.
                if lines.is_empty() || ports.copies.load(&head.family, &board, &lines).await {
                    here.push(board);
                }
            }
            loading.loaded = here;
            if whole {
                loading.left.pop_front();
                loading.after = None;
            }
        }
        if !loading.left.is_empty() && !loading.loaded.is_empty() {
            self.state = State::Loading(loading);
            return Ok(true);
        }
        if ports.copies.loaded(&head.family, &loading.loaded, loading.to).await
            && self.hand_on(ports, head, loading.to).await
        {
            let look_at = now.plus_millis(Self::PAUSE_MS);
            self.state = State::Kept { at: head.applied, boards: loading.wanted, look_at };
        } else {
            self.lost();
            self.state = State::Failed { again_at: now.plus_millis(Self::PAUSE_MS) };
        }
        Ok(false)
    }
}

/// Boards worth a copy: of all time and of the season that runs, by each mode's own metric and by rating.
fn wanted(schemes: &Scheming, family: &str, now: Timestamp) -> Vec<BoardKey> {
    let mut boards = Vec::new();
    for scheme in schemes.of_family(family) {
        for season in [String::new(), season_of(now)] {
            let board = |metric| BoardKey { mode: scheme.mode.clone(), season: season.clone(), metric };
            boards.push(board(scheme.board));
            if scheme.rated && scheme.board != Metric::Rating {
                boards.push(board(Metric::Rating));
            }
        }
    }
    boards
}

/// Whether another worker left copies that can be gone on with.
async fn is_here(ports: &StandingsPorts, head: &Head, wanted: &[BoardKey]) -> bool {
    if wanted.is_empty() || ports.copies.complete_to(&head.family).await != Some(head.applied) {
        return false;
    }
    for board in wanted {
        if ports.copies.lines(&head.family, board, BoardSpan::After(None), 1).await.is_none() {
            return false;
        }
    }
    true
}
