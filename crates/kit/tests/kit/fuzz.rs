//! A planted error of each kind is found, shrinks, and is written as a script that says the same again.

use oxisim_applets::{Balance, Echo, Hello};
use oxisim_card::{
    Aid, Applet, AppletError, Card, Env, Event, InstallParameters, Profile, Status, SystemError,
};
use oxisim_kit::fuzz::{Finding, Fuzz, Move, Oracle, Sent, Subject, Virtual};
use oxisim_toolkit::command::{DisplayText, GetInput};

use crate::prober::Prober;

/// What is wrong with the applet.
#[derive(Clone, Copy, Debug)]
enum Error {
    Panics,
    BadInput,
    NeverEnds,
    TooMuch,
    OutsideOfArray,
    TwoWrites,
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
        if counts[0] == counts[1] { Ok(()) } else { Err(SystemError::IllegalValue.into()) }
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
    assert_eq!(Fuzz::new(sound).replay(&finding.script), Ok(None), "a sound card does nothing wrong there");
}

#[test]
fn a_panic_is_found() {
    finds(Error::Panics, Oracle::Panic, 2);
}

#[test]
fn an_illegal_command_is_found() {
    finds(Error::BadInput, Oracle::IllegalCommand, 2);
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
    let fuzz = || Fuzz::new(Planted::card(Error::TwoWrites)).invariant("the counts are equal", equal);
    let finding = find(&mut fuzz(), 50_000).expect("it is found");
    let again = fuzz().replay(&finding.script).expect("it can be read");
    assert!(matches!(finding.oracle, Oracle::Invariant | Oracle::TearDamage), "{finding}");
    assert!(again.is_some(), "{finding}");
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
    assert!(finding.script.ends_with("(9000)\n"), "{finding}");
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
