//! What is said to the card, in octets: made once, so that a sequence costs no more than the card does.

use oxisim_apdu::{Class, Command, Instruction};
use oxisim_card::{Aid, Tar};
use oxisim_sms::{
    Address, DataCoding, UserData,
    packet::{CommandPacket, Counter},
};
use oxisim_toolkit::{
    Answer, CommandType, Envelope, EventDownload, Problem, TerminalProfile, TerminalResponse,
    codes::{EventCode, GeneralResult, ServiceState, TerminalProblem, TimeUnit},
    envelope::{Event, MenuSelection, SmsPpDownload, TimerExpiration, UssdDownload},
    event::{LanguageSelection, LocationStatusChange, UserActivity},
    objects::{
        CommandDetails, Duration, HelpRequest, Language, LocationInformation, LocationStatus, Outcome, Plmn,
        TextString, TimerValue, UssdString,
    },
};
use proptest::{
    collection::vec,
    prelude::{any, prop_oneof},
    sample::select,
    strategy::{Just, Strategy, ValueTree as _},
    test_runner::TestRunner,
};

use crate::{
    Handset, START,
    radio::{deliver, to_card},
};

/// How many different ones there are of what has any contents.
const MANY: usize = 96;
/// Octets of a TERMINAL RESPONSE before its result: command details and device identities.
const BEFORE_RESULT: usize = 9;

/// APDUs by what they are.
#[derive(Debug)]
pub(super) struct Alphabet {
    pub class: u8,
    pub profiles: Vec<(TerminalProfile, Vec<u8>)>,
    pub status: Vec<u8>,
    /// By identifier, then with a request for help.
    pub menu: Vec<Vec<u8>>,
    pub timers: Vec<Vec<u8>>,
    pub messages: Vec<Vec<u8>>,
    pub packets: Vec<Vec<u8>>,
    pub events: Vec<Vec<u8>>,
    pub envelopes: Vec<Vec<u8>>,
    pub selections: Vec<Vec<u8>>,
    pub apdus: Vec<Vec<u8>>,
    /// Texts of answers, from the result on.
    pub texts: Vec<Vec<u8>>,
    /// What GET INKEY is answered with.
    pub keys: Vec<Vec<u8>>,
    /// Local information.
    pub information: Vec<Vec<u8>>,
    /// How long the terminal polls.
    pub intervals: Vec<Vec<u8>>,
    /// Times of timers.
    pub values: Vec<Vec<u8>>,
    /// Every other result.
    pub results: Vec<Vec<u8>>,
    /// It was done.
    pub done: Vec<u8>,
    /// The user ends the session.
    pub end: Vec<u8>,
}

/// What a card has that can be addressed.
#[derive(Clone, Debug, Default)]
pub(super) struct Addressed {
    pub aids: Vec<Aid>,
    pub tars: Vec<Tar>,
}

impl Alphabet {
    /// In a class for the toolkit; `changes` says whether commands may change what files hold.
    pub fn new(class: u8, card: &Addressed, changes: bool, runner: &mut TestRunner) -> Self {
        let some = |runner: &mut TestRunner, strategy: proptest::strategy::BoxedStrategy<Vec<u8>>| {
            let mut made: Vec<Vec<u8>> =
                (0..MANY).filter_map(|_| Some(strategy.new_tree(runner).ok()?.current())).collect();
            // The simplest first: a failure shrinks towards it.
            made.sort_by_key(Vec::len);
            made
        };
        let data = some(runner, vec(any::<u8>(), 0..48).boxed());
        let texts = some(runner, text().prop_map(String::into_bytes).boxed());
        let text_of = |octets: &Vec<u8>| String::from_utf8_lossy(octets).into_owned();
        let envelope = |envelope: Envelope| toolkit(class, Instruction::ENVELOPE, &envelope.encode());
        let raw_envelopes = some(runner, vec(any::<u8>(), 0..32).boxed());
        let profiles: Vec<_> = Handset::ALL
            .iter()
            .map(|handset| handset.config().profile)
            .filter(|profile| !profile.octets().is_empty())
            .filter_map(|profile| {
                let apdu = toolkit(class, Instruction::TERMINAL_PROFILE, profile.octets())?;
                Some((profile, apdu))
            })
            .collect();
        let help = |identifier| {
            let mut selection = MenuSelection::new(identifier);
            selection.help = Some(HelpRequest {});
            selection
        };
        let ids = 0..=u8::MAX;
        let selection = ids.clone().map(MenuSelection::new).chain(ids.map(help));
        let ussd = texts.iter().take(4).map(|octets| {
            let string = UssdString { coding: 0x0F, string: octets.clone() };
            Envelope::from(UssdDownload::new(string))
        });
        Self {
            class,
            profiles,
            status: Command::new(Class(class), Instruction::STATUS, 0, 0x0C).to_bytes(),
            menu: selection.filter_map(|selection| envelope(selection.into())).collect(),
            timers: (1..=8).filter_map(|id| envelope(TimerExpiration::new(id, ONE_MINUTE).into())).collect(),
            messages: texts
                .iter()
                .filter_map(|octets| to_card(&somebody(), &text_of(octets), 1, START))
                .flatten()
                .chain(data.iter().map(|octets| deliver(&somebody(), octets_for_card(octets), START)))
                .filter_map(|tpdu| envelope(SmsPpDownload::new(None, tpdu).into()))
                .collect(),
            packets: data
                .iter()
                .enumerate()
                .filter_map(|(at, octets)| {
                    card.tars.get(at.checked_rem(card.tars.len())?).map(|tar| (tar, octets))
                })
                .filter_map(|(&tar, octets)| {
                    CommandPacket::unsecured(tar, Counter::default(), octets.clone()).user_data().ok()
                })
                .filter_map(|data| {
                    envelope(SmsPpDownload::new(None, deliver(&somebody(), data, START)).into())
                })
                .collect(),
            events: events().into_iter().filter_map(|event| envelope(event.into())).collect(),
            envelopes: ussd
                .filter_map(envelope)
                .chain(raw_envelopes.iter().filter_map(|data| toolkit(class, Instruction::ENVELOPE, data)))
                .collect(),
            selections: card
                .aids
                .iter()
                .map(|aid| {
                    let select = Command::new(Class::INTERINDUSTRY, Instruction::SELECT, 0x04, 0x00);
                    select.data(aid.as_bytes()).ne(256).to_bytes()
                })
                .collect(),
            apdus: some(runner, apdu(changes).boxed()),
            texts: texts.iter().map(|octets| tail(&text_answer(&text_of(octets)))).collect(),
            keys: [[0x01], [0x00]]
                .into_iter()
                .map(|octet| TextString { text: octet.to_vec(), ..TextString::eight_bit("") })
                .chain(["1", "*", "a", "€"].map(TextString::from))
                .map(|text| tail(&Answer { text: Some(text), ..Answer::default() }))
                .collect(),
            information: information().iter().map(tail).collect(),
            intervals: [30, 1, 255]
                .map(|interval| Duration { unit: TimeUnit::SECONDS, interval })
                .map(|duration| tail(&Answer { duration: Some(duration), ..Answer::default() }))
                .into(),
            values: vec![tail(&Answer { timer_value: Some(ONE_MINUTE), ..Answer::default() })],
            results: results().into_iter().map(tail_of).collect(),
            done: tail(&Answer::default()),
            end: tail_of(GeneralResult::SESSION_TERMINATED_BY_USER.into()),
        }
    }
}

const ONE_MINUTE: TimerValue = TimerValue { hours: 0, minutes: 1, seconds: 0 };

fn somebody() -> Address {
    "+15550100002".parse().unwrap_or_else(|_| unreachable!("it is a number"))
}

/// User data of 8 bits and class 2.
fn octets_for_card(octets: &[u8]) -> UserData {
    UserData::new(DataCoding(0xF6), Vec::new(), octets.to_vec())
        .unwrap_or_else(|_| unreachable!("few octets fit"))
}

/// A command of the toolkit, if its data fit into one.
fn toolkit(class: u8, instruction: Instruction, data: &[u8]) -> Option<Vec<u8>> {
    (data.len() <= 255).then(|| Command::new(Class(class), instruction, 0, 0).data(data).to_bytes())
}

fn text_answer(text: &str) -> Answer {
    Answer { text: Some(text.into()), ..Answer::default() }
}

/// A TERMINAL RESPONSE of what was done, from its result on.
fn tail(answer: &Answer) -> Vec<u8> {
    let response = TerminalResponse::new(NO_DETAILS, GeneralResult::PERFORMED_SUCCESSFULLY);
    response.with(answer.clone()).encode().split_off(BEFORE_RESULT)
}

fn tail_of(result: Outcome) -> Vec<u8> {
    TerminalResponse::new(NO_DETAILS, result).encode().split_off(BEFORE_RESULT)
}

const NO_DETAILS: CommandDetails = CommandDetails { number: 0, kind: CommandType(0), qualifier: 0 };

/// Results that any command can have; those that say why have each why.
fn results() -> Vec<Outcome> {
    let plain = [
        GeneralResult::SESSION_TERMINATED_BY_USER,
        GeneralResult::BACKWARD_MOVE_REQUESTED_BY_USER,
        GeneralResult::NO_RESPONSE_FROM_USER,
        GeneralResult::HELP_REQUIRED_BY_USER,
        GeneralResult::PERFORMED_SUCCESSFULLY,
        GeneralResult::PERFORMED_WITH_PARTIAL_COMPREHENSION,
        GeneralResult::PERFORMED_WITH_MISSING_INFORMATION,
        GeneralResult::PERFORMED_ICON_NOT_DISPLAYED,
        GeneralResult::PERFORMED_LIMITED_SERVICE,
        GeneralResult::PERFORMED_WITH_MODIFICATION,
        GeneralResult::TRANSACTION_TERMINATED_BY_USER,
        GeneralResult::USER_DID_NOT_ACCEPT,
        GeneralResult::USER_CLEARED_DOWN_CALL,
        GeneralResult::CONTRADICTION_WITH_TIMER_STATE,
        GeneralResult::BEYOND_TERMINAL_CAPABILITIES,
        GeneralResult::COMMAND_TYPE_NOT_UNDERSTOOD,
        GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD,
        GeneralResult::COMMAND_NUMBER_NOT_KNOWN,
        GeneralResult::REQUIRED_VALUES_MISSING,
    ];
    let why = (0..=0x0A).map(|why| Problem::Terminal(TerminalProblem(why)));
    let more = [Problem::network(None), Problem::Ss(0x15), Problem::Sms(0x29), Problem::Ussd(0x47)];
    plain.into_iter().map(Outcome::from).chain(why.chain(more).map(Outcome::from)).collect()
}

/// Where the terminal is, and what its user reads.
fn information() -> Vec<Answer> {
    vec![
        Answer { location: Some(LocationInformation::new(HOME, 1, 1)), ..Answer::default() },
        Answer { location: Some(LocationInformation::new(HOME, 2, 7)), ..Answer::default() },
        Answer { language: Some(Language { code: *b"de" }), ..Answer::default() },
        Answer::default(),
    ]
}

/// The test network 001-01.
const HOME: Plmn = Plmn([0x00, 0xF1, 0x10]);

/// Events with what they bring, and every other with nothing.
fn events() -> Vec<EventDownload> {
    let at = |status, location| LocationStatusChange { status: LocationStatus { status }, location };
    let mut events = vec![
        EventDownload::new(at(ServiceState::NORMAL_SERVICE, Some(LocationInformation::new(HOME, 1, 2)))),
        EventDownload::new(at(ServiceState::NORMAL_SERVICE, Some(LocationInformation::new(HOME, 3, 4)))),
        EventDownload::new(at(ServiceState::NO_SERVICE, None)),
        EventDownload::new(LanguageSelection { language: Language { code: *b"tr" } }),
        EventDownload::new(UserActivity {}),
    ];
    events.extend((0..=0x1D).map(|code| EventDownload::new(Event::Other(EventCode(code)))));
    events
}

/// Digits, words, anything, and what takes more than one message.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[0-9]{0,12}", 3 => "[a-zA-Z ]{0,20}", 1 => "\\PC{0,40}", 1 => "[a-z]{150,200}"]
}

/// Instructions that change nothing that lasts.
const READING: [Instruction; 10] = [
    Instruction::SELECT,
    Instruction::READ_BINARY,
    Instruction::READ_RECORD,
    Instruction::SEARCH_RECORD,
    Instruction::GET_RESPONSE,
    Instruction::STATUS,
    Instruction::MANAGE_CHANNEL,
    Instruction::GET_CHALLENGE,
    Instruction::FETCH,
    Instruction::TERMINAL_CAPABILITY,
];

/// APDUs of any kind, most of them with an instruction that there is.
fn apdu(changes: bool) -> impl Strategy<Value = Vec<u8>> {
    let instruction = if changes {
        prop_oneof![3 => select(&READING[..]).prop_map(|instruction| instruction.0), 2 => any::<u8>()].boxed()
    } else {
        select(&READING[..]).prop_map(|instruction| instruction.0).boxed()
    };
    let class =
        prop_oneof![4 => Just(0x00), 2 => Just(0x80), 1 => Just(0xA0), 1 => Just(0x01), 1 => any::<u8>()];
    let head = (class, instruction, prop_oneof![2 => 0..8_u8, 1 => any::<u8>()], any::<u8>());
    (head, prop_oneof![1 => Just(None), 2 => vec(any::<u8>(), 1..24).prop_map(Some)], any::<bool>()).prop_map(
        |((class, instruction, p1, p2), data, le)| {
            let mut command = Command::new(Class(class), Instruction(instruction), p1, p2);
            if let Some(data) = &data {
                command = command.data(data);
            }
            if le { command.ne(256).to_bytes() } else { command.to_bytes() }
        },
    )
}
