//! Blocks that have been read.

use alloc::{collections::BTreeMap, vec::Vec};
use core::fmt;

use oxisim_wire::Error;

use crate::{Block, Entry, compact::Tables};

/// Most blocks that are remembered.
const MOST: usize = 256;

/// What the blocks say that have come lately: each is read when it comes, and need not be read again when its backup becomes
/// complete. The same octets always say the same.
#[derive(Clone, Default)]
pub(super) struct Memo(BTreeMap<Vec<u8>, Vec<Entry>>);

/// Nobody's contacts are shown.
impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}

impl Memo {
    /// Reads a block that is no piece.
    ///
    /// # Errors
    /// It is broken.
    pub fn read(&mut self, block: &[u8], tables: &Tables) -> Result<(), Error> {
        if self.0.contains_key(block) {
            return Ok(());
        }
        let entries = Block::decode_with(block, tables)?.entries;
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(block.to_vec(), entries);
        Ok(())
    }

    /// Whether nothing is remembered.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a block says, if it is remembered; it no longer is.
    pub fn take(&mut self, block: &[u8]) -> Option<Vec<Entry>> {
        self.0.remove(block)
    }
}

#[cfg(test)]
mod tests {
    use oxisim_wire::Wire;

    use super::*;

    fn block(slot: u16) -> Vec<u8> {
        Block::new([Entry { slot, record: None }].into()).encode()
    }

    #[test]
    fn what_has_been_read_is_known_once() {
        let (mut memo, tables) = (Memo::default(), Tables::default());
        memo.read(&block(7), &tables).unwrap();
        assert_eq!(memo.take(&block(7)), Some([Entry { slot: 7, record: None }].into()));
        assert_eq!(memo.take(&block(7)), None);
        assert!(memo.read(&block(7)[1..], &tables).is_err());
        assert_eq!(memo.take(&block(7)[1..]), None);
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let (mut memo, tables) = (Memo::default(), Tables::default());
        (1..=2 * MOST as u16).for_each(|slot| memo.read(&block(slot), &tables).unwrap());
        assert!(memo.0.len() <= MOST);
    }
}
