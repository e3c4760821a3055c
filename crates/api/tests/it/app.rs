//! The application under test: replicas of the binary and what they stand on.

use std::time::Duration;

use testkit::postgres::{PrivatePostgres, ScratchDatabase};
use testkit::process::{Program, Running};
use testkit::redis::ScratchRedis;
use testkit::sqlite::ScratchFile;

use crate::client::Client;
use crate::players::{Player, guest};
use crate::wait::until_true;

/// The signing keys of networked replicas: the first signs, the second is still believed.
pub(crate) const KEYS: &str = "new:q8Zr2LwX5tNc7VbJ0hKe9MfA3sGyPd1u,old:T4kWm8QzR1xE6vHn0cYb7LsJ2dFpUa5i";

/// What to start, and with which settings.
pub(crate) struct Setup {
    replicas: usize,
    networked: bool,
    own_postgres: bool,
    absent: bool,
    settings: Vec<(String, String)>,
}

impl Setup {
    /// One replica on an SQLite file of its own. Rate limits are off.
    pub(crate) fn embedded() -> Self {
        Self { replicas: 1, networked: false, own_postgres: false, absent: false, settings: Vec::new() }
    }

    /// Replicas on a fresh PostgreSQL database and a Redis of their own. Rate limits are off.
    pub(crate) fn networked(replicas: usize) -> Self {
        Self { replicas, networked: true, own_postgres: false, absent: false, settings: Vec::new() }
    }

    /// With a PostgreSQL server that the test may pause and kill.
    pub(crate) fn own_postgres(mut self) -> Self {
        self.own_postgres = true;
        self
    }

    /// With that server dead until the test starts it again.
    pub(crate) fn without_postgres_at_first(mut self) -> Self {
        self.absent = true;
        self
    }

    /// With this environment variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it all and waits until every replica serves and finds what it depends on.
    pub(crate) async fn start(self) -> TestApp {
        let absent = self.absent;
        let app = self.prepare().await;
        for (number, replica) in app.replicas.iter().enumerate() {
            if let Err(why) = replica.healthy(Duration::from_secs(30)).await {
                panic!("{why}");
            }
            if !absent {
                app.says(number, "ok", Duration::from_secs(10)).await;
            }
        }
        app
    }

    /// Starts the services and spawns the replicas without waiting for them.
    async fn prepare(self) -> TestApp {
        let mut app = TestApp {
            replicas: Vec::new(),
            programs: Vec::new(),
            postgres: None,
            redis: None,
            database: None,
            _file: ScratchFile::new(),
        };
        let mut settings = vec![("RUST_LOG".to_owned(), "info".to_owned())];
        for class in ["AUTH_PER_MINUTE", "WRITE_PER_MINUTE", "READ_PER_MINUTE", "MESSAGES_PER_SECOND"] {
            settings.push((format!("SWP__LIMITS__{class}"), "0".to_owned()));
        }
        if self.networked {
            let environment = if self.own_postgres {
                let postgres = app.postgres.insert(PrivatePostgres::start().await);
                if self.absent {
                    postgres.kill();
                }
                postgres.environment()
            } else {
                app.database.insert(ScratchDatabase::create().await).environment()
            };
            settings.extend(environment.map(|(name, value)| (name.to_owned(), value)));
            settings.push(("REDIS_URL".to_owned(), app.redis.insert(ScratchRedis::start().await).url()));
            settings.push(("SWP__AUTH__KEYS".to_owned(), KEYS.to_owned()));
        } else {
            settings.push(("SWP__SQLITE__PATH".to_owned(), app._file.as_str().to_owned()));
        }
        settings.extend(self.settings);
        for _ in 0..self.replicas {
            let program = Program::new(env!("CARGO_BIN_EXE_shallweplay-backend")).variables(settings.clone());
            app.replicas.push(program.clone().spawn());
            app.programs.push(program);
        }
        app
    }
}

/// Running replicas. Fields are dropped in this order: whoever uses a service ends before it.
pub(crate) struct TestApp {
    replicas: Vec<Running>,
    programs: Vec<Program>,
    pub(crate) postgres: Option<PrivatePostgres>,
    pub(crate) redis: Option<ScratchRedis>,
    pub(crate) database: Option<ScratchDatabase>,
    _file: ScratchFile,
}

impl TestApp {
    /// A replica; numbers wrap around, so that "the other one" is itself in the embedded world.
    pub(crate) fn replica(&self, number: usize) -> &Running {
        &self.replicas[number % self.replicas.len()]
    }

    /// How many replicas there are.
    pub(crate) fn replica_count(&self) -> usize {
        self.replicas.len()
    }

    /// What stands in the data file and beside it, as text; empty where a server keeps the data.
    pub(crate) fn file_text(&self) -> String {
        let read = |suffix: &str| std::fs::read(format!("{}{suffix}", self._file.as_str())).unwrap_or_default();
        ["", "-wal"].map(|suffix| String::from_utf8_lossy(&read(suffix)).into_owned()).join("\n")
    }

    /// A client of that replica, signed in as nobody.
    pub(crate) fn client(&self, number: usize) -> Client {
        Client::of(self.replica(number).authority())
    }

    /// A new guest who talks to that replica.
    pub(crate) async fn guest(&self, number: usize, name: &str) -> Player {
        guest(self.client(number), name).await
    }

    /// Two new guests, each on a replica of their own where there are two.
    pub(crate) async fn two_guests(&self) -> [Player; 2] {
        [self.guest(0, "Ada").await, self.guest(1, "Ben").await]
    }

    /// Starts a replica that has ended once more, on the port it had.
    pub(crate) async fn start_again(&mut self, number: usize) {
        assert!(self.replicas[number].exited().is_some(), "it still runs");
        self.replicas[number] = self.programs[number].clone().serve().await;
    }

    /// Waits until a replica's `/health` says so.
    pub(crate) async fn says(&self, number: usize, status: &str, patience: Duration) {
        let client = self.client(number);
        until_true(&format!("/health says {status}"), patience, || async {
            let answer = client.get("/health").await;
            answer.status == 200 && answer.json()["status"] == status
        })
        .await;
    }

    /// The PostgreSQL of [`Setup::own_postgres`].
    pub(crate) fn own_postgres(&mut self) -> &mut PrivatePostgres {
        self.postgres.as_mut().expect("the setup has a PostgreSQL of its own")
    }

    /// The Redis of a networked world.
    pub(crate) fn own_redis(&mut self) -> &mut ScratchRedis {
        self.redis.as_mut().expect("the setup is networked")
    }
}

impl Drop for TestApp {
    /// The end of each log, where a test has failed.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for (number, replica) in self.replicas.iter().enumerate() {
            let logs = replica.logs();
            let lines: Vec<&str> = logs.lines().collect();
            println!("The log of replica {number} ends with:");
            lines[lines.len().saturating_sub(40)..].iter().for_each(|line| println!("  {line}"));
        }
    }
}
