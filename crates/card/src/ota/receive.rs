//! A command packet on its way: opened, carried out, answered (TS 102 225 §5, TS 31.115 §4).

use alloc::{boxed::Box, vec};

use oxisim_apdu::{Response, Status};
use oxisim_sms::{
    DataCoding, Element, ElementId, ProtocolIdentifier, UserData,
    packet::{
        Agreement, Check, Cipher, CommandPacket, Counter, CounterMode, Form, Integrity, Keys, Kic, Kid,
        Protection, Receipt, ReceiptBy, Refusal, ResponsePacket, ResponseStatus, SealedCommand,
        SecurityParameters, Suite,
    },
    tpdu::Submit,
};
use oxisim_toolkit::command::SendShortMessage;
use oxisim_wire::Wire;

use super::{
    Managed, RemoteApplication, SecurityLevel, SubmitRule,
    keys::{self, CounterOf, KeySet, KeyType, TypedKey},
};
use crate::{
    card::Powered,
    memory::MemoryError,
    runtime::AppletId,
    toolkit::{Carrier, Told},
};

/// Octets that the answer to an SMS-PP download has at most (TS 31.111 §7.1.1.2).
const REPORT: usize = 128;
/// The user data header of a response packet (TS 31.115 §4.3), with its length.
const RESPONSE_HEADER: [u8; 3] = [0x02, 0x71, 0x00];
/// Octets of a response packet that are never ciphered: RPL, RHL, TAR.
const RESPONSE_FRONT: usize = 2 + 1 + 3;
/// Octets that can be, the checksum and the data aside: CNTR, PCNTR, response status.
const RESPONSE_HIDDEN: usize = 5 + 1 + 1;

/// Who gets a packet.
#[derive(Clone, Copy)]
enum Receiver<'a> {
    Applet(AppletId),
    Card(&'a RemoteApplication),
}

/// What secures a packet and its response.
struct Secrets {
    keys: Keys,
    /// The key set of the checksum; 0 without one.
    version: u8,
    /// Whose counter counts: that of the checksum's key set, or of the one that ciphers; none of a packet without keys.
    counts: Option<CounterOf>,
}

/// A packet that has not passed a check.
struct Refused {
    status: ResponseStatus,
    counter: Counter,
    /// What secures the response; nothing unless the packet was found to be from one who has the keys, so that
    /// nobody else gets a checksum to guess them from.
    secrets: Option<Box<Secrets>>,
}

/// What came of a packet.
struct Outcome {
    status: ResponseStatus,
    counter: Counter,
    secrets: Option<Secrets>,
    /// What the application says.
    answer: Response,
}

impl From<ResponseStatus> for Refused {
    fn from(status: ResponseStatus) -> Self {
        Self { status, counter: Counter::default(), secrets: None }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        refusal.status().into()
    }
}

impl<'a> Powered<'a> {
    /// ENVELOPE.
    pub fn envelope(&mut self, data: &[u8]) -> Result<Response, Status> {
        let now = self.now;
        match self.runtime().envelope(now, data)? {
            Told::Answered(response) => Ok(response),
            Told::Packet(carrier) => self.packet(&carrier),
        }
    }

    /// A command packet that has come.
    pub fn packet(&mut self, carrier: &Carrier) -> Result<Response, Status> {
        let command = SealedCommand::decode(Form::ShortMessage, carrier.packet());
        let command = command.map_err(|_| Status::INCORRECT_DATA)?;
        if command.security.is_secured()
            && let Some(applet) = self.runtime().opener(command.tar, carrier.event())
            && let Some(event) = carrier.tell_sealed(&command)
        {
            return Ok(self.runtime().packet(applet, event, carrier.has_report()));
        }
        let outcome = match self.open(&command, carrier) {
            Ok((receiver, packet, secrets)) => {
                let answer = self.carry_out(receiver, &packet, &secrets, carrier);
                let secrets = Some(secrets);
                Outcome { status: ResponseStatus::POR_OK, counter: packet.counter, secrets, answer }
            }
            Err(Refused { status, counter, secrets }) => {
                let secrets = secrets.map(|secrets| *secrets);
                Outcome { status, counter, secrets, answer: Status::NORMAL.into() }
            }
        };
        self.answer(&command, outcome, carrier)
    }

    /// Checks a packet in the standard's order, and keeps its counter.
    fn open(
        &mut self,
        command: &SealedCommand,
        carrier: &Carrier,
    ) -> Result<(Receiver<'a>, CommandPacket, Secrets), Refused> {
        let receiver = self.receiver(command, carrier).ok_or(ResponseStatus::TAR_UNKNOWN)?;
        let level = self.level_of(receiver);
        if !level.is_some_and(|level| level.is_met(command.security)) {
            return Err(ResponseStatus::INSUFFICIENT_SECURITY_LEVEL.into());
        }
        let mode = command.security.counter_mode();
        let secrets = self.secrets_of(command)?;
        let counts = match mode {
            CounterMode::None | CounterMode::Available => None,
            // A counter is a key set's (TS 102 225 annex A): without one there is nothing to compare with, and what
            // anybody could raise to its end would shut out everybody else.
            CounterMode::Higher | CounterMode::OneHigher => {
                Some(secrets.counts.ok_or(ResponseStatus::INSUFFICIENT_SECURITY_LEVEL)?)
            }
        };
        let packet = command.open(&secrets.keys)?;
        let counter = packet.counter;
        if let Some(counts) = counts {
            let last = keys::last_counter(self.memory, counts);
            if let Err(refusal) = mode.judge(counter, last) {
                let secrets = (!is_open(command.security)).then(|| Box::new(secrets));
                return Err(Refused { status: refusal.status(), counter, secrets });
            }
            // Before anything comes of the packet: after power loss it is not accepted again.
            keys::accept(self.memory, counts, counter).map_err(|error| match error {
                MemoryError::Full => ResponseStatus::INSUFFICIENT_MEMORY,
                _ => ResponseStatus::UNIDENTIFIED_SECURITY_ERROR,
            })?;
        }
        Ok((receiver, packet, secrets))
    }

    /// The applet with the TAR of a packet, or the application of the card's own.
    fn receiver(&mut self, command: &SealedCommand, carrier: &Carrier) -> Option<Receiver<'a>> {
        let tar = command.tar;
        if let Some(applet) = self.runtime().owner(tar, carrier.event()) {
            return Some(Receiver::Applet(applet));
        }
        self.remote.iter().find(|application| application.tar == tar).map(Receiver::Card)
    }

    /// The least security that a receiver asks for; `None` if no packet has it.
    fn level_of(&mut self, receiver: Receiver<'_>) -> Option<SecurityLevel> {
        match receiver {
            Receiver::Card(application) => Some(application.security),
            Receiver::Applet(id) => {
                let instance = self.runtime().applets.get(id)?;
                SecurityLevel::of_parameters(&instance.parameters.security)
            }
        }
    }

    /// The keys that a packet and its response take, if they fit the algorithms.
    fn secrets_of(&self, command: &SealedCommand) -> Result<Secrets, Refused> {
        let security = command.security;
        let has_receipt = matches!(security.receipt(), Receipt::Required | Receipt::OnError);
        let is_keyed = |integrity| matches!(integrity, Integrity::CryptographicChecksum);
        let is_checked = is_keyed(security.integrity());
        let asks_keys = is_keyed(security.receipt_integrity()) || security.is_receipt_ciphered();
        if has_receipt && is_open(security) && asks_keys {
            // Whoever has no keys would get something to guess them from.
            return Err(ResponseStatus::INSUFFICIENT_SECURITY_LEVEL.into());
        }
        let kid = (is_checked || has_receipt && is_keyed(security.receipt_integrity()))
            .then(|| self.key_set(command.kid.key_set()))
            .transpose()?;
        let kic = (security.is_ciphered() || has_receipt && security.is_receipt_ciphered())
            .then(|| self.key_set(command.kic.key_set()))
            .transpose()?;
        let version = kid.as_ref().filter(|_| is_checked).map_or(0, |kid| kid.version);
        let ciphering = kic.as_ref().filter(|_| security.is_ciphered());
        let counts = if is_checked {
            Some(CounterOf::Kid(version))
        } else {
            ciphering.map(|kic| CounterOf::Kic(kic.version))
        };
        let agreement = Agreement {
            cipher: kic.as_ref().map(|set| set.kic.cipher()),
            check: kid.as_ref().map(|set| set.kid.check()),
            ..Agreement::default()
        };
        let is_of_one_set = kid.iter().chain(&kic).all(|set| version == 0 || set.version == version);
        let mut protections = vec![command.protection()];
        if has_receipt {
            protections.push(security.response(command.kic, command.kid));
        }
        let (kid, kic) = (kid.map(|set| set.kid), kic.map(|set| set.kic));
        for protection in protections {
            let suite = Suite::of(protection, agreement)?;
            if !is_of_one_set || !fits(suite, kic.as_ref(), kid.as_ref()) {
                return Err(ResponseStatus::UNIDENTIFIED_SECURITY_ERROR.into());
            }
        }
        let keys = Keys { kic: kic.map(|kic| kic.key), kid: kid.map(|kid| kid.key), agreement };
        Ok(Secrets { keys, version, counts })
    }

    fn key_set(&self, version: u8) -> Result<KeySet, Refused> {
        let unknown = ResponseStatus::UNIDENTIFIED_SECURITY_ERROR;
        keys::find(self.memory, version).ok_or_else(|| unknown.into())
    }

    /// Gives a packet to whom it is for; the answer.
    fn carry_out(
        &mut self,
        receiver: Receiver<'_>,
        packet: &CommandPacket,
        secrets: &Secrets,
        carrier: &Carrier,
    ) -> Response {
        let application = match receiver {
            Receiver::Applet(id) => {
                return self.runtime().packet(id, carrier.tell(packet), carrier.has_report());
            }
            Receiver::Card(application) => application,
        };
        let room = room(suite(packet.security, packet.kic, packet.kid, &secrets.keys), packet.security);
        let answer = match &application.manages {
            Managed::Files(directory) => self.manage_files(application, directory, &packet.data, room),
            Managed::Applets => self.manage_applets(secrets.version, &packet.data, room),
        };
        // Without a receipt nobody hears of it.
        let is_told = packet.security.receipt() == Receipt::Required;
        if is_told { Response::normal(answer) } else { Status::NORMAL.into() }
    }

    /// What the terminal gets in answer, and the service centre in another message.
    fn answer(
        &mut self,
        command: &SealedCommand,
        outcome: Outcome,
        carrier: &Carrier,
    ) -> Result<Response, Status> {
        let Outcome { status, counter, secrets, mut answer } = outcome;
        if self.memory.is_torn() {
            return Err(Status::MEMORY_PROBLEM);
        }
        let security = command.security;
        let is_accepted = status == ResponseStatus::POR_OK;
        let is_asked_for = match security.receipt() {
            Receipt::Required => true,
            Receipt::OnError => !is_accepted,
            Receipt::No | Receipt::Reserved => false,
        };
        let is_kept_back = is_asked_for
            && security.receipt_by() == ReceiptBy::Submit
            && match self.submit {
                SubmitRule::Accepted => !is_accepted || is_open(security),
                SubmitRule::Always => false,
            };
        let Some(originator) = carrier.originator().filter(|_| is_asked_for && !is_kept_back) else {
            return match status {
                // What was to be in a receipt is not for the report.
                ResponseStatus::POR_OK if is_kept_back => Ok(Status::NORMAL.into()),
                ResponseStatus::POR_OK => Ok(answer),
                // Nobody waits for an answer to a page.
                _ if carrier.originator().is_none() => Ok(Status::NORMAL.into()),
                ResponseStatus::TAR_UNKNOWN => Err(Status::REFERENCED_DATA_NOT_FOUND),
                _ => Err(Status::INCORRECT_DATA),
            };
        };
        let asked = security.response(command.kic, command.kid);
        let (protection, keys) = match secrets {
            Some(secrets) => (asked, secrets.keys),
            None => (Protection { integrity: Integrity::None, ciphered: false, ..asked }, Keys::default()),
        };
        let suite = Suite::of(protection, keys.agreement).map_err(|_| Status::TECHNICAL_PROBLEM)?;
        answer.data.truncate(room(suite, security));
        let response = ResponsePacket { tar: command.tar, counter, status, data: answer.data };
        let response = response.seal(Form::ShortMessage, protection, &keys);
        let response = response.map_err(|_| Status::TECHNICAL_PROBLEM)?;
        match security.receipt_by() {
            ReceiptBy::DeliverReport if carrier.has_report() => {
                let status = if is_accepted { answer.status } else { Status::WARNING_UNCHANGED };
                Ok(Response { data: [&RESPONSE_HEADER[..], &response].concat(), status })
            }
            // What is in a file already is not reported on any more.
            ReceiptBy::DeliverReport => Ok(Status::NORMAL.into()),
            ReceiptBy::Submit => {
                let header = vec![Element::new(ElementId::RESPONSE_PACKET, [])];
                let user_data = UserData::new(DataCoding::EIGHT_BIT, header, response);
                let user_data = user_data.map_err(|_| Status::TECHNICAL_PROBLEM)?;
                let submit = Submit::new(originator.clone(), ProtocolIdentifier::DEFAULT, user_data);
                self.session.toolkit.send_own(SendShortMessage::silent(submit.encode()));
                Ok(Status::NORMAL.into())
            }
        }
    }
}

/// Whether nothing proves who has sent a packet: a redundancy check takes no key.
const fn is_open(security: SecurityParameters) -> bool {
    matches!(security.integrity(), Integrity::None | Integrity::RedundancyCheck)
}

/// The algorithms of the response to a packet that is accepted.
fn suite(security: SecurityParameters, kic: Kic, kid: Kid, keys: &Keys) -> Suite {
    Suite::of(security.response(kic, kid), keys.agreement).unwrap_or_default()
}

/// Octets of data that a response has room for.
fn room(suite: Suite, security: SecurityParameters) -> usize {
    let whole = match security.receipt_by() {
        ReceiptBy::DeliverReport => REPORT,
        ReceiptBy::Submit => UserData::LIMIT,
    };
    let room = whole - RESPONSE_HEADER.len() - RESPONSE_FRONT;
    let room = match suite.cipher.map(Cipher::block) {
        Some(block) => room / block * block,
        None => room,
    };
    room - RESPONSE_HIDDEN - suite.check_octets()
}

/// Whether the keys are for the algorithms of a suite.
fn fits(suite: Suite, kic: Option<&TypedKey>, kid: Option<&TypedKey>) -> bool {
    let is_aes = |key: &TypedKey| key.kind == KeyType::AES;
    let cipher = suite.cipher.is_none_or(|cipher| {
        let is_fitting = |kic: &TypedKey| {
            is_aes(kic) == (cipher == Cipher::AesCbc) && cipher.key_lengths().contains(&kic.key.length())
        };
        kic.is_some_and(is_fitting)
    });
    let check = suite.check.filter(|check| !check.key_lengths().is_empty()).is_none_or(|check| {
        let is_fitting = |kid: &TypedKey| {
            let is_cmac = matches!(check, Check::AesCmac64 | Check::AesCmac32);
            is_aes(kid) == is_cmac && check.key_lengths().contains(&kid.key.length())
        };
        kid.is_some_and(is_fitting)
    });
    cipher && check
}
