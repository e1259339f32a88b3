//! Messages of the user and of the phone's application, and what the phone remembers on the card for them.

use alloc::vec::Vec;

use oxisim_sms::{
    Address, Alphabet, DataCoding, Error, ProtocolIdentifier,
    concatenation::{Message, Reference},
    file::{RecordStatus, ServiceParameters, SmsStatus, StoredMessage},
    tpdu::{Submit, ValidityPeriod},
};
use oxisim_wire::{Instant, Wire};

use crate::{
    Output, Service, SubmitError, Terminal,
    store::Task,
    submission::{Origin, Submission},
};

impl Terminal {
    /// Sends a message of the phone's own application, whose TP-Message-Reference the phone sets; the result comes
    /// as [`Output::ApplicationSubmitted`], in the order of the calls. It waits until the card has started, which may
    /// want to be asked about it.
    pub fn submit_application(&mut self, tpdu: Vec<u8>, service_centre: Option<Address>, now: Instant) {
        let mut submission = Submission::new(Origin::Application, tpdu, service_centre);
        submission.complete(self.card.identity.message_parameters.as_ref());
        if !self.has_card() || self.service == Service::None || !self.submissions.push(submission) {
            self.output(Output::ApplicationSubmitted(Err(SubmitError::NotSent)));
        }
        self.settle(now);
    }

    /// Takes what became of the message of the last [`Output::Submit`]. A phone that has been switched off since
    /// then must not be told.
    pub fn handle_submit_result(&mut self, result: Result<(), SubmitError>, now: Instant) {
        if let Some(sent) = self.submissions.finish() {
            match sent.origin {
                Origin::Card => self.card_submitted(result),
                Origin::Application => {
                    if result.is_ok() {
                        self.keep_sent(&sent);
                    }
                    self.output(Output::ApplicationSubmitted(result));
                }
            }
        }
        self.settle(now);
    }

    /// Sends a text in as many messages as it takes, and says how many; the results come as those of
    /// [`Self::submit_application`].
    ///
    /// What `EF_SMSP` has is used: the destination if none is given, protocol identifier, message class and alphabet,
    /// validity period (TS 31.102 §4.2.27).
    pub fn send_text(
        &mut self,
        destination: Option<Address>,
        text: &str,
        now: Instant,
    ) -> Result<usize, Error> {
        let parameters = self.card.identity.message_parameters.as_ref();
        let usual = || parameters.and_then(ServiceParameters::destination);
        let destination = destination.or_else(usual).ok_or(Error::AddressEmpty)?;
        let coding = parameters.and_then(ServiceParameters::coding);
        let protocol =
            parameters.and_then(ServiceParameters::protocol).unwrap_or(ProtocolIdentifier::DEFAULT);
        let validity = parameters.and_then(ServiceParameters::validity).map(ValidityPeriod::Relative);
        let reference = Reference::Short(self.submissions.next_reference());
        let parts = compose(text, coding).split(reference)?;
        let count = parts.len();
        for part in parts {
            let submit = Submit { validity, ..Submit::new(destination.clone(), protocol, part) };
            self.submit_application(submit.encode(), None, now);
        }
        Ok(count)
    }

    /// Takes whether the service centre has been told of room, after [`Output::MemoryAvailable`]: if not, it is told
    /// another time.
    pub fn handle_memory_available(&mut self, result: Result<(), SubmitError>, now: Instant) {
        if core::mem::take(&mut self.telling_room) && result.is_ok() {
            self.note_memory_exceeded(false);
        }
        self.settle(now);
    }

    /// Sends the next message that may go out: through the centre that it names, or the card's. Its
    /// TP-Message-Reference is written to the card.
    pub(crate) fn submit_next(&mut self) {
        let Some(Submission { tpdu, service_centre, .. }) = self.submissions.next() else { return };
        let reference = tpdu.get(1).copied();
        if let (Some(status), Some(reference)) = (&mut self.card.identity.message_status, reference) {
            status.reference = reference;
            self.do_in_store(Task::WriteStatus);
        }
        let service_centre = service_centre.or_else(|| self.card.identity.service_centre.clone());
        self.output(Output::Submit { tpdu, service_centre });
    }

    /// Keeps a message that has been sent on the card, if that is where the phone keeps messages.
    pub(crate) fn keep_sent(&mut self, sent: &Submission) {
        if !self.config.keeps_messages_on_card || !self.card.identity.has_message_storage() {
            return;
        }
        let Ok(submit) = Submit::decode(&sent.tpdu, "TPDU") else { return };
        let status =
            if submit.status_report { RecordStatus::SENT_REPORT_REQUESTED } else { RecordStatus::SENT };
        let service_centre = sent.service_centre.as_ref().or(self.card.identity.service_centre.as_ref());
        if let Some(record) = StoredMessage::new(status, service_centre, &sent.tpdu) {
            self.do_in_store(Task::KeepSent(record.into()));
        }
    }

    /// Looks whether the service centre, which waits for room, can be told that there is some.
    pub(crate) fn look_for_room(&mut self) {
        if self.awaits_room() && self.is_ready() {
            self.do_in_store(Task::LookForRoom);
        }
    }

    /// There is room for messages: the service centre is told, if it waits for that.
    pub(crate) fn room_again(&mut self) {
        if self.awaits_room() {
            self.telling_room = true;
            self.output(Output::MemoryAvailable);
        }
    }

    fn awaits_room(&self) -> bool {
        let status = self.card.identity.message_status.as_ref();
        status.is_some_and(SmsStatus::is_memory_exceeded)
            && matches!(self.service, Service::Normal(_))
            && !self.telling_room
    }

    /// Remembers on the card whether the service centre waits for room.
    pub(crate) fn note_memory_exceeded(&mut self, exceeded: bool) {
        if let Some(status) = &mut self.card.identity.message_status
            && status.is_memory_exceeded() != exceeded
        {
            status.set_memory_exceeded(exceeded);
            self.do_in_store(Task::WriteStatus);
        }
    }
}

/// A text in the alphabet and the class that the card has for it, as far as that can be.
fn compose(text: &str, usual: Option<DataCoding>) -> Message {
    let mut message = Message::from_text(text);
    if let Some(usual) = usual {
        if usual.alphabet() == Alphabet::Ucs2 {
            message = Message::in_ucs2(text);
        }
        message.coding = DataCoding::general(message.coding.alphabet(), usual.class());
    }
    message
}
