use oxisim_terminal::{Config, Output, Service, SubmitError, Terminal, User};
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
    Response(Vec<u8>),
    Deliver(Vec<u8>),
    User(User),
    Submitted(Result<(), SubmitError>),
    Application(Vec<u8>),
    Service(Service),
    Atr(Vec<u8>),
    Off,
    On,
    Time(u64),
}

/// Octets that look like something, often enough.
fn response() -> impl Strategy<Value = Vec<u8>> {
    let status = prop_oneof![
        4 => Just([0x90, 0x00]),
        4 => any::<u8>().prop_map(|length| [0x91, length]),
        1 => any::<u8>().prop_map(|length| [0x61, length]),
        1 => any::<u8>().prop_map(|length| [0x6C, length]),
        1 => Just([0x93, 0x00]),
        1 => any::<[u8; 2]>(),
    ];
    let objects = vec((any::<u8>(), vec(any::<u8>(), 0..12)), 0..6).prop_map(|objects| {
        objects.into_iter().fold(Vec::new(), |mut out, (tag, value)| {
            out.extend_from_slice(&[tag, value.len() as u8]);
            out.extend(value);
            out
        })
    });
    const KINDS: [u8; 15] =
        [0x01, 0x02, 0x03, 0x04, 0x05, 0x13, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28];
    let known = prop_oneof![
        Just(vec![0x8D, 0x03, 0x04, 0x41, 0x42, 0xA4, 0x01, 0x01, 0xA5, 0x03, 0x00, 0x00, 0x10]),
        Just(vec![0x8B, 0x04, 0x01, 0x00, 0x00, 0x00, 0x85, 0x01, 0x41, 0x8F, 0x02, 0x01, 0x41]),
        Just(vec![0x84, 0x02, 0x01, 0x00, 0x99, 0x02, 0x04, 0x05, 0x91, 0x02, 0x00, 0x10]),
        Just(vec![]),
    ];
    let command = (prop::sample::select(&KINDS[..]), any::<u8>(), known, objects).prop_map(
        |(kind, qualifier, known, objects)| {
            let mut body = vec![0x81, 0x03, 0x01, kind, qualifier & 0x8F, 0x82, 0x02, 0x81, 0x82];
            body.extend(known);
            // Tags without the comprehension bit, so that they may be passed over.
            body.extend(objects.iter().map(|octet| octet & 0x7F));
            let mut out = vec![0xD0, body.len() as u8];
            out.extend(body);
            out
        },
    );
    let data = prop_oneof![6 => command, 2 => Just(vec![]), 1 => vec(any::<u8>(), 0..40)];
    prop_oneof![
        20 => (data, status).prop_map(|(mut data, status)| {
            data.extend(status);
            data
        }),
        1 => vec(any::<u8>(), 0..2),
    ]
}

fn user() -> impl Strategy<Value = User> {
    prop_oneof![
        Just(User::OpenMenu),
        (0u8..4).prop_map(User::SelectMenu),
        (0u8..4).prop_map(User::Choose),
        any::<char>().prop_map(User::Key),
        Just(User::Yes),
        any::<String>().prop_map(User::Text),
        Just(User::Clear),
        Just(User::Back),
        Just(User::EndSession),
        any::<Option<u8>>().prop_map(User::Help),
        Just(User::NoResponse),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    let for_card = hex::decode("44048121437FF62080629173144805027000CAFE").unwrap();
    prop_oneof![
        60 => response().prop_map(Happening::Response),
        3 => vec(any::<u8>(), 0..40).prop_map(Happening::Deliver),
        3 => Just(Happening::Deliver(for_card)),
        10 => user().prop_map(Happening::User),
        6 => prop_oneof![
            Just(Ok(())),
            any::<Option<u8>>().prop_map(|cause| Err(SubmitError::Network { cause })),
            any::<u8>().prop_map(|cause| Err(SubmitError::Relay { cause })),
        ].prop_map(Happening::Submitted),
        2 => vec(any::<u8>(), 0..4).prop_map(Happening::Application),
        1 => prop_oneof![Just(Service::None), Just(Service::Limited), Just(Config::default().service)]
            .prop_map(Happening::Service),
        1 => vec(any::<u8>(), 0..4).prop_map(Happening::Atr),
        1 => Just(Happening::Off),
        3 => Just(Happening::On),
        20 => (0u64..100).prop_map(Happening::Time),
    ]
}

fn happen(phone: &mut Terminal, happening: Happening, now: Instant) {
    match happening {
        Happening::Response(octets) => phone.handle_response(&octets, now),
        Happening::Deliver(tpdu) => phone.handle_deliver(&tpdu, None, now),
        Happening::User(input) => phone.handle_user(&input, now),
        Happening::Submitted(result) => phone.handle_submit_result(result, now),
        Happening::Application(tpdu) => phone.submit_application(tpdu, None, now),
        Happening::Service(service) => phone.handle_service(service, now),
        Happening::Atr(octets) => phone.handle_atr(&octets, now),
        Happening::Off => phone.switch_off(now),
        Happening::On => phone.switch_on(now),
        Happening::Time(_) => phone.handle_timeout(now),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order, the phone does not panic, drains, keeps one command with the card at
    /// most and one message in the air at most, and never asks for a timeout that it does not then use.
    #[test]
    fn whatever_happens_the_phone_stands(happenings in vec(happening(), 0..200)) {
        let mut phone = Terminal::new(Config::default());
        let mut now = Instant::EPOCH;
        let (mut with_card, mut in_air) = (false, false);
        phone.switch_on(now);
        phone.handle_atr(&[0x3B, 0x00], now);
        for happening in happenings {
            match &happening {
                Happening::Response(_) => with_card = false,
                Happening::Submitted(_) => in_air = false,
                Happening::Time(seconds) => now = now + Duration::from_secs(*seconds),
                _ => {}
            }
            happen(&mut phone, happening, now);
            let mut outputs = 0;
            while let Some(output) = phone.poll_output() {
                outputs += 1;
                prop_assert!(outputs < 300);
                match output {
                    Output::Transmit(command) => {
                        prop_assert!(!with_card, "two commands with the card");
                        prop_assert!((4..=261).contains(&command.len()));
                        with_card = true;
                    }
                    Output::Submit { .. } => {
                        prop_assert!(!in_air, "two messages in the air");
                        in_air = true;
                    }
                    Output::PowerOn => with_card = false,
                    Output::PowerOff => (with_card, in_air) = (false, false),
                    _ => {}
                }
            }
            prop_assert!(!in_air || phone.is_busy());
            phone.handle_timeout(now);
            while let Some(output) = phone.poll_output() {
                if let Output::Transmit(_) = output {
                    prop_assert!(!with_card, "two commands with the card");
                    with_card = true;
                }
            }
            prop_assert!(phone.poll_timeout().is_none_or(|at| at > now), "a timeout that time has come for");
        }
    }
}
