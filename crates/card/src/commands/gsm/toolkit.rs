//! ENVELOPE and FETCH (TS 51.011 §8.18, §8.19, §9.2.20, §9.2.21); the other commands of the toolkit are those of a
//! UICC.

use oxisim_apdu::{Command, Response, Status};

use super::{check_parameters, uicc, wanted};
use crate::card::Powered;

/// ENVELOPE: what it names and the card does not have is a technical problem (TS 51.011 §9.4).
pub(super) fn envelope(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    uicc::envelope(card, command).map_err(|status| match status {
        Status::REFERENCED_DATA_NOT_FOUND => Status::TECHNICAL_PROBLEM,
        status => status,
    })
}

/// FETCH: P3 is the length that `91XX` said.
pub(super) fn fetch(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(command)?;
    let length = card.session.toolkit.offered().ok_or(Status::TECHNICAL_PROBLEM)?;
    if wanted(command) != length {
        return Err(Status::right_length(length));
    }
    card.session.toolkit.fetch().map(Response::normal)
}
