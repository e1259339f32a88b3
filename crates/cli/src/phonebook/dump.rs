//! A card as `fsdump` of pySim-shell wrote it down: files by path, each with the answer to SELECT and its records.

use std::{collections::BTreeMap, path::Path};

use oxisim_apdu::{Class, Command, Instruction, Response, Status, fcp::Fcp};
use oxisim_transport::SmartCard;
use oxisim_wire::Reader;
use serde::Deserialize;

use crate::{failure::Failure, file};

/// The card: its files, by path from the master file.
#[derive(Clone, Debug, Default)]
pub struct DumpedCard {
    files: BTreeMap<Vec<String>, DumpedFile>,
    /// The current directory and the current file.
    directory: Vec<String>,
    selected: Vec<String>,
    /// What GET RESPONSE gives.
    response: Vec<u8>,
}

#[derive(Clone, Debug)]
struct DumpedFile {
    fid: Option<u16>,
    aid: Option<Vec<u8>>,
    /// What SELECT answers.
    said: Vec<u8>,
    /// Its records; a file without records has its whole body in the place of the first.
    records: Vec<Vec<u8>>,
}

#[derive(Deserialize)]
struct Dump {
    files: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    path: Vec<String>,
    fcp_raw: Option<String>,
    #[serde(default)]
    body: serde_json::Value,
}

impl DumpedCard {
    /// Reads a dump.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = file::text(path).map_err(|error| Failure::Read { path: path.into(), error })?;
        Self::parse(&text)
            .map_err(|reason| Failure::Usage(format!("{} is no dump of a card: {reason}", path.display())))
    }

    /// Reads the text of a dump. Files that SELECT did not find are left out.
    pub fn parse(text: &str) -> Result<Self, String> {
        let dump: Dump = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut files = BTreeMap::new();
        for (name, entry) in dump.files {
            let octets = |text: &str| hex::decode(text).map_err(|error| format!("{name}: {error}"));
            let Some(said) = entry.fcp_raw.as_deref().map(octets).transpose()? else { continue };
            let records = match &entry.body {
                serde_json::Value::Array(records) => records.as_slice(),
                body @ serde_json::Value::String(_) => core::slice::from_ref(body),
                _ => &[],
            };
            let records: Result<_, _> =
                records.iter().map(|record| octets(record.as_str().unwrap_or_default())).collect();
            let (fid, aid) = names(&said);
            files.insert(entry.path, DumpedFile { fid, aid, said, records: records? });
        }
        let root = files.keys().next().and_then(|path| path.first()).cloned();
        let root = vec![root.ok_or("it has no files")?];
        Ok(Self { files, directory: root.clone(), selected: root, response: Vec::new() })
    }

    /// Whether SELECT answers with file control parameters, as a UICC does.
    fn is_uicc(&self) -> bool {
        self.files.values().any(|file| file.said.first() == Some(&0x62))
    }

    fn execute(&mut self, command: &Command<'_>) -> Result<Response, Status> {
        let uicc = self.is_uicc();
        if uicc == (command.class == Class::GSM) {
            return Err(Status::CLASS_NOT_SUPPORTED);
        }
        match command.instruction {
            Instruction::SELECT => {
                let not_found = if uicc { Status::FILE_NOT_FOUND } else { Status(0x9404) };
                let path = self.find(command).ok_or(not_found)?;
                let said = self.files.get(&path).map(|file| file.said.clone()).unwrap_or_default();
                if !is_elementary(&path) {
                    self.directory.clone_from(&path);
                }
                self.selected = path;
                self.response = said;
                let length = self.response.len() as u16;
                Err(Status(if uicc { 0x6100 } else { 0x9F00 } | length))
            }
            Instruction::GET_RESPONSE => Ok(Response::normal(core::mem::take(&mut self.response))),
            Instruction::READ_RECORD => {
                let record = self.record(command.p1)?;
                if command.ne != Some(record.len()) {
                    return Err(Status::exact_length(record.len()));
                }
                Ok(Response::normal(record.clone()))
            }
            Instruction::UPDATE_RECORD => {
                let record = self.record(command.p1)?;
                if command.data.len() != record.len() {
                    return Err(Status::WRONG_LENGTH);
                }
                record.copy_from_slice(command.data);
                Err(Status::NORMAL)
            }
            Instruction::READ_BINARY => {
                let body = self.body()?;
                if command.ne != Some(body.len()) {
                    return Err(Status::exact_length(body.len()));
                }
                Ok(Response::normal(body.clone()))
            }
            Instruction::UPDATE_BINARY => {
                let body = self.body()?;
                if command.data.len() != body.len() {
                    return Err(Status::WRONG_LENGTH);
                }
                body.copy_from_slice(command.data);
                Err(Status::NORMAL)
            }
            _ => Err(Status::INSTRUCTION_NOT_SUPPORTED),
        }
    }

    /// What a file without records holds.
    fn body(&mut self) -> Result<&mut Vec<u8>, Status> {
        let file = self.files.get_mut(&self.selected).ok_or(Status::NO_EF_SELECTED)?;
        file.records.first_mut().ok_or(Status::RECORD_NOT_FOUND)
    }

    fn record(&mut self, number: u8) -> Result<&mut Vec<u8>, Status> {
        let file = self.files.get_mut(&self.selected).ok_or(Status::NO_EF_SELECTED)?;
        let index = usize::from(number).checked_sub(1).ok_or(Status::INCORRECT_P1_P2)?;
        file.records.get_mut(index).ok_or(Status::RECORD_NOT_FOUND)
    }

    /// The file that a SELECT means: an application by the start of its identifier, else the master file, or a
    /// file in the current directory.
    fn find(&self, command: &Command<'_>) -> Option<Vec<String>> {
        let all = self.files.iter();
        if command.p1 == 0x04 {
            let starts =
                |file: &DumpedFile| file.aid.as_ref().is_some_and(|aid| aid.starts_with(command.data));
            return all.clone().find(|(_, file)| starts(file)).map(|(path, _)| path.clone());
        }
        let fid = u16::from_be_bytes(command.data.try_into().ok()?);
        let mut all = all.filter(|(_, file)| file.fid == Some(fid)).map(|(path, _)| path);
        let here = |path: &&Vec<String>| {
            path.len() == 1 || path.len() == self.directory.len() + 1 && path.starts_with(&self.directory)
        };
        all.find(here).cloned()
    }
}

impl SmartCard for DumpedCard {
    fn power_on(&mut self) -> Vec<u8> {
        self.directory.truncate(1);
        self.selected.clone_from(&self.directory);
        vec![0x3B, 0x00]
    }

    fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
        let command = Command::parse(apdu).map_err(|_| Status::WRONG_LENGTH);
        command.and_then(|command| self.execute(&command)).unwrap_or_else(Response::from).to_bytes()
    }

    fn power_off(&mut self) {}
}

/// Whether a path leads to an elementary file.
fn is_elementary(path: &[String]) -> bool {
    path.last().is_some_and(|name| name.starts_with("EF"))
}

/// The file identifier and the application identifier that an answer to SELECT has.
fn names(said: &[u8]) -> (Option<u16>, Option<Vec<u8>>) {
    let Ok(fcp) = Fcp::read(&mut Reader::new(said)) else {
        let fid = said.get(4..6).and_then(|fid| fid.try_into().ok()).map(u16::from_be_bytes);
        return (fid, None);
    };
    (fcp.file_identifier().ok().flatten(), fcp.df_name().map(|mut name| name.rest().to_vec()))
}
