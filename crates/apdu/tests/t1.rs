//! T=1 against the scenarios of ANSSI-FR/Open-ISO7816-Stack, and the two sides against each other over a line that
//! loses and spoils blocks.
//!
//! `vectors/t1.jsonl` has its tests of a reader (MIT), named after the scenarios of ISO/IEC 7816-3 Annex A, one a
//! line: the command APDU, what the terminal sends (`>`) and receives (`<`, cut where the time was over), and the
//! response. `send` sends the command again, `size` tells the card a size.

use oxisim_apdu::{
    Atr, Response,
    t1::{Acknowledgement, Block, Card, Check, Content, Error, Parameters, Step, Supervision, Terminal},
};
use proptest::prelude::*;
use serde_json::Value;

fn scenarios() -> impl Iterator<Item = Value> {
    include_str!("vectors/t1.jsonl").lines().map(|line| serde_json::from_str(line).unwrap())
}

#[test]
fn every_scenario_runs_as_recorded() {
    let mut count = 0;
    for row in scenarios() {
        let apdu = hex::decode(row["apdu"].as_str().unwrap()).unwrap();
        let mut terminal = Terminal::new();
        if let Some(size) = row["card_size"].as_u64() {
            terminal = terminal.card_size(size as u8);
        }
        let mut sent = Some(terminal.send(&apdu).unwrap());
        let mut responses = Vec::new();
        for step in row["steps"].as_array().unwrap() {
            let step = step.as_str().unwrap();
            match step.split_once(' ').unwrap_or((step, "")) {
                (">", block) => assert_eq!(hex::encode_upper(sent.take().unwrap()), block, "{}", row["id"]),
                ("send", _) => sent = Some(terminal.send(&apdu).unwrap()),
                ("size", size) => sent = Some(terminal.send_size(size.parse().unwrap()).unwrap()),
                (_, block) => match terminal.receive(&hex::decode(block).unwrap()).unwrap() {
                    Step::Transmit(block) | Step::TransmitAndWait(block, 2) => sent = Some(block),
                    Step::Finished(response) => responses.push(hex::encode_upper(response)),
                    Step::SizeAccepted => {}
                    other => panic!("{}: {other:?}", row["id"]),
                },
            }
        }
        let sends = 1 + row["steps"].as_array().unwrap().iter().filter(|step| *step == "send").count();
        assert_eq!(responses, vec![row["response"].as_str().unwrap(); sends], "{}", row["id"]);
        count += 1;
    }
    assert_eq!(count, 19);
}

#[test]
fn a_terminal_resynchronises_after_three_retries_and_then_gives_up() {
    let mut terminal = Terminal::new();
    terminal.send(&[0, 0xA4, 0, 0]).unwrap();
    let resynch = [0x00, 0xC0, 0x00, 0xC0];
    for pcb in [0x82, 0x82, 0x82, 0xC0, 0xC0, 0xC0] {
        assert_eq!(terminal.receive(&[]), Ok(Step::Transmit(vec![0, pcb, 0, pcb])));
    }
    assert_eq!(terminal.receive(&[]), Err(Error::Dead));

    terminal.send(&[0, 0xA4, 0, 0]).unwrap();
    // The card makes its blocks shorter.
    assert!(matches!(terminal.receive(&[0x00, 0xC1, 0x01, 0x01, 0xC1]), Ok(Step::Transmit(_))));
    let blocks = std::iter::repeat_with(|| terminal.receive(&[]).unwrap());
    assert!(blocks.take(4).any(|step| step == Step::Transmit(resynch.to_vec())));
    assert_eq!(terminal.receive(&[0x00, 0xE0, 0x00, 0xE0]), Err(Error::Resynchronised));
    // Both sides begin anew.
    assert_eq!(terminal.send(&[1, 2]).unwrap()[1..3], [0x00, 0x02]);
}

#[test]
fn an_abort_of_the_card_is_answered_and_ends_the_exchange() {
    let mut terminal = Terminal::new().card_size(2);
    terminal.send(&[0, 0xA4, 0, 0]).unwrap();
    let step = terminal.receive(&[0x00, 0xC2, 0x00, 0xC2]).unwrap();
    assert_eq!(step, Step::Aborted(vec![0x00, 0xE2, 0x00, 0xE2]));
    assert_eq!(terminal.receive(&[]), Err(Error::Idle));
    assert!(terminal.send(&[1]).is_ok());
}

#[test]
fn a_terminal_has_one_command_at_a_time() {
    let mut terminal = Terminal::new();
    assert_eq!(terminal.send(&[]), Err(Error::Empty));
    terminal.send(&[1]).unwrap();
    assert_eq!(terminal.send(&[1]), Err(Error::Busy));
    assert_eq!(terminal.send_size(254), Err(Error::Busy));
}

#[test]
fn a_card_answers_a_terminal_that_aborts_or_begins_anew() {
    let mut card = Card::new();
    let never = |_: &[u8]| -> Response { panic!("no command is complete") };
    // A chain begins, and is aborted.
    assert_eq!(card.receive(&[0, 0x20, 1, 0xAA, 0x8B], never), [0, 0x90, 0, 0x90]);
    assert_eq!(card.receive(&[0, 0xC2, 0, 0xC2], never), [0, 0xE2, 0, 0xE2]);
    assert_eq!(card.receive(&[0, 0xC0, 0, 0xC0], never), [0, 0xE0, 0, 0xE0]);
    let block = card.receive(&[0, 0x00, 1, 0xBB, 0xBA], |apdu| {
        assert_eq!(apdu, [0xBB]);
        Response::normal(vec![])
    });
    assert_eq!(block, [0, 0, 2, 0x90, 0, 0x92]);
}

#[test]
fn a_card_keeps_its_error_detection_code_when_both_sides_begin_anew() {
    let mut card = Card::new().check(Check::Crc);
    let resynch = Block { nad: 0, content: Content::Request(Supervision::Resynch) };
    let answer = Block { nad: 0, content: Content::Answer(Supervision::Resynch) };
    for _ in 0..2 {
        let octets = card.receive(&resynch.to_bytes(Check::Crc), |_| panic!("no command"));
        assert_eq!(Block::parse(&octets, Check::Crc), Ok(answer.clone()));
        assert_eq!(octets.len(), 5);
    }
}

/// An APDU with extended lengths goes over in as many blocks as it takes (ISO/IEC 7816-3 §12.3).
#[test]
fn extended_lengths_go_over_in_chains() {
    let command = [&[0x00, 0xD6, 0x00, 0x00, 0x00, 0x02, 0x58][..], &[0xA5; 600], &[0x00, 0x00]].concat();
    let (mut terminal, mut card) = (Terminal::new().card_size(254), Card::new());
    let mut block = terminal.send(&command).unwrap();
    let mut blocks = 1;
    let response = loop {
        let answer = card.receive(&block, |apdu| {
            assert_eq!(apdu, command);
            Response::normal(vec![0x5A; 700])
        });
        match terminal.receive(&answer).unwrap() {
            Step::Transmit(next) => block = next,
            Step::Finished(response) => break response,
            other => panic!("{other:?}"),
        }
        blocks += 1;
    };
    assert_eq!((response.len(), blocks), (702, 3 + 702_usize.div_ceil(32) - 1));
}

#[test]
fn an_answer_to_reset_says_the_size_and_the_error_detection_code() {
    // Two SIMs (pcsc-tools, smartcard_list.txt), and the second as it would ask for the CRC.
    let sim =
        Atr::parse(&hex::decode("3B9F97C00AB1FE453FC6828031E073FE211B65D0023A14C9810F8B").unwrap()).unwrap();
    let plain = Atr::parse(&hex::decode("3B8480014777F400C1").unwrap()).unwrap();
    let mut with_crc = sim.clone();
    with_crc.interface[2].tc = Some(0x01);
    let with_crc = Atr::parse(&with_crc.to_bytes()).unwrap();
    // TA2 is not the size even if T=1 is named before it: it concerns every protocol (§8.2.3).
    let mut specific = sim.clone();
    specific.interface[0].td = Some(0x01);
    specific.interface[1].ta = Some(0x81);
    specific.interface[2].ta = Some(0x40);
    let specific = Atr::parse(&specific.to_bytes()).unwrap();
    for (atr, card_size, check) in [
        (plain, 32, Check::Lrc),
        (sim, 254, Check::Lrc),
        (with_crc, 254, Check::Crc),
        (specific, 64, Check::Lrc),
    ] {
        assert_eq!(Parameters::of(&atr), Parameters { card_size, check });
    }
}

/// What happens to a block on its way.
fn damage() -> impl Strategy<Value = Option<(bool, prop::sample::Index)>> {
    prop_oneof![4 => Just(None), 1 => any::<(bool, prop::sample::Index)>().prop_map(Some)]
}

fn pass(mut block: Vec<u8>, damage: Option<(bool, prop::sample::Index)>) -> Vec<u8> {
    match damage {
        None => {}
        Some((true, at)) => block.truncate(at.index(block.len())),
        Some((false, at)) => {
            let at = at.index(block.len());
            block[at] ^= 0x10;
        }
    }
    block
}

proptest! {
    #[test]
    fn commands_and_responses_survive_a_bad_line(
        commands in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 1..300), prop::collection::vec(any::<u8>(), 0..300)), 1..5,
        ),
        sizes in (1u8..=254, 1u8..=254),
        damages in prop::collection::vec(damage(), 1..60),
        check in check(),
    ) {
        let mut terminal = Terminal::new().card_size(sizes.0).check(check);
        let mut card = Card::new().check(check);
        let mut damages = damages.into_iter();
        let mut damage = || damages.next().flatten();

        let size = terminal.send_size(sizes.1).unwrap();
        let answer = card.receive(&size, |_| panic!("no command"));
        prop_assert_eq!(terminal.receive(&answer), Ok(Step::SizeAccepted));

        for (command, data) in commands {
            let mut calls = 0;
            let mut block = terminal.send(&command).unwrap();
            loop {
                let answer = card.receive(&pass(block, damage()), |apdu| {
                    assert_eq!(apdu, command);
                    calls += 1;
                    Response::normal(data.clone())
                });
                match terminal.receive(&pass(answer, damage())) {
                    Ok(Step::Transmit(next)) => block = next,
                    Ok(Step::Finished(response)) => {
                        prop_assert_eq!(response, Response::normal(data.clone()).to_bytes());
                        prop_assert_eq!(calls, 1);
                        break;
                    }
                    Err(Error::Resynchronised) => {
                        prop_assert!(calls <= 1);
                        // The card forgot the size.
                        break;
                    }
                    Err(Error::Dead) => return Ok(()),
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    #[test]
    fn every_exchange_ends_whatever_the_card_sends(
        command in prop::collection::vec(any::<u8>(), 1..200),
        contents in prop::collection::vec(content(), 1..12),
    ) {
        let mut terminal = Terminal::new();
        terminal.send(&command).unwrap();
        let blocks: Vec<_> =
            contents.into_iter().map(|content| Block { nad: 0, content }.to_bytes(Check::Lrc)).collect();
        let ends = blocks.iter().cycle().take(1_000_000).any(|block| {
            !matches!(terminal.receive(block), Ok(Step::Transmit(_) | Step::TransmitAndWait(..)))
        });
        prop_assert!(ends);
    }

    #[test]
    fn no_octets_make_a_side_panic(blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..20)) {
        let (mut terminal, mut card) = (Terminal::new(), Card::new());
        let _ = terminal.send(&[1]);
        for mut block in blocks {
            let _ = terminal.receive(&block);
            if let [_, _, length, inf @ ..] = block.as_mut_slice() {
                // Most are whole, so that they are not all refused for their check.
                *length = inf.len() as u8;
                let check = block.iter().fold(0, |sum, octet| sum ^ octet);
                block.push(check);
                block[2] = block.len() as u8 - 4;
            }
            let _ = terminal.receive(&block);
            prop_assert!(card.receive(&block, |_| Response::normal(vec![1; 99])).len() <= 258);
        }
    }

    #[test]
    fn every_block_comes_back(nad in any::<u8>(), content in content(), check in check()) {
        let block = Block { nad, content };
        prop_assert_eq!(Block::parse(&block.to_bytes(check), check), Ok(block));
    }

    #[test]
    fn a_block_with_a_wrong_octet_is_refused(content in content(), check in check(), at in any::<prop::sample::Index>()) {
        let mut octets = Block { nad: 0, content }.to_bytes(check);
        let at = at.index(octets.len());
        octets[at] ^= 0x10;
        prop_assert!(Block::parse(&octets, check).is_err());
    }
}

fn check() -> impl Strategy<Value = Check> {
    prop_oneof![Just(Check::Lrc), Just(Check::Crc)]
}

fn content() -> impl Strategy<Value = Content> {
    let about = prop_oneof![
        Just(Supervision::Resynch),
        (1u8..=254).prop_map(Supervision::Size),
        Just(Supervision::Abort),
        any::<u8>().prop_map(Supervision::Waiting),
    ];
    let says = prop::sample::select(
        &[Acknowledgement::Good, Acknowledgement::Redundancy, Acknowledgement::Other][..],
    );
    let part = prop::collection::vec(any::<u8>(), 0..=20);
    prop_oneof![
        3 => (any::<bool>(), prop::bool::weighted(0.9), part)
            .prop_map(|(number, more, part)| Content::Information { number, more, part }),
        3 => (any::<bool>(), says).prop_map(|(number, says)| Content::Ready { number, says }),
        1 => about.clone().prop_map(Content::Request),
        1 => about.prop_map(Content::Answer),
    ]
}
