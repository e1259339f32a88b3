//! OPEN CHANNEL and what goes over a channel to a host. Numbers are of the sequences of TS 102 384, §27.22.4.27 to
//! §27.22.4.31, §27.22.7.10 and §27.22.7.11.

use oxisim_terminal::{
    ChannelError, ChannelEvent, ChannelRequest, Config, Output, Screen, Service, Transport, User,
};

use oxisim_toolkit::{Facility, TerminalProfile};

use crate::bench::Bench;

/// TCP to 127.0.0.1, port 80, by the default bearer, 1000 octets of buffer.
const TCP: &str = "350103390203E83C030200503E05217F000001";

/// UDP to 1.1.1.1, port 44444, with a name and a password, 1400 octets of buffer: sequence 2.1.1.
const UDP: &str =
    "350702030403041F02390205780D08F4557365724C6F670D08F4557365725077643C0301AD9C3E052101010101";

/// The words "Open ID".
const ALPHA: &str = "05074F70656E204944";

const CLOSE: &str = "D009810301410082028121";

/// A proactive command of these objects.
pub fn command(objects: &str) -> String {
    let length = objects.len() / 2;
    let extension = if length < 0x80 { "" } else { "81" };
    format!("D0{extension}{length:02X}{objects}")
}

pub fn open(qualifier: u8, objects: &str) -> String {
    command(&format!("81030140{qualifier:02X}82028182{objects}"))
}

/// SEND DATA on channel 1.
pub fn send(qualifier: u8, data: &str) -> String {
    let count = data.len() / 2;
    let extension = if count < 0x80 { "" } else { "81" };
    command(&format!("81030143{qualifier:02X}8202812136{extension}{count:02X}{data}"))
}

/// RECEIVE DATA on channel 1.
pub fn receive(count: u8) -> String {
    format!("D00C8103014200820281213701{count:02X}")
}

#[track_caller]
pub fn request(bench: &mut Bench) -> ChannelRequest {
    loop {
        match bench.next() {
            Some(Output::Channel { channel: 1, request }) => return request,
            Some(Output::Screen(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

pub fn happens(bench: &mut Bench, event: ChannelEvent) {
    bench.phone.handle_channel(1, event, bench.now);
}

/// A phone whose card wants to know of data and of links.
pub fn ready() -> Bench {
    let mut bench = Bench::ready();
    bench.carries_out("D00D8103010500820281829902090A", "810301050082028281830100");
    bench
}

fn to_loopback() -> ChannelRequest {
    ChannelRequest::Open { transport: Transport::Tcp, host: "127.0.0.1".parse().unwrap(), port: 80 }
}

fn opened(qualifier: u8) -> Bench {
    let mut bench = ready();
    bench.proactive(&open(qualifier, TCP));
    assert_eq!(request(&mut bench), to_loopback());
    happens(&mut bench, ChannelEvent::Opened);
    bench.responds(&format!("81030140{qualifier:02X}82028281830100B8028100B50103B90203E8"));
    bench.card("9000");
    bench.quiet();
    bench
}

/// The card is told that the link of channel 1 is like this.
#[track_caller]
pub fn told(bench: &mut Bench, status: &str) {
    bench.exchange(&format!("80C200000DD60B99010A82028281B802{status}"), "9000");
}

/// The card is told that there are data on channel 1.
#[track_caller]
pub fn data_available(bench: &mut Bench, status: &str, count: u8) {
    bench.exchange(&format!("80C2000010D60E99010982028281B802{status}B701{count:02X}"), "9000");
}

#[test]
fn data_go_out_and_come_in() {
    let mut bench = opened(1);
    bench.proactive(&send(1, "0102"));
    assert_eq!(request(&mut bench), ChannelRequest::Send(vec![1, 2]));
    bench.responds("810301430182028281830100B701FF");
    bench.card("9000");
    happens(&mut bench, ChannelEvent::Received(vec![7, 8, 9]));
    data_available(&mut bench, "8100", 3);
    bench.carries_out(&receive(2), "810301420082028281830100B6020708B70101");
    bench.carries_out(&receive(5), "810301420082028281830102B60109B70100");
}

#[test]
fn open_channel_2_1_1_and_send_data_1_1_1_go_over_udp() {
    let mut bench = Bench::ready();
    bench.proactive(&open(1, UDP));
    let host = "1.1.1.1".parse().unwrap();
    assert_eq!(request(&mut bench), ChannelRequest::Open { transport: Transport::Udp, host, port: 44444 });
    happens(&mut bench, ChannelEvent::Opened);
    bench.responds("810301400182028281830100B8028100B50702030403041F02B9020578");
    bench.card("9000");
    bench.proactive(&send(1, "0001020304050607"));
    assert_eq!(request(&mut bench), ChannelRequest::Send((0..8).collect()));
    bench.responds("810301430182028281830100B701FF");
}

#[test]
fn open_channel_2_3_1_asks_the_user_first() {
    let mut bench = Bench::ready();
    bench.proactive(&open(1, &format!("{ALPHA}{TCP}")));
    assert_eq!(bench.screen(), Screen::Confirm { text: "Open ID".into() });
    bench.quiet();
    bench.user(User::Yes);
    assert_eq!(bench.screen(), Screen::Notice { text: "Open ID".into() });
    assert_eq!(request(&mut bench), to_loopback());
    happens(&mut bench, ChannelEvent::Opened);
    bench.responds("810301400182028281830100B8028100B50103B90203E8");
}

#[test]
fn open_channel_2_4_1_with_no_words_asks_nobody() {
    let mut bench = Bench::ready();
    bench.proactive(&open(1, &format!("0500{TCP}")));
    assert_eq!(bench.next(), Some(Output::Channel { channel: 1, request: to_loopback() }));
}

#[test]
fn open_channel_2_5_1_gets_the_buffer_that_there_is() {
    let mut bench = Bench::ready();
    bench.proactive(&open(1, "3501033902FFFF3C030200503E05217F000001"));
    assert_eq!(request(&mut bench), to_loopback());
    happens(&mut bench, ChannelEvent::Opened);
    bench.responds("810301400182028281830107B8028100B50103B90205DC");
}

#[test]
fn open_channel_2_7_1_is_not_accepted_by_the_user() {
    for (doing, result) in [(User::No, "22"), (User::NoResponse, "22"), (User::EndSession, "10")] {
        let mut bench = Bench::ready();
        bench.proactive(&open(1, &format!("{ALPHA}{TCP}")));
        bench.user(doing);
        bench.responds(&format!("8103014001820282818301{result}B50103B90203E8"));
    }
}

#[test]
fn a_user_who_does_not_answer_has_not_accepted_the_channel() {
    let mut bench = Bench::ready();
    bench.proactive(&open(1, &format!("{ALPHA}{TCP}")));
    bench.quiet();
    bench.seconds(60);
    bench.responds("810301400182028281830122B50103B90203E8");
}

#[test]
fn a_user_who_ends_the_session_does_not_wait_for_the_link() {
    let mut bench = Bench::ready();
    bench.proactive(&open(1, TCP));
    assert_eq!(request(&mut bench), to_loopback());
    bench.user(User::EndSession);
    assert_eq!(request(&mut bench), ChannelRequest::Close);
    bench.responds("810301400182028281830110B50103B90203E8");
}

#[test]
fn a_link_on_demand_is_made_when_data_are_to_go() {
    let mut bench = Bench::ready();
    bench.carries_out(&open(0, TCP), "810301400082028281830100B8020100B50103B90203E8");
    bench.carries_out(&send(0, "01"), "810301430082028281830100B701FF");
    bench.proactive(&send(1, "02"));
    assert_eq!(request(&mut bench), to_loopback());
    happens(&mut bench, ChannelEvent::Opened);
    assert_eq!(request(&mut bench), ChannelRequest::Send(vec![1, 2]));
    bench.responds("810301430182028281830100B701FF");
}

#[test]
fn a_link_on_demand_that_cannot_be_made_is_tried_again_with_the_next_data() {
    let mut bench = Bench::ready();
    bench.carries_out(&open(0, TCP), "810301400082028281830100B8020100B50103B90203E8");
    bench.proactive(&send(1, "01"));
    assert_eq!(request(&mut bench), to_loopback());
    happens(&mut bench, ChannelEvent::Failed(ChannelError::Unreachable));
    bench.responds("81030143018202828183023A07");
    bench.card("9000");
    bench.proactive(&send(1, "02"));
    assert_eq!(request(&mut bench), to_loopback());
    happens(&mut bench, ChannelEvent::Opened);
    assert_eq!(request(&mut bench), ChannelRequest::Send(vec![2]));
}

#[test]
fn a_link_in_the_background_is_answered_before_it_is_there() {
    for (event, status) in
        [(ChannelEvent::Opened, "8100"), (ChannelEvent::Failed(ChannelError::Unreachable), "0100")]
    {
        let mut bench = ready();
        bench.proactive(&open(5, TCP));
        assert_eq!(request(&mut bench), to_loopback());
        bench.responds("810301400582028281830100B8020100B50103B90203E8");
        bench.card("9000");
        happens(&mut bench, event);
        told(&mut bench, status);
    }
}

#[test]
fn data_wait_for_a_link_that_is_made_in_the_background() {
    let mut bench = ready();
    bench.proactive(&open(5, TCP));
    assert_eq!(request(&mut bench), to_loopback());
    bench.responds("810301400582028281830100B8020100B50103B90203E8");
    bench.card("9000");
    bench.proactive(&send(1, "01"));
    bench.quiet();
    happens(&mut bench, ChannelEvent::Opened);
    assert_eq!(request(&mut bench), ChannelRequest::Send(vec![1]));
    bench.responds("810301430182028281830100B701FF");
}

#[test]
fn a_link_that_is_dropped_is_told_and_leaves_what_has_come() {
    let mut bench = opened(1);
    happens(&mut bench, ChannelEvent::Received(vec![7]));
    data_available(&mut bench, "8100", 1);
    happens(&mut bench, ChannelEvent::Dropped);
    told(&mut bench, "0105");
    bench.carries_out("D009810301440082028182", "810301440082028281830100B8020105");
    bench.carries_out(&send(1, "0102"), "81030143018202828183023A02");
    bench.carries_out(&receive(1), "810301420082028281830100B60107B70100");
}

#[test]
fn a_link_that_reconnects_is_made_again_and_only_what_comes_of_it_is_told() {
    for (event, status) in
        [(ChannelEvent::Opened, "8100"), (ChannelEvent::Failed(ChannelError::Unreachable), "0105")]
    {
        let mut bench = opened(3);
        bench.proactive(&send(1, "01"));
        assert_eq!(request(&mut bench), ChannelRequest::Send(vec![1]));
        bench.responds("810301430182028281830100B701FF");
        bench.card("9000");
        happens(&mut bench, ChannelEvent::Dropped);
        assert_eq!(request(&mut bench), to_loopback());
        bench.quiet();
        happens(&mut bench, event);
        told(&mut bench, status);
    }
}

#[test]
fn a_link_that_was_of_no_use_is_made_again_only_for_data() {
    let mut bench = opened(3);
    happens(&mut bench, ChannelEvent::Dropped);
    told(&mut bench, "0105");
    bench.proactive(&send(1, "01"));
    assert_eq!(request(&mut bench), to_loopback());
    happens(&mut bench, ChannelEvent::Opened);
    assert_eq!(request(&mut bench), ChannelRequest::Send(vec![1]));
    bench.responds("810301430182028281830100B701FF");
}

#[test]
fn a_link_that_breaks_while_data_wait_for_it_is_not_reached() {
    let mut bench = Bench::ready();
    bench.carries_out(&open(0, TCP), "810301400082028281830100B8020100B50103B90203E8");
    bench.proactive(&send(1, "01"));
    assert_eq!(request(&mut bench), to_loopback());
    happens(&mut bench, ChannelEvent::Dropped);
    bench.responds("81030143018202828183023A07");
}

#[test]
fn send_data_1_2_1_and_on_are_stored_and_go_together() {
    let mut bench = opened(1);
    let octets: Vec<u8> = (0..=255).cycle().take(511).collect();
    let pieces: Vec<String> = octets.chunks(200).map(hex::encode_upper).collect();
    bench.carries_out(&send(0, &pieces[0]), "810301430082028281830100B701FF");
    bench.carries_out(&send(0, &pieces[1]), "810301430082028281830100B701FF");
    bench.proactive(&send(1, &pieces[2]));
    assert_eq!(request(&mut bench), ChannelRequest::Send(octets));
    bench.responds("810301430182028281830100B701FF");
}

#[test]
fn send_data_says_what_room_is_left_and_refuses_what_does_not_fit() {
    let mut bench = Bench::ready();
    bench.proactive(&open(1, "350103390200043C030200503E05217F000001"));
    assert_eq!(request(&mut bench), to_loopback());
    happens(&mut bench, ChannelEvent::Opened);
    bench.responds("810301400182028281830100B8028100B50103B9020004");
    bench.card("9000");
    bench.carries_out(&send(0, "010203"), "810301430082028281830100B70101");
    bench.carries_out(&send(0, "0405"), "81030143008202828183023A04");
    bench.carries_out(&send(1, "0405"), "81030143018202828183023A04");
    bench.proactive(&send(1, "04"));
    assert_eq!(request(&mut bench), ChannelRequest::Send(vec![1, 2, 3, 4]));
    bench.responds("810301430182028281830100B70104");
}

#[test]
fn receive_data_1_1_1_and_on_give_a_thousand_octets_in_five_pieces() {
    let mut bench = opened(1);
    let octets: Vec<u8> = (0..=255).cycle().take(1000).collect();
    happens(&mut bench, ChannelEvent::Received(octets.clone()));
    data_available(&mut bench, "8100", 0xFF);
    for (piece, left) in octets.chunks(200).zip([0xFF_u8, 0xFF, 0xFF, 200, 0]) {
        let data = hex::encode_upper(piece);
        bench.carries_out(&receive(200), &format!("810301420082028281830100B681C8{data}B701{left:02X}"));
    }
}

#[test]
fn more_than_a_response_has_room_for_is_missing_and_comes_with_the_next() {
    let mut bench = opened(1);
    happens(&mut bench, ChannelEvent::Received(vec![5; 250]));
    data_available(&mut bench, "8100", 250);
    let (most, rest) = ("05".repeat(237), "05".repeat(13));
    bench.carries_out(&receive(250), &format!("810301420082028281830102B681ED{most}B7010D"));
    bench.carries_out(&receive(13), &format!("810301420082028281830100B60D{rest}B70100"));
}

#[test]
fn data_are_told_only_when_there_were_none_and_the_room_for_them_is_known() {
    let mut bench = opened(1);
    assert_eq!(bench.phone.channel_room(1), 1000);
    assert_eq!((bench.phone.channel_room(0), bench.phone.channel_room(2)), (0, 0));
    happens(&mut bench, ChannelEvent::Received(vec![1; 600]));
    data_available(&mut bench, "8100", 0xFF);
    assert_eq!(bench.phone.channel_room(1), 400);
    happens(&mut bench, ChannelEvent::Received(vec![2; 600]));
    bench.quiet();
    assert_eq!(bench.phone.channel_room(1), 0);
    for _ in 0..5 {
        bench.proactive(&receive(200));
        assert!(bench.command().contains("830100B681C8"));
        bench.card("9000");
    }
    bench.quiet();
    happens(&mut bench, ChannelEvent::Received(vec![3]));
    data_available(&mut bench, "8100", 1);
}

#[test]
fn a_channel_that_cannot_be_opened_says_why() {
    for (error, result) in [
        (ChannelError::Unreachable, "023A07"),
        (ChannelError::Security, "023A05"),
        (ChannelError::PortTaken, "023A10"),
        (ChannelError::Network { cause: None }, "022100"),
        (ChannelError::Network { cause: Some(0x1D) }, "02219D"),
    ] {
        let mut bench = Bench::ready();
        bench.proactive(&open(1, TCP));
        assert_eq!(request(&mut bench), to_loopback());
        happens(&mut bench, ChannelEvent::Failed(error));
        bench.responds(&format!("81030140018202828183{result}B50103B90203E8"));
        bench.card("9000");
        bench.carries_out("D009810301440082028182", "810301440082028281830100B8020000");
    }
}

#[test]
fn what_no_network_is_asked_for_is_refused_at_once() {
    for (objects, result, bearer) in [
        // No transport level: packets of the bearer itself; then one that the profile does not announce.
        ("350103390203E83E05217F000001", "023A06", "B50103B90203E8"),
        ("350103390203E83C030500503E05217F000001", "023A06", "B50103B90203E8"),
        // Bluetooth.
        ("350105390203E83C030200503E05217F000001", "0130", "B50105B90203E8"),
        // No buffer.
        ("350103390200003C030200503E05217F000001", "023A04", "B50103B9020000"),
        // No host; then one whose address is none.
        ("350103390203E83C03020050", "0136", "B50103B90203E8"),
        ("350103390203E83C030200503E0421000001", "0136", "B50103B90203E8"),
    ] {
        let mut bench = Bench::ready();
        bench.carries_out(&open(1, objects), &format!("81030140018202828183{result}{bearer}"));
    }
}

#[test]
fn what_the_profile_does_not_announce_there_is_not() {
    let profile = Config::default().profile;
    let but = |facility| {
        TerminalProfile::with(&profile.facilities().filter(|other| *other != facility).collect::<Vec<_>>())
    };
    for (facility, objects, result) in [
        (Facility::TcpClientRemote, TCP, "023A06B50103B90203E8"),
        (Facility::UdpClientRemote, UDP, "023A06B50702030403041F02B9020578"),
        (Facility::BearerGprs, UDP, "0130B50702030403041F02B9020578"),
    ] {
        let config = Config { profile: but(facility), ..Config::default() };
        let mut bench = Bench::ready_with(config);
        bench.carries_out(&open(1, objects), &format!("81030140018202828183{result}"));
    }
}

#[test]
fn without_service_there_is_no_channel_to_a_host() {
    let mut bench = Bench::ready_with(Config { service: Service::None, ..Config::default() });
    bench.carries_out(&open(1, TCP), "81030140018202828183022004B50103B90203E8");
}

#[test]
fn channels_have_seven_identifiers() {
    let mut bench = Bench::ready();
    for channel in 1..=7 {
        bench.carries_out(
            &open(0, TCP),
            &format!("810301400082028281830100B802{channel:02X}00B50103B90203E8"),
        );
    }
    bench.carries_out(&open(0, TCP), "81030140008202828183023A01B50103B90203E8");
    bench.carries_out(
        "D009810301440082028182",
        "810301440082028281830100B8020100B8020200B8020300B8020400B8020500B8020600B8020700",
    );
    bench.proactive("D009810301410082028125");
    assert_eq!(bench.next(), Some(Output::Channel { channel: 5, request: ChannelRequest::Close }));
    bench.responds("810301410082028281830100");
    bench.card("9000");
    bench.carries_out(&open(0, TCP), "810301400082028281830100B8020500B50103B90203E8");
}

#[test]
fn close_channel_1_2_1_is_not_valid_for_a_channel_that_was_never_opened() {
    let mut bench = opened(1);
    bench.carries_out("D009810301410082028122", "81030141008202828183023A03");
    bench.carries_out("D00E8103014301820281223603010203", "81030143018202828183023A03");
    bench.carries_out("D00C810301420082028122370101", "81030142008202828183023A03");
}

#[test]
fn close_channel_1_3_1_finds_the_channel_closed() {
    let mut bench = opened(1);
    bench.proactive(CLOSE);
    assert_eq!(request(&mut bench), ChannelRequest::Close);
    bench.responds("810301410082028281830100");
    bench.card("9000");
    for (command, response) in
        [(CLOSE.to_owned(), "8103014100"), (send(1, "01"), "8103014301"), (receive(1), "8103014200")]
    {
        bench.carries_out(&command, &format!("{response}8202828183023A02"));
    }
    happens(&mut bench, ChannelEvent::Received(vec![1]));
    happens(&mut bench, ChannelEvent::Dropped);
    bench.quiet();
}

#[test]
fn a_reset_of_the_card_closes_its_channels() {
    let mut bench = opened(1);
    bench.phone.switch_off(bench.now);
    assert_eq!(request(&mut bench), ChannelRequest::Close);
}
