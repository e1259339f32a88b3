//! What the card says of what has been selected: file control parameters of a UICC, a header of a SIM.

use oxisim_apdu::fcp::Fcp;
use oxisim_wire::Reader;

use super::File;
use crate::PinState;

/// The PIN of an application, or of a SIM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PinStatus {
    /// Its key reference.
    pub(super) reference: u8,
    /// What is known of it.
    pub(super) state: PinState,
}

/// PIN of application 1, and CHV1.
pub(super) const PIN_1: u8 = 0x01;

/// The PIN of an application, from its file control parameters (TS 102 221 §9.5.2, §11.1.1.4.10): the first key
/// reference that is an application's, and whether it is enabled. How many attempts are left they do not say.
pub(super) fn of_application(fcp: &[u8]) -> Option<PinStatus> {
    const APPLICATIONS: core::ops::RangeInclusive<u8> = 0x01..=0x08;
    let pins = Fcp::read(&mut Reader::new(fcp)).ok()?.pins().ok()?;
    let pin = pins.iter().find(|pin| APPLICATIONS.contains(&pin.key))?;
    let state = if pin.enabled { PinState::Wanted } else { PinState::NotNeeded };
    Some(PinStatus { reference: pin.key, state })
}

/// CHV1, from the header of a directory (TS 51.011 §9.2.1, §9.3): octet 14 says that it is disabled, octet 19 how many
/// attempts are left.
pub(super) fn of_sim(header: &[u8]) -> Option<PinStatus> {
    let (&characteristics, &chv1) = (header.get(13)?, header.get(18)?);
    let is_enabled = characteristics & 0x80 == 0;
    let state = if is_enabled { PinState::with_attempts(chv1 & 0x0F) } else { PinState::NotNeeded };
    Some(PinStatus { reference: PIN_1, state })
}

/// How much of an EF is read, from its header (TS 51.011 §9.2.1): octets 3 and 4 are its size, octet 15 is the length
/// of its records.
pub(super) fn length(file: File, header: &[u8]) -> usize {
    let said = match header {
        _ if file.has_records() => header.get(14).copied().map(usize::from),
        &[_, _, high, low, ..] => Some(usize::from(u16::from_be_bytes([high, low]))),
        _ => None,
    };
    said.filter(|length| (1..=0x100).contains(length)).unwrap_or(file.length())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uicc_says_which_pin_is_enabled() {
        // The MF and the DF GSM of a sysmoISIM-SJA2, PIN disabled, and what it says when PIN 1 is enabled.
        let disabled =
            "622D8202782183023F00A509800171830400018D088A01058C04261A0000C60F90017083010183018183010A83010B";
        let fcp = hex::decode(disabled).unwrap();
        assert_eq!(of_application(&fcp), Some(PinStatus { reference: 1, state: PinState::NotNeeded }));
        let fcp = hex::decode(disabled.replace("C60F900170", "C60F9001F0")).unwrap();
        assert_eq!(of_application(&fcp), Some(PinStatus { reference: 1, state: PinState::Wanted }));
        // The second application's PIN, after the universal PIN with its usage qualifier.
        let fcp = hex::decode("620EC60C900140950108830111830102").unwrap();
        assert_eq!(of_application(&fcp), Some(PinStatus { reference: 2, state: PinState::Wanted }));
        for octets in ["", "6200", "62C6", "6203C60190", "6205C603900180", "6203800100"] {
            assert_eq!(of_application(&hex::decode(octets).unwrap()), None, "{octets}");
        }
    }

    #[test]
    fn a_sim_says_how_often_its_chv1_may_be_tried() {
        // The MF of a SIM in the tests of pySim.
        let mut header = hex::decode("000000003F000100000000000981020C0400838A838A").unwrap();
        let state = |header: &[u8]| of_sim(header).map(|pin| pin.state);
        assert_eq!(state(&header), Some(PinState::NotNeeded));
        header[13] = 0x01;
        for (chv1, expected) in
            [(0x83, PinState::Wanted), (0x81, PinState::LastAttempt), (0x80, PinState::Blocked)]
        {
            header[18] = chv1;
            assert_eq!(state(&header), Some(expected));
        }
        assert_eq!(state(&header[..18]), None);
    }

    #[test]
    fn a_sim_says_how_long_a_file_is() {
        let header = hex::decode("850D00076F05040001FFFF03020000").unwrap();
        assert_eq!(length(File::CellBroadcastLanguages, &header), 7);
        let header = hex::decode("000000506F42040011FFFF01020128").unwrap();
        assert_eq!(length(File::SmsParameters, &header), 40);
        assert_eq!(length(File::Imsi, &[]), 9);
        assert_eq!(length(File::ServiceTable, &hex::decode("000020006F38").unwrap()), 256);
    }
}
