//! The bits of the terminal profile stand where others have them: Wireshark's dissector of TERMINAL PROFILE and the
//! constants of `uicc.toolkit.TerminalProfile`.

use oxisim_toolkit::{CommandType, Facility, Quantity, TerminalProfile};
use serde_json::Value;

/// Facilities of GSM 11.14 that the later standards left without a name of their own.
const OF_GSM: &[Facility] =
    &[Facility::CallControlCellIdentity, Facility::AlphaHandling, Facility::BcchChannelList];

#[test]
fn every_named_bit_is_a_facility_and_every_number_a_quantity() {
    let rows = rows(include_str!("vectors/terminal_profile.jsonl"));
    for row in &rows {
        let place = (octet(&row["octet"]), octet(&row["bit"]));
        let found = match octet(&row["bits"]) {
            1 => Facility::ALL.iter().any(|facility| facility.place() == place),
            bits => Quantity::ALL.iter().any(|quantity| quantity.place() == (place.0, place.1, bits)),
        };
        assert!(found, "{row}");
    }
    let others = Facility::ALL.iter().filter(|facility| {
        let (octet, bit) = facility.place();
        rows.iter().all(|row| row["octet"] != octet || row["bit"] != bit)
    });
    assert!(others.eq(OF_GSM));
}

#[test]
fn every_command_depends_on_the_bits_of_the_standard() {
    let rows = rows(include_str!("vectors/command_types.jsonl"));
    assert_eq!(rows.len(), 44);
    for row in rows {
        let kind = CommandType(octet(&row["type"]));
        for place in row["profile"].as_array().unwrap() {
            let place = (octet(&place[0]), octet(&place[1]));
            let facility = *Facility::ALL.iter().find(|facility| facility.place() == place).unwrap();
            assert!(TerminalProfile::with(&[facility]).performs(kind), "{row}");
            let others: Vec<_> = Facility::ALL.iter().copied().filter(|other| *other != facility).collect();
            let alone = Facility::of_command(kind).len() == 1;
            assert_eq!(TerminalProfile::with(&others).performs(kind), !alone, "{row}");
        }
    }
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn octet(value: &Value) -> u8 {
    u8::try_from(value.as_u64().unwrap()).unwrap()
}
