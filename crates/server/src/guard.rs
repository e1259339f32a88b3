//! Who is let in, and what goes out secured.

use oxisim_backup::{
    carriage::{self, Carried, Direction, Sealed},
    message::Source,
    security::{Arrival, KeySet, KeyVersion},
};
use oxisim_sms::{UserData, packet::Counter};
use oxisim_wire::Instant;

use crate::{
    Error, Iccid, MasterKey, Msisdn,
    bearer::{self, Ignored},
    pseudonym::Pseudonyms,
    rekey,
    server::Undone,
    store::{Account, StoreError},
};

/// What the server knows to open messages with and to seal them.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    /// What the cards' keys are derived from.
    pub master: Option<MasterKey>,
    /// Nothing is secured, and everything let in.
    pub is_off: bool,
}

/// A message that is let in.
pub(crate) struct Admitted {
    /// The way that it came: from a card, or a phone's application.
    pub source: Source,
    /// The message.
    pub message: Vec<u8>,
    /// The counter of its packet; 0 without security.
    pub counter: u64,
    /// Its packet has come before.
    pub is_repeated: bool,
}

impl Guard {
    /// The keys of a card in a version.
    pub fn keys(&self, iccid: &Iccid, version: KeyVersion) -> Option<KeySet> {
        self.master.as_ref().map(|master| master.card_keys(iccid, version))
    }

    /// What the log calls a subscriber: their identifier in the console, never their number.
    pub fn name(&self, msisdn: &Msisdn) -> String {
        match &self.master {
            Some(master) => format!("subscriber {}", Pseudonyms::new(master.console_key()).of(msisdn)),
            None => "a subscriber".into(),
        }
    }

    /// Opens what has come in a subscriber's name, and takes its counter.
    pub fn admit(
        &self,
        account: &mut impl Account,
        carried: Carried,
        now: Instant,
    ) -> Result<Admitted, Undone> {
        match carried {
            Carried::Sealed(sealed) => self.open(account, &sealed, now),
            Carried::Plain(source, message) => {
                if source == Source::CARD && !self.is_off && account.card()?.is_some() {
                    return Err(Ignored::Unsecured.into());
                }
                Ok(Admitted { source, message, counter: 0, is_repeated: false })
            }
        }
    }

    /// Takes the counter of a message that has no effect, if it opens.
    pub fn spend(
        &self,
        account: &mut impl Account,
        user_data: &UserData,
        now: Instant,
    ) -> Result<(), StoreError> {
        let Ok(carried) = bearer::read(user_data) else { return Ok(()) };
        match self.admit(account, carried, now) {
            Err(Undone::Error(Error::Store(error))) => Err(error),
            _ => Ok(()),
        }
    }

    fn open(&self, account: &mut impl Account, sealed: &Sealed, now: Instant) -> Result<Admitted, Undone> {
        let mut card = account.card()?.ok_or(Ignored::NoKeys)?;
        let version = sealed.version().map_err(Ignored::Unopened)?;
        // A card whose keys are being replaced says so by using the next ones.
        if version != card.key_version && version != card.key_version.next() {
            return Err(Ignored::KeyVersion(version).into());
        }
        let keys = self.keys(&card.iccid, version).ok_or(Ignored::NoKeys)?;
        let (counter, message) = sealed.open(Direction::ToServer, &keys).map_err(Ignored::Unopened)?;
        let counter = counter.value();
        let is_repeated = match card.window.accept(counter) {
            Arrival::New => false,
            Arrival::Again => true,
            Arrival::Old => return Err(Ignored::Replayed(counter).into()),
        };
        rekey::used(account, &mut card, version, now)?;
        account.put_card(&card)?;
        Ok(Admitted { source: Source::CARD, message, counter, is_repeated })
    }

    /// Puts a message for a subscriber's card into user data, with a counter that is used for nothing else: it is in
    /// the store before the message goes.
    pub fn wrap(&self, account: &mut impl Account, message: Vec<u8>) -> Result<UserData, Error> {
        let card = if self.is_off { None } else { account.card()? };
        let Some(mut card) = card else {
            return carriage::wrap(Source::CARD, account.next_counter()?, message).map_err(Error::Answer);
        };
        let keys = self.keys(&card.iccid, rekey::version_for(&card, &message));
        let keys = keys.ok_or_else(|| Error::NoMasterKey(card.iccid.clone()))?;
        let message = rekey::complete(&card, self, message);
        let next = Counter::new(card.sent.saturating_add(1));
        let counter = next.ok_or_else(|| Error::CountersUsedUp(card.iccid.clone()))?;
        card.sent = counter.value();
        account.put_card(&card)?;
        carriage::seal(Direction::ToCard, &keys, counter, message).map_err(Error::Answer)
    }
}

/// Counts a message that was refused in a subscriber's name.
pub(crate) fn count(account: &mut impl Account) -> Result<(), StoreError> {
    if let Some(mut card) = account.card()? {
        card.refused += 1;
        account.put_card(&card)?;
    }
    Ok(())
}
