//! TP-Protocol-Identifier and TP-Data-Coding-Scheme.

use alloc::{string::String, vec::Vec};

use oxisim_wire::codes;

use crate::alphabet::{self, Tables};

codes! {
    /// TP-Protocol-Identifier: the layer above, or what becomes of the message (TS 23.040 §9.2.3.9).
    pub struct ProtocolIdentifier(u8) {
        /// From one short message entity to another.
        DEFAULT = 0x00,
        /// Telematic interworking, with a device that the centre knows.
        IMPLICIT_DEVICE = 0x20,
        /// Telematic interworking: telex.
        TELEX = 0x21,
        /// Telematic interworking: group 3 telefax.
        TELEFAX_GROUP_3 = 0x22,
        /// Telematic interworking: group 4 telefax.
        TELEFAX_GROUP_4 = 0x23,
        /// Telematic interworking: voice telephone, so the text is converted to speech.
        VOICE_TELEPHONE = 0x24,
        /// Telematic interworking: European Radio Messaging System.
        ERMES = 0x25,
        /// Telematic interworking: national paging system.
        NATIONAL_PAGING = 0x26,
        /// Telematic interworking: videotex.
        VIDEOTEX = 0x27,
        /// Telematic interworking: teletex, on any carrier.
        TELETEX = 0x28,
        /// Telematic interworking: teletex in a packet switched network.
        TELETEX_PSPDN = 0x29,
        /// Telematic interworking: teletex in a circuit switched network.
        TELETEX_CSPDN = 0x2A,
        /// Telematic interworking: teletex in the analogue telephone network.
        TELETEX_PSTN = 0x2B,
        /// Telematic interworking: teletex in ISDN.
        TELETEX_ISDN = 0x2C,
        /// Telematic interworking: Universal Computer Interface.
        UCI = 0x2D,
        /// A message handling facility that the centre knows.
        MESSAGE_HANDLING = 0x30,
        /// A public message handling system of ITU-T X.400.
        X400 = 0x31,
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
        /// Triggers a device.
        DEVICE_TRIGGERING = 0x48,
        /// Enhanced message service (obsolete).
        ENHANCED_MESSAGE_SERVICE = 0x5E,
        /// Return call message.
        RETURN_CALL = 0x5F,
        /// ANSI-136 R-DATA, for the (U)SIM.
        ANSI_136_R_DATA = 0x7C,
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

impl Class {
    const fn from_bits(bits: u8) -> Self {
        match bits & 0x03 {
            0 => Self::Immediate,
            1 => Self::MobileEquipment,
            2 => Self::Sim,
            _ => Self::TerminalEquipment,
        }
    }

    const fn bits(self) -> u8 {
        match self {
            Self::Immediate => 0,
            Self::MobileEquipment => 1,
            Self::Sim => 2,
            Self::TerminalEquipment => 3,
        }
    }
}

/// Coding groups of TP-Data-Coding-Scheme: bits 8 to 5 (TS 23.038 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodingGroup {
    /// General data coding, `00XX`.
    General,
    /// Message marked for automatic deletion once it has been read, `01XX`; coded like the general group.
    AutomaticDeletion,
    /// Reserved, `1000` to `1011`: the default alphabet.
    Reserved,
    /// Message waiting indication: the text may be discarded, `1100`.
    WaitingDiscard,
    /// Message waiting indication: the text is stored, `1101`.
    WaitingStore,
    /// Message waiting indication: the text is stored and in UCS2, `1110`.
    WaitingStoreUcs2,
    /// Data coding and message class, `1111`.
    DataAndClass,
}

/// What waits for the subscriber, as a message waiting indication group says it (TS 23.038 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Waiting {
    /// Whether anything waits: the indication is set, and not cleared.
    pub active: bool,
    /// What waits.
    pub kind: WaitingKind,
    /// Whether the message is stored beside; its text may be discarded otherwise.
    pub store: bool,
}

codes! {
    /// What waits for the subscriber (TS 23.038 §4, TS 23.040 §9.2.3.24.2).
    pub struct WaitingKind(u8) {
        /// Voice mail.
        VOICE_MAIL = 0x00,
        /// A fax.
        FAX = 0x01,
        /// Electronic mail.
        ELECTRONIC_MAIL = 0x02,
        /// Another message.
        OTHER = 0x03,
    }
}

impl DataCoding {
    /// A scheme of the general group: `alphabet`, not compressed, of `class` if it has one.
    #[must_use]
    pub const fn general(alphabet: Alphabet, class: Option<Class>) -> Self {
        let alphabet = match alphabet {
            Alphabet::Default => 0x00,
            Alphabet::EightBit => 0x04,
            Alphabet::Ucs2 => 0x08,
        };
        Self(match class {
            Some(class) => HAS_CLASS | alphabet | class.bits(),
            None => alphabet,
        })
    }

    /// A scheme of a message waiting indication group, whose text is in UCS2 if `ucs2` says so: then the message is
    /// stored in any case.
    #[must_use]
    pub const fn waiting_indication(waiting: Waiting, ucs2: bool) -> Self {
        let group = match (waiting.store, ucs2) {
            (_, true) => 0xE0,
            (true, false) => 0xD0,
            (false, false) => 0xC0,
        };
        Self(group | if waiting.active { ACTIVE } else { 0 } | waiting.kind.0 & 0x03)
    }

    /// Its coding group.
    #[must_use]
    pub const fn group(self) -> CodingGroup {
        match self.0 >> 4 {
            0x0..=0x3 => CodingGroup::General,
            0x4..=0x7 => CodingGroup::AutomaticDeletion,
            0x8..=0xB => CodingGroup::Reserved,
            0xC => CodingGroup::WaitingDiscard,
            0xD => CodingGroup::WaitingStore,
            0xE => CodingGroup::WaitingStoreUcs2,
            _ => CodingGroup::DataAndClass,
        }
    }

    /// What waits for the subscriber, if it is of a message waiting indication group.
    #[must_use]
    pub const fn waiting(self) -> Option<Waiting> {
        let store = match self.group() {
            CodingGroup::WaitingDiscard => false,
            CodingGroup::WaitingStore | CodingGroup::WaitingStoreUcs2 => true,
            _ => return None,
        };
        Some(Waiting { active: self.0 & ACTIVE != 0, kind: WaitingKind(self.0 & 0x03), store })
    }

    /// Whether the message is to be deleted once it has been read.
    #[must_use]
    pub const fn is_deleted_once_read(self) -> bool {
        matches!(self.group(), CodingGroup::AutomaticDeletion)
    }

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
        match self.0 >> 4 {
            0x1 | 0x3 | 0x5 | 0x7 | 0xF => Some(Class::from_bits(self.0)),
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

    /// A payload of septets of the default alphabet, one an octet, or of octets, as text. What is not a character
    /// becomes U+FFFD; 8-bit data, whose meaning is the application's, and compressed text are read as UTF-8.
    #[must_use]
    pub fn text(self, payload: &[u8]) -> String {
        self.text_by(Tables::DEFAULT, payload)
    }

    /// The same, with septets of these tables.
    #[must_use]
    pub fn text_by(self, tables: Tables, payload: &[u8]) -> String {
        match self.alphabet() {
            _ if self.is_compressed() => String::from_utf8_lossy(payload).into_owned(),
            Alphabet::Default => tables.decode(payload),
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
            None => (Self::UCS2, ucs2(text)),
        }
    }
}

/// Text in UTF-16, most significant octets first.
pub(crate) fn ucs2(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// Bit 5 of the general groups: bits 2 and 1 are a class.
const HAS_CLASS: u8 = 0x10;
/// Bit 4 of the message waiting indication groups: the indication is set.
const ACTIVE: u8 = 0x08;

#[cfg(test)]
mod tests {
    use super::*;

    /// TS 23.038 §4, group by group.
    #[test]
    fn every_octet_is_of_one_group() {
        let of = |group| (0..=0xFF).filter(|&octet| DataCoding(octet).group() == group).count();
        for (group, octets) in [
            (CodingGroup::General, 64),
            (CodingGroup::AutomaticDeletion, 64),
            (CodingGroup::Reserved, 64),
            (CodingGroup::WaitingDiscard, 16),
            (CodingGroup::WaitingStore, 16),
            (CodingGroup::WaitingStoreUcs2, 16),
            (CodingGroup::DataAndClass, 16),
        ] {
            assert_eq!(of(group), octets, "{group:?}");
        }
        assert!(DataCoding(0x40).is_deleted_once_read() && !DataCoding(0x00).is_deleted_once_read());
        assert_eq!(DataCoding(0x52).class(), Some(Class::Sim));
        assert!(DataCoding(0x60).is_compressed() && !DataCoding(0xE0).is_compressed());
    }

    #[test]
    fn a_waiting_indication_is_built_and_read() {
        for kind in WaitingKind::ALL {
            for (active, store, ucs2) in
                [(true, false, false), (false, true, false), (true, true, false), (false, true, true)]
            {
                let waiting = Waiting { active, kind: *kind, store };
                let coding = DataCoding::waiting_indication(waiting, ucs2);
                assert_eq!(coding.waiting(), Some(waiting), "{coding:?}");
                assert_eq!(coding.alphabet() == Alphabet::Ucs2, ucs2);
            }
        }
        // Voice mail waits, its text may go.
        let voice = Waiting { active: true, kind: WaitingKind::VOICE_MAIL, store: false };
        assert_eq!(DataCoding::waiting_indication(voice, false), DataCoding(0xC8));
        assert_eq!(DataCoding(0x08).waiting(), None);
    }

    #[test]
    fn a_general_scheme_is_built_and_read() {
        let classes = [
            None,
            Some(Class::Immediate),
            Some(Class::MobileEquipment),
            Some(Class::Sim),
            Some(Class::TerminalEquipment),
        ];
        for alphabet in [Alphabet::Default, Alphabet::EightBit, Alphabet::Ucs2] {
            for class in classes {
                let coding = DataCoding::general(alphabet, class);
                assert_eq!((coding.alphabet(), coding.class()), (alphabet, class));
            }
        }
        assert_eq!(DataCoding::general(Alphabet::Ucs2, Some(Class::MobileEquipment)), DataCoding(0x19));
    }

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

    /// TS 23.038 §4, bit by bit: bit 6 compresses, bit 5 announces a class, bits 4 and 3 are the alphabet.
    #[test]
    fn every_octet_has_alphabet_class_and_compression_of_its_group() {
        use Alphabet::{Default, EightBit, Ucs2};
        let classes = [Class::Immediate, Class::MobileEquipment, Class::Sim, Class::TerminalEquipment];
        for octet in 0..=0xFF_u8 {
            let general = octet < 0x80;
            let alphabet = match octet {
                0x00..0x80 => [Default, EightBit, Ucs2, Default][usize::from(octet >> 2 & 0x03)],
                0xE0..0xF0 => Ucs2,
                // Bit 4 is reserved here.
                0xF0.. if octet & 0x04 != 0 => EightBit,
                _ => Default,
            };
            let has_class = general && octet & 0x10 != 0 || octet >= 0xF0;
            let class = has_class.then(|| classes[usize::from(octet & 0x03)]);
            let coding = DataCoding(octet);
            assert_eq!((coding.alphabet(), coding.class()), (alphabet, class), "{coding:?}");
            assert_eq!(coding.is_compressed(), general && octet & 0x20 != 0, "{coding:?}");
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
