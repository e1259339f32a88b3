//! A subscriber who wants to be forgotten.

use std::{fs, path::Path};

use oxisim_backup::{Configuration, Spacing, Way, Window, message::Source};
use oxisim_wire::Duration;
use rusqlite::{Connection, OpenFlags};

use crate::network::{Network, Subscriber, book, contact};

const ANA: &str = "+491511234567";
const BEN: &str = "+491511234568";

/// The tables that have a row, apart from SQLite's own.
fn tables_in_use(path: &Path) -> Vec<String> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let names: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let names: Vec<String> = names.into_iter().filter(|name| !name.starts_with("sqlite_")).collect();
    assert_eq!(names.len(), 12);
    // These are no subscriber's.
    let is_used = |name: &String| {
        !["data_key", "lease", "tally"].contains(&name.as_str())
            && db.query_row(&format!("SELECT count(*) > 0 FROM {name}"), [], |row| row.get(0)).unwrap()
    };
    names.into_iter().filter(is_used).collect()
}

/// The first octets of what is sealed.
fn sealed_records(path: &Path) -> Vec<Vec<u8>> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut query = db
        .prepare(
            "SELECT substr(state, 1, 40) FROM account UNION ALL SELECT substr(sealed, 1, 40) FROM account_block
             UNION ALL SELECT substr(sealed, 1, 40) FROM account_copy UNION ALL SELECT substr(sealed, 1, 40) FROM note",
        )
        .unwrap();
    let rows = query.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn is_in_files(folder: &Path, needle: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|file| {
        let octets = fs::read(file.unwrap().path()).unwrap();
        octets.windows(needle.len()).any(|window| window == needle)
    })
}

#[test]
fn nothing_of_a_forgotten_subscriber_stays_in_a_table_or_in_the_files() {
    let mut network = Network::new([Subscriber::card(ANA, Way::TIMER, book(40, "Xaver"))]);
    let msisdn = network.subscribers[0].msisdn.clone();
    network.subscribers[0].start();
    network.run();
    let records = (1..=30).map(|slot| (slot, contact(&format!("Yvonne {slot}"), "+3612345")));
    network.subscribers[0].memory.book.extend(records);
    network.subscribers[0].start();
    network.run_for(4);
    assert!(network.server.start_restore(&msisdn, network.now).unwrap());
    network.server.configure(&msisdn, Source::CARD, &Configuration::default(), network.now).unwrap();
    network.server.handle_timeout(network.now).unwrap();
    let noon = Window { opens: 43_200, closes: 46_800 };
    let timetable = Spacing::Timetable(vec![noon], Duration::from_mins(2));
    network.server.set_spacing(&msisdn, Source::CARD, Some(&timetable)).unwrap();
    assert_eq!(tables_in_use(&network.path()), ["account", "account_block", "account_copy", "due", "note"]);
    for needle in ["Xaver", "Yvonne", "491511234567", "3612345"] {
        assert!(!is_in_files(network.folder.path(), needle.as_bytes()), "{needle}");
    }

    let sealed = sealed_records(&network.path());
    assert!(sealed.len() > 10 && sealed.iter().any(|record| is_in_files(network.folder.path(), record)));
    assert!(network.server.forget(&msisdn).unwrap());
    assert!(tables_in_use(&network.path()).is_empty());
    for sealed in sealed {
        assert!(!is_in_files(network.folder.path(), &sealed), "{sealed:02X?}");
    }
    assert_eq!(network.server.poll_timeout().unwrap(), None);
    assert!(network.server.poll_output().is_none(), "nothing more goes to somebody who is forgotten");
}

#[test]
fn a_difference_to_a_forgotten_copy_becomes_a_whole_backup() {
    let mut network = Network::new([
        Subscriber::card(ANA, Way::NORMAL, book(40, "Ana")),
        Subscriber::card(BEN, Way::NORMAL, book(8, "Ben")),
    ]);
    network.subscribers.iter_mut().for_each(Subscriber::start);
    network.run();
    let msisdn = network.subscribers[0].msisdn.clone();
    assert!(network.server.forget(&msisdn).unwrap());
    network.subscribers[0].memory.book.insert(50, contact("Zoe", "+3612345"));
    network.subscribers[0].start();
    network.run();
    assert_eq!(network.held_of(0), network.subscribers[0].memory.book);
    assert_eq!(network.held_of(1), network.subscribers[1].memory.book);
}
