//! A session with a whole card and its applets: commands, what a phone does with proactive commands, messages of the backup
//! server, packets of a platform that manages it over the air, resets, power that fails in the middle of a write. The card
//! answers everything; what it announces can be fetched and read; no transaction is left open; a packet of somebody without
//! the keys, or one that comes again, changes nothing; and after all of it the card still starts.

use std::cell::OnceCell;

use oxisim_applets::{Balance, Echo, Hello, PhonebookBackup, Tracker};
use oxisim_backup::{
    Settings,
    carriage::{self, Direction},
    security::KeyVersion,
};
use oxisim_card::{Card, Image, Profile};
use oxisim_sms::{ProtocolIdentifier, Timestamp, UserData, packet::Counter, tpdu::Deliver};
use oxisim_toolkit::{Command, Envelope, envelope::SmsPpDownload};
use oxisim_wire::{Duration, Wire};

use super::{
    remote::{self, Platform},
    steps::Steps,
};
use crate::{CARDS, MASTER_KEY, SERVER, START, SUBSCRIBER, contacts, fill};

/// TERMINAL PROFILE of a phone that can do everything.
const PROFILE: [u8; 25] = {
    let mut apdu = [0xFF; 25];
    [apdu[0], apdu[1], apdu[2], apdu[3], apdu[4]] = [0x80, 0x10, 0x00, 0x00, 0x14];
    apdu
};

thread_local! {
    static MADE: OnceCell<Card> = const { OnceCell::new() };
}

/// A card with every applet, keys, and a few contacts.
fn made() -> Card {
    let profile = Profile { iccid: CARDS[0].into(), ..Profile::default() };
    let server = SERVER.parse().expect("a number");
    let image = Image { key_sets: remote::key_sets(), ..profile.image() };
    let mut card = Card::from_image(&image)
        .expect("a card")
        .with_applet(PhonebookBackup::new(server, Settings::default()))
        .with_applet(Hello)
        .with_applet(Echo::default())
        .with_applet(Balance::new("*100#"))
        .with_applet(Tracker::new(SUBSCRIBER.parse().expect("a number")));
    let keys = MASTER_KEY.card_keys(&CARDS[0].parse().expect("an ICCID"), KeyVersion::FIRST);
    PhonebookBackup::personalise_keys(&mut card, &keys, 0, 0).expect("the applet is on the card");
    fill(&mut card, &contacts(5));
    card
}

/// The card, and how far the terminal is with it.
struct Session {
    card: Card,
    now: oxisim_wire::Instant,
    /// Length of the command that it has announced.
    announced: Option<u8>,
    /// Details of the command that was fetched.
    fetched: Option<[u8; 3]>,
    /// Counter of the last packet to it.
    counter: u64,
    platform: Platform,
    commands: usize,
    /// Packets of the platform that the card has taken.
    managed: usize,
}

impl Session {
    fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
        let response = self.card.exchange(self.now, apdu);
        if self.card.memory().is_torn() {
            self.card.memory_mut().tear_after(None);
            self.power_on();
            return Vec::new();
        }
        assert!(!self.card.memory().in_transaction(), "{apdu:02X?} leaves a transaction open");
        self.announced = (response.status.0 >> 8 == 0x91).then_some(response.status.0 as u8);
        response.data
    }

    fn power_on(&mut self) {
        let answer = self.card.power_on(self.now);
        assert!(self.card.memory().is_torn() || !answer.is_empty(), "no answer to reset");
        if self.card.memory().is_torn() {
            self.card.memory_mut().tear_after(None);
            self.card.power_on(self.now);
        }
        (self.announced, self.fetched) = (None, None);
        self.exchange(&PROFILE);
    }

    /// Fetches what is announced, which is a command of the announced length.
    fn fetch(&mut self) {
        let Some(length) = self.announced.take() else { return };
        let octets = self.exchange(&[0x80, 0x12, 0x00, 0x00, length]);
        let whole = if length == 0 { 0x100 } else { length.into() };
        if octets.is_empty() {
            return;
        }
        assert_eq!(octets.len(), whole, "what is fetched is as long as it was said to be");
        let command = Command::decode(&octets).expect("a command that can be read");
        self.fetched = Some([command.details.number, command.details.kind.0, command.details.qualifier]);
        self.commands += 1;
    }

    /// Answers what was fetched; other objects may follow the result.
    fn respond(&mut self, general: u8, rest: &[u8]) {
        let Some([number, kind, qualifier]) = self.fetched.take() else { return };
        let mut data = vec![0x81, 0x03, number, kind, qualifier, 0x82, 0x02, 0x82, 0x81, 0x83, 0x01, general];
        data.extend(rest);
        data.truncate(255);
        self.exchange(&[&[0x80, 0x14, 0x00, 0x00, data.len() as u8][..], &data].concat());
    }

    /// A message of this user data comes, from the server; what the card answers.
    fn deliver(&mut self, user_data: UserData) -> Vec<u8> {
        let timestamp = Timestamp::decode(&[0x62, 0x11, 0x32, 0x81, 0, 0, 0], "time stamp").expect("a time");
        let from = SERVER.parse().expect("a number");
        let deliver = Deliver::new(from, ProtocolIdentifier(0x7F), timestamp, user_data);
        let data = Envelope::from(SmsPpDownload::new(None, deliver.encode())).encode();
        let Ok(length) = u8::try_from(data.len()) else { return Vec::new() };
        self.exchange(&[&[0x80, 0xC2, 0x00, 0x00, length][..], &data, &[0x00]].concat())
    }

    /// A packet of the platform comes, or one that pretends to be.
    fn manage(&mut self, steps: &mut Steps<'_>) {
        let Some(packet) = self.platform.packet(steps) else { return };
        let objects = |card: &Card| -> Vec<(String, Vec<u8>)> {
            card.memory().objects().map(|(name, octets)| (name.into(), octets.into())).collect()
        };
        let before = (!packet.is_genuine).then(|| objects(&self.card));
        for message in packet.messages {
            let answer = self.deliver(message);
            self.platform.handle_answer(&answer);
            self.managed += usize::from(packet.is_genuine && !answer.is_empty());
        }
        if let Some(before) = before {
            assert!(before == objects(&self.card), "a packet that proves nothing has an effect");
        }
    }

    fn step(&mut self, steps: &mut Steps<'_>) {
        let step = steps.octet();
        if step >= 0xE0 {
            return self.manage(steps);
        }
        match step % 16 {
            0..4 => {
                let apdu = steps.counted();
                self.exchange(apdu);
            }
            4..7 => self.fetch(),
            7..9 => self.respond(0x00, &[]),
            9 => {
                let general = steps.octet();
                let rest = steps.counted();
                self.respond(general, rest);
            }
            10 => {
                let item = steps.octet() % 8;
                self.exchange(&[0x80, 0xC2, 0, 0, 9, 0xD3, 7, 0x82, 2, 1, 0x81, 0x90, 1, item]);
            }
            11 => {
                let message = steps.counted();
                self.counter += u64::from(steps.octet() & 1);
                let keys = MASTER_KEY.card_keys(&CARDS[0].parse().expect("an ICCID"), KeyVersion::FIRST);
                let counter = Counter::new(self.counter).expect("five octets hold it");
                if let Ok(user_data) = carriage::seal(Direction::ToCard, &keys, counter, message.to_vec()) {
                    self.deliver(user_data);
                }
            }
            12 => {
                if let Ok(user_data) = UserData::from_text(&String::from_utf8_lossy(steps.counted())) {
                    self.deliver(user_data);
                }
            }
            13 => {
                self.now = self.now + Duration::from_secs(u64::from(steps.octet()) * 10);
                let timer = steps.octet() % 8 + 1;
                let data = [0xD7, 0x0C, 0x82, 2, 0x82, 0x81, 0xA4, 1, timer, 0xA5, 3, 0, 0, 1];
                self.exchange(&[&[0x80, 0xC2, 0x00, 0x00, 14][..], &data].concat());
            }
            14 => self.card.memory_mut().tear_after(Some(steps.octet().into())),
            _ => self.power_on(),
        }
    }
}

pub fn run(octets: &[u8]) -> &'static str {
    let card = MADE.with(|card| card.get_or_init(made).clone());
    let mut session = Session {
        card,
        now: START,
        announced: None,
        fetched: None,
        counter: 0,
        platform: Platform::default(),
        commands: 0,
        managed: 0,
    };
    session.power_on();
    let mut steps = Steps(octets);
    while !steps.is_empty() {
        session.step(&mut steps);
    }
    session.card.memory_mut().tear_after(None);
    session.power_on();
    match (session.managed, session.commands) {
        (1.., _) => "managed",
        (_, 1..) => "proactive",
        _ => super::NOTHING,
    }
}
