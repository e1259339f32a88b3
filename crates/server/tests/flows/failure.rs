//! Messages that cannot be taken, and stores that fail.

use std::{fmt::Write, path::Path};

use oxisim_backup::{
    Block, BlockSet, Configuration, DeliveryReport, Digest, Entry, Policy, Restore, RestoreStep, TAR,
    ToServer, Vault, Way,
    message::{BackupId, Blocks, Resumes, Source},
};
use oxisim_server::{
    Account, Error, Ignored, Msisdn, Reception, Server, SqliteStore, Store, store::Refusing,
};
use oxisim_sms::{Address, UserData, packet::CommandPacket};
use oxisim_wire::{Duration, Instant, Wire};
use rusqlite::Connection;

use crate::network::{Network, STORE_KEY, Subscriber, book, contact};

const ANA: &str = "+491511234567";
const BEN: &str = "+491511234568";

fn ana() -> Address {
    ANA.parse().unwrap()
}

fn packet(octets: Vec<u8>) -> UserData {
    CommandPacket::unsecured(TAR, 1.into(), octets).user_data().unwrap()
}

/// Block `first` of `total`, with one contact.
fn block(generation: u16, first: u16, total: u16) -> ToServer {
    let record = Some(contact(&format!("Ana {first}"), "+3612345"));
    let block = Block { alpha: 14, entries: vec![Entry { slot: first, record }] };
    ToServer::Blocks(Blocks {
        backup: BackupId { source: Source::CARD, generation },
        base_distance: 0,
        total,
        first,
        blocks: vec![block.encode()],
        resumes: Resumes::UPLOADER,
        delay: None,
        digest: None,
    })
}

/// The same, with the digest of the contacts of all blocks.
fn last_block(generation: u16, total: u16) -> ToServer {
    let contacts = (1..=total).map(|slot| (slot, contact(&format!("Ana {slot}"), "+3612345")));
    let ToServer::Blocks(blocks) = block(generation, total, total) else { unreachable!("it is a block") };
    ToServer::Blocks(Blocks { digest: Some(Digest::of(&contacts.collect())), ..blocks })
}

/// What a database holds, apart from notes about messages and how many there are.
fn contents(path: &Path) -> String {
    let mut store = SqliteStore::open(path, &STORE_KEY).unwrap();
    let mut contents = rows(path, &["account", "data_key", "lease", "note", "tally"]);
    for summary in store.subscribers().unwrap() {
        writeln!(contents, "subscriber {summary:?}").unwrap();
        let letters = store.subscriber(&summary.msisdn, |account| account.letters(summary.source)).unwrap();
        writeln!(contents, "letters {letters:?}").unwrap();
    }
    contents
}

/// The rows of all tables but these, as they stand there.
fn rows(path: &Path, without: &[&str]) -> String {
    let db = Connection::open(path).unwrap();
    let mut tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let names = tables.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
    let mut contents = String::new();
    for name in names.filter(|name| !without.contains(&name.as_str())) {
        let mut rows = db.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<_> = (0..columns).map(|column| row.get_ref(column).unwrap()).collect();
            writeln!(contents, "{name} {values:?}").unwrap();
        }
    }
    contents
}

#[test]
fn what_cannot_be_read_has_no_effect() {
    let mut network = Network::new([]);
    let path = network.path();
    let now = network.now;
    let whole = block(1, 1, 2).encode();
    network.server.handle_deliver(&ana(), &packet(whole.clone()), now).unwrap();
    let before = contents(&path);
    let second = block(1, 2, 2).encode();
    // With one octet left of it, a block is one without entries.
    let no_entries = second.len() - 28;
    let cuts = (0..second.len()).filter(|&cut| cut != no_entries);
    let mut bad: Vec<Vec<u8>> = cuts.map(|cut| second[..cut].to_vec()).collect();
    bad.push([&second[..], &[0]].concat());
    for octets in bad {
        let reception = network.server.handle_deliver(&ana(), &packet(octets.clone()), now).unwrap();
        assert!(matches!(reception, Reception::Ignored(Ignored::Unreadable(_))), "{octets:02X?}");
        assert_eq!(network.server.poll_output(), None);
        assert_eq!(contents(&path), before);
    }
}

#[test]
fn a_contradiction_has_no_effect() {
    let mut network = Network::new([]);
    let now = network.now;
    network.server.handle_deliver(&ana(), &packet(block(1, 1, 2).encode()), now).unwrap();
    let before = contents(&network.path());
    let reception = network.server.handle_deliver(&ana(), &packet(block(1, 2, 3).encode()), now).unwrap();
    assert_eq!(reception, Reception::Ignored(Ignored::Contradiction(1)));
    assert_eq!(contents(&network.path()), before);
}

#[test]
fn a_block_with_another_body_is_an_alarm_that_the_operator_sees() {
    let mut network = Network::new([]);
    let now = network.now;
    network.server.handle_deliver(&ana(), &packet(block(1, 1, 2).encode()), now).unwrap();
    let before = contents(&network.path());
    let ToServer::Blocks(mut blocks) = block(1, 1, 2) else { unreachable!("it is a block") };
    let eve = Entry { slot: 1, record: Some(contact("Eve", "+3612345")) };
    blocks.blocks = vec![Block { alpha: 14, entries: vec![eve] }.encode()];
    let reception =
        network.server.handle_deliver(&ana(), &packet(ToServer::Blocks(blocks).encode()), now).unwrap();
    assert_eq!(reception, Reception::Ignored(Ignored::Altered { generation: 1, number: 1 }));
    let msisdn: Msisdn = ANA.parse().unwrap();
    let notes = network.server.store().messages(Some(&msisdn), 1).unwrap();
    assert_eq!(notes[0].summary, "ignored: ALARM: block 1 of generation 1 has come before with another body");
    assert_eq!(network.server.store().subscribers().unwrap()[0].alarms, 1);
    let rest = |contents: &str| {
        contents.lines().filter(|line| !line.starts_with("subscriber")).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(rest(&contents(&network.path())), rest(&before), "nothing else has changed");
    // The same block again is silent.
    let again = network.server.handle_deliver(&ana(), &packet(block(1, 1, 2).encode()), now).unwrap();
    assert_eq!(again, Reception::Taken { completed: None });
    assert_eq!(network.server.store().subscribers().unwrap()[0].alarms, 1);
}

/// The blocks are no longer kept then, but marks of them are.
#[test]
fn a_block_with_another_body_is_an_alarm_when_the_backup_is_over_too() {
    let differs = |total| match last_block(1, total) {
        ToServer::Blocks(blocks) => ToServer::Blocks(Blocks { digest: Some(Digest([1; 8])), ..blocks }),
        _ => unreachable!("it is a block"),
    };
    for last in [last_block(1, 2), differs(2)] {
        let mut network = Network::new([]);
        let now = network.now;
        for message in [block(1, 1, 2), last.clone()] {
            network.server.handle_deliver(&ana(), &packet(message.encode()), now).unwrap();
        }
        let alarms = |network: &mut Network| network.server.store().subscribers().unwrap()[0].alarms;
        while let Some(ok) = network.server.poll_output() {
            network.server.handle_report(&ok.to, ok.reference, DeliveryReport::Delivered, now).unwrap();
        }
        for (first, message) in [(1, block(1, 1, 2)), (2, last.clone())] {
            let same = network.server.handle_deliver(&ana(), &packet(message.encode()), now).unwrap();
            assert_eq!(same, Reception::Taken { completed: None });
            let ok = network.server.poll_output().expect("OK again");
            network.server.handle_report(&ok.to, ok.reference, DeliveryReport::Delivered, now).unwrap();
            let before = alarms(&mut network);
            let ToServer::Blocks(mut blocks) = message else { unreachable!("it is a block") };
            let eve = Entry { slot: first, record: Some(contact("Eve", "+3612345")) };
            blocks.blocks = vec![Block { alpha: 14, entries: vec![eve] }.encode()];
            let altered = packet(ToServer::Blocks(blocks).encode());
            let reception = network.server.handle_deliver(&ana(), &altered, now).unwrap();
            assert_eq!(reception, Reception::Ignored(Ignored::Altered { generation: 1, number: first }));
            assert_eq!(network.server.poll_output(), None);
            assert_eq!(alarms(&mut network), before + 1);
        }
        let db = Connection::open(network.path()).unwrap();
        let longest = "SELECT max(length(sealed)) FROM account_block";
        let octets: u32 = db.query_row(longest, [], |row| row.get(0)).unwrap();
        assert_eq!(octets, 4 + 12 + 8 + 16, "number, nonce, mark and tag: no contact stands in a mark");
    }
}

#[test]
fn what_is_not_from_a_subscriber_is_noted_without_a_number() {
    let mut network = Network::new([]);
    let user_data = packet(block(1, 1, 2).encode());
    for from in ["015112345", "112"] {
        let reception =
            network.server.handle_deliver(&from.parse().unwrap(), &user_data, network.now).unwrap();
        assert!(matches!(reception, Reception::Ignored(Ignored::Sender(_))));
    }
    let text = UserData::from_text("Hello, it's me, 491519999").unwrap();
    let reception = network.server.handle_deliver(&ana(), &text, network.now).unwrap();
    assert_eq!(reception, Reception::Ignored(Ignored::Unrelated));
    assert_eq!(network.server.store().messages(None, 10).unwrap().len(), 3);
    assert_eq!(network.server.store().messages(Some(&ANA.parse().unwrap()), 10).unwrap(), []);
    let noted = format!("{:?}", network.server.store().messages(None, 10).unwrap());
    assert!(!noted.contains("1511") && !noted.contains("4915"), "{noted}");
}

/// Wherever the store fails while the last block is taken, nothing of it stays; handed over again, it counts.
#[test]
fn a_store_that_fails_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.db");
    let store = Refusing::new(SqliteStore::open(&path, &STORE_KEY).unwrap());
    let mut server = Server::new(store, Policy::default(), 1);
    let now = Instant::from_secs(1_800_000_000);
    server.handle_deliver(&ana(), &packet(block(1, 1, 2).encode()), now).unwrap();
    let before = rows(&path, &[]);
    let notes = server.store().messages(None, 100).unwrap();

    let last = packet(last_block(1, 2).encode());
    let mut failures = 0;
    loop {
        server.store().refuse_after(Some(failures));
        match server.handle_deliver(&ana(), &last, now) {
            Err(Error::Store(_)) => {}
            Err(other) => panic!("{other}"),
            Ok(reception) => {
                assert!(matches!(reception, Reception::Taken { completed: Some(_) }));
                break;
            }
        }
        failures += 1;
        assert_eq!(server.poll_output(), None);
        assert_eq!(rows(&path, &[]), before, "after failure {failures}");
        assert_eq!(server.store().messages(None, 100).unwrap(), notes);
    }
    assert!(failures >= 8, "{failures}");
    server.store().refuse_after(None);
    assert!(server.poll_output().is_some());
    let held = server.store().held(&ANA.parse().unwrap(), Source::CARD).unwrap().unwrap();
    assert_eq!(held.book.len(), 2);
}

#[test]
fn a_subscriber_whose_rows_are_damaged_does_not_hold_up_others() {
    let mut network = Network::new([
        Subscriber::card(ANA, Way::NORMAL, book(8, "Ana")),
        Subscriber::card(BEN, Way::NORMAL, book(8, "Ben")),
    ]);
    network.subscribers.iter_mut().for_each(Subscriber::start);
    network.run();
    for number in [ANA, BEN] {
        assert!(network.server.start_restore(&number.parse().unwrap(), network.now).unwrap());
    }
    let file = Connection::open(network.path()).unwrap();
    let ana = network.id_of(&ANA.parse().unwrap());
    let damage = "UPDATE account_copy SET sealed = substr(sealed, 1, 40) WHERE id = ?1";
    assert_eq!(file.execute(damage, [ana]).unwrap(), 1);
    let error = network.server.handle_timeout(network.now).unwrap_err();
    let why = "the database is damaged: a record in copy does not open with the keys of the store";
    assert_eq!(error.to_string(), why);
    assert_eq!(network.server.poll_output().unwrap().to.to_string(), BEN);
}

#[test]
fn turns_that_fail_are_put_off_for_longer_each_time_and_noted_and_starve_nobody() {
    let mut network = Network::new([Subscriber::card(BEN, Way::NORMAL, book(8, "Ben"))]);
    let begin = network.now;
    let damaged = |number: u32| -> Msisdn { format!("49151{number:07}").parse().unwrap() };
    // More than one call looks after, and all due before Ben.
    for number in 0..300 {
        let restore = Restore {
            table: None,
            generation: 1,
            todo: BlockSet::full(1),
            due: Some(begin),
            asked: 0,
            step: RestoreStep::Running,
        };
        let put = |account: &mut <SqliteStore as Store>::Account<'_>| account.put_restore(&restore);
        network.server.store().subscriber(&damaged(number), put).unwrap();
    }
    let damage = "UPDATE account SET state = substr(state, 1, 40) WHERE due IS NOT NULL";
    assert_eq!(Connection::open(network.path()).unwrap().execute(damage, []).unwrap(), 300);
    let soon = begin + Duration::from_secs(1);
    let ben: Msisdn = BEN.parse().unwrap();
    let order = Configuration::default();
    network.server.configure(&ben, Source::CARD, &order, soon).unwrap();
    for _ in 0..2 {
        network.server.handle_timeout(soon).unwrap_err();
    }
    assert_eq!(network.server.poll_output().unwrap().to.to_string(), BEN);
    assert!(network.server.forget(&ben).unwrap());
    let mut last = soon;
    for minutes in [5, 10, 20] {
        let due = network.server.poll_timeout().unwrap().unwrap();
        assert_eq!(due.since(last), Duration::from_mins(minutes), "nothing is due before");
        for _ in 0..2 {
            network.server.handle_timeout(due).unwrap_err();
        }
        last = due;
    }
    let notes = network.server.store().messages(Some(&damaged(0)), 1).unwrap();
    assert_eq!(notes[0].summary, "turn failed, put off by 40m00s: the store failed");
}
