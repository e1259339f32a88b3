//! What stands in the files, and with which keys.

use oxisim_backup::{Held, Vault, message::Source, security::KeyVersion};
use oxisim_server::{Account, Cabinet, Direction, Drawer, Store, StoreError};
use oxisim_wire::Instant;

use super::{Database, fixtures::*, values};

pub fn nothing_personal_stands_in_the_files<D: Database>(database: &D) {
    let Some(folder) = database.folder() else { return };
    let mut store = database.open();
    fill(&mut store);
    let is_in_files = |pattern: &str| {
        let mut grep = std::process::Command::new("grep");
        let grep = grep.env("LC_ALL", "C").args(["-rqaP", pattern]).arg(folder);
        // Files come and go: 2 says so.
        grep.stderr(std::process::Stdio::null()).status().unwrap().success()
    };
    assert!(is_in_files("account_block"), "that is the name of a table");
    let packed = ["\\x94\\x51\\x11\\x32\\x54\\x76", "\\x98\\x00\\x01\\x01"];
    let console = ["argon2id", "see contacts"];
    for pattern in
        ["Xaver", "491511234567", "8900101000000000019", "number 1"].iter().chain(&console).chain(&packed)
    {
        assert!(!is_in_files(pattern), "{pattern}");
    }
}

pub fn what_was_sealed_opens_after_all_keys_were_replaced<D: Database>(database: &D) {
    let (mut store, mut other) = (database.open(), database.open());
    fill(&mut store);
    let summaries = store.subscribers().unwrap();
    let notes = store.messages(None, 10).unwrap();
    let card = store.find_card(&"8900101000000000019".parse().unwrap()).unwrap();
    D::rotate(&mut store);
    // One that was open before takes the new key up.
    for store in [&mut other, &mut database.open()] {
        assert_eq!(vault(store, &ana(), |account| account.block(Source::CARD, 3)), Some(vec![7; 9]));
        assert_eq!(store.held(&ana(), Source::CARD).unwrap().unwrap().book.len(), 1);
        assert_eq!(store.subscribers().unwrap(), summaries);
        assert_eq!(store.messages(None, 10).unwrap(), notes);
        assert_eq!(store.find_card(&"8900101000000000019".parse().unwrap()).unwrap(), card);
        let account = store.document(Drawer::Accounts, "ada").unwrap();
        assert_eq!(account, Some(b"$argon2id$".to_vec()));
        assert_eq!(store.acts(0, 9).unwrap(), [b"ada: see contacts".to_vec()]);
    }
}

pub fn a_data_key_goes_when_nothing_is_sealed_with_it<D: Database>(database: &D) {
    let mut store = database.open();
    fill(&mut store);
    assert_eq!(database.rows("data_key"), 2, "the key of the hashes and a data key");
    D::add_key(&mut store);
    D::add_key(&mut store);
    assert_eq!(database.rows("data_key"), 4);
    assert!(D::reseal(&mut store, 1));
    assert_eq!(database.rows("data_key"), 4, "something is sealed with the earlier ones");
    while D::reseal(&mut store, 1) {}
    assert_eq!(database.rows("data_key"), 2);
    let mut again = database.open();
    assert_eq!(vault(&mut again, &ana(), |account| account.block(Source::CARD, 3)), Some(vec![7; 9]));
    assert_eq!(again.messages(None, 10).unwrap().len(), 3, "also those of strangers");
    assert_eq!(again.documents(Drawer::Accounts).unwrap().len(), 1);
    assert_eq!(again.acts(0, 9).unwrap().len(), 1);
    let card = "8900101000000000019".parse().unwrap();
    assert!(again.find_card(&card).unwrap().is_some(), "also that of nobody");
}

pub fn a_key_that_another_adds_meanwhile_begins_it_anew<D: Database>(database: &D) {
    let (mut store, mut other) = (database.open(), database.open());
    fill(&mut store);
    D::add_key(&mut store);
    assert!(D::reseal(&mut store, 1), "the first subscriber is sealed with it");
    D::add_key(&mut other);
    // What the other has sealed makes the later key known.
    vault(&mut other, &cem(), |account| account.next_counter());
    assert_eq!(vault(&mut store, &cem(), |account| account.next_counter()), 2);
    while D::reseal(&mut store, 1) {}
    assert_eq!(database.rows("data_key"), 2);
    let mut again = database.open();
    for msisdn in [ana(), ben()] {
        assert_eq!(vault(&mut again, &msisdn, |account| account.block(Source::CARD, 3)), Some(vec![7; 9]));
    }
}

pub fn a_data_key_stays_while_something_does_not_open<D: Database>(database: &D) {
    let mut store = database.open();
    fill(&mut store);
    database.damage();
    D::add_key(&mut store);
    while D::reseal(&mut store, 10) {}
    assert_eq!(database.rows("data_key"), 3);
}

pub fn who_seals_with_an_earlier_key_is_refused_and_then_takes_the_later<D: Database>(database: &D) {
    let (mut store, mut other) = (database.open(), database.open());
    fill(&mut store);
    other.begin(&[ana()]).unwrap();
    vault(&mut other, &ana(), |account| account.next_counter());
    D::add_key(&mut store);
    assert!(matches!(other.commit(), Err(StoreError::OldKey)));
    assert_eq!(vault(&mut other, &ana(), |account| account.next_counter()), 1);
    D::add_key(&mut store);
    let is_put = other.swap(Drawer::Groups, "de", None, Some(b"{}")).unwrap();
    assert!(is_put, "it is sealed again with the later key");
    while D::reseal(&mut store, 10) {}
    D::add_key(&mut store);
    other.add_acts(&[(Instant::from_secs(2), b"later".to_vec())]).unwrap();
    while D::reseal(&mut store, 10) {}
    let mut again = database.open();
    assert_eq!(again.acts(0, 1).unwrap(), [b"later"]);
    assert_eq!(again.document(Drawer::Groups, "de").unwrap(), Some(b"{}".to_vec()));
    assert_eq!(vault(&mut again, &ana(), |account| account.next_counter()), 2);
}

/// Something of every kind, of two subscribers and a stranger.
fn fill<S: Store + Cabinet>(store: &mut S) {
    let iccid = "8900101000000000019".parse().unwrap();
    for msisdn in [ben(), ana()] {
        store.enrol(&msisdn, &iccid, KeyVersion::FIRST, Instant::from_secs(1)).unwrap();
        let book = [(1, values::contact("Xaver", "+49 151 1234567"))].into_iter().collect();
        let held = Held { generation: 1, at: Instant::from_secs(9), book, table: None };
        vault(store, &msisdn, |account| {
            account.put_held(Source::CARD, &held)?;
            account.put_session(&session_of(2))?;
            account.put_block(Source::CARD, 3, &[7; 9])?;
            account.put_restore(&restore())?;
            account.put_order(&order())?;
            account.add_letter(Source::CARD, &[1])?;
            account.log(&entry(1, Direction::In))
        });
    }
    store
        .enrol(&ana(), &"8900101000000000027".parse().unwrap(), KeyVersion::FIRST, Instant::from_secs(2))
        .unwrap();
    store.log(None, &entry(1, Direction::In)).unwrap();
    assert!(store.swap(Drawer::Accounts, "ada", None, Some(b"$argon2id$")).unwrap());
    store.add_acts(&[(Instant::from_secs(1), b"ada: see contacts".to_vec())]).unwrap();
}
