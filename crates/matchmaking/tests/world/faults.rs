//! Several leaders over one store, with joins, cancels, kills, stalls in the middle of a claim, lost answers and lost
//! messages, on a fake clock. Safety holds after every step; once the faults stop, everybody is matched in bounded time.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use kernel::{Engage, Engagement, GameId, PlayerId, Refusal as _, Riders, StoreError, TicketId};
use proptest::prelude::*;
use shallweplay_matchmaking::{Hint, Join, ShardLeader, Status, Step};

use crate::worlds::{Fate, World, player, run};

const LEADERS: usize = 3;

#[derive(Debug, Clone)]
enum Op {
    Join(u8),
    Cancel(u8),
    /// This leader steps; it hears what was said unless the bus loses it.
    Step(usize, bool),
    /// This leader stalls in the middle of its next claim.
    Stall(usize),
    /// The stalled ones go on.
    Wake,
    /// This leader dies, whatever it was doing; another process takes its place.
    Kill(usize),
    Resign(usize),
    /// The next claim fails, before or after it was made.
    Fail(bool),
    /// A player's game ends.
    Finish(u8),
    /// A player blocks another, or lifts that.
    Block(u8, u8, bool),
    Sweep,
    Pass(i64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        10 => any::<u8>().prop_map(|n| Op::Join(n % 40)),
        2 => any::<u8>().prop_map(|n| Op::Cancel(n % 40)),
        10 => (0..LEADERS, prop::bool::weighted(0.7)).prop_map(|(n, heard)| Op::Step(n, heard)),
        2 => (0..LEADERS).prop_map(Op::Stall),
        1 => Just(Op::Wake),
        1 => (0..LEADERS).prop_map(Op::Kill),
        1 => (0..LEADERS).prop_map(Op::Resign),
        1 => any::<bool>().prop_map(Op::Fail),
        3 => any::<u8>().prop_map(|n| Op::Finish(n % 40)),
        2 => (0..40_u8, 0..40_u8, prop::bool::weighted(0.8)).prop_map(|(a, b, stands)| Op::Block(a, b, stands)),
        1 => Just(Op::Sweep),
        6 => prop_oneof![0..300_i64, 0..3_000_i64, Just(6_000), Just(40_000), Just(121_000)].prop_map(Op::Pass),
    ]
}

type Stepping = Pin<Box<dyn Future<Output = (ShardLeader, Result<Step, StoreError>)>>>;

enum Replica {
    Running(Box<ShardLeader>),
    Stalled(Stepping, Arc<AtomicBool>),
}

struct Run {
    world: World,
    replicas: Vec<Option<Replica>>,
    inboxes: Vec<Vec<Hint>>,
    born: usize,
    submitted: BTreeMap<TicketId, PlayerId>,
    cancelled: BTreeSet<TicketId>,
    finished: HashSet<GameId>,
    /// Who blocks whom now.
    blocks: BTreeSet<(PlayerId, PlayerId)>,
    /// Who ever kept apart: a leader that learnt it keeps to it for as long as both wait.
    ever_apart: BTreeSet<(PlayerId, PlayerId)>,
    /// Games that were there when the last block was taken up or lifted.
    before_blocks: HashSet<GameId>,
    /// Who was last known to lead.
    last_leader: Option<usize>,
}

impl Run {
    fn new() -> Self {
        let world = World::new(3);
        let replicas = (0..LEADERS).map(|n| Some(Replica::Running(Box::new(world.leader(&format!("r{n}")))))).collect();
        Self {
            world,
            replicas,
            inboxes: vec![Vec::new(); LEADERS],
            born: LEADERS,
            submitted: BTreeMap::new(),
            cancelled: BTreeSet::new(),
            finished: HashSet::new(),
            blocks: BTreeSet::new(),
            ever_apart: BTreeSet::new(),
            before_blocks: HashSet::new(),
            last_leader: None,
        }
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Join(n) => {
                let join = Join::alone(player(*n), "duel");
                match run(self.world.service.join(join, None)) {
                    Ok(ticket) => drop(self.submitted.insert(ticket.id, player(*n))),
                    Err(refusal) => {
                        assert!(refusal.code().starts_with("matchmaking."), "{refusal:?}");
                        assert_ne!(self.world.kernel.engagement(player(*n)), Engagement::Idle, "{refusal:?}");
                    }
                }
            }
            Op::Cancel(n) => {
                let newest = self.submitted.iter().rev().find(|(_, whose)| **whose == player(*n));
                if let Some((id, _)) = newest.map(|(id, whose)| (*id, *whose))
                    && let Ok(ticket) = run(self.world.service.cancel(player(*n), id, None))
                {
                    assert_eq!(ticket.status, Status::Cancelled);
                    self.cancelled.insert(id);
                }
            }
            Op::Step(n, heard) => self.step(*n, *heard, false),
            Op::Stall(n) => self.step(*n, true, true),
            Op::Wake => (0..LEADERS).for_each(|n| self.wake(n)),
            Op::Kill(n) => {
                self.born += 1;
                let fresh = self.world.leader(&format!("r{}", self.born));
                self.replicas[*n] = Some(Replica::Running(Box::new(fresh)));
            }
            Op::Resign(n) => {
                if let Some(Replica::Running(leader)) = self.replicas[*n].take() {
                    run(leader.resign()).expect("leases answer");
                    self.apply(&Op::Kill(*n));
                    self.inboxes.iter_mut().for_each(|inbox| inbox.push(Hint::Vacant));
                } else {
                    self.apply(&Op::Kill(*n));
                }
            }
            Op::Fail(made) => {
                let fate = if *made { Fate::Unanswered } else { Fate::Lost };
                self.world.store.fates.lock().expect("unpoisoned").push_back(fate);
            }
            Op::Finish(n) => {
                if let Engagement::Game(game) = self.world.kernel.engagement(player(*n)) {
                    let spec = self.world.kernel.opened_game(game).expect("an engagement names an opened game");
                    let free = |seat: &kernel::RosterSeat| Engage {
                        player: seat.player_id,
                        from: Engagement::Game(game),
                        to: Engagement::Idle,
                    };
                    let engage = spec.roster.iter().map(free).collect();
                    let ended = self.world.kernel.commit(Riders { engage, ..Riders::default() }, || Ok(()));
                    ended.expect("all players of a live game are in it");
                    self.finished.insert(game);
                }
            }
            Op::Block(a, b, stands) if a != b => {
                let (blocker, blocked) = (player(*a), player(*b));
                self.before_blocks = self.world.kernel.opened_games().iter().map(|game| game.id).collect();
                self.world.block(blocker, blocked, *stands);
                self.ever_apart.insert((blocker.min(blocked), blocker.max(blocked)));
                match stands {
                    true => self.blocks.insert((blocker, blocked)),
                    false => self.blocks.remove(&(blocker, blocked)),
                };
            }
            Op::Block(..) => {}
            Op::Sweep => drop(run(self.world.service.sweep_due(self.world.now(), 100)).expect("the store answers")),
            Op::Pass(millis) => self.world.clock.advance_millis(*millis),
        }
    }

    fn step(&mut self, n: usize, heard: bool, stall: bool) {
        for (_, hint) in self.world.bus.take() {
            self.inboxes.iter_mut().for_each(|inbox| inbox.push(hint.clone()));
        }
        let inbox = std::mem::take(&mut self.inboxes[n]);
        let inbox = if heard { inbox } else { Vec::new() };
        let Some(Replica::Running(leader)) = self.replicas[n].take_if(|r| matches!(r, Replica::Running(_))) else {
            return;
        };
        let go_on = Arc::new(AtomicBool::new(false));
        if stall {
            self.world.store.fates.lock().expect("unpoisoned").push_front(Fate::Pause(Arc::clone(&go_on)));
        }
        let now = self.world.now();
        let mut leader = leader;
        let stepping: Stepping = Box::pin(async move {
            let answer = leader.step(now, inbox).await;
            (*leader, answer)
        });
        self.replicas[n] = Some(Replica::Stalled(stepping, go_on));
        self.poll(n);
        if stall {
            // Not met by a claim in this step: it is gone again.
            self.world.store.fates.lock().expect("unpoisoned").retain(|fate| !matches!(fate, Fate::Pause(_)));
        }
    }

    fn wake(&mut self, n: usize) {
        if let Some(Replica::Stalled(_, go_on)) = &self.replicas[n] {
            go_on.store(true, Ordering::SeqCst);
            let (replaced, before) = (self.last_leader != Some(n), self.world.kernel.opened_games().len());
            self.poll(n);
            if replaced {
                assert_eq!(
                    self.world.kernel.opened_games().len(),
                    before,
                    "a leader that was replaced changed something"
                );
            }
        }
    }

    fn poll(&mut self, n: usize) {
        if let Some(Replica::Stalled(stepping, _)) = &mut self.replicas[n] {
            match stepping.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready((leader, answer)) => {
                    if answer.is_ok_and(|step| step.leading) {
                        self.last_leader = Some(n);
                    }
                    self.replicas[n] = Some(Replica::Running(Box::new(leader)));
                }
                // It is in a claim, so it led a moment ago.
                Poll::Pending => self.last_leader = Some(n),
            }
        }
    }

    fn apart(&self, one: PlayerId, two: PlayerId) -> bool {
        self.blocks.contains(&(one, two)) || self.blocks.contains(&(two, one))
    }

    /// What must hold whatever happens.
    fn check(&self) {
        let games = self.world.kernel.opened_games();
        let mut playing: HashMap<PlayerId, GameId> = HashMap::new();
        for game in games.iter().filter(|game| !self.finished.contains(&game.id)) {
            for seat in &game.roster {
                assert_eq!(playing.insert(seat.player_id, game.id), None, "a player in two live games");
                assert_eq!(self.world.kernel.engagement(seat.player_id), Engagement::Game(game.id));
            }
        }
        for game in games.iter().filter(|game| !self.before_blocks.contains(&game.id)) {
            let [one, two] = [&game.roster[0], &game.roster[1]].map(|seat| seat.player_id);
            assert!(!self.apart(one, two), "a match across a block");
        }
        let mut by_status: BTreeMap<&str, usize> = BTreeMap::new();
        let mut seats: HashMap<GameId, usize> = HashMap::new();
        for (id, whose) in &self.submitted {
            let ticket = run(self.world.service.ticket(*whose, *id)).expect("a ticket is never lost");
            *by_status.entry(ticket.status.as_str()).or_default() += 1;
            let named = self.world.kernel.engagement(*whose) == Engagement::Ticket(*id);
            assert_eq!(ticket.status == Status::Searching, named, "a ticket lives while its player is engaged by it");
            assert_eq!(ticket.status == Status::Matched, ticket.game_id.is_some());
            if let Some(game) = ticket.game_id {
                *seats.entry(game).or_default() += 1;
            }
            if self.cancelled.contains(id) {
                assert_eq!(ticket.status, Status::Cancelled, "an acknowledged cancel stands");
            }
        }
        assert_eq!(by_status.values().sum::<usize>(), self.submitted.len(), "tickets are conserved");
        assert!(by_status.keys().all(|s| ["searching", "matched", "cancelled", "expired"].contains(s)));
        assert_eq!(by_status.get("cancelled").copied().unwrap_or(0), self.cancelled.len());
        assert_eq!(seats.len(), games.len(), "each game has its tickets");
        assert!(seats.values().all(|n| *n == 2));
        let told = self.world.kernel.events().into_iter().filter(|event| event.kind == "match.found");
        let told: Vec<_> = told.map(|event| event.aggregate).collect();
        assert_eq!(told.len(), 2 * games.len());
        assert_eq!(told.iter().collect::<HashSet<_>>().len(), told.len(), "a match is told once per ticket");
    }

    /// Faults stop: one leader emerges, and nobody who could be matched waits longer than the window's starvation.
    fn settle(&mut self) {
        self.world.store.fates.lock().expect("unpoisoned").clear();
        self.apply(&Op::Wake);
        let begun = self.world.now();
        while self.world.now().since(begun).as_secs() < 75 {
            let mut next = self.world.now().plus_millis(1_000);
            for n in 0..LEADERS {
                let Some(Replica::Running(mut leader)) = self.replicas[n].take() else { panic!("still stalled") };
                let step = run(leader.step(self.world.now(), Vec::new())).expect("nothing fails any more");
                next = next.min(step.next_wake);
                self.replicas[n] = Some(Replica::Running(leader));
            }
            let millis = next.millis() - self.world.now().millis() + 1;
            self.world.clock.advance_millis(millis.max(1));
            self.apply(&Op::Sweep);
            self.check();
        }
        let waiting = run(self.world.service.queues()).expect("the store answers");
        let duel = waiting.iter().find(|queue| queue.mode == "duel").expect("the queue is open");
        let newest = self
            .submitted
            .iter()
            .filter(|(id, whose)| self.world.kernel.engagement(**whose) == Engagement::Ticket(**id));
        let waiting: Vec<_> = newest.map(|(_, whose)| *whose).collect();
        assert_eq!(i64::try_from(waiting.len()), Ok(duel.searching));
        for (at, one) in waiting.iter().enumerate() {
            for two in &waiting[at + 1..] {
                let ever = self.ever_apart.contains(&(*one.min(two), *one.max(two)));
                assert!(ever, "{} still wait who could be matched", waiting.len());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_lost_doubled_or_forgotten_whatever_happens_to_leaders(
        ops in proptest::collection::vec(op(), 1..150),
    ) {
        let play = || {
            let mut run = Run::new();
            for op in &ops {
                run.apply(op);
                run.check();
            }
            run.settle();
            run.world.kernel.opened_games()
        };
        prop_assert_eq!(play(), play(), "the same trace gives the same matches");
    }
}
