//! How many messages a second an ESME sends, over all its sessions.

use oxisim_wire::{Duration, Instant};

/// A rate of messages.
#[derive(Debug)]
pub(crate) struct Rate {
    /// Time from message to message.
    interval: Duration,
    /// When the next message would be due if all came at the rate.
    due: Instant,
}

/// How far messages may run ahead of the rate.
const AHEAD: Duration = Duration::from_millis(100);

impl Rate {
    /// So many messages a second, or as many as can be.
    pub fn new(rate: Option<u32>) -> Self {
        Self { interval: interval(rate), due: Instant::EPOCH }
    }

    /// Another rate from now on.
    pub fn set(&mut self, rate: Option<u32>) {
        self.interval = interval(rate);
    }

    /// When the next message may be sent.
    pub fn ready_at(&self) -> Instant {
        Instant::from_micros(self.due.as_micros().saturating_sub(AHEAD.as_micros()))
    }

    /// A message is sent.
    pub fn sent(&mut self, now: Instant) {
        self.due = self.due.max(now) + self.interval;
    }
}

fn interval(rate: Option<u32>) -> Duration {
    rate.map_or(Duration::ZERO, |rate| Duration::from_micros(1_000_000 / u64::from(rate.max(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: Instant = Instant::from_secs(10);

    /// How many milliseconds 1 000 messages take.
    fn takes(rate: &mut Rate, begin: Instant) -> u64 {
        let mut now = begin;
        for _ in 0..1_000 {
            now = now.max(rate.ready_at());
            rate.sent(now);
        }
        now.since(begin).as_millis()
    }

    #[test]
    fn messages_keep_their_rate_also_when_it_is_changed() {
        let mut rate = Rate::new(Some(100));
        assert!((9_800..=10_000).contains(&takes(&mut rate, BEGIN)));
        rate.set(Some(1_000));
        assert!((800..=1_000).contains(&takes(&mut rate, Instant::from_secs(30))));
        rate.set(None);
        assert_eq!(takes(&mut rate, Instant::from_secs(60)), 0);
    }
}
