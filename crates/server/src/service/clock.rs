//! The one clock of a service.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use oxisim_wire::Instant;

/// Tells the time: the wall clock's, or a test's.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Instant + Send + Sync>);

impl Clock {
    /// The clock of this machine.
    #[must_use]
    pub fn wall() -> Self {
        Self::of(|| {
            #[expect(clippy::disallowed_methods, reason = "the service's own clock")]
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Instant::from_micros(u64::try_from(since.as_micros()).unwrap_or(0))
        })
    }

    /// Another clock.
    pub fn of(tell: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Instant {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}
