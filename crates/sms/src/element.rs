//! Information elements of a user data header (TS 23.040 §9.2.3.24).

use alloc::vec::Vec;

use oxisim_wire::codes;

codes! {
    /// Information element identifier of a user data header (TS 23.040 §9.2.3.24).
    pub struct ElementId(u8) {
        /// Concatenated short messages, 8-bit reference number.
        CONCATENATED_8 = 0x00,
        /// Special SMS message indication.
        SPECIAL_INDICATION = 0x01,
        /// Application port addressing, 8-bit address.
        PORTS_8 = 0x04,
        /// Application port addressing, 16-bit address.
        PORTS_16 = 0x05,
        /// SMSC control parameters.
        SMSC_CONTROL = 0x06,
        /// UDH source indicator.
        UDH_SOURCE = 0x07,
        /// Concatenated short messages, 16-bit reference number.
        CONCATENATED_16 = 0x08,
        /// Wireless control message protocol.
        WIRELESS_CONTROL = 0x09,
        /// Text formatting.
        TEXT_FORMATTING = 0x0A,
        /// Predefined sound.
        PREDEFINED_SOUND = 0x0B,
        /// User defined sound.
        USER_DEFINED_SOUND = 0x0C,
        /// Predefined animation.
        PREDEFINED_ANIMATION = 0x0D,
        /// Large animation.
        LARGE_ANIMATION = 0x0E,
        /// Small animation.
        SMALL_ANIMATION = 0x0F,
        /// Large picture.
        LARGE_PICTURE = 0x10,
        /// Small picture.
        SMALL_PICTURE = 0x11,
        /// Variable picture.
        VARIABLE_PICTURE = 0x12,
        /// User prompt indicator.
        USER_PROMPT = 0x13,
        /// Extended object.
        EXTENDED_OBJECT = 0x14,
        /// Reused extended object.
        REUSED_EXTENDED_OBJECT = 0x15,
        /// Compression control.
        COMPRESSION_CONTROL = 0x16,
        /// Object distribution indicator.
        OBJECT_DISTRIBUTION = 0x17,
        /// Standard WVG object.
        STANDARD_WVG = 0x18,
        /// Character size WVG object.
        CHARACTER_SIZE_WVG = 0x19,
        /// Extended object data request command.
        EXTENDED_OBJECT_REQUEST = 0x1A,
        /// RFC 5322 e-mail header.
        ELECTRONIC_MAIL_HEADER = 0x20,
        /// Hyperlink format.
        HYPERLINK = 0x21,
        /// Reply address.
        REPLY_ADDRESS = 0x22,
        /// Enhanced voice mail information.
        ENHANCED_VOICE_MAIL = 0x23,
        /// National language single shift.
        NATIONAL_SINGLE_SHIFT = 0x24,
        /// National language locking shift.
        NATIONAL_LOCKING_SHIFT = 0x25,
        /// The message is a command packet (TS 31.115 §4).
        COMMAND_PACKET = 0x70,
        /// The message is a response packet (TS 31.115 §4).
        RESPONSE_PACKET = 0x71,
    }
}

impl ElementId {
    /// Whether each of several such elements counts; of the others the last one does (TS 23.040 §9.2.3.24). One that is
    /// not known is for whoever knows it.
    #[must_use]
    pub const fn may_repeat(self) -> bool {
        !matches!(
            self,
            Self::CONCATENATED_8
                | Self::PORTS_8
                | Self::PORTS_16
                | Self::SMSC_CONTROL
                | Self::CONCATENATED_16
                | Self::COMPRESSION_CONTROL
                | Self::EXTENDED_OBJECT_REQUEST
                | Self::ELECTRONIC_MAIL_HEADER
                | Self::REPLY_ADDRESS
                | Self::ENHANCED_VOICE_MAIL
                | Self::NATIONAL_SINGLE_SHIFT
                | Self::NATIONAL_LOCKING_SHIFT
        )
    }

    /// Whether an element of `later`, further behind, takes this one's place: it says the same anew, or what this one
    /// excludes, as the two kinds of ports and the two kinds of reference numbers exclude each other.
    #[must_use]
    pub const fn is_overruled_by(self, later: Self) -> bool {
        !self.may_repeat() && self.place().0 == later.place().0
    }

    /// The element that stands for all that exclude each other.
    const fn place(self) -> Self {
        match self {
            Self::PORTS_8 => Self::PORTS_16,
            Self::CONCATENATED_8 => Self::CONCATENATED_16,
            other => other,
        }
    }

    /// Whether it is about the whole of a concatenated message, so that each part has it: ports, the control of status
    /// reports, languages. The others are about a place in their part.
    #[must_use]
    pub const fn is_in_each_part(self) -> bool {
        matches!(
            self,
            Self::PORTS_8
                | Self::PORTS_16
                | Self::SMSC_CONTROL
                | Self::NATIONAL_SINGLE_SHIFT
                | Self::NATIONAL_LOCKING_SHIFT
        )
    }
}

/// An information element of a user data header (TS 23.040 §9.2.3.24).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Element {
    /// What it is.
    pub id: ElementId,
    /// Its data.
    pub data: Vec<u8>,
}

impl Element {
    /// An element.
    #[must_use]
    pub fn new(id: ElementId, data: impl Into<Vec<u8>>) -> Self {
        Self { id, data: data.into() }
    }
}

/// The elements of a header that count, in their order: those that none behind them overrules.
pub(crate) fn effective(header: &[Element]) -> impl Iterator<Item = &Element> {
    header.iter().enumerate().filter_map(|(index, element)| {
        let behind = header.get(index + 1..).unwrap_or_default();
        let is_overruled = behind.iter().any(|later| element.id.is_overruled_by(later.id));
        (!is_overruled).then_some(element)
    })
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn counting(header: &[Element]) -> Vec<&[u8]> {
        effective(header).map(|element| element.data.as_slice()).collect()
    }

    #[test]
    fn the_last_of_what_cannot_be_repeated_counts() {
        let header = vec![
            Element::new(ElementId::REPLY_ADDRESS, [1]),
            Element::new(ElementId::HYPERLINK, [2]),
            Element::new(ElementId::REPLY_ADDRESS, [3]),
            Element::new(ElementId::HYPERLINK, [4]),
        ];
        assert_eq!(counting(&header), [&[2][..], &[3], &[4]]);
    }

    #[test]
    fn the_last_of_what_excludes_each_other_counts() {
        let header = vec![
            Element::new(ElementId::PORTS_16, [1, 2, 3, 4]),
            Element::new(ElementId::CONCATENATED_16, [0, 1, 2, 1]),
            Element::new(ElementId::PORTS_8, [5, 6]),
            Element::new(ElementId::CONCATENATED_8, [1, 2, 1]),
        ];
        assert_eq!(counting(&header), [&[5, 6][..], &[1, 2, 1]]);
    }

    #[test]
    fn all_of_what_is_not_known_counts() {
        let header = vec![Element::new(ElementId(0x6F), [1]), Element::new(ElementId(0x6F), [2])];
        assert_eq!(counting(&header), [&[1][..], &[2]]);
    }
}
