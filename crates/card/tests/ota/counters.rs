//! No packet has its effect twice, whatever happens (TS 102 225 §5.1.4).

use oxisim_card::{Card, path};
use oxisim_sms::packet::ResponseStatus;

use crate::platform::{Platform, image, image_with};

/// The first octet of `EF_SPN` becomes this.
const UPDATE: &str = "00A4000C026F46 00D600000141";

#[test]
fn a_packet_that_was_accepted_is_refused_after_a_reset() {
    let mut platform = Platform::new();
    let packet = platform.seal(UPDATE);
    let answer = platform.deliver(&packet);
    assert_eq!(platform.receipt(&answer).unwrap().status, ResponseStatus::POR_OK);
    platform.reset();
    let answer = platform.deliver(&packet);
    assert_eq!(platform.receipt(&answer).unwrap().status, ResponseStatus::CNTR_LOW);
}

#[test]
fn a_packet_that_was_accepted_is_refused_by_the_card_with_the_same_memory() {
    let mut platform = Platform::new();
    let packet = platform.seal(UPDATE);
    platform.deliver(&packet);
    let objects: Vec<_> =
        platform.card.memory().objects().map(|(name, octets)| (name.to_owned(), octets.to_vec())).collect();
    let mut card = Card::from_image(&image()).unwrap();
    card.restore(objects.iter().map(|(name, octets)| (&**name, Some(&**octets)))).unwrap();
    card.power_on(oxisim_wire::Instant::EPOCH);
    platform.card = card;
    let answer = platform.deliver(&packet);
    assert_eq!(platform.receipt(&answer).unwrap().status, ResponseStatus::CNTR_LOW);
}

/// Power is lost at each write of a packet that appends a record to a cyclic file: the record is there once at most.
#[test]
fn a_packet_whose_execution_was_torn_is_not_carried_out_again() {
    let increase = "00A4000C026F39 80320000030000 01".replace(' ', "");
    let total = {
        let mut platform = Platform::of(with_meter());
        let packet = platform.seal(&increase);
        let before = platform.card.memory().writes();
        let answer = platform.deliver(&packet);
        assert_eq!(platform.receipt(&answer).unwrap().data[..2], [2, 0x61]);
        platform.card.memory().writes() - before
    };
    assert!(total > 2, "the counter and the file: {total}");
    let mut done = Vec::new();
    for writes in 0..total {
        let mut platform = Platform::of(with_meter());
        let packet = platform.seal(&increase);
        platform.card.memory_mut().tear_after(Some(writes));
        assert_eq!(platform.deliver(&packet), "6F00");
        platform.card.memory_mut().tear_after(None);
        platform.reset();
        let after_tear = meter(&mut platform);
        let answer = platform.deliver(&packet);
        let status = platform.receipt(&answer).unwrap().status;
        let again = meter(&mut platform);
        match status {
            // The counter had not been kept, and nothing had come of the packet.
            ResponseStatus::POR_OK => assert_eq!((after_tear, again), (0, 1), "torn after {writes}"),
            ResponseStatus::CNTR_LOW => assert_eq!(again, after_tear, "torn after {writes}"),
            other => panic!("{other:?}"),
        }
        assert!(again <= 1);
        done.push((status, again));
    }
    assert!(done.contains(&(ResponseStatus::POR_OK, 1)), "{done:?}");
    assert!(done.contains(&(ResponseStatus::CNTR_LOW, 0)), "consumed, and not carried out: {done:?}");
}

/// A card whose call meter is at zero.
fn with_meter() -> Card {
    let mut card = Card::from_image(&image()).unwrap();
    let mut files = card.files();
    let file = files.find(path::EF_ACM).unwrap();
    for _ in 0..files.record_count(file).unwrap() {
        files.update_record(file, 1, &[0, 0, 0]).unwrap();
    }
    card
}

fn meter(platform: &mut Platform) -> u8 {
    let files = platform.card.files();
    let file = files.find(path::EF_ACM).unwrap();
    files.read_record(file, 1).unwrap()[2]
}

#[test]
fn a_counter_is_that_of_its_key_set() {
    let mut platform = Platform::new();
    platform.packet.counter = 50.into();
    assert_eq!(platform.send(UPDATE).status, ResponseStatus::POR_OK);
    let mut aes = Platform::of(platform.card).with_aes();
    assert_eq!(aes.send(UPDATE).status, ResponseStatus::POR_OK, "counter 1");
}

#[test]
fn a_packet_that_is_refused_leaves_the_counter() {
    let mut platform = Platform::new();
    platform.packet.counter = 1000.into();
    let mut packet = platform.seal(UPDATE);
    let last = packet.len() - 1;
    packet[last] ^= 0x80;
    platform.deliver(&packet);
    platform.packet.counter = 0.into();
    assert_eq!(platform.send(UPDATE).status, ResponseStatus::POR_OK);
}

#[test]
fn a_card_that_is_made_with_a_counter_goes_on_from_it() {
    let mut image = image();
    image.key_sets[0].counter = 7.into();
    let mut platform = Platform::of(Card::from_image(&image).unwrap());
    platform.packet.counter = 6.into();
    assert_eq!(platform.send(UPDATE).status, ResponseStatus::CNTR_LOW);
    assert_eq!(platform.send(UPDATE).status, ResponseStatus::POR_OK);
}

/// Without a checksum the counter is that of the key set that ciphers, and apart from what has one.
#[test]
fn the_counters_of_packets_that_are_ciphered_only_stand_apart() {
    let mut platform = Platform::of(Card::from_image(&image_with(0)).unwrap());
    platform.spi([0x14, 0x01]);
    platform.packet.counter = 50.into();
    let packet = platform.seal(UPDATE);
    let answer = platform.deliver(&packet);
    assert_eq!(platform.receipt(&answer).unwrap().status, ResponseStatus::POR_OK);
    platform.reset();
    let answer = platform.deliver(&packet);
    assert_eq!(platform.receipt(&answer).unwrap().status, ResponseStatus::CNTR_LOW);
    let mut aes = Platform::of(platform.card).with_aes();
    aes.spi([0x14, 0x01]);
    assert_eq!(aes.send(UPDATE).status, ResponseStatus::POR_OK, "of another key set, counter 1");
    let mut checked = Platform::of(aes.card);
    assert_eq!(checked.send(UPDATE).status, ResponseStatus::POR_OK, "with a checksum, counter 1");
}
