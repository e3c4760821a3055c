//! Sockets while something else fails: they stay, or come back at another replica, and nothing is missed.

use crate::app::Setup;
use crate::client::Answered as _;
use crate::players::Match;
use crate::sockets::Socket;
use crate::wait::seconds;

#[tokio::test]
async fn two_replicas_deliver_without_a_gap_while_redis_is_lost() {
    let mut app = Setup::networked(2).start().await;
    let played = Match::running("tic_tac_toe", app.two_guests().await).await;
    let [first, second] = &played.seats;
    let mut sockets = Vec::new();
    for player in [first, second] {
        let mut socket = Socket::open(player).await;
        socket.join(&played.game).await;
        sockets.push(socket);
    }
    first.mark(&played.game, 0, 0).await.expect_status(200);
    for socket in &mut sockets {
        assert_eq!(socket.event("game.moved").await["data"]["sequence"], 1);
    }
    app.own_redis().kill();
    second.mark(&played.game, 3, 1).await.expect_status(200);
    first.mark(&played.game, 1, 2).await.expect_status(200);
    for socket in &mut sockets {
        for sequence in [2, 3] {
            assert_eq!(socket.event("game.moved").await["data"]["sequence"], sequence);
        }
    }
    second.mark(&played.game, 4, 3).await.expect_status(200);
    app.own_redis().restart();
    first.mark(&played.game, 2, 4).await.expect_status(200);
    for socket in &mut sockets {
        for sequence in [4, 5] {
            assert_eq!(socket.event("game.moved").await["data"]["sequence"], sequence);
        }
        socket.event("game.settled").await;
    }
}

#[tokio::test]
async fn kill_9_under_a_socket_is_made_up_for_at_the_other_replica() {
    let app = Setup::networked(2).start().await;
    let played = Match::running("tic_tac_toe", app.two_guests().await).await;
    let there = app.client(1);
    let mut socket = Socket::open(&played.seats[0].at(&app.client(0))).await;
    socket.join(&played.game).await;
    let played = Match { game: played.game, seats: played.seats.map(|player| player.at(&there)) };
    played.seats[0].mark(&played.game, 0, 0).await.expect_status(200);
    socket.event("game.moved").await;
    app.replica(0).kill9();
    socket.close_code().await.expect("the connection ends");
    played.play_to_a_win(1).await;
    let begun = std::time::Instant::now();
    let mut back = Socket::resume(&played.seats[0], &socket.cut()).await;
    assert_eq!(back.hello["streams"][format!("game:{}", played.game)]["recovered"], true, "{}", back.hello);
    for sequence in 2..=5 {
        assert_eq!(back.event("game.moved").await["data"]["sequence"], sequence);
    }
    back.event("game.settled").await;
    assert!(begun.elapsed() < seconds(15), "{:?}", begun.elapsed());
}
