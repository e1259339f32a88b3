//! READ RECORD, UPDATE RECORD and INCREASE (TS 102 221 §11.1.5, §11.1.6, §11.1.8).

use oxisim_apdu::{Command, Response, Status};

use super::{respond, target};
use crate::{
    access::Operation,
    applet::FilePart,
    card::Powered,
    file::{Elementary, Structure},
    view::add,
};

/// READ RECORD.
pub(super) fn read_record(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let (sfi, mode) = reference(command)?;
    let (id, ef) = target(card, sfi)?;
    card.permit(id, Operation::Read)?;
    let (number, pointer) = mode.resolve(ef, card.session.channel.record)?;
    let record = card.view().read_record(id, number)?.to_vec();
    let response = respond(command, record)?;
    card.session.channel.record = pointer;
    Ok(response)
}

/// UPDATE RECORD. A cyclic file is written with PREVIOUS only: the oldest record becomes the first.
pub(super) fn update_record(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let (sfi, mode) = reference(command)?;
    let (id, ef) = target(card, sfi)?;
    card.permit(id, Operation::Update)?;
    let (number, pointer) = match ef.structure {
        Structure::Cyclic { .. } if matches!(mode, Mode::Previous) => (1, Some(1)),
        Structure::Cyclic { .. } => return Err(Status::INCOMPATIBLE_WITH_FILE_STRUCTURE),
        Structure::LinearFixed { .. } | Structure::Transparent | Structure::BerTlv => {
            mode.resolve(ef, card.session.channel.record)?
        }
    };
    card.view().update_record(id, number, command.data)?;
    card.updated(id, FilePart::Record(number));
    card.session.channel.record = pointer;
    Ok(Status::NORMAL.into())
}

/// INCREASE: the value in the latest record and the one in the data field make that of a new record.
pub(super) fn increase(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let sfi = match command.p1 {
        0x00 => None,
        0x81..=0x9E => Some(command.p1 & 0x1F),
        _ => return Err(Status::INCORRECT_P1_P2),
    };
    if command.p2 != 0 {
        return Err(Status::INCORRECT_P1_P2);
    }
    let (id, ef) = target(card, sfi)?;
    let Structure::Cyclic { record: length } = ef.structure else {
        return Err(Status::INCOMPATIBLE_WITH_FILE_STRUCTURE);
    };
    card.permit(id, Operation::Increase)?;
    let added = command.data;
    if added.is_empty() || added.len() > length.into() {
        return Err(Status::WRONG_LENGTH);
    }
    let mut record = card.view().read_record(id, 1)?.to_vec();
    add(&mut record, added).ok_or(Status::INCREASE_MAXIMUM)?;
    let response = respond(command, [&record, added].concat())?;
    card.view().update_record(id, 1, &record)?;
    card.updated(id, FilePart::Record(1));
    card.session.channel.record = Some(1);
    Ok(response)
}

/// How a record is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Next,
    Previous,
    Current,
    Absolute(u8),
}

/// Short file identifier, if P2 has one, and how the record is named.
fn reference(command: &Command<'_>) -> Result<(Option<u8>, Mode), Status> {
    let sfi = match command.p2 >> 3 {
        0 => None,
        0x1F => return Err(Status::INCORRECT_P1_P2),
        sfi => Some(sfi),
    };
    let mode = match (command.p2 & 0x07, command.p1) {
        (2, 0) => Mode::Next,
        (3, 0) => Mode::Previous,
        (4, 0) => Mode::Current,
        (4, number) => Mode::Absolute(number),
        _ => return Err(Status::INCORRECT_P1_P2),
    };
    Ok((sfi, mode))
}

impl Mode {
    /// The number of the record, and the record pointer afterwards.
    pub fn resolve(self, ef: &Elementary, pointer: Option<u8>) -> Result<(u8, Option<u8>), Status> {
        ef.record_length().ok_or(Status::INCOMPATIBLE_WITH_FILE_STRUCTURE)?;
        let last = ef.record_count();
        let is_cyclic = matches!(ef.structure, Structure::Cyclic { .. });
        let number = match (self, pointer) {
            (Self::Absolute(number), _) => return Ok((number, pointer)),
            (Self::Current, Some(current)) => current,
            (Self::Next, None) => 1,
            (Self::Previous, None) => last,
            (Self::Next, Some(current)) if current < last => current + 1,
            (Self::Next, Some(_)) if is_cyclic => 1,
            (Self::Previous, Some(current)) if current > 1 => current - 1,
            (Self::Previous, Some(_)) if is_cyclic => last,
            (Self::Current, None) | (Self::Next | Self::Previous, Some(_)) => {
                return Err(Status::RECORD_NOT_FOUND);
            }
        };
        Ok((number, Some(number)))
    }
}
