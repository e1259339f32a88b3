use oxisim_kit::Bench;
use oxisim_wire::Duration;
use tally::Tally;

#[test]
fn the_count_outlives_a_reset_and_ends_with_the_pin() {
    let mut bench = Bench::new(Tally);
    for (item, pin, outcome) in
        [("Count", "", "1"), ("Count", "", "2"), ("Clear", "0000", "Wrong"), ("Clear", "1234", "Cleared")]
    {
        bench.reset();
        bench.select_menu("Tally");
        bench.expect_items("Tally", &["Count", "Clear"]);
        bench.choose(item);
        if item == "Clear" {
            bench.answer(pin);
        }
        bench.expect_text(outcome);
    }
}

#[test]
fn an_hour_after_the_last_count_the_user_is_reminded() {
    let mut bench = Bench::new(Tally);
    bench.select_menu("Tally");
    bench.choose("Count");
    bench.expect_text("1");
    bench.wait(Duration::from_mins(59));
    bench.expect_nothing();
    bench.wait(Duration::from_mins(1));
    bench.expect_text("Nothing more to count?");
}
