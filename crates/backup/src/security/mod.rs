//! What secures the messages between a card and the server: keys, and counters on both sides.
//!
//! - [`KeySet`] has the keys of a card in one version.
//! - [`Rekey`] brings a card other keys, in the place of those.
//! - [`Counters`] is what the card keeps: no counter that it has sent stands for another message, and no packet of the
//!   server works twice.
//! - [`ReplayWindow`] is what the server keeps: packets may overtake each other, none works twice.

mod counters;
mod keys;
mod rekey;
mod window;

pub use counters::Counters;
pub use keys::{KEY_OCTETS, KeySet, KeyVersion};
pub use rekey::{CHECK_VALUE_OCTETS, CheckValues, Rekey, RekeyResult, check_values};
pub use window::{Arrival, ReplayWindow};
