//! What is done about a server's own database, while it runs or not: a copy of it, and a look whether all is well.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{ServiceError, centres, config::Config, open, running};
use crate::store::{Cabinet, Drawer, Store, StoreError, StoreKey};

/// Copies the database, the console's accounts and audit log with it, into the file `to`, which must not exist, as it is at one moment; the server may run meanwhile.
/// The keys are not in it. How many octets the copy has.
pub fn back_up(config: &Config, to: &Path) -> Result<u64, ServiceError> {
    if config.store.url.is_some() {
        return Err(ServiceError::NotSqlite);
    }
    let failed = |error| ServiceError::File(to.into(), error);
    if to.exists() {
        return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
    }
    let db = Connection::open_with_flags(&config.store.database, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(ServiceError::Copy)?;
    // An empty file is taken for a new database, and keeps its mode.
    let file = open::private(to).map_err(failed)?;
    let copied = db
        .execute("VACUUM INTO ?1", [to.to_string_lossy()])
        .and_then(|_| whole(&Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_ONLY)?));
    let checked = match copied {
        Ok(None) => file.sync_all().and_then(|()| file.metadata()).map_err(failed),
        Ok(Some(what)) => Err(ServiceError::Damaged(what)),
        Err(error) => Err(ServiceError::Copy(error)),
    };
    match checked {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) => {
            // Half a copy is none.
            let _ = std::fs::remove_file(to);
            Err(error)
        }
    }
}

/// Replaces the data keys, also while servers run: all that is kept is sealed anew. With `key`, the file of another key of
/// the store, that is replaced instead: servers that run go on, and must be started anew with it before the data keys are
/// replaced again.
pub fn rotate(config: &Config, key: Option<&Path>) -> Result<(), ServiceError> {
    let key = key.map(StoreKey::read).transpose().map_err(StoreError::from)?;
    if let Some(url) = &config.store.url {
        let mut store = open::postgres(config, url)?;
        return Ok(store.replace_keys(key.as_ref())?);
    }
    let path = &config.store.database;
    if !path.exists() {
        return Err(ServiceError::File(path.clone(), std::io::ErrorKind::NotFound.into()));
    }
    let mut store = open::sqlite(config)?;
    Ok(store.replace_keys(key.as_ref())?)
}

/// What a look at a server's files has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Phonebooks of which something is kept.
    pub phonebooks: u64,
    /// Cards that have keys.
    pub cards: u64,
}

/// Looks whether a server could start as it is configured, and whether its database is whole: the keys open it, and all
/// that is kept can be read. It connects with nobody but the database.
pub fn check(config: &Config) -> Result<Checked, ServiceError> {
    config.smpp.iter().try_for_each(|smpp| centres::tls(smpp).map(drop))?;
    running::console_tls(config)?;
    if let Some(url) = &config.store.url {
        return look(&mut open::postgres(config, url)?, config);
    }
    let path = &config.store.database;
    if !path.exists() {
        return Err(ServiceError::File(path.clone(), std::io::ErrorKind::NotFound.into()));
    }
    let db =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(ServiceError::Copy)?;
    if let Some(what) = whole(&db).map_err(ServiceError::Copy)? {
        return Err(ServiceError::Damaged(what));
    }
    look(&mut open::sqlite(config)?, config)
}

fn look<S: Store + Cabinet>(store: &mut S, config: &Config) -> Result<Checked, ServiceError> {
    open::master_key(config, store)?;
    let mut phonebooks = 0;
    for summary in store.subscribers()? {
        store.held(&summary.msisdn, summary.source)?;
        phonebooks += 1;
    }
    for (drawer, ..) in Drawer::ALL {
        store.documents(drawer)?;
    }
    Ok(Checked { phonebooks, cards: store.card_count()? })
}

/// What SQLite finds wrong with a database, if anything.
fn whole(db: &Connection) -> rusqlite::Result<Option<String>> {
    let found: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    Ok((found != "ok").then_some(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SqliteStore;

    fn config(folder: &Path, database: &str) -> Config {
        Config::parse(&format!("[store]\ndatabase = \"{database}\"\n"), folder).unwrap()
    }

    /// A database with an account of the console, and an entry of its audit log.
    fn kept(config: &Config) {
        let mut store = open::sqlite(config).unwrap();
        assert!(store.swap(Drawer::Accounts, "ada", None, Some(b"{}")).unwrap());
        store.add_acts(&[(oxisim_wire::Instant::from_secs(1), b"sign in".to_vec())]).unwrap();
    }

    fn is_whole(store: &mut SqliteStore) {
        assert_eq!(store.document(Drawer::Accounts, "ada").unwrap(), Some(b"{}".to_vec()));
        assert_eq!(store.acts(0, 9).unwrap(), [b"sign in"]);
    }

    #[test]
    fn the_consoles_accounts_and_audit_log_are_copied_with_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), "oxisim.db");
        kept(&config);
        let copy = folder.path().join("copy.db");
        back_up(&config, &copy).unwrap();
        let key = StoreKey::read(&StoreKey::file_beside(&config.store.database)).unwrap();
        is_whole(&mut SqliteStore::open(&copy, &key).unwrap());
    }

    #[test]
    fn after_a_change_of_keys_the_new_key_alone_opens_what_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), "oxisim.db");
        kept(&config);
        let mut running = open::sqlite(&config).unwrap();
        rotate(&config, None).unwrap();
        is_whole(&mut running);
        let path = folder.path().join("new.key");
        let key = StoreKey::make(&path).unwrap();
        rotate(&config, Some(&path)).unwrap();
        is_whole(&mut running);
        assert!(running.swap(Drawer::Groups, "de", None, Some(b"{}")).unwrap(), "who runs goes on");
        assert!(matches!(open::sqlite(&config), Err(ServiceError::Store(StoreError::WrongKey))));
        is_whole(&mut SqliteStore::open(&config.store.database, &key).unwrap());
        assert!(rotate(&config, Some(&folder.path().join("no.key"))).is_err());
    }
}
