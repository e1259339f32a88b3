//! `oxisim serve`: the backup server in real time.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use oxisim_server::service::{self, Config, ServiceError};
use oxisim_trace::Clock;

use crate::{
    backup::wall_clock,
    failure::Failure,
    report::count,
    trace::{TraceArgs, finish, of_server},
};

const HELP: &str = "\
SERVER.toml may be empty: the server then keeps its copies in oxisim.db beside it, makes the keys it needs,
and opens its console to this machine alone. docs/SERVER.md describes every key.

Examples:
  oxisim serve --config SERVER.toml
  oxisim serve --config SERVER.toml --trace server.jsonl
  oxisim serve check --config SERVER.toml
  oxisim serve backup COPY.db --config SERVER.toml
  oxisim serve rotate --config SERVER.toml
  kill -HUP PID       reads SERVER.toml again
  kill PID            ends the server in order";

/// Run the backup server, until SIGTERM or Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP, args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    care: Option<Care>,
    /// What the server is told.
    #[arg(long, value_name = "SERVER.toml", required = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    trace: TraceArgs,
}

/// What is done about the server's own database.
#[derive(Debug, clap::Subcommand)]
enum Care {
    /// Copy the server's database as it is now, also while the server runs. The keys are not in it.
    Backup {
        /// The file that is made.
        #[arg(value_name = "FILE")]
        to: PathBuf,
        /// What the server is told.
        #[arg(long, value_name = "SERVER.toml")]
        config: PathBuf,
    },
    /// Replace the data keys with which what is kept is sealed, or the key of the store, also while the server runs.
    Rotate {
        /// The file of another key of the store, which takes the place of the one that there is.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// What the server is told.
        #[arg(long, value_name = "SERVER.toml")]
        config: PathBuf,
    },
    /// Look whether the server can start, and whether all that it keeps can be read.
    Check {
        /// What the server is told.
        #[arg(long, value_name = "SERVER.toml")]
        config: PathBuf,
    },
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    match (&args.care, &args.config) {
        (Some(Care::Backup { to, config }), _) => {
            let octets = service::back_up(&read(config)?, to)?;
            writeln!(io::stdout(), "{} octets in {}; keep the keys elsewhere", octets, to.display())?;
        }
        (Some(Care::Rotate { key, config }), _) => {
            service::rotate(&read(config)?, key.as_deref())?;
            let told = match key {
                None => "all that is kept is sealed with a new data key".into(),
                Some(key) => format!("start the servers anew with the key in {}", key.display()),
            };
            writeln!(io::stdout(), "{told}")?;
        }
        (Some(Care::Check { config }), _) => {
            let checked = service::check(&read(config)?)?;
            let [books, cards] = [(checked.phonebooks, "phonebook"), (checked.cards, "card")]
                .map(|(number, what)| count(usize::try_from(number).unwrap_or(usize::MAX), what));
            writeln!(io::stdout(), "all is well: {books}, {cards} with keys")?;
        }
        (None, Some(config)) => {
            let recorder = args.trace.open(Clock::Real, wall_clock())?;
            let done = service::run(config, recorder.clone().map(of_server), say);
            finish(recorder.as_ref(), done.map_err(Failure::from))?;
        }
        (None, None) => return Err(Failure::Usage("--config is missing".into())),
    }
    Ok(())
}

fn read(path: &std::path::Path) -> Result<Config, ServiceError> {
    Ok(Config::read(path)?)
}

/// Prints a line, which whoever reads it gets at once; if nobody does, the server goes on.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
        log::debug!("{line} (not printed: {error})");
    }
}
