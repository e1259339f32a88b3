//! Applets on a card: what Java Card and TS 102 226 give them, and what they keep them from.

mod access_domains;
mod arrays;
mod bench;
mod hostile;
mod isolation;
mod life_cycles;
mod objects;
mod owner_pins;
mod persistence;
mod quotas;
mod selection;
mod shared;
#[path = "../card/terminal.rs"]
mod terminal;
mod transactions;
