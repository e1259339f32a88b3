//! The binary arithmetic coder, with registers of 16 bits.
//!
//! The interval is `low` and `range`. A decision takes the lower part of the range for a yes. While the range is
//! below a half of its greatest value both are doubled, and a bit leaves `low`; bits that a carry could still change
//! are counted, not kept (Witten, Neal, Cleary, Communications of the ACM 30 (1987)). So nothing written changes any
//! more, and taking back an entry is to set the registers back and cut the octets.

use alloc::vec::Vec;

use oxisim_wire::{Error, ErrorKind};

use super::{Bits, Context, Origin, Table};

const WHOLE: u16 = 0x8000;
const HALF: u16 = 0x4000;

/// Octets that any block in a message fits into.
const ORDINARY: usize = 256;

/// Bits that a decoder may read beyond the block's end; they are zero.
const BEYOND: usize = 16;

/// The registers of an [`Encoder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    low: u16,
    range: u16,
    /// Bits that are the inverse of the next one.
    outstanding: u16,
    /// Whether the first bit, which is always 0, is still to be left out.
    fresh: bool,
    /// Bits of the octet begun, and how many.
    begun: u8,
    bits: u8,
    octets: u16,
}

/// Turns decisions into octets.
#[derive(Clone, Debug)]
pub struct Encoder {
    state: State,
    out: Vec<u8>,
    limit: usize,
}

impl Encoder {
    /// An encoder whose octets follow `first`. What is above `limit` in all is counted, not kept.
    #[must_use]
    pub fn new(first: u8, limit: usize) -> Self {
        let state = State { low: 0, range: WHOLE, outstanding: 0, fresh: true, begun: 0, bits: 0, octets: 1 };
        let mut out = Vec::with_capacity(limit.clamp(1, ORDINARY));
        out.push(first);
        Self { state, out, limit }
    }

    /// The registers, to come back to.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// As it was when `state` was taken.
    pub fn roll_back(&mut self, state: State) {
        self.out.truncate(usize::from(state.octets));
        self.state = state;
    }

    /// Takes down the decisions of `walk`, weighed by `table`.
    pub fn with<T>(&mut self, table: &Table, walk: impl FnOnce(&mut Writer<'_>) -> T) -> T {
        walk(&mut Writer { encoder: self, table })
    }

    /// Octets that [`Encoder::finish`] would give.
    #[must_use]
    pub fn closed_len(&self) -> usize {
        let State { bits, outstanding, fresh, octets, .. } = self.state;
        let last = match self.last() {
            (_, 0) => 0,
            (_, last) => usize::from(outstanding) + last - usize::from(fresh),
        };
        usize::from(octets) + (usize::from(bits) + last).div_ceil(8)
    }

    /// All octets. The last one is filled with zeros.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let (value, last) = self.last();
        for place in 0..last {
            self.put(value << place & 0x8000 != 0);
        }
        if self.state.bits > 0 {
            self.out.push(self.state.begun << (8 - self.state.bits));
        }
        self.out
    }

    /// The fewest bits that, with zeros behind them, lie in the interval.
    fn last(&self) -> (u16, usize) {
        let State { low, range, outstanding, .. } = self.state;
        let reaches = |value: u16| low <= value && value - low < range;
        if low == 0 && outstanding == 0 {
            (0, 0)
        } else if low == 0 {
            (0, 1)
        } else if reaches(0x8000) {
            (0x8000, 1)
        } else {
            (low.div_ceil(HALF) * HALF, 2)
        }
    }

    /// `chance` is that of a yes, of 65 536.
    fn encode(&mut self, chance: u16, bit: bool) {
        let yes = part(self.state.range, chance);
        if bit {
            self.state.range = yes;
        } else {
            self.state.low += yes;
            self.state.range -= yes;
        }
        while self.state.range < HALF {
            if self.state.low < HALF {
                self.put(false);
            } else if self.state.low >= WHOLE {
                self.state.low -= WHOLE;
                self.put(true);
            } else {
                self.state.low -= HALF;
                self.state.outstanding += 1;
            }
            self.state.low <<= 1;
            self.state.range <<= 1;
        }
    }

    fn put(&mut self, bit: bool) {
        if self.state.fresh {
            self.state.fresh = false;
        } else {
            self.put_bit(bit);
        }
        while self.state.outstanding > 0 {
            self.state.outstanding -= 1;
            self.put_bit(!bit);
        }
    }

    fn put_bit(&mut self, bit: bool) {
        self.state.begun = self.state.begun << 1 | u8::from(bit);
        self.state.bits += 1;
        if self.state.bits == 8 {
            if self.out.len() < self.limit {
                self.out.push(self.state.begun);
            }
            self.state.octets = self.state.octets.saturating_add(1);
            self.state.bits = 0;
        }
    }
}

/// The part of the range that a yes takes.
const fn part(range: u16, chance: u16) -> u16 {
    ((range as u32 * chance as u32) >> 16) as u16
}

/// An [`Encoder`] with the table that weighs its decisions.
pub struct Writer<'a> {
    encoder: &'a mut Encoder,
    table: &'a Table,
}

impl Bits for Writer<'_> {
    const DECODES: bool = false;

    fn knows(&self, origin: Origin) -> bool {
        self.table.knows(origin)
    }

    fn bit<const N: usize>(&mut self, contexts: [Context; N], bit: bool) -> Result<bool, Error> {
        self.encoder.encode(self.table.chance(contexts), bit);
        Ok(bit)
    }
}

/// Turns octets into decisions.
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    table: &'a Table,
    octets: &'a [u8],
    /// Bits read.
    read: usize,
    /// How far the block's value lies above the interval's low end.
    offset: u16,
    range: u16,
}

impl<'a> Decoder<'a> {
    /// A decoder of the octets behind a block's first one.
    #[must_use]
    pub fn new(table: &'a Table, octets: &'a [u8]) -> Self {
        let mut decoder = Self { table, octets, read: 0, offset: 0, range: WHOLE };
        for _ in 0..15 {
            decoder.shift();
        }
        decoder
    }

    /// Whether the block ends where its entries do.
    ///
    /// # Errors
    /// An octet is left over.
    pub fn finish(self) -> Result<(), Error> {
        // Of the bits read at the end, at least the last 14 may be anything.
        let needed = (self.read.saturating_sub(14)).div_ceil(8);
        match self.octets.len().saturating_sub(needed) {
            0 => Ok(()),
            more => Err(Error::new("block", needed + 1, ErrorKind::Trailing(more))),
        }
    }

    fn shift(&mut self) {
        let octet = self.octets.get(self.read / 8).copied().unwrap_or(0);
        let bit = octet >> (7 - self.read % 8) & 1;
        self.offset = self.offset << 1 | u16::from(bit);
        self.read += 1;
    }
}

impl Bits for Decoder<'_> {
    const DECODES: bool = true;

    fn knows(&self, origin: Origin) -> bool {
        self.table.knows(origin)
    }

    fn bit<const N: usize>(&mut self, contexts: [Context; N], _: bool) -> Result<bool, Error> {
        let yes = part(self.range, self.table.chance(contexts));
        let bit = self.offset < yes;
        if bit {
            self.range = yes;
        } else {
            self.offset -= yes;
            self.range -= yes;
        }
        while self.range < HALF {
            self.shift();
            self.range <<= 1;
        }
        if self.read > self.octets.len() * 8 + BEYOND {
            let kind = ErrorKind::Truncated { needed: 1, left: 0 };
            return Err(Error::new("entry", 1 + self.octets.len(), kind));
        }
        Ok(bit)
    }
}
