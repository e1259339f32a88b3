//! Kannel, which nobody here wrote, as an ESME: its bearerbox binds as transceiver, and messages of octets with a user data
//! header pass both ways, octet by octet.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::mpsc,
    thread,
};

use oxisim_sms::{
    DataCoding, Element, ElementId, ProtocolIdentifier, UserData,
    tpdu::{DeliverReport, MobileTerminated, Submit},
};
use oxisim_smsc::{Station, StationOutput};
use oxisim_wire::{Instant, Wire};

use crate::process::{PATIENCE, Running, Smsc};

/// Kannel's configuration; what is in capitals is filled in. An smsbox that has a name gets messages by its route only.
const CONFIGURATION: &str = r#"
group = core
admin-port = ADMIN
admin-interface = 127.0.0.1
admin-password = private
smsbox-port = BOX
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
log-level = 0
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = ours
host = 127.0.0.1
port = CENTRE
transceiver-mode = true
smsc-username = oxisim
smsc-password = oxisim
system-type = ""
interface-version = 34

group = smsbox
bearerbox-host = 127.0.0.1
smsbox-id = box
sendsms-port = SEND
sendsms-interface = 127.0.0.1
log-level = 0

group = smsbox-route
smsbox-id = box
smsc-id = ours

group = sendsms-user
username = test
password = test

group = sms-service
keyword = default
get-url = "http://127.0.0.1:HTTP/came?from=%p&to=%P&coding=%c&udh=%u&data=%b"
max-messages = 0
"#;

/// Four ports that are free.
fn ports() -> [u16; 4] {
    let listeners = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    listeners.map(|listener| listener.local_addr().expect("its address").port())
}

/// Whether Kannel is here; if not, says why not. On continuous integration that is a failure.
fn is_available() -> bool {
    let has =
        |name: &str| ["/usr/sbin", "/usr/bin", "/sbin"].iter().any(|at| Path::new(at).join(name).exists());
    if has("bearerbox") && has("smsbox") {
        return true;
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "Kannel is not installed; make setup installs it");
    eprintln!("skipped: Kannel is not installed; make setup, as root, installs it");
    false
}

/// What is asked of an HTTP server of this test, as the path and the parameters.
fn listen(listener: TcpListener) -> mpsc::Receiver<(String, BTreeMap<String, Vec<u8>>)> {
    let (sender, asked) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let mut request = String::new();
            let mut line = String::new();
            let _ = reader.read_line(&mut request);
            while reader.read_line(&mut line).is_ok_and(|count| count > 2) {
                line.clear();
            }
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = reader.into_inner().write_all(answer);
            let target = request.split(' ').nth(1).unwrap_or_default();
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let parameters = pairs.map(|(name, value)| (name.into(), decoded(value))).collect();
            if sender.send((path.into(), parameters)).is_err() {
                return;
            }
        }
    });
    asked
}

/// The octets of a value in a URL.
fn decoded(value: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = value.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'%' => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&digits, 16).expect("two digits")
            }
            b'+' => b' ',
            other => other,
        });
    }
    octets
}

fn encoded(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "%{octet:02X}");
        text
    })
}

fn get(port: u16, target: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("Kannel listens");
    write!(stream, "GET {target} HTTP/1.0\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

/// A phone of this test: the phone's end of the link, with a socket.
struct Phone {
    station: Station,
    stream: TcpStream,
}

impl Phone {
    fn attach(smsc: &Smsc, number: &str) -> Self {
        let stream = TcpStream::connect(smsc.phones).expect("the centre listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut phone = Self { station: Station::new(number.parse().expect("a number")), stream };
        phone.station.handle_connected();
        assert!(matches!(phone.next(), StationOutput::Served(_)));
        phone
    }

    /// What the link says next.
    fn next(&mut self) -> StationOutput {
        let mut octets = [0; 1024];
        loop {
            match self.station.poll_output() {
                Some(StationOutput::Send(octets)) => {
                    self.stream.write_all(&octets).expect("the centre reads");
                }
                Some(output) => return output,
                None => match self.stream.read(&mut octets).expect("the centre answers") {
                    0 => panic!("the centre has ended the connection"),
                    count => self.station.handle_octets(&octets[..count]),
                },
            }
        }
    }

    /// Sends what waits to be sent.
    fn flush(&mut self) {
        while let Some(StationOutput::Send(octets)) = self.station.poll_output() {
            self.stream.write_all(&octets).expect("the centre reads");
        }
    }
}

fn replaced(configuration: &str, values: &[(&str, u16)]) -> String {
    values.iter().fold(configuration.to_owned(), |text, (name, value)| text.replace(name, &value.to_string()))
}

#[test]
fn octets_with_a_header_pass_both_ways_and_a_receipt_comes_back() {
    if !is_available() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut smsc = Smsc::start(&[]);
    let http = TcpListener::bind("127.0.0.1:0").expect("a port");
    let http_port = http.local_addr().expect("its address").port();
    let asked = listen(http);
    let [admin, boxes, send, _] = ports();
    let configuration = folder.path().join("kannel.conf");
    let centre = smsc.smpp.port();
    let values = [("ADMIN", admin), ("BOX", boxes), ("CENTRE", centre), ("SEND", send), ("HTTP", http_port)];
    fs::write(&configuration, replaced(CONFIGURATION, &values)).expect("the configuration");
    let start = |name: &str| {
        let path = ["/usr/sbin", "/usr/bin", "/sbin"].iter().map(|at| Path::new(at).join(name));
        let program = path.into_iter().find(|path| path.exists()).expect("it is there");
        Running::start(Command::new(program).arg(&configuration).current_dir(folder.path()))
    };
    let mut bearerbox = start("bearerbox");
    bearerbox.prints("entering mainloop");
    smsc.running.prints("ESME \"oxisim\" is there");
    let mut smsbox = start("smsbox");
    smsbox.prints("Connected to bearerbox");
    bearerbox.prints("boxc_id <box>");

    // From the phone to Kannel.
    let mut phone = Phone::attach(&smsc, "+15550100001");
    let header =
        vec![Element::new(ElementId::COMMAND_PACKET, []), Element::new(ElementId(0x6F), [0x00, 0xFF])];
    let payload: Vec<u8> = (0..=131).map(|n: u8| n.wrapping_mul(37)).collect();
    let user_data = UserData::new(DataCoding::EIGHT_BIT, header.clone(), payload.clone()).expect("it fits");
    let to = "+15550199999".parse().expect("a number");
    let submit = Submit::new(to, ProtocolIdentifier::DEFAULT, user_data);
    phone.station.submit(submit.encode(), None, Instant::EPOCH);
    assert_eq!(phone.next(), StationOutput::Submitted(Ok(())));
    let (path, parameters) = asked.recv_timeout(PATIENCE).expect("Kannel hands the message over");
    assert_eq!(path, "/came");
    assert_eq!(parameters["from"], b"+15550100001");
    assert_eq!(parameters["coding"], b"1");
    assert_eq!(parameters["udh"], [6, 0x70, 0, 0x6F, 2, 0x00, 0xFF]);
    assert_eq!(parameters["data"], payload);

    // From Kannel to the phone, with a receipt.
    let data: Vec<u8> = (0..100).map(|n: u8| n.wrapping_mul(91)).collect();
    let receipt = encoded(format!("http://127.0.0.1:{http_port}/dlr?state=%d").as_bytes());
    let message = format!(
        "/cgi-bin/sendsms?username=test&password=test&from=15550199999&to=%2B15550100001&coding=1&pid=127&mclass=2\
         &udh={}&text={}&dlr-mask=3&dlr-url={receipt}",
        encoded(&[2, 0x70, 0]),
        encoded(&data)
    );
    assert!(get(send, &message).contains("Accepted for delivery"));
    let StationOutput::Deliver { tpdu, service_centre } = phone.next() else { panic!("a message") };
    assert_eq!(service_centre.expect("a service centre").to_string(), "+15550100000");
    let Ok(MobileTerminated::Deliver(deliver)) = MobileTerminated::decode(&tpdu, "TPDU") else {
        panic!("an SMS-DELIVER: {tpdu:02X?}")
    };
    assert_eq!(deliver.originator.semi_octets(), [1, 5, 5, 5, 0, 1, 9, 9, 9, 9, 9]);
    assert_eq!(deliver.protocol, ProtocolIdentifier::SIM_DATA_DOWNLOAD);
    assert_eq!(deliver.user_data.header(), [Element::new(ElementId::COMMAND_PACKET, [])]);
    assert_eq!(deliver.user_data.payload(), data);
    assert_eq!(deliver.user_data.coding().class(), DataCoding(0xF6).class());
    phone.station.report(&DeliverReport::acknowledged());
    phone.flush();
    let (path, parameters) = asked.recv_timeout(PATIENCE).expect("Kannel hands the receipt over");
    assert_eq!((path.as_str(), parameters["state"].as_slice()), ("/dlr", &b"1"[..]));
    smsbox.end();
    bearerbox.end();
}
