//! Subscribers' cards, as the server must know them to open and to seal.

use oxisim_backup::{
    OrderStep,
    security::{KeyVersion, ReplayWindow},
};
use oxisim_wire::Instant;
use rusqlite::{Connection, Row, named_params};

use super::{StoreError, rows};
use crate::{Iccid, Msisdn};

/// A card that the server has keys for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// Which card.
    pub iccid: Iccid,
    /// The version of its keys.
    pub key_version: KeyVersion,
    /// Counter of the last packet to it.
    pub sent: u64,
    /// Counters of the packets that came from it.
    pub window: ReplayWindow,
    /// Messages in its subscriber's name that were refused, because they did not open or were replays.
    pub refused: u64,
    /// Since when it is its subscriber's.
    pub since: Instant,
    /// The last order to replace its keys by those of the next version.
    pub rekeying: Option<Rekeying>,
}

/// An order to replace a card's keys by those of the next version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rekeying {
    /// When it is to be said.
    pub due: Option<Instant>,
    /// Times that it was said.
    pub said: u16,
    /// How it stands. What it is answered with is a [`RekeyResult`](oxisim_backup::security::RekeyResult).
    pub step: OrderStep,
}

/// Makes a card a subscriber's. The card of before is no longer; what is known of the counters of a card stays, so that
/// no packet of its works twice, whoever has it.
pub(super) fn enrol(
    db: &mut Connection,
    msisdn: &Msisdn,
    iccid: &Iccid,
    key_version: KeyVersion,
    now: Instant,
) -> Result<(), StoreError> {
    let transaction = db.transaction()?;
    transaction.execute(
        "UPDATE card SET msisdn = NULL WHERE msisdn = ?1 AND iccid <> ?2",
        [msisdn.digits(), iccid.digits()],
    )?;
    transaction.execute(
        "INSERT INTO card (iccid, msisdn, key_version, since) VALUES (:iccid, :msisdn, :key_version, :since)
         ON CONFLICT DO UPDATE SET key_version = excluded.key_version,
             since = CASE WHEN msisdn IS excluded.msisdn THEN since ELSE excluded.since END,
             rekey_step = CASE WHEN msisdn IS excluded.msisdn AND key_version = excluded.key_version
                 THEN rekey_step END,
             rekey_code = CASE WHEN msisdn IS excluded.msisdn AND key_version = excluded.key_version
                 THEN rekey_code END,
             rekey_due = CASE WHEN msisdn IS excluded.msisdn AND key_version = excluded.key_version
                 THEN rekey_due END,
             msisdn = excluded.msisdn",
        named_params! {
            ":iccid": iccid.digits(),
            ":msisdn": msisdn.digits(),
            ":key_version": key_version.number(),
            ":since": rows::micros(now),
        },
    )?;
    Ok(transaction.commit()?)
}

/// The subscribers' cards, in the order of the numbers.
pub(super) fn all(db: &Connection) -> Result<Vec<(Msisdn, Enrolled)>, StoreError> {
    let mut query = db.prepare_cached("SELECT * FROM card WHERE msisdn IS NOT NULL ORDER BY msisdn")?;
    let mut found = query.query([])?;
    let mut cards = Vec::new();
    while let Some(row) = found.next()? {
        let digits: String = row.get("msisdn")?;
        let msisdn = digits.parse().map_err(|_| rows::damaged("card", "msisdn", digits))?;
        cards.push((msisdn, enrolled(row)?));
    }
    Ok(cards)
}

/// How many cards there ever were.
pub(super) fn count(db: &Connection) -> Result<u64, StoreError> {
    let count: i64 = db.prepare_cached("SELECT count(*) FROM card")?.query_row([], |row| row.get(0))?;
    rows::unsigned(count, "card", "iccid")
}

/// The card with this number, whoever has it.
pub(super) fn find(db: &Connection, iccid: &Iccid) -> Result<Option<Enrolled>, StoreError> {
    let mut query = db.prepare_cached("SELECT * FROM card WHERE iccid = ?1")?;
    let mut found = query.query([iccid.digits()])?;
    found.next()?.map(enrolled).transpose()
}

/// A subscriber's card.
pub(super) fn of(db: &Connection, msisdn: &Msisdn) -> Result<Option<Enrolled>, StoreError> {
    let mut query = db.prepare_cached("SELECT * FROM card WHERE msisdn = ?1")?;
    let mut found = query.query([msisdn.digits()])?;
    found.next()?.map(enrolled).transpose()
}

/// Keeps what has changed of a card.
pub(super) fn put(db: &Connection, card: &Enrolled) -> Result<(), StoreError> {
    let mut update = db.prepare_cached(
        "UPDATE card SET key_version = :key_version, sent = :sent, highest = :highest, taken = :taken,
             refused = :refused, rekey_step = :step, rekey_code = :code, rekey_due = :due, rekey_said = :said
         WHERE iccid = :iccid",
    )?;
    let (step, code) = match card.rekeying.map(|rekeying| rekeying.step) {
        None => (None, None),
        Some(OrderStep::Answered(code)) => (Some("answered"), Some(code)),
        Some(OrderStep::Unspoken) => (Some("unspoken"), None),
        // It is never given up: a card is somewhere, and comes back.
        Some(OrderStep::Pending | OrderStep::GivenUp) => (Some("pending"), None),
    };
    update.execute(named_params! {
        ":iccid": card.iccid.digits(),
        ":key_version": card.key_version.number(),
        ":sent": rows::signed(card.sent),
        ":highest": rows::signed(card.window.highest),
        ":taken": card.window.taken.cast_signed(),
        ":refused": rows::signed(card.refused),
        ":step": step,
        ":code": code,
        ":due": card.rekeying.and_then(|rekeying| rekeying.due).map(rows::micros),
        ":said": card.rekeying.map_or(0, |rekeying| rekeying.said),
    })?;
    Ok(())
}

/// Takes the number of a subscriber from the card; whether one had it.
pub(super) fn forget(db: &Connection, msisdn: &Msisdn) -> Result<bool, StoreError> {
    Ok(db.execute("UPDATE card SET msisdn = NULL WHERE msisdn = ?1", [msisdn.digits()])? > 0)
}

fn enrolled(row: &Row<'_>) -> Result<Enrolled, StoreError> {
    let iccid: String = row.get("iccid")?;
    let version: u8 = row.get("key_version")?;
    Ok(Enrolled {
        iccid: iccid.parse().map_err(|_| rows::damaged("card", "iccid", iccid))?,
        key_version: KeyVersion::new(version)
            .ok_or_else(|| rows::damaged("card", "key_version", version.to_string()))?,
        sent: rows::unsigned(row.get("sent")?, "card", "sent")?,
        window: ReplayWindow {
            highest: rows::unsigned(row.get("highest")?, "card", "highest")?,
            taken: row.get::<_, i64>("taken")?.cast_unsigned(),
        },
        refused: rows::unsigned(row.get("refused")?, "card", "refused")?,
        since: rows::instant(row.get("since")?, "card", "since")?,
        rekeying: rekeying(row)?,
    })
}

fn rekeying(row: &Row<'_>) -> Result<Option<Rekeying>, StoreError> {
    let Some(step) = row.get::<_, Option<String>>("rekey_step")? else { return Ok(None) };
    Ok(Some(Rekeying {
        due: rows::optional_instant(row, "card", "rekey_due")?,
        said: row.get("rekey_said")?,
        step: match step.as_str() {
            "pending" => OrderStep::Pending,
            "answered" => OrderStep::Answered(row.get("rekey_code")?),
            "unspoken" => OrderStep::Unspoken,
            other => return Err(rows::damaged("card", "rekey_step", other)),
        },
    }))
}
