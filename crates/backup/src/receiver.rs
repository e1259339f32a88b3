//! The side that keeps the copy.

mod memo;

use alloc::vec::Vec;

use oxisim_wire::{Duration, Error, Instant};

use crate::{
    Command, Digest, FromServer, Restorer, Spacing, ToServer, block,
    compact::Tables,
    digest,
    message::{Abandonment, BackupId, Blocks, MessageType, Pause, Refusal, Resumes, Source, Unspoken},
    order,
    piece::{Piece, Unpacker},
    restorer::{self, Made, RestoreStep},
    vault::{Held, Session, Standing, Vault},
};
use memo::Memo;

/// How a server behaves towards a subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// When it asks for the next subset, unless a subscriber has a spacing of their own.
    pub spacing: Spacing,
    /// How long it waits for blocks that others have overtaken before it asks for them.
    pub grace: Duration,
    /// How often it asks in vain before it leaves asking to the card.
    pub patience: u16,
    /// Least time between two messages of a restore.
    pub restore_pace: Duration,
    /// How long the SMS centre shall try to deliver a message. Another for the same card goes when it is known to be
    /// there, or when this time is over.
    pub validity: Duration,
    /// The tables with which blocks may be coded.
    pub tables: Tables,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            spacing: Spacing::Regular(Duration::from_mins(2)),
            grace: Duration::from_mins(1),
            patience: 8,
            restore_pace: Duration::from_secs(6),
            validity: Duration::from_mins(5),
            tables: Tables::default(),
        }
    }
}

/// What a call of the receiver brings about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Messages for the subscriber.
    pub messages: Vec<FromServer>,
    /// Whether a copy has just become complete.
    pub completed: Option<BackupId>,
    /// The table that is not known here, for which a backup has been refused.
    pub unknown_table: Option<u8>,
    /// What the operator shall know is no longer tried.
    pub given_up: Vec<GivenUp>,
}

/// What a server tries no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenUp {
    /// To ask what is missing of a backup: the uploader may still ask.
    Backup(BackupId),
    /// To have a backup started.
    Start {
        /// By whom.
        source: Source,
        /// Number of the order.
        number: u16,
    },
    /// To write a copy onto the card.
    Restore {
        /// Generation of the copy.
        generation: u16,
    },
}

impl Answer {
    fn of(message: FromServer) -> Self {
        Self { messages: [message].into(), ..Self::default() }
    }
}

/// Why a message had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiverError<E> {
    /// It cannot be read.
    #[error("message cannot be read: {0}")]
    Message(#[from] Error),
    /// It contradicts what earlier messages of the same backup said.
    #[error("message contradicts an earlier one about generation {0}")]
    Contradiction(u16),
    /// A block has come before with another body. The first one stays: either two uploaders use one number, or somebody
    /// forges messages.
    #[error("ALARM: block {number} of generation {generation} has come before with another body")]
    Altered {
        /// Which backup.
        generation: u16,
        /// Which block.
        number: u16,
    },
    /// The store failed.
    #[error("store failed: {0}")]
    Store(E),
}

/// Time after which the server asks once more, if nothing came; doubled each time.
const ASK_AGAIN_AFTER: Duration = Duration::from_mins(5);

/// Times that the server answers the same uploader's question beyond its patience, if no block comes of it.
const ANSWERS_IN_VAIN: u16 = 16;

/// Time in which the next block of the same subset may still come: the server never asks sooner.
const SUBSET_GOES_ON: Duration = Duration::from_secs(20);

/// Takes backups in. What it knows of them is in the [`Vault`]; it only remembers what it has read lately.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    policy: Policy,
    memo: Memo,
    /// Of the restore that was under way last.
    made: Made,
}

impl Receiver {
    /// One that behaves so.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, memo: Memo::default(), made: Made::default() }
    }

    /// How it behaves.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Drops what it remembers of anybody's contacts.
    pub fn forget(&mut self) {
        (self.memo, self.made) = (Memo::default(), Made::default());
    }

    /// A message of the subscriber's uploader `from` has come at `now`. `random` is any number, for the
    /// [`Spacing`].
    pub fn receive<V: Vault>(
        &mut self,
        vault: &mut V,
        from: Source,
        message: &[u8],
        now: Instant,
        random: u64,
    ) -> Result<Answer, ReceiverError<V::Error>> {
        if let Some(answer) = Unspoken::answer_to(from, message) {
            return Ok(Answer::of(FromServer::Unspoken(answer)));
        }
        let noted = |()| Answer::default();
        match ToServer::decode(message)? {
            ToServer::Blocks(blocks) => self.blocks(vault, &blocks, now, random),
            ToServer::Query { backup, base_distance, total, digest } => {
                self.query(vault, (backup, base_distance, total), digest, now)
            }
            ToServer::Configured { source, number, refused } => {
                let code = refused.map_or(0, |field| field.0);
                order::answered(vault, source, MessageType::CONFIGURE, number, code, now)
                    .map(noted)
                    .map_err(ReceiverError::Store)
            }
            ToServer::Started { source, number, result, .. } => {
                order::answered(vault, source, MessageType::START, number, result.0, now)
                    .map(noted)
                    .map_err(ReceiverError::Store)
            }
            ToServer::Abandoned { backup, reason } => {
                abandoned(vault, backup, reason, now).map(noted).map_err(ReceiverError::Store)
            }
            // Keys are the business of whoever opens and seals the packets.
            ToServer::Rekeyed { .. } => Ok(Answer::default()),
            ToServer::Unspoken(refusal) => unspoken(vault, refusal).map(noted).map_err(ReceiverError::Store),
            ToServer::Restored { generation, missing, digest } => {
                Restorer { policy: &self.policy }
                    .confirmed(vault, &mut self.made, generation, &missing, digest, now)
                    .map_err(ReceiverError::Store)?;
                Ok(Answer::default())
            }
        }
    }

    /// The earliest time at which [`Receiver::due`] has something to do. Changes with every call of the receiver.
    pub fn poll_timeout<V: Vault>(&self, vault: &mut V) -> Result<Option<Instant>, V::Error> {
        let mut times = Vec::new();
        for source in Source::ALL {
            times.extend(vault.session(*source)?.and_then(|session| session.resume_at));
            times.extend(order::poll_timeout(vault, *source)?);
        }
        times.extend(vault.restore()?.and_then(|restore| restore.due));
        Ok(times.into_iter().min())
    }

    /// A time has come. Called too early it does nothing.
    pub fn due<V: Vault>(&mut self, vault: &mut V, now: Instant) -> Result<Answer, V::Error> {
        let mut answer = Answer::default();
        for source in Source::ALL {
            order::due(vault, *source, now, &mut answer)?;
            let Some(mut session) = vault.session(*source)? else { continue };
            if session.resume_at.is_none_or(|at| at > now) {
                continue;
            }
            if session.asked >= self.policy.patience {
                session.resume_at = None;
                answer.given_up.push(GivenUp::Backup(session.backup));
            } else {
                answer.messages.push(ask(&mut session, now));
            }
            vault.put_session(&session)?;
        }
        Restorer { policy: &self.policy }.due(vault, &mut self.made, now, &mut answer)?;
        Ok(answer)
    }

    /// Orders an uploader to do something, in the place of the last order of the same kind; the order's number.
    /// [`Receiver::poll_timeout`] says when it goes.
    pub fn order<V: Vault>(
        &self,
        vault: &mut V,
        source: Source,
        command: Command,
        now: Instant,
    ) -> Result<u16, V::Error> {
        order::give(vault, source, command, now)
    }

    fn blocks<V: Vault>(
        &mut self,
        vault: &mut V,
        message: &Blocks,
        now: Instant,
        random: u64,
    ) -> Result<Answer, ReceiverError<V::Error>> {
        let Blocks { backup, base_distance, total, first, .. } = *message;
        let tables = &self.policy.tables;
        let named = message.blocks.iter().filter_map(|block| block::table(block));
        let unknown_table = named.into_iter().find(|&table| tables.get(table).is_none());
        if unknown_table.is_none() {
            // What cannot be read has not come.
            for block in &message.blocks {
                if Piece::of(block)?.is_none() {
                    self.memo.read(block, tables)?;
                }
            }
        }
        let mut session = match open(vault, backup, base_distance, total, false, now)? {
            Opened::Session(session) => session,
            Opened::Answer(answer) => {
                compare(vault, message)?;
                return Ok(answer);
            }
        };
        if unknown_table.is_some() {
            let reason = Refusal::TABLE_UNKNOWN;
            let refused = FromServer::Refused { backup, reason, latest: backup.generation };
            return Ok(Answer { unknown_table, ..Answer::of(refused) });
        }
        session.resumes = message.resumes;
        session.delay = message.delay.map(Pause::duration);
        if let Some(digest) = message.digest {
            claim(&mut session, digest)?;
        }
        vault.put_session(&session).map_err(ReceiverError::Store)?;
        for (number, block) in (first..).zip(&message.blocks) {
            if session.received.insert(number) {
                vault.put_block(backup.source, number, block).map_err(ReceiverError::Store)?;
                // Once asked, the card knows what is missing: it is not asked again while it sends that.
                session.asked = session.asked.min(1);
            } else if vault.block(backup.source, number).map_err(ReceiverError::Store)?.as_ref()
                != Some(block)
            {
                return Err(ReceiverError::Altered { generation: backup.generation, number });
            }
        }
        if session.received.is_full() {
            return self.complete(vault, session, now);
        }
        session.resume_at = match session.resumes {
            Resumes::SERVER => {
                let own = vault.spacing(backup.source).map_err(ReceiverError::Store)?;
                let spacing = own.as_ref().unwrap_or(&self.policy.spacing);
                let next = match session.delay {
                    Some(delay) => spacing.after(now, delay, random),
                    None => spacing.next(now, random),
                };
                Some(next.max(now + SUBSET_GOES_ON))
            }
            // The card goes on by itself; but what is missing once the last block is here has been lost.
            _ if session.asked > 0 => Some(now + ASK_AGAIN_AFTER),
            _ => session.received.contains(total).then(|| now + self.policy.grace),
        };
        vault.put_session(&session).map_err(ReceiverError::Store)?;
        Ok(Answer::default())
    }

    fn query<V: Vault>(
        &mut self,
        vault: &mut V,
        (backup, base_distance, total): (BackupId, u8, u16),
        digest: Digest,
        now: Instant,
    ) -> Result<Answer, ReceiverError<V::Error>> {
        let mut session = match open(vault, backup, base_distance, total, true, now)? {
            Opened::Session(session) => session,
            Opened::Answer(answer) => return Ok(answer),
        };
        claim(&mut session, digest)?;
        if session.received.is_full() {
            return self.complete(vault, session, now);
        }
        let planned = session.resume_at.filter(|&at| session.resumes == Resumes::SERVER && at > now);
        if planned.is_none() && session.asked >= self.policy.patience.saturating_add(ANSWERS_IN_VAIN) {
            // Questions get through and blocks do not: without an answer the uploader gives up in its time.
            let was_asking = session.resume_at.take().is_some();
            vault.put_session(&session).map_err(ReceiverError::Store)?;
            let given_up = was_asking.then_some(GivenUp::Backup(backup)).into_iter().collect();
            return Ok(Answer { given_up, ..Answer::default() });
        }
        let message = match planned {
            Some(at) => FromServer::Planned { backup, wait: Pause::from_duration(at.since(now)) },
            None => ask(&mut session, now),
        };
        vault.put_session(&session).map_err(ReceiverError::Store)?;
        Ok(Answer::of(message))
    }

    /// All blocks are here: it becomes the copy if its digest is the uploader's, and not before that is known.
    fn complete<V: Vault>(
        &mut self,
        vault: &mut V,
        mut session: Session,
        now: Instant,
    ) -> Result<Answer, ReceiverError<V::Error>> {
        let backup = session.backup;
        let Some(claimed) = session.digest else {
            // A QUERY brings it; if none comes, it is asked for like a block.
            session.resume_at = Some(now + self.policy.grace);
            vault.put_session(&session).map_err(ReceiverError::Store)?;
            return Ok(Answer::default());
        };
        let held = vault.held(backup.source).map_err(ReceiverError::Store)?;
        let mut table = held.as_ref().and_then(|held| held.table);
        let base = held.filter(|_| session.base_distance != 0);
        let mut book = base.map(|held| held.book.clone()).unwrap_or_default();
        let mut unpacker = Unpacker::new(&self.policy.tables);
        let mut marks = Vec::new();
        for number in session.received.iter() {
            let block = vault.block(backup.source, number).map_err(ReceiverError::Store)?.unwrap_or_default();
            marks.push((number, digest::mark(&block)));
            table = block::table(&block).or(table);
            let entries = match self.memo.take(&block) {
                Some(entries) => {
                    unpacker.interrupt();
                    entries
                }
                // Pieces that do not belong together say nothing: then the digest differs.
                None => unpacker.push(&block).unwrap_or_default(),
            };
            for entry in entries {
                match entry.record {
                    Some(record) => book.insert(entry.slot, record),
                    None => book.remove(entry.slot),
                };
            }
        }
        let digest = Digest::of(&book);
        session.resume_at = None;
        let is_equal = digest == claimed;
        if is_equal {
            let held = Held { generation: backup.generation, at: now, book, table };
            vault.put_held(backup.source, &held).map_err(ReceiverError::Store)?;
        }
        // The uploader learns from a digest that is not its own that the copy differs.
        session.standing = if is_equal { Standing::Complete(digest) } else { Standing::Differs(digest) };
        vault.put_session(&session).map_err(ReceiverError::Store)?;
        for (number, mark) in marks {
            vault.put_block(backup.source, number, &mark).map_err(ReceiverError::Store)?;
        }
        let completed = is_equal.then_some(backup);
        Ok(Answer { completed, ..Answer::of(FromServer::Ok { backup, digest }) })
    }
}

/// The uploader does not speak the version or the type of a message.
fn unspoken<V: Vault>(vault: &mut V, unspoken: Unspoken) -> Result<(), V::Error> {
    match unspoken.refused() {
        Some(MessageType::RESTORE) => restorer::give_up(vault),
        Some(kind @ (MessageType::CONFIGURE | MessageType::START)) => {
            order::unspoken(vault, unspoken.source, kind)
        }
        _ => Ok(()),
    }
}

/// The uploader has said what digest its snapshot has; it cannot say another later.
fn claim<E>(session: &mut Session, digest: Digest) -> Result<(), ReceiverError<E>> {
    if *session.digest.get_or_insert(digest) == digest {
        Ok(())
    } else {
        Err(ReceiverError::Contradiction(session.backup.generation))
    }
}

/// The uploader has given a backup up: nothing of it is asked for any more.
fn abandoned<V: Vault>(
    vault: &mut V,
    backup: BackupId,
    reason: Abandonment,
    now: Instant,
) -> Result<(), V::Error> {
    let standing = Standing::Abandoned(reason);
    let known = vault.session(backup.source)?;
    let session = match known {
        Some(session) if session.backup == backup => match session.standing {
            Standing::Open => Session { standing, resume_at: None, ..session },
            _ => return Ok(()),
        },
        Some(session) if is_older(backup.generation, session.backup.generation) => return Ok(()),
        // Nothing of it has come, but the operator shall see that it was.
        _ => Session { standing, ..Session::new(backup, 0, 0, now) },
    };
    vault.put_session(&session)
}

/// The open session of a backup, or what there is to say instead.
fn open<V: Vault>(
    vault: &mut V,
    backup: BackupId,
    base_distance: u8,
    total: u16,
    is_query: bool,
    now: Instant,
) -> Result<Opened, ReceiverError<V::Error>> {
    let known = vault.session(backup.source).map_err(ReceiverError::Store)?;
    let is_under_way = |session: &Session| {
        session.backup == backup && session.received.total() == total && session.standing != Standing::Refused
    };
    let restore = vault.restore().map_err(ReceiverError::Store)?;
    if backup.source == Source::CARD
        && restore.is_some_and(|restore| restore.step == RestoreStep::Running)
        && !known.as_ref().is_some_and(is_under_way)
    {
        // What the card has is a part of what is being restored.
        let refused = FromServer::Refused { backup, reason: Refusal::RESTORING, latest: backup.generation };
        return Ok(Opened::say(refused));
    }
    if let Some(session) = known {
        let latest = session.backup.generation;
        if session.backup == backup {
            if let Standing::Abandoned(_) = session.standing {
                return Ok(Opened::Answer(Answer::default()));
            }
            if session.received.total() != total || session.base_distance != base_distance {
                if is_query {
                    let reason = Refusal::GENERATION_OLD;
                    return Ok(Opened::say(FromServer::Refused { backup, reason, latest }));
                }
                return Err(ReceiverError::Contradiction(backup.generation));
            }
            return Ok(match session.standing {
                Standing::Open => Opened::Session(session),
                Standing::Complete(digest) | Standing::Differs(digest) => {
                    Opened::say(FromServer::Ok { backup, digest })
                }
                // What was abandoned is answered above.
                Standing::Refused | Standing::Abandoned(_) => Opened::say(FromServer::Refused {
                    backup,
                    reason: Refusal::BASE_UNKNOWN,
                    latest: backup.generation,
                }),
            });
        }
        if is_older(backup.generation, latest) {
            // A block may come late; but who asks about an old backup has lost count.
            let reason = Refusal::GENERATION_OLD;
            let answer = FromServer::Refused { backup, reason, latest };
            return Ok(if is_query { Opened::say(answer) } else { Opened::Answer(Answer::default()) });
        }
    }
    order::begun(vault, backup.source).map_err(ReceiverError::Store)?;
    let mut session = Session::new(backup, base_distance, total, now);
    if base_distance > 0 {
        let base = backup.generation.wrapping_sub(u16::from(base_distance));
        let held = vault.held(backup.source).map_err(ReceiverError::Store)?;
        if held.is_none_or(|held| held.generation != base) {
            session.standing = Standing::Refused;
            vault.put_session(&session).map_err(ReceiverError::Store)?;
            return Ok(Opened::say(FromServer::Refused {
                backup,
                reason: Refusal::BASE_UNKNOWN,
                latest: backup.generation,
            }));
        }
    }
    Ok(Opened::Session(session))
}

/// Blocks have come of a backup that takes no more: those that are known must be the same.
fn compare<V: Vault>(vault: &mut V, message: &Blocks) -> Result<(), ReceiverError<V::Error>> {
    let BackupId { source, generation } = message.backup;
    let session = vault.session(source).map_err(ReceiverError::Store)?;
    if session.is_none_or(|session| session.backup != message.backup) {
        return Ok(());
    }
    for (number, block) in (message.first..).zip(&message.blocks) {
        let known = vault.block(source, number).map_err(ReceiverError::Store)?;
        // A mark, or the block itself if the backup has never been whole.
        if known.is_some_and(|known| known != digest::mark(block) && known != *block) {
            return Err(ReceiverError::Altered { generation, number });
        }
    }
    Ok(())
}

/// Asks for what is missing, or if it is nothing but the digest, for that, and plans to do so again.
fn ask(session: &mut Session, now: Instant) -> FromServer {
    session.resume_at = Some(now + ASK_AGAIN_AFTER.saturating_mul(1 << session.asked.min(5)));
    session.asked = session.asked.saturating_add(1);
    FromServer::Missing { backup: session.backup, blocks: session.received.complement() }
}

enum Opened {
    Session(Session),
    Answer(Answer),
}

impl Opened {
    fn say(message: FromServer) -> Self {
        Self::Answer(Answer::of(message))
    }
}

/// Whether a generation lies before another; they wrap.
pub(crate) const fn is_older(generation: u16, than: u16) -> bool {
    than.wrapping_sub(generation) < 0x8000
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::MemoryVault;

    #[test]
    fn what_blocks_say_is_forgotten() {
        let blocks = ToServer::Blocks(Blocks {
            backup: BackupId { source: Source::CARD, generation: 1 },
            base_distance: 0,
            total: 2,
            first: 1,
            blocks: vec![vec![0x0E, 0x80, 0x01]],
            resumes: Resumes::UPLOADER,
            delay: None,
            digest: None,
        });
        let mut receiver = Receiver::default();
        let vault = &mut MemoryVault::default();
        receiver.receive(vault, Source::CARD, &blocks.encode(), Instant::EPOCH, 0).unwrap();
        assert!(!receiver.memo.is_empty());
        receiver.forget();
        assert!(receiver.memo.is_empty());
    }
}
