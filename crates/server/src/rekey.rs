//! Keys of cards that are replaced over the air.
//!
//! An order to do so stands with the card, and is said until a packet comes that the new keys secure: whatever is in it,
//! it proves that the card has them. Until then the server does not know which keys the card uses, so every second time
//! the new ones secure the order. The keys in it are under the old `KIK` each time.

use oxisim_backup::{
    FromServer, OrderStep, ToServer,
    message::MessageType,
    security::{CheckValues, KeyVersion, Rekey, RekeyResult, check_values},
};
use oxisim_wire::{Duration, Instant};

use crate::{
    guard::Guard,
    outbox,
    store::{Account, Enrolled, Rekeying, StoreError},
};

/// Time after which an order is said again; doubled each time.
const SAID_AGAIN_AFTER: Duration = Duration::from_mins(5);

/// The longest time between two repetitions.
const LONGEST: Duration = Duration::from_mins(24 * 60);

/// Orders that the keys of a subscriber's card are replaced by those of the next version; which that is. None if the
/// subscriber has no card with keys.
pub(crate) fn order(account: &mut impl Account, now: Instant) -> Result<Option<KeyVersion>, StoreError> {
    let Some(mut card) = account.card()? else { return Ok(None) };
    card.rekeying = Some(Rekeying { due: Some(now), said: 0, step: OrderStep::Pending });
    account.put_card(&card)?;
    Ok(Some(card.key_version.next()))
}

/// The order, if it is to be said at `now`, without the keys: those are put in when it goes ([`complete`]), so that none
/// stands in the store. A server without them says it later, when it may have them.
pub(crate) fn due(
    account: &mut impl Account,
    guard: &Guard,
    now: Instant,
) -> Result<Option<FromServer>, StoreError> {
    let Some(mut card) = account.card()? else { return Ok(None) };
    let is_due = |rekeying: &Rekeying| rekeying.due.is_some_and(|due| due <= now);
    let Some(rekeying) = card.rekeying.filter(is_due) else { return Ok(None) };
    let message = new_keys(&card, guard).map(|Rekey { replaces, version, .. }| {
        FromServer::Rekey(Rekey { replaces, version, keys: Vec::new() })
    });
    let wait = SAID_AGAIN_AFTER.saturating_mul(1 << rekeying.said.min(10)).min(LONGEST);
    let said = rekeying.said.saturating_add(u16::from(message.is_some()));
    card.rekeying = Some(Rekeying { due: Some(now + wait), said, ..rekeying });
    account.put_card(&card)?;
    Ok(message)
}

/// A message for a card; the order with its keys, any other as it is.
pub(crate) fn complete(card: &Enrolled, guard: &Guard, message: Vec<u8>) -> Vec<u8> {
    if MessageType::of(&message) != MessageType::REKEY {
        return message;
    }
    new_keys(card, guard).map_or(message, |rekey| FromServer::Rekey(rekey).encode())
}

fn new_keys(card: &Enrolled, guard: &Guard) -> Option<Rekey> {
    if guard.is_off {
        return None;
    }
    let old = guard.keys(&card.iccid, card.key_version)?;
    let new = guard.keys(&card.iccid, card.key_version.next())?;
    Rekey::new(&old, &new).ok()
}

/// The version of the keys that secure a message for a card.
pub(crate) fn version_for(card: &Enrolled, message: &[u8]) -> KeyVersion {
    let pending = card.rekeying.filter(|rekeying| rekeying.step == OrderStep::Pending);
    let is_second = pending.is_some_and(|rekeying| rekeying.said > 0 && rekeying.said % 2 == 0);
    if is_second && MessageType::of(message) == MessageType::REKEY {
        card.key_version.next()
    } else {
        card.key_version
    }
}

/// A packet has come that keys of this version secure: the card uses them, and those of before are refused from now on.
pub(crate) fn used(
    account: &mut impl Account,
    card: &mut Enrolled,
    version: KeyVersion,
    now: Instant,
) -> Result<(), StoreError> {
    if version == card.key_version {
        return Ok(());
    }
    card.key_version = version;
    end(card, OrderStep::Answered(RekeyResult::DONE.0));
    outbox::rekeyed(account, now)
}

/// The card has said what became of an order; by what secures it, it is known already whether it has the new keys.
pub(crate) fn answered(
    account: &mut impl Account,
    guard: &Guard,
    message: &ToServer,
) -> Result<(), StoreError> {
    let Some(mut card) = account.card()? else { return Ok(()) };
    let step = match message {
        ToServer::Rekeyed { result: RekeyResult::DONE, version, check_values } => {
            if *version != card.key_version.number() || is_set(&card, guard, check_values) {
                return Ok(());
            }
            OrderStep::Answered(RekeyResult::CHECK_VALUE.0)
        }
        ToServer::Rekeyed { result, .. } => OrderStep::Answered(result.0),
        ToServer::Unspoken(unspoken) if unspoken.refused() == Some(MessageType::REKEY) => OrderStep::Unspoken,
        _ => return Ok(()),
    };
    log::warn!(
        "the keys of a card are not replaced: {step:?}; the message log of its subscriber says so too"
    );
    end(&mut card, step);
    account.put_card(&card)
}

/// Whether the keys in use are those with these check values, `KIK` among them.
fn is_set(card: &Enrolled, guard: &Guard, values: &CheckValues) -> bool {
    let keys = guard.keys(&card.iccid, card.key_version);
    keys.and_then(|keys| check_values(&keys).ok()).is_some_and(|expected| expected == *values)
}

fn end(card: &mut Enrolled, step: OrderStep) {
    if let Some(rekeying) = &mut card.rekeying {
        (rekeying.due, rekeying.step) = (None, step);
    }
}
