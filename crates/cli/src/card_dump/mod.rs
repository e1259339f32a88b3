//! `oxisim card dump`: what a card lets one read of it.

#[cfg(test)]
mod tests;
pub mod walk;

use std::{
    io::{self, Write},
    path::PathBuf,
};

use crate::{
    card_image::{create, keeps_nothing},
    failure::Failure,
    image::Dump,
    live::{Adm, Client, PinArgs, Which},
    report::count,
};

/// Read a card, file by file, into what `oxisim card import` makes a copy of.
///
/// Nothing is written to the card: the commands are SELECT, READ BINARY, READ RECORD and GET RESPONSE, and VERIFY of
/// what is given here. Of a UICC the MF, the applications that `EF_DIR` names and every file that this program knows the
/// name of are read; of a SIM of GSM the same, without applications. What cannot be read is named.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("which").required(true),
    after_help = "\
Examples:
  oxisim card dump --reader Omnikey --out DUMP.json
  oxisim card dump --reader Omnikey --pin 1234 --adm 12345678 --scan --out DUMP.json
  oxisim card import DUMP.json --out CARD.toml"
)]
pub struct DumpArgs {
    #[command(flatten)]
    which: Which,
    /// The file; what is there already is kept. Without it the JSON is printed.
    #[arg(long, value_name = "DUMP.json")]
    out: Option<PathBuf>,
    #[command(flatten)]
    pin: PinArgs,
    /// The first administrative key of a UICC, 8 digits or 16 hexadecimal ones; tried as the PIN is.
    #[arg(long, value_name = "KEY")]
    adm: Option<Adm>,
    /// Try every identifier that a file may have, also those without a known name; takes minutes.
    #[arg(long)]
    scan: bool,
}

/// Runs the command.
pub fn run(args: &DumpArgs) -> Result<(), Failure> {
    if let Some(path) = args.out.as_ref().filter(|path| path.exists() && !keeps_nothing(path)) {
        return Err(Failure::Usage(format!("{} exists: a dump makes a new file", path.display())));
    }
    let card = args.which.open()?.ok_or_else(|| Failure::Usage("which card?".into()))?;
    let client = &mut Client::new(card)?;
    let dump = read(client, args)?;
    let json = serde_json::to_string_pretty(&dump).map_err(io::Error::from)? + "\n";
    let Some(path) = &args.out else {
        io::stdout().write_all(json.as_bytes())?;
        return report(client, &dump, &mut io::stderr());
    };
    let out = &mut create(path, &json)?;
    report(client, &dump, out)?;
    writeln!(out, "All that was read is in {}.", path.display())?;
    Ok(())
}

/// Verifies what is given, and reads.
fn read(client: &mut Client, args: &DumpArgs) -> Result<Dump, Failure> {
    args.pin.verify(client)?;
    if let Some(adm) = &args.adm {
        if client.is_gsm() {
            let why = "no standard says which key of a SIM of GSM --adm would be";
            return Err(Failure::NotDone(why.into()));
        }
        args.pin.verify_key(client, adm)?;
    }
    Ok(walk::walk(client, args.scan)?)
}

fn report(client: &Client, dump: &Dump, out: &mut impl Write) -> Result<(), Failure> {
    let kind = if client.is_gsm() { "SIM of GSM" } else { "UICC" };
    let with_contents = |file: &&crate::image::DumpedFile| file.binary.is_some() || file.records.is_some();
    let contents = dump.files.iter().filter(with_contents).count();
    writeln!(out, "{kind}, ATR {}", dump.atr)?;
    writeln!(out, "{}, contents of {contents}", count(dump.files.len(), "file"))?;
    writeln!(out, "Not read:")?;
    for what in &dump.not_read {
        writeln!(out, "  {what}")?;
    }
    Ok(())
}
