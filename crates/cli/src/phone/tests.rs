//! Channels of a phone whose card follows a script, to real sockets of this machine.

use std::{
    collections::VecDeque,
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket},
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::Duration as StdDuration,
};

use oxisim_transport::{Error, Transport};

use super::*;

/// How long a test waits for the other side at most.
const PATIENCE: StdDuration = StdDuration::from_secs(30);

/// What a card does next.
enum Step {
    /// It asks for this.
    Asks(String),
    /// It waits for an envelope with this.
    Waits(&'static str),
}

/// A card without files that does one step after another, and is gone after the last.
struct Script {
    steps: VecDeque<Step>,
    /// What it is answered, from the result on.
    answers: Sender<String>,
}

impl Script {
    fn status(&self) -> Result<String, Error> {
        match self.steps.front() {
            Some(Step::Asks(command)) => Ok(format!("91{:02X}", command.len() / 2)),
            Some(Step::Waits(_)) => Ok("9000".into()),
            None => Err(Error::NoCard { reader: "script".into() }),
        }
    }

    fn answer(&mut self, command: &str) -> Result<String, Error> {
        match &command[..4] {
            "8010" | "80F2" => self.status(),
            "8012" => match self.steps.pop_front() {
                Some(Step::Asks(command)) => Ok(format!("{command}9000")),
                _ => panic!("nothing was announced"),
            },
            "8014" => {
                let _ = self.answers.send(command[28..].into());
                self.status()
            }
            "80C2" => {
                match self.steps.pop_front() {
                    Some(Step::Waits(what)) if command.ends_with(what) => {}
                    _ => panic!("{command}"),
                }
                self.status()
            }
            _ => Ok("6A82".into()),
        }
    }
}

impl Transport for Script {
    fn reset(&mut self) -> Result<Vec<u8>, Error> {
        Ok(vec![0x3B, 0x00])
    }

    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, Error> {
        let answer = self.answer(&hex::encode_upper(command))?;
        Ok(hex::decode(answer).expect("a response"))
    }
}

/// A phone that runs until its card is gone.
struct Running {
    answers: Receiver<String>,
    thread: thread::JoinHandle<String>,
}

impl Running {
    /// Starts a phone with a card that wants to know of data and of links, and then does these steps.
    fn start(network: NetworkName, steps: Vec<Step>) -> Self {
        let (sender, answers) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut card = Script { steps: steps.into(), answers: sender };
            card.steps.push_front(Step::Asks("D00D8103010500820281829902090A".into()));
            let config = Config { poll_interval: Duration::from_millis(1), ..Config::default() };
            let mut phone = Phone::new(config, card, network, Vec::new());
            phone.says_yes = true;
            let ended = phone.run(Duration::from_secs(60));
            assert!(matches!(ended, Err(Failure::Card(Error::NoCard { .. }))), "{ended:?}");
            String::from_utf8(phone.out).expect("text")
        });
        let running = Self { answers, thread };
        running.answers("830100");
        running
    }

    /// The card is answered this next.
    #[track_caller]
    fn answers(&self, answer: &str) {
        assert_eq!(self.answers.recv_timeout(PATIENCE).expect("an answer"), answer);
    }

    /// What the phone has said in the end.
    fn said(self) -> String {
        self.thread.join().expect("the phone runs until its card is gone")
    }
}

fn command(objects: &str) -> Step {
    Step::Asks(format!("D0{:02X}{objects}", objects.len() / 2))
}

/// OPEN CHANNEL to 127.0.0.1 by a protocol of TS 102 223 §8.59, with a buffer of this size.
fn open(protocol: u8, port: u16, size: u16) -> Step {
    open_to("7F000001", protocol, port, size)
}

fn open_to(host: &str, protocol: u8, port: u16, size: u16) -> Step {
    let level = format!("3C03{protocol:02X}{port:04X}");
    command(&format!("8103014001820281823501033902{size:04X}{level}3E0521{host}"))
}

fn listen(port: u16) -> Step {
    command(&format!("8103014000820281823902{:04X}3C0303{port:04X}", 1000))
}

fn send(data: &str) -> Step {
    command(&format!("81030143018202812136{:02X}{data}", data.len() / 2))
}

fn receive(count: u8) -> Step {
    command(&format!("8103014200820281213701{count:02X}"))
}

fn close(qualifier: u8) -> Step {
    command(&format!("81030141{qualifier:02X}82028121"))
}

/// A listener of this test, and its port.
fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    stream
}

fn read<const N: usize>(stream: &mut TcpStream) -> [u8; N] {
    let mut octets = [0; N];
    stream.read_exact(&mut octets).expect("octets");
    octets
}

#[test]
fn a_card_talks_to_a_tcp_server_until_that_ends_the_connection() {
    let (listener, port) = listener();
    let phone = Running::start(
        NetworkName::Loopback,
        vec![
            open(0x02, port, 1000),
            send("70696E67"),
            Step::Waits("B8028100B70104"),
            receive(4),
            Step::Waits("B8020105"),
            send("00"),
            close(0),
        ],
    );
    let (stream, _) = listener.accept().expect("the card connects");
    let mut stream = patient(stream);
    phone.answers("830100B8028100B50103B90203E8");
    assert_eq!(read(&mut stream), *b"ping");
    phone.answers("830100B701FF");
    stream.write_all(b"pong").expect("the card reads");
    phone.answers("830100B604706F6E67B70100");
    drop(stream);
    phone.answers("83023A02");
    phone.answers("830100");
    let said = phone.said();
    assert!(said.contains(&format!("channel 1 leads to 127.0.0.1:{port} by TCP")), "{said}");
    assert!(said.contains("channel 1 takes 4 octets: 70696E67"), "{said}");
    assert!(said.contains("channel 1 has lost its connection"), "{said}");
}

#[test]
fn a_card_exchanges_datagrams_with_a_udp_server() {
    let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    server.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let port = server.local_addr().expect("an address").port();
    let phone = Running::start(
        NetworkName::Loopback,
        vec![open(0x01, port, 1000), send("0102"), Step::Waits("B8028100B70103"), receive(3), close(0)],
    );
    let mut datagram = [0; 16];
    let (count, card) = server.recv_from(&mut datagram).expect("a datagram");
    assert_eq!(datagram[..count], [1, 2]);
    server.send_to(&[3, 4, 5], card).expect("the card is there");
    for answer in ["830100B8028100B50103B90203E8", "830100B701FF", "830100B603030405B70100", "830100"] {
        phone.answers(answer);
    }
    phone.said();
}

#[test]
fn a_card_that_is_a_server_is_connected_to_again_and_again_until_it_closes_its_port() {
    let (free, port) = listener();
    drop(free);
    let connect = || patient(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the card listens"));
    let phone = Running::start(
        NetworkName::Loopback,
        vec![
            listen(port),
            Step::Waits("B8028100"),
            Step::Waits("B8028100B70102"),
            receive(2),
            send("0A0B"),
            Step::Waits("B8024100"),
            Step::Waits("B8028100"),
            Step::Waits("B8028100B70101"),
            receive(1),
            close(1),
            Step::Waits("B8028100"),
            close(0),
        ],
    );
    phone.answers("830100B8024100B90203E8");
    let mut first = connect();
    first.write_all(&[1, 2]).expect("the card reads");
    phone.answers("830100B6020102B70100");
    phone.answers("830100B701FF");
    assert_eq!(read(&mut first), [0x0A, 0x0B]);
    drop(first);
    let mut second = connect();
    second.write_all(&[3]).expect("the card reads");
    phone.answers("830100B60103B70100");
    phone.answers("830100");
    assert_eq!(second.read(&mut [0]).expect("an end"), 0);
    let mut third = connect();
    phone.answers("830100");
    match third.read(&mut [0]) {
        Ok(count) => assert_eq!(count, 0),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    phone.said();
    let refused = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(|error| error.kind());
    assert_eq!(refused.err(), Some(ErrorKind::ConnectionRefused));
}

#[test]
fn a_port_that_is_anothers_is_not_available() {
    let (_listener, port) = listener();
    let phone = Running::start(NetworkName::Loopback, vec![listen(port)]);
    phone.answers("83023A10B90203E8");
    phone.said();
}

#[test]
fn more_than_the_buffer_holds_waits_in_the_socket_and_nothing_is_lost() {
    let (listener, port) = listener();
    let mut steps = vec![open(0x02, port, 300), Step::Waits("B8028100B701FF")];
    steps.extend((0..5).map(|_| receive(200)));
    let phone = Running::start(NetworkName::Loopback, steps);
    let (mut stream, _) = listener.accept().expect("the card connects");
    let octets: Vec<u8> = (0..=255).cycle().take(1000).collect();
    stream.write_all(&octets).expect("there is room");
    phone.answers("830100B8028100B50103B902012C");
    for (piece, left) in octets.chunks(200).zip([100_u8, 100, 100, 100, 0]) {
        phone.answers(&format!("830100B681C8{}B701{left:02X}", hex::encode_upper(piece)));
    }
    phone.said();
}

#[test]
fn nobody_listens_at_a_port_that_is_free() {
    let (free, port) = listener();
    drop(free);
    let phone = Running::start(NetworkName::Loopback, vec![open(0x02, port, 1000)]);
    phone.answers("83023A07B50103B90203E8");
    phone.said();
}

#[test]
fn another_machine_is_not_reached() {
    for protocol in [0x01, 0x02] {
        let phone = Running::start(NetworkName::Loopback, vec![open_to("C0000201", protocol, 7, 1000)]);
        phone.answers("83023A07B50103B90203E8");
        let said = phone.said();
        assert!(said.contains("reaches this machine only, and 192.0.2.1 is not it"), "{said}");
    }
}

#[test]
fn the_simulated_network_echoes_and_the_user_says_yes() {
    let channel = "81030140018202818205024F4B350103390203E83C030100073E0521C0000201";
    let phone = Running::start(
        NetworkName::Simulated,
        vec![command(channel), send("0102"), Step::Waits("B8028100B70102"), receive(2)],
    );
    for answer in ["830100B8028100B50103B90203E8", "830100B701FF", "830100B6020102B70100"] {
        phone.answers(answer);
    }
    assert!(phone.said().contains("says yes"));
}
