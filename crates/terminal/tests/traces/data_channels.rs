//! OPEN CHANNEL and what goes over a channel.

use oxisim_terminal::{ChannelError, ChannelEvent, ChannelRequest, Output, Transport};

use crate::bench::Bench;

/// TCP to 127.0.0.1, port 80, by the default bearer, 1000 octets of buffer.
const OPEN: &str = "82028182350103390203E83C030200503E05217F000001";

fn open(qualifier: u8) -> String {
    format!("D01C81030140{qualifier:02X}{OPEN}")
}

fn request(bench: &mut Bench) -> ChannelRequest {
    loop {
        match bench.next() {
            Some(Output::Channel { channel: 1, request }) => return request,
            Some(Output::Screen(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn happens(bench: &mut Bench, event: ChannelEvent) {
    bench.phone.handle_channel(1, event, bench.now);
}

fn opened() -> Bench {
    let mut bench = Bench::ready();
    bench.carries_out("D00D8103010500820281829902090A", "810301050082028281830100");
    bench.proactive(&open(1));
    let host = Some("127.0.0.1".parse().unwrap());
    assert_eq!(request(&mut bench), ChannelRequest::Open { transport: Transport::Tcp, host, port: 80 });
    happens(&mut bench, ChannelEvent::Opened);
    bench.responds("810301400182028281830100B8028100B50103B90203E8");
    bench.card("9000");
    bench.quiet();
    bench
}

#[test]
fn data_go_out_and_come_in() {
    let mut bench = opened();
    bench.proactive("D00D81030143018202812136020102");
    assert_eq!(request(&mut bench), ChannelRequest::Send(vec![1, 2]));
    bench.responds("810301430182028281830100B701FF");
    bench.card("9000");
    happens(&mut bench, ChannelEvent::Received(vec![7, 8, 9]));
    bench.exchange("80C2000010D60E99010982028281B8028100B70103", "9000");
    bench.proactive("D00C810301420082028121370102");
    bench.responds("810301420082028281830100B6020708B70101");
    bench.card("9000");
    bench.proactive("D00C810301420082028121370105");
    bench.responds("810301420082028281830102B60109B70100");
}

#[test]
fn a_link_that_is_dropped_is_told() {
    let mut bench = opened();
    happens(&mut bench, ChannelEvent::Dropped);
    bench.exchange("80C200000DD60B99010A82028281B8020105", "9000");
    bench.carries_out("D00D81030143018202812136020102", "81030143018202828183023A02");
}

#[test]
fn a_host_that_is_not_reached_leaves_no_channel() {
    let mut bench = Bench::ready();
    bench.proactive(&open(1));
    let _ = request(&mut bench);
    happens(&mut bench, ChannelEvent::Failed(ChannelError::Unreachable));
    bench.responds("81030140018202828183023A07B50103B90203E8");
    bench.card("9000");
    bench.carries_out("D009810301440082028182", "810301440082028281830100B8020000");
}

#[test]
fn a_channel_that_was_never_opened_is_not_valid_and_one_that_was_is_closed() {
    const CLOSE: &str = "D009810301410082028121";
    let mut bench = Bench::ready();
    bench.carries_out(CLOSE, "81030141008202828183023A03");
    let mut bench = opened();
    bench.proactive(CLOSE);
    assert_eq!(request(&mut bench), ChannelRequest::Close);
    bench.responds("810301410082028281830100");
    bench.card("9000");
    bench.carries_out(CLOSE, "81030141008202828183023A02");
}
