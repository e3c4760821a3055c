//! The service over the memory stores.

mod operators;
mod profile;
mod refresh;
mod sign_in;

use std::sync::Arc;

use kernel::memory::MemoryKernel;
use kernel::{Clock, FakeClock, IdSource, SeededIds};
use shallweplay_players::memory::{FakeHasher, MemoryPlayerStore};
use shallweplay_players::{
    Error, PlayerEvent, PlayerStore, Players, Ports, Registration, Secret, SessionStore, SignedIn,
};

/// One world with its clock at hand.
struct World {
    service: Players,
    store: Arc<MemoryPlayerStore>,
    kernel: Arc<MemoryKernel>,
    clock: Arc<FakeClock>,
    hasher: Arc<FakeHasher>,
}

impl World {
    fn new() -> Self {
        let (clock, hasher) = (Arc::new(FakeClock::default()), Arc::new(FakeHasher::default()));
        let ids: Arc<dyn IdSource> = Arc::new(SeededIds::new(1));
        let kernel = MemoryKernel::new(clock.clone(), Arc::clone(&ids));
        let store = Arc::new(MemoryPlayerStore::new(Arc::clone(&kernel)));
        let service = Players::new(Ports {
            players: store.clone(),
            sessions: store.clone(),
            ws_tickets: store.clone(),
            guard: store.clone(),
            hasher: hasher.clone(),
            clock: clock.clone(),
            ids,
        });
        Self { service, store, kernel, clock, hasher }
    }

    async fn guest(&self) -> SignedIn {
        self.service.sign_in_new_guest(None, None).await.expect("a guest needs nothing")
    }

    async fn account(&self, handle: &str) -> SignedIn {
        self.service.register(None, registration(handle), None).await.expect("a free handle")
    }

    async fn login(&self, handle: &str, password: &str) -> Result<SignedIn, Error> {
        self.service.login(handle, Secret::new(password), None).await
    }

    async fn refresh(&self, token: &Secret) -> Result<SignedIn, Error> {
        self.service.refresh(token.expose(), self.clock.now()).await
    }

    async fn suspend(&self, player: &shallweplay_players::Player, millis: i64) {
        let expect = player.version;
        let suspended_until = Some(self.clock.now().plus_millis(millis));
        let player = shallweplay_players::Player { suspended_until, version: expect.next(), ..player.clone() };
        let riders = kernel::Riders::default();
        let change =
            shallweplay_players::PlayerChange { expect, player, device: None, password: None, start: None, riders };
        self.store.commit(change).await.expect("current");
    }

    async fn is_live(&self, signed_in: &SignedIn) -> bool {
        let session = self.store.find(signed_in.session_id).await.expect("answers").expect("stored");
        session.is_live(self.clock.now())
    }

    fn events(&self) -> Vec<PlayerEvent> {
        self.kernel.events().iter().map(|event| PlayerEvent::from_event(event).expect("one of ours")).collect()
    }
}

/// The password of all accounts here.
const PASSWORD: &str = "correct horse battery";

fn registration(handle: &str) -> Registration {
    Registration { handle: handle.into(), password: Secret::new(PASSWORD), display_name: None }
}
