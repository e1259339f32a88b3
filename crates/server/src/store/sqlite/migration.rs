//! What earlier versions kept in clear is sealed.

use oxisim_backup::{Command, message::Source};

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

/// Seals what stands in clear, and deletes that, in one transaction; of a database that is sealed nothing is changed. Then
/// the tables are of the latest version.
pub(super) fn seal(store: &mut Sealed<SqliteRecords>) -> Result<(), StoreError> {
    let plain = |reason: OpenFailure| -> StoreError { StoreError::Open { path: ":memory:".into(), reason } };
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
    schema::migrate(store.records_mut().db_mut(), schema::MIGRATIONS).map_err(plain)?;
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
    for card in &stray {
        store.detach(card);
    }
    notes.iter().try_for_each(|note| store.log(None, note))?;
    store.commit()?;
    Ok(is_any)
}

/// A subscriber as they stood in clear.
fn read(store: &Sealed<SqliteRecords>, msisdn: &Msisdn) -> Result<State, StoreError> {
    let plain = PlainAccount { db: store.records().db(), msisdn };
    let (counter, alarms) = plain.counts()?.unwrap_or_default();
    let mut document =
        Document { counter, alarms, card: plain.card()?, restore: plain.restore()?, ..Document::default() };
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
            let order: Option<_> = plain.order(source, kind)?;
            document.orders.extend(order.map(|order| ((source.0, kind.0), order)));
        }
        for letter in plain.letters(source)? {
            document.last_letter = document.last_letter.max(letter.id);
            document.letters.push((source.0, letter));
        }
    }
    document.notes = u32::try_from(state.notes.len()).unwrap_or(u32::MAX);
    state.document = document.into();
    Ok(state)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use oxisim_backup::{
        Held, OrderStep, RestoreStep, Session, Spacing, Standing, Vault,
        message::{Abandonment, MessageType},
    };
    use oxisim_wire::{Duration, Instant};
    use rusqlite::Connection;

    use super::*;
    use crate::{Account, Iccid, LetterStep, SqliteStore, StoreKey};

    const KEY: StoreKey = StoreKey::new([7; 32]);

    /// Rows as the versions wrote them: each list is of the version from which on its tables are as it says.
    const ROWS: [&[&str]; 5] = [
        &[
            "INSERT INTO subscriber (msisdn, counter) VALUES ('491511234567', 5)",
            "INSERT INTO phonebook (msisdn, source, generation, completed_at) VALUES ('491511234567', 0, 6, 60)",
            "INSERT INTO contact VALUES ('491511234567', 0, 3, 'Xaver', x'5861766572', 145, '36123456789')",
            "INSERT INTO contact VALUES ('491511234567', 0, 4, 'Yvonne', x'59766F6E6E65', NULL, NULL)",
            "INSERT INTO additional_number VALUES ('491511234567', 0, 3, 1, 129, '*06#')",
            "INSERT INTO restore (msisdn, generation, total, todo, due, asked, step, equal)
                 VALUES ('491511234567', 6, 3, x'05', 99, 1, 'running', NULL)",
            "INSERT INTO message (msisdn, at, direction, summary, octets) VALUES ('491511234567', 70, 'out', 'OK', 9)",
            "INSERT INTO message (msisdn, at, direction, summary, octets) VALUES (NULL, 71, 'in', 'ignored', 8)",
        ],
        &[
            "INSERT INTO backup VALUES ('491511234567', 0, 7, 1, 3, x'05', NULL, 1, 4, 90, 2, 'abandoned', NULL, 3, 50)",
            "INSERT INTO block VALUES ('491511234567', 0, 1, x'0E8001')",
            "INSERT INTO command VALUES ('491511234567', 1, 22, 2, x'0302', NULL, NULL, 80, 1, 'pending', NULL)",
            "INSERT INTO letter (msisdn, source, octets, due) VALUES ('491511234567', 0, x'AB', 40)",
            "INSERT INTO spacing VALUES ('491511234567', 0, 'timetable', 5000000, NULL)",
            "INSERT INTO opening VALUES ('491511234567', 0, 1, 3600, 7200)",
            "UPDATE subscriber SET alarms = 2",
        ],
        &[
            "INSERT INTO card VALUES ('8900101000000000019', '491511234567', 1, 17, 30, -1, 4, 10)",
            "INSERT INTO card VALUES ('8900101000000000027', NULL, 2, 5, 6, 1, 0, 11)",
            "INSERT INTO card VALUES ('8900101000000000035', '15550100001', 1, 0, 0, 0, 0, 12)",
        ],
        &[
            "UPDATE card SET rekey_step = 'pending', rekey_due = 33, rekey_said = 1 WHERE msisdn = '491511234567'",
        ],
        &["UPDATE phonebook SET coding = 3", "UPDATE restore SET coding = 3"],
    ];

    /// A database as a version left it.
    fn old(path: &std::path::Path, version: usize) {
        let mut db = Connection::open(path).unwrap();
        for (step, rows) in ROWS.iter().enumerate().take(version) {
            schema::migrate(&mut db, &schema::MIGRATIONS[..=step]).unwrap();
            for row in *rows {
                db.execute(row, []).unwrap_or_else(|error| panic!("{row}: {error}"));
            }
        }
    }

    #[test]
    fn what_every_released_version_kept_is_there_and_sealed() {
        for version in 1..=ROWS.len() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("backup.db");
            old(&path, version);
            drop(SqliteStore::open(&path, &KEY).unwrap());
            check(&mut SqliteStore::open(&path, &KEY).unwrap(), version);
            for needle in
                ["Xaver", "491511234567", "36123456789", "8900101000000000019", "8900101000000000027"]
            {
                for file in fs::read_dir(folder.path()).unwrap() {
                    let octets = fs::read(file.unwrap().path()).unwrap();
                    let is_there = octets.windows(needle.len()).any(|window| window == needle.as_bytes());
                    assert!(!is_there, "version {version}: {needle}");
                }
            }
        }
    }

    fn check(store: &mut SqliteStore, version: usize) {
        let ana: Msisdn = "491511234567".parse().unwrap();
        let at = Instant::from_micros;
        let held = store.held(&ana, Source::CARD).unwrap().unwrap();
        let Held { generation, at: completed, book, table } = &*held;
        assert_eq!((*generation, *completed, *table), (6, at(60), (version >= 5).then_some(3)));
        let record = book.record(3).unwrap();
        assert_eq!(
            (record.alpha.text(), record.number.as_ref().unwrap().to_string()),
            ("Xaver".into(), "+36123456789".into())
        );
        assert_eq!(record.additional[0].to_string(), "*06#");
        assert!(book.record(4).unwrap().number.is_none());
        assert_eq!(store.messages(Some(&ana), 9).unwrap()[0].summary, "OK");
        assert_eq!(store.messages(None, 9).unwrap().len(), 2);
        let alarms = store.subscribers().unwrap()[0].alarms;
        assert_eq!(alarms, if version >= 2 { 2 } else { 0 });
        let due = [99, 40, 40, 33, 33][version - 1];
        assert_eq!(store.next_due().unwrap(), Some(at(due)));
        store
            .subscriber(&ana, |account| -> Result<(), StoreError> {
                let restore = account.restore()?.unwrap();
                assert_eq!((restore.step, restore.todo.bits().to_vec()), (RestoreStep::Running, vec![5]));
                if version >= 2 {
                    let Session { backup, received, standing, asked, .. } =
                        account.session(Source::CARD)?.unwrap();
                    assert_eq!((backup.generation, received.bits().to_vec(), asked), (7, vec![5], 2));
                    assert_eq!(standing, Standing::Abandoned(Abandonment(3)));
                    assert_eq!(account.block(Source::CARD, 1)?, Some(vec![0x0E, 0x80, 0x01]));
                    let order = account.order(Source::PHONE, MessageType::CONFIGURE)?.unwrap();
                    assert_eq!((order.number, order.step), (2, OrderStep::Pending));
                    let letter = &account.letters(Source::CARD)?[0];
                    assert_eq!(letter.step, LetterStep::Waiting { due: Some(at(40)) });
                    assert!(
                        matches!(account.spacing(Source::CARD)?, Some(Spacing::Timetable(windows, period))
                        if windows[0].closes == 7_200 && period == Duration::from_secs(5))
                    );
                    account.add_letter(Source::CARD, &[1])?;
                    assert!(account.letters(Source::CARD)?[1].id > letter.id);
                }
                assert_eq!(account.next_counter()?, 6);
                Ok(())
            })
            .unwrap();
        let cards = store.cards().unwrap();
        assert_eq!(cards.len(), if version >= 3 { 2 } else { 0 });
        if version >= 3 {
            let (msisdn, card) = &cards[1];
            assert_eq!((msisdn, card.sent, card.window.taken), (&ana, 17, u64::MAX));
            assert_eq!(card.rekeying.and_then(|rekeying| rekeying.due), (version >= 4).then_some(at(33)));
            let stray: Iccid = "8900101000000000027".parse().unwrap();
            assert_eq!(store.find_card(&stray).unwrap().unwrap().sent, 5);
            assert_eq!(store.card_count().unwrap(), 3);
        }
    }

    #[test]
    fn a_database_of_before_that_is_damaged_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup.db");
        old(&path, ROWS.len());
        let db = Connection::open(&path).unwrap();
        db.execute("UPDATE contact SET digits = 'none' WHERE slot = 3", []).unwrap();
        for _ in 0..2 {
            let error = SqliteStore::open(&path, &KEY).unwrap_err().to_string();
            assert!(error.contains("digits in contact"), "{error}");
        }
        db.execute("UPDATE contact SET digits = '36123456789' WHERE slot = 3", []).unwrap();
        check(&mut SqliteStore::open(&path, &KEY).unwrap(), ROWS.len());
    }
}
