//! One plan, from its beginning to a verdict.

use std::collections::BTreeMap;

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{
    Coding, Mode as Uploading, Outcome, Outgoing, Policy, Settings, Spacing,
    carriage::{self, Direction},
    message::Source,
    security::{KeySet, KeyVersion},
};
use oxisim_card::{Card, Profile};
use oxisim_phonebook::{AlphaIdentifier, Book, DiallingNumber, Record};
use oxisim_server::{Iccid, MasterKey, Msisdn};
use oxisim_sms::{Address, ProtocolIdentifier, UserData, packet::Counter};
use oxisim_terminal::{Config, SubmitError, Terminal, User as Press};
use oxisim_trace::Recorder;
use oxisim_wire::{Duration, Instant};
use oxisim_world::{Bearer, Happening, Mishap, Outage, Setup, User, World, read_phonebook, write_phonebook};

use crate::{
    Coverage, Fault, Invariant, Kind, Mode, Plan, Violation, Watched, invariant::Watch, servers::Servers,
};

const SUBSCRIBER: &str = "+15550100001";
const STRANGER: &str = "+15550100002";
const SERVER: &str = "+15550199999";
const ICCID: &str = "8900101000000000019";
const MASTER_KEY: MasterKey = MasterKey::new(*b"a master key....");

/// A Monday, 08:00 UTC.
const START: Instant = Instant::from_secs(1_767_600_000);

/// Records of the phonebook beyond the contacts.
const FREE_SLOTS: u16 = 5;

/// Blocks of a subset, and the pause between two.
const SUBSET: u16 = 3;
const PAUSE: Duration = Duration::from_mins(2);

/// The time in which a backup that is under way ends once nothing goes wrong any more.
const BOUND: Duration = Duration::from_mins(4 * 24 * 60);

/// How often the user asks then, at most: a backup that failed says that the next one will be whole.
const TRIES: u8 = 3;

/// What came of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What was not true, if anything was not.
    pub violation: Option<Violation>,
    /// How often each fault really happened.
    pub faults: BTreeMap<Kind, u64>,
    /// Texts with which backups ended, and how often.
    pub ends: BTreeMap<String, u64>,
    /// What the card and the server have reached.
    pub coverage: Coverage,
    /// All that happened.
    pub happenings: Vec<Happening>,
}

/// Makes worlds. It makes a card once, and copies it for every world that begins with the same.
#[derive(Debug, Default)]
pub struct Runner {
    cards: BTreeMap<(u16, Mode, bool, bool), Card>,
}

impl Runner {
    /// When every world begins.
    pub const START: Instant = START;

    /// Lets a plan run to its end, or until something is not true.
    ///
    /// # Errors
    /// If the world cannot be made: more contacts than a phonebook has.
    pub fn run(&mut self, plan: &Plan) -> Result<Verdict, String> {
        let mut run = self.begin(plan, false)?;
        let violation = run.go(plan).err();
        Ok(run.verdict(violation))
    }

    /// The same, and writes down what passes.
    ///
    /// # Errors
    /// As for [`Runner::run`].
    pub fn record(&mut self, plan: &Plan, recorder: &Recorder) -> Result<Verdict, String> {
        let mut run = self.begin(plan, true)?;
        let violation = run.go(plan).err();
        run.world.card.tell(&run.world.record, recorder);
        Ok(run.verdict(violation))
    }
    fn begin(&mut self, plan: &Plan, is_recorded: bool) -> Result<Run, String> {
        let words = |error: &dyn std::fmt::Display| error.to_string();
        let iccid: Iccid = ICCID.parse().map_err(|error| words(&error))?;
        let server: Address = SERVER.parse().map_err(|error| words(&error))?;
        let subscriber: Address = SUBSCRIBER.parse().map_err(|error| words(&error))?;
        let msisdn: Msisdn = SUBSCRIBER.parse().map_err(|error| words(&error))?;
        let stranger: Msisdn = STRANGER.parse().map_err(|error| words(&error))?;
        let keys = plan.secured.then(|| MASTER_KEY.card_keys(&iccid, KeyVersion::FIRST));
        let kind = (plan.contacts, plan.mode, plan.secured, plan.compact);
        let mut card = if let Some(card) = self.cards.get(&kind) {
            card.clone()
        } else {
            let card = card(plan, &server, keys.as_ref())?;
            self.cards.entry(kind).or_insert(card).clone()
        };
        let policy = Policy { spacing: Spacing::Regular(PAUSE), ..Policy::default() };
        let master = plan.secured.then_some(MASTER_KEY);
        let mut servers = Servers::new(policy, master, plan.seed).map_err(|error| words(&error))?;
        if let Some(server) = servers.server().filter(|_| plan.secured) {
            server.enrol(&msisdn, &iccid, KeyVersion::FIRST, START).map_err(|error| words(&error))?;
        }
        let subset = if plan.mode == Mode::Normal { usize::MAX } else { usize::from(SUBSET) };
        let watch = Watch::new(&mut card, msisdn, stranger, keys.clone(), subset, START);
        let setup = Setup {
            card: Watched::new(card, is_recorded),
            terminal: Terminal::new(Config::default()),
            application: None,
            subscriber,
            server,
            keys: keys.clone(),
            bearer: Bearer::default(),
            user: User { calls_every: Duration::ZERO, ..User::default() },
            start: START,
            seed: plan.seed,
        };
        Ok(Run {
            world: World::new(setup, servers),
            watch,
            keys,
            config: Config::default(),
            ends: BTreeMap::new(),
            faults: BTreeMap::new(),
            coverage: Coverage::default(),
            outages: Vec::new(),
            on_at: None,
        })
    }
}

/// A card with the applet and the contacts.
fn card(plan: &Plan, server: &Address, keys: Option<&KeySet>) -> Result<Card, String> {
    let slots = u8::try_from(plan.contacts + FREE_SLOTS).map_err(|_| "too many contacts".to_owned())?;
    let profile = Profile { phonebook_records: slots, iccid: ICCID.into(), ..Profile::default() };
    let settings = Settings {
        mode: Uploading::Fixed(plan.mode.way()),
        subset: SUBSET,
        pause: PAUSE,
        coding: if plan.compact { Coding::general() } else { Coding::Plain },
        ..Settings::default()
    };
    let mut card = Card::new(&profile).with_applet(PhonebookBackup::new(server.clone(), settings));
    if let Some(keys) = keys {
        PhonebookBackup::personalise_keys(&mut card, keys, 0, 0).map_err(|error| error.to_string())?;
    }
    let book: Book = (1..=plan.contacts).map(|slot| (slot, contact(u32::from(slot)))).collect();
    change_phonebook(&mut card, &book)?;
    Ok(card)
}

fn change_phonebook(card: &mut Card, book: &Book) -> Result<(), String> {
    let mut records = read_phonebook(card);
    records.store(book).map_err(|error| error.to_string())?;
    write_phonebook(card, &records).map_err(|status| format!("{status:?}"))
}

fn contact(number: u32) -> Record {
    let parsed = DiallingNumber::parse(&format!("+49151{number:06}"), 40).ok();
    Record {
        alpha: AlphaIdentifier::fit(&format!("Contact {number}"), 14).alpha,
        number: parsed.map(|parsed| parsed.number),
        additional: Vec::new(),
    }
}

/// A world that runs.
struct Run {
    world: World<Servers, Watched<Card>>,
    watch: Watch,
    keys: Option<KeySet>,
    config: Config,
    ends: BTreeMap<String, u64>,
    faults: BTreeMap<Kind, u64>,
    coverage: Coverage,
    /// When there is service again.
    outages: Vec<Instant>,
    /// When the phone is switched on again.
    on_at: Option<Instant>,
}

impl Run {
    fn verdict(self, violation: Option<Violation>) -> Verdict {
        let Self { world, watch, faults, mut ends, coverage, .. } = self;
        if let Some(text) = watch.last_text {
            *ends.entry(text).or_default() += 1;
        }
        Verdict { violation, faults, ends, coverage, happenings: world.record.happenings }
    }

    fn go(&mut self, plan: &Plan) -> Result<(), Violation> {
        self.switch_on();
        self.watch.look(&mut self.world)?;
        let begin = self.world.now();
        self.ask()?;
        for fault in &plan.faults {
            self.run_to(begin + Duration::from_secs(u64::from(fault.at)))?;
            self.befall(fault)?;
        }
        self.stop()?;
        self.end()
    }

    /// Nothing goes wrong any more, but what has already.
    fn stop(&mut self) -> Result<(), Violation> {
        let ends = self.outages.iter().copied().chain(self.on_at).max();
        self.run_to(ends.unwrap_or(self.world.now()).max(self.world.now()))?;
        self.world.card.memory_mut().tear_after(None);
        self.world.forget_mishaps();
        self.world.esme.heal();
        self.run_to(self.world.now() + Duration::from_mins(2))?;
        Ok(())
    }

    /// What is under way ends, and another backup makes the store equal the card.
    fn end(&mut self) -> Result<(), Violation> {
        let until = self.world.now() + BOUND;
        self.run_while(until, |world| PhonebookBackup::under_way(&world.card).is_some())?;
        if PhonebookBackup::under_way(&self.world.card).is_some() {
            return Err(self.dead("the backup is still under way"));
        }
        for _ in 0..TRIES {
            // What the card says last.
            self.run_to(self.world.now() + Duration::from_secs(30))?;
            self.watch.last_text = None;
            self.ask()?;
            let until = self.world.now() + BOUND;
            self.run_while(until, |world| PhonebookBackup::under_way(&world.card).is_some())?;
            self.run_to(self.world.now() + Duration::from_secs(30))?;
            let last = self.watch.last_text.clone().unwrap_or_default();
            if [Outcome::Complete, Outcome::Unchanged].iter().any(|end| end.to_string() == last) {
                self.watch.asked();
                let now = self.world.now();
                return self
                    .watch
                    .look_at_copy(&mut self.world.esme, now)
                    .map_err(|violation| Violation { invariant: Invariant::Live, ..violation });
            }
            *self.ends.entry(last).or_default() += 1;
        }
        Err(self.dead(&format!("no backup is complete: {:?}", self.ends)))
    }

    fn dead(&self, found: &str) -> Violation {
        self.watch.violation(Invariant::Live, self.world.now(), found.to_owned())
    }

    fn ask(&mut self) -> Result<(), Violation> {
        if PhonebookBackup::under_way(&self.world.card).is_none() {
            self.watch.asked();
        }
        let Ok(()) = self.world.request_card_backup();
        self.watch.look(&mut self.world)
    }

    fn run_to(&mut self, end: Instant) -> Result<(), Violation> {
        self.run_while(end, |_| true)
    }

    /// Runs until a time, or until it need not any more, and looks after every step.
    fn run_while(
        &mut self,
        end: Instant,
        go_on: impl Fn(&World<Servers, Watched<Card>>) -> bool,
    ) -> Result<(), Violation> {
        while go_on(&self.world) {
            let next = self.outages.iter().copied().chain(self.on_at).min().filter(|next| *next <= end);
            let Ok(went) = self.world.step(next.unwrap_or(end));
            self.watch.look(&mut self.world)?;
            let World { card, record, esme, .. } = &mut self.world;
            self.coverage.look(card, record.messages.len(), || esme.session(self.watch.subscriber()));
            if self.world.card.memory().is_torn() && self.on_at.is_none() {
                *self.faults.entry(Kind::Torn).or_default() += 1;
                self.switch_off(Duration::from_secs(20), false);
            }
            if !went {
                match next {
                    Some(next) => self.recover(next),
                    None => return Ok(()),
                }
            }
        }
        Ok(())
    }

    /// What has ended at this time works again.
    fn recover(&mut self, now: Instant) {
        self.outages.retain(|end| *end > now);
        if self.on_at.is_some_and(|at| at <= now) {
            self.on_at = None;
            self.switch_on();
        }
        self.set_service();
    }

    /// Without power there is no service either.
    fn set_service(&mut self) {
        let service = !self.outages.is_empty() || self.on_at.is_some();
        self.world.set_outage(Outage { service, ..Outage::default() });
    }

    fn switch_on(&mut self) {
        let Ok(_) = self.world.switch_on();
    }

    fn switch_off(&mut self, length: Duration, by_force: bool) {
        self.on_at = self.on_at.max(Some(self.world.now() + length));
        self.set_service();
        if by_force {
            self.world.lose_power(Terminal::new(self.config.clone()));
        } else {
            let Ok(()) = self.world.switch_off();
        }
    }

    fn befall(&mut self, fault: &Fault) -> Result<(), Violation> {
        let amount = Duration::from_secs(u64::from(fault.amount));
        if fault.kind != Kind::Torn {
            *self.faults.entry(fault.kind).or_default() += 1;
        }
        match fault.kind {
            Kind::Lost => self.mishap(fault, Mishap::Lost),
            Kind::Doubled | Kind::Replayed => self.mishap(fault, Mishap::Doubled(amount)),
            Kind::Delayed | Kind::Reordered => self.mishap(fault, Mishap::Delayed(amount)),
            Kind::Corrupted => self.mishap(fault, Mishap::Corrupted(fault.amount as u16)),
            Kind::Truncated => self.mishap(fault, Mishap::Truncated(fault.amount as u8)),
            Kind::Misaddressed => match STRANGER.parse() {
                Ok(stranger) if fault.amount % 2 == 1 && !fault.to_phone => {
                    self.mishap(fault, Mishap::From(stranger));
                }
                _ => self.mishap(fault, Mishap::Misaddressed),
            },
            Kind::CentreFull => {
                // Memory capacity exceeded (TS 24.011 §8.2.5.4).
                self.world.befall(true, Mishap::NotSubmitted(SubmitError::Relay { cause: 22 }));
            }
            Kind::Busy => {
                let cause = Some(fault.amount as u8);
                self.world.befall(true, Mishap::NotSubmitted(SubmitError::Network { cause }));
            }
            Kind::Expired => self.world.befall(false, Mishap::Expired),
            Kind::Forged => self.forge(fault),
            Kind::NoService => {
                self.outages.push(self.world.now() + amount);
                self.set_service();
            }
            Kind::Torn => self.world.card.memory_mut().tear_after(Some(u64::from(fault.amount))),
            Kind::Off => self.switch_off(amount, false),
            Kind::Reset => self.switch_off(Duration::ZERO, false),
            Kind::Battery => self.switch_off(amount, true),
            Kind::Ended => self.world.terminal.handle_user(&Press::EndSession, self.world.now()),
            Kind::Again => return self.ask(),
            Kind::OtherPhone => {
                self.config = lesser(fault.amount);
                self.switch_off(Duration::from_secs(60), true);
            }
            Kind::Edited | Kind::Added | Kind::Deleted => self.edit(fault),
            Kind::Killed => self.world.esme.kill_after(fault.amount),
            Kind::Refused => self.world.esme.refuse_after(fault.amount),
            Kind::OldClock => self.world.esme.set_slow(amount),
            Kind::Second => {
                if self.world.esme.count() < 2 {
                    // A database in memory always opens.
                    let _ = self.world.esme.start();
                }
            }
        }
        Ok(())
    }

    fn mishap(&mut self, fault: &Fault, mishap: Mishap) {
        self.world.befall(!fault.to_phone, mishap);
    }

    /// The user changes a contact.
    fn edit(&mut self, fault: &Fault) {
        if self.world.card.memory().is_torn() || self.world.card.memory().in_transaction() {
            return;
        }
        let Some(mut book) = self.watch.book().cloned() else { return };
        let contacts = self.keep_contacts();
        let slot = 1 + fault.amount as u16 % contacts.max(1);
        match fault.kind {
            Kind::Deleted => drop(book.remove(slot)),
            Kind::Added => drop(
                book.insert(contacts + 1 + fault.amount as u16 % FREE_SLOTS, contact(900 + fault.amount)),
            ),
            _ => drop(book.insert(slot, contact(500 + fault.at % 400))),
        }
        // A tear that is due in this write comes with the next one of the card.
        self.world.card.memory_mut().tear_after(None);
        if change_phonebook(&mut self.world.card, &book).is_ok() {
            self.watch.phonebook_changed(&mut self.world.card);
        }
    }

    fn keep_contacts(&mut self) -> u16 {
        let records = read_phonebook(&mut self.world.card).adn.len() as u16;
        records.saturating_sub(FREE_SLOTS)
    }

    /// Somebody sends a message without the card's keys: with others, or with none.
    fn forge(&mut self, fault: &Fault) {
        let Some(keys) = &self.keys else { return };
        let shape = fault.amount as u8;
        let wrong = KeySet { kic: [shape; 16], ..keys.clone() };
        // An octet that names a message of the protocol, and whatever follows.
        let message: Vec<u8> =
            (0..20).map(|at| if at == 0 { shape >> 4 } else { shape.wrapping_mul(at) }).collect();
        let direction = if fault.to_phone { Direction::ToCard } else { Direction::ToServer };
        let counter = Counter::from(1_000_000 + u32::from(shape));
        let made = match shape % 3 {
            0 => carriage::wrap(Source::CARD, counter, message),
            1 => carriage::seal(direction, &wrong, counter, message),
            _ => carriage::seal(direction, keys, counter, message).and_then(spoilt),
        };
        let Ok(user_data) = made else { return };
        if fault.to_phone {
            let Ok(to) = SUBSCRIBER.parse() else { return };
            self.world.inject_to_phone(Outgoing {
                to,
                protocol: ProtocolIdentifier::SIM_DATA_DOWNLOAD,
                user_data,
                reference: u64::MAX,
                validity: Duration::from_mins(60),
            });
        } else {
            self.world.esme.expect_no_effect(&user_data);
            self.world.inject_to_server(user_data);
        }
    }
}

/// The same with another last octet: the checksum does not fit any more.
fn spoilt(user_data: UserData) -> Result<UserData, oxisim_sms::Error> {
    let (coding, header, mut payload) = user_data.into_parts();
    if let Some(last) = payload.last_mut() {
        *last ^= 1;
    }
    UserData::new(coding, header, payload)
}

/// A phone that lacks timers, and perhaps the polling of the card.
fn lesser(amount: u32) -> Config {
    use oxisim_toolkit::{Facility, TerminalProfile};
    let full = Config::default();
    let lacks: &[Facility] = if amount.is_multiple_of(2) {
        &[Facility::TimerManagement, Facility::TimerCurrentValue, Facility::TimerExpiration]
    } else {
        &[Facility::PollInterval]
    };
    let has: Vec<Facility> = full.profile.facilities().filter(|facility| !lacks.contains(facility)).collect();
    Config { profile: TerminalProfile::with(&has), ..full }
}

/// Systems that are broken on purpose: what should be true is not, and that is seen.
#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan { seed: 1, contacts: 20, mode: Mode::Timer, secured: true, compact: false, faults: Vec::new() }
    }

    fn begun() -> Run {
        let mut run = Runner::default().begin(&plan(), false).unwrap();
        run.switch_on();
        run.watch.look(&mut run.world).unwrap();
        run
    }

    fn seen(run: &mut Run) -> Invariant {
        run.watch.look(&mut run.world).unwrap_err().invariant
    }

    #[test]
    fn a_phonebook_that_nobody_has_changed_and_that_is_another_is_seen() {
        let mut run = begun();
        change_phonebook(&mut run.world.card, &Book::default()).unwrap();
        assert_eq!(seen(&mut run), Invariant::Phonebook);
    }

    #[test]
    fn a_message_that_the_server_has_not_sent_and_the_card_takes_is_seen() {
        let mut run = begun();
        let keys = run.keys.clone().unwrap();
        PhonebookBackup::personalise_keys(&mut run.world.card, &keys, 5, 5).unwrap();
        assert_eq!(seen(&mut run), Invariant::CardTaken);
    }

    #[test]
    fn a_counter_that_goes_back_is_seen() {
        let mut run = begun();
        let keys = run.keys.clone().unwrap();
        for taken in [5, 4] {
            PhonebookBackup::personalise_keys(&mut run.world.card, &keys, 5, taken).unwrap();
            let expected = if taken == 5 { Invariant::CardTaken } else { Invariant::CardCounters };
            assert_eq!(seen(&mut run), expected);
        }
    }

    #[test]
    fn memory_that_grows_is_seen() {
        let mut run = begun();
        run.world.card.memory_mut().create("more", &[0; 10]);
        assert_eq!(seen(&mut run), Invariant::Memory);
    }

    #[test]
    fn a_copy_that_is_not_there_is_seen() {
        let mut run = begun();
        let now = run.world.now();
        let violation = run.watch.look_at_copy(&mut run.world.esme, now).unwrap_err();
        assert_eq!(violation.invariant, Invariant::Told);
    }

    #[test]
    fn more_blocks_in_one_burst_than_a_subset_has_are_seen() {
        let mut run = begun();
        let number = |text: &str| text.parse().unwrap();
        run.watch =
            Watch::new(&mut run.world.card, number(SUBSCRIBER), number(STRANGER), run.keys.clone(), 1, START);
        assert_eq!(run.go(&plan()).unwrap_err().invariant, Invariant::Busy);
    }

    #[test]
    fn a_backup_that_never_reaches_the_server_is_seen() {
        let mut run = begun();
        run.world.set_outage(Outage { to_server: true, ..Outage::default() });
        assert_eq!(run.end().unwrap_err().invariant, Invariant::Live);
    }
}
