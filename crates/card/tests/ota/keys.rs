//! Keys are replaced over the air (TS 102 226 §8.2.1.5).

use oxisim_card::{Card, KeyType, RemoteApplication, TypedKey};
use oxisim_sms::packet::{Cipher, Key, Kic, Kid, ResponseStatus};

use crate::platform::{AES, FILES, Platform, TRIPLE_DES, image, image_with, keys};

const NEW: [[u8; 16]; 3] = [[0x71; 16], [0x72; 16], [0x73; 16]];

fn issuer() -> Platform {
    Platform::new().to(RemoteApplication::ISSUER)
}

/// A key as PUT KEY has it, encrypted with KIK of triple DES or of AES.
fn block(kind: KeyType, key: &[u8], kik: &[u8], with: Cipher) -> String {
    let typed = TypedKey::new(kind, key).unwrap();
    let check_value = typed.key.check_value(typed.cipher()).unwrap();
    let mut octets = key.to_vec();
    octets.resize(octets.len().next_multiple_of(with.block()), 0);
    Key::new(kik).unwrap().encipher(with, &mut octets).unwrap();
    if kind == KeyType::AES {
        octets.insert(0, key.len() as u8);
    }
    let (length, octets) = (octets.len(), hex::encode(octets));
    format!("{:02X}{length:02X}{octets}03{}", kind.0, hex::encode(check_value))
}

/// PUT KEY of three keys, under KIK of key set 1.
fn put(p1: u8, version: u8, kind: KeyType, new: &[[u8; 16]; 3]) -> String {
    let blocks: String =
        new.iter().map(|key| block(kind, key, &TRIPLE_DES[2], Cipher::TripleDes2Ecb)).collect();
    command(p1, 0x81, version, &blocks)
}

fn command(p1: u8, p2: u8, version: u8, blocks: &str) -> String {
    format!("80D8{p1:02X}{p2:02X}{:02X}{version:02X}{blocks}", 1 + blocks.len() / 2)
}

/// The same platform with the new keys, as key set `version`.
fn with_new(platform: Platform, version: u8, algorithm: u8) -> Platform {
    let mut platform = Platform::of(platform.card);
    platform.keys = keys(&NEW[0], &NEW[1]);
    (platform.packet.kic, platform.packet.kid) =
        (Kic(version << 4 | algorithm), Kid(version << 4 | algorithm));
    platform.packet.tar = FILES;
    platform
}

fn select(platform: &mut Platform) -> ResponseStatus {
    let packet = platform.seal("00A4000C026F46");
    let answer = platform.deliver(&packet);
    match platform.receipt(&answer) {
        Ok(receipt) => receipt.status,
        Err(_) => ResponseStatus::UNIDENTIFIED_SECURITY_ERROR,
    }
}

#[test]
fn a_key_set_is_added() {
    for (kind, algorithm) in [(KeyType::DES, 0x05), (KeyType::AES, 0x02)] {
        let mut platform = issuer();
        assert_eq!(platform.script(&put(0, 5, kind, &NEW))[..4], *"0161");
        let mut new = with_new(platform, 5, algorithm);
        assert_eq!(select(&mut new), ResponseStatus::POR_OK);
        let mut old = Platform::of(new.card);
        old.packet.counter = 10.into();
        assert_eq!(select(&mut old), ResponseStatus::POR_OK);
    }
}

#[test]
fn a_key_set_is_replaced_by_a_packet_that_it_has_secured() {
    let mut platform = issuer();
    platform.packet.counter = 77.into();
    // The receipt is secured with the keys of the command.
    assert_eq!(platform.script(&put(1, 1, KeyType::DES, &NEW))[..4], *"0161");
    let mut new = with_new(platform, 1, 5);
    assert_eq!(select(&mut new), ResponseStatus::POR_OK, "the counter has begun anew");
    let mut old = Platform::of(new.card);
    old.packet.counter = 100.into();
    assert_ne!(select(&mut old), ResponseStatus::POR_OK);
}

#[test]
fn a_key_set_gets_another_number() {
    let mut platform = issuer();
    assert_eq!(platform.script(&put(1, 9, KeyType::DES, &NEW))[..4], *"0161");
    let mut new = with_new(platform, 9, 5);
    assert_eq!(select(&mut new), ResponseStatus::POR_OK);
    assert_eq!(select(&mut Platform::of(new.card)), ResponseStatus::UNIDENTIFIED_SECURITY_ERROR);
}

#[test]
fn the_answer_has_the_check_values() {
    let mut platform = issuer();
    let answer = platform.script(&format!("{} 80C0000000", put(0, 5, KeyType::DES, &NEW)));
    let check_values: String = NEW
        .iter()
        .map(|key| hex::encode_upper(Key::new(key).unwrap().check_value(Cipher::TripleDes2Cbc).unwrap()))
        .collect();
    assert_eq!(answer, format!("02900005{check_values}"));
}

#[test]
fn aes_encrypts_keys_with_aes() {
    let mut platform = issuer().with_aes();
    let blocks: String = NEW.iter().map(|key| block(KeyType::AES, key, &AES[2], Cipher::AesCbc)).collect();
    assert_eq!(platform.script(&command(2, 0x81, 2, &blocks))[..4], *"0161");
    assert_eq!(select(&mut with_new(platform, 2, 2)), ResponseStatus::POR_OK);
}

#[test]
fn one_key_of_a_set_is_replaced() {
    let mut platform = issuer();
    let kid = block(KeyType::DES, &NEW[1], &TRIPLE_DES[2], Cipher::TripleDes2Ecb);
    assert_eq!(platform.script(&command(1, 0x02, 1, &kid))[..4], *"0161");
    let mut platform = Platform::of(platform.card);
    assert_ne!(select(&mut platform), ResponseStatus::POR_OK);
    platform.keys = keys(&TRIPLE_DES[0], &NEW[1]);
    assert_eq!(select(&mut platform), ResponseStatus::POR_OK);
}

/// The checksum says who has sent a packet: as long as its key is the same, so are the packets that have come.
#[test]
fn while_the_key_of_the_checksum_stays_no_packet_works_twice() {
    let sealed = |index: usize| block(KeyType::DES, &NEW[index], &TRIPLE_DES[2], Cipher::TripleDes2Ecb);
    let same = block(KeyType::DES, &TRIPLE_DES[1], &TRIPLE_DES[2], Cipher::TripleDes2Ecb);
    let (kic, kik) = (sealed(0), sealed(2));
    for (version, command) in [
        (1, command(1, 0x01, 1, &kic)),
        (1, command(1, 0x03, 1, &kik)),
        (1, command(1, 0x81, 1, &[&*kic, &same, &kik].concat())),
        (9, command(1, 0x81, 9, &[&*kic, &same, &kik].concat())),
    ] {
        let mut platform = issuer();
        platform.spi([0x12, 0x09]);
        assert_eq!(platform.script(&command)[..4], *"0161");
        platform.packet.kid = Kid(version << 4 | 5);
        let next = platform.packet.counter.next().unwrap();
        platform.packet.counter = 0.into();
        assert_eq!(platform.send("80CA00E000").status, ResponseStatus::CNTR_LOW, "{command}");
        platform.packet.counter = next;
        assert_eq!(platform.send("80CA00E000").status, ResponseStatus::POR_OK, "{command}");
    }
}

/// Of packets that are ciphered only, `KIc` is what the counter is of.
#[test]
fn without_a_checksum_the_counter_lasts_as_long_as_kic() {
    let sealed = |key: &[u8; 16]| block(KeyType::DES, key, &TRIPLE_DES[2], Cipher::TripleDes2Ecb);
    for (command, key, status) in [
        (command(1, 0x01, 1, &sealed(&NEW[0])), NEW[0], ResponseStatus::POR_OK),
        (command(1, 0x02, 1, &sealed(&NEW[1])), TRIPLE_DES[0], ResponseStatus::CNTR_LOW),
    ] {
        let mut platform = Platform::of(Card::from_image(&image_with(0)).unwrap());
        platform.spi([0x14, 0x01]);
        platform.packet.counter = 70.into();
        assert_eq!(select(&mut platform), ResponseStatus::POR_OK);
        let mut platform = Platform::of(platform.card).to(RemoteApplication::ISSUER);
        platform.spi([0x12, 0x01]);
        assert_eq!(platform.script(&command)[..4], *"0161");
        let mut platform = Platform::of(platform.card);
        platform.keys = keys(&key, &TRIPLE_DES[1]);
        platform.spi([0x14, 0x01]);
        assert_eq!(select(&mut platform), status, "{command}");
    }
}

#[test]
fn what_is_wrong_with_new_keys_leaves_the_old_ones() {
    let good = put(1, 1, KeyType::DES, &NEW);
    let mut other_check_value = good.clone();
    other_check_value.replace_range(good.len() - 2.., if good.ends_with("00") { "01" } else { "00" });
    let under_another = NEW
        .iter()
        .map(|key| block(KeyType::DES, key, &[0x55; 16], Cipher::TripleDes2Ecb))
        .collect::<String>();
    let without_check_value = good[..good.len() - 8].to_owned() + "00";
    let without_check_value = format!(
        "{}{:02X}{}",
        &without_check_value[..8],
        without_check_value.len() / 2 - 5,
        &without_check_value[10..]
    );
    for (command, answer) in [
        (other_check_value, "6A80"),
        (command(1, 0x81, 1, &under_another), "6A80"),
        (without_check_value, "6A80"),
        (put(1, 0x10, KeyType::DES, &NEW), "6A80"),
        (put(1, 0, KeyType::DES, &NEW), "6A80"),
        (put(7, 7, KeyType::DES, &NEW), "6A88"),
        (put(0, 2, KeyType::DES, &NEW), "6985"),
        (put(1, 2, KeyType::DES, &NEW), "6985"),
        (command(1, 0x81, 1, ""), "6A80"),
        (command(1, 0x05, 1, ""), "6A86"),
        (command(0, 0x01, 5, ""), "6A86"),
    ] {
        let mut platform = issuer();
        assert_eq!(platform.script(&command), format!("01{answer}"), "{command}");
        let mut platform = Platform::of(platform.card);
        platform.packet.counter = 5.into();
        assert_eq!(select(&mut platform), ResponseStatus::POR_OK);
    }
}

#[test]
fn without_kik_no_key_is_put() {
    let mut image = image();
    image.key_sets[0].kik = None;
    let mut platform = Platform::of(Card::from_image(&image).unwrap()).to(RemoteApplication::ISSUER);
    assert_eq!(platform.script(&put(1, 1, KeyType::DES, &NEW)), "016985");
}

#[test]
fn without_a_checksum_no_key_is_put() {
    let card = Card::from_image(&image_with(0)).unwrap();
    let mut platform = Platform::of(card).to(RemoteApplication::ISSUER);
    platform.spi([0x04, 0x01]);
    assert_eq!(platform.script(&put(1, 1, KeyType::DES, &NEW)), "016985");
}

/// Power is lost at each write of PUT KEY: the card has the old keys or the new ones, whole, with a counter that fits.
#[test]
fn torn_at_any_write_the_card_has_one_key_set_or_the_other() {
    let command = put(1, 1, KeyType::DES, &NEW);
    let total = {
        let mut platform = issuer();
        let before = platform.card.memory().writes();
        platform.script(&command);
        platform.card.memory().writes() - before
    };
    let mut replaced = Vec::new();
    for writes in 0..total {
        let mut platform = issuer();
        platform.packet.counter = 40.into();
        let packet = platform.seal(&command);
        platform.card.memory_mut().tear_after(Some(writes));
        assert_eq!(platform.deliver(&packet), "6F00");
        platform.card.memory_mut().tear_after(None);
        platform.reset();
        let answer = platform.deliver(&packet);
        let was_accepted = platform.receipt(&answer).is_ok_and(|it| it.status == ResponseStatus::POR_OK);
        let mut new = with_new(platform, 1, 5);
        let has_new = select(&mut new) == ResponseStatus::POR_OK;
        let mut old = Platform::of(new.card);
        old.packet.counter = 50.into();
        let has_old = select(&mut old) == ResponseStatus::POR_OK;
        assert!(has_new != has_old, "torn after {writes}");
        assert_eq!(was_accepted, has_new, "torn after {writes}: all comes of an accepted packet");
        replaced.push(has_new);
    }
    assert!(replaced.contains(&true) && replaced.contains(&false), "{replaced:?}");
}

#[test]
fn new_keys_are_there_after_a_reset_and_in_the_memory_that_is_kept() {
    let mut platform = issuer();
    platform.script(&put(0, 5, KeyType::AES, &NEW));
    platform.reset();
    let objects: Vec<_> =
        platform.card.memory().objects().map(|(name, octets)| (name.to_owned(), octets.to_vec())).collect();
    let mut card = Card::from_image(&image()).unwrap();
    card.restore(objects.iter().map(|(name, octets)| (&**name, Some(&**octets)))).unwrap();
    platform.card = card;
    assert_eq!(select(&mut with_new(platform, 5, 2)), ResponseStatus::POR_OK);
}

#[test]
fn key_sets_that_make_no_sense_are_not_put_back() {
    let mut card = Card::from_image(&image()).unwrap();
    for octets in [&[1][..], &[0x10, 0x80, 8], &[1, 0x80, 16, 1, 2, 3]] {
        assert!(card.restore([("ota/keys", Some(octets))]).is_err(), "{octets:02X?}");
    }
    assert!(card.restore([("ota/counters", Some(&[0; 79][..]))]).is_err());
    assert!(card.restore([("ota/ciphered", Some(&[0; 79][..]))]).is_err());
}

#[test]
fn the_key_information_template_tells_of_keys_and_not_which() {
    let mut platform = issuer();
    let answer = platform.script("80CA00E000");
    let of_set = |version: u8, kind: &str| {
        let object = |number: u8| format!("C004{number:02X}{version:02X}{kind}10");
        [1, 2, 3].map(object).concat()
    };
    assert_eq!(answer, format!("019000E024{}{}", of_set(1, "80"), of_set(2, "88")));
}

#[test]
fn an_image_with_key_sets_that_packets_cannot_name_is_none() {
    for versions in [[0, 1], [16, 1], [3, 3]] {
        let mut image = image();
        for (set, version) in image.key_sets.iter_mut().zip(versions) {
            set.version = version;
        }
        assert!(Card::from_image(&image).is_err(), "{versions:?}");
    }
}
