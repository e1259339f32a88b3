//! Two servers on one database.

use oxisim_backup::{Policy, Way, message::Source};
use oxisim_server::{Inbound, Leases as _, Reception, Server, SqliteStore, Store as _};
use oxisim_wire::Duration;

use crate::network::{Network, STORE_KEY, Subscriber, book};

const ANA: &str = "+491511234567";

#[test]
fn a_message_for_another_servers_subscriber_is_passed_on_and_answered_by_that_one() {
    let mut network = Network::new([Subscriber::card(ANA, Way::SERVER, book(3, "Ana"))]);
    let (address, now) = (network.subscribers[0].msisdn.address(), network.now);
    let span = Duration::from_secs(30);
    let store = SqliteStore::open(network.path(), &STORE_KEY).unwrap();
    let mut other = Server::new(store, Policy::default(), 1);
    let shard = other.store().shard(&network.subscribers[0].msisdn);
    network.server.store().acquire("server", 256, now, span).unwrap();
    network.server.store().release(&[shard]).unwrap();
    assert_eq!(other.store().acquire("other", 256, now, span).unwrap(), [shard]);

    network.subscribers[0].start();
    let mut passed = 0;
    while let Some(message) = network.subscribers[0].next_message() {
        let inbound = Inbound::Message(message);
        let reception = network.server.handle_inbound(&address, &inbound, now).unwrap();
        assert_eq!(reception, Some(Reception::PassedOn));
        passed += 1;
    }
    assert!(passed > 0);
    assert_eq!(network.server.poll_output(), None);
    assert_eq!(network.server.handle_passed(100, now).unwrap(), 0, "it is not for itself");
    assert_eq!(other.handle_passed(100, now).unwrap(), passed);
    assert!(other.poll_output().is_some(), "it answers");
    let msisdn = &network.subscribers[0].msisdn;
    assert_eq!(other.store().held(msisdn, Source::CARD).unwrap().unwrap().book.iter().count(), 3);
    assert_eq!(other.handle_passed(100, now).unwrap(), 0, "once");
}
