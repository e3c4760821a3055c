//! Redis servers of ours.

use std::path::Path;

use super::locate;
use super::server::{Home, Lifetime, Process, RunningAs};
use crate::redis::Connection;
use crate::{Failure, ports, random};

/// Where a Redis is and how to get in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisAddress {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// User: `default`, unless the server has others.
    pub user: String,
    /// Password, where it wants one.
    pub password: Option<String>,
    /// Database number.
    pub database: u32,
}

impl RedisAddress {
    /// From `redis://[[user]:password@]host[:port][/database]`.
    pub fn parse(url: &str) -> Result<Self, Failure> {
        let wrong =
            || Failure::new("The Redis URL is none: redis://[[user]:password@]host[:port][/database] is expected.");
        let rest = url.strip_prefix("redis://").ok_or_else(wrong)?;
        let (login, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (place, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = place.rsplit_once(':').unwrap_or((place, "6379"));
        let (user, password) = login.split_once(':').unwrap_or_default();
        if host.is_empty() || login.contains('%') {
            return Err(wrong());
        }
        Ok(Self {
            host: host.to_owned(),
            port: port.parse().map_err(|_| wrong())?,
            user: if user.is_empty() { "default".to_owned() } else { user.to_owned() },
            password: (!password.is_empty()).then(|| password.to_owned()),
            database: if database.is_empty() { 0 } else { database.parse().map_err(|_| wrong())? },
        })
    }

    /// As one URL, as the service takes it in `REDIS_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        // Some clients (redis-cli 7.0) take an absent user for an empty one.
        let login = |password| format!("{}:{password}@", self.user);
        let login = self.password.as_ref().map_or(String::new(), login);
        format!("redis://{login}{}:{}/{}", self.host, self.port, self.database)
    }
}

/// A Redis server of ours, on a port of 127.0.0.1 and with a password that
/// nobody else has. It keeps nothing on disk.
#[derive(Debug)]
pub struct RedisServer {
    process: Option<Process>,
    home: Home,
    lifetime: Lifetime,
    address: RedisAddress,
}

impl RedisServer {
    /// Starts a server. Blocks until it answers.
    pub fn start(home: Home, lifetime: Lifetime) -> Result<Self, Failure> {
        let program = locate::redis()?;
        let mut failure = None;
        // Another process may take the port between our look and the start.
        for _ in 0..3 {
            let address = RedisAddress {
                host: "127.0.0.1".to_owned(),
                port: ports::free(),
                user: "default".to_owned(),
                password: Some(random::hex(16)),
                database: 0,
            };
            match launch(&program, &home, lifetime, &address) {
                Ok(process) => {
                    return Ok(Self { process: Some(process), home, lifetime, address });
                }
                Err(why) => failure = Some(why),
            }
        }
        home.discard();
        Err(failure.unwrap_or_else(|| Failure::new("Redis did not start.")))
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &RedisAddress {
        &self.address
    }

    /// Its process, while it runs.
    #[must_use]
    pub fn running_as(&self) -> Option<RunningAs> {
        self.process.as_ref().map(Process::running_as)
    }

    /// SIGSTOP: connections stay open and nothing answers.
    pub fn pause(&self) -> Result<(), Failure> {
        self.process.as_ref().map_or(Ok(()), Process::pause)
    }

    /// Undoes [`pause`](Self::pause).
    pub fn resume(&self) -> Result<(), Failure> {
        self.process.as_ref().map_or(Ok(()), Process::resume)
    }

    /// SIGKILL. What it held is gone.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.process.take().map_or(Ok(()), Process::kill)
    }

    /// Starts it again on the same port, empty, after killing it if it still
    /// runs. Blocks until it answers.
    pub fn restart(&mut self) -> Result<(), Failure> {
        self.kill()?;
        self.process = Some(launch(&locate::redis()?, &self.home, self.lifetime, &self.address)?);
        Ok(())
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // A detached server runs on, and its home is not temporary.
        drop(self.process.take());
        self.home.discard();
    }
}

fn launch(program: &Path, home: &Home, lifetime: Lifetime, address: &RedisAddress) -> Result<Process, Failure> {
    let password = address.password.as_deref().unwrap_or_default();
    let directory = home.directory().display();
    let configuration = home.write(
        "redis.conf",
        &format!(
            "bind 127.0.0.1\nport {}\nrequirepass {password}\ndir \"{directory}\"\nsave \"\"\n\
             appendonly no\ndaemonize no\nproc-title-template \"{{title}} {{listen-addr}} {{config-file}}\"\n",
            address.port
        ),
    )?;
    let mut command = home.command(program);
    command.arg(configuration);
    Process::start(home, command, "TERM", lifetime, |_| {
        // A stranger on this port would refuse the password.
        Connection::open(address).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_its_url_are_the_same() {
        for url in [
            "redis://default:secret@127.0.0.1:7001/0",
            "redis://me:secret@127.0.0.1:7001/0",
            "redis://cache.internal:6379/3",
        ] {
            assert_eq!(RedisAddress::parse(url).expect("a URL").url(), url);
        }
        let nameless = RedisAddress::parse("redis://:secret@localhost").expect("a URL");
        assert_eq!((nameless.user.as_str(), nameless.password.as_deref()), ("default", Some("secret")));
        let short = RedisAddress::parse("redis://localhost").expect("a URL");
        assert_eq!((short.port, short.database, short.password), (6379, 0, None));
    }

    #[test]
    fn other_urls_are_refused() {
        for url in ["rediss://host", "redis://", "redis://host:port", "redis://host/first"] {
            assert!(RedisAddress::parse(url).is_err(), "{url}");
        }
    }
}
