//! Which file a command is about, as far as a trace says it.

use std::collections::BTreeMap;

use oxisim_apdu::{Class, Command, Instruction, Response};
use oxisim_trace::What;

use crate::{image::FilePath, live::USIM};

/// What is selected on each channel.
#[derive(Debug, Default)]
pub struct Files {
    channels: BTreeMap<u8, Selected>,
}

/// The current directory and the current file (TS 102 221 §8.4).
#[derive(Clone, Debug)]
struct Selected {
    directory: FilePath,
    file: Option<FilePath>,
}

impl Default for Selected {
    fn default() -> Self {
        Self { directory: FilePath::MF, file: None }
    }
}

impl Files {
    /// The name of the file that something passed about, if it was about one whose name is known.
    pub fn about(&mut self, what: &What) -> Option<&'static str> {
        let (command, response) = match what {
            What::Exchange { command, response, .. } => (command, response),
            What::Reset { .. } | What::PowerOff => {
                self.channels.clear();
                return None;
            }
            _ => return None,
        };
        let (command, response) = (Command::parse(command).ok()?, Response::from_bytes(response).ok()?);
        let channel = if command.class == Class(0xA0) { 0 } else { command.class.channel()? };
        let selected = self.channels.entry(channel).or_default();
        match command.instruction {
            Instruction::SELECT => {
                let path = selected.target(command.p1, command.data)?;
                let name = name(&path);
                // Refused, it is about the file all the same, which is not the current one.
                if response.status.sw1() < 0x64 || response.status.sw1() >= 0x90 {
                    selected.enter(path);
                }
                name
            }
            Instruction::READ_BINARY | Instruction::UPDATE_BINARY if command.p1 & 0x80 != 0 => None,
            Instruction::READ_RECORD | Instruction::UPDATE_RECORD if command.p2 & 0xF8 != 0 => None,
            Instruction::READ_BINARY
            | Instruction::UPDATE_BINARY
            | Instruction::READ_RECORD
            | Instruction::UPDATE_RECORD
            | Instruction::SEARCH_RECORD
            | Instruction::INCREASE => name(selected.file.as_ref()?),
            _ => None,
        }
    }
}

impl Selected {
    /// What a SELECT is for (TS 102 221 §11.1.1); nothing if it cannot be told.
    fn target(&self, p1: u8, data: &[u8]) -> Option<FilePath> {
        if p1 == 0x04 {
            let application = data.starts_with(&USIM).then(|| "ADF.USIM".to_owned())?;
            return Some(FilePath { application: Some(application), fids: Vec::new() });
        }
        let fids = data.chunks(2).map(|fid| Some(u16::from_be_bytes(fid.try_into().ok()?)));
        let fids = fids.collect::<Option<Vec<u16>>>()?;
        match (p1, &fids[..]) {
            (0x00, [fid]) => self.by_identifier(*fid),
            (0x08, [CURRENT_ADF, below @ ..]) => {
                let application = self.directory.application.clone()?;
                Some(FilePath { application: Some(application), fids: below.to_vec() })
            }
            (0x08, path) => Some(path.iter().fold(FilePath::MF, |path, fid| path.child(*fid))),
            (0x09, path) => Some(path.iter().fold(self.directory.clone(), |path, fid| path.child(*fid))),
            _ => None,
        }
    }

    /// The file that an identifier means: in the current directory, or one of those that can be reached from there.
    fn by_identifier(&self, fid: u16) -> Option<FilePath> {
        match fid {
            0x3F00 => return Some(FilePath::MF),
            CURRENT_ADF => {
                let application = self.directory.application.clone()?;
                return Some(FilePath { application: Some(application), fids: Vec::new() });
            }
            _ => {}
        }
        let here = self.directory.child(fid);
        let beside = self.directory.parent().map(|parent| parent.child(fid));
        let above = self.directory.parent().filter(|parent| parent.fids.last() == Some(&fid));
        let known =
            [Some(here.clone()), beside, above].into_iter().flatten().find(|path| name(path).is_some());
        Some(known.unwrap_or(here))
    }

    fn enter(&mut self, path: FilePath) {
        let is_directory = path.fids.is_empty() || name(&path).is_some_and(|name| name.starts_with("DF."));
        if is_directory {
            *self = Self { directory: path, file: None };
        } else {
            let directory = path.parent().unwrap_or(FilePath::MF);
            *self = Self { directory, file: Some(path) };
        }
    }
}

/// The identifier that stands for the application (TS 102 221 §8.3).
const CURRENT_ADF: u16 = 0x7FFF;

fn name(path: &FilePath) -> Option<&'static str> {
    match (&path.application, &path.fids[..]) {
        (Some(application), []) if application == "ADF.USIM" => Some("ADF.USIM"),
        _ => path.name(),
    }
}

#[cfg(test)]
mod tests {
    use oxisim_wire::Duration;

    use super::*;

    #[test]
    fn a_file_is_known_by_where_it_was_selected() {
        let mut files = Files::default();
        let mut about = |command: &str, status: &str| {
            let octets = |text| hex::decode(text).unwrap();
            let (command, response) = (octets(command), octets(status));
            files.about(&What::Exchange { command, response, took: Duration::ZERO })
        };
        assert_eq!(about("00A40004022FE2", "6119"), Some("EF.ICCID"));
        assert_eq!(about("00B000000A", "9000"), Some("EF.ICCID"));
        assert_eq!(about("00A40404 07A0000000871002".replace(' ', "").as_str(), "6133"), Some("ADF.USIM"));
        assert_eq!(about("00A40004026F07", "6119"), Some("EF.IMSI"));
        assert_eq!(about("00A40004026F99", "6A82"), None);
        assert_eq!(about("00B0000009", "9000"), Some("EF.IMSI"));
        assert_eq!(about("00B0870009", "9000"), None);
        assert_eq!(about("00A40804047F106F3A", "6119"), Some("EF.ADN"));
        assert_eq!(about("00A40804047FFF6F07", "6A82"), None);
        assert_eq!(about("00B201041C", "9000"), Some("EF.ADN"));
        assert_eq!(about("01B201041C", "9000"), None);
        assert_eq!(about("A0A40000027F20", "9F17"), Some("DF.GSM"));
        assert_eq!(about("A0A40000026F07", "9F0F"), Some("EF.IMSI"));
        assert_eq!(about("A0A40000027F10", "9F17"), Some("DF.TELECOM"));
        assert_eq!(about("A0A40000026F3A", "9F0F"), Some("EF.ADN"));
    }
}
