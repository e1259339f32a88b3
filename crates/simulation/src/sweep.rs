//! Many seeds, on several threads.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use crate::{Coverage, Kind, Plan, Runner, Violation, shrink};

/// Violations that are shrunk and kept; further ones are counted.
const MOST_KEPT: u64 = 20;

/// What is to be searched.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The first seed.
    pub first: u64,
    /// How many seeds.
    pub seeds: u64,
    /// Contacts of every card.
    pub contacts: u16,
    /// Kinds of fault.
    pub kinds: Vec<Kind>,
    /// Threads.
    pub jobs: usize,
}

/// What came of a search.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Worlds that ran.
    pub worlds: u64,
    /// Those of them whose messages were secured; the others leave out what is nothing without.
    pub secured: u64,
    /// Faults that happened, by kind.
    pub faults: BTreeMap<Kind, u64>,
    /// Texts with which backups ended while things went wrong, and how often.
    pub ends: BTreeMap<String, u64>,
    /// Texts with which those ended that were asked for afterwards.
    pub last: BTreeMap<String, u64>,
    /// Backups that brought a whole phonebook, and of which the user was told that they are complete.
    pub whole: u64,
    /// What the card and the server have reached.
    pub coverage: Coverage,
    /// Worlds that broke a rule.
    pub broken: u64,
    /// What was not true in the first of them, with the plan of the fewest faults that shows it.
    pub violations: Vec<(Plan, Violation)>,
}

impl Summary {
    fn add(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.secured += other.secured;
        add(&mut self.faults, other.faults);
        add(&mut self.ends, other.ends);
        add(&mut self.last, other.last);
        self.whole += other.whole;
        self.coverage.merge(&other.coverage);
        self.broken += other.broken;
        self.violations.extend(other.violations);
    }
}

fn add<K: Ord>(counts: &mut BTreeMap<K, u64>, others: BTreeMap<K, u64>) {
    for (key, count) in others {
        *counts.entry(key).or_default() += count;
    }
}

impl Sweep {
    /// Runs all seeds, or until `progress` breaks it off, which is told after each world.
    ///
    /// # Errors
    /// If a world cannot be made.
    pub fn run(&self, progress: &(dyn Fn() -> ControlFlow<()> + Sync)) -> Result<Summary, String> {
        let whole = Mutex::new(Summary::default());
        let (next, found, is_over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        thread::scope(|scope| -> Result<(), String> {
            let work = || -> Result<(), String> {
                let mut runner = Runner::default();
                let mut part = Summary::default();
                while !is_over.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= self.seeds {
                        break;
                    }
                    let plan = Plan::new(self.first.wrapping_add(number), self.contacts, &self.kinds);
                    part.add(world(&plan, &mut runner, &found)?);
                    if progress().is_break() {
                        is_over.store(true, Ordering::Relaxed);
                    }
                }
                whole.lock().unwrap_or_else(PoisonError::into_inner).add(part);
                Ok(())
            };
            let threads: Vec<_> = (0..self.jobs.max(1)).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| match thread.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })?;
        let mut summary = whole.into_inner().unwrap_or_else(PoisonError::into_inner);
        summary.violations.sort_by_key(|(plan, _)| plan.seed);
        Ok(summary)
    }
}

/// One world; `found` counts those that broke a rule.
fn world(plan: &Plan, runner: &mut Runner, found: &AtomicU64) -> Result<Summary, String> {
    let verdict = runner.run(plan)?;
    let broken = u64::from(verdict.violation.is_some());
    let kept = verdict.violation.filter(|_| found.fetch_add(1, Ordering::Relaxed) < MOST_KEPT);
    let violation = kept.map(|violation| {
        let least = shrink(plan, violation.invariant, runner);
        let again = runner.run(&least).ok().and_then(|verdict| verdict.violation);
        (least, again.unwrap_or(violation))
    });
    Ok(Summary {
        worlds: 1,
        secured: u64::from(plan.secured),
        faults: verdict.faults,
        ends: verdict.ends,
        last: verdict.last,
        whole: verdict.whole,
        coverage: verdict.coverage,
        broken,
        violations: violation.into_iter().collect(),
    })
}
