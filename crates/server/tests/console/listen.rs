//! The console on real sockets.

use std::{net::SocketAddr, sync::Arc};

use oxisim_server::console::{Exposure, ListenError, Listener, Role, Tls};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto, pki_types::ServerName},
};

use crate::kit::Bench;

/// A console that listens on a port of the system's choice, until it is told to stop.
async fn serve(tls: Option<Tls>) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<std::io::Result<()>>) {
    let exposure = Exposure { has_tls: tls.is_some(), ..Exposure::loopback(0) };
    let bench = Bench::exposed(&[("ada", Role::Operator)], exposure.clone());
    let listener = Listener::bind(&exposure, tls).await.unwrap();
    let address = listener.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let console = bench.console.clone();
    let serving = tokio::spawn(async move { console.serve(listener, async { drop(stopped.await) }).await });
    (address, stop, serving)
}

async fn health(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> String {
    let request = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_until_it_is_stopped() {
    let (address, stop, serving) = serve(None).await;
    let answer = health(TcpStream::connect(address).await.unwrap()).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("ok\n"), "{answer}");
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_speaks_tls_and_a_peer_that_does_not_harms_nobody() {
    let own = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let tls = Tls::from_pem(own.cert.pem().as_bytes(), own.signing_key.serialize_pem().as_bytes()).unwrap();
    let (address, _stop, _serving) = serve(Some(tls)).await;

    // One connection says nothing, one says what is no TLS.
    let _silent = TcpStream::connect(address).await.unwrap();
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();

    let mut roots = RootCertStore::empty();
    roots.add(own.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let answer = health(stream).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("strict-transport-security"),
        "{answer}"
    );
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_with_the_reason() {
    let own = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let (certificate, key) = (own.cert.pem(), own.signing_key.serialize_pem());
    let of = |certificate: &str, key: &str| Tls::from_pem(certificate.as_bytes(), key.as_bytes()).map(drop);
    assert!(matches!(of("", &key), Err(ListenError::Certificate(_))));
    assert!(matches!(of(&certificate, "no key"), Err(ListenError::Key(_))));
    assert!(matches!(of(&certificate, &other.signing_key.serialize_pem()), Err(ListenError::Tls(_))));
    assert!(of(&certificate, &key).is_ok());
}
