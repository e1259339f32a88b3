//! `oxisim fuzz`: what it prints of applets that are sound, what it leaves behind of one that is not, and what is wrong with
//! its words. An error of each kind is planted in the kit's tests.

#[allow(dead_code, reason = "other tests need the rest")]
mod oxisim;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use oxisim::Oxisim;
use oxisim_applets::Hello;
use oxisim_card::{Aid, Applet, AppletError, Card, Env, Event, InstallParameters, Profile};
use oxisim_toolkit::command::GetInput;
use oxisim_transport::{SmartCard, TcpServer};
use oxisim_wire::Instant;
use serde_json::Value;

fn printed(oxisim: &Oxisim, words: &[&str]) -> String {
    let output = oxisim.run(words).success();
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

#[test]
fn a_sound_applet_passes_and_the_states_are_told_that_it_was_in() {
    let oxisim = Oxisim::new();
    let words = ["fuzz", "--applet", "hello", "--sequences", "256", "--seed", "3"];
    let text = printed(&oxisim, &words);
    assert!(text.starts_with("states reached:\n"), "{text}");
    assert!(
        text.contains("  GET INPUT 01, 1 in the menu\n") && text.contains("  idle, 1 in the menu\n"),
        "{text}"
    );
    assert!(text.contains("\n256 sequences, ") && text.ends_with(" transitions\n"), "{text}");
    assert_eq!(printed(&oxisim, &words), text, "the same seed tries the same");
    assert!(!oxisim.folder.path().join("found.apdu").exists());
}

#[test]
fn an_aid_names_an_applet_as_its_name_does() {
    let oxisim = Oxisim::new();
    let said = |applet| printed(&oxisim, &["fuzz", "--applet", applet, "--sequences", "256"]);
    assert_eq!(said("A0000009994F584953494D03"), said("echo"));
    assert_eq!(said("a0000009994f584953494d03"), said("echo"));
}

#[test]
fn jobs_share_the_sequences() {
    let words = ["fuzz", "--applet", "balance", "--sequences", "1024", "--jobs", "2", "--json"];
    let summary: Value = Oxisim::new().json(&words);
    assert_eq!((&summary["sequences"], &summary["found"]), (&1024.into(), &Value::Null), "{summary}");
    assert!(summary["states"].as_u64() > Some(3), "{summary}");
    assert!(summary["transitions"].as_u64() > summary["states"].as_u64(), "{summary}");
}

/// Its entry asks for nine characters at least and three at most (TS 102 223 §8.11).
#[derive(Clone)]
struct Unsound;

impl Applet for Unsound {
    fn aid(&self) -> Aid {
        Aid::new(b"\xF0unsound").unwrap()
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        env.registry().init_menu_entry("Ask").map(drop)
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            Event::MenuSelection { .. } => env.send(GetInput::CHARACTERS, GetInput::new("How?", 9, 3)),
            _ => Ok(()),
        }
    }
}

/// A card of a process of its own, for whose time nobody asks.
struct Elsewhere(Card);

impl SmartCard for Elsewhere {
    fn power_on(&mut self) -> Vec<u8> {
        self.0.power_on(Instant::EPOCH)
    }

    fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.0.exchange(Instant::EPOCH, apdu).into_bytes()
    }

    fn power_off(&mut self) {
        self.0.power_off();
    }
}

/// Stops the card, also when a test fails.
struct Stops<'a>(&'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does `work` with the address of such a card.
fn with_card_elsewhere(card: Card, work: impl FnOnce(&str)) {
    let server = TcpServer::bind("127.0.0.1:0").unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| server.serve(&mut Elsewhere(card), &stop, |_| {}).unwrap());
        let _stops = Stops(&stop);
        work(&server.local_address().to_string());
    });
}

#[test]
fn the_script_of_what_was_found_fails_where_the_applet_does() {
    let oxisim = Oxisim::new();
    with_card_elsewhere(Card::new(&Profile::default()).with_applet(Unsound), |address| {
        let words = ["fuzz", "--tcp", address, "--sequences", "2000", "--json"];
        let found =
            oxisim.run(&words).code(1).stderr_eq("oxisim: something is wrong: oxisim script found.apdu\n");
        let summary: Value = serde_json::from_slice(&found.get_output().stdout).unwrap();
        assert_eq!(summary["found"]["oracle"], "IllegalCommand", "{summary}");
        let output = oxisim.run(&["script", "found.apdu", "--tcp", address]).code(1);
        let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        assert!(
            printed.contains("the shortest input is no longer than the longest (TS 102 223 §8.11)"),
            "{printed}"
        );
    });
    with_card_elsewhere(Card::new(&Profile::default()).with_applet(Hello), |address| {
        oxisim.run(&["fuzz", "--tcp", address, "--sequences", "20"]).success();
    });
}

/// A SIM of GSM has no other status word for an envelope that nobody takes (TS 51.011 §9.4).
#[test]
fn a_card_without_applets_is_sound() {
    let oxisim = Oxisim::new();
    with_card_elsewhere(Card::new(&Profile::default()), |address| {
        oxisim.run(&["fuzz", "--tcp", address, "--sequences", "100"]).success();
    });
}

#[test]
fn words_that_make_no_sense_are_wrong() {
    let oxisim = Oxisim::new();
    for words in [
        &["--applet", "goodbye"][..],
        &["--select", "A000"],
        &["--select", "no hex"],
        &["--jobs", "0"],
        &["--tcp", "127.0.0.1:1", "--jobs", "2"],
        &["--tcp", "127.0.0.1:1", "--applet", "hello"],
        &["--image", "missing.toml", "--number", "+15550100003"],
        &["--image", "missing.toml"],
    ] {
        oxisim.run(&[&["fuzz"], words].concat()).code(2);
    }
}
