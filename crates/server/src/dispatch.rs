//! From the outbox into short messages.

use oxisim_backup::{FromServer, Outgoing, carriage, message::Source};
use oxisim_sms::{ProtocolIdentifier, UserData};
use oxisim_wire::{Duration, Instant};

use crate::{
    Error, Msisdn, describe,
    guard::Guard,
    outbox,
    store::{Account, Direction, LogEntry},
};

/// What comes of the outbox.
#[derive(Default)]
pub(crate) struct Dispatched {
    /// What there is to send.
    pub outgoing: Vec<Outgoing>,
    /// Why something cannot be sent as things are.
    pub held: Option<Error>,
}

/// Puts messages for a subscriber into the outbox, after the note about the one they answer, and what may go now into
/// short messages. What cannot be sent to one of the uploaders waits, and does not keep the other's.
pub(crate) fn dispatch(
    account: &mut impl Account,
    guard: &Guard,
    to: &Msisdn,
    messages: &[FromServer],
    validity: Duration,
    now: Instant,
) -> Result<Dispatched, Error> {
    for message in messages {
        outbox::put(account, message)?;
    }
    let mut dispatched = Dispatched::default();
    for source in Source::ALL {
        let Some(letter) = outbox::release(account, *source, validity, now)? else { continue };
        let summary = FromServer::decode(&letter.octets).map(|message| describe::outgoing(&message));
        let summary = summary.unwrap_or_default();
        let (protocol, wrapped) = if *source == Source::PHONE {
            let wrapped = carriage::wrap(Source::PHONE, 0, letter.octets).map_err(Error::Answer);
            (ProtocolIdentifier::DEFAULT, wrapped)
        } else {
            (ProtocolIdentifier::SIM_DATA_DOWNLOAD, guard.wrap(account, letter.octets))
        };
        match wrapped {
            Ok(user_data) => {
                account.log(&note(now, Direction::Out, summary, &user_data))?;
                let (to, reference) = (to.address(), letter.id);
                dispatched.outgoing.push(Outgoing { to, protocol, user_data, reference, validity });
            }
            Err(error @ Error::Store(_)) => return Err(error),
            Err(error) => {
                log::warn!("{}: {error}", guard.name(to));
                let summary = format!("not sent: {summary}: {error}");
                account.log(&LogEntry { at: now, direction: Direction::Out, summary, octets: 0 })?;
                if matches!(error, Error::Answer(_)) {
                    // It never will be.
                    account.delete_letter(letter.id)?;
                } else {
                    outbox::hold(account, *source, letter.id, now)?;
                }
                dispatched.held.get_or_insert(error);
            }
        }
    }
    Ok(dispatched)
}

/// A note about a short message.
pub(crate) fn note(at: Instant, direction: Direction, summary: String, user_data: &UserData) -> LogEntry {
    LogEntry { at, direction, summary, octets: user_data.payload().len() as u16 }
}
