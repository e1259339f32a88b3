//! What a USIM's phonebook has beside names and numbers: labels, groups, counters, and the order of a write.

use std::collections::BTreeMap;

use oxisim_phonebook::{
    Contact, LabelledNumber,
    layout::{CardEntry, CardPhonebook, FileUpdate, Layout, Plan, Records},
    pbr::{FileReference, Link, PhonebookFile, PhonebookReference},
};
use proptest::prelude::*;

const ADN: u16 = 0x4F3A;
const IAP: u16 = 0x4F32;
const EXT1: u16 = 0x4F4A;
const SNE: u16 = 0x4F54;
const AAS: u16 = 0x4F4B;
const GRP: u16 = 0x4F52;
const GAS: u16 = 0x4F53;
const PBC: u16 = 0x4F09;
const UID: u16 = 0x4F21;
const ANR: u16 = 0x4F11;
const EMAIL: u16 = 0x4F50;
const PSC: u16 = 0x4F22;
const CC: u16 = 0x4F23;
const PUID: u16 = 0x4F24;

/// The files of a phonebook: their octets and records, those of `EF_ANR`, `EF_EMAIL` and `EF_SNE` with the type of
/// their link.
#[derive(Clone, Debug)]
struct Shape {
    slots: usize,
    anr: Vec<(Link, usize)>,
    emails: Vec<(Link, usize)>,
    second_names: Option<(Link, usize)>,
    ext1: usize,
    descriptions: usize,
    groups: usize,
    group_names: usize,
}

impl Shape {
    /// All kinds of files, with room for a few entries.
    fn small() -> Self {
        Self {
            slots: 6,
            anr: Vec::new(),
            emails: Vec::new(),
            second_names: Some((Link::INDEX, 2)),
            ext1: 4,
            descriptions: 2,
            groups: 2,
            group_names: 3,
        }
    }

    /// The phonebook, all records free.
    fn blank(&self) -> CardPhonebook {
        let (layout, records) = self.files();
        CardPhonebook::new(layout, records)
    }

    fn files(&self) -> (Layout, Records) {
        let mut records = Records::new();
        let mut files = Vec::new();
        let mut add = |file, link, fid, octets, count| {
            files.push(FileReference { file, link, fid, sfi: Some(fid as u8 & 0x1F) });
            records.insert(fid, vec![vec![0xFF; octets]; count]);
        };
        add(PhonebookFile::ADN, Link::SAME_RECORD, ADN, 26, self.slots);
        add(PhonebookFile::PBC, Link::SAME_RECORD, PBC, 2, self.slots);
        add(PhonebookFile::UID, Link::SAME_RECORD, UID, 2, self.slots);
        add(PhonebookFile::GRP, Link::SAME_RECORD, GRP, self.groups, self.slots);
        let of = |file, base: u16, octets, linked: &[(Link, usize)]| {
            let each = linked.iter().zip(base..);
            each.map(|((link, count), fid)| (file, *link, fid, octets, *count)).collect::<Vec<_>>()
        };
        let linked = [
            of(PhonebookFile::ANR, ANR, 15, &self.anr),
            of(PhonebookFile::EMAIL, EMAIL, 24, &self.emails),
            of(PhonebookFile::SNE, SNE, 12, self.second_names.as_slice()),
        ];
        let linked: Vec<_> = linked.concat();
        for &(file, link, fid, octets, count) in linked.iter().filter(|file| file.1 == Link::SAME_RECORD) {
            add(file, link, fid, octets, count.max(self.slots));
        }
        let indexed: Vec<_> = linked.iter().filter(|file| file.1 == Link::INDEX).collect();
        if !indexed.is_empty() {
            add(PhonebookFile::IAP, Link::SAME_RECORD, IAP, indexed.len(), self.slots);
        }
        for &&(file, link, fid, octets, count) in &indexed {
            add(file, link, fid, octets + 2, count);
        }
        add(PhonebookFile::EXT1, Link::IDENTIFIER, EXT1, 13, self.ext1);
        add(PhonebookFile::AAS, Link::IDENTIFIER, AAS, 10, self.descriptions);
        add(PhonebookFile::GAS, Link::IDENTIFIER, GAS, 10, self.group_names);
        records.insert(PBC, vec![vec![0x00, 0x00]; self.slots]);
        records.insert(UID, vec![vec![0x00, 0x00]; self.slots]);
        records.insert(GRP, vec![vec![0x00; self.groups]; self.slots]);
        records.extend([(PSC, vec![vec![0; 4]]), (CC, vec![vec![0; 2]]), (PUID, vec![vec![0; 2]])]);
        // As a card has it.
        let octets = PhonebookReference(files).encode(250).unwrap();
        (Layout::new(&[PhonebookReference::decode(&octets).unwrap()]), records)
    }
}

/// Two additional numbers, one of each type, and two addresses, one of each type.
fn both() -> Shape {
    Shape {
        anr: vec![(Link::SAME_RECORD, 6), (Link::INDEX, 3)],
        emails: vec![(Link::SAME_RECORD, 6), (Link::INDEX, 2)],
        ..Shape::small()
    }
}

fn contact(name: &str, numbers: &[(&str, &str)], emails: &[&str], groups: &[&str]) -> Contact {
    let number =
        |(number, label): &(&str, &str)| LabelledNumber { number: (*number).into(), label: (*label).into() };
    Contact {
        name: name.into(),
        numbers: numbers.iter().map(number).collect(),
        emails: emails.iter().map(ToString::to_string).collect(),
        groups: groups.iter().map(ToString::to_string).collect(),
        ..Contact::default()
    }
}

fn report(plan: &Plan) -> Vec<String> {
    plan.import.losses().map(|change| change.what.to_string()).collect()
}

fn contacts(phonebook: &CardPhonebook) -> Vec<Contact> {
    phonebook.entries().unwrap().values().map(CardEntry::contact).collect()
}

fn counters(phonebook: &CardPhonebook) -> [&[u8]; 3] {
    [PSC, CC, PUID].map(|fid| &phonebook.records()[&fid][0][..])
}

fn apply(records: &mut Records, update: &FileUpdate) {
    let number = usize::from(update.record.unwrap_or(1));
    let record = &mut records.get_mut(&update.fid).unwrap()[number - 1];
    assert_eq!(record.len(), update.octets.len());
    record.clone_from(&update.octets);
}

#[test]
fn labels_addresses_and_groups_are_where_the_files_are_linked_to() {
    let mut ana = contact(
        "Ana",
        &[("1", ""), ("2", "WORK"), ("3", "HOME")],
        &["ana@example.org", "a_b@example.com"],
        &["Family", "Club"],
    );
    ana.second_name = "Anita".into();
    let bob = contact("Bob", &[("4", ""), ("5", "work")], &["bob@example.org"], &["Club"]);
    let plan = both().blank().plan(&[ana.clone(), bob]).unwrap();
    assert_eq!(report(&plan), [""; 0]);
    let records = plan.phonebook.records();
    assert_eq!(records[&ANR][0][..4], [1, 2, 0x81, 0xF2]);
    assert_eq!(records[&(ANR + 1)][0][..4], [2, 2, 0x81, 0xF3]);
    assert_eq!(records[&(ANR + 1)][0][15..], [0x1A, 1], "the entry that the record is of");
    assert_eq!(records[&ANR][1][..4], [1, 2, 0x81, 0xF5], "one description serves both");
    assert_eq!(records[&AAS][0], *b"WORK\xFF\xFF\xFF\xFF\xFF\xFF");
    assert_eq!(records[&AAS][1], *b"HOME\xFF\xFF\xFF\xFF\xFF\xFF");
    // The default alphabet has @ at 00 and the underscore at 11.
    assert_eq!(records[&EMAIL][0], *b"ana\x00example.org\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
    assert_eq!(records[&(EMAIL + 1)][0][..16], *b"a\x11b\x00example.com\xFF");
    assert_eq!(records[&(EMAIL + 1)][0][24..], [0x1A, 1]);
    assert_eq!(records[&IAP][..3], [[1, 1, 1], [0xFF; 3], [0xFF; 3]]);
    assert_eq!(records[&GRP][..3], [[1, 2], [2, 0], [0, 0]]);
    assert_eq!(records[&GAS][0][..7], *b"Family\xFF");
    let held = contacts(&plan.phonebook);
    assert_eq!(held[0], ana);
    assert_eq!(held[1].numbers[1].label, "WORK");
    let again = plan.phonebook.plan(&held).unwrap();
    assert_eq!(again.phonebook.updates_since(&plan.phonebook), []);
}

#[test]
fn what_has_no_room_is_named_by_contact() {
    let ana = contact(
        "Ana",
        &[("1", "CELL"), ("2", "WORK"), ("3", "A LABEL TOO LONG"), ("4", "HOME")],
        &["ana@example.org", "an-address-that-is-too-long@example.org", "аня@example.org"],
        &["Family", "Club", "Work"],
    );
    let bob = contact("Bob", &[("5", ""), ("6", "FAX"), ("7", "PAGER")], &[], &["Neighbours and others"]);
    let plan = both().blank().plan(&[ana, bob]).unwrap();
    let report: Vec<String> = plan.import.losses().map(ToString::to_string).collect();
    assert_eq!(
        report,
        [
            "contact 1 (Ana): label 'CELL' of number 1 left out",
            "contact 1 (Ana): label 'A LABEL TOO LONG' of number 3 left out",
            "contact 1 (Ana): label 'HOME' of number 4 left out",
            "contact 1 (Ana): e-mail address an-address-that-is-too-long@example.org left out",
            "contact 1 (Ana): e-mail address аня@example.org left out",
            "contact 1 (Ana): group 'Work' left out",
            "contact 2 (Bob): label 'PAGER' of number 7 left out",
            "contact 2 (Bob): group 'Neighbours and others' left out",
        ]
    );
}

#[test]
fn full_files_of_addresses_and_extensions_are_named() {
    let shape = Shape { emails: vec![(Link::INDEX, 2)], ext1: 1, ..Shape::small() };
    let long = "1234567890123456789012345";
    let many: Vec<Contact> = ["A", "B", "C"]
        .iter()
        .map(|name| contact(name, &[(long, "")], &[&format!("{name}@example.org")], &[]))
        .collect();
    let plan = shape.blank().plan(&many).unwrap();
    let report: Vec<String> = plan.import.losses().map(ToString::to_string).collect();
    assert_eq!(
        report,
        [
            "contact 2 (B): no extension record free: last digits '12345' of a number cut off",
            "contact 3 (C): no extension record free: last digits '12345' of a number cut off",
            "contact 3 (C): e-mail address C@example.org left out",
        ]
    );
}

#[test]
fn changes_are_counted_and_new_entries_get_identifiers_that_none_had() {
    let blank = both().blank();
    let [ana, bob, cy] =
        ["Ana", "Bob", "Cy"].map(|name| contact(name, &[("1", "")], &[&format!("{name}@example.org")], &[]));
    let first = blank.plan(&[ana.clone(), bob.clone()]).unwrap().phonebook;
    assert_eq!(first.records()[&UID][..3], [[0, 1], [0, 2], [0, 0]]);
    assert_eq!(counters(&first), [&[0; 4][..], &[0, 2], &[0, 2]]);
    // One goes, one is changed, one comes into the slot of the first.
    let changed = Contact { emails: vec!["robert@example.org".into()], ..bob };
    let cy = Contact { numbers: vec![LabelledNumber { number: "9".into(), label: String::new() }], ..cy };
    let second = first.plan(&[cy, changed.clone()]).unwrap().phonebook;
    assert_eq!(second.records()[&UID][..3], [[0, 3], [0, 2], [0, 0]]);
    assert_eq!(counters(&second), [&[0; 4][..], &[0, 4], &[0, 3]]);
    // What is written first is what tells phones to look.
    assert_eq!(second.updates_since(&first)[0].fid, CC);
    assert_eq!(second.updates_since(&first)[0].record, None);
    // The same again counts nothing.
    assert_eq!(second.plan(&contacts(&second)).unwrap().phonebook, second);
    let third = second.plan(&[changed]).unwrap().phonebook;
    assert_eq!(third.records()[&UID][..3], [[0, 0], [0, 2], [0, 0]]);
    assert_eq!(counters(&third), [&[0; 4][..], &[0, 5], &[0, 3]]);
}

#[test]
fn a_counter_at_its_end_makes_it_another_phonebook() {
    let (layout, blank) = both().files();
    let bob = contact("Bob", &[("1", "")], &[], &[]);
    for (fid, end) in [(CC, [0xFF, 0xFF]), (PUID, [0xFF, 0xFE])] {
        let mut records = blank.clone();
        records.insert(fid, vec![end.to_vec()]);
        let phonebook = CardPhonebook::new(layout.clone(), records);
        let plan = phonebook.plan(&[contact("Ana", &[("2", "")], &[], &[]), bob.clone()]).unwrap();
        assert_eq!(counters(&plan.phonebook), [&[0, 0, 0, 1][..], &[0, 1], &[0, 2]], "{fid:04X}");
        assert_eq!(plan.phonebook.records()[&UID][..3], [[0, 1], [0, 2], [0, 0]]);
        // So does the end of all entries.
        let none = plan.phonebook.plan(&[]).unwrap().phonebook;
        assert_eq!(counters(&none), [&[0, 0, 0, 2][..], &[0, 1], &[0, 0]]);
        assert_eq!(none.records()[&UID][..2], [[0, 0], [0, 0]]);
    }
}

#[test]
fn a_hidden_entry_stays_hidden_if_it_is_changed_and_a_new_one_in_its_slot_is_not() {
    let (layout, _) = both().files();
    let ana = contact("Ana", &[("1", "")], &[], &[]);
    let mut records = both().blank().plan(std::slice::from_ref(&ana)).unwrap().phonebook.records().clone();
    // Hidden by the application in record 1 of EF_DIR, and changed by a GSM phone.
    records.get_mut(&PBC).unwrap()[0] = vec![0x01, 0x01];
    records.get_mut(&PBC).unwrap()[4] = vec![0x01, 0x00];
    let phonebook = CardPhonebook::new(layout, records);
    assert!(phonebook.entry(1).unwrap().unwrap().hidden);
    let changed = Contact { groups: vec!["Club".into()], ..ana };
    let plan = phonebook.plan(&[changed]).unwrap().phonebook;
    assert!(plan.entry(1).unwrap().unwrap().hidden);
    assert_eq!(plan.records()[&PBC][4], [0x00, 0x00], "the mark of the GSM phone's change is settled");
    let plan = phonebook.plan(&[contact("Bob", &[("2", "")], &[], &[])]).unwrap().phonebook;
    assert!(!plan.entry(1).unwrap().unwrap().hidden);
}

fn any_shape() -> impl Strategy<Value = Shape> {
    let link = || prop_oneof![Just(Link::SAME_RECORD), Just(Link::INDEX)];
    let files = |most| proptest::collection::vec((link(), 0usize..5), 0..=most);
    let second_names = proptest::option::of((link(), 0usize..5));
    let sizes = (1usize..12, 0usize..5, 0usize..4, 0usize..4, 0usize..4);
    (files(3), files(2), second_names, sizes).prop_map(
        |(anr, emails, second_names, (slots, ext1, descriptions, groups, group_names))| Shape {
            slots,
            anr,
            emails,
            second_names,
            ext1,
            descriptions,
            groups,
            group_names,
        },
    )
}

fn any_contact() -> impl Strategy<Value = Contact> {
    let label = prop_oneof![
        Just(""),
        Just("WORK"),
        Just("HOME"),
        Just("WORK,FAX"),
        Just("BÜRO"),
        Just("SOMETHING TOO LONG")
    ];
    let number =
        ("[+]?[0-9]{1,45}", label).prop_map(|(number, label)| LabelledNumber { number, label: label.into() });
    let numbers = proptest::collection::vec(number, 1..5);
    let emails = proptest::collection::vec("[a-z]{1,12}@[a-z]{1,5}\\.org|\\PC{1,9}", 0..3);
    let groups = proptest::sample::subsequence(vec!["Family", "Work", "Club", "Neighbours", "Клуб"], 0..4);
    ("[A-D][a-z]{0,3}", "|\\PC{1,14}", numbers, emails, groups).prop_map(
        |(name, second_name, numbers, emails, groups)| {
            let groups = groups.into_iter().map(ToString::to_string).collect();
            Contact { name, second_name, numbers, emails, groups, other: Vec::new() }
        },
    )
}

/// Whether all of each contact is on the card, or named as lost.
fn assert_nothing_is_lost_silently(plan: &Plan, contacts: &[Contact]) {
    let entries = plan.phonebook.entries().unwrap();
    for (place, contact) in (1..).zip(contacts) {
        let lost: Vec<String> = plan
            .import
            .report
            .iter()
            .filter(|change| change.contact == place)
            .map(|change| change.what.to_string())
            .collect();
        let Some(slot) = plan.import.slots[place - 1] else {
            assert!(!lost.is_empty());
            continue;
        };
        let held = entries[&slot].contact();
        for email in &contact.emails {
            let named = format!("e-mail address {email} left out");
            assert!(held.emails.contains(email) || lost.contains(&named), "{email:?} {lost:?}");
        }
        for group in &contact.groups {
            let named = format!("group '{group}' left out");
            assert!(held.groups.contains(group) != lost.contains(&named), "{group:?} {lost:?}");
        }
        for LabelledNumber { number, label } in contact.numbers.iter().filter(|n| !n.label.is_empty()) {
            let named = format!("label '{label}' of number {number} left out");
            let is_held =
                held.numbers.iter().any(|held| held.label == *label && number.starts_with(&held.number));
            assert!(is_held || lost.contains(&named), "{number} {label:?} {held:?} {lost:?}");
        }
        let whole = held.second_name == contact.second_name;
        assert_eq!(whole, !lost.iter().any(|loss| loss.starts_with("second name")));
        for held in &held.groups {
            assert!(contact.groups.contains(held));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_card_makes_it_panic(
        sets in proptest::collection::vec(proptest::collection::vec((0xC0u8..0xCD, 0xA8u8..0xAB, 0u16..8), 0..12), 1..3),
        files in proptest::collection::btree_map(0u16..8, (prop_oneof![0usize..40, Just(13), Just(2)], 1usize..5, any::<u8>()), 0..8),
        octets in proptest::collection::vec(prop_oneof![Just(0xFF), Just(0x01), any::<u8>()], 200),
        contacts in proptest::collection::vec(any_contact(), 0..6),
    ) {
        // Some of the files have the identifiers of counters.
        let fid = |number: u16| PSC + number;
        let sets: Vec<_> = sets.into_iter().map(|files| PhonebookReference([(0xC0, 0xA8, 7)].into_iter().chain(files).map(|(file, link, number)| {
            FileReference { file: PhonebookFile(file), link: Link(link), fid: fid(number), sfi: None }
        }).collect())).collect();
        let record = |n: usize, length| octets.iter().cycle().skip(n * 7).take(length).copied().collect::<Vec<u8>>();
        let records: Records = files.into_iter().map(|(number, (length, count, start))| {
            let length = if number == 7 { length + 14 } else { length };
            (fid(number), (0..count).map(|n| record(n + usize::from(start), length)).collect())
        }).collect();
        let phonebook = CardPhonebook::new(Layout::new(&sets), records);
        let _ = phonebook.entries();
        if let Ok(plan) = phonebook.plan(&contacts) {
            let _ = plan.phonebook.updates_since(&phonebook);
            let _ = plan.phonebook.plan(&[]);
        }
    }

    #[test]
    fn every_layout_holds_what_it_does_not_name_as_lost(
        shape in any_shape(),
        first in proptest::collection::vec(any_contact(), 0..10),
        second in proptest::collection::vec(any_contact(), 0..10),
        kept in 0usize..10,
    ) {
        let (layout, mut foreign) = shape.files();
        // Records that no entry points to belong to something else.
        for fid in [EXT1, EMAIL, SNE] {
            let pointed_to = |record: &Vec<u8>| record.len() != 24 && record.len() != 12;
            if let Some(record) = foreign.get_mut(&fid).and_then(|file| file.last_mut()).filter(|r| pointed_to(r)) {
                record.fill(0x02);
            }
        }
        let blank = CardPhonebook::new(layout.clone(), foreign.clone());
        let one = blank.plan(&first).unwrap();
        let next: Vec<Contact> = first.iter().take(kept).chain(&second).cloned().collect();
        let two = one.phonebook.plan(&next).unwrap();
        assert_nothing_is_lost_silently(&one, &first);
        assert_nothing_is_lost_silently(&two, &next);
        let none = two.phonebook.plan(&[]).unwrap();
        for (old, new) in [(&blank, &one), (&one.phonebook, &two), (&two.phonebook, &none)] {
            let mut records = old.records().clone();
            for update in new.phonebook.updates_since(old) {
                apply(&mut records, &update);
            }
            prop_assert_eq!(&records, new.phonebook.records());
        }
        // All is free again, but for names of groups and labels, counters, and what belongs to something else.
        for (fid, records) in none.phonebook.records() {
            if ![AAS, GAS, PSC, CC, PUID].contains(fid) {
                let free = |record: &Vec<u8>| {
                    let mut record = record.clone();
                    if *fid == EXT1 && record[0] == 0xFF { record[0] = 0x00; }
                    record
                };
                let [before, after] = [&foreign[fid], records].map(|file| file.iter().map(free).collect::<Vec<_>>());
                prop_assert_eq!(before, after, "{:04X}", fid);
            }
        }
    }

    #[test]
    fn wherever_a_write_breaks_off_nothing_stands_in_anothers_entry_and_nothing_is_left_over(
        shape in any_shape(),
        first in proptest::collection::vec(any_contact(), 0..8),
        second in proptest::collection::vec(any_contact(), 0..8),
        kept in 0usize..8,
    ) {
        let (layout, records) = shape.files();
        let blank = CardPhonebook::new(layout.clone(), records);
        let old = blank.plan(&first).unwrap().phonebook;
        let next: Vec<Contact> = first.iter().take(kept).chain(&second).cloned().collect();
        let new = old.plan(&next).unwrap().phonebook;
        let (before, after) = (old.entries().unwrap(), new.entries().unwrap());
        let mut records = old.records().clone();
        for update in new.updates_since(&old) {
            apply(&mut records, &update);
            let torn = CardPhonebook::new(layout.clone(), records.clone());
            for (slot, entry) in torn.entries().unwrap() {
                let same = |other: &BTreeMap<u16, CardEntry>| {
                    other.get(&slot).filter(|other| other.record.alpha == entry.record.alpha).cloned()
                };
                let may = [same(&before), same(&after)];
                for email in &entry.emails {
                    prop_assert!(may.iter().flatten().any(|entry| entry.emails.contains(email)));
                }
                let numbers = |entry: &CardEntry| {
                    let numbers = entry.record.number.iter().chain(&entry.record.additional);
                    numbers.map(ToString::to_string).collect::<Vec<_>>()
                };
                for number in numbers(&entry) {
                    let whole = may.iter().flatten().flat_map(numbers).any(|whole| whole.starts_with(&number));
                    prop_assert!(whole, "{} of {:?}", number, may);
                }
                let second_name = &entry.second_name;
                prop_assert!(second_name.is_empty() || may.iter().flatten().any(|entry| entry.second_name == *second_name));
            }
            let none = torn.plan(&[]).unwrap().phonebook;
            for fid in (ANR..ANR + 3).chain(EMAIL..EMAIL + 2).chain([SNE]) {
                let used = none.records().get(&fid).into_iter().flatten().filter(|record| record.iter().any(|&o| o != 0xFF));
                prop_assert_eq!(used.count(), 0, "{:04X} after {:?}", fid, update);
            }
            let used = none.records()[&EXT1].iter().filter(|record| ![0x00, 0xFF].contains(&record[0]));
            prop_assert_eq!(used.count(), 0);
        }
    }
}
