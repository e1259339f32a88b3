//! The terminal's side.

use crate::{Error, SmartCard};

/// A way to a card.
pub trait Transport {
    /// Resets the card, or switches it on; returns the answer to reset.
    fn reset(&mut self) -> Result<Vec<u8>, Error>;

    /// Sends a command APDU; returns the response APDU, which ends with the status word. `61XX` and `6CXX` are
    /// the caller's business.
    fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Error>;
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn reset(&mut self) -> Result<Vec<u8>, Error> {
        (**self).reset()
    }

    fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Error> {
        (**self).exchange(apdu)
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
