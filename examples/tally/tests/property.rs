use oxisim_kit::{Bench, steps};
use proptest::prelude::*;
use tally::Tally;

proptest! {
    #[test]
    fn whatever_happens_no_count_is_lost_unless_it_is_cleared(steps in steps(40)) {
        let mut bench = Bench::new(Tally);
        for step in &steps {
            bench.take(step);
        }
        let since_cleared = bench.shown().iter().rev().take_while(|text| *text != "Cleared");
        let counts: Vec<u8> = since_cleared.filter_map(|text| text.parse().ok()).collect();
        prop_assert!(counts.is_sorted_by(|later, earlier| later > earlier), "{}", bench.transcript());
    }
}
