//! What must hold once everybody has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use friends::{Bond, FriendEvent, Pair, Relation, Surface, Verdict};
use kernel::{Clock as _, Event, PlayerId};

use crate::world::World;

/// Everything that is wrong, in words.
pub(crate) async fn violations(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut relations = BTreeMap::new();
    for (nth, one) in world.players.iter().enumerate() {
        for other in &world.players[..nth] {
            let pair = Pair::of(*one, *other).expect("two players");
            let found = world.relations.load(pair).await.expect("the store answers");
            relations.insert(pair, found.unwrap_or_else(|| Relation::new(pair)));
        }
    }
    lists(world, &relations, &mut wrong).await;
    policy(world, &relations, &mut wrong).await;
    invitations(world, &relations, &mut wrong).await;
    told(world, &relations, &mut wrong).await;
    wrong
}

/// Lists are symmetric and say what stands; counts are those of the lists; blocks are the same everywhere.
async fn lists(world: &World, relations: &BTreeMap<Pair, Relation>, wrong: &mut Vec<String>) {
    let now = world.clock.now();
    for player in &world.players {
        let with = |wanted: &dyn Fn(&Relation) -> bool| -> BTreeSet<PlayerId> {
            let of = relations.values().filter(|relation| relation.pair.has(*player) && wanted(relation));
            of.map(|relation| relation.pair.other(*player)).collect()
        };
        let friends = with(&|relation| relation.bond.is_friends());
        let page = world.replicas[1].friends.list(*player, None, kernel::PageLimit::MOST).await.expect("answers");
        let listed: BTreeSet<PlayerId> = page.items.iter().map(|line| line.player).collect();
        if listed != friends {
            wrong.push(format!("the list of {player} has {listed:?}, but friends are {friends:?}"));
        }
        let counts = world.replicas[0].friends.counts(*player).await.expect("answers");
        let outgoing = with(&|relation| relation.bond.outgoing_of() == Some(*player));
        let counted = (usize::try_from(counts.friends), usize::try_from(counts.outgoing));
        if counted != (Ok(friends.len()), Ok(outgoing.len())) {
            wrong.push(format!("{player} counts {counts:?}, but has {} and {}", friends.len(), outgoing.len()));
        }
        let blocked = with(&|relation| relation.side(*player).blocks_since.is_some());
        let page = world.blocks.page(*player, None, kernel::PageLimit::MOST).await.expect("answers");
        let known: BTreeSet<PlayerId> = page.items.iter().map(|block| block.blocked).collect();
        if known != blocked {
            wrong.push(format!("{player} blocks {blocked:?}, but the house knows of {known:?}"));
        }
    }
    for relation in relations.values().filter(|relation| relation.is_apart()) {
        if relation.bond.at(now) != Bond::None {
            wrong.push(format!("an edge across a block: {relation:?}"));
        }
    }
}

/// Who keeps apart finds nobody, anywhere; the blocker alone still finds the way to lift the block.
async fn policy(world: &World, relations: &BTreeMap<Pair, Relation>, wrong: &mut Vec<String>) {
    let policy = world.replicas[0].friends.policy();
    for relation in relations.values() {
        for (viewer, other) in
            [(relation.pair.low(), relation.pair.high()), (relation.pair.high(), relation.pair.low())]
        {
            for surface in Surface::ALL {
                let verdict = policy.can_interact(viewer, other, surface).await.expect("answers");
                let finds = surface == Surface::Profile && relation.side(other).blocks_since.is_none();
                let hidden = relation.is_apart() && !finds;
                if (verdict == Verdict::Hidden) != hidden {
                    wrong.push(format!("{surface:?}: {verdict:?} on {relation:?}"));
                }
            }
        }
    }
}

/// No invitation stands open between two who keep apart.
async fn invitations(world: &World, relations: &BTreeMap<Pair, Relation>, wrong: &mut Vec<String>) {
    for player in &world.players {
        for (game, invite) in world.replicas[0].games.invites_of(*player).await.expect("answers") {
            let apart = |to| Pair::of(invite.from, to).is_some_and(|pair| relations[&pair].is_apart());
            if invite.to.is_some_and(apart) {
                wrong.push(format!("an invitation across a block: {:?} of {}", invite, game.id));
            }
        }
    }
}

/// What the events so far say of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Said {
    #[default]
    Nothing,
    Asked(PlayerId),
    /// Declined: to the one who had asked nothing was said.
    Declined(PlayerId),
    /// Declined, and then taken back: asking again while the decline holds looks the same and is said to nobody.
    TakenBack(PlayerId),
    Friends,
}

/// Reads all events in the order they were committed: each says one step that can follow the ones before, none across a
/// block, and together they come to what stands.
async fn told(world: &World, relations: &BTreeMap<Pair, Relation>, wrong: &mut Vec<String>) {
    let mut rows = world.relayed.lock().await.clone();
    // A relay whose lease lapsed, because time jumped, hands rows on twice.
    rows.sort_by_key(|row| row.seq);
    rows.dedup_by_key(|row| row.seq);
    let mut story = Story::default();
    for row in &rows {
        if let Err(why) = story.goes_on(&row.event) {
            let before =
                rows.iter().filter(|other| other.seq < row.seq && other.event.aggregate == row.event.aggregate);
            let before: Vec<_> = before.map(|row| format!("{} at {}", row.event.kind, row.event.at)).collect();
            let last = &before[before.len().saturating_sub(5)..];
            wrong.push(format!("{} at {}: {why}; before it {last:?}", row.event.kind, row.event.at));
        }
    }
    for (pair, relation) in relations {
        let said = story.said.get(pair).copied().unwrap_or_default();
        let same = match (said, relation.bond) {
            (Said::Friends, bond) => bond.is_friends(),
            (Said::Asked(one), Bond::Pending { from, .. }) => one == from,
            // What lapses says nothing.
            (Said::Asked(_) | Said::Declined(_) | Said::TakenBack(_), Bond::None) => true,
            (Said::Declined(one) | Said::TakenBack(one), Bond::Declined { from, .. }) => one == from,
            (Said::Nothing, bond) => bond == Bond::None,
            _ => false,
        };
        let apart = |one: PlayerId| relation.side(one).blocks_since.is_some();
        let blocks = [(pair.low(), pair.high()), (pair.high(), pair.low())];
        if !same || blocks.iter().any(|block| story.blocks.contains(block) != apart(block.0)) {
            wrong.push(format!("events say {said:?} and blocks {:?}, but it stands {relation:?}", story.blocks));
        }
    }
}

#[derive(Default)]
struct Story {
    said: BTreeMap<Pair, Said>,
    blocks: BTreeSet<(PlayerId, PlayerId)>,
    engaged: BTreeMap<String, BTreeSet<PlayerId>>,
}

impl Story {
    fn apart(&self, one: PlayerId, other: PlayerId) -> bool {
        self.blocks.contains(&(one, other)) || self.blocks.contains(&(other, one))
    }

    fn together(&self, players: &BTreeSet<PlayerId>) -> Result<(), String> {
        for one in players {
            if let Some(other) = players.iter().find(|other| self.apart(*one, **other)) {
                return Err(format!("{one} and {other} came together across a block"));
            }
        }
        Ok(())
    }

    fn goes_on(&mut self, event: &Event) -> Result<(), String> {
        let player = |value: &serde_json::Value| value.as_str().and_then(|id| id.parse::<PlayerId>().ok());
        match &*event.kind {
            "match.found" => {
                let game = &event.data["game"];
                let roster = game["roster"].as_array().ok_or("has no roster")?;
                let roster: BTreeSet<_> = roster.iter().filter_map(|seat| player(&seat["player_id"])).collect();
                // They sit there from now on, whatever comes between them.
                let id = game["id"].as_str().ok_or("has no game")?;
                self.engaged.insert(format!("game:{id}"), roster.clone());
                self.together(&roster)
            }
            "game.invited" => {
                let from = player(&event.data["from"]).ok_or("has no host")?;
                let to = event.audience.iter().find_map(kernel::StreamKey::player_id).ok_or("tells nobody")?;
                self.together(&BTreeSet::from([from, to]))
            }
            "game.updated" => {
                let seated = event.data["players"].as_array().ok_or("has no players")?.iter();
                let seated =
                    seated.filter(|seat| matches!(seat["status"].as_str(), Some("joined" | "ready" | "playing")));
                let now: BTreeSet<PlayerId> = seated.filter_map(|seat| player(&seat["player_id"])).collect();
                let before = self.engaged.insert(event.aggregate.clone(), now.clone()).unwrap_or_default();
                if now.is_subset(&before) { Ok(()) } else { self.together(&now) }
            }
            _ => FriendEvent::from_event(event).map_or(Ok(()), |event| self.of_friends(event)),
        }
    }

    fn of_friends(&mut self, event: FriendEvent) -> Result<(), String> {
        let said = |story: &Self, pair| story.said.get(&pair).copied().unwrap_or_default();
        match event {
            FriendEvent::Requested { from, to } => {
                let pair = Pair::of(from, to).ok_or("of one player")?;
                if self.apart(from, to) {
                    return Err("asked across a block".to_owned());
                }
                // What lapsed meanwhile said nothing.
                let before = std::mem::replace(self.said.entry(pair).or_default(), Said::Asked(from));
                if before == Said::Friends { Err("asked among friends".to_owned()) } else { Ok(()) }
            }
            FriendEvent::Added { pair, .. } => {
                if self.apart(pair.low(), pair.high()) {
                    return Err("friends across a block".to_owned());
                }
                let before = said(self, pair);
                self.said.insert(pair, Said::Friends);
                if before == Said::Friends { Err("friends twice".to_owned()) } else { Ok(()) }
            }
            FriendEvent::Removed { pair, told } => {
                let before = said(self, pair);
                let next = match (before, told.as_slice()) {
                    (Said::Nothing, _) => return Err("nothing was there to end".to_owned()),
                    (Said::Asked(from), [one]) if *one != from => Said::Declined(from),
                    (Said::Declined(from) | Said::TakenBack(from), _) => Said::TakenBack(from),
                    _ => Said::Nothing,
                };
                self.said.insert(pair, next);
                Ok(())
            }
            FriendEvent::Updated { player, friend } => {
                let pair = Pair::of(player, friend).ok_or("of one player")?;
                if said(self, pair) == Said::Friends { Ok(()) } else { Err("a note on no friend".to_owned()) }
            }
            FriendEvent::BlockPlaced { blocker, blocked } => {
                let new = self.blocks.insert((blocker, blocked));
                if let Some(said) = Pair::of(blocker, blocked).and_then(|pair| self.said.get_mut(&pair)) {
                    // Requests that were declined, or lapsed, end without a word.
                    if matches!(said, Said::Declined(_) | Said::TakenBack(_) | Said::Asked(_)) {
                        *said = Said::Nothing;
                    }
                }
                if new { Ok(()) } else { Err("blocked twice".to_owned()) }
            }
            FriendEvent::BlockLifted { blocker, blocked } => {
                if self.blocks.remove(&(blocker, blocked)) {
                    Ok(())
                } else {
                    Err("lifted twice".to_owned())
                }
            }
        }
    }
}
