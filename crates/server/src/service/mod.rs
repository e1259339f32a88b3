//! The service around a server: its configuration, its thread, its sessions with SMS centres, its console.
//!
//! - [`Config`] is what an operator tells it.
//! - [`engine`] is the thread that the server belongs to. A message is acknowledged when it is durable; what comes while
//!   the disk writes is the next batch.
//! - [`Running`] is a service while it runs; [`run`] is one from start to the signal that ends it.
//! - [`back_up`], [`check`] and [`rotate`] look after its database.

pub mod bucket;
mod care;
mod centres;
mod clock;
pub mod config;
pub mod engine;
mod former;
mod keeper;
pub mod log;
mod open;
mod outbox;
mod round;
mod running;
mod signals;
pub mod vitals;

use std::{io, path::PathBuf};

pub use care::{Checked, back_up, check, rotate};
pub use centres::CentreError;
pub use clock::Clock;
pub use config::{Config, ConfigError};
pub use keeper::Keeper;
pub use outbox::Outbox;
pub use running::Running;
pub use signals::run;

use crate::{
    NoMasterKey, StoreError,
    console::{ListenError, Unsafe},
};

/// Why a service does not start, or has failed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Its configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file cannot be had.
    #[error("{path}: {1}", path = .0.display())]
    File(PathBuf, io::Error),
    /// Another server has the database.
    #[error("another server works with {}", .0.display())]
    InUse(PathBuf),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Several servers share a key, which none of them makes.
    #[error("a store in PostgreSQL needs a key that all its servers have: store.key, or OXISIM_STORE_KEY")]
    NoStoreKey,
    /// Several servers share a master key, which none of them makes.
    #[error("servers that share PostgreSQL need the master key of the cards: server.master_key")]
    NoMasterKey,
    /// The master key is not there, and cards have keys from it.
    #[error("{} is missing: put the master key of the cards that the database knows back", .0.display())]
    MasterKeyMissing(PathBuf),
    /// A file has no master key.
    #[error("{path}: {1}", path = .0.display())]
    MasterKey(PathBuf, NoMasterKey),
    /// An SMS centre cannot be reached as it is configured.
    #[error(transparent)]
    Centre(#[from] CentreError),
    /// The console would not be safe.
    #[error(transparent)]
    Unsafe(#[from] Unsafe),
    /// The console cannot listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The machine gives no random octets.
    #[error("the machine gives no random octets")]
    NoChance,
    /// A thread has ended that should not have.
    #[error("the server's thread has failed")]
    Thread,
    /// Signals cannot be waited for, or there is no runtime.
    #[error("the machine does not let the server run: {0}")]
    Machine(io::Error),
    /// The database cannot be copied or looked at.
    #[error("the database cannot be copied or looked at: {0}")]
    Copy(rusqlite::Error),
    /// The database is damaged.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// There is no file to copy.
    #[error("the store is in PostgreSQL: copy it with pg_dump")]
    NotSqlite,
}
