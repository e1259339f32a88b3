//! When the next message may be sent.

use oxisim_wire::{Duration, Instant};

/// Pauses that the other side has asked for.
#[derive(Debug)]
pub(super) struct Pace {
    /// Nothing is sent before.
    held: Instant,
    /// How long the next pause is.
    pause: Duration,
    shortest: Duration,
}

/// The pause if the other side is busy, and takes messages all the same.
const BREATH: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(60);

impl Pace {
    /// No pause yet; `pause` is the first one.
    pub const fn new(pause: Duration) -> Self {
        Self { held: Instant::EPOCH, pause, shortest: pause }
    }

    /// When the next message may be sent.
    pub const fn ready_at(&self) -> Instant {
        self.held
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
    fn pauses_double_until_a_message_is_taken() {
        let mut pace = Pace::new(Duration::from_secs(1));
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
