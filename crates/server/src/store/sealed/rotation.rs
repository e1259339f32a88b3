//! Keys are replaced.

use super::Sealed;
use crate::store::{
    StoreError, StoreKey,
    records::{Id, Records, Resealed},
    seal::{Keyring, Which, sealed_by},
};

/// How far a store has sealed its records with the latest data key.
#[derive(Debug, Default)]
pub(super) struct Progress {
    subscribers: Step,
    cards: Step,
    /// The number in the inbox from which on nothing has been looked at.
    inbox: i64,
}

#[derive(Clone, Copy, Debug, Default)]
enum Step {
    #[default]
    Begin,
    After(Id),
    Done,
}

impl Step {
    const fn after(self) -> Option<Id> {
        match self {
            Self::After(id) => Some(id),
            Self::Begin | Self::Done => None,
        }
    }
}

impl<R: Records> Sealed<R> {
    /// Replaces the key of the store: the data keys are sealed by the new one. What they have sealed stays as it is.
    /// Another process that has the database open must be started anew with it.
    pub fn change_key(&mut self, new: &StoreKey) -> Result<(), StoreError> {
        let rows = self.records.keys()?;
        let mut keys = Keyring::open(&rows, &self.key)?;
        if !self.records.put_keys(&rows, &keys.rows(new))? {
            return Err(StoreError::Conflict);
        }
        (self.keys, self.key) = (keys, new.clone());
        Ok(())
    }

    /// Adds a data key, which seals whatever is written from now on. What is there is sealed anew by
    /// [`reseal`](Self::reseal). Another process that has the database open takes the key up with the first record that it
    /// meets.
    pub fn add_data_key(&mut self) -> Result<u32, StoreError> {
        let rows = self.records.keys()?;
        let mut keys = Keyring::open(&rows, &self.key)?;
        let number = keys.add();
        if !self.records.put_keys(&rows, &keys.rows(&self.key))? {
            return Err(StoreError::Conflict);
        }
        self.keys = keys;
        self.resealed = Progress::default();
        Ok(number)
    }

    /// Seals what at most `limit` subscribers have with the latest data key; `false` when all is done. Between two calls
    /// the store can do anything else.
    pub fn reseal(&mut self, limit: u32) -> Result<bool, StoreError> {
        if matches!(self.resealed.subscribers, Step::Done) {
            return self.reseal_cards(limit);
        }
        let rows = self.records.walk(self.resealed.subscribers.after(), limit)?;
        let Some(last) = rows.last() else {
            self.resealed.subscribers = Step::Done;
            return Ok(true);
        };
        let next = Step::After(last.id);
        let mut resealed = Resealed::default();
        for row in rows {
            let id = row.id;
            for source in oxisim_backup::message::Source::ALL {
                let source = source.0;
                for (number, old) in self.records.blocks(&id, source)? {
                    if let Some(new) = self.again(&id, Which::Block { source, number }, &old) {
                        resealed.blocks.push((id, source, number, new, old));
                    }
                }
                if let Some(old) = self.records.copy(&id, source)?
                    && let Some(new) = self.again(&id, Which::Copy { source }, &old)
                {
                    resealed.copies.push((id, source, new, old));
                }
            }
            for note in self.records.notes(Some(&id), u32::MAX)? {
                let which = Which::Note { at: crate::store::micros(note.at) };
                resealed.notes.extend(self.again(&id, which, &note.sealed).map(|new| (note.seq, new)));
            }
            let number = self.again(&id, Which::Number, &row.number);
            let state = self.again(&id, Which::State, &row.state);
            if number.is_some() || state.is_some() {
                let new = state.unwrap_or_else(|| row.state.clone());
                resealed.states.push((id, number.unwrap_or(row.number), new, row.state));
            }
        }
        self.records.reseal(&resealed)?;
        self.resealed.subscribers = next;
        Ok(true)
    }

    fn reseal_cards(&mut self, limit: u32) -> Result<bool, StoreError> {
        if matches!(self.resealed.cards, Step::Done) {
            return self.reseal_inbox(limit);
        }
        let rows = self.records.walk_cards(self.resealed.cards.after(), limit)?;
        self.resealed.cards = rows.last().map_or(Step::Done, |last| Step::After(last.card));
        let mut resealed = Resealed::default();
        for row in rows {
            let Some(old) = row.sealed else { continue };
            if let Some(new) = self.again(&row.card, Which::Card, &old) {
                resealed.cards.push((row.card, new, old));
            }
        }
        self.records.reseal(&resealed)?;
        Ok(true)
    }

    fn reseal_inbox(&mut self, limit: u32) -> Result<bool, StoreError> {
        let rows = self.records.inbox(self.resealed.inbox, None, limit)?;
        let Some(last) = rows.last() else { return Ok(false) };
        let next = last.seq.saturating_add(1);
        let mut resealed = Resealed::default();
        for row in rows {
            let which = Which::Inbox { at: crate::store::micros(row.at) };
            let new = self.again(&row.id, which, &row.sealed);
            resealed.inbox.extend(new.map(|new| (row.seq, new)));
        }
        self.records.reseal(&resealed)?;
        self.resealed.inbox = next;
        Ok(true)
    }

    /// A record sealed with the latest key, unless it is already. One that does not open stays as it is.
    fn again(&mut self, of: &Id, which: Which, sealed: &[u8]) -> Option<Vec<u8>> {
        if sealed_by(sealed) == Some(self.keys.current()) {
            return None;
        }
        let clear = self.keys.unseal(of, which, sealed);
        let clear = clear.inspect_err(|error| log::error!("a record is not sealed anew: {error}")).ok()?;
        Some(self.keys.seal(of, which, &clear))
    }

    /// The keys as they stand in the database now.
    pub(super) fn reload_keys(&mut self) -> Result<(), StoreError> {
        self.keys = Keyring::open(&self.records.keys()?, &self.key)?;
        Ok(())
    }
}
