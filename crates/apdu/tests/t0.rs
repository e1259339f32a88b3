//! T=0 against the scenarios of ANSSI-FR/Open-ISO7816-Stack, and the two sides against each other.
//!
//! `vectors/t0.jsonl` has its tests of a reader (MIT), one a line: the command APDU, what the terminal sends (`>`)
//! and receives (`<`), and the response. A dot is a digit that the test leaves open.

use oxisim_apdu::{
    Class, Command, Instruction, Response, Status,
    t0::{Card, Error, Exchange, Rules, Step},
};
use proptest::prelude::*;
use serde_json::Value;

fn scenarios() -> impl Iterator<Item = Value> {
    include_str!("vectors/t0.jsonl").lines().map(|line| serde_json::from_str(line).unwrap())
}

fn matches(octets: &[u8], pattern: &str) -> bool {
    let octets = hex::encode_upper(octets);
    octets.len() == pattern.len() && octets.chars().zip(pattern.chars()).all(|(c, p)| p == '.' || c == p)
}

#[test]
fn every_scenario_runs_as_recorded() {
    let mut count = 0;
    for row in scenarios() {
        let apdu = hex::decode(row["apdu"].as_str().unwrap()).unwrap();
        let (mut exchange, header) = Exchange::new(&Command::parse(&apdu).unwrap(), Rules::Iso).unwrap();
        let mut sent = Some(header.to_vec());
        let mut last = Ok(Step::Receive);
        for step in row["steps"].as_array().unwrap() {
            match step.as_str().unwrap().split_once(' ').unwrap() {
                (">", pattern) => {
                    let octets = sent.take().unwrap();
                    assert!(
                        matches(&octets, pattern),
                        "{}: {} is not {pattern}",
                        row["id"],
                        hex::encode(octets)
                    );
                }
                (_, octets) => {
                    for octet in hex::decode(octets).unwrap() {
                        last = exchange.receive(octet);
                        if let Ok(Step::Transmit(octets)) = &last {
                            sent = Some(octets.clone());
                        }
                    }
                }
            }
        }
        match (&row["expect"], last) {
            (Value::String(expected), Ok(Step::Receive)) => {
                assert_eq!(expected, "incomplete", "{}", row["id"]);
            }
            (Value::String(expected), Err(Error::ProcedureByte(_))) => assert_eq!(expected, "error"),
            (expected, Ok(Step::Finished(response))) => {
                assert_eq!(response.data.len() as u64, expected["length"].as_u64().unwrap(), "{}", row["id"]);
                assert_eq!(format!("{:04X}", response.status.0), expected["status"].as_str().unwrap());
            }
            (_, last) => panic!("{}: {last:?}", row["id"]),
        }
        count += 1;
    }
    assert_eq!(count, 14);
}

/// Carries a command to a card that answers with `response`, and counts how often the card is called.
fn carry(command: &Command<'_>, rules: Rules, answer: impl Fn(&[u8]) -> Response) -> (Response, u32) {
    let mut card = Card::default();
    let mut calls = 0;
    let (mut exchange, header) = Exchange::new(command, rules).unwrap();
    let mut line = header.to_vec();
    loop {
        let octets: Vec<u8> = line
            .drain(..)
            .flat_map(|octet| {
                card.receive(octet, |apdu| {
                    calls += 1;
                    answer(apdu)
                })
            })
            .collect();
        for octet in octets {
            match exchange.receive(octet).unwrap() {
                Step::Receive => {}
                Step::Transmit(more) => line = more,
                Step::Finished(response) => return (response, calls),
            }
        }
    }
}

/// What a card sends back for these octets.
fn answers(card: &mut Card, octets: &str, response: &Response) -> String {
    let sent = hex::decode(octets).unwrap().into_iter().flat_map(|o| card.receive(o, |_| response.clone()));
    hex::encode_upper(sent.collect::<Vec<_>>())
}

#[test]
fn a_response_waits_for_get_response_of_every_class() {
    for class in ["00", "01", "80", "A0", "C3"] {
        let mut card = Card::default();
        let response = Response { data: vec![1, 2, 3], status: Status(0x9110) };
        assert_eq!(answers(&mut card, "00A4000402", &response), "A4");
        assert_eq!(answers(&mut card, "3F00", &response), "6103");
        assert_eq!(answers(&mut card, &format!("{class}C0000002"), &response), "C001026101");
        assert_eq!(answers(&mut card, &format!("{class}C0000005"), &response), "6C01");
        assert_eq!(answers(&mut card, &format!("{class}C0000001"), &response), "C0039110");
    }
}

#[test]
fn a_gsm_card_says_9fxx() {
    let mut card = Card::default();
    let response = Response::normal(vec![1, 2, 3]);
    assert_eq!(answers(&mut card, "A0A40000023F00", &response), "A49F03");
    assert_eq!(answers(&mut card, "A0C0000003", &response), "C00102039000");
}

#[test]
fn another_command_drops_what_waits() {
    let mut card = Card::default();
    assert_eq!(answers(&mut card, "00A40004023F00", &Response::normal(vec![1])), "A46101");
    assert_eq!(answers(&mut card, "0020000100", &Status(0x63C3).into()), "63C3");
    let refused = Status::CONDITIONS_NOT_SATISFIED.into();
    assert_eq!(answers(&mut card, "00C0000001", &refused), "6985");
}

#[test]
fn a_wrong_length_does_not_execute_a_command_twice() {
    let fetch = Command::parse(&[0x80, 0x12, 0, 0, 0x20]).unwrap();
    let (response, calls) = carry(&fetch, Rules::Uicc, |_| Response::normal(vec![7; 9]));
    assert_eq!((response.data, calls), (vec![7; 9], 1));
}

#[test]
fn an_instruction_that_looks_like_a_status_word_cannot_be_sent() {
    let command = Command::parse(&[0, 0x6A, 0, 0]).unwrap();
    assert_eq!(Exchange::new(&command, Rules::Iso).unwrap_err(), Error::Instruction(Instruction(0x6A)));
    let mut card = Card::default();
    assert_eq!(answers(&mut card, "009A000000", &Status::NORMAL.into()), "6D00");
}

#[test]
fn more_than_255_octets_of_data_cannot_be_sent() {
    let data = [0; 256];
    let command = Command::parse(&[0, 0xD6, 0, 0]).unwrap().data(&data);
    assert_eq!(Exchange::new(&command, Rules::Uicc).unwrap_err(), Error::TooLong(256));
}

#[test]
fn a_card_that_only_asks_for_time_is_given_up() {
    let (mut exchange, _) = Exchange::new(&Command::parse(&[0, 0xA4, 0, 0]).unwrap(), Rules::Iso).unwrap();
    let error = std::iter::repeat_with(|| exchange.receive(0x60)).find_map(Result::err);
    assert_eq!(error, Some(Error::Endless));
    assert_eq!(exchange.receive(0x90), Err(Error::Over));
}

fn command() -> impl Strategy<Value = Vec<u8>> {
    let header = |instructions: &'static [u8]| {
        (
            prop::sample::select(&[0u8, 1, 0x40, 0x80, 0xA0][..]),
            prop::sample::select(instructions),
            any::<[u8; 2]>(),
        )
    };
    let data = prop::collection::vec(any::<u8>(), 1..=255);
    prop_oneof![
        (header(&[0xB0, 0xB2, 0xF2, 0x12]), 1usize..=256)
            .prop_map(|((class, instruction, [p1, p2]), ne)| { vec![class, instruction, p1, p2, ne as u8] }),
        (header(&[0xD6, 0xDC, 0x20, 0x14]), data.clone()).prop_map(
            |((class, instruction, [p1, p2]), data)| {
                [&[class, instruction, p1, p2, data.len() as u8], data.as_slice()].concat()
            }
        ),
        (header(&[0xA4, 0xC2, 0x88]), data).prop_map(|((class, instruction, [p1, p2]), data)| {
            [&[class, instruction, p1, p2, data.len() as u8], data.as_slice(), &[0]].concat()
        }),
    ]
}

proptest! {
    #[test]
    fn what_one_side_sends_the_other_understands(
        apdu in command(),
        data in prop::collection::vec(any::<u8>(), 0..=256),
        status in prop::sample::select(&[0x9000u16, 0x9120, 0x6282, 0x6A82][..]),
    ) {
        let command = Command::parse(&apdu).unwrap();
        let data: Vec<u8> = data.into_iter().take(command.ne.unwrap_or(0)).collect();
        let answer = Response { data, status: Status(status) };
        let (response, calls) = carry(&command, Rules::Uicc, |received| {
            // A card of GSM is not told of Le after data: it says itself that a response waits.
            let without_le = command.class == Class::GSM && !command.data.is_empty() && command.ne.is_some();
            assert_eq!(received, if without_le { &apdu[..apdu.len() - 1] } else { &apdu });
            answer.clone()
        });
        prop_assert_eq!((response, calls), (answer, 1));
    }

    #[test]
    fn every_exchange_ends_whatever_the_card_sends(
        apdu in command(), octets in prop::collection::vec(any::<u8>(), 1..40), iso in any::<bool>(),
    ) {
        let rules = if iso { Rules::Iso } else { Rules::Uicc };
        let (mut exchange, _) = Exchange::new(&Command::parse(&apdu).unwrap(), rules).unwrap();
        let end = octets.iter().cycle().take(500_000).find_map(|octet| match exchange.receive(*octet) {
            Ok(Step::Finished(response)) => Some(response.data.len()),
            Ok(_) => None,
            Err(_) => Some(0),
        });
        prop_assert!(end.is_some_and(|length| length <= 256));
    }

    #[test]
    fn no_octets_make_the_card_panic_and_its_answers_are_short(
        octets in prop::collection::vec(any::<u8>(), 0..600), data in prop::collection::vec(any::<u8>(), 0..700),
    ) {
        let mut card = Card::default();
        for octet in octets {
            let sent = card.receive(octet, |apdu| {
                assert!(Command::parse(apdu).is_ok());
                Response::normal(data.clone())
            });
            prop_assert!(sent.len() <= 259);
        }
    }
}

/// RETRIEVE DATA has data to the card in its first block only (TS 102 221 §11.3.1).
#[test]
fn a_further_block_of_retrieve_data_is_asked_for_and_not_sent() {
    let mut card = Card::default();
    let mut send = |octets: &[u8], expected: &[u8], length: usize| -> Vec<u8> {
        let executes = |apdu: &[u8]| {
            assert_eq!(apdu, expected);
            Response { data: vec![0xA5; length], status: Status::MORE_DATA_AVAILABLE }
        };
        octets.iter().flat_map(|&octet| card.receive(octet, executes)).collect()
    };
    let first = send(&[0x80, 0xCB, 0x00, 0x80, 0x01, 0xA1], &[0x80, 0xCB, 0x00, 0x80, 0x01, 0xA1, 0x00], 2);
    assert_eq!(first, [0xCB, 0x61, 0x02]);
    let next = send(&[0x80, 0xCB, 0x00, 0x00, 0x02], &[0x80, 0xCB, 0x00, 0x00, 0x02], 2);
    assert_eq!(next, [0xCB, 0xA5, 0xA5, 0x62, 0xF1]);
    let short = send(&[0x80, 0xCB, 0x00, 0x00, 0x00], &[0x80, 0xCB, 0x00, 0x00, 0x00], 64);
    assert_eq!(short, [0x6C, 0x40]);
}
