//! National languages: which tables the septets of a message mean (TS 23.038 §6.2.1.2, Annex A).

use alloc::{string::String, vec::Vec};

use oxisim_wire::codes;

use super::{DEFAULT, ESCAPE, EXTENSION, Septets, locking, single};
use crate::{Element, ElementId};

codes! {
    /// National Language Identifier (TS 23.038 §6.2.1.2.4).
    pub struct Language(u8) {
        /// Turkish.
        TURKISH = 0x01,
        /// Spanish, which has no locking shift table.
        SPANISH = 0x02,
        /// Portuguese.
        PORTUGUESE = 0x03,
        /// Bengali and Assamese.
        BENGALI = 0x04,
        /// Gujarati.
        GUJARATI = 0x05,
        /// Hindi.
        HINDI = 0x06,
        /// Kannada.
        KANNADA = 0x07,
        /// Malayalam.
        MALAYALAM = 0x08,
        /// Oriya.
        ORIYA = 0x09,
        /// Punjabi.
        PUNJABI = 0x0A,
        /// Tamil.
        TAMIL = 0x0B,
        /// Telugu.
        TELUGU = 0x0C,
        /// Urdu.
        URDU = 0x0D,
    }
}

impl Language {
    /// Its table in the place of the default alphabet (TS 23.038 §A.3), if it has one.
    const fn locking(self) -> Option<&'static [char; 128]> {
        Some(match self {
            Self::TURKISH => &locking::TURKISH,
            Self::PORTUGUESE => &locking::PORTUGUESE,
            Self::BENGALI => &locking::BENGALI,
            Self::GUJARATI => &locking::GUJARATI,
            Self::HINDI => &locking::HINDI,
            Self::KANNADA => &locking::KANNADA,
            Self::MALAYALAM => &locking::MALAYALAM,
            Self::ORIYA => &locking::ORIYA,
            Self::PUNJABI => &locking::PUNJABI,
            Self::TAMIL => &locking::TAMIL,
            Self::TELUGU => &locking::TELUGU,
            Self::URDU => &locking::URDU,
            _ => return None,
        })
    }

    /// Its table in the place of the extension table (TS 23.038 §A.2), if it has one.
    const fn single(self) -> Option<&'static [(u8, char)]> {
        Some(match self {
            Self::TURKISH => single::TURKISH,
            Self::SPANISH => single::SPANISH,
            Self::PORTUGUESE => single::PORTUGUESE,
            Self::BENGALI => single::BENGALI,
            Self::GUJARATI => single::GUJARATI,
            Self::HINDI => single::HINDI,
            Self::KANNADA => single::KANNADA,
            Self::MALAYALAM => single::MALAYALAM,
            Self::ORIYA => single::ORIYA,
            Self::PUNJABI => single::PUNJABI,
            Self::TAMIL => single::TAMIL,
            Self::TELUGU => single::TELUGU,
            Self::URDU => single::URDU,
            _ => return None,
        })
    }

    /// Whether it has a table in the place of the default alphabet.
    #[must_use]
    pub const fn has_locking_shift(self) -> bool {
        self.locking().is_some()
    }

    /// Whether it has a table in the place of the extension table.
    #[must_use]
    pub const fn has_single_shift(self) -> bool {
        self.single().is_some()
    }
}

/// The two tables of a text in septets: one for what stands alone, one for what follows an escape
/// (TS 23.038 §6.2.1.2).
///
/// ```
/// use oxisim_sms::alphabet::{Language, Tables};
///
/// let turkish = Tables { locking: Some(Language::TURKISH), ..Tables::DEFAULT };
/// assert_eq!(turkish.encode("ığ").unwrap(), [0x07, 0x0C]);
/// assert_eq!(turkish.decode(&[0x07, 0x0C]), "ığ");
/// assert_eq!(Tables::DEFAULT.decode(&[0x07, 0x0C]), "ìø");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tables {
    /// Whose table is used in the place of the default alphabet. A language that has none counts as `None`.
    pub locking: Option<Language>,
    /// Whose table is used in the place of the extension table. A language that has none counts as `None`.
    pub single: Option<Language>,
}

impl Tables {
    /// The default alphabet with its extension table.
    pub const DEFAULT: Self = Self { locking: None, single: None };

    /// The tables that a user data header asks for (TS 23.040 §9.2.3.24.15, §9.2.3.24.16). The last element of a kind
    /// counts; one for a language that is not known, or has no such table, asks for the default.
    #[must_use]
    pub fn of(header: &[Element]) -> Self {
        let language = |id| {
            let last = header.iter().rfind(|element| element.id == id && element.data.len() == 1)?;
            last.data.first().copied().map(Language)
        };
        Self {
            locking: language(ElementId::NATIONAL_LOCKING_SHIFT).filter(|it| it.has_locking_shift()),
            single: language(ElementId::NATIONAL_SINGLE_SHIFT).filter(|it| it.has_single_shift()),
        }
    }

    /// The elements of a user data header that ask for them.
    #[must_use]
    pub fn elements(self) -> Vec<Element> {
        let element = |id, language: Option<Language>| Some(Element::new(id, [language?.0]));
        let single = element(ElementId::NATIONAL_SINGLE_SHIFT, self.single);
        single.into_iter().chain(element(ElementId::NATIONAL_LOCKING_SHIFT, self.locking)).collect()
    }

    /// The septets of `character`; `None` if neither table has it.
    #[must_use]
    pub fn septets_of(self, character: char) -> Option<Septets> {
        let alone = self.alone();
        // Most characters have the code that they have in ASCII.
        if alone.get(character as usize) == Some(&character) {
            return Some(Septets::One([character as u8]));
        }
        // A code without a character reads as a space, whose own code has been found above.
        if let Some(code) = alone.iter().position(|&c| c == character) {
            return Some(Septets::One([code as u8]));
        }
        let (code, _) = self.escaped().iter().find(|(_, c)| *c == character)?;
        Some(Septets::Two([ESCAPE, *code]))
    }

    /// Text as septets, one an octet; `None` if a character is in neither table.
    #[must_use]
    pub fn encode(self, text: &str) -> Option<Vec<u8>> {
        let mut septets = Vec::with_capacity(text.len());
        for character in text.chars() {
            match self.septets_of(character)? {
                Septets::One([septet]) => septets.push(septet),
                Septets::Two(two) => septets.extend_from_slice(&two),
            }
        }
        Some(septets)
    }

    /// Septets, one an octet, as text. Bit 8 is ignored.
    ///
    /// A code that the table after an escape does not have stands for the character that it has alone
    /// (TS 23.038 §6.2.1.1); an escape with nothing to escape is a space (§6.2.1).
    #[must_use]
    pub fn decode(self, septets: &[u8]) -> String {
        self.characters(septets).map(|(character, _)| character).collect()
    }

    /// The characters of septets, each with how many septets it takes.
    pub(crate) fn characters(self, septets: &[u8]) -> impl Iterator<Item = (char, usize)> {
        let (alone, escaped) = (self.alone(), self.escaped());
        let character = |septet: u8| alone.get(usize::from(septet & 0x7F)).copied().unwrap_or(' ');
        let mut rest = septets.iter().copied();
        core::iter::from_fn(move || {
            let first = rest.next()?;
            if first & 0x7F != ESCAPE {
                return Some((character(first), 1));
            }
            let Some(second) = rest.next() else {
                return Some((' ', 1));
            };
            let found = escaped.iter().find(|(code, _)| *code == second & 0x7F);
            Some((found.map_or_else(|| character(second), |&(_, found)| found), 2))
        })
    }

    fn alone(self) -> &'static [char; 128] {
        self.locking.and_then(Language::locking).unwrap_or(&DEFAULT)
    }

    fn escaped(self) -> &'static [(u8, char)] {
        self.single.and_then(Language::single).unwrap_or(&EXTENSION)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use std::string::ToString;

    use super::*;

    fn every_pair() -> impl Iterator<Item = Tables> {
        let languages = || core::iter::once(None).chain(Language::ALL.iter().copied().map(Some));
        languages().flat_map(move |locking| languages().map(move |single| Tables { locking, single }))
    }

    #[test]
    fn every_character_of_every_table_comes_back() {
        for tables in every_pair() {
            for code in (0..0x80).filter(|&code| code != ESCAPE) {
                for septets in [&[code][..], &[ESCAPE, code]] {
                    let text = tables.decode(septets);
                    let again = tables.encode(&text).unwrap();
                    assert_eq!(tables.decode(&again), text, "{tables:?} {septets:02X?}");
                    assert!(again.len() <= septets.len(), "{tables:?} {septets:02X?}");
                }
            }
        }
    }

    #[test]
    fn a_code_without_a_character_is_a_space_and_is_never_written() {
        let bengali = Tables { locking: Some(Language::BENGALI), single: None };
        assert_eq!(bengali.decode(&[0x0C]), " ");
        assert_eq!(bengali.encode(" ").unwrap(), [0x20]);
    }

    #[test]
    fn bit_8_of_an_octet_is_no_part_of_its_septet() {
        assert_eq!(Tables::DEFAULT.decode(&[0xC1, 0x9B, 0xE5, 0xC1]), "A€A");
    }

    #[test]
    fn an_escape_falls_back_to_the_locking_shift_table() {
        let turkish = Tables { locking: Some(Language::TURKISH), single: Some(Language::TURKISH) };
        assert_eq!(turkish.decode(&[0x1B, 0x0B]), "Ğ");
        assert_eq!(turkish.decode(&[0x1B, 0x67]), "ğ");
    }

    #[test]
    fn a_header_asks_for_tables_and_the_last_element_counts() {
        let single = |language: u8| Element::new(ElementId::NATIONAL_SINGLE_SHIFT, [language]);
        let locking = |language: u8| Element::new(ElementId::NATIONAL_LOCKING_SHIFT, [language]);
        let of = |header: Vec<Element>| Tables::of(&header);
        let expected = Tables { locking: Some(Language::HINDI), single: Some(Language::SPANISH) };
        assert_eq!(of(vec![single(1), locking(6), single(2)]), expected);
        assert_eq!(of(expected.elements()), expected);
        // Nothing is known of these: 0, Spanish as a locking shift, more than one octet.
        assert_eq!(of(vec![single(0), locking(2)]), Tables::DEFAULT);
        assert_eq!(of(vec![single(0x0E), locking(0xFF)]), Tables::DEFAULT);
        assert_eq!(of(vec![Element::new(ElementId::NATIONAL_SINGLE_SHIFT, [1, 1])]), Tables::DEFAULT);
    }

    #[test]
    fn a_language_has_the_tables_of_annex_a() {
        assert_eq!(Language::ALL.len(), 13);
        assert!(Language::ALL.iter().all(|language| language.has_single_shift()));
        let none: Vec<&Language> = Language::ALL.iter().filter(|it| !it.has_locking_shift()).collect();
        assert_eq!(none, [&Language::SPANISH]);
        assert_eq!(Language(0x0E).name().map(ToString::to_string), None);
    }
}
