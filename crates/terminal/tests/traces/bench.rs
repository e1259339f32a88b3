//! A phone on the bench: every output is looked at in its turn.

use std::collections::VecDeque;

use oxisim_terminal::{
    Config, Event, NetworkEvent, NetworkRequest, Output, Screen, SubmitError, Terminal, User,
};
use oxisim_wire::{Duration, Instant};

/// SMS-DELIVER from 1234, for the SIM (protocol identifier 7F, class 2): a command packet's header and two octets.
pub const FOR_CARD: &str = "44048121437FF62080629173144805027000CAFE";

pub struct Bench {
    pub phone: Terminal,
    pub now: Instant,
    outputs: VecDeque<Output>,
    /// Events that were passed over on the way to something else.
    pub events: Vec<Event>,
}

impl Bench {
    /// A phone that has just been switched on, at time zero.
    pub fn switched_on(config: Config) -> Self {
        Self::switched_on_at(config, Instant::EPOCH)
    }

    pub fn switched_on_at(config: Config, now: Instant) -> Self {
        let phone = Terminal::new(config);
        let mut bench = Self { phone, now, outputs: VecDeque::new(), events: Vec::new() };
        bench.phone.switch_on(bench.now);
        assert_eq!(bench.next(), Some(Output::PowerOn));
        bench
    }

    /// A phone in use, at time zero, with a card that has a toolkit and no files.
    pub fn ready() -> Self {
        Self::ready_with(Config::default())
    }

    pub fn ready_with(config: Config) -> Self {
        let mut bench = Self::switched_on(config);
        bench.start_up("9000");
        bench
    }

    /// The card answers to reset, has no files, and ends TERMINAL PROFILE with `status`.
    pub fn start_up(&mut self, status: &str) {
        self.phone.handle_atr(&[0x3B, 0x00], self.now);
        loop {
            let command = self.command();
            let is_profile = command.starts_with("8010");
            self.card(if is_profile { status } else { "6A82" });
            if is_profile {
                break;
            }
        }
        assert!(self.phone.is_ready());
    }

    /// The card answers to reset and has no files but these of the USIM, by identifier.
    pub fn start_up_with(&mut self, files: &[(&str, &str)]) {
        self.phone.handle_atr(&[0x3B, 0x00], self.now);
        let mut selected = None;
        while !self.phone.is_ready() {
            let command = self.command();
            let found = files.iter().find(|(identifier, _)| command == format!("00A4000402{identifier}"));
            let contents = selected.take().map(|(_, contents): &(&str, &str)| format!("{contents}9000"));
            selected = found;
            match contents {
                Some(contents) => self.card(&contents),
                None if found.is_some() => self.card("62009000"),
                None if ["00A40404", "80F2010C", "8010"].iter().any(|fine| command.starts_with(fine)) => {
                    self.card("9000");
                }
                None => self.card("6A82"),
            }
        }
    }

    /// The next output; events are put aside.
    pub fn next(&mut self) -> Option<Output> {
        loop {
            self.outputs.extend(std::iter::from_fn(|| self.phone.poll_output()));
            match self.outputs.pop_front()? {
                Output::Event(event) => self.events.push(event),
                output => return Some(output),
            }
        }
    }

    /// The next output is a command to the card; screens on the way are passed over.
    #[track_caller]
    pub fn command(&mut self) -> String {
        loop {
            match self.next() {
                Some(Output::Transmit(command)) => return hex::encode_upper(command),
                Some(Output::Screen(_) | Output::Tone { .. }) => {}
                other => panic!("a command to the card expected, got {other:?}"),
            }
        }
    }

    /// The next output is this command to the card, and the card answers with this.
    #[track_caller]
    pub fn exchange(&mut self, command: &str, response: &str) {
        assert_eq!(self.command(), command);
        self.card(response);
    }

    /// The card answers.
    pub fn card(&mut self, response: &str) {
        self.phone.handle_response(&hex::decode(response).unwrap(), self.now);
    }

    /// Nothing more happens now, but for screens.
    #[track_caller]
    pub fn quiet(&mut self) {
        while let Some(output) = self.next() {
            assert!(matches!(output, Output::Screen(_)), "{output:?}");
        }
    }

    #[track_caller]
    pub fn screen(&mut self) -> Screen {
        match self.next() {
            Some(Output::Screen(screen)) => screen,
            other => panic!("a screen expected, got {other:?}"),
        }
    }

    /// Lets time pass; timeouts come when they are due.
    pub fn wait(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(at) = self.phone.poll_timeout().filter(|&at| at <= end) {
            self.now = at;
            self.phone.handle_timeout(at);
        }
        self.now = end;
        self.phone.handle_timeout(end);
    }

    pub fn seconds(&mut self, seconds: u64) {
        self.wait(Duration::from_secs(seconds));
    }

    #[expect(clippy::needless_pass_by_value, reason = "a trace reads better")]
    pub fn user(&mut self, input: User) {
        self.phone.handle_user(&input, self.now);
    }

    pub fn submitted(&mut self, result: Result<(), SubmitError>) {
        self.phone.handle_submit_result(result, self.now);
    }

    /// The card announces this command at the next STATUS, and delivers it.
    #[track_caller]
    pub fn proactive(&mut self, command: &str) {
        self.quiet();
        self.wait(Duration::from_secs(30));
        assert_eq!(self.command(), "80F2000C");
        self.announced(command);
    }

    /// The card answers the command that is with it by announcing this one, and delivers it.
    #[track_caller]
    pub fn announced(&mut self, command: &str) {
        let length = (command.len() / 2) as u8; // 00 is 256
        self.card(&format!("91{length:02X}"));
        self.exchange(&format!("80120000{length:02X}"), &format!("{command}9000"));
    }

    /// The card sets up this event list.
    #[track_caller]
    pub fn lists(&mut self, events: &str) {
        let list = format!("99{:02X}{events}", events.len() / 2);
        let command = format!("D0{:02X}810301050082028182{list}", 9 + list.len() / 2);
        self.carries_out(&command, "810301050082028281830100");
    }

    /// The next output is a request to the network; screens on the way are passed over.
    #[track_caller]
    pub fn asks(&mut self) -> NetworkRequest {
        loop {
            match self.next() {
                Some(Output::Network(request)) => return request,
                Some(Output::Screen(_)) => {}
                other => panic!("a request to the network expected, got {other:?}"),
            }
        }
    }

    /// The network says this.
    pub fn network(&mut self, event: NetworkEvent) {
        self.phone.handle_network(event, self.now);
    }

    /// The next output is TERMINAL RESPONSE with this data.
    #[track_caller]
    pub fn responds(&mut self, data: &str) {
        assert_eq!(self.command(), format!("80140000{:02X}{data}", data.len() / 2));
    }

    /// The phone carries this command out at once, with this response, and the session ends.
    #[track_caller]
    pub fn carries_out(&mut self, command: &str, response: &str) {
        self.proactive(command);
        self.responds(response);
        self.card("9000");
        self.quiet();
    }

    pub fn saw(&mut self, event: &Event) -> bool {
        self.quiet();
        self.events.contains(event)
    }
}
