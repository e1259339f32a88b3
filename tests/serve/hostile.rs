//! SMS centres that behave badly.

use std::{fmt::Write as _, net::SocketAddr};

use oxisim_smpp::{Body, CommandId, CommandStatus, Header, Message, Operation, Role, Tag, Tlvs, Version};
use oxisim_wire::{Reader, Wire};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc,
    time::timeout,
};

use crate::{centre::LoadCentre, process::PATIENCE, served::Place, uploads::messages};

/// A configuration in which all that is sent goes to the last of these SMS centres.
fn place(first: &str, addresses: &[SocketAddr]) -> Place {
    let place = Place::new(first, addresses);
    let path = place.path("SERVER.toml");
    let parts = std::fs::read_to_string(&path).unwrap();
    let parts: Vec<&str> = parts.split("[[smpp]]").collect();
    let mut text = parts[0].to_owned();
    for (number, part) in parts.iter().enumerate().skip(1) {
        let prefixes = if number < addresses.len() { "prefixes = [\"+999\"]\n" } else { "" };
        let _ = write!(text, "[[smpp]]{part}{prefixes}");
    }
    std::fs::write(path, text).unwrap();
    place
}

/// A listener whose connections have room for few octets that are not read.
fn narrow() -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket.listen(8).unwrap()
}

/// The next PDU that comes.
async fn read(stream: &mut TcpStream) -> std::io::Result<(Header, Vec<u8>)> {
    let mut header = [0; Header::LENGTH];
    stream.read_exact(&mut header).await?;
    let header = Header::read(&mut Reader::new(&header)).unwrap();
    let mut body = vec![0; header.length as usize - Header::LENGTH];
    stream.read_exact(&mut body).await?;
    Ok((header, body))
}

/// Lets the next ESME bind.
async fn bound(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let (header, _) = read(&mut stream).await.unwrap();
    let mut tlvs = Tlvs::default();
    tlvs.set(Tag::SC_INTERFACE_VERSION, [Version::V5_0.0]);
    let resp = Body::BindResp(Role::Transceiver, "peer".into(), tlvs);
    stream.write_all(&resp.encode(CommandStatus::OK, header.sequence).unwrap()).await.unwrap();
    stream
}

/// One answers with what is no PDU, one closes at once, one reads nothing and says nothing: the one that behaves is
/// served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn centres_that_behave_badly_do_not_keep_a_server_from_others() {
    let mut addresses = Vec::new();
    for behaviour in 0..3 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        addresses.push(listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                match behaviour {
                    0 => {
                        let mut bind = [0; 64];
                        let _ = stream.read(&mut bind).await;
                        let _ = stream.write_all(&[0xFF; 4_096]).await;
                        let _ = stream.write_all(&[0; 4_096]).await;
                    }
                    1 => {}
                    _ => kept.push(stream),
                }
            }
        });
    }
    let load: Vec<_> = (0..5).flat_map(messages).collect();
    let all = load.len();
    let mut centre = LoadCentre::start(load).await;
    addresses.push(centre.address);
    let place = place("", &addresses);
    let served = place.serve("SERVER.toml");
    centre.acknowledged(all).await;
    centre.told(5).await;
    served.stop();
    assert_eq!(place.check(), "all is well: 5 phonebooks, 0 cards with keys\n");
}

/// It brings messages without end and reads no answer. The server reads no more of them than it has room for answers, and
/// gives the session up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_centre_that_reads_no_answers_is_given_up_and_does_not_keep_a_server_from_others() {
    let listener = narrow();
    let mut addresses = vec![listener.local_addr().unwrap()];
    let (end, mut ended) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let message = Message::new(Operation::Deliver, "+15550100077".parse().ok(), "1000".parse().unwrap());
        let pdu = Body::Message(Box::new(message)).encode(CommandStatus::OK, 1).unwrap();
        let many = pdu.repeat(100);
        loop {
            let mut stream = bound(&listener).await;
            let mut brought = 0_u64;
            while stream.write_all(&many).await.is_ok() {
                brought += 100;
            }
            let _ = end.send(brought);
        }
    });
    let load: Vec<_> = (0..5).flat_map(messages).collect();
    let all = load.len();
    let mut centre = LoadCentre::start(load).await;
    addresses.push(centre.address);
    let place = place("", &addresses);
    let path = place.path("SERVER.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text =
        text.replacen("window = 50\n", "window = 50\nenquire_after = \"1s\"\nanswer_within = \"1s\"\n", 1);
    std::fs::write(path, text).unwrap();
    let served = place.serve("SERVER.toml");
    let brought = timeout(PATIENCE, ended.recv()).await.expect("the session is given up").unwrap();
    assert!(brought > 100, "{brought} messages were brought before");
    centre.acknowledged(all).await;
    centre.told(5).await;
    served.stop();
}

/// Every PDU that there is, with octets that make no sense: each request has its answer, in one and the same session, and a
/// message that comes then is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pdus_that_make_no_sense_are_answered_and_the_session_goes_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addresses = [listener.local_addr().unwrap()];
    let place = place("", &addresses);
    let served = place.serve("SERVER.toml");
    let mut stream = timeout(PATIENCE, bound(&listener)).await.expect("a bind");
    let mut sequence = 0;
    for id in (0..=0x25).chain([0x0102, 0x0103, 0x7FFF_FFFF]).map(CommandId) {
        if [CommandId::UNBIND, CommandId::ALERT_NOTIFICATION, CommandId::OUTBIND].contains(&id) {
            continue;
        }
        for length in [0_u32, 1, 7, 64, 300] {
            sequence += 1;
            let header = Header { length: 16 + length, id, status: CommandStatus::OK, sequence };
            let body = (0..length).map(|at| (at * 89 + sequence * 31) as u8);
            stream.write_all(&header.encode().into_iter().chain(body).collect::<Vec<u8>>()).await.unwrap();
            let (answer, _) = timeout(PATIENCE, read(&mut stream)).await.expect("an answer").unwrap();
            let is_answer = [id.response(), CommandId::GENERIC_NACK].contains(&answer.id);
            assert!(is_answer && answer.sequence == sequence, "{id:?} of {length} octets: {answer:?}");
            let is_question = id == CommandId::ENQUIRE_LINK;
            assert_eq!(
                answer.status == CommandStatus::OK,
                is_question,
                "{id:?} of {length} octets: {answer:?}"
            );
        }
    }
    let body = Body::Message(Box::new(messages(1).into_iter().next().unwrap()));
    stream.write_all(&body.encode(CommandStatus::OK, 9_999).unwrap()).await.unwrap();
    loop {
        let (answer, _) = timeout(PATIENCE, read(&mut stream)).await.expect("an answer").unwrap();
        if answer.id == CommandId::DELIVER_SM_RESP {
            assert_eq!((answer.status, answer.sequence), (CommandStatus::OK, 9_999));
            break;
        }
    }
    drop(stream);
    served.stop();
}

/// A centre that answers nothing takes all the room for what waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_centre_hears_how_busy_the_server_is() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = place("[limits]\noutgoing = 1\n", &[listener.local_addr().unwrap()]);
    let served = place.serve("SERVER.toml");
    let mut stream = timeout(PATIENCE, bound(&listener)).await.expect("a bind");
    for message in messages(1) {
        let body = Body::Message(Box::new(message));
        stream.write_all(&body.encode(CommandStatus::OK, 1).unwrap()).await.unwrap();
    }
    let busy = async {
        loop {
            stream.write_all(&Body::EnquireLink.encode(CommandStatus::OK, 2).unwrap()).await.unwrap();
            let (header, body) = loop {
                let (header, body) = read(&mut stream).await.unwrap();
                if header.id == CommandId::ENQUIRE_LINK_RESP {
                    break (header, body);
                }
            };
            let Ok(Body::EnquireLinkResp(tlvs)) = Body::read(header, &body) else { panic!("no answer") };
            if tlvs.congestion_state() == Some(100) {
                return;
            }
        }
    };
    timeout(PATIENCE, busy).await.expect("it says so");
    served.kill();
}
