//! Rows of SQLite and what they stand for.

use oxisim_backup::{
    BlockSet, Command, Digest, Held, Order, OrderStep, Restore, RestoreStep, Session, Spacing, Standing,
    Vault, Way, Window,
    message::{Abandonment, BackupId, Extent, MessageType, Resumes, Source},
};
use oxisim_phonebook::{AlphaIdentifier, Book, DiallingNumber, Record, TonNpi};
use oxisim_wire::{Duration, Instant, bcd};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::{
    Account, Direction, Enrolled, Letter, LetterStep, LogEntry, NOTES_OF_STRANGERS, NOTES_OF_SUBSCRIBER,
    StoreError, cards,
};
use crate::Msisdn;

/// One subscriber's rows, within a transaction.
#[derive(Debug)]
pub struct SqliteAccount<'a> {
    db: &'a Connection,
    msisdn: &'a Msisdn,
}

impl<'a> SqliteAccount<'a> {
    pub(super) const fn new(db: &'a Connection, msisdn: &'a Msisdn) -> Self {
        Self { db, msisdn }
    }

    fn execute(&self, sql: &str, params: impl rusqlite::Params) -> Result<usize, StoreError> {
        Ok(self.db.prepare_cached(sql)?.execute(params)?)
    }

    /// The row that all others of the subscriber hang on.
    fn ensure_subscriber(&self) -> Result<(), StoreError> {
        let sql = "INSERT INTO subscriber (msisdn) VALUES (?1) ON CONFLICT DO NOTHING";
        self.execute(sql, [self.msisdn.digits()])?;
        Ok(())
    }

    fn delete_blocks(&self, source: Source) -> Result<(), StoreError> {
        let sql = "DELETE FROM block WHERE msisdn = ?1 AND source = ?2";
        self.execute(sql, params![self.msisdn.digits(), source.0])?;
        Ok(())
    }

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

    fn insert_contact(&self, source: Source, slot: u16, record: &Record) -> Result<(), StoreError> {
        let Record { alpha, number, additional } = record;
        let msisdn = self.msisdn.digits();
        self.execute(
            "INSERT INTO contact (msisdn, source, slot, name, alpha, ton_npi, digits)
             VALUES (:msisdn, :source, :slot, :name, :alpha, :ton_npi, :digits)",
            named_params! {
                ":msisdn": msisdn,
                ":source": source.0,
                ":slot": slot,
                ":name": alpha.text(),
                ":alpha": alpha.octets(),
                ":ton_npi": number.as_ref().map(|number| number.ton_npi().0),
                ":digits": number.as_ref().map(|number| bcd::to_dialling(number.digits())),
            },
        )?;
        for (position, number) in (1_i64..).zip(additional) {
            self.execute(
                "INSERT INTO additional_number (msisdn, source, slot, position, ton_npi, digits)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    msisdn,
                    source.0,
                    slot,
                    position,
                    number.ton_npi().0,
                    bcd::to_dialling(number.digits()),
                ],
            )?;
        }
        Ok(())
    }
}

impl Vault for SqliteAccount<'_> {
    type Error = StoreError;

    fn session(&mut self, source: Source) -> Result<Option<Session>, StoreError> {
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

    fn put_session(&mut self, session: &Session) -> Result<(), StoreError> {
        let BackupId { source, generation } = session.backup;
        self.ensure_subscriber()?;
        self.execute(
            "DELETE FROM block WHERE msisdn = ?1 AND source = ?2 AND NOT EXISTS (
                 SELECT * FROM backup WHERE msisdn = ?1 AND source = ?2 AND generation = ?3)",
            params![self.msisdn.digits(), source.0, generation],
        )?;
        let (standing, digest, reason) = match &session.standing {
            Standing::Open => ("open", None, None),
            Standing::Complete(Digest(digest)) => ("complete", Some(digest), None),
            Standing::Differs(Digest(digest)) => ("differs", Some(digest), None),
            Standing::Refused => ("refused", None, None),
            Standing::Abandoned(Abandonment(reason)) => ("abandoned", None, Some(reason)),
        };
        self.execute(
            "INSERT INTO backup VALUES (:msisdn, :source, :generation, :base_distance, :total, :received,
                 :claimed, :resumes, :delay, :resume_at, :asked, :standing, :digest, :reason, :since)
             ON CONFLICT DO UPDATE SET generation = excluded.generation,
                 base_distance = excluded.base_distance, total = excluded.total, received = excluded.received,
                 claimed = excluded.claimed, resumes = excluded.resumes, delay = excluded.delay, resume_at = excluded.resume_at,
                 asked = excluded.asked, standing = excluded.standing, digest = excluded.digest,
                 reason = excluded.reason, since = excluded.since",
            named_params! {
                ":msisdn": self.msisdn.digits(),
                ":source": source.0,
                ":generation": generation,
                ":base_distance": session.base_distance,
                ":total": session.received.total(),
                ":received": session.received.bits(),
                ":claimed": session.digest.map(|Digest(digest)| digest),
                ":resumes": session.resumes.0,
                ":delay": session.delay.map(|delay| signed(delay.as_micros())),
                ":resume_at": session.resume_at.map(micros),
                ":asked": session.asked,
                ":standing": standing,
                ":digest": digest,
                ":reason": reason,
                ":since": micros(session.since),
            },
        )?;
        Ok(())
    }

    fn block(&mut self, source: Source, number: u16) -> Result<Option<Vec<u8>>, StoreError> {
        let mut query = self
            .db
            .prepare_cached("SELECT octets FROM block WHERE msisdn = ?1 AND source = ?2 AND number = ?3")?;
        let key = params![self.msisdn.digits(), source.0, number];
        Ok(query.query_row(key, |row| row.get("octets")).optional()?)
    }

    fn put_block(&mut self, source: Source, number: u16, block: &[u8]) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO block (msisdn, source, number, octets) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET octets = excluded.octets",
            params![self.msisdn.digits(), source.0, number, block],
        )?;
        Ok(())
    }

    fn held(&mut self, source: Source) -> Result<Option<Held>, StoreError> {
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

    fn put_held(&mut self, source: Source, held: &Held) -> Result<(), StoreError> {
        self.ensure_subscriber()?;
        self.delete_blocks(source)?;
        let key = params![self.msisdn.digits(), source.0];
        self.execute("DELETE FROM phonebook WHERE msisdn = ?1 AND source = ?2", key)?;
        self.execute(
            "INSERT INTO phonebook (msisdn, source, generation, completed_at, coding) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![self.msisdn.digits(), source.0, held.generation, micros(held.at), held.table],
        )?;
        held.book.iter().try_for_each(|(slot, record)| self.insert_contact(source, slot, record))
    }

    fn restore(&mut self) -> Result<Option<Restore>, StoreError> {
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

    fn put_restore(&mut self, restore: &Restore) -> Result<(), StoreError> {
        self.ensure_subscriber()?;
        let (step, equal) = match restore.step {
            RestoreStep::Running => ("running", None),
            RestoreStep::Complete { equal } => ("complete", Some(equal)),
            RestoreStep::GivenUp => ("given up", None),
        };
        self.execute(
            "INSERT INTO restore (msisdn, generation, total, todo, due, asked, step, equal, coding)
             VALUES (:msisdn, :generation, :total, :todo, :due, :asked, :step, :equal, :coding)
             ON CONFLICT DO UPDATE SET generation = excluded.generation, total = excluded.total,
                 todo = excluded.todo, due = excluded.due, asked = excluded.asked, step = excluded.step,
                 equal = excluded.equal, coding = excluded.coding",
            named_params! {
                ":msisdn": self.msisdn.digits(),
                ":generation": restore.generation,
                ":total": restore.todo.total(),
                ":todo": restore.todo.bits(),
                ":due": restore.due.map(micros),
                ":asked": restore.asked,
                ":step": step,
                ":equal": equal,
                ":coding": restore.table,
            },
        )?;
        Ok(())
    }

    fn order(&mut self, source: Source, kind: MessageType) -> Result<Option<Order>, StoreError> {
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

    fn put_order(&mut self, order: &Order) -> Result<(), StoreError> {
        self.ensure_subscriber()?;
        let (fields, extent, way) = match &order.command {
            Command::Configure(fields) => (Some(fields), None, None),
            Command::Start { extent, way } => (None, Some(extent.0), way.map(|way| way.0)),
        };
        let (step, code) = match order.step {
            OrderStep::Pending => ("pending", None),
            OrderStep::Answered(code) => ("answered", Some(code)),
            OrderStep::Unspoken => ("unspoken", None),
            OrderStep::GivenUp => ("given up", None),
        };
        self.execute(
            "INSERT OR REPLACE INTO command VALUES (:msisdn, :source, :kind, :number, :fields, :extent, :way, :due,
                 :said, :step, :code)",
            named_params! {
                ":msisdn": self.msisdn.digits(),
                ":source": order.source.0,
                ":kind": order.command.kind().0,
                ":number": order.number,
                ":fields": fields,
                ":extent": extent,
                ":way": way,
                ":due": order.due.map(micros),
                ":said": order.said,
                ":step": step,
                ":code": code,
            },
        )?;
        Ok(())
    }

    fn spacing(&mut self, source: Source) -> Result<Option<Spacing>, StoreError> {
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

    fn put_spacing(&mut self, source: Source, spacing: Option<&Spacing>) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM spacing WHERE msisdn = ?1 AND source = ?2",
            params![self.msisdn.digits(), source.0],
        )?;
        let (kind, period, most) = match spacing {
            None => return Ok(()),
            Some(Spacing::Regular(period)) => ("regular", period, None),
            Some(Spacing::Random(least, most)) => ("random", least, Some(signed(most.as_micros()))),
            Some(Spacing::Timetable(_, period)) => ("timetable", period, None),
        };
        self.ensure_subscriber()?;
        self.execute(
            "INSERT INTO spacing (msisdn, source, kind, period, most) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![self.msisdn.digits(), source.0, kind, signed(period.as_micros()), most],
        )?;
        let Some(Spacing::Timetable(windows, _)) = spacing else { return Ok(()) };
        (1_i64..).zip(windows).try_for_each(|(position, window)| {
            self.execute(
                "INSERT INTO opening (msisdn, source, position, opens, closes) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![self.msisdn.digits(), source.0, position, window.opens, window.closes],
            )
            .map(drop)
        })
    }

    fn busy_until(&mut self, source: Source) -> Result<Option<Instant>, StoreError> {
        let sql = "SELECT max(coalesce(valid, due, 0)) FROM letter WHERE msisdn = ?1 AND source = ?2";
        let mut query = self.db.prepare_cached(sql)?;
        let until: Option<i64> =
            query.query_row(params![self.msisdn.digits(), source.0], |row| row.get(0))?;
        until.map(|until| instant(until, "letter", "valid")).transpose()
    }
}

impl Account for SqliteAccount<'_> {
    fn next_counter(&mut self) -> Result<u32, StoreError> {
        self.ensure_subscriber()?;
        let sql = "UPDATE subscriber SET counter = counter + 1 WHERE msisdn = ?1 RETURNING counter";
        Ok(self.db.prepare_cached(sql)?.query_row([self.msisdn.digits()], |row| row.get(0))?)
    }

    fn card(&mut self) -> Result<Option<Enrolled>, StoreError> {
        cards::of(self.db, self.msisdn)
    }

    fn put_card(&mut self, card: &Enrolled) -> Result<(), StoreError> {
        cards::put(self.db, card)
    }

    fn log(&mut self, entry: &LogEntry) -> Result<(), StoreError> {
        insert_message(self.db, Some(self.msisdn), entry)
    }

    fn alarm(&mut self) -> Result<(), StoreError> {
        self.execute("UPDATE subscriber SET alarms = alarms + 1 WHERE msisdn = ?1", [self.msisdn.digits()])?;
        Ok(())
    }

    fn put_off(&mut self, until: Instant) -> Result<(), StoreError> {
        for sql in [
            "UPDATE backup SET resume_at = ?2 WHERE msisdn = ?1 AND resume_at < ?2",
            "UPDATE restore SET due = ?2 WHERE msisdn = ?1 AND due < ?2",
            "UPDATE command SET due = ?2 WHERE msisdn = ?1 AND due < ?2",
            "UPDATE letter SET due = ?2 WHERE msisdn = ?1 AND due < ?2",
            "UPDATE card SET rekey_due = ?2 WHERE msisdn = ?1 AND rekey_due < ?2",
        ] {
            self.execute(sql, params![self.msisdn.digits(), micros(until)])?;
        }
        Ok(())
    }

    fn letters(&mut self, source: Source) -> Result<Vec<Letter>, StoreError> {
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

    fn add_letter(&mut self, source: Source, octets: &[u8]) -> Result<(), StoreError> {
        self.ensure_subscriber()?;
        let sql = "INSERT INTO letter (msisdn, source, octets) VALUES (?1, ?2, ?3)";
        self.execute(sql, params![self.msisdn.digits(), source.0, octets])?;
        Ok(())
    }

    fn set_letter(&mut self, id: u64, step: LetterStep) -> Result<(), StoreError> {
        let (valid, due) = match step {
            LetterStep::Given { valid } => (Some(micros(valid)), None),
            LetterStep::Waiting { due } => (None, due.map(micros)),
        };
        let sql = "UPDATE letter SET valid = ?3, due = ?4 WHERE msisdn = ?1 AND id = ?2";
        self.execute(sql, params![self.msisdn.digits(), signed(id), valid, due])?;
        Ok(())
    }

    fn delete_letter(&mut self, id: u64) -> Result<(), StoreError> {
        let sql = "DELETE FROM letter WHERE msisdn = ?1 AND id = ?2";
        self.execute(sql, params![self.msisdn.digits(), signed(id)])?;
        Ok(())
    }
}

/// Notes a message, with its sender's number if that is a subscriber's. What is above the number of notes that are kept
/// goes.
pub(super) fn insert_message(
    db: &Connection,
    msisdn: Option<&Msisdn>,
    entry: &LogEntry,
) -> Result<(), StoreError> {
    let direction = match entry.direction {
        Direction::In => "in",
        Direction::Out => "out",
    };
    let mut query = db.prepare_cached("SELECT msisdn FROM subscriber WHERE msisdn = ?1")?;
    let of: Option<String> =
        query.query_row([msisdn.map(Msisdn::digits)], |row| row.get("msisdn")).optional()?;
    let mut insert = db.prepare_cached(
        "INSERT INTO message (msisdn, at, direction, summary, octets) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    insert.execute(params![of, micros(entry.at), direction, entry.summary, entry.octets])?;
    let kept = if of.is_some() { NOTES_OF_SUBSCRIBER } else { NOTES_OF_STRANGERS };
    let mut trim = db.prepare_cached(
        "DELETE FROM message WHERE msisdn IS ?1 AND id <= (
             SELECT id FROM message WHERE msisdn IS ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    )?;
    trim.execute(params![of, kept])?;
    Ok(())
}

/// A time as a row has it; the latest is in the year 294247.
pub(super) fn micros(at: Instant) -> i64 {
    signed(at.as_micros())
}

pub(super) fn instant(micros: i64, table: &'static str, column: &'static str) -> Result<Instant, StoreError> {
    unsigned(micros, table, column).map(Instant::from_micros)
}

pub(super) fn resume_at(row: &Row<'_>) -> Result<Option<Instant>, StoreError> {
    optional_instant(row, "backup", "resume_at")
}

pub(super) fn optional_instant(
    row: &Row<'_>,
    table: &'static str,
    column: &'static str,
) -> Result<Option<Instant>, StoreError> {
    row.get::<_, Option<i64>>(column)?.map(|at| instant(at, table, column)).transpose()
}

/// The blocks in the bitmap `column`, of as many as the column `total` says.
pub(super) fn block_set(row: &Row<'_>, column: &'static str) -> Result<BlockSet, StoreError> {
    Ok(BlockSet::from_bits(row.get("total")?, &row.get::<_, Vec<u8>>(column)?))
}

pub(super) fn standing(row: &Row<'_>) -> Result<Standing, StoreError> {
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

pub(super) fn damaged(table: &'static str, column: &'static str, value: impl Into<String>) -> StoreError {
    StoreError::Damaged { table, column, value: value.into() }
}

fn number(row: &Row<'_>, ton_npi: u8, table: &'static str) -> Result<DiallingNumber, StoreError> {
    let digits: String = row.get("digits")?;
    let semi_octets: Option<Vec<u8>> = digits.chars().map(bcd::from_dialling).collect();
    semi_octets
        .and_then(|semi_octets| DiallingNumber::new(TonNpi(ton_npi), semi_octets))
        .ok_or_else(|| damaged(table, "digits", digits))
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64, table: &'static str, column: &'static str) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| damaged(table, column, number.to_string()))
}
