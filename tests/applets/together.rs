//! All of them on one card: none stands in another's way.

use oxisim_applets::{Balance, Echo, Hello, PhonebookBackup, Tracker};
use oxisim_backup::Settings;
use oxisim_card::{Card, Profile};
use oxisim_kit::{Bench, Handset, steps};
use proptest::prelude::*;

const OWNER: &str = "+15550100003";

fn bench() -> Bench {
    let owner = OWNER.parse().unwrap();
    let card = Card::new(&Profile::default())
        .with_applet(PhonebookBackup::new("+15550199999".parse().unwrap(), Settings::default()))
        .with_applet(Hello)
        .with_applet(Echo::default())
        .with_applet(Balance::new("*100#"))
        .with_applet(Tracker::new(owner));
    Bench::of(card, Handset::Full)
}

const MENU: [&str; 4] =
    [PhonebookBackup::MENU_ENTRY, Hello::MENU_ENTRY, Balance::MENU_ENTRY, Tracker::MENU_ENTRY];

#[test]
fn each_has_its_entry_and_a_message_reaches_all_that_want_it() {
    let mut bench = bench();
    bench.expect_menu(&MENU);
    bench.move_to(1, 10);
    bench.deliver_sms(OWNER, "where");
    // Of equals, the applet that was installed last is told first.
    bench.expect_sms(OWNER, "001-01 area 1 cell 10");
    bench.expect_sms(OWNER, "Echo: where");
    bench.select_menu("Hello");
    bench.answer("Ada");
    bench.expect_text("Hello, Ada!");
    bench.expect_nothing();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_happens_a_phone_with_a_menu_has_all_their_entries(steps in steps(40)) {
        let mut bench = bench();
        for step in &steps {
            bench.take(step);
        }
        bench.put_into(Handset::Full);
        bench.expect_menu(&MENU);
    }
}
