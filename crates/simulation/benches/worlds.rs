//! What a world costs: 50 contacts backed up, and whatever goes wrong.

use divan::{Bencher, counter::ItemsCount};
use oxisim_simulation::{Kind, Plan, Runner};

fn main() {
    divan::main();
}

/// Worlds of one round.
const WORLDS: u64 = 200;

#[divan::bench(sample_count = 5, sample_size = 1)]
fn without_faults(bencher: Bencher<'_, '_>) {
    run(bencher, &[]);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn with_every_fault(bencher: Bencher<'_, '_>) {
    run(bencher, Kind::ALL);
}

fn run(bencher: Bencher<'_, '_>, kinds: &[Kind]) {
    let mut runner = Runner::default();
    bencher.counter(ItemsCount::new(WORLDS)).bench_local(|| {
        for seed in 0..WORLDS {
            let plan = Plan::new(seed, 50, kinds);
            divan::black_box(runner.run(&plan).expect("the world can be made"));
        }
    });
}
