//! What octets can be, and which of it they are most likely.

use oxisim_apdu::{Atr, Command, Response};
use oxisim_toolkit::CallControlAnswer;
use oxisim_wire::{Reader, tlv};

use super::{bare, card, file, tpdu, user_data};

/// What octets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A command APDU.
    Apdu,
    /// A response APDU.
    Response,
    /// A command APDU and its response: `COMMAND -> RESPONSE`.
    Pair,
    /// A proactive command, as FETCH delivers it.
    ProactiveCommand,
    /// The data of TERMINAL RESPONSE.
    TerminalResponse,
    /// The data of ENVELOPE.
    Envelope,
    /// What the card answers to CALL CONTROL.
    CallControlAnswer,
    /// What the card answers to MO SHORT MESSAGE CONTROL.
    MoSmsControlAnswer,
    /// The data of TERMINAL PROFILE.
    TerminalProfile,
    /// A short message, in whichever direction, with or without a service centre's address before it.
    Tpdu,
    /// A short message from the mobile station.
    TpduMo,
    /// A short message to the mobile station.
    TpduMt,
    /// User data of 8 bits by themselves, with their header: of a secured packet.
    UserData,
    /// An answer to reset.
    Atr,
    /// An FCP template.
    Fcp,
    /// The header of a file, which a SIM of GSM answers SELECT with.
    GsmHeader,
    /// A record of `EF_ARR`.
    AccessRule,
    /// The contents of a file, or a record of it: `--file` says of which.
    File,
    /// COMPREHENSION-TLV objects by themselves, without their message.
    DataObject,
    /// BER-TLV objects, such as an FCI template.
    BerTlv,
}

/// Whether octets look like a kind.
type Guess = fn(&[u8]) -> bool;

impl Kind {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Apdu => "apdu",
            Self::Response => "response",
            Self::Pair => "pair",
            Self::ProactiveCommand => "proactive-command",
            Self::TerminalResponse => "terminal-response",
            Self::Envelope => "envelope",
            Self::CallControlAnswer => "call-control-answer",
            Self::MoSmsControlAnswer => "mo-sms-control-answer",
            Self::TerminalProfile => "terminal-profile",
            Self::Tpdu | Self::TpduMo | Self::TpduMt => "tpdu",
            Self::UserData => "user-data",
            Self::Atr => "atr",
            Self::Fcp => "fcp",
            Self::GsmHeader => "gsm-header",
            Self::AccessRule => "access-rule",
            Self::File => "file",
            Self::DataObject => "data-object",
            Self::BerTlv => "ber-tlv",
        }
    }

    /// What the octets look like; what is nothing of all that may still be a short message or a terminal profile.
    pub fn guess(octets: &[u8]) -> Option<Self> {
        Self::by_tag(octets).or_else(|| {
            let guesses: [(Self, Guess); 16] = [
                (Self::UserData, user_data::is_likely),
                (Self::Atr, |octets| matches!(octets, [0x3B | 0x3F, ..]) && Atr::parse(octets).is_ok()),
                (Self::Apdu, is_command),
                (Self::GsmHeader, card::is_header),
                (Self::Tpdu, tpdu::is_likely),
                (Self::CallControlAnswer, is_control_answer),
                (Self::Response, is_response),
                (Self::Atr, |octets| matches!(octets, [0x3B | 0x3F, _, _, _, ..])),
                (Self::DataObject, bare::are_data_objects),
                (Self::BerTlv, bare::is_known_ber),
                (Self::Tpdu, tpdu::is_possible),
                (Self::Apdu, |octets| octets.get(..4).is_some_and(is_command)),
                (Self::Apdu, is_command_of_another),
                (Self::UserData, user_data::is_begun),
                (Self::Tpdu, tpdu::is_begun),
                // Bit 1 of the first octet is the profile download itself (TS 102 223 §5.2).
                (Self::TerminalProfile, |octets| {
                    octets.len() > 1 && octets.first().is_some_and(|o| o & 1 != 0)
                }),
            ];
            guesses.into_iter().find(|(_, is)| is(octets)).map(|(kind, _)| kind)
        })
    }

    /// What begins with a tag of its own.
    fn by_tag(octets: &[u8]) -> Option<Self> {
        let kind = match *octets {
            [0xD0, ..] => Self::ProactiveCommand,
            [0xD1..=0xE5, ..] if fits(octets) => Self::Envelope,
            [0xD1..=0xDF, ..] if !is_response(octets) => Self::Envelope,
            [0x62, ..] => Self::Fcp,
            [0x6F, ..]
                if fits(octets) || octets.split_last_chunk::<2>().is_some_and(|(data, _)| fits(data)) =>
            {
                Self::BerTlv
            }
            [0x01 | 0x81, 3, _, _, _, 0x02 | 0x82, ..] => Self::TerminalResponse,
            [0x80 | 0x84, 1, _, 0x90 | 0x97 | 0x9E | 0xA0 | 0xA4 | 0xA7 | 0xAF, ..] => Self::AccessRule,
            [0x61 | 0xA8..=0xAA, ..] if file::by_contents(octets).is_some() => Self::File,
            _ => return None,
        };
        let followed = octets.split_last_chunk::<2>().is_some_and(|(data, _)| fits(data));
        let can_be_answered = matches!(kind, Self::ProactiveCommand | Self::Fcp | Self::BerTlv);
        Some(if can_be_answered && followed && is_response(octets) { Self::Response } else { kind })
    }
}

/// Whether the octets are one object with a tag of one octet, whole.
fn fits(octets: &[u8]) -> bool {
    let mut r = Reader::new(octets);
    tlv::Tlv::read(&mut r, "object").is_ok() && r.is_empty()
}

/// Whether the octets are a command whose class and instruction exist.
fn is_command(octets: &[u8]) -> bool {
    Command::parse(octets).is_ok_and(|command| {
        let is_class = command.class.channel().is_some() || command.class.0 == 0xA0;
        is_class && command.instruction.spec(command.class).is_some()
    })
}

/// Whether the octets are a command whose instruction is not of these standards, on the basic channel.
fn is_command_of_another(octets: &[u8]) -> bool {
    matches!(octets, [0x00 | 0x80 | 0xA0, ..]) && Command::parse(octets).is_ok()
}

/// Whether the octets are an answer to CALL CONTROL, with what it changes; MO SHORT MESSAGE CONTROL has no others.
fn is_control_answer(octets: &[u8]) -> bool {
    matches!(octets, [0x00, 0x00] | [0x01 | 0x02, ..])
        && fits(octets)
        && CallControlAnswer::decode(octets).is_ok_and(|answer| answer.unknown.is_empty())
}

/// Whether the octets end with a status word that the standard knows.
fn is_response(octets: &[u8]) -> bool {
    Response::from_bytes(octets).is_ok_and(|response| response.status.text().is_some())
}
