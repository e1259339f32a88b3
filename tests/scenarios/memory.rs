//! A card's memory for messages, in a phone: only APDUs pass between them.

use oxisim_card::{Card, Image, Profile, image::Platform};
use oxisim_sms::{
    ProtocolIdentifier, UserData,
    file::RecordStatus,
    tpdu::{FailureCause, Submit},
};
use oxisim_terminal::{Config, Event, Output, Terminal};
use oxisim_wire::{Instant, Wire};

const NOW: Instant = Instant::EPOCH;

/// SMS-DELIVER "AB" from 1234, of class 2.
const FOR_CARD: &str = "0404812143001220806291731448024121";

struct Line {
    phone: Terminal,
    card: Card,
}

/// What the network sees.
#[derive(Debug, PartialEq)]
enum Seen {
    Report(Option<FailureCause>),
    /// TP-Message-Reference, and the service centre.
    Message(u8, String),
    Room,
}

impl Line {
    fn new(platform: Platform) -> Self {
        let card = Card::from_image(&Image { platform, ..Profile::default().image() }).unwrap();
        let mut line = Self { phone: Terminal::new(Config::default()), card };
        line.switch_on();
        line
    }

    fn switch_on(&mut self) {
        self.phone.switch_on(NOW);
        self.drain();
        assert!(self.phone.is_ready());
    }

    fn drain(&mut self) -> (Vec<Seen>, Vec<Event>) {
        let (mut seen, mut events) = (Vec::new(), Vec::new());
        while let Some(output) = self.phone.poll_output() {
            match output {
                Output::PowerOn => {
                    let answer = self.card.power_on(NOW);
                    self.phone.handle_atr(&answer, NOW);
                }
                Output::PowerOff => self.card.power_off(),
                Output::Transmit(command) => {
                    let response = self.card.exchange(NOW, &command);
                    self.phone.handle_response(&response.to_bytes(), NOW);
                }
                Output::DeliverReport(report) => seen.push(Seen::Report(report.cause)),
                Output::Submit { tpdu, service_centre } => {
                    let centre = service_centre.map(|centre| centre.to_string()).unwrap_or_default();
                    seen.push(Seen::Message(tpdu[1], centre));
                    self.phone.handle_submit_result(Ok(()), NOW);
                }
                Output::MemoryAvailable => {
                    seen.push(Seen::Room);
                    self.phone.handle_memory_available(Ok(()), NOW);
                }
                Output::Event(event) => events.push(event),
                _ => {}
            }
        }
        (seen, events)
    }

    fn deliver(&mut self) -> Vec<Seen> {
        self.phone.handle_deliver(&hex::decode(FOR_CARD).unwrap(), None, NOW);
        self.drain().0
    }

    fn send(&mut self) -> Vec<Seen> {
        let text = UserData::from_text("AB").unwrap();
        let submit = Submit::new("123".parse().unwrap(), ProtocolIdentifier::DEFAULT, text);
        self.phone.submit_application(submit.encode(), None, NOW);
        self.drain().0
    }
}

const PLATFORMS: [Platform; 2] = [Platform::Uicc, Platform::Sim];

#[test]
fn ten_messages_find_room_and_the_eleventh_when_one_is_deleted() {
    for platform in PLATFORMS {
        let mut line = Line::new(platform);
        for _ in 0..10 {
            assert_eq!(line.deliver(), [Seen::Report(None)]);
        }
        let full = Seen::Report(Some(FailureCause::SIM_STORAGE_FULL));
        assert_eq!(line.deliver(), [full]);
        // That the centre waits outlives the power of both.
        line.phone.switch_off(NOW);
        assert_eq!(line.drain().0, []);
        line.switch_on();
        line.phone.read_message(7, NOW);
        let (_, events) = line.drain();
        let [Event::MessageRead { record: 7, message }] = &events[..] else { panic!("{events:?}") };
        assert_eq!(message.status, RecordStatus::TO_BE_READ);
        assert_eq!(message.deliver().unwrap().user_data.text(), "AB");
        line.phone.delete_message(7, NOW);
        assert_eq!(line.drain(), (vec![Seen::Room], vec![Event::MessageDeleted { record: 7 }]));
        assert_eq!(line.deliver(), [Seen::Report(None)]);
        line.phone.delete_message(3, NOW);
        assert_eq!(line.drain().0, [], "the centre is told once");
    }
}

#[test]
fn messages_are_counted_on_over_a_power_cycle_and_go_through_the_cards_centre() {
    for platform in PLATFORMS {
        let mut line = Line::new(platform);
        let centre = format!("+{}", Profile::default().service_centre);
        assert_eq!(line.send(), [Seen::Message(0, centre.clone())]);
        assert_eq!(line.send(), [Seen::Message(1, centre.clone())]);
        line.phone = Terminal::new(Config::default());
        line.card.power_off();
        line.switch_on();
        assert_eq!(line.send(), [Seen::Message(2, centre)]);
    }
}
