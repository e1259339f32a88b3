//! `oxisim phonebook`: the phonebook of any card, read into and written from a contacts file.

mod dump;
mod place;
#[cfg(test)]
mod tests;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    io::{self, BufRead, Write},
    path::{Path, PathBuf},
    rc::Rc,
};

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{Coding, Settings};
use oxisim_card::{Card, Profile};
use oxisim_phonebook::{
    Contact, Import,
    layout::{CardEntry, CardPhonebook, FileUpdate, Plan},
    vcard::{self, Version},
};
use oxisim_transport::{InProcess, SmartCard, Traced, to_log};

pub use self::place::{Access, Found};
use self::{dump::DumpedCard, place::Place};
use crate::{
    backup::wall_clock,
    failure::Failure,
    input,
    live::{Client, PinArgs, Which},
    report::count,
    run::server_address,
    sim::Kept,
};

/// Read or write the phonebook of a SIM, in a reader or virtual.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Write what the card's phonebook holds as vCard 4.0.
    ///
    /// Any card: a SIM of GSM, and a UICC with whatever files, linked in whatever way. Names, numbers with their
    /// descriptions, second names (NICKNAME), e-mail addresses and groups (CATEGORIES) are read. Nothing is written.
    #[command(
        after_help = "Examples:\n  oxisim phonebook read --reader Omnikey card.vcf\n  oxisim phonebook read --reader Omnikey --pin 1234 --local usim.vcf\n  oxisim phonebook read --dump fsdump.json card.vcf"
    )]
    Read {
        #[command(flatten)]
        card: CardArgs,
        /// A card that `fsdump` of pySim-shell wrote down.
        #[arg(long, value_name = "DUMP.json", group = "which")]
        dump: Option<PathBuf>,
        /// The contacts file.
        #[arg(value_name = "OUT.vcf")]
        out: PathBuf,
    },
    /// Put contacts in the place of what the card's phonebook holds, and read them back.
    ///
    /// Says what the card cannot hold and what will be overwritten, and asks. Only records that differ are written.
    /// Numbers beyond the first may have a label, and contacts a nickname, e-mail addresses and categories, where the
    /// card has files for them. Changes are counted on the card, so that a phone with a copy of the phonebook finds out.
    #[command(
        after_help = "Examples:\n  oxisim phonebook write --reader Omnikey --pin 1234 contacts.vcf\n  oxisim phonebook write --sim my.sim --yes contacts.vcf"
    )]
    Write {
        #[command(flatten)]
        card: CardArgs,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// The contacts file.
        #[arg(value_name = "IN.vcf")]
        contacts: PathBuf,
    },
}

/// Which card, and its PIN.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(group = clap::ArgGroup::new("which").required(true))]
struct CardArgs {
    #[command(flatten)]
    which: Which,
    /// The virtual SIM in this file, as of `oxisim backup --sim`.
    #[arg(long, value_name = "FILE", group = "which")]
    sim: Option<PathBuf>,
    #[command(flatten)]
    access: Access,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    match &args.action {
        Action::Read { card, dump: Some(path), out } => {
            let dumped = Box::new(InProcess(DumpedCard::read(path)?));
            read(&mut Client::new(dumped)?, &card.access, out)
        }
        Action::Read { card, dump: None, out } => card.with(|client| read(client, &card.access, out)),
        Action::Write { card, yes, contacts } => {
            card.with(|client| write(client, &card.access, contacts, *yes))
        }
    }
}

impl CardArgs {
    /// Works with the card, and keeps what is to be kept of it.
    fn with(&self, work: impl FnOnce(&mut Client) -> Result<(), Failure>) -> Result<(), Failure> {
        match (self.which.open()?, &self.sim) {
            (Some(card), _) => work(&mut Client::new(card)?),
            (None, Some(path)) => with_sim(path, work),
            (None, None) => Err(Failure::Usage("which card? --reader, --tcp, --image or --sim".into())),
        }
    }
}

/// A virtual card whose memory is kept in a file.
fn with_sim(path: &Path, work: impl FnOnce(&mut Client) -> Result<(), Failure>) -> Result<(), Failure> {
    let missing = || Failure::Read {
        path: path.into(),
        error: io::Error::new(io::ErrorKind::NotFound, "there is no such file"),
    };
    let kept = Kept::read(path)?.ok_or_else(missing)?;
    // The subscriber's number, too, is in the memory that is kept.
    let mut card = Card::new(&Profile::default()).with_applet(PhonebookBackup::new(
        server_address(),
        Settings { coding: Coding::general(), ..Settings::default() },
    ));
    kept.restore_card(&mut card, path)?;
    let (card, done) = with_virtual(card, work);
    // What is written to it is kept even if not all was.
    kept.with_card(&card).write(path)?;
    done
}

/// Works with a virtual card, which is switched off afterwards.
fn with_virtual<T>(
    card: Card,
    work: impl FnOnce(&mut Client) -> Result<T, Failure>,
) -> (Card, Result<T, Failure>) {
    let shared = Rc::new(RefCell::new(card));
    let way = InProcess(SharedCard(Rc::clone(&shared)));
    let client = Client::new(Box::new(Traced::new(way, to_log)));
    let done = client.map_err(Failure::from).and_then(|mut client| work(&mut client));
    let mut card = Rc::into_inner(shared).expect("nobody works with the card any more").into_inner();
    card.power_off();
    (card, done)
}

/// Puts contacts in the place of the phonebook of a virtual card; returns what it cannot hold of them.
pub fn store(card: Card, pin: &PinArgs, contacts: &[Contact]) -> (Card, Result<Import, Failure>) {
    let access = Access { pin: pin.clone(), local: false };
    with_virtual(card, |client| {
        let rewriting = Rewriting::plan(Found::look(client, &access)?, contacts)?;
        rewriting.carry_out(client)?;
        Ok(rewriting.plan.import)
    })
}

/// A virtual card that its host looks at afterwards.
struct SharedCard(Rc<RefCell<Card>>);

impl SmartCard for SharedCard {
    fn power_on(&mut self) -> Vec<u8> {
        self.0.borrow_mut().power_on(wall_clock())
    }

    fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.0.borrow_mut().exchange(wall_clock(), apdu).to_bytes()
    }

    fn power_off(&mut self) {
        self.0.borrow_mut().power_off();
    }
}

/// Reads the phonebook into a contacts file.
fn read(client: &mut Client, access: &Access, path: &Path) -> Result<(), Failure> {
    let out = &mut io::stdout().lock();
    let found = Found::look(client, access)?;
    let entries = entries(&found.phonebook)?;
    let contacts: Vec<Contact> = entries.values().map(CardEntry::contact).collect();
    std::fs::write(path, vcard::write(&contacts, Version::V4))
        .map_err(|error| Failure::Write { path: path.into(), error })?;
    writeln!(out, "{}, {} slots", found.place, found.phonebook.slots())?;
    said_missing(&found, out)?;
    for (slot, entry) in &entries {
        let contact = entry.contact();
        if entry.hidden {
            writeln!(out, "slot {slot} is hidden: phones show it only to who knows the hidden key")?;
        }
        let texts =
            [&contact.name, &contact.second_name].into_iter().chain(&contact.emails).chain(&contact.groups);
        for text in texts.filter(|text| text.contains(char::REPLACEMENT_CHARACTER)) {
            writeln!(out, "not all of slot {slot} could be read: '{text}'")?;
        }
    }
    writeln!(out, "{} in {}", count(contacts.len(), "contact"), path.display())?;
    Ok(())
}

/// Puts contacts in the place of the phonebook.
fn write(client: &mut Client, access: &Access, path: &Path, yes: bool) -> Result<(), Failure> {
    let out = &mut io::stdout().lock();
    let contacts = input::contacts(path)?;
    let found = Found::look(client, access)?;
    writeln!(out, "{}, {} slots", found.place, found.phonebook.slots())?;
    said_missing(&found, out)?;
    let rewriting = Rewriting::plan(found, &contacts)?;
    let Rewriting { found, plan, updates } = &rewriting;
    let new = entries(&plan.phonebook)?;
    input::report(path, "SIM", &plan.import, out)?;
    Changes::between(&entries(&found.phonebook)?, &new).say(updates, out)?;
    if updates.is_empty() {
        writeln!(out, "The card holds this already.")?;
        return Ok(());
    }
    if !yes && !confirmed(out)? {
        return Err(Failure::NotDone("nothing is written".into()));
    }
    rewriting.carry_out(client)?;
    writeln!(out, "{} on the card, read back and equal", count(new.len(), "contact"))?;
    Ok(())
}

/// A phonebook as it was found, as it is to be, and what is to be written for that.
struct Rewriting {
    found: Found,
    plan: Plan,
    updates: Vec<FileUpdate>,
}

impl Rewriting {
    fn plan(found: Found, contacts: &[Contact]) -> Result<Self, Failure> {
        if !found.unread.is_empty() {
            return Err(Failure::NotDone(
                "nothing is written: not all of the phonebook could be read".into(),
            ));
        }
        let plan = found.phonebook.plan(contacts).map_err(|error| Failure::NotDone(error.to_string()))?;
        let updates = plan.phonebook.updates_since(&found.phonebook);
        Ok(Self { found, plan, updates })
    }

    /// Writes, and reads back what was written.
    fn carry_out(&self, client: &mut Client) -> Result<(), Failure> {
        self.found.write(client, &self.updates)?;
        let after = self.found.place.clone().read(client)?;
        let equal =
            after.is_some_and(|after| after.unread.is_empty() && after.phonebook == self.plan.phonebook);
        if equal {
            Ok(())
        } else {
            Err(Failure::NotDone("not verified: the card differs from what was written".into()))
        }
    }
}

fn entries(phonebook: &CardPhonebook) -> Result<BTreeMap<u16, CardEntry>, Failure> {
    phonebook.entries().map_err(|error| Failure::NotDone(format!("the phonebook cannot be read: {error}")))
}

/// Says what could not be read.
fn said_missing(found: &Found, out: &mut impl Write) -> io::Result<()> {
    for name in &found.missing {
        writeln!(out, "the card has no {name}, which EF_PBR names")?;
    }
    found.unread.iter().try_for_each(|unread| writeln!(out, "could not be read: {unread}"))
}

/// Asks whether to go on; no answer is no.
fn confirmed(out: &mut impl Write) -> io::Result<bool> {
    write!(out, "Write this to the card? [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// What becomes of the entries of a phonebook.
#[derive(Debug, Default)]
struct Changes {
    kept: usize,
    new: usize,
    /// What the slots held, and what they are to hold; none if they become free.
    overwritten: Vec<(u16, CardEntry, Option<CardEntry>)>,
}

impl Changes {
    fn between(old: &BTreeMap<u16, CardEntry>, new: &BTreeMap<u16, CardEntry>) -> Self {
        let mut changes = Self::default();
        for (slot, entry) in old {
            let after = new.get(slot);
            if after.is_some_and(|after| after.contact() == entry.contact()) {
                changes.kept += 1;
            } else {
                changes.overwritten.push((*slot, entry.clone(), after.cloned()));
            }
        }
        changes.new = new.keys().filter(|slot| !old.contains_key(slot)).count();
        changes
    }

    /// Says how many entries stay, and names those that do not.
    fn say(&self, updates: &[FileUpdate], out: &mut impl Write) -> io::Result<()> {
        let deleted = self.overwritten.iter().filter(|(.., after)| after.is_none()).count();
        let changed = self.overwritten.len() - deleted;
        let (kept, new, records) = (self.kept, self.new, count(updates.len(), "record"));
        writeln!(
            out,
            "{kept} kept, {changed} changed, {deleted} deleted, {new} new: {records} to be written"
        )?;
        for (slot, before, after) in &self.overwritten {
            match after {
                Some(after) => writeln!(out, "  slot {slot}: {} -> {}", Line(before), Line(after))?,
                None => writeln!(out, "  slot {slot}: {} -> deleted", Line(before))?,
            }
        }
        Ok(())
    }
}

/// An entry in one line.
struct Line<'a>(&'a CardEntry);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Contact { name, second_name, numbers, emails, groups, .. } = self.0.contact();
        let numbers = numbers.into_iter().map(|number| match number.label.as_str() {
            "" => number.number,
            label => format!("{} ({label})", number.number),
        });
        let groups = groups.into_iter().map(|group| format!("[{group}]"));
        let hidden = self.0.hidden.then(|| "hidden".into());
        let parts = [name, second_name].into_iter().chain(numbers).chain(emails).chain(groups).chain(hidden);
        let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
        f.write_str(&parts.join(", "))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Usim(_) => "phonebook of the USIM",
            Self::Telecom => "phonebook of DF_TELECOM",
            Self::Gsm => "EF_ADN of DF_TELECOM",
        })
    }
}
