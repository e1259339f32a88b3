//! The phone's own backup application, for a device without an applet on its card: the same [`Uploader`], on the
//! phone's own phonebook.

use alloc::{collections::VecDeque, vec, vec::Vec};

use oxisim_backup::{
    Choice, Estimate, Journal, Keyring, Outcome, Output, Phonebook, PhonebookError, Settings, Storage,
    StorageError, Trigger, Uploader, Way, carriage, message::Source,
};
use oxisim_phonebook::{Book, Capacity, Record};
use oxisim_sms::{
    Address, ProtocolIdentifier,
    tpdu::{Deliver, Submit},
};
use oxisim_wire::{Duration, Instant, Wire};

const MAX_BLOCKS: u16 = 1_024;
const BLOCK_OCTETS: usize = MAX_BLOCKS as usize * carriage::PHONE_OCTETS;

/// What the application wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplicationOutput {
    /// Send this TPDU, and say what became of it.
    Submit(Vec<u8>),
    /// Show both estimates to the user and pass on the answer.
    Ask(Estimate),
    /// Tell the user.
    Report(Outcome),
}

/// Backs up the phone's own phonebook: a poll machine like the [`Terminal`](crate::Terminal) that it runs on.
#[derive(Clone, Debug)]
pub struct BackupApplication {
    server: Address,
    uploader: Uploader,
    journal: Journal,
    memory: Memory,
    wake: Option<Instant>,
    outputs: VecDeque<ApplicationOutput>,
}

#[derive(Clone, Debug)]
struct Memory {
    book: Book,
    slots: u16,
    octets: Vec<u8>,
}

impl BackupApplication {
    /// The application, with the phone's phonebook, which sends to `server`.
    #[must_use]
    pub fn new(server: Address, mut settings: Settings, book: Book) -> Self {
        let slots = Capacity::PHONE.slots;
        let journal = Journal::new(slots, MAX_BLOCKS);
        settings.message_octets = carriage::PHONE_OCTETS;
        Self {
            server,
            uploader: Uploader::new(Source::PHONE, settings, journal),
            journal,
            memory: Memory { book, slots, octets: vec![0; journal.size(BLOCK_OCTETS)] },
            wake: None,
            outputs: VecDeque::new(),
        }
    }

    /// The phone's phonebook.
    #[must_use]
    pub const fn book(&self) -> &Book {
        &self.memory.book
    }

    /// The user edits the phonebook.
    pub fn replace_book(&mut self, book: Book) {
        self.memory.book = book;
    }

    /// What the application keeps over a power cycle, and in a file.
    #[must_use]
    pub fn memory(&self) -> &[u8] {
        &self.memory.octets
    }

    /// Gives it back what [`BackupApplication::memory`] was; what is missing at the end is zero. `false`, and nothing
    /// is taken, if it is longer than the memory.
    pub fn restore_memory(&mut self, octets: &[u8]) -> bool {
        let memory = &mut self.memory.octets;
        let Some(start) = memory.get_mut(..octets.len()) else { return false };
        start.copy_from_slice(octets);
        memory[octets.len()..].fill(0);
        true
    }

    /// Makes the next backup a whole one, whatever was confirmed before.
    pub fn forget_confirmed(&mut self) -> Result<(), StorageError> {
        self.journal.forget_confirmed(&mut self.memory.octets)
    }

    /// Makes the first backup number `generation + 1`.
    pub fn personalise(&mut self, generation: u16) -> Result<(), StorageError> {
        oxisim_backup::personalise(&mut self.memory.octets, generation)
    }

    /// The way of the backup that is under way.
    #[must_use]
    pub fn under_way(&self) -> Option<Way> {
        self.journal.read(&self.memory.octets).ok()?.run.map(|(run, _)| run.way)
    }

    /// Whether the user is being asked.
    #[must_use]
    pub const fn is_asking(&self) -> bool {
        self.uploader.is_asking()
    }

    /// The phone has been switched on: what was under way goes on.
    pub fn handle_power_on(&mut self, now: Instant) {
        self.uploader.handle_power_on(&mut self.memory);
        self.drain(now);
    }

    /// A backup shall start.
    pub fn start(&mut self, trigger: Trigger, now: Instant) {
        self.uploader.start(trigger, &mut self.memory);
        self.drain(now);
    }

    /// The user has answered.
    pub fn handle_choice(&mut self, choice: Choice, now: Instant) {
        self.uploader.handle_choice(choice, &mut self.memory);
        self.drain(now);
    }

    /// A message of [`ApplicationOutput::Submit`] has been sent, or has not.
    pub fn handle_submitted(&mut self, sent: bool, now: Instant) {
        self.uploader.handle_sent(sent, &mut self.memory);
        self.drain(now);
    }

    /// A message for the application's port has come.
    pub fn handle_deliver(&mut self, message: &Deliver, now: Instant) {
        self.uploader.handle_message(message.user_data.payload(), &mut self.memory);
        self.drain(now);
    }

    /// Its time has come. Called too early it does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.wake.is_some_and(|at| at <= now) {
            self.wake = None;
            self.uploader.handle_wake(&mut self.memory);
            self.drain(now);
        }
    }

    /// When it wants to be called. Changes with every other call.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        self.wake
    }

    /// The next thing that it wants. Changes with every other call.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<ApplicationOutput> {
        self.outputs.pop_front()
    }

    fn drain(&mut self, now: Instant) {
        while let Some(output) = self.uploader.poll_output() {
            match output {
                Output::Send(message) => {
                    let tpdu = self.submit(message);
                    self.outputs.extend(tpdu.map(ApplicationOutput::Submit));
                }
                Output::Wake { after, .. } => self.wake = Some(now + after.max(Duration::from_millis(1))),
                Output::Sleep => self.wake = None,
                Output::Ask(estimate) => self.outputs.push_back(ApplicationOutput::Ask(estimate)),
                Output::Report(outcome) => self.outputs.push_back(ApplicationOutput::Report(outcome)),
            }
        }
    }

    /// The message in a TPDU; the uploader fills none beyond what fits.
    fn submit(&self, message: Vec<u8>) -> Option<Vec<u8>> {
        let user_data = carriage::wrap(Source::PHONE, 0, message).ok()?;
        Some(Submit::new(self.server.clone(), ProtocolIdentifier(0), user_data).encode())
    }
}

impl Phonebook for Memory {
    fn slots(&self) -> u16 {
        self.slots
    }

    fn alpha_octets(&self) -> u8 {
        0
    }

    fn record(&self, slot: u16) -> Result<Option<Record>, PhonebookError> {
        Ok(self.book.record(slot).cloned())
    }

    fn replace(&mut self, slot: u16, record: Option<&Record>) -> Result<(), PhonebookError> {
        if !(1..=self.slots).contains(&slot) {
            return Err(PhonebookError::NoSlot);
        }
        match record {
            Some(record) => self.book.insert(slot, record.clone()),
            None => self.book.remove(slot),
        };
        Ok(())
    }
}

/// Nothing but the network secures what it sends.
impl Keyring for Memory {}

impl Storage for Memory {
    fn octets(&self) -> usize {
        self.octets.len()
    }

    fn load(&self, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        Storage::load(&self.octets, offset, buffer)
    }

    fn save(&mut self, offset: usize, octets: &[u8]) -> Result<(), StorageError> {
        Storage::save(&mut self.octets, offset, octets)
    }
}
