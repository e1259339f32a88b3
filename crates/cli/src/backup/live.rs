//! The backup of a card that is there: by the applet on it, or by the phone that reads it.

use std::io::{self, Write};

use oxisim_apdu::Status;
use oxisim_applets::PhonebookBackup;
use oxisim_backup::message::Source;
use oxisim_phonebook::{Book, record::AdnRecord};
use oxisim_server::{Msisdn, Server, SqliteStore};
use oxisim_terminal::BackupApplication;
use oxisim_transport::Transport;
use oxisim_wire::Duration;
use oxisim_world::World;

use super::{Args, open_server};
use crate::{
    failure::Failure,
    live::{Answer, Client, LiveCard, USIM, found},
    phonebook::Found,
    report::count,
    run::{Device, Held, LIMIT, Outcome, SourceName, not_personalised},
    sim,
};

const DF_TELECOM: u16 = 0x7F10;
const EF_MSISDN: u16 = 0x6F40;

/// A few polls.
const MENU_COMES_WITHIN: Duration = Duration::from_mins(2);

/// What was done, and by whom.
struct Done {
    source: SourceName,
    outcome: Outcome,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let card = args.which.open()?.ok_or_else(|| Failure::Usage("which card?".into()))?;
    let out: &mut dyn Write = if args.json { &mut io::stderr() } else { &mut io::stdout() };
    let mut client = Client::new(card)?;
    let number = args.number.clone().map_or_else(|| own_number(&mut client), Ok)?;
    let phonebook = Phonebook::read(&mut client, args)?;
    writeln!(
        out,
        "{}, {} slots, {}",
        phonebook.found.place,
        phonebook.found.phonebook.slots(),
        count(phonebook.book.len(), "contact")
    )?;
    let server = open_server(&args.db, args.backup.policy(), args.world.seed)?;
    let Done { source, outcome } = if client.is_gsm() {
        writeln!(out, "A SIM of GSM, on which a phone starts no toolkit here: {BY_PHONE}")?;
        by_phone(args, &number, client.into_transport(), &phonebook, server, out)?
    } else {
        let plan = args.plan(&number, SourceName::Card, args.server.address());
        let mut world = plan.world(LiveCard::new(client.into_transport()), None, server);
        let ready = world.switch_on()?;
        // Some cards set up their menu only when they are polled.
        world.run_until(MENU_COMES_WITHIN, |world| world.terminal.menu().is_some())?;
        if world.is_lost() {
            world.card.into_transport()?;
            return Err(Failure::NotDone("the card does not answer".into()));
        }
        writeln!(out, "{}", menu(&world, ready))?;
        if ready && world.menu_entry().is_some() {
            by_applet(args, &number, world)?
        } else {
            let server = switch_off(&mut world).map(|()| world.esme)?;
            by_phone(args, &number, world.card.into_transport()?, &phonebook, server, out)?
        }
    };
    writeln!(out)?;
    let plan = args.plan(&number, source, args.server.address());
    args.conclude(&plan, &outcome, &[], &mut io::stdout())
}

const BY_PHONE: &str = "the phone makes the backup, and the card is only read.";

/// What the card's menu says about the applet.
fn menu(world: &World<Server<SqliteStore>, LiveCard>, ready: bool) -> String {
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
    mut world: World<Server<SqliteStore>, LiveCard>,
) -> Result<Done, Failure> {
    let source = SourceName::Card;
    world.request_card_backup()?;
    let ended = world.run_backup(LIMIT)?;
    switch_off(&mut world)?;
    let (record, mut server) = (world.record, world.esme);
    let mut client = Client::new(world.card.into_transport()?)?;
    let held = Phonebook::read(&mut client, args)?;
    let held = Held::new(Source::CARD, held.book);
    let plan = args.plan(number, source, args.server.address());
    let outcome = plan.outcome(record, &mut server, &[held], ended)?;
    Ok(Done { source, outcome })
}

/// Lets the phone back up what it has read, with a SIM of its own; the card is read once more afterwards.
fn by_phone(
    args: &Args,
    number: &Msisdn,
    card: Box<dyn Transport>,
    phonebook: &Phonebook,
    mut server: Server<SqliteStore>,
    out: &mut dyn Write,
) -> Result<Done, Failure> {
    let source = SourceName::Phone;
    args.refuse_status()?;
    phonebook.say_left_out(out)?;
    let plan = args.plan(number, source, args.server.address());
    let mut application =
        BackupApplication::new(args.server.address(), plan.settings(), phonebook.book.clone());
    if let Some(last) = server.last_generation(number, Source::PHONE)? {
        application.personalise(last).map_err(not_personalised)?;
    }
    let device =
        Device { card: sim::card(number, None), application: Some(application), imports: Vec::new() };
    let mut outcome = plan.run(device, server)?;
    let after = Phonebook::read(&mut Client::new(card)?, args)?;
    if after.book != phonebook.book {
        outcome.differences.push("the card's phonebook has changed meanwhile".into());
    }
    Ok(Done { source, outcome })
}

/// Switches the phone off, and the card with it.
fn switch_off(world: &mut World<Server<SqliteStore>, LiveCard>) -> Result<(), Failure> {
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
        let found = Found::look(client, &args.pin)?;
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

    /// Names what stands beside names and numbers, which is all that a backup carries.
    fn say_left_out(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let entries = self.found.phonebook.entries().unwrap_or_default();
        for (slot, entry) in entries {
            let contact = entry.contact();
            let second = Some(&contact.second_name).filter(|name| !name.is_empty());
            let left_out = second.into_iter().chain(&contact.emails);
            for text in left_out {
                writeln!(out, "  - slot {slot} ({}): left out: {text}", contact.name)?;
            }
        }
        Ok(())
    }
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
