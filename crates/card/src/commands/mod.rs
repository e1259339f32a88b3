//! The commands of TS 102 221 §11, a file for each family; those of class `A0` in [`gsm`].

mod administration;
mod applets;
mod authenticate;
mod channels;
mod data;
mod gsm;
mod life_cycle;
mod pin;
mod records;
mod response;
mod search;
mod select;
mod suspend;
mod terminal;
mod toolkit;
mod transparent;

use alloc::vec::Vec;
use core::mem;

use oxisim_apdu::{Class, Command, Instruction, Response, SecureMessaging, Status};

use crate::{
    card::Powered,
    file::{Elementary, FileId},
    image::Platform,
};

pub(crate) use data::Transfer;
pub(crate) use response::Waiting;
pub(crate) use suspend::Suspension;

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
        Instruction::SEARCH_RECORD => (Body::Iso, search::search_record),
        Instruction::INCREASE => (Body::Etsi, records::increase),
        Instruction::VERIFY => (Body::Iso, pin::verify),
        Instruction::CHANGE_PIN => (Body::Iso, pin::change),
        Instruction::DISABLE_PIN => (Body::Iso, pin::disable),
        Instruction::ENABLE_PIN => (Body::Iso, pin::enable),
        Instruction::UNBLOCK_PIN => (Body::Iso, pin::unblock),
        Instruction::DEACTIVATE_FILE => (Body::Iso, life_cycle::deactivate),
        Instruction::ACTIVATE_FILE => (Body::Iso, life_cycle::activate),
        Instruction::RETRIEVE_DATA => (Body::Etsi, data::retrieve),
        Instruction::SET_DATA => (Body::Etsi, data::set),
        Instruction::SUSPEND_UICC => (Body::Etsi, suspend::suspend),
        Instruction::MANAGE_CHANNEL => (Body::Iso, channels::manage_channel),
        Instruction::AUTHENTICATE => (Body::Iso, authenticate::authenticate),
        Instruction::GET_CHALLENGE => (Body::Iso, terminal::challenge),
        Instruction::TERMINAL_CAPABILITY => (Body::Etsi, terminal::capability),
        Instruction::TERMINAL_PROFILE => (Body::Etsi, toolkit::terminal_profile),
        Instruction::ENVELOPE => (Body::Etsi, toolkit::envelope),
        Instruction::CREATE_FILE => (Body::Iso, administration::create_file),
        Instruction::DELETE_FILE => (Body::Iso, administration::delete_file),
        Instruction::RESIZE_FILE => (Body::Etsi, administration::resize_file),
        Instruction::TERMINATE_DF => (Body::Iso, administration::terminate_df),
        Instruction::TERMINATE_EF => (Body::Iso, administration::terminate_ef),
        Instruction::TERMINATE_CARD_USAGE => (Body::Iso, administration::terminate_card_usage),
        Instruction::FETCH => (Body::Etsi, toolkit::fetch),
        Instruction::TERMINAL_RESPONSE => (Body::Etsi, toolkit::terminal_response),
        _ => return None,
    })
}

/// Answers an APDU; what is none has `6700`.
pub(crate) fn answer(card: &mut Powered<'_>, apdu: &[u8]) -> Response {
    let waiting = mem::take(&mut card.session.waiting);
    let Ok(command) = Command::parse(apdu) else {
        card.end_suspension();
        return Status::WRONG_LENGTH.into();
    };
    if !suspend::is_kept_through(&command) {
        card.end_suspension();
    }
    let is_gsm = command.class == Class::GSM;
    let answer = match card.platform {
        Platform::UiccWithSim | Platform::Sim if is_gsm => {
            return gsm::execute(card, &command, waiting).unwrap_or_else(Response::from);
        }
        Platform::Sim => Err(Status::CLASS_NOT_SUPPORTED),
        Platform::UiccWithSim | Platform::Uicc if command.instruction == Instruction::GET_RESPONSE => {
            response::get(waiting, &command)
        }
        Platform::UiccWithSim | Platform::Uicc => execute(card, &command),
    };
    response::deliver(&mut card.session.waiting, &command, answer.unwrap_or_else(Response::from))
}

/// Carries out a command of a script, in the session that the card has given it; any that is not for scripts has
/// `6D00` (TS 102 226 §7).
pub(crate) fn answer_script(card: &mut Powered<'_>, command: &Command<'_>) -> Response {
    let waiting = mem::take(&mut card.session.waiting);
    let is_gsm = command.class == Class::GSM;
    let answer = match card.platform {
        _ if !is_for_scripts(command.instruction) => Err(Status::INSTRUCTION_NOT_SUPPORTED),
        Platform::UiccWithSim | Platform::Sim if is_gsm => {
            return gsm::execute_script(card, command, waiting).unwrap_or_else(Response::from);
        }
        Platform::Sim => Err(Status::CLASS_NOT_SUPPORTED),
        Platform::UiccWithSim | Platform::Uicc => execute_script(card, command, waiting),
    };
    response::deliver(&mut card.session.waiting, command, answer.unwrap_or_else(Response::from))
}

fn execute_script(
    card: &mut Powered<'_>,
    command: &Command<'_>,
    waiting: Waiting,
) -> Result<Response, Status> {
    if command.class.channel() != Some(0) {
        return Err(Status::CLASS_NOT_SUPPORTED);
    }
    if command.instruction == Instruction::GET_RESPONSE {
        return response::get(waiting, command);
    }
    let (function, _) = prepare(card, command)?;
    // Applications are for the terminal to select.
    if command.instruction == Instruction::SELECT && command.p1 == select::BY_AID {
        return Err(Status::INCORRECT_P1_P2);
    }
    function(card, command)
}

/// Whether remote file management has an instruction (TS 102 226 §7.1).
const fn is_for_scripts(instruction: Instruction) -> bool {
    matches!(
        instruction,
        Instruction::SELECT
            | Instruction::READ_BINARY
            | Instruction::UPDATE_BINARY
            | Instruction::READ_RECORD
            | Instruction::UPDATE_RECORD
            | Instruction::SEARCH_RECORD
            | Instruction::INCREASE
            | Instruction::VERIFY
            | Instruction::CHANGE_PIN
            | Instruction::DISABLE_PIN
            | Instruction::ENABLE_PIN
            | Instruction::UNBLOCK_PIN
            | Instruction::DEACTIVATE_FILE
            | Instruction::ACTIVATE_FILE
            | Instruction::GET_RESPONSE
            | Instruction::CREATE_FILE
            | Instruction::DELETE_FILE
            | Instruction::RESIZE_FILE
            | Instruction::SET_DATA
            | Instruction::RETRIEVE_DATA
    )
}

/// Carries a command out.
fn execute(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    if let Some(answer) = applets::dispatch(card, command) {
        return answer;
    }
    let (function, channel) = prepare(card, command)?;
    card.session.channel = card.session.channels.get(channel)?;
    card.session.number = channel;
    let application = card.session.channel.application;
    let answer = function(card, command);
    card.session.channels.put(card.session.number, card.session.channel);
    card.forget_unused(application);
    answer
}

/// What carries a command out, and on which logical channel.
fn prepare(card: &Powered<'_>, command: &Command<'_>) -> Result<(Function, u8), Status> {
    let class = command.class;
    let channel = class.channel().ok_or(Status::CLASS_NOT_SUPPORTED)?;
    let (body, function) = function(command.instruction).ok_or(Status::INSTRUCTION_NOT_SUPPORTED)?;
    if (body == Body::Etsi) != class.is_proprietary() {
        return Err(Status::CLASS_NOT_SUPPORTED);
    }
    check_functions(class)?;
    administration::check_usage(card, command.instruction)?;
    if has_no_data(command.instruction) && !command.data.is_empty() {
        return Err(Status::WRONG_LENGTH);
    }
    Ok((function, channel))
}

/// Whether a command of the instruction has no data field (§11: Lc not present).
const fn has_no_data(instruction: Instruction) -> bool {
    matches!(
        instruction,
        Instruction::STATUS
            | Instruction::READ_BINARY
            | Instruction::READ_RECORD
            | Instruction::MANAGE_CHANNEL
            | Instruction::GET_CHALLENGE
            | Instruction::FETCH
    )
}

/// Refuses what a class byte can ask for and this card does not have.
const fn check_functions(class: Class) -> Result<(), Status> {
    if !matches!(class.secure_messaging(), SecureMessaging::None) {
        return Err(Status::SECURE_MESSAGING_NOT_SUPPORTED);
    }
    if class.is_chained() {
        return Err(Status::CLA_FUNCTION_NOT_SUPPORTED);
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

/// The EF that a command means, by short file identifier or as the current one.
fn target<'a>(card: &mut Powered<'a>, sfi: Option<u8>) -> Result<(FileId, &'a Elementary), Status> {
    if let Some(sfi) = sfi {
        let directory = card.session.channel.directory;
        let id = card.files.by_sfi(directory, sfi).ok_or(Status::FILE_NOT_FOUND)?;
        card.select(id)?;
    }
    let id = card.session.channel.ef.ok_or(Status::NO_EF_SELECTED)?;
    Ok((id, card.files.elementary(id).ok_or(Status::NO_EF_SELECTED)?))
}
