//! APDUs: what goes between a terminal and a card (ISO/IEC 7816-3, 7816-4, TS 102 221).
//!
//! ```
//! use oxisim_apdu::{Command, Instruction, Response, Status};
//!
//! // READ RECORD 1 of the current file, all of it.
//! let command = Command::parse(&[0x00, 0xB2, 0x01, 0x04, 0x00])?;
//! assert_eq!(command.instruction, Instruction::READ_RECORD);
//! assert_eq!(command.ne, Some(256));
//! assert_eq!(command.to_bytes(), [0x00, 0xB2, 0x01, 0x04, 0x00]);
//!
//! let response = Response::from(Status::FILE_NOT_FOUND);
//! assert_eq!(response.to_bytes(), [0x6A, 0x82]);
//! assert_eq!(response.status.to_string(), "6A82 file not found");
//! # Ok::<(), oxisim_wire::Error>(())
//! ```
//!
//! A card's functions return `Result<_, Status>`: the status word is the error type. [`t0`] and [`t1`] carry APDUs
//! over a line.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod atr;
mod class;
mod command;
mod danger;
pub mod fcp;
mod instruction;
mod response;
mod show;
mod status;
pub mod t0;
pub mod t1;

pub use atr::{Atr, Convention, InterfaceBytes};
pub use class::{Class, SecureMessaging};
pub use command::Command;
pub use danger::{Classes, Danger, HARMS, Harm, carries_pin, danger};
pub use instruction::Instruction;
pub use response::Response;
pub use status::Status;
