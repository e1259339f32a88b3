//! A phone has appeared.

use oxisim_backup::{Standing, Vault, message::Source};
use oxisim_sms::Address;
use oxisim_wire::Instant;

use super::{Error, Server};
use crate::{Msisdn, store::Store};

impl<S: Store> Server<S> {
    /// The phone of a subscriber can be reached again (`alert_notification`, SMPP 5.0 §4.1.3.1): what waits for the next
    /// time to ask is asked for now. Whether anything was.
    pub fn handle_alert(&mut self, of: &Address, now: Instant) -> Result<bool, Error> {
        let Ok(msisdn) = Msisdn::try_from(of) else { return Ok(false) };
        let resumed = self.store.subscriber(&msisdn, |account| {
            let mut resumed = false;
            for source in Source::ALL {
                let Some(mut session) = account.session(*source)? else { continue };
                if session.standing == Standing::Open && session.resume_at.is_some_and(|at| at > now) {
                    session.resume_at = Some(now);
                    account.put_session(&session)?;
                    resumed = true;
                }
            }
            Ok::<_, Error>(resumed)
        })?;
        if resumed {
            self.whole_turn(&msisdn, now)?;
        }
        Ok(resumed)
    }
}
