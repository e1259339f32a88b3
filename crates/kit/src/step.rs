//! Any order of steps, for properties.

use std::fmt;

use oxisim_sms::packet::{CommandPacket, Counter, Tar};
use oxisim_terminal::{CallId, Environment, NetworkEvent, Screen, User};
use oxisim_wire::Duration;
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{Bench, Handset, Radio};

/// Who sends the messages of [`Step::Sms`].
const SOMEBODY: &str = "+15550100002";

/// The languages of [`Step::Language`].
const LANGUAGES: &[&str] = &["en", "de", "tr"];

/// A step: something that happens to the card, by the phone. It prints in a line.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// The user chooses the entry at this place of the card's menu; the places go round.
    Menu(u8),
    /// The user answers whatever the phone asks.
    Answer(Reply),
    /// So many seconds pass.
    Wait(u16),
    /// A message for the card, from somebody.
    Sms(String),
    /// The phone is in the cell of this number.
    Move(u8),
    /// The phone has no service.
    NoService,
    /// A command packet comes, for an applet that has a TAR; the places of those go round.
    Packet {
        /// The place of the applet.
        place: u8,
        /// What is in the packet.
        data: Vec<u8>,
    },
    /// The user changes the phone's language: two letters of ISO 639-1.
    Language(&'static str),
    /// Somebody calls, and hangs up.
    Call,
    /// What becomes of messages from now on.
    Radio(Radio),
    /// The phone is switched off and on.
    Reset,
    /// Power fails in the middle of the write that comes after so many.
    Tear(u8),
    /// The card is put into another phone.
    PutInto(Handset),
}

/// What the user does with a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Clears the text.
    Clear,
    /// Chooses the item at this place of a list; the places go round.
    Item(u8),
    /// Enters a text, or presses the first key of it.
    Text(String),
    /// Says yes.
    Yes,
    /// Says no.
    No,
    /// Goes back.
    Back,
    /// Ends what the card does.
    End,
    /// Says nothing for as long as the phone waits.
    Nothing,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Menu(place) => write!(f, "Menu({place})"),
            Self::Answer(reply) => write!(f, "Answer({reply:?})"),
            Self::Wait(seconds) => write!(f, "Wait({seconds})"),
            Self::Sms(text) => write!(f, "Sms({text:?})"),
            Self::Move(cell) => write!(f, "Move({cell})"),
            Self::NoService => f.write_str("NoService"),
            Self::Packet { place, data } => write!(f, "Packet {{ place: {place}, data: {data:?} }}"),
            Self::Language(language) => write!(f, "Language({language:?})"),
            Self::Call => f.write_str("Call"),
            Self::Radio(radio) => write!(f, "Radio({radio:?})"),
            Self::Reset => f.write_str("Reset"),
            Self::Tear(writes) => write!(f, "Tear({writes})"),
            Self::PutInto(handset) => write!(f, "PutInto({handset:?})"),
        }
    }
}

/// At most `most` steps, any in any order. A failure shrinks to the fewest and simplest steps that still fail.
///
/// ```
/// use oxisim_applets::Hello;
/// use oxisim_kit::{Bench, steps};
/// use proptest::prelude::*;
///
/// proptest!(ProptestConfig::with_cases(16), |(steps in steps(20))| {
///     let mut bench = Bench::new(Hello);
///     for step in &steps {
///         bench.take(step);
///         prop_assert!(bench.sent().is_empty(), "{}", bench.transcript());
///     }
/// });
/// ```
pub fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 0..=most)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_u8..16).prop_map(Step::Menu),
        8 => reply().prop_map(Step::Answer),
        4 => prop_oneof![1_u16..=90, Just(3_600)].prop_map(Step::Wait),
        3 => text().prop_map(Step::Sms),
        2 => (0_u8..4, vec(any::<u8>(), 0..40)).prop_map(|(place, data)| Step::Packet { place, data }),
        2 => (0_u8..8).prop_map(Step::Move),
        1 => Just(Step::NoService),
        1 => select(LANGUAGES).prop_map(Step::Language),
        1 => Just(Step::Call),
        2 => radio().prop_map(Step::Radio),
        2 => Just(Step::Reset),
        3 => (0_u8..40).prop_map(Step::Tear),
        1 => select(Handset::ALL).prop_map(Step::PutInto),
    ]
}

fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        4 => Just(Reply::Clear),
        3 => (0_u8..16).prop_map(Reply::Item),
        3 => text().prop_map(Reply::Text),
        2 => Just(Reply::Yes),
        1 => Just(Reply::No),
        1 => Just(Reply::Back),
        1 => Just(Reply::End),
        1 => Just(Reply::Nothing),
    ]
}

fn radio() -> impl Strategy<Value = Radio> {
    prop_oneof![
        Just(Radio::Sends),
        (1_u16..20).prop_map(|seconds| Radio::Takes { seconds }),
        Just(Radio::Refuses),
    ]
}

/// Digits, words, anything, and what takes more than one message.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[0-9]{0,12}", 3 => "[a-zA-Z ]{0,20}", 1 => "\\PC{0,40}", 1 => "[a-z€]{150,200}"]
}

impl Bench {
    /// Takes a step. Whatever it is, it can be taken: what makes no sense as things are has no effect.
    #[track_caller]
    pub fn take(&mut self, step: &Step) {
        self.note(format!("step {step:?}"));
        match step {
            Step::Menu(place) => {
                let menu = self.phone.menu().map(|menu| menu.items.as_slice()).unwrap_or_default();
                if let Some(item) = at(menu, *place) {
                    self.user(&User::SelectMenu(item.identifier));
                }
            }
            Step::Answer(reply) => self.reply(reply),
            Step::Wait(seconds) => self.wait(Duration::from_secs((*seconds).into())),
            Step::Sms(text) => self.deliver_sms(SOMEBODY, text),
            Step::Move(cell) => self.move_to(1 + u16::from(*cell) / 4, (*cell).into()),
            Step::NoService => self.lose_service(),
            Step::Packet { place, data } => self.packet(*place, data),
            Step::Language(language) => {
                if let [first, second, ..] = *language.as_bytes() {
                    let before = self.phone.environment().clone();
                    let environment = Environment { language: [first, second], ..before };
                    self.phone.handle_environment(environment, self.now);
                    self.settle();
                }
            }
            Step::Call => self.called(),
            Step::Radio(radio) => self.radio(*radio),
            Step::Reset => self.reset(),
            Step::Tear(writes) => self.tear_after((*writes).into()),
            Step::PutInto(handset) => self.put_into(*handset),
        }
    }

    #[track_caller]
    fn reply(&mut self, reply: &Reply) {
        let input = match (reply, self.screen()) {
            (Reply::Item(place), Screen::Select { menu, .. }) => {
                at(&menu.items, *place).map(|item| User::Choose(item.identifier))
            }
            (Reply::Text(text), Screen::Inkey { .. }) => text.chars().next().map(User::Key),
            (Reply::Text(text), _) => Some(User::Text(text.clone())),
            (Reply::Item(_), _) => None,
            (Reply::Clear, _) => Some(User::Clear),
            (Reply::Yes, _) => Some(User::Yes),
            (Reply::No, _) => Some(User::No),
            (Reply::Back, _) => Some(User::Back),
            (Reply::End, _) => Some(User::EndSession),
            (Reply::Nothing, _) => Some(User::NoResponse),
        };
        if let Some(input) = input {
            self.user(&input);
        }
    }

    #[track_caller]
    fn packet(&mut self, place: u8, data: &[u8]) {
        let tars: Vec<Tar> = self.card.applets().flat_map(|applet| applet.parameters.tars).collect();
        if let Some(&tar) = at(&tars, place) {
            self.deliver_packet(SOMEBODY, &CommandPacket::unsecured(tar, Counter::default(), data));
        }
    }

    #[track_caller]
    fn called(&mut self) {
        /// Normal call clearing (TS 24.008 §10.5.4.11).
        const CLEARING: u8 = 16;
        let call = CallId { transaction: 0, is_incoming: true };
        for event in [
            NetworkEvent::Incoming { call, number: SOMEBODY.parse().ok() },
            NetworkEvent::Disconnected { call, cause: Some(CLEARING) },
        ] {
            self.phone.handle_network(event, self.now);
            self.settle();
        }
    }
}

/// The one at a place, which goes round.
fn at<T>(of: &[T], place: u8) -> Option<&T> {
    of.get(usize::from(place).checked_rem(of.len())?)
}
