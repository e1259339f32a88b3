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
