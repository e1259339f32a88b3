//! What a response is compared with: octets with wildcards, and status words with wildcards.

use alloc::{string::String, vec::Vec};
use core::fmt;

use oxisim_apdu::Status;

/// A pattern of octets whose variables have their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern(pub Vec<Element>);

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// An octet, of which the bits of the mask count.
    Octet {
        /// The bits.
        value: u8,
        /// Those that count.
        mask: u8,
    },
    /// Any octets, or none.
    Any,
    /// Octets that become the value of a variable; any number if no length is said.
    Capture {
        /// The variable.
        name: String,
        /// How many octets.
        length: Option<usize>,
    },
}

/// A status word, of which the bits of the mask count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusPattern {
    /// The bits.
    pub value: u16,
    /// Those that count.
    pub mask: u16,
    /// The variable that gets the octets that do not count: SW2, or both.
    pub capture: Option<String>,
}

/// Octets that a pattern has named.
pub type Captures = Vec<(String, Vec<u8>)>;

/// A place of a comparison: what was expected there and what was got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// What was expected; nothing if there is an octet too many.
    pub expected: Option<&'a Element>,
    /// What was got; nothing if there is an octet too few.
    pub got: Option<u8>,
}

impl Element {
    /// This octet.
    #[must_use]
    pub const fn octet(value: u8) -> Self {
        Self::Octet { value, mask: 0xFF }
    }

    /// Whether the element stands for any number of octets.
    const fn is_open(&self) -> bool {
        matches!(self, Self::Any | Self::Capture { length: None, .. })
    }

    /// For how many octets the element stands, if that is always the same.
    const fn width(&self) -> usize {
        match self {
            Self::Octet { .. } => 1,
            Self::Capture { length: Some(length), .. } => *length,
            Self::Any | Self::Capture { length: None, .. } => 0,
        }
    }

    /// Whether the octet at the element's place, or one of its places, is as it should be.
    const fn takes(&self, octet: u8) -> bool {
        match self {
            Self::Octet { value, mask } => octet & *mask == *value & *mask,
            _ => true,
        }
    }
}

impl Pattern {
    /// The octets that the pattern names, if it fits `octets`; what stands for any number stands for the fewest.
    #[must_use]
    pub fn matches(&self, octets: &[u8]) -> Option<Captures> {
        // Where each element begins. Only the last open element before a mismatch can take one octet more: if those
        // before it took more, what comes between would have fewer octets to choose from.
        let mut begins: Vec<usize> = Vec::with_capacity(self.0.len() + 1);
        let mut open: Option<(usize, usize)> = None;
        let mut at = 0;
        loop {
            let place = begins.len();
            let fits = match self.0.get(place) {
                Some(element) if element.is_open() => {
                    open = Some((place, at));
                    Some(at)
                }
                Some(element) => {
                    let end = at.checked_add(element.width())?;
                    octets
                        .get(at..end)
                        .filter(|part| part.iter().all(|&octet| element.takes(octet)))
                        .map(|_| end)
                }
                None if at == octets.len() => break,
                None => None,
            };
            if let Some(end) = fits {
                begins.push(at);
                at = end;
            } else {
                let (place, end) = open?;
                at = end + 1;
                if at > octets.len() {
                    return None;
                }
                open = Some((place, at));
                begins.truncate(place + 1);
            }
        }
        begins.push(at);
        let named =
            self.0.iter().zip(begins.windows(2)).filter_map(|(element, range)| match (element, range) {
                (Element::Capture { name, .. }, &[start, end]) => {
                    Some((name.clone(), octets.get(start..end)?.to_vec()))
                }
                _ => None,
            });
        Some(named.collect())
    }

    /// The octets beside the pattern: what stands before the first open element from the front, what stands behind
    /// the last from the back, and the rest beside nothing.
    #[must_use]
    pub fn beside<'a>(&'a self, octets: &'a [u8]) -> Vec<Pair<'a>> {
        let flat = |elements: &'a [Element]| {
            elements.iter().flat_map(|element| {
                let width = if element.is_open() { 1 } else { element.width().min(octets.len() + 1) };
                core::iter::repeat_n(element, width)
            })
        };
        let first = self.0.iter().position(Element::is_open);
        let last = self.0.iter().rposition(Element::is_open);
        let (front, middle, back) = match (first, last) {
            (Some(first), Some(last)) => (
                self.0.get(..first).unwrap_or_default(),
                self.0.get(first..=last).unwrap_or_default(),
                self.0.get(last + 1..).unwrap_or_default(),
            ),
            _ => (&self.0[..], &[][..], &[][..]),
        };
        let front: Vec<&Element> = flat(front).collect();
        let back: Vec<&Element> = flat(back).collect();
        let split = front.len().min(octets.len());
        let (head, rest) = octets.split_at(split);
        let (between, tail) = rest.split_at(rest.len().saturating_sub(back.len()));
        let mut pairs = Vec::new();
        pairs.extend(zip(&front, head));
        if middle.is_empty() {
            pairs.extend(between.iter().map(|&octet| Pair { expected: None, got: Some(octet) }));
        } else {
            pairs.extend(
                between.iter().map(|&octet| Pair { expected: Some(&Element::Any), got: Some(octet) }),
            );
        }
        pairs.extend(zip(&back, tail));
        pairs
    }
}

/// Elements beside octets, of which there may be fewer.
fn zip<'a>(elements: &[&'a Element], octets: &[u8]) -> Vec<Pair<'a>> {
    let octets = octets.iter().copied().map(Some).chain(core::iter::repeat(None));
    elements.iter().zip(octets).map(|(&element, got)| Pair { expected: Some(element), got }).collect()
}

impl Pair<'_> {
    /// Whether what was got is what was expected.
    #[must_use]
    pub const fn is_same(&self) -> bool {
        match (self.expected, self.got) {
            (Some(element), Some(octet)) => element.takes(octet),
            _ => false,
        }
    }
}

impl StatusPattern {
    /// This word.
    #[must_use]
    pub const fn word(status: Status) -> Self {
        Self { value: status.0, mask: 0xFFFF, capture: None }
    }

    /// Whether the word is one of those meant; what it names is in the captures.
    #[must_use]
    pub fn matches(&self, status: Status) -> Option<Captures> {
        if status.0 & self.mask != self.value & self.mask {
            return None;
        }
        let octets = match self.mask & 0xFF00 {
            0 => status.0.to_be_bytes().to_vec(),
            _ => [status.sw2()].to_vec(),
        };
        Some(self.capture.iter().map(|name| (name.clone(), octets.clone())).collect())
    }
}

/// As it is written: `6X`, `..`, `<name:4>`.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Octet { value, mask } => {
                let nibble = |value: u8, mask: u8| match mask & 0x0F {
                    0 => 'X',
                    _ => char::from_digit(u32::from(value & 0x0F), 16)
                        .map_or('X', |digit| digit.to_ascii_uppercase()),
                };
                write!(f, "{}{}", nibble(value >> 4, mask >> 4), nibble(*value, *mask))
            }
            Self::Any => f.write_str(".."),
            Self::Capture { name, length: None } => write!(f, "<{name}>"),
            Self::Capture { name, length: Some(length) } => write!(f, "<{name}:{length}>"),
        }
    }
}

/// As it is written, without its brackets.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, element) in self.0.iter().enumerate() {
            write!(f, "{}{element}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

/// As it is written: `9000`, `61XX`, `91<length>`.
impl fmt::Display for StatusPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [high, low] = self.value.to_be_bytes();
        let [high_mask, low_mask] = self.mask.to_be_bytes();
        let (high, low) =
            (Element::Octet { value: high, mask: high_mask }, Element::Octet { value: low, mask: low_mask });
        match &self.capture {
            Some(name) if high_mask == 0 => write!(f, "<{name}>"),
            Some(name) => write!(f, "{high}<{name}>"),
            None => write!(f, "{high}{low}"),
        }
    }
}
