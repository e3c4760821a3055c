//! Cases for sessions, refresh tokens and WebSocket tickets.

use kernel::contract::all_at_once;
use kernel::{Riders, SessionId, Timestamp};

use super::{PlayerFixture, T0, poll_and_drop};
use crate::{
    Exchange, PlayerEvent, RevokeReason, Rotation, SESSION_LIFE, SecretHash, Session, UsedToken, WsTicket, decide,
};

impl PlayerFixture {
    fn exchange(&self, session: &Session, at: Timestamp) -> Exchange {
        let new = self.token(session.id);
        Exchange { session: session.id, old: session.refresh_hash, new, at, expires_at: at + SESSION_LIFE }
    }

    async fn rotate(&self, exchange: Exchange) -> Rotation {
        self.sessions.rotate(exchange).await.expect("answers")
    }

    async fn found(&self, id: SessionId) -> Session {
        self.sessions.find(id).await.expect("answers").expect("stored")
    }

    fn revocation(&self, session: &Session, reason: RevokeReason) -> Riders {
        let event = PlayerEvent::SessionRevoked { session: session.id, player: session.player_id, reason };
        Riders::events(vec![event.into_event(&*self.ids, T0)])
    }

    async fn revoke(&self, session: &Session, at: Timestamp) -> bool {
        self.sessions.revoke(session.id, at, Riders::default()).await.expect("answers")
    }
}

fn exchanged(session: &Session, by: &Exchange) -> Session {
    Session {
        refresh_hash: by.new,
        rotated_at: Some(by.at),
        last_used_at: by.at,
        expires_at: by.expires_at,
        ..session.clone()
    }
}

/// A further session of a player is stored as it is.
pub async fn a_session_starts_and_reads_back(world: &PlayerFixture) {
    let (player, first) = world.signed_in().await;
    let second = Session { user_agent: None, ..world.session(&player) };
    assert_eq!(world.sessions.find(second.id).await.expect("answers"), None);
    world.sessions.start(second.clone()).await.expect("the player exists");
    assert_eq!(world.found(second.id).await, second);
    assert_eq!(world.found(first.id).await, first);
}

/// The valid token is exchanged; presenting it again is known for what it is.
pub async fn a_token_is_exchanged_once(world: &PlayerFixture) {
    let (_, session) = world.signed_in().await;
    let first = world.exchange(&session, T0.plus_millis(5));
    let after = exchanged(&session, &first);
    assert_eq!(world.rotate(first).await, Rotation::Rotated(after.clone()));
    assert_eq!(world.found(session.id).await, after);
    let used = UsedToken { session_id: session.id, used_at: first.at, answered_at: None };
    assert_eq!(world.sessions.used(&first.old).await.expect("answers"), Some(used));
    assert_eq!(world.sessions.used(&first.new).await.expect("answers"), None);
    let again = Exchange { new: world.token(session.id), at: T0.plus_millis(9), ..first };
    assert_eq!(world.rotate(again).await, Rotation::Lost { session: after.clone(), used });
    assert_eq!(world.found(session.id).await, after, "a second use changes nothing");

    let second = world.exchange(&after, T0.plus_millis(20));
    let newest = exchanged(&after, &second);
    assert_eq!(world.rotate(second).await, Rotation::Rotated(newest.clone()));
    assert_eq!(world.rotate(again).await, Rotation::Lost { session: newest, used }, "however old");
}

/// Of exchanges of one token at the same time, one is carried out.
pub async fn of_concurrent_exchanges_one_wins(world: &PlayerFixture) {
    let (_, session) = world.signed_in().await;
    let exchanges: Vec<_> = (0..16).map(|n| world.exchange(&session, T0.plus_millis(n))).collect();
    let answers = all_at_once(exchanges.iter().map(|exchange| world.rotate(*exchange))).await;
    let won = exchanges.iter().zip(&answers).filter(|(_, answer)| matches!(answer, Rotation::Rotated(_)));
    let [winner] = won.map(|(exchange, _)| *exchange).collect::<Vec<_>>()[..] else {
        panic!("one winner expected: {answers:?}");
    };
    let after = exchanged(&session, &winner);
    let used = UsedToken { session_id: session.id, used_at: winner.at, answered_at: None };
    for answer in &answers {
        match answer {
            Rotation::Rotated(stands) => assert_eq!(*stands, after),
            lost => assert_eq!(*lost, Rotation::Lost { session: after.clone(), used }),
        }
    }
    assert_eq!(world.found(session.id).await, after);
}

/// A token that never was one, or was another session's, exchanges nothing.
pub async fn foreign_tokens_exchange_nothing(world: &PlayerFixture) {
    let (player, session) = world.signed_in().await;
    let other = world.session(&player);
    world.sessions.start(other.clone()).await.expect("the player exists");
    let used = world.exchange(&other, T0);
    world.rotate(used).await;
    let valid = world.exchange(&session, T0);
    for bent in [
        Exchange { old: world.hash(), ..valid },
        Exchange { old: used.old, ..valid },
        Exchange { old: used.new, ..valid },
        Exchange { session: SessionId::new(world.ids.uuid(T0)), ..valid },
    ] {
        assert_eq!(world.rotate(bent).await, Rotation::Unknown);
    }
    assert_eq!(world.found(session.id).await, session);
}

/// A session that is revoked or expired exchanges neither its valid nor its used tokens.
pub async fn an_ended_session_exchanges_nothing(world: &PlayerFixture) {
    let (player, session) = world.signed_in().await;
    let first = world.exchange(&session, T0);
    world.rotate(first).await;
    let session = world.found(session.id).await;
    let late = world.exchange(&session, session.expires_at);
    assert_eq!(world.rotate(late).await, Rotation::Ended, "expired");
    assert_eq!(world.rotate(Exchange { old: first.old, ..late }).await, Rotation::Ended, "expired");
    assert_eq!(world.rotate(Exchange { old: world.hash(), ..late }).await, Rotation::Unknown);
    assert!(world.revoke(&session, T0).await);
    let early = world.exchange(&session, T0);
    assert_eq!(world.rotate(early).await, Rotation::Ended, "revoked");
    assert_eq!(world.rotate(Exchange { old: first.old, ..early }).await, Rotation::Ended, "revoked");
    let other = world.session(&player);
    world.sessions.start(other.clone()).await.expect("the player exists");
    let in_time = world.exchange(&other, other.expires_at.plus_millis(-1));
    assert!(matches!(world.rotate(in_time).await, Rotation::Rotated(_)), "the others go on");
}

/// The time of the first answer is kept.
pub async fn the_first_answer_stays(world: &PlayerFixture) {
    let (_, session) = world.signed_in().await;
    let exchange = world.exchange(&session, T0);
    world.sessions.answered(&exchange.old, T0).await.expect("nothing to note");
    assert_eq!(world.sessions.used(&exchange.old).await.expect("answers"), None);
    world.rotate(exchange).await;
    for millis in [3, 9] {
        world.sessions.answered(&exchange.old, T0.plus_millis(millis)).await.expect("answers");
        let used = world.sessions.used(&exchange.old).await.expect("answers");
        assert_eq!(used.and_then(|used| used.answered_at), Some(T0.plus_millis(3)));
    }
    let again = world.rotate(Exchange { new: world.hash(), ..exchange }).await;
    assert!(matches!(again, Rotation::Lost { used, .. } if used.answered_at == Some(T0.plus_millis(3))), "{again:?}");
}

/// Of any number of revocations one counts, and writes its events.
pub async fn a_session_is_revoked_once_with_its_events(world: &PlayerFixture) {
    let (_, session) = world.signed_in().await;
    let riders: Vec<_> = (0..8).map(|_| world.revocation(&session, RevokeReason::SignedOut)).collect();
    let at = T0.plus_millis(7);
    let answers = all_at_once(riders.iter().map(|riders| world.sessions.revoke(session.id, at, riders.clone()))).await;
    let answers: Vec<bool> = answers.into_iter().map(|answer| answer.expect("answers")).collect();
    let winners: Vec<_> = riders.iter().zip(&answers).filter(|(_, won)| **won).map(|(riders, _)| riders).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    assert_eq!(world.new_events().await, winners[0].events);
    let late = world.revocation(&session, RevokeReason::Suspended);
    assert!(!world.sessions.revoke(session.id, at.plus_millis(1), late.clone()).await.expect("answers"));
    assert_eq!(world.found(session.id).await.revoked_at, Some(at), "the first time stays");
    let unknown = SessionId::new(world.ids.uuid(T0));
    assert!(!world.sessions.revoke(unknown, at, late).await.expect("answers"));
    assert_eq!(world.new_events().await, []);
}

/// Whatever the order of an exchange and a revocation, the session ends revoked and nothing is valid.
pub async fn an_exchange_and_a_revocation_do_not_revive(world: &PlayerFixture) {
    for n in 0..8 {
        let (_, session) = world.signed_in().await;
        let exchange = world.exchange(&session, T0.plus_millis(n));
        let rotate = async {
            world.rotate(exchange).await;
        };
        let revoke = async {
            assert!(world.revoke(&session, T0.plus_millis(n)).await);
        };
        let both: [std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>>; 2] = [Box::pin(rotate), Box::pin(revoke)];
        all_at_once(both).await;
        let after = world.found(session.id).await;
        assert!(after.revoked_at.is_some());
        assert_eq!(world.rotate(world.exchange(&after, T0)).await, Rotation::Ended);
    }
}

/// Sessions revoked since a time, that time included.
pub async fn revoked_sessions_are_listed(world: &PlayerFixture) {
    let mut revoked = Vec::new();
    for n in 0..4 {
        let (_, session) = world.signed_in().await;
        let at = T0.plus_millis(n);
        assert!(world.revoke(&session, at).await);
        revoked.push((at, session.id));
    }
    world.signed_in().await;
    for (since, _) in &revoked {
        let mut expected: Vec<_> = revoked.iter().filter(|(at, _)| at >= since).map(|(_, id)| *id).collect();
        let mut listed = world.sessions.revoked_since(*since).await.expect("answers");
        expected.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, expected);
    }
    assert_eq!(world.sessions.revoked_since(T0.plus_millis(4)).await.expect("answers"), []);
}

/// What ended long ago goes with its tokens; so do tokens used long ago. The rest stays.
pub async fn ended_sessions_are_purged_with_their_tokens(world: &PlayerFixture) {
    let cut = T0 + SESSION_LIFE + SESSION_LIFE;
    // Expires at T0 + life, long before the cut.
    let (player, expired) = world.signed_in().await;
    let used_of_expired = world.exchange(&expired, T0);
    world.rotate(used_of_expired).await;
    let mut kept = Vec::new();
    for n in 0..2 {
        let session = world.session(&player);
        world.sessions.start(session.clone()).await.expect("the player exists");
        let early = world.exchange(&session, T0.plus_millis(n));
        world.rotate(early).await;
        let late = world.exchange(&world.found(session.id).await, cut);
        world.rotate(Exchange { at: T0 + SESSION_LIFE.mul_f32(0.5), expires_at: cut, ..late }).await;
        kept.push((session, early, late));
    }
    let (_, revoked) = world.signed_in().await;
    let long = Exchange { expires_at: cut + SESSION_LIFE, ..world.exchange(&revoked, T0) };
    world.rotate(long).await;
    assert!(world.revoke(&revoked, T0).await);

    let cutoff = T0.plus_millis(2);
    let mut gone = world.sessions.purge(cutoff, 1).await.expect("answers");
    assert!(gone <= 2 + 1, "at most one session and its token, and one token more: {gone}");
    while let more @ 1.. = world.sessions.purge(cutoff, 1).await.expect("answers") {
        gone += more;
    }
    assert_eq!(gone, 2 + 3, "the revoked session and its token; the tokens used before the cutoff");
    assert_eq!(world.sessions.find(revoked.id).await.expect("answers"), None);
    assert_eq!(world.sessions.used(&long.old).await.expect("answers"), None);
    assert_eq!(world.found(expired.id).await.id, expired.id, "not expired by then");

    let later = T0 + SESSION_LIFE + std::time::Duration::from_secs(1);
    world.sessions.purge(later, 100).await.expect("answers");
    assert_eq!(world.sessions.find(expired.id).await.expect("answers"), None);
    for (session, early, late) in kept {
        assert_eq!(world.sessions.used(&early.old).await.expect("answers"), None);
        assert_eq!(world.found(session.id).await.refresh_hash, late.new);
    }
}

fn ws_ticket(session: &Session, expires_at: Timestamp) -> WsTicket {
    WsTicket { player_id: session.player_id, session_id: session.id, expires_at }
}

/// One taker gets a ticket, and gets it whole.
pub async fn a_ws_ticket_is_taken_once(world: &PlayerFixture) {
    let (_, session) = world.signed_in().await;
    for n in 0..6 {
        let (secret, ticket) = (world.hash(), ws_ticket(&session, T0.plus_millis(n)));
        world.ws_tickets.put_ws_ticket(&secret, ticket).await.expect("answers");
        assert_eq!(world.ws_tickets.take_ws_ticket(&world.hash()).await.expect("answers"), None);
        let taken = all_at_once((0..8).map(|_| world.ws_tickets.take_ws_ticket(&secret))).await;
        let taken: Vec<_> = taken.into_iter().filter_map(|answer| answer.expect("answers")).collect();
        assert_eq!(taken, [ticket]);
    }
}

/// Old tickets go, at most so many at a time.
pub async fn old_ws_tickets_are_purged(world: &PlayerFixture) {
    let (_, session) = world.signed_in().await;
    let mut secrets: Vec<SecretHash> = Vec::new();
    for n in 0..5 {
        secrets.push(world.hash());
        world.ws_tickets.put_ws_ticket(&secrets[n], ws_ticket(&session, T0)).await.expect("answers");
    }
    let (fresh, ticket) = (world.hash(), ws_ticket(&session, T0.plus_millis(1)));
    world.ws_tickets.put_ws_ticket(&fresh, ticket).await.expect("answers");
    for expected in [3, 2, 0] {
        let gone = world.ws_tickets.purge_ws_tickets(T0.plus_millis(1), 3).await.expect("answers");
        assert_eq!(gone, expected);
    }
    assert_eq!(world.ws_tickets.take_ws_ticket(&secrets[0]).await.expect("answers"), None);
    assert_eq!(world.ws_tickets.take_ws_ticket(&fresh).await.expect("answers"), Some(ticket));
}

/// Wherever a caller goes away, an exchange happened whole (the old token is known as used) or not at all.
pub async fn survives_a_dropped_exchange(world: &PlayerFixture) {
    for polls in 0..12 {
        let (_, session) = world.signed_in().await;
        let exchange = world.exchange(&session, T0);
        poll_and_drop(polls, world.sessions.rotate(exchange)).await;
        // The same again waits for one under way, and tells how that ended.
        let after = exchanged(&session, &exchange);
        match world.rotate(exchange).await {
            Rotation::Rotated(stands) => assert_eq!(stands, after),
            Rotation::Lost { session: stands, used } => assert_eq!((stands, used.used_at), (after.clone(), T0)),
            other => panic!("after {polls} polls: {other:?}"),
        }
        assert_eq!(world.found(session.id).await, after);
    }
}

/// A departure ends exactly the sessions it names and forgets what proves the player; afterwards no session starts.
pub async fn a_departure_ends_all_sessions_and_forgets(world: &PlayerFixture) {
    let creation = world.creation();
    let (player, session) = (creation.player.clone(), creation.start.clone().expect("creations start a session"));
    let device = creation.device.expect("guests have one");
    world.players.commit(creation).await.expect("a new guest");
    let other = world.session(&player);
    world.sessions.start(other.clone()).await.expect("the player exists");

    let erase = |standing: &[SessionId]| decide::erase(&player, standing, None, &*world.ids, T0).expect("a guest");
    let missed = world.players.depart(erase(&[session.id])).await;
    assert!(matches!(missed, Err(kernel::StoreError::Stale)), "a session nobody named: {missed:?}");
    assert_eq!(world.found(session.id).await, session);
    assert_eq!(world.sessions.standing(player.id, 10).await.expect("answers").len(), 2);

    let erasure = erase(&[session.id, other.id]);
    let after = erasure.change.player.clone();
    world.players.depart(erasure).await.expect("both are named");
    assert_eq!(world.players.load(player.id).await.expect("answers"), Some(after));
    assert_eq!(world.players.by_device(&device).await.expect("answers"), None);
    assert_eq!(world.sessions.standing(player.id, 10).await.expect("answers"), []);
    for id in [session.id, other.id] {
        let ended = world.found(id).await;
        assert_eq!((ended.revoked_at, ended.user_agent), (Some(T0), None));
    }
    let erased = async |since| world.players.erased_since(since, 1_000).await.expect("answers").contains(&player.id);
    assert!(erased(T0).await && !erased(T0.plus_millis(1)).await);
    let late = world.sessions.start(world.session(&player)).await;
    assert!(matches!(late, Err(kernel::StoreError::Stale)), "a sign-in that was under way: {late:?}");
}
