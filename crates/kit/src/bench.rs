//! The machines on the bench, and the time.

use oxisim_card::{Applet, Card, Profile};
use oxisim_sms::{Address, concatenation::Reassembler, tpdu::MobileOriginated};
use oxisim_terminal::{Event, NetworkRequest, Output, Screen, SubmitError, Terminal};
use oxisim_wire::{Duration, Instant, Wire};
use oxisim_world::Network;

use crate::{Handset, Radio, Transcript, radio::Centre, transcript};

/// When every bench begins: a Monday, 08:00 UTC.
pub const START: Instant = Instant::from_secs(1_767_600_000);

/// Outputs of the phone at one moment, beyond which card and phone are taken to go round in circles.
const MOST_AT_ONCE: usize = 10_000;
/// Moments at which something happens while the test waits once, beyond which the same is true.
const MOST_MOMENTS: usize = 100_000;

/// A card with the applet under test, in a phone, in a network; time passes with [`wait`](Self::wait) and no other way.
///
/// Whatever the applet does, card and phone understand each other: a command that the phone cannot read, that is
/// announced and not delivered, or that is followed by another at once without end, fails the test.
#[derive(Debug)]
pub struct Bench {
    /// The telephone network: who can be called, what USSD is answered with.
    pub network: Network,
    pub(crate) phone: Terminal,
    pub(crate) card: Card,
    pub(crate) handset: Handset,
    pub(crate) now: Instant,
    pub(crate) radio: Radio,
    /// The message that is being sent, until when.
    sending: Option<(Instant, Vec<u8>)>,
    parts: Reassembler,
    pub(crate) heard: Heard,
    pub(crate) transcript: Transcript,
    pub(crate) centre: Centre,
    /// Whether the phone can be reached.
    pub(crate) has_service: bool,
}

/// A message that the card has sent, all of it if it went in several parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sms {
    /// To whom.
    pub to: String,
    /// What it says; 8-bit data is read as UTF-8.
    pub text: String,
}

/// What has come out of the phone.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub texts: Log<String>,
    pub messages: Log<Sms>,
    pub calls: Log<String>,
    pub ussd: Log<String>,
}

/// Things in the order in which they came, of which the test has expected the first ones.
#[derive(Debug)]
pub(crate) struct Log<T> {
    pub all: Vec<T>,
    expected: usize,
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self { all: Vec::new(), expected: 0 }
    }
}

impl<T> Log<T> {
    /// What has not been expected yet.
    pub fn unexpected(&self) -> &[T] {
        self.all.get(self.expected..).unwrap_or_default()
    }

    /// The next that has not been expected.
    pub fn next(&mut self) -> Option<&T> {
        let next = self.all.get(self.expected)?;
        self.expected += 1;
        Some(next)
    }
}

impl Bench {
    /// The built-in card with this applet, in a phone that can do everything, switched on. An applet that cannot be
    /// installed ends the test, which says why.
    #[must_use]
    #[track_caller]
    pub fn new(applet: impl Applet + 'static) -> Self {
        Self::of(Card::new(&Profile::default()).with_applet(applet), Handset::Full)
    }

    /// Any card, in any phone, switched on.
    #[must_use]
    #[track_caller]
    pub fn of(card: Card, handset: Handset) -> Self {
        let mut bench = Self {
            network: Network::default(),
            phone: Terminal::new(handset.config()),
            card,
            handset,
            now: START,
            radio: Radio::Sends,
            sending: None,
            parts: Reassembler::new(255, Duration::from_mins(60)),
            heard: Heard::default(),
            transcript: Transcript::default(),
            centre: Centre::default(),
            has_service: true,
        };
        bench.switch_on();
        bench
    }

    /// The card.
    #[must_use]
    pub const fn card(&self) -> &Card {
        &self.card
    }

    /// The card, for a host's work on it: its files, its memory, its applets.
    #[must_use]
    pub const fn card_mut(&mut self) -> &mut Card {
        &mut self.card
    }

    /// The phone.
    #[must_use]
    pub const fn phone(&self) -> &Terminal {
        &self.phone
    }

    /// What time it is.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// What the phone shows.
    #[must_use]
    pub const fn screen(&self) -> &Screen {
        self.phone.screen()
    }

    /// Every message that the card has sent, expected or not.
    #[must_use]
    pub fn sent(&self) -> &[Sms] {
        &self.heard.messages.all
    }

    /// Every text that the phone has shown, expected or not.
    #[must_use]
    pub fn shown(&self) -> &[String] {
        &self.heard.texts.all
    }

    /// All that has happened.
    #[must_use]
    pub const fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Lets time pass, and happen what happens in it.
    #[track_caller]
    pub fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        self.note(format!("time: {time}"));
        for _ in 0..MOST_MOMENTS {
            let sent = self.sending.as_ref().map(|&(at, _)| at);
            let next = [self.phone.poll_timeout(), sent, self.centre.next()].into_iter().flatten().min();
            let Some(next) = next.filter(|&next| next <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            if let Some((_, tpdu)) = self.sending.take_if(|(at, _)| *at <= next) {
                self.submitted(&tpdu);
            }
            self.phone.handle_timeout(self.now);
            self.settle();
            while let Some(delivery) = self.centre.take_due(self.now) {
                self.deliver(delivery);
            }
        }
        self.fail("card and phone to come to rest", "they go on and on");
    }

    /// Switches the phone on, and lets it start the card.
    #[track_caller]
    pub(crate) fn switch_on(&mut self) {
        self.phone.switch_on(self.now);
        self.settle();
        if !self.phone.is_ready() {
            self.fail("the phone to start", "it has not");
        }
    }

    /// Switches the phone off.
    #[track_caller]
    pub(crate) fn switch_off(&mut self) {
        self.sending = None;
        self.centre.break_off(self.now);
        self.phone.switch_off(self.now);
        self.settle();
    }

    /// Does what the phone wants done, until it wants nothing more.
    #[track_caller]
    pub(crate) fn settle(&mut self) {
        for _ in 0..MOST_AT_ONCE {
            let Some(output) = self.phone.poll_output() else { return };
            self.output(output);
        }
        self.fail("card and phone to come to rest", "they go on and on, and no time passes");
    }

    #[track_caller]
    fn output(&mut self, output: Output) {
        match output {
            Output::PowerOn => {
                let answer = self.card.power_on(self.now);
                if !self.is_torn() {
                    self.phone.handle_atr(&answer, self.now);
                }
            }
            Output::PowerOff => self.card.power_off(),
            Output::Transmit(command) => {
                let response = self.card.exchange(self.now, &command);
                if !self.is_torn() {
                    self.phone.handle_response(&response.to_bytes(), self.now);
                }
            }
            Output::Submit { tpdu, .. } => self.submit(tpdu),
            Output::MemoryAvailable => {
                self.note("phone: has room for messages again");
                self.phone.handle_memory_available(Ok(()), self.now);
            }
            Output::DeliverReport(report) => {
                if let Some(cause) = report.cause {
                    self.note(format!("phone: does not take the message, {cause:?}"));
                }
                self.centre.reported(report.cause.is_none(), self.now);
            }
            Output::Screen(Screen::Text { text, .. }) => {
                self.note(format!("phone shows {text:?}"));
                self.heard.texts.all.push(text);
            }
            Output::Screen(screen) => self.note(format!("screen: {}", transcript::of_screen(&screen))),
            Output::Network(request) => self.ask_network(&request),
            Output::Event(event) => self.event_of_phone(&event),
            _ => {}
        }
    }

    /// If power has failed in the middle of a write, the phone starts anew; whatever was under way is lost.
    fn is_torn(&mut self) -> bool {
        let is_torn = self.card.memory().is_torn();
        if is_torn {
            self.note("power fails in the middle of a write, and comes back");
            self.card.memory_mut().tear_after(None);
            self.sending = None;
            self.centre.break_off(self.now);
            self.phone.switch_off(self.now);
            while self.phone.poll_output().is_some() {}
            self.card.power_off();
            self.phone.switch_on(self.now);
        }
        is_torn
    }

    fn submit(&mut self, tpdu: Vec<u8>) {
        match self.radio {
            Radio::Sends => self.submitted(&tpdu),
            Radio::Takes { seconds } => {
                self.sending = Some((self.now + Duration::from_secs(seconds.into()), tpdu));
            }
            Radio::Refuses => {
                self.note("network: refuses a message");
                self.phone.handle_submit_result(Err(SubmitError::Network { cause: None }), self.now);
            }
        }
    }

    /// A message is at the service centre.
    fn submitted(&mut self, tpdu: &[u8]) {
        match MobileOriginated::decode(tpdu, "TPDU") {
            Ok(MobileOriginated::Submit(submit)) => {
                let to: Address = submit.destination;
                if let Some(message) = self.parts.accept(&to, submit.user_data, self.now) {
                    let sms = Sms { to: to.to_string(), text: message.text() };
                    self.note(format!("network: message to {}: {:?}", sms.to, sms.text));
                    self.heard.messages.all.push(sms);
                }
            }
            _ => self.note(format!("network: what is no SMS-SUBMIT, {tpdu:02X?}")),
        }
        self.phone.handle_submit_result(Ok(()), self.now);
    }

    fn ask_network(&mut self, request: &NetworkRequest) {
        match request {
            NetworkRequest::Call { number, .. } => {
                self.note(format!("network: call to {number}"));
                self.heard.calls.all.push(number.to_string());
            }
            NetworkRequest::Ussd(text) => {
                let text = text.to_text();
                self.note(format!("network: USSD {text:?}"));
                self.heard.ussd.all.push(text);
            }
            _ => {}
        }
        if let Some(event) = self.network.ask(request) {
            self.phone.handle_network(event, self.now);
        }
    }

    #[track_caller]
    fn event_of_phone(&mut self, event: &Event) {
        if let Some(line) = transcript::of_event(event) {
            self.note(line);
        }
        if let Event::CommandRefused(_) | Event::FetchFailed = event {
            self.fail("commands that the phone understands", "the card has sent another");
        }
        if *event == Event::DeliveryLost {
            self.centre.lost(self.now);
        }
    }

    pub(crate) fn note(&mut self, line: impl Into<String>) {
        self.transcript.note(self.now.since(START), line);
    }

    /// Ends the test.
    #[track_caller]
    pub(crate) fn fail(&self, expected: impl std::fmt::Display, found: impl std::fmt::Display) -> ! {
        panic!("\nexpected {expected}\n     but {found}\n\n{}", self.transcript);
    }
}
