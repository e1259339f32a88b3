//! Two servers on one database, and a subscriber who sends either anything in any order: what the keys of their own card
//! secure, what others secure, what nothing does, what was sent before, damaged or as it was; while time passes, messages
//! are reported on, to the one that sent them or to the other, and a server is made anew on its store. Counters never go
//! back; a copy changes only when a backup is complete; and what is kept of another subscriber does not change at all.

use std::sync::Arc;

use oxisim_backup::{
    DeliveryReport, Held, Policy,
    carriage::{self, Direction},
    message::Source,
    security::KeyVersion,
};
use oxisim_server::{Enrolled, MemoryDatabase, MemoryStore, Msisdn, Reception, Server, Store};
use oxisim_sms::{DataCoding, Element, ElementId, UserData, packet::Counter};
use oxisim_wire::{Duration, Instant};

use super::steps::Steps;
use crate::{CARDS, MASTER_KEY, START, SUBSCRIBER};

/// Whose account nobody writes into.
const BYSTANDER: &str = "+15550100002";

/// The servers, and what stands in their store.
struct Place {
    database: MemoryDatabase,
    servers: [Server<MemoryStore>; 2],
    /// Whose turn it is.
    turn: usize,
    /// How often one was made.
    starts: u64,
    now: Instant,
    hostile: Msisdn,
    /// What came before.
    sent: Vec<UserData>,
    /// What was there after the last step: copies, and the card.
    held: [Option<Arc<Held>>; 2],
    card: Enrolled,
    completed: usize,
}

/// A server that draws its numbers from this seed.
fn serve(database: &MemoryDatabase, seed: u64) -> Server<MemoryStore> {
    let store = MemoryStore::open_seeded(database, seed).expect("memory opens");
    Server::new(store, Policy::default(), seed).with_master_key(MASTER_KEY)
}

impl Place {
    fn new() -> Self {
        let database = MemoryDatabase::default();
        let mut servers = [serve(&database, 1), serve(&database, 2)];
        let [server, _] = &mut servers;
        let hostile: Msisdn = SUBSCRIBER.parse().expect("a number");
        for (number, iccid) in [(SUBSCRIBER, CARDS[0]), (BYSTANDER, CARDS[1])] {
            let (number, iccid) = (number.parse().expect("a number"), iccid.parse().expect("an ICCID"));
            server.enrol(&number, &iccid, KeyVersion::FIRST, START).expect("memory works");
        }
        let card = enrolled(server, &hostile);
        Self {
            database,
            servers,
            turn: 0,
            starts: 2,
            now: START,
            hostile,
            sent: Vec::new(),
            held: [None, None],
            card,
            completed: 0,
        }
    }

    /// The one whose turn it is.
    const fn server(&mut self) -> &mut Server<MemoryStore> {
        &mut self.servers[self.turn]
    }

    fn deliver(&mut self, user_data: UserData) {
        let from = self.hostile.address();
        let now = self.now;
        let reception = self.server().handle_deliver(&from, &user_data, now).expect("memory works");
        self.sent.push(user_data);
        let completed = matches!(reception, Reception::Taken { completed: Some(_) });
        self.completed += usize::from(completed);
        self.check(completed);
    }

    /// What has to be true after every step.
    fn check(&mut self, completed: bool) {
        while self.server().poll_output().is_some() {}
        let hostile = self.hostile.clone();
        let card = enrolled(self.server(), &hostile);
        assert!(card.sent >= self.card.sent, "the counter to the card goes back");
        assert!(card.refused >= self.card.refused, "what was refused is forgotten");
        self.card = card;
        let held = [Source::CARD, Source::PHONE]
            .map(|source| self.server().store().held(&hostile, source).expect("memory works"));
        assert!(completed || held == self.held, "a copy changes without a whole backup");
        self.held = held;
        let bystander: Msisdn = BYSTANDER.parse().expect("a number");
        assert!(self.server().store().summaries(&bystander).expect("memory works").is_empty());
        assert_eq!(enrolled(self.server(), &bystander).refused, 0);
    }

    fn step(&mut self, steps: &mut Steps<'_>) {
        let step = steps.octet();
        self.turn = usize::from(step / 12 % 2);
        match step % 12 {
            // The keys of the subscriber's own card: a subscriber may be hostile.
            0..4 => {
                let counter = Counter::new(steps.octet().into()).expect("five octets hold it");
                let keys = MASTER_KEY.card_keys(&CARDS[0].parse().expect("an ICCID"), KeyVersion::FIRST);
                let message = steps.counted().to_vec();
                let direction =
                    if counter.value() % 16 == 15 { Direction::ToCard } else { Direction::ToServer };
                if let Ok(user_data) = carriage::seal(direction, &keys, counter, message) {
                    self.deliver(user_data);
                }
            }
            // Those of another.
            4 => {
                let counter = Counter::new(steps.octet().into()).expect("five octets hold it");
                let keys = MASTER_KEY.card_keys(&CARDS[1].parse().expect("an ICCID"), KeyVersion::FIRST);
                if let Ok(user_data) =
                    carriage::seal(Direction::ToServer, &keys, counter, steps.counted().to_vec())
                {
                    let before = (self.held.clone(), self.card.window);
                    self.deliver(user_data);
                    assert_eq!(
                        (self.held.clone(), self.card.window),
                        before,
                        "a forged message has an effect"
                    );
                }
            }
            5 | 6 => {
                let source = if steps.octet() & 1 == 0 { Source::PHONE } else { Source::CARD };
                if let Ok(user_data) = carriage::wrap(source, 1, steps.counted().to_vec()) {
                    self.deliver(user_data);
                }
            }
            // One that came before, as it was or with an octet changed.
            7 => {
                let (which, at, flip) = (steps.octet(), steps.octet(), steps.octet());
                let Some(user_data) = self.sent.get(usize::from(which) % self.sent.len().max(1)).cloned()
                else {
                    return;
                };
                let mut payload = user_data.payload().to_vec();
                if let Some(octet) = payload.get_mut(usize::from(at)) {
                    *octet ^= flip;
                }
                let header = vec![Element::new(ElementId::COMMAND_PACKET, [])];
                let changed = UserData::new(DataCoding::EIGHT_BIT_CLASS_2, header, payload);
                let before = self.card.window;
                self.deliver(if flip == 0 { user_data } else { changed.unwrap_or(user_data) });
                if flip == 0 {
                    assert_eq!(self.card.window, before, "a replay has an effect");
                }
            }
            8 => {
                let payload = steps.counted().to_vec();
                let header = vec![Element::new(ElementId::COMMAND_PACKET, [])];
                if let Ok(user_data) = UserData::new(DataCoding::EIGHT_BIT_CLASS_2, header, payload) {
                    self.deliver(user_data);
                }
            }
            9 => {
                self.now = self.now + Duration::from_secs(u64::from(steps.octet()) * 60);
                let now = self.now;
                self.server().handle_timeout(now).expect("memory works");
                self.check(false);
            }
            10 => {
                let to = self.hostile.address();
                let how = steps.octet();
                let report = if how & 1 == 0 { DeliveryReport::Delivered } else { DeliveryReport::Failed };
                let now = self.now;
                self.server().handle_report(&to, (how >> 1).into(), report, now).expect("memory works");
                self.check(false);
            }
            _ => {
                self.starts += 1;
                self.servers[self.turn] = serve(&self.database, self.starts);
                self.check(false);
            }
        }
    }
}

fn enrolled(server: &mut Server<MemoryStore>, msisdn: &Msisdn) -> Enrolled {
    let cards = server.store().cards().expect("memory works");
    cards.into_iter().find(|(of, _)| of == msisdn).expect("the card was enrolled").1
}

pub fn run(octets: &[u8]) -> &'static str {
    let mut place = Place::new();
    let mut steps = Steps(octets);
    while !steps.is_empty() {
        place.step(&mut steps);
    }
    match (place.completed, place.sent.len()) {
        (1.., _) => "completed",
        (_, 1..) => "taken",
        _ => super::NOTHING,
    }
}
