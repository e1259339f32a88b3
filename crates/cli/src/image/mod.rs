//! A whole card in one file that people read and write (`oxisim-image`), and what the card writes kept beside.

mod state;

use std::path::Path;

use oxisim_card::{Card, KeySet};

use crate::{coding::table_in, failure::Failure, file};

pub use oxisim_image::{
    DEFAULT_NOTES, Dump, DumpedFile, FilePath, KeyTypeName, Wrong, access, described, import, write,
};
pub use state::{StateFile, private, read_state, restore_objects, write_whole};

/// The card that the file at `path` describes, as it is before it writes anything.
pub fn load(path: &Path) -> Result<Card, Failure> {
    let text = file::text(path).map_err(|error| Failure::Read { path: path.into(), error })?;
    let (card, doubts) =
        oxisim_image::card(&text, &table_in).map_err(|wrong| Failure::Image { path: path.into(), wrong })?;
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

/// The same card with one more key set, as the text of its file; nothing else in it changes.
pub fn with_key_set(text: &str, set: &KeySet) -> Result<(String, Card), Wrong> {
    oxisim_image::with_key_set(text, set, &table_in)
}

#[cfg(test)]
mod tests;
