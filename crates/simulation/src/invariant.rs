//! What must always be true, whatever goes wrong.

use std::fmt;

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{
    Outcome, ToServer,
    carriage::{self, Carried, Direction},
    message::Source,
    security::KeySet,
};
use oxisim_card::{Card, Handle};
use oxisim_phonebook::Book;
use oxisim_server::Msisdn;
use oxisim_wire::Instant;
use oxisim_world::{What, World, read_phonebook};
use serde::Serialize;

use crate::{Watched, servers::Servers};

/// Declares what must be true: its name, and the sentence.
macro_rules! invariants {
    ($($invariant:ident $name:literal $sentence:literal;)+) => {
        /// What must always be true.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Invariant {
            $(#[doc = $sentence] $invariant,)+
        }

        impl Invariant {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$invariant),+];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$invariant => $name,)+
                }
            }
        }

        impl fmt::Display for Invariant {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$invariant => $sentence,)+
                })
            }
        }
    };
}

invariants! {
    Told "told" "What the user is told is complete is in the store, as the phonebook was when the backup was taken.";
    Mixed "mixed" "Nobody has contacts in the store but the subscriber.";
    Phonebook "phonebook" "A backup never changes the card's phonebook.";
    Busy "busy" "The phone is never busy longer than one subset takes.";
    CardCounters "card-counters" "The counters of the card never go back.";
    ServerCounters "server-counters" "The server never uses the counter of a packet again for another.";
    CardTaken "card-taken" "The card takes no message that the server has not sent.";
    ServerTaken "server-taken" "A message that was made up changes nothing in the store.";
    Memory "memory" "The card's memory holds no more than it did before the backup.";
    Live "live" "When nothing goes wrong any more, a backup ends in time, and the store equals the card.";
}

/// What was not true, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// What should have been true.
    pub invariant: Invariant,
    /// Seconds since the world began.
    pub at: u64,
    /// What was found instead.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} After {} s: {}", self.invariant.name(), self.invariant, self.at, self.found)
    }
}

/// Who holds a world against its invariants, after every step.
#[derive(Debug)]
pub struct Watch {
    subscriber: Msisdn,
    stranger: Msisdn,
    keys: Option<KeySet>,
    /// Blocks that may go at once.
    subset: usize,
    start: Instant,
    /// The card's files of the phonebook, and what is to be in them.
    files: Vec<(Handle, Vec<u8>)>,
    /// The phonebook, as it has been since the user asked for the backup.
    books: Vec<Book>,
    counters: (u64, u64),
    /// Counters of the server's packets, with what they were for.
    sent: Vec<(u64, Vec<u8>)>,
    memory: usize,
    happenings: usize,
    messages: usize,
    /// Blocks since the phone became busy.
    burst: usize,
    /// How often the user was told that a backup is complete.
    pub told: usize,
    /// How the last backup ended.
    pub last_text: Option<String>,
}

/// Objects of the card's memory that are its phonebook.
const PHONEBOOK: [&str; 3] = ["6F3A", "4F4A", "4F11"];

impl Watch {
    /// Of a world at its beginning, with a card that is about to make a backup.
    pub fn new(
        card: &mut Card,
        subscriber: Msisdn,
        stranger: Msisdn,
        keys: Option<KeySet>,
        subset: usize,
        start: Instant,
    ) -> Self {
        let mut watch = Self {
            subscriber,
            stranger,
            keys,
            subset,
            start,
            files: Vec::new(),
            books: Vec::new(),
            counters: (0, 0),
            sent: Vec::new(),
            memory: card.memory().used(),
            happenings: 0,
            messages: 0,
            burst: 0,
            told: 0,
            last_text: None,
        };
        watch.phonebook_changed(card);
        watch
    }

    /// The user has changed the phonebook.
    pub fn phonebook_changed(&mut self, card: &mut Card) {
        let memory = card.memory();
        let names: Vec<String> = memory
            .objects()
            .map(|(name, _)| name.to_owned())
            .filter(|name| PHONEBOOK.iter().any(|file| name.ends_with(file)))
            .collect();
        let files = names.iter().filter_map(|name| memory.find(name));
        self.files = files.map(|file| (file, memory.read(file).to_vec())).collect();
        self.books.extend(read_phonebook(card).book());
    }

    /// The user asks for a backup, while none is under way: it is of the phonebook as it is now, or later.
    pub fn asked(&mut self) {
        let last = self.books.pop();
        self.books = last.into_iter().collect();
    }

    /// Whom it watches.
    #[must_use]
    pub const fn subscriber(&self) -> &Msisdn {
        &self.subscriber
    }

    /// The phonebook as it is now.
    #[must_use]
    pub fn book(&self) -> Option<&Book> {
        self.books.last()
    }

    /// Looks at all that has happened since it looked last.
    pub fn look(&mut self, world: &mut World<Servers, Watched<Card>>) -> Result<(), Violation> {
        let now = world.now();
        self.look_at_card(&world.card, now)?;
        self.look_at_messages(world)?;
        while let Some(happening) = world.record.happenings.get(self.happenings) {
            self.happenings += 1;
            match &happening.what {
                What::Busy(_) => self.burst = 0,
                What::Sending { message: Some(ToServer::Blocks(blocks)), .. } => {
                    self.burst += 1;
                    if self.burst > self.subset && blocks.backup.source == Source::CARD {
                        let found = format!("{} blocks in one burst", self.burst);
                        return Err(self.violation(Invariant::Busy, now, found));
                    }
                }
                What::Text(text) => {
                    self.last_text = Some(text.clone());
                    if *text == Outcome::Complete.to_string() {
                        self.told += 1;
                        self.look_at_copy(&mut world.esme, now)?;
                    }
                }
                _ => {}
            }
        }
        match world.esme.effect() {
            Some(found) => Err(self.violation(Invariant::ServerTaken, now, found)),
            None => Ok(()),
        }
    }

    fn look_at_card(&mut self, card: &Card, now: Instant) -> Result<(), Violation> {
        for (file, octets) in &self.files {
            if card.memory().read(*file) != octets.as_slice() && !card.memory().in_transaction() {
                let found = format!("{} has changed", card.memory().name(*file).unwrap_or_default());
                return Err(self.violation(Invariant::Phonebook, now, found));
            }
        }
        if card.memory().used() > self.memory {
            let found = format!("{} octets, and {} before", card.memory().used(), self.memory);
            return Err(self.violation(Invariant::Memory, now, found));
        }
        let Some(counters) = PhonebookBackup::counters(card).filter(|_| !card.memory().is_torn()) else {
            return Ok(());
        };
        let last = std::mem::replace(&mut self.counters, counters);
        if counters.0 < last.0 || counters.1 < last.1 {
            let found = format!("{counters:?} after {last:?}");
            return Err(self.violation(Invariant::CardCounters, now, found));
        }
        Ok(())
    }

    fn look_at_messages(&mut self, world: &World<Servers, Watched<Card>>) -> Result<(), Violation> {
        let now = world.now();
        let Some(keys) = &self.keys else { return Ok(()) };
        while let Some(user_data) = world.esme.sent.get(self.messages) {
            self.messages += 1;
            let Some(Carried::Sealed(sealed)) = carriage::read(user_data) else { continue };
            let Ok((counter, message)) = sealed.open(Direction::ToCard, keys) else { continue };
            let counter = counter.value();
            if self.sent.iter().any(|(other, was)| *other == counter && *was != message) {
                let found = format!("{counter} twice");
                return Err(self.violation(Invariant::ServerCounters, now, found));
            }
            self.sent.push((counter, message));
        }
        let taken = self.counters.1;
        if taken != 0 && self.sent.iter().all(|(counter, _)| *counter != taken) {
            let found = format!("it has taken {taken}");
            return Err(self.violation(Invariant::CardTaken, now, found));
        }
        Ok(())
    }

    /// The store is what the user has been told.
    pub fn look_at_copy(&self, servers: &mut Servers, now: Instant) -> Result<(), Violation> {
        if servers.held(&self.stranger).is_some() {
            let found = format!("a copy of {}", self.stranger);
            return Err(self.violation(Invariant::Mixed, now, found));
        }
        let held = servers.held(&self.subscriber);
        if held.as_ref().is_some_and(|held| self.books.contains(&held.book)) {
            return Ok(());
        }
        let found = match held {
            None => "there is no copy".into(),
            Some(held) => {
                let wanted = self.books.last().map_or(0, Book::len);
                format!("{} contacts, another phonebook than the {wanted} on the card", held.book.len())
            }
        };
        Err(self.violation(Invariant::Told, now, found))
    }

    /// Something was not true.
    #[must_use]
    pub fn violation(&self, invariant: Invariant, now: Instant, found: String) -> Violation {
        Violation { invariant, at: now.since(self.start).as_secs(), found }
    }
}
