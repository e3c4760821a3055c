//! The server under test and those who connect to it.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::http::{Answer, Connection};
use testkit::postgres::ScratchDatabase;
use testkit::process::{Program, Running};
use testkit::proxy::Proxy;
use testkit::redis::ScratchRedis;
use testkit::services::RedisAddress;
use testkit::sqlite::ScratchFile;
use testkit::ws::{Client, raw};
use tokio::time::{Instant, sleep};

/// Longer than anything here may take, unless a test says so.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Signing keys of every replica here.
pub(crate) const KEY: (&str, &str) = ("k1", "q8Zr2LwX5tNc7VbJ0hKe9MfA3sGyPd1u");

/// Running replicas. Fields are dropped in this order.
pub(crate) struct World {
    pub(crate) replicas: Vec<Running>,
    pub(crate) redis: Option<ScratchRedis>,
    /// Stands between the replicas and Redis, where a test wants it to.
    pub(crate) proxy: Option<Proxy>,
    _database: Option<ScratchDatabase>,
    _file: ScratchFile,
    program: Program,
}

/// Somebody with an account.
#[derive(Debug, Clone)]
pub(crate) struct Player {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) refresh_token: String,
}

impl World {
    /// One replica on a file of its own.
    pub(crate) async fn embedded(settings: &[(&str, &str)]) -> Self {
        let file = ScratchFile::new();
        let program = program(settings).variable("SWP__SQLITE__PATH", file.as_str());
        let replica = program.clone().serve().await;
        Self { replicas: vec![replica], redis: None, proxy: None, _database: None, _file: file, program }
    }

    /// Two replicas on PostgreSQL and Redis.
    pub(crate) async fn two_replicas(settings: &[(&str, &str)]) -> Self {
        let redis = ScratchRedis::start().await;
        let url = redis.url();
        Self::networked(settings, redis, &url, None).await
    }

    /// The same, with a proxy in front of Redis.
    pub(crate) async fn two_replicas_behind_a_proxy(settings: &[(&str, &str)]) -> Self {
        let redis = ScratchRedis::start().await;
        let address = redis.address();
        let target = format!("{}:{}", address.host, address.port).parse().expect("it listens on an address");
        let proxy = Proxy::start(target).await;
        let url = RedisAddress { port: proxy.port(), ..address.clone() }.url();
        Self::networked(settings, redis, &url, Some(proxy)).await
    }

    async fn networked(settings: &[(&str, &str)], redis: ScratchRedis, url: &str, proxy: Option<Proxy>) -> Self {
        let database = ScratchDatabase::create().await;
        let program = program(settings).variables(database.environment()).variable("REDIS_URL", url);
        // The first migrates alone, so that the second finds everything there.
        let second = program.clone().port(testkit::ports::free());
        let replicas = vec![program.clone().serve().await, second.serve().await];
        Self { replicas, redis: Some(redis), proxy, _database: Some(database), _file: ScratchFile::new(), program }
    }

    /// Replaces a replica as a deployment does: it drains and ends, and another comes at its address.
    pub(crate) async fn restart(&mut self, replica: usize) {
        let port = self.replicas[replica].port();
        self.replicas[replica].sigterm();
        let ended = self.replicas[replica].wait_exit(PATIENCE * 3).await.expect("ends");
        assert!(ended.success(), "{ended}");
        self.replicas[replica] = self.program.clone().port(port).serve().await;
    }

    /// One call over a connection of its own; the status, or why there is none.
    pub(crate) async fn post(authority: &str, path: &str, token: &str, body: &Value) -> Result<u16, String> {
        let bearer = format!("Bearer {token}");
        let mut connection = Connection::open(authority).await.map_err(|error| error.to_string())?;
        let answer = connection.request("POST", path, &[("authorization", &bearer)], Some(body)).await;
        answer.map(|answer| answer.status).map_err(|error| error.to_string())
    }

    /// `127.0.0.1:port` of a replica.
    pub(crate) fn authority(&self, replica: usize) -> String {
        self.replicas[replica].authority()
    }

    pub(crate) async fn request(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        let mut connection = Connection::open(&self.authority(0)).await.expect("connects");
        connection.request(method, path, &headers, body).await.expect("is answered")
    }

    /// A new guest.
    pub(crate) async fn guest(&self) -> Player {
        let answer = self.request("POST", "/api/v1/auth/guest", None, Some(&json!({}))).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        let text = |value: &Value| value.as_str().expect("is text").to_owned();
        let body = answer.json();
        Player {
            id: text(&body["player"]["id"]),
            token: text(&body["access_token"]),
            refresh_token: text(&body["refresh_token"]),
        }
    }

    /// A connection in frames.
    pub(crate) async fn raw(&self) -> raw::Socket {
        raw::Socket::connect(&self.authority(0), "/ws", &[]).await.expect("upgrades")
    }

    /// A connection in frames, signed in and ready.
    pub(crate) async fn raw_signed_in(&self, player: &Player) -> raw::Socket {
        let mut socket = self.raw().await;
        let hello = json!({ "id": "h", "type": "session.hello", "data": { "token": player.token } });
        socket.write_frame(&raw::Frame::text(&hello.to_string())).await.expect("writes");
        while !text_of(&socket.read_frame(PATIENCE).await.expect("is answered")).contains("session.ready") {}
        socket
    }

    /// A polite client that hasn't said anything yet.
    pub(crate) async fn connect(&self, replica: usize) -> Client {
        let url = format!("{}/ws", self.replicas[replica].base_url());
        Client::connect(&url, Some("shallweplay.v1"), &[]).await.expect("connects").by_contract()
    }

    /// A polite client, signed in and ready; and the reply to its hello.
    pub(crate) async fn sign_in(&self, replica: usize, player: &Player, resume: Value) -> (Client, Value) {
        let mut client = self.connect(replica).await;
        let data = json!({ "token": player.token, "resume": resume });
        let reply = client.request("session.hello", data, PATIENCE).await.expect("is answered");
        assert_eq!(reply["ok"], true, "{reply}");
        (client, reply["data"].clone())
    }

    /// Signs in anew and waits until everything missed has come.
    pub(crate) async fn ready(&self, replica: usize, player: &Player) -> Client {
        let (mut client, _) = self.sign_in(replica, player, json!({})).await;
        client.recv_type("session.ready", PATIENCE).await.expect("becomes ready");
        client
    }

    /// A gauge or counter of a replica.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let text = String::from_utf8(self.request("GET", "/metrics", None, None).await.body).expect("is text");
        let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{'])));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
    }

    /// Waits until so many sockets are open.
    pub(crate) async fn until_open(&self, sockets: f64, patience: Duration) {
        until(&format!("{sockets} sockets are open"), patience, || async {
            self.metric("realtime_connections").await == sockets
        })
        .await;
    }

    /// Resident memory of the first replica, in KiB.
    pub(crate) fn memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.replicas[0].pid())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("is there");
        line.trim().trim_end_matches(" kB").parse().expect("is a number")
    }

    /// CPU time that the first replica has used, in ticks of 10 ms.
    pub(crate) fn cpu(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.replicas[0].pid())).expect("it runs");
        let after_name = stat.rsplit(')').next().expect("has fields");
        after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("is a number")).sum()
    }
}

fn program(settings: &[(&str, &str)]) -> Program {
    let off = ["AUTH_PER_MINUTE", "WRITE_PER_MINUTE", "READ_PER_MINUTE"];
    Program::new(env!("CARGO_BIN_EXE_shallweplay-backend"))
        .variable("RUST_LOG", "info")
        .variable("SWP__AUTH__KEYS", format!("{}:{}", KEY.0, KEY.1))
        .variables(off.map(|class| (format!("SWP__LIMITS__{class}"), "0")))
        .variables(settings.iter().copied())
}

/// Waits on a condition.
pub(crate) async fn until<F, Fut>(what: &str, patience: Duration, mut holds: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < patience, "not within {patience:?}: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// A text frame's text.
pub(crate) fn text_of(frame: &raw::Frame) -> String {
    String::from_utf8(frame.payload.clone()).expect("is UTF-8")
}

/// A text frame's JSON.
pub(crate) fn json_of(frame: &raw::Frame) -> Value {
    serde_json::from_slice(&frame.payload).expect("is JSON")
}
