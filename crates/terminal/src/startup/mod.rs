//! How a phone gets to know a card (TS 102 221 §14, TS 31.102 §5.1, TS 51.011 §11.2.1).

mod file;
mod selected;

use alloc::vec::Vec;

use oxisim_apdu::Status;
use oxisim_wire::{Reader, tlv::Tlv};

use self::file::File;
use crate::{CardIdentity, Config, PinState, Platform, link::Answer};

/// A part of the start-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    MasterFile,
    Directory(u16),
    File(File),
    /// `EF_DIR`.
    Applications,
    Application,
    Pin,
    Initialised,
    TerminalProfile,
}

/// The step of a part whose command is with the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    SelectMasterFile,
    SelectDirectory(u16),
    Select(File),
    Read {
        file: File,
        length: usize,
    },
    SelectApplications,
    ReadApplication {
        record: u8,
    },
    SelectApplication,
    /// VERIFY PIN without a value.
    CountAttempts,
    VerifyPin,
    /// STATUS, which says that the application is initialised.
    Initialised,
    TerminalProfile,
}

/// A start-up on its way.
#[derive(Debug)]
pub(crate) struct Startup {
    step: Step,
    /// What is to be done after the part that the step belongs to.
    rest: &'static [Part],
    /// The key reference of the user's PIN.
    pin: u8,
}

/// Records of `EF_DIR` that a phone reads.
const DIRECTORY_LIMIT: u8 = 16;
/// How the AID of a USIM begins (TS 101 220).
pub(crate) const USIM: [u8; 7] = [0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02];
const MASTER_FILE: u16 = 0x3F00;
const DIRECTORY: u16 = 0x2F00;
const DF_GSM: u16 = 0x7F20;
const DF_TELECOM: u16 = 0x7F10;

/// After the reset of a UICC.
const UICC: &[Part] = &[
    Part::MasterFile,
    Part::File(File::Iccid),
    Part::File(File::Languages),
    Part::Applications,
    Part::Application,
    Part::Pin,
    Part::File(File::AdministrativeData),
    Part::File(File::Imsi),
    Part::File(File::ServiceTable),
    Part::File(File::SmsParameters),
    Part::File(File::SmsStatus),
    Part::File(File::Broadcasts),
    Part::Initialised,
    Part::TerminalProfile,
];

/// The USIM again, as REFRESH asks: from after the verification of the PIN on (TS 102 223 §6.4.7).
const USIM_AGAIN: &[Part] = &[
    Part::Application,
    Part::File(File::AdministrativeData),
    Part::File(File::Imsi),
    Part::File(File::ServiceTable),
    Part::File(File::SmsParameters),
    Part::File(File::SmsStatus),
    Part::File(File::Broadcasts),
    Part::Initialised,
];

/// After the reset of a SIM. It ends in the directory in which RUN GSM ALGORITHM works.
const SIM: &[Part] = &[
    Part::MasterFile,
    Part::File(File::Iccid),
    Part::File(File::Languages),
    Part::Directory(DF_GSM),
    Part::File(File::CellBroadcastLanguages),
    Part::Pin,
    Part::File(File::Phase),
    Part::TerminalProfile,
    Part::File(File::AdministrativeData),
    Part::File(File::ServiceTable),
    Part::File(File::Imsi),
    Part::File(File::Broadcasts),
    Part::Directory(DF_TELECOM),
    Part::File(File::SmsParameters),
    Part::File(File::SmsStatus),
    Part::Directory(DF_GSM),
];

/// The SIM again, as REFRESH asks.
const SIM_AGAIN: &[Part] = &[
    Part::Directory(DF_GSM),
    Part::File(File::Phase),
    Part::File(File::AdministrativeData),
    Part::File(File::ServiceTable),
    Part::File(File::Imsi),
    Part::File(File::Broadcasts),
    Part::Directory(DF_TELECOM),
    Part::File(File::SmsParameters),
    Part::File(File::SmsStatus),
    Part::Directory(DF_GSM),
];

impl Part {
    /// The first step, if the part is to be done.
    fn begin(self, identity: &CardIdentity, config: &Config) -> Option<Step> {
        match self {
            Self::MasterFile => Some(Step::SelectMasterFile),
            Self::Directory(identifier) => Some(Step::SelectDirectory(identifier)),
            Self::File(file) => file.is_wanted(identity).then_some(Step::Select(file)),
            Self::Applications => Some(Step::SelectApplications),
            Self::Application => Some(Step::SelectApplication),
            Self::Pin => {
                let has_to_be_verified = identity.pin == PinState::Wanted && config.pin.is_some();
                has_to_be_verified.then_some(match identity.platform {
                    Platform::Uicc => Step::CountAttempts,
                    Platform::Sim => Step::VerifyPin,
                })
            }
            Self::Initialised => Some(Step::Initialised),
            Self::TerminalProfile => identity.wants_profile().then_some(Step::TerminalProfile),
        }
    }
}

impl Startup {
    /// Begins after a reset, as with a UICC.
    pub(crate) fn of_card() -> Self {
        Self::begin(Step::SelectMasterFile, UICC)
    }

    /// Begins with the USIM or the SIM again, as after REFRESH.
    pub(crate) fn of_application(platform: Platform) -> Self {
        match platform {
            Platform::Uicc => Self::begin(Step::SelectApplication, USIM_AGAIN),
            Platform::Sim => Self::begin(Step::SelectDirectory(DF_GSM), SIM_AGAIN),
        }
    }

    /// With the first step of the first part.
    fn begin(step: Step, parts: &'static [Part]) -> Self {
        Self { step, rest: parts.get(1..).unwrap_or_default(), pin: selected::PIN_1 }
    }

    /// The command of this step.
    pub(crate) fn command(&self, identity: &CardIdentity, config: &Config) -> Vec<u8> {
        let platform = identity.platform;
        let select = |identifier: u16| platform.select(&identifier.to_be_bytes()).to_bytes();
        match self.step {
            Step::SelectMasterFile => select(MASTER_FILE),
            Step::SelectDirectory(identifier) => select(identifier),
            Step::SelectApplications => select(DIRECTORY),
            Step::Select(file) => select(file.identifier()),
            Step::Read { file, length } if file.has_records() => platform.read_record(1, length).to_bytes(),
            Step::Read { length, .. } => platform.read_binary(length).to_bytes(),
            Step::ReadApplication { record } => platform.read_record(record, 256).to_bytes(),
            Step::SelectApplication => {
                let aid = if identity.aid.is_empty() { &USIM[..] } else { &identity.aid };
                platform.select_application(aid).to_bytes()
            }
            Step::CountAttempts => platform.verify(self.pin, &[]).to_bytes(),
            Step::VerifyPin => {
                let value = config.pin.as_ref().map_or(&[][..], |pin| pin.octets());
                platform.verify(self.pin, value).to_bytes()
            }
            Step::Initialised => platform.initialised().to_bytes(),
            Step::TerminalProfile => platform.terminal_profile(config.profile.octets()).to_bytes(),
        }
    }

    /// Takes the card's answer and goes on; `None` when the start-up is over. What the card refuses is passed over.
    pub(crate) fn next(
        mut self,
        answer: Answer,
        identity: &mut CardIdentity,
        config: &Config,
    ) -> Option<Self> {
        let mut next = self.go_on(answer, identity);
        while next.is_none() {
            let (part, rest) = self.rest.split_first()?;
            self.rest = rest;
            next = part.begin(identity, config);
        }
        next.map(|step| Self { step, ..self })
    }

    /// Takes the card's answer; the next step of the part that is under way, if it has one.
    fn go_on(&mut self, answer: Answer, identity: &mut CardIdentity) -> Option<Step> {
        let done = answer.is_done();
        match self.step {
            Step::SelectMasterFile if identity.platform == Platform::Uicc && is_sim(answer.verdict) => {
                identity.platform = Platform::Sim;
                *self = Self::begin(Step::SelectMasterFile, SIM);
                return Some(self.step);
            }
            Step::SelectDirectory(DF_GSM) if done => self.note_pin(selected::of_sim(&answer.data), identity),
            Step::Select(file) if done => {
                let length = match identity.platform {
                    Platform::Uicc => file.length(),
                    Platform::Sim => selected::length(file, &answer.data),
                };
                return Some(Step::Read { file, length });
            }
            Step::Read { file, .. } if done => file.keep(answer.data, identity),
            Step::SelectApplications if done => return Some(Step::ReadApplication { record: 1 }),
            Step::ReadApplication { record } if done && record < DIRECTORY_LIMIT => {
                if let Some(aid) = application(&answer.data).filter(|_| identity.aid.is_empty()) {
                    identity.aid = aid;
                }
                return Some(Step::ReadApplication { record: record + 1 });
            }
            Step::SelectApplication if done => {
                self.note_pin(selected::of_application(&answer.data), identity);
            }
            Step::SelectApplication => {
                let end = self.rest.iter().position(|&part| part == Part::TerminalProfile);
                self.rest = end.and_then(|end| self.rest.get(end..)).unwrap_or_default();
            }
            Step::CountAttempts => {
                identity.pin = match answer.verdict {
                    Status::AUTHENTICATION_BLOCKED => PinState::Blocked,
                    status if status.0 & 0xFFF0 == 0x63C0 => PinState::with_attempts(status.sw2() & 0x0F),
                    status if status.is_normal() => PinState::Verified,
                    // A card that does not say how many attempts are left may have one.
                    _ => PinState::LastAttempt,
                };
                return (identity.pin == PinState::Wanted).then_some(Step::VerifyPin);
            }
            Step::VerifyPin => {
                identity.pin = match answer.verdict {
                    status if status.is_normal() => PinState::Verified,
                    Status::AUTHENTICATION_BLOCKED | Status::CHV_BLOCKED => PinState::Blocked,
                    Status::REFERENCED_DATA_INVALIDATED | Status::CHV_CONTRADICTION => PinState::NotNeeded,
                    _ => PinState::Refused,
                };
            }
            _ => {}
        }
        None
    }

    /// Notes what the card says of the user's PIN, if nothing has come of it yet.
    fn note_pin(&mut self, pin: Option<selected::PinStatus>, identity: &mut CardIdentity) {
        if let (Some(pin), PinState::NotNeeded) = (pin, identity.pin) {
            self.pin = pin.reference;
            identity.pin = pin.state;
        }
    }
}

/// Whether the card that so answers the first command, which is of class `00`, is a SIM.
const fn is_sim(status: Status) -> bool {
    matches!(status, Status::CLASS_NOT_SUPPORTED | Status::INSTRUCTION_NOT_SUPPORTED)
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
}
