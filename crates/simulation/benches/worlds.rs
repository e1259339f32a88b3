//! What a world costs: 50 contacts backed up, and whatever goes wrong.

use divan::{Bencher, counter::ItemsCount};
use mimalloc::MiMalloc;
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
    let plans = plans(faults);
    run(bencher, &plans, plans.len());
}

/// Complete backups of all contacts a second: those that only bring what has changed do not count.
#[divan::bench(sample_count = 5, sample_size = 1, args = ["no fault", "every fault"])]
fn complete_backups(bencher: Bencher<'_, '_>, faults: &str) {
    let mut runner = Runner::default();
    let plans = plans(faults);
    let count = plans.iter().map(|plan| verdict(&mut runner, plan).whole as usize).sum();
    run(bencher, &plans, count);
}

fn run(bencher: Bencher<'_, '_>, plans: &[Plan], count: usize) {
    let mut runner = Runner::default();
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        for plan in plans {
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
