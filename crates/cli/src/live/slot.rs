//! A card that is there, in the slot of the emulated phone.

use oxisim_backup::Way;
use oxisim_transport::{Error, Transport};
use oxisim_wire::Instant;
use oxisim_world::Slot;

/// The way to the card, and what broke on it.
pub struct LiveCard {
    card: Box<dyn Transport>,
    error: Option<Error>,
}

impl LiveCard {
    /// Puts the card into the slot.
    pub const fn new(card: Box<dyn Transport>) -> Self {
        Self { card, error: None }
    }

    /// Takes it out; what broke on the way to it is the error.
    pub fn into_transport(self) -> Result<Box<dyn Transport>, Error> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.card),
        }
    }

    fn keep(&mut self, result: Result<Vec<u8>, Error>) -> Option<Vec<u8>> {
        result.map_err(|error| self.error = Some(error)).ok()
    }
}

/// The phone's time is virtual, the card's is its own: nothing that passes between them tells it.
impl Slot for LiveCard {
    fn power_on(&mut self, _now: Instant) -> Option<Vec<u8>> {
        let answer = self.card.reset();
        self.keep(answer)
    }

    fn exchange(&mut self, _now: Instant, command: &[u8]) -> Option<Vec<u8>> {
        let response = self.card.exchange(command);
        self.keep(response)
    }

    /// Whoever uses the card next resets it.
    fn power_off(&mut self) {}

    fn backup(&self) -> Option<Option<Way>> {
        None
    }
}
