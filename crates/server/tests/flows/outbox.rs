//! One message at a time towards each card.

use oxisim_backup::{
    BlockSet, Command, Configuration, DeliveryReport, Digest, FromServer, Order, OrderStep, Outgoing,
    RestoreStep, ToServer, Vault, Way, carriage,
    message::{
        Abandonment, BackupId, Blocks, Extent, MessageType, Refusal, Resumes, Source, Start, StartResult,
    },
};
use oxisim_phonebook::Book;
use oxisim_server::{Account, Direction, LetterStep, Msisdn, Reception, Server, SqliteStore, Store};
use oxisim_sms::packet::CommandPacket;
use oxisim_wire::{Duration, Instant};

use crate::network::{Network, Subscriber, book};

const ANA: &str = "+491511234567";

fn ana() -> Msisdn {
    ANA.parse().unwrap()
}

/// A network whose subscriber has made a backup.
fn network() -> Network {
    let mut network = Network::new([Subscriber::card(ANA, Way::NORMAL, book(39, "Ana"))]);
    network.subscribers[0].start();
    network.run();
    network
}

/// What the server sends at `now`.
fn turn(server: &mut Server<SqliteStore>, now: Instant) -> Vec<Outgoing> {
    server.handle_timeout(now).unwrap();
    std::iter::from_fn(|| server.poll_output()).collect()
}

fn message(outgoing: &Outgoing) -> FromServer {
    FromServer::decode(&CommandPacket::from_user_data(&outgoing.user_data).unwrap().data).unwrap()
}

fn configure(network: &mut Network, subset: u16) {
    let configuration = Configuration { subset: Some(subset), ..Configuration::default() };
    network.server.configure(&ana(), Source::CARD, &configuration, network.now).unwrap();
}

#[test]
fn the_next_message_waits_for_the_report_of_the_last() {
    let mut network = network();
    let now = network.now;
    configure(&mut network, 4);
    let first = turn(&mut network.server, now);
    assert!(matches!(message(&first[0]), FromServer::Configure { number: 1, .. }));
    assert!(network.server.start_restore(&ana(), now).unwrap());
    assert_eq!(turn(&mut network.server, now), []);
    let at = now + Duration::from_secs(5);
    network.server.handle_report(&first[0].to, first[0].reference, DeliveryReport::Delivered, at).unwrap();
    let then = network.server.poll_timeout().unwrap().unwrap();
    let next = turn(&mut network.server, then);
    assert_eq!(next.len(), 1);
    assert!(matches!(message(&next[0]), FromServer::Restore { number: 1, .. }));
    assert!(then.since(now) < Duration::from_secs(20));
    assert_ne!(next[0].reference, first[0].reference);
}

#[test]
fn without_a_report_the_next_goes_when_the_last_is_no_longer_valid() {
    let mut network = network();
    let now = network.now;
    configure(&mut network, 4);
    let first = turn(&mut network.server, now);
    assert!(network.server.start_restore(&ana(), now).unwrap());
    let over = now + first[0].validity;
    for second in 1..first[0].validity.as_secs() {
        assert_eq!(turn(&mut network.server, now + Duration::from_secs(second)), []);
    }
    let next = turn(&mut network.server, over);
    assert_eq!(next.len(), 1, "{next:?}");
    // The report comes late, or for the second time: nothing happens.
    network.server.handle_report(&first[0].to, first[0].reference, DeliveryReport::Delivered, over).unwrap();
    assert_eq!(network.server.poll_output(), None);
}

#[test]
fn a_clock_that_was_ahead_does_not_hold_up_what_comes_after() {
    let mut network = network();
    let now = network.now;
    let ahead = now + Duration::from_mins(365 * 24 * 60);
    configure(&mut network, 4);
    assert_eq!(turn(&mut network.server, ahead).len(), 1);
    network.server.start_backup(&ana(), Source::CARD, Extent::WHOLE, None, now).unwrap();
    let next = turn(&mut network.server, now);
    assert_eq!(next.len(), 1);
    assert!(matches!(message(&next[0]), FromServer::Start { .. }));
}

#[test]
fn a_newer_message_of_the_same_kind_replaces_one_that_waits() {
    let mut network = network();
    let now = network.now;
    assert!(network.server.start_restore(&ana(), now).unwrap());
    let first = turn(&mut network.server, now);
    for subset in 4..=6 {
        configure(&mut network, subset);
        assert_eq!(turn(&mut network.server, now), []);
    }
    network.server.handle_report(&first[0].to, first[0].reference, DeliveryReport::Failed, now).unwrap();
    let next = network.server.poll_output().expect("the last configuration");
    assert!(matches!(message(&next), FromServer::Configure { number: 3, .. }));
    assert_eq!(network.server.poll_output(), None);
    let notes = network.server.store().messages(Some(&ana()), 2).unwrap();
    assert_eq!(notes[0].direction, Direction::Out);
    assert!(notes[1].summary.starts_with("not delivered"), "{notes:?}");
}

#[test]
fn what_waits_survives_a_restart() {
    let mut network = network();
    let now = network.now;
    assert!(network.server.start_restore(&ana(), now).unwrap());
    let first = turn(&mut network.server, now);
    configure(&mut network, 4);
    assert_eq!(turn(&mut network.server, now), []);
    network.restart();
    assert_eq!(turn(&mut network.server, now), []);
    network.server.handle_report(&first[0].to, first[0].reference, DeliveryReport::Delivered, now).unwrap();
    let next = network.server.poll_output().expect("it is in the store");
    assert!(matches!(message(&next), FromServer::Configure { .. }));
}

#[test]
fn the_answer_of_the_card_is_as_good_as_a_report() {
    let mut network = network();
    network.reports = false;
    let begin = network.now;
    configure(&mut network, 4);
    network.run();
    configure(&mut network, 5);
    network.run();
    let order = network.server.order_status(&ana(), Source::CARD, MessageType::CONFIGURE).unwrap().unwrap();
    assert_eq!((order.number, order.said), (2, 1));
    assert!(network.now.since(begin) < Duration::from_mins(1), "neither has waited for the end of the other");
}

/// Whether a message of the card ends the wait for this one, which is on its way to it.
fn ends(message: &ToServer, letter: &FromServer) -> bool {
    let mut network = Network::new([]);
    let now = network.now;
    let taken = |network: &mut Network, message: &ToServer| {
        let user_data = carriage::wrap(Source::CARD, 1, message.encode()).unwrap();
        let reception = network.server.handle_deliver(&ana().address(), &user_data, now).unwrap();
        assert!(matches!(reception, Reception::Taken { .. }), "{reception:?}");
    };
    // The server knows generation 7, and has said order 5 to start.
    taken(&mut network, &blocks(7, 1));
    let valid = now + Duration::from_mins(5);
    let start = Order {
        source: Source::CARD,
        number: 5,
        command: Command::Start { extent: Extent::WHOLE, way: None },
        due: Some(valid),
        said: 1,
        step: OrderStep::Pending,
    };
    let put = |account: &mut <SqliteStore as Store>::Account<'_>| {
        account.put_order(&start)?;
        account.add_letter(Source::CARD, &letter.encode())?;
        let id = account.letters(Source::CARD)?[0].id;
        account.set_letter(id, LetterStep::Given { valid })
    };
    network.server.store().subscriber(&ana(), put).unwrap();
    taken(&mut network, message);
    let step = LetterStep::Given { valid };
    let letters = |account: &mut <SqliteStore as Store>::Account<'_>| account.letters(Source::CARD);
    let left = network.server.store().subscriber(&ana(), letters).unwrap();
    !left.iter().any(|one| one.step == step && one.octets == letter.encode())
}

const fn card(generation: u16) -> BackupId {
    BackupId { source: Source::CARD, generation }
}

fn blocks(generation: u16, number: u16) -> ToServer {
    ToServer::Blocks(Blocks {
        backup: card(generation),
        base_distance: 0,
        total: 3,
        first: number,
        blocks: vec![vec![0x0E, 0x80, 0x01]],
        resumes: Resumes::UPLOADER,
        delay: None,
        digest: None,
    })
}

#[test]
fn only_what_is_not_older_than_a_message_ends_the_wait_for_it() {
    let digest = Digest([7; 8]);
    let query = |generation| ToServer::Query { backup: card(generation), base_distance: 0, total: 3, digest };
    let gave_up =
        |generation| ToServer::Abandoned { backup: card(generation), reason: Abandonment::NOT_SENT };
    let missing = FromServer::Missing { backup: card(7), blocks: BlockSet::full(3) };
    let refused = |generation| FromServer::Refused {
        backup: card(generation),
        reason: Refusal::BASE_UNKNOWN,
        latest: generation,
    };
    assert!(ends(&blocks(7, 2), &missing));
    assert!(ends(&query(7), &missing) && ends(&query(8), &missing) && ends(&gave_up(7), &missing));
    assert!(ends(&query(7), &FromServer::Ok { backup: card(7), digest }));
    for old in [blocks(6, 2), query(6), gave_up(6)] {
        assert!(!ends(&old, &refused(7)), "{old:?}");
    }
    assert!(!ends(&blocks(0xFFFF, 1), &missing), "generations wrap");

    let configure = FromServer::Configure { source: Source::CARD, number: 5, fields: Vec::new() };
    let configured = |number| ToServer::Configured { source: Source::CARD, number, refused: None };
    assert!(!ends(&configured(4), &configure));
    assert!(ends(&configured(5), &configure) && ends(&configured(6), &configure));

    let start = Start { number: 5, extent: Extent::WHOLE, way: None };
    let start = FromServer::Start { source: Source::CARD, start };
    let result = StartResult::RUNNING;
    let started = |number| ToServer::Started { source: Source::CARD, number, result, generation: 7 };
    assert!(!ends(&started(4), &start));
    assert!(ends(&started(5), &start));
    assert!(!ends(&blocks(7, 2), &start), "it is of the backup before");
    assert!(ends(&blocks(8, 1), &start), "it has begun");

    let block =
        |number| FromServer::Restore { generation: 3, total: 4, number, block: vec![0x0E, 0x80, 0x01] };
    let restored = |generation, still: u16| {
        let mut missing = BlockSet::empty(4);
        missing.insert(still);
        ToServer::Restored { generation, missing, digest: Digest([0; 8]) }
    };
    assert!(ends(&restored(3, 2), &block(4)));
    assert!(!ends(&restored(3, 2), &block(2)), "it was said before the block came");
    assert!(!ends(&restored(2, 1), &block(4)), "it is about the restore before");
}

#[test]
fn a_restore_has_one_message_on_its_way_at_a_time() {
    for reports in [true, false] {
        let mut network = network();
        network.reports = reports;
        let generation = network.server.last_generation(&ana(), Source::CARD).unwrap().unwrap();
        let backed_up = network.held();
        network.subscribers[0] = Subscriber::card(ANA, Way::NORMAL, Book::default());
        network.subscribers[0].personalise(generation);
        let before = network.downlink.len();
        assert!(network.server.start_restore(&ana(), network.now).unwrap());
        network.run();
        let status = network.server.restore_status(&ana()).unwrap().unwrap();
        assert_eq!(status.step, RestoreStep::Complete { equal: true });
        assert_eq!(network.subscribers[0].memory.book, backed_up);
        let sent = &network.downlink[before..];
        let least = if reports { Duration::from_secs(6) } else { sent[0].1.validity };
        for pair in sent.windows(2) {
            assert!(pair[1].0.since(pair[0].0) >= least, "reports {reports}");
        }
    }
}
