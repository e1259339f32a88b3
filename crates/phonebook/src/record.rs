//! Records of `EF_ADN`, `EF_EXT1` and `EF_ANR` (TS 31.102 §4.4.2.3, §4.4.2.4, §4.4.2.9).
//!
//! A record whose octets are all `FF` is free: it decodes as `None`. Lengths are exact, but what real cards
//! hold in a record is read as far as it makes sense: a length of number contents that is zero or above 11
//! means that there is no number.

use alloc::{vec, vec::Vec};

use oxisim_wire::{Error, ErrorKind, Reader, bcd};

use crate::{
    AlphaIdentifier,
    number::{DiallingNumber, EXTENSION_DIGITS, RECORD_DIGITS, TonNpi},
};

/// Octets of an `EF_ADN` record after the alpha identifier.
pub const ADN_FIXED_OCTETS: usize = 14;

/// Octets of an `EF_EXT1` record.
pub const EXT1_OCTETS: usize = 13;

/// A free `EF_EXT1` record: its type is 00 (TS 31.102 §4.4.2.4).
pub const FREE_EXT1: [u8; EXT1_OCTETS] = {
    let mut octets = [UNUSED; EXT1_OCTETS];
    octets[0] = 0x00;
    octets
};

const UNUSED: u8 = 0xFF;

/// The number of a record of another EF; `FF` in a record means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(u8);

impl RecordId {
    /// A record number; `None` for `FF`, which means none.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number == UNUSED { None } else { Some(Self(number)) }
    }

    /// The record number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// A record of `EF_ADN`, and of the EFs that share its layout: `EF_FDN`, `EF_MSISDN`, `EF_SDN`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdnRecord {
    /// The name.
    pub alpha: AlphaIdentifier,
    /// The number, or its first 20 digits.
    pub number: Option<DiallingNumber>,
    /// Record of `EF_CCP1` with the bearer capabilities of the call.
    pub capability: Option<RecordId>,
    /// Record of `EF_EXT1` with further digits or a subaddress.
    pub extension: Option<RecordId>,
}

impl AdnRecord {
    /// Reads a record; its length says how long the alpha identifier is.
    pub fn decode(record: &[u8]) -> Result<Option<Self>, Error> {
        let mut r = Reader::new(record);
        let alpha = r.take(record.len().saturating_sub(ADN_FIXED_OCTETS), "alpha identifier")?;
        let contents = NumberContents::read(&mut r)?;
        if is_free(record) {
            return Ok(None);
        }
        let NumberContents { number, capability, extension } = contents;
        Ok(Some(Self { alpha: AlphaIdentifier::from_field(alpha), number, capability, extension }))
    }

    /// The record in `length` octets. An alpha identifier or a number that does not fit is an error.
    pub fn encode(&self, length: usize) -> Result<Vec<u8>, Error> {
        let room = length.checked_sub(ADN_FIXED_OCTETS).ok_or_else(|| {
            let kind = ErrorKind::Truncated { needed: ADN_FIXED_OCTETS, left: length };
            Error::new("EF_ADN record", 0, kind)
        })?;
        let mut out = self.alpha.padded(room).ok_or_else(|| {
            let kind = ErrorKind::TooLong { length: self.alpha.octets().len(), limit: room };
            Error::new("alpha identifier", 0, kind)
        })?;
        write_number(self.number.as_ref(), self.capability, self.extension, &mut out)?;
        Ok(out)
    }
}

/// A record of `EF_EXT1` (TS 31.102 §4.4.2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ext1Record {
    /// What the record holds.
    pub data: Extension,
    /// The next record of the chain.
    pub next: Option<RecordId>,
}

/// What an `EF_EXT1` record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extension {
    /// Additional data: further semi-octets of the number, at most 20.
    Digits(Vec<u8>),
    /// Another type of record, such as a called party subaddress (type 1): its type and data octets.
    Other(u8, [u8; 11]),
}

impl Extension {
    const ADDITIONAL_DATA: u8 = 0x02;
}

impl Ext1Record {
    /// Reads a record. The type `00` and `FF` mean that it is free. Additional data with a length above 10
    /// is kept as it is: no digits can be read from it.
    pub fn decode(record: &[u8]) -> Result<Option<Self>, Error> {
        let mut r = Reader::new(record);
        let kind = r.u8("extension record type")?;
        let data: [u8; 11] = r.array("extension data")?;
        let next = RecordId::new(r.u8("extension record identifier")?);
        r.finish("EF_EXT1 record")?;
        let [count, digits @ ..] = &data;
        let data = match (kind, digits.get(..usize::from(*count))) {
            (0x00 | UNUSED, _) => return Ok(None),
            (Extension::ADDITIONAL_DATA, Some(digits)) => Extension::Digits(bcd::unpack(digits)),
            _ => Extension::Other(kind, data),
        };
        Ok(Some(Self { data, next }))
    }

    /// The record. More than 20 digits are an error.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut out = Vec::with_capacity(EXT1_OCTETS);
        match &self.data {
            Extension::Digits(digits) => {
                check(digits.len(), EXTENSION_DIGITS, "extension data")?;
                let packed = bcd::pack(digits);
                out.extend([Extension::ADDITIONAL_DATA, packed.len() as u8]);
                out.extend(packed);
                out.resize(EXT1_OCTETS - 1, UNUSED);
            }
            Extension::Other(kind, data) => {
                out.push(*kind);
                out.extend(data);
            }
        }
        out.push(identifier(self.next));
        Ok(out)
    }
}

/// A record of `EF_ANR`: an additional number (TS 31.102 §4.4.2.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnrRecord {
    /// Record of `EF_AAS` that describes the number; 0 for none.
    pub description: u8,
    /// The number, or its first 20 digits.
    pub number: Option<DiallingNumber>,
    /// Record of `EF_CCP1` with the bearer capabilities of the call.
    pub capability: Option<RecordId>,
    /// Record of `EF_EXT1` with further digits or a subaddress.
    pub extension: Option<RecordId>,
    /// The entry that the number belongs to. Only an `EF_ANR` that `EF_IAP` links to (type 2) says it; in one
    /// with a record for each of `EF_ADN` (type 1) the record number does.
    pub entry: Option<AdnReference>,
}

/// A record of `EF_ADN`, named from a file that is linked to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AdnReference {
    /// Short file identifier of the `EF_ADN`.
    pub sfi: u8,
    /// Record number in it.
    pub record: u8,
}

impl AnrRecord {
    /// Octets of a record of a type 1 file.
    pub const TYPE_1_OCTETS: usize = 15;
    /// Octets of a record of a type 2 file.
    pub const TYPE_2_OCTETS: usize = 17;

    /// Reads a record of 15 or 17 octets.
    pub fn decode(record: &[u8]) -> Result<Option<Self>, Error> {
        let mut r = Reader::new(record);
        let description = r.u8("additional number identifier")?;
        let NumberContents { number, capability, extension } = NumberContents::read(&mut r)?;
        let entry = if r.is_empty() {
            None
        } else {
            Some(AdnReference { sfi: r.u8("ADN file SFI")?, record: r.u8("ADN file record identifier")? })
        };
        r.finish("EF_ANR record")?;
        Ok((!is_free(record)).then_some(Self { description, number, capability, extension, entry }))
    }

    /// The record: 15 octets, or 17 with a reference to the entry.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut out = vec![self.description];
        write_number(self.number.as_ref(), self.capability, self.extension, &mut out)?;
        out.extend(self.entry.iter().flat_map(|entry| [entry.sfi, entry.record]));
        Ok(out)
    }
}

/// Whether a record is free: all its octets are `FF`.
#[must_use]
pub fn is_free(record: &[u8]) -> bool {
    record.iter().all(|&octet| octet == UNUSED)
}

/// The 14 octets that `EF_ADN` and `EF_ANR` have in common.
struct NumberContents {
    number: Option<DiallingNumber>,
    capability: Option<RecordId>,
    extension: Option<RecordId>,
}

impl NumberContents {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let length = r.u8("length of BCD number/SSC contents")?;
        let ton_npi = TonNpi(r.u8("TON and NPI")?);
        let digits = r.take(RECORD_DIGITS / 2, "dialling number/SSC string")?;
        let capability = RecordId::new(r.u8("capability/configuration record identifier")?);
        let extension = RecordId::new(r.u8("extension record identifier")?);
        let digits = usize::from(length).checked_sub(1).and_then(|length| digits.get(..length));
        let number = digits.and_then(|digits| DiallingNumber::new(ton_npi, bcd::unpacked(digits)));
        Ok(Self { number, capability, extension })
    }
}

fn write_number(
    number: Option<&DiallingNumber>,
    capability: Option<RecordId>,
    extension: Option<RecordId>,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let start = out.len();
    if let Some(number) = number {
        check(number.digits().len(), RECORD_DIGITS, "dialling number/SSC string")?;
        let packed = bcd::pack(number.digits());
        out.extend([packed.len() as u8 + 1, number.ton_npi().0]);
        out.extend(packed);
    }
    out.resize(start + 2 + RECORD_DIGITS / 2, UNUSED);
    out.extend([identifier(capability), identifier(extension)]);
    Ok(())
}

fn check(length: usize, limit: usize, what: &'static str) -> Result<(), Error> {
    if length > limit { Err(Error::new(what, 0, ErrorKind::TooLong { length, limit })) } else { Ok(()) }
}

fn identifier(record: Option<RecordId>) -> u8 {
    record.map_or(UNUSED, RecordId::number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(digits: core::ops::Range<usize>) -> impl Strategy<Value = Option<DiallingNumber>> {
        (any::<u8>(), proptest::collection::vec(0u8..15, digits))
            .prop_map(|(ton, digits)| DiallingNumber::new(TonNpi(ton), digits))
    }

    fn record_id() -> impl Strategy<Value = Option<RecordId>> {
        any::<u8>().prop_map(RecordId::new)
    }

    #[test]
    fn a_free_record_is_no_entry() {
        assert_eq!(AdnRecord::decode(&[0xFF; 28]), Ok(None));
        assert_eq!(AnrRecord::decode(&[0xFF; 17]), Ok(None));
        assert_eq!(Ext1Record::decode(&[0xFF; 13]), Ok(None));
        let marked_free: [u8; 13] = core::array::from_fn(|i| if i == 0 { 0x00 } else { 0xFF });
        assert_eq!(Ext1Record::decode(&marked_free), Ok(None));
    }

    #[test]
    fn a_number_of_21_digits_does_not_fit_one_record() {
        let number = DiallingNumber::new(TonNpi::UNKNOWN, vec![1; 21]);
        let error = AdnRecord { number, ..AdnRecord::default() }.encode(28).unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLong { length: 21, limit: 20 });
    }

    #[test]
    fn a_record_one_octet_short_is_an_error_that_names_the_field() {
        assert_eq!(AdnRecord::decode(&[0x00; 13]).unwrap_err().what, "extension record identifier");
        assert_eq!(AnrRecord::decode(&[0x00; 16]).unwrap_err().what, "ADN file record identifier");
        assert_eq!(AdnRecord::default().encode(13).unwrap_err().what, "EF_ADN record");
    }

    proptest! {
        #[test]
        fn every_adn_record_comes_back(
            text in "\\PC{0,30}", room in 0usize..=241, number in number(0..21),
            capability in record_id(), extension in record_id(),
        ) {
            let alpha = AlphaIdentifier::fit(&text, room).alpha;
            let record = AdnRecord { alpha, number, capability, extension };
            let octets = record.encode(room + ADN_FIXED_OCTETS).unwrap();
            prop_assert_eq!(octets.len(), room + ADN_FIXED_OCTETS);
            let expected = (record != AdnRecord::default()).then_some(record);
            prop_assert_eq!(AdnRecord::decode(&octets), Ok(expected));
        }

        #[test]
        fn every_anr_record_comes_back(
            description in 0u8..0xFF, number in number(0..21), extension in record_id(),
            entry in proptest::option::of((any::<u8>(), any::<u8>())),
        ) {
            let entry = entry.map(|(sfi, record)| AdnReference { sfi, record });
            let record = AnrRecord { description, number, capability: None, extension, entry };
            prop_assert_eq!(AnrRecord::decode(&record.encode().unwrap()), Ok(Some(record)));
        }

        #[test]
        fn every_ext1_record_comes_back(digits in proptest::collection::vec(0u8..15, 0..21), next in record_id()) {
            let record = Ext1Record { data: Extension::Digits(digits), next };
            prop_assert_eq!(Ext1Record::decode(&record.encode().unwrap()), Ok(Some(record)));
        }

        #[test]
        fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..40)) {
            for decoded in [
                AdnRecord::decode(&octets).map(|r| r.map(|r| r.encode(octets.len()))),
                AnrRecord::decode(&octets).map(|r| r.map(|r| r.encode())),
                Ext1Record::decode(&octets).map(|r| r.map(|r| r.encode())),
            ].into_iter().flatten().flatten() {
                prop_assert!(decoded.is_ok());
            }
        }
    }
}
