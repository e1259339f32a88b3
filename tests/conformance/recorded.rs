//! A card whose octets are written down.

use oxisim_backup::Way;
use oxisim_wire::Instant;
use oxisim_world::Slot;

/// A card, and every command APDU that it had with its response APDU.
pub struct Recorded<C> {
    card: C,
    pub exchanges: Vec<(Vec<u8>, Vec<u8>)>,
}

impl<C> Recorded<C> {
    pub const fn new(card: C) -> Self {
        Self { card, exchanges: Vec::new() }
    }
}

impl<C: Slot> Slot for Recorded<C> {
    fn power_on(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.card.power_on(now)
    }

    fn exchange(&mut self, now: Instant, command: &[u8]) -> Option<Vec<u8>> {
        let response = self.card.exchange(now, command)?;
        self.exchanges.push((command.to_vec(), response.clone()));
        Some(response)
    }

    fn power_off(&mut self) {
        self.card.power_off();
    }

    fn backup(&self) -> Option<Option<Way>> {
        self.card.backup()
    }
}
