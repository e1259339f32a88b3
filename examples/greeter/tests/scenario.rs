use greeter::Greeter;
use oxisim_kit::{Bench, Radio};

#[test]
fn a_greeting_is_sent_or_the_user_hears_that_it_is_not() {
    let mut bench = Bench::new(Greeter);
    for (radio, outcome) in [(Radio::Sends, "Sent"), (Radio::Refuses, "Not sent")] {
        bench.radio(radio);
        bench.select_menu("Greet");
        bench.expect_question("To whom?");
        bench.answer("+15550100002");
        bench.expect_text(outcome);
    }
    bench.expect_sms("+15550100002", "Hello!");
    bench.expect_nothing();
}
