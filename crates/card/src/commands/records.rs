//! READ RECORD and UPDATE RECORD (TS 102 221 §11.1.5, §11.1.6).

use oxisim_apdu::{Command, Response, Status};

use super::{permit, respond, target};
use crate::{
    card::Powered,
    file::{Elementary, Structure},
};

/// READ RECORD.
pub(super) fn read_record(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let (sfi, mode) = reference(command)?;
    let (id, ef) = target(card, sfi)?;
    permit(ef.rule.read)?;
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
    permit(ef.rule.update)?;
    let (number, pointer) = match ef.structure {
        Structure::Cyclic { .. } if matches!(mode, Mode::Previous) => (1, Some(1)),
        Structure::Cyclic { .. } => return Err(Status::INCOMPATIBLE_WITH_FILE_STRUCTURE),
        Structure::LinearFixed { .. } | Structure::Transparent => {
            mode.resolve(ef, card.session.channel.record)?
        }
    };
    card.view().update_record(id, number, command.data)?;
    card.session.channel.record = pointer;
    Ok(Status::NORMAL.into())
}

/// How a record is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
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
    fn resolve(self, ef: &Elementary, pointer: Option<u8>) -> Result<(u8, Option<u8>), Status> {
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
