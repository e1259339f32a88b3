//! Sealed records in PostgreSQL: one statement moves all rows of a kind.

use std::collections::BTreeMap;

use oxisim_wire::Instant;
use postgres::{Client, Row as SqlRow, Statement, Transaction, error::SqlState, types::ToSql};

use super::{schedule, tls::Way};
use crate::store::{
    Lease, NOTES_OF_STRANGERS, NOTES_OF_SUBSCRIBER, StoreError, micros,
    records::{
        ActRow, CardRow, Changes, Id, InboxRow, KeyRow, NoteRow, PaperRow, Records, Resealed, Row,
        StateChange, shard,
    },
};

type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Sealed records in a PostgreSQL database.
pub struct PostgresRecords {
    way: Way,
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

    fn execute(
        &mut self,
        transaction: &mut Transaction<'_>,
        sql: &'static str,
        values: Values<'_>,
    ) -> Result<u64, StoreError> {
        let statement = match self.0.get(sql) {
            Some(statement) => statement.clone(),
            None => self.0.entry(sql).or_insert(transaction.prepare(sql)?).clone(),
        };
        Ok(transaction.execute(&statement, values)?)
    }
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
        self.client()?;
        let Self { client, statements, .. } = self;
        let mut transaction = client.transaction()?;
        is_latest(&mut transaction, statements, key)?;
        let drawer = i16::from(drawer);
        let place: [&(dyn ToSql + Sync); 2] = [&drawer, &&id[..]];
        let mut run = |sql, values: Values<'_>| statements.execute(&mut transaction, sql, values);
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
        transaction.commit()?;
        Ok(count == 1)
    }

    fn add_acts(&mut self, key: u32, sealed: &[(Instant, Vec<u8>)]) -> Result<(), StoreError> {
        self.client()?;
        let Self { client, statements, .. } = self;
        let mut transaction = client.transaction()?;
        is_latest(&mut transaction, statements, key)?;
        let (at, sealed): (Vec<i64>, Vec<&[u8]>) =
            sealed.iter().map(|(at, sealed)| (micros(*at), &sealed[..])).unzip();
        let sql = "INSERT INTO audit (at, sealed) SELECT at, sealed
             FROM unnest($1::int8[], $2::bytea[]) WITH ORDINALITY AS new (at, sealed, place) ORDER BY place";
        statements.execute(&mut transaction, sql, &[&at, &sealed])?;
        Ok(transaction.commit()?)
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
        let rows = match shards {
            None => self.query("SELECT at FROM due WHERE at >= $1 ORDER BY at, id LIMIT 1", &[&from])?,
            Some(shards) => {
                let sql = "SELECT at FROM due WHERE at >= $1 AND shard = ANY($2) ORDER BY at, id LIMIT 1";
                self.query(sql, &[&from, &numbers(shards)])?
            }
        };
        Ok(rows.first().map(|row| instant(row.get("at"))))
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
        self.client()?;
        let Self { client, statements, .. } = self;
        let mut transaction = client.transaction()?;
        write(&mut transaction, statements, changes).map_err(contended)?;
        transaction.commit().map_err(|error| contended(error.into()))
    }

    fn reseal(&mut self, resealed: &Resealed) -> Result<(), StoreError> {
        self.client()?;
        let Self { client, statements, .. } = self;
        let mut transaction = client.transaction()?;
        let mut run = |sql, values: Values<'_>| statements.execute(&mut transaction, sql, values).map(drop);
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
        Ok(transaction.commit()?)
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

fn write(
    transaction: &mut Transaction<'_>,
    statements: &mut Statements,
    changes: &Changes,
) -> Result<(), StoreError> {
    is_latest(transaction, statements, changes.key)?;
    if !changes.fence.is_empty() {
        // A row that is locked so is taken over by nobody before the commit.
        let (shards, _) = columns(&changes.fence);
        let sql = "SELECT shard, epoch FROM lease WHERE shard = ANY($1) ORDER BY shard FOR SHARE";
        let rows = transaction.query(sql, &[&shards])?;
        let now: BTreeMap<u8, u64> = rows.iter().map(lease).collect();
        for (shard, epoch) in &changes.fence {
            if now.get(shard) != Some(epoch) {
                return Err(StoreError::Fenced(*shard));
            }
        }
    }
    let mut run = |sql, values: Values<'_>| statements.execute(transaction, sql, values);
    if !changes.erased.is_empty() {
        let ids: Vec<&[u8]> = changes.erased.iter().map(|(id, ..)| &id[..]).collect();
        let revisions: Vec<i64> = changes.erased.iter().map(|(_, revision, _)| signed(*revision)).collect();
        let sql = "DELETE FROM account USING unnest($1::bytea[], $2::int8[]) AS old (id, revision)
             WHERE account.id = old.id AND account.revision = old.revision";
        if run(sql, &[&ids, &revisions])? != ids.len() as u64 {
            return Err(StoreError::Conflict);
        }
        run("DELETE FROM account_block WHERE id = ANY($1)", &[&ids])?;
        run("DELETE FROM account_copy WHERE id = ANY($1)", &[&ids])?;
        run("DELETE FROM note WHERE id = ANY($1)", &[&ids])?;
        run("DELETE FROM inbox WHERE id = ANY($1)", &[&ids])?;
    }
    write_states(&mut run, changes)?;
    if !changes.cleared.is_empty() {
        let ids: Vec<&[u8]> = changes.cleared.iter().map(|(id, _)| &id[..]).collect();
        let sources: Vec<i16> = changes.cleared.iter().map(|(_, source)| i16::from(*source)).collect();
        let sql = "DELETE FROM account_block USING unnest($1::bytea[], $2::int2[]) AS old (id, source)
             WHERE account_block.id = old.id AND account_block.source = old.source";
        run(sql, &[&ids, &sources])?;
    }
    if !changes.blocks.is_empty() {
        let ids: Vec<&[u8]> = changes.blocks.iter().map(|(id, ..)| &id[..]).collect();
        let sources: Vec<i16> = changes.blocks.iter().map(|(_, source, ..)| i16::from(*source)).collect();
        let numbers: Vec<i32> = changes.blocks.iter().map(|(.., number, _)| i32::from(*number)).collect();
        let sealed: Vec<&[u8]> = changes.blocks.iter().map(|(.., sealed)| &sealed[..]).collect();
        let sql = "INSERT INTO account_block
             SELECT * FROM unnest($1::bytea[], $2::int2[], $3::int4[], $4::bytea[])
             ON CONFLICT (id, source, number) DO UPDATE SET sealed = excluded.sealed";
        run(sql, &[&ids, &sources, &numbers, &sealed])?;
    }
    if !changes.copies.is_empty() {
        let ids: Vec<&[u8]> = changes.copies.iter().map(|(id, ..)| &id[..]).collect();
        let sources: Vec<i16> = changes.copies.iter().map(|(_, source, _)| i16::from(*source)).collect();
        let sealed: Vec<&[u8]> = changes.copies.iter().map(|(.., sealed)| &sealed[..]).collect();
        let sql = "INSERT INTO account_copy SELECT * FROM unnest($1::bytea[], $2::int2[], $3::bytea[])
             ON CONFLICT (id, source) DO UPDATE SET sealed = excluded.sealed";
        run(sql, &[&ids, &sources, &sealed])?;
    }
    if !changes.notes.is_empty() {
        let ids: Vec<Option<&[u8]>> =
            changes.notes.iter().map(|(id, ..)| id.as_ref().map(|id| &id[..])).collect();
        let at: Vec<i64> = changes.notes.iter().map(|(_, at, _)| micros(*at)).collect();
        let sealed: Vec<&[u8]> = changes.notes.iter().map(|(.., sealed)| &sealed[..]).collect();
        let sql = "INSERT INTO note (id, at, sealed) SELECT id, at, sealed
             FROM unnest($1::bytea[], $2::int8[], $3::bytea[]) WITH ORDINALITY AS new (id, at, sealed, place)
             ORDER BY place";
        run(sql, &[&ids, &at, &sealed])?;
    }
    let trimmed: Vec<&[u8]> =
        changes.states.iter().filter(|change| change.trims).map(|change| &change.row.id[..]).collect();
    if !trimmed.is_empty() {
        let sql = "DELETE FROM note USING unnest($1::bytea[]) AS of (id) WHERE note.id = of.id AND seq <= (
                 SELECT seq FROM note AS kept WHERE kept.id = of.id ORDER BY seq DESC LIMIT 1 OFFSET $2)";
        run(sql, &[&trimmed, &i64::from(NOTES_OF_SUBSCRIBER)])?;
    }
    if changes.notes.iter().any(|(of, ..)| of.is_none()) {
        let sql = "DELETE FROM note WHERE id IS NULL AND seq <= (
                 SELECT seq FROM note WHERE id IS NULL ORDER BY seq DESC LIMIT 1 OFFSET $1)";
        run(sql, &[&i64::from(NOTES_OF_STRANGERS)])?;
    }
    for row in &changes.cards {
        let owner = row.owner.as_ref().map(|owner| &owner[..]);
        let sql = "INSERT INTO account_card VALUES ($1, $2, $3)
             ON CONFLICT (card) DO UPDATE SET owner = excluded.owner, sealed = excluded.sealed";
        run(sql, &[&&row.card[..], &owner, &row.sealed])?;
    }
    if !changes.inbox.is_empty() {
        let ids: Vec<&[u8]> = changes.inbox.iter().map(|(id, ..)| &id[..]).collect();
        let shards: Vec<i16> = changes.inbox.iter().map(|(id, ..)| i16::from(shard(id))).collect();
        let at: Vec<i64> = changes.inbox.iter().map(|(_, at, _)| micros(*at)).collect();
        let sealed: Vec<&[u8]> = changes.inbox.iter().map(|(.., sealed)| &sealed[..]).collect();
        let sql = "INSERT INTO inbox (id, shard, at, sealed) SELECT id, shard, at, sealed
             FROM unnest($1::bytea[], $2::int2[], $3::int8[], $4::bytea[])
                 WITH ORDINALITY AS new (id, shard, at, sealed, place)
             ORDER BY place";
        run(sql, &[&ids, &shards, &at, &sealed])?;
    }
    if !changes.settled.is_empty() {
        let seqs: Vec<i64> = changes.settled.iter().map(|(seq, _)| *seq).collect();
        if run("DELETE FROM inbox WHERE seq = ANY($1)", &[&seqs])? != seqs.len() as u64 {
            return Err(StoreError::Conflict);
        }
    }
    for tally in &changes.tallies {
        let counts = [tally.incoming, tally.outgoing].map(signed);
        let sql = "INSERT INTO tally VALUES ($1, $2, $3, $4) ON CONFLICT (hour, writer) DO UPDATE
             SET incoming = tally.incoming + excluded.incoming, outgoing = tally.outgoing + excluded.outgoing";
        run(sql, &[&signed(tally.hour), &tally.writer, &counts[0], &counts[1]])?;
    }
    Ok(())
}

/// Nobody seals with a key after there is a later one: who adds one waits for whoever has looked.
fn is_latest(
    transaction: &mut Transaction<'_>,
    statements: &mut Statements,
    key: u32,
) -> Result<(), StoreError> {
    let sql = "SELECT FROM data_key WHERE number > $1";
    let later = statements.execute(transaction, sql, &[&i64::from(key)])?;
    if later == 0 { Ok(()) } else { Err(StoreError::OldKey) }
}

/// Rows of subscribers, and their due times.
fn write_states(
    run: &mut impl FnMut(&'static str, Values<'_>) -> Result<u64, StoreError>,
    changes: &Changes,
) -> Result<(), StoreError> {
    let (known, new): (Vec<&StateChange>, Vec<&StateChange>) =
        changes.states.iter().partition(|change| change.from.is_some());
    if !known.is_empty() {
        let Columns { ids, revisions, dues, states, .. } = Columns::of(&known);
        let from: Vec<Option<i64>> = known.iter().map(|change| change.from.map(signed)).collect();
        let sql = "UPDATE account SET revision = new.revision, due = new.due, state = new.state
             FROM unnest($1::bytea[], $2::int8[], $3::int8[], $4::int8[], $5::bytea[])
                 AS new (id, was, revision, due, state)
             WHERE account.id = new.id AND account.revision = new.was";
        if run(sql, &[&ids, &from, &revisions, &dues, &states])? != ids.len() as u64 {
            return Err(StoreError::Conflict);
        }
    }
    if !new.is_empty() {
        let Columns { ids, revisions, dues, numbers, states } = Columns::of(&new);
        let sql = "INSERT INTO account
             SELECT * FROM unnest($1::bytea[], $2::int8[], $3::int8[], $4::bytea[], $5::bytea[])
             ON CONFLICT DO NOTHING";
        if run(sql, &[&ids, &revisions, &dues, &numbers, &states])? != ids.len() as u64 {
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
        // The bounds say which days' partitions are looked at.
        run(sql, &[&at, &ids, &at.iter().min(), &at.iter().max()])?;
    }
    let (at, ids): (Vec<i64>, Vec<&Id>) =
        moved.filter_map(|change| Some((micros(change.row.due?), &change.row.id))).unzip();
    if !at.is_empty() {
        let shards: Vec<i16> = ids.iter().map(|id| i16::from(shard(id))).collect();
        let ids: Vec<&[u8]> = ids.iter().map(|id| &id[..]).collect();
        run(
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
