//! Applets that are not there to be selected, or not any more.

use super::*;

#[test]
fn an_applet_that_is_not_selectable_is_not_selected() {
    let mut terminal = two();
    terminal.ok("0070000001");
    terminal.ok(&select(0, FIRST));
    terminal.ok(&select(1, SECOND));
    terminal.card.lock(&aid(FIRST)).unwrap();
    assert_eq!(terminal.send("00B0000001"), "6986", "the card has the MF");
    assert_eq!(terminal.send(&select(0, FIRST)), "6A82");
    terminal.card.unlock(&aid(FIRST)).unwrap();
    terminal.ok(&select(0, FIRST));
    terminal.card.delete(&aid(SECOND)).unwrap();
    assert_eq!(terminal.send("01B0000001"), "6986");
    assert_eq!(terminal.send(&select(1, SECOND)), "6A82");
}

#[test]
fn an_applet_that_a_restored_memory_does_not_have_is_not_selected() {
    let mut terminal = two();
    let without = {
        let mut card = terminal.card.clone();
        card.delete(&aid(FIRST)).unwrap();
        card
    };
    terminal.ok(&select(0, FIRST));
    let gone: Vec<String> = terminal.card.memory().objects().map(|(name, _)| name.to_owned()).collect();
    let gone = gone.iter().filter(|name| without.memory().find(name).is_none());
    let objects = gone.map(|name| (&**name, None));
    let objects = objects.chain(without.memory().objects().map(|(name, octets)| (name, Some(octets))));
    terminal.card.restore(objects).unwrap();
    assert_eq!(terminal.send("00B0000001"), "6986", "the card has the MF");
}

#[test]
fn an_applet_whose_class_is_gone_is_selected_no_more() {
    let mut terminal = two();
    terminal.ok(&select(0, FIRST));
    terminal.card.load(Package { aid: aid(FIRST), version: (2, 0), applets: Vec::new() }).unwrap();
    assert!(terminal.ok("80F2000000").contains("83023F00"), "the channel has the MF");
    assert_eq!(terminal.send(&select(0, FIRST)), "6A82");
}

#[test]
fn an_applet_whose_class_is_not_loaded_any_more_is_not_selected() {
    let mut terminal = two();
    terminal.card.load(Package { aid: aid(FIRST), version: (1, 1), applets: Vec::new() }).unwrap();
    assert_eq!(terminal.send(&select(0, FIRST)), "6A82");
}
