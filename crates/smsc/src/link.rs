//! How a phone and the centre talk over a stream, as between a phone and its network: messages of the relay protocol.
//!
//! | octets | what |
//! |---|---|
//! | 2 | length of what follows, most significant octet first |
//! | length | first frame of the phone: its own number; of the centre: the service centre's; both as the addresses of TS 24.011 §8.2.5.1, with their length octet |
//! | | every other frame: a message of TS 24.011 §7.3 |
//!
//! The phone begins. A number is a claim, which nothing proves: whoever reaches the centre can be any phone. The centre
//! ends the connection if a frame is too long or the first one is no number, and if the same number comes again.

use oxisim_sms::{Address, rp};
use oxisim_wire::{Error, ErrorKind, Reader};

/// Octets of the longest frame.
pub const LIMIT: usize = rp::LIMIT;

/// What comes over a stream, cut into frames.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    octets: Vec<u8>,
}

impl Frames {
    /// Takes what has come.
    pub fn handle_octets(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    /// The next frame, if it is complete. After an error the stream has no frames any more.
    pub fn poll_frame(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let [high, low, rest @ ..] = self.octets.as_slice() else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if length > LIMIT {
            return Err(Error::new("frame", 0, ErrorKind::TooLong { length, limit: LIMIT }));
        }
        let Some(frame) = rest.get(..length) else { return Ok(None) };
        let frame = frame.to_vec();
        self.octets.drain(..2 + length);
        Ok(Some(frame))
    }
}

/// A frame with its length.
#[must_use]
pub fn frame(content: &[u8]) -> Vec<u8> {
    let content = content.get(..LIMIT).unwrap_or(content);
    [&(content.len() as u16).to_be_bytes(), content].concat()
}

/// The first frame of either side, with its length.
#[must_use]
pub fn greeting(number: &Address) -> Vec<u8> {
    let mut content = Vec::new();
    Address::write_service_centre(Some(number), &mut content);
    frame(&content)
}

/// The number in the first frame of the other side.
pub fn greeted(content: &[u8]) -> Result<Address, Error> {
    let mut r = Reader::new(content);
    let number = Address::read_service_centre(&mut r)?;
    r.finish("number")?;
    number.ok_or_else(|| Error::new("number", 0, ErrorKind::Missing))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_frame_is_a_number() {
        let number: Address = "+15550100001".parse().unwrap();
        let octets = greeting(&number);
        assert_eq!(octets, [0, 8, 7, 0x91, 0x51, 0x55, 0x10, 0x00, 0x00, 0xF1]);
        assert_eq!(greeted(&octets[2..]).unwrap(), number);
        assert!(greeted(&[]).is_err() && greeted(&[0]).is_err() && greeted(&[1, 0x91, 0]).is_err());
    }

    #[test]
    fn a_frame_that_is_too_long_is_not_waited_for() {
        let mut frames = Frames::default();
        frames.handle_octets(&[0xFF, 0xFF]);
        assert!(frames.poll_frame().is_err());
    }

    proptest! {
        #[test]
        fn frames_come_out_however_the_stream_is_cut(
            contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
            cut in 1_usize..9,
        ) {
            let stream: Vec<u8> = contents.iter().flat_map(|content| frame(content)).collect();
            let mut frames = Frames::default();
            let mut found = Vec::new();
            for octets in stream.chunks(cut) {
                frames.handle_octets(octets);
                while let Some(frame) = frames.poll_frame().unwrap() {
                    found.push(frame);
                }
            }
            prop_assert_eq!(found, contents);
        }
    }
}
