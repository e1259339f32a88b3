//! Sealed records, and who moves them: what a database must be able to do.

use oxisim_wire::Instant;

use super::{Lease, StoreError};

/// Where a subscriber or a card is found: a keyed hash of the number.
pub(super) type Id = [u8; 16];

/// What is sealed.
type Octets = Vec<u8>;

/// The shard of a subscriber.
pub(super) const fn shard(id: &Id) -> u8 {
    id[0]
}

/// A data key, sealed by the store's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Its number; 0 is the key of the hashes.
    pub number: u32,
    /// The key.
    pub sealed: Vec<u8>,
}

/// What is loaded of a subscriber.
#[derive(Clone, Debug)]
pub struct Row {
    /// Whose.
    pub id: Id,
    /// How often it was written.
    pub revision: u64,
    /// When something is to be done.
    pub due: Option<Instant>,
    /// The number.
    pub number: Vec<u8>,
    /// The state.
    pub state: Vec<u8>,
}

/// A note about a message.
#[derive(Clone, Debug)]
pub struct NoteRow {
    /// Counts the notes.
    pub seq: i64,
    /// Whose; none: a stranger's.
    pub of: Option<Id>,
    /// When.
    pub at: Instant,
    /// The note.
    pub sealed: Vec<u8>,
}

/// A card with keys: it is somebody's, whose state has what is known of it, or nobody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardRow {
    /// Which.
    pub card: Id,
    /// Whose it is.
    pub owner: Option<Id>,
    /// What is known of it, if it is nobody's.
    pub sealed: Option<Vec<u8>>,
}

/// A subscriber's row as it shall be.
#[derive(Clone, Debug)]
pub struct StateChange {
    /// What it shall be.
    pub row: Row,
    /// The revision that was loaded; none if there was no row.
    pub from: Option<u64>,
    /// The due time that was loaded.
    pub was_due: Option<Instant>,
    /// Whether the notes above the number that is kept go.
    pub trims: bool,
}

/// What one transaction writes, in the order of the fields.
#[derive(Debug, Default)]
pub struct Changes {
    /// Shards that must be the writer's, with their epochs.
    pub fence: Vec<(u8, u64)>,
    /// Subscribers of whom everything goes, with the revision that was loaded and their due time.
    pub erased: Vec<(Id, u64, Option<Instant>)>,
    /// Subscribers' rows.
    pub states: Vec<StateChange>,
    /// Phonebooks whose blocks go.
    pub cleared: Vec<(Id, u8)>,
    /// Blocks, by phonebook and number, in the place of what was there.
    pub blocks: Vec<(Id, u8, u16, Vec<u8>)>,
    /// Copies, by phonebook, in the place of what was there.
    pub copies: Vec<(Id, u8, Vec<u8>)>,
    /// Notes.
    pub notes: Vec<(Option<Id>, Instant, Vec<u8>)>,
    /// Cards, in the place of what was there.
    pub cards: Vec<CardRow>,
}

impl Changes {
    /// Whether nothing is to be written.
    pub fn is_empty(&self) -> bool {
        self.erased.is_empty()
            && self.states.is_empty()
            && self.cleared.is_empty()
            && self.blocks.is_empty()
            && self.copies.is_empty()
            && self.notes.is_empty()
            && self.cards.is_empty()
    }
}

/// A database that keeps sealed records. It knows nothing of what is in them.
///
/// Each call is a transaction. What [`Records::write`] has written survives the loss of power.
pub trait Records {
    /// The data keys, in the order of their numbers.
    fn keys(&mut self) -> Result<Vec<KeyRow>, StoreError>;

    /// Writes all data keys, in the place of those that are there; `false`, and nothing is done, if they are no longer
    /// `was`.
    fn put_keys(&mut self, was: &[KeyRow], rows: &[KeyRow]) -> Result<bool, StoreError>;

    /// The subscribers of these that there are.
    fn load(&mut self, ids: &[Id]) -> Result<Vec<Row>, StoreError>;

    /// The next `limit` subscribers after one, in the order of the ids.
    fn walk(&mut self, after: Option<Id>, limit: u32) -> Result<Vec<Row>, StoreError>;

    /// The blocks of a phonebook.
    fn blocks(&mut self, of: &Id, source: u8) -> Result<Vec<(u16, Vec<u8>)>, StoreError>;

    /// The copy of a phonebook.
    fn copy(&mut self, of: &Id, source: u8) -> Result<Option<Vec<u8>>, StoreError>;

    /// A card.
    fn card(&mut self, card: &Id) -> Result<Option<CardRow>, StoreError>;

    /// The next `limit` cards after one, in the order of the ids.
    fn walk_cards(&mut self, after: Option<Id>, limit: u32) -> Result<Vec<CardRow>, StoreError>;

    /// How many cards there are.
    fn card_count(&mut self) -> Result<u64, StoreError>;

    /// The latest `limit` notes, of a subscriber or of all, the latest first.
    fn notes(&mut self, of: Option<&Id>, limit: u32) -> Result<Vec<NoteRow>, StoreError>;

    /// Deletes the oldest notes before a time, at most `limit`; how many.
    fn trim_notes(&mut self, before: Instant, limit: u32) -> Result<u64, StoreError>;

    /// At most `limit` subscribers that are due from `from` to `now`, in the order of the times; of these shards, or of
    /// all. Rows before `from` are not looked at.
    fn due(
        &mut self,
        from: Instant,
        now: Instant,
        shards: Option<&[u8]>,
        limit: u32,
    ) -> Result<Vec<(Instant, Id)>, StoreError>;

    /// The first due time from `from` on, of these shards, or of all.
    fn next_due(&mut self, from: Instant, shards: Option<&[u8]>) -> Result<Option<Instant>, StoreError>;

    /// Writes all of it, or nothing: [`StoreError::Conflict`] if a revision is not the one that was loaded,
    /// [`StoreError::Fenced`] if a shard has another epoch.
    fn write(&mut self, changes: &Changes) -> Result<(), StoreError>;

    /// Seals records anew: the blocks, copies and notes as they are given, if they are still what they were.
    fn reseal(&mut self, resealed: &Resealed) -> Result<(), StoreError>;

    /// What has been deleted is overwritten also where the database keeps earlier states, as far as that is in its hand.
    fn wipe(&mut self) -> Result<(), StoreError>;

    /// The work of a new day: space for the schedule ahead is made, that of days past is given back.
    fn turn_day(&mut self, now: Instant) -> Result<(), StoreError>;

    /// Takes at most `wanted` shards that are free at `now`, or `owner`'s, without those of `held`.
    fn acquire(
        &mut self,
        owner: &str,
        held: &[u8],
        wanted: u16,
        now: Instant,
        until: Instant,
    ) -> Result<Vec<(u8, u64)>, StoreError>;

    /// Prolongs the leases that are still these; which those are.
    fn renew(&mut self, leases: &[(u8, u64)], until: Instant) -> Result<Vec<(u8, u64)>, StoreError>;

    /// Gives leases up that are still these.
    fn release(&mut self, leases: &[(u8, u64)]) -> Result<(), StoreError>;

    /// All leases that somebody has.
    fn leases(&mut self) -> Result<Vec<Lease>, StoreError>;
}

/// Records that are sealed by another key; each with what it was before.
#[derive(Debug, Default)]
pub struct Resealed {
    /// Blocks, by phonebook and number.
    pub blocks: Vec<(Id, u8, u16, Octets, Octets)>,
    /// Copies, by phonebook.
    pub copies: Vec<(Id, u8, Octets, Octets)>,
    /// Notes.
    pub notes: Vec<(i64, Octets)>,
    /// Subscribers' rows: whose, number and state, and the state of before.
    pub states: Vec<(Id, Octets, Octets, Octets)>,
    /// Cards that are nobody's.
    pub cards: Vec<(Id, Octets, Octets)>,
}
