//! Phonebooks of cards that are there in memory: the virtual card, dumps, and the files of real cards.

use oxisim_card::{Image, image::Platform};
use oxisim_phonebook::LabelledNumber;
use serde_json::{Value, json};

use super::*;
use crate::live::{Attempts, Key, Pin, PinArgs, bench::Recorded};

const UICC: &str = include_str!("../../tests/vectors/uicc.json");
const GSM: &str = include_str!("../../tests/vectors/gsm.json");
const LAYOUTS: &str = include_str!("../../../phonebook/tests/vectors/layouts.json");

fn example(name: &str) -> Vec<Contact> {
    input::contacts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)).unwrap()
}

fn client(card: impl SmartCard + 'static) -> Client {
    Client::new(Box::new(InProcess(card))).unwrap()
}

fn virtual_card() -> SharedCard {
    SharedCard(Rc::new(RefCell::new(Card::new(&Profile::default()))))
}

/// A card with the files of a real one under the USIM.
fn card_of(row: &Value) -> DumpedCard {
    card_with(&[(row, USIM)])
}

/// Directories that have phonebooks, and what SELECT says of them.
const USIM: (&str, &str) = ("ADF.USIM", "620D820278218407A0000000871002");
const TELECOM: (&str, &str) = ("DF.TELECOM", "62088202782183027F10");

fn card_with(phonebooks: &[(&Value, (&str, &str))]) -> DumpedCard {
    let files: serde_json::Map<String, Value> =
        phonebooks.iter().flat_map(|(row, directory)| files_of(row, *directory)).collect();
    DumpedCard::parse(&json!({ "files": files }).to_string()).unwrap()
}

/// The files of a real phonebook under a directory, and the counters of one.
fn files_of(row: &Value, (directory, fcp_of_directory): (&str, &str)) -> Vec<(String, Value)> {
    let file = |path: &[&str], fcp: String, body: Value| {
        (path.join("/"), json!({ "path": path, "fcp_raw": fcp, "body": body }))
    };
    let records = |octets: u64, count: u64| json!(vec!["FF".repeat(octets as usize); count as usize]);
    let fcp = |fid: &str, octets: u64, count: u64| format!("620B82054221{octets:04X}{count:02X}8302{fid}");
    let pbr = row["pbr"].as_array().unwrap();
    let octets = pbr[0].as_str().unwrap().len() as u64 / 2;
    let book = ["MF", directory, "DF.PHONEBOOK"];
    let mut files = vec![
        file(&book[..1], "6208820278218302 3F00".replace(' ', ""), Value::Null),
        file(&book[..2], fcp_of_directory.into(), Value::Null),
        file(&book, "62088202782183025F3A".into(), Value::Null),
        file(&[&book[..], &["EF.PBR"]].concat(), fcp("4F30", octets, pbr.len() as u64), row["pbr"].clone()),
    ];
    for (fid, size) in row["files"].as_object().unwrap() {
        let (octets, count) = (size[0].as_u64().unwrap(), size[1].as_u64().unwrap());
        let name = format!("EF.{fid}");
        files.push(file(&[&book[..], &[&name]].concat(), fcp(fid, octets, count), records(octets, count)));
    }
    for (fid, octets) in [("4F22", 4), ("4F23", 2), ("4F24", 2)] {
        let name = format!("EF.{fid}");
        let fcp = format!("620C820241218302{fid}8002{octets:04X}");
        files.push(file(&[&book[..], &[&name]].concat(), fcp, json!("00".repeat(octets))));
    }
    files
}

fn layouts() -> Vec<DumpedCard> {
    serde_json::from_str::<Vec<Value>>(LAYOUTS).unwrap().iter().map(card_of).collect()
}

/// Writes contacts, and returns what the card then holds and how many records were written.
fn written(client: &mut Client, contacts: &[Contact]) -> (Vec<Contact>, usize) {
    let found = Found::look(client, &Access::default()).unwrap();
    let plan = found.phonebook.plan(contacts).unwrap();
    let updates = plan.phonebook.updates_since(&found.phonebook);
    found.write(client, &updates).unwrap();
    let after = Found::look(client, &Access::default()).unwrap();
    assert_eq!(after.phonebook, plan.phonebook);
    assert!(after.unread.is_empty());
    (entries(&after.phonebook).unwrap().values().map(CardEntry::contact).collect(), updates.len())
}

fn names(contacts: &[Contact]) -> Vec<&str> {
    contacts.iter().map(|contact| contact.name.as_str()).collect()
}

#[test]
fn the_virtual_card_holds_255_contacts_and_the_second_time_nothing_is_written() {
    let client = &mut client(virtual_card());
    let contacts = example("contacts-255.vcf");
    let (held, updates) = written(client, &contacts);
    // Beside its record each entry gets a unique identifier; EF_CC and EF_PUID tell of it all.
    assert_eq!((held.len(), updates), (255, 2 * 255 + 2));
    assert_eq!(Found::look(client, &Access::default()).unwrap().place, Place::Telecom);
    assert_eq!(written(client, &contacts).1, 0);
    let text = vcard::write(&held, Version::V4);
    assert_eq!(vcard::read(text.as_bytes()).unwrap(), held);
}

/// `EF_SNE` is linked by record number, `EF_EMAIL` through `EF_IAP` (TS 31.102 §4.4.2.1).
#[test]
fn the_virtual_card_holds_second_names_and_addresses() {
    let client = &mut client(virtual_card());
    let contacts: Vec<Contact> = (0..120)
        .map(|n| Contact {
            groups: Vec::new(),
            name: format!("Name {n}"),
            second_name: format!("Second {n}"),
            numbers: ["+4917", "0301"]
                .map(|area| LabelledNumber { number: format!("{area}{n:05}"), label: String::new() })
                .into(),
            emails: vec![format!("person.number{n}@mail.example.org")],
            other: Vec::new(),
        })
        .collect();
    let (held, _) = written(client, &contacts);
    let with_address = contacts.iter().take(100).cloned();
    let without = contacts.iter().skip(100).map(|contact| Contact { emails: Vec::new(), ..contact.clone() });
    assert_eq!(held, with_address.chain(without).collect::<Vec<_>>(), "there are 100 records of EF_EMAIL");
    assert_eq!(written(client, &[]).0, []);
}

#[test]
fn contacts_that_break_importers_are_read_back_from_every_card() {
    let contacts = example("nasty.vcf");
    for card in layouts().into_iter().chain([UICC, GSM].map(|text| DumpedCard::parse(text).unwrap())) {
        let mut client = client(card);
        let (held, _) = written(&mut client, &contacts);
        assert!(!held.is_empty());
        assert_eq!(written(&mut client, &contacts), (held, 0));
        assert_eq!(written(&mut client, &[]).0, []);
    }
    assert!(!written(&mut client(virtual_card()), &contacts).0.is_empty());
}

#[test]
fn a_sim_of_gsm_is_spoken_to_in_its_own_class() {
    let commands = Rc::default();
    let card = Recorded { card: DumpedCard::parse(GSM).unwrap(), commands: Rc::clone(&commands) };
    let mut client = Client::new(Box::new(card)).unwrap();
    assert!(client.is_gsm());
    let (held, _) = written(&mut client, &example("contacts-10.vcf"));
    assert_eq!(held.len(), 10);
    assert_eq!(Found::look(&mut client, &Access::default()).unwrap().place, Place::Gsm);
    let commands = commands.borrow();
    assert!(commands[1..].iter().all(|command| command[0] == 0xA0));
    assert!(commands.iter().all(|command| command[1] != 0x20), "no PIN is tried");
}

#[test]
fn a_virtual_sim_of_gsm_has_a_phonebook_in_its_own_class() {
    let image = Image { platform: Platform::Sim, ..Profile::default().image() };
    let card = SharedCard(Rc::new(RefCell::new(Card::from_image(&image).unwrap())));
    let mut client = client(card);
    assert!(client.is_gsm());
    let contacts = example("contacts-10.vcf");
    assert_eq!(names(&written(&mut client, &contacts).0), names(&contacts));
}

#[test]
fn a_uicc_without_the_files_of_its_pbr_has_the_phonebook_of_df_telecom() {
    let mut client = client(DumpedCard::parse(UICC).unwrap());
    let found = Found::look(&mut client, &Access::default()).unwrap();
    assert_eq!((found.place, found.phonebook.slots()), (Place::Gsm, 250));
    let contacts = example("contacts-10.vcf");
    assert_eq!(names(&written(&mut client, &contacts).0), names(&contacts));
}

#[test]
fn more_than_255_entries_go_into_the_second_set() {
    let mut client = client(layouts().remove(0));
    let mut contacts = example("contacts-255.vcf");
    contacts.extend(example("contacts-10.vcf"));
    let (held, _) = written(&mut client, &contacts);
    assert_eq!(held.len(), 265);
}

fn row(name: &str) -> Value {
    let rows: Vec<Value> = serde_json::from_str(LAYOUTS).unwrap();
    rows.into_iter().find(|row| row["name"] == name).unwrap()
}

/// Contacts that use all that a USIM's phonebook has.
const FULL: &[u8] =
    b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ana\r\nNICKNAME:Anita\r\nTEL:+4930123456789012345678901\r\n\
TEL;TYPE=WORK:0301234\r\nEMAIL:ana_l@example.org\r\nCATEGORIES:Family,Club\r\nEND:VCARD\r\n\
BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Bob\r\nTEL:112\r\nCATEGORIES:Club\r\nEND:VCARD\r\n";

#[test]
fn a_contacts_file_read_from_a_card_is_the_one_that_was_written_to_it() {
    let row = row("second names of type 1");
    for (card, place) in [
        (card_of(&row), Place::Usim(vec![0xA0, 0, 0, 0, 0x87, 0x10, 0x02])),
        (card_with(&[(&row, TELECOM)]), Place::Telecom),
    ] {
        let mut client = client(card);
        let contacts = vcard::read(FULL).unwrap();
        let (held, updates) = written(&mut client, &contacts);
        assert_eq!(held, contacts);
        assert_eq!(vcard::read(vcard::write(&held, Version::V4).as_bytes()).unwrap(), contacts);
        assert_eq!(Found::look(&mut client, &Access::default()).unwrap().place, place);
        assert!(updates > 10);
        assert_eq!(written(&mut client, &contacts).1, 0);
    }
}

#[test]
fn the_phonebook_of_all_applications_is_preferred_to_that_of_the_usim() {
    let (of_all, own) = (row("second names of type 1"), row("names and numbers only"));
    let mut client = client(card_with(&[(&of_all, TELECOM), (&own, USIM)]));
    let found = Found::look(&mut client, &Access::default()).unwrap();
    assert_eq!((found.place, found.phonebook.slots()), (Place::Telecom, 250));
    let local = Access { local: true, ..Access::default() };
    assert_eq!(Found::look(&mut client, &local).unwrap().phonebook.slots(), 2);
}

#[test]
fn a_usim_without_a_phonebook_of_its_own_is_told_from_a_card_without_any() {
    let local = Access { local: true, ..Access::default() };
    let failure = Found::look(&mut client(virtual_card()), &local).unwrap_err();
    assert_eq!(failure.to_string(), "the USIM has no phonebook of its own");
}

#[test]
fn counters_are_written_before_what_they_count() {
    let commands = Rc::default();
    let card = card_of(&row("second names of type 1"));
    let mut client = Client::new(Box::new(Recorded { card, commands: Rc::clone(&commands) })).unwrap();
    written(&mut client, &vcard::read(FULL).unwrap());
    let commands = commands.borrow();
    let writes: Vec<&Vec<u8>> = commands.iter().filter(|command| matches!(command[1], 0xD6 | 0xDC)).collect();
    // EF_CC counts two entries, and EF_PUID has the identifier of the second.
    assert_eq!(writes[..2], [&[0x00, 0xD6, 0x00, 0x00, 0x02, 0x00, 0x02]; 2]);
    assert!(writes[2..].iter().all(|command| command[1] == 0xDC));
}

/// A card that wants its PIN.
struct Locked {
    answer: u16,
    card: DumpedCard,
}

impl SmartCard for Locked {
    fn power_on(&mut self) -> Vec<u8> {
        self.card.power_on()
    }

    fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
        match apdu[1] {
            0x20 => self.answer.to_be_bytes().to_vec(),
            0xB2 => vec![0x69, 0x82],
            _ => self.card.exchange(apdu),
        }
    }

    fn power_off(&mut self) {}
}

#[test]
fn a_pin_is_tried_once_and_never_as_the_last_attempt_unless_told_to() {
    let would_block =
        "the PIN is not tried: a wrong one would block it (attempts left: 1); --last-try tries it";
    let not_said =
        "the PIN is not tried: the card does not say how many attempts are left; --last-try tries it";
    let blocked = "the PIN is blocked: a phone can unblock it with the PUK";
    let pin = |last_try| PinArgs { pin: Some("1234".parse().unwrap()), last_try };
    for (pin, answer, says, tried) in [
        (PinArgs::default(), 0x9000, "the card wants the PIN: give it with --pin", 0),
        (pin(false), 0x63C2, "the PIN is wrong; attempts left: 2", 1),
        (pin(false), 0x63C1, would_block, 0),
        (pin(true), 0x63C1, "the PIN is wrong; attempts left: 1", 1),
        (pin(false), 0x6A86, not_said, 0),
        (pin(true), 0x6A86, "6A86 incorrect parameters P1 to P2", 1),
        (pin(true), 0x6983, blocked, 0),
        (pin(false), 0x63C0, blocked, 0),
        (pin(true), 0x6A88, "the card has no PIN", 0),
    ] {
        let commands = Rc::default();
        let card = Locked { answer, card: layouts().remove(0) };
        let card = Recorded { card, commands: Rc::clone(&commands) };
        let mut client = Client::new(Box::new(card)).unwrap();
        let access = Access { pin, local: false };
        assert_eq!(Found::look(&mut client, &access).unwrap_err().to_string(), says);
        let with_value = |command: &&Vec<u8>| command[1] == 0x20 && command.len() > 5;
        assert_eq!(commands.borrow().iter().filter(with_value).count(), tried, "{answer:04X}");
    }
}

#[test]
fn the_virtual_card_says_how_often_its_pin_may_be_tried() {
    let mut client = client(virtual_card());
    assert!(matches!(client.attempts(Pin::REFERENCE).unwrap(), Attempts::Left(3) | Attempts::Disabled));
}
