//! The world around a card: phone, radio, SMS centre, server and user, under one virtual clock.
//!
//! [`World`] joins the machines; nothing but APDU bytes passes between card and phone, nothing but TPDUs between
//! phone and SMS centre. [`Bearer`] says how long a message takes and what becomes of it, [`Record`] is what
//! happened, [`Summary`] what of it matters to the user. A seed makes every run repeatable. The card is one of this
//! program, or any other that the host puts into the phone's [`Slot`].
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod bearer;
mod internet;
mod mishap;
mod network;
mod phonebook;
mod record;
mod schedule;
mod slot;
mod summary;
mod user;
mod world;

pub use bearer::{Bearer, Fate};
pub use internet::{Carrier, Host, Internet, Peer, Reply, Visit, VisitState};
pub use mishap::Mishap;
pub use network::{Callee, Network};
pub use phonebook::{read_phonebook, write_phonebook};
pub use record::{Carried, Happening, Leg, Record, What};
pub use slot::{Mark, Slot};
pub use summary::{Summary, busy_stretches};
pub use user::User;
pub use world::{Outage, Setup, World};
