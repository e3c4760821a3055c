use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, Mutex, PoisonError};

use async_trait::async_trait;
use deadpool_redis::redis::{FromRedisValue, ScriptInvocation};
use kernel::PlayerId;
use standings::{BoardCopies, BoardKey, BoardLine, BoardSpan, Place};

use super::board_parts::{Part, cut, steps};
use super::board_scripts::{FORGET, LINES, LOADED, PLACE, STATE, WRITE};
use super::client::RedisClient;
use super::supervisor::epoch_key;
use super::unique::fresh;

/// Outdated as a whole when another Redis answers, or the same one restarted from an older copy.
const NAMESPACE: &str = "board-copies";
/// Kept without any change for a day, in milliseconds; who plays again then has the boards loaded anew.
const KEPT: u32 = 24 * 60 * 60 * 1_000;
/// More lines than a page has; who asks for more is sent to the database.
const MOST_ASKED: i64 = 1_000;

/// [`BoardCopies`] shared by all replicas: reads are one round trip, and so are changes of up to 1,000 lines. During a
/// larger one the family's boards say nothing.
///
/// Every write names the token of the one before it, so one that Redis carries out late, when its caller has long given
/// up, changes nothing. Therefore a family is loaded by the instance that forgot it.
pub struct RedisBoards {
    client: RedisClient,
    /// Of each family the token we saw last; there are as many families as there are kinds of games.
    tokens: Mutex<HashMap<String, String>>,
}

impl RedisBoards {
    /// Copies over this client.
    #[must_use]
    pub fn new(client: RedisClient) -> Self {
        for script in [&STATE, &FORGET, &WRITE, &LOADED, &LINES, &PLACE] {
            LazyLock::force(script);
        }
        Self { client, tokens: Mutex::default() }
    }

    fn token(&self, family: &str) -> Option<String> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).get(family).cloned()
    }

    fn keep_token(&self, family: &str, token: Option<String>) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        match token {
            Some(token) => tokens.insert(family.to_owned(), token),
            None => tokens.remove(family),
        };
    }

    /// The family's key. Its length keeps apart what names hold.
    fn key(&self, family: &str) -> String {
        self.client.key('b', &format!("{}:{family}", family.len()))
    }

    fn epoch(&self) -> String {
        epoch_key(&self.client.shared.prefix, NAMESPACE)
    }

    async fn run<T: FromRedisValue>(&self, script: ScriptInvocation<'_>) -> Option<T> {
        if !self.client.shared.namespaces.trusted(NAMESPACE) {
            return None;
        }
        self.client.run(|mut connection| async move { script.invoke_async(&mut connection).await }).await
    }

    /// Token and place of a family that is complete.
    async fn state(&self, family: &str) -> Option<(String, i64)> {
        let mut script = STATE.key(self.epoch());
        script.key(self.key(family));
        self.run::<Option<_>>(script).await.flatten()
    }

    /// Writes in as many steps as it takes, between which the family has no place. Says whether it was done; nothing
    /// where Redis didn't say.
    async fn write(&self, family: &str, mut token: String, way: &Way, parts: &[Part<'_>]) -> Option<bool> {
        let steps = steps(parts);
        for (at, step) in steps.iter().enumerate() {
            let (first, last) = (at == 0, at + 1 == steps.len());
            let next = fresh();
            let mut script = WRITE.key(self.epoch());
            script.key(self.key(family)).arg(&token).arg(way.from.filter(|_| first).map_or_else(none, text)).arg(&next);
            script.arg(way.to.filter(|_| last).map_or_else(none, text)).arg(u8::from(way.begins)).arg(KEPT);
            step.iter().for_each(|part| part.write(&mut script));
            let done = self.run::<u8>(script).await.map(|done| done == 1);
            match done {
                Some(true) => self.keep_token(family, Some(next.clone())),
                // What Redis has of a load may lack this step.
                None => self.keep_token(family, None),
                Some(false) => {}
            }
            if done != Some(true) {
                return done;
            }
            token = next;
        }
        Some(true)
    }

    fn ask<'a>(
        &self,
        script: &'a deadpool_redis::redis::Script,
        family: &str,
        board: &BoardKey,
    ) -> ScriptInvocation<'a> {
        let (key, name) = (self.key(family), name(board));
        let (lines, games) = (format!("{key}:z{name}"), format!("{key}:g{name}"));
        let mut script = script.key(self.epoch());
        script.key(key).key(lines).key(games).arg(name);
        script
    }
}

/// From which place to which a family is moved; none while it is loaded.
struct Way {
    from: Option<i64>,
    to: Option<i64>,
    /// Whether boards begin with their first lines.
    begins: bool,
}

fn text(place: i64) -> String {
    place.to_string()
}

const fn none() -> String {
    String::new()
}

/// A board's field. Neither modes nor seasons of any spelling make two boards one.
fn name(board: &BoardKey) -> String {
    format!("={}:{}:{}:{}", board.mode.len(), board.mode, board.season, board.metric.as_str())
}

/// Redis keeps values negated; zero has no sign.
fn value(score: &[u8]) -> Option<f64> {
    let score: f64 = std::str::from_utf8(score).ok()?.parse().ok()?;
    Some(0.0 - score)
}

/// What [`LINES`] answers.
type Found = (i64, i64, usize, usize, Vec<Vec<u8>>, Vec<Option<i32>>);

/// Ranks and ties, from the lines' neighbours.
fn lines((first, mut rank, skip, limit, found, games): Found) -> Option<Vec<BoardLine>> {
    let mut all: Vec<BoardLine> = Vec::with_capacity(games.len());
    for ((pair, games), index) in found.chunks_exact(2).zip(games).zip(first..) {
        let player_id = PlayerId::new(uuid::Uuid::from_slice(&pair[0]).ok()?);
        let value = value(&pair[1])?;
        let tied = all.last_mut().is_some_and(|previous| {
            previous.tied |= previous.value == value;
            previous.value == value
        });
        if !tied && !all.is_empty() {
            rank = index + 1;
        }
        all.push(BoardLine { player_id, value, games: games?, rank, tied });
    }
    Some(all.into_iter().skip(skip).take(limit).collect())
}

#[async_trait]
impl BoardCopies for RedisBoards {
    async fn complete_to(&self, family: &str) -> Option<i64> {
        let (token, at) = self.state(family).await?;
        self.keep_token(family, Some(token));
        Some(at)
    }

    async fn change(&self, family: &str, from: i64, to: i64, lines: &[(BoardKey, PlayerId, Option<f64>, i32)]) -> bool {
        // By board, and of each player the last line.
        let mut by_board: BTreeMap<&BoardKey, BTreeMap<PlayerId, (Option<f64>, i32)>> = BTreeMap::new();
        for (board, player, value, games) in lines {
            by_board.entry(board).or_default().insert(*player, (*value, *games));
        }
        let boards = by_board.into_iter().map(|(board, lines)| {
            (name(board), lines.into_iter().map(|(player, (value, games))| (player, value, games)).collect::<Vec<_>>())
        });
        let boards: Vec<_> = boards.collect();
        let parts: Vec<_> = boards.iter().flat_map(|(board, lines)| cut(board, lines)).collect();
        let way = Way { from: Some(from), to: Some(to), begins: false };
        let known = self.token(family);
        if let Some(token) = known.clone() {
            match self.write(family, token, &way, &parts).await {
                Some(false) => {}
                done => return done == Some(true),
            }
        }
        // Somebody else wrote last: a worker we take over from.
        match self.state(family).await {
            Some((token, at)) if at == from && known.as_ref() != Some(&token) => {
                self.write(family, token, &way, &parts).await == Some(true)
            }
            _ => false,
        }
    }

    async fn forget(&self, family: &str) {
        let token = fresh();
        let mut script = FORGET.key(self.epoch());
        script.key(self.key(family)).arg(fresh()).arg(&token).arg(KEPT);
        let done: Option<u8> = self.run(script).await;
        self.keep_token(family, done.map(|_| token));
    }

    async fn load(&self, family: &str, board: &BoardKey, lines: &[(PlayerId, f64, i32)]) -> bool {
        let Some(token) = self.token(family) else { return false };
        let lines: Vec<_> = lines.iter().map(|&(player, value, games)| (player, Some(value), games)).collect();
        let board = name(board);
        let mut parts = cut(&board, &lines);
        if parts.is_empty() {
            parts.push(Part::none(&board));
        }
        let way = Way { from: None, to: None, begins: true };
        self.write(family, token, &way, &parts).await == Some(true)
    }

    async fn loaded(&self, family: &str, boards: &[BoardKey], to: i64) -> bool {
        let Some(token) = self.token(family) else { return false };
        let next = fresh();
        let mut script = LOADED.key(self.epoch());
        script.key(self.key(family)).arg(token).arg(&next).arg(to).arg(KEPT);
        boards.iter().for_each(|board| {
            script.arg(name(board));
        });
        let done = self.run::<u8>(script).await == Some(1);
        self.keep_token(family, done.then_some(next));
        done
    }

    async fn lines(&self, family: &str, board: &BoardKey, span: BoardSpan, limit: i64) -> Option<Vec<BoardLine>> {
        // What is no number is between no two lines.
        let nowhere = matches!(span, BoardSpan::After(Some((value, _))) if value.is_nan());
        if limit > MOST_ASKED || nowhere {
            return None;
        }
        let mut script = self.ask(&LINES, family, board);
        script.arg(limit.max(0));
        match span {
            BoardSpan::After(None) => script.arg("top"),
            BoardSpan::After(Some((value, player))) => {
                script.arg("after").arg(player.uuid().as_bytes().as_slice()).arg(-value)
            }
            BoardSpan::Around(player) => script.arg("around").arg(player.uuid().as_bytes().as_slice()),
        };
        self.run::<Option<Found>>(script).await.flatten().and_then(lines)
    }

    async fn place(&self, family: &str, board: &BoardKey, player: PlayerId) -> Option<Option<Place>> {
        let mut script = self.ask(&PLACE, family, board);
        script.arg(player.uuid().as_bytes().as_slice());
        let answer: Option<(u8, Vec<u8>, i32, i64, i64, i64)> = self.run::<Option<_>>(script).await.flatten();
        let (found, score, games, higher, same, of) = answer?;
        if found == 0 {
            return Some(None);
        }
        let line = BoardLine { player_id: player, value: value(&score)?, games, rank: higher + 1, tied: same > 1 };
        Some(Some(Place { line, of }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kernel::{IdSource as _, SeededIds, Timestamp};
    use standings::Metric;
    use testkit::redis::ScratchRedis;

    use super::*;
    use crate::redis::RedisOptions;

    async fn boards(redis: &ScratchRedis) -> RedisBoards {
        let patient = Duration::from_secs(10);
        let options =
            RedisOptions { connect: patient, answer: patient, ..RedisOptions::new(redis.url(), redis.prefix()) };
        let client = RedisClient::connect_with(options).expect("the address is well-formed");
        assert!(client.ready(patient).await, "{:?}", client.status());
        RedisBoards::new(client)
    }

    fn board() -> BoardKey {
        BoardKey { mode: "duel".to_owned(), season: String::new(), metric: Metric::Rating }
    }

    fn player() -> PlayerId {
        PlayerId::new(SeededIds::new(1).uuid(Timestamp::from_millis(0)))
    }

    async fn value_of(boards: &RedisBoards) -> Option<f64> {
        boards.place("duel", &board(), player()).await.flatten().map(|place| place.line.value)
    }

    /// Both moves are from the place to itself, so only the token tells that the first one comes late.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_change_that_is_carried_out_late_undoes_nothing() {
        let redis = ScratchRedis::shared().await;
        let boards = boards(&redis).await;
        boards.forget("duel").await;
        assert!(boards.loaded("duel", &[board()], 5).await);
        let old = boards.token("duel").expect("it was loaded here");
        assert!(boards.change("duel", 5, 5, &[(board(), player(), Some(2.0), 2)]).await);
        let name = name(&board());
        let late = cut(&name, &[(player(), Some(1.0), 1)]);
        let way = Way { from: Some(5), to: Some(5), begins: false };
        assert_eq!(boards.write("duel", old, &way, &late).await, Some(false));
        assert_eq!(value_of(&boards).await, Some(2.0));
        assert!(boards.change("duel", 5, 6, &[(board(), player(), Some(3.0), 3)]).await, "the token is still good");
        assert_eq!(value_of(&boards).await, Some(3.0));
    }

    /// Two workers load at once, one of them no longer the family's: who forgot last, loads.
    #[tokio::test(flavor = "multi_thread")]
    async fn lines_of_a_load_that_was_given_up_don_t_get_into_the_next() {
        let redis = ScratchRedis::shared().await;
        let (old, new) = (boards(&redis).await, boards(&redis).await);
        old.forget("duel").await;
        assert!(old.load("duel", &board(), &[(player(), 1.0, 1)]).await);
        new.forget("duel").await;
        assert!(!old.load("duel", &board(), &[(player(), 1.0, 1)]).await);
        assert!(!old.loaded("duel", &[board()], 4).await);
        assert!(new.loaded("duel", &[board()], 5).await);
        assert_eq!(old.complete_to("duel").await, Some(5));
        assert_eq!(old.place("duel", &board(), player()).await, Some(None));
    }

    /// Between two steps nothing is said, and a change that stops there leaves nothing half done to be read.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_large_change_that_stops_in_the_middle_loses_the_copy() {
        let redis = ScratchRedis::shared().await;
        let boards = boards(&redis).await;
        boards.forget("duel").await;
        assert!(boards.loaded("duel", &[board()], 5).await);
        let token = boards.token("duel").expect("it was loaded here");
        let name = name(&board());
        let first = cut(&name, &[(player(), Some(1.0), 1)]);
        let half = Way { from: Some(5), to: None, begins: false };
        assert_eq!(boards.write("duel", token, &half, &first).await, Some(true));
        assert_eq!(boards.complete_to("duel").await, None);
        assert_eq!(boards.place("duel", &board(), player()).await, None);
        assert!(!boards.change("duel", 5, 6, &[]).await);
    }
}
