//! Every row of `tests/vectors/phonebook.jsonl`: octets and meanings that others wrote.

use oxisim_phonebook::{
    AlphaIdentifier, CardFiles,
    pbr::PhonebookReference,
    record::{AdnRecord, Ext1Record, Extension},
};
use oxisim_wire::bcd;
use serde_json::Value;

const ROWS: &str = include_str!("vectors/phonebook.jsonl");

/// Rows of which we do something else, and why.
const EXCEPTIONS: &[(&str, &str)] = &[(
    "aosp-adn/too_short",
    "a record shorter than its mandatory octets is an error that says so, not an empty entry",
)];

/// Rows that we would write in another way, and why.
const NOT_WRITTEN: &[(&str, &str)] = &[
    ("aosp-adn/len_too_long", "the length octet is wrong: we write that there is no number"),
    ("aosp-adn/one_digit", "octets beyond the number hold digits: we write FF"),
];

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_else(|| panic!("{row} has {field}"))
}

fn octets(row: &Value, field: &str) -> Vec<u8> {
    hex::decode(text(row, field)).unwrap()
}

fn is_in(list: &[(&str, &str)], id: &str) -> bool {
    list.iter().any(|(exception, _)| *exception == id)
}

#[test]
fn every_row_means_to_us_what_it_means_to_its_source() {
    let mut walked = 0;
    for line in ROWS.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let id = text(&row, "id");
        walked += 1;
        if is_in(EXCEPTIONS, id) {
            assert!(AdnRecord::decode(&octets(&row, "hex")).is_err(), "{id} is no exception any more");
            continue;
        }
        match text(&row, "kind") {
            "alpha_identifier" => alpha_identifier(id, &row),
            "EF_ADN record" | "EF_MSISDN number part" | "EF_MSISDN record" => adn_record(id, &row),
            "EF_EXT1 record" => ext1_record(id, &row),
            "EF_ADN record with EF_EXT1" => extended_number(id, &row),
            "bcd_semi_octet" => {
                let digits = bcd::unpack(&octets(&row, "hex"));
                assert_eq!(bcd::to_dialling(&digits), text(&row, "expect"), "{id}");
                assert_eq!(bcd::pack(&digits), octets(&row, "hex"), "{id}");
            }
            "EF_PBR record" => phonebook_reference(id, &row),
            other => panic!("{id}: kind {other}"),
        }
    }
    assert_eq!(walked, 61);
}

fn alpha_identifier(id: &str, row: &Value) {
    let octets = octets(row, "hex");
    let alpha = AlphaIdentifier::from_field(&octets);
    let Some(expected) = row["text"].as_str() else {
        assert!(alpha.text().contains('\u{FFFD}'), "{id}");
        return;
    };
    assert_eq!(alpha.text(), expected, "{id}");
    let fitted = AlphaIdentifier::fit(expected, octets.len());
    let emoji: String = expected.chars().filter(|&c| c > '\u{FFFF}').collect();
    assert_eq!(fitted.dropped.unwrap_or_default(), emoji, "{id}");
    assert_eq!(fitted.cut, None, "{id}: our coding is longer");
    if fitted.alpha.octets().first() == alpha.octets().first() && emoji.is_empty() {
        assert_eq!(fitted.alpha, alpha, "{id}");
    }
}

fn adn_record(id: &str, row: &Value) {
    let octets = octets(row, "hex");
    let record = AdnRecord::decode(&octets).unwrap();
    let shown = record.as_ref().map(|record| {
        (record.alpha.text(), record.number.as_ref().map(ToString::to_string).unwrap_or_default())
    });
    let (alpha, number) = shown.unwrap_or_default();
    let expect = &row["expect"];
    if let Some(expected) = expect.as_str().or_else(|| expect["number"].as_str()) {
        assert_eq!(number, expected.replace(',', "p"), "{id}");
        assert_eq!(alpha, expect["alpha"].as_str().unwrap_or_default(), "{id}");
    }
    if let (Some(toa), Some(record)) = (expect["toa"].as_str(), &record) {
        let ton_npi = record.number.as_ref().map(|number| format!("{:02X}", number.ton_npi().0));
        assert_eq!(ton_npi.as_deref(), Some(toa), "{id}");
    }
    let written = record.map_or(Ok(vec![0xFF; octets.len()]), |record| record.encode(octets.len())).unwrap();
    assert_eq!(written == octets, !is_in(NOT_WRITTEN, id), "{id}: {}", hex::encode(written));
}

fn ext1_record(id: &str, row: &Value) {
    let record = Ext1Record::decode(&octets(row, "hex")).unwrap().unwrap();
    let Extension::Digits(digits) = &record.data else { panic!("{id}: {record:?}") };
    assert_eq!(bcd::to_dialling(digits), text(&row["expect"], "digits"), "{id}");
    assert_eq!(record.next, None, "{id}");
    assert_eq!(record.encode().unwrap(), octets(row, "hex"), "{id}");
}

fn extended_number(id: &str, row: &Value) {
    let files = CardFiles { adn: vec![octets(row, "hex")], anr: Vec::new(), ext1: vec![octets(row, "ext1")] };
    let number = files.book().unwrap().record(1).and_then(|record| record.number.clone()).unwrap();
    assert_eq!(number.to_string(), text(row, "expect").replace(',', "p"), "{id}");
}

fn phonebook_reference(id: &str, row: &Value) {
    let octets = octets(row, "hex");
    let reference = PhonebookReference::decode(&octets).unwrap();
    let mut files = reference.0.iter();
    for group in row["expect"].as_array().unwrap() {
        for expected in group["files"].as_array().unwrap() {
            let found = files.next().unwrap();
            assert_eq!(u64::from(found.link.0), 0xA7 + group["type"].as_u64().unwrap(), "{id}");
            assert_eq!(format!("{:02X}", found.file.0), text(expected, "tag"), "{id}");
            assert_eq!(
                found.file.name().map(|name| format!("EF_{name}")).as_deref(),
                expected["file"].as_str()
            );
            assert_eq!(format!("{:04X}", found.fid), text(expected, "fid"), "{id}");
            assert_eq!(
                found.sfi.map(|sfi| format!("{sfi:02X}")).as_deref(),
                expected["sfi"].as_str(),
                "{id}"
            );
        }
    }
    assert_eq!(files.next(), None, "{id}");
    assert_eq!(reference.encode(octets.len()).unwrap(), octets, "{id}");
}
