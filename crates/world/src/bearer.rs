//! What a short message costs, and what becomes of it on its way.
//!
//! The figures, and where they were published or measured, stand in docs/BACKUP.md ("The bearer model").

use oxisim_wire::Duration;
use rand_core::RngCore;
use rand_distr::{Bernoulli, Distribution, Exp, LogNormal};

/// Information frames of `LAPDm` on the SDCCH: the octets of one (N201 of TS 44.006), and its time, for stop-and-wait on
/// 51-multiframes.
const FRAME_OCTETS: usize = 20;
const FRAME_TIME: Duration = Duration::from_micros(235_400);

/// Octets that CP-DATA and RP-DATA put around a TPDU of a mobile, with the service centre's address
/// (TS 24.011 §7.2, §7.3).
const ENVELOPING_OCTETS: usize = 3 + 12;

/// Access, connection, authentication and release.
const ORIGINATED_FIXED: Duration = Duration::from_millis(2_140);
const TERMINATED_FIXED: Duration = Duration::from_millis(1_250);

/// How messages travel.
#[derive(Clone, Debug, PartialEq)]
pub struct Bearer {
    /// Median of the delay between SMS centre and its other side, log-normal; zero: there is none.
    pub delay_median: Duration,
    /// Sigma of that delay.
    pub delay_sigma: f64,
    /// Share of messages that take much longer, exponentially.
    pub tail: f64,
    /// Mean of what those take longer.
    pub tail_mean: Duration,
    /// Share of messages that never arrive, each way.
    pub loss: f64,
    /// Share of messages that arrive twice.
    pub duplicates: f64,
}

/// What becomes of one message behind the SMS centre: when its copies arrive, counted from its submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// The first copy; none if the message is lost.
    pub arrives: Option<Duration>,
    /// A second copy.
    pub again: Option<Duration>,
}

impl Default for Bearer {
    fn default() -> Self {
        Self {
            delay_median: Duration::from_secs(4),
            delay_sigma: 0.8,
            tail: 0.0,
            tail_mean: Duration::from_secs(600),
            loss: 0.0,
            duplicates: 0.0,
        }
    }
}

impl Bearer {
    /// A network without delay and loss; the radio takes its time all the same.
    #[must_use]
    pub fn ideal() -> Self {
        Self { delay_median: Duration::ZERO, ..Self::default() }
    }

    /// The same network, which loses this share of messages each way.
    #[must_use]
    pub fn with_loss(mut self, loss: f64) -> Self {
        self.loss = loss;
        self
    }

    /// How long a mobile-originated message occupies the phone.
    #[must_use]
    pub fn originated(tpdu_octets: usize) -> Duration {
        ORIGINATED_FIXED + frames(tpdu_octets)
    }

    /// How long a mobile-terminated message occupies the phone's radio.
    #[must_use]
    pub fn terminated(tpdu_octets: usize) -> Duration {
        TERMINATED_FIXED + frames(tpdu_octets)
    }

    /// Decides what becomes of one message.
    pub fn fate(&self, random: &mut impl RngCore) -> Fate {
        let arrives = self.delay(random);
        let again = self.delay(random);
        let lost = chance(self.loss, random);
        let doubled = chance(self.duplicates, random);
        Fate { arrives: (!lost).then_some(arrives), again: (!lost && doubled).then_some(again) }
    }

    fn delay(&self, random: &mut impl RngCore) -> Duration {
        let median = self.delay_median.as_secs_f64();
        let usual = match LogNormal::new(libm_ln(median), self.delay_sigma) {
            Ok(delay) if median > 0.0 => delay.sample(random),
            _ => 0.0,
        };
        let more = match Exp::new(1.0 / self.tail_mean.as_secs_f64().max(1e-3)) {
            Ok(delay) if chance(self.tail, random) => delay.sample(random),
            _ => 0.0,
        };
        seconds(usual + more)
    }
}

fn frames(tpdu_octets: usize) -> Duration {
    FRAME_TIME.saturating_mul((tpdu_octets + ENVELOPING_OCTETS).div_ceil(FRAME_OCTETS) as u64)
}

fn chance(share: f64, random: &mut impl RngCore) -> bool {
    Bernoulli::new(share.clamp(0.0, 1.0)).is_ok_and(|chance| chance.sample(random))
}

#[expect(clippy::cast_sign_loss, reason = "clamped to what a day has")]
fn seconds(seconds: f64) -> Duration {
    Duration::from_micros((seconds.clamp(0.0, 7.0 * 86_400.0) * 1e6) as u64)
}

/// Natural logarithm; of what is not positive it is that of a tiny number.
fn libm_ln(x: f64) -> f64 {
    libm::log(x.max(1e-9))
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

    use super::*;

    /// Measured: 4.26 s for a full TPDU with authentication, 3.2 s for a half-empty one; 2.9 s for a
    /// mobile-terminated message of 103 octets.
    #[test]
    fn the_times_are_those_that_were_measured() {
        let header = 13;
        for (model, measured) in [
            (Bearer::originated(header + 140), 4.26),
            (Bearer::originated(header + 70), 3.2),
            (Bearer::terminated(19 + 103), 2.9),
        ] {
            assert!((model.as_secs_f64() - measured).abs() < 0.15, "{model} {measured}");
        }
    }

    #[test]
    fn the_median_and_the_loss_are_those_asked_for() {
        let bearer = Bearer::default().with_loss(0.05);
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let fates: alloc::vec::Vec<_> = (0..10_000).map(|_| bearer.fate(&mut random)).collect();
        let mut delays: alloc::vec::Vec<_> = fates.iter().filter_map(|fate| fate.arrives).collect();
        delays.sort();
        let median = delays[delays.len() / 2].as_secs_f64();
        assert!((3.8..4.2).contains(&median), "{median}");
        assert!((450..550).contains(&(10_000 - delays.len())), "{}", delays.len());
    }
}
