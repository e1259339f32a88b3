//! A whole card as data: what [`Card::from_image`](crate::Card::from_image) is made from.

use alloc::{format, string::String, vec, vec::Vec};

use oxisim_apdu::Atr;

use crate::{
    access::SecurityAttributes,
    authentication::{Algorithm, SequenceNumbers},
    changes::CHANGES,
    file::{Aid, Directory, Elementary, File, FileId, FileSystem, Kind, LifeCycle, Sfi, Structure, fid},
    header,
    keys::SubscriberKeys,
    memory::{Handle, Memory},
    ota::{self, KeySet, RemoteApplication, SubmitRule},
    pin::{KeyReference, Pin, Pins},
};

/// A card: its answer to reset, secrets and files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The answer to reset (ISO/IEC 7816-3 §8.2, TS 102 221 §6.3).
    pub atr: Vec<u8>,
    /// Which commands it understands.
    pub platform: Platform,
    /// Title of the menu of the toolkit applets.
    pub menu_title: String,
    /// PINs and administrative keys.
    pub pins: Vec<PinImage>,
    /// Keys for AUTHENTICATE, one at most for a directory.
    pub authentication: Vec<AuthenticationKey>,
    /// The files: the MF first, and every directory before what stands in it.
    pub files: Vec<FileImage>,
    /// Octets of non-volatile memory: what is left of them is room for files that are created.
    pub memory: usize,
    /// Key sets for packets over the air, each with a number of its own; none, and the card accepts none that is
    /// secured.
    pub key_sets: Vec<KeySet>,
    /// The applications of the card's own that packets are for.
    pub remote: Vec<RemoteApplication>,
    /// Which packets get a receipt in a message of the card's own.
    pub submit: SubmitRule,
}

/// Octets of memory of a card whose image does not say: a card of 256 KiB.
pub const MEMORY: usize = 0x4_0000;

/// Which commands a card understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Platform {
    /// Those of a UICC, and those of a SIM of GSM with the same files: class `A0` (TS 51.011).
    #[default]
    UiccWithSim,
    /// Those of a UICC only.
    Uicc,
    /// Those of a SIM of GSM only.
    Sim,
}

/// A PIN or an administrative key (TS 102 221 §9.4, §9.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinImage {
    /// How commands name it.
    pub reference: KeyReference,
    /// Where it counts: in the directory at this path and below. `None`: on the whole card.
    pub directory: Option<Vec<u16>>,
    /// Its value, filled up with `FF`.
    pub value: [u8; 8],
    /// Tries that are left; 0 if it is blocked.
    pub retries: u8,
    /// Tries after a right one, 1 to 15.
    pub max_retries: u8,
    /// Whether it must be verified; administrative keys always must.
    pub enabled: bool,
    /// What unblocks it, if anything does.
    pub unblock: Option<UnblockImage>,
}

/// The UNBLOCK PIN of a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnblockImage {
    /// Its value.
    pub value: [u8; 8],
    /// Tries that are left; 0 if it is blocked.
    pub retries: u8,
    /// Tries after a right one, 1 to 15.
    pub max_retries: u8,
}

/// A subscriber's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationKey {
    /// The directory that authenticates with it: an ADF, or `DF_GSM`, which without a key of its own has that of the
    /// first ADF here.
    pub directory: Vec<u16>,
    /// Algorithm and key.
    pub algorithm: Algorithm,
    /// The sequence numbers to start with, and which are accepted from then on.
    pub numbers: SequenceNumbers,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileImage {
    /// File identifiers from the MF, which is the first, to this file, which is the last. An ADF has an identifier
    /// here too, unique in the MF.
    pub path: Vec<u16>,
    /// What it is.
    pub kind: FileKind,
    /// Who may do what.
    pub security: SecurityAttributes,
    /// Life cycle status.
    pub life_cycle: LifeCycle,
    /// Whether several logical channels may select it at once.
    pub shareable: bool,
    /// Whether SELECT shows the file identifier; an ADF may do without.
    pub identified: bool,
    /// Value of the object `A5`, proprietary information, in the FCP; none if empty.
    pub proprietary: Vec<u8>,
    /// What SELECT of class `A0` says (TS 51.011 §9.2.1), where that cannot be told from the rest: octets that mean
    /// nothing, characteristics, counts, access conditions. Identifier, size, record length, invalidation and the
    /// state of CHV1 and CHV2 are the card's own, whatever stands here.
    pub header: Option<Vec<u8>>,
}

/// What a file is, with its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// The MF, a DF or an ADF.
    Directory {
        /// DF name: the application's AID, if it is an ADF.
        aid: Option<Aid>,
        /// The keys whose state SELECT tells, in order (TS 102 221 §9.5.2).
        pin_status: Vec<KeyReference>,
    },
    /// An EF.
    Elementary {
        /// Organisation, and octets of a record.
        structure: Structure,
        /// Octets of the contents, all records together; for a BER-TLV structure the most that fit.
        size: usize,
        /// Short file identifier.
        sfi: Sfi,
        /// Contents.
        contents: Contents,
    },
}

/// Contents of an EF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// The first octets of it; what is left of the file is `FF`.
    Octets(Vec<u8>),
    /// The same as another file's, listed before: an update of one is an update of both.
    SharedWith(Vec<u16>),
}

/// Why no card can be made from an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The answer to reset is none.
    #[error("answer to reset: {0}")]
    Atr(oxisim_wire::Error),
    /// The first file is not the MF.
    #[error("the first file is not the MF, 3F00")]
    NoMasterFile,
    /// The directory that a file stands in is not listed before it.
    #[error("{0}: its directory is not listed before it")]
    NoDirectory(String),
    /// Two files have the same path, or two applications the same AID.
    #[error("{0}: it is there already")]
    Duplicate(String),
    /// The size is no multiple of the record's, or larger than a file can be.
    #[error("{0}: {1} octets is no size for it")]
    Size(String, usize),
    /// The contents are longer than the file.
    #[error("{0}: contents of {1} octets do not fit")]
    Contents(String, usize),
    /// The file that the contents are shared with is not listed before, or has another size or structure.
    #[error("{0}: the file that it shares its contents with is not one like it listed before")]
    Shared(String),
    /// A short file identifier is not 1 to 30.
    #[error("{0}: the short file identifier {1} is not 1 to 30")]
    Sfi(String, u8),
    /// The header is shorter than one is.
    #[error("{0}: {1} octets are no header of it")]
    Header(String, usize),
    /// A key has a wrong number of tries, is there twice, or its directory is not there.
    #[error("key {0:02X}: wrong number of tries, or there already, or without its directory")]
    Pin(u8),
    /// The files, keys and what else there is take more octets than the memory has.
    #[error("{used} octets are in use, the memory has {memory}")]
    Memory {
        /// Octets in use.
        used: usize,
        /// Octets of memory.
        memory: usize,
    },
    /// A subscriber's key is for a directory that is neither an ADF nor `DF_GSM`, or that has a key already.
    #[error("{0}: no directory to authenticate for, or there is a key for it already")]
    AuthenticationKey(String),
    /// A key set has a number that no packet can say, or that another one has.
    #[error("key set {0}: the number is not 1 to 15, or there already")]
    KeySet(u8),
    /// There are more keys or files than a card has room for.
    #[error("too many keys or files")]
    TooMany,
}

/// The most octets of an EF: what a three-octet size in the FCP can say is more than any card has.
const LARGEST: usize = 0xFF_FFFF;

/// What a card is made of: its files, subscribers' keys, and its memory.
pub(crate) fn build(image: &Image) -> Result<(FileSystem, SubscriberKeys, Memory), ImageError> {
    Atr::parse(&image.atr).map_err(ImageError::Atr)?;
    let master = image.files.first().ok_or(ImageError::NoMasterFile)?;
    if master.path != [fid::MF] || !matches!(master.kind, FileKind::Directory { aid: None, .. }) {
        return Err(ImageError::NoMasterFile);
    }
    if image.files.len() > 0xFFFF || image.pins.len() > Pins::LIMIT {
        return Err(ImageError::TooMany);
    }
    let mut memory = Memory::with_capacity(image.memory);
    let mut files = FileSystem::default();
    for file in &image.files {
        let parent = parent(&files, file)?;
        let kind = kind(file, &files, &mut memory)?;
        files.add(File {
            fid: file.path.last().copied().unwrap_or(fid::MF),
            parent,
            kind,
            security: file.security.clone(),
            shareable: file.shareable,
            identified: file.identified,
            proprietary: file.proprietary.clone(),
            header: header(file)?,
        });
    }
    let states: Vec<u8> = image.files.iter().map(|file| file.life_cycle.code()).collect();
    files.life_cycles = Some(memory.create("life cycle", &states));
    files.changes = Some(memory.create(CHANGES, &[]));
    for pin in &image.pins {
        let pin = secret(pin, &files, &mut memory)?;
        files.pins.add(pin);
    }
    let keys = SubscriberKeys::create(&image.authentication, &files, &mut memory)?;
    create_key_sets(&image.key_sets, &mut memory)?;
    if memory.used() > image.memory {
        return Err(ImageError::Memory { used: memory.used(), memory: image.memory });
    }
    Ok((files, keys, memory))
}

/// The key sets with their memory.
fn create_key_sets(sets: &[KeySet], memory: &mut Memory) -> Result<(), ImageError> {
    for (at, set) in sets.iter().enumerate() {
        let is_taken = sets.iter().take(at).any(|other| other.version == set.version);
        if is_taken || !set.is_valid() {
            return Err(ImageError::KeySet(set.version));
        }
    }
    ota::create_keys(sets, memory);
    Ok(())
}

/// The directory that a file stands in.
fn parent(files: &FileSystem, file: &FileImage) -> Result<FileId, ImageError> {
    let Some((_, directories)) = file.path.split_last() else {
        return Err(ImageError::NoDirectory(name(&file.path)));
    };
    if files.at_image_path(&file.path).is_some() {
        return Err(ImageError::Duplicate(name(&file.path)));
    }
    if let FileKind::Directory { aid: Some(aid), .. } = file.kind
        && files.applications(&[]).any(|id| files.directory(id).is_some_and(|df| df.aid == Some(aid)))
    {
        return Err(ImageError::Duplicate(name(&file.path)));
    }
    if directories.is_empty() {
        return Ok(FileSystem::MF);
    }
    files
        .at_image_path(directories)
        .filter(|&id| files.directory(id).is_some())
        .ok_or_else(|| ImageError::NoDirectory(name(&file.path)))
}

/// The header that the image gives, if it is long enough.
fn header(file: &FileImage) -> Result<Option<Vec<u8>>, ImageError> {
    let shortest = match file.kind {
        FileKind::Directory { .. } => header::DIRECTORY,
        FileKind::Elementary { .. } => header::ELEMENTARY,
    };
    match &file.header {
        Some(header) if !(shortest..=0xFF).contains(&header.len()) => {
            Err(ImageError::Header(name(&file.path), header.len()))
        }
        header => Ok(header.clone()),
    }
}

/// The file proper, with its memory.
fn kind(file: &FileImage, files: &FileSystem, memory: &mut Memory) -> Result<Kind, ImageError> {
    let (structure, size, sfi, contents) = match &file.kind {
        FileKind::Directory { aid, pin_status } => {
            return Ok(Kind::Directory(Directory { aid: *aid, pin_status: pin_status.clone() }));
        }
        FileKind::Elementary { structure, size, sfi, contents } => (*structure, *size, *sfi, contents),
    };
    let wrong_size = match structure.record() {
        Some(0) => true,
        Some(record) => !size.is_multiple_of(record) || size / record > 0xFF,
        None => size > LARGEST,
    };
    if wrong_size {
        return Err(ImageError::Size(name(&file.path), size));
    }
    if let Sfi::Is(sfi @ (0 | 31..)) = sfi {
        return Err(ImageError::Sfi(name(&file.path), sfi));
    }
    let body = match contents {
        Contents::Octets(octets) => own_body(file, structure, size, octets, memory)?,
        Contents::SharedWith(path) => files
            .at_image_path(path)
            .and_then(|id| files.elementary(id))
            .filter(|other| other.structure == structure && other.size == size)
            .map(|other| other.body)
            .ok_or_else(|| ImageError::Shared(name(&file.path)))?,
    };
    Ok(Kind::Elementary(Elementary { structure, sfi, body, size }))
}

fn own_body(
    file: &FileImage,
    structure: Structure,
    size: usize,
    octets: &[u8],
    memory: &mut Memory,
) -> Result<Handle, ImageError> {
    let mut contents = vec![structure.erased(); size];
    let place = contents
        .get_mut(..octets.len())
        .ok_or_else(|| ImageError::Contents(name(&file.path), octets.len()))?;
    place.copy_from_slice(octets);
    Ok(memory.create(name(&file.path), &contents))
}

/// A key with its memory.
fn secret(pin: &PinImage, files: &FileSystem, memory: &mut Memory) -> Result<Pin, ImageError> {
    let reference = pin.reference;
    let error = ImageError::Pin(reference.0);
    let directory = match &pin.directory {
        Some(path) => Some(files.at_image_path(path).ok_or_else(|| error.clone())?),
        None => None,
    };
    let is_counter = |retries, max| (1..=15).contains(&max) && retries <= max;
    let counts = is_counter(pin.retries, pin.max_retries)
        && pin.unblock.is_none_or(|unblock| is_counter(unblock.retries, unblock.max_retries));
    let is_there = files.pins.iter().any(|other| other.is(reference, directory));
    let may_be_disabled = pin.enabled || !reference.is_administrative();
    if !counts || is_there || !may_be_disabled {
        return Err(error);
    }
    let place = pin.directory.as_ref().map_or_else(String::new, |path| format!("{}/", name(path)));
    Ok(Pin::create(format!("{place}pin/{:02X}", reference.0), pin, directory, memory))
}

/// A path as the names of memory objects have it.
pub(crate) fn name(path: &[u16]) -> String {
    let fids: Vec<String> = path.iter().map(|fid| format!("{fid:04X}")).collect();
    fids.join("/")
}
