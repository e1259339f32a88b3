//! What a sender is told of a packet, and how it is secured (TS 102 225 §5.2).

use oxisim_card::{Card, Image, SecurityLevel, SubmitRule, Tar};
use oxisim_sms::packet::{
    Counter, Form, Kic, Kid, ResponsePacket, ResponseStatus, SealedResponse, SecurityParameters,
};

use crate::platform::{Platform, image, image_with};

const SELECT_MF: &str = "00A40000023F00";

/// The receipt that has no security, and the status word.
fn unsecured(answer: &str) -> (ResponsePacket, String) {
    let octets = hex::decode(answer).unwrap();
    let (packet, status) = octets.split_at(octets.len() - 2);
    let packet = packet.strip_prefix(&[0x02, 0x71, 0x00]).unwrap_or_else(|| panic!("no receipt: {answer}"));
    let sealed = SealedResponse::decode(Form::ShortMessage, packet).unwrap();
    assert_eq!(sealed.check_octets(), 0);
    (sealed.open_unsecured().unwrap(), hex::encode_upper(status))
}

/// Delivers a packet that is refused before it is known who has sent it.
fn refused(platform: &mut Platform, packet: &[u8]) -> ResponseStatus {
    let answer = platform.deliver(packet);
    let (receipt, status) = unsecured(&answer);
    assert_eq!(status, "6200", "an error report");
    assert_eq!(
        (receipt.tar, receipt.counter, receipt.data.len()),
        (platform.packet.tar, Counter::default(), 0)
    );
    receipt.status
}

#[test]
fn a_packet_that_is_right_is_accepted() {
    let receipt = Platform::new().send(SELECT_MF);
    assert_eq!((receipt.status, receipt.counter), (ResponseStatus::POR_OK, 1.into()));
    assert_eq!(receipt.data[..2], [0x01, 0x61]);
}

#[test]
fn a_checksum_that_is_wrong_is_01() {
    let mut platform = Platform::new();
    platform.spi([0x12, 0x19]);
    for at in 0..12 {
        let mut packet = platform.seal(SELECT_MF);
        let last = packet.len() - 1;
        packet[last - at] ^= 0x01;
        assert_eq!(refused(&mut platform, &packet), ResponseStatus::RC_CC_DS_FAILED);
    }
}

#[test]
fn a_packet_of_another_key_is_01() {
    let mut platform = Platform::new();
    let aes = Platform::new().with_aes().keys;
    platform = platform.with_aes();
    platform.keys = oxisim_sms::packet::Keys { kid: aes.kic.clone(), ..aes };
    let packet = platform.seal(SELECT_MF);
    assert_eq!(refused(&mut platform, &packet), ResponseStatus::RC_CC_DS_FAILED);
}

#[test]
fn a_counter_that_has_been_is_02_and_the_receipt_secured() {
    let mut platform = Platform::new();
    platform.packet.counter = 9.into();
    assert_eq!(platform.send(SELECT_MF).counter, 10.into());
    for counter in [0, 1, 9] {
        platform.packet.counter = counter.into();
        let receipt = platform.send(SELECT_MF);
        assert_eq!((receipt.status, receipt.counter), (ResponseStatus::CNTR_LOW, (counter + 1).into()));
        assert!(receipt.data.is_empty());
    }
    platform.packet.counter = 10.into();
    assert_eq!(platform.send(SELECT_MF).status, ResponseStatus::POR_OK);
}

#[test]
fn a_counter_that_leaves_one_out_is_03_if_it_may_not() {
    let mut platform = Platform::new();
    platform.spi([0x1E, 0x19]);
    assert_eq!(platform.send(SELECT_MF).status, ResponseStatus::POR_OK);
    platform.packet.counter = 2.into();
    assert_eq!(platform.send(SELECT_MF).status, ResponseStatus::CNTR_HIGH);
    platform.packet.counter = 1.into();
    assert_eq!(platform.send(SELECT_MF).status, ResponseStatus::POR_OK);
    platform.spi([0x16, 0x19]);
    platform.packet.counter = 100.into();
    assert_eq!(platform.send(SELECT_MF).status, ResponseStatus::POR_OK, "this one may");
}

#[test]
fn after_the_highest_counter_all_are_04() {
    let mut platform = Platform::new();
    platform.packet.counter = Counter::new(Counter::MAX.value() - 1).unwrap();
    assert_eq!(platform.send(SELECT_MF).status, ResponseStatus::POR_OK);
    for counter in [0, 77, Counter::MAX.value() - 1] {
        platform.packet.counter = Counter::new(counter).unwrap();
        assert_eq!(platform.send(SELECT_MF).status, ResponseStatus::CNTR_BLOCKED);
    }
    let mut other = Platform::of(platform.card).with_aes();
    assert_eq!(other.send(SELECT_MF).status, ResponseStatus::POR_OK, "another key set counts for itself");
}

#[test]
fn what_is_no_whole_number_of_blocks_is_05() {
    let mut platform = Platform::new();
    let mut packet = platform.seal(SELECT_MF);
    packet.pop();
    packet[1] -= 1;
    assert_eq!(refused(&mut platform, &packet), ResponseStatus::CIPHERING_ERROR);
}

#[test]
fn keys_and_algorithms_that_the_card_does_not_have_are_06() {
    for (spi, kic, kid) in [
        // No key set of that number.
        ([0x16, 0x19], 0x35, 0x35),
        // Two key sets.
        ([0x16, 0x19], 0x22, 0x15),
        // A digital signature.
        ([0x17, 0x19], 0x15, 0x15),
        // Keys of another algorithm, or of another length.
        ([0x16, 0x19], 0x12, 0x12),
        ([0x16, 0x19], 0x11, 0x15),
        ([0x16, 0x19], 0x15, 0x19),
        // A receipt that could not be secured.
        ([0x12, 0x19], 0x35, 0x15),
        ([0x12, 0x0D], 0x15, 0x15),
    ] {
        let mut platform = Platform::new();
        let mut packet = platform.seal(SELECT_MF);
        packet[3..5].copy_from_slice(&spi);
        packet[5..7].copy_from_slice(&[kic, kid]);
        let status = refused(&mut platform, &packet);
        assert_eq!(status, ResponseStatus::UNIDENTIFIED_SECURITY_ERROR, "{spi:02X?} {kic:02X} {kid:02X}");
    }
}

#[test]
fn a_card_without_room_for_the_counter_says_07() {
    let mut image = image_with(0);
    image.memory = Card::from_image(&image).unwrap().memory().used();
    let mut platform = Platform::of(Card::from_image(&image).unwrap());
    platform.spi([0x14, 0x01]);
    let packet = platform.seal(SELECT_MF);
    assert_eq!(refused(&mut platform, &packet), ResponseStatus::INSUFFICIENT_MEMORY);
}

#[test]
fn a_tar_that_nobody_has_is_09_though_the_packet_is_no_good() {
    let mut platform = Platform::new().to(Tar([0xBF, 0xFF, 0xFF]));
    let mut packet = platform.seal(SELECT_MF);
    assert_eq!(refused(&mut platform, &packet), ResponseStatus::TAR_UNKNOWN);
    packet[20] ^= 0x01;
    assert_eq!(refused(&mut platform, &packet), ResponseStatus::TAR_UNKNOWN);
}

#[test]
fn less_security_than_the_application_asks_for_is_0a_though_the_keys_are_unknown() {
    let mut image = image();
    for application in &mut image.remote {
        application.security = SecurityLevel(0x16);
    }
    let mut platform = Platform::of(Card::from_image(&image).unwrap());
    for spi in [0x00, 0x02, 0x04, 0x06, 0x0E, 0x12, 0x15] {
        platform.spi([spi, 0x01]);
        platform.packet.kid = if spi == 0x15 { Kid(0x11) } else { Kid(0x15) };
        let mut packet = platform.seal(SELECT_MF);
        assert_eq!(refused(&mut platform, &packet), ResponseStatus::INSUFFICIENT_SECURITY_LEVEL, "{spi:02X}");
        packet[5..7].copy_from_slice(&[0xF5, 0xF5]);
        assert_eq!(refused(&mut platform, &packet), ResponseStatus::INSUFFICIENT_SECURITY_LEVEL);
    }
    platform.spi([0x16, 0x01]);
    platform.packet.kid = Kid(0x15);
    assert_eq!(platform.send(SELECT_MF).status, ResponseStatus::POR_OK);
}

#[test]
fn without_a_receipt_a_status_word_says_what_came_of_it() {
    let mut platform = Platform::new();
    platform.spi([0x16, 0x00]);
    let packet = platform.seal(SELECT_MF);
    assert_eq!(platform.deliver(&packet), "9000");
    assert_eq!(platform.deliver(&packet), "6A80", "a replay");
    let packet = Platform::new().to(Tar([1, 2, 3])).seal(SELECT_MF);
    let mut silent = Platform::new().to(Tar([1, 2, 3]));
    silent.spi([0x16, 0x00]);
    let quiet = silent.seal(SELECT_MF);
    assert_eq!(silent.deliver(&quiet), "6A88");
    assert_ne!(silent.deliver(&packet), "6A88");
}

#[test]
fn a_receipt_on_error_comes_on_error_only() {
    let mut platform = Platform::new();
    platform.spi([0x16, 0x1A]);
    let packet = platform.seal(SELECT_MF);
    assert_eq!(platform.deliver(&packet), "9000");
    let answer = platform.deliver(&packet);
    assert_eq!(platform.receipt(&answer).unwrap().status, ResponseStatus::CNTR_LOW);
    platform.packet.tar = Tar([1, 2, 3]);
    let packet = platform.seal(SELECT_MF);
    assert_eq!(refused(&mut platform, &packet), ResponseStatus::TAR_UNKNOWN);
}

#[test]
fn a_receipt_by_submit_goes_to_who_has_sent_the_packet() {
    let mut platform = Platform::new();
    platform.start();
    platform.spi([0x16, 0x39]);
    let packet = platform.seal(SELECT_MF);
    let answer = platform.deliver(&packet);
    let sent = platform.carry_out(&answer);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].destination, "+15550100002".parse().unwrap());
    let receipt = platform.open(sent[0].user_data.payload()).unwrap();
    assert_eq!((receipt.status, receipt.counter), (ResponseStatus::POR_OK, 1.into()));
    assert_eq!(receipt.data[..2], [0x01, 0x61]);

    assert_eq!(platform.deliver(&packet), "6A80", "whoever repeats it may have another number");
}

#[test]
fn a_card_may_answer_each_packet_by_submit() {
    let image = Image { submit: SubmitRule::Always, ..image() };
    let mut platform = Platform::of(Card::from_image(&image).unwrap());
    platform.start();
    platform.spi([0x16, 0x39]);
    let packet = platform.seal(SELECT_MF);
    let mut statuses = Vec::new();
    for _ in 0..2 {
        let answer = platform.deliver(&packet);
        let sent = platform.carry_out(&answer);
        statuses.push(platform.open(sent[0].user_data.payload()).unwrap().status);
    }
    platform.packet.tar = Tar([1, 2, 3]);
    let packet = platform.seal(SELECT_MF);
    let answer = platform.deliver(&packet);
    let sent = platform.carry_out(&answer);
    let sealed = SealedResponse::decode(Form::ShortMessage, sent[0].user_data.payload()).unwrap();
    statuses.push(sealed.open_unsecured().unwrap().status);
    assert_eq!(statuses, [ResponseStatus::POR_OK, ResponseStatus::CNTR_LOW, ResponseStatus::TAR_UNKNOWN]);
}

#[test]
fn a_receipt_by_submit_needs_a_terminal_that_sends() {
    let mut platform = Platform::new();
    platform.spi([0x16, 0x39]);
    let packet = platform.seal(SELECT_MF);
    assert_eq!(platform.deliver(&packet), "9000", "no profile, no command");
}

#[test]
fn every_security_that_the_keys_have_is_understood() {
    for aes in [false, true] {
        for first in 0..0x20_u8 {
            for second in 0..0x20_u8 {
                let spi = [first, second & !0x03 | 0x01];
                let is_signed = |octet: u8| octet & 0x03 == 0x03;
                if is_signed(first) || is_signed(second >> 2) {
                    continue;
                }
                let mut platform = Platform::of(Card::from_image(&image_with(0)).unwrap());
                if aes {
                    platform = platform.with_aes();
                }
                platform.spi(spi);
                let checks = [first & 0x03, second >> 2 & 0x03];
                if checks.contains(&0x01) {
                    // CRC has codes of its own in KID, which DES has for one or two keys.
                    platform.packet.kid = Kid(0x15);
                    if checks.contains(&0x02) && aes || platform.packet.kic == Kic(0x22) {
                        continue;
                    }
                }
                let is_keyed = |octet: u8| octet & 0x03 == 0x02;
                let asks_keys = is_keyed(second >> 2) || second & 0x10 != 0;
                let is_counted = first & 0x10 != 0 && first & 0x04 == 0;
                if !is_keyed(first) && (asks_keys || is_counted) {
                    let packet = platform.seal(SELECT_MF);
                    let status = refused(&mut platform, &packet);
                    assert_eq!(status, ResponseStatus::INSUFFICIENT_SECURITY_LEVEL, "{spi:02X?}");
                    continue;
                }
                let receipt = platform.send(SELECT_MF);
                assert_eq!(receipt.status, ResponseStatus::POR_OK, "{spi:02X?}");
                assert_eq!(receipt.data[..2], [0x01, 0x61], "{spi:02X?}");
            }
        }
    }
}

#[test]
fn in_class_a0_the_receipt_waits_for_get_response() {
    let mut platform = Platform::new();
    let packet = platform.seal(SELECT_MF);
    let envelope = crate::platform::envelopes(&packet).pop().unwrap();
    let envelope = envelope.strip_suffix("00").unwrap().replacen("80C2", "A0C2", 1);
    let answer = platform.apdu(&envelope);
    let length = answer.strip_prefix("9F").unwrap_or_else(|| panic!("{answer}"));
    let answer = platform.apdu(&format!("A0C00000{length}"));
    assert_eq!(platform.receipt(&answer).unwrap().status, ResponseStatus::POR_OK);

    let answer = platform.apdu(&envelope);
    let length = answer.strip_prefix("9E").unwrap_or_else(|| panic!("{answer}"));
    let answer = platform.apdu(&format!("A0C00000{length}"));
    assert_eq!(platform.receipt(&answer).unwrap().status, ResponseStatus::CNTR_LOW, "a replay");
}

#[test]
fn an_unsecured_packet_for_an_application_that_asks_for_nothing_is_carried_out() {
    let mut platform = Platform::of(Card::from_image(&image_with(0)).unwrap());
    platform.packet.security = SecurityParameters([0x00, 0x01]);
    assert_eq!(platform.send(SELECT_MF).status, ResponseStatus::POR_OK);
}
