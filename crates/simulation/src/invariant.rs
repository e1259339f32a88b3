//! What must always be true, whatever goes wrong.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    rc::Rc,
};

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{
    FromServer, Outcome, ToServer, Way,
    carriage::{self, Carried, Direction},
    message::Source,
    security::KeySet,
};
use oxisim_card::Card;
use oxisim_phonebook::Book;
use oxisim_server::Msisdn;
use oxisim_sms::packet::Counter;
use oxisim_wire::Instant;
use oxisim_world::{Mark, Slot, What, World};
use serde::Serialize;

use crate::{
    Watched,
    making::{Resident, SUBSET},
    phonebook::CardBook,
    servers::{Line, Servers},
    whole::Whole,
};

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
    Told "told" "What the user is told is complete is in the store, as the phonebook was when that backup was taken.";
    Kept "kept" "What the store holds is a phonebook that the card has had, as of a backup that was taken.";
    Mixed "mixed" "Nobody has contacts in the store but whose they are.";
    Phonebook "phonebook" "The card's phonebook changes only as its user changes it, and as a restore is to.";
    Restored "restored" "When the user is told that the phonebook is restored, every contact of the copy is there.";
    Busy "busy" "The phone is never busy longer than one subset takes.";
    CardCounters "card-counters" "The counters of the card never go back.";
    ServerCounters "server-counters" "The server never uses the counter of a packet again for another.";
    CardTaken "card-taken" "The card takes no message that the server has not sent.";
    ServerTaken "server-taken" "A message that was made up changes nothing in the store.";
    Replayed "replayed" "A packet that comes again changes nothing in the store.";
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

/// Who holds a subscriber's part of a world against its invariants, after every step.
#[derive(Debug)]
pub struct Watch {
    subscriber: Msisdn,
    /// Somebody of whom the server knows nothing.
    stranger: Option<Msisdn>,
    resident: Resident,
    keys: Option<KeySet>,
    /// Blocks that may go at once, but the normal way.
    subset: usize,
    start: Instant,
    /// What is to be on the card.
    phonebook: Rc<CardBook>,
    /// Phonebooks as they were when backups were taken, by the numbers of those.
    taken: BTreeMap<u16, Rc<CardBook>>,
    /// The phonebook as it was when the user was asked: a backup that follows is of that.
    asked: Option<Rc<CardBook>>,
    /// The backup that is under way, and the one that was last.
    run: Option<(u16, Way)>,
    last: Option<(u16, Way)>,
    /// Copies that were to be written back, and the slots that the user has changed since.
    copies: Vec<(Book, BTreeSet<u16>)>,
    counters: (u64, u64),
    /// The card's mark when it was looked at last: as long as it has that, it has what it had.
    mark: Option<Mark>,
    /// Counters of the server's packets, with what they were for.
    sent: BTreeMap<u64, Vec<u8>>,
    memory: usize,
    happenings: usize,
    messages: usize,
    /// Blocks since the phone became busy.
    burst: usize,
    /// How backups ended, by what the user was told.
    pub ends: BTreeMap<String, u64>,
    /// How the last one did.
    pub last_text: Option<String>,
    /// Those that brought the whole phonebook.
    pub whole: Whole,
}

impl Watch {
    /// Of a world at its beginning, with a card that has this phonebook and is about to make a backup.
    pub fn new(
        card: &Card,
        phonebook: Rc<CardBook>,
        subscriber: Msisdn,
        stranger: Option<Msisdn>,
        resident: Resident,
        keys: Option<KeySet>,
        start: Instant,
    ) -> Self {
        Self {
            subscriber,
            stranger,
            resident,
            keys,
            subset: usize::from(SUBSET),
            start,
            phonebook,
            taken: BTreeMap::new(),
            asked: None,
            run: None,
            last: None,
            copies: Vec::new(),
            counters: (0, 0),
            mark: None,
            sent: BTreeMap::new(),
            memory: card.memory().used(),
            happenings: 0,
            messages: 0,
            burst: 0,
            ends: BTreeMap::new(),
            last_text: None,
            whole: Whole::default(),
        }
    }

    /// Whose card it is.
    pub const fn subscriber(&self) -> &Msisdn {
        &self.subscriber
    }

    /// The card's keys.
    pub const fn keys(&self) -> Option<&KeySet> {
        self.keys.as_ref()
    }

    /// The phonebook as it is now.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.phonebook.book
    }

    /// Whether a backup of the card is under way.
    pub const fn is_backing_up(&self) -> bool {
        self.run.is_some()
    }

    /// Whether the card has used its last counter.
    pub fn has_run_out(&self) -> bool {
        self.counters.0 == Counter::MAX.value()
    }

    /// So many blocks may go at once.
    #[cfg(test)]
    pub const fn allow(&mut self, blocks: usize) {
        self.subset = blocks;
    }

    /// The user has changed the phonebook.
    pub fn phonebook_changed(&mut self, card: &mut Card) {
        let Some(phonebook) = CardBook::of(card) else { return };
        let changed = differences(self.book(), &phonebook.book);
        self.copies.iter_mut().for_each(|(_, edited)| edited.extend(&changed));
        self.phonebook = Rc::new(phonebook);
    }

    /// A copy is written back onto the card from now on.
    pub fn restoring(&mut self, copy: Book) {
        self.copies.push((copy, BTreeSet::new()));
    }

    /// Looks at all that has happened since it looked last.
    pub fn look(
        &mut self,
        world: &mut World<Line, Watched<Card>>,
        servers: &mut Servers,
    ) -> Result<(), Violation> {
        let now = world.now();
        self.look_at_card(&mut world.card, now)?;
        self.look_at_messages(servers, now)?;
        while let Some(happening) = world.record.happenings.get(self.happenings) {
            self.happenings += 1;
            self.whole.look(&happening.what);
            match &happening.what {
                What::Busy(_) => self.burst = 0,
                What::Sending { message: Some(ToServer::Blocks(blocks)), .. } => {
                    self.burst += 1;
                    let is_normal = self.run.or(self.last).is_some_and(|(_, way)| way == Way::NORMAL);
                    if self.burst > self.subset && !is_normal && blocks.backup.source == Source::CARD {
                        let found = format!("{} blocks in one burst", self.burst);
                        return Err(self.violation(Invariant::Busy, now, found));
                    }
                }
                What::Prompt { .. } => self.asked = Some(Rc::clone(&self.phonebook)),
                What::Answered(Some(FromServer::Ok { .. })) => self.look_at_copies(servers, now)?,
                What::Text(text) => self.look_at_text(text.clone(), servers, now)?,
                _ => {}
            }
        }
        match servers.effect() {
            Some((invariant, found)) => Err(self.violation(*invariant, now, found.clone())),
            None => Ok(()),
        }
    }

    fn look_at_card(&mut self, card: &mut Card, now: Instant) -> Result<(), Violation> {
        let memory = card.memory();
        let mark = Slot::mark(card);
        if std::mem::replace(&mut self.mark, mark) == mark {
            return Ok(());
        }
        if memory.used() > self.memory {
            let found = format!("{} octets, and {} before", memory.used(), self.memory);
            return Err(self.violation(Invariant::Memory, now, found));
        }
        if memory.is_torn() {
            return Ok(());
        }
        if !memory.in_transaction() && !self.phonebook.is_on(card) {
            self.look_at_phonebook(card, now)?;
        }
        let run = PhonebookBackup::run(card);
        if let Some((generation, way)) = run
            && self.run.is_none_or(|(other, _)| other != generation)
        {
            let taken = self.asked.take().unwrap_or_else(|| Rc::clone(&self.phonebook));
            self.taken.insert(generation, taken);
            self.last = Some((generation, way));
        }
        self.run = run;
        let Some(counters) = PhonebookBackup::counters(card) else { return Ok(()) };
        let last = std::mem::replace(&mut self.counters, counters);
        if counters.0 < last.0 || counters.1 < last.1 {
            let found = format!("{counters:?} after {last:?}");
            return Err(self.violation(Invariant::CardCounters, now, found));
        }
        Ok(())
    }

    /// The phonebook is another: every contact that is must be one of a copy.
    fn look_at_phonebook(&mut self, card: &mut Card, now: Instant) -> Result<(), Violation> {
        let Some(phonebook) = CardBook::of(card) else {
            return Err(self.violation(Invariant::Phonebook, now, "it cannot be read".into()));
        };
        for slot in differences(self.book(), &phonebook.book) {
            let contact = phonebook.book.record(slot);
            if !self.copies.iter().any(|(copy, _)| contact.is_some() && copy.record(slot) == contact) {
                let found = format!("contact {slot} is {contact:?}, and was {:?}", self.book().record(slot));
                return Err(self.violation(Invariant::Phonebook, now, found));
            }
        }
        self.phonebook = Rc::new(phonebook);
        Ok(())
    }

    fn look_at_messages(&mut self, servers: &Servers, now: Instant) -> Result<(), Violation> {
        let Some(keys) = &self.keys else { return Ok(()) };
        while let Some((to, user_data)) = servers.sent.get(self.messages) {
            self.messages += 1;
            let Some(Carried::Sealed(sealed)) = carriage::read(user_data) else { continue };
            if Msisdn::try_from(to).ok().as_ref() != Some(&self.subscriber) {
                continue;
            }
            let Ok((counter, message)) = sealed.open(Direction::ToCard, keys) else { continue };
            let counter = counter.value();
            if self.sent.get(&counter).is_some_and(|was| *was != message) {
                let found = format!("{counter} twice");
                return Err(self.violation(Invariant::ServerCounters, now, found));
            }
            self.sent.insert(counter, message);
        }
        let taken = self.counters.1;
        if taken != 0 && !self.sent.contains_key(&taken) {
            let found = format!("it has taken {taken}");
            return Err(self.violation(Invariant::CardTaken, now, found));
        }
        Ok(())
    }

    fn look_at_text(&mut self, text: String, servers: &mut Servers, now: Instant) -> Result<(), Violation> {
        if text == Outcome::Complete.to_string() {
            self.look_at_told(servers, now)?;
        }
        if text == Outcome::Restored.to_string() {
            self.look_at_restored(now)?;
        }
        if Outcome::is_end(&text) {
            *self.ends.entry(text.clone()).or_default() += 1;
            self.last_text = Some(text);
        }
        Ok(())
    }

    /// The user has been told that the backup is complete.
    fn look_at_told(&self, servers: &mut Servers, now: Instant) -> Result<(), Violation> {
        self.look_at_copies(servers, now)?;
        let Some(held) = servers.held(&self.subscriber) else {
            return Err(self.violation(Invariant::Told, now, "there is no copy".into()));
        };
        // One that has begun since is none of which this is said.
        let told = match (self.run, self.last) {
            (Some((running, _)), _) => running.wrapping_sub(1),
            (None, Some((last, _))) => last,
            (None, None) => held.generation,
        };
        if held.generation != told && self.run.is_none_or(|(running, _)| running != held.generation) {
            let found = format!("the copy is of backup {}, and not of {told}", held.generation);
            return Err(self.violation(Invariant::Told, now, found));
        }
        Ok(())
    }

    /// What there is in the store is whose it is, and as it was when that backup was taken.
    pub fn look_at_copies(&self, servers: &mut Servers, now: Instant) -> Result<(), Violation> {
        if let Some(stranger) = self.stranger.as_ref().filter(|stranger| servers.held(stranger).is_some()) {
            return Err(self.violation(Invariant::Mixed, now, format!("a copy of {stranger}")));
        }
        let Some(held) = servers.held(&self.subscriber) else { return Ok(()) };
        if let Some((slot, contact)) = held.book.iter().find(|(_, contact)| !self.resident.has(contact)) {
            let found = format!("contact {slot} of {} is {contact:?}", self.subscriber);
            return Err(self.violation(Invariant::Mixed, now, found));
        }
        match self.taken.get(&held.generation) {
            Some(taken) if taken.book == held.book => Ok(()),
            taken => {
                let found = format!(
                    "{} contacts as backup {}, when {} were taken",
                    held.book.len(),
                    held.generation,
                    taken.map_or("none".into(), |taken| taken.book.len().to_string())
                );
                Err(self.violation(Invariant::Kept, now, found))
            }
        }
    }

    /// Nothing goes wrong any more, and the last backup has ended well.
    pub fn look_at_end(&self, servers: &mut Servers, now: Instant) -> Result<(), Violation> {
        self.look_at_copies(servers, now)?;
        let held = servers.held(&self.subscriber);
        if held.as_ref().is_some_and(|held| held.book == *self.book()) {
            return Ok(());
        }
        let held = held.map_or("no copy".into(), |held| format!("{} contacts", held.book.len()));
        let found = format!("{held}, and another phonebook of {} on the card", self.book().len());
        Err(self.violation(Invariant::Live, now, found))
    }

    /// The user has been told that the phonebook is restored.
    fn look_at_restored(&self, now: Instant) -> Result<(), Violation> {
        let is_there = |(copy, edited): &(Book, BTreeSet<u16>)| {
            copy.iter()
                .all(|(slot, contact)| edited.contains(&slot) || self.book().record(slot) == Some(contact))
        };
        if self.copies.iter().any(is_there) {
            return Ok(());
        }
        let found = format!("none of {} copies is on the card", self.copies.len());
        Err(self.violation(Invariant::Restored, now, found))
    }

    /// Something was not true.
    #[must_use]
    pub fn violation(&self, invariant: Invariant, now: Instant, found: String) -> Violation {
        Violation { invariant, at: now.since(self.start).as_secs(), found }
    }
}

/// Slots in which two phonebooks differ.
fn differences(one: &Book, other: &Book) -> BTreeSet<u16> {
    let slots = one.iter().chain(other.iter()).map(|(slot, _)| slot);
    slots.filter(|slot| one.record(*slot) != other.record(*slot)).collect()
}
