//! The commands of TS 102 221 §11, a file for each family.

mod records;
mod select;
mod toolkit;
mod transparent;

use alloc::vec::Vec;

use oxisim_apdu::{Class, Command, Instruction, Response, SecureMessaging, Status};

use crate::{
    access::Access,
    card::Powered,
    file::{Elementary, FileId},
};

/// Which classes an instruction is defined in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    /// `0X`, `4X`, `6X`.
    Iso,
    /// `8X`, `CX`, `EX`.
    Etsi,
}

type Function = fn(&mut Powered<'_>, &Command<'_>) -> Result<Response, Status>;

/// Every instruction of this card.
const fn function(instruction: Instruction) -> Option<(Body, Function)> {
    Some(match instruction {
        Instruction::SELECT => (Body::Iso, select::select),
        Instruction::STATUS => (Body::Etsi, select::status),
        Instruction::READ_BINARY => (Body::Iso, transparent::read_binary),
        Instruction::UPDATE_BINARY => (Body::Iso, transparent::update_binary),
        Instruction::READ_RECORD => (Body::Iso, records::read_record),
        Instruction::UPDATE_RECORD => (Body::Iso, records::update_record),
        Instruction::TERMINAL_PROFILE => (Body::Etsi, toolkit::terminal_profile),
        Instruction::ENVELOPE => (Body::Etsi, toolkit::envelope),
        Instruction::FETCH => (Body::Etsi, toolkit::fetch),
        Instruction::TERMINAL_RESPONSE => (Body::Etsi, toolkit::terminal_response),
        _ => return None,
    })
}

/// Carries a command out.
pub(crate) fn execute(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let class = command.class;
    let channel = class.channel().ok_or(Status::CLASS_NOT_SUPPORTED)?;
    let (body, function) = function(command.instruction).ok_or(Status::INSTRUCTION_NOT_SUPPORTED)?;
    if (body == Body::Etsi) != class.is_proprietary() {
        return Err(Status::CLASS_NOT_SUPPORTED);
    }
    check_functions(class, channel)?;
    function(card, command)
}

/// Refuses what a class byte can ask for and this card does not have.
const fn check_functions(class: Class, channel: u8) -> Result<(), Status> {
    if !matches!(class.secure_messaging(), SecureMessaging::None) {
        return Err(Status::SECURE_MESSAGING_NOT_SUPPORTED);
    }
    if class.is_chained() {
        return Err(Status::CLA_FUNCTION_NOT_SUPPORTED);
    }
    if channel != 0 {
        return Err(Status::LOGICAL_CHANNEL_NOT_SUPPORTED);
    }
    Ok(())
}

/// The response with `data`, if the terminal gives it room: `6CXX` names the right Le.
fn respond(command: &Command<'_>, data: Vec<u8>) -> Result<Response, Status> {
    match command.ne {
        Some(ne) if ne < data.len() => Err(Status::exact_length(data.len())),
        _ => Ok(Response::normal(data)),
    }
}

/// Checks that `access` lets a file be read or written.
const fn permit(access: Access) -> Result<(), Status> {
    match access {
        Access::Always | Access::Pin => Ok(()),
        Access::Adm | Access::Never => Err(Status::SECURITY_STATUS_NOT_SATISFIED),
    }
}

/// The EF that a command means, by short file identifier or as the current one.
fn target<'a>(card: &mut Powered<'a>, sfi: Option<u8>) -> Result<(FileId, &'a Elementary), Status> {
    let id = card.session.channel.ef(card.files, sfi)?;
    Ok((id, card.files.elementary(id).ok_or(Status::NO_EF_SELECTED)?))
}
