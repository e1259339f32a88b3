//! ACTIVATE, CONTACTLESS STATE CHANGED.

use oxisim_terminal::{Config, Environment, Event};

use crate::bench::Bench;

/// ACTIVATE the interface to the contactless front end.
const ACTIVATE: &str = "D00C810301700082028182FB0101";

#[test]
fn the_interface_is_activated_if_there_is_a_front_end() {
    let mut bench = Bench::ready();
    bench.carries_out(ACTIVATE, "810301700082028281830100");
    assert!(bench.saw(&Event::InterfaceActivated));
    let environment = Environment { has_contactless: false, ..Environment::default() };
    let mut bench = Bench::ready_with(Config { environment, ..Config::default() });
    bench.carries_out(ACTIVATE, "81030170008202828183022000");
    assert!(!bench.saw(&Event::InterfaceActivated));
}

#[test]
fn another_interface_is_not_understood() {
    Bench::ready().carries_out("D00C810301700082028182FB0102", "810301700082028281830132");
}

#[test]
fn the_state_of_the_card_is_known_once_it_says_so() {
    let mut bench = Bench::ready();
    assert_eq!(bench.phone.contactless(), None);
    for (state, is_enabled) in [("00", true), ("01", false)] {
        bench.carries_out(
            &format!("D00C810301710082028182D401{state}"),
            &format!("810301710082028281830100D401{state}"),
        );
        assert_eq!(bench.phone.contactless(), Some(is_enabled));
        assert!(bench.saw(&Event::Contactless(is_enabled)));
    }
    bench.carries_out("D00C810301710082028182D40102", "810301710082028281830132");
    assert_eq!(bench.phone.contactless(), Some(false));
}
