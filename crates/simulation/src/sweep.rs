//! Many seeds, on several threads.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::{Kind, Plan, Runner, Violation, shrink};

/// Violations after which a search ends: what is found first is mended first.
const MOST_VIOLATIONS: usize = 10;

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
    /// Faults that happened, by kind.
    pub faults: BTreeMap<Kind, u64>,
    /// How backups ended.
    pub ends: BTreeMap<String, u64>,
    /// What was not true, with the plan of the fewest faults that shows it.
    pub violations: Vec<(Plan, Violation)>,
}

impl Summary {
    fn add(&mut self, other: Self) {
        self.worlds += other.worlds;
        for (kind, count) in other.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        for (end, count) in other.ends {
            *self.ends.entry(end).or_default() += count;
        }
        self.violations.extend(other.violations);
    }
}

impl Sweep {
    /// Runs all seeds; `progress` is told after each world.
    ///
    /// # Errors
    /// If a world cannot be made.
    pub fn run(&self, progress: &(dyn Fn() + Sync)) -> Result<Summary, String> {
        let next = AtomicU64::new(0);
        let found = AtomicU64::new(0);
        let whole = Mutex::new(Summary::default());
        let lock = || whole.lock().unwrap_or_else(PoisonError::into_inner);
        thread::scope(|scope| -> Result<(), String> {
            let work = || -> Result<(), String> {
                let mut runner = Runner::default();
                let mut part = Summary::default();
                while found.load(Ordering::Relaxed) < MOST_VIOLATIONS as u64 {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= self.seeds {
                        break;
                    }
                    let plan = Plan::new(self.first.wrapping_add(number), self.contacts, &self.kinds);
                    let verdict = runner.run(&plan)?;
                    let violation = verdict.violation.map(|violation| {
                        found.fetch_add(1, Ordering::Relaxed);
                        let least = shrink(&plan, violation.invariant, &mut runner);
                        let again = runner.run(&least).ok().and_then(|verdict| verdict.violation);
                        (least, again.unwrap_or(violation))
                    });
                    part.add(Summary {
                        worlds: 1,
                        faults: verdict.faults,
                        ends: verdict.ends,
                        violations: violation.into_iter().collect(),
                    });
                    progress();
                }
                lock().add(part);
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
