//! Power loss in the middle of an UPDATE (TS 102 221 §11.1.4, §11.1.6 leave no half record behind).

use oxisim_wire::Instant;

use crate::terminal::Terminal;

/// Tears `update` after every number of writes; `read` must see the old octets or the new ones.
fn all_or_nothing(select: &str, update: &str, read: &str, new: &str) {
    let mut old = Terminal::default();
    old.ok(select);
    let old = old.ok(read);
    for tear in 0.. {
        let mut terminal = Terminal::default();
        terminal.ok(select);
        terminal.card.memory_mut().tear_after(Some(tear));
        let answer = terminal.send(update);
        let torn = terminal.card.memory().is_torn();
        assert_eq!(answer, if torn { "6F00" } else { "9000" });
        if torn {
            assert_eq!(terminal.send("80F2000C"), "6F00", "a card without power does nothing");
        }
        terminal.card.power_on(Instant::EPOCH);
        terminal.ok(select);
        let now = terminal.ok(read);
        assert_eq!(now, if torn { &old } else { new }, "torn after {tear} writes");
        if !torn {
            assert!(tear >= 2, "an update is at least the log, the record, the commit");
            break;
        }
    }
}

#[test]
fn a_record_is_updated_all_or_not_at_all() {
    let record = "A5".repeat(28);
    all_or_nothing("00A4080C047F106F3A", &format!("00DCFF041C{record}"), "00B2FF0400", &record);
}

#[test]
fn a_cyclic_file_is_updated_all_or_not_at_all() {
    let record = "A5".repeat(28);
    all_or_nothing("00A4080C047F106F44", &format!("00DC00031C{record}"), "00B2010400", &record);
}

#[test]
fn octets_are_updated_all_or_not_at_all() {
    all_or_nothing("00A4080C022F05", "00D600000464656672", "00B0000000", "64656672");
}
