//! The card's side.

use crate::frame::Control;

/// A card that can be reached: power, and one APDU at a time.
///
/// Every sequence of octets has an answer, which ends with a status word; without power the card decides which.
pub trait SmartCard {
    /// Powers the card on, or resets it if it has power. Returns the answer to reset.
    fn power_on(&mut self) -> Vec<u8>;

    /// Handles one command APDU; returns the response APDU.
    fn exchange(&mut self, apdu: &[u8]) -> Vec<u8>;

    /// Takes power away.
    fn power_off(&mut self);
}

impl<C: SmartCard + ?Sized> SmartCard for &mut C {
    fn power_on(&mut self) -> Vec<u8> {
        (**self).power_on()
    }

    fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
        (**self).exchange(apdu)
    }

    fn power_off(&mut self) {
        (**self).power_off();
    }
}

/// A card at the end of a link: it answers frames.
pub(crate) struct Served<'a, C> {
    card: &'a mut C,
    answer_to_reset: Vec<u8>,
}

impl<'a, C: SmartCard> Served<'a, C> {
    /// A card without power, whose answer to reset is known from having been on once.
    pub(crate) fn new(card: &'a mut C) -> Self {
        let answer_to_reset = card.power_on();
        card.power_off();
        Self { card, answer_to_reset }
    }

    /// What the card answers to a frame, if anything.
    pub(crate) fn handle(&mut self, frame: &[u8]) -> Option<Vec<u8>> {
        match Control::of(frame) {
            Some(Control::Off) => {
                self.card.power_off();
                None
            }
            Some(Control::On | Control::Reset) => {
                self.answer_to_reset = self.card.power_on();
                None
            }
            Some(Control::AnswerToReset) => Some(self.answer_to_reset.clone()),
            None => Some(self.card.exchange(frame)),
        }
    }

    /// Takes power away: whoever had the card is gone.
    pub(crate) fn release(self) {
        self.card.power_off();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts how often it was switched on, and says so in its answer to reset.
    struct Counting {
        on: u8,
        powered: bool,
    }

    impl SmartCard for Counting {
        fn power_on(&mut self) -> Vec<u8> {
            self.on += 1;
            self.powered = true;
            vec![0x3B, 0x01, self.on]
        }

        fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
            assert!(self.powered);
            apdu.iter().rev().copied().collect()
        }

        fn power_off(&mut self) {
            self.powered = false;
        }
    }

    #[test]
    fn the_answer_to_reset_is_known_while_the_card_is_off_and_asking_does_not_reset() {
        let mut card = Counting { on: 0, powered: false };
        let mut served = Served::new(&mut card);
        assert_eq!(served.handle(&[4]), Some(vec![0x3B, 0x01, 1]));
        assert_eq!(served.handle(&[1]), None);
        assert_eq!(served.handle(&[4]), Some(vec![0x3B, 0x01, 2]));
        assert_eq!(served.handle(&[4]), Some(vec![0x3B, 0x01, 2]));
        assert_eq!(served.handle(&[0x00, 0xC0, 0x00, 0x01]), Some(vec![0x01, 0x00, 0xC0, 0x00]));
        assert_eq!(served.handle(&[2]), None);
        assert_eq!(served.handle(&[4]), Some(vec![0x3B, 0x01, 3]));
        served.release();
        assert!(!card.powered);
    }

    #[test]
    fn one_octet_that_controls_nothing_is_for_the_card() {
        let mut card = Counting { on: 0, powered: false };
        let mut served = Served::new(&mut card);
        served.handle(&[1]);
        assert_eq!(served.handle(&[3]), Some(vec![3]));
        assert_eq!(served.handle(&[]), Some(vec![]));
    }
}
