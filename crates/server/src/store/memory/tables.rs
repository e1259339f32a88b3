//! The tables, as the databases have them.

use std::collections::{BTreeMap, BTreeSet};

use oxisim_wire::Instant;

use crate::store::{
    Lease, NOTES_OF_STRANGERS, NOTES_OF_SUBSCRIBER, StoreError,
    records::{ActRow, CardRow, Changes, Id, InboxRow, KeyRow, NoteRow, Row, Tally},
};

/// Everything that is kept.
#[derive(Default)]
pub(super) struct Tables {
    pub keys: Vec<KeyRow>,
    pub accounts: BTreeMap<Id, Row>,
    /// The due times of the accounts, in their order.
    pub due: BTreeSet<(Instant, Id)>,
    pub blocks: BTreeMap<(Id, u8, u16), Vec<u8>>,
    pub copies: BTreeMap<(Id, u8), Vec<u8>>,
    pub cards: BTreeMap<Id, CardRow>,
    pub notes: BTreeMap<i64, NoteRow>,
    /// The notes of each subscriber, and of strangers.
    pub notes_of: BTreeMap<Option<Id>, BTreeSet<i64>>,
    pub inbox: BTreeMap<i64, InboxRow>,
    pub papers: BTreeMap<(u8, Id), Vec<u8>>,
    pub audit: BTreeMap<i64, ActRow>,
    /// Messages to and from the server, by hour and writer.
    pub tallies: BTreeMap<(u64, i64), (u64, u64)>,
    /// Shards that were ever leased; one that nobody has has no owner.
    pub leases: BTreeMap<u8, Lease>,
    /// The latest number of an inbox's row and of an audit entry: none comes twice.
    pub last_passed: i64,
    pub last_act: i64,
    /// How often accounts have been written.
    pub writes: u64,
}

impl Tables {
    pub fn rows(&self, table: &str) -> Option<usize> {
        Some(match table {
            "data_key" => self.keys.len(),
            "account" => self.accounts.len(),
            "due" => self.due.len(),
            "account_block" => self.blocks.len(),
            "account_copy" => self.copies.len(),
            "account_card" => self.cards.len(),
            "note" => self.notes.len(),
            "inbox" => self.inbox.len(),
            "console_document" => self.papers.len(),
            "audit" => self.audit.len(),
            "tally" => self.tallies.len(),
            _ => return None,
        })
    }

    pub fn damage_copies(&mut self) {
        self.writes += 1;
        self.copies.values_mut().for_each(|sealed| sealed.truncate(20));
    }

    /// Nobody seals with a key after there is a later one.
    pub fn is_latest(&self, key: u32) -> Result<(), StoreError> {
        let latest = self.keys.last().map(|row| row.number);
        if latest == Some(key) { Ok(()) } else { Err(StoreError::OldKey) }
    }

    /// Writes all of it, or nothing.
    pub fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        self.check(changes)?;
        self.apply(changes);
        Ok(())
    }

    /// Whether everything is still as it was loaded.
    fn check(&self, changes: &Changes) -> Result<(), StoreError> {
        self.is_latest(changes.key)?;
        for (shard, epoch) in &changes.fence {
            if self.leases.get(shard).map_or(0, |lease| lease.epoch) != *epoch {
                return Err(StoreError::Fenced(*shard));
            }
        }
        let revision = |id: &Id| self.accounts.get(id).map(|row| row.revision);
        let is_erased = |id: &Id| changes.erased.iter().any(|(erased, ..)| erased == id);
        let erased = changes.erased.iter().all(|(id, from, _)| revision(id) == Some(*from));
        let states = changes.states.iter().all(|change| {
            let id = &change.row.id;
            change.from == revision(id).filter(|_| !is_erased(id))
        });
        let settled = changes.settled.iter().all(|(seq, id)| self.inbox.contains_key(seq) && !is_erased(id));
        if erased && states && settled { Ok(()) } else { Err(StoreError::Conflict) }
    }

    fn apply(&mut self, changes: &Changes) {
        self.writes += 1;
        for (id, ..) in &changes.erased {
            self.erase(id);
        }
        for change in &changes.states {
            self.put(&change.row);
        }
        for (id, source) in &changes.cleared {
            self.blocks.retain(|(of, which, _), _| (of, which) != (id, source));
        }
        let blocks = changes.blocks.iter();
        self.blocks
            .extend(blocks.map(|(id, source, number, sealed)| ((*id, *source, *number), sealed.clone())));
        let copies = changes.copies.iter();
        self.copies.extend(copies.map(|(id, source, sealed)| ((*id, *source), sealed.clone())));
        for (of, at, sealed) in &changes.notes {
            let seq = self.notes.last_key_value().map_or(1, |(last, _)| last + 1);
            self.notes.insert(seq, NoteRow { seq, of: *of, at: *at, sealed: sealed.clone() });
            self.notes_of.entry(*of).or_default().insert(seq);
        }
        for change in changes.states.iter().filter(|change| change.trims) {
            self.trim(Some(change.row.id), NOTES_OF_SUBSCRIBER);
        }
        if changes.notes.iter().any(|(of, ..)| of.is_none()) {
            self.trim(None, NOTES_OF_STRANGERS);
        }
        self.cards.extend(changes.cards.iter().map(|row| (row.card, row.clone())));
        for (id, at, sealed) in &changes.inbox {
            self.last_passed += 1;
            let seq = self.last_passed;
            self.inbox.insert(seq, InboxRow { seq, id: *id, at: *at, sealed: sealed.clone() });
        }
        for (seq, _) in &changes.settled {
            self.inbox.remove(seq);
        }
        for Tally { writer, hour, incoming, outgoing } in &changes.tallies {
            let counts = self.tallies.entry((*hour, *writer)).or_default();
            *counts = (counts.0 + incoming, counts.1 + outgoing);
        }
    }

    fn erase(&mut self, id: &Id) {
        if let Some(due) = self.accounts.remove(id).and_then(|row| row.due) {
            self.due.remove(&(due, *id));
        }
        self.blocks.retain(|(of, ..), _| of != id);
        self.copies.retain(|(of, _), _| of != id);
        self.trim(Some(*id), 0);
        self.inbox.retain(|_, row| row.id != *id);
    }

    /// Puts a subscriber's row; the number of one that there is stays.
    fn put(&mut self, new: &Row) {
        let row = self.accounts.entry(new.id).or_insert_with(|| Row { due: None, ..new.clone() });
        let was = row.due;
        *row = Row { number: std::mem::take(&mut row.number), ..new.clone() };
        if was != new.due {
            if let Some(was) = was {
                self.due.remove(&(was, new.id));
            }
            self.due.extend(new.due.map(|due| (due, new.id)));
        }
    }

    /// Of the notes of a subscriber, or of strangers, the latest stay.
    fn trim(&mut self, of: Option<Id>, kept: u32) {
        let Some(numbers) = self.notes_of.get_mut(&of) else { return };
        while numbers.len() > kept as usize
            && let Some(seq) = numbers.pop_first()
        {
            self.notes.remove(&seq);
        }
        if numbers.is_empty() {
            self.notes_of.remove(&of);
        }
    }

    /// Deletes a note.
    pub fn drop_note(&mut self, seq: i64) {
        let Some(note) = self.notes.remove(&seq) else { return };
        if let Some(numbers) = self.notes_of.get_mut(&note.of) {
            numbers.remove(&seq);
        }
    }
}
