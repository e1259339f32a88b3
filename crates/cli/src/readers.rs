//! `oxisim readers`: the PC/SC readers and what is in them.

use std::io::{self, Write};

use oxisim_apdu::Atr;
use oxisim_transport::{Contents, Reader};
use serde_json::json;

use crate::failure::Failure;

/// List the PC/SC readers with what is in them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  oxisim readers --json")]
pub struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let readers = oxisim_transport::readers()?;
    let out = &mut io::stdout().lock();
    if args.json {
        let rows: Vec<_> = readers.iter().map(reader_json).collect();
        writeln!(out, "{:#}", json!(rows))?;
        return Ok(());
    }
    if readers.is_empty() {
        writeln!(out, "No reader.")?;
    }
    for reader in &readers {
        writeln!(out, "{}", reader.name)?;
        match &reader.contents {
            Contents::Empty => writeln!(out, "  no card")?,
            Contents::Mute => writeln!(out, "  a card that does not answer to reset")?,
            Contents::Unavailable => writeln!(out, "  out of order")?,
            Contents::Card { answer_to_reset, in_use } => {
                let in_use = if *in_use { ", in use" } else { "" };
                writeln!(out, "  a card{in_use}")?;
                writeln!(out, "  ATR {}", hex::encode_upper(answer_to_reset))?;
                if let Ok(atr) = Atr::parse(answer_to_reset) {
                    let protocols: Vec<String> = protocols(&atr).map(|t| format!("T={t}")).collect();
                    writeln!(out, "  {}", protocols.join(", "))?;
                }
            }
        }
    }
    Ok(())
}

fn reader_json(reader: &Reader) -> serde_json::Value {
    let (card, in_use, state) = match &reader.contents {
        Contents::Empty => (None, false, "empty"),
        Contents::Mute => (None, false, "mute"),
        Contents::Unavailable => (None, false, "unavailable"),
        Contents::Card { answer_to_reset, in_use } => (Some(answer_to_reset), *in_use, "card"),
    };
    json!({ "name": reader.name, "state": state, "atr": card.map(hex::encode_upper), "in_use": in_use })
}

/// The transmission protocols: T=15 stands for interface bytes that concern all of them.
fn protocols(atr: &Atr) -> impl Iterator<Item = u8> + '_ {
    let all = atr.protocols().filter(|&t| t != 15);
    let mut seen = std::collections::BTreeSet::new();
    all.filter(move |&t| seen.insert(t))
}
