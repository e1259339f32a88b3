//! What an uploader keeps in non-volatile memory.
//!
//! One array of octets, laid out by the number of slots and blocks: the state (written in one piece, so that a
//! torn write leaves the old state or the new one), a fingerprint a slot as last confirmed by the server, one as of
//! the snapshot under way, and the blocks of that snapshot.

use alloc::{vec, vec::Vec};

use oxisim_wire::{Error, Reader, Wire};

use crate::{BlockSet, Digest, Fingerprint, settings::Way};

/// Non-volatile memory of a fixed size. A write is atomic: it happens whole or not at all.
pub trait Storage {
    /// Octets there are.
    fn octets(&self) -> usize;

    /// Fills `buffer` from `offset` on.
    fn load(&self, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError>;

    /// Writes `octets` at `offset`.
    fn save(&mut self, offset: usize, octets: &[u8]) -> Result<(), StorageError>;
}

/// Why memory could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// The place is beyond the end.
    #[error("the memory set aside for the backup is too small")]
    Full,
    /// The power failed, or the memory refuses.
    #[error("the memory cannot be written")]
    Failed,
}

/// An array in memory is storage.
impl Storage for Vec<u8> {
    fn octets(&self) -> usize {
        self.len()
    }

    fn load(&self, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        let from = self.get(offset..offset + buffer.len()).ok_or(StorageError::Full)?;
        buffer.copy_from_slice(from);
        Ok(())
    }

    fn save(&mut self, offset: usize, octets: &[u8]) -> Result<(), StorageError> {
        self.get_mut(offset..offset + octets.len()).ok_or(StorageError::Full)?.copy_from_slice(octets);
        Ok(())
    }
}

/// A backup under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub generation: u16,
    /// How many generations ago its base was; 0: it has none.
    pub base_distance: u8,
    /// The way it goes.
    pub way: Way,
    /// Blocks that are still to be sent.
    pub todo: BlockSet,
    /// Digest of the whole snapshot.
    pub digest: Digest,
}

/// How far a backup has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Blocks are being sent.
    Sending {
        /// Blocks that may be sent before the next pause.
        left: u16,
        /// Times in a row that the phone did not send.
        failures: u8,
    },
    /// The phone is left alone.
    Pausing {
        /// Times that the server was asked in vain.
        asked: u8,
    },
    /// Everything is sent; the server has not said OK.
    Waiting {
        /// Times that the server was asked in vain.
        asked: u8,
    },
}

/// The state that survives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Number of the last backup that was begun.
    pub last: u16,
    /// Number of the last backup that the server confirmed.
    pub confirmed: Option<u16>,
    /// Minutes until a backup starts by itself.
    pub countdown: u32,
    /// The backup under way.
    pub run: Option<(Run, Phase)>,
    /// The restore under way: generation, and blocks that have come.
    pub restore: Option<(u16, BlockSet)>,
}

/// Where things are in the storage.
#[derive(Clone, Copy, Debug)]
pub struct Journal {
    slots: usize,
    blocks: usize,
}

const MAGIC: u8 = 0xB1;
const INDEX_ENTRY: usize = 6;
const FINGERPRINT: usize = 4;

impl Journal {
    /// A journal for a phonebook of `slots` slots, and backups of at most `blocks` blocks.
    #[must_use]
    pub const fn new(slots: u16, blocks: u16) -> Self {
        Self { slots: slots as usize, blocks: blocks as usize }
    }

    /// Octets that the journal needs, with `block_octets` for the blocks themselves.
    #[must_use]
    pub const fn size(&self, block_octets: usize) -> usize {
        self.bodies() + block_octets
    }

    /// Most blocks of a backup.
    #[must_use]
    pub const fn capacity(&self) -> u16 {
        self.blocks as u16
    }

    const fn state_octets(&self) -> usize {
        32 + 2 * (2 + self.blocks.div_ceil(8))
    }

    const fn confirmed(&self) -> usize {
        self.state_octets()
    }

    const fn pending(&self) -> usize {
        self.confirmed() + self.slots * FINGERPRINT
    }

    const fn index(&self) -> usize {
        self.pending() + self.slots * FINGERPRINT
    }

    const fn bodies(&self) -> usize {
        self.index() + self.blocks * INDEX_ENTRY
    }

    /// The state; a storage that has never been written has the first one.
    pub fn read(&self, storage: &(impl Storage + ?Sized)) -> Result<State, StorageError> {
        let mut octets = vec![0; self.state_octets()];
        storage.load(0, &mut octets)?;
        Ok(decode(&octets).unwrap_or_default())
    }

    /// Writes the state, in one piece.
    pub fn write(&self, storage: &mut (impl Storage + ?Sized), record: &State) -> Result<(), StorageError> {
        storage.save(0, &encode(record))
    }

    /// The fingerprint of a slot, from 1, as the server confirmed it.
    pub fn confirmed_fingerprint(
        &self,
        storage: &(impl Storage + ?Sized),
        slot: u16,
    ) -> Result<Fingerprint, StorageError> {
        let mut four = [0; FINGERPRINT];
        storage.load(self.confirmed() + (usize::from(slot) - 1) * FINGERPRINT, &mut four)?;
        Ok(Fingerprint(four))
    }

    /// Notes the fingerprint of a slot, from 1, as of the snapshot.
    pub fn note_fingerprint(
        &self,
        storage: &mut (impl Storage + ?Sized),
        slot: u16,
        fingerprint: Fingerprint,
    ) -> Result<(), StorageError> {
        storage.save(self.pending() + (usize::from(slot) - 1) * FINGERPRINT, &fingerprint.0)
    }

    /// Makes the fingerprint of a slot, from 1, the confirmed one.
    pub fn confirm_slot(
        &self,
        storage: &mut (impl Storage + ?Sized),
        slot: u16,
        fingerprint: Fingerprint,
    ) -> Result<(), StorageError> {
        storage.save(self.confirmed() + (usize::from(slot) - 1) * FINGERPRINT, &fingerprint.0)
    }

    /// Forgets what the server has confirmed: the next backup is a whole one.
    pub fn forget_confirmed(&self, storage: &mut (impl Storage + ?Sized)) -> Result<(), StorageError> {
        let state = State { confirmed: None, ..self.read(storage)? };
        self.write(storage, &state)
    }

    /// Confirms every slot as free.
    pub fn confirm_none(&self, storage: &mut (impl Storage + ?Sized)) -> Result<(), StorageError> {
        storage.save(self.confirmed(), &vec![0; self.slots * FINGERPRINT])
    }

    /// Makes the fingerprints of the snapshot the confirmed ones.
    pub fn confirm(&self, storage: &mut (impl Storage + ?Sized)) -> Result<(), StorageError> {
        let mut all = vec![0; self.slots * FINGERPRINT];
        storage.load(self.pending(), &mut all)?;
        storage.save(self.confirmed(), &all)
    }

    /// Writes block `number`, from 1, behind the one before it.
    pub fn put_block(
        &self,
        storage: &mut (impl Storage + ?Sized),
        number: u16,
        block: &[u8],
    ) -> Result<(), StorageError> {
        if usize::from(number) > self.blocks {
            return Err(StorageError::Full);
        }
        let start = if number == 1 {
            0
        } else {
            let (start, length) = self.place(storage, number - 1)?;
            start + length
        };
        storage.save(self.bodies() + start, block)?;
        let mut entry = Vec::with_capacity(INDEX_ENTRY);
        entry.extend((start as u32).to_be_bytes());
        entry.extend((block.len() as u16).to_be_bytes());
        storage.save(self.index() + (usize::from(number) - 1) * INDEX_ENTRY, &entry)
    }

    /// Block `number`, from 1.
    pub fn block(&self, storage: &(impl Storage + ?Sized), number: u16) -> Result<Vec<u8>, StorageError> {
        let (start, length) = self.place(storage, number)?;
        let mut block = vec![0; length];
        storage.load(self.bodies() + start, &mut block)?;
        Ok(block)
    }

    fn place(&self, storage: &(impl Storage + ?Sized), number: u16) -> Result<(usize, usize), StorageError> {
        if !(1..=self.blocks).contains(&usize::from(number)) {
            return Err(StorageError::Full);
        }
        let mut start = [0; 4];
        let mut length = [0; 2];
        let at = self.index() + (usize::from(number) - 1) * INDEX_ENTRY;
        storage.load(at, &mut start)?;
        storage.load(at + start.len(), &mut length)?;
        Ok((u32::from_be_bytes(start) as usize, usize::from(u16::from_be_bytes(length))))
    }
}

fn encode(record: &State) -> Vec<u8> {
    let mut out = vec![MAGIC];
    record.last.write(&mut out);
    out.push(u8::from(record.confirmed.is_some()));
    record.confirmed.unwrap_or_default().write(&mut out);
    out.extend(record.countdown.to_be_bytes());
    match &record.run {
        None => out.push(0),
        Some((run, phase)) => {
            let (kind, left, count) = match *phase {
                Phase::Sending { left, failures } => (1, left, failures),
                Phase::Pausing { asked } => (2, 0, asked),
                Phase::Waiting { asked } => (3, 0, asked),
            };
            out.push(kind);
            left.write(&mut out);
            out.push(count);
            run.generation.write(&mut out);
            out.push(run.base_distance);
            run.way.write(&mut out);
            run.digest.write(&mut out);
            write_set(&run.todo, &mut out);
        }
    }
    match &record.restore {
        None => out.push(0),
        Some((generation, received)) => {
            out.push(1);
            generation.write(&mut out);
            write_set(received, &mut out);
        }
    }
    out
}

fn decode(octets: &[u8]) -> Result<State, Error> {
    let mut r = Reader::new(octets);
    if r.u8("magic")? != MAGIC {
        return Ok(State::default());
    }
    let last = r.u16("last generation")?;
    let is_confirmed = r.u8("confirmed")? != 0;
    let generation = r.u16("confirmed generation")?;
    let confirmed = is_confirmed.then_some(generation);
    let countdown = u32::from_be_bytes(r.array("countdown")?);
    let run = match r.u8("phase")? {
        0 => None,
        kind => {
            let left = r.u16("left")?;
            let count = r.u8("count")?;
            let phase = match kind {
                1 => Phase::Sending { left, failures: count },
                2 => Phase::Pausing { asked: count },
                _ => Phase::Waiting { asked: count },
            };
            let run = Run {
                generation: r.u16("generation")?,
                base_distance: r.u8("base distance")?,
                way: Way::read(&mut r)?,
                digest: Digest::read(&mut r)?,
                todo: read_set(&mut r)?,
            };
            Some((run, phase))
        }
    };
    let restore = match r.u8("restore")? {
        0 => None,
        _ => Some((r.u16("generation")?, read_set(&mut r)?)),
    };
    Ok(State { last, confirmed, countdown, run, restore })
}

fn write_set(set: &BlockSet, out: &mut Vec<u8>) {
    set.total().write(out);
    out.extend_from_slice(set.bits());
}

fn read_set(r: &mut Reader<'_>) -> Result<BlockSet, Error> {
    let total = r.u16("blocks")?;
    Ok(BlockSet::from_bits(total, r.take(usize::from(total).div_ceil(8), "bitmap")?))
}

/// Makes the next backup of a new card number `generation + 1`, as an operator does who replaces a card.
pub fn personalise(storage: &mut (impl Storage + ?Sized), generation: u16) -> Result<(), StorageError> {
    storage.save(0, &encode(&State { last: generation, ..State::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_comes_back() {
        let journal = Journal::new(10, 12);
        let mut storage = vec![0; journal.size(100)];
        assert_eq!(journal.read(&storage).unwrap(), State::default());
        let run = Run {
            generation: 8,
            base_distance: 1,
            way: Way::STATUS,
            todo: BlockSet::full(12),
            digest: Digest([7; 8]),
        };
        let record = State {
            last: 8,
            confirmed: Some(7),
            countdown: 99,
            run: Some((run, Phase::Sending { left: 2, failures: 1 })),
            restore: Some((3, BlockSet::full(12))),
        };
        journal.write(&mut storage, &record).unwrap();
        assert_eq!(journal.read(&storage).unwrap(), record);
        assert!(encode(&record).len() <= journal.state_octets());
    }

    #[test]
    fn blocks_stand_behind_each_other() {
        let journal = Journal::new(2, 3);
        let mut storage = vec![0; journal.size(6)];
        for (number, block) in [(1, &[1u8, 2][..]), (2, &[3]), (3, &[4, 5, 6])] {
            journal.put_block(&mut storage, number, block).unwrap();
        }
        assert_eq!(journal.block(&storage, 2).unwrap(), [3]);
        assert_eq!(journal.block(&storage, 3).unwrap(), [4, 5, 6]);
        assert_eq!(journal.put_block(&mut storage, 4, &[]), Err(StorageError::Full));
        assert_eq!(journal.put_block(&mut storage, 3, &[0; 4]), Err(StorageError::Full));
    }
}
