//! A block as decisions.

use oxisim_phonebook::{AlphaIdentifier, Record};
use oxisim_wire::{Error, ErrorKind};

use super::{
    Bits, SLOTS, flat,
    letters::Letters,
    number::{self, Recents},
    tree,
};
use crate::{Entry, block::MAX_SLOT};

/// Most entries of a block.
pub const MAX_ENTRIES: u8 = 255;

/// Octets of an alpha identifier that most cards have.
const USUAL_ALPHA: u8 = 14;

/// Most additional numbers of an entry.
const MAX_ADDITIONAL: usize = 15;

/// What a decision depends on, as a hash of a tag and what the tag names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context(u16);

impl Context {
    /// The context of these values; the first is its tag.
    #[must_use]
    #[inline]
    pub fn new(values: &[u16]) -> Self {
        let (hash, rest) = match values {
            [tag, first, rest @ ..] => (begin(*tag, *first), rest),
            _ => (SEED, values),
        };
        Self(rest.iter().fold(hash, |hash, &value| mix(hash, value)))
    }

    /// The slot of the table that has its weight.
    #[must_use]
    pub fn slot(self) -> u16 {
        ((u32::from(self.0) * u32::from(SLOTS)) >> 16) as u16
    }
}

/// What a hash begins with.
const SEED: u16 = 0x1234;

/// The hashes of tags and values below these are looked up, which is faster; who has no room for the table computes them.
const TAGS: usize = 96;
const VALUES: usize = 128;

/// The hashes of a tag and a value.
static BEGINNINGS: [[u16; VALUES]; TAGS] = {
    let mut beginnings = [[0; VALUES]; TAGS];
    let mut tag = 0;
    while tag < TAGS {
        let mut value = 0;
        while value < VALUES {
            beginnings[tag][value] = mix(mix(SEED, tag as u16), value as u16);
            value += 1;
        }
        tag += 1;
    }
    beginnings
};

/// The hash of a tag and a value.
#[inline]
fn begin(tag: u16, value: u16) -> u16 {
    match BEGINNINGS.get(usize::from(tag)).and_then(|values| values.get(usize::from(value))) {
        Some(&hash) => hash,
        None => mix(mix(SEED, tag), value),
    }
}

/// One step of the hash.
pub(super) const fn mix(hash: u16, value: u16) -> u16 {
    let product = (hash ^ value).wrapping_mul(0x9E3B);
    (product ^ product >> 7).wrapping_mul(0x6A65).rotate_left(5)
}

/// Contexts, each in brackets: its tag and its values.
macro_rules! contexts {
    ($([$($value:expr),+]),+ $(,)?) => { [$(super::Context::new(&[$($value),+])),+] };
}
pub(super) use contexts;

/// Three contexts of one value: the weight of one alone is too small for what is nearly certain.
pub(super) fn sure(tag: u16, value: u16) -> [Context; 3] {
    contexts![[tag, value, 0], [tag, value, 1], [tag, value, 2]]
}

/// What the block has said so far, as far as it matters to what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    alpha: u8,
    entries: u8,
    /// The slot before, and whether it was the next one, and deleted.
    slot: u16,
    apart: bool,
    deleted: bool,
    /// How the name before was coded, and its half page.
    pub(super) scheme: u8,
    pub(super) page: u8,
    /// The last country code: a hint whose phonebook it is.
    pub(super) country: u16,
    pub(super) recents: Recents,
    pub(super) letters: Letters,
}

impl Walk {
    /// The walk of a new block; `alpha` is the length of the card's alpha identifiers, 0 if they have none.
    #[must_use]
    pub fn new(alpha: u8) -> Self {
        Self {
            alpha,
            entries: 0,
            slot: 0,
            apart: false,
            deleted: false,
            scheme: 0,
            page: 0,
            country: 0,
            recents: Recents::default(),
            letters: Letters::default(),
        }
    }

    /// Octets of the card's alpha identifiers. A decoder knows it behind the first entry.
    #[must_use]
    pub const fn alpha(&self) -> u8 {
        self.alpha
    }

    /// Entries so far.
    #[must_use]
    pub const fn entries(&self) -> u8 {
        self.entries
    }

    /// Whether an entry of this slot can come next.
    #[must_use]
    pub fn can_follow(&self, slot: u16) -> bool {
        (1..=MAX_SLOT).contains(&slot) && (self.entries == 0 || slot > self.slot)
    }

    /// Takes back what came behind so many entries. What remains can only end.
    pub(super) fn end_behind(&mut self, entries: u8) {
        self.entries = entries;
    }

    /// The next entry, or, with none, the end of the block. Returns what has been decoded; of an entry that has been
    /// encoded only the slot.
    ///
    /// # Errors
    /// The block is broken, or the entry has what this coding cannot say; then the walk is of no use any more.
    pub fn entry(&mut self, bits: &mut impl Bits, entry: Option<&Entry>) -> Result<Option<Entry>, Error> {
        if self.entries == 0 {
            let usual = bits.bit(sure(95, 0), self.alpha == USUAL_ALPHA)?;
            self.alpha = if usual { USUAL_ALPHA } else { flat(bits, 8, self.alpha.into())? as u8 };
        } else if self.entries == MAX_ENTRIES
            || !bits.bit(contexts![[90, u16::from(self.entries.min(12))]], entry.is_some())?
        {
            return if self.entries == MAX_ENTRIES && entry.is_some() { Err(too_much()) } else { Ok(None) };
        }
        let slot = self.slot(bits, entry.map_or(0, |entry| entry.slot))?;
        let record = entry.and_then(|entry| entry.record.as_ref());
        let deleted = bits.bit(sure(93, self.deleted.into()), record.is_none())?;
        let record = if deleted { None } else { Some(self.record(bits, record)?) };
        self.deleted = deleted;
        self.entries += 1;
        Ok(Some(Entry { slot, record }))
    }

    /// The slot, as the distance from the one before.
    fn slot(&mut self, bits: &mut impl Bits, slot: u16) -> Result<u16, Error> {
        let first = self.entries == 0;
        let distance = slot.wrapping_sub(self.slot);
        let next = !first && bits.bit(sure(91, self.apart.into()), distance == 1)?;
        let distance = if next {
            1
        } else {
            // The number of its bits, then those below the highest.
            let least = u16::from(!first);
            let rest = distance.wrapping_sub(least).max(1);
            let count = tree(bits, 4, rest.ilog2() as u16, |node| contexts![[92, node, least]])?;
            let high = 1u16 << count;
            least.saturating_add(high | flat(bits, count as u8, rest & (high - 1))?)
        };
        let read = self.slot.saturating_add(distance);
        if !(1..=MAX_SLOT).contains(&read) || (slot != 0 && slot != read) {
            return Err(Error::new("slot", 0, ErrorKind::Value(u32::from(read))));
        }
        self.apart = !first && !next;
        self.slot = read;
        Ok(read)
    }

    fn record<B: Bits>(&mut self, bits: &mut B, record: Option<&Record>) -> Result<Record, Error> {
        let octets = record.map(|record| record.alpha.octets());
        let name = self.name(bits, octets.unwrap_or_default())?;
        let number = record.and_then(|record| record.number.as_ref());
        let is_there = bits.bit(sure(66, 0), number.is_some())?;
        let number = if is_there { number::code(self, bits, number)? } else { None };
        let wanted = record.map_or(&[][..], |record| &record.additional);
        let mut additional = alloc::vec::Vec::new();
        let mut count = 0;
        while count < MAX_ADDITIONAL && bits.bit(sure(94, u16::from(count > 0)), count < wanted.len())? {
            additional.extend(number::code(self, bits, wanted.get(count))?);
            count += 1;
        }
        if wanted.len() > MAX_ADDITIONAL {
            return Err(too_much());
        }
        Ok(Record { alpha: AlphaIdentifier::from_field(&name), number, additional })
    }
}

fn too_much() -> Error {
    Error::new("entry", 0, ErrorKind::TooLong { length: MAX_ENTRIES.into(), limit: MAX_ENTRIES.into() })
}
