//! PostgreSQL servers of ours.

use std::fs;
use std::path::Path;

use tokio_postgres::config::Host;

use super::locate;
use super::server::{Durability, Home, Lifetime, Process, RunningAs};
use crate::{Failure, ports, random};

/// Where a database is and how to get in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Database.
    pub name: String,
    /// User.
    pub user: String,
    /// Password.
    pub password: String,
}

impl PostgresAddress {
    /// From `postgres://user:password@host:port/database`.
    pub fn parse(url: &str) -> Result<Self, Failure> {
        let config: tokio_postgres::Config = url.parse().map_err(|_| {
            Failure::new("The PostgreSQL URL is none: postgres://user:password@host:port/database is expected.")
        })?;
        let host = match config.get_hosts() {
            [Host::Tcp(host)] => host.clone(),
            _ => {
                return Err(Failure::new("The PostgreSQL URL must name one host reached over TCP."));
            }
        };
        let user = config.get_user().unwrap_or("postgres").to_owned();
        Ok(Self {
            host,
            port: config.get_ports().first().copied().unwrap_or(5432),
            name: config.get_dbname().unwrap_or(&user).to_owned(),
            password: String::from_utf8_lossy(config.get_password().unwrap_or_default()).into_owned(),
            user,
        })
    }

    /// As one URL.
    #[must_use]
    pub fn url(&self) -> String {
        let Self { host, port, name, user, password } = self;
        format!("postgres://{}:{}@{host}:{port}/{name}", escape(user), escape(password))
    }

    /// The environment variables by which the service finds it.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("DATABASE_HOST", self.host.clone()),
            ("DATABASE_PORT", self.port.to_string()),
            ("DATABASE_NAME", self.name.clone()),
            ("DATABASE_USER", self.user.clone()),
            ("DATABASE_PASSWORD", self.password.clone()),
        ]
    }

    /// The same server, another database.
    #[must_use]
    pub fn database(&self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self.clone() }
    }
}

/// Percent-encodes all but what is plain in every part of a URL.
fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// A PostgreSQL server of ours, on a port of 127.0.0.1 and with a password
/// that nobody else has: a connection that is let in is to this server.
#[derive(Debug)]
pub struct PostgresServer {
    process: Option<Process>,
    home: Home,
    durability: Durability,
    lifetime: Lifetime,
    address: PostgresAddress,
}

impl PostgresServer {
    /// Starts a server on the data in `home`, made now if there is none.
    /// Blocks until it takes connections.
    pub fn start(home: Home, durability: Durability, lifetime: Lifetime) -> Result<Self, Failure> {
        let bin = locate::postgres()?;
        let password = initialise(&bin, &home)?;
        let mut failure = None;
        // Another process may take the port between our look and the start.
        for _ in 0..3 {
            let address = PostgresAddress {
                host: "127.0.0.1".to_owned(),
                port: ports::free(),
                name: "postgres".to_owned(),
                user: "swp".to_owned(),
                password: password.clone(),
            };
            match launch(&bin, &home, durability, lifetime, address.port) {
                Ok(process) => {
                    return Ok(Self { process: Some(process), home, durability, lifetime, address });
                }
                Err(why) => failure = Some(why),
            }
        }
        home.discard();
        Err(failure.unwrap_or_else(|| Failure::new("PostgreSQL did not start.")))
    }

    /// Its maintenance database, by a user who may do everything.
    #[must_use]
    pub fn address(&self) -> &PostgresAddress {
        &self.address
    }

    /// The postmaster's process, while it runs.
    #[must_use]
    pub fn running_as(&self) -> Option<RunningAs> {
        self.process.as_ref().map(Process::running_as)
    }

    /// SIGSTOP for the postmaster and all backends: connections stay open and
    /// nothing answers.
    pub fn pause(&self) -> Result<(), Failure> {
        self.process.as_ref().map_or(Ok(()), Process::pause)
    }

    /// Undoes [`pause`](Self::pause).
    pub fn resume(&self) -> Result<(), Failure> {
        self.process.as_ref().map_or(Ok(()), Process::resume)
    }

    /// SIGKILL for the postmaster and all backends. The data stays.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.process.take().map_or(Ok(()), Process::kill)
    }

    /// Starts it again on the same port and data, after killing it if it still
    /// runs. Blocks until it takes connections.
    pub fn restart(&mut self) -> Result<(), Failure> {
        self.kill()?;
        let bin = locate::postgres()?;
        let process = launch(&bin, &self.home, self.durability, self.lifetime, self.address.port)?;
        self.process = Some(process);
        Ok(())
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // A detached server runs on, and its home is not temporary.
        drop(self.process.take());
        self.home.discard();
    }
}

/// Makes the data directory where there is none; the superuser's password.
fn initialise(bin: &Path, home: &Home) -> Result<String, Failure> {
    let password_file = home.directory().join("password");
    let data = home.directory().join("data");
    if data.join("PG_VERSION").is_file()
        && let Ok(password) = fs::read_to_string(&password_file)
    {
        return Ok(password);
    }
    if data.exists() {
        // Half made: an earlier run was interrupted before it had a password.
        fs::remove_dir_all(&data).map_err(Failure::of(format!("removing {}", data.display())))?;
    }
    let password = random::hex(16);
    home.write("password.new", &password)?;
    let output = home
        .command(&bin.join("initdb"))
        .args(["--username=swp", "--pwfile=password.new", "--auth=scram-sha-256"])
        .args(["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"])
        .arg("--pgdata")
        .arg(&data)
        .output()
        .map_err(Failure::of("running initdb"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!("initdb failed: {}", said.trim().replace('\n', " / "))));
    }
    fs::rename(home.directory().join("password.new"), password_file).map_err(Failure::of("keeping the password"))?;
    Ok(password)
}

fn launch(bin: &Path, home: &Home, durability: Durability, lifetime: Lifetime, port: u16) -> Result<Process, Failure> {
    let data = home.directory().join("data");
    let mut command = home.command(&bin.join("postgres"));
    command.arg("-D").arg(&data);
    let port_setting = format!("port={port}");
    let mut settings = vec![
        port_setting.as_str(),
        "listen_addresses=127.0.0.1",
        // TCP alone: a socket's path has room for 107 bytes only.
        "unix_socket_directories=",
        "max_connections=200",
        "log_destination=stderr",
        "logging_collector=off",
    ];
    if durability == Durability::Fast {
        // synchronous_commit stays on: without it a kill -9 loses commits.
        settings.extend(["fsync=off", "full_page_writes=off", "shared_buffers=64MB"]);
    }
    for setting in settings {
        command.args(["-c", setting]);
    }
    // Immediate shutdown for data nobody wants, fast shutdown for data that is kept.
    let signal = if home.temporary { "QUIT" } else { "INT" };
    Process::start(home, command, signal, lifetime, |pid| is_ready(&data, pid))
}

/// The lock file names the process in its first line and its state in the
/// eighth. One left behind by a killed server names another process.
fn is_ready(data: &Path, pid: u32) -> bool {
    let Ok(lock) = fs::read_to_string(data.join("postmaster.pid")) else {
        return false;
    };
    let mut lines = lock.lines();
    lines.next().is_some_and(|line| line.trim() == pid.to_string())
        && lines.nth(6).is_some_and(|line| line.trim() == "ready")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_its_url_are_the_same() {
        let address = PostgresAddress {
            host: "127.0.0.1".to_owned(),
            port: 5433,
            name: "scratch".to_owned(),
            user: "swp".to_owned(),
            password: "p@ss/word:%".to_owned(),
        };
        assert_eq!(PostgresAddress::parse(&address.url()).expect("its own URL parses"), address);
    }

    #[test]
    fn a_url_without_a_host_is_refused() {
        assert!(PostgresAddress::parse("postgres://").is_err());
        assert!(PostgresAddress::parse("mysql://somewhere").is_err());
    }
}
