//! `oxisim simulate`: the whole system under faults.

use std::{
    collections::BTreeMap,
    io::Write,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use oxisim_simulation::{Coverage, Kind, Kinds, Plan, Reached, Receiver, Runner, Summary, Sweep, Uploader};
use oxisim_trace::{Clock, Destination, Recorder};
use oxisim_world::Record;
use serde_json::{Value, json};
use signal_hook::{consts::SIGINT, flag};

use crate::{
    failure::Failure,
    file,
    progress::Progress,
    report::{count, timeline},
    trace::{TraceArgs, finish},
};

/// Run many worlds of card, phone, SMS centre and server in simulated time, each from a seed, let things go wrong in
/// them, and look after every step whether what must be true is true.
///
/// A seed whose world breaks a rule is run again with fewer and fewer faults; the plan of the fewest is written to a file,
/// which --plan replays, with a trace of what passed beside it. Of many such seeds only the first are shrunk, and the others
/// counted. An interrupt (^C) ends the search with the summary of what has run.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  oxisim simulate --seeds 10000
  oxisim simulate --seeds 1000 --faults torn,network --jobs 2 --json
  oxisim simulate --seeds 1000000 --jobs 4
  oxisim simulate --plan simulate-17.json --trace simulate-17.jsonl
  oxisim trace show simulate-17.pcapng")]
pub struct Args {
    /// How many worlds.
    #[arg(long, value_name = "N", default_value_t = 1_000, conflicts_with = "plan", value_parser = clap::value_parser!(u64).range(1..))]
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
    #[command(flatten)]
    trace: TraceArgs,
    /// Where plans and traces of worlds that break a rule are written.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    match &args.plan {
        Some(path) => replay(path, args),
        None if args.trace.is_wanted() => Err(Failure::Usage(
            "--trace is for --plan: a search writes the traces of worlds that break a rule".into(),
        )),
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
    let progress = Mutex::new(Progress::with_rate(args.seeds));
    let begin = Instant::now();
    let is_interrupted = interrupts()?;
    let summary = sweep.run(&|| {
        if let Ok(mut progress) = progress.lock() {
            progress.step(|| "worlds".into());
        }
        if is_interrupted.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    drop(progress);
    let summary = summary.map_err(Failure::Usage)?;
    let elapsed = begin.elapsed().as_secs_f64();
    let files: Vec<Files> =
        summary.violations.iter().map(|(plan, _)| keep(&args.out, plan)).collect::<Result<_, _>>()?;
    let out = &mut std::io::stdout().lock();
    if args.json {
        writeln!(out, "{:#}", as_json(&summary, elapsed, &files))?;
    } else {
        report(&summary, &args.faults.0, elapsed, &files, out)?;
    }
    match summary.broken {
        0 => Ok(()),
        1 => Err(Failure::NotDone("one world broke a rule".into())),
        many => Err(Failure::NotDone(format!("{many} worlds broke a rule"))),
    }
}

/// Whether the user has interrupted; who does so twice means it.
fn interrupts() -> Result<Arc<AtomicBool>, Failure> {
    let is_interrupted = Arc::new(AtomicBool::new(false));
    flag::register_conditional_shutdown(SIGINT, 130, Arc::clone(&is_interrupted))
        .and_then(|_| flag::register(SIGINT, Arc::clone(&is_interrupted)))
        .map_err(|error| Failure::NotDone(format!("interrupts cannot be caught: {error}")))?;
    Ok(is_interrupted)
}

fn report(
    summary: &Summary,
    kinds: &[Kind],
    elapsed: f64,
    files: &[Files],
    out: &mut impl Write,
) -> Result<(), Failure> {
    let counted = |number, thing| count(usize::try_from(number).unwrap_or(usize::MAX), thing);
    writeln!(
        out,
        "{} in {elapsed:.1} s, {}",
        counted(summary.worlds, "world"),
        counted(summary.broken, "violation")
    )?;
    writeln!(
        out,
        "{} of a whole phonebook complete, {:.0} a second",
        counted(summary.whole, "backup"),
        f64::from(u32::try_from(summary.whole).unwrap_or(u32::MAX)) / elapsed.max(f64::EPSILON)
    )?;
    write!(out, "Messages are secured in {}", counted(summary.secured, "world"))?;
    let left_out: Vec<_> =
        kinds.iter().filter(|kind| kind.needs_security()).map(|kind| kind.name()).collect();
    match summary.worlds - summary.secured {
        0 => writeln!(out)?,
        others if left_out.is_empty() => writeln!(out, ", and not in {others}")?,
        others => writeln!(out, ", and not in {others}: without {}", left_out.join(", "))?,
    }
    for (kind, count) in &summary.faults {
        writeln!(out, "  {:14}{count:>10}", kind.name())?;
    }
    for (when, ends) in [("while things went wrong", &summary.ends), ("afterwards", &summary.last)] {
        writeln!(out, "How backups ended {when}:")?;
        for (end, count) in ends {
            writeln!(out, "  {count:>10}  {end}")?;
        }
    }
    writeln!(
        out,
        "Reached of card and server: {} of {} states, {}",
        summary.coverage.states(),
        Coverage::STATES,
        count(summary.coverage.transitions(), "transition")
    )?;
    for ((plan, violation), files) in summary.violations.iter().zip(files) {
        writeln!(out, "Seed {}: {violation}", plan.seed)?;
        writeln!(out, "  again, with the fewest faults: oxisim simulate --plan {}", files.plan.display())?;
        writeln!(out, "  what passed then: oxisim trace show {}", files.trace.display())?;
    }
    Ok(())
}

fn as_json(summary: &Summary, elapsed: f64, files: &[Files]) -> Value {
    let faults: BTreeMap<&str, u64> =
        summary.faults.iter().map(|(kind, count)| (kind.name(), *count)).collect();
    let found: Vec<Value> = summary
        .violations
        .iter()
        .zip(files)
        .map(|((plan, violation), files)| {
            json!({
                "seed": plan.seed,
                "violation": violation,
                "plan": plan,
                "file": files.plan.to_string_lossy(),
                "trace": files.trace.to_string_lossy(),
            })
        })
        .collect();
    json!({
        "worlds": summary.worlds,
        "secured": summary.secured,
        "whole_backups": summary.whole,
        "violations": summary.broken,
        "elapsed_s": elapsed,
        "faults": faults,
        "ends": summary.ends,
        "last": summary.last,
        "coverage": {
            "states": summary.coverage.states(),
            "possible_states": Coverage::STATES,
            "transitions": summary.coverage.transitions(),
            "card": reached(&summary.coverage.uploader, Uploader::ALL, Uploader::name),
            "server": reached(&summary.coverage.receiver, Receiver::ALL, Receiver::name),
        },
        "found": found,
    })
}

/// The states of a machine that were reached, those that were not, and the changes from a state to another.
fn reached<S: Copy + Ord>(reached: &Reached<S>, all: &[S], name: impl Fn(S) -> &'static str) -> Value {
    let states: Vec<S> = reached.states().collect();
    let (reached_names, missing): (Vec<S>, Vec<S>) = all.iter().partition(|state| states.contains(state));
    let names = |states: Vec<S>| states.into_iter().map(&name).collect::<Vec<_>>();
    let transitions: Vec<_> = reached.transitions().map(|(from, to)| [name(from), name(to)]).collect();
    json!({ "reached": names(reached_names), "not_reached": names(missing), "transitions": transitions })
}

/// What is written of a world that breaks a rule.
struct Files {
    plan: PathBuf,
    trace: PathBuf,
}

/// Writes the plan of a world that breaks a rule, and a trace of it.
fn keep(folder: &Path, plan: &Plan) -> Result<Files, Failure> {
    let path = folder.join(format!("simulate-{}.json", plan.seed));
    let text = serde_json::to_string_pretty(plan).unwrap_or_default();
    std::fs::write(&path, text + "\n").map_err(|error| Failure::Write { path: path.clone(), error })?;
    let files = Files { trace: path.with_extension("pcapng"), plan: path };
    let failed = |error| Failure::NotDone(format!("{}: {error}", files.trace.display()));
    let trace = Destination::Capture(files.trace.clone());
    let recorder = Recorder::open(&trace, Clock::Virtual, Runner::START).map_err(failed)?;
    Runner::default().record(plan, &recorder).map_err(Failure::Usage)?;
    finish(Some(&recorder), Ok(()))?;
    Ok(files)
}

fn replay(path: &Path, args: &Args) -> Result<(), Failure> {
    let text = file::text(path).map_err(|error| Failure::Read { path: path.to_owned(), error })?;
    let plan: Plan = serde_json::from_str(&text)
        .map_err(|error| Failure::Usage(format!("{} is no plan: {error}", path.display())))?;
    let mut runner = Runner::default();
    let verdict = match args.trace.open(Clock::Virtual, Runner::START)? {
        None => runner.run(&plan),
        Some(recorder) => {
            let verdict = runner.record(&plan, &recorder);
            finish(Some(&recorder), Ok(()))?;
            verdict
        }
    };
    let verdict = verdict.map_err(Failure::Usage)?;
    let out = &mut std::io::stdout().lock();
    if args.json {
        writeln!(out, "{:#}", json!({ "plan": plan, "violation": verdict.violation }))?;
    } else {
        timeline(&Record { happenings: verdict.happenings, ..Record::default() }, true, out)?;
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

#[cfg(test)]
mod tests {
    use oxisim_simulation::{Invariant, Violation};

    use super::*;

    fn summary(plan: Plan) -> Summary {
        let violation =
            Violation { invariant: Invariant::Live, at: 5, found: "no backup is complete".into() };
        Summary { worlds: 1, broken: 1, violations: vec![(plan, violation)], ..Summary::default() }
    }

    #[test]
    fn a_world_that_broke_a_rule_names_its_plan_and_its_trace() {
        let folder = tempfile::tempdir().unwrap();
        let summary = summary(Plan::new(17, 5, &[]));
        let files = [keep(folder.path(), &summary.violations[0].0).unwrap()];
        let mut printed = Vec::new();
        report(&summary, &[Kind::Lost, Kind::Forged], 1.0, &files, &mut printed).unwrap();
        let printed = String::from_utf8(printed).unwrap();
        let [plan, trace] = ["simulate-17.json", "simulate-17.pcapng"].map(|name| folder.path().join(name));
        for (words, file) in [("oxisim simulate --plan", &plan), ("oxisim trace show", &trace)] {
            assert!(printed.contains(&format!("{words} {}\n", file.display())), "{printed}");
            assert!(std::fs::metadata(file).unwrap().len() > 0, "{}", file.display());
        }
        let found = as_json(&summary, 1.0, &files)["found"][0].clone();
        assert_eq!((&found["file"], &found["trace"]), (&json!(plan), &json!(trace)));
    }
}
