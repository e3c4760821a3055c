//! `cargo xtask …`: what is more than one cargo command.

mod bench;
mod fuzz;
mod generate;
mod proxy;
mod services;
mod steps;
mod test;
mod up;
mod workspace;

use std::process::ExitCode;

use lexopt::prelude::*;
use testkit::Failure;

const USAGE: &str = "\
cargo xtask <command>

  services up|down|status   private PostgreSQL and Redis under target/services
  up [--release] [--port N] services and two replicas behind a proxy, until Ctrl-C
  test [-- FILTER…]         everything that is tested; with a filter, Rust tests only
  openapi [--check]         writes docs/openapi.json
  asyncapi [--check]        writes docs/asyncapi.json
  codes [--check]           writes docs/problem-codes.md
  generate [--check]        writes all generated files; --check only compares
  bench [NAME…]             speed and memory of the release build, as a table;
                            NAME: sign-in, profile, history, friends, watchers, match,
                            burst, queue, scores, ledger, memory, rooms, chat, churn,
                            resume, ratings (how well they predict; needs no service)
  fuzz [SECONDS] [TARGET…]  what strangers send, made up: codecs, engine, session

PostgreSQL and Redis are found through SWP_TEST_POSTGRES_URL and SWP_TEST_REDIS_URL,
else run from local binaries, else installed by apt where that is allowed.";

#[derive(Debug, PartialEq, Eq)]
enum Task {
    Help,
    Services(ServicesTask),
    Up { release: bool, port: u16 },
    Test { filter: Vec<String> },
    Generate { files: Vec<generate::File>, check: bool },
    Bench { only: Vec<String> },
    Fuzz { words: Vec<String> },
}

#[derive(Debug, PartialEq, Eq)]
enum ServicesTask {
    Up,
    Down,
    Status,
}

fn parse(mut arguments: lexopt::Parser) -> Result<Task, lexopt::Error> {
    let Some(first) = arguments.next()? else {
        return Ok(Task::Help);
    };
    let command = match first {
        Value(command) => command.string()?,
        Short('h') | Long("help") => return Ok(Task::Help),
        other => return Err(other.unexpected()),
    };
    match command.as_str() {
        "help" => Ok(Task::Help),
        "services" => {
            let task = match arguments.value()?.string()?.as_str() {
                "up" => ServicesTask::Up,
                "down" => ServicesTask::Down,
                "status" => ServicesTask::Status,
                other => return Err(format!("services {other}: up, down or status is expected").into()),
            };
            end(arguments)?;
            Ok(Task::Services(task))
        }
        "up" => {
            let (mut release, mut port) = (false, 8080);
            while let Some(argument) = arguments.next()? {
                match argument {
                    Long("release") => release = true,
                    Long("port") => port = arguments.value()?.parse()?,
                    other => return Err(other.unexpected()),
                }
            }
            Ok(Task::Up { release, port })
        }
        // Everything after `test` is a filter, with or without the dashes.
        "test" => Ok(Task::Test { filter: rest(arguments)? }),
        "bench" => Ok(Task::Bench { only: rest(arguments)? }),
        "fuzz" => Ok(Task::Fuzz { words: rest(arguments)? }),
        "openapi" => generating(vec![generate::File::OpenApi], arguments),
        "asyncapi" => generating(vec![generate::File::AsyncApi], arguments),
        "codes" => generating(vec![generate::File::Codes], arguments),
        "generate" => generating(generate::File::ALL.to_vec(), arguments),
        other => Err(format!("there is no command {other}").into()),
    }
}

fn rest(mut arguments: lexopt::Parser) -> Result<Vec<String>, lexopt::Error> {
    arguments.raw_args()?.filter(|argument| argument != "--").map(|argument| argument.string()).collect()
}

fn generating(files: Vec<generate::File>, mut arguments: lexopt::Parser) -> Result<Task, lexopt::Error> {
    let mut check = false;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("check") => check = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(Task::Generate { files, check })
}

fn end(mut arguments: lexopt::Parser) -> Result<(), lexopt::Error> {
    arguments.next()?.map_or(Ok(()), |argument| Err(argument.unexpected()))
}

async fn run(task: Task) -> Result<ExitCode, Failure> {
    match task {
        Task::Help => println!("{USAGE}"),
        Task::Services(ServicesTask::Up) => services::up()?,
        Task::Services(ServicesTask::Down) => services::down()?,
        Task::Services(ServicesTask::Status) => services::status()?,
        Task::Up { release, port } => up::run(release, port).await?,
        Task::Test { filter } => return test::run(&filter).await,
        Task::Generate { files, check } => return generate::run(&files, check),
        Task::Bench { only } => bench::run(&only).await?,
        Task::Fuzz { words } => fuzz::run(&words)?,
    }
    Ok(ExitCode::SUCCESS)
}

#[tokio::main]
async fn main() -> ExitCode {
    testkit::services::announce_to(|line| println!("xtask: {line}"));
    let task = match parse(lexopt::Parser::from_env()) {
        Ok(task) => task,
        Err(error) => {
            eprintln!("xtask: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    run(task).await.unwrap_or_else(|why| {
        eprintln!("xtask: {why}");
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Task, lexopt::Error> {
        parse(lexopt::Parser::from_args(line.split_ascii_whitespace()))
    }

    #[test]
    fn commands_are_understood() {
        let test = |filter: &[&str]| Task::Test { filter: filter.iter().map(ToString::to_string).collect() };
        assert_eq!(parsed("").expect("no arguments"), Task::Help);
        assert_eq!(parsed("services down").expect("services"), Task::Services(ServicesTask::Down));
        assert_eq!(parsed("up --release --port 9000").expect("up"), Task::Up { release: true, port: 9000 });
        assert_eq!(parsed("test").expect("test"), test(&[]));
        assert_eq!(parsed("test -- history cursor").expect("test"), test(&["history", "cursor"]));
        let check = Task::Generate { files: vec![generate::File::OpenApi], check: true };
        assert_eq!(parsed("openapi --check").expect("openapi"), check);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in ["sevices up", "services", "services start", "services up now", "up --port many", "--verbose"] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
