//! A phone whose card answers with any octets, while the user, the network and time do anything: it has one command with the
//! card at a time, each a command of ISO 7816-4, comes to rest at every moment, and when it is off it wants nothing.

use oxisim_apdu::Command;
use oxisim_terminal::{CallId, ChannelEvent, Config, NetworkEvent, Output, SubmitError, Terminal, User};
use oxisim_wire::{Duration, Instant};

use super::steps::Steps;

/// Outputs between two steps, beyond which the phone goes round in circles.
const MOST_AT_ONCE: usize = 1_000;

/// A phone and what its host remembers.
struct Host {
    phone: Terminal,
    now: Instant,
    /// The command that is with the card.
    command: Option<Vec<u8>>,
    /// The card wants to be reset.
    resetting: bool,
    submitting: bool,
    commands: usize,
}

impl Host {
    fn drain(&mut self) {
        for _ in 0..MOST_AT_ONCE {
            match self.phone.poll_output() {
                None => return,
                Some(Output::PowerOn) => (self.resetting, self.command) = (true, None),
                Some(Output::PowerOff) => (self.resetting, self.command) = (false, None),
                Some(Output::Transmit(command)) => {
                    Command::parse(&command).expect("a command of ISO 7816-4");
                    assert_eq!(self.command.replace(command), None, "one command at a time");
                }
                Some(Output::Submit { .. }) => {
                    assert!(!std::mem::replace(&mut self.submitting, true), "one message at a time");
                }
                Some(_) => {}
            }
        }
        panic!("the phone does not come to rest");
    }

    fn answer(&mut self, octets: &[u8]) {
        if self.resetting {
            self.resetting = false;
            self.phone.handle_atr(octets, self.now);
        } else if self.command.take().is_some() {
            self.commands += 1;
            self.phone.handle_response(octets, self.now);
        }
    }

    fn user(&mut self, input: &User) {
        self.phone.handle_user(input, self.now);
    }

    fn step(&mut self, steps: &mut Steps<'_>) {
        match steps.octet() % 16 {
            // What it was asked, then any data and any status.
            0..3 => {
                let octets = steps.counted();
                self.answer(octets);
            }
            3 => self.answer(&[0x90, 0x00]),
            4 => {
                let length = steps.octet();
                self.answer(&[0x91, length]);
            }
            // A proactive command: its objects behind the details.
            5..7 => {
                let (kind, qualifier) = (steps.octet(), steps.octet());
                let mut body = vec![0x81, 0x03, 0x01, kind, qualifier, 0x82, 0x02, 0x81, 0x82];
                body.extend(steps.counted());
                body.truncate(0x7F);
                let mut answer = vec![0xD0, body.len() as u8];
                answer.extend(body);
                answer.extend([0x90, 0x00]);
                self.answer(&answer);
            }
            7 => {
                let submitted = match steps.octet() {
                    octet if octet % 4 == 0 => Err(SubmitError::Network { cause: Some(octet) }),
                    octet if octet % 4 == 1 => Err(SubmitError::Relay { cause: octet }),
                    _ => Ok(()),
                };
                if std::mem::take(&mut self.submitting) {
                    self.phone.handle_submit_result(submitted, self.now);
                }
            }
            8 => {
                self.now = self.now + Duration::from_secs(steps.octet().into());
                self.phone.handle_timeout(self.now);
            }
            9 => self.user(&match steps.octet() {
                0 => User::OpenMenu,
                1 => User::Yes,
                2 => User::No,
                3 => User::Clear,
                4 => User::Back,
                5 => User::EndSession,
                6 => User::NoResponse,
                7 => User::Accept,
                8 => User::Answer,
                9 => User::HangUp,
                10 => User::Occupy,
                11 => User::Help(None),
                octet if octet < 64 => User::SelectMenu(octet - 11),
                octet if octet < 128 => User::Choose(octet - 63),
                octet => User::Key(char::from(octet - 128)),
            }),
            10 => self.user(&User::Text(String::from_utf8_lossy(steps.counted()).into_owned())),
            11 => self.user(&User::Dial(String::from_utf8_lossy(steps.counted()).into_owned())),
            12 => {
                let octets = steps.counted();
                self.phone.handle_deliver(octets, None, self.now);
            }
            13 => {
                let how = steps.octet();
                let call = CallId { transaction: how >> 4 & 7, is_incoming: how & 1 != 0 };
                let event = match how >> 1 & 7 {
                    0 => NetworkEvent::Incoming { call, number: None },
                    1 => NetworkEvent::Connected(call),
                    2 => NetworkEvent::Disconnected { call, cause: Some(16) },
                    3 => NetworkEvent::Service(Ok(steps.counted().to_vec())),
                    _ => NetworkEvent::MultimediaNotification(steps.counted().to_vec()),
                };
                self.phone.handle_network(event, self.now);
            }
            14 => {
                let how = steps.octet();
                let event = match how >> 4 {
                    0..6 => ChannelEvent::Opened,
                    6..12 => ChannelEvent::Received(steps.counted().to_vec()),
                    12 => ChannelEvent::Listening,
                    _ => ChannelEvent::Dropped,
                };
                self.phone.handle_channel(how & 7, event, self.now);
            }
            _ => match steps.octet() % 4 {
                0 => {
                    self.phone.switch_off(self.now);
                    self.submitting = false;
                }
                _ => self.phone.switch_on(self.now),
            },
        }
        self.drain();
    }

    /// The card starts as it should, so that the first step finds a phone in use.
    fn start(&mut self) {
        self.answer(&[0x3B, 0x00]);
        self.drain();
        while !self.phone.is_ready() {
            let is_profile = self.command.as_ref().is_some_and(|command| command.starts_with(&[0x80, 0x10]));
            self.answer(if is_profile { &[0x90, 0x00] } else { &[0x6A, 0x82] });
            self.drain();
        }
    }
}

pub fn run(octets: &[u8]) -> &'static str {
    let [how, octets @ ..] = octets else { return super::NOTHING };
    let phone = Terminal::new(Config::default());
    let mut host =
        Host { phone, now: Instant::EPOCH, command: None, resetting: false, submitting: false, commands: 0 };
    host.phone.switch_on(host.now);
    host.drain();
    if how & 1 == 0 {
        host.start();
        host.commands = 0;
    }
    let mut steps = Steps(octets);
    while !steps.is_empty() {
        host.step(&mut steps);
    }
    host.phone.switch_off(host.now);
    host.drain();
    assert_eq!(host.phone.poll_timeout(), None, "a phone that is off waits for nothing");
    if host.commands > 0 { "answered" } else { super::NOTHING }
}
