//! The applet's keys at work. They stand in its persistent array, and in RAM only while a packet is made or opened.
//!
//! The applet secures its messages itself, and the card does not know its keys: what the backup's server holds opens
//! and makes messages of the backup, and nothing else on the card.

use alloc::vec::Vec;

use oxisim_backup::{
    Storage, StorageError,
    carriage::{self, Direction, Sealed},
    message::Source,
    security::KeySet,
};
use oxisim_card::{AppletError, Env};
use oxisim_sms::{
    UserData,
    packet::{Counter, SealedCommand},
};
use zeroize::Zeroizing;

use super::{
    memory::{COUNTERS, KEYS_AT},
    phonebook::storage_error,
};

/// The keys, if the card was personalised with any.
pub(super) fn keys(env: &Env<'_>) -> Result<Option<KeySet>, AppletError> {
    let mut octets = Zeroizing::new([0; KeySet::OCTETS]);
    env.store_read(KEYS_AT, &mut *octets)?;
    Ok(KeySet::from_octets(&octets))
}

/// Puts others in their place, in one write. All counters go on.
pub(super) fn replace_keys(keys: &KeySet, env: &mut Env<'_>) -> Result<(), AppletError> {
    env.store_write(KEYS_AT, &*Zeroizing::new(keys.to_octets()))
}

/// A message for the server as user data. Its counter is in memory before the packet exists.
pub(super) fn wrap(message: Vec<u8>, env: &mut Env<'_>) -> Result<UserData, AppletError> {
    let keys = keys(env)?;
    let version = keys.as_ref().map(|keys| keys.version);
    let counter = COUNTERS.for_message(version, &message, &mut Array(env)).map_err(applet_error)?;
    let counter = Counter::new(counter).ok_or(AppletError::Range)?;
    let user_data = match keys {
        Some(keys) => carriage::seal(Direction::ToServer, &keys, counter, message),
        None => carriage::wrap(Source::CARD, counter, message),
    };
    // The uploader fills no message beyond what a packet holds.
    user_data.map_err(|_| AppletError::Range)
}

/// The message of the server in a packet; none if it does not open, or does not come after the last one. Nobody is told
/// which.
pub(super) fn open(packet: &SealedCommand, env: &mut Env<'_>) -> Result<Option<Vec<u8>>, AppletError> {
    let Some(keys) = keys(env)? else { return Ok(None) };
    let Ok((counter, message)) = Sealed::new(packet.clone()).open(Direction::ToCard, &keys) else {
        return Ok(None);
    };
    let is_next = COUNTERS.accept(counter.value(), &mut Array(env)).map_err(applet_error)?;
    Ok(is_next.then_some(message))
}

/// The applet's array, all of it.
struct Array<'a, 'e>(&'a mut Env<'e>);

impl Storage for Array<'_, '_> {
    fn octets(&self) -> usize {
        self.0.store_len()
    }

    fn load(&self, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        self.0.store_read(offset, buffer).map_err(storage_error)
    }

    fn save(&mut self, offset: usize, octets: &[u8]) -> Result<(), StorageError> {
        self.0.store_write(offset, octets).map_err(storage_error)
    }
}

const fn applet_error(error: StorageError) -> AppletError {
    match error {
        StorageError::Full => AppletError::Range,
        StorageError::Failed => AppletError::PowerLost,
    }
}
