//! What a guarded script does not send, against answers that are written down.

use oxisim_script::{
    Answer, By, Event, Output, Program, Request, Runner, Settings, Source, Sources, Wrong, spaced,
};

const GUARDED: Settings = Settings { guarded: true, stops: false, phone: false };

/// What came of a script.
#[derive(Debug, Default)]
struct Run {
    sent: Vec<String>,
    /// Who wanted each command.
    by: Vec<By>,
    /// Why the script could not go on.
    stopped: Option<String>,
}

fn run(name: &str, text: &str, answers: &[&str]) -> Run {
    let mut sources = Sources::default();
    let script = Source { name: name.into(), text: text.into() };
    let program = Program::read(&mut sources, script, &mut |_, path| Err(format!("no {path}")));
    let program = program.unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let mut runner = Runner::new(&program, GUARDED);
    let mut answers = answers.iter();
    let mut run = Run::default();
    while let Some(output) = runner.poll_output() {
        match output {
            Output::Ask(Request::Exchange(command)) => {
                run.sent.push(spaced(&command));
                let answer = answers.next().map_or("9000", |answer| answer);
                runner.handle_answer(Answer::Response(hex::decode(answer).unwrap()));
            }
            Output::Ask(_) => runner.handle_answer(Answer::AnswerToReset(vec![0x3B, 0x00])),
            Output::Tell(Event::Exchanged { by, .. }) => run.by.push(by),
            Output::Tell(Event::Failed(failure)) => match failure.what {
                Wrong::Stopped(why) => run.stopped = Some(why),
                other => panic!("{other:?}"),
            },
            Output::Tell(_) => {}
        }
    }
    run
}

#[test]
fn what_locks_or_destroys_is_not_sent_even_if_it_is_no_command() {
    for (name, text, why) in [
        ("a.apdu", "00 FE 00 00 00 7F", "TERMINATE CARD USAGE"),
        ("a.apdu", "00 E4 00 00 02 6F 07 AA BB", "DELETE FILE"),
        ("a.apdu", "80 D8 00 81 30 00", "PUT KEY"),
        ("a.apdu", "00 20 00 0A 08 \"11111111\" 00 00", "VERIFY"),
        ("a.apdu", "00 2C 00 01 10 \"1111111111111111\" 00 00", "UNBLOCK PIN"),
        ("a.apdu", "A0 20 00 01 08 39393939FFFFFFFF 00 00", "VERIFY"),
        ("a.apdu", "00 82 00 00 09 00", "EXTERNAL AUTHENTICATE"),
        ("a.apdu", "00 A4 00 00 05 3F 00", "it is no command APDU"),
        ("a.apdu", "00 21 00 0A 08 \"11111111\"", "VERIFY"),
        ("a.apdu", "A0 04 00 00 00", "INVALIDATE"),
        ("a.apdu", "10 20 00 01 04 \"1234\"", "brings a PIN in parts"),
        ("a.scr", "powerup; extended on; 0x00 0xFE 0x00 0x00 0x00 0x7F;", "TERMINATE CARD USAGE"),
    ] {
        let run = run(name, text, &[]);
        let stopped = run.stopped.unwrap_or_default();
        assert!(run.sent.is_empty() && stopped.starts_with("not sent: "), "{text}: {:?}", run.sent);
        assert!(stopped.contains(why), "{text}: {stopped}");
    }
}

#[test]
fn the_question_before_a_pin_is_told_and_what_the_card_wants_is_known() {
    let text = "00 20 00 01 08 \"1234\" FFFFFFFF (9000)\ninit 00\n";
    let run = run("a.apdu", text, &["63C3", "9000", "9000"]);
    assert_eq!(run.sent, ["00 20 00 01", "00 20 00 01 08 31 32 33 34 FF FF FF FF", "80 10 00 00 01 00"]);
    assert_eq!(run.by, [By::Verb, By::Expecting, By::Verb]);
}

#[test]
fn a_command_of_the_card_that_the_question_brings_is_fetched() {
    // The question is answered with 9110: something waits, which nothing after it says again.
    let text = "00 20 00 01 08 \"1234\" FFFFFFFF\nexpect more-time\n";
    let more_time = "D009810301020082028182";
    let run = run("a.apdu", text, &["910B", "6300", &format!("{more_time}9000")]);
    assert_eq!(run.sent[2], "80 12 00 00 0B", "{run:?}");
    assert_eq!(run.stopped, None);
}

#[test]
fn a_pin_is_not_tried_if_a_wrong_one_would_leave_no_attempt() {
    for (text, answer) in [
        ("00 20 00 01 08 \"1234\" FFFFFFFF", "63C1"),
        ("00 20 00 01 08 \"1234\" FFFFFFFF", "6D00"),
        ("00 28 00 01 08 \"1234\" FFFFFFFF", "9000"),
    ] {
        let run = run("a.apdu", text, &[answer]);
        assert_eq!(run.sent, ["00 20 00 01"], "{text}");
        assert!(run.stopped.unwrap_or_default().contains("a wrong one would leave no other attempt"));
    }
}
