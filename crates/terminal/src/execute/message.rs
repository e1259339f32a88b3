//! SEND SHORT MESSAGE.

use alloc::vec::Vec;

use oxisim_sms::{DataCoding, UserData, tpdu};
use oxisim_toolkit::{
    Problem,
    codes::{GeneralResult, TerminalProblem},
    command::SendShortMessage,
};
use oxisim_wire::Wire;

use crate::{
    Decision, Output, SubmitError, Terminal,
    config::Service,
    control::stopped,
    number::address,
    session::{Change, Job, Outcome, Session, Task},
    submission::{Origin, Submission},
};

impl Terminal {
    pub(super) fn send_short_message(&mut self, job: &Job, command: SendShortMessage) -> Outcome {
        let service_centre = command.service_centre.as_ref().map(address).transpose();
        let tpdu = Some(command.tpdu.tpdu)
            .filter(|tpdu| (2..=tpdu::LIMIT).contains(&tpdu.len()))
            .and_then(|tpdu| if job.qualifier(1) { packed(&tpdu) } else { Some(tpdu) });
        let (Some(tpdu), Ok(service_centre)) = (tpdu, service_centre) else {
            return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD);
        };
        self.show_alpha(command.alpha.as_ref());
        let mut submission = Submission::new(Origin::Card, tpdu, service_centre);
        submission.complete(self.card.identity.message_parameters.as_ref());
        if self.service == Service::None || !self.submissions.push(submission) {
            return job.unable(TerminalProblem::NO_SERVICE);
        }
        Outcome::Wait(Task::Message)
    }

    /// The card does not let the next message go out.
    pub(crate) fn message_stopped(&mut self, decision: &Decision) {
        match self.submissions.stop() {
            Some(Origin::Card) => {
                self.finish_task(|task| *task == Task::Message, |job, _| stopped(job, decision));
            }
            Some(Origin::Application) => {
                let error = match decision {
                    Decision::Busy => SubmitError::NotSent,
                    _ => SubmitError::NotAllowed,
                };
                self.output(Output::ApplicationSubmitted(Err(error)));
            }
            None => {}
        }
    }

    /// The card lets its own message go out, changed or not.
    pub(crate) fn card_message_changed(&mut self, origin: Origin, change: Option<Change>) {
        if let (Origin::Card, Session::Executing(job, Task::Message)) = (origin, &mut self.card.session) {
            job.change = change;
        }
    }

    /// The card's message has been sent, or not.
    pub(crate) fn card_submitted(&mut self, result: Result<(), SubmitError>) {
        self.finish_task(
            |task| *task == Task::Message,
            |job, _| match result {
                Ok(()) => job.done(),
                Err(error) => failed(job, error),
            },
        );
    }
}

/// The response to a message that was not sent (TS 31.111 §8.12): "network currently unable" with the cause of TS
/// 24.008 and bit 8 set, or 00 without one; "SMS RP-ERROR" with the cause of TS 24.011.
fn failed(job: &Job, error: SubmitError) -> Outcome {
    match error {
        SubmitError::NotAllowed => stopped(job, &Decision::NotAllowed),
        SubmitError::NotSent => job.unable(TerminalProblem::NO_SERVICE),
        SubmitError::Network { cause } => job.result(Problem::network(cause)),
        SubmitError::Relay { cause } => job.result(Problem::Sms(cause)),
    }
}

/// The SMS-SUBMIT with its 8-bit text packed to septets, as "packing by the terminal required" asks (TS 31.111
/// §6.4.10); `None` if there is no such message.
fn packed(tpdu: &[u8]) -> Option<Vec<u8>> {
    /// The bits of TP-Data-Coding-Scheme that name the alphabet.
    const ALPHABET: u8 = 0x0C;
    let mut submit = tpdu::Submit::decode(tpdu, "TPDU").ok()?;
    let (coding, header, payload) = submit.user_data.into_parts();
    submit.user_data = UserData::new(DataCoding(coding.0 & !ALPHABET), header, payload).ok()?;
    Some(submit.encode())
}
