//! What a reset ends, and what it leaves (TS 102 221 §6.4, §8.4, §8.7).

use oxisim_card::{Card, Profile};
use oxisim_wire::Instant;

use crate::{hello::Hello, terminal::Terminal};

/// A card in whose session much has happened.
fn busy() -> Terminal {
    let mut image = Profile::default().image();
    image.pins[0].enabled = true;
    let mut terminal = Terminal::with(Card::from_image(&image).unwrap().with_applet(Hello::default()));
    terminal.ok("0070000001");
    terminal.ok("0020000108 30303030FFFFFFFF");
    terminal.ok("00A4040C07A0000000871002");
    terminal.ok("00A4080C047F106F3A");
    terminal.ok("00B2000200");
    assert!(terminal.send("8010000009 3BE1FF637100001F08").starts_with("91"));
    terminal
}

#[test]
fn a_reset_and_a_loss_of_power_end_the_session() {
    for off in [false, true] {
        let mut terminal = busy();
        assert!(terminal.send("00A40004026F3A").starts_with("61"));
        if off {
            terminal.card.power_off();
        }
        terminal.card.power_on(Instant::EPOCH);
        assert_eq!(terminal.send("00C0000000"), "6F00", "response");
        assert_eq!(terminal.send("81F2000C"), "6881", "channel");
        assert!(terminal.ok("80F2000000").contains("83023F00"), "directory; and no proactive command");
        assert_eq!(terminal.send("00B2000400"), "6986", "EF");
        assert_eq!(terminal.send("80F2000100"), "6985", "application");
        assert_eq!(terminal.send("8012000000"), "6985", "proactive command");
        terminal.ok("00A4080C047F106F3A");
        assert_eq!(terminal.send("00B2000200"), "6982", "PIN");
    }
}

#[test]
fn the_record_pointer_is_lost_with_the_file() {
    let mut terminal = Terminal::default();
    terminal.ok("00A4080C047F106F3A");
    terminal.ok("00B2000200");
    terminal.ok("00B2000400");
    terminal.ok("00A4000C026F3A");
    assert_eq!(terminal.send("00B2000400"), "6A83");
}
