//! `oxisim simulate`: the whole system under faults.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::Write,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Instant,
};

use oxisim_simulation::{Kinds, Plan, Runner, Summary, Sweep, Verdict, Violation};
use serde_json::{Value, json};

use crate::{failure::Failure, file, progress::Progress, report::count};

/// Run many worlds of card, phone, SMS centre and server in simulated time, each from a seed, let things go wrong in
/// them, and look after every step whether what must be true is true.
///
/// A seed whose world breaks a rule is run again with fewer and fewer faults; the plan of the fewest is written to a file,
/// which --plan replays, with the record of what happened beside it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  oxisim simulate --seeds 10000
  oxisim simulate --seeds 1000 --faults torn,network --jobs 2 --json
  oxisim simulate --plan simulate-17.json")]
pub struct Args {
    /// How many worlds.
    #[arg(long, value_name = "N", default_value_t = 1_000, conflicts_with = "plan")]
    seeds: u64,
    /// The seed of the first world; the others follow it.
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "plan")]
    seed: u64,
    /// What goes wrong: all, none, or names of faults and of their groups (network, power, phone, contacts, server), with
    /// commas between.
    #[arg(long, value_name = "LIST", default_value = "all", conflicts_with = "plan")]
    faults: Kinds,
    /// Contacts on every card.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=250), conflicts_with = "plan")]
    contacts: u16,
    /// Worlds that run side by side; one for each processor, if it is not given.
    #[arg(long, value_name = "N", conflicts_with = "plan")]
    jobs: Option<usize>,
    /// Run this plan, and print what happens.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Where plans of worlds that break a rule are written.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    match &args.plan {
        Some(path) => replay(path, args.json),
        None => sweep(args),
    }
}

fn sweep(args: &Args) -> Result<(), Failure> {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let Kinds(kinds) = args.faults.clone();
    let sweep = Sweep {
        first: args.seed,
        seeds: args.seeds,
        contacts: args.contacts,
        kinds,
        jobs: args.jobs.unwrap_or_else(cores),
    };
    let progress = Mutex::new(Progress::new(args.seeds));
    let begin = Instant::now();
    let summary = sweep.run(&|| {
        if let Ok(mut progress) = progress.lock() {
            progress.step(|| "worlds".into());
        }
    });
    drop(progress);
    let summary = summary.map_err(Failure::Usage)?;
    let elapsed = begin.elapsed().as_secs_f64();
    let files: Vec<PathBuf> = summary
        .violations
        .iter()
        .map(|(plan, violation)| keep(&args.out, plan, violation))
        .collect::<Result<_, _>>()?;
    let out = &mut std::io::stdout().lock();
    if args.json {
        writeln!(out, "{:#}", as_json(&summary, elapsed, &files))?;
    } else {
        report(&summary, elapsed, &files, out)?;
    }
    match summary.violations.len() {
        0 => Ok(()),
        1 => Err(Failure::NotDone("one world broke a rule".into())),
        many => Err(Failure::NotDone(format!("{many} worlds broke a rule"))),
    }
}

fn report(summary: &Summary, elapsed: f64, files: &[PathBuf], out: &mut impl Write) -> Result<(), Failure> {
    writeln!(
        out,
        "{} in {elapsed:.1} s, {}",
        count(usize::try_from(summary.worlds).unwrap_or(usize::MAX), "world"),
        count(summary.violations.len(), "violation")
    )?;
    for (kind, count) in &summary.faults {
        writeln!(out, "  {:14}{count:>10}", kind.name())?;
    }
    writeln!(out, "How the last backup of each world ended:")?;
    for (end, count) in &summary.ends {
        let end = if end.is_empty() { "(nothing was shown)" } else { end };
        writeln!(out, "  {count:>10}  {end}")?;
    }
    for ((plan, violation), path) in summary.violations.iter().zip(files) {
        writeln!(out, "Seed {}: {violation}", plan.seed)?;
        writeln!(out, "  again, with the fewest faults: oxisim simulate --plan {}", path.display())?;
    }
    Ok(())
}

fn as_json(summary: &Summary, elapsed: f64, files: &[PathBuf]) -> Value {
    let faults: BTreeMap<&str, u64> =
        summary.faults.iter().map(|(kind, count)| (kind.name(), *count)).collect();
    let found: Vec<Value> = summary
        .violations
        .iter()
        .zip(files)
        .map(|((plan, violation), path)| {
            json!({ "seed": plan.seed, "violation": violation, "plan": plan, "file": path.to_string_lossy() })
        })
        .collect();
    json!({
        "worlds": summary.worlds,
        "violations": summary.violations.len(),
        "elapsed_s": elapsed,
        "faults": faults,
        "ends": summary.ends,
        "found": found,
    })
}

/// Writes the plan of a world that breaks a rule, and what happened in it.
fn keep(folder: &Path, plan: &Plan, violation: &Violation) -> Result<PathBuf, Failure> {
    let path = folder.join(format!("simulate-{}.json", plan.seed));
    let text = serde_json::to_string_pretty(plan).unwrap_or_default();
    let write = |path: &Path, text: String| {
        std::fs::write(path, text).map_err(|error| Failure::Write { path: path.to_owned(), error })
    };
    write(&path, text + "\n")?;
    let verdict = Runner::default().run(plan).map_err(Failure::Usage)?;
    write(&path.with_extension("txt"), format!("{}{violation}\n", transcript(&verdict)))?;
    Ok(path)
}

/// What happened, a line each.
fn transcript(verdict: &Verdict) -> String {
    let mut text = String::new();
    let begin = verdict.happenings.first().map(|happening| happening.at);
    for happening in &verdict.happenings {
        let at = begin.map_or(0.0, |begin| happening.at.since(begin).as_secs_f64());
        // A string takes whatever is written.
        let _ = writeln!(text, "{at:>12.3}  {:?}", happening.what);
    }
    text
}

fn replay(path: &Path, json: bool) -> Result<(), Failure> {
    let text = file::text(path).map_err(|error| Failure::Read { path: path.to_owned(), error })?;
    let plan: Plan = serde_json::from_str(&text)
        .map_err(|error| Failure::Usage(format!("{} is no plan: {error}", path.display())))?;
    let verdict = Runner::default().run(&plan).map_err(Failure::Usage)?;
    let out = &mut std::io::stdout().lock();
    if json {
        writeln!(out, "{:#}", json!({ "plan": plan, "violation": verdict.violation }))?;
    } else {
        write!(out, "{}", transcript(&verdict))?;
        match &verdict.violation {
            Some(violation) => writeln!(out, "{violation}")?,
            None => writeln!(out, "Every rule held.")?,
        }
    }
    match verdict.violation {
        Some(_) => Err(Failure::NotDone("the world broke a rule".into())),
        None => Ok(()),
    }
}
