//! Steps of a longer command: each is named, run and counted.

use std::fmt;
use std::process::ExitCode;
use std::time::Instant;

use testkit::Failure;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

/// The count so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    passed: Vec<String>,
    failed: Vec<String>,
    interrupted: bool,
}

impl Steps {
    /// Notes the result of something that was done in this process.
    pub(crate) fn note<T>(&mut self, name: &str, result: Result<T, Failure>) -> Option<T> {
        match result {
            Ok(value) => {
                self.passed.push(name.to_owned());
                Some(value)
            }
            Err(why) => {
                println!("xtask: FAILED {name}: {why}");
                self.failed.push(name.to_owned());
                None
            }
        }
    }

    /// Runs a command, unless an earlier one was interrupted. Whether it
    /// succeeded.
    pub(crate) async fn run(&mut self, name: &str, mut command: Command) -> bool {
        if self.interrupted {
            return false;
        }
        println!("xtask: {name}: {}", Words(&command));
        let start = Instant::now();
        let result = self.wait(&mut command).await;
        let result = result.and_then(|success| if success { Ok(()) } else { Err(Failure::new("see above")) });
        let success = self.note(name, result).is_some();
        if success {
            println!("xtask: {name}: passed in {:.1} s", start.elapsed().as_secs_f64());
        }
        success
    }

    /// The command is in our process group, so a terminal's Ctrl-C reaches it
    /// as well; we wait for its end and then for ours. A SIGTERM is for us
    /// alone and ends the command with us.
    async fn wait(&mut self, command: &mut Command) -> Result<bool, Failure> {
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::of("awaiting SIGINT"))?;
        let mut terminate = signal(SignalKind::terminate()).map_err(Failure::of("awaiting SIGTERM"))?;
        let mut child = command.kill_on_drop(true).spawn().map_err(Failure::of("starting it"))?;
        let status = tokio::select! {
            status = child.wait() => status,
            _ = interrupt.recv() => {
                self.interrupted = true;
                child.wait().await
            }
            _ = terminate.recv() => {
                self.interrupted = true;
                if let Some(pid) = child.id() {
                    testkit::signals::send("TERM", &[pid])?;
                }
                child.wait().await
            }
        };
        Ok(status.map_err(Failure::of("waiting for it"))?.success() && !self.interrupted)
    }

    /// Whether somebody asked us to end.
    pub(crate) fn interrupted(&self) -> bool {
        self.interrupted
    }

    /// Prints the count.
    pub(crate) fn finish(self) -> ExitCode {
        if self.interrupted {
            println!("xtask: interrupted");
        }
        for name in &self.failed {
            println!("xtask: failed: {name}");
        }
        println!("{} passed, {} failed", self.passed.len(), self.failed.len());
        if self.failed.is_empty() && !self.interrupted { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// A command as one would type it, without its environment.
struct Words<'a>(&'a Command);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = self.0.as_std();
        let program = std::path::Path::new(command.get_program());
        write!(f, "{}", program.file_name().unwrap_or(program.as_os_str()).to_string_lossy())?;
        for argument in command.get_args() {
            write!(f, " {}", argument.to_string_lossy())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_failure_fails_the_whole_and_the_rest_still_runs() {
        let mut steps = Steps::default();
        assert!(!steps.run("fails", Command::new("false")).await);
        assert!(!steps.run("is not there", Command::new("/no/such/program")).await);
        assert!(steps.run("passes", Command::new("true")).await);
        assert_eq!((steps.passed.len(), steps.failed.len()), (1, 2));
        assert_eq!(steps.finish(), ExitCode::FAILURE);
    }
}
