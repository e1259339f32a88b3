//! VERIFY, CHANGE, DISABLE, ENABLE and UNBLOCK PIN (TS 102 221 §11.1.9 to §11.1.13).

use oxisim_apdu::{Command, Response, Status};

use crate::{
    card::Powered,
    pin::{KeyReference, Pin, PinIndex, Requirement, Secret},
};

/// VERIFY PIN; without a value it asks how many tries are left. A wrong value has `63CX`, and what is blocked `6983`
/// (§11.1.9.1.1); the tries are told whether the PIN is disabled or not (§11.1.9.1.2). What is verified counts on
/// every logical channel.
pub(super) fn verify(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_p1(command)?;
    let (index, pin) = named(card, command)?;
    if command.data.is_empty() {
        return Err(tries(card, pin, Secret::Pin));
    }
    let [value] = values(command)?;
    must_be_enabled(card, pin)?;
    present(card, index, pin, Secret::Pin, value)?;
    card.session.verified.insert(index);
    Ok(Status::NORMAL.into())
}

/// CHANGE PIN: the old value, the new one.
pub(super) fn change(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_p1(command)?;
    let (index, pin) = named(card, command)?;
    let [old, new] = values(command)?;
    must_be_enabled(card, pin)?;
    present(card, index, pin, Secret::Pin, old)?;
    pin.change(card.memory, new)?;
    card.session.verified.insert(index);
    Ok(Status::NORMAL.into())
}

/// DISABLE PIN; P1 can name the universal PIN, which must be verified from then on instead.
pub(super) fn disable(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    const REPLACED: u8 = 0x80 | KeyReference::UNIVERSAL.0;
    let (index, pin) = named(card, command)?;
    let requirement = match command.p1 {
        0x00 => Requirement::Disabled,
        REPLACED if pin.reference != KeyReference::UNIVERSAL => Requirement::Replaced,
        _ => return Err(Status::INCORRECT_P1_P2),
    };
    if requirement == Requirement::Replaced {
        card.pin(KeyReference::UNIVERSAL).ok_or(Status::REFERENCED_DATA_NOT_FOUND)?;
    }
    may_be_disabled(pin)?;
    let [value] = values(command)?;
    must_be_enabled(card, pin)?;
    present(card, index, pin, Secret::Pin, value)?;
    pin.require(card.memory, requirement)?;
    Ok(Status::NORMAL.into())
}

/// ENABLE PIN.
pub(super) fn enable(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_p1(command)?;
    let (index, pin) = named(card, command)?;
    may_be_disabled(pin)?;
    let [value] = values(command)?;
    if pin.requirement(card.memory) == Requirement::Enabled {
        return Err(Status::CONDITIONS_NOT_SATISFIED);
    }
    present(card, index, pin, Secret::Pin, value)?;
    pin.require(card.memory, Requirement::Enabled)?;
    card.session.verified.insert(index);
    Ok(Status::NORMAL.into())
}

/// UNBLOCK PIN: what unblocks, the new PIN; without them it asks how many tries are left. The PIN need not be blocked,
/// and is enabled and verified afterwards; a wrong value leaves it as it is (§11.1.13.1.1).
pub(super) fn unblock(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_p1(command)?;
    let (index, pin) = named(card, command)?;
    if !pin.can_be_unblocked() {
        return Err(Status::REFERENCED_DATA_NOT_FOUND);
    }
    if command.data.is_empty() {
        return Err(tries(card, pin, Secret::Unblock));
    }
    let [unblock, new] = values(command)?;
    present(card, index, pin, Secret::Unblock, unblock)?;
    pin.unblock(card.memory, new)?;
    card.session.verified.insert(index);
    Ok(Status::NORMAL.into())
}

const fn check_p1(command: &Command<'_>) -> Result<(), Status> {
    if command.p1 == 0 { Ok(()) } else { Err(Status::INCORRECT_P1_P2) }
}

/// The PIN or key that P2 names.
fn named<'a>(card: &Powered<'a>, command: &Command<'_>) -> Result<(PinIndex, &'a Pin), Status> {
    const RESERVED: u8 = 0x60;
    if command.p2 == 0 || command.p2 & RESERVED != 0 {
        return Err(Status::INCORRECT_P1_P2);
    }
    card.pin(KeyReference(command.p2)).ok_or(Status::REFERENCED_DATA_NOT_FOUND)
}

/// The data field as values of eight octets.
fn values<const N: usize>(command: &Command<'_>) -> Result<[[u8; 8]; N], Status> {
    let (values, []) = command.data.as_chunks::<8>() else { return Err(Status::WRONG_LENGTH) };
    values.try_into().map_err(|_| Status::WRONG_LENGTH)
}

/// The answer to a command without a value.
fn tries(card: &Powered<'_>, pin: &Pin, secret: Secret) -> Status {
    match pin.retries(card.memory, secret) {
        0 => Status::AUTHENTICATION_BLOCKED,
        left => Status::retries_left(left),
    }
}

/// VERIFY, CHANGE and DISABLE PIN are for a PIN that is not disabled (§11.1.9.1.1, §11.1.10.1).
fn must_be_enabled(card: &Powered<'_>, pin: &Pin) -> Result<(), Status> {
    match pin.requirement(card.memory) {
        Requirement::Enabled => Ok(()),
        Requirement::Disabled | Requirement::Replaced => Err(Status::REFERENCED_DATA_INVALIDATED),
    }
}

/// Administrative keys cannot be disabled.
const fn may_be_disabled(pin: &Pin) -> Result<(), Status> {
    if pin.reference.is_administrative() { Err(Status::CONDITIONS_NOT_SATISFIED) } else { Ok(()) }
}

/// Presents a value; a PIN that this blocks is no longer verified.
pub(super) fn present(
    card: &mut Powered<'_>,
    index: PinIndex,
    pin: &Pin,
    secret: Secret,
    value: [u8; 8],
) -> Result<(), Status> {
    let answer = pin.present(card.memory, secret, value);
    if pin.retries(card.memory, Secret::Pin) == 0 {
        card.session.verified.remove(index);
    }
    answer
}
