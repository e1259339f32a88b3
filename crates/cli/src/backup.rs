//! `oxisim backup`: the main job.

mod live;

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use oxisim_backup::{Mode, Policy, Way};
use oxisim_server::{Msisdn, Server, SqliteStore};
use oxisim_sms::Address;
use oxisim_trace::Clock;
use oxisim_wire::{Duration, Instant};
use oxisim_world::What;
use serde_json::json;

use crate::{
    failure::Failure,
    input,
    keys::secured_server,
    live::{PinArgs, Which},
    options,
    report::{self, count, percent},
    run::{Outcome, Plan, SERVER, SourceName, server_address},
    sim::Kept,
    span,
    timeline::{self, Lane},
    trace::{TraceArgs, finish},
};

/// The options that name a card that is there.
const THERE: [&str; 4] = ["reader", "tcp", "vpcd", "image"];

/// Back up a phonebook: contacts go into a virtual SIM, its applet sends them by SMS through a phone and an SMS
/// centre to the server, and the server's copy is compared with the SIM. All in simulated time.
///
/// With `--reader`, `--tcp` or `--image` it is the phonebook of the card that is there. If the card's menu has the entry
/// of the backup applet, the emulated phone lets the applet make the backup, in the way that the applet is set to;
/// otherwise the phone reads the phonebook and makes the backup itself, and nothing is written to the card.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true), after_help = "\
Examples:
  oxisim backup contacts.vcf                       the card chooses the way
  oxisim backup contacts.vcf --mode server --timeline backup.svg
  oxisim backup contacts.vcf --mode ask --answer refuse
  oxisim backup contacts.vcf --trace backup.pcapng  every APDU and short message, for Wireshark
  oxisim backup contacts.vcf --subset 5 --by-server --all   the server sets it, and starts
  oxisim backup contacts.vcf --sim my.sim          keeps the SIM; the next backup sends what changed
  oxisim backup --reader Omnikey --pin 1234        the card in a reader
  oxisim backup --image CARD.toml --number +15550100001")]
pub struct Args {
    /// vCard file, version 2.1, 3.0 or 4.0.
    #[arg(value_name = "CONTACTS.vcf", group = "which")]
    contacts: Option<PathBuf>,
    /// The subscriber's number; without it that of the card, or +15550100001 for a virtual SIM of contacts.
    #[arg(long)]
    number: Option<Msisdn>,
    /// The server's database; `:memory:` keeps nothing.
    #[arg(long, value_name = "PATH", default_value = "oxisim.sqlite")]
    db: String,
    /// Keep the SIM's and the phone's memory in this file: the next run with it finds the SIM as it was left, and
    /// backs up what has changed. Without it the SIM is new.
    #[arg(long, value_name = "FILE", conflicts_with_all = THERE)]
    sim: Option<PathBuf>,
    /// Send everything, also what the server has confirmed before. The applet of a card in a reader cannot be told to:
    /// there, when a contact changes, a server that lacks what was confirmed asks for everything.
    #[arg(long, conflicts_with_all = ["reader", "tcp", "vpcd"])]
    full: bool,
    /// Refuse contacts that the phonebook cannot hold as they are.
    #[arg(long, conflicts_with_all = THERE)]
    strict: bool,
    /// Draw what happened.
    #[arg(long, value_name = "F.svg")]
    timeline: Option<PathBuf>,
    #[command(flatten)]
    trace: TraceArgs,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
    /// Print every line of what happened.
    #[arg(long)]
    all: bool,
    #[command(flatten, next_help_heading = "The card that is there")]
    which: Which,
    #[command(flatten)]
    pin: PinArgs,
    /// The number that the card's applet sends to.
    #[arg(long, value_name = "NUMBER", default_value = SERVER, conflicts_with = "contacts")]
    server: Msisdn,
    /// The way of the backup; of a card that is there, only if the phone makes it.
    #[arg(long, default_value = "auto", value_parser = options::modes(), help_heading = "The backup")]
    mode: Mode,
    /// Whose phonebook is backed up.
    #[arg(long, default_value = "card", conflicts_with_all = THERE, help_heading = "The backup")]
    source: SourceName,
    #[command(flatten)]
    backup: options::Backup,
    /// The card starts the backup by itself after this time; the user does nothing.
    #[arg(long, value_name = "TIME", conflicts_with_all = THERE, value_parser = span::duration, help_heading = "The backup")]
    interval: Option<Duration>,
    /// The server configures the card by SMS with the options of the backup, and starts it; the user does nothing.
    #[arg(long, conflicts_with_all = THERE, conflicts_with = "interval", help_heading = "The backup")]
    by_server: bool,
    #[command(flatten)]
    world: options::World,
    /// `ask`: what the user answers.
    #[arg(long, value_name = "ANSWER", default_value = "async", help_heading = "The backup")]
    answer: options::AnswerName,
    /// Time of day at which it begins (UTC); now, if it is not given.
    #[arg(long, value_name = "HH:MM", value_parser = span::time_of_day, help_heading = "The world")]
    at: Option<u32>,
}

/// The time now, for the database.
pub fn wall_clock() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::from_micros(u64::try_from(since.as_micros()).unwrap_or(0))
}

/// Today, so many seconds after midnight.
fn today_at(seconds: u32) -> Instant {
    let midnight = wall_clock().as_secs() / 86_400 * 86_400;
    Instant::from_secs(midnight + u64::from(seconds))
}

/// The database in a file, with the key beside it; `:memory:` is one that ends with the process.
pub fn open_store(db: &str) -> Result<SqliteStore, Failure> {
    Ok(if db == ":memory:" { SqliteStore::in_memory()? } else { SqliteStore::open_beside(db)? })
}

/// The server on a database.
pub fn open_server(db: &str, policy: Policy, seed: u64) -> Result<Server<SqliteStore>, Failure> {
    let store = open_store(db)?;
    Ok(Server::new(store, policy, seed))
}

/// The subscriber of a virtual SIM.
pub const NUMBER: &str = "+15550100001";

/// What the card says if it has nothing to send.
const UNCHANGED: &str = "Phonebook has not changed";

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let Some(path) = &args.contacts else {
        return live::run(args);
    };
    if args.pin.pin.is_some() || args.pin.last_try {
        return Err(Failure::Usage("a PIN is for a card that is there: --reader, --tcp or --image".into()));
    }
    let out = &mut std::io::stdout().lock();
    let contacts = input::contacts(path)?;
    if args.source == SourceName::Phone {
        args.refuse_status()?;
    }
    if args.strict {
        for (phonebook, capacity) in args.source.capacities() {
            let import = oxisim_phonebook::import(&contacts, capacity);
            input::strict(path, phonebook, &import, &mut std::io::stderr())?;
        }
    }
    let kept = args.sim.as_deref().map(Kept::read).transpose()?.flatten();
    let mut server = args.server()?;
    let number = args.number.clone().map_or_else(|| NUMBER.parse(), Ok);
    let number = number.map_err(|error| Failure::Usage(error.to_string()))?;
    let plan = args.plan(&number, args.source, server_address());
    let mut device = plan.device(&contacts, kept.as_ref().zip(args.sim.as_deref()), &mut server)?;
    let mut said = Vec::new();
    for (phonebook, import) in &device.imports {
        input::report(path, phonebook, import, &mut said)?;
    }
    if args.full {
        device.forget_confirmed()?;
    }
    if args.json {
        std::io::stderr().write_all(&said)?;
    } else {
        out.write_all(&said)?;
    }
    let losses: Vec<String> =
        device.imports.iter().flat_map(|(_, import)| import.report.iter().map(ToString::to_string)).collect();
    let recorder = args.trace.open(Clock::Virtual, plan.start)?;
    let outcome = plan.run(device, server, recorder.as_ref());
    finish(recorder.as_ref(), Ok(()))?;
    let outcome = outcome?;
    if let Some((path, kept)) = args.sim.as_ref().zip(outcome.kept.as_ref()) {
        kept.write(path)?;
    }
    args.conclude(&plan, &outcome, &losses, out)
}

impl Args {
    /// What is to be run.
    fn plan<'a>(&'a self, number: &'a Msisdn, source: SourceName, server: Address) -> Plan<'a> {
        Plan {
            number,
            source,
            mode: self.mode,
            backup: &self.backup,
            world: &self.world,
            interval: self.interval,
            by_server: self.by_server,
            answer: self.answer,
            start: self.at.map_or_else(wall_clock, today_at),
            server,
        }
    }

    /// The server.
    fn server(&self) -> Result<Server<SqliteStore>, Failure> {
        secured_server(&self.db, self.backup.policy(), self.world.seed, self.world.insecure)
    }

    /// The phone's own application has no STATUS.
    fn refuse_status(&self) -> Result<(), Failure> {
        if self.mode == Mode::Fixed(Way::STATUS) || self.backup.asynchronous == Way::STATUS {
            let why = "the phone's own phonebook has no card that could ride on STATUS: take normal, server or timer";
            return Err(Failure::Usage(why.into()));
        }
        Ok(())
    }

    /// Draws and prints what came of it; an error if the copy is not the phonebook.
    fn conclude(
        &self,
        plan: &Plan<'_>,
        outcome: &Outcome,
        losses: &[String],
        out: &mut impl Write,
    ) -> Result<(), Failure> {
        if let Some(path) = &self.timeline {
            let lane = Lane { name: name(self, outcome), record: &outcome.record };
            draw(path, &title(self, outcome), &[lane])?;
        }
        if self.json {
            writeln!(out, "{:#}", figures(self, plan, outcome, losses))?;
        } else {
            print(self, plan, outcome, losses, out)?;
        }
        match outcome.differences.len() {
            0 => Ok(()),
            _ => Err(Failure::NotDone(unverified(self, outcome))),
        }
    }
}

/// Writes the picture.
pub fn draw(path: &Path, title: &str, lanes: &[Lane<'_>]) -> Result<(), Failure> {
    let svg = timeline::draw(title, lanes).map_err(|error| Failure::NotDone(error.to_string()))?;
    std::fs::write(path, svg).map_err(|error| Failure::Write { path: path.into(), error })
}

fn title(args: &Args, outcome: &Outcome) -> String {
    format!(
        "Backup of {} in {}",
        count(outcome.contacts, "contact"),
        count(outcome.summary.messages, "message")
    ) + if args.world.loss > 0.0 { ", on a lossy network" } else { "" }
}

fn name(args: &Args, outcome: &Outcome) -> &'static str {
    match (outcome.way, args.mode) {
        (Some(way), _) => way.word(),
        (None, Mode::Ask) => "ask",
        (None, _) => "none",
    }
}

fn unverified(args: &Args, outcome: &Outcome) -> String {
    let told = outcome.told.as_deref().unwrap_or("nothing was said to the user");
    let first: Vec<&str> = outcome.differences.iter().take(5).map(String::as_str).collect();
    let more = outcome.differences.len() - first.len();
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let hint = if outcome.way.is_none() && outcome.told.as_deref() == Some(UNCHANGED) {
        if args.which.elsewhere.is_nowhere() {
            "; the SIM believes that the server has its contacts: --full sends them again"
        } else {
            "; the card believes that the server has its contacts: put the server's database back, or change a contact \
             on the card, as with oxisim phonebook write, and back up again: the server then asks for all of them"
        }
    } else if let Some((_, to)) = outcome.record.find(|what| match what {
        What::Astray { to } => Some(to),
        _ => None,
    }) {
        &format!("; the card sends its messages to {to}: --server {to} makes that the server")
    } else {
        ""
    };
    format!("not verified: {}{more} (phone: {told}){hint}", first.join("; "))
}

fn print(
    args: &Args,
    plan: &Plan<'_>,
    outcome: &Outcome,
    losses: &[String],
    out: &mut impl Write,
) -> Result<(), Failure> {
    let summary = &outcome.summary;
    let estimate = &outcome.estimate;
    writeln!(
        out,
        "{} in the phonebook ({} octets) of {}",
        count(outcome.contacts, "contact"),
        outcome.phonebook_octets,
        plan.number
    )?;
    if let Some(way) = outcome.way {
        writeln!(
            out,
            "Estimate for {}: {} at once, {} in subsets of {}; mode {} took the {} way",
            count(summary.blocks.into(), "block"),
            estimate.normal,
            estimate.asynchronous,
            args.backup.subset,
            args.mode.word(),
            way.word(),
        )?;
    }
    // Blocks of a table that is not shipped are not counted.
    if outcome.summary.records + outcome.summary.deletions > 0 {
        let deletions = match outcome.summary.deletions {
            0 => String::new(),
            n => format!(" and {}", count(n, "deletion")),
        };
        writeln!(out, "The blocks hold {}{deletions}", count(outcome.summary.records, "record"))?;
    }
    writeln!(out)?;
    report::timeline(&outcome.record, args.all, out)?;
    writeln!(out)?;
    if outcome.verified() {
        // What an import leaves out is not in the phonebook.
        let but =
            if args.contacts.is_some() || losses.is_empty() { "" } else { ", but for what is left out" };
        writeln!(out, "Verified: the copy in {} equals the phonebook, record by record{but}.", args.db)?;
    }
    writeln!(
        out,
        "  messages    {} sent ({} octets), {} received{}",
        summary.messages,
        summary.octets_sent,
        summary.answers,
        if summary.lost > 0 { format!(", {} lost", summary.lost) } else { String::new() }
    )?;
    writeln!(out, "  elapsed     {}", summary.elapsed)?;
    writeln!(
        out,
        "  phone busy  {} at the longest, {} in all, in {}",
        summary.longest_busy,
        summary.total_busy,
        count(summary.subsets, "stretch").replace("stretchs", "stretches")
    )?;
    if summary.calls > 0 {
        writeln!(
            out,
            "  calls       {} of {} attempts found the phone busy ({})",
            summary.blocked,
            summary.calls,
            percent(summary.blocked, summary.calls)
        )?;
    }
    Ok(())
}

fn figures(args: &Args, plan: &Plan<'_>, outcome: &Outcome, changes: &[String]) -> serde_json::Value {
    let mut figures = json!({
        "mode": outcome.way.map_or(args.mode, Mode::Fixed).word(),
        "requested_mode": args.mode.word(),
        "source": plan.source.name(),
        "number": plan.number.to_string(),
        "contacts": outcome.contacts,
    });
    let estimate = outcome.way.map(|_| &outcome.estimate);
    let more = [
        report::figures(&outcome.summary),
        json!({
            "estimate_s": {
                "normal": estimate.map(|estimate| report::seconds(estimate.normal)),
                "async": estimate.map(|estimate| report::seconds(estimate.asynchronous)),
            },
            "bytes": { "phonebook": outcome.phonebook_octets, "sent": outcome.summary.octets_sent },
            "sent": { "records": outcome.summary.records, "deletions": outcome.summary.deletions },
            "import": changes,
            "told": outcome.told,
            "differences": outcome.differences,
            "verified": outcome.verified(),
        }),
    ];
    if let Some(object) = figures.as_object_mut() {
        object.extend(more.into_iter().filter_map(|value| value.as_object().cloned()).flatten());
    }
    figures
}
