//! `oxisim card personalise`: the keys of the backup applet on a card of a file.

use std::{io::Write, path::Path};

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{Policy, message::Source, security::KeyVersion};
use oxisim_server::{Msisdn, Server, Store};

use crate::{
    backup::{open_store, wall_clock},
    card::RealTime,
    failure::Failure,
    keys,
    run::not_personalised,
};

/// What gives the backup applet on a card the keys that the server derives from its master key and the card's ICCID, and
/// tells the server whose card it is.
///
/// A card that has keys already gets these in their place, and its counters go on. A new card of a subscriber whose
/// backups the server knows goes on with their numbers.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The master key, 32 hexadecimal digits, or `@` and a file with them; without it that of the database, which is
    /// in a file beside it and is made if there is none.
    #[arg(long, value_name = "KEY", conflicts_with = "version")]
    master_key: Option<String>,
    /// The version of the keys, 1 to 15.
    #[arg(long, value_name = "N", default_value = "1", value_parser = version, conflicts_with = "version")]
    key_version: KeyVersion,
    /// The subscriber whose card it is.
    #[arg(long)]
    number: Option<Msisdn>,
    /// The server's database.
    #[arg(long, value_name = "PATH", default_value = "oxisim.sqlite")]
    db: String,
    /// Tell no server.
    #[arg(long, conflicts_with = "db", requires = "master_key")]
    no_enrol: bool,
}

/// A version of keys as the words have it.
pub fn version(text: &str) -> Result<KeyVersion, String> {
    let version = text.parse().ok().and_then(KeyVersion::new);
    version.ok_or_else(|| format!("{text:?} is no version of keys: 1 to 15"))
}

/// Runs the command.
pub fn run(image: &Path, args: &Args) -> Result<(), Failure> {
    let out = &mut std::io::stdout().lock();
    let mut live = RealTime::open(image)?;
    let card = live.card();
    if !PhonebookBackup::is_on(card) {
        return Err(Failure::NotDone(format!("{} has no backup applet", image.display())));
    }
    let iccid = keys::iccid(card)?;
    let mut store = if args.no_enrol { None } else { Some(open_store(&args.db)?) };
    let master = match (&args.master_key, &mut store) {
        (Some(key), _) => keys::given(key)?,
        (None, Some(store)) => keys::master_key(&args.db, 0, store)?,
        (None, None) => return Err(Failure::Usage("--no-enrol needs --master-key".into())),
    };
    let keys_of_card = master.card_keys(&iccid, args.key_version);
    let known = store.as_mut().map_or(Ok(None), |store| store.find_card(&iccid))?;
    if known.is_some() && PhonebookBackup::keys(card).is_some() {
        PhonebookBackup::replace_keys(card, &keys_of_card).map_err(not_personalised)?;
    } else {
        keys::put(card, &keys_of_card, known.as_ref())?;
    }
    let mut server = store.map(|store| Server::new(store, Policy::default(), 0));
    let last = match (&mut server, &args.number) {
        (Some(server), Some(number)) => server.last_generation(number, Source::CARD)?,
        _ => None,
    };
    let last = last.filter(|_| !PhonebookBackup::has_counted(card));
    if let Some(last) = last {
        PhonebookBackup::personalise(card, last).map_err(not_personalised)?;
    }
    live.save()?;
    writeln!(out, "Card {iccid} has version {} of its keys", args.key_version)?;
    if let Some(last) = last {
        writeln!(out, "Its first backup is number {}", last.wrapping_add(1))?;
    }
    if let (Some(server), Some(number)) = (&mut server, &args.number) {
        server.enrol(number, &iccid, args.key_version, wall_clock())?;
        writeln!(out, "The server of {} knows it as the card of {number}", args.db)?;
    }
    Ok(())
}
