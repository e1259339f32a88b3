//! A card that is there: in a reader, at an address or in a file, and what is said to it in APDUs.

#[cfg(test)]
pub mod bench;
mod client;
mod keys;
mod patient;
mod slot;
mod way;

use crate::failure::Failure;

pub use client::{Answer, Attempts, Client, Presented, Refusal, Shape, found};
pub use keys::{Adm, Key, Pin};
pub use slot::LiveCard;
pub use way::{BUILT_IN, Elsewhere, Which};

/// The start of every USIM's application identifier (TS 101 220 Annex E).
pub const USIM: [u8; 7] = [0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02];

/// The user's PIN.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct PinArgs {
    /// The PIN; it is tried once, and not at all if a wrong one would block it or the card does not say that it would
    /// not. Without it no PIN is tried.
    #[arg(long, value_name = "PIN")]
    pub pin: Option<Pin>,
    /// Try what is given even if the card blocks it should it be wrong.
    #[arg(long)]
    pub last_try: bool,
}

impl PinArgs {
    /// Verifies the PIN, if there is one.
    pub fn verify(&self, client: &mut Client) -> Result<(), Failure> {
        self.pin.as_ref().map_or(Ok(()), |pin| self.verify_key(client, pin).map(drop))
    }

    /// Verifies a key: with the USIM, whose PIN it may be, or else with the MF.
    pub fn verify_key(&self, client: &mut Client, key: &impl Key) -> Result<Presented, Failure> {
        if !client.is_gsm() {
            found(client.select_application(&USIM))?;
        }
        if let Some(presented) = client.verify(key, self.last_try)? {
            return Ok(presented);
        }
        client.enter(&[])?;
        let presented = client.verify(key, self.last_try)?;
        presented.ok_or_else(|| Failure::NotDone(format!("the card has no {}", key.name())))
    }
}
