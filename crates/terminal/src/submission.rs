//! Messages on their way out, one at a time.

use alloc::{collections::VecDeque, vec::Vec};

use oxisim_sms::{Address, file::ServiceParameters};
use oxisim_toolkit::control::SmsChanges;
use oxisim_wire::{Reader, Wire};

use crate::number::address;

/// Messages of the phone's own application that may wait.
const LIMIT: usize = 64;

/// Whose message it is, and who gets to know what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The card's: SEND SHORT MESSAGE.
    Card,
    /// The phone's own application's.
    Application,
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    pub(crate) origin: Origin,
    pub(crate) tpdu: Vec<u8>,
    pub(crate) service_centre: Option<Address>,
    pub(crate) clearance: Clearance,
}

/// How a message stands with the card's control.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Clearance {
    /// It has not come to it.
    #[default]
    Unasked,
    /// The card is asked.
    Asked,
    /// The message may go out.
    Given,
}

impl Submission {
    /// A message that the card has not been asked about.
    pub(crate) fn new(origin: Origin, tpdu: Vec<u8>, service_centre: Option<Address>) -> Self {
        Self { origin, tpdu, service_centre, clearance: Clearance::default() }
    }

    /// Gives the message what it lacks, as the card's parameters have it (TS 31.102 §4.2.27): a destination. The service
    /// centre is chosen when the message goes out.
    pub(crate) fn complete(&mut self, parameters: Option<&ServiceParameters>) {
        let is_empty = self.destination().is_some_and(|destination| destination.semi_octets().is_empty());
        let usual = parameters.filter(|_| is_empty).and_then(ServiceParameters::destination);
        if let Some(destination) = usual {
            self.replace_destination(&destination);
        }
    }

    /// TP-Destination-Address, if the message can be read so far.
    pub(crate) fn destination(&self) -> Option<Address> {
        Address::read(&mut Reader::new(self.tpdu.get(self.destination_at()?..)?)).ok()
    }

    /// Does what the card makes of the message (TS 31.111 §7.3.2.3): what the card does not name stays. `false`, and
    /// nothing is done, if that cannot be done.
    #[must_use]
    pub(crate) fn change(&mut self, changes: &SmsChanges) -> bool {
        let service_centre = changes.service_centre.as_ref().map(address).transpose();
        let destination = changes.destination.as_ref().map(address).transpose();
        let (Ok(service_centre), Ok(destination)) = (service_centre, destination) else {
            return false;
        };
        if destination.is_some_and(|destination| !self.replace_destination(&destination)) {
            return false;
        }
        self.service_centre = service_centre.or_else(|| self.service_centre.take());
        true
    }

    /// `false`, and nothing is done, if there is no destination in the message.
    fn replace_destination(&mut self, destination: &Address) -> bool {
        let (Some(start), Some(old)) = (self.destination_at(), self.destination()) else { return false };
        let end = start + old.encode().len();
        let fits = end <= self.tpdu.len();
        if fits {
            self.tpdu.splice(start..end, destination.encode());
        }
        fits
    }

    /// Where TP-Destination-Address begins (TS 23.040 §9.2.2.2, §9.2.2.4): after TP-MR in SMS-SUBMIT, after TP-MN in
    /// SMS-COMMAND.
    fn destination_at(&self) -> Option<usize> {
        match self.tpdu.first()? & 0x03 {
            0x01 => Some(2),
            0x02 => Some(5),
            _ => None,
        }
    }
}

/// The messages that wait, and the one that is being sent.
#[derive(Debug, Default)]
pub(crate) struct Submissions {
    waiting: VecDeque<Submission>,
    sending: Option<Submission>,
    /// The next TP-Message-Reference.
    reference: u8,
}

impl Submissions {
    /// Whether messages wait or are being sent.
    pub(crate) fn is_active(&self) -> bool {
        self.sending.is_some() || !self.waiting.is_empty()
    }

    /// Puts a message at the end; `false` if too many wait.
    #[must_use]
    pub(crate) fn push(&mut self, submission: Submission) -> bool {
        let room = self.waiting.len() < LIMIT || submission.origin == Origin::Card;
        if room {
            self.waiting.push_back(submission);
        }
        room
    }

    /// The next message, if nobody has asked the card about it and none is being sent.
    pub(crate) fn unasked(&mut self) -> Option<&mut Submission> {
        self.next_in(Clearance::Unasked)
    }

    /// The message that the card is asked about.
    pub(crate) fn asked(&mut self) -> Option<&mut Submission> {
        self.next_in(Clearance::Asked)
    }

    fn next_in(&mut self, clearance: Clearance) -> Option<&mut Submission> {
        self.waiting.front_mut().filter(|next| self.sending.is_none() && next.clearance == clearance)
    }

    /// The card will not answer: it has to be asked again.
    pub(crate) fn forget_asked(&mut self) {
        if let Some(submission) = self.asked() {
            submission.clearance = Clearance::Unasked;
        }
    }

    /// Takes out the message that the card does not let go, and says whose it was.
    pub(crate) fn stop(&mut self) -> Option<Origin> {
        self.asked()?;
        self.waiting.pop_front().map(|submission| submission.origin)
    }

    /// Takes the next message, with its TP-Message-Reference set, if it may go out and none is being sent.
    pub(crate) fn next(&mut self) -> Option<Submission> {
        self.next_in(Clearance::Given)?;
        let mut submission = self.waiting.pop_front()?;
        if let Some(reference) = submission.tpdu.get_mut(1) {
            *reference = self.reference;
            self.reference = self.reference.wrapping_add(1);
        }
        self.sending = Some(submission.clone());
        Some(submission)
    }

    /// The next message has the TP-Message-Reference after this one.
    pub(crate) const fn go_on_after(&mut self, reference: u8) {
        self.reference = reference.wrapping_add(1);
    }

    /// The TP-Message-Reference that the next message has.
    pub(crate) const fn next_reference(&self) -> u8 {
        self.reference
    }

    /// Ends the message that is being sent, and says what it was.
    pub(crate) const fn finish(&mut self) -> Option<Submission> {
        self.sending.take()
    }

    /// Forgets what waits, and says how many messages of the application there were.
    pub(crate) fn forget_waiting(&mut self) -> usize {
        self.waiting.drain(..).filter(|waiting| waiting.origin == Origin::Application).count()
    }
}
