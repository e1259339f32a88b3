//! Rows of before: earlier versions of the server kept everything in clear.
//!
//! They are read once, when a database of an earlier version is opened ([`super::migration`]).

use std::collections::BTreeMap;

use oxisim_backup::{
    BlockSet, Command, Digest, Held, Order, OrderStep, Restore, RestoreStep, Session, Spacing, Standing, Way,
    Window,
    message::{Abandonment, BackupId, Extent, MessageType, Resumes, Source},
    security::{KeyVersion, ReplayWindow},
};
use oxisim_phonebook::{AlphaIdentifier, Book, DiallingNumber, Record, TonNpi};
use oxisim_wire::{Duration, Instant, bcd};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    Msisdn,
    store::{Direction, Enrolled, Letter, LetterStep, LogEntry, Rekeying, StoreError},
};

/// One subscriber's rows.
pub(super) struct PlainAccount<'a> {
    pub db: &'a Connection,
    pub msisdn: &'a Msisdn,
}

impl PlainAccount<'_> {
    fn book(&self, source: Source) -> Result<Book, StoreError> {
        let key = params![self.msisdn.digits(), source.0];
        let mut book = Book::default();
        let mut query = self.db.prepare_cached(
            "SELECT slot, alpha, ton_npi, digits FROM contact WHERE msisdn = ?1 AND source = ?2",
        )?;
        let mut found = query.query(key)?;
        while let Some(row) = found.next()? {
            let number = match row.get("ton_npi")? {
                None => None,
                Some(ton_npi) => Some(number(row, ton_npi, "contact")?),
            };
            let alpha = AlphaIdentifier::from_field(&row.get::<_, Vec<u8>>("alpha")?);
            book.insert(
                row.get("slot")?,
                Record { alpha, number, additional: self.additional(source, row)? },
            );
        }
        Ok(book)
    }

    fn additional(&self, source: Source, contact: &Row<'_>) -> Result<Vec<DiallingNumber>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT ton_npi, digits FROM additional_number
             WHERE msisdn = ?1 AND source = ?2 AND slot = ?3 ORDER BY position",
        )?;
        let slot: u16 = contact.get("slot")?;
        let mut found = query.query(params![self.msisdn.digits(), source.0, slot])?;
        let mut numbers = Vec::new();
        while let Some(row) = found.next()? {
            numbers.push(number(row, row.get("ton_npi")?, "additional_number")?);
        }
        Ok(numbers)
    }

    fn windows(&self, source: Source) -> Result<Vec<Window>, StoreError> {
        let sql = "SELECT opens, closes FROM opening WHERE msisdn = ?1 AND source = ?2 ORDER BY position";
        let mut query = self.db.prepare_cached(sql)?;
        let mut found = query.query(params![self.msisdn.digits(), source.0])?;
        let mut windows = Vec::new();
        while let Some(row) = found.next()? {
            windows.push(Window { opens: row.get("opens")?, closes: row.get("closes")? });
        }
        Ok(windows)
    }

    pub fn session(&self, source: Source) -> Result<Option<Session>, StoreError> {
        let mut query = self.db.prepare_cached("SELECT * FROM backup WHERE msisdn = ?1 AND source = ?2")?;
        let mut found = query.query(params![self.msisdn.digits(), source.0])?;
        let Some(row) = found.next()? else { return Ok(None) };
        Ok(Some(Session {
            backup: BackupId { source, generation: row.get("generation")? },
            base_distance: row.get("base_distance")?,
            received: block_set(row, "received")?,
            digest: row.get::<_, Option<[u8; 8]>>("claimed")?.map(Digest),
            resumes: Resumes(row.get("resumes")?),
            delay: match row.get::<_, Option<i64>>("delay")? {
                None => None,
                Some(delay) => Some(Duration::from_micros(unsigned(delay, "backup", "delay")?)),
            },
            resume_at: resume_at(row)?,
            asked: row.get("asked")?,
            standing: standing(row)?,
            since: instant(row.get("since")?, "backup", "since")?,
        }))
    }

    pub fn held(&self, source: Source) -> Result<Option<Held>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT generation, completed_at, coding FROM phonebook WHERE msisdn = ?1 AND source = ?2",
        )?;
        let mut found = query.query(params![self.msisdn.digits(), source.0])?;
        let Some(row) = found.next()? else { return Ok(None) };
        Ok(Some(Held {
            generation: row.get("generation")?,
            at: instant(row.get("completed_at")?, "phonebook", "completed_at")?,
            book: self.book(source)?,
            table: row.get("coding")?,
        }))
    }

    pub fn restore(&self) -> Result<Option<Restore>, StoreError> {
        let mut query = self.db.prepare_cached("SELECT * FROM restore WHERE msisdn = ?1")?;
        let mut found = query.query([self.msisdn.digits()])?;
        let Some(row) = found.next()? else { return Ok(None) };
        let step: String = row.get("step")?;
        Ok(Some(Restore {
            generation: row.get("generation")?,
            table: row.get("coding")?,
            todo: block_set(row, "todo")?,
            due: optional_instant(row, "restore", "due")?,
            asked: row.get("asked")?,
            step: match step.as_str() {
                "running" => RestoreStep::Running,
                "complete" => RestoreStep::Complete { equal: row.get("equal")? },
                "given up" => RestoreStep::GivenUp,
                other => return Err(damaged("restore", "step", other)),
            },
        }))
    }

    pub fn order(&self, source: Source, kind: MessageType) -> Result<Option<Order>, StoreError> {
        let sql = "SELECT * FROM command WHERE msisdn = ?1 AND source = ?2 AND kind = ?3";
        let mut query = self.db.prepare_cached(sql)?;
        let mut found = query.query(params![self.msisdn.digits(), source.0, kind.0])?;
        let Some(row) = found.next()? else { return Ok(None) };
        let step: String = row.get("step")?;
        Ok(Some(Order {
            source,
            number: row.get("number")?,
            command: match row.get("fields")? {
                Some(fields) => Command::Configure(fields),
                None => Command::Start {
                    extent: Extent(row.get("extent")?),
                    way: row.get::<_, Option<u8>>("way")?.map(Way),
                },
            },
            due: optional_instant(row, "command", "due")?,
            said: row.get("said")?,
            step: match step.as_str() {
                "pending" => OrderStep::Pending,
                "answered" => OrderStep::Answered(row.get("code")?),
                "unspoken" => OrderStep::Unspoken,
                "given up" => OrderStep::GivenUp,
                other => return Err(damaged("command", "step", other)),
            },
        }))
    }

    pub fn spacing(&self, source: Source) -> Result<Option<Spacing>, StoreError> {
        let key = params![self.msisdn.digits(), source.0];
        let mut query = self.db.prepare_cached("SELECT * FROM spacing WHERE msisdn = ?1 AND source = ?2")?;
        let mut found = query.query(key)?;
        let Some(row) = found.next()? else { return Ok(None) };
        let kind: String = row.get("kind")?;
        let period = Duration::from_micros(unsigned(row.get("period")?, "spacing", "period")?);
        Ok(Some(match kind.as_str() {
            "regular" => Spacing::Regular(period),
            "random" => {
                let most = unsigned(row.get("most")?, "spacing", "most")?;
                Spacing::Random(period, Duration::from_micros(most))
            }
            "timetable" => Spacing::Timetable(self.windows(source)?, period),
            other => return Err(damaged("spacing", "kind", other)),
        }))
    }

    pub fn letters(&self, source: Source) -> Result<Vec<Letter>, StoreError> {
        let sql = "SELECT * FROM letter WHERE msisdn = ?1 AND source = ?2 ORDER BY id";
        let mut query = self.db.prepare_cached(sql)?;
        let mut found = query.query(params![self.msisdn.digits(), source.0])?;
        let mut letters = Vec::new();
        while let Some(row) = found.next()? {
            let step = match optional_instant(row, "letter", "valid")? {
                Some(valid) => LetterStep::Given { valid },
                None => LetterStep::Waiting { due: optional_instant(row, "letter", "due")? },
            };
            let id = unsigned(row.get("id")?, "letter", "id")?;
            letters.push(Letter { id, octets: row.get("octets")?, step });
        }
        Ok(letters)
    }

    pub fn blocks(&self, source: Source) -> Result<BTreeMap<u16, Vec<u8>>, StoreError> {
        let sql = "SELECT number, octets FROM block WHERE msisdn = ?1 AND source = ?2";
        let mut query = self.db.prepare_cached(sql)?;
        let rows =
            query.query_map(params![self.msisdn.digits(), source.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The counter of the last packet, and how many alarms there were; none if there is no such subscriber.
    pub fn counts(&self) -> Result<Option<(u32, u32)>, StoreError> {
        let sql = "SELECT counter, alarms FROM subscriber WHERE msisdn = ?1";
        let mut query = self.db.prepare_cached(sql)?;
        Ok(query.query_row([self.msisdn.digits()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    pub fn card(&self) -> Result<Option<Enrolled>, StoreError> {
        let mut query = self.db.prepare_cached("SELECT * FROM card WHERE msisdn = ?1")?;
        let mut found = query.query([self.msisdn.digits()])?;
        found.next()?.map(enrolled).transpose()
    }

    /// The notes, the earliest first.
    pub fn notes(&self) -> Result<Vec<LogEntry>, StoreError> {
        notes(self.db, Some(self.msisdn))
    }
}

/// Who is kept, in the order of the numbers.
pub(super) fn subscribers(db: &Connection) -> Result<Vec<Msisdn>, StoreError> {
    let sql =
        "SELECT msisdn FROM subscriber UNION SELECT msisdn FROM card WHERE msisdn IS NOT NULL ORDER BY 1";
    let mut query = db.prepare(sql)?;
    let mut found = query.query([])?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        let digits: String = row.get(0)?;
        all.push(digits.parse().map_err(|_| damaged("subscriber", "msisdn", "no number"))?);
    }
    Ok(all)
}

/// The cards that are nobody's.
pub(super) fn stray_cards(db: &Connection) -> Result<Vec<Enrolled>, StoreError> {
    let mut query = db.prepare("SELECT * FROM card WHERE msisdn IS NULL")?;
    let mut found = query.query([])?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        all.push(enrolled(row)?);
    }
    Ok(all)
}

/// The notes of a subscriber, or of strangers, the earliest first.
pub(super) fn notes(db: &Connection, msisdn: Option<&Msisdn>) -> Result<Vec<LogEntry>, StoreError> {
    let mut query = db.prepare_cached("SELECT * FROM message WHERE msisdn IS ?1 ORDER BY id")?;
    let mut found = query.query([msisdn.map(Msisdn::digits)])?;
    let mut messages = Vec::new();
    while let Some(row) = found.next()? {
        let direction: String = row.get("direction")?;
        messages.push(LogEntry {
            at: instant(row.get("at")?, "message", "at")?,
            direction: if direction == "in" { Direction::In } else { Direction::Out },
            summary: row.get("summary")?,
            octets: row.get("octets")?,
        });
    }
    Ok(messages)
}

fn enrolled(row: &Row<'_>) -> Result<Enrolled, StoreError> {
    let iccid: String = row.get("iccid")?;
    let version: u8 = row.get("key_version")?;
    Ok(Enrolled {
        iccid: iccid.parse().map_err(|_| damaged("card", "iccid", iccid))?,
        key_version: KeyVersion::new(version)
            .ok_or_else(|| damaged("card", "key_version", version.to_string()))?,
        sent: unsigned(row.get("sent")?, "card", "sent")?,
        window: ReplayWindow {
            highest: unsigned(row.get("highest")?, "card", "highest")?,
            taken: row.get::<_, i64>("taken")?.cast_unsigned(),
        },
        refused: unsigned(row.get("refused")?, "card", "refused")?,
        since: instant(row.get("since")?, "card", "since")?,
        rekeying: rekeying(row)?,
    })
}

fn rekeying(row: &Row<'_>) -> Result<Option<Rekeying>, StoreError> {
    let Some(step) = row.get::<_, Option<String>>("rekey_step")? else { return Ok(None) };
    Ok(Some(Rekeying {
        due: optional_instant(row, "card", "rekey_due")?,
        said: row.get("rekey_said")?,
        step: match step.as_str() {
            "pending" => OrderStep::Pending,
            "answered" => OrderStep::Answered(row.get("rekey_code")?),
            "unspoken" => OrderStep::Unspoken,
            other => return Err(damaged("card", "rekey_step", other)),
        },
    }))
}

fn instant(micros: i64, table: &'static str, column: &'static str) -> Result<Instant, StoreError> {
    unsigned(micros, table, column).map(Instant::from_micros)
}

fn resume_at(row: &Row<'_>) -> Result<Option<Instant>, StoreError> {
    optional_instant(row, "backup", "resume_at")
}

fn optional_instant(
    row: &Row<'_>,
    table: &'static str,
    column: &'static str,
) -> Result<Option<Instant>, StoreError> {
    row.get::<_, Option<i64>>(column)?.map(|at| instant(at, table, column)).transpose()
}

/// The blocks in the bitmap `column`, of as many as the column `total` says.
fn block_set(row: &Row<'_>, column: &'static str) -> Result<BlockSet, StoreError> {
    Ok(BlockSet::from_bits(row.get("total")?, &row.get::<_, Vec<u8>>(column)?))
}

fn standing(row: &Row<'_>) -> Result<Standing, StoreError> {
    let standing: String = row.get("standing")?;
    match standing.as_str() {
        "open" => Ok(Standing::Open),
        "complete" => Ok(Standing::Complete(Digest(row.get("digest")?))),
        "differs" => Ok(Standing::Differs(Digest(row.get("digest")?))),
        "refused" => Ok(Standing::Refused),
        "abandoned" => Ok(Standing::Abandoned(Abandonment(row.get("reason")?))),
        other => Err(damaged("backup", "standing", other)),
    }
}

fn damaged(table: &'static str, column: &'static str, value: impl Into<String>) -> StoreError {
    StoreError::Damaged { table, column, value: value.into() }
}

fn number(row: &Row<'_>, ton_npi: u8, table: &'static str) -> Result<DiallingNumber, StoreError> {
    let digits: String = row.get("digits")?;
    let semi_octets: Option<Vec<u8>> = digits.chars().map(bcd::from_dialling).collect();
    semi_octets
        .and_then(|semi_octets| DiallingNumber::new(TonNpi(ton_npi), semi_octets))
        .ok_or_else(|| damaged(table, "digits", digits))
}

fn unsigned(number: i64, table: &'static str, column: &'static str) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| damaged(table, column, number.to_string()))
}
