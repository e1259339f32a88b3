//! The machine with phones and ESMEs that answer as the tests say.

use oxisim_sms::{
    ProtocolIdentifier,
    rp::{Acknowledgement, Cause, Data, Failure, MobileOriginated, MobileTerminated},
    tpdu::{self, DeliverReport, FailureCause, Submit},
};
use oxisim_wire::Wire;

use super::*;
use crate::Chance;

const START: Instant = Instant::from_secs(1_000_000);

struct Bench {
    centre: Centre,
    now: Instant,
    events: Vec<Event>,
}

/// What has come to a phone or an ESME.
#[derive(Debug)]
enum Came {
    Rpdu(Number, MobileTerminated),
    Content(String, u64, Content),
    Alert(String, Number),
}

fn number(text: &str) -> Number {
    text.parse().unwrap()
}

fn phone() -> Number {
    number("+15550100001")
}

fn other() -> Number {
    number("+15550100002")
}

fn settings() -> Settings {
    let mut settings = Settings::new("+15550100000".parse().unwrap());
    settings.routes = vec!["+15550199999=backup".parse().unwrap()];
    settings
}

fn submission(text: &str) -> Submission {
    let message = Message {
        from: "+15550199999".parse().unwrap(),
        to: phone().address().clone(),
        protocol: ProtocolIdentifier::DEFAULT,
        user_data: UserData::from_text(text).unwrap(),
    };
    Submission {
        message,
        service_type: String::new(),
        begins: None,
        expires: None,
        wanted: RegisteredDelivery::FINAL,
        reference: Some(77),
    }
}

impl Bench {
    fn new(settings: Settings) -> Self {
        Self { centre: Centre::new(settings, 1), now: START, events: Vec::new() }
    }

    fn esme_submits(&mut self, text: &str) -> u64 {
        self.centre.submit("backup", submission(text), self.now).unwrap()
    }

    fn attach(&mut self, number: &Number) {
        self.centre.handle_attached(number, self.now);
    }

    fn phone_sends(&mut self, from: &Number, to: &str, status_report: bool) -> MobileTerminated {
        let user_data = UserData::from_text("hello").unwrap();
        let submit = Submit::new(to.parse().unwrap(), ProtocolIdentifier::DEFAULT, user_data);
        let submit = Submit { status_report, reference: 5, ..submit };
        self.rpdu(
            from,
            &MobileOriginated::Data(Data { reference: 9, service_centre: None, tpdu: submit.encode() }),
        );
        let Came::Rpdu(to, answer) = self.comes() else { panic!("an answer") };
        assert_eq!(&to, from);
        answer
    }

    fn rpdu(&mut self, from: &Number, rpdu: &MobileOriginated) {
        self.centre.handle_rpdu(from, &rpdu.encode(), self.now);
    }

    /// The next thing that comes to somebody.
    #[track_caller]
    fn comes(&mut self) -> Came {
        self.perhaps().expect("something comes")
    }

    fn perhaps(&mut self) -> Option<Came> {
        loop {
            match self.centre.poll_output()? {
                Output::Event(event) => self.events.push(event),
                Output::ToPhone { number, rpdu } => return Some(Came::Rpdu(number, rpdu)),
                Output::ToEsme { system_id, delivery, content } => {
                    return Some(Came::Content(system_id, delivery, content));
                }
                Output::Alert { system_id, number } => return Some(Came::Alert(system_id, number)),
            }
        }
    }

    #[track_caller]
    fn nothing_comes(&mut self) {
        if let Some(came) = self.perhaps() {
            panic!("{came:?}");
        }
    }

    /// The RP-DATA that comes to the phone: its reference and its text.
    #[track_caller]
    fn delivered(&mut self) -> (u8, String) {
        let Came::Rpdu(_, MobileTerminated::Data(data)) = self.comes() else { panic!("RP-DATA") };
        let Ok(tpdu::MobileTerminated::Deliver(deliver)) = tpdu::MobileTerminated::decode(&data.tpdu, "TPDU")
        else {
            panic!("an SMS-DELIVER")
        };
        (data.reference, deliver.user_data.text())
    }

    fn takes(&mut self, reference: u8) {
        let tpdu = Some(DeliverReport::acknowledged().encode());
        self.rpdu(&phone(), &MobileOriginated::Ack(Acknowledgement { reference, tpdu }));
    }

    fn refuses(&mut self, reference: u8, cause: Cause, report: Option<FailureCause>) {
        let tpdu = report.map(|cause| DeliverReport::refused(cause).encode());
        self.rpdu(&phone(), &MobileOriginated::Error(Failure::new(reference, cause, tpdu)));
    }

    /// Time passes until the next timer.
    fn pass(&mut self) -> Duration {
        let at = self.centre.poll_timeout().expect("a timer");
        let span = at.since(self.now);
        self.now = self.now.max(at);
        self.centre.handle_timeout(self.now);
        span
    }

    #[track_caller]
    fn receipt(&mut self) -> Receipt {
        let Came::Content(system_id, delivery, Content::Receipt(receipt)) = self.comes() else {
            panic!("a receipt")
        };
        assert_eq!(system_id, "backup");
        self.centre.handle_answer(delivery, Answer::Taken, self.now);
        receipt
    }
}

#[test]
fn a_message_waits_for_its_phone_and_its_sender_hears_that_the_phone_is_there() {
    let mut bench = Bench::new(settings());
    bench.centre.handle_bound("backup", START);
    let id = bench.esme_submits("one");
    bench.nothing_comes();
    bench.attach(&phone());
    let Came::Alert(system_id, there) = bench.comes() else { panic!("an alert") };
    assert_eq!((system_id.as_str(), there), ("backup", phone()));
    let (reference, text) = bench.delivered();
    assert_eq!(text, "one");
    bench.now = bench.now + Duration::from_secs(3);
    bench.takes(reference);
    let receipt = bench.receipt();
    assert_eq!((receipt.id, receipt.status, receipt.reference), (id, Status::RECEIVED, Some(77)));
    assert_eq!(receipt.done.since(receipt.submitted), Duration::from_secs(3));
    assert_eq!((bench.centre.count(), bench.centre.poll_timeout()), (0, None));
    bench.attach(&phone());
    bench.nothing_comes();
}

#[test]
fn a_phone_gets_one_message_at_a_time_in_their_order() {
    let mut bench = Bench::new(settings());
    bench.attach(&phone());
    for text in ["one", "two", "three"] {
        bench.esme_submits(text);
    }
    for expected in ["one", "two", "three"] {
        let (reference, text) = bench.delivered();
        assert_eq!(text, expected);
        bench.nothing_comes();
        bench.takes(reference);
    }
}

#[test]
fn what_passes_is_tried_again_after_longer_and_longer_and_the_rest_is_given_up() {
    let mut bench = Bench::new(settings());
    bench.attach(&phone());
    bench.esme_submits("one");
    for seconds in [5, 10, 20] {
        let (reference, _) = bench.delivered();
        bench.refuses(reference, Cause::PROTOCOL_ERROR, Some(FailureCause::TOOLKIT_BUSY));
        bench.nothing_comes();
        assert_eq!(bench.pass(), Duration::from_secs(seconds));
    }
    let (reference, _) = bench.delivered();
    bench.refuses(reference, Cause::PROTOCOL_ERROR, Some(FailureCause::DATA_DOWNLOAD_ERROR));
    bench.centre.handle_bound("backup", bench.now);
    assert_eq!(bench.receipt().status, Status::CONNECTION_REJECTED);
    assert_eq!(bench.centre.count(), 0);
}

#[test]
fn room_for_messages_brings_what_did_not_fit_and_tells_its_sender() {
    let mut bench = Bench::new(settings());
    bench.attach(&phone());
    bench.esme_submits("one");
    let (reference, _) = bench.delivered();
    bench.refuses(reference, Cause::MEMORY_CAPACITY_EXCEEDED, None);
    bench.nothing_comes();
    bench.rpdu(&phone(), &MobileOriginated::MemoryAvailable { reference: 3 });
    assert!(matches!(bench.comes(), Came::Rpdu(_, MobileTerminated::Ack(ack)) if ack.reference == 3));
    assert!(matches!(bench.comes(), Came::Alert(..)));
    assert_eq!(bench.delivered().1, "one");
}

#[test]
fn a_phone_that_does_not_answer_gets_the_message_again_with_another_reference() {
    let mut bench = Bench::new(settings());
    bench.attach(&phone());
    bench.esme_submits("one");
    let (first, _) = bench.delivered();
    assert_eq!(bench.pass(), settings().patience);
    bench.nothing_comes();
    bench.takes(first);
    assert_eq!(bench.centre.count(), 1, "the answer came too late");
    bench.pass();
    let (second, _) = bench.delivered();
    assert_ne!(first, second);
}

#[test]
fn a_phone_that_goes_away_with_a_message_gets_it_when_it_comes_back() {
    let mut bench = Bench::new(settings());
    bench.attach(&phone());
    bench.esme_submits("one");
    bench.delivered();
    bench.centre.handle_detached(&phone(), bench.now);
    bench.nothing_comes();
    bench.attach(&phone());
    assert!(matches!(bench.comes(), Came::Alert(..)));
    assert_eq!(bench.delivered().1, "one");
}

#[test]
fn a_message_ends_with_its_validity_and_not_before_an_answer_that_is_due() {
    let mut bench = Bench::new(settings());
    bench.centre.handle_bound("backup", START);
    let short = Submission { expires: Some(START + Duration::from_secs(20)), ..submission("one") };
    bench.centre.submit("backup", short.clone(), START).unwrap();
    bench.nothing_comes();
    assert_eq!(bench.pass(), Duration::from_secs(20));
    assert_eq!(bench.receipt().status, Status::EXPIRED);

    bench.now = START;
    bench.attach(&phone());
    assert!(matches!(bench.comes(), Came::Alert(..)));
    bench.centre.submit("backup", short, START).unwrap();
    let (reference, _) = bench.delivered();
    bench.pass();
    bench.nothing_comes();
    bench.refuses(reference, Cause::MEMORY_CAPACITY_EXCEEDED, None);
    assert_eq!(bench.receipt().status, Status::EXPIRED);
    assert_eq!(bench.centre.count(), 0);
}

#[test]
fn a_phone_writes_to_an_esme_and_hears_what_became_of_it() {
    let mut bench = Bench::new(settings());
    bench.attach(&phone());
    let answer = bench.phone_sends(&phone(), "+15550199999", true);
    let MobileTerminated::Ack(ack) = answer else { panic!("{answer:?}") };
    assert_eq!(ack.reference, 9);
    bench.centre.handle_bound("backup", bench.now);
    let Came::Content(_, delivery, Content::Message(message)) = bench.comes() else { panic!("a message") };
    assert_eq!(
        (message.from.to_string().as_str(), message.user_data.text().as_str()),
        ("+15550100001", "hello")
    );
    bench.centre.handle_answer(delivery, Answer::Taken, bench.now);
    let Came::Rpdu(_, MobileTerminated::Data(data)) = bench.comes() else { panic!("RP-DATA") };
    let Ok(tpdu::MobileTerminated::StatusReport(report)) = tpdu::MobileTerminated::decode(&data.tpdu, "TPDU")
    else {
        panic!("an SMS-STATUS-REPORT")
    };
    assert_eq!((report.reference, report.status), (5, Status::RECEIVED));
}

#[test]
fn a_phone_writes_to_a_phone() {
    let mut bench = Bench::new(settings());
    bench.attach(&phone());
    bench.attach(&other());
    bench.phone_sends(&other(), "15550100001", false);
    assert_eq!(bench.delivered().1, "hello");
}

#[test]
fn an_esme_that_is_busy_is_asked_again_and_one_that_goes_away_waits_for() {
    let mut bench = Bench::new(settings());
    bench.attach(&phone());
    bench.centre.handle_bound("backup", START);
    bench.phone_sends(&phone(), "+15550199999", false);
    let Came::Content(_, first, _) = bench.comes() else { panic!("a message") };
    bench.centre.handle_answer(first, Answer::Later, START);
    bench.nothing_comes();
    assert_eq!(bench.pass(), settings().retry);
    assert!(matches!(bench.comes(), Came::Content(_, again, _) if again == first));
    bench.centre.handle_unbound("backup", bench.now);
    bench.centre.handle_answer(first, Answer::Taken, bench.now);
    assert_eq!(bench.centre.count(), 1, "the answer came after the session's end");
    bench.centre.handle_bound("backup", bench.now);
    assert!(matches!(bench.comes(), Came::Content(_, again, _) if again == first));
}

#[test]
fn an_esme_has_no_more_messages_without_an_answer_than_its_window() {
    let mut bench = Bench::new(Settings { window: 2, ..settings() });
    bench.attach(&phone());
    for _ in 0..3 {
        bench.phone_sends(&phone(), "+15550199999", false);
    }
    bench.centre.handle_bound("backup", bench.now);
    let Came::Content(_, first, _) = bench.comes() else { panic!("a message") };
    assert!(matches!(bench.comes(), Came::Content(..)));
    bench.nothing_comes();
    bench.centre.handle_answer(first, Answer::Refused, bench.now);
    assert!(matches!(bench.comes(), Came::Content(..)));
}

#[test]
fn a_full_queue_and_a_number_of_nobody_are_refused() {
    let mut bench = Bench::new(Settings { limit_each: 2, limit: 3, ..settings() });
    bench.attach(&phone());
    bench.attach(&other());
    for _ in 0..2 {
        assert!(matches!(bench.phone_sends(&phone(), "+15550199999", false), MobileTerminated::Ack(_)));
    }
    let MobileTerminated::Error(full) = bench.phone_sends(&phone(), "+15550199999", false) else {
        panic!("the receiver's queue is full")
    };
    assert_eq!((full.reference, full.cause), (9, Cause::CONGESTION));
    assert!(matches!(bench.phone_sends(&phone(), "+15550100002", false), MobileTerminated::Ack(_)));
    assert!(matches!(bench.comes(), Came::Rpdu(to, MobileTerminated::Data(_)) if to == other()));
    assert_eq!(bench.centre.submit("backup", submission("one"), START), Err(Rejection::Full), "all is full");
    let MobileTerminated::Error(nobody) = bench.phone_sends(&phone(), "2000", false) else {
        panic!("nobody has this number")
    };
    assert_eq!(nobody.cause, Cause::UNASSIGNED_NUMBER);
}

#[test]
fn what_nobody_waits_for_is_not_remembered() {
    let mut bench = Bench::new(Settings { limit: 10, ..settings() });
    for n in 0..50 {
        let lonely = number(&format!("+155501{n:05}"));
        bench.attach(&lonely);
        bench.phone_sends(&lonely, "2000", false);
        bench.centre.handle_detached(&lonely, bench.now);
    }
    assert!(bench.centre.queues.is_empty() && bench.centre.timers.is_empty());
    for n in 0..50 {
        let mut message = submission("one");
        message.message.to = format!("+155501{n:05}").parse().unwrap();
        message.expires = Some(START + Duration::from_secs(1));
        let _ = bench.centre.submit("backup", message, START);
        bench.now = START + Duration::from_secs(1);
        bench.centre.handle_timeout(bench.now);
    }
    assert!(bench.centre.queues.len() <= 11, "{}", bench.centre.queues.len());
}

#[test]
fn losses_doubles_and_delays_are_as_asked_for() {
    let lossy = Chance { loss: 1.0, ..Chance::default() };
    let mut bench = Bench::new(Settings { chance: lossy, ..settings() });
    bench.attach(&phone());
    let id = bench.esme_submits("one");
    bench.nothing_comes();
    assert!(bench.events.contains(&Event::Lost { id }));

    let delay = (Duration::from_secs(4), Duration::from_secs(4));
    let doubling = Chance { duplicates: 1.0, delay, ..Chance::default() };
    let mut bench = Bench::new(Settings { chance: doubling, ..settings() });
    bench.attach(&phone());
    bench.esme_submits("one");
    bench.nothing_comes();
    assert_eq!(bench.pass(), Duration::from_secs(4));
    let (first, _) = bench.delivered();
    bench.takes(first);
    assert_eq!(bench.delivered().1, "one");
}

#[test]
fn a_card_s_answer_comes_before_the_receipt_if_it_is_asked_for() {
    for (wanted, asked) in [(0x01, false), (0x05, true), (0x09, false)] {
        let mut bench = Bench::new(settings());
        bench.centre.handle_bound("backup", START);
        bench.attach(&phone());
        let submission = Submission { wanted: RegisteredDelivery(wanted), ..submission("one") };
        bench.centre.submit("backup", submission, START).unwrap();
        let (reference, _) = bench.delivered();
        let said = UserData::from_text("done").unwrap();
        let mut report = DeliverReport::acknowledged();
        report.parameters.user_data = Some(said.clone());
        let tpdu = Some(report.encode());
        bench.rpdu(&phone(), &MobileOriginated::Ack(Acknowledgement { reference, tpdu }));
        if asked {
            let Came::Content(_, _, Content::Acknowledgement(acknowledgement)) = bench.comes() else {
                panic!("an acknowledgement")
            };
            assert_eq!((acknowledgement.user_data, acknowledgement.receipt.reference), (said, Some(77)));
        }
        assert_eq!(bench.receipt().status, Status::RECEIVED);
    }
}

#[test]
fn octets_that_are_no_message_are_answered_with_their_reference() {
    let mut bench = Bench::new(settings());
    bench.attach(&phone());
    for (octets, cause) in [
        (&[0x07, 0x42][..], Cause::UNKNOWN_MESSAGE_TYPE),
        (&[0x00, 0x42, 0, 0, 9], Cause::INVALID_MANDATORY_INFORMATION),
        (&[0x00, 0x42, 0, 0, 1, 0x00], Cause::SEMANTICALLY_INCORRECT),
        (&[0x00, 0x42, 0, 0, 0], Cause::SEMANTICALLY_INCORRECT),
    ] {
        bench.centre.handle_rpdu(&phone(), octets, START);
        let Came::Rpdu(_, MobileTerminated::Error(failure)) = bench.comes() else { panic!("{octets:X?}") };
        assert_eq!((failure.reference, failure.cause), (0x42, cause), "{octets:X?}");
    }
}

proptest::proptest! {
    /// Whatever happens, every message that was taken is kept, delivered or ended, and in the end nothing is left.
    #[test]
    fn nothing_is_forgotten(steps in proptest::collection::vec((0_u8..8, proptest::prelude::any::<u8>()), 0..60)) {
        let mut bench = Bench::new(Settings { limit_each: 5, limit: 20, ..settings() });
        let mut taken = 0;
        for (step, argument) in steps {
            match step {
                0 => bench.attach(&phone()),
                1 => bench.centre.handle_detached(&phone(), bench.now),
                2 => bench.centre.handle_bound("backup", bench.now),
                3 => bench.centre.handle_unbound("backup", bench.now),
                4 => taken += usize::from(bench.centre.submit("backup", submission("one"), bench.now).is_ok()),
                5 => bench.centre.handle_rpdu(&phone(), &[argument % 8, argument / 8, 1, argument], bench.now),
                6 => bench.centre.handle_answer(1 + u64::from(argument % 8), Answer::Later, bench.now),
                _ => if bench.centre.poll_timeout().is_some() { bench.pass(); },
            }
        }
        for _ in 0..10_000 {
            if bench.centre.poll_timeout().is_none() {
                break;
            }
            bench.pass();
        }
        while bench.perhaps().is_some() {}
        let ended = bench.events.iter().filter(|event| matches!(event, Event::Ended { .. })).count();
        proptest::prop_assert_eq!(ended, taken);
        proptest::prop_assert_eq!(bench.centre.count(), 0);
        proptest::prop_assert!(bench.centre.timers.is_empty());
    }
}

#[test]
fn an_esme_asks_what_has_become_of_its_own_messages() {
    let mut bench = Bench::new(settings());
    let id = bench.esme_submits("one");
    let later = Submission { begins: Some(START + Duration::from_mins(60)), ..submission("later") };
    let scheduled = bench.centre.submit("backup", later, START).unwrap();
    let source = "15550199999".parse().unwrap();
    let query = |bench: &Bench, id| bench.centre.query("backup", id, Some(&source), bench.now);
    assert_eq!(query(&bench, id), Ok(Standing::Waiting));
    assert_eq!(query(&bench, scheduled), Ok(Standing::Scheduled));
    assert_eq!(bench.centre.query("quiz", id, None, bench.now), Err(OutOfReach::Unknown));
    let another = "+15550100009".parse().unwrap();
    assert_eq!(bench.centre.query("backup", id, Some(&another), bench.now), Err(OutOfReach::Unknown));
    bench.attach(&phone());
    assert!(matches!(bench.comes(), Came::Alert(..)));
    let (reference, _) = bench.delivered();
    assert_eq!(query(&bench, id), Ok(Standing::Waiting), "it is out");
    bench.now = bench.now + Duration::from_secs(3);
    bench.takes(reference);
    assert_eq!(query(&bench, id), Ok(Standing::Ended { status: Status::RECEIVED, at: bench.now }));
    assert_eq!(bench.centre.query("quiz", id, None, bench.now), Err(OutOfReach::Unknown));
    assert_eq!(query(&bench, 999), Err(OutOfReach::Unknown));
}

#[test]
fn an_esme_deletes_what_waits_and_nothing_that_has_gone_out() {
    let mut bench = Bench::new(settings());
    bench.centre.handle_bound("backup", START);
    let id = bench.esme_submits("one");
    assert_eq!(bench.centre.cancel("quiz", id, None, START), Err(OutOfReach::Unknown));
    assert_eq!(bench.centre.cancel("backup", id, None, START), Ok(()));
    assert_eq!(bench.receipt().status, Status::DELETED_BY_ORIGINATOR);
    assert_eq!(bench.centre.cancel("backup", id, None, START), Err(OutOfReach::Gone));
    bench.attach(&phone());
    assert!(matches!(bench.comes(), Came::Alert(..)));
    bench.nothing_comes();
    let out = bench.esme_submits("two");
    bench.delivered();
    assert_eq!(bench.centre.cancel("backup", out, None, START), Err(OutOfReach::Gone));
}

#[test]
fn an_esme_deletes_all_that_waits_for_a_number_and_of_a_kind() {
    let mut bench = Bench::new(settings());
    let of_kind = |kind: &str| Submission {
        service_type: kind.into(),
        wanted: RegisteredDelivery::NONE,
        ..submission(kind)
    };
    for kind in ["WAP", "CMT", "CMT"] {
        bench.centre.submit("backup", of_kind(kind), START).unwrap();
    }
    let (from, to) = ("+15550199999".parse().unwrap(), "15550100001".parse().unwrap());
    let mut cancel =
        |system_id: &str, kind: &str| bench.centre.cancel_all(system_id, kind, &from, &to, START);
    assert_eq!((cancel("quiz", ""), cancel("backup", "CMT"), cancel("backup", "CMT")), (0, 2, 0));
    assert_eq!((cancel("backup", ""), bench.centre.count()), (1, 0));
}

#[test]
fn a_message_that_waits_is_replaced_with_its_times() {
    let mut bench = Bench::new(settings());
    bench.centre.handle_bound("backup", START);
    let id = bench.esme_submits("one");
    let mut rewritten = Rewritten {
        user_data: UserData::from_text("two").unwrap(),
        begins: Some(START + Duration::from_secs(60)),
        expires: Some(START + Duration::from_secs(90)),
        wanted: RegisteredDelivery::FINAL,
    };
    assert_eq!(bench.centre.replace("quiz", id, None, rewritten.clone(), START), Err(OutOfReach::Unknown));
    assert_eq!(bench.centre.replace("backup", id, None, rewritten.clone(), START), Ok(()));
    bench.attach(&phone());
    assert!(matches!(bench.comes(), Came::Alert(..)));
    bench.nothing_comes();
    assert_eq!(bench.pass(), Duration::from_secs(60));
    assert_eq!(bench.delivered().1, "two");
    assert_eq!(bench.centre.replace("backup", id, None, rewritten.clone(), bench.now), Err(OutOfReach::Gone));
    bench.centre.handle_detached(&phone(), bench.now);
    // What is over before it begins ends at once.
    rewritten.expires = Some(START);
    assert_eq!(bench.centre.replace("backup", id, None, rewritten, bench.now), Ok(()));
    assert_eq!((bench.receipt().status, bench.centre.count()), (Status::EXPIRED, 0));
}

#[test]
fn what_is_over_when_it_comes_is_not_delivered() {
    let mut bench = Bench::new(settings());
    bench.centre.handle_bound("backup", START);
    bench.attach(&phone());
    let over = Submission { expires: Some(START), ..submission("one") };
    bench.centre.submit("backup", over, START).unwrap();
    assert_eq!(bench.receipt().status, Status::EXPIRED);
    bench.nothing_comes();
}

/// A message of an ESME, one of a phone that wants a report, a report, a receipt and an acknowledgement.
#[test]
fn what_is_kept_goes_on_in_another_centre() {
    let mut bench = Bench::new(settings());
    bench.esme_submits("one");
    let header = vec![oxisim_sms::Element::new(oxisim_sms::ElementId(0x70), [1, 2])];
    let user_data = UserData::new(oxisim_sms::DataCoding::EIGHT_BIT_CLASS_2, header, vec![3]).unwrap();
    let mut secured = submission("");
    secured.message.user_data = user_data.clone();
    secured.service_type = "CMT".into();
    secured.expires = Some(START + Duration::from_mins(7));
    bench.centre.submit("backup", secured, START).unwrap();
    bench.attach(&other());
    bench.phone_sends(&other(), "+15550100001", true);
    let receipt = Receipt {
        id: 1,
        reference: None,
        from: "1000".parse().unwrap(),
        to: oxisim_sms::Address::alphanumeric("Backup").unwrap(),
        submitted: START,
        done: START,
        status: Status::EXPIRED,
    };
    let esme =
        || Sender::Esme { system_id: "backup".into(), service_type: String::new(), reference: Some(7) };
    bench.centre.report(&esme(), receipt.clone(), None, START);
    bench.centre.report(&esme(), receipt.clone(), Some(user_data), START);
    bench.centre.handle_detached(&other(), START);
    let sender = Sender::Phone { number: other(), reference: 9 };
    bench.centre.report(
        &sender,
        Receipt { from: "1000".parse().unwrap(), to: "1000".parse().unwrap(), ..receipt },
        None,
        START,
    );
    let records: Vec<_> = bench.centre.records().collect();
    assert_eq!(records.len(), 6);
    assert_eq!(bench.centre.take_changes().collect::<Vec<_>>(), (1..=6).collect::<Vec<u64>>());
    assert_eq!(bench.centre.take_changes().count(), 0);

    let mut next = Bench::new(settings());
    for (id, record) in &records {
        assert_eq!(next.centre.restore(record), Ok(*id));
        for length in 0..record.len() {
            assert!(next.centre.restore(&record[..length]).is_err());
        }
    }
    assert_eq!(next.centre.records().collect::<Vec<_>>(), records);
    next.attach(&phone());
    let Came::Alert(system_id, _) = next.comes() else { panic!("an alert") };
    assert_eq!((system_id.as_str(), next.delivered().1.as_str()), ("backup", "one"));
    assert_eq!(next.esme_submits("next"), 7);
}
