//! The few commands that it takes to read and write files, to a UICC and to a SIM of GSM (TS 102 221 §11.1,
//! TS 51.011 §9.2).

use oxisim_apdu::{
    Class, Command, Instruction, Response, Status,
    fcp::{Fcp, FileStructure},
};
use oxisim_card::KeyReference;
use oxisim_transport::{Error as CardError, Transport};
use oxisim_wire::Reader;

use super::keys::Key;
use crate::{failure::Failure, report::count};

/// A card, and which commands it understands.
pub struct Client {
    card: Box<dyn Transport>,
    class: Class,
    answer_to_reset: Vec<u8>,
}

/// What a command brought, whatever its status word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The data of the response.
    pub data: Vec<u8>,
    /// How the command ended.
    pub status: Status,
}

/// A file with records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Octets of a record.
    pub record: u8,
    /// How many records.
    pub records: u16,
}

/// Why the card did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The card cannot be reached.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The card answers, and not as a card does.
    #[error("the card answers {} without a status word", count(.0.len(), "octet"))]
    NoStatus(Vec<u8>),
    /// There is no such file, or no such record.
    #[error("{0}")]
    NotFound(Status),
    /// A PIN must be verified before.
    #[error("the card wants the PIN: give it with --pin")]
    Pin,
    /// Another error.
    #[error("{0}")]
    Status(Status),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Card(error) => Self::Card(error),
            other => Self::NotDone(other.to_string()),
        }
    }
}

/// SW1 of a SIM of GSM: a response of SW2 octets waits (TS 51.011 §9.4.1).
const GSM_RESPONSE_AVAILABLE: u8 = 0x9F;

/// Answers that one command may take until it is done: a right length, a response, and more of it.
const ROUNDS: usize = 4;

/// The file identifier of the master file.
const MF: u16 = 0x3F00;

/// VERIFY, in class `A0` VERIFY CHV.
const VERIFY: u8 = Instruction::VERIFY.0;

/// How often a wrong value of a key may still be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempts {
    /// There is no such key here.
    NoKey,
    /// The PIN is disabled.
    Disabled,
    /// The PIN is verified already, or disabled.
    NotNeeded,
    /// So often; 0 if it is blocked.
    Left(u8),
    /// The card does not say.
    NotSaid,
}

/// What became of a key that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// It is verified.
    Verified,
    /// It is disabled: the card has not compared it.
    Disabled,
    /// It was verified already, or is disabled: it was not tried.
    NotNeeded,
}

impl Attempts {
    /// What the response to SELECT of a directory says (TS 51.011 §9.2.1).
    fn of_gsm(said: &[u8]) -> Self {
        /// CHV1 is disabled.
        const DISABLED: u8 = 0x80;
        /// CHV1 has a value.
        const INITIALISED: u8 = 0x80;
        match (said.get(13), said.get(18)) {
            (Some(characteristics), _) if characteristics & DISABLED != 0 => Self::Disabled,
            (_, Some(chv1)) if chv1 & INITIALISED == 0 => Self::NoKey,
            (_, Some(chv1)) => Self::Left(chv1 & 0x0F),
            _ => Self::NotSaid,
        }
    }
}

impl Client {
    /// Resets the card and finds out which commands it understands.
    pub fn new(card: Box<dyn Transport>) -> Result<Self, Refusal> {
        let mut client = Self { card, class: Class::INTERINDUSTRY, answer_to_reset: Vec::new() };
        client.reset()?;
        Ok(client)
    }

    /// The same once more: what was selected and verified is lost, and it may be another card.
    pub fn reset(&mut self) -> Result<(), Refusal> {
        self.answer_to_reset = self.card.reset()?;
        self.class = Class::INTERINDUSTRY;
        match self.select(MF) {
            Err(Refusal::Status(Status::CLASS_NOT_SUPPORTED | Status::INSTRUCTION_NOT_SUPPORTED)) => {
                self.class = Class::GSM;
                self.select(MF).map(drop)
            }
            other => other.map(drop),
        }
    }

    /// Sends octets as they are, and returns what comes back.
    pub fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, CardError> {
        self.card.exchange(command)
    }

    /// Whether the card is a SIM of GSM and no UICC.
    pub fn is_gsm(&self) -> bool {
        self.class == Class::GSM
    }

    /// What the card answered to reset.
    pub fn answer_to_reset(&self) -> &[u8] {
        &self.answer_to_reset
    }

    /// The way to the card, for someone else who resets it first.
    pub fn into_transport(self) -> Box<dyn Transport> {
        self.card
    }

    /// Selects a file by its identifier, in the current directory, and returns what the card says of it.
    pub fn select(&mut self, fid: u16) -> Result<Vec<u8>, Refusal> {
        let Answer { data, status } = self.try_select(fid)?;
        self.ended(status).map(|()| data)
    }

    /// The same, whatever the status word: a deactivated file is selected with a warning.
    pub fn try_select(&mut self, fid: u16) -> Result<Answer, Refusal> {
        let fid = fid.to_be_bytes();
        if self.is_gsm() {
            return self.ask(0xA4, 0x00, 0x00, &fid, None);
        }
        self.ask(0xA4, 0x00, 0x04, &fid, Some(256))
    }

    /// Selects directories, one in the other, from the master file on.
    pub fn enter(&mut self, path: &[u16]) -> Result<(), Refusal> {
        self.select(MF)?;
        path.iter().try_for_each(|&fid| self.select(fid).map(drop))
    }

    /// Selects an application by its identifier or the start of it.
    pub fn select_application(&mut self, aid: &[u8]) -> Result<(), Refusal> {
        let Answer { status, .. } = self.try_select_application(aid)?;
        self.ended(status)
    }

    /// The same, whatever the status word, with what the card says of it.
    pub fn try_select_application(&mut self, aid: &[u8]) -> Result<Answer, Refusal> {
        self.ask(0xA4, 0x04, 0x04, aid, Some(256))
    }

    /// Selects a file with records of one length; none if it is another file.
    pub fn select_records(&mut self, fid: u16) -> Result<Option<Shape>, Refusal> {
        let said = self.select(fid)?;
        Ok(if self.is_gsm() { Shape::of_gsm(&said) } else { Shape::of_fcp(&said) })
    }

    /// Reads a record of the selected file.
    pub fn read_record(&mut self, number: u8, shape: Shape) -> Result<Vec<u8>, Refusal> {
        let Answer { data, status } = self.try_read_record(number, shape.record)?;
        self.ended(status).map(|()| data)
    }

    /// Reads a record of so many octets of the selected file, whatever the status word.
    pub fn try_read_record(&mut self, number: u8, octets: u8) -> Result<Answer, Refusal> {
        self.ask(0xB2, number, 0x04, &[], Some(usize::from(octets)))
    }

    /// Reads `count` octets, 255 at most, of the selected transparent file, whatever the status word. The offset is
    /// below 8000.
    pub fn try_read_binary(&mut self, offset: u16, count: u8) -> Result<Answer, Refusal> {
        let [high, low] = offset.to_be_bytes();
        self.ask(0xB0, high, low, &[], Some(usize::from(count)))
    }

    /// Writes a record of the selected file, in its whole length.
    pub fn update_record(&mut self, number: u8, octets: &[u8]) -> Result<(), Refusal> {
        self.command(0xDC, number, 0x04, octets, None).map(drop)
    }

    /// Selects a file without records and returns its size in octets; none if it is another file.
    pub fn select_binary(&mut self, fid: u16) -> Result<Option<u16>, Refusal> {
        let said = self.select(fid)?;
        Ok(if self.is_gsm() { gsm_size(&said) } else { fcp_size(&said) })
    }

    /// Reads the first octets of the selected file.
    pub fn read_binary(&mut self, octets: u8) -> Result<Vec<u8>, Refusal> {
        let Answer { data, status } = self.try_read_binary(0, octets)?;
        self.ended(status).map(|()| data)
    }

    /// Writes a record of the selected file, whatever the status word. A cyclic file takes it as its latest one, where
    /// there is no number (TS 102 221 §11.1.6).
    pub fn try_update_record(&mut self, number: Option<u8>, octets: &[u8]) -> Result<Status, Refusal> {
        let (number, mode) = number.map_or((0x00, 0x03), |number| (number, 0x04));
        self.ask(0xDC, number, mode, octets, None).map(|answer| answer.status)
    }

    /// Writes octets, 255 at most, of the selected transparent file, whatever the status word. The offset is below 8000.
    pub fn try_update_binary(&mut self, offset: u16, octets: &[u8]) -> Result<Status, Refusal> {
        let [high, low] = offset.to_be_bytes();
        self.ask(0xD6, high, low, octets, None).map(|answer| answer.status)
    }

    /// Writes the first octets of the selected file.
    pub fn update_binary(&mut self, octets: &[u8]) -> Result<(), Refusal> {
        self.command(0xD6, 0x00, 0x00, octets, None).map(drop)
    }

    /// How often a wrong value of a key may still be given. The card is asked; no attempt is made: a UICC by VERIFY
    /// without data (TS 102 221 §11.1.9), a SIM, which tells of CHV1 only, by SELECT (TS 51.011 §9.2.1).
    pub fn attempts(&mut self, key: KeyReference) -> Result<Attempts, Refusal> {
        if self.is_gsm() {
            let said = self.select(MF)?;
            return Ok(if key == KeyReference::PIN_1 { Attempts::of_gsm(&said) } else { Attempts::NotSaid });
        }
        let Answer { status, .. } = self.ask(VERIFY, 0x00, key.0, &[], None)?;
        Ok(match status {
            Status::REFERENCED_DATA_INVALIDATED => Attempts::Disabled,
            Status::REFERENCED_DATA_NOT_FOUND => Attempts::NoKey,
            Status::AUTHENTICATION_BLOCKED => Attempts::Left(0),
            status if status.is_normal() => Attempts::NotNeeded,
            status => retries_left(status).map_or(Attempts::NotSaid, Attempts::Left),
        })
    }

    /// Verifies a key, once; a card whose PIN is disabled needs none. Where a wrong one would block the key, or may, for
    /// all that the card says, it is tried only if it is the `last_try`. None: the card has no such key here.
    pub fn verify<K: Key>(&mut self, key: &K, last_try: bool) -> Result<Option<Presented>, Failure> {
        let not_done = |reason: &str| Failure::NotDone(format!("the {} {reason}", K::NAME));
        let blocked = || {
            let is_users = !K::REFERENCE.is_administrative();
            not_done(if is_users { "is blocked: a phone can unblock it with the PUK" } else { "is blocked" })
        };
        let risk = match self.attempts(K::REFERENCE)? {
            Attempts::NoKey => return Ok(None),
            Attempts::Disabled => return Ok(Some(Presented::Disabled)),
            Attempts::NotNeeded => return Ok(Some(Presented::NotNeeded)),
            Attempts::Left(0) => return Err(blocked()),
            Attempts::Left(1) => Some("a wrong one would block it (attempts left: 1)"),
            Attempts::NotSaid => Some("the card does not say how many attempts are left"),
            Attempts::Left(_) => None,
        };
        if let Some(risk) = risk.filter(|_| !last_try) {
            return Err(not_done(&format!("is not tried: {risk}; --last-try tries it")));
        }
        match self.command(VERIFY, 0x00, K::REFERENCE.0, &key.octets(), None) {
            Ok(_) => Ok(Some(Presented::Verified)),
            Err(Refusal::Status(Status::REFERENCED_DATA_INVALIDATED | Status::CHV_CONTRADICTION)) => {
                Ok(Some(Presented::Disabled))
            }
            Err(
                Refusal::Status(Status::REFERENCED_DATA_NOT_FOUND)
                | Refusal::NotFound(Status::CHV_NOT_INITIALISED),
            ) => Ok(None),
            Err(Refusal::Status(Status::AUTHENTICATION_BLOCKED | Status::CHV_BLOCKED)) => Err(blocked()),
            Err(Refusal::Pin) => Err(not_done("is wrong")),
            Err(Refusal::Status(status)) => Err(match retries_left(status) {
                Some(left) => not_done(&format!("is wrong; attempts left: {left}")),
                None => Refusal::Status(status).into(),
            }),
            Err(other) => Err(other.into()),
        }
    }

    /// Sends a command, and what it takes to have its whole response; every error is a refusal.
    fn command(
        &mut self,
        instruction: u8,
        p1: u8,
        p2: u8,
        data: &[u8],
        ne: Option<usize>,
    ) -> Result<Vec<u8>, Refusal> {
        let Answer { data, status } = self.ask(instruction, p1, p2, data, ne)?;
        self.ended(status).map(|()| data)
    }

    /// Sends a command, and what it takes to have its whole response.
    fn ask(
        &mut self,
        instruction: u8,
        p1: u8,
        p2: u8,
        data: &[u8],
        ne: Option<usize>,
    ) -> Result<Answer, Refusal> {
        let mut command = Command::new(self.class, Instruction(instruction), p1, p2).data(data);
        command.ne = ne;
        let mut all = Vec::new();
        for _ in 0..ROUNDS {
            let octets = self.card.exchange(&command.to_bytes())?;
            let response = Response::from_bytes(&octets).map_err(|_| Refusal::NoStatus(octets))?;
            all.extend(response.data);
            let waiting = match response.status.sw2() {
                0 => 256,
                length => usize::from(length),
            };
            match response.status.sw1() {
                0x6C => command.ne = Some(waiting),
                0x61 | GSM_RESPONSE_AVAILABLE => {
                    command = Command::new(self.class, Instruction::GET_RESPONSE, 0, 0).ne(waiting);
                }
                _ => return Ok(Answer { data: all, status: response.status }),
            }
        }
        Ok(Answer { data: all, status: Status::TECHNICAL_PROBLEM })
    }

    fn ended(&self, status: Status) -> Result<(), Refusal> {
        match status {
            Status::GSM_MEMORY_PROBLEM if self.is_gsm() => Err(Refusal::Status(status)),
            status if status.is_normal() => Ok(()),
            Status::SECURITY_STATUS_NOT_SATISFIED | Status::ACCESS_NOT_FULFILLED => Err(Refusal::Pin),
            Status::FILE_NOT_FOUND
            | Status::RECORD_NOT_FOUND
            | Status::GSM_NOT_FOUND
            | Status::OUT_OF_RANGE
            | Status::CHV_NOT_INITIALISED => Err(Refusal::NotFound(status)),
            status => Err(Refusal::Status(status)),
        }
    }
}

/// How many attempts are left, if that is what the status word says: `63CX`.
fn retries_left(status: Status) -> Option<u8> {
    (status.0 & 0xFFF0 == 0x63C0).then_some(status.sw2() & 0x0F)
}

/// What was asked for; none if the card has no such thing.
pub fn found<T>(result: Result<T, Refusal>) -> Result<Option<T>, Refusal> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Refusal::NotFound(_) | Refusal::Status(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

impl Shape {
    /// What the file control parameters of a UICC say (TS 102 221 §11.1.1.4.3).
    fn of_fcp(fcp: &[u8]) -> Option<Self> {
        let fcp = Fcp::read(&mut Reader::new(fcp)).ok()?;
        let descriptor = fcp.descriptor().ok()??;
        if !matches!(descriptor.structure()?, FileStructure::LinearFixed | FileStructure::Cyclic) {
            return None;
        }
        let record = descriptor.record;
        let count = descriptor.records.map(u16::from);
        let size = fcp.size().ok().flatten().and_then(|size| u16::try_from(size).ok());
        let record = u8::try_from(record?).ok().filter(|&record| record > 0)?;
        let records = count.filter(|&count| count > 0).or(size.map(|size| size / u16::from(record)))?;
        Some(Self { record, records: records.min(u16::from(u8::MAX)) })
    }

    /// What the response of a SIM says (TS 51.011 §9.2.1).
    fn of_gsm(said: &[u8]) -> Option<Self> {
        let size = u16::from_be_bytes([*said.get(2)?, *said.get(3)?]);
        let (structure, record) = (*said.get(13)?, *said.get(14)?);
        let has_records = matches!(structure, 0x01 | 0x03) && record > 0;
        has_records.then(|| Self { record, records: (size / u16::from(record)).min(u16::from(u8::MAX)) })
    }
}

/// The size of a transparent file of a UICC (TS 102 221 §11.1.1.4.3).
fn fcp_size(fcp: &[u8]) -> Option<u16> {
    let fcp = Fcp::read(&mut Reader::new(fcp)).ok()?;
    let is_transparent = fcp.descriptor().ok()??.structure() == Some(FileStructure::Transparent);
    fcp.size().ok()?.and_then(|size| u16::try_from(size).ok()).filter(|_| is_transparent)
}

/// The size of a transparent file of a SIM (TS 51.011 §9.2.1).
fn gsm_size(said: &[u8]) -> Option<u16> {
    let size = u16::from_be_bytes([*said.get(2)?, *said.get(3)?]);
    let (kind, structure) = (*said.get(6)?, *said.get(13)?);
    (kind == 0x04 && structure == 0x00).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_select_answers_tells_the_records() {
        let fcp =
            hex::decode("6221820542210022FA83026F3AA506D00130D2010F8A01058B036F0603800221348800").unwrap();
        assert_eq!(Shape::of_fcp(&fcp), Some(Shape { record: 34, records: 250 }));
        let transparent =
            hex::decode("621E8202412183024F22A506D00120D2010F8A01058B036F0605800200048800").unwrap();
        assert_eq!(Shape::of_fcp(&transparent), None);
        assert_eq!(fcp_size(&transparent), Some(4));
        let directory =
            hex::decode("62218202782183025f3a8a01058b036f060cc60f90017083010183010c83010d83010e").unwrap();
        assert_eq!(Shape::of_fcp(&directory), None);
        assert_eq!(fcp_size(&directory), None);
        let said = hex::decode("000019646F3A040011FF220102011A").unwrap();
        assert_eq!(Shape::of_gsm(&said), Some(Shape { record: 26, records: 250 }));
        let transparent = hex::decode("000000026F43040011FFFF01020000").unwrap();
        assert_eq!(Shape::of_gsm(&transparent), None);
        assert_eq!(gsm_size(&transparent), Some(2));
    }

    #[test]
    fn a_sim_of_gsm_says_how_often_its_chv1_may_be_tried() {
        let mut said = hex::decode("000000003F000100000000000981020C0400838A838A").unwrap();
        assert_eq!(Attempts::of_gsm(&said), Attempts::Disabled);
        said[13] = 0x01;
        assert_eq!(Attempts::of_gsm(&said), Attempts::Left(3));
        said[18] = 0x03;
        assert_eq!(Attempts::of_gsm(&said), Attempts::NoKey);
        assert_eq!(Attempts::of_gsm(&said[..15]), Attempts::NotSaid);
    }
}
