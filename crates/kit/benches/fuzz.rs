//! What fuzzing costs: sequences, each a fresh card and 20 commands with the end of its session, of one thread.

use divan::{Bencher, counter::ItemsCount};
use oxisim_applets::{Balance, Echo, Hello};
use oxisim_card::{Card, Profile};
use oxisim_kit::fuzz::Fuzz;

/// Sequences of a round.
const SEQUENCES: u64 = 5_120;

fn main() {
    divan::main();
}

fn sequences(bencher: Bencher, card: impl Fn() -> Card) {
    let mut seed = 0;
    let mut fuzz = Fuzz::new(card());
    bencher.counter(ItemsCount::new(SEQUENCES)).bench_local(|| {
        seed += 1;
        let end = fuzz.done().sequences + SEQUENCES;
        let found = fuzz.run(seed, &mut |done| done.sequences < end);
        assert_eq!(found, Ok(None), "nothing is wrong with the applet");
    });
}

#[divan::bench(sample_count = 20)]
fn hello(bencher: Bencher) {
    sequences(bencher, || Card::new(&Profile::default()).with_applet(Hello));
}

#[divan::bench(sample_count = 20)]
fn echo(bencher: Bencher) {
    sequences(bencher, || Card::new(&Profile::default()).with_applet(Echo::default()));
}

#[divan::bench(sample_count = 20)]
fn balance(bencher: Bencher) {
    sequences(bencher, || Card::new(&Profile::default()).with_applet(Balance::new("*100#")));
}
