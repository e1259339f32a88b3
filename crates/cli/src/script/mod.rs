//! `oxisim script`: runs APDU scripts (docs/SCRIPTS.md).

mod declared;
mod diagnostic;
mod handset;
mod lanes;
mod place;
mod report;
mod run;
mod sources;
mod update;

use std::{
    io::{self, IsTerminal, Write},
    num::NonZero,
    path::PathBuf,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use oxisim_script::Settings;
use oxisim_trace::Recorder;

use self::{
    lanes::Lanes,
    place::{Place, PlaceArgs},
    run::{Ended, Verdict},
};
use crate::{failure::Failure, trace};

/// Run APDU scripts, and compare what the card answers with what they expect.
///
/// Scripts of pcsc-tools' scriptor run unchanged; so do those of 3GPP TS 51.013 and of the Java Card kit's apdutool. docs/SCRIPTS.md
/// has the language. Each script gets a new virtual card, that which it names or the command line does, of which nothing is kept, unless
/// a card is named that is somewhere else. An answer of which the script expects nothing is printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Commands that lock or destroy a card, and what is no command APDU, are not sent to one that is not virtual, unless --allow-destructive is given: deletion, termination, administrative and unblocking keys, and a PIN when a wrong one would leave no other attempt. docs/READERS.md lists them, and what is not covered.

Exit status: 0 all expectations came true, 1 one did not or the card cannot be reached, 2 a script or the words are wrong.

Examples:
  oxisim script start.apdu
  oxisim script --applet hello dialogue.apdu --phone
  oxisim script apdu-scripts/*.apdu --junit report.xml
  oxisim script --reader Omnikey start.apdu --transcript
  oxisim script --phone dialogue.apdu --trace dialogue.pcapng
  oxisim script golden.apdu --update
  echo 00A40004023F0000 | oxisim script -")]
pub struct Args {
    /// Scripts; - is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Let the emulated phone stand between script and card; the script is its user and its network.
    #[arg(long)]
    phone: bool,
    /// Send what can lock or destroy a card that is not virtual, too.
    #[arg(long)]
    allow_destructive: bool,
    /// End a script with its first expectation that does not come true.
    #[arg(long)]
    stop: bool,
    /// Write what was got into the scripts: in the place of what was expected, and behind commands of which nothing is expected. What has
    /// variables, and what a script includes, stays.
    #[arg(long)]
    update: bool,
    /// Print every command and its response.
    #[arg(long)]
    transcript: bool,
    /// How many scripts run at the same time, each on a virtual card of its own; otherwise as many as there are processors.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Write a report that JUnit's readers understand.
    #[arg(long, value_name = "F.xml")]
    junit: Option<PathBuf>,
    /// Print the Test Anything Protocol instead; what people read goes to standard error.
    #[arg(long, conflicts_with = "json")]
    tap: bool,
    /// Print JSON instead, an object a script; what people read goes to standard error.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

/// How a script is run and shown.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How the runner is set.
    settings: Settings,
    /// Whether every exchange is printed.
    transcript: bool,
    /// Whether what was got is to be written into the script.
    updates: bool,
    /// Whether there may be colours.
    colour: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    if args.update && args.files.iter().any(|file| file.as_os_str() == sources::STANDARD_INPUT) {
        return Err(Failure::Usage("--update: standard input has no file to be written".into()));
    }
    // Standard output is for a program that reads it, or for people.
    let is_read = args.tap || args.json;
    let is_terminal = if is_read { io::stderr().is_terminal() } else { io::stdout().is_terminal() };
    let colour = is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let people: Box<dyn Write + Send> =
        if is_read { Box::new(io::LineWriter::new(io::stderr())) } else { Box::new(io::stdout()) };
    let settings = Settings {
        guarded: args.place.is_real() && !args.allow_destructive,
        stops: args.stop,
        phone: args.phone,
    };
    let manner = Manner { settings, transcript: args.transcript, updates: args.update, colour };
    let recorder = args.place.recorder(args.files.len())?;
    let run = if args.place.is_real() { one_after_another } else { side_by_side };
    let mut ended = run(args, manner, recorder.as_ref(), people)?;
    trace::finish(recorder.as_ref(), Ok(()))?;
    if args.update {
        update::write(&mut ended)?;
    }
    let out = &mut io::stdout().lock();
    if args.tap {
        report::tap(&ended, out)?;
    } else if args.json {
        report::json(&ended, out)?;
    } else {
        report::summary(&ended, args.update, out)?;
    }
    out.flush()?;
    if let Some(path) = &args.junit {
        let write = |error| Failure::Write { path: path.clone(), error };
        std::fs::write(path, report::junit(&ended)).map_err(write)?;
    }
    verdict(&ended, args.update)
}

/// What the program ends with.
fn verdict(ended: &[Ended], update: bool) -> Result<(), Failure> {
    let count = |verdict: Verdict| ended.iter().filter(|ended| ended.verdict() == verdict).count();
    let of = |count: usize, what: &str| match ended.len() {
        1 => format!("the script {what}"),
        all => format!("{count} of {all} scripts {what}"),
    };
    match (count(Verdict::Wrong), count(Verdict::Broken), count(Verdict::Failed)) {
        (0, 0, _) if ended.iter().any(|ended| !ended.left.is_empty()) => {
            Err(Failure::NotDone("not everything is updated".into()))
        }
        (0, 0, 0) => Ok(()),
        (0, 0, failed) if update && failed > 0 => Ok(()),
        (0, 0, failed) => Err(Failure::NotDone(of(failed, "did not get what it expects"))),
        (0, broken, _) => Err(Failure::NotDone(of(broken, "could not go on"))),
        (wrong, ..) => Err(Failure::Usage(match ended.iter().filter(|ended| ended.is_unread()).count() {
            0 => of(wrong, "contained a mistake"),
            unread => of(unread, "cannot be read"),
        })),
    }
}

/// On the one card that there is.
fn one_after_another(
    args: &Args,
    manner: Manner,
    recorder: Option<&Recorder>,
    mut out: Box<dyn Write + Send>,
) -> Result<Vec<Ended>, Failure> {
    let mut place = Place::real(&args.place, args.phone, recorder.cloned())?;
    args.files.iter().map(|file| run::script(file, &mut place, &args.place, manner, &mut out)).collect()
}

/// Each on a new card; what they print comes in their order.
fn side_by_side(
    args: &Args,
    manner: Manner,
    recorder: Option<&Recorder>,
    out: Box<dyn Write + Send>,
) -> Result<Vec<Ended>, Failure> {
    let card = Mutex::new(args.place.card()?);
    let next = AtomicUsize::new(0);
    let lanes = Lanes::new(args.files.len(), out);
    let finished: Vec<OnceLock<Result<Ended, Failure>>> =
        args.files.iter().map(|_| OnceLock::new()).collect();
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..jobs.min(args.files.len()) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let (Some(file), Some(slot)) = (args.files.get(number), finished.get(number)) else {
                        return;
                    };
                    let mut out = lanes.lane(number);
                    let Ok(fresh) = card.lock().map(|card| card.clone()) else { return };
                    let mut place = Place::fresh(fresh, &args.place, recorder.cloned());
                    slot.get_or_init(|| run::script(file, &mut place, &args.place, manner, &mut out));
                }
            });
        }
    });
    lanes.finish()?;
    finished.into_iter().filter_map(OnceLock::into_inner).collect()
}
