//! The centre on sockets, with phones and ESMEs that behave, and others.

use std::{path::PathBuf, time::Duration as StdDuration};

use oxisim_smpp::{
    Ancillary, Bind, Body, CommandStatus, Esme as Session, EsmeConfig, Failure, Header, LinkEvent, Message,
    MessageState, Operation, Queried, Reason, RegisteredDelivery, Replacement, Role, Time, Version,
};
use oxisim_sms::{
    ProtocolIdentifier, UserData,
    tpdu::{DeliverReport, MobileTerminated, Submit},
};
use oxisim_smsc::{Config, Esme, Event, News, NotTaken, Party, Service, Settings, Station, StationOutput};
use oxisim_wire::{Instant, Reader, Wire};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    time::timeout,
};

const PATIENCE: StdDuration = StdDuration::from_secs(30);

struct Bench {
    service: Service,
    events: mpsc::UnboundedReceiver<Event>,
}

impl Bench {
    async fn start(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_with(None, change).await
    }

    async fn start_with(store: Option<PathBuf>, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new("+15550100000".parse().unwrap());
        settings.routes = vec!["+15550199999=backup".parse().unwrap()];
        change(&mut settings);
        let config = Config {
            settings,
            seed: 1,
            phones: "127.0.0.1:0".into(),
            phone_limit: 100,
            smpp: "127.0.0.1:0".into(),
            tls: None,
            esmes: vec![Esme { system_id: "backup".into(), password: "secret".into() }],
            store,
            watch: None,
        };
        let (sender, events) = mpsc::unbounded_channel();
        let tell = move |news| {
            if let News::Happened(event) = news {
                let _ = sender.send(event);
            }
        };
        Self { service: Service::start(config, tell).await.unwrap(), events }
    }

    async fn happens(&mut self, is_it: impl Fn(&Event) -> bool) {
        loop {
            let event =
                timeout(PATIENCE, self.events.recv()).await.expect("it happens").expect("the service runs");
            if is_it(&event) {
                return;
            }
        }
    }

    fn esme(&self, password: &str) -> (Session, mpsc::Receiver<LinkEvent>) {
        let bind = Bind {
            role: Role::Transceiver,
            system_id: "backup".into(),
            password: password.into(),
            system_type: String::new(),
            version: Version::V5_0,
            address_range: String::new(),
        };
        let (sender, events) = mpsc::channel(100);
        (Session::start(&EsmeConfig::new(self.service.smpp_addr().to_string(), vec![bind]), &sender), events)
    }

    async fn phone(&self, number: &str) -> Phone {
        let stream = TcpStream::connect(self.service.phones_addr()).await.unwrap();
        let mut phone = Phone { station: Station::new(number.parse().unwrap()), stream };
        phone.station.handle_connected();
        assert!(matches!(phone.next().await, Some(StationOutput::Served(_))));
        phone
    }
}

struct Phone {
    station: Station,
    stream: TcpStream,
}

impl Phone {
    /// What the link says next; nothing once the centre has ended the connection.
    async fn next(&mut self) -> Option<StationOutput> {
        let mut octets = [0; 1024];
        loop {
            match self.station.poll_output() {
                Some(StationOutput::Send(octets)) => self.stream.write_all(&octets).await.unwrap(),
                Some(output) => return Some(output),
                None => match timeout(PATIENCE, self.stream.read(&mut octets)).await.expect("an answer") {
                    Ok(count @ 1..) => self.station.handle_octets(&octets[..count]),
                    _ => return None,
                },
            }
        }
    }

    async fn sends(&mut self, to: &str, text: &str) -> Result<(), NotTaken> {
        let user_data = UserData::from_text(text).unwrap();
        let submit = Submit::new(to.parse().unwrap(), ProtocolIdentifier::DEFAULT, user_data);
        self.station.submit(submit.encode(), None, Instant::EPOCH);
        match self.next().await {
            Some(StationOutput::Submitted(result)) => result,
            other => panic!("{other:?}"),
        }
    }

    async fn gets(&mut self) -> String {
        let Some(StationOutput::Deliver { tpdu, .. }) = self.next().await else { panic!("a message") };
        let Ok(MobileTerminated::Deliver(deliver)) = MobileTerminated::decode(&tpdu, "TPDU") else {
            panic!("an SMS-DELIVER")
        };
        self.station.report(&DeliverReport::acknowledged());
        while let Some(StationOutput::Send(octets)) = self.station.poll_output() {
            self.stream.write_all(&octets).await.unwrap();
        }
        deliver.user_data.text()
    }
}

fn sm(to: &str, text: &str) -> Message {
    let user_data = UserData::from_text(text).unwrap();
    Message::new(Operation::Submit, None, to.parse().unwrap()).with_user_data(&user_data)
}

#[tokio::test]
async fn a_phone_and_an_esme_write_to_each_other() {
    let bench = Bench::start(|_| {}).await;
    let (esme, mut events) = bench.esme("secret");
    let mut phone = bench.phone("+15550100001").await;
    assert_eq!(phone.sends("+15550199999", "question").await, Ok(()));
    let incoming = loop {
        match timeout(PATIENCE, events.recv()).await.unwrap().unwrap() {
            LinkEvent::Message(incoming) => break incoming,
            LinkEvent::Closed(_, reason) => panic!("{reason}"),
            _ => {}
        }
    };
    assert_eq!(incoming.message().user_data().unwrap().text(), "question");
    assert_eq!(incoming.message().source, Some("+15550100001".parse().unwrap()));
    incoming.accept(None);
    assert!(esme.send(sm("15550100001", "answer")).await.unwrap().is_some());
    assert_eq!(phone.gets().await, "answer");
    esme.stop().await;
    bench.service.stop().await.unwrap();
}

#[tokio::test]
async fn who_does_not_know_the_password_does_not_bind() {
    let bench = Bench::start(|_| {}).await;
    let (_esme, mut events) = bench.esme("guess");
    let event = timeout(PATIENCE, events.recv()).await.unwrap();
    assert!(
        matches!(event, Some(LinkEvent::Closed(_, Reason::BindRefused(CommandStatus::INVPASWD)))),
        "{event:?}"
    );
}

#[tokio::test]
async fn a_message_that_is_not_taken_has_the_standard_s_reason() {
    let bench = Bench::start(|settings| settings.limit_each = 1).await;
    let (esme, _events) = bench.esme("secret");
    let sent = esme.send(sm("2000", "to nobody")).await;
    assert_eq!(sent, Err(Failure::Refused(CommandStatus::INVDSTADR)));
    assert!(esme.send(sm("+15550100001", "one")).await.is_ok());
    let mut other = bench.phone("+15550100002").await;
    let full = other.sends("+15550100001", "two").await;
    assert_eq!(full, Err(NotTaken::Refused(oxisim_sms::rp::Cause::CONGESTION)));
    let mut long = sm("+15550100002", "");
    long.content = vec![0x41; 1000];
    assert_eq!(esme.send(long).await, Err(Failure::Refused(CommandStatus::INVMSGLEN)));
}

#[tokio::test]
async fn a_phone_that_connects_again_takes_its_own_place() {
    let mut bench = Bench::start(|_| {}).await;
    let mut first = bench.phone("+15550100001").await;
    bench.happens(|event| matches!(event, Event::Arrived(_))).await;
    let mut second = bench.phone("+15550100001").await;
    assert_eq!(first.next().await, None, "the centre ends the older connection");
    let mut other = bench.phone("+15550100002").await;
    assert_eq!(other.sends("+15550100001", "hello").await, Ok(()));
    assert_eq!(second.gets().await, "hello");
}

#[tokio::test]
async fn peers_that_send_what_is_no_link_disturb_nobody() {
    let mut bench = Bench::start(|_| {}).await;
    let mut phone = bench.phone("+15550100001").await;
    for octets in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0, 0], &[0, 2, 1, 0x91], &[0, 4, 3, 0x91, 0x21, 0xF3]] {
        let mut stream = TcpStream::connect(bench.service.phones_addr()).await.unwrap();
        stream.write_all(octets).await.unwrap();
        let mut rest = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("the centre ends it");
        assert!(rest.is_empty(), "{octets:02X?}");
    }
    // A phone that greets and then sends a frame that is too long.
    let mut liar = bench.phone("+15550100002").await;
    liar.stream.write_all(&[0xFF, 0xFF]).await.unwrap();
    assert_eq!(liar.next().await, None);
    let gone = Party::Phone("15550100002".parse().unwrap());
    bench.happens(|event| *event == Event::Left(gone.clone())).await;
    // One that is silent, and one that is half there.
    let _silent = TcpStream::connect(bench.service.phones_addr()).await.unwrap();
    let mut half = TcpStream::connect(bench.service.phones_addr()).await.unwrap();
    half.write_all(&[0]).await.unwrap();
    assert_eq!(phone.sends("+15550100001", "to myself").await, Ok(()));
}

/// An ESME that a test plays PDU by PDU.
struct Pdus(TcpStream);

impl Pdus {
    async fn bound(bench: &Bench) -> Self {
        let mut pdus = Self(TcpStream::connect(bench.service.smpp_addr()).await.unwrap());
        let bind = Bind {
            role: Role::Transceiver,
            system_id: "backup".into(),
            password: "secret".into(),
            system_type: String::new(),
            version: Version::V5_0,
            address_range: String::new(),
        };
        assert_eq!(pdus.ask(&Body::Bind(bind)).await.0, CommandStatus::OK);
        pdus
    }

    async fn ask(&mut self, body: &Body) -> (CommandStatus, Body) {
        self.0.write_all(&body.encode(CommandStatus::OK, 7).unwrap()).await.unwrap();
        let mut header = [0; Header::LENGTH];
        timeout(PATIENCE, self.0.read_exact(&mut header)).await.expect("an answer").unwrap();
        let header = Header::read(&mut Reader::new(&header)).unwrap();
        let mut octets = vec![0; header.length as usize - Header::LENGTH];
        self.0.read_exact(&mut octets).await.unwrap();
        assert_eq!((header.id, header.sequence), (body.command_id().response(), 7));
        (header.status, Body::read(header, &octets).unwrap())
    }
}

#[tokio::test]
async fn an_esme_queries_replaces_and_cancels_what_waits() {
    let bench = Bench::start(|_| {}).await;
    let mut pdus = Pdus::bound(&bench).await;
    let data = UserData::from_text("one").unwrap();
    let submit = Message::new(Operation::Submit, None, "+15550100001".parse().unwrap()).with_user_data(&data);
    let Body::MessageResp(_, Some(id), _) = pdus.ask(&Body::Message(Box::new(submit))).await.1 else {
        panic!("no id")
    };
    let ask = |ancillary| Body::Ancillary(Box::new(ancillary));
    let query = ask(Ancillary::Query { id: id.clone(), source: None });
    let queried = |state, error| Queried { id: id.clone(), done: None, state, error };
    let waits = Body::Queried(Some(queried(MessageState::ENROUTE, 0)));
    assert_eq!(pdus.ask(&query).await, (CommandStatus::OK, waits));
    let replacement = |id: &str, length| {
        ask(Ancillary::Replace(Replacement {
            id: id.into(),
            source: None,
            schedule: None,
            validity: None,
            registered_delivery: RegisteredDelivery::NONE,
            content: vec![b'2'; length],
        }))
    };
    assert_eq!(pdus.ask(&replacement("0", 3)).await.0, CommandStatus::INVMSGID);
    assert_eq!(pdus.ask(&replacement(&id, 200)).await.0, CommandStatus::INVMSGLEN);
    assert_eq!(pdus.ask(&replacement(&id, 3)).await.0, CommandStatus::OK);
    let cancel = |source: Option<&str>, id| {
        let (source, destination) = (source.map(|it| it.parse().unwrap()), "+15550100001".parse().ok());
        ask(Ancillary::Cancel { service_type: String::new(), id, source, destination })
    };
    assert_eq!(pdus.ask(&cancel(None, None)).await.0, CommandStatus::INVSRCADR);
    assert_eq!(pdus.ask(&cancel(Some("+15550199998"), None)).await.0, CommandStatus::CANCELFAIL);
    assert_eq!(pdus.ask(&cancel(None, Some(id.clone()))).await.0, CommandStatus::OK);
    assert_eq!(pdus.ask(&cancel(None, Some(id.clone()))).await.0, CommandStatus::CANCELFAIL);
    let (status, Body::Queried(Some(ended))) = pdus.ask(&query).await else { panic!("no query_sm_resp") };
    assert_eq!((status, ended.state), (CommandStatus::OK, MessageState::DELETED));
    assert!(matches!(ended.done, Some(Time::Absolute(_))));
    assert_eq!(
        pdus.ask(&ask(Ancillary::Query { id: "zero".into(), source: None })).await.0,
        CommandStatus::INVMSGID
    );
}

/// Of room for two messages one is taken, then none.
#[tokio::test]
async fn an_esme_hears_how_busy_the_centre_is() {
    let bench = Bench::start(|settings| settings.limit = 2).await;
    let mut pdus = Pdus::bound(&bench).await;
    let (_, Body::EnquireLinkResp(tlvs)) = pdus.ask(&Body::EnquireLink).await else { panic!("no answer") };
    assert_eq!(tlvs.congestion_state(), None);
    let submit = Message::new(Operation::Submit, None, "+15550100001".parse().unwrap());
    let (_, Body::MessageResp(_, Some(id), _)) = pdus.ask(&Body::Message(Box::new(submit))).await else {
        panic!("no id")
    };
    let cancel =
        Ancillary::Cancel { service_type: String::new(), id: Some(id), source: None, destination: None };
    for congestion in [50, 0] {
        let (_, Body::EnquireLinkResp(tlvs)) = pdus.ask(&Body::EnquireLink).await else {
            panic!("no answer")
        };
        assert_eq!(tlvs.congestion_state(), Some(congestion));
        pdus.ask(&Body::Ancillary(Box::new(cancel.clone()))).await;
    }
}

/// What the file has when the sender is answered is enough, whatever comes then.
#[tokio::test]
async fn what_was_taken_survives_the_end_of_the_centre() {
    let folder = tempfile::tempdir().unwrap();
    let store = || Some(folder.path().join("messages"));
    let bench = Bench::start_with(store(), |_| {}).await;
    let mut pdus = Pdus::bound(&bench).await;
    let data = UserData::from_text("one").unwrap();
    let submit = Message::new(Operation::Submit, None, "+15550100001".parse().unwrap()).with_user_data(&data);
    assert_eq!(pdus.ask(&Body::Message(Box::new(submit))).await.0, CommandStatus::OK);
    let taken = std::fs::read(store().unwrap()).unwrap();
    drop(pdus);
    bench.service.stop().await.unwrap();
    std::fs::write(store().unwrap(), taken).unwrap();

    let bench = Bench::start_with(store(), |_| {}).await;
    let mut phone = bench.phone("+15550100001").await;
    assert_eq!(phone.gets().await, "one");
}
