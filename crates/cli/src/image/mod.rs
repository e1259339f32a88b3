//! A whole card in one file that people read and write: TOML in, a [`Card`] out, and what it writes kept beside.

mod access;
mod applets;
mod body;
mod build;
mod contents;
mod document;
mod dump;
mod key;
mod key_set;
mod locate;
mod octets;
mod path;
mod remote;
mod rules;
mod state;
mod write;

use std::path::Path;

use oxisim_card::{
    Card, KeySet, RemoteApplication,
    image::{FileImage, FileKind, ImageError},
};

use crate::{failure::Failure, file};

pub use document::KeyTypeName;
pub use dump::{Dump, DumpedFile, access, described, import};
pub use locate::Wrong;
pub use path::FilePath;
pub use state::{StateFile, private, read_state, restore_objects, write_whole};
pub use write::{DEFAULT_NOTES, write};

use document::Document;
use locate::At;

/// The card that the file at `path` describes, as it is before it writes anything.
pub fn load(path: &Path) -> Result<Card, Failure> {
    let text = file::text(path).map_err(|error| Failure::Read { path: path.into(), error })?;
    let (card, doubts) = card(&text).map_err(|wrong| Failure::Image { path: path.into(), wrong })?;
    for doubt in doubts {
        log::warn!("{}, {doubt}", path.display());
    }
    Ok(card)
}

/// The card of the file at `path` with what it has written since, and the file that keeps that.
pub fn open(path: &Path) -> Result<(Card, StateFile), Failure> {
    let mut card = load(path)?;
    let state = StateFile::open(path, &mut card)?;
    Ok((card, state))
}

/// The card of the file at `path` with what it has written since, to be looked at: another process may have it. What
/// it has written is in `state`, or beside its file.
pub fn look(path: &Path, state: Option<&Path>) -> Result<Card, Failure> {
    let mut card = load(path)?;
    match state {
        // One that is named is there.
        Some(state) if !state.exists() => {
            Err(Failure::Read { path: state.into(), error: std::io::ErrorKind::NotFound.into() })
        }
        _ => state::read_state(path, state.unwrap_or(&StateFile::path(path)), &mut card).map(|()| card),
    }
}

/// The card that a text describes, and what is doubtful about it.
fn card(text: &str) -> Result<(Card, Vec<Wrong>), Wrong> {
    let (card, doubts) = (|| {
        let document = document(text)?;
        let (image, doubts) = build::build(&document)?;
        let mut card = Card::from_image(&image).map_err(|error| no_card(&error, &document))?;
        document.applets.install(&mut card)?;
        Ok((card, doubts))
    })()
    .map_err(|at: At| at.locate(text))?;
    Ok((card, doubts.into_iter().map(|at| at.locate(text)).collect()))
}

/// The applications of a card with these files that packets over the air are for: the first ADF is that of the USIM.
fn remote_of(files: &[FileImage]) -> Vec<RemoteApplication> {
    let is_adf = |file: &&FileImage| matches!(file.kind, FileKind::Directory { aid: Some(_), .. });
    let first = files.iter().find(is_adf).or(files.first());
    RemoteApplication::standard(first.map_or(&[], |file| &file.path))
}

/// The same card with one more key set, as the text of its file; nothing else in it changes.
pub fn with_key_set(text: &str, set: &KeySet) -> Result<(String, Card), Wrong> {
    let mut with = text.trim_end().to_owned();
    with.push('\n');
    for line in key_set::lines(set) {
        with.push_str(&line);
        with.push('\n');
    }
    let (card, _) = card(&with)?;
    Ok((with, card))
}

/// Why the image of a document is no card, at the key that says so.
fn no_card(error: &ImageError, document: &Document) -> At {
    match (error, &document.memory) {
        (ImageError::Memory { .. }, Some(memory)) => At::new(memory, error.to_string()),
        _ => At { span: 0..0, reason: error.to_string() },
    }
}

fn document(text: &str) -> Result<Document, At> {
    toml::from_str(text).map_err(At::from)
}

#[cfg(test)]
mod tests;
