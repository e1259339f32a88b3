//! READ BINARY and UPDATE BINARY (TS 102 221 §11.1.3, §11.1.4).

use oxisim_apdu::{Command, Response, Status};

use super::target;
use crate::{access::Operation, applet::FilePart, card::Powered};

/// READ BINARY. Le `00` means whatever is left of the file, 256 octets at most.
pub(super) fn read_binary(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let (sfi, offset) = place(command)?;
    let (id, _) = target(card, sfi)?;
    card.permit(id, Operation::Read)?;
    let asked = command.ne.unwrap_or(ALL);
    let data = card.view().read_binary(id, offset, asked)?.to_vec();
    let short = data.len() < asked && asked != ALL && asked != ALL_EXTENDED;
    Ok(Response { data, status: if short { Status::END_OF_FILE } else { Status::NORMAL } })
}

/// UPDATE BINARY.
pub(super) fn update_binary(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let (sfi, offset) = place(command)?;
    if command.data.is_empty() {
        return Err(Status::WRONG_LENGTH);
    }
    let (id, _) = target(card, sfi)?;
    card.permit(id, Operation::Update)?;
    card.view().update_binary(id, offset, command.data)?;
    card.updated(id, FilePart::Octets { offset, length: command.data.len() });
    Ok(Status::NORMAL.into())
}

/// Ne when Le is `00`.
const ALL: usize = 0x100;
/// Ne when an extended Le is `0000`.
const ALL_EXTENDED: usize = 0x1_0000;

/// Short file identifier, if P1 has one, and offset.
fn place(command: &Command<'_>) -> Result<(Option<u8>, usize), Status> {
    match command.p1 {
        0x00..=0x7F => Ok((None, usize::from(u16::from_be_bytes([command.p1, command.p2])))),
        0x81..=0x9E => Ok((Some(command.p1 & 0x1F), command.p2.into())),
        _ => Err(Status::INCORRECT_P1_P2),
    }
}
