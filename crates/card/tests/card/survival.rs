//! Nothing that a terminal sends stops a card, or stays without an answer.

use oxisim_card::{Card, Profile};
use oxisim_wire::Instant;
use proptest::prelude::*;

use crate::{
    hello::{Hello, MENU_DONE, PROFILE, SELECT_HELLO},
    terminal::Terminal,
};

fn hello() -> Terminal {
    Terminal::with(Card::new(&Profile::default()).with_applet(Hello::default()))
}

#[test]
fn an_envelope_of_nothing_but_tags_is_survived() {
    assert_eq!(hello().send("80C2000009D38484848484848484"), "6A80");
}

#[test]
fn a_terminal_response_to_nothing_is_survived() {
    let mut terminal = Terminal::default();
    terminal.ok("801000000AFFFFFFFFFFFFFFFFFFFF");
    assert_eq!(terminal.send("801400000C810301250002028281830100"), "6985");
    let mut terminal = hello();
    terminal.send("801000000AFFFFFFFFFFFFFFFFFFFF");
    assert_eq!(terminal.send("801400000C810301250002028281830100"), "6985");
    assert_eq!(terminal.ok("8012000000").len(), 48);
    terminal.ok("801400000C810301250002028281830100");
}

/// An APDU that gets past the header often enough to matter.
pub fn apdu() -> impl Strategy<Value = Vec<u8>> {
    let instruction = prop::sample::select(
        &[
            0xA4, 0xF2, 0xB0, 0xD6, 0xB2, 0xDC, 0x10, 0xC2, 0x12, 0x14, 0xC0, 0xA2, 0x32, 0x20, 0x24, 0x26,
            0x28, 0x2C, 0x04, 0x44, 0x70, 0x84, 0xAA, 0xCB, 0xDB, 0x76, 0x88, 0xE0, 0xE4, 0xE6, 0xE8, 0xFE,
            0xD4, 0xFA,
        ][..],
    );
    let class =
        prop_oneof![4 => Just(0x00), 4 => Just(0x80), 3 => Just(0xA0), 1 => Just(0x01), 1 => any::<u8>()];
    let parameter = || prop_oneof![Just(0x00), Just(0x01), Just(0x04), Just(0x0C), any::<u8>()];
    let data = prop::collection::vec(any::<u8>(), 0..40);
    let fid = prop::sample::select(&[0x3F00_u16, 0x7F10, 0x7FFF, 0x5F3A, 0x6F3A, 0x6F44, 0x4F30, 0x2FE2][..]);
    let data = prop_oneof![data, fid.prop_map(|fid| fid.to_be_bytes().to_vec())];
    let structured = (class, instruction, parameter(), parameter(), data, any::<Option<u8>>()).prop_map(
        |(class, instruction, p1, p2, data, le)| {
            let mut apdu = vec![class, instruction, p1, p2];
            if !data.is_empty() {
                apdu.push(data.len() as u8);
                apdu.extend(data);
            }
            apdu.extend(le);
            apdu
        },
    );
    let fixed = prop::sample::select(&[PROFILE, MENU_DONE, SELECT_HELLO, "8012000000"][..])
        .prop_map(|text| hex::decode(text).unwrap());
    prop_oneof![6 => structured, 2 => fixed, 1 => prop::collection::vec(any::<u8>(), 0..300)]
}

proptest! {
    #[test]
    fn any_sequence_of_apdus_is_answered(apdus in prop::collection::vec(apdu(), 1..40), tear in 0..200_u64) {
        let mut card = Card::new(&Profile::default()).with_applet(Hello::default());
        card.memory_mut().tear_after(Some(tear));
        card.power_on(Instant::EPOCH);
        for apdu in &apdus {
            let response = card.exchange(Instant::EPOCH, apdu);
            let is_gsm = apdu.first() == Some(&0xA0);
            prop_assert!(is_gsm || matches!(response.status.sw1(), 0x61..=0x63 | 0x67..=0x6F | 0x90 | 0x91 | 0x93));
            prop_assert!(!card.memory().in_transaction() || card.memory().is_torn());
            if card.memory().is_torn() {
                card.power_on(Instant::EPOCH);
            }
        }
    }
}
