//! How long an ESME waits before it connects again.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_core::RngCore;

/// Waits that double, each spread by chance, so that not all come back at once to an SMS centre that has started anew.
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
    chance: ChaCha8Rng,
}

impl Backoff {
    pub fn new(first: Duration, longest: Duration, chance: ChaCha8Rng) -> Self {
        Self { first, longest, next: first, chance }
    }

    /// The next wait: between half of what it could be and the whole.
    pub fn wait(&mut self) -> Duration {
        let whole = self.next;
        self.next = whole.saturating_mul(2).min(self.longest);
        let half = whole / 2;
        half + half.mul_f64(f64::from(self.chance.next_u32()) / f64::from(u32::MAX))
    }

    /// A session was bound: the next wait is the first one again.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use rand_core::SeedableRng;

    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_are_spread() {
        let chance = ChaCha8Rng::seed_from_u64(7);
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(10), chance);
        let mut spread = Vec::new();
        for whole in [1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0] {
            let share = backoff.wait().as_secs_f64() / whole;
            assert!((0.5..=1.0).contains(&share), "{share}");
            spread.push(share);
        }
        spread.dedup();
        assert_eq!(spread.len(), 7, "each is another share");
        backoff.reset();
        assert!(backoff.wait() <= Duration::from_secs(1));
    }
}
