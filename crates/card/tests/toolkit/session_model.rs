//! Random sequences of what a terminal does, on the card and on a small model of the toolkit session: the two answer the
//! same, octet by octet (TS 102 221 §7.4.2, TS 102 223 §4.2).

use std::collections::VecDeque;

use oxisim_card::{Event, ToolkitEvent};
use oxisim_toolkit::{
    CommandType,
    command::MoreTime,
    objects::{CommandDetails, EventCode},
};
use oxisim_wire::{Duration, Instant};
use proptest::{prelude::*, test_runner::Config};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use crate::{
    phone::{PROFILE, Phone, STATUS, event},
    recorder::{Recorder, show},
};

/// What a terminal does.
#[derive(Clone, Copy, Debug)]
enum Step {
    Profile,
    Status,
    SelectFile,
    Fetch,
    FetchTooMuch,
    /// TERMINAL RESPONSE with this general result.
    Respond(u8),
    RespondToAnother,
    RespondBadly,
    UserActivity,
    /// MENU SELECTION of an item; 1 and 2 are those of the applets.
    Select(u8),
    /// TIMER EXPIRATION of a timer that no applet has.
    TimerExpiration,
    BadEnvelope,
    Reset,
    /// MENU SELECTION of item 2, and power is lost while its applet writes.
    Torn,
}

/// Who has sent a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sender {
    Framework,
    First,
    Second,
}

type Sent = (Sender, String);

/// The session, and what the card answered last.
#[derive(Clone, Debug, Default)]
struct Model {
    has_profile: bool,
    framework: VecDeque<String>,
    applets: VecDeque<Sent>,
    /// What the terminal has been told of.
    offered: Option<Sent>,
    /// What it has fetched and not answered.
    fetched: Option<Sent>,
    answer: String,
}

/// SET UP MENU with both entries, under the title of the card.
const MENU: &str = "D01A810301250082028182850353494D8F04016F6E658F040274776F";
const EVENT_LIST: &str = "D00C810301050082028182990104";
const POLL_INTERVAL: &str = "D00D8103010300820281828402011E";
const MORE_TIME: &str = "D009810301020182028182";
/// Commands of one applet that may wait.
const ROOM: usize = 16;

/// DISPLAY TEXT.
fn text(text: &str) -> String {
    let object = format!("8D{:02X}04{}", text.len() + 1, hex::encode_upper(text));
    format!("D0{:02X}810301210082028102{object}", 9 + object.len() / 2)
}

impl Model {
    fn is_busy(&self) -> bool {
        self.offered.is_some() || self.fetched.is_some()
    }

    /// An applet sends a command: behind those of its level, and not before the profile.
    fn send(&mut self, sender: Sender, command: String) {
        let of_sender = self.applets.iter().filter(|(other, _)| *other == sender).count();
        if self.has_profile && of_sender < ROOM {
            let place = self.applets.iter().position(|(other, _)| sender < *other);
            self.applets.insert(place.unwrap_or(self.applets.len()), (sender, command));
        }
    }

    /// A command has ended normally: the terminal is told of what waits, if it owes no answer.
    fn ends(&mut self) -> String {
        if self.has_profile && !self.is_busy() {
            let framework = self.framework.pop_front().map(|command| (Sender::Framework, command));
            self.offered = framework.or_else(|| self.applets.pop_front());
        }
        match &self.offered {
            Some((_, command)) => format!("91{:02X}", command.len() / 2),
            None => "9000".into(),
        }
    }

    /// What starts something of its own waits for the end of a session.
    fn starts(&mut self, start: impl FnOnce(&mut Self)) -> String {
        if self.is_busy() {
            return "9300".into();
        }
        start(self);
        self.ends()
    }

    fn take(&mut self, step: Step) -> String {
        match step {
            Step::Profile => {
                self.has_profile = true;
                self.framework = [MENU, EVENT_LIST, POLL_INTERVAL].map(str::to_owned).into();
                self.ends()
            }
            Step::Status => {
                self.send(Sender::First, text("status"));
                self.ends()
            }
            Step::SelectFile => self.ends(),
            Step::Fetch => match self.offered.take() {
                Some(sent) => {
                    let answer = format!("{} 9000", sent.1);
                    self.fetched = Some(sent);
                    answer
                }
                None => "6985".into(),
            },
            Step::FetchTooMuch => match &self.offered {
                Some((_, command)) => format!("6C{:02X}", command.len() / 2),
                None => "6985".into(),
            },
            Step::Respond(_) => match self.fetched.take() {
                Some((sender, command)) => {
                    if sender == Sender::Second && command != MORE_TIME {
                        self.send(sender, MORE_TIME.into());
                    }
                    self.ends()
                }
                None => "6985".into(),
            },
            Step::RespondToAnother | Step::RespondBadly => match self.fetched {
                Some(_) => "6A80".into(),
                None => "6985".into(),
            },
            Step::UserActivity => {
                self.send(Sender::Second, text("activity"));
                self.ends()
            }
            Step::Select(1) => self.starts(|model| model.send(Sender::First, text("selected"))),
            Step::Select(2) => self.starts(|model| model.send(Sender::Second, text("chosen"))),
            Step::Select(_) | Step::Torn if self.is_busy() => "9300".into(),
            Step::Select(_) => "6A88".into(),
            Step::TimerExpiration => self.starts(|_| {}),
            Step::BadEnvelope => "6A80".into(),
            Step::Torn | Step::Reset => {
                *self = Self::default();
                String::new()
            }
        }
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        let result = prop::sample::select(&[0x00, 0x01, 0x10, 0x11, 0x12, 0x13, 0x20, 0x30, 0x32][..]);
        prop_oneof![
            3 => Just(Step::Profile),
            3 => Just(Step::Status),
            1 => Just(Step::SelectFile),
            8 => Just(Step::Fetch),
            1 => Just(Step::FetchTooMuch),
            8 => result.prop_map(Step::Respond),
            1 => Just(Step::RespondToAnother),
            1 => Just(Step::RespondBadly),
            3 => Just(Step::UserActivity),
            4 => (0..4_u8).prop_map(Step::Select),
            1 => Just(Step::TimerExpiration),
            1 => Just(Step::BadEnvelope),
            1 => Just(Step::Reset),
            1 => Just(Step::Torn),
        ]
        .boxed()
    }

    /// What the framework sends again after a terminal was unable to is told elsewhere (`retries`).
    fn preconditions(model: &Self, step: &Step) -> bool {
        let is_framework = matches!(model.fetched, Some((Sender::Framework, _)));
        !matches!(step, Step::Respond(0x20)) || !is_framework
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        model.answer = model.take(*step);
        model
    }
}

/// Shows a text when it is chosen, and at every STATUS.
fn first() -> Recorder {
    Recorder::new(
        b'A',
        |env| {
            env.registry().init_menu_entry(*b"one")?;
            env.registry().request_poll_interval(Some(Duration::from_secs(30)))
        },
        |event, env| match event {
            Event::MenuSelection { .. } => show(env, "selected"),
            Event::StatusCommand => show(env, "status"),
            _ => Ok(()),
        },
    )
    .with_priority(1)
}

/// Shows a text when it is chosen, which it keeps count of, and at an event; it asks for more time after each.
fn second() -> Recorder {
    Recorder::new(
        b'B',
        |env| {
            env.registry().init_menu_entry(*b"two")?;
            env.registry().set_event(ToolkitEvent::EventDownload(EventCode::USER_ACTIVITY))
        },
        |event, env| match event {
            Event::MenuSelection { .. } => {
                let mut count = [0];
                env.store_read(0, &mut count)?;
                env.store_write(0, &[count[0].wrapping_add(1)])?;
                show(env, "chosen")
            }
            Event::EventDownload(_) => show(env, "activity"),
            Event::ProactiveResponse(response) if response.details.kind == CommandType::DISPLAY_TEXT => {
                env.send(1, MoreTime {})
            }
            _ => Ok(()),
        },
    )
    .with_priority(2)
}

/// ENVELOPE (MENU SELECTION).
fn select(item: u8) -> String {
    format!("80C20000 09 D307820201819001{item:02X}")
}

/// Details of a command that the card sends; of none that it sends, if there is none.
fn details(command: Option<&str>) -> CommandDetails {
    // They are the first object of the command: 81 03 number, type, qualifier.
    let octets = command.map(|command| hex::decode(&command[4..14]).unwrap());
    match octets.as_deref() {
        Some(&[0x81, 0x03, number, kind, qualifier]) => {
            CommandDetails { number, kind: CommandType(kind), qualifier }
        }
        _ => CommandDetails { number: 7, kind: CommandType::MORE_TIME, qualifier: 7 },
    }
}

/// The card under test, and the command that was fetched last.
struct Virtual {
    phone: Phone,
    fetched: Option<String>,
}

impl Virtual {
    fn take(&mut self, step: Step) -> String {
        let phone = &mut self.phone;
        match step {
            Step::Profile => phone.send(PROFILE),
            Step::Status => phone.send(STATUS),
            Step::SelectFile => phone.send("00A4000C023F00"),
            // The length does not say which command it is; that with all its octets is given.
            Step::Fetch | Step::FetchTooMuch => unreachable!("their length is the model's"),
            Step::Respond(general) => phone.respond(&details(self.fetched.as_deref()), general, &[0]),
            Step::RespondToAnother => phone.respond(&details(None), 0, &[]),
            Step::RespondBadly => phone.send("80140000 03 810301"),
            Step::UserActivity => phone.send(&event(EventCode::USER_ACTIVITY.0)),
            Step::Select(item) => phone.send(&select(item)),
            Step::TimerExpiration => phone.send("80C20000 0E D70C82028281A40101A503000100"),
            Step::BadEnvelope => phone.send("80C20000 03 D30782"),
            Step::Reset => {
                phone.card.power_on(Instant::EPOCH);
                String::new()
            }
            Step::Torn => {
                phone.card.memory_mut().tear_after(Some(0));
                let answer = phone.send(&select(2));
                phone.card.memory_mut().tear_after(None);
                if phone.card.memory().is_torn() {
                    phone.card.power_on(Instant::EPOCH);
                    return String::new();
                }
                answer
            }
        }
    }
}

impl StateMachineTest for Virtual {
    type SystemUnderTest = Self;
    type Reference = Model;

    fn init_test(_: &Model) -> Self {
        Self { phone: Phone::with([first(), second()]), fetched: None }
    }

    fn apply(mut card: Self, model: &Model, step: Step) -> Self {
        // The model has gone the step already: what it was told of stands in its answer.
        let told = |answer: &str| u8::from_str_radix(answer, 16).unwrap();
        let answer = match step {
            Step::Fetch => {
                let length = model.answer.strip_suffix(" 9000").map_or(0x10, |data| data.len() / 2);
                card.phone.send(&format!("80120000{length:02X}"))
            }
            Step::FetchTooMuch => {
                let length = model.answer.strip_prefix("6C").map_or(0x10, told);
                card.phone.send(&format!("80120000{:02X}", length + 1))
            }
            _ => card.take(step),
        };
        assert_eq!(answer, model.answer, "{step:?}");
        card.fetched = model.fetched.as_ref().map(|(_, command)| command.clone());
        card
    }
}

prop_state_machine! {
    #![proptest_config(Config { cases: 256, ..Config::default() })]

    #[test]
    fn the_session_goes_as_the_model_does(sequential 1..60 => Virtual);
}
