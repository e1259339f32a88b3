//! How the world of a plan is made.

use std::{
    cell::RefCell,
    collections::{BTreeMap, btree_map::Entry},
    fmt::Display,
    rc::Rc,
};

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{
    Coding, Policy, Settings, Spacing,
    security::{KeySet, KeyVersion},
};
use oxisim_card::{Card, Profile};
use oxisim_phonebook::{AlphaIdentifier, Book, DiallingNumber, Record};
use oxisim_server::{Iccid, MasterKey, Msisdn};
use oxisim_sms::Address;
use oxisim_terminal::{Config, Terminal};
use oxisim_trace::Recorder;
use oxisim_wire::{Duration, Instant};
use oxisim_world::{Bearer, Setup, User, World, read_phonebook, write_phonebook};

use crate::{
    Mode, Plan, Verdict, Watched,
    home::Home,
    invariant::Watch,
    phonebook::CardBook,
    run::Run,
    servers::{Line, Servers},
};

/// The server's number.
const SERVER: &str = "+15550199999";
const MASTER_KEY: MasterKey = MasterKey::new(*b"a master key....");

/// A Monday, 08:00 UTC.
const START: Instant = Instant::from_secs(1_767_600_000);

/// Records of the phonebook beyond the contacts.
pub(crate) const FREE_SLOTS: u16 = 5;

/// Blocks of a subset, and the pause between two.
pub(crate) const SUBSET: u16 = 3;
const PAUSE: Duration = Duration::from_mins(2);

/// A time that the normal way of a few contacts keeps, and that of many does not.
const THRESHOLD: Duration = Duration::from_secs(30);

/// Who there can be in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Resident {
    /// Their number.
    pub number: &'static str,
    pub iccid: &'static str,
    /// What the names of their contacts begin with, and their numbers.
    contact: &'static str,
    prefix: &'static str,
}

pub(crate) const SUBSCRIBER: Resident =
    Resident { number: "+15550100001", iccid: "8900101000000000019", contact: "Contact", prefix: "+49151" };

/// The second subscriber of a world; where there is none, somebody of whom the server must never know anything.
pub(crate) const NEIGHBOUR: Resident =
    Resident { number: "+15550100002", iccid: "8900101000000000027", contact: "Other", prefix: "+43660" };

/// What a card is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Recipe {
    resident: Resident,
    contacts: u16,
    /// How its applet is set.
    mode: Mode,
    compact: bool,
}

/// Makes worlds. It makes a card with its phonebook once, and copies it for every world that begins with the same; keys and
/// counters are written to the copy.
#[derive(Debug, Default)]
pub struct Runner {
    cards: BTreeMap<Recipe, (Card, Rc<CardBook>)>,
    /// Cards of worlds that are over, in whose place others come.
    spare: Vec<Card>,
}

impl Runner {
    /// When every world begins.
    pub const START: Instant = START;

    /// Lets a plan run to its end, or until something is not true.
    ///
    /// # Errors
    /// If the world cannot be made: more contacts than a phonebook has.
    pub fn run(&mut self, plan: &Plan) -> Result<Verdict, String> {
        let mut run = self.begin(plan)?;
        let violation = run.go().err();
        Ok(run.verdict(violation, &mut self.spare))
    }

    /// The same, and writes down what passes at the subscriber's.
    ///
    /// # Errors
    /// As for [`Runner::run`].
    pub fn record(&mut self, plan: &Plan, recorder: &Recorder) -> Result<Verdict, String> {
        let mut run = self.make(plan, true)?;
        let violation = run.go().err();
        run.tell(recorder);
        Ok(run.verdict(violation, &mut self.spare))
    }

    pub(crate) fn begin(&mut self, plan: &Plan) -> Result<Run, String> {
        self.make(plan, false)
    }

    fn make(&mut self, plan: &Plan, is_recorded: bool) -> Result<Run, String> {
        let policy = Policy { spacing: Spacing::Regular(PAUSE), ..Policy::default() };
        let master = plan.secured.then_some(MASTER_KEY);
        let servers = Servers::new(policy, master, plan.seed).map_err(words)?;
        let servers = Rc::new(RefCell::new(servers));
        let residents = if plan.neighbour { &[SUBSCRIBER, NEIGHBOUR][..] } else { &[SUBSCRIBER] };
        let homes: Result<_, _> =
            residents.iter().map(|resident| self.home(plan, *resident, &servers, is_recorded)).collect();
        Ok(Run::new(plan.clone(), homes?, servers))
    }

    fn home(
        &mut self,
        plan: &Plan,
        resident: Resident,
        servers: &Rc<RefCell<Servers>>,
        is_recorded: bool,
    ) -> Result<Home, String> {
        let iccid: Iccid = resident.iccid.parse().map_err(words)?;
        let server: Address = SERVER.parse().map_err(words)?;
        let subscriber: Address = resident.number.parse().map_err(words)?;
        let msisdn: Msisdn = resident.number.parse().map_err(words)?;
        let stranger: Msisdn = NEIGHBOUR.number.parse().map_err(words)?;
        let keys = plan.secured.then(|| MASTER_KEY.card_keys(&iccid, KeyVersion::FIRST));
        if plan.secured {
            servers.borrow_mut().enrol(&msisdn, &iccid, START).map_err(words)?;
        }
        let (card, phonebook) = self.card(plan, resident, &server, keys.as_ref())?;
        let watch = Watch::new(
            &card,
            phonebook,
            msisdn,
            (!plan.neighbour).then_some(stranger),
            resident,
            keys.clone(),
            START,
        );
        let setup = Setup {
            card: Watched::new(card, is_recorded),
            terminal: Terminal::new(Config::default()),
            application: None,
            subscriber: subscriber.clone(),
            server,
            keys,
            bearer: Bearer::default(),
            user: User { calls_every: Duration::ZERO, answer: plan.answer.choice(), ..User::default() },
            start: START,
            seed: plan.seed,
        };
        let line = Line::new(Rc::clone(servers), subscriber);
        Ok(Home::new(World::new(setup, line), watch, resident))
    }

    /// A card with the applet and the contacts, and its phonebook.
    fn card(
        &mut self,
        plan: &Plan,
        resident: Resident,
        server: &Address,
        keys: Option<&KeySet>,
    ) -> Result<(Card, Rc<CardBook>), String> {
        let Plan { contacts, mode, compact, .. } = *plan;
        let recipe = Recipe { resident, contacts, mode, compact };
        let (card, phonebook) = match self.cards.entry(recipe) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(recipe.make(server)?),
        };
        let mut copy = self.spare.pop().unwrap_or_else(|| card.clone());
        copy.clone_from(card);
        if let Some(keys) = keys {
            PhonebookBackup::personalise_keys(&mut copy, keys, plan.counter, 0).map_err(words)?;
        }
        if plan.generation != 0 {
            PhonebookBackup::personalise(&mut copy, plan.generation).map_err(words)?;
        }
        Ok((copy, Rc::clone(phonebook)))
    }
}

impl Recipe {
    /// A new card with the applet and the contacts, and its phonebook.
    fn make(self, server: &Address) -> Result<(Card, Rc<CardBook>), String> {
        let Self { resident, contacts, mode, compact } = self;
        let slots = u8::try_from(contacts + FREE_SLOTS).map_err(|_| "too many contacts".to_owned())?;
        let profile =
            Profile { phonebook_records: slots, iccid: resident.iccid.into(), ..Profile::default() };
        let settings = Settings {
            mode: mode.uploading(),
            subset: SUBSET,
            pause: PAUSE,
            threshold: THRESHOLD,
            coding: if compact { Coding::general() } else { Coding::Plain },
            ..Settings::default()
        };
        let mut card = Card::new(&profile).with_applet(PhonebookBackup::new(server.clone(), settings));
        let book: Book = (1..=contacts).map(|slot| (slot, resident.contact(u32::from(slot)))).collect();
        change_phonebook(&mut card, &book)?;
        let phonebook = CardBook::of(&mut card).ok_or("the phonebook cannot be read")?;
        Ok((card, Rc::new(phonebook)))
    }
}

impl Resident {
    /// A contact of theirs.
    pub fn contact(self, number: u32) -> Record {
        let parsed = DiallingNumber::parse(&format!("{}{number:06}", self.prefix), 40).ok();
        Record {
            alpha: AlphaIdentifier::fit(&format!("{} {number}", self.contact), 14).alpha,
            number: parsed.map(|parsed| parsed.number),
            additional: Vec::new(),
        }
    }

    /// Whether a contact is one of theirs.
    pub fn has(self, contact: &Record) -> bool {
        // Latin letters have the same codes in the default alphabet of a SIM (TS 102 221 annex A).
        contact.alpha.octets().starts_with(self.contact.as_bytes())
    }
}

pub(crate) fn change_phonebook(card: &mut Card, book: &Book) -> Result<(), String> {
    let mut records = read_phonebook(card);
    records.store(book).map_err(words)?;
    write_phonebook(card, &records).map_err(|status| format!("{status:?}"))
}

fn words(error: impl Display) -> String {
    error.to_string()
}
