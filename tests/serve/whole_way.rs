//! Card, phone, SMS centre, SMPP, server, database, and back.

use crate::{postgres::Cluster, process::Smsc, served::Place};

const KEY: &str = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";

fn contacts() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/contacts-10.vcf").into()
}

/// Two phones back up; the server ends in order and has said nobody's number.
fn backs_up(first: &str, prepare: impl Fn(&Place)) {
    let smsc = Smsc::start(&[]);
    let place = Place::new(first, &[smsc.smpp]);
    prepare(&place);
    let mut served = place.serve("SERVER.toml");
    served.running.prints("bound to");
    let backs_up = |number| smsc.phone(number, &["--contacts", &contacts(), "--choose", "1"]);
    let mut phones = ["+15550100001", "+15550100002"].map(backs_up);
    for phone in &mut phones {
        phone.prints("Backup complete");
    }
    served.signal("HUP");
    served.running.prints("the configuration was read again");
    let said = served.stop();
    assert!(said.iter().any(|line| line.contains("complete")), "{said:?}");
    for line in said {
        assert!(!line.contains("5550100001") && !line.contains("5550100002"), "{line}");
    }
    assert_eq!(place.check(), "all is well: 2 phonebooks, 0 cards with keys\n");
}

#[test]
fn phones_back_up_into_a_file() {
    backs_up("[server]\nnumber = \"+15550199999\"", |_| {});
}

#[test]
fn phones_back_up_into_postgresql() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.create("whole_way");
    let first = format!(
        "[server]\nnumber = \"+15550199999\"\nmaster_key = \"master.key\"\n[store]\nurl = \"{}\"\nkey = \"store.key\"",
        cluster.url("whole_way")
    );
    backs_up(&first, |place| {
        std::fs::write(place.path("store.key"), KEY).expect("a file");
        std::fs::write(place.path("master.key"), &KEY[..32]).expect("a file");
    });
}
