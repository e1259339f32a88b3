//! Phonebooks with the files of real cards: what is written into them is read again.

use std::collections::BTreeMap;

use oxisim_phonebook::{
    AlphaIdentifier, Contact, LabelledNumber,
    layout::{CardPhonebook, Layout, Plan},
    pbr::PhonebookReference,
    record::AdnReference,
};
use proptest::prelude::*;
use serde_json::Value;

const LAYOUTS: &str = include_str!("vectors/layouts.json");

/// A phonebook with the files of the real card `name`, all records free.
fn blank(row: &Value) -> CardPhonebook {
    let references =
        row["pbr"].as_array().unwrap().iter().map(|record| {
            PhonebookReference::decode(&hex::decode(record.as_str().unwrap()).unwrap()).unwrap()
        });
    let layout = Layout::new(&references.collect::<Vec<_>>());
    let sizes = row["files"].as_object().unwrap();
    let records = layout.files().into_iter().filter_map(|(fid, _)| {
        let size = sizes.get(&format!("{fid:04X}"))?;
        let (octets, records) = (size[0].as_u64().unwrap() as usize, size[1].as_u64().unwrap() as usize);
        Some((fid, vec![vec![0xFF; octets]; records]))
    });
    let records = records.collect();
    CardPhonebook::new(layout, records)
}

fn gsm() -> CardPhonebook {
    let files = [(0x6F3A, vec![vec![0xFF; 26]; 250]), (0x6F4A, vec![vec![0xFF; 13]; 5])];
    CardPhonebook::new(Layout::gsm(0x6F3A, Some(0x6F4A)), files.into())
}

fn named(name: &str) -> CardPhonebook {
    let rows: Vec<Value> = serde_json::from_str(LAYOUTS).unwrap();
    blank(rows.iter().find(|row| row["name"] == name).unwrap())
}

fn all() -> Vec<CardPhonebook> {
    let rows: Vec<Value> = serde_json::from_str(LAYOUTS).unwrap();
    rows.iter().map(blank).chain([gsm()]).collect()
}

fn contact(name: &str, numbers: &[&str], emails: &[&str]) -> Contact {
    let number = |number: &&str| LabelledNumber { number: (*number).into(), label: String::new() };
    Contact {
        name: name.into(),
        numbers: numbers.iter().map(number).collect(),
        emails: emails.iter().map(ToString::to_string).collect(),
        ..Contact::default()
    }
}

fn report(plan: &Plan) -> Vec<String> {
    plan.import.report.iter().map(|change| change.what.to_string()).collect()
}

fn contacts(phonebook: &CardPhonebook) -> Vec<Contact> {
    phonebook.entries().unwrap().values().map(oxisim_phonebook::layout::CardEntry::contact).collect()
}

#[test]
fn the_capacity_is_what_the_records_say() {
    let row = |phonebook: &CardPhonebook| {
        let of = phonebook.capacity();
        (of.slots, of.alpha, of.additional_numbers, of.additional_entries, of.ext1_records)
    };
    assert_eq!(row(&named("two sets")), (500, 18, 1, 250, 20));
    assert_eq!(row(&named("additional numbers of type 1 in 17 octets")), (250, 16, 1, 250, 10));
    assert_eq!(row(&named("names and numbers only")), (2, 20, 0, 0, 10));
    assert_eq!(row(&named("second names of type 1")), (250, 20, 1, 60, 10));
    assert_eq!(row(&gsm()), (250, 12, 0, 0, 5));
}

#[test]
fn an_entry_of_the_second_set_has_its_records_where_the_second_set_says() {
    let many: Vec<Contact> =
        (0..300).map(|n| contact(&format!("C{n}"), &[&format!("+49{n:06}"), "030123"], &[])).collect();
    let old = named("two sets");
    let plan = old.plan(&many).unwrap();
    let records = plan.phonebook.records();
    assert_eq!(records[&0x4F3B][0][..4], *b"C250");
    // 250 records of EF_ANR, so the last 50 second numbers are entries of their own.
    assert_eq!(plan.phonebook.entries().unwrap().len(), 350);
    let kept = report(&plan).iter().filter(|text| text.contains("entry of its own")).count();
    assert_eq!(kept, 50);
    assert_eq!(records[&0x4F10][0], [1, 0xFF, 0xFF]);
    assert_eq!(records[&0x4F15][0][15..], [0x02, 1]);
    assert_eq!(plan.import.losses().count(), 0);
}

#[test]
fn the_two_sets_share_the_records_of_a_file_of_type_2() {
    let old = named("two sets");
    let first =
        old.plan(&(0..251).map(|n| contact(&format!("C{n}"), &["1"], &[])).collect::<Vec<_>>()).unwrap();
    let mut contacts = contacts(&first.phonebook);
    contacts[0].second_name = "Zero".into();
    contacts[250].second_name = "Last".into();
    let plan = first.phonebook.plan(&contacts).unwrap();
    assert_eq!(report(&plan), [""; 0]);
    let records = plan.phonebook.records();
    assert_eq!((records[&0x4F10][0][1], records[&0x4F18][0][1]), (1, 2));
    assert_eq!(records[&0x4F16][1], [b"Last".as_slice(), &[0xFF; 14], &[0x11, 1]].concat());
    let reference = AdnReference { sfi: 0x11, record: 1 };
    assert_eq!(records[&0x4F16][1][18..], [reference.sfi, reference.record]);
    assert_eq!(plan.phonebook.updates_since(&first.phonebook).len(), 4);
}

#[test]
fn what_does_not_fit_is_named_and_what_fits_is_not() {
    let mut one = contact("Ana", &["1"], &["ana@example.org", "b@example.org"]);
    one.second_name = "A second name that is too long for the record".into();
    let plan = named("second names of type 1").plan(&[one.clone()]).unwrap();
    assert_eq!(
        report(&plan),
        [
            "second name shortened from 'A second name that is too long for the record' to 'A second name that i'",
            "e-mail address b@example.org left out",
        ]
    );
    let entry = plan.phonebook.entry(1).unwrap().unwrap();
    assert_eq!(entry.emails, [AlphaIdentifier::fit("ana@example.org", 40).alpha]);
    let plan = named("names and numbers only").plan(&[one]).unwrap();
    assert_eq!(plan.import.losses().count(), 3);
}

#[test]
fn addresses_beyond_the_records_of_the_file_are_named() {
    let many: Vec<Contact> =
        (0..30).map(|n| contact(&format!("C{n}"), &["1"], &[&format!("c{n}@example.org")])).collect();
    let plan = named("additional numbers of type 1 in 17 octets").plan(&many).unwrap();
    let expected: Vec<String> =
        (25..30).map(|n| format!("e-mail address c{n}@example.org left out")).collect();
    assert_eq!(report(&plan), expected);
}

#[test]
fn an_entry_that_goes_frees_its_records() {
    let phonebook = named("additional numbers of type 1 in 17 octets");
    let mut one = contact("Ana", &["+4915112345678901234567890", "2"], &["ana@example.org"]);
    one.second_name = "Anna".into();
    let full = phonebook.plan(&[one]).unwrap().phonebook;
    assert_ne!(full, phonebook);
    let empty = full.plan(&[]).unwrap().phonebook;
    let mut expected = phonebook.records().clone();
    expected.get_mut(&0x4F12).unwrap()[0][0] = 0x00;
    assert_eq!(empty.records(), &expected);
    let first = empty.updates_since(&full).remove(0);
    assert_eq!((first.fid, first.record), (0x4F12, Some(1)), "what goes before what points to it");
}

#[test]
fn links_that_lead_nowhere_are_no_numbers() {
    let mut records = named("second names of type 1").records().clone();
    let row = serde_json::from_str::<Vec<Value>>(LAYOUTS).unwrap().remove(3);
    let record = hex::decode(row["pbr"][0].as_str().unwrap()).unwrap();
    let layout = Layout::new(&[PhonebookReference::decode(&record).unwrap()]);
    records.get_mut(&0x4F3A).unwrap()[0][..3].copy_from_slice(b"Ana");
    records.get_mut(&0x4F32).unwrap()[0] = vec![0, 200];
    let phonebook = CardPhonebook::new(layout.clone(), records);
    assert_eq!(contacts(&phonebook), [contact("Ana", &[], &[])]);
    // Without the file of the numbers, too.
    let mut records = phonebook.records().clone();
    records.remove(&0x4F11);
    records.remove(&0x4F32);
    let phonebook = CardPhonebook::new(layout, records);
    assert_eq!(contacts(&phonebook), [contact("Ana", &[], &[])]);
    assert_eq!(phonebook.capacity().additional_numbers, 0);
    let two = [contact("Ana", &["1", "2"], &["ana@example.org"])];
    assert_eq!(phonebook.plan(&two).unwrap().phonebook.entries().unwrap().len(), 2);
}

fn any_contact() -> impl Strategy<Value = Contact> {
    let number = "[+]?[0-9]{1,50}|[0-9*#]{1,12}";
    let numbers = proptest::collection::vec(number, 0..4);
    let emails = proptest::collection::vec("[a-z_]{1,40}@[a-z]{1,5}\\.org|\\PC{0,9}", 0..3);
    ("[A-C]{0,2}|\\PC{0,20}", "|\\PC{0,20}", numbers, emails).prop_map(
        |(name, second_name, numbers, emails)| {
            let numbers = numbers.into_iter().map(|number| LabelledNumber { number, label: String::new() });
            Contact { name, second_name, numbers: numbers.collect(), emails, ..Contact::default() }
        },
    )
}

/// Applies the updates to the old records, as a card would.
fn written(old: &CardPhonebook, plan: &Plan) -> BTreeMap<u16, Vec<Vec<u8>>> {
    let mut records = old.records().clone();
    for update in plan.phonebook.updates_since(old) {
        let number = update.record.unwrap_or(1);
        let record = &mut records.get_mut(&update.fid).unwrap()[usize::from(number) - 1];
        assert_eq!(record.len(), update.octets.len());
        *record = update.octets;
    }
    records
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_book_comes_back_from_every_layout(
        first in proptest::collection::vec(any_contact(), 0..40),
        second in proptest::collection::vec(any_contact(), 0..40),
        kept in 0usize..40,
    ) {
        for blank in all() {
            let one = blank.plan(&first).unwrap();
            prop_assert_eq!(written(&blank, &one), one.phonebook.records().clone());
            // Some of the first stay.
            let next: Vec<Contact> = first.iter().take(kept).chain(&second).cloned().collect();
            let two = one.phonebook.plan(&next).unwrap();
            prop_assert_eq!(written(&one.phonebook, &two), two.phonebook.records().clone());
            for (plan, contacts) in [(&one, &first), (&two, &next)] {
                let entries = plan.phonebook.entries().unwrap();
                let book = entries.iter().map(|(slot, entry)| (*slot, entry.record.clone())).collect::<oxisim_phonebook::Book>();
                prop_assert_eq!(book.contacts(), plan.import.book.contacts());
                for (place, contact) in (1..).zip(contacts) {
                    let Some(slot) = plan.import.slots[place - 1] else { continue };
                    let held = entries[&slot].contact();
                    let lost = plan.import.report.iter().filter(|change| change.contact == place).map(|change| change.what.to_string()).collect::<Vec<_>>();
                    for email in &contact.emails {
                        let named = format!("e-mail address {email} left out");
                        prop_assert!(held.emails.contains(email) || lost.contains(&named), "{:?} {:?}", email, lost);
                    }
                    let whole = held.second_name == contact.second_name;
                    prop_assert_eq!(whole, !lost.iter().any(|loss| loss.starts_with("second name")));
                }
            }
            // What is on the card already is not written again. Entries that differ in nothing but their e-mail
            // addresses and second names may change places.
            let records = two.import.book.iter().map(|(_, record)| record);
            let is_alike = records.clone().enumerate().any(|(n, record)| records.clone().skip(n + 1).any(|other| other.reads_like(record)));
            if !is_alike {
                let again = two.phonebook.plan(&next).unwrap();
                prop_assert_eq!(again.phonebook.updates_since(&two.phonebook), Vec::new());
            }
        }
    }
}
