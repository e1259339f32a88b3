//! Sequence numbers (TS 33.102 Annex C).

use alloc::{vec, vec::Vec};

use oxisim_wire::{Error, Reader};

/// A sequence number, SQN: 48 bits, SEQ and then IND.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sqn(u64);

impl Sqn {
    /// Octets of a number.
    pub(crate) const OCTETS: usize = 6;

    /// The low 48 bits of `number`.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number & 0xFFFF_FFFF_FFFF)
    }

    /// The number of six octets.
    #[must_use]
    pub const fn from_bytes([s0, s1, s2, s3, s4, s5]: [u8; 6]) -> Self {
        Self(u64::from_be_bytes([0, 0, s0, s1, s2, s3, s4, s5]))
    }

    /// The number as six octets.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 6] {
        let [_, _, s0, s1, s2, s3, s4, s5] = self.0.to_be_bytes();
        [s0, s1, s2, s3, s4, s5]
    }

    /// The number as an integer.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The number with the anonymity key added modulo 2, which conceals it, and reveals it again.
    #[must_use]
    pub const fn conceal(self, ak: [u8; 6]) -> Self {
        Self(self.0 ^ Self::from_bytes(ak).0)
    }
}

/// Which sequence numbers a USIM accepts: its operator's choice (TS 33.102 §C.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequencePolicy {
    index_bits: u8,
    delta: u64,
    age_limit: Option<u64>,
}

/// IND of 5 bits, Δ = 2²⁸ and no age limit, the parameters of the profiles of TS 33.102 §C.3.
impl Default for SequencePolicy {
    fn default() -> Self {
        Self { index_bits: 5, delta: 1 << 28, age_limit: None }
    }
}

impl SequencePolicy {
    /// The most bits of IND: 32 numbers are kept.
    pub const MOST_INDEX_BITS: u8 = 5;

    /// More than any SEQ.
    const ABOVE_SEQ: u64 = 1 << 48;

    /// The same policy with an IND of `bits`, 5 at most (more is taken as 5): 2 to the power of `bits` numbers are
    /// kept.
    #[must_use]
    pub const fn index_bits(mut self, bits: u8) -> Self {
        self.index_bits = if bits > Self::MOST_INDEX_BITS { Self::MOST_INDEX_BITS } else { bits };
        self
    }

    /// The same policy with Δ, how far SEQ may jump (TS 33.102 §C.2.1).
    #[must_use]
    pub const fn delta(mut self, delta: u64) -> Self {
        self.delta = if delta > Self::ABOVE_SEQ { Self::ABOVE_SEQ } else { delta };
        self
    }

    /// The same policy with L: SEQ must lie less behind the highest (TS 33.102 §C.2.2).
    #[must_use]
    pub const fn age_limit(mut self, limit: u64) -> Self {
        self.age_limit = Some(if limit > Self::ABOVE_SEQ { Self::ABOVE_SEQ } else { limit });
        self
    }

    /// How many bits IND has, Δ, and L if there is one.
    #[must_use]
    pub const fn parameters(self) -> (u8, u64, Option<u64>) {
        (self.index_bits, self.delta, self.age_limit)
    }

    /// How many numbers are kept.
    #[must_use]
    pub const fn entries(self) -> usize {
        1 << self.index_bits
    }

    const fn seq(self, sqn: Sqn) -> u64 {
        sqn.0 >> self.index_bits
    }

    /// Where a number stands in the octets that are kept.
    pub(crate) const fn offset(self, sqn: Sqn) -> usize {
        self.ind(sqn) * Sqn::OCTETS
    }

    const fn ind(self, sqn: Sqn) -> usize {
        (sqn.0 & ((1 << self.index_bits) - 1)) as usize
    }
}

/// The numbers that a USIM accepted last, one for each IND (TS 33.102 §C.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceNumbers {
    policy: SequencePolicy,
    /// `SEQ_MS(i)`, at the place of its IND; always as many as the policy says.
    seq: Vec<u64>,
}

impl SequenceNumbers {
    /// No number accepted yet: all are zero.
    #[must_use]
    pub fn new(policy: SequencePolicy) -> Self {
        Self { policy, seq: vec![0; policy.entries()] }
    }

    /// The numbers that a card is personalised with: those of `accepted`, whether they are fresh or not, and zeros.
    #[must_use]
    pub fn having(policy: SequencePolicy, accepted: impl IntoIterator<Item = Sqn>) -> Self {
        let mut numbers = Self::new(policy);
        for sqn in accepted {
            if let Some(last) = numbers.seq.get_mut(policy.ind(sqn)) {
                *last = policy.seq(sqn).max(*last);
            }
        }
        numbers
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> SequencePolicy {
        self.policy
    }

    /// The numbers that are not the zero where every IND begins, in the order of IND.
    pub fn accepted(&self) -> impl Iterator<Item = Sqn> {
        (0..self.seq.len()).map(|ind| self.entry(ind)).filter(|sqn| self.policy.seq(*sqn) > 0)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote under the same policy.
    pub fn from_bytes(policy: SequencePolicy, bytes: &[u8]) -> Result<Self, Error> {
        let mut r = Reader::new(bytes);
        let seq = (0..policy.entries())
            .map(|_| Ok(policy.seq(Sqn::from_bytes(r.array("sequence number")?))))
            .collect::<Result<_, Error>>()?;
        r.finish("sequence numbers")?;
        Ok(Self { policy, seq })
    }

    /// The numbers as octets, six for each, in the order of IND: what a card keeps.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        (0..self.seq.len()).flat_map(|ind| self.entry(ind).to_bytes()).collect()
    }

    /// The highest number that was accepted, `SQN_MS`.
    #[must_use]
    pub fn highest(&self) -> Sqn {
        (0..self.seq.len())
            .map(|ind| self.entry(ind))
            .max_by_key(|sqn| self.policy.seq(*sqn))
            .unwrap_or_default()
    }

    /// The numbers after `sqn`, or nothing if it is not fresh: too far ahead (TS 33.102 §C.2.1), too
    /// old, or not above the one with the same IND (§C.2.2).
    #[must_use]
    pub fn accept(&self, sqn: Sqn) -> Option<Self> {
        let (seq, highest) = (self.policy.seq(sqn), self.policy.seq(self.highest()));
        let jumps = seq.saturating_sub(highest) > self.policy.delta;
        let is_old = self.policy.age_limit.is_some_and(|limit| highest.saturating_sub(seq) >= limit);
        if jumps || is_old {
            return None;
        }
        let mut next = self.clone();
        let last = next.seq.get_mut(self.policy.ind(sqn)).filter(|last| seq > **last)?;
        *last = seq;
        Some(next)
    }

    fn entry(&self, ind: usize) -> Sqn {
        let seq = self.seq.get(ind).copied().unwrap_or_default();
        Sqn::new((seq << self.policy.index_bits) | ind as u64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sqn(seq: u64, ind: u64) -> Sqn {
        Sqn::new((seq << 5) | ind)
    }

    #[test]
    fn a_number_is_fresh_once_and_for_its_index() {
        let numbers = SequenceNumbers::new(SequencePolicy::default());
        let after = numbers.accept(sqn(7, 3)).unwrap();
        assert_eq!(after.accept(sqn(7, 3)), None);
        assert_eq!(after.accept(sqn(6, 3)), None);
        assert_eq!(after.highest(), sqn(7, 3));
        // Another index may lie behind.
        assert_eq!(after.accept(sqn(1, 4)).unwrap().highest(), sqn(7, 3));
        // Zero is where every index begins.
        assert_eq!(numbers.accept(sqn(0, 9)), None);
    }

    #[test]
    fn a_number_jumps_by_delta_at_most() {
        let numbers = SequenceNumbers::new(SequencePolicy::default().delta(10));
        assert!(numbers.accept(sqn(10, 0)).is_some());
        assert!(numbers.accept(sqn(11, 0)).is_none());
    }

    #[test]
    fn an_age_limit_refuses_what_is_old_at_every_index() {
        let numbers =
            SequenceNumbers::new(SequencePolicy::default().age_limit(5)).accept(sqn(100, 0)).unwrap();
        assert!(numbers.accept(sqn(96, 1)).is_some());
        assert!(numbers.accept(sqn(95, 1)).is_none());
    }

    #[test]
    fn without_an_index_every_number_must_be_above_the_last() {
        let numbers =
            SequenceNumbers::new(SequencePolicy::default().index_bits(0)).accept(Sqn::new(8)).unwrap();
        assert_eq!((numbers.to_bytes().len(), numbers.highest()), (6, Sqn::new(8)));
        assert!(numbers.accept(Sqn::new(9)).is_some());
        assert!(numbers.accept(Sqn::new(8)).is_none());
    }

    proptest! {
        #[test]
        fn numbers_come_back_and_no_number_is_accepted_twice(
            bits in 0u8..8,
            received in proptest::collection::vec(0u64..(1 << 20), 0..60),
        ) {
            let policy = SequencePolicy::default().index_bits(bits);
            let mut numbers = SequenceNumbers::new(policy);
            for sqn in received.into_iter().map(Sqn::new) {
                if let Some(next) = numbers.accept(sqn) {
                    prop_assert!(next.accept(sqn).is_none());
                    prop_assert!(next.highest() >= numbers.highest());
                    numbers = next;
                }
                prop_assert_eq!(SequenceNumbers::from_bytes(policy, &numbers.to_bytes()), Ok(numbers.clone()));
            }
        }

        #[test]
        fn no_octets_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(numbers) = SequenceNumbers::from_bytes(SequencePolicy::default(), &bytes) {
                let _ = numbers.accept(numbers.highest());
            }
        }
    }
}
