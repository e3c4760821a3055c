//! Contract suites: the cases that every adapter of a port must pass. Each suite lists its cases once, in a macro that
//! expands to one test per case; an adapter's tests call the macro with an async expression that makes a fixture:
//!
//! ```text
//! shallweplay_kernel::cache_contract!(a_cache_and_its_other_replica());
//! ```

pub mod bus;
pub mod cache;
pub mod limiter;
pub mod mechanisms;
mod waiting;

pub use waiting::{Pace, Pause, all_at_once};

/// One `#[tokio::test]` per case; the adapter's crate brings tokio.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_tests {
    ($make:expr, $suite:ident: $($case:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let pace = $crate::contract::Pace::new(|| {
                ::std::boxed::Box::pin(::tokio::time::sleep(::std::time::Duration::from_millis(3)))
            });
            let fixture = $make.await;
            $crate::contract::$suite::$case(&fixture, pace).await;
        }
    )+};
}
