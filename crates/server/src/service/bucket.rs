//! A token bucket: so many a second, and so many at once.

use oxisim_wire::Instant;

/// Microtokens of a token.
const TOKEN: u64 = 1_000_000;

/// Lets through `rate` a second on average, and the tokens of one second at once.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    rate: u32,
    /// Microtokens.
    level: u64,
    at: Instant,
}

impl Bucket {
    /// A full bucket.
    #[must_use]
    pub const fn new(rate: u32, now: Instant) -> Self {
        Self { rate, level: rate as u64 * TOKEN, at: now }
    }

    /// Another rate from now on.
    pub fn set_rate(&mut self, rate: u32, now: Instant) {
        self.fill(now);
        self.rate = rate;
        self.level = self.level.min(u64::from(rate) * TOKEN);
    }

    /// How many may pass now.
    #[must_use]
    pub fn available(&mut self, now: Instant) -> u32 {
        self.fill(now);
        u32::try_from(self.level / TOKEN).unwrap_or(u32::MAX)
    }

    /// So many pass.
    pub fn take(&mut self, count: u32, now: Instant) {
        self.fill(now);
        self.level = self.level.saturating_sub(u64::from(count) * TOKEN);
    }

    fn fill(&mut self, now: Instant) {
        let gained = now.since(self.at).as_micros().saturating_mul(self.rate.into());
        self.level = self.level.saturating_add(gained).min(u64::from(self.rate) * TOKEN);
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_rate_passes_in_any_second_but_the_first() {
        let mut bucket = Bucket::new(10, Instant::EPOCH);
        let mut passed = 0;
        for millis in 0..3_000 {
            let now = Instant::from_micros(millis * 1_000);
            let available = bucket.available(now);
            bucket.take(available, now);
            passed += available;
        }
        assert_eq!(passed, 10 + 29);
    }

    #[test]
    fn a_clock_that_is_set_back_takes_nothing_away() {
        let mut bucket = Bucket::new(1, Instant::from_secs(10));
        bucket.take(1, Instant::from_secs(10));
        assert_eq!(bucket.available(Instant::from_secs(5)), 0);
        assert_eq!(bucket.available(Instant::from_secs(11)), 1);
    }

    #[test]
    fn another_rate_counts_from_now_on() {
        let mut bucket = Bucket::new(100, Instant::EPOCH);
        bucket.set_rate(5, Instant::EPOCH);
        assert_eq!(bucket.available(Instant::from_secs(9)), 5);
    }
}
