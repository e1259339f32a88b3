//! What goes wrong on purpose.

use oxisim_wire::Duration;
use rand_core::RngCore;

/// What becomes of messages by chance, behind the answer that they have been taken.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chance {
    /// Share of messages that are lost.
    pub loss: f64,
    /// Share of messages that arrive twice.
    pub duplicates: f64,
    /// The shortest and the longest delay of a message; each length between them is as likely as another.
    pub delay: (Duration, Duration),
}

impl Chance {
    /// When the copies of a message may go out, counted from now; none if it is lost. The same number of random numbers
    /// is taken for every message.
    pub(crate) fn fate(&self, random: &mut impl RngCore) -> Vec<Duration> {
        let [lost, doubled] = [self.loss, self.duplicates].map(|share| share > uniform(random));
        let delays = [self.delay(random), self.delay(random)];
        let copies = if lost { 0 } else { 1 + usize::from(doubled) };
        delays.into_iter().take(copies).collect()
    }

    fn delay(&self, random: &mut impl RngCore) -> Duration {
        let (least, most) = self.delay;
        let random = u128::from(random.next_u32());
        let span = u128::from(most.saturating_sub(least).as_micros());
        least + Duration::from_micros(((span * random) >> 32) as u64)
    }
}

/// A number from 0 to 1, without 1.
fn uniform(random: &mut impl RngCore) -> f64 {
    f64::from(random.next_u32()) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

    use super::*;

    #[test]
    fn shares_and_delays_are_those_asked_for() {
        let delay = (Duration::from_secs(2), Duration::from_secs(6));
        let chance = Chance { loss: 0.05, duplicates: 0.02, delay };
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let fates: Vec<_> = (0..10_000).map(|_| chance.fate(&mut random)).collect();
        let with = |copies| fates.iter().filter(|fate| fate.len() == copies).count();
        assert!((420..580).contains(&with(0)) && (140..240).contains(&with(2)), "{} {}", with(0), with(2));
        let delays: Vec<_> = fates.iter().flatten().copied().collect();
        assert!(delays.iter().all(|&it| it >= delay.0 && it < delay.1));
        let mean = delays.iter().copied().sum::<Duration>().as_micros() / delays.len() as u64;
        assert!((3_900_000..4_100_000).contains(&mean), "{mean}");
    }

    #[test]
    fn without_faults_every_message_goes_out_once_and_at_once() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        assert!((0..1_000).all(|_| Chance::default().fate(&mut random) == [Duration::ZERO]));
        let all = Chance { loss: 1.0, ..Chance::default() };
        assert!((0..1_000).all(|_| all.fate(&mut random).is_empty()));
    }
}
