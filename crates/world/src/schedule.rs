//! What will happen, in the order of time.

use alloc::collections::BTreeMap;

use oxisim_wire::Instant;

/// Events by time; those of the same time in the order in which they were planned.
#[derive(Clone, Debug)]
pub(crate) struct Schedule<T> {
    planned: BTreeMap<(Instant, u64), T>,
    count: u64,
}

impl<T> Default for Schedule<T> {
    fn default() -> Self {
        Self { planned: BTreeMap::new(), count: 0 }
    }
}

impl<T> Schedule<T> {
    pub fn plan(&mut self, at: Instant, event: T) {
        self.count += 1;
        self.planned.insert((at, self.count), event);
    }

    /// Time of the earliest event.
    pub fn next(&self) -> Option<Instant> {
        self.planned.keys().next().map(|&(at, _)| at)
    }

    /// Whether something of that kind is planned.
    pub fn has(&self, kind: impl FnMut(&T) -> bool) -> bool {
        self.planned.values().any(kind)
    }

    /// Forgets what is planned, but for what `keep` picks.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.planned.retain(|_, planned| keep(planned));
    }

    /// Takes the earliest event if its time has come.
    pub fn take_due(&mut self, now: Instant) -> Option<T> {
        let entry = self.planned.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}
