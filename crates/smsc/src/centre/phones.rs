//! The phones' side: the relay protocol (TS 24.011) and the TPDUs in it (TS 23.040).

use oxisim_smpp::RegisteredDelivery;
use oxisim_sms::{
    Address, Timestamp,
    rp::{Acknowledgement, Cause, Data, Failure, MobileOriginated, MobileTerminated},
    tpdu::{
        self, Deliver, DeliverReport, FailureCause, Status, StatusReport, Submit, SubmitReport,
        ValidityPeriod,
    },
};
use oxisim_wire::{Instant, Wire};

use super::{Centre, Event, Kept, Output, Reason, Sender};
use crate::{Message, Number, Party, Receipt, Rejection};

impl Centre {
    /// A phone is there.
    pub fn handle_attached(&mut self, number: &Number, now: Instant) {
        self.arrived(&Party::Phone(number.clone()), now);
    }

    /// A phone is gone.
    pub fn handle_detached(&mut self, number: &Number, now: Instant) {
        self.left(&Party::Phone(number.clone()), now);
    }

    /// A phone that is there has sent this.
    pub fn handle_rpdu(&mut self, number: &Number, rpdu: &[u8], now: Instant) {
        match MobileOriginated::decode(rpdu, "RPDU") {
            Ok(MobileOriginated::Data(data)) => self.originated(number, &data, now),
            Ok(MobileOriginated::MemoryAvailable { reference }) => {
                self.answer(number, MobileTerminated::Ack(Acknowledgement { reference, tpdu: None }));
                self.room_again(number, now);
            }
            Ok(MobileOriginated::Ack(ack)) => {
                let report = ack.tpdu.as_deref().map(|tpdu| DeliverReport::decode(tpdu, "TPDU"));
                let answer = report.and_then(Result::ok).and_then(|report| report.parameters.user_data);
                if let Some(id) = self.answered(number, ack.reference) {
                    self.conclude(id, Status::RECEIVED, answer, now);
                }
            }
            Ok(MobileOriginated::Error(failure)) => self.refused(number, &failure, now),
            Err(error) => {
                log::debug!("RPDU of {number}: {error}");
                // The reference is the second octet of every message (TS 24.011 §9.2).
                let reference = rpdu.get(1).copied().unwrap_or_default();
                let cause = match rpdu.first() {
                    Some(0..=6) => Cause::INVALID_MANDATORY_INFORMATION,
                    _ => Cause::UNKNOWN_MESSAGE_TYPE,
                };
                self.answer(number, MobileTerminated::Error(Failure::new(reference, cause, None)));
            }
        }
    }

    /// A phone sends a message.
    fn originated(&mut self, number: &Number, data: &Data, now: Instant) {
        let taken = match tpdu::MobileOriginated::decode(&data.tpdu, "TPDU") {
            Ok(tpdu::MobileOriginated::Submit(submit)) => {
                self.submitted(number, submit, now).map_err(|rejection| {
                    self.event(Event::Rejected { from: number.clone(), rejection: Some(rejection) });
                    match rejection {
                        Rejection::Unassigned => (Cause::UNASSIGNED_NUMBER, FailureCause::INVALID_ADDRESS),
                        Rejection::Full => (Cause::CONGESTION, FailureCause::SERVICE_CENTRE_BUSY),
                    }
                })
            }
            Ok(tpdu::MobileOriginated::Command(_)) => {
                Err((Cause::FACILITY_NOT_IMPLEMENTED, FailureCause::COMMAND_UNSUPPORTED))
            }
            Ok(tpdu::MobileOriginated::DeliverReport(_)) | Err(_) => {
                self.event(Event::Rejected { from: number.clone(), rejection: None });
                Err((Cause::SEMANTICALLY_INCORRECT, FailureCause::TPDU_NOT_SUPPORTED))
            }
        };
        let (reference, timestamp) = (data.reference, Timestamp::from_instant(now, 0));
        let answer = match &taken {
            Ok(_) => MobileTerminated::Ack(Acknowledgement {
                reference,
                tpdu: Some(SubmitReport::acknowledged(timestamp).encode()),
            }),
            Err((cause, failure)) => {
                let report = SubmitReport::refused(*failure, timestamp).encode();
                MobileTerminated::Error(Failure::new(reference, *cause, Some(report)))
            }
        };
        self.answer(number, answer);
        if let Ok((id, to)) = taken {
            self.begin(id, &to, now);
        }
    }

    fn submitted(
        &mut self,
        number: &Number,
        submit: Submit,
        now: Instant,
    ) -> Result<(u64, Party), Rejection> {
        let wanted = if submit.status_report { RegisteredDelivery::FINAL } else { RegisteredDelivery::NONE };
        let expires = submit.validity.and_then(|validity| expiry(validity, now));
        let sender = Sender::Phone { number: number.clone(), reference: submit.reference };
        let message = Message {
            from: number.address().clone(),
            to: submit.destination,
            protocol: submit.protocol,
            user_data: submit.user_data,
        };
        self.accept(message, (sender, wanted), None, expires, now)
    }

    /// A phone has not taken a message.
    fn refused(&mut self, number: &Number, failure: &Failure, now: Instant) {
        let Some(id) = self.answered(number, failure.reference) else { return };
        let report = failure.tpdu.as_deref().map(|tpdu| DeliverReport::decode(tpdu, "TPDU"));
        let report = report.and_then(Result::ok);
        let said = report.as_ref().and_then(|report| report.cause);
        // What the report says is more precise than the cause of the relay protocol.
        let passes = said.map_or(failure.cause.is_temporary(), FailureCause::is_temporary);
        if passes {
            self.failed(id, Reason::Phone(failure.cause, said), now);
        } else {
            let answer = report.and_then(|report| report.parameters.user_data);
            self.conclude(id, Status::CONNECTION_REJECTED, answer, now);
        }
    }

    /// There is room in a phone's memory again.
    fn room_again(&mut self, number: &Number, now: Instant) {
        let party = Party::Phone(number.clone());
        if let Some(queue) = self.queues.get_mut(&party) {
            queue.forget_failures();
        }
        self.alert(&party);
        self.advance(&party, now);
    }

    /// The message that a phone answers.
    fn answered(&self, number: &Number, reference: u8) -> Option<u64> {
        self.queues.get(&Party::Phone(number.clone()))?.of_reference(reference)
    }

    fn answer(&mut self, number: &Number, rpdu: MobileTerminated) {
        self.outputs.push_back(Output::ToPhone { number: number.clone(), rpdu });
    }
}

/// What goes out to a phone.
pub(super) fn output(
    number: &Number,
    centre: &Address,
    reference: u8,
    content: &Kept,
    submitted: Instant,
    more_messages: bool,
) -> Option<Output> {
    let tpdu = match content {
        Kept::Message(message) => {
            let timestamp = Timestamp::from_instant(submitted, 0);
            let user_data = message.user_data.clone();
            let deliver = Deliver::new(message.from.clone(), message.protocol, timestamp, user_data);
            Deliver { more_messages, ..deliver }.encode()
        }
        Kept::Report(report) => StatusReport { more_messages, ..report.clone() }.encode(),
        Kept::Receipt(_) | Kept::Acknowledgement(_) => return None,
    };
    let data = Data { reference, service_centre: Some(centre.clone()), tpdu };
    Some(Output::ToPhone { number: number.clone(), rpdu: MobileTerminated::Data(data) })
}

/// What has become of a phone's message, for it.
pub(super) fn status_report(reference: u8, receipt: &Receipt) -> StatusReport {
    StatusReport {
        more_messages: false,
        loop_prevention: false,
        of_command: false,
        reference,
        recipient: receipt.to.clone(),
        timestamp: Timestamp::from_instant(receipt.submitted, 0),
        discharge: Timestamp::from_instant(receipt.done, 0),
        status: receipt.status,
        parameters: tpdu::Parameters::NONE,
    }
}

/// When a validity period ends; none if it does not say.
fn expiry(validity: ValidityPeriod, now: Instant) -> Option<Instant> {
    match validity {
        ValidityPeriod::Relative(period) => Some(now + period.duration()),
        ValidityPeriod::Absolute(time) => time.instant(),
        ValidityPeriod::Enhanced(validity) => validity.period().duration().map(|period| now + period),
    }
}
