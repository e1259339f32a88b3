//! The phonebook backup protocol (docs/BACKUP.md): what goes in a message, and the two machines that speak it.
//!
//! - [`message`] has the messages, each of which stands by itself; [`block`] how records become blocks.
//! - [`compact`] codes blocks close to the entropy of what is in them; [`piece`] cuts what no block holds.
//! - [`Uploader`] is the side that has the phonebook: an applet in a card, or an application in a phone.
//! - [`Receiver`] is the side that keeps the copy. Its state lives in a [`Vault`], a database's row.
//! - [`carriage`] puts messages into short messages, and [`security`] has what secures them.
//! - [`Settings`] hold modes, subset, pause and threshold.
//!
//! Nobody here has a clock. The uploader says after how long it wants to be woken and its host finds a way (a
//! timer of the phone, the next STATUS); the receiver is told the time and says when it wants to be called.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod block;
mod block_set;
pub mod carriage;
pub mod compact;
mod configuration;
mod digest;
mod esme;
mod journal;
pub mod message;
mod order;
pub mod piece;
mod receiver;
mod restorer;
pub mod security;
mod settings;
mod spacing;
mod uploader;
mod vault;

pub use block::{Block, Coding, Entry};
pub use block_set::BlockSet;
pub use configuration::{Configuration, Field};
pub use digest::{Digest, Fingerprint};
pub use esme::{DeliveryReport, Esme, Outgoing};
pub use journal::{Journal, Owed, Phase, Run, State, Storage, StorageError, personalise};
pub use message::{FromServer, ToServer};
pub use order::{Command, Order, OrderStep};
pub use piece::{Piece, Unpacker};
pub use receiver::{Answer, GivenUp, Policy, Receiver, ReceiverError};
pub use restorer::{Restore, RestoreStep, Restorer};
pub use settings::{Estimate, Mode, NoMode, Settings, Way};
pub use spacing::{Spacing, Window};
pub use uploader::{
    Choice, Failure, Host, Keyring, Outcome, Output, Phonebook, PhonebookError, Trigger, Uploader, Wake,
};
pub use vault::{Held, MemoryVault, Session, Standing, Vault};

/// TAR of the backup applet: to whom a formatted short message is for (TS 102 225 §5.1.1, TS 101 220 annex D;
/// a value from the range for applications of the card's issuer).
pub const TAR: oxisim_sms::packet::Tar = oxisim_sms::packet::Tar(*b"PBK");

/// Application port of the phone's own backup application and of the server (TS 23.040 §9.2.3.24.4; from the
/// range free for applications).
pub const PORT: u16 = 16_964;
