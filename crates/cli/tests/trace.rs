//! `oxisim trace` and the option `--trace`, as their user sees them.

mod oxisim;

use std::{
    net::UdpSocket,
    process::{Command, Stdio},
    time::Duration,
};

use snapbox::file;

use oxisim::Oxisim;

/// A short session, written by hand: DISPLAY TEXT is sequence 1.1 of TS 102 384 §27.22.4.1.
const SESSION: &str = r#"{"at":1000000,"kind":"start","format":1,"clock":"virtual","program":"oxisim"}
{"at":1000000,"kind":"reset","answer":"3B9F96801FC78031E073FE211B63E208A8830F90008A"}
{"at":1005000,"kind":"exchange","command":"00A40004027F2000","response":"6A82"}
{"at":1010000,"kind":"exchange","command":"00A40004026F07","response":"611F"}
{"at":1015000,"kind":"exchange","command":"80F2000000","response":"911C"}
{"at":1020000,"kind":"exchange","command":"801200001C","response":"D01A8103012180820281028D0F04546F6F6C6B69742054657374203190 00"}
{"at":5020000,"kind":"exchange","command":"801400000C810301218002028281830100","response":"9000"}
{"at":35020000,"kind":"exchange","command":"80F2000000","response":"9000","took":250}
{"at":35030000,"kind":"tpdu","from":"phone","tpdu":"010004919451000005E8329BFD06"}
{"at":35040000,"kind":"antenna","field":7}
{"at":35050000,"kind":"off"}
"#;

fn session() -> String {
    SESSION.replace("90 00", "9000")
}

/// The records of a file, without their times.
fn records(text: &str) -> Vec<serde_json::Value> {
    let record = |line: &str| {
        let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
        for time in ["at", "took"] {
            record.as_object_mut().unwrap().remove(time);
        }
        record
    };
    text.lines().map(record).collect()
}

#[test]
fn show_prints_a_transcript_with_sessions_indented_and_who_waits() {
    let oxisim = Oxisim::new();
    oxisim.write("session.jsonl", &session());
    oxisim.run(&["trace", "show", "session.jsonl"]).success().stdout_eq(file!["snapshots/trace-show.txt"]);
}

#[test]
fn show_explains_every_octet_if_it_is_asked_to() {
    let oxisim = Oxisim::new();
    oxisim.write("session.jsonl", &session());
    let shown = oxisim.run(&["trace", "show", "--explain", "session.jsonl"]).success();
    shown.stdout_eq(file!["snapshots/trace-explain.txt"]);
}

#[test]
fn a_record_of_an_unknown_kind_is_kept_by_a_conversion() {
    let oxisim = Oxisim::new();
    oxisim.write("session.jsonl", &session());
    oxisim.run(&["trace", "convert", "session.jsonl", "copy.jsonl"]).success();
    assert_eq!(oxisim.read("copy.jsonl"), session());
}

#[test]
fn a_capture_and_lines_have_the_same_octet_by_octet() {
    let oxisim = Oxisim::new();
    oxisim.write("session.jsonl", &session());
    oxisim.run(&["trace", "convert", "session.jsonl", "session.pcapng"]).success().stderr_eq("");
    oxisim.run(&["trace", "convert", "session.pcapng", "back.jsonl"]).success();
    assert_eq!(oxisim.read("back.jsonl"), session());
}

#[test]
fn what_a_wireshark_that_listens_does_not_get_is_counted() {
    let listener = UdpSocket::bind("127.0.0.1:0").unwrap();
    let live = format!("udp:{}", listener.local_addr().unwrap());
    let oxisim = Oxisim::new();
    oxisim.write("session.jsonl", &session());
    let converted = oxisim.run(&["trace", "convert", "session.jsonl", &live]).success();
    converted.stderr_eq("3 records left out, for which there is no frame\n");
}

#[test]
fn what_is_too_long_for_a_datagram_is_counted_and_what_comes_after_is_sent() {
    let listener = UdpSocket::bind("127.0.0.1:0").unwrap();
    listener.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let live = format!("udp:{}", listener.local_addr().unwrap());
    let oxisim = Oxisim::new();
    let long = format!(
        r#"{{"at":1,"kind":"exchange","command":"00B00000000000","response":"{}9000"}}"#,
        "07".repeat(65_535)
    );
    oxisim.write("long.jsonl", &format!("{long}\n{}", session()));
    let converted = oxisim.run(&["trace", "convert", "long.jsonl", &live]).success();
    converted.stderr_eq(
        "3 records left out, for which there is no frame\n1 record left out, too long for a datagram\n",
    );
    let mut octets = [0; 512];
    listener.recv(&mut octets).unwrap();
    assert_eq!((octets[12], octets[16]), (1, 0x3B));
}

#[test]
fn what_only_le_tells_apart_is_shown_with_its_octets() {
    let oxisim = Oxisim::new();
    let of = |command: &str| {
        format!(r#"{{"at":1,"kind":"exchange","command":"{command}","response":"010203049000"}}"#)
    };
    oxisim.write("a.jsonl", &of("00B0000000"));
    oxisim.write("b.jsonl", &of("00B0000004"));
    oxisim.run(&["trace", "diff", "a.jsonl", "b.jsonl"]).code(1).stdout_eq(
        "--- a.jsonl
+++ b.jsonl
- line 1, 0.000s: READ BINARY -> 01020304; 9000
+ line 1, 0.000s: READ BINARY -> 01020304; 9000
    - 00 B0 00 00 00
    + 00 B0 00 00 04
                  ^^
",
    );
    oxisim.run(&["trace", "convert", "a.jsonl", "a.pcapng"]).success();
    oxisim.run(&["trace", "diff", "a.jsonl", "a.pcapng"]).success();
}

#[test]
fn a_text_of_a_trace_does_not_reach_the_terminal_as_a_command() {
    let oxisim = Oxisim::new();
    let broken = r#"{"at":1,"kind":"broken","command":"00B0000004","reason":"\u001b[31mgone\u0007"}"#;
    oxisim.write("evil.jsonl", broken);
    let shown = oxisim.run(&["trace", "show", "evil.jsonl"]).success().get_output().stdout.clone();
    let expected = "     0.000s  phone   READ BINARY -> no answer: \\u{1b}[31mgone\\u{7}\n";
    assert_eq!(String::from_utf8(shown).unwrap(), expected);
}

#[test]
#[cfg(unix)]
fn a_file_without_an_end_is_refused() {
    let told = Oxisim::new().run(&["trace", "show", "/dev/zero"]).code(2);
    told.stderr_eq("oxisim: cannot read /dev/zero: it is no ordinary file\n");
}

#[test]
fn a_file_that_is_cut_or_broken_is_told_with_its_line() {
    let oxisim = Oxisim::new();
    let session = session();
    oxisim.write("cut.jsonl", &session[..session.find("\"off\"").unwrap()]);
    let told = oxisim.run(&["trace", "show", "cut.jsonl"]).code(2);
    told.stderr_eq("oxisim: cut.jsonl, line 11: it is cut off\n");
    oxisim.write("wrong.jsonl", &session.replace("\"611F\"", "\"611\""));
    let told = oxisim.run(&["trace", "show", "wrong.jsonl"]).code(2);
    told.stderr_eq("oxisim: wrong.jsonl, line 4: \"response\" is not hexadecimal: Odd number of digits\n");
    oxisim.write("empty.jsonl", "\n");
    let told = oxisim.run(&["trace", "show", "empty.jsonl"]).code(2);
    told.stderr_eq("oxisim: empty.jsonl, there is no record in it\n");
}

#[test]
fn diff_tells_what_two_traces_do_not_have_alike() {
    let oxisim = Oxisim::new();
    oxisim.write("a.jsonl", &session());
    oxisim.write("b.jsonl", &session().replace("\"at\":35", "\"at\":45"));
    oxisim.run(&["trace", "diff", "a.jsonl", "b.jsonl"]).success().stdout_eq("  10 records alike\n");
    oxisim.write("c.jsonl", &session().replace("611F", "6119"));
    let differs = oxisim.run(&["trace", "diff", "a.jsonl", "c.jsonl"]).code(1);
    differs
        .stdout_eq(file!["snapshots/trace-diff.txt"])
        .stderr_eq("oxisim: a.jsonl and c.jsonl differ, in 1 record\n");
}

#[test]
fn what_a_phone_has_recorded_replays_against_the_same_card_and_not_against_another() {
    let oxisim = Oxisim::new();
    let phone = ["phone", "--applet", "hello", "--choose", "1", "--answer", "Ada", "--for", "0s"];
    oxisim.run(&[&phone[..], &["--trace", "phone.jsonl"]].concat()).success();
    let replay = ["trace", "replay", "phone.jsonl", "--applet"];
    let same = oxisim.run(&[&replay[..], &["hello"]].concat()).success().get_output().stdout.clone();
    let same = String::from_utf8(same).unwrap();
    assert!(same.ends_with(" steps replayed: every answer is the same\n"), "{same}");
    let other = oxisim.run(&[&replay[..], &["echo"]].concat()).code(1).get_output().stderr.clone();
    let other = String::from_utf8(other).unwrap();
    assert!(other.starts_with("oxisim: the card answers otherwise than in phone.jsonl, line "), "{other}");
    assert!(other.contains("TERMINAL PROFILE") && other.contains("  expected  91 "), "{other}");
}

#[test]
fn a_recorded_backup_has_the_card_the_messages_and_the_server_in_the_order_of_time() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    let backup = ["backup", "contacts-10.vcf", "--mode", "timer", "--contacts-per-block", "1"];
    let figures = oxisim.json(&[&backup[..], &["--trace", "backup.jsonl", "--json"]].concat());
    let text = oxisim.read("backup.jsonl");
    let times: Vec<u64> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["at"].as_u64().unwrap())
        .collect();
    assert!(times.is_sorted());
    let records = records(&text);
    assert_eq!(records[0]["clock"], "virtual");
    let count = |kind: &str, from: &str| {
        records.iter().filter(|record| record["kind"] == kind && record["from"] == from).count()
    };
    // Ten blocks, and the server's word that all have come, which the phone has taken.
    assert_eq!((&figures["messages"], &figures["answers"]), (&10.into(), &1.into()));
    assert_eq!((count("tpdu", "phone"), count("user-data", "centre")), (11, 10));
    assert_eq!((count("user-data", "server"), count("tpdu", "centre")), (1, 1));
    let of_server: Vec<&str> = records
        .iter()
        .filter(|record| record["kind"] == "event" && record["who"] == "server")
        .filter_map(|record| record["text"].as_str())
        .collect();
    assert!(of_server[..10].iter().all(|text| text.starts_with("takes BLOCKS CARD ")), "{of_server:?}");
    assert!(of_server[10].starts_with("has the whole copy, and answers OK CARD "), "{of_server:?}");
    let sends = |record: &&serde_json::Value| {
        record["response"]
            .as_str()
            .is_some_and(|response| response.starts_with("D0") && response.contains("0113"))
    };
    assert!(records.iter().filter(sends).count() >= 10);
}

#[test]
fn tshark_finds_nothing_malformed_in_a_recorded_backup() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    oxisim.run(&["backup", "contacts-10.vcf", "--trace", "backup.pcapng"]).success();
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(oxisim.folder.path().join("backup.pcapng")).args(["-T", "fields"]);
    tshark.args(["-e", "gsm_sim.apdu.sw", "-e", "etsi_cat.comp_tlv.cmd_type", "-e", "_ws.malformed"]);
    let Ok(output) = tshark.stderr(Stdio::null()).output() else {
        let must_be_here = std::env::var("CI").as_deref() == Ok("true");
        assert!(!must_be_here, "tshark is not installed; make setup installs it");
        eprintln!("skipped: tshark is not installed; make setup, as root, installs it");
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let frames: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    assert!(frames.iter().filter(|frame| frame[1] == "0x13").count() >= 2, "{text}");
    // After the beginning comes the answer to reset, which tshark 4.0 takes for a command.
    assert!(frames[2..].iter().all(|frame| frame[2].is_empty()), "{text}");
}

#[test]
fn the_readme_shows_what_a_transcript_says() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    oxisim.run(&["backup", "contacts-10.vcf", "--trace", "backup.pcapng"]).success();
    let shown = oxisim.run(&["trace", "show", "backup.pcapng"]).success().get_output().stdout.clone();
    let shown = String::from_utf8(shown).unwrap();
    let readme = std::fs::read_to_string(oxisim::example("../README.md")).unwrap();
    let excerpt = readme.split("```\n").find(|block| block.contains("s  phone     FETCH")).unwrap();
    assert!(shown.contains(excerpt), "{shown}");
}

#[test]
fn a_wireshark_that_listens_gets_a_frame_of_gsmtap_for_each_apdu() {
    let listener = UdpSocket::bind("127.0.0.1:0").unwrap();
    listener.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let live = format!("udp:{}", listener.local_addr().unwrap());
    Oxisim::new().run(&["phone", "--for", "0s", "--trace", &live]).success();
    let frame = || {
        let mut octets = [0; 512];
        let length = listener.recv(&mut octets).unwrap();
        octets[..length].to_vec()
    };
    // Version 2, four words, type SIM; first the answer to reset, then APDUs (libosmocore's gsmtap.h).
    let (reset, select) = (frame(), frame());
    assert_eq!((&reset[..4], reset[12], reset[16]), (&[2, 4, 4, 0][..], 1, 0x3B));
    assert_eq!((&select[..4], select[12]), (&[2, 4, 4, 0][..], 0));
    assert_eq!(select[16..23], [0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00]);
    assert_eq!(select[23], 0x61);
}

#[test]
fn replay_is_told_where_its_card_is_as_script_is() {
    let oxisim = Oxisim::new();
    oxisim.run(&["phone", "--for", "0s", "--trace", "phone.jsonl"]).success();
    let nobody = ["trace", "replay", "phone.jsonl", "--vpcd", "127.0.0.1:0", "--wait", "0s"];
    let told = oxisim.run(&nobody).code(1).get_output().stderr.clone();
    let told = String::from_utf8(told).unwrap();
    assert!(told.starts_with("waiting 0 s at most for a card at 127.0.0.1:0\n"), "{told}");
    // What is said of a card of this program is said of no other, and how to use a reader of a reader.
    for words in [&["--vpcd", "127.0.0.1:0", "--applet", "echo"][..], &["--protocol", "t0"], &["--shared"]] {
        oxisim.run(&[&["trace", "replay", "phone.jsonl"][..], words].concat()).code(2);
    }
}

#[test]
fn what_can_lock_a_card_that_is_not_the_programs_is_not_replayed_unless_it_is_allowed() {
    let oxisim = Oxisim::new();
    let write = |command: &str| {
        let line = format!(r#"{{"at":1,"kind":"exchange","command":"{command}","response":"9000"}}"#);
        oxisim.write("pin.jsonl", &line);
    };
    write("002000010831323334FFFFFFFF");
    oxisim.run(&["trace", "replay", "pin.jsonl", "--reader", "any"]).code(2).stderr_eq(
        "oxisim: pin.jsonl, line 1: 00200001.. is not sent to a card that is not this program's: VERIFY tries a PIN (TS 102 221 §11.1.9); \
         --allow-destructive sends it\n",
    );
    for command in
        ["80D8000001FF", "80F0807F", "008200000100", "80D40000026F07", "00FE0000007F", "00200001083100"]
    {
        write(command);
        for way in [["--reader", "any"], ["--tcp", "127.0.0.1:1"]] {
            let refused = oxisim.run(&["trace", "replay", "pin.jsonl", way[0], way[1]]).code(2);
            let stderr = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
            assert!(stderr.ends_with("--allow-destructive sends it\n"), "{command}: {stderr}");
        }
    }
    // It is sent where it may be: nobody is there, and that is the failure.
    oxisim.run(&["trace", "replay", "pin.jsonl", "--tcp", "127.0.0.1:1", "--allow-destructive"]).code(1);
    oxisim.run(&["trace", "replay", "pin.jsonl", "--allow-destructive"]).code(2);
}

#[test]
fn a_trace_that_cannot_be_written_is_an_error_before_anything_is_done() {
    let oxisim = Oxisim::new();
    let failed = oxisim.run(&["phone", "--for", "0s", "--trace", "nowhere/phone.jsonl"]).code(1);
    failed
        .stderr_eq("oxisim: --trace: the trace cannot be written: No such file or directory (os error 2)\n");
    let wrong = oxisim.run(&["phone", "--for", "0s", "--trace", "phone.txt"]).code(2);
    let stderr = String::from_utf8(wrong.get_output().stderr.clone()).unwrap();
    assert!(stderr.contains("neither F.jsonl, F.pcapng nor udp:HOST[:PORT]"), "{stderr}");
}
