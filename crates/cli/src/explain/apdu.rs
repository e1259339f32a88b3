//! Commands, responses, and what is in them.

use oxisim_apdu::{Command, Instruction, Response};
use oxisim_wire::Error;

use super::{
    card,
    explained::{Explained, Line, shifted},
    kind::Kind,
    one,
};

/// A command, with the message that it carries.
pub fn command(octets: &[u8], at: usize) -> Result<Explained, Error> {
    let command = Command::parse(octets).map_err(|error| shifted(error, at))?;
    let mut explained = Explained::of(Kind::Apdu, &command, command.to_bytes());
    if let Some(name) = command.instruction.name() {
        explained.name = name.replace('_', " ");
    }
    let inside = match command.instruction {
        Instruction::ENVELOPE => Some(Kind::Envelope),
        Instruction::TERMINAL_RESPONSE => Some(Kind::TerminalResponse),
        Instruction::TERMINAL_PROFILE => Some(Kind::TerminalProfile),
        _ => None,
    };
    let short = octets.get(4).is_some_and(|&first| first != 0);
    let data = at + if short { 5 } else { 7 };
    for (i, name) in ["CLA", "INS", "P1", "P2", "Lc"].into_iter().enumerate() {
        place(&mut explained, name, at + i);
    }
    place(&mut explained, "data", data);
    if let (Some(kind), Some(line)) = (inside, explained.field_mut("data")) {
        line.inside = Some(one(kind, None, command.data, data).map(Box::new));
    }
    Ok(explained)
}

/// A response, with the message that it looks like.
pub fn response(octets: &[u8], at: usize, file: Option<&str>) -> Result<Explained, Error> {
    let response = Response::from_bytes(octets).map_err(|error| shifted(error, at))?;
    let kind = if file.is_some() { Some(Kind::File) } else { message(&response.data) };
    Ok(with_message(&response, kind, at, file))
}

/// A command and its response, in which is what the command asked for.
pub fn pair(command: &[u8], answer: &[u8], file: Option<&str>) -> Result<Explained, Error> {
    let first = self::command(command, 0)?;
    let at = command.len();
    let response = Response::from_bytes(answer).map_err(|error| shifted(error, at))?;
    let asked = Command::parse(command)?;
    let kind = match asked.instruction {
        Instruction::FETCH => Some(Kind::ProactiveCommand),
        Instruction::READ_BINARY | Instruction::READ_RECORD => file.map(|_| Kind::File),
        Instruction::SELECT | Instruction::STATUS | Instruction::GET_RESPONSE => message(&response.data),
        Instruction::ENVELOPE => asked_of_control(asked.data),
        _ => None,
    };
    let second = with_message(&response, kind, at, file);
    let reencoded = [first.reencoded.clone(), second.reencoded.clone()].concat();
    let (name, spec) = (first.name.clone(), first.spec.clone());
    let line = |field: &str, explained: Explained, at| Line {
        at: Some(at),
        field: field.into(),
        name: None,
        tag: None,
        spec: None,
        value: oxisim_wire::Shown::Octets(explained.reencoded.clone()),
        inside: Some(Ok(Box::new(explained))),
    };
    let fields = vec![line("command", first, 0), line("response", second, at)];
    Ok(Explained { kind: Kind::Pair, name, spec, fields, reencoded })
}

/// What the answer to an envelope is that asks for control.
fn asked_of_control(envelope: &[u8]) -> Option<Kind> {
    match envelope.first() {
        Some(0xD4) => Some(Kind::CallControlAnswer),
        Some(0xD5) => Some(Kind::MoSmsControlAnswer),
        _ => None,
    }
}

/// What the data of a response says by itself what it is.
fn message(data: &[u8]) -> Option<Kind> {
    match data {
        [0xD0, ..] => Some(Kind::ProactiveCommand),
        [0x62, ..] => Some(Kind::Fcp),
        [0x6F, ..] => Some(Kind::BerTlv),
        _ if card::is_header(data) => Some(Kind::GsmHeader),
        _ => None,
    }
}

fn with_message(response: &Response, kind: Option<Kind>, at: usize, file: Option<&str>) -> Explained {
    let mut explained = Explained::of(Kind::Response, response, response.to_bytes());
    place(&mut explained, "data", at);
    place(&mut explained, "status word", at + response.data.len());
    if let (Some(kind), Some(line)) = (kind, explained.field_mut("data")) {
        line.inside = Some(one(kind, file, &response.data, at).map(Box::new));
    }
    explained
}

fn place(explained: &mut Explained, field: &str, at: usize) {
    if let Some(line) = explained.field_mut(field) {
        line.at = Some(at);
    }
}
