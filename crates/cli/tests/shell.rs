//! `oxisim shell` in a pipe, and what it records.

use std::io::{Read, Write};

use snapbox::cmd::{Command, OutputAssert};

/// Runs the program in a folder with these lines.
fn run(folder: &tempfile::TempDir, words: &[&str], lines: &str) -> OutputAssert {
    Command::new(snapbox::cmd::cargo_bin!("oxisim"))
        .args(words)
        .stdin(lines.to_owned())
        .current_dir(folder.path())
        .env_remove("RUST_LOG")
        .assert()
}

#[test]
fn a_line_from_a_pipe_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    run(&folder, &["shell"], "cat EF.ICCID\n").success().stdout_eq("digits: 8900101000000000019\n");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn the_exit_status_says_whether_the_card_or_the_words_were_wrong() {
    let folder = tempfile::tempdir().unwrap();
    for (lines, status, said) in [
        ("cat 6FFF\npwd\n", 1, "line 3: MF/6FFF: 6A82 file not found\n"),
        ("pwd\nverify-pin 9999 \n", 1, "line 4: the PIN is wrong; attempts left: 2\n"),
        ("cat\n", 2, "line 3: cat FILE [RECORD]: says what a file or a record holds\n"),
    ] {
        let lines = format!("0028000108 30303030FFFFFFFF\nreset\n{lines}");
        let output = run(&folder, &["shell"], &lines).code(status);
        let error = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert_eq!(error, format!("oxisim: {said}"), "{lines}");
    }
    run(&folder, &["shell", "--tcp", "127.0.0.1:1"], "pwd\n").code(1);
    run(&folder, &["shell", "--image", "none.toml"], "pwd\n").code(2);
}

#[test]
fn what_can_lock_or_destroy_a_card_elsewhere_is_not_sent_from_a_pipe_unless_it_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    // A card that answers everything with 9000, and tells what it was sent.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let card = std::thread::spawn(move || {
        let mut sent = Vec::new();
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let mut length = [0; 2];
            while stream.read_exact(&mut length).is_ok() {
                let mut frame = vec![0; usize::from(u16::from_be_bytes(length))];
                stream.read_exact(&mut frame).unwrap();
                match frame[..] {
                    [4] => stream.write_all(&[0, 2, 0x3B, 0x00]).unwrap(),
                    [_] => {}
                    _ => stream.write_all(&[0, 2, 0x90, 0x00]).unwrap(),
                }
                sent.push(frame);
            }
        }
        sent
    });
    let line = "00FE0000007F\n";
    let refused = run(&folder, &["shell", "--tcp", &address], line).code(1);
    let error = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert_eq!(
        error,
        "oxisim: line 1: not sent: TERMINATE CARD USAGE ends the card for ever (TS 102 222 §6.9); --allow-destructive \
         sends it\n"
    );
    run(&folder, &["shell", "--tcp", &address, "--allow-destructive"], line).success();
    let terminate = [0x00, 0xFE, 0x00, 0x00, 0x00, 0x7F];
    let sent = card.join().unwrap();
    assert_eq!(sent.iter().filter(|frame| frame[..] == terminate).count(), 1, "{sent:02X?}");
    run(&folder, &["shell", "--tcp", &address, "--number", "+15550100009"], "pwd\n").code(2);
}

#[test]
fn what_is_written_to_the_card_of_a_file_lasts() {
    let folder = tempfile::tempdir().unwrap();
    run(&folder, &["card", "init", "--out", "CARD.toml"], "").success();
    let shell = ["shell", "--image", "CARD.toml"];
    run(&folder, &shell, "verify-adm 00000000\nedit ADF.USIM/EF.SPN 014F5441\n").success();
    let output = run(&folder, &shell, "hex ADF.USIM/EF.SPN\n").success();
    let said = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(said.starts_with("01 4F 54 41 "), "{said}");
}

#[test]
fn what_was_recorded_runs_as_a_script() {
    let folder = tempfile::tempdir().unwrap();
    let lines = "cd ADF.USIM\nrecord session.apdu\nls\ncat EF.IMSI\nverify-adm 00000000\nedit EF.SPN 014F5441\n\
                 00A4000C026FFF\nstat /EF.ICCID\nrecord off\n";
    run(&folder, &["shell"], lines).success();
    let output = run(&folder, &["script", "session.apdu"], "").success();
    let said = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(said.contains("passed  session.apdu"), "{said}");
    // Another answer is noticed.
    let path = folder.path().join("session.apdu");
    let script = std::fs::read_to_string(&path).unwrap();
    assert!(script.contains("# 00A4000C026FFF\n00 A4 00 0C 02 6F FF  [] (6A82)\n"), "{script}");
    std::fs::write(&path, script.replace("(6A82)", "(9000)")).unwrap();
    run(&folder, &["script", "session.apdu"], "").code(1);
}
