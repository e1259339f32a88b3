//! The tables that have been shipped. One that blocks were ever coded with stays, as it is.

use alloc::vec::Vec;

use super::Table;
use crate::Coding;

/// Declares the shipped tables: number, name, the locales of `tables/train.jsonl.xz` that each was fitted to (all, if
/// none is named).
macro_rules! tables {
    ($($number:literal $name:literal $($locale:literal)*;)+) => {
        static SHIPPED: &[Table] = &[$(Table::shipped(include_bytes!(concat!("../../tables/", $name, ".tbl")))),+];

        /// The shipped tables: number, name, and locales.
        pub const SHIPPED_TABLES: &[(u8, &str, &[&str])] = &[$(($number, $name, &[$($locale),*])),+];
    };
}

tables! {
    0 "general";
    1 "en" "en_US" "en_GB" "en_IN";
    2 "es" "es_ES" "es_MX";
    3 "pt" "pt_BR";
    4 "fr" "fr_FR" "fr_CA";
    5 "de" "de_DE";
    6 "it" "it_IT";
    7 "pl" "pl_PL";
    8 "ru" "ru_RU";
    9 "uk" "uk_UA";
    10 "el" "el_GR";
    11 "he" "he_IL";
    12 "ar" "ar_SA";
    13 "id" "id_ID";
    14 "th" "th_TH";
    15 "zh" "zh_CN";
}

/// The table for phonebooks of any country.
pub static GENERAL: &Table = &SHIPPED[0];

/// The tables that a decoder knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables(Vec<Table>);

impl Default for Tables {
    /// All that have been shipped.
    fn default() -> Self {
        Self(SHIPPED.to_vec())
    }
}

impl Tables {
    /// The one that a coding has, if it has one: what a card knows.
    #[must_use]
    pub fn of(coding: &Coding) -> Self {
        Self(if let Coding::Compact(table) = coding { [table.clone()].into() } else { Vec::new() })
    }

    /// Takes in one more, in the place of one with its number.
    pub fn add(&mut self, table: Table) {
        self.0.retain(|known| known.number() != table.number());
        self.0.push(table);
    }

    /// The table with this number.
    #[must_use]
    pub fn get(&self, number: u8) -> Option<&Table> {
        self.0.iter().find(|table| table.number() == number)
    }

    /// The table with this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Table> {
        self.0.iter().find(|table| table.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shipped_table_is_the_one_that_is_listed() {
        let tables = Tables::default();
        for (at, &(number, name, _)) in SHIPPED_TABLES.iter().enumerate() {
            assert_eq!(usize::from(number), at);
            let table = tables.named(name).expect(name);
            assert_eq!((table.number(), Some(table)), (number, tables.get(number)));
            assert_eq!(Table::decode(table.octets()).as_ref(), Ok(table));
        }
    }
}
