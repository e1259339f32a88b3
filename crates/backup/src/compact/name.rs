//! An alpha identifier as decisions (TS 102 221 annex A).
//!
//! Characters are units: a half page of UCS2 and seven bits in it. The characters of the default alphabet are those
//! of half page 0, since letters and digits have the same code there.

use alloc::vec::Vec;

use oxisim_wire::Error;

use super::{
    Bits, flat,
    letters::Voting,
    origin::{self, FOREIGN, is_ideographic},
    tree,
    walk::{Walk, contexts},
};

const DEFAULT: u16 = 0;
const UCS2: u16 = 1;
const HALF_PAGE: u16 = 2;
const OTHER: u16 = 3;

/// Most octets of an alpha identifier.
const MAX_OCTETS: usize = 255;

/// A character: its half page, and seven bits.
pub(super) type Unit = u16;

/// No character: the beginning of the name.
const NONE: Unit = 0xFFFF;
const SPACE: Unit = 0x20;
const HYPHEN: Unit = 0x2D;

/// What is behind in a name: units, the last one first, and where in its words it stands.
struct Behind {
    units: [Unit; 4],
    length: u16,
    word: u16,
    in_word: u16,
}

/// Memory that a name needs.
#[cfg(test)]
pub(super) const BEHIND_OCTETS: usize = size_of::<Behind>();

impl Behind {
    const fn push(&mut self, unit: Unit) {
        let [a, b, c, _] = self.units;
        self.units = [unit, a, b, c];
        self.length += 1;
        if unit == SPACE || unit == HYPHEN {
            self.word = if self.word < 3 { self.word + 1 } else { 3 };
            self.in_word = 0;
        } else {
            self.in_word = if self.in_word < 7 { self.in_word + 1 } else { 7 };
        }
    }
}

/// The unit without its case.
const fn folded(unit: Unit) -> Unit {
    if matches!(unit, 0x40..=0x5A) { unit + 0x20 } else { unit }
}

/// What kind of character it is.
const fn class(unit: Unit) -> u16 {
    match unit {
        NONE => 0,
        SPACE => 1,
        0x61..=0x7A => 2,
        0x41..=0x5A => 3,
        0x80.. => 4,
        _ => 5,
    }
}

/// How an alpha identifier is coded.
fn scheme(octets: &[u8]) -> u16 {
    match octets {
        [0x80, units @ ..] if units.len().is_multiple_of(2) => UCS2,
        [0x81, count, _, rest @ ..] if usize::from(*count) == rest.len() => HALF_PAGE,
        _ if octets.iter().all(|&octet| octet < 0x80) => DEFAULT,
        _ => OTHER,
    }
}

impl Walk {
    /// An alpha identifier. Who decodes passes none.
    pub(super) fn name<B: Bits>(&mut self, bits: &mut B, octets: &[u8]) -> Result<Vec<u8>, Error> {
        let (before, country) = (u16::from(self.scheme), origin::country(bits, self.country));
        let script = origin::script(bits, self.page.into());
        let entries = u16::from(self.entries().min(2));
        let scheme = tree(bits, 2, scheme(octets), |node| {
            contexts![
                [1, node, before],
                [2, node, before, country],
                [3, node, entries, country],
                [4, node, entries, before, script]
            ]
        })?;
        self.scheme = scheme as u8;
        let (mut name, header) = match scheme {
            DEFAULT => (Vec::new(), 0),
            UCS2 => (header::<B>(&[0x80]), 1),
            HALF_PAGE => {
                let base = octets.get(2).copied().unwrap_or(0);
                let last = u16::from(self.page);
                let base = tree(bits, 8, base.into(), |node| {
                    let done = node.ilog2() as u16;
                    let same = match last | 0x100 {
                        0x100 => 2,
                        last if last >> (8 - done) == node => last >> (7 - done) & 1,
                        _ => 3,
                    };
                    contexts![[5, node], [6, node, script], [7, node, country], [8, same], [9, same, done]]
                })?;
                self.page = base as u8;
                (header::<B>(&[0x81, 0, base as u8]), 3)
            }
            _ => return other(bits, octets),
        };
        let mut used = header;
        let mut behind = Behind { units: [NONE; 4], length: 0, word: 0, in_word: 0 };
        while used < MAX_OCTETS && !self.end(bits, scheme, &behind, used, octets)? {
            let ahead = octets.get(used..).unwrap_or_default();
            let unit = self.unit(bits, scheme, &behind, used, ahead)?;
            behind.push(unit);
            self.letters.push(unit);
            used += if scheme == UCS2 { 2 } else { 1 };
            match scheme {
                _ if !B::DECODES => {}
                DEFAULT => name.push(unit as u8),
                UCS2 => name.extend(unit.to_be_bytes()),
                _ => name.push(unit as u8 & 0x7F | if unit < 0x80 { 0 } else { 0x80 }),
            }
        }
        if let (HALF_PAGE, Some(count)) = (scheme, name.get_mut(1)) {
            *count = (used - header) as u8;
        }
        Ok(name)
    }

    /// Octets that the card's alpha identifier has left, 7 if nobody knows, 15 if one more is used than there is.
    fn room(&self, scheme: u16, used: usize) -> u16 {
        let room = match self.alpha() {
            0 => return 7,
            alpha => usize::from(alpha).checked_sub(used).map_or(15, |room| room.min(14)),
        };
        if scheme == UCS2 && room != 15 { room as u16 & !1 } else { room as u16 }
    }

    fn end(
        &self,
        bits: &mut impl Bits,
        scheme: u16,
        behind: &Behind,
        used: usize,
        octets: &[u8],
    ) -> Result<bool, Error> {
        let [c1, c2, c3, _] = behind.units.map(folded);
        let room = self.room(scheme, used);
        let contexts = contexts![
            [10, room, scheme],
            [11, c1],
            [12, c1, c2],
            [13, c1, c2, c3],
            [14, behind.word, behind.in_word, class(behind.units[0])],
            [15, room.min(6), c1],
        ];
        bits.bit(contexts, used >= octets.len())
    }

    /// One character; `ahead` begins with it.
    fn unit(
        &self,
        bits: &mut impl Bits,
        scheme: u16,
        behind: &Behind,
        used: usize,
        ahead: &[u8],
    ) -> Result<Unit, Error> {
        let first = u16::from(ahead.first().copied().unwrap_or(0));
        let mut voting = self.letters.voting(behind.units[0]);
        let (page, low) = match scheme {
            UCS2 => {
                let unit = first << 8 | u16::from(ahead.get(1).copied().unwrap_or(0));
                (half_page(bits, behind, &mut voting, unit >> 7)?, unit & 0x7F)
            }
            HALF_PAGE => {
                let [c1, c2, ..] = known(bits, behind);
                let script = origin::script(bits, self.page.into());
                let contexts = contexts![
                    [24, script, c1],
                    [25, (c1 >> 7).min(1), (c2 >> 7).min(1), behind.in_word.min(3), behind.word.min(2)],
                    [26, c1, c2],
                    [27, self.room(scheme, used), script],
                ];
                let above = bits.bit(contexts, first >= 0x80)?;
                let page = if above { u16::from(self.page).max(1) } else { 0 };
                voting.narrow_to(page);
                (page, first & 0x7F)
            }
            _ => {
                voting.narrow_to(0);
                (0, first)
            }
        };
        Ok(page << 7 | low_bits(bits, behind, &mut voting, page, low)?)
    }
}

/// The half page of a character.
fn half_page(
    bits: &mut impl Bits,
    behind: &Behind,
    voting: &mut Voting<'_>,
    page: u16,
) -> Result<u16, Error> {
    let [c1, c2, ..] = known(bits, behind);
    let (before, second, length) = (c1 >> 7, c2 >> 7, behind.length.min(15));
    let mut node = 1;
    for place in (7..Unit::BITS as u8).rev() {
        let [all, after] = voting.votes(place);
        let begun = u16::from(node > 1);
        let contexts = contexts![
            [20, node, before],
            [21, node],
            [22, node, c1],
            [23, node, before, second, length],
            [28, all, begun, before.min(1)],
            [29, after, begun],
        ];
        let bit = bits.bit(contexts, page >> (place - 7) & 1 == 1)?;
        voting.narrow(place, bit);
        node = node << 1 | u16::from(bit);
    }
    Ok(node & 0x1FF)
}

/// The lower seven bits of a character.
fn low_bits(
    bits: &mut impl Bits,
    behind: &Behind,
    voting: &mut Voting<'_>,
    page: u16,
    low: u16,
) -> Result<u16, Error> {
    let script = origin::script(bits, page);
    let [c1, c2, c3, _] = known(bits, behind);
    let kinds = behind.units.map(class);
    let start = u16::from(behind.in_word == 0);
    let (word, in_word, length) = (behind.word.min(2), behind.in_word.min(3), behind.length.min(3));
    let mut node = 1;
    for place in (0..7u8).rev() {
        let done = 6 - place;
        let at = script << 7 | node;
        let bit = low >> place & 1 == 1;
        let bit = if page == 0 && done < 2 {
            let contexts = contexts![
                [40, at, start, word],
                [41, at, c1],
                [42, at, kinds[0], kinds[1], in_word],
                [43, at, kinds[0], kinds[1], kinds[2], kinds[3]],
            ];
            bits.bit(contexts, bit)?
        } else if script == FOREIGN {
            let ([all, after], place) = (voting.votes(place), place.into());
            let contexts =
                contexts![[30, at, start], [37, all], [38, all, place], [39, after], [44, after, place]];
            bits.bit(contexts, bit)?
        } else if is_ideographic(page) {
            let [all, after] = voting.votes(place);
            bits.bit(contexts![[50, at], [51, at, length], [52, at, c1], [53, all], [54, after]], bit)?
        } else {
            // Columns 4 and 5 have the capitals of columns 6 and 7.
            let letter = if page == 0 && node >> (4 - place) == 0b110 { at | 1 << (4 - place) } else { at };
            let ([all, after], above) = (voting.votes(place), u16::from(page > 0));
            let contexts = contexts![
                [30, at, start + 2 * word],
                [31, at, c1],
                [32, letter, c1, c2],
                [33, letter, c1, c2, c3],
                [34, at, kinds[0], kinds[1], in_word],
                [35, all, above, place.into()],
                [36, after, above, u16::from(place < 4)],
            ];
            bits.bit(contexts, bit)?
        };
        voting.narrow(place, bit);
        node = node << 1 | u16::from(bit);
    }
    Ok(node & 0x7F)
}

/// The characters behind without their case, as far as the table knows their script.
fn known(bits: &impl Bits, behind: &Behind) -> [Unit; 4] {
    behind.units.map(|unit| match folded(unit) {
        NONE => NONE,
        unit => origin::script(bits, unit >> 7) << 7 | unit & 0x7F,
    })
}

fn header<B: Bits>(octets: &[u8]) -> Vec<u8> {
    if B::DECODES { octets.into() } else { Vec::new() }
}

/// An alpha identifier that is coded otherwise: its length, its octets.
fn other<B: Bits>(bits: &mut B, octets: &[u8]) -> Result<Vec<u8>, Error> {
    let length = flat(bits, 8, octets.len().min(MAX_OCTETS) as u16)?;
    let mut name = Vec::new();
    for at in 0..usize::from(length) {
        let octet = flat(bits, 8, octets.get(at).copied().unwrap_or(0).into())?;
        if B::DECODES {
            name.push(octet as u8);
        }
    }
    Ok(name)
}
