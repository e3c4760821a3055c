//! `rebuild`: recomputes standings from the ledger and compares them with what stands.

use std::time::Instant;

use kernel::BoxError;
use standings::{Difference, rebuild};

use super::compose::{Composed, compose};
use super::config::{ConfigError, Settings};

fn failed(error: impl Into<BoxError>) -> ConfigError {
    ConfigError(format!("The standings can't be rebuilt: {}.", error.into()))
}

/// Rebuilds the family of one mode, or all; with `check` nothing is written. Differences that were only found, not
/// mended, are a failure.
pub(super) async fn run(settings: &Settings, mode: Option<&str>, check: bool) -> Result<(), ConfigError> {
    let composed = compose(settings)?;
    composed.database.migrate().await.map_err(failed)?;
    let Composed { app, standings, .. } = &composed;
    app.games.refresh_modes().await.map_err(failed)?;
    let wanted = match mode {
        None => None,
        Some(key) => {
            let modes = app.games.modes();
            let mode = modes.get(key).ok_or_else(|| ConfigError(format!("There is no mode {key}.")))?;
            Some(mode.family().to_owned())
        }
    };
    let mut different = 0;
    for (family, _) in standings.facts.families().await.map_err(failed)? {
        if wanted.as_ref().is_some_and(|wanted| *wanted != family) {
            continue;
        }
        let begun = Instant::now();
        let report = rebuild(standings, &family, !check).await.map_err(failed)?;
        println!(
            "{family}: {} games, {} players, {} differences, {:.1} s",
            report.games,
            report.players,
            report.count,
            begun.elapsed().as_secs_f64()
        );
        for difference in &report.differences {
            let Difference { what, of, expected, stands } = difference;
            println!("  {what} of {of}: {stands} stands, the ledger says {expected}");
        }
        different += report.count;
    }
    match different {
        0 => println!("What stands is what the ledger says."),
        _ if check => return Err(ConfigError(format!("{different} rows differ from what the ledger says."))),
        _ => println!("{different} rows were written anew."),
    }
    Ok(())
}
