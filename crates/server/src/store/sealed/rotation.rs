//! Keys are replaced.

use super::Sealed;
use crate::store::{
    Drawer, StoreError, StoreKey, micros,
    records::{Id, KeyRow, PaperRow, Records, Resealed, Row},
    seal::{Keyring, LOOKUP, Which, sealed_by},
};

/// Subscribers whose records are sealed anew in one transaction.
const STEP: u32 = 100;

/// How far a store has sealed its records with the latest data key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// Which that is; with another, all begins anew.
    key: u32,
    step: Step,
    /// Whether something does not open, so that its key must stay.
    has_failed: bool,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Subscribers, after one.
    Subscribers(Option<Id>),
    /// Cards that are nobody's, after one.
    Cards(Option<Id>),
    /// Notes about strangers, after one.
    Strangers(i64),
    /// The console's documents, of a drawer, after one.
    Papers(usize, Option<Id>),
    /// The audit log, after an entry.
    Acts(i64),
    /// What was passed on, from a number on.
    Inbox(i64),
    /// Nothing is sealed with an earlier key.
    Done,
}

impl Default for Progress {
    fn default() -> Self {
        Self { key: LOOKUP, step: Step::Subscribers(None), has_failed: false }
    }
}

impl<R: Records> Sealed<R> {
    /// Replaces the data keys, or the key of the store by this one.
    pub fn replace_keys(&mut self, key: Option<&StoreKey>) -> Result<(), StoreError> {
        match key {
            None => self.rotate(),
            Some(key) => self.change_key(key),
        }
    }

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
    /// [`reseal`](Self::reseal). Another process that has the database open takes the key up when it meets a record that
    /// is sealed with it, or writes one that is not.
    pub fn add_data_key(&mut self) -> Result<u32, StoreError> {
        let rows = self.records.keys()?;
        let mut keys = Keyring::open(&rows, &self.key)?;
        let number = keys.add();
        if !self.records.put_keys(&rows, &keys.rows(&self.key))? {
            return Err(StoreError::Conflict);
        }
        self.keys = keys;
        Ok(number)
    }

    /// Adds a data key, and seals with it all that there is, in steps between which others have their turns.
    pub fn rotate(&mut self) -> Result<(), StoreError> {
        self.add_data_key()?;
        loop {
            match self.reseal(STEP) {
                Ok(false) => return Ok(()),
                // Another has added one, or has the keys at the moment: it begins anew, or goes on.
                Ok(true) | Err(StoreError::OldKey | StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Seals at most `limit` subscribers' records, or as many others, with the latest data key; `false` when all is done.
    /// Then nothing is sealed with an earlier key any more, and those are deleted. Between two calls the store can do
    /// anything else.
    pub fn reseal(&mut self, limit: u32) -> Result<bool, StoreError> {
        // Another process may have added a key, and this one met it.
        if self.resealed.key != self.keys.current() {
            self.resealed = Progress { key: self.keys.current(), ..Progress::default() };
        }
        let mut resealed = Resealed::default();
        let next = match self.resealed.step {
            Step::Subscribers(after) => {
                let rows = self.records.walk(after, limit)?;
                let last = rows.last().map(|row| row.id);
                for row in rows {
                    self.reseal_subscriber(row, &mut resealed)?;
                }
                last.map_or(Step::Cards(None), |last| Step::Subscribers(Some(last)))
            }
            Step::Cards(after) => {
                let rows = self.records.walk_cards(after, limit)?;
                let last = rows.last().map(|row| row.card);
                for (card, old) in rows.into_iter().filter_map(|row| Some((row.card, row.sealed?))) {
                    resealed.cards.extend(self.again(&card, Which::Card, &old).map(|new| (card, new, old)));
                }
                last.map_or(Step::Strangers(i64::MIN), |last| Step::Cards(Some(last)))
            }
            Step::Strangers(after) => {
                let rows = self.records.walk_strange(after, limit)?;
                let last = rows.last().map(|row| row.seq);
                for note in rows {
                    let which = Which::Note { at: micros(note.at) };
                    let new = self.again(&Id::default(), which, &note.sealed);
                    resealed.notes.extend(new.map(|new| (note.seq, new)));
                }
                last.map_or(Step::Papers(0, None), Step::Strangers)
            }
            Step::Papers(place, after) => {
                let Some((_, drawer, _)) = Drawer::ALL.get(place) else {
                    self.resealed.step = Step::Acts(i64::MIN);
                    return Ok(true);
                };
                let rows = self.records.walk_papers(*drawer, after, limit)?;
                let last = rows.last().map(|row| row.id);
                for PaperRow { id, sealed } in rows {
                    let new = self.again(&id, Which::Paper { drawer: *drawer }, &sealed);
                    resealed.papers.extend(new.map(|new| (*drawer, id, new, sealed)));
                }
                last.map_or(Step::Papers(place + 1, None), |last| Step::Papers(place, Some(last)))
            }
            Step::Acts(after) => {
                let rows = self.records.walk_acts(after, limit)?;
                let last = rows.last().map(|row| row.seq);
                for act in rows {
                    let new =
                        self.again(&self.day_of(act.at), Which::Act { at: micros(act.at) }, &act.sealed);
                    resealed.acts.extend(new.map(|new| (act.seq, new)));
                }
                last.map_or(Step::Inbox(0), Step::Acts)
            }
            Step::Inbox(from) => {
                let rows = self.records.inbox(from, None, limit)?;
                let next = rows.last().map(|row| row.seq.saturating_add(1));
                for row in rows {
                    let new = self.again(&row.id, Which::Inbox { at: micros(row.at) }, &row.sealed);
                    resealed.inbox.extend(new.map(|new| (row.seq, new)));
                }
                next.map_or(Step::Done, Step::Inbox)
            }
            Step::Done => return self.retire().map(|()| false),
        };
        self.records.reseal(&resealed)?;
        self.resealed.step = next;
        Ok(true)
    }

    fn reseal_subscriber(&mut self, row: Row, resealed: &mut Resealed) -> Result<(), StoreError> {
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
            let which = Which::Note { at: micros(note.at) };
            resealed.notes.extend(self.again(&id, which, &note.sealed).map(|new| (note.seq, new)));
        }
        let number = self.again(&id, Which::Number, &row.number);
        resealed.numbers.extend(number.map(|new| (id, new, row.number)));
        let state = self.again(&id, Which::State, &row.state);
        resealed.states.extend(state.map(|new| (id, new, row.state)));
        Ok(())
    }

    /// Deletes the data keys that nothing is sealed with any more. Whoever writes with one of them is refused
    /// ([`StoreError::OldKey`]) since there is a later one, so none of their records can come in behind.
    fn retire(&mut self) -> Result<(), StoreError> {
        if self.resealed.has_failed {
            log::warn!("the earlier data keys stay: something does not open");
            return Ok(());
        }
        let rows = self.records.keys()?;
        let known = Keyring::open(&rows, &self.key)?;
        // Another may have added one since: then all begins anew.
        if known.current() != self.keys.current() {
            self.keys = known;
            return Err(StoreError::OldKey);
        }
        let current = known.current();
        let kept: Vec<KeyRow> =
            rows.iter().filter(|row| [LOOKUP, current].contains(&row.number)).cloned().collect();
        if kept.len() < rows.len() && !self.records.put_keys(&rows, &kept)? {
            return Err(StoreError::Conflict);
        }
        self.keys.retire();
        Ok(())
    }

    /// A record sealed with the latest key, unless it is already. One that does not open stays as it is.
    fn again(&mut self, of: &Id, which: Which, sealed: &[u8]) -> Option<Vec<u8>> {
        if sealed_by(sealed) == Some(self.keys.current()) {
            return None;
        }
        let clear = self.keys.unseal(of, which, sealed);
        match clear {
            Ok(clear) => Some(self.keys.seal(of, which, &clear)),
            Err(error) => {
                log::error!("a record is not sealed anew: {}", error.brief());
                self.resealed.has_failed = true;
                None
            }
        }
    }

    /// The keys as they stand in the database now.
    pub(super) fn reload_keys(&mut self) -> Result<(), StoreError> {
        self.keys = Keyring::open(&self.records.keys()?, &self.key)?;
        Ok(())
    }
}
