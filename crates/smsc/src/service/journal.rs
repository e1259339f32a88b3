//! A file with all that is kept: what is added, and what is gone, one after the other.
//!
//! | octets | what |
//! |---|---|
//! | 8 | `oxismsc` and the version, once |
//! | 4 | length of what follows but the sum, most significant octet first |
//! | 1 | 0: kept, 1: gone |
//! | 8 | which |
//! | length − 9 | of what is kept, its record |
//! | 4 | sum of the octets after the length (Fletcher, 32 bits) |
//!
//! What a crash has left incomplete at the end counts as not written: its sender has not been answered.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

const MAGIC: &[u8; 8] = b"oxismsc\x01";
const KEPT: u8 = 0;
const GONE: u8 = 1;
/// Octets before the record: which way, and which.
const HEAD: usize = 9;
/// Entries of what is gone that are carried along before the file is written anew.
const GONE_LIMIT: usize = 10_000;

/// The file, open.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Entries of what is gone, or was written over.
    gone: usize,
}

impl Journal {
    /// Opens the file, which is made if it is not there, for its owner alone to read; the records in it, in the order of
    /// their identities.
    pub fn open(path: &Path) -> io::Result<(Self, BTreeMap<u64, Vec<u8>>)> {
        let file = private(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other("another centre keeps its messages in it"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let octets = fs::read(path)?;
        let records = match octets.strip_prefix(MAGIC) {
            Some(entries) => read(entries),
            None if octets.is_empty() => BTreeMap::new(),
            None => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "it is no file of an SMS centre's messages",
                ));
            }
        };
        let mut journal = Self { path: path.into(), file, gone: 0 };
        journal.write_anew(&records)?;
        Ok((journal, records))
    }

    /// Writes what has changed. What is kept is durable then.
    pub fn write(&mut self, changes: &[(u64, Option<Vec<u8>>)]) -> io::Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut octets = Vec::new();
        for (id, record) in changes {
            put(&mut octets, *id, record.as_deref());
        }
        self.gone += changes.len();
        self.file.write_all(&octets)?;
        // A message that is forgotten to be gone comes twice, which does less harm than one that is lost.
        if changes.iter().any(|(_, record)| record.is_some()) { self.file.sync_data() } else { Ok(()) }
    }

    /// Whether the file has much in it that is gone.
    pub const fn is_long(&self) -> bool {
        self.gone > GONE_LIMIT
    }

    /// Writes the file anew, with these records only.
    pub fn write_anew(&mut self, records: &BTreeMap<u64, Vec<u8>>) -> io::Result<()> {
        let mut octets = MAGIC.to_vec();
        for (id, record) in records {
            put(&mut octets, *id, Some(record));
        }
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let mut file = private(&beside)?;
        file.set_len(0)?;
        file.write_all(&octets)?;
        file.sync_all()?;
        file.try_lock()?;
        fs::rename(&beside, &self.path)?;
        // The name is durable, too, before anything is added under it.
        #[cfg(unix)]
        File::open(self.path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")))?
            .sync_all()?;
        (self.file, self.gone) = (file, 0);
        Ok(())
    }
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn put(out: &mut Vec<u8>, id: u64, record: Option<&[u8]>) {
    let mut entry = vec![if record.is_some() { KEPT } else { GONE }];
    entry.extend(id.to_be_bytes());
    entry.extend_from_slice(record.unwrap_or_default());
    out.extend((entry.len() as u32).to_be_bytes());
    out.extend_from_slice(&entry);
    out.extend(sum(&entry).to_be_bytes());
}

/// The records that the entries leave, up to the first that is not whole.
fn read(mut entries: &[u8]) -> BTreeMap<u64, Vec<u8>> {
    let mut records = BTreeMap::new();
    while let Some((which, id, record, rest)) = next(entries) {
        match which {
            KEPT => drop(records.insert(id, record.to_vec())),
            _ => drop(records.remove(&id)),
        }
        entries = rest;
    }
    if !entries.is_empty() {
        log::warn!(
            "the last {} octets of the centre's messages are not whole, and are left out",
            entries.len()
        );
    }
    records
}

fn next(entries: &[u8]) -> Option<(u8, u64, &[u8], &[u8])> {
    let (length, rest) = entries.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (entry, rest) = rest.split_at_checked(length).filter(|_| length >= HEAD)?;
    let (found, rest) = rest.split_first_chunk()?;
    if u32::from_be_bytes(*found) != sum(entry) {
        return None;
    }
    let (&which, entry) = entry.split_first()?;
    let (id, record) = entry.split_first_chunk()?;
    Some((which, u64::from_be_bytes(*id), record, rest))
}

fn sum(octets: &[u8]) -> u32 {
    let (mut low, mut high) = (0_u32, 0_u32);
    for &octet in octets {
        low = (low + u32::from(octet)) % 65_535;
        high = (high + low) % 65_535;
    }
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messages");
        (folder, path)
    }

    #[test]
    fn what_is_kept_is_there_again_and_what_is_gone_is_not() {
        let (_folder, path) = place();
        let (mut journal, records) = Journal::open(&path).unwrap();
        assert!(records.is_empty());
        journal.write(&[(1, Some(b"one".to_vec())), (2, Some(b"two".to_vec()))]).unwrap();
        journal.write(&[(1, None), (3, Some(Vec::new()))]).unwrap();
        journal.write(&[(2, Some(b"other".to_vec()))]).unwrap();
        assert!(Journal::open(&path).is_err(), "one centre at a time");
        drop(journal);
        let expected = BTreeMap::from([(2, b"other".to_vec()), (3, Vec::new())]);
        for _ in 0..2 {
            assert_eq!(Journal::open(&path).unwrap().1, expected);
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn what_a_crash_has_left_incomplete_is_left_out_wherever_it_stopped() {
        let (_folder, path) = place();
        let (mut journal, _) = Journal::open(&path).unwrap();
        journal.write(&[(1, Some(b"one".to_vec()))]).unwrap();
        let before = fs::read(&path).unwrap();
        journal.write(&[(2, Some(b"two".to_vec()))]).unwrap();
        drop(journal);
        let whole = fs::read(&path).unwrap();
        for length in before.len()..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let (mut journal, records) = Journal::open(&path).unwrap();
            assert_eq!(records, BTreeMap::from([(1, b"one".to_vec())]), "{length}");
            journal.write(&[(3, Some(b"three".to_vec()))]).unwrap();
            drop(journal);
            assert_eq!(Journal::open(&path).unwrap().1.len(), 2, "what comes after is read");
        }
        let mut altered = whole.clone();
        altered[before.len() + 6] ^= 1;
        fs::write(&path, altered).unwrap();
        assert_eq!(Journal::open(&path).unwrap().1.len(), 1);
    }

    #[test]
    fn another_file_is_left_alone() {
        let (_folder, path) = place();
        fs::write(&path, "a letter").unwrap();
        assert!(Journal::open(&path).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"a letter");
    }
}
