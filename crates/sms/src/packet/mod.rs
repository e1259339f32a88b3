//! Secured packets: commands to a card's applications and the responses to them (TS 102 225, TS 31.115), and what
//! remote management puts into them (TS 102 226).
//!
//! - [`SecurityParameters`], [`Kic`], [`Kid`] say how a packet is secured, [`Suite`] with which algorithms; [`Keys`]
//!   are what both sides hold.
//! - [`CommandPacket::seal`] secures a command. Who receives one reads it in steps, because the header says which keys
//!   it takes: [`SealedCommand::decode`], then [`SealedCommand::open`], then [`CounterMode::judge`] against the last
//!   counter accepted. What does not pass is a [`Refusal`], which knows its [`ResponseStatus`].
//! - [`ResponsePacket`] and [`SealedResponse`] are the way back.
//! - [`Form`] says how a packet is framed: in a short message or a page of cell broadcast, or by itself.
//!   [`short_messages`] and [`pages`] cut one into as many as it takes.
//! - [`script`] is the data of remote management.
//!
//! A digital signature (DS) has a code in the SPI, but no standard says how one is made; a packet that asks for it is
//! [`Refusal::DigitalSignature`].
//!
//! ```
//! use oxisim_sms::packet::*;
//!
//! let keys = Keys::new(Key::new(&[0x11; 16])?, Key::new(&[0x22; 16])?);
//! let packet = CommandPacket {
//!     security: SecurityParameters([0x16, 0x21]),
//!     kic: Kic(0x12),
//!     kid: Kid(0x12),
//!     tar: Tar([0xB0, 0x00, 0x10]),
//!     counter: 7.into(),
//!     data: vec![0xA0, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00],
//! };
//! let octets = packet.seal(Form::ShortMessage, &keys)?;
//!
//! let sealed = SealedCommand::decode(Form::ShortMessage, &octets)?;
//! assert_eq!((sealed.tar, sealed.kic.key_set()), (packet.tar, 1));
//! assert_eq!(sealed.open(&keys)?, packet);
//! assert_eq!(packet.security.counter_mode().judge(packet.counter, 6.into()), Ok(()));
//! assert_eq!(packet.security.counter_mode().judge(packet.counter, 7.into()), Err(Refusal::CounterLow));
//! # Ok::<(), oxisim_sms::Error>(())
//! ```

mod algorithm;
mod command;
mod counter;
mod crypto;
mod frame;
mod key;
mod message;
mod refusal;
mod response;
pub mod script;
mod security;

use core::fmt;

pub use algorithm::{Check, Cipher, Kic, Kid, Protection, Suite};
pub use command::{CAPACITY, CommandPacket, SealedCommand};
pub use counter::{Counter, CounterMode};
pub use frame::{Deciphered, Form};
pub use key::{Agreement, Key, Keys};
pub use message::{PAGE_OCTETS, from_pages, packet_of, pages, short_messages};
pub use refusal::{Refusal, ResponseStatus};
pub use response::{ResponsePacket, SealedResponse};
pub use security::{Integrity, Receipt, ReceiptBy, SecurityParameters};

/// Toolkit Application Reference: which application the packet is for (TS 101 220 §7.4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tar(pub [u8; 3]);

impl fmt::Debug for Tar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = self.0;
        write!(f, "Tar({a:02X}{b:02X}{c:02X})")
    }
}
