use oxisim_terminal::{Battery, Config, Environment, Event, SearchMode, Service};
use oxisim_toolkit::{
    Facility, TerminalProfile,
    codes::AccessTechnologyCode,
    objects::{BcchChannels, DisplayParameters, Esn, LocationInformation, NetworkMeasurements, Plmn},
};
use oxisim_wire::Instant;

use crate::bench::Bench;

/// PROVIDE LOCAL INFORMATION with this qualifier.
fn ask(qualifier: &str) -> String {
    format!("D00981030126{qualifier}82028182")
}

/// The response: all went well, and this is it.
fn told(qualifier: &str, answer: &str) -> String {
    format!("81030126{qualifier}82028281830100{answer}")
}

fn bench(environment: Environment) -> Bench {
    Bench::ready_with(Config { environment, ..Config::default() })
}

#[test]
fn local_information_is_provided() {
    let config = Config { imei: "123456789012345".parse().unwrap(), ..Config::default() };
    let mut bench = Bench::ready_with(config);
    bench.carries_out(&ask("00"), &told("00", "930700F11000010001"));
    bench.carries_out(&ask("01"), &told("01", "94081A32547698103254"));
    bench.carries_out(&ask("04"), &told("04", "AD02656E"));
    bench.carries_out(&ask("05"), &told("05", "AE020000"));
    bench.carries_out(&ask("06"), &told("06", "BF0100"));
    bench.carries_out(&ask("09"), &told("09", "E50101"));
    bench.carries_out(&ask("0A"), &told("0A", "E30104"));
}

#[test]
fn the_imei_with_its_software_version_has_sixteen_digits() {
    let config = Config {
        imei: "123456789012345".parse().unwrap(),
        environment: Environment { software_version: [5, 6], ..Environment::default() },
        ..Config::default()
    };
    let mut bench = Bench::ready_with(config);
    // TS 102 384 §27.22.4.15, sequence 1.9.
    bench.carries_out(&ask("08"), &told("08", "E2091332547698103254F6"));
}

#[test]
fn the_time_is_the_users() {
    let start = Instant::from_secs(1_030_394_261 - 30);
    let mut bench = Bench::switched_on_at(Config { quarter_hours: -4, ..Config::default() }, start);
    bench.start_up("9000");
    // 2002-08-26, 19:37:41, an hour behind GMT.
    bench.carries_out(&ask("03"), &told("03", "A60720806291731448"));
}

#[test]
fn without_service_there_is_no_location() {
    let mut bench = Bench::ready();
    for qualifier in ["00", "02", "0F", "10"] {
        bench.phone.handle_service(Service::Limited, bench.now);
        bench.carries_out(&ask(qualifier), &format!("81030126{qualifier}82028281830106"));
        bench.phone.handle_service(Service::None, bench.now);
        bench.carries_out(&ask(qualifier), &format!("81030126{qualifier}820282818302{}", "2004"));
    }
}

#[test]
fn measurements_come_with_the_channels() {
    let environment = Environment {
        measurements: Some(NetworkMeasurements { results: hex::decode(format!("3434{:028}", 0)).unwrap() }),
        channels: Some(BcchChannels { channels: hex::decode("8C6358E2398F63F9064591A490").unwrap() }),
        ..Environment::default()
    };
    let mut bench = bench(environment);
    // TS 102 384 §27.22.4.15, sequence 1.3.
    let channels = "9D0D8C6358E2398F63F9064591A490";
    bench.carries_out(&ask("02"), &told("02", &format!("96103434{:028}{channels}", 0)));
}

#[test]
fn measurements_beyond_gsm_come_without_channels() {
    let mut bench = bench(Environment {
        access_technologies: vec![AccessTechnologyCode::UTRAN],
        measurements: Some(NetworkMeasurements { results: vec![0x80, 0x00] }),
        channels: None,
        ..Environment::default()
    });
    // TS 102 384 §27.22.4.15, sequence 1.12.
    bench.carries_out(&ask("02"), &told("02", "96028000"));
}

#[test]
fn several_access_technologies_are_told_with_where_the_phone_is_for_each() {
    let mut bench = bench(Environment {
        access_technologies: vec![AccessTechnologyCode::E_UTRAN, AccessTechnologyCode::GSM],
        more_locations: vec![LocationInformation::new(Plmn([0x00, 0xF1, 0x10]), 2, 2)],
        measurements: Some(NetworkMeasurements { results: vec![0xAA] }),
        more_measurements: vec![NetworkMeasurements { results: vec![0xBB] }],
        ..Environment::default()
    });
    bench.carries_out(&ask("06"), &told("06", "BF0108"));
    bench.carries_out(&ask("0E"), &told("0E", "BF020800"));
    bench.carries_out(&ask("0F"), &told("0F", "930700F11000010001BF020800930700F11000020002"));
    bench.carries_out(&ask("10"), &told("10", "9601AABF0208009601BB"));
}

#[test]
fn a_phone_with_a_serial_number_tells_it() {
    let esn = Some(Esn { esn: vec![1, 2, 3, 4] });
    let mut bench = Bench::ready_with(Config {
        profile: TerminalProfile::with(&[Facility::Esn]),
        environment: Environment { esn, ..Environment::default() },
        ..Config::default()
    });
    // TS 102 384 §27.22.4.15, sequence 1.8.
    bench.carries_out(&ask("07"), &told("07", "C60401020304"));
}

#[test]
fn what_the_phone_has_not_is_beyond_it_unless_it_claims_it_and_then_cannot_be_had_now() {
    let rare = [
        ("07", Facility::Esn),
        ("0B", Facility::Meid),
        ("0C", Facility::WlanIdentifier),
        ("0D", Facility::BroadcastNetworkInformation),
        ("11", Facility::CsgCellDiscovery),
        ("12", Facility::HomeNodeBAddress),
        ("1A", Facility::SupportedAccessTechnologies),
    ];
    for (qualifier, facility) in rare {
        let mut bench = Bench::ready();
        bench.carries_out(&ask(qualifier), &format!("81030126{qualifier}82028281830130"));
        let profile = TerminalProfile::with(&[facility]);
        let mut bench = Bench::ready_with(Config { profile, ..Config::default() });
        bench.carries_out(&ask(qualifier), &format!("81030126{qualifier}820282818302{}", "2000"));
    }
}

#[test]
fn an_unknown_kind_of_information_is_beyond_the_phone() {
    let mut bench = Bench::ready();
    for qualifier in ["13", "1B", "FF"] {
        bench.carries_out(&ask(qualifier), &format!("81030126{qualifier}82028281830130"));
    }
}

#[test]
fn what_surrounds_the_phone_changes_while_it_is_in_use() {
    let mut bench = Bench::ready();
    let changed = Environment {
        language: *b"de",
        battery: Battery::LOW,
        search_mode: SearchMode::MANUAL,
        timing_advance: Some(3),
        in_call: true,
        ..Environment::default()
    };
    bench.phone.handle_environment(changed, bench.now);
    bench.carries_out(&ask("04"), &told("04", "AD026465"));
    bench.carries_out(&ask("05"), &told("05", "AE020103"));
    bench.carries_out(&ask("09"), &told("09", "E50100"));
    bench.carries_out(&ask("0A"), &told("0A", "E30101"));
}

#[test]
fn changes_are_told_to_a_card_that_asked_for_them() {
    let mut bench = Bench::ready();
    // SET UP EVENT LIST: language selection, access technology change, network search mode change.
    bench.carries_out("D00E8103010500820281829903070B0E", "810301050082028281830100");
    let german = Environment { language: *b"de", ..Environment::default() };
    bench.phone.handle_environment(german.clone(), bench.now);
    // TS 102 384 §27.22.7.8, sequence 1.1.
    bench.exchange("80C200000DD60B99010782028281AD026465", "9000");
    let elsewhere = Environment {
        access_technologies: vec![AccessTechnologyCode::UTRAN],
        search_mode: SearchMode::MANUAL,
        battery: Battery::VERY_LOW,
        ..german
    };
    bench.phone.handle_environment(elsewhere.clone(), bench.now);
    bench.exchange("80C200000CD60A99010B82028281BF0103", "9000");
    bench.exchange("80C200000CD60A99010E82028281E50100", "9000");
    bench.phone.handle_environment(elsewhere, bench.now);
    bench.quiet();
}

#[test]
fn a_card_that_follows_several_access_technologies_is_told_of_all() {
    let mut bench = Bench::ready();
    bench.carries_out("D00D81030105008202818299020B14", "810301050082028281830100");
    let both = Environment {
        access_technologies: vec![AccessTechnologyCode::GSM, AccessTechnologyCode(0x0A)],
        ..Environment::default()
    };
    bench.phone.handle_environment(both, bench.now);
    bench.exchange("80C200000DD60B99011482028281BF02000A", "9000");
    bench.quiet();
}

#[test]
fn a_display_that_is_turned_is_told() {
    let mut bench = Bench::ready();
    bench.carries_out("D00C81030105008202818299010C", "810301050082028281830100");
    let display = DisplayParameters { parameters: [0x98, 0x08, 0x00] };
    bench.phone.handle_environment(Environment { display, ..Environment::default() }, bench.now);
    bench.exchange("80C200000ED60C99010C82028281C003980800", "9000");
    bench.quiet();
}

#[test]
fn the_card_says_what_language_it_writes_in() {
    let mut bench = Bench::ready();
    // TS 102 384 §27.22.4.25, sequences 1.1 and 1.2.
    bench.carries_out("D00D810301350182028182AD027365", "810301350182028281830100");
    assert!(bench.saw(&Event::LanguageNotified(Some(*b"se"))));
    assert_eq!(bench.phone.card_language(), Some(*b"se"));
    bench.carries_out("D009810301350082028182", "810301350082028281830100");
    assert!(bench.saw(&Event::LanguageNotified(None)));
    assert_eq!(bench.phone.card_language(), None);
    bench.carries_out("D009810301350182028182", "810301350182028281830136");
}

#[test]
fn the_modem_answers_who_it_is() {
    let mut bench = Bench::ready();
    // TS 102 384 §27.22.4.23, sequence 1.1: AT+CGMI.
    bench.carries_out(
        "D012810301340082028182A80741542B43474D49",
        "810301340082028281830100A9112B43474D493A206F78697369 6D0D0A4F4B".replace(' ', "").as_str(),
    );
    bench.carries_out("D00D810301340082028182A8024154", "810301340082028281830100A9024F4B");
    // ATD.
    bench.carries_out("D00E810301340082028182A803415444", "810301340082028281830100A9054552524F52");
    // An icon that needs words, without any: TS 102 384 §27.22.4.23, sequence 2.5.
    bench.carries_out("D016810301340082028182A80741542B43474D499E020101", "810301340082028281830132");
}

#[test]
fn what_a_response_has_no_room_for_is_missing_and_the_card_knows() {
    let mut bench = bench(Environment {
        measurements: Some(NetworkMeasurements { results: vec![0; 250] }),
        ..Environment::default()
    });
    bench.carries_out(&ask("02"), "810301260282028281830102");
}

#[test]
fn what_an_envelope_has_no_room_for_is_lost() {
    let mut bench = Bench::ready();
    bench.carries_out("D00C810301050082028182990114", "810301050082028281830100");
    let many =
        Environment { access_technologies: vec![AccessTechnologyCode::GSM; 250], ..Environment::default() };
    bench.phone.handle_environment(many, bench.now);
    assert!(bench.saw(&Event::EnvelopeLost));
}
