//! Memory against a model of it that knows no undo log: whatever is done, and wherever power is lost, the objects are those
//! of before the open transaction or of after it.

use std::collections::BTreeMap;

use oxisim_card::{Handle, Memory, MemoryError};
use proptest::{collection::vec, prelude::*, sample::Index};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

/// Octets that all objects may have.
const CAPACITY: usize = 64;

/// What is asked of memory; objects are named by number, whether there is one or not.
#[derive(Clone, Debug)]
enum Act {
    Allocate(u8, Vec<u8>),
    Write(u8, u8, Vec<u8>),
    Replace(u8, Vec<u8>),
    Resize(u8, u8),
    Release(u8),
    Begin,
    Commit,
    Abort,
    /// Power is lost now.
    Lose,
}

#[derive(Clone, Debug)]
struct Step {
    act: Act,
    /// Power is lost in the middle of one of the writes that this takes.
    torn: Option<Index>,
}

type Objects = BTreeMap<u8, Vec<u8>>;

/// The objects, and what they were when the open transaction began.
#[derive(Clone, Debug, Default)]
struct Model {
    objects: Objects,
    before: Option<Objects>,
    outcome: Option<Result<(), MemoryError>>,
}

fn step() -> impl Strategy<Value = Step> {
    let octets = || vec(any::<u8>(), 0..24);
    let act = prop_oneof![
        4 => (0..5_u8, octets()).prop_map(|(name, octets)| Act::Allocate(name, octets)),
        6 => (0..5_u8, 0..24_u8, vec(any::<u8>(), 0..12)).prop_map(|(name, at, octets)| Act::Write(name, at, octets)),
        2 => (0..5_u8, octets()).prop_map(|(name, octets)| Act::Replace(name, octets)),
        2 => (0..5_u8, 0..24_u8).prop_map(|(name, length)| Act::Resize(name, length)),
        2 => (0..5_u8).prop_map(Act::Release),
        3 => Just(Act::Begin),
        3 => Just(Act::Commit),
        1 => Just(Act::Abort),
        1 => Just(Act::Lose),
    ];
    (act, prop::option::weighted(0.2, any::<Index>())).prop_map(|(act, torn)| Step { act, torn })
}

impl Model {
    fn take(&mut self, act: &Act) -> Result<(), MemoryError> {
        let used: usize = self.objects.values().map(Vec::len).sum();
        let room = |more: usize| if used + more > CAPACITY { Err(MemoryError::Full) } else { Ok(()) };
        match act {
            Act::Allocate(name, octets) if !self.objects.contains_key(name) => {
                room(octets.len())?;
                self.objects.insert(*name, octets.clone());
            }
            Act::Allocate(..) => {}
            Act::Write(name, at, octets) => {
                let object = self.objects.get_mut(name).ok_or(MemoryError::Range)?;
                let at = usize::from(*at);
                object.get_mut(at..at + octets.len()).ok_or(MemoryError::Range)?.copy_from_slice(octets);
            }
            Act::Replace(name, octets) => {
                let old = self.objects.get(name).ok_or(MemoryError::Range)?.len();
                room(octets.len().saturating_sub(old))?;
                self.objects.insert(*name, octets.clone());
            }
            Act::Resize(name, length) => {
                let old = self.objects.get(name).ok_or(MemoryError::Range)?.len();
                room(usize::from(*length).saturating_sub(old))?;
                self.objects.entry(*name).or_default().resize((*length).into(), 0xEE);
            }
            Act::Release(name) => drop(self.objects.remove(name).ok_or(MemoryError::Range)?),
            Act::Begin if self.before.is_some() => return Err(MemoryError::InProgress),
            Act::Begin => self.before = Some(self.objects.clone()),
            Act::Commit => drop(self.before.take().ok_or(MemoryError::NotInProgress)?),
            Act::Abort | Act::Lose => self.roll_back(),
        }
        Ok(())
    }

    fn roll_back(&mut self) {
        if let Some(before) = self.before.take() {
            self.objects = before;
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
        step().boxed()
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        let before = model.clone();
        let outcome = model.take(&step.act);
        // What is refused is refused before anything is written.
        if step.torn.is_some() && outcome.is_ok() && writes(&before, &step.act) {
            model = before;
            model.roll_back();
        }
        model.outcome = Some(outcome);
        model
    }
}

/// Whether an act writes, so that power can be lost in the middle of it.
fn writes(before: &Model, act: &Act) -> bool {
    match act {
        Act::Allocate(name, _) => !before.objects.contains_key(name),
        Act::Write(..) | Act::Replace(..) | Act::Resize(..) | Act::Release(_) | Act::Commit => true,
        Act::Begin | Act::Abort | Act::Lose => false,
    }
}

fn handle(memory: &Memory, name: u8) -> Option<Handle> {
    memory.find(&name.to_string())
}

fn take(memory: &mut Memory, act: &Act) -> Result<(), MemoryError> {
    let object = |memory: &Memory, name: u8| handle(memory, name).ok_or(MemoryError::Range);
    match act {
        Act::Allocate(name, _) if handle(memory, *name).is_some() => Ok(()),
        Act::Allocate(name, octets) => memory.allocate(name.to_string(), octets).map(drop),
        Act::Write(name, at, octets) => memory.write(object(memory, *name)?, (*at).into(), octets),
        Act::Replace(name, octets) => memory.replace(object(memory, *name)?, octets),
        Act::Resize(name, length) => memory.resize(object(memory, *name)?, (*length).into(), 0xEE),
        Act::Release(name) => memory.release(object(memory, *name)?),
        Act::Begin => memory.begin(),
        Act::Commit => memory.commit(),
        Act::Abort => {
            memory.abort();
            Ok(())
        }
        Act::Lose => {
            memory.recover();
            Ok(())
        }
    }
}

struct Real;

impl StateMachineTest for Real {
    type SystemUnderTest = Memory;
    type Reference = Model;

    fn init_test(_: &Model) -> Memory {
        Memory::with_capacity(CAPACITY)
    }

    fn apply(mut memory: Memory, model: &Model, step: Step) -> Memory {
        let Some(torn) = step.torn else {
            assert_eq!(Some(take(&mut memory, &step.act)), model.outcome, "{step:?}");
            return memory;
        };
        // As many writes as it takes are counted on a copy.
        let mut copy = memory.clone();
        let outcome = take(&mut copy, &step.act);
        assert_eq!(Some(outcome), model.outcome, "{step:?}");
        let writes = copy.writes() - memory.writes();
        if writes > 0 && outcome.is_ok() && !matches!(step.act, Act::Abort | Act::Lose) {
            memory.tear_after(Some(torn.index(writes as usize) as u64));
            assert_eq!(take(&mut memory, &step.act), Err(MemoryError::Torn), "{step:?}");
            memory.tear_after(None);
            memory.recover();
            memory
        } else {
            copy
        }
    }

    fn check_invariants(memory: &Memory, model: &Model) {
        let objects: Objects =
            memory.objects().map(|(name, octets)| (name.parse().unwrap(), octets.to_vec())).collect();
        assert_eq!(objects, model.objects);
        assert_eq!(memory.used(), objects.values().map(Vec::len).sum());
        assert_eq!(memory.in_transaction(), model.before.is_some());
        // If power is lost now, the open transaction has not happened.
        let after: Objects = memory
            .after_power_loss()
            .objects()
            .map(|(name, octets)| (name.parse().unwrap(), octets.to_vec()))
            .collect();
        assert_eq!(&after, model.before.as_ref().unwrap_or(&model.objects));
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn memory_holds_all_of_a_transaction_or_nothing(sequential 1..60 => Real);
}
