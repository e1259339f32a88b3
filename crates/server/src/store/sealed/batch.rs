//! What is in memory between loading and writing.

use std::{collections::BTreeMap, sync::Arc};

use oxisim_backup::Held;
use oxisim_wire::Instant;

use super::{HOUR, Sealed, leasing, opened::Opened};
use crate::{
    Msisdn,
    store::{
        Direction, LogEntry, NOTES_OF_SUBSCRIBER, StoreError, Unreadable,
        account::{Shelf, State},
        document::{self, Document},
        records::{Changes, Id, Records, Row, StateChange, Tally},
        seal::{Keyring, Which, sealed_by},
    },
};

/// A subscriber in memory.
#[derive(Debug)]
pub(super) struct Unit {
    pub msisdn: Msisdn,
    /// What was loaded; none if there was nothing.
    loaded: Option<Loaded>,
    content: Content,
    /// Whether everything of before goes.
    is_erased: bool,
}

#[derive(Debug)]
struct Loaded {
    row: Row,
    /// As it was.
    document: Arc<Document>,
}

#[derive(Debug)]
enum Content {
    Open(Box<State>),
    Damaged { table: &'static str, why: Unreadable, put_off: Option<Instant>, notes: Vec<LogEntry> },
}

impl Unit {
    fn new(
        msisdn: Msisdn,
        row: Option<Row>,
        keys: &Keyring,
        opened: &mut Opened,
    ) -> Result<Self, StoreError> {
        let mut unit =
            Self { msisdn, loaded: None, content: Content::Open(Box::default()), is_erased: false };
        let Some(row) = row else { return Ok(unit) };
        let document = match open(&row, keys, opened) {
            Ok(document) => {
                let state = State { exists: true, document: Arc::clone(&document), ..State::default() };
                unit.content = Content::Open(Box::new(state));
                document
            }
            Err(StoreError::Unreadable { table, why }) => {
                unit.content = Content::Damaged { table, why, put_off: None, notes: Vec::new() };
                Arc::default()
            }
            Err(other) => return Err(other),
        };
        unit.loaded = Some(Loaded { row, document });
        Ok(unit)
    }

    /// The account, unless it is damaged.
    pub fn state(&self) -> Result<&State, StoreError> {
        match &self.content {
            Content::Open(state) => Ok(state),
            Content::Damaged { table, why, .. } => Err(StoreError::Unreadable { table, why: *why }),
        }
    }

    pub fn put(&mut self, state: State) {
        self.content = Content::Open(Box::new(state));
    }

    /// Whether the database has blocks and copies that count.
    pub const fn is_in_database(&self) -> bool {
        self.loaded.is_some() && !self.is_erased
    }

    /// If the account is damaged, it is put off as a whole; else nothing is done.
    pub fn put_off_damaged(&mut self, until: Instant, why: &LogEntry) -> bool {
        let Content::Damaged { put_off, notes, .. } = &mut self.content else { return false };
        *put_off = Some(until);
        notes.push(why.clone());
        true
    }

    /// Everything goes; whether there was anything.
    pub fn erase(&mut self) -> bool {
        let was = match &self.content {
            Content::Open(state) => state.exists,
            Content::Damaged { .. } => true,
        };
        self.content = Content::Open(Box::default());
        self.is_erased = true;
        was
    }
}

/// The document of a row.
fn open(row: &Row, keys: &Keyring, opened: &mut Opened) -> Result<Arc<Document>, StoreError> {
    if let Some(document) = opened.document(&row.id, &row.state) {
        return Ok(document);
    }
    let document = Arc::new(Document::read(&keys.unseal(&row.id, Which::State, &row.state)?)?);
    opened.put_document(row.id, &row.state, &document);
    Ok(document)
}

/// What an account looks up in the database.
pub(super) struct Desk<'a, R> {
    pub records: &'a mut R,
    pub keys: &'a Keyring,
    pub opened: &'a mut Opened,
    pub id: Id,
    pub exists: bool,
}

impl<R: Records> Shelf for Desk<'_, R> {
    fn blocks(&mut self, source: u8) -> Result<BTreeMap<u16, Vec<u8>>, StoreError> {
        if !self.exists {
            return Ok(BTreeMap::new());
        }
        let rows = self.records.blocks(&self.id, source)?;
        let open = |(number, sealed): (u16, Vec<u8>)| {
            let which = Which::Block { source, number };
            Ok((number, self.keys.unseal(&self.id, which, &sealed)?.to_vec()))
        };
        rows.into_iter().map(open).collect()
    }

    fn copy(&mut self, source: u8) -> Result<Option<Arc<Held>>, StoreError> {
        if !self.exists {
            return Ok(None);
        }
        let Some(sealed) = self.records.copy(&self.id, source)? else { return Ok(None) };
        if let Some(held) = self.opened.copy(&self.id, source, &sealed) {
            return Ok(Some(held));
        }
        let clear = self.keys.unseal(&self.id, Which::Copy { source }, &sealed)?;
        let held = Arc::new(document::read_copy(&clear)?);
        self.opened.put_copy(self.id, source, sealed, &held);
        Ok(Some(held))
    }
}

impl<R: Records> Sealed<R> {
    /// Loads a subscriber, unless the batch has them; where they stand.
    pub(super) fn take_up(&mut self, msisdn: &Msisdn) -> Result<Id, StoreError> {
        let id = self.keys.subscriber(msisdn);
        if !self.units.contains_key(&id) {
            self.load(vec![(id, msisdn.clone())])?;
        }
        Ok(id)
    }

    /// Loads subscribers.
    pub(super) fn load(&mut self, subscribers: Vec<(Id, Msisdn)>) -> Result<(), StoreError> {
        let ids: Vec<Id> = subscribers.iter().map(|(id, _)| *id).collect();
        let rows = self.records.load(&ids)?;
        self.know_keys(rows.iter().map(|row| &row.state[..]))?;
        let mut rows: BTreeMap<Id, Row> = rows.into_iter().map(|row| (row.id, row)).collect();
        for (id, msisdn) in subscribers {
            let row = rows.remove(&id);
            if row.is_none() {
                // Somebody else may have forgotten them.
                self.opened.forget(&id);
            }
            let unit = Unit::new(msisdn, row, &self.keys, &mut self.opened)?;
            self.units.entry(id).or_insert(unit);
        }
        Ok(())
    }

    /// Loads the subscriber who has a card.
    pub(super) fn load_owner(&mut self, id: Id) -> Result<bool, StoreError> {
        if self.units.contains_key(&id) {
            return Ok(true);
        }
        let rows = self.records.load(&[id])?;
        self.know_keys(rows.iter().map(|row| &row.state[..]))?;
        let Some(row) = rows.into_iter().next() else { return Ok(false) };
        let msisdn = self.number(&row)?;
        let unit = Unit::new(msisdn, Some(row), &self.keys, &mut self.opened)?;
        self.units.insert(id, unit);
        Ok(true)
    }

    /// Whose row it is.
    pub(super) fn number(&self, row: &Row) -> Result<Msisdn, StoreError> {
        let clear = self.keys.unseal(&row.id, Which::Number, &row.number)?;
        let digits = std::str::from_utf8(&clear).ok().and_then(|digits| digits.parse().ok());
        digits.ok_or(StoreError::Unreadable { table: "subscriber", why: Unreadable::Malformed })
    }

    /// Another process may have begun to seal with a key that is new.
    pub(super) fn know_keys<'a>(
        &mut self,
        mut sealed: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), StoreError> {
        let is_unknown = |sealed| sealed_by(sealed).is_some_and(|number| !self.keys.has(number));
        if sealed.any(is_unknown) { self.reload_keys() } else { Ok(()) }
    }

    pub(super) fn forget_batch(&mut self) {
        self.units.clear();
        self.cards.clear();
        self.strange.clear();
        self.inbox.forget_batch();
        self.in_batch = false;
    }

    /// Writes what has changed.
    pub(super) fn write(&mut self) -> Result<(), StoreError> {
        let mut changes = Changes { key: self.keys.current(), ..Changes::default() };
        let units = std::mem::take(&mut self.units);
        let mut earliest = None;
        for (id, unit) in &units {
            let is_changed = match &unit.content {
                Content::Open(state) => self.collect(*id, unit, state, &mut changes),
                Content::Damaged { put_off, notes, .. } => {
                    self.collect_damaged(*id, unit, *put_off, notes, &mut changes)
                }
            };
            if is_changed {
                let due = changes.states.last().and_then(|change| change.row.due);
                earliest = [earliest, due].into_iter().flatten().min();
            }
        }
        for entry in std::mem::take(&mut self.strange) {
            self.collect_note(None, &entry, &mut changes);
        }
        let cards = std::mem::take(&mut self.cards);
        changes.cards = cards.into_values().filter(|(_, is_new)| *is_new).map(|(row, _)| row).collect();
        self.inbox.collect(&mut changes);
        // A card may have been sealed before a later key became known.
        let sealed = changes.cards.iter().filter_map(|row| sealed_by(row.sealed.as_deref()?));
        changes.key = sealed.fold(changes.key, u32::min);
        let passed = changes.inbox.iter().filter_map(|(.., sealed)| sealed_by(sealed));
        changes.key = passed.fold(changes.key, u32::min);
        if changes.is_empty() {
            return Ok(());
        }
        self.fenced_write(changes)?;
        self.low = self.low.map(|low| earliest.map_or(low, |earliest| low.min(earliest)));
        Ok(())
    }

    /// Writes with the epochs of the leases that it needs.
    pub(super) fn fenced_write(&mut self, mut changes: Changes) -> Result<(), StoreError> {
        if let Some(held) = &self.held {
            changes.fence = leasing::fence(held, &changes)?;
        }
        match self.records.write(&changes) {
            // Who does it anew does it with the key that is known now.
            Err(StoreError::OldKey) => self.reload_keys().and(Err(StoreError::OldKey)),
            written => written,
        }
    }

    /// What has changed of a subscriber; whether anything has.
    fn collect(&mut self, id: Id, unit: &Unit, state: &State, changes: &mut Changes) -> bool {
        let loaded = unit.loaded.as_ref();
        if let (true, Some(loaded)) = (unit.is_erased, loaded) {
            changes.erased.push((id, loaded.row.revision, loaded.row.due));
        }
        let loaded = loaded.filter(|_| !unit.is_erased);
        let is_same = |loaded: &Loaded| {
            Arc::ptr_eq(&loaded.document, &state.document) || loaded.document == state.document
        };
        let is_new = !loaded.is_some_and(is_same);
        let has_blocks = state.blocks.values().any(|blocks| blocks.cleared || !blocks.put.is_empty());
        let has_copies = state.copies.values().any(|copy| copy.is_new);
        if !state.exists || !(is_new || has_blocks || has_copies || !state.notes.is_empty()) {
            return false;
        }
        for (source, blocks) in &state.blocks {
            if blocks.cleared && loaded.is_some() {
                changes.cleared.push((id, *source));
            }
            for (number, block) in &blocks.put {
                let sealed = self.keys.seal(&id, Which::Block { source: *source, number: *number }, block);
                changes.blocks.push((id, *source, *number, sealed));
            }
        }
        for (source, copy) in &state.copies {
            if let (true, Some(held)) = (copy.is_new, &copy.held) {
                let clear = document::write_copy(held);
                changes.copies.push((
                    id,
                    *source,
                    self.keys.seal(&id, Which::Copy { source: *source }, &clear),
                ));
            }
        }
        for entry in &state.notes {
            self.collect_note(Some(id), entry, changes);
        }
        let mut document = Arc::clone(&state.document);
        let trims = document.notes > NOTES_OF_SUBSCRIBER;
        if trims {
            Arc::make_mut(&mut document).notes = NOTES_OF_SUBSCRIBER;
        }
        let number = match loaded {
            Some(loaded) => loaded.row.number.clone(),
            None => self.keys.seal(&id, Which::Number, unit.msisdn.digits().as_bytes()),
        };
        let row = Row {
            id,
            revision: unit.loaded.as_ref().map_or(0, |loaded| loaded.row.revision) + 1,
            due: document.due(),
            number,
            state: self.keys.seal(&id, Which::State, &document.write()),
        };
        let (from, was_due) =
            loaded.map_or((None, None), |loaded| (Some(loaded.row.revision), loaded.row.due));
        changes.states.push(StateChange { row, from, was_due, trims });
        true
    }

    /// What is put off of a subscriber whose state is damaged: that stays as it is.
    fn collect_damaged(
        &mut self,
        id: Id,
        unit: &Unit,
        put_off: Option<Instant>,
        notes: &[LogEntry],
        changes: &mut Changes,
    ) -> bool {
        let (Some(due), Some(Loaded { row, .. })) = (put_off, &unit.loaded) else { return false };
        for entry in notes {
            self.collect_note(Some(id), entry, changes);
        }
        let (from, was_due) = (Some(row.revision), row.due);
        let row = Row { revision: row.revision + 1, due: Some(due), ..row.clone() };
        changes.states.push(StateChange { row, from, was_due, trims: true });
        true
    }

    fn collect_note(&mut self, of: Option<Id>, entry: &LogEntry, changes: &mut Changes) {
        let clear = document::write_note(entry);
        let which = Which::Note { at: super::super::micros(entry.at) };
        let sealed = self.keys.seal(&of.unwrap_or_default(), which, &clear);
        changes.notes.push((of, entry.at, sealed));
        self.tally(entry, changes);
    }

    /// Counts a note about a message; other notes have no octets.
    fn tally(&self, entry: &LogEntry, changes: &mut Changes) {
        let Some(writer) = self.writer.filter(|_| entry.octets > 0) else { return };
        let hour = entry.at.as_secs() / HOUR;
        let place = changes.tallies.iter().position(|tally| tally.hour == hour).unwrap_or_else(|| {
            changes.tallies.push(Tally { writer, hour, incoming: 0, outgoing: 0 });
            changes.tallies.len() - 1
        });
        match entry.direction {
            Direction::In => changes.tallies[place].incoming += 1,
            Direction::Out => changes.tallies[place].outgoing += 1,
        }
    }
}
