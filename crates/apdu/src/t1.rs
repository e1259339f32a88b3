//! The transport protocol T=1 (ISO/IEC 7816-3 §11): blocks, and both sides of it.
//!
//! The epilogue of a block is its LRC, or its CRC if the card says so in its answer to reset ([`Parameters`]).
//!
//! ```
//! use oxisim_apdu::t1::{Step, Terminal};
//!
//! let mut terminal = Terminal::new();
//! let block = terminal.send(&[0x00, 0xA4, 0x04, 0x00])?;
//! assert_eq!(block, [0x00, 0x00, 0x04, 0x00, 0xA4, 0x04, 0x00, 0xA4]);
//! let step = terminal.receive(&[0x00, 0x00, 0x02, 0x90, 0x00, 0x92])?;
//! assert_eq!(step, Step::Finished(vec![0x90, 0x00]));
//! # Ok::<(), oxisim_apdu::t1::Error>(())
//! ```

mod block;
mod card;

use alloc::vec::Vec;
use core::fmt;

use crate::Atr;
use block::LONGEST;
pub use block::{Acknowledgement, Block, Check, Content, Supervision};
pub use card::Card;

/// The length of an information field that both sides begin with.
const FIRST_SIZE: u8 = 32;
/// How often something is tried again before a terminal resynchronises, and resynchronising before it gives up.
const RETRIES: u8 = 3;
/// The longest response: 65 536 octets and the status word.
const RESPONSE: usize = 0x1_0002;
/// How many requests, and blocks without a part of the response, one command may have.
const REQUESTS: u16 = 0x1000;

/// What an answer to reset says of T=1: the first interface bytes for it (ISO/IEC 7816-3 §11.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The longest information field that the card receives, IFSC.
    pub card_size: u8,
    /// The error detection code.
    pub check: Check,
}

impl Parameters {
    /// Those in an answer to reset, or what goes without saying: 32 octets, LRC.
    #[must_use]
    pub fn of(atr: &Atr) -> Self {
        const CRC: u8 = 0x01;
        // From the third group on, interface bytes are those of the protocol named before them.
        let group = atr.interface.windows(2).skip(1).find_map(|pair| match pair {
            [before, group] if before.td.is_some_and(|td| td & 0x0F == 1) => Some(*group),
            _ => None,
        });
        let group = group.unwrap_or_default();
        Self {
            card_size: group.ta.filter(|size| (1..=LONGEST).contains(size)).unwrap_or(FIRST_SIZE),
            check: if group.tc.is_some_and(|tc| tc & CRC != 0) { Check::Crc } else { Check::Lrc },
        }
    }
}

/// Why an exchange ended without a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A command is with the card.
    Busy,
    /// No command is with the card.
    Idle,
    /// A command has at least one octet.
    Empty,
    /// Both sides began anew after errors; whether the card executed the command is unknown.
    Resynchronised,
    /// The card does not answer, or not in T=1: it needs a reset.
    Dead,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "a command is with the card",
            Self::Idle => "no command is with the card",
            Self::Empty => "a command has at least one octet",
            Self::Resynchronised => "the card was resynchronised",
            Self::Dead => "the card does not answer",
        })
    }
}

impl core::error::Error for Error {}

/// What a terminal does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this block and then receive.
    Transmit(Vec<u8>),
    /// Send this block and then receive, for once with so many times the block waiting time.
    TransmitAndWait(Vec<u8>, u8),
    /// Send this block; the card ended the exchange.
    Aborted(Vec<u8>),
    /// Nothing: this is the response.
    Finished(Vec<u8>),
    /// Nothing: the card knows the size of the terminal now.
    SizeAccepted,
}

/// The terminal's side: sends commands in chains of blocks, receives responses, and recovers from errors
/// (ISO/IEC 7816-3 §11.6).
///
/// It takes whole blocks; a host receives as many octets as the third says and the epilogue has.
#[derive(Clone, Debug)]
pub struct Terminal {
    nad: u8,
    check: Check,
    /// The number of the I-block in flight or, if none is, of the next.
    number: bool,
    /// The number that the card's next I-block has.
    expected: bool,
    /// The longest information field that the card receives, and received after its reset.
    card_size: u8,
    first_card_size: u8,
    /// The command that is not acknowledged yet; the part in flight is its beginning.
    command: Vec<u8>,
    /// How many octets of the command are in flight.
    flight: usize,
    response: Vec<u8>,
    /// What the R-block said that was sent last, if it was an R-block.
    said: Option<Acknowledgement>,
    state: State,
    errors: u8,
    requests: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    /// An I-block is not acknowledged.
    Sending,
    /// The command is acknowledged, and the response not complete.
    Receiving,
    /// A size was sent.
    Sizing(u8),
    Resynchronising,
}

impl Terminal {
    /// After a reset.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            nad: 0,
            check: Check::Lrc,
            number: false,
            expected: false,
            card_size: FIRST_SIZE,
            first_card_size: FIRST_SIZE,
            command: Vec::new(),
            flight: 0,
            response: Vec::new(),
            said: None,
            state: State::Idle,
            errors: 0,
            requests: 0,
        }
    }

    /// The same with the size of information fields that the card says in its answer to reset.
    #[must_use]
    pub fn card_size(mut self, size: u8) -> Self {
        self.card_size = size.clamp(1, LONGEST);
        self.first_card_size = self.card_size;
        self
    }

    /// The same with the error detection code that the card says in its answer to reset.
    #[must_use]
    pub const fn check(mut self, check: Check) -> Self {
        self.check = check;
        self
    }

    /// The same with another node address in its blocks.
    #[must_use]
    pub const fn nad(mut self, nad: u8) -> Self {
        self.nad = nad;
        self
    }

    /// Begins to send a command: the first block.
    pub fn send(&mut self, command: &[u8]) -> Result<Vec<u8>, Error> {
        match (self.state, command) {
            (State::Idle, []) => Err(Error::Empty),
            (State::Idle, _) => {
                self.begin(State::Sending);
                self.command = command.to_vec();
                Ok(self.information())
            }
            _ => Err(Error::Busy),
        }
    }

    /// Tells the card how long the information fields are that the terminal receives, 1 to 254.
    pub fn send_size(&mut self, size: u8) -> Result<Vec<u8>, Error> {
        if self.state != State::Idle {
            return Err(Error::Busy);
        }
        let size = size.clamp(1, LONGEST);
        self.begin(State::Sizing(size));
        Ok(self.transmit(Content::Request(Supervision::Size(size))))
    }

    /// Takes a block from the card, or what was received of one when the time was over.
    pub fn receive(&mut self, octets: &[u8]) -> Result<Step, Error> {
        if self.state == State::Idle {
            return Err(Error::Idle);
        }
        match Block::parse(octets, self.check) {
            Ok(block) => self.content(block.content),
            Err(error) => self.recover(error),
        }
    }

    fn content(&mut self, content: Content) -> Result<Step, Error> {
        match (content, self.state) {
            (Content::Answer(Supervision::Resynch), State::Resynchronising) => {
                (self.number, self.expected) = (false, false);
                self.card_size = self.first_card_size;
                self.state = State::Idle;
                Err(Error::Resynchronised)
            }
            (_, State::Resynchronising) => self.recover(Acknowledgement::Other),
            (Content::Answer(Supervision::Size(size)), State::Sizing(sent)) if size == sent => {
                self.state = State::Idle;
                Ok(Step::SizeAccepted)
            }
            (Content::Request(about), _) => self.request(about),
            (Content::Information { number, more, part }, State::Sending | State::Receiving)
                if number == self.expected && !self.has_more() =>
            {
                self.part(more, &part)
            }
            (Content::Ready { number, .. }, State::Sending) if number == self.number => {
                // The block in flight is asked for again.
                self.errors += 1;
                if self.errors > RETRIES {
                    return self.resynchronise();
                }
                Ok(Step::Transmit(self.information()))
            }
            (Content::Ready { .. }, State::Sending) if self.has_more() => {
                self.acknowledged();
                Ok(Step::Transmit(self.information()))
            }
            (Content::Ready { .. }, State::Sending | State::Receiving) => self.repeat(),
            _ => self.recover(Acknowledgement::Other),
        }
    }

    fn request(&mut self, about: Supervision) -> Result<Step, Error> {
        self.requests += 1;
        if self.requests > REQUESTS {
            return self.resynchronise();
        }
        match about {
            // Only a terminal resynchronises.
            Supervision::Resynch => return self.recover(Acknowledgement::Other),
            Supervision::Size(size) => self.card_size = size,
            Supervision::Abort => {
                self.settle();
                return Ok(Step::Aborted(self.transmit(Content::Answer(about))));
            }
            Supervision::Waiting(factor) => {
                return Ok(Step::TransmitAndWait(self.transmit(Content::Answer(about)), factor));
            }
        }
        Ok(Step::Transmit(self.transmit(Content::Answer(about))))
    }

    /// Takes a part of the response, which acknowledges the command.
    fn part(&mut self, more: bool, part: &[u8]) -> Result<Step, Error> {
        self.requests += u16::from(part.is_empty());
        if self.response.len() + part.len() > RESPONSE || self.requests > REQUESTS {
            return self.resynchronise();
        }
        self.settle();
        self.errors = 0;
        self.expected = !self.expected;
        self.response.extend_from_slice(part);
        if more {
            self.state = State::Receiving;
            return Ok(Step::Transmit(self.ready(Acknowledgement::Good)));
        }
        Ok(Step::Finished(core::mem::take(&mut self.response)))
    }

    /// What was sent last was not understood, or has no answer of its own: it is sent again.
    fn repeat(&mut self) -> Result<Step, Error> {
        self.recover(self.said.unwrap_or(Acknowledgement::Other))
    }

    /// Tries again after a block that is wrong.
    fn recover(&mut self, error: Acknowledgement) -> Result<Step, Error> {
        self.errors += 1;
        if self.errors > RETRIES {
            return self.resynchronise();
        }
        Ok(Step::Transmit(match self.state {
            State::Sizing(size) => self.transmit(Content::Request(Supervision::Size(size))),
            State::Resynchronising => self.transmit(Content::Request(Supervision::Resynch)),
            _ => self.ready(error),
        }))
    }

    fn resynchronise(&mut self) -> Result<Step, Error> {
        if self.state == State::Resynchronising {
            self.state = State::Idle;
            return Err(Error::Dead);
        }
        self.begin(State::Resynchronising);
        self.errors = 1;
        Ok(Step::Transmit(self.transmit(Content::Request(Supervision::Resynch))))
    }

    fn begin(&mut self, state: State) {
        self.state = state;
        (self.errors, self.requests) = (0, 0);
        self.command.clear();
        self.response.clear();
    }

    /// Takes the command as acknowledged, and the exchange as over.
    fn settle(&mut self) {
        if self.state == State::Sending {
            self.number = !self.number;
        }
        self.command.clear();
        self.state = State::Idle;
    }

    /// Takes the part in flight as acknowledged.
    fn acknowledged(&mut self) {
        let flight = self.flight.min(self.command.len());
        self.command.drain(..flight);
        self.number = !self.number;
        self.errors = 0;
    }

    /// Whether the I-block in flight is not the last of the command.
    const fn has_more(&self) -> bool {
        self.command.len() > self.flight
    }

    /// The I-block with the beginning of what is left of the command.
    fn information(&mut self) -> Vec<u8> {
        let size = self.card_size.into();
        let part = self.command.get(..size).unwrap_or(&self.command).to_vec();
        let more = part.len() < self.command.len();
        self.flight = part.len();
        let number = self.number;
        self.transmit(Content::Information { number, more, part })
    }

    fn ready(&mut self, says: Acknowledgement) -> Vec<u8> {
        let number = self.expected;
        self.transmit(Content::Ready { number, says })
    }

    fn transmit(&mut self, content: Content) -> Vec<u8> {
        self.said = match content {
            Content::Ready { says, .. } => Some(says),
            _ => None,
        };
        Block { nad: self.nad, content }.to_bytes(self.check)
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}
