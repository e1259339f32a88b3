//! The key that opens a store.

use std::{
    fmt, fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    str::FromStr,
};

use zeroize::{Zeroize, Zeroizing};

/// Octets of a [`StoreKey`]: AES-256.
const OCTETS: usize = 32;

/// The key-encryption key of a store: it seals the data keys that stand in the database, and nothing else. It is
/// overwritten when it is dropped, and not shown.
///
/// ```
/// use oxisim_server::StoreKey;
///
/// let digits = "000102030405060708090A0B0C0D0E0F".repeat(2);
/// let key: StoreKey = digits.parse()?;
/// assert!(key == StoreKey::new(std::array::from_fn(|place| place as u8 % 16)));
/// # Ok::<(), oxisim_server::NoStoreKey>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct StoreKey([u8; OCTETS]);

/// A text is no key of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key of a store has {} hexadecimal digits", 2 * OCTETS)]
pub struct NoStoreKey;

/// Why there is no key of a store.
#[derive(Debug, thiserror::Error)]
pub enum KeyFailure {
    /// Its file cannot be read.
    #[error("cannot read the key of the store, {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Its file cannot be written.
    #[error("cannot write the key of the store, {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The database is sealed with a key that is not here.
    #[error("{} is missing: put the key back that the database was sealed with", path.display())]
    Missing {
        /// The file that should have it.
        path: PathBuf,
    },
    /// The file or the variable holds something else.
    #[error("{place}: {error}")]
    Malformed {
        /// The file, or the variable of the environment.
        place: String,
        /// What it should hold.
        error: NoStoreKey,
    },
}

/// Whether others than its owner may read, or write, a file that has a secret.
pub(crate) fn is_readable_by_others(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

impl StoreKey {
    /// The variable of the environment that has the key, if it stands in no file.
    pub const VARIABLE: &str = "OXISIM_STORE_KEY";

    /// A key of 256 bits.
    #[must_use]
    pub const fn new(octets: [u8; OCTETS]) -> Self {
        Self(octets)
    }

    pub(super) const fn octets(&self) -> &[u8; OCTETS] {
        &self.0
    }

    /// The file of a database's key, beside it.
    #[must_use]
    pub fn file_beside(database: &Path) -> PathBuf {
        let mut name = database.as_os_str().to_owned();
        name.push(".store-key");
        name.into()
    }

    /// The key of a database in a file: that of the environment, or else of the file beside it, which is made, for its
    /// owner alone to read, if it is not there.
    pub fn of_database(database: &Path) -> Result<Self, KeyFailure> {
        if let Some(key) = Self::from_environment()? {
            return Ok(key);
        }
        let path = Self::file_beside(database);
        match Self::read(&path) {
            Err(KeyFailure::Read { error, .. }) if error.kind() == ErrorKind::NotFound => Self::make(&path),
            read => read,
        }
    }

    /// The key in the environment, if it is there.
    pub fn from_environment() -> Result<Option<Self>, KeyFailure> {
        let Some(text) = std::env::var_os(Self::VARIABLE) else { return Ok(None) };
        let text = Zeroizing::new(text.to_string_lossy().into_owned());
        let malformed = |error| KeyFailure::Malformed { place: Self::VARIABLE.into(), error };
        text.trim().parse().map(Some).map_err(malformed)
    }

    /// Reads a key from a file that nobody else should read.
    pub fn read(path: &Path) -> Result<Self, KeyFailure> {
        let failed = |error| KeyFailure::Read { path: path.into(), error };
        let text = Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
        if is_readable_by_others(path) {
            log::warn!("{} can be read by others: chmod 600", path.display());
        }
        let malformed = |error| KeyFailure::Malformed { place: path.display().to_string(), error };
        text.trim().parse().map_err(malformed)
    }

    /// Makes a key by chance, in a new file that only its owner reads.
    pub fn make(path: &Path) -> Result<Self, KeyFailure> {
        let failed = |error| KeyFailure::Write { path: path.into(), error };
        let mut octets = [0; OCTETS];
        getrandom::fill(&mut octets).map_err(|error| failed(io::Error::other(error)))?;
        let key = Self(octets);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        let mut text = Zeroizing::new(String::with_capacity(2 * OCTETS + 1));
        for octet in &key.0 {
            let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0').to_ascii_uppercase();
            text.extend([digit(octet >> 4), digit(octet & 0x0F)]);
        }
        text.push('\n');
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        log::info!("made the key of the store {}", path.display());
        Ok(key)
    }
}

impl FromStr for StoreKey {
    type Err = NoStoreKey;

    fn from_str(text: &str) -> Result<Self, NoStoreKey> {
        if text.len() != 2 * OCTETS || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NoStoreKey);
        }
        let mut octets = [0; OCTETS];
        for (octet, digits) in octets.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| NoStoreKey)?;
            *octet = u8::from_str_radix(digits, 16).map_err(|_| NoStoreKey)?;
        }
        Ok(Self(octets))
    }
}

impl Drop for StoreKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("backup.db");
        let key = StoreKey::of_database(&database).unwrap();
        assert!(StoreKey::of_database(&database).unwrap() == key);
        assert_eq!(StoreKey::file_beside(&database), folder.path().join("backup.db.store-key"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(StoreKey::file_beside(&database)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(matches!(StoreKey::make(&StoreKey::file_beside(&database)), Err(KeyFailure::Write { .. })));
    }

    #[test]
    fn what_is_no_key_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for text in ["", "00", &"+1".repeat(32), &"é".repeat(32)] {
            fs::write(&path, text).unwrap();
            let error = StoreKey::read(&path).unwrap_err().to_string();
            assert!(error.ends_with("/key: the key of a store has 64 hexadecimal digits"), "{error}");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        assert_eq!(format!("{:?}", StoreKey::new([7; 32])), "StoreKey { .. }");
    }
}
