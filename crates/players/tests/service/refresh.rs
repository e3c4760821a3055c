use kernel::{Clock as _, Timestamp};
use proptest::prelude::*;
use shallweplay_players::{
    Error, Exchange, PlayerEvent, RefreshToken, RevokeReason, Rotation, SESSION_LIFE, Secret, SessionStore as _,
    SignedIn,
};

use super::World;

#[tokio::test]
async fn a_token_works_once_and_its_reuse_ends_the_family() {
    let world = World::new();
    let first = world.guest().await;
    let second = world.refresh(&first.refresh_token).await.expect("valid");
    assert_eq!((second.session_id, &second.player), (first.session_id, &first.player));
    world.clock.advance_millis(1);
    assert!(matches!(world.refresh(&first.refresh_token).await, Err(Error::RefreshReused)));
    assert!(matches!(world.refresh(&second.refresh_token).await, Err(Error::SessionEnded)));
    assert!(matches!(world.refresh(&first.refresh_token).await, Err(Error::SessionEnded)));
    let (session, player) = (first.session_id, first.player.id);
    assert_eq!(world.events(), [PlayerEvent::SessionRevoked { session, player, reason: RevokeReason::TokenReused }]);
    let since = world.clock.now();
    assert_eq!(world.service.revoked_since(since).await.expect("answers"), [session]);
    assert_eq!(world.service.revoked_since(since.plus_millis(1)).await.expect("answers"), []);
}

#[tokio::test]
async fn a_request_from_before_the_answer_merely_loses() {
    let world = World::new();
    let first = world.guest().await;
    let arrived_at = world.clock.now();
    world.clock.advance_millis(20);
    let second = world.refresh(&first.refresh_token).await.expect("valid");
    world.clock.advance_millis(20);
    let late = world.service.refresh(first.refresh_token.expose(), arrived_at).await;
    assert!(matches!(late, Err(Error::RefreshRaced)), "{late:?}");
    world.refresh(&second.refresh_token).await.expect("the family lives");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_refreshes_at_once_one_wins_and_the_family_lives() {
    let world = World::new();
    let first = world.guest().await;
    let arrived_at = world.clock.now();
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (service, token) = (world.service.clone(), first.refresh_token.clone());
            tokio::spawn(async move { service.refresh(token.expose(), arrived_at).await })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        match task.await.expect("no panic") {
            Ok(signed_in) => winners.push(signed_in),
            Err(error) => assert!(matches!(error, Error::RefreshRaced), "{error:?}"),
        }
    }
    assert_eq!(winners.len(), 1);
    world.refresh(&winners[0].refresh_token).await.expect("the family lives");
}

#[tokio::test]
async fn garbage_revokes_nothing() {
    let world = World::new();
    let guest = world.guest().await;
    let mut bent = guest.refresh_token.expose().to_owned();
    let last = if bent.pop() == Some('A') { 'B' } else { 'A' };
    bent.push(last);
    for text in ["", "x", "ü", &bent, &"A".repeat(64), &format!("{} ", guest.refresh_token.expose())] {
        assert!(matches!(world.refresh(&Secret::new(text)).await, Err(Error::BadRefreshToken)), "{text:?}");
        world.service.logout(text).await.expect("nothing to do");
    }
    assert!(world.is_live(&guest).await);
    assert_eq!(world.events(), []);
}

#[tokio::test]
async fn signing_out_ends_the_family_once() {
    let world = World::new();
    let first = world.guest().await;
    let second = world.refresh(&first.refresh_token).await.expect("valid");
    for token in [&first.refresh_token, &second.refresh_token, &second.refresh_token] {
        world.service.logout(token.expose()).await.expect("idempotent");
    }
    assert!(matches!(world.refresh(&second.refresh_token).await, Err(Error::SessionEnded)));
    let (session, player) = (first.session_id, first.player.id);
    assert_eq!(world.events(), [PlayerEvent::SessionRevoked { session, player, reason: RevokeReason::SignedOut }]);
}

#[tokio::test]
async fn a_session_lives_sixty_days_from_its_last_use() {
    let world = World::new();
    let life = i64::try_from(SESSION_LIFE.as_millis()).expect("fits");
    let mut signed_in = world.guest().await;
    for _ in 0..3 {
        world.clock.advance_millis(life - 1);
        signed_in = world.refresh(&signed_in.refresh_token).await.expect("used in time");
    }
    world.clock.advance_millis(life);
    assert!(matches!(world.refresh(&signed_in.refresh_token).await, Err(Error::SessionEnded)));
    world.clock.advance_millis(life + 1);
    assert!(world.service.purge(100).await.expect("answers") >= 1);
    assert!(matches!(world.refresh(&signed_in.refresh_token).await, Err(Error::BadRefreshToken)));
}

#[tokio::test]
async fn a_ws_ticket_opens_one_socket_in_its_time_and_session() {
    let world = World::new();
    let guest = world.guest().await;
    let issue = async || world.service.issue_ws_ticket(guest.player.id, guest.session_id).await.expect("answers");
    let ticket = issue().await;
    let opened = world.service.redeem_ws_ticket(ticket.expose()).await.expect("fresh");
    assert_eq!((opened.player_id, opened.session_id), (guest.player.id, guest.session_id));
    for used in [ticket, Secret::new("no ticket")] {
        assert!(matches!(world.service.redeem_ws_ticket(used.expose()).await, Err(Error::BadWsTicket)));
    }
    let late = issue().await;
    world.clock.advance_millis(30_000);
    assert!(matches!(world.service.redeem_ws_ticket(late.expose()).await, Err(Error::BadWsTicket)));
    let orphan = issue().await;
    world.service.logout(guest.refresh_token.expose()).await.expect("answers");
    assert!(matches!(world.service.redeem_ws_ticket(orphan.expose()).await, Err(Error::BadWsTicket)));
}

/// One step of several parties who share the tokens of one family.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Somebody refreshes with the nth token ever given out, in a request that arrived so long ago.
    Refresh { token: usize, ago: i64 },
    /// Another replica exchanges the nth token, and is not done with it yet.
    Exchange { token: usize },
    /// That replica's reply leaves.
    Answer,
    /// Time passes.
    Wait { millis: i64 },
    /// Somebody signs out with the nth token.
    Logout { token: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0_usize..6, prop_oneof![Just(0), 0_i64..40]).prop_map(|(token, ago)| Step::Refresh { token, ago }),
        2 => (0_usize..6).prop_map(|token| Step::Exchange { token }),
        3 => Just(Step::Answer),
        6 => (0_i64..30).prop_map(|millis| Step::Wait { millis }),
        1 => (0_usize..6).prop_map(|token| Step::Logout { token }),
    ]
}

/// What must hold, told without stores: the tokens in the order they were given out; all but the last are used.
struct Model {
    tokens: Vec<Secret>,
    /// For each used token, when its exchange was answered; `None` while that is under way.
    answered: Vec<Option<Timestamp>>,
    ended: Option<RevokeReason>,
}

impl Model {
    fn expect(&self, token: usize, arrived_at: Timestamp) -> &'static str {
        match (self.ended, self.answered.get(token)) {
            (Some(_), _) => "ended",
            (None, None) => "ok",
            (None, Some(Some(answered))) if arrived_at > *answered => "reused",
            // Not answered so far: nobody can know the next token. (Steps take less than the grace.)
            (None, Some(_)) => "raced",
        }
    }
}

fn told(answer: &Result<SignedIn, Error>) -> &'static str {
    match answer {
        Ok(_) => "ok",
        Err(Error::RefreshRaced) => "raced",
        Err(Error::RefreshReused) => "reused",
        Err(Error::SessionEnded) => "ended",
        Err(_) => "something else",
    }
}

async fn run(steps: Vec<Step>) {
    let world = World::new();
    let guest = world.guest().await;
    let mut model = Model { tokens: vec![guest.refresh_token.clone()], answered: Vec::new(), ended: None };
    let mut waited = 0;
    for step in steps {
        let now = world.clock.now();
        match step {
            Step::Refresh { token, ago } => {
                let (token, arrived_at) = (token % model.tokens.len(), now.plus_millis(-ago));
                let expected = model.expect(token, arrived_at);
                let answer = world.service.refresh(model.tokens[token].expose(), arrived_at).await;
                assert_eq!(told(&answer), expected, "{step:?}");
                match answer {
                    Ok(signed_in) => {
                        model.tokens.push(signed_in.refresh_token);
                        model.answered.push(Some(now));
                    }
                    Err(Error::RefreshReused) => model.ended = Some(RevokeReason::TokenReused),
                    Err(_) => {}
                }
            }
            Step::Exchange { token } => {
                let token = token % model.tokens.len();
                let old = RefreshToken::parse(model.tokens[token].expose()).expect("ours");
                let (new, secret) = RefreshToken::generate(&kernel::SeededIds::new(waited as u64), old.session);
                let expires_at = now + SESSION_LIFE;
                let exchange = Exchange { session: old.session, old: old.hash, new: new.hash, at: now, expires_at };
                let rotation = world.store.rotate(exchange).await.expect("answers");
                let wins = model.ended.is_none() && token + 1 == model.tokens.len();
                assert_eq!(matches!(rotation, Rotation::Rotated(_)), wins, "{rotation:?}");
                if wins {
                    model.tokens.push(secret);
                    model.answered.push(None);
                }
                waited += 1;
            }
            Step::Answer => {
                for (token, answered) in model.answered.iter_mut().enumerate().filter(|(_, at)| at.is_none()) {
                    let old = RefreshToken::parse(model.tokens[token].expose()).expect("ours");
                    world.store.answered(&old.hash, now).await.expect("answers");
                    *answered = Some(now);
                }
            }
            Step::Wait { millis } => world.clock.advance_millis(millis),
            Step::Logout { token } => {
                let token = token % model.tokens.len();
                world.service.logout(model.tokens[token].expose()).await.expect("answers");
                model.ended = model.ended.or(Some(RevokeReason::SignedOut));
            }
        }
        assert_eq!(world.is_live(&guest).await, model.ended.is_none());
        let (session, player) = (guest.session_id, guest.player.id);
        let expected = model.ended.map(|reason| PlayerEvent::SessionRevoked { session, player, reason });
        assert_eq!(world.events(), expected.into_iter().collect::<Vec<_>>(), "one event, when it ends");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_the_interleaving_a_family_behaves_as_told(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(run(steps));
    }
}
