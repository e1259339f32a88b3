//! `oxisim trace replay`: the terminal's side of a trace, against a card.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use oxisim_apdu::danger;
use oxisim_trace::{Placed, Replay, What};
use oxisim_transport::{SmartCard as _, Transport};
use oxisim_wire::Instant;

use super::read;
use crate::{
    card::{Personal, RealTime},
    failure::Failure,
    live::{BUILT_IN, Elsewhere, PinArgs},
    report::count,
};

/// Send a card what the terminal of a trace has sent, and compare its answers. Exit status 1 at the first that differs.
///
/// Nothing waits: a card of this program is told the times of the trace, any other has its own.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").conflicts_with_all(BUILT_IN).conflicts_with("number"))]
pub struct ReplayArgs {
    /// The trace, F.jsonl or F.pcapng.
    file: PathBuf,
    #[command(flatten)]
    elsewhere: Elsewhere,
    /// Send a card that is not this program's what can lock or destroy it, too: PINs, keys, DELETE, TERMINATE.
    #[arg(long, requires = "which")]
    allow_destructive: bool,
    #[command(flatten, next_help_heading = "The card of this program")]
    built_in: Personal,
}

/// A card, and what time it is for it.
enum Card {
    There(Box<dyn Transport>),
    OfProgram(Box<RealTime>),
}

/// Runs the command.
pub fn run(args: &ReplayArgs, out: &mut impl Write) -> Result<(), Failure> {
    let records = read(&args.file)?;
    if !args.elsewhere.is_nowhere() && !args.allow_destructive {
        refuse_dangers(&args.file, &records)?;
    }
    let mut card = match args.elsewhere.open_alone()? {
        Some(card) => Card::There(card),
        None => Card::OfProgram(Box::new(args.built_in.card(&PinArgs::default(), out)?)),
    };
    let steps = replay(&args.file, &records, &mut card)?;
    writeln!(out, "{} replayed: every answer is the same", count(steps, "step"))?;
    Ok(())
}

fn replay(path: &Path, records: &[Placed], card: &mut Card) -> Result<usize, Failure> {
    let mut replay = Replay::new(records);
    // A trace that begins later has a card that is on.
    let mut is_on = false;
    while let Some(step) = replay.next_step() {
        if !is_on && step.command.is_some() {
            card.reset(step.at).map_err(|error| unreachable(path, &replay, &error))?;
        }
        is_on = true;
        let answer = match step.command {
            Some(command) => card.exchange(step.at, command),
            None => card.reset(step.at),
        };
        let answer = answer.map_err(|error| unreachable(path, &replay, &error))?;
        let same = replay.answer(&answer);
        same.map_err(|mismatch| {
            let place = path.display();
            Failure::NotDone(format!("the card answers otherwise than in {place}, {mismatch}"))
        })?;
    }
    match replay.steps() {
        0 => Err(Failure::Usage(format!("{}: nothing in it was sent by a terminal", path.display()))),
        steps => Ok(steps),
    }
}

impl Card {
    fn reset(&mut self, now: Instant) -> Result<Vec<u8>, oxisim_transport::Error> {
        match self {
            Self::There(card) => card.reset(),
            Self::OfProgram(card) => {
                card.power_off();
                Ok(card.power_on_at(now))
            }
        }
    }

    fn exchange(&mut self, now: Instant, command: &[u8]) -> Result<Vec<u8>, oxisim_transport::Error> {
        match self {
            Self::There(card) => card.exchange(command),
            Self::OfProgram(card) => Ok(card.exchange_at(now, command)),
        }
    }
}

/// What broke on the way to a card.
fn unreachable(path: &Path, replay: &Replay<'_>, error: &oxisim_transport::Error) -> Failure {
    let place = replay.place().map(|place| format!(", {place}")).unwrap_or_default();
    Failure::NotDone(format!("{}{place}, step {}: {error}", path.display(), replay.steps()))
}

/// A card that is not this program's may be one that somebody needs. A trace is looked through before it begins, and no PIN
/// of it is tried.
fn refuse_dangers(path: &Path, records: &[Placed]) -> Result<(), Failure> {
    for Placed { place, record } in records {
        if let What::Exchange { command, .. } = &record.what
            && let Some(danger) = danger(command)
        {
            let command = hex::encode_upper(command.get(..4).unwrap_or(command));
            let path = path.display();
            return Err(Failure::Usage(format!(
                "{path}, {place}: {command}.. is not sent to a card that is not this program's: {danger}; --allow-destructive sends it"
            )));
        }
    }
    Ok(())
}
