//! FCP templates (TS 102 221 §11.1.1.3) beside those of real cards.

use std::collections::BTreeMap;

use oxisim_card::{
    Card, KeyReference, Profile, Rule, SecurityAttributes,
    file::{FileId, FileSystem, Kind, LifeCycle, Structure},
    image::{Contents, FileImage, FileKind, Image},
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

fn templates(card: &mut Card) -> BTreeMap<FileId, Vec<u8>> {
    let ids: Vec<FileId> = card.file_system().iter().map(|(id, _)| id).collect();
    let files = card.files();
    ids.into_iter().map(|id| (id, files.control_parameters(id))).collect()
}

fn kind(files: &FileSystem, id: FileId) -> &'static str {
    match &files.get(id).unwrap().kind {
        Kind::Directory(directory) if directory.aid.is_some() => "adf",
        Kind::Directory(_) => "df",
        Kind::Elementary(ef) => match ef.structure {
            Structure::Transparent => "transparent",
            Structure::LinearFixed { .. } => "linear_fixed",
            Structure::Cyclic { .. } => "cyclic",
            Structure::BerTlv => "ber_tlv",
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
    let mut card = Card::new(&Profile::default());
    let templates = templates(&mut card);
    let files = card.file_system();
    let real = real_cards();
    for (id, file) in files.iter() {
        let template = &templates[&id];
        let objects = objects(template);
        let order: Vec<u8> = objects.iter().map(|&(tag, _)| tag).collect();
        let theirs = &real[kind(files, id)];
        assert!(
            theirs
                .iter()
                .any(|real| objects[0].1[..2] == real.descriptor && is_order_of(&order, &real.order)),
            "{:04X}: {}",
            file.fid,
            hex::encode_upper(template)
        );
    }
}

#[test]
fn sizes_are_those_of_the_contents() {
    let mut card = Card::new(&Profile::default());
    let templates = templates(&mut card);
    let files = card.file_system();
    for (id, file) in files.iter() {
        let Kind::Elementary(ef) = &file.kind else { continue };
        let objects: BTreeMap<u8, Vec<u8>> = objects(&templates[&id]).into_iter().collect();
        let size = u16::from_be_bytes(objects[&0x80][..].try_into().unwrap());
        assert_eq!(usize::from(size), card.memory().read(ef.body).len());
        assert_eq!(objects[&0x83], file.fid.to_be_bytes());
        if let [_, _, 0, record, count] = objects[&0x82][..] {
            assert_eq!(u16::from(record) * u16::from(count), size);
        }
        assert_eq!(objects[&0x88].first().map(|sfi| sfi >> 3), file.sfi());
    }
}

/// The access rule that a template refers to is a record of the `EF_ARR` that it names.
#[test]
fn access_rules_are_where_templates_say() {
    let mut card = Card::new(&Profile::default());
    let templates = templates(&mut card);
    let files = card.file_system();
    let rules = Rule::records();
    for (id, file) in files.iter() {
        let objects: BTreeMap<u8, Vec<u8>> = objects(&templates[&id]).into_iter().collect();
        let [high, low, number] = objects[&0x8B][..] else { panic!("{:04X}", file.fid) };
        let arr = files.child(file.parent, u16::from_be_bytes([high, low])).expect("EF_ARR");
        let arr = files.elementary(arr).unwrap();
        let records = card.memory().read(arr.body);
        let record = &records[usize::from(number - 1) * arr.record_length().unwrap()..];
        let SecurityAttributes::Referenced { record: number, .. } = file.security else { panic!() };
        assert!(record.starts_with(&rules[usize::from(number) - 1]), "{:04X}", file.fid);
    }
}

/// A file with that template, in a card of its own: selecting it gives the template again.
#[test]
fn a_card_made_from_the_templates_of_real_cards_says_the_same() {
    let default = Profile::default().image();
    let mut count = 0;
    for line in include_str!("../vectors/fcp.jsonl").lines().skip(1) {
        let row: Value = serde_json::from_str(line).unwrap();
        let template = hex::decode(row["hex"].as_str().unwrap()).unwrap();
        let fid = objects(&template).iter().find(|(tag, _)| *tag == 0x83).map(|(_, fid)| [fid[0], fid[1]]);
        let fid = fid.map_or(0x7FFF, u16::from_be_bytes);
        let is_mf = fid == 0x3F00;
        let path = if is_mf { vec![fid] } else { vec![0x3F00, fid] };
        let file = FileImage::from_fcp(path.clone(), &template, Contents::Octets(Vec::new())).unwrap();
        let mut image =
            Image { files: vec![default.files[0].clone()], authentication: Vec::new(), ..default.clone() };
        let enabled = match &file.kind {
            FileKind::Directory { pin_status, .. } => pin_status.clone(),
            FileKind::Elementary { .. } => Vec::new(),
        };
        let mut adm2 = image.pins[2].clone();
        adm2.reference = KeyReference(0x0B);
        image.pins.push(adm2);
        image.pins.retain(|pin| enabled.contains(&pin.reference));
        if is_mf {
            image.files[0] = file;
        } else {
            image.files.push(file);
        }
        let mut card = Card::from_image(&image).unwrap();
        let id = card.file_system().at_image_path(&path).unwrap();
        assert_eq!(
            hex::encode_upper(card.files().control_parameters(id)),
            hex::encode_upper(&template),
            "{}",
            row["file"]
        );
        count += 1;
    }
    assert!(count >= 36);
}

#[test]
fn a_template_with_something_missing_makes_no_file() {
    let from = |template: &str| {
        FileImage::from_fcp(vec![0x3F00], &hex::decode(template).unwrap(), Contents::Octets(Vec::new()))
    };
    let whole = "621F8202412183026F05A506D00120D2010F8A01058B036F06028002000A880110";
    assert_eq!(from(whole).unwrap().life_cycle, LifeCycle::Activated);
    for (template, what) in [
        ("6207 83026F05 8A0105".replace(' ', ""), "file descriptor"),
        ("62048202 4121".replace(' ', ""), "security attributes"),
        ("620482024021".into(), "file descriptor byte"),
        ("6205820342 2100".replace(' ', ""), "record length"),
        (whole[..whole.len() - 2].into(), "FCP template"),
    ] {
        assert_eq!(from(&template).unwrap_err().what, what, "{template}");
    }
}
