//! The emulated phone between a script and a card.

use oxisim_apdu::{Command, Instruction};
use oxisim_script::{Input, Phone};
use oxisim_terminal::{Config, Menu, Output, Screen, Terminal, User};
use oxisim_toolkit::{TerminalProfile, TerminalResponse, objects::Outcome};
use oxisim_trace::{Party, What};
use oxisim_wire::{Duration, Instant};
use oxisim_world::Network;

use super::place::{Place, START};
use crate::{failure::Failure, phone::simulated_network};

/// Outputs of the phone at one moment, beyond which card and phone are taken to go round in circles.
const MOST_AT_ONCE: usize = 10_000;

/// A phone.
pub struct Handset {
    terminal: Terminal,
    network: Network,
    screen: Screen,
    now: Instant,
    /// What the card is told instead of the phone's next result.
    instead: Option<Outcome>,
    /// What phone and card have said to each other, since it was looked at.
    exchanged: Vec<Exchanged>,
}

/// A command and its response.
pub type Exchanged = (Vec<u8>, Vec<u8>);

impl Default for Handset {
    fn default() -> Self {
        Self {
            terminal: Terminal::new(Config::default()),
            network: simulated_network(),
            screen: Screen::Off,
            now: START,
            instead: None,
            exchanged: Vec::new(),
        }
    }
}

impl Handset {
    /// Does what the script wants; returns what phone and card have said to each other.
    pub fn act(&mut self, action: Phone, place: &mut Place) -> Result<Vec<Exchanged>, Failure> {
        match action {
            Phone::SwitchOn(profile) => {
                let mut config = Config::default();
                if let Some(profile) = profile {
                    config.profile = TerminalProfile::new(&profile);
                }
                self.terminal = Terminal::new(config);
                self.terminal.switch_on(self.now);
            }
            Phone::SelectMenu(item) => self.user(&User::SelectMenu(item)),
            Phone::Answer(Input::Result(general, additional)) => {
                self.instead = Some(Outcome { general, additional });
                self.dismiss();
            }
            Phone::Answer(input) => {
                let input = self.input(input)?;
                self.user(&input);
            }
            Phone::Clear => self.dismiss(),
            Phone::Deliver(parts) => {
                for part in parts {
                    place.note(What::Tpdu { from: Party::Centre, tpdu: part.clone() });
                    self.terminal.handle_deliver(&part, None, self.now);
                    self.settle(place)?;
                }
            }
            Phone::Wait(time) => self.wait(time, place)?,
        }
        self.settle(place)?;
        if self.instead.take().is_some() {
            let why = "nothing on the phone's screen waits for an answer";
            return Err(Failure::NotDone(why.into()));
        }
        Ok(self.take_exchanged())
    }

    /// What phone and card have said to each other before something went wrong.
    pub fn take_exchanged(&mut self) -> Vec<Exchanged> {
        std::mem::take(&mut self.exchanged)
    }

    fn user(&mut self, input: &User) {
        self.terminal.handle_user(input, self.now);
    }

    /// Answers what is on the screen as somebody does who does not care.
    fn dismiss(&mut self) {
        match &self.screen {
            Screen::Text { sustained: false, .. } | Screen::Multimedia { sustained: false, .. } => {
                self.user(&User::Clear);
            }
            Screen::Confirm { .. } => self.user(&User::Yes),
            Screen::Select { .. } | Screen::Inkey { .. } | Screen::Input { .. } => {
                self.user(&User::NoResponse);
            }
            _ => {}
        }
    }

    /// What the user does, who sees what is on the screen.
    fn input(&self, input: Input) -> Result<User, Failure> {
        Ok(match (input, &self.screen) {
            (Input::Done, Screen::Confirm { .. }) | (Input::YesNo(true), _) => User::Yes,
            (Input::Done, _) => User::Clear,
            (Input::YesNo(false), _) => User::No,
            (Input::Text(text), Screen::Select { menu, .. }) => User::Choose(item(menu, &text)?),
            (Input::Text(text), Screen::Inkey { .. }) => User::Key(
                text.chars().next().ok_or_else(|| Failure::NotDone("a key has a character".into()))?,
            ),
            (Input::Text(text), _) => User::Text(text),
            (Input::Item(number), _) => User::Choose(number),
            (Input::Back, _) => User::Back,
            (Input::End, _) => User::EndSession,
            (Input::Nothing | Input::Result(..), _) => User::NoResponse,
            (Input::Help, _) => User::Help(None),
        })
    }

    fn wait(&mut self, time: Duration, place: &mut Place) -> Result<(), Failure> {
        let end = self.now + time;
        while let Some(next) = self.terminal.poll_timeout().filter(|next| *next <= end) {
            place.wait(next.since(self.now));
            self.now = self.now.max(next);
            self.terminal.handle_timeout(self.now);
            self.settle(place)?;
        }
        place.wait(end.since(self.now));
        self.now = end;
        Ok(())
    }

    /// Does what the phone wants until it wants nothing more at this moment.
    fn settle(&mut self, place: &mut Place) -> Result<(), Failure> {
        for _ in 0..MOST_AT_ONCE {
            match self.terminal.poll_output() {
                Some(output) => self.output(output, place)?,
                None => return Ok(()),
            }
        }
        Err(Failure::NotDone("card and phone go on and on, and no time passes".into()))
    }

    fn output(&mut self, output: Output, place: &mut Place) -> Result<(), Failure> {
        match output {
            Output::PowerOn => {
                let answer = place.reset()?.unwrap_or_default();
                self.terminal.handle_atr(&answer, self.now);
            }
            Output::PowerOff => place.power_off(),
            Output::Transmit(command) => {
                let command = self.with_result(command);
                let response = place.exchange(&command)?;
                self.terminal.handle_response(&response, self.now);
                self.exchanged.push((command, response));
            }
            Output::Submit { tpdu, .. } => {
                place.note(What::Tpdu { from: Party::Phone, tpdu });
                self.terminal.handle_submit_result(Ok(()), self.now);
            }
            Output::MemoryAvailable => self.terminal.handle_memory_available(Ok(()), self.now),
            Output::Screen(screen) => self.screen = screen,
            Output::Network(request) => {
                if let Some(event) = self.network.ask(&request) {
                    self.terminal.handle_network(event, self.now);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Handset {
    /// A TERMINAL RESPONSE with the result that the script wants; other commands as they are.
    fn with_result(&mut self, command: Vec<u8>) -> Vec<u8> {
        if command.get(1) != Some(&Instruction::TERMINAL_RESPONSE.0) {
            return command;
        }
        let Some(result) = self.instead.take() else { return command };
        let Ok(parsed) = Command::parse(&command) else { return command };
        let Ok(answer) = TerminalResponse::decode(parsed.data) else { return command };
        let other = TerminalResponse::new(answer.details, result).encode();
        parsed.data(&other).to_bytes()
    }
}

/// An item by its text.
fn item(menu: &Menu, text: &str) -> Result<u8, Failure> {
    let item = menu.items.iter().find(|item| item.text == text);
    item.map(|item| item.identifier).ok_or_else(|| {
        let items: Vec<String> = menu.items.iter().map(|item| format!("{:?}", item.text)).collect();
        Failure::NotDone(format!("{text:?} is not on the screen, but {}", items.join(", ")))
    })
}
