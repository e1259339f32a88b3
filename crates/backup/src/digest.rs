//! What proves that two copies of a phonebook are equal.

use oxisim_phonebook::{Book, Record};
use oxisim_wire::Wire;
use sha2::{Digest as _, Sha256};

use crate::block::canonical;

/// Four octets that tell whether a record has changed since it was last confirmed. Zero is a free slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 4]);

impl Fingerprint {
    /// Of a slot's record, or of none.
    #[must_use]
    pub fn of(record: Option<&Record>) -> Self {
        let Some(record) = record else { return Self::default() };
        let hash = Sha256::digest(canonical(1, record));
        let mut four = [0; 4];
        four.copy_from_slice(&hash[..4]);
        // A record never has the fingerprint of a free slot.
        if four == [0; 4] { Self([0, 0, 0, 1]) } else { Self(four) }
    }
}

/// Eight octets over a whole snapshot: every slot in use, ascending, with all that its record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(pub [u8; 8]);

/// A digest being made, slot by slot in ascending order.
#[derive(Clone, Default)]
pub struct DigestBuilder(Sha256);

impl DigestBuilder {
    /// Adds the record of a slot.
    pub fn add(&mut self, slot: u16, record: &Record) {
        self.0.update(canonical(slot, record));
    }

    /// The digest of all that was added.
    #[must_use]
    pub fn finish(self) -> Digest {
        let mut eight = [0; 8];
        eight.copy_from_slice(&self.0.finalize()[..8]);
        Digest(eight)
    }
}

/// What a server keeps of a block once it needs it no more: by it, another body of the same number is told apart.
#[must_use]
pub(crate) fn mark(block: &[u8]) -> [u8; 8] {
    let mut eight = [0; 8];
    eight.copy_from_slice(&Sha256::digest(block)[..8]);
    eight
}

impl Digest {
    /// Of a whole book.
    #[must_use]
    pub fn of(book: &Book) -> Self {
        let mut builder = DigestBuilder::default();
        book.iter().for_each(|(slot, record)| builder.add(slot, record));
        builder.finish()
    }
}

impl Wire for Digest {
    fn read(r: &mut oxisim_wire::Reader<'_>) -> Result<Self, oxisim_wire::Error> {
        r.array("snapshot digest").map(Self)
    }

    fn write(&self, out: &mut alloc::vec::Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}
