//! Names of the files of a phonebook: identifiers are the card's choice, and `EF_PBR` says what they are (TS 31.102 §4.4.2.1).

use oxisim_phonebook::pbr::{PhonebookFile, PhonebookReference};

/// A file that `EF_PBR` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its identifier.
    pub fid: u16,
    /// Its name here: `EF.ADN`, and `EF.ADN-2` of the second of the kind.
    pub name: String,
    /// The name of its kind: `EF.ADN`.
    pub kind: String,
}

/// The files that the records of an `EF_PBR` name, each once.
pub fn named<'a>(records: impl Iterator<Item = &'a [u8]>) -> Vec<Named> {
    let mut all: Vec<Named> = Vec::new();
    let references = records.filter_map(|record| PhonebookReference::decode(record).ok());
    for file in references.flat_map(|reference| reference.0) {
        let Some(kind) = file.file.name().map(|name| format!("EF.{name}")) else { continue };
        if all.iter().any(|other| other.fid == file.fid) {
            continue;
        }
        let name = match all.iter().filter(|other| other.kind == kind).count() {
            0 => kind.clone(),
            before => format!("{kind}-{}", before + 1),
        };
        all.push(Named { fid: file.fid, name, kind });
    }
    all
}

/// Whether it is the name of such a file.
pub fn is_named(name: &str) -> bool {
    let kind = name.split('-').next().and_then(|kind| kind.strip_prefix("EF."));
    kind.is_some_and(|kind| PhonebookFile::ALL.iter().any(|file| file.name() == Some(kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_kind_are_counted_and_one_of_two_records_is_one_file() {
        let first = hex::decode("A809C0034F6001C4024F61AA04C7024F62FFFF").unwrap();
        let second = hex::decode("A808C0024F63C4024F64AA04C7024F62FF").unwrap();
        let of: Vec<(u16, String)> = named([&first[..], &second[..], &[0xFF; 4][..]].into_iter())
            .into_iter()
            .map(|named| (named.fid, named.name))
            .collect();
        let expected = [
            (0x4F60, "EF.ADN"),
            (0x4F61, "EF.ANR"),
            (0x4F62, "EF.AAS"),
            (0x4F63, "EF.ADN-2"),
            (0x4F64, "EF.ANR-2"),
        ];
        assert_eq!(of, expected.map(|(fid, name)| (fid, name.to_owned())));
    }

    #[test]
    fn names_of_other_files_are_not_for_ef_pbr_to_say() {
        assert!(["EF.ADN", "EF.EXT1", "EF.EXT1-2"].into_iter().all(is_named));
        assert!(!["EF.PBR", "EF.PSC", "4F3A", "ADN", "EF.EXT2", ""].into_iter().any(is_named));
    }
}
