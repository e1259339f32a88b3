//! `oxisim card init` and `oxisim card import`: the file that a card is made from.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use oxisim_card::Profile;

use crate::{
    failure::Failure,
    file,
    image::{self, DEFAULT_NOTES},
    report::count,
    run::SERVER,
};

/// Write the file of a card: the built-in one, to be changed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  oxisim card init --out CARD.toml")]
pub struct InitArgs {
    /// The file; what is there already is kept. Without it the text is printed.
    #[arg(long, value_name = "CARD.toml")]
    out: Option<PathBuf>,
}

/// Write the file of a card that is a copy of your own, from what a reader found on it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  oxisim card dump --reader Omnikey --out DUMP.json\n  oxisim card import DUMP.json --out CARD.toml"
)]
pub struct ImportArgs {
    /// What was found: `atr`, and `files`, each with `path`, `fid_path`, `select_response`, and `binary` or `records`.
    #[arg(value_name = "DUMP.json")]
    dump: PathBuf,
    /// The file; what is there already is kept.
    #[arg(long, value_name = "CARD.toml")]
    out: PathBuf,
}

/// Runs `card init`.
pub fn init(args: &InitArgs) -> Result<(), Failure> {
    let notes: Vec<String> = DEFAULT_NOTES.iter().map(|&note| note.into()).collect();
    let text = image::write(&Profile::default().image(), &notes, Some(SERVER));
    match &args.out {
        Some(path) => {
            let mut said = create(path, &text)?;
            writeln!(said, "{} is the built-in card", path.display())?;
        }
        None => io::stdout().write_all(text.as_bytes())?,
    }
    Ok(())
}

/// Runs `card import`.
pub fn import(args: &ImportArgs) -> Result<(), Failure> {
    let read = |error| Failure::Read { path: args.dump.clone(), error };
    let json = file::text(&args.dump).map_err(read)?;
    let imported =
        image::import(&json).map_err(|reason| Failure::Dump { path: args.dump.clone(), reason })?;
    let from = args.dump.file_name().unwrap_or_default().to_string_lossy();
    let mut notes = vec![format!("A card, copied from {from}. What could not be read:")];
    notes.extend(imported.missing.iter().map(|missing| format!("- {missing}")));
    let out = &mut create(&args.out, &image::write(&imported.image, &notes, None))?;
    writeln!(out, "{} in {}", count(imported.image.files.len(), "file"), args.out.display())?;
    writeln!(out, "Not read:")?;
    for missing in &imported.missing {
        writeln!(out, "  {missing}")?;
    }
    Ok(())
}

/// Writes a file where none is, or into what keeps nothing, such as `/dev/stdout`. Returns where to say so: not among
/// the text.
pub fn create(path: &Path, text: &str) -> Result<Box<dyn io::Write>, Failure> {
    let failed = |error| Failure::Write { path: path.into(), error };
    if keeps_nothing(path) {
        std::fs::OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|mut stream| stream.write_all(text.as_bytes()))
            .map_err(failed)?;
        return Ok(Box::new(io::stderr()));
    }
    let mut file = std::fs::File::create_new(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(Box::new(io::stdout()))
}

/// Whether there is something at `path` that is neither a file nor a folder: a pipe, a terminal.
pub fn keeps_nothing(path: &Path) -> bool {
    path.metadata().is_ok_and(|there| !there.is_file() && !there.is_dir())
}
