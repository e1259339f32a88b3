//! Compact coding: blocks close to the entropy of what is in them (docs/BACKUP.md section 4).
//!
//! - [`Walk`] takes an entry apart into yes-or-no decisions, each in a few contexts of what came before.
//! - A [`Table`] gives each context a weight. The sum of a decision's weights says how likely a yes is.
//! - [`Encoder`] and [`Decoder`] are the binary arithmetic coder that turns decisions into octets and back.
//!
//! Coder, decoder and whoever fits a table run the same walk, so they cannot disagree. A card needs the table, the
//! curve and [`WORKING_OCTETS`] of memory; products are of two 16-bit numbers.

mod coder;
mod letters;
mod name;
mod number;
mod origin;
mod table;
mod tables;
mod walk;

pub use coder::{Decoder, Encoder};
pub use origin::Origin;
pub use table::{CURVE, LEVELS, ORIGINS, SLOTS, TABLE_OCTETS, Table, TableError, UNIT, logistic};
pub use tables::{GENERAL, SHIPPED_TABLES, Tables};
pub use walk::{Context, MAX_ENTRIES, Walk};

use alloc::vec::Vec;

use oxisim_wire::Error;

use crate::Entry;

/// First octet of a compact block: this, and the number of the table.
pub const MARK: u8 = 0x80;

/// Memory that the encoder works with, beside the block itself.
pub const WORKING_OCTETS: usize = 256;

/// Who takes decisions down, or knows them.
pub trait Bits {
    /// Whether it knows the decisions. Only then a walk puts together what they say.
    const DECODES: bool;

    /// Whether the table knows this script or country.
    fn knows(&self, origin: Origin) -> bool;

    /// One decision, in these contexts. Who encodes or fits is told the `bit` and returns it; who decodes returns
    /// the true one.
    ///
    /// # Errors
    /// There is no further decision.
    fn bit<const N: usize>(&mut self, contexts: [Context; N], bit: bool) -> Result<bool, Error>;
}

/// Codes `count` bits, high first. The contexts may depend on the bits before: 1, then one more bit each time.
fn tree<const N: usize>(
    bits: &mut impl Bits,
    count: u8,
    value: u16,
    contexts: impl Fn(u16) -> [Context; N],
) -> Result<u16, Error> {
    let mut node = 1u16;
    for place in (0..count).rev() {
        let bit = bits.bit(contexts(node), value >> place & 1 == 1)?;
        node = node << 1 | u16::from(bit);
    }
    Ok(if count < 16 { node & !(1 << count) } else { node })
}

/// Codes `count` bits that nothing is known of.
fn flat(bits: &mut impl Bits, count: u8, value: u16) -> Result<u16, Error> {
    tree(bits, count, value, |_| [])
}

/// Fills one block, entry by entry.
#[derive(Clone, Debug)]
pub struct Filler {
    table: Table,
    octets: usize,
    encoder: Encoder,
    walk: Walk,
    is_full: bool,
}

impl Filler {
    /// A block of at most `octets` octets, on a card whose alpha identifiers have `alpha` octets; 0 if they have no
    /// such length.
    #[must_use]
    pub fn new(table: Table, octets: usize, alpha: u8) -> Self {
        let encoder = Encoder::new(MARK | table.number(), octets);
        Self { table, octets, encoder, walk: Walk::new(alpha), is_full: false }
    }

    /// Adds an entry, if its slot lies above those before. The first one that the block cannot hold ends it: it is as
    /// it was, and takes no further one.
    pub fn push(&mut self, entry: &Entry) -> bool {
        if self.is_full || !self.walk.can_follow(entry.slot) {
            return false;
        }
        let (state, entries) = (self.encoder.state(), self.walk.entries());
        let written = self.encoder.with(&self.table, |bits| self.walk.entry(bits, Some(entry)));
        let fits = matches!(&written, Ok(Some(_))) && self.closed_len() <= self.octets;
        if !fits {
            self.encoder.roll_back(state);
            self.walk.end_behind(entries);
            self.is_full = true;
        }
        fits
    }

    /// Octets of the block, if it ended here.
    #[must_use]
    pub fn closed_len(&mut self) -> usize {
        let state = self.encoder.state();
        let _ = self.encoder.with(&self.table, |bits| self.walk.entry(bits, None));
        let octets = self.encoder.closed_len();
        self.encoder.roll_back(state);
        octets
    }

    /// The block.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let _ = self.encoder.with(&self.table, |bits| self.walk.entry(bits, None));
        self.encoder.finish()
    }
}

/// The octets of alpha identifiers and the entries of a compact block, which begins behind its first octet.
pub(crate) fn read(table: &Table, octets: &[u8]) -> Result<(u8, Vec<Entry>), Error> {
    let mut decoder = Decoder::new(table, octets);
    let mut walk = Walk::new(0);
    let mut entries = Vec::new();
    while let Some(entry) = walk.entry(&mut decoder, None)? {
        entries.push(entry);
    }
    decoder.finish()?;
    Ok((walk.alpha(), entries))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in the memory of a card at once: the registers, and those to come back to; the walk; and what one
    /// name or one number needs.
    #[test]
    fn the_encoder_works_in_256_octets() {
        let registers = 2 * size_of::<coder::State>();
        let contexts = 8 * size_of::<Context>();
        let part = number::PLACE_OCTETS.max(name::BEHIND_OCTETS) + contexts;
        let walk = size_of::<Walk>();
        assert!(registers + walk + part <= WORKING_OCTETS, "{registers} + {walk} + {part}");
    }
}
