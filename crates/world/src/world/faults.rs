//! What somebody lets go wrong who looks at the whole.

use alloc::boxed::Box;

use oxisim_backup::{DeliveryReport, Esme, Outgoing};
use oxisim_sms::UserData;
use oxisim_terminal::SubmitError;
use oxisim_wire::Duration;

use super::{Planned, Stage, World};
use crate::{Fate, Mishap, Slot, What, mishap::Letter};

impl<E: Esme, C: Slot> World<E, C> {
    /// What goes wrong with the next message to the server, or to the phone; with the one after it, if something will go
    /// wrong with that already.
    pub fn befall(&mut self, to_server: bool, mishap: Mishap) {
        if let Some(mishaps) = self.mishaps.get_mut(usize::from(to_server)) {
            mishaps.push_back(mishap);
        }
    }

    /// No message suffers any more what has not befallen it yet.
    pub fn forget_mishaps(&mut self) {
        self.mishaps.iter_mut().for_each(alloc::collections::VecDeque::clear);
    }

    /// How many mishaps of one direction have not befallen a message yet.
    #[must_use]
    pub fn mishaps_left(&self, to_server: bool) -> usize {
        self.mishaps.get(usize::from(to_server)).map_or(0, alloc::collections::VecDeque::len)
    }

    /// The user behaves in another way from now on.
    pub const fn set_user(&mut self, user: crate::User) {
        self.user = user;
    }

    /// Whether a backup has been asked for, or is under way.
    #[must_use]
    pub fn is_backing_up(&self) -> bool {
        self.backups != [Stage::Idle; 2]
    }

    /// Somebody sends the server a message in the subscriber's name, which takes its time as others do.
    pub fn inject_to_server(&mut self, user_data: UserData) {
        self.travel(Letter::ToServer(None, Box::new(user_data)));
    }

    /// Somebody sends the phone a message in the server's name.
    pub fn inject_to_phone(&mut self, message: Outgoing) {
        self.travel(Letter::ToPhone(Box::new(message)));
    }

    /// Switches the phone off: nobody learns whether what is in the air has arrived, and the SMS centre keeps what the
    /// phone has not answered.
    pub fn switch_off(&mut self) -> Result<(), E::Error> {
        self.terminal.switch_off(self.now);
        self.settle()?;
        self.leave_air();
        Ok(())
    }

    /// The battery is taken out: the phone says goodbye to nobody, and forgets what it knew.
    pub fn lose_power(&mut self, terminal: oxisim_terminal::Terminal) {
        self.card.power_off();
        self.terminal = terminal;
        self.leave_air();
    }

    fn leave_air(&mut self) {
        self.schedule.retain(|planned| {
            !matches!(planned, Planned::Originated(_) | Planned::Choose { .. } | Planned::Answer(_))
        });
        self.radio_free = self.now;
        self.is_asked = false;
        for paged in core::mem::take(&mut self.delivered) {
            self.page(paged);
        }
    }

    /// Why the message that the phone wants to send does not go.
    pub(super) fn refusal(&mut self) -> Option<SubmitError> {
        if self.outage.service {
            return Some(SubmitError::NotSent);
        }
        let [_, to_server] = &mut self.mishaps;
        match to_server.pop_front() {
            Some(Mishap::NotSubmitted(error)) => Some(error),
            Some(other) => {
                to_server.push_front(other);
                None
            }
            None => None,
        }
    }

    pub(super) fn next_mishap(&mut self, to_server: bool) -> Option<Mishap> {
        self.mishaps.get_mut(usize::from(to_server))?.pop_front()
    }

    /// The fate of a message that a mishap befalls.
    pub(super) fn suffer(&mut self, mishap: &Mishap, letter: &Letter, fate: Fate) -> Fate {
        let after = |more: Duration| fate.arrives.map(|arrives| arrives + more);
        match mishap {
            Mishap::Lost => Fate { arrives: None, again: None },
            Mishap::Doubled(later) => Fate { again: after(*later), ..fate },
            Mishap::Delayed(longer) => Fate { arrives: after(*longer), ..fate },
            Mishap::Misaddressed => {
                self.note(What::Astray { to: "somebody else".into() });
                Fate { arrives: None, again: None }
            }
            Mishap::Expired => {
                if let Letter::ToPhone(message) = letter {
                    self.report(message.reference, Some(DeliveryReport::Failed), None);
                }
                Fate { arrives: None, again: None }
            }
            Mishap::Corrupted(_) | Mishap::Truncated(_) | Mishap::From(_) | Mishap::NotSubmitted(_) => fate,
        }
    }
}
