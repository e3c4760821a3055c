//! One server process of ours: its home, its life, its end.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::user::{self, User};
use crate::watchdog::Watchdog;
use crate::{Failure, random, signals};

/// How long a server may take until it answers, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether a committed row must survive a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As in production: `fsync` on. For benchmarks and for data that is kept.
    Safe,
    /// `fsync` off: right as long as the machine runs, also across `kill -9`.
    Fast,
}

/// How long a server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Until its value is dropped or our process ends, however it ends.
    OurProcess,
    /// Until somebody stops it: [`RunningAs::stop`].
    Detached,
}

/// A directory that belongs to one server: configuration, data and log.
#[derive(Debug, Clone)]
pub struct Home {
    pub(super) directory: PathBuf,
    pub(super) temporary: bool,
    pub(super) user: Option<User>,
}

impl Home {
    /// A directory removed when its server ends.
    pub fn temporary(service: &str) -> Result<Self, Failure> {
        let name = format!("swp-{service}-{}", random::hex(8));
        Self::at(std::env::temp_dir().join(name), true)
    }

    /// A directory that is kept, as it was left by an earlier server. Where
    /// we are root and the user the server runs as could not reach it, an
    /// equally lasting place under the temporary directory is used.
    pub fn kept(directory: &Path) -> Result<Self, Failure> {
        let parent = directory.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(parent).map_err(Failure::of(format!("making {}", parent.display())))?;
        let parent = fs::canonicalize(parent).map_err(Failure::of(format!("resolving {}", parent.display())))?;
        let mut directory = parent.join(directory.file_name().unwrap_or_default());
        if user::is_root() && !user::anybody_may_enter(&parent) {
            let flat: String =
                directory.to_string_lossy().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
            directory = std::env::temp_dir().join(format!("swp{flat}"));
        }
        Self::at(directory, false)
    }

    fn at(directory: PathBuf, temporary: bool) -> Result<Self, Failure> {
        let user = user::for_servers()?;
        let made = fs::DirBuilder::new().mode(0o700).create(&directory);
        match made {
            Err(error) if temporary || error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(Failure::of(format!("making {}", directory.display()))(error));
            }
            // Somebody else's directory, or a link to one, is not made ours.
            Err(_) if !user::owns(&directory, user) => {
                let place = directory.display();
                return Err(Failure::new(format!("{place} is there and not ours: remove it.")));
            }
            _ => {}
        }
        let home = Self { directory, temporary, user };
        home.hand_over(&home.directory)?;
        Ok(home)
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes a file only the server's user may read.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let path = self.directory.join(name);
        let failed = |error| Failure::of(format!("writing {}", path.display()))(error);
        let _ = fs::remove_file(&path);
        let mut options = OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(options.write(true).create_new(true), 0o600);
        let mut file = options.open(&path).map_err(failed)?;
        std::io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)?;
        self.hand_over(&path)?;
        Ok(path)
    }

    /// A command that runs as the server's user, in this directory.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.directory).stdin(Stdio::null()).env("LC_ALL", "C.UTF-8");
        if let Some(user) = self.user {
            command.uid(user.uid).gid(user.gid);
        }
        command
    }

    fn hand_over(&self, path: &Path) -> Result<(), Failure> {
        let Some(user) = self.user else { return Ok(()) };
        chown(path, Some(user.uid), Some(user.gid))
            .map_err(Failure::of(format!("giving {} to the server's user", path.display())))
    }

    /// Removes a temporary home; whoever calls this has ended the server.
    pub(super) fn discard(&self) {
        if self.temporary {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }

    fn log(&self) -> PathBuf {
        self.directory.join("log")
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let mut lines: Vec<&str> = log.lines().rev().take(5).collect();
        lines.reverse();
        lines.join(" / ")
    }
}

/// A process by number, and the text in its command line that makes sure it is
/// still the one that was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningAs {
    /// The process.
    pub pid: u32,
    /// Text of its command line: the path of its [`Home`].
    pub mark: String,
}

impl RunningAs {
    /// Whether it runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        signals::runs_with(self.pid, &self.mark)
    }

    /// Ends it: `signal` first, SIGKILL after ten seconds. Whether there was
    /// anything to end.
    pub fn stop(&self, signal: &str) -> Result<bool, Failure> {
        if !self.is_alive() {
            return Ok(false);
        }
        signals::send("CONT", &signals::family(self.pid))?;
        signals::send(signal, &[self.pid])?;
        if !wait(Duration::from_secs(10), || !self.is_alive()) {
            signals::send("KILL", &signals::family(self.pid))?;
            wait(PATIENCE, || !self.is_alive());
        }
        Ok(true)
    }
}

/// A running server.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    watchdog: Option<Watchdog>,
    home: Home,
}

impl Process {
    /// Starts `command`, whose command line must contain the home's path, and
    /// waits until `ready`. `signal` is the one that ends it.
    pub(super) fn start(
        home: &Home,
        mut command: Command,
        signal: &str,
        lifetime: Lifetime,
        mut ready: impl FnMut(u32) -> bool,
    ) -> Result<Self, Failure> {
        let log_failed = |error| Failure::of(format!("opening {}", home.log().display()))(error);
        let log = File::create(home.log()).map_err(log_failed)?;
        let copy = log.try_clone().map_err(log_failed)?;
        let child = command
            .process_group(0)
            .stdout(log)
            .stderr(copy)
            .spawn()
            .map_err(Failure::of(format!("starting {}", command.get_program().to_string_lossy())))?;
        let watchdog = match lifetime {
            Lifetime::OurProcess => Some(Watchdog::over(
                child.id(),
                &home.directory.to_string_lossy(),
                signal,
                home.temporary.then_some(home.directory.as_path()),
            )?),
            Lifetime::Detached => None,
        };
        let mut process = Self { child, watchdog, home: home.clone() };
        let mut ended = false;
        let answered = wait(PATIENCE, || {
            ended = process.child.try_wait().is_ok_and(|status| status.is_some());
            ended || ready(process.child.id())
        });
        if answered && !ended {
            return Ok(process);
        }
        let why = format!("{} did not come up: {}", home.directory.display(), home.last_words());
        // The next attempt wants the directory.
        process.kill()?;
        Err(Failure::new(why))
    }

    pub(super) fn running_as(&self) -> RunningAs {
        RunningAs { pid: self.child.id(), mark: self.home.directory.to_string_lossy().into_owned() }
    }

    /// Stops it and all its children where they are (SIGSTOP).
    pub(super) fn pause(&self) -> Result<(), Failure> {
        // First the parent, so that no child is born meanwhile.
        signals::send("STOP", &[self.child.id()])?;
        signals::send("STOP", &signals::family(self.child.id()))
    }

    /// Lets it and all its children go on (SIGCONT).
    pub(super) fn resume(&self) -> Result<(), Failure> {
        signals::send("CONT", &signals::family(self.child.id()))
    }

    /// Kills it and all its children (SIGKILL), and keeps its directory.
    pub(super) fn kill(mut self) -> Result<(), Failure> {
        let waiting = Failure::of("waiting for a killed server");
        // Once waited for, the number may be somebody else's.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            signals::send("STOP", &[self.child.id()])?;
            signals::send("KILL", &signals::family(self.child.id()))?;
            self.child.wait().map_err(waiting)?;
        }
        if let Some(watchdog) = self.watchdog.take() {
            watchdog.keep_directory();
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The watchdog waits until the process is a zombie at most.
        if self.watchdog.take().is_some() {
            let _ = self.child.wait();
        }
    }
}

/// Waits until `done`, looking every 10 ms; false when `patience` ran out.
pub(super) fn wait(patience: Duration, mut done: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if done() {
            return true;
        }
        if start.elapsed() > patience {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
}
