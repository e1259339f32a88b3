//! The backup server: takes phonebooks in, keeps them in a database, and sends them back.
//!
//! - [`Server`] is a poll machine: short messages and the time go in, short messages come out. It has no socket and
//!   no clock.
//! - [`Store`] is the database. What one message causes is one transaction: it happens whole or not at all.
//!   [`SqliteStore`] keeps everything in one file, [`PostgresStore`] in a database that several servers share
//!   ([`Leases`]). What is kept is sealed with a [`StoreKey`].
//! - [`Msisdn`] says whose phonebook it is.
//! - [`MasterKey`] is what the keys of the subscribers' cards ([`Iccid`]) are derived from.
//!
//! One mutation, then drain: after each `handle_*` call, take everything from [`Server::poll_output`], and ask
//! [`Server::poll_timeout`] when to call [`Server::handle_timeout`].
//!
//! ```
//! use oxisim_backup::Policy;
//! use oxisim_server::{Reception, Server, SqliteStore};
//! use oxisim_sms::UserData;
//! use oxisim_wire::Instant;
//!
//! let store = SqliteStore::in_memory()?;
//! let mut server = Server::new(store, Policy::default(), 1);
//! let hello = UserData::from_text("Hello!")?;
//! let reception = server.handle_deliver(&"+491511234567".parse()?, &hello, Instant::EPOCH)?;
//! assert!(matches!(reception, Reception::Ignored(_)));
//! assert_eq!(server.poll_output(), None);
//! assert_eq!(server.poll_timeout()?, None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bearer;
pub mod console;
pub mod describe;
mod dispatch;
mod guard;
mod keys;
mod outbox;
mod pseudonym;
mod rekey;
mod rules;
mod server;
pub mod service;
pub mod store;

pub use bearer::Ignored;
pub use keys::{Iccid, MasterKey, NoIccid, NoMasterKey};
pub use oxisim_sms::{Msisdn, NoMsisdn};
pub use pseudonym::{NoSubscriberId, SubscriberId};
pub use rules::{Rulebook, Rules};
pub use server::{Error, Reception, Server};
pub use store::{
    Account, Cabinet, CopySummary, Direction, Drawer, Enrolled, Hour, Inbound, KeyFailure, Lease, Leases,
    Letter, LetterStep, LogEntry, MemoryDatabase, MemoryStore, NOTES_OF_STRANGERS, NOTES_OF_SUBSCRIBER,
    NoStoreKey, Passed, PostgresStore, Progress, Rekeying, SqliteStore, Store, StoreError, StoreKey, Summary,
};
