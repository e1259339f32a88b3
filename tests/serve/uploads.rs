//! What uploaders send.

use oxisim_backup::{
    Journal, Keyring, Mode, Output, Phonebook, PhonebookError, Settings, Storage, StorageError, Trigger,
    Uploader, Way, carriage, message::Source, security::KeySet,
};
use oxisim_phonebook::{AlphaIdentifier, Book, DiallingNumber, Record};
use oxisim_server::Msisdn;
use oxisim_smpp::{Message, Operation};

const SLOTS: u16 = 60;
const JOURNAL: Journal = Journal::new(SLOTS, 100);

/// The server's number.
pub const SERVER: &str = "+15550199999";

/// A phonebook, and memory for one backup of it.
struct Memory {
    book: Book,
    storage: Vec<u8>,
}

impl Phonebook for Memory {
    fn slots(&self) -> u16 {
        SLOTS
    }

    fn alpha_octets(&self) -> u8 {
        14
    }

    fn record(&self, slot: u16) -> Result<Option<Record>, PhonebookError> {
        Ok(self.book.record(slot).cloned())
    }

    fn replace(&mut self, _slot: u16, _record: Option<&Record>) -> Result<(), PhonebookError> {
        Ok(())
    }
}

impl Keyring for Memory {
    fn keys(&self) -> Result<Option<KeySet>, StorageError> {
        Ok(None)
    }

    fn replace_keys(&mut self, _keys: &KeySet) -> Result<(), StorageError> {
        Ok(())
    }
}

impl Storage for Memory {
    fn octets(&self) -> usize {
        self.storage.len()
    }

    fn load(&self, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        self.storage.load(offset, buffer)
    }

    fn save(&mut self, offset: usize, octets: &[u8]) -> Result<(), StorageError> {
        self.storage.save(offset, octets)
    }
}

/// The subscriber with this place among many.
pub fn subscriber(place: u32) -> Msisdn {
    format!("+4915{place:08}").parse().expect("a number")
}

/// Their contacts, which are nobody else's.
pub fn book(place: u32) -> Book {
    let contact = |slot: u16| Record {
        alpha: AlphaIdentifier::fit(&format!("P{place} {slot}"), 14).alpha,
        number: Some(DiallingNumber::parse(&format!("+49{place:05}{slot:04}"), 40).expect("a number").number),
        additional: Vec::new(),
    };
    (1..=20).map(|slot| (slot, contact(slot))).collect()
}

/// All messages of a backup of a phone's own phonebook, as an SMS centre delivers them.
pub fn messages(place: u32) -> Vec<Message> {
    let settings = Settings { mode: Mode::Fixed(Way::NORMAL), ..Settings::default() };
    let mut uploader = Uploader::new(Source::PHONE, settings, JOURNAL);
    let mut memory = Memory { book: book(place), storage: vec![0; JOURNAL.size(8_000)] };
    uploader.start(Trigger::User, &mut memory);
    let mut messages = Vec::new();
    while let Some(output) = uploader.poll_output() {
        if let Output::Send(octets) = output {
            let user_data = carriage::wrap(Source::PHONE, 0, octets).expect("a short message");
            let (from, to) = (subscriber(place).address(), SERVER.parse().expect("a number"));
            messages.push(Message::new(Operation::Deliver, Some(from), to).with_user_data(&user_data));
            uploader.handle_sent(true, &mut memory);
        }
    }
    messages
}
