//! How APDUs travel between a terminal and a card: through a PC/SC reader, over TCP, by a plain call; and how a
//! virtual card gets into a PC/SC reader, through vpcd.
//!
//! - The terminal's side is a [`Transport`]: [`Pcsc`], [`TcpClient`], [`InProcess`], and [`Traced`] around any
//!   of them.
//! - The card's side is a [`SmartCard`], which [`vpcd::serve`] and [`TcpServer::serve`] offer to others.
//! - [`readers`] lists the PC/SC readers with what is in them.
//!
//! ```
//! use std::{net::TcpStream, sync::atomic::{AtomicBool, Ordering}, thread};
//! use oxisim_transport::{SmartCard, TcpClient, TcpServer, Transport};
//!
//! /// A card that knows one answer.
//! struct Card;
//!
//! impl SmartCard for Card {
//!     fn power_on(&mut self) -> Vec<u8> {
//!         vec![0x3B, 0x00]
//!     }
//!     fn power_off(&mut self) {}
//!     fn exchange(&mut self, _apdu: &[u8]) -> Vec<u8> {
//!         vec![0x6D, 0x00]
//!     }
//! }
//!
//! let server = TcpServer::bind("127.0.0.1:0")?;
//! let address = server.local_address().to_string();
//! let stop = AtomicBool::new(false);
//! thread::scope(|scope| {
//!     scope.spawn(|| server.serve(&mut Card, &stop, |_| {}));
//!     let mut card = TcpClient::connect(&address)?;
//!     assert_eq!(card.reset()?, [0x3B, 0x00]);
//!     assert_eq!(card.exchange(&[0x00, 0xA4, 0x00, 0x0C])?, [0x6D, 0x00]);
//!     stop.store(true, Ordering::Relaxed);
//!     Ok::<(), oxisim_transport::Error>(())
//! })?;
//! # Ok::<(), oxisim_transport::Error>(())
//! ```
//!
//! # The frames
//!
//! TCP and vpcd speak the same: each frame is its length in two octets, most significant first, and that many
//! octets. The terminal's side sends frames of one octet to control the card, and command APDUs; the card's
//! side answers as the last column says.
//!
//! | Octets | Meaning | Answer |
//! |---|---|---|
//! | `00` | switch off | none |
//! | `01` | switch on | none |
//! | `02` | reset | none |
//! | `04` | ask for the answer to reset, whether the card is on or off | the answer to reset |
//! | others | a command APDU | the response APDU |
//!
//! With vpcd the card connects and the terminal's side listens; with [`TcpServer`] it is the other way round.

mod card;
mod error;
mod frame;
mod reader;
mod tcp;
mod traced;
mod transport;
pub mod vpcd;

pub use card::SmartCard;
pub use error::Error;
pub use reader::{Contents, Pcsc, Protocols, Reader, Sharing, readers, without_le};
pub use tcp::{TcpClient, TcpServer, Visit};
pub use traced::{Trace, Traced, to_log};
pub use transport::{InProcess, Transport};
