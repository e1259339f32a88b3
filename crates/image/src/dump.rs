//! A copy of a card from what a reader found on it.

use std::collections::HashMap;

use oxisim_apdu::fcp::{Fcp, PinState};
use oxisim_card::{
    Card, ImageError, KeyReference, SecurityAttributes, SubmitRule,
    file::{LifeCycle, Sfi, Structure},
    image::{Contents, FileImage, FileKind, Image, MEMORY, PinImage, Platform, UnblockImage},
};
use oxisim_wire::Reader;
use serde::{Deserialize, Serialize};

use crate::{
    access::{Condition, Mode, expanded, show_key},
    read::remote_of,
    write,
};

/// What a reader found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dump {
    /// The answer to reset.
    pub atr: String,
    /// The files.
    pub files: Vec<DumpedFile>,
    /// What could not be read, and why, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_read: Vec<String>,
}

/// A file that the reader tried to select.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpedFile {
    /// Names from the MF, such as `MF/EF.ICCID`.
    pub path: String,
    /// Identifiers from the MF; an application's is its AID or the start of it.
    pub fid_path: String,
    /// The answer to SELECT; none if there is no such file.
    pub select_response: Option<String>,
    /// Octets of a transparent file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary: Option<String>,
    /// Records of another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Vec<Option<String>>>,
}

/// What SELECT's answer says that a file is: a UICC's, or a SIM's of GSM.
pub fn described(response: &[u8]) -> Result<FileKind, String> {
    let file = match response.first() {
        Some(0x62) => FileImage::from_fcp(Vec::new(), response, Contents::Octets(Vec::new()))
            .map_err(|error| error.to_string())?,
        _ => gsm(Vec::new(), response, Vec::new()).ok_or(NONSENSE)?,
    };
    Ok(file.kind)
}

/// What is said of an answer to SELECT that is no one's.
const NONSENSE: &str = "SELECT has no answer that makes sense";

/// A card that was copied, and what of it was not.
#[derive(Debug)]
pub struct Imported {
    /// The copy.
    pub image: Image,
    /// What could not be read, and what stands in its place.
    pub missing: Vec<String>,
}

/// What an application is called before its file identifier is known: identifiers for those that SELECT shows none of.
const UNIDENTIFIED: u16 = 0x7FFF;

/// What a PIN is until its owner writes the right one into the file.
const UNKNOWN_PIN: &str = "0000";
const UNKNOWN_KEY: &str = "00000000";

/// The copy of a card that a dump in JSON tells of.
pub fn import(json: &str) -> Result<Imported, String> {
    let dump: Dump = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let atr = hex::decode(&dump.atr).map_err(|error| format!("atr: {error}"))?;
    let mut importer = Importer::default();
    for file in &dump.files {
        importer.file(file).map_err(|reason| format!("{}: {reason}", file.path))?;
    }
    importer.add_rules();
    let pins = importer.pins();
    importer.missing.push("the keys for authentication".into());
    let mut image = Image {
        atr,
        platform: importer.platform(),
        menu_title: "SIM".into(),
        pins,
        authentication: Vec::new(),
        remote: remote_of(&importer.files),
        submit: SubmitRule::default(),
        files: importer.files,
        memory: MEMORY,
        key_sets: Vec::new(),
    };
    // What is wrong with the image is said when its card is made.
    let _ = add_headers(&mut image, &importer.headers);
    Ok(Imported { image, missing: importer.missing })
}

/// Who may do what with the EFs of a dump, in words, by their paths; those whose rules say what words do not are left
/// out.
#[must_use]
pub fn access(dump: &Dump) -> HashMap<String, String> {
    let mut importer = Importer::default();
    let mut places = Vec::new();
    for file in &dump.files {
        let index = importer.files.len();
        if importer.file(file).is_ok() && importer.files.len() > index {
            places.push((&file.path, index));
        }
    }
    let image = Image {
        atr: Vec::new(),
        platform: Platform::default(),
        menu_title: String::new(),
        pins: Vec::new(),
        authentication: Vec::new(),
        files: importer.files,
        memory: MEMORY,
        key_sets: Vec::new(),
        remote: Vec::new(),
        submit: SubmitRule::default(),
    };
    let words = |index: usize| {
        let file = image.files.get(index).filter(|file| matches!(file.kind, FileKind::Elementary { .. }))?;
        write::access(&image, file)
    };
    places.into_iter().filter_map(|(path, index)| Some((path.clone(), words(index)?))).collect()
}

#[derive(Default)]
struct Importer {
    files: Vec<FileImage>,
    missing: Vec<String>,
    /// File identifiers of the applications by what the dump calls them.
    applications: HashMap<String, u16>,
    /// The keys that directories tell of.
    keys: Vec<Key>,
    /// What a SIM of GSM says of its files, by path.
    headers: Vec<(Vec<u16>, Vec<u8>)>,
}

/// What a directory tells of a key.
struct Key {
    reference: KeyReference,
    enabled: bool,
    /// Tries that are left, of the key and of what unblocks it, if that is told.
    tries: Option<(u8, Option<u8>)>,
}

impl Importer {
    fn file(&mut self, file: &DumpedFile) -> Result<(), String> {
        let Some(response) = &file.select_response else { return Ok(()) };
        let response = hex::decode(response).map_err(|error| error.to_string())?;
        if response.first() == Some(&0x6F) {
            self.missing.push(format!("{}: an application that has no files", file.path));
            return Ok(());
        }
        let path = self.path(&file.fid_path, &response)?;
        let is_gsm = response.first() != Some(&0x62);
        let mut octets = contents(file)?;
        if is_gsm {
            let image = gsm(path, &response, octets).ok_or(NONSENSE)?;
            self.note_codes(&response);
            self.headers.push((image.path.clone(), response));
            self.note_unread(file, &image);
            self.files.push(image);
            return Ok(());
        }
        let mut image = FileImage::from_fcp(path, &response, Contents::Octets(Vec::new()))
            .map_err(|error| error.to_string())?;
        if let FileKind::Elementary { contents, size, .. } = &mut image.kind {
            octets.truncate(*size);
            *contents = Contents::Octets(octets);
        } else {
            self.note_keys(&response);
        }
        self.note_unread(file, &image);
        self.files.push(image);
        Ok(())
    }

    /// The path by identifiers; an application gets one of its own.
    fn path(&mut self, text: &str, response: &[u8]) -> Result<Vec<u16>, String> {
        let mut path = Vec::new();
        for step in text.split('/') {
            let identifier = if step.len() == 4 { u16::from_str_radix(step, 16).ok() } else { None };
            let identifier = match (identifier, self.applications.get(step)) {
                (Some(identifier), _) | (None, Some(&identifier)) => identifier,
                (None, None) => {
                    let shown = own_identifier(response);
                    let is_free = |fid: &u16| !self.applications.values().any(|other| other == fid);
                    let identifier = shown.or_else(|| (0x7F00..=UNIDENTIFIED).rev().find(is_free));
                    let identifier = identifier.ok_or("there are too many applications")?;
                    self.applications.insert(step.into(), identifier);
                    identifier
                }
            };
            path.push(identifier);
        }
        Ok(path)
    }

    fn note_unread(&mut self, file: &DumpedFile, image: &FileImage) {
        let FileKind::Elementary { .. } = image.kind else { return };
        let holes = file.records.as_ref().is_some_and(|records| records.iter().any(Option::is_none));
        if file.binary.is_none() && file.records.is_none() {
            self.missing.push(format!("the contents of {}: FF stands there", file.path));
        } else if holes {
            self.missing.push(format!("some records of {}: FF stands there", file.path));
        }
    }

    /// Puts an `EF_ARR` where files refer to one that the reader has not found: without it nobody may do anything.
    fn add_rules(&mut self) {
        let references: Vec<(Vec<u16>, u16)> = self.files.iter().filter_map(reference).collect();
        for (path, arr) in references {
            let holder = |directory: &[u16]| {
                self.files.iter().find(
                    |file| matches!(&*file.path, [above @ .., fid] if above == directory && *fid == arr),
                )
            };
            let found = (1..path.len()).filter_map(|depth| path.get(..depth)).find_map(holder);
            let like = self.files.iter().find(|file| file.path.ends_with(&[arr]));
            let (None, Some(like), Some(directory)) = (found, like, path.get(..2).filter(|_| path.len() > 2))
            else {
                continue;
            };
            let rules = FileImage { path: [directory, &[arr]].concat(), ..like.clone() };
            let place =
                self.files.iter().position(|file| file.path == directory).map_or(0, |place| place + 1);
            let name =
                |path: &[u16]| path.iter().map(|fid| format!("{fid:04X}")).collect::<Vec<_>>().join("/");
            self.missing.push(format!(
                "the access rules {}, which files refer to: those of {} stand there",
                name(&rules.path),
                name(&like.path)
            ));
            self.files.insert(place, rules);
        }
    }

    /// Takes the keys from the PIN status template (TS 102 221 §9.5.2).
    fn note_keys(&mut self, fcp: &[u8]) {
        let pins = Fcp::read(&mut Reader::new(fcp)).and_then(|fcp| fcp.pins()).unwrap_or_default();
        for PinState { key, enabled } in pins {
            self.note_key(Key { reference: KeyReference(key), enabled, tries: None });
        }
    }

    fn note_key(&mut self, key: Key) {
        if !self.keys.iter().any(|other| other.reference == key.reference) {
            self.keys.push(key);
        }
    }

    /// Takes CHV1 and CHV2 from the header of a directory (TS 51.011 §9.2.1). It names no administrative keys.
    fn note_codes(&mut self, header: &[u8]) {
        const DISABLED: u8 = 0x80;
        const INITIALISED: u8 = 0x80;
        const TRIES: u8 = 0x0F;
        let (Some(&(MF | DF)), Some(characteristics), Some(&[chv1, unblock1, chv2, unblock2])) =
            (header.get(6), header.get(13), header.get(18..).and_then(<[u8]>::first_chunk))
        else {
            return;
        };
        let tries = |status: u8| (status & INITIALISED != 0).then_some(status & TRIES);
        let is_enabled = characteristics & DISABLED == 0;
        for (reference, enabled, status, unblock) in
            [(KeyReference::PIN_1, is_enabled, chv1, unblock1), (KeyReference::PIN_2, true, chv2, unblock2)]
        {
            if let Some(left) = tries(status) {
                self.note_key(Key { reference, enabled, tries: Some((left, tries(unblock))) });
            }
        }
        self.note_key(Key { reference: KeyReference::ADM_1, enabled: true, tries: None });
    }

    /// A card that answers as a SIM of GSM does, and never as a UICC, is one.
    fn platform(&self) -> Platform {
        if !self.files.is_empty() && self.headers.len() == self.files.len() {
            Platform::Sim
        } else {
            Platform::default()
        }
    }

    /// The keys with values that are not theirs.
    fn pins(&mut self) -> Vec<PinImage> {
        let mut pins = Vec::new();
        for &Key { reference, enabled, tries } in &self.keys {
            let is_administrative = reference.is_administrative();
            let value = if is_administrative { UNKNOWN_KEY } else { UNKNOWN_PIN };
            self.missing.push(format!("{}: {value} stands there", show_key(reference)));
            let (retries, unblock) = tries.unwrap_or((3, (!is_administrative).then_some(10)));
            pins.push(PinImage {
                reference,
                directory: None,
                value: digits(value),
                retries,
                max_retries: retries.max(3),
                enabled: enabled || is_administrative,
                unblock: unblock.map(|retries| UnblockImage {
                    value: digits(UNKNOWN_KEY),
                    retries,
                    max_retries: retries.max(10),
                }),
            });
        }
        pins
    }
}

/// The path of a file and the `EF_ARR` that it refers to.
fn reference(file: &FileImage) -> Option<(Vec<u16>, u16)> {
    match file.security {
        SecurityAttributes::Referenced { arr, .. } | SecurityAttributes::ReferencedBySe { arr, .. } => {
            Some((file.path.clone(), arr))
        }
        SecurityAttributes::Compact(_) | SecurityAttributes::Expanded(_) => None,
    }
}

fn digits(text: &str) -> [u8; 8] {
    let mut value = [0xFF; 8];
    value.iter_mut().zip(text.bytes()).for_each(|(octet, digit)| *octet = digit);
    value
}

fn contents(file: &DumpedFile) -> Result<Vec<u8>, String> {
    let decode = |text: &str| hex::decode(text).map_err(|error| error.to_string());
    match (&file.binary, &file.records) {
        (Some(binary), _) => decode(binary),
        (None, Some(records)) => {
            let length = records.iter().flatten().map(String::len).max().unwrap_or(0);
            let unread = "F".repeat(length);
            let records = records.iter().map(|record| decode(record.as_ref().unwrap_or(&unread)));
            Ok(records.collect::<Result<Vec<_>, _>>()?.concat())
        }
        (None, None) => Ok(Vec::new()),
    }
}

/// The file identifier in an FCP template.
fn own_identifier(fcp: &[u8]) -> Option<u16> {
    Fcp::read(&mut Reader::new(fcp)).ok()?.file_identifier().ok()?
}

/// Gives the files of the card their headers where it would say something else of them.
fn add_headers(image: &mut Image, headers: &[(Vec<u16>, Vec<u8>)]) -> Result<(), ImageError> {
    let mut card = Card::from_image(image)?;
    for (path, header) in headers {
        let id = card.file_system().at_image_path(path);
        let is_same = id.is_some_and(|id| card.files().header(id) == *header);
        if let Some(file) = image.files.iter_mut().find(|file| file.path == *path && !is_same) {
            file.header = Some(header.clone());
        }
    }
    Ok(())
}

/// Types of files (TS 51.011 §9.3).
const MF: u8 = 0x01;
const DF: u8 = 0x02;

/// The file of which a SIM of GSM gives this answer to SELECT (TS 51.011 §9.2.1).
fn gsm(path: Vec<u16>, response: &[u8], octets: Vec<u8>) -> Option<FileImage> {
    const NOT_INVALIDATED: u8 = 0x01;
    let is_activated = response.get(11).is_none_or(|status| status & NOT_INVALIDATED != 0);
    let &[_, _, high, low, _, _, kind, ref rest @ ..] = response else { return None };
    let size = usize::from(u16::from_be_bytes([high, low]));
    let directory = || FileKind::Directory { aid: None, pin_status: Vec::new() };
    let is_directory = matches!(kind, MF | DF);
    let (kind, security) = match (kind, rest) {
        (MF | DF, _) => (directory(), SecurityAttributes::Expanded(Vec::new())),
        (_, &[_, read_update, increase, rehabilitate_invalidate, _, _, structure, ref record @ ..]) => {
            let record = record.first().copied().filter(|&record| record > 0);
            let structure = match (structure, record) {
                (0x00, _) => Structure::Transparent,
                (0x01, Some(record)) => Structure::LinearFixed { record },
                (0x03, Some(record)) => Structure::Cyclic { record },
                _ => return None,
            };
            let conditions = [
                (Mode::Bit(0x01), read_update >> 4),
                (Mode::Bit(0x02), read_update & 0x0F),
                (Mode::Bit(0x08), rehabilitate_invalidate & 0x0F),
                (Mode::Bit(0x10), rehabilitate_invalidate >> 4),
                (Mode::Instruction(0x32), increase >> 4),
            ];
            let conditions = conditions.map(|(mode, level)| (mode, gsm_condition(level)));
            let contents = Contents::Octets(octets);
            let kind = FileKind::Elementary { structure, size, sfi: Sfi::None, contents };
            (kind, SecurityAttributes::Expanded(expanded(&conditions)))
        }
        _ => return None,
    };
    Some(FileImage {
        path,
        kind,
        security,
        life_cycle: if is_activated || is_directory { LifeCycle::Activated } else { LifeCycle::Deactivated },
        shareable: true,
        identified: true,
        proprietary: Vec::new(),
        header: None,
    })
}

/// An access condition of GSM (TS 51.011 §9.3); administrative levels are keys in their order, and the last key has
/// the level that is left.
fn gsm_condition(level: u8) -> Condition {
    const ADMINISTRATIVE: [u8; 11] = [0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x8A, 0x8B, 0x8C, 0x8D, 0x8E, 0x8E];
    match level {
        0 => Condition::Always,
        1 => Condition::OneOf(vec![KeyReference::PIN_1]),
        2 => Condition::OneOf(vec![KeyReference::PIN_2]),
        level => {
            let key = level.checked_sub(4).and_then(|i| ADMINISTRATIVE.get(usize::from(i)));
            key.map_or(Condition::Never, |&key| Condition::OneOf(vec![KeyReference(key)]))
        }
    }
}
