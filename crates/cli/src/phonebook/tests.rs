//! Phonebooks of cards that are there in memory: the virtual card, dumps, and the files of real cards.

use serde_json::{Value, json};

use super::*;
use crate::live::bench::Recorded;

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
    let file = |path: &[&str], fcp: String, body: Value| {
        (path.join("/"), json!({ "path": path, "fcp_raw": fcp, "body": body }))
    };
    let records = |octets: u64, count: u64| json!(vec!["FF".repeat(octets as usize); count as usize]);
    let fcp = |fid: &str, octets: u64, count: u64| format!("620B82054221{octets:04X}{count:02X}8302{fid}");
    let pbr = row["pbr"].as_array().unwrap();
    let octets = pbr[0].as_str().unwrap().len() as u64 / 2;
    let book = ["MF", "ADF.USIM", "DF.PHONEBOOK"];
    let mut files = vec![
        file(&book[..1], "6208820278218302 3F00".replace(' ', ""), Value::Null),
        file(&book[..2], "620D820278218407A0000000871002".into(), Value::Null),
        file(&book, "62088202782183025F3A".into(), Value::Null),
        file(&[&book[..], &["EF.PBR"]].concat(), fcp("4F30", octets, pbr.len() as u64), row["pbr"].clone()),
    ];
    for (fid, size) in row["files"].as_object().unwrap() {
        let (octets, count) = (size[0].as_u64().unwrap(), size[1].as_u64().unwrap());
        let name = format!("EF.{fid}");
        files.push(file(&[&book[..], &[&name]].concat(), fcp(fid, octets, count), records(octets, count)));
    }
    let files: serde_json::Map<String, Value> = files.into_iter().collect();
    DumpedCard::parse(&json!({ "files": files }).to_string()).unwrap()
}

fn layouts() -> Vec<DumpedCard> {
    serde_json::from_str::<Vec<Value>>(LAYOUTS).unwrap().iter().map(card_of).collect()
}

/// Writes contacts, and returns what the card then holds and how many records were written.
fn written(client: &mut Client, contacts: &[Contact]) -> (Vec<Contact>, usize) {
    let found = Found::look(client, &PinArgs::default()).unwrap();
    let plan = found.phonebook.plan(contacts).unwrap();
    let updates = plan.phonebook.updates_since(&found.phonebook);
    found.write(client, &updates).unwrap();
    let after = Found::look(client, &PinArgs::default()).unwrap();
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
    assert_eq!((held.len(), updates), (255, 255));
    assert_eq!(
        Found::look(client, &PinArgs::default()).unwrap().place,
        Place::Usim(oxisim_card::AID_USIM.to_vec())
    );
    assert_eq!(written(client, &contacts).1, 0);
    let text = vcard::write(&held, Version::V4);
    assert_eq!(vcard::read(text.as_bytes()).unwrap(), held);
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
    assert_eq!(Found::look(&mut client, &PinArgs::default()).unwrap().place, Place::Gsm);
    let commands = commands.borrow();
    assert!(commands[1..].iter().all(|command| command[0] == 0xA0));
    assert!(commands.iter().all(|command| command[1] != 0x20), "no PIN is tried");
}

#[test]
fn a_uicc_without_the_files_of_its_pbr_has_the_phonebook_of_df_telecom() {
    let mut client = client(DumpedCard::parse(UICC).unwrap());
    let found = Found::look(&mut client, &PinArgs::default()).unwrap();
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
    assert!(Found::look(&mut client, &PinArgs::default()).unwrap().has_uid);
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
fn a_pin_is_tried_once_and_only_if_it_is_given_and_blocks_nothing() {
    for (pin, last_try, answer, says, tried) in [
        (None, false, 0x9000, "the card wants the PIN: give it with --pin", 0),
        (Some("1234"), false, 0x63C2, "the PIN is wrong; attempts left: 2", 1),
        (
            Some("1234"),
            false,
            0x63C1,
            "the PIN is not tried: a wrong one would block it (attempts left: 1); --last-try tries it",
            0,
        ),
        (Some("1234"), true, 0x63C1, "the PIN is wrong; attempts left: 1", 1),
        (Some("1234"), false, 0x6983, "the PIN is blocked: a phone can unblock it with the PUK", 1),
    ] {
        let commands = Rc::default();
        let card = Locked { answer, card: layouts().remove(0) };
        let card = Recorded { card, commands: Rc::clone(&commands) };
        let mut client = Client::new(Box::new(card)).unwrap();
        let pin = PinArgs { pin: pin.map(|pin| pin.parse().unwrap()), last_try };
        assert_eq!(Found::look(&mut client, &pin).unwrap_err().to_string(), says);
        let presented = |command: &&Vec<u8>| command[1] == 0x20 && command.len() > 5;
        assert_eq!(commands.borrow().iter().filter(presented).count(), tried, "{says}");
    }
}
