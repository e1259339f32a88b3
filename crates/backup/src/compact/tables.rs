//! The tables that have been shipped. One that blocks were ever coded with stays, as it is.

use alloc::vec::Vec;

use super::Table;

/// For phonebooks of any country.
pub static GENERAL: Table = Table::shipped(include_bytes!("../../tables/general.tbl"));

/// The tables that a decoder knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables(Vec<Table>);

impl Default for Tables {
    /// All that have been shipped.
    fn default() -> Self {
        Self([GENERAL.clone()].into())
    }
}

impl Tables {
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

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Table> {
        self.0.iter()
    }
}
