//! What is read of a card makes a copy, of which the same is read.

use std::{collections::BTreeMap, rc::Rc};

use oxisim_card::{Card, Profile};
use oxisim_transport::SmartCard;
use oxisim_wire::Instant;

use super::*;
use crate::{
    image::{self, DumpedFile},
    live::bench::{Recorded, Replayed, only_reads, real},
};

/// A card of this program.
struct Virtual(Card);

impl SmartCard for Virtual {
    fn power_on(&mut self) -> Vec<u8> {
        self.0.power_on(Instant::EPOCH)
    }

    fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.0.exchange(Instant::EPOCH, apdu).to_bytes()
    }

    fn power_off(&mut self) {}
}

/// Reads a card, and returns the commands too.
fn read_of(card: impl SmartCard + 'static, pin: &str, adm: &str, scan: bool) -> (Dump, Vec<Vec<u8>>) {
    let commands = Rc::default();
    let mut client =
        Client::new(Box::new(Recorded { card, commands: Rc::clone(&commands) })).expect("a card");
    let args = DumpArgs {
        which: Which::default(),
        out: None,
        pin: PinArgs {
            pin: Some(pin).filter(|pin| !pin.is_empty()).map(|pin| pin.parse().unwrap()),
            last_try: false,
        },
        adm: Some(adm).filter(|adm| !adm.is_empty()).map(|adm| adm.parse().unwrap()),
        scan,
    };
    let dump = read(&mut client, &args).unwrap();
    let commands = commands.borrow().clone();
    (dump, commands)
}

/// The card that an import makes of a dump.
fn copy(dump: &Dump) -> Card {
    let imported = image::import(&serde_json::to_string(dump).unwrap()).unwrap();
    let text = image::write(&imported.image, &[], None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.toml");
    std::fs::write(&path, text).unwrap();
    image::load(&path).unwrap()
}

#[test]
fn a_copy_of_the_virtual_card_says_and_holds_the_same() {
    let original = Virtual(Card::new(&Profile::default()));
    let (first, commands) = read_of(original, "0000", "00000000", false);
    assert_eq!(first.files.len(), Profile::default().image().files.len());
    assert!(first.files.iter().any(|file| file.path == "MF/ADF.USIM/EF.IMSI" && file.binary.is_some()));
    let (second, _) = read_of(Virtual(copy(&first)), "0000", "00000000", false);
    assert_eq!(second, first);
    only_reads(&commands, 2);
}

/// Sorted by identifiers, with the same case, the files that were found.
fn files(dump: &Dump) -> BTreeMap<String, DumpedFile> {
    let found = dump.files.iter().filter(|file| file.select_response.is_some());
    found
        .map(|file| {
            let upper = |text: &Option<String>| text.as_ref().map(|text| text.to_uppercase());
            let records = file.records.as_ref().map(|records| records.iter().map(upper).collect());
            let (select_response, binary) = (upper(&file.select_response), upper(&file.binary));
            let file = DumpedFile { select_response, binary, records, ..file.clone() };
            (file.fid_path.clone(), file)
        })
        .collect()
}

/// The dump that others have made of a real card, with the AID of each application in full.
fn real_in_full(name: &str) -> Dump {
    let mut dump = real(name);
    for (short, full) in [
        ("a0000000871002", "a0000000871002ffffffff8907090000"),
        ("a0000000871004", "a0000000871004ffffffff8907090000"),
    ] {
        for file in &mut dump.files {
            file.fid_path = file.fid_path.replace(short, full);
        }
    }
    dump
}

#[test]
fn a_uicc_is_read_as_others_have_read_it() {
    let expected = real_in_full("sysmoisim-sja2");
    let (found, commands) = read_of(Replayed::new(expected.clone()), "", "", false);
    let (found_files, expected_files) = (files(&found), files(&expected));
    let missed: Vec<&String> =
        expected_files.keys().filter(|path| !found_files.contains_key(*path)).collect();
    assert_eq!(missed, ["3f00/a000000003000000"], "all but the card manager, which EF_DIR does not name");
    for (path, file) in &found_files {
        assert_eq!(file, &expected_files[path]);
    }
    only_reads(&commands, 0);
}

#[test]
fn a_sim_is_read_as_others_have_read_it() {
    let expected = real("gsm-sim");
    let (found, commands) = read_of(Replayed::new(expected.clone()), "", "", false);
    assert_eq!(found.atr, expected.atr);
    assert_eq!(files(&found), files(&expected));
    only_reads(&commands, 0);
}

#[test]
fn a_file_without_a_known_name_is_found_by_a_scan() {
    let mut dump = real("gsm-sim");
    let known = dump.files.iter().find(|file| file.path == "MF/EF.ICCID").unwrap().clone();
    for (path, fid_path) in [("MF/2FAB", "3f00/2fab"), ("MF/DF.TELECOM/6FAB", "3f00/7f10/6fab")] {
        dump.files.push(DumpedFile { path: path.into(), fid_path: fid_path.into(), ..known.clone() });
    }
    let (without, _) = read_of(Replayed::new(dump.clone()), "", "", false);
    assert_eq!(without.files.len() + 2, dump.files.len());
    let (with, commands) = read_of(Replayed::new(dump.clone()), "", "", true);
    assert_eq!(files(&with), files(&dump));
    only_reads(&commands, 0);
}

#[test]
fn the_files_of_a_phonebook_are_found_by_its_references() {
    let mut dump = real_in_full("sysmoisim-sja2");
    let other = dump.files.iter().find(|file| file.path == "MF/EF.PL").unwrap().clone();
    for (path, fid_path) in [("4F09", "3f00/7f10/5f3a/4f09"), ("4F77", "3f00/7f10/5f3a/4f77")] {
        let path = format!("MF/DF.TELECOM/DF.PHONEBOOK/{path}");
        dump.files.push(DumpedFile { path, fid_path: fid_path.into(), ..other.clone() });
    }
    let (found, _) = read_of(Replayed::new(dump), "", "", false);
    let has = |path: &str| found.files.iter().any(|file| file.fid_path == path);
    assert!(has("3f00/7f10/5f3a/4f09"), "EF_PBR names it");
    assert!(!has("3f00/7f10/5f3a/4f77"), "nobody names it");
}

#[test]
fn what_cannot_be_read_is_named() {
    let mut dump = real("gsm-sim");
    for file in &mut dump.files {
        match file.path.as_str() {
            "MF/EF.ICCID" => file.binary = None,
            "MF/DF.TELECOM/EF.SMS" => file.records = None,
            "MF/DF.TELECOM/EF.ADN" => file.records.as_mut().unwrap()[7] = None,
            _ => {}
        }
    }
    let (found, _) = read_of(Replayed::new(dump), "", "", false);
    let found: Vec<&str> = found.not_read.iter().map(String::as_str).collect();
    let expected = [
        "MF/EF.ICCID: 9804 access condition not fulfilled, or verification failed with attempts left; read always",
        "MF/DF.TELECOM/EF.ADN: 1 of 250 records: 6F00 technical problem, no precise diagnosis; read pin1",
        "MF/DF.TELECOM/EF.SMS: 9804 access condition not fulfilled, or verification failed with attempts left; read pin1",
        "the values of PINs, PUKs and keys, which no card tells",
    ];
    assert_eq!(found, expected);
}

/// A card that has a directory under every identifier.
struct Endless;

impl SmartCard for Endless {
    fn power_on(&mut self) -> Vec<u8> {
        vec![0x3B, 0x00]
    }

    fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
        match apdu {
            [_, 0xA4, 0x00, _, _, high, low, ..] => {
                vec![0x62, 0x0A, 0x82, 0x02, 0x78, 0x21, 0x83, 0x02, *high, *low, 0x8A, 0x00, 0x90, 0x00]
            }
            _ => vec![0x6A, 0x82],
        }
    }

    fn power_off(&mut self) {}
}

#[test]
fn a_card_that_has_every_file_is_not_followed_for_ever() {
    for scan in [false, true] {
        let (found, commands) = read_of(Endless, "", "", scan);
        assert!(found.files.len() <= 4_096, "{}", found.files.len());
        assert!(commands.len() < 100_000, "{}", commands.len());
    }
}

/// A card whose answers make no sense.
struct Babbling(u32);

impl SmartCard for Babbling {
    fn power_on(&mut self) -> Vec<u8> {
        vec![0x3B, 0x00]
    }

    fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
        let mut octet = || {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.0 >> 24) as u8
        };
        let mut answer: Vec<u8> = Vec::new();
        if octet() < 0xC0 {
            let kind = [0x41, 0x42, 0x46, 0x78, octet()][usize::from(octet() % 5)];
            answer.extend([
                0x62,
                0x0F,
                0x82,
                0x05,
                kind,
                0x21,
                0x00,
                octet(),
                octet(),
                0x83,
                0x02,
                0x6F,
                octet(),
                0x80,
                0x02,
            ]);
            answer.extend([octet() & 1, octet()]);
        }
        answer.truncate(answer.len() - usize::from(octet() % 3).min(answer.len()));
        let status = [0x9000, 0x6A82, 0x6C00, 0x6110, 0x6283, 0x6982][usize::from(octet() % 6)];
        answer.extend(u16::to_be_bytes(if apdu[1] == 0xC0 { 0x9000 } else { status }));
        answer
    }

    fn power_off(&mut self) {}
}

#[test]
fn a_card_that_babbles_breaks_nothing() {
    for seed in 0..40 {
        let Ok(mut client) = Client::new(Box::new(oxisim_transport::InProcess(Babbling(seed)))) else {
            continue;
        };
        if let Ok(dump) = walk::walk(&mut client, false) {
            let _ = image::import(&serde_json::to_string(&dump).unwrap());
        }
    }
}

#[test]
fn what_a_pin_would_open_is_named_with_the_rule() {
    let image = Profile::default().image();
    let mut pins = image.pins.clone();
    for pin in &mut pins {
        pin.enabled = true;
    }
    let image = oxisim_card::Image { pins, ..image };
    let card = || Virtual(Card::from_image(&image).unwrap());
    let (found, _) = read_of(card(), "", "", false);
    let imsi = found.not_read.iter().find(|line| line.starts_with("MF/ADF.USIM/EF.IMSI")).unwrap();
    assert_eq!(imsi, "MF/ADF.USIM/EF.IMSI: 6982 security status not satisfied; read pin1");
    let (found, _) = read_of(card(), "0000", "", false);
    let by_no_pin = |line: &&String| line.contains("; read") && !line.ends_with(" adm1");
    assert_eq!(found.not_read.iter().find(by_no_pin), None);
    let (found, _) = read_of(card(), "0000", "00000000", false);
    assert_eq!(found.not_read, ["the values of PINs, PUKs and keys, which no card tells"]);
}

#[test]
fn a_wrong_pin_ends_it() {
    let mut client =
        Client::new(Box::new(oxisim_transport::InProcess(Virtual(Card::new(&Profile::default()))))).unwrap();
    let mut says = Vec::new();
    for pin in ["9999"; 4] {
        let pin = PinArgs { pin: Some(pin.parse().unwrap()), last_try: false };
        says.push(pin.verify(&mut client).map_err(|failure| failure.to_string()));
    }
    assert_eq!(says[0], Ok(()), "the PIN is disabled");
    for adm in ["99999999"; 3] {
        let pin = PinArgs::default();
        let adm: Adm = adm.parse().unwrap();
        says.push(pin.verify_key(&mut client, &adm).map(drop).map_err(|failure| failure.to_string()));
    }
    assert_eq!(
        says[4..],
        [
            Err("the administrative key is wrong; attempts left: 2".into()),
            Err("the administrative key is wrong; attempts left: 1".into()),
            Err("the administrative key is not tried: a wrong one would block it (attempts left: 1); --last-try tries it".into()),
        ]
    );
}
