//! How the messages travel in a short message's user data.
//!
//! To and from a card they are command packets of TS 31.115 with the applet's TAR; to and from a phone's own
//! application they have an application port.

use alloc::vec::Vec;

use oxisim_sms::{
    Alphabet, DataCoding, Element, ElementId, Error, UserData,
    concatenation::Concatenation,
    packet::{CommandPacket, Counter},
};

use crate::{PORT, TAR, message::Source};

/// Octets of a message to or from a card.
pub const CARD_OCTETS: usize = oxisim_sms::packet::CAPACITY;

/// Octets of a message to or from a phone's application: UDHL, and the element with two ports.
pub const PHONE_OCTETS: usize = UserData::LIMIT - 1 - 2 - 4;

/// A message as user data. `counter` numbers what goes to or from a card.
pub fn wrap(source: Source, counter: u32, message: Vec<u8>) -> Result<UserData, Error> {
    match source {
        Source::PHONE => {
            let ports = [PORT.to_be_bytes(), PORT.to_be_bytes()].concat();
            let header = [Element::new(ElementId::PORTS_16, ports)].into();
            UserData::new(DataCoding::EIGHT_BIT, header, message)
        }
        _ => CommandPacket::unsecured(TAR, Counter::from(counter), message).user_data(),
    }
}

/// The message in user data, and whose phonebook it is about; none if it is not one of this protocol.
#[must_use]
pub fn unwrap(user_data: &UserData) -> Option<(Source, Vec<u8>)> {
    let is_part = Concatenation::of(user_data).is_some_and(|concatenation| concatenation.total > 1);
    if is_part || user_data.coding().alphabet() != Alphabet::EightBit {
        return None;
    }
    if let Some(ports) = user_data.element(ElementId::PORTS_16) {
        let is_ours = ports.get(..2) == Some(&PORT.to_be_bytes()[..]);
        return is_ours.then(|| (Source::PHONE, user_data.payload().to_vec()));
    }
    let packet = CommandPacket::from_user_data(user_data).ok()?;
    (packet.tar == TAR).then_some((Source::CARD, packet.data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrapped_comes_out_again() {
        for (source, octets) in [(Source::CARD, CARD_OCTETS), (Source::PHONE, PHONE_OCTETS)] {
            let message: Vec<u8> = (0..octets as u8).collect();
            let user_data = wrap(source, 7, message.clone()).unwrap();
            assert_eq!(unwrap(&user_data), Some((source, message)));
            assert!(wrap(source, 7, [0].repeat(octets + 1)).is_err());
        }
    }
}
