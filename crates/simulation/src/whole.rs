//! Which backups brought a whole phonebook.

use std::collections::BTreeSet;

use oxisim_backup::{Outcome, ToServer, message::BackupId};
use oxisim_world::What;

/// Counts the backups of a subscriber of which every block has come to the server, and of which the user was told that
/// they are complete. One that only brings what has changed since the last one does not count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Whole {
    /// How many there were.
    pub count: u64,
    /// Of the latest one, the blocks that have come.
    latest: Option<(BackupId, BTreeSet<u16>)>,
    has_come: bool,
}

impl Whole {
    /// Something has happened.
    pub fn look(&mut self, what: &What) {
        match what {
            What::Received(Some(ToServer::Blocks(blocks))) if blocks.base_distance == 0 => {
                let (_, numbers) = match &mut self.latest {
                    Some(latest) if latest.0 == blocks.backup => latest,
                    latest => latest.insert((blocks.backup, BTreeSet::new())),
                };
                numbers.extend((blocks.first..).take(blocks.blocks.len()));
                self.has_come = numbers.len() == usize::from(blocks.total);
            }
            What::Received(Some(ToServer::Blocks(_))) => self.has_come = false,
            What::Text(text) if self.has_come && *text == Outcome::Complete.to_string() => {
                *self = Self { count: self.count + 1, ..Self::default() };
            }
            _ => {}
        }
    }
}
