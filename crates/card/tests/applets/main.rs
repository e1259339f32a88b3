//! Applets on a card: what Java Card and TS 102 226 say of them, driven by APDUs.

mod access_domains;
mod selection;
#[path = "../card/terminal.rs"]
mod terminal;
