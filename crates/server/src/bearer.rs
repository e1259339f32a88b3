//! What comes in short messages.

use oxisim_backup::{
    TAR,
    carriage::{self, Carried, Unopened},
    security::KeyVersion,
};
use oxisim_sms::{
    Alphabet, ElementId, Error, UserData,
    concatenation::Concatenation,
    packet::{Form, SealedCommand, Tar},
};

use crate::NoMsisdn;

/// Why a short message had no effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    /// It is not from a subscriber.
    #[error("the sender is no subscriber: {0}")]
    Sender(#[from] NoMsisdn),
    /// It is neither a command packet nor 8-bit data with an application port.
    #[error("it has nothing to do with the backup")]
    Unrelated,
    /// It is a command packet for another application.
    #[error("it is for the application {0:?}")]
    OtherApplication(Tar),
    /// It is for another application port.
    #[error("it is for port {0}")]
    OtherPort(u16),
    /// It is one part of a long message, which no message of the backup is.
    #[error("it is one part of a concatenated message")]
    Concatenated,
    /// Its command packet cannot be read.
    #[error("its command packet cannot be taken: {0}")]
    Packet(Error),
    /// Its message of the backup cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(oxisim_wire::Error),
    /// It came the way of another phonebook than the one that it is about.
    #[error("it is about another phonebook than its sender's")]
    Phonebook,
    /// Nothing secures it, and its sender's card has keys.
    #[error("it is not secured, and the subscriber's card has keys")]
    Unsecured,
    /// It is secured, and the server has no keys of its sender's card.
    #[error("it is secured, and no card with keys is the subscriber's")]
    NoKeys,
    /// It is secured with a version of the keys that its sender's card does not have.
    #[error("it is secured with version {0} of the keys")]
    KeyVersion(KeyVersion),
    /// It does not open.
    #[error("it does not open: {0}")]
    Unopened(Unopened),
    /// It has come before, or is too old to know.
    #[error("it is a replay: its counter is {0}")]
    Replayed(u64),
    /// It contradicts what earlier messages of the same backup said.
    #[error("it contradicts an earlier one about generation {0}")]
    Contradiction(u16),
    /// A block has come before with another body: the first stays.
    #[error("ALARM: block {number} of generation {generation} has come before with another body")]
    Altered {
        /// Which backup.
        generation: u16,
        /// Which block.
        number: u16,
    },
}

impl Ignored {
    /// Whether it may be the work of an attacker: it does not prove who sent it, or is a replay.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Phonebook
                | Self::Unsecured
                | Self::NoKeys
                | Self::KeyVersion(_)
                | Self::Unopened(_)
                | Self::Replayed(_)
        )
    }
}

/// What of the backup there is in a short message.
pub(crate) fn read(user_data: &UserData) -> Result<Carried, Ignored> {
    if user_data.coding().alphabet() != Alphabet::EightBit {
        return Err(Ignored::Unrelated);
    }
    if Concatenation::of(user_data).is_some_and(|concatenation| concatenation.total > 1) {
        return Err(Ignored::Concatenated);
    }
    carriage::read(user_data).ok_or_else(|| reason(user_data))
}

/// Why there is no message of the backup in a short message.
fn reason(user_data: &UserData) -> Ignored {
    if let Some(&[high, low, ..]) = user_data.element(ElementId::PORTS_16) {
        return Ignored::OtherPort(u16::from_be_bytes([high, low]));
    }
    if user_data.element(ElementId::COMMAND_PACKET).is_none() {
        return Ignored::Unrelated;
    }
    match SealedCommand::decode(Form::ShortMessage, user_data.payload()) {
        Ok(packet) if packet.tar != TAR => Ignored::OtherApplication(packet.tar),
        Ok(packet) => Ignored::Unopened(Unopened::Security(packet.security)),
        Err(error) => Ignored::Packet(Error::Wire(error)),
    }
}

#[cfg(test)]
mod tests {
    use oxisim_backup::{PORT, message::Source};
    use oxisim_sms::{DataCoding, Element, packet::CommandPacket};

    use super::*;

    fn for_card(message: Vec<u8>) -> UserData {
        carriage::wrap(Source::CARD, 1, message).unwrap()
    }

    fn ports(data: &[u8], coding: DataCoding) -> UserData {
        UserData::new(coding, vec![Element::new(ElementId::PORTS_16, data)], vec![0x21, 0x00]).unwrap()
    }

    #[test]
    fn both_ways_lead_back() {
        let message = vec![0x21, 0x01, 0x02];
        for source in [Source::CARD, Source::PHONE] {
            let user_data = carriage::wrap(source, 1, message.clone()).unwrap();
            assert_eq!(read(&user_data), Ok(Carried::Plain(source, message.clone())));
        }
    }

    #[test]
    fn what_is_for_others_is_told_apart() {
        assert_eq!(read(&UserData::from_text("Hello").unwrap()), Err(Ignored::Unrelated));
        let other = CommandPacket::unsecured(Tar([0xB0, 0, 0x10]), 1.into(), [0x21]);
        assert_eq!(read(&other.user_data().unwrap()), Err(Ignored::OtherApplication(other.tar)));
        assert_eq!(read(&ports(&[0x23, 0xF0, 0, 0], DataCoding::EIGHT_BIT)), Err(Ignored::OtherPort(9_200)));
        assert_eq!(read(&ports(&[0x42], DataCoding::EIGHT_BIT)), Err(Ignored::Unrelated));
        let [high, low] = PORT.to_be_bytes();
        assert_eq!(read(&ports(&[high, low, 0, 0], DataCoding::UCS2)), Err(Ignored::Unrelated));
    }

    #[test]
    fn a_part_of_a_long_message_is_not_taken() {
        for source in [Source::CARD, Source::PHONE] {
            let (coding, mut header, payload) = carriage::wrap(source, 1, vec![0x21]).unwrap().into_parts();
            header.insert(0, Element::new(ElementId::CONCATENATED_8, [1, 2, 1]));
            let part = UserData::new(coding, header, payload).unwrap();
            assert_eq!(read(&part), Err(Ignored::Concatenated));
        }
    }

    #[test]
    fn a_packet_that_is_cut_is_not_taken() {
        let whole = for_card(vec![0x21; 20]);
        let (coding, header, payload) = whole.into_parts();
        for cut in 0..payload.len() {
            let user_data = UserData::new(coding, header.clone(), payload[..cut].to_vec()).unwrap();
            assert!(matches!(read(&user_data), Err(Ignored::Packet(_))), "{cut}");
        }
    }
}
