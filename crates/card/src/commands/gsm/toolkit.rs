//! TERMINAL PROFILE, ENVELOPE, FETCH and TERMINAL RESPONSE (TS 51.011 §8.17 to §8.20, §9.2.19 to §9.2.22).

use oxisim_apdu::{Command, Response, Status};

use super::{check_parameters, wanted};
use crate::card::Powered;

/// TERMINAL PROFILE.
pub(super) fn terminal_profile(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(command)?;
    if command.data.is_empty() {
        return Err(Status::WRONG_LENGTH);
    }
    card.runtime().terminal_profile(command.data);
    Ok(Status::NORMAL.into())
}

/// ENVELOPE.
pub(super) fn envelope(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(command)?;
    let now = card.now;
    card.runtime().envelope(now, command.data)
}

/// FETCH: P3 is the length that `91XX` said.
pub(super) fn fetch(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(command)?;
    let length = card.session.toolkit.offered().ok_or(Status::TECHNICAL_PROBLEM)?;
    if wanted(command) != length {
        return Err(Status::right_length(length));
    }
    card.session.toolkit.fetch(length).map(Response::normal)
}

/// TERMINAL RESPONSE.
pub(super) fn terminal_response(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(command)?;
    card.runtime().terminal_response(command.data)?;
    Ok(Status::NORMAL.into())
}
