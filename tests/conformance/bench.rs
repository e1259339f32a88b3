//! A phone with a card in it: only bytes pass between them, and all that happens is a line each.

use oxisim_card::{Card, Image};
use oxisim_terminal::{Config, Output, Terminal};
use oxisim_toolkit::{Command, Envelope, Proactive, TerminalResponse};
use oxisim_wire::{Duration, Instant};
use oxisim_world::Slot as _;

use crate::{
    applet::{Heard, Order, Prober},
    recorded::Recorded,
    words,
};

/// Polls in which the applet gets to do what it is ordered.
const PATIENCE: u32 = 600;

/// A Monday, 08:00 UTC.
const START: Instant = Instant::from_secs(1_767_600_000);

/// Instructions of the toolkit (TS 102 221 §11.2).
mod instruction {
    pub const FETCH: u8 = 0x12;
    pub const TERMINAL_RESPONSE: u8 = 0x14;
    pub const ENVELOPE: u8 = 0xC2;
    pub const GET_RESPONSE: u8 = 0xC0;
}

pub struct Bench {
    pub phone: Terminal,
    pub now: Instant,
    card: Recorded<Card>,
    applet: Prober,
    /// The applet's command that is on its way to the phone.
    sent: Option<Vec<u8>>,
    /// Whether the command under way is the applet's.
    is_applets: bool,
    /// An ENVELOPE has an answer that waits for GET RESPONSE.
    is_answered: bool,
    lines: Vec<(&'static str, String)>,
}

impl Bench {
    /// A phone that is switched on with a card whose applet is [`Prober`].
    pub fn new(config: Config, image: &Image) -> Self {
        let applet = Prober::default();
        let card = Card::from_image(image).unwrap().with_applet(applet.clone());
        let mut bench = Self {
            phone: Terminal::new(config),
            now: START,
            card: Recorded::new(card),
            applet,
            sent: None,
            is_applets: false,
            is_answered: false,
            lines: Vec::new(),
        };
        bench.phone.switch_on(bench.now);
        bench.settle();
        assert!(bench.phone.is_ready());
        bench
    }

    /// What has happened since it was asked before, a word and what it is about.
    pub fn lines(&mut self) -> Vec<(&'static str, String)> {
        std::mem::take(&mut self.lines)
    }

    /// Has the applet send a command. FETCH must deliver it as it is here.
    pub fn send(&mut self, octets: &[u8]) {
        let command = Command::decode(octets).unwrap_or_else(|error| panic!("{error}"));
        if let Proactive::DeclareService(_) = command.body {
            self.order(Order::Services);
        }
        self.sent = Some(octets.to_vec());
        self.order(Order::Send(Box::new(command)));
        assert_eq!(self.sent, None, "the command has not come to the phone");
    }

    /// Has the applet do something when it is polled next.
    pub fn order(&mut self, order: Order) {
        self.applet.order(order);
        for _ in 0..PATIENCE {
            if !self.applet.has_orders() {
                return;
            }
            self.now = self.phone.poll_timeout().expect("the phone polls the card");
            self.phone.handle_timeout(self.now);
            self.settle();
        }
        panic!("the applet is not polled");
    }

    /// Has the applet answer what it is asked next with these octets.
    pub fn answer(&mut self, octets: Vec<u8>) {
        self.applet.answer(octets);
    }

    /// Lets time pass; timeouts come when they are due.
    pub fn wait(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(at) = self.phone.poll_timeout().filter(|&at| at <= end) {
            self.now = at;
            self.phone.handle_timeout(at);
            self.settle();
        }
        self.now = end;
        self.phone.handle_timeout(end);
        self.settle();
    }

    /// Does everything that the phone wants done, but for what the sequence answers.
    pub fn settle(&mut self) {
        while let Some(output) = self.phone.poll_output() {
            match output {
                Output::PowerOn => {
                    let atr = self.card.power_on(self.now).unwrap();
                    self.phone.handle_atr(&atr, self.now);
                }
                Output::PowerOff => self.card.power_off(),
                Output::Transmit(command) => {
                    let response = self.card.exchange(self.now, &command).unwrap();
                    self.exchanged();
                    self.phone.handle_response(&response, self.now);
                }
                output => self.lines.extend(words::of_output(&output)),
            }
        }
    }

    /// Looks at what has just passed between phone and card.
    fn exchanged(&mut self) {
        let Some((command, response)) = self.card.exchanges.last() else { return };
        let (answer, status) = response.split_at(response.len() - 2);
        let data = command.get(5..).unwrap_or_default();
        let mut heard = self.applet.heard();
        match command[1] {
            instruction::FETCH => {
                self.is_applets = self.sent.is_some();
                match self.sent.take() {
                    Some(sent) => assert_eq!(hex::encode_upper(answer), hex::encode_upper(sent)),
                    None => self.lines.push(("fetch", hex::encode_upper(answer))),
                }
            }
            instruction::TERMINAL_RESPONSE => {
                self.lines.push(("response", hex::encode_upper(data)));
                assert!(matches!(status, [0x90, 0x00] | [0x91, _]), "{status:02X?}");
                if self.is_applets {
                    // The applet gets what the octets say, and nothing else.
                    let at = heard.iter().position(|heard| matches!(heard, Heard::Response(_))).unwrap();
                    let Heard::Response(response) = heard.remove(at) else { unreachable!() };
                    assert_eq!(TerminalResponse::decode(data).as_ref(), Ok(&*response));
                    self.lines.push(("applet", words::of_response(&response)));
                }
            }
            instruction::ENVELOPE => {
                // A terminal that has room for an answer says so in an octet more.
                let length = usize::from(command[4]);
                let data = &data[..length];
                self.lines.push(("envelope", hex::encode_upper(data)));
                if let Some(Heard::Envelope(envelope)) = heard.first() {
                    assert_eq!(Envelope::decode(data).as_ref(), Ok(&**envelope));
                }
                self.is_answered = status[0] == 0x61;
                if !self.is_answered && (!answer.is_empty() || !matches!(status, [0x90, 0x00] | [0x91, _])) {
                    self.lines.push(("card", hex::encode_upper(response)));
                }
            }
            instruction::GET_RESPONSE if std::mem::take(&mut self.is_answered) => {
                self.lines.push(("card", hex::encode_upper(response)));
            }
            _ => {}
        }
        for heard in heard {
            let line = match heard {
                Heard::Response(_) => panic!("a response without its TERMINAL RESPONSE"),
                Heard::Envelope(envelope) => ("applet", words::of_envelope(&envelope)),
                Heard::Refused(error) => {
                    self.sent = None;
                    ("refused", error.to_string())
                }
                Heard::Told(text) => ("applet", text),
            };
            self.lines.push(line);
        }
    }
}
