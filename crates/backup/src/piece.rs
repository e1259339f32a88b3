//! Pieces: a record that no block can hold, in blocks one behind the other.
//!
//! A piece is a block whose first octet is FF and whose second is below 80: its upper half says how many pieces there
//! are, its lower half which one this is. The octets behind them, one piece after the other, are a block of one entry,
//! plain or compact.

use alloc::vec::Vec;

use oxisim_wire::{Error, ErrorKind, Reader};

use crate::{Block, Entry, block, compact::Tables};

/// Most pieces of a record.
pub const MAX_PIECES: u8 = 7;

/// Octets of a piece apart from its part of the record.
pub const PIECE_OVERHEAD: usize = 2;

/// A part of a block that no message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// How many there are, 2 to [`MAX_PIECES`].
    pub count: u8,
    /// Which one it is, from 1.
    pub number: u8,
    /// Its octets.
    pub octets: &'a [u8],
}

impl<'a> Piece<'a> {
    /// The piece that a block is; none if it is a whole block.
    ///
    /// # Errors
    /// It is a piece that cannot be.
    pub fn of(block: &'a [u8]) -> Result<Option<Self>, Error> {
        let mut r = Reader::new(block);
        let [block::LONG, place @ ..0x80] = r.array("block").unwrap_or_default() else { return Ok(None) };
        let (count, number) = (place >> 4, place & 0x0F);
        if count < 2 || !(1..=count).contains(&number) {
            return Err(Error::new("piece", 1, ErrorKind::Value(place.into())));
        }
        match r.rest() {
            [] => Err(r.error("piece", ErrorKind::Missing)),
            octets => Ok(Some(Self { count, number, octets })),
        }
    }
}

/// Cuts a block into pieces of at most `octets` octets each.
///
/// # Errors
/// They would be too many.
pub(crate) fn cut(block: &[u8], octets: usize) -> Result<Vec<Vec<u8>>, Error> {
    let each = octets.saturating_sub(PIECE_OVERHEAD);
    let limit = each * usize::from(MAX_PIECES);
    if block.len() > limit {
        return Err(Error::new("entry", 0, ErrorKind::TooLong { length: block.len(), limit }));
    }
    let count = block.len().div_ceil(each).max(2) as u8;
    let parts = block.chunks(block.len().div_ceil(usize::from(count)).max(1));
    Ok((1..).zip(parts).map(|(number, part)| [&[block::LONG, count << 4 | number], part].concat()).collect())
}

/// Takes the blocks of a backup in their order, and puts pieces together.
#[derive(Clone, Debug)]
pub struct Unpacker<'a> {
    tables: &'a Tables,
    /// The pieces so far, and how many they are.
    begun: Vec<u8>,
    pieces: u8,
}

impl<'a> Unpacker<'a> {
    /// For blocks whose coding may use any of these tables.
    #[must_use]
    pub const fn new(tables: &'a Tables) -> Self {
        Self { tables, begun: Vec::new(), pieces: 0 }
    }

    /// The next block is no piece, and known: what is begun is forgotten.
    pub(crate) fn interrupt(&mut self) {
        self.begun.clear();
        self.pieces = 0;
    }

    /// The entries of the next block; none if it is a piece, and not the last one.
    ///
    /// # Errors
    /// The block is broken, or no piece of those before. What is begun is forgotten.
    pub fn push(&mut self, block: &[u8]) -> Result<Vec<Entry>, Error> {
        let before = core::mem::take(&mut self.pieces);
        let mut whole = core::mem::take(&mut self.begun);
        let Some(piece) = Piece::of(block)? else {
            return Ok(Block::decode_with(block, self.tables)?.entries);
        };
        if piece.number != before + 1 {
            return Err(Error::new("piece", 1, ErrorKind::Value(piece.number.into())));
        }
        whole.extend_from_slice(piece.octets);
        if piece.number == piece.count {
            return Ok(Block::decode_with(&whole, self.tables)?.entries);
        }
        (self.begun, self.pieces) = (whole, piece.number);
        Ok(Vec::new())
    }
}
