//! What a world costs: 50 contacts backed up, and whatever goes wrong.

use std::collections::BTreeMap;

use divan::{Bencher, counter::ItemsCount};
use mimalloc::MiMalloc;
use oxisim_backup::Outcome;
use oxisim_simulation::{Kind, Plan, Runner, Verdict};

/// That of the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    divan::main();
}

/// Worlds of one round.
const WORLDS: u64 = 200;

const CONTACTS: u16 = 50;

/// Worlds a second.
#[divan::bench(sample_count = 5, sample_size = 1, args = ["no fault", "every fault"])]
fn worlds(bencher: Bencher<'_, '_>, faults: &str) {
    count(bencher, faults, |_| 1);
}

/// Backups a second of which the user was told that they are complete: then the store has all contacts.
#[divan::bench(sample_count = 5, sample_size = 1, args = ["no fault", "every fault"])]
fn complete_backups(bencher: Bencher<'_, '_>, faults: &str) {
    let complete =
        |ends: &BTreeMap<String, u64>| ends.get(&Outcome::Complete.to_string()).copied().unwrap_or(0);
    count(bencher, faults, |verdict| complete(&verdict.ends) + complete(&verdict.last));
}

/// Those of them that brought all contacts, and not only what had changed.
#[divan::bench(sample_count = 5, sample_size = 1, args = ["no fault", "every fault"])]
fn whole_backups(bencher: Bencher<'_, '_>, faults: &str) {
    count(bencher, faults, |verdict| verdict.whole);
}

fn count(bencher: Bencher<'_, '_>, faults: &str, of: impl Fn(&Verdict) -> u64) {
    let plans = plans(faults);
    let mut runner = Runner::default();
    let count: u64 = plans.iter().map(|plan| of(&verdict(&mut runner, plan))).sum();
    // The cards of the worlds have been made now.
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        for plan in &plans {
            divan::black_box(verdict(&mut runner, plan));
        }
    });
}

/// Worlds without a fault, or with one at least.
fn plans(faults: &str) -> Vec<Plan> {
    let kinds = if faults == "no fault" { &[] } else { Kind::ALL };
    let plans = (0..).map(|seed| Plan::new(seed, CONTACTS, kinds));
    plans.filter(|plan| kinds.is_empty() == plan.faults.is_empty()).take(WORLDS as usize).collect()
}

fn verdict(runner: &mut Runner, plan: &Plan) -> Verdict {
    runner.run(plan).expect("the world can be made")
}
