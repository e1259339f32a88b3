//! The applets that oxisim ships. They see the card's applet interface and nothing else of the card.
//!
//! - [`PhonebookBackup`]: backs up the phonebook by short messages (docs/BACKUP.md).
//!
//! The others are small, and each shows one idea to who writes an applet (docs/APPLETS.md):
//!
//! - [`Hello`]: a dialog with the user.
//! - [`Echo`]: a message in, a message out.
//! - [`Balance`]: what the network says by USSD.
//! - [`Tracker`]: events, and what must survive a reset.
#![no_std]

extern crate alloc;

mod backup;
mod balance;
mod echo;
mod hello;
mod tracker;

pub use backup::PhonebookBackup;
pub use balance::Balance;
pub use echo::Echo;
pub use hello::Hello;
pub use tracker::Tracker;
