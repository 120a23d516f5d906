//! The clock that a node goes by. Tests of whole processes move it; a release build cannot.

use std::sync::Arc;

use noroshi_model::Clock;
use noroshi_node::system::SystemClock;

/// The system's clock.
#[cfg(not(debug_assertions))]
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// The system's clock, so many seconds ahead as `NOROSHI_TEST_AHEAD` says.
#[cfg(debug_assertions)]
pub(crate) fn clock() -> Arc<dyn Clock> {
    use noroshi_model::Timestamp;

    struct Ahead(i64);

    impl Clock for Ahead {
        fn now(&self) -> Timestamp {
            SystemClock.now().plus_seconds(self.0)
        }
    }

    let ahead = std::env::var("NOROSHI_TEST_AHEAD").ok();
    let ahead = ahead.and_then(|seconds| seconds.parse().ok());
    Arc::new(Ahead(ahead.unwrap_or_default()))
}
