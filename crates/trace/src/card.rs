//! The card's side, recorded.

use oxisim_transport::SmartCard;
use oxisim_wire::Instant;

use crate::{Recorder, What};

/// A card that is recorded, with the clock of its host.
pub struct Recorded<C, F> {
    card: C,
    recorder: Recorder,
    clock: F,
}

impl<C: SmartCard, F: FnMut() -> Instant> Recorded<C, F> {
    /// Records whatever reaches `card`.
    pub const fn new(card: C, recorder: Recorder, clock: F) -> Self {
        Self { card, recorder, clock }
    }
}

impl<C: SmartCard, F: FnMut() -> Instant> SmartCard for Recorded<C, F> {
    fn power_on(&mut self) -> Vec<u8> {
        let answer = self.card.power_on();
        self.recorder.note((self.clock)(), What::Reset { answer: answer.clone() });
        answer
    }

    fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
        let began = (self.clock)();
        let response = self.card.exchange(apdu);
        let at = (self.clock)();
        let (command, took) = (apdu.to_vec(), at.since(began));
        self.recorder.note(at, What::Exchange { command, response: response.clone(), took });
        response
    }

    fn power_off(&mut self) {
        self.card.power_off();
        self.recorder.note((self.clock)(), What::PowerOff);
    }
}
