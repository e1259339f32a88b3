//! The commands of a SIM of GSM: class `A0` (TS 51.011 §8, §9.2), a file for each family.
//!
//! They work on the basic channel, with the same files, keys and toolkit as the commands of TS 102 221. A function
//! here may end with a status word of that standard: [`translate`] says how TS 51.011 §9.4 calls it.

mod algorithm;
mod chv;
mod invalidation;
mod records;
mod select;
mod toolkit;
mod transparent;

use alloc::vec::Vec;

use oxisim_apdu::{Command, Instruction, Response, Status};

use super::{Waiting, administration, toolkit as uicc};
use crate::{
    card::Powered,
    channel::Channel,
    file::{Elementary, FileId},
};

/// Which way the data of a command goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Data {
    /// There is none, and P3 is `00`.
    None,
    /// To the SIM.
    In,
    /// From the SIM: P3 says how many octets, `00` for 256.
    Out,
    /// To the SIM, and the response from it with GET RESPONSE, if there is one.
    InOut,
}

type Function = fn(&mut Powered<'_>, &Command<'_>) -> Result<Response, Status>;

/// Every instruction of class `A0`.
const fn function(instruction: Instruction) -> Option<(Data, Function)> {
    Some(match instruction {
        Instruction::SELECT => (Data::InOut, select::select),
        Instruction::STATUS => (Data::Out, select::status),
        Instruction::READ_BINARY => (Data::Out, transparent::read_binary),
        Instruction::UPDATE_BINARY => (Data::In, transparent::update_binary),
        Instruction::READ_RECORD => (Data::Out, records::read_record),
        Instruction::UPDATE_RECORD => (Data::In, records::update_record),
        Instruction::SEARCH_RECORD => (Data::InOut, records::seek),
        Instruction::INCREASE => (Data::InOut, records::increase),
        Instruction::VERIFY => (Data::In, chv::verify),
        Instruction::CHANGE_PIN => (Data::In, chv::change),
        Instruction::DISABLE_PIN => (Data::In, chv::disable),
        Instruction::ENABLE_PIN => (Data::In, chv::enable),
        Instruction::UNBLOCK_PIN => (Data::In, chv::unblock),
        Instruction::DEACTIVATE_FILE => (Data::None, invalidation::invalidate),
        Instruction::ACTIVATE_FILE => (Data::None, invalidation::rehabilitate),
        Instruction::AUTHENTICATE => (Data::InOut, algorithm::run_gsm_algorithm),
        Instruction::SLEEP => (Data::None, sleep),
        Instruction::GET_RESPONSE => (Data::Out, select::get_response),
        Instruction::TERMINAL_PROFILE => (Data::In, uicc::terminal_profile),
        Instruction::ENVELOPE => (Data::InOut, toolkit::envelope),
        Instruction::FETCH => (Data::Out, toolkit::fetch),
        Instruction::TERMINAL_RESPONSE => (Data::In, uicc::terminal_response),
        _ => return None,
    })
}

/// Carries a command out.
pub(super) fn execute(
    card: &mut Powered<'_>,
    command: &Command<'_>,
    waiting: Waiting,
) -> Result<Response, Status> {
    let (data, function) = prepare(card, command, waiting)?;
    (card.session.channel, card.session.number) = (card.session.channels.get(0)?, 0);
    card.deselect();
    leave_application(card);
    let application = card.session.channel.application;
    let answer = function(card, command);
    card.session.channels.put(0, card.session.channel);
    card.forget_unused(application);
    let response = answer.map_err(translate)?;
    Ok(if data == Data::InOut { offer(card, command, response) } else { response })
}

/// Carries out a command of a script, in the session that the card has given it.
pub(super) fn execute_script(
    card: &mut Powered<'_>,
    command: &Command<'_>,
    waiting: Waiting,
) -> Result<Response, Status> {
    let (data, function) = prepare(card, command, waiting)?;
    leave_application(card);
    let response = function(card, command).map_err(translate)?;
    Ok(if data == Data::InOut { offer(card, command, response) } else { response })
}

/// What carries a command out, which has got back what waits for it.
fn prepare(
    card: &mut Powered<'_>,
    command: &Command<'_>,
    waiting: Waiting,
) -> Result<(Data, Function), Status> {
    let (data, function) = function(command.instruction).ok_or(Status::INSTRUCTION_NOT_SUPPORTED)?;
    data.check(command)?;
    administration::check_usage(card, command.instruction).map_err(translate)?;
    if command.instruction == Instruction::GET_RESPONSE {
        card.session.waiting = waiting;
    }
    Ok((data, function))
}

/// No application of a UICC is there for class `A0`, and no applet to select.
fn leave_application(card: &mut Powered<'_>) {
    if card.files.application_of(card.session.channel.directory).is_some() {
        card.session.channel = Channel::after_reset();
    }
}

/// SLEEP, which nothing is left of (TS 51.011 §9.2.17).
fn sleep(_: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    check_parameters(command)?;
    Ok(Status::NORMAL.into())
}

impl Data {
    /// Refuses data where there is none, and more than P3 can say.
    fn check(self, command: &Command<'_>) -> Result<(), Status> {
        const ALL: usize = 0x100;
        let is_right = match self {
            // A header of five octets that ends with `00` is an APDU with Le.
            Self::None => command.data.is_empty() && matches!(command.ne, None | Some(ALL)),
            Self::Out => command.data.is_empty() && command.ne.is_none_or(|ne| ne <= ALL),
            Self::In | Self::InOut => command.data.len() < ALL,
        };
        if is_right { Ok(()) } else { Err(Status::WRONG_LENGTH) }
    }
}

/// The response to a command with data. The terminal is told of it and asks with GET RESPONSE; one that has said in
/// Le how much it takes gets so much at once.
fn offer(card: &mut Powered<'_>, command: &Command<'_>, mut response: Response) -> Response {
    let length = response.data.len();
    let is_error = response.status == Status::WARNING_UNCHANGED;
    match command.ne {
        _ if length == 0 && is_error => return Status::TECHNICAL_PROBLEM.into(),
        _ if length == 0 => {}
        Some(ne) if !is_error => response.data.truncate(ne),
        _ => {
            card.session.waiting = Waiting::Gsm(response.data);
            let tell = if is_error { Status::data_download_error } else { Status::gsm_response_available };
            return tell(length.min(0x100)).into();
        }
    }
    response
}

/// The status word of TS 51.011 §9.4 for one of TS 102 221 §10.2.1.
const fn translate(status: Status) -> Status {
    match status {
        Status::MEMORY_PROBLEM => Status::GSM_MEMORY_PROBLEM,
        Status::NO_EF_SELECTED => Status::GSM_NO_EF_SELECTED,
        Status::RECORD_NOT_FOUND => Status::OUT_OF_RANGE,
        Status::FILE_NOT_FOUND => Status::GSM_NOT_FOUND,
        Status::INCOMPATIBLE_WITH_FILE_STRUCTURE => Status::FILE_INCONSISTENT,
        Status::REFERENCED_DATA_NOT_FOUND => Status::CHV_NOT_INITIALISED,
        Status::SECURITY_STATUS_NOT_SATISFIED => Status::ACCESS_NOT_FULFILLED,
        Status::REFERENCED_DATA_INVALIDATED => Status::INVALIDATION_CONTRADICTION,
        Status::AUTHENTICATION_BLOCKED | Status(0x63C0) => Status::CHV_BLOCKED,
        Status::INCORRECT_P1_P2 => Status::WRONG_P1_P2,
        status => match status.sw1() {
            0x63 => Status::ACCESS_NOT_FULFILLED,
            0x67 | 0x6B | 0x6D | 0x6E | 0x6F | 0x90..=0x9F => status,
            0x6C => Status(0x6700 | status.sw2() as u16),
            _ => Status::TECHNICAL_PROBLEM,
        },
    }
}

/// How many octets the terminal wants of a command that has a response only.
fn wanted(command: &Command<'_>) -> usize {
    command.ne.unwrap_or(0x100)
}

/// The first octets of `data`, as many as the terminal wants; not more than there are.
fn first(command: &Command<'_>, mut data: Vec<u8>) -> Result<Response, Status> {
    if wanted(command) > data.len() {
        return Err(Status::right_length(data.len()));
    }
    data.truncate(wanted(command));
    Ok(Response::normal(data))
}

/// P1 and P2 of a command that has no parameters.
const fn check_parameters(command: &Command<'_>) -> Result<(), Status> {
    if command.p1 == 0 && command.p2 == 0 { Ok(()) } else { Err(Status::WRONG_P1_P2) }
}

/// The data field, which has to be `N` octets.
fn data<const N: usize>(command: &Command<'_>) -> Result<[u8; N], Status> {
    command.data.try_into().map_err(|_| Status::right_length(N))
}

/// The current EF.
fn current<'a>(card: &Powered<'a>) -> Result<(FileId, &'a Elementary), Status> {
    let id = card.session.channel.ef.ok_or(Status::GSM_NO_EF_SELECTED)?;
    Ok((id, card.files.elementary(id).ok_or(Status::GSM_NO_EF_SELECTED)?))
}
