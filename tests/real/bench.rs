//! READ BINARY a second through pcscd and vpcd as Debian has them. Goal: 8000.

mod namespace;

use std::{sync::atomic::AtomicBool, thread, time::Instant};

use oxisim_card::{Card, Profile};
use oxisim_transport::{Error, Pcsc, Protocols, Sharing, SmartCard, Transport, vpcd};

const RUNS: usize = 7;
const READS: u32 = 10_000;
const GOAL: f64 = 8_000.0;

/// A card without a clock.
struct Timeless(Card);

impl SmartCard for Timeless {
    fn power_on(&mut self) -> Vec<u8> {
        self.0.power_on(oxisim_wire::Instant::EPOCH)
    }

    fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.0.exchange(oxisim_wire::Instant::EPOCH, apdu).into_bytes()
    }

    fn power_off(&mut self) {
        self.0.power_off();
    }
}

fn main() {
    if std::env::args().any(|word| word == "--inside") {
        measure();
    } else if namespace::is_available(&[]) {
        let this = std::env::current_exe().expect("this program");
        let this = this.to_str().expect("a path in UTF-8");
        let status = namespace::command(this).arg("--inside").status().expect("the harness starts");
        assert!(status.success(), "{status}");
    }
}

fn measure() {
    let port = std::env::var("VPCD_0").expect("the harness says the port");
    let address = format!("127.0.0.1:{port}");
    thread::spawn(move || {
        let card = &mut Timeless(Card::new(&Profile::default()));
        vpcd::serve(&address, card, &AtomicBool::new(false), |news| println!("{news}"));
    });
    let mut reader = Pcsc::open("Virtual PCD 00 00", Sharing::Exclusive, Protocols::Any).expect("the reader");
    while let Err(error) = reader.reset() {
        assert!(matches!(error, Error::NoCard { .. } | Error::Mute { .. }), "{error}");
        thread::sleep(std::time::Duration::from_millis(50));
    }
    let selected = reader.exchange(&[0x00, 0xA4, 0x08, 0x0C, 0x02, 0x2F, 0xE2]).expect("SELECT");
    assert_eq!(selected, [0x90, 0x00]);
    let mut rates: Vec<f64> = (0..RUNS).map(|_| rate(&mut reader)).collect();
    rates.sort_by(f64::total_cmp);
    let [least, .., most] = &rates[..] else { return };
    let median = rates[RUNS / 2];
    println!("READ BINARY through pcscd and vpcd: median {median:.0} a second ({least:.0} to {most:.0})");
    println!("goal {GOAL:.0}: {}", if median >= GOAL { "met" } else { "missed" });
}

fn rate(reader: &mut Pcsc) -> f64 {
    let begin = Instant::now();
    for _ in 0..READS {
        let response = reader.exchange(&[0x00, 0xB0, 0x00, 0x00, 0x0A]).expect("READ BINARY");
        assert_eq!(response.len(), 12);
    }
    f64::from(READS) / begin.elapsed().as_secs_f64()
}
