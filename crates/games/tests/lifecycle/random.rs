//! Random players make, join, leave and repeat random games over two instances; whatever they do, this holds.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Commit, Engage, Engagement, GameId, PageLimit, PlayerId, Riders, StoreError};
use proptest::prelude::*;
use serde_json::{Value, json};
use shallweplay_games::{
    CaseFilter, CaseStore, Claim, CreateGame, Error, Game, GameStore, Games, Invite, InviteState, LogLine,
    PlayerStatus, Seen, Status, verify,
};

use crate::world::{World, catalogue, world};

#[derive(Debug, Clone)]
enum Command {
    Create { mode: &'static str, invite: Vec<usize>, link: bool },
    Invite { to: usize },
    Link,
    Accept { nth: usize },
    Redeem { nth: usize },
    Decline { nth: usize },
    Cancel { nth: usize },
    Practise,
    Ready,
    Play { cell: u8 },
    Report { score: u32 },
    ReportAll,
    Together { mode: &'static str, but: usize },
    Abandon,
    Gone { ago_ms: i64, with_replica: bool },
    Back,
    Seen,
    Claim { win: bool },
    Rematch { nth: usize },
    Queue,
    Unqueue,
    Sweep,
    MarkUnseen,
    Void { nth: usize },
}

#[derive(Debug, Clone)]
struct Step {
    wait_ms: i64,
    left: (usize, Command),
    right: (usize, Command),
}

const PLAYERS: usize = 5;

fn command() -> impl Strategy<Value = Command> {
    let mode = || {
        prop_oneof![
            4 => Just("duel"), 2 => Just("tic_tac_toe"), 2 => Just("four"), 1 => Just("pairs"), 1 => Just("solo")
        ]
    };
    let make = (mode(), prop::collection::vec(0..PLAYERS, 0..4), prop::bool::weighted(0.3));
    prop_oneof![
        6 => (mode(), 0..12_usize).prop_map(|(mode, but)| Command::Together { mode, but }),
        4 => Just(Command::ReportAll),
        6 => make.prop_map(|(mode, invite, link)| Command::Create { mode, invite, link }),
        3 => Just(Command::Practise),
        2 => (0..PLAYERS).prop_map(|to| Command::Invite { to }),
        1 => Just(Command::Link),
        8 => (0..2_usize).prop_map(|nth| Command::Accept { nth }),
        3 => (0..4_usize).prop_map(|nth| Command::Redeem { nth }),
        1 => (0..4_usize).prop_map(|nth| Command::Decline { nth }),
        1 => (0..4_usize).prop_map(|nth| Command::Cancel { nth }),
        10 => Just(Command::Ready),
        3 => (0..9_u8).prop_map(|cell| Command::Play { cell }),
        3 => (0..3_u32).prop_map(|score| Command::Report { score }),
        1 => Just(Command::Abandon),
        6 => (0..40_000_i64, prop::bool::ANY).prop_map(|(ago_ms, with_replica)| Command::Gone { ago_ms, with_replica }),
        1 => Just(Command::Back),
        1 => Just(Command::Seen),
        6 => prop::bool::ANY.prop_map(|win| Command::Claim { win }),
        10 => (0..2_usize).prop_map(|nth| Command::Rematch { nth }),
        1 => Just(Command::Queue),
        1 => Just(Command::Unqueue),
        1 => Just(Command::Sweep),
        2 => Just(Command::MarkUnseen),
        1 => (0..3_usize).prop_map(|nth| Command::Void { nth }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let wait = prop_oneof![40 => 0..50_i64, 6 => 50..45_000_i64, 1 => 25_000..700_000_i64];
    (wait, (0..PLAYERS, command()), (0..PLAYERS, command())).prop_map(|(wait_ms, left, right)| Step {
        wait_ms,
        left,
        right,
    })
}

/// By link, those who can; but one of them isn't ready.
async fn together(games: &Games, players: &[PlayerId], who: usize, mode: &str, but: usize) {
    let wanted = CreateGame { mode: mode.to_owned(), link: true, ..CreateGame::default() };
    let Ok(made) = games.create(players[who], wanted, None).await else { return };
    let Some(link) = made.link else { return };
    for player in players {
        drop(games.redeem(*player, link.code.as_deref().expect("a link"), None).await);
    }
    drop(games.cancel(players[who], link.id, None).await);
    for (n, player) in players.iter().enumerate() {
        if n != but {
            drop(games.ready(*player, made.game.id, None).await);
        }
    }
}

/// Every game there ever was.
async fn all(w: &World) -> BTreeMap<GameId, Game> {
    let limit = PageLimit::new(100).expect("within bounds");
    let (mut found, mut after) = (BTreeMap::new(), None);
    loop {
        let page = w.store.cases(&CaseFilter::default(), after, limit).await.expect("readable");
        found.extend(page.items.into_iter().map(|game| (game.id, game)));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

async fn run(w: &World, games: &Games, players: &[PlayerId], who: usize, command: &Command) {
    let (me, now) = (players[who], w.now());
    let there = all(w).await;
    let invites = |wanted: &dyn Fn(&Invite) -> bool| -> Vec<Invite> {
        there.values().rev().flat_map(|game| &game.invites).filter(|invite| wanted(invite)).cloned().collect()
    };
    let nth = |list: Vec<Invite>, nth: usize| list.into_iter().nth(nth);
    let own = there.values().find(|game| game.holds(me)).map(|game| game.id);
    let known = there.values().rev().find(|game| game.player(me).is_some()).map(|game| game.id);
    let id = own.or(known);
    let to_me = |invite: &Invite| invite.to == Some(me);
    let answer = match (command, id) {
        (Command::Create { mode, invite, link }, _) => {
            let invite = invite.iter().map(|to| players[*to]).collect();
            let wanted = CreateGame { mode: (*mode).to_owned(), invite, link: *link, bot: false };
            games.create(me, wanted, None).await.map(drop)
        }
        (Command::Practise, _) => {
            let wanted = CreateGame { mode: "tic_tac_toe".to_owned(), bot: true, ..CreateGame::default() };
            games.create(me, wanted, None).await.map(drop)
        }
        (Command::Invite { to }, Some(id)) => games.invite_player(me, id, players[*to], None).await.map(drop),
        (Command::Link, Some(id)) => games.invite_link(me, id, None).await.map(drop),
        (Command::Accept { nth: n }, _) => match nth(invites(&to_me), *n) {
            Some(invite) => games.accept(me, invite.id, None).await.map(drop),
            None => Ok(()),
        },
        (Command::Decline { nth: n }, _) => match nth(invites(&to_me), *n) {
            Some(invite) => games.decline(me, invite.id, Some("no"), None).await.map(drop),
            None => Ok(()),
        },
        (Command::Cancel { nth: n }, _) => match nth(invites(&|invite| invite.from == me), *n) {
            Some(invite) => games.cancel(me, invite.id, None).await.map(drop),
            None => Ok(()),
        },
        (Command::Redeem { nth: n }, _) => match nth(invites(&|invite| invite.code.is_some()), *n) {
            Some(invite) => games.redeem(me, invite.code.as_deref().expect("a link"), None).await.map(drop),
            None => Ok(()),
        },
        (Command::Ready, Some(id)) => games.ready(me, id, None).await.map(drop),
        (Command::Play { cell }, Some(id)) => {
            games.play(me, id, &json!({ "cell": cell }), there[&id].sequence, None).await.map(drop)
        }
        (Command::Report { score }, Some(id)) => w.report(id, me, *score).await.map(drop),
        (Command::ReportAll, Some(id)) => {
            for (player, score) in there[&id].players.iter().zip(0..) {
                drop(w.report(id, player.player_id, score).await);
            }
            Ok(())
        }
        (Command::Together { mode, but }, _) => {
            together(games, players, who, mode, *but).await;
            Ok(())
        }
        (Command::Abandon, Some(id)) => games.abandon(me, id, None).await.map(drop),
        (Command::Gone { ago_ms, with_replica }, _) => {
            games.player_gone(me, now.plus_millis(-ago_ms), *with_replica).await.map(drop)
        }
        (Command::Back, _) => games.player_back(me).await.map(drop),
        (Command::Seen, Some(id)) => games.seen(&[Seen { player: me, game: id, at: now }]).await,
        (Command::Claim { win }, Some(id)) => {
            games.claim(me, id, if *win { Claim::Win } else { Claim::Draw }, None).await.map(drop)
        }
        (Command::Rematch { nth }, _) => {
            let over = |game: &&Game| game.finished_at.is_some() && game.player(me).is_some();
            match there.values().rev().filter(over).nth(*nth) {
                Some(game) => games.rematch(me, game.id, None).await.map(drop),
                None => Ok(()),
            }
        }
        (Command::Queue, _) if w.kernel.engagement(me) == Engagement::Idle => {
            w.queue(me).await;
            Ok(())
        }
        (Command::Unqueue, _) => {
            let from = w.kernel.engagement(me);
            if matches!(from, Engagement::Ticket(_)) {
                let engage = vec![Engage { player: me, from, to: Engagement::Idle }];
                Commit::commit(&*w.kernel, Riders { engage, ..Riders::default() }).await.expect("holds");
            }
            Ok(())
        }
        (Command::Sweep, _) => {
            let swept = games.sweep_due(now, 100).await.expect("readable");
            assert!(swept.failed.is_empty(), "{:?}", swept.failed);
            Ok(())
        }
        (Command::MarkUnseen, _) => {
            let marked = games.mark_unseen(now, 100).await.expect("readable");
            assert!(marked.failed.is_empty(), "{:?}", marked.failed);
            Ok(())
        }
        (Command::Void { nth }, _) => match there.keys().rev().nth(*nth) {
            Some(id) => w.operators.void(me, *id, "Broken.", None).await.map(drop),
            None => Ok(()),
        },
        _ => Ok(()),
    };
    // Refusals are fine; a store that fails, or an engagement nobody explained, is not.
    if let Err(Error::Store(error)) = answer {
        assert!(matches!(error, StoreError::Stale), "{command:?}: {error:?}");
    }
}

/// What must hold after every step.
fn check(w: &World, players: &[PlayerId], before: &BTreeMap<GameId, Game>, now: &BTreeMap<GameId, Game>) {
    for player in players {
        let held: Vec<_> = now.values().filter(|game| game.holds(*player)).map(|game| game.id).collect();
        match w.kernel.engagement(*player) {
            Engagement::Game(id) => assert_eq!(held, [id], "engaged exactly while held, and in one game"),
            other => assert!(held.is_empty(), "{other:?}, and held by {held:?}"),
        }
    }
    for game in now.values() {
        if let Some(old) = before.get(&game.id) {
            assert!(old.version < game.version || old == game, "a change without a version");
            let voided = (old.status, game.status) == (Status::Settled, Status::Voided);
            assert!(voided || old.status == game.status || !old.status.terminal(), "over is over");
        }
        let seats: BTreeSet<_> = game.players.iter().map(|player| player.seat).collect();
        assert_eq!(seats.len(), game.players.len(), "one player a seat");
        assert!(game.players.len() <= usize::from(catalogue().get(&game.mode).expect("known").seats()));
        for player in &game.players {
            let away = player.gone.is_none() || (game.holds(player.player_id) && game.status == Status::InProgress);
            assert!(away, "gone from nothing");
            let kept = player.status != PlayerStatus::Invited
                || game.invites.iter().any(|i| i.state.open() && i.to == Some(player.player_id));
            assert!(kept, "a seat kept for nobody");
        }
        let seated = |player| game.player(player).is_some_and(|player| player.status.engaged());
        assert!(game.invites.iter().all(|i| !i.state.open() || !i.to.is_some_and(seated)), "invited to the own seat");
        if game.status.live() {
            assert!(game.due_at.is_some(), "something ends every state: {:?}", game.status);
        } else {
            assert!(game.invites.iter().all(|invite| !invite.state.open()), "nobody joins what is over");
        }
        if let Some(id) = game.rematch {
            assert_eq!(now[&id].origin.rematch_of, Some(game.id));
        }
    }
}

/// Which versions of which games the ledger has, in the order they were entered.
async fn entered(w: &World) -> BTreeMap<GameId, Vec<i32>> {
    let mut versions = BTreeMap::<GameId, Vec<i32>>::new();
    for (family, last) in w.store.families().await.expect("readable") {
        let entries = w.store.ledger(&family, 0, i64::MAX).await.expect("readable");
        assert!(entries.iter().map(|entry| entry.sequence).eq(1..=last), "no gaps");
        for entry in entries {
            versions.entry(entry.game_id).or_default().push(entry.version);
        }
    }
    versions
}

/// What the whole story must say, as events and logs tell it.
async fn check_story(w: &World, end: &BTreeMap<GameId, Game>) {
    let events = w.kernel.events();
    let mut statuses: BTreeMap<String, Vec<Status>> = BTreeMap::new();
    let (mut invited, mut ended) = (BTreeMap::<String, usize>::new(), BTreeMap::<String, Vec<Value>>::new());
    let mut started = BTreeSet::new();
    for event in &events {
        let status = match &*event.kind {
            "game.started" => {
                assert!(started.insert((event.aggregate.clone(), event.audience.clone())), "told twice");
                continue;
            }
            "game.invited" => {
                *invited.entry(event.data["invite_id"].to_string()).or_default() += 1;
                continue;
            }
            "invite.updated" => {
                ended.entry(event.data["invite_id"].to_string()).or_default().push(event.data["state"].clone());
                continue;
            }
            "game.finished" => Status::Finished,
            "game.settled" => Status::Settled,
            "game.disputed" => Status::Disputed,
            "game.voided" => Status::Voided,
            "game.updated" => serde_json::from_value(event.data["status"].clone()).expect("a status"),
            _ => continue,
        };
        statuses.entry(event.aggregate.clone()).or_default().push(status);
    }
    let ledger = entered(w).await;
    for game in end.values() {
        let last = game.result.as_ref().map_or(0, |result| result.version);
        assert_eq!(ledger.get(&game.id).cloned().unwrap_or_default(), (1..=last).collect::<Vec<_>>());
        let mut told = statuses.remove(&format!("game:{}", game.id)).expect("every game is told of");
        told.dedup();
        assert!(told.windows(2).all(|pair| pair[0].may_become(pair[1])), "{told:?}");
        assert_eq!(told.last(), Some(&game.status));
        let ends = told.iter().filter(|status| status.terminal()).count();
        assert!(ends <= usize::try_from(last.max(1)).expect("rises"), "{told:?}");
        for invite in &game.invites {
            let id = json!(invite.id).to_string();
            assert_eq!(invited.get(&id).copied().unwrap_or(0), usize::from(invite.to.is_some()));
            let expected = if invite.state.open() { vec![] } else { vec![json!(invite.state)] };
            assert_eq!(ended.remove(&id).unwrap_or_default(), expected, "ends once, and says so");
        }
        let log = w.log(game.id).await;
        let mut prev = "0".repeat(64);
        for (line, n) in log.iter().zip(1..) {
            assert_eq!((line.n, &line.prev), (n, &prev));
            prev.clone_from(&line.hash);
        }
        assert_eq!((log.len(), &game.log.hash), (usize::try_from(game.log.n).expect("rises"), &prev));
        if game.finished_at.is_some() {
            let verified = verify(log.iter().map(LogLine::to_json)).expect("what was written holds");
            assert_eq!(verified.lines, game.log.n);
            let status = Status::parse(verified.result.as_ref().unwrap_or(&verified.ended)).expect("a status");
            assert_eq!(status, game.status, "the log tells where the game stands");
            let versions: Vec<_> = log.iter().filter_map(|line| line.data["version"].as_i64()).collect();
            assert_eq!(versions, (1..=i64::from(last)).collect::<Vec<_>>(), "each is logged once");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn whoever_meets_whom_the_invariants_hold(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("builds");
        runtime.block_on(async {
            let w = world();
            let players = w.players::<PLAYERS>();
            let mut before = BTreeMap::new();
            for step in &steps {
                w.clock.advance_millis(step.wait_ms);
                tokio::join!(
                    run(&w, &w.games, &players, step.left.0, &step.left.1),
                    run(&w, &w.other, &players, step.right.0, &step.right.1),
                );
                let now = all(&w).await;
                check(&w, &players, &before, &now);
                before = now;
            }
            check_story(&w, &before).await;
            // Liveness: with nobody doing anything, deadlines bring every game and invitation to an end.
            for _ in 0..4 {
                w.clock.advance_millis(25 * 3_600_000);
                tokio::join!(
                    run(&w, &w.games, &players, 0, &Command::Sweep),
                    run(&w, &w.other, &players, 0, &Command::Sweep),
                );
                let now = all(&w).await;
                check(&w, &players, &before, &now);
                before = now;
            }
            for game in before.values() {
                assert!(game.status.terminal(), "{:?}", game.status);
                assert!(game.invites.iter().all(|invite| invite.state != InviteState::Created && !invite.state.open()));
            }
            check_story(&w, &before).await;
        });
    }
}
