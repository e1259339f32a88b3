//! The pieces of a record that is being restored, until all are there.

use alloc::{vec, vec::Vec};
use core::ops::Range;

use oxisim_wire::{Reader, Wire};

use super::{Journal, Storage, StorageError};
use crate::piece::{MAX_PIECES, Piece};

/// Number of the first block, and of how many.
const HEAD: usize = 2 + 1;

/// Octets that a piece of a message to a card can have.
const PIECE: usize = crate::carriage::CARD_OCTETS;

/// Octets of the place: the head, and for each piece its length (0: it has not come) and room.
pub(super) const OCTETS: usize = HEAD + MAX_PIECES as usize * (1 + PIECE);

/// What stands in the place of pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pieces {
    /// Number of the block that is the first piece.
    pub first: u16,
    /// How many there are; 0: nothing stands there.
    pub count: u8,
}

impl Pieces {
    /// Those that block `number` belongs to; none if there are no such, or it has no room.
    pub fn around(number: u16, piece: Piece<'_>) -> Option<Self> {
        let first = number.checked_sub(u16::from(piece.number) - 1).filter(|&first| first > 0)?;
        (piece.octets.len() <= PIECE).then_some(Self { first, count: piece.count })
    }

    /// Their blocks.
    pub fn blocks(self) -> Range<u16> {
        self.first..self.first.saturating_add(u16::from(self.count))
    }
}

impl Journal {
    /// Whose pieces stand in their place.
    pub(crate) fn pieces_begun(&self, storage: &(impl Storage + ?Sized)) -> Result<Pieces, StorageError> {
        let mut head = [0; HEAD];
        storage.load(self.pieces(), &mut head)?;
        let [high, low, count] = head;
        Ok(Pieces { first: u16::from_be_bytes([high, low]), count })
    }

    /// Makes room for the pieces of a record, instead of those that were there.
    pub(crate) fn begin_pieces(
        &self,
        storage: &mut (impl Storage + ?Sized),
        pieces: Pieces,
    ) -> Result<(), StorageError> {
        let mut place = Vec::with_capacity(OCTETS);
        pieces.first.write(&mut place);
        place.push(pieces.count);
        place.resize(OCTETS, 0);
        storage.save(self.pieces(), &place)
    }

    /// Keeps a piece of the record that there is room for; all octets of it, if all are there now.
    pub(crate) fn put_piece(
        &self,
        storage: &mut (impl Storage + ?Sized),
        piece: Piece<'_>,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let length = u8::try_from(piece.octets.len()).map_err(|_| StorageError::Full)?;
        if usize::from(length) > PIECE || !(1..=MAX_PIECES).contains(&piece.number) {
            return Err(StorageError::Full);
        }
        let at = self.pieces() + HEAD + (usize::from(piece.number) - 1) * (1 + PIECE);
        storage.save(at, &[&[length], piece.octets].concat())?;
        let mut place = vec![0; OCTETS - HEAD];
        storage.load(self.pieces() + HEAD, &mut place)?;
        let mut r = Reader::new(&place);
        let mut whole = Vec::new();
        for _ in 0..piece.count {
            let Ok(room) = r.take(1 + PIECE, "piece") else { return Ok(None) };
            let Some((&length @ 1.., octets)) = room.split_first() else { return Ok(None) };
            whole.extend_from_slice(octets.get(..usize::from(length)).unwrap_or_default());
        }
        Ok(Some(whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_together_in_any_order_and_others_take_their_place() {
        let journal = Journal::new(1, 1);
        let mut storage = vec![0xFF; journal.size(0)];
        let piece = |number, octets| Piece { count: 3, number, octets };
        let pieces = Pieces::around(7, piece(3, &[])).unwrap();
        assert_eq!(pieces.blocks(), 5..8);
        journal.begin_pieces(&mut storage, pieces).unwrap();
        assert_eq!(journal.pieces_begun(&storage), Ok(pieces));
        assert_eq!(journal.put_piece(&mut storage, piece(3, &[7])), Ok(None));
        assert_eq!(journal.put_piece(&mut storage, piece(1, &[1; PIECE])), Ok(None));
        let whole = [&[1; PIECE][..], &[2, 3, 7]].concat();
        assert_eq!(journal.put_piece(&mut storage, piece(2, &[2, 3])), Ok(Some(whole)));
        journal.begin_pieces(&mut storage, Pieces { first: 9, count: 3 }).unwrap();
        assert_eq!(journal.put_piece(&mut storage, piece(2, &[2, 3])), Ok(None));
    }

    #[test]
    fn a_piece_that_cannot_be_has_no_place() {
        let journal = Journal::new(1, 1);
        let mut storage = vec![0; journal.size(0)];
        let piece = |number, octets| Piece { count: 7, number, octets };
        assert!(journal.put_piece(&mut storage, piece(1, &[0; PIECE + 1])).is_err());
        assert!(journal.put_piece(&mut storage, piece(8, &[0])).is_err());
        assert_eq!(Pieces::around(2, piece(3, &[0])), None);
        assert_eq!(Pieces::around(3, piece(3, &[0; PIECE + 1])), None);
        assert_eq!(journal.put_piece(&mut storage, piece(7, &[0; PIECE])), Ok(None));
    }
}
