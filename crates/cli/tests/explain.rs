//! `oxisim explain` as its user sees it.

use snapbox::{
    cmd::{Command, OutputAssert},
    file, str,
};

fn explain(words: &[&str], lines: &str) -> OutputAssert {
    Command::new(snapbox::cmd::cargo_bin!("oxisim"))
        .arg("explain")
        .args(words)
        .env_remove("RUST_LOG")
        .stdin(lines.to_owned())
        .assert()
}

#[test]
fn a_proactive_command_that_was_fetched() {
    let hex = "801200001C -> D01A8103012180820281028D0F04546F6F6C6B697420546573742031 9000";
    explain(&[hex], "").success().stdout_eq(file!["snapshots/explain-fetch.txt"]);
}

#[test]
fn a_message_to_the_card_in_an_envelope() {
    let hex = "D11D820283818B17 040B911346610089F6 7FF6 20806291731448 04DEADBEEF";
    explain(&[hex, "--offsets"], "").success().stdout_eq(file!["snapshots/explain-envelope.txt"]);
}

#[test]
fn what_is_wrong_has_a_place_and_a_reason() {
    explain(&["D01A810301218082"], "").code(1).stdout_eq("").stderr_eq(str![[r"
oxisim: wrong at octet 2: proactive command: 26 octets needed, 6 left

"]]);
    explain(&["zz"], "").code(2).stderr_eq("oxisim: 'z' is not a hexadecimal digit (octet 0)\n");
    explain(&["--file", "EF.NOTHING", "00"], "").code(2);
    explain(&["--kind", "file", "00"], "").code(2);
    explain(&[], "").code(2);
}

#[test]
fn a_wrong_line_does_not_stop_the_rest() {
    let long = "0".repeat(3 << 19);
    let lines = format!("D00B8103012180820281028D00\nD00B81\nzz\n9000\n\n{long}\n900\n6A82");
    let output = explain(&["--lines", "--json"], &lines).code(1);
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 8);
    assert_eq!((&rows[0]["kind"], &rows[0]["name"]), (&"proactive-command".into(), &"DISPLAY TEXT".into()));
    assert_eq!(rows[0]["reencoded"], "D00B8103012180820281028D00");
    assert_eq!(rows[1]["error"]["offset"], 2);
    assert_eq!(rows[2]["error"]["offset"], 0);
    for row in &rows[4..=6] {
        assert!(row["error"]["reason"].is_string(), "{row}");
    }
    assert_eq!(rows[7]["kind"], "response");
    assert_eq!(rows[3]["fields"][0]["value"]["meaning"], "normal ending of the command");
}
