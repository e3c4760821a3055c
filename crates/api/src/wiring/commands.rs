//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};

use super::compose::compose;
use super::config::{ConfigError, Settings};
use super::{doctor, logging, rebuild, replays, serve};

const USAGE: &str = "\
shallweplay-backend: a social gaming backend in one binary

Usage: shallweplay-backend [command] [--ephemeral]

Commands:
  serve     serve the API, sockets and the playground (the default)
  migrate   run the database migrations that are missing, then exit
  doctor    check configuration and dependencies, and say what is wrong
  rebuild [--mode KEY] [--check]
            recompute ratings, stats and boards from the ledger, and say (and mend) what differs
  verify-replay FILE
            check a downloaded game log: its hash chain and, where the server knows the rules, its result
  simulate [options]
            run the matching over a generated trace, beside others' rules; simulate --help says more
  openapi   print the OpenAPI document
  asyncapi  print the AsyncAPI document
  codes     print the catalogue of problem codes as Markdown

Options:
  --ephemeral   embedded: keep data in a temporary file that is deleted at the end
  --version     print the version
  --help        print this

Without DATABASE_HOST and REDIS_URL everything runs embedded, in this process. docs/configuration.md lists the settings.
";

enum Command {
    Serve,
    Migrate,
    Doctor,
    Rebuild { mode: Option<String>, check: bool },
    VerifyReplay(PathBuf),
    Simulate(Vec<OsString>),
    Print(String),
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<(Command, bool), lexopt::Error> {
    let (mut command, mut ephemeral) = (Command::Serve, false);
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("ephemeral") => ephemeral = true,
            Arg::Long("mode") if matches!(command, Command::Rebuild { .. }) => {
                let key = parser.value()?.string()?;
                if let Command::Rebuild { mode, .. } = &mut command {
                    *mode = Some(key);
                }
            }
            Arg::Long("check") if matches!(command, Command::Rebuild { .. }) => {
                if let Command::Rebuild { check, .. } = &mut command {
                    *check = true;
                }
            }
            Arg::Long("help") | Arg::Short('h') => command = Command::Print(USAGE.to_owned()),
            Arg::Long("version") => command = Command::Print(concat!(env!("CARGO_PKG_VERSION"), "\n").to_owned()),
            Arg::Value(name) => {
                command = match name.to_str() {
                    Some("serve") => Command::Serve,
                    Some("migrate") => Command::Migrate,
                    Some("doctor") => Command::Doctor,
                    Some("rebuild") => Command::Rebuild { mode: None, check: false },
                    Some("verify-replay") => Command::VerifyReplay(parser.value()?.into()),
                    // The rest is its own.
                    Some("simulate") => Command::Simulate(parser.raw_args()?.collect()),
                    Some("openapi") => Command::Print(crate::docs::openapi_json()),
                    Some("asyncapi") => Command::Print(crate::asyncapi::asyncapi_json()),
                    Some("codes") => Command::Print(crate::problem::as_markdown()),
                    _ => return Err(Arg::Value(name).unexpected()),
                }
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok((command, ephemeral))
}

/// Runs a command line (without the program's name).
pub async fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let (command, ephemeral) = match parse(arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            eprintln!("{error}. See --help.");
            return ExitCode::from(2);
        }
    };
    let command = match command {
        Command::Print(text) => return printed(&text),
        Command::Simulate(arguments) => match matchmaking::simulate::main_from(arguments) {
            Ok(text) => return printed(&text),
            Err(error) => {
                eprintln!("{error}. See simulate --help.");
                return ExitCode::from(2);
            }
        },
        command => command,
    };
    if let Command::VerifyReplay(file) = &command {
        return ended(replays::check(file));
    }
    logging::start();
    let done = match Settings::load(ephemeral) {
        Err(error) => Err(error),
        Ok(settings) => match command {
            Command::Migrate => migrate(&settings).await,
            Command::Doctor => doctor::examine(&settings).await,
            Command::Rebuild { mode, check } => rebuild::run(&settings, mode.as_deref(), check).await,
            _ => serve::serve(&settings).await,
        },
    };
    ended(done)
}

fn printed(text: &str) -> ExitCode {
    use std::io::Write;
    // A closed pipe (`… | head`) is no failure.
    _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn ended(done: Result<(), ConfigError>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn migrate(settings: &Settings) -> Result<(), ConfigError> {
    let composed = compose(settings)?;
    let ran = composed.database.migrate().await;
    let ran = ran.map_err(|error| ConfigError(format!("The migrations could not be run: {error}.")))?;
    println!("{ran} migrations ran; the schema is up to date.");
    Ok(())
}
