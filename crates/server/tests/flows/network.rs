//! Subscribers, a server, and the messages between them.

use std::path::{Path, PathBuf};

use oxisim_backup::{DeliveryReport, Outgoing, ToServer};
use oxisim_backup::{
    Journal, Keyring, Mode, Output, PORT, Phonebook, PhonebookError, Policy, Settings, Storage, StorageError,
    TAR, Trigger, Uploader, Way,
    carriage::{self, Carried, Direction},
    message::Source,
    personalise,
    security::{Counters, KeySet, KeyVersion},
};
use oxisim_phonebook::{AlphaIdentifier, Book, DiallingNumber, Record};
use oxisim_server::{
    Account, Iccid, Ignored, MasterKey, Msisdn, Reception, Server, SqliteStore, Store, StoreKey,
};
use oxisim_sms::{
    DataCoding, Element, ElementId, ProtocolIdentifier, UserData,
    packet::{CommandPacket, Counter},
};
use oxisim_wire::{Duration, Instant};
use tempfile::TempDir;

const SLOTS: u16 = 60;
const JOURNAL: Journal = Journal::new(SLOTS, 100);
const MESSAGE_TIME: Duration = Duration::from_secs(4);

/// A phonebook and memory that survives.
pub struct Memory {
    pub book: Book,
    storage: Vec<u8>,
    /// The card's.
    pub keys: Option<KeySet>,
}

/// A subscriber with an uploader.
pub struct Subscriber {
    pub msisdn: Msisdn,
    pub memory: Memory,
    pub reports: Vec<String>,
    source: Source,
    uploader: Uploader,
    wake: Option<Instant>,
    sent: u32,
    /// The card's.
    counters: Vec<u8>,
}

/// The server's master key.
pub const MASTER: MasterKey = MasterKey::new(*b"a master key....");

/// A card's counters.
const COUNTERS: Counters = Counters::at(0);

/// The key of the databases.
pub const STORE_KEY: StoreKey = StoreKey::new([7; 32]);

/// A server in a file, its subscribers, and a network that can lose messages.
pub struct Network {
    pub folder: TempDir,
    pub server: Server<SqliteStore>,
    pub subscribers: Vec<Subscriber>,
    pub now: Instant,
    pub uplink: usize,
    /// What the server sent, and when.
    pub downlink: Vec<(Instant, Outgoing)>,
    /// Whether the message of this number, counted over both directions, is lost.
    pub loses: Box<dyn FnMut(usize) -> bool>,
    /// Whether the server learns what was delivered.
    pub reports: bool,
    /// Whether no block reaches the server.
    pub keeps_back_blocks: bool,
    handled: usize,
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

    fn replace(&mut self, slot: u16, record: Option<&Record>) -> Result<(), PhonebookError> {
        match record {
            Some(record) => self.book.insert(slot, record.clone()),
            None => self.book.remove(slot),
        };
        Ok(())
    }
}

impl Keyring for Memory {
    fn keys(&self) -> Result<Option<KeySet>, StorageError> {
        Ok(self.keys.clone())
    }

    fn replace_keys(&mut self, keys: &KeySet) -> Result<(), StorageError> {
        self.keys = Some(keys.clone());
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

impl Subscriber {
    /// With an applet in a new card.
    pub fn card(number: &str, way: Way, book: Book) -> Self {
        Self::new(number, Source::CARD, way, book)
    }

    /// With an application in the phone.
    pub fn phone(number: &str, way: Way, book: Book) -> Self {
        Self::new(number, Source::PHONE, way, book)
    }

    fn new(number: &str, source: Source, way: Way, book: Book) -> Self {
        let settings = Settings { mode: Mode::Fixed(way), ..Settings::default() };
        Self {
            msisdn: number.parse().unwrap(),
            memory: Memory { book, storage: vec![0; JOURNAL.size(8_000)], keys: None },
            reports: Vec::new(),
            source,
            uploader: Uploader::new(source, settings, JOURNAL),
            wake: None,
            sent: 0,
            counters: vec![0; Counters::OCTETS],
        }
    }

    /// Gives the card its keys.
    pub fn with_keys(mut self, iccid: &str) -> Self {
        self.memory.keys = Some(MASTER.card_keys(&iccid.parse().unwrap(), KeyVersion::FIRST));
        self
    }

    /// Numbers the next backup `generation + 1`.
    pub fn personalise(&mut self, generation: u16) {
        personalise(&mut self.memory, generation).unwrap();
    }

    pub fn start(&mut self) {
        self.uploader.start(Trigger::User, &mut self.memory);
    }

    /// The next message that the uploader sends before it waits for anything.
    pub fn next_message(&mut self) -> Option<UserData> {
        while let Some(output) = self.uploader.poll_output() {
            if let Output::Send(message) = output {
                let user_data = self.wrap(message);
                self.uploader.handle_sent(true, &mut self.memory);
                return Some(user_data);
            }
        }
        None
    }

    /// A message in a packet of the card, as the applet makes it.
    pub fn wrap(&mut self, message: Vec<u8>) -> UserData {
        self.sent += 1;
        if let Some(keys) = &self.memory.keys {
            let counter = COUNTERS.for_message(Some(keys.version), &message, &mut self.counters).unwrap();
            let counter = Counter::new(counter).unwrap();
            return carriage::seal(Direction::ToServer, keys, counter, message).unwrap();
        }
        if self.source == Source::CARD {
            return CommandPacket::unsecured(TAR, self.sent.into(), message).user_data().unwrap();
        }
        let [high, low] = PORT.to_be_bytes();
        let ports = Element::new(ElementId::PORTS_16, [high, low, 0xC0, 0x00]);
        UserData::new(DataCoding::EIGHT_BIT, vec![ports], message).unwrap()
    }

    /// The message in a packet; none if the card has other keys than it takes.
    fn unwrap(&mut self, message: &Outgoing) -> Option<Vec<u8>> {
        assert_eq!(message.to, self.msisdn.address());
        let user_data = &message.user_data;
        if let Some(keys) = &self.memory.keys {
            let Some(Carried::Sealed(sealed)) = carriage::read(user_data) else { panic!("it is secured") };
            if sealed.version().unwrap() != keys.version {
                return None;
            }
            let (counter, octets) = sealed.open(Direction::ToCard, keys).unwrap();
            assert!(COUNTERS.accept(counter.value(), &mut self.counters).unwrap(), "each counter is higher");
            return Some(octets);
        }
        if self.source == Source::CARD {
            assert_eq!(message.protocol, ProtocolIdentifier::SIM_DATA_DOWNLOAD);
            assert_eq!(user_data.coding(), DataCoding::EIGHT_BIT_CLASS_2);
            let packet = CommandPacket::from_user_data(user_data).unwrap();
            assert_eq!(packet.tar, TAR);
            return Some(packet.data);
        }
        assert_eq!(message.protocol, ProtocolIdentifier::DEFAULT);
        assert_eq!(user_data.coding(), DataCoding::EIGHT_BIT);
        assert_eq!(user_data.header()[0].data[..2], PORT.to_be_bytes());
        Some(user_data.payload().to_vec())
    }
}

impl Network {
    pub fn new(subscribers: impl IntoIterator<Item = Subscriber>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            server: open(&folder.path().join("backup.db")),
            folder,
            subscribers: subscribers.into_iter().collect(),
            now: Instant::from_secs(1_800_000_000),
            uplink: 0,
            downlink: Vec::new(),
            loses: Box::new(|_| false),
            reports: true,
            keeps_back_blocks: false,
            handled: 0,
        }
    }

    /// Makes a card the first subscriber's.
    pub fn enrol(&mut self, iccid: &str) {
        let msisdn = self.subscribers[0].msisdn.clone();
        let iccid: Iccid = iccid.parse().unwrap();
        self.server.enrol(&msisdn, &iccid, KeyVersion::FIRST, self.now).unwrap();
    }

    /// Where the database has a subscriber: the id is the one of the only row that changes.
    pub fn id_of(&mut self, msisdn: &Msisdn) -> Vec<u8> {
        let ids = |path: &Path| -> Vec<(Vec<u8>, i64)> {
            let db = rusqlite::Connection::open(path).unwrap();
            let mut query = db.prepare("SELECT id, revision FROM account ORDER BY id").unwrap();
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.map(Result::unwrap).collect()
        };
        let before = ids(&self.path());
        self.server.store().subscriber(msisdn, |account| account.next_counter()).unwrap();
        let after = ids(&self.path());
        after.into_iter().find(|row| !before.contains(row)).unwrap().0
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("backup.db")
    }

    /// Ends the server and starts another on the same file.
    pub fn restart(&mut self) {
        // The old one must be gone before.
        self.server = open(Path::new(":memory:"));
        self.server = open(&self.path());
    }

    /// Runs until nobody wants anything more.
    pub fn run(&mut self) {
        assert!((0..20_000).any(|_| !self.step()), "no end");
    }

    /// Runs until `messages` more messages have been sent.
    pub fn run_for(&mut self, messages: usize) {
        assert!(self.run_at_most(messages), "ended after {} messages", self.handled);
    }

    /// Runs until so many messages have gone, or all that there are; whether there were so many.
    pub fn run_at_most(&mut self, messages: usize) -> bool {
        let end = self.handled + messages;
        while self.handled < end {
            if !self.step() {
                return false;
            }
        }
        true
    }

    /// What the server holds of the first subscriber's phonebook.
    pub fn held(&mut self) -> Book {
        self.held_of(0)
    }

    pub fn held_of(&mut self, index: usize) -> Book {
        let subscriber = &self.subscribers[index];
        let held = self.server.store().held(&subscriber.msisdn, subscriber.source).unwrap();
        held.expect("a complete copy").book.clone()
    }

    /// Does one thing; `false` if there is nothing to do, ever.
    pub fn step(&mut self) -> bool {
        self.send_down() || self.send_up() || self.wait()
    }

    fn send_down(&mut self) -> bool {
        let Some(message) = self.server.poll_output() else { return false };
        self.downlink.push((self.now, message.clone()));
        if self.passes() {
            let subscriber =
                self.subscribers.iter_mut().find(|one| one.msisdn.address() == message.to).unwrap();
            if let Some(octets) = subscriber.unwrap(&message) {
                subscriber.uploader.handle_message(&octets, &mut subscriber.memory);
            }
            if self.reports {
                let report = DeliveryReport::Delivered;
                self.server.handle_report(&message.to, message.reference, report, self.now).unwrap();
            }
        }
        true
    }

    fn send_up(&mut self) -> bool {
        for index in 0..self.subscribers.len() {
            let subscriber = &mut self.subscribers[index];
            let Some(output) = subscriber.uploader.poll_output() else { continue };
            match output {
                Output::Send(message) => {
                    let is_kept_back = self.keeps_back_blocks
                        && matches!(ToServer::decode(&message), Ok(ToServer::Blocks(_)));
                    let user_data = subscriber.wrap(message);
                    let from = subscriber.msisdn.address();
                    self.uplink += 1;
                    if self.passes() && !is_kept_back {
                        let reception = self.server.handle_deliver(&from, &user_data, self.now).unwrap();
                        // A block that was asked for while it was on its way is a repetition.
                        let is_taken = matches!(
                            reception,
                            Reception::Taken { .. } | Reception::Ignored(Ignored::Replayed(_))
                        );
                        assert!(is_taken, "{reception:?}");
                    }
                    let subscriber = &mut self.subscribers[index];
                    subscriber.uploader.handle_sent(true, &mut subscriber.memory);
                }
                Output::Wake { after, .. } => subscriber.wake = Some(self.now + after),
                Output::Sleep => subscriber.wake = None,
                Output::Report(outcome) => subscriber.reports.push(outcome.to_string()),
                Output::Ask(estimate) => panic!("the way is fixed: {estimate:?}"),
            }
            return true;
        }
        false
    }

    fn wait(&mut self) -> bool {
        let timeout = self.server.poll_timeout().unwrap();
        let wakes = self.subscribers.iter().filter_map(|subscriber| subscriber.wake);
        let Some(next) = wakes.chain(timeout).min() else { return false };
        self.now = self.now.max(next);
        for subscriber in &mut self.subscribers {
            if subscriber.wake.is_some_and(|wake| wake <= self.now) {
                subscriber.wake = None;
                subscriber.uploader.handle_wake(&mut subscriber.memory);
            }
        }
        self.server.handle_timeout(self.now).unwrap();
        true
    }

    fn passes(&mut self) -> bool {
        self.now = self.now + MESSAGE_TIME;
        self.handled += 1;
        !(self.loses)(self.handled)
    }
}

/// A book of so many contacts.
pub fn book(contacts: u16, name: &str) -> Book {
    (1..=contacts)
        .map(|slot| (slot, contact(&format!("{name} {slot}"), &format!("+49151{slot:07}"))))
        .collect()
}

pub fn contact(name: &str, number: &str) -> Record {
    Record {
        alpha: AlphaIdentifier::fit(name, 14).alpha,
        number: Some(DiallingNumber::parse(number, 40).unwrap().number),
        additional: Vec::new(),
    }
}

fn open(path: &Path) -> Server<SqliteStore> {
    let store = SqliteStore::open(path, &STORE_KEY).unwrap();
    Server::new(store, Policy::default(), 7).with_master_key(MASTER)
}
