//! How the bench's network takes and brings messages.

use std::collections::VecDeque;

use oxisim_sms::{
    Address, Class, DataCoding, ProtocolIdentifier, Timestamp, UserData,
    concatenation::{Reference, split},
    tpdu::Deliver,
};
use oxisim_wire::{Duration, Instant, Wire};

/// The subscriber's own number.
pub const ME: &str = "+15550100001";

/// What becomes of the messages that the phone sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Radio {
    /// Each is sent at once.
    Sends,
    /// Each takes so long.
    Takes {
        /// How long.
        seconds: u16,
    },
    /// None is sent: the network refuses.
    Refuses,
}

/// How long the service centre waits before it tries again to deliver a message, and how often it tries.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(60);
const MOST_TRIES: u8 = 20;

/// A message on its way to the phone.
#[derive(Debug)]
pub(crate) struct Delivery {
    tpdu: Vec<u8>,
    tries: u8,
}

impl Delivery {
    /// One that has not been tried.
    pub const fn first(tpdu: Vec<u8>) -> Self {
        Self { tpdu, tries: 0 }
    }
}

/// The service centre: what it has delivered without an answer yet, and what it will try again.
#[derive(Debug, Default)]
pub(crate) struct Centre {
    unanswered: VecDeque<Delivery>,
    /// In the order of their time.
    again: VecDeque<(Instant, Delivery)>,
    reference: u8,
}

impl Centre {
    /// The number that the parts of the next message share.
    pub const fn new_reference(&mut self) -> u8 {
        self.reference = self.reference.wrapping_add(1);
        self.reference
    }

    /// The TPDU of a message that is now delivered.
    pub fn deliver(&mut self, mut delivery: Delivery) -> Vec<u8> {
        delivery.tries += 1;
        let tpdu = delivery.tpdu.clone();
        self.unanswered.push_back(delivery);
        tpdu
    }

    /// Tries again later, unless it has tried often enough.
    pub fn put_off(&mut self, delivery: Delivery, now: Instant) {
        if delivery.tries < MOST_TRIES {
            self.again.push_back((now + TRY_AGAIN_AFTER, delivery));
        }
    }

    /// The phone has taken the oldest message that it has not answered, or has not.
    pub fn reported(&mut self, taken: bool, now: Instant) {
        if let Some(delivery) = self.unanswered.pop_front().filter(|_| !taken) {
            self.put_off(delivery, now);
        }
    }

    /// The phone has no room for the newest message.
    pub fn lost(&mut self, now: Instant) {
        if let Some(delivery) = self.unanswered.pop_back() {
            self.put_off(delivery, now);
        }
    }

    /// The phone will not answer any more.
    pub fn break_off(&mut self, now: Instant) {
        while let Some(delivery) = self.unanswered.pop_front() {
            self.put_off(delivery, now);
        }
    }

    /// When a message is tried again.
    pub fn next(&self) -> Option<Instant> {
        self.again.front().map(|&(at, _)| at)
    }

    /// A message that it is time to try again.
    pub fn take_due(&mut self, now: Instant) -> Option<Delivery> {
        self.again.front().filter(|(at, _)| *at <= now)?;
        self.again.pop_front().map(|(_, delivery)| delivery)
    }
}

/// A text to the card as SMS-DELIVER of class 2 for SIM data download (TS 31.111 §7.1.1), in as many parts as it takes.
pub(crate) fn to_card(from: &Address, text: &str, reference: u8, now: Instant) -> Option<Vec<Vec<u8>>> {
    let (coding, payload) = DataCoding::encode_text(text);
    let coding = for_card(coding);
    let parts = split(coding, &payload, Reference::Short(reference)).ok()?;
    Some(parts.into_iter().map(|part| deliver(from, part, now)).collect())
}

/// The same alphabet with message class 2 (TS 23.038 §4).
fn for_card(coding: DataCoding) -> DataCoding {
    /// General data coding with a message class.
    const WITH_CLASS: u8 = 0x10;
    const CLASS_2: u8 = 0x02;
    let coding = DataCoding(coding.0 | WITH_CLASS | CLASS_2);
    debug_assert_eq!(coding.class(), Some(Class::Sim));
    coding
}

/// SMS-DELIVER for SIM data download.
pub(crate) fn deliver(from: &Address, user_data: UserData, now: Instant) -> Vec<u8> {
    let timestamp = Timestamp::from_instant(now, 0);
    Deliver::new(from.clone(), ProtocolIdentifier::SIM_DATA_DOWNLOAD, timestamp, user_data).encode()
}
