//! Random steps of several at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use kernel::{BlockChange, Engage, Engagement, ErrorKind, Event, EventId, PlayerId, Refusal, Riders, StoreError};
use matchmaking::{Answer, Change, Error, Join};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::world::{MODES, Replica, World};

const ACTORS: usize = 4;

/// How often each command was carried out, and how often asked for.
pub(crate) type Walked = BTreeMap<&'static str, (usize, usize)>;

/// Lets all actors walk; then faults end, and everything comes to rest.
pub(crate) async fn walk(world: &Arc<World>, seed: u64, steps: usize) -> Walked {
    let actors: Vec<_> = (0..ACTORS)
        .map(|actor| {
            let world = Arc::clone(world);
            let dice = ChaCha8Rng::seed_from_u64(seed.wrapping_mul(1_000).wrapping_add(actor as u64));
            tokio::spawn(async move { wander(&world, dice, actor, steps / ACTORS).await })
        })
        .collect();
    let mut walked = Walked::new();
    for actor in actors {
        for (what, (done, all)) in actor.await.expect("no step panics") {
            let sum = walked.entry(what).or_default();
            *sum = (sum.0 + done, sum.1 + all);
        }
    }
    rest(world).await;
    walked
}

/// No more faults, no more commands, and time passes: within its life every ticket ends.
async fn rest(world: &World) {
    world.store.faults.store(false, Ordering::SeqCst);
    for _ in 0..60 {
        for (nth, mode) in MODES.iter().enumerate() {
            for replica in &world.replicas {
                lead(world, replica, nth, world.bus.take(mode)).await;
            }
        }
        let swept = world.replicas[0].queue.sweep_due(world.now(), 500).await;
        assert!(swept.is_ok(), "{swept:?}");
        world.clock.advance_millis(4_000);
    }
    while world.relay().await > 0 {}
}

async fn wander(world: &World, mut dice: ChaCha8Rng, actor: usize, steps: usize) -> Walked {
    let mut walked = Walked::new();
    for _ in 0..steps {
        let replica = &world.replicas[actor % 2];
        let (what, done) = step(world, replica, &mut dice).await;
        let count = walked.entry(what).or_default();
        *count = (count.0 + usize::from(done), count.1 + 1);
        tokio::task::yield_now().await;
    }
    walked
}

/// Whether it was carried out; anything but a refusal breaks the test.
fn carried<T>(answer: Result<T, Error>) -> bool {
    match answer {
        Ok(_) => true,
        Err(refused) => {
            let kind = refused.kind();
            assert!(!matches!(kind, ErrorKind::Internal | ErrorKind::Unavailable), "{refused:?}");
            false
        }
    }
}

async fn step(world: &World, at: &Replica, dice: &mut ChaCha8Rng) -> (&'static str, bool) {
    let one = world.players[dice.random_range(0..world.players.len())];
    let other = world.players[dice.random_range(0..world.players.len())];
    match dice.random_range(0..122) {
        0..22 => ("join", join(world, at, one, dice.random_range(0..MODES.len())).await),
        22..30 => ("cancel", cancel(world, at, one).await),
        30..50 => ("answer", answer(world, at, one, dice.random_bool(0.93)).await),
        50..53 => ("found", carried(at.queue.found_party(one, None).await)),
        53..60 => ("invite", invite(at, one, other).await),
        60..67 => ("come", come(at, one).await),
        67..71 => ("leave", leave(at, one).await),
        71..73 => ("gone", carried(at.queue.player_gone(one, world.now()).await)),
        73..76 => ("back", carried(at.queue.player_back(one).await)),
        76..79 => ("block", block(world, at, one, other, dice.random_bool(0.4)).await),
        79..105 => {
            let nth = dice.random_range(0..MODES.len());
            let hints = if dice.random_bool(0.7) { world.bus.take(MODES[nth]) } else { Vec::new() };
            ("lead", lead(world, at, nth, hints).await)
        }
        105..107 => {
            // Its process dies without a word; its lease runs on.
            let nth = dice.random_range(0..MODES.len());
            *at.leaders[nth].lock().await = world.leader(MODES[nth], at.name);
            ("kill", true)
        }
        107..112 => ("end", end(world, one).await),
        112..115 => ("sweep", carried(at.queue.sweep_due(world.now(), 50).await)),
        115..118 => ("relay", world.relay().await > 0),
        _ => {
            world.clock.advance_millis(if dice.random_bool(0.1) { 16_000 } else { 700 });
            ("time", true)
        }
    }
}

async fn join(world: &World, at: &Replica, player: PlayerId, nth: usize) -> bool {
    let mine = world.parties.party_of(player).await.expect("the store answers");
    let led = mine.filter(|party| party.leader_id == player && party.members.len() <= nth + 1);
    let wanted = Join { party: led.map(|party| party.id), ..Join::alone(player, MODES[nth]) };
    match at.queue.join(wanted, None).await {
        Ok(ticket) => {
            world.seen.lock().expect("nobody panics holding it").submitted.insert(ticket.id);
            true
        }
        refused => carried(refused),
    }
}

async fn cancel(world: &World, at: &Replica, player: PlayerId) -> bool {
    let Some(ticket) = at.queue.live_of(player).await.expect("the store answers") else { return false };
    let cancelled = carried(at.queue.cancel(player, ticket.id, None).await);
    if cancelled {
        world.seen.lock().expect("nobody panics holding it").cancelled.insert(ticket.id);
    }
    cancelled
}

async fn engagement(world: &World, player: PlayerId) -> Engagement {
    world.engagements.current(&[player]).await.expect("the store answers")[0]
}

async fn answer(world: &World, at: &Replica, player: PlayerId, yes: bool) -> bool {
    let Engagement::Proposal(id) = engagement(world, player).await else { return false };
    let said = if yes { Answer::Accepted } else { Answer::Declined };
    carried(at.queue.answer(player, id, said, None).await)
}

async fn invite(at: &Replica, player: PlayerId, to: PlayerId) -> bool {
    match at.queue.my_party(player).await {
        Ok(view) => carried(at.queue.invite_to_party(player, view.party.id, to, None).await),
        refused => carried(refused),
    }
}

/// Takes the newest invitation up, and is ready.
async fn come(at: &Replica, player: PlayerId) -> bool {
    let open = at.queue.party_invites(player).await.expect("the store answers");
    let Some((party, _)) = open.first() else { return false };
    carried(at.queue.join_party(player, *party, None).await)
        && carried(at.queue.party_ready(player, *party, true, None).await)
}

async fn leave(at: &Replica, player: PlayerId) -> bool {
    match at.queue.my_party(player).await {
        Ok(view) => carried(at.queue.leave_party(player, view.party.id, None).await),
        refused => carried(refused),
    }
}

/// Takes a block up or lifts it, as friends do, and lets the parties know.
async fn block(world: &World, at: &Replica, blocker: PlayerId, blocked: PlayerId, stands: bool) -> bool {
    if blocker == blocked {
        return false;
    }
    let now = world.now();
    let event = Event {
        id: EventId::new(kernel::IdSource::uuid(&*world.ids, now)),
        aggregate: format!("block:{blocker}:{blocked}"),
        kind: if stands { "block.placed" } else { "block.lifted" }.into(),
        audience: Vec::new(),
        data: serde_json::json!({ "blocker": blocker, "blocked": blocked }),
        at: now,
    };
    let riders = Riders {
        blocks: vec![BlockChange { blocker, blocked, stands, at: now }],
        events: vec![event],
        ..Riders::default()
    };
    world.store.inner.commit(Change::default(), riders).await.expect("nothing stands against a block");
    world.seen.lock().expect("nobody panics holding it").blocks.insert((blocker, blocked), stands);
    !stands || carried(at.queue.part(blocker, blocked).await)
}

async fn lead(world: &World, at: &Replica, nth: usize, hints: Vec<matchmaking::Hint>) -> bool {
    let mut leader = at.leaders[nth].lock().await;
    match leader.step(world.now(), hints).await {
        Ok(step) => step.matched > 0,
        Err(
            StoreError::Stale
            | StoreError::Fenced
            | StoreError::Engaged { .. }
            | StoreError::Apart { .. }
            | StoreError::Unavailable(_),
        ) => false,
        Err(error) => panic!("a leader's step failed: {error}"),
    }
}

/// The player's game ends for everybody in it.
async fn end(world: &World, player: PlayerId) -> bool {
    let from = engagement(world, player).await;
    let Engagement::Game(game) = from else { return false };
    let doing = world.engagements.current(&world.players).await.expect("the store answers");
    let inside = world.players.iter().zip(doing).filter(|(_, doing)| *doing == from);
    let engage = inside.map(|(player, _)| Engage { player: *player, from, to: Engagement::Idle }).collect();
    let done = world.store.inner.commit(Change::default(), Riders { engage, ..Riders::default() }).await;
    if done.is_ok() {
        world.seen.lock().expect("nobody panics holding it").ended.insert(game);
    }
    done.is_ok()
}
