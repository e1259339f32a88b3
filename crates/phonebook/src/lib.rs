//! The phonebook of a SIM: what a person has, what a card can hold, and the octets in between.
//!
//! - [`AlphaIdentifier`] and [`DiallingNumber`]: a name and a number as records code them.
//! - [`record`] has the records of `EF_ADN`, `EF_EXT1` and `EF_ANR`; [`pbr`] says which files a phonebook has.
//! - [`Contact`] is what a person has, [`Record`] what a slot of a card holds, [`Book`] all of them.
//!   [`import()`] makes the one of the other and names every loss; [`update`] keeps slots where they are.
//! - [`layout`] has the phonebooks of all cards: sets of files, links of every type; second names, e-mail addresses,
//!   descriptions of numbers, groups, and the counters by which phones find out that something has changed.
//! - [`read_entry`] and [`write_entry`] work on one entry of a card's files, wherever they are; [`CardFiles`] are the records of a whole phonebook, read as a book and written with few changes.
#![cfg_attr(feature = "vcard", doc = "- [`vcard`] reads and writes vCard files.")]
#![cfg_attr(
    not(feature = "vcard"),
    doc = "- With the feature `vcard`, `vcard` reads and writes vCard files."
)]
//!
//! ```
//! use oxisim_phonebook::{Capacity, CardFiles, Contact, LabelledNumber, import};
//!
//! let ana = Contact {
//!     name: "Ana".into(),
//!     numbers: vec![LabelledNumber { number: "+49 151 234".into(), label: "CELL".into() }],
//!     ..Contact::default()
//! };
//! let import = import(&[ana], &Capacity::SIM);
//! assert!(import.report.is_empty());
//!
//! let mut files = CardFiles::blank(&Capacity::SIM);
//! files.store(&import.book)?;
//! assert_eq!(files.adn[0][..3], *b"Ana");
//! assert_eq!(files.adn[0][14..19], [0x05, 0x91, 0x94, 0x51, 0x21]);
//! assert_eq!(files.book(), Ok(import.book));
//! # Ok::<(), oxisim_phonebook::StoreError>(())
//! ```
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod book;
mod files;
mod import;
pub mod layout;
mod number;
pub mod pbr;
pub mod record;
mod slot;
#[cfg(feature = "vcard")]
pub mod vcard;

pub use book::{Book, Capacity, Contact, LabelledNumber, Record};
pub use files::CardFiles;
pub use import::{Change, Import, Loss, import, update};
pub use number::{DiallingNumber, EXTENSION_DIGITS, NoDigit, NumberChange, Parsed, RECORD_DIGITS, TonNpi};
pub use oxisim_sms::{AlphaIdentifier, Fitted};
pub use slot::{EntryFile, EntryFiles, StoreError, read_entry, write_entry};
