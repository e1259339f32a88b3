//! How the messages travel in a short message's user data.
//!
//! To and from a card they are command packets of TS 31.115 with the applet's TAR, ciphered and with a checksum; to and
//! from a phone's own application they have an application port, and nothing secures them. Without keys a card's
//! packets are not secured either.

use alloc::{vec, vec::Vec};

use oxisim_sms::{
    Alphabet, DataCoding, Element, ElementId, Error, UserData,
    concatenation::Concatenation,
    packet::{
        Check, Cipher, CommandPacket, Counter, Form, Key, Keys, Kic, Kid, Refusal, SealedCommand,
        SecurityParameters, Suite,
    },
};

use crate::{
    PORT, TAR,
    message::Source,
    security::{KeySet, KeyVersion},
};

/// How a card's messages are secured: AES-128 in CBC mode, and a checksum of 8 octets by AES-CMAC.
const SUITE: Suite = Suite { cipher: Some(Cipher::AesCbc), check: Some(Check::AesCmac64) };

/// AES in CBC mode as `KIc` says it, AES-CMAC as `KID` does (TS 102 225 §5.1.2, §5.1.3); the key set number stands
/// before it.
const AES: u8 = 0x02;

/// Octets of a message to or from a card. Without keys there would be room for more: but a card that gets keys while a
/// backup is under way sends the same blocks.
pub const CARD_OCTETS: usize = SUITE.command_capacity(1);

/// Octets of a message to or from a phone's application: UDHL, and the element with two ports.
pub const PHONE_OCTETS: usize = UserData::LIMIT - 1 - 2 - 4;

/// Which way a card's message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the server, which takes packets in any order.
    ToServer,
    /// To the card, which takes those with a higher counter than the last.
    ToCard,
}

impl Direction {
    /// Ciphering and a cryptographic checksum, no proof of receipt; what the counter is for differs. So what goes one
    /// way is no packet of the other.
    #[must_use]
    pub const fn security(self) -> SecurityParameters {
        match self {
            Self::ToServer => SecurityParameters([0x0E, 0x00]),
            Self::ToCard => SecurityParameters([0x16, 0x00]),
        }
    }
}

/// What came in user data, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// A message that nothing secures, and the way that it came: that of a card or that of a phone's application.
    Plain(Source, Vec<u8>),
    /// A message to or from a card, in a packet that takes its keys.
    Sealed(Sealed),
}

/// A packet that takes a card's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(SealedCommand);

/// Why a packet does not open. Who sent it is not told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// Its header says that it is secured in another way, or for the other direction.
    #[error("its security is {:02X?}", .0.0)]
    Security(SecurityParameters),
    /// Its header names other keys than the card has.
    #[error("it is secured with other keys: KIc {:02X}, KID {:02X}", .0.0, .1.0)]
    Keys(Kic, Kid),
    /// It does not decipher, or its checksum is wrong.
    #[error("{0}")]
    Packet(Refusal),
}

/// A message as user data, without security. `counter` numbers what goes to or from a card.
pub fn wrap(source: Source, counter: impl Into<Counter>, message: Vec<u8>) -> Result<UserData, Error> {
    match source {
        Source::PHONE => {
            let ports = [PORT.to_be_bytes(), PORT.to_be_bytes()].concat();
            let header = [Element::new(ElementId::PORTS_16, ports)].into();
            UserData::new(DataCoding::EIGHT_BIT, header, message)
        }
        _ => CommandPacket::unsecured(TAR, counter.into(), message).user_data(),
    }
}

/// A card's message as user data, secured. The counter is one that the keys have not been used with, but for the same
/// message.
pub fn seal(
    direction: Direction,
    keys: &KeySet,
    counter: Counter,
    message: Vec<u8>,
) -> Result<UserData, Error> {
    let (kic, kid) = names(keys.version);
    let packet = CommandPacket { security: direction.security(), kic, kid, tar: TAR, counter, data: message };
    let octets = packet.seal(Form::ShortMessage, &packet_keys(keys)?)?;
    let header = vec![Element::new(ElementId::COMMAND_PACKET, [])];
    UserData::new(DataCoding::EIGHT_BIT_CLASS_2, header, octets)
}

/// What there is in user data; none if it has nothing to do with this protocol.
#[must_use]
pub fn read(user_data: &UserData) -> Option<Carried> {
    let is_part = Concatenation::of(user_data).is_some_and(|concatenation| concatenation.total > 1);
    if is_part || user_data.coding().alphabet() != Alphabet::EightBit {
        return None;
    }
    if let Some(ports) = user_data.element(ElementId::PORTS_16) {
        let is_ours = ports.get(..2) == Some(&PORT.to_be_bytes()[..]);
        return is_ours.then(|| Carried::Plain(Source::PHONE, user_data.payload().to_vec()));
    }
    user_data.element(ElementId::COMMAND_PACKET)?;
    let packet = SealedCommand::decode(Form::ShortMessage, user_data.payload()).ok()?;
    if packet.tar != TAR {
        return None;
    }
    if packet.security.is_secured() {
        return Some(Carried::Sealed(Sealed(packet)));
    }
    let packet = packet.open(&Keys::default()).ok()?;
    Some(Carried::Plain(Source::CARD, packet.data))
}

/// The message in user data, for whoever looks on: with the card's keys what they open, without them what needs none.
#[must_use]
pub fn look(user_data: &UserData, direction: Direction, keys: Option<&KeySet>) -> Option<Vec<u8>> {
    match read(user_data)? {
        Carried::Plain(_, message) => Some(message),
        Carried::Sealed(sealed) => sealed.open(direction, keys?).ok().map(|(_, message)| message),
    }
}

impl Sealed {
    /// A packet that the card has got for the applet.
    #[must_use]
    pub const fn new(packet: SealedCommand) -> Self {
        Self(packet)
    }

    /// The version of the keys that it takes.
    pub fn version(&self) -> Result<KeyVersion, Unopened> {
        let SealedCommand { kic, kid, .. } = self.0;
        let version = KeyVersion::new(kic.key_set()).filter(|&version| names(version) == (kic, kid));
        version.ok_or(Unopened::Keys(kic, kid))
    }

    /// The message in it, and its counter, which is still to be judged.
    pub fn open(&self, direction: Direction, keys: &KeySet) -> Result<(Counter, Vec<u8>), Unopened> {
        if self.0.security != direction.security() {
            return Err(Unopened::Security(self.0.security));
        }
        if self.version()? != keys.version {
            return Err(Unopened::Keys(self.0.kic, self.0.kid));
        }
        let packet = packet_keys(keys).and_then(|keys| self.0.open(&keys)).map_err(Unopened::Packet)?;
        Ok((packet.counter, packet.data))
    }
}

/// `KIc` and `KID` that name a version of a card's keys.
const fn names(version: KeyVersion) -> (Kic, Kid) {
    let octet = version.number() << 4 | AES;
    (Kic(octet), Kid(octet))
}

fn packet_keys(keys: &KeySet) -> Result<Keys, Refusal> {
    Ok(Keys::new(Key::new(&keys.kic)?, Key::new(&keys.kid)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEYS: KeySet =
        KeySet { version: KeyVersion::FIRST, kic: [0x1C; 16], kid: [0x1D; 16], kik: [0; 16] };

    fn sealed(direction: Direction, keys: &KeySet, message: &[u8]) -> Sealed {
        let user_data = seal(direction, keys, Counter::from(7), message.to_vec()).unwrap();
        match read(&user_data) {
            Some(Carried::Sealed(sealed)) => sealed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_message_to_or_from_a_card_has_98_octets() {
        assert_eq!(CARD_OCTETS, 98);
        for direction in [Direction::ToServer, Direction::ToCard] {
            let seal = |octets| seal(direction, &KEYS, Counter::MAX, vec![0x5A; octets]);
            assert!(seal(CARD_OCTETS).is_ok());
            assert!(seal(CARD_OCTETS + 1).is_err());
        }
    }

    #[test]
    fn what_is_wrapped_comes_out_again() {
        for (source, octets) in [(Source::CARD, CARD_OCTETS), (Source::PHONE, PHONE_OCTETS)] {
            let message: Vec<u8> = (0..octets as u8).collect();
            let user_data = wrap(source, 7, message.clone()).unwrap();
            assert_eq!(read(&user_data), Some(Carried::Plain(source, message)));
        }
        assert!(wrap(Source::PHONE, 7, vec![0; PHONE_OCTETS + 1]).is_err());
    }

    #[test]
    fn what_goes_one_way_does_not_open_on_the_other() {
        let packet = sealed(Direction::ToServer, &KEYS, &[1, 2, 3]);
        assert_eq!(packet.open(Direction::ToServer, &KEYS), Ok((Counter::from(7), vec![1, 2, 3])));
        let reflected = packet.open(Direction::ToCard, &KEYS);
        assert_eq!(reflected, Err(Unopened::Security(SecurityParameters([0x0E, 0x00]))));
    }

    #[test]
    fn a_packet_says_which_version_of_the_keys_it_takes() {
        let next = KeySet { version: KeyVersion::FIRST.next(), ..KEYS.clone() };
        let packet = sealed(Direction::ToCard, &next, &[1]);
        assert_eq!(packet.version(), Ok(next.version));
        assert_eq!(packet.open(Direction::ToCard, &KEYS), Err(Unopened::Keys(Kic(0x22), Kid(0x22))));
        assert!(packet.open(Direction::ToCard, &next).is_ok());
    }

    #[test]
    fn other_keys_open_nothing() {
        let packet = sealed(Direction::ToCard, &KEYS, &[1]);
        for other in [KeySet { kic: [0; 16], ..KEYS.clone() }, KeySet { kid: [0; 16], ..KEYS.clone() }] {
            assert!(matches!(packet.open(Direction::ToCard, &other), Err(Unopened::Packet(_))));
        }
    }

    #[test]
    fn who_looks_on_sees_what_the_keys_open() {
        let user_data = seal(Direction::ToServer, &KEYS, Counter::from(1), vec![0x22]).unwrap();
        assert_eq!(look(&user_data, Direction::ToServer, Some(&KEYS)), Some(vec![0x22]));
        assert_eq!(look(&user_data, Direction::ToServer, None), None);
        let plain = wrap(Source::PHONE, 0, vec![0x22]).unwrap();
        assert_eq!(look(&plain, Direction::ToServer, None), Some(vec![0x22]));
    }

    proptest! {
        #[test]
        fn a_changed_packet_opens_never(
            message in prop::collection::vec(any::<u8>(), 1..=CARD_OCTETS), bit: prop::sample::Index
        ) {
            let user_data = seal(Direction::ToServer, &KEYS, Counter::from(7), message).unwrap();
            let (coding, header, mut octets) = user_data.into_parts();
            let bit = bit.index(8 * octets.len());
            octets[bit / 8] ^= 1 << (bit % 8);
            let changed = UserData::new(coding, header, octets).unwrap();
            if let Some(Carried::Sealed(sealed)) = read(&changed) {
                prop_assert!(sealed.open(Direction::ToServer, &KEYS).is_err());
            }
        }
    }
}
