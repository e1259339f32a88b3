//! An account in memory: what any store works on between loading and writing.

use std::{collections::BTreeMap, sync::Arc};

use oxisim_backup::{
    Held, Order, Restore, Session, Spacing, Vault,
    message::{MessageType, Source},
};
use oxisim_wire::Instant;

use super::{
    Account, CopySummary, Enrolled, Letter, LetterStep, LogEntry, StoreError,
    document::{Document, Phonebook},
};

/// What an account must look up when it is asked for: blocks and copies are not loaded before.
pub(super) trait Shelf {
    fn blocks(&mut self, source: u8) -> Result<BTreeMap<u16, Vec<u8>>, StoreError>;
    fn copy(&mut self, source: u8) -> Result<Option<Arc<Held>>, StoreError>;
}

/// What is known of an account, and what has changed since it was loaded.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Whether anything is kept of the subscriber.
    pub exists: bool,
    /// What there is of it; copied when it is changed first.
    pub document: Arc<Document>,
    pub blocks: BTreeMap<u8, Blocks>,
    pub copies: BTreeMap<u8, Copy>,
    pub notes: Vec<LogEntry>,
    /// Notes about someone of whom nothing is kept.
    pub strange: Vec<LogEntry>,
}

/// Blocks of a phonebook.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    /// Whether those of the database go.
    pub cleared: bool,
    /// Those that are new.
    pub put: BTreeMap<u16, Vec<u8>>,
    /// Those of the database, if they have been looked at.
    pub known: Option<BTreeMap<u16, Vec<u8>>>,
}

/// A copy of a phonebook.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    pub held: Option<Arc<Held>>,
    /// Whether it is to be written.
    pub is_new: bool,
}

impl State {
    /// Whether there is something to be written that `before` had not.
    pub fn has_changed_since(&self, before: &Self) -> bool {
        let written = |state: &Self| {
            let blocks: Vec<_> = state.blocks.values().flat_map(|blocks| blocks.put.clone()).collect();
            let cleared = state.blocks.values().filter(|blocks| blocks.cleared).count();
            let copies = state.copies.values().filter(|copy| copy.is_new).count();
            (blocks, cleared, copies, state.notes.len())
        };
        self.exists != before.exists || self.document != before.document || written(self) != written(before)
    }

    /// The document, to be changed.
    pub fn edit(&mut self) -> &mut Document {
        Arc::make_mut(&mut self.document)
    }

    fn book(&self, source: Source) -> Option<&Phonebook> {
        self.document.phonebooks.get(&source.0)
    }

    fn change(&mut self, source: Source) -> &mut Phonebook {
        self.exists = true;
        self.edit().phonebooks.entry(source.0).or_default()
    }

    fn clear_blocks(&mut self, source: Source) {
        self.blocks.insert(source.0, Blocks { cleared: true, ..Blocks::default() });
    }

    /// A copy that is to be written.
    pub fn put_copy(&mut self, source: Source, held: Held) {
        self.copies.insert(source.0, Copy { held: Some(Arc::new(held)), is_new: true });
    }

    fn letters(&self, source: Source) -> impl Iterator<Item = &Letter> {
        self.document.letters.iter().filter(move |(of, _)| *of == source.0).map(|(_, letter)| letter)
    }
}

/// One subscriber's account, within a batch.
pub struct LoadedAccount<'a> {
    state: &'a mut State,
    shelf: &'a mut dyn Shelf,
}

impl<'a> LoadedAccount<'a> {
    pub(super) fn new(state: &'a mut State, shelf: &'a mut dyn Shelf) -> Self {
        Self { state, shelf }
    }
}

impl std::fmt::Debug for LoadedAccount<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedAccount").finish_non_exhaustive()
    }
}

impl Vault for LoadedAccount<'_> {
    type Error = StoreError;

    fn session(&mut self, source: Source) -> Result<Option<Session>, StoreError> {
        Ok(self.state.book(source).and_then(|book| book.session.clone()))
    }

    fn put_session(&mut self, session: &Session) -> Result<(), StoreError> {
        let source = session.backup.source;
        let known = self.state.book(source).and_then(|book| book.session.as_ref());
        if known.is_none_or(|known| known.backup != session.backup) {
            self.state.clear_blocks(source);
        }
        self.state.change(source).session = Some(session.clone());
        Ok(())
    }

    fn block(&mut self, source: Source, number: u16) -> Result<Option<Vec<u8>>, StoreError> {
        let exists = self.state.exists;
        let blocks = self.state.blocks.entry(source.0).or_default();
        if let Some(block) = blocks.put.get(&number) {
            return Ok(Some(block.clone()));
        }
        if blocks.cleared || !exists {
            return Ok(None);
        }
        let known = match &mut blocks.known {
            Some(known) => known,
            none => none.insert(self.shelf.blocks(source.0)?),
        };
        Ok(known.get(&number).cloned())
    }

    fn put_block(&mut self, source: Source, number: u16, block: &[u8]) -> Result<(), StoreError> {
        self.state.exists = true;
        self.state.blocks.entry(source.0).or_default().put.insert(number, block.to_vec());
        Ok(())
    }

    fn held(&mut self, source: Source) -> Result<Option<Arc<Held>>, StoreError> {
        if let Some(copy) = self.state.copies.get(&source.0) {
            return Ok(copy.held.clone());
        }
        if self.state.book(source).is_none_or(|book| book.copy.is_none()) {
            return Ok(None);
        }
        let held = self.shelf.copy(source.0)?;
        self.state.copies.insert(source.0, Copy { held: held.clone(), is_new: false });
        Ok(held)
    }

    fn put_held(&mut self, source: Source, held: &Held) -> Result<(), StoreError> {
        self.state.clear_blocks(source);
        self.state.put_copy(source, held.clone());
        let contacts = u32::try_from(held.book.len()).unwrap_or(u32::MAX);
        self.state.change(source).copy =
            Some(CopySummary { generation: held.generation, at: held.at, contacts });
        Ok(())
    }

    fn restore(&mut self) -> Result<Option<Restore>, StoreError> {
        Ok(self.state.document.restore.clone())
    }

    fn put_restore(&mut self, restore: &Restore) -> Result<(), StoreError> {
        self.state.exists = true;
        self.state.edit().restore = Some(restore.clone());
        Ok(())
    }

    fn order(&mut self, source: Source, kind: MessageType) -> Result<Option<Order>, StoreError> {
        Ok(self.state.document.orders.get(&(source.0, kind.0)).cloned())
    }

    fn put_order(&mut self, order: &Order) -> Result<(), StoreError> {
        self.state.exists = true;
        let key = (order.source.0, order.command.kind().0);
        self.state.edit().orders.insert(key, order.clone());
        Ok(())
    }

    fn spacing(&mut self, source: Source) -> Result<Option<Spacing>, StoreError> {
        Ok(self.state.book(source).and_then(|book| book.spacing.clone()))
    }

    fn put_spacing(&mut self, source: Source, spacing: Option<&Spacing>) -> Result<(), StoreError> {
        if spacing.is_some() || self.state.book(source).is_some() {
            self.state.change(source).spacing = spacing.cloned();
        }
        Ok(())
    }

    fn busy_until(&mut self, source: Source) -> Result<Option<Instant>, StoreError> {
        let until = self.state.letters(source).map(|letter| match letter.step {
            LetterStep::Given { valid } => valid,
            LetterStep::Waiting { due } => due.unwrap_or(Instant::EPOCH),
        });
        Ok(until.max())
    }
}

impl Account for LoadedAccount<'_> {
    fn next_counter(&mut self) -> Result<u32, StoreError> {
        self.state.exists = true;
        let document = self.state.edit();
        document.counter = document.counter.checked_add(1).ok_or(StoreError::CounterUsedUp)?;
        Ok(document.counter)
    }

    fn card(&mut self) -> Result<Option<Enrolled>, StoreError> {
        Ok(self.state.document.card.clone())
    }

    fn put_card(&mut self, card: &Enrolled) -> Result<(), StoreError> {
        if let Some(known) = &mut self.state.edit().card
            && known.iccid == card.iccid
        {
            known.clone_from(card);
        }
        Ok(())
    }

    fn log(&mut self, entry: &LogEntry) -> Result<(), StoreError> {
        if self.state.exists {
            let document = self.state.edit();
            document.notes = document.notes.saturating_add(1);
            self.state.notes.push(entry.clone());
        } else {
            self.state.strange.push(entry.clone());
        }
        Ok(())
    }

    fn alarm(&mut self) -> Result<(), StoreError> {
        if self.state.exists {
            let document = self.state.edit();
            document.alarms = document.alarms.saturating_add(1);
        }
        Ok(())
    }

    fn put_off(&mut self, until: Instant) -> Result<(), StoreError> {
        self.state.edit().put_off(until);
        Ok(())
    }

    fn letters(&mut self, source: Source) -> Result<Vec<Letter>, StoreError> {
        Ok(self.state.letters(source).cloned().collect())
    }

    fn add_letter(&mut self, source: Source, octets: &[u8]) -> Result<(), StoreError> {
        self.state.exists = true;
        let document = self.state.edit();
        document.last_letter += 1;
        let step = LetterStep::Waiting { due: None };
        let letter = Letter { id: document.last_letter, octets: octets.to_vec(), step };
        document.letters.push((source.0, letter));
        Ok(())
    }

    fn set_letter(&mut self, id: u64, step: LetterStep) -> Result<(), StoreError> {
        for (_, letter) in self.state.edit().letters.iter_mut().filter(|(_, letter)| letter.id == id) {
            letter.step = step;
        }
        Ok(())
    }

    fn delete_letter(&mut self, id: u64) -> Result<(), StoreError> {
        self.state.edit().letters.retain(|(_, letter)| letter.id != id);
        Ok(())
    }
}
