//! Every record that a card can hold comes back, also one that no message holds.

use std::collections::BTreeMap;

use oxisim_backup::{
    Block, Coding, Entry, FromServer, Journal, Keyring, MemoryVault, Mode, Outcome, Output, Phonebook,
    PhonebookError, Piece, Receiver, Restorer, Settings, Storage, StorageError, Trigger, Unpacker, Uploader,
    Vault, Way,
    block::{self, Packer},
    compact::{Table, Tables},
    message::Source,
};
use oxisim_phonebook::{AlphaIdentifier, Book, DiallingNumber, Record, TonNpi};
use oxisim_wire::{Duration, Instant};
use proptest::{collection::vec, prelude::*, test_runner::FileFailurePersistence::WithSource};

/// Octets of an alpha identifier in a record of 255 octets (TS 31.102 §4.4.2.3).
const LONGEST_ALPHA: usize = 241;

const JOURNAL: Journal = Journal::new(20, 120);

/// A card with slots for records of up to 255 octets.
struct Host {
    memory: Vec<u8>,
    book: Book,
}

impl Host {
    fn new(book: Book) -> Self {
        Self { memory: vec![0; JOURNAL.size(16_384)], book }
    }
}

impl Phonebook for Host {
    fn slots(&self) -> u16 {
        20
    }

    fn alpha_octets(&self) -> u8 {
        LONGEST_ALPHA as u8
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

impl Keyring for Host {}

impl Storage for Host {
    fn octets(&self) -> usize {
        self.memory.octets()
    }

    fn load(&self, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        self.memory.load(offset, buffer)
    }

    fn save(&mut self, offset: usize, octets: &[u8]) -> Result<(), StorageError> {
        self.memory.save(offset, octets)
    }
}

/// A card and a server, between which every message for which `loses` says so is lost.
struct Scene<'a> {
    settings: Settings,
    uploader: Uploader,
    host: Host,
    receiver: Receiver,
    vault: MemoryVault,
    now: Instant,
    /// The messages of the uploader and those of the server, as they were sent.
    sent: Vec<Vec<u8>>,
    answered: Vec<FromServer>,
    reports: Vec<Outcome>,
    unknown_table: Option<u8>,
    loses: &'a mut dyn FnMut() -> bool,
}

impl<'a> Scene<'a> {
    fn new(book: Book, coding: Coding, loses: &'a mut dyn FnMut() -> bool) -> Self {
        let settings = Settings { mode: Mode::Fixed(Way::NORMAL), coding, ..Settings::default() };
        Self {
            uploader: Uploader::new(Source::CARD, settings.clone(), JOURNAL),
            settings,
            host: Host::new(book),
            receiver: Receiver::default(),
            vault: MemoryVault::default(),
            now: Instant::from_secs(1_000),
            sent: Vec::new(),
            answered: Vec::new(),
            reports: Vec::new(),
            unknown_table: None,
            loses,
        }
    }

    /// Lets both talk until neither has anything more to say; the uploader is woken as often as it wants.
    fn run(&mut self) {
        for _ in 0..2_000 {
            match self.uploader.poll_output() {
                Some(Output::Send(message)) => {
                    self.uploader.handle_sent(true, &mut self.host);
                    self.sent.push(message.clone());
                    if (self.loses)() {
                        continue;
                    }
                    let vault = &mut self.vault;
                    let answer = self.receiver.receive(vault, Source::CARD, &message, self.now, 0).unwrap();
                    self.unknown_table = self.unknown_table.or(answer.unknown_table);
                    self.deliver(answer.messages);
                }
                Some(Output::Wake { after, .. }) if after < Duration::from_mins(200) => {
                    self.now = self.now + after;
                    self.uploader.handle_wake(&mut self.host);
                }
                Some(Output::Report(outcome)) => self.reports.push(outcome),
                Some(_) => {}
                None => {
                    let Some(due) = self.receiver.poll_timeout(&mut self.vault).unwrap() else { return };
                    self.now = self.now.max(due);
                    let messages = self.receiver.due(&mut self.vault, self.now).unwrap().messages;
                    self.deliver(messages);
                }
            }
        }
        panic!("it never ends: {:?}", self.reports);
    }

    fn deliver(&mut self, messages: Vec<FromServer>) {
        for message in messages {
            self.answered.push(message.clone());
            if !(self.loses)() {
                self.uploader.handle_message(&message.encode(), &mut self.host);
            }
        }
    }

    fn back_up(&mut self) {
        self.uploader.start(Trigger::User, &mut self.host);
        self.run();
    }

    /// Restores onto another card, which knows `coding`.
    fn restore(&mut self, coding: Coding) {
        let settings = Settings { coding, ..self.settings.clone() };
        self.uploader = Uploader::new(Source::CARD, settings, JOURNAL);
        self.host = Host::new(Book::default());
        let restorer = Restorer { policy: self.receiver.policy() };
        assert!(restorer.start(&mut self.vault, self.now).unwrap());
        self.run();
    }

    fn copy(&mut self) -> Book {
        self.vault.held(Source::CARD).unwrap().expect("a copy").book.clone()
    }

    fn restore_blocks(&self) -> Vec<&[u8]> {
        let blocks = self.answered.iter().map(|message| match message {
            FromServer::Restore { block, .. } => Some(block.as_slice()),
            _ => None,
        });
        blocks.flatten().collect()
    }
}

fn number() -> impl Strategy<Value = DiallingNumber> {
    let ton_npi = prop_oneof![Just(0x81), Just(0x91), any::<u8>()];
    (ton_npi, vec(0u8..15, 1..60))
        .prop_filter_map("a digit", |(ton, digits)| DiallingNumber::new(TonNpi(ton), digits))
}

/// Any octets that a record of 14 to 255 octets has room for; and text.
fn alpha() -> impl Strategy<Value = AlphaIdentifier> {
    prop_oneof![
        vec(any::<u8>(), 0..=LONGEST_ALPHA).prop_map(|octets| AlphaIdentifier::from_field(&octets)),
        "[A-Za-z ]{0,241}".prop_map(|text| AlphaIdentifier::fit(&text, LONGEST_ALPHA).alpha),
        "[а-я漢字 ]{0,120}".prop_map(|text| AlphaIdentifier::fit(&text, LONGEST_ALPHA).alpha),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    (alpha(), proptest::option::of(number()), vec(number(), 0..3))
        .prop_map(|(alpha, number, additional)| Record { alpha, number, additional })
}

fn coding() -> impl Strategy<Value = Coding> {
    prop_oneof![Just(Coding::Plain), Just(Coding::general())]
}

fn book(records: &[Record]) -> Book {
    (1..).zip(records.iter().cloned()).collect()
}

fn long(octet: u8) -> Record {
    let alpha = AlphaIdentifier::from_field(&[octet; LONGEST_ALPHA]);
    Record { alpha, number: DiallingNumber::new(TonNpi(0x91), vec![4; 20]), additional: Vec::new() }
}

/// Octets that no model foresees.
fn noise(seed: u8) -> Record {
    let octets: Vec<u8> =
        (0..LONGEST_ALPHA as u8).map(|at| (at.wrapping_mul(97) ^ seed) % 0x78 + 0x83).collect();
    Record { alpha: AlphaIdentifier::from_field(&octets), ..long(0) }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: Some(Box::new(WithSource("proptest-regressions"))), cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_record_comes_back_out_of_blocks_and_pieces(
        records in vec(record(), 1..6), octets in 86usize..130, alpha in 0u8..=241, coding in coding()
    ) {
        let mut packer = Packer::new(octets, usize::MAX, alpha, &coding);
        let entries = (1..).zip(&records).map(|(slot, record)| Entry { slot, record: Some(record.clone()) });
        let mut blocks: Vec<_> = entries.flat_map(|entry| packer.push(entry).unwrap()).collect();
        blocks.extend(packer.finish());
        prop_assert!(blocks.iter().all(|block| block.len() <= octets));
        let tables = Tables::default();
        let mut unpacker = Unpacker::new(&tables);
        let entries = blocks.iter().flat_map(|block| unpacker.push(block).unwrap());
        prop_assert_eq!(entries.map(|entry| entry.record.unwrap()).collect::<Vec<_>>(), records);
    }

    #[test]
    fn backup_and_restore_bring_every_record_back_whatever_is_lost(
        records in vec(record(), 1..5), coding in coding(), seed in any::<u64>(), loss in 0u64..2
    ) {
        let mut state = seed | 1;
        let mut loses = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % 10 < loss
        };
        let mut scene = Scene::new(book(&records), coding.clone(), &mut loses);
        scene.back_up();
        prop_assert_eq!(scene.copy(), book(&records));
        scene.restore(coding);
        prop_assert_eq!(&scene.host.book, &book(&records));
    }

    #[test]
    fn no_pieces_make_a_server_panic(blocks in vec((1u8..0x80, vec(any::<u8>(), 0..30)), 0..6)) {
        let tables = Tables::default();
        let mut unpacker = Unpacker::new(&tables);
        for (place, octets) in blocks {
            let block = [&[0xFF, place], &octets[..]].concat();
            let is_piece = matches!(Piece::of(&block), Ok(Some(_)));
            let read = unpacker.push(&block);
            prop_assert!(is_piece || read.is_err());
        }
    }
}

#[test]
fn pieces_of_two_records_that_lose_some_come_again() {
    let records: Vec<_> = (1..=4).map(noise).collect();
    let mut count = 0;
    // Every fifth message of the restore is lost, and so a piece of each record.
    let mut loses = || {
        count += 1;
        count % 5 == 0
    };
    let mut scene = Scene::new(book(&records), Coding::Plain, &mut loses);
    scene.back_up();
    scene.restore(Coding::Plain);
    assert_eq!(scene.host.book, book(&records));
    assert_eq!(scene.reports.last(), Some(&Outcome::Restored));
}

#[test]
fn an_entry_that_is_too_large_takes_nothing_with_it() {
    for coding in [Coding::Plain, Coding::general()] {
        let mut packer = Packer::new(30, usize::MAX, 0, &coding);
        let small = |slot| Entry {
            slot,
            record: Some(Record { alpha: AlphaIdentifier::from_field(b"Ana"), ..Record::default() }),
        };
        let large = |slot| Entry { slot, record: Some(noise(7)) };
        let mut blocks = packer.push(small(1)).unwrap();
        assert!(packer.push(large(2)).is_err());
        assert!(!packer.is_empty());
        assert!(packer.push(large(3)).is_err(), "and another one");
        blocks.extend(packer.push(small(4)).unwrap());
        assert!(packer.push(large(5)).is_err(), "the last one");
        blocks.extend(packer.finish());
        assert!(packer.is_empty() && packer.finish().is_none());
        let entries = blocks.iter().flat_map(|block| {
            oxisim_wire::Wire::decode(block, "block").map(|block: Block| block.entries).unwrap()
        });
        assert_eq!(entries.map(|entry| entry.slot).collect::<Vec<_>>(), [1, 4]);
    }
}

#[test]
fn pieces_that_do_not_belong_together_are_a_copy_that_differs() {
    let tables = Tables::default();
    let mut unpacker = Unpacker::new(&tables);
    assert_eq!(unpacker.push(&[0xFF, 0x21, 0x00]), Ok(Vec::new()));
    assert_eq!(
        unpacker.push(&[0xFF, 0x21, 0x00]).unwrap_err().to_string(),
        "piece at octet 1: value 0x01 is not allowed"
    );
    assert_eq!(
        unpacker.push(&[0x00, 0x80, 0x07]),
        Ok(vec![Entry { slot: 7, record: None }]),
        "a whole one goes on"
    );
}

#[test]
fn a_restore_is_compact_if_the_card_has_coded_so_and_costs_less() {
    let name = |at: usize| ["Ana", "Michaela Carte", "Johnson"][at % 3];
    let records = (0..20_usize).map(|at| Record {
        alpha: AlphaIdentifier::fit(name(at), 14).alpha,
        number: DiallingNumber::new(
            TonNpi(0x91),
            [&[4, 9, 1, 5, 1, 0, 2, 3][..], &[(at % 10) as u8; 3]].concat(),
        ),
        additional: Vec::new(),
    });
    let records: Vec<_> = records.collect();
    let messages = |coding: Coding| {
        let mut loses = || false;
        let mut scene = Scene::new(book(&records), coding.clone(), &mut loses);
        scene.back_up();
        scene.restore(coding);
        assert_eq!(scene.host.book, book(&records));
        scene.restore_blocks().len()
    };
    assert!(2 * messages(Coding::general()) < messages(Coding::Plain));
}

#[test]
fn a_card_that_lacks_the_table_gets_its_restore_plain() {
    let mut loses = || false;
    let records = [noise(1), long(b'a'), long(b'b')];
    for other in [Coding::Plain, Coding::Compact(Tables::default().get(5).unwrap().clone())] {
        let mut scene = Scene::new(book(&records), Coding::general(), &mut loses);
        scene.back_up();
        assert_eq!(scene.vault.held(Source::CARD).unwrap().unwrap().table, Some(0));
        scene.restore(other);
        assert_eq!(scene.host.book, book(&records));
        assert_eq!(scene.reports.last(), Some(&Outcome::Restored));
        assert_eq!(block::table(scene.restore_blocks().last().unwrap()), None);
    }
}

#[test]
fn a_server_that_lacks_the_table_says_so_and_gets_the_backup_plain() {
    let own = Table::new(77, "own", [3; 16], &[], |_| 0);
    let records = BTreeMap::from([
        (3, long(b'a')),
        (9, Record { alpha: AlphaIdentifier::from_field(b"Ana"), ..Record::default() }),
    ]);
    let book: Book = records.into_iter().collect();
    let mut loses = || false;
    let mut scene = Scene::new(book.clone(), Coding::Compact(own), &mut loses);
    scene.back_up();
    assert_eq!(scene.unknown_table, Some(77));
    assert_eq!(scene.copy(), book);
    assert_eq!(scene.reports.last(), Some(&Outcome::Complete));
    let refused =
        scene.answered.iter().filter(|message| matches!(message, FromServer::Refused { .. })).count();
    assert!(refused >= 1);
}

/// docs/BACKUP.md section 4.
#[test]
fn the_example_of_the_documentation_is_what_is_cut() {
    let record = Record { alpha: AlphaIdentifier::from_field(&[b'n'; 100]), ..Record::default() };
    let mut packer = Packer::new(91, usize::MAX, 14, &Coding::Plain);
    let pieces = packer.push(Entry { slot: 3, record: Some(record) }).unwrap();
    let [first, second] = &pieces[..] else { panic!("{pieces:?}") };
    let n = |count| "6E".repeat(count);
    assert_eq!(hex::encode_upper(first), format!("FF21640003{}", n(55)));
    assert_eq!(hex::encode_upper(second), format!("FF22{}00FF{}", n(45), "FF".repeat(10)));
}
