//! VERIFY, CHANGE, DISABLE, ENABLE and UNBLOCK CHV (TS 51.011 §8.9 to §8.13, §9.2.9 to §9.2.13).

use oxisim_apdu::{Command, Response, Status};

use crate::{
    card::Powered,
    commands::pin::present,
    pin::{KeyReference, Pin, PinIndex, Requirement, Secret},
};

/// VERIFY CHV. An administrative key has the number that it has in a UICC: TS 51.011 leaves it to the issuer.
pub(super) fn verify(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let reference = match KeyReference(command.p2) {
        key if command.p1 == 0 && key.is_administrative() => key,
        _ => either(command, 0x01)?,
    };
    let [value] = values(command)?;
    let (index, pin) = in_state(card, reference, true)?;
    present(card, index, pin, Secret::Pin, value)?;
    card.session.verified.insert(index);
    Ok(Status::NORMAL.into())
}

/// CHANGE CHV: the old value, the new one.
pub(super) fn change(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let reference = either(command, 0x01)?;
    let [old, new] = values(command)?;
    let (index, pin) = in_state(card, reference, true)?;
    present(card, index, pin, Secret::Pin, old)?;
    pin.change(card.memory, new)?;
    card.session.verified.insert(index);
    Ok(Status::NORMAL.into())
}

/// DISABLE CHV, which is for CHV1 only.
pub(super) fn disable(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    only_chv1(command)?;
    let [value] = values(command)?;
    let (index, pin) = in_state(card, KeyReference::PIN_1, true)?;
    present(card, index, pin, Secret::Pin, value)?;
    pin.require(card.memory, Requirement::Disabled)?;
    Ok(Status::NORMAL.into())
}

/// ENABLE CHV, which is for CHV1 only.
pub(super) fn enable(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    only_chv1(command)?;
    let [value] = values(command)?;
    let (index, pin) = in_state(card, KeyReference::PIN_1, false)?;
    present(card, index, pin, Secret::Pin, value)?;
    pin.require(card.memory, Requirement::Enabled)?;
    card.session.verified.insert(index);
    Ok(Status::NORMAL.into())
}

/// UNBLOCK CHV: the UNBLOCK CHV, the new CHV, which is enabled by it. P2 of CHV1 is `00` here.
pub(super) fn unblock(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let reference = either(command, 0x00)?;
    let [unblock, new] = values(command)?;
    let (index, pin) = card.pin(reference).ok_or(Status::CHV_NOT_INITIALISED)?;
    present(card, index, pin, Secret::Unblock, unblock)?;
    pin.unblock(card.memory, new)?;
    card.session.verified.insert(index);
    Ok(Status::NORMAL.into())
}

/// The CHV that P2 names: CHV1 has the number `chv1`, CHV2 is 2.
const fn either(command: &Command<'_>, chv1: u8) -> Result<KeyReference, Status> {
    match (command.p1, command.p2) {
        (0, p2) if p2 == chv1 => Ok(KeyReference::PIN_1),
        (0, 0x02) => Ok(KeyReference::PIN_2),
        _ => Err(Status::WRONG_P1_P2),
    }
}

const fn only_chv1(command: &Command<'_>) -> Result<(), Status> {
    if command.p1 == 0 && command.p2 == 0x01 { Ok(()) } else { Err(Status::WRONG_P1_P2) }
}

/// The data field as values of eight octets.
fn values<const N: usize>(command: &Command<'_>) -> Result<[[u8; 8]; N], Status> {
    let wrong = Status::right_length(8 * N);
    let (values, []) = command.data.as_chunks::<8>() else { return Err(wrong) };
    values.try_into().map_err(|_| wrong)
}

/// A CHV that must be enabled or must not be.
fn in_state<'a>(
    card: &Powered<'a>,
    reference: KeyReference,
    enabled: bool,
) -> Result<(PinIndex, &'a Pin), Status> {
    let (index, pin) = card.pin(reference).ok_or(Status::CHV_NOT_INITIALISED)?;
    if (pin.requirement(card.memory) == Requirement::Enabled) == enabled {
        Ok((index, pin))
    } else {
        Err(Status::CHV_CONTRADICTION)
    }
}
