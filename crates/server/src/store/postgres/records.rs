//! Sealed records in PostgreSQL: one statement moves all rows of a kind.

use std::collections::BTreeMap;

use oxisim_wire::Instant;
use postgres::{Client, Config, Row as SqlRow, Statement, Transaction, error::SqlState, types::ToSql};

use super::schedule;
use crate::store::{
    Lease, NOTES_OF_STRANGERS, NOTES_OF_SUBSCRIBER, StoreError, micros,
    records::{CardRow, Changes, Id, KeyRow, NoteRow, Records, Resealed, Row, StateChange, shard},
};

/// Microseconds in which the next due time is looked for first: a day.
const NEAR: i64 = 86_400_000_000;

type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Sealed records in a PostgreSQL database.
pub struct PostgresRecords {
    config: Config,
    client: Client,
    statements: Statements,
}

/// Statements that are prepared.
#[derive(Default)]
struct Statements(BTreeMap<&'static str, Statement>);

impl Statements {
    fn of_client(&mut self, client: &mut Client, sql: &'static str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.0.get(sql) {
            return Ok(statement.clone());
        }
        let statement = client.prepare(sql)?;
        Ok(self.0.entry(sql).or_insert(statement).clone())
    }

    fn of_transaction(
        &mut self,
        transaction: &mut Transaction<'_>,
        sql: &'static str,
    ) -> Result<Statement, StoreError> {
        if let Some(statement) = self.0.get(sql) {
            return Ok(statement.clone());
        }
        let statement = transaction.prepare(sql)?;
        Ok(self.0.entry(sql).or_insert(statement).clone())
    }
}

/// A transaction, and what is prepared for it.
struct Writing<'a, 'b> {
    transaction: Transaction<'a>,
    statements: &'b mut Statements,
}

impl Writing<'_, '_> {
    fn query(&mut self, sql: &'static str, values: Values<'_>) -> Result<Vec<SqlRow>, StoreError> {
        let statement = self.statements.of_transaction(&mut self.transaction, sql)?;
        Ok(self.transaction.query(&statement, values)?)
    }

    fn execute(&mut self, sql: &'static str, values: Values<'_>) -> Result<u64, StoreError> {
        let statement = self.statements.of_transaction(&mut self.transaction, sql)?;
        Ok(self.transaction.execute(&statement, values)?)
    }

    /// Nothing is prepared, so that the plan is one for these values.
    fn execute_anew(&mut self, sql: &str, values: Values<'_>) -> Result<u64, StoreError> {
        Ok(self.transaction.execute(sql, values)?)
    }
}

impl std::fmt::Debug for PostgresRecords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresRecords").finish_non_exhaustive()
    }
}

impl PostgresRecords {
    pub(super) fn connect(config: Config) -> Result<Self, StoreError> {
        let client = super::client(&config)?;
        Ok(Self { config, client, statements: Statements::default() })
    }

    /// A connection that was lost is made again: what was not committed is gone with it.
    fn client(&mut self) -> Result<&mut Client, StoreError> {
        if self.client.is_closed() {
            log::warn!("the connection to the database was lost, and is made again");
            self.client = super::client(&self.config)?;
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
        transaction.batch_execute("LOCK TABLE data_key IN EXCLUSIVE MODE")?;
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
        let note = |row: &SqlRow| NoteRow {
            seq: row.get("seq"),
            of: row.get::<_, Option<&[u8]>>("id").map(id),
            at: instant(row.get("at")),
            sealed: row.get("sealed"),
        };
        Ok(rows.iter().map(note).collect())
    }

    fn trim_notes(&mut self, before: Instant, limit: u32) -> Result<u64, StoreError> {
        let sql = "DELETE FROM note WHERE seq = ANY (ARRAY(SELECT seq FROM note WHERE at < $1 ORDER BY at LIMIT $2))";
        self.execute(sql, &[&micros(before), &i64::from(limit)])
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
        for (id, number, new, old) in &resealed.states {
            let sql = "UPDATE account SET number = $2, state = $3 WHERE id = $1 AND state = $4";
            run(sql, &[&&id[..], number, new, old])?;
        }
        for (id, new, old) in &resealed.cards {
            let sql = "UPDATE account_card SET sealed = $2 WHERE card = $1 AND sealed = $3";
            run(sql, &[&&id[..], new, old])?;
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

fn write(writing: &mut Writing<'_, '_>, changes: &Changes) -> Result<(), StoreError> {
    if !changes.fence.is_empty() {
        // A row that is locked so is taken over by nobody before the commit.
        let (shards, _) = columns(&changes.fence);
        let sql = "SELECT shard, epoch FROM lease WHERE shard = ANY($1) ORDER BY shard FOR SHARE";
        let rows = writing.query(sql, &[&shards])?;
        let now: BTreeMap<u8, u64> = rows.iter().map(lease).collect();
        for (shard, epoch) in &changes.fence {
            if now.get(shard) != Some(epoch) {
                return Err(StoreError::Fenced(*shard));
            }
        }
    }
    if !changes.erased.is_empty() {
        let ids: Vec<&[u8]> = changes.erased.iter().map(|(id, ..)| &id[..]).collect();
        let revisions: Vec<i64> = changes.erased.iter().map(|(_, revision, _)| signed(*revision)).collect();
        let sql = "DELETE FROM account USING unnest($1::bytea[], $2::int8[]) AS old (id, revision)
             WHERE account.id = old.id AND account.revision = old.revision";
        if writing.execute(sql, &[&ids, &revisions])? != ids.len() as u64 {
            return Err(StoreError::Conflict);
        }
        writing.execute("DELETE FROM account_block WHERE id = ANY($1)", &[&ids])?;
        writing.execute("DELETE FROM account_copy WHERE id = ANY($1)", &[&ids])?;
        writing.execute("DELETE FROM note WHERE id = ANY($1)", &[&ids])?;
    }
    write_states(writing, changes)?;
    if !changes.cleared.is_empty() {
        let ids: Vec<&[u8]> = changes.cleared.iter().map(|(id, _)| &id[..]).collect();
        let sources: Vec<i16> = changes.cleared.iter().map(|(_, source)| i16::from(*source)).collect();
        let sql = "DELETE FROM account_block USING unnest($1::bytea[], $2::int2[]) AS old (id, source)
             WHERE account_block.id = old.id AND account_block.source = old.source";
        writing.execute(sql, &[&ids, &sources])?;
    }
    if !changes.blocks.is_empty() {
        let ids: Vec<&[u8]> = changes.blocks.iter().map(|(id, ..)| &id[..]).collect();
        let sources: Vec<i16> = changes.blocks.iter().map(|(_, source, ..)| i16::from(*source)).collect();
        let numbers: Vec<i32> = changes.blocks.iter().map(|(.., number, _)| i32::from(*number)).collect();
        let sealed: Vec<&[u8]> = changes.blocks.iter().map(|(.., sealed)| &sealed[..]).collect();
        let sql = "INSERT INTO account_block
             SELECT * FROM unnest($1::bytea[], $2::int2[], $3::int4[], $4::bytea[])
             ON CONFLICT (id, source, number) DO UPDATE SET sealed = excluded.sealed";
        writing.execute(sql, &[&ids, &sources, &numbers, &sealed])?;
    }
    if !changes.copies.is_empty() {
        let ids: Vec<&[u8]> = changes.copies.iter().map(|(id, ..)| &id[..]).collect();
        let sources: Vec<i16> = changes.copies.iter().map(|(_, source, _)| i16::from(*source)).collect();
        let sealed: Vec<&[u8]> = changes.copies.iter().map(|(.., sealed)| &sealed[..]).collect();
        let sql = "INSERT INTO account_copy SELECT * FROM unnest($1::bytea[], $2::int2[], $3::bytea[])
             ON CONFLICT (id, source) DO UPDATE SET sealed = excluded.sealed";
        writing.execute(sql, &[&ids, &sources, &sealed])?;
    }
    if !changes.notes.is_empty() {
        let ids: Vec<Option<&[u8]>> =
            changes.notes.iter().map(|(id, ..)| id.as_ref().map(|id| &id[..])).collect();
        let at: Vec<i64> = changes.notes.iter().map(|(_, at, _)| micros(*at)).collect();
        let sealed: Vec<&[u8]> = changes.notes.iter().map(|(.., sealed)| &sealed[..]).collect();
        let sql = "INSERT INTO note (id, at, sealed) SELECT id, at, sealed
             FROM unnest($1::bytea[], $2::int8[], $3::bytea[]) WITH ORDINALITY AS new (id, at, sealed, place)
             ORDER BY place";
        writing.execute(sql, &[&ids, &at, &sealed])?;
    }
    let trimmed: Vec<&[u8]> =
        changes.states.iter().filter(|change| change.trims).map(|change| &change.row.id[..]).collect();
    if !trimmed.is_empty() {
        let sql = "DELETE FROM note USING unnest($1::bytea[]) AS of (id) WHERE note.id = of.id AND seq <= (
                 SELECT seq FROM note AS kept WHERE kept.id = of.id ORDER BY seq DESC LIMIT 1 OFFSET $2)";
        writing.execute(sql, &[&trimmed, &i64::from(NOTES_OF_SUBSCRIBER)])?;
    }
    if changes.notes.iter().any(|(of, ..)| of.is_none()) {
        let sql = "DELETE FROM note WHERE id IS NULL AND seq <= (
                 SELECT seq FROM note WHERE id IS NULL ORDER BY seq DESC LIMIT 1 OFFSET $1)";
        writing.execute(sql, &[&i64::from(NOTES_OF_STRANGERS)])?;
    }
    for row in &changes.cards {
        let owner = row.owner.as_ref().map(|owner| &owner[..]);
        let sql = "INSERT INTO account_card VALUES ($1, $2, $3)
             ON CONFLICT (card) DO UPDATE SET owner = excluded.owner, sealed = excluded.sealed";
        writing.execute(sql, &[&&row.card[..], &owner, &row.sealed])?;
    }
    Ok(())
}

/// Rows of subscribers, and their due times.
fn write_states(writing: &mut Writing<'_, '_>, changes: &Changes) -> Result<(), StoreError> {
    let (known, new): (Vec<&StateChange>, Vec<&StateChange>) =
        changes.states.iter().partition(|change| change.from.is_some());
    if !known.is_empty() {
        let Columns { ids, revisions, dues, states, .. } = Columns::of(&known);
        let from: Vec<Option<i64>> = known.iter().map(|change| change.from.map(signed)).collect();
        let sql = "UPDATE account SET revision = new.revision, due = new.due, state = new.state
             FROM unnest($1::bytea[], $2::int8[], $3::int8[], $4::int8[], $5::bytea[])
                 AS new (id, was, revision, due, state)
             WHERE account.id = new.id AND account.revision = new.was";
        if writing.execute(sql, &[&ids, &from, &revisions, &dues, &states])? != ids.len() as u64 {
            return Err(StoreError::Conflict);
        }
    }
    if !new.is_empty() {
        let Columns { ids, revisions, dues, numbers, states } = Columns::of(&new);
        let sql = "INSERT INTO account
             SELECT * FROM unnest($1::bytea[], $2::int8[], $3::int8[], $4::bytea[], $5::bytea[])
             ON CONFLICT DO NOTHING";
        if writing.execute(sql, &[&ids, &revisions, &dues, &numbers, &states])? != ids.len() as u64 {
            return Err(StoreError::Conflict);
        }
    }
    let moved = changes.states.iter().filter(|change| change.was_due != change.row.due);
    let erased = changes.erased.iter().filter_map(|(id, _, due)| Some((micros((*due)?), &id[..])));
    let left = moved.clone().filter_map(|change| Some((micros(change.was_due?), &change.row.id[..])));
    let (at, ids): (Vec<i64>, Vec<&[u8]>) = left.chain(erased).unzip();
    if !at.is_empty() {
        let sql = "DELETE FROM due USING unnest($1::int8[], $2::bytea[]) AS old (at, id)
             WHERE due.at = old.at AND due.id = old.id AND due.at BETWEEN $3 AND $4";
        // The bounds say which days' partitions are looked at. A plan that is made for any bounds and any number of rows
        // may read the whole of a day for every row.
        writing.execute_anew(sql, &[&at, &ids, &at.iter().min(), &at.iter().max()])?;
    }
    let (at, ids): (Vec<i64>, Vec<&Id>) =
        moved.filter_map(|change| Some((micros(change.row.due?), &change.row.id))).unzip();
    if !at.is_empty() {
        let shards: Vec<i16> = ids.iter().map(|id| i16::from(shard(id))).collect();
        let ids: Vec<&[u8]> = ids.iter().map(|id| &id[..]).collect();
        writing.execute(
            "INSERT INTO due SELECT * FROM unnest($1::int8[], $2::bytea[], $3::int2[])",
            &[&at, &ids, &shards],
        )?;
    }
    Ok(())
}

/// Rows, by column.
struct Columns<'a> {
    ids: Vec<&'a [u8]>,
    revisions: Vec<i64>,
    dues: Vec<Option<i64>>,
    numbers: Vec<&'a [u8]>,
    states: Vec<&'a [u8]>,
}

impl<'a> Columns<'a> {
    fn of(changes: &[&'a StateChange]) -> Self {
        let rows = || changes.iter().map(|change| &change.row);
        Self {
            ids: rows().map(|row| &row.id[..]).collect(),
            revisions: rows().map(|row| signed(row.revision)).collect(),
            dues: rows().map(|row| row.due.map(micros)).collect(),
            numbers: rows().map(|row| &row.number[..]).collect(),
            states: rows().map(|row| &row.state[..]).collect(),
        }
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

fn lease(row: &SqlRow) -> (u8, u64) {
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

fn columns(leases: &[(u8, u64)]) -> (Vec<i16>, Vec<i64>) {
    leases.iter().map(|(shard, epoch)| (i16::from(*shard), signed(*epoch))).unzip()
}

fn instant(micros: i64) -> Instant {
    Instant::from_micros(u64::try_from(micros).unwrap_or(0))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
