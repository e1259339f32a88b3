//! `oxisim script` as its user sees it: what it prints, what it leaves, and how it ends.

#[allow(dead_code, reason = "other tests need the rest")]
mod oxisim;

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use snapbox::file;

use oxisim::Oxisim;

/// A dialogue with the applet hello.
const DIALOGUE: &str = "init\nexpect set-up-menu item \"Hello\"\nselect-menu \"Hello\"\nexpect get-input \"What is your name?\"\n\
                        answer \"Ada\"\nexpect display-text containing \"Ada\"\nanswer ok\nexpect nothing\n";

#[test]
fn what_a_script_expects_nothing_of_is_printed() {
    let oxisim = Oxisim::new();
    oxisim.write(
        "old.txt",
        "# as of scriptor\nreset\n00 A4 00 04 02 2F E2 00\n00B000000A\n00A4\\\n000C026FFF\n",
    );
    oxisim.run(&["script", "old.txt"]).success().stdout_eq(file!["snapshots/script-old.txt"]);
}

/// A block of the README behind these words.
fn of_readme(behind: &str) -> &'static str {
    let (_, rest) = include_str!("../../../README.md").split_once(behind).expect("the words are there");
    let (_, block) = rest.split_once("```\n").expect("a block");
    block.split("```\n").next().expect("the block ends")
}

#[test]
fn the_script_of_the_readme_prints_what_the_readme_shows() {
    let oxisim = Oxisim::new();
    oxisim.write("hello.apdu", of_readme("one wrong idea of the card:"));
    oxisim.run(&["script", "hello.apdu"]).code(1).stdout_eq(of_readme("`oxisim script hello.apdu` prints:"));
}

#[test]
fn what_does_not_come_true_is_shown_with_its_line_octet_by_octet_and_in_words() {
    let oxisim = Oxisim::new();
    let script = "00 A4 00 04 02 2F E2 00\n  [62 17 82 02 41 21 83 02 3F 00 ..]  # of another file\n\
                  00 B0 00 00 0A [<first:1> 01 .. 00] (6A82, 61XX)\n";
    oxisim.write("wrong.apdu", script);
    let output = oxisim.run(&["script", "wrong.apdu"]).code(1);
    output.stdout_eq(file!["snapshots/script-failures.txt"]).stderr_eq("oxisim: the script [..]\n");
}

#[test]
fn failures_without_end_are_counted() {
    let oxisim = Oxisim::new();
    oxisim.write("wrong.apdu", "repeat 100\n00 A4 00 0C 02 2F E2 (6A82)\nend\n");
    let output = oxisim.run(&["script", "wrong.apdu"]).code(1);
    let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert_eq!(printed.matches("another status word").count(), 20);
    assert!(
        printed.ends_with("and 80 more\n\nfailed  wrong.apdu: 100 of 100 expectations failed\n"),
        "{printed}"
    );
    // A program is told as many, and how many there are.
    let output = oxisim.run(&["script", "--json", "wrong.apdu"]).code(1);
    let told: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!((told["failures"].as_array().unwrap().len(), told["failed"].as_u64()), (20, Some(100)));
    // What ends a script is shown all the same.
    oxisim.write("ends.apdu", "repeat 100\n00 A4 00 0C 02 2F E2 (6A82)\nend\nset a = $unset\n");
    let output = oxisim.run(&["script", "ends.apdu"]).code(2);
    let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(printed.contains("--> ends.apdu:4") && printed.contains("and 80 more\n"), "{printed}");
}

#[test]
fn the_mistakes_of_a_script_are_all_shown() {
    let oxisim = Oxisim::new();
    oxisim.write("wrong.apdu", "rest\n00 A4 0\n00 B0 00 00 [98\nrepeat 3\n");
    oxisim.run(&["script", "wrong.apdu"]).code(2).stdout_eq(file!["snapshots/script-mistakes.txt"]);
    oxisim.run(&["script", "missing.apdu"]).code(2);
}

#[test]
fn a_dialogue_is_the_same_with_and_without_a_phone() {
    let oxisim = Oxisim::new();
    oxisim.write("dialogue.apdu", DIALOGUE);
    for phone in [&[][..], &["--phone"]] {
        let words = [&["script", "--applet", "hello", "dialogue.apdu"], phone].concat();
        oxisim.run(&words).success().stdout_eq("passed  dialogue.apdu: 4 expectations, [..]\n");
        // Whoever does it, the card is asked for its command and gets its answer.
        let output = oxisim.run(&[&words[..], &["--transcript"]].concat()).success();
        let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        assert!(printed.contains("\n> 80 12 00 00 ") && printed.contains("\n> 80 14 00 00 "), "{printed}");
    }
}

#[test]
fn a_script_brings_its_own_card() {
    let oxisim = Oxisim::new();
    oxisim.write("dialogue.apdu", &format!("insert with hello, echo\n{DIALOGUE}"));
    oxisim.run(&["script", "dialogue.apdu"]).success();
    oxisim.write("none.apdu", "insert with nobody\n");
    oxisim.run(&["script", "none.apdu"]).code(1);
}

#[test]
fn the_card_that_a_script_names_is_beside_it_unless_the_command_line_names_one() {
    let oxisim = Oxisim::new();
    std::fs::create_dir(oxisim.folder.path().join("lib")).unwrap();
    oxisim.write("lib/c.vcf", "BEGIN:VCARD\nVERSION:3.0\nFN:Ada\nTEL:+15550100007\nEND:VCARD\n");
    oxisim.write("lib/book.apdu", "card with echo contacts \"c.vcf\"\n00 A4 08 0C #(7F 10 6F 3A) (9000)\n00 B2 01 04 00 [.. \"Ada\" ..]\n");
    oxisim.write("hello.apdu", &format!("card with hello\n{DIALOGUE}"));
    oxisim.run(&["script", "lib/book.apdu", "hello.apdu"]).success();
    let output = oxisim.run(&["script", "--applet", "hello", "--applet", "echo", "hello.apdu"]).success();
    output.stdout_eq("passed  hello.apdu: 4 expectations, [..] commands, on another card than it names\n");
    // It is the script's fault if its card cannot be made; the others run.
    oxisim.write("none.apdu", "card \"missing.toml\"\nreset\n");
    let output = oxisim.run(&["script", "none.apdu", "hello.apdu"]).code(1);
    let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(printed.contains("--> none.apdu:1") && printed.contains("passed  hello.apdu"), "{printed}");
}

#[test]
fn the_status_word_of_a_verb_is_judged_with_a_phone_too() {
    let oxisim = Oxisim::new();
    let script = "card with hello\ninit (9000)\nselect-menu \"Hello\" (91XX)\nexpect get-input\nanswer \"Ada\" (91XX)\n\
                  expect display-text\nanswer ok (9000)\nsend-sms \"x\" (6X83, 90XX)\n";
    oxisim.write("status.apdu", script);
    for phone in [&[][..], &["--phone"]] {
        oxisim.run(&[&["script", "status.apdu"], phone].concat()).success();
    }
    oxisim.write("wrong.apdu", &script.replace("\"Ada\" (91XX)", "\"Ada\" (9000)"));
    for phone in [&[][..], &["--phone"]] {
        let output = oxisim.run(&[&["script", "wrong.apdu"], phone].concat()).code(1);
        let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        assert!(printed.contains("wrong.apdu:5:14") && printed.contains("1 of"), "{printed}");
    }
}

#[test]
fn a_phone_tells_the_card_the_result_that_the_script_wants() {
    let oxisim = Oxisim::new();
    let script =
        "card with hello\ninit\nselect-menu \"Hello\"\nexpect get-input\nanswer result 20 01 (9XXX)\n";
    oxisim.write("result.apdu", script);
    for phone in [&[][..], &["--phone"]] {
        let output = oxisim.run(&[&["script", "--transcript", "result.apdu"], phone].concat()).success();
        let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        assert!(printed.contains(" 82 02 82 81 83 02 20 01\n"), "{printed}");
    }
    // USSD is the network's: the phone has answered before anybody can say how.
    oxisim.write(
        "ussd.apdu",
        "card with balance\ninit\nselect-menu \"Balance\"\nexpect send-ussd \"*100#\"\nanswer result 21 00\n",
    );
    oxisim.run(&["script", "ussd.apdu"]).success();
    let output = oxisim.run(&["script", "--phone", "ussd.apdu"]).code(1);
    let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(printed.contains("the phone has answered it by itself"), "{printed}");
}

#[test]
fn what_ends_a_script_is_no_expectation() {
    let oxisim = Oxisim::new();
    for (script, said, status, verdict) in [
        (
            "00A4000C022FE2 (9000)\n00B0000001 $a",
            "0 of 1 expectation failed, then it could not go on",
            2,
            "contained a mistake",
        ),
        ("proc p\ncall p\nend\ncall p", "it could not go on", 1, "could not go on"),
        ("foo", "1 mistake", 2, "contained a mistake"),
    ] {
        oxisim.write("ends.apdu", script);
        let output = oxisim.run(&["script", "ends.apdu"]).code(status);
        let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        assert!(printed.ends_with(&format!("  ends.apdu: {said}\n")), "{printed}");
        let error = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        assert_eq!(error, format!("oxisim: the script {verdict}\n"));
    }
}

#[test]
fn a_procedure_that_calls_itself_is_told_with_its_place_and_its_innermost_calls() {
    let oxisim = Oxisim::new();
    oxisim.write("round.apdu", "proc p\ncall p\nend\ncall p\n");
    let output = oxisim.run(&["script", "round.apdu"]).code(1);
    let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(
        printed.contains("2 | call p\n  | ^^^^^^ procedures call procedures call procedures: too deep\n"),
        "{printed}"
    );
    assert!(
        printed.matches("called at").count() == 6 && printed.contains("249 calls around these"),
        "{printed}"
    );
}

#[test]
fn several_scripts_have_a_card_each_and_are_told_in_their_order() {
    let oxisim = Oxisim::new();
    let names: Vec<String> = (0..8).map(|number| format!("{number}.apdu")).collect();
    for name in &names {
        // Each finds the record as it was made, and changes it.
        let script = "00 A4 08 0C #(7F 10 6F 3A) (9000)\n00 B2 01 04 00 [FF ..]\n00 DC 01 04 #($data) (9000)\n\
                      repeat 200\n00 B2 01 04 00\n(9000)\nend\n";
        oxisim.write(name, script);
    }
    let words: Vec<&str> =
        ["script", "--jobs", "4"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let line = |name: &String| format!("passed  {name}: 203 expectations, 203 commands\n");
    let expected = names.iter().map(line).collect::<Vec<_>>().concat();
    oxisim.run(&words).success().stdout_eq(expected);
}

#[test]
fn an_update_writes_what_was_got() {
    let oxisim = Oxisim::new();
    let script =
        "00 A4 00 0C 02 2F E2 # the ICCID\n00 B0 00 00 02 (6A82)\nrepeat 2 as n\n00 B0 00 0$n 01\nend\n";
    oxisim.write("golden.apdu", &script.replace("0$n", "$n"));
    oxisim.run(&["script", "--update", "golden.apdu"]).success();
    let updated = "00 A4 00 0C 02 2F E2 (9000) # the ICCID\n00 B0 00 00 02 (9000)\nrepeat 2 as n\n00 B0 00 $n 01\nend\n";
    assert_eq!(oxisim.read("golden.apdu"), updated);
    oxisim.run(&["script", "golden.apdu"]).success();
}

#[test]
fn an_update_writes_what_the_verbs_got() {
    let oxisim = Oxisim::new();
    let script = "card with hello, echo\ninit\nselect-menu \"Hello\"\nexpect get-input \"Who?\"\nanswer \"Ada \\\"A\\\"\"\n\
                  expect display-text # greets\nexpect display-text\nsend-sms \"hi\" from \"+15550100007\"\n\
                  expect sms containing \"zz\" to \"+1\"\n";
    oxisim.write("golden.apdu", script);
    oxisim.run(&["script", "--update", "golden.apdu"]).success();
    let updated = script
        .replace("\"Who?\"", "\"What is your name?\"")
        .replace("display-text #", "display-text \"Hello, Ada \\\"A\\\"!\" #")
        .replace("expect display-text\n", "expect nothing\n")
        .replace("\"zz\" to \"+1\"", "\"Echo: hi\" to \"+15550100007\"");
    assert_eq!(oxisim.read("golden.apdu"), updated);
    oxisim.run(&["script", "golden.apdu"]).success();
}

#[test]
fn an_update_leaves_variables_alone_and_says_so() {
    let oxisim = Oxisim::new();
    let script = "00 A4 00 0C 02 2F E2 (90<rest>, 6A82)\n00 B0 00 00 0A [<iccid:9>] (9000)\n00 B0 00 00 02 [$atr] (6A82)\n";
    oxisim.write("golden.apdu", script);
    let output = oxisim.run(&["script", "--update", "golden.apdu"]).code(1);
    assert_eq!(oxisim.read("golden.apdu"), script.replace("[$atr] (6A82)", "[$atr] (9000)"));
    let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(
        printed.ends_with(
            "failed  golden.apdu: 3 of 5 expectations failed\n  not updated: golden.apdu:2, because it has variables\n  \
             not updated: golden.apdu:3, because it has variables\n"
        ),
        "{printed}"
    );
}

#[test]
fn an_update_writes_each_script_once_and_nothing_that_they_include() {
    let oxisim = Oxisim::new();
    let shared = "proc read\n00 A4 00 0C 02 2F E2 (6A82)\nend\n";
    oxisim.write("shared.apdu", shared);
    for name in ["a.apdu", "b.apdu"] {
        oxisim.write(name, "include \"shared.apdu\"\ncall read\n00 B0 00 00 01\n");
    }
    let output = oxisim.run(&["script", "--update", "a.apdu", "b.apdu", "./a.apdu"]).code(1);
    assert_eq!(oxisim.read("shared.apdu"), shared);
    for name in ["a.apdu", "b.apdu"] {
        assert!(oxisim.read(name).ends_with("\n00 B0 00 00 01 [98] (9000)\n"), "{}", oxisim.read(name));
    }
    let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let left = "shared.apdu:2, because it is in a file that is included\n";
    assert_eq!(printed.matches(left).count(), 3, "{printed}");
}

#[test]
fn an_update_writes_nothing_that_could_not_be_read_again() {
    let oxisim = Oxisim::new();
    let scr = "powerup;\n0x00 0xA4 0x00 0x0C 0x02 0x2F 0xE2 0x7F;\n";
    oxisim.write("kit.scr", scr);
    let output = oxisim.run(&["script", "--update", "kit.scr"]).code(1);
    output.stderr_eq("oxisim: not everything is updated\n");
    assert_eq!(oxisim.read("kit.scr"), scr);
    // One that is wrong in the middle has not got everything.
    let wrong = "00 A4 00 0C 02 2F E2 (6A82)\n00 B0 00 00 $unset\n";
    oxisim.write("wrong.apdu", wrong);
    oxisim.run(&["script", "--update", "wrong.apdu"]).code(2);
    assert_eq!(oxisim.read("wrong.apdu"), wrong);
    oxisim
        .run(&["script", "--update", "-"])
        .code(2)
        .stderr_eq("oxisim: --update: standard input has no file to be written\n");
    // The format of TS 51.013 has places for what is expected.
    oxisim.write("seq.txt", "RST\nCMD A0 A4 00 00 02 2F E2\nCMD A0 B0 00 00 0A [00] (90 00)\n");
    oxisim.run(&["script", "--update", "seq.txt"]).success();
    assert!(oxisim.read("seq.txt").contains("[98 "), "{}", oxisim.read("seq.txt"));
    oxisim.run(&["script", "seq.txt"]).success();
}

#[test]
fn a_script_that_is_not_there_is_an_error_of_its_own() {
    let oxisim = Oxisim::new();
    oxisim.write("a.apdu", "reset [3B ..]\n");
    let words = ["script", "a.apdu", "missing.apdu", "--junit", "j.xml"];
    let output = oxisim.run(&words).code(2).stderr_eq("oxisim: 1 of 2 scripts cannot be read\n");
    output.stdout_eq(
        "error: cannot read missing.apdu: No such file or directory (os error 2)\n\npassed  a.apdu: 1 expectation, 0 commands\n\
         wrong  missing.apdu: it cannot be read\n",
    );
    let report = oxisim.read("j.xml");
    assert!(report.contains("tests=\"2\" failures=\"0\" errors=\"1\""), "{report}");
    assert!(report.contains("<error message=\"cannot read missing.apdu: No such file"), "{report}");
}

#[cfg(unix)]
#[test]
fn what_is_no_ordinary_file_is_not_read() {
    let oxisim = Oxisim::new();
    let fifo = Command::new("mkfifo").arg(oxisim.folder.path().join("fifo")).status().unwrap();
    assert!(fifo.success());
    for script in
        ["include \"/dev/zero\"\n", "include \"fifo\"\n", "card \"fifo\"\nreset\n", "insert \"/dev/zero\"\n"]
    {
        oxisim.write("a.apdu", script);
        let output = oxisim.run(&["script", "a.apdu"]);
        let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        assert!(printed.contains(": it is no ordinary file"), "{printed}");
    }
    for words in [&["trace", "show", "/dev/zero"][..], &["script", "/dev/zero"], &["backup", "/dev/zero"]] {
        oxisim.run(words).code(2);
    }
    // What a shell puts in the place of a file is a pipe.
    let write =
        Command::new("sh").args(["-c", "echo 00A4000C023F00 > fifo"]).current_dir(&oxisim.folder).spawn();
    oxisim.run(&["script", "fifo"]).code(0);
    assert!(write.unwrap().wait().unwrap().success());
}

#[test]
fn a_card_is_beside_the_text_that_names_it() {
    let oxisim = Oxisim::new();
    std::fs::create_dir_all(oxisim.folder.path().join("lib/cards")).unwrap();
    oxisim.run(&["card", "init", "--out", "lib/cards/CARD.toml"]).success();
    oxisim.write("lib/swap.apdu", "insert \"cards/CARD.toml\" [3B ..]\n");
    oxisim.write("lib/main.apdu", "insert \"cards/CARD.toml\" [3B ..]\ninclude \"swap.apdu\"\n");
    oxisim.write(
        "main.apdu",
        "card \"lib/cards/CARD.toml\"\ninclude \"lib/swap.apdu\"\ninclude \"lib/main.apdu\"\n",
    );
    oxisim.run(&["script", "main.apdu", "lib/main.apdu"]).success();
}

#[test]
fn what_people_read_goes_to_standard_error_if_a_program_reads() {
    let oxisim = Oxisim::new();
    oxisim.write("a.apdu", "echo \"hello\"\ndecode D0 09 81 03 01 04 00 82 02 81 82\nreset [3B ..]\n");
    for format in ["--json", "--tap"] {
        let output = oxisim.run(&["script", format, "--transcript", "a.apdu"]).success();
        let (out, error) = (output.get_output().stdout.clone(), output.get_output().stderr.clone());
        let (out, error) = (String::from_utf8(out).unwrap(), String::from_utf8(error).unwrap());
        assert!(error.contains("> reset\n< 3B") && error.contains("hello\n"), "{error}");
        assert!(error.contains("POLLING OFF") && !out.contains("hello"), "{error}{out}");
    }
}

#[test]
fn a_terminal_is_not_commanded_by_what_a_script_says() {
    let oxisim = Oxisim::new();
    oxisim.write("a.apdu", "echo \"\u{1B}[31mred\u{9B}\"\n");
    let output = oxisim.run(&["script", "a.apdu"]).success();
    assert_eq!(output.get_output().stdout, b"\\u{1b}[31mred\\u{9b}\n");
}

#[test]
fn a_script_prints_while_it_runs() {
    let oxisim = Oxisim::new();
    // It would run for an hour, and ends when nobody reads any more.
    oxisim.write("endless.apdu", "repeat 60000\nrepeat 60000\necho \"on\"\nend\nend\n");
    let mut program = Command::new(snapbox::cmd::cargo_bin!("oxisim"))
        .args(["script", "endless.apdu"])
        .current_dir(oxisim.folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "on\n");
    assert!(program.wait().unwrap().success(), "nobody reads any more");
}

#[test]
fn programs_read_what_came_of_it() {
    let oxisim = Oxisim::new();
    oxisim.write("good.apdu", "00 A4 00 0C 02 2F E2 (9000)\n");
    oxisim.write("bad.apdu", "00 A4 00 0C 02 2F E2 (6A82)\n");
    oxisim.write("wrong.apdu", "00 A\n");
    let all = ["script", "good.apdu", "bad.apdu", "wrong.apdu"];
    let with = |more: &[&'static str]| [&all, more].concat();
    let output = oxisim.run(&with(&["--tap", "--junit", "report.xml"])).code(2);
    output.stdout_eq(file!["snapshots/script.tap"]);
    snapbox::assert_data_eq!(oxisim.read("report.xml"), file!["snapshots/script-junit.xml"]);
    oxisim.run(&with(&["--json"])).code(2).stdout_eq(file!["snapshots/script.jsonl"]);
}

#[test]
fn a_script_includes_files_beside_it() {
    let oxisim = Oxisim::new();
    std::fs::create_dir(oxisim.folder.path().join("lib")).unwrap();
    oxisim.write("lib/select.apdu", "proc select file\n00 A4 00 0C #($file) (9000)\nend\n");
    oxisim.write("lib/main.apdu", "include \"select.apdu\"\ncall select 2FE2\ncall select 6FFF\n");
    let output = oxisim.run(&["script", "lib/main.apdu"]).code(1);
    let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(
        printed.contains("--> lib/select.apdu:2:22") && printed.contains("called at lib/main.apdu:3"),
        "{printed}"
    );
}

#[test]
fn a_card_that_cannot_be_reached_is_status_1() {
    let oxisim = Oxisim::new();
    oxisim.write("a.apdu", "reset\n");
    oxisim.run(&["script", "--tcp", "127.0.0.1:1", "a.apdu"]).code(1);
    oxisim.run(&["script", "--tcp", "127.0.0.1:1", "--applet", "hello", "a.apdu"]).code(2);
}
