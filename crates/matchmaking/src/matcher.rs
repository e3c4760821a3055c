//! Stand-in until the real one is merged.
use std::collections::BTreeMap;

use kernel::{PlayerId, TicketId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::kinetic::Tuning;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Member {
    pub player: PlayerId,
    pub rating: f64,
    pub deviation: f64,
}
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub id: TicketId,
    pub members: Vec<Member>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub latencies: BTreeMap<String, u32>,
    pub attributes: BTreeMap<String, String>,
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeRule {
    pub key: String,
    pub strict: bool,
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    pub teams: u8,
    pub team_size: u8,
    pub latency_cap_ms: Option<u32>,
    pub attributes: Vec<AttributeRule>,
}
impl Default for Shape {
    fn default() -> Self {
        Self { teams: 2, team_size: 1, latency_cap_ms: None, attributes: Vec::new() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    pub candidate: Candidate,
    avoid: Vec<TicketId>,
}
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub teams: Vec<Vec<Waiting>>,
}
impl Group {
    pub fn tickets(&self) -> impl Iterator<Item = &Waiting> {
        self.teams.iter().flatten()
    }
    pub fn players(&self) -> Vec<PlayerId> {
        self.tickets().flat_map(|t| t.candidate.members.iter().map(|m| m.player)).collect()
    }
    pub fn holds(&self, player: PlayerId) -> bool {
        self.players().contains(&player)
    }
    pub fn into_tickets(self) -> Vec<Waiting> {
        self.teams.into_iter().flatten().collect()
    }
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    Range,
}
impl Rule {
    pub const fn as_str(self) -> &'static str {
        "range"
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    pub waiting_ms: i64,
    pub range: Option<f64>,
    pub rating: f64,
    pub candidates: usize,
    pub removed: Vec<(Rule, usize)>,
    pub next_widening_at: Option<Timestamp>,
}
pub struct Matcher {
    shape: Shape,
    waiting: Vec<Waiting>,
}
impl Matcher {
    pub fn new(shape: Shape, _: Tuning) -> Self {
        Self { shape, waiting: Vec::new() }
    }
    pub fn insert(&mut self, candidate: Candidate, _: Timestamp) -> bool {
        self.put_back(Waiting { candidate, avoid: Vec::new() })
    }
    pub fn put_back(&mut self, ticket: Waiting) -> bool {
        if self.waiting.iter().any(|w| w.candidate.id == ticket.candidate.id) {
            return false;
        }
        let mine = |w: &Waiting| {
            w.candidate.members.iter().any(|m| ticket.candidate.members.iter().any(|o| o.player == m.player))
        };
        if self.waiting.iter().any(|w| mine(w) && w.candidate.created_at > ticket.candidate.created_at) {
            return false;
        }
        self.waiting.retain(|w| !mine(w));
        self.waiting.push(ticket);
        true
    }
    pub fn remove(&mut self, id: TicketId) -> bool {
        let n = self.waiting.len();
        self.waiting.retain(|w| w.candidate.id != id);
        n != self.waiting.len()
    }
    pub fn forbid(&mut self, a: TicketId, b: TicketId) {
        for w in &mut self.waiting {
            if w.candidate.id == a {
                w.avoid.push(b);
            }
            if w.candidate.id == b {
                w.avoid.push(a);
            }
        }
    }
    pub fn met(&mut self, _: &[PlayerId], _: Timestamp) {}
    fn find(&self, now: Timestamp) -> Option<Vec<Vec<usize>>> {
        let size = usize::from(self.shape.team_size);
        let mut teams: Vec<Vec<usize>> = vec![Vec::new(); usize::from(self.shape.teams)];
        for (n, w) in self.waiting.iter().enumerate().filter(|(_, w)| w.candidate.expires_at > now) {
            if teams.iter().flatten().any(|o| self.waiting[*o].avoid.contains(&w.candidate.id)) {
                continue;
            }
            let used = |team: &Vec<usize>| team.iter().map(|o| self.waiting[*o].candidate.members.len()).sum::<usize>();
            if let Some(team) = teams.iter_mut().find(|team| used(team) + w.candidate.members.len() <= size) {
                team.push(n);
            }
        }
        let full =
            |team: &Vec<usize>| team.iter().map(|o| self.waiting[*o].candidate.members.len()).sum::<usize>() == size;
        teams.iter().all(full).then_some(teams)
    }
    pub fn matches(&mut self, now: Timestamp) -> Vec<Group> {
        let mut groups = Vec::new();
        while let Some(teams) = self.find(now) {
            let group = Group {
                teams: teams.iter().map(|team| team.iter().map(|n| self.waiting[*n].clone()).collect()).collect(),
            };
            let ids: Vec<_> = group.tickets().map(|t| t.candidate.id).collect();
            self.waiting.retain(|w| !ids.contains(&w.candidate.id));
            groups.push(group);
        }
        groups
    }
    pub fn next_touch(&mut self) -> Option<Timestamp> {
        None
    }
    pub fn explain(&mut self, id: TicketId, now: Timestamp) -> Option<Explanation> {
        let w = self.waiting.iter().find(|w| w.candidate.id == id)?;
        Some(Explanation {
            waiting_ms: now.millis() - w.candidate.created_at.millis(),
            range: None,
            rating: w.candidate.members[0].rating,
            candidates: self.waiting.len() - 1,
            removed: Vec::new(),
            next_widening_at: None,
        })
    }
    pub fn len(&self) -> usize {
        self.waiting.len()
    }
    pub fn ids(&self) -> impl Iterator<Item = TicketId> + '_ {
        self.waiting.iter().map(|w| w.candidate.id)
    }
}
