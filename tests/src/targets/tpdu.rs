//! Any octets as a TPDU of either direction, or as a record of the card's files for messages: what can be read is shown, is
//! written, and reads the same.

use oxisim_sms::{
    file::{ServiceParameters, SmsStatus, StoredMessage, StoredReport},
    tpdu::{MobileOriginated, MobileTerminated},
};
use oxisim_wire::{Parts, Show, Wire};

pub fn run(octets: &[u8]) -> &'static str {
    let [which, octets @ ..] = octets else { return super::NOTHING };
    match which % 6 {
        0 => {
            let Ok(tpdu) = MobileTerminated::decode(octets, "TPDU") else { return super::NOTHING };
            assert!(tpdu.parts().iter().all(|part| !part.spec.is_empty()));
            assert_eq!(MobileTerminated::decode(&tpdu.encode(), "TPDU"), Ok(tpdu));
            "to the phone"
        }
        1 => {
            let Ok(tpdu) = MobileOriginated::decode(octets, "TPDU") else { return super::NOTHING };
            assert!(tpdu.parts().iter().all(|part| !part.spec.is_empty()));
            assert_eq!(MobileOriginated::decode(&tpdu.encode(), "TPDU"), Ok(tpdu));
            "from the phone"
        }
        2 => {
            let Ok(record) = ServiceParameters::decode(octets, "EF_SMSP") else { return super::NOTHING };
            assert_eq!(record.encode(), octets);
            let (_, _) = (record.show(), record.service_centre());
            "record"
        }
        3 => {
            let Ok(record) = StoredMessage::decode(octets, "EF_SMS") else { return super::NOTHING };
            assert_eq!(record.encode(), octets);
            let (_, _) = (record.show(), record.service_centre());
            assert!(record.deliver().is_none() || record.submit().is_none());
            "record"
        }
        4 => {
            let Ok(record) = StoredReport::decode(octets, "EF_SMSR") else { return super::NOTHING };
            assert_eq!(record.encode(), octets);
            let (_, _) = (record.show(), record.status_report());
            "record"
        }
        _ => {
            let Ok(status) = SmsStatus::decode(octets, "EF_SMSS") else { return super::NOTHING };
            assert_eq!(status.encode(), octets);
            "record"
        }
    }
}
