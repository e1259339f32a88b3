//! Orders in any order, doubled and lost, with a phone that does not send and resets: each counts once, and what is owed
//! is sent in the end.

mod host;

use std::collections::BTreeSet;

use host::{Host, named, only};
use oxisim_backup::{
    BlockSet, Configuration, FromServer, Journal, Mode, Outcome, Output, Settings, ToServer, Uploader, Way,
    message::{Abandonment, BackupId, Extent, Source, Start, StartResult},
    security::{KeySet, KeyVersion, Rekey, RekeyResult, check_values},
};
use proptest::{collection::vec, prelude::*, test_runner::FileFailurePersistence::WithSource};

const JOURNAL: Journal = Journal::new(10, 20);

#[derive(Clone, Debug)]
enum Event {
    Configure(u16),
    Start(u16),
    /// Keys of the second version for those of the first.
    Rekey(KeyVersion, KeyVersion),
    Sent(bool),
    Wake,
    Reset,
    Ok,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (1_u16..6).prop_map(Event::Configure),
        (1_u16..6).prop_map(Event::Start),
        (version(), version()).prop_map(|(old, new)| Event::Rekey(old, new)),
        version().prop_map(|old| Event::Rekey(old, old.next())),
        any::<bool>().prop_map(Event::Sent),
        Just(Event::Wake),
        Just(Event::Reset),
        Just(Event::Ok),
    ]
}

fn version() -> impl Strategy<Value = KeyVersion> {
    (1_u8..4).prop_map(|number| KeyVersion::new(number).unwrap())
}

/// A card's keys.
fn keys(version: KeyVersion) -> KeySet {
    let number = version.number();
    KeySet { version, kic: [number; 16], kid: [number | 0x40; 16], kik: [number | 0x80; 16] }
}

/// An uploader, its memory, and what it has said.
struct Bench {
    uploader: Uploader,
    host: Host,
    sent: Vec<ToServer>,
    /// A message that the phone has.
    sending: Option<Vec<u8>>,
    begun: usize,
    /// The last block or question: which backup there is to confirm.
    backup: Option<BackupId>,
}

impl Bench {
    fn new() -> Self {
        let settings = Settings { mode: Mode::Fixed(Way::NORMAL), ..Settings::default() };
        let mut host = Host::new(JOURNAL.size(2_000));
        host.keys = Some(keys(KeyVersion::FIRST));
        Self {
            uploader: Uploader::new(Source::CARD, settings, JOURNAL),
            host,
            sent: Vec::new(),
            sending: None,
            begun: 0,
            backup: None,
        }
    }

    fn take(&mut self, event: &Event) {
        let Self { uploader, host, .. } = self;
        let source = Source::CARD;
        match *event {
            Event::Configure(number) => {
                let subset = Configuration { subset: Some(number), ..Configuration::default() };
                let message = FromServer::Configure { source, number, fields: subset.encode() };
                uploader.handle_message(&message.encode(), host);
            }
            Event::Start(number) => {
                host.contacts = only(named(&format!("Ana {number}")));
                let start = Start { number, extent: Extent::WHOLE, way: None };
                uploader.handle_message(&FromServer::Start { source, start }.encode(), host);
            }
            Event::Rekey(old, new) => {
                let rekey = Rekey::new(&keys(old), &keys(new)).unwrap();
                uploader.handle_message(&FromServer::Rekey(rekey).encode(), host);
            }
            Event::Sent(sent) => {
                let Some(message) = self.sending.take() else { return };
                if sent {
                    self.sent.push(ToServer::decode(&message).unwrap());
                }
                uploader.handle_sent(sent, host);
            }
            Event::Wake => uploader.handle_wake(host),
            Event::Reset => {
                self.sending = None;
                uploader.handle_power_on(host);
            }
            Event::Ok => {
                let digest = self.sent.iter().rev().find_map(|message| match message {
                    ToServer::Blocks(blocks) => blocks.digest,
                    _ => None,
                });
                let Some((backup, digest)) = self.backup.zip(digest) else { return };
                uploader.handle_message(&FromServer::Ok { backup, digest }.encode(), host);
            }
        }
        while let Some(output) = self.uploader.poll_output() {
            match output {
                Output::Send(message) => {
                    assert_eq!(self.sending.replace(message), None, "one message at a time");
                }
                Output::Report(Outcome::Started { .. }) => self.begun += 1,
                Output::Report(Outcome::Failed(failure)) => panic!("{failure}"),
                _ => {}
            }
        }
        if let Some(ToServer::Blocks(blocks)) = self.sent.last() {
            self.backup = Some(blocks.backup);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: Some(Box::new(WithSource("proptest-regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn each_order_counts_once_and_the_last_is_answered(events in vec(event(), 0..60)) {
        let mut bench = Bench::new();
        let (mut configured, mut started) = (0, BTreeSet::new());
        let mut version = KeyVersion::FIRST;
        for event in &events {
            bench.take(event);
            match event {
                Event::Configure(number) => configured = configured.max(*number),
                Event::Start(number) => {
                    started.insert(*number);
                }
                Event::Rekey(old, new) if *old == version && *new == old.next() => version = *new,
                _ => {}
            }
        }
        prop_assert!(bench.host.keys == Some(keys(version)), "the next ones, or those of before");
        prop_assert!(bench.begun <= started.len(), "{} backups of {started:?}", bench.begun);
        // From now on the phone sends: what is owed comes.
        for _ in 0..40 {
            bench.take(&if bench.sending.is_some() { Event::Sent(true) } else { Event::Wake });
            bench.take(&Event::Ok);
        }
        if configured > 0 {
            bench.take(&Event::Configure(configured));
            bench.take(&Event::Sent(true));
            let last = bench.sent.last();
            let taken = ToServer::Configured { source: Source::CARD, number: configured, refused: None };
            prop_assert_eq!(last, Some(&taken));
        }
        for (old, result) in [(version, RekeyResult::DONE), (version.next().next(), RekeyResult::VERSION)] {
            bench.take(&Event::Rekey(old, old.next()));
            bench.take(&Event::Sent(true));
            let check_values = check_values(&keys(version.next())).unwrap();
            let answer = ToServer::Rekeyed { result, version: version.next().number(), check_values };
            prop_assert_eq!(bench.sent.last(), Some(&answer));
        }
        if let Some(&number) = started.last() {
            bench.take(&Event::Start(number));
            bench.take(&Event::Sent(true));
            let said = bench.sent.last().unwrap();
            let is_answer = matches!(
                said,
                ToServer::Started { number: of, result: StartResult::BEGUN | StartResult::RUNNING, .. }
                    if *of == number
            );
            prop_assert!(is_answer, "{said:?}");
        }
    }
}

#[test]
fn who_has_given_up_says_so_when_the_server_asks() {
    let mut bench = Bench::new();
    bench.take(&Event::Start(1));
    // A day of tries for the block, another for the word that there is no backup.
    let tries = (0..1_000).take_while(|_| {
        bench.take(&Event::Sent(false));
        bench.take(&Event::Wake);
        bench.sending.is_some()
    });
    assert_eq!(tries.count(), 2 * 20 - 1);
    let backup = BackupId { source: Source::CARD, generation: 1 };
    let missing = FromServer::Missing { backup, blocks: BlockSet::full(1) };
    bench.uploader.handle_message(&missing.encode(), &mut bench.host);
    let outputs: Vec<Output> = core::iter::from_fn(|| bench.uploader.poll_output()).collect();
    let word = ToServer::Abandoned { backup, reason: Abandonment::NOT_SENT };
    assert_eq!(outputs, [Output::Send(word.encode())]);
}
