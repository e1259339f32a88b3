//! The counter of a packet, and the rule by which the receiver judges it (TS 102 225 §5.1.4).

use super::Refusal;

/// The counter of a packet: 40 bits (TS 102 225 §5.1.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter(u64);

impl Counter {
    /// The highest: 40 bits set.
    pub const MAX: Self = Self(0xFF_FFFF_FFFF);

    /// A counter; `None` above [`Self::MAX`].
    #[must_use]
    pub const fn new(value: u64) -> Option<Self> {
        if value <= Self::MAX.0 { Some(Self(value)) } else { None }
    }

    /// Its value.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// The next one; none after the highest.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        Self::new(self.0 + 1)
    }

    pub(super) fn from_octets(octets: [u8; 5]) -> Self {
        Self(octets.iter().fold(0, |value, &octet| value << 8 | u64::from(octet)))
    }

    pub(super) const fn to_octets(self) -> [u8; 5] {
        let [_, _, _, octets @ ..] = self.0.to_be_bytes();
        octets
    }
}

impl From<u32> for Counter {
    fn from(value: u32) -> Self {
        Self(value.into())
    }
}

/// What the receiver does with the counter (TS 102 225 §5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CounterMode {
    /// There is none; the field is ignored.
    None,
    /// It is there, and neither replay nor sequence is checked.
    Available,
    /// The packet is processed if it is higher than the last one.
    Higher,
    /// The packet is processed if it is one higher than the last one.
    OneHigher,
}

impl CounterMode {
    /// Whether a packet with `counter` may be processed after one with `last`; zero if there was none.
    ///
    /// A counter that has reached its highest value is blocked: nothing is higher (TS 102 225 §5.1.4).
    pub fn judge(self, counter: Counter, last: Counter) -> Result<(), Refusal> {
        let judged = matches!(self, Self::Higher | Self::OneHigher);
        match last.next() {
            _ if !judged => Ok(()),
            None => Err(Refusal::CounterBlocked),
            Some(next) if counter < next => Err(Refusal::CounterLow),
            Some(next) if counter > next && self == Self::OneHigher => Err(Refusal::CounterHigh),
            Some(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_has_40_bits() {
        assert_eq!(Counter::new(Counter::MAX.value()), Some(Counter::MAX));
        assert_eq!(Counter::new(1 << 40), None);
        assert_eq!(Counter::MAX.next(), None);
    }

    #[test]
    fn each_mode_judges_by_its_rule() {
        use CounterMode::{Available, Higher, None, OneHigher};
        let judge = |mode: CounterMode, counter: u64, last: u64| {
            mode.judge(Counter::new(counter).unwrap(), Counter::new(last).unwrap())
        };
        for mode in [None, Available] {
            for counter in [0, 5, Counter::MAX.value()] {
                assert_eq!(judge(mode, counter, 5), Ok(()));
                assert_eq!(judge(mode, counter, Counter::MAX.value()), Ok(()));
            }
        }
        for mode in [Higher, OneHigher] {
            assert_eq!(judge(mode, 4, 5), Err(Refusal::CounterLow));
            assert_eq!(judge(mode, 5, 5), Err(Refusal::CounterLow));
            assert_eq!(judge(mode, 6, 5), Ok(()));
            assert_eq!(judge(mode, Counter::MAX.value(), Counter::MAX.value() - 1), Ok(()));
            assert_eq!(judge(mode, Counter::MAX.value(), Counter::MAX.value()), Err(Refusal::CounterBlocked));
        }
        assert_eq!(judge(Higher, 7, 5), Ok(()));
        assert_eq!(judge(OneHigher, 7, 5), Err(Refusal::CounterHigh));
    }
}
