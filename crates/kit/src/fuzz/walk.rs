//! One sequence on one card: what is said follows from the moves and from where the card is, and every answer is judged.

use oxisim_apdu::{Instruction, Response, Status};
use oxisim_card::Card;
use oxisim_toolkit::{CommandType, Proactive, codes::TimerAction, rules};

use super::{
    Kind, Move, Oracle,
    alphabet::Alphabet,
    coverage::{Coverage, State},
    finding::{Broken, Line},
    subject::{Sent, Subject},
};

/// Commands in one session of which the user ends each: beyond them the session does not end.
const MOST_COMMANDS: usize = 200;

/// Every status word but `6F00`.
const ANY_ANSWER: &str =
    "(9XXX, 61XX, 62XX, 63XX, 64XX, 65XX, 66XX, 67XX, 68XX, 69XX, 6AXX, 6BXX, 6CXX, 6DXX, 6EXX)";

/// Whether a command is one of the toolkit in the class of GSM: a SIM has no other status word than `6F00` for an envelope
/// that nobody takes, or for a command that nobody has (TS 51.011 §9.4).
fn may_refuse_unsaid(apdu: &[u8]) -> bool {
    let is_of_toolkit =
        |instruction| [Instruction::ENVELOPE, Instruction::FETCH].contains(&Instruction(instruction));
    matches!(apdu, [0xA0, instruction, ..] if is_of_toolkit(*instruction))
}

/// What a script says of a proactive command that breaks a rule.
const LEGAL: &str = "legal";

/// What the author of an applet declares.
pub(super) struct Invariant {
    pub name: &'static str,
    pub holds: Box<Holds>,
}

/// Whether it holds, and why not.
pub(super) type Holds = dyn Fn(&Card) -> Result<(), String> + Send + Sync;

/// Why a sequence ended before its end.
#[derive(Debug)]
pub(super) enum Stop {
    Broken(Box<Broken>),
    /// The card cannot be reached any more.
    Lost(String),
}

/// Where the card is.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// The identifiers of the menu.
    menu: Vec<u8>,
    /// The length of the command that was announced.
    offered: Option<usize>,
    fetched: Option<Fetched>,
    timers: u8,
    profile: usize,
}

/// A command that the card has been asked for, and waits for the answer of.
#[derive(Clone, Debug)]
struct Fetched {
    details: [u8; 3],
    kind: CommandType,
    /// The identifiers of its items.
    items: Vec<u8>,
    timer: u8,
}

/// A sequence under way.
pub(super) struct Walk<'a, S> {
    pub subject: &'a mut S,
    pub alphabet: &'a Alphabet,
    pub invariants: &'a [Invariant],
    pub own: Option<fn(&Card) -> u32>,
    pub place: Place,
    pub octets: Vec<u8>,
    /// What was said, if somebody wants to know.
    pub lines: Option<Vec<Line>>,
    /// How many commands were sent.
    pub sent: usize,
}

impl Place {
    /// Whether the card has a menu.
    pub const fn has_menu(&self) -> bool {
        !self.menu.is_empty()
    }
}

impl<S: Subject> Walk<'_, S> {
    /// Resets the card and starts it: its profile, and everything that it wants at first.
    pub fn begin(&mut self) -> Result<(), Stop> {
        self.say(|| Line::Reset);
        self.subject.reset().map_err(Stop::Lost)?;
        let profile = self.place.profile;
        self.place = Place { profile, ..Place::default() };
        self.errors(Oracle::TearDamage)?;
        self.profile(profile)?;
        self.settle(true)
    }

    /// Carries the moves out, until so many commands were sent, and ends the session then.
    pub fn carry_out(&mut self, moves: &[Move], most: usize, coverage: &mut Coverage) -> Result<bool, Stop> {
        let mut has_new = false;
        let mut from = self.state();
        for &next in moves {
            if self.sent >= most {
                break;
            }
            self.take(next)?;
            if self.subject.is_torn() {
                self.recover()?;
            }
            self.invariants()?;
            let to = self.state();
            has_new |= coverage.note(from, next.kind, to);
            from = to;
        }
        self.settle(false)?;
        if self.subject.is_torn() {
            self.recover()?;
        }
        self.invariants()?;
        Ok(has_new)
    }

    /// Says again what was said.
    pub fn say_again(&mut self, lines: &[Line]) -> Result<(), Stop> {
        let mut in_session = 0;
        for line in lines {
            match line {
                Line::Reset => {
                    self.say(|| Line::Reset);
                    self.subject.reset().map_err(Stop::Lost)?;
                    self.place = Place::default();
                    self.errors(Oracle::TearDamage)?;
                }
                Line::Tear(writes) => {
                    self.subject.tear_after(*writes);
                }
                Line::Command(octets) => {
                    let mut profiles = self.alphabet.profiles.iter();
                    if let Some(which) = profiles.position(|(_, apdu)| apdu == octets) {
                        self.place.profile = which;
                    }
                    let announced = self.place.offered.take();
                    let is_fetch = octets.get(1) == Some(&0x12)
                        && announced.is_some_and(|length| octets.get(4) == Some(&(length as u8)));
                    let Some(response) = self.exchange(octets)? else { continue };
                    if let Some(length) = announced.filter(|_| is_fetch) {
                        self.brought(&response, length)?;
                        in_session += 1;
                        continue;
                    }
                    self.place.offered = response.status.proactive_length();
                    if self.place.offered.is_none() {
                        in_session = 0;
                    } else if in_session >= MOST_COMMANDS {
                        return Err(endless());
                    }
                }
            }
            self.invariants()?;
        }
        Ok(())
    }

    fn state(&self) -> State {
        let fetched = self.place.fetched.as_ref().map(|fetched| (fetched.kind.0, fetched.details[2]));
        let own = self.own.zip(self.subject.card()).map_or(0, |(own, card)| own(card));
        State {
            fetched,
            is_offered: self.place.offered.is_some(),
            menu: self.place.menu.len().min(0x7F) as u8,
            timers: self.place.timers,
            own,
        }
    }

    fn take(&mut self, next: Move) -> Result<(), Stop> {
        let Move { kind, place, variant } = next;
        let alphabet = self.alphabet;
        let list = match kind {
            Kind::Answer if self.place.offered.is_none() && self.place.fetched.is_none() => {
                return self.menu(place, variant);
            }
            Kind::Answer => return self.answer(place, variant),
            Kind::Menu => return self.menu(place, variant),
            Kind::Fetch => return self.fetch().map(drop),
            Kind::Reset => return self.begin(),
            Kind::Tear => {
                let writes = u64::from(place % 32);
                if self.subject.tear_after(writes) {
                    self.say(|| Line::Tear(writes));
                }
                return Ok(());
            }
            Kind::Profile => return self.profile(usize::from(place) % alphabet.profiles.len().max(1)),
            Kind::Status => return self.command(&alphabet.status).map(drop),
            Kind::Timer => {
                let timer = self.timer(place);
                self.place.timers &= !(1_u8 << (timer & 7));
                return match alphabet.timers.get(usize::from(timer)) {
                    Some(apdu) => self.command(apdu).map(drop),
                    None => Ok(()),
                };
            }
            Kind::Message => &alphabet.messages,
            Kind::Packet => &alphabet.packets,
            Kind::Event => &alphabet.events,
            Kind::Envelope => &alphabet.envelopes,
            Kind::Select => &alphabet.selections,
            Kind::Apdu => &alphabet.apdus,
        };
        match at(list, usize::from(place)) {
            Some(apdu) if kind == Kind::Apdu => self.raw(apdu),
            Some(apdu) => self.command(apdu).map(drop),
            None => Ok(()),
        }
    }

    /// A timer that runs, if one does; counted from 0.
    fn timer(&self, place: u8) -> u8 {
        let wanted = place & 7;
        (0..8)
            .map(|next| (wanted + next) & 7)
            .find(|timer| self.place.timers & 1 << timer != 0)
            .unwrap_or(wanted)
    }

    fn profile(&mut self, which: usize) -> Result<(), Stop> {
        let alphabet = self.alphabet;
        self.place.profile = which;
        match alphabet.profiles.get(which) {
            Some((_, apdu)) => self.command(apdu).map(drop),
            None => Ok(()),
        }
    }

    fn menu(&mut self, place: u8, variant: u8) -> Result<(), Stop> {
        let Some(&identifier) = at(&self.place.menu, place.into()) else { return Ok(()) };
        let help = if variant & 0x0F == 0x0F { 0x100 } else { 0 };
        let alphabet = self.alphabet;
        let Some(apdu) = alphabet.menu.get(usize::from(identifier) + help) else { return Ok(()) };
        let is_idle = self.place.offered.is_none() && self.place.fetched.is_none();
        let Some(status) = self.command(apdu)? else { return Ok(()) };
        if is_idle && status == Status::TOOLKIT_BUSY {
            let what = "the card is busy, though no session is under way";
            return Err(broken(Oracle::StuckSession, "busy", what, "(9000, 91XX)"));
        }
        Ok(())
    }

    /// An APDU of any kind. What it does to the session of the toolkit its answer says.
    fn raw(&mut self, apdu: &[u8]) -> Result<(), Stop> {
        let is_fetch = apdu.get(1) == Some(&0x12) && apdu.first() == Some(&self.alphabet.class);
        if is_fetch { self.fetch().map(drop) } else { self.command(apdu).map(drop) }
    }

    /// Fetches the command that waits; whether there is one to be answered.
    fn fetch(&mut self) -> Result<bool, Stop> {
        let Some(length) = self.place.offered.filter(|_| self.place.fetched.is_none()) else {
            return Ok(self.place.fetched.is_some());
        };
        let apdu = [self.alphabet.class, 0x12, 0x00, 0x00, length as u8];
        let Some(response) = self.exchange(&apdu)? else { return Ok(false) };
        self.brought(&response, length)?;
        Ok(true)
    }

    /// Looks at what FETCH has brought.
    fn brought(&mut self, response: &Response, length: usize) -> Result<(), Stop> {
        if response.data.len() != length || !response.status.is_normal() {
            let what = format!("a command of {length} octets was announced, and FETCH brings {response:?}");
            return Err(broken(Oracle::MissingAnswer, "FETCH", what, "[D0 ..] (9000)"));
        }
        self.fetched(response)
    }

    fn fetched(&mut self, response: &Response) -> Result<(), Stop> {
        self.place.offered = None;
        let profile = self.alphabet.profiles.get(self.place.profile).map(|(profile, _)| profile);
        let command = rules::check(&response.data, profile)
            .map_err(|breach| broken(Oracle::IllegalCommand, breach.spec, breach.to_string(), LEGAL))?;
        let details = command.details;
        let mut fetched = Fetched {
            details: [details.number, details.kind.0, details.qualifier],
            kind: details.kind,
            items: Vec::new(),
            timer: 0,
        };
        match &command.body {
            Proactive::SetUpMenu(menu) => {
                self.place.menu.clear();
                self.place.menu.extend(menu.items.iter().filter_map(|item| item.identifier));
            }
            Proactive::SelectItem(list) => {
                fetched.items.extend(list.items.iter().filter_map(|item| item.identifier));
            }
            Proactive::TimerManagement(timer) => {
                fetched.timer = timer.timer.identifier;
                let bit = 1_u8 << (fetched.timer.wrapping_sub(1) & 7);
                match TimerAction(details.qualifier) {
                    TimerAction::START => self.place.timers |= bit,
                    TimerAction::DEACTIVATE => self.place.timers &= !bit,
                    _ => {}
                }
            }
            _ => {}
        }
        self.place.fetched = Some(fetched);
        Ok(())
    }

    /// Answers the command that waits: as it asks in most cases, with another result in some.
    fn answer(&mut self, place: u8, variant: u8) -> Result<(), Stop> {
        if !self.fetch()? {
            return Ok(());
        }
        let Some(fetched) = self.place.fetched.take() else { return Ok(()) };
        let alphabet = self.alphabet;
        let octets = &mut self.octets;
        octets.clear();
        match fetched.kind {
            _ if place >= 0xA0 => {
                octets.extend_from_slice(at(&alphabet.results, variant.into()).unwrap_or(&alphabet.done));
            }
            CommandType::GET_INKEY => octets.extend_from_slice(any(&alphabet.keys, variant, alphabet)),
            CommandType::GET_INPUT | CommandType::SEND_USSD => {
                octets.extend_from_slice(any(&alphabet.texts, variant, alphabet));
            }
            CommandType::SELECT_ITEM => {
                octets.extend_from_slice(&alphabet.done);
                let chosen = at(&fetched.items, variant.into()).copied().unwrap_or(variant);
                octets.extend_from_slice(&[0x90, 0x01, chosen]);
            }
            CommandType::TIMER_MANAGEMENT => {
                octets.extend_from_slice(&alphabet.done);
                octets.extend_from_slice(&[0xA4, 0x01, fetched.timer]);
                octets.extend_from_slice(
                    any(&alphabet.values, variant, alphabet).get(alphabet.done.len()..).unwrap_or_default(),
                );
            }
            CommandType::POLL_INTERVAL => {
                octets.extend_from_slice(any(&alphabet.intervals, variant, alphabet));
            }
            CommandType::PROVIDE_LOCAL_INFORMATION => {
                octets.extend_from_slice(any(&alphabet.information, variant, alphabet));
            }
            _ => octets.extend_from_slice(&alphabet.done),
        }
        self.respond(&fetched)
    }

    /// Sends the TERMINAL RESPONSE whose result and what follows it stand ready.
    fn respond(&mut self, fetched: &Fetched) -> Result<(), Stop> {
        let tail = core::mem::take(&mut self.octets);
        let [number, kind, qualifier] = fetched.details;
        let mut apdu = Vec::with_capacity(14 + tail.len());
        let length = (9 + tail.len()) as u8;
        apdu.extend_from_slice(&[self.alphabet.class, 0x14, 0x00, 0x00, length]);
        apdu.extend_from_slice(&[0x81, 0x03, number, kind, qualifier, 0x82, 0x02, 0x82, 0x81]);
        apdu.extend_from_slice(&tail);
        self.octets = tail;
        let Some(status) = self.command(&apdu)? else { return Ok(()) };
        if (0x64..=0x6F).contains(&status.sw1()) {
            let what = format!("the card refuses the answer to its command with {status}");
            return Err(broken(Oracle::StuckSession, "refused", what, "(9000, 91XX)"));
        }
        Ok(())
    }

    /// Ends the session: what the terminal does by itself is done, and what the user is asked for the user ends; at the start
    /// of a card everything is done.
    fn settle(&mut self, at_start: bool) -> Result<(), Stop> {
        let alphabet = self.alphabet;
        for _ in 0..MOST_COMMANDS {
            if !self.fetch()? {
                return Ok(());
            }
            let Some(fetched) = self.place.fetched.take() else { return Ok(()) };
            self.octets.clear();
            let is_done = at_start || is_silent(fetched.kind);
            self.octets.extend_from_slice(if is_done { &alphabet.done } else { &alphabet.end });
            self.respond(&fetched)?;
            if self.subject.is_torn() {
                return Ok(());
            }
        }
        Err(endless())
    }

    /// Sends a command; its status word, if power was there until its end.
    fn command(&mut self, apdu: &[u8]) -> Result<Option<Status>, Stop> {
        let Some(mut response) = self.exchange(apdu)? else { return Ok(None) };
        if response.status.sw1() == 0x61 {
            let apdu = [0x00, 0xC0, 0x00, 0x00, response.status.sw2()];
            let Some(rest) = self.exchange(&apdu)? else { return Ok(None) };
            response = rest;
        }
        if self.place.fetched.is_none() {
            self.place.offered = response
                .status
                .proactive_length()
                .or_else(|| self.place.offered.filter(|_| !response.status.is_normal()));
        }
        Ok(Some(response.status))
    }

    /// Sends a command; its response, if power was there until its end and it was sent.
    fn exchange(&mut self, apdu: &[u8]) -> Result<Option<Response>, Stop> {
        self.sent += 1;
        self.say(|| Line::Command(apdu.into()));
        let response = match self.subject.exchange(apdu) {
            Sent::Answered(response) => response,
            Sent::Withheld => {
                self.lines.as_mut().map(Vec::pop);
                return Ok(None);
            }
            Sent::Silent(why) => return Err(broken(Oracle::MissingAnswer, "silent", why, ANY_ANSWER)),
        };
        if self.subject.is_torn() {
            return Ok(None);
        }
        self.errors(Oracle::UncaughtError)?;
        if response.status == Status::TECHNICAL_PROBLEM && !may_refuse_unsaid(apdu)
            || !matches!(response.status.sw1(), 0x61..=0x6F | 0x90..=0x9F)
        {
            let what = format!("the card answers {}", response.status);
            return Err(broken(Oracle::MissingAnswer, "technical problem", what, ANY_ANSWER));
        }
        Ok(Some(response))
    }

    /// Power comes back.
    fn recover(&mut self) -> Result<(), Stop> {
        self.begin().map_err(|stop| match stop {
            Stop::Broken(broken) if broken.oracle == Oracle::MissingAnswer => {
                Stop::Broken(Box::new(Broken { oracle: Oracle::TearDamage, ..*broken }))
            }
            other => other,
        })
    }

    /// What an applet did not catch; at its start every error is one of `otherwise`.
    fn errors(&mut self, otherwise: Oracle) -> Result<(), Stop> {
        let Some((aid, error)) = self.subject.take_uncaught() else { return Ok(()) };
        let oracle = match Oracle::of(&error) {
            Some(Oracle::QuotaBreach) => Oracle::QuotaBreach,
            _ if otherwise == Oracle::TearDamage => Oracle::TearDamage,
            Some(oracle) => oracle,
            None => return Ok(()),
        };
        Err(broken(oracle, &format!("{aid:?} {error}"), format!("applet {aid:?}: {error}"), ""))
    }

    fn invariants(&self) -> Result<(), Stop> {
        let Some(card) = self.subject.card() else { return Ok(()) };
        self.invariants.iter().try_for_each(|invariant| {
            (invariant.holds)(card).map_err(|why| {
                let what = format!("{}: {why}", invariant.name);
                broken(Oracle::Invariant, invariant.name, what, "")
            })
        })
    }

    fn say(&mut self, line: impl FnOnce() -> Line) {
        if let Some(lines) = &mut self.lines {
            lines.push(line());
        }
    }
}

fn endless() -> Stop {
    let what = format!("after {MOST_COMMANDS} commands, each ended by the user, there is another");
    broken(Oracle::StuckSession, "endless", what, "(9000, 6XXX)")
}

/// Commands that no user ends.
const fn is_silent(kind: CommandType) -> bool {
    matches!(
        kind,
        CommandType::SET_UP_MENU
            | CommandType::SET_UP_EVENT_LIST
            | CommandType::POLL_INTERVAL
            | CommandType::POLLING_OFF
            | CommandType::TIMER_MANAGEMENT
            | CommandType::SET_UP_IDLE_MODE_TEXT
            | CommandType::REFRESH
    )
}

fn broken(oracle: Oracle, which: &str, what: impl Into<String>, expected: &'static str) -> Stop {
    Stop::Broken(Box::new(Broken { oracle, which: which.into(), what: what.into(), expected }))
}

fn any<'a>(of: &'a [Vec<u8>], variant: u8, alphabet: &'a Alphabet) -> &'a Vec<u8> {
    at(of, variant.into()).unwrap_or(&alphabet.done)
}

/// The one at a place, which goes round.
fn at<T>(of: &[T], place: usize) -> Option<&T> {
    of.get(place.checked_rem(of.len())?)
}
