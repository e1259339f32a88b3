//! `oxisim`: a SIM with toolkit applets, a phone, an SMS centre and a backup server around it.
//!
//! Exit status: 0 done, 1 what was asked for failed, 2 the words or the input are wrong.

mod applets;
mod backup;
mod card;
mod card_applets;
mod card_dump;
mod card_image;
mod card_personalise;
mod coding;
mod compare;
mod contacts;
mod explain;
mod failure;
mod file;
mod fuzz;
mod image;
mod input;
mod keys;
mod live;
mod options;
mod ota;
mod personalise;
mod phone;
mod phonebook;
mod progress;
mod readers;
mod report;
mod run;
mod script;
mod serve;
mod shell;
mod sim;
mod simulate;
mod smsc;
mod span;
mod timeline;
mod trace;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

use crate::failure::Failure;

/// A world that is simulated makes and drops many small things.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// A SIM with toolkit applets, a phone, an SMS centre and a backup server around it.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Say more: once what was done, twice what was decided, three times everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Backup(Box<backup::Args>),
    Coding(coding::Args),
    Compare(Box<compare::Args>),
    Contacts(contacts::Args),
    Card(card::Args),
    Explain(explain::Args),
    Fuzz(Box<fuzz::Args>),
    Ota(Box<ota::Args>),
    Readers(readers::Args),
    Phone(phone::Args),
    Phonebook(phonebook::Args),
    Script(Box<script::Args>),
    Serve(serve::Args),
    Shell(shell::Args),
    Simulate(simulate::Args),
    Smsc(smsc::Args),
    Trace(Box<trace::Args>),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // What a server warns of is what a simulation brings about.
    let least = match cli.command {
        Command::Simulate(_) => log::LevelFilter::Error,
        _ => log::LevelFilter::Warn,
    };
    let level = [least, log::LevelFilter::Info, log::LevelFilter::Debug];
    let level = level.get(usize::from(cli.verbose)).copied().unwrap_or(log::LevelFilter::Trace);
    // A server's own log has no personal data.
    if !matches!(cli.command, Command::Serve(_)) {
        env_logger::Builder::new().filter_level(level).parse_default_env().init();
    }
    let done = match cli.command {
        Command::Backup(args) => backup::run(&args),
        Command::Coding(args) => coding::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Contacts(args) => contacts::run(&args),
        Command::Card(args) => card::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Ota(args) => ota::run(&args),
        Command::Readers(args) => readers::run(&args),
        Command::Phone(args) => phone::run(&args),
        Command::Phonebook(args) => phonebook::run(&args),
        Command::Script(args) => script::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Shell(args) => shell::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Smsc(args) => smsc::run(&args),
        Command::Trace(args) => trace::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("oxisim: {failure}");
            failure.status()
        }
    }
}
