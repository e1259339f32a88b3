//! Where a command has several fields with the same tag, the order says which one an object is.

use oxisim_toolkit::{Command, Proactive, command::OpenChannel, objects::OtherAddress};
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn the_address_behind_the_transport_level_is_the_destination() {
    let mut seen = 0;
    for bytes in commands("open_channel/") {
        let channel = open_channel(&bytes);
        assert_eq!(channel.local, None);
        assert_eq!(octets(channel.destination.as_ref()), [0x21, 1, 1, 1, 1]);
        seen += 1;
    }
    assert_eq!(seen, 5);
}

#[test]
fn the_address_before_the_transport_level_is_the_local_one() {
    let bytes = hex::decode("D01C810301400182028182350103390205783E0521010101013C0301AD9C");
    let channel = open_channel(&bytes.unwrap());
    assert_eq!(octets(channel.local.as_ref()), [0x21, 1, 1, 1, 1]);
    assert_eq!(channel.destination, None);
}

/// Rows of the conformance sequences whose names begin with `prefix`.
fn commands(prefix: &str) -> impl Iterator<Item = Vec<u8>> {
    let rows = include_str!("vectors/ofono_stk.jsonl").lines();
    let rows = rows.map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.filter(move |row| row["id"].as_str().is_some_and(|id| id.starts_with(prefix)))
        .map(|row| hex::decode(row["hex"].as_str().unwrap()).unwrap())
}

fn open_channel(bytes: &[u8]) -> OpenChannel {
    match Command::decode(bytes).unwrap().body {
        Proactive::OpenChannel(channel) => channel,
        other => panic!("{other:?}"),
    }
}

fn octets(address: Option<&OtherAddress>) -> Vec<u8> {
    address.map(oxisim_wire::Wire::encode).unwrap_or_default()
}

proptest! {
    #[test]
    fn objects_in_any_order_are_written_as_they_were_read(
        order in Just(OBJECTS.to_vec()).prop_shuffle(), count in 0..=OBJECTS.len(),
    ) {
        let mut objects = hex::decode("810301400182028182").unwrap();
        objects.extend(hex::decode("390205783501033C0301AD9C").unwrap());
        for object in &order[..count] {
            objects.extend(hex::decode(object).unwrap());
        }
        let mut bytes = vec![0xD0, objects.len() as u8];
        bytes.extend(objects);
        if let Ok(command) = Command::decode(&bytes) {
            prop_assert_eq!(command.encode(), bytes);
        }
    }
}

/// Two of each object of which OPEN CHANNEL has two, told apart by their octets, and one that comes alone.
const OBJECTS: [&str; 7] =
    ["3E052101010101", "3E052102020202", "0D020431", "0D020432", "04020101", "04020102", "4703026162"];
