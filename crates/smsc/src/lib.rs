//! A small SMS centre for laptops and tests: phones on one side, ESMEs on the other.
//!
//! - [`Centre`] is the store-and-forward machine: it takes messages, keeps them until their receivers are there, tries
//!   again, and says what has become of them. It has no clock and no sockets.
//! - [`Message`], [`Submission`] and [`Receipt`] are what passes through it; [`Settings`] say how it works, and
//!   [`Chance`] what goes wrong on purpose.
//! - [`link`] is how a phone is connected, and [`Station`] is the phone's end of it, as a machine.
//! - [`Service`] is the centre on sockets: phones at one port, ESMEs by SMPP at another.

mod centre;
mod chance;
pub mod link;
mod message;
mod number;
mod service;
mod settings;
mod station;

pub use centre::{Centre, Event, OutOfReach, Output, Reason, Rewritten, Standing};
pub use chance::Chance;
pub use message::{Acknowledgement, Answer, Content, Message, Party, Receipt, Rejection, Submission};
pub use number::Number;
pub use service::{Config, Esme, News, Passed, Service, Watch, run};
pub use settings::{NoRoute, Route, Settings};
pub use station::{NotTaken, Station, StationOutput};
