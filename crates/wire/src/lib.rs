//! Bytes of smart card and mobile standards: what every other crate of oxisim reads and writes with.
//!
//! - [`Reader`] walks over untrusted octets; whatever is wrong becomes an [`Error`] that names the field
//!   and its offset. Nothing in this crate panics on any input.
//! - [`Wire`] is the one codec trait.
//! - [`codes!`] declares an open set of code points: a newtype with named constants.
//! - [`tlv`] has BER-TLV and COMPREHENSION-TLV, [`bcd`] the semi-octets of telephone numbers.
//! - [`Show`] says of a decoded value what is in it, for people and programs; [`Parts`] says it field by field.
//! - [`Instant`] and [`Duration`] are times that can be built, stored and printed: the machines take them as
//!   arguments and never read a clock.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod bcd;
mod codes;
mod error;
mod reader;
mod show;
mod time;
pub mod tlv;

pub use error::{Error, ErrorKind};
pub use reader::{Reader, Wire};
pub use show::{Part, Parts, Show, Shown};
pub use time::{Duration, Instant};

#[doc(hidden)]
pub type Bytes = alloc::vec::Vec<u8>;
