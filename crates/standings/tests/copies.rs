//! Quick copies of boards are as the database, whatever is lost on the way, and who reads never sees half of one.

#[expect(dead_code, reason = "each test binary uses a part of it")]
mod worlds;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use kernel::{PageLimit, PlayerId};
use proptest::prelude::*;
use shallweplay_standings::{
    BoardCopies, BoardKey, BoardLine, BoardQuery, BoardSpan, Metric, Place, Standings, StandingsReads as _, Worker,
};
use worlds::{Fate, World};

type Lines = BTreeMap<PlayerId, (f64, i32)>;

#[derive(Default)]
struct Copy {
    at: Option<i64>,
    boards: BTreeMap<BoardKey, Lines>,
}

/// Copies that can be flushed and cut off.
#[derive(Default)]
struct Copies {
    families: Mutex<BTreeMap<String, Copy>>,
    down: AtomicBool,
}

impl Copies {
    fn with<T>(&self, family: &str, act: impl FnOnce(&mut Copy) -> Option<T>) -> Option<T> {
        if self.down.load(SeqCst) {
            return None;
        }
        act(self.families.lock().expect("no panic").entry(family.to_owned()).or_default())
    }
}

#[async_trait]
impl BoardCopies for Copies {
    async fn complete_to(&self, family: &str) -> Option<i64> {
        self.with(family, |copy| copy.at)
    }
    async fn change(&self, family: &str, from: i64, to: i64, lines: &[(BoardKey, PlayerId, Option<f64>, i32)]) -> bool {
        let change = |copy: &mut Copy| {
            (copy.at == Some(from)).then_some(())?;
            copy.at = Some(to);
            for (board, player, value, games) in lines {
                let Some(board) = copy.boards.get_mut(board) else { continue };
                match value {
                    Some(value) => board.insert(*player, (*value, *games)),
                    None => board.remove(player),
                };
            }
            Some(())
        };
        self.with(family, change).is_some()
    }
    async fn forget(&self, family: &str) {
        self.with(family, |copy| Some(std::mem::take(copy)));
    }
    async fn load(&self, family: &str, board: &BoardKey, lines: &[(PlayerId, f64, i32)]) -> bool {
        let load = |copy: &mut Copy| {
            copy.at.is_none().then_some(())?;
            let lines = lines.iter().map(|(player, value, games)| (*player, (*value, *games)));
            copy.boards.entry(board.clone()).or_default().extend(lines);
            Some(())
        };
        self.with(family, load).is_some()
    }
    async fn loaded(&self, family: &str, boards: &[BoardKey], to: i64) -> bool {
        let loaded = |copy: &mut Copy| {
            copy.at.is_none().then_some(())?;
            copy.at = Some(to);
            for board in boards {
                copy.boards.entry(board.clone()).or_default();
            }
            Some(())
        };
        self.with(family, loaded).is_some()
    }
    async fn lines(&self, family: &str, board: &BoardKey, _: BoardSpan, limit: i64) -> Option<Vec<BoardLine>> {
        let lines = self.with(family, |copy| copy.boards.get(board).filter(|_| copy.at.is_some()).cloned())?;
        let mut sorted: Vec<_> = lines.into_iter().collect();
        sorted.sort_by(|(one, a), (other, b)| b.0.total_cmp(&a.0).then(one.cmp(other)));
        let rank = |value: f64| sorted.iter().filter(|(_, (other, _))| *other > value).count() + 1;
        let line = |(player_id, (value, games)): &(PlayerId, (f64, i32))| BoardLine {
            player_id: *player_id,
            value: *value,
            games: *games,
            rank: i64::try_from(rank(*value)).expect("few"),
            tied: sorted.iter().filter(|(_, (other, _))| other == value).count() > 1,
        };
        Some(sorted.iter().take(usize::try_from(limit).expect("few")).map(line).collect())
    }
    async fn place(&self, _: &str, _: &BoardKey, _: PlayerId) -> Option<Option<Place>> {
        None
    }
}

fn world() -> (World, Arc<Copies>) {
    let mut world = World::new();
    let copies = Arc::new(Copies::default());
    world.ports.copies = copies.clone();
    world.worker = Worker::new(world.ports.clone());
    (world, copies)
}

/// Every copy that says something says what the database says; how many there are.
async fn agree(world: &World, copies: &Copies) -> usize {
    let mut said = 0;
    for (mode, family) in [("duel", "duel"), ("blitz", "duel"), ("chess", "chess"), ("score_attack", "score_attack")] {
        for season in ["", "2026-01", "2026-02", "2026-03"] {
            for metric in Metric::ALL {
                let board = BoardKey { mode: mode.to_owned(), season: season.to_owned(), metric };
                let Some(lines) = copies.lines(family, &board, BoardSpan::After(None), 100).await else { continue };
                let stands = world.store.board(&board, BoardSpan::After(None), 100).await.expect("readable");
                assert_eq!(lines, stands, "{board:?}");
                said += usize::from(!lines.is_empty());
            }
        }
    }
    said
}

#[tokio::test]
async fn copies_are_loaded_kept_and_read() {
    let (mut world, copies) = world();
    let [ann, ben] = world.players();
    world.beats("duel", ann, ben);
    world.plays("score_attack", &[(ann, 0, None, Some(70))]);
    world.work().await;
    assert_eq!(agree(&world, &copies).await, 4, "two boards of all time, two of the month");
    world.beats("duel", ann, ben);
    world.work().await;
    assert_eq!(agree(&world, &copies).await, 4);
    assert_eq!(copies.complete_to("duel").await, Some(2));

    // Bent on purpose: so it is the copy that is read.
    let board = BoardKey { mode: "duel".to_owned(), season: String::new(), metric: Metric::Rating };
    let bent = [(board.clone(), ben, Some(9_000.0), 1)];
    assert!(copies.change("duel", 2, 2, &bent).await);
    let query = BoardQuery { board, among: None, span: BoardSpan::After(None) };
    let read = Standings::new(world.ports.clone()).board(&query, PageLimit::default()).await.expect("readable");
    assert_eq!((read.lines[0].player_id, read.lines[0].value, read.total), (ben, 9_000.0, 2));
    copies.down.store(true, SeqCst);
    let read = Standings::new(world.ports.clone()).board(&query, PageLimit::default()).await.expect("readable");
    assert_eq!(read.lines[0].player_id, ann, "else the database");
}

#[tokio::test]
async fn lost_copies_come_back_within_seconds() {
    let (mut world, copies) = world();
    let [ann, ben] = world.players();
    world.beats("duel", ann, ben);
    world.work().await;
    copies.families.lock().expect("no panic").clear();
    world.clock.advance_millis(5_000);
    world.work().await;
    assert_eq!(agree(&world, &copies).await, 2);
    copies.down.store(true, SeqCst);
    world.beats("duel", ben, ann);
    world.work().await;
    copies.down.store(false, SeqCst);
    world.clock.advance_millis(5_000);
    world.work().await;
    assert_eq!(copies.complete_to("duel").await, Some(2));
    assert_eq!(agree(&world, &copies).await, 2);
}

#[tokio::test]
async fn a_new_month_gets_its_boards() {
    let (mut world, copies) = world();
    let [ann, ben] = world.players();
    world.beats("duel", ann, ben);
    world.work().await;
    world.clock.advance_millis(32 * 86_400_000);
    world.beats("duel", ann, ben);
    world.work().await;
    let board = BoardKey { mode: "duel".to_owned(), season: "2026-02".to_owned(), metric: Metric::Rating };
    let lines = copies.lines("duel", &board, BoardSpan::After(None), 10).await.expect("loaded");
    assert_eq!(lines.len(), 2);
    agree(&world, &copies).await;
}

#[tokio::test]
async fn copies_of_a_process_are_forgotten_when_it_stands_down() {
    let (mut world, copies) = world();
    let [ann, ben] = world.players();
    world.beats("duel", ann, ben);
    world.work().await;
    world.worker.stand_down().await;
    assert_eq!(copies.complete_to("duel").await, None);
    // Another process goes on; then this one leads again.
    let other = Worker::new(shallweplay_standings::StandingsPorts {
        copies: Arc::new(shallweplay_standings::NoCopies),
        ..world.ports.clone()
    });
    world.beats("duel", ben, ann);
    other.step(&world.lease().await).await.expect("no fault");
    world.work().await;
    assert_eq!(copies.complete_to("duel").await, Some(2));
    assert_eq!(agree(&world, &copies).await, 2);
}

/// A worker that slept while another process led must not go on with its own copies from where it was.
#[tokio::test]
async fn a_worker_that_was_overtaken_loads_its_copies_anew() {
    let (mut world, copies) = world();
    let [ann, ben] = world.players();
    world.beats("duel", ann, ben);
    world.work().await;
    let other = Worker::new(shallweplay_standings::StandingsPorts {
        copies: Arc::new(shallweplay_standings::NoCopies),
        ..world.ports.clone()
    });
    world.beats("duel", ben, ann);
    other.step(&world.lease().await).await.expect("no fault");
    assert_eq!(copies.complete_to("duel").await, Some(1));
    world.work().await;
    assert_eq!(copies.complete_to("duel").await, Some(2));
    assert_eq!(agree(&world, &copies).await, 2);
}

/// The worker dies when the database has a corrected rating and the copies haven't: the next one must notice.
#[tokio::test]
async fn a_correction_that_breaks_off_leaves_no_stale_copy() {
    for after in 0..12 {
        let (mut world, copies) = world();
        let players: [PlayerId; 4] = world.players();
        let wrong = world.beats("duel", players[0], players[1]);
        for n in 0..12 {
            world.beats("duel", players[n % 4], players[(n + 1) % 4]);
        }
        world.work().await;
        world.voids(&wrong);
        let fates = (0..after).map(|_| None).chain([Some(Fate::Unheard)]);
        world.fragile.fates.lock().expect("no panic").extend(fates);
        world.work().await;
        assert_eq!(copies.complete_to("duel").await, Some(14));
        assert_eq!(agree(&world, &copies).await, 2, "after {after}");
    }
}

#[derive(Debug, Clone)]
enum Op {
    Beats { blitz: bool, winner: usize, loser: usize },
    Void { game: prop::sample::Index },
    Work { steps: u8 },
    Replace,
    Flush,
    Cut { down: bool },
    Fail { fate: bool },
    Wait { days: u8 },
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        8 => (any::<bool>(), 0..5_usize, 1..5_usize)
            .prop_map(|(blitz, winner, by)| Op::Beats { blitz, winner, loser: (winner + by) % 5 }),
        2 => any::<prop::sample::Index>().prop_map(|game| Op::Void { game }),
        6 => (1..5_u8).prop_map(|steps| Op::Work { steps }),
        1 => Just(Op::Replace),
        1 => Just(Op::Flush),
        2 => any::<bool>().prop_map(|down| Op::Cut { down }),
        1 => any::<bool>().prop_map(|fate| Op::Fail { fate }),
        1 => (1..20_u8).prop_map(|days| Op::Wait { days }),
    ];
    prop::collection::vec(op, 1..70)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_the_end_copies_are_there_and_agree_with_the_database(ops in ops()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let (mut world, copies) = world();
            let players: [PlayerId; 5] = world.players();
            let mut games = vec![world.beats("duel", players[0], players[1])];
            for op in ops {
                world.clock.advance_millis(1_000);
                match op {
                    Op::Beats { blitz, winner, loser } => {
                        let mode = if blitz { "blitz" } else { "duel" };
                        games.push(world.beats(mode, players[winner], players[loser]));
                    }
                    Op::Void { game } => {
                        let game = game.get(&games).clone();
                        let at = games.iter().position(|one| one.game_id == game.game_id).expect("it is there");
                        games[at] = world.voids(&game);
                    }
                    Op::Work { steps } => for _ in 0..steps { _ = world.step().await },
                    Op::Replace => world.worker = Worker::new(world.ports.clone()),
                    Op::Flush => copies.families.lock().expect("no panic").clear(),
                    Op::Cut { down } => copies.down.store(down, SeqCst),
                    Op::Fail { fate } => {
                        let fate = if fate { Fate::Lost } else { Fate::Unheard };
                        world.fragile.fates.lock().expect("no panic").push_back(Some(fate));
                    }
                    Op::Wait { days } => world.clock.advance_millis(i64::from(days) * 86_400_000),
                }
            }
            copies.down.store(false, SeqCst);
            world.work().await;
            world.clock.advance_millis(5_000);
            world.work().await;
            let applied = i64::try_from(world.ledger.all().len()).expect("few");
            prop_assert_eq!(copies.complete_to("duel").await, Some(applied));
            agree(&world, &copies).await;
            Ok(())
        })?;
    }
}
