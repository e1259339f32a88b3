//! Looking things up, over all subscribers.

use oxisim_wire::Instant;

use super::{LOOK_BACK_EVERY, NAMELESS_PUT_OFF, Sealed};
use crate::{
    Msisdn,
    store::{
        Enrolled, LogEntry, Progress, StoreError, Summary,
        document::{self, Document},
        records::{Changes, Id, Records, Row, StateChange},
        seal::Which,
    },
};

/// Rows that are loaded at once.
const PAGE: u32 = 1_000;

/// Seconds of a day.
const DAY: u64 = 86_400;

impl<R: Records> Sealed<R> {
    /// Who is due. Rows before the low-watermark have been looked after, and are not looked at again.
    pub(super) fn take_due(&mut self, now: Instant, limit: u32) -> Result<Vec<Msisdn>, StoreError> {
        let day = now.as_secs() / DAY;
        if self.day != Some(day) {
            self.records.turn_day(now)?;
            self.day = Some(day);
        }
        if now >= self.looked_back + LOOK_BACK_EVERY || now < self.looked_back {
            (self.low, self.looked_back) = (None, now);
        }
        let shards = self.shards();
        let from = self.low.unwrap_or(Instant::EPOCH);
        let found = self.records.due(from, now, shards.as_deref(), limit)?;
        self.low = Some(found.first().map_or(now, |(at, _)| *at));
        let ids: Vec<Id> = found.into_iter().map(|(_, id)| id).collect();
        let loaded = self.records.load(&ids)?;
        self.know_keys(loaded.iter().map(|row| &row.number[..]))?;
        let mut rows: std::collections::BTreeMap<Id, Row> =
            loaded.into_iter().map(|row| (row.id, row)).collect();
        let mut due = Vec::new();
        for row in ids.iter().filter_map(|id| rows.remove(id)) {
            match self.number(&row) {
                Ok(msisdn) => due.push(msisdn),
                Err(error) => {
                    log::error!("a subscriber's row is put off by a day: {}", error.brief());
                    self.put_off_nameless(row, now + NAMELESS_PUT_OFF)?;
                }
            }
        }
        Ok(due)
    }

    /// Nobody can be called whose number does not open; the others have their turns all the same.
    fn put_off_nameless(&mut self, row: Row, until: Instant) -> Result<(), StoreError> {
        let (from, was_due) = (Some(row.revision), row.due);
        let row = Row { revision: row.revision + 1, due: Some(until), ..row };
        let mut changes = Changes { key: self.keys.current(), ..Changes::default() };
        changes.states.push(StateChange { row, from, was_due, trims: false });
        self.records.write(&changes)
    }

    /// Every subscriber whose account opens; of the others the log tells.
    fn each(&mut self, mut f: impl FnMut(Msisdn, Document)) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let rows = self.records.walk(after, PAGE)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(last.id);
            self.know_keys_of(&rows)?;
            for row in &rows {
                match self.open_row(row) {
                    Ok((msisdn, document)) => f(msisdn, document),
                    Err(error) => log::error!("a subscriber is left out: {}", error.brief()),
                }
            }
        }
    }

    fn know_keys_of(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        self.know_keys(rows.iter().flat_map(|row| [&row.number[..], &row.state[..]]))
    }

    fn open_row(&self, row: &Row) -> Result<(Msisdn, Document), StoreError> {
        let msisdn = self.number(row)?;
        let clear = self.keys.unseal(&row.id, Which::State, &row.state)?;
        Ok((msisdn, Document::read(&clear)?))
    }

    /// The next subscribers in the order of the ids.
    pub(super) fn next_summaries(
        &mut self,
        after: Option<&Msisdn>,
        limit: u32,
    ) -> Result<Vec<(Msisdn, Vec<Summary>)>, StoreError> {
        let mut after = after.map(|msisdn| self.keys.subscriber(msisdn));
        // If none of these rows opens, those after them are looked at: no row is an end.
        loop {
            let rows = self.records.walk(after, limit)?;
            self.know_keys_of(&rows)?;
            let mut found = Vec::new();
            for row in &rows {
                match self.open_row(row) {
                    Ok((msisdn, document)) => {
                        let books = summaries(&msisdn, &document);
                        found.push((msisdn, books));
                    }
                    Err(error) => log::error!("a subscriber is left out: {}", error.brief()),
                }
            }
            after = rows.last().map(|row| row.id);
            if !found.is_empty() || after.is_none() {
                return Ok(found);
            }
        }
    }

    pub(super) fn summaries_of(&mut self, msisdn: &Msisdn) -> Result<Vec<Summary>, StoreError> {
        let rows = self.records.load(&[self.keys.subscriber(msisdn)])?;
        self.know_keys_of(&rows)?;
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        let (msisdn, document) = self.open_row(row)?;
        Ok(summaries(&msisdn, &document))
    }

    pub(super) fn all_summaries(&mut self) -> Result<Vec<Summary>, StoreError> {
        let mut all = Vec::new();
        self.each(|msisdn, document| all.extend(summaries(&msisdn, &document)))?;
        all.sort_by(|one: &Summary, other| (&one.msisdn, one.source.0).cmp(&(&other.msisdn, other.source.0)));
        Ok(all)
    }

    pub(super) fn all_cards(&mut self) -> Result<Vec<(Msisdn, Enrolled)>, StoreError> {
        let mut all = Vec::new();
        self.each(|msisdn, document| all.extend(document.card.map(|card| (msisdn, card))))?;
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(all)
    }

    pub(super) fn latest_notes(
        &mut self,
        msisdn: Option<&Msisdn>,
        limit: u32,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let of = msisdn.map(|msisdn| self.keys.subscriber(msisdn));
        let rows = self.records.notes(of.as_ref(), limit)?;
        self.know_keys(rows.iter().map(|row| &row.sealed[..]))?;
        let open = |row: crate::store::records::NoteRow| {
            let which = Which::Note { at: crate::store::micros(row.at) };
            let clear = self.keys.unseal(&row.of.unwrap_or_default(), which, &row.sealed)?;
            document::read_note(&clear, row.at)
        };
        rows.into_iter().map(open).collect()
    }
}

/// A subscriber's phonebooks, in brief.
fn summaries(msisdn: &Msisdn, document: &Document) -> Vec<Summary> {
    let books = document.phonebooks.iter().filter(|(_, book)| book.copy.is_some() || book.session.is_some());
    let summary = |(source, book): (&u8, &document::Phonebook)| Summary {
        msisdn: msisdn.clone(),
        source: oxisim_backup::message::Source(*source),
        copy: book.copy.clone(),
        latest: book.session.as_ref().map(|session| Progress {
            generation: session.backup.generation,
            standing: session.standing,
            received: session.received.len(),
            total: session.received.total(),
            since: session.since,
            resume_at: session.resume_at,
        }),
        alarms: document.alarms,
    };
    books.map(summary).collect()
}
