//! What a card is personalised with, and the default card.

mod coding;
mod gsm;
mod master;
mod phonebook;
mod services;
mod table;
mod telecom;
mod usim;

use alloc::{string::String, vec, vec::Vec};

use crate::{
    access::{Rule, SecurityAttributes},
    file::{Aid, LifeCycle, fid},
    image::{AuthenticationKey, FileImage, FileKind, Image, MEMORY, PinImage, Platform, UnblockImage},
    ota::{RemoteApplication, SubmitRule},
    pin::KeyReference,
};
use table::Entry;

/// Paths of the files of the default card.
pub mod path {
    pub use super::{gsm::path::*, master::path::*, phonebook::path::*, telecom::path::*, usim::path::*};
}

/// The files, by directory; one that shares its contents comes after the one that has them.
const FILES: [&[Entry]; 5] = [master::FILES, telecom::FILES, phonebook::FILES, gsm::FILES, usim::FILES];

/// AID of the USIM application (TS 101 220 Annex D and E): RID of 3GPP, application code 1002.
pub const AID_USIM: [u8; 16] =
    [0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0x07, 0x09, 0x00, 0x00];

/// What distinguishes one card from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// ICC identification, up to 20 digits.
    pub iccid: String,
    /// International mobile subscriber identity, up to 15 digits.
    pub imsi: String,
    /// How many digits of it, after the first three, are the mobile network code: 2 or 3.
    pub mnc_digits: u8,
    /// The subscriber's number in international format, without `+`; may be empty.
    pub msisdn: String,
    /// The service centre's number in international format, without `+`.
    pub service_centre: String,
    /// Name of the service provider and of its network, up to 16 octets as an alpha field (TS 102 221 Annex A).
    pub service_provider: String,
    /// Title of the menu of the toolkit applets.
    pub menu_title: String,
    /// Entries of the phonebook: records of `EF_ADN`, and of the files that have as many.
    pub phonebook_records: u8,
    /// Whether the card wants to be asked about calls and outgoing messages, as the service tables say. A terminal asks
    /// no card that does not, whatever its applets have registered for.
    pub controls: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            iccid: "8900101000000000019".into(),
            imsi: "001010000000001".into(),
            mnc_digits: 2,
            msisdn: "15550100001".into(),
            service_centre: "15550100000".into(),
            service_provider: "oxisim".into(),
            menu_title: "SIM".into(),
            phonebook_records: 255,
            controls: false,
        }
    }
}

/// The answer to reset (ISO/IEC 7816-3 §8.2, TS 102 221 §6.3): direct convention, T=0 up to F/D = 512/32, classes
/// A, B and C; the historical bytes say how files are selected, that lengths may be extended, and `oxisim`.
const ATR: [u8; 21] = [
    0x3B, 0x9E, 0x96, 0x80, 0x1F, 0xC7, 0x80, 0x31, 0xE0, 0x73, 0xF6, 0x21, 0x40, 0x66, 0x6F, 0x78, 0x69,
    0x73, 0x69, 0x6D, 0x8A,
];
/// The clock may be stopped, at low level preferred (TS 102 221 §11.1.1.4.6.1).
const UICC_CHARACTERISTICS: [u8; 3] = [0x80, 0x01, 0x71];
/// The card knows TERMINAL CAPABILITY (TS 102 221 §11.1.1.4.6.8).
const SYSTEM_COMMANDS: [u8; 3] = [0x87, 0x01, 0x01];
/// What SELECT of a directory tells the state of.
const PIN_STATUS: [KeyReference; 3] = [KeyReference::PIN_1, KeyReference::PIN_2, KeyReference::ADM_1];
/// PIN 1 and PIN 2.
const PIN: [u8; 8] = [b'0', b'0', b'0', b'0', 0xFF, 0xFF, 0xFF, 0xFF];
/// What unblocks them, and the first administrative key.
const KEY: [u8; 8] = *b"00000000";

impl Profile {
    /// The default card, personalised. PIN 1 is `0000` and disabled, PIN 2 `0000` and enabled; `00000000` unblocks
    /// both and is ADM1.
    #[must_use]
    pub fn image(&self) -> Image {
        let mut files = Vec::new();
        let mut place: &[u16] = &[];
        for entry in FILES.into_iter().flatten() {
            let directories = entry.path.len() - 1;
            for depth in 1..=directories {
                let path = entry.path.get(..depth).unwrap_or_default();
                if !place.starts_with(path) && !files.iter().any(|file: &FileImage| file.path == path) {
                    files.push(directory(path));
                }
            }
            place = entry.path;
            files.push(entry.file(self));
        }
        let pin = |reference, enabled| PinImage {
            reference,
            directory: None,
            value: PIN,
            retries: 3,
            max_retries: 3,
            enabled,
            unblock: Some(UnblockImage { value: KEY, retries: 10, max_retries: 10 }),
        };
        let adm = PinImage { value: KEY, unblock: None, ..pin(KeyReference::ADM_1, true) };
        Image {
            atr: ATR.into(),
            platform: Platform::default(),
            menu_title: self.menu_title.clone(),
            pins: vec![pin(KeyReference::PIN_1, false), pin(KeyReference::PIN_2, true), adm],
            authentication: vec![AuthenticationKey::of_tests(&[fid::MF, fid::CURRENT_APPLICATION])],
            files,
            memory: MEMORY,
            key_sets: Vec::new(),
            remote: RemoteApplication::standard(&[fid::MF, fid::CURRENT_APPLICATION]),
            submit: SubmitRule::default(),
        }
    }
}

/// A directory of the default card.
fn directory(path: &[u16]) -> FileImage {
    let is_application = path.last() == Some(&fid::CURRENT_APPLICATION);
    let system_commands = if path == [fid::MF] { &SYSTEM_COMMANDS[..] } else { &[] };
    FileImage {
        path: path.into(),
        kind: FileKind::Directory {
            aid: if is_application { Aid::new(&AID_USIM) } else { None },
            pin_status: PIN_STATUS.into(),
        },
        security: rule_reference(Rule::DIRECTORY, path.len() <= 2),
        life_cycle: LifeCycle::Activated,
        shareable: true,
        identified: !is_application,
        proprietary: [&UICC_CHARACTERISTICS[..], system_commands].concat(),
        header: None,
    }
}

/// The reference to a record of `EF_ARR` for a file that stands in the MF, or elsewhere.
fn rule_reference(record: u8, in_mf: bool) -> SecurityAttributes {
    let arr = if in_mf { 0x2F06 } else { 0x6F06 };
    SecurityAttributes::Referenced { arr, record }
}
