//! A card's files, by the names that the tables of the program have for them.

use std::collections::BTreeMap;

use oxisim_apdu::Status;
use oxisim_card::{KeyReference, file::Structure, image::FileKind};

use super::phonebook::{self, Named};
use crate::{
    card_dump::walk::{ISIM, application_identifier, is_denied, is_read, is_selected, name_in_fcp},
    failure::Failure,
    image::{FilePath, described},
    live::{Answer, Attempts, Client, Refusal, USIM},
    report::count,
};

/// READ BINARY and UPDATE BINARY carry so many octets at once.
const CHUNK: usize = 0xFF;

/// They reach offsets below this one (TS 102 221 §11.1.3).
const REACH: usize = 0x8000;

const EF_DIR: u16 = 0x2F00;
const EF_PBR: u16 = 0x4F30;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// MF, DF or ADF.
    Directory,
    /// A sequence of so many octets.
    Transparent(usize),
    /// Records of one length.
    Records {
        /// Octets of a record.
        record: u8,
        /// How many.
        records: usize,
        /// Whether the latest is the first.
        cyclic: bool,
    },
    /// BER-TLV objects, of so many octets at most.
    Objects(usize),
}

/// A file that stands in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, or its identifier.
    pub name: String,
    /// Its identifier; none of an application, which has an AID.
    pub fid: Option<u16>,
    /// What it is; none if the card does not say.
    pub shape: Option<Shape>,
    /// Whether it is deactivated or terminated.
    pub warning: Option<Status>,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Octets.
    Octets(Vec<u8>),
    /// Records, by number; or why one could not be read.
    Records(Vec<(u8, Result<Vec<u8>, Status>)>),
}

/// A card, and where in it the commands are.
pub struct Files {
    /// The card.
    client: Client,
    /// The directory that the card is in; none if that is not known.
    at: Option<FilePath>,
    /// Names and AIDs of the applications; none if nobody has looked.
    applications: Option<Vec<(String, Vec<u8>)>>,
    /// What was found in directories.
    listed: BTreeMap<FilePath, Vec<Entry>>,
    /// What `EF_PBR` of directories names.
    phonebooks: BTreeMap<FilePath, Vec<Named>>,
}

impl Files {
    /// The files of a card that has been reset.
    pub const fn new(client: Client) -> Self {
        Self { client, at: None, applications: None, listed: BTreeMap::new(), phonebooks: BTreeMap::new() }
    }

    /// The card, for commands that may lead anywhere and change anything.
    pub fn client(&mut self) -> &mut Client {
        self.at = None;
        self.forget();
        &mut self.client
    }

    /// Forgets what was found in directories.
    fn forget(&mut self) {
        self.listed.clear();
        self.phonebooks.clear();
    }

    /// Resets the card, which may be another one now.
    pub fn reset(&mut self) -> Result<(), Refusal> {
        self.applications = None;
        self.client().reset()
    }

    /// What the card answered to reset.
    pub fn answer_to_reset(&self) -> &[u8] {
        self.client.answer_to_reset()
    }

    /// Whether the card is a SIM of GSM and no UICC.
    pub fn is_gsm(&self) -> bool {
        self.client.is_gsm()
    }

    /// How often a wrong value of a key may still be given, where the card is.
    pub fn attempts(&mut self, key: KeyReference) -> Result<Attempts, Refusal> {
        // A SIM of GSM is asked with SELECT.
        if self.client.is_gsm() {
            self.at = None;
        }
        self.client.attempts(key)
    }

    /// What was found in a directory, if anyone has looked.
    pub fn listed(&self, directory: &FilePath) -> Option<&[Entry]> {
        self.listed.get(directory).map(Vec::as_slice)
    }

    /// Names of the applications, if anyone has looked.
    pub fn known_applications(&self) -> impl Iterator<Item = &str> {
        self.applications.iter().flatten().map(|(name, _)| name.as_str())
    }

    /// Selects a directory.
    pub fn enter(&mut self, directory: &FilePath) -> Result<Answer, Failure> {
        let answer = self.try_enter(directory)?;
        if !is_selected(answer.status) {
            return Err(refused(directory, answer.status));
        }
        self.at = Some(directory.clone());
        Ok(answer)
    }

    /// Selects a directory, or one on the way to it, whatever the status word.
    fn try_enter(&mut self, directory: &FilePath) -> Result<Answer, Failure> {
        self.at = None;
        let mut answer = match &directory.application {
            Some(name) => {
                let aid = self.aid(name)?;
                self.client.try_select_application(&aid)?
            }
            None => self.client.try_select(0x3F00)?,
        };
        for &fid in &directory.fids {
            if !is_selected(answer.status) {
                break;
            }
            answer = self.client.try_select(fid)?;
        }
        Ok(answer)
    }

    /// A file of that name elsewhere on the card, of those that the tables know.
    pub fn elsewhere(&mut self, name: &str) -> Option<FilePath> {
        FilePath::with_name(name).find(|path| self.is_there(path))
    }

    /// The failure with what may help: a file that is not there may be elsewhere.
    pub fn with_hint(&mut self, path: &FilePath, failure: Failure) -> Failure {
        let Failure::NotDone(reason) = failure else { return failure };
        let Some(name) = path.name().filter(|_| !self.is_there(path)) else {
            return Failure::NotDone(reason);
        };
        match self.elsewhere(name) {
            Some(other) => Failure::NotDone(format!("{reason}; such a file is {other}")),
            None => Failure::NotDone(reason),
        }
    }

    /// Whether a file can be selected. What breaks on the way to the card is told to who asks next.
    fn is_there(&mut self, path: &FilePath) -> bool {
        let (Some(parent), Some(&fid)) = (path.parent(), path.fids.last()) else { return true };
        let is_entered = self.try_enter(&parent).is_ok_and(|answer| is_selected(answer.status));
        is_entered && self.client.try_select(fid).is_ok_and(|answer| is_selected(answer.status))
    }

    /// Selects a file, and says what it is.
    pub fn open(&mut self, path: &FilePath) -> Result<(Answer, Shape), Failure> {
        let (Some(parent), Some(&fid)) = (path.parent(), path.fids.last()) else {
            return self.enter(path).map(|answer| (answer, Shape::Directory));
        };
        if self.at.as_ref() != Some(&parent) {
            self.enter(&parent)?;
        }
        let answer = self.client.try_select(fid)?;
        if !is_selected(answer.status) {
            return Err(refused(path, answer.status));
        }
        let shape = shape(&answer.data).map_err(|reason| Failure::NotDone(format!("{path}: {reason}")))?;
        if shape == Shape::Directory {
            self.at = Some(path.clone());
        }
        Ok((answer, shape))
    }

    /// What stands in a directory: of the files that the tables know, and that `EF_PBR` names, those that are there.
    pub fn list(&mut self, directory: &FilePath) -> Result<Vec<Entry>, Failure> {
        if let Some(known) = self.listed.get(directory) {
            return Ok(known.clone());
        }
        self.enter(directory)?;
        let mut fids: Vec<u16> = directory.known_children().collect();
        let named = self.phonebook(directory)?.iter().map(|named| named.fid);
        fids.extend(named.filter(|fid| !directory.known_children().any(|known| known == *fid)));
        let mut entries = Vec::new();
        for fid in fids {
            if self.at.as_ref() != Some(directory) {
                self.enter(directory)?;
            }
            let answer = self.client.try_select(fid)?;
            if !is_selected(answer.status) {
                continue;
            }
            let path = directory.child(fid);
            let shape = shape(&answer.data).ok();
            if shape.is_none_or(|shape| shape == Shape::Directory) {
                self.at = None;
            }
            let name = self.name(&path).unwrap_or_else(|| format!("{fid:04X}"));
            let warning = Some(answer.status).filter(|status| !status.is_normal());
            entries.push(Entry { name, fid: Some(fid), shape, warning });
        }
        if *directory == FilePath::MF {
            let applications = self.applications()?.iter();
            entries.extend(applications.map(|(name, _)| Entry {
                name: name.clone(),
                fid: None,
                shape: Some(Shape::Directory),
                warning: None,
            }));
        }
        self.listed.insert(directory.clone(), entries.clone());
        Ok(entries)
    }

    /// What `EF_PBR` of a directory names; nothing if it cannot be read, or where no standard has one.
    fn phonebook(&mut self, directory: &FilePath) -> Result<&[Named], Failure> {
        let has_one = directory.known_children().any(|fid| fid == EF_PBR);
        if has_one && !self.phonebooks.contains_key(directory) {
            let records = match self.read(&directory.child(EF_PBR), None) {
                Ok(Contents::Records(records)) => records,
                Ok(Contents::Octets(_)) | Err(Failure::NotDone(_)) => Vec::new(),
                Err(failure) => return Err(failure),
            };
            let records = records.iter().filter_map(|(_, record)| record.as_deref().ok());
            self.phonebooks.insert(directory.clone(), phonebook::named(records));
        }
        Ok(self.phonebooks.get(directory).map(Vec::as_slice).unwrap_or_default())
    }

    /// The file of a phonebook that has this name in a directory, if `EF_PBR` says so.
    pub fn named(&mut self, directory: &FilePath, name: &str) -> Result<Option<FilePath>, Failure> {
        if !phonebook::is_named(name) {
            return Ok(None);
        }
        let found = self.phonebook(directory)?.iter().find(|named| named.name == name).map(|named| named.fid);
        Ok(found.map(|fid| directory.child(fid)))
    }

    /// What the `EF_PBR` beside a file names, as far as anyone has looked.
    fn beside(&self, path: &FilePath) -> &[Named] {
        path.parent().and_then(|parent| self.phonebooks.get(&parent)).map(Vec::as_slice).unwrap_or_default()
    }

    /// What `EF_PBR` says of a file.
    fn of_phonebook(&self, path: &FilePath) -> Option<&Named> {
        self.beside(path).iter().find(|named| Some(&named.fid) == path.fids.last())
    }

    /// The name of a file, if it has one on this card.
    fn name(&self, path: &FilePath) -> Option<String> {
        let of_tables = || {
            // Where EF_PBR has the say, a file is not what the tables take it for.
            let says_otherwise = |name: &&str| !self.beside(path).is_empty() && phonebook::is_named(name);
            path.name().filter(|name| !says_otherwise(name)).map(str::to_owned)
        };
        self.of_phonebook(path).map(|named| named.name.clone()).or_else(of_tables)
    }

    /// What says how the contents of a file are coded: its path, or the kind of file of a phonebook.
    pub fn kind(&self, path: &FilePath) -> String {
        self.of_phonebook(path).map_or_else(|| path.to_string(), |named| named.kind.clone())
    }

    /// Reads a file, or one record of it.
    pub fn read(&mut self, path: &FilePath, record: Option<u8>) -> Result<Contents, Failure> {
        match (self.open(path)?.1, record) {
            (Shape::Transparent(size), None) => self.binary(path, size).map(Contents::Octets),
            (Shape::Records { record: octets, .. }, Some(number)) => {
                let Answer { data, status } = self.client.try_read_record(number, octets)?;
                if !is_read(status) {
                    return Err(refused(path, status));
                }
                Ok(Contents::Records(vec![(number, Ok(data))]))
            }
            (Shape::Records { record: octets, records, .. }, None) => {
                let mut all = Vec::new();
                for number in (1..=u8::MAX).take(records) {
                    let Answer { data, status } = self.client.try_read_record(number, octets)?;
                    // What is refused for the first record is refused for all.
                    if number == 1 && is_denied(status) {
                        return Err(refused(path, status));
                    }
                    all.push((number, if is_read(status) { Ok(data) } else { Err(status) }));
                }
                Ok(Contents::Records(all))
            }
            (shape, _) => Err(unfit(path, shape)),
        }
    }

    fn binary(&mut self, path: &FilePath, size: usize) -> Result<Vec<u8>, Failure> {
        let mut octets = Vec::new();
        while octets.len() < size.min(REACH) {
            let count = (size - octets.len()).min(CHUNK) as u8;
            let Answer { data, status } = self.client.try_read_binary(octets.len() as u16, count)?;
            if !is_read(status) {
                return Err(refused(path, status));
            }
            if data.is_empty() {
                break;
            }
            octets.extend(data);
        }
        octets.truncate(size);
        Ok(octets)
    }

    /// Writes a file from its first octet on, or one record of it; what is left of the record becomes `FF`.
    pub fn write(&mut self, path: &FilePath, record: Option<u8>, octets: &[u8]) -> Result<(), Failure> {
        if path.fids.last() == Some(&EF_PBR) {
            self.forget();
        }
        let too_long = |room: usize| {
            let given = count(octets.len(), "octet");
            Failure::Usage(format!("{given} do not fit: {path} has room for {room}"))
        };
        match (self.open(path)?.1, record) {
            (Shape::Transparent(size), None) => {
                if octets.len() > size.min(REACH) {
                    return Err(too_long(size.min(REACH)));
                }
                for (place, part) in octets.chunks(CHUNK).enumerate() {
                    let status = self.client.try_update_binary((place * CHUNK) as u16, part)?;
                    self.ended(path, status)?;
                }
                Ok(())
            }
            (Shape::Records { record: length, cyclic, .. }, number) if number.is_some() || cyclic => {
                if octets.len() > usize::from(length) {
                    return Err(too_long(usize::from(length)));
                }
                let mut whole = octets.to_vec();
                whole.resize(usize::from(length), 0xFF);
                let status = self.client.try_update_record(number.filter(|_| !cyclic), &whole)?;
                self.ended(path, status)
            }
            (shape, _) => Err(unfit(path, shape)),
        }
    }

    /// Whether an update ended well; one that took several tries did, too (TS 102 221 §10.2.1.3).
    fn ended(&self, path: &FilePath, status: Status) -> Result<(), Failure> {
        let is_refused = status == Status::GSM_MEMORY_PROBLEM && self.client.is_gsm();
        let is_done = status.is_normal() || status.0 & 0xFFF0 == 0x63C0;
        if is_done && !is_refused { Ok(()) } else { Err(refused(path, status)) }
    }

    /// The applications, as `EF_DIR` names them, and of the usual ones that it does not name those that are there.
    pub fn applications(&mut self) -> Result<&[(String, Vec<u8>)], Failure> {
        if self.applications.is_none() {
            let found = self.find_applications()?;
            self.applications = Some(found);
        }
        Ok(self.applications.as_deref().unwrap_or_default())
    }

    fn find_applications(&mut self) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        if self.client.is_gsm() {
            return Ok(Vec::new());
        }
        let records = match self.read(&FilePath::MF.child(EF_DIR), None) {
            Ok(Contents::Records(records)) => records,
            Ok(Contents::Octets(_)) | Err(Failure::NotDone(_)) => Vec::new(),
            Err(failure) => return Err(failure),
        };
        let records = records.into_iter().filter_map(|(_, record)| record.ok());
        let mut aids: Vec<Vec<u8>> = Vec::new();
        for aid in records.filter_map(|record| application_identifier(&record)) {
            if !aids.contains(&aid) {
                aids.push(aid);
            }
        }
        for usual in [USIM, ISIM] {
            if aids.iter().any(|aid| aid.starts_with(&usual)) {
                continue;
            }
            self.at = None;
            let Answer { data, status } = self.client.try_select_application(&usual)?;
            if is_selected(status) {
                aids.push(name_in_fcp(&data).unwrap_or_else(|| usual.to_vec()));
            }
        }
        let mut found: Vec<(String, Vec<u8>)> = Vec::new();
        for (number, aid) in (1..).zip(aids) {
            let usual = [(&USIM, "ADF.USIM"), (&ISIM, "ADF.ISIM")];
            let usual = usual.iter().find(|(start, _)| aid.starts_with(&start[..])).map(|(_, name)| *name);
            let name = usual.map_or_else(|| format!("ADF.{number}"), str::to_owned);
            let taken = found.iter().any(|(other, _)| *other == name);
            found.push((if taken { format!("{name}{number}") } else { name }, aid));
        }
        Ok(found)
    }

    /// The AID of an application of that name, or that the name has: `ADF.A0000000871002`.
    fn aid(&mut self, name: &str) -> Result<Vec<u8>, Failure> {
        let aid = name.strip_prefix("ADF.").and_then(|digits| hex::decode(digits).ok());
        if let Some(aid) = aid.filter(|aid| (5..=16).contains(&aid.len())) {
            return Ok(aid);
        }
        let applications = self.applications()?;
        if let Some((_, aid)) = applications.iter().find(|(known, _)| known == name) {
            return Ok(aid.clone());
        }
        let names: Vec<&str> = applications.iter().map(|(name, _)| name.as_str()).collect();
        let names = if names.is_empty() { "no application".into() } else { names.join(", ") };
        Err(Failure::NotDone(format!("there is no {name} on the card, which has {names}")))
    }
}

fn shape(said: &[u8]) -> Result<Shape, String> {
    Ok(match described(said) {
        Ok(FileKind::Directory { .. }) => Shape::Directory,
        Ok(FileKind::Elementary { structure, size, .. }) => match structure {
            Structure::Transparent => Shape::Transparent(size),
            Structure::LinearFixed { record } | Structure::Cyclic { record } => Shape::Records {
                record,
                records: size.checked_div(usize::from(record)).unwrap_or_default(),
                cyclic: matches!(structure, Structure::Cyclic { .. }),
            },
            Structure::BerTlv => Shape::Objects(size),
        },
        // The application of a card manager has other objects, and no files.
        Err(_) if said.first() == Some(&0x6F) => Shape::Directory,
        Err(reason) => return Err(reason),
    })
}

/// What the card says instead of doing it, with what may help.
fn refused(path: &FilePath, status: Status) -> Failure {
    let help = if is_denied(status) { "; verify-pin or verify-adm may help" } else { "" };
    Failure::NotDone(format!("{path}: {status}{help}"))
}

/// The words do not fit what the file is.
fn unfit(path: &FilePath, shape: Shape) -> Failure {
    Failure::Usage(match shape {
        Shape::Directory => format!("{path} is a directory"),
        Shape::Transparent(_) => format!("{path} has no records"),
        Shape::Records { .. } => format!("which record of {path}?"),
        Shape::Objects(_) => format!("{path} has BER-TLV objects, which READ and UPDATE do not reach"),
    })
}
