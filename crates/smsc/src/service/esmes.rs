//! ESMEs in their sessions.

use std::collections::BTreeMap;

use oxisim_smpp::{
    Alert, Ancillary, CommandStatus, EsmClass, Failure, Incoming, Link, LinkEvent, LinkId, Message as Sm,
    MessageState, Operation, Queried, Refusal, Request, Tag, Time,
};
use oxisim_sms::{Address, tpdu::Status};
use oxisim_wire::Instant;
use tokio::sync::mpsc;

use crate::{
    Acknowledgement, Answer, Centre, Content, Message, Number, OutOfReach, Receipt, Rejection, Rewritten,
    Settings, Standing, Submission,
};

/// The sessions that are bound.
#[derive(Debug)]
pub(super) struct Links {
    bound: BTreeMap<LinkId, Link>,
    /// The number of ESMEs that do not say theirs: that of their first route, or the centre's own.
    numbers: BTreeMap<String, Address>,
    centre: Address,
    /// Of several sessions of an ESME each gets a message in turn.
    turn: usize,
    /// How busy the centre is, as ESMEs have been told.
    congestion: u8,
    /// What is to be answered when it is kept.
    due: Vec<Due>,
    answers: mpsc::Sender<(u64, Answer)>,
}

/// What an ESME waits for.
#[derive(Debug)]
enum Due {
    Message(Incoming, Result<u64, CommandStatus>),
    Request(Request, Result<Option<Queried>, CommandStatus>),
}

impl Links {
    pub fn new(settings: &Settings, answers: mpsc::Sender<(u64, Answer)>) -> Self {
        let mut numbers = BTreeMap::new();
        for route in &settings.routes {
            numbers.entry(route.system_id.clone()).or_insert_with(|| route.prefix.address().clone());
        }
        Self {
            bound: BTreeMap::new(),
            numbers,
            centre: settings.address.clone(),
            turn: 0,
            congestion: 0,
            due: Vec::new(),
            answers,
        }
    }

    /// Takes what happens in a session.
    pub fn event(&mut self, event: LinkEvent, centre: &mut Centre, now: Instant) {
        match event {
            LinkEvent::Bound(link) => {
                let system_id = link.bind().system_id.clone();
                let receives = link.bind().role.receives();
                let is_first = self.receiving(&system_id).is_empty();
                if self.congestion > 0 {
                    link.set_congestion(Some(self.congestion));
                }
                self.bound.insert(link.id(), link);
                if receives && is_first {
                    centre.handle_bound(&system_id, now);
                }
            }
            LinkEvent::Closed(id, reason) => {
                let Some(link) = self.bound.remove(&id) else { return };
                let bind = link.bind();
                log::info!("the session of ESME {:?} has ended: {reason}", bind.system_id);
                if bind.role.receives() && self.receiving(&bind.system_id).is_empty() {
                    centre.handle_unbound(&bind.system_id, now);
                }
            }
            LinkEvent::Message(incoming) => {
                let Some(link) = self.bound.get(&incoming.link()) else { return };
                let system_id = link.bind().system_id.clone();
                let taken = self.submitted(&system_id, incoming.message(), centre, now);
                self.set_congestion(centre.congestion());
                self.due.push(Due::Message(incoming, taken));
            }
            LinkEvent::Asked(request) => {
                let Some(link) = self.bound.get(&request.link()) else { return };
                let done = asked(&link.bind().system_id, request.ancillary(), centre, now);
                self.set_congestion(centre.congestion());
                self.due.push(Due::Request(request, done));
            }
            // Only SMS centres send those.
            LinkEvent::Alert(..) | LinkEvent::Congestion(..) => {}
        }
    }

    /// Answers what has been taken in, now that it is kept.
    pub fn answer(&mut self) {
        for due in self.due.drain(..) {
            match due {
                Due::Message(incoming, Ok(id)) => incoming.accept(Some(identity(id))),
                Due::Message(incoming, Err(status)) => incoming.refuse(Refusal::Status(status)),
                Due::Request(request, Ok(queried)) => request.done(queried),
                Due::Request(request, Err(status)) => request.refuse(status),
            }
        }
    }

    /// Tells all ESMEs how busy the centre is, if that has changed.
    pub fn set_congestion(&mut self, congestion: u8) {
        if congestion != self.congestion {
            self.congestion = congestion;
            for link in self.bound.values() {
                link.set_congestion(Some(congestion));
            }
        }
    }

    /// Sends a message or a receipt; the answer comes by itself.
    pub fn deliver(
        &mut self,
        system_id: &str,
        delivery: u64,
        content: Content,
        centre: &mut Centre,
        now: Instant,
    ) {
        let links = self.receiving(system_id);
        let Some(link) = links.get(self.turn % links.len().max(1)).map(|&link| link.clone()) else {
            return centre.handle_answer(delivery, Answer::Gone, now);
        };
        self.turn = self.turn.wrapping_add(1);
        let answers = self.answers.clone();
        let message = match content {
            Content::Message(message) => delivered(message),
            Content::Receipt(receipt) => receipted(receipt),
            Content::Acknowledgement(acknowledgement) => acknowledged(acknowledgement),
        };
        tokio::spawn(async move {
            let answer = match link.send(message).await {
                Ok(_) => Answer::Taken,
                Err(Failure::Refused(status)) if status.is_temporary() => Answer::Later,
                Err(Failure::Refused(_) | Failure::Unsendable(_)) => Answer::Refused,
                Err(Failure::TimedOut | Failure::Lost) => Answer::Gone,
            };
            let _ = answers.send((delivery, answer)).await;
        });
    }

    /// Tells an ESME that a phone is there.
    pub fn alert(&self, system_id: &str, number: &Number) {
        if let Some(link) = self.receiving(system_id).first() {
            let esme = self.numbers.get(system_id).cloned();
            link.alert(Alert { phone: number.address().clone(), esme, availability: 0 });
        }
    }

    fn receiving(&self, system_id: &str) -> Vec<&Link> {
        let receives = |link: &&Link| link.bind().role.receives() && link.bind().system_id == system_id;
        self.bound.values().filter(receives).collect()
    }

    /// An ESME has submitted a message: its identity, or the standard's word for why it is not taken.
    fn submitted(
        &self,
        system_id: &str,
        sm: &Sm,
        centre: &mut Centre,
        now: Instant,
    ) -> Result<u64, CommandStatus> {
        let usual = || self.numbers.get(system_id).unwrap_or(&self.centre).clone();
        let message = Message {
            from: sm.source.clone().unwrap_or_else(usual),
            to: sm.destination.clone().ok_or(CommandStatus::INVDSTADR)?,
            protocol: sm.protocol_id,
            user_data: sm.user_data().map_err(|_| CommandStatus::INVMSGLEN)?,
        };
        let submission = Submission {
            message,
            service_type: sm.service_type.clone(),
            begins: sm.schedule.map(|time| time.at(now)),
            expires: sm.validity.map(|time| time.at(now)),
            wanted: sm.registered_delivery,
            reference: sm.tlvs.user_message_reference(),
        };
        centre.submit(system_id, submission, now).map_err(|rejection| match rejection {
            Rejection::Unassigned => CommandStatus::INVDSTADR,
            Rejection::Full => CommandStatus::MSGQFUL,
        })
    }
}

/// Does what an ESME wants of a message that it has sent; the standard's word for why it cannot be done.
fn asked(
    system_id: &str,
    ancillary: &Ancillary,
    centre: &mut Centre,
    now: Instant,
) -> Result<Option<Queried>, CommandStatus> {
    let known = |id: &str| u64::from_str_radix(id, 16).map_err(|_| CommandStatus::INVMSGID);
    let out_of_reach = |status| {
        move |why| match why {
            OutOfReach::Unknown => CommandStatus::INVMSGID,
            OutOfReach::Gone => status,
        }
    };
    match ancillary {
        Ancillary::Query { id, source } => {
            let standing = centre.query(system_id, known(id)?, source.as_ref(), now);
            let standing = standing.map_err(out_of_reach(CommandStatus::QUERYFAIL))?;
            let (state, done, error) = match standing {
                Standing::Scheduled => (MessageState::SCHEDULED, None, 0),
                Standing::Waiting => (MessageState::ENROUTE, None, 0),
                Standing::Ended { status, at } => (state(status), Some(Time::Absolute(at)), status.0),
            };
            Ok(Some(Queried { id: id.clone(), done, state, error }))
        }
        Ancillary::Cancel { id: Some(id), source, .. } => {
            let cancelled = centre.cancel(system_id, known(id)?, source.as_ref(), now);
            cancelled.map(|()| None).map_err(out_of_reach(CommandStatus::CANCELFAIL))
        }
        Ancillary::Cancel { id: None, service_type, source, destination } => {
            let source = source.as_ref().ok_or(CommandStatus::INVSRCADR)?;
            let destination = destination.as_ref().ok_or(CommandStatus::INVDSTADR)?;
            match centre.cancel_all(system_id, service_type, source, destination, now) {
                0 => Err(CommandStatus::CANCELFAIL),
                _ => Ok(None),
            }
        }
        Ancillary::Replace(replacement) => {
            let (id, source) = (known(&replacement.id)?, replacement.source.as_ref());
            let fails = out_of_reach(CommandStatus::REPLACEFAIL);
            let message = centre.waiting(system_id, id, source).map_err(fails)?;
            // Its coding and its header flag are those of the one before.
            let mut sm =
                Sm::new(Operation::Submit, None, message.to.clone()).with_user_data(&message.user_data);
            sm.content.clone_from(&replacement.content);
            let rewritten = Rewritten {
                user_data: sm.user_data().map_err(|_| CommandStatus::INVMSGLEN)?,
                begins: replacement.schedule.map(|time| time.at(now)),
                expires: replacement.validity.map(|time| time.at(now)),
                wanted: replacement.registered_delivery,
            };
            centre.replace(system_id, id, source, rewritten, now).map(|()| None).map_err(fails)
        }
    }
}

/// The identity of a message as ESMEs see it.
fn identity(id: u64) -> String {
    format!("{id:X}")
}

fn delivered(message: Message) -> Sm {
    let sm = Sm::new(Operation::Deliver, Some(message.from), message.to);
    Sm { protocol_id: message.protocol, ..sm }.with_user_data(&message.user_data)
}

/// What a card has answered, as the acknowledgement of a short message entity (SMPP 5.0 §4.7.12).
fn acknowledged(acknowledgement: Acknowledgement) -> Sm {
    let Acknowledgement { receipt, user_data } = acknowledgement;
    let mut sm = Sm::new(Operation::Deliver, Some(receipt.to), receipt.from).with_user_data(&user_data);
    sm.esm_class = sm.esm_class.with(EsmClass::DELIVERY_ACKNOWLEDGEMENT);
    sm.tlvs.set(Tag::RECEIPTED_MESSAGE_ID, [identity(receipt.id).as_bytes(), &[0]].concat());
    match receipt.reference {
        Some(reference) => sm.with_reference(reference),
        None => sm,
    }
}

fn receipted(receipt: Receipt) -> Sm {
    let said = oxisim_smpp::Receipt {
        id: Some(identity(receipt.id)),
        reference: receipt.reference,
        destination: Some(receipt.to),
        state: Some(state(receipt.status)),
        error: Some(format!("{:03}", receipt.status.0)),
        intermediate: false,
    };
    said.message(receipt.from, receipt.submitted, receipt.done, "")
}

/// How a message has ended, in the words of SMPP.
const fn state(status: Status) -> MessageState {
    match status {
        Status::RECEIVED => MessageState::DELIVERED,
        Status::EXPIRED => MessageState::EXPIRED,
        Status::DELETED_BY_ORIGINATOR => MessageState::DELETED,
        _ => MessageState::UNDELIVERABLE,
    }
}
