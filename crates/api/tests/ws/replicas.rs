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
        for seat in &mut seats {
            assert_eq!(seat.event("game.moved").await["data"]["sequence"], sequence + 1);
        }
    }
    // Each replica resumes what the other one began.
    let stream = format!("game:{game}");
    for (seat, replica) in seats.iter().zip([1, 0]) {
        let (mut client, hello) = world.sign_in(replica, &seat.player, json!({})).await;
        client.recv_type("session.ready", PATIENCE).await.expect("becomes ready");
        assert_eq!(hello["live"]["game_id"], game.as_str(), "{hello}");
        let mut client = Seat { client, player: seat.player.clone() };
        let place = client.ask("game.join", json!({ "game_id": game })).await["streams"][&stream].clone();
        let offset = place["offset"].as_i64().expect("is a number");
        let resume = json!({ stream.clone(): { "epoch": place["epoch"], "offset": offset - 1 } });
        let (mut client, hello) = world.sign_in(replica, &seat.player, resume).await;
        assert_eq!(hello["streams"][&stream]["recovered"], true, "{hello}");
        assert_eq!(
            client.recv_json(PATIENCE).await.expect("comes")["data"]["sequence"],
            3,
            "what was missed comes first"
        );
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
