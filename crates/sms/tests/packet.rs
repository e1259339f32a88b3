//! Secured packets: the rows of `tests/vectors/packet.jsonl`, and what holds for every packet.

use oxisim_sms::packet::{
    Agreement, Check, Cipher, CommandPacket, Counter, Form, Integrity, Key, Keys, Kic, Kid, Protection,
    Refusal, ResponsePacket, ResponseStatus, SealedCommand, SealedResponse, SecurityParameters, Suite, Tar,
};
use oxisim_sms::{DataCoding, Element, ElementId, Error, UserData};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

/// Rows whose check no standard names: octets are added without carry. They are ciphered, and no more is held of them.
const XOR: [&str; 2] = ["gsm0348/test-request-015", "gsm0348/test-request-016"];

fn rows() -> impl Iterator<Item = Value> {
    include_str!("vectors/packet.jsonl").lines().map(|line| serde_json::from_str(line).unwrap())
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_else(|| panic!("{key} of {row}"))
}

fn octets(row: &Value, key: &str) -> Vec<u8> {
    hex::decode(text(row, key)).unwrap()
}

fn counter(row: &Value) -> Counter {
    Counter::new(u64::from_str_radix(text(row, "cntr"), 16).unwrap()).unwrap()
}

fn header(row: &Value) -> (SecurityParameters, Kic, Kid, Tar) {
    let security = SecurityParameters(octets(row, "spi").try_into().unwrap());
    let tar = Tar(octets(row, "tar").try_into().unwrap());
    (security, Kic(octets(row, "kic")[0]), Kid(octets(row, "kid")[0]), tar)
}

fn keys(row: &Value) -> Keys {
    let key = |name| Some(octets(row, name)).filter(|key| !key.is_empty()).map(|key| Key::new(&key).unwrap());
    let cipher = row["agreed_cipher"].as_str().map(|name| match name {
        "3DES2-ECB" => Cipher::TripleDes2Ecb,
        "3DES3-ECB" => Cipher::TripleDes3Ecb,
        other => panic!("{other}"),
    });
    let check = (row["agreed_check"] == "CRC-32").then_some(Check::Crc32);
    let agreement = Agreement { cipher, check, short_checksum: row["short_checksum"] == true };
    Keys { kic: key("key_kic"), kid: key("key_kid"), agreement }
}

fn command(row: &Value) -> CommandPacket {
    let (security, kic, kid, tar) = header(row);
    CommandPacket { security, kic, kid, tar, counter: counter(row), data: octets(row, "data") }
}

fn response(row: &Value) -> ResponsePacket {
    let status = ResponseStatus(octets(row, "status")[0]);
    ResponsePacket { tar: header(row).3, counter: counter(row), status, data: octets(row, "data") }
}

#[test]
fn commands_of_others_open_and_ours_are_the_same_octets() {
    let commands = rows().filter(|row| row["kind"] == "command" && !XOR.contains(&text(row, "id")));
    let mut count = 0;
    for row in commands {
        let (command, keys, packet) = (command(&row), keys(&row), octets(&row, "packet"));
        let sealed = SealedCommand::decode(Form::ShortMessage, &packet).unwrap();
        assert_eq!(sealed.open(&keys), Ok(command.clone()), "{row}");
        assert_eq!(command.seal(Form::ShortMessage, &keys).unwrap(), packet, "{row}");
        for length in 0..packet.len() {
            assert!(SealedCommand::decode(Form::ShortMessage, &packet[..length]).is_err(), "{length}: {row}");
        }
        count += 1;
    }
    assert_eq!(count, 38);
}

#[test]
fn no_bit_of_a_command_of_others_may_be_another_under_its_checksum() {
    let mut count = 0;
    for row in rows().filter(|row| row["kind"] == "command") {
        let (keys, packet) = (keys(&row), octets(&row, "packet"));
        let has_checksum =
            |security: SecurityParameters| security.integrity() == Integrity::CryptographicChecksum;
        if !has_checksum(header(&row).0) {
            continue;
        }
        for bit in 0..packet.len() * 8 {
            let mut flipped = packet.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // That a packet has a checksum at all is for the receiver to demand.
            if let Ok(sealed) = SealedCommand::decode(Form::ShortMessage, &flipped)
                && has_checksum(sealed.security)
            {
                assert!(sealed.open(&keys).is_err(), "bit {bit}: {row}");
            }
        }
        count += 1;
    }
    assert!(count >= 19, "{count}");
}

#[test]
fn a_check_that_no_standard_names_is_refused_though_the_packet_deciphers() {
    for row in rows().filter(|row| XOR.contains(&text(row, "id"))) {
        let (command, keys) = (command(&row), keys(&row));
        let sealed = SealedCommand::decode(Form::ShortMessage, &octets(&row, "packet")).unwrap();
        assert_eq!(sealed.open(&keys), Err(Refusal::UnknownCheck(Kid(0))));
        assert_eq!(
            command.seal(Form::ShortMessage, &keys),
            Err(Error::Packet(Refusal::UnknownCheck(Kid(0))))
        );
        let suite = Suite { cipher: Some(Cipher::TripleDes3Cbc), check: None };
        let deciphered = sealed.decipher(suite, &keys).unwrap();
        assert_eq!(deciphered.counter, command.counter);
        assert!(deciphered.data.starts_with(&command.data), "{row}");
    }
}

#[test]
fn responses_of_others_open_and_ours_are_the_same_octets() {
    let mut count = 0;
    for row in rows().filter(|row| row["kind"] == "response") {
        let (response, keys, packet) = (response(&row), keys(&row), octets(&row, "packet"));
        let (security, kic, kid, _) = header(&row);
        let protection = security.response(kic, kid);
        let sealed = SealedResponse::decode(Form::ShortMessage, &packet).unwrap();
        match row["refused"].as_str() {
            None => {
                assert_eq!(sealed.open(protection, &keys), Ok(response.clone()), "{row}");
                assert_eq!(response.seal(Form::ShortMessage, protection, &keys).unwrap(), packet, "{row}");
            }
            Some("Check") => {
                assert_eq!(sealed.open(protection, &keys), Err(Refusal::Check), "{row}");
                assert_eq!(Refusal::Check.status(), ResponseStatus::RC_CC_DS_FAILED);
            }
            Some(other) => panic!("{other}"),
        }
        count += 1;
    }
    assert_eq!(count, 17);
}

#[test]
fn packets_without_security_decode_without_keys_and_the_others_are_named() {
    for row in rows().filter(|row| row["kind"] == "command") {
        let (command, packet) = (command(&row), octets(&row, "packet"));
        let decoded = CommandPacket::decode(&packet);
        if command.security.is_secured() {
            assert_eq!(decoded, Err(Error::Secured(command.security)), "{row}");
            assert_eq!(command.encode(), Err(Error::Secured(command.security)), "{row}");
        } else {
            assert_eq!(decoded, Ok(command.clone()), "{row}");
            assert_eq!(command.encode(), Ok(packet), "{row}");
        }
    }
}

const DATA: &[u8] = b"\xA0\xA4\x00\x00\x02\x3F\x00";

/// Each `KIc` with a key that fits, and each `KID` with one.
const KIC: [(u8, usize); 7] =
    [(0x11, 8), (0x1D, 8), (0x25, 16), (0x39, 24), (0x42, 16), (0x42, 24), (0xF2, 32)];
const KID: [(u8, usize); 6] = [(0x11, 8), (0x25, 16), (0x39, 24), (0x42, 16), (0x42, 24), (0xF2, 32)];

fn key(length: usize, filling: u8) -> Key {
    let octets: Vec<u8> =
        (0..length as u8).map(|index| filling.wrapping_add(index.wrapping_mul(37))).collect();
    Key::new(&octets).unwrap()
}

prop_compose! {
    fn suite()(
        (kic, kic_length) in prop::sample::select(&KIC[..]), (kid, kid_length) in prop::sample::select(&KID[..]),
        short_checksum: bool, filling: u8
    ) -> (Kic, Kid, Keys) {
        let agreement = Agreement { short_checksum, ..Agreement::default() };
        let (ciphers, checks) = (key(kic_length, filling), key(kid_length, !filling));
        (Kic(kic), Kid(kid), Keys { agreement, ..Keys::new(ciphers, checks) })
    }
}

prop_compose! {
    fn any_command()(
        (kic, kid, keys) in suite(), spi: [u8; 2], tar: [u8; 3], counter in 0_u64..1 << 40,
        data in vec(any::<u8>(), 0..300)
    ) -> (CommandPacket, Keys) {
        // A redundancy check is named by other bits of the KID than a checksum.
        let kid = if spi[0] & 0x03 == 0x01 { Kid(kid.0 & 0xF0 | [0x01, 0x05][usize::from(tar[0] & 1)]) } else { kid };
        let (security, counter) = (SecurityParameters(spi), Counter::new(counter).unwrap());
        (CommandPacket { security, kic, kid, tar: Tar(tar), counter, data }, keys)
    }
}

fn form() -> impl Strategy<Value = Form> {
    prop_oneof![Just(Form::ShortMessage), Just(Form::Tagged)]
}

#[test]
fn every_spi_with_every_algorithm_comes_back() {
    let kids = |spi: u8| match spi & 0x03 {
        1 => &[(0x01, 8), (0x05, 8)][..],
        _ => &KID,
    };
    for (first, (kic, kic_length)) in (0..=0xFF).flat_map(|spi: u8| KIC.map(|kic| (spi, kic))) {
        for &(kid, kid_length) in kids(first) {
            let keys = Keys::new(key(kic_length, 1), key(kid_length, 2));
            let packet = CommandPacket {
                security: SecurityParameters([first, 0x39]),
                kic: Kic(kic),
                kid: Kid(kid),
                ..CommandPacket::unsecured(Tar([1, 2, 3]), 9.into(), DATA)
            };
            let sealed = packet.seal(Form::ShortMessage, &keys);
            if packet.security.integrity() == Integrity::DigitalSignature {
                assert_eq!(sealed, Err(Error::Packet(Refusal::DigitalSignature)));
                continue;
            }
            let opened = SealedCommand::decode(Form::ShortMessage, &sealed.unwrap()).unwrap().open(&keys);
            assert_eq!(opened, Ok(packet));
        }
    }
}

#[test]
fn a_message_holds_what_the_capacity_says_and_no_octet_more() {
    for (kic, kic_length) in KIC {
        for (kid, kid_length) in KID {
            for spi in [0x00, 0x02, 0x04, 0x06] {
                let keys = Keys::new(key(kic_length, 1), key(kid_length, 2));
                let (kic, kid, security) = (Kic(kic), Kid(kid), SecurityParameters([spi, 0]));
                let capacity =
                    Suite::of(security.command(kic, kid), keys.agreement).unwrap().command_capacity(1);
                let fits = |length| {
                    let command = CommandPacket::unsecured(Tar([1, 2, 3]), 9.into(), vec![0; length]);
                    let sealed =
                        CommandPacket { security, kic, kid, ..command }.seal(Form::ShortMessage, &keys);
                    let header = vec![Element::new(ElementId::COMMAND_PACKET, [])];
                    UserData::new(DataCoding::EIGHT_BIT_CLASS_2, header, sealed.unwrap()).is_ok()
                };
                assert!(fits(capacity) && !fits(capacity + 1), "{kic:?} {kid:?} {spi:02X}: {capacity}");
            }
        }
    }
}

#[test]
fn a_missing_key_or_one_that_does_not_fit_is_named() {
    let protected = |spi| CommandPacket {
        security: SecurityParameters([spi, 0]),
        kic: Kic(0x12),
        kid: Kid(0x12),
        ..CommandPacket::unsecured(Tar([1, 2, 3]), 9.into(), DATA)
    };
    let seal = |spi, keys: &Keys| protected(spi).seal(Form::ShortMessage, keys).unwrap_err();
    let keys = |kic: Option<usize>, kid: Option<usize>| Keys {
        kic: kic.map(|length| key(length, 1)),
        kid: kid.map(|length| key(length, 2)),
        ..Keys::default()
    };
    assert_eq!(seal(0x04, &keys(None, None)), Error::Packet(Refusal::NoKic));
    assert_eq!(seal(0x02, &keys(None, None)), Error::Packet(Refusal::NoKid));
    assert_eq!(seal(0x06, &keys(Some(8), Some(16))), Error::Packet(Refusal::KeyLength(8)));
    assert_eq!(seal(0x06, &keys(Some(16), Some(8))), Error::Packet(Refusal::KeyLength(8)));
    for refusal in [Refusal::NoKic, Refusal::NoKid, Refusal::KeyLength(8), Refusal::DigitalSignature] {
        assert_eq!(refusal.status(), ResponseStatus::UNIDENTIFIED_SECURITY_ERROR);
    }
}

#[test]
fn a_checksum_of_another_length_is_refused() {
    let keys = Keys::new(key(16, 1), key(16, 2));
    let agreement = Agreement { short_checksum: true, ..Agreement::default() };
    let short = Keys { agreement, ..keys.clone() };
    let packet = CommandPacket {
        security: SecurityParameters([0x02, 0]),
        kid: Kid(0x12),
        ..CommandPacket::unsecured(Tar([1, 2, 3]), 9.into(), DATA)
    };
    let sealed = packet.seal(Form::ShortMessage, &short).unwrap();
    let opened = SealedCommand::decode(Form::ShortMessage, &sealed).unwrap().open(&keys);
    assert_eq!(opened, Err(Refusal::CheckLength { found: 4, expected: 8 }));
    assert_eq!(opened.unwrap_err().status(), ResponseStatus::RC_CC_DS_FAILED);
}

#[test]
fn what_does_not_decipher_is_a_ciphering_error() {
    let keys = Keys::new(key(16, 1), key(16, 2));
    let packet = CommandPacket {
        security: SecurityParameters([0x04, 0]),
        kic: Kic(0x12),
        ..CommandPacket::unsecured(Tar([1, 2, 3]), 9.into(), DATA)
    };
    let mut octets = packet.seal(Form::ShortMessage, &keys).unwrap();
    let open = |octets: &[u8], keys: &Keys| {
        SealedCommand::decode(Form::ShortMessage, octets).unwrap().open(keys).unwrap_err()
    };
    let other = open(&octets, &Keys::new(key(16, 3), key(16, 2)));
    assert!(matches!(other, Refusal::Padding { block: 16, .. }), "{other:?}");
    assert_eq!(other.status(), ResponseStatus::CIPHERING_ERROR);
    octets.push(0);
    octets[1] += 1;
    let longer = open(&octets, &keys);
    assert_eq!(longer, Refusal::Blocks { length: 17, block: 16 });
    assert_eq!(longer.status(), ResponseStatus::CIPHERING_ERROR);
}

/// A packet with this CNTR, PCNTR and what follows, ciphered by AES and without a checksum.
fn ciphered(spi: u8, check: usize, hidden: &[u8], keys: &Keys) -> SealedCommand {
    let mut secured = hidden.to_vec();
    keys.kic.as_ref().unwrap().encipher(Cipher::AesCbc, &mut secured).unwrap();
    let header = [0x0D + check as u8, spi, 0x00, 0x12, 0x11, 0xB0, 0x00, 0x10];
    let length = (header.len() + secured.len()) as u16;
    let octets = [&length.to_be_bytes()[..], &header, &secured].concat();
    SealedCommand::decode(Form::ShortMessage, &octets).unwrap()
}

/// TS 102 225 §5.1: padding is less than a block, and no longer than what it stands behind.
#[test]
fn a_padding_counter_counts_less_than_a_block_and_no_more_than_the_data() {
    let keys = Keys::new(key(16, 1), key(8, 2));
    for (data, most) in [(10, 10), (26, 15)] {
        for padding in 0..=0xFF {
            let hidden = [&[0, 0, 0, 0, 1, padding], &*vec![0x5A; data]].concat();
            let opened = ciphered(0x04, 0, &hidden, &keys).open(&keys).map(|packet| packet.data.len());
            match usize::from(padding) {
                octets if octets <= most => assert_eq!(opened, Ok(data - octets)),
                _ => assert_eq!(opened, Err(Refusal::Padding { padding, block: 16 })),
            }
        }
    }
}

#[test]
fn a_wrong_checksum_is_told_before_a_wrong_padding_counter() {
    let keys = Keys::new(key(16, 1), key(8, 2));
    let hidden = [&[0, 0, 0, 0, 1, 0xFF][..], &[0; 8], &[0x5A; 2]].concat();
    assert_eq!(ciphered(0x06, 8, &hidden, &keys).open(&keys), Err(Refusal::Check));
}

/// CRC-32 by zlib over the octets around it; over `02 71 00` as well in the response of a short message
/// (TS 31.115 §4.3).
#[test]
fn the_check_of_a_packet_covers_what_stands_before_its_header_as_its_form_says() {
    let none = Keys::default();
    let kid = Kid(0x05);
    let command = CommandPacket {
        security: SecurityParameters([0x01, 0x00]),
        kid,
        ..CommandPacket::unsecured(Tar([0xB0, 0, 0x10]), 1.into(), vec![0xAA, 0xBB])
    };
    let sealed = command.seal(Form::Tagged, &none).unwrap();
    assert_eq!(hex::encode_upper(&sealed), "01141101000005B00010000000000100C6ABA119AABB");
    let protection = SecurityParameters([0x01, 0x04]).response(Kic(0), kid);
    let (tar, status) = (Tar([0xB0, 0, 0x10]), ResponseStatus::POR_OK);
    let response = ResponsePacket { tar, counter: 1.into(), status, data: vec![0x90, 0x00] };
    let sealed = |form| hex::encode_upper(response.seal(form, protection, &none).unwrap());
    assert_eq!(sealed(Form::Tagged), "02110EB0001000000000010000616F187A9000");
    assert_eq!(sealed(Form::ShortMessage), "00110EB00010000000000100009FE70BF29000");
}

/// TS 102 225 §5.2, table of the response status codes.
#[test]
fn each_refusal_has_the_status_that_the_sender_is_told() {
    let wire = SealedCommand::decode(Form::ShortMessage, &[]).unwrap_err();
    for (refusal, status) in [
        (Refusal::Check, 0x01),
        (Refusal::CheckLength { found: 4, expected: 8 }, 0x01),
        (Refusal::CounterLow, 0x02),
        (Refusal::CounterHigh, 0x03),
        (Refusal::CounterBlocked, 0x04),
        (Refusal::Blocks { length: 9, block: 8 }, 0x05),
        (Refusal::Padding { padding: 8, block: 8 }, 0x05),
        (Refusal::Wire(wire), 0x06),
        (Refusal::DigitalSignature, 0x06),
        (Refusal::UnknownCipher(Kic(0)), 0x06),
        (Refusal::UnknownCheck(Kid(0)), 0x06),
        (Refusal::NoKic, 0x06),
        (Refusal::NoKid, 0x06),
        (Refusal::KeyLength(8), 0x06),
    ] {
        assert_eq!(refusal.status(), ResponseStatus(status), "{refusal:?}");
    }
}

#[test]
fn a_packet_by_itself_begins_with_its_identifier_and_has_lengths_as_in_ber() {
    let command = CommandPacket::unsecured(Tar([0xB0, 0, 0x10]), 1.into(), vec![0x5A; 200]);
    let octets = command.seal(Form::Tagged, &Keys::default()).unwrap();
    assert_eq!(octets[..4], [0x01, 0x81, 1 + 13 + 200, 0x0D]);
    let protection = SecurityParameters([0, 0]).response(Kic(0), Kid(0));
    let response = ResponsePacket {
        tar: Tar([0xB0, 0, 0x10]),
        counter: 1.into(),
        status: ResponseStatus::POR_OK,
        data: vec![0x90, 0x00],
    };
    let octets = response.seal(Form::Tagged, protection, &Keys::default()).unwrap();
    assert_eq!(octets, *b"\x02\x0D\x0A\xB0\x00\x10\x00\x00\x00\x00\x01\x00\x00\x90\x00");
    assert!(SealedCommand::decode(Form::Tagged, &octets).is_err());
    assert_eq!(SealedResponse::decode(Form::Tagged, &octets).unwrap().open_unsecured(), Ok(response));
}

proptest! {
    #[test]
    fn commands_survive(form in form(), (packet, keys) in any_command()) {
        match packet.seal(form, &keys) {
            Ok(octets) => {
                let sealed = SealedCommand::decode(form, &octets).unwrap();
                prop_assert_eq!(sealed.protection(), packet.protection());
                prop_assert_eq!(sealed.open(&keys), Ok(packet));
            }
            Err(error) => {
                prop_assert_eq!(packet.security.integrity(), Integrity::DigitalSignature);
                prop_assert_eq!(error, Error::Packet(Refusal::DigitalSignature));
            }
        }
    }

    #[test]
    fn responses_survive(form in form(), (command, keys) in any_command(), status: u8) {
        let CommandPacket { security, kic, kid, tar, counter, data } = command;
        let integrity = match security.receipt_integrity() {
            Integrity::DigitalSignature | Integrity::RedundancyCheck => Integrity::CryptographicChecksum,
            other => other,
        };
        // The KID may be one of a redundancy check; then there is no such checksum.
        let kid = if security.integrity() == Integrity::RedundancyCheck { Kid(0x12) } else { kid };
        let protection = Protection { integrity, ..security.response(kic, kid) };
        let response = ResponsePacket { tar, counter, status: ResponseStatus(status), data };
        let Ok(octets) = response.seal(form, protection, &keys) else {
            prop_assert!(security.integrity() == Integrity::RedundancyCheck);
            return Ok(());
        };
        let sealed = SealedResponse::decode(form, &octets).unwrap();
        prop_assert_eq!(sealed.open(protection, &keys), Ok(response));
    }

    #[test]
    fn a_flipped_bit_never_opens_under_a_checksum(
        form in form(), (mut packet, keys) in any_command(), bit: prop::sample::Index
    ) {
        packet.security.0[0] = packet.security.0[0] & !0x03 | 0x02;
        packet.kid = if packet.kid.0 & 0x0F == 0x01 || packet.kid.0 & 0x0F == 0x05 { Kid(0x12) } else { packet.kid };
        let Ok(mut octets) = packet.seal(form, &keys) else { return Ok(()) };
        let bit = bit.index(octets.len() * 8);
        octets[bit / 8] ^= 1 << (bit % 8);
        // Who takes the SPI from the packet has to hold it to a minimum; that a checksum is asked for is one.
        if let Ok(sealed) = SealedCommand::decode(form, &octets)
            && sealed.security.integrity() == Integrity::CryptographicChecksum
        {
            prop_assert!(sealed.open(&keys).is_err(), "bit {bit} of {}", hex::encode(&octets));
        }
    }

    #[test]
    fn any_octets_open_or_are_refused(
        form in form(), octets in vec(any::<u8>(), 0..80), lengths: bool, (command, keys) in any_command()
    ) {
        let mut octets = octets;
        if lengths && octets.len() > 20 {
            let length = octets.len() as u8;
            match form {
                Form::ShortMessage => octets[..3].copy_from_slice(&[0, length - 2, 0x15]),
                Form::Tagged => octets[..3].copy_from_slice(&[1, length - 2, 0x15]),
            }
        }
        if let Ok(sealed) = SealedCommand::decode(form, &octets)
            && let Ok(packet) = sealed.open(&keys)
        {
            prop_assert!(packet.data.len() < octets.len());
        }
        if let Ok(sealed) = SealedResponse::decode(form, &octets) {
            let _ = sealed.open_unsecured();
            let _ = sealed.open(command.security.response(command.kic, command.kid), &keys);
        }
    }
}
