//! Files: what kinds there are, and the tree that they stand in (TS 102 221 §8).

use alloc::vec::Vec;

use crate::{
    access::SecurityAttributes,
    memory::{Handle, Memory, MemoryError},
    pin::{KeyReference, Pins},
};

/// An application identifier, 5 to 16 octets (ISO/IEC 7816-4 §12.2.3, TS 101 220 Annex D).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Aid {
    octets: [u8; 16],
    length: u8,
}

impl Aid {
    /// An AID; `None` unless it has 5 to 16 octets.
    #[must_use]
    pub const fn new(aid: &[u8]) -> Option<Self> {
        if aid.len() < 5 || aid.len() > 16 {
            return None;
        }
        let mut octets = [0; 16];
        let (head, _) = octets.split_at_mut(aid.len());
        head.copy_from_slice(aid);
        Some(Self { octets, length: aid.len() as u8 })
    }

    /// The octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl core::fmt::Debug for Aid {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.as_bytes().iter().try_for_each(|octet| write!(f, "{octet:02X}"))
    }
}

/// File identifiers with a meaning of their own (TS 102 221 §8.3, §8.6).
pub mod fid {
    /// The master file.
    pub const MF: u16 = 0x3F00;
    /// The application that is active; in paths of this crate the first one, `ADF_USIM`.
    pub const CURRENT_APPLICATION: u16 = 0x7FFF;
}

/// Names a file of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(crate) u16);

/// How an EF is organised (TS 102 221 §8.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Structure {
    /// A sequence of octets.
    Transparent,
    /// Records of the same length, 1 to 255 octets.
    LinearFixed {
        /// Octets of a record.
        record: u8,
    },
    /// Records of the same length, the latest first; an update overwrites the oldest.
    Cyclic {
        /// Octets of a record.
        record: u8,
    },
    /// BER-TLV objects, each under its tag.
    BerTlv,
}

/// Short file identifier (TS 102 221 §11.1.1.4.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sfi {
    /// SELECT does not tell: the five least significant bits of the file identifier.
    OfIdentifier,
    /// None.
    None,
    /// 1 to 30.
    Is(u8),
}

/// Life cycle status (TS 102 221 §11.1.1.4.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifeCycle {
    /// No information given.
    Unknown,
    /// Being created.
    Creation,
    /// Being initialised.
    Initialisation,
    /// Operational, activated.
    Activated,
    /// Operational, deactivated: it can be selected and neither read nor written.
    Deactivated,
    /// Terminated, for ever.
    Terminated,
}

/// A directory: the MF, a DF or an ADF.
#[derive(Clone, Debug)]
pub struct Directory {
    /// The application's name, if it is an ADF.
    pub aid: Option<Aid>,
    /// The keys whose state its FCP tells.
    pub pin_status: Vec<KeyReference>,
}

/// An elementary file.
#[derive(Clone, Debug)]
pub struct Elementary {
    /// Organisation.
    pub structure: Structure,
    /// Short file identifier.
    pub sfi: Sfi,
    /// Its contents; two files may have the same.
    pub body: Handle,
    /// Octets of the contents.
    pub size: usize,
}

/// What a file is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A directory.
    Directory(Directory),
    /// An elementary file.
    Elementary(Elementary),
}

/// A file and its place.
#[derive(Clone, Debug)]
pub struct File {
    /// File identifier.
    pub fid: u16,
    /// The directory that it stands in; the MF stands in itself.
    pub parent: FileId,
    /// What it is.
    pub kind: Kind,
    /// Who may do what.
    pub security: SecurityAttributes,
    /// Whether several logical channels may select it at once.
    pub shareable: bool,
    /// Whether its FCP has its identifier.
    pub identified: bool,
    /// Value of the proprietary information of its FCP.
    pub proprietary: Vec<u8>,
    /// What its header says that the card does not know (TS 51.011 §9.2.1).
    pub header: Option<Vec<u8>>,
}

/// The tree of files, with the keys that guard them. What changes of a file is in memory.
#[derive(Clone, Debug, Default)]
pub struct FileSystem {
    /// By [`FileId`]; nothing in the place of a file that was deleted.
    files: Vec<Option<File>>,
    /// An octet for each file: its life cycle status.
    pub(crate) life_cycles: Option<Handle>,
    /// How the files differ from those that the card was made with.
    pub(crate) changes: Option<Handle>,
    pub(crate) pins: Pins,
}

impl Elementary {
    /// Octets of a record; `None` for a transparent file.
    #[must_use]
    pub const fn record_length(&self) -> Option<usize> {
        self.structure.record()
    }

    /// Number of records, 254 or 255 at most; 0 for a transparent file.
    #[must_use]
    pub fn record_count(&self) -> u8 {
        let records = self.record_length().and_then(|length| self.size.checked_div(length));
        records.map_or(0, |count| u8::try_from(count).unwrap_or(u8::MAX))
    }
}

impl Structure {
    /// Octets of a record; `None` for a file without records.
    #[must_use]
    pub const fn record(self) -> Option<usize> {
        match self {
            Self::Transparent | Self::BerTlv => None,
            Self::LinearFixed { record } | Self::Cyclic { record } => Some(record as usize),
        }
    }

    /// What an octet is that nobody has written to; after the last object of a BER-TLV structure stands no tag.
    pub(crate) const fn erased(self) -> u8 {
        match self {
            Self::BerTlv => 0x00,
            Self::Transparent | Self::LinearFixed { .. } | Self::Cyclic { .. } => 0xFF,
        }
    }
}

impl LifeCycle {
    /// As the life cycle status integer has it.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Unknown => 0x00,
            Self::Creation => 0x01,
            Self::Initialisation => 0x03,
            Self::Deactivated => 0x04,
            Self::Activated => 0x05,
            Self::Terminated => 0x0C,
        }
    }

    /// From a life cycle status integer.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0x00 => Self::Unknown,
            0x01 => Self::Creation,
            0x03 => Self::Initialisation,
            0x04 | 0x06 => Self::Deactivated,
            0x05 | 0x07 => Self::Activated,
            0x0C..=0x0F => Self::Terminated,
            _ => return None,
        })
    }
}

impl FileSystem {
    /// The master file.
    pub const MF: FileId = FileId(0);

    /// Adds a file; the first one is the MF.
    pub(crate) fn add(&mut self, file: File) {
        self.files.push(Some(file));
    }

    /// Puts a file, or none, in the place of `id`.
    pub(crate) fn put(&mut self, id: FileId, file: Option<File>) {
        let index = usize::from(id.0);
        if index >= self.files.len() {
            self.files.resize(index + 1, None);
        }
        if let Some(place) = self.files.get_mut(index) {
            *place = file;
        }
    }

    /// A file, to change it.
    pub(crate) fn get_mut(&mut self, id: FileId) -> Option<&mut File> {
        self.files.get_mut(usize::from(id.0))?.as_mut()
    }

    /// How many places for files there are.
    pub(crate) const fn places(&self) -> usize {
        self.files.len()
    }

    /// Life cycle status of a file.
    #[must_use]
    pub fn life_cycle(&self, memory: &Memory, id: FileId) -> LifeCycle {
        let code = self.life_cycles.and_then(|states| memory.read(states).get(usize::from(id.0)).copied());
        code.and_then(LifeCycle::from_code).unwrap_or(LifeCycle::Unknown)
    }

    /// Life cycle status of a file, which is that of a directory above it if that is terminated (TS 102 222 §6.7).
    #[must_use]
    pub fn effective_life_cycle(&self, memory: &Memory, id: FileId) -> LifeCycle {
        let mut above = id;
        loop {
            match self.life_cycle(memory, above) {
                LifeCycle::Terminated => return LifeCycle::Terminated,
                _ if above == Self::MF => return self.life_cycle(memory, id),
                _ => above = self.parent(above),
            }
        }
    }

    /// Gives a file another life cycle status.
    pub(crate) fn set_life_cycle(
        &self,
        memory: &mut Memory,
        id: FileId,
        state: LifeCycle,
    ) -> Result<(), MemoryError> {
        let states = self.life_cycles.ok_or(MemoryError::Range)?;
        memory.write(states, id.0.into(), &[state.code()])
    }

    /// Gives a new file its first life cycle status.
    pub(crate) fn begin_life(
        &self,
        memory: &mut Memory,
        id: FileId,
        state: LifeCycle,
    ) -> Result<(), MemoryError> {
        let states = self.life_cycles.ok_or(MemoryError::Range)?;
        let count = memory.read(states).len().max(usize::from(id.0) + 1);
        memory.resize(states, count, LifeCycle::Unknown.code())?;
        self.set_life_cycle(memory, id, state)
    }

    /// A file, if it is one of this card's.
    #[must_use]
    pub fn get(&self, id: FileId) -> Option<&File> {
        self.files.get(usize::from(id.0))?.as_ref()
    }

    /// Every file.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &File)> {
        let files = self.files.iter().enumerate();
        files.filter_map(|(i, file)| Some((FileId(i as u16), file.as_ref()?)))
    }

    /// An elementary file.
    #[must_use]
    pub fn elementary(&self, id: FileId) -> Option<&Elementary> {
        match &self.get(id)?.kind {
            Kind::Elementary(ef) => Some(ef),
            Kind::Directory(_) => None,
        }
    }

    /// A directory.
    #[must_use]
    pub fn directory(&self, id: FileId) -> Option<&Directory> {
        match &self.get(id)?.kind {
            Kind::Directory(directory) => Some(directory),
            Kind::Elementary(_) => None,
        }
    }

    /// The directory that a file stands in.
    #[must_use]
    pub fn parent(&self, id: FileId) -> FileId {
        self.get(id).map_or(Self::MF, |file| file.parent)
    }

    /// The file `fid` directly in `directory`. ADFs have no identifier that counts there.
    #[must_use]
    pub fn child(&self, directory: FileId, fid: u16) -> Option<FileId> {
        self.children(directory).find(|(_, file)| file.fid == fid && !file.is_application()).map(|(id, _)| id)
    }

    /// The EF with the short file identifier `sfi` directly in `directory`.
    #[must_use]
    pub fn by_sfi(&self, directory: FileId, sfi: u8) -> Option<FileId> {
        self.children(directory).find(|(_, file)| file.sfi() == Some(sfi)).map(|(id, _)| id)
    }

    /// The applications whose AID starts with `prefix`, in the order of `EF_DIR`.
    pub fn applications<'a>(&'a self, prefix: &'a [u8]) -> impl Iterator<Item = FileId> + 'a {
        self.iter()
            .filter(move |(_, file)| match &file.kind {
                Kind::Directory(Directory { aid: Some(aid), .. }) => aid.as_bytes().starts_with(prefix),
                _ => false,
            })
            .map(|(id, _)| id)
    }

    /// Whether an application has this AID.
    pub(crate) fn has_application(&self, aid: &Aid) -> bool {
        let mut applications = self.applications(aid.as_bytes());
        applications.any(|id| self.directory(id).is_some_and(|adf| adf.aid == Some(*aid)))
    }

    /// The application that a file belongs to.
    #[must_use]
    pub fn application_of(&self, mut id: FileId) -> Option<FileId> {
        while id != Self::MF {
            if self.get(id)?.is_application() {
                return Some(id);
            }
            id = self.parent(id);
        }
        None
    }

    /// Whether a file is `directory`, or stands in it, at any depth.
    #[must_use]
    pub fn is_within(&self, mut id: FileId, directory: FileId) -> bool {
        while id != directory && id != Self::MF {
            id = self.parent(id);
        }
        id == directory
    }

    /// The file at a path of identifiers from the MF; the MF itself may be left out, and
    /// [`fid::CURRENT_APPLICATION`] at the start stands for the first application.
    #[must_use]
    pub fn at_path(&self, path: &[u16]) -> Option<FileId> {
        let path = path.strip_prefix(&[fid::MF]).unwrap_or(path);
        let (start, path) = match path.split_first() {
            Some((&fid::CURRENT_APPLICATION, rest)) => (self.applications(&[]).next()?, rest),
            _ => (Self::MF, path),
        };
        path.iter().try_fold(start, |directory, &fid| self.child(directory, fid))
    }

    /// The file at the path that it has in the card's image, where ADFs go by an identifier too.
    #[must_use]
    pub fn at_image_path(&self, path: &[u16]) -> Option<FileId> {
        let (first, path) = path.split_first()?;
        let mf = self.get(Self::MF).filter(|mf| mf.fid == *first).map(|_| Self::MF)?;
        path.iter().try_fold(mf, |directory, &fid| {
            self.children(directory).find(|(_, file)| file.fid == fid).map(|(id, _)| id)
        })
    }

    /// The files directly in `directory`.
    pub fn children(&self, directory: FileId) -> impl Iterator<Item = (FileId, &File)> {
        self.iter().filter(move |&(id, file)| file.parent == directory && id != Self::MF)
    }
}

impl File {
    /// Whether it is an ADF.
    #[must_use]
    pub const fn is_application(&self) -> bool {
        matches!(self.kind, Kind::Directory(Directory { aid: Some(_), .. }))
    }

    /// Its contents, if it is an EF.
    #[must_use]
    pub const fn body(&self) -> Option<Handle> {
        match &self.kind {
            Kind::Elementary(ef) => Some(ef.body),
            Kind::Directory(_) => None,
        }
    }

    /// The short file identifier, if it is an EF and has one.
    #[must_use]
    pub const fn sfi(&self) -> Option<u8> {
        match &self.kind {
            Kind::Elementary(Elementary { sfi: Sfi::Is(sfi), .. }) => Some(*sfi),
            Kind::Elementary(Elementary { sfi: Sfi::OfIdentifier, .. }) => match self.fid as u8 & 0x1F {
                0 | 0x1F => None,
                sfi => Some(sfi),
            },
            Kind::Elementary(_) | Kind::Directory(_) => None,
        }
    }
}
