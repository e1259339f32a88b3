//! Any octets as a vCard file: it is read, or refused with a line that it has. What is read is written in both versions and
//! read again, and goes into a card's phonebook with its losses named.

use oxisim_phonebook::{
    Capacity, CardFiles, import,
    vcard::{self, Version},
};

pub fn run(octets: &[u8]) -> &'static str {
    let contacts = match vcard::read(octets) {
        Ok(contacts) => contacts,
        Err(error) => {
            let lines = octets.split(|&octet| octet == b'\n').count();
            assert!((1..=lines).contains(&error.line), "{error}");
            return "refused";
        }
    };
    for version in [Version::V3, Version::V4] {
        let written = vcard::write(&contacts, version);
        let again = vcard::read(written.as_bytes()).expect("what is written can be read");
        assert_eq!(again.len(), contacts.len());
    }
    let fitted = import(&contacts, &Capacity::SIM);
    let mut files = CardFiles::blank(&Capacity::SIM);
    files.store(&fitted.book).expect("what was made to fit fits");
    assert_eq!(files.book(), Ok(fitted.book));
    "contacts"
}
