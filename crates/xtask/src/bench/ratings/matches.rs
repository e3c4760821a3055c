//! The matches: football internationals, one a line.

use std::collections::HashMap;
use std::io::Read;

use flate2::read::GzDecoder;
use testkit::Failure;

use crate::workspace;

/// The file, from the workspace's root.
pub(super) const FILE: &str = "crates/xtask/data/football_to_2009.csv.gz";

/// One match. Teams are numbers from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) year: i64,
    /// Days since 1970.
    pub(super) day: i64,
    pub(super) home: usize,
    pub(super) away: usize,
    pub(super) goals: (i64, i64),
    /// Nobody was at home.
    pub(super) neutral: bool,
}

impl Match {
    /// What the home team got: 1, ½ or 0.
    pub(super) fn result(&self) -> f64 {
        match self.goals.0.cmp(&self.goals.1) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        }
    }
}

/// All matches by date, and how many teams there are.
pub(super) fn read() -> Result<(Vec<Match>, usize), Failure> {
    let packed = std::fs::read(workspace::root().join(FILE)).map_err(Failure::of(FILE))?;
    let mut text = String::new();
    GzDecoder::new(packed.as_slice()).read_to_string(&mut text).map_err(Failure::of(FILE))?;
    parse(&text)
}

fn parse(text: &str) -> Result<(Vec<Match>, usize), Failure> {
    let mut teams: HashMap<String, usize> = HashMap::new();
    let mut matches = Vec::new();
    for (number, line) in text.lines().enumerate().skip(1) {
        let fields = fields(line);
        let mut team = |name: &str| {
            let next = teams.len();
            *teams.entry(name.to_owned()).or_insert(next)
        };
        let parsed = match fields.as_slice() {
            [date, home, away, ours, theirs, .., neutral] => date_of(date)
                .zip(ours.parse().ok().zip(theirs.parse().ok()))
                .map(|((year, day), goals)| (year, day, team(home), team(away), goals, neutral == "TRUE")),
            _ => None,
        };
        let (year, day, home, away, goals, neutral) =
            parsed.ok_or_else(|| Failure::new(format!("{FILE}, line {}: no match: {line}", number + 1)))?;
        matches.push(Match { year, day, home, away, goals, neutral });
    }
    matches.sort_by_key(|played| played.day);
    Ok((matches, teams.len()))
}

/// A line's fields; those in double quotes may have commas in them.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => fields.last_mut().into_iter().for_each(|field| field.push(other)),
        }
    }
    fields
}

/// Year, and days since 1970, of `1872-11-30`.
fn date_of(text: &str) -> Option<(i64, i64)> {
    let mut parts = text.split('-').map(str::parse::<i64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    // Years from March, so that the leap day is the last; eras of 400 years.
    let from_march = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (from_march.div_euclid(400), from_march.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some((year, era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_whole() {
        let (matches, teams) = read().expect("the file is there");
        assert_eq!(matches.len(), 33_591);
        assert!(teams > 200, "{teams} teams");
        assert_eq!((matches[0].year, matches[0].goals, matches[0].neutral), (1872, (0, 0), false));
        assert!(matches.iter().all(|played| played.home != played.away));
    }

    #[test]
    fn dates_are_days_since_1970() {
        assert_eq!(date_of("1970-01-01"), Some((1970, 0)));
        assert_eq!(date_of("2000-03-01"), Some((2000, 11_017)));
        assert_eq!(date_of("1872-11-30"), Some((1872, -35_460)));
        assert_eq!(date_of("1872-11"), None);
    }

    #[test]
    fn a_comma_in_quotes_is_no_end_of_a_field() {
        assert_eq!(fields("a,\"b, c\",,d"), ["a", "b, c", "", "d"]);
    }

    #[test]
    fn a_line_that_is_no_match_is_named() {
        let error = parse("date\n1900-01-01,A,B,1,x,Friendly,C,D,FALSE").expect_err("no goals");
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
