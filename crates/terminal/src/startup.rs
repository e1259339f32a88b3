//! How a phone gets to know a card (TS 102 221 §14, TS 31.102 §5.1).

use alloc::{string::String, vec::Vec};

use oxisim_apdu::{Class, Command, Instruction, Response};
use oxisim_toolkit::TerminalProfile;
use oxisim_wire::{Reader, bcd, tlv::Tlv};

/// What the start-up has read from the card; what the card does not have, or not let read, is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardIdentity {
    /// The card's identification number, from `EF_ICCID` (TS 102 221 §13.2).
    pub iccid: String,
    /// The AID of the USIM, from `EF_DIR` (TS 102 221 §13.1).
    pub aid: Vec<u8>,
    /// International mobile subscriber identity, from `EF_IMSI` (TS 31.102 §4.2.2).
    pub imsi: String,
    /// `EF_AD` (TS 31.102 §4.2.18).
    pub administrative_data: Vec<u8>,
    /// `EF_UST`: bit 1 of octet 1 is service 1 (TS 31.102 §4.2.8).
    pub services: Vec<u8>,
}

impl CardIdentity {
    /// Whether the USIM has service `number`, counted from 1.
    #[must_use]
    pub fn has_service(&self, number: u8) -> bool {
        let Some(bit) = number.checked_sub(1) else {
            return false;
        };
        self.services.get(usize::from(bit / 8)).is_some_and(|octet| octet >> (bit % 8) & 1 == 1)
    }
}

/// What of the start-up is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// All of it, after a reset.
    Card,
    /// The USIM again, as REFRESH asks.
    Application,
}

/// A transparent file that the start-up reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum File {
    Iccid,
    AdministrativeData,
    Imsi,
    ServiceTable,
}

/// The step whose command is with the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    SelectMasterFile,
    Select(File),
    Read(File),
    SelectDirectory,
    ReadDirectory {
        record: u8,
    },
    SelectApplication,
    /// STATUS, which says that the application is initialised.
    Initialised,
    TerminalProfile,
}

/// A start-up on its way.
#[derive(Debug)]
pub(crate) struct Startup {
    extent: Extent,
    step: Step,
}

/// Records of `EF_DIR` that a phone reads.
const DIRECTORY_LIMIT: u8 = 16;
/// How the AID of a USIM begins (TS 101 220).
const USIM: [u8; 7] = [0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02];
const MASTER_FILE: u16 = 0x3F00;
const DIRECTORY: u16 = 0x2F00;

impl File {
    const fn identifier(self) -> u16 {
        match self {
            Self::Iccid => 0x2FE2,
            Self::AdministrativeData => 0x6FAD,
            Self::Imsi => 0x6F07,
            Self::ServiceTable => 0x6F38,
        }
    }

    /// Le for READ BINARY: the file's length, or all there is.
    const fn length(self) -> usize {
        match self {
            Self::Iccid => 10,
            Self::Imsi => 9,
            Self::AdministrativeData | Self::ServiceTable => 256,
        }
    }

    /// The step after this file.
    const fn next(self) -> Step {
        match self {
            Self::Iccid => Step::SelectDirectory,
            Self::AdministrativeData => Step::Select(Self::Imsi),
            Self::Imsi => Step::Select(Self::ServiceTable),
            Self::ServiceTable => Step::Initialised,
        }
    }

    fn keep(self, octets: Vec<u8>, identity: &mut CardIdentity) {
        match self {
            Self::Iccid => identity.iccid = bcd::to_dialling(&bcd::unpack(&octets)),
            Self::AdministrativeData => identity.administrative_data = octets,
            Self::ServiceTable => identity.services = octets,
            Self::Imsi => {
                let length = octets.first().map_or(0, |&length| usize::from(length));
                let halves =
                    bcd::unpack(octets.get(1..).unwrap_or_default().get(..length).unwrap_or_default());
                // The first half says the parity.
                identity.imsi = bcd::to_dialling(halves.get(1..).unwrap_or_default());
            }
        }
    }
}

impl Startup {
    /// Begins after a reset.
    pub(crate) const fn of_card() -> Self {
        Self { extent: Extent::Card, step: Step::SelectMasterFile }
    }

    /// Begins with the USIM, as after REFRESH.
    pub(crate) const fn of_application() -> Self {
        Self { extent: Extent::Application, step: Step::SelectApplication }
    }

    /// The command of this step.
    pub(crate) fn command(&self, identity: &CardIdentity, profile: &TerminalProfile) -> Vec<u8> {
        let select = |identifier: u16| {
            Command::new(Class::INTERINDUSTRY, Instruction::SELECT, 0x00, 0x04)
                .data(&identifier.to_be_bytes())
                .ne(256)
                .to_bytes()
        };
        match self.step {
            Step::SelectMasterFile => select(MASTER_FILE),
            Step::SelectDirectory => select(DIRECTORY),
            Step::Select(file) => select(file.identifier()),
            Step::Read(file) => Command::new(Class::INTERINDUSTRY, Instruction::READ_BINARY, 0, 0)
                .ne(file.length())
                .to_bytes(),
            Step::ReadDirectory { record } => {
                Command::new(Class::INTERINDUSTRY, Instruction::READ_RECORD, record, 0x04).ne(256).to_bytes()
            }
            Step::SelectApplication => {
                let aid = if identity.aid.is_empty() { &USIM[..] } else { &identity.aid };
                Command::new(Class::INTERINDUSTRY, Instruction::SELECT, 0x04, 0x04)
                    .data(aid)
                    .ne(256)
                    .to_bytes()
            }
            Step::Initialised => Command::new(Class::ETSI, Instruction::STATUS, 0x01, 0x0C).to_bytes(),
            Step::TerminalProfile => Command::new(Class::ETSI, Instruction::TERMINAL_PROFILE, 0, 0)
                .data(profile.octets())
                .to_bytes(),
        }
    }

    /// Takes the card's response and goes on; `None` when the start-up is over. What the card refuses is passed
    /// over.
    pub(crate) fn next(self, response: &Response, identity: &mut CardIdentity) -> Option<Self> {
        let done = response.status.is_normal() || response.status.is_warning();
        let step = match self.step {
            Step::SelectMasterFile => Step::Select(File::Iccid),
            Step::Select(file) if done => Step::Read(file),
            Step::Select(file) => file.next(),
            Step::Read(file) => {
                if done {
                    file.keep(response.data.clone(), identity);
                }
                file.next()
            }
            Step::SelectDirectory if done => Step::ReadDirectory { record: 1 },
            Step::ReadDirectory { record } if done && record < DIRECTORY_LIMIT => {
                if let Some(aid) = application(&response.data).filter(|_| identity.aid.is_empty()) {
                    identity.aid = aid;
                }
                Step::ReadDirectory { record: record + 1 }
            }
            Step::SelectDirectory | Step::ReadDirectory { .. } => Step::SelectApplication,
            Step::SelectApplication if done => Step::Select(File::AdministrativeData),
            Step::SelectApplication | Step::Initialised => match self.extent {
                Extent::Card => Step::TerminalProfile,
                Extent::Application => return None,
            },
            Step::TerminalProfile => return None,
        };
        Some(Self { step, ..self })
    }
}

/// The AID in a record of `EF_DIR`, if it is a USIM's (TS 102 221 §13.1): application template `61`, AID `4F`.
fn application(record: &[u8]) -> Option<Vec<u8>> {
    let mut template = Tlv::expect(&mut Reader::new(record), 0x61, "application template").ok()?;
    while !template.is_empty() {
        let mut object = Tlv::read(&mut template, "application template").ok()?;
        if object.tag == 0x4F {
            let aid = object.value.rest();
            return (aid.starts_with(&USIM) && aid.len() <= 16).then(|| aid.to_vec());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usim_is_found_by_its_aid() {
        let record = hex::decode("61194F10A0000000871002FFFFFFFF890709000050055553696D31FFFFFFFF").unwrap();
        assert_eq!(application(&record).unwrap().len(), 16);
        assert_eq!(application(&[0xFF; 20]), None);
        assert_eq!(application(&[0x61, 0x04, 0x4F, 0x02, 0xA0, 0x00]), None);
    }

    #[test]
    fn an_imsi_follows_its_parity() {
        let mut identity = CardIdentity::default();
        File::Imsi.keep(hex::decode("080910100000000010").unwrap(), &mut identity);
        assert_eq!(identity.imsi, "001010000000001");
        File::Imsi.keep(hex::decode("FF").unwrap(), &mut identity);
        assert_eq!(identity.imsi, "");
    }

    #[test]
    fn services_are_counted_from_one() {
        let identity = CardIdentity { services: [0x01, 0x80].to_vec(), ..CardIdentity::default() };
        assert!(identity.has_service(1) && identity.has_service(16));
        assert!(!identity.has_service(0) && !identity.has_service(2) && !identity.has_service(17));
    }
}
