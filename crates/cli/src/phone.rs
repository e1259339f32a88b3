//! `oxisim phone`: a phone in real time, with a card in a reader or with the built-in one.

mod answers;
mod centre;
mod channels;
mod sms;
mod sockets;
#[cfg(test)]
mod tests;
mod words;

use std::{
    collections::VecDeque,
    io::{self, Write},
    thread,
};

use oxisim_apdu::{Command as Apdu, Instruction};
use oxisim_server::Msisdn;
use oxisim_sms::Address;
use oxisim_terminal::{
    CardIdentity, Config, Event, Menu, Output, Pin, Platform, Screen, Service, Terminal, User,
};
use oxisim_toolkit::objects::NmeaSentence;
use oxisim_trace::{Clock, Party, Recorder, What};
use oxisim_transport::{InProcess, Traced, Transport};
use oxisim_wire::{Duration, Instant, Wire as _};
use oxisim_world::{Callee, Carrier, Network};

use self::{
    answers::Answers,
    centre::{Centre, Happened},
    sockets::Sockets,
    words::{asked, decided, heard, pin, requested, shown},
};
use crate::{
    backup::wall_clock,
    card::Personal,
    failure::Failure,
    live::{BUILT_IN, Elsewhere, PinArgs},
    report::count,
    span,
    trace::{TraceArgs, finish, teller},
};

/// Drive a card as a phone does, and print what the card asks for.
///
/// Short messages that the card sends are printed, and the card is told that they were sent; with --smsc they go to an
/// SMS centre, as of `oxisim smsc`, and messages come from there. The user does nothing but what the options say. Channels that the card opens lead into a simulated network, or to sockets of this
/// machine; they never lead to another.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("which").conflicts_with_all(BUILT_IN),
    after_help = "Examples:\n  oxisim phone\n  oxisim phone --reader \"Virtual PCD 00 00\" --for 30s\n  oxisim phone --contacts contacts-10.vcf --choose 1 --trace phone.pcapng\n  oxisim phone --applet hello --choose 1 --answer Ada --for 0s\n  oxisim phone --applet echo --sms hello --for 0s\n  oxisim phone --control --dial +15550100002 --for 0s\n  oxisim phone --dial \"*100#\" --for 0s\n  oxisim phone --tcp localhost:35963 --network loopback --yes --for 5m\n  oxisim phone --smsc 127.0.0.1:2776 --number +15550100001 --contacts contacts-10.vcf --choose 1\n  oxisim phone --smsc 127.0.0.1:2776 --number +15550100002 --send +15550100001=hello --for 10s"
)]
pub struct Args {
    #[command(flatten)]
    elsewhere: Elsewhere,
    /// How long; otherwise 10s, and with an SMS centre until Ctrl-C.
    #[arg(long = "for", value_name = "TIME", value_parser = span::duration)]
    span: Option<Duration>,
    /// The SMS centre that serves the phone, as of `oxisim smsc`. The phone is without service until it can be reached.
    #[arg(long, value_name = "HOST:PORT", conflicts_with_all = ["messages", "tpdus"])]
    smsc: Option<String>,
    /// Send this message as soon as there is service; may be given several times.
    #[arg(long = "send", value_name = "NUMBER=TEXT", requires = "smsc", value_parser = sms::to_send)]
    sends: Vec<(Address, String)>,
    /// Time between two STATUS commands, until the card asks for another.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = span::duration)]
    poll: Duration,
    /// The user's PIN, which the card gets once if it asks for it, but not if a wrong one would block it.
    #[arg(long)]
    pin: Option<Pin>,
    /// Choose this item of the card's menu as soon as it is there, and the SMS centre if one is to serve the phone.
    #[arg(long, value_name = "ITEM")]
    choose: Option<u8>,
    /// Answer the card's next question with this: the number or the text of an item of a list, what it asks you to type,
    /// or `yes` or `no`; may be given several times. Texts are read and cleared.
    #[arg(long = "answer", value_name = "TEXT")]
    answers: Vec<String>,
    /// Let +15550100002 send this message to the card as soon as the phone is ready; may be given several times.
    #[arg(long = "sms", value_name = "TEXT")]
    messages: Vec<String>,
    /// Let the network deliver this SMS-DELIVER as soon as the phone is ready, as `oxisim ota wrap --sms` prints it; may be
    /// given several times.
    #[arg(long = "tpdu", value_name = "HEX")]
    tpdus: Vec<String>,
    /// The phone has no memory for messages: it keeps in the card's what comes for nobody else, and what it sends itself.
    #[arg(long)]
    keep_messages: bool,
    /// Dial this as soon as the phone is ready: a number, or a code such as *100#. A card that controls calls is
    /// asked first.
    #[arg(long, value_name = "NUMBER")]
    dial: Option<String>,
    /// Say yes to what the card asks the user: whether to call, or to open a channel.
    #[arg(long)]
    yes: bool,
    /// Where channels lead that the card opens.
    #[arg(long, value_name = "NETWORK", default_value = "simulated")]
    network: NetworkName,
    #[command(flatten)]
    trace: TraceArgs,
    #[command(flatten, next_help_heading = "The card of this program")]
    built_in: Personal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum NetworkName {
    /// Nowhere outside: 192.0.2.1 sends back what comes to port 7 by TCP or UDP, and there is no other host.
    Simulated,
    /// To this machine by the loopback of IPv4 and IPv6, and to no other; a card that is a server listens on 127.0.0.1.
    Loopback,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    /// Ten years: nobody waits for longer.
    const UNTIL_INTERRUPTED: Duration = Duration::from_mins(10 * 365 * 24 * 60);
    let number = args.number()?;
    let card = args.card()?;
    let mut config = Config {
        poll_interval: args.poll,
        protocol: args.elsewhere.protocol.into(),
        pin: args.pin,
        keeps_messages_on_card: args.keep_messages,
        ..Config::default()
    };
    let service = config.service.clone();
    if args.smsc.is_some() {
        config.service = Service::None;
    }
    let usual = if args.smsc.is_some() { UNTIL_INTERRUPTED } else { Duration::from_secs(10) };
    let recorder = args.trace.open(Clock::Real, wall_clock())?;
    let card = Traced::new(card, teller(recorder.clone()));
    let mut phone = Phone::new(config, card, args.network, io::stdout());
    phone.recorder.clone_from(&recorder);
    phone.choice = args.choose;
    phone.dial.clone_from(&args.dial);
    phone.messages = args.messages()?;
    phone.says_yes = args.yes;
    phone.answers = Answers::new(&args.answers);
    phone.sends = args.sends.iter().cloned().collect();
    phone.centre = args.smsc.as_ref().map(|address| Centre::new(address, number.address(), service));
    finish(recorder.as_ref(), phone.run(args.span.unwrap_or(usual)))
}

impl Args {
    /// The subscriber. A card that is not this program's may have any number, so only the SMS centre wants to know it.
    fn number(&self) -> Result<Msisdn, Failure> {
        let is_own = self.elsewhere.is_nowhere() && !self.built_in.has_image();
        if !is_own && self.smsc.is_none() && self.built_in.names_number() {
            return Err(Failure::Usage(
                "--number: such a card has its own, and only an SMS centre asks for it".into(),
            ));
        }
        if !is_own && self.smsc.is_some() && !self.built_in.names_number() {
            return Err(Failure::Usage("--smsc: whose card is it? Give the number with --number".into()));
        }
        Ok(self.built_in.number())
    }

    /// What comes for the card, a TPDU each.
    fn messages(&self) -> Result<VecDeque<Vec<u8>>, Failure> {
        let mut messages = VecDeque::new();
        for (text, reference) in self.messages.iter().zip((1..=u8::MAX).cycle()) {
            messages.extend(sms::for_card(text, reference, wall_clock())?);
        }
        for tpdu in &self.tpdus {
            let wrong = |_| Failure::Usage(format!("--tpdu: {tpdu:?} is not octets, hexadecimal"));
            messages.push_back(hex::decode(tpdu).map_err(wrong)?);
        }
        Ok(messages)
    }

    fn card(&self) -> Result<Box<dyn Transport>, Failure> {
        if let Some(card) = self.elsewhere.open()? {
            return Ok(card);
        }
        let pin = PinArgs { pin: self.pin.map(Into::into), last_try: false };
        Ok(Box::new(InProcess(self.built_in.card(&pin, &mut io::stdout())?)))
    }
}

/// A phone with its card.
struct Phone<T, W> {
    terminal: Terminal,
    card: T,
    begin: Instant,
    /// The item of the menu to be chosen.
    choice: Option<u8>,
    /// What is to be dialled.
    dial: Option<String>,
    /// What has been dialled.
    dialled: String,
    /// What is to come for the card.
    messages: VecDeque<Vec<u8>>,
    /// What the user is to send.
    sends: VecDeque<(Address, String)>,
    /// The SMS centre, if there is one.
    centre: Option<Centre>,
    /// Whether the card has set up its menu.
    has_menu: bool,
    /// What the options say and could not be done.
    undone: Option<String>,
    /// Command APDUs that the card has got.
    commands: usize,
    /// STATUS commands among them.
    polls: usize,
    /// Whether the user says yes to what the card asks.
    says_yes: bool,
    /// What the user answers.
    answers: Answers,
    /// The network, beyond messages.
    network: Network,
    /// Where channels lead.
    leads: NetworkName,
    carrier: Box<dyn Carrier>,
    /// What records the messages.
    recorder: Option<Recorder>,
    out: W,
}

impl<T: Transport, W: Write> Phone<T, W> {
    fn new(config: Config, card: T, network: NetworkName, out: W) -> Self {
        Self {
            terminal: Terminal::new(config),
            card,
            begin: wall_clock(),
            choice: None,
            dial: None,
            dialled: String::new(),
            messages: VecDeque::new(),
            sends: VecDeque::new(),
            centre: None,
            has_menu: false,
            undone: None,
            commands: 0,
            polls: 0,
            says_yes: false,
            answers: Answers::default(),
            network: simulated_network(),
            leads: network,
            carrier: match network {
                NetworkName::Simulated => Box::new(channels::internet()),
                NetworkName::Loopback => Box::new(Sockets::default()),
            },
            recorder: None,
            out,
        }
    }

    fn run(&mut self, span: Duration) -> Result<(), Failure> {
        let end = self.begin + span;
        self.terminal.switch_on(self.begin);
        loop {
            self.drain()?;
            if self.has_menu
                && (self.centre.is_none() || self.is_served())
                && let Some(item) = self.choice.take()
            {
                let is_item = |menu: &Menu| menu.items.iter().any(|other| other.identifier == item);
                if self.terminal.menu().is_some_and(is_item) {
                    self.say("user", &format!("chooses item {item} of the card's menu"))?;
                    self.terminal.handle_user(&User::SelectMenu(item), wall_clock());
                } else {
                    self.say("user", &format!("finds no item {item} in the card's menu"))?;
                    self.undone = Some(format!("there is no item {item} in the card's menu"));
                }
                continue;
            }
            if self.terminal.is_ready()
                && let Some(number) = self.dial.take()
            {
                self.say("user", &format!("dials {number}"))?;
                self.dialled.clone_from(&number);
                self.terminal.handle_user(&User::Dial(number), wall_clock());
                continue;
            }
            if self.terminal.is_ready()
                && let Some(tpdu) = self.messages.pop_front()
            {
                self.say("phone", "gets a message for the card")?;
                self.record(Party::Centre, &tpdu);
                self.terminal.handle_deliver(&tpdu, None, wall_clock());
                continue;
            }
            if self.is_served()
                && let Some((number, text)) = self.sends.pop_front()
            {
                self.say("user", &format!("sends {text:?} to {number}"))?;
                let sent = self.terminal.send_text(Some(number), &text, wall_clock());
                sent.map_err(|error| Failure::Usage(format!("--send: {error}")))?;
                continue;
            }
            if self.terminal.is_ready()
                && let Some(centre) = &mut self.centre
            {
                centre.begin();
            }
            let now = wall_clock();
            if now >= end {
                break;
            }
            self.wait(end, now);
        }
        self.terminal.switch_off(wall_clock());
        self.drain()?;
        let (commands, polls) = (count(self.commands, "command"), count(self.polls, "poll"));
        self.say("phone", &format!("off after {commands}, {polls} among them"))?;
        let undone = self.undone.take();
        let undone = undone.or_else(|| {
            Some(format!("{:?} was not dialled: the phone did not get ready", self.dial.take()?))
        });
        let undone = undone
            .or_else(|| Some(format!("item {} was not chosen: the card has no menu", self.choice.take()?)));
        let undone = undone.or_else(|| self.answers.undone());
        let undone = undone.or_else(|| {
            let text = "a message for the card did not come: the phone did not get ready";
            (!self.messages.is_empty()).then(|| text.into())
        });
        let undone = undone
            .or_else(|| (!self.sends.is_empty()).then(|| "a message was not sent: no service".to_owned()));
        undone.map_or(Ok(()), |reason| Err(Failure::NotDone(reason)))
    }

    /// Waits until something happens, at most until the end.
    fn wait(&mut self, end: Instant, now: Instant) {
        let centre = self.centre.as_ref().and_then(Centre::poll_timeout);
        let times = [self.terminal.poll_timeout(), self.carrier.poll_timeout(), centre, Some(end)];
        let wait = times.into_iter().flatten().min().unwrap_or(end).since(now);
        let wait = std::time::Duration::from_micros(wait.as_micros());
        match &mut self.centre {
            Some(centre) => centre.wait(wait),
            None => thread::sleep(wait),
        }
        let now = wall_clock();
        if let Some(centre) = &mut self.centre {
            centre.handle_timeout(now);
        }
        self.carrier.handle_timeout(now);
        self.terminal.handle_timeout(now);
    }

    /// Whether the phone can send.
    fn is_served(&self) -> bool {
        self.terminal.is_ready() && self.centre.as_ref().is_some_and(Centre::is_served)
    }

    /// What comes from the SMS centre.
    fn happened(&mut self, happened: Happened) -> Result<(), Failure> {
        match happened {
            Happened::Said(line) => return self.say("phone", &line),
            Happened::Service(service) => self.terminal.handle_service(service, wall_clock()),
            Happened::Deliver { tpdu, service_centre } => {
                self.say("phone", "gets a message")?;
                self.record(Party::Centre, &tpdu);
                self.terminal.handle_deliver(&tpdu, service_centre.as_ref(), wall_clock());
            }
            Happened::Submitted(result) => {
                if let Err(error) = &result {
                    self.say("phone", &format!("has not sent the message: {error}"))?;
                }
                self.terminal.handle_submit_result(result, wall_clock());
            }
            Happened::MemoryAvailable(result) => self.terminal.handle_memory_available(result, wall_clock()),
        }
        Ok(())
    }

    /// Does what the phone wants, and tells it what happens to its channels, until there is nothing more.
    fn drain(&mut self) -> Result<(), Failure> {
        loop {
            let output = self.terminal.poll_output();
            let is_done = output.is_none();
            if let Some(output) = output {
                self.output(output)?;
            }
            if let Some(happened) = self.centre.as_mut().and_then(Centre::poll) {
                self.happened(happened)?;
                continue;
            }
            let room = |channel| self.terminal.channel_room(channel);
            if let Some((channel, event)) = self.carrier.poll_event(&room) {
                self.say("phone", &format!("channel {channel} {}", channels::happens(&event)))?;
                self.terminal.handle_channel(channel, event, wall_clock());
            } else if is_done {
                return Ok(());
            }
        }
    }

    fn output(&mut self, output: Output) -> Result<(), Failure> {
        match output {
            Output::PowerOn => {
                let answer = self.card.reset()?;
                self.say("phone", &format!("resets the card: ATR {}", hex::encode_upper(&answer)))?;
                self.terminal.handle_atr(&answer, wall_clock());
            }
            Output::Transmit(command) => {
                self.commands += 1;
                let response = self.card.exchange(&command)?;
                if Apdu::parse(&command).is_ok_and(|apdu| apdu.instruction == Instruction::STATUS) {
                    self.polls += 1;
                }
                self.terminal.handle_response(&response, wall_clock());
            }
            Output::Submit { tpdu, service_centre } => {
                self.record(Party::Phone, &tpdu);
                let who = if self.centre.is_some() { "phone" } else { "card" };
                self.say(who, &format!("sends {}", sms::sent(&tpdu)))?;
                match &mut self.centre {
                    Some(centre) => centre.submit(tpdu, service_centre, wall_clock()),
                    None => self.terminal.handle_submit_result(Ok(()), wall_clock()),
                }
            }
            Output::MemoryAvailable => {
                self.say("phone", "tells the service centre that there is room for messages")?;
                match &mut self.centre {
                    Some(centre) => centre.memory_available(wall_clock()),
                    None => self.terminal.handle_memory_available(Ok(()), wall_clock()),
                }
            }
            Output::ApplicationSubmitted(result) => {
                if let Err(error) = result {
                    self.undone = Some(format!("a message was not sent: {error}"));
                }
            }
            Output::Screen(screen) => {
                if let Some(line) = shown(&screen) {
                    self.say("screen", &line)?;
                }
                if self.says_yes && matches!(screen, Screen::Confirm { .. }) {
                    self.say("user", "says yes")?;
                    self.terminal.handle_user(&User::Yes, wall_clock());
                } else if let Some((line, input)) = self.answers.to(&screen) {
                    self.say("user", &line)?;
                    self.terminal.handle_user(&input, wall_clock());
                }
            }
            Output::Event(event) => self.event(&event)?,
            Output::Tone { length, .. } => self.say("phone", &format!("beeps for {length}"))?,
            Output::Network(request) => {
                self.say("phone", &format!("asks the network for {}", requested(&request)))?;
                if let Some(event) = self.network.ask(&request) {
                    if let Some(line) = heard(&event) {
                        self.say("phone", &line)?;
                    }
                    self.terminal.handle_network(event, wall_clock());
                }
            }
            Output::Channel { channel, request } => {
                self.say("phone", &format!("channel {channel} {}", channels::asks(&request)))?;
                if let (NetworkName::Loopback, Some(host)) = (self.leads, sockets::foreign(&request)) {
                    self.say("phone", &format!("reaches this machine only, and {host} is not it"))?;
                }
                self.carrier.handle_channel(channel, request, wall_clock());
            }
            Output::DeliverReport(report) => {
                self.record(Party::Phone, &report.encode());
                let taken = match report.cause {
                    None => "takes the message".into(),
                    Some(cause) => format!("does not take the message (TP-FCS {:02X}: {cause:?})", cause.0),
                };
                let answer = report.parameters.user_data.as_ref().map(sms::answered);
                self.say("card", &format!("{taken}{}", answer.unwrap_or_default()))?;
                if let Some(centre) = &mut self.centre {
                    centre.report(&report);
                }
            }
            // This phone has no other reader.
            Output::Reader { .. } | Output::PowerOff | Output::Application { .. } => {}
        }
        Ok(())
    }

    fn event(&mut self, event: &Event) -> Result<(), Failure> {
        match event {
            Event::AnswerToReset(None) => self.say("card", "its answer to reset is not one"),
            Event::SessionStarted(identity) => self.started(identity),
            Event::SimChanged => self.say("card", "is another, or is used by another program"),
            Event::ProactiveCommand(command) => self.say("card", &asked(command)),
            Event::CommandRefused(refusal) => self.say("card", &refusal.to_string()),
            Event::FetchFailed => self.say("card", "announced a command and did not deliver it"),
            Event::PollInterval(Some(interval)) => self.say("phone", &format!("polls every {interval}")),
            Event::PollInterval(None) => self.say("phone", "does not poll"),
            Event::BrowserOpened(address) => self.say("phone", &format!("opens {address}")),
            Event::Controlled { asked, decision } => self.say("card", &decided(asked, decision)),
            Event::NotDialled(error) => {
                self.undone = Some(format!("{:?} was not dialled: {error}", self.dialled));
                self.say("phone", &format!("does not dial: {error}"))
            }
            Event::UssdAnswered(Ok(text)) => self.say("phone", &format!("hears {:?}", text.to_text())),
            Event::ServiceAnswered(Ok(_)) => self.say("phone", "hears that it is done"),
            Event::UssdAnswered(Err(error)) | Event::ServiceAnswered(Err(error)) => {
                self.say("phone", &format!("hears: {error}"))
            }
            Event::BrowserClosed => self.say("phone", "closes the browser"),
            Event::MessageStored { record } => {
                self.say("phone", &format!("keeps the message in record {record} of the card"))
            }
            Event::MemoryExceeded => self.say("phone", "has no room for the message: the card is full"),
            Event::StoreFailed => self.say("phone", "cannot use the card's memory for messages"),
            Event::FramesChanged(frames) => {
                let frames = hex::encode_upper(&frames.frames);
                self.say("screen", &format!("is divided into frames: {frames}"))
            }
            Event::ServiceDeclared(service) => {
                self.say("card", &format!("offers service {} to devices nearby", service.record.service))
            }
            Event::ServiceDeleted(service) => {
                self.say("card", &format!("no longer offers service {service}"))
            }
            Event::InterfaceActivated => {
                self.say("phone", "activates the interface to the contactless front end")
            }
            Event::Contactless(true) => self.say("card", "has its contactless functionality enabled"),
            Event::Contactless(false) => self.say("card", "has its contactless functionality disabled"),
            Event::Redialled(attempt) => self.say("phone", &format!("tries the call again, {attempt}")),
            Event::TerminalResponse(_) => {
                self.answers.taken();
                Ok(())
            }
            Event::TextMessage { message, text } => {
                self.say("phone", &format!("shows a message from {}: {text:?}", message.originator))
            }
            Event::StatusReport(report) => self
                .say("phone", &format!("hears of the message to {}: {:?}", report.recipient, report.status)),
            Event::DeliveryLost => {
                if let Some(centre) = &mut self.centre {
                    centre.forget();
                }
                Ok(())
            }
            Event::TimerExpired(_) => self.say("phone", "tells the card that a timer has expired"),
            Event::MenuChanged => {
                self.has_menu = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn started(&mut self, identity: &CardIdentity) -> Result<(), Failure> {
        let platform = match identity.platform {
            Platform::Uicc => "UICC",
            Platform::Sim => "SIM of GSM",
        };
        let known = |what: &str| if what.is_empty() { "unknown" } else { what }.to_owned();
        let (iccid, imsi) = (known(&identity.iccid), known(&identity.imsi));
        self.say("card", &format!("started: ICCID {iccid}, IMSI {imsi} ({platform})"))?;
        match pin(identity.pin) {
            Some(line) => self.say("card", line),
            None => Ok(()),
        }
    }

    fn record(&self, from: Party, tpdu: &[u8]) {
        if let Some(recorder) = &self.recorder {
            recorder.note(wall_clock(), What::Tpdu { from, tpdu: tpdu.to_vec() });
        }
    }

    fn say(&mut self, who: &str, what: &str) -> Result<(), Failure> {
        let elapsed = wall_clock().since(self.begin).as_secs_f64();
        writeln!(self.out, "{elapsed:>8.3}s  {who:<6}  {what}")?;
        Ok(self.out.flush()?)
    }
}

/// A small network: somebody who answers, somebody who is busy, the balance, a multimedia message, and where the phone is.
pub fn simulated_network() -> Network {
    let mut network = Network::default();
    network.numbers.insert("112".into(), Callee::Answers);
    network.numbers.insert("+15550100002".into(), Callee::Answers);
    network.numbers.insert("+15550100003".into(), Callee::Refuses(17));
    network.multimedia.insert(b"1".to_vec());
    let sentence = b"$GPGLL,5231.20,N,01324.30,E,120000,A*29".to_vec();
    network.position.sentence = Some(NmeaSentence { sentence });
    network.ussd.insert("*100#".into(), "Balance: 5.00".into());
    network
}
