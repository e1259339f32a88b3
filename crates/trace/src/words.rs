//! Octets in words: a line for each thing that passed.

use oxisim_apdu::{Class, Command, Instruction, Response, Status};
use oxisim_sms::{
    Alphabet, UserData, rp,
    tpdu::{MobileOriginated, MobileTerminated},
};
use oxisim_toolkit::{
    Command as ProactiveCommand, CommandType, Envelope, Proactive, TerminalResponse, objects::alpha_text,
};
use oxisim_wire::Wire;

use crate::{Party, What, smpp::Header};

/// What passed, in a line; `file` is the name of the file that it is about.
pub fn of(what: &What, file: Option<&str>) -> String {
    visible(&said(what, file))
}

/// A trace comes from anywhere: what would move a terminal's cursor, or turn its letters around, is shown as its number.
fn visible(text: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) { visible.extend(c.escape_unicode()) } else { visible.push(c) }
    }
    visible
}

fn said(what: &What, file: Option<&str>) -> String {
    match what {
        What::Start { clock, program } => format!("{program} begins to record, {} time", clock.word()),
        What::Reset { answer } => format!("reset -> ATR {}", octets(answer)),
        What::PowerOff => "power off".into(),
        What::Exchange { command, response, .. } => {
            let file = file.map(|file| format!(" ({file})")).unwrap_or_default();
            format!("{}{file} -> {}", self::command(command), self::response(command, response))
        }
        What::Broken { command, reason } if command.is_empty() => format!("reset -> no answer: {reason}"),
        What::Broken { command, reason } => format!("{} -> no answer: {reason}", self::command(command)),
        What::Tpdu { from, tpdu } => self::tpdu(*from, tpdu),
        What::UserData { from, octets, .. } => {
            let to = if *from == Party::Server { Party::Centre } else { Party::Server };
            format!("user data for the {}, {}", to.word(), count(octets.len()))
        }
        What::Rpdu { phone, rpdu, .. } => format!("phone {phone}: {}", self::rpdu(rpdu)),
        What::Pdu { peer, pdu, .. } => format!("{peer}: {}", self::pdu(pdu)),
        What::Event { text, .. } => text.clone(),
        What::Other(object) => format!("not known here: {}", serde_json::Value::Object(object.clone())),
    }
}

/// A command: its name, and what a person wants to know of it.
fn command(octets: &[u8]) -> String {
    let Ok(command) = Command::parse(octets) else { return format!("no APDU: {}", self::octets(octets)) };
    let Command { p1, p2, data, .. } = command;
    let name = match command.instruction.name() {
        Some(name) => name.replace('_', " "),
        None => format!("{:02X}{:02X}{p1:02X}{p2:02X}", command.class.0, command.instruction.0),
    };
    let about = match command.instruction {
        Instruction::SELECT if p1 == 0x04 => format!(" AID {}", self::octets(data)),
        Instruction::SELECT | Instruction::AUTHENTICATE => format!(" {}", self::octets(data)),
        Instruction::READ_RECORD | Instruction::UPDATE_RECORD => format!(" {p1}"),
        Instruction::READ_BINARY | Instruction::UPDATE_BINARY if p1 & 0x80 == 0 => {
            match u16::from_be_bytes([p1, p2]) {
                0 => String::new(),
                offset => format!(" at {offset}"),
            }
        }
        Instruction::READ_BINARY | Instruction::UPDATE_BINARY => format!(" of SFI {:02X}", p1 & 0x1F),
        Instruction::VERIFY
        | Instruction::CHANGE_PIN
        | Instruction::DISABLE_PIN
        | Instruction::ENABLE_PIN
        | Instruction::UNBLOCK_PIN => format!(" of key {p2:02X}"),
        Instruction::ENVELOPE => match Envelope::read(data) {
            Ok((envelope, _)) => format!(" {}", envelope.text()),
            Err(_) => format!(" {}", self::octets(data)),
        },
        Instruction::TERMINAL_RESPONSE => match TerminalResponse::decode(data) {
            Ok(response) => format!(" to {}: {}", response.details.kind.text(), result(&response)),
            Err(_) => format!(" {}", self::octets(data)),
        },
        Instruction::TERMINAL_PROFILE => format!(", {}", count(data.len())),
        _ => String::new(),
    };
    let channel = match command.class {
        Class(0xA0) => String::new(),
        class => match class.channel() {
            None | Some(0) => String::new(),
            Some(channel) => format!(" on channel {channel}"),
        },
    };
    format!("{name}{about}{channel}")
}

fn result(response: &TerminalResponse) -> String {
    let general = response.result.general;
    let name = general.name().map(|name| name.replace('_', " ").to_lowercase());
    name.unwrap_or_else(|| format!("result {:02X}", general.0))
}

/// A response: what it brings, and its status word.
fn response(command: &[u8], octets: &[u8]) -> String {
    let Ok(Response { data, status }) = Response::from_bytes(octets) else {
        return format!("no status word: {}", self::octets(octets));
    };
    let is_fetch = command.get(1) == Some(&Instruction::FETCH.0);
    match ProactiveCommand::decode(&data) {
        Ok(command) if is_fetch => format!("{}; {}", proactive(&command), self::status(status)),
        _ if data.is_empty() => self::status(status),
        _ => format!("{}; {}", self::octets(&data), self::status(status)),
    }
}

/// A status word, with what it means unless everybody knows.
fn status(status: Status) -> String {
    let waits = |what: &str, length| format!("{:04X} {what} waits, {}", status.0, count(length));
    match (status.proactive_length(), status.sw1()) {
        _ if status == Status::NORMAL => "9000".into(),
        (Some(length), _) => waits("a proactive command", length),
        (_, 0x61 | 0x9F) => waits("the response", status.sw2().into()),
        _ => status.to_string(),
    }
}

/// A proactive command: its name, and what a person wants to know of it.
fn proactive(command: &ProactiveCommand) -> String {
    let name = command.details.kind.text();
    let items = |items: &[oxisim_toolkit::objects::Item]| {
        let items = items.iter().filter_map(|item| Some((item.identifier?, alpha_text(&item.text))));
        items.map(|(identifier, text)| format!("{identifier} {text:?}")).collect::<Vec<_>>().join(", ")
    };
    let about = match &command.body {
        Proactive::DisplayText(body) => format!(" {:?}", body.text.to_text()),
        Proactive::GetInkey(body) => format!(" {:?}", body.text.to_text()),
        Proactive::GetInput(body) => format!(" {:?}", body.text.to_text()),
        Proactive::SendUssd(body) => format!(" {:?}", body.string.text().to_text()),
        Proactive::SetUpIdleModeText(body) => format!(" {:?}", body.text.to_text()),
        Proactive::SetUpMenu(body) => {
            format!(" {:?}: {}", alpha_text(&body.title.text), items(&body.items))
        }
        Proactive::SelectItem(body) => {
            let title = body.title.as_ref().map(|title| alpha_text(&title.text)).unwrap_or_default();
            format!(" {title:?}: {}", items(&body.items))
        }
        Proactive::PollInterval(body) => format!(" {}", body.interval.duration()),
        Proactive::TimerManagement(body) => {
            let value = body.value.as_ref().map(|value| format!(", {}", value.duration()));
            format!(" timer {}{}", body.timer.identifier, value.unwrap_or_default())
        }
        Proactive::SendShortMessage(body) => format!(" {}", tpdu(Party::Phone, &body.tpdu.tpdu)),
        _ => String::new(),
    };
    format!("{name}{about}")
}

/// For whom the card waits after a proactive command, if it is not for the phone alone (TS 102 223 §6.4).
#[must_use]
pub fn awaited(kind: CommandType) -> &'static str {
    match kind {
        CommandType::DISPLAY_TEXT
        | CommandType::GET_INKEY
        | CommandType::GET_INPUT
        | CommandType::SELECT_ITEM => "the user",
        CommandType::SET_UP_CALL => "the user and the network",
        CommandType::SEND_SHORT_MESSAGE
        | CommandType::SEND_SS
        | CommandType::SEND_USSD
        | CommandType::SEND_DTMF
        | CommandType::OPEN_CHANNEL
        | CommandType::CLOSE_CHANNEL
        | CommandType::RETRIEVE_MULTIMEDIA_MESSAGE
        | CommandType::SUBMIT_MULTIMEDIA_MESSAGE => "the network",
        _ => "the phone",
    }
}

/// A TPDU: what it is, to or from whom, and its text or how long it is.
fn tpdu(from: Party, octets: &[u8]) -> String {
    let unreadable = || format!("TPDU {}", self::octets(octets));
    if from == Party::Phone {
        return match MobileOriginated::decode(octets, "TPDU") {
            Ok(MobileOriginated::Submit(submit)) => {
                format!("SMS-SUBMIT to {}, {}", submit.destination, user_data(&submit.user_data))
            }
            Ok(MobileOriginated::DeliverReport(report)) => match report.cause {
                None => "SMS-DELIVER-REPORT: taken".into(),
                Some(cause) => format!("SMS-DELIVER-REPORT: not taken, TP-FCS {:02X}", cause.0),
            },
            Ok(MobileOriginated::Command(command)) => format!("SMS-COMMAND to {}", command.destination),
            Err(_) => unreadable(),
        };
    }
    match MobileTerminated::decode(octets, "TPDU") {
        Ok(MobileTerminated::Deliver(deliver)) => {
            format!("SMS-DELIVER from {}, {}", deliver.originator, user_data(&deliver.user_data))
        }
        Ok(MobileTerminated::SubmitReport(report)) => match report.cause {
            None => "SMS-SUBMIT-REPORT: taken".into(),
            Some(cause) => format!("SMS-SUBMIT-REPORT: not taken, TP-FCS {:02X}", cause.0),
        },
        Ok(MobileTerminated::StatusReport(report)) => {
            format!("SMS-STATUS-REPORT of {}, TP-ST {:02X}", report.recipient, report.status.0)
        }
        Err(_) => unreadable(),
    }
}

/// An RPDU: what it is, and the TPDU in it.
fn rpdu(octets: &[u8]) -> String {
    // Bit 1 of the message type says who sends it (TS 24.011 §8.2.2).
    let (name, from, reference, tpdu) = match octets.first().map(|kind| kind & 1) {
        Some(0) => match rp::MobileOriginated::decode(octets, "RPDU") {
            Ok(rp::MobileOriginated::Data(data)) => {
                ("RP-DATA", Party::Phone, data.reference, Some(data.tpdu))
            }
            Ok(rp::MobileOriginated::Ack(ack)) => ("RP-ACK", Party::Phone, ack.reference, ack.tpdu),
            Ok(rp::MobileOriginated::Error(error)) => ("RP-ERROR", Party::Phone, error.reference, error.tpdu),
            Ok(rp::MobileOriginated::MemoryAvailable { reference }) => {
                ("RP-SMMA", Party::Phone, reference, None)
            }
            Err(_) => return format!("RPDU {}", self::octets(octets)),
        },
        _ => match rp::MobileTerminated::decode(octets, "RPDU") {
            Ok(rp::MobileTerminated::Data(data)) => {
                ("RP-DATA", Party::Centre, data.reference, Some(data.tpdu))
            }
            Ok(rp::MobileTerminated::Ack(ack)) => ("RP-ACK", Party::Centre, ack.reference, ack.tpdu),
            Ok(rp::MobileTerminated::Error(error)) => {
                ("RP-ERROR", Party::Centre, error.reference, error.tpdu)
            }
            Err(_) => return format!("RPDU {}", self::octets(octets)),
        },
    };
    let tpdu = tpdu.map(|tpdu| format!(": {}", self::tpdu(from, &tpdu))).unwrap_or_default();
    format!("{name} {reference}{tpdu}")
}

/// A PDU of SMPP: what it is, its number, how long it is, or why it is refused.
fn pdu(octets: &[u8]) -> String {
    let Ok(header) = Header::read(octets) else { return format!("PDU {}", self::octets(octets)) };
    let status = if header.status == 0 { String::new() } else { format!(", status {:08X}", header.status) };
    format!("{} {}, {}{status}", header.name(), header.sequence, count(octets.len()))
}

fn user_data(user_data: &UserData) -> String {
    if user_data.coding().alphabet() == Alphabet::EightBit {
        count(user_data.octets())
    } else {
        format!("{:?}", user_data.text())
    }
}

fn count(octets: usize) -> String {
    format!("{octets} octet{}", if octets == 1 { "" } else { "s" })
}

/// Octets, the first of them if they are many.
fn octets(octets: &[u8]) -> String {
    const SHOWN: usize = 16;
    match octets.get(..SHOWN) {
        Some(first) if octets.len() > SHOWN + 4 => {
            format!("{}.. ({})", hex::encode_upper(first), count(octets.len()))
        }
        _ => hex::encode_upper(octets),
    }
}

/// Two strings of octets beneath each other, and marks beneath those that differ.
#[must_use]
pub fn marked(expected: &[u8], got: &[u8]) -> [String; 3] {
    let spaced =
        |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(" ");
    let marks: String = (0..expected.len().max(got.len()))
        .map(|at| if expected.get(at) == got.get(at) { "   " } else { "^^ " })
        .collect();
    [spaced(expected), spaced(got), marks].map(|line| line.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_trace_moves_the_cursor_of_a_terminal() {
        let evil = "a\u{1B}[31m\n\u{9B}\u{202E}é";
        let shown = "a\\u{1b}[31m\\u{a}\\u{9b}\\u{202e}é";
        let whats = [
            What::Broken { command: Vec::new(), reason: evil.into() },
            What::Event { who: Party::Server, text: evil.into() },
            What::Pdu { from: Party::Server, peer: evil.into(), pdu: Vec::new() },
            What::Rpdu { from: Party::Phone, phone: evil.into(), rpdu: Vec::new() },
        ];
        for what in whats {
            assert!(of(&what, None).contains(shown), "{}", of(&what, None));
        }
        let member = serde_json::Map::from_iter([("\u{7F}".to_owned(), evil.into())]);
        assert!(!of(&What::Other(member), None).contains(char::is_control));
    }
}
