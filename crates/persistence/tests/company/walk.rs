//! Random steps of several at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use friends::NewLink;
use games::{CreateGame, InviteState};
use kernel::{ErrorKind, PlayerId, Refusal, StoreError};
use matchmaking::Join;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::world::{MODE, Replica, World};

const ACTORS: usize = 4;

/// How often each command was carried out, and how often asked for.
pub(crate) type Walked = BTreeMap<&'static str, (usize, usize)>;

/// Lets all actors walk, and handles what is left.
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
    while world.relay().await.expect("the store answers") > 0 {}
    walked
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
fn carried<T, E: Refusal + std::fmt::Debug>(answer: Result<T, E>) -> bool {
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
    let friends = &at.friends;
    match dice.random_range(0..112) {
        0..14 => ("request", carried(friends.request(one, other, None).await)),
        14..26 => ("accept", carried(friends.accept(one, other, None).await)),
        26..31 => ("decline", carried(friends.decline(one, other, None).await)),
        31..35 => ("cancel", carried(friends.cancel(one, other, None).await)),
        35..41 => ("unfriend", carried(friends.unfriend(one, other, None).await)),
        41..48 => ("block", carried(friends.block(one, other, None).await)),
        48..56 => ("unblock", carried(friends.unblock(one, other, None).await)),
        56..58 => ("note", carried(friends.note(one, other, Some("a note"), None).await)),
        58..62 => ("link", link(at, one, other, dice.random_bool(0.5)).await),
        62..70 => {
            let wanted = CreateGame { mode: MODE.to_owned(), invite: vec![other], ..CreateGame::default() };
            ("invite", carried(at.games.create(one, wanted, None).await))
        }
        70..78 => ("answer", answer(at, one, dice.random_bool(0.7)).await),
        78..84 => ("leave", leave(at, one).await),
        84..92 => ("queue", carried(at.queue.join(Join::alone(one, MODE), None).await)),
        92..95 => ("unqueue", unqueue(at, one).await),
        95..103 => ("match", lead(world, at).await),
        103..109 => ("relay", world.relay().await.is_ok_and(|rows| rows > 0)),
        109..111 => ("sweep", sweep(world, at).await),
        _ => {
            // Now and then requests lapse and declines stop holding.
            world.clock.advance_millis(if dice.random_bool(0.02) { 8 * 86_400_000 } else { 900 });
            ("time", true)
        }
    }
}

async fn link(at: &Replica, owner: PlayerId, other: PlayerId, auto_accept: bool) -> bool {
    let wanted = NewLink { max_uses: Some(1), expires_in: None, auto_accept };
    match at.friends.create_link(owner, wanted, None).await {
        Ok(link) => carried(at.friends.redeem(other, &link.code, None).await),
        refused => carried(refused),
    }
}

async fn answer(at: &Replica, player: PlayerId, yes: bool) -> bool {
    let open = at.games.invites_of(player).await.expect("the store answers");
    let Some((_, invite)) = open.into_iter().find(|(_, invite)| invite.to == Some(player)) else { return false };
    assert!(!matches!(invite.state, InviteState::Expired), "only open ones are listed");
    if yes {
        carried(at.games.accept(player, invite.id, None).await)
    } else {
        carried(at.games.decline(player, invite.id, None, None).await)
    }
}

async fn leave(at: &Replica, player: PlayerId) -> bool {
    match at.games.live_of(player).await.expect("the store answers") {
        Some(game) => carried(at.games.abandon(player, game.id, None).await),
        None => false,
    }
}

async fn unqueue(at: &Replica, player: PlayerId) -> bool {
    match at.queue.live_of(player).await.expect("the store answers") {
        Some(ticket) => carried(at.queue.cancel(player, ticket.id, None).await),
        None => false,
    }
}

async fn lead(world: &World, at: &Replica) -> bool {
    use kernel::Clock as _;
    let mut leader = at.leader.lock().await;
    match leader.step(world.clock.now(), Vec::new()).await {
        Ok(step) => step.matched > 0,
        Err(StoreError::Stale | StoreError::Fenced | StoreError::Engaged { .. }) => false,
        Err(error) => panic!("a leader's step failed: {error}"),
    }
}

async fn sweep(world: &World, at: &Replica) -> bool {
    use kernel::Clock as _;
    let now = world.clock.now();
    let swept = at.games.sweep_due(now, 20).await.expect("the store answers");
    assert!(swept.failed.is_empty(), "{:?}", swept.failed);
    carried(at.queue.sweep_due(now, 20).await) && carried(at.friends.sweep(20).await)
}
