//! TERMINAL PROFILE, ENVELOPE, FETCH and TERMINAL RESPONSE (TS 102 221 §11.2, TS 51.011 §9.2.19 to §9.2.22).

use oxisim_apdu::{Command, Response, Status};

use crate::card::Powered;

/// TERMINAL PROFILE.
pub(super) fn terminal_profile(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(card, command)?;
    if command.data.is_empty() {
        return Err(Status::WRONG_LENGTH);
    }
    card.runtime().terminal_profile(command.data);
    Ok(Status::NORMAL.into())
}

/// ENVELOPE.
pub(super) fn envelope(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(card, command)?;
    card.envelope(command.data)
}

/// FETCH: Le is the length that `91XX` said, or `00`, which is all.
pub(super) fn fetch(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(card, command)?;
    let length = card.session.toolkit.offered().ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
    match command.ne {
        Some(ne) if ne < 0x100 && ne != length => Err(Status::exact_length(length)),
        _ => card.session.toolkit.fetch().map(Response::normal),
    }
}

/// TERMINAL RESPONSE.
pub(super) fn terminal_response(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(card, command)?;
    card.runtime().terminal_response(command.data)?;
    Ok(Status::NORMAL.into())
}

/// These commands go over the basic channel, with P1 and P2 `00`.
fn check_parameters(card: &Powered<'_>, command: &Command<'_>) -> Result<(), Status> {
    if card.session.number != 0 {
        return Err(Status::LOGICAL_CHANNEL_NOT_SUPPORTED);
    }
    if command.p1 == 0 && command.p2 == 0 { Ok(()) } else { Err(Status::INCORRECT_P1_P2) }
}
