//! `oxisim backup`: the main job.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use oxisim_backup::Policy;
use oxisim_server::{Msisdn, Server, SqliteStore};
use oxisim_wire::{Duration, Instant};
use serde_json::json;

use crate::{
    failure::Failure,
    input,
    options::{self, ModeName, way_name},
    report::{self, count, percent},
    run::{Outcome, Plan, SourceName},
    sim::Kept,
    span,
    timeline::{self, Lane},
};

/// Back up a phonebook: contacts go into a virtual SIM, its applet sends them by SMS through a phone and an SMS
/// centre to the server, and the server's copy is compared with the SIM. All in simulated time.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  oxisim backup contacts.vcf                       the card chooses the way
  oxisim backup contacts.vcf --mode server --timeline backup.svg
  oxisim backup contacts.vcf --mode ask --answer refuse
  oxisim backup contacts.vcf --sim my.sim          keeps the SIM; the next backup sends what changed")]
pub struct Args {
    /// vCard file, version 2.1, 3.0 or 4.0.
    #[arg(value_name = "CONTACTS.vcf")]
    contacts: PathBuf,
    /// The way of the backup.
    #[arg(long, default_value = "auto")]
    mode: ModeName,
    /// Whose phonebook is backed up.
    #[arg(long, default_value = "card")]
    source: SourceName,
    #[command(flatten)]
    backup: options::Backup,
    /// The card starts the backup by itself after this time; the user does nothing.
    #[arg(long, value_name = "TIME", value_parser = span::duration, help_heading = "The backup")]
    interval: Option<Duration>,
    #[command(flatten)]
    world: options::World,
    /// The subscriber's number.
    #[arg(long, default_value = "+15550100001")]
    number: Msisdn,
    /// The server's database; `:memory:` keeps nothing.
    #[arg(long, value_name = "PATH", default_value = "oxisim.sqlite")]
    db: String,
    /// Keep the SIM's and the phone's memory in this file: the next run with it finds the SIM as it was left, and
    /// backs up what has changed. Without it the SIM is new.
    #[arg(long, value_name = "FILE")]
    sim: Option<PathBuf>,
    /// Send everything, also what the server has confirmed before.
    #[arg(long)]
    full: bool,
    /// `ask`: what the user answers.
    #[arg(long, value_name = "ANSWER", default_value = "async", help_heading = "The backup")]
    answer: options::AnswerName,
    /// Time of day at which it begins (UTC); now, if it is not given.
    #[arg(long, value_name = "HH:MM", value_parser = span::time_of_day, help_heading = "The world")]
    at: Option<u32>,
    /// Refuse contacts that the phonebook cannot hold as they are.
    #[arg(long)]
    strict: bool,
    /// Draw what happened.
    #[arg(long, value_name = "F.svg")]
    timeline: Option<PathBuf>,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
    /// Print every line of what happened.
    #[arg(long)]
    all: bool,
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

/// The server on a database.
pub fn open_server(db: &str, policy: Policy, seed: u64) -> Result<Server<SqliteStore>, Failure> {
    let store = SqliteStore::open(db)?;
    Ok(Server::new(store, policy, seed))
}

/// What the card says if it has nothing to send.
const UNCHANGED: &str = "Phonebook has not changed";

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let out = &mut std::io::stdout().lock();
    let contacts = input::contacts(&args.contacts)?;
    let rides_on_status =
        args.mode == ModeName::Status || args.backup.asynchronous == options::WayName::Status;
    if args.source == SourceName::Phone && rides_on_status {
        let why =
            "the phone's own phonebook has no card that could ride on STATUS: take normal, server or timer";
        return Err(Failure::Usage(why.into()));
    }
    if args.strict {
        for (phonebook, capacity) in args.source.capacities() {
            let import = oxisim_phonebook::import(&contacts, capacity);
            input::strict(&args.contacts, phonebook, &import, &mut std::io::stderr())?;
        }
    }
    let kept = args.sim.as_deref().map(Kept::read).transpose()?.flatten();
    let mut server = open_server(&args.db, args.backup.policy(), args.world.seed)?;
    let plan = Plan {
        number: &args.number,
        source: args.source,
        mode: args.mode,
        backup: &args.backup,
        world: &args.world,
        interval: args.interval,
        answer: args.answer,
        start: args.at.map_or_else(wall_clock, today_at),
    };
    let mut device = plan.device(&contacts, kept.as_ref().zip(args.sim.as_deref()), &mut server)?;
    let mut said = Vec::new();
    for (phonebook, import) in &device.imports {
        input::report(&args.contacts, phonebook, import, &mut said)?;
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
    let outcome = plan.run(device, server)?;
    if let Some(path) = &args.sim {
        outcome.kept.write(path)?;
    }
    if let Some(path) = &args.timeline {
        draw(path, &title(args, &outcome), &[Lane { name: name(args, &outcome), record: &outcome.record }])?;
    }
    if args.json {
        writeln!(out, "{:#}", figures(args, &outcome, &losses))?;
    } else {
        print(args, &outcome, out)?;
    }
    match outcome.differences.len() {
        0 => Ok(()),
        _ => Err(Failure::NotDone(unverified(&outcome))),
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
        (Some(way), _) => way_name(way),
        (None, ModeName::Ask) => "ask",
        (None, _) => "none",
    }
}

fn mode_name(mode: ModeName) -> String {
    use clap::ValueEnum;
    mode.to_possible_value().map_or_else(String::new, |value| value.get_name().into())
}

fn unverified(outcome: &Outcome) -> String {
    let told = outcome.told.as_deref().unwrap_or("nothing was said to the user");
    let first: Vec<&str> = outcome.differences.iter().take(5).map(String::as_str).collect();
    let more = outcome.differences.len() - first.len();
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let hint = if outcome.way.is_none() && outcome.told.as_deref() == Some(UNCHANGED) {
        "; the SIM believes that the server has its contacts: --full sends them again"
    } else {
        ""
    };
    format!("not verified: {}{more} (phone: {told}){hint}", first.join("; "))
}

fn print(args: &Args, outcome: &Outcome, out: &mut impl Write) -> Result<(), Failure> {
    let summary = &outcome.summary;
    let estimate = &outcome.estimate;
    writeln!(
        out,
        "{} in the phonebook ({} octets) of {}",
        count(outcome.contacts, "contact"),
        outcome.phonebook_octets,
        args.number
    )?;
    if let Some(way) = outcome.way {
        writeln!(
            out,
            "Estimate for {}: {} at once, {} in subsets of {}; mode {} took the {} way",
            count(summary.blocks.into(), "block"),
            estimate.normal,
            estimate.asynchronous,
            args.backup.subset,
            mode_name(args.mode),
            way_name(way),
        )?;
    }
    if outcome.summary.blocks > 0 {
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
        writeln!(out, "Verified: the copy in {} equals the phonebook, record by record.", args.db)?;
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

fn figures(args: &Args, outcome: &Outcome, changes: &[String]) -> serde_json::Value {
    let mut figures = json!({
        "mode": outcome.way.map_or_else(|| mode_name(args.mode), |way| way_name(way).into()),
        "requested_mode": mode_name(args.mode),
        "source": args.source.name(),
        "number": args.number.to_string(),
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
