//! Through the files of a card, reading only: SELECT, READ BINARY, READ RECORD, GET RESPONSE.

use std::collections::{BTreeSet, VecDeque};

use oxisim_apdu::{Status, fcp::Fcp};
use oxisim_card::{file::Structure, image::FileKind};
use oxisim_phonebook::pbr::PhonebookReference;
use oxisim_wire::{Reader, tlv::Tlv};

use crate::{
    image::{Dump, DumpedFile, FilePath, access, described},
    live::{Answer, Client, Refusal, USIM},
    progress::Progress,
    report,
};

/// The start of an ISIM's application identifier (TS 101 220 Annex E).
pub const ISIM: [u8; 7] = [0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x04];

/// Directories in directories that are gone into; no standard has more than four.
const DEEPEST: usize = 6;

/// No card has so many files; one that finds a file under every identifier is not followed further.
const MOST_FILES: usize = 4_096;

/// READ BINARY asks for so many octets at once.
const CHUNK: u8 = 0xFF;

/// READ BINARY reaches offsets below this one (TS 102 221 §11.1.3).
const REACH: usize = 0x8000;

const EF_DIR: u16 = 0x2F00;
const EF_PBR: u16 = 0x4F30;

/// Reads everything that the card lets anyone read who has verified what has been verified.
pub fn walk(client: &mut Client, scan: bool) -> Result<Dump, Refusal> {
    let atr = hex::encode_upper(client.answer_to_reset());
    let dump = Dump { atr, ..Dump::default() };
    let mut walk = Walk { client, scan, dump, unread: Vec::new(), progress: Progress::new(1) };
    walk.all()?;
    if walk.dump.files.len() >= MOST_FILES {
        walk.unread.push(("the rest".into(), format!("more than {MOST_FILES} files")));
    }
    let Walk { mut dump, unread, .. } = walk;
    let rules = access(&dump);
    dump.not_read = unread
        .into_iter()
        .map(|(what, reason)| match rules.get(&what).and_then(|rule| of_reading(rule)) {
            Some(rule) => format!("{what}: {reason}; {rule}"),
            None => format!("{what}: {reason}"),
        })
        .chain(["the values of PINs, PUKs and keys, which no card tells".into()])
        .collect();
    Ok(dump)
}

struct Walk<'a> {
    client: &'a mut Client,
    /// Whether identifiers are tried that nobody knows of.
    scan: bool,
    dump: Dump,
    /// What could not be read, and why.
    unread: Vec<(String, String)>,
    progress: Progress,
}

/// A directory on the way.
#[derive(Clone, Debug)]
struct Directory {
    /// Where the table has it.
    known: FilePath,
    /// What it is called in the dump: names, and identifiers.
    names: String,
    identifiers: String,
    /// The application it belongs to.
    aid: Option<Vec<u8>>,
}

impl Walk<'_> {
    fn all(&mut self) -> Result<(), Refusal> {
        let mf = Directory { known: FilePath::MF, names: "MF".into(), identifiers: "3f00".into(), aid: None };
        let answer = self.enter(&mf)?;
        self.note(&mf.names, &mf.identifiers, &answer)?;
        self.directory(&mf)?;
        if self.client.is_gsm() {
            return Ok(());
        }
        for (number, aid) in self.applications().into_iter().enumerate() {
            self.application(number, &aid)?;
        }
        Ok(())
    }

    /// AIDs from `EF_DIR`, and of the usual applications that it does not name.
    fn applications(&self) -> Vec<Vec<u8>> {
        let directory = self.dump.files.iter().find(|file| file.fid_path == format!("3f00/{EF_DIR:04x}"));
        let records = directory.and_then(|file| file.records.as_deref()).unwrap_or_default();
        let mut aids: Vec<Vec<u8>> = Vec::new();
        for record in records.iter().flatten() {
            let octets = hex::decode(record).unwrap_or_default();
            if let Some(aid) = application_identifier(&octets)
                && !aids.contains(&aid)
            {
                aids.push(aid);
            }
        }
        for usual in [USIM, ISIM] {
            if !aids.iter().any(|aid| aid.starts_with(&usual)) {
                aids.push(usual.to_vec());
            }
        }
        aids
    }

    fn application(&mut self, number: usize, aid: &[u8]) -> Result<(), Refusal> {
        let Answer { data, status } = self.client.try_select_application(aid)?;
        if !is_selected(status) {
            if status != Status::FILE_NOT_FOUND {
                let aid = hex::encode_upper(aid);
                self.unread.push((format!("the application {aid}"), status.to_string()));
            }
            return Ok(());
        }
        let aid = name_in_fcp(&data).unwrap_or_else(|| aid.to_vec());
        let known = match &aid {
            aid if aid.starts_with(&USIM) => "ADF.USIM".to_owned(),
            aid if aid.starts_with(&ISIM) => "ADF.ISIM".to_owned(),
            _ => format!("ADF.{}", number + 1),
        };
        let identifiers = format!("3f00/{}", hex::encode(&aid));
        if self.dump.files.iter().any(|file| file.fid_path == identifiers) {
            return Ok(());
        }
        let mut names = format!("MF/{known}");
        if self.dump.files.iter().any(|file| file.path == names) {
            names = format!("{names}{}", number + 1);
        }
        let known = FilePath { application: Some(known), fids: Vec::new() };
        let directory = Directory { known, names, identifiers, aid: Some(aid) };
        if self.note(&directory.names, &directory.identifiers, &Answer { data, status })? {
            self.directory(&directory)?;
        }
        Ok(())
    }

    /// Reads the files of a directory, which is selected, and those of the directories in it.
    fn directory(&mut self, directory: &Directory) -> Result<(), Refusal> {
        let mut children = VecDeque::from(self.children(directory));
        self.progress.more(children.len() as u64);
        let mut directories = Vec::new();
        while let Some(fid) = children.pop_front() {
            if self.dump.files.len() >= MOST_FILES {
                return Ok(());
            }
            let known = directory.known.child(fid);
            let name = known.name().map_or_else(|| format!("{fid:04X}"), str::to_owned);
            let names = format!("{}/{name}", directory.names);
            let identifiers = format!("{}/{fid:04x}", directory.identifiers);
            self.progress.step(|| names.clone());
            let answer = self.client.try_select(fid)?;
            if !is_selected(answer.status) {
                continue;
            }
            if self.note(&names, &identifiers, &answer)? {
                directories.push(Directory { known, names, identifiers, aid: directory.aid.clone() });
                self.enter(directory)?;
            } else if fid == EF_PBR {
                let fids: Vec<u16> = self.phonebook().filter(|fid| !children.contains(fid)).collect();
                self.progress.more(fids.len() as u64);
                children.extend(fids);
            }
        }
        if directory.known.fids.len() >= DEEPEST {
            return Ok(());
        }
        for inner in directories {
            self.enter(&inner)?;
            self.directory(&inner)?;
        }
        Ok(())
    }

    /// Identifiers of the files that the latest one, an `EF_PBR`, refers to, which have not been read.
    fn phonebook(&self) -> impl Iterator<Item = u16> {
        let records = self.dump.files.last().and_then(|file| file.records.as_deref()).unwrap_or_default();
        let records = records.iter().flatten().filter_map(|record| hex::decode(record).ok());
        let references = records.filter_map(|record| PhonebookReference::decode(&record).ok());
        let directory = self.dump.files.last().and_then(|file| file.fid_path.rsplit_once('/'));
        let directory = directory.map(|(directory, _)| directory.to_owned()).unwrap_or_default();
        let fids: BTreeSet<u16> = references.flat_map(|reference| reference.0).map(|file| file.fid).collect();
        fids.into_iter().filter(move |fid| {
            let path = format!("{directory}/{fid:04x}");
            !self.dump.files.iter().any(|file| file.fid_path == path)
        })
    }

    /// Identifiers that the directory may have.
    fn children(&self, directory: &Directory) -> Vec<u16> {
        let mut children: Vec<u16> = directory.known.known_children().collect();
        if self.scan {
            // The first octets that files of each level have (TS 102 221 §8.2.1, §8.6), but not those of the
            // directory's own level, which SELECT would find beside it; 7FFF is the current application.
            let firsts: &[u8] = match (directory.known.fids.len(), &directory.aid) {
                (0, None) => &[0x2F, 0x7F],
                (0, Some(_)) | (1, None) => &[0x6F, 0x4F, 0x5F],
                _ => &[0x4F, 0x6F],
            };
            let all = firsts.iter().flat_map(|&first| (0..=0xFF).map(move |last| [first, last]));
            let others = all.map(u16::from_be_bytes).filter(|&fid| fid != 0x7FFF && !children.contains(&fid));
            let others: Vec<u16> = others.collect();
            children.extend(others);
        }
        children
    }

    /// Selects a directory that has been found, from the MF or its application on.
    fn enter(&mut self, directory: &Directory) -> Result<Answer, Refusal> {
        let mut answer = match &directory.aid {
            Some(aid) => self.client.try_select_application(aid)?,
            None => self.client.try_select(0x3F00)?,
        };
        for &fid in &directory.known.fids {
            answer = self.client.try_select(fid)?;
        }
        Ok(answer)
    }

    /// Takes a file that is selected into the dump, with its contents; whether it is a directory.
    fn note(&mut self, path: &str, identifiers: &str, answer: &Answer) -> Result<bool, Refusal> {
        let mut file = DumpedFile {
            path: path.into(),
            fid_path: identifiers.into(),
            select_response: Some(hex::encode_upper(&answer.data)),
            ..DumpedFile::default()
        };
        let mut is_directory = false;
        let read = match described(&answer.data) {
            Ok(FileKind::Directory { .. }) => {
                is_directory = true;
                Ok(())
            }
            Ok(FileKind::Elementary { structure, size, .. }) => self.contents(&mut file, structure, size)?,
            // The application of a card manager, which has other objects, and no files.
            Err(_) if answer.data.first() == Some(&0x6F) => Ok(()),
            Err(reason) => {
                file.select_response = None;
                Err(format!("SELECT answers {}: {reason}", hex::encode_upper(&answer.data)))
            }
        };
        if let Err(reason) = read {
            self.unread.push((path.into(), reason));
        }
        self.dump.files.push(file);
        Ok(is_directory)
    }

    /// Reads what the selected file holds, or says why not.
    fn contents(
        &mut self,
        file: &mut DumpedFile,
        structure: Structure,
        size: usize,
    ) -> Result<Result<(), String>, Refusal> {
        match structure {
            Structure::Transparent => {
                let read = self.binary(size)?;
                Ok(read.map(|octets| file.binary = Some(hex::encode_upper(octets))))
            }
            Structure::LinearFixed { record } | Structure::Cyclic { record } => {
                self.records(file, record, size / usize::from(record))
            }
            Structure::BerTlv => Ok(Err("a BER-TLV structure, which READ does not read".into())),
        }
    }

    fn binary(&mut self, size: usize) -> Result<Result<Vec<u8>, String>, Refusal> {
        let mut octets = Vec::with_capacity(size.min(REACH));
        while octets.len() < size {
            if octets.len() >= REACH {
                return Ok(Err(format!("{size} octets, of which READ BINARY reaches {REACH}")));
            }
            let count = (size - octets.len()).min(usize::from(CHUNK)) as u8;
            let Answer { data, status } = self.client.try_read_binary(octets.len() as u16, count)?;
            if !is_read(status) {
                return Ok(Err(status.to_string()));
            }
            if data.is_empty() {
                return Ok(Err(format!("{} of {size}", report::count(octets.len(), "octet"))));
            }
            octets.extend(data);
        }
        octets.truncate(size);
        Ok(Ok(octets))
    }

    fn records(
        &mut self,
        file: &mut DumpedFile,
        octets: u8,
        count: usize,
    ) -> Result<Result<(), String>, Refusal> {
        let mut records = Vec::new();
        let mut refused = None;
        for number in (1..=u8::MAX).take(count) {
            let Answer { data, status } = self.client.try_read_record(number, octets)?;
            let whole = is_read(status) && data.len() == usize::from(octets);
            if !whole {
                refused.get_or_insert_with(|| {
                    if is_read(status) {
                        format!("record {number} has {} of {octets}", report::count(data.len(), "octet"))
                    } else {
                        status.to_string()
                    }
                });
                // What is refused for the first record is refused for all.
                if number == 1 && is_denied(status) {
                    return Ok(Err(status.to_string()));
                }
            }
            records.push(whole.then(|| hex::encode_upper(data)));
        }
        let missing = records.iter().filter(|record| record.is_none()).count();
        file.records = Some(records);
        Ok(refused.map_or(Ok(()), |reason| Err(format!("{missing} of {count} records: {reason}"))))
    }
}

/// What a rule in words says of reading.
fn of_reading(rule: &str) -> Option<&str> {
    rule.split(", ").find(|part| part.split(['/', ' ']).any(|word| word == "read"))
}

/// Whether a file is selected; of a deactivated or terminated one the card warns.
pub const fn is_selected(status: Status) -> bool {
    status.is_normal() || matches!(status, Status::FILE_INVALIDATED | Status::FILE_TERMINATED)
}

/// Whether octets came, perhaps with a warning.
pub const fn is_read(status: Status) -> bool {
    status.is_normal() || matches!(status, Status::DATA_MAY_BE_CORRUPTED | Status::END_OF_FILE)
}

/// Whether the access condition is not fulfilled.
pub const fn is_denied(status: Status) -> bool {
    matches!(status, Status::SECURITY_STATUS_NOT_SATISFIED | Status::ACCESS_NOT_FULFILLED)
}

/// The AID in a record of `EF_DIR`.
pub fn application_identifier(record: &[u8]) -> Option<Vec<u8>> {
    let mut template = Tlv::expect(&mut Reader::new(record), 0x61, "application template").ok()?;
    while let Ok(Tlv { tag, mut value }) = Tlv::read(&mut template, "application object") {
        if tag == 0x4F {
            return Some(value.rest().to_vec()).filter(|aid| !aid.is_empty());
        }
    }
    None
}

/// The identifier that an application says it has when it is selected.
pub fn name_in_fcp(fcp: &[u8]) -> Option<Vec<u8>> {
    let mut name = Fcp::read(&mut Reader::new(fcp)).ok()?.df_name()?;
    Some(name.rest().to_vec()).filter(|aid| !aid.is_empty())
}
