//! What the card is asked before it goes out: call control and MO short message control (TS 31.111 §7.3).

use alloc::{boxed::Box, vec::Vec};

use oxisim_apdu::Status;
use oxisim_sms::Address;
use oxisim_toolkit::{
    Envelope, Facility, Objects, Problem,
    codes::CallControlProblem,
    control::{CallChanges, ControlAnswer, ControlResult, SmsChanges},
    envelope::MoSmsControl,
    objects::{self, AlphaIdentifier, TextString},
};
use oxisim_wire::{Instant, Reader, tlv::Tlv};

use crate::{
    Event, Platform, Screen, Terminal,
    attempt::{Attempt, Wanted},
    envelope::Pending,
    link::Answer,
    number::object,
    session::{Change, Job, Outcome, Session, Task},
    submission::{Clearance, Submission},
    timer::Timer,
};

/// What the phone is about to do, or does instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A call to this number.
    Call(Address),
    /// A supplementary service operation.
    Service(Address),
    /// Unstructured supplementary service data.
    Ussd(TextString),
    /// A short message.
    Message {
        /// The service centre; `None` if neither the message nor the card names one.
        service_centre: Option<Address>,
        /// To whom; `None` if the message cannot be read.
        destination: Option<Address>,
    },
}

/// What the card says to that (TS 31.111 §7.3.1.6, §7.3.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is done as it is.
    Allowed,
    /// It is not done.
    NotAllowed,
    /// This is done in its place.
    Modified(Operation),
    /// The card is busy; it is not done, and may be tried again.
    Busy,
    /// The card refuses the question, or answers what cannot be understood or done; it is not done.
    Failed,
}

/// Who waits for the card's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// A proactive command.
    Command,
    /// The user.
    User,
    /// The next message.
    Message,
}

/// What the card lets be done: the thing itself, and what of it is the card's.
type Ruling<T> = Result<(T, Option<Change>), Decision>;

/// Services that say that a card wants to be asked: of a USIM (TS 31.102 §4.2.8) and of a SIM (TS 51.011 §10.3.7).
mod service {
    use crate::Platform;

    pub(super) const fn call_control(platform: Platform) -> u8 {
        match platform {
            Platform::Uicc => 30,
            Platform::Sim => 28,
        }
    }

    pub(super) const fn message_control(platform: Platform) -> u8 {
        match platform {
            Platform::Uicc => 31,
            Platform::Sim => 37,
        }
    }

    /// The SIM understands a USSD string in call control.
    pub(super) const USSD_STRING: u8 = 41;
}

impl Terminal {
    /// Whether the card is to be asked about this. It is never asked about an emergency call, and a SIM that does not
    /// know USSD strings is not asked about them.
    pub(crate) fn is_controlled(&self, attempt: &Attempt) -> bool {
        let identity = &self.card.identity;
        let can_say = match (&attempt.wanted, identity.platform) {
            (Wanted::Ussd(_), Platform::Sim) => identity.has_service(service::USSD_STRING),
            _ => !attempt.is_emergency(),
        };
        can_say
            && identity.has_service(service::call_control(identity.platform))
            && self.config.profile.supports(Facility::CallControlByNaa)
    }

    fn controls_messages(&self) -> bool {
        let identity = &self.card.identity;
        identity.has_service(service::message_control(identity.platform))
            && self.config.profile.supports(Facility::MoSmsControl)
    }

    /// Asks the card about a call or a service; `false` if the question has no room in a command.
    #[must_use]
    pub(crate) fn ask_about(&mut self, asker: Asker, attempt: &Attempt) -> bool {
        let question = attempt.question(self.service.location().cloned());
        self.ask_card(asker, question.into())
    }

    /// Asks the card before anything that waits to be told. One question of each asker is under way at most, so that
    /// an answer is never taken for that to another.
    #[must_use]
    fn ask_card(&mut self, asker: Asker, envelope: Envelope) -> bool {
        let pending = Pending::Control { asker, envelope: Box::new(envelope) };
        let fits = pending.fits();
        if fits {
            self.card.envelopes.put_first(pending);
        }
        fits
    }

    /// The card has answered.
    pub(crate) fn controlled(&mut self, asker: Asker, answer: &Answer, now: Instant) {
        match asker {
            Asker::Command => match core::mem::take(&mut self.card.session) {
                Session::Executing(mut job, Task::Control { attempt, ended }) => {
                    let outcome = match (self.rule(*attempt, answer, now), ended) {
                        (_, Some(result)) => job.result(result),
                        (Ok((attempt, change)), None) => {
                            job.change = change;
                            self.carry_out(&job, attempt)
                        }
                        (Err(decision), None) => stopped(&job, &decision),
                    };
                    self.conclude(job, outcome);
                }
                session => self.card.session = session,
            },
            Asker::User => {
                let given_up = core::mem::take(&mut self.dialled.given_up);
                if let Some(attempt) = self.dialled.asked.take()
                    && let Ok((attempt, _)) = self.rule(*attempt, answer, now)
                    && !given_up
                {
                    self.place(attempt, now);
                }
            }
            Asker::Message => self.message_controlled(answer, now),
        }
    }

    /// What the card makes of an attempt, which is told.
    fn rule(&mut self, attempt: Attempt, answer: &Answer, now: Instant) -> Ruling<Attempt> {
        let asked = attempt.operation();
        let (ruling, alpha) = match read::<CallChanges>(answer, self.card.identity.platform) {
            Ok(ControlAnswer { result: ControlResult::NOT_ALLOWED, changes, .. }) => {
                (Err(Decision::NotAllowed), changes.alpha)
            }
            Ok(ControlAnswer { result: ControlResult::ALLOWED, changes, .. }) => {
                let alpha = changes.alpha.or_else(|| attempt.alpha.clone());
                (Ok((Attempt { alpha, ..attempt }, None)), None)
            }
            Ok(ControlAnswer { changes, .. }) => {
                let kind = core::mem::discriminant(&attempt.wanted);
                let changed = attempt.changed(changes).map(|attempt| {
                    let is_another = core::mem::discriminant(&attempt.wanted) != kind;
                    let change = if is_another { Change::Type(objects_of(answer)) } else { Change::Data };
                    (attempt, Some(change))
                });
                (changed.ok_or(Decision::Failed), None)
            }
            Err(decision) => (Err(decision), None),
        };
        self.show_aside(alpha.as_ref(), now);
        self.decided(asked, &ruling, Attempt::operation);
        ruling
    }

    fn decided<T>(&mut self, asked: Operation, ruling: &Ruling<T>, operation: impl Fn(&T) -> Operation) {
        let decision = match ruling {
            Ok((_, None)) => Decision::Allowed,
            Ok((changed, Some(_))) => Decision::Modified(operation(changed)),
            Err(decision) => decision.clone(),
        };
        self.event(Event::Controlled { asked, decision });
    }

    /// Shows the card's words for a while, if the screen is not in use.
    pub(crate) fn show_aside(&mut self, alpha: Option<&AlphaIdentifier>, now: Instant) {
        if alpha.is_some() && self.card.session.is_ended() && !self.screen.is_busy() {
            self.show_alpha(alpha);
            if matches!(self.screen, Screen::Notice { .. }) {
                self.timers.set(Timer::Notice, now + self.config.text_delay);
            }
        }
    }

    /// Asks the card about the next message, if it controls messages. Messages wait until the card has started.
    pub(crate) fn ask_about_message(&mut self) {
        while let Some(question) = self.next_message() {
            if self.ask_card(Asker::Message, question.into()) {
                return;
            }
            self.message_stopped(&Decision::Failed);
        }
    }

    /// The question about the next message, if nobody has asked it and the card is to be asked.
    fn next_message(&mut self) -> Option<MoSmsControl> {
        let controls = self.controls_messages();
        let known = self.card.identity.service_centre.clone();
        let location = self.service.location().cloned();
        let submission = self.submissions.unasked()?;
        if !controls {
            submission.clearance = Clearance::Given;
            return None;
        }
        submission.clearance = Clearance::Asked;
        let destination = submission.destination().as_ref().map(object);
        let service_centre = submission.service_centre.as_ref().or(known.as_ref()).map(object);
        // Without a service centre of any kind, one without digits.
        let service_centre =
            service_centre.unwrap_or(objects::Address { ton_npi: UNKNOWN, digits: Vec::new() });
        Some(MoSmsControl::new(service_centre, destination, location))
    }

    fn message_controlled(&mut self, answer: &Answer, now: Instant) {
        let Some(submission) = self.submissions.asked() else { return };
        let (platform, known) = (self.card.identity.platform, self.card.identity.service_centre.clone());
        let operation = |submission: &Submission| Operation::Message {
            service_centre: submission.service_centre.clone().or_else(|| known.clone()),
            destination: submission.destination(),
        };
        let asked = operation(submission);
        let origin = submission.origin;
        let mut alpha = None;
        let ruling = read::<SmsChanges>(answer, platform).and_then(|read| {
            alpha.clone_from(&read.changes.alpha);
            match read.result {
                ControlResult::NOT_ALLOWED => Err(Decision::NotAllowed),
                ControlResult::ALLOWED => Ok(((), None)),
                _ if submission.change(&read.changes) => Ok(((), Some(Change::Data))),
                _ => Err(Decision::Failed),
            }
        });
        let done = operation(submission);
        match &ruling {
            Ok(((), change)) => {
                submission.clearance = Clearance::Given;
                self.card_message_changed(origin, change.clone());
            }
            Err(decision) => self.message_stopped(decision),
        }
        self.decided(asked, &ruling, |()| done.clone());
        self.show_aside(alpha.as_ref(), now);
    }
}

/// The card's answer, if it is one.
fn read<T: Objects + Default>(answer: &Answer, platform: Platform) -> Result<ControlAnswer<T>, Decision> {
    // What the card has still to say would be said by now.
    let is_whole = !matches!(answer.verdict.sw1(), 0x61 | 0x9F);
    match answer.verdict {
        Status::TOOLKIT_BUSY => Err(Decision::Busy),
        _ if is_whole && answer.is_normal(platform) => ControlAnswer::decode(&answer.data)
            .ok()
            .filter(|answer| ControlResult::ALL.contains(&answer.result))
            .ok_or(Decision::Failed),
        _ => Err(Decision::Failed),
    }
}

/// The objects of the card's answer, as they came.
fn objects_of(answer: &Answer) -> Vec<u8> {
    let object = Tlv::read(&mut Reader::new(&answer.data), "call control result");
    object.map(|mut object| object.value.rest().to_vec()).unwrap_or_default()
}

/// The response to a command whose request the card does not let go out (TS 102 223 §8.12.8).
pub(crate) fn stopped(job: &Job, decision: &Decision) -> Outcome {
    job.result(match decision {
        Decision::NotAllowed => Problem::CallControl(CallControlProblem::ACTION_NOT_ALLOWED),
        Decision::Busy => Problem::CallControlForNow(CallControlProblem::NO_SPECIFIC_CAUSE),
        _ => Problem::CallControl(CallControlProblem::NO_SPECIFIC_CAUSE),
    })
}

/// Type of number and numbering plan of nothing that is known.
const UNKNOWN: u8 = 0x80;
