//! Events that the phone has no model of, and any envelope.

use oxisim_apdu::Status;
use oxisim_terminal::{Event, User};
use oxisim_toolkit::{
    Envelope, TerminalProfile,
    codes::EventCode,
    envelope::{EventDownload, TerminalApplications},
    event::{HciConnectivity, PollIntervalNegotiation},
    objects::{Duration, LastEnvelope, RegistryApplicationData},
};

use crate::bench::Bench;

/// EVENT DOWNLOAD of every event that the phone has no model of: the code, and the rest.
const EVENTS: [(u8, &str); 13] = [
    (0x0D, "82028281C103010241"),
    (0x10, "82028281E70100"),
    (0x11, "82028281CB0101"),
    (0x12, "82028381930700F11000010001BF0100F40100F50102"),
    (0x13, "82028281"),
    (0x15, "82028281BF0103D50100"),
    (0x16, "82028281D30101"),
    (0x17, "82028381F70180"),
    (0x18, "82028381F60141"),
    (0x1C, "820282818402011E"),
    // As in the tests of a program of others.
    (0x1D, "820282819D0100AA01001C01009B0100"),
    (0x1D, "820282819D0101AA0102AE011A1C0185130752F01000FF0001BF01089B0101C708696E7465726E65740B0103"),
    (0x09, "82028281B8028100B70120"),
];

#[test]
fn every_event_is_told_if_the_event_list_asks_for_it_and_not_else() {
    for (code, rest) in EVENTS {
        let data = format!("D6{:02X}9901{code:02X}{rest}", 3 + rest.len() / 2);
        let Ok(Envelope::EventDownload(event)) = Envelope::decode(&hex::decode(&data).unwrap()) else {
            panic!("{data}");
        };
        let mut bench = Bench::ready();
        bench.phone.handle_event(event.clone(), bench.now);
        bench.quiet();
        bench.lists(&format!("{code:02X}"));
        for _ in 0..2 {
            bench.phone.handle_event(event.clone(), bench.now);
            let told = bench.command();
            assert_eq!(told, format!("80C20000{:02X}{}", data.len() / 2, told_as(&data)), "{code:02X}");
            bench.card("9000");
        }
    }
}

/// Objects are written with comprehension required where they are read without.
fn told_as(data: &str) -> String {
    hex::encode_upper(Envelope::decode(&hex::decode(data).unwrap()).unwrap().encode())
}

#[test]
fn an_event_that_is_told_once_is_told_once_whoever_says_so() {
    let mut bench = Bench::ready();
    bench.lists("04");
    let event = EventDownload::new(oxisim_toolkit::event::UserActivity {});
    bench.phone.handle_event(event.clone(), bench.now);
    bench.exchange("80C2000009D60799010482028281", "9000");
    bench.phone.handle_event(event, bench.now);
    bench.user(User::Key('1'));
    bench.quiet();
}

#[test]
fn an_event_waits_until_the_session_has_ended() {
    let mut bench = Bench::ready();
    bench.lists("1C");
    bench.proactive("D00F8103012180820281028D0404414243");
    let interval = Duration::from_duration(oxisim_wire::Duration::from_secs(30));
    bench.phone.handle_event(EventDownload::new(PollIntervalNegotiation { interval }), bench.now);
    bench.quiet();
    bench.user(User::Clear);
    bench.responds("810301218082028281830100");
    bench.card("9000");
    bench.exchange("80C200000DD60B99011C820282818402011E", "9000");
}

#[test]
fn an_envelope_that_the_profile_announces_is_told() {
    let applications = |last: Option<LastEnvelope>| -> Envelope {
        let Ok(Envelope::TerminalApplications(empty)) =
            Envelope::decode(&[0xDC, 0x04, 0x82, 0x02, 0x82, 0x81])
        else {
            panic!()
        };
        let data = RegistryApplicationData { data: vec![0x00, 0x50, 0x04, 0x41] };
        TerminalApplications { applications: vec![data], last, ..empty }.into()
    };
    let mut bench = Bench::ready();
    bench.phone.handle_envelope(applications(Some(LastEnvelope {})), bench.now);
    bench.exchange("80C200000EDC0C82028281F10400500441F000", "9000");
    bench.phone.handle_envelope(Envelope::decode(&hex::decode("DF0482028281").unwrap()).unwrap(), bench.now);
    bench.exchange("80C2000006DF0482028281", "9000");
    // Containers are not announced, and an event needs the list.
    bench.phone.handle_envelope(Envelope::decode(&hex::decode("DE0482028281").unwrap()).unwrap(), bench.now);
    bench.phone.handle_envelope(EventDownload::new(HciConnectivity {}).into(), bench.now);
    bench.quiet();
    bench.lists("13");
    bench.phone.handle_envelope(EventDownload::new(HciConnectivity {}).into(), bench.now);
    bench.exchange("80C2000009D60799011382028281", "9000");
}

#[test]
fn any_octets_are_sent_and_the_answer_is_known() {
    let mut bench = Bench::ready();
    for octets in ["DE0482028281", "D3", "00FFEE"] {
        bench.phone.send_envelope(hex::decode(octets).unwrap(), bench.now);
        bench.exchange(&format!("80C20000{:02X}{octets}", octets.len() / 2), "6102");
        bench.exchange("00C0000002", "CAFE9000");
        let answered = Event::EnvelopeAnswered { data: vec![0xCA, 0xFE], status: Status(0x9000) };
        assert!(bench.saw(&answered));
        bench.events.clear();
    }
    bench.phone.send_envelope(vec![0x00], bench.now);
    bench.exchange("80C200000100", "6F00");
    assert!(bench.saw(&Event::UnknownEnvelope(vec![0x00])));
    assert!(bench.saw(&Event::EnvelopeAnswered { data: vec![], status: Status(0x6F00) }));
}

#[test]
fn octets_wait_their_turn_and_are_tried_again() {
    let mut bench = Bench::ready();
    bench.phone.send_envelope(vec![0x01], bench.now);
    bench.phone.send_envelope(vec![0x02], bench.now);
    bench.exchange("80C200000101", "9300");
    bench.quiet();
    bench.seconds(5);
    bench.exchange("80C200000101", "9000");
    bench.exchange("80C200000102", "9000");
}

#[test]
fn octets_that_no_command_has_room_for_are_lost() {
    for octets in [vec![], vec![0; 256]] {
        let mut bench = Bench::ready();
        bench.phone.send_envelope(octets, bench.now);
        assert!(bench.saw(&Event::EnvelopeLost));
    }
}

#[test]
fn a_phone_that_is_off_tells_nothing() {
    let mut bench = Bench::ready();
    bench.quiet();
    bench.phone.switch_off(bench.now);
    while bench.next().is_some() {}
    bench.phone.send_envelope(vec![0x01], bench.now);
    let prose = Envelope::decode(&hex::decode("DF0482028281").unwrap()).unwrap();
    bench.phone.handle_envelope(prose, bench.now);
    bench.phone.switch_on(bench.now);
    assert_eq!(bench.next(), Some(oxisim_terminal::Output::PowerOn));
    bench.start_up("9000");
    bench.quiet();
}

#[test]
fn what_the_phone_reports_is_what_its_profile_says() {
    let profile = oxisim_terminal::Config::default().profile;
    let silent: Vec<EventCode> =
        EventCode::ALL.iter().copied().filter(|&event| !profile.hears(event)).collect();
    assert_eq!(silent, [EventCode::PROFILE_CONTAINER, EventCode::SECURED_PROFILE_CONTAINER]);
    let short = TerminalProfile::new(&profile.octets()[..35]);
    assert!(short.hears(EventCode::DATA_CONNECTION_STATUS_CHANGE));
}
