//! What waits for one receiver.

use std::collections::{BTreeMap, BTreeSet};

use oxisim_wire::Instant;

/// What waits for one receiver, and how it is with it.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Whether it is there.
    pub is_here: bool,
    /// What has not gone out, by the time at which it may.
    pub waiting: BTreeSet<(Instant, u64)>,
    /// What has gone out and has no answer, with its RP-Message Reference.
    pub sent: BTreeMap<u64, u8>,
    /// Nothing goes out before.
    pub again: Option<Instant>,
    /// How often something has failed since something was delivered.
    pub failures: u32,
    /// When the centre looks at it next.
    pub wake: Option<Instant>,
    /// ESMEs that want to know when it is there.
    pub alerts: BTreeSet<String>,
    reference: u8,
}

impl Queue {
    pub fn count(&self) -> usize {
        self.waiting.len() + self.sent.len()
    }

    /// The next to go out, and when it may.
    pub fn next(&self, window: usize) -> Option<(Instant, u64)> {
        let &(begins, id) = self.waiting.first()?;
        let may = self.is_here && self.sent.len() < window;
        may.then(|| (self.again.map_or(begins, |again| again.max(begins)), id))
    }

    /// Notes that a message has gone out, and with which reference.
    pub fn send(&mut self, id: u64) -> u8 {
        self.reference = self.reference.wrapping_add(1);
        self.sent.insert(id, self.reference);
        self.reference
    }

    /// The message that has gone out with this reference.
    pub fn of_reference(&self, reference: u8) -> Option<u64> {
        self.sent.iter().find(|&(_, &other)| other == reference).map(|(&id, _)| id)
    }

    pub fn take_sent(&mut self) -> impl Iterator<Item = u64> + use<> {
        std::mem::take(&mut self.sent).into_keys()
    }

    pub const fn forget_failures(&mut self) {
        self.failures = 0;
        self.again = None;
    }

    /// Whether there is nothing to remember.
    pub fn is_over(&self) -> bool {
        !self.is_here && self.count() == 0 && self.alerts.is_empty()
    }
}
