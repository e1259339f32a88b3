//! No line of the log has a number of a subscriber or of a card.

use std::sync::{Mutex, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};
use oxisim_backup::{
    Configuration, Policy, ToServer, Way, carriage,
    message::{BackupId, Source},
    security::KeyVersion,
};
use oxisim_server::{Server, SqliteStore};

use crate::network::{Network, Subscriber, book};

const ANA: &str = "+491511234567";
const CARD: &str = "8900101000000000019";

/// Everything that is logged, as it is given to the logger.
struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(record.args().to_string());
    }

    fn flush(&self) {}
}

#[test]
fn a_backup_and_all_that_goes_wrong_are_logged_without_a_number() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let mut network = Network::new([Subscriber::card(ANA, Way::SERVER, book(30, "Ana")).with_keys(CARD)]);
    network.enrol(CARD);
    network.subscribers[0].start();
    network.run();
    let (msisdn, now) = (network.subscribers[0].msisdn.clone(), network.now);
    // A message that nothing secures, and a configuration by a server that has no master key.
    let query = ToServer::Query {
        backup: BackupId { source: Source::CARD, generation: 9 },
        base_distance: 0,
        total: 2,
        digest: oxisim_backup::Digest([0; 8]),
    };
    let plain = carriage::wrap(Source::CARD, 1, query.encode()).unwrap();
    network.server.handle_deliver(&msisdn.address(), &plain, now).unwrap();
    let mut poor = Server::new(SqliteStore::in_memory().unwrap(), Policy::default(), 1);
    poor.enrol(&msisdn, &CARD.parse().unwrap(), KeyVersion::FIRST, now).unwrap();
    poor.configure(&msisdn, Source::CARD, &Configuration::default(), now).unwrap();
    let error = poor.handle_timeout(now).unwrap_err();
    log::warn!("turns have failed: {}", error.brief());
    // A row of hers is altered: her turns fail, and she is put off.
    let mut server = network.server;
    server.configure(&msisdn, Source::CARD, &Configuration::default(), now).unwrap();
    let db = rusqlite::Connection::open(network.folder.path().join("backup.db")).unwrap();
    assert!(db.execute("UPDATE account SET state = substr(state, 1, 40)", []).unwrap() > 0);
    assert!(server.handle_timeout(now).is_err());

    let lines = LINES.0.lock().unwrap_or_else(PoisonError::into_inner).join("\n");
    for said in ["backup 1 of a", "message ignored: ", "no master key", "subscriber "] {
        assert!(lines.contains(said), "{said:?} is not logged: {lines}");
    }
    for number in ["491511234567", "1511234567", CARD, "00101000000000019"] {
        assert!(!lines.contains(number), "{number}: {lines}");
    }
}
