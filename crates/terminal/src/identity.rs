//! What the phone knows of the card.

use alloc::{string::String, vec::Vec};

use oxisim_sms::{
    Address,
    file::{ServiceParameters, SmsStatus},
};

use crate::{PinState, Platform};

/// What the start-up has read from the card; what the card does not have, or not let read, is empty.
///
/// The files of a SIM are those of TS 51.011 §10 with the same names, but for `EF_SST`, which is its `EF_UST`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardIdentity {
    /// What the card is.
    pub platform: Platform,
    /// How card and phone stand with the user's PIN.
    pub pin: PinState,
    /// The card's identification number, from `EF_ICCID` (TS 102 221 §13.2).
    pub iccid: String,
    /// The user's languages, two letters of ISO 639-1 each, the preferred one first: from `EF_PL` (TS 102 221 §13.3),
    /// or from `EF_LP` of a SIM (TS 51.011 §10.3.1).
    pub languages: Vec<[u8; 2]>,
    /// The AID of the USIM, from `EF_DIR` (TS 102 221 §13.1); a SIM has none.
    pub aid: Vec<u8>,
    /// The phase of a SIM, from `EF_Phase` (TS 51.011 §10.3.19).
    pub phase: Option<u8>,
    /// International mobile subscriber identity, from `EF_IMSI` (TS 31.102 §4.2.2).
    pub imsi: String,
    /// `EF_AD` (TS 31.102 §4.2.18).
    pub administrative_data: Vec<u8>,
    /// `EF_UST`: bit 1 of octet 1 is service 1 (TS 31.102 §4.2.8). `EF_SST`: bits 1 and 2 of octet 1 say that service
    /// 1 is allocated and activated (TS 51.011 §10.3.7).
    pub services: Vec<u8>,
    /// The subscriber's service centre, from the first record of `EF_SMSP` (TS 31.102 §4.2.27).
    pub service_centre: Option<Address>,
    /// What messages are sent with, from the first record of `EF_SMSP`.
    pub message_parameters: Option<ServiceParameters>,
    /// What the phone is to remember for short messages, from `EF_SMSS` (TS 31.102 §4.2.28).
    pub message_status: Option<SmsStatus>,
    /// Identifiers of the cell broadcast messages that are the card's, from `EF_CBMID` (TS 31.102 §4.2.20).
    pub broadcasts: Vec<u16>,
}

/// The numbers of services (TS 31.102 §4.2.8, TS 51.011 §10.3.7).
mod service {
    /// Storage of short messages, of a SIM.
    pub(super) const MESSAGE_STORAGE_SIM: u8 = 4;
    /// Storage of short messages, of a USIM.
    pub(super) const MESSAGE_STORAGE: u8 = 10;
    /// Storage of status reports, of a USIM.
    pub(super) const MESSAGE_REPORTS: u8 = 11;
    /// Storage of status reports, of a SIM.
    pub(super) const MESSAGE_REPORTS_SIM: u8 = 35;
    /// Parameters of short messages, of both platforms.
    pub(super) const SMS_PARAMETERS: u8 = 12;
    /// Data download via cell broadcast, of a SIM.
    pub(super) const BROADCAST_DOWNLOAD_SIM: u8 = 25;
    /// Data download via cell broadcast, of a USIM.
    pub(super) const BROADCAST_DOWNLOAD: u8 = 29;
    /// The SIM is proactive.
    pub(super) const PROACTIVE_SIM: u8 = 29;
    /// Data download via USSD, of a USIM.
    pub(super) const USSD_DOWNLOAD: u8 = 70;
}

/// The phase of a SIM that wants to know the profile (TS 51.011 §10.3.19).
const PROFILE_DOWNLOAD_REQUIRED: u8 = 3;

impl CardIdentity {
    /// Whether the USIM has service `number`, counted from 1; whether the SIM has it and it is activated.
    #[must_use]
    pub fn has_service(&self, number: u8) -> bool {
        let Some(index) = number.checked_sub(1) else {
            return false;
        };
        let (bits, all) = match self.platform {
            Platform::Uicc => (1, 0b01),
            Platform::Sim => (2, 0b11),
        };
        let in_octet = 8 / bits;
        let octet = self.services.get(usize::from(index / in_octet));
        octet.is_some_and(|octet| octet >> (index % in_octet * bits) & all == all)
    }

    /// Whether the card has commands of its own: a UICC always may, a SIM says so, and one whose services cannot be read
    /// has them if it wants to know the profile.
    pub(crate) fn is_proactive(&self) -> bool {
        match self.platform {
            Platform::Sim if self.services.is_empty() => self.wants_profile(),
            Platform::Sim => self.has_service(service::PROACTIVE_SIM),
            Platform::Uicc => true,
        }
    }

    /// Whether the card is to be told what the phone can do.
    pub(crate) fn wants_profile(&self) -> bool {
        self.platform == Platform::Uicc || self.phase.is_some_and(|phase| phase >= PROFILE_DOWNLOAD_REQUIRED)
    }

    /// Whether the card has data download via cell broadcast, and so `EF_CBMID`.
    pub(crate) fn has_broadcast_download(&self) -> bool {
        self.has_service(match self.platform {
            Platform::Uicc => service::BROADCAST_DOWNLOAD,
            Platform::Sim => service::BROADCAST_DOWNLOAD_SIM,
        })
    }

    /// Whether the card has data download via USSD, which a SIM has not.
    pub(crate) fn has_ussd_download(&self) -> bool {
        self.platform == Platform::Uicc && self.has_service(service::USSD_DOWNLOAD)
    }

    /// Whether the card has `EF_SMS` and `EF_SMSS`.
    pub(crate) fn has_message_storage(&self) -> bool {
        self.has_service(match self.platform {
            Platform::Uicc => service::MESSAGE_STORAGE,
            Platform::Sim => service::MESSAGE_STORAGE_SIM,
        })
    }

    /// Whether the card has `EF_SMSR`.
    pub(crate) fn has_message_reports(&self) -> bool {
        self.has_service(match self.platform {
            Platform::Uicc => service::MESSAGE_REPORTS,
            Platform::Sim => service::MESSAGE_REPORTS_SIM,
        })
    }

    /// Whether the card has `EF_SMSP`.
    pub(crate) fn has_sms_parameters(&self) -> bool {
        self.has_service(service::SMS_PARAMETERS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_counted_from_one() {
        let identity = CardIdentity { services: [0x01, 0x80].to_vec(), ..CardIdentity::default() };
        assert!(identity.has_service(1) && identity.has_service(16));
        assert!(!identity.has_service(0) && !identity.has_service(2) && !identity.has_service(17));
    }

    #[test]
    fn data_download_via_cell_broadcast_is_another_service_of_a_sim_than_of_a_usim() {
        let has = |platform, services: &[u8]| {
            let services = services.to_vec();
            CardIdentity { platform, services, ..CardIdentity::default() }.has_broadcast_download()
        };
        assert!(has(Platform::Uicc, &[0, 0, 0, 0x10]));
        assert!(has(Platform::Sim, &[0, 0, 0, 0, 0, 0, 0x03]));
        assert!(!has(Platform::Uicc, &[0, 0, 0, 0x01]));
        assert!(!has(Platform::Sim, &[0, 0, 0, 0, 0, 0, 0x01]));
    }

    #[test]
    fn a_service_of_a_sim_is_allocated_and_activated() {
        // The table of a real SIM.
        let services = hex::decode("FF3FFF0F0300F003000C").unwrap();
        let identity = CardIdentity { platform: Platform::Sim, services, ..CardIdentity::default() };
        let has: std::vec::Vec<u8> = (0..=50).filter(|&number| identity.has_service(number)).collect();
        assert_eq!(has, [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 17, 27, 28, 29, 38]);
        let services = [0b01_10_11_00].to_vec();
        let identity = CardIdentity { services, ..identity };
        let has: std::vec::Vec<u8> = (0..=50).filter(|&number| identity.has_service(number)).collect();
        assert_eq!(has, [2]);
    }
}
