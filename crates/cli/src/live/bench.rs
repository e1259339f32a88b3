//! Cards for tests: one that answers as a real one did, and one that remembers what it was sent.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use oxisim_apdu::{Class, Command, Instruction, Response, Status};
use oxisim_card::image::FileKind;
use oxisim_transport::{Error, SmartCard, Transport};
use serde_json::Value;

use crate::image::{Dump, DumpedFile, described};

/// A way to a card that remembers the commands.
pub struct Recorded<C> {
    /// The card.
    pub card: C,
    /// What it was sent.
    pub commands: Rc<RefCell<Vec<Vec<u8>>>>,
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

/// A card that answers as another one did of which there is a dump. It has no access conditions: what the dump lacks
/// is denied.
pub struct Replayed {
    dump: Dump,
    /// Files by identifiers, the AID of an application written in full.
    files: BTreeMap<String, DumpedFile>,
    directory: String,
    selected: String,
    response: Vec<u8>,
}

impl Replayed {
    /// Answers as the dump says.
    pub fn new(dump: Dump) -> Self {
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
        let denied =
            if self.is_gsm() { Status::ACCESS_NOT_FULFILLED } else { Status::SECURITY_STATUS_NOT_SATISFIED };
        match command.instruction {
            Instruction::SELECT => {
                let not_found = if self.is_gsm() { Status::GSM_NOT_FOUND } else { Status::FILE_NOT_FOUND };
                let path = self.find(command).ok_or(not_found)?;
                self.response = hex::decode(self.files[&path].select_response.as_ref().unwrap()).unwrap();
                if !matches!(described(&self.response), Ok(FileKind::Elementary { .. })) {
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
                let index = usize::from(command.p1).checked_sub(1).ok_or(Status::INCORRECT_P1_P2)?;
                let record = records.get(index).ok_or(Status::RECORD_NOT_FOUND)?;
                let record = record.as_ref().ok_or(Status::TECHNICAL_PROBLEM)?;
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
        self.execute(&command).unwrap_or_else(Response::from).into_bytes()
    }

    fn power_off(&mut self) {}
}

/// The dump of a real card that others have made, with its records unfolded.
pub fn real(name: &str) -> Dump {
    let path = format!("{}/../image/tests/vectors/real_cards/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut dump: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for file in dump["files"].as_array_mut().unwrap() {
        let Some(runs) = file.get("records").and_then(Value::as_array) else { continue };
        let records = runs.iter().flat_map(|run| vec![run[1].clone(); run[0].as_u64().unwrap() as usize]);
        file["records"] = records.collect();
    }
    serde_json::from_value(dump).unwrap()
}

/// The commands change nothing, and a key is presented so often.
#[track_caller]
pub fn only_reads(commands: &[Vec<u8>], presented: usize) {
    for command in commands {
        assert!([0xA4, 0xB0, 0xB2, 0xC0, 0x20].contains(&command[1]), "{}", hex::encode_upper(command));
    }
    let keys = commands.iter().filter(|command| command[1] == 0x20 && command.len() > 5);
    assert_eq!(keys.count(), presented);
}
