//! SELECT, STATUS and GET RESPONSE (TS 51.011 §8.1, §8.2, §9.2.1, §9.2.2, §9.2.18).

use alloc::vec::Vec;

use oxisim_apdu::{Command, Response, Status};

use super::{check_parameters, data, first};
use crate::{
    card::Powered,
    commands::{Waiting, select::by_fid},
    file::{FileId, FileSystem, fid},
    header::header,
};

/// SELECT, by file identifier.
pub(super) fn select(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(command)?;
    let found = match u16::from_be_bytes(data(command)?) {
        fid::CURRENT_APPLICATION => None,
        fid => by_fid(card.files, &card.session.channel, fid),
    };
    let id = found.ok_or(Status::GSM_NOT_FOUND)?;
    card.select(id)?;
    Ok(Response::normal(header_of(card, id)))
}

/// STATUS: the header of the current directory. It tells toolkit applets that the terminal polls.
pub(super) fn status(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(command)?;
    let response = first(command, header_of(card, card.session.channel.directory))?;
    card.runtime().status_command();
    Ok(response)
}

/// GET RESPONSE.
pub(super) fn get_response(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(command)?;
    let octets = match &card.session.waiting {
        Waiting::MasterFile => header_of(card, FileSystem::MF),
        Waiting::Gsm(octets) => octets.clone(),
        Waiting::Nothing | Waiting::Rest { .. } => return Err(Status::TECHNICAL_PROBLEM),
    };
    first(command, octets)
}

fn header_of(card: &Powered<'_>, id: FileId) -> Vec<u8> {
    header(card.files, card.memory, id)
}
