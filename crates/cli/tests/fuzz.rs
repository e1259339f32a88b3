//! `oxisim fuzz`: what it prints of applets that are sound, and what is wrong with its words. Planted errors are in the kit's
//! tests: the program has none.

#[allow(dead_code, reason = "other tests need the rest")]
mod oxisim;

use oxisim::Oxisim;
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
