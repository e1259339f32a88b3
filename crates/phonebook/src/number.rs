//! Dialling numbers: what people write, and semi-octets (TS 31.102 §4.4.2.3, TS 24.008 §10.5.4.7).

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use oxisim_wire::bcd;
use smallvec::SmallVec;

/// Digits that the record of a number holds; further ones go to extension records.
pub const RECORD_DIGITS: usize = 20;

/// Digits that an extension record holds.
pub const EXTENSION_DIGITS: usize = 20;

oxisim_wire::codes! {
    /// Type of number and numbering plan identification (TS 24.008 §10.5.4.7).
    pub struct TonNpi(u8) {
        /// Unknown type, telephony numbering plan: the number as it is dialled here.
        UNKNOWN = 0x81,
        /// International number, telephony numbering plan: shown with `+`.
        INTERNATIONAL = 0x91,
        /// No dialling number: a control string such as `*#06#` (TS 31.102 §4.4.2.3).
        CONTROL_STRING = 0xFF,
    }
}

impl TonNpi {
    /// Whether the number starts with a country code.
    #[must_use]
    pub const fn is_international(self) -> bool {
        self.0 & 0x70 == 0x10
    }
}

/// A dialling number or a supplementary service control string; it has at least one digit.
///
/// A digit is a semi-octet: `0` to `9`, `*`, `#`, pause, wild and expansion ([`bcd::DIALLING`]).
///
/// ```
/// use oxisim_phonebook::DiallingNumber;
///
/// let parsed = DiallingNumber::parse("+49 (0) 151-234.567/89", 40).unwrap();
/// assert_eq!(parsed.number.to_string(), "+4915123456789");
/// assert_eq!(parsed.changes[0].to_string(), "trunk prefix (0) left out after the country code");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DiallingNumber {
    ton_npi: TonNpi,
    /// Those of most numbers take no memory of their own.
    digits: SmallVec<[u8; RECORD_DIGITS]>,
}

/// A number as people write it, read: the digits, and what was done to get there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The number.
    pub number: DiallingNumber,
    /// What was changed, in the order of the text. Separators left out are no change.
    pub changes: Vec<NumberChange>,
}

/// A text that has no digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no digit in the number")]
pub struct NoDigit;

/// What was changed to write a text as a dialling number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberChange {
    /// Letters became the digits of their keys (ITU-T E.161).
    #[error("letters '{letters}' written as digits {digits}")]
    Letters {
        /// The letters.
        letters: String,
        /// The digits.
        digits: String,
    },
    /// `(0)` after a country code was left out.
    #[error("trunk prefix (0) left out after the country code")]
    TrunkPrefix,
    /// An extension, marked by a word or by a parameter, follows after a pause.
    #[error("extension '{0}' written after a pause")]
    Extension(String),
    /// A wait for the user or for a tone became a pause.
    #[error("wait written as a pause")]
    Wait,
    /// A parameter of a `tel:` URI was left out.
    #[error("parameter '{0}' left out")]
    Parameter(String),
    /// A character that is no part of a number was left out.
    #[error("'{0}' left out")]
    Character(char),
    /// There was no room for the last digits.
    #[error("last digits '{0}' cut off")]
    Cut(String),
}

impl NumberChange {
    /// Whether dialling the number no longer does what the text says.
    #[must_use]
    pub const fn is_loss(&self) -> bool {
        match self {
            Self::Letters { .. } | Self::TrunkPrefix | Self::Extension(_) => false,
            Self::Wait | Self::Parameter(_) | Self::Character(_) | Self::Cut(_) => true,
        }
    }
}

impl DiallingNumber {
    /// A number of semi-octets; `None` if there is none, or one of them is above `E`.
    #[must_use]
    pub fn new(ton_npi: TonNpi, digits: impl IntoIterator<Item = u8>) -> Option<Self> {
        let digits: SmallVec<_> = digits.into_iter().collect();
        let valid = !digits.is_empty() && digits.iter().all(|&digit| digit < 0x0F);
        valid.then_some(Self { ton_npi, digits })
    }

    /// Reads what people write, and `tel:` URIs (RFC 3966), keeping at most `limit` digits.
    pub fn parse(text: &str, limit: usize) -> Result<Parsed, NoDigit> {
        let mut scan = Scan::default();
        match strip_scheme(text.trim()) {
            Some(uri) => scan.uri(uri),
            None => scan.text(text),
        }
        scan.finish(limit)
    }

    /// Type of number and numbering plan.
    #[must_use]
    pub const fn ton_npi(&self) -> TonNpi {
        self.ton_npi
    }

    /// The semi-octets, one an octet.
    #[must_use]
    pub fn digits(&self) -> &[u8] {
        &self.digits
    }

    /// Extension records that the number takes.
    #[must_use]
    pub fn extensions(&self) -> usize {
        self.digits.len().saturating_sub(RECORD_DIGITS).div_ceil(EXTENSION_DIGITS)
    }

    /// Parts the number into what its record holds and what each extension record holds.
    #[must_use]
    pub fn split(&self) -> (Self, Vec<Vec<u8>>) {
        let head = Self { ton_npi: self.ton_npi, digits: self.first().into() };
        (head, self.further().map(<[u8]>::to_vec).collect())
    }

    /// The digits that the number's record holds.
    #[must_use]
    pub fn first(&self) -> &[u8] {
        self.digits.get(..RECORD_DIGITS).unwrap_or(&self.digits)
    }

    /// The digits that each of its extension records holds.
    pub fn further(&self) -> impl Iterator<Item = &[u8]> + '_ {
        self.digits.get(RECORD_DIGITS..).unwrap_or_default().chunks(EXTENSION_DIGITS)
    }

    /// Appends the semi-octets of an extension record; those above `E` are fillers and left out.
    pub fn extend(&mut self, digits: &[u8]) {
        self.digits.extend(digits.iter().copied().filter(|&digit| digit < 0x0F));
    }

    /// Cuts the number down to `limit` digits, at least one, and returns the others as text.
    pub fn cut(&mut self, limit: usize) -> Option<String> {
        let limit = limit.max(1);
        if self.digits.len() <= limit {
            return None;
        }
        let cut = self.digits.get(limit..).map(bcd::to_dialling);
        self.digits.truncate(limit);
        cut
    }
}

/// As it is dialled, with `+` for an international number. In a control string that carries one, such as
/// `*21*+4915123#`, the `+` stands where the number starts.
impl fmt::Display for DiallingNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = bcd::to_dialling(&self.digits);
        if !self.ton_npi.is_international() {
            return f.write_str(&text);
        }
        let (service, number) = text.split_at(service_code(&text));
        write!(f, "{service}+{number}")
    }
}

/// Octets of the service code that `text` starts with: `*21*` of `*21*4915123#`; 0 if no number follows one.
fn service_code(text: &str) -> usize {
    let marks = |text: &str| text.len() - text.trim_start_matches(['*', '#']).len();
    let start = marks(text);
    let after = text.get(start..).unwrap_or_default();
    let code = after.find(['*', '#']).unwrap_or(after.len());
    let end = marks(after.get(code..).unwrap_or_default());
    let length = start + code + end;
    if start > 0 && length < text.len() { length } else { 0 }
}

/// The text after `tel:`.
fn strip_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked(4)?;
    scheme.eq_ignore_ascii_case("tel:").then_some(rest)
}

#[derive(Default)]
struct Scan {
    international: bool,
    digits: Vec<u8>,
    changes: Vec<NumberChange>,
}

impl Scan {
    fn uri(&mut self, uri: &str) {
        let mut parts = uri.split(';');
        let number = parts.next().unwrap_or_default();
        let parameters = || parts.clone().map(|part| part.split_once('=').unwrap_or((part, "")));
        let is = |name: &str, wanted: &str| name.trim().eq_ignore_ascii_case(wanted);
        let context = parameters().find(|(name, value)| is(name, "phone-context") && value.starts_with('+'));
        if let Some((_, context)) = context.filter(|_| !number.trim_start().starts_with('+')) {
            self.text(context);
        }
        self.text(number);
        for (name, value) in parameters() {
            if is(name, "ext") || is(name, "postd") {
                self.extension(value);
                self.text(value);
            } else if !is(name, "") && context != Some((name, value)) {
                let text = if value.is_empty() { name.to_string() } else { [name, value].join("=") };
                self.changes.push(NumberChange::Parameter(text));
            }
        }
    }

    fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if self.international && !self.digits.is_empty() && rest.starts_with("(0)") {
                self.changes.push(NumberChange::TrunkPrefix);
                rest = rest.get(3..).unwrap_or_default();
                continue;
            }
            let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let (word, after) = rest.split_at(letters);
            rest = match word {
                "" => {
                    self.character(c);
                    rest.get(c.len_utf8()..).unwrap_or_default()
                }
                _ if is_extension_mark(word) => {
                    let after = after.trim_start_matches(['.', ':', '=', ' ']);
                    let end = after.find(|c: char| c.is_alphabetic() || c == ';').unwrap_or(after.len());
                    self.extension(after.get(..end).unwrap_or_default());
                    after
                }
                _ => {
                    self.word(word);
                    after
                }
            };
        }
    }

    fn character(&mut self, c: char) {
        if let Some(digit) = decimal(c) {
            self.digits.push(digit);
            return;
        }
        match c {
            ';' => {
                self.changes.push(NumberChange::Wait);
                self.pause();
            }
            '+' | '\u{FF0B}' if !self.international && self.may_become_international() => {
                self.international = true;
            }
            '\u{FF0A}' => self.digits.push(10),
            '\u{FF03}' => self.digits.push(11),
            _ if is_separator(c) => {}
            _ => match bcd::from_dialling(c) {
                Some(digit) => self.digits.push(digit),
                None => self.changes.push(NumberChange::Character(c)),
            },
        }
    }

    /// Letters that stand together: pauses, waits and expansion digits if they are nothing else, otherwise a
    /// word for the keypad.
    fn word(&mut self, word: &str) {
        if word.chars().all(|c| matches!(c, 'p' | 'E')) {
            self.digits.extend(word.chars().filter_map(bcd::from_dialling));
        } else if word.chars().all(|c| matches!(c, 'p' | 'P' | 'w' | 'W')) {
            for c in word.chars() {
                if c.eq_ignore_ascii_case(&'w') {
                    self.changes.push(NumberChange::Wait);
                }
                self.pause();
            }
        } else {
            let keys: Vec<u8> = word.bytes().filter_map(key).collect();
            let letters = word.to_string();
            self.changes.push(NumberChange::Letters { letters, digits: bcd::to_dialling(&keys) });
            self.digits.extend(keys);
        }
    }

    fn extension(&mut self, text: &str) {
        self.changes.push(NumberChange::Extension(text.trim().to_string()));
        self.pause();
    }

    fn pause(&mut self) {
        self.digits.extend(bcd::from_dialling('p'));
    }

    /// Whether a `+` may come here: at the start, or after the service code of a control string.
    fn may_become_international(&self) -> bool {
        let mut text = bcd::to_dialling(&self.digits);
        text.push('0');
        self.digits.is_empty() || service_code(&text) == self.digits.len()
    }

    fn finish(self, limit: usize) -> Result<Parsed, NoDigit> {
        let Self { international, digits, mut changes } = self;
        let is_mark = |digit: Option<&u8>| matches!(digit, Some(10 | 11));
        let ton_npi = match international {
            true => TonNpi::INTERNATIONAL,
            false if is_mark(digits.first()) && digits.last() == Some(&11) => TonNpi::CONTROL_STRING,
            false => TonNpi::UNKNOWN,
        };
        if digits.iter().all(|&digit| digit == 12) {
            return Err(NoDigit);
        }
        let mut number = DiallingNumber::new(ton_npi, digits).ok_or(NoDigit)?;
        changes.extend(number.cut(limit).map(NumberChange::Cut));
        Ok(Parsed { number, changes })
    }
}

fn is_extension_mark(word: &str) -> bool {
    ["x", "ext", "extn", "extension"].iter().any(|mark| word.eq_ignore_ascii_case(mark))
}

/// Characters that part a number for the eye, and marks of writing direction, which phones put around it.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | '/' | '(' | ')' | '\u{AD}' | '\u{2010}'..='\u{2015}' | '\u{2212}')
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// The value of a decimal digit, in the scripts whose keyboards write numbers with digits of their own.
fn decimal(c: char) -> Option<u8> {
    const ZEROS: [char; 13] = [
        '0', '\u{660}', '\u{6F0}', '\u{966}', '\u{9E6}', '\u{A66}', '\u{AE6}', '\u{BE6}', '\u{E50}',
        '\u{ED0}', '\u{1040}', '\u{17E0}', '\u{FF10}',
    ];
    ZEROS
        .iter()
        .find_map(|&zero| u32::from(c).checked_sub(u32::from(zero)).filter(|value| *value < 10))
        .map(|v| v as u8)
}

/// The key of a letter (ITU-T E.161).
fn key(letter: u8) -> Option<u8> {
    const KEYS: &[u8; 26] = b"22233344455566677778889999";
    let place = letter.to_ascii_uppercase().checked_sub(b'A')?;
    KEYS.get(usize::from(place)).map(|digit| digit & 0x0F)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> (String, u8, Vec<String>) {
        let parsed = DiallingNumber::parse(text, 40).unwrap();
        let changes = parsed.changes.iter().map(ToString::to_string).collect();
        (parsed.number.to_string(), parsed.number.ton_npi().0, changes)
    }

    #[test]
    fn separators_are_no_change() {
        for text in ["+49 151-234.567/89", "\u{202A}+49 (151) 234\u{2011}56789\u{202C}", " + 49 151 23456789"]
        {
            assert_eq!(parse(text), ("+4915123456789".into(), 0x91, Vec::new()));
        }
    }

    #[test]
    fn a_trunk_prefix_is_left_out_only_after_a_country_code() {
        assert_eq!(parse("+44 (0)20 7946").0, "+44207946");
        assert_eq!(parse("(0)20 7946"), ("0207946".into(), 0x81, Vec::new()));
    }

    #[test]
    fn letters_become_keys_and_a_lone_p_stays_a_pause() {
        let (number, _, changes) = parse("1-800-FLOWERS");
        assert_eq!(number, "18003569377");
        assert_eq!(changes, ["letters 'FLOWERS' written as digits 3569377"]);
        assert_eq!(parse("123p45,6"), ("123p45p6".into(), 0x81, Vec::new()));
        assert_eq!(parse("123w4;5").2, ["wait written as a pause", "wait written as a pause"]);
    }

    #[test]
    fn an_extension_follows_after_a_pause() {
        assert_eq!(parse("+1 555 0100 ext. 12").0, "+15550100p12");
        assert_eq!(parse("tel:+1-555-0100;ext=12").2, ["extension '12' written after a pause"]);
    }

    #[test]
    fn the_context_of_a_tel_uri_completes_a_local_number() {
        assert_eq!(parse("tel:7042;phone-context=+1914555"), ("+19145557042".into(), 0x91, Vec::new()));
        let (number, _, changes) = parse("tel:7042;phone-context=example.com");
        assert_eq!(
            (number.as_str(), changes),
            ("7042", ["parameter 'phone-context=example.com' left out".into()].to_vec())
        );
    }

    #[test]
    fn control_strings_have_no_type_of_number_unless_they_carry_an_international_number() {
        assert_eq!(parse("*#06#"), ("*#06#".into(), 0xFF, Vec::new()));
        assert_eq!(parse("*21*+4915123#"), ("*21*+4915123#".into(), 0x91, Vec::new()));
        assert_eq!(parse("#31#030123"), ("#31#030123".into(), 0x81, Vec::new()));
    }

    #[test]
    fn digits_of_other_scripts_are_digits() {
        assert_eq!(parse("+\u{669}\u{661}").0, "+91");
        assert_eq!(parse("\u{FF0B}\u{FF18}\u{FF16}").0, "+86");
    }

    #[test]
    fn what_has_no_room_is_named() {
        let parsed = DiallingNumber::parse("123456", 4).unwrap();
        assert_eq!(parsed.number.to_string(), "1234");
        assert_eq!(parsed.changes, [NumberChange::Cut("56".into())]);
        assert_eq!(DiallingNumber::parse("+ ()", 4), Err(NoDigit));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}", limit in 0usize..50) {
            if let Ok(parsed) = DiallingNumber::parse(&text, limit) {
                prop_assert!(parsed.number.digits().len() <= limit.max(1));
            }
        }

        #[test]
        fn a_number_shown_and_read_again_is_the_same(text in "[+0-9*#p?wA-Z() ]{1,30}") {
            if let Ok(parsed) = DiallingNumber::parse(&text, 40) {
                let again = DiallingNumber::parse(&parsed.number.to_string(), 40).unwrap();
                prop_assert_eq!(again.changes, Vec::new());
                prop_assert_eq!(again.number, parsed.number);
            }
        }
    }
}
