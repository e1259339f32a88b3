//! Messages that the network delivers.

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};

use oxisim_apdu::Status;
use oxisim_sms::{
    Address, Class, ProtocolIdentifier,
    file::{RecordStatus, StoredMessage},
    tpdu::{self, Deliver, DeliverReport, FailureCause, MobileTerminated, StatusReport},
};
use oxisim_wire::Wire;

use crate::{
    Event, Output, Terminal,
    envelope::{Download, Pending},
    link::Answer,
    store::{self, End},
};

/// Messages that may wait for the one that is with the card.
const LIMIT: usize = 8;

/// A message as the network delivered it.
#[derive(Debug)]
struct Delivery {
    tpdu: Vec<u8>,
    service_centre: Option<Address>,
}

/// What is received: one message after another, since the service centre's answers come in that order.
#[derive(Debug, Default)]
pub(crate) struct Reception {
    waiting: VecDeque<Delivery>,
    state: ReceptionState,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum ReceptionState {
    /// The next message can be looked at.
    #[default]
    Free,
    /// A message is for the card, which has not answered.
    WithCard,
    /// A message is being put into the card's memory.
    Stored,
}

impl Terminal {
    /// Takes a message in; it is answered at once unless the card is to answer it, or messages wait.
    pub(crate) fn receive(&mut self, tpdu: &[u8], service_centre: Option<&Address>) {
        if self.reception.waiting.len() == LIMIT {
            self.event(Event::DeliveryLost);
            return;
        }
        let delivery = Delivery { tpdu: tpdu.to_vec(), service_centre: service_centre.cloned() };
        self.reception.waiting.push_back(delivery);
        self.sort();
    }

    /// Gives the messages that wait to whom they are for, until one is with the card.
    fn sort(&mut self) {
        while self.reception.state == ReceptionState::Free {
            let Some(delivery) = self.reception.waiting.pop_front() else {
                return;
            };
            if let Some(report) = self.route(delivery) {
                self.output(Output::DeliverReport(report));
            }
        }
    }

    /// Gives a message to whom it is for; the report, unless the card answers.
    fn route(&mut self, delivery: Delivery) -> Option<DeliverReport> {
        let message = match MobileTerminated::decode(&delivery.tpdu, "TPDU") {
            Ok(MobileTerminated::Deliver(message)) if delivery.tpdu.len() <= tpdu::LIMIT => message,
            Ok(MobileTerminated::StatusReport(report)) => {
                self.keep_report(&report, &delivery.tpdu);
                self.event(Event::StatusReport(Box::new(report)));
                return Some(DeliverReport::acknowledged());
            }
            _ => return Some(DeliverReport::refused(FailureCause::TPDU_NOT_SUPPORTED)),
        };
        if message.protocol == ProtocolIdentifier::SIM_DATA_DOWNLOAD
            && message.user_data.coding().class() == Some(Class::Sim)
        {
            let download = Download {
                has_header: !message.user_data.header().is_empty(),
                protocol: message.protocol,
                coding: message.user_data.coding(),
                tpdu: delivery.tpdu,
                service_centre: delivery.service_centre,
            };
            if !self.card.envelopes.push(Pending::Message(download)) {
                return Some(DeliverReport::refused(FailureCause::TOOLKIT_BUSY));
            }
            self.reception.state = ReceptionState::WithCard;
            return None;
        }
        // TS 23.040 §9.2.3.9: it is acknowledged, and nothing else.
        if message.protocol == ProtocolIdentifier::SHORT_MESSAGE_TYPE_0 {
            return Some(DeliverReport::acknowledged());
        }
        if self.is_kept_on_card(&message) {
            return self.keep(message, &delivery);
        }
        if let Some(port) = message.user_data.ports().map(|ports| ports.destination) {
            self.output(Output::Application { port, message: Box::new(message) });
        } else {
            self.show_message(Box::new(message));
        }
        Some(DeliverReport::acknowledged())
    }

    fn show_message(&mut self, message: Box<Deliver>) {
        let text = message.user_data.text();
        self.event(Event::TextMessage { message, text });
    }

    /// Whether a message goes to the card's memory (TS 23.038 §4): one of class 2 does; one of class 1 or of none if the
    /// phone has no memory of its own, and the message is to be stored at all.
    fn is_kept_on_card(&self, message: &Deliver) -> bool {
        let coding = message.user_data.coding();
        match coding.class() {
            Some(Class::Sim) => true,
            Some(Class::MobileEquipment) | None => {
                self.config.keeps_messages_on_card
                    && self.card.identity.has_message_storage()
                    && message.user_data.ports().is_none()
                    && coding.waiting().is_none_or(|waiting| waiting.store)
            }
            Some(Class::Immediate | Class::TerminalEquipment) => false,
        }
    }

    /// Puts a message into the card's memory, or refuses it at once.
    fn keep(&mut self, message: Deliver, delivery: &Delivery) -> Option<DeliverReport> {
        // Before the start-up is over nobody knows.
        if self.is_ready() && !self.card.identity.has_message_storage() {
            return Some(DeliverReport::refused(FailureCause::NO_SIM_STORAGE));
        }
        let record =
            StoredMessage::new(RecordStatus::TO_BE_READ, delivery.service_centre.as_ref(), &delivery.tpdu);
        let task =
            record.map(|record| store::Task::Receive { message: message.into(), record: record.into() });
        if !task.is_some_and(|task| self.card.store.push(task)) {
            return Some(DeliverReport::refused(FailureCause::MOBILE_STATION_ERROR));
        }
        self.reception.state = ReceptionState::Stored;
        None
    }

    /// The message stands in the card's memory, or has found no room there.
    pub(crate) fn kept(&mut self, message: Box<Deliver>, end: &End) {
        let is_for_card = message.user_data.coding().class() == Some(Class::Sim);
        let report = match end {
            &End::Done(record) => {
                self.event(Event::MessageStored { record });
                self.show_message(message);
                DeliverReport::acknowledged()
            }
            End::NoRecord => {
                self.event(Event::MemoryExceeded);
                self.note_memory_exceeded(true);
                DeliverReport::refused(if is_for_card {
                    FailureCause::SIM_STORAGE_FULL
                } else {
                    FailureCause::MEMORY_CAPACITY_EXCEEDED
                })
            }
            _ => {
                self.event(Event::StoreFailed);
                DeliverReport::refused(FailureCause::MOBILE_STATION_ERROR)
            }
        };
        self.finish_delivery(report);
    }

    /// Puts a status report beside the message that it is about, if that stands in the card's memory.
    fn keep_report(&mut self, report: &StatusReport, tpdu: &[u8]) {
        if self.config.keeps_messages_on_card && self.card.identity.has_message_storage() {
            let (report, tpdu) = (report.clone().into(), tpdu.to_vec());
            self.do_in_store(store::Task::Report { report, tpdu });
        }
    }

    /// The card has answered a message for it (TS 31.111 §7.1.1.1). What a SIM answers to one that it has refused
    /// comes after `9EXX` (TS 51.011 §9.4.1).
    pub(crate) fn downloaded(&mut self, download: &Download, answer: &Answer) {
        let cause = match answer.verdict {
            _ if answer.is_normal(self.card.identity.platform) => None,
            Status::TOOLKIT_BUSY => Some(FailureCause::TOOLKIT_BUSY),
            _ => Some(FailureCause::DATA_DOWNLOAD_ERROR),
        };
        self.finish_delivery(report(download, cause, &answer.data));
    }

    /// The card will not answer any more: the service centre is to try again.
    pub(crate) fn abandon_download(&mut self) {
        match self.reception.state {
            ReceptionState::Free => {}
            ReceptionState::WithCard => {
                self.finish_delivery(DeliverReport::refused(FailureCause::TOOLKIT_BUSY));
            }
            ReceptionState::Stored => {
                self.finish_delivery(DeliverReport::refused(FailureCause::MOBILE_STATION_ERROR));
            }
        }
    }

    /// No card will answer: the service centre is to try again with each message for it.
    pub(crate) fn refuse_deliveries(&mut self) {
        while self.reception.state != ReceptionState::Free {
            self.abandon_download();
        }
    }

    /// Forgets all messages: the phone is off.
    pub(crate) fn forget_deliveries(&mut self) {
        self.reception = Reception::default();
    }

    fn finish_delivery(&mut self, report: DeliverReport) {
        self.output(Output::DeliverReport(report));
        self.reception.state = ReceptionState::Free;
        self.sort();
    }
}

/// The report with the card's answer as user data, under the message's own protocol identifier and coding; if the
/// message had a user data header, so has the answer, if it can be read as one.
fn report(download: &Download, cause: Option<FailureCause>, answer: &[u8]) -> DeliverReport {
    let plain = DeliverReport { cause, ..DeliverReport::acknowledged() };
    if answer.is_empty() {
        return plain;
    }
    let count = if download.coding.counts_septets() { answer.len() * 8 / 7 } else { answer.len() };
    let Ok(count) = u8::try_from(count) else {
        return plain;
    };
    let read = |header: u8| {
        let mut octets = Vec::from([header]);
        octets.extend(cause.map(|cause| cause.0));
        octets.extend_from_slice(&[0x07, download.protocol.0, download.coding.0, count]);
        octets.extend_from_slice(answer);
        DeliverReport::decode(&octets, "report").ok()
    };
    let has_header = |report: &DeliverReport| {
        report.parameters.user_data.as_ref().is_some_and(|user_data| !user_data.header().is_empty())
    };
    let with_header = download.has_header.then(|| read(0x40)).flatten().filter(has_header);
    with_header.or_else(|| read(0x00)).unwrap_or(plain)
}
