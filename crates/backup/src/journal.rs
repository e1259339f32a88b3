//! What an uploader keeps in non-volatile memory.
//!
//! One array of octets, laid out by the number of slots and blocks: the state (written in one piece, so that a
//! torn write leaves the old state or the new one), a fingerprint a slot as last confirmed by the server, one as of
//! the snapshot under way, the pieces of a record that is being restored, and the blocks of that snapshot.

mod pieces;

use alloc::{vec, vec::Vec};

pub(crate) use pieces::Pieces;

use oxisim_wire::{Duration, Error, Reader, Wire};

use crate::{
    BlockSet, Digest, Fingerprint,
    configuration::Field,
    message::{Abandonment, StartResult},
    security::RekeyResult,
    settings::Way,
};

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

/// Octets in memory are storage.
impl Storage for [u8] {
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

/// As an array of their own they are, too.
impl Storage for Vec<u8> {
    fn octets(&self) -> usize {
        self.as_slice().octets()
    }

    fn load(&self, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        self.as_slice().load(offset, buffer)
    }

    fn save(&mut self, offset: usize, octets: &[u8]) -> Result<(), StorageError> {
        self.as_mut_slice().save(offset, octets)
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
    /// Blocks before a pause, as it was set when the backup began.
    pub subset: u16,
    /// The pause after a subset, as it was set then.
    pub pause: Duration,
    /// Whether the messages tell the server how long to wait, as it was set then.
    pub instruct_delay: bool,
}

/// How far a backup has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Blocks are being sent.
    Sending {
        /// Blocks that may be sent before the next pause.
        left: u16,
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

/// Messages that are owed to the server beside the blocks. A message is made when its turn comes, of the state as it then
/// is, so that none need be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owed(u8);

impl Owed {
    /// That a message was not understood.
    pub const UNSPOKEN: Self = Self(0x01);
    /// What became of a configuration.
    pub const CONFIGURED: Self = Self(0x02);
    /// What became of an order to start a backup.
    pub const STARTED: Self = Self(0x04);
    /// What is missing of a restore.
    pub const RESTORED: Self = Self(0x08);
    /// That a backup was given up.
    pub const ABANDONED: Self = Self(0x10);
    /// What is missing of the backup?
    pub const QUERY: Self = Self(0x20);
    /// What became of an order to replace the keys.
    pub const REKEYED: Self = Self(0x40);
    /// That a backup was given up, once more. It is no message before the next power on.
    pub const ABANDONED_AGAIN: Self = Self(0x80);

    /// In the order in which they are sent.
    const ALL: [Self; 7] = [
        Self::UNSPOKEN,
        Self::REKEYED,
        Self::CONFIGURED,
        Self::STARTED,
        Self::RESTORED,
        Self::ABANDONED,
        Self::QUERY,
    ];

    /// The one that is sent first.
    #[must_use]
    pub fn first(self) -> Option<Self> {
        Self::ALL.into_iter().find(|one| self.has(*one))
    }

    /// Whether it is among them.
    #[must_use]
    pub const fn has(self, one: Self) -> bool {
        self.0 & one.0 != 0
    }

    /// Adds one.
    pub fn insert(&mut self, one: Self) {
        self.0 |= one.0;
    }

    /// Takes one out.
    pub fn remove(&mut self, one: Self) {
        self.0 &= !one.0;
    }

    /// Keeps what says that a backup was given up, and nothing else.
    pub fn keep_abandoned(&mut self) {
        self.0 &= Self::ABANDONED.0 | Self::ABANDONED_AGAIN.0;
    }

    /// The power has come back: what waited for it is owed, unless it is anyway. Whether that has changed anything.
    pub fn renew(&mut self) -> bool {
        let is_due = self.has(Self::ABANDONED_AGAIN) && !self.has(Self::ABANDONED);
        if is_due {
            self.remove(Self::ABANDONED_AGAIN);
            self.insert(Self::ABANDONED);
        }
        is_due
    }
}

/// The last configuration of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configured {
    /// Its number.
    pub number: u16,
    /// The field for which it was not taken.
    pub refused: Option<Field>,
    /// The fields that are in force: those of the last one that was taken.
    pub fields: Vec<u8>,
}

/// The last order of the server to start a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// Its number.
    pub number: u16,
    /// What became of it.
    pub result: StartResult,
}

/// The state that survives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Number of the last backup that was begun.
    pub last: u16,
    /// Number of the last backup that the server confirmed.
    pub confirmed: Option<u16>,
    /// Minutes until a backup starts by itself.
    pub countdown: u32,
    /// Waits in a row that have passed since the phone last sent something.
    pub retries: u8,
    /// Messages that are owed to the server.
    pub owed: Owed,
    /// The first octet of the last message that was not understood.
    pub unspoken: u8,
    /// What became of the last order to replace the keys.
    pub rekeyed: RekeyResult,
    /// The last backup that was given up, and why.
    pub abandoned: (u16, Abandonment),
    /// The last configuration.
    pub configured: Option<Configured>,
    /// The last order to start a backup.
    pub ordered: Option<Ordered>,
    /// The backup under way.
    pub run: Option<(Run, Phase)>,
    /// The restore under way: generation, and blocks that have come.
    pub restore: Option<(u16, BlockSet)>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            last: 0,
            confirmed: None,
            countdown: 0,
            retries: 0,
            owed: Owed::default(),
            unspoken: 0,
            rekeyed: RekeyResult::DONE,
            abandoned: (0, Abandonment(0)),
            configured: None,
            ordered: None,
            run: None,
            restore: None,
        }
    }
}

impl State {
    /// The state with which a journal begins, whose octets are at hand.
    #[must_use]
    pub fn of(journal: &[u8]) -> Self {
        decode(journal).unwrap_or_default()
    }
}

/// Where things are in the storage.
#[derive(Clone, Copy, Debug)]
pub struct Journal {
    slots: usize,
    blocks: usize,
}

const MAGIC: u8 = 0xB3;
/// Begins the state of before there were orders to replace keys, which says nothing of them.
const MAGIC_BEFORE: u8 = 0xB2;
const INDEX_ENTRY: usize = 6;
const FINGERPRINT: usize = 4;

/// Octets of the state apart from its two bitmaps and the fields of a configuration.
const STATE_OCTETS: usize = 60;

/// Most octets of a configuration's fields, if each has the one length that it can have.
pub(crate) const CONFIGURATION_OCTETS: usize = 60;

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
        STATE_OCTETS + CONFIGURATION_OCTETS + 2 * (2 + self.blocks.div_ceil(8))
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

    const fn pieces(&self) -> usize {
        self.index() + self.blocks * INDEX_ENTRY
    }

    const fn bodies(&self) -> usize {
        self.pieces() + pieces::OCTETS
    }

    /// The state; a storage that has never been written has the first one.
    pub fn read(&self, storage: &(impl Storage + ?Sized)) -> Result<State, StorageError> {
        let mut octets = vec![0; self.state_octets()];
        storage.load(0, &mut octets)?;
        Ok(State::of(&octets))
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
    out.extend([record.retries, record.owed.0, record.unspoken, record.rekeyed.0]);
    record.abandoned.0.write(&mut out);
    record.abandoned.1.write(&mut out);
    match &record.configured {
        None => out.push(0),
        Some(Configured { number, refused, fields }) => {
            out.push(1);
            number.write(&mut out);
            refused.unwrap_or(Field(0)).write(&mut out);
            out.push(fields.len() as u8);
            out.extend_from_slice(fields);
        }
    }
    match record.ordered {
        None => out.push(0),
        Some(Ordered { number, result }) => {
            out.push(1);
            number.write(&mut out);
            result.write(&mut out);
        }
    }
    match &record.run {
        None => out.push(0),
        Some((run, phase)) => {
            let (kind, left, count) = match *phase {
                Phase::Sending { left } => (1, left, 0),
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
            run.subset.write(&mut out);
            let millis = u32::try_from(run.pause.as_millis()).unwrap_or(u32::MAX);
            out.extend(millis.to_be_bytes());
            out.push(u8::from(run.instruct_delay));
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
    let magic = r.u8("magic")?;
    if !matches!(magic, MAGIC | MAGIC_BEFORE) {
        return Ok(State::default());
    }
    let last = r.u16("last generation")?;
    let is_confirmed = r.u8("confirmed")? != 0;
    let generation = r.u16("confirmed generation")?;
    let confirmed = is_confirmed.then_some(generation);
    let countdown = u32::from_be_bytes(r.array("countdown")?);
    let retries = r.u8("retries")?;
    let owed = Owed(r.u8("owed")?);
    let unspoken = r.u8("unspoken")?;
    let rekeyed = if magic == MAGIC { RekeyResult::read(&mut r)? } else { RekeyResult::DONE };
    let abandoned = (r.u16("generation")?, Abandonment::read(&mut r)?);
    let configured = if r.u8("configured")? == 0 {
        None
    } else {
        let number = r.u16("number")?;
        let refused = Some(Field::read(&mut r)?).filter(|field| field.0 != 0);
        let length = r.u8("length")?;
        let fields = r.take(usize::from(length), "fields")?.to_vec();
        Some(Configured { number, refused, fields })
    };
    let ordered = match r.u8("ordered")? {
        0 => None,
        _ => Some(Ordered { number: r.u16("number")?, result: StartResult::read(&mut r)? }),
    };
    let run = match r.u8("phase")? {
        0 => None,
        kind => {
            let left = r.u16("left")?;
            let count = r.u8("count")?;
            let phase = match kind {
                1 => Phase::Sending { left },
                2 => Phase::Pausing { asked: count },
                _ => Phase::Waiting { asked: count },
            };
            let run = Run {
                generation: r.u16("generation")?,
                base_distance: r.u8("base distance")?,
                way: Way::read(&mut r)?,
                digest: Digest::read(&mut r)?,
                subset: r.u16("subset")?,
                pause: Duration::from_millis(u32::from_be_bytes(r.array("pause")?).into()),
                instruct_delay: r.u8("instruct delay")? != 0,
                todo: read_set(&mut r)?,
            };
            Some((run, phase))
        }
    };
    let restore = match r.u8("restore")? {
        0 => None,
        _ => Some((r.u16("generation")?, read_set(&mut r)?)),
    };
    Ok(State {
        last,
        confirmed,
        countdown,
        retries,
        owed,
        unspoken,
        rekeyed,
        abandoned,
        configured,
        ordered,
        run,
        restore,
    })
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
            subset: 3,
            pause: Duration::from_millis(120_500),
            instruct_delay: true,
        };
        let mut owed = Owed::default();
        owed.insert(Owed::ABANDONED);
        let record = State {
            last: 8,
            confirmed: Some(7),
            countdown: 99,
            retries: 19,
            owed,
            unspoken: 0x41,
            rekeyed: RekeyResult::VERSION,
            abandoned: (6, Abandonment::NO_ANSWER),
            configured: Some(Configured {
                number: 2,
                refused: Some(Field::SUBSET),
                fields: vec![7; CONFIGURATION_OCTETS],
            }),
            ordered: Some(Ordered { number: 5, result: StartResult::RUNNING }),
            run: Some((run, Phase::Sending { left: 2 })),
            restore: Some((3, BlockSet::full(12))),
        };
        journal.write(&mut storage, &record).unwrap();
        assert_eq!(journal.read(&storage).unwrap(), record);
        assert!(encode(&record).len() <= journal.state_octets());
    }

    /// The examples of docs/BACKUP.md.
    #[test]
    fn the_state_is_as_documented() {
        let mut todo = BlockSet::full(10);
        (1..=3).for_each(|number| todo.remove(number));
        let run = Run {
            generation: 1,
            base_distance: 0,
            way: Way::SERVER,
            todo,
            digest: Digest(0xCBDF_2FED_945E_18D1_u64.to_be_bytes()),
            subset: 3,
            pause: Duration::from_mins(2),
            instruct_delay: false,
        };
        let pausing = State { last: 1, run: Some((run, Phase::Pausing { asked: 0 })), ..State::default() };
        let configured = Configured { number: 1, refused: None, fields: vec![0x03, 0x02, 0x00, 0x05] };
        let idle = State { last: 2, confirmed: Some(2), configured: Some(configured), ..State::default() };
        for (state, octets) in [
            (
                pausing,
                "B3 0001 00 0000 00000000 00 00 00 00 0000 00 00 00 02 0000 00 0001 00 01 CBDF2FED945E18D1 \
                 0003 0001D4C0 00 000A F803 00",
            ),
            (idle, "B3 0002 01 0002 00000000 00 00 00 00 0000 00 01 0001 00 04 03020005 00 00 00"),
        ] {
            assert_eq!(hex::encode_upper(encode(&state)), octets.replace(' ', ""));
        }
    }

    #[test]
    fn the_state_of_before_keys_were_replaced_is_read() {
        let before = hex::decode("B2000201000200000000001040000000010001000403020005000000").unwrap();
        let state = decode(&before).unwrap();
        assert_eq!((state.last, state.confirmed, state.owed.first()), (2, Some(2), Some(Owed::ABANDONED)));
        assert_eq!((state.unspoken, state.rekeyed), (0x40, RekeyResult::DONE));
        assert_eq!(state.configured.map(|configured| configured.fields), Some(vec![0x03, 0x02, 0x00, 0x05]));
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
