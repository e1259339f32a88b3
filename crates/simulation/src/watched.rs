//! What passes in a world, recorded.

use std::ops::{Deref, DerefMut};

use oxisim_backup::{FromServer, Way};
use oxisim_server::describe;
use oxisim_trace::{Party, Record, Recorder, What};
use oxisim_wire::{Duration, Instant};
use oxisim_world::{Carried, Happening, Leg, Mark, Record as Happened, Slot, What as Fact};

/// A card in the slot of the emulated phone, with what passed there if it is to be recorded.
#[derive(Debug)]
pub struct Watched<C> {
    /// The card.
    pub card: C,
    passed: Option<Vec<Record>>,
    last: Instant,
}

impl<C> Watched<C> {
    /// Puts the card into the slot.
    pub const fn new(card: C, is_recorded: bool) -> Self {
        let passed = if is_recorded { Some(Vec::new()) } else { None };
        Self { card, passed, last: Instant::EPOCH }
    }

    fn note(&mut self, at: Instant, what: What) {
        self.last = at;
        if let Some(passed) = &mut self.passed {
            passed.push(Record::new(at, what));
        }
    }

    /// Records what has passed at the card and over the air, and what the server has done, in the order of time.
    pub fn tell(&mut self, happened: &Happened, recorder: &Recorder) {
        let mut records = self.passed.take().unwrap_or_default();
        // What passed at the same time at the card was the cause.
        records.extend(happened.messages.iter().map(carried));
        records.extend(happened.happenings.iter().filter_map(event));
        records.sort_by_key(|record| record.at);
        for record in &records {
            recorder.write(record);
        }
    }
}

fn carried(message: &Carried) -> Record {
    let from = match message.leg {
        Leg::FromPhone => Party::Phone,
        Leg::ToPhone | Leg::ToServer => Party::Centre,
        Leg::FromServer => Party::Server,
    };
    let octets = message.octets.clone();
    let what = match message.coding {
        None => What::Tpdu { from, tpdu: octets },
        Some(coding) => What::UserData { from, coding: coding.0, octets },
    };
    Record::new(message.at, what)
}

/// What the server does with a message, and what becomes of one on its way; nothing of what passes anyway.
fn event(happening: &Happening) -> Option<Record> {
    let (who, text) = match &happening.what {
        Fact::Received(Some(message)) => (Party::Server, format!("takes {}", describe::incoming(message))),
        Fact::Received(None) => (Party::Server, "gets what is no message of the protocol".into()),
        Fact::Answered(Some(message)) => {
            let first = match message {
                FromServer::Ok { .. } => "has the whole copy, and answers".into(),
                FromServer::Planned { wait, .. } => format!("resumes in {}, and answers", wait.duration()),
                _ => "answers".to_owned(),
            };
            (Party::Server, format!("{first} {}", describe::outgoing(message)))
        }
        Fact::Lost { to_server: true } => (Party::Centre, "loses a message to the server".into()),
        Fact::Lost { to_server: false } => (Party::Centre, "loses a message to the phone".into()),
        _ => return None,
    };
    Some(Record::new(happening.at, What::Event { who, text }))
}

impl<C> Deref for Watched<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.card
    }
}

impl<C> DerefMut for Watched<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.card
    }
}

impl<C: Slot> Slot for Watched<C> {
    fn power_on(&mut self, now: Instant) -> Option<Vec<u8>> {
        let answer = self.card.power_on(now);
        let what = answer.clone().map_or_else(|| broken(&[]), |answer| What::Reset { answer });
        self.note(now, what);
        answer
    }

    fn exchange(&mut self, now: Instant, command: &[u8]) -> Option<Vec<u8>> {
        let response = self.card.exchange(now, command);
        if self.passed.is_some() {
            let what = response.clone().map_or_else(
                || broken(command),
                |response| What::Exchange { command: command.to_vec(), response, took: Duration::ZERO },
            );
            self.note(now, what);
        }
        response
    }

    fn power_off(&mut self) {
        self.card.power_off();
        self.note(self.last, What::PowerOff);
    }

    fn backup(&self) -> Option<Option<Way>> {
        self.card.backup()
    }

    fn mark(&self) -> Option<Mark> {
        self.card.mark()
    }
}

fn broken(command: &[u8]) -> What {
    What::Broken { command: command.to_vec(), reason: "the card does not answer".into() }
}
