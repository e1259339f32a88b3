//! When the next message may be sent.

use oxisim_wire::{Duration, Instant};

/// A rate of messages, and pauses that the other side has asked for.
#[derive(Debug)]
pub(super) struct Pace {
    /// Time from message to message.
    interval: Duration,
    /// When the next message would be due if all came at the rate.
    due: Instant,
    /// Nothing is sent before.
    held: Instant,
    /// How long the next pause is.
    pause: Duration,
    shortest: Duration,
}

/// How far messages may run ahead of the rate.
const AHEAD: Duration = Duration::from_millis(100);
/// The pause if the other side is busy, and takes messages all the same.
const BREATH: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(60);

impl Pace {
    /// So many messages a second, or as many as can be; `pause` is the first pause.
    pub fn new(rate: Option<u32>, pause: Duration) -> Self {
        let interval =
            rate.map_or(Duration::ZERO, |rate| Duration::from_micros(1_000_000 / u64::from(rate.max(1))));
        Self { interval, due: Instant::EPOCH, held: Instant::EPOCH, pause, shortest: pause }
    }

    /// When the next message may be sent.
    pub fn ready_at(&self) -> Instant {
        let due = Instant::from_micros(self.due.as_micros().saturating_sub(AHEAD.as_micros()));
        due.max(self.held)
    }

    /// A message is sent.
    pub fn sent(&mut self, now: Instant) {
        self.due = self.due.max(now) + self.interval;
    }

    /// The other side has had too much: a pause, each twice as long as the one before.
    pub fn hold(&mut self, now: Instant) {
        if now >= self.held {
            self.held = now + self.pause;
            self.pause = self.pause.saturating_mul(2).min(LONGEST);
        }
    }

    /// The other side is nearly as busy as it can be: a breath.
    pub fn slow(&mut self, now: Instant) {
        self.held = self.held.max(now + BREATH);
    }

    /// The other side has taken a message.
    pub fn taken(&mut self, now: Instant) {
        if now >= self.held {
            self.pause = self.shortest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_keep_their_rate() {
        let mut pace = Pace::new(Some(100), Duration::from_secs(1));
        let mut now = Instant::from_secs(10);
        for _ in 0..1_000 {
            now = now.max(pace.ready_at());
            pace.sent(now);
        }
        let took = now.since(Instant::from_secs(10)).as_millis();
        assert!((9_800..=10_000).contains(&took), "{took} ms");
    }

    #[test]
    fn pauses_double_until_a_message_is_taken() {
        let mut pace = Pace::new(None, Duration::from_secs(1));
        let mut now = Instant::from_secs(10);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            pace.hold(now);
            // Answers to what was sent before the pause.
            pace.hold(now);
            pace.taken(now);
            pauses.push(pace.ready_at().since(now).as_secs());
            now = pace.ready_at();
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        pace.taken(now);
        pace.hold(now);
        assert_eq!(pace.ready_at().since(now).as_secs(), 1);
    }
}
