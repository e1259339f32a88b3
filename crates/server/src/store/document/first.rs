//! Version 1 of the documents. It is never changed.

use oxisim_backup::{
    BlockSet, Command, DeliveryReport, Digest, Order, OrderStep, Restore, RestoreStep, Session, Spacing,
    Standing, Way, Window,
    message::{Abandonment, BackupId, Extent, Resumes, Source},
    security::{KeyVersion, ReplayWindow},
};
use oxisim_phonebook::{AlphaIdentifier, DiallingNumber, Record, TonNpi};
use oxisim_sms::{DataCoding, Element, ElementId, UserData};
use oxisim_wire::{Duration, Instant};
use serde::{Deserialize, Serialize};

use super::{Document, Phonebook, malformed};
use crate::store::{CopySummary, Enrolled, Inbound, Letter, LetterStep, Rekeying, StoreError};

#[derive(Serialize, Deserialize)]
pub(super) struct State1 {
    counter: u32,
    alarms: u32,
    notes: u32,
    last_letter: u64,
    phonebooks: Vec<(u8, Phonebook1)>,
    restore: Option<Restore1>,
    orders: Vec<Order1>,
    letters: Vec<Letter1>,
    card: Option<Card1>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Phonebook1 {
    session: Option<Session1>,
    copy: Option<CopySummary1>,
    spacing: Option<Spacing1>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Session1 {
    generation: u16,
    base_distance: u8,
    total: u16,
    received: Vec<u8>,
    digest: Option<[u8; 8]>,
    resumes: u8,
    delay: Option<u64>,
    resume_at: Option<u64>,
    asked: u16,
    standing: Standing1,
    since: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) enum Standing1 {
    Open,
    Complete([u8; 8]),
    Differs([u8; 8]),
    Refused,
    Abandoned(u8),
}

#[derive(Serialize, Deserialize)]
pub(super) struct CopySummary1 {
    generation: u16,
    at: u64,
    contacts: u32,
}

#[derive(Serialize, Deserialize)]
pub(super) enum Spacing1 {
    Regular(u64),
    Random(u64, u64),
    Timetable(Vec<(u32, u32)>, u64),
}

#[derive(Serialize, Deserialize)]
pub(super) struct Restore1 {
    generation: u16,
    table: Option<u8>,
    total: u16,
    todo: Vec<u8>,
    due: Option<u64>,
    asked: u16,
    step: RestoreStep1,
}

#[derive(Serialize, Deserialize)]
pub(super) enum RestoreStep1 {
    Running,
    Complete { equal: bool },
    GivenUp,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Order1 {
    source: u8,
    number: u16,
    command: Command1,
    due: Option<u64>,
    said: u16,
    step: OrderStep1,
}

#[derive(Serialize, Deserialize)]
pub(super) enum Command1 {
    Configure(Vec<u8>),
    Start { extent: u8, way: Option<u8> },
}

#[derive(Serialize, Deserialize)]
pub(super) enum OrderStep1 {
    Pending,
    Answered(u8),
    Unspoken,
    GivenUp,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Letter1 {
    source: u8,
    id: u64,
    octets: Vec<u8>,
    step: LetterStep1,
}

#[derive(Serialize, Deserialize)]
pub(super) enum LetterStep1 {
    Waiting { due: Option<u64> },
    Given { valid: u64 },
}

#[derive(Serialize, Deserialize)]
pub(super) struct Card1 {
    iccid: String,
    key_version: u8,
    sent: u64,
    highest: u64,
    taken: u64,
    refused: u64,
    since: u64,
    rekeying: Option<Rekeying1>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Rekeying1 {
    due: Option<u64>,
    said: u16,
    step: OrderStep1,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Copy1 {
    pub generation: u16,
    pub at: u64,
    pub table: Option<u8>,
    pub records: Vec<(u16, Record1)>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Record1 {
    alpha: Vec<u8>,
    number: Option<Number1>,
    additional: Vec<Number1>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Number1 {
    ton_npi: u8,
    digits: Vec<u8>,
}

/// A document of the console's.
#[derive(Serialize, Deserialize)]
pub(super) struct Paper1 {
    pub key: String,
    pub content: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Note1 {
    pub direction: u8,
    pub octets: u16,
    pub summary: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Passed1 {
    pub to: String,
    pub what: Inbound1,
}

#[derive(Serialize, Deserialize)]
pub(super) enum Inbound1 {
    Message { coding: u8, header: Vec<(u8, Vec<u8>)>, payload: Vec<u8> },
    Report { reference: u64, is_delivered: bool },
    Alert,
}

impl From<&Inbound> for Inbound1 {
    fn from(inbound: &Inbound) -> Self {
        match inbound {
            Inbound::Message(data) => Self::Message {
                coding: data.coding().0,
                header: data.header().iter().map(|it| (it.id.0, it.data.clone())).collect(),
                payload: data.payload().to_vec(),
            },
            Inbound::Report(reference, report) => {
                Self::Report { reference: *reference, is_delivered: *report == DeliveryReport::Delivered }
            }
            Inbound::Alert => Self::Alert,
        }
    }
}

impl Inbound1 {
    pub fn inbound(self) -> Option<Inbound> {
        Some(match self {
            Self::Message { coding, header, payload } => {
                let header =
                    header.into_iter().map(|(id, data)| Element { id: ElementId(id), data }).collect();
                Inbound::Message(UserData::new(DataCoding(coding), header, payload).ok()?)
            }
            Self::Report { reference, is_delivered: true } => {
                Inbound::Report(reference, DeliveryReport::Delivered)
            }
            Self::Report { reference, is_delivered: false } => {
                Inbound::Report(reference, DeliveryReport::Failed)
            }
            Self::Alert => Inbound::Alert,
        })
    }
}

fn micros(at: Option<Instant>) -> Option<u64> {
    at.map(Instant::as_micros)
}

fn instant(at: Option<u64>) -> Option<Instant> {
    at.map(Instant::from_micros)
}

impl From<&Document> for State1 {
    fn from(document: &Document) -> Self {
        Self {
            counter: document.counter,
            alarms: document.alarms,
            notes: document.notes,
            last_letter: document.last_letter,
            phonebooks: document.phonebooks.iter().map(|(source, book)| (*source, book.into())).collect(),
            restore: document.restore.as_ref().map(Into::into),
            orders: document.orders.values().map(Into::into).collect(),
            letters: document.letters.iter().map(Into::into).collect(),
            card: document.card.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<State1> for Document {
    type Error = StoreError;

    fn try_from(state: State1) -> Result<Self, StoreError> {
        let orders = state.orders.into_iter().map(Order::from);
        Ok(Self {
            counter: state.counter,
            alarms: state.alarms,
            notes: state.notes,
            last_letter: state.last_letter,
            phonebooks: state
                .phonebooks
                .into_iter()
                .map(|(source, book)| (source, book.phonebook(Source(source))))
                .collect(),
            restore: state.restore.map(Into::into),
            orders: orders.map(|order| ((order.source.0, order.command.kind().0), order)).collect(),
            letters: state.letters.into_iter().map(Into::into).collect(),
            card: state.card.map(TryInto::try_into).transpose()?,
        })
    }
}

impl From<&Phonebook> for Phonebook1 {
    fn from(book: &Phonebook) -> Self {
        Self {
            session: book.session.as_ref().map(Into::into),
            copy: book.copy.as_ref().map(|copy| CopySummary1 {
                generation: copy.generation,
                at: copy.at.as_micros(),
                contacts: copy.contacts,
            }),
            spacing: book.spacing.as_ref().map(Into::into),
        }
    }
}

impl Phonebook1 {
    fn phonebook(self, source: Source) -> Phonebook {
        Phonebook {
            session: self.session.map(|session| session.session(source)),
            copy: self.copy.map(|copy| CopySummary {
                generation: copy.generation,
                at: Instant::from_micros(copy.at),
                contacts: copy.contacts,
            }),
            spacing: self.spacing.map(Into::into),
        }
    }
}

impl From<&Session> for Session1 {
    fn from(session: &Session) -> Self {
        Self {
            generation: session.backup.generation,
            base_distance: session.base_distance,
            total: session.received.total(),
            received: session.received.bits().to_vec(),
            digest: session.digest.map(|Digest(digest)| digest),
            resumes: session.resumes.0,
            delay: session.delay.map(Duration::as_micros),
            resume_at: micros(session.resume_at),
            asked: session.asked,
            standing: match session.standing {
                Standing::Open => Standing1::Open,
                Standing::Complete(Digest(digest)) => Standing1::Complete(digest),
                Standing::Differs(Digest(digest)) => Standing1::Differs(digest),
                Standing::Refused => Standing1::Refused,
                Standing::Abandoned(Abandonment(reason)) => Standing1::Abandoned(reason),
            },
            since: session.since.as_micros(),
        }
    }
}

impl Session1 {
    fn session(self, source: Source) -> Session {
        Session {
            backup: BackupId { source, generation: self.generation },
            base_distance: self.base_distance,
            received: BlockSet::from_bits(self.total, &self.received),
            digest: self.digest.map(Digest),
            resumes: Resumes(self.resumes),
            delay: self.delay.map(Duration::from_micros),
            resume_at: instant(self.resume_at),
            asked: self.asked,
            standing: match self.standing {
                Standing1::Open => Standing::Open,
                Standing1::Complete(digest) => Standing::Complete(Digest(digest)),
                Standing1::Differs(digest) => Standing::Differs(Digest(digest)),
                Standing1::Refused => Standing::Refused,
                Standing1::Abandoned(reason) => Standing::Abandoned(Abandonment(reason)),
            },
            since: Instant::from_micros(self.since),
        }
    }
}

impl From<&Spacing> for Spacing1 {
    fn from(spacing: &Spacing) -> Self {
        match spacing {
            Spacing::Regular(period) => Self::Regular(period.as_micros()),
            Spacing::Random(least, most) => Self::Random(least.as_micros(), most.as_micros()),
            Spacing::Timetable(windows, period) => {
                let windows = windows.iter().map(|window| (window.opens, window.closes)).collect();
                Self::Timetable(windows, period.as_micros())
            }
        }
    }
}

impl From<Spacing1> for Spacing {
    fn from(spacing: Spacing1) -> Self {
        let span = Duration::from_micros;
        match spacing {
            Spacing1::Regular(period) => Self::Regular(span(period)),
            Spacing1::Random(least, most) => Self::Random(span(least), span(most)),
            Spacing1::Timetable(windows, period) => {
                let windows = windows.into_iter().map(|(opens, closes)| Window { opens, closes }).collect();
                Self::Timetable(windows, span(period))
            }
        }
    }
}

impl From<&Restore> for Restore1 {
    fn from(restore: &Restore) -> Self {
        Self {
            generation: restore.generation,
            table: restore.table,
            total: restore.todo.total(),
            todo: restore.todo.bits().to_vec(),
            due: micros(restore.due),
            asked: restore.asked,
            step: match restore.step {
                RestoreStep::Running => RestoreStep1::Running,
                RestoreStep::Complete { equal } => RestoreStep1::Complete { equal },
                RestoreStep::GivenUp => RestoreStep1::GivenUp,
            },
        }
    }
}

impl From<Restore1> for Restore {
    fn from(restore: Restore1) -> Self {
        Self {
            generation: restore.generation,
            table: restore.table,
            todo: BlockSet::from_bits(restore.total, &restore.todo),
            due: instant(restore.due),
            asked: restore.asked,
            step: match restore.step {
                RestoreStep1::Running => RestoreStep::Running,
                RestoreStep1::Complete { equal } => RestoreStep::Complete { equal },
                RestoreStep1::GivenUp => RestoreStep::GivenUp,
            },
        }
    }
}

impl From<&Order> for Order1 {
    fn from(order: &Order) -> Self {
        Self {
            source: order.source.0,
            number: order.number,
            command: match &order.command {
                Command::Configure(fields) => Command1::Configure(fields.clone()),
                Command::Start { extent, way } => {
                    Command1::Start { extent: extent.0, way: way.map(|way| way.0) }
                }
            },
            due: micros(order.due),
            said: order.said,
            step: order.step.into(),
        }
    }
}

impl From<Order1> for Order {
    fn from(order: Order1) -> Self {
        Self {
            source: Source(order.source),
            number: order.number,
            command: match order.command {
                Command1::Configure(fields) => Command::Configure(fields),
                Command1::Start { extent, way } => {
                    Command::Start { extent: Extent(extent), way: way.map(Way) }
                }
            },
            due: instant(order.due),
            said: order.said,
            step: order.step.into(),
        }
    }
}

impl From<OrderStep> for OrderStep1 {
    fn from(step: OrderStep) -> Self {
        match step {
            OrderStep::Pending => Self::Pending,
            OrderStep::Answered(code) => Self::Answered(code),
            OrderStep::Unspoken => Self::Unspoken,
            OrderStep::GivenUp => Self::GivenUp,
        }
    }
}

impl From<OrderStep1> for OrderStep {
    fn from(step: OrderStep1) -> Self {
        match step {
            OrderStep1::Pending => Self::Pending,
            OrderStep1::Answered(code) => Self::Answered(code),
            OrderStep1::Unspoken => Self::Unspoken,
            OrderStep1::GivenUp => Self::GivenUp,
        }
    }
}

impl From<&(u8, Letter)> for Letter1 {
    fn from((source, letter): &(u8, Letter)) -> Self {
        let step = match letter.step {
            LetterStep::Waiting { due } => LetterStep1::Waiting { due: micros(due) },
            LetterStep::Given { valid } => LetterStep1::Given { valid: valid.as_micros() },
        };
        Self { source: *source, id: letter.id, octets: letter.octets.clone(), step }
    }
}

impl From<Letter1> for (u8, Letter) {
    fn from(letter: Letter1) -> Self {
        let step = match letter.step {
            LetterStep1::Waiting { due } => LetterStep::Waiting { due: instant(due) },
            LetterStep1::Given { valid } => LetterStep::Given { valid: Instant::from_micros(valid) },
        };
        (letter.source, Letter { id: letter.id, octets: letter.octets, step })
    }
}

impl From<&Enrolled> for Card1 {
    fn from(card: &Enrolled) -> Self {
        Self {
            iccid: card.iccid.digits().into(),
            key_version: card.key_version.number(),
            sent: card.sent,
            highest: card.window.highest,
            taken: card.window.taken,
            refused: card.refused,
            since: card.since.as_micros(),
            rekeying: card.rekeying.map(|rekeying| Rekeying1 {
                due: micros(rekeying.due),
                said: rekeying.said,
                step: rekeying.step.into(),
            }),
        }
    }
}

impl TryFrom<Card1> for Enrolled {
    type Error = StoreError;

    fn try_from(card: Card1) -> Result<Self, StoreError> {
        Ok(Self {
            iccid: card.iccid.parse().map_err(|_| malformed("card"))?,
            key_version: KeyVersion::new(card.key_version).ok_or(malformed("card"))?,
            sent: card.sent,
            window: ReplayWindow { highest: card.highest, taken: card.taken },
            refused: card.refused,
            since: Instant::from_micros(card.since),
            rekeying: card.rekeying.map(|rekeying| Rekeying {
                due: instant(rekeying.due),
                said: rekeying.said,
                step: rekeying.step.into(),
            }),
        })
    }
}

impl From<&Record> for Record1 {
    fn from(record: &Record) -> Self {
        Self {
            alpha: record.alpha.octets().to_vec(),
            number: record.number.as_ref().map(Into::into),
            additional: record.additional.iter().map(Into::into).collect(),
        }
    }
}

impl Record1 {
    pub fn record(self) -> Option<Record> {
        Some(Record {
            alpha: AlphaIdentifier::from_field(&self.alpha),
            number: match self.number {
                Some(number) => Some(number.number()?),
                None => None,
            },
            additional: self.additional.into_iter().map(Number1::number).collect::<Option<_>>()?,
        })
    }
}

impl From<&DiallingNumber> for Number1 {
    fn from(number: &DiallingNumber) -> Self {
        Self { ton_npi: number.ton_npi().0, digits: number.digits().to_vec() }
    }
}

impl Number1 {
    fn number(self) -> Option<DiallingNumber> {
        DiallingNumber::new(TonNpi(self.ton_npi), self.digits)
    }
}
