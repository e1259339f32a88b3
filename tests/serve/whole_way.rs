//! Card, phone, SMS centre, SMPP, server, database, and back.

use oxisim_trace::{Party, What};

use crate::{postgres::Cluster, process::Smsc, served::Place};

const KEY: &str = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";

fn contacts() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/contacts-10.vcf").into()
}

/// Two phones back up; the server ends in order and has said nobody's number.
fn backs_up(first: &str, prepare: impl Fn(&Place)) {
    let folder = tempfile::tempdir().expect("a folder");
    let [of_centre, of_server] =
        ["centre.jsonl", "server.jsonl"].map(|name| folder.path().join(name).display().to_string());
    let smsc = Smsc::start(&["--trace", &of_centre]);
    let place = Place::new(first, &[smsc.smpp]);
    prepare(&place);
    let mut served = place.serve_with("SERVER.toml", &["--trace", &of_server]);
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
    recorded(&of_centre, &of_server);
    assert_eq!(place.check(), "all is well: 2 phonebooks, 0 cards with keys\n");
}

/// Both sides of SMPP have recorded the same messages, and nobody a password.
fn recorded(of_centre: &str, of_server: &str) {
    let read = |path: &str| {
        let records = oxisim_trace::read(&std::fs::read(path).expect("a trace")).expect("records");
        records.into_iter().map(|placed| placed.record.what).collect::<Vec<What>>()
    };
    let pdus = |records: &[What]| -> Vec<(Party, Vec<u8>)> {
        let pdu = |what: &What| match what {
            What::Pdu { from, pdu, .. } => Some((*from, pdu.clone())),
            _ => None,
        };
        records.iter().filter_map(pdu).collect()
    };
    let centre = read(of_centre);
    let (mut theirs, ours) = (pdus(&centre), pdus(&read(of_server)));
    assert!(ours.len() >= 4, "{ours:?}");
    for pdu in &ours {
        let place = theirs.iter().position(|theirs| theirs == pdu).expect("a PDU of both sides");
        theirs.remove(place);
        assert!(!pdu.1.windows(6).any(|octets| octets == b"oxisim"), "{pdu:?}");
    }
    for (number, from) in [("+15550100001", Party::Phone), ("+15550100002", Party::Centre)] {
        let passed = |what: &What| matches!(what, What::Rpdu { phone, from: by, .. } if phone == number && *by == from);
        assert!(centre.iter().any(passed), "{number}");
    }
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
