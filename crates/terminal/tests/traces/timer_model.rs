//! Random sequences of TIMER MANAGEMENT, to the phone and to a small model of its eight timers (TS 102 223 §6.4.21, §6.6.21
//! and §7.4).

use oxisim_terminal::Output;
use oxisim_wire::Duration;
use proptest::{prelude::*, test_runner::Config};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use crate::bench::Bench;

/// What the card asks for at the next STATUS, which is thirty seconds later.
#[derive(Clone, Copy, Debug)]
enum Step {
    Start {
        timer: u8,
        seconds: u64,
    },
    Deactivate {
        timer: u8,
    },
    CurrentValue {
        timer: u8,
    },
    /// Nothing.
    Wait,
}

/// Seconds between two STATUS.
const INTERVAL: u64 = 30;

/// A timer that runs: when it was started, and when it expires.
#[derive(Clone, Copy, Debug)]
struct Run {
    started: u64,
    deadline: u64,
}

/// The timers that run, the seconds that have passed, and what the phone has sent in the last of them.
#[derive(Clone, Debug, Default)]
struct Model {
    now: u64,
    runs: [Option<Run>; 8],
    expired: Vec<String>,
    response: Option<String>,
}

/// A timer value: hours, minutes and seconds in swapped digits (TS 102 223 §8.38).
fn value(seconds: u64) -> String {
    let swapped = |part: u64| format!("{}{}", part % 10, part / 10);
    [seconds / 3_600, seconds / 60 % 60, seconds % 60].map(swapped).concat()
}

impl Model {
    /// Time passes until the next STATUS: what expires is told in the order of time, and of number if that is one.
    fn pass(&mut self) {
        self.now += INTERVAL;
        let due = |run: &Option<Run>| run.filter(|run| run.deadline <= self.now);
        let mut expired: Vec<_> = self
            .runs
            .iter()
            .zip(1..)
            .filter_map(|(run, timer)| due(run).map(|run| (run.deadline, timer, run)))
            .collect();
        expired.sort_by_key(|&(deadline, timer, _)| (deadline, timer));
        self.expired.clear();
        for (deadline, timer, run) in expired {
            self.runs[timer - 1] = None;
            let ran = value(deadline - run.started);
            self.expired.push(format!("80C200000ED70C82028281A401{timer:02X}A503{ran}"));
        }
    }

    /// The response to a command: general result and what stands behind it.
    fn respond(&mut self, step: Step) -> Option<String> {
        let (qualifier, timer) = match step {
            Step::Start { timer, .. } => (0, timer),
            Step::Deactivate { timer } => (1, timer),
            Step::CurrentValue { timer } => (2, timer),
            Step::Wait => return None,
        };
        let now = self.now;
        let run = usize::from(timer).checked_sub(1).and_then(|place| self.runs.get_mut(place));
        let timer = format!("A401{timer:02X}");
        let left = |run: &Run| value(run.deadline - now);
        let result = match (step, run) {
            // Command data not understood by terminal.
            (_, None) => "830132".into(),
            (Step::Start { seconds, .. }, Some(run)) => {
                // No timer can run for no time.
                *run = Some(Run { started: now, deadline: now + seconds.max(1) });
                format!("830100{timer}")
            }
            // Action in contradiction with the current timer state.
            (_, Some(None)) => format!("830124{timer}"),
            (Step::Deactivate { .. }, Some(run)) => {
                format!("830100{timer}A503{}", run.take().as_ref().map(left).unwrap_or_default())
            }
            (_, Some(Some(run))) => format!("830100{timer}A503{}", left(run)),
        };
        Some(format!("81030127{qualifier:02X}82028281{result}"))
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        let timer = || 0..10_u8;
        let seconds = prop_oneof![4 => 0..200_u64, 1 => 0..86_400_u64];
        prop_oneof![
            6 => (timer(), seconds).prop_map(|(timer, seconds)| Step::Start { timer, seconds }),
            2 => timer().prop_map(|timer| Step::Deactivate { timer }),
            3 => timer().prop_map(|timer| Step::CurrentValue { timer }),
            2 => Just(Step::Wait),
        ]
        .boxed()
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        model.pass();
        model.response = model.respond(*step);
        model
    }
}

/// The command of a step.
fn command(step: Step) -> Option<String> {
    match step {
        Step::Start { timer, seconds } => {
            Some(format!("D0118103012700820281822401{timer:02X}2503{}", value(seconds)))
        }
        Step::Deactivate { timer } => Some(format!("D00C8103012701820281822401{timer:02X}")),
        Step::CurrentValue { timer } => Some(format!("D00C8103012702820281822401{timer:02X}")),
        Step::Wait => None,
    }
}

/// The phone under test.
struct Phone;

impl StateMachineTest for Phone {
    type SystemUnderTest = Bench;
    type Reference = Model;

    fn init_test(_: &Model) -> Bench {
        let mut bench = Bench::ready();
        bench.quiet();
        bench
    }

    fn apply(mut bench: Bench, model: &Model, step: Step) -> Bench {
        let end = bench.now + Duration::from_secs(INTERVAL);
        let mut expired = Vec::new();
        let mut has_polled = false;
        while let Some(at) = bench.phone.poll_timeout().filter(|&at| at <= end) {
            bench.now = at;
            bench.phone.handle_timeout(at);
            while let Some(output) = bench.next() {
                let Output::Transmit(apdu) = output else { continue };
                let apdu = hex::encode_upper(apdu);
                if apdu != "80F2000C" {
                    expired.push(apdu);
                    bench.card("9000");
                    continue;
                }
                assert_eq!((at, has_polled), (end, false), "polled once");
                has_polled = true;
                let Some(command) = command(step) else {
                    bench.card("9000");
                    continue;
                };
                bench.announced(&command);
                bench.responds(model.response.as_deref().unwrap_or_default());
                bench.card("9000");
            }
        }
        assert!(has_polled);
        assert_eq!(expired, model.expired, "{step:?}");
        bench
    }
}

prop_state_machine! {
    #![proptest_config(Config { cases: 128, ..Config::default() })]

    #[test]
    fn the_timers_run_as_those_of_the_model(sequential 1..60 => Phone);
}
