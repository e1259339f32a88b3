//! `oxisim compare`: every mode side by side.

use std::{io::Write, path::PathBuf};

use oxisim_backup::{Mode, Way};
use oxisim_server::Msisdn;
use oxisim_wire::Instant;
use serde_json::json;

use crate::{
    backup::draw,
    failure::Failure,
    input,
    keys::secured_server,
    options,
    report::{self, count, percent},
    run::{Outcome, Plan, SourceName, server_address},
    timeline::Lane,
};

/// Back up the same contacts in every mode, and compare what it costs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  oxisim compare contacts.vcf --timeline compare.svg")]
pub struct Args {
    /// vCard file, version 2.1, 3.0 or 4.0.
    #[arg(value_name = "CONTACTS.vcf")]
    contacts: PathBuf,
    #[command(flatten)]
    backup: options::Backup,
    #[command(flatten)]
    world: options::World,
    /// Draw a lane for every mode.
    #[arg(long, value_name = "F.svg")]
    timeline: Option<PathBuf>,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

/// 2026-01-05T08:00:00Z, a Monday: every comparison begins then.
const START: Instant = Instant::from_secs(1_767_600_000);

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let out = &mut std::io::stdout().lock();
    let contacts = input::contacts(&args.contacts)?;
    let number: Msisdn = "15550100001".parse().expect("the number is one");
    let mut outcomes: Vec<(&str, Outcome)> = Vec::new();
    for &way in Way::ALL {
        let mut server =
            secured_server(":memory:", args.backup.policy(), args.world.seed, args.world.insecure)?;
        let plan = Plan {
            number: &number,
            source: SourceName::Card,
            mode: Mode::Fixed(way),
            backup: &args.backup,
            world: &args.world,
            answer: options::AnswerName::None,
            interval: None,
            by_server: false,
            start: START,
            server: server_address(),
        };
        let device = plan.device(&contacts, None, &mut server)?;
        if outcomes.is_empty() && !args.json {
            for (phonebook, import) in &device.imports {
                input::report(&args.contacts, phonebook, import, out)?;
            }
        }
        outcomes.push((way.word(), plan.run(device, server, None)?));
    }
    let contacts = outcomes.first().map_or(0, |(_, outcome)| outcome.contacts);
    if args.json {
        let modes: Vec<_> = outcomes.iter().map(|(name, outcome)| row_json(name, outcome)).collect();
        writeln!(out, "{:#}", json!({ "contacts": contacts, "modes": modes }))?;
    } else {
        table(contacts, &outcomes, args, out)?;
    }
    if let Some(path) = &args.timeline {
        let lanes: Vec<Lane<'_>> =
            outcomes.iter().map(|(name, outcome)| Lane { name, record: &outcome.record }).collect();
        draw(path, &format!("Backup of {}, mode by mode", count(contacts, "contact")), &lanes)?;
        if !args.json {
            writeln!(out, "\nDrawn in {}.", path.display())?;
        }
    }
    let wrong: Vec<&str> =
        outcomes.iter().filter(|(_, outcome)| !outcome.verified()).map(|(name, _)| *name).collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Failure::NotDone(format!("not verified: {}", wrong.join(", "))))
    }
}

fn table(
    contacts: usize,
    outcomes: &[(&str, Outcome)],
    args: &Args,
    out: &mut impl Write,
) -> Result<(), Failure> {
    writeln!(
        out,
        "{}, subsets of {}, seed {}\n",
        count(contacts, "contact"),
        args.backup.subset,
        args.world.seed
    )?;
    writeln!(
        out,
        "{:<8} {:>8} {:>8} {:>10} {:>12} {:>11} {:>21}  copy",
        "mode", "sent", "received", "elapsed", "longest busy", "total busy", "calls found it busy"
    )?;
    for (name, Outcome { summary, .. }) in outcomes {
        let verified = outcomes.iter().any(|(n, outcome)| n == name && outcome.verified());
        writeln!(
            out,
            "{name:<8} {:>8} {:>8} {:>10} {:>12} {:>11} {:>21}  {}",
            summary.messages,
            summary.answers,
            summary.elapsed.to_string(),
            summary.longest_busy.to_string(),
            summary.total_busy.to_string(),
            format!("{} of {} ({})", summary.blocked, summary.calls, percent(summary.blocked, summary.calls)),
            if verified { "verified" } else { "NOT VERIFIED" }
        )?;
    }
    if let Some((_, Outcome { summary, estimate, .. })) = outcomes.first() {
        let way = args.backup.settings(Mode::Auto, None).automatic(estimate);
        writeln!(
            out,
            "\nauto takes the {} way for these {}: at once they are estimated to take {}, and the threshold is {}.",
            way.word(),
            count(summary.blocks.into(), "block"),
            estimate.normal,
            args.backup.threshold
        )?;
    }
    Ok(())
}

fn row_json(name: &str, outcome: &Outcome) -> serde_json::Value {
    let mut row = report::figures(&outcome.summary);
    row["mode"] = name.into();
    row["verified"] = outcome.verified().into();
    row
}
