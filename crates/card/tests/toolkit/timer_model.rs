//! Random sequences of what applets do with timers, on the card and on a small model of who has which
//! (TS 102 223 §6.4.21, TS 102 241).

use std::{
    mem::take,
    sync::{Arc, Mutex},
};

use oxisim_card::{Aid, Applet, AppletError, Card, Env, Event, InstallParameters, Profile, ToolkitEvent};
use oxisim_toolkit::{
    Proactive,
    codes::TimerAction,
    command::TimerManagement,
    objects::{EventCode, TimerIdentifier},
};
use oxisim_wire::Instant;
use proptest::{prelude::*, test_runner::Config};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use crate::phone::{PROFILE, Phone, STATUS, event};

/// What an applet does, or what is done to the card. Applets are told by their place in [`LIMITS`].
#[derive(Clone, Copy, Debug)]
enum Step {
    Allocate(usize),
    Release(usize, u8),
    Start(usize, u8),
    /// The terminal says that a timer has expired.
    Expire(u8),
    Delete(usize),
    Reset,
}

/// The most timers that each applet may have.
const LIMITS: [u8; 3] = [8, 8, 2];
const ORDER: EventCode = EventCode::LANGUAGE_SELECTION;

/// Who has a timer, and whether it runs.
#[derive(Clone, Copy, Debug, Default)]
struct Timer {
    owner: Option<usize>,
    runs: bool,
}

/// The timers, the applets that are still there, and what followed from the last step.
#[derive(Clone, Debug)]
struct Model {
    timers: [Timer; 8],
    is_there: [bool; LIMITS.len()],
    outcome: Outcome,
}

/// What applets have got and heard, and which TIMER MANAGEMENT the terminal has got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Outcome {
    heard: Vec<String>,
    managed: Vec<(TimerAction, u8)>,
}

impl Model {
    fn owned(&mut self, applet: usize, timer: u8) -> Option<&mut Timer> {
        let place = usize::from(timer).checked_sub(1)?;
        self.timers.get_mut(place).filter(|timer| timer.owner == Some(applet))
    }

    fn take(&mut self, step: Step) -> Outcome {
        let mut outcome = Outcome::default();
        match step {
            Step::Allocate(applet) | Step::Release(applet, _) | Step::Start(applet, _)
                if !self.is_there[applet] => {}
            Step::Allocate(applet) => {
                let has = self.timers.iter().filter(|timer| timer.owner == Some(applet)).count();
                let free = self.timers.iter().position(|timer| timer.owner.is_none());
                let free = free.filter(|_| has < usize::from(LIMITS[applet]));
                outcome.heard.push(match free {
                    Some(place) => {
                        self.timers[place].owner = Some(applet);
                        format!("{applet}: {}", place + 1)
                    }
                    None => format!("{applet}: NoTimerAvailable"),
                });
            }
            Step::Release(applet, identifier) => match self.owned(applet, identifier) {
                Some(timer) => {
                    if take(timer).runs {
                        outcome.managed.push((TimerAction::DEACTIVATE, identifier));
                    }
                    outcome.heard.push(format!("{applet}: {identifier}"));
                }
                None => outcome.heard.push(format!("{applet}: InvalidTimerId({identifier})")),
            },
            Step::Start(applet, identifier) => match self.owned(applet, identifier) {
                Some(timer) => {
                    timer.runs = true;
                    outcome.managed.push((TimerAction::START, identifier));
                    outcome.heard.push(format!("{applet}: {identifier}"));
                }
                None => outcome.heard.push(format!("{applet}: CommandNotAllowed(TIMER_MANAGEMENT)")),
            },
            Step::Expire(identifier) => {
                let place = usize::from(identifier).wrapping_sub(1);
                if let Some(timer) = self.timers.get_mut(place) {
                    timer.runs = false;
                    outcome.heard.extend(timer.owner.map(|owner| format!("{owner} hears {identifier}")));
                }
            }
            Step::Delete(applet) => {
                self.is_there[applet] = false;
                for (timer, identifier) in self.timers.iter_mut().zip(1..) {
                    if timer.owner == Some(applet) && take(timer).runs {
                        outcome.managed.push((TimerAction::DEACTIVATE, identifier));
                    }
                }
            }
            // The terminal's timers stop, and are whose they were.
            Step::Reset => self.timers.iter_mut().for_each(|timer| timer.runs = false),
        }
        outcome
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        let outcome = Outcome::default();
        Just(Self { timers: Default::default(), is_there: [true; LIMITS.len()], outcome }).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        let (applet, timer) = (|| 0..LIMITS.len(), || 0..10_u8);
        prop_oneof![
            8 => applet().prop_map(Step::Allocate),
            4 => (applet(), timer()).prop_map(|(applet, timer)| Step::Release(applet, timer)),
            8 => (applet(), timer()).prop_map(|(applet, timer)| Step::Start(applet, timer)),
            6 => timer().prop_map(Step::Expire),
            1 => applet().prop_map(Step::Delete),
            1 => Just(Step::Reset),
        ]
        .boxed()
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        model.outcome = model.take(*step);
        model
    }
}

/// An applet that does what it is ordered to at an event.
#[derive(Clone)]
struct Holder {
    place: usize,
    order: Arc<Mutex<Option<Step>>>,
    heard: Arc<Mutex<Vec<String>>>,
}

fn aid(place: usize) -> Aid {
    Aid::new(&[0xA0, 0x00, 0x00, 0x00, place as u8]).unwrap()
}

impl Holder {
    /// What it is ordered to do, if it is.
    fn obey(&self, env: &mut Env<'_>) -> Option<Result<u8, AppletError>> {
        let order = *self.order.lock().unwrap();
        match order? {
            Step::Allocate(place) if place == self.place => Some(env.registry().allocate_timer()),
            Step::Release(place, timer) if place == self.place => {
                Some(env.registry().release_timer(timer).map(|()| timer))
            }
            Step::Start(place, identifier) if place == self.place => {
                let command = TimerManagement { timer: TimerIdentifier { identifier }, value: None };
                Some(env.send(TimerAction::START.0, command).map(|()| identifier))
            }
            _ => None,
        }
    }
}

impl Applet for Holder {
    fn aid(&self) -> Aid {
        aid(self.place)
    }

    fn parameters(&self) -> InstallParameters {
        InstallParameters { timers: LIMITS[self.place], ..InstallParameters::default() }
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        env.registry().set_event(ToolkitEvent::EventDownload(ORDER))
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        let place = self.place;
        let heard = match event {
            Event::EventDownload(_) => self.obey(env).map(|result| match result {
                Ok(timer) => format!("{place}: {timer}"),
                Err(AppletError::Toolkit(error)) => format!("{place}: {error:?}"),
                Err(error) => format!("{place}: {error:?}"),
            }),
            Event::TimerExpiration { timer, .. } => Some(format!("{place} hears {timer}")),
            _ => None,
        };
        self.heard.lock().unwrap().extend(heard);
        Ok(())
    }
}

/// The card under test.
struct Virtual {
    phone: Phone,
    order: Arc<Mutex<Option<Step>>>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Virtual {
    /// Carries out what the card asks for; what of it is about timers.
    fn run(&mut self, apdu: &str) -> Vec<(TimerAction, u8)> {
        let commands = self.phone.commands(apdu, |_| (0, vec![]));
        let managed = commands.iter().filter_map(|command| match &command.body {
            Proactive::TimerManagement(body) => {
                Some((TimerAction(command.details.qualifier), body.timer.identifier))
            }
            _ => None,
        });
        managed.collect()
    }
}

impl StateMachineTest for Virtual {
    type SystemUnderTest = Self;
    type Reference = Model;

    fn init_test(_: &Model) -> Self {
        let (order, heard) = (Arc::default(), Arc::default());
        let holder = |place| Holder { place, order: Arc::clone(&order), heard: Arc::clone(&heard) };
        let card = (0..LIMITS.len()).map(holder).fold(Card::new(&Profile::default()), Card::with_applet);
        let mut phone = Phone { card };
        phone.card.power_on(Instant::EPOCH);
        phone.run(PROFILE);
        Self { phone, order, heard }
    }

    fn apply(mut card: Self, model: &Model, step: Step) -> Self {
        let managed = match step {
            Step::Allocate(_) | Step::Release(..) | Step::Start(..) => {
                *card.order.lock().unwrap() = Some(step);
                card.run(&event(ORDER.0))
            }
            Step::Expire(timer) => card.run(&format!("80C20000 0E D70C82028281A401{timer:02X}A503000100")),
            Step::Delete(place) => {
                // It may be gone already.
                let was_there = card.phone.card.applets().any(|applet| applet.aid == aid(place));
                assert_eq!(card.phone.card.delete(&aid(place)).is_ok(), was_there);
                card.run(STATUS)
            }
            Step::Reset => {
                card.phone.card.power_on(Instant::EPOCH);
                card.run(PROFILE)
            }
        };
        let heard = take(&mut *card.heard.lock().unwrap());
        assert_eq!(Outcome { heard, managed }, model.outcome, "{step:?}");
        card
    }
}

prop_state_machine! {
    #![proptest_config(Config { cases: 128, ..Config::default() })]

    #[test]
    fn a_timer_is_whose_the_model_says(sequential 1..60 => Virtual);
}
