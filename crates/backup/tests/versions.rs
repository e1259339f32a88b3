//! What is not spoken is answered once, and no answer is answered.

mod host;

use host::Host;
use oxisim_backup::{
    FromServer, Journal, MemoryVault, Outcome, Output, Receiver, Settings, ToServer, Trigger, Uploader,
    message::{Source, Unspoken},
};
use oxisim_wire::Instant;
use proptest::{collection::vec, prelude::*, test_runner::FileFailurePersistence::WithSource};

const JOURNAL: Journal = Journal::new(10, 20);

fn uploader() -> (Uploader, Host) {
    let uploader = Uploader::new(Source::CARD, Settings::default(), JOURNAL);
    (uploader, Host::new(JOURNAL.size(2_000)))
}

/// What the uploader sends, each message at once.
fn sends(uploader: &mut Uploader, host: &mut Host) -> Vec<Vec<u8>> {
    let mut sent = Vec::new();
    while let Some(output) = uploader.poll_output() {
        if let Output::Send(message) = output {
            sent.push(message);
            uploader.handle_sent(true, host);
        }
    }
    sent
}

fn answers(vault: &mut MemoryVault, message: &[u8]) -> Vec<Vec<u8>> {
    let answer = Receiver::default().receive(vault, Source::CARD, message, Instant::EPOCH, 0);
    answer.map_or_else(|_| Vec::new(), |answer| answer.messages.iter().map(FromServer::encode).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: Some(Box::new(WithSource("proptest-regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn another_version_is_answered_with_those_that_are_spoken(
        version in 2_u8..8,
        kind in 0_u8..32,
        rest in vec(any::<u8>(), 0..100),
    ) {
        let octet = version << 5 | kind;
        let message = [&[octet], &rest[..]].concat();
        let unspoken = Unspoken { source: Source::CARD, octet, versions: 0x02 };
        let (mut uploader, mut host) = uploader();
        uploader.handle_message(&message, &mut host);
        let up = sends(&mut uploader, &mut host);
        prop_assert_eq!(&up, &[ToServer::Unspoken(unspoken).encode()]);
        let mut vault = MemoryVault::default();
        let down = answers(&mut vault, &message);
        prop_assert_eq!(&down, &[FromServer::Unspoken(unspoken).encode()]);
        // Neither answer is answered.
        prop_assert!(answers(&mut vault, &up[0]).is_empty());
        uploader.handle_message(&down[0], &mut host);
        prop_assert!(sends(&mut uploader, &mut host).is_empty());
    }

    #[test]
    fn a_conversation_that_begins_with_anything_ends(begin in vec(any::<u8>(), 0..100)) {
        let (mut uploader, mut host) = uploader();
        let mut vault = MemoryVault::default();
        let mut to_card = vec![begin.clone()];
        let mut to_server = vec![begin];
        for round in 0..10 {
            let mut next = Vec::new();
            for message in to_card.drain(..) {
                uploader.handle_message(&message, &mut host);
                next.extend(sends(&mut uploader, &mut host));
            }
            to_card.extend(to_server.drain(..).flat_map(|message| answers(&mut vault, &message)));
            to_server = next;
            if to_card.is_empty() && to_server.is_empty() {
                return Ok(());
            }
            prop_assert!(round < 9, "{to_card:02X?} {to_server:02X?}");
        }
    }
}

#[test]
fn a_backup_that_the_server_does_not_understand_ends_and_the_user_knows_why() {
    let (mut uploader, mut host) = uploader();
    uploader.start(Trigger::User, &mut host);
    assert!(!sends(&mut uploader, &mut host).is_empty());
    let answer = Unspoken { source: Source::CARD, octet: 0x21, versions: 0x04 };
    uploader.handle_message(&FromServer::Unspoken(answer).encode(), &mut host);
    let outputs: Vec<Output> = core::iter::from_fn(|| uploader.poll_output()).collect();
    assert!(outputs.contains(&Output::Report(Outcome::Unspoken)), "{outputs:?}");
    uploader.handle_power_on(&mut host);
    assert!(sends(&mut uploader, &mut host).is_empty(), "it is over");
}

#[test]
fn an_unknown_type_of_the_version_that_is_spoken_is_answered_too() {
    let (mut uploader, mut host) = uploader();
    uploader.handle_message(&[0x3E, 0, 0], &mut host);
    assert_eq!(sends(&mut uploader, &mut host), [[0x0F, 0x00, 0x3E, 0x02]]);
    assert_eq!(answers(&mut MemoryVault::default(), &[0x2A]), [[0x1F, 0x00, 0x2A, 0x02]]);
}
