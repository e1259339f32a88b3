//! Compact coding: every record comes back, whatever it holds, and nothing from outside does harm.

use oxisim_backup::{
    Block, Coding, Entry, Unpacker,
    block::{MAX_SLOT, Packer},
    compact::{Filler, GENERAL, MARK, MAX_ENTRIES, Table, Tables},
};
use oxisim_phonebook::{AlphaIdentifier, DiallingNumber, Record, TonNpi};
use oxisim_wire::Wire;
use proptest::{collection::vec, prelude::*};

fn number() -> impl Strategy<Value = DiallingNumber> {
    let ton_npi = prop_oneof![Just(0x81), Just(0x91), Just(0xFF), any::<u8>()];
    let digits = prop_oneof![vec(0u8..10, 1..13), vec(0u8..15, 1..50)];
    (ton_npi, digits).prop_filter_map("a digit", |(ton, digits)| DiallingNumber::new(TonNpi(ton), digits))
}

/// Any octets in the field, FF inside; and names as people have them.
fn alpha() -> impl Strategy<Value = AlphaIdentifier> {
    let octet = prop_oneof![any::<u8>(), Just(0xFF), 0x40u8..0x7B];
    let first =
        prop_oneof![Just(vec![]), Just(vec![0x80]), Just(vec![0x81, 9, 8]), Just(vec![0x82, 9, 4, 0x31])];
    prop_oneof![
        (first, vec(octet, 0..30))
            .prop_map(|(first, rest)| AlphaIdentifier::from_field(&[first, rest].concat())),
        "[A-Za-zА-Яа-я漢字 .-]{0,16}".prop_map(|text| AlphaIdentifier::fit(&text, 14).alpha),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    let additional = prop_oneof![4 => Just(vec![]), 1 => vec(number(), 0..3)];
    (alpha(), proptest::option::weighted(0.9, number()), additional)
        .prop_map(|(alpha, number, additional)| Record { alpha, number, additional })
}

/// Entries in the order of their slots.
fn entries(most: usize) -> impl Strategy<Value = Vec<Entry>> {
    let gap = prop_oneof![5 => Just(1u16), 1 => 1u16..300];
    vec((gap, proptest::option::weighted(0.8, record())), 1..most).prop_map(|entries| {
        let mut slot = 0;
        let entries = entries.into_iter().map(|(gap, record)| {
            slot += gap;
            Entry { slot, record }
        });
        entries.take_while(|entry| entry.slot <= MAX_SLOT).collect()
    })
}

fn pack(entries: &[Entry], octets: usize, alpha: u8, coding: &Coding) -> Option<Vec<Vec<u8>>> {
    let mut packer = Packer::new(octets, usize::MAX, alpha, coding);
    let mut blocks = Vec::new();
    for entry in entries {
        blocks.extend(packer.push(entry.clone()).ok()?);
    }
    blocks.extend(packer.finish());
    Some(blocks)
}

fn unpack(blocks: &[Vec<u8>]) -> Vec<Entry> {
    let tables = Tables::default();
    let mut unpacker = Unpacker::new(&tables);
    blocks.iter().flat_map(|block| unpacker.push(block).unwrap()).collect()
}

proptest! {
    #[test]
    fn every_record_comes_back(entries in entries(20), alpha in prop_oneof![Just(14u8), 0u8..40]) {
        let mut filler = Filler::new(GENERAL.clone(), 4_000, alpha);
        for entry in &entries {
            prop_assert!(filler.push(entry), "{entry:?}");
        }
        let octets = filler.closed_len();
        let block = filler.finish();
        prop_assert_eq!((block.len(), block[0]), (octets, MARK | GENERAL.number()));
        prop_assert_eq!(Block::decode(&block, "block").unwrap(), Block { alpha, entries });
    }

    #[test]
    fn no_block_grows_and_none_holds_less(entries in entries(30), octets in 40usize..130, alpha in 0u8..20) {
        let plain = pack(&entries, octets, alpha, &Coding::Plain);
        let compact = pack(&entries, octets, alpha, &Coding::general());
        if let Some(plain) = plain {
            let compact = compact.expect("what is plain can be packed");
            prop_assert!(compact.len() <= plain.len());
            prop_assert!(compact.iter().all(|block| block.len() <= octets));
            prop_assert_eq!(unpack(&compact), entries);
        }
    }

    #[test]
    fn an_entry_that_does_not_fit_leaves_the_block_as_it_was(before in entries(8), more in record()) {
        let mut filler = Filler::new(GENERAL.clone(), 1_000, 14);
        prop_assert!(before.iter().all(|entry| filler.push(entry)));
        let octets = filler.closed_len();
        // What an end takes varies by an octet or two.
        let mut full = Filler::new(GENERAL.clone(), octets + 6, 14);
        prop_assert!(before.iter().all(|entry| full.push(entry)));
        let entry = Entry { slot: MAX_SLOT, record: Some(Record { number: DiallingNumber::new(TonNpi(0), vec![9; 60]), ..more }) };
        prop_assert!(!full.push(&entry));
        prop_assert_eq!(full.finish(), filler.finish());
    }

    #[test]
    fn no_octets_make_it_panic_or_take_much(octets in vec(any::<u8>(), 0..140)) {
        let octets = [&[MARK][..], &octets].concat();
        if let Ok(block) = Block::decode(&octets, "block") {
            prop_assert!(block.entries.len() <= usize::from(MAX_ENTRIES));
        }
    }

    #[test]
    fn a_changed_octet_is_refused_or_another_block(entries in entries(9), at in any::<prop::sample::Index>(), flip in 1u8..) {
        let mut filler = Filler::new(GENERAL.clone(), 1_000, 14);
        prop_assert!(entries.iter().all(|entry| filler.push(entry)));
        let mut block = filler.finish();
        let at = at.index(block.len() - 1) + 1;
        block[at] ^= flip;
        let read = Block::decode(&block, "block");
        // Only the bits behind the last one are of no meaning.
        prop_assert!(at + 1 == block.len() || read.map(|block| block.entries) != Ok(entries));
    }
}

#[test]
fn a_table_that_is_not_known_is_named() {
    let error = Block::decode(&[MARK | 0x4D, 1, 2, 3], "block").unwrap_err();
    assert_eq!(error.to_string(), "coding table at octet 0: value 0x4D is not allowed");
}

#[test]
fn a_table_of_ones_own_is_loaded_on_both_sides() {
    let table = Table::decode(Table::new(77, "own", [3; 16], &[], |_| 0).octets()).unwrap();
    let entry = Entry { slot: 1, record: Some(Record::default()) };
    let mut filler = Filler::new(table.clone(), 100, 14);
    assert!(filler.push(&entry));
    let block = filler.finish();
    assert!(Block::decode(&block, "block").is_err());
    let mut tables = Tables::default();
    tables.add(table);
    assert_eq!(Block::decode_with(&block, &tables).unwrap().entries, [entry]);
}

#[test]
fn octets_left_over_are_refused() {
    let mut filler = Filler::new(GENERAL.clone(), 100, 14);
    assert!(filler.push(&Entry { slot: 3, record: None }));
    let block = [filler.finish(), vec![0, 0, 0]].concat();
    assert!(Block::decode(&block, "block").unwrap_err().to_string().contains("too many"));
}

#[test]
fn slots_that_do_not_rise_are_not_packed_compactly() {
    let mut filler = Filler::new(GENERAL.clone(), 100, 14);
    assert!(filler.push(&Entry { slot: 3, record: None }));
    assert!(!filler.push(&Entry { slot: 3, record: None }));
    assert!(!filler.push(&Entry { slot: 0x1000, record: None }));
    assert!(filler.push(&Entry { slot: 4, record: None }));
}

#[test]
fn a_block_ends_with_its_255th_entry() {
    let mut filler = Filler::new(GENERAL.clone(), 4_000, 14);
    let taken = (1..=300).filter(|&slot| filler.push(&Entry { slot, record: None })).count();
    assert_eq!(taken, usize::from(MAX_ENTRIES));
    assert_eq!(Block::decode(&filler.finish(), "block").unwrap().entries.len(), taken);
}

#[test]
fn an_alpha_identifier_longer_than_a_message_stays_plain() {
    let alpha = AlphaIdentifier::from_field(&[b'a'; 200]);
    let block = Block::new(vec![Entry { slot: 1, record: Some(Record { alpha, ..Record::default() }) }]);
    assert_eq!(block.encode()[..2], [0xFF, 200]);
    assert_eq!(Block::decode(&block.encode(), "block"), Ok(block));
}

#[test]
fn the_encoder_takes_no_memory_but_its_block() {
    let alpha = AlphaIdentifier::from_field(b"Michaela Carte");
    let number = DiallingNumber::new(TonNpi::INTERNATIONAL, vec![1, 7, 8, 0, 8, 5, 3, 0, 3, 1, 5]);
    let record = Record { alpha, number, additional: Vec::new() };
    let entries: Vec<_> = (1..=20).map(|slot| Entry { slot, record: Some(record.clone()) }).collect();
    let used = allocation_counter::measure(|| {
        let mut filler = Filler::new(GENERAL.clone(), 114, 14);
        assert!(entries.iter().filter(|entry| filler.push(entry)).count() < 20);
    });
    assert_eq!(used.bytes_max, 114);
}

/// docs/BACKUP.md section 4.
#[test]
fn the_examples_of_the_documentation_are_what_is_coded() {
    let entry = |slot, name: &[u8], ton, digits: &[u8]| {
        let number = DiallingNumber::new(TonNpi(ton), digits.iter().map(|digit| digit - b'0'));
        let alpha = AlphaIdentifier::from_field(name);
        Entry { slot, record: Some(Record { alpha, number, additional: Vec::new() }) }
    };
    let four = [
        entry(1, b"samantha w", 0x81, b"019"),
        entry(2, b"Michaela Carte", 0x91, b"17808530315"),
        entry(3, b"Johnson, Crawf", 0x91, b"19196578475"),
        entry(4, b"Morgan Galvan", 0x91, b"17323590851"),
    ];
    let deleted = [Entry { slot: 2, record: None }];
    for (entries, block) in [
        (&deleted[..], "80F14B80"),
        (&four[..1], "80F492A1878CD586A7BA80"),
        (&four, "80F492A1878CD586A7BA122DE0467E01D6F50F695C0B874624131169CDC9FD628E9685C74C1DDE82B7EA00"),
    ] {
        let mut filler = Filler::new(GENERAL.clone(), 114, 14);
        assert!(entries.iter().all(|entry| filler.push(entry)));
        assert_eq!(hex::encode_upper(filler.finish()), block);
    }
}
