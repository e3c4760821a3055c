//! Ratings, stats and boards are what follows from the ledger.

use std::collections::{BTreeMap, BTreeSet};

use games::ResultStatus;
use kernel::PlayerId;
use standings::{BoardKey, BoardLine, BoardSpan, Metric, PlayerStats, rebuild, season_of};

use super::Violation;
use super::games::Ledger;
use crate::replica::standings_ports;
use crate::story::Story;

pub(super) async fn check(story: &Story, ledger: &Ledger) {
    let ports = standings_ports(&story.world, &story.world.stores.standings);
    for (family, entries) in ledger {
        let wrong = |why: String| story.violated(Violation::Standing(format!("{family}: {why}")));
        let last = entries.last().map_or(0, |entry| entry.sequence);
        match rebuild(&ports, family, None, false).await {
            Ok(report) if report.count == 0 && report.entries == last => {}
            Ok(report) => wrong(format!("{} of {last} applied; {:?}", report.entries, report.differences)),
            Err(error) => wrong(format!("{error:?}")),
        }
    }
    for (key, lines) in boards(story, ledger).await {
        let span = BoardSpan::After(None);
        let stands = story.world.stores.standing_reads.board(&key, span, 1_000).await.expect("readable");
        if stands != lines {
            story.violated(Violation::Standing(format!("{key:?}: {stands:?} instead of {lines:?}")));
        }
    }
}

/// What every board must show: wins and scores by the ledger alone, ratings and streaks by stats that the rebuild has
/// found to be right.
async fn boards(story: &Story, ledger: &Ledger) -> Vec<(BoardKey, Vec<BoardLine>)> {
    let mut boards = Vec::new();
    for (scope, mut told) in stats(ledger) {
        let (mode, season) = &scope;
        let page = story.world.stores.standings.stats_page(mode, season, None, 1_000).await.expect("readable");
        for (player, stands) in page {
            let known = told.entry(player).or_default();
            (known.rating, known.best_streak) = (stands.rating, stands.best_streak);
        }
        for metric in Metric::ALL {
            let key = BoardKey { mode: mode.clone(), season: season.clone(), metric };
            boards.push((key, lines(metric, &told)));
        }
    }
    boards
}

type Stats = BTreeMap<(String, String), BTreeMap<PlayerId, PlayerStats>>;

/// Games, wins and scores by mode and season, from the last version of each game.
fn stats(ledger: &Ledger) -> Stats {
    let mut stats = Stats::new();
    for entries in ledger.values() {
        let counting = entries.iter().filter(|entry| !entry.is_practice());
        let seen: BTreeSet<_> = counting.map(|entry| entry.game_id).collect();
        for game in seen {
            let mut versions = entries.iter().filter(|entry| entry.game_id == game);
            let Some(first) = versions.next() else { continue };
            let last = versions.next_back().unwrap_or(first);
            for season in [String::new(), season_of(first.at)] {
                let scope = stats.entry((first.mode.clone(), season)).or_default();
                for line in last.standings.iter().filter(|_| last.status == ResultStatus::Settled) {
                    let known = scope.entry(line.player_id).or_default();
                    known.games += 1;
                    known.wins += i32::from(line.outcome == Some(games::Outcome::Win));
                    known.best_score = known.best_score.max(line.score);
                    known.total_score += line.score.unwrap_or(0);
                }
            }
        }
    }
    stats
}

fn lines(metric: Metric, stats: &BTreeMap<PlayerId, PlayerStats>) -> Vec<BoardLine> {
    let mut values: Vec<_> =
        stats.iter().filter_map(|(id, stats)| Some((metric.value(stats)?, *id, stats.games))).collect();
    values.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    let line = |(value, player_id, games): &(f64, PlayerId, i32)| {
        let higher = values.iter().filter(|other| other.0 > *value).count();
        let same = values.iter().filter(|other| other.0.total_cmp(value).is_eq()).count();
        BoardLine {
            player_id: *player_id,
            value: *value,
            games: *games,
            rank: i64::try_from(higher).expect("few") + 1,
            tied: same > 1,
        }
    };
    values.iter().map(line).collect()
}
