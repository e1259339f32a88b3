//! Cell broadcast download.

use oxisim_terminal::{Config, Event, Output};

use crate::bench::Bench;

/// The pages of TS 31.124 §27.22.5.2, in the envelopes in which they are told.
const VECTORS: &str = include_str!("../../../toolkit/tests/vectors/envelope.jsonl");

/// `EF_UST` with service 29, and an `EF_CBMID` with 1001 and an entry that is not used.
const FILES: [(&str, &str); 2] = [("6F38", "00000010"), ("6F48", "1001FFFF")];

fn pages() -> Vec<(String, Vec<u8>)> {
    let texts = VECTORS.lines().filter(|row| row.contains("\"cbs_pp_data_download/"));
    let texts = texts.map(|row| row.split("\"hex\": \"").nth(1).unwrap().split('"').next().unwrap());
    texts.map(|text| (text.to_owned(), hex::decode(&text[16..]).unwrap())).collect()
}

#[test]
fn a_page_that_the_card_names_is_the_cards() {
    let pages = pages();
    assert_eq!(pages.len(), 2);
    for (envelope, page) in pages {
        let mut bench = Bench::switched_on(Config::default());
        bench.start_up_with(&FILES);
        assert_eq!(bench.phone.identity().broadcasts, [0x1001]);
        bench.phone.handle_cell_broadcast(&page, bench.now);
        bench.exchange(&format!("80C2000060{envelope}"), "9000");
        bench.quiet();
    }
}

#[test]
fn another_page_is_the_users() {
    let (_, mut page) = pages().remove(0);
    page[3] = 0x02;
    let mut bench = Bench::switched_on(Config::default());
    bench.start_up_with(&FILES);
    bench.phone.handle_cell_broadcast(&page, bench.now);
    assert!(bench.saw(&Event::CellBroadcast(page.clone())));
}

#[test]
fn a_card_without_data_download_gets_no_page_and_its_identifiers_are_not_read() {
    let (_, page) = pages().remove(0);
    let mut bench = Bench::switched_on(Config::default());
    bench.start_up_with(&[("6F38", "00000000"), FILES[1]]);
    assert_eq!(bench.phone.identity().broadcasts, [] as [u16; 0]);
    bench.phone.handle_cell_broadcast(&page, bench.now);
    assert!(bench.saw(&Event::CellBroadcast(page)));
}

#[test]
fn what_is_not_88_octets_is_no_page() {
    let (_, page) = pages().remove(0);
    let mut bench = Bench::switched_on(Config::default());
    bench.start_up_with(&FILES);
    for octets in [&page[..87], &[], &[0; 89]] {
        bench.phone.handle_cell_broadcast(octets, bench.now);
    }
    while let Some(output) = bench.next() {
        assert!(matches!(output, Output::Screen(_)), "{output:?}");
    }
    assert!(!bench.events.iter().any(|event| matches!(event, Event::CellBroadcast(_))));
}
