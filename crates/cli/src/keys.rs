//! The keys of cards: where the master key is kept, and which virtual card gets which keys.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{
    Policy,
    security::{KeySet, KeyVersion},
};
use oxisim_card::{Card, path};
use oxisim_server::{Enrolled, Iccid, MasterKey, Msisdn, Server, SqliteStore, Store};
use oxisim_wire::{Instant, bcd};

use crate::{backup::open_server, failure::Failure, image::private, run::not_personalised};

/// A database that ends with the process.
const IN_MEMORY: &str = ":memory:";

/// What is said when nothing is secured.
const INSECURE: &str = "--insecure: nothing is ciphered or signed, as anyone on the way can read, change and forge; \
     for experiments only";

/// The server on a database, with the master key of its cards; or without security, which is said loudly.
pub fn secured_server(
    db: &str,
    policy: Policy,
    seed: u64,
    insecure: bool,
) -> Result<Server<SqliteStore>, Failure> {
    let mut server = open_server(db, policy, seed)?;
    if insecure {
        eprintln!("oxisim: {INSECURE}");
        return Ok(server.insecure());
    }
    let key = master_key(db, seed, server.store())?;
    Ok(server.with_master_key(key))
}

/// A master key as the words have it: its digits, or `@` and the file that has them.
pub fn given(text: &str) -> Result<MasterKey, Failure> {
    match text.strip_prefix('@') {
        Some(path) => read(Path::new(path)),
        None => text.parse().map_err(|error| Failure::Usage(format!("--master-key: {error}"))),
    }
}

/// The file of a database's master key, beside it.
fn key_file(db: &str) -> PathBuf {
    format!("{db}.key").into()
}

/// The master key of a database: that of the file beside it, which is made if there is none. A database in memory has
/// one that follows from the seed, so that the same seed gives the same messages.
pub fn master_key(db: &str, seed: u64, store: &mut SqliteStore) -> Result<MasterKey, Failure> {
    if db == IN_MEMORY {
        let mut octets = [0; 16];
        octets[8..].copy_from_slice(&seed.to_be_bytes());
        return Ok(MasterKey::new(octets));
    }
    let path = key_file(db);
    match read(&path) {
        Err(Failure::Read { error, .. }) if error.kind() == ErrorKind::NotFound => {}
        read => return read,
    }
    let cards = store.card_count()?;
    if cards > 0 {
        return Err(Failure::NotDone(format!(
            "{} is missing: put the master key of the cards that {db} knows back, or use another database",
            path.display()
        )));
    }
    make(&path)
}

/// Reads a master key from a file that nobody else should read.
fn read(path: &Path) -> Result<MasterKey, Failure> {
    let failed = |error| Failure::Read { path: path.into(), error };
    let text = zeroize::Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            log::warn!("{} can be read by others: chmod 600", path.display());
        }
    }
    text.trim().parse().map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

/// Makes a master key by chance, in a file that only its owner reads.
fn make(path: &Path) -> Result<MasterKey, Failure> {
    let failed = |error| Failure::Write { path: path.into(), error };
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).map_err(|error| failed(std::io::Error::other(error)))?;
    let key = MasterKey::new(octets);
    let mut file = private().create_new(true).open(path).map_err(failed)?;
    let text = zeroize::Zeroizing::new(hex::encode_upper(key.octets()) + "\n");
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    log::info!("made the master key {}", path.display());
    Ok(key)
}

/// The number of the next virtual card.
pub fn next_iccid(store: &mut SqliteStore) -> Result<Iccid, Failure> {
    let mut number = store.card_count()?;
    loop {
        let iccid = virtual_iccid(number);
        if store.find_card(&iccid)?.is_none() {
            return Ok(iccid);
        }
        number += 1;
    }
}

/// The number of a virtual card: telecommunications, a country that is none, a running number, and the check digit
/// (ITU-T E.118).
fn virtual_iccid(number: u64) -> Iccid {
    let digits = format!("8900101{:011}", number + 1);
    format!("{digits}{}", Iccid::check_digit(&digits)).parse().expect("19 digits are an ICCID")
}

/// The number of a card as somebody types it, who may mistype it.
pub fn typed_iccid(text: &str) -> Result<Iccid, String> {
    let iccid: Iccid = text.parse().map_err(|error: oxisim_server::NoIccid| error.to_string())?;
    match iccid.missed_check_digit() {
        None => Ok(iccid),
        Some(expected) => Err(format!("the last digit would be {expected}, the check digit of the others")),
    }
}

/// The number that a card says it has.
pub fn iccid(card: &mut Card) -> Result<Iccid, Failure> {
    let view = card.files();
    let octets = view.find(path::EF_ICCID).and_then(|file| view.read_binary(file, 0, 10).map(<[u8]>::to_vec));
    let octets =
        octets.map_err(|status| Failure::NotDone(format!("the card's ICCID cannot be read: {status}")))?;
    let digits = bcd::to_dialling(&bcd::unpack(&octets));
    digits.parse().map_err(|error| Failure::NotDone(format!("EF_ICCID: {error}")))
}

/// Gives a virtual card of the subscriber its keys, unless it has them, and tells the server of it.
pub fn personalise(
    card: &mut Card,
    number: &Msisdn,
    server: &mut Server<SqliteStore>,
    now: Instant,
) -> Result<(), Failure> {
    if server.is_insecure() {
        let has = PhonebookBackup::keys(card).is_some();
        let why = "--insecure: the SIM has keys, and sends nothing without them; take another one";
        return if has { Err(Failure::Usage(why.into())) } else { Ok(()) };
    }
    let iccid = iccid(card)?;
    let has = PhonebookBackup::keys(card);
    let version = has.as_ref().map_or(KeyVersion::FIRST, |keys| keys.version);
    let known = server.store().find_card(&iccid)?;
    server.enrol(number, &iccid, version, now)?;
    let keys = server.card_keys(number)?;
    match keys {
        Some(keys) if known.is_none() || has.as_ref() != Some(&keys) => put(card, &keys, known.as_ref()),
        _ => Ok(()),
    }
}

/// Writes keys onto a card, whose counters go on from what the server knows of it.
pub fn put(card: &mut Card, keys: &KeySet, known: Option<&Enrolled>) -> Result<(), Failure> {
    let (sent, taken) = known.map_or((0, 0), |known| (known.window.highest, known.sent));
    PhonebookBackup::personalise_keys(card, keys, sent, taken).map_err(not_personalised)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_virtual_card_is_the_default_one() {
        assert_eq!(virtual_iccid(0).digits(), oxisim_card::Profile::default().iccid);
        assert_eq!(virtual_iccid(1).digits(), "8900101000000000027");
        let mut card = Card::new(&oxisim_card::Profile::default());
        assert_eq!(iccid(&mut card).unwrap(), virtual_iccid(0));
    }

    #[test]
    fn a_master_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("backup.sqlite");
        let db = db.to_str().unwrap();
        let mut store = SqliteStore::open_beside(db).unwrap();
        let key = master_key(db, 1, &mut store).unwrap();
        assert!(master_key(db, 2, &mut store).unwrap() == key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(key_file(db)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let other = master_key(IN_MEMORY, 1, &mut store).unwrap();
        assert!(other != key);
    }

    #[test]
    fn a_master_key_that_cards_need_is_not_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("backup.sqlite");
        let db = db.to_str().unwrap();
        let mut store = SqliteStore::open_beside(db).unwrap();
        let number = "+15550100001".parse().unwrap();
        store.enrol(&number, &virtual_iccid(0), KeyVersion::FIRST, Instant::EPOCH).unwrap();
        assert!(matches!(master_key(db, 1, &mut store), Err(Failure::NotDone(_))));
        assert!(!key_file(db).exists());
    }
}
