//! The terminal's side.

use std::time::Duration;

use crate::{Error, SmartCard};

/// A way to a card.
pub trait Transport {
    /// Resets the card, or switches it on; returns the answer to reset.
    fn reset(&mut self) -> Result<Vec<u8>, Error>;

    /// Sends a command APDU; returns the response APDU, which ends with the status word. `61XX` and `6CXX` are
    /// the caller's business.
    fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Error>;

    /// Lets go of the card, and waits until it is out. One that is always there cannot be taken out.
    fn await_removal(&mut self, _within: Duration) -> Result<(), Error> {
        Err(Error::Fixed)
    }

    /// Waits until there is a card, which a reset then finds; it may be another one.
    fn await_card(&mut self, _within: Duration) -> Result<(), Error> {
        Err(Error::Fixed)
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn reset(&mut self) -> Result<Vec<u8>, Error> {
        (**self).reset()
    }

    fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Error> {
        (**self).exchange(apdu)
    }

    fn await_removal(&mut self, within: Duration) -> Result<(), Error> {
        (**self).await_removal(within)
    }

    fn await_card(&mut self, within: Duration) -> Result<(), Error> {
        (**self).await_card(within)
    }
}

/// The way to a card in the same program: a plain call.
#[derive(Clone, Debug)]
pub struct InProcess<C>(pub C);

impl<C: SmartCard> Transport for InProcess<C> {
    fn reset(&mut self) -> Result<Vec<u8>, Error> {
        Ok(self.0.power_on())
    }

    fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.exchange(apdu))
    }
}
