//! SMS centres that behave badly.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{centre::LoadCentre, served::Place, uploads::messages};

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
    let place = Place::new("", &addresses);
    let first = std::fs::read_to_string(place.path("SERVER.toml")).unwrap();
    // What is sent goes to the one that behaves.
    let mut text = String::new();
    for (number, part) in first.split("[[smpp]]").enumerate() {
        text.push_str(if number == 0 { "" } else { "[[smpp]]" });
        text.push_str(part);
        if (1..4).contains(&number) {
            text.push_str("prefixes = [\"+999\"]\n");
        }
    }
    std::fs::write(place.path("SERVER.toml"), text).unwrap();
    let served = place.serve("SERVER.toml");
    centre.acknowledged(all).await;
    centre.told(5).await;
    served.stop();
    assert_eq!(place.check(), "all is well: 5 phonebooks, 0 cards with keys\n");
}
