//! TP-Protocol-Identifier and TP-Data-Coding-Scheme.

use alloc::{string::String, vec::Vec};

use oxisim_wire::codes;

use crate::alphabet;

codes! {
    /// TP-Protocol-Identifier: the layer above, or what becomes of the message (TS 23.040 §9.2.3.9).
    pub struct ProtocolIdentifier(u8) {
        /// From one short message entity to another.
        DEFAULT = 0x00,
        /// Internet electronic mail.
        ELECTRONIC_MAIL = 0x32,
        /// To be acknowledged, then discarded.
        SHORT_MESSAGE_TYPE_0 = 0x40,
        /// Replaces a message of this type and originator.
        REPLACE_TYPE_1 = 0x41,
        /// Replaces a message of this type and originator.
        REPLACE_TYPE_2 = 0x42,
        /// Replaces a message of this type and originator.
        REPLACE_TYPE_3 = 0x43,
        /// Replaces a message of this type and originator.
        REPLACE_TYPE_4 = 0x44,
        /// Replaces a message of this type and originator.
        REPLACE_TYPE_5 = 0x45,
        /// Replaces a message of this type and originator.
        REPLACE_TYPE_6 = 0x46,
        /// Replaces a message of this type and originator.
        REPLACE_TYPE_7 = 0x47,
        /// Return call message.
        RETURN_CALL = 0x5F,
        /// Data download to the mobile equipment.
        ME_DATA_DOWNLOAD = 0x7D,
        /// De-personalization of the mobile equipment.
        ME_DEPERSONALIZATION = 0x7E,
        /// Data download to the (U)SIM.
        SIM_DATA_DOWNLOAD = 0x7F,
    }
}

codes! {
    /// TP-Data-Coding-Scheme (TS 23.038 §4). The constants are the usual schemes.
    pub struct DataCoding(u8) {
        /// GSM 7-bit default alphabet.
        DEFAULT_ALPHABET = 0x00,
        /// 8-bit data.
        EIGHT_BIT = 0x04,
        /// UCS2.
        UCS2 = 0x08,
        /// GSM 7-bit default alphabet, to be displayed at once.
        DEFAULT_ALPHABET_CLASS_0 = 0x10,
        /// 8-bit data for the (U)SIM.
        EIGHT_BIT_CLASS_2 = 0xF6,
    }
}

/// What the characters of a message are (TS 23.038 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alphabet {
    /// GSM 7-bit default alphabet, packed.
    Default,
    /// 8-bit data.
    EightBit,
    /// UCS2, 16 bits a character.
    Ucs2,
}

/// Message class: where the message belongs (TS 23.038 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Class 0: displayed at once, not stored.
    Immediate,
    /// Class 1: the mobile equipment.
    MobileEquipment,
    /// Class 2: the (U)SIM.
    Sim,
    /// Class 3: the terminal equipment.
    TerminalEquipment,
}

impl DataCoding {
    /// Its alphabet; a reserved coding counts as the default alphabet.
    #[must_use]
    pub const fn alphabet(self) -> Alphabet {
        let bits = match self.0 >> 4 {
            0x0..=0x7 => self.0 >> 2 & 0x03,
            0xE => 0b10,
            0xF => self.0 >> 2 & 0x01,
            _ => 0b00,
        };
        match bits {
            0b01 => Alphabet::EightBit,
            0b10 => Alphabet::Ucs2,
            _ => Alphabet::Default,
        }
    }

    /// Its message class, if it has one.
    #[must_use]
    pub const fn class(self) -> Option<Class> {
        match (self.0 >> 4, self.0 & 0x03) {
            (0x1 | 0x3 | 0x5 | 0x7 | 0xF, bits) => Some(match bits {
                0 => Class::Immediate,
                1 => Class::MobileEquipment,
                2 => Class::Sim,
                _ => Class::TerminalEquipment,
            }),
            _ => None,
        }
    }

    /// Whether the text is compressed (TS 23.042).
    #[must_use]
    pub const fn is_compressed(self) -> bool {
        matches!(self.0 >> 4, 0x2 | 0x3 | 0x6 | 0x7)
    }

    /// Whether lengths count septets: the default alphabet, not compressed (TS 23.040 §9.2.3.16). Otherwise they
    /// count octets.
    #[must_use]
    pub const fn counts_septets(self) -> bool {
        matches!(self.alphabet(), Alphabet::Default) && !self.is_compressed()
    }

    /// A payload of septets, one an octet, or of octets, as text. What is not a character becomes U+FFFD; 8-bit
    /// data, whose meaning is the application's, and compressed text are read as UTF-8.
    #[must_use]
    pub fn text(self, payload: &[u8]) -> String {
        match self.alphabet() {
            _ if self.is_compressed() => String::from_utf8_lossy(payload).into_owned(),
            Alphabet::Default => alphabet::decode(payload),
            Alphabet::EightBit => String::from_utf8_lossy(payload).into_owned(),
            Alphabet::Ucs2 => {
                let (units, _) = payload.as_chunks();
                let units: Vec<u16> = units.iter().copied().map(u16::from_be_bytes).collect();
                String::from_utf16_lossy(&units)
            }
        }
    }

    /// Text as a payload: in the default alphabet if it has all characters, otherwise in UCS2. A character
    /// outside the basic plane becomes two units, as in UTF-16.
    #[must_use]
    pub fn encode_text(text: &str) -> (Self, Vec<u8>) {
        match alphabet::encode(text) {
            Some(septets) => (Self::DEFAULT_ALPHABET, septets),
            None => (Self::UCS2, text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_scheme_says_alphabet_and_class() {
        for (coding, alphabet, class) in [
            (0x00, Alphabet::Default, None),
            (0x19, Alphabet::Ucs2, Some(Class::MobileEquipment)),
            (0x16, Alphabet::EightBit, Some(Class::Sim)),
            (0x0C, Alphabet::Default, None),
            (0x44, Alphabet::EightBit, None),
            (0x8F, Alphabet::Default, None),
            (0xC8, Alphabet::Default, None),
            (0xD8, Alphabet::Default, None),
            (0xE8, Alphabet::Ucs2, None),
            (0xF0, Alphabet::Default, Some(Class::Immediate)),
            (0xF6, Alphabet::EightBit, Some(Class::Sim)),
            (0xF7, Alphabet::EightBit, Some(Class::TerminalEquipment)),
        ] {
            let coding = DataCoding(coding);
            assert_eq!((coding.alphabet(), coding.class()), (alphabet, class), "{coding:?}");
        }
    }

    #[test]
    fn compressed_text_is_counted_in_octets() {
        assert!(DataCoding(0x00).counts_septets());
        assert!(!DataCoding(0x20).counts_septets());
        assert!(!DataCoding(0x08).counts_septets());
    }

    #[test]
    fn text_takes_the_default_alphabet_if_it_can() {
        assert_eq!(DataCoding::encode_text("a€"), (DataCoding(0x00), [0x61, 0x1B, 0x65].to_vec()));
        let (coding, payload) = DataCoding::encode_text("Ω ж 😀");
        assert_eq!((coding, payload.len()), (DataCoding::UCS2, 12));
        assert_eq!(coding.text(&payload), "Ω ж 😀");
    }
}
