//! The uploader against a small model of the protocol: which blocks are to be sent, and what it waits for. The phone sends or
//! does not, times pass, the server asks for blocks again, its word comes at any time, and power is lost between any two.

mod host;

use std::collections::BTreeSet;

use host::{Host, named};
use oxisim_backup::{
    BlockSet, Digest, FromServer, Journal, Mode, Outcome, Output, Settings, ToServer, Trigger, Uploader,
    Wake, Way,
    message::{BackupId, Source},
};
use oxisim_phonebook::Book;
use proptest::{
    prelude::*, sample::subsequence, strategy::Union, test_runner::FileFailurePersistence::WithSource,
};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

/// Contacts, each in a block of its own, and blocks before a pause.
const TOTAL: u16 = 5;
const SUBSET: u16 = 2;

const JOURNAL: Journal = Journal::new(10, 20);
const BACKUP: BackupId = BackupId { source: Source::CARD, generation: 1 };

#[derive(Clone, Debug)]
enum Step {
    /// The user asks for a backup.
    Ask,
    /// The phone has sent what it was given, or has not.
    Sent(bool),
    /// The time has passed for which the uploader wanted to be woken.
    Wake,
    /// The server asks for blocks.
    Missing(BTreeSet<u16>),
    /// The server has all of it; or of another backup.
    Ok { is_this: bool },
    /// Power is lost, and comes back.
    Reset,
}

/// How the backup stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It has not begun.
    New,
    /// So many blocks may go before the next pause.
    Sending(u16),
    Pausing,
    /// All is sent.
    Waiting,
    Complete,
}

/// What the phone has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    Block(u16),
    Query,
}

#[derive(Clone, Debug)]
struct Model {
    phase: Phase,
    todo: BTreeSet<u16>,
    /// The server is to be asked what is missing.
    owes_query: bool,
    sending: Option<Message>,
    /// Times that the phone has not sent.
    retries: u8,
    is_retrying: bool,
    /// Times that the server was asked.
    asked: u8,
}

impl Model {
    /// Sends what is to be sent, unless something is on its way.
    fn go_on(&mut self) {
        if self.sending.is_some() {
            return;
        }
        self.sending = match self.phase {
            _ if self.owes_query => Some(Message::Query),
            Phase::Sending(_) => self.todo.first().map(|first| Message::Block(*first)),
            _ => None,
        };
        self.is_retrying &= self.sending.is_none();
    }

    const fn waits(&self) -> bool {
        self.sending.is_none() && (self.is_retrying || matches!(self.phase, Phase::Pausing | Phase::Waiting))
    }

    fn sent(&mut self, message: Message) {
        self.retries = 0;
        match message {
            Message::Query => {
                self.owes_query = false;
                if let Phase::Sending(left) = self.phase {
                    self.phase = Phase::Sending((left - 1).max(1));
                }
            }
            Message::Block(number) => {
                if let Phase::Sending(left) = self.phase {
                    self.todo.remove(&number);
                    self.phase = match left - 1 {
                        _ if self.todo.is_empty() => Phase::Waiting,
                        0 => Phase::Pausing,
                        left => Phase::Sending(left),
                    };
                    if self.phase == Phase::Waiting {
                        self.asked = 0;
                    }
                }
            }
        }
    }

    fn woken(&mut self) {
        if std::mem::take(&mut self.is_retrying) {
            self.retries += 1;
        } else if self.phase == Phase::Pausing {
            self.phase = Phase::Sending(SUBSET);
        } else {
            self.asked += 1;
            self.owes_query = true;
        }
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self {
            phase: Phase::New,
            todo: BTreeSet::new(),
            owes_query: false,
            sending: None,
            retries: 0,
            is_retrying: false,
            asked: 0,
        })
        .boxed()
    }

    fn transitions(model: &Self) -> BoxedStrategy<Step> {
        let blocks = subsequence((1..=TOTAL).collect::<Vec<_>>(), 1..=usize::from(TOTAL));
        let mut steps = vec![
            (2, Just(Step::Ask).boxed()),
            (2, blocks.prop_map(|blocks| Step::Missing(blocks.into_iter().collect())).boxed()),
            (1, any::<bool>().prop_map(|is_this| Step::Ok { is_this }).boxed()),
            (1, Just(Step::Reset).boxed()),
        ];
        if model.sending.is_some() {
            steps.push((8, prop::bool::weighted(0.8).prop_map(Step::Sent).boxed()));
        }
        if model.waits() {
            steps.push((4, Just(Step::Wake).boxed()));
        }
        Union::new_weighted(steps).boxed()
    }

    /// The phone and the time do only what they were asked to; a backup is given up for neither here.
    fn preconditions(model: &Self, step: &Step) -> bool {
        match step {
            Step::Sent(sent) => model.sending.is_some() && (*sent || model.retries < 2),
            Step::Wake => model.waits() && model.asked < 10,
            Step::Ask | Step::Missing(_) | Step::Ok { .. } | Step::Reset => true,
        }
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        match step {
            Step::Ask if model.phase == Phase::New => {
                model.phase = Phase::Sending(SUBSET);
                model.todo = (1..=TOTAL).collect();
                model.go_on();
            }
            // Nothing has changed, and nothing is to be tried again.
            Step::Ask if model.phase == Phase::Complete => model.is_retrying = false,
            // The user may know that there is service again.
            Step::Ask if model.is_retrying => model.go_on(),
            Step::Ask => {}
            Step::Sent(sent) => {
                let message = model.sending.take();
                match message {
                    Some(message) if *sent => {
                        model.sent(message);
                        model.go_on();
                    }
                    _ => model.is_retrying = true,
                }
            }
            Step::Wake => {
                model.woken();
                model.go_on();
            }
            Step::Missing(blocks) => {
                if matches!(model.phase, Phase::New | Phase::Complete) {
                    return model;
                }
                model.todo.extend(blocks);
                model.owes_query = false;
                if model.phase == Phase::Waiting {
                    model.phase = Phase::Sending(SUBSET);
                }
                if model.phase != Phase::Pausing {
                    model.go_on();
                }
            }
            Step::Ok { is_this } => {
                if *is_this && !matches!(model.phase, Phase::New | Phase::Complete) {
                    model.phase = Phase::Complete;
                    model.owes_query = false;
                    model.is_retrying = false;
                }
                // Where a message comes from, one may go to.
                if model.owes_query {
                    model.go_on();
                }
            }
            Step::Reset => {
                model.sending = None;
                model.is_retrying = false;
                model.go_on();
            }
        }
        model
    }
}

struct Bench {
    uploader: Uploader,
    host: Host,
    /// What the phone has.
    sending: Option<ToServer>,
    /// Whether a time was asked for last.
    waits: bool,
    outcomes: Vec<Outcome>,
}

fn uploader() -> Uploader {
    let settings = Settings {
        mode: Mode::Fixed(Way::TIMER),
        subset: SUBSET,
        contacts_per_block: 1,
        ..Settings::default()
    };
    Uploader::new(Source::CARD, settings, JOURNAL)
}

fn contacts() -> Book {
    (1..=TOTAL).map(|slot| (slot, named(&format!("Ana {slot}")))).collect()
}

impl Bench {
    fn drain(&mut self) {
        while let Some(output) = self.uploader.poll_output() {
            match output {
                Output::Send(message) => {
                    assert_eq!(self.sending, None, "one message at a time");
                    self.sending = Some(ToServer::decode(&message).unwrap());
                    self.waits = false;
                }
                Output::Wake { why, way, .. } => {
                    assert_eq!(way, Way::TIMER);
                    assert_ne!(why, Wake::Interval, "no interval is set");
                    self.waits = true;
                }
                Output::Sleep => self.waits = false,
                Output::Ask(_) => panic!("the way is fixed"),
                Output::Report(outcome) => self.outcomes.push(outcome),
            }
        }
    }
}

struct Real;

impl StateMachineTest for Real {
    type SystemUnderTest = Bench;
    type Reference = Model;

    fn init_test(_: &Model) -> Bench {
        let mut host = Host::new(JOURNAL.size(500));
        host.contacts = contacts();
        let mut bench =
            Bench { uploader: uploader(), host, sending: None, waits: false, outcomes: Vec::new() };
        bench.uploader.handle_power_on(&mut bench.host);
        bench.drain();
        bench
    }

    fn apply(mut bench: Bench, model: &Model, step: Step) -> Bench {
        let Bench { uploader: machine, host, sending, waits, .. } = &mut bench;
        match &step {
            Step::Ask => machine.start(Trigger::User, host),
            Step::Sent(sent) => {
                *sending = None;
                machine.handle_sent(*sent, host);
            }
            Step::Wake => {
                *waits = false;
                machine.handle_wake(host);
            }
            Step::Missing(blocks) => {
                let mut set = BlockSet::empty(TOTAL);
                for block in blocks {
                    set.insert(*block);
                }
                machine.handle_message(&FromServer::Missing { backup: BACKUP, blocks: set }.encode(), host);
            }
            Step::Ok { is_this } => {
                let generation = if *is_this { 1 } else { 2 };
                let backup = BackupId { generation, ..BACKUP };
                machine.handle_message(
                    &FromServer::Ok { backup, digest: Digest::of(&contacts()) }.encode(),
                    host,
                );
            }
            Step::Reset => {
                *machine = uploader();
                machine.handle_power_on(host);
                (*sending, *waits) = (None, false);
            }
        }
        bench.drain();
        let is_new = |outcome: &Outcome| bench.outcomes.iter().filter(|other| *other == outcome).count();
        let has_begun = model.phase != Phase::New;
        assert_eq!(is_new(&Outcome::Started { blocks: TOTAL }), usize::from(has_begun), "{step:?}");
        let has_ended = model.phase == Phase::Complete;
        assert_eq!(is_new(&Outcome::Complete), usize::from(has_ended), "it ends once: {step:?}");
        bench
    }

    fn check_invariants(bench: &Bench, model: &Model) {
        let sending = bench.sending.as_ref().map(|message| match message {
            ToServer::Blocks(blocks) => {
                assert_eq!((blocks.backup, blocks.total, blocks.blocks.len()), (BACKUP, TOTAL, 1));
                Message::Block(blocks.first)
            }
            ToServer::Query { backup: BACKUP, .. } => Message::Query,
            other => panic!("{other:?}"),
        });
        assert_eq!(sending, model.sending, "{model:?}");
        assert_eq!(bench.waits, model.waits(), "{model:?}");
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: Some(Box::new(WithSource("proptest-regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_uploader_sends_and_waits_as_the_model_does(sequential 1..40 => Real);
}
