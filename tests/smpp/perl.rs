//! `Net::SMPP` (Debian's libnet-smpp-perl) as SMS centre, our ESME bound to it; and the other way round.

use std::{
    io::{BufRead, BufReader, Lines},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use oxisim_smpp::{
    Alert, Ancillary, Bind, Centre, CentreConfig, CommandStatus, EsmClass, Esme, EsmeConfig, Failure,
    Incoming, LinkEvent, Message, MessageState, Operation, Queried, Reason, Receipts, RegisteredDelivery,
    Replacement, Request, Role, Settings, Time, Version,
};
use oxisim_sms::{DataCoding, Element, ElementId, ProtocolIdentifier, UserData};
use tokio::{sync::mpsc, time::timeout};

/// A program that ends with the test.
struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// A script; nothing if `Net::SMPP` is missing.
    fn start(script: &str, arguments: &[&str]) -> Option<Self> {
        let here = Command::new("perl").args(["-MNet::SMPP", "-e", "1"]).stderr(Stdio::null()).status();
        if !here.is_ok_and(|status| status.success()) {
            eprintln!("skipped: Net::SMPP is missing");
            return None;
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("smpp").join(script);
        let mut perl = Command::new("perl");
        let mut child = perl.arg(script).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Some(Self { child, lines })
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("the program says something").unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn next(events: &mut mpsc::Receiver<LinkEvent>) -> LinkEvent {
    timeout(Duration::from_secs(30), events.recv()).await.expect("an event in time").expect("the ESME lives")
}

async fn message(events: &mut mpsc::Receiver<LinkEvent>) -> Incoming {
    match next(events).await {
        LinkEvent::Message(incoming) => incoming,
        other => panic!("{other:?}"),
    }
}

async fn request(events: &mut mpsc::Receiver<LinkEvent>) -> Request {
    match next(events).await {
        LinkEvent::Asked(request) => request,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_esme_works_with_an_sms_centre_of_net_smpp() {
    let Some(mut perl) = Program::start("centre.pl", &[]) else { return };
    let port = perl.line().strip_prefix("port ").expect("a port").to_owned();
    let bind = Bind {
        role: Role::Transceiver,
        system_id: "backup".into(),
        password: "secret".into(),
        system_type: String::new(),
        version: Version::V3_4,
        address_range: String::new(),
    };
    let settings = Settings {
        version: Version::V3_4,
        throttle_pause: oxisim_wire::Duration::from_millis(20),
        ..Settings::default()
    };
    let config = EsmeConfig {
        settings,
        reconnect_first: Duration::from_millis(20),
        ..EsmeConfig::new(format!("127.0.0.1:{port}"), vec![bind])
    };
    let (sender, mut events) = mpsc::channel(16);
    let esme = Esme::start(&config, &sender);
    assert!(matches!(next(&mut events).await, LinkEvent::Bound(_)));

    let incoming = message(&mut events).await;
    let data = incoming.message().user_data().unwrap();
    assert_eq!(data.header(), [Element::new(ElementId(0x70), [])]);
    assert_eq!((data.coding(), data.payload()), (DataCoding::EIGHT_BIT, &[0x00, 0x0D][..]));
    assert_eq!(incoming.message().source.as_ref().unwrap().to_string(), "+15550100001");
    incoming.accept(None);
    let LinkEvent::Alert(_, alert) = next(&mut events).await else { panic!("no alert") };
    assert_eq!(alert.phone.to_string(), "+15550100001");

    let data =
        UserData::new(DataCoding::EIGHT_BIT_CLASS_2, data.header().into(), vec![0x00, 0x01, 0x7F]).unwrap();
    let destination: oxisim_sms::Address = "+15550100001".parse().unwrap();
    let mut submit = Message::new(Operation::Submit, "1000".parse().ok(), destination.clone())
        .with_user_data(&data)
        .with_reference(0x0102);
    submit.protocol_id = ProtocolIdentifier::SIM_DATA_DOWNLOAD;
    submit.registered_delivery = RegisteredDelivery::FINAL;
    submit.validity = Some(Time::Relative(oxisim_wire::Duration::from_mins(90)));
    let id = esme.send(submit).await.unwrap();
    assert_eq!(id.as_deref(), Some("1A2B"));

    // The receipt has the id in decimal.
    let mut receipts = Receipts::new(10);
    receipts.sent("the message", id.as_deref(), Some(0x0102), destination);
    let incoming = message(&mut events).await;
    let receipt = incoming.message().receipt().expect("a receipt");
    assert_eq!(receipt.state, Some(MessageState::DELIVERED));
    assert_eq!(receipts.receipt(&receipt), Some("the message"));
    incoming.accept(None);

    assert!(matches!(next(&mut events).await, LinkEvent::Closed(_, Reason::Dropped)));
    assert!(matches!(next(&mut events).await, LinkEvent::Bound(_)));
    esme.stop().await;
    assert!(matches!(next(&mut events).await, LinkEvent::Closed(_, Reason::Unbound)));

    let bound = "bind 00000009 backup secret 34";
    let submitted = "submit_sm 1000/0/1 15550100001/1/1 40 7F F6 01 000000013000000R 02700000017f 0102";
    let said: Vec<String> = (0..8).map(|_| perl.line()).collect();
    assert_eq!(
        said,
        [
            bound,
            "enquire_link_resp 0",
            "deliver_sm_resp 0",
            submitted,
            submitted,
            "deliver_sm_resp 0",
            bound,
            "unbind",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_sms_centre_works_with_esmes_of_net_smpp() {
    let (sender, mut events) = mpsc::channel(16);
    let config = CentreConfig::new("centre", |bind| {
        if bind.password == "secret" { Ok(()) } else { Err(CommandStatus::INVPASWD) }
    });
    let centre = Centre::listen("127.0.0.1:0", config, sender).await.unwrap();
    let port = centre.local_addr().port().to_string();
    let Some(mut perl) = Program::start("esme.pl", &[&port]) else { return };

    assert!(matches!(
        next(&mut events).await,
        LinkEvent::Closed(_, Reason::BindRefused(CommandStatus::INVPASWD))
    ));
    let LinkEvent::Bound(transmitter) = next(&mut events).await else { panic!("no transmitter") };
    assert_eq!((transmitter.bind().role, transmitter.bind().version), (Role::Transmitter, Version::V3_4));

    let incoming = message(&mut events).await;
    let submitted = incoming.message();
    assert_eq!(
        (submitted.esm_class, submitted.registered_delivery),
        (EsmClass::UDHI, RegisteredDelivery::FINAL)
    );
    assert_eq!(submitted.protocol_id, ProtocolIdentifier::SIM_DATA_DOWNLOAD);
    assert_eq!(submitted.validity, Some(Time::Relative(oxisim_wire::Duration::from_mins(90))));
    assert_eq!(submitted.tlvs.user_message_reference(), Some(0x0102));
    let data = submitted.user_data().unwrap();
    assert_eq!((data.coding(), data.payload()), (DataCoding::EIGHT_BIT_CLASS_2, &[0x00, 0x01, 0x7F][..]));
    incoming.accept(Some("1A2B".into()));

    let id = || "1A2B".to_owned();
    let source = || "1000".parse().ok();
    let asked = request(&mut events).await;
    let replacement = Replacement {
        id: id(),
        source: source(),
        schedule: None,
        validity: Some(Time::Relative(oxisim_wire::Duration::from_mins(5))),
        registered_delivery: RegisteredDelivery::FAILURE,
        content: vec![0x02, 0x70, 0x00, 0xFF],
    };
    assert_eq!(asked.ancillary(), &Ancillary::Replace(replacement));
    asked.done(None);
    let asked = request(&mut events).await;
    assert_eq!(asked.ancillary(), &Ancillary::Query { id: id(), source: source() });
    let done = "261127194100000+".parse().ok();
    asked.done(Some(Queried { id: id(), done, state: MessageState::EXPIRED, error: 70 }));
    let asked = request(&mut events).await;
    let cancel = Ancillary::Cancel {
        service_type: String::new(),
        id: Some(id()),
        source: source(),
        destination: "+15550100001".parse().ok(),
    };
    assert_eq!(asked.ancillary(), &cancel);
    asked.refuse(CommandStatus::CANCELFAIL);

    let LinkEvent::Bound(receiver) = next(&mut events).await else { panic!("no receiver") };
    let deliver = Message::new(Operation::Deliver, "+15550100001".parse().ok(), "1000".parse().unwrap());
    let answer = receiver.send(deliver.with_user_data(&data)).await;
    assert_eq!(answer, Err(Failure::Refused(CommandStatus::X_T_APPN)));
    receiver.alert(Alert {
        phone: "+15550100001".parse().unwrap(),
        esme: "1000".parse().ok(),
        availability: 0,
    });
    for _ in 0..2 {
        assert!(matches!(next(&mut events).await, LinkEvent::Closed(_, Reason::Unbound)));
    }
    let said: Vec<String> = (0..13).map(|_| perl.line()).collect();
    assert_eq!(
        said,
        [
            "bind_transmitter_resp E",
            "bind_transmitter_resp 0 centre",
            "submit_sm_resp 0 1A2B",
            "replace_sm_resp 0",
            "query_sm_resp 0 1A2B 261127194100000+ 3 70",
            "cancel_sm_resp 11",
            "80000000 3 99",
            "enquire_link_resp 0",
            "bind_receiver_resp 0 centre",
            "deliver_sm 15550100001 1000 40 F6 02700000017f",
            "alert_notification 15550100001 1000",
            "unbind_resp 0",
            "unbind_resp 0",
        ]
    );
}
