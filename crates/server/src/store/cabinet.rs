//! What the console keeps in the store.

use oxisim_wire::Instant;

use super::StoreError;

/// Entries of the audit log that are kept; beyond, the oldest go.
pub const ACTS: u64 = 1_000_000;

/// What a document of the console's is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drawer {
    /// An account; its key is its name.
    Accounts,
    /// A session; its key is the digest of its secret.
    Sessions,
    /// A token of a program; its key is the digest of its secret.
    Tokens,
    /// A group of subscribers and its policy; its key is its name.
    Groups,
}

impl Drawer {
    /// Each with its number in the tables and its name.
    pub const ALL: [(Self, u8, &'static str); 4] = [
        (Self::Accounts, 0, "accounts"),
        (Self::Sessions, 1, "sessions"),
        (Self::Tokens, 2, "tokens"),
        (Self::Groups, 3, "groups"),
    ];

    /// Its number in the tables.
    pub(super) const fn number(self) -> u8 {
        Self::ALL[self as usize].1
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::ALL[self as usize].2
    }
}

/// The console's own documents and its audit log, sealed like what is kept of subscribers. All servers that share the
/// store share them.
///
/// Each call is a transaction of its own, and is no part of a batch.
pub trait Cabinet {
    /// The document with this key.
    fn document(&mut self, drawer: Drawer, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// All documents of a drawer, in the order of their keys.
    fn documents(&mut self, drawer: Drawer) -> Result<Vec<(String, Vec<u8>)>, StoreError>;

    /// Puts a document in the place of the one that was there, none in that of none; `false`, and nothing is done, if it
    /// is no longer `was`.
    fn swap(
        &mut self,
        drawer: Drawer,
        key: &str,
        was: Option<&[u8]>,
        document: Option<&[u8]>,
    ) -> Result<bool, StoreError>;

    /// Adds entries to the audit log, each with its time. The latest [`ACTS`] are kept.
    fn add_acts(&mut self, entries: &[(Instant, Vec<u8>)]) -> Result<(), StoreError>;

    /// Entries of the audit log, the latest first, without the `skip` latest.
    fn acts(&mut self, skip: usize, limit: usize) -> Result<Vec<Vec<u8>>, StoreError>;

    /// Deletes at most `limit` entries of the audit log before a time, the oldest first; how many.
    fn trim_acts(&mut self, before: Instant, limit: u32) -> Result<u64, StoreError>;
}
