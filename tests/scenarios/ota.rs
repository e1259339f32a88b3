//! An OTA platform manages a card through the SMS centre and the phone.

use std::{collections::VecDeque, convert::Infallible};

use oxisim_backup::{DeliveryReport, Esme, Outgoing};
use oxisim_card::{Card, Image, KeySet, KeyType, Profile, RemoteApplication, TypedKey, path};
use oxisim_sms::{
    Address, ElementId, ProtocolIdentifier, Timestamp, UserData,
    concatenation::Reference,
    packet::{
        CommandPacket, Counter, Form, Key, Keys, Kic, Kid, ResponsePacket, ResponseStatus, SealedResponse,
        SecurityParameters, script::CompactResponse, short_messages,
    },
    tpdu::{Deliver, DeliverReport},
};
use oxisim_terminal::{Config, Output, Terminal};
use oxisim_tests::{SERVER, START, SUBSCRIBER};
use oxisim_wire::{Duration, Instant, Wire};
use oxisim_world::{Bearer, Setup, User, What, World};

const KIC: [u8; 16] = [0x41; 16];
const KID: [u8; 16] = [0x42; 16];
/// The name of the service provider becomes `OTA`: `EF_SPN` selected, and updated from its second octet on.
const RENAME: [&[u8]; 2] = [b"\x00\xA4\x00\x0C\x02\x6F\x46", b"\x00\xD6\x00\x01\x04OTA\xFF"];

/// A platform that has the keys of one card.
struct Platform {
    counter: Counter,
    outgoing: VecDeque<UserData>,
    receipts: Vec<ResponsePacket>,
    reports: Vec<DeliveryReport>,
}

impl Platform {
    const fn new() -> Self {
        Self {
            counter: Counter::new(0).unwrap(),
            outgoing: VecDeque::new(),
            receipts: Vec::new(),
            reports: Vec::new(),
        }
    }

    fn keys() -> Keys {
        Keys::new(Key::new(&KIC).unwrap(), Key::new(&KID).unwrap())
    }

    /// The next packet with a script, ciphered and with a checksum, and a receipt as `second` says.
    fn command(&mut self, second: u8, script: &[u8]) -> CommandPacket {
        self.counter = self.counter.next().unwrap();
        CommandPacket {
            security: SecurityParameters([0x16, second]),
            kic: Kic(0x12),
            kid: Kid(0x12),
            tar: RemoteApplication::USIM_FILES[0],
            counter: self.counter,
            data: script.into(),
        }
    }

    /// Sends a script, with the receipt in a message of the card's own.
    fn send(&mut self, script: &[u8]) {
        let packet = self.command(0x39, script).seal(Form::ShortMessage, &Self::keys()).unwrap();
        self.outgoing.extend(messages(&packet));
    }
}

fn messages(packet: &[u8]) -> Vec<UserData> {
    short_messages(ElementId::COMMAND_PACKET, packet, Reference::Short(1)).unwrap()
}

/// The receipt in user data, opened with the platform's keys.
fn receipt(user_data: &UserData) -> Option<ResponsePacket> {
    user_data.element(ElementId::RESPONSE_PACKET)?;
    let sealed = SealedResponse::decode(Form::ShortMessage, user_data.payload()).ok()?;
    sealed.open(SecurityParameters([0x16, 0x39]).response(Kic(0x12), Kid(0x12)), &Platform::keys()).ok()
}

impl Esme for Platform {
    type Error = Infallible;

    fn handle_message(&mut self, _: &Address, user_data: &UserData, _: Instant) -> Result<(), Infallible> {
        self.receipts.extend(receipt(user_data));
        Ok(())
    }

    fn handle_report(
        &mut self,
        _: &Address,
        _: u64,
        report: DeliveryReport,
        _: Instant,
    ) -> Result<(), Infallible> {
        self.reports.push(report);
        Ok(())
    }

    fn handle_receipt(
        &mut self,
        _: &Address,
        _: u64,
        user_data: &UserData,
        _: Instant,
    ) -> Result<(), Infallible> {
        self.receipts.extend(receipt(user_data));
        Ok(())
    }

    fn handle_timeout(&mut self, _: Instant) -> Result<(), Infallible> {
        Ok(())
    }

    fn poll_timeout(&mut self) -> Result<Option<Instant>, Infallible> {
        Ok(None)
    }

    fn poll_output(&mut self) -> Option<Outgoing> {
        let user_data = self.outgoing.pop_front()?;
        let protocol = ProtocolIdentifier::SIM_DATA_DOWNLOAD;
        Some(Outgoing {
            to: SUBSCRIBER.parse().unwrap(),
            protocol,
            user_data,
            reference: 0,
            validity: Duration::from_mins(60),
        })
    }
}

fn card() -> Card {
    let key = |octets: &[u8]| TypedKey::new(KeyType::AES, octets).unwrap();
    let set = KeySet { version: 1, kic: key(&KIC), kid: key(&KID), kik: None, counter: Counter::default() };
    let image = Image { key_sets: vec![set], ..Profile::default().image() };
    Card::from_image(&image).unwrap()
}

fn world() -> World<Platform> {
    let setup = Setup {
        card: card(),
        terminal: Terminal::new(Config::default()),
        application: None,
        subscriber: SUBSCRIBER.parse().unwrap(),
        server: SERVER.parse().unwrap(),
        keys: None,
        bearer: Bearer::ideal(),
        user: User { calls_every: Duration::ZERO, ..User::default() },
        start: START,
        seed: 1,
    };
    let mut world = World::new(setup, Platform::new());
    assert!(world.switch_on().unwrap(), "the phone starts up");
    world
}

fn provider(card: &mut Card) -> String {
    let files = card.files();
    let file = files.find(path::EF_SPN).unwrap();
    String::from_utf8_lossy(&files.read_binary(file, 1, 3).unwrap()[..3]).into_owned()
}

/// What is answered to a script that was accepted.
fn answer(receipt: &ResponsePacket) -> CompactResponse {
    assert_eq!(receipt.status, ResponseStatus::POR_OK);
    CompactResponse::decode(&receipt.data).unwrap()
}

#[test]
fn a_platform_renames_the_provider_and_hears_that_it_is_done() {
    let mut world = world();
    assert_ne!(provider(&mut world.card), "OTA");
    world.esme.send(&RENAME.concat());
    let minute = Duration::from_mins(1);
    assert!(world.run_until(minute, |world| !world.esme.receipts.is_empty()).unwrap());
    let answer = answer(&world.esme.receipts[0]);
    assert_eq!((answer.executed, answer.status), (2, [0x90, 0x00]));
    assert_eq!(provider(&mut world.card), "OTA");
}

#[test]
fn a_script_of_several_messages_arrives_whole() {
    let mut world = world();
    let script = [RENAME[0], &RENAME[1].repeat(30)].concat();
    world.esme.send(&script);
    assert_eq!(world.esme.outgoing.len(), 3);
    let minute = Duration::from_mins(1);
    assert!(world.run_until(minute, |world| !world.esme.receipts.is_empty()).unwrap());
    assert_eq!(answer(&world.esme.receipts[0]).executed, 31);
}

#[test]
fn a_message_that_the_network_brings_twice_is_carried_out_once() {
    let mut world = world();
    world.esme.send(&RENAME.concat());
    let again = world.esme.outgoing.clone();
    world.esme.outgoing.extend(again);
    // The card is busy with the first receipt when the second comes; the SMS centre tries again. Nobody pays for another
    // message because of it.
    assert!(!world.run_until(Duration::from_mins(5), |world| world.esme.receipts.len() == 2).unwrap());
    assert!(world.esme.outgoing.is_empty());
    let statuses: Vec<_> = world.esme.receipts.iter().map(|receipt| receipt.status).collect();
    assert_eq!(statuses, [ResponseStatus::POR_OK]);
}

#[test]
fn the_receipt_in_a_report_reaches_the_platform_and_what_the_card_refuses_comes_no_second_time() {
    let mut world = world();
    let packet = world.esme.command(0x19, &RENAME.concat());
    let packet = packet.seal(Form::ShortMessage, &Platform::keys()).unwrap();
    for (statuses, report) in [
        (vec![ResponseStatus::POR_OK], DeliveryReport::Delivered),
        (vec![ResponseStatus::POR_OK, ResponseStatus::CNTR_LOW], DeliveryReport::Failed),
    ] {
        world.esme.outgoing.extend(messages(&packet));
        world.run_until(Duration::from_mins(90), |_| false).unwrap();
        let said: Vec<_> = world.esme.receipts.iter().map(|receipt| receipt.status).collect();
        assert_eq!(said, statuses, "each once");
        assert_eq!(world.esme.reports.last(), Some(&report));
    }
    let delivered = world.record.happenings.iter().filter(|one| matches!(one.what, What::Delivered(_)));
    assert_eq!(delivered.count(), 2, "the second message is not tried again");
    assert_eq!(provider(&mut world.card), "OTA");
}

/// What the phone reports of a message.
fn report(phone: &mut Terminal, card: &mut Card, user_data: UserData) -> DeliverReport {
    let timestamp = Timestamp::from_instant(START, 0);
    let originator = SERVER.parse().unwrap();
    let deliver = Deliver::new(originator, ProtocolIdentifier::SIM_DATA_DOWNLOAD, timestamp, user_data);
    phone.handle_deliver(&deliver.encode(), None, START);
    drain(phone, card).expect("the phone reports")
}

/// Lets phone and card talk; the report, if there is one.
fn drain(phone: &mut Terminal, card: &mut Card) -> Option<DeliverReport> {
    let mut report = None;
    while let Some(output) = phone.poll_output() {
        match output {
            Output::PowerOn => phone.handle_atr(&card.power_on(START), START),
            Output::Transmit(command) => {
                phone.handle_response(&card.exchange(START, &command).to_bytes(), START);
            }
            Output::DeliverReport(of_message) => report = Some(of_message),
            _ => {}
        }
    }
    report
}

#[test]
fn the_receipt_stands_in_the_report_on_the_message() {
    let (mut phone, mut card) = (Terminal::new(Config::default()), card());
    phone.switch_on(START);
    drain(&mut phone, &mut card);
    let mut platform = Platform::new();
    let packet =
        platform.command(0x19, &RENAME.concat()).seal(Form::ShortMessage, &Platform::keys()).unwrap();
    let message = messages(&packet).pop().unwrap();

    let first = report(&mut phone, &mut card, message.clone());
    assert_eq!(first.cause, None);
    let of_first = receipt(&first.parameters.user_data.unwrap()).unwrap();
    assert_eq!(answer(&of_first).executed, 2);
    assert_eq!(provider(&mut card), "OTA");

    let second = report(&mut phone, &mut card, message);
    assert!(second.cause.is_some(), "an error report");
    let of_second = receipt(&second.parameters.user_data.unwrap()).unwrap();
    assert_eq!(of_second.status, ResponseStatus::CNTR_LOW);
}
