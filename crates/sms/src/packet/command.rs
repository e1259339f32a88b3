//! Command packets (TS 102 225 §5.1, TS 31.115 §4.2).

use alloc::{vec, vec::Vec};

use super::{
    Counter, Deciphered, Form, Keys, Kic, Kid, Protection, Refusal, SecurityParameters, Suite, Tar,
    frame::{Content, Frame, Kind},
};
use crate::{DataCoding, Element, ElementId, Error, UserData, concatenation::Concatenation};

/// A command packet: secured data for an application, and how it is secured (TS 102 225 §5.1).
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
    pub kic: Kic,
    /// `KID`: key and algorithm for the check, checksum or signature.
    pub kid: Kid,
    /// TAR.
    pub tar: Tar,
    /// CNTR.
    pub counter: Counter,
    /// Secured data.
    pub data: Vec<u8>,
}

/// Octets of secured data that fit one message in a packet without cryptography.
pub const CAPACITY: usize = Suite::NONE.command_capacity(1);

impl CommandPacket {
    /// A packet without security, whose counter is for information only.
    #[must_use]
    pub fn unsecured(tar: Tar, counter: Counter, data: impl Into<Vec<u8>>) -> Self {
        let security = SecurityParameters::UNSECURED;
        Self { security, kic: Kic::default(), kid: Kid::default(), tar, counter, data: data.into() }
    }

    /// How it is protected, by its header.
    #[must_use]
    pub const fn protection(&self) -> Protection {
        self.security.command(self.kic, self.kid)
    }

    /// The packet, from CPL or CPI on, secured as its header says.
    pub fn seal(&self, form: Form, keys: &Keys) -> Result<Vec<u8>, Error> {
        let Self { security, kic, kid, tar, counter, ref data } = *self;
        let clear = [&security.0[..], &[kic.0, kid.0], &tar.0].concat();
        let content = Content { kind: Kind::Command, clear: &clear, counter, status: None, data };
        content.seal(form, self.protection(), keys)
    }

    /// Decodes CPL and what follows; a packet with security is [`Error::Secured`].
    pub fn decode(octets: &[u8]) -> Result<Self, Error> {
        let sealed = SealedCommand::decode(Form::ShortMessage, octets)?;
        if sealed.security.is_secured() {
            return Err(Error::Secured(sealed.security));
        }
        Ok(sealed.open(&Keys::default())?)
    }

    /// Encodes the packet from CPL on; a packet with security is [`Error::Secured`].
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        if self.security.is_secured() {
            return Err(Error::Secured(self.security));
        }
        self.seal(Form::ShortMessage, &Keys::default())
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

/// A command packet whose clear octets are read, so that its receiver can choose the keys (TS 102 225 §5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedCommand {
    /// SPI.
    pub security: SecurityParameters,
    /// `KIc`: key and algorithm for ciphering.
    pub kic: Kic,
    /// `KID`: key and algorithm for the check, checksum or signature.
    pub kid: Kid,
    /// TAR.
    pub tar: Tar,
    frame: Frame,
}

impl SealedCommand {
    /// Reads a packet from CPL or CPI on.
    pub fn decode(form: Form, octets: &[u8]) -> Result<Self, oxisim_wire::Error> {
        let frame = Frame::decode(form, Kind::Command, octets)?;
        let mut clear = frame.clear();
        let security = SecurityParameters(clear.array("SPI")?);
        let (kic, kid) = (Kic(clear.u8("KIc")?), Kid(clear.u8("KID")?));
        let tar = Tar(clear.array("TAR")?);
        Ok(Self { security, kic, kid, tar, frame })
    }

    /// How it is protected, by its header.
    #[must_use]
    pub const fn protection(&self) -> Protection {
        self.security.command(self.kic, self.kid)
    }

    /// Octets of the check, checksum or signature, by the header's length.
    #[must_use]
    pub const fn check_octets(&self) -> usize {
        self.frame.check_octets()
    }

    /// The packet, if it deciphers and verifies with `keys`. Its counter is still to be
    /// [judged](super::CounterMode::judge).
    ///
    /// The padding counter of a packet that is not ciphered is ignored.
    pub fn open(&self, keys: &Keys) -> Result<CommandPacket, Refusal> {
        let deciphered = self.decipher(Suite::of(self.protection(), keys.agreement)?, keys)?;
        let Self { security, kic, kid, tar, .. } = *self;
        let counter = deciphered.counter;
        Ok(CommandPacket { security, kic, kid, tar, counter, data: deciphered.verify(keys)? })
    }

    /// Deciphers the packet by `suite`, which need not be what its header says, and verifies nothing.
    pub fn decipher(&self, suite: Suite, keys: &Keys) -> Result<Deciphered, Refusal> {
        self.frame.decipher(suite, keys)
    }
}

#[cfg(test)]
mod tests {
    use oxisim_wire::ErrorKind;
    use proptest::prelude::*;

    use super::super::Integrity;
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
        assert_eq!(kind(2, 0x0F), ErrorKind::Truncated { needed: 15, left: 14 });
        assert_eq!(kind(2, 0x0C), ErrorKind::Truncated { needed: 6, left: 5 });
        let mut checked = octets;
        checked[2] = 0x0E;
        let refused = Refusal::CheckLength { found: 1, expected: 0 };
        assert_eq!(CommandPacket::decode(&checked), Err(Error::Packet(refused)));
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

    proptest! {
        #[test]
        fn packets_survive(
            tar: [u8; 3], kic: u8, kid: u8, counter in 0_u64..1 << 40, spi: u8,
            data in prop::collection::vec(any::<u8>(), 0..300)
        ) {
            let packet = CommandPacket {
                security: SecurityParameters([0x18, spi]), kic: Kic(kic), kid: Kid(kid), tar: Tar(tar),
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
