//! One backup, from contacts to the verified copy.

use std::path::Path;

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{
    Configuration, Estimate, Mode, Settings, Standing, ToServer, Way,
    message::{Extent, Source},
};
use oxisim_card::Card;
use oxisim_phonebook::{Book, Capacity, Contact, Import, import, update};
use oxisim_server::{Msisdn, Server, SqliteStore, Store};
use oxisim_simulation::Watched;
use oxisim_sms::Address;
use oxisim_terminal::{BackupApplication, Config, Terminal};
use oxisim_trace::Recorder;
use oxisim_wire::{Duration, Instant};
use oxisim_world::{Record, Setup, Slot, Summary, What, World, read_phonebook, write_phonebook};

use crate::{
    failure::Failure,
    keys, options,
    sim::{self, Kept},
};

/// The server's number.
pub const SERVER: &str = "+15550199999";

/// Simulated time after which a backup that has not ended is given up.
pub const LIMIT: Duration = Duration::from_mins(60 * 24 * 60);

/// Time between the user's two requests, if both phonebooks are backed up.
const BETWEEN_REQUESTS: Duration = Duration::from_mins(1);

/// Whose phonebook is backed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SourceName {
    /// The card's, by the applet on it.
    Card,
    /// The phone's own, by an application of the phone; the card has no applet.
    Phone,
    /// Both, each by its own.
    Both,
}

impl SourceName {
    /// The option's word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Phone => "phone",
            Self::Both => "both",
        }
    }

    /// The phonebooks, and what they can hold.
    pub fn capacities(self) -> Vec<(&'static str, &'static Capacity)> {
        let all = [(Source::CARD, "SIM", &Capacity::SIM), (Source::PHONE, "phone", &sim::PHONE)];
        all.into_iter()
            .filter(|(source, ..)| self.has(*source))
            .map(|(_, name, capacity)| (name, capacity))
            .collect()
    }

    const fn has(self, source: Source) -> bool {
        match self {
            Self::Both => true,
            Self::Card => source.0 == Source::CARD.0,
            Self::Phone => source.0 == Source::PHONE.0,
        }
    }
}

/// What is to be run.
pub struct Plan<'a> {
    /// The subscriber.
    pub number: &'a Msisdn,
    /// Whose phonebook.
    pub source: SourceName,
    /// How the backup is made.
    pub mode: Mode,
    /// How the backup is made, in detail.
    pub backup: &'a options::Backup,
    /// The world around it.
    pub world: &'a options::World,
    /// What the user answers if the card asks.
    pub answer: options::AnswerName,
    /// A backup starts by itself after this time, not at the user's request.
    pub interval: Option<Duration>,
    /// The server configures the uploader and starts the backup, not the user.
    pub by_server: bool,
    /// When it begins.
    pub start: Instant,
    /// The server's number.
    pub server: Address,
}

/// Card and phone with their phonebooks, ready to be switched on.
pub struct Device {
    /// The card.
    pub card: Card,
    /// The phone's application.
    pub application: Option<BackupApplication>,
    /// What was imported, and into what.
    pub imports: Vec<(&'static str, Import)>,
}

impl Device {
    /// Makes the next backups whole ones.
    pub fn forget_confirmed(&mut self) -> Result<(), Failure> {
        forget_confirmed(&mut self.card)?;
        self.application
            .as_mut()
            .map_or(Ok(()), BackupApplication::forget_confirmed)
            .map_err(not_personalised)
    }
}

/// What came of a run.
pub struct Outcome {
    /// What happened.
    pub record: Record,
    /// Its figures.
    pub summary: Summary,
    /// The way that the backup took, if there was one.
    pub way: Option<Way>,
    /// Estimates for the blocks that were sent.
    pub estimate: Estimate,
    /// Contacts in the phonebooks.
    pub contacts: usize,
    /// Octets of the phonebooks' records.
    pub phonebook_octets: usize,
    /// Where the copy differs from the phonebook; empty: verified.
    pub differences: Vec<String>,
    /// What the user was told last.
    pub told: Option<String>,
    /// Card and phone as they are now; none of a card that is not this program's.
    pub kept: Option<Kept>,
}

/// A phonebook as it is after the backup, with which the server's copy must be equal.
pub struct Held {
    /// Whose.
    pub source: Source,
    /// Its entries.
    pub book: Book,
    /// Octets of its records.
    pub octets: usize,
}

impl Held {
    /// A phonebook that has no files.
    pub fn new(source: Source, book: Book) -> Self {
        let octets = book.iter().map(|(_, record)| record_octets(record)).sum();
        Self { source, book, octets }
    }
}

impl Outcome {
    /// Whether the copy equals the phonebook.
    pub fn verified(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Plan<'_> {
    /// The uploader's settings.
    pub fn settings(&self) -> Settings {
        self.backup.settings(self.mode, self.interval)
    }

    /// What card and phone are personalised with. A server that configures them brings all but the coding, which no
    /// configuration has.
    fn own_settings(&self) -> Settings {
        let settings = self.settings();
        if self.by_server { Settings { coding: settings.coding, ..Settings::default() } } else { settings }
    }

    /// Makes card and phone, with what was kept of them, and gives them the contacts.
    pub fn device(
        &self,
        contacts: &[Contact],
        kept: Option<(&Kept, &Path)>,
        server: &mut Server<SqliteStore>,
    ) -> Result<Device, Failure> {
        let address = self.server.clone();
        let mut imports = Vec::new();
        let applet = self.source.has(Source::CARD).then(|| (&address, self.own_settings()));
        let iccid = if kept.is_none() { Some(keys::next_iccid(server.store())?) } else { None };
        let mut card = sim::card(self.number, iccid.as_ref(), applet);
        match kept {
            Some((kept, path)) => kept.restore_card(&mut card, path)?,
            None if self.source.has(Source::CARD) => {
                if let Some(last) = server.last_generation(self.number, Source::CARD)? {
                    PhonebookBackup::personalise(&mut card, last).map_err(not_personalised)?;
                }
            }
            None => {}
        }
        if self.source.has(Source::CARD) {
            keys::personalise(&mut card, self.number, server, self.start)?;
            imports.push(("SIM", store_contacts(&mut card, contacts)?));
        }
        let mut application = None;
        if self.source.has(Source::PHONE) {
            let known = kept.map(|(kept, path)| kept.phone(path)).transpose()?.flatten();
            let (old, memory) = known.unwrap_or_default();
            let import = imported(&old, contacts, &sim::PHONE);
            let mut phone = BackupApplication::new(address, self.own_settings(), import.book.clone());
            if !phone.restore_memory(&memory) {
                return Err(Failure::NotDone("the phone's memory is too large".into()));
            }
            if memory.is_empty()
                && let Some(last) = server.last_generation(self.number, Source::PHONE)?
            {
                phone.personalise(last).map_err(not_personalised)?;
            }
            imports.push(("phone", import));
            application = Some(phone);
        }
        Ok(Device { card, application, imports })
    }

    /// Lets the phone back up what the device holds; what passes is recorded, however it ends.
    pub fn run(
        &self,
        device: Device,
        server: Server<SqliteStore>,
        recorder: Option<&Recorder>,
    ) -> Result<Outcome, Failure> {
        let card = Watched::new(device.card, recorder.is_some());
        let mut world = self.world(card, device.application, server)?;
        let ended = self.back_up(&mut world);
        if let Some(recorder) = recorder {
            world.card.tell(&world.record, recorder);
        }
        self.judge(world, ended?)
    }

    /// Whether the backup has ended.
    fn back_up<C: Slot>(&self, world: &mut World<Server<SqliteStore>, C>) -> Result<bool, Failure> {
        if !world.switch_on()? {
            return Err(Failure::NotDone("the phone did not start up".into()));
        }
        if self.by_server {
            self.order(world)?;
        }
        if self.interval.is_some() || self.by_server {
            if !world.await_backup(LIMIT)? {
                return Err(Failure::NotDone("no backup started by itself".into()));
            }
        } else {
            if self.source.has(Source::CARD) {
                world.request_card_backup()?;
            }
            if self.source == SourceName::Both {
                // The user starts the one, then the other.
                world.run_until(BETWEEN_REQUESTS, |_| false)?;
            }
            if self.source.has(Source::PHONE) {
                world.request_phone_backup()?;
            }
        }
        Ok(world.run_backup(LIMIT)?)
    }

    /// The server says how the backup shall be made, and that it shall start.
    fn order<C: Slot>(&self, world: &mut World<Server<SqliteStore>, C>) -> Result<(), Failure> {
        let (now, configuration) = (world.now(), Configuration::of(&self.settings()));
        for source in Source::ALL.iter().filter(|source| self.source.has(**source)) {
            world.esme.configure(self.number, *source, &configuration, now)?;
            world.esme.start_backup(self.number, *source, Extent::DIFFERENCE, None, now)?;
        }
        Ok(())
    }

    /// A phone with a card, and the world around it.
    pub fn world<C: Slot>(
        &self,
        card: C,
        application: Option<BackupApplication>,
        mut server: Server<SqliteStore>,
    ) -> Result<World<Server<SqliteStore>, C>, Failure> {
        let mut config = Config::default();
        if let Some((least, most)) = self.world.grant {
            config.grantable = least..=most;
        }
        let setup = Setup {
            card,
            terminal: Terminal::new(config),
            application,
            subscriber: self.number.address(),
            server: self.server.clone(),
            keys: server.card_keys(self.number)?,
            bearer: self.world.bearer(),
            user: self.world.user(self.answer),
            start: self.start,
            seed: self.world.seed,
        };
        Ok(World::new(setup, server))
    }

    fn judge(
        &self,
        mut world: World<Server<SqliteStore>, Watched<Card>>,
        ended: bool,
    ) -> Result<Outcome, Failure> {
        let mut books = Vec::new();
        if self.source.has(Source::CARD) {
            let records = read_phonebook(&mut world.card.card);
            let (book, octets) = (records.book().unwrap_or_default(), records.octets_in_use());
            books.push(Held { source: Source::CARD, book, octets });
        }
        if self.source.has(Source::PHONE) {
            let book = world.application.as_ref().map(|application| application.book().clone());
            books.push(Held::new(Source::PHONE, book.unwrap_or_default()));
        }
        let kept = Kept::of(&world.card.card, world.application.as_ref());
        let outcome = self.outcome(world.record, &mut world.esme, &books, ended)?;
        Ok(Outcome { kept: Some(kept), ..outcome })
    }

    /// What came of what happened, and whether the server's copy equals the phonebooks.
    pub fn outcome(
        &self,
        record: Record,
        server: &mut Server<SqliteStore>,
        books: &[Held],
        ended: bool,
    ) -> Result<Outcome, Failure> {
        let mut differences = Vec::new();
        if !ended {
            differences.push("the backup did not end".into());
        }
        for held in books {
            let name = if held.source == Source::CARD { "card" } else { "phone" };
            differences.extend(self.compare(server, held.source, name, &held.book)?);
        }
        let summary = Summary::of(&record);
        let octets = block_octets(&record);
        let told = record.happenings.iter().rev().find_map(|happening| match &happening.what {
            What::Text(text) => Some(text.clone()),
            _ => None,
        });
        let way = record.find(|what| match what {
            What::Began { way, .. } => Some(*way),
            _ => None,
        });
        let estimate = self.estimate(&summary, octets);
        Ok(Outcome {
            summary,
            way: way.map(|(_, way)| way),
            estimate,
            contacts: books.iter().map(|held| held.book.len()).sum(),
            phonebook_octets: books.iter().map(|held| held.octets).sum(),
            differences,
            told,
            kept: None,
            record,
        })
    }

    /// Both phonebooks keep the phone busy one after the other, but pause side by side.
    fn estimate(&self, summary: &Summary, octets: u32) -> Estimate {
        let settings = self.settings();
        let [card, phone] = summary.blocks_of.map(|blocks| settings.estimate(blocks, octets));
        Estimate {
            blocks: summary.blocks,
            octets,
            normal: card.normal + phone.normal,
            asynchronous: card.asynchronous.max(phone.asynchronous),
        }
    }

    /// Where the server's copy differs from a phonebook.
    fn compare(
        &self,
        server: &mut Server<SqliteStore>,
        source: Source,
        name: &str,
        book: &Book,
    ) -> Result<Vec<String>, Failure> {
        let store = server.store();
        let (held, session) =
            store.subscriber(self.number, |account| -> Result<_, oxisim_server::StoreError> {
                use oxisim_backup::Vault;
                Ok((account.held(source)?, account.session(source)?))
            })?;
        let mut differences = Vec::new();
        if session.is_some_and(|session| session.standing == Standing::Open) {
            differences.push(format!("{name}: the server's latest backup is not complete"));
        }
        let copy = match held {
            Some(held) => held.book.clone(),
            None if book.is_empty() => Book::default(),
            None => {
                differences.push(format!("{name}: the server holds no copy"));
                return Ok(differences);
            }
        };
        let slots: std::collections::BTreeSet<u16> =
            book.iter().chain(copy.iter()).map(|(slot, _)| slot).collect();
        for slot in slots {
            let what = match (book.record(slot), copy.record(slot)) {
                (Some(ours), Some(theirs)) if ours == theirs => continue,
                (Some(_), Some(_)) => "differs in the copy",
                (Some(_), None) => "is missing in the copy",
                _ => "is in the copy only",
            };
            differences.push(format!("{name}: record {slot} {what}"));
        }
        Ok(differences)
    }
}

/// Makes the next backup of a card's applet a whole one, if it has the applet.
pub fn forget_confirmed(card: &mut Card) -> Result<(), Failure> {
    if PhonebookBackup::is_on(card) {
        PhonebookBackup::forget_confirmed(card).map_err(not_personalised)?;
    }
    Ok(())
}

/// The server's number as an address.
pub fn server_address() -> Address {
    SERVER.parse().expect("the server's number is one")
}

/// Gives a card the contacts; what it has of them already stays where it is.
pub fn store_contacts(card: &mut Card, contacts: &[Contact]) -> Result<Import, Failure> {
    let mut records = read_phonebook(card);
    let old = records.book().unwrap_or_default();
    let import = imported(&old, contacts, &records.capacity());
    records.store(&import.book).map_err(|error| Failure::NotDone(error.to_string()))?;
    write_phonebook(card, &records)
        .map_err(|status| Failure::NotDone(format!("the card does not take a contact: {status}")))?;
    Ok(import)
}

fn imported(old: &Book, contacts: &[Contact], capacity: &Capacity) -> Import {
    if old.is_empty() { import(contacts, capacity) } else { update(old, contacts, capacity) }
}

pub fn not_personalised(error: oxisim_backup::StorageError) -> Failure {
    Failure::NotDone(format!("the SIM cannot be personalised: {error}"))
}

fn record_octets(record: &oxisim_phonebook::Record) -> usize {
    let numbers = record.number.iter().chain(&record.additional);
    record.alpha.octets().len() + numbers.map(|number| 1 + number.digits().len().div_ceil(2)).sum::<usize>()
}

/// Octets of all blocks, each once.
fn block_octets(record: &Record) -> u32 {
    let mut blocks = std::collections::BTreeMap::new();
    for happening in &record.happenings {
        if let What::Sending { message: Some(ToServer::Blocks(message)), .. } = &happening.what {
            for (number, block) in (message.first..).zip(&message.blocks) {
                blocks.insert((message.backup, number), block.len() as u32);
            }
        }
    }
    blocks.values().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_a_sim_takes_contacts_as_it_has_room_for_them() {
        let dump = serde_json::to_string(&crate::live::bench::real("gsm-sim")).unwrap();
        let mut card = Card::from_image(&crate::image::import(&dump).unwrap().image).unwrap();
        let contacts = crate::input::contacts(std::path::Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../examples/contacts-255.vcf"
        )));
        let import = store_contacts(&mut card, &contacts.unwrap()).unwrap();
        assert!(import.book.iter().all(|(_, record)| record.alpha.octets().len() <= 12));
        assert_eq!((import.book.len(), import.slots.iter().filter(|slot| slot.is_none()).count()), (250, 5));
        assert_eq!(read_phonebook(&mut card).book().unwrap(), import.book);
    }
}
