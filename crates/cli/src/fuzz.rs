//! `oxisim fuzz`: any sequence of what can happen to a card with applets (docs/TESTING.md).

use std::{
    io::Write as _,
    path::PathBuf,
    time::{Duration, Instant},
};

use oxisim_apdu::{Response, danger};
use oxisim_kit::fuzz::{Done, Finding, Fuzz, Sent, Subject};
use oxisim_transport::Transport;
use serde_json::json;

use crate::{
    card::Personal,
    failure::Failure,
    live::{BUILT_IN, Elsewhere, PinArgs},
    span,
};

/// Try sequences of what can happen to a card with applets, and look for what no applet may do.
///
/// Panics, missing answers, proactive commands that break a rule, sessions that do not end, breaches of quotas, and damage by power that
/// fails. What is found first shrinks, and is written as a script that oxisim script runs. Applets of your own: docs/TESTING.md.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").conflicts_with_all(BUILT_IN).conflicts_with("number"))]
#[command(after_help = "\
A card that is not virtual is asked for what it has, and sent neither what changes files nor what can lock or destroy it; power does not fail. docs/READERS.md lists those commands.

Exit status: 0 nothing was found, 1 something was or the card cannot be reached, 2 the words or the input are wrong.

Examples:
  oxisim fuzz --applet hello --time 10s
  oxisim fuzz --image CARD.toml --seed 7 --json
  oxisim fuzz --reader Omnikey --time 1m")]
pub struct Args {
    /// How long.
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = span::duration)]
    time: oxisim_wire::Duration,
    /// End after so many sequences, if the time has not passed before.
    #[arg(long, value_name = "N")]
    sequences: Option<u64>,
    /// What decides by chance: the same seed tries the same sequences.
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
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
        run_on(Fuzz::on(Guarded(card)), args, begin)?
    } else {
        let fuzz = Fuzz::new(args.built_in.copy(&PinArgs::default())?);
        // What an applet panics with is told with what was found.
        std::panic::set_hook(Box::new(|_| {}));
        let result = run_on(fuzz.headed(args.built_in.script_head()), args, begin);
        drop(std::panic::take_hook());
        result?
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

fn run_on<S: Subject>(
    mut fuzz: Fuzz<S>,
    args: &Args,
    begin: Instant,
) -> Result<(Option<Finding>, Done), Failure> {
    let end = begin + Duration::from_micros(args.time.as_micros());
    let most = args.sequences.unwrap_or(u64::MAX);
    let found = fuzz.run(args.seed, &mut |done| done.sequences < most && Instant::now() < end);
    Ok((found.map_err(Failure::NotDone)?, fuzz.done().clone()))
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
