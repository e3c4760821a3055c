//! What histories can be narrowed by beside modes, players and results.

use crate::decide::flag;
use crate::model::Game;
use crate::words::{OriginKind, ResultStatus, Status};

impl Game {
    /// Words about how the game came to be (`matched`, `practice`, `private`, `rematch` or `solo`) and how it ended (`abandoned`,
    /// `claimed`, `majority`, `voided`; `amended` where an earlier result was replaced by another; `disputed` where players
    /// disagreed, whatever became of it). Sorted, each once, and found in games from histories too.
    #[must_use]
    pub fn tags(&self) -> Vec<&'static str> {
        let result = self.result.as_ref();
        let because = |reason: &str| {
            result.is_some_and(|result| result.reason == reason)
                || self.ended.as_ref().is_some_and(|ended| ended.reason == reason)
        };
        let voided = self.status == Status::Voided || result.is_some_and(|r| r.status == ResultStatus::Voided);
        let flagged = |flag: &str| self.flags.iter().any(|known| known == flag);
        let disputed = self.status == Status::Disputed || flagged(flag::CONFLICT) || flagged(flag::DISPUTED);
        let words = [
            ("abandoned", self.status == Status::Abandoned || because("abandoned")),
            ("amended", !voided && result.is_some_and(|result| result.version > 1)),
            ("claimed", because("claimed")),
            ("disputed", disputed),
            ("majority", because("majority")),
            (OriginKind::Matched.as_str(), self.origin.kind == OriginKind::Matched),
            (OriginKind::Practice.as_str(), self.origin.kind == OriginKind::Practice),
            (OriginKind::Private.as_str(), self.origin.kind == OriginKind::Private),
            (OriginKind::Rematch.as_str(), self.origin.kind == OriginKind::Rematch),
            (OriginKind::Solo.as_str(), self.origin.kind == OriginKind::Solo),
            ("voided", voided),
        ];
        let mut tags: Vec<_> = words.into_iter().filter(|(_, holds)| *holds).map(|(word, _)| word).collect();
        tags.sort_unstable();
        tags
    }

    /// How long it was played, in milliseconds; none unless it started and is over.
    #[must_use]
    pub fn lasted_ms(&self) -> Option<i64> {
        let (started, over) = (self.started_at?, self.finished_at?);
        Some((over.micros() - started.micros()).div_euclid(1_000))
    }
}
