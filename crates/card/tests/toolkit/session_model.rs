//! The toolkit session against a reference: which command waits, which one is fetched, and what each APDU is answered.
//! Unlike the sequences of `model`, which hold for any applets, what these two commands of one applet bring is foretold.

use std::collections::VecDeque;

use oxisim_card::Event;
use oxisim_toolkit::{CommandType, command::MoreTime, objects::CommandDetails};
use oxisim_wire::Instant;
use proptest::{prelude::*, strategy::Union, test_runner::FileFailurePersistence::WithSource};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use crate::{
    phone::{PROFILE, Phone, STATUS},
    recorder::{Recorder, show},
};

/// What a terminal does.
#[derive(Clone, Copy, Debug)]
enum Step {
    Profile,
    Status,
    /// The user chooses from the menu: the applet's entry, or none that there is.
    Select(bool),
    Fetch,
    /// The command that was fetched has this result; or none was fetched.
    Respond(u8),
    /// TERMINAL RESPONSE to a command that the card has not sent.
    RespondToAnother,
    Reset,
}

/// Commands that the card has for the terminal.
#[derive(Clone, Debug, Default)]
struct Session {
    has_profile: bool,
    waiting: VecDeque<CommandType>,
    fetched: Option<CommandType>,
    /// The status word of the last step, but for the length in `91XX`.
    answer: &'static str,
}

impl Session {
    fn is_open(&self) -> bool {
        self.fetched.is_some() || !self.waiting.is_empty()
    }

    /// A command has ended normally.
    fn ends(&mut self) {
        self.answer = if self.waiting.is_empty() || self.fetched.is_some() { "9000" } else { "91" };
    }
}

impl ReferenceStateMachine for Session {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(session: &Self) -> BoxedStrategy<Step> {
        // What becomes of a menu that could not be set up is a matter of its own.
        let results = match session.fetched {
            Some(CommandType::SET_UP_MENU) => &[0x00][..],
            _ => &[0x00, 0x10, 0x12, 0x20, 0x30],
        };
        let result = prop::sample::select(results);
        let often = |is_due: bool| if is_due { 8 } else { 1 };
        Union::new_weighted(vec![
            (often(!session.has_profile), Just(Step::Profile).boxed()),
            (2, Just(Step::Status).boxed()),
            (often(!session.is_open()), prop::bool::weighted(0.9).prop_map(Step::Select).boxed()),
            (often(session.fetched.is_none() && session.is_open()), Just(Step::Fetch).boxed()),
            (often(session.fetched.is_some()), result.prop_map(Step::Respond).boxed()),
            (1, Just(Step::RespondToAnother).boxed()),
            (1, Just(Step::Reset).boxed()),
        ])
        .boxed()
    }

    fn apply(mut session: Self, step: &Step) -> Self {
        match step {
            Step::Reset => return Self { answer: "", ..Self::default() },
            Step::Profile => {
                session.has_profile = true;
                // What the terminal has been told of stays; then the menu is due, once and before what applets have.
                let told = usize::from(session.fetched.is_none() && !session.waiting.is_empty());
                if session.waiting.iter().skip(told).all(|kind| *kind != CommandType::SET_UP_MENU) {
                    session.waiting.insert(told, CommandType::SET_UP_MENU);
                }
                session.ends();
            }
            Step::Status => session.ends(),
            Step::Select(_) if session.is_open() => session.answer = "9300",
            Step::Select(false) => session.answer = "6A88",
            Step::Select(true) => {
                // What the terminal can do is not known before its profile.
                session.waiting.extend(session.has_profile.then_some(CommandType::DISPLAY_TEXT));
                session.ends();
            }
            Step::Fetch if session.fetched.is_some() || session.waiting.is_empty() => session.answer = "6985",
            Step::Fetch => {
                session.fetched = session.waiting.pop_front();
                session.answer = "9000";
            }
            Step::Respond(_) => match session.fetched.take() {
                Some(command) => {
                    if command == CommandType::DISPLAY_TEXT {
                        session.waiting.push_back(CommandType::MORE_TIME);
                    }
                    session.ends();
                }
                None => session.answer = "6985",
            },
            Step::RespondToAnother => {
                session.answer = if session.fetched.is_some() { "6A80" } else { "6985" };
            }
        }
        session
    }
}

/// A card with the applet, and what the terminal knows of its session.
struct Real {
    phone: Phone,
    /// The length of the command that waits.
    told: Option<usize>,
    fetched: Option<CommandDetails>,
}

/// Shows a text when its entry is chosen, and asks for more time then.
fn talker() -> Recorder {
    Recorder::new(
        b'A',
        |env| env.registry().init_menu_entry(*b"talk").map(drop),
        |event, env| match event {
            Event::MenuSelection { .. } => show(env, "talk"),
            Event::ProactiveResponse(response) if response.details.kind == CommandType::DISPLAY_TEXT => {
                env.send(0, MoreTime {})
            }
            _ => Ok(()),
        },
    )
}

impl StateMachineTest for Real {
    type SystemUnderTest = Self;
    type Reference = Session;

    fn init_test(_: &Session) -> Self {
        Self { phone: Phone::with([talker()]), told: None, fetched: None }
    }

    fn apply(mut real: Self, session: &Session, step: Step) -> Self {
        let other = CommandDetails { number: 7, kind: CommandType::MORE_TIME, qualifier: 7 };
        let phone = &mut real.phone;
        let answer = match step {
            Step::Reset => {
                phone.card.power_on(Instant::EPOCH);
                (real.told, real.fetched) = (None, None);
                return real;
            }
            Step::Profile => phone.send(PROFILE),
            Step::Status => phone.send(STATUS),
            Step::Select(is_there) => {
                phone.send(&format!("80C20000 09 D307820201819001{:02X}", u8::from(is_there)))
            }
            Step::Fetch => match real.told.take() {
                Some(length) => {
                    let command = phone.fetch(&format!("91{:02X}", length & 0xFF));
                    assert_eq!(Some(command.details.kind), session.fetched);
                    real.fetched = Some(command.details);
                    "9000".into()
                }
                None => phone.send("8012000010"),
            },
            Step::Respond(general) => {
                let details = real.fetched.take().unwrap_or(other);
                phone.respond(&details, general, &[])
            }
            Step::RespondToAnother => phone.respond(&other, 0, &[]),
        };
        let status = &answer[answer.len() - 4..];
        assert!(status.starts_with(session.answer), "{step:?}: {status}, and not {}", session.answer);
        if let Some(length) = status.strip_prefix("91") {
            real.told = Some(usize::from_str_radix(length, 16).unwrap());
        }
        real
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: Some(Box::new(WithSource("proptest-regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn one_command_waits_or_is_fetched_as_the_reference_foretells(sequential 1..60 => Real);
}
