//! `oxisim coding`: tables of the compact coding.

mod books;
#[expect(clippy::cast_precision_loss, reason = "counts of contacts and octets are small")]
mod bound;
#[expect(clippy::cast_precision_loss, reason = "counts of contacts and octets are small")]
mod fit;
#[expect(clippy::cast_precision_loss, reason = "counts of contacts and octets are small")]
mod measure;
#[cfg(test)]
mod tests;

use std::{
    fs,
    path::{Path, PathBuf},
};

use books::Books;
use oxisim_backup::{Coding, compact::Table};

use crate::{failure::Failure, file, progress::Progress};

/// Times that the books of the shipped tables were gone through.
const PASSES: u16 = 8;

/// The compact coding of contacts: fit a table to the names and numbers of a country, measure what it saves.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Train(Train),
    Measure(Measure),
}

/// Fit a table to address books.
///
/// The same books give the same table, on any machine. Card and server must have the same table of a number: give one
/// of your own a number from 64: no table of this program will ever have one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  oxisim coding train crates/backup/tables/train.jsonl.xz --out general.tbl \\
    --number 0 --name general
  oxisim coding train crates/backup/tables/train.jsonl.xz --out de.tbl --locale de_DE --name de_DE")]
struct Train {
    /// Books, one a line as JSON: `{"locale": "de_DE", "contacts": [[alpha identifier in hexadecimal, number], …]}`.
    /// May be compressed with xz.
    #[arg(value_name = "TRAIN.jsonl")]
    books: PathBuf,
    /// Where the table goes.
    #[arg(long, value_name = "TABLE")]
    out: PathBuf,
    /// Only books of these locales.
    #[arg(long, value_name = "LOCALE,…", value_delimiter = ',')]
    locale: Vec<String>,
    /// Number of the table: blocks name it.
    #[arg(long, value_name = "N", default_value = "64", value_parser = clap::value_parser!(u8).range(0..=126))]
    number: u8,
    /// Name of the table, at most 14 letters.
    #[arg(long, default_value = "own", value_parser = name)]
    name: String,
    /// Times that the books are gone through.
    #[arg(long, value_name = "N", default_value_t = PASSES, value_parser = clap::value_parser!(u16).range(1..=1000))]
    passes: u16,
}

/// How many messages books take: uncompressed, packed, with the general table, with one of their own locale's, and
/// with a model of order 4 without limits, which no card can have; and how many a later backup takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  oxisim coding measure crates/backup/tables/train.jsonl.xz crates/backup/tables/test.jsonl.xz
  oxisim coding measure crates/backup/tables/train.jsonl.xz crates/backup/tables/test.jsonl.xz \
    --leave-one-out")]
struct Measure {
    /// Books to fit on.
    #[arg(value_name = "TRAIN.jsonl")]
    train: PathBuf,
    /// Books to measure.
    #[arg(value_name = "TEST.jsonl")]
    test: PathBuf,
    /// Octets of a message, for blocks.
    #[arg(long, value_name = "OCTETS,…", value_delimiter = ',', default_value = "91,108",
        value_parser = clap::value_parser!(u16).range(32..))]
    octets: Vec<u16>,
    /// Only books of these locales.
    #[arg(long, value_name = "LOCALE,…", value_delimiter = ',')]
    locale: Vec<String>,
    /// A table to measure in the place of the general one.
    #[arg(long, value_name = "TABLE")]
    table: Option<PathBuf>,
    /// Measure a language also with a table that has never seen it: one fitted to the books of all other languages.
    #[arg(long)]
    leave_one_out: bool,
}

fn name(text: &str) -> Result<String, String> {
    let fits = (1..=14).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_graphic());
    if fits { Ok(text.into()) } else { Err(format!("{text:?} is no name of a table: at most 14 letters")) }
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Train(args) => train(args),
        Command::Measure(args) => {
            let (train, test) = (books::read(&args.train)?, books::read(&args.test)?);
            let table = args.table.as_deref().map(table).transpose()?;
            measure::print(&measure::Plan {
                train,
                test: test.of(&args.locale),
                general: table,
                unseen: args.leave_one_out,
                octets: args.octets.clone(),
            })
        }
    }
}

fn train(args: &Train) -> Result<(), Failure> {
    let books: Books = books::read(&args.books)?.of(&args.locale);
    if books.contacts() == 0 {
        return Err(Failure::Usage("there is no contact to fit on".into()));
    }
    let mut progress = Progress::new(u64::from(args.passes));
    let fitted =
        fit::fit(&books, args.passes, |bits| progress.step(|| format!("passes, {bits:.1} bits a contact")));
    drop(progress);
    let table = fitted.table(args.number, &args.name);
    fs::write(&args.out, table.octets()).map_err(|error| Failure::Write { path: args.out.clone(), error })?;
    println!(
        "{}: table {} {:?}, fitted to {} contacts: {:.1} bits a contact",
        args.out.display(),
        table.number(),
        table.name(),
        books.contacts(),
        fitted.bits()
    );
    Ok(())
}

/// Reads a table.
pub fn table(path: &Path) -> Result<Table, Failure> {
    let octets = file::octets(path).map_err(|error| Failure::Read { path: path.into(), error })?;
    Table::decode(&octets).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

/// How blocks are coded, as people say it: `plain`, `compact`, the number or the name of a shipped table, or a file.
pub fn coding(text: &str) -> Result<Coding, String> {
    oxisim_image::coding(text, &table_in)
}

/// The table in the file of this name, if there is such a file.
pub fn table_in(text: &str) -> Option<Result<Table, String>> {
    Path::new(text).exists().then(|| loaded(text))
}

/// A table's file.
pub fn loaded(text: &str) -> Result<Table, String> {
    table(Path::new(text)).map_err(|failure| failure.to_string())
}
