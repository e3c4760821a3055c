//! How far a ticket reaches: windows that grow, and when two of them touch.

use kernel::Timestamp;

/// The knobs of one queue. The defaults were tuned on the seeds 1 to 4 of `simulate` and are judged on others
/// (docs/matchmaking.md).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// What a second of waiting is worth, in rating points: 5 means that 20 s of waiting equal a gap of 100 points.
    pub kappa: f64,
    /// Half-width a ticket starts with, as a share of `sqrt(kappa / local arrival density)`.
    pub start: f64,
    /// How fast the half-width grows, as a share of `kappa` per second.
    pub slope: f64,
    /// How fast that growth grows, as a share of `kappa` per second squared.
    pub tail: f64,
    /// Share of a rating's deviation beyond `settled` by which the half-width is larger: the gap between two newcomers
    /// says little about them, and in an empty queue they shouldn't wait for it.
    pub doubt: f64,
    /// Deviation, in points, of a rating that is as good as known.
    pub settled: f64,
    /// From this age (ms) on a ticket takes anybody it is allowed to meet.
    pub starve_ms: i64,
    /// From this age (ms) of the oldest in a group on, latencies up to twice the mode's cap will do.
    pub relax_ms: i64,
    /// What a preferred attribute that differs counts as, in points of gap.
    pub preference: f64,
    /// How long (ms) it is remembered who played with whom.
    pub spacing_memory_ms: i64,
    /// By how much (ms) later those who met within that time touch, where somebody else could be met.
    pub spacing_ms: i64,
    /// Half-width a ticket starts with where groups of K players are made, as a share of a pair's times `sqrt(K / 2)`:
    /// K players take longer to gather, so each is looked for further.
    pub crowd: f64,
}

/// No rating is less certain than a newcomer's.
const MOST_DEVIATION: f64 = 350.0;

impl Default for Tuning {
    fn default() -> Self {
        Self {
            kappa: 5.0,
            start: 0.5,
            slope: 0.25,
            tail: 0.006,
            doubt: 0.35,
            settled: 80.0,
            starve_ms: 60_000,
            relax_ms: 45_000,
            preference: 100.0,
            spacing_memory_ms: 300_000,
            spacing_ms: 3_000,
            crowd: 1.5,
        }
    }
}

impl Tuning {
    /// Half-width of a fresh ticket's interval where `density` players arrive per second and rating point.
    pub(crate) fn base(&self, density: f64) -> f64 {
        self.start * (self.kappa / density.max(f64::MIN_POSITIVE)).sqrt()
    }

    /// By how much a ticket of this deviation reaches further, in points. What isn't a number counts as known.
    pub(crate) fn doubt(&self, deviation: f64) -> f64 {
        self.doubt * (deviation - self.settled).max(0.0).min(MOST_DEVIATION - self.settled)
    }

    /// Half-width `s(age)` of an interval that started at `base`: what a player may be told about his search.
    #[must_use]
    pub fn half_width(&self, base: f64, age_ms: i64) -> f64 {
        if age_ms >= self.starve_ms {
            return f64::INFINITY;
        }
        let age = seconds(age_ms.max(0) * 1_000);
        base + self.kappa * (self.slope + self.tail * age) * age
    }

    /// When two intervals touch, in microseconds since the epoch: the root of `s_i(t) + s_j(t) = gap`, or the moment
    /// the older one starves. May lie before the younger one's arrival, and then says by how much they overlap already.
    pub(crate) fn touch(&self, a: &Span, b: &Span) -> i64 {
        self.touch_across(a, b, 0.0)
    }

    /// The same where something else than their ratings keeps them `extra` points further apart.
    pub(crate) fn touch_across(&self, a: &Span, b: &Span, extra: f64) -> i64 {
        let (older, younger) = if a.born <= b.born { (a, b) } else { (b, a) };
        let head_start = seconds(younger.born - older.born);
        let gap = points((a.rating - b.rating).abs()) + extra;
        // With u seconds since the younger one's arrival: tail·u² + slope·u = missing.
        let tail = 2.0 * self.kappa * self.tail;
        let slope = 2.0 * self.kappa * (self.slope + self.tail * head_start);
        let width = a.base + b.base + self.kappa * (self.slope + self.tail * head_start) * head_start;
        let missing = gap - width;
        // Where they overlap at once, the tangent extends the curve to before the arrival.
        let wait = if missing <= 0.0 {
            missing / slope
        } else {
            2.0 * missing / (slope + (slope * slope + 4.0 * tail * missing).sqrt())
        };
        let starved = (older.born + self.starve_ms * 1_000).max(younger.born);
        starved.min(younger.born.saturating_add(micros(wait)))
    }
}

impl Tuning {
    /// Half-width of an interval at a time given in microseconds since the epoch; no less than it was born with.
    pub(crate) fn half_width_at(&self, span: &Span, at: i64) -> f64 {
        let age = at.saturating_sub(span.born).max(0);
        if age >= self.starve_ms * 1_000 {
            return f64::INFINITY;
        }
        let age = seconds(age);
        span.base + self.kappa * (self.slope + self.tail * age) * age
    }
}

/// The moving part of a ticket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    /// Thousandths of a rating point.
    pub(crate) rating: i64,
    /// Microseconds since the epoch.
    pub(crate) born: i64,
    /// Half-width at birth, in points.
    pub(crate) base: f64,
}

#[expect(clippy::cast_precision_loss, reason = "a ticket's life in microseconds fits 52 bits many times over")]
pub(crate) fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "ratings are clamped to a few thousand points")]
pub(crate) fn points(thousandths: i64) -> f64 {
    thousandths as f64 / 1e3
}

#[expect(clippy::cast_possible_truncation, reason = "float to int saturates")]
fn micros(seconds: f64) -> i64 {
    (seconds * 1e6).ceil() as i64
}

/// A rating as the index orders it; what isn't a number counts as 0 and nothing lies beyond ±1,000,000 points.
#[expect(clippy::cast_possible_truncation, reason = "clamped before")]
pub(crate) fn thousandths(rating: f64) -> i64 {
    if rating.is_nan() { 0 } else { (rating.clamp(-1e6, 1e6) * 1e3).round() as i64 }
}

/// Arrivals per second and rating point, from exponentially decayed buckets of 50 points.
#[derive(Debug, Clone)]
pub(crate) struct Density {
    buckets: Vec<(f64, i64)>,
    since: Option<i64>,
}

const BUCKET_POINTS: f64 = 50.0;
const BUCKETS: usize = 81;
const HALF_LIFE: f64 = 300.0;
/// Before this many seconds of observation the rate is taken as if they had passed.
const WARM_UP: f64 = 5.0;

impl Density {
    pub(crate) fn new() -> Self {
        Self { buckets: vec![(0.0, 0); BUCKETS], since: None }
    }

    /// Counts so many players arriving at once, and says how dense their neighbourhood (their bucket and the two beside
    /// it) is.
    pub(crate) fn arrive(&mut self, at: Timestamp, rating: i64, players: u8) -> f64 {
        let now = at.micros();
        let since = *self.since.get_or_insert(now);
        let here = Self::bucket(rating);
        let (low, high) = (here.saturating_sub(1), (here + 1).min(BUCKETS - 1));
        let mut weight = 0.0;
        for (index, (count, updated)) in self.buckets.iter_mut().enumerate().take(high + 1).skip(low) {
            if now > *updated {
                *count *= (-seconds(now - *updated) / HALF_LIFE).exp2();
                *updated = now;
            }
            if index == here {
                *count += f64::from(players);
            }
            weight += *count;
        }
        // A bucket fed at rate λ holds λ·(1 − 2^(−t/half-life))·half-life/ln 2 after t seconds.
        let seen = seconds(now - since).max(WARM_UP);
        let memory = HALF_LIFE / std::f64::consts::LN_2 * (1.0 - (-seen / HALF_LIFE).exp2());
        #[expect(clippy::cast_precision_loss, reason = "at most three buckets")]
        let width = (high - low + 1) as f64 * BUCKET_POINTS;
        weight / memory / width
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the buckets there are")]
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn bucket(rating: i64) -> usize {
        (points(rating) / BUCKET_POINTS).clamp(0.0, (BUCKETS - 1) as f64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(rating: i64, born_ms: i64, base: f64) -> Span {
        Span { rating: rating * 1_000, born: born_ms * 1_000, base }
    }

    #[test]
    fn touches_when_the_half_widths_add_up_to_the_gap() {
        let tuning = Tuning::default();
        let (a, b) = (span(1_500, 0, 20.0), span(1_620, 4_000, 30.0));
        let touch_ms = (tuning.touch(&a, &b) + 999) / 1_000;
        let widths = |at_ms: i64| tuning.half_width(20.0, at_ms) + tuning.half_width(30.0, at_ms - 4_000);
        assert!(widths(touch_ms) >= 120.0, "{touch_ms}");
        assert!(widths(touch_ms - 2) < 120.0, "{touch_ms}");
    }

    #[test]
    fn the_older_one_starves_at_last() {
        let tuning = Tuning::default();
        let (a, b) = (span(0, 0, 20.0), span(3_000, 9_000, 30.0));
        assert_eq!(tuning.touch(&a, &b), tuning.starve_ms * 1_000);
        assert_eq!(tuning.touch(&a, &span(3_000, 90_000, 1.0)), 90_000_000, "never before the younger one is there");
        assert!(tuning.half_width(20.0, tuning.starve_ms).is_infinite());
    }

    #[test]
    fn what_is_known_vaguely_reaches_further() {
        let tuning = Tuning::default();
        assert_eq!([80.0, 0.0, f64::NAN, -1.0].map(|deviation| tuning.doubt(deviation)), [0.0; 4]);
        assert!(tuning.doubt(290.0) * 2.0 > 140.0, "what a newcomer's first win moves is no reason to wait");
        assert!((tuning.doubt(f64::INFINITY) - tuning.doubt(350.0)).abs() < f64::EPSILON);
    }

    #[test]
    fn overlapping_at_arrival_is_said_as_a_time_before_it() {
        let touch = Tuning::default().touch(&span(1_500, 0, 20.0), &span(1_510, 1_000, 20.0));
        assert!(touch < 1_000_000, "{touch}");
    }

    #[test]
    fn density_follows_the_rate_of_arrivals() {
        let mut density = Density::new();
        let mut seen = 0.0;
        for n in 0..3_000_i64 {
            // Two a second, evenly over 150 points.
            seen = density.arrive(Timestamp::from_millis(n * 500), (1_450 + (n % 3) * 50) * 1_000, 1);
        }
        let truth = 2.0 / 150.0;
        assert!((seen / truth - 1.0).abs() < 0.35, "{seen} against {truth}");
    }
}
