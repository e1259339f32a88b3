//! `oxisim fuzz` on a card in a reader: it drives it, and leaves it as it was.

use oxisim_apdu::danger;
use serde_json::Value;

use crate::Session;

#[test]
fn a_card_in_a_reader_is_tried_and_left_as_it_was() {
    let script = r#"
        cd "$FOLDER"
        insert 0 --contacts "$CONTACTS" --trace card.jsonl
        "$OXISIM" phonebook read --reader "00 00" before.vcf > /dev/null
        "$OXISIM" fuzz --reader "00 00" --sequences 20 --json
        "$OXISIM" phonebook read --reader "00 00" after.vcf > /dev/null
        cmp before.vcf after.vcf && echo "the same contacts"
        remove 0
        cat card.jsonl
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&["\"sequences\":20", "\"found\":null", "the same contacts"]);
    let records = session.output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let commands: Vec<Vec<u8>> = records
        .filter_map(|record| Some(hex::decode(record["command"].as_str()?).expect("octets")))
        .collect();
    assert!(commands.len() > 20 * 20, "{} commands have come to the card", commands.len());
    for command in commands {
        assert_eq!(danger(&command), None, "{command:02X?}");
    }
}
