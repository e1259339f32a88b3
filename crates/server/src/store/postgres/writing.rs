//! What a transaction writes to PostgreSQL.

use std::collections::BTreeMap;

use postgres::{Client, Row as SqlRow, Statement, Transaction, types::ToSql};

use super::records::{columns, lease, signed};
use crate::store::{
    NOTES_OF_STRANGERS, NOTES_OF_SUBSCRIBER, StoreError, micros,
    records::{Changes, Id, StateChange, shard},
};

pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Statements that are prepared.
#[derive(Default)]
pub(super) struct Statements(BTreeMap<&'static str, Statement>);

impl Statements {
    pub(super) fn of_client(
        &mut self,
        client: &mut Client,
        sql: &'static str,
    ) -> Result<Statement, StoreError> {
        if let Some(statement) = self.0.get(sql) {
            return Ok(statement.clone());
        }
        let statement = client.prepare(sql)?;
        Ok(self.0.entry(sql).or_insert(statement).clone())
    }

    pub(super) fn of_transaction(
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
pub(super) struct Writing<'a, 'b> {
    pub(super) transaction: Transaction<'a>,
    pub(super) statements: &'b mut Statements,
}

impl Writing<'_, '_> {
    pub(super) fn query(&mut self, sql: &'static str, values: Values<'_>) -> Result<Vec<SqlRow>, StoreError> {
        let statement = self.statements.of_transaction(&mut self.transaction, sql)?;
        Ok(self.transaction.query(&statement, values)?)
    }

    pub(super) fn execute(&mut self, sql: &'static str, values: Values<'_>) -> Result<u64, StoreError> {
        let statement = self.statements.of_transaction(&mut self.transaction, sql)?;
        Ok(self.transaction.execute(&statement, values)?)
    }

    /// Nothing is prepared, so that the plan is one for these values.
    pub(super) fn execute_anew(&mut self, sql: &str, values: Values<'_>) -> Result<u64, StoreError> {
        Ok(self.transaction.execute(sql, values)?)
    }
}

/// Everything that has changed.
pub(super) fn write(writing: &mut Writing<'_, '_>, changes: &Changes) -> Result<(), StoreError> {
    is_latest(writing, changes.key)?;
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
        writing.execute("DELETE FROM inbox WHERE id = ANY($1)", &[&ids])?;
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
    if !changes.inbox.is_empty() {
        let ids: Vec<&[u8]> = changes.inbox.iter().map(|(id, ..)| &id[..]).collect();
        let shards: Vec<i16> = changes.inbox.iter().map(|(id, ..)| i16::from(shard(id))).collect();
        let at: Vec<i64> = changes.inbox.iter().map(|(_, at, _)| micros(*at)).collect();
        let sealed: Vec<&[u8]> = changes.inbox.iter().map(|(.., sealed)| &sealed[..]).collect();
        let sql = "INSERT INTO inbox (id, shard, at, sealed) SELECT id, shard, at, sealed
             FROM unnest($1::bytea[], $2::int2[], $3::int8[], $4::bytea[])
                 WITH ORDINALITY AS new (id, shard, at, sealed, place)
             ORDER BY place";
        writing.execute(sql, &[&ids, &shards, &at, &sealed])?;
    }
    if !changes.settled.is_empty() {
        let seqs: Vec<i64> = changes.settled.iter().map(|(seq, _)| *seq).collect();
        if writing.execute("DELETE FROM inbox WHERE seq = ANY($1)", &[&seqs])? != seqs.len() as u64 {
            return Err(StoreError::Conflict);
        }
    }
    for tally in &changes.tallies {
        let counts = [tally.incoming, tally.outgoing].map(signed);
        let sql = "INSERT INTO tally VALUES ($1, $2, $3, $4) ON CONFLICT (hour, writer) DO UPDATE
             SET incoming = tally.incoming + excluded.incoming, outgoing = tally.outgoing + excluded.outgoing";
        writing.execute(sql, &[&signed(tally.hour), &tally.writer, &counts[0], &counts[1]])?;
    }
    Ok(())
}

/// Nobody seals with a key after there is a later one: who adds one waits for whoever has looked.
pub(super) fn is_latest(writing: &mut Writing<'_, '_>, key: u32) -> Result<(), StoreError> {
    let sql = "SELECT FROM data_key WHERE number > $1";
    let later = writing.execute(sql, &[&i64::from(key)])?;
    if later == 0 { Ok(()) } else { Err(StoreError::OldKey) }
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
