//! What comes for a subscriber of another server's is passed on, through the store.

use oxisim_sms::Address;
use oxisim_wire::{Duration, Instant};

use super::{Error, Reception, Server};
use crate::{
    Msisdn,
    store::{Inbound, Passed, Store, StoreError},
};

/// How long what was passed on is tried again if it fails; an SMS centre keeps a message no longer.
const TRIED_FOR: Duration = Duration::from_mins(24 * 60);

impl<S: Store> Server<S> {
    /// Something has come for a subscriber. If their shard is another server's, it is passed on to that one: it is as
    /// durable as if it were done. Which of the two is told for messages.
    ///
    /// It calls [`Server::handle_deliver`], [`Server::handle_report`] or [`Server::handle_alert`].
    pub fn handle_inbound(
        &mut self,
        of: &Address,
        what: &Inbound,
        now: Instant,
    ) -> Result<Option<Reception>, Error> {
        match (self.handle_own(of, what, now), Msisdn::try_from(of)) {
            (Err(Error::Store(StoreError::NotMine(_))), Ok(to)) => {
                self.store.pass_on(&to, what, now)?;
                Ok(Some(Reception::PassedOn))
            }
            (done, _) => done,
        }
    }

    /// Does what other servers have passed on to this one, at most `limit`, in one batch; how much there was. What fails
    /// is tried again later, for a day; the others do not wait for it.
    pub fn handle_passed(&mut self, limit: u32, now: Instant) -> Result<u32, Error> {
        let passed = self.store.inbox(now, limit)?;
        if passed.is_empty() {
            return Ok(0);
        }
        let of: Vec<Msisdn> = passed.iter().map(|passed| passed.to.clone()).collect();
        self.batch(&of, |server| passed.iter().try_for_each(|passed| server.take_passed(passed, now)))??;
        Ok(passed.len() as u32)
    }

    fn take_passed(&mut self, passed: &Passed, now: Instant) -> Result<(), Error> {
        match self.handle_own(&passed.to.address(), &passed.what, now) {
            Ok(_) => {}
            // It stays for the server that has the shard now.
            Err(Error::Store(StoreError::NotMine(_))) => return Ok(()),
            Err(error) if now < passed.at + TRIED_FOR => {
                log::debug!("what was passed on waits: {}", error.brief());
                self.store.pass_on(&passed.to, &passed.what, passed.at)?;
            }
            Err(error) => log::warn!("what was passed on is given up: {}", error.brief()),
        }
        Ok(self.store.settle(passed)?)
    }

    fn handle_own(&mut self, of: &Address, what: &Inbound, now: Instant) -> Result<Option<Reception>, Error> {
        match what {
            Inbound::Message(user_data) => self.handle_deliver(of, user_data, now).map(Some),
            Inbound::Report(reference, report) => {
                self.handle_report(of, *reference, *report, now).map(|()| None)
            }
            Inbound::Alert => self.handle_alert(of, now).map(|_| None),
        }
    }
}
