//! A phone that appears.

use oxisim_backup::Way;
use oxisim_server::Store as _;

use crate::network::{Network, Subscriber, book};

const ANA: &str = "+491511234567";

#[test]
fn a_phone_that_appears_is_asked_at_once_for_what_waits() {
    let mut network = Network::new([Subscriber::card(ANA, Way::SERVER, book(30, "Ana"))]);
    network.subscribers[0].start();
    while network.server.poll_timeout().unwrap().is_none() {
        assert!(network.step());
    }
    let (address, now) = (network.subscribers[0].msisdn.address(), network.now);
    while network.server.poll_output().is_some() {}
    assert!(network.server.poll_timeout().unwrap().unwrap() > now, "it waits");
    assert!(network.server.handle_alert(&address, now).unwrap());
    assert!(network.server.poll_output().is_some(), "it is asked");
    let next = network.server.poll_timeout().unwrap();
    assert!(next.is_none_or(|at| at > now));
}

#[test]
fn a_phone_of_which_nothing_waits_changes_nothing() {
    let mut network = Network::new([]);
    let now = network.now;
    assert!(!network.server.handle_alert(&"+491511234567".parse().unwrap(), now).unwrap());
    assert!(!network.server.handle_alert(&"12345".parse().unwrap(), now).unwrap());
    assert_eq!(network.server.poll_output(), None);
    assert!(network.server.store().messages(None, 9).unwrap().is_empty());
}
