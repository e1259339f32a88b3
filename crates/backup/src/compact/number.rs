//! A dialling number as decisions (TS 31.102 §4.4.2.3).
//!
//! A phonebook has few home prefixes. So the numbers before it in the block vote for each digit, as long as they
//! agree with those so far; behind the country code, or the trunk prefix 0, it does not matter which of the two it is.

use alloc::vec::Vec;

use oxisim_phonebook::{DiallingNumber, TonNpi};
use oxisim_wire::{Error, ErrorKind};

use super::{
    Bits, flat, origin, tree,
    walk::{Walk, contexts, mix, sure},
};

/// Most digits of a number.
const MAX_DIGITS: usize = 320;

/// Numbers that are remembered.
const RECENTS: usize = 10;

/// National digits that are remembered of each; those behind are anybody's guess.
const DIGITS: usize = 6;

/// What stands before the national digits: nothing, a country code, or this trunk prefix.
const TRUNK: u16 = 1_000;

/// The hash of digits in a country that the table does not know.
const STRANGE: u16 = 1;

/// Shorter numbers, such as service codes, are nobody's prefix.
const SHORTEST: u8 = 7;

/// A number before this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Recent {
    lead: u16,
    length: u8,
    digits: [u8; DIGITS / 2],
}

impl Recent {
    fn digit(self, at: usize) -> u8 {
        self.digits.get(at / 2).map_or(0x0F, |octet| octet >> (at % 2 * 4) & 0x0F)
    }

    const fn is_international(self) -> bool {
        self.lead != 0 && self.lead != TRUNK
    }
}

/// The numbers before, in a ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Recents {
    numbers: [Recent; RECENTS],
    count: u8,
}

impl Recents {
    fn push(&mut self, recent: Recent) {
        self.numbers[usize::from(self.count) % RECENTS] = recent;
        self.count = self.count.wrapping_add(1);
    }

    /// The last ones, the newest first.
    fn iter(&self) -> impl Iterator<Item = Recent> + Clone {
        let count = usize::from(self.count);
        (0..count.min(RECENTS)).map(move |back| self.numbers[(count - 1 - back) % RECENTS])
    }
}

/// Whether these digits are a whole country code (ITU-T E.164 annex: zones 1 and 7 have one digit, some countries two,
/// all others three).
pub(super) const fn is_country(code: u16) -> bool {
    match code {
        1
        | 7
        | 20
        | 27
        | 30..=34
        | 36
        | 39
        | 40
        | 41
        | 43..=49
        | 51..=58
        | 60..=66
        | 81
        | 82
        | 84
        | 86
        | 90..=95
        | 98 => true,
        _ => code >= 100,
    }
}

/// Where in a number the next digit stands.
struct Place {
    international: u16,
    /// Country code so far, or trunk prefix.
    lead: u16,
    /// Whether the country code is still being said.
    leading: bool,
    /// Digits so far, and national ones.
    length: u16,
    national: u16,
    /// Hash of country and national digits; and of the first one alone.
    prefix: u16,
    area: u16,
    /// Which of the recent ones agree with the digits so far, the newest in the lowest bit.
    agree: u16,
    digits: [u8; DIGITS / 2],
}

/// Memory that a number needs: where it stands, and the votes.
#[cfg(test)]
pub(super) const PLACE_OCTETS: usize = size_of::<Place>() + 16;

impl Place {
    fn new(walk: &Walk, international: bool) -> Self {
        let mut place = Self {
            international: u16::from(international),
            lead: 0,
            leading: international,
            length: 0,
            national: 0,
            prefix: 0,
            area: 0,
            agree: 0,
            digits: [0xFF; DIGITS / 2],
        };
        place.agree = Self::choose(&walk.recents, |recent| recent.is_international() == international);
        place.prefix = if international { 0 } else { walk.country };
        place
    }

    fn choose(recents: &Recents, agrees: impl Fn(Recent) -> bool) -> u16 {
        recents.iter().enumerate().fold(0, |set, (at, recent)| set | u16::from(agrees(recent)) << at)
    }

    /// The digit that a recent number would have here.
    fn vote(&self, recent: Recent) -> u8 {
        if self.leading {
            // Its country code behind what this one has.
            let mut rest = recent.lead;
            let mut last = 0x0F;
            while rest > self.lead {
                last = (rest % 10) as u8;
                rest /= 10;
            }
            if rest == self.lead { last } else { 0x0F }
        } else if self.length == 0 {
            if recent.lead == TRUNK { 0 } else { recent.digit(0) }
        } else {
            recent.digit(usize::from(self.national))
        }
    }

    /// How many recent numbers vote for each digit.
    fn votes(&self, recents: &Recents) -> [u8; 16] {
        let mut votes = [0; 16];
        for (at, recent) in recents.iter().enumerate() {
            if self.agree >> at & 1 == 1 {
                votes[usize::from(self.vote(recent) & 0x0F)] += 1;
            }
        }
        votes
    }

    /// The hashes of the national digits, of all and of the first one, if the table knows the country.
    fn hashes(&self, walk: &Walk, bits: &impl Bits) -> (u16, u16) {
        let country = if matches!(self.lead, 0 | TRUNK) { walk.country } else { self.lead };
        let is_known = self.leading || origin::country(bits, country) == country;
        if is_known { (self.prefix, self.area) } else { (STRANGE, STRANGE) }
    }

    fn push(&mut self, walk: &Walk, digit: u8) {
        let value = u16::from(digit);
        let recents = &walk.recents;
        let leads = !self.leading && self.international == 0 && self.length == 0 && digit == 0;
        self.length += 1;
        if leads {
            self.lead = TRUNK;
            self.agree = Self::choose(recents, |recent| recent.length >= SHORTEST);
        } else if self.leading {
            let agree = self.agree;
            let alike = Self::choose(recents, |recent| self.vote(recent) == digit);
            self.agree = agree & alike;
            self.lead = self.lead * 10 + value;
            self.prefix = mix(self.prefix, value + 1);
            if is_country(self.lead) || digit > 9 || self.length == 3 {
                self.leading = false;
                let lead = self.lead;
                self.prefix = lead;
                self.agree = Self::choose(recents, |recent| {
                    recent.length >= SHORTEST && (recent.lead == lead || !recent.is_international())
                });
            }
        } else {
            let all = if self.national == 0 && self.international == 0 && self.lead == 0 {
                Self::choose(recents, |recent| recent.length >= SHORTEST)
            } else {
                self.agree
            };
            let national = usize::from(self.national);
            self.agree = all & Self::choose(recents, |recent| recent.digit(national) == digit);
            if let Some(octet) = self.digits.get_mut(national / 2) {
                let shift = national % 2 * 4;
                *octet = *octet & !(0x0F << shift) | digit << shift;
            }
            self.national += 1;
            self.prefix = mix(self.prefix, value + 1);
            if self.national == 1 {
                self.area = self.prefix;
            }
        }
    }
}

/// One dialling number. Who decodes passes none.
pub(super) fn code<B: Bits>(
    walk: &mut Walk,
    bits: &mut B,
    number: Option<&DiallingNumber>,
) -> Result<Option<DiallingNumber>, Error> {
    let wanted = number.map_or(&[][..], DiallingNumber::digits);
    if wanted.len() > MAX_DIGITS {
        let kind = ErrorKind::TooLong { length: wanted.len(), limit: MAX_DIGITS };
        return Err(Error::new("dialling number", 0, kind));
    }
    let ton_npi = ton_npi(walk, bits, number.map_or(TonNpi::UNKNOWN, DiallingNumber::ton_npi))?;
    let mut place = Place::new(walk, ton_npi == TonNpi::INTERNATIONAL);
    let script = script(walk, bits);
    let mut digits = Vec::new();
    while usize::from(place.length) < MAX_DIGITS {
        let wanted = wanted.get(usize::from(place.length)).copied();
        let hashes = place.hashes(walk, bits);
        if end(walk, bits, &place, hashes, script, wanted.is_none())? {
            break;
        }
        let digit = digit(walk, bits, &place, hashes, script, wanted.unwrap_or(0))?;
        if digit == 0x0F {
            return Err(Error::new("digit", 0, ErrorKind::Value(0x0F)));
        }
        place.push(walk, digit);
        if B::DECODES {
            digits.push(digit);
        }
    }
    if ton_npi == TonNpi::INTERNATIONAL {
        walk.country = place.lead;
    }
    let length = place.length.min(0xFF) as u8;
    walk.recents.push(Recent { lead: place.lead, length, digits: place.digits });
    Ok(DiallingNumber::new(ton_npi, digits))
}

fn ton_npi(walk: &Walk, bits: &mut impl Bits, ton_npi: TonNpi) -> Result<TonNpi, Error> {
    let kind = |recent: Option<Recent>| recent.map_or(2, |recent| u16::from(recent.is_international()));
    let mut recents = walk.recents.iter();
    let (last, second) = (kind(recents.next()), kind(recents.next()));
    let all = walk.recents.iter();
    let abroad = all.clone().filter(|recent| recent.is_international()).count() as u16;
    let home = all.count() as u16 - abroad;
    let script = script(walk, bits);
    let country = origin::country(bits, walk.country);
    let contexts = contexts![
        [60, last, second],
        [61, abroad.min(5), home.min(5)],
        [62, script, country],
        [63, country, last],
    ];
    if bits.bit(contexts, ton_npi == TonNpi::INTERNATIONAL)? {
        return Ok(TonNpi::INTERNATIONAL);
    }
    if bits.bit(sure(64, 0), ton_npi == TonNpi::UNKNOWN)? {
        return Ok(TonNpi::UNKNOWN);
    }
    Ok(TonNpi(flat(bits, 8, ton_npi.0.into())? as u8))
}

/// The script of the name: a hint whose phonebook it is.
fn script(walk: &Walk, bits: &impl Bits) -> u16 {
    u16::from(walk.scheme) << 9 | if walk.scheme == 2 { origin::script(bits, walk.page.into()) } else { 0 }
}

fn end(
    walk: &Walk,
    bits: &mut impl Bits,
    place: &Place,
    (prefix, area): (u16, u16),
    script: u16,
    end: bool,
) -> Result<bool, Error> {
    let &Place { international, length, national, lead, .. } = place;
    if length == 0 {
        return Ok(false);
    }
    let length = length.min(31);
    let alike =
        walk.recents.iter().find(|recent| recent.lead == lead && recent.digit(0) == place.digits[0] & 0x0F);
    let alike = alike.map_or(0, |recent| u16::from(recent.length.min(31)) + 1);
    let prefix = if national <= 2 || prefix == STRANGE { prefix } else { 0 };
    let lead = if lead == TRUNK { lead } else { origin::country(bits, lead) };
    let contexts = contexts![
        [70, international, length],
        [71, length, lead, area],
        [72, length, lead, prefix],
        [73, national.min(31), area],
        [74, length, alike],
        [75, national.min(31), international, lead],
        [76, length, script, international],
    ];
    bits.bit(contexts, end)
}

fn digit(
    walk: &Walk,
    bits: &mut impl Bits,
    place: &Place,
    (prefix, area): (u16, u16),
    script: u16,
    digit: u8,
) -> Result<u8, Error> {
    let &Place { international, length, national, leading, .. } = place;
    if usize::from(national) >= DIGITS {
        return Ok(tree(bits, 4, digit.into(), |node| contexts![[88, node]])? as u8);
    }
    let votes = place.votes(&walk.recents);
    let position = if leading { 8 + length.min(3) } else { national };
    // The votes for the digits that are still possible.
    let mut possible = &votes[..];
    let mut node = 1u16;
    for at in (0..4u16).rev() {
        let sides = possible.split_at(possible.len() / 2);
        let sum = |side: &[u8]| side.iter().map(|&votes| u16::from(votes)).sum::<u16>();
        let (no, yes) = (sum(sides.0), sum(sides.1));
        let few = no.min(3) << 2 | yes.min(3);
        let contexts = contexts![
            [80, node, international, length.min(9)],
            [82, node, prefix, national],
            [83, node, area, length.min(8)],
            [84, no.min(4), yes.min(4), position],
            [85, few, at, node, length.min(3), international],
            [86, node, script, length.min(3), international],
            [87, few, at, position],
        ];
        let bit = bits.bit(contexts, digit >> at & 1 == 1)?;
        possible = if bit { sides.1 } else { sides.0 };
        node = node << 1 | u16::from(bit);
    }
    Ok((node & 0x0F) as u8)
}
