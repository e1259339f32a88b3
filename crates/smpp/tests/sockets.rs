//! ESMEs and SMS centres over real sockets on this machine: what is waited for are events.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use oxisim_smpp::{
    Alert, Bind, Body, Centre, CentreConfig, CommandId, CommandStatus, Esme, EsmeConfig, Failure, Header,
    Identity, Incoming, Link, LinkEvent, Message, Operation, Reason, Refusal, Role, Settings, TlsClient,
    TlsServer, Tlvs, Version,
};
use oxisim_wire::{Reader, Wire};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

/// A test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

fn bind(role: Role) -> Bind {
    Bind {
        role,
        system_id: "backup".into(),
        password: "secret".into(),
        system_type: String::new(),
        version: Version::V5_0,
        address_range: String::new(),
    }
}

fn message(operation: Operation, content: &[u8]) -> Message {
    let (source, destination) = match operation {
        Operation::Deliver => ("+15550100001", "1000"),
        _ => ("1000", "+15550100001"),
    };
    let mut message = Message::new(operation, source.parse().ok(), destination.parse().unwrap());
    message.content = content.into();
    message
}

struct Side(mpsc::Receiver<LinkEvent>);

impl Side {
    fn new() -> (mpsc::Sender<LinkEvent>, Self) {
        let (events, taken) = mpsc::channel(64);
        (events, Self(taken))
    }

    async fn next(&mut self) -> LinkEvent {
        timeout(PATIENCE, self.0.recv()).await.expect("an event in time").expect("the other end lives")
    }

    async fn bound(&mut self) -> Link {
        loop {
            if let LinkEvent::Bound(link) = self.next().await {
                return link;
            }
        }
    }

    async fn message(&mut self) -> Incoming {
        loop {
            if let LinkEvent::Message(incoming) = self.next().await {
                return incoming;
            }
        }
    }

    async fn closed(&mut self) -> Reason {
        loop {
            if let LinkEvent::Closed(_, reason) = self.next().await {
                return reason;
            }
        }
    }
}

fn checked(bind: &Bind) -> Result<(), CommandStatus> {
    if bind.password == "secret" { Ok(()) } else { Err(CommandStatus::BINDFAIL) }
}

async fn centre(config: CentreConfig) -> (Centre, Side) {
    let (events, side) = Side::new();
    (Centre::listen("127.0.0.1:0", config, events).await.unwrap(), side)
}

fn esme(config: &EsmeConfig) -> (Esme, Side) {
    let (events, side) = Side::new();
    (Esme::start(config, &events), side)
}

fn to(address: SocketAddr) -> EsmeConfig {
    EsmeConfig {
        reconnect_first: Duration::from_millis(10),
        ..EsmeConfig::new(address.to_string(), vec![bind(Role::Transceiver)])
    }
}

/// A centre that a test plays octet by octet.
struct Peer(TcpStream);

impl Peer {
    async fn accept(listener: &TcpListener) -> Self {
        let mut peer = Self(timeout(PATIENCE, listener.accept()).await.unwrap().unwrap().0);
        let (header, body) = peer.read().await;
        assert!(matches!(body, Body::Bind(_)));
        peer.write(&Body::BindResp(Role::Transceiver, "peer".into(), Tlvs::default()), header.sequence).await;
        peer
    }

    async fn read(&mut self) -> (Header, Body) {
        let mut header = [0; Header::LENGTH];
        timeout(PATIENCE, self.0.read_exact(&mut header)).await.expect("a PDU in time").unwrap();
        let header = Header::read(&mut Reader::new(&header)).unwrap();
        let mut body = vec![0; header.length as usize - Header::LENGTH];
        self.0.read_exact(&mut body).await.unwrap();
        (header, Body::read(header, &body).unwrap())
    }

    async fn write(&mut self, body: &Body, sequence: u32) {
        self.answer(body, CommandStatus::OK, sequence).await;
    }

    async fn answer(&mut self, body: &Body, status: CommandStatus, sequence: u32) {
        self.0.write_all(&body.encode(status, sequence).unwrap()).await.unwrap();
    }
}

fn submitted(id: &str) -> Body {
    Body::MessageResp(Operation::Submit, Some(id.into()), Tlvs::default())
}

#[tokio::test]
async fn messages_go_both_ways_and_a_stop_is_in_order() {
    let (centre, mut at_centre) = centre(CentreConfig::new("centre", checked)).await;
    let (esme, mut at_esme) = esme(&to(centre.local_addr()));
    let (there, back) = (at_centre.bound().await, at_esme.bound().await);
    assert_eq!((there.bind().system_id.as_str(), back.bind().role), ("backup", Role::Transceiver));

    let submit = message(Operation::Submit, b"down");
    let (answer, ()) = tokio::join!(esme.send(submit.clone()), async {
        let incoming = at_centre.message().await;
        assert_eq!((incoming.message(), incoming.link()), (&submit, there.id()));
        incoming.accept(Some("17".into()));
    });
    assert_eq!(answer, Ok(Some("17".into())));

    for (act, expected) in [
        (Some(Ok(None)), Ok(None)),
        (Some(Err(Refusal::Permanent)), Err(Failure::Refused(CommandStatus::X_R_APPN))),
        // Whoever drops a message has not taken it.
        (None, Err(Failure::Refused(CommandStatus::X_T_APPN))),
    ] {
        let (answer, ()) = tokio::join!(there.send(message(Operation::Deliver, b"up")), async {
            let incoming = at_esme.message().await;
            match act {
                Some(Ok(id)) => incoming.accept(id),
                Some(Err(refusal)) => incoming.refuse(refusal),
                None => drop(incoming),
            }
        });
        assert_eq!(answer, expected);
    }
    let alert = Alert { phone: "+15550100001".parse().unwrap(), esme: None, availability: 0 };
    there.alert(alert.clone());
    assert!(matches!(at_esme.next().await, LinkEvent::Alert(_, it) if it == alert));

    esme.stop().await;
    assert_eq!((at_esme.closed().await, at_centre.closed().await), (Reason::Unbound, Reason::Unbound));
    assert_eq!(there.send(message(Operation::Deliver, b"late")).await, Err(Failure::Lost));
    centre.stop().await;
}

#[tokio::test]
async fn a_centre_stops_in_order_and_the_esme_comes_back_to_the_next() {
    let (first, mut at_first) = centre(CentreConfig::new("first", checked)).await;
    let address = first.local_addr();
    let (_esme, mut at_esme) = esme(&to(address));
    at_esme.bound().await;
    at_first.bound().await;
    first.stop().await;
    assert_eq!(at_esme.closed().await, Reason::Unbound);
    let (events, mut at_second) = Side::new();
    let _second = Centre::listen(address, CentreConfig::new("second", checked), events).await.unwrap();
    at_esme.bound().await;
    at_second.bound().await;
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_tried_again() {
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    // The third try is right, as after a change at the centre.
    let config = CentreConfig::new("centre", move |_| match counted.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => Err(CommandStatus::INVPASWD),
        _ => Ok(()),
    });
    let (centre, _at_centre) = centre(config).await;
    let (_esme, mut at_esme) = esme(&to(centre.local_addr()));
    for _ in 0..2 {
        assert_eq!(at_esme.closed().await, Reason::BindRefused(CommandStatus::INVPASWD));
    }
    at_esme.bound().await;
}

#[tokio::test]
async fn several_binds_share_what_waits() {
    let (centre, mut at_centre) = centre(CentreConfig::new("centre", checked)).await;
    let settings = Settings { window: 1, ..Settings::default() };
    let binds = vec![bind(Role::Transmitter), bind(Role::Transceiver), bind(Role::Receiver)];
    let (esme, mut at_esme) = esme(&EsmeConfig { binds, settings, ..to(centre.local_addr()) });
    for _ in 0..3 {
        at_centre.bound().await;
        at_esme.bound().await;
    }
    let esme = Arc::new(esme);
    let mut sent = Vec::new();
    for number in 0..6 {
        let esme = Arc::clone(&esme);
        sent.push(tokio::spawn(async move { esme.send(message(Operation::Submit, &[number])).await }));
    }
    // Two windows of one each: two at a time, on two links.
    for _ in 0..3 {
        let pair = [at_centre.message().await, at_centre.message().await];
        assert_ne!(pair[0].link(), pair[1].link());
        for incoming in pair {
            incoming.accept(Some("1".into()));
        }
    }
    for sent in sent {
        assert_eq!(sent.await.unwrap(), Ok(Some("1".into())));
    }
}

#[tokio::test]
async fn a_throttled_message_is_sent_again_after_a_pause() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = Settings { throttle_pause: oxisim_wire::Duration::from_millis(50), ..Settings::default() };
    let (esme, _at_esme) = esme(&EsmeConfig { settings, ..to(listener.local_addr().unwrap()) });
    let peer = async {
        let mut peer = Peer::accept(&listener).await;
        let (header, first) = peer.read().await;
        peer.answer(&submitted(""), CommandStatus::THROTTLED, header.sequence).await;
        let refused = tokio::time::Instant::now();
        let (header, second) = peer.read().await;
        assert_eq!(first, second);
        peer.write(&submitted("9"), header.sequence).await;
        refused.elapsed()
    };
    let (answer, pause) = tokio::join!(esme.send(message(Operation::Submit, b"x")), peer);
    assert_eq!(answer, Ok(Some("9".into())));
    assert!(pause >= Duration::from_millis(45), "{pause:?}");
}

#[tokio::test]
async fn a_dropped_connection_is_made_again_and_what_was_unanswered_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (esme, mut at_esme) = esme(&to(listener.local_addr().unwrap()));
    let peer = async {
        let mut peer = Peer::accept(&listener).await;
        peer.read().await;
        drop(peer);
        let mut peer = Peer::accept(&listener).await;
        let (header, _) = peer.read().await;
        peer.write(&submitted("2"), header.sequence).await;
        peer
    };
    let messages = async {
        let lost = esme.send(message(Operation::Submit, b"1")).await;
        (lost, esme.send(message(Operation::Submit, b"2")).await)
    };
    let (answers, _peer) = tokio::join!(messages, peer);
    assert_eq!(answers, (Err(Failure::Lost), Ok(Some("2".into()))));
    at_esme.bound().await;
    assert_eq!(at_esme.closed().await, Reason::Dropped);
    at_esme.bound().await;
}

/// The peer's end is open and nobody is there: the session ends, and the next one begins.
#[tokio::test]
async fn a_half_open_connection_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let short = oxisim_wire::Duration::from_millis(30);
    let response_timeout = oxisim_wire::Duration::from_millis(700);
    let settings = Settings { enquire_after: short, response_timeout, ..Settings::default() };
    let (_esme, mut at_esme) = esme(&EsmeConfig { settings, ..to(listener.local_addr().unwrap()) });
    let mut peer = Peer::accept(&listener).await;
    let (header, body) = peer.read().await;
    assert_eq!(body, Body::EnquireLink);
    peer.write(&Body::EnquireLinkResp(Tlvs::default()), header.sequence).await;
    assert_eq!(peer.read().await.1, Body::EnquireLink);
    assert_eq!(at_esme.closed().await, Reason::Silent);
    let _again = Peer::accept(&listener).await;
}

/// Peers that send garbage, lie about lengths, say nothing or do not read: others are served meanwhile.
#[tokio::test]
async fn hostile_peers_leave_a_centre_serving_others() {
    let settings = Settings { bind_timeout: oxisim_wire::Duration::from_secs(3), ..Settings::default() };
    let (centre, mut at_centre) =
        centre(CentreConfig { settings, ..CentreConfig::new("centre", checked) }).await;
    let address = centre.local_addr();
    let _silent = TcpStream::connect(address).await.unwrap();
    for octets in [&[0xFF; 64][..], &[0, 0, 0, 3], b"GET / HTTP/1.1\r\n\r\n"] {
        let mut liar = TcpStream::connect(address).await.unwrap();
        liar.write_all(octets).await.unwrap();
        let mut said = Vec::new();
        timeout(PATIENCE, liar.read_to_end(&mut said)).await.expect("closed in time").unwrap();
        let header = Header::read(&mut Reader::new(&said)).unwrap();
        assert_eq!((header.id, header.status), (CommandId::GENERIC_NACK, CommandStatus::INVCMDLEN));
        assert_eq!(at_centre.closed().await, Reason::OutOfStep);
    }
    // It asks on and on and never reads: at some point nothing more is taken from it.
    let mut deaf = TcpStream::connect(address).await.unwrap();
    let questions = Body::EnquireLink.encode(CommandStatus::OK, 1).unwrap().repeat(4_096);
    let mut taken = 0;
    while let Ok(written) = timeout(Duration::from_millis(200), deaf.write(&questions)).await {
        taken += written.unwrap();
        assert!(taken < 64 << 20, "everything is taken");
    }
    let (esme, _at_esme) = esme(&to(address));
    let there = at_centre.bound().await;
    let (answer, ()) = tokio::join!(esme.send(message(Operation::Submit, b"x")), async {
        let incoming = at_centre.message().await;
        assert_eq!(incoming.link(), there.id());
        incoming.accept(Some("1".into()));
    });
    assert_eq!(answer, Ok(Some("1".into())));
}

#[tokio::test]
async fn a_taker_who_is_behind_has_messages_refused_for_now() {
    let (centre, mut at_centre) = centre(CentreConfig::new("centre", checked)).await;
    let (events, taken) = mpsc::channel(1);
    let _esme = Esme::start(&to(centre.local_addr()), &events);
    let mut at_esme = Side(taken);
    at_esme.bound().await;
    let there = at_centre.bound().await;
    let first = tokio::spawn({
        let there = there.clone();
        async move { there.send(message(Operation::Deliver, b"1")).await }
    });
    // Whichever comes first is the one that there is room for.
    let second = there.send(message(Operation::Deliver, b"2"));
    let busy = Err(Failure::Refused(CommandStatus::X_T_APPN));
    tokio::select! {
        answer = second => assert_eq!(answer, busy),
        answer = first => assert_eq!(answer.unwrap(), busy),
    }
    at_esme.message().await.accept(None);
}

#[tokio::test]
async fn a_centre_has_so_many_connections_at_once() {
    let (centre, mut at_centre) =
        centre(CentreConfig { connections: 1, ..CentreConfig::new("centre", checked) }).await;
    let (one, _at_one) = esme(&to(centre.local_addr()));
    assert!(matches!(at_centre.next().await, LinkEvent::Bound(_)));
    let (_other, mut at_other) = esme(&to(centre.local_addr()));
    one.stop().await;
    assert!(matches!(at_centre.next().await, LinkEvent::Closed(..)));
    assert!(matches!(at_centre.next().await, LinkEvent::Bound(_)));
    at_other.bound().await;
}

/// A certificate for `name` that stands for itself, and its key.
fn certificate(name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn identity((certificates, key): &(String, String)) -> Identity<'_> {
    Identity { certificates: certificates.as_bytes(), key: key.as_bytes() }
}

#[tokio::test]
async fn tls_carries_a_session_if_each_trusts_the_other() {
    let (server, client) = (certificate("centre.test"), certificate("esme.test"));
    let tls = TlsServer::new(identity(&server), Some(client.0.as_bytes())).unwrap();
    let (centre, mut at_centre) =
        centre(CentreConfig { tls: Some(tls), ..CentreConfig::new("centre", checked) }).await;
    let tls = TlsClient::new("centre.test", server.0.as_bytes(), Some(identity(&client))).unwrap();
    let (esme, _at_esme) = esme(&EsmeConfig { tls: Some(tls), ..to(centre.local_addr()) });
    at_centre.bound().await;
    // More than a record of TLS.
    let long = message(Operation::Submit, &vec![7; 60_000]);
    let (answer, ()) = tokio::join!(esme.send(long.clone()), async {
        let incoming = at_centre.message().await;
        assert_eq!(incoming.message(), &long);
        incoming.accept(Some("1".into()));
    });
    assert_eq!(answer, Ok(Some("1".into())));
    esme.stop().await;
    assert_eq!(at_centre.closed().await, Reason::Unbound);
}

#[tokio::test]
async fn tls_binds_nobody_whom_one_side_does_not_trust() {
    let (server, client, other) =
        (certificate("centre.test"), certificate("esme.test"), certificate("other.test"));
    let tls = TlsServer::new(identity(&server), Some(client.0.as_bytes())).unwrap();
    let (centre, mut at_centre) =
        centre(CentreConfig { tls: Some(tls), ..CentreConfig::new("centre", checked) }).await;
    let untrusted = [
        TlsClient::new("centre.test", server.0.as_bytes(), None).unwrap(),
        TlsClient::new("centre.test", server.0.as_bytes(), Some(identity(&other))).unwrap(),
        TlsClient::new("other.test", server.0.as_bytes(), Some(identity(&client))).unwrap(),
        TlsClient::new("centre.test", other.0.as_bytes(), Some(identity(&client))).unwrap(),
    ];
    let all: Vec<_> = untrusted
        .into_iter()
        .map(|tls| esme(&EsmeConfig { tls: Some(tls), ..to(centre.local_addr()) }))
        .collect();
    let _plain = esme(&to(centre.local_addr()));
    // Who is trusted comes after them, and is the first to bind.
    let tls = TlsClient::new("centre.test", server.0.as_bytes(), Some(identity(&client))).unwrap();
    let binds = vec![Bind { system_id: "trusted".into(), ..bind(Role::Transceiver) }];
    let _trusted = esme(&EsmeConfig { tls: Some(tls), binds, ..to(centre.local_addr()) });
    assert_eq!(at_centre.bound().await.bind().system_id, "trusted");
    for (_, mut side) in all {
        while let Ok(event) = side.0.try_recv() {
            assert!(!matches!(event, LinkEvent::Bound(_)), "{event:?}");
        }
    }
}

#[test]
fn what_is_no_pem_and_no_name_is_said() {
    let (certificate, key) = certificate("centre.test");
    assert!(TlsClient::new("a name", certificate.as_bytes(), None).is_err());
    assert!(TlsClient::new("centre.test", b"", None).is_err());
    assert!(TlsClient::new("centre.test", key.as_bytes(), None).is_err());
    let swapped = Identity { certificates: key.as_bytes(), key: certificate.as_bytes() };
    assert!(TlsServer::new(swapped, None).is_err());
}
