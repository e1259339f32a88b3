//! The fewest faults that still show what was not true.

use crate::{Fault, Invariant, Plan, Runner};

/// A plan with as few faults as will do for the same invariant to be broken, and the smallest amounts of them that halving
/// finds.
#[must_use]
pub fn shrink(plan: &Plan, invariant: Invariant, runner: &mut Runner) -> Plan {
    let mut breaks = |plan: &Plan| {
        let verdict = runner.run(plan).ok();
        verdict.and_then(|verdict| verdict.violation).is_some_and(|found| found.invariant == invariant)
    };
    let mut least = plan.clone();
    let mut at = 0;
    while at < least.faults.len() {
        let mut without = least.clone();
        without.faults.remove(at);
        if breaks(&without) {
            least = without;
            at = 0;
        } else {
            at += 1;
        }
    }
    for at in 0..least.faults.len() {
        while let Some(smaller) = halved(&least, at).filter(&mut breaks) {
            least = smaller;
        }
    }
    least
}

/// The plan in which the amount of a fault is half of what it was.
fn halved(plan: &Plan, at: usize) -> Option<Plan> {
    let mut plan = plan.clone();
    let Fault { kind, amount, .. } = plan.faults.get_mut(at)?;
    let half = *amount / 2;
    if half == *amount || half < *kind.amounts().start() {
        return None;
    }
    *amount = half;
    Some(plan)
}
