//! A card that is there: in a reader, at an address or in a file, and what is said to it in APDUs.

#[cfg(test)]
pub mod bench;
mod client;
mod keys;
mod slot;

use std::path::PathBuf;

use oxisim_transport::{InProcess, Pcsc, Protocols, Sharing, TcpClient, Traced, Transport, to_log};

use crate::{card::RealTime, failure::Failure};

#[cfg(test)]
pub use client::Attempts;
pub use client::{Answer, Client, Refusal, Shape, found};
pub use keys::{Adm, Key, Pin};
pub use slot::LiveCard;

/// The start of every USIM's application identifier (TS 101 220 Annex E).
pub const USIM: [u8; 7] = [0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02];

/// Which card; the group `which` is the command's.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct Which {
    /// The card in this PC/SC reader, by a part of its name.
    #[arg(long, value_name = "NAME", group = "which")]
    pub reader: Option<String>,
    /// The card that waits here, as of `oxisim card --tcp`.
    #[arg(long, value_name = "HOST:PORT", group = "which")]
    pub tcp: Option<String>,
    /// The virtual card of this file, as of `oxisim card init`; what is written to it is kept beside.
    #[arg(long, value_name = "CARD.toml", group = "which")]
    pub image: Option<PathBuf>,
}

impl Which {
    /// The way to the card; none if none is named. No other program may use it at the same time.
    pub fn open(&self) -> Result<Option<Box<dyn Transport>>, Failure> {
        let card: Box<dyn Transport> = match (&self.reader, &self.tcp, &self.image) {
            (Some(reader), ..) => Box::new(Pcsc::open(reader, Sharing::Exclusive, Protocols::Any)?),
            (_, Some(address), _) => Box::new(TcpClient::connect(address)?),
            (.., Some(path)) => Box::new(InProcess(RealTime::open(path)?)),
            _ => return Ok(None),
        };
        Ok(Some(Box::new(Traced::new(card, to_log))))
    }
}

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
        self.pin.as_ref().map_or(Ok(()), |pin| self.verify_key(client, pin))
    }

    /// Verifies a key: with the USIM, whose PIN it may be, or else with the MF.
    pub fn verify_key(&self, client: &mut Client, key: &impl Key) -> Result<(), Failure> {
        if !client.is_gsm() {
            found(client.select_application(&USIM))?;
        }
        if client.verify(key, self.last_try)? {
            return Ok(());
        }
        client.enter(&[])?;
        if client.verify(key, self.last_try)? {
            return Ok(());
        }
        Err(Failure::NotDone(format!("the card has no {}", key.name())))
    }
}
