//! From the text of a card to the card.

use oxisim_backup::compact::Table;
use oxisim_card::{
    Card, KeySet, RemoteApplication,
    image::{FileImage, FileKind, Image, ImageError},
};

use crate::{Wrong, build, document::Document, key_set, locate::At};

/// The table in the file of this name, or why it is none; nothing if there is no such file.
pub type Tables<'a> = &'a dyn Fn(&str) -> Option<Result<Table, String>>;

/// For texts that name no file.
#[must_use]
pub fn no_tables(_: &str) -> Option<Result<Table, String>> {
    None
}

/// What a text says of a card, as data, and what is doubtful about it; it may still be none
/// ([`Card::from_image`]). Applets are not part of it.
pub fn image(text: &str) -> Result<(Image, Vec<Wrong>), Wrong> {
    let (image, doubts) =
        document(text).and_then(|document| build::build(&document)).map_err(|at| at.locate(text))?;
    Ok((image, located(doubts, text)))
}

/// The card that a text describes, as it is before it writes anything, and what is doubtful about it.
pub fn card(text: &str, tables: Tables<'_>) -> Result<(Card, Vec<Wrong>), Wrong> {
    let (card, doubts) = (|| {
        let document = document(text)?;
        let (image, doubts) = build::build(&document)?;
        let mut card = Card::from_image(&image).map_err(|error| no_card(&error, &document))?;
        document.applets.install(&mut card, tables)?;
        Ok((card, doubts))
    })()
    .map_err(|at: At| at.locate(text))?;
    Ok((card, located(doubts, text)))
}

/// The same card with one more key set, as the text of its file; nothing else in it changes.
pub fn with_key_set(text: &str, set: &KeySet, tables: Tables<'_>) -> Result<(String, Card), Wrong> {
    let mut with = text.trim_end().to_owned();
    with.push('\n');
    for line in key_set::lines(set) {
        with.push_str(&line);
        with.push('\n');
    }
    let (card, _) = card(&with, tables)?;
    Ok((with, card))
}

fn document(text: &str) -> Result<Document, At> {
    toml::from_str(text).map_err(At::from)
}

/// The applications of a card with these files that packets over the air are for: the first ADF is that of the USIM.
pub fn remote_of(files: &[FileImage]) -> Vec<RemoteApplication> {
    let is_adf = |file: &&FileImage| matches!(file.kind, FileKind::Directory { aid: Some(_), .. });
    let first = files.iter().find(is_adf).or(files.first());
    RemoteApplication::standard(first.map_or(&[], |file| &file.path))
}

/// Why the image of a document is no card, at the key that says so.
fn no_card(error: &ImageError, document: &Document) -> At {
    match (error, &document.memory) {
        (ImageError::Memory { .. }, Some(memory)) => At::new(memory, error.to_string()),
        _ => At { span: 0..0, reason: error.to_string() },
    }
}

fn located(doubts: Vec<At>, text: &str) -> Vec<Wrong> {
    doubts.into_iter().map(|at| at.locate(text)).collect()
}
