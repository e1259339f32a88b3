//! What a world costs: 50 contacts backed up, and whatever goes wrong.

use std::collections::BTreeSet;

use divan::{Bencher, counter::ItemsCount};
use mimalloc::MiMalloc;
use oxisim_backup::{Outcome, ToServer, message::BackupId};
use oxisim_simulation::{Kind, Plan, Runner, Verdict};
use oxisim_world::What;

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

/// Complete backups of all contacts a second.
#[divan::bench(sample_count = 5, sample_size = 1, args = ["no fault", "every fault"])]
fn complete_backups(bencher: Bencher<'_, '_>, faults: &str) {
    let mut runner = Runner::default();
    let plans = plans(faults);
    let count = plans.iter().map(|plan| complete(&verdict(&mut runner, plan))).sum();
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

/// How many backups were complete of which every block has travelled: one that only brings what has changed since the last
/// one does not count, nor one for which nothing has.
fn complete(verdict: &Verdict) -> usize {
    let mut complete = 0;
    let mut sent: Option<(BackupId, BTreeSet<u16>)> = None;
    let mut is_whole = false;
    for happening in &verdict.happenings {
        match &happening.what {
            What::Received(Some(ToServer::Blocks(blocks))) if blocks.base_distance == 0 => {
                let (_, numbers) = match &mut sent {
                    Some(sent) if sent.0 == blocks.backup => sent,
                    _ => sent.insert((blocks.backup, BTreeSet::new())),
                };
                numbers.extend((blocks.first..).take(blocks.blocks.len()));
                is_whole = numbers.len() == usize::from(blocks.total);
            }
            What::Received(Some(ToServer::Blocks(_))) => is_whole = false,
            What::Text(text) if is_whole && *text == Outcome::Complete.to_string() => {
                complete += 1;
                is_whole = false;
                sent = None;
            }
            _ => {}
        }
    }
    complete
}
