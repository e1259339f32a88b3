//! What earlier versions kept in clear is sealed.

use oxisim_backup::{
    Command,
    message::{MessageType, Source},
};

use super::{SqliteRecords, legacy, legacy::PlainAccount, schema};
use crate::{
    Msisdn,
    store::{
        CopySummary, OpenFailure, Sealed, Store, StoreError,
        account::State,
        document::{Document, Phonebook},
    },
};

/// Subscribers that are sealed between two writes.
const PAGE: usize = 1_000;

/// Seals what stands in clear, and deletes that, in one transaction; of a database that is sealed nothing is changed.
pub(super) fn seal(store: &mut Sealed<SqliteRecords>) -> Result<(), StoreError> {
    let plain = |reason: OpenFailure| StoreError::Open { path: ":memory:".into(), reason };
    if !schema::is_plain(store.records().db()).map_err(plain)? {
        return Ok(());
    }
    store.records().db().execute_batch("BEGIN IMMEDIATE")?;
    let sealed = seal_all(store).and_then(|is_any| {
        schema::drop_plain(store.records().db()).map_err(|failure| match failure {
            OpenFailure::Engine(error) => StoreError::Database(error),
            reason => plain(reason),
        })?;
        Ok(is_any)
    });
    let is_any = match sealed {
        Ok(is_any) => is_any,
        Err(error) => {
            store.records().db().execute_batch("ROLLBACK")?;
            return Err(error);
        }
    };
    store.records().db().execute_batch("COMMIT")?;
    if is_any {
        // Pages that are free, and the log, still have what stood there.
        store.records().db().execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")?;
        log::info!("what the database kept in clear is sealed");
    }
    Ok(())
}

/// Whether there was anything.
fn seal_all(store: &mut Sealed<SqliteRecords>) -> Result<bool, StoreError> {
    let subscribers = legacy::subscribers(store.records().db())?;
    let stray = legacy::stray_cards(store.records().db())?;
    let notes = legacy::notes(store.records().db(), None)?;
    let is_any = !(subscribers.is_empty() && stray.is_empty() && notes.is_empty());
    for page in subscribers.chunks(PAGE) {
        store.begin(page)?;
        for msisdn in page {
            let state = read(store, msisdn)?;
            store.adopt(msisdn, state)?;
        }
        store.commit()?;
    }
    store.begin(&[])?;
    stray.iter().for_each(|card| store.detach(card));
    notes.iter().try_for_each(|note| store.log(None, note))?;
    store.commit()?;
    Ok(is_any)
}

/// A subscriber as they stood in clear.
fn read(store: &Sealed<SqliteRecords>, msisdn: &Msisdn) -> Result<State, StoreError> {
    let plain = PlainAccount { db: store.records().db(), msisdn };
    let (counter, alarms) = plain.counts()?.unwrap_or_default();
    let mut document = Document { counter, alarms, card: plain.card()?, restore: plain.restore()?, ..Document::default() };
    let mut state = State { exists: true, notes: plain.notes()?, ..State::default() };
    for source in Source::ALL.iter().copied() {
        let held = plain.held(source)?;
        let copy = held.as_ref().map(|held| CopySummary {
            generation: held.generation,
            at: held.at,
            contacts: u32::try_from(held.book.len()).unwrap_or(u32::MAX),
        });
        let book = Phonebook { session: plain.session(source)?, copy, spacing: plain.spacing(source)? };
        if book != Phonebook::default() {
            document.phonebooks.insert(source.0, book);
        }
        if let Some(held) = held {
            state.put_copy(source, held);
        }
        state.blocks.entry(source.0).or_default().put = plain.blocks(source)?;
        for kind in Command::KINDS {
            let order: Option<_> = plain.order(source, MessageType(kind.0))?;
            document.orders.extend(order.map(|order| ((source.0, kind.0), order)));
        }
        for letter in plain.letters(source)? {
            document.last_letter = document.last_letter.max(letter.id);
            document.letters.push((source.0, letter));
        }
    }
    document.notes = u32::try_from(state.notes.len()).unwrap_or(u32::MAX);
    state.document = document;
    Ok(state)
}
