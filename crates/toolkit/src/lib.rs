//! What a card and a phone say to each other: proactive commands, TERMINAL RESPONSE, ENVELOPE and TERMINAL
//! PROFILE (TS 102 223, TS 31.111).
//!
//! Data objects are one line each in [`objects`], commands a few lines in [`command`]; encoder, decoder and
//! names come from those lists.
//!
//! ```
//! use oxisim_toolkit::{Command, Proactive, objects::{Coding, TextString}, command::DisplayText};
//!
//! // TS 102 384 §27.22.4.1, sequence 1.1: DISPLAY TEXT, wait for the user to clear the message
//! let hello = Command::new(1, 0x80, DisplayText::new(TextString::eight_bit("Toolkit Test 1")));
//! let bytes = hello.encode();
//! assert_eq!(bytes[..2], [0xD0, 0x1A]);
//! assert_eq!(Command::decode(&bytes).unwrap(), hello);
//! # let Proactive::DisplayText(text) = hello.body else { panic!() };
//! # assert_eq!(text.text.coding, Some(Coding::EIGHT_BIT));
//! ```
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

#[macro_use]
mod message;
pub mod codes;
pub mod command;
pub mod control;
pub mod envelope;
pub mod event;
mod facility;
mod forms;
pub mod objects;
mod outcome;
pub mod profile;
mod qualifier;
mod response;
pub mod rules;
mod verdict;

pub use command::{Command, CommandType, Proactive, Refusal};
pub use control::{CallControlAnswer, ControlResult, MoSmsControlAnswer};
pub use envelope::{Envelope, Event, EventDownload};
pub use facility::{Facility, Quantity};
pub use message::{DataObject, Declaration, Field, FieldInfo, Form, Object, Objects, Unknown};
pub use outcome::Problem;
pub use profile::TerminalProfile;
pub use response::{Answer, TerminalResponse};
pub use verdict::Verdict;
