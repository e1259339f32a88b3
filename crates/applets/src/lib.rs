//! The applets that oxisim ships. They see the card's applet interface and nothing else of the card.
//!
//! - [`PhonebookBackup`]: backs up the phonebook by short messages (docs/BACKUP.md).
#![no_std]

extern crate alloc;

mod backup;
mod phonebook;

pub use backup::PhonebookBackup;
