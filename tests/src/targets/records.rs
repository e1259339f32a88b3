//! Any octets as records of `EF_ADN`, up to 255 octets long: they come back out of blocks and pieces, plain and compact.

use oxisim_backup::{Coding, Entry, Unpacker, block::Packer, compact::Tables};
use oxisim_phonebook::{Record, record::AdnRecord};

/// Octets of a block in a message to or from a card.
const OCTETS: usize = 91;

pub fn run(octets: &[u8]) -> &'static str {
    let [length @ 14..=255, records @ ..] = octets else { return super::NOTHING };
    let read = records.chunks((*length).into()).filter_map(|record| AdnRecord::decode(record).ok().flatten());
    let records = read.map(|adn| Record { alpha: adn.alpha, number: adn.number, additional: Vec::new() });
    let entries: Vec<_> =
        (1..).zip(records).map(|(slot, record)| Entry { slot, record: Some(record) }).collect();
    let tables = Tables::default();
    let mut word = super::NOTHING;
    for coding in [Coding::Plain, Coding::general()] {
        let mut packer = Packer::new(OCTETS, usize::MAX, length - 14, &coding);
        let pushed =
            entries.iter().flat_map(|entry| packer.push(entry.clone()).expect("seven pieces hold it"));
        let mut blocks: Vec<_> = pushed.collect();
        blocks.extend(packer.finish());
        assert!(blocks.iter().all(|block| block.len() <= OCTETS));
        let mut unpacker = Unpacker::new(&tables);
        let back = blocks.iter().flat_map(|block| unpacker.push(block).expect("it is a block or a piece"));
        assert!(back.eq(entries.iter().cloned()));
        if blocks.len() > entries.len() {
            word = "in pieces";
        } else if word == super::NOTHING && !entries.is_empty() {
            word = "in blocks";
        }
    }
    word
}
