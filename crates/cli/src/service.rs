//! The backup server behind the SMS centre.

use oxisim_server::{Error, Server, SqliteStore};
use oxisim_sms::{Address, UserData};
use oxisim_wire::Instant;
use oxisim_world::{Esme, Outgoing};

/// The backup server as the SMS centre sees it.
#[derive(Debug)]
pub struct Service(pub Server<SqliteStore>);

impl Esme for Service {
    type Error = Error;

    fn handle_message(&mut self, from: &Address, user_data: &UserData, now: Instant) -> Result<(), Error> {
        self.0.handle_deliver(from, user_data, now).map(drop)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        self.0.handle_timeout(now)
    }

    fn poll_timeout(&mut self) -> Result<Option<Instant>, Error> {
        self.0.poll_timeout()
    }

    fn poll_output(&mut self) -> Option<Outgoing> {
        self.0.poll_output().map(|message| Outgoing {
            to: message.to,
            protocol: message.protocol,
            user_data: message.user_data,
        })
    }
}
