//! Random commands by four players against a model that is too simple to be wrong.

use std::collections::BTreeMap;

use kernel::{Blocks, PageLimit, PlayerId};
use proptest::prelude::*;
use shallweplay_friends::{Direction, Error, FriendEvent, LimitOf, Settings, Standing};

use crate::world::{DAY, Here};

const PLAYERS: usize = 4;
const SETTINGS: fn() -> Settings = || Settings { friends: 2, outgoing: 2, ..Settings::default() };

#[derive(Debug, Clone, Copy)]
enum Command {
    Request,
    Accept,
    Decline,
    Cancel,
    Unfriend,
    Block,
    Unblock,
    Sweep,
    /// Days go by.
    Wait(i64),
}

fn command() -> impl Strategy<Value = (Command, usize, usize)> {
    let command = prop_oneof![
        6 => Just(Command::Request),
        4 => Just(Command::Accept),
        2 => Just(Command::Decline),
        2 => Just(Command::Cancel),
        1 => Just(Command::Unfriend),
        1 => Just(Command::Block),
        1 => Just(Command::Unblock),
        1 => Just(Command::Sweep),
        1 => (1_i64..20).prop_map(Command::Wait),
    ];
    (command, 0..PLAYERS, 0..PLAYERS)
}

/// What one knows of another, as days.
#[derive(Debug, Default, Clone, Copy)]
struct Directed {
    /// The one's request is shown to the one until this day.
    shown_until: Option<i64>,
    /// And waits for the other.
    waits: bool,
    /// The other declined it, and that holds until this day.
    declined_until: i64,
    blocks: bool,
}

/// The world as a table of who thinks what of whom.
#[derive(Debug, Default)]
struct Model {
    day: i64,
    directed: BTreeMap<(usize, usize), Directed>,
    friends: BTreeMap<(usize, usize), ()>,
    /// Requests that are over by time and still hold a place, until something touches the pair.
    unswept: BTreeMap<(usize, usize), ()>,
}

type Answer = Result<Standing, &'static str>;

impl Model {
    fn at(&mut self, by: usize, other: usize) -> &mut Directed {
        self.directed.entry((by, other)).or_default()
    }

    fn are_friends(&self, a: usize, b: usize) -> bool {
        self.friends.contains_key(&(a.min(b), a.max(b)))
    }

    fn friends_of(&self, player: usize) -> usize {
        self.friends.keys().filter(|(a, b)| *a == player || *b == player).count()
    }

    fn places_of(&self, player: usize) -> usize {
        let shown = self.directed.iter().filter(|((by, _), d)| *by == player && d.shown_until.is_some()).count();
        shown + self.unswept.keys().filter(|(by, _)| *by == player).count()
    }

    fn standing(&mut self, by: usize, other: usize) -> Standing {
        let theirs = *self.at(other, by);
        if self.are_friends(by, other) {
            Standing::Friends
        } else if self.at(by, other).shown_until.is_some() {
            Standing::Pending
        } else if theirs.waits {
            Standing::Asked
        } else if theirs.shown_until.is_some() || theirs.declined_until > self.day {
            Standing::Declined
        } else {
            Standing::None
        }
    }

    /// Whatever is shown or waits between them is over, and its places are free.
    fn clear(&mut self, a: usize, b: usize) {
        for (by, other) in [(a, b), (b, a)] {
            let directed = self.at(by, other);
            *directed = Directed { blocks: directed.blocks, ..Directed::default() };
            self.unswept.remove(&(by, other));
        }
    }

    fn befriend(&mut self, by: usize, other: usize) -> Answer {
        if self.friends_of(by) >= 2 || self.friends_of(other) >= 2 {
            return Err("limit");
        }
        self.clear(by, other);
        self.friends.insert((by.min(other), by.max(other)), ());
        Ok(Standing::Friends)
    }

    fn wait(&mut self, days: i64) {
        self.day += days;
        let day = self.day;
        for (sides, directed) in &mut self.directed {
            if directed.shown_until.is_some_and(|until| until <= day) {
                directed.shown_until = None;
                directed.waits = false;
                self.unswept.insert(*sides, ());
            }
        }
    }

    fn request(&mut self, by: usize, other: usize) -> Answer {
        let (own, theirs) = (*self.at(by, other), *self.at(other, by));
        if self.are_friends(by, other) {
            return Err("already");
        }
        if theirs.waits || theirs.declined_until > self.day || theirs.shown_until.is_some() {
            return self.befriend(by, other);
        }
        if own.waits {
            return Ok(Standing::Pending);
        }
        let held = own.declined_until > self.day;
        if own.shown_until.is_some() {
            self.at(by, other).waits = !held;
            return Ok(Standing::Pending);
        }
        let freed = usize::from(self.unswept.contains_key(&(by, other)));
        if self.places_of(by) - freed >= 2 && freed == 0 {
            return Err("limit");
        }
        let until = own.declined_until;
        self.clear(by, other);
        let day = self.day;
        *self.at(by, other) = Directed {
            shown_until: Some(day + 30),
            waits: !held,
            declined_until: if held { until } else { 0 },
            blocks: false,
        };
        Ok(Standing::Pending)
    }

    fn answer(&mut self, command: Command, by: usize, other: usize) -> Answer {
        let (own, theirs) = (*self.at(by, other), *self.at(other, by));
        let day = self.day;
        let declined = theirs.shown_until.is_some() || theirs.declined_until > day;
        match command {
            Command::Request => self.request(by, other),
            Command::Accept if self.are_friends(by, other) => Ok(Standing::Friends),
            Command::Accept if theirs.waits || declined => self.befriend(by, other),
            Command::Decline if theirs.waits => {
                let asked = self.at(other, by);
                (asked.waits, asked.declined_until) = (false, day + 7);
                Ok(Standing::Declined)
            }
            Command::Decline if declined => Ok(Standing::Declined),
            Command::Cancel if own.shown_until.is_some() => {
                let request = self.at(by, other);
                (request.shown_until, request.waits) = (None, false);
                Ok(Standing::None)
            }
            Command::Decline | Command::Cancel if self.are_friends(by, other) => Err("changed"),
            Command::Unfriend if self.are_friends(by, other) => {
                self.friends.remove(&(by.min(other), by.max(other)));
                Ok(Standing::None)
            }
            _ => Err("none"),
        }
    }

    fn carry_out(&mut self, command: Command, by: usize, other: usize) -> Answer {
        match command {
            Command::Wait(days) => self.wait(days),
            Command::Sweep => self.unswept.clear(),
            _ if by == other => return Err("self"),
            Command::Block if self.at(by, other).blocks => {}
            Command::Block if self.at(other, by).blocks => return Err("hidden"),
            Command::Block => {
                self.clear(by, other);
                self.friends.remove(&(by.min(other), by.max(other)));
                self.at(by, other).blocks = true;
            }
            Command::Unblock => {
                self.at(by, other).blocks = false;
                return Ok(self.standing(by, other));
            }
            _ if self.at(by, other).blocks || self.at(other, by).blocks => return Err("hidden"),
            command => return self.answer(command, by, other),
        }
        Ok(Standing::None)
    }
}

fn word(answer: Result<Standing, Error>) -> Answer {
    answer.map_err(|error| match error {
        Error::Myself => "self",
        Error::NotFound => "hidden",
        Error::AlreadyFriends => "already",
        Error::Limit { what: LimitOf::Friends | LimitOf::Requests, .. } => "limit",
        Error::NoRequest | Error::NotFriends | Error::StateChanged(Standing::None) => "none",
        Error::StateChanged(_) => "changed",
        other => panic!("nobody should be told so here: {other:?}"),
    })
}

async fn carry_out(here: &Here, command: Command, by: PlayerId, other: PlayerId) -> Answer {
    let friends = &here.friends;
    let answer = match command {
        Command::Request => friends.request(by, other, None).await,
        Command::Accept => friends.accept(by, other, None).await,
        Command::Decline => friends.decline(by, other, None).await,
        Command::Cancel => friends.cancel(by, other, None).await,
        Command::Unfriend => friends.unfriend(by, other, None).await,
        Command::Block => friends.block(by, other, None).await,
        Command::Unblock => friends.unblock(by, other, None).await,
        Command::Sweep => {
            friends.sweep(100).await.expect("sweeps");
            return Ok(Standing::None);
        }
        Command::Wait(days) => {
            here.pass(days * DAY);
            return Ok(Standing::None);
        }
    };
    word(answer.map(|answer| answer.state))
}

/// Whatever each of them sees is what the model says; counts equal lists; events tell nobody across a block.
async fn compare(here: &Here, model: &mut Model, players: &[PlayerId]) {
    let all = PageLimit::default();
    for (a, ann) in players.iter().enumerate() {
        let list = here.friends.list(*ann, None, all).await.expect("readable").items;
        let outgoing = here.friends.requests(*ann, Direction::Outgoing, None, all).await.expect("readable").items;
        let incoming = here.friends.requests(*ann, Direction::Incoming, None, all).await.expect("readable").items;
        assert_eq!(here.counts(*ann).await, (list.len() as i64, model.places_of(a) as i64));
        for (b, ben) in players.iter().enumerate().filter(|(b, _)| *b != a) {
            assert_eq!(list.iter().any(|line| line.player == *ben), model.are_friends(a, b));
            assert_eq!(outgoing.iter().any(|line| line.player == *ben), model.at(a, b).shown_until.is_some());
            assert_eq!(incoming.iter().any(|line| line.player == *ben), model.at(b, a).waits);
            assert_eq!(here.friends.standing(*ann, *ben).await.expect("readable"), model.standing(a, b));
            let blocks = here.world.kernel.between(*ann, &[*ben]).await.expect("readable");
            assert_eq!(blocks.iter().any(|block| block.blocker == *ann), model.at(a, b).blocks);
            assert_eq!(blocks.is_empty(), !here.relation(*ann, *ben).await.is_apart(), "both say the same");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_is_done_everybody_sees_what_the_model_says(
        commands in prop::collection::vec(command(), 1..60)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let here = Here::new(SETTINGS());
            let players: [PlayerId; PLAYERS] = here.players();
            let mut model = Model::default();
            for (command, by, other) in commands {
                let before = here.relation_of(players[by], players[other]).await;
                let expected = model.carry_out(command, by, other);
                let answer = carry_out(&here, command, players[by], players[other]).await;
                assert_eq!(answer, expected, "{command:?} by {by} to {other} in {model:?}");
                compare(&here, &mut model, &players).await;
                let events = here.kinds();
                if !matches!(command, Command::Sweep) {
                    let blocks = events.iter().filter(|kind| kind.starts_with("block.")).count();
                    let bonds = events.len() - blocks;
                    assert!(bonds <= 1 && blocks <= 1, "one event per transition: {events:?}");
                    let changed = here.relation_of(players[by], players[other]).await != before;
                    assert!(changed || events.is_empty(), "no change, no event: {events:?}");
                    let added = events.iter().any(|kind| kind == FriendEvent::ADDED);
                    assert_eq!(added, changed && answer == Ok(Standing::Friends));
                }
            }
        });
    }
}
