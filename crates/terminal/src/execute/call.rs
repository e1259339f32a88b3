//! SET UP CALL, SEND SS, SEND USSD, SEND DTMF, and the calls of the phone.

use alloc::{boxed::Box, string::String, vec::Vec};

use oxisim_toolkit::{
    Answer, Problem,
    codes::{GeneralResult, TerminalProblem},
    command::{SendDtmf, SendSs, SendUssd, SetUpCall},
    objects::alpha_text,
};
use oxisim_wire::{Instant, bcd};

use crate::{
    CallId, CallParameters, Event, NetworkEvent, NetworkRequest, Output, Screen, ServiceError, Terminal,
    User,
    attempt::{Attempt, Others, TRANSACTIONS, Wanted},
    config::Service,
    envelope::CardEvent,
    number::called,
    session::{Job, Outcome, Session, Task},
    timer::Timer,
};

/// How a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallState {
    /// Nobody has taken it.
    Waiting,
    /// Both sides speak.
    Connected,
    /// It is put on hold.
    Held,
}

impl Terminal {
    pub(super) fn set_up_call(&mut self, job: &Job, command: SetUpCall) -> Outcome {
        /// Qualifiers from here on take other calls out of the way, and those from there on mean nothing.
        const HOLDS: u8 = 2;
        const UNKNOWN: u8 = 6;
        let qualifier = job.details().qualifier;
        let Some(address) = &command.address else {
            return job.result(GeneralResult::REQUIRED_VALUES_MISSING);
        };
        if qualifier >= UNKNOWN || called(address.ton_npi, &address.digits).is_err() {
            return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD);
        }
        if self.service == Service::None {
            return job.unable(TerminalProblem::NO_SERVICE);
        }
        if qualifier < HOLDS && self.is_in_call() {
            return job.unable(TerminalProblem::BUSY_ON_CALL);
        }
        let text = command.confirmation.as_ref().map(|alpha| alpha_text(&alpha.text)).unwrap_or_default();
        self.show(Screen::Confirm { text });
        self.timers.set(Timer::Prompt, job.started + self.config.user_timeout);
        Outcome::Wait(Task::ConfirmCall(Box::new(command)))
    }

    /// What the user says to a call that the card wants; `None` if that is no answer.
    pub(crate) fn confirm_call(&mut self, job: &Job, command: &SetUpCall, input: &User) -> Option<Outcome> {
        match input {
            User::Yes => Some(self.place_call(job, command)),
            User::No | User::Back | User::HangUp | User::NoResponse => {
                Some(job.result(GeneralResult::USER_DID_NOT_ACCEPT))
            }
            User::EndSession => Some(job.result(GeneralResult::SESSION_TERMINATED_BY_USER)),
            _ => None,
        }
    }

    fn place_call(&mut self, job: &Job, command: &SetUpCall) -> Outcome {
        let address = command.address.as_ref();
        let Some(Ok(number)) = address.map(|address| called(address.ton_npi, &address.digits)) else {
            return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD);
        };
        let others = match job.details().qualifier {
            0 | 1 => Others::None,
            2 | 3 => Others::Held,
            4.. => Others::Ended,
        };
        let parameters = CallParameters {
            capability: command.capabilities.clone(),
            subaddress: command.subaddress.clone(),
            ..CallParameters::default()
        };
        self.note_redial(job, command);
        let wanted = Wanted::Call { number, parameters, others };
        self.attempt(job, Attempt { wanted, alpha: command.call.clone() })
    }

    pub(super) fn send_ss(&mut self, job: &Job, command: SendSs) -> Outcome {
        let Ok(string) = called(command.string.ton_npi, &command.string.digits) else {
            return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD);
        };
        if self.service == Service::None {
            return job.unable(TerminalProblem::NO_SERVICE);
        }
        self.attempt(job, Attempt { wanted: Wanted::Service(string), alpha: command.alpha })
    }

    pub(super) fn send_ussd(&mut self, job: &Job, command: SendUssd) -> Outcome {
        if self.service == Service::None {
            return job.unable(TerminalProblem::NO_SERVICE);
        }
        self.attempt(job, Attempt { wanted: Wanted::Ussd(command.string), alpha: command.alpha })
    }

    pub(super) fn send_dtmf(&mut self, job: &Job, command: &SendDtmf) -> Outcome {
        let semi_octets = bcd::unpack(&command.digits.digits);
        let Some(tones) = semi_octets.iter().copied().map(tone).collect::<Option<String>>() else {
            return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD);
        };
        if self.calls.iter().all(|(_, state)| *state != CallState::Connected) {
            return job.unable(TerminalProblem::NOT_IN_SPEECH_CALL);
        }
        self.show_alpha(command.alpha.as_ref());
        self.output(Output::Network(NetworkRequest::Dtmf(tones)));
        job.done()
    }

    /// What the network says.
    pub(crate) fn network(&mut self, event: NetworkEvent, now: Instant) {
        match event {
            NetworkEvent::Incoming { call, number } => {
                let is_new = self.calls.iter().all(|(other, _)| *other != call);
                if is_new && call.is_incoming && call.transaction < TRANSACTIONS {
                    self.calls.push((call, CallState::Waiting));
                    self.report(CardEvent::MtCall(call, number));
                }
            }
            NetworkEvent::Connected(call) => {
                if self.take_call(call) {
                    self.report(CardEvent::CallConnected { call, by_network: true });
                    self.send_tones(call);
                    self.finish_task(|task| *task == Task::Call(call), |job, _| job.done());
                }
            }
            NetworkEvent::Disconnected { call, cause } => {
                let count = self.calls.len();
                self.calls.retain(|(other, _)| *other != call);
                if self.calls.len() < count {
                    // Without a cause the radio link has failed, which the phone finds.
                    let by_network = cause.is_some();
                    self.report(CardEvent::CallDisconnected { call, by_network, cause });
                    if self.redials(call, cause, now) {
                        return;
                    }
                    self.finish_task(
                        |task| *task == Task::Call(call),
                        |job, _| job.result(Problem::network(cause)),
                    );
                }
            }
            NetworkEvent::Service(result) if self.dialled.service == Some(Task::Service) => {
                self.dialled.service = None;
                self.event(Event::ServiceAnswered(result));
            }
            NetworkEvent::Ussd(result) if self.dialled.service == Some(Task::Ussd) => {
                self.dialled.service = None;
                self.event(Event::UssdAnswered(result));
            }
            NetworkEvent::Service(result) => self.finish_task(
                |task| *task == Task::Service,
                |job, _| match result {
                    Ok(additional) => job.done_saying(additional),
                    Err(ServiceError::Return(error)) => job.result(Problem::Ss(error)),
                    Err(ServiceError::Network { cause }) => job.result(Problem::network(cause)),
                },
            ),
            NetworkEvent::Ussd(result) => self.finish_task(
                |task| *task == Task::Ussd,
                |job, _| match result {
                    Ok(text) => job.done_with(Answer { text: Some(text), ..Answer::default() }),
                    Err(ServiceError::Return(error)) => job.result(Problem::Ussd(error)),
                    Err(ServiceError::Network { cause }) => job.result(Problem::network(cause)),
                },
            ),
            NetworkEvent::UssdRequest(string) => self.ussd_asked(string),
            NetworkEvent::Position(position) => self.located(position),
            NetworkEvent::Multimedia(status) => self.transferred(status),
            NetworkEvent::MultimediaNotification(octets) => self.multimedia_waits(octets),
        }
    }

    /// The user takes the call that came in first and rings; calls that are spoken on are put on hold.
    pub(crate) fn answer_call(&mut self) {
        let ringing = |(call, state): &&(CallId, CallState)| call.is_incoming && *state == CallState::Waiting;
        if let Some(&(call, _)) = self.calls.iter().find(ringing) {
            self.hold_calls();
            self.output(Output::Network(NetworkRequest::Answer(call)));
            self.take_call(call);
            self.report(CardEvent::CallConnected { call, by_network: false });
        }
    }

    /// The user ends the latest call, which may be on its way: the card may still be asked about it, or wait for it.
    pub(crate) fn end_call(&mut self) {
        let latest = self.calls.last().map(|(call, _)| *call);
        let is_of_card = match &self.card.session {
            Session::Executing(_, Task::Control { .. }) => true,
            Session::Executing(_, Task::Call(call)) => Some(*call) == latest,
            _ => latest.is_none(),
        };
        if self.dialled.asked.is_some() && !self.dialled.given_up {
            self.dialled.given_up = true;
        } else if !(is_of_card && self.stop_calling(GeneralResult::USER_CLEARED_DOWN_CALL))
            && let Some(call) = latest
        {
            self.hang_up(call);
        }
    }

    /// Whether the user is in a call, or one is on its way.
    pub(crate) fn is_in_call(&self) -> bool {
        self.config.environment.in_call || !self.calls.is_empty()
    }

    fn take_call(&mut self, call: CallId) -> bool {
        let waiting =
            self.calls.iter_mut().find(|(other, state)| *other == call && *state == CallState::Waiting);
        match waiting {
            Some((_, state)) => {
                *state = CallState::Connected;
                true
            }
            None => false,
        }
    }

    pub(crate) fn end_calls(&mut self) {
        while let Some(&(other, _)) = self.calls.first() {
            self.hang_up(other);
        }
    }

    pub(crate) fn hold_calls(&mut self) {
        let mut held = Vec::new();
        for (call, state) in self.calls.iter_mut().filter(|(_, state)| *state == CallState::Connected) {
            *state = CallState::Held;
            held.push(*call);
        }
        for call in held {
            self.output(Output::Network(NetworkRequest::Hold(call)));
        }
    }

    pub(super) fn hang_up(&mut self, call: CallId) {
        /// Normal call clearing (TS 24.008 §10.5.4.11).
        const NORMAL: u8 = 16;
        self.calls.retain(|(other, _)| *other != call);
        self.output(Output::Network(NetworkRequest::Disconnect(call)));
        self.report(CardEvent::CallDisconnected { call, by_network: false, cause: Some(NORMAL) });
    }
}

/// DTMF control digits separator, the semi-octet between a number and tones (TS 51.011 §10.5.1, table 12).
pub(crate) const SEPARATOR: u8 = 0xC;

/// The tone of a semi-octet (TS 51.011 §10.5.1, table 12); a DTMF control digits separator is a pause.
pub(crate) const fn tone(semi_octet: u8) -> Option<char> {
    match semi_octet {
        digit @ 0..=9 => Some((b'0' + digit) as char),
        0xA => Some('*'),
        0xB => Some('#'),
        SEPARATOR => Some('P'),
        _ => None,
    }
}
