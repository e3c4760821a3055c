use deadpool_redis::redis::ScriptInvocation;
use kernel::PlayerId;

/// Lines of one command: Lua passes no more than 8,000 words on.
const AT_ONCE: usize = 500;
/// Lines of one step: up to 12 ms on a board of a million, in which nobody else is served.
const PER_STEP: usize = 1_000;

/// Some lines of one board.
pub(crate) struct Part<'a> {
    board: &'a str,
    set: Vec<(f64, PlayerId, i32)>,
    removed: Vec<PlayerId>,
}

impl<'a> Part<'a> {
    /// Lets the board begin, if nothing else.
    pub(crate) const fn none(board: &'a str) -> Self {
        Self { board, set: Vec::new(), removed: Vec::new() }
    }

    fn len(&self) -> usize {
        self.set.len() + self.removed.len()
    }

    pub(crate) fn write(&self, script: &mut ScriptInvocation<'_>) {
        script.arg(self.board).arg(self.set.len()).arg(self.removed.len());
        for (value, player, _) in &self.set {
            script.arg(-value).arg(player.uuid().as_bytes().as_slice());
        }
        for (_, player, games) in &self.set {
            script.arg(player.uuid().as_bytes().as_slice()).arg(*games);
        }
        for player in &self.removed {
            script.arg(player.uuid().as_bytes().as_slice());
        }
    }
}

/// Lines of one board, cut into parts.
pub(crate) fn cut<'a>(board: &'a str, lines: &[(PlayerId, Option<f64>, i32)]) -> Vec<Part<'a>> {
    let part = |some: &[(PlayerId, Option<f64>, i32)]| {
        let mut part = Part::none(board);
        for &(player, value, games) in some {
            match value.filter(|value| value.is_finite()) {
                Some(value) => part.set.push((value, player, games)),
                None => part.removed.push(player),
            }
        }
        part
    };
    lines.chunks(AT_ONCE).map(part).collect()
}

/// Parts in steps: at least one, be it empty.
pub(crate) fn steps<'a, 'b>(parts: &'a [Part<'b>]) -> Vec<Vec<&'a Part<'b>>> {
    let (mut steps, mut room) = (vec![Vec::new()], PER_STEP);
    for part in parts {
        if part.len() > room {
            steps.push(Vec::new());
            room = PER_STEP;
        }
        room -= part.len().min(room);
        if let Some(step) = steps.last_mut() {
            step.push(part);
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use kernel::{IdSource as _, SeededIds, Timestamp};

    use super::*;

    #[test]
    fn steps_hold_every_part_and_no_more_than_a_step_may() {
        let ids = SeededIds::new(1);
        let lines: Vec<_> =
            (0..4_321).map(|_| (PlayerId::new(ids.uuid(Timestamp::from_millis(0))), Some(1.0), 1)).collect();
        let parts = cut("=", &lines);
        let steps = steps(&parts);
        let sizes: Vec<usize> = steps.iter().map(|step| step.iter().map(|part| part.len()).sum()).collect();
        assert_eq!(sizes, [1_000, 1_000, 1_000, 1_000, 321]);
        assert!(parts.iter().all(|part| part.len() <= AT_ONCE));
        assert_eq!(super::steps(&[]).len(), 1, "a change without lines moves its family all the same");
    }
}
