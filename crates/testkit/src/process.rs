//! A built binary as a process of its own: started, watched, asked to stop,
//! killed.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::watchdog::Watchdog;
use crate::{Failure, http, ports, signals};

/// Settings of the service that must not leak from our own environment.
const SETTINGS: [&str; 9] = [
    "DATABASE_HOST",
    "DATABASE_PORT",
    "DATABASE_NAME",
    "DATABASE_USER",
    "DATABASE_PASSWORD",
    "REDIS_URL",
    "AEGIS_URL",
    "LLM_BRIDGE_URL",
    "RUST_LOG",
];

/// A program to run, and with what.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    directory: Option<PathBuf>,
    echo: Option<String>,
    port: u16,
}

impl Program {
    /// The binary at `path`, to serve on a free port of 127.0.0.1. It inherits
    /// our environment but for the service's own settings.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            directory: None,
            echo: None,
            port: ports::free(),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// Sets several environment variables.
    #[must_use]
    pub fn variables<N: AsRef<OsStr>, V: AsRef<OsStr>>(self, variables: impl IntoIterator<Item = (N, V)>) -> Self {
        variables.into_iter().fold(self, |program, (name, value)| program.variable(name, value))
    }

    /// Runs it in this directory.
    #[must_use]
    pub fn directory(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = Some(directory.as_ref().to_owned());
        self
    }

    /// Also prints each of its lines, with `prefix` in front.
    #[must_use]
    pub fn echo(mut self, prefix: &str) -> Self {
        self.echo = Some(prefix.to_owned());
        self
    }

    /// Serves on this port instead of a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts it and returns at once.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[must_use]
    pub fn spawn(self) -> Running {
        let mut command = Command::new(&self.path);
        for name in env::vars_os().map(|(name, _)| name) {
            if name.as_encoded_bytes().starts_with(b"SWP_") || SETTINGS.iter().any(|known| name == *known) {
                command.env_remove(name);
            }
        }
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        let mut child = command
            .args(&self.arguments)
            .env("SWP__HTTP__HOST", "127.0.0.1")
            .env("SWP__HTTP__PORT", self.port.to_string())
            .envs(&self.environment)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("starting {}: {error}", self.path.display()));
        let watchdog = Watchdog::over(child.id(), &self.path.to_string_lossy(), "KILL", None)
            .unwrap_or_else(|why| panic!("{why}"));
        let log = Log::default();
        if let Some(stdout) = child.stdout.take() {
            log.follow(stdout, self.echo.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            log.follow(stderr, self.echo);
        }
        Running { pid: child.id(), child: Mutex::new(child), port: self.port, log, _watchdog: watchdog }
    }

    /// Starts it and waits until `/health` answers 200.
    ///
    /// # Panics
    /// Where it ends before, or 30 s pass; with the end of its log.
    pub async fn serve(self) -> Running {
        let running = self.spawn();
        if let Err(why) = running.healthy(Duration::from_secs(30)).await {
            panic!("{why}");
        }
        running
    }
}

/// A started program. Killed when this is dropped or our own process ends.
#[derive(Debug)]
pub struct Running {
    pid: u32,
    child: Mutex<Child>,
    port: u16,
    log: Log,
    _watchdog: Watchdog,
}

impl Running {
    /// Its process number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The port it was told to serve on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `127.0.0.1:port`.
    #[must_use]
    pub fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `http://127.0.0.1:port`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.authority())
    }

    /// What it wrote so far, both streams, line by line.
    #[must_use]
    pub fn logs(&self) -> String {
        self.log.text()
    }

    /// Waits until `/health` answers 200.
    pub async fn healthy(&self, patience: Duration) -> Result<(), Failure> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.exited() {
                return Err(Failure::new(format!("It ended with {status} before it served:\n{}", self.logs())));
            }
            let asked = async {
                let mut connection = http::Connection::open(&self.authority()).await?;
                connection.request("GET", "/health", &[], None).await
            };
            if let Ok(Ok(answer)) = timeout(Duration::from_secs(1), asked).await
                && answer.status == 200
            {
                return Ok(());
            }
            if start.elapsed() > patience {
                return Err(Failure::new(format!("It does not serve after {patience:?}:\n{}", self.logs())));
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for a line of either stream that `wanted` accepts.
    pub async fn line(&self, wanted: impl Fn(&str) -> bool, patience: Duration) -> Result<String, Failure> {
        let mut changed = self.log.changed.subscribe();
        let found = async {
            loop {
                changed.mark_unchanged();
                if let Some(line) = self.logs().lines().find(|line| wanted(line)) {
                    return line.to_owned();
                }
                // The sender lives in `self.log`.
                let _ = changed.changed().await;
            }
        };
        timeout(patience, found)
            .await
            .map_err(|_| Failure::new(format!("No such line after {patience:?}:\n{}", self.logs())))
    }

    /// Kills it (SIGKILL) and waits for its end.
    pub fn kill9(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // Both fail on an ended process only.
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Asks it to end (SIGTERM).
    pub fn sigterm(&self) {
        self.signal("TERM");
    }

    /// Stalls it (SIGSTOP).
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Undoes [`pause`](Self::pause).
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// Waits for its end.
    pub async fn wait_exit(&self, patience: Duration) -> Result<ExitStatus, Failure> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.exited() {
                return Ok(status);
            }
            if start.elapsed() > patience {
                return Err(Failure::new(format!("It still runs after {patience:?}:\n{}", self.logs())));
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// How it ended, if it did.
    #[must_use]
    pub fn exited(&self) -> Option<ExitStatus> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait().ok().flatten()
    }

    fn signal(&self, signal: &str) {
        // Not after it was waited for: the number may be somebody else's.
        if self.exited().is_none() {
            signals::send(signal, &[self.pid]).unwrap_or_else(|why| panic!("{why}"));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// Both streams' lines, in the order they were read.
#[derive(Debug, Clone)]
struct Log {
    lines: Arc<Mutex<String>>,
    changed: watch::Sender<()>,
}

impl Default for Log {
    fn default() -> Self {
        Self { lines: Arc::default(), changed: watch::Sender::new(()) }
    }
}

impl Log {
    /// Reads on a thread: a process may be shared by tests that each have a
    /// runtime, and must never block on a full pipe.
    fn follow(&self, stream: impl Read + Send + 'static, echo: Option<String>) {
        let log = self.clone();
        std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                let text = String::from_utf8_lossy(&line);
                if let Some(prefix) = &echo {
                    print!("{prefix}{text}");
                }
                log.lines.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
                log.changed.send_replace(());
                line.clear();
            }
        });
    }

    fn text(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
