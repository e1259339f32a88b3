//! `oxisim ota`: secured packets of remote management, packed and opened by hand.

mod given;
mod input;
mod reading;
mod unwrap;
pub mod words;
mod wrap;

pub use given::key;

use crate::failure::Failure;

/// Secured packets of remote management (TS 102 225, TS 31.115): pack and open them by hand.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Wrap(wrap::Args),
    Unwrap(unwrap::Args),
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Wrap(args) => wrap::run(args),
        Command::Unwrap(args) => unwrap::run(args),
    }
}
