//! APDUs and answers to reset field by field.

use alloc::{format, string::String, vec, vec::Vec};
use core::fmt::Write;

use oxisim_wire::{Part, Parts, Show, Shown};

use crate::{Atr, Class, Command, Convention, Instruction, Response, SecureMessaging, Status};

impl Instruction {
    /// The clause that describes the instruction, in the class of GSM or in the others; an instruction without a name
    /// has none.
    #[must_use]
    pub const fn spec(self, class: Class) -> Option<&'static str> {
        if class.0 == Class::GSM.0 {
            return Some(match self {
                Self::SELECT => "TS 51.011 §9.2.1",
                Self::STATUS => "TS 51.011 §9.2.2",
                Self::READ_BINARY => "TS 51.011 §9.2.3",
                Self::UPDATE_BINARY => "TS 51.011 §9.2.4",
                Self::READ_RECORD => "TS 51.011 §9.2.5",
                Self::UPDATE_RECORD => "TS 51.011 §9.2.6",
                Self::SEARCH_RECORD => "TS 51.011 §9.2.7",
                Self::INCREASE => "TS 51.011 §9.2.8",
                Self::VERIFY => "TS 51.011 §9.2.9",
                Self::CHANGE_PIN => "TS 51.011 §9.2.10",
                Self::DISABLE_PIN => "TS 51.011 §9.2.11",
                Self::ENABLE_PIN => "TS 51.011 §9.2.12",
                Self::UNBLOCK_PIN => "TS 51.011 §9.2.13",
                Self::DEACTIVATE_FILE => "TS 51.011 §9.2.14",
                Self::ACTIVATE_FILE => "TS 51.011 §9.2.15",
                Self::AUTHENTICATE => "TS 51.011 §9.2.16",
                Self::SLEEP => "TS 51.011 §9.2.17",
                Self::GET_RESPONSE => "TS 51.011 §9.2.18",
                Self::TERMINAL_PROFILE => "TS 51.011 §9.2.19",
                Self::ENVELOPE => "TS 51.011 §9.2.20",
                Self::FETCH => "TS 51.011 §9.2.21",
                Self::TERMINAL_RESPONSE => "TS 51.011 §9.2.22",
                _ => return None,
            });
        }
        Some(match self {
            Self::SELECT => "TS 102 221 §11.1.1",
            Self::STATUS => "TS 102 221 §11.1.2",
            Self::READ_BINARY => "TS 102 221 §11.1.3",
            Self::UPDATE_BINARY => "TS 102 221 §11.1.4",
            Self::READ_RECORD => "TS 102 221 §11.1.5",
            Self::UPDATE_RECORD => "TS 102 221 §11.1.6",
            Self::SEARCH_RECORD => "TS 102 221 §11.1.7",
            Self::INCREASE => "TS 102 221 §11.1.8",
            Self::VERIFY => "TS 102 221 §11.1.9",
            Self::CHANGE_PIN => "TS 102 221 §11.1.10",
            Self::DISABLE_PIN => "TS 102 221 §11.1.11",
            Self::ENABLE_PIN => "TS 102 221 §11.1.12",
            Self::UNBLOCK_PIN => "TS 102 221 §11.1.13",
            Self::DEACTIVATE_FILE => "TS 102 221 §11.1.14",
            Self::ACTIVATE_FILE => "TS 102 221 §11.1.15",
            Self::AUTHENTICATE | Self::AUTHENTICATE_TLV => "TS 102 221 §11.1.16",
            Self::MANAGE_CHANNEL => "TS 102 221 §11.1.17",
            Self::GET_CHALLENGE => "TS 102 221 §11.1.18",
            Self::TERMINAL_CAPABILITY => "TS 102 221 §11.1.19",
            Self::MANAGE_SECURE_CHANNEL => "TS 102 221 §11.1.20",
            Self::TRANSACT_DATA => "TS 102 221 §11.1.21",
            Self::SUSPEND_UICC => "TS 102 221 §11.1.22",
            Self::GET_IDENTITY => "TS 102 221 §11.1.23",
            Self::EXCHANGE_CAPABILITIES => "TS 102 221 §11.1.24",
            Self::TERMINAL_PROFILE => "TS 102 221 §11.2.1",
            Self::ENVELOPE => "TS 102 221 §11.2.2",
            Self::FETCH => "TS 102 221 §11.2.3",
            Self::TERMINAL_RESPONSE => "TS 102 221 §11.2.4",
            Self::RETRIEVE_DATA => "TS 102 221 §11.3.1",
            Self::SET_DATA => "TS 102 221 §11.3.2",
            Self::GET_RESPONSE => "TS 102 221 §7.3.1.1",
            Self::CREATE_FILE => "TS 102 222 §6.3",
            Self::DELETE_FILE => "TS 102 222 §6.4",
            Self::TERMINATE_DF => "TS 102 222 §6.7",
            Self::TERMINATE_EF => "TS 102 222 §6.8",
            Self::TERMINATE_CARD_USAGE => "TS 102 222 §6.9",
            Self::RESIZE_FILE => "TS 102 222 §6.10",
            _ => return None,
        })
    }
}

impl Show for Class {
    fn show(&self) -> Shown {
        let mut text = String::from(match (*self, self.is_proprietary()) {
            (Self::GSM, _) => "GSM",
            (_, false) => "interindustry",
            (_, true) => "ETSI",
        });
        if let Some(channel) = self.channel() {
            // Writing to a text cannot fail.
            let _ = write!(text, ", logical channel {channel}");
        }
        if self.is_chained() {
            text += ", more of a chain follows";
        }
        text += match self.secure_messaging() {
            SecureMessaging::None => "",
            SecureMessaging::Proprietary => ", proprietary secure messaging",
            SecureMessaging::Standard => ", secure messaging",
            SecureMessaging::StandardWithHeader => ", secure messaging with header",
        };
        Shown::Fields(vec![("value", [self.0].show()), ("meaning", Shown::Text(text))])
    }
}

/// A status word and what the standard says about it.
fn status(word: Status) -> Shown {
    let mut fields = vec![("value", word.0.to_be_bytes().show())];
    fields.extend(word.text().map(|text| ("meaning", text.show())));
    Shown::Fields(fields)
}

/// A parameter: its octet, and what it says in this instruction.
fn parameter(octet: u8, meaning: Option<String>) -> Shown {
    let mut fields = vec![("value", [octet].show())];
    fields.extend(meaning.map(|meaning| ("meaning", Shown::Text(meaning))));
    Shown::Fields(fields)
}

impl Command<'_> {
    /// What P1 says, where the clause of the instruction says it in a few words.
    fn p1_meaning(&self) -> Option<String> {
        let text = match (self.instruction, self.p1) {
            (Instruction::SELECT, _) if self.class == Class::GSM => return None,
            (Instruction::SELECT, 0x00) => "by file identifier",
            (Instruction::SELECT, 0x01) => "child DF of the current DF",
            (Instruction::SELECT, 0x03) => "parent DF of the current DF",
            (Instruction::SELECT, 0x04) => "by DF name (AID)",
            (Instruction::SELECT, 0x08) => "by path from the MF",
            (Instruction::SELECT, 0x09) => "by path from the current DF",
            (Instruction::STATUS, 0x00) => "no indication",
            (Instruction::STATUS, 0x01) => "the current application is initialised in the terminal",
            (Instruction::STATUS, 0x02) => "the terminal will end the current application",
            (Instruction::READ_BINARY | Instruction::UPDATE_BINARY, p1) => {
                return Some(match p1 & 0xE0 {
                    0x80 => format!("short file identifier {:02X}, offset {}", p1 & 0x1F, self.p2),
                    _ => format!("offset {}", u16::from_be_bytes([p1, self.p2])),
                });
            }
            (Instruction::READ_RECORD | Instruction::UPDATE_RECORD, 0x00) => "current record",
            (Instruction::READ_RECORD | Instruction::UPDATE_RECORD, record) => {
                return Some(format!("record {record}"));
            }
            (Instruction::MANAGE_CHANNEL, 0x00) => "open a channel",
            (Instruction::MANAGE_CHANNEL, 0x80) => "close a channel",
            _ => return None,
        };
        Some(text.into())
    }

    /// What P2 says, where the clause of the instruction says it in a few words.
    fn p2_meaning(&self) -> Option<String> {
        let text = match (self.instruction, self.p2) {
            (Instruction::SELECT | Instruction::AUTHENTICATE, _) if self.class == Class::GSM => return None,
            (Instruction::SELECT, p2) => {
                let answer = match p2 & 0x1C {
                    0x04 => "FCP template returned",
                    0x0C => "no data returned",
                    _ => return None,
                };
                let session = match p2 & 0x60 {
                    0x40 => ", termination of the application",
                    _ => "",
                };
                return Some(format!("{answer}{session}"));
            }
            (Instruction::STATUS, 0x00) => "FCP template returned",
            (Instruction::STATUS, 0x01) => "DF name returned",
            (Instruction::STATUS, 0x0C) => "no data returned",
            (Instruction::READ_RECORD | Instruction::UPDATE_RECORD, p2) => {
                let mode = match p2 & 0x07 {
                    0x02 => "next record",
                    0x03 => "previous record",
                    0x04 => "absolute or current record",
                    _ => return None,
                };
                return Some(match p2 >> 3 {
                    0 => mode.into(),
                    sfi => format!("short file identifier {sfi:02X}, {mode}"),
                });
            }
            (
                Instruction::VERIFY
                | Instruction::CHANGE_PIN
                | Instruction::DISABLE_PIN
                | Instruction::ENABLE_PIN
                | Instruction::UNBLOCK_PIN,
                p2,
            ) => return key_name(p2, self.class == Class::GSM),
            (Instruction::AUTHENTICATE, p2) => match p2 & 0x07 {
                0 => "GSM context",
                1 => "3G context",
                _ => return None,
            },
            _ => return None,
        };
        Some(text.into())
    }
}

/// A PIN or key by its reference (TS 102 221 §9.5.1, TS 51.011 §9.3).
fn key_name(reference: u8, gsm: bool) -> Option<String> {
    Some(match reference {
        0x00 if gsm => "CHV1, to be unblocked".into(),
        0x01 | 0x02 if gsm => format!("CHV{reference}"),
        0x01..=0x08 => format!("PIN of application {reference}"),
        0x0A..=0x0E => format!("ADM{}", reference - 0x09),
        0x11 => "universal PIN".into(),
        0x81..=0x88 => format!("second PIN of application {}", reference - 0x80),
        0x8A..=0x8E => format!("ADM{}", reference - 0x84),
        _ => return None,
    })
}

impl Parts for Command<'_> {
    fn name(&self) -> &'static str {
        "command APDU"
    }

    fn spec(&self) -> &'static str {
        self.instruction.spec(self.class).unwrap_or("ISO/IEC 7816-3 §12.1")
    }

    fn parts(&self) -> Vec<Part> {
        const CODING: &str = "TS 102 221 §10.1";
        let spec = self.instruction.spec(self.class).unwrap_or(CODING);
        let mut parts = vec![
            Part::new("CLA", "TS 102 221 §10.1.1", &self.class),
            Part::new("INS", "TS 102 221 §10.1.2", &self.instruction),
            Part::new("P1", spec, &parameter(self.p1, self.p1_meaning())),
            Part::new("P2", spec, &parameter(self.p2, self.p2_meaning())),
        ];
        if !self.data.is_empty() {
            parts.push(Part::new("Lc", "TS 102 221 §10.1.5", &(self.data.len() as u64)));
            parts.push(Part::new("data", spec, self.data));
        }
        parts.extend(self.ne.map(|ne| Part::new("Le", "TS 102 221 §10.1.6", &(ne as u64))));
        parts
    }
}

impl Parts for Response {
    fn name(&self) -> &'static str {
        "response APDU"
    }

    fn spec(&self) -> &'static str {
        "TS 102 221 §10.2"
    }

    fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        if !self.data.is_empty() {
            parts.push(Part::new("data", self.spec(), &self.data));
        }
        parts.push(Part::new("status word", "TS 102 221 §10.2.1", &status(self.status)));
        parts
    }
}

impl Parts for Atr {
    fn name(&self) -> &'static str {
        "answer to reset"
    }

    fn spec(&self) -> &'static str {
        "ISO/IEC 7816-3 §8.2"
    }

    fn parts(&self) -> Vec<Part> {
        const INTERFACE: &str = "ISO/IEC 7816-3 §8.2.3";
        const NAMES: [[&str; 4]; 4] = [
            ["TA1", "TB1", "TC1", "TD1"],
            ["TA2", "TB2", "TC2", "TD2"],
            ["TA3", "TB3", "TC3", "TD3"],
            ["TA4", "TB4", "TC4", "TD4"],
        ];
        const LATER: [&str; 4] = ["TA", "TB", "TC", "TD"];
        let convention = match self.convention {
            Convention::Direct => "direct convention",
            Convention::Inverse => "inverse convention",
        };
        let mut parts = vec![Part::new("TS", "ISO/IEC 7816-3 §8.1", convention)];
        for (i, group) in self.interface.iter().enumerate() {
            let names = NAMES.get(i).unwrap_or(&LATER);
            for (&name, octet) in names.iter().zip([group.ta, group.tb, group.tc, group.td]) {
                let Some(octet) = octet else { continue };
                let meaning = match name {
                    "TA1" => Some(speed(octet)),
                    "TC1" => Some(format!("extra guard time {octet}")),
                    _ if name.starts_with("TD") => Some(format!("T={}", octet & 0x0F)),
                    _ => None,
                };
                parts.push(Part::new(name, INTERFACE, &parameter(octet, meaning)));
            }
        }
        let protocols = self.protocols().map(|t| Shown::Text(format!("T={t}"))).collect();
        parts.push(Part { name: "protocols", spec: INTERFACE, value: Shown::List(protocols) });
        parts.push(Part::new("historical bytes", "ISO/IEC 7816-4 §12.1.1", &self.historical));
        parts
    }
}

/// Clock rate conversion and baud rate adjustment (ISO/IEC 7816-3 §8.3, tables 7 and 8).
fn speed(ta1: u8) -> String {
    let fi = match ta1 >> 4 {
        0x0 | 0x1 => 372,
        0x2 => 558,
        0x3 => 744,
        0x4 => 1116,
        0x5 => 1488,
        0x6 => 1860,
        0x9 => 512,
        0xA => 768,
        0xB => 1024,
        0xC => 1536,
        0xD => 2048,
        _ => 0,
    };
    let di = match ta1 & 0x0F {
        0x1 => 1,
        0x2 => 2,
        0x3 => 4,
        0x4 => 8,
        0x5 => 16,
        0x6 => 32,
        0x7 => 64,
        0x8 => 12,
        0x9 => 20,
        _ => 0,
    };
    match (fi, di) {
        (0, _) | (_, 0) => "reserved".into(),
        (fi, di) => format!("F={fi}, D={di}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_has_a_clause_in_one_class_or_the_other() {
        for instruction in Instruction::ALL {
            let clause = instruction.spec(Class::INTERINDUSTRY).or(instruction.spec(Class::GSM));
            assert!(clause.is_some(), "{instruction:?}");
        }
    }

    #[test]
    fn parameters_are_told_in_words() {
        let meaning = |bytes: &[u8]| {
            let command = Command::parse(bytes).unwrap();
            (command.p1_meaning(), command.p2_meaning())
        };
        let both = |p1: &str, p2: &str| (Some(p1.into()), Some(p2.into()));
        assert_eq!(
            meaning(&[0, 0xA4, 8, 4, 2, 0x2F, 0xE2]),
            both("by path from the MF", "FCP template returned")
        );
        assert_eq!(
            meaning(&[0, 0xB2, 3, 0x14, 0]).1,
            both("", "short file identifier 02, absolute or current record").1
        );
        assert_eq!(meaning(&[0, 0xB0, 0x87, 9, 0]).0, both("short file identifier 07, offset 9", "").0);
        assert_eq!(meaning(&[0, 0x20, 0, 0x8A]).1, both("", "ADM6").1);
    }
}
