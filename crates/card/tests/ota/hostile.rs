//! A server without the keys.

use oxisim_card::{Card, Profile};
use oxisim_sms::packet::{Counter, Form, ResponseStatus, SecurityParameters};
use proptest::prelude::*;

use crate::platform::{Platform, image, image_with, keys};

/// Everything that the card has in memory.
fn memory(card: &Card) -> Vec<(String, Vec<u8>)> {
    card.memory().objects().map(|(name, octets)| (name.to_owned(), octets.to_vec())).collect()
}

fn commands() -> impl Strategy<Value = Vec<u8>> {
    let command = prop_oneof![
        Just(vec![0x00, 0xA4, 0x00, 0x0C, 0x02, 0x6F, 0x46]),
        Just(vec![0x00, 0xD6, 0x00, 0x00, 0x01, 0x41]),
        Just(vec![0x00, 0x20, 0x00, 0x01, 0x08, 1, 2, 3, 4, 5, 6, 7, 8]),
        Just(vec![0x80, 0xD8, 0x00, 0x81, 0x01, 0x05]),
        Just(vec![0x80, 0xE4, 0x00, 0x00, 0x02, 0x4F, 0x00]),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    prop::collection::vec(command, 0..4).prop_map(|commands| commands.concat())
}

fn tar() -> impl Strategy<Value = [u8; 3]> {
    prop_oneof![Just([0; 3]), Just([0xB0, 0x00, 0x00]), Just([0xB0, 0x00, 0x10]), any::<[u8; 3]>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_sealed_with_other_keys_changes_nothing(
        spi: [u8; 2], version in 0_u8..4, algorithm in prop_oneof![Just(0x05_u8), Just(0x02)],
        tar in tar(), counter: u32, data in commands(), kic: [u8; 16], kid: [u8; 16]
    ) {
        let mut platform = Platform::of(Card::from_image(&image()).unwrap());
        let before = memory(&platform.card);
        let packet = &mut platform.packet;
        packet.security = SecurityParameters(spi);
        packet.tar.0 = tar;
        packet.kic.0 = version << 4 | algorithm;
        packet.kid.0 = version << 4 | algorithm;
        packet.counter = counter.into();
        packet.data = data;
        if let Ok(octets) = packet.seal(Form::ShortMessage, &keys(&kic, &kid)) {
            platform.deliver(&octets);
        }
        prop_assert!(memory(&platform.card) == before);
    }

    #[test]
    fn a_packet_that_is_changed_on_its_way_changes_nothing(
        at in 0_usize..60, flip in 1_u8.., cut in 0_usize..20, ciphered: bool
    ) {
        let mut platform = Platform::new();
        platform.spi([if ciphered { 0x16 } else { 0x12 }, 0x21]);
        let mut packet = platform.seal("00A4000C026F46 00D600000141");
        let before = memory(&platform.card);
        let at = 2 + at % (packet.len() - 2);
        packet[at] ^= flip;
        packet.truncate(packet.len() - cut.min(packet.len() - 20));
        let length = (packet.len() as u16 - 2).to_be_bytes();
        packet[..2].copy_from_slice(&length);
        // The receipt is not covered, but in the second octet of the SPI, which is.
        platform.deliver(&packet);
        prop_assert!(memory(&platform.card) == before, "{at}");
    }

    #[test]
    fn any_octets_as_a_packet_change_nothing(octets in prop::collection::vec(any::<u8>(), 0..130)) {
        let mut platform = Platform::of(Card::from_image(&image()).unwrap());
        let before = memory(&platform.card);
        let mut packet = (octets.len() as u16).to_be_bytes().to_vec();
        packet.extend(octets);
        platform.deliver(&packet);
        prop_assert!(memory(&platform.card) == before);
    }

    #[test]
    fn any_script_of_one_who_has_the_keys_is_answered(data in commands(), aes: bool, ram: bool) {
        let mut platform = Platform::of(Card::from_image(&image()).unwrap());
        if aes {
            platform = platform.with_aes();
        }
        if ram {
            platform.packet.tar.0 = [0; 3];
        }
        let receipt = platform.send(&hex::encode(&data));
        prop_assert_eq!(receipt.status.0, 0);
        prop_assert!(receipt.data.len() >= 3);
    }
}

#[test]
fn a_card_without_keys_accepts_nothing() {
    let mut platform = Platform::of(Card::new(&Profile::default()));
    let before = memory(&platform.card);
    for spi in [0x00, 0x02, 0x12, 0x16] {
        platform.spi([spi, 0x01]);
        let packet = platform.seal("00A4000C026F46 00D600000141");
        platform.deliver(&packet);
    }
    assert!(memory(&platform.card) == before);
}

#[test]
fn no_command_reads_the_keys() {
    let mut platform = Platform::new();
    let secrets: Vec<Vec<u8>> =
        crate::platform::TRIPLE_DES.iter().chain(&crate::platform::AES).map(|key| key.to_vec()).collect();
    // READ BINARY and READ RECORD by each short identifier, GET DATA, GET STATUS, and what they answer over the air.
    let mut answers = Vec::new();
    for sfi in 1..=30_u8 {
        answers.push(platform.apdu(&format!("00B0{:02X}0000", 0x80 | sfi)));
        answers.push(platform.apdu(&format!("00B201{:02X}00", sfi << 3 | 4)));
    }
    let mut domain = Platform::new().to(oxisim_card::RemoteApplication::ISSUER);
    for command in ["80CA00E000", "80F28000024F00", "80F24000024F00 80C0000000"] {
        answers.push(domain.script(command));
    }
    for answer in answers {
        for secret in &secrets {
            assert!(!answer.contains(&hex::encode_upper(&secret[..8])), "{answer}");
        }
    }
}

/// An attacker who has no keys gets nothing made with them, to guess them from.
#[test]
fn a_packet_without_a_checksum_gets_no_receipt_that_keys_secure() {
    for (first, second) in
        [(0x00, 0x09), (0x00, 0x11), (0x00, 0x19), (0x01, 0x09), (0x01, 0x11), (0x04, 0x11), (0x0D, 0x11)]
    {
        let mut platform = Platform::of(Card::from_image(&image_with(0)).unwrap());
        assert_eq!(refused(&mut platform, [first, second]), INSUFFICIENT, "{first:02X} {second:02X}");
    }
}

/// A counter that anybody could raise to its end would shut out everybody else.
#[test]
fn a_counter_that_is_to_rise_takes_a_key() {
    for first in [0x10, 0x11, 0x18, 0x19] {
        let mut platform = Platform::of(Card::from_image(&image_with(first)).unwrap());
        let before = memory(&platform.card);
        assert_eq!(refused(&mut platform, [first, 0x01]), INSUFFICIENT, "{first:02X}");
        assert!(memory(&platform.card) == before);
        platform.spi([first & !0x03 | 0x02, 0x01]);
        platform.packet.counter = Counter::default();
        assert_eq!(platform.send("00A40000023F00").status, ResponseStatus::POR_OK, "{first:02X}");
    }
}

/// RPL, RHL, TAR, no counter, no padding, status 0A, neither checksum nor data; in an error report.
const INSUFFICIENT: &str = "027100000B0AB000100000000000000A6200";

fn refused(platform: &mut Platform, spi: [u8; 2]) -> String {
    platform.spi(spi);
    let packet = platform.seal("00A40000023F00");
    platform.deliver(&packet)
}

/// What deciphers to any counter says nothing about who has sent it.
#[test]
fn a_packet_without_a_checksum_does_not_use_up_the_counter_of_the_keys() {
    let mut platform = Platform::of(Card::from_image(&image_with(0)).unwrap());
    platform.spi([0x14, 0x01]);
    platform.packet.counter = Counter::new(Counter::MAX.value() - 1).unwrap();
    assert_eq!(platform.send("00A40000023F00").status, ResponseStatus::POR_OK);
    let mut platform = Platform::of(platform.card);
    assert_eq!(platform.send("00A40000023F00").status, ResponseStatus::POR_OK);
}

/// Each message costs the card's owner something, and the originator's address, which no checksum covers, says to whom
/// it goes.
#[test]
fn nobody_without_the_keys_makes_the_card_send_a_message() {
    let spis = [[0x00, 0x21], [0x01, 0x21], [0x04, 0x21], [0x02, 0x22], [0x12, 0x29], [0x16, 0x3A]];
    for level in [0x00, 0x16] {
        for tar in [[0x00; 3], [0xB0, 0x00, 0x10], [0xBF, 0xFF, 0xFF]] {
            for spi in spis {
                let mut platform = Platform::of(Card::from_image(&image_with(level)).unwrap());
                platform.start();
                platform.packet.tar.0 = tar;
                platform.keys = keys(&[0x77; 16], &[0x78; 16]);
                let answer = refused(&mut platform, spi);
                assert!(!answer.starts_with("91"), "{level:02X} {tar:02X?} {spi:02X?}: {answer}");
            }
        }
    }
}

/// Who has seen one packet can repeat it from another number.
#[test]
fn a_packet_that_is_repeated_makes_the_card_send_no_second_message() {
    let mut platform = Platform::new();
    platform.start();
    platform.spi([0x16, 0x39]);
    let packet = platform.seal("00A40000023F00");
    let answer = platform.deliver(&packet);
    assert_eq!(platform.carry_out(&answer).len(), 1);
    assert_eq!(platform.deliver(&packet), "6A80");
}
