//! What secures the messages between a card and the server: keys, and counters on both sides.
//!
//! - [`KeySet`] has the keys of a card in one version.
//! - [`Counters`] is what the card keeps: no counter that it has sent stands for another message, and no packet of the
//!   server works twice.
//! - [`ReplayWindow`] is what the server keeps: packets may overtake each other, none works twice.

mod counters;
mod keys;
mod window;

pub use counters::Counters;
pub use keys::{KEY_OCTETS, KeySet, KeyVersion};
pub use window::{Arrival, ReplayWindow};
