//! What happens to a phone that this machine has no model of, and any envelope.

use alloc::{boxed::Box, vec::Vec};

use oxisim_toolkit::{Envelope, Facility, envelope::EventDownload};
use oxisim_wire::Instant;

use crate::{
    Terminal,
    envelope::{CardEvent, Pending},
};

impl Terminal {
    /// Takes an event (TS 102 223 §7.5, TS 31.111 §7.5); the card is told, if its event list asks for it. What the
    /// phone knows itself it tells itself: that it is somewhere else, for example, comes with
    /// [`Self::handle_service`].
    pub fn handle_event(&mut self, event: EventDownload, now: Instant) {
        self.report(CardEvent::Other(Box::new(event)));
        self.settle(now);
    }

    /// Takes something else that the card is to be told, such as the applications of the phone, a report on nearby users
    /// or a container; the card is told, if the profile announces it. An event needs the card's event list too.
    pub fn handle_envelope(&mut self, envelope: Envelope, now: Instant) {
        if let Envelope::EventDownload(event) = envelope {
            return self.handle_event(event, now);
        }
        let announces = |&facility: &Facility| self.config.profile.supports(facility);
        if self.has_card() && Facility::of_envelope(envelope.tag()).iter().any(announces) {
            self.tell(Pending::Envelope(Box::new(envelope)));
        }
        self.settle(now);
    }

    /// Sends the card an ENVELOPE with these octets, 1 to 255, whatever they are and whatever the profile announces;
    /// the card's answer comes as [`Event::EnvelopeAnswered`](crate::Event::EnvelopeAnswered). It waits like any other
    /// envelope: for those before it, for the end of a proactive session, and while the card is busy.
    pub fn send_envelope(&mut self, octets: Vec<u8>, now: Instant) {
        if self.has_card() {
            self.tell(Pending::Octets(octets));
        }
        self.settle(now);
    }
}
