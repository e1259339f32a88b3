//! What a server keeps of one subscriber.

use alloc::{collections::BTreeMap, sync::Arc, vec::Vec};
use core::convert::Infallible;

use oxisim_phonebook::Book;
use oxisim_wire::{Duration, Instant};

use crate::{
    BlockSet, Digest, Spacing,
    message::{Abandonment, BackupId, MessageType, Resumes, Source},
    order::Order,
    restorer::Restore,
};

/// A complete copy of a phonebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The backup that made it so.
    pub generation: u16,
    /// When that backup was complete.
    pub at: Instant,
    /// The copy.
    pub book: Book,
    /// The table with which the uploader last coded a block: it has that.
    pub table: Option<u8>,
}

/// How a backup stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Blocks are missing.
    Open,
    /// It is the copy, which has this digest.
    Complete(Digest),
    /// All is here, but with this digest, which is not the uploader's: it has not become the copy.
    Differs(Digest),
    /// It builds on a copy that is not here.
    Refused,
    /// The uploader has given it up.
    Abandoned(Abandonment),
}

/// The latest backup of a phonebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which backup.
    pub backup: BackupId,
    /// How many generations ago its base was; 0: it has none.
    pub base_distance: u8,
    /// Blocks that have come.
    pub received: BlockSet,
    /// The digest of the uploader's snapshot, once it is known.
    pub digest: Option<Digest>,
    /// Who ends its pauses.
    pub resumes: Resumes,
    /// How long the card wants the server to wait.
    pub delay: Option<Duration>,
    /// When the server shall ask for what is missing.
    pub resume_at: Option<Instant>,
    /// Times that it asked since a block last came.
    pub asked: u16,
    /// How it stands.
    pub standing: Standing,
    /// When its first message came.
    pub since: Instant,
}

impl Session {
    /// Of a backup of which nothing has come.
    pub(crate) fn new(backup: BackupId, base_distance: u8, total: u16, since: Instant) -> Self {
        Self {
            backup,
            base_distance,
            received: BlockSet::empty(total),
            digest: None,
            resumes: Resumes::UPLOADER,
            delay: None,
            resume_at: None,
            asked: 0,
            standing: Standing::Open,
            since,
        }
    }
}

/// What a server keeps of one subscriber; a store implements it for a row of its tables.
///
/// Everything that one call of [`Receiver`](crate::Receiver) writes belongs into one transaction.
pub trait Vault {
    /// How the store fails.
    type Error;

    /// The latest backup of this phonebook.
    fn session(&mut self, source: Source) -> Result<Option<Session>, Self::Error>;

    /// Keeps the latest backup; another's blocks are forgotten.
    fn put_session(&mut self, session: &Session) -> Result<(), Self::Error>;

    /// A block of the latest backup; a mark of it, once all of them are here.
    fn block(&mut self, source: Source, number: u16) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Keeps a block of the latest backup, or a mark of it, in the place of what was kept of it.
    fn put_block(&mut self, source: Source, number: u16, block: &[u8]) -> Result<(), Self::Error>;

    /// The complete copy.
    fn held(&mut self, source: Source) -> Result<Option<Arc<Held>>, Self::Error>;

    /// Keeps a complete copy; the blocks that made it are forgotten.
    fn put_held(&mut self, source: Source, held: &Held) -> Result<(), Self::Error>;

    /// The restore under way.
    fn restore(&mut self) -> Result<Option<Restore>, Self::Error>;

    /// Keeps the restore under way.
    fn put_restore(&mut self, restore: &Restore) -> Result<(), Self::Error>;

    /// The latest order of this kind.
    fn order(&mut self, source: Source, kind: MessageType) -> Result<Option<Order>, Self::Error>;

    /// Keeps the latest order of its kind.
    fn put_order(&mut self, order: &Order) -> Result<(), Self::Error>;

    /// When this uploader's subsets are asked for, if not as the policy has it.
    fn spacing(&mut self, source: Source) -> Result<Option<Spacing>, Self::Error>;

    /// Keeps when this uploader's subsets are asked for; none: as the policy has it.
    fn put_spacing(&mut self, source: Source, spacing: Option<&Spacing>) -> Result<(), Self::Error>;

    /// Until when a message to this uploader may be on its way; none if none is.
    fn busy_until(&mut self, source: Source) -> Result<Option<Instant>, Self::Error>;
}

/// A vault in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryVault {
    phonebooks: BTreeMap<u8, Kept>,
    restore: Option<Restore>,
    orders: BTreeMap<(u8, u8), Order>,
}

/// What is kept of one phonebook.
#[derive(Clone, Debug, Default)]
struct Kept {
    session: Option<Session>,
    blocks: BTreeMap<u16, Vec<u8>>,
    held: Option<Arc<Held>>,
    spacing: Option<Spacing>,
}

impl MemoryVault {
    fn kept(&mut self, source: Source) -> &mut Kept {
        self.phonebooks.entry(source.0).or_default()
    }
}

impl Vault for MemoryVault {
    type Error = Infallible;

    fn session(&mut self, source: Source) -> Result<Option<Session>, Infallible> {
        Ok(self.kept(source).session.clone())
    }

    fn put_session(&mut self, session: &Session) -> Result<(), Infallible> {
        let kept = self.kept(session.backup.source);
        if kept.session.as_ref().is_some_and(|known| known.backup != session.backup) {
            kept.blocks.clear();
        }
        kept.session = Some(session.clone());
        Ok(())
    }

    fn block(&mut self, source: Source, number: u16) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.kept(source).blocks.get(&number).cloned())
    }

    fn put_block(&mut self, source: Source, number: u16, block: &[u8]) -> Result<(), Infallible> {
        self.kept(source).blocks.insert(number, block.to_vec());
        Ok(())
    }

    fn held(&mut self, source: Source) -> Result<Option<Arc<Held>>, Infallible> {
        Ok(self.kept(source).held.clone())
    }

    fn put_held(&mut self, source: Source, held: &Held) -> Result<(), Infallible> {
        let kept = self.kept(source);
        kept.blocks.clear();
        kept.held = Some(Arc::new(held.clone()));
        Ok(())
    }

    fn restore(&mut self) -> Result<Option<Restore>, Infallible> {
        Ok(self.restore.clone())
    }

    fn put_restore(&mut self, restore: &Restore) -> Result<(), Infallible> {
        self.restore = Some(restore.clone());
        Ok(())
    }

    fn order(&mut self, source: Source, kind: MessageType) -> Result<Option<Order>, Infallible> {
        Ok(self.orders.get(&(source.0, kind.0)).cloned())
    }

    fn put_order(&mut self, order: &Order) -> Result<(), Infallible> {
        self.orders.insert((order.source.0, order.command.kind().0), order.clone());
        Ok(())
    }

    fn spacing(&mut self, source: Source) -> Result<Option<Spacing>, Infallible> {
        Ok(self.kept(source).spacing.clone())
    }

    fn put_spacing(&mut self, source: Source, spacing: Option<&Spacing>) -> Result<(), Infallible> {
        self.kept(source).spacing = spacing.cloned();
        Ok(())
    }

    /// Messages leave at once, and nothing is known of them.
    fn busy_until(&mut self, _: Source) -> Result<Option<Instant>, Infallible> {
        Ok(None)
    }
}
