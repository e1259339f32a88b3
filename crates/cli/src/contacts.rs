//! `oxisim contacts`: what the server holds.

use std::{io::Write, path::PathBuf, sync::Arc};

use oxisim_backup::{
    Coding, Held, OrderStep, RestoreStep, Settings, Standing,
    message::{Abandonment, Source},
    security::{KeyVersion, RekeyResult},
};
use oxisim_phonebook::vcard::{self, Version};
use oxisim_server::{Enrolled, Iccid, Msisdn, Progress, Server, SqliteStore, Store, Summary};
use oxisim_sms::CivilTime;
use oxisim_terminal::{Config, Terminal};
use oxisim_wire::Duration;
use oxisim_world::{Setup, World, read_phonebook};
use serde_json::json;

use crate::{
    backup::{open_server, open_store, wall_clock},
    failure::Failure,
    keys::{self, secured_server},
    options, personalise,
    report::{self, count},
    run::server_address,
    sim::{self, Kept},
};

/// Show, export, restore or delete what the server holds.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the subscribers, or one subscriber's contacts.
    #[command(
        after_help = "Examples:\n  oxisim contacts list\n  oxisim contacts list --number +15550100001 --json"
    )]
    List {
        #[command(flatten)]
        held: HeldArgs,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write a subscriber's contacts as vCard.
    #[command(after_help = "Example:\n  oxisim contacts export copy.vcf")]
    Export {
        /// The file; standard output if there is none.
        #[arg(value_name = "OUT.vcf")]
        out: Option<PathBuf>,
        #[command(flatten)]
        held: HeldArgs,
        /// vCard version.
        #[arg(long, value_name = "VERSION", default_value = "4.0", value_parser = ["3.0", "4.0"])]
        vcard: String,
    },
    /// Write a subscriber's copy onto a new SIM, by SMS.
    #[command(after_help = "Example:\n  oxisim contacts restore --sim new.sim --all")]
    Restore {
        #[command(flatten)]
        held: HeldArgs,
        #[command(flatten)]
        world: options::World,
        /// Keep the new SIM in this file, for `oxisim backup --sim`.
        #[arg(long, value_name = "FILE")]
        sim: Option<PathBuf>,
        /// Print every line of what happened.
        #[arg(long)]
        all: bool,
        /// Print the figures as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the subscribers' cards that have keys.
    #[command(after_help = "Example:\n  oxisim contacts cards")]
    Cards {
        /// The server's database.
        #[arg(long, value_name = "PATH", default_value = "oxisim.sqlite")]
        db: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Tell the server whose card one is that has keys. The card that the subscriber had is theirs no more.
    #[command(
        after_help = "Example:\n  oxisim contacts enrol --number +15550100001 --iccid 8900101000000000027"
    )]
    Enrol {
        /// The subscriber.
        #[arg(long)]
        number: Msisdn,
        /// The card's number, check digit included; 18 digits are without.
        #[arg(long, value_parser = keys::typed_iccid)]
        iccid: Iccid,
        /// The version of its keys, 1 to 15.
        #[arg(long, value_name = "N", default_value = "1", value_parser = personalise::version)]
        key_version: KeyVersion,
        /// The server's database.
        #[arg(long, value_name = "PATH", default_value = "oxisim.sqlite")]
        db: String,
    },
    /// Replace the keys of a subscriber's card, or of all, by those of the next version, over the air.
    ///
    /// The server says it to the card until the card uses them: from the next `oxisim backup` or `oxisim contacts
    /// restore` on that runs with this card. `oxisim contacts cards` shows how it stands.
    #[command(
        group = clap::ArgGroup::new("whose").required(true).args(["number", "all"]),
        after_help = "Examples:\n  oxisim contacts rekey --number +15550100001\n  oxisim contacts rekey --all"
    )]
    Rekey {
        /// The subscriber.
        #[arg(long)]
        number: Option<Msisdn>,
        /// All subscribers whose cards have keys.
        #[arg(long)]
        all: bool,
        /// The server's database.
        #[arg(long, value_name = "PATH", default_value = "oxisim.sqlite")]
        db: String,
    },
    /// Delete a subscriber with all that is held of them.
    #[command(after_help = "Example:\n  oxisim contacts forget --number +15550100001")]
    Forget {
        /// The subscriber.
        #[arg(long)]
        number: Msisdn,
        /// The server's database.
        #[arg(long, value_name = "PATH", default_value = "oxisim.sqlite")]
        db: String,
    },
}

/// Whose copy, and where.
#[derive(Debug, clap::Args)]
struct HeldArgs {
    /// The subscriber; `export` and `restore` need not be told if only one is held, `list` lists their contacts.
    #[arg(long)]
    number: Option<Msisdn>,
    /// The phonebook: the card's or the phone's own.
    #[arg(long, default_value = "card")]
    source: PhonebookName,
    /// The server's database.
    #[arg(long, value_name = "PATH", default_value = "oxisim.sqlite")]
    db: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum PhonebookName {
    Card,
    Phone,
}

impl From<PhonebookName> for Source {
    fn from(name: PhonebookName) -> Self {
        match name {
            PhonebookName::Card => Self::CARD,
            PhonebookName::Phone => Self::PHONE,
        }
    }
}

/// Simulated time that a restore may take.
const RESTORE_LIMIT: Duration = Duration::from_mins(24 * 60);

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    match &args.action {
        Action::List { held, json } => list(held, *json),
        Action::Export { out, held, vcard } => export(out.as_ref(), held, vcard),
        Action::Restore { held, world, sim, all, json } => restore(held, world, sim.as_ref(), *all, *json),
        Action::Cards { db, json } => cards(db, *json),
        Action::Enrol { number, iccid, key_version, db } => {
            open_store(db)?.enrol(number, iccid, *key_version, wall_clock())?;
            let mut out = std::io::stdout().lock();
            Ok(writeln!(out, "The server of {db} knows card {iccid} as that of {number}")?)
        }
        Action::Rekey { number, db, .. } => rekey(number.as_ref(), db),
        Action::Forget { number, db } => forget(number, db),
    }
}

/// A database that is only looked at is not made.
fn exists(db: &str) -> Result<(), Failure> {
    if db != ":memory:"
        && let Err(error) = std::fs::metadata(db)
    {
        return Err(Failure::Read { path: db.into(), error });
    }
    Ok(())
}

impl HeldArgs {
    /// The server, which sends nothing.
    fn open(&self, seed: u64) -> Result<Server<SqliteStore>, Failure> {
        exists(&self.db)?;
        open_server(&self.db, oxisim_backup::Policy::default(), seed)
    }

    /// The subscriber and the copy.
    fn find(&self, server: &mut Server<SqliteStore>) -> Result<(Msisdn, Arc<Held>), Failure> {
        let source = self.source.into();
        let number = if let Some(number) = &self.number {
            number.clone()
        } else {
            let mut all = server.store().subscribers()?;
            all.retain(|summary| summary.source == source && summary.copy.is_some());
            match &all[..] {
                [] => return Err(Failure::Empty(self.db.clone())),
                [one] => one.msisdn.clone(),
                many => return Err(Failure::Which(many.len())),
            }
        };
        let held = server.store().held(&number, source)?;
        held.map(|held| (number.clone(), held)).ok_or(Failure::Unknown(number))
    }
}

/// Orders that the keys of a subscriber's card, or of all, are replaced.
fn rekey(number: Option<&Msisdn>, db: &str) -> Result<(), Failure> {
    let out = &mut std::io::stdout().lock();
    exists(db)?;
    let mut store = open_store(db)?;
    let mut cards = store.cards()?;
    cards.retain(|(owner, _)| number.is_none_or(|number| number == owner));
    if let (Some(number), true) = (number, cards.is_empty()) {
        return Err(Failure::NotDone(format!("{db} knows no card with keys of {number}")));
    }
    if cards.is_empty() {
        writeln!(out, "{db} knows no cards.")?;
    }
    // It sends nothing, and needs no keys.
    let mut server = Server::new(store, oxisim_backup::Policy::default(), 0);
    for (number, card) in cards {
        if let Some(version) = server.rekey(&number, wall_clock())? {
            writeln!(out, "Card {} of {number} is to have version {version} of its keys", card.iccid)?;
        }
    }
    Ok(())
}

/// How the last order to replace a card's keys stands; none if they are replaced.
fn rekeying(card: &Enrolled) -> Option<String> {
    let rekeying = card.rekeying?;
    Some(match rekeying.step {
        OrderStep::Answered(0) => return None,
        OrderStep::Answered(code) => format!("not replaced: {:?}", RekeyResult(code)),
        OrderStep::Unspoken => "not replaced: the card does not know how".into(),
        OrderStep::Pending | OrderStep::GivenUp => {
            format!("version {} ordered, said {} times", card.key_version.next(), rekeying.said)
        }
    })
}

/// Lists the cards.
fn cards(db: &str, json: bool) -> Result<(), Failure> {
    let out = &mut std::io::stdout().lock();
    exists(db)?;
    let cards = open_store(db)?.cards()?;
    if json {
        let rows: Vec<_> = cards.iter().map(|(number, card)| card_json(number, card)).collect();
        writeln!(out, "{:#}", json!(rows))?;
        return Ok(());
    }
    if cards.is_empty() {
        writeln!(out, "{db} knows no cards.")?;
        return Ok(());
    }
    writeln!(
        out,
        "{:<17} {:<20} {:>4} {:>6} {:>8} {:>8}  since",
        "number", "card", "keys", "sent", "received", "refused"
    )?;
    for (number, card) in &cards {
        writeln!(
            out,
            "{:<17} {:<20} {:>4} {:>6} {:>8} {:>8}  {}{}",
            number.to_string(),
            card.iccid,
            card.key_version,
            card.sent,
            card.window.highest,
            card.refused,
            CivilTime::from_instant(card.since, 0),
            rekeying(card).map_or_else(String::new, |words| format!(" ({words})")),
        )?;
    }
    Ok(())
}

fn card_json(number: &Msisdn, card: &Enrolled) -> serde_json::Value {
    json!({
        "number": number.to_string(),
        "iccid": card.iccid.digits(),
        "key_version": card.key_version.number(),
        "sent": card.sent,
        "received": card.window.highest,
        "refused": card.refused,
        "since": CivilTime::from_instant(card.since, 0).to_string(),
        "rekeying": rekeying(card),
    })
}

fn list(args: &HeldArgs, json: bool) -> Result<(), Failure> {
    let out = &mut std::io::stdout().lock();
    let mut server = args.open(0)?;
    if args.number.is_some() {
        let (number, held) = args.find(&mut server)?;
        return list_one(&number, &held, json, out);
    }
    let all = server.store().subscribers()?;
    if json {
        let rows: Vec<_> = all.iter().map(subscriber_json).collect();
        writeln!(out, "{:#}", json!(rows))?;
        return Ok(());
    }
    if all.is_empty() {
        writeln!(out, "{} holds nothing.", args.db)?;
        return Ok(());
    }
    writeln!(
        out,
        "{:<17} {:<6} {:>8} {:>7}  {:<20}  latest backup",
        "number", "book", "contacts", "backup", "copied"
    )?;
    for Summary { msisdn, source, copy, latest, alarms } in &all {
        let (contacts, generation, at) = copy.as_ref().map_or_else(
            || ("-".into(), "-".into(), "-".into()),
            |copy| {
                let at = CivilTime::from_instant(copy.at, 0).to_string();
                (copy.contacts.to_string(), copy.generation.to_string(), at)
            },
        );
        let latest = latest.as_ref().map_or_else(|| "-".into(), progress);
        let alarms =
            if *alarms > 0 { format!(", {}", count(*alarms as usize, "ALARM")) } else { String::new() };
        let book = format!("{source:?}").to_lowercase();
        writeln!(
            out,
            "{:<17} {book:<6} {contacts:>8} {generation:>7}  {at:<20}  {latest}{alarms}",
            msisdn.to_string()
        )?;
    }
    Ok(())
}

/// How far a backup is, and what is the matter with it.
fn progress(latest: &Progress) -> String {
    let blocks = format!("{} of {} blocks", latest.received, latest.total);
    match latest.standing {
        Standing::Open | Standing::Complete(_) => blocks,
        Standing::Differs(_) => format!("{blocks}, differs"),
        Standing::Refused => format!("{blocks}, refused"),
        Standing::Abandoned(Abandonment::NOT_SENT) => format!("{blocks}, given up: not sent"),
        Standing::Abandoned(_) => format!("{blocks}, given up: no answer"),
    }
}

fn list_one(number: &Msisdn, held: &Held, json: bool, out: &mut impl Write) -> Result<(), Failure> {
    let rows = held.book.iter().map(|(slot, record)| (slot, record.contact()));
    if json {
        let contacts: Vec<_> = rows
            .map(|(slot, contact)| {
                let numbers: Vec<_> = contact.numbers.iter().map(|number| &number.number).collect();
                json!({ "slot": slot, "name": contact.name, "numbers": numbers })
            })
            .collect();
        let value = json!({
            "number": number.to_string(),
            "generation": held.generation,
            "contacts": contacts,
        });
        writeln!(out, "{value:#}")?;
        return Ok(());
    }
    writeln!(out, "{:>4}  {:<24} numbers", "slot", "name")?;
    for (slot, contact) in rows {
        let numbers: Vec<&str> = contact.numbers.iter().map(|number| number.number.as_str()).collect();
        writeln!(out, "{slot:>4}  {:<24} {}", contact.name, numbers.join(", "))?;
    }
    Ok(())
}

fn subscriber_json(summary: &Summary) -> serde_json::Value {
    json!({
        "number": summary.msisdn.to_string(),
        "source": format!("{:?}", summary.source).to_lowercase(),
        "contacts": summary.copy.as_ref().map(|copy| copy.contacts),
        "generation": summary.copy.as_ref().map(|copy| copy.generation),
        "copied": summary.copy.as_ref().map(|copy| CivilTime::from_instant(copy.at, 0).to_string()),
        "latest": summary.latest.as_ref().map(|latest| json!({
            "generation": latest.generation, "received": latest.received, "total": latest.total,
            "standing": progress(latest),
        })),
        "alarms": summary.alarms,
    })
}

fn export(path: Option<&PathBuf>, args: &HeldArgs, version: &str) -> Result<(), Failure> {
    let mut server = args.open(0)?;
    let (_, held) = args.find(&mut server)?;
    let version = if version == "3.0" { Version::V3 } else { Version::V4 };
    let text = vcard::write(&held.book.contacts(), version);
    match path {
        None => std::io::stdout().lock().write_all(text.as_bytes())?,
        Some(path) => {
            std::fs::write(path, text).map_err(|error| Failure::Write { path: path.clone(), error })?;
            println!("{} in {}", count(held.book.len(), "contact"), path.display());
        }
    }
    Ok(())
}

fn restore(
    args: &HeldArgs,
    options: &options::World,
    sim: Option<&PathBuf>,
    all: bool,
    json: bool,
) -> Result<(), Failure> {
    let out = &mut std::io::stdout().lock();
    if args.source == PhonebookName::Phone {
        return Err(Failure::Usage("only the card's copy can be restored onto a SIM: --source card".into()));
    }
    if let Some(path) = sim.filter(|path| path.exists()) {
        return Err(Failure::Usage(format!("{} exists: a restore makes a new SIM", path.display())));
    }
    exists(&args.db)?;
    let mut server =
        secured_server(&args.db, oxisim_backup::Policy::default(), options.seed, options.insecure)?;
    let (number, held) = args.find(&mut server)?;
    let start = wall_clock();
    let iccid = keys::next_iccid(server.store())?;
    let settings = Settings { coding: Coding::general(), ..Settings::default() };
    let mut card = sim::card(&number, Some(&iccid), Some((&server_address(), settings)));
    keys::personalise(&mut card, &number, &mut server, start)?;
    let setup = Setup {
        card,
        terminal: Terminal::new(Config::default()),
        application: None,
        subscriber: number.address(),
        server: server_address(),
        keys: server.card_keys(&number)?,
        bearer: options.bearer(),
        user: options.user(options::AnswerName::None),
        start,
        seed: options.seed,
    };
    let mut world = World::new(setup, server);
    if !world.switch_on()? {
        return Err(Failure::NotDone("the phone did not start up".into()));
    }
    let begin = world.now();
    if !world.esme.start_restore(&number, begin)? {
        return Err(Failure::NotDone(format!("the copy of {number} is empty")));
    }
    let mut step = RestoreStep::Running;
    while step == RestoreStep::Running && world.now().since(begin) < RESTORE_LIMIT {
        world.run_until(Duration::from_secs(10), |_| false)?;
        step = world.esme.restore_status(&number)?.map_or(RestoreStep::GivenUp, |restore| restore.step);
    }
    let elapsed = world.now().since(begin);
    world.run_out()?;
    if let Some(path) = sim {
        Kept::of(&world.card, None).write(path)?;
    }
    let restored = read_phonebook(&mut world.card).book().unwrap_or_default();
    let equal = step == (RestoreStep::Complete { equal: true }) && restored == held.book;
    if json {
        let value = json!({
            "number": number.to_string(),
            "contacts": restored.len(),
            "elapsed_s": elapsed.as_secs(),
            "verified": equal,
        });
        writeln!(out, "{value:#}")?;
    } else {
        report::timeline(&world.record, all, out)?;
        writeln!(out, "\n{} on the new SIM after {elapsed}", count(restored.len(), "contact"))?;
    }
    if equal { Ok(()) } else { Err(Failure::NotDone("not verified: the SIM differs from the copy".into())) }
}

fn forget(number: &Msisdn, db: &str) -> Result<(), Failure> {
    let args = HeldArgs { number: Some(number.clone()), source: PhonebookName::Card, db: db.into() };
    if args.open(0)?.forget(number)? {
        println!("Everything of {number} is deleted.");
        Ok(())
    } else {
        Err(Failure::Unknown(number.clone()))
    }
}
