//! Sealed records in PostgreSQL: one statement moves all rows of a kind.

use oxisim_wire::Instant;
use postgres::{Client, Row as SqlRow, error::SqlState, types::ToSql};

use super::{
    schedule,
    tls::Way,
    writing::{Statements, Values, Writing, is_latest, write},
};
use crate::store::{
    Lease, StoreError, micros,
    records::{ActRow, CardRow, Changes, Id, InboxRow, KeyRow, NoteRow, PaperRow, Records, Resealed, Row},
};

/// Microseconds in which the next due time is looked for first: a day.
const NEAR: i64 = 86_400_000_000;

/// Sealed records in a PostgreSQL database.
pub struct PostgresRecords {
    way: Way,
    client: Client,
    statements: Statements,
}

impl std::fmt::Debug for PostgresRecords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresRecords").finish_non_exhaustive()
    }
}

impl PostgresRecords {
    pub(super) fn connect(way: Way) -> Result<Self, StoreError> {
        let client = super::client(&way)?;
        Ok(Self { way, client, statements: Statements::default() })
    }

    /// A connection that was lost is made again: what was not committed is gone with it.
    fn client(&mut self) -> Result<&mut Client, StoreError> {
        if self.client.is_closed() {
            log::warn!("the connection to the database was lost, and is made again");
            self.client = super::client(&self.way)?;
            self.statements = Statements::default();
        }
        Ok(&mut self.client)
    }

    fn query(&mut self, sql: &'static str, values: Values<'_>) -> Result<Vec<SqlRow>, StoreError> {
        self.client()?;
        let statement = self.statements.of_client(&mut self.client, sql)?;
        Ok(self.client.query(&statement, values)?)
    }

    fn execute(&mut self, sql: &'static str, values: Values<'_>) -> Result<u64, StoreError> {
        self.client()?;
        let statement = self.statements.of_client(&mut self.client, sql)?;
        Ok(self.client.execute(&statement, values)?)
    }

    fn writing(&mut self) -> Result<Writing<'_, '_>, StoreError> {
        self.client()?;
        Ok(Writing { transaction: self.client.transaction()?, statements: &mut self.statements })
    }

    /// The first due time between these two.
    fn first_due(
        &mut self,
        from: i64,
        until: i64,
        shards: Option<&[u8]>,
    ) -> Result<Option<Instant>, StoreError> {
        let rows = match shards {
            None => {
                let sql = "SELECT at FROM due WHERE at >= $1 AND at <= $2 ORDER BY at, id LIMIT 1";
                self.query(sql, &[&from, &until])?
            }
            Some(shards) => {
                let sql = "SELECT at FROM due WHERE at >= $1 AND at <= $2 AND shard = ANY($3)
                     ORDER BY at, id LIMIT 1";
                self.query(sql, &[&from, &until, &numbers(shards)])?
            }
        };
        Ok(rows.first().map(|row| instant(row.get("at"))))
    }
}

impl Records for PostgresRecords {
    fn keys(&mut self) -> Result<Vec<KeyRow>, StoreError> {
        let rows = self.query("SELECT number, sealed FROM data_key ORDER BY number", &[])?;
        Ok(rows.iter().map(key).collect())
    }

    fn put_keys(&mut self, was: &[KeyRow], rows: &[KeyRow]) -> Result<bool, StoreError> {
        let mut transaction = self.client()?.transaction()?;
        // Whoever writes has looked at the keys, and has them locked until the commit.
        transaction.batch_execute("LOCK TABLE data_key IN ACCESS EXCLUSIVE MODE")?;
        let now = transaction.query("SELECT number, sealed FROM data_key ORDER BY number", &[])?;
        if now.iter().map(key).collect::<Vec<_>>() != was {
            return Ok(false);
        }
        transaction.execute("DELETE FROM data_key", &[])?;
        for row in rows {
            let values: Values<'_> = &[&i64::from(row.number), &row.sealed];
            transaction.execute("INSERT INTO data_key VALUES ($1, $2)", values)?;
        }
        transaction.commit()?;
        Ok(true)
    }

    fn load(&mut self, ids: &[Id]) -> Result<Vec<Row>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.query("SELECT * FROM account WHERE id = ANY($1)", &[&slices(ids)])?;
        Ok(rows.iter().map(account).collect())
    }

    fn walk(&mut self, after: Option<Id>, limit: u32) -> Result<Vec<Row>, StoreError> {
        let after = after.map_or(Vec::new(), |id| id.to_vec());
        let sql = "SELECT * FROM account WHERE id > $1 ORDER BY id LIMIT $2";
        Ok(self.query(sql, &[&after, &i64::from(limit)])?.iter().map(account).collect())
    }

    fn blocks(&mut self, of: &Id, source: u8) -> Result<Vec<(u16, Vec<u8>)>, StoreError> {
        let sql = "SELECT number, sealed FROM account_block WHERE id = $1 AND source = $2";
        let rows = self.query(sql, &[&&of[..], &i16::from(source)])?;
        Ok(rows.iter().map(|row| (u16::try_from(row.get::<_, i32>(0)).unwrap_or(0), row.get(1))).collect())
    }

    fn copy(&mut self, of: &Id, source: u8) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT sealed FROM account_copy WHERE id = $1 AND source = $2";
        Ok(self.query(sql, &[&&of[..], &i16::from(source)])?.first().map(|row| row.get(0)))
    }

    fn card(&mut self, of: &Id) -> Result<Option<CardRow>, StoreError> {
        let rows = self.query("SELECT * FROM account_card WHERE card = $1", &[&&of[..]])?;
        Ok(rows.first().map(card))
    }

    fn walk_cards(&mut self, after: Option<Id>, limit: u32) -> Result<Vec<CardRow>, StoreError> {
        let after = after.map_or(Vec::new(), |id| id.to_vec());
        let sql = "SELECT * FROM account_card WHERE card > $1 ORDER BY card LIMIT $2";
        Ok(self.query(sql, &[&after, &i64::from(limit)])?.iter().map(card).collect())
    }

    fn card_count(&mut self) -> Result<u64, StoreError> {
        let rows = self.query("SELECT count(*) FROM account_card", &[])?;
        Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0)).unsigned_abs())
    }

    fn notes(&mut self, of: Option<&Id>, limit: u32) -> Result<Vec<NoteRow>, StoreError> {
        let limit = i64::from(limit);
        let rows = match of {
            None => self.query("SELECT * FROM note ORDER BY seq DESC LIMIT $1", &[&limit])?,
            Some(of) => {
                let sql = "SELECT * FROM note WHERE id = $1 ORDER BY seq DESC LIMIT $2";
                self.query(sql, &[&&of[..], &limit])?
            }
        };
        Ok(rows.iter().map(note).collect())
    }

    fn walk_strange(&mut self, after: i64, limit: u32) -> Result<Vec<NoteRow>, StoreError> {
        let sql = "SELECT * FROM note WHERE id IS NULL AND seq > $1 ORDER BY seq LIMIT $2";
        Ok(self.query(sql, &[&after, &i64::from(limit)])?.iter().map(note).collect())
    }

    fn trim_notes(&mut self, before: Instant, limit: u32) -> Result<u64, StoreError> {
        // Several servers may do this at the same time.
        let sql = "DELETE FROM tally WHERE (hour, writer) IN (
             SELECT hour, writer FROM tally WHERE hour < $1 ORDER BY hour LIMIT $2 FOR UPDATE SKIP LOCKED)";
        self.execute(sql, &[&signed(before.as_secs() / 3_600), &i64::from(limit)])?;
        let sql = "DELETE FROM note WHERE seq IN (
             SELECT seq FROM note WHERE at < $1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)";
        self.execute(sql, &[&micros(before), &i64::from(limit)])
    }

    fn traffic(&mut self, from: u64) -> Result<Vec<(u64, u64, u64)>, StoreError> {
        let sql = "SELECT hour, sum(incoming)::int8, sum(outgoing)::int8 FROM tally
             WHERE hour >= $1 GROUP BY hour ORDER BY hour";
        let rows = self.query(sql, &[&signed(from)])?;
        let count = |row: &SqlRow, place| row.get::<usize, i64>(place).unsigned_abs();
        Ok(rows.iter().map(|row| (count(row, 0), count(row, 1), count(row, 2))).collect())
    }

    fn paper(&mut self, drawer: u8, id: &Id) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT sealed FROM console_document WHERE drawer = $1 AND id = $2";
        Ok(self.query(sql, &[&i16::from(drawer), &&id[..]])?.first().map(|row| row.get(0)))
    }

    fn walk_papers(
        &mut self,
        drawer: u8,
        after: Option<Id>,
        limit: u32,
    ) -> Result<Vec<PaperRow>, StoreError> {
        let after = after.map_or(Vec::new(), |id| id.to_vec());
        let sql =
            "SELECT id, sealed FROM console_document WHERE drawer = $1 AND id > $2 ORDER BY id LIMIT $3";
        let rows = self.query(sql, &[&i16::from(drawer), &after, &i64::from(limit)])?;
        Ok(rows.iter().map(|row| PaperRow { id: id(row.get("id")), sealed: row.get("sealed") }).collect())
    }

    fn swap_paper(
        &mut self,
        key: u32,
        drawer: u8,
        id: &Id,
        was: Option<&[u8]>,
        sealed: Option<&[u8]>,
    ) -> Result<bool, StoreError> {
        let mut writing = self.writing()?;
        is_latest(&mut writing, key)?;
        let drawer = i16::from(drawer);
        let place: [&(dyn ToSql + Sync); 2] = [&drawer, &&id[..]];
        let mut run = |sql, values: Values<'_>| writing.execute(sql, values);
        let count = match (was, sealed) {
            (None, None) => {
                let sql = "SELECT FROM console_document WHERE drawer = $1 AND id = $2";
                1 - run(sql, &place)?
            }
            (None, Some(sealed)) => run(
                "INSERT INTO console_document VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                &[place[0], place[1], &sealed],
            )?,
            (Some(was), Some(sealed)) => run(
                "UPDATE console_document SET sealed = $4 WHERE drawer = $1 AND id = $2 AND sealed = $3",
                &[place[0], place[1], &was, &sealed],
            )?,
            (Some(was), None) => run(
                "DELETE FROM console_document WHERE drawer = $1 AND id = $2 AND sealed = $3",
                &[place[0], place[1], &was],
            )?,
        };
        writing.transaction.commit()?;
        Ok(count == 1)
    }

    fn add_acts(&mut self, key: u32, sealed: &[(Instant, Vec<u8>)]) -> Result<(), StoreError> {
        let mut writing = self.writing()?;
        is_latest(&mut writing, key)?;
        let (at, sealed): (Vec<i64>, Vec<&[u8]>) =
            sealed.iter().map(|(at, sealed)| (micros(*at), &sealed[..])).unzip();
        let sql = "INSERT INTO audit (at, sealed) SELECT at, sealed
             FROM unnest($1::int8[], $2::bytea[]) WITH ORDINALITY AS new (at, sealed, place) ORDER BY place";
        writing.execute(sql, &[&at, &sealed])?;
        Ok(writing.transaction.commit()?)
    }

    fn acts(&mut self, skip: u64, limit: u32) -> Result<Vec<ActRow>, StoreError> {
        let sql = "SELECT * FROM audit ORDER BY at DESC, seq DESC LIMIT $2 OFFSET $1";
        Ok(self.query(sql, &[&signed(skip), &i64::from(limit)])?.iter().map(act).collect())
    }

    fn walk_acts(&mut self, after: i64, limit: u32) -> Result<Vec<ActRow>, StoreError> {
        let sql = "SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2";
        Ok(self.query(sql, &[&after, &i64::from(limit)])?.iter().map(act).collect())
    }

    fn trim_acts(&mut self, before: Instant, kept: u64, limit: u32) -> Result<u64, StoreError> {
        let sql = "DELETE FROM audit WHERE seq IN (
             (SELECT seq FROM audit WHERE at < $1 ORDER BY at LIMIT $3)
             UNION (SELECT seq FROM audit WHERE seq <= (SELECT max(seq) FROM audit) - $2 ORDER BY seq LIMIT $3)
             LIMIT $3)";
        self.execute(sql, &[&micros(before), &signed(kept), &i64::from(limit)])
    }

    fn due(
        &mut self,
        from: Instant,
        now: Instant,
        shards: Option<&[u8]>,
        limit: u32,
    ) -> Result<Vec<(Instant, Id)>, StoreError> {
        let (from, now, limit) = (micros(from), micros(now), i64::from(limit));
        let rows = match shards {
            None => {
                let sql = "SELECT at, id FROM due WHERE at >= $1 AND at <= $2 ORDER BY at, id LIMIT $3";
                self.query(sql, &[&from, &now, &limit])?
            }
            Some(shards) => {
                let sql = "SELECT at, id FROM due WHERE at >= $1 AND at <= $2 AND shard = ANY($4)
                     ORDER BY at, id LIMIT $3";
                self.query(sql, &[&from, &now, &limit, &numbers(shards)])?
            }
        };
        Ok(rows.iter().map(|row| (instant(row.get("at")), id(row.get("id")))).collect())
    }

    fn next_due(&mut self, from: Instant, shards: Option<&[u8]>) -> Result<Option<Instant>, StoreError> {
        let from = micros(from);
        // While somebody is due within a day, the days after it are not touched.
        match self.first_due(from, from.saturating_add(NEAR), shards)? {
            None => self.first_due(from, i64::MAX, shards),
            near => Ok(near),
        }
    }

    fn inbox(&mut self, from: i64, shards: Option<&[u8]>, limit: u32) -> Result<Vec<InboxRow>, StoreError> {
        let limit = i64::from(limit);
        let rows = match shards {
            None => {
                self.query("SELECT * FROM inbox WHERE seq >= $1 ORDER BY seq LIMIT $2", &[&from, &limit])?
            }
            Some(shards) => {
                let sql = "SELECT * FROM inbox WHERE seq >= $1 AND shard = ANY($3) ORDER BY seq LIMIT $2";
                self.query(sql, &[&from, &limit, &numbers(shards)])?
            }
        };
        let row = |row: &SqlRow| InboxRow {
            seq: row.get("seq"),
            id: id(row.get("id")),
            at: instant(row.get("at")),
            sealed: row.get("sealed"),
        };
        Ok(rows.iter().map(row).collect())
    }

    fn inbox_count(&mut self, most: u32) -> Result<u32, StoreError> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM inbox LIMIT $1) AS waiting";
        let rows = self.query(sql, &[&i64::from(most)])?;
        Ok(rows.first().and_then(|row| u32::try_from(row.get::<_, i64>(0)).ok()).unwrap_or(0))
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let mut writing = self.writing()?;
        write(&mut writing, changes).map_err(contended)?;
        writing.transaction.commit().map_err(|error| contended(error.into()))
    }

    fn reseal(&mut self, resealed: &Resealed) -> Result<(), StoreError> {
        let mut writing = self.writing()?;
        let mut run = |sql, values: Values<'_>| writing.execute(sql, values).map(drop);
        for (id, source, number, new, old) in &resealed.blocks {
            let sql = "UPDATE account_block SET sealed = $4
                 WHERE id = $1 AND source = $2 AND number = $3 AND sealed = $5";
            run(sql, &[&&id[..], &i16::from(*source), &i32::from(*number), new, old])?;
        }
        for (id, source, new, old) in &resealed.copies {
            let sql = "UPDATE account_copy SET sealed = $3 WHERE id = $1 AND source = $2 AND sealed = $4";
            run(sql, &[&&id[..], &i16::from(*source), new, old])?;
        }
        for (seq, new) in &resealed.notes {
            run("UPDATE note SET sealed = $2 WHERE seq = $1", &[seq, new])?;
        }
        for (seq, new) in &resealed.inbox {
            run("UPDATE inbox SET sealed = $2 WHERE seq = $1", &[seq, new])?;
        }
        for (id, new, old) in &resealed.numbers {
            let sql = "UPDATE account SET number = $2 WHERE id = $1 AND number = $3";
            run(sql, &[&&id[..], new, old])?;
        }
        for (id, new, old) in &resealed.states {
            // Who has loaded the old one does not write it again.
            let sql = "UPDATE account SET revision = revision + 1, state = $2 WHERE id = $1 AND state = $3";
            run(sql, &[&&id[..], new, old])?;
        }
        for (id, new, old) in &resealed.cards {
            let sql = "UPDATE account_card SET sealed = $2 WHERE card = $1 AND sealed = $3";
            run(sql, &[&&id[..], new, old])?;
        }
        for (drawer, id, new, old) in &resealed.papers {
            let sql = "UPDATE console_document SET sealed = $3 WHERE drawer = $1 AND id = $2 AND sealed = $4";
            run(sql, &[&i16::from(*drawer), &&id[..], new, old])?;
        }
        for (seq, new) in &resealed.acts {
            run("UPDATE audit SET sealed = $2 WHERE seq = $1", &[seq, new])?;
        }
        Ok(writing.transaction.commit()?)
    }

    /// Earlier states of rows, sealed, stay in the tables until the database cleans up, and in its write-ahead log.
    fn wipe(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn turn_day(&mut self, now: Instant) -> Result<(), StoreError> {
        schedule::turn_day(self.client()?, now)
    }

    fn acquire(
        &mut self,
        owner: &str,
        held: &[u8],
        wanted: u16,
        now: Instant,
        until: Instant,
    ) -> Result<Vec<(u8, u64)>, StoreError> {
        let sql = "UPDATE lease SET owner = $1, epoch = epoch + 1, until = $2 WHERE shard IN (
                 SELECT shard FROM lease
                 WHERE (owner = '' OR owner = $1 OR until <= $3) AND NOT shard = ANY($4)
                 ORDER BY shard LIMIT $5 FOR UPDATE SKIP LOCKED)
             RETURNING shard, epoch";
        let values: Values<'_> = &[&owner, &micros(until), &micros(now), &numbers(held), &i64::from(wanted)];
        Ok(self.query(sql, values)?.iter().map(lease).collect())
    }

    fn renew(&mut self, leases: &[(u8, u64)], until: Instant) -> Result<Vec<(u8, u64)>, StoreError> {
        let (shards, epochs) = columns(leases);
        let sql = "UPDATE lease SET until = $3 FROM unnest($1::int2[], $2::int8[]) AS held (shard, epoch)
             WHERE lease.shard = held.shard AND lease.epoch = held.epoch RETURNING lease.shard, lease.epoch";
        Ok(self.query(sql, &[&shards, &epochs, &micros(until)])?.iter().map(lease).collect())
    }

    fn release(&mut self, leases: &[(u8, u64)]) -> Result<(), StoreError> {
        let (shards, epochs) = columns(leases);
        let sql = "UPDATE lease SET owner = '', until = 0 FROM unnest($1::int2[], $2::int8[]) AS held (shard, epoch)
             WHERE lease.shard = held.shard AND lease.epoch = held.epoch";
        self.execute(sql, &[&shards, &epochs]).map(drop)
    }

    fn leases(&mut self) -> Result<Vec<Lease>, StoreError> {
        let rows = self.query("SELECT * FROM lease WHERE owner <> '' ORDER BY shard", &[])?;
        let lease = |row: &SqlRow| {
            let (shard, epoch) = lease(row);
            Lease { shard, owner: row.get("owner"), epoch, until: instant(row.get("until")) }
        };
        Ok(rows.iter().map(lease).collect())
    }
}

/// Two that want the same rows: one of them has to try again.
fn contended(error: StoreError) -> StoreError {
    match &error {
        StoreError::Postgres(cause)
            if cause.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED)
                || cause.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE)
                || cause.code() == Some(&SqlState::UNIQUE_VIOLATION) =>
        {
            StoreError::Conflict
        }
        _ => error,
    }
}

fn note(row: &SqlRow) -> NoteRow {
    NoteRow {
        seq: row.get("seq"),
        of: row.get::<_, Option<&[u8]>>("id").map(id),
        at: instant(row.get("at")),
        sealed: row.get("sealed"),
    }
}

fn act(row: &SqlRow) -> ActRow {
    ActRow { seq: row.get("seq"), at: instant(row.get("at")), sealed: row.get("sealed") }
}

fn account(row: &SqlRow) -> Row {
    Row {
        id: id(row.get("id")),
        revision: row.get::<_, i64>("revision").unsigned_abs(),
        due: row.get::<_, Option<i64>>("due").map(instant),
        number: row.get("number"),
        state: row.get("state"),
    }
}

fn card(row: &SqlRow) -> CardRow {
    CardRow {
        card: id(row.get("card")),
        owner: row.get::<_, Option<&[u8]>>("owner").map(id),
        sealed: row.get("sealed"),
    }
}

fn key(row: &SqlRow) -> KeyRow {
    KeyRow {
        number: u32::try_from(row.get::<_, i64>("number")).unwrap_or(u32::MAX),
        sealed: row.get("sealed"),
    }
}

pub(super) fn lease(row: &SqlRow) -> (u8, u64) {
    (u8::try_from(row.get::<_, i16>("shard")).unwrap_or(0), row.get::<_, i64>("epoch").unsigned_abs())
}

/// The tables let no other length in.
fn id(octets: &[u8]) -> Id {
    octets.try_into().unwrap_or_default()
}

fn slices(ids: &[Id]) -> Vec<&[u8]> {
    ids.iter().map(|id| &id[..]).collect()
}

fn numbers(shards: &[u8]) -> Vec<i16> {
    shards.iter().copied().map(i16::from).collect()
}

pub(super) fn columns(leases: &[(u8, u64)]) -> (Vec<i16>, Vec<i64>) {
    leases.iter().map(|(shard, epoch)| (i16::from(*shard), signed(*epoch))).unzip()
}

fn instant(micros: i64) -> Instant {
    Instant::from_micros(u64::try_from(micros).unwrap_or(0))
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
