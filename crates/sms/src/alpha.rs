//! Alpha fields: the name in a phonebook's record, a title or an item of a menu (TS 102 221 Annex A, TS 31.102 §4.4.2.3).

use alloc::{string::String, vec, vec::Vec};

use smallvec::SmallVec;
use unicode_segmentation::UnicodeSegmentation;

use crate::alphabet;

/// First octet of a name of 16-bit characters.
const UCS2: u8 = 0x80;
/// First octet of a name whose characters are 7-bit offsets in a half page of the UCS2 set.
const UCS2_HALF_PAGE: u8 = 0x81;
/// First octet of a name whose characters are 7-bit offsets from a base of 16 bits.
const UCS2_BASE: u8 = 0x82;
/// What unused octets of a record hold.
const UNUSED: u8 = 0xFF;

/// An alpha identifier: its octets as they stand in a record, without the unused ones at the end.
///
/// Four codings exist (TS 102 221 Annex A): the GSM default alphabet with one septet an octet, and the UCS2
/// codings that start with `80`, `81` and `82`.
///
/// ```
/// use oxisim_sms::AlphaIdentifier;
///
/// let fitted = AlphaIdentifier::fit("ЗДРАВСТВУЙТЕ", 14);
/// assert_eq!(fitted.alpha.text(), "ЗДРАВСТВУЙТ");
/// assert_eq!(fitted.cut.as_deref(), Some("Е"));
/// assert_eq!(fitted.alpha.octets()[..3], [0x81, 11, 0x08]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlphaIdentifier(Octets);

/// Octets; those of most names take no memory of their own.
type Octets = SmallVec<[u8; 16]>;

/// A text made to fit: what a record can hold of it, and what it cannot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fitted {
    /// What the record holds.
    pub alpha: AlphaIdentifier,
    /// Characters that no coding of an alpha identifier has: those outside the Basic Multilingual Plane.
    pub dropped: Option<String>,
    /// The end of the text, for which there was no room.
    pub cut: Option<String>,
}

impl AlphaIdentifier {
    /// Takes the alpha identifier out of its field of a record.
    ///
    /// Unused octets, and those after the last character that a length octet announces, are left out; a
    /// length octet that announces more characters than the field has is lowered to what it has.
    #[must_use]
    pub fn from_field(field: &[u8]) -> Self {
        let octets = match field {
            [UCS2, units @ ..] => {
                let mut pairs = units.chunks_exact(2);
                let used = pairs.rposition(|pair| pair != [UNUSED, UNUSED]).map_or(0, |last| last + 1);
                with_header(&[UCS2], units.get(..used * 2).unwrap_or_default())
            }
            [UCS2_HALF_PAGE, count, base, rest @ ..] => {
                let used = announced(rest, *count);
                with_header(&[UCS2_HALF_PAGE, used.len() as u8, *base], used)
            }
            [UCS2_BASE, count, high, low, rest @ ..] => {
                let used = announced(rest, *count);
                with_header(&[UCS2_BASE, used.len() as u8, *high, *low], used)
            }
            [UCS2_HALF_PAGE | UCS2_BASE, ..] => Octets::new(),
            septets => septets.iter().copied().take_while(|&octet| octet != UNUSED).collect(),
        };
        Self(octets)
    }

    /// As much of `text` as `capacity` octets hold: in the default alphabet, which is read most widely, if that has all of it
    /// and holds as much; else in the shortest of the other codings.
    ///
    /// The cut falls between characters as a reader sees them (Unicode grapheme clusters), unless the first
    /// one alone is too long.
    #[must_use]
    pub fn fit(text: &str, capacity: usize) -> Fitted {
        let (kept, dropped) = keep_holdable(text);
        if let Some(whole) = coded(&kept, capacity) {
            return Fitted { alpha: Self(whole.into()), dropped: some(dropped), cut: None };
        }
        let mut end = longest(kept.grapheme_indices(true), capacity, &kept);
        if end == 0 {
            let characters =
                kept.char_indices().map(|(at, c)| (at, kept.get(at..at + c.len_utf8()).unwrap_or("")));
            end = longest(characters, capacity, &kept);
        }
        let head = kept.get(..end).unwrap_or_default().trim_end();
        Fitted {
            alpha: Self(coded(head, capacity).unwrap_or_default().into()),
            dropped: some(dropped),
            cut: some(kept.get(head.len()..).unwrap_or_default().into()),
        }
    }

    /// The text. A coding or character that does not exist reads as U+FFFD.
    #[must_use]
    pub fn text(&self) -> String {
        match self.0.as_slice() {
            [UCS2, units @ ..] => {
                let units = units
                    .chunks_exact(2)
                    .map(|pair| pair.iter().fold(0, |unit, &o| unit << 8 | u16::from(o)));
                char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
            }
            [UCS2_HALF_PAGE, _, base, rest @ ..] => offsets(u32::from(*base) << 7, rest),
            [UCS2_BASE, _, high, low, rest @ ..] => offsets(u32::from(*high) << 8 | u32::from(*low), rest),
            septets => mixed(septets, |_| None),
        }
    }

    /// The octets, without unused ones.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is no name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The field of a record, `length` octets with the unused ones set to `FF`; `None` if it is too short.
    #[must_use]
    pub fn padded(&self, length: usize) -> Option<Vec<u8>> {
        let mut field = vec![UNUSED; length];
        field.get_mut(..self.0.len())?.copy_from_slice(&self.0);
        Some(field)
    }
}

/// The octets of `rest` that are characters, when `count` of them were announced.
fn announced(rest: &[u8], count: u8) -> &[u8] {
    rest.get(..usize::from(count)).unwrap_or_else(|| {
        let used = rest.iter().rposition(|&octet| octet != UNUSED).map_or(0, |last| last + 1);
        rest.get(..used).unwrap_or_default()
    })
}

/// `header` and `characters`; nothing if there are no characters.
fn with_header(header: &[u8], characters: &[u8]) -> Octets {
    let header = if characters.is_empty() { &[] } else { header };
    header.iter().chain(characters).copied().collect()
}

/// Characters as offsets from `base` where bit 8 is set, of the default alphabet where it is not.
fn offsets(base: u32, octets: &[u8]) -> String {
    mixed(octets, |octet| {
        let code = base + u32::from(octet & 0x7F);
        char::from_u32(code).filter(|_| code < 0xFFFF)
    })
}

/// Characters of the default alphabet where bit 8 is not set, and what `other` makes of the octets where it is.
fn mixed(octets: &[u8], other: impl Fn(u8) -> Option<char>) -> String {
    let mut text = String::new();
    for run in octets.chunk_by(|a, b| (*a < 0x80) == (*b < 0x80)) {
        match run {
            [0x00..0x80, ..] => text.push_str(&alphabet::decode(run)),
            _ => text.extend(run.iter().map(|&octet| other(octet).unwrap_or(char::REPLACEMENT_CHARACTER))),
        }
    }
    text
}

/// Splits `text` into what a UCS2 coding has and what it has not; a joined sequence is dropped as one, and of
/// the spaces around it one stays.
fn keep_holdable(text: &str) -> (String, String) {
    let (mut kept, mut dropped) = (String::new(), String::new());
    let mut just_dropped = false;
    for cluster in text.graphemes(true) {
        let bad = cluster.find(|c| c >= '\u{FFFF}').unwrap_or(cluster.len());
        let (good, bad) = cluster.split_at(bad);
        let good = if bad.is_empty() { good } else { good.trim_end_matches('\u{200D}') };
        let second_space =
            just_dropped && good == " " && kept.chars().next_back().is_none_or(char::is_whitespace);
        if !second_space {
            kept.push_str(good);
        }
        dropped.push_str(cluster.get(good.len()..).unwrap_or_default());
        just_dropped = !bad.is_empty() || second_space;
    }
    if just_dropped {
        kept.truncate(kept.trim_end().len());
    }
    (kept, dropped)
}

/// Where the longest run of `pieces` ends that `capacity` octets hold.
fn longest<'a>(pieces: impl Iterator<Item = (usize, &'a str)>, capacity: usize, text: &str) -> usize {
    let ends = pieces.map(|(at, piece)| at + piece.len());
    ends.take_while(|&end| text.get(..end).is_some_and(|head| coded(head, capacity).is_some()))
        .last()
        .unwrap_or(0)
}

/// `text`, which has no character outside the Basic Multilingual Plane, in a coding that takes at most `capacity` octets: in
/// the default alphabet if that does, else in the shortest of the others, of two that are equally long the more widely read
/// one.
fn coded(text: &str, capacity: usize) -> Option<Vec<u8>> {
    let septets = alphabet::encode(text).filter(|septets| septets.len() <= capacity);
    septets.or_else(|| {
        // Every other coding has an octet for each character at least.
        if text.chars().count() >= capacity {
            return None;
        }
        let mut ucs2 = vec![UCS2];
        ucs2.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
        let others = [Some(ucs2), half_page(text), base(text)].into_iter().flatten();
        others.min_by_key(Vec::len).filter(|coded| coded.len() <= capacity)
    })
}

/// The coding that starts with `81`, if all characters lie in one half page or in the default alphabet.
fn half_page(text: &str) -> Option<Vec<u8>> {
    let (low, high) = range(text)?;
    let base = u8::try_from(low >> 7).ok().filter(|_| low >> 7 == high >> 7)?;
    let characters = relative(text, low & !0x7F)?;
    Some([&[UCS2_HALF_PAGE, u8::try_from(characters.len()).ok()?, base], characters.as_slice()].concat())
}

/// The coding that starts with `82`, if all characters lie within 128 codes or in the default alphabet.
fn base(text: &str) -> Option<Vec<u8>> {
    let (low, high) = range(text)?;
    if high - low > 0x7F {
        return None;
    }
    let [high_octet, low_octet] = u16::try_from(low).ok()?.to_be_bytes();
    let characters = relative(text, low)?;
    Some(
        [&[UCS2_BASE, u8::try_from(characters.len()).ok()?, high_octet, low_octet], characters.as_slice()]
            .concat(),
    )
}

/// The lowest and the highest code among the characters that the default alphabet lacks.
fn range(text: &str) -> Option<(u32, u32)> {
    let codes = text.chars().filter(|&c| septet(c).is_none()).map(u32::from);
    codes.clone().min().zip(codes.max())
}

fn relative(text: &str, base: u32) -> Option<Vec<u8>> {
    let octet = |c| septet(c).or_else(|| Some(0x80 | (u32::from(c).checked_sub(base)? & 0x7F) as u8));
    text.chars().map(octet).collect()
}

/// The one septet that is `c` in the default alphabet. Its extension table is left out: whether the length
/// octet of `81` and `82` counts an escape is read in two ways.
fn septet(c: char) -> Option<u8> {
    match alphabet::septets_of(c)? {
        alphabet::Septets::One([one]) => Some(one),
        alphabet::Septets::Two(_) => None,
    }
}

fn some(text: String) -> Option<String> {
    if text.is_empty() { None } else { Some(text) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fit(text: &str, capacity: usize) -> (String, Option<String>, Option<String>) {
        let fitted = AlphaIdentifier::fit(text, capacity);
        (fitted.alpha.text(), fitted.dropped, fitted.cut)
    }

    #[test]
    fn a_joined_emoji_is_dropped_as_one_with_the_space_beside_it() {
        let family = "👩\u{200D}👩\u{200D}👧";
        let text = alloc::format!("A {family} family [€]");
        assert_eq!(fit(&text, 20), ("A family [€]".into(), Some(family.into()), None));
    }

    #[test]
    fn a_cut_does_not_part_a_letter_from_its_marks() {
        assert_eq!(fit("ก็นี้", 6), ("ก็".into(), None, Some("นี้".into())));
        assert_eq!(fit("e\u{301}e\u{301}", 6), ("e\u{301}".into(), None, Some("e\u{301}".into())));
    }

    #[test]
    fn a_first_character_with_more_marks_than_the_field_holds_loses_marks_and_not_everything() {
        let text: String = core::iter::once('я').chain(core::iter::repeat_n('\u{301}', 40)).collect();
        assert!(fit(&text, 14).0.starts_with('я'));
    }

    #[test]
    fn escaped_characters_take_two_octets() {
        assert_eq!(AlphaIdentifier::fit("[€]", 6).alpha.octets().len(), 6);
        assert_eq!(fit("[€]", 5), ("[€".into(), None, Some("]".into())));
    }

    #[test]
    fn many_escaped_characters_have_another_coding_where_the_default_alphabet_has_no_room() {
        for (text, room, coding) in
            [("[[[[[[[[", 16, 0x1B), ("[[[[[[[[", 14, 0x81), ("€€€€€₭", 14, 0x81), ("[[[[[[[[À", 14, 0x82)]
        {
            let fitted = AlphaIdentifier::fit(text, room);
            assert_eq!(
                (fitted.alpha.octets()[0], fitted.alpha.text(), fitted.cut),
                (coding, text.into(), None)
            );
        }
    }

    #[test]
    fn the_last_letter_of_a_page_is_not_taken_for_padding() {
        for text in ["Б\u{47F}", "y\u{FF}", "中\u{4E7F}"] {
            let alpha = AlphaIdentifier::fit(text, 14).alpha;
            let field = alpha.padded(14).unwrap();
            assert_eq!(AlphaIdentifier::from_field(&field).text(), text);
        }
    }

    #[test]
    fn offsets_reach_127_codes_beyond_their_base() {
        for (far, coding) in ['\u{4C3}', '\u{4C4}'].into_iter().zip([UCS2_BASE, UCS2]) {
            let text = String::from_iter(['\u{444}', far, '\u{444}', far, '\u{444}', far]);
            let alpha = AlphaIdentifier::fit(&text, 14).alpha;
            assert_eq!((alpha.octets()[0], alpha.text()), (coding, text));
        }
    }

    /// The examples of TS 102 221 Annex A, with a code that no character has behind them.
    #[test]
    fn octets_of_each_coding_are_characters() {
        let text = |field: &[u8]| AlphaIdentifier::from_field(field).text();
        assert_eq!(
            text(&[0x81, 5, 0x13, 0x53, 0x95, 0xA6, 0xA6, 0xFF, 0xFF]),
            "S\u{995}\u{9A6}\u{9A6}\u{9FF}"
        );
        assert_eq!(text(&[0x82, 5, 0x05, 0x30, 0x2D, 0x82, 0xD3, 0x2D, 0x31]), "-\u{532}\u{583}-1");
        assert_eq!(text(&[0x82, 1, 0xFF, 0xF0, 0x8F]), "\u{FFFD}", "FFFF is no character");
        assert_eq!(text(&[0x41, 0x80, 0x42]), "A\u{FFFD}B");
        assert_eq!(text(&[0x80, 0x00, 0x41, 0xD8, 0x00, 0xFF, 0xFF]), "A\u{FFFD}");
        assert_eq!(text(&[0x81, 0x02]), "");
    }

    #[test]
    fn a_length_octet_beyond_the_field_is_lowered() {
        let alpha = AlphaIdentifier::from_field(&[0x81, 0x40, 0x08, 0xB3, 0xB4, 0xFF]);
        assert_eq!((alpha.text().as_str(), alpha.octets()), ("гд", &[0x81, 2, 0x08, 0xB3, 0xB4][..]));
    }

    proptest! {
        #[test]
        fn what_fits_is_a_prefix_and_never_longer_than_the_field(text in "\\PC{0,40}", capacity in 0usize..60) {
            let fitted = AlphaIdentifier::fit(&text, capacity);
            prop_assert!(fitted.alpha.octets().len() <= capacity);
            if fitted.dropped.is_none() {
                let mut whole = fitted.alpha.text();
                whole.push_str(fitted.cut.as_deref().unwrap_or_default());
                prop_assert_eq!(whole, text);
            }
            let field = fitted.alpha.padded(capacity).unwrap();
            prop_assert_eq!(AlphaIdentifier::from_field(&field), fitted.alpha);
        }

        #[test]
        fn a_field_read_and_padded_again_reads_the_same(field in proptest::collection::vec(any::<u8>(), 0..40)) {
            let alpha = AlphaIdentifier::from_field(&field);
            let _ = alpha.text();
            let padded = alpha.padded(field.len()).unwrap();
            prop_assert_eq!(AlphaIdentifier::from_field(&padded), alpha);
        }
    }
}
