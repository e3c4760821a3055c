//! Configuration: compiled defaults, then an optional file, then the environment. Adapters follow from what is set.

use std::fmt;
use std::path::PathBuf;

use config::{Config, Environment, File, FileFormat};
use serde::{Deserialize, Serialize};

use crate::app::EdgeSettings;

/// Text that must not be printed.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Hidden(pub(super) String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "(empty)" } else { "***" })
    }
}

impl Serialize for Hidden {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("")
    }
}

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty = $default:expr),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Deserialize, Serialize)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct $name { $($(#[$field_doc])* pub(super) $field: $kind),+ }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default),+ }
            }
        }
    };
}

section! {
    /// The HTTP server.
    Http {
        /// Address to listen on.
        host: String = "0.0.0.0".to_owned(),
        /// Port to listen on; 0 takes a free one.
        port: u16 = 8080,
        /// Origins of pages on other hosts that may call this server, separated by commas; exact.
        origins: String = String::new(),
        /// The address under which players reach this server, for invite links: `https://play.example`; empty: as the
        /// request came.
        public_url: String = String::new(),
        /// Proxies in front that are believed about `X-Forwarded-For`.
        trusted_hops: usize = 0,
        /// Worker threads.
        workers: usize = 2,
    }
}

section! {
    /// The embedded database.
    Sqlite {
        /// Its file.
        path: String = "data/shallweplay.db".to_owned(),
    }
}

section! {
    /// PostgreSQL, beside what `DATABASE_*` say.
    Database {
        /// Connections for transactions.
        pool_size: usize = 8,
    }
}

section! {
    /// Signing in.
    Auth {
        /// Signing keys: `kid:secret,…`; the first signs, all are believed. Secrets have at least 32 characters.
        keys: Hidden = Hidden::default(),
    }
}

section! {
    /// Rate limits; 0 switches one off.
    Limits {
        /// Sign-in calls a minute and address.
        auth_per_minute: u32 = 30,
        /// Writes a minute and player.
        write_per_minute: u32 = 120,
        /// Reads a minute and player.
        read_per_minute: u32 = 600,
        /// Messages a second and socket.
        messages_per_second: u32 = 30,
    }
}

section! {
    /// Sockets.
    Realtime {
        /// Sockets on this replica.
        max_sockets: usize = 4_000,
        /// Interval of the heartbeat, in milliseconds.
        heartbeat_ms: u64 = 25_000,
        /// Whether Socket.IO may begin by HTTP long-polling, which needs cookie affinity in front of several replicas.
        polling: bool = true,
        /// Over how long sockets are spread at a drain, in milliseconds.
        drain_ms: u64 = 5_000,
    }
}

section! {
    /// Windows that replace the modes' own, in milliseconds.
    Games {
        /// From opening until all must be ready.
        ready_ms: Option<i64> = None,
        /// From the first report until all must be in.
        report_window_ms: Option<i64> = None,
        /// How long a disconnected player keeps the seat.
        grace_ms: Option<i64> = None,
        /// How long a disputed game waits for evidence.
        evidence_ms: Option<i64> = None,
        /// The longest a game may take.
        max_duration_ms: Option<i64> = None,
        /// How long an invitation to a player can be answered.
        invite_ms: i64 = 60_000,
        /// How long an invitation link can be redeemed.
        invite_link_ms: i64 = 86_400_000,
    }
}

section! {
    /// Friends.
    Friends {
        /// How many friends a player may have.
        max_friends: u32 = 1_000,
        /// How many requests a player may have out.
        max_requests: u32 = 100,
        /// How many links that work a player may have.
        max_links: u32 = 20,
        /// How long a request waits for its answer, in milliseconds.
        request_ms: u64 = 2_592_000_000,
        /// How long a decline holds, in milliseconds.
        decline_ms: u64 = 604_800_000,
        /// How long a link works unless its owner says otherwise, in milliseconds.
        link_ms: u64 = 604_800_000,
    }
}

section! {
    /// Quick Match.
    Matchmaking {
        /// How long a ticket waits, in milliseconds.
        ticket_ttl_ms: i64 = 120_000,
        /// How long everybody has to answer a ready check, in milliseconds.
        ready_check_ms: i64 = 15_000,
        /// How long a player who lets others wait in a ready check can't queue then, in milliseconds.
        cool_down_ms: i64 = 30_000,
        /// How long a ticket keeps its place while one of its players is away, in milliseconds.
        detached_ms: i64 = 30_000,
        /// After what wait another mode or a practice bot is offered, in milliseconds.
        offer_ms: i64 = 60_000,
        /// How many players a party may have.
        party_size: usize = 8,
        /// How long an invitation to a party can be taken up, in milliseconds.
        party_invite_ms: i64 = 600_000,
        /// How long a member who is away keeps the place in a party, in milliseconds.
        party_grace_ms: i64 = 120_000,
    }
}

section! {
    /// The catalogue of modes.
    Modes {
        /// A JSON file in place of the shipped modes; empty for those.
        file: String = String::new(),
    }
}

section! {
    /// The first administrator.
    Admin {
        /// Handle of an account to make an administrator at start; empty for none.
        bootstrap_handle: String = String::new(),
        /// Its password.
        bootstrap_password: Hidden = Hidden::default(),
    }
}

section! {
    /// Everything that can be set.
    Sections {
        http: Http = Http::default(),
        sqlite: Sqlite = Sqlite::default(),
        database: Database = Database::default(),
        auth: Auth = Auth::default(),
        limits: Limits = Limits::default(),
        realtime: Realtime = Realtime::default(),
        games: Games = Games::default(),
        friends: Friends = Friends::default(),
        matchmaking: Matchmaking = Matchmaking::default(),
        modes: Modes = Modes::default(),
        admin: Admin = Admin::default(),
    }
}

/// Where PostgreSQL is, from `DATABASE_*`.
#[derive(Debug, Clone)]
pub(super) struct Postgres {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) name: String,
    pub(super) user: String,
    pub(super) password: Hidden,
}

/// The whole configuration, checked. Secrets print as `***`.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) sections: Sections,
    pub(super) postgres: Option<Postgres>,
    pub(super) redis_url: Option<Hidden>,
    pub(super) ephemeral: bool,
    /// What is odd, but no reason not to start.
    pub(super) warnings: Vec<String>,
}

/// Why the configuration can't be used, in a sentence for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct ConfigError(pub(super) String);

/// The variables of a process.
pub(super) type Variables = std::collections::HashMap<String, String>;

impl Settings {
    /// Reads the file named by `SWP_CONFIG` (or `shallweplay.toml`, where there is one) and the environment.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub(super) fn load(ephemeral: bool) -> Result<Self, ConfigError> {
        Self::from_variables(&std::env::vars().collect(), ephemeral)
    }

    pub(super) fn from_variables(variables: &Variables, ephemeral: bool) -> Result<Self, ConfigError> {
        let named = variables.get("SWP_CONFIG").map(PathBuf::from);
        let path = named.clone().unwrap_or_else(|| PathBuf::from("shallweplay.toml"));
        let file = File::from(path.clone()).format(FileFormat::Toml).required(named.is_some());
        let wrong = |what: &str, error: &dyn fmt::Display| ConfigError(format!("{what}: {error}."));
        // The file alone first: its unknown keys are errors, and the message should name the file.
        let from_file = Config::builder().add_source(file.clone()).build();
        let from_file = from_file.map_err(|error| wrong(&path.display().to_string(), &error))?;
        from_file.try_deserialize::<Sections>().map_err(|error| wrong(&path.display().to_string(), &error))?;
        let (known, unknown) = split(variables);
        let warnings: Vec<String> = unknown
            .into_iter()
            .map(|key| format!("{key} is not a setting; docs/configuration.md lists them"))
            .collect();
        let environment = Environment::with_prefix("SWP")
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .source(Some(known));
        let all = Config::builder().add_source(file).add_source(environment).build();
        let sections: Sections =
            all.and_then(Config::try_deserialize).map_err(|error| wrong("the configuration can't be read", &error))?;
        check(&sections)?;
        Ok(Self {
            sections,
            postgres: postgres(variables)?,
            redis_url: variables.get("REDIS_URL").filter(|url| !url.is_empty()).cloned().map(Hidden),
            ephemeral,
            warnings,
        })
    }

    /// Whether everything runs in this process.
    pub(super) const fn is_embedded(&self) -> bool {
        self.postgres.is_none() && self.redis_url.is_none()
    }

    /// What handlers read.
    pub(super) fn edge(&self) -> EdgeSettings {
        let Sections { http, limits, realtime, .. } = &self.sections;
        let origins = http.origins.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        EdgeSettings {
            origins: origins.map(str::to_owned).collect(),
            trusted_hops: http.trusted_hops,
            auth_per_minute: limits.auth_per_minute,
            write_per_minute: limits.write_per_minute,
            read_per_minute: limits.read_per_minute,
            messages_per_second: limits.messages_per_second,
            max_sockets: realtime.max_sockets,
            public_url: http.public_url.clone(),
            heartbeat_ms: realtime.heartbeat_ms,
            polling: realtime.polling,
        }
    }
}

/// Values of the right type that can't be meant.
fn check(sections: &Sections) -> Result<(), ConfigError> {
    let Sections { http, database, realtime, games, matchmaking, .. } = sections;
    let counts = [
        ("SWP__HTTP__WORKERS", http.workers),
        ("SWP__DATABASE__POOL_SIZE", database.pool_size),
        ("SWP__REALTIME__MAX_SOCKETS", realtime.max_sockets),
        ("SWP__MATCHMAKING__PARTY_SIZE", matchmaking.party_size),
    ];
    let windows = [
        ("SWP__GAMES__READY_MS", games.ready_ms),
        ("SWP__GAMES__REPORT_WINDOW_MS", games.report_window_ms),
        ("SWP__GAMES__GRACE_MS", games.grace_ms),
        ("SWP__GAMES__EVIDENCE_MS", games.evidence_ms),
        ("SWP__GAMES__MAX_DURATION_MS", games.max_duration_ms),
        ("SWP__GAMES__INVITE_MS", Some(games.invite_ms)),
        ("SWP__GAMES__INVITE_LINK_MS", Some(games.invite_link_ms)),
        ("SWP__MATCHMAKING__TICKET_TTL_MS", Some(matchmaking.ticket_ttl_ms)),
        ("SWP__MATCHMAKING__READY_CHECK_MS", Some(matchmaking.ready_check_ms)),
        ("SWP__MATCHMAKING__COOL_DOWN_MS", Some(matchmaking.cool_down_ms)),
        ("SWP__MATCHMAKING__DETACHED_MS", Some(matchmaking.detached_ms)),
        ("SWP__MATCHMAKING__OFFER_MS", Some(matchmaking.offer_ms)),
        ("SWP__MATCHMAKING__PARTY_INVITE_MS", Some(matchmaking.party_invite_ms)),
        ("SWP__MATCHMAKING__PARTY_GRACE_MS", Some(matchmaking.party_grace_ms)),
    ];
    let zero = counts.into_iter().find(|(_, count)| *count == 0).map(|(name, _)| name);
    let negative = windows.into_iter().find(|(_, window)| window.is_some_and(|ms| ms <= 0)).map(|(name, _)| name);
    match zero.or(negative) {
        Some(name) => Err(ConfigError(format!("{name} must be at least 1."))),
        None => Ok(()),
    }
}

/// The `SWP__…` variables that are settings, and the names of those that aren't.
fn split(variables: &Variables) -> (config::Map<String, String>, Vec<String>) {
    let keys = known_keys();
    let (mut known, mut unknown) = (config::Map::new(), Vec::new());
    for (name, value) in variables.iter().filter(|(name, _)| name.starts_with("SWP__")) {
        if keys.contains(name) {
            known.insert(name.clone(), value.clone());
        } else {
            unknown.push(name.clone());
        }
    }
    unknown.sort();
    (known, unknown)
}

/// Every setting as a variable's name: `SWP__HTTP__PORT`.
pub(super) fn known_keys() -> Vec<String> {
    let defaults = serde_json::to_value(Sections::default()).unwrap_or_default();
    let sections = defaults.as_object().into_iter().flatten();
    sections
        .flat_map(|(section, fields)| {
            let fields = fields.as_object().into_iter().flatten();
            fields.map(move |(field, _)| format!("SWP__{}__{}", section.to_uppercase(), field.to_uppercase()))
        })
        .collect()
}

fn postgres(variables: &Variables) -> Result<Option<Postgres>, ConfigError> {
    let get = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
    let Some(host) = get("DATABASE_HOST") else { return Ok(None) };
    let port = get("DATABASE_PORT").unwrap_or_else(|| "5432".to_owned());
    let port =
        port.parse().map_err(|_| ConfigError(format!("DATABASE_PORT is {port:?}, but must be a port number.")))?;
    Ok(Some(Postgres {
        host,
        port,
        name: get("DATABASE_NAME").unwrap_or_else(|| "shallweplay".to_owned()),
        user: get("DATABASE_USER").unwrap_or_else(|| "postgres".to_owned()),
        password: Hidden(get("DATABASE_PASSWORD").unwrap_or_default()),
    }))
}

#[cfg(test)]
mod tests;
