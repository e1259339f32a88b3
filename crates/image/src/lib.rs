//! A whole card in one text that people read and write: TOML in, a [`Card`](oxisim_card::Card) out, or its [`Image`](oxisim_card::Image);
//! and cards that a reader has dumped.
//!
//! - [`card`] reads a text, [`image`] only what it says. What is wrong with it is said with line and key ([`Wrong`]); so is what is doubtful.
//! - [`write()`] writes the text of a card, [`with_key_set`] adds keys to one.
//! - [`import`] makes the copy of a card of which a [`Dump`] tells; [`access`] and [`described`] say what stands in one.
//! - [`FilePath`] is the name of a file, by identifiers or as the standards have it.
//!
//! Nothing here opens a file. A text may name the file of a table for the backup's coding: whoever reads says what is in
//! it ([`Tables`]).
//!
//! ```
//! use oxisim_card::Profile;
//! use oxisim_image::{Wrong, card, no_tables, write};
//!
//! let text = write(&Profile::default().image(), &[], None);
//! let (card, doubts) = card(&text, &no_tables)?;
//! assert!(doubts.is_empty() && card.memory().find("3F00/2FE2").is_some());
//!
//! let wrong = oxisim_image::card("atr = 5", &no_tables).unwrap_err();
//! assert_eq!((wrong.line, wrong.key.as_str()), (1, "atr"));
//! # Ok::<(), Wrong>(())
//! ```

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
mod read;
mod remote;
mod rules;
mod words;
mod write;

pub use document::KeyTypeName;
pub use dump::{Dump, DumpedFile, Imported, access, described, import};
pub use locate::Wrong;
pub use path::{FilePath, NoPath};
pub use read::{Tables, card, image, no_tables, with_key_set};
pub use words::{coding, duration};
pub use write::{DEFAULT_NOTES, write};

#[cfg(test)]
mod tests;
