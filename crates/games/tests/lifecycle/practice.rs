//! Against a practice bot: at once, by the same rules, and for nothing.

use kernel::{Engagement, PlayerId, Refusal, StreamKey};
use serde_json::{Value, json};
use shallweplay_games::{
    Created, Error, Game, GameStore, LogLine, OriginKind, Outcome, PlayerStatus, Seen, Status, verify,
};

use crate::world::{World, code, statuses, world};

async fn practise(w: &World, by: PlayerId, mode: &str) -> Result<Created, Error> {
    let wanted = shallweplay_games::CreateGame { mode: mode.to_owned(), bot: true, ..Default::default() };
    w.games.create(by, wanted, None).await
}

async fn practising(w: &World, by: PlayerId, mode: &str) -> Game {
    practise(w, by, mode).await.expect("there is a bot").game
}

/// The first of all moves there are that is legal now.
async fn any_move(w: &World, by: PlayerId, game: &Game) -> Game {
    let moves: Vec<Value> = match &*game.mode {
        "tic_tac_toe" => (0..9).map(|cell| json!({ "cell": cell })).collect(),
        "connect_four" => (0..7).map(|column| json!({ "column": column })).collect(),
        _ => vec![json!({ "throw": "paper" })],
    };
    for mv in moves {
        match w.games.play(by, game.id, &mv, game.sequence, None).await {
            Ok(played) => return played.game,
            Err(Error::IllegalMove { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    panic!("no move in {:?}", game.state)
}

async fn verified(w: &World, game: &Game) -> shallweplay_games::Verified {
    verify(w.log(game.id).await.iter().map(LogLine::to_json)).expect("holds")
}

#[tokio::test]
async fn it_is_in_progress_at_once_and_only_the_player_is_held_and_told() {
    let w = world();
    let [ann, ben] = w.players();
    let game = practising(&w, ann, "tic_tac_toe").await;
    assert_eq!((game.status, game.rated, game.origin.kind), (Status::InProgress, false, OriginKind::Practice));
    assert_eq!(game.players.iter().map(|p| p.player_id).collect::<Vec<_>>(), [ann, PlayerId::BOT]);
    assert_eq!((statuses(&game), game.turn), (vec![PlayerStatus::Playing; 2], Some(0)));
    assert_eq!((game.tags(), game.is_practice()), (vec!["practice"], true));
    assert_eq!(w.kernel.engagement(ann), Engagement::Game(game.id));
    // Any number of them at once: the bot is engaged in none.
    let his = practising(&w, ben, "tic_tac_toe").await;
    assert_ne!(his.id, game.id);
    assert_eq!(w.kernel.engagement(PlayerId::BOT), Engagement::Idle);
    assert_eq!(w.games.live_of(PlayerId::BOT).await.expect("readable"), None);
    assert_eq!(w.told(&StreamKey::player(ann)), ["game.started"]);
    assert_eq!(w.told(&StreamKey::player(PlayerId::BOT)), Vec::<String>::new());
    assert_eq!(*w.games.may_relay(ann, game.id).await.expect("plays"), [ann]);
    let kinds: Vec<_> = w.log(game.id).await.into_iter().map(|line| line.kind).collect();
    assert_eq!(kinds, ["opened", "started"]);
}

#[tokio::test]
async fn each_game_is_played_to_its_end_by_the_rules_and_stands_in_the_ledger_unrated() {
    let w = world();
    let ann = w.player();
    for mode in ["tic_tac_toe", "connect_four", "rock_paper_scissors"] {
        let mut game = practising(&w, ann, mode).await;
        while game.status == Status::InProgress {
            assert!(game.turn.is_none_or(|turn| turn == 0), "the bot has moved in the same step");
            game = any_move(&w, ann, &game).await;
        }
        assert_eq!((game.status, w.kernel.engagement(ann)), (Status::Settled, Engagement::Idle));
        let entry = w.store.ledger(mode, 0, 10).await.expect("readable").pop().expect("entered");
        assert_eq!((entry.game_id, entry.rated, entry.is_practice()), (game.id, false, true));
        // Both one's moves stand in the stream in the order they were made, the round or number of each with it.
        let events = w.kernel.events();
        let moved: Vec<_> = events
            .iter()
            .filter(|event| event.kind == "game.moved" && event.audience == [StreamKey::game(game.id)])
            .map(|event| (event.data["seat"].as_u64().expect("a seat"), event.data["sequence"].as_i64()))
            .collect();
        for (n, (seat, sequence)) in moved.iter().enumerate() {
            let expected = if mode == "rock_paper_scissors" { n.div_ceil(2) } else { n + 1 };
            assert_eq!((*seat, *sequence), (n as u64 % 2, i64::try_from(expected).ok()), "{mode}");
        }
        assert_eq!(moved.last().and_then(|(_, sequence)| *sequence), Some(game.sequence));
        let replayed = verified(&w, &game).await.replayed.expect("played again");
        assert!(replayed.decided && replayed.moves == moved.len() as u64);
    }
    assert_eq!(w.store.families().await.expect("readable").len(), 3);
}

#[tokio::test]
async fn a_throw_of_the_bot_is_not_seen_before_the_players_nor_depends_on_it() {
    let w = world();
    let ann = w.player();
    let game = practising(&w, ann, "rock_paper_scissors").await;
    assert_eq!((game.turn, game.view(Some(ann)).expect("a view")["thrown"].clone()), (None, json!([false, false])));
    let throws: Vec<Value> = ["rock", "paper", "scissors"]
        .map(|throw| {
            let modes = w.games.modes();
            let mode = modes.get("rock_paper_scissors").expect("ships");
            let mv = json!({ "throw": throw });
            let decided = shallweplay_games::decide::play(&game, mode, ann, &mv, 0, w.now()).expect("legal");
            let change = decided.expect("a change");
            assert_eq!((change.game.sequence, change.events.len()), (1, 2));
            change.log[1].data["move"].clone()
        })
        .to_vec();
    assert!(throws.iter().all(|throw| *throw == throws[0]), "{throws:?}");
}

#[tokio::test]
async fn who_wants_more_than_a_bot_can_be_is_refused_and_nothing_happens() {
    let w = world();
    let [ann, ben] = w.players();
    for (mode, expected) in [
        ("duel", "games.no_bot"),
        ("solo", "games.no_bot"),
        ("off", "games.mode_disabled"),
        ("chess", "games.unknown_mode"),
    ] {
        assert_eq!(code(practise(&w, ann, mode).await), expected);
    }
    let wanted = |invite, link| shallweplay_games::CreateGame { mode: "tic_tac_toe".into(), invite, link, bot: true };
    let refused = w.games.create(ann, wanted(vec![ben], true), None).await.expect_err("refused");
    assert_eq!(refused.code(), "games.bad_invitees");
    assert_eq!(refused.fields().iter().map(|field| field.pointer.as_str()).collect::<Vec<_>>(), ["/invite", "/link"]);
    assert_eq!((w.kernel.events(), w.kernel.engagement(ann)), (vec![], Engagement::Idle));

    let game = practising(&w, ann, "tic_tac_toe").await;
    let busy = practise(&w, ann, "connect_four").await.expect_err("plays");
    assert_eq!((busy.code(), busy.extensions()), ("games.busy", vec![("game_id", json!(game.id))]));
    assert_eq!(code(w.games.invite_player(ann, game.id, ben, None).await), "games.not_waiting");
    let own = w.create(ben, "duel", &[]).await.expect("waits alone").game;
    let busy = practise(&w, ben, "connect_four").await.expect_err("waits in a game");
    assert_eq!(busy.extensions(), vec![("game_id", json!(own.id))]);
}

#[tokio::test]
async fn who_waits_in_a_queue_leaves_it_by_that() {
    let w = world();
    let ann = w.player();
    w.queue(ann).await;
    let game = practising(&w, ann, "tic_tac_toe").await;
    assert_eq!(w.kernel.engagement(ann), Engagement::Game(game.id));
    w.games.abandon(ann, game.id, None).await.expect("left");
    w.queue(ann).await;
    let next = w.games.rematch(ann, game.id, None).await.expect("at once");
    assert_eq!(w.kernel.engagement(ann), Engagement::Game(next.id));
}

#[tokio::test]
async fn of_two_replicas_asked_at_once_one_opens_a_game() {
    let w = world();
    let ann = w.player();
    let wanted = shallweplay_games::CreateGame { mode: "tic_tac_toe".into(), bot: true, ..Default::default() };
    let (one, two) = tokio::join!(w.games.create(ann, wanted.clone(), None), w.other.create(ann, wanted, None));
    let (made, refused) = match (one, two) {
        (Ok(made), Err(refused)) | (Err(refused), Ok(made)) => (made.game, refused),
        other => panic!("{other:?}"),
    };
    assert_eq!((refused.code(), refused.extensions()), ("games.busy", vec![("game_id", json!(made.id))]));
    // Of two that play the same move at once, too.
    let mv = json!({ "cell": 4 });
    let (one, two) = tokio::join!(w.games.play(ann, made.id, &mv, 0, None), w.other.play(ann, made.id, &mv, 0, None));
    let refused = one.as_ref().err().or(two.as_ref().err()).expect("one is too late");
    assert_eq!((refused.code(), w.load(made.id).await.sequence), ("games.stale_sequence", 2));
}

#[tokio::test]
async fn who_leaves_loses_and_plays_on_at_once_with_the_bot_beginning() {
    let w = world();
    let [ann, ben] = w.players();
    let game = practising(&w, ann, "connect_four").await;
    assert_eq!(code(w.games.rematch(ann, game.id, None).await), "games.no_rematch");
    let over = w.games.abandon(ann, game.id, None).await.expect("left");
    assert_eq!((over.status, over.tags()), (Status::Settled, vec!["abandoned", "practice"]));
    assert_eq!(over.player(ann).and_then(|p| p.outcome), Some(Outcome::Loss));
    assert_eq!(code(w.games.rematch(ben, game.id, None).await), "games.not_a_player");

    let (one, two) = tokio::join!(w.games.rematch(ann, game.id, None), w.other.rematch(ann, game.id, None));
    let (next, again) = (one.expect("at once"), two.expect("the same"));
    assert_eq!((next.id, next.status), (again.id, Status::InProgress));
    let next = w.load(next.id).await;
    assert_eq!((next.origin.kind, next.origin.rematch_of, next.rated), (OriginKind::Practice, Some(game.id), false));
    assert_eq!(w.load(game.id).await.rematch, Some(next.id));
    assert_eq!(next.players.iter().map(|p| p.player_id).collect::<Vec<_>>(), [PlayerId::BOT, ann]);
    assert_eq!((next.sequence, next.turn), (1, Some(1)), "the bot has begun");
    assert!(w.kernel.events().iter().all(|event| event.kind != "game.invited"), "nobody is asked");
    let mut game = next;
    while game.status == Status::InProgress {
        game = any_move(&w, ann, &game).await;
    }
    assert_eq!(verified(&w, &game).await.replayed.map(|replayed| replayed.decided), Some(true));
    let third = w.games.rematch(ann, game.id, None).await.expect("at once");
    assert_eq!(third.player(ann).map(|player| player.seat), Some(0));
}

#[tokio::test]
async fn who_drops_has_grace_and_nobody_waits_after_it() {
    let w = world();
    let ann = w.player();
    let game = practising(&w, ann, "tic_tac_toe").await;
    let gone = w.games.player_gone(ann, w.now(), false).await.expect("readable").expect("plays");
    assert!(gone.player(ann).is_some_and(|player| player.gone.is_some()));
    w.clock.advance_millis(29_000);
    let back = w.games.player_back(ann).await.expect("readable").expect("plays");
    assert!(back.players.iter().all(|player| player.gone.is_none()));
    w.games.player_gone(ann, w.now(), false).await.expect("readable");
    w.clock.advance_millis(30_000);
    assert_eq!(w.sweep().await, 1);
    let over = w.load(game.id).await;
    assert_eq!((over.status, w.kernel.engagement(ann)), (Status::Abandoned, Engagement::Idle));
    assert!(w.store.families().await.expect("readable").is_empty(), "no result");

    // Who plays by calls alone may think for as long as the game lasts; the bot can't be claimed over.
    let game = practising(&w, ann, "tic_tac_toe").await;
    w.games.seen(&[Seen { player: ann, game: game.id, at: w.now() }]).await.expect("noted");
    w.clock.advance_millis(600_000);
    assert!(w.games.mark_unseen(w.now(), 10).await.expect("readable").gone.is_empty());
    assert_eq!(w.sweep().await, 0);
    let refused = w.games.claim(ann, game.id, shallweplay_games::Claim::Win, None).await;
    assert_eq!(code(refused), "games.nothing_to_claim");
    w.clock.advance_millis(1_800_000);
    assert_eq!(w.sweep().await, 1);
    assert_eq!(w.load(game.id).await.status, Status::Voided);
}

#[tokio::test]
async fn the_same_seed_and_moves_get_the_same_answers() {
    let answers = async |seed: u32| {
        let w = world();
        let ann = w.player();
        for _ in 0..seed {
            w.player();
        }
        let mut game = practising(&w, ann, "tic_tac_toe").await;
        while game.status == Status::InProgress {
            game = any_move(&w, ann, &game).await;
        }
        (game.seed, game.state)
    };
    assert_eq!(answers(0).await, answers(0).await);
    let games: Vec<_> = futures(8, answers).await;
    assert!(games.iter().any(|(_, state)| *state != games[0].1), "not every game is the same");
}

async fn futures<T>(n: u32, of: impl AsyncFn(u32) -> T) -> Vec<T> {
    let mut found = Vec::new();
    for seed in 0..n {
        found.push(of(seed).await);
    }
    found
}
