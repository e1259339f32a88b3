//! The card as the target of secured packets.

mod applets;
mod counters;
mod files;
mod hostile;
mod keys;
mod platform;
mod scripts;
mod status;
mod vectors;
