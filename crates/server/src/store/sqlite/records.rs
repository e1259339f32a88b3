//! Sealed records in SQLite.

use oxisim_wire::Instant;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, TransactionBehavior, named_params, params};

use crate::store::{
    Lease, NOTES_OF_STRANGERS, NOTES_OF_SUBSCRIBER, StoreError, micros,
    records::{CardRow, Changes, Id, KeyRow, NoteRow, Records, Resealed, Row, StateChange, shard},
};

/// The subscribers that are due, of all shards.
pub(super) const DUE: &str =
    "SELECT at, id, shard FROM due WHERE at >= ?1 AND at <= ?2 ORDER BY at, id LIMIT ?3";

/// Sealed records in an SQLite database.
#[derive(Debug)]
pub struct SqliteRecords {
    db: Connection,
}

/// Whether a database has been sealed.
pub(super) fn has_keys(db: &mut Connection) -> Result<bool, StoreError> {
    Ok(db.query_row("SELECT count(*) > 0 FROM data_key", [], |row| row.get(0))?)
}

impl SqliteRecords {
    pub(super) const fn new(db: Connection) -> Self {
        Self { db }
    }

    pub(super) const fn db(&self) -> &Connection {
        &self.db
    }

    /// Does `work` in a transaction, or as part of the one that is open.
    pub(super) fn transaction<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        if !self.db.is_autocommit() {
            return work(&self.db);
        }
        let transaction =
            self.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        // Dropped without a commit, a transaction is rolled back.
        let result = work(&transaction)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(result)
    }

    fn rows<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnMut(&SqlRow<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut query = self.db.prepare_cached(sql)?;
        let rows = query.query_map(params, read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Records for SqliteRecords {
    fn keys(&mut self) -> Result<Vec<KeyRow>, StoreError> {
        self.rows("SELECT number, sealed FROM data_key ORDER BY number", [], |row| {
            Ok(KeyRow { number: row.get(0)?, sealed: row.get(1)? })
        })
    }

    fn put_keys(&mut self, was: &[KeyRow], rows: &[KeyRow]) -> Result<bool, StoreError> {
        let is_done = self.transaction(|db| -> Result<_, StoreError> {
            let mut query = db.prepare("SELECT number, sealed FROM data_key ORDER BY number")?;
            let now: Vec<KeyRow> = query
                .query_map([], |row| Ok(KeyRow { number: row.get(0)?, sealed: row.get(1)? }))?
                .collect::<Result<_, _>>()?;
            if now != was {
                return Ok(false);
            }
            db.execute("DELETE FROM data_key", [])?;
            for row in rows {
                db.execute("INSERT INTO data_key VALUES (?1, ?2)", params![row.number, row.sealed])?;
            }
            Ok(true)
        })?;
        self.wipe()?;
        Ok(is_done)
    }

    fn load(&mut self, ids: &[Id]) -> Result<Vec<Row>, StoreError> {
        let mut query = self.db.prepare_cached("SELECT * FROM account WHERE id = ?1")?;
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            rows.extend(query.query_row([id], account).optional()?);
        }
        Ok(rows)
    }

    fn walk(&mut self, after: Option<Id>, limit: u32) -> Result<Vec<Row>, StoreError> {
        let after = after.map_or(Vec::new(), |id| id.to_vec());
        self.rows("SELECT * FROM account WHERE id > ?1 ORDER BY id LIMIT ?2", params![after, limit], account)
    }

    fn blocks(&mut self, of: &Id, source: u8) -> Result<Vec<(u16, Vec<u8>)>, StoreError> {
        let sql = "SELECT number, sealed FROM account_block WHERE id = ?1 AND source = ?2";
        self.rows(sql, params![of, source], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn copy(&mut self, of: &Id, source: u8) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT sealed FROM account_copy WHERE id = ?1 AND source = ?2";
        let mut query = self.db.prepare_cached(sql)?;
        Ok(query.query_row(params![of, source], |row| row.get(0)).optional()?)
    }

    fn card(&mut self, of: &Id) -> Result<Option<CardRow>, StoreError> {
        let mut query = self.db.prepare_cached("SELECT * FROM account_card WHERE card = ?1")?;
        Ok(query.query_row([of], card).optional()?)
    }

    fn walk_cards(&mut self, after: Option<Id>, limit: u32) -> Result<Vec<CardRow>, StoreError> {
        let after = after.map_or(Vec::new(), |id| id.to_vec());
        let sql = "SELECT * FROM account_card WHERE card > ?1 ORDER BY card LIMIT ?2";
        self.rows(sql, params![after, limit], card)
    }

    fn card_count(&mut self) -> Result<u64, StoreError> {
        let count: i64 = self.db.query_row("SELECT count(*) FROM account_card", [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    fn notes(&mut self, of: Option<&Id>, limit: u32) -> Result<Vec<NoteRow>, StoreError> {
        let read = |row: &SqlRow<'_>| {
            Ok(NoteRow {
                seq: row.get("seq")?,
                of: row.get("id")?,
                at: instant(row.get("at")?),
                sealed: row.get("sealed")?,
            })
        };
        match of {
            None => self.rows("SELECT * FROM note ORDER BY seq DESC LIMIT ?1", [limit], read),
            Some(of) => {
                let sql = "SELECT * FROM note WHERE id = ?1 ORDER BY seq DESC LIMIT ?2";
                self.rows(sql, params![of, limit], read)
            }
        }
    }

    fn trim_notes(&mut self, before: Instant, limit: u32) -> Result<u64, StoreError> {
        let sql = "DELETE FROM note WHERE seq IN (SELECT seq FROM note WHERE at < ?1 ORDER BY at LIMIT ?2)";
        Ok(self.db.prepare_cached(sql)?.execute(params![micros(before), limit])? as u64)
    }

    fn due(
        &mut self,
        from: Instant,
        now: Instant,
        shards: Option<&[u8]>,
        limit: u32,
    ) -> Result<Vec<(Instant, Id)>, StoreError> {
        let mut query = self.db.prepare_cached(DUE)?;
        // Those of other shards are passed over.
        let most = if shards.is_some() { -1 } else { i64::from(limit) };
        let mut found = query.query(params![micros(from), micros(now), most])?;
        let mut due = Vec::new();
        while due.len() < limit as usize
            && let Some(row) = found.next()?
        {
            if is_of(shards, row.get("shard")?) {
                due.push((instant(row.get("at")?), row.get("id")?));
            }
        }
        Ok(due)
    }

    fn next_due(&mut self, from: Instant, shards: Option<&[u8]>) -> Result<Option<Instant>, StoreError> {
        let mut query = self.db.prepare_cached("SELECT at, shard FROM due WHERE at >= ?1 ORDER BY at, id")?;
        let mut found = query.query([micros(from)])?;
        while let Some(row) = found.next()? {
            if is_of(shards, row.get("shard")?) {
                return Ok(Some(instant(row.get("at")?)));
            }
        }
        Ok(None)
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        self.transaction(|db| {
            for (shard, epoch) in &changes.fence {
                let sql = "SELECT epoch FROM lease WHERE shard = ?1";
                let now: i64 = db.prepare_cached(sql)?.query_row([shard], |row| row.get(0))?;
                if now.unsigned_abs() != *epoch {
                    return Err(StoreError::Fenced(*shard));
                }
            }
            for (id, revision, _) in &changes.erased {
                let sql = "DELETE FROM account WHERE id = ?1 AND revision = ?2";
                if db.prepare_cached(sql)?.execute(params![id, signed(*revision)])? != 1 {
                    return Err(StoreError::Conflict);
                }
            }
            changes.states.iter().try_for_each(|change| write_state(db, change))?;
            for (id, source) in &changes.cleared {
                let sql = "DELETE FROM account_block WHERE id = ?1 AND source = ?2";
                db.prepare_cached(sql)?.execute(params![id, source])?;
            }
            for (id, source, number, sealed) in &changes.blocks {
                let sql = "INSERT OR REPLACE INTO account_block VALUES (?1, ?2, ?3, ?4)";
                db.prepare_cached(sql)?.execute(params![id, source, number, sealed])?;
            }
            for (id, source, sealed) in &changes.copies {
                let sql = "INSERT OR REPLACE INTO account_copy VALUES (?1, ?2, ?3)";
                db.prepare_cached(sql)?.execute(params![id, source, sealed])?;
            }
            for (id, at, sealed) in &changes.notes {
                let sql = "INSERT INTO note (id, at, sealed) VALUES (?1, ?2, ?3)";
                db.prepare_cached(sql)?.execute(params![id, micros(*at), sealed])?;
            }
            for change in changes.states.iter().filter(|change| change.trims) {
                trim(db, Some(&change.row.id), NOTES_OF_SUBSCRIBER)?;
            }
            if changes.notes.iter().any(|(of, ..)| of.is_none()) {
                trim(db, None, NOTES_OF_STRANGERS)?;
            }
            for row in &changes.cards {
                let sql = "INSERT OR REPLACE INTO account_card VALUES (?1, ?2, ?3)";
                db.prepare_cached(sql)?.execute(params![row.card, row.owner, row.sealed])?;
            }
            Ok(())
        })
    }

    fn reseal(&mut self, resealed: &Resealed) -> Result<(), StoreError> {
        self.transaction(|db| {
            for (id, source, number, new, old) in &resealed.blocks {
                let sql = "UPDATE account_block SET sealed = ?4
                     WHERE id = ?1 AND source = ?2 AND number = ?3 AND sealed = ?5";
                db.prepare_cached(sql)?.execute(params![id, source, number, new, old])?;
            }
            for (id, source, new, old) in &resealed.copies {
                let sql = "UPDATE account_copy SET sealed = ?3 WHERE id = ?1 AND source = ?2 AND sealed = ?4";
                db.prepare_cached(sql)?.execute(params![id, source, new, old])?;
            }
            for (seq, new) in &resealed.notes {
                db.prepare_cached("UPDATE note SET sealed = ?2 WHERE seq = ?1")?
                    .execute(params![seq, new])?;
            }
            for (id, number, new, old) in &resealed.states {
                let sql = "UPDATE account SET number = ?2, state = ?3 WHERE id = ?1 AND state = ?4";
                db.prepare_cached(sql)?.execute(params![id, number, new, old])?;
            }
            for (id, new, old) in &resealed.cards {
                let sql = "UPDATE account_card SET sealed = ?2 WHERE card = ?1 AND sealed = ?3";
                db.prepare_cached(sql)?.execute(params![id, new, old])?;
            }
            Ok(())
        })
    }

    fn wipe(&mut self) -> Result<(), StoreError> {
        // The write-ahead log still has the pages as they were.
        if self.db.is_autocommit()
            && self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?
        {
            log::warn!("another process reads the database: its write-ahead log is not emptied yet");
        }
        Ok(())
    }

    /// The schedule is one tree in the order of the times: what lies ahead is not touched.
    fn turn_day(&mut self, _: Instant) -> Result<(), StoreError> {
        Ok(())
    }

    fn acquire(
        &mut self,
        owner: &str,
        held: &[u8],
        wanted: u16,
        now: Instant,
        until: Instant,
    ) -> Result<Vec<(u8, u64)>, StoreError> {
        self.transaction(|db| {
            let mut query = db.prepare_cached(
                "SELECT shard, epoch FROM lease WHERE owner = '' OR owner = ?1 OR until <= ?2 ORDER BY shard",
            )?;
            let free: Vec<(u8, i64)> = query
                .query_map(params![owner, micros(now)], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            let free = free.into_iter().filter(|(shard, _)| !held.contains(shard)).take(usize::from(wanted));
            let mut taken = Vec::new();
            for (shard, epoch) in free {
                let sql = "UPDATE lease SET owner = ?2, epoch = ?3, until = ?4 WHERE shard = ?1";
                db.prepare_cached(sql)?.execute(params![shard, owner, epoch + 1, micros(until)])?;
                taken.push((shard, (epoch + 1).unsigned_abs()));
            }
            Ok(taken)
        })
    }

    fn renew(&mut self, leases: &[(u8, u64)], until: Instant) -> Result<Vec<(u8, u64)>, StoreError> {
        self.transaction(|db| {
            let mut kept = Vec::new();
            for (shard, epoch) in leases {
                let sql = "UPDATE lease SET until = ?3 WHERE shard = ?1 AND epoch = ?2";
                if db.prepare_cached(sql)?.execute(params![shard, signed(*epoch), micros(until)])? == 1 {
                    kept.push((*shard, *epoch));
                }
            }
            Ok(kept)
        })
    }

    fn release(&mut self, leases: &[(u8, u64)]) -> Result<(), StoreError> {
        self.transaction(|db| {
            for (shard, epoch) in leases {
                let sql = "UPDATE lease SET owner = '', until = 0 WHERE shard = ?1 AND epoch = ?2";
                db.prepare_cached(sql)?.execute(params![shard, signed(*epoch)])?;
            }
            Ok(())
        })
    }

    fn leases(&mut self) -> Result<Vec<Lease>, StoreError> {
        self.rows("SELECT * FROM lease WHERE owner <> '' ORDER BY shard", [], |row| {
            Ok(Lease {
                shard: row.get("shard")?,
                owner: row.get("owner")?,
                epoch: row.get::<_, i64>("epoch")?.unsigned_abs(),
                until: instant(row.get("until")?),
            })
        })
    }
}

fn write_state(
    db: &Connection,
    StateChange { row, from, was_due, .. }: &StateChange,
) -> Result<(), StoreError> {
    let values = named_params! {
        ":id": row.id,
        ":revision": signed(row.revision),
        ":due": row.due.map(micros),
        ":number": row.number,
        ":state": row.state,
        ":from": from.map(signed),
    };
    let sql = if from.is_some() {
        "UPDATE account SET revision = :revision, due = :due, number = :number, state = :state
         WHERE id = :id AND revision = :from"
    } else {
        "INSERT INTO account SELECT :id, :revision, :due, :number, :state WHERE :from IS NULL
         ON CONFLICT DO NOTHING"
    };
    if db.prepare_cached(sql)?.execute(values)? != 1 {
        return Err(StoreError::Conflict);
    }
    if *was_due != row.due {
        if let Some(was) = was_due {
            let sql = "DELETE FROM due WHERE at = ?1 AND id = ?2";
            db.prepare_cached(sql)?.execute(params![micros(*was), row.id])?;
        }
        if let Some(due) = row.due {
            let sql = "INSERT INTO due VALUES (?1, ?2, ?3)";
            db.prepare_cached(sql)?.execute(params![micros(due), row.id, shard(&row.id)])?;
        }
    }
    Ok(())
}

/// Of the notes of a subscriber, or of strangers, the latest stay.
fn trim(db: &Connection, of: Option<&Id>, kept: u32) -> Result<(), StoreError> {
    let mut trim = db.prepare_cached(
        "DELETE FROM note WHERE id IS ?1 AND seq <= (
             SELECT seq FROM note WHERE id IS ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
    )?;
    trim.execute(params![of, kept])?;
    Ok(())
}

fn account(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: row.get("id")?,
        revision: row.get::<_, i64>("revision")?.unsigned_abs(),
        due: row.get::<_, Option<i64>>("due")?.map(instant),
        number: row.get("number")?,
        state: row.get("state")?,
    })
}

fn card(row: &SqlRow<'_>) -> rusqlite::Result<CardRow> {
    Ok(CardRow { card: row.get("card")?, owner: row.get("owner")?, sealed: row.get("sealed")? })
}

fn is_of(shards: Option<&[u8]>, shard: u8) -> bool {
    shards.is_none_or(|shards| shards.contains(&shard))
}

fn instant(micros: i64) -> Instant {
    Instant::from_micros(u64::try_from(micros).unwrap_or(0))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
