//! `oxisim trace`: what was recorded with `--trace`.

mod files;
mod live;
mod option;
mod replay;
mod watch;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use oxisim_trace::{Destination, Difference, Party, Placed, Recorder, Transcript, What, gsmtap};

use crate::{explain, failure::Failure, file, report::count};

pub use live::InTurns;
pub use option::{TraceArgs, finish, teller};
pub use watch::{of_centre, of_server};

/// Show, convert, compare and replay what was recorded with --trace.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A trace is recorded by `oxisim card`, `oxisim phone`, `oxisim script`, `oxisim shell`, `oxisim backup`, `oxisim simulate`,
`oxisim smsc` and `oxisim serve` with --trace F.jsonl or --trace F.pcapng. Captures of Wireshark with GSMTAP frames of a SIM, as SIMtrace
makes them, are read, too.

Examples:
  oxisim phone --trace phone.jsonl --for 0s
  oxisim trace show phone.jsonl
  oxisim trace show --explain phone.jsonl
  oxisim trace convert phone.jsonl phone.pcapng
  oxisim trace diff before.jsonl after.jsonl
  oxisim trace replay phone.jsonl
  oxisim trace replay phone.jsonl --reader Omnikey --protocol t0")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Show(ShowArgs),
    Convert(ConvertArgs),
    Diff(DiffArgs),
    Replay(replay::ReplayArgs),
}

/// Print what passed, a line each: proactive sessions indented, times, and who waits for whom.
#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// The trace, F.jsonl or F.pcapng.
    file: PathBuf,
    /// Say beneath each line what its octets are, field by field, as `oxisim explain` does.
    #[arg(long)]
    explain: bool,
}

/// Write a trace in the other form, or play it to a Wireshark that listens.
#[derive(Debug, clap::Args)]
struct ConvertArgs {
    /// The trace, F.jsonl or F.pcapng.
    file: PathBuf,
    /// F.jsonl, F.pcapng, `udp:HOST` or `udp:HOST:PORT`.
    to: Destination,
}

/// Compare two traces: what was said, not when. Exit status 1 if they differ.
#[derive(Debug, clap::Args)]
struct DiffArgs {
    /// A trace.
    first: PathBuf,
    /// Another.
    second: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let out = &mut io::stdout().lock();
    match &args.command {
        Command::Show(args) => show(args, out),
        Command::Convert(args) => convert(args),
        Command::Diff(args) => diff(args, out),
        Command::Replay(args) => replay::run(args, out),
    }
}

/// The records of a file.
fn read(path: &Path) -> Result<Vec<Placed>, Failure> {
    let octets = file::given(path).map_err(|error| Failure::Read { path: path.into(), error })?;
    let wrong = |error| Failure::Trace { path: path.into(), error };
    oxisim_trace::read(&octets).map_err(wrong)
}

fn show(args: &ShowArgs, out: &mut impl Write) -> Result<(), Failure> {
    let (mut transcript, mut files) = (Transcript::default(), files::Files::default());
    for Placed { record, .. } in read(&args.file)? {
        let mut lines = Vec::new();
        let file = files.about(&record.what);
        transcript.tell(&record, file, &mut |line| lines.push(line));
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        if args.explain {
            explain(&record.what, file, out)?;
        }
    }
    Ok(())
}

fn explain(what: &What, file: Option<&str>, out: &mut impl Write) -> io::Result<()> {
    let mut said = Vec::new();
    match what {
        What::Reset { answer } => explain::of(&[answer], explain::Kind::Atr, None, &mut said)?,
        What::Exchange { command, response, .. } => {
            // What is read from the middle of a file is not what the file holds.
            let is_part = matches!(command[..], [_, 0xB0, p1, p2, ..] if (p1, p2) != (0, 0));
            let file = file.filter(|_| !is_part);
            explain::of(&[command, response], explain::Kind::Pair, file, &mut said)?;
        }
        What::Tpdu { from: Party::Phone, tpdu } => {
            explain::of(&[tpdu], explain::Kind::TpduMo, None, &mut said)?;
        }
        What::Tpdu { tpdu, .. } => explain::of(&[tpdu], explain::Kind::TpduMt, None, &mut said)?,
        What::UserData { octets, .. } | What::Rpdu { rpdu: octets, .. } | What::Pdu { pdu: octets, .. } => {
            writeln!(said, "{}", hex::encode_upper(octets))?;
        }
        What::Start { .. } | What::PowerOff | What::Broken { .. } | What::Event { .. } | What::Other(_) => {}
    }
    String::from_utf8_lossy(&said).lines().try_for_each(|line| writeln!(out, "{:23}{line}", ""))
}

fn convert(args: &ConvertArgs) -> Result<(), Failure> {
    let records = read(&args.file)?;
    let failed = |error: oxisim_trace::Error| Failure::NotDone(error.to_string());
    let recorder = Recorder::copy(&args.to).map_err(failed)?;
    for Placed { record, .. } in &records {
        recorder.write(record);
    }
    recorder.finish().map_err(failed)?;
    if let Some(left_out) = left_out(&records, &args.to) {
        eprintln!("{left_out}");
    }
    option::tell_too_long(&recorder);
    Ok(())
}

/// What of the records has no frame for a Wireshark that listens; files have all.
fn left_out(records: &[Placed], to: &Destination) -> Option<String> {
    let has_none = |placed: &&Placed| {
        !matches!(placed.record.what, What::Start { .. }) && gsmtap::frames(&placed.record.what).is_empty()
    };
    if !matches!(to, Destination::Live(_)) {
        return None;
    }
    let left_out = records.iter().filter(has_none).count();
    (left_out > 0).then(|| format!("{} left out, for which there is no frame", count(left_out, "record")))
}

fn diff(args: &DiffArgs, out: &mut impl Write) -> Result<(), Failure> {
    let (first, second) = (read(&args.first)?, read(&args.second)?);
    let differences = oxisim_trace::diff(&first, &second);
    let differing =
        differences.iter().filter(|difference| !matches!(difference, Difference::Alike(_))).count();
    if differing > 0 {
        writeln!(out, "--- {}\n+++ {}", args.first.display(), args.second.display())?;
    }
    differences.iter().try_for_each(|difference| writeln!(out, "{difference}"))?;
    match differing {
        0 => Ok(()),
        differing => {
            let (first, second) = (args.first.display(), args.second.display());
            let differing = count(differing, "record");
            Err(Failure::NotDone(format!("{first} and {second} differ, in {differing}")))
        }
    }
}
