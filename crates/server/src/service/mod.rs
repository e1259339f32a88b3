//! The service around a server: its configuration, its thread, its sessions with SMS centres.

pub mod bucket;
mod clock;
pub mod config;
pub mod engine;
mod keeper;
pub mod log;
mod outbox;
pub mod vitals;

pub use clock::Clock;
pub use config::{Config, ConfigError};
pub use keeper::Keeper;
pub use outbox::Outbox;
