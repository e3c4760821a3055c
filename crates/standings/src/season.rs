//! Seasons: calendar months, UTC. A game belongs to the season in which its first result was decided, whatever changes
//! later.

use kernel::Timestamp;

use crate::model::StatsKey;

/// The season of a time: `2026-11`.
#[must_use]
pub fn season_of(at: Timestamp) -> String {
    let text = at.to_rfc3339();
    text.get(..7).unwrap_or_default().to_owned()
}

/// When a season is over; none for what is no season.
#[must_use]
pub fn end_of(season: &str) -> Option<Timestamp> {
    let (year, month) = parts(season)?;
    let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    Timestamp::parse_rfc3339(&format!("{year:04}-{month:02}-01T00:00:00Z"))
}

fn parts(season: &str) -> Option<(u16, u8)> {
    let (year, month) = season.split_once('-')?;
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let (year, month) = (digits(year, 4).then_some(year)?, digits(month, 2).then_some(month)?);
    let month = month.parse().ok().filter(|month| (1..=12).contains(month))?;
    Some((year.parse().ok()?, month))
}

/// Of the seasons of these stats those that are over, each once.
pub(crate) fn over<'a>(keys: impl Iterator<Item = &'a StatsKey>, now: Timestamp) -> Vec<(String, String)> {
    let current = season_of(now);
    let over = keys.filter(|key| !key.season.is_empty() && key.season < current);
    let mut seasons: Vec<_> = over.map(|key| (key.mode.clone(), key.season.clone())).collect();
    seasons.sort_unstable();
    seasons.dedup();
    seasons
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).expect("a time")
    }

    #[test]
    fn a_month_ends_where_the_next_begins() {
        assert_eq!(season_of(at("2026-11-30T23:59:59.999999Z")), "2026-11");
        assert_eq!(season_of(at("2026-12-01T00:00:00Z")), "2026-12");
        assert_eq!(end_of("2026-11"), Some(at("2026-12-01T00:00:00Z")));
        assert_eq!(end_of("2026-12"), Some(at("2027-01-01T00:00:00Z")));
    }

    #[test]
    fn only_months_are_seasons() {
        for no in ["", "2026", "2026-00", "2026-13", "2026-1", "26-01", "2026-11-", "2026-+1", "٢٠٢٦-11", "2026-11-01"]
        {
            assert_eq!(end_of(no), None, "{no}");
        }
    }
}
