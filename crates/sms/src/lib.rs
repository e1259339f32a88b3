//! Short messages: their alphabets (TS 23.038), the transfer protocol that carries them (TS 23.040), and the
//! command packets that cards and servers exchange in them (TS 102 225, TS 31.115).
//!
//! - [`alphabet`]: the GSM 7-bit default alphabet, the tables of national languages, packing. [`DataCoding`] says
//!   which alphabet a message is in.
//! - [`Address`], [`Timestamp`], [`UserData`] with its header [`Element`]s and their [`content`]: what the messages
//!   are made of.
//! - [`Msisdn`]: whose phone it is, as an international number.
//! - [`tpdu`]: SMS-DELIVER, SMS-SUBMIT, SMS-STATUS-REPORT, SMS-COMMAND and the two reports, decoded by direction.
//! - [`rp`]: RP-DATA and its answers, in which TPDUs pass between a phone and its network (TS 24.011).
//! - [`concatenation`]: long messages in several parts, and back.
//! - [`mod@file`]: the records in which a card keeps messages and what they are sent with.
//! - [`packet`]: secured packets, commands and responses, and the data of remote management in them.
//!
//! Octets that do not decode are an [`oxisim_wire::Error`]; what cannot be built is an [`Error`].
//!
//! ```
//! use oxisim_sms::{ProtocolIdentifier, UserData, tpdu::{MobileOriginated, Submit}};
//! use oxisim_wire::Wire;
//!
//! let user_data = UserData::from_text("Hello!")?;
//! let submit = Submit::new("+8613693092030".parse()?, ProtocolIdentifier::DEFAULT, user_data);
//! let octets = submit.encode();
//! assert_eq!(octets[..4], [0x01, 0x00, 0x0D, 0x91]);
//! assert_eq!(MobileOriginated::decode(&octets, "TPDU")?, MobileOriginated::Submit(submit));
//! # Ok::<(), oxisim_sms::Error>(())
//! ```
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod address;
mod alpha;
pub mod alphabet;
mod coding;
pub mod concatenation;
pub mod content;
mod element;
mod error;
pub mod file;
mod msisdn;
pub mod packet;
pub mod rp;
mod show;
mod timestamp;
pub mod tpdu;
mod user_data;

pub use address::{Address, TypeOfAddress};
pub use alpha::{AlphaIdentifier, Fitted};
pub use coding::{Alphabet, Class, CodingGroup, DataCoding, ProtocolIdentifier, Waiting, WaitingKind};
pub use content::Content;
pub use element::{Element, ElementId};
pub use error::Error;
pub use msisdn::{Msisdn, NoMsisdn};
pub use timestamp::{CivilTime, Timestamp};
pub use user_data::{Ports, UserData};
