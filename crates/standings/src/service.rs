//! Standings as players read them.

use std::collections::BTreeMap;

use kernel::{GameId, PageLimit, PlayerId, StoreError, Timestamp};

use crate::board::{BoardKey, BoardLine, BoardSpan, Metric};
use crate::effects::Scheming;
use crate::error::Error;
use crate::model::{ModeScheme, Model, PlayerStats, Rating};
use crate::ports::StandingsPorts;
use crate::rating;
use crate::season;

/// Reads standings.
#[derive(Clone)]
pub struct Standings {
    ports: StandingsPorts,
}

/// A rating as of now.
#[derive(Debug, Clone, PartialEq)]
pub struct RatingNow {
    /// Which family.
    pub family: String,
    /// With the certainty lost since the last game.
    pub rating: Rating,
    /// Whether it is still too uncertain to be taken at its word.
    pub provisional: bool,
}

/// A player's stats.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StatsOf {
    /// Over all modes. Streak and form are those of the mode played last; a best score or a rating over several modes
    /// would mean nothing, so there is none.
    pub total: PlayerStats,
    /// By mode; only modes with games that count.
    pub by_mode: Vec<(String, PlayerStats)>,
}

/// What a player did against another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeadToHead {
    /// Games in different teams.
    pub games: i32,
    /// Of them won.
    pub wins: i32,
    /// Lost.
    pub losses: i32,
    /// Drawn.
    pub draws: i32,
    /// The present streak, wins above 0; over several modes that of the mode they played last.
    pub streak: i32,
    /// The last one.
    pub last_game: Option<GameId>,
}

/// A board that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardInfo {
    /// Key of the mode.
    pub mode: String,
    /// What it shows unless asked otherwise.
    pub metric: Metric,
    /// What it can show.
    pub metrics: Vec<Metric>,
    /// Seasons that were played, newest first, with when their places became final.
    pub seasons: Vec<(String, Option<Timestamp>)>,
}

/// Which part of which board.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardQuery {
    /// Which board, as [`Standings::key`] gave it.
    pub board: BoardKey,
    /// Only these players, ranked among themselves.
    pub among: Option<Vec<PlayerId>>,
    /// Which part.
    pub span: BoardSpan,
}

/// Part of a board.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    /// Which board.
    pub key: BoardKey,
    /// Its lines.
    pub lines: Vec<BoardLine>,
    /// Players on the whole board; 0 where there are no lines.
    pub total: i64,
    /// Where the next page begins, if more follow; none around a player.
    pub next: Option<(f64, PlayerId)>,
}

/// Where a player stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed {
    /// The player's line.
    pub line: BoardLine,
    /// Players on the board.
    pub of: i64,
    /// Share of the others who don't stand higher, in percent: 100 at the top, and alone; 0 at the very bottom.
    pub percentile: f64,
}

/// What a mode's board can show.
fn metrics(scheme: &ModeScheme) -> Vec<Metric> {
    let has = |metric: &Metric| match metric {
        Metric::Rating => scheme.rated,
        Metric::Wins | Metric::Streak => true,
        Metric::BestScore | Metric::Sum => scheme.scored,
    };
    Metric::ALL.into_iter().filter(|metric| has(metric) || *metric == scheme.board).collect()
}

fn percentile(rank: i64, of: i64) -> f64 {
    if of <= 1 {
        return 100.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "nobody sees the last digit")]
    let share = (of - rank) as f64 / (of - 1) as f64;
    (share * 100.0).clamp(0.0, 100.0)
}

impl Standings {
    /// Over these ports.
    #[must_use]
    pub const fn new(ports: StandingsPorts) -> Self {
        Self { ports }
    }

    async fn schemes(&self) -> Result<Scheming, Error> {
        self.ports.schemes.schemes().await.map(Scheming::new).map_err(|e| Error::Store(StoreError::Unavailable(e)))
    }

    async fn scheme(&self, mode: &str) -> Result<ModeScheme, Error> {
        let scheme = self.ports.schemes.scheme(mode).await.map_err(|e| Error::Store(StoreError::Unavailable(e)))?;
        scheme.ok_or(Error::UnknownMode)
    }

    /// Empty for all time.
    fn season(&self, season: Option<&str>) -> Result<String, Error> {
        let Some(season) = season else { return Ok(String::new()) };
        let begun = season <= season::season_of(self.ports.clock.now()).as_str();
        if begun && season::end_of(season).is_some() { Ok(season.to_owned()) } else { Err(Error::UnknownSeason) }
    }

    fn now(&self, family: String, rating: &Rating, model: Model) -> RatingNow {
        let rating = rating::at(rating, model, self.ports.clock.now());
        RatingNow { family, provisional: rating::is_provisional(&rating), rating }
    }

    /// A player's ratings, by family; only of families with rated games that count.
    ///
    /// # Errors
    /// Those of the ports.
    pub async fn ratings_of(&self, player: PlayerId) -> Result<Vec<RatingNow>, Error> {
        let schemes = self.schemes().await?;
        let ratings = self.ports.reads.ratings_of(player).await.map_err(Error::Store)?;
        let played = ratings.into_iter().filter(|(_, rating)| rating.games > 0);
        Ok(played.map(|(family, rating)| self.now(family.clone(), &rating, schemes.model(&family))).collect())
    }

    /// A player's rating in one family as of now; a newcomer's for who has none.
    ///
    /// # Errors
    /// Those of the ports.
    pub async fn rating(&self, player: PlayerId, family: &str) -> Result<RatingNow, Error> {
        let model = self.schemes().await?.model(family);
        let ratings = self.ports.reads.ratings(family, &[player]).await.map_err(Error::Store)?;
        let rating = ratings.get(&player).copied().unwrap_or_else(|| rating::newcomer(model));
        Ok(self.now(family.to_owned(), &rating, model))
    }

    /// A player's stats in a season, or of all time.
    ///
    /// # Errors
    /// [`Error::UnknownSeason`], and those of the ports.
    pub async fn stats_of(&self, player: PlayerId, season: Option<&str>) -> Result<StatsOf, Error> {
        let season = self.season(season)?;
        let stats = self.ports.reads.stats_of(player, &season).await.map_err(Error::Store)?;
        let by_mode: Vec<_> =
            stats.into_iter().filter(|(_, stats)| stats.games > 0).map(|(key, stats)| (key.mode, stats)).collect();
        let mut total = PlayerStats::default();
        for (_, stats) in &by_mode {
            total.games = total.games.saturating_add(stats.games);
            total.wins = total.wins.saturating_add(stats.wins);
            total.losses = total.losses.saturating_add(stats.losses);
            total.draws = total.draws.saturating_add(stats.draws);
            total.best_streak = total.best_streak.max(stats.best_streak);
            total.total_score = total.total_score.saturating_add(stats.total_score);
            if stats.last_at > total.last_at {
                (total.last_at, total.streak) = (stats.last_at, stats.streak);
                total.form.clone_from(&stats.form);
            }
        }
        Ok(StatsOf { total, by_mode })
    }

    /// What a player did against another: in one mode, or in all.
    ///
    /// # Errors
    /// [`Error::UnknownMode`], and those of the ports.
    pub async fn head_to_head(
        &self,
        player: PlayerId,
        opponent: PlayerId,
        mode: Option<&str>,
    ) -> Result<HeadToHead, Error> {
        if let Some(mode) = mode {
            self.scheme(mode).await?;
        }
        let pairings = self.ports.reads.pairings_of(player, opponent).await.map_err(Error::Store)?;
        let mut met = HeadToHead::default();
        // Game ids carry the time they were opened at: places of different families can't be compared.
        for (_, pairing) in pairings.iter().filter(|(key, _)| mode.is_none_or(|mode| mode == key)) {
            met.games = met.games.saturating_add(pairing.games);
            met.wins = met.wins.saturating_add(pairing.wins);
            met.losses = met.losses.saturating_add(pairing.losses);
            met.draws = met.draws.saturating_add(pairing.draws);
            if pairing.last_game > met.last_game {
                (met.last_game, met.streak) = (pairing.last_game, pairing.streak);
            }
        }
        Ok(met)
    }

    /// All boards, by mode.
    ///
    /// # Errors
    /// Those of the ports.
    pub async fn boards(&self) -> Result<Vec<BoardInfo>, Error> {
        let mut boards = Vec::new();
        for scheme in self.schemes().await?.all() {
            let seasons = self.ports.reads.seasons(&scheme.mode).await.map_err(Error::Store)?;
            boards.push(BoardInfo {
                mode: scheme.mode.clone(),
                metric: scheme.board,
                metrics: metrics(scheme),
                seasons: seasons.into_iter().map(|(season, close)| (season, close.map(|close| close.at))).collect(),
            });
        }
        Ok(boards)
    }

    /// The board that is meant.
    ///
    /// # Errors
    /// [`Error::UnknownMode`], [`Error::UnknownMetric`], [`Error::UnknownSeason`], and those of the ports.
    pub async fn key(&self, mode: &str, metric: Option<Metric>, season: Option<&str>) -> Result<BoardKey, Error> {
        let scheme = self.scheme(mode).await?;
        let metric = metric.unwrap_or(scheme.board);
        if !metrics(&scheme).contains(&metric) {
            return Err(Error::UnknownMetric);
        }
        Ok(BoardKey { mode: scheme.mode, season: self.season(season)?, metric })
    }

    /// Part of a board: from a copy where there is one, else from the database.
    ///
    /// # Errors
    /// Those of the ports.
    pub async fn board(&self, query: &BoardQuery, limit: PageLimit) -> Result<Board, Error> {
        let (key, size) = (query.board.clone(), usize::from(limit.get()));
        // One more than asked says whether more follow.
        let limit = if matches!(query.span, BoardSpan::After(_)) { size + 1 } else { size };
        let (mut lines, among) = match (&query.among, query.span) {
            (Some(players), span) => {
                let lines = self.among(&key, players).await?;
                let among = i64::try_from(lines.len()).unwrap_or(i64::MAX);
                (part(lines, span, limit), Some(among))
            }
            (None, span) => (self.lines(&key, span, i64::try_from(limit).unwrap_or(i64::MAX)).await?, None),
        };
        let more = lines.len() > size;
        let whole = query.span == BoardSpan::After(None) && !more;
        let total = match (among, lines.first()) {
            (Some(among), _) => among,
            // Counted from the lines themselves: somebody may have come on since they were read.
            (None, _) if whole => i64::try_from(lines.len()).unwrap_or(i64::MAX),
            (None, Some(line)) => self.place(&key, line.player_id, None).await?.map_or(0, |place| place.of),
            (None, None) => 0,
        };
        lines.truncate(size);
        let next = lines.last().filter(|_| more).map(|line| (line.value, line.player_id));
        Ok(Board { key, lines, total, next })
    }

    /// Where a player stands, on the whole board or among these.
    ///
    /// # Errors
    /// Those of the ports.
    pub async fn place(
        &self,
        board: &BoardKey,
        player: PlayerId,
        among: Option<&[PlayerId]>,
    ) -> Result<Option<Placed>, Error> {
        let (line, of) = match among {
            Some(players) => {
                let lines = self.among(board, players).await?;
                let Some(line) = lines.iter().find(|line| line.player_id == player) else { return Ok(None) };
                (*line, i64::try_from(lines.len()).unwrap_or(i64::MAX))
            }
            None => {
                let family = self.scheme(&board.mode).await?.family;
                let place = match self.ports.copies.place(&family, board, player).await {
                    Some(place) => place,
                    None => self.ports.reads.place(board, player).await.map_err(Error::Store)?,
                };
                let Some(place) = place else { return Ok(None) };
                (place.line, place.of)
            }
        };
        Ok(Some(Placed { line, of, percentile: percentile(line.rank, of) }))
    }

    async fn lines(&self, board: &BoardKey, span: BoardSpan, limit: i64) -> Result<Vec<BoardLine>, Error> {
        let family = self.scheme(&board.mode).await?.family;
        match self.ports.copies.lines(&family, board, span, limit).await {
            Some(lines) => Ok(lines),
            None => self.ports.reads.board(board, span, limit).await.map_err(Error::Store),
        }
    }

    /// The lines of these players, ranked among themselves.
    async fn among(&self, board: &BoardKey, players: &[PlayerId]) -> Result<Vec<BoardLine>, Error> {
        let mut lines = self.ports.reads.board_of(board, players).await.map_err(Error::Store)?;
        let mut with: BTreeMap<u64, usize> = BTreeMap::new();
        for line in &lines {
            *with.entry(line.value.to_bits()).or_default() += 1;
        }
        let mut rank = 0;
        let mut last = None;
        for (line, place) in lines.iter_mut().zip(1..) {
            if last != Some(line.value) {
                rank = place;
            }
            last = Some(line.value);
            line.rank = rank;
            line.tied = with.get(&line.value.to_bits()).is_some_and(|count| *count > 1);
        }
        Ok(lines)
    }
}

/// Part of a whole board.
pub(crate) fn part(lines: Vec<BoardLine>, span: BoardSpan, size: usize) -> Vec<BoardLine> {
    match span {
        BoardSpan::After(after) => {
            let follows = |line: &BoardLine| {
                after.is_none_or(|(value, player)| {
                    line.value < value || (line.value.total_cmp(&value).is_eq() && line.player_id > player)
                })
            };
            lines.into_iter().filter(follows).take(size).collect()
        }
        BoardSpan::Around(player) => {
            let Some(place) = lines.iter().position(|line| line.player_id == player) else { return Vec::new() };
            if size == 0 {
                return Vec::new();
            }
            let from = place.saturating_sub((size - 1) / 2);
            lines.into_iter().take(place + 1 + size / 2).skip(from).collect()
        }
    }
}
