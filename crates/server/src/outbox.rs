//! Messages on their way to an uploader: one at a time. The next goes when the last is known to be there, is answered, or
//! its time is over. All of it is in the store.

use oxisim_backup::{
    FromServer, ToServer,
    message::{MessageType, Source},
};
use oxisim_wire::{Duration, Instant};

use crate::store::{Account, Letter, LetterStep, StoreError};

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
            LetterStep::Given { valid } if valid > now => until = Some(valid),
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

/// The uploader has sent a message: what it answers has come. Whether that was one on its way.
pub(crate) fn answered(
    account: &mut impl Account,
    from: Source,
    message: &ToServer,
) -> Result<bool, StoreError> {
    let mut any = false;
    for letter in account.letters(from)? {
        let is_given = matches!(letter.step, LetterStep::Given { .. });
        if is_given && answers(message, subject(&letter.octets), &letter.octets) {
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

/// Whether a message of the uploader answers one about this subject. Who asks again has not had the answer: it is of no
/// use to wait for it any longer.
fn answers(message: &ToServer, subject: Subject, octets: &[u8]) -> bool {
    match message {
        ToServer::Blocks(_) | ToServer::Query { .. } => matches!(subject, Subject::Backup | Subject::Start),
        ToServer::Abandoned { .. } => subject == Subject::Backup,
        ToServer::Restored { .. } => subject == Subject::Restore,
        ToServer::Configured { .. } => subject == Subject::Configuration,
        ToServer::Started { .. } => subject == Subject::Start,
        ToServer::Rekeyed { .. } => subject == Subject::Keys,
        ToServer::Unspoken(unspoken) => octets.first() == Some(&unspoken.octet),
    }
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
