//! The schedule, a partition a day.
//!
//! A day that lies ahead is not touched until it comes: taking who is due reads the partitions of today alone. A day that
//! is over is dropped as a whole, with all that rows that came and went have left behind.

use std::collections::BTreeSet;

use oxisim_wire::Instant;
use postgres::Client;

use super::schema::LOCK;
use crate::store::StoreError;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Days for which there is room: a month and what it is put off by.
const AHEAD: u64 = 40;

/// Makes room for the days ahead, and gives back what is empty of the days past.
pub(super) fn turn_day(client: &mut Client, now: Instant) -> Result<(), StoreError> {
    let today = now.as_secs() / DAY;
    let mut transaction = client.transaction()?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])?;
    let rows = transaction.query(
        "SELECT relname::text FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
         WHERE inhparent = 'due'::regclass",
        &[],
    )?;
    let days: BTreeSet<u64> = rows
        .iter()
        .filter_map(|row| row.get::<_, String>(0).strip_prefix("due_").and_then(|day| day.parse().ok()))
        .collect();
    for day in (today.saturating_sub(1)..=today.saturating_add(AHEAD)).filter(|day| !days.contains(day)) {
        let micros = |day: u64| i64::try_from(day.saturating_mul(DAY * 1_000_000)).unwrap_or(i64::MAX);
        let (from, to) = (micros(day), micros(day + 1));
        if from >= to {
            break;
        }
        // What was planned before there was room for that day moves there.
        transaction.batch_execute(&format!(
            "CREATE TABLE due_{day} (LIKE due INCLUDING ALL);
             WITH moved AS (DELETE FROM due_rest WHERE at >= {from} AND at < {to} RETURNING *)
             INSERT INTO due_{day} SELECT * FROM moved;
             ALTER TABLE due ATTACH PARTITION due_{day} FOR VALUES FROM ({from}) TO ({to});"
        ))?;
    }
    for day in days.into_iter().filter(|day| day + 1 < today) {
        let is_empty: bool =
            transaction.query_one(&format!("SELECT NOT EXISTS (SELECT FROM due_{day})"), &[])?.get(0);
        if is_empty {
            transaction.batch_execute(&format!("DROP TABLE due_{day}"))?;
        }
    }
    Ok(transaction.commit()?)
}
