//! What a card is personalised with, and the files of the default card.

use alloc::{string::String, vec, vec::Vec};

use oxisim_wire::{bcd, tlv::write_tlv};

use crate::{
    access::{Access, Rule, SecurityAttributes},
    file::{Aid, LifeCycle, Sfi, Structure, fid},
    image::{Contents as FileContents, FileImage, FileKind, Image, PinImage, Platform, UnblockImage},
    pin::KeyReference,
};

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
    /// The subscriber's number in international format, without `+`; may be empty.
    pub msisdn: String,
    /// The service centre's number in international format, without `+`.
    pub service_centre: String,
    /// Service provider name, up to 16 octets as an alpha field (TS 102 221 Annex A).
    pub service_provider: String,
    /// Title of the menu of the toolkit applets.
    pub menu_title: String,
    /// Records of `EF_ADN`, and of `EF_ANR` beside it.
    pub phonebook_records: u8,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            iccid: "8900101000000000019".into(),
            imsi: "001010000000001".into(),
            msisdn: "15550100001".into(),
            service_centre: "15550100000".into(),
            service_provider: "oxisim".into(),
            menu_title: "SIM".into(),
            phonebook_records: 255,
        }
    }
}

/// Declares the files: name, path and short file identifier; structure; conditions of READ and of UPDATE; and
/// contents.
macro_rules! files {
    ($(
        $(#[$meta:meta])*
        $name:ident [$($fid:literal)/ +] $($sfi:literal)?, $structure:expr, $read:ident $update:ident, $contents:expr;
    )*) => {
        /// Paths of the files of the default card.
        pub mod path {
            $($(#[$meta])* pub const $name: &[u16] = &[$($fid),+];)*
        }

        const FILES: &[Entry] = &[$(
            Entry {
                path: path::$name,
                sfi: <[u8]>::first(&[$($sfi)?]).copied(),
                shape: $structure,
                rule: Rule { read: Access::$read, update: Access::$update },
                contents: $contents,
            },
        )*];
    };
}

/// One line of the table.
struct Entry {
    path: &'static [u16],
    sfi: Option<u8>,
    shape: Shape,
    rule: Rule,
    contents: Contents,
}

/// Structure and size.
enum Shape {
    Transparent(usize),
    Linear(u8, u8),
    Cyclic(u8, u8),
    /// Linear fixed, with as many records as the phonebook has entries.
    Phonebook(u8),
}

/// What is in a file at first; what is left of the file, or of each record, is `FF`.
enum Contents {
    Erased,
    /// At the start of the file, or of every record.
    Octets(&'static [u8]),
    /// The octets of the file, or of its records.
    Of(fn(&Profile) -> Vec<Vec<u8>>),
    /// The contents of another file, which are one thing with this one's.
    SameAs(&'static [u16]),
}

use Contents::{Erased, Octets, Of, SameAs};
use Shape::{Cyclic, Linear, Phonebook, Transparent};

files! {
    /// TS 102 221 §13.2.
    EF_ICCID [0x3F00/0x2FE2] 0x02, Transparent(10), Always Never, Of(|p| vec![digits(&p.iccid)]);
    /// TS 102 221 §13.1.
    EF_DIR [0x3F00/0x2F00] 0x1E, Linear(43, 2), Always Adm, Of(|_| vec![application_template()]);
    /// TS 102 221 §13.3.
    EF_PL [0x3F00/0x2F05] 0x05, Transparent(4), Always Pin, Octets(b"en");
    /// TS 102 221 §13.4.
    EF_ARR [0x3F00/0x2F06] 0x06, Linear(40, Rule::RECORDS.len() as u8), Always Adm,
        Of(|_| Rule::RECORDS.iter().map(|rule| rule.encode()).collect());

    /// The rules of `DF_TELECOM`.
    EF_ARR_TELECOM [0x3F00/0x7F10/0x6F06], Linear(40, Rule::RECORDS.len() as u8), Always Adm,
        SameAs(path::EF_ARR);
    /// TS 51.011 §10.5.1, TS 31.102 §4.4.2.3.
    EF_ADN [0x3F00/0x7F10/0x6F3A], Phonebook(28), Pin Pin, Erased;
    /// TS 51.011 §10.5.10, TS 31.102 §4.4.2.4.
    EF_EXT1 [0x3F00/0x7F10/0x6F4A], Linear(13, 30), Pin Pin, Octets(&[0x00]);
    /// TS 51.011 §10.5.3, TS 31.102 §4.2.25.
    EF_SMS [0x3F00/0x7F10/0x6F3C], Linear(176, 10), Pin Pin, Octets(&[0x00]);
    /// TS 51.011 §10.5.6, TS 31.102 §4.2.27.
    EF_SMSP [0x3F00/0x7F10/0x6F42], Linear(40, 1), Pin Pin, Of(|p| vec![sms_parameters(&p.service_centre)]);
    /// TS 51.011 §10.5.7, TS 31.102 §4.2.28.
    EF_SMSS [0x3F00/0x7F10/0x6F43], Transparent(2), Pin Pin, Erased;
    /// TS 51.011 §10.5.5, TS 31.102 §4.2.26.
    EF_MSISDN [0x3F00/0x7F10/0x6F40], Linear(28, 1), Pin Pin, Of(|p| vec![own_number(&p.msisdn)]);
    /// TS 51.011 §10.5.8.
    EF_LND [0x3F00/0x7F10/0x6F44], Cyclic(28, 10), Pin Pin, Erased;

    /// The rules of `DF_GSM`.
    EF_ARR_GSM [0x3F00/0x7F20/0x6F06], Linear(40, Rule::RECORDS.len() as u8), Always Adm,
        SameAs(path::EF_ARR);
    /// TS 51.011 §10.3.2.
    EF_IMSI_GSM [0x3F00/0x7F20/0x6F07], Transparent(9), Pin Adm, Of(|p| vec![imsi(&p.imsi)]);
    /// TS 51.011 §10.3.3.
    EF_KC [0x3F00/0x7F20/0x6F20], Transparent(9), Pin Pin,
        Octets(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x07]);
    /// TS 51.011 §10.3.7: two bits a service, allocated and activated.
    EF_SST [0x3F00/0x7F20/0x6F38], Transparent(10), Pin Adm, Of(|_| vec![service_table(&SST, 2, 10)]);
    /// TS 51.011 §10.3.11.
    EF_SPN_GSM [0x3F00/0x7F20/0x6F46], Transparent(17), Always Adm, Of(|p| vec![provider(&p.service_provider)]);
    /// TS 51.011 §10.3.15.
    EF_ACC_GSM [0x3F00/0x7F20/0x6F78], Transparent(2), Pin Adm, Octets(&[0x00, 0x02]);
    /// TS 51.011 §10.3.16.
    EF_FPLMN_GSM [0x3F00/0x7F20/0x6F7B], Transparent(12), Pin Pin, Erased;
    /// TS 51.011 §10.3.17.
    EF_LOCI_GSM [0x3F00/0x7F20/0x6F7E], Transparent(11), Pin Pin,
        Octets(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0xFF, 0x01]);
    /// TS 51.011 §10.3.18.
    EF_AD_GSM [0x3F00/0x7F20/0x6FAD], Transparent(4), Always Adm, Octets(&[0x00, 0x00, 0x00, 0x02]);
    /// TS 51.011 §10.3.19: phase 2, profile download required.
    EF_PHASE [0x3F00/0x7F20/0x6FAE], Transparent(1), Always Adm, Octets(&[0x03]);

    /// TS 31.102 §4.2.21.
    EF_ECC [0x3F00/0x7FFF/0x6FB7] 0x01, Linear(14, 2), Always Adm, Of(|_| vec![emergency(0x11, 0xF2), emergency(0x19, 0xF1)]);
    /// TS 31.102 §4.2.1.
    EF_LI [0x3F00/0x7FFF/0x6F05] 0x02, Transparent(4), Always Pin, Octets(b"en");
    /// TS 31.102 §4.2.18.
    EF_AD [0x3F00/0x7FFF/0x6FAD] 0x03, Transparent(4), Always Adm, Octets(&[0x00, 0x00, 0x00, 0x02]);
    /// TS 31.102 §4.2.8: one bit a service.
    EF_UST [0x3F00/0x7FFF/0x6F38] 0x04, Transparent(17), Pin Adm, Of(|_| vec![service_table(&UST, 1, 17)]);
    /// TS 31.102 §4.2.47.
    EF_EST [0x3F00/0x7FFF/0x6F56] 0x05, Transparent(1), Pin Pin, Octets(&[0x00]);
    /// TS 31.102 §4.2.15.
    EF_ACC [0x3F00/0x7FFF/0x6F78] 0x06, Transparent(2), Pin Adm, Octets(&[0x00, 0x02]);
    /// TS 31.102 §4.2.2.
    EF_IMSI [0x3F00/0x7FFF/0x6F07] 0x07, Transparent(9), Pin Adm, SameAs(path::EF_IMSI_GSM);
    /// TS 31.102 §4.2.3.
    EF_KEYS [0x3F00/0x7FFF/0x6F08] 0x08, Transparent(33), Pin Pin, Octets(&[0x07]);
    /// TS 31.102 §4.2.4.
    EF_KEYS_PS [0x3F00/0x7FFF/0x6F09] 0x09, Transparent(33), Pin Pin, Octets(&[0x07]);
    /// TS 31.102 §4.2.17.
    EF_LOCI [0x3F00/0x7FFF/0x6F7E] 0x0B, Transparent(11), Pin Pin,
        Octets(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0xFF, 0x01]);
    /// TS 31.102 §4.2.23.
    EF_PSLOCI [0x3F00/0x7FFF/0x6F73] 0x0C, Transparent(14), Pin Pin,
        Octets(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0xFF, 0x01]);
    /// TS 31.102 §4.2.16.
    EF_FPLMN [0x3F00/0x7FFF/0x6F7B] 0x0D, Transparent(12), Pin Pin, Erased;
    /// TS 31.102 §4.2.51.
    EF_START_HFN [0x3F00/0x7FFF/0x6F5B] 0x0F, Transparent(6), Pin Pin,
        Octets(&[0xF0, 0x00, 0x00, 0xF0, 0x00, 0x00]);
    /// TS 31.102 §4.2.52.
    EF_THRESHOLD [0x3F00/0x7FFF/0x6F5C] 0x10, Transparent(3), Pin Adm, Erased;
    /// TS 31.102 §4.2.6: interval in tenths of an hour.
    EF_HPPLMN [0x3F00/0x7FFF/0x6F31] 0x12, Transparent(1), Pin Adm, Octets(&[0x05]);
    /// TS 31.102 §4.2.55.
    EF_ARR_USIM [0x3F00/0x7FFF/0x6F06] 0x17, Linear(40, Rule::RECORDS.len() as u8), Always Adm,
        SameAs(path::EF_ARR);
    /// TS 31.102 §4.2.12.
    EF_SPN [0x3F00/0x7FFF/0x6F46], Transparent(17), Always Adm, SameAs(path::EF_SPN_GSM);
    /// TS 31.102 §4.2.25.
    EF_SMS_USIM [0x3F00/0x7FFF/0x6F3C], Linear(176, 10), Pin Pin, SameAs(path::EF_SMS);
    /// TS 31.102 §4.2.27.
    EF_SMSP_USIM [0x3F00/0x7FFF/0x6F42], Linear(40, 1), Pin Pin, SameAs(path::EF_SMSP);
    /// TS 31.102 §4.2.28.
    EF_SMSS_USIM [0x3F00/0x7FFF/0x6F43], Transparent(2), Pin Pin, SameAs(path::EF_SMSS);
    /// TS 31.102 §4.2.26.
    EF_MSISDN_USIM [0x3F00/0x7FFF/0x6F40], Linear(28, 1), Pin Pin, SameAs(path::EF_MSISDN);

    /// The rules of `DF_PHONEBOOK`.
    EF_ARR_PHONEBOOK [0x3F00/0x7FFF/0x5F3A/0x6F06], Linear(40, Rule::RECORDS.len() as u8), Always Adm,
        SameAs(path::EF_ARR);
    /// TS 31.102 §4.4.2.1: `EF_ADN` and `EF_ANR` with as many records each, `EF_EXT1` with links.
    EF_PBR [0x3F00/0x7FFF/0x5F3A/0x4F30], Linear(32, 1), Pin Adm, Octets(&[
        0xA8, 0x0A, 0xC0, 0x03, 0x4F, 0x3A, 0x01, 0xC4, 0x03, 0x4F, 0x11, 0x08,
        0xAA, 0x05, 0xC2, 0x03, 0x4F, 0x4A, 0x03,
    ]);
    /// `EF_ADN` of `EF_PBR`: the records of `EF_ADN` under `DF_TELECOM`.
    EF_ADN_USIM [0x3F00/0x7FFF/0x5F3A/0x4F3A] 0x01, Phonebook(28), Pin Pin, SameAs(path::EF_ADN);
    /// `EF_EXT1` of `EF_PBR`: the records of `EF_EXT1` under `DF_TELECOM`.
    EF_EXT1_USIM [0x3F00/0x7FFF/0x5F3A/0x4F4A] 0x03, Linear(13, 30), Pin Pin, SameAs(path::EF_EXT1);
    /// TS 31.102 §4.4.2.9: an additional number for each entry.
    EF_ANR [0x3F00/0x7FFF/0x5F3A/0x4F11] 0x08, Phonebook(15), Pin Pin, Erased;
}

/// Services of the USIM (TS 31.102 §4.2.8): local phone book, SMS storage, SMS parameters, service provider
/// name, MSISDN, data download via SMS-PP, "shall be set to 1", enabled services table.
const UST: [u8; 8] = [1, 10, 12, 19, 21, 28, 33, 34];
/// Services of the SIM (TS 51.011 §10.3.7): ADN, SMS, MSISDN, EXT1, SMSP, LND, service provider name, data
/// download via SMS-PP, proactive SIM.
const SST: [u8; 9] = [2, 4, 9, 10, 12, 13, 17, 26, 29];

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
        let mut files = Vec::with_capacity(FILES.len() + 5);
        for entry in FILES {
            for (depth, _) in entry.path.iter().enumerate().skip(1) {
                let path = entry.path.get(..depth).unwrap_or_default();
                if !files.iter().any(|file: &FileImage| file.path == path) {
                    files.push(directory(path));
                }
            }
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
            authentication: Vec::new(),
            files,
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

/// The reference to a rule for a file that stands in the MF, or elsewhere.
fn rule_reference(rule: Rule, in_mf: bool) -> SecurityAttributes {
    let arr = if in_mf { 0x2F06 } else { 0x6F06 };
    SecurityAttributes::Referenced { arr, record: rule.record_number() }
}

impl Entry {
    fn file(&self, profile: &Profile) -> FileImage {
        let (length, count) = match self.contents {
            SameAs(path) => {
                FILES.iter().find(|other| other.path == path).unwrap_or(self).shape.records(profile)
            }
            Erased | Octets(_) | Of(_) => self.shape.records(profile),
        };
        FileImage {
            path: self.path.into(),
            kind: FileKind::Elementary {
                structure: self.shape.structure(),
                size: length * count,
                sfi: self.sfi.map_or(Sfi::None, Sfi::Is),
                contents: self.contents(profile, length, count),
            },
            security: rule_reference(self.rule, self.path.len() == 2),
            life_cycle: LifeCycle::Activated,
            shareable: true,
            identified: true,
            proprietary: Vec::new(),
            header: None,
        }
    }

    /// The octets of the file, whose records are made of what their first octets are and `FF`.
    fn contents(&self, profile: &Profile, length: usize, count: usize) -> FileContents {
        let mut octets = vec![0xFF; length * count];
        let records = octets.chunks_mut(length.max(1));
        match self.contents {
            Octets(head) => records.for_each(|record| overwrite(record, head)),
            Of(contents) => {
                records.zip(&contents(profile)).for_each(|(record, head)| overwrite(record, head));
            }
            Erased => {}
            SameAs(path) => return FileContents::SharedWith(path.into()),
        }
        FileContents::Octets(octets)
    }
}

impl Shape {
    const fn structure(&self) -> Structure {
        match *self {
            Transparent(_) => Structure::Transparent,
            Linear(record, _) | Phonebook(record) => Structure::LinearFixed { record },
            Cyclic(record, _) => Structure::Cyclic { record },
        }
    }

    /// Length and number of records; a transparent file is one.
    fn records(&self, profile: &Profile) -> (usize, usize) {
        match *self {
            Transparent(size) => (size, 1),
            Linear(record, count) | Cyclic(record, count) => (record.into(), count.into()),
            Phonebook(record) => (record.into(), profile.phonebook_records.into()),
        }
    }
}

fn overwrite(record: &mut [u8], head: &[u8]) {
    record.iter_mut().zip(head).for_each(|(octet, new)| *octet = *new);
}

/// Decimal digits as semi-octets.
fn digits(text: &str) -> Vec<u8> {
    bcd::pack(&halves(text))
}

fn halves(text: &str) -> Vec<u8> {
    text.chars().filter_map(|c| c.to_digit(10)).map(|digit| digit as u8).collect()
}

/// TS 31.102 §4.2.2: the length, a parity half, the digits.
fn imsi(text: &str) -> Vec<u8> {
    let digits = halves(text);
    let parity = if digits.len() % 2 == 1 { 0x9 } else { 0x1 };
    let coded = bcd::pack(&[&[parity], &*digits].concat());
    [&[coded.len() as u8], &*coded].concat()
}

/// A number as `EF_ADN` has it after the alpha identifier: length, TON and NPI, digits.
fn international(number: &str) -> Vec<u8> {
    let digits = digits(number);
    [&[digits.len() as u8 + 1, 0x91], &*digits].concat()
}

fn own_number(msisdn: &str) -> Vec<u8> {
    let mut record = vec![0xFF; 14];
    if !msisdn.is_empty() {
        record.extend(international(msisdn));
    }
    record
}

/// TS 31.102 §4.2.27: service centre, protocol identifier, coding scheme and validity are given.
fn sms_parameters(service_centre: &str) -> Vec<u8> {
    const ALPHA: usize = 12;
    const INDICATORS: u8 = 0xE1;
    let mut record = vec![0xFF; ALPHA + 28];
    if let Some(indicators) = record.get_mut(ALPHA) {
        *indicators = INDICATORS;
    }
    overwrite(record.get_mut(ALPHA + 13..).unwrap_or_default(), &international(service_centre));
    overwrite(record.get_mut(ALPHA + 25..).unwrap_or_default(), &[0x00, 0x00, 0x00]);
    record
}

/// TS 31.102 §4.2.12: display condition, name.
fn provider(name: &str) -> Vec<u8> {
    [&[0x01], &*oxisim_toolkit::objects::alpha(name)].concat()
}

/// TS 31.102 §4.2.21: three digits, no alpha identifier, category of all services.
fn emergency(first: u8, second: u8) -> Vec<u8> {
    let mut record = vec![0xFF; 14];
    overwrite(&mut record, &[first, second]);
    if let Some(category) = record.last_mut() {
        *category = 0x00;
    }
    record
}

/// A table of `octets` octets with `bits` bits for each service, all set for those in `services`.
fn service_table(services: &[u8], bits: usize, octets: usize) -> Vec<u8> {
    let mut table = vec![0; octets];
    for bit in
        services.iter().flat_map(|&service| (0..bits).map(move |i| (usize::from(service) - 1) * bits + i))
    {
        if let Some(octet) = table.get_mut(bit / 8) {
            *octet |= 1 << (bit % 8);
        }
    }
    table
}

/// TS 102 221 §13.1: the application's AID and label.
fn application_template() -> Vec<u8> {
    let mut out = Vec::new();
    write_tlv(0x61, &mut out, |out| {
        write_tlv(0x4F, out, |out| out.extend_from_slice(&AID_USIM));
        write_tlv(0x50, out, |out| out.extend_from_slice(b"USIM"));
    });
    out
}
