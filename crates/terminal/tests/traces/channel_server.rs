//! A channel on which the card is the server: others connect to it.

use oxisim_terminal::{ChannelError, ChannelEvent, ChannelRequest, Config, Service};

use crate::{
    bench::Bench,
    data_channels::{data_available, happens, open, ready, receive, request, send, told},
};

/// TCP, the card as server on port 80, 1000 octets of buffer; there is no bearer.
const SERVER: &str = "390203E83C03030050";

const KEEP_LISTENING: &str = "D009810301410182028121";

fn listening() -> Bench {
    let mut bench = ready();
    bench.proactive(&open(0, SERVER));
    assert_eq!(request(&mut bench), ChannelRequest::Listen { port: 80 });
    happens(&mut bench, ChannelEvent::Listening);
    bench.responds("810301400082028281830100B8024100B90203E8");
    bench.card("9000");
    bench.quiet();
    bench
}

fn connected() -> Bench {
    let mut bench = listening();
    happens(&mut bench, ChannelEvent::Opened);
    told(&mut bench, "8100");
    bench
}

#[test]
fn a_port_listens_is_connected_to_and_listens_again() {
    let mut bench = connected();
    happens(&mut bench, ChannelEvent::Received(vec![1, 2]));
    data_available(&mut bench, "8100", 2);
    bench.carries_out(&receive(2), "810301420082028281830100B6020102B70100");
    bench.proactive(&send(1, "0304"));
    assert_eq!(request(&mut bench), ChannelRequest::Send(vec![3, 4]));
    bench.responds("810301430182028281830100B701FF");
    bench.card("9000");
    happens(&mut bench, ChannelEvent::Dropped);
    told(&mut bench, "4100");
    bench.carries_out("D009810301440082028182", "810301440082028281830100B8024100");
    happens(&mut bench, ChannelEvent::Opened);
    told(&mut bench, "8100");
}

#[test]
fn what_somebody_has_sent_can_be_read_when_they_are_gone_but_not_as_the_next_ones() {
    let mut bench = connected();
    happens(&mut bench, ChannelEvent::Received(vec![1, 2]));
    data_available(&mut bench, "8100", 2);
    happens(&mut bench, ChannelEvent::Dropped);
    told(&mut bench, "4100");
    bench.carries_out(&receive(1), "810301420082028281830100B60101B70101");
    happens(&mut bench, ChannelEvent::Opened);
    told(&mut bench, "8100");
    happens(&mut bench, ChannelEvent::Received(vec![9]));
    data_available(&mut bench, "8100", 1);
    bench.carries_out(&receive(1), "810301420082028281830100B60109B70100");
}

#[test]
fn a_connection_may_be_closed_and_the_port_kept() {
    let mut bench = connected();
    bench.proactive(KEEP_LISTENING);
    assert_eq!(request(&mut bench), ChannelRequest::Disconnect);
    bench.responds("810301410182028281830100");
    bench.card("9000");
    bench.carries_out("D009810301440082028182", "810301440082028281830100B8024100");
    // There is nothing to disconnect now.
    bench.carries_out(KEEP_LISTENING, "810301410182028281830100");
    happens(&mut bench, ChannelEvent::Opened);
    told(&mut bench, "8100");
}

#[test]
fn a_port_may_be_closed_altogether() {
    let mut bench = connected();
    bench.proactive("D009810301410082028121");
    assert_eq!(request(&mut bench), ChannelRequest::Close);
    bench.responds("810301410082028281830100");
    bench.card("9000");
    bench.carries_out("D009810301440082028182", "810301440082028281830100B8020000");
}

#[test]
fn there_is_nobody_to_send_to_while_the_port_listens() {
    let mut bench = listening();
    bench.carries_out(&send(1, "01"), "81030143018202828183023A07");
    // What is stored goes with what is sent when somebody is there.
    happens(&mut bench, ChannelEvent::Opened);
    told(&mut bench, "8100");
    bench.carries_out(&send(0, "02"), "810301430082028281830100B701FF");
    bench.proactive(&send(1, "03"));
    assert_eq!(request(&mut bench), ChannelRequest::Send(vec![2, 3]));
}

#[test]
fn a_port_that_is_anothers_is_not_available() {
    let mut bench = Bench::ready();
    bench.proactive(&open(0, SERVER));
    assert_eq!(request(&mut bench), ChannelRequest::Listen { port: 80 });
    happens(&mut bench, ChannelEvent::Failed(ChannelError::PortTaken));
    bench.responds("81030140008202828183023A10B90203E8");
}

#[test]
fn a_server_needs_no_service_of_the_network() {
    let mut bench = Bench::ready_with(Config { service: Service::None, ..Config::default() });
    bench.proactive(&open(0, SERVER));
    assert_eq!(request(&mut bench), ChannelRequest::Listen { port: 80 });
}

#[test]
fn a_server_does_not_reconnect() {
    let mut bench = ready();
    bench.proactive(&open(2, SERVER));
    assert_eq!(request(&mut bench), ChannelRequest::Listen { port: 80 });
    happens(&mut bench, ChannelEvent::Listening);
    bench.responds("810301400282028281830100B8024100B90203E8");
    bench.card("9000");
    happens(&mut bench, ChannelEvent::Opened);
    told(&mut bench, "8100");
    bench.proactive(&send(1, "01"));
    assert_eq!(request(&mut bench), ChannelRequest::Send(vec![1]));
    bench.responds("810301430182028281830100B701FF");
    bench.card("9000");
    happens(&mut bench, ChannelEvent::Dropped);
    told(&mut bench, "4100");
    bench.quiet();
}
