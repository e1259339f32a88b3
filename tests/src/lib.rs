//! A small world for scenarios: a card with the backup applet, a phone, an SMS centre without delay, and the backup
//! server on a database in memory.

pub mod sequences;
pub mod targets;

use std::fmt::Debug;

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{
    Esme, FromServer, Mode, Policy, Settings, Spacing, ToServer, Way, message::Source, security::KeyVersion,
};
use oxisim_card::{
    Card, Image, Profile,
    file::Structure,
    image::{FileKind, Platform},
};
use oxisim_phonebook::{AlphaIdentifier, Book, DiallingNumber, Record};
use oxisim_server::{MasterKey, Msisdn, Server, SqliteStore, Store};
use oxisim_sms::Address;
use oxisim_terminal::{BackupApplication, Config, Terminal};
use oxisim_wire::{Duration, Instant};
use oxisim_world::{Bearer, Setup, Slot, User, What, World, read_phonebook, write_phonebook};

/// The subscriber.
pub const SUBSCRIBER: &str = "+15550100001";

/// The server's number.
pub const SERVER: &str = "+15550199999";

/// The key that the keys of the cards are derived from.
pub const MASTER_KEY: MasterKey = MasterKey::new(*b"a master key....");

/// The cards that the subscriber has, one after the other.
pub const CARDS: [&str; 2] = ["8900101000000000019", "8900101000000000027"];

/// A Monday, 08:00 UTC.
pub const START: Instant = Instant::from_secs(1_767_600_000);

/// A simulated time in which every backup ends.
pub const LONG: Duration = Duration::from_mins(3 * 24 * 60);

/// What a scenario begins with.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The uploader's settings.
    pub settings: Settings,
    /// The server's policy.
    pub policy: Policy,
    /// What the phone can do.
    pub config: Config,
    /// How messages travel.
    pub bearer: Bearer,
    /// How the user behaves.
    pub user: User,
    /// What is in the card's phonebook.
    pub book: Book,
    /// What is in the phone's own phonebook, if it has the backup application.
    pub phone: Option<Book>,
    /// Records of the card's phonebook.
    pub slots: u8,
    /// Octets of an alpha identifier in them.
    pub alpha: u8,
    /// Which commands the card understands.
    pub platform: Platform,
    /// Whether the card has the backup applet.
    pub applet: bool,
    /// The card's identification number.
    pub iccid: &'static str,
    /// Whether the applet has keys, and the card is the subscriber's.
    pub keys: bool,
    /// What decides by chance.
    pub seed: u64,
}

impl Scene {
    /// Ten contacts, a block each, subsets of three, pauses of two minutes.
    #[must_use]
    pub fn ten_blocks(way: Way) -> Self {
        Self {
            settings: Settings { mode: Mode::Fixed(way), contacts_per_block: 1, ..Settings::default() },
            policy: Policy { spacing: Spacing::Regular(Duration::from_mins(2)), ..Policy::default() },
            config: Config::default(),
            bearer: Bearer::ideal(),
            user: User { calls_every: Duration::ZERO, ..User::default() },
            book: contacts(10),
            phone: None,
            slots: 255,
            alpha: 14,
            platform: Platform::default(),
            applet: true,
            iccid: CARDS[0],
            keys: true,
            seed: 1,
        }
    }

    /// The world, with the phone switched on.
    ///
    /// # Panics
    /// If the card cannot be made, or the phone does not start up.
    #[must_use]
    pub fn world(self) -> World<Server<SqliteStore>> {
        self.world_of(|card| card)
    }

    /// The same, with the card in a slot that is made for it.
    ///
    /// # Panics
    /// If the phone does not start up.
    pub fn world_of<C: Slot>(self, put: impl FnOnce(Card) -> C) -> World<Server<SqliteStore>, C> {
        self.world_with(put, |server| server)
    }

    /// The same, with something around the server.
    ///
    /// # Panics
    /// If the phone does not start up.
    pub fn world_with<C: Slot, E: Esme<Error: Debug>>(
        self,
        put: impl FnOnce(Card) -> C,
        around: impl FnOnce(Server<SqliteStore>) -> E,
    ) -> World<E, C> {
        let server: Address = SERVER.parse().expect("a number");
        let profile =
            Profile { phonebook_records: self.slots, iccid: self.iccid.into(), ..Profile::default() };
        let mut image = profile.image();
        widen(&mut image, self.alpha);
        let image = Image { platform: self.platform, ..image };
        let mut card = Card::from_image(&image).expect("a card");
        if self.applet {
            card = card.with_applet(PhonebookBackup::new(server.clone(), self.settings.clone()));
        }
        let iccid = self.iccid.parse().expect("an ICCID");
        let keys = (self.applet && self.keys).then(|| MASTER_KEY.card_keys(&iccid, KeyVersion::FIRST));
        if let Some(keys) = &keys {
            PhonebookBackup::personalise_keys(&mut card, keys, 0, 0).expect("the applet is on the card");
        }
        fill(&mut card, &self.book);
        let application =
            self.phone.map(|book| BackupApplication::new(server.clone(), self.settings.clone(), book));
        let store = SqliteStore::in_memory().expect("a database in memory");
        let mut esme = Server::new(store, self.policy, self.seed).with_master_key(MASTER_KEY);
        if keys.is_some() {
            let number = SUBSCRIBER.parse().expect("a number");
            esme.enrol(&number, &iccid, KeyVersion::FIRST, START).expect("the store works");
        }
        let setup = Setup {
            card: put(card),
            terminal: Terminal::new(self.config),
            application,
            subscriber: SUBSCRIBER.parse().expect("a number"),
            server,
            keys,
            bearer: self.bearer,
            user: self.user,
            start: START,
            seed: self.seed,
        };
        let mut world = World::new(setup, around(esme));
        assert!(world.switch_on().expect("the server works"), "the phone starts up");
        world
    }
}

/// Gives the records of `EF_ADN` alpha identifiers of so many octets (TS 31.102 §4.4.2.3).
fn widen(image: &mut Image, alpha: u8) {
    const ADN: [&[u16]; 2] = [&[0x3F00, 0x7F10, 0x6F3A], &[0x3F00, 0x7F10, 0x5F3A, 0x4F3A]];
    for file in image.files.iter_mut().filter(|file| ADN.contains(&file.path.as_slice())) {
        if let FileKind::Elementary { structure: Structure::LinearFixed { record }, size, .. } =
            &mut file.kind
        {
            let records = *size / usize::from(*record);
            *record = alpha + 14;
            *size = records * usize::from(*record);
        }
    }
}

/// Gives the server of one world to another, in which the subscriber has the second card.
///
/// # Panics
/// If the store fails.
pub fn hand_over(mut esme: Server<SqliteStore>, next: &mut World<Server<SqliteStore>>) {
    let number = SUBSCRIBER.parse().expect("a number");
    let iccid = CARDS[1].parse().expect("an ICCID");
    esme.enrol(&number, &iccid, KeyVersion::FIRST, next.now()).expect("the store works");
    next.esme = esme;
}

/// `count` contacts, in slots 1 to `count`.
#[must_use]
pub fn contacts(count: u16) -> Book {
    (1..=count).map(|slot| (slot, contact(&format!("Contact {slot}"), u32::from(slot)))).collect()
}

/// A contact with a number that ends in `number`.
///
/// # Panics
/// Never: nine digits are a number.
#[must_use]
pub fn contact(name: &str, number: u32) -> Record {
    let parsed = DiallingNumber::parse(&format!("+49151{number:06}"), 40).expect("a number");
    Record {
        alpha: AlphaIdentifier::fit(name, 14).alpha,
        number: Some(parsed.number),
        additional: Vec::new(),
    }
}

/// Puts a book into the card's phonebook.
///
/// # Panics
/// If the phonebook cannot hold it.
pub fn fill(card: &mut Card, book: &Book) {
    let mut records = read_phonebook(card);
    records.store(book).expect("the phonebook holds the book");
    write_phonebook(card, &records).expect("the card takes the records");
}

/// The book in the card's phonebook.
///
/// # Panics
/// If a record cannot be read.
#[must_use]
pub fn book(card: &mut Card) -> Book {
    read_phonebook(card).book().expect("the records can be read")
}

/// The server's copy.
///
/// # Panics
/// If the store fails.
#[must_use]
pub fn copy(world: &mut World<Server<SqliteStore>>, source: Source) -> Option<Book> {
    let number: Msisdn = SUBSCRIBER.parse().expect("a number");
    world.esme.store().held(&number, source).expect("the store works").map(|held| held.book.clone())
}

/// What was said between card, phone and server, a line each, from happening `from` on.
#[must_use]
pub fn transcript(world: &World<Server<SqliteStore>>, from: usize) -> Vec<String> {
    world.record.happenings.iter().skip(from).filter_map(|happening| line(&happening.what)).collect()
}

fn line(what: &What) -> Option<String> {
    Some(match what {
        What::Sending { message: Some(ToServer::Blocks(blocks)), .. } => {
            format!("block {} of {}", blocks.first, blocks.total)
        }
        What::Sending { message: Some(ToServer::Query { .. }), .. } => "what is missing?".into(),
        What::Sending { message: Some(ToServer::Restored { missing, .. }), .. } => {
            format!("restored, missing {{{missing}}}")
        }
        What::Sending { message: Some(ToServer::Configured { number, refused, .. }), .. } => match refused {
            None => format!("configuration {number} taken"),
            Some(field) => format!("configuration {number}: {field:?} refused"),
        },
        What::Sending { message: Some(ToServer::Started { number, result, .. }), .. } => {
            format!("order {number}: {result:?}")
        }
        What::Sending { message: Some(ToServer::Abandoned { backup, reason }), .. } => {
            format!("generation {} abandoned: {reason:?}", backup.generation)
        }
        What::Sending { message: Some(ToServer::Unspoken(unspoken)), .. } => {
            format!("{:02X} not understood", unspoken.octet)
        }
        What::Sending { message: Some(ToServer::Rekeyed { result, version, .. }), .. } => {
            format!("keys of version {version}: {result:?}")
        }
        What::Answered(Some(FromServer::Rekey(rekey))) => format!("rekey to version {}", rekey.version),
        What::Answered(Some(FromServer::Configure { number, .. })) => format!("configuration {number}"),
        What::Answered(Some(FromServer::Start { start, .. })) => format!("start {}", start.number),
        What::Answered(Some(FromServer::Unspoken(unspoken))) => {
            format!("server: {:02X} not understood", unspoken.octet)
        }
        What::Answered(Some(FromServer::Missing { blocks, .. })) => format!("missing {blocks}"),
        What::Answered(Some(FromServer::Ok { .. })) => "OK".into(),
        What::Answered(Some(FromServer::Refused { reason, .. })) => format!("refused: {reason:?}"),
        What::Answered(Some(FromServer::Restore { number, total, .. })) => {
            format!("restore block {number} of {total}")
        }
        What::TimerStarted { runs, .. } => format!("timer {runs}"),
        What::TimerExpired { .. } => "timer expires".into(),
        What::PollInterval { asked, granted } => {
            let granted = granted.map_or_else(|| "nothing".into(), |granted| granted.to_string());
            format!("STATUS every {asked}, granted {granted}")
        }
        What::Prompt { lines } => format!("asks: {}", lines.join(" | ")),
        What::Chose { text } => format!("user: {text}"),
        What::Text(text) => format!("shows: {text}"),
        What::Lost { .. } => "lost".into(),
        _ => return None,
    })
}
