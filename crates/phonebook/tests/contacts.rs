//! vCard files onto a card and back.
#![cfg(feature = "vcard")]

use std::fmt::Write;

use oxisim_phonebook::{Book, Capacity, import, vcard};

const NASTY: &str = include_str!("vectors/nasty.vcf");

#[test]
fn every_change_to_the_nasty_contacts_is_named() {
    let import = import(&vcard::read(NASTY.as_bytes()).unwrap(), &Capacity::SIM);
    let mut report = String::new();
    for change in &import.report {
        let mark = if change.what.is_loss() { "lost" } else { "kept" };
        writeln!(report, "{mark}  {change}").unwrap();
    }
    for (slot, record) in import.book.iter() {
        let contact = record.contact();
        let numbers: Vec<_> = contact.numbers.into_iter().map(|number| number.number).collect();
        writeln!(report, "slot {slot}: '{}' {}", contact.name, numbers.join(" ")).unwrap();
    }
    assert_eq!(report, include_str!("vectors/nasty-report.txt"), "\n{report}");
}

#[test]
fn a_book_exported_and_imported_again_is_the_same_book() {
    for (file, contacts) in [
        (include_str!("../../../examples/contacts-255.vcf"), 255),
        (include_str!("../../../examples/contacts-zh-255.vcf"), 255),
        (include_str!("../../../examples/contacts-ar-255.vcf"), 255),
        (include_str!("../../../examples/nasty.vcf"), 12),
    ] {
        let book = onto_a_sim(file);
        assert_eq!(book.len(), contacts);
        for version in [vcard::Version::V3, vcard::Version::V4] {
            let text = vcard::write(&book.contacts(), version);
            assert_eq!(onto_a_sim(&text), book);
        }
    }
}

fn onto_a_sim(file: &str) -> Book {
    import(&vcard::read(file.as_bytes()).unwrap(), &Capacity::SIM).book
}
