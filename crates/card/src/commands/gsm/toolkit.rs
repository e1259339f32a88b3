//! FETCH (TS 51.011 §8.19, §9.2.21); the other commands of the toolkit are those of a UICC.

use oxisim_apdu::{Command, Response, Status};

use super::{check_parameters, wanted};
use crate::card::Powered;

/// FETCH: P3 is the length that `91XX` said.
pub(super) fn fetch(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(command)?;
    let length = card.session.toolkit.offered().ok_or(Status::TECHNICAL_PROBLEM)?;
    if wanted(command) != length {
        return Err(Status::right_length(length));
    }
    card.session.toolkit.fetch().map(Response::normal)
}
