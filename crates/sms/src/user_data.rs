//! TP-User-Data and its header (TS 23.040 §9.2.3.24).

use alloc::{string::String, vec::Vec};

use oxisim_wire::{ErrorKind, Reader, Wire};

use crate::{
    Content, DataCoding, Element, ElementId, Error,
    alphabet::{self, Tables},
    element::effective,
};

/// TP-Data-Coding-Scheme, TP-User-Data-Length and TP-User-Data as one: coding, header and payload
/// (TS 23.040 §9.2.3.10, §9.2.3.16, §9.2.3.24).
///
/// The payload is septets, one an octet, if the coding [counts septets](DataCoding::counts_septets), and octets
/// otherwise; packing and fill bits are the codec's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserData {
    coding: DataCoding,
    header: Vec<Element>,
    payload: Vec<u8>,
}

impl UserData {
    /// Octets of user data, header included, that fit an SMS-DELIVER or SMS-SUBMIT (TS 23.040 §9.2.2.1, §9.2.2.2).
    pub const LIMIT: usize = 140;

    /// User data of at most [`Self::LIMIT`] octets: 160 septets without a header.
    pub fn new(coding: DataCoding, header: Vec<Element>, mut payload: Vec<u8>) -> Result<Self, Error> {
        if coding.counts_septets() {
            for septet in &mut payload {
                *septet &= 0x7F;
            }
        }
        let length = Layout::new(coding, header_length(&header)).octets(payload.len());
        if length > Self::LIMIT {
            return Err(Error::UserDataTooLong { length, limit: Self::LIMIT });
        }
        Ok(Self { coding, header, payload })
    }

    /// No octets.
    pub(crate) const fn empty() -> Self {
        Self { coding: DataCoding::EIGHT_BIT, header: Vec::new(), payload: Vec::new() }
    }

    /// Text without a header, in the default alphabet if it has all characters, otherwise in UCS2.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        let (coding, payload) = DataCoding::encode_text(text);
        Self::new(coding, Vec::new(), payload)
    }

    /// How much payload fits beside `header`: septets if the coding counts them, octets otherwise.
    #[must_use]
    pub fn capacity(coding: DataCoding, header: &[Element]) -> usize {
        Layout::new(coding, header_length(header)).capacity(Self::LIMIT)
    }

    /// How the payload is coded.
    #[must_use]
    pub const fn coding(&self) -> DataCoding {
        self.coding
    }

    /// The elements of the header; empty without one.
    #[must_use]
    pub fn header(&self) -> &[Element] {
        &self.header
    }

    /// The data of the header's last element `id`: a repeated element overrules (TS 23.040 §9.2.3.24).
    #[must_use]
    pub fn element(&self, id: ElementId) -> Option<&[u8]> {
        self.header.iter().rfind(|element| element.id == id).map(|element| element.data.as_slice())
    }

    /// The elements of the header that count: all of those that may be repeated, the last of the others
    /// (TS 23.040 §9.2.3.24).
    pub fn effective(&self) -> impl Iterator<Item = &Element> {
        effective(&self.header)
    }

    /// The ports of the application that the message is for, and is from; the last element of ports counts, whether it
    /// has 8 or 16 bits.
    #[must_use]
    pub fn ports(&self) -> Option<Ports> {
        self.effective().find_map(|element| match Content::of(element)? {
            Content::Ports8(ports) => {
                Some(Ports { destination: ports.destination.into(), originator: ports.originator.into() })
            }
            Content::Ports16(ports) => {
                Some(Ports { destination: ports.destination, originator: ports.originator })
            }
            _ => None,
        })
    }

    /// The tables that the septets of the payload mean.
    #[must_use]
    pub fn tables(&self) -> Tables {
        Tables::of(&self.header)
    }

    /// Septets, one an octet, if the coding counts septets; octets otherwise.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload as text, as [`DataCoding::text_by`] does it with the tables that the header asks for.
    #[must_use]
    pub fn text(&self) -> String {
        self.coding.text_by(self.tables(), &self.payload)
    }

    /// TP-User-Data as on the air, header included, without its length.
    #[must_use]
    pub fn to_octets(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(1 + self.octets());
        self.write(&mut octets);
        octets.split_off(1)
    }

    /// Octets of TP-User-Data, header included.
    #[must_use]
    pub fn octets(&self) -> usize {
        Layout::new(self.coding, header_length(&self.header)).octets(self.payload.len())
    }

    /// Coding, header and payload.
    #[must_use]
    pub fn into_parts(self) -> (DataCoding, Vec<Element>, Vec<u8>) {
        (self.coding, self.header, self.payload)
    }

    /// Reads TP-User-Data-Length and TP-User-Data of at most `limit` octets; `has_header` is
    /// TP-User-Data-Header-Indicator.
    ///
    /// A header whose elements do not fill it is ignored as a whole (TS 23.040 §9.2.3.24).
    pub(crate) fn read(
        r: &mut Reader<'_>,
        coding: DataCoding,
        has_header: bool,
        limit: usize,
    ) -> Result<Self, oxisim_wire::Error> {
        let start = r.clone();
        let count = usize::from(r.u8("TP-User-Data-Length")?);
        let length = if coding.counts_septets() { (count * 7).div_ceil(8) } else { count };
        if length > limit {
            return Err(start.error("TP-User-Data", ErrorKind::TooLong { length, limit }));
        }
        let mut field = r.sub(length, "TP-User-Data")?;
        let mut layout = Layout::new(coding, 0);
        let mut header = Vec::new();
        if has_header {
            let length = usize::from(field.u8("User-Data-Header-Length")?);
            header = read_elements(field.sub(length, "User-Data-Header")?).unwrap_or_default();
            layout = Layout::new(coding, 1 + length);
        }
        let Some(count) = count.checked_sub(layout.header) else {
            return Err(start.error("TP-User-Data-Length", ErrorKind::Value(count as u32)));
        };
        let payload = match layout.fill_bits {
            Some(fill_bits) => alphabet::unpack(field.rest(), count, fill_bits),
            None => field.rest().to_vec(),
        };
        Ok(Self { coding, header, payload })
    }

    /// Writes TP-User-Data-Length and TP-User-Data.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let header_length = header_length(&self.header);
        let layout = Layout::new(self.coding, header_length);
        out.push((layout.header + self.payload.len()) as u8);
        if header_length > 0 {
            out.push((header_length - 1) as u8);
            for Element { id, data } in &self.header {
                out.extend_from_slice(&[id.0, data.len() as u8]);
                out.extend_from_slice(data);
            }
        }
        match layout.fill_bits {
            Some(fill_bits) => out.extend(alphabet::pack(&self.payload, fill_bits)),
            None => out.extend_from_slice(&self.payload),
        }
    }
}

/// The ports of an application at both ends (TS 23.040 §9.2.3.24.3, §9.2.3.24.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ports {
    /// Where the message goes to.
    pub destination: u16,
    /// Where it comes from.
    pub originator: u16,
}

/// How header and payload share the user data.
#[derive(Clone, Copy)]
struct Layout {
    /// Length of the header, its length octet and fill bits included, as TP-User-Data-Length counts.
    header: usize,
    /// Bits between header and first septet, if septets are counted.
    fill_bits: Option<u8>,
}

impl Layout {
    /// With a header of so many octets, its length octet included.
    const fn new(coding: DataCoding, header_octets: usize) -> Self {
        if !coding.counts_septets() {
            return Self { header: header_octets, fill_bits: None };
        }
        let header = (header_octets * 8).div_ceil(7);
        Self { header, fill_bits: Some((header * 7 - header_octets * 8) as u8) }
    }

    /// Octets taken with a payload of `count`.
    const fn octets(self, count: usize) -> usize {
        let count = self.header.saturating_add(count);
        if self.fill_bits.is_some() { count.saturating_mul(7).div_ceil(8) } else { count }
    }

    /// The longest payload that stays within `octets`.
    const fn capacity(self, octets: usize) -> usize {
        let count = if self.fill_bits.is_some() { octets * 8 / 7 } else { octets };
        count.saturating_sub(self.header)
    }
}

/// Octets of a header with its length octet; 0 without elements.
fn header_length(elements: &[Element]) -> usize {
    match elements.iter().map(|element| 2 + element.data.len()).sum() {
        0 => 0,
        length => 1 + length,
    }
}

fn read_elements(mut r: Reader<'_>) -> Result<Vec<Element>, oxisim_wire::Error> {
    let mut elements = Vec::new();
    while !r.is_empty() {
        let id = ElementId::read(&mut r)?;
        let length = usize::from(r.u8("information element length")?);
        elements.push(Element::new(id, r.take(length, "information element data")?));
    }
    Ok(elements)
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use std::string::ToString;

    use super::*;

    fn read(octets: &[u8], coding: DataCoding, has_header: bool) -> Result<UserData, oxisim_wire::Error> {
        let mut r = Reader::new(octets);
        let user_data = UserData::read(&mut r, coding, has_header, UserData::LIMIT)?;
        r.finish("user data")?;
        Ok(user_data)
    }

    fn written(user_data: &UserData) -> Vec<u8> {
        let mut out = Vec::new();
        user_data.write(&mut out);
        out
    }

    #[test]
    fn a_message_holds_160_septets_or_140_octets() {
        for (coding, length) in
            [(DataCoding::DEFAULT_ALPHABET, 160), (DataCoding::EIGHT_BIT, 140), (DataCoding::UCS2, 140)]
        {
            assert_eq!(UserData::capacity(coding, &[]), length);
            assert!(UserData::new(coding, vec![], vec![0x20; length]).is_ok());
            assert_eq!(
                UserData::new(coding, vec![], vec![0x20; length + 1]),
                Err(Error::UserDataTooLong { length: 141, limit: 140 })
            );
        }
    }

    #[test]
    fn septets_after_a_header_start_on_a_septet_boundary() {
        let header = vec![Element::new(ElementId::CONCATENATED_8, [0x88, 3, 1])];
        let user_data = UserData::new(DataCoding::DEFAULT_ALPHABET, header, b"Or".to_vec()).unwrap();
        assert_eq!(written(&user_data), [9, 5, 0, 3, 0x88, 3, 1, 0x9E, 0x72]);
        assert_eq!(read(&written(&user_data), user_data.coding(), true).unwrap(), user_data);
        assert_eq!(UserData::capacity(user_data.coding(), user_data.header()), 153);
    }

    #[test]
    fn a_header_that_its_elements_do_not_fill_is_ignored() {
        let user_data = read(&[6, 3, 0x70, 5, 0xAA, 1, 2], DataCoding::EIGHT_BIT, true).unwrap();
        assert!(user_data.header().is_empty());
        assert_eq!(user_data.payload(), [1, 2]);
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let kind = |octets: &[u8]| read(octets, DataCoding::DEFAULT_ALPHABET, true).unwrap_err().kind;
        assert_eq!(kind(&[2, 9, 0]), ErrorKind::Truncated { needed: 9, left: 1 });
        assert_eq!(kind(&[5, 4, 1, 2, 0, 0]), ErrorKind::Value(5));
        assert_eq!(kind(&[161]), ErrorKind::TooLong { length: 141, limit: 140 });
        assert_eq!(kind(&[0]), ErrorKind::Truncated { needed: 1, left: 0 });
    }

    #[test]
    fn a_repeated_element_overrules() {
        let header = vec![Element::new(ElementId::PORTS_8, [1, 2]), Element::new(ElementId::PORTS_8, [3, 4])];
        let user_data = UserData::new(DataCoding::EIGHT_BIT, header, vec![]).unwrap();
        assert_eq!(user_data.element(ElementId::PORTS_8), Some([3, 4].as_slice()));
        assert_eq!(user_data.element(ElementId::PORTS_16), None);
        assert_eq!(user_data.ports(), Some(Ports { destination: 3, originator: 4 }));
    }

    #[test]
    fn the_last_ports_count_whatever_their_size() {
        let ports = |header: Vec<Element>| {
            UserData::new(DataCoding::EIGHT_BIT, header, vec![]).unwrap().ports().map(|it| it.destination)
        };
        let short = || Element::new(ElementId::PORTS_8, [0xF0, 0]);
        let long = || Element::new(ElementId::PORTS_16, [0x0B, 0x84, 0, 0]);
        assert_eq!(ports(vec![short(), long()]), Some(0x0B84));
        assert_eq!(ports(vec![long(), short()]), Some(0xF0));
        assert_eq!(ports(vec![Element::new(ElementId::PORTS_16, [0x0B])]), None);
    }

    #[test]
    fn the_header_says_in_which_language_the_text_is() {
        let header = vec![Element::new(ElementId::NATIONAL_LOCKING_SHIFT, [0x01])];
        let user_data = UserData::new(DataCoding::DEFAULT_ALPHABET, header, vec![0x07, 0x0C]).unwrap();
        assert_eq!(user_data.text(), "ığ");
    }

    #[test]
    fn text_is_text_in_every_coding() {
        for text in ["plain", "5 €", "Привет"] {
            assert_eq!(UserData::from_text(text).unwrap().text(), text.to_string());
        }
    }
}
