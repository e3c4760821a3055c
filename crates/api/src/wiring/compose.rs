//! Puts the application together from its settings.

use std::sync::Arc;
use std::time::Duration;

use friends::{Friends, FriendsPorts};
use games::{Catalogue, Games, GamesPorts, InviteWindows, ModeBook, WindowSettings};
use kernel::{BoxError, Clock, CursorKey, IdSource};
use matchmaking::{LeaderPorts, Matchmaking, MatchmakingPorts, Modes};
use persistence::Stores;
use players::{Players, Ports};
use realtime::Hub;
use standings::{Standings, StandingsPorts};
use tokio::sync::Notify;

use super::adapters::{self, DataFile, Database, Shared};
use super::approval::LocalApproval;
use super::bridges::{LedgerOfGames, ModesOfGames, RatingsOfStandings, SchemesOfGames};
use super::clock::CarriedClock;
use super::config::{ConfigError, Settings};
use super::explainers::Explainers;
use super::hasher::PooledHasher;
use super::ids::OsIds;
use super::keys::signing_keys;
use super::people::StoredPeople;
use crate::app::App;
use crate::aside::Aside;
use crate::attendance::Attendance;
use crate::directory::Directory;
use crate::edge::Revocations;
use crate::health::Health;
use crate::presence::Presences;
use crate::tokens::Tokens;
use crate::verdicts::Verdicts;
use crate::ws::{Relay, Sockets};

/// Sockets that one player may have at once, on this replica.
const SOCKETS_PER_PLAYER: usize = 10;

/// The application with what its background work needs.
pub(super) struct Composed {
    pub(super) app: Arc<App>,
    pub(super) database: Database,
    pub(super) data_file: Option<DataFile>,
    pub(super) stores: Stores,
    pub(super) shared: Arc<Shared>,
    pub(super) clock: Arc<CarriedClock>,
    pub(super) leader: LeaderPorts,
    pub(super) standings: StandingsPorts,
    /// Names this process among all replicas.
    pub(super) replica: String,
}

/// Builds everything; nothing runs yet.
pub(super) fn compose(settings: &Settings) -> Result<Composed, ConfigError> {
    let ids: Arc<dyn IdSource> = Arc::new(OsIds);
    let keys = signing_keys(settings, &*ids)?;
    let modes = ModeBook::with_windows(catalogue(settings)?, windows(settings));
    let (database, data_file) = adapters::database(settings, &ids)?;
    let shared = Arc::new(adapters::shared(settings)?);
    let stores = database.stores();
    let carried = Arc::new(CarriedClock::new());
    let clock: Arc<dyn Clock> = Arc::clone(&carried) as _;
    let tokens = Tokens::new(&keys, Arc::clone(&clock), Arc::clone(&ids))
        .ok_or_else(|| ConfigError("SWP__AUTH__KEYS holds no key.".to_owned()))?;
    let players = Players::new(Ports {
        players: Arc::clone(&stores.players),
        sessions: Arc::clone(&stores.sessions),
        ws_tickets: Arc::clone(&stores.ws_tickets),
        guard: Arc::clone(&stores.login_guard),
        hasher: Arc::new(PooledHasher::new()),
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
    });
    let schemes = Arc::new(SchemesOfGames(Arc::clone(&modes)));
    let standing_ports = StandingsPorts {
        store: Arc::clone(&stores.standings),
        reads: Arc::clone(&stores.standing_reads),
        seasons: Arc::clone(&stores.seasons),
        facts: Arc::new(LedgerOfGames(Arc::clone(&stores.games))),
        copies: Arc::clone(&shared.boards),
        schemes,
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
    };
    let standings = Standings::new(standing_ports.clone());
    let check_ms = settings.sections.matchmaking.ready_check_ms;
    let queues: Arc<dyn Modes> = Arc::new(ModesOfGames { modes: Arc::clone(&modes), check_ms });
    let matchmaking = Matchmaking::new(
        MatchmakingPorts {
            store: Arc::clone(&stores.tickets),
            proposals: Arc::clone(&stores.proposals),
            parties: Arc::clone(&stores.parties),
            leaders: Explainers::new(Arc::clone(&shared.bus), Arc::clone(&ids)),
            engagements: Arc::clone(&stores.engagements),
            modes: Arc::clone(&queues),
            ratings: Arc::new(RatingsOfStandings(standings.clone())),
            bus: Arc::clone(&shared.bus),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
        },
        queue_settings(settings),
    );
    let leader = LeaderPorts {
        store: Arc::clone(&stores.tickets),
        leases: Arc::clone(&stores.leases),
        modes: queues,
        ids: Arc::clone(&ids),
    };
    let app = App {
        settings: settings.edge(),
        games: Games::new(GamesPorts {
            games: Arc::clone(&stores.games),
            invites: Arc::clone(&stores.invites),
            attendance: Arc::clone(&stores.attendance),
            cases: Arc::clone(&stores.cases),
            mode_versions: Arc::clone(&stores.modes),
            engagements: Arc::clone(&stores.engagements),
            connections: Arc::clone(&stores.connections),
            modes,
            approval: Arc::new(LocalApproval),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
        })
        .with_invite_windows(invite_windows(settings)),
        friends: Friends::new(
            FriendsPorts {
                relations: Arc::clone(&stores.friends),
                lists: Arc::clone(&stores.friend_lists),
                links: Arc::clone(&stores.friend_links),
                blocks: Arc::clone(&stores.blocks),
                people: Arc::new(StoredPeople { players: Arc::clone(&stores.players), clock: Arc::clone(&clock) }),
                games: Arc::clone(&stores.shared_games),
                clock: Arc::clone(&clock),
                ids: Arc::clone(&ids),
            },
            friend_settings(settings),
        ),
        matchmaking,
        standings,
        audit: Arc::clone(&stores.audit),
        connections: Arc::clone(&stores.connections),
        attendance: Attendance::default(),
        verdicts: Verdicts::default(),
        presences: Presences::default(),
        engagements: Arc::clone(&stores.engagements),
        receipts: Arc::clone(&stores.receipts),
        streams: Arc::clone(&stores.streams),
        limiter: Arc::clone(&shared.limiter),
        cache: Arc::clone(&shared.cache),
        bus: Arc::clone(&shared.bus),
        aside: Aside::new(Arc::clone(&shared.cache)),
        directory: Directory::new(players.clone(), Arc::clone(&shared.cache), Arc::clone(&clock)),
        players,
        tokens,
        revocations: Arc::new(Revocations::default()),
        cursors: CursorKey::derive(keys.first().map(|key| key.secret.as_slice()).unwrap_or_default()),
        hub: Arc::new(Hub::new(SOCKETS_PER_PLAYER)),
        sockets: Sockets::new(&settings.edge(), Arc::clone(&clock), Arc::clone(&ids)),
        relay: Relay::new(Arc::clone(&shared.bus), Arc::clone(&clock)),
        health: Arc::new(Health::new(if settings.is_embedded() { "embedded" } else { "networked" })),
        wake_relay: Arc::new(Notify::new()),
        wake_erasures: Notify::new(),
        wake_modes: Arc::new(Notify::new()),
        clock,
        ids: Arc::clone(&ids),
    };
    let replica = ids.uuid(app.clock.now()).to_string();
    Ok(Composed {
        app: Arc::new(app),
        database,
        data_file,
        stores,
        shared,
        clock: carried,
        leader,
        standings: standing_ports,
        replica,
    })
}

/// The shipped modes, or those of the operator's file.
pub(super) fn catalogue(settings: &Settings) -> Result<Catalogue, ConfigError> {
    let file = &settings.sections.modes.file;
    let modes = if file.is_empty() {
        Catalogue::shipped().map_err(BoxError::from)
    } else {
        std::fs::read_to_string(file).map_err(BoxError::from).and_then(|text| Ok(Catalogue::parse(&text)?))
    };
    let named = if file.is_empty() { "the shipped modes" } else { file };
    let modes = modes.map_err(|error| ConfigError(format!("The modes in {named} can't be used: {error}.")))?;
    Ok(modes)
}

/// What an operator sets for all modes.
fn windows(settings: &Settings) -> WindowSettings {
    let windows = &settings.sections.games;
    WindowSettings {
        ready_ms: windows.ready_ms,
        report_window_ms: windows.report_window_ms,
        grace_ms: windows.grace_ms,
        evidence_ms: windows.evidence_ms,
        max_duration_ms: windows.max_duration_ms,
    }
}

/// Caps and windows of friends.
fn friend_settings(settings: &Settings) -> friends::Settings {
    let chosen = &settings.sections.friends;
    let link_life = Duration::from_millis(chosen.link_ms);
    let defaults = friends::Settings::default();
    friends::Settings {
        friends: chosen.max_friends,
        outgoing: chosen.max_requests,
        links: chosen.max_links,
        request_life: Duration::from_millis(chosen.request_ms),
        decline_holds: Duration::from_millis(chosen.decline_ms),
        link_life,
        longest_link_life: defaults.longest_link_life.max(link_life),
        ..defaults
    }
}

/// Windows of the queue.
fn queue_settings(settings: &Settings) -> matchmaking::Settings {
    let chosen = &settings.sections.matchmaking;
    matchmaking::Settings {
        ticket_life_ms: chosen.ticket_ttl_ms,
        cool_down_ms: chosen.cool_down_ms,
        detached_ms: chosen.detached_ms,
        offer_ms: chosen.offer_ms,
        party_size: chosen.party_size,
        party_invite_ms: chosen.party_invite_ms,
        party_grace_ms: chosen.party_grace_ms,
        ..matchmaking::Settings::default()
    }
}

/// How long invitations to games last.
fn invite_windows(settings: &Settings) -> InviteWindows {
    let windows = &settings.sections.games;
    InviteWindows { player_ms: windows.invite_ms, link_ms: windows.invite_link_ms }
}
