//! Where `oxisim script` and `oxisim shell` find their card, and the trace of what passes there.

#[allow(dead_code, reason = "other tests need the rest")]
mod oxisim;

use std::process::{Command, Stdio};

use oxisim::Oxisim;

/// The records of a trace that are of this kind.
fn of_kind(trace: &str, kind: &str) -> Vec<serde_json::Value> {
    let records = trace.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    records.filter(|record| record["kind"] == kind).collect()
}

#[test]
fn a_script_is_recorded_with_every_reset_and_command_in_virtual_time() {
    let oxisim = Oxisim::new();
    let script = "00 A4 00 0C 02 2F E2\nwait 90s\n00 B0 00 00 0A\npower off\npower on\n00 B0 00 00 0A\n";
    oxisim.write("iccid.apdu", script);
    oxisim.run(&["script", "iccid.apdu", "--trace", "iccid.jsonl"]).success();
    let trace = oxisim.read("iccid.jsonl");
    assert_eq!(of_kind(&trace, "start")[0]["clock"], "virtual");
    assert_eq!((of_kind(&trace, "reset").len(), of_kind(&trace, "off").len()), (2, 1), "{trace}");
    let exchanges = of_kind(&trace, "exchange");
    let [select, read, again] = &exchanges[..] else { panic!("{trace}") };
    assert_eq!(select["command"], "00A4000C022FE2");
    assert_eq!(read["response"], "980001010000000010F99000");
    assert_eq!(again["response"], "6986", "no file is selected after a reset");
    let time = |record: &serde_json::Value| record["at"].as_u64().unwrap();
    assert_eq!(time(read) - time(select), 90_000_000);
    oxisim.run(&["trace", "replay", "iccid.jsonl"]).success();
}

#[test]
fn a_script_with_a_phone_is_recorded_with_its_messages() {
    let oxisim = Oxisim::new();
    let script = "init\nsend-sms \"hello\" from \"+15550100002\"\nexpect sms\n";
    oxisim.write("echo.apdu", script);
    oxisim.run(&["script", "--phone", "--applet", "echo", "echo.apdu", "--trace", "echo.jsonl"]).success();
    let trace = oxisim.read("echo.jsonl");
    let from: Vec<_> = of_kind(&trace, "tpdu").iter().map(|record| record["from"].clone()).collect();
    assert_eq!(from, ["centre", "phone"], "{trace}");
    assert!(of_kind(&trace, "exchange").len() > 10, "{trace}");
}

#[test]
fn scripts_with_a_card_each_have_no_trace_together() {
    let oxisim = Oxisim::new();
    oxisim.write("one.apdu", "reset\n");
    let output = oxisim.run(&["script", "one.apdu", "one.apdu", "--trace", "one.jsonl"]).code(2);
    output.stderr_eq("oxisim: --trace: each script has a virtual card of its own, and a trace has one: record them one by one\n");
    assert!(!oxisim.folder.path().join("one.jsonl").exists());
}

#[test]
fn a_shell_is_recorded() {
    let oxisim = Oxisim::new();
    let program = snapbox::cmd::cargo_bin!("oxisim");
    oxisim.write("lines", "cat EF.ICCID\n");
    let lines = std::fs::File::open(oxisim.folder.path().join("lines")).unwrap();
    let mut command = Command::new(program);
    command.args(["shell", "--trace", "shell.jsonl"]).current_dir(oxisim.folder.path());
    assert!(command.stdin(lines).stdout(Stdio::null()).status().unwrap().success());
    let trace = oxisim.read("shell.jsonl");
    assert_eq!(of_kind(&trace, "reset").len(), 1);
    let exchanges = of_kind(&trace, "exchange");
    assert_eq!(exchanges.last().unwrap()["response"], "980001010000000010F99000", "{trace}");
}

#[test]
fn whoever_waits_for_a_card_that_does_not_come_is_told_so() {
    let oxisim = Oxisim::new();
    oxisim.write("one.apdu", "reset\n");
    for command in [&["script", "one.apdu"][..], &["shell"], &["phone"], &["backup"], &["card", "dump"]] {
        let words = [command, &["--vpcd", "127.0.0.1:0", "--wait", "0s"]].concat();
        oxisim.run(&words).code(1).stderr_eq(
            "waiting 0 s at most for a card at 127.0.0.1:0\noxisim: no card has come to 127.0.0.1:0 within 0 s\n",
        );
    }
}

#[test]
fn a_card_is_in_one_place_and_not_in_two() {
    let oxisim = Oxisim::new();
    oxisim.write("one.apdu", "reset\n");
    for words in [
        &["shell", "--reader", "x", "--image", "CARD.toml"][..],
        &["shell", "--tcp", "127.0.0.1:1", "--number", "+15550100002"],
        &["script", "one.apdu", "--tcp", "127.0.0.1:1", "--vpcd", "127.0.0.1:2"],
        &["script", "one.apdu", "--reader", "x", "--applet", "hello"],
        &["phone", "--vpcd", "127.0.0.1:1", "--contacts", "c.vcf"],
        &["card", "dump", "--reader", "x", "--shared", "--exclusive"],
        &["backup", "contacts.vcf", "--vpcd", "127.0.0.1:1"],
        &["phonebook", "read", "--vpcd", "127.0.0.1:1", "--image", "CARD.toml", "out.vcf"],
    ] {
        let output = oxisim.run(words).code(2);
        let said = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        assert!(said.contains("cannot be used with"), "{words:?}: {said}");
    }
}
