//! Players on two replicas.

use serde_json::{Value, json};

use crate::play::{Seat, started};
use crate::world::{PATIENCE, World};

#[tokio::test]
async fn players_of_two_replicas_meet_talk_and_move() {
    let world = World::two_replicas(&[]).await;
    let pair = [Seat::new(&world, 0).await, Seat::new(&world, 1).await];
    let (game, mut seats) = started("tic_tac_toe", pair).await;
    seats[0].ask("game.relay", json!({ "game_id": game, "data": "hi" })).await;
    assert_eq!(seats[1].event("game.relayed").await["data"]["data"], "hi");
    for (sequence, cell) in (0_i64..).zip([0, 3, 1]) {
        let mover = usize::try_from(sequence % 2).expect("is small");
        let data = json!({ "game_id": game, "move": { "cell": cell }, "expected_sequence": sequence });
        seats[mover].ask("game.move", data).await;
        assert_eq!(seats[1 - mover].event("game.moved").await["data"]["sequence"], sequence + 1);
    }
    // The other replica resumes what this one began.
    let [mut mover, mut waiting] = seats;
    let seen = waiting.event("game.moved").await;
    let stream = format!("game:{game}");
    let resume = json!({ stream.clone(): { "epoch": seen["epoch"], "offset": seen["offset"] } });
    drop(waiting.client);
    let data = json!({ "game_id": game, "move": { "cell": 4 }, "expected_sequence": 3 });
    let on_move = if waiting.player.id == mover.player.id { "games.stale_sequence" } else { "games.not_your_turn" };
    assert_eq!(mover.refused("game.move", data).await, on_move);
    for replica in [0, 1] {
        let (mut client, hello) = world.sign_in(replica, &waiting.player, resume.clone()).await;
        assert_eq!(hello["streams"][&stream]["recovered"], true, "{hello}");
        client.recv_type("session.ready", PATIENCE).await.expect("becomes ready");
    }
}

#[tokio::test]
async fn without_redis_events_still_come_within_two_seconds() {
    let mut world = World::two_replicas(&[]).await;
    let pair = [Seat::new(&world, 0).await, Seat::new(&world, 1).await];
    let (game, mut seats) = started("tic_tac_toe", pair).await;
    world.redis.as_mut().expect("is there").kill();
    for (sequence, cell) in (0_i64..).zip([0, 3, 1, 4, 2]) {
        let mover = usize::try_from(sequence % 2).expect("is small");
        let data = json!({ "game_id": game, "move": { "cell": cell }, "expected_sequence": sequence });
        seats[mover].ask("game.move", data).await;
        let moved: Value = seats[1 - mover].event("game.moved").await;
        assert_eq!(moved["data"]["sequence"], sequence + 1);
        assert_eq!(seats[mover].event("game.moved").await["data"]["sequence"], sequence + 1);
    }
    for seat in &mut seats {
        seat.event("game.settled").await;
    }
}
