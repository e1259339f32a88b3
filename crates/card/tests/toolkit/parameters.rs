//! Install parameters as octets (TS 102 226 §8.2.1.3.2), against those of published tests and tools.

use oxisim_card::{AccessDomain, InstallParameters, MenuPlace, Tar};
use oxisim_wire::ErrorKind;
use proptest::prelude::*;
use serde_json::Value;

fn octets(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// What a row says.
fn parameters(row: &Value) -> InstallParameters {
    let number = |name: &str| row[name].as_u64().unwrap() as u8;
    let field = |name: &str| octets(row[name].as_str().unwrap());
    let places = row["menu_entries"].as_array().unwrap().iter();
    let place = |place: &Value| MenuPlace {
        position: place[0].as_u64().unwrap() as u8,
        identifier: place[1].as_u64().unwrap() as u8,
    };
    let tars = row["tars"].as_array().unwrap().iter();
    let quota = |name: &str| row.get(name).map(|quota| quota.as_u64().unwrap() as u16);
    InstallParameters {
        keys: Vec::new(),
        access: AccessDomain(field("access")[0]),
        priority: number("priority"),
        timers: number("timers"),
        channels: number("channels"),
        services: number("services"),
        menu_text: number("menu_text"),
        menu_entries: Some(places.map(place).collect()),
        security: field("security"),
        tars: tars.map(|tar| Tar(octets(tar.as_str().unwrap()).try_into().unwrap())).collect(),
        persistent_quota: quota("persistent"),
        transient_quota: quota("transient"),
        application: Vec::new(),
    }
}

#[test]
fn published_parameters_are_read() {
    let rows = include_str!("../vectors/install_parameters.jsonl").lines();
    for row in rows.map(|row| serde_json::from_str::<Value>(row).unwrap()) {
        let read = InstallParameters::decode(&octets(row["octets"].as_str().unwrap()));
        assert_eq!(read, Ok(parameters(&row)), "{}", row["name"]);
    }
}

#[test]
fn parameters_of_nothing_allow_nothing() {
    let none = InstallParameters::decode(&[]).unwrap();
    assert_eq!((none.access, none.timers, none.channels, none.services), (AccessDomain::NONE, 0, 0, 0));
    assert_eq!(none.menu_entries, Some(vec![]));
}

#[test]
fn what_an_applet_cannot_have_is_refused_where_it_stands() {
    let toolkit =
        |value: &str| octets(&format!("EA{:02X}80{:02X}{value}", value.len() / 2 + 2, value.len() / 2));
    let refused = |octets: &[u8]| InstallParameters::decode(octets).unwrap_err();
    for (value, offset, number) in [
        ("0000000000000000", 4, 0),
        ("0109000000000000", 5, 9),
        ("0100000008000000", 8, 8),
        ("0100000000000009", 11, 9),
        ("0100010101800000000000", 8, 0x80),
        ("01000102010501050000000000", 10, 5),
    ] {
        let error = refused(&toolkit(value));
        // An error at the end of a field is one about the field.
        assert_eq!(error.kind, ErrorKind::Value(number), "{value}: {error}");
        assert!((offset..=offset + 1).contains(&error.offset), "{value}: {error}");
    }
    assert_eq!(refused(&toolkit("010000000000000000")).kind, ErrorKind::Trailing(1));
    assert_eq!(refused(&toolkit("0100000201")).kind, ErrorKind::Truncated { needed: 1, left: 0 });
}

#[test]
fn a_domain_of_a_file_system_is_one_that_is_known_and_that_of_the_others() {
    let access =
        |value: &str| octets(&format!("EA{:02X}81{:02X}{value}", value.len() / 2 + 2, value.len() / 2));
    let full = InstallParameters::decode(&access("0001000005A00000008701000000")).map(|read| read.access);
    assert!(full.is_err(), "the AID is too long for its field");
    let two = "00010000 05A000000087 010000".replace(' ', "");
    assert_eq!(InstallParameters::decode(&access(&two)).unwrap().access, AccessDomain::FULL);
    let two = "00010000 05A000000087 01FF00".replace(' ', "");
    assert_eq!(InstallParameters::decode(&access(&two)).unwrap_err().kind, ErrorKind::Value(0xFF));
    assert_eq!(InstallParameters::decode(&access("00010500")).unwrap_err().kind, ErrorKind::Value(5));
    let with_data = InstallParameters::decode(&access("0003020101 00".replace(' ', "").as_str()));
    assert_eq!(with_data.unwrap_err().kind, ErrorKind::Trailing(2));
}

fn any_parameters() -> impl Strategy<Value = InstallParameters> {
    let limits = (1_u8.., 0_u8..=8, 0_u8..=7, 0_u8..=8, any::<u8>());
    let places = proptest::collection::btree_map(1_u8..0x80, any::<u8>(), 0..20);
    let quota = proptest::option::of(any::<u16>());
    let domain = prop_oneof![Just(AccessDomain::FULL), Just(AccessDomain::UICC), Just(AccessDomain::NONE)];
    let security = proptest::collection::vec(any::<u8>(), 0..4);
    let tars = proptest::collection::vec(any::<[u8; 3]>().prop_map(Tar), 0..5);
    let application = proptest::collection::vec(any::<u8>(), 0..200);
    (limits, places, quota.clone(), quota, domain, security, tars, application).prop_map(
        |(limits, places, persistent_quota, transient_quota, access, security, tars, application)| {
            let (priority, timers, channels, services, menu_text) = limits;
            let place = |(identifier, position)| MenuPlace { position, identifier };
            InstallParameters {
                keys: Vec::new(),
                access,
                priority,
                timers,
                channels,
                services,
                menu_text,
                menu_entries: Some(places.into_iter().map(place).collect()),
                security,
                tars,
                persistent_quota,
                transient_quota,
                application,
            }
        },
    )
}

proptest! {
    #[test]
    fn parameters_come_back(parameters in any_parameters()) {
        let octets = parameters.encode().unwrap();
        prop_assert_eq!(InstallParameters::decode(&octets), Ok(parameters));
    }

    #[test]
    fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..40)) {
        let tags = [0xEA, octets.len() as u8 + 2, 0x80, octets.len() as u8];
        let _ = InstallParameters::decode(&octets);
        let _ = InstallParameters::decode(&[&tags[..], &octets].concat());
    }
}

#[test]
fn entries_without_limit_have_no_octets() {
    assert_eq!(InstallParameters::default().encode(), None);
}

#[test]
fn a_quota_of_more_than_a_card_can_have_is_the_most_that_it_can() {
    for (octets, quota) in
        [("0000FFFF", 0xFFFF), ("00010000", 0xFFFF), ("FFFFFFFF", 0xFFFF), ("00001234", 0x1234)]
    {
        let parameters = InstallParameters::decode(&self::octets(&format!("EF06C704{octets}"))).unwrap();
        assert_eq!(parameters.transient_quota, Some(quota), "{octets}");
    }
}
