//! The files that a start-up reads.

use alloc::vec::Vec;

use oxisim_sms::file::{ServiceParameters, SmsStatus};
use oxisim_wire::{Wire, bcd};

use crate::CardIdentity;

/// A file that the start-up reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum File {
    Iccid,
    /// `EF_PL`, which TS 51.011 calls `EF_ELP`.
    Languages,
    /// `EF_LP` of a SIM: languages as cell broadcast codes them.
    CellBroadcastLanguages,
    Phase,
    AdministrativeData,
    Imsi,
    ServiceTable,
    /// `EF_SMSP`, of which the first record is read.
    SmsParameters,
    /// `EF_SMSS`.
    SmsStatus,
    /// `EF_CBMID`.
    Broadcasts,
}

/// Languages of cell broadcast, coding group 0 (TS 23.038 §5).
const GROUP_0: [&[u8; 2]; 15] =
    [b"de", b"en", b"it", b"fr", b"es", b"nl", b"sv", b"da", b"pt", b"fi", b"no", b"el", b"tr", b"hu", b"pl"];
/// Languages of cell broadcast, coding group 2 (TS 23.038 §5).
const GROUP_2: [&[u8; 2]; 5] = [b"cs", b"he", b"ar", b"ru", b"is"];

impl File {
    pub(super) const fn identifier(self) -> u16 {
        match self {
            Self::Iccid => 0x2FE2,
            Self::Languages => 0x2F05,
            Self::CellBroadcastLanguages => 0x6F05,
            Self::Phase => 0x6FAE,
            Self::AdministrativeData => 0x6FAD,
            Self::Imsi => 0x6F07,
            Self::ServiceTable => 0x6F38,
            Self::SmsParameters => 0x6F42,
            Self::SmsStatus => 0x6F43,
            Self::Broadcasts => 0x6F48,
        }
    }

    /// Whether the file has records, and not octets.
    pub(super) const fn has_records(self) -> bool {
        matches!(self, Self::SmsParameters)
    }

    /// How many octets are read if the card does not say how many there are: the file's length, or all there is.
    pub(super) const fn length(self) -> usize {
        match self {
            Self::Iccid => 10,
            Self::Imsi => 9,
            Self::Phase => 1,
            _ => 256,
        }
    }

    /// Whether the file is worth a look, after what has been read.
    pub(super) fn is_wanted(self, identity: &CardIdentity) -> bool {
        match self {
            Self::CellBroadcastLanguages => identity.languages.is_empty(),
            Self::SmsParameters => identity.has_sms_parameters(),
            // What the phone has written since is newer than what a REFRESH would read.
            Self::SmsStatus => identity.has_message_storage() && identity.message_status.is_none(),
            Self::Broadcasts => identity.has_broadcast_download(),
            _ => true,
        }
    }

    /// Keeps what has been read.
    pub(super) fn keep(self, octets: Vec<u8>, identity: &mut CardIdentity) {
        match self {
            Self::Iccid => identity.iccid = bcd::to_dialling(&bcd::unpack(&octets)),
            Self::Languages => {
                let (languages, _) = octets.as_chunks();
                let is_language = |language: &&[u8; 2]| language.iter().all(u8::is_ascii_alphabetic);
                identity.languages = languages.iter().filter(is_language).copied().collect();
            }
            Self::CellBroadcastLanguages => {
                identity.languages = octets.iter().filter_map(|&coding| language(coding)).collect();
            }
            Self::Phase => identity.phase = octets.first().copied(),
            Self::AdministrativeData => identity.administrative_data = octets,
            Self::ServiceTable => identity.services = octets,
            Self::Imsi => {
                let length = octets.first().map_or(0, |&length| usize::from(length));
                let halves =
                    bcd::unpack(octets.get(1..).unwrap_or_default().get(..length).unwrap_or_default());
                // The first half says the parity.
                identity.imsi = bcd::to_dialling(halves.get(1..).unwrap_or_default());
            }
            Self::SmsParameters => {
                identity.message_parameters = ServiceParameters::decode(&octets, "EF_SMSP").ok();
                identity.service_centre =
                    identity.message_parameters.as_ref().and_then(ServiceParameters::service_centre);
            }
            Self::SmsStatus => identity.message_status = SmsStatus::decode(&octets, "EF_SMSS").ok(),
            Self::Broadcasts => {
                /// An entry that is not used.
                const NONE: u16 = 0xFFFF;
                let (identifiers, _) = octets.as_chunks();
                let identifiers = identifiers.iter().copied().map(u16::from_be_bytes);
                identity.broadcasts = identifiers.filter(|&identifier| identifier != NONE).collect();
            }
        }
    }
}

/// The language of a data coding scheme of cell broadcast.
fn language(coding: u8) -> Option<[u8; 2]> {
    let languages = match coding >> 4 {
        0 => &GROUP_0[..],
        2 => &GROUP_2[..],
        _ => return None,
    };
    languages.get(usize::from(coding & 0x0F)).map(|&&language| language)
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    fn kept(file: File, octets: &str) -> CardIdentity {
        let mut identity = CardIdentity::default();
        file.keep(hex::decode(octets).unwrap(), &mut identity);
        identity
    }

    #[test]
    fn an_imsi_follows_its_parity() {
        assert_eq!(kept(File::Imsi, "080910100000000010").imsi, "001010000000001");
        assert_eq!(kept(File::Imsi, "FF").imsi, "");
    }

    #[test]
    fn languages_are_two_letters_each() {
        // Contents of EF_PL in the tests of pySim.
        assert_eq!(kept(File::Languages, "6465").languages, [*b"de"]);
        assert_eq!(kept(File::Languages, "FFFF").languages, [] as [[u8; 2]; 0]);
        assert_eq!(kept(File::Languages, "656E64657275FFFFFFFF").languages, [*b"en", *b"de", *b"ru"]);
    }

    #[test]
    fn an_unused_identifier_of_cell_broadcast_is_none() {
        assert_eq!(kept(File::Broadcasts, "1001FFFF03E8FF").broadcasts, [0x1001, 0x03E8]);
    }

    #[test]
    fn languages_of_cell_broadcast_are_codes() {
        // EF_LP of a recorded start-up, and codes of group 2.
        let languages = kept(File::CellBroadcastLanguages, "0100030204").languages;
        assert_eq!(languages, [*b"en", *b"de", *b"fr", *b"it", *b"es"]);
        assert_eq!(kept(File::CellBroadcastLanguages, "230F2F1FFF").languages, [*b"ru"]);
    }

    #[test]
    fn the_service_centre_is_in_the_parameters_of_messages() {
        // Contents of EF_SMSP in the tests of pySim.
        let centre =
            |record| kept(File::SmsParameters, record).service_centre.map(|centre| centre.to_string());
        let record =
            "534D5343FFFFFFFFFFFFFFFFFFFFFFFFE1FFFFFFFFFFFFFFFFFFFFFFFF0891945197109099F9FFFFFF0000A9";
        assert_eq!(centre(record).as_deref(), Some("+4915790109999"));
        let none = "454E6574776F726B73FFFFFFFFFFFFFFF1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF0000A7";
        assert_eq!(centre(none), None);
        assert_eq!(centre(&record[..50]), None);
    }
}
