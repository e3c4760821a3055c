//! Cases for [`RateLimiter`].

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use super::{Pace, all_at_once};
use crate::{Decision, Quota, RateLimiter};

/// Tests of a [`RateLimiter`]; `$make.await` gives a [`LimiterFixture`](crate::contract::limiter::LimiterFixture).
#[macro_export]
macro_rules! rate_limiter_contract {
    ($make:expr) => {
        $crate::contract_tests! { $make, limiter:
            allows_the_burst_and_refuses_the_next
            refills_evenly
            refusals_do_not_put_it_off
            keys_are_independent
            zero_is_off
            a_burst_of_one
            says_what_remains_and_when
            two_replicas_share_a_quota
            concurrent_calls_never_exceed_the_burst
            keys_may_hold_any_character
        }
    };
}

/// One limiter as two replicas see it.
pub struct LimiterFixture {
    /// The replica that acts.
    pub here: Arc<dyn RateLimiter>,
    /// Another replica; the same object where the limiter is in-process.
    pub there: Arc<dyn RateLimiter>,
    /// Kept until the case is over.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// So slow that nothing is refilled while a case runs.
const fn slow(burst: u32) -> Quota {
    Quota { burst, period: Duration::from_secs(3_600) }
}

/// Three of three, then no.
pub async fn allows_the_burst_and_refuses_the_next(limiters: &LimiterFixture, _: Pace) {
    for _ in 0..3 {
        assert!(limiters.here.check("a", slow(3)).await.allowed);
    }
    for _ in 0..3 {
        assert!(!limiters.here.check("a", slow(3)).await.allowed);
    }
}

/// A spent quota gives one call back after its share of the period, not the whole burst.
pub async fn refills_evenly(limiters: &LimiterFixture, pace: Pace) {
    let quota = Quota { burst: 4, period: Duration::from_secs(2) };
    for _ in 0..4 {
        assert!(limiters.here.check("a", quota).await.allowed);
    }
    pace.until("one call came back", async || limiters.here.check("a", quota).await.allowed).await;
    let next = limiters.here.check("a", quota).await;
    assert!(next.remaining <= 1, "{next:?}");
}

/// Asking all the time is refused most of the time, not for ever.
pub async fn refusals_do_not_put_it_off(limiters: &LimiterFixture, pace: Pace) {
    let quota = Quota { burst: 2, period: Duration::from_millis(100) };
    let mut allowed = 0;
    pace.until("eight calls were allowed", async || {
        allowed += u32::from(limiters.here.check("a", quota).await.allowed);
        allowed == 8
    })
    .await;
}

/// One key's calls cost no other key anything.
pub async fn keys_are_independent(limiters: &LimiterFixture, _: Pace) {
    assert!(limiters.here.check("write:a", slow(1)).await.allowed);
    assert!(!limiters.here.check("write:a", slow(1)).await.allowed);
    assert!(limiters.here.check("write:b", slow(1)).await.allowed);
    assert!(limiters.here.check("read:a", slow(1)).await.allowed);
}

/// A burst of 0 switches the limit off.
pub async fn zero_is_off(limiters: &LimiterFixture, _: Pace) {
    for _ in 0..50 {
        assert_eq!(limiters.here.check("a", slow(0)).await, Decision::UNLIMITED);
    }
}

/// The smallest quota.
pub async fn a_burst_of_one(limiters: &LimiterFixture, pace: Pace) {
    let quota = Quota { burst: 1, period: Duration::from_millis(60) };
    assert!(limiters.here.check("a", quota).await.allowed);
    pace.until("the call came back", async || limiters.there.check("a", quota).await.allowed).await;
}

/// What the `RateLimit-*` headers are made of.
pub async fn says_what_remains_and_when(limiters: &LimiterFixture, _: Pace) {
    let share = Duration::from_secs(1_200);
    let slack = Duration::from_secs(60);
    for taken in 1..=3_u32 {
        let decision = limiters.here.check("a", slow(3)).await;
        assert!(decision.allowed);
        assert_eq!((decision.limit, decision.remaining), (3, 3 - taken));
        let whole = share * taken;
        assert!(decision.reset <= whole && decision.reset + slack > whole, "{decision:?}");
    }
    let refused = limiters.here.check("a", slow(3)).await;
    assert_eq!((refused.allowed, refused.limit, refused.remaining), (false, 3, 0));
    assert!(refused.reset <= share && refused.reset + slack > share, "{refused:?}");
}

/// What one replica allowed, the other one counts.
pub async fn two_replicas_share_a_quota(limiters: &LimiterFixture, _: Pace) {
    for at in 0..4 {
        let limiter = if at % 2 == 0 { &limiters.here } else { &limiters.there };
        assert_eq!(limiter.check("a", slow(4)).await.remaining, 3 - at);
    }
    assert!(!limiters.here.check("a", slow(4)).await.allowed);
    assert!(!limiters.there.check("a", slow(4)).await.allowed);
}

/// Fifty at once, ten allowed.
pub async fn concurrent_calls_never_exceed_the_burst(limiters: &LimiterFixture, _: Pace) {
    let calls = (0..50).map(|at| {
        let limiter = if at % 2 == 0 { &limiters.here } else { &limiters.there };
        limiter.check("a", slow(10))
    });
    let allowed = all_at_once(calls).await.iter().filter(|decision| decision.allowed).count();
    assert_eq!(allowed, 10);
}

/// Keys are opaque.
pub async fn keys_may_hold_any_character(limiters: &LimiterFixture, _: Pace) {
    for key in ["", ":", "auth:2001:db8::1", "a b", "a\r\nb", "{a}", "ünï ☃", &"x".repeat(300)] {
        assert!(limiters.here.check(key, slow(1)).await.allowed, "{key:?}");
        assert!(!limiters.here.check(key, slow(1)).await.allowed, "{key:?}");
    }
}
