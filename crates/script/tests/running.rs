//! Scripts that run on the built-in card.

use oxisim_applets::Hello;
use oxisim_card::{Card, Profile};
use oxisim_script::{
    Answer, Event, Output, Program, Request, Runner, Settings, Source, Sources, Wrong, spaced,
};
use oxisim_wire::Instant;

/// What came of a script.
#[derive(Debug, Default)]
struct Run {
    passed: usize,
    /// What failed: the place, and what was got.
    failed: Vec<String>,
    said: Vec<String>,
    commands: Vec<String>,
}

fn run_on(card: &mut Card, text: &str, settings: Settings) -> Run {
    let mut sources = Sources::default();
    let script = Source { name: "test.apdu".into(), text: text.into() };
    let program = Program::read(&mut sources, script, &mut |_, path| Err(format!("no {path}")));
    let program = program.unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let mut runner = Runner::new(&program, settings);
    let mut now = Instant::EPOCH;
    let mut run = Run::default();
    while let Some(output) = runner.poll_output() {
        match output {
            Output::Ask(request) => {
                let answer = match request {
                    Request::Reset => Answer::AnswerToReset(card.power_on(now)),
                    Request::Exchange(command) => {
                        run.commands.push(spaced(&command));
                        Answer::Response(card.exchange(now, &command).to_bytes())
                    }
                    Request::PowerOff => {
                        card.power_off();
                        Answer::Done
                    }
                    Request::Wait(time) => {
                        now = now + time;
                        Answer::Done
                    }
                    Request::Tear(writes) => {
                        card.memory_mut().tear_after(Some(writes));
                        Answer::Done
                    }
                    _ => Answer::Impossible("not here".into()),
                };
                runner.handle_answer(answer);
            }
            Output::Tell(Event::Passed(_)) => run.passed += 1,
            Output::Tell(Event::Said(text)) => run.said.push(text),
            Output::Tell(Event::Failed(failure)) => {
                let got = match failure.what {
                    Wrong::Data { got, .. } => spaced(&got),
                    Wrong::Status { got, .. } => format!("{:04X}", got.0),
                    Wrong::Proactive { expected, got, .. } => format!("{expected} / {got}"),
                    Wrong::Mistake(mistake) => mistake.what,
                    Wrong::Illegal { why, .. } | Wrong::Stopped(why) => why,
                };
                run.failed.push(format!("{}: {got}", sources.text(failure.span)));
            }
            Output::Tell(_) => {}
        }
    }
    assert!(runner.is_done());
    run
}

fn run(text: &str) -> Run {
    let mut card = Card::new(&Profile::default()).with_applet(Hello);
    run_on(&mut card, text, Settings::default())
}

#[track_caller]
fn passes(text: &str, expectations: usize) -> Run {
    let run = run(text);
    assert!(run.failed.is_empty(), "{run:#?}");
    assert_eq!(run.passed, expectations, "{run:#?}");
    run
}

#[test]
fn data_and_status_words_are_compared() {
    passes("00 A4 00 0C 02 2F E2 (9000)\n00 B0 00 00 0A [98 .. XX] (6XXX, 9000)\n", 3);
    let failed = run("00 A4 00 0C 02 2F E2 (61XX)\n00 B0 00 00 02 [98 01]\n").failed;
    assert_eq!(failed.len(), 2);
    assert_eq!(failed[0], "(61XX): 9000");
    assert!(failed[1].starts_with("[98 01]: 98 "), "{failed:?}");
}

#[test]
fn what_is_captured_can_be_sent() {
    let text = "00 A4 00 04 #(2F E2) 00 [62 <length:1> 82 <rest>] (90<low>)\necho $length \" \" $low\n\
                set file = 2FE2\n00 A4 00 0C #($file) (9000)\n00 B0 00 00 0A [<iccid>]\n00 B0 00 00 0A [$iccid] ($sw2)\n";
    let text = text.replace(" ($sw2)", " (9000)");
    let run = passes(&text, 6);
    assert_eq!(run.commands[1], "00 A4 00 0C 02 2F E2");
    assert!(run.said[0].ends_with(" 00"), "{run:?}");
}

#[test]
fn texts_are_said_as_texts_wherever_they_stand() {
    let text = "set a = 98 \"b\"\necho \"a=\" $a \" b=\" 01 02 \".\"\necho 01 #(\"1\") \"2\"\n";
    assert_eq!(passes(text, 0).said, ["a=98 62 b=01 02.", "01 01 312"]);
}

#[test]
fn blocks_and_procedures_run_as_often_as_they_should() {
    let text = "proc say what\necho $what\nset what = FF\nend\nset what = 01\nrepeat 3 as n\ncall say $n\nend\ncall say $what\n\
                repeat 0\necho \"never\"\nend\n00 A4 00 0C 02 6F FF\nif (6A82)\necho \"not found\"\nelse\necho \"found\"\nend\n\
                if (9000)\necho \"found\"\nend\nexit\necho \"never\"\n";
    assert_eq!(passes(text, 0).said, ["01", "02", "03", "01", "not found"]);
}

#[test]
fn a_procedure_that_calls_itself_ends_the_script() {
    let failed = run("proc again\ncall again\nend\ncall again\necho \"never\"\n").failed;
    assert_eq!(failed.len(), 1);
    assert_eq!(failed, ["call again: procedures call procedures call procedures: too deep"]);
}

#[test]
fn a_variable_without_a_value_ends_the_script() {
    let run = run("00 A4 00 0C #($file)\necho \"never\"");
    assert_eq!(run.failed, ["$file: the variable file has no value"]);
    assert!(run.said.is_empty());
}

#[test]
fn a_session_of_the_toolkit_is_gone_through() {
    let text = "init (9000)\nexpect set-up-menu item \"Hello\"\nselect-menu \"Hello\" (91XX)\n\
                expect get-input [D0 ..]\nanswer \"Ada\"\nexpect display-text containing \"Ada\"\nexpect nothing\n";
    passes(text, 7);
}

#[test]
fn what_the_card_asks_instead_is_told() {
    let failed =
        run("init\nselect-menu \"Hello\"\nexpect display-text \"Hello\"\nselect-menu \"Goodbye\"").failed;
    assert!(
        failed[0].starts_with("expect display-text \"Hello\": DISPLAY TEXT \"Hello\" / GET INPUT"),
        "{failed:?}"
    );
    assert_eq!(failed[1], "select-menu \"Goodbye\": \"Goodbye\" in the card's menu / \"Hello\"");
}

#[test]
fn a_card_that_has_been_torn_is_mute_until_it_is_switched_on() {
    let text = "00 A4 08 0C #(7F 10 6F 3A) (9000)\n00 B2 01 04 00 (9000)\ntear after 0 writes\n\
                00 DC 01 04 #($data) (6F00)\n00 A4 00 0C 02 2F E2 (6F00)\npower on\n00 A4 00 0C 02 2F E2 (9000)\n";
    passes(text, 5);
}

#[test]
fn commands_go_on_the_channel_that_was_opened() {
    let run = passes(
        "channel open\n00 A4 00 0C 02 2F E2 (9000)\nchannel close (9000)\n00 A4 00 0C 02 2F E2 (9000)\n",
        3,
    );
    assert_eq!(
        run.commands,
        ["00 70 00 00 01", "01 A4 00 0C 02 2F E2", "00 70 80 01", "00 A4 00 0C 02 2F E2"]
    );
}

#[test]
fn a_guarded_card_is_asked_before_a_pin_is_tried() {
    let guarded = Settings { guarded: true, ..Settings::default() };
    let text = "repeat 5\n00 20 00 01 08 \"9999\" FF FF FF FF\nend\n";
    let mut card = Card::new(&Profile::default());
    let enabled = run_on(&mut card, "00 28 00 01 08 \"0000\" FF FF FF FF (9000)\n", Settings::default());
    assert!(enabled.failed.is_empty(), "{enabled:?}");
    let run = run_on(&mut card, text, guarded);
    let attempts = run.commands.iter().filter(|command| command.len() > 11).count();
    assert_eq!(attempts, 2, "{run:#?}");
    assert!(run.failed[0].contains("a wrong one would leave no other attempt"), "{run:?}");
    let run = run_on(&mut Card::new(&Profile::default()), "00 E4 00 00 02 6F 07\n", guarded);
    assert!(run.commands.is_empty() && run.failed[0].contains("not sent: DELETE FILE"), "{run:?}");
}

#[test]
fn a_script_stops_at_its_first_failure_if_it_should() {
    let stops = Settings { stops: true, ..Settings::default() };
    let run =
        run_on(&mut Card::new(&Profile::default()), "00 A4 00 0C 02 2F E2 (6A82)\necho \"never\"\n", stops);
    assert_eq!((run.failed.len(), run.said.len()), (1, 0));
}

#[test]
fn scripts_of_the_conformance_tests_run() {
    let text = "RST\nINI FF FF FF FF FF FF FF FF\nCMD A0 A4 00 00 02 2F E2 (9F XX)\nCMD A0 B0 00 00 0A [98 XX XX XX XX XX XX XX XX XX] (90 00, 91 XX)\nOFF\n";
    let run = run_on(&mut Card::new(&Profile::default()), text, Settings::default());
    assert!(run.commands[0].starts_with("A0 10 00 00 08") && run.failed.is_empty(), "{run:?}");
}

#[test]
fn scripts_of_apdutool_run() {
    let text = "powerup;\n0x00 0xA4 0x00 0x04 0x02 0x3F 0x00 0x7F;\npowerdown;\n";
    assert_eq!(run(text).commands, ["00 A4 00 04 02 3F 00 7F"]);
}

/// Runs a script against answers that are written down: what was asked, in one line each.
#[track_caller]
fn asked(text: &str, answers: &[&str]) -> Vec<String> {
    let (asked, failed) = against(text, answers);
    assert!(failed.is_empty(), "{failed:?}");
    asked
}

/// The same, and what failed.
fn against(text: &str, answers: &[&str]) -> (Vec<String>, Vec<String>) {
    let mut sources = Sources::default();
    let script = Source { name: "test.apdu".into(), text: text.into() };
    let program = Program::read(&mut sources, script, &mut |_, path| Err(format!("no {path}")));
    let program = program.unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let mut runner = Runner::new(&program, Settings::default());
    let mut answers = answers.iter();
    let (mut asked, mut failed) = (Vec::new(), Vec::new());
    while let Some(output) = runner.poll_output() {
        match output {
            Output::Ask(Request::Reset) => runner.handle_answer(Answer::AnswerToReset(vec![0x3B, 0x00])),
            Output::Ask(Request::Exchange(command)) => {
                // TERMINAL PROFILE is long, and of no interest here.
                asked.push(spaced(command.get(..24).unwrap_or(&command)));
                let answer =
                    answers.next().map_or_else(|| vec![0x90, 0x00], |answer| hex::decode(answer).unwrap());
                runner.handle_answer(Answer::Response(answer));
            }
            Output::Ask(Request::Wait(time)) => {
                asked.push(format!("wait {time}"));
                runner.handle_answer(Answer::Done);
            }
            Output::Ask(request) => panic!("{request:?}"),
            Output::Tell(Event::Failed(failure)) => failed.push(match failure.what {
                Wrong::Proactive { expected, got, .. } => format!("{expected} / {got}"),
                Wrong::Stopped(why) => why,
                what => format!("{what:?}"),
            }),
            Output::Tell(_) => {}
        }
    }
    (asked, failed)
}

#[test]
fn what_a_card_does_not_take_of_a_verb_fails() {
    let unknown = "6D00 instruction code not supported or invalid";
    for (text, answers, failed) in [
        ("init FF", &["6D00"][..], format!("taking TERMINAL PROFILE / {unknown}")),
        ("init FF", &["6E00", "6D00"], format!("taking TERMINAL PROFILE / {unknown}")),
        ("init FF", &["910B", "6D00"], format!("taking FETCH / {unknown}")),
        ("init FF", &["910B", "D009810301210082028102 9000", "6F00"], "taking TERMINAL RESPONSE".into()),
        ("send-sms \"x\"", &["6D00"], format!("taking ENVELOPE / {unknown}")),
        ("send-sms \"x\"", &["9300"], "taking ENVELOPE / 9300".into()),
    ] {
        let answers: Vec<String> = answers.iter().map(|answer| answer.replace(' ', "")).collect();
        let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
        let (_, got) = against(text, &answers);
        assert!(got.len() == 1 && got[0].starts_with(&failed), "{text}: {got:?}");
    }
    for answer in ["90", ""] {
        for text in ["init FF", "send-sms \"x\""] {
            assert_eq!(against(text, &[answer]).1, ["there is no status word"]);
        }
    }
}

#[test]
fn what_a_card_does_not_take_can_be_what_is_expected() {
    asked("init FF (6D00)", &["6D00"]);
    asked("send-sms \"x\" (9300)", &["9300"]);
    // What the card's application thinks of a message is no refusal.
    for answer in ["6200", "9E02", "9F02", "9110"] {
        asked("send-sms \"x\"", &[answer]);
    }
}

#[test]
fn a_part_of_a_message_that_is_refused_is_the_last() {
    let (asked, failed) = against(&format!("send-sms \"{}\"", "x".repeat(300)), &["6F00"]);
    assert_eq!((asked.len(), failed.len()), (1, 1), "{failed:?}");
}

/// What becomes of a script with a phone that says this to the card, and hears that, each time it is to do so much; then nothing.
fn with_phone(text: &str, times: usize, exchanges: &[(&str, &str)]) -> (usize, Vec<String>) {
    let program = Program::read(
        &mut Sources::default(),
        Source { name: "test.apdu".into(), text: text.into() },
        &mut |_, path| Err(format!("no {path}")),
    );
    let program = program.unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let mut runner = Runner::new(&program, Settings { phone: true, ..Settings::default() });
    let (mut passed, mut failed, mut asked) = (0, Vec::new(), 0);
    let octets = |text: &str| hex::decode(text.replace(' ', "")).unwrap();
    while let Some(output) = runner.poll_output() {
        match output {
            Output::Ask(_) => {
                asked += 1;
                let said = exchanges.iter().filter(|_| asked <= times);
                let said = said.map(|(command, response)| (octets(command), octets(response)));
                runner.handle_answer(Answer::Asked(said.collect()));
            }
            Output::Tell(Event::Passed(_)) => passed += 1,
            Output::Tell(Event::Failed(failure)) => failed.push(match failure.what {
                Wrong::Status { got, .. } => format!("{:04X}", got.0),
                Wrong::Stopped(why) => why,
                what => format!("{what:?}"),
            }),
            Output::Tell(_) => {}
        }
    }
    (passed, failed)
}

#[test]
fn the_status_word_of_what_a_phone_does_is_that_of_its_command() {
    let exchanges = [
        ("80100000 01FF", "910D"),
        ("801200000D", "D00B810301010082028182 9000"),
        ("80140000 00", "9E01"),
        ("80C20000 00", "6200"),
        ("00C0000001", "AA9000"),
        ("80F2000C", "9000"),
    ];
    let exchanges =
        exchanges.map(|(command, response)| (command.replace(' ', ""), response.replace(' ', "")));
    let exchanges: Vec<_> =
        exchanges.iter().map(|(command, response)| (&command[..], &response[..])).collect();
    // The rest of what a phone does is not the verb's.
    assert_eq!(with_phone("init (9E01)", 1, &exchanges), (1, vec![]));
    assert_eq!(with_phone("init (9000)", 1, &exchanges), (0, vec!["9E01".to_owned()]));
    // A message's response may have been asked for.
    assert_eq!(with_phone("init\nsend-sms \"x\" [AA] (9000)", 2, &exchanges), (2, vec![]));
    assert_eq!(with_phone("init\nanswer ok (9E01)", 2, &exchanges), (1, vec![]));
}

#[test]
fn a_status_word_that_nothing_of_the_phone_has_ends_the_script() {
    let why = "the phone has sent the card nothing of which this could be expected";
    assert_eq!(with_phone("init (9000)", 0, &[]), (0, vec![why.to_owned()]));
}

#[test]
fn what_the_phone_has_answered_by_itself_has_the_status_word_of_that_answer() {
    // SEND USSD *100#, in the default alphabet, packed.
    let ussd = "D0118103011200820281838A060FAA180C3602";
    let exchanges = [("8012000013", &*format!("{ussd}9000")), ("8014000000", "9101"), ("80F2000C", "9000")];
    assert_eq!(
        with_phone("init (9101)\nexpect send-ussd \"*100#\"\nanswer ok (9101)", 1, &exchanges),
        (3, vec![])
    );
}

/// DISPLAY TEXT "x", which the user clears.
const DISPLAY: (&str, &str) = ("801200000F", "D00D8103012180820281028D0204789000");

#[test]
fn an_answer_to_nothing_fails_with_a_phone_too() {
    let nothing = "a proactive command to answer";
    for text in ["answer \"x\"", "answer yes", "answer ok", "answer result 00"] {
        let (_, failed) = with_phone(&format!("init\n{text}"), 1, &[("8010000001FF", "9000")]);
        assert!(failed.len() == 1 && failed[0].contains(nothing), "{text}: {failed:?}");
    }
}

#[test]
fn an_answer_that_the_phone_does_not_take_fails() {
    let exchanges = [("8010000001FF", "910F"), DISPLAY];
    let (passed, failed) = with_phone("init\nexpect display-text \"x\"\nanswer yes", 1, &exchanges);
    assert!(failed.len() == 1 && failed[0].contains("a command that can be answered so"), "{failed:?}");
    assert_eq!(passed, 1);
}

#[test]
fn what_a_phone_has_answered_by_itself_is_not_answered_otherwise() {
    let exchanges = [("8010000001FF", "910F"), DISPLAY, ("8014000000", "9000")];
    let why = "the phone has answered it by itself";
    let run = |answer: &str| with_phone(&format!("init\nexpect display-text\n{answer}"), 1, &exchanges);
    assert_eq!(run("answer ok"), (1, vec![]));
    assert_eq!(run("answer \"x\""), (1, vec![why.to_owned()]));
}

#[test]
fn a_phone_that_does_not_tell_the_card_what_a_verb_says_fails() {
    let (_, failed) = with_phone("init", 1, &[("00A40004023F00", "9000")]);
    assert_eq!(failed, ["the phone has not told the card what it can do"]);
    for (message, failed) in [("\"x\"", 1), ("data 00", 1), ("tpdu 00", 0)] {
        let (_, got) = with_phone(&format!("init FF\nsend-sms {message}"), 1, &[("8010000001FF", "9000")]);
        assert_eq!(got, vec!["the phone has not given the card the message"; failed], "{message}");
    }
    let menu = "D0108103012500820281828501788F020178";
    let menu = format!("{menu}9000");
    let exchanges = [("8010000001FF", "9112"), ("8012000012", &*menu), ("8014000000", "9000")];
    let (_, failed) = with_phone("init\nselect-menu 1", 1, &exchanges);
    assert_eq!(failed, ["the phone has not told the card of the choice"]);
}

#[test]
fn time_that_passes_brings_timers_and_polls() {
    // TIMER MANAGEMENT starts timer 1 for 25 s, POLL INTERVAL asks for 10 s.
    let timer = "D011810301270082028182A40101A503000052";
    let poll = "D00D8103010300820281828402010A";
    let answers = ["9113", &format!("{timer}9000"), "910F", &format!("{poll}9000")];
    let asked = asked("init FF\nwait 30s\n", &answers);
    assert_eq!(
        asked,
        [
            "80 10 00 00 01 FF",
            "80 12 00 00 13",
            "80 14 00 00 0F 81 03 01 27 00 82 02 82 81 83 01 00 A4 01 01",
            "80 12 00 00 0F",
            "80 14 00 00 10 81 03 01 03 00 82 02 82 81 83 01 00 84 02 01 0A",
            "wait 10.0s",
            "80 F2 00 0C",
            "wait 10.0s",
            "80 F2 00 0C",
            "wait 5.0s",
            "80 C2 00 00 0E D7 0C 82 02 82 81 A4 01 01 A5 03 00 00 52",
            "wait 5.0s",
            "80 F2 00 0C",
        ]
    );
}

#[test]
fn a_card_that_knows_only_the_class_of_gsm_is_started_in_it() {
    let mut image = Profile::default().image();
    image.platform = oxisim_card::image::Platform::Sim;
    let mut card = Card::from_image(&image).unwrap().with_applet(Hello);
    let text = "init\nselect-menu \"Hello\"\nexpect get-input\nanswer \"Ada\"\nexpect display-text\nexpect nothing\n";
    let run = run_on(&mut card, text, Settings::default());
    assert!(run.failed.is_empty() && run.passed == 3, "{run:#?}");
    assert!(run.commands[1..].iter().all(|command| command.starts_with("A0")), "{run:#?}");
}

#[test]
fn a_message_comes_in_as_many_envelopes_as_it_takes() {
    let mut card = Card::new(&Profile::default()).with_applet(oxisim_applets::Echo::default());
    let long = "0123456789".repeat(20);
    let text =
        format!("init\nsend-sms \"{long}\" from \"+15550100003\" (9XXX)\nexpect sms to \"+15550100003\"\n");
    let run = run_on(&mut card, &text, Settings::default());
    assert!(run.failed.is_empty() && run.passed == 2, "{run:#?}");
    assert_eq!(run.commands.iter().filter(|command| command.starts_with("80 C2")).count(), 2);
}

#[test]
fn a_proactive_command_is_legal_if_it_keeps_the_rules_and_if_there_is_none() {
    let greets = "init\nselect-menu \"Hello\"\nexpect get-input\nlegal\n";
    passes(&format!("legal\n{greets}answer end\nlegal\n"), 4);
    // GET INPUT of nine characters at least, and three at most.
    let failed = run("legal D0 11 81 03 01 23 01 82 02 81 82 8D 02 04 3F 91 02 09 03\n").failed;
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(
        failed[0].contains("the shortest input is no longer than the longest (TS 102 223 §8.11)"),
        "{failed:?}"
    );
}

#[test]
fn what_the_terminal_has_not_announced_is_not_legal() {
    // DISPLAY TEXT alone is announced.
    let text = "80 10 00 00 03 00 00 01\nlegal D0 0F 81 03 01 21 80 82 02 81 02 8D 04 04 41 42 43\n\
                legal D0 11 81 03 01 23 01 82 02 81 82 8D 02 04 3F 91 02 01 03\n";
    let run = run(text);
    assert_eq!((run.passed, run.failed.len()), (1, 1), "{run:?}");
    assert!(run.failed[0].contains("§5.2"), "{run:?}");
}
