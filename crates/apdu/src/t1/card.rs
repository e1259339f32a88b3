//! The card's side.

use alloc::vec::Vec;

use super::{Acknowledgement, Block, Check, Content, FIRST_SIZE, Supervision};
use crate::Response;

/// The longest command: header, extended lengths and 65 535 octets.
const COMMAND: usize = 4 + 3 + 0xFFFF + 2;

/// The card's side: makes command APDUs of blocks, and blocks of the response APDUs. It asks for nothing itself: no
/// more time, and no other size.
#[derive(Clone, Debug)]
pub struct Card {
    check: Check,
    /// The number of the I-block in flight or, if none is, of the next.
    number: bool,
    /// The number that the terminal's next I-block has.
    expected: bool,
    /// The longest information field that the terminal receives.
    terminal_size: u8,
    command: Vec<u8>,
    /// The response that is not acknowledged yet; the part in flight is its beginning.
    response: Vec<u8>,
    flight: usize,
    last: Content,
}

impl Card {
    /// After a reset.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            check: Check::Lrc,
            number: false,
            expected: false,
            terminal_size: FIRST_SIZE,
            command: Vec::new(),
            response: Vec::new(),
            flight: 0,
            last: Content::Ready { number: false, says: Acknowledgement::Other },
        }
    }

    /// The same with the error detection code that its answer to reset names.
    #[must_use]
    pub const fn check(mut self, check: Check) -> Self {
        self.check = check;
        self
    }

    /// Takes a block from the terminal and returns the block that answers it; a block of another node goes to the
    /// same card.
    ///
    /// `card` executes a command APDU. It is called at most once, and for each command once, even if blocks are sent
    /// again.
    pub fn receive(&mut self, octets: &[u8], card: impl FnOnce(&[u8]) -> Response) -> Vec<u8> {
        let (nad, content) = match Block::parse(octets, self.check) {
            Ok(block) => (block.nad, self.content(block.content, card)),
            Err(error) => (0, self.ready(error)),
        };
        self.last = content.clone();
        // The answer goes from where the block went to where it came from.
        Block { nad: nad.rotate_left(4), content }.to_bytes(self.check)
    }

    fn content(&mut self, content: Content, card: impl FnOnce(&[u8]) -> Response) -> Content {
        match content {
            Content::Information { number, more, part }
                if number == self.expected && self.command.len() + part.len() <= COMMAND =>
            {
                if !self.response.is_empty() {
                    // A command acknowledges the response before.
                    self.acknowledged();
                    self.response.clear();
                }
                self.expected = !self.expected;
                self.command.extend(part);
                if more {
                    return self.ready(Acknowledgement::Good);
                }
                self.response = card(&core::mem::take(&mut self.command)).to_bytes();
                self.information()
            }
            Content::Ready { number, .. } if number != self.number && self.flight < self.response.len() => {
                self.acknowledged();
                self.information()
            }
            Content::Ready { number, .. } if number == self.number && !self.response.is_empty() => {
                self.information()
            }
            Content::Ready { .. } => self.last.clone(),
            Content::Request(about) => {
                match about {
                    Supervision::Resynch => *self = Self::new().check(self.check),
                    Supervision::Size(size) => self.terminal_size = size,
                    Supervision::Abort => {
                        self.command.clear();
                        self.response.clear();
                    }
                    // Only a card asks for time.
                    Supervision::Waiting(_) => return self.ready(Acknowledgement::Other),
                }
                Content::Answer(about)
            }
            Content::Information { .. } | Content::Answer(_) => self.ready(Acknowledgement::Other),
        }
    }

    /// Takes the part in flight as acknowledged.
    fn acknowledged(&mut self) {
        let flight = self.flight.min(self.response.len());
        self.response.drain(..flight);
        self.number = !self.number;
    }

    /// The I-block with the beginning of what is left of the response.
    fn information(&mut self) -> Content {
        let size = self.terminal_size.into();
        let part = self.response.get(..size).unwrap_or(&self.response).to_vec();
        self.flight = part.len();
        Content::Information { number: self.number, more: part.len() < self.response.len(), part }
    }

    const fn ready(&self, says: Acknowledgement) -> Content {
        Content::Ready { number: self.expected, says }
    }
}

impl Default for Card {
    fn default() -> Self {
        Self::new()
    }
}
