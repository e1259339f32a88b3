//! What ESMEs do about messages that they have sent before (SMPP 5.0 §4.5).

use oxisim_smpp::RegisteredDelivery;
use oxisim_sms::{Address, UserData, tpdu::Status};
use oxisim_wire::Instant;

use super::{Centre, Event, Held, Kept, Sender, Timer};
use crate::{Message, Number};

/// Messages that have come to their end and of which it is remembered how.
const REMEMBERED: usize = 10_000;

/// Why nothing can be done about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutOfReach {
    /// The ESME has no such message; or it has come to its end, and that is forgotten.
    #[error("no such message")]
    Unknown,
    /// It has gone out, or has come to its end.
    #[error("the message does not wait any more")]
    Gone,
}

/// How it is with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its time has not come.
    Scheduled,
    /// It waits for its receiver, or has gone out.
    Waiting,
    /// It has come to its end.
    Ended {
        /// How.
        status: Status,
        /// When.
        at: Instant,
    },
}

/// What a message becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// What it says.
    pub user_data: UserData,
    /// When the centre begins to try; none: as before.
    pub begins: Option<Instant>,
    /// Until when it tries; none: as before.
    pub expires: Option<Instant>,
    /// When the ESME wants to know what has become of it.
    pub wanted: RegisteredDelivery,
}

/// How an ESME's message has ended.
#[derive(Debug)]
pub(super) struct Ended {
    system_id: String,
    from: Address,
    status: Status,
    at: Instant,
}

impl Centre {
    /// How it is with a message of an ESME's. `from`, if it is said, is who has sent it.
    pub fn query(
        &self,
        system_id: &str,
        id: u64,
        from: Option<&Address>,
        now: Instant,
    ) -> Result<Standing, OutOfReach> {
        if let Some(ended) = self.ended.get(&id) {
            let is_own = ended.system_id == system_id && from.is_none_or(|from| same(from, &ended.from));
            let Ended { status, at, .. } = *ended;
            return if is_own { Ok(Standing::Ended { status, at }) } else { Err(OutOfReach::Unknown) };
        }
        let (held, _) = self.of_esme(system_id, id, from)?;
        Ok(if held.begins > now && held.answer_by.is_none() {
            Standing::Scheduled
        } else {
            Standing::Waiting
        })
    }

    /// A message of an ESME's that waits.
    pub fn waiting(&self, system_id: &str, id: u64, from: Option<&Address>) -> Result<&Message, OutOfReach> {
        if self.ended.get(&id).is_some_and(|ended| ended.system_id == system_id) {
            return Err(OutOfReach::Gone);
        }
        let (held, message) = self.of_esme(system_id, id, from)?;
        if held.answer_by.is_none() { Ok(message) } else { Err(OutOfReach::Gone) }
    }

    /// Deletes a message of an ESME's that waits.
    pub fn cancel(
        &mut self,
        system_id: &str,
        id: u64,
        from: Option<&Address>,
        now: Instant,
    ) -> Result<(), OutOfReach> {
        self.waiting(system_id, id, from)?;
        self.conclude(id, Status::DELETED_BY_ORIGINATOR, None, now);
        Ok(())
    }

    /// Deletes all messages of an ESME's that wait and went from one number to another, of one `service_type` if it is not
    /// empty; how many.
    pub fn cancel_all(
        &mut self,
        system_id: &str,
        service_type: &str,
        from: &Address,
        to: &Address,
        now: Instant,
    ) -> usize {
        let fits = |held: &&Held| match (&held.content, &held.sender) {
            (Kept::Message(message), Some((Sender::Esme { system_id: own, service_type: kind, .. }, _))) => {
                own == system_id
                    && held.answer_by.is_none()
                    && same(from, &message.from)
                    && same(to, &message.to)
                    && (service_type.is_empty() || service_type == kind)
            }
            _ => false,
        };
        let found: Vec<u64> = self.held.iter().filter(|(_, held)| fits(held)).map(|(&id, _)| id).collect();
        for &id in &found {
            self.conclude(id, Status::DELETED_BY_ORIGINATOR, None, now);
        }
        found.len()
    }

    /// Puts another message in the place of one of an ESME's that waits.
    pub fn replace(
        &mut self,
        system_id: &str,
        id: u64,
        from: Option<&Address>,
        rewritten: Rewritten,
        now: Instant,
    ) -> Result<(), OutOfReach> {
        self.waiting(system_id, id, from)?;
        let latest = now + self.settings.longest_validity;
        let held = self.held.get_mut(&id).ok_or(OutOfReach::Unknown)?;
        if let Kept::Message(message) = &mut held.content {
            message.user_data = rewritten.user_data;
        }
        if let Some((_, wanted)) = &mut held.sender {
            *wanted = rewritten.wanted;
        }
        let begins = rewritten.begins.map_or(held.begins, |at| at.max(now));
        let expires = rewritten.expires.map_or(held.expires, |at| at.min(latest));
        let (before, over) = (std::mem::replace(&mut held.begins, begins), held.expires);
        held.expires = expires;
        let to = held.to.clone();
        if let Some(queue) = self.queues.get_mut(&to) {
            queue.waiting.remove(&(before, id));
            queue.waiting.insert((begins, id));
        }
        self.timers.remove(&(over, Timer::Expires(id)));
        self.timers.insert((expires, Timer::Expires(id)));
        self.changed.insert(id);
        self.event(Event::Replaced { id });
        self.begin(id, &to, now);
        Ok(())
    }

    fn of_esme(
        &self,
        system_id: &str,
        id: u64,
        from: Option<&Address>,
    ) -> Result<(&Held, &Message), OutOfReach> {
        let held = self.held.get(&id).ok_or(OutOfReach::Unknown)?;
        match (&held.content, &held.sender) {
            (Kept::Message(message), Some((Sender::Esme { system_id: own, .. }, _)))
                if own == system_id && from.is_none_or(|from| same(from, &message.from)) =>
            {
                Ok((held, message))
            }
            _ => Err(OutOfReach::Unknown),
        }
    }

    /// Remembers how a message has ended, if it was an ESME's.
    pub(super) fn remember(&mut self, id: u64, sender: &Sender, from: &Address, status: Status, at: Instant) {
        let Sender::Esme { system_id, .. } = sender else { return };
        while self.ended.len() >= REMEMBERED {
            self.ended.pop_first();
        }
        let ended = Ended { system_id: system_id.clone(), from: from.clone(), status, at };
        self.ended.insert(id, ended);
    }
}

/// Whether two addresses are one: ESMEs often leave the type of a number unknown.
fn same(one: &Address, other: &Address) -> bool {
    one == other || Number::of(one).is_some_and(|one| Number::of(other) == Some(one))
}
