//! A card that opens channels, in a world with hosts and peers, under virtual time.

use std::{collections::VecDeque, convert::Infallible};

use oxisim_backup::{DeliveryReport, Esme, Outgoing, Way};
use oxisim_sms::{Address, UserData};
use oxisim_terminal::{Config, Terminal, Transport};
use oxisim_wire::{Duration, Instant};
use oxisim_world::{Bearer, Host, Peer, Reply, Setup, Slot, User, VisitState, World};

const START: Instant = Instant::from_secs(1_767_600_000);

/// Data available, channel status.
const EVENTS: Step = Step::Asks("D00D8103010500820281829902090A");

/// What a card does next.
enum Step {
    /// It asks for this.
    Asks(&'static str),
    /// It waits for an envelope with this.
    Waits(&'static str),
}

/// A card without files that does one step after another.
struct Card {
    steps: VecDeque<Step>,
    /// What it has been answered, and when; from the result on.
    answers: Vec<(Duration, String)>,
    /// What it has been told while it did not wait for it.
    unexpected: Vec<String>,
}

impl Card {
    fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), answers: Vec::new(), unexpected: Vec::new() }
    }

    /// The status word: with an announcement, if the next step is a command.
    fn status(&self) -> String {
        match self.steps.front() {
            Some(Step::Asks(command)) => format!("91{:02X}", command.len() / 2),
            Some(Step::Waits(_)) | None => "9000".into(),
        }
    }

    fn answer(&mut self, now: Instant, command: &str) -> String {
        match &command[..4] {
            "8010" | "80F2" => self.status(),
            "8012" => match self.steps.pop_front() {
                Some(Step::Asks(command)) => format!("{command}9000"),
                _ => panic!("nothing was announced"),
            },
            "8014" => {
                self.answers.push((now.since(START), command[10 + 18..].into()));
                self.status()
            }
            "80C2" => {
                match self.steps.front() {
                    Some(Step::Waits(what)) if command.ends_with(what) => drop(self.steps.pop_front()),
                    _ => self.unexpected.push(command.into()),
                }
                self.status()
            }
            _ => "6A82".into(),
        }
    }
}

impl Slot for Card {
    fn power_on(&mut self, _: Instant) -> Option<Vec<u8>> {
        Some(vec![0x3B, 0x00])
    }

    fn exchange(&mut self, now: Instant, command: &[u8]) -> Option<Vec<u8>> {
        hex::decode(self.answer(now, &hex::encode_upper(command))).ok()
    }

    fn power_off(&mut self) {}

    fn backup(&self) -> Option<Option<Way>> {
        None
    }
}

/// A server that nobody needs.
struct Nobody;

impl Esme for Nobody {
    type Error = Infallible;

    fn handle_message(&mut self, _: &Address, _: &UserData, _: Instant) -> Result<(), Infallible> {
        Ok(())
    }

    fn handle_report(
        &mut self,
        _: &Address,
        _: u64,
        _: DeliveryReport,
        _: Instant,
    ) -> Result<(), Self::Error> {
        Ok(())
    }

    fn handle_timeout(&mut self, _: Instant) -> Result<(), Infallible> {
        Ok(())
    }

    fn poll_timeout(&mut self) -> Result<Option<Instant>, Infallible> {
        Ok(None)
    }

    fn poll_output(&mut self) -> Option<Outgoing> {
        None
    }
}

fn world(steps: impl IntoIterator<Item = Step>) -> World<Nobody, Card> {
    let setup = Setup {
        card: Card::new(steps),
        terminal: Terminal::new(Config::default()),
        application: None,
        subscriber: "+15550100001".parse().unwrap(),
        server: "+15550199999".parse().unwrap(),
        keys: None,
        bearer: Bearer::ideal(),
        user: User::default(),
        start: START,
        seed: 1,
    };
    World::new(setup, Nobody)
}

/// Switches the phone on and lets the card do all it wants; what it was answered.
fn answers(world: &mut World<Nobody, Card>) -> Vec<&str> {
    let Ok(_) = world.switch_on();
    let Ok(done) = world.run_until(Duration::from_mins(10), |world| world.card.steps.is_empty());
    assert!(done, "{:?}", world.card.answers);
    // The answer to the last.
    let Ok(_) = world.run_until(Duration::from_mins(2), |_| false);
    assert_eq!(world.card.unexpected, Vec::<String>::new());
    world.card.answers.iter().map(|(_, answer)| &answer[..]).collect()
}

#[test]
fn a_card_asks_a_host_and_reads_the_answer_in_pieces_after_a_round_trip() {
    let mut world = world([
        EVENTS,
        // TCP to 192.0.2.1, port 80, with a buffer of 4 octets.
        Step::Asks("D01C810301400182028182350103390200043C030200503E0521C0000201"),
        Step::Asks("D00E8103014301820281213603474554"),
        Step::Waits("B8028100B70104"),
        Step::Asks("D00C810301420082028121370104"),
        // The buffer was full: the rest has waited for it to be emptied.
        Step::Waits("B8028100B70102"),
        Step::Asks("D00C810301420082028121370104"),
    ]);
    let host = "192.0.2.1".parse().unwrap();
    let reply = Reply::Each(vec![(b"GET".to_vec(), vec![1, 2, 3, 4, 5, 6])]);
    world.internet.hosts.insert((Transport::Tcp, host, 80), Host::that(reply));
    world.internet.latency = Duration::from_secs(5);
    assert_eq!(
        answers(&mut world),
        [
            "830100",
            "830100B8028100B50103B9020004",
            "830100B70104",
            "830100B60401020304B70100",
            "830102B6020506B70100",
        ]
    );
    let at = |answer: usize| world.card.answers[answer].0.as_secs_f64();
    assert!((10.0..11.0).contains(&(at(1) - at(0))), "connecting is a round trip");
    assert!((10.0..11.0).contains(&(at(3) - at(2))), "an answer is another");
    assert!(at(4) - at(3) < 1.0, "what has come waits for the card only");
}

#[test]
fn a_card_sends_datagrams_to_a_host_that_echoes_them() {
    let mut world = world([
        EVENTS,
        Step::Asks("D01C810301400182028182350103390203E83C030100073E0521C0000201"),
        Step::Asks("D00D81030143018202812136020102"),
        Step::Waits("B8028100B70102"),
        Step::Asks("D00C810301420082028121370102"),
    ]);
    let host = "192.0.2.1".parse().unwrap();
    world.internet.hosts.insert((Transport::Udp, host, 7), Host::that(Reply::Echo));
    assert_eq!(answers(&mut world)[3], "830100B6020102B70100");
}

#[test]
fn a_host_that_is_not_there_is_not_reached_in_the_end() {
    let mut world = world([Step::Asks("D01C810301400182028182350103390203E83C030200093E0521C0000201")]);
    world.internet.patience = Duration::from_secs(75);
    assert_eq!(answers(&mut world), ["83023A07B50103B90203E8"]);
    assert!(world.card.answers[0].0 >= Duration::from_secs(75));
}

#[test]
fn peers_connect_to_a_card_that_listens_and_find_it_again() {
    let mut world = world([
        EVENTS,
        // TCP, server on port 80.
        Step::Asks("D012810301400082028182390203E83C03030050"),
        Step::Waits("B8028100"),
        Step::Waits("B8028100B70102"),
        Step::Asks("D00C810301420082028121370102"),
        Step::Asks("D00E81030143018202812136030A0B0C"),
        Step::Waits("B8024100"),
        Step::Waits("B8028100"),
        Step::Waits("B8028100B70101"),
        Step::Asks("D00C810301420082028121370101"),
        // The connection is closed, and then the port.
        Step::Asks("D009810301410182028121"),
        Step::Asks("D009810301440082028182"),
        Step::Asks("D009810301410082028121"),
    ]);
    let peer = |sends, leaves_after| Peer { port: 80, sends, leaves_after };
    world.internet.connect(START + Duration::from_secs(60), peer(vec![1, 2], Some(3)));
    world.internet.connect(START + Duration::from_secs(120), peer(vec![3], None));
    world.internet.connect(START + Duration::from_secs(180), peer(vec![4], None));
    assert_eq!(
        answers(&mut world),
        [
            "830100",
            "830100B8024100B90203E8",
            "830100B6020102B70100",
            "830100B701FF",
            "830100B60103B70100",
            "830100",
            "830100B8024100",
            "830100",
        ]
    );
    let visits: Vec<_> =
        world.internet.visits.iter().map(|visit| (visit.state, &visit.received[..])).collect();
    assert_eq!(
        visits,
        [(VisitState::Left, &[0x0A, 0x0B, 0x0C][..]), (VisitState::Closed, &[]), (VisitState::Refused, &[]),]
    );
}
