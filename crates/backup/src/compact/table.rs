//! The weights of a model.

use alloc::{string::String, sync::Arc};
use core::fmt;

use super::{Context, Origin};

/// Weights of a table. With [`CURVE`] it takes 4 KiB.
pub const SLOTS: u16 = 7_864;

/// Scripts and countries that a table can know.
pub const ORIGINS: usize = 32;

/// Values that a weight can have.
pub const LEVELS: usize = 16;

/// Octets of a table.
pub const TABLE_OCTETS: usize = WEIGHTS_AT + SLOTS as usize / 2;
const LEVELS_AT: usize = NAME_AT + NAME_OCTETS;
const ORIGINS_AT: usize = LEVELS_AT + LEVELS;
const WEIGHTS_AT: usize = ORIGINS_AT + 2 * ORIGINS;

/// Levels count in steps of 1/32 of a natural logarithm of the odds.
pub const UNIT: u16 = 32;

const FORMAT: u8 = 0x02;
const NAME_AT: usize = 2;
const NAME_OCTETS: usize = 14;

/// Chances of a yes, of 65 536, at sums of 0, 8, 16 … 264: the logistic curve. Between them the chance is a straight
/// line; beyond them it is the last one; for a sum below zero it is what the chance of the opposite lacks of 65 536.
pub const CURVE: [u16; 34] = [
    32_768, 36_843, 40_793, 44_511, 47_911, 50_941, 53_581, 55_834, 57_724, 59_287, 60_565, 61_598, 62_428,
    63_090, 63_615, 64_030, 64_357, 64_614, 64_816, 64_974, 65_097, 65_194, 65_269, 65_328, 65_374, 65_410,
    65_438, 65_459, 65_476, 65_489, 65_500, 65_508, 65_514, 65_519,
];

/// Octets of a table that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no coding table: {TABLE_OCTETS} octets that begin with 02 and a number below 80 are one, {0} octets are here"
)]
pub struct TableError(usize);

/// A table: its number, its name, the values that a weight can have, the scripts and countries that it knows, and a
/// weight for each slot.
#[derive(Clone, PartialEq, Eq)]
pub struct Table(Octets);

#[derive(Clone)]
enum Octets {
    Shipped(&'static [u8; TABLE_OCTETS]),
    Loaded(Arc<[u8; TABLE_OCTETS]>),
}

impl Octets {
    fn get(&self) -> &[u8; TABLE_OCTETS] {
        match self {
            Self::Shipped(octets) => octets,
            Self::Loaded(octets) => octets,
        }
    }
}

impl PartialEq for Octets {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for Octets {}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({} {:?})", self.number(), self.name())
    }
}

impl Table {
    /// A table that is part of the program.
    pub(super) const fn shipped(octets: &'static [u8; TABLE_OCTETS]) -> Self {
        Self(Octets::Shipped(octets))
    }

    /// Reads a table.
    ///
    /// # Errors
    /// The octets are none.
    pub fn decode(octets: &[u8]) -> Result<Self, TableError> {
        match <&[u8; TABLE_OCTETS]>::try_from(octets) {
            Ok(table) if table[0] == FORMAT && table[1] < 0x7F => Ok(Self(Octets::Loaded(Arc::new(*table)))),
            _ => Err(TableError(octets.len())),
        }
    }

    /// A table of `number` below 127 with these levels, which knows the first [`ORIGINS`] of `origins`; `weights` has the
    /// level of each slot.
    #[must_use]
    pub fn new(
        number: u8,
        name: &str,
        levels: [i8; LEVELS],
        origins: &[Origin],
        weights: impl Fn(u16) -> u8,
    ) -> Self {
        let mut octets = [0; TABLE_OCTETS];
        octets[0] = FORMAT;
        octets[1] = number.min(0x7E);
        let (head, body) = octets.split_at_mut(WEIGHTS_AT);
        head[NAME_AT..NAME_AT + NAME_OCTETS].iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
        head[LEVELS_AT..].iter_mut().zip(levels).for_each(|(to, from)| *to = from.cast_unsigned());
        let places = head[ORIGINS_AT..].chunks_exact_mut(2);
        places.zip(origins).for_each(|(place, origin)| place.copy_from_slice(&origin.octets()));
        for (slot, octet) in (0..SLOTS / 2).zip(body) {
            *octet = weights(2 * slot) & 0x0F | weights(2 * slot + 1) << 4;
        }
        Self(Octets::Loaded(Arc::new(octets)))
    }

    /// The table as octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.0.get()
    }

    /// Its number, which the first octet of a block names.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.0.get()[1]
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> String {
        let name = &self.0.get()[NAME_AT..NAME_AT + NAME_OCTETS];
        name.iter().take_while(|&&octet| octet != 0).map(|&octet| char::from(octet)).collect()
    }

    /// Whether it knows a script or country.
    #[must_use]
    pub fn knows(&self, origin: Origin) -> bool {
        // All are compared, which a processor does at once: to leave at the first would take longer.
        let known = self.0.get()[ORIGINS_AT..WEIGHTS_AT].as_chunks::<2>().0.iter();
        known.fold(false, |is_known, known| is_known | (*known == origin.octets()))
    }

    /// Chance, of 65 536, that a decision in these contexts is a yes.
    #[must_use]
    pub fn chance<const N: usize>(&self, contexts: [Context; N]) -> u16 {
        let table = self.0.get();
        let weight = |context: Context| {
            let slot = context.slot();
            let octet = table[WEIGHTS_AT + usize::from(slot / 2)];
            let level = octet >> (slot % 2 * 4) & 0x0F;
            i16::from(table[LEVELS_AT + usize::from(level)].cast_signed())
        };
        logistic(contexts.into_iter().map(weight).sum())
    }
}

/// The [`CURVE`] at any sum.
#[must_use]
pub fn logistic(sum: i16) -> u16 {
    let high = usize::from(sum.unsigned_abs() >> 3);
    let chance = match CURVE.get(high..high + 2) {
        Some(&[from, to]) => from + (((to - from) * (sum.unsigned_abs() & 7)) >> 3),
        _ => CURVE[CURVE.len() - 1],
    };
    if sum < 0 { chance.wrapping_neg() } else { chance }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_is_the_logistic_one() {
        for (step, &chance) in (0u8..).zip(&CURVE) {
            let sum = f64::from(step) * 8.0 / f64::from(UNIT);
            let exact = 65_536.0 / (1.0 + (-sum).exp());
            assert!((f64::from(chance) - exact).abs() <= 0.5, "{step}: {exact}");
        }
    }

    #[test]
    fn chances_rise_with_the_sum_and_are_never_certain() {
        let chances: std::vec::Vec<u16> = (-4_000..4_000).map(logistic).collect();
        assert!(chances.is_sorted());
        assert_eq!((chances[0], chances[4_000], chances[7_999]), (17, 0x8000, 65_519));
    }

    #[test]
    fn table_and_curve_take_four_kibibytes() {
        assert_eq!(TABLE_OCTETS - NAME_AT - NAME_OCTETS + size_of_val(&CURVE), 4_096 - 16);
        assert_eq!(TABLE_OCTETS + size_of_val(&CURVE), 4_096);
    }
}
