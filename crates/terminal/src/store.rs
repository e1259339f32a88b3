//! The card's memory for short messages: `EF_SMS`, `EF_SMSR`, `EF_SMSS` (TS 31.102 §4.2.25, §4.2.28, §4.2.32,
//! TS 51.011 §10.5).

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};

use oxisim_apdu::fcp::Fcp;
use oxisim_sms::{
    ProtocolIdentifier,
    file::{RecordStatus, SmsStatus, StoredMessage, StoredReport},
    tpdu::{Deliver, StatusReport},
};
use oxisim_wire::{Instant, Reader, Wire};

use crate::{
    Event, Platform, Terminal,
    link::{Answer, Purpose},
    platform::ROOM,
};

/// Tasks that may wait.
const LIMIT: usize = 32;

/// A file of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum File {
    Messages,
    Status,
    Reports,
}

impl File {
    const fn identifier(self) -> u16 {
        match self {
            Self::Messages => 0x6F3C,
            Self::Status => 0x6F43,
            Self::Reports => 0x6F47,
        }
    }

    /// Octets of a record, if the card does not say.
    const fn record_length(self) -> usize {
        match self {
            Self::Messages => StoredMessage::OCTETS,
            Self::Status => 2,
            Self::Reports => StoredReport::OCTETS,
        }
    }
}

/// What is to be done in the store.
#[derive(Debug)]
pub(crate) enum Task {
    /// Write `EF_SMSS` anew, as the phone has it.
    WriteStatus,
    /// Put a message from the network into a record.
    Receive { message: Box<Deliver>, record: Box<StoredMessage> },
    /// Put a message that has been sent into a record.
    KeepSent(Box<StoredMessage>),
    /// Read a record for the user, who has then read it.
    Read(u8),
    /// Free a record.
    Delete(u8),
    /// Put a status report beside the message that it is about.
    Report { report: Box<StatusReport>, tpdu: Vec<u8> },
    /// Look whether a record is free, since the service centre waits to be told so.
    LookForRoom,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It is done, with this record.
    Done(u8),
    /// The record has been read.
    Read { record: u8, message: Box<StoredMessage> },
    /// No record is free, or none is the one that is wanted.
    NoRecord,
    /// The card has no such file, or does not let the phone have it.
    Refused,
}

/// The command of a task that is with the card, or comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// `DF_TELECOM` of a SIM, where the files are.
    Enter,
    Select(File),
    Read(File, u8),
    Write(File, u8),
    /// `DF_GSM` of a SIM, where the phone has been.
    Leave,
}

/// The task that is under way.
#[derive(Debug)]
struct Work {
    task: Task,
    step: Step,
    /// What the next command writes.
    octets: Vec<u8>,
    /// Octets of a record of the file that is selected, and how many there are, if the card says so.
    record_length: usize,
    records: Option<u8>,
    /// The record of `EF_SMS` that the task is about, once it is found.
    found: Option<u8>,
    /// The status that the record gets once the report has its place, or none.
    report_status: Option<RecordStatus>,
    end: End,
}

/// What is to be done in the store, one task after another.
#[derive(Debug, Default)]
pub(crate) struct Store {
    waiting: VecDeque<Task>,
    work: Option<Box<Work>>,
}

impl Store {
    /// Puts a task at the end; `false` if too many wait.
    #[must_use]
    pub(crate) fn push(&mut self, task: Task) -> bool {
        let is_there = |waiting: &Task| matches!((waiting, &task), (Task::WriteStatus, Task::WriteStatus));
        if self.waiting.iter().any(is_there) {
            return true;
        }
        let room = self.waiting.len() < LIMIT;
        if room {
            self.waiting.push_back(task);
        }
        room
    }

    /// Whether a task has begun.
    pub(crate) const fn is_at_work(&self) -> bool {
        self.work.is_some()
    }

    /// The next command, if there is anything to do. `status` is what `EF_SMSS` is to be.
    pub(crate) fn command(&mut self, platform: Platform, status: Option<&SmsStatus>) -> Option<Vec<u8>> {
        if self.work.is_none() {
            let task = self.waiting.pop_front()?;
            self.work = Some(Box::new(Work::new(task, platform, status)));
        }
        self.work.as_ref().map(|work| work.command(platform))
    }

    /// Takes the card's answer to it; the task and its end, if it has ended.
    pub(crate) fn answered(
        &mut self,
        answer: &Answer,
        platform: Platform,
        has_reports: bool,
    ) -> Option<(Task, End)> {
        let mut work = self.work.take()?;
        match work.next(answer, platform, has_reports) {
            Some(step) => {
                work.step = step;
                self.work = Some(work);
                None
            }
            None => Some((work.task, work.end)),
        }
    }
}

impl Work {
    fn new(task: Task, platform: Platform, status: Option<&SmsStatus>) -> Self {
        let octets = match &task {
            // What the standard keeps for later stays as it is.
            Task::WriteStatus => {
                status.map(|status| [status.reference, status.memory].to_vec()).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let file = task.file();
        let step = match platform {
            Platform::Uicc => Step::Select(file),
            Platform::Sim => Step::Enter,
        };
        let record_length = file.record_length();
        let (records, found, report_status) = (None, None, None);
        Self { task, step, octets, record_length, records, found, report_status, end: End::NoRecord }
    }

    fn command(&self, platform: Platform) -> Vec<u8> {
        const DF_TELECOM: u16 = 0x7F10;
        const DF_GSM: u16 = 0x7F20;
        let select = |identifier: u16| platform.select(&identifier.to_be_bytes()).to_bytes();
        match self.step {
            Step::Enter => select(DF_TELECOM),
            Step::Leave => select(DF_GSM),
            Step::Select(file) => select(file.identifier()),
            Step::Read(_, record) => platform.read_record(record, self.record_length).to_bytes(),
            Step::Write(File::Status, _) => platform.update_binary(&self.octets).to_bytes(),
            Step::Write(_, record) => platform.update_record(record, &self.octets).to_bytes(),
        }
    }

    /// The next step, if there is one.
    fn next(&mut self, answer: &Answer, platform: Platform, has_reports: bool) -> Option<Step> {
        let done = answer.is_done();
        match self.step {
            Step::Leave => None,
            Step::Enter if done => Some(Step::Select(self.task.file())),
            Step::Select(file) if done => {
                self.note_records(file, &answer.data, platform);
                self.begin(file).or_else(|| leave(platform))
            }
            Step::Read(file, record) if done => {
                let next = self.look(file, record, &answer.data, has_reports);
                next.or_else(|| leave(platform))
            }
            Step::Write(File::Reports, _) => Some(self.write_report_status(done)),
            Step::Write(_, record) if answer.is_normal(platform) => {
                if !matches!(self.end, End::Read { .. }) {
                    self.end = End::Done(record);
                }
                leave(platform)
            }
            // After the last record.
            Step::Read(File::Messages, record) if record > 1 => self.take_free().or_else(|| leave(platform)),
            Step::Select(File::Reports) | Step::Read(File::Reports, _) => {
                Some(self.write_report_status(false))
            }
            _ => {
                self.end = End::Refused;
                leave(platform)
            }
        }
    }

    /// What the card says of a file with records: file control parameters, or a header (TS 51.011 §9.2.1).
    fn note_records(&mut self, file: File, said: &[u8], platform: Platform) {
        let (length, records) = match platform {
            Platform::Uicc => {
                let descriptor =
                    Fcp::read(&mut Reader::new(said)).and_then(|fcp| fcp.descriptor()).ok().flatten();
                let length = descriptor.and_then(|it| it.record).map(usize::from);
                (length, descriptor.and_then(|it| it.records))
            }
            Platform::Sim => {
                let length = said.get(14).copied().map(usize::from);
                let size =
                    said.get(2..4).map(|size| size.iter().fold(0, |n, &octet| n << 8 | usize::from(octet)));
                let records = size.zip(length).and_then(|(size, length)| size.checked_div(length));
                (length, records.and_then(|records| u8::try_from(records).ok()))
            }
        };
        self.record_length = length.filter(|it| (1..=ROOM).contains(it)).unwrap_or(file.record_length());
        self.records = records.filter(|&records| records > 0);
    }

    /// The first step in a file that has been selected.
    fn begin(&mut self, file: File) -> Option<Step> {
        match (&self.task, file, self.report_status) {
            // Back from the reports: the record is read again, since only its status changes.
            (_, File::Messages, Some(_)) => self.found.map(|record| Step::Read(File::Messages, record)),
            (Task::WriteStatus, ..) => Some(Step::Write(File::Status, 0)),
            (&Task::Read(record), ..) => Some(Step::Read(File::Messages, record)),
            (&Task::Delete(record), ..) => self.write(record, &StoredMessage::free()),
            _ => Some(Step::Read(file, 1)),
        }
    }

    /// Looks at a record that has been read.
    fn look(&mut self, file: File, record: u8, octets: &[u8], has_reports: bool) -> Option<Step> {
        if file == File::Reports {
            return match octets.first() {
                Some(0) => self.write_report(record),
                _ if self.is_last(record) => Some(self.write_report_status(false)),
                _ => Some(Step::Read(File::Reports, record.checked_add(1)?)),
            };
        }
        let held = StoredMessage::decode(octets, "EF_SMS").ok()?;
        let is_free = held.status.is_free();
        match &mut self.task {
            Task::Read(_) if is_free => return None,
            Task::Read(_) => {
                self.end = End::Read { record, message: Box::new(held.clone()) };
                if held.status == RecordStatus::TO_BE_READ {
                    return self.write(record, &StoredMessage { status: RecordStatus::READ, ..held });
                }
                return None;
            }
            Task::Report { report, .. } => {
                if let Some(status) = self.report_status {
                    return self.write(record, &StoredMessage { status, ..held });
                }
                let is_about = held.status.awaits_report()
                    && held.submit().is_some_and(|submit| {
                        submit.reference == report.reference && submit.destination == report.recipient
                    });
                if is_about {
                    self.found = Some(record);
                    if has_reports {
                        return Some(Step::Select(File::Reports));
                    }
                    let status = RecordStatus::SENT_REPORT_RECEIVED;
                    return self.write(record, &StoredMessage { status, ..held });
                }
            }
            Task::LookForRoom if is_free => {
                self.end = End::Done(record);
                return None;
            }
            Task::Receive { message, .. } if replaces(message) => {
                if held.deliver().is_some_and(|held| is_replaced(&held, message)) {
                    self.found = Some(record);
                    return self.take_free();
                }
                if is_free && self.found.is_none() {
                    self.found = Some(record);
                }
            }
            Task::Receive { .. } | Task::KeepSent(_) if is_free => {
                self.found = Some(record);
                return self.take_free();
            }
            _ => {}
        }
        if self.is_last(record) {
            return self.take_free();
        }
        Some(Step::Read(File::Messages, record.checked_add(1)?))
    }

    fn is_last(&self, record: u8) -> bool {
        record >= self.records.unwrap_or(254)
    }

    /// Writes the message into the record that has been found for it.
    fn take_free(&mut self) -> Option<Step> {
        let message = match &self.task {
            Task::Receive { record, .. } => StoredMessage::clone(record),
            Task::KeepSent(message) => StoredMessage::clone(message),
            _ => return None,
        };
        self.found.and_then(|record| self.write(record, &message))
    }

    /// Writes a record of `EF_SMS`; what the file has no room for ends the task.
    fn write(&mut self, record: u8, message: &StoredMessage) -> Option<Step> {
        let mut octets = message.encode();
        octets.resize(self.record_length, 0xFF);
        self.octets = octets;
        if self.record_length < StoredMessage::OCTETS {
            self.end = End::Refused;
            return None;
        }
        Some(Step::Write(File::Messages, record))
    }

    /// Writes the report into a free record of `EF_SMSR`.
    fn write_report(&mut self, record: u8) -> Option<Step> {
        let Task::Report { tpdu, .. } = &self.task else { return None };
        let mut octets = StoredReport::new(self.found?, tpdu).encode();
        octets.resize(self.record_length, 0xFF);
        self.octets = octets;
        Some(Step::Write(File::Reports, record))
    }

    /// Goes back to the message, whose status says whether the report has found its place.
    const fn write_report_status(&mut self, stored: bool) -> Step {
        self.report_status =
            Some(if stored { RecordStatus::SENT_REPORT_STORED } else { RecordStatus::SENT_REPORT_RECEIVED });
        Step::Select(File::Messages)
    }
}

impl Task {
    /// The file that it begins in.
    const fn file(&self) -> File {
        match self {
            Self::WriteStatus => File::Status,
            _ => File::Messages,
        }
    }
}

/// A task in a SIM ends where the phone has been.
const fn leave(platform: Platform) -> Option<Step> {
    match platform {
        Platform::Uicc => None,
        Platform::Sim => Some(Step::Leave),
    }
}

/// Whether a message takes the place of an older one of its kind (TS 23.040 §9.2.3.9).
fn replaces(message: &Deliver) -> bool {
    (ProtocolIdentifier::REPLACE_TYPE_1..=ProtocolIdentifier::REPLACE_TYPE_7).contains(&message.protocol)
}

fn is_replaced(held: &Deliver, message: &Deliver) -> bool {
    held.protocol == message.protocol && held.originator == message.originator
}

impl Terminal {
    /// Reads a message in the card's memory, `EF_SMS`, which has then been read: [`Event::MessageRead`].
    pub fn read_message(&mut self, record: u8, now: Instant) {
        self.do_in_store(Task::Read(record));
        self.settle(now);
    }

    /// Deletes a message in the card's memory, `EF_SMS`: [`Event::MessageDeleted`]. If the service centre waits for
    /// room, it is told ([`Output::MemoryAvailable`](crate::Output::MemoryAvailable)).
    pub fn delete_message(&mut self, record: u8, now: Instant) {
        self.do_in_store(Task::Delete(record));
        self.settle(now);
    }

    /// Sends the next command of the card's memory for messages; `false` if there is nothing to do.
    pub(crate) fn work_in_store(&mut self) -> bool {
        let identity = &self.card.identity;
        let command = self.card.store.command(identity.platform, identity.message_status.as_ref());
        let is_any = command.is_some();
        if let Some(command) = command {
            self.transmit(Purpose::Store, command);
        }
        is_any
    }

    /// Puts a task at the end; without a card, or with too much to do, it comes to nothing.
    pub(crate) fn do_in_store(&mut self, task: Task) {
        if !self.has_card() || !self.card.store.push(task) {
            self.event(Event::StoreFailed);
        }
    }

    /// The card has answered a command of the store.
    pub(crate) fn store_answered(&mut self, answer: &Answer) {
        let (platform, has_reports) = (self.card.identity.platform, self.card.identity.has_message_reports());
        if let Some((task, end)) = self.card.store.answered(answer, platform, has_reports) {
            self.stored(task, end);
        }
    }

    fn stored(&mut self, task: Task, end: End) {
        match (task, end) {
            (Task::Receive { message, .. }, end) => self.kept(message, &end),
            (Task::KeepSent(_), End::Done(record)) => self.event(Event::MessageStored { record }),
            (Task::Read(_), End::Read { record, message }) => {
                self.event(Event::MessageRead { record, message });
            }
            (Task::Delete(_), End::Done(record)) => {
                self.event(Event::MessageDeleted { record });
                self.room_again();
            }
            (Task::LookForRoom, End::Done(_)) => self.room_again(),
            (Task::Report { .. }, End::Done(record)) => self.event(Event::ReportStored { record }),
            // Nothing is lost: the message is not in this memory, or the phone tries again.
            (Task::Report { .. }, End::NoRecord) | (Task::LookForRoom | Task::WriteStatus, _) => {}
            (Task::Read(_) | Task::Delete(_) | Task::KeepSent(_) | Task::Report { .. }, _) => {
                self.event(Event::StoreFailed);
            }
        }
    }
}
