//! What is true of any text and of any octets.

use oxisim_script::{
    Answer, Element, Event, Output, Pair, Pattern, Program, Request, Runner, Settings, Source, Sources, Wrong,
};
use proptest::prelude::*;

fn read(text: &str) -> Option<Program> {
    let mut sources = Sources::default();
    let script = Source { name: "any".into(), text: text.into() };
    match Program::read(&mut sources, script, &mut |_, path| Err(format!("no {path}"))) {
        Ok(program) => Some(program),
        Err(mistakes) => {
            for mistake in mistakes {
                // What is pointed at is in the text.
                let range = mistake.span.range();
                assert!(range.end <= text.len() && text.get(range).is_some(), "{mistake:?} of {text:?}");
            }
            None
        }
    }
}

/// Elements that are often alike, so that patterns are ambiguous.
fn element() -> impl Strategy<Value = Element> {
    prop_oneof![
        4 => (0u8..3).prop_map(Element::octet),
        1 => Just(Element::Octet { value: 0, mask: 0xF0 }),
        2 => Just(Element::Any),
        1 => proptest::option::of(0usize..3).prop_map(|length| Element::Capture { name: "n".into(), length }),
    ]
}

/// The same question, answered by trying everything.
fn fits(elements: &[Element], octets: &[u8]) -> bool {
    match elements {
        [] => octets.is_empty(),
        [Element::Any | Element::Capture { length: None, .. }, rest @ ..] => {
            (0..=octets.len()).any(|taken| fits(rest, &octets[taken..]))
        }
        [Element::Capture { length: Some(length), .. }, rest @ ..] => {
            octets.get(*length..).is_some_and(|octets| fits(rest, octets))
        }
        [Element::Octet { value, mask }, rest @ ..] => match octets {
            [octet, octets @ ..] => octet & mask == value & mask && fits(rest, octets),
            [] => false,
        },
    }
}

/// Lines that a script may have, and some that it may not.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9A-Fx #()\\[\\]<>$.,\"\\\\a-z]{0,24}",
        Just("00 A4 00 0C #(2F E2) (9000, 61XX)".into()),
        Just("00 B0 00 00 02 [<a:1> ..] (<sw>)".into()),
        Just("00 B0 00 00 02 [$a ..]".into()),
        Just("repeat 2 as n".into()),
        Just("if (90XX)".into()),
        Just("else".into()),
        Just("end".into()),
        Just("proc p a".into()),
        Just("call p 01".into()),
        Just("init".into()),
        Just("expect display-text \"x\"".into()),
        Just("select-menu 1".into()),
        Just("answer ok".into()),
        Just("send-sms \"x\"".into()),
        Just("wait 1s".into()),
        Just("channel open".into()),
        Just("SWI".into()),
        Just("(91 XX): CMD A0 12 00 00 10".into()),
        Just("Warm Reset".into()),
        Just("exit".into()),
        Just("if 90".into()),
        Just("proc p a a".into()),
        Just("CMD A0 A4 00 00 [XX] (90 00)".into()),
        Just("powerup;".into()),
    ]
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in "\\PC{0,80}") {
        read(&text);
    }

    #[test]
    fn no_lines_make_reading_panic(lines in proptest::collection::vec(line(), 0..12), end in "(\n|\r\n|)") {
        read(&(lines.join("\n") + &end));
    }

    /// Of any words of Annex B, switches in switches among them.
    #[test]
    fn no_switches_make_reading_panic(
        words in proptest::collection::vec(
            proptest::sample::select(&["SWI", "(91 XX)", ":", "CMD A0 12 00 00 10", "END", "\n", "RST\n", "REM x\n"][..]),
            0..60,
        ),
    ) {
        read(&format!("RST\n{}", words.join(" ")));
    }

    #[test]
    fn a_pattern_fits_what_trying_everything_finds_it_to_fit(
        elements in proptest::collection::vec(element(), 0..8),
        octets in proptest::collection::vec(0u8..3, 0..10),
    ) {
        let pattern = Pattern(elements);
        prop_assert_eq!(pattern.matches(&octets).is_some(), fits(&pattern.0, &octets), "{} {:?}", pattern, octets);
    }

    #[test]
    fn a_pattern_that_fits_has_no_marks(
        elements in proptest::collection::vec(element(), 0..8),
        octets in proptest::collection::vec(0u8..3, 0..10),
    ) {
        let pattern = Pattern(elements);
        let beside = pattern.beside(&octets);
        prop_assert_eq!(beside.iter().filter_map(|pair| pair.got).collect::<Vec<_>>(), octets.clone());
        // Where several things may be anything, what stands between them has no place of its own.
        let open = pattern.0.iter().filter(|element| matches!(element, Element::Any | Element::Capture { length: None, .. }));
        if pattern.matches(&octets).is_some() {
            prop_assert!(beside.iter().all(Pair::is_same), "{} {:?}", pattern, beside);
        } else if open.count() < 2 {
            prop_assert!(beside.iter().any(|pair| !pair.is_same()), "{} {:?}", pattern, beside);
        }
    }

    #[test]
    fn a_pattern_is_read_as_it_is_written(elements in proptest::collection::vec(element(), 0..8)) {
        // A capture of none is written as one of no octets.
        let pattern = Pattern(elements);
        let program = read(&format!("00 B0 00 00 [{pattern}]")).expect("a pattern is one");
        let expected = program.statements[0].expected.data.as_ref().expect("data");
        let mut runner = Runner::new(&program, Settings::default());
        prop_assert!(!expected.parts.is_empty() || pattern.0.is_empty());
        // The runner's failure has the pattern as it was read.
        let octets = [0x77; 3];
        while let Some(output) = runner.poll_output() {
            match output {
                Output::Ask(Request::Reset) => runner.handle_answer(Answer::AnswerToReset(vec![0x3B, 0x00])),
                Output::Ask(_) => runner.handle_answer(Answer::Response([&octets[..], &[0x90, 0x00]].concat())),
                Output::Tell(Event::Failed(failure)) => {
                    let Wrong::Data { expected, .. } = failure.what else { panic!("{failure:?}") };
                    prop_assert_eq!(&expected, &pattern);
                }
                Output::Tell(_) => {}
            }
        }
    }

    /// Whatever a card says to it, a script comes to its end.
    #[test]
    fn no_answers_make_a_script_panic_or_go_on_for_ever(
        lines in proptest::collection::vec(line(), 1..10),
        answers in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..12), 1..8),
    ) {
        let text: Vec<String> = lines.into_iter().filter(|line| read(line).is_some()).collect();
        let Some(program) = read(&text.join("\n")) else { return Ok(()) };
        let mut runner = Runner::new(&program, Settings::default());
        let mut answers = answers.iter().cycle();
        let mut asked = 0;
        while let Some(output) = runner.poll_output() {
            let Output::Ask(request) = output else { continue };
            asked += 1;
            prop_assert!(asked < 200_000);
            let mut answer = answers.next().cloned().unwrap_or_default();
            runner.handle_answer(match request {
                Request::Exchange(_) => {
                    // Often a proactive command waits.
                    if answer.len() > 6 {
                        answer.extend([0x91, 0x10]);
                    }
                    Answer::Response(answer)
                }
                Request::Reset => Answer::AnswerToReset(answer),
                _ => Answer::Done,
            });
        }
        prop_assert!(runner.is_done());
    }
}
