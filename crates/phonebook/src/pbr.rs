//! `EF_PBR`: which files a phonebook has, and how they are linked to `EF_ADN` (TS 31.102 §4.4.2.1).

use alloc::vec::Vec;

use oxisim_wire::{Error, ErrorKind, Reader, tlv};

oxisim_wire::codes! {
    /// A file of a phonebook, by its tag in `EF_PBR` (TS 31.102 §4.4.2.1).
    pub struct PhonebookFile(u8) {
        /// Names and numbers.
        ADN = 0xC0,
        /// Record numbers in the files of type 2.
        IAP = 0xC1,
        /// Digits that `EF_ADN` and `EF_ANR` have no room for.
        EXT1 = 0xC2,
        /// Second names.
        SNE = 0xC3,
        /// Additional numbers.
        ANR = 0xC4,
        /// Control information: changed, hidden.
        PBC = 0xC5,
        /// Groups of an entry.
        GRP = 0xC6,
        /// Descriptions of additional numbers.
        AAS = 0xC7,
        /// Names of groups.
        GAS = 0xC8,
        /// Unique identifiers.
        UID = 0xC9,
        /// E-mail addresses.
        EMAIL = 0xCA,
        /// Bearer capabilities.
        CCP1 = 0xCB,
        /// URIs.
        PURI = 0xCC,
    }
}

oxisim_wire::codes! {
    /// How the entries of a file are found, by the constructed tag in `EF_PBR` (TS 31.102 §4.4.2.1).
    pub struct Link(u8) {
        /// Type 1: the record has the number of the record of `EF_ADN`.
        SAME_RECORD = 0xA8,
        /// Type 2: `EF_IAP` has the record number.
        INDEX = 0xA9,
        /// Type 3: a record of `EF_ADN` or of another file has the record number.
        IDENTIFIER = 0xAA,
    }
}

/// One file that `EF_PBR` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileReference {
    /// What the file holds.
    pub file: PhonebookFile,
    /// How its entries are found.
    pub link: Link,
    /// Its file identifier.
    pub fid: u16,
    /// Its short file identifier.
    pub sfi: Option<u8>,
}

/// A record of `EF_PBR`: the files of one set of up to 254 entries. The order of the files with
/// [`Link::INDEX`] is the order of the octets in `EF_IAP`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhonebookReference(pub Vec<FileReference>);

impl PhonebookReference {
    /// Reads a record; a free one names no file.
    pub fn decode(record: &[u8]) -> Result<Self, Error> {
        const WHAT: &str = "EF_PBR record";
        let mut r = Reader::new(record);
        let mut files = Vec::new();
        while r.peek().is_some_and(|tag| tag != 0xFF && tag != 0x00) {
            let tlv::Tlv { tag: link, value: mut list } = tlv::Tlv::read(&mut r, WHAT)?;
            while !list.is_empty() {
                let tlv::Tlv { tag: file, mut value } = tlv::Tlv::read(&mut list, WHAT)?;
                let fid = value.u16("file identifier")?;
                let sfi = if value.is_empty() { None } else { Some(value.u8("short file identifier")?) };
                value.finish("file reference")?;
                files.push(FileReference { file: PhonebookFile(file), link: Link(link), fid, sfi });
            }
        }
        Ok(Self(files))
    }

    /// The record in `length` octets; neighbours with the same link share a constructed object.
    pub fn encode(&self, length: usize) -> Result<Vec<u8>, Error> {
        let mut out = Vec::with_capacity(length);
        for files in self.0.chunk_by(|a, b| a.link == b.link) {
            if let Some(FileReference { link, .. }) = files.first() {
                tlv::write_tlv(link.0, &mut out, |out| files.iter().for_each(|file| file.write(out)));
            }
        }
        if out.len() > length {
            let kind = ErrorKind::TooLong { length: out.len(), limit: length };
            return Err(Error::new("EF_PBR record", 0, kind));
        }
        out.resize(length, 0xFF);
        Ok(out)
    }

    /// The files of one kind, in their order.
    pub fn files(&self, file: PhonebookFile) -> impl Iterator<Item = &FileReference> {
        self.0.iter().filter(move |reference| reference.file == file)
    }
}

impl FileReference {
    fn write(self, out: &mut Vec<u8>) {
        tlv::write_tlv(self.file.0, out, |out| {
            out.extend(self.fid.to_be_bytes());
            out.extend(self.sfi);
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_reference_of_one_octet_is_refused() {
        let error = PhonebookReference::decode(&[0xA8, 0x03, 0xC0, 0x01, 0x4F]).unwrap_err();
        assert_eq!((error.what, error.offset), ("file identifier", 4));
    }

    #[test]
    fn a_record_too_short_for_its_files_is_an_error() {
        let adn = FileReference { file: PhonebookFile::ADN, link: Link::SAME_RECORD, fid: 0x4F3A, sfi: None };
        let error = PhonebookReference(Vec::from([adn])).encode(5).unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLong { length: 6, limit: 5 });
    }

    proptest! {
        #[test]
        fn files_come_back_in_their_order(
            files in proptest::collection::vec((0xC0u8..0xCD, 0xA8u8..0xAB, any::<u16>(), any::<Option<u8>>()), 0..20)
        ) {
            let files = files.into_iter().map(|(file, link, fid, sfi)| {
                FileReference { file: PhonebookFile(file), link: Link(link), fid, sfi }
            });
            let reference = PhonebookReference(files.collect());
            prop_assert_eq!(PhonebookReference::decode(&reference.encode(255).unwrap()), Ok(reference));
        }

        #[test]
        fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = PhonebookReference::decode(&octets);
        }
    }
}
