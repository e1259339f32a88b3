//! FCP templates (TS 102 221 §11.1.1.3) beside those of real cards.

use std::collections::BTreeMap;

use oxisim_card::{
    Card, Profile, fcp,
    file::{FileId, FileSystem, Kind, Structure},
};
use oxisim_wire::{Reader, tlv::Tlv};
use serde_json::Value;

fn objects(template: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut outer = Reader::new(template);
    let mut r = Tlv::expect(&mut outer, 0x62, "FCP template").unwrap();
    outer.finish("FCP template").unwrap();
    let mut found = Vec::new();
    while !r.is_empty() {
        let mut object = Tlv::read(&mut r, "FCP object").unwrap();
        found.push((object.tag, object.value.rest().to_vec()));
    }
    found
}

fn kind(files: &FileSystem, id: FileId) -> &'static str {
    match &files.get(id).unwrap().kind {
        Kind::Directory(directory) if directory.aid.is_some() => "adf",
        Kind::Directory(_) => "df",
        Kind::Elementary(ef) => match ef.structure {
            Structure::Transparent => "transparent",
            Structure::LinearFixed { .. } => "linear_fixed",
            Structure::Cyclic { .. } => "cyclic",
        },
    }
}

/// What a real card says of a file.
struct Real {
    descriptor: Vec<u8>,
    /// Tags, in the card's order.
    order: Vec<u8>,
}

/// Templates of real cards, by the kind of file.
fn real_cards() -> BTreeMap<String, Vec<Real>> {
    let mut kinds: BTreeMap<String, Vec<Real>> = BTreeMap::new();
    for line in include_str!("../vectors/fcp.jsonl").lines().skip(1) {
        let row: Value = serde_json::from_str(line).unwrap();
        let objects = objects(&hex::decode(row["hex"].as_str().unwrap()).unwrap());
        let descriptor = objects[0].1[..2].to_vec();
        let order = objects.iter().map(|&(tag, _)| tag).collect();
        kinds.entry(row["structure"].as_str().unwrap().into()).or_default().push(Real { descriptor, order });
    }
    kinds
}

/// Whether `ours` can be made from `theirs` by leaving out objects that are optional: proprietary information
/// and the other codings of security attributes.
fn is_order_of(ours: &[u8], theirs: &[u8]) -> bool {
    let theirs: Vec<u8> = theirs.iter().map(|&tag| if tag == 0x8C { 0x8B } else { tag }).collect();
    let mut rest = theirs.iter();
    ours.iter().all(|tag| rest.any(|other| other == tag))
        && theirs.iter().all(|tag| ours.contains(tag) || matches!(tag, 0xA5 | 0x83))
}

#[test]
fn templates_have_the_descriptor_and_the_order_of_real_cards() {
    let card = Card::new(&Profile::default());
    let files = card.file_system();
    let real = real_cards();
    for (id, file) in files.iter() {
        let template = fcp::template(files, id);
        let objects = objects(&template);
        let order: Vec<u8> = objects.iter().map(|&(tag, _)| tag).collect();
        let theirs = &real[kind(files, id)];
        assert!(
            theirs
                .iter()
                .any(|real| objects[0].1[..2] == real.descriptor && is_order_of(&order, &real.order)),
            "{:04X}: {}",
            file.fid,
            hex::encode_upper(&template)
        );
    }
}

#[test]
fn sizes_are_those_of_the_contents() {
    let card = Card::new(&Profile::default());
    let files = card.file_system();
    for (id, file) in files.iter() {
        let Kind::Elementary(ef) = &file.kind else { continue };
        let objects: BTreeMap<u8, Vec<u8>> = objects(&fcp::template(files, id)).into_iter().collect();
        let size = u16::from_be_bytes(objects[&0x80][..].try_into().unwrap());
        assert_eq!(usize::from(size), card.memory().read(ef.body).len());
        assert_eq!(objects[&0x83], file.fid.to_be_bytes());
        if let [_, _, 0, record, count] = objects[&0x82][..] {
            assert_eq!(u16::from(record) * u16::from(count), size);
        }
        assert_eq!(objects[&0x88].first().map(|sfi| sfi >> 3), ef.sfi);
    }
}

/// The access rule that a template refers to is a record of the `EF_ARR` that it names.
#[test]
fn access_rules_are_where_templates_say() {
    let card = Card::new(&Profile::default());
    let files = card.file_system();
    for (id, file) in files.iter() {
        let objects: BTreeMap<u8, Vec<u8>> = objects(&fcp::template(files, id)).into_iter().collect();
        let [high, low, number] = objects[&0x8B][..] else { panic!("{:04X}", file.fid) };
        let arr = files.child(file.parent, u16::from_be_bytes([high, low])).expect("EF_ARR");
        let arr = files.elementary(arr).unwrap();
        let records = card.memory().read(arr.body);
        let record = &records[usize::from(number - 1) * arr.record_length().unwrap()..];
        if let Kind::Elementary(ef) = &file.kind {
            assert!(record.starts_with(&ef.rule.encode()), "{:04X}", file.fid);
        }
    }
}
