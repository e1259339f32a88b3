//! Contacts onto a card: losses, slots and files, for contacts of every kind.

use oxisim_phonebook::{
    Capacity, CardFiles, Contact, Import, LabelledNumber, Loss, StoreError, import, update,
};
use proptest::prelude::*;

const SMALL: Capacity = Capacity {
    slots: 3,
    alpha: 8,
    digits: 40,
    additional_numbers: 1,
    additional_entries: 3,
    ext1_records: 1,
};

fn contact(name: &str, numbers: &[&str]) -> Contact {
    let number = |number: &&str| LabelledNumber { number: (*number).into(), label: String::new() };
    Contact { name: name.into(), numbers: numbers.iter().map(number).collect(), ..Contact::default() }
}

fn shown(import: &Import) -> Vec<String> {
    let numbers = |c: Contact| c.numbers.into_iter().map(|n| n.number).collect::<Vec<_>>().join(" ");
    import
        .book
        .iter()
        .map(|(slot, record)| {
            let contact = record.contact();
            format!("{slot} {} {}", contact.name.clone(), numbers(contact))
        })
        .collect()
}

fn report(import: &Import) -> Vec<String> {
    import.report.iter().map(ToString::to_string).collect()
}

#[test]
fn further_numbers_become_additional_numbers_then_entries_then_losses() {
    let contacts = [contact("Ana", &["1", "2", "3", "4"]), contact("Bo", &["5"])];
    let import = import(&contacts, &SMALL);
    assert_eq!(shown(&import), ["1 Ana 1 2", "2 Bo 5", "3 Ana 3"]);
    assert_eq!(
        report(&import),
        [
            "contact 1 (Ana): number 2 kept as an additional number",
            "contact 1 (Ana): number 3 kept as an entry of its own with the same name",
            "contact 1 (Ana): book full: further number 4 left out",
        ]
    );
    assert_eq!(import.losses().count(), 1);
}

#[test]
fn a_number_goes_on_in_extension_records_while_there_are_any() {
    let long = "123456789012345678901234";
    let import = import(&[contact("A", &[long]), contact("B", &[long])], &SMALL);
    assert_eq!(shown(&import), [format!("1 A {long}"), "2 B 12345678901234567890".into()]);
    assert_eq!(
        report(&import),
        [
            "contact 1 (A): number 123456789012345678901234 goes on in 1 further record",
            "contact 2 (B): no extension record free: last digits '1234' of a number cut off",
        ]
    );
}

#[test]
fn contacts_that_have_nothing_or_no_room_are_named() {
    let contacts = [
        contact("", &[]),
        contact("👻", &["()"]),
        contact("", &["1"]),
        contact("Nameonly", &[]),
        contact("👻", &["2"]),
        contact("Late", &["3"]),
    ];
    let import = import(&contacts, &SMALL);
    assert_eq!(shown(&import), ["1  1", "2 Nameonly ", "3  2"]);
    assert_eq!(
        report(&import),
        [
            "contact 1: neither name nor number: left out",
            "contact 2 (👻): neither name nor number: left out",
            "contact 3: no name: kept with an empty one",
            "contact 4 (Nameonly): no number: kept as a name only",
            "contact 5 (👻): characters that a card cannot write left out of the name: '👻'",
            "contact 5 (👻): no name: kept with an empty one",
            "contact 6 (Late): book full: contact left out",
        ]
    );
}

#[test]
fn an_update_keeps_slots_and_alters_only_what_changed() {
    let before: Vec<_> = (1..=9).map(|i| contact(&format!("N{i}"), &[&format!("10{i}")])).collect();
    let old = import(&before, &Capacity::SIM).book;

    let mut after = before.clone();
    after.remove(4); // N5 is gone.
    after[0].name = "Renamed".into(); // N1 has another name and the same number.
    after[1].numbers[0].number = "999".into(); // N2 has another number.
    after.insert(0, contact("New", &["777"]));
    let new = update(&old, &after, &Capacity::SIM);

    let changed: Vec<_> = (1..=9).filter(|&slot| old.record(slot) != new.book.record(slot)).collect();
    assert_eq!(changed, [1, 2, 5]);
    assert_eq!(shown(&new)[..5], ["1 Renamed 101", "2 N2 999", "3 N3 103", "4 N4 104", "5 New 777"]);
}

#[test]
fn storing_a_small_change_changes_few_records() {
    let long = |i: usize| format!("{i:02}123456789012345678901234567890");
    let before: Vec<_> = (0..20).map(|i| contact(&format!("N{i}"), &[&long(i), &long(i + 50)])).collect();
    let capacity = Capacity { ext1_records: 60, ..Capacity::SIM };
    let old = import(&before, &capacity).book;
    let mut files = CardFiles::blank(&capacity);
    files.store(&old).unwrap();
    let stored = files.clone();

    let mut after = before;
    after[3].numbers[1].number = "5".into();
    let new = update(&old, &after, &capacity).book;
    files.store(&new).unwrap();
    assert_eq!(files.book(), Ok(new));
    let differ = |a: &[Vec<u8>], b: &[Vec<u8>]| a.iter().zip(b).filter(|(a, b)| a != b).count();
    assert!(differ(&stored.adn, &files.adn) <= 1);
    assert_eq!(differ(&stored.anr[0], &files.anr[0]), 1);
    assert!(differ(&stored.ext1, &files.ext1) <= 2);
}

#[test]
fn files_have_room_for_what_they_were_made_for() {
    for capacity in [Capacity::SIM, SMALL] {
        assert_eq!(CardFiles::blank(&capacity).capacity(), capacity);
    }
}

#[test]
fn a_book_too_large_for_the_files_leaves_them_as_they_were() {
    let book = |contacts: &[Contact]| import(contacts, &Capacity::PHONE).book;
    let mut files = CardFiles::blank(&SMALL);
    let blank = files.clone();
    let long = "123456789012345678901234";
    for (contacts, error) in [
        (vec![contact("A", &["1"]); 4], StoreError::NoSlot { slot: 4 }),
        (vec![contact("A", &["1", "2", "3"])], StoreError::NoAdditionalNumber { slot: 1 }),
        (vec![contact("A", &[long]), contact("B", &[long])], StoreError::NoExtension { slot: 2 }),
    ] {
        assert_eq!(files.store(&book(&contacts)), Err(error));
        assert_eq!(files, blank);
    }
    let error = files.store(&book(&[contact("A long name", &["1"])])).unwrap_err();
    assert_eq!(error.to_string(), "record 1: alpha identifier at octet 0: 11 octets, at most 8 allowed");
}

#[test]
fn a_chain_of_extension_records_that_bites_its_tail_ends() {
    let mut files = CardFiles::blank(&SMALL);
    files.store(&import(&[contact("A", &["1234567890123456789012"])], &SMALL).book).unwrap();
    *files.ext1[0].last_mut().unwrap() = 1;
    let number = files.book().unwrap().record(1).and_then(|record| record.number.clone()).unwrap();
    assert_eq!(number.to_string(), "1234567890123456789012");
}

fn any_contact() -> impl Strategy<Value = Contact> {
    let number = ("[-+*#0-9 ()pwx;,A-Z]{0,50}|\\PC{0,20}", "[A-Z,]{0,8}");
    let numbers = proptest::collection::vec(number, 0..5);
    (".{0,30}|[A-C]{0,2}", numbers, proptest::collection::vec("\\PC{0,9}", 0..3)).prop_map(
        |(name, numbers, emails)| {
            let numbers =
                numbers.into_iter().map(|(number, label)| LabelledNumber { number, label }).collect();
            Contact { name, numbers, emails, ..Contact::default() }
        },
    )
}

proptest! {
    #[test]
    fn what_is_imported_is_stored_and_read_again(
        contacts in proptest::collection::vec(any_contact(), 0..12),
        later in proptest::collection::vec(any_contact(), 0..12),
        slots in 0u16..12, alpha in 0usize..20, additional_numbers in 0usize..3, ext1_records in 0usize..6,
    ) {
        let capacity = Capacity {
            slots, alpha, digits: 40, additional_numbers, additional_entries: slots, ext1_records,
        };
        let mut files = CardFiles::blank(&capacity);
        let first = import(&contacts, &capacity).book;
        files.store(&first).unwrap();
        prop_assert_eq!(files.book(), Ok(first.clone()));

        let second = update(&first, &later, &capacity).book;
        files.store(&second).unwrap();
        prop_assert_eq!(files.book(), Ok(second));
    }

    #[test]
    fn what_a_card_held_comes_back_from_its_contacts(contacts in proptest::collection::vec(any_contact(), 0..8)) {
        let first = import(&contacts, &Capacity::SIM);
        let again = update(&first.book, &first.book.contacts(), &Capacity::SIM);
        prop_assert_eq!(&again.book, &first.book);
        prop_assert_eq!(again.losses().count(), 0);
    }

    #[test]
    fn each_contact_is_kept_or_said_to_be_left_out(
        contacts in proptest::collection::vec(any_contact(), 0..12), slots in 0u16..12,
    ) {
        let capacity = Capacity { slots, additional_numbers: 9, ..Capacity::SIM };
        let import = import(&contacts, &capacity);
        let left_out = import.report.iter().filter(|c| matches!(c.what, Loss::BookFull | Loss::Nothing)).count();
        prop_assert_eq!(import.book.len() + left_out, contacts.len());
    }
}
