//! Command scripts and what is answered to them (TS 102 226 §5).

use alloc::vec::Vec;

use oxisim_apdu::{Class, Command, Instruction, Response, Status};
use oxisim_sms::packet::script::{
    BadFormat, Command as Object, CompactResponse, Length, Outcome, Script, ScriptResponse,
};
use oxisim_wire::Reader;

/// The response data were cut (TS 102 226 §5.1.1).
const CUT: Status = Status::MORE_DATA_AVAILABLE;

/// Who carries out the commands of a script.
pub(super) trait Executor {
    /// Carries out a command.
    fn execute(&mut self, command: &Command<'_>) -> Response;

    /// Whether the commands with this code get no data, so that P3 is Le.
    fn is_outgoing(&self, class: Class, instruction: Instruction) -> bool;
}

/// Carries out a script until a command fails; the answer has at most `room` octets.
///
/// Each command is atomic, the script is not: what was done before one fails lasts.
pub(super) fn run(executor: &mut impl Executor, script: &[u8], room: usize) -> Vec<u8> {
    match Script::decode(script) {
        Ok(script) => expanded(executor, &script, room),
        // Its tags are no class.
        Err(_) => compact(executor, script, room),
    }
}

/// The compact format: commands as over T=0, one after the other; their number, the last status word, and what the
/// last one has in response.
fn compact(executor: &mut impl Executor, script: &[u8], room: usize) -> Vec<u8> {
    const FRONT: usize = 3;
    let mut r = Reader::new(script);
    let mut executed = 0_u8;
    let mut last = Response::from(Status::NORMAL);
    while !r.is_empty() {
        last = match CompactCommand::read(&mut r, executor) {
            Some(command) => command.execute(executor),
            None => Status::WRONG_LENGTH.into(),
        };
        executed = executed.saturating_add(1);
        if !goes_on(last.status) {
            break;
        }
    }
    cut(&mut last, room.saturating_sub(FRONT));
    CompactResponse { executed, status: last.status.0.to_be_bytes(), data: last.data }.encode()
}

/// A command of five octets, and data if P3 is Lc.
struct CompactCommand<'a> {
    command: Command<'a>,
    /// P3, if it is Le.
    le: Option<u8>,
}

impl<'a> CompactCommand<'a> {
    fn read(r: &mut Reader<'a>, executor: &impl Executor) -> Option<Self> {
        let [class, instruction, p1, p2, p3] = r.array("command of a script").ok()?;
        let command = Command::new(Class(class), Instruction(instruction), p1, p2);
        if executor.is_outgoing(command.class, command.instruction) {
            return Some(Self { command, le: Some(p3) });
        }
        let data = r.take(p3.into(), "data of a command of a script").ok()?;
        Some(Self { command: command.data(data), le: None })
    }

    /// P3 `00` asks for all that there is, be it more than 256 octets (TS 102 226 §5.1.1).
    fn execute(self, executor: &mut impl Executor) -> Response {
        let Self { command, le } = self;
        let Some(le) = le else { return executor.execute(&command) };
        let all = match (le, command.class) {
            (0, Class::GSM) => 0x100,
            (0, _) => 0x1_0000,
            (le, _) => usize::from(le),
        };
        let response = executor.execute(&command.ne(all));
        match (le, response.status.sw1(), response.status.sw2()) {
            // It says how much there is.
            (0, 0x6C, length) | (0, 0x67, length @ 1..) => {
                let exact = if length == 0 { 0x100 } else { usize::from(length) };
                executor.execute(&command.ne(exact))
            }
            _ => response,
        }
    }
}

/// The expanded format: commands in objects; of each that has a response, and of the last one, response and status word.
/// What is neither a command nor understood ends the script.
fn expanded(executor: &mut impl Executor, script: &Script, room: usize) -> Vec<u8> {
    /// Octets of the answer besides the responses: the template, the number of commands or the end, and what can be
    /// wrong.
    const FRAME: usize = 3 + 4 + 3;
    /// Octets of a response besides its data: tag, length and status word.
    const OBJECT: usize = 2 + 2 + 2;
    let mut room = room.saturating_sub(FRAME);
    let mut answer = ScriptResponse { length: script.length, executed: 0, outcomes: Vec::new() };
    let mut fault = script.fault;
    let mut objects = script.commands.iter().peekable();
    while let Some(object) = objects.next() {
        let command = match object {
            Object::Apdu(octets) => Command::parse(octets).map_err(|_| BadFormat::WRONG_LENGTH),
            Object::ImmediateAction(_) | Object::ErrorAction(_) | Object::ScriptChaining(_) => {
                Err(BadFormat::UNKNOWN_TAG)
            }
        };
        let command = match command {
            Ok(command) => command,
            Err(wrong) => {
                fault = Some(wrong);
                break;
            }
        };
        let mut response = executor.execute(&command);
        answer.executed = answer.executed.saturating_add(1);
        let has_failed = !goes_on(response.status);
        if has_failed {
            // What comes behind is not looked at.
            fault = None;
        }
        let is_last = has_failed || objects.peek().is_none();
        let is_told = script.length == Length::Indefinite || is_last || command.ne.is_some();
        // There is to be room for the last one.
        let kept = if is_last { OBJECT } else { 2 * OBJECT };
        if is_told && room >= kept {
            cut(&mut response, room - kept);
            room -= OBJECT + response.data.len();
            let Response { data, status } = response;
            answer.outcomes.push(Outcome::Apdu { data, status: status.0.to_be_bytes() });
        }
        if has_failed {
            break;
        }
    }
    answer.outcomes.extend(fault.map(Outcome::BadFormat));
    answer.encode()
}

/// Whether the next command is carried out after one that has ended so.
const fn goes_on(status: Status) -> bool {
    status.is_normal() || status.sw1() == 0x62
}

/// Cuts the data of a response to the room that there is.
fn cut(response: &mut Response, room: usize) {
    if response.data.len() > room {
        response.data.truncate(room);
        response.status = CUT;
    }
}
