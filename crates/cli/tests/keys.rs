//! A virtual card that is managed over the air, by hand: keys into its file, a packet to it, its receipt opened.

use oxisim_sms::packet::{Cipher, Key};
use snapbox::cmd::{Command, OutputAssert};

/// The program, in a folder of its own.
struct Oxisim {
    folder: tempfile::TempDir,
}

impl Oxisim {
    fn run(&self, words: &[&str]) -> OutputAssert {
        Command::new(snapbox::cmd::cargo_bin!("oxisim"))
            .args(words)
            .current_dir(self.folder.path())
            .env_remove("RUST_LOG")
            .env_remove("OXISIM_KEY_KIC")
            .assert()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }
}

const KIC: &str = "41424344454647484142434445464748";
const KID: &str = "51525354555657585152535455565758";
const KIK: &str = "61626364656667686162636465666768";

/// A folder with the file of a card that has key set 1.
fn personalised() -> Oxisim {
    let oxisim = Oxisim { folder: tempfile::tempdir().unwrap() };
    oxisim.run(&["card", "init", "--out", "CARD.toml"]).success();
    personalise(&oxisim, "1", &["--kic", KIC, "--kid", KID, "--kik", KIK]).success();
    oxisim
}

fn personalise(oxisim: &Oxisim, version: &str, keys: &[&str]) -> OutputAssert {
    let words = ["card", "personalise", "CARD.toml", "--version", version, "--algorithm", "aes"];
    oxisim.run(&[&words[..], keys].concat())
}

fn output(assert: OutputAssert) -> String {
    String::from_utf8(assert.success().get_output().stdout.clone()).unwrap()
}

const HEADER: [&str; 6] = ["--spi", "1619", "--kic", "12", "--kid", "12"];
const KEYS: [&str; 4] = ["--key-kic", KIC, "--key-kid", KID];

/// Sends a script with a counter; what the phone prints of it, and the card's answer.
fn send(oxisim: &Oxisim, tar: &str, counter: &str, script: &str) -> (String, String) {
    let more = ["--tar", tar, "--counter", counter, "--sms", script];
    let tpdus = output(oxisim.run(&[&["ota", "wrap"], &HEADER[..], &KEYS, &more].concat()));
    let parts: Vec<&str> = tpdus.lines().flat_map(|tpdu| ["--tpdu", tpdu]).collect();
    let phone = output(oxisim.run(&[&["phone", "--image", "CARD.toml", "--for", "0s"], &parts[..]].concat()));
    let line = phone.lines().rfind(|line| line.contains("the message"));
    let line = line.unwrap_or_else(|| panic!("{phone}"));
    let answer = line.rsplit_once("answers ").map(|(_, answer)| answer.to_owned()).unwrap_or_default();
    (line.to_owned(), answer)
}

/// Sends `EF_SPN` selected and updated.
fn rename(oxisim: &Oxisim, counter: &str) -> (String, String) {
    send(oxisim, "B00010", counter, "00A4000C026F4600D60001034F5441")
}

/// PUT KEY of key set 5, AES, under KIK.
fn put_key() -> String {
    let block = |key: [u8; 16]| {
        let mut octets = key;
        Key::new(&hex::decode(KIK).unwrap()).unwrap().encipher(Cipher::AesCbc, &mut octets).unwrap();
        let check_value = Key::new(&key).unwrap().check_value(Cipher::AesCbc).unwrap();
        format!("881110{}03{}", hex::encode(octets), hex::encode(check_value))
    };
    let data = format!("05{}{}{}", block([0x71; 16]), block([0x72; 16]), block([0x73; 16]));
    format!("80D80081{:02X}{data}", data.len() / 2)
}

#[test]
fn a_packet_that_ota_wrap_makes_changes_the_card_and_ota_unwrap_opens_what_it_answers() {
    let oxisim = personalised();
    let (line, answer) = rename(&oxisim, "1");
    assert!(line.contains("takes the message"), "{line}");
    let opened = output(oxisim.run(&[&["ota", "unwrap"], &HEADER[..], &KEYS, &[&answer]].concat()));
    assert!(opened.contains("029000"), "{opened}");

    let (line, answer) = rename(&oxisim, "1");
    assert!(line.contains("does not take the message"), "{line}");
    let opened = output(oxisim.run(&[&["ota", "unwrap"], &HEADER[..], &KEYS, &[&answer]].concat()));
    assert!(opened.to_lowercase().contains("low"), "the counter is kept in the card's file: {opened}");
}

#[test]
fn a_key_set_is_written_once_and_nothing_else_changes() {
    let oxisim = personalised();
    let text = oxisim.read("CARD.toml");
    assert!(text.contains(&format!("[[keys]]\nversion = 1\nalgorithm = \"aes\"\nkic = \"{KIC}\"\n")));
    let refused = personalise(&oxisim, "1", &["--kic", KIC, "--kid", KID]).code(2);
    let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(said.contains("key set 1 is there already"), "{said}");
    assert_eq!(oxisim.read("CARD.toml"), text);
    personalise(&oxisim, "2", &["--kic", KIC, "--kid", KID]).success();
    assert!(oxisim.read("CARD.toml").starts_with(&text));
}

#[test]
fn a_card_that_has_got_keys_over_the_air_keeps_them() {
    let oxisim = personalised();
    rename(&oxisim, "1");
    personalise(&oxisim, "2", &["--kic", KIC, "--kid", KID]).success();
    let (line, _) = send(&oxisim, "000000", "2", &put_key());
    assert!(line.contains("takes the message"), "{line}");
    let text = oxisim.read("CARD.toml");
    let refused = personalise(&oxisim, "3", &["--kic", KIC, "--kid", KID]).code(1);
    let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(said.contains("CARD.toml has got keys over the air"), "{said}");
    assert_eq!(oxisim.read("CARD.toml"), text);
}

#[test]
fn keys_that_are_none_are_refused() {
    let oxisim = personalised();
    for (keys, reason) in [
        (&["--kic", "00", "--kid", KID][..], "8, 16, 24 or 32 octets"),
        (&["--kic", "0011223344556677", "--kid", KID], "16, 24 or 32"),
        (&["--kid", KID], "--kic or OXISIM_KEY_KIC must be given"),
    ] {
        let refused = personalise(&oxisim, "2", keys).code(2);
        let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        assert!(said.contains(reason), "{said}");
    }
}
