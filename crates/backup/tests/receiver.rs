//! The receiver against a small model of the protocol: which blocks are there, what is asked and answered. Blocks come in any
//! order, doubled, altered; the question what is missing comes at any time.

use oxisim_backup::{
    Answer, BlockSet, Digest, FromServer, MemoryVault, Receiver, ReceiverError, ToServer, Vault,
    message::{BackupId, Blocks, Resumes, Source},
};
use oxisim_wire::Instant;
use proptest::{prelude::*, test_runner::FileFailurePersistence::WithSource};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

/// Blocks of a backup.
const TOTAL: u16 = 4;
/// The digest of a phonebook without contacts: the first octets of SHA-256 over nothing.
const NOTHING: Digest = Digest([0xE3, 0xB0, 0xC4, 0x42, 0x98, 0xFC, 0x1C, 0x14]);

#[derive(Clone, Copy, Debug)]
enum Step {
    Block(u16),
    Altered(u16),
    /// What is missing?
    Query,
}

/// The blocks that have come.
#[derive(Clone, Debug)]
struct Model {
    there: BlockSet,
    /// Whether the last step made the copy whole.
    completed: bool,
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self { there: BlockSet::empty(TOTAL), completed: false }).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        prop_oneof![
            6 => (1..=TOTAL).prop_map(Step::Block),
            1 => (1..=TOTAL).prop_map(Step::Altered),
            2 => Just(Step::Query),
        ]
        .boxed()
    }

    /// Another body for a block that has not come could not be told from the right one.
    fn preconditions(model: &Self, step: &Step) -> bool {
        !matches!(step, Step::Altered(number) if !model.there.contains(*number))
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        model.completed = match *step {
            Step::Block(number) => model.there.insert(number) && model.there.is_full(),
            Step::Altered(_) | Step::Query => false,
        };
        model
    }
}

const BACKUP: BackupId = BackupId { source: Source::CARD, generation: 1 };

/// A block that deletes a slot.
fn block(number: u16, slot: u16) -> ToServer {
    ToServer::Blocks(Blocks {
        backup: BACKUP,
        base_distance: 0,
        total: TOTAL,
        first: number,
        blocks: vec![vec![0x0E, 0x80, slot as u8]],
        resumes: Resumes::UPLOADER,
        delay: None,
        digest: (number == TOTAL).then_some(NOTHING),
    })
}

struct Real;

impl StateMachineTest for Real {
    type SystemUnderTest = MemoryVault;
    type Reference = Model;

    fn init_test(_: &Model) -> MemoryVault {
        MemoryVault::default()
    }

    fn apply(mut vault: MemoryVault, model: &Model, step: Step) -> MemoryVault {
        let message = match step {
            Step::Block(number) => block(number, number),
            Step::Altered(number) => block(number, number + 100),
            Step::Query => {
                ToServer::Query { backup: BACKUP, base_distance: 0, total: TOTAL, digest: NOTHING }
            }
        };
        let outcome =
            Receiver::default().receive(&mut vault, Source::CARD, &message.encode(), Instant::EPOCH, 0);
        if let Step::Altered(number) = step {
            assert_eq!(outcome, Err(ReceiverError::Altered { generation: 1, number }));
            return vault;
        }
        let Answer { messages, completed, .. } = outcome.unwrap();
        assert_eq!(completed.is_some(), model.completed, "{step:?}");
        let ok = FromServer::Ok { backup: BACKUP, digest: NOTHING };
        if model.there.is_full() {
            assert_eq!(messages, [ok], "{step:?}");
        } else if let Step::Query = step {
            let blocks = model.there.complement();
            assert_eq!(messages, [FromServer::Missing { backup: BACKUP, blocks }]);
        } else {
            assert_eq!(messages, [], "the uploader ends its pauses itself");
        }
        vault
    }

    fn check_invariants(vault: &MemoryVault, model: &Model) {
        let mut vault = vault.clone();
        let session = vault.session(Source::CARD).unwrap();
        let there = session.map_or_else(|| BlockSet::empty(TOTAL), |session| session.received);
        assert_eq!(there, model.there);
        let held = vault.held(Source::CARD).unwrap();
        assert_eq!(held.is_some(), model.there.is_full(), "a copy is what is whole");
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: Some(Box::new(WithSource("proptest-regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn the_receiver_has_and_answers_what_the_model_does(sequential 1..16 => Real);
}
