use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use kernel::PlayerId;
use standings::{BoardCopies, BoardKey, BoardLine, BoardSpan, Place};

use super::sorted::SortedBoard;

/// [`BoardCopies`] of one replica, in memory.
///
/// At most 1,000,000 lines are kept in all, some 100 bytes each. A board that would exceed them is dropped and stays
/// with the database until its family is loaded anew; what else is here stays here.
pub struct InProcessBoards {
    families: RwLock<Families>,
    most: usize,
}

#[derive(Default)]
struct Families {
    by_name: HashMap<String, Family>,
    /// Lines of all boards together.
    lines: usize,
}

#[derive(Default)]
struct Family {
    /// Up to where its boards are complete; none while they are being loaded.
    at: Option<i64>,
    /// None for a board that found no room.
    boards: HashMap<BoardKey, Option<SortedBoard>>,
}

impl InProcessBoards {
    const MOST: usize = 1_000_000;

    /// No boards yet.
    #[must_use]
    pub fn new() -> Self {
        Self::with_room_for(Self::MOST)
    }

    fn with_room_for(most: usize) -> Self {
        Self { families: RwLock::default(), most }
    }

    fn read(&self) -> RwLockReadGuard<'_, Families> {
        self.families.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Families> {
        self.families.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says something about a board that is complete.
    fn ask<T>(&self, family: &str, board: &BoardKey, about: impl FnOnce(&SortedBoard) -> T) -> Option<T> {
        let families = self.read();
        let family = families.by_name.get(family).filter(|family| family.at.is_some())?;
        family.boards.get(board)?.as_ref().map(about)
    }
}

impl Default for InProcessBoards {
    fn default() -> Self {
        Self::new()
    }
}

impl Families {
    /// Sets or removes a line; says whether the board is still here then. What is dropped goes to `dropped`, to be
    /// freed after the lock.
    fn put(
        slot: &mut Option<SortedBoard>,
        (player, value, games): (PlayerId, Option<f64>, i32),
        (lines, most): (&mut usize, usize),
        dropped: &mut Vec<SortedBoard>,
    ) -> bool {
        let Some(board) = slot else { return false };
        *lines -= board.len();
        match value.filter(|value| value.is_finite()) {
            Some(value) => board.put(player, value, games),
            None => board.remove(player),
        }
        if *lines + board.len() > most {
            dropped.extend(slot.take());
            return false;
        }
        *lines += board.len();
        true
    }
}

#[async_trait]
impl BoardCopies for InProcessBoards {
    async fn complete_to(&self, family: &str) -> Option<i64> {
        self.read().by_name.get(family)?.at
    }

    async fn change(&self, family: &str, from: i64, to: i64, lines: &[(BoardKey, PlayerId, Option<f64>, i32)]) -> bool {
        let mut dropped = Vec::new();
        let mut families = self.write();
        let Families { by_name, lines: held } = &mut *families;
        let Some(copy) = by_name.get_mut(family).filter(|copy| copy.at == Some(from)) else { return false };
        copy.at = Some(to);
        for (key, player, value, games) in lines {
            if let Some(slot) = copy.boards.get_mut(key) {
                Families::put(slot, (*player, *value, *games), (held, self.most), &mut dropped);
            }
        }
        drop(families);
        if !dropped.is_empty() {
            tracing::warn!(family, boards = dropped.len(), "boards outgrew this process's memory for them");
        }
        true
    }

    async fn forget(&self, family: &str) {
        let mut families = self.write();
        let forgotten = families.by_name.insert(family.to_owned(), Family::default());
        let boards = forgotten.iter().flat_map(|family| family.boards.values().flatten());
        families.lines -= boards.map(SortedBoard::len).sum::<usize>();
        // A million lines take a while to free: not while others wait.
        drop(families);
        drop(forgotten);
    }

    async fn load(&self, family: &str, board: &BoardKey, lines: &[(PlayerId, f64, i32)]) -> bool {
        let mut dropped = Vec::new();
        let mut families = self.write();
        let Families { by_name, lines: held } = &mut *families;
        let Some(copy) = by_name.get_mut(family).filter(|copy| copy.at.is_none()) else { return false };
        let slot = copy.boards.entry(board.clone()).or_insert_with(|| Some(SortedBoard::default()));
        let mut here = slot.is_some();
        for (player, value, games) in lines {
            here = here && Families::put(slot, (*player, Some(*value), *games), (held, self.most), &mut dropped);
        }
        drop(families);
        here
    }

    async fn loaded(&self, family: &str, boards: &[BoardKey], to: i64) -> bool {
        let mut families = self.write();
        let Families { by_name, lines: held } = &mut *families;
        let Some(copy) = by_name.get_mut(family).filter(|copy| copy.at.is_none()) else { return false };
        let mut loaded = std::mem::take(&mut copy.boards);
        for board in boards {
            let slot = loaded.remove(board).unwrap_or_else(|| Some(SortedBoard::default()));
            copy.boards.entry(board.clone()).or_insert(slot);
        }
        *held -= loaded.values().flatten().map(SortedBoard::len).sum::<usize>();
        copy.at = Some(to);
        drop(families);
        drop(loaded);
        true
    }

    async fn lines(&self, family: &str, board: &BoardKey, span: BoardSpan, limit: i64) -> Option<Vec<BoardLine>> {
        let limit = usize::try_from(limit).unwrap_or(0);
        self.ask(family, board, |board| match span {
            BoardSpan::After(None) => board.lines(0, limit),
            BoardSpan::After(Some((value, player))) => board.lines(board.after(value, player), limit),
            BoardSpan::Around(player) => board.index_of(player).map_or_else(Vec::new, |at| {
                let above = at.min(limit / 2);
                // Those who are missing above are not made up for below.
                board.lines(at - above, limit - (limit / 2 - above))
            }),
        })
    }

    async fn place(&self, family: &str, board: &BoardKey, player: PlayerId) -> Option<Option<Place>> {
        self.ask(family, board, |board| {
            let line = board.index_of(player).and_then(|at| board.lines(at, 1).pop())?;
            Some(Place { line, of: i64::try_from(board.len()).unwrap_or(i64::MAX) })
        })
    }
}

#[cfg(test)]
mod tests {
    use kernel::{IdSource as _, SeededIds, Timestamp};
    use standings::Metric;

    use super::*;

    fn board(metric: Metric) -> BoardKey {
        BoardKey { mode: "duel".to_owned(), season: String::new(), metric }
    }

    fn lines(count: usize) -> Vec<(PlayerId, f64, i32)> {
        let ids = SeededIds::new(7);
        (0..count).map(|at| (PlayerId::new(ids.uuid(Timestamp::from_millis(at as i64))), at as f64, 1)).collect()
    }

    fn held(boards: &InProcessBoards) -> usize {
        boards.read().lines
    }

    #[tokio::test]
    async fn a_board_without_room_stays_with_the_database() {
        let boards = InProcessBoards::with_room_for(10);
        let (small, big) = (board(Metric::Wins), board(Metric::Rating));
        boards.forget("duel").await;
        assert!(boards.load("duel", &small, &lines(4)).await);
        assert!(!boards.load("duel", &big, &lines(7)).await);
        assert!(!boards.load("duel", &big, &[]).await, "it doesn't come back by halves");
        // Even a worker that pays no heed.
        assert!(boards.loaded("duel", &[small.clone(), big.clone()], 1).await);
        assert_eq!(boards.lines("duel", &big, BoardSpan::After(None), 5).await, None);
        assert_eq!(boards.lines("duel", &small, BoardSpan::After(None), 9).await.map(|lines| lines.len()), Some(4));
        assert_eq!(held(&boards), 4);
        boards.forget("duel").await;
        assert!(boards.load("duel", &big, &lines(7)).await, "there is room again");
        assert_eq!(held(&boards), 7);
    }

    #[tokio::test]
    async fn a_board_that_outgrows_the_room_leaves_alone() {
        let boards = InProcessBoards::with_room_for(10);
        let (one, two) = (board(Metric::Wins), board(Metric::Rating));
        boards.forget("duel").await;
        assert!(boards.load("duel", &one, &lines(4)).await);
        assert!(boards.loaded("duel", &[one.clone(), two.clone()], 1).await);
        let grown: Vec<_> = lines(7).iter().map(|line| (two.clone(), line.0, Some(line.1), line.2)).collect();
        assert!(boards.change("duel", 1, 2, &grown).await);
        assert_eq!(boards.complete_to("duel").await, Some(2));
        assert_eq!(boards.lines("duel", &two, BoardSpan::After(None), 9).await, None);
        assert_eq!(boards.lines("duel", &one, BoardSpan::After(None), 9).await.map(|lines| lines.len()), Some(4));
        assert_eq!(held(&boards), 4);
        boards.forget("duel").await;
        assert_eq!(held(&boards), 0);
    }
}
