//! Devices, search, suspension and erasure, over the memory stores.

use std::sync::Arc;
use std::time::Duration;

use kernel::memory::MemoryKernel;
use kernel::{Clock, FakeClock, IdSource, Outbox, PageLimit, SeededIds};
use shallweplay_players::memory::{FakeHasher, MemoryPlayerStore};
use shallweplay_players::{Error, PlayerEvent, Players, Ports, Registration, RevokeReason, Role, Secret, SignedIn};

struct World {
    players: Players,
    kernel: Arc<MemoryKernel>,
    clock: Arc<FakeClock>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(FakeClock::default());
        let ids: Arc<dyn IdSource> = Arc::new(SeededIds::new(5));
        let kernel = MemoryKernel::new(Arc::clone(&clock) as Arc<dyn Clock>, Arc::clone(&ids));
        let store = Arc::new(MemoryPlayerStore::new(Arc::clone(&kernel)));
        let players = Players::new(Ports {
            players: store.clone(),
            sessions: store.clone(),
            ws_tickets: store.clone(),
            guard: store,
            hasher: Arc::new(FakeHasher::default()),
            clock: clock.clone(),
            ids,
        });
        Self { players, kernel, clock }
    }

    async fn account(&self, handle: &str) -> SignedIn {
        let wanted = Registration { handle: handle.to_owned(), password: password(), display_name: None };
        self.players.register(None, wanted, Some("canary-device")).await.expect("a free handle")
    }

    async fn events(&self) -> Vec<PlayerEvent> {
        let rows = self.kernel.claim(1_000, Duration::from_secs(600)).await.expect("the outbox answers");
        rows.iter().filter_map(|row| PlayerEvent::from_event(&row.event)).collect()
    }

    async fn handles(&self, prefix: &str) -> Vec<String> {
        let page = self.players.by_handle_prefix(prefix, None, PageLimit::default()).await.expect("a good prefix");
        page.items.iter().filter_map(|player| player.handle.as_ref().map(ToString::to_string)).collect()
    }
}

fn password() -> Secret {
    Secret::new("correct horse battery staple")
}

#[tokio::test]
async fn a_device_is_ended_by_its_owner_only_and_once() {
    let world = World::new();
    let (mine, other) = (world.account("mine").await, world.account("other").await);
    let phone = world.players.login("mine", password(), Some("phone")).await.expect("the right password");
    assert_eq!(world.players.sessions_of(mine.player.id).await.expect("listed").len(), 2);
    world.events().await;

    let foreign = world.players.revoke_session(other.player.id, phone.session_id).await;
    assert!(matches!(foreign, Err(Error::NotFound)));
    for _ in 0..2 {
        world.players.revoke_session(mine.player.id, phone.session_id).await.expect("one's own");
    }
    let left = world.players.sessions_of(mine.player.id).await.expect("listed");
    assert_eq!(left.iter().map(|session| session.id).collect::<Vec<_>>(), [mine.session_id]);
    let (session, player) = (phone.session_id, mine.player.id);
    let ended = PlayerEvent::SessionRevoked { session, player, reason: RevokeReason::EndedElsewhere };
    assert_eq!(world.events().await, [ended]);
}

#[tokio::test]
async fn search_goes_by_handle_and_pages() {
    let world = World::new();
    for handle in ["anton", "anna", "bert", "an_b"] {
        world.account(handle).await;
    }
    world.players.sign_in_new_guest(Some("andy"), None).await.expect("a guest");
    assert_eq!(world.handles("AN").await, ["an_b", "anna", "anton"]);
    assert!(world.handles("a%").await.is_empty());
    let two = PageLimit::new(2).expect("in range");
    let first = world.players.by_handle_prefix("an", None, two).await.expect("found");
    let second = world.players.by_handle_prefix("an", first.next.as_ref(), two).await.expect("found");
    assert_eq!((first.items.len(), second.items.len(), second.next), (2, 1, None));
    for bad in ["a", &"a".repeat(25)] {
        assert!(matches!(world.players.by_handle_prefix(bad, None, two).await, Err(Error::Invalid(_))));
    }
}

#[tokio::test]
async fn an_erased_player_leaves_nothing_but_a_pseudonym() {
    let world = World::new();
    let guest = world.players.sign_in_new_guest(Some("Canary"), Some("canary-device")).await.expect("a guest");
    let device = guest.device_secret.clone().expect("new guests get one");
    let wanted = Registration { handle: "canary".to_owned(), password: password(), display_name: None };
    let account = world.players.register(Some(guest.player.id), wanted, None).await.expect("free");
    let ticket = world.players.issue_ws_ticket(account.player.id, account.session_id).await.expect("a ticket");
    let id = account.player.id;
    world.players.erase(id, None).await.expect("erased");

    let left = world.players.get(id).await.expect("the id stays");
    assert!(left.erased_at.is_some() && !format!("{left:?}").to_lowercase().contains("canary"));
    assert!(left.display_name.as_str().starts_with("Player "));
    assert!(world.handles("can").await.is_empty());
    assert!(matches!(world.players.login("canary", password(), None).await, Err(Error::BadCredentials)));
    assert!(matches!(world.players.sign_in_device(&device, None).await, Err(Error::UnknownDevice)));
    assert!(world.players.redeem_ws_ticket(ticket.expose()).await.is_err());
    let refreshed = world.players.refresh(account.refresh_token.expose(), world.clock.now()).await;
    assert!(matches!(refreshed, Err(Error::SessionEnded)));
    assert!(matches!(world.players.export(id).await, Err(Error::NotFound)));
    assert!(matches!(world.players.erase(id, None).await, Err(Error::NotFound)));

    let events = world.events().await;
    let ended =
        |event: &&PlayerEvent| matches!(event, PlayerEvent::SessionRevoked { reason: RevokeReason::Erased, .. });
    assert_eq!(events.iter().filter(ended).count(), 2, "{events:?}");
    assert_eq!(events.last(), Some(&PlayerEvent::Erased { player: id }));
    assert_ne!(world.account("canary").await.player.id, id, "the handle is free for others");
}

#[tokio::test]
async fn nobody_escapes_erasure_by_having_too_many_sessions() {
    let world = World::new();
    let me = world.account("hoarder").await;
    for _ in 0..shallweplay_players::MAX_SESSIONS + 5 {
        world.players.login("hoarder", password(), None).await.expect("the right password");
    }
    world.players.erase(me.player.id, None).await.expect("erased");
    assert!(world.players.sessions_of(me.player.id).await.expect("listed").is_empty());
}

#[tokio::test]
async fn suspension_ends_sessions_and_needs_power_over_the_player() {
    let world = World::new();
    let (target, peer) = (world.account("target").await, world.account("peer").await);
    let admin = world.players.ensure_admin("the_admin", password()).await.expect("an administrator");
    let until = world.clock.now() + Duration::from_secs(3_600);
    for (actor, subject) in [(peer.player.id, target.player.id), (admin.id, admin.id)] {
        let refused = world.players.suspend(actor, subject, until, "spam", None).await;
        assert!(matches!(refused, Err(Error::NotAllowed)));
    }
    assert!(matches!(world.players.erase(admin.id, None).await, Err(Error::LastAdmin)));

    world.players.set_role(admin.id, peer.player.id, Role::Moderator, "helps", None).await.expect("given");
    world.players.suspend(peer.player.id, target.player.id, until, "spam", None).await.expect("allowed now");
    assert!(world.players.sessions_of(target.player.id).await.expect("listed").is_empty());
    assert!(world.handles("targ").await.is_empty());
    let back = world.players.login("target", password(), None).await;
    assert!(matches!(back, Err(Error::Suspended { until: told }) if told == until));
}
