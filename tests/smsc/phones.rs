//! Phones and an ESME of this test, which is a backup server in memory.

use std::time::{SystemTime, UNIX_EPOCH};

use oxisim_backup::{DeliveryReport, Esme as _, Outgoing, Policy};
use oxisim_server::{Server, SqliteStore};
use oxisim_smpp::{
    Bind, Esme, EsmeConfig, LinkEvent, Message, MessageState, Operation, RegisteredDelivery, Role, Version,
};
use oxisim_wire::Instant;
use tokio::{sync::mpsc, time::timeout};

use crate::process::{PATIENCE, Smsc};

fn bind(role: Role) -> Bind {
    Bind {
        role,
        system_id: "oxisim".into(),
        password: "oxisim".into(),
        system_type: String::new(),
        version: Version::V3_4,
        address_range: String::new(),
    }
}

fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Instant::from_micros(since.as_micros() as u64)
}

/// A backup server behind a session of SMPP.
struct Backup {
    server: Server<SqliteStore>,
    esme: Esme,
    events: mpsc::Receiver<LinkEvent>,
    messages: usize,
    alerts: usize,
    receipts: Vec<Option<MessageState>>,
}

impl Backup {
    fn start(smsc: &Smsc) -> Self {
        let (sender, events) = mpsc::channel(100);
        let config = EsmeConfig::new(smsc.smpp.to_string(), vec![bind(Role::Transceiver)]);
        let store = SqliteStore::open(":memory:").expect("a store");
        Self {
            server: Server::new(store, Policy::default(), 1).insecure(),
            esme: Esme::start(&config, &sender),
            events,
            messages: 0,
            alerts: 0,
            receipts: Vec::new(),
        }
    }

    /// Serves until this holds.
    async fn serve_until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            while let Some(outgoing) = self.server.poll_output() {
                self.send(outgoing).await;
            }
            let event = timeout(PATIENCE, self.events.recv()).await;
            self.event(event.unwrap_or_else(|_| panic!("{what}: nothing comes")).expect("a session"));
        }
    }

    fn event(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Message(incoming) => {
                let message = incoming.message();
                let from = message.source.clone().expect("a sender");
                if let Some(receipt) = message.receipt() {
                    self.receipts.push(receipt.state);
                    let reference = receipt.reference.expect("the number that it was sent with").into();
                    let report = match receipt.state {
                        Some(MessageState::DELIVERED) => DeliveryReport::Delivered,
                        _ => DeliveryReport::Failed,
                    };
                    self.server.handle_report(&from, reference, report, now()).unwrap();
                } else {
                    let user_data = message.user_data().expect("user data");
                    self.messages += 1;
                    self.server.handle_message(&from, &user_data, now()).unwrap();
                }
                incoming.accept(None);
            }
            LinkEvent::Alert(..) => self.alerts += 1,
            _ => {}
        }
    }

    async fn send(&self, outgoing: Outgoing) {
        let message = Message::new(Operation::Submit, None, outgoing.to).with_user_data(&outgoing.user_data);
        let message = Message {
            protocol_id: outgoing.protocol,
            registered_delivery: RegisteredDelivery::FINAL,
            ..message.with_reference(outgoing.reference as u16)
        };
        let id = self.esme.send(message).await.expect("the centre takes it");
        assert!(id.is_some(), "a centre gives identities");
    }
}

/// The whole way: a card's applet, a phone, the centre, SMPP, a server and its store, and back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_phones_back_up_over_the_centre_and_each_card_hears_that_it_is_done() {
    let smsc = Smsc::start(&["--delay", "0s..1s", "--seed", "3"]);
    let mut backup = Backup::start(&smsc);
    let contacts = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/contacts-10.vcf");
    let backs_up = |number| smsc.phone(number, &["--contacts", contacts, "--choose", "1"]);
    let mut phones = ["+15550100001", "+15550100002"].map(backs_up);
    backup.serve_until("receipts", |backup| backup.receipts.len() == 2).await;
    assert_eq!(backup.receipts, [Some(MessageState::DELIVERED); 2]);
    assert!(backup.messages >= 4, "{} messages", backup.messages);
    for phone in &mut phones {
        phone.prints("gets a message");
        phone.prints("Backup complete");
    }
}

/// The answer waits at the centre; when the phone is there again, the ESME is told, and the card has the answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_waits_for_a_phone_that_is_off_and_the_esme_hears_when_it_is_on() {
    let mut smsc = Smsc::start(&[]);
    let mut backup = Backup::start(&smsc);
    let user_data = oxisim_sms::UserData::from_text("are you there?").unwrap();
    let message = Message::new(Operation::Submit, None, "+15550100003".parse().unwrap());
    let message =
        Message { registered_delivery: RegisteredDelivery::FINAL, ..message.with_user_data(&user_data) };
    backup.esme.send(message.with_reference(9)).await.expect("the centre takes it");
    smsc.running.prints("to +15550100003");
    let mut phone = smsc.phone("+15550100003", &[]);
    phone.prints("\"are you there?\"");
    backup.serve_until("an alert and a receipt", |it| it.alerts == 1 && it.receipts.len() == 1).await;
    phone.end();
    smsc.running.prints("phone +15550100003 is gone");
}

#[test]
fn a_phone_writes_to_a_phone_and_both_outlive_the_centre() {
    let smsc = Smsc::start(&[]);
    let mut first = smsc.phone("+15550100001", &[]);
    first.prints("is served by the centre +15550100000");
    let mut second = smsc.phone("+15550100002", &["--send", "+15550100001=hello"]);
    first.prints("shows a message from +15550100002: \"hello\"");
    let address = smsc.phones.to_string();
    smsc.running.end();
    first.prints("has no service");
    second.prints("has no service");
    let again = Smsc::start(&["--phones", &address]);
    first.prints("is served by the centre");
    second.prints("is served by the centre");
    drop(again);
}
