//! Stores and keys, as a configuration names them.

use std::{
    fmt::Write as _,
    fs,
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{ServiceError, config::Config};
use crate::{
    MasterKey,
    store::{PostgresStore, SqliteStore, Store, StoreKey, is_readable_by_others},
};

/// A file beside another.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Makes a file that its owner alone reads, unless it is there.
pub(super) fn private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Nobody else serves from a file of SQLite as long as this lives.
#[derive(Debug)]
pub(super) struct Sole(#[expect(dead_code, reason = "locked as long as it is open")] fs::File);

impl Sole {
    pub fn of(database: &Path) -> Result<Self, ServiceError> {
        let path = beside(database, ".lock");
        let file = private(&path).map_err(|error| ServiceError::File(path.clone(), error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(fs::TryLockError::WouldBlock) => Err(ServiceError::InUse(database.into())),
            Err(fs::TryLockError::Error(error)) => Err(ServiceError::File(path, error)),
        }
    }
}

/// The store in a file of SQLite.
pub(super) fn sqlite(config: &Config) -> Result<SqliteStore, ServiceError> {
    let path = &config.store.database;
    private(path).map_err(|error| ServiceError::File(path.clone(), error))?;
    Ok(match &config.store.key {
        None => SqliteStore::open_beside(path)?,
        Some(key) => SqliteStore::open(path, &StoreKey::read(key).map_err(crate::StoreError::from)?)?,
    })
}

/// The store in PostgreSQL. Blocks.
pub(super) fn postgres(config: &Config, url: &str) -> Result<PostgresStore, ServiceError> {
    let key = match &config.store.key {
        Some(key) => StoreKey::read(key).map_err(crate::StoreError::from)?,
        None => {
            StoreKey::from_environment().map_err(crate::StoreError::from)?.ok_or(ServiceError::NoStoreKey)?
        }
    };
    Ok(PostgresStore::connect(url, &key)?)
}

/// The key from which those of the cards are derived: that of the file that is named, or of the one beside the
/// database. That is made if no card is known yet; several servers must be given one.
pub(super) fn master_key<S: Store>(config: &Config, store: &mut S) -> Result<MasterKey, ServiceError> {
    if let Some(path) = &config.server.master_key {
        return read_master_key(path);
    }
    if config.store.url.is_some() {
        return Err(ServiceError::NoMasterKey);
    }
    let path = beside(&config.store.database, ".key");
    match read_master_key(&path) {
        Err(ServiceError::File(_, error)) if error.kind() == ErrorKind::NotFound => {}
        read => return read,
    }
    if store.card_count()? > 0 {
        return Err(ServiceError::MasterKeyMissing(path));
    }
    let failed = |error| ServiceError::File(path.clone(), error);
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).map_err(|error| failed(io::Error::other(error)))?;
    let key = MasterKey::new(octets);
    let mut text = Zeroizing::new(String::new());
    for octet in key.octets() {
        let _ = write!(text, "{octet:02X}");
    }
    text.push('\n');
    let mut file = private(&path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    log::info!("made the master key {}", path.display());
    Ok(key)
}

/// Says of each file that has a secret, and that others may read.
pub(super) fn warn_of_open_secrets(config: &Config) {
    let binds = config.smpp.iter().flat_map(|smpp| {
        let key = smpp.tls.as_ref().and_then(|tls| tls.identity.as_ref()).map(|(_, key)| key);
        key.into_iter().chain(&smpp.password_file)
    });
    let console = config.console.identity.as_ref().map(|(_, key)| key);
    for path in binds.chain(console).filter(|path| is_readable_by_others(path)) {
        log::warn!("{} can be read by others: chmod 600", path.display());
    }
}

fn read_master_key(path: &Path) -> Result<MasterKey, ServiceError> {
    if is_readable_by_others(path) {
        log::warn!("{} can be read by others: chmod 600", path.display());
    }
    let text = fs::read_to_string(path).map_err(|error| ServiceError::File(path.into(), error))?;
    Zeroizing::new(text).trim().parse().map_err(|error| ServiceError::MasterKey(path.into(), error))
}
