//! The greeter on a card, for phones and programs that connect by TCP, such as `oxisim phone --tcp 127.0.0.1:7816`.

use std::{sync::atomic::AtomicBool, time::SystemTime};

use greeter::Greeter;
use oxisim_card::{Card, Profile};
use oxisim_transport::{SmartCard, TcpServer};
use oxisim_wire::Instant;

/// A card in real time.
struct Served(Card);

impl SmartCard for Served {
    fn power_on(&mut self) -> Vec<u8> {
        self.0.power_on(now())
    }

    fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.0.exchange(now(), apdu).to_bytes()
    }

    fn power_off(&mut self) {
        self.0.power_off();
    }
}

fn now() -> Instant {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Instant::from_secs(since.as_secs())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut card = Card::new(&Profile::default());
    card.add_applet(Greeter)?;
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7816".into());
    let server = TcpServer::bind(&address)?;
    println!("the card waits for a phone at {}", server.local_address());
    server.serve(&mut Served(card), &AtomicBool::new(false), |visit| println!("{visit}"))?;
    Ok(())
}
