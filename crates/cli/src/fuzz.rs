//! `oxisim fuzz`: any sequence of what can happen to a card with applets (docs/TESTING.md).

use std::{
    io::Write as _,
    num::NonZeroU16,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    thread::ScopedJoinHandle,
    time::{Duration, Instant},
};

use oxisim_apdu::{Response, danger};
use oxisim_card::Aid;
use oxisim_kit::fuzz::{Done, Finding, Fuzz, Sent, Subject};
use oxisim_transport::Transport;
use serde_json::json;

use crate::{
    card::Personal,
    failure::Failure,
    live::{BUILT_IN, Elsewhere, PinArgs},
    progress::Progress,
    report, span,
};

/// The head of a script that was found on a card that is not virtual.
const ELSEWHERE: &str = "# It was found on a card that is not virtual: --reader, --tcp or --vpcd says which.";
/// Microseconds of a step of the progress.
const PER_STEP: u64 = 100_000;

/// Try sequences of what can happen to a card with applets, and look for what no applet may do.
///
/// Panics, missing answers, proactive commands that break a rule, sessions that do not end, breaches of quotas, and damage by power that
/// fails. What is found first shrinks, and is written as a script that oxisim script runs. Applets of your own: docs/TESTING.md.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").conflicts_with_all(BUILT_IN).conflicts_with_all(["number", "jobs"]))]
#[command(after_help = "\
A card that is not virtual is asked for what it has, and sent neither what changes files nor what can lock or destroy it; power does not fail. docs/READERS.md lists those commands.

Exit status: 0 nothing was found, 1 something was or the card cannot be reached, 2 the words or the input are wrong.

Examples:
  oxisim fuzz --applet hello --time 10s
  oxisim fuzz --image CARD.toml --seed 7 --json
  oxisim fuzz --applet A0000009994F584953494D04 --jobs 2
  oxisim fuzz --reader Omnikey --time 1m")]
pub struct Args {
    /// How long.
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = span::duration)]
    time: oxisim_wire::Duration,
    /// End after so many sequences, if the time has not passed before.
    #[arg(long, value_name = "N")]
    sequences: Option<u64>,
    /// What decides by chance: the same seed tries the same sequences, if there is one job.
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// So many at the same time, each with a seed of its own: the seed and those that follow it.
    #[arg(long, value_name = "N", default_value = "1")]
    jobs: NonZeroU16,
    /// An application that is selected as well, by its AID; may be given several times. Those of a virtual card's applets need not be
    /// said.
    #[arg(long, value_name = "AID", value_parser = aid)]
    select: Vec<Aid>,
    /// Where the script of what was found is written.
    #[arg(long, value_name = "F.apdu", default_value = "found.apdu")]
    out: PathBuf,
    /// Print JSON instead.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    elsewhere: Elsewhere,
    #[command(flatten, next_help_heading = "The card of this program")]
    built_in: Personal,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let begin = Instant::now();
    let (found, done) = if let Some(card) = args.elsewhere.open()? {
        let fuzz = Fuzz::on(Guarded(card)).selecting(args.select.iter().copied()).headed(ELSEWHERE);
        let jobs = Jobs { args, number: 1, begin, ended: AtomicBool::new(false) };
        one(fuzz, 0, &jobs)?
    } else {
        if args.built_in.has_image() && args.built_in.names_number() {
            return Err(Failure::Usage("--number: the card of a file has its own".into()));
        }
        let card = args.built_in.copy(&PinArgs::default())?;
        let head = args.built_in.script_head();
        let fuzz = || Fuzz::new(card.clone()).selecting(args.select.iter().copied()).headed(head.clone());
        let number = args.jobs.get().into();
        let jobs = Jobs { args, number, begin, ended: AtomicBool::new(false) };
        // What an applet panics with is told with what was found.
        std::panic::set_hook(Box::new(|_| {}));
        let ends: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..number)
                .map(|place| {
                    let (fuzz, jobs) = (fuzz(), &jobs);
                    scope.spawn(move || one(fuzz, place, jobs))
                })
                .collect();
            threads.into_iter().map(ScopedJoinHandle::join).collect()
        });
        drop(std::panic::take_hook());
        let (mut first, mut all) = (None, Done::default());
        for end in ends {
            let (found, done) = end.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            all.merge(&done);
            first = first.or(found);
        }
        (first, all)
    };
    if let Some(finding) = &found {
        let write = |error| Failure::Write { path: args.out.clone(), error };
        std::fs::write(&args.out, &finding.script).map_err(write)?;
    }
    tell(args, found.as_ref(), &done, begin.elapsed())?;
    match found {
        Some(_) => Err(Failure::NotDone(format!("something is wrong: oxisim script {}", args.out.display()))),
        None => Ok(()),
    }
}

/// What goes on at the same time.
struct Jobs<'a> {
    args: &'a Args,
    /// How many there are.
    number: u64,
    begin: Instant,
    /// One has found something: that ends the others.
    ended: AtomicBool,
}

/// One of the jobs, with a seed of its own: what it has found, and what it has done.
fn one<S: Subject>(
    mut fuzz: Fuzz<S>,
    place: u64,
    jobs: &Jobs<'_>,
) -> Result<(Option<Finding>, Done), Failure> {
    let Jobs { args, number, begin, ended } = jobs;
    let time = Duration::from_micros(args.time.as_micros());
    let most = args.sequences.map_or(u64::MAX, |all| all / number + u64::from(place < all % number));
    // The first speaks for all.
    let mut progress = (place == 0).then(|| Progress::new(args.time.as_micros() / PER_STEP));
    let found = fuzz.run(args.seed.wrapping_add(place), &mut |done| {
        let passed = begin.elapsed();
        if let Some(progress) = &mut progress {
            let steps = u64::try_from(passed.as_micros()).unwrap_or(u64::MAX) / PER_STEP;
            progress.reach(steps, || count_of(done.sequences.saturating_mul(*number)));
        }
        done.sequences < most && passed < time && !ended.load(Ordering::Relaxed)
    });
    if !matches!(found, Ok(None)) {
        ended.store(true, Ordering::Relaxed);
    }
    Ok((found.map_err(Failure::NotDone)?, fuzz.done().clone()))
}

fn count_of(sequences: u64) -> String {
    report::count(usize::try_from(sequences).unwrap_or(usize::MAX), "sequence")
}

fn tell(args: &Args, found: Option<&Finding>, done: &Done, took: Duration) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let states = done.coverage.states().count();
    if args.json {
        let found = found.map(|finding| {
            json!({
                "oracle": format!("{:?}", finding.oracle),
                "what": finding.what,
                "moves": finding.moves.len(),
                "script": args.out,
            })
        });
        let summary = json!({
            "sequences": done.sequences,
            "commands": done.commands,
            "elapsed_s": took.as_secs_f64(),
            "seed": args.seed,
            "states": states,
            "transitions": done.coverage.transitions(),
            "found": found,
        });
        writeln!(out, "{summary}")?;
        return Ok(());
    }
    if let Some(finding) = found {
        writeln!(out, "{}: {}", finding.oracle.text(), finding.what)?;
        writeln!(out, "moves: {:?}", finding.moves)?;
    }
    let mut seen: Vec<_> = done.coverage.states().map(|state| state.to_string()).collect();
    seen.sort();
    writeln!(out, "states reached:")?;
    seen.iter().take(MOST_SHOWN).try_for_each(|state| writeln!(out, "  {state}"))?;
    if seen.len() > MOST_SHOWN {
        writeln!(out, "  and {} more", seen.len() - MOST_SHOWN)?;
    }
    let (sequences, commands) = (done.sequences, done.commands);
    let transitions = done.coverage.transitions();
    writeln!(out, "{sequences} sequences, {commands} commands, {states} states, {transitions} transitions")?;
    Ok(())
}

/// The most states that are listed.
const MOST_SHOWN: usize = 40;

/// A card that somebody still needs: what can lock or destroy it is not sent.
struct Guarded(Box<dyn Transport>);

impl Subject for Guarded {
    fn reset(&mut self) -> Result<(), String> {
        self.0.reset().map(drop).map_err(|error| error.to_string())
    }

    fn exchange(&mut self, apdu: &[u8]) -> Sent {
        if danger(apdu).is_some() {
            return Sent::Withheld;
        }
        match self.0.exchange(apdu) {
            Ok(octets) => match Response::from_bytes(&octets) {
                Ok(response) => Sent::Answered(response),
                Err(error) => Sent::Silent(error.to_string()),
            },
            Err(error) => Sent::Silent(error.to_string()),
        }
    }
}

/// An AID in hexadecimal digits.
fn aid(text: &str) -> Result<Aid, String> {
    let octets = hex::decode(text).map_err(|_| "an AID is written in hexadecimal digits")?;
    Aid::new(&octets).ok_or_else(|| "an AID has 5 to 16 octets".into())
}
