//! The default card's files beside the standards' facts about them.

use std::collections::{BTreeMap, BTreeSet};

use oxisim_card::{
    Card, Profile, Rule,
    file::{FileId, Kind, Structure},
};
use oxisim_wire::{Reader, tlv::Tlv};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/files.json")).unwrap()
}

/// The files by their paths in the image.
fn files(card: &Card) -> BTreeMap<String, FileId> {
    Profile::default()
        .image()
        .files
        .iter()
        .map(|file| {
            let name: Vec<String> = file.path.iter().map(|fid| format!("{fid:04X}")).collect();
            (name.join("/"), card.file_system().at_image_path(&file.path).unwrap())
        })
        .collect()
}

/// The services that the table at `path` claims, with `bits` bits each.
fn services(card: &Card, path: &[u16], bits: usize) -> BTreeSet<u64> {
    let ef = card.file_system().at_image_path(path).and_then(|id| card.file_system().elementary(id)).unwrap();
    let table = card.memory().read(ef.body);
    let bit = |n: usize| table[n / 8] >> (n % 8) & 1 == 1;
    (0..table.len() * 8 / bits)
        .filter(|service| {
            let set = (0..bits).filter(|i| bit(service * bits + i)).count();
            assert!(set == 0 || set == bits, "allocated and activated, or neither");
            set > 0
        })
        .map(|service| service as u64 + 1)
        .collect()
}

fn numbers(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect()
}

/// Services that are abilities of the card and have no file: SMS-PP download, and what "shall be set to 1".
const USIM_ABILITIES: [u64; 3] = [28, 33, 38];
/// PIN 1 can be disabled; SMS-PP download, menu selection, proactive commands.
const SIM_ABILITIES: [u64; 4] = [1, 26, 27, 29];
/// Files that a USIM may have without a service for them, and this one has not.
const OPTIONAL: [&str; 4] = ["EF.RPLMNAcTD", "EF.UFC", "EF.IPS", "EF.eAKA"];

#[test]
fn every_file_has_the_structure_size_and_short_identifier_of_the_standard() {
    let card = Card::new(&Profile::default());
    let files = files(&card);
    let mut seen = 0;
    for fact in vectors()["files"].as_array().unwrap() {
        let Some(&id) = files.get(fact["path"].as_str().unwrap()) else { continue };
        let file = card.file_system().get(id).unwrap();
        let ef = card.file_system().elementary(id).unwrap();
        let name = fact["name"].as_str().unwrap();
        let structure = match ef.structure {
            Structure::Transparent => "transparent",
            Structure::LinearFixed { .. } => "linear_fixed",
            Structure::Cyclic { .. } => "cyclic",
            Structure::BerTlv => "ber_tlv",
        };
        assert_eq!(structure, fact["structure"], "{name}");
        let sfi = fact["sfi"].as_str().map(|sfi| u8::from_str_radix(sfi, 16).unwrap());
        assert_eq!(file.sfi(), sfi, "{name}");
        let size = ef.record_length().unwrap_or(ef.size) as u64;
        assert!(size >= fact["size"][0].as_u64().unwrap_or(0), "{name}");
        assert!(size <= fact["size"][1].as_u64().unwrap_or(u64::MAX), "{name}");
        seen += 1;
    }
    assert_eq!(seen, 121);
}

/// Beside those that the standards list stand an `EF_ARR` in each directory, and the files that `EF_PBR` names.
#[test]
fn there_is_no_file_that_the_standards_do_not_know() {
    let card = Card::new(&Profile::default());
    let vectors = vectors();
    let known: BTreeSet<&str> =
        vectors["files"].as_array().unwrap().iter().map(|fact| fact["path"].as_str().unwrap()).collect();
    let unknown: Vec<String> = files(&card)
        .into_iter()
        .filter(|(path, id)| {
            card.file_system().elementary(*id).is_some()
                && !known.contains(path.as_str())
                && !path.ends_with("/6F06")
                && !path.starts_with("3F00/7F10/5F3A/")
        })
        .map(|(path, _)| path)
        .collect();
    assert_eq!(unknown, ["3F00/7F10/6F54"], "EF_SUME, which TS 31.102 §4.5.4 has");
}

/// TS 31.102 §4.2.8: a file is there if the service is, and only then.
#[test]
fn the_usim_claims_the_services_that_its_files_are_of() {
    let card = Card::new(&Profile::default());
    let files = files(&card);
    let claimed = services(&card, &[0x3F00, 0x7FFF, 0x6F38], 1);
    let mut with_files = BTreeSet::new();
    for fact in vectors()["files"].as_array().unwrap() {
        let (path, name) = (fact["path"].as_str().unwrap(), fact["name"].as_str().unwrap());
        if !path.starts_with("3F00/7FFF/") {
            continue;
        }
        let required = match &fact["services"] {
            Value::Null => !OPTIONAL.contains(&name),
            services => match (services.get("any"), services.get("all")) {
                (Some(any), _) => numbers(any).iter().any(|service| claimed.contains(service)),
                (_, all) => numbers(all.unwrap()).iter().all(|service| claimed.contains(service)),
            },
        };
        assert_eq!(files.contains_key(path), required, "{name}");
        if required && let Some(services) = fact["services"].as_object() {
            with_files
                .extend(services.values().flat_map(numbers).filter(|service| claimed.contains(service)));
        }
    }
    assert!(!files.contains_key("3F00/7FFF/5F3A") && !claimed.contains(&1), "no local phonebook");
    let abilities: Vec<u64> = claimed.difference(&with_files).copied().collect();
    assert_eq!(abilities, USIM_ABILITIES);
}

/// TS 51.011 §10.3.7.
#[test]
fn the_sim_claims_the_services_that_its_files_are_of() {
    let card = Card::new(&Profile::default());
    let files = files(&card);
    let claimed = services(&card, &[0x3F00, 0x7F20, 0x6F38], 2);
    let vectors = vectors();
    let with_files: BTreeMap<u64, Vec<&str>> = vectors["sim_services"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(service, paths)| {
            let paths = paths.as_array().unwrap().iter().map(|path| path.as_str().unwrap());
            (service.parse().unwrap(), paths.collect())
        })
        .collect();
    for (service, paths) in &with_files {
        for path in paths {
            assert_eq!(files.contains_key(*path), claimed.contains(service), "service {service}: {path}");
        }
    }
    let abilities: Vec<u64> =
        claimed.iter().copied().filter(|service| !with_files.contains_key(service)).collect();
    assert_eq!(abilities, SIM_ABILITIES);
    for mandatory in ["6F05", "6F07", "6F20", "6F31", "6F38", "6F74", "6F78", "6F7B", "6F7E", "6FAD", "6FAE"]
    {
        assert!(files.contains_key(&format!("3F00/7F20/{mandatory}")), "{mandatory}");
    }
}

#[test]
fn both_service_tables_say_whether_the_card_wants_to_be_asked() {
    for controls in [false, true] {
        let card = Card::new(&Profile { controls, ..Profile::default() });
        let usim = services(&card, &[0x3F00, 0x7FFF, 0x6F38], 1);
        let sim = services(&card, &[0x3F00, 0x7F20, 0x6F38], 2);
        assert!([30, 31].iter().all(|service| usim.contains(service) == controls));
        assert!([28, 37, 41].iter().all(|service| sim.contains(service) == controls));
    }
}

#[test]
fn both_service_tables_agree() {
    let card = Card::new(&Profile::default());
    let usim = services(&card, &[0x3F00, 0x7FFF, 0x6F38], 1);
    let sim = services(&card, &[0x3F00, 0x7F20, 0x6F38], 2);
    let pairs = [(2, 3), (3, 11), (4, 18), (5, 19), (10, 4), (11, 35), (12, 12), (13, 5), (15, 14), (16, 30)];
    let more =
        [(17, 15), (18, 16), (19, 17), (20, 43), (21, 9), (28, 26), (36, 33), (37, 34), (42, 44), (43, 45)];
    let networks = [(45, 51), (46, 52), (47, 53), (48, 54), (49, 55), (51, 56), (29, 25), (6, 31)];
    for (of_usim, of_sim) in pairs.into_iter().chain(more).chain(networks) {
        assert_eq!(
            usim.contains(&of_usim),
            sim.contains(&of_sim),
            "{of_usim} of the USIM, {of_sim} of the SIM"
        );
    }
}

#[test]
fn identifiers_are_unique_in_a_directory() {
    let card = Card::new(&Profile::default());
    let mut fids = BTreeSet::new();
    let mut sfis = BTreeSet::new();
    for (id, file) in card.file_system().iter().skip(1) {
        assert_ne!(id, file.parent);
        assert!(fids.insert((file.parent, file.fid)), "{:04X}", file.fid);
        if let Some(sfi) = file.sfi() {
            assert!(sfis.insert((file.parent, sfi)), "{:04X}: {sfi:02X}", file.fid);
        }
    }
}

/// A file of a phonebook as `EF_PBR` names it: type of the link, tag, identifier, short identifier.
type Reference = (u8, u8, u16, u8);

/// TS 31.102 §4.4.2.1.
fn references(record: &[u8]) -> Vec<Reference> {
    let mut r = Reader::new(record);
    let mut references = Vec::new();
    while r.peek().is_some_and(|tag| tag != 0xFF) {
        let mut list = Tlv::read(&mut r, "EF_PBR").unwrap();
        while !list.value.is_empty() {
            let mut file = Tlv::read(&mut list.value, "EF_PBR").unwrap();
            let (fid, sfi) = (file.value.u16("fid").unwrap(), file.value.u8("sfi").unwrap());
            references.push((list.tag, file.tag, fid, sfi));
        }
    }
    references
}

#[test]
fn the_phonebook_reference_names_files_that_are_there_with_the_records_that_their_links_need() {
    let card = Card::new(&Profile { phonebook_records: 20, ..Profile::default() });
    let files = card.file_system();
    let phonebook = files.at_path(&[0x7F10, 0x5F3A]).unwrap();
    let ef = |fid| files.elementary(files.child(phonebook, fid).unwrap()).unwrap();
    let references = references(card.memory().read(ef(0x4F30).body));
    let second: Vec<&Reference> = references.iter().filter(|(link, ..)| *link == 0xA9).collect();
    let mut named = BTreeSet::new();
    for &(link, tag, fid, sfi) in &references {
        let id = files.child(phonebook, fid).unwrap();
        assert!(named.insert(id));
        assert_eq!(files.get(id).unwrap().sfi(), Some(sfi), "{fid:04X}");
        let Structure::LinearFixed { record } = ef(fid).structure else { panic!("{fid:04X}") };
        match (link, tag) {
            (0xA8, 0xC1) => {
                assert_eq!((ef(fid).record_count(), usize::from(record)), (20, second.len()), "EF_IAP");
            }
            (0xA8, _) => assert_eq!(ef(fid).record_count(), 20, "{fid:04X}: type 1"),
            (0xA9, 0xCA) => assert!((1..255).contains(&ef(fid).record_count()), "EF_EMAIL"),
            (0xAA, 0xC2 | 0xC7 | 0xC8 | 0xCB) => assert!((1..255).contains(&ef(fid).record_count())),
            other => panic!("{other:02X?}"),
        }
    }
    let unnamed: Vec<u16> = files
        .iter()
        .filter(|(id, file)| file.parent == phonebook && !named.contains(id))
        .map(|(_, f)| f.fid)
        .collect();
    assert_eq!(unnamed, [0x6F06, 0x4F30, 0x4F22, 0x4F23, 0x4F24]);
}

/// The same kinds of files as a sysmoISIM-SJA2 has, under the same identifiers; `EF_ANR` is here of type 1.
#[test]
fn the_phonebook_reference_is_that_of_a_real_card() {
    let card = Card::new(&Profile::default());
    let ef = card.file_system().at_path(&[0x7F10, 0x5F3A, 0x4F30]).unwrap();
    let ours = references(card.memory().read(card.file_system().elementary(ef).unwrap().body));
    let theirs = references(&hex::decode(vectors()["pbr"].as_str().unwrap()).unwrap());
    let files = |references: &[Reference]| -> BTreeSet<(u8, u16, u8)> {
        references.iter().map(|&(_, tag, fid, sfi)| (tag, fid, sfi)).collect()
    };
    assert_eq!(files(&ours), files(&theirs));
    let links: BTreeSet<u8> = ours.iter().map(|(link, ..)| *link).collect();
    assert_eq!(links, BTreeSet::from([0xA8, 0xA9, 0xAA]));
    for reference in &ours {
        assert!(theirs.contains(reference) || reference.1 == 0xC4, "{reference:02X?}");
    }
}

/// TS 31.102 §4.5: what phones of GSM find in `DF_TELECOM` is in `DF_PHONEBOOK` too.
#[test]
fn the_files_of_gsm_are_one_with_those_of_the_phonebook() {
    let card = Card::new(&Profile::default());
    let files = card.file_system();
    let body = |path: &[u16]| files.elementary(files.at_path(path).unwrap()).unwrap().body;
    for (telecom, phonebook) in [(0x6F3A, 0x4F3A), (0x6F4A, 0x4F4A), (0x6F4F, 0x4F4F)] {
        assert_eq!(body(&[0x7F10, telecom]), body(&[0x7F10, 0x5F3A, phonebook]));
    }
    assert_eq!(files.at_path(&[0x7F10, 0x6F3D]), None, "EF_CCP would make the phonebook inconsistent");
}

/// Operations and conditions of a rule: for each access mode bit, and each instruction, its key.
fn conditions(rule: &[u8]) -> BTreeMap<(u8, u8), Vec<u8>> {
    let mut r = Reader::new(rule);
    let mut modes = Vec::new();
    let mut conditions = BTreeMap::new();
    while !r.is_empty() {
        let mut object = Tlv::read(&mut r, "access rule").unwrap();
        let value = object.value.rest().to_vec();
        match object.tag {
            0x80 => {
                modes = (0..7).map(|bit| (0x80, 1 << bit)).filter(|(_, bit)| value[0] & bit != 0).collect();
            }
            0x84 => modes = vec![(0x84, value[0])],
            _ => conditions.extend(modes.iter().map(|&mode| (mode, [&[object.tag], &*value].concat()))),
        }
    }
    conditions
}

/// Of a real card's rules, ours have those for EFs with the operations that the real card names; DELETE FILE and
/// TERMINATE EF come to them.
#[test]
fn access_rules_are_those_of_a_real_card_with_more_for_the_administrator() {
    const TERMINATE_AND_DELETE: [(u8, u8); 2] = [(0x80, 0x20), (0x80, 0x40)];
    let mut ours: Vec<_> = Rule::records().iter().map(|rule| conditions(rule)).collect();
    let directory = ours.pop().unwrap();
    let vectors = vectors();
    let theirs: Vec<_> = vectors["arr"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| conditions(&hex::decode(rule.as_str().unwrap()).unwrap()))
        .collect();
    let adm = directory[&(0x80, 0x01)].clone();
    assert!(directory.len() == 8 && directory.values().all(|condition| *condition == adm));
    let mut same = 0;
    for rule in &ours {
        assert!(TERMINATE_AND_DELETE.iter().all(|mode| rule[mode] == adm));
        let operations: BTreeMap<_, _> = rule
            .iter()
            .filter(|(mode, _)| !TERMINATE_AND_DELETE.contains(mode))
            .map(|(k, v)| (*k, v.clone()))
            .collect();
        let is_theirs =
            theirs.iter().any(|theirs| operations.iter().all(|(mode, key)| theirs.get(mode) == Some(key)));
        same += u32::from(is_theirs);
    }
    assert_eq!(same, 8, "all but that of EF_ADN and that of what only an administrator reads");
}

#[test]
fn no_rule_is_there_for_nothing() {
    let card = Card::new(&Profile::default());
    let used: BTreeSet<u8> = card
        .file_system()
        .iter()
        .map(|(_, file)| match &file.security {
            oxisim_card::SecurityAttributes::Referenced { record, .. } => *record,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(used, (1..=Rule::DIRECTORY).collect());
    for (_, file) in card.file_system().iter() {
        let is_directory = matches!(file.kind, Kind::Directory(_));
        let oxisim_card::SecurityAttributes::Referenced { record, .. } = file.security else { panic!() };
        assert_eq!(record == Rule::DIRECTORY, is_directory, "{:04X}", file.fid);
    }
}
