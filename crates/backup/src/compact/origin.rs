//! Where a record comes from: the script of its name, the country of its number.
//!
//! A table knows some. What hangs on one that it does not know would be weighed by chance, so all those are one:
//! stranger than any, and weighed by what can be said of any.

use oxisim_phonebook::Record;

use super::{Bits, number::is_country};

/// The script of the default alphabet, and no country: what each table knows.
const HERE: u16 = 0;

/// What stands for a script that the table does not know; its half pages are UTF-16's surrogates.
pub(super) const FOREIGN: u16 = 0x1B0;

/// What stands for a country code that the table does not know.
const ABROAD: u16 = 0x1FFF;

/// Half pages of the Chinese characters, whose codes have no upper and lower case, and no two-letter order.
const IDEOGRAPHS: core::ops::Range<u16> = 0x9C..0x140;

/// A script or a country that a table can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin(u16);

impl Origin {
    /// The script of a half page of UCS2: the half page, for Chinese characters their first one.
    #[must_use]
    pub const fn script(page: u16) -> Self {
        Self(if is_ideographic(page) { IDEOGRAPHS.start } else { page })
    }

    /// The country of a country code.
    #[must_use]
    pub const fn country(code: u16) -> Self {
        Self(0x8000 | code)
    }

    /// Whether it is a country.
    #[must_use]
    pub const fn is_country(self) -> bool {
        self.0 & 0x8000 != 0
    }

    /// As it stands in a table.
    #[must_use]
    pub const fn octets(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }

    /// Tells the origins of a record: of each character, and of the number.
    pub fn each(record: &Record, mut tell: impl FnMut(Self)) {
        match record.alpha.octets() {
            [0x80, units @ ..] => {
                let pages =
                    units.chunks_exact(2).map(|unit| u16::from(unit[0]) << 1 | u16::from(unit[1] >> 7));
                pages.filter(|&page| page != HERE).for_each(|page| tell(Self::script(page)));
            }
            [0x81, _, page, octets @ ..] => {
                octets.iter().filter(|&&octet| octet > 0x7F).for_each(|_| tell(Self::script((*page).into())));
            }
            _ => {}
        }
        if let Some(number) = record.number.as_ref().filter(|number| number.ton_npi().is_international()) {
            let codes = number.digits().iter().scan(0, |code, &digit| {
                *code = *code * 10 + u16::from(digit);
                Some(*code)
            });
            codes
                .take(3)
                .find(|&code| is_country(code))
                .into_iter()
                .for_each(|code| tell(Self::country(code)));
        }
    }
}

/// Whether it is a half page of Chinese characters.
pub(super) const fn is_ideographic(page: u16) -> bool {
    IDEOGRAPHS.start <= page && page < IDEOGRAPHS.end
}

/// A half page, if the table knows it.
pub(super) fn script(bits: &impl Bits, page: u16) -> u16 {
    if page == HERE || bits.knows(Origin::script(page)) { page } else { FOREIGN }
}

/// A country code, if the table knows it.
pub(super) fn country(bits: &impl Bits, code: u16) -> u16 {
    if code == HERE || bits.knows(Origin::country(code)) { code } else { ABROAD }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use oxisim_phonebook::{AlphaIdentifier, DiallingNumber};

    use super::*;

    fn origins(name: &[u8], number: &str) -> Vec<Origin> {
        let number = Some(DiallingNumber::parse(number, 20).unwrap().number);
        let mut origins = Vec::new();
        let alpha = AlphaIdentifier::from_field(name);
        Origin::each(&Record { alpha, number, additional: Vec::new() }, |origin| origins.push(origin));
        origins
    }

    #[test]
    fn a_record_tells_the_script_of_each_character_and_its_country() {
        assert_eq!(origins(b"Ann", "0123"), []);
        assert_eq!(origins(b"Ann", "+4912"), [Origin::country(49)]);
        assert_eq!(
            origins(b"\x81\x03\x08\x90A\xBD", "+35312"),
            [Origin::script(8), Origin::script(8), Origin::country(353)]
        );
        assert_eq!(
            origins(b"\x80\x4E\x00\x00 \x9F\x80", "+1"),
            [Origin::script(0x9C), Origin::script(0x9C), Origin::country(1)]
        );
        assert_eq!(origins(b"\x81\x09\x08", "+35"), [Origin::country(35)][..0]);
    }
}
