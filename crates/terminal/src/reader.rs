//! Additional card readers (TS 102 223 §6.4.17 to §6.4.20).

use alloc::{string::String, vec::Vec};

/// What a reader is to do; the answer goes to [`Terminal::handle_reader`](crate::Terminal::handle_reader). One request
/// is outstanding at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReaderRequest {
    /// Reset the card; answered with [`ReaderEvent::AnswerToReset`].
    PowerOn,
    /// Switch the card off; not answered.
    PowerOff,
    /// Send this command APDU; answered with [`ReaderEvent::Response`].
    Transmit(Vec<u8>),
}

/// What happens at a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReaderEvent {
    /// The card's answer to reset; empty if it is mute.
    AnswerToReset(Vec<u8>),
    /// The card's response APDU; empty if the transmission has failed.
    Response(Vec<u8>),
    /// A card has been put in.
    Inserted,
    /// The card has been taken out.
    Removed,
    /// The reader has been put on.
    Attached,
    /// The reader has been taken away, with its card.
    Detached,
}

/// An additional card reader of a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// How the reader names itself, as GET READER STATUS tells it.
    pub identifier: String,
    /// Whether the reader itself can be taken away.
    pub is_removable: bool,
    /// Whether it is there, and has not been taken away.
    pub is_attached: bool,
    /// Whether it takes cards of the size ID-1.
    pub is_id1: bool,
    /// Whether there is a card in it.
    pub has_card: bool,
    /// Whether the card has power.
    pub(crate) is_powered: bool,
}

impl Reader {
    /// How many a phone can have.
    pub const LIMIT: usize = 8;

    /// A reader that is built in, for cards of the size ID-1.
    #[must_use]
    pub const fn new(identifier: String, has_card: bool) -> Self {
        Self { identifier, is_removable: false, is_attached: true, is_id1: true, has_card, is_powered: false }
    }

    /// The octet of a card reader status object (TS 102 223 §8.33) of reader `number`, 0 to 7.
    pub(crate) const fn status(&self, number: u8) -> u8 {
        number & 0x07
            | (self.is_removable as u8) << 3
            | (self.is_attached as u8) << 4
            | (self.is_id1 as u8) << 5
            | (self.has_card as u8) << 6
            | (self.is_powered as u8) << 7
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_a_reader_is_one_octet() {
        let mut reader = Reader::new("slot".into(), false);
        assert_eq!(reader.status(1), 0x31);
        reader.has_card = true;
        assert_eq!(reader.status(1), 0x71);
        reader.is_powered = true;
        assert_eq!(reader.status(7), 0xF7);
        reader = Reader { is_removable: true, is_attached: false, ..Reader::new("slot".into(), false) };
        assert_eq!(reader.status(1), 0x29);
    }
}
