//! Any sequence of what a terminal can do, against a small model of the session. It stays beside `session_model` for
//! octets that are only nearly right, profiles of less, and applets that never stop talking, whose commands no model
//! foretells.

use oxisim_card::{Event, ToolkitEvent};
use oxisim_toolkit::{CommandType, objects::CommandDetails, objects::EventCode};
use oxisim_wire::{Duration, Instant};
use proptest::{prelude::*, test_runner::FileFailurePersistence::WithSource};

use crate::{
    phone::{PROFILE, Phone, STATUS, event},
    recorder::{Recorder, show},
};

/// What a terminal does.
#[derive(Clone, Copy, Debug)]
enum Step {
    Profile(bool),
    Status,
    Fetch,
    FetchTooMuch,
    Respond(u8, u8),
    RespondToAnother,
    Event(u8),
    Select(u8),
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => any::<bool>().prop_map(Step::Profile),
        2 => Just(Step::Status),
        6 => Just(Step::Fetch),
        1 => Just(Step::FetchTooMuch),
        6 => (prop_oneof![Just(0x00), Just(0x10), Just(0x20), Just(0x21), Just(0x30)], 0..12_u8)
            .prop_map(|(general, additional)| Step::Respond(general, additional)),
        1 => Just(Step::RespondToAnother),
        2 => (0..9_u8).prop_map(Step::Event),
        2 => (0..3_u8).prop_map(Step::Select),
        1 => Just(Step::Reset),
    ]
}

/// An APDU of the toolkit, perhaps with one octet changed.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let apdu = prop_oneof![
        Just(PROFILE.to_owned()),
        Just(STATUS.to_owned()),
        Just("A0F2000016".to_owned()),
        Just("8012000000".to_owned()),
        Just("80140000 0C 8103012100 82028281 830100".to_owned()),
        Just("80140000 0D 8103010500 82028281 83022001".to_owned()),
        (0..9_u8).prop_map(event),
        (0..9_u8).prop_map(|item| format!("80C20000 09 D3078202018190 01{item:02X}")),
        (0..9_u8).prop_map(|timer| format!("80C20000 0E D70C82028281A401{timer:02X}A503000100")),
        Just("0070000001".to_owned()),
        Just("01A4000C023F00".to_owned()),
    ];
    let change = prop::option::weighted(0.5, (any::<prop::sample::Index>(), any::<u8>()));
    (apdu, any::<bool>(), change).prop_map(|(apdu, is_gsm, change)| {
        let mut octets = hex::decode(apdu.replace(' ', "")).unwrap();
        if is_gsm && octets[0] == 0x80 {
            octets[0] = 0xA0;
        }
        if let Some((at, octet)) = change {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        octets
    })
}

/// Talks at every occasion, and once more after each first answer.
fn talker(name: u8, priority: u8) -> Recorder {
    Recorder::new(
        name,
        |env| {
            let mut registry = env.registry();
            registry.init_menu_entry(*b"talk")?;
            registry.request_poll_interval(Some(Duration::from_secs(30)))?;
            registry.set_event(ToolkitEvent::ProfileDownload)?;
            registry.set_event(ToolkitEvent::EventDownload(EventCode::USER_ACTIVITY))
        },
        |event, env| match event {
            Event::ProactiveResponse(response) if response.details.qualifier == 0 => {
                env.send(1, oxisim_toolkit::command::MoreTime {})
            }
            Event::ProactiveResponse(_) | Event::ProactiveFailed(_) => Ok(()),
            _ => show(env, "talk"),
        },
    )
    .with_priority(priority)
}

/// The session as a terminal sees it.
#[derive(Default)]
struct Model {
    has_profile: bool,
    /// Length of the command that it has been told of.
    offered: Option<usize>,
    /// Details of the command that it has fetched.
    fetched: Option<CommandDetails>,
}

impl Model {
    fn take(&mut self, phone: &mut Phone, step: Step) {
        match step {
            Step::Reset => {
                phone.card.power_on(Instant::EPOCH);
                *self = Self::default();
            }
            Step::Profile(is_full) => {
                self.has_profile = true;
                let status = phone.send(if is_full { PROFILE } else { "80100000 03 000001" });
                self.ends(&status);
            }
            Step::Status => {
                let status = phone.send(STATUS);
                self.ends(&status);
            }
            Step::Event(code) => {
                let status = phone.send(&event(code));
                self.ends(&status);
            }
            Step::Select(item) => {
                let status = phone.send(&format!("80C20000 09 D307820201819001{item:02X}"));
                if self.offered.is_some() || self.fetched.is_some() {
                    assert_eq!(status, "9300", "one session at a time");
                } else if item == 0 {
                    assert_eq!(status, "6A88");
                } else {
                    self.ends(&status);
                }
            }
            Step::Fetch => match self.offered.take() {
                Some(length) => {
                    let command = phone.fetch(&format!("91{:02X}", length & 0xFF));
                    self.fetched = Some(command.details);
                }
                None => assert_eq!(phone.send("8012000010"), "6985"),
            },
            Step::FetchTooMuch => {
                if let Some(length) = self.offered.filter(|&length| length < 0xFF) {
                    let answer = phone.send(&format!("80120000{:02X}", length + 1));
                    assert_eq!(answer, format!("6C{length:02X}"));
                }
            }
            Step::Respond(general, additional) => match self.fetched.take() {
                Some(details) => {
                    let status = phone.respond(&details, general, &[additional]);
                    self.ends(&status);
                }
                None => assert_eq!(phone.respond(&other(), general, &[additional]), "6985"),
            },
            Step::RespondToAnother => {
                let status = phone.respond(&other(), 0, &[]);
                assert_eq!(status, if self.fetched.is_some() { "6A80" } else { "6985" });
            }
        }
    }

    /// What a command that ended normally says of the session.
    fn ends(&mut self, status: &str) {
        let word = &status[status.len() - 4..];
        let told = word.strip_prefix("91").map(|length| usize::from_str_radix(length, 16).unwrap());
        if told.is_none() {
            assert_eq!(word, "9000");
        }
        if told.is_some() {
            assert!(self.has_profile, "nothing before the profile");
            assert!(self.fetched.is_none(), "one command at a time");
        }
        self.offered = told;
    }
}

/// Details of no command that the card sends.
fn other() -> CommandDetails {
    CommandDetails { number: 7, kind: CommandType::MORE_TIME, qualifier: 7 }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: Some(Box::new(WithSource("proptest-regressions"))),
        ..ProptestConfig::default()
    })]

    /// Octets that are nearly what a terminal sends: what the card tells is still what it gives.
    #[test]
    fn the_length_that_is_told_is_the_length_that_is_fetched(
        apdus in prop::collection::vec(nearly(), 0..60),
    ) {
        let mut phone = Phone::with([talker(b'A', 1), talker(b'B', 2)]);
        let mut has_profile = false;
        for apdu in apdus {
            has_profile |= matches!(apdu[..], [0x80 | 0xA0, 0x10, 0, 0, _, _, ..]);
            let mut answer = phone.send(&hex::encode(&apdu));
            while let Some(length) = answer.rfind("91").filter(|&at| at + 4 == answer.len()) {
                prop_assert!(has_profile);
                let length = answer[length + 2..].to_owned();
                answer = phone.send(&format!("80120000{length}"));
                prop_assert_eq!(answer.len() / 2, usize::from_str_radix(&length, 16).unwrap() + 2);
                // Some are not answered.
                if apdu.len() % 2 == 0 {
                    break;
                }
                let response = format!("80140000 0C 8103{} 82028281 830100", &answer[8..14]);
                answer = phone.send(&response);
            }
        }
    }

    #[test]
    fn the_session_is_never_stuck(steps in prop::collection::vec(step(), 0..60)) {
        let mut phone = Phone::with([talker(b'A', 1), talker(b'B', 2)]);
        let mut model = Model::default();
        for step in steps {
            model.take(&mut phone, step);
        }
        let mut answered = 0;
        while model.offered.is_some() || model.fetched.is_some() {
            if model.fetched.is_none() {
                model.take(&mut phone, Step::Fetch);
            }
            model.take(&mut phone, Step::Respond(0, 0));
            answered += 1;
            prop_assert!(answered < 200, "the card never ends");
        }
        prop_assert_eq!(phone.send("00A4000C023F00"), "9000");
    }
}
