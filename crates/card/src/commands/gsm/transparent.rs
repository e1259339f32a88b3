//! READ BINARY and UPDATE BINARY (TS 51.011 §8.3, §8.4, §9.2.3, §9.2.4).

use oxisim_apdu::{Command, Response, Status};

use super::{current, wanted};
use crate::{
    access::Operation,
    applet::FilePart,
    card::Powered,
    file::{FileId, Structure},
};

/// READ BINARY.
pub(super) fn read_binary(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let length = wanted(command);
    let (id, offset) = place(card, command, Operation::Read, length)?;
    Ok(Response::normal(card.view().read_binary(id, offset, length)?.to_vec()))
}

/// UPDATE BINARY.
pub(super) fn update_binary(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    if command.data.is_empty() {
        return Err(Status::WRONG_LENGTH);
    }
    let (id, offset) = place(card, command, Operation::Update, command.data.len())?;
    card.view().update_binary(id, offset, command.data)?;
    card.updated(id, FilePart::Octets { offset, length: command.data.len() });
    Ok(Status::NORMAL.into())
}

/// The current EF, if it may be read or written and has `length` octets at the offset of P1 and P2.
fn place(
    card: &Powered<'_>,
    command: &Command<'_>,
    operation: Operation,
    length: usize,
) -> Result<(FileId, usize), Status> {
    let offset = usize::from(u16::from_be_bytes([command.p1, command.p2]));
    let (id, ef) = current(card)?;
    if ef.structure != Structure::Transparent {
        return Err(Status::FILE_INCONSISTENT);
    }
    card.permit(id, operation)?;
    match ef.size.checked_sub(offset) {
        None | Some(0) => Err(Status::OUT_OF_RANGE),
        Some(rest) if length > rest => Err(Status::right_length(rest)),
        Some(_) => Ok((id, offset)),
    }
}
