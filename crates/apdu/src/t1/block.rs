//! Blocks (ISO/IEC 7816-3 §11.3).

use alloc::{vec, vec::Vec};

/// The longest information field.
pub(super) const LONGEST: u8 = 254;

/// What a supervisory block is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supervision {
    /// Both sides begin anew.
    Resynch,
    /// The size of information fields that the sender can receive, 1 to 254.
    Size(u8),
    /// The end of a chain before it is complete.
    Abort,
    /// More time, in multiples of the block waiting time.
    Waiting(u8),
}

/// The error detection code in a block's epilogue (ISO/IEC 7816-3 §11.4.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// One octet, the sum of all others modulo 2.
    #[default]
    Lrc,
    /// Two octets, the cyclic redundancy check of ISO/IEC 13239.
    Crc,
}

impl Check {
    /// Octets of it.
    #[must_use]
    pub const fn octets(self) -> usize {
        match self {
            Self::Lrc => 1,
            Self::Crc => 2,
        }
    }

    /// The code of what goes before it.
    fn of(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Lrc => vec![octets.iter().fold(0, |sum, octet| sum ^ octet)],
            Self::Crc => crc(octets).to_le_bytes().to_vec(),
        }
    }
}

/// What an R-block says besides the number of the block that is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledgement {
    /// No error.
    Good = 0,
    /// The error detection code or the parity of a character was wrong.
    Redundancy = 1,
    /// Another error.
    Other = 2,
}

/// The prologue's PCB with the information field (ISO/IEC 7816-3 §11.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// An I-block: a part of an APDU.
    Information {
        /// The send sequence number, N(S).
        number: bool,
        /// Whether more blocks of the chain follow.
        more: bool,
        /// The part.
        part: Vec<u8>,
    },
    /// An R-block.
    Ready {
        /// The number of the I-block that is expected, N(R).
        number: bool,
        /// What was wrong, if anything.
        says: Acknowledgement,
    },
    /// An S-block that asks.
    Request(Supervision),
    /// An S-block that answers.
    Answer(Supervision),
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The node address; 0 where addresses are not used.
    pub nad: u8,
    /// What the block is and has.
    pub content: Content,
}

impl Block {
    /// Reads a block. The error is what an R-block says of it.
    pub fn parse(octets: &[u8], check: Check) -> Result<Self, Acknowledgement> {
        let [nad, pcb, length, rest @ ..] = octets else { return Err(Acknowledgement::Other) };
        let (inf, epilogue) = rest.split_at_checked((*length).into()).ok_or(Acknowledgement::Other)?;
        if *length > LONGEST || epilogue.len() != check.octets() {
            return Err(Acknowledgement::Other);
        }
        let checked = octets.get(..octets.len() - epilogue.len()).unwrap_or_default();
        if check.of(checked) != epilogue {
            return Err(Acknowledgement::Redundancy);
        }
        let content = match (*pcb, inf) {
            (pcb, inf) if pcb & 0x9F == 0 => {
                Content::Information { number: pcb & 0x40 != 0, more: pcb & 0x20 != 0, part: inf.to_vec() }
            }
            (pcb, []) if pcb & 0xEC == 0x80 => Content::Ready {
                number: pcb & 0x10 != 0,
                says: match pcb & 0x03 {
                    0 => Acknowledgement::Good,
                    1 => Acknowledgement::Redundancy,
                    _ => Acknowledgement::Other,
                },
            },
            (pcb, inf) if pcb & 0xC0 == 0xC0 => {
                let about = match (pcb & 0x1F, inf) {
                    (0, []) => Supervision::Resynch,
                    (1, [size @ 1..=LONGEST]) => Supervision::Size(*size),
                    (2, []) => Supervision::Abort,
                    (3, [factor]) => Supervision::Waiting(*factor),
                    _ => return Err(Acknowledgement::Other),
                };
                if pcb & 0x20 == 0 { Content::Request(about) } else { Content::Answer(about) }
            }
            _ => return Err(Acknowledgement::Other),
        };
        Ok(Self { nad: *nad, content })
    }

    /// The block as octets; of a part longer than 254 octets the rest is left out.
    #[must_use]
    pub fn to_bytes(&self, check: Check) -> Vec<u8> {
        let supervision = |about: Supervision| match about {
            Supervision::Resynch => (0xC0, Vec::new()),
            Supervision::Size(size) => (0xC1, vec![size]),
            Supervision::Abort => (0xC2, Vec::new()),
            Supervision::Waiting(factor) => (0xC3, vec![factor]),
        };
        let (pcb, inf) = match &self.content {
            Content::Information { number, more, part } => {
                let part = part.get(..LONGEST.into()).unwrap_or(part);
                ((u8::from(*number) << 6) | (u8::from(*more) << 5), part.to_vec())
            }
            Content::Ready { number, says } => (0x80 | (u8::from(*number) << 4) | *says as u8, Vec::new()),
            Content::Request(about) => supervision(*about),
            Content::Answer(about) => {
                let (pcb, inf) = supervision(*about);
                (pcb | 0x20, inf)
            }
        };
        let mut octets = vec![self.nad, pcb, inf.len() as u8];
        octets.extend(inf);
        octets.extend(check.of(&octets));
        octets
    }
}

/// The 16-bit frame checking sequence of ISO/IEC 13239: x¹⁶ + x¹² + x⁵ + 1, the octets' least significant bit first,
/// from all ones, and inverted.
fn crc(octets: &[u8]) -> u16 {
    const POLYNOMIAL: u16 = 0x8408;
    !octets.iter().fold(0xFFFF, |crc, &octet| {
        (0..8).fold(
            crc ^ u16::from(octet),
            |crc, _| {
                if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ POLYNOMIAL }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ISO/IEC 14443-3 Annex B has these for the same sequence of ISO/IEC 13239, as `CRC_B`.
    #[test]
    fn the_crc_is_that_of_published_examples() {
        for (octets, expected) in [
            (&[0x00, 0x00, 0x00][..], [0xCC, 0xC6]),
            (&[0x0F, 0xAA, 0xFF], [0xFC, 0xD1]),
            (&[0x0A, 0x12, 0x34, 0x56], [0x2C, 0xF6]),
        ] {
            assert_eq!(Check::Crc.of(octets), expected);
        }
    }
}
