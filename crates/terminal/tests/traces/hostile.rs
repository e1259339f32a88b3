use oxisim_terminal::{
    BrowserTermination, CallId, ChannelError, ChannelEvent, Config, Environment, NetworkEvent, Output,
    Position, Service, ServiceError, SubmitError, Terminal, User,
};
use oxisim_toolkit::{
    CommandType, Envelope,
    codes::{AccessTechnologyCode, GeneralResult},
    objects::{
        BcchChannels, Coding, GadShapes, MultimediaStatus, NetworkMeasurements, TextString, UssdString,
    },
};
use oxisim_wire::{Duration, Instant};
use proptest::{collection::vec, prelude::*};

use crate::bench::Bench;

#[test]
fn a_card_that_never_stops_announcing_gets_one_command_a_turn() {
    let mut bench = Bench::ready();
    bench.quiet();
    bench.seconds(30);
    bench.exchange("80F2000C", "910B");
    for _ in 0..1_000 {
        bench.exchange("801200000B", "D009810301020082028182910B");
        bench.exchange("801400000C810301020082028281830100", "910B");
    }
}

#[test]
fn a_sim_that_always_has_more_or_always_another_length_is_cut_short() {
    for answer in ["9F01", "9E01", "6710", "6C10", "6110", "FF9F00", "910B"] {
        let mut bench = Bench::switched_on(Config::default());
        bench.phone.handle_atr(&[0x3B, 0x00], bench.now);
        bench.exchange("00A40004023F00", "6D00");
        let mut commands = 0;
        while let Some(output) = bench.next() {
            if matches!(output, Output::Transmit(_)) {
                commands += 1;
                assert!(commands < 60, "{answer}");
                // What is announced for ever is fetched for ever, and never there.
                bench.card(if bench.phone.is_ready() { "9000" } else { answer });
            }
        }
        assert!(bench.phone.is_ready());
    }
}

#[test]
fn a_card_that_answers_everything_with_nothing_is_only_polled() {
    let mut bench = Bench::switched_on(Config::default());
    bench.phone.handle_atr(&[0xFF], bench.now);
    let mut commands = 0;
    for _ in 0..20 {
        while let Some(output) = bench.next() {
            if matches!(output, Output::Transmit(_)) {
                commands += 1;
                bench.card("");
            }
        }
        bench.seconds(30);
    }
    assert!(commands < 30, "{commands}");
}

/// Anything that can happen to a phone.
#[derive(Clone, Debug)]
enum Happening {
    /// The card answers: FETCH with the command, anything else with the status word.
    Response {
        command: Vec<u8>,
        status: [u8; 2],
    },
    /// The card answers with just anything.
    Noise(Vec<u8>),
    Deliver(Vec<u8>),
    /// A record of the card's memory for messages is read, or freed.
    Read(u8),
    Delete(u8),
    /// The user sends a text.
    Text(String),
    /// What became of telling the service centre that there is room.
    RoomTold(Result<(), SubmitError>),
    /// The card answers with data, as to a question about a call or a message.
    Ruling(Vec<u8>),
    User(User),
    Network(NetworkEvent),
    Submitted(Result<(), SubmitError>),
    Application(Vec<u8>),
    Service(Service),
    Environment(Box<Environment>),
    /// The next command of a type is answered with this.
    Fault(u8, u8),
    BrowserClosed,
    BrowsingStatus(Vec<u8>),
    /// An event, or another envelope, if it can be read.
    Envelope(Vec<u8>),
    /// The card gets these octets in an envelope.
    Octets(Vec<u8>),
    Broadcast(Vec<u8>),
    Channel(u8, ChannelEvent),
    Atr(Vec<u8>),
    Off,
    /// Somebody switches the phone on, and the card starts up well.
    On,
    Time(u64),
}

/// The commands that the phone carries out.
const KINDS: [u8; 34] = [
    0x01, 0x02, 0x03, 0x04, 0x05, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x20, 0x21, 0x22, 0x23, 0x24,
    0x25, 0x26, 0x27, 0x28, 0x34, 0x35, 0x45, 0x46, 0x47, 0x50, 0x51, 0x60, 0x61, 0x62, 0x70, 0x71, 0x72,
];

/// A command of the right form, as like as not.
fn command() -> impl Strategy<Value = Vec<u8>> {
    // What the commands need between them; whether each understands the others' objects is up to them.
    let needed = |kind: u8| match kind {
        0x01 => "9209013F007FFF5F3A4F30",
        0x03 => "84020101",
        0x05 => "9912030405070A0B0D0E0F101112131416171C1D",
        0x10 => "86039121438402010A",
        0x11 => "8904FF2A100F",
        0x12 => "8A06042A31303023",
        0x14 => "AC02C1F2",
        0x45 => "C3020141",
        0x46 => "C4020141",
        0x47 => "C103010241",
        0x50 => "E801006603020103",
        0x60 => "EA01419205013F005F3BEE0101EB0142",
        0x61 | 0x62 => "9205013F005F3BEB0142",
        0x70 => "FB0101",
        0x71 => "D40100",
        0x72 => "A10141A20141",
        0x15 => "3100050141",
        0x13 => "8B0801FF0281210000008500",
        0x20 | 0x21 => "8D020441",
        0x22 => "8D02044184020103",
        0x23 => "8D02044191020003",
        0x24 | 0x25 => "8501418F0201418F020242",
        0x27 => "A40101A503000010",
        0x28 => "8D020442",
        0x34 => "A80741542B43474D49",
        0x35 => "AD026465",
        _ => "",
    };
    let object = (any::<u8>(), vec(any::<u8>(), 0..12)).prop_map(|(tag, value)| {
        let mut out = vec![tag & 0x7F, value.len() as u8];
        out.extend(value);
        out
    });
    let other = prop_oneof![
        6 => Just(vec![]),
        1 => Just(vec![0x9E, 0x02, 0x00, 0x01]),
        1 => Just(vec![0xAB, 0x00]),
        1 => any::<u8>().prop_map(|frame| vec![0xE8, 0x01, frame & 0x0F]),
        1 => (any::<u8>(), vec(any::<u8>(), 0..6)).prop_map(|(layout, shares)| {
            let mut out = vec![0xE6, 1 + shares.len() as u8, layout & 0x03];
            out.extend(shares);
            out
        }),
        1 => object,
    ];
    let qualifier = prop_oneof![2 => 0u8..8, 1 => 0x80u8..0x90];
    prop_oneof![
        8 => (prop::sample::select(&KINDS[..]), qualifier, other).prop_map(
            move |(kind, qualifier, other)| {
                let mut body = vec![0x81, 0x03, 0x01, kind, qualifier, 0x82, 0x02, 0x81, 0x82];
                body.extend(hex::decode(needed(kind)).unwrap());
                body.extend(other);
                let mut out = vec![0xD0, body.len() as u8];
                out.extend(body);
                out
            },
        ),
        3 => channel_command(),
        1 => vec(any::<u8>(), 0..40),
    ]
}

/// A command for one of the first channels.
fn channel_command() -> impl Strategy<Value = Vec<u8>> {
    // Clients and a server, with and without words; then closing, receiving, sending.
    const COMMANDS: [(u8, &str); 7] = [
        (0x40, "350103390200083C030200503E05217F000001"),
        (0x40, "350103390200083C030100503E05217F000001"),
        (0x40, "850141350103390200083C030200503E05217F000001"),
        (0x40, "390200083C03030050"),
        (0x41, ""),
        (0x42, "B70104"),
        (0x43, "B603010203"),
    ];
    (prop::sample::select(&COMMANDS[..]), 0u8..8, 0x21u8..0x25).prop_map(
        |((kind, objects), qualifier, channel)| {
            let device = if kind == 0x40 { 0x82 } else { channel };
            let mut body = vec![0x81, 0x03, 0x01, kind, qualifier, 0x82, 0x02, 0x81, device];
            body.extend(hex::decode(objects).unwrap());
            let mut out = vec![0xD0, body.len() as u8];
            out.extend(body);
            out
        },
    )
}

fn channel_event() -> impl Strategy<Value = ChannelEvent> {
    prop_oneof![
        4 => Just(ChannelEvent::Opened),
        2 => Just(ChannelEvent::Listening),
        2 => vec(any::<u8>(), 0..12).prop_map(ChannelEvent::Received),
        2 => Just(ChannelEvent::Dropped),
        1 => any::<Option<u8>>()
            .prop_map(|cause| ChannelEvent::Failed(ChannelError::Network { cause })),
    ]
}

fn user() -> impl Strategy<Value = User> {
    prop_oneof![
        Just(User::OpenMenu),
        (0u8..4).prop_map(User::SelectMenu),
        (0u8..4).prop_map(User::Choose),
        any::<char>().prop_map(User::Key),
        Just(User::Key('1')),
        Just(User::Yes),
        any::<String>().prop_map(User::Text),
        Just(User::Text("12".into())),
        Just(User::Clear),
        Just(User::Back),
        Just(User::EndSession),
        any::<Option<u8>>().prop_map(User::Help),
        Just(User::NoResponse),
        Just(User::No),
        Just(User::Accept),
        Just(User::Occupy),
        Just(User::Answer),
        Just(User::HangUp),
        Just(User::Dial("123".into())),
        Just(User::Dial("112".into())),
        Just(User::Dial("*100#".into())),
        Just(User::Dial("*#21#".into())),
        any::<String>().prop_map(User::Dial),
    ]
}

/// What the network may say, asked or not.
fn network() -> impl Strategy<Value = NetworkEvent> {
    let call =
        || (0u8..9, any::<bool>()).prop_map(|(transaction, is_incoming)| CallId { transaction, is_incoming });
    let octets = || vec(any::<u8>(), 0..300);
    let failure = prop_oneof![
        any::<u8>().prop_map(ServiceError::Return),
        any::<Option<u8>>().prop_map(|cause| ServiceError::Network { cause }),
    ];
    prop_oneof![
        call().prop_map(|call| NetworkEvent::Incoming { call, number: None }),
        call().prop_map(NetworkEvent::Connected),
        (call(), any::<Option<u8>>()).prop_map(|(call, cause)| NetworkEvent::Disconnected { call, cause }),
        Just(NetworkEvent::Disconnected {
            call: CallId { transaction: 0, is_incoming: false },
            cause: Some(17)
        }),
        octets().prop_map(|octets| NetworkEvent::Service(Ok(octets))),
        failure.prop_map(|error| NetworkEvent::Ussd(Err(error))),
        octets()
            .prop_map(|text| NetworkEvent::Ussd(Ok(TextString { coding: Some(Coding::EIGHT_BIT), text }))),
        (any::<u8>(), octets())
            .prop_map(|(coding, string)| NetworkEvent::UssdRequest(UssdString { coding, string })),
        octets().prop_map(|shapes| NetworkEvent::Position(Position {
            shape: Some(GadShapes { shapes }),
            sentence: None
        })),
        octets().prop_map(|status| NetworkEvent::Multimedia(MultimediaStatus { status })),
        vec(any::<u8>(), 0..10_000).prop_map(NetworkEvent::MultimediaNotification),
    ]
}

/// Envelopes, of which some are understood.
fn envelope() -> impl Strategy<Value = Vec<u8>> {
    let body = vec(any::<u8>(), 0..20);
    prop_oneof![
        Just(hex::decode("D60799011382028281").unwrap()),
        Just(hex::decode("D60E99010D82028281C105010241").unwrap()),
        Just(hex::decode("DE0482028281").unwrap()),
        (0xD1u8..=0xDF, body).prop_map(|(tag, body)| {
            let mut out = vec![tag, 4 + body.len() as u8, 0x82, 0x02, 0x82, 0x81];
            out.extend(body);
            out
        }),
    ]
}

/// Surroundings with more in them than a TERMINAL RESPONSE or an ENVELOPE has room for, as like as not.
fn environment() -> impl Strategy<Value = Environment> {
    let octets = || vec(any::<u8>(), 0..300);
    (any::<bool>(), octets(), octets(), octets()).prop_map(
        |(in_call, technologies, measurements, channels)| Environment {
            in_call,
            access_technologies: technologies.into_iter().map(AccessTechnologyCode).collect(),
            measurements: Some(NetworkMeasurements { results: measurements }),
            channels: Some(BcchChannels { channels }),
            ..Environment::default()
        },
    )
}

/// What a card may answer to a question, as like as not.
fn ruling() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "0000",
        "0100",
        "02058603810102",
        "02058A030F2A30",
        "02068904FFBA12FB",
        "020485024E6F",
        "02028600",
        "020C860381341286058199999999",
    ];
    prop_oneof![
        8 => prop::sample::select(known.to_vec()).prop_map(|octets| hex::decode(octets).unwrap()),
        1 => vec(any::<u8>(), 0..20),
        1 => vec(any::<u8>(), 0..20).prop_map(|octets| {
            let mut answer = vec![0x02, octets.len() as u8];
            answer.extend(octets);
            answer
        }),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    let status = prop_oneof![
        4 => Just([0x90, 0x00]),
        4 => Just([0x91, 0x20]),
        1 => any::<u8>().prop_map(|length| [0x61, length]),
        1 => any::<u8>().prop_map(|length| [0x6C, length]),
        1 => any::<u8>().prop_map(|length| [0x67, length]),
        1 => any::<u8>().prop_map(|length| [0x9F, length]),
        1 => any::<u8>().prop_map(|length| [0x9E, length]),
        1 => any::<u8>().prop_map(|length| [0x63, length]),
        2 => Just([0x93, 0x00]),
        1 => any::<[u8; 2]>(),
    ];
    let for_card = hex::decode("44048121437FF62080629173144805027000CAFE").unwrap();
    prop_oneof![
        60 => (command(), status).prop_map(|(command, status)| Happening::Response { command, status }),
        1 => vec(any::<u8>(), 0..40).prop_map(Happening::Noise),
        15 => ruling().prop_map(Happening::Ruling),
        3 => vec(any::<u8>(), 0..40).prop_map(Happening::Deliver),
        3 => Just(Happening::Deliver(for_card)),
        6 => prop::sample::select(&[0x00, 0x11, 0x12][..])
            .prop_map(|coding| Happening::Deliver(message(coding))),
        2 => Just(Happening::Deliver(hex::decode(REPORT).unwrap())),
        6 => record().prop_map(Happening::Ruling),
        1 => any::<u8>().prop_map(Happening::Read),
        2 => any::<u8>().prop_map(Happening::Delete),
        1 => "[a-zж😀]{0,200}".prop_map(Happening::Text),
        2 => prop_oneof![Just(Ok(())), Just(Err(SubmitError::NotSent))].prop_map(Happening::RoomTold),
        20 => user().prop_map(Happening::User),
        6 => prop_oneof![
            Just(Ok(())),
            any::<Option<u8>>().prop_map(|cause| Err(SubmitError::Network { cause })),
            any::<u8>().prop_map(|cause| Err(SubmitError::Relay { cause })),
        ].prop_map(Happening::Submitted),
        2 => vec(any::<u8>(), 0..4).prop_map(Happening::Application),
        2 => Just(Happening::Application(hex::decode("01FF038121F300040141").unwrap())),
        1 => prop_oneof![Just(Service::None), Just(Service::Limited), Just(Config::default().service)]
            .prop_map(Happening::Service),
        2 => environment().prop_map(|known| Happening::Environment(Box::new(known))),
        1 => (prop::sample::select(&KINDS[..]), any::<u8>())
            .prop_map(|(kind, general)| Happening::Fault(kind, general)),
        1 => Just(Happening::BrowserClosed),
        1 => vec(any::<u8>(), 0..300).prop_map(Happening::BrowsingStatus),
        12 => network().prop_map(Happening::Network),
        3 => envelope().prop_map(Happening::Envelope),
        2 => vec(any::<u8>(), 0..300).prop_map(Happening::Octets),
        1 => vec(any::<u8>(), 86..90).prop_map(Happening::Broadcast),
        8 => (1u8..5, channel_event()).prop_map(|(channel, event)| Happening::Channel(channel, event)),
        1 => vec(any::<u8>(), 0..4).prop_map(Happening::Atr),
        1 => Just(Happening::Off),
        4 => Just(Happening::On),
        20 => (0u64..100).prop_map(Happening::Time),
    ]
}

/// SMS-STATUS-REPORT on message 0 to 123.
const REPORT: &str = "0600038121F3208062917314482080629173144800";

/// SMS-DELIVER "AB" with this coding scheme.
fn message(coding: u8) -> Vec<u8> {
    hex::decode(format!("040481214300{coding:02X}20806291731448024121")).unwrap()
}

/// A record of `EF_SMS`, free or with a message from the phone that waits for [`REPORT`]; file control parameters.
fn record() -> impl Strategy<Value = Vec<u8>> {
    let sent = hex::decode("0D002100038121F300040141").unwrap();
    let padded = |mut octets: Vec<u8>, length: usize| {
        octets.resize(length, 0xFF);
        octets
    };
    prop_oneof![
        Just(padded(vec![0x00], 176)),
        Just(padded(vec![0x00], 30)),
        Just(padded(sent, 176)),
        (any::<u8>(), any::<u8>())
            .prop_map(|(length, records)| vec![0x62, 0x07, 0x82, 0x05, 0x42, 0x21, 0x00, length, records]),
    ]
}

/// What a host remembers of its phone.
struct Host {
    phone: Terminal,
    /// What the card answers to the commands of a start-up that goes well, by class.
    card: fn(&[u8]) -> &'static [u8],
    /// The command that is with the card.
    with_card: Option<Vec<u8>>,
    in_air: bool,
    telling_room: bool,
}

impl Host {
    /// Lets it happen, and drains.
    fn happen(&mut self, happening: Happening, now: Instant) -> Result<(), TestCaseError> {
        let phone = &mut self.phone;
        match happening {
            Happening::Response { mut command, status } => match self.with_card.take() {
                Some(fetch) if fetch.get(1) == Some(&0x12) => {
                    command.extend([0x90, 0x00]);
                    phone.handle_response(&command, now);
                }
                _ => phone.handle_response(&status, now),
            },
            Happening::Ruling(mut octets) => {
                self.with_card = None;
                octets.extend([0x90, 0x00]);
                phone.handle_response(&octets, now);
            }
            Happening::Noise(octets) => {
                self.with_card = None;
                phone.handle_response(&octets, now);
            }
            Happening::Submitted(result) => {
                self.in_air = false;
                phone.handle_submit_result(result, now);
            }
            Happening::Deliver(tpdu) => phone.handle_deliver(&tpdu, None, now),
            Happening::Read(record) => phone.read_message(record, now),
            Happening::Delete(record) => phone.delete_message(record, now),
            Happening::Text(text) => {
                let _ = phone.send_text("123".parse().ok(), &text, now);
            }
            Happening::RoomTold(result) => {
                self.telling_room = false;
                phone.handle_memory_available(result, now);
            }
            Happening::User(input) => phone.handle_user(&input, now),
            Happening::Application(tpdu) => phone.submit_application(tpdu, None, now),
            Happening::Service(service) => phone.handle_service(service, now),
            Happening::Environment(environment) => phone.handle_environment(*environment, now),
            Happening::Fault(kind, general) => {
                phone.answer_next(CommandType(kind), GeneralResult(general));
            }
            Happening::BrowserClosed => phone.handle_browser_closed(BrowserTermination::ERROR, now),
            Happening::BrowsingStatus(status) => phone.handle_browsing_status(status, now),
            Happening::Network(event) => phone.handle_network(event, now),
            Happening::Envelope(octets) => {
                if let Ok(envelope) = Envelope::decode(&octets) {
                    phone.handle_envelope(envelope, now);
                }
            }
            Happening::Octets(octets) => phone.send_envelope(octets, now),
            Happening::Broadcast(page) => phone.handle_cell_broadcast(&page, now),
            Happening::Channel(channel, event) => phone.handle_channel(channel, event, now),
            Happening::Atr(octets) => phone.handle_atr(&octets, now),
            Happening::Off => phone.switch_off(now),
            Happening::On => return self.start_up(now),
            Happening::Time(_) => phone.handle_timeout(now),
        }
        prop_assert!((0..=8).all(|channel| self.phone.channel_room(channel) <= 8));
        self.drain()
    }

    fn start_up(&mut self, now: Instant) -> Result<(), TestCaseError> {
        self.phone.switch_on(now);
        self.phone.handle_atr(&[0x3B, 0x00], now);
        self.drain()?;
        while !self.phone.is_ready()
            && let Some(command) = self.with_card.take()
        {
            self.phone.handle_response((self.card)(&command), now);
            self.drain()?;
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<(), TestCaseError> {
        let mut outputs = 0;
        while let Some(output) = self.phone.poll_output() {
            outputs += 1;
            prop_assert!(outputs < 300);
            match output {
                Output::Transmit(command) => {
                    prop_assert_eq!(&self.with_card, &None, "two commands with the card");
                    prop_assert!((4..=261).contains(&command.len()));
                    self.with_card = Some(command);
                }
                Output::Channel { channel, .. } => prop_assert!((1..=7).contains(&channel)),
                Output::Submit { .. } => {
                    prop_assert!(!self.in_air, "two messages in the air");
                    self.in_air = true;
                }
                Output::MemoryAvailable => {
                    prop_assert!(!self.telling_room, "the centre is told twice");
                    self.telling_room = true;
                }
                Output::PowerOn => self.with_card = None,
                Output::PowerOff => {
                    (self.with_card, self.in_air, self.telling_room) = (None, false, false);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// A UICC without files.
fn uicc(_: &[u8]) -> &'static [u8] {
    &[0x6A, 0x82]
}

/// A UICC that has every service of a USIM.
fn usim(command: &[u8]) -> &'static [u8] {
    const ALL: [u8; 258] = {
        let mut answer = [0xFF; 258];
        (answer[256], answer[257]) = (0x90, 0x00);
        answer
    };
    match command {
        [0x00, 0xA4, ..] => &[0x62, 0x00, 0x90, 0x00],
        [0x00, 0xB0 | 0xB2, ..] => &ALL,
        _ => &[0x90, 0x00],
    }
}

/// A SIM that has a CHV1, and every service.
fn sim(command: &[u8]) -> &'static [u8] {
    const ALL: [u8; 258] = {
        let mut answer = [0xFF; 258];
        (answer[256], answer[257]) = (0x90, 0x00);
        answer
    };
    const HEADER: [u8; 24] =
        [0, 0, 0, 0, 0x7F, 0x20, 2, 0, 0, 0, 0, 0, 9, 1, 0x40, 1, 4, 0, 0x83, 0x8A, 0x83, 0x8A, 0x90, 0x00];
    match command {
        [0xA0, 0xA4, ..] => &[0x9F, 0x16],
        [0xA0, 0xC0, ..] => &HEADER,
        [0xA0, 0xB0 | 0xB2, ..] => &ALL,
        [0xA0, ..] => &[0x90, 0x00],
        _ => &[0x6E, 0x00],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order, the phone does not panic, drains, keeps one command with the card and
    /// one message in the air at most, and uses every timeout that it asks for.
    #[test]
    fn whatever_happens_the_phone_stands(
        card in prop::sample::select(vec![uicc as fn(&[u8]) -> &'static [u8], usim, sim]),
        keeps_messages_on_card: bool,
        happenings in vec(happening(), 0..200),
    ) {
        let config = Config { pin: "1234".parse().ok(), keeps_messages_on_card, ..Config::default() };
        let mut host = Host { phone: Terminal::new(config), card, with_card: None, in_air: false, telling_room: false };
        let mut now = Instant::EPOCH;
        for happening in core::iter::once(Happening::On).chain(happenings) {
            if let Happening::Time(seconds) = happening {
                now = now + Duration::from_secs(seconds);
            }
            host.happen(happening, now)?;
            host.happen(Happening::Time(0), now)?;
            prop_assert!(!host.in_air || host.phone.is_busy());
            prop_assert!(host.phone.poll_timeout().is_none_or(|at| at > now), "an unused timeout");
        }
    }
}
