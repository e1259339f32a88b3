//! Any octets as a script, of the dialect that the first one says, and as what a card answers it: behind the first octet of
//! zero stand the answers. It is read or refused, places of mistakes are in the text, and what is read comes to its end.

use oxisim_script::{Answer, Event, Output, Program, Request, Runner, Settings, Source, Sources};

/// What a script may ask, beyond which it repeats what it repeats.
const MOST_ASKED: usize = 5_000;

pub fn run(octets: &[u8]) -> &'static str {
    let [how, octets @ ..] = octets else { return super::NOTHING };
    let (text, answers) =
        octets.split_at(octets.iter().position(|&octet| octet == 0).unwrap_or(octets.len()));
    // The first word tells the dialect, or else the name.
    let name = if how & 1 == 0 { "any.apdu" } else { "any.scr" };
    let mut sources = Sources::default();
    let script = Source { name: name.into(), text: String::from_utf8_lossy(text).into_owned() };
    let mut included = |_: &str, path: &str| Ok(Source { name: path.into(), text: "00 A4 00 0C\n".into() });
    let program = match Program::read(&mut sources, script, &mut included) {
        Ok(program) => program,
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            for mistake in mistakes {
                let source = sources.get(mistake.span.source).expect("a mistake is in a text");
                assert!(source.text.get(mistake.span.range()).is_some(), "{mistake:?}");
            }
            return "refused";
        }
    };
    let settings = Settings { guarded: how & 2 != 0, stops: how & 4 != 0, phone: how & 8 != 0 };
    let mut runner = Runner::new(&program, settings);
    let mut answers = answers.chunks(1 + usize::from(how >> 4)).cycle();
    let mut next = || answers.next().unwrap_or_default().to_vec();
    let mut asked = 0;
    while let Some(output) = runner.poll_output() {
        match output {
            Output::Ask(request) => {
                asked += 1;
                if asked > MOST_ASKED {
                    return "endless";
                }
                runner.handle_answer(match request {
                    Request::Exchange(_) => Answer::Response(next()),
                    Request::Reset => Answer::AnswerToReset(next()),
                    Request::Phone(_) => Answer::Asked(vec![(next(), next())]),
                    _ => Answer::Done,
                });
            }
            Output::Tell(Event::Failed(failure)) => {
                let source = sources.get(failure.span.source).expect("a failure is in a text");
                assert!(source.text.get(failure.span.range()).is_some(), "{failure:?}");
            }
            Output::Tell(_) => {}
        }
    }
    assert!(runner.is_done());
    if asked > 0 { "run" } else { super::NOTHING }
}
