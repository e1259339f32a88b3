//! The card as a SIM of GSM: class `A0` (TS 51.011), driven by nothing but APDUs.

mod algorithm;
mod chv;
mod get_response;
mod headers;
mod invalidation;
mod line;
mod platforms;
mod records;
mod seek;
mod selection;
mod sim;
mod survival;
#[path = "../card/terminal.rs"]
mod terminal;
mod toolkit;
mod transparent_files;
