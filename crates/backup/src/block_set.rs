//! Sets of block numbers.

use alloc::{vec, vec::Vec};
use core::fmt;

/// A set of block numbers from 1 to a total.
#[derive(Clone, PartialEq, Eq)]
pub struct BlockSet {
    total: u16,
    bits: Vec<u8>,
}

impl BlockSet {
    /// No block of `total`.
    #[must_use]
    pub fn empty(total: u16) -> Self {
        Self { total, bits: vec![0; usize::from(total).div_ceil(8)] }
    }

    /// Every block of `total`.
    #[must_use]
    pub fn full(total: u16) -> Self {
        let mut set = Self::empty(total);
        set.insert_range(1, total);
        set
    }

    /// The set whose bitmap these octets are, block 1 in bit 1 of the first; bits beyond `total` are dropped.
    #[must_use]
    pub fn from_bits(total: u16, bits: &[u8]) -> Self {
        let mut set = Self::empty(total);
        for number in 1..=total {
            let (octet, mask) = place(number);
            if bits.get(octet).is_some_and(|bits| bits & mask != 0) {
                set.insert(number);
            }
        }
        set
    }

    /// The bitmap, one bit a block.
    #[must_use]
    pub fn bits(&self) -> &[u8] {
        &self.bits
    }

    /// Octets that it uses beside its own.
    pub(crate) const fn heap_octets(&self) -> usize {
        self.bits.capacity()
    }

    /// How many blocks there are in all.
    #[must_use]
    pub const fn total(&self) -> u16 {
        self.total
    }

    /// Adds a block; `false` if it was there, or is none of the total.
    pub fn insert(&mut self, number: u16) -> bool {
        if !(1..=self.total).contains(&number) {
            return false;
        }
        let (octet, mask) = place(number);
        let new = self.bits[octet] & mask == 0;
        self.bits[octet] |= mask;
        new
    }

    /// Adds the blocks from `first` to `last`, as far as there are such.
    pub fn insert_range(&mut self, first: u16, last: u16) {
        for number in first..=last.min(self.total) {
            self.insert(number);
        }
    }

    /// Takes a block out.
    pub fn remove(&mut self, number: u16) {
        if (1..=self.total).contains(&number) {
            let (octet, mask) = place(number);
            self.bits[octet] &= !mask;
        }
    }

    /// Whether a block is in the set.
    #[must_use]
    pub fn contains(&self, number: u16) -> bool {
        (1..=self.total).contains(&number) && {
            let (octet, mask) = place(number);
            self.bits[octet] & mask != 0
        }
    }

    /// The blocks that are in the set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        (1..=self.total).filter(|&number| self.contains(number))
    }

    /// The smallest block of the set.
    #[must_use]
    pub fn first(&self) -> Option<u16> {
        self.iter().next()
    }

    /// How many blocks are in the set.
    #[must_use]
    pub fn len(&self) -> u16 {
        self.bits.iter().map(|bits| bits.count_ones() as u16).sum()
    }

    /// Whether no block is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|&bits| bits == 0)
    }

    /// Whether every block of the total is in the set.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() == self.total
    }

    /// The blocks that are not in the set.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut others = Self::empty(self.total);
        (1..=self.total).filter(|&number| !self.contains(number)).for_each(|number| {
            others.insert(number);
        });
        others
    }

    /// The set as ranges, first and last block of each, ascending.
    #[must_use]
    pub fn ranges(&self) -> Vec<(u16, u16)> {
        let mut ranges: Vec<(u16, u16)> = Vec::new();
        for number in self.iter() {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == number => *last = number,
                _ => ranges.push((number, number)),
            }
        }
        ranges
    }
}

/// Octet and mask of a block; its number is at least 1.
const fn place(number: u16) -> (usize, u8) {
    ((number - 1) as usize / 8, 1 << ((number - 1) % 8))
}

/// As people say it: `1-3, 7`.
impl fmt::Display for BlockSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (first, last)) in self.ranges().into_iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for BlockSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self} of {}}}", self.total)
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn a_set_prints_as_ranges() {
        let mut set = BlockSet::full(10);
        (1..=3).for_each(|number| set.remove(number));
        assert_eq!(set.to_string(), "4-10");
        set.remove(5);
        assert_eq!(set.ranges(), [(4, 4), (6, 10)]);
        assert_eq!(set.complement().to_string(), "1-3, 5");
    }

    #[test]
    fn numbers_beyond_the_total_have_no_effect() {
        let mut set = BlockSet::empty(9);
        assert!(!set.insert(0) && !set.insert(10));
        set.insert_range(8, u16::MAX);
        assert_eq!(set.ranges(), [(8, 9)]);
        assert_eq!(BlockSet::from_bits(9, &[0xFF, 0xFF, 0xFF]), BlockSet::full(9));
    }
}
