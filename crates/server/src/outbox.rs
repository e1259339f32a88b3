//! Messages on their way to an uploader: one at a time. The next goes when the last is known to be there, is answered, or
//! its time is over. All of it is in the store.

use oxisim_backup::{
    FromServer, OrderStep, ToServer,
    message::{MessageType, Source},
};
use oxisim_wire::{Duration, Instant};

use crate::store::{Account, Letter, LetterStep, StoreError};

/// Time after which a message is tried again that could not be sent as things were: somebody must do something first.
const TRIED_AGAIN_AFTER: Duration = Duration::from_mins(60);

/// What a message is about. One that waits is replaced by a newer one about the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Backup,
    Restore,
    Configuration,
    Start,
    Keys,
    Version,
}

/// Adds a message, in the place of one that waits and is about the same.
pub(crate) fn put(account: &mut impl Account, message: &FromServer) -> Result<(), StoreError> {
    let octets = message.encode();
    let (source, subject) = (recipient(message), subject(&octets));
    for letter in account.letters(source)? {
        if matches!(letter.step, LetterStep::Waiting { .. }) && self::subject(&letter.octets) == subject {
            account.delete_letter(letter.id)?;
        }
    }
    account.add_letter(source, &octets)
}

/// The message that goes now; none if there is none, or if the last may still be on its way.
pub(crate) fn release(
    account: &mut impl Account,
    source: Source,
    validity: Duration,
    now: Instant,
) -> Result<Option<Letter>, StoreError> {
    let mut until = None;
    let mut waiting = Vec::new();
    for letter in account.letters(source)? {
        match letter.step {
            // A clock that was ahead, and has been set, leaves times that never come.
            LetterStep::Given { valid } if valid > now && valid <= now + validity => until = Some(valid),
            LetterStep::Given { .. } => account.delete_letter(letter.id)?,
            LetterStep::Waiting { .. } => waiting.push(letter),
        }
    }
    let next = if until.is_none() && !waiting.is_empty() { Some(waiting.remove(0)) } else { None };
    if let Some(next) = &next {
        let valid = now + validity;
        account.set_letter(next.id, LetterStep::Given { valid })?;
        until = Some(valid);
    }
    for letter in waiting {
        account.set_letter(letter.id, LetterStep::Waiting { due: until })?;
    }
    Ok(next)
}

/// What waits for this uploader cannot be sent as things are, this one included: it is tried again after a time, or when
/// there is a reason to.
pub(crate) fn hold(
    account: &mut impl Account,
    source: Source,
    id: u64,
    now: Instant,
) -> Result<(), StoreError> {
    let due = Some(now + TRIED_AGAIN_AFTER);
    for letter in account.letters(source)? {
        if letter.id == id || matches!(letter.step, LetterStep::Waiting { .. }) {
            account.set_letter(letter.id, LetterStep::Waiting { due })?;
        }
    }
    Ok(())
}

/// The SMS centre has said what became of a message; to whom it was. None if it had come to its end already.
pub(crate) fn end(account: &mut impl Account, id: u64) -> Result<Option<Source>, StoreError> {
    for source in Source::ALL {
        let is_given = |letter: &Letter| letter.id == id && matches!(letter.step, LetterStep::Given { .. });
        if account.letters(*source)?.iter().any(is_given) {
            account.delete_letter(id)?;
            return Ok(Some(*source));
        }
    }
    Ok(None)
}

/// The uploader has sent a message, of which the receiver has made what there is to make: what it answers has come.
/// Whether that was one on its way.
pub(crate) fn answered(
    account: &mut impl Account,
    from: Source,
    message: &ToServer,
) -> Result<bool, StoreError> {
    let mut any = false;
    for letter in account.letters(from)? {
        let is_given = matches!(letter.step, LetterStep::Given { .. });
        if is_given && answers(account, from, message, &letter.octets)? {
            account.delete_letter(letter.id)?;
            any = true;
        }
    }
    Ok(any)
}

/// The card has other keys: it need not be told to take them, and what is on its way does not open. That goes once more.
pub(crate) fn rekeyed(account: &mut impl Account, now: Instant) -> Result<(), StoreError> {
    for letter in account.letters(Source::CARD)? {
        match letter.step {
            _ if subject(&letter.octets) == Subject::Keys => account.delete_letter(letter.id)?,
            LetterStep::Given { valid } if valid > now => {
                account.set_letter(letter.id, LetterStep::Waiting { due: None })?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a message of the uploader answers one of the server, or a later one: what is older than the server's may have
/// been under way before it. Who asks again has not had the answer: it is of no use to wait for it any longer.
fn answers(
    account: &mut impl Account,
    from: Source,
    message: &ToServer,
    octets: &[u8],
) -> Result<bool, StoreError> {
    if let ToServer::Unspoken(unspoken) = message {
        return Ok(octets.first() == Some(&unspoken.octet));
    }
    if subject(octets) == Subject::Keys {
        return Ok(matches!(message, ToServer::Rekeyed { .. }));
    }
    let Ok(letter) = FromServer::decode(octets) else { return Ok(false) };
    Ok(match (letter, message) {
        // An order is over as soon as the receiver has seen that it is followed.
        (FromServer::Start { start, .. }, ToServer::Blocks(_) | ToServer::Query { .. }) => {
            let order = account.order(from, MessageType::START)?;
            order.is_none_or(|order| order.number != start.number || order.step != OrderStep::Pending)
        }
        (FromServer::Start { start, .. }, ToServer::Started { number, .. }) => {
            !is_older(*number, start.number)
        }
        (FromServer::Configure { number: said, .. }, ToServer::Configured { number, .. }) => {
            !is_older(*number, said)
        }
        (
            FromServer::Restore { generation: said, total, number, .. },
            ToServer::Restored { generation, missing, .. },
        ) => *generation == said && missing.total() == total && !missing.contains(number),
        (
            FromServer::Missing { backup: said, .. }
            | FromServer::Planned { backup: said, .. }
            | FromServer::Ok { backup: said, .. }
            | FromServer::Refused { backup: said, .. },
            ToServer::Blocks(_) | ToServer::Query { .. } | ToServer::Abandoned { .. },
        ) => generation(message).is_some_and(|generation| !is_older(generation, said.generation)),
        _ => false,
    })
}

/// The backup that a message of the uploader is about.
const fn generation(message: &ToServer) -> Option<u16> {
    match message {
        ToServer::Blocks(blocks) => Some(blocks.backup.generation),
        ToServer::Query { backup, .. } | ToServer::Abandoned { backup, .. } => Some(backup.generation),
        _ => None,
    }
}

/// Whether a generation, or the number of an order, lies before another; they wrap.
const fn is_older(number: u16, than: u16) -> bool {
    number != than && than.wrapping_sub(number) < 0x8000
}

/// The subject of a message, by its type.
fn subject(octets: &[u8]) -> Subject {
    match MessageType::of(octets) {
        MessageType::RESTORE => Subject::Restore,
        MessageType::CONFIGURE => Subject::Configuration,
        MessageType::START => Subject::Start,
        MessageType::REKEY => Subject::Keys,
        MessageType::SERVER_UNSPOKEN => Subject::Version,
        _ => Subject::Backup,
    }
}

const fn recipient(message: &FromServer) -> Source {
    match message {
        FromServer::Missing { backup, .. }
        | FromServer::Planned { backup, .. }
        | FromServer::Ok { backup, .. }
        | FromServer::Refused { backup, .. } => backup.source,
        FromServer::Configure { source, .. } | FromServer::Start { source, .. } => *source,
        FromServer::Unspoken(unspoken) => unspoken.source,
        FromServer::Restore { .. } | FromServer::Rekey(_) => Source::CARD,
    }
}
