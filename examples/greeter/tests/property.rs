use greeter::Greeter;
use oxisim_kit::{Bench, steps};
use proptest::prelude::*;

proptest! {
    #[test]
    fn whatever_happens_only_greetings_are_sent(steps in steps(40)) {
        let mut bench = Bench::new(Greeter);
        for step in &steps {
            bench.take(step);
            prop_assert!(bench.sent().iter().all(|sms| sms.text == "Hello!"), "{}", bench.transcript());
        }
    }
}
