//! What is planned for which ticket: a binary heap that knows where each plan stands, so that a new plan replaces the
//! old one and nothing void is left to clear away.

use super::Check;
use super::pools::Slot;

/// No plan.
const NOWHERE: usize = usize::MAX;

/// At most one plan for each slot, the earliest first.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    heap: Vec<Check>,
    /// Where each slot's plan stands in the heap.
    places: Vec<usize>,
}

impl Schedule {
    /// The earliest.
    pub(super) fn first(&self) -> Option<&Check> {
        self.heap.first()
    }

    /// Plans this, whatever was planned for the same slot.
    pub(super) fn plan(&mut self, check: Check) {
        let slot = check.slot as usize;
        if slot >= self.places.len() {
            self.places.resize(slot + 1, NOWHERE);
        }
        let mut at = self.places[slot];
        if at == NOWHERE {
            at = self.heap.len();
            self.heap.push(check);
        }
        self.put(at, check);
        self.settle(at);
    }

    /// Nothing is planned for this slot any more.
    pub(super) fn cancel(&mut self, slot: Slot) {
        let Some(at) = self.places.get(slot as usize).copied().filter(|at| *at != NOWHERE) else { return };
        self.places[slot as usize] = NOWHERE;
        let Some(last) = self.heap.pop() else { return };
        if at < self.heap.len() {
            self.put(at, last);
            self.settle(at);
        }
    }

    fn put(&mut self, at: usize, check: Check) {
        self.heap[at] = check;
        self.places[check.slot as usize] = at;
    }

    fn swap(&mut self, a: usize, b: usize) {
        let (here, there) = (self.heap[a], self.heap[b]);
        self.put(a, there);
        self.put(b, here);
    }

    /// Moves the one that stands here to where it belongs.
    fn settle(&mut self, mut at: usize) {
        while at > 0 && self.heap[at] < self.heap[(at - 1) / 2] {
            self.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
        loop {
            let children = [2 * at + 1, 2 * at + 2].into_iter().filter(|child| *child < self.heap.len());
            let Some(least) = children.min_by_key(|child| self.heap[*child]) else { return };
            if self.heap[at] <= self.heap[least] {
                return;
            }
            self.swap(at, least);
            at = least;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn gives_what_is_planned_in_order(ops in prop::collection::vec((0_u32..40, prop::option::of(0_i64..1_000)), 0..400)) {
            let (mut schedule, mut planned) = (Schedule::default(), BTreeMap::new());
            for (slot, at) in ops {
                match at {
                    Some(at) => {
                        schedule.plan(Check { at, oldest: 0, key: (0, 0), slot });
                        planned.insert(slot, at);
                    }
                    None => {
                        schedule.cancel(slot);
                        planned.remove(&slot);
                    }
                }
                let first = planned.iter().map(|(slot, at)| (*at, *slot)).min();
                prop_assert_eq!(schedule.first().map(|check| (check.at, check.slot)), first);
            }
            let mut wanted: Vec<_> = planned.into_iter().map(|(slot, at)| (at, slot)).collect();
            wanted.sort_unstable();
            let mut given = Vec::new();
            while let Some(check) = schedule.first().copied() {
                schedule.cancel(check.slot);
                given.push((check.at, check.slot));
            }
            prop_assert_eq!(given, wanted);
        }
    }
}
