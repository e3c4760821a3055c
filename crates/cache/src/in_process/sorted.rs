use std::cmp::Ordering;
use std::collections::HashMap;

use kernel::PlayerId;
use standings::BoardLine;

/// A board's lines in their order, in chunks: a line comes or goes by moving one chunk's rest, not the board's, and a
/// position is counted by chunks. Of a million lines both take microseconds.
#[derive(Default)]
pub(crate) struct SortedBoard {
    /// None of them empty.
    chunks: Vec<Vec<Line>>,
    /// Under which value a player stands.
    values: HashMap<PlayerId, f64>,
}

#[derive(Clone, Copy)]
struct Line {
    value: f64,
    player: PlayerId,
    games: i32,
}

impl Line {
    /// The highest value first, and by player where values are equal.
    fn order(&self, value: f64, player: PlayerId) -> Ordering {
        value.total_cmp(&self.value).then_with(|| self.player.cmp(&player))
    }
}

impl SortedBoard {
    /// A chunk of so many lines is cut in two.
    const CHUNK: usize = 512;

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Sets a player's line. The value is finite.
    pub(crate) fn put(&mut self, player: PlayerId, value: f64, games: i32) {
        // Of the two zeros the one without a sign.
        let value = value + 0.0;
        self.remove(player);
        self.values.insert(player, value);
        let line = Line { value, player, games };
        let (at, offset) = self.find(value, player);
        // Behind the last line of all: into the last chunk.
        let (at, offset) = match at.checked_sub(1) {
            Some(last) if at == self.chunks.len() => (last, self.chunks[last].len()),
            _ => (at, offset),
        };
        let Some(chunk) = self.chunks.get_mut(at) else { return self.chunks.push(vec![line]) };
        chunk.insert(offset, line);
        if chunk.len() >= Self::CHUNK {
            let rest = chunk.split_off(Self::CHUNK / 2);
            self.chunks.insert(at + 1, rest);
        }
    }

    /// Removes a player's line, if there is one.
    pub(crate) fn remove(&mut self, player: PlayerId) {
        let Some(value) = self.values.remove(&player) else { return };
        let (at, offset) = self.find(value, player);
        self.chunks[at].remove(offset);
        let left = self.chunks[at].len();
        if left == 0 {
            self.chunks.remove(at);
        } else if self.chunks.get(at + 1).is_some_and(|next| left + next.len() <= Self::CHUNK / 4) {
            let next = self.chunks.remove(at + 1);
            self.chunks[at].extend(next);
        }
    }

    /// The first line that isn't before this value and player: its chunk, and its place there.
    fn find(&self, value: f64, player: PlayerId) -> (usize, usize) {
        let before = |line: &Line| line.order(value, player) == Ordering::Less;
        let at = self.chunks.partition_point(|chunk| chunk.last().is_some_and(before));
        (at, self.chunks.get(at).map_or(0, |chunk| chunk.partition_point(before)))
    }

    /// How many lines are before chunk `at`.
    fn before(&self, at: usize) -> usize {
        self.chunks[..at].iter().map(Vec::len).sum()
    }

    /// Where a player stands, from 0.
    pub(crate) fn index_of(&self, player: PlayerId) -> Option<usize> {
        let (at, offset) = self.find(*self.values.get(&player)?, player);
        Some(self.before(at) + offset)
    }

    /// How many lines there are up to this value and player, who need not be here.
    pub(crate) fn after(&self, value: f64, player: PlayerId) -> usize {
        let value = value + 0.0;
        let (at, offset) = self.find(value, player);
        let same = self.chunks.get(at).is_some_and(|chunk| chunk[offset].order(value, player) == Ordering::Equal);
        self.before(at) + offset + usize::from(same)
    }

    /// Up to `limit` lines from this place on.
    pub(crate) fn lines(&self, from: usize, limit: usize) -> Vec<BoardLine> {
        let limit = limit.min(self.len().saturating_sub(from));
        // One more at each end, to know of ties.
        let mut all = self.from(from.saturating_sub(1));
        let mut previous = if from > 0 { all.next() } else { None };
        let mut all = all.take(limit + 1).peekable();
        let Some(first) = all.peek() else { return Vec::new() };
        let mut rank = 1 + self.higher_than(first.value);
        let mut lines = Vec::with_capacity(limit);
        while lines.len() < limit
            && let Some(line) = all.next()
        {
            let with_previous = previous.is_some_and(|previous| previous.value == line.value);
            if !with_previous {
                rank = 1 + from + lines.len();
            }
            lines.push(BoardLine {
                player_id: line.player,
                value: line.value,
                games: line.games,
                rank: i64::try_from(rank).unwrap_or(i64::MAX),
                tied: with_previous || all.peek().is_some_and(|next| next.value == line.value),
            });
            previous = Some(line);
        }
        lines
    }

    fn from(&self, index: usize) -> impl Iterator<Item = &Line> {
        let (mut at, mut skip) = (0, index);
        while let Some(chunk) = self.chunks.get(at)
            && chunk.len() <= skip
        {
            (at, skip) = (at + 1, skip - chunk.len());
        }
        self.chunks[at..].iter().flatten().skip(skip)
    }

    fn higher_than(&self, value: f64) -> usize {
        let higher = |line: &Line| line.value > value;
        let at = self.chunks.partition_point(|chunk| chunk.last().is_some_and(higher));
        self.before(at) + self.chunks.get(at).map_or(0, |chunk| chunk.partition_point(higher))
    }
}

#[cfg(test)]
mod tests {
    use kernel::{IdSource as _, SeededIds, Timestamp};

    use super::*;

    /// Grown over many chunks and shrunk again: every position is right all the way, and chunks don't stay behind.
    #[test]
    fn positions_are_right_across_chunks() {
        let ids = SeededIds::new(3);
        let players: Vec<_> = (0..6_000).map(|_| PlayerId::new(ids.uuid(Timestamp::from_millis(0)))).collect();
        let mut board = SortedBoard::default();
        for (at, player) in players.iter().enumerate() {
            board.put(*player, (at * 7_919 % 6_000 / 3) as f64, 1);
        }
        let check = |board: &SortedBoard| {
            let lines = board.lines(0, usize::MAX);
            assert_eq!(lines.len(), board.len());
            for (at, line) in lines.iter().enumerate() {
                assert_eq!(board.index_of(line.player_id), Some(at));
                assert_eq!(board.after(line.value, line.player_id), at + 1);
                assert_eq!(board.lines(at, 1), [*line]);
            }
            assert!(lines.is_sorted_by(|one, two| (-one.value, one.player_id) < (-two.value, two.player_id)));
        };
        check(&board);
        assert!(board.chunks.len() > 10);
        for player in &players[..5_990] {
            board.remove(*player);
        }
        check(&board);
        assert_eq!(board.len(), 10);
        assert!(board.chunks.len() < 5, "{} chunks", board.chunks.len());
        for player in &players {
            board.remove(*player);
        }
        assert!(board.chunks.is_empty() && board.lines(0, 5).is_empty());
    }
}
