//! The policies of groups, and who joins them.

use std::sync::Arc;

use oxisim_backup::{
    Configuration, OrderStep, Spacing, Vault, Way,
    message::{MessageType, Source},
};
use oxisim_server::{Msisdn, Rulebook, Rules, Store};
use oxisim_wire::Duration;

use crate::network::{Network, Subscriber, book, contact};

const ANA: &str = "+491511234567";
const BEN: &str = "+15550100002";

fn rules(subset: u16) -> Arc<Rules> {
    let configuration = Configuration { subset: Some(subset), ..Configuration::default() };
    Arc::new(Rules { configuration, spacing: Some(Spacing::Regular(Duration::from_secs(9))) })
}

fn of<const N: usize>(groups: [(&str, Arc<Rules>); N]) -> Rulebook {
    Rulebook::new(groups.map(|(prefix, rules)| (prefix.into(), Some(rules))))
}

/// The number of the last CONFIGURE to a subscriber's card, and whether it was taken.
fn told(network: &mut Network, number: &str) -> Option<(u16, bool)> {
    let msisdn = number.parse().unwrap();
    let order = network.server.order_status(&msisdn, Source::CARD, MessageType::CONFIGURE).unwrap()?;
    Some((order.number, order.step == OrderStep::Answered(0)))
}

fn spacing(network: &mut Network, number: &str) -> Option<Spacing> {
    let msisdn: Msisdn = number.parse().unwrap();
    network.server.store().subscriber(&msisdn, |account| account.spacing(Source::CARD)).unwrap()
}

fn back_up(network: &mut Network, subscriber: usize, slot: u8) {
    let memory = &mut network.subscribers[subscriber].memory;
    memory.book.insert(slot.into(), contact("Zoe", &format!("+36123{slot}")));
    network.subscribers[subscriber].start();
    network.run();
    assert_eq!(network.held_of(subscriber), network.subscribers[subscriber].memory.book);
}

#[test]
fn who_joins_a_group_gets_its_policy_with_the_first_backup_and_once() {
    let mut network = Network::new([
        Subscriber::card(ANA, Way::TIMER, book(30, "Ana")),
        Subscriber::card(BEN, Way::TIMER, book(3, "Ben")),
    ]);
    network.server.set_rulebook(of([("49", rules(2)), ("4916", rules(3))]));
    back_up(&mut network, 0, 40);
    assert_eq!(told(&mut network, ANA), Some((1, true)));
    assert_eq!(spacing(&mut network, ANA), Some(Spacing::Regular(Duration::from_secs(9))));
    back_up(&mut network, 0, 41);
    assert_eq!(told(&mut network, ANA), Some((1, true)), "it is not said again");
    back_up(&mut network, 1, 40);
    assert_eq!((told(&mut network, BEN), spacing(&mut network, BEN)), (None, None), "he is in no group");
}

#[test]
fn who_is_moved_to_another_group_gets_its_policy_with_the_next_backup() {
    let mut network = Network::new([Subscriber::card(ANA, Way::TIMER, book(30, "Ana"))]);
    network.server.set_rulebook(of([("49", rules(2))]));
    back_up(&mut network, 0, 40);
    network.server.set_rulebook(of([("49", rules(2)), ("49151", rules(3))]));
    back_up(&mut network, 0, 41);
    let second = told(&mut network, ANA).unwrap();
    assert!(second.0 > 1 && second.1, "{second:?}");
    // In a group whose policy was never sent, or in none, all stays as it is.
    for groups in [Rulebook::new([("49151".into(), None)]), of([])] {
        network.server.set_rulebook(groups);
        back_up(&mut network, 0, 42);
        assert_eq!(told(&mut network, ANA), Some(second));
    }
}

#[test]
fn a_change_of_policy_is_ordered_for_all_in_steps_and_for_members_alone() {
    let numbers: Vec<String> = (1..=5).map(|n| format!("+4915112345{n:02}")).collect();
    let all = numbers.iter().map(String::as_str).chain([BEN]);
    let mut network = Network::new(all.map(|number| Subscriber::card(number, Way::TIMER, book(2, "Ana"))));
    network.subscribers.iter_mut().for_each(Subscriber::start);
    network.run();
    network.server.set_rulebook(of([("49", rules(2))]));
    let now = network.now;
    let (mut after, mut steps) = (None, 0);
    while let Some(last) = network.server.follow_rules(after.as_ref(), 2, now).unwrap() {
        (after, steps) = (Some(last), steps + 1);
    }
    assert_eq!(steps, 3);
    assert!(numbers.iter().all(|number| told(&mut network, number).is_some()));
    assert_eq!(told(&mut network, BEN), None);
    network.run();
    assert!(numbers.iter().all(|number| told(&mut network, number) == Some((1, true))));
}
