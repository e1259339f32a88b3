//! Any sequence of what can happen to a card with applets, three octets a move, and everything that no applet may do. The
//! first octet says which card: one with each applet that is shipped, or one with all of them.

use std::{cell::RefCell, collections::BTreeMap};

use oxisim_applets::{Balance, Echo, Hello, PhonebookBackup, Tracker};
use oxisim_backup::Settings;
use oxisim_card::{Card, Profile};
use oxisim_kit::fuzz::{Fuzz, Virtual};

use crate::{SERVER, SUBSCRIBER, contacts, fill};

/// How many cards there are.
const CARDS: u8 = 6;
/// The most commands of a sequence, beside the end of its session.
const COMMANDS: usize = 60;

thread_local! {
    static TRIED: RefCell<BTreeMap<u8, Fuzz<Virtual>>> = const { RefCell::new(BTreeMap::new()) };
}

/// The card of a number; the last has all applets.
fn card(number: u8) -> Card {
    let has = |applet| number == applet || number == CARDS - 1;
    let mut card = Card::new(&Profile::default());
    if has(0) {
        fill(&mut card, &contacts(5));
        card = card.with_applet(PhonebookBackup::new(SERVER.parse().expect("a number"), Settings::default()));
    }
    if has(1) {
        card = card.with_applet(Hello);
    }
    if has(2) {
        card = card.with_applet(Echo::default());
    }
    if has(3) {
        card = card.with_applet(Balance::new("*100#"));
    }
    if has(4) {
        card = card.with_applet(Tracker::new(SUBSCRIBER.parse().expect("a number")));
    }
    card
}

pub fn run(octets: &[u8]) -> &'static str {
    let Some((which, moves)) = octets.split_first() else { return super::NOTHING };
    let number = which % CARDS;
    TRIED.with_borrow_mut(|tried| {
        let fuzz = tried.entry(number).or_insert_with(|| Fuzz::new(card(number)).commands(COMMANDS));
        let before = fuzz.done().commands;
        let found = fuzz.carry_out(moves).expect("the card starts");
        assert!(found.is_none(), "{}", found.expect("it is there"));
        if fuzz.done().commands > before { "carried out" } else { super::NOTHING }
    })
}
