//! How messages of the backup travel in short messages.
//!
//! To and from an applet in a card: a command packet (TS 31.115 §4). To and from an application in a phone: 8-bit
//! data with application ports (TS 23.040 §9.2.3.24.4).

use oxisim_backup::{PORT, TAR};
use oxisim_sms::{
    Alphabet, DataCoding, Element, ElementId, Error, UserData,
    concatenation::Concatenation,
    packet::{CommandPacket, Counter, Tar},
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
    /// It contradicts what earlier messages of the same backup said.
    #[error("it contradicts an earlier one about generation {0}")]
    Contradiction(u16),
}

/// The message of the backup in a short message.
pub(crate) fn unwrap(user_data: &UserData) -> Result<Vec<u8>, Ignored> {
    if user_data.coding().alphabet() != Alphabet::EightBit {
        return Err(Ignored::Unrelated);
    }
    if Concatenation::of(user_data).is_some_and(|concatenation| concatenation.total > 1) {
        return Err(Ignored::Concatenated);
    }
    if user_data.element(ElementId::COMMAND_PACKET).is_some() {
        let packet = CommandPacket::from_user_data(user_data).map_err(Ignored::Packet)?;
        return if packet.tar == TAR { Ok(packet.data) } else { Err(Ignored::OtherApplication(packet.tar)) };
    }
    match user_data.element(ElementId::PORTS_16) {
        Some(&[high, low, ..]) => match u16::from_be_bytes([high, low]) {
            PORT => Ok(user_data.payload().to_vec()),
            other => Err(Ignored::OtherPort(other)),
        },
        _ => Err(Ignored::Unrelated),
    }
}

/// A message for the applet in the card.
pub(crate) fn for_card(message: Vec<u8>, counter: Counter) -> Result<UserData, Error> {
    CommandPacket::unsecured(TAR, counter, message).user_data()
}

/// A message for the application in the phone.
pub(crate) fn for_phone(message: Vec<u8>) -> Result<UserData, Error> {
    let [high, low] = PORT.to_be_bytes();
    let ports = Element::new(ElementId::PORTS_16, [high, low, high, low]);
    UserData::new(DataCoding::EIGHT_BIT, vec![ports], message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(data: &[u8], coding: DataCoding) -> UserData {
        UserData::new(coding, vec![Element::new(ElementId::PORTS_16, data)], vec![0x21, 0x00]).unwrap()
    }

    #[test]
    fn both_ways_lead_back() {
        let message = vec![0x21, 0x01, 0x02];
        assert_eq!(unwrap(&for_card(message.clone(), 7.into()).unwrap()), Ok(message.clone()));
        assert_eq!(unwrap(&for_phone(message.clone()).unwrap()), Ok(message));
    }

    #[test]
    fn what_is_for_others_is_told_apart() {
        assert_eq!(unwrap(&UserData::from_text("Hello").unwrap()), Err(Ignored::Unrelated));
        let other = CommandPacket::unsecured(Tar([0xB0, 0, 0x10]), 1.into(), [0x21]);
        assert_eq!(unwrap(&other.user_data().unwrap()), Err(Ignored::OtherApplication(other.tar)));
        assert_eq!(
            unwrap(&ports(&[0x23, 0xF0, 0, 0], DataCoding::EIGHT_BIT)),
            Err(Ignored::OtherPort(9_200))
        );
        assert_eq!(unwrap(&ports(&[0x42], DataCoding::EIGHT_BIT)), Err(Ignored::Unrelated));
        let [high, low] = PORT.to_be_bytes();
        assert_eq!(unwrap(&ports(&[high, low, 0, 0], DataCoding::UCS2)), Err(Ignored::Unrelated));
    }

    #[test]
    fn a_packet_that_needs_keys_or_is_cut_is_not_taken() {
        let whole = for_card(vec![0x21; 20], 1.into()).unwrap();
        let (coding, header, mut payload) = whole.into_parts();
        for cut in 0..payload.len() {
            let user_data = UserData::new(coding, header.clone(), payload[..cut].to_vec()).unwrap();
            assert!(matches!(unwrap(&user_data), Err(Ignored::Packet(_))), "{cut}");
        }
        // SPI: cryptographic checksum.
        payload[3] |= 0x02;
        let user_data = UserData::new(coding, header, payload).unwrap();
        assert!(matches!(unwrap(&user_data), Err(Ignored::Packet(Error::Secured(_)))));
    }
}
