//! What is read of a card makes a copy, of which the same is read.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use oxisim_apdu::{Class, Command, Instruction, Response, Status};
use oxisim_card::{Card, Profile};
use oxisim_transport::{Error, SmartCard, Transport};
use oxisim_wire::Instant;
use serde_json::Value;

use super::*;
use crate::image::{self, DumpedFile, described};

/// A way to a card that remembers the commands.
struct Recorded<C> {
    card: C,
    commands: Rc<RefCell<Vec<Vec<u8>>>>,
}

impl<C: SmartCard> Transport for Recorded<C> {
    fn reset(&mut self) -> Result<Vec<u8>, Error> {
        Ok(self.card.power_on())
    }

    fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Error> {
        self.commands.borrow_mut().push(apdu.to_vec());
        Ok(self.card.exchange(apdu))
    }
}

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

/// A card that answers as another one did of which there is a dump. It has no access conditions: what the dump lacks
/// is denied.
struct Replayed {
    dump: Dump,
    /// Files by identifiers, the AID of an application written in full.
    files: BTreeMap<String, DumpedFile>,
    directory: String,
    selected: String,
    response: Vec<u8>,
}

impl Replayed {
    fn new(dump: Dump) -> Self {
        let files = dump.files.iter().map(|file| (file.fid_path.clone(), file.clone())).collect();
        let (directory, selected) = ("3f00".into(), "3f00".into());
        Self { dump, files, directory, selected, response: Vec::new() }
    }

    fn is_gsm(&self) -> bool {
        !self.dump.files[0].select_response.as_ref().unwrap().starts_with("62")
    }

    fn find(&self, command: &Command<'_>) -> Option<String> {
        let wanted = hex::encode(command.data);
        if command.p1 == 0x04 {
            let is_meant = |path: &&String| {
                path.strip_prefix("3f00/")
                    .is_some_and(|step| step.len() > 4 && !step.contains('/') && step.starts_with(&wanted))
            };
            return self.files.keys().find(is_meant).cloned();
        }
        if wanted == "3f00" {
            return Some(wanted);
        }
        let path = format!("{}/{wanted}", self.directory);
        self.files.contains_key(&path).then_some(path)
    }

    fn execute(&mut self, command: &Command<'_>) -> Result<Response, Status> {
        if self.is_gsm() != (command.class == Class::GSM) {
            return Err(Status::CLASS_NOT_SUPPORTED);
        }
        let denied = if self.is_gsm() { Status(0x9804) } else { Status::SECURITY_STATUS_NOT_SATISFIED };
        match command.instruction {
            Instruction::SELECT => {
                let not_found = if self.is_gsm() { Status(0x9404) } else { Status::FILE_NOT_FOUND };
                let path = self.find(command).ok_or(not_found)?;
                self.response = hex::decode(self.files[&path].select_response.as_ref().unwrap()).unwrap();
                if !matches!(described(&self.response), Ok(oxisim_card::image::FileKind::Elementary { .. })) {
                    self.directory.clone_from(&path);
                }
                self.selected = path;
                Err(Status(if self.is_gsm() { 0x9F00 } else { 0x6100 } | self.response.len() as u16))
            }
            Instruction::GET_RESPONSE => Ok(Response::normal(std::mem::take(&mut self.response))),
            Instruction::READ_BINARY => {
                let binary = self.files[&self.selected].binary.as_ref().ok_or(denied)?;
                let octets = hex::decode(binary).unwrap();
                let offset = usize::from(u16::from_be_bytes([command.p1, command.p2]));
                let end = (offset + command.ne.unwrap()).min(octets.len());
                Ok(Response::normal(octets[offset..end].to_vec()))
            }
            Instruction::READ_RECORD => {
                let records = self.files[&self.selected].records.as_ref().ok_or(denied)?;
                let record =
                    records[usize::from(command.p1) - 1].as_ref().ok_or(Status::TECHNICAL_PROBLEM)?;
                Ok(Response::normal(hex::decode(record).unwrap()))
            }
            _ => Err(Status::INSTRUCTION_NOT_SUPPORTED),
        }
    }
}

impl SmartCard for Replayed {
    fn power_on(&mut self) -> Vec<u8> {
        hex::decode(&self.dump.atr).unwrap()
    }

    fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
        let command = Command::parse(apdu).unwrap();
        self.execute(&command).unwrap_or_else(Response::from).to_bytes()
    }

    fn power_off(&mut self) {}
}

/// The dump of a real card that others have made, with its records unfolded.
fn real(name: &str) -> Dump {
    let path = format!("{}/tests/vectors/real_cards/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut dump: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for file in dump["files"].as_array_mut().unwrap() {
        let Some(runs) = file.get("records").and_then(Value::as_array) else { continue };
        let records = runs.iter().flat_map(|run| vec![run[1].clone(); run[0].as_u64().unwrap() as usize]);
        file["records"] = records.collect();
    }
    serde_json::from_value(dump).unwrap()
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

/// The commands change nothing, and a key is presented so often.
#[track_caller]
fn only_reads(commands: &[Vec<u8>], presented: usize) {
    for command in commands {
        assert!([0xA4, 0xB0, 0xB2, 0xC0, 0x20].contains(&command[1]), "{}", hex::encode_upper(command));
    }
    let keys = commands.iter().filter(|command| command[1] == 0x20 && command.len() > 5);
    assert_eq!(keys.count(), presented);
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
        "MF/EF.ICCID: 9804",
        "MF/DF.TELECOM/EF.ADN: 1 of 250 records: 6F00 technical problem, no precise diagnosis",
        "MF/DF.TELECOM/EF.SMS: 9804",
        "the values of PINs, PUKs and keys, which no card tells",
    ];
    assert_eq!(found, expected);
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
        says.push(pin.verify_key(&mut client, &adm).map_err(|failure| failure.to_string()));
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
