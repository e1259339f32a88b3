//! `oxisim shell`: a card, line by line.

mod console;
mod files;
mod machine;
mod paths;
mod phonebook;
mod record;
#[cfg(test)]
mod tests;
mod words;

use std::io::{self, IsTerminal};

use oxisim_trace::Clock;
use oxisim_transport::{InProcess, Traced, Transport};

use crate::{
    backup::wall_clock,
    card::Personal,
    failure::Failure,
    live::{BUILT_IN, Elsewhere, PinArgs},
    trace::{TraceArgs, finish, teller},
};

use machine::Shell;

/// Look at a card and change it, line by line: files by name, and APDUs with what the answers mean.
///
/// From a terminal lines have history and completion. From a pipe the shell ends with the first line that fails.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("which").conflicts_with_all(BUILT_IN).conflicts_with("number"),
    after_help = "\
`help` lists the commands. Paths begin where one is: cd DF.TELECOM/DF.PHONEBOOK, cat EF.ADN 3,
cat ADF.USIM/EF.IMSI, cat /EF.ICCID; a step is a name or an identifier. What is no command is an
APDU in hexadecimal digits.

An APDU that can lock or destroy a card that is not this program's is sent only if you say so at
the terminal, and from a pipe only with --allow-destructive. docs/READERS.md lists these commands.

Exit status of lines from a pipe: 0 all was done, 1 the card refused something or is gone, 2 the
words are wrong.

Examples:
  oxisim shell
  oxisim shell --reader Omnikey --protocol t0
  oxisim shell --image CARD.toml
  oxisim shell --reader Omnikey --trace shell.pcapng
  echo 'cat EF.ICCID' | oxisim shell
  printf 'verify-pin 1234\\ncat ADF.USIM/EF.IMSI\\n' | oxisim shell --reader Omnikey"
)]
pub struct Args {
    #[command(flatten)]
    elsewhere: Elsewhere,
    #[command(flatten, next_help_heading = "The card of this program")]
    built_in: Personal,
    /// Send APDUs that can lock or destroy a card that is not this program's, too, and do not ask.
    #[arg(long)]
    allow_destructive: bool,
    #[command(flatten)]
    pin: PinArgs,
    #[command(flatten)]
    trace: TraceArgs,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let card = args.card()?;
    let recorder = args.trace.open(Clock::Real, wall_clock())?;
    let card = Traced::new(card, teller(recorder.clone()));
    finish(recorder.as_ref(), converse(args, Box::new(card)))
}

fn converse(args: &Args, card: Box<dyn Transport>) -> Result<(), Failure> {
    let mut shell = Shell::new(card)?;
    if !args.elsewhere.is_nowhere() && !args.allow_destructive {
        shell = shell.guarded();
    }
    if let Some(said) = shell.verify_first(&args.pin)? {
        eprintln!("oxisim: {said}");
    }
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        console::converse(shell)
    } else {
        console::follow(shell, io::stdin().lock(), &mut io::stdout().lock())
    }
}

impl Args {
    fn card(&self) -> Result<Box<dyn Transport>, Failure> {
        if self.built_in.names_number() && !self.elsewhere.is_nowhere() {
            return Err(Failure::Usage("--number: the card that is named has its own".into()));
        }
        if self.built_in.names_number() && self.built_in.has_image() {
            return Err(Failure::Usage("--number: the card of a file has its own".into()));
        }
        if let Some(card) = self.elsewhere.open()? {
            return Ok(card);
        }
        Ok(Box::new(InProcess(self.built_in.card(&self.pin, &mut io::stdout())?)))
    }
}
