//! A planted error of each kind is found, shrinks, and is written as a script that says the same again.

use oxisim_applets::{Balance, Echo, Hello};
use oxisim_card::{
    Aid, Applet, AppletError, Card, Env, Event, InstallParameters, Profile, Status, SystemError,
};
use oxisim_kit::{
    START,
    fuzz::{Finding, Fuzz, Move, Oracle, Sent, Subject, Virtual},
};
use oxisim_script::{self as script, Answer, Output, Program, Request, Runner, Settings, Source, Sources};
use oxisim_toolkit::command::{DisplayText, GetInput, SelectItem};

use crate::prober::Prober;

/// What is wrong with the applet.
#[derive(Clone, Copy, Debug)]
enum Error {
    Panics,
    BadInput,
    Unreadable,
    NeverEnds,
    TooMuch,
    OutsideOfArray,
    TwoWrites,
    OneWrite,
}

/// Its second entry makes the mistake, when the user has answered what it asks.
#[derive(Clone)]
struct Planted {
    error: Error,
    asked: bool,
    taken: Vec<u8>,
}

impl Planted {
    fn card(error: Error) -> Card {
        Card::new(&Profile::default()).with_applet(Self { error, asked: false, taken: Vec::new() })
    }

    fn err(&mut self, env: &mut Env<'_>) -> Result<(), AppletError> {
        match self.error {
            Error::Panics => panic!("a planted error"),
            Error::BadInput => env.send(GetInput::CHARACTERS, GetInput::new("How?", 9, 3)),
            // SELECT ITEM of nothing.
            Error::Unreadable => env.send(0, SelectItem::of("Which?", &[])),
            Error::NeverEnds => {
                self.asked = true;
                env.send(0, DisplayText::new("Again"))
            }
            Error::TooMuch => {
                self.taken = vec![0; 200];
                Ok(())
            }
            Error::OutsideOfArray => env.store_write(2, &[1]),
            // They belong together, and are no transaction.
            Error::TwoWrites => {
                let mut count = [0];
                env.store_read(0, &mut count)?;
                let count = [count[0].wrapping_add(1)];
                env.store_write(0, &count)?;
                env.store_write(1, &count)
            }
            // Nothing of the applet's own looks at it.
            Error::OneWrite => env.store_write(0, &[1]),
        }
    }
}

impl Applet for Planted {
    fn aid(&self) -> Aid {
        Aid::new(b"\xF0planted").unwrap()
    }

    fn parameters(&self) -> InstallParameters {
        InstallParameters { transient_quota: Some(100), ..InstallParameters::default() }
    }

    fn persistent_octets(&self) -> usize {
        2
    }

    fn transient_octets(&self) -> usize {
        self.taken.len()
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        env.registry().init_menu_entry("Harmless")?;
        env.registry().init_menu_entry("Harmful").map(drop)
    }

    fn start(&mut self, env: &mut Env<'_>) -> Result<(), AppletError> {
        let mut counts = [0; 2];
        env.store_read(0, &mut counts)?;
        if counts[0] == counts[1] || matches!(self.error, Error::OneWrite) {
            Ok(())
        } else {
            Err(SystemError::IllegalValue.into())
        }
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            Event::MenuSelection { item: 2 } => {
                self.asked = true;
                env.send(0, DisplayText::new("Careful"))
            }
            Event::MenuSelection { .. } => env.send(0, DisplayText::new("Hello")),
            Event::ProactiveResponse(_) if core::mem::take(&mut self.asked) => self.err(env),
            _ => Ok(()),
        }
    }
}

/// What is found within so many sequences.
fn find<S: Subject>(fuzz: &mut Fuzz<S>, most: u64) -> Option<Finding> {
    fuzz.run(7, &mut |done| done.sequences < most).expect("the card starts")
}

/// Whether `oxisim script` would come to the end of a script on this card, and everything would be as expected.
fn passes(mut card: Card, script: &str) -> bool {
    let source = Source { name: "found.apdu".into(), text: script.into() };
    let program = Program::read(&mut Sources::default(), source, &mut |_, path| Err(path.into()));
    let program = program.unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{script}"));
    let mut runner = Runner::new(&program, Settings::default());
    let mut is_sound = true;
    while let Some(output) = runner.poll_output() {
        let request = match output {
            Output::Ask(request) => request,
            Output::Tell(event) => {
                is_sound &= !matches!(event, script::Event::Failed(_));
                continue;
            }
        };
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| match request {
            Request::Reset => {
                card.memory_mut().tear_after(None);
                Answer::AnswerToReset(card.power_on(START))
            }
            Request::Exchange(command) => Answer::Response(card.exchange(START, &command).to_bytes()),
            Request::Tear(writes) => {
                card.memory_mut().tear_after(Some(writes));
                Answer::Done
            }
            other => Answer::Impossible(format!("{other:?}")),
        }));
        let Ok(answer) = answer else { return false };
        is_sound &= card.take_uncaught().is_none_or(|(_, error)| Oracle::of(&error).is_none());
        runner.handle_answer(answer);
    }
    is_sound
}

#[track_caller]
fn finds(error: Error, oracle: Oracle, most_moves: usize) {
    let mut fuzz = Fuzz::new(Planted::card(error));
    let finding = find(&mut fuzz, 50_000).unwrap_or_else(|| panic!("{error:?} is found"));
    assert_eq!(finding.oracle, oracle, "{finding}");
    assert!(finding.moves.len() <= most_moves, "{finding}");
    let again = Fuzz::new(Planted::card(error)).replay(&finding.script).expect("it can be read");
    let again = again.unwrap_or_else(|| panic!("the script leads to it again:\n{}", finding.script));
    assert!(again.contains(&finding.what), "{again}\n{finding}");
    let sound = Card::new(&Profile::default()).with_applet(Hello);
    assert_eq!(
        Fuzz::new(sound.clone()).replay(&finding.script),
        Ok(None),
        "a sound card does nothing wrong there"
    );
    assert!(!passes(Planted::card(error), &finding.script), "oxisim script sees it:\n{}", finding.script);
    assert!(passes(sound, &finding.script), "and only while it is there:\n{}", finding.script);
}

#[test]
fn a_panic_is_found() {
    finds(Error::Panics, Oracle::Panic, 2);
}

#[test]
fn a_command_that_can_be_read_and_breaks_a_rule_is_found() {
    finds(Error::BadInput, Oracle::IllegalCommand, 2);
}

#[test]
fn a_command_that_cannot_be_read_is_found() {
    finds(Error::Unreadable, Oracle::IllegalCommand, 2);
}

#[test]
fn a_session_that_never_ends_is_found() {
    finds(Error::NeverEnds, Oracle::StuckSession, 1);
}

#[test]
fn a_breach_of_a_quota_is_found() {
    finds(Error::TooMuch, Oracle::QuotaBreach, 2);
}

#[test]
fn an_error_that_is_not_caught_is_found() {
    finds(Error::OutsideOfArray, Oracle::UncaughtError, 2);
}

#[test]
fn what_a_tear_damages_is_found() {
    finds(Error::TwoWrites, Oracle::TearDamage, 3);
}

#[test]
fn an_invariant_of_the_author_is_looked_at_at_every_step() {
    let equal = |card: &Card| {
        let counts =
            card.memory().find("applet/F0706C616E746564/state").map(|state| card.memory().read(state));
        match counts {
            Some([first, second]) if first == second => Ok(()),
            other => Err(format!("{other:?}")),
        }
    };
    let fuzz = || Fuzz::new(Planted::card(Error::OneWrite)).invariant("the counts are equal", equal);
    let finding = find(&mut fuzz(), 50_000).expect("it is found");
    let again = fuzz().replay(&finding.script).expect("it can be read");
    assert_eq!(finding.oracle, Oracle::Invariant, "{finding}");
    assert!(again.is_some_and(|again| again.contains(&finding.what)), "{finding}");
    let note = "oxisim script does not know what the author has declared";
    assert!(
        finding.script.contains(note) && passes(Planted::card(Error::OneWrite), &finding.script),
        "{finding}"
    );
}

/// A card that does not bring what it announces.
struct Loses(Virtual);

impl Subject for Loses {
    fn reset(&mut self) -> Result<(), String> {
        self.0.reset()
    }

    fn exchange(&mut self, apdu: &[u8]) -> Sent {
        match self.0.exchange(apdu) {
            Sent::Answered(response) if response.data.ends_with(b"Careful") => {
                Sent::Answered(Status::CONDITIONS_NOT_SATISFIED.into())
            }
            other => other,
        }
    }
}

#[test]
fn a_command_that_is_announced_and_not_brought_is_found() {
    let card = Card::new(&Profile::default()).with_applet(Planted {
        error: Error::OutsideOfArray,
        asked: false,
        taken: Vec::new(),
    });
    let finding = find(&mut Fuzz::on(Loses(Virtual::new(card))), 2_000).expect("it is found");
    assert_eq!(finding.oracle, Oracle::MissingAnswer, "{finding}");
    assert_eq!(finding.moves.len(), 1, "{finding}");
    assert!(finding.script.ends_with("[D0 ..] (9000)\n"), "{finding}");
}

#[test]
fn sound_applets_pass() {
    for card in [
        Card::new(&Profile::default()).with_applet(Hello),
        Card::new(&Profile::default()).with_applet(Echo::default()),
        Card::new(&Profile::default()).with_applet(Balance::new("*100#")),
    ] {
        let mut fuzz = Fuzz::new(card);
        let found = find(&mut fuzz, 5_000);
        assert!(found.is_none(), "{}", found.unwrap());
        assert!(fuzz.done().coverage.states().count() > 2, "{:?}", fuzz.done());
    }
}

#[test]
fn the_prober_is_not_sound() {
    // Its counts are two writes that no transaction holds together; but nothing of its own looks at them.
    let found = find(&mut Fuzz::new(Card::new(&Profile::default()).with_applet(Prober::circling())), 20_000);
    assert_eq!(found.map(|finding| finding.oracle), Some(Oracle::StuckSession));
}

#[test]
fn the_same_seed_finds_the_same() {
    let run = || {
        let mut fuzz = Fuzz::new(Card::new(&Profile::default()).with_applet(Hello));
        assert_eq!(find(&mut fuzz, 500), None);
        (fuzz.done().commands, fuzz.done().coverage.transitions())
    };
    assert_eq!(run(), run());
}

#[test]
fn octets_of_a_fuzzer_are_moves() {
    let octets: Vec<u8> = (0..=u8::MAX).cycle().take(90).collect();
    let moves: Vec<_> = octets.chunks_exact(3).map(|of| Move::from_octets([of[0], of[1], of[2]])).collect();
    assert_eq!(moves.len(), 30);
    let mut fuzz = Fuzz::new(Card::new(&Profile::default()).with_applet(Hello));
    assert_eq!(fuzz.carry_out(&octets), Ok(None));
    assert!(fuzz.done().commands > 0);
}
