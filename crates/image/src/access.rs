//! Access rules in words: who may do what with an EF.

use oxisim_card::KeyReference;
use oxisim_wire::{
    Reader,
    tlv::{Tlv, write_tlv},
};

/// What access rules name, as a card's file calls it: with its bit in an access mode byte, or with its
/// instruction (TS 102 221 §9.2.3, §9.2.4).
pub const OPERATIONS: [(&str, Mode); 5] = [
    ("read", Mode::Bit(0x01)),
    ("update", Mode::Bit(0x02)),
    ("deactivate", Mode::Bit(0x08)),
    ("activate", Mode::Bit(0x10)),
    ("increase", Mode::Instruction(0x32)),
];

/// How an access rule names an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A bit of the access mode byte.
    Bit(u8),
    /// The instruction code.
    Instruction(u8),
}

const MODE_BYTE: u8 = 0x80;
const INSTRUCTION: u8 = 0x84;
const ALWAYS: u8 = 0x90;
const NEVER: u8 = 0x97;
const AUTHENTICATION: u8 = 0xA4;
/// Usage qualifier of a key reference: user authentication, by knowledge.
const USAGE: [u8; 3] = [0x95, 0x01, 0x08];

/// An access rule in expanded format, from conditions in the order of [`OPERATIONS`]; an operation without one is
/// never allowed.
pub fn expanded(conditions: &[(Mode, Condition)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (mode, condition) in conditions {
        match *mode {
            Mode::Bit(bit) => write_tlv(MODE_BYTE, &mut out, |out| out.push(bit)),
            Mode::Instruction(code) => write_tlv(INSTRUCTION, &mut out, |out| out.push(code)),
        }
        condition.write(&mut out);
    }
    out
}

/// Who may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Anyone.
    Always,
    /// Nobody.
    Never,
    /// Who has verified one of these keys.
    OneOf(Vec<KeyReference>),
}

impl Condition {
    /// Reads `always`, `never`, `pin1`, `pin1 or adm1`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            keys => {
                let keys = keys.split(" or ").map(|key| parse_key(key.trim()));
                let wrong = || format!("{text:?} is not always, never, or keys such as \"pin1 or adm1\"");
                keys.collect::<Option<_>>().map(Self::OneOf).ok_or_else(wrong)
            }
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Always => out.extend([ALWAYS, 0x00]),
            Self::Never => out.extend([NEVER, 0x00]),
            Self::OneOf(keys) => {
                for key in keys {
                    write_tlv(AUTHENTICATION, out, |out| {
                        out.extend([0x83, 0x01, key.0]);
                        out.extend(USAGE);
                    });
                }
            }
        }
    }
}

/// An access rule in words, if it has nothing else: `read always, update adm1`.
pub fn words(rule: &[u8]) -> Option<String> {
    let mut r = Reader::new(rule);
    let mut rules: Vec<(Vec<&str>, Vec<String>)> = Vec::new();
    while !r.is_empty() {
        let Ok(mut object) = Tlv::read(&mut r, "access rule") else { break };
        let value = object.value.rest();
        match (object.tag, value) {
            (MODE_BYTE, &[modes]) => {
                let named = |mode: Mode| matches!(mode, Mode::Bit(bit) if modes & bit != 0);
                rules.push((names(named), Vec::new()));
            }
            (INSTRUCTION, &[code]) => rules.push((names(|mode| mode == Mode::Instruction(code)), Vec::new())),
            (ALWAYS, []) => rules.last_mut()?.1.push("always".into()),
            (NEVER, []) => rules.last_mut()?.1.push("never".into()),
            (AUTHENTICATION, &[0x83, 0x01, key, a, b, c]) if [a, b, c] == USAGE => {
                rules.last_mut()?.1.push(show_key(KeyReference(key)));
            }
            (0xFF, _) => break,
            _ => return None,
        }
    }
    let words = rules.iter().filter(|(operations, _)| !operations.is_empty());
    let words: Vec<String> =
        words.map(|(operations, keys)| format!("{} {}", operations.join("/"), keys.join(" or "))).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn names(is_meant: impl Fn(Mode) -> bool) -> Vec<&'static str> {
    OPERATIONS.iter().filter(|&&(_, mode)| is_meant(mode)).map(|&(name, _)| name).collect()
}

/// Reads `pin1`, `adm1`, or the key reference in hexadecimal (TS 102 221 §9.5.1).
pub fn parse_key(text: &str) -> Option<KeyReference> {
    if let Some((_, reference)) = KEYS.iter().find(|(name, _)| *name == text) {
        return Some(KeyReference(*reference));
    }
    let digits = text.len() == 2 && text.chars().all(|c| c.is_ascii_hexdigit());
    digits.then(|| u8::from_str_radix(text, 16).ok()).flatten().map(KeyReference)
}

/// A key as [`parse_key`] reads it.
pub fn show_key(key: KeyReference) -> String {
    let named = KEYS.iter().find(|(_, reference)| *reference == key.0);
    named.map_or_else(|| format!("{:02X}", key.0), |(name, _)| (*name).into())
}

/// Names of keys (TS 102 221 §9.5.1).
const KEYS: [(&str, u8); 8] = [
    ("pin1", 0x01),
    ("pin2", 0x81),
    ("universal", 0x11),
    ("adm1", 0x0A),
    ("adm2", 0x0B),
    ("adm3", 0x0C),
    ("adm4", 0x0D),
    ("adm5", 0x0E),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_in_words() {
        let rule = "800101A406830101950108800102A40683010A950108800118A40683010A950108FFFF";
        let words = words(&hex::decode(rule).unwrap());
        assert_eq!(words.unwrap(), "read pin1, update adm1, deactivate/activate adm1");
        assert_eq!(super::words(&[0x80, 1, 1, 0xA0, 0]), None);
        assert_eq!(super::words(&[0xFF; 10]), None);
    }

    #[test]
    fn words_are_a_rule() {
        let conditions =
            [(Mode::Bit(1), "always"), (Mode::Bit(2), "pin1 or 0B"), (Mode::Instruction(0x32), "never")];
        let conditions = conditions.map(|(mode, words)| (mode, Condition::parse(words).unwrap()));
        let rule = expanded(&conditions);
        assert_eq!(hex::encode_upper(&rule), "8001019000800102A406830101950108A40683010B9501088401329700");
        assert_eq!(words(&rule).unwrap(), "read always, update pin1 or adm2, increase never");
        let wrong = Condition::parse("pin9").unwrap_err();
        assert_eq!(wrong, "\"pin9\" is not always, never, or keys such as \"pin1 or adm1\"");
    }
}
