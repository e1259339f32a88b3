//! Which files a phonebook has: the sets that records of `EF_PBR` name.

use alloc::{vec, vec::Vec};

use crate::pbr::{FileReference, Link, PhonebookFile, PhonebookReference};

/// Which files a phonebook has, and how they are linked.
///
/// ```
/// use oxisim_phonebook::{layout::Layout, pbr::{PhonebookFile, PhonebookReference}};
///
/// // EF_ADN and EF_IAP of type 1, EF_EMAIL of type 2, EF_EXT1 of type 3.
/// let record = [
///     0xA8, 0x0A, 0xC0, 0x03, 0x4F, 0x3A, 0x01, 0xC1, 0x03, 0x4F, 0x25, 0x02,
///     0xA9, 0x04, 0xCA, 0x02, 0x4F, 0x50,
///     0xAA, 0x04, 0xC2, 0x02, 0x4F, 0x4A,
/// ];
/// let layout = Layout::new(&[PhonebookReference::decode(&record)?]);
/// let files: Vec<_> = layout.files().into_iter().map(|(fid, _)| fid).collect();
/// assert_eq!(files, [0x4F3A, 0x4F25, 0x4F4A, 0x4F50]);
/// # Ok::<(), oxisim_wire::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    pub(super) sets: Vec<FileSet>,
    /// Whether there are the files by which phones keep copies in step (TS 31.102 §4.4.2.12).
    is_usim: bool,
}

/// The files that one record of `EF_PBR` names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FileSet {
    pub adn: u16,
    /// Short file identifier of `EF_ADN`, by which records of type 2 name it.
    pub sfi: Option<u8>,
    pub iap: Option<u16>,
    pub ext1: Option<u16>,
    pub anr: Vec<Column>,
    pub second_names: Vec<Column>,
    pub emails: Vec<Column>,
    /// `EF_AAS`: descriptions of additional numbers, by the record number in `EF_ANR`.
    pub descriptions: Option<u16>,
    /// `EF_GRP`: the groups of each entry.
    pub groups: Option<u16>,
    /// `EF_GAS`: names of groups, by the record number in `EF_GRP`.
    pub group_names: Option<u16>,
    /// `EF_PBC`: which entries are hidden, and which a GSM phone has changed.
    pub control: Option<u16>,
    /// `EF_UID`: unique identifiers of the entries.
    pub uid: Option<u16>,
}

/// A file with at most one record for an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub file: PhonebookFile,
    pub fid: u16,
    /// The octet of `EF_IAP` that has the record number (type 2); none if it is that of `EF_ADN` (type 1).
    pub index: Option<usize>,
}

impl Layout {
    /// The layout that records of `EF_PBR` describe. Those without `EF_ADN` are left out.
    #[must_use]
    pub fn new(references: &[PhonebookReference]) -> Self {
        Self { sets: references.iter().filter_map(FileSet::new).collect(), is_usim: true }
    }

    /// The layout of a SIM without `EF_PBR` (TS 51.011 §10.5).
    #[must_use]
    pub fn gsm(adn: u16, ext1: Option<u16>) -> Self {
        Self { sets: vec![FileSet { adn, ext1, ..FileSet::default() }], is_usim: false }
    }

    /// The files of records to be read, each once.
    #[must_use]
    pub fn files(&self) -> Vec<(u16, PhonebookFile)> {
        let mut files: Vec<(u16, PhonebookFile)> = Vec::new();
        for file in self.sets.iter().flat_map(FileSet::files) {
            if !files.iter().any(|(fid, _)| *fid == file.0) {
                files.push(file);
            }
        }
        files
    }

    /// The files without records to be read, too: `EF_PSC`, `EF_CC` and `EF_PUID` (TS 31.102 §4.4.2.12). A card has
    /// all three or none.
    #[must_use]
    pub const fn counters(&self) -> &'static [u16] {
        if self.is_usim { &[EF_PSC, EF_CC, EF_PUID] } else { &[] }
    }

    /// The layout with those of its sets that `keep` says.
    pub(super) fn retain(mut self, keep: impl Fn(&FileSet) -> bool) -> Self {
        self.sets.retain(keep);
        self
    }
}

impl FileSet {
    fn new(reference: &PhonebookReference) -> Option<Self> {
        let fid = |file| reference.files(file).next().map(|found| found.fid);
        let adn = reference.files(PhonebookFile::ADN).next()?;
        let linked: Vec<&FileReference> =
            reference.0.iter().filter(|file| file.link == Link::INDEX).collect();
        let columns = |file| {
            let column = |found: &FileReference| match found.link {
                Link::SAME_RECORD => Some(Column { file, fid: found.fid, index: None }),
                Link::INDEX => {
                    let index = linked.iter().position(|other| *other == found);
                    Some(Column { file, fid: found.fid, index: Some(index?) })
                }
                _ => None,
            };
            reference.files(file).filter_map(column).collect()
        };
        Some(Self {
            adn: adn.fid,
            sfi: adn.sfi,
            iap: fid(PhonebookFile::IAP),
            ext1: fid(PhonebookFile::EXT1),
            anr: columns(PhonebookFile::ANR),
            second_names: columns(PhonebookFile::SNE),
            emails: columns(PhonebookFile::EMAIL),
            descriptions: fid(PhonebookFile::AAS),
            groups: fid(PhonebookFile::GRP),
            group_names: fid(PhonebookFile::GAS),
            control: fid(PhonebookFile::PBC),
            uid: fid(PhonebookFile::UID),
        })
    }

    fn files(&self) -> impl Iterator<Item = (u16, PhonebookFile)> {
        let single = [
            (self.iap, PhonebookFile::IAP),
            (self.ext1, PhonebookFile::EXT1),
            (self.descriptions, PhonebookFile::AAS),
            (self.groups, PhonebookFile::GRP),
            (self.group_names, PhonebookFile::GAS),
            (self.control, PhonebookFile::PBC),
            (self.uid, PhonebookFile::UID),
        ];
        let single = single.into_iter().filter_map(|(fid, file)| Some((fid?, file)));
        let columns = self.columns().map(|column| (column.fid, column.file));
        [(self.adn, PhonebookFile::ADN)].into_iter().chain(single).chain(columns)
    }

    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.anr.iter().chain(&self.second_names).chain(&self.emails)
    }
}

/// Phonebook synchronisation counter (TS 31.102 §4.4.2.12.2).
pub(super) const EF_PSC: u16 = 0x4F22;
/// Change counter (TS 31.102 §4.4.2.12.3).
pub(super) const EF_CC: u16 = 0x4F23;
/// Previous unique identifier (TS 31.102 §4.4.2.12.4).
pub(super) const EF_PUID: u16 = 0x4F24;
