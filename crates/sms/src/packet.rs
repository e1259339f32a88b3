//! Command packets without cryptography (TS 102 225 §5.1, TS 31.115 §4).

use alloc::{vec, vec::Vec};
use core::fmt;

use oxisim_wire::{Reader, Wire};

use crate::{DataCoding, Element, ElementId, Error, UserData, concatenation::Concatenation};

/// Security Parameter Indicator of a command packet (TS 102 225 §5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecurityParameters(pub [u8; 2]);

/// Redundancy check, cryptographic checksum or digital signature (TS 102 225 §5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Integrity {
    /// None.
    None,
    /// Redundancy check (RC).
    RedundancyCheck,
    /// Cryptographic checksum (CC).
    CryptographicChecksum,
    /// Digital signature (DS).
    DigitalSignature,
}

impl SecurityParameters {
    /// No integrity, no ciphering, a counter for information only, no proof of receipt.
    pub const UNSECURED: Self = Self([0x08, 0x00]);

    /// How the packet is protected against change.
    #[must_use]
    pub const fn integrity(self) -> Integrity {
        match self.0[0] & 0x03 {
            0 => Integrity::None,
            1 => Integrity::RedundancyCheck,
            2 => Integrity::CryptographicChecksum,
            _ => Integrity::DigitalSignature,
        }
    }

    /// Whether the packet is ciphered.
    #[must_use]
    pub const fn is_ciphered(self) -> bool {
        self.0[0] & 0x04 != 0
    }

    /// Whether packing and unpacking take more than the packet: a check, a checksum, a signature or ciphering.
    #[must_use]
    pub const fn is_secured(self) -> bool {
        self.is_ciphered() || !matches!(self.integrity(), Integrity::None)
    }
}

/// Toolkit Application Reference: which application the packet is for (TS 101 220).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tar(pub [u8; 3]);

impl fmt::Debug for Tar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = self.0;
        write!(f, "Tar({a:02X}{b:02X}{c:02X})")
    }
}

/// The counter of a packet: 40 bits (TS 102 225 §5.1.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter(u64);

impl Counter {
    /// The highest.
    pub const MAX: Self = Self(0xFF_FFFF_FFFF);

    /// A counter; `None` above [`Self::MAX`].
    #[must_use]
    pub const fn new(value: u64) -> Option<Self> {
        if value <= Self::MAX.0 { Some(Self(value)) } else { None }
    }

    /// Its value.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    fn from_octets(octets: [u8; 5]) -> Self {
        Self(octets.iter().fold(0, |value, &octet| value << 8 | u64::from(octet)))
    }

    const fn to_octets(self) -> [u8; 5] {
        let [_, _, _, octets @ ..] = self.0.to_be_bytes();
        octets
    }
}

impl From<u32> for Counter {
    fn from(value: u32) -> Self {
        Self(value.into())
    }
}

/// A command packet without cryptography, as it stands in TP-User-Data after the header `02 70 00`.
///
/// The padding counter is unused without ciphering: it is written as 0 and ignored when read.
///
/// ```
/// use oxisim_sms::packet::{CommandPacket, Tar};
///
/// let packet = CommandPacket::unsecured(Tar([0xB0, 0x00, 0x10]), 1.into(), [0xAA, 0xBB]);
/// let user_data = packet.user_data()?;
/// assert_eq!(CommandPacket::from_user_data(&user_data)?, packet);
/// # Ok::<(), oxisim_sms::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandPacket {
    /// SPI.
    pub security: SecurityParameters,
    /// `KIc`: key and algorithm for ciphering.
    pub kic: u8,
    /// `KID`: key and algorithm for the check, checksum or signature.
    pub kid: u8,
    /// TAR.
    pub tar: Tar,
    /// CNTR.
    pub counter: Counter,
    /// Secured data.
    pub data: Vec<u8>,
}

/// Octets of secured data that fit one message in a packet without cryptography.
pub const CAPACITY: usize = UserData::LIMIT - USER_DATA_HEADER - PACKET_LENGTH - HEADER_LENGTH - HEADER;

impl CommandPacket {
    /// A packet without security, whose counter is for information only.
    #[must_use]
    pub fn unsecured(tar: Tar, counter: Counter, data: impl Into<Vec<u8>>) -> Self {
        Self { security: SecurityParameters::UNSECURED, kic: 0, kid: 0, tar, counter, data: data.into() }
    }

    /// Decodes CPL and what follows; a packet with security is [`Error::Secured`].
    pub fn decode(octets: &[u8]) -> Result<Self, Error> {
        let mut r = Reader::new(octets);
        let length = r.u16("command packet length")?;
        let mut packet = r.sub(length.into(), "command packet")?;
        r.finish("command packet")?;
        let length = packet.u8("command header length")?;
        let mut header = packet.sub(length.into(), "command header")?;
        let security = SecurityParameters(header.array("SPI")?);
        if security.is_secured() {
            return Err(Error::Secured(security));
        }
        let kic = header.u8("KIc")?;
        let kid = header.u8("KID")?;
        let tar = Tar(header.array("TAR")?);
        let counter = Counter::from_octets(header.array("CNTR")?);
        header.u8("PCNTR")?;
        header.finish("command header")?;
        Ok(Self { security, kic, kid, tar, counter, data: packet.rest().to_vec() })
    }

    /// Encodes the packet from CPL on.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        if self.security.is_secured() {
            return Err(Error::Secured(self.security));
        }
        let length = u16::try_from(HEADER_LENGTH + HEADER + self.data.len())
            .map_err(|_| Error::PacketTooLong(self.data.len()))?;
        let mut out = Vec::with_capacity(PACKET_LENGTH + usize::from(length));
        length.write(&mut out);
        out.push(HEADER as u8);
        out.extend_from_slice(&self.security.0);
        out.extend_from_slice(&[self.kic, self.kid]);
        out.extend_from_slice(&self.tar.0);
        out.extend_from_slice(&self.counter.to_octets());
        out.push(0);
        out.extend_from_slice(&self.data);
        Ok(out)
    }

    /// The packet as the user data of one message: 8-bit data of class 2, which a terminal hands to the card.
    pub fn user_data(&self) -> Result<UserData, Error> {
        let header = vec![Element::new(ElementId::COMMAND_PACKET, [])];
        UserData::new(DataCoding::EIGHT_BIT_CLASS_2, header, self.encode()?)
    }

    /// The packet in the user data of one message. The parts of a concatenated message are to be
    /// [reassembled](crate::concatenation::Reassembler) first, then [decoded](Self::decode).
    pub fn from_user_data(user_data: &UserData) -> Result<Self, Error> {
        if user_data.element(ElementId::COMMAND_PACKET).is_none() {
            return Err(Error::NoCommandPacket);
        }
        if Concatenation::of(user_data).is_some_and(|concatenation| concatenation.total > 1) {
            return Err(Error::Concatenated);
        }
        Self::decode(user_data.payload())
    }
}

/// User data header: its length, the element's identifier and its length.
const USER_DATA_HEADER: usize = 1 + 2;
/// Command packet length (CPL).
const PACKET_LENGTH: usize = 2;
/// Command header length (CHL).
const HEADER_LENGTH: usize = 1;
/// Command header: SPI, `KIc`, `KID`, TAR, CNTR, PCNTR.
const HEADER: usize = 2 + 1 + 1 + 3 + 5 + 1;

#[cfg(test)]
mod tests {
    use oxisim_wire::ErrorKind;
    use proptest::prelude::*;

    use super::*;
    use crate::concatenation::Reference;

    const TAR: Tar = Tar([0xB0, 0x00, 0x10]);

    #[test]
    fn one_message_holds_121_octets() {
        assert_eq!(CAPACITY, 121);
        let packet = |length| CommandPacket::unsecured(TAR, Counter::MAX, vec![0x5A; length]);
        assert!(packet(CAPACITY).user_data().is_ok());
        assert_eq!(packet(CAPACITY + 1).user_data(), Err(Error::UserDataTooLong { length: 141, limit: 140 }));
    }

    #[test]
    fn the_header_is_the_standards() {
        let packet = CommandPacket::unsecured(TAR, 0x0102_0304.into(), [0xAA]);
        let octets = packet.encode().unwrap();
        assert_eq!(octets, *b"\x00\x0F\x0D\x08\x00\x00\x00\xB0\x00\x10\x00\x01\x02\x03\x04\x00\xAA");
        assert_eq!(CommandPacket::decode(&octets), Ok(packet));
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let octets = CommandPacket::unsecured(TAR, 1.into(), [0xAA]).encode().unwrap();
        let kind = |index: usize, value| {
            let mut octets = octets.clone();
            octets[index] = value;
            match CommandPacket::decode(&octets) {
                Err(Error::Wire(error)) => error.kind,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(kind(1, 0x10), ErrorKind::Truncated { needed: 16, left: 15 });
        assert_eq!(kind(1, 0x0E), ErrorKind::Trailing(1));
        assert_eq!(kind(2, 0x0E), ErrorKind::Trailing(1));
        assert_eq!(kind(2, 0x0C), ErrorKind::Truncated { needed: 1, left: 0 });
    }

    #[test]
    fn security_is_refused_by_its_name() {
        for (spi, integrity, ciphered) in [
            (0x01, Integrity::RedundancyCheck, false),
            (0x02, Integrity::CryptographicChecksum, false),
            (0x03, Integrity::DigitalSignature, false),
            (0x04, Integrity::None, true),
        ] {
            let security = SecurityParameters([spi, 0]);
            assert_eq!((security.integrity(), security.is_ciphered()), (integrity, ciphered));
            let packet = CommandPacket { security, ..CommandPacket::unsecured(TAR, 1.into(), []) };
            assert_eq!(packet.encode(), Err(Error::Secured(security)));
        }
    }

    #[test]
    fn user_data_without_the_whole_packet_is_refused() {
        let octets = CommandPacket::unsecured(TAR, 1.into(), []).encode().unwrap();
        let from = |header| {
            let user_data = UserData::new(DataCoding::EIGHT_BIT_CLASS_2, header, octets.clone()).unwrap();
            CommandPacket::from_user_data(&user_data).map(|_| ())
        };
        let command = || Element::new(ElementId::COMMAND_PACKET, []);
        let part = |total| Concatenation { reference: Reference::Short(1), total, number: 1 }.element();
        assert_eq!(from(vec![]), Err(Error::NoCommandPacket));
        assert_eq!(from(vec![part(2), command()]), Err(Error::Concatenated));
        assert_eq!(from(vec![part(1), command()]), Ok(()));
    }

    #[test]
    fn a_counter_has_40_bits() {
        assert_eq!(Counter::new(Counter::MAX.value()), Some(Counter::MAX));
        assert_eq!(Counter::new(1 << 40), None);
    }

    proptest! {
        #[test]
        fn packets_survive(
            tar: [u8; 3], kic: u8, kid: u8, counter in 0_u64..1 << 40, spi: u8,
            data in prop::collection::vec(any::<u8>(), 0..300)
        ) {
            let packet = CommandPacket {
                security: SecurityParameters([0x18, spi]), kic, kid, tar: Tar(tar),
                counter: Counter::new(counter).unwrap(), data,
            };
            prop_assert_eq!(CommandPacket::decode(&packet.encode().unwrap()), Ok(packet));
        }

        #[test]
        fn any_octets_decode_or_are_refused(octets in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(packet) = CommandPacket::decode(&octets) {
                prop_assert_eq!(packet.encode().unwrap().len(), octets.len());
            }
        }
    }
}
