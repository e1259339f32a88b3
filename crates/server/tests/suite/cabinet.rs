//! What the console keeps.

use oxisim_server::{Cabinet, Drawer};
use oxisim_wire::Instant;

use super::Database;

pub fn documents_of_the_console_are_shared<D: Database>(database: &D) {
    let (mut one, mut other) = (database.open(), database.open());
    for (key, content) in [("eve", "1"), ("ada", "2"), ("\u{e9}", "3")] {
        assert!(one.swap(Drawer::Accounts, key, None, Some(content.as_bytes())).unwrap());
    }
    assert!(one.swap(Drawer::Groups, "ada", None, Some(b"")).unwrap());
    let of_accounts = [("ada", "2"), ("eve", "1"), ("\u{e9}", "3")];
    let of_accounts = of_accounts.map(|(key, content)| (key.to_owned(), content.as_bytes().to_vec()));
    assert_eq!(other.documents(Drawer::Accounts).unwrap(), of_accounts);
    assert_eq!(other.document(Drawer::Groups, "ada").unwrap(), Some(Vec::new()));
    assert_eq!(other.document(Drawer::Sessions, "ada").unwrap(), None);
    assert!(other.swap(Drawer::Accounts, "ada", Some(b"2"), None).unwrap());
    assert_eq!(one.document(Drawer::Accounts, "ada").unwrap(), None);
    assert_eq!(one.documents(Drawer::Groups).unwrap().len(), 1);
}

pub fn a_document_is_replaced_only_if_it_is_what_was_seen<D: Database>(database: &D) {
    let (mut one, mut other) = (database.open(), database.open());
    let mut swap = |was, now| one.swap(Drawer::Sessions, "key", was, now).unwrap();
    assert!(!swap(Some(b"1"), Some(b"2")), "there is none");
    assert!(swap(None, None));
    assert!(swap(None, Some(b"1")));
    assert!(!swap(None, Some(b"2")));
    assert!(!swap(None, None));
    assert!(swap(Some(b"1"), Some(b"1")));
    // Another server has ended it: what was seen before does not bring it back.
    assert!(other.swap(Drawer::Sessions, "key", Some(b"1"), None).unwrap());
    assert!(!swap(Some(b"1"), Some(b"2")));
    assert_eq!(other.document(Drawer::Sessions, "key").unwrap(), None);
}

pub fn the_audit_log_is_shared_and_the_latest_come_first<D: Database>(database: &D) {
    let (mut one, mut other) = (database.open(), database.open());
    let entry = |at: u64| (Instant::from_secs(at), at.to_string().into_bytes());
    one.add_acts(&[entry(2), entry(1), entry(200_000)]).unwrap();
    other.add_acts(&[entry(100_000), entry(100_000)]).unwrap();
    let texts = |skip, limit| -> Vec<String> {
        let acts = database.open().acts(skip, limit).unwrap();
        acts.into_iter().map(|act| String::from_utf8(act).unwrap()).collect()
    };
    assert_eq!(texts(0, 9), ["200000", "100000", "100000", "2", "1"]);
    assert_eq!(texts(3, 1), ["2"]);
    assert_eq!(texts(5, 9), Vec::<String>::new());
}

pub fn the_audit_log_is_trimmed_in_steps<D: Database>(database: &D) {
    let mut store = database.open();
    for at in 1..=5 {
        store.add_acts(&[(Instant::from_secs(at), vec![at as u8])]).unwrap();
    }
    let mut trim = || store.trim_acts(Instant::from_secs(4), 2).unwrap();
    assert_eq!([trim(), trim(), trim()], [2, 1, 0]);
    assert_eq!(store.acts(0, 9).unwrap(), [[5], [4]]);
}
