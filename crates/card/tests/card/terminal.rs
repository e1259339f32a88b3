//! A terminal that sends hex and reads hex.

use oxisim_card::{Card, Profile};
use oxisim_wire::Instant;

/// A card under power, as its reset left it.
pub struct Terminal {
    pub card: Card,
}

impl Terminal {
    pub fn with(mut card: Card) -> Self {
        card.power_on(Instant::EPOCH);
        Self { card }
    }

    /// Sends an APDU; the answer with a space before the status word.
    pub fn send(&mut self, apdu: &str) -> String {
        let response = self.card.exchange(Instant::EPOCH, &hex::decode(apdu.replace(' ', "")).unwrap());
        format!("{} {:04X}", hex::encode_upper(&response.data), response.status.0).trim_start().into()
    }

    /// Sends an APDU that must end with 9000; its data.
    pub fn ok(&mut self, apdu: &str) -> String {
        let answer = self.send(apdu);
        answer.strip_suffix("9000").unwrap_or_else(|| panic!("{apdu} -> {answer}")).trim_end().into()
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::with(Card::new(&Profile::default()))
    }
}
