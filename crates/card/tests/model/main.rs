//! Random sequences of commands, on the card and on a small model of files, PINs, channels and selected applets: the
//! two answer the same.

mod applets;
mod layout;
mod reference;
mod step;

use oxisim_card::Card;
use oxisim_wire::Instant;
use proptest::{
    prelude::*,
    test_runner::{Config, FileFailurePersistence},
};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use reference::{Answer, Reference};
use step::{Act, Step};

/// The reference with what it answered last.
#[derive(Clone, Debug)]
struct Model {
    reference: Reference,
    answer: Answer,
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self { reference: Reference::new(), answer: Answer::from(0x9000) }).boxed()
    }

    fn transitions(model: &Self) -> BoxedStrategy<Step> {
        step::any_step(&model.reference)
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        model.answer = model.reference.apply(step);
        model
    }
}

/// Powers the card on; the terminal knows of channels 4 to 19 (TERMINAL CAPABILITY).
fn power_on(card: &mut Card) {
    card.power_on(Instant::EPOCH);
    let response = card.exchange(Instant::EPOCH, &[0x80, 0xAA, 0x00, 0x00, 0x04, 0xA9, 0x02, 0x81, 0x00]);
    assert_eq!(response.status.0, 0x9000);
}

/// The card under test.
struct Virtual;

impl StateMachineTest for Virtual {
    type SystemUnderTest = Card;
    type Reference = Model;

    fn init_test(_: &Model) -> Card {
        let mut card = Card::from_image(&layout::image()).unwrap();
        applets::install(&mut card);
        power_on(&mut card);
        card
    }

    fn apply(mut card: Card, model: &Model, step: Step) -> Card {
        let answer = match (&step.act, step.torn_after) {
            (Act::Reset, _) => {
                power_on(&mut card);
                Answer::from(0x9000)
            }
            (_, torn_after) => {
                card.memory_mut().tear_after(torn_after.map(u64::from));
                let response = card.exchange(Instant::EPOCH, &step.apdu());
                card.memory_mut().tear_after(None);
                if card.memory().is_torn() {
                    power_on(&mut card);
                }
                Answer { data: response.data, status: response.status.0 }
            }
        };
        assert_eq!(answer, model.answer, "{step:?}");
        card
    }

    fn check_invariants(card: &Card, model: &Model) {
        for (path, contents) in model.reference.contents() {
            let file = card.file_system().at_path(path).unwrap();
            let body = card.file_system().elementary(file).unwrap().body;
            assert_eq!(card.memory().read(body), contents, "{path:04X?}");
        }
        assert!(!card.memory().in_transaction());
    }
}

prop_state_machine! {
    #![proptest_config(Config {
        cases: 400,
        max_shrink_iters: 20_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/proptest-regressions/model.txt"))),
        ..Config::default()
    })]

    #[test]
    fn the_card_answers_as_the_model_does(sequential 1..60 => Virtual);
}
