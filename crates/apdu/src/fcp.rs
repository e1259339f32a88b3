//! File control parameters: what SELECT and STATUS say of a file (TS 102 221 §11.1.1.3).

use alloc::vec::Vec;

use oxisim_wire::{Error, ErrorKind, Reader, Wire, tlv::Tlv};

/// The objects of an FCP template, in whichever order they stand.
///
/// ```
/// use oxisim_apdu::fcp::{Fcp, FileStructure};
///
/// let octets = hex::decode("62148202412183022FE28A01058B032F06038002000A")?;
/// let fcp = Fcp::decode(&octets).unwrap();
/// assert_eq!(fcp.file_identifier(), Ok(Some(0x2FE2)));
/// assert_eq!(fcp.descriptor().unwrap().unwrap().structure(), Some(FileStructure::Transparent));
/// assert_eq!(fcp.size(), Ok(Some(10)));
/// # Ok::<(), hex::FromHexError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fcp<'a>(Reader<'a>);

impl<'a> Fcp<'a> {
    /// Tag of an FCP template.
    pub const TEMPLATE: u8 = 0x62;

    /// Reads a template that must fill `octets`.
    pub fn decode(octets: &'a [u8]) -> Result<Self, Error> {
        let mut r = Reader::new(octets);
        let fcp = Self::read(&mut r)?;
        r.finish(TEMPLATE)?;
        Ok(fcp)
    }

    /// Reads a template; what follows it stays in the reader.
    pub fn read(r: &mut Reader<'a>) -> Result<Self, Error> {
        let template = Tlv::expect(r, Self::TEMPLATE, TEMPLATE)?;
        let mut objects = template.clone();
        while !objects.is_empty() {
            Tlv::read(&mut objects, OBJECT)?;
        }
        Ok(Self(template))
    }

    /// Every object.
    pub fn objects(&self) -> impl Iterator<Item = Tlv<'a>> + use<'a> {
        let mut r = self.0.clone();
        core::iter::from_fn(move || Tlv::read(&mut r, OBJECT).ok())
    }

    /// An error of the whole template, at its end: `what` is missing.
    #[must_use]
    pub fn missing(&self, what: &'static str) -> Error {
        let mut end = self.0.clone();
        end.rest();
        end.error(what, ErrorKind::Missing)
    }

    /// The file descriptor, `82`.
    pub fn descriptor(&self) -> Result<Option<FileDescriptor>, Error> {
        self.last(0x82, |value| FileDescriptor::read(value))
    }

    /// The file identifier, `83`.
    pub fn file_identifier(&self) -> Result<Option<u16>, Error> {
        self.last(0x83, |value| value.u16("file identifier"))
    }

    /// The DF name of an application, `84`.
    #[must_use]
    pub fn df_name(&self) -> Option<Reader<'a>> {
        self.value(0x84)
    }

    /// The proprietary information, `A5`: objects of its own.
    #[must_use]
    pub fn proprietary(&self) -> Option<&'a [u8]> {
        self.value(0xA5).map(|mut value| value.rest())
    }

    /// The file size, `80`.
    pub fn size(&self) -> Result<Option<usize>, Error> {
        self.last(0x80, |value| number(value, "file size"))
    }

    /// The total file size, `81`.
    pub fn total_size(&self) -> Result<Option<usize>, Error> {
        self.last(0x81, |value| number(value, "total file size"))
    }

    /// The short file identifier, `88`; an object without value says that there is none.
    pub fn short_identifier(&self) -> Result<Option<ShortIdentifier>, Error> {
        self.last(0x88, |value| {
            if value.is_empty() {
                return Ok(ShortIdentifier::None);
            }
            Ok(ShortIdentifier::Is(value.u8("short file identifier")? >> 3))
        })
    }

    /// The octet of the life cycle status, `8A`, and where it stands.
    pub fn life_cycle(&self) -> Result<Option<(u8, usize)>, Error> {
        self.last(0x8A, |value| {
            let code = value.u8("life cycle status")?;
            Ok((code, value.offset()))
        })
    }

    /// The keys of the PIN status template, `C6`, and whether each is enabled (TS 102 221 §9.5.2).
    pub fn pins(&self) -> Result<Vec<PinState>, Error> {
        let mut pins = Vec::new();
        for template in self.objects().filter(|object| object.tag == 0xC6) {
            pins.extend(pin_states(template.value)?);
        }
        Ok(pins)
    }

    /// The value of the last object with that tag.
    fn value(&self, tag: u8) -> Option<Reader<'a>> {
        self.objects().filter(|object| object.tag == tag).last().map(|object| object.value)
    }

    fn last<T>(
        &self,
        tag: u8,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.value(tag).map(|mut value| read(&mut value)).transpose()
    }
}

const TEMPLATE: &str = "FCP template";
const OBJECT: &str = "FCP object";

/// What an object says of a short file identifier (TS 102 221 §11.1.1.4.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortIdentifier {
    /// The file has none.
    None,
    /// It is this.
    Is(u8),
}

/// A key, and whether it is enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinState {
    /// The key reference.
    pub key: u8,
    /// Whether it is enabled.
    pub enabled: bool,
}

/// The keys of a PIN status template (TS 102 221 §9.5.2): first a bit for each, then the keys, before the universal
/// PIN its usage qualifier.
pub fn pin_states(mut template: Reader<'_>) -> Result<Vec<PinState>, Error> {
    const WHAT: &str = "PIN status template";
    const ENABLED: u8 = 0x90;
    const KEY: u8 = 0x83;
    let (mut bits, mut pins): (&[u8], Vec<PinState>) = (&[], Vec::new());
    while !template.is_empty() {
        let Tlv { tag, mut value } = Tlv::read(&mut template, WHAT)?;
        match tag {
            ENABLED => bits = value.rest(),
            KEY => {
                let key = value.u8("key reference")?;
                let octet = bits.get(pins.len() / 8).copied().unwrap_or_default();
                pins.push(PinState { key, enabled: octet & (0x80 >> (pins.len() % 8)) != 0 });
            }
            _ => {}
        }
    }
    Ok(pins)
}

/// A number of one to four octets, the rest of `value`.
pub fn number(value: &mut Reader<'_>, what: &'static str) -> Result<usize, Error> {
    let octets = value.left();
    if !(1..=4).contains(&octets) {
        let kind = match octets {
            0 => ErrorKind::Truncated { needed: 1, left: 0 },
            length => ErrorKind::TooLong { length, limit: 4 },
        };
        return Err(value.error(what, kind));
    }
    Ok(value.rest().iter().fold(0, |number, &octet| number << 8 | usize::from(octet)))
}

/// How a file is organised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileStructure {
    /// A directory: the MF, a DF or an ADF.
    Directory,
    /// Octets.
    Transparent,
    /// Records of one length.
    LinearFixed,
    /// Records of one length, the newest first.
    Cyclic,
    /// BER-TLV objects.
    BerTlv,
}

/// A file descriptor (TS 102 221 §11.1.1.4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileDescriptor {
    /// The file descriptor byte.
    pub byte: u8,
    /// The data coding byte.
    pub coding: u8,
    /// Length of a record, if the file has records.
    pub record: Option<u16>,
    /// Number of records, which some leave out where a file is created.
    pub records: Option<u8>,
}

impl FileDescriptor {
    /// Descriptor byte: several logical channels may select the file.
    pub const SHAREABLE: u8 = 0x40;

    /// Whether several logical channels may select the file.
    #[must_use]
    pub const fn is_shareable(self) -> bool {
        self.byte & Self::SHAREABLE != 0
    }

    /// Whether it is an internal EF, which is the card's own.
    #[must_use]
    pub const fn is_internal(self) -> bool {
        matches!(self.byte & !Self::SHAREABLE, 0x09 | 0x0A | 0x0E)
    }

    /// How the file is organised, be it a working or an internal one; nothing if the descriptor byte is reserved.
    #[must_use]
    pub const fn structure(self) -> Option<FileStructure> {
        match self.byte & !Self::SHAREABLE {
            0x38 => Some(FileStructure::Directory),
            0x39 => Some(FileStructure::BerTlv),
            0x01 | 0x09 => Some(FileStructure::Transparent),
            0x02 | 0x0A => Some(FileStructure::LinearFixed),
            0x06 | 0x0E => Some(FileStructure::Cyclic),
            _ => None,
        }
    }
}

impl Wire for FileDescriptor {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self {
            byte: r.u8("file descriptor byte")?,
            coding: r.u8("data coding byte")?,
            record: if r.is_empty() { None } else { Some(r.u16("record length")?) },
            records: if r.is_empty() { None } else { Some(r.u8("number of records")?) },
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.byte, self.coding]);
        out.extend(self.record.iter().flat_map(|record| record.to_be_bytes()));
        out.extend(self.records);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_a_bit_each_whatever_stands_between_them() {
        let octets = hex::decode("620EC60C900140950108830111830102").unwrap();
        let fcp = Fcp::decode(&octets).unwrap();
        let pins = [PinState { key: 0x11, enabled: false }, PinState { key: 0x02, enabled: true }];
        assert_eq!(fcp.pins().unwrap(), pins);
        assert_eq!(fcp.descriptor(), Ok(None));
    }

    #[test]
    fn an_object_that_is_cut_is_an_error_of_the_template() {
        for octets in ["", "62", "6203830201", "62048302FF", "6202830000"] {
            assert!(Fcp::decode(&hex::decode(octets).unwrap()).is_err(), "{octets}");
        }
        let fcp = hex::decode("6203820178").unwrap();
        let error = Fcp::decode(&fcp).unwrap().descriptor().unwrap_err();
        assert_eq!((error.what, error.offset), ("data coding byte", 5));
    }
}
