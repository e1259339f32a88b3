//! Nothing that a terminal sends in class `A0` stops a card, or stays without an answer of TS 51.011 §9.4.

use oxisim_card::{Card, Profile};
use oxisim_wire::Instant;
use proptest::prelude::*;

use crate::{
    sim::{CHV1, sim},
    toolkit::{PROFILE, Parrot, SELECTION},
};

/// An APDU that gets past the header often enough to matter.
fn apdu() -> impl Strategy<Value = Vec<u8>> {
    let instruction = prop_oneof![
        9 => prop::sample::select(
            &[
                0xA4, 0xF2, 0xB0, 0xD6, 0xB2, 0xDC, 0xA2, 0x32, 0x20, 0x24, 0x26, 0x28, 0x2C, 0x04, 0x44, 0x88,
                0xFA, 0xC0, 0x10, 0xC2, 0x12, 0x14,
            ][..],
        ),
        1 => any::<u8>(),
    ];
    let parameter = || prop_oneof![6 => 0x00..0x05_u8, 1 => 0x10..0x14_u8, 1 => any::<u8>()];
    let fid = prop::sample::select(
        &[0x3F00_u16, 0x7F10, 0x7F20, 0x7FFF, 0x6F3A, 0x6F44, 0x6F07, 0x6F39, 0x2FE2][..],
    );
    let data = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        fid.prop_map(|fid| fid.to_be_bytes().to_vec()),
        Just(vec![0x30; 8]),
        Just(vec![0x00; 16]),
    ];
    let structured = (instruction, parameter(), parameter(), data, any::<Option<u8>>()).prop_map(
        |(instruction, p1, p2, data, le)| {
            let mut apdu = vec![0xA0, instruction, p1, p2];
            if !data.is_empty() {
                apdu.push(data.len() as u8);
                apdu.extend(data);
            }
            apdu.extend(le);
            apdu
        },
    );
    let any = prop::collection::vec(any::<u8>(), 0..300).prop_map(|mut octets| {
        octets.insert(0, 0xA0);
        octets
    });
    let fixed = prop::sample::select(&[PROFILE, SELECTION, CHV1, "A0A40000027F20", "A0A40000026F39"][..])
        .prop_map(|text| hex::decode(text.replace(' ', "")).unwrap());
    prop_oneof![6 => structured, 2 => fixed, 1 => any]
}

proptest! {
    #[test]
    fn any_sequence_of_apdus_is_answered(
        apdus in prop::collection::vec(apdu(), 1..40),
        small in any::<bool>(),
        tear in 0..200_u64,
    ) {
        let mut card = if small { sim().card } else { Card::new(&Profile::default()).with_applet(Parrot) };
        card.memory_mut().tear_after(Some(tear));
        card.power_on(Instant::EPOCH);
        for apdu in &apdus {
            let response = card.exchange(Instant::EPOCH, apdu);
            let status = response.status;
            prop_assert!(
                matches!(status.sw1(), 0x67 | 0x6B | 0x6D | 0x6F | 0x90..=0x94 | 0x98 | 0x9E | 0x9F),
                "{:02X?} -> {}", apdu, status
            );
            prop_assert!(response.data.is_empty() || matches!(status.sw1(), 0x90 | 0x91));
            prop_assert!(!card.memory().in_transaction() || card.memory().is_torn());
            if card.memory().is_torn() {
                card.power_on(Instant::EPOCH);
            }
        }
    }
}
