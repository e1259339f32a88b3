//! What an operator asks of a subscriber's card, and what has become of it.

use oxisim_backup::{
    Command, Configuration, Order, Restore, Restorer, Spacing, Vault, Way,
    message::{Extent, MessageType, Source},
};
use oxisim_wire::Instant;

use super::{Error, Server};
use crate::{Msisdn, store::Store};

impl<S: Store> Server<S> {
    /// Begins to write the card's copy back onto the card that the subscriber has now; `false` if there is
    /// nothing to write. [`Server::poll_timeout`] says when the first block goes.
    pub fn start_restore(&mut self, msisdn: &Msisdn, now: Instant) -> Result<bool, Error> {
        let restorer = Restorer { policy: self.receiver.policy() };
        self.store.subscriber(msisdn, |account| {
            let is_empty = account.held(Source::CARD)?.is_none_or(|held| held.book.is_empty());
            Ok(!is_empty && restorer.start(account, now)?)
        })
    }

    /// Sets an uploader's configuration, in the place of the last one. It is kept and said until the uploader has answered;
    /// the number says which it is.
    pub fn configure(
        &mut self,
        msisdn: &Msisdn,
        source: Source,
        configuration: &Configuration,
        now: Instant,
    ) -> Result<u16, Error> {
        self.order(msisdn, source, Command::Configure(configuration.encode()), now)
    }

    /// Sets when the server asks for an uploader's subsets; none: as its policy has it. It counts from the next block.
    pub fn set_spacing(
        &mut self,
        msisdn: &Msisdn,
        source: Source,
        spacing: Option<&Spacing>,
    ) -> Result<(), Error> {
        Ok(self.store.subscriber(msisdn, |account| account.put_spacing(source, spacing))?)
    }

    /// Lets an uploader start a backup; without a way it goes that of its own choice.
    pub fn start_backup(
        &mut self,
        msisdn: &Msisdn,
        source: Source,
        extent: Extent,
        way: Option<Way>,
        now: Instant,
    ) -> Result<u16, Error> {
        self.order(msisdn, source, Command::Start { extent, way }, now)
    }

    /// The latest configuration (`CONFIGURE`) or order to start (`START`) of an uploader, and what became of it.
    pub fn order_status(
        &mut self,
        msisdn: &Msisdn,
        source: Source,
        kind: MessageType,
    ) -> Result<Option<Order>, Error> {
        Ok(self.store.subscriber(msisdn, |account| account.order(source, kind))?)
    }

    fn order(
        &mut self,
        msisdn: &Msisdn,
        source: Source,
        command: Command,
        now: Instant,
    ) -> Result<u16, Error> {
        let Self { store, receiver, .. } = self;
        Ok(store.subscriber(msisdn, |account| receiver.order(account, source, command, now))?)
    }

    /// The latest restore of a subscriber.
    pub fn restore_status(&mut self, msisdn: &Msisdn) -> Result<Option<Restore>, Error> {
        Ok(self.store.subscriber(msisdn, |account| account.restore())?)
    }

    /// The number of the last backup of a phonebook that the server knows of. A card that replaces another must
    /// be [personalised](oxisim_backup::personalise) with it: the server takes no backup with an earlier number.
    pub fn last_generation(&mut self, msisdn: &Msisdn, source: Source) -> Result<Option<u16>, Error> {
        self.store.subscriber(msisdn, |account| {
            Ok(match account.session(source)? {
                Some(session) => Some(session.backup.generation),
                None => account.held(source)?.map(|held| held.generation),
            })
        })
    }
}
