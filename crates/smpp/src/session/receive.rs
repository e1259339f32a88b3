//! What a session does with what comes.

use oxisim_wire::Instant;

use super::{
    Asked, CONGESTED, Event, Failure, Incoming, NEARLY_CONGESTED, Owed, Reason, Request, Session, Side,
    State, Token, input::Frame,
};
use crate::{Ancillary, Bind, Body, CommandId, CommandStatus, Header, Message, Operation, Tlvs, Version};

impl Session {
    /// Takes octets as they come from the other side, in any pieces.
    ///
    /// A PDU that is not what it should be is answered with the standard's error (SMPP 5.0 §2.8.2), and the session goes on.
    /// Only if its length is one that no PDU has, the session ends: nobody knows where the next PDU begins.
    pub fn handle_octets(&mut self, octets: &[u8], now: Instant) {
        if self.state == State::Closed {
            return;
        }
        self.heard = now;
        self.input.push(octets);
        while self.state != State::Closed
            && let Some(frame) = self.input.next(self.settings.pdu_limit)
        {
            match frame {
                Frame::Pdu(header, body) => match Body::read(header, &body) {
                    Ok(body) => self.handle(header, body, now),
                    Err(status) => self.handle_malformed(header, status, now),
                },
                Frame::TooLong(header) if header.id.is_response() => {
                    self.handle_malformed(header, CommandStatus::INVCMDLEN, now);
                }
                Frame::TooLong(header) => self.nack(CommandStatus::INVCMDLEN, header.sequence),
                Frame::OutOfStep(status) => {
                    self.nack(status, 0);
                    self.close(Reason::OutOfStep);
                }
            }
        }
    }

    fn handle(&mut self, header: Header, body: Body, now: Instant) {
        let Header { id, status, sequence, .. } = header;
        match body {
            Body::Bind(bind) => self.handle_bind(bind, sequence),
            Body::Unbind => {
                let _ = self.respond(&Body::UnbindResp, CommandStatus::OK, sequence);
                self.close(Reason::Unbound);
            }
            Body::EnquireLink => {
                let resp = Body::EnquireLinkResp(self.response_parameters());
                let _ = self.respond(&resp, CommandStatus::OK, sequence);
            }
            Body::Message(message) => self.handle_message(*message, sequence),
            Body::Ancillary(ancillary) => self.handle_ancillary(*ancillary, sequence),
            // This side asks for nothing of the kind.
            Body::Queried(_) => log::debug!("an answer to nothing: {id:?}"),
            Body::Alert(alert) => {
                if self.side == Side::Esme && self.is_bound() {
                    self.events.push_back(Event::Alert(alert));
                }
            }
            Body::BindResp(_, system_id, tlvs) => {
                let asked = self.answered(sequence, |asked| matches!(asked, Asked::Bind(_)));
                self.handle_bind_resp(asked, status, system_id, &tlvs);
            }
            Body::MessageResp(operation, message_id, tlvs) => {
                let asked = self
                    .answered(sequence, |asked| matches!(asked, Asked::Message(_, it) if it == operation));
                self.handle_message_resp(asked, status, message_id, &tlvs, now);
            }
            Body::EnquireLinkResp(tlvs) => {
                if self.answered(sequence, |asked| asked == Asked::EnquireLink).is_some() {
                    self.handle_congestion(&tlvs, now);
                }
            }
            Body::UnbindResp => {
                if self.answered(sequence, |asked| asked == Asked::Unbind).is_some() {
                    self.close(Reason::Unbound);
                }
            }
            Body::GenericNack => {
                let asked = self.answered(sequence, |_| true);
                self.handle_nack(asked, status, now);
            }
            // Nothing is asked of whoever gets it, and nothing answers it.
            Body::Other(CommandId::OUTBIND) => {}
            Body::Other(_) if id.is_response() => log::debug!("an answer to nothing: {id:?}"),
            Body::Other(_) => self.nack(CommandStatus::INVCMDID, sequence),
        }
    }

    /// A PDU whose fields are not what they should be.
    fn handle_malformed(&mut self, header: Header, status: CommandStatus, now: Instant) {
        let Header { id, sequence, .. } = header;
        log::debug!("a {id:?} that is not what it should be: {status:?}");
        match id {
            CommandId::SUBMIT_SM => self.answer_error(Owed::Message(Operation::Submit), status, sequence),
            CommandId::DELIVER_SM => self.answer_error(Owed::Message(Operation::Deliver), status, sequence),
            CommandId::DATA_SM => self.answer_error(Owed::Message(Operation::Data), status, sequence),
            CommandId::CANCEL_SM | CommandId::QUERY_SM | CommandId::REPLACE_SM
                if self.side == Side::Centre =>
            {
                self.answer_error(Owed::Ancillary(id), status, sequence);
            }
            CommandId::BIND_RECEIVER | CommandId::BIND_TRANSMITTER | CommandId::BIND_TRANSCEIVER => {
                let _ = self.respond(&Body::Other(id.response()), status, sequence);
            }
            CommandId::ALERT_NOTIFICATION | CommandId::OUTBIND => {}
            // The answer stands in its header.
            id if id.is_response() => {
                let asked = self.answered(sequence, |_| true);
                match asked {
                    Some(Asked::Bind(_)) => {
                        self.handle_bind_resp(asked, header.status, String::new(), &Tlvs::default());
                    }
                    Some(Asked::Message(..)) => {
                        self.handle_message_resp(asked, header.status, None, &Tlvs::default(), now);
                    }
                    Some(Asked::Unbind) => self.close(Reason::Unbound),
                    Some(Asked::EnquireLink) | None => {}
                }
            }
            _ => self.nack(status, sequence),
        }
    }

    fn handle_bind(&mut self, bind: Bind, sequence: u32) {
        let refused = match (self.side, self.state) {
            (Side::Centre, State::Open { .. }) => None,
            (Side::Centre, _) => Some(CommandStatus::ALYBND),
            (Side::Esme, _) => Some(CommandStatus::INVBNDSTS),
        };
        if let Some(status) = refused {
            let resp = Body::BindResp(bind.role, String::new(), Tlvs::default());
            let _ = self.respond(&resp, status, sequence);
            return;
        }
        self.version = common(self.settings.version, bind.version);
        self.state = State::Binding { role: bind.role, sequence };
        self.events.push_back(Event::BindRequested(bind));
    }

    fn handle_bind_resp(
        &mut self,
        asked: Option<Asked>,
        status: CommandStatus,
        system_id: String,
        tlvs: &Tlvs,
    ) {
        let Some(Asked::Bind(role)) = asked else { return };
        if status != CommandStatus::OK {
            return self.close(Reason::BindRefused(status));
        }
        // Who does not say is of 3.4: that version asks for the parameter, and many leave it out.
        let version = tlvs.sc_interface_version().unwrap_or(Version::V3_4);
        self.version = common(self.settings.version, version);
        self.state = State::Bound { role };
        self.events.push_back(Event::Bound(system_id, self.version));
    }

    fn handle_message(&mut self, message: Message, sequence: u32) {
        let operation = message.operation;
        let fits = match (self.side, self.state) {
            (Side::Esme, State::Bound { role }) => role.receives() && operation != Operation::Submit,
            (Side::Centre, State::Bound { role }) => role.sends() && operation != Operation::Deliver,
            _ => false,
        };
        let refused = match self.side {
            _ if !fits => Some(CommandStatus::INVBNDSTS),
            _ if message.destination.is_none() && self.side == Side::Centre => Some(CommandStatus::INVDSTADR),
            Side::Esme if self.leaving.is_some() => Some(CommandStatus::X_T_APPN),
            Side::Centre if self.leaving.is_some() => Some(CommandStatus::SYSERR),
            Side::Esme if self.incoming.len() >= self.settings.incoming => Some(CommandStatus::MSGQFUL),
            Side::Centre if self.incoming.len() >= self.settings.incoming => Some(CommandStatus::THROTTLED),
            _ => None,
        };
        let owed = Owed::Message(operation);
        if let Some(status) = refused {
            return self.answer_error(owed, status, sequence);
        }
        let token = self.owe(owed, sequence);
        self.events.push_back(Event::Message(token, Box::new(message)));
    }

    fn handle_ancillary(&mut self, ancillary: Ancillary, sequence: u32) {
        let owed = Owed::Ancillary(ancillary.command_id());
        let refused = match (self.side, self.state) {
            // No ESME knows of it.
            (Side::Esme, _) => return self.nack(CommandStatus::INVCMDID, sequence),
            (Side::Centre, State::Bound { role }) if role.sends() => match self.leaving {
                Some(_) => Some(CommandStatus::SYSERR),
                None if self.incoming.len() >= self.settings.incoming => Some(CommandStatus::THROTTLED),
                None => None,
            },
            (Side::Centre, _) => Some(CommandStatus::INVBNDSTS),
        };
        if let Some(status) = refused {
            return self.answer_error(owed, status, sequence);
        }
        let token = self.owe(owed, sequence);
        self.events.push_back(Event::Asked(token, Box::new(ancillary)));
    }

    fn owe(&mut self, owed: Owed, sequence: u32) -> Token {
        self.tokens += 1;
        let token = Token(self.tokens);
        self.incoming.insert(token, Incoming { sequence, owed });
        token
    }

    fn handle_message_resp(
        &mut self,
        asked: Option<Asked>,
        status: CommandStatus,
        message_id: Option<String>,
        tlvs: &Tlvs,
        now: Instant,
    ) {
        let Some(Asked::Message(ticket, _)) = asked else { return };
        let answer = if status == CommandStatus::OK {
            self.pace.taken(now);
            Ok(message_id)
        } else {
            if status.is_throttling() {
                self.pace.hold(now);
            }
            Err(Failure::Refused(status))
        };
        self.handle_congestion(tlvs, now);
        self.events.push_back(Event::Answered(ticket, answer));
        self.leave_if_idle(now);
    }

    /// Any response of SMPP 5.0 may say how busy the other side is (SMPP 5.0 §4.8.4.18).
    fn handle_congestion(&mut self, tlvs: &Tlvs, now: Instant) {
        let Some(congestion) = tlvs.congestion_state() else { return };
        match congestion {
            NEARLY_CONGESTED..CONGESTED => self.pace.slow(now),
            CONGESTED.. => self.pace.hold(now),
            _ => {}
        }
        self.events.push_back(Event::Congestion(congestion));
    }

    fn handle_nack(&mut self, asked: Option<Asked>, status: CommandStatus, now: Instant) {
        match asked {
            Some(Asked::Bind(_)) => self.close(Reason::BindRefused(status)),
            Some(Asked::Unbind) => self.close(Reason::Unbound),
            Some(Asked::Message(..)) => {
                let status = if status == CommandStatus::OK { CommandStatus::UNKNOWNERR } else { status };
                self.handle_message_resp(asked, status, None, &Tlvs::default(), now);
            }
            // Who refuses the question is there.
            Some(Asked::EnquireLink) => {}
            None => log::debug!("generic_nack for nothing: {status:?}"),
        }
    }

    /// Which request of this side is answered, if it is one that `fits`.
    fn answered(&mut self, sequence: u32, fits: impl Fn(Asked) -> bool) -> Option<Asked> {
        match self.requests.get(&sequence) {
            Some(Request { what, .. }) if fits(*what) => self.requests.remove(&sequence).map(|it| it.what),
            _ => {
                log::debug!("an answer to nothing: sequence number {sequence}");
                None
            }
        }
    }

    fn nack(&mut self, status: CommandStatus, sequence: u32) {
        let _ = self.respond(&Body::GenericNack, status, sequence);
    }
}

/// The version that both sides speak. One that nobody knows counts as the one before it.
fn common(ours: Version, theirs: Version) -> Version {
    match ours.min(theirs) {
        version if version >= Version::V5_0 => Version::V5_0,
        version if version >= Version::V3_4 => Version::V3_4,
        _ => Version::V3_3,
    }
}
