//! PDUs out of a stream of octets.

use oxisim_wire::{Reader, Wire};

use crate::{CommandStatus, Header};

/// What comes next in the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A PDU.
    Pdu(Header, Vec<u8>),
    /// A PDU longer than allowed; its body is left out.
    TooLong(Header),
    /// A length that no PDU has: where the next one begins is not known.
    OutOfStep(CommandStatus),
}

/// Octets that are not a whole PDU yet: never more than one PDU's.
#[derive(Debug, Default)]
pub(super) struct Input {
    octets: Vec<u8>,
    /// Octets from the start that have been taken.
    taken: usize,
    /// Octets to come that belong to a PDU that is too long.
    skip: usize,
}

/// The longest PDU that is left out; a longer one is more likely no PDU at all.
const LONGEST_SKIP: usize = 1 << 20;

impl Input {
    /// Takes octets as they come.
    pub fn push(&mut self, octets: &[u8]) {
        let skipped = self.skip.min(octets.len());
        self.skip -= skipped;
        self.octets.drain(..self.taken);
        self.taken = 0;
        self.octets.extend_from_slice(&octets[skipped..]);
    }

    /// The next PDU of at most `limit` octets; nothing if it is not here as a whole.
    pub fn next(&mut self, limit: usize) -> Option<Frame> {
        let octets = &self.octets[self.taken..];
        let length = u32::read(&mut Reader::new(octets)).ok()? as usize;
        if !(Header::LENGTH..=LONGEST_SKIP.max(limit)).contains(&length) {
            return Some(Frame::OutOfStep(CommandStatus::INVCMDLEN));
        }
        let mut r = Reader::new(octets);
        let header = Header::read(&mut r).ok()?;
        if length > limit {
            let here = length.min(octets.len());
            self.taken += here;
            self.skip = length - here;
            return Some(Frame::TooLong(header));
        }
        let body = r.take(length - Header::LENGTH, "body").ok()?.to_vec();
        self.taken += length;
        Some(Frame::Pdu(header, body))
    }

    /// Octets that are kept.
    #[cfg(test)]
    pub fn kept(&self) -> usize {
        self.octets.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CommandId;

    fn header(length: u32) -> Header {
        Header { length, id: CommandId::ENQUIRE_LINK, status: CommandStatus::OK, sequence: 7 }
    }

    #[test]
    fn a_pdu_is_there_when_its_last_octet_is() {
        let mut input = Input::default();
        let octets = [header(18).encode(), vec![1, 2]].concat();
        for octet in &octets[..17] {
            input.push(&[*octet]);
            assert_eq!(input.next(100), None);
        }
        input.push(&[2, 0, 0, 0]);
        assert_eq!(input.next(100), Some(Frame::Pdu(header(18), vec![1, 2])));
        assert_eq!(input.next(100), None);
    }

    #[test]
    fn a_pdu_that_is_too_long_is_left_out_and_takes_no_memory() {
        let mut input = Input::default();
        input.push(&header(100_000).encode());
        assert_eq!(input.next(100), Some(Frame::TooLong(header(100_000))));
        for _ in 0..9_998 {
            input.push(&[0; 10]);
            assert_eq!((input.next(100), input.kept()), (None, 0));
        }
        input.push(&[&[0; 4][..], &header(16).encode()].concat());
        assert_eq!(input.next(100), Some(Frame::Pdu(header(16), vec![])));
    }

    #[test]
    fn a_length_that_no_pdu_has_is_out_of_step() {
        for length in [[0, 0, 0, 3], [0, 0, 0, 15], [0xFF; 4]] {
            let mut input = Input::default();
            input.push(&length);
            assert_eq!(input.next(100), Some(Frame::OutOfStep(CommandStatus::INVCMDLEN)));
        }
    }
}
