//! A UICC with a USIM (TS 102 221, TS 31.102), which is a SIM of GSM too (TS 51.011): file system, memory that
//! survives tearing, toolkit session
//! (TS 102 223, TS 31.111) and the applets' programming interface, which follows TS 102 241.
//!
//! A card is one plain call: an APDU in, its answer out. What survives [`Card::power_off`] is its
//! [`Memory`], and the one session that SUSPEND UICC keeps, nothing else.
//!
//! ```
//! use oxisim_apdu::{Command, Class, Instruction, Status};
//! use oxisim_card::{Card, Profile};
//! use oxisim_wire::Instant;
//!
//! let mut card = Card::new(&Profile::default());
//! let atr = card.power_on(Instant::EPOCH);
//! assert_eq!(atr[0], 0x3B);
//!
//! // SELECT `EF_ICCID` from the MF, READ BINARY
//! let response = card.exchange(Instant::EPOCH, &[0x00, 0xA4, 0x08, 0x0C, 0x02, 0x2F, 0xE2]);
//! assert_eq!(response.status, Status::NORMAL);
//! let iccid = Command::new(Class::INTERINDUSTRY, Instruction::READ_BINARY, 0, 0).ne(10).to_bytes();
//! assert_eq!(card.exchange(Instant::EPOCH, &iccid).data[..2], [0x98, 0x00]);
//! ```
//!
//! - [`Image`] describes a whole card, and [`Card::from_image`] makes it.
//! - [`Profile`] says whose card it is, [`path`] which files the default card has, and [`Card::files`] is the
//!   host's way to them.
//! - [`Applet`] and [`Env`] are all that an applet sees.
//! - [`Memory`] has transactions, tearing, and every object by name, for hosts that keep a card in a file.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod access;
mod applet;
pub mod authentication;
mod card;
mod changes;
mod channel;
mod commands;
mod env;
mod fcp;
pub mod file;
mod header;
pub mod image;
mod keys;
mod memory;
mod ota;
mod pin;
mod profile;
mod restore;
mod runtime;
mod selection;
mod services;
mod template;
mod toolkit;
mod view;

pub use access::{Access, Rule, SecurityAttributes};
pub use applet::{
    AccessDomain, Applet, AppletError, AppletInfo, AppletState, ArrayId, Clear, CloneApplet, Event, FilePart,
    FileUpdate, FormattedSms, InstallParameters, MenuPlace, OwnerPin, Package, PinError, SealedSms,
    SystemError, ToolkitError, TransactionError, UnformattedSms,
};
pub use card::Card;
pub use env::Env;
pub use file::{Aid, FileId};
pub use image::{Image, ImageError};
pub use memory::{Handle, Memory, MemoryError};
pub use ota::{KeySet, KeyType, Managed, RemoteApplication, SecurityLevel, SubmitRule, TypedKey};
pub use oxisim_apdu::Status;
pub use oxisim_sms::packet::Tar;
pub use pin::KeyReference;
pub use profile::{AID_USIM, Profile, path};
pub use restore::RestoreError;
pub use services::ServiceTable;
pub use template::{AccessRule, FcpTemplate, GsmHeader};
pub use toolkit::{Registration, ToolkitEvent, ToolkitRegistry};
pub use view::FileView;
