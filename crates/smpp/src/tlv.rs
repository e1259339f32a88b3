//! Optional parameters (SMPP 5.0 §4.8).

use oxisim_wire::{Reader, Wire};

use crate::{CommandStatus, MessageState, Tag, Version};

/// The optional parameters of a PDU, in their order.
///
/// They are kept as octets and read by whoever asks: peers leave out a terminating zero or send a number of another
/// length, and a message is not refused for a parameter that nobody needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tlvs(Vec<(Tag, Vec<u8>)>);

impl Tlvs {
    /// Reads parameters up to the end of a PDU.
    pub fn read(octets: &[u8]) -> Result<Self, CommandStatus> {
        let mut r = Reader::new(octets);
        let mut all = Vec::new();
        let mut next = || -> Result<Option<(Tag, Vec<u8>)>, oxisim_wire::Error> {
            if r.is_empty() {
                return Ok(None);
            }
            let tag = Tag::read(&mut r)?;
            let length = r.u16("parameter length")?;
            Ok(Some((tag, r.take(length.into(), "parameter value")?.to_vec())))
        };
        while let Some(parameter) = next().map_err(|_| CommandStatus::INVTLVSTREAM)? {
            all.push(parameter);
        }
        Ok(Self(all))
    }

    /// Appends the parameters to a PDU.
    pub fn write(&self, out: &mut Vec<u8>) {
        for (tag, value) in &self.0 {
            tag.write(out);
            (value.len() as u16).write(out);
            out.extend_from_slice(value);
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a parameter; the first one if it comes several times.
    #[must_use]
    pub fn get(&self, tag: Tag) -> Option<&[u8]> {
        self.0.iter().find(|(it, _)| *it == tag).map(|(_, value)| value.as_slice())
    }

    /// Sets a parameter in place of those with its tag. A value of more than 65 535 octets is cut there.
    pub fn set(&mut self, tag: Tag, value: impl Into<Vec<u8>>) {
        let mut value = value.into();
        value.truncate(u16::MAX.into());
        self.take(tag);
        self.0.push((tag, value));
    }

    /// Takes a parameter out, every time it comes; its first value is returned.
    pub fn take(&mut self, tag: Tag) -> Option<Vec<u8>> {
        let mut first = None;
        self.0.retain_mut(|(it, value)| {
            if *it == tag {
                first.get_or_insert_with(|| std::mem::take(value));
            }
            *it != tag
        });
        first
    }

    /// A number of one, two or four octets.
    #[must_use]
    pub fn number(&self, tag: Tag) -> Option<u32> {
        let value = self.get(tag)?;
        (1..=4)
            .contains(&value.len())
            .then(|| value.iter().fold(0, |sum, &octet| sum << 8 | u32::from(octet)))
    }

    /// A text, with or without the zero that ends it.
    #[must_use]
    pub fn text(&self, tag: Tag) -> Option<String> {
        let value = self.get(tag)?;
        let end = value.iter().position(|&octet| octet == 0).unwrap_or(value.len());
        let text = value[..end].iter().map(|&octet| char::from(octet)).collect::<String>();
        (!text.is_empty()).then_some(text)
    }

    /// `receipted_message_id` (SMPP 5.0 §4.8.4.47).
    #[must_use]
    pub fn receipted_message_id(&self) -> Option<String> {
        self.text(Tag::RECEIPTED_MESSAGE_ID)
    }

    /// `user_message_reference` (SMPP 5.0 §4.8.4.62).
    #[must_use]
    pub fn user_message_reference(&self) -> Option<u16> {
        self.number(Tag::USER_MESSAGE_REFERENCE)?.try_into().ok()
    }

    /// `message_state` (SMPP 5.0 §4.8.4.37).
    #[must_use]
    pub fn message_state(&self) -> Option<MessageState> {
        let state = self.number(Tag::MESSAGE_STATE)?;
        state.try_into().ok().map(MessageState)
    }

    /// `congestion_state`: 0 is idle, 100 is congested (SMPP 5.0 §4.8.4.18).
    #[must_use]
    pub fn congestion_state(&self) -> Option<u8> {
        self.number(Tag::CONGESTION_STATE)?.try_into().ok()
    }

    /// `sc_interface_version` (SMPP 5.0 §4.8.4.51).
    #[must_use]
    pub fn sc_interface_version(&self) -> Option<Version> {
        let version = self.number(Tag::SC_INTERFACE_VERSION)?;
        version.try_into().ok().map(Version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_ends_early_is_an_error_of_the_stream() {
        assert_eq!(Tlvs::read(&[0x02, 0x04, 0, 2, 1]), Err(CommandStatus::INVTLVSTREAM));
        assert_eq!(Tlvs::read(&[0x02, 0x04, 0]), Err(CommandStatus::INVTLVSTREAM));
        assert_eq!(Tlvs::read(&[]), Ok(Tlvs::default()));
    }

    #[test]
    fn lengths_that_peers_get_wrong_are_read() {
        let tlvs = Tlvs::read(&hex::decode("0204000107001E0003414243001E0002440004270000").unwrap()).unwrap();
        assert_eq!(tlvs.user_message_reference(), Some(7));
        assert_eq!(tlvs.receipted_message_id().as_deref(), Some("ABC"));
        assert_eq!(tlvs.message_state(), None);
    }

    #[test]
    fn a_parameter_that_is_set_again_is_there_once() {
        let mut tlvs = Tlvs::default();
        tlvs.set(Tag::MESSAGE_STATE, [1]);
        tlvs.set(Tag::MESSAGE_STATE, [2]);
        let mut out = Vec::new();
        tlvs.write(&mut out);
        assert_eq!(hex::encode(out), "0427000102");
        assert_eq!(tlvs.take(Tag::MESSAGE_STATE), Some(vec![2]));
        assert!(tlvs.is_empty());
    }
}
