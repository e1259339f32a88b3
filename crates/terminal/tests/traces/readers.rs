//! Additional card readers.

use oxisim_terminal::{Config, Output, Reader, ReaderEvent, ReaderRequest};

use crate::bench::Bench;

fn bench(has_card: bool) -> Bench {
    Bench::ready_with(Config { readers: vec![Reader::new("two".into(), has_card)], ..Config::default() })
}

#[test]
fn a_second_card_is_switched_on_and_answers() {
    let mut bench = bench(true);
    bench.proactive("D009810301310082028110");
    let power_on = Output::Reader { reader: 0, request: ReaderRequest::PowerOn };
    assert_eq!(bench.next(), Some(power_on));
    bench.phone.handle_reader(0, ReaderEvent::AnswerToReset(vec![0x3B, 0x00]), bench.now);
    bench.responds("810301310082028281830100A1023B00");
    bench.card("9000");
    bench.proactive("D010810301300082028110220580F2000C00");
    let request = ReaderRequest::Transmit(vec![0x80, 0xF2, 0x00, 0x0C, 0x00]);
    assert_eq!(bench.next(), Some(Output::Reader { reader: 0, request }));
    bench.phone.handle_reader(0, ReaderEvent::Response(vec![0x90, 0x00]), bench.now);
    bench.responds("810301300082028281830100A3029000");
}

#[test]
fn what_a_reader_lacks_is_told() {
    let mut without = bench(false);
    without.carries_out("D009810301310082028110", "81030131008202828183023802");
    without.carries_out("D009810301310082028111", "81030131008202828183023809");
    let mut off = bench(true);
    off.carries_out("D010810301300082028110220580F2000C00", "81030130008202828183023804");
    off.carries_out("D009810301330082028182", "810301330082028281830100A00170");
}

#[test]
fn a_reader_that_is_taken_away_is_not_there_until_it_is_put_on() {
    let mut bench = bench(true);
    bench.carries_out("D00C810301050082028182990106", "810301050082028281830100");
    bench.phone.handle_reader(0, ReaderEvent::Detached, bench.now);
    bench.exchange("80C200000CD60A99010682028281A00120", "9000");
    bench.carries_out("D009810301310082028110", "81030131008202828183023801");
    bench.phone.handle_reader(0, ReaderEvent::Attached, bench.now);
    bench.exchange("80C200000CD60A99010682028281A00130", "9000");
    bench.carries_out("D009810301310082028110", "81030131008202828183023802");
}

#[test]
fn a_card_goes_with_its_reader() {
    let mut bench = bench(true);
    bench.proactive("D009810301310082028110");
    let power_on = Output::Reader { reader: 0, request: ReaderRequest::PowerOn };
    assert_eq!(bench.next(), Some(power_on));
    bench.phone.handle_reader(0, ReaderEvent::Detached, bench.now);
    bench.responds("81030131008202828183023801");
}
