//! The session between an ESME and an SMS centre, for both sides, without a socket (SMPP 5.0 §2).

mod input;
mod pace;
mod receive;

use std::collections::{BTreeMap, VecDeque};

use oxisim_wire::{Duration, Instant};

use self::{input::Input, pace::Pace};
use crate::{
    Alert, Ancillary, Bind, Body, CommandId, CommandStatus, Error, Message, Operation, Queried, Role, Version,
};

/// What both sides of a session can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The newest version of the protocol that is spoken.
    pub version: Version,
    /// Messages that may be sent before the first one is answered.
    pub window: usize,
    /// Messages from the other side that may wait for their taker; those beyond are refused for now.
    pub incoming: usize,
    /// Octets of the longest PDU that is read.
    pub pdu_limit: usize,
    /// How long a bind may take, and how long a connection may stay without one.
    pub bind_timeout: Duration,
    /// How long the other side may take to answer.
    pub response_timeout: Duration,
    /// After so long without a word from the other side it is asked whether it is there.
    pub enquire_after: Duration,
    /// The first pause if the other side says that it has had too much; the next ones are longer.
    pub throttle_pause: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: Version::V5_0,
            window: 10,
            incoming: 100,
            pdu_limit: 70_000,
            bind_timeout: Duration::from_secs(10),
            response_timeout: Duration::from_secs(30),
            enquire_after: Duration::from_secs(30),
            throttle_pause: Duration::from_secs(1),
        }
    }
}

/// The caller's name for a message that it sends: [`Event::Answered`] has it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Something that has come and waits for [`Session::accept`], [`Session::answer`] or [`Session::refuse`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(u64);

/// Why a message that has come is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not now: it is to be sent again.
    Temporary,
    /// Not at any time.
    Permanent,
    /// For a reason of the standard.
    Status(CommandStatus),
}

/// What has become of a message that was sent: the id that the other side has given it, if it has ids.
pub type Answer = Result<Option<String>, Failure>;

/// Why a message has not been taken, or may not have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The other side has refused it.
    #[error("refused: {0:?}")]
    Refused(CommandStatus),
    /// There was no answer in time; it may have been taken.
    #[error("no answer in time")]
    TimedOut,
    /// The session has ended before the answer; it may have been taken.
    #[error("the session ended before the answer")]
    Lost,
    /// It is not a message that can be sent.
    #[error(transparent)]
    Unsendable(#[from] Error),
}

/// Why a session has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// One side has ended it in order.
    #[error("unbound")]
    Unbound,
    /// The connection is gone.
    #[error("the connection was dropped")]
    Dropped,
    /// The bind was refused.
    #[error("the bind was refused: {0:?}")]
    BindRefused(CommandStatus),
    /// The other side did not bind, or did not answer, in time.
    #[error("the other side does not answer")]
    Silent,
    /// The other side sent a length that no PDU has.
    #[error("the other side sent what is no PDU")]
    OutOfStep,
}

/// What happens in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An ESME wants to bind: [`Session::accept_bind`] or [`Session::refuse_bind`].
    BindRequested(Bind),
    /// The session is bound: who the SMS centre says it is, and the version that both sides speak.
    Bound(String, Version),
    /// A message has come.
    Message(Token, Box<Message>),
    /// What has become of a message that was sent.
    Answered(Ticket, Answer),
    /// An ESME wants something of a message that it has sent before: [`Session::answer`], or [`Session::refuse`].
    Asked(Token, Box<Ancillary>),
    /// A phone can be reached again.
    Alert(Alert),
    /// How busy the other side is, from 0 to 100 (SMPP 5.0 §4.8.4.18).
    Congestion(u8),
}

/// Why a message is not sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The session is not bound, its window is full, or it pauses: see [`Session::ready_at`].
    #[error("not now")]
    NotNow,
    /// It is not a message that can be sent.
    #[error(transparent)]
    Message(#[from] Error),
}

/// One session: a machine to which octets and times are arguments.
///
/// After each call of a method that changes it, [`Session::poll_output`] and [`Session::poll_event`] are called until they have nothing more, and
/// [`Session::poll_timeout`] says when [`Session::handle_timeout`] is due.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    side: Side,
    state: State,
    version: Version,
    input: Input,
    /// Octets for the other side.
    octets: Vec<u8>,
    events: VecDeque<Event>,
    ended: Option<Reason>,
    sequence: u32,
    /// Requests of this side that are not answered, by sequence number.
    requests: BTreeMap<u32, Request>,
    /// Messages of the other side that are not answered.
    incoming: BTreeMap<Token, Incoming>,
    tokens: u64,
    /// When the other side was heard last.
    heard: Instant,
    pace: Pace,
    /// How busy this side is.
    congestion: Option<u8>,
    /// No more messages; unbind when all are answered, or then.
    leaving: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Esme,
    Centre,
}

/// Where a session is (SMPP 5.0 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nobody has asked to bind; the session ends if nobody does until then.
    Open { until: Instant },
    /// The bind is not answered.
    Binding { role: Role, sequence: u32 },
    /// Messages pass.
    Bound { role: Role },
    /// Unbind is not answered.
    Unbinding,
    /// Nothing passes.
    Closed,
}

/// A request that is not answered.
#[derive(Debug)]
struct Request {
    /// When it has waited too long.
    until: Instant,
    what: Asked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Bind(Role),
    Message(Ticket, Operation),
    EnquireLink,
    Unbind,
}

#[derive(Clone, Copy, Debug)]
struct Incoming {
    sequence: u32,
    /// The response that it is owed.
    owed: Owed,
}

#[derive(Clone, Copy, Debug)]
enum Owed {
    /// A message's.
    Message(Operation),
    /// That of cancel_sm, query_sm or replace_sm.
    Ancillary(CommandId),
}

/// When the session wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timer {
    /// Nobody has asked to bind.
    Bind,
    /// A request is not answered.
    Response(u32),
    /// The other side has not been heard for long.
    Enquire,
    /// What is not answered has had its time: unbind.
    Leave,
}

/// Octets that may wait for the other side to read before nothing more is read from it.
const OCTETS_LIMIT: usize = 256 * 1024;
/// The last sequence number (SMPP 5.0 §4.7.24).
const LAST_SEQUENCE: u32 = 0x7FFF_FFFF;
/// From here on the other side is nearing congestion (SMPP 5.0 §4.8.4.18).
const NEARLY_CONGESTED: u8 = 90;
/// The other side is congested (SMPP 5.0 §4.8.4.18).
const CONGESTED: u8 = 100;

impl Session {
    /// The ESME's side of a connection that has just been made. It asks to bind, in the newest version of its
    /// settings.
    pub fn esme(settings: Settings, bind: Bind, now: Instant) -> Result<Self, Error> {
        let mut session = Self::new(settings, Side::Esme, now);
        let until = now + session.settings.bind_timeout;
        let role = bind.role;
        let bind = Bind { version: session.settings.version, ..bind };
        let sequence = session.request(&Body::Bind(bind), Asked::Bind(role), until)?;
        session.state = State::Binding { role, sequence };
        Ok(session)
    }

    /// The SMS centre's side of a connection that has just been made. It waits for a bind.
    #[must_use]
    pub fn centre(settings: Settings, now: Instant) -> Self {
        Self::new(settings, Side::Centre, now)
    }

    fn new(settings: Settings, side: Side, now: Instant) -> Self {
        Self {
            state: State::Open { until: now + settings.bind_timeout },
            version: settings.version,
            pace: Pace::new(settings.throttle_pause),
            settings,
            side,
            input: Input::default(),
            octets: Vec::new(),
            events: VecDeque::new(),
            ended: None,
            sequence: 0,
            requests: BTreeMap::new(),
            incoming: BTreeMap::new(),
            tokens: 0,
            heard: now,
            congestion: None,
            leaving: None,
        }
    }

    /// Octets for the other side. A host takes them when it has written those before, so that what waits is counted here.
    /// There may be more after every call that changes the session.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<Vec<u8>> {
        (!self.octets.is_empty()).then(|| std::mem::take(&mut self.octets))
    }

    /// What has happened. There may be more after every call that changes the session.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Why the session has ended, if it has: the connection is to be closed once the octets are written.
    #[must_use]
    pub const fn ended(&self) -> Option<Reason> {
        self.ended
    }

    /// When [`Session::handle_timeout`] is due. Its answer changes with every call that changes the session.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.next_timer().map(|(at, _)| at)
    }

    /// Whether octets of the other side are to be read now: not if it does not read what it has asked for.
    #[must_use]
    pub fn wants_octets(&self) -> bool {
        self.octets.len() < OCTETS_LIMIT && self.state != State::Closed
    }

    /// When a message may be sent; `None` before the other side has answered something.
    #[must_use]
    pub fn ready_at(&self) -> Option<Instant> {
        let State::Bound { role } = self.state else { return None };
        let sends = match self.side {
            Side::Esme => role.sends(),
            Side::Centre => role.receives(),
        };
        let room = self.messages() < self.settings.window && self.octets.len() < OCTETS_LIMIT;
        (sends && room && self.leaving.is_none()).then(|| self.pace.ready_at())
    }

    /// Whether messages can pass.
    #[must_use]
    pub const fn is_bound(&self) -> bool {
        matches!(self.state, State::Bound { .. })
    }

    /// The version that both sides speak.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Sends a message; [`Event::Answered`] tells what has become of it.
    pub fn submit(&mut self, ticket: Ticket, message: &Message, now: Instant) -> Result<(), SubmitError> {
        if self.ready_at().is_none_or(|at| at > now) {
            return Err(SubmitError::NotNow);
        }
        let mut message = message.clone();
        if !self.version.has_tlvs() {
            if message.has_payload() {
                return Err(Error::NoTlvs.into());
            }
            message.tlvs = crate::Tlvs::default();
        }
        // Before 5.0 submit_sm cannot ask for an alert: an SMS centre may refuse a parameter that has no place there.
        if self.version < Version::V5_0 && message.operation == Operation::Submit {
            message.tlvs.take(crate::Tag::SET_DPF);
        }
        let until = now + self.settings.response_timeout;
        let asked = Asked::Message(ticket, message.operation);
        self.request(&Body::Message(Box::new(message)), asked, until)?;
        Ok(())
    }

    /// A message that has come is taken, for good. An SMS centre gives it an id.
    pub fn accept(&mut self, token: Token, id: Option<&str>, now: Instant) {
        let Some(Incoming { sequence, owed }) = self.incoming.remove(&token) else { return };
        let Owed::Message(operation) = owed else {
            return self.answer_error(owed, CommandStatus::SYSERR, sequence);
        };
        let id = id.filter(|_| operation != Operation::Deliver).map(Into::into);
        let resp = Body::MessageResp(operation, id, self.response_parameters());
        if self.respond(&resp, CommandStatus::OK, sequence).is_err() {
            self.answer_error(owed, CommandStatus::SYSERR, sequence);
        }
        self.leave_if_idle(now);
    }

    /// What an ESME has asked for is done; of query_sm, what has become of the message.
    pub fn answer(&mut self, token: Token, queried: Option<Queried>, now: Instant) {
        let Some(Incoming { sequence, owed }) = self.incoming.remove(&token) else { return };
        let resp = match owed {
            Owed::Ancillary(CommandId::QUERY_SM) if queried.is_some() => Ok(Body::Queried(queried)),
            Owed::Ancillary(id @ (CommandId::CANCEL_SM | CommandId::REPLACE_SM)) => {
                Ok(Body::Other(id.response()))
            }
            owed => Err(owed),
        };
        match resp {
            Ok(resp) if self.respond(&resp, CommandStatus::OK, sequence).is_ok() => {}
            _ => self.answer_error(owed, CommandStatus::SYSERR, sequence),
        }
        self.leave_if_idle(now);
    }

    /// A message that has come is not taken; what an ESME has asked for is not done.
    pub fn refuse(&mut self, token: Token, refusal: Refusal, now: Instant) {
        let Some(Incoming { sequence, owed }) = self.incoming.remove(&token) else { return };
        let status = match (refusal, self.side) {
            (Refusal::Status(status), _) => status,
            (Refusal::Temporary, Side::Esme) => CommandStatus::X_T_APPN,
            (Refusal::Temporary, Side::Centre) => CommandStatus::MSGQFUL,
            (Refusal::Permanent, Side::Esme) => CommandStatus::X_R_APPN,
            (Refusal::Permanent, Side::Centre) => CommandStatus::SUBMITFAIL,
        };
        self.answer_error(owed, status, sequence);
        self.leave_if_idle(now);
    }

    /// The ESME that has asked may bind; `system_id` is the SMS centre's name.
    pub fn accept_bind(&mut self, system_id: &str) {
        let (Side::Centre, State::Binding { role, sequence }) = (self.side, self.state) else { return };
        let mut tlvs = crate::Tlvs::default();
        if self.version.has_tlvs() {
            tlvs = crate::pdu::version_parameter(self.settings.version);
        }
        let system_id: String = system_id.chars().filter(char::is_ascii_graphic).take(15).collect();
        self.state = State::Bound { role };
        let _ = self.respond(&Body::BindResp(role, system_id, tlvs), CommandStatus::OK, sequence);
    }

    /// The ESME that has asked may not bind. The session ends.
    pub fn refuse_bind(&mut self, status: CommandStatus) {
        let (Side::Centre, State::Binding { role, sequence }) = (self.side, self.state) else { return };
        let resp = Body::BindResp(role, String::new(), crate::Tlvs::default());
        let _ = self.respond(&resp, status, sequence);
        self.close(Reason::BindRefused(status));
    }

    /// Tells an ESME that a phone can be reached again. There is no answer; an ESME that does not receive is not told.
    pub fn alert(&mut self, alert: &Alert) -> Result<(), Error> {
        match self.state {
            State::Bound { role } if role.receives() && self.side == Side::Centre => {
                let sequence = self.next_sequence();
                self.respond(&Body::Alert(alert.clone()), CommandStatus::OK, sequence)
            }
            _ => Ok(()),
        }
    }

    /// How busy this side is, from 0 to 100; responses of SMPP 5.0 say it.
    pub const fn set_congestion(&mut self, congestion: Option<u8>) {
        self.congestion = congestion;
    }

    /// Ends the session in order: messages that have been sent and have come are answered first, if that takes no longer
    /// than a response may.
    pub fn unbind(&mut self, now: Instant) {
        self.leaving.get_or_insert(now + self.settings.response_timeout);
        match self.state {
            State::Bound { .. } => self.leave_if_idle(now),
            State::Open { .. } | State::Binding { .. } => self.close(Reason::Unbound),
            State::Unbinding | State::Closed => {}
        }
    }

    /// The connection is gone.
    pub fn handle_closed(&mut self) {
        self.close(Reason::Dropped);
    }

    /// Does what is due. A spurious call does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((at, timer)) = self.next_timer()
            && at <= now
        {
            match timer {
                Timer::Bind => self.close(Reason::Silent),
                Timer::Leave => self.leave(now),
                Timer::Enquire => {
                    let until = now + self.settings.response_timeout;
                    let _ = self.request(&Body::EnquireLink, Asked::EnquireLink, until);
                }
                Timer::Response(sequence) => match self.requests.remove(&sequence).map(|it| it.what) {
                    Some(Asked::Message(ticket, _)) => {
                        self.events.push_back(Event::Answered(ticket, Err(Failure::TimedOut)));
                        self.leave_if_idle(now);
                    }
                    Some(Asked::Unbind) => self.close(Reason::Unbound),
                    _ => self.close(Reason::Silent),
                },
            }
        }
    }

    fn next_timer(&self) -> Option<(Instant, Timer)> {
        if self.state == State::Closed {
            return None;
        }
        let bind = match self.state {
            State::Open { until } => Some((until, Timer::Bind)),
            _ => None,
        };
        let response = self.requests.iter().map(|(&sequence, it)| (it.until, Timer::Response(sequence)));
        let enquired = self.requests.values().any(|it| it.what == Asked::EnquireLink);
        let enquire = (self.is_bound() && !enquired)
            .then(|| (self.heard + self.settings.enquire_after, Timer::Enquire));
        let leave = self.leaving.filter(|_| self.is_bound()).map(|at| (at, Timer::Leave));
        bind.into_iter().chain(response).chain(enquire).chain(leave).min_by_key(|(at, _)| *at)
    }

    /// Messages that are not answered.
    fn messages(&self) -> usize {
        self.requests.values().filter(|it| matches!(it.what, Asked::Message(..))).count()
    }

    fn leave_if_idle(&mut self, now: Instant) {
        if self.leaving.is_some() && self.messages() == 0 && self.incoming.is_empty() {
            self.leave(now);
        }
    }

    fn leave(&mut self, now: Instant) {
        if self.is_bound() {
            let until = now + self.settings.response_timeout;
            let _ = self.request(&Body::Unbind, Asked::Unbind, until);
            self.state = State::Unbinding;
        }
    }

    fn close(&mut self, reason: Reason) {
        if self.state == State::Closed {
            return;
        }
        self.state = State::Closed;
        self.ended = Some(reason);
        self.incoming.clear();
        for (_, request) in std::mem::take(&mut self.requests) {
            if let Asked::Message(ticket, _) = request.what {
                self.events.push_back(Event::Answered(ticket, Err(Failure::Lost)));
            }
        }
    }

    fn next_sequence(&mut self) -> u32 {
        loop {
            self.sequence = if self.sequence == LAST_SEQUENCE { 1 } else { self.sequence + 1 };
            if !self.requests.contains_key(&self.sequence) {
                return self.sequence;
            }
        }
    }

    fn request(&mut self, body: &Body, what: Asked, until: Instant) -> Result<u32, Error> {
        let sequence = self.next_sequence();
        let octets = body.encode(CommandStatus::OK, sequence)?;
        self.octets.extend(octets);
        self.requests.insert(sequence, Request { until, what });
        Ok(sequence)
    }

    fn respond(&mut self, body: &Body, status: CommandStatus, sequence: u32) -> Result<(), Error> {
        let octets = body.encode(status, sequence)?;
        self.octets.extend(octets);
        Ok(())
    }

    fn answer_error(&mut self, owed: Owed, status: CommandStatus, sequence: u32) {
        let resp = match owed {
            Owed::Message(operation) => Body::MessageResp(operation, None, crate::Tlvs::default()),
            Owed::Ancillary(id) => Body::Other(id.response()),
        };
        let _ = self.respond(&resp, status, sequence);
    }

    fn response_parameters(&self) -> crate::Tlvs {
        let mut tlvs = crate::Tlvs::default();
        if let Some(congestion) = self.congestion
            && self.version >= Version::V5_0
        {
            tlvs.set(crate::Tag::CONGESTION_STATE, [congestion.min(100)]);
        }
        tlvs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_go_round_and_skip_what_waits() {
        let mut session = Session::centre(Settings::default(), Instant::EPOCH);
        let until = Instant::from_secs(1);
        assert_eq!(session.request(&Body::EnquireLink, Asked::EnquireLink, until), Ok(1));
        session.sequence = LAST_SEQUENCE - 1;
        assert_eq!([(); 2].map(|()| session.next_sequence()), [LAST_SEQUENCE, 2]);
    }
}
