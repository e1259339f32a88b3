//! The backup of a card that is there: by the applet on it, or by the phone that reads it.

use std::io::{self, Write};

use oxisim_apdu::Status;
use oxisim_applets::PhonebookBackup;
use oxisim_backup::message::Source;
use oxisim_phonebook::{Book, Contact, LabelledNumber, Loss, layout::CardEntry, record::AdnRecord};
use oxisim_server::{Msisdn, Server, SqliteStore};
use oxisim_simulation::Watched;
use oxisim_terminal::BackupApplication;
use oxisim_transport::Transport;
use oxisim_wire::Duration;
use oxisim_world::World;

use super::Args;
use crate::{
    card::RealTime,
    failure::Failure,
    live::{Answer, Client, LiveCard, USIM, found},
    phonebook::{Access, Found},
    report::count,
    run::{Device, Held, LIMIT, Outcome, SourceName, not_personalised},
    sim,
    trace::{InTurns, finish},
};

const DF_TELECOM: u16 = 0x7F10;
const EF_MSISDN: u16 = 0x6F40;

/// A few polls.
const MENU_COMES_WITHIN: Duration = Duration::from_mins(2);

/// What was done, and by whom.
struct Done {
    number: Msisdn,
    source: SourceName,
    outcome: Outcome,
    /// What of the phonebook a backup does not carry.
    left_out: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    if let (true, Some(path)) = (args.full, &args.which.image) {
        RealTime::open(path)?.forget_confirmed()?;
    }
    let card = args.which.open()?.ok_or_else(|| Failure::Usage("which card?".into()))?;
    let trace = InTurns::open(&args.trace)?;
    let done = if args.json {
        back_up(args, card, &trace, &mut io::stderr())
    } else {
        back_up(args, card, &trace, &mut io::stdout())
    };
    let written = finish(trace.recorder(), Ok(()));
    let done = done?;
    written?;
    let plan = args.plan(&done.number, done.source, args.server.address());
    args.conclude(&plan, &done.outcome, &done.left_out, &mut io::stdout())
}

/// Makes the backup, and says who makes it.
fn back_up(
    args: &Args,
    card: Box<dyn Transport>,
    trace: &InTurns,
    out: &mut dyn Write,
) -> Result<Done, Failure> {
    let mut client = Client::new(trace.around(card))?;
    let number = args.number.clone().map_or_else(|| own_number(&mut client), Ok)?;
    let phonebook = Phonebook::read(&mut client, args)?;
    writeln!(
        out,
        "{}, {} slots, {}",
        phonebook.found.place,
        phonebook.found.phonebook.slots(),
        count(phonebook.book.len(), "contact")
    )?;
    let left_out = phonebook.left_out();
    if !left_out.is_empty() {
        writeln!(out, "Left out of the backup, which carries names and numbers:")?;
        left_out.iter().try_for_each(|what| writeln!(out, "  - {what}"))?;
    }
    let server = args.server()?;
    let (source, outcome) = if client.is_gsm() {
        writeln!(out, "A SIM of GSM, on which a phone starts no toolkit here: {BY_PHONE}")?;
        by_phone(args, &number, client.into_transport(), &phonebook, server, trace)?
    } else {
        let plan = args.plan(&number, SourceName::Card, args.server.address());
        trace.simulate(plan.start);
        let card = Watched::new(LiveCard::new(client.into_transport()), args.trace.is_wanted());
        let mut world = plan.world(card, None, server)?;
        let ready = started(&mut world);
        if matches!(ready, Ok(true)) && world.menu_entry().is_some() {
            writeln!(out, "{}", menu(&world, true))?;
            by_applet(args, &number, world, trace)?
        } else {
            let off = switch_off(&mut world);
            trace.end(&mut world);
            if world.is_lost() {
                world.card.card.into_transport()?;
                return Err(Failure::NotDone("the card does not answer".into()));
            }
            writeln!(out, "{}", menu(&world, ready?))?;
            let server = off.map(|()| world.esme)?;
            by_phone(args, &number, world.card.card.into_transport()?, &phonebook, server, trace)?
        }
    };
    writeln!(out)?;
    Ok(Done { number, source, outcome, left_out })
}

const BY_PHONE: &str = "the phone makes the backup, and the card is only read.";

/// A phone with the card that is there.
type Phone = World<Server<SqliteStore>, Watched<LiveCard>>;

/// Switches the phone on, and waits for the card's menu; whether the card has started.
fn started(world: &mut Phone) -> Result<bool, Failure> {
    let ready = world.switch_on()?;
    // Some cards set up their menu only when they are polled.
    world.run_until(MENU_COMES_WITHIN, |world| world.terminal.menu().is_some())?;
    Ok(ready)
}

/// What the card's menu says about the applet.
fn menu(world: &Phone, ready: bool) -> String {
    let entry = PhonebookBackup::MENU_ENTRY;
    let Some(menu) = world.terminal.menu() else {
        let why = if ready { "The card shows no menu" } else { "The card does not start as a USIM does" };
        return format!("{why}: {BY_PHONE}");
    };
    let items: Vec<String> = menu.items.iter().map(|item| format!("\"{}\"", item.text)).collect();
    let shown = format!("The card's menu \"{}\" has {}", menu.title, items.join(", "));
    if world.menu_entry().is_some() {
        format!("{shown}: its applet makes the backup.")
    } else {
        format!("{shown}, and no \"{entry}\": {BY_PHONE}")
    }
}

/// Lets the applet make the backup, and reads the card afterwards.
fn by_applet(
    args: &Args,
    number: &Msisdn,
    mut world: Phone,
    trace: &InTurns,
) -> Result<(SourceName, Outcome), Failure> {
    let source = SourceName::Card;
    let ended = chosen(&mut world);
    trace.end(&mut world);
    let ended = ended?;
    let (record, mut server) = (world.record, world.esme);
    let mut client = Client::new(world.card.card.into_transport()?)?;
    let held = Phonebook::read(&mut client, args)?;
    let held = Held::new(Source::CARD, held.book);
    let plan = args.plan(number, source, args.server.address());
    let outcome = plan.outcome(record, &mut server, &[held], ended)?;
    Ok((source, outcome))
}

/// Chooses the menu's entry and waits for the backup; whether it has ended.
fn chosen(world: &mut Phone) -> Result<bool, Failure> {
    world.request_card_backup()?;
    let ended = world.run_backup(LIMIT)?;
    switch_off(world)?;
    Ok(ended)
}

/// Lets the phone back up what it has read, with a SIM of its own; the card is read once more afterwards.
fn by_phone(
    args: &Args,
    number: &Msisdn,
    card: Box<dyn Transport>,
    phonebook: &Phonebook,
    mut server: Server<SqliteStore>,
    trace: &InTurns,
) -> Result<(SourceName, Outcome), Failure> {
    let source = SourceName::Phone;
    args.refuse_status()?;
    let plan = args.plan(number, source, args.server.address());
    let mut application =
        BackupApplication::new(args.server.address(), plan.settings(), phonebook.book.clone());
    if let Some(last) = server.last_generation(number, Source::PHONE)? {
        application.personalise(last).map_err(not_personalised)?;
    }
    let device =
        Device { card: sim::card(number, None, None), application: Some(application), imports: Vec::new() };
    trace.simulate(plan.start);
    let outcome = plan.run(device, server, trace.recorder());
    trace.go_on();
    let mut outcome = outcome?;
    let after = Phonebook::read(&mut Client::new(card)?, args)?;
    if after.book != phonebook.book {
        outcome.differences.push("the card's phonebook has changed meanwhile".into());
    }
    Ok((source, outcome))
}

/// Switches the phone off, and the card with it.
fn switch_off(world: &mut Phone) -> Result<(), Failure> {
    world.terminal.switch_off(world.now());
    world.run_until(Duration::ZERO, |_| true)?;
    Ok(())
}

/// The phonebook of a card, as a backup sees it.
struct Phonebook {
    found: Found,
    book: Book,
}

impl Phonebook {
    /// Reads it, whole: a backup of a part would tell the server that the rest was deleted.
    fn read(client: &mut Client, args: &Args) -> Result<Self, Failure> {
        let found = Found::look(client, &Access { pin: args.pin.clone(), local: false })?;
        if let [first, others @ ..] = &found.unread[..] {
            let others =
                if others.is_empty() { String::new() } else { format!(", and {} more", others.len()) };
            return Err(Failure::NotDone(format!("not all of the phonebook can be read: {first}{others}")));
        }
        let entries =
            found.phonebook.entries().map_err(|error| Failure::NotDone(format!("the phonebook: {error}")))?;
        let book = entries.into_iter().map(|(slot, entry)| (slot, entry.record)).collect();
        Ok(Self { found, book })
    }

    /// What stands beside names and numbers, which is all that a backup carries, slot by slot.
    fn left_out(&self) -> Vec<String> {
        let entries = self.found.phonebook.entries().unwrap_or_default();
        let of_entry = |(slot, entry): (u16, CardEntry)| {
            let contact = entry.contact();
            let name = contact.name.clone();
            left_out(contact).into_iter().map(move |loss| format!("slot {slot} ({name}): {loss}"))
        };
        entries.into_iter().flat_map(of_entry).collect()
    }
}

/// What a backup does not carry of a contact.
fn left_out(contact: Contact) -> Vec<Loss> {
    let Contact { second_name, numbers, emails, groups, .. } = contact;
    let second_name = Some(second_name).filter(|second_name| !second_name.is_empty());
    let second_name = second_name.map(|second_name| Loss::SecondNameLeftOut { second_name });
    let labelled = numbers.into_iter().filter(|number| !number.label.is_empty());
    let labels = labelled.map(|LabelledNumber { number, label }| Loss::LabelLeftOut { number, label });
    let emails = emails.into_iter().map(|address| Loss::EmailLeftOut { address });
    let groups = groups.into_iter().map(|group| Loss::GroupLeftOut { group });
    second_name.into_iter().chain(labels).chain(emails).chain(groups).collect()
}

/// The subscriber's number, if the card holds an international one.
fn own_number(client: &mut Client) -> Result<Msisdn, Failure> {
    for of_usim in [true, false] {
        let entered = match (of_usim, client.is_gsm()) {
            (true, true) => None,
            (true, false) => found(client.select_application(&USIM))?,
            (false, _) => found(client.enter(&[DF_TELECOM]))?,
        };
        if entered.is_none() {
            continue;
        }
        let Some(Some(shape)) = found(client.select_records(EF_MSISDN))? else { continue };
        let Answer { data, status } = client.try_read_record(1, shape.record)?;
        let number = match AdnRecord::decode(&data) {
            Ok(Some(AdnRecord { number: Some(number), .. })) if status == Status::NORMAL => {
                number.to_string()
            }
            _ => continue,
        };
        if number.starts_with('+')
            && let Ok(number) = number.parse()
        {
            return Ok(number);
        }
    }
    Err(Failure::Usage("the card does not say whose it is: give the number with --number".into()))
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use clap::Parser as _;
    use oxisim_transport::Error;

    use super::*;
    use crate::{
        image::Dump,
        live::bench::{Recorded, Replayed, only_reads, real},
    };

    #[derive(clap::Parser)]
    struct Words {
        #[command(flatten)]
        args: Args,
    }

    fn args(words: &[&str]) -> Args {
        let first = ["backup", "--reader", "any", "--db", ":memory:"];
        Words::parse_from(first.iter().chain(words)).args
    }

    /// A real card with two contacts.
    fn filled(name: &str) -> Dump {
        let mut dump = real(name);
        let adn = dump.files.iter_mut().find(|file| file.path == "MF/DF.TELECOM/EF.ADN").unwrap();
        let records = adn.records.as_mut().unwrap();
        let octets = records[0].as_ref().unwrap().len() / 2;
        for (slot, name) in [(2, "Zoe"), (9, "Bob")] {
            let mut record = vec![0xFF; octets];
            record[..name.len()].copy_from_slice(name.as_bytes());
            record[octets - 14..octets - 8].copy_from_slice(&[0x05, 0x91, 0x94, 0x51, 0x21, 0x43]);
            records[slot - 1] = Some(hex::encode_upper(record));
        }
        dump
    }

    /// Backs a card up, and returns what was said and what was sent to the card.
    fn done(card: Dump, words: &[&str]) -> (Result<Done, Failure>, String, Vec<Vec<u8>>) {
        let commands: Rc<RefCell<Vec<Vec<u8>>>> = Rc::default();
        let card = Recorded { card: Replayed::new(card), commands: Rc::clone(&commands) };
        let mut said = Vec::new();
        let done = back_up(&args(words), Box::new(card), &InTurns::default(), &mut said);
        let commands = commands.borrow().clone();
        (done, String::from_utf8(said).unwrap(), commands)
    }

    #[test]
    fn a_sim_of_gsm_is_read_and_backed_up_by_the_phone() {
        let (done, said, commands) = done(filled("gsm-sim"), &["--number", "+4912345"]);
        let done = done.unwrap();
        assert_eq!((done.source, done.outcome.contacts), (SourceName::Phone, 2));
        assert!(done.outcome.verified(), "{:?}", done.outcome.differences);
        assert!(said.contains("A SIM of GSM"), "{said}");
        only_reads(&commands, 0);
    }

    #[test]
    fn a_uicc_without_a_toolkit_is_read_and_backed_up_by_the_phone() {
        let (done, said, mut commands) = done(filled("sysmoisim-sja2"), &["--number", "+4912345"]);
        let done = done.unwrap();
        assert_eq!((done.source, done.outcome.contacts), (SourceName::Phone, 2));
        assert!(done.outcome.verified(), "{:?}", done.outcome.differences);
        assert!(said.contains("The card shows no menu"), "{said}");
        // The phone tells what it can do, and polls.
        commands.retain(|command| ![0x10, 0xF2].contains(&command[1]));
        only_reads(&commands, 0);
    }

    #[test]
    fn a_phonebook_of_which_a_part_cannot_be_read_is_not_backed_up() {
        let mut card = filled("gsm-sim");
        let adn = card.files.iter_mut().find(|file| file.path == "MF/DF.TELECOM/EF.ADN").unwrap();
        adn.records.as_mut().unwrap()[4] = None;
        let (done, ..) = done(card, &["--number", "+4912345"]);
        let said = done.map(|_| ()).unwrap_err().to_string();
        assert_eq!(said.split(": ").next(), Some("not all of the phonebook can be read"), "{said}");
    }

    /// A card that answers so many commands more.
    struct Leaving<C> {
        card: C,
        left: usize,
    }

    impl<C: Transport> Transport for Leaving<C> {
        fn reset(&mut self) -> Result<Vec<u8>, Error> {
            self.card.reset()
        }

        fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Error> {
            self.left = self.left.checked_sub(1).ok_or(Error::CardRemoved { reader: "any".into() })?;
            self.card.exchange(apdu)
        }
    }

    #[test]
    fn a_card_that_is_taken_out_is_told_whenever_it_happens() {
        let args = args(&["--number", "+4912345"]);
        let mut failed = 0;
        for left in (0..2_000).step_by(53) {
            let card = oxisim_transport::InProcess(Replayed::new(filled("sysmoisim-sja2")));
            match back_up(&args, Box::new(Leaving { card, left }), &InTurns::default(), &mut io::sink()) {
                Err(failure) => {
                    assert_eq!(failure.to_string(), "the card in reader \"any\" was removed", "{left}");
                    failed += 1;
                }
                Ok(done) => assert!(done.outcome.verified()),
            }
        }
        assert!(failed > 10, "{failed}");
    }
}
