//! What fuzzing has collected (`fuzz/corpus`), on every run.

use std::{fs, path::Path};

use oxisim_backup::{
    Block, Coding, Entry, Unpacker,
    block::Packer,
    compact::{Filler, GENERAL, Tables},
};
use oxisim_phonebook::{Record, record::AdnRecord};
use oxisim_wire::Wire;

/// The files of a target's corpus.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn blocks_that_fuzzing_has_found_come_back() {
    let mut read = 0;
    for octets in corpus("coding") {
        let Ok(block) = Block::decode(&octets, "block") else { continue };
        let mut filler = Filler::new(GENERAL.clone(), usize::MAX, block.alpha);
        let taken: Vec<_> = block.entries.into_iter().take_while(|entry| filler.push(entry)).collect();
        if !taken.is_empty() {
            assert_eq!(Block::decode(&filler.finish(), "block").unwrap().entries, taken);
            read += 1;
        }
    }
    assert!(read >= 10, "{read} files of the corpus can be read");
}

#[test]
fn records_that_fuzzing_has_found_come_back() {
    let tables = Tables::default();
    let mut in_pieces = 0;
    for octets in corpus("records") {
        let [length @ 14..=255, records @ ..] = &octets[..] else { continue };
        let records = records.chunks((*length).into()).filter_map(|record| AdnRecord::decode(record).ok()?);
        let entries: Vec<_> = (1..)
            .zip(records.map(|adn| Record { alpha: adn.alpha, number: adn.number, additional: Vec::new() }))
            .map(|(slot, record)| Entry { slot, record: Some(record) })
            .collect();
        for coding in [Coding::Plain, Coding::general()] {
            let mut packer = Packer::new(91, usize::MAX, length - 14, &coding);
            let mut blocks: Vec<_> =
                entries.iter().flat_map(|entry| packer.push(entry.clone()).unwrap()).collect();
            blocks.extend(packer.finish());
            let mut unpacker = Unpacker::new(&tables);
            let back: Vec<_> = blocks.iter().flat_map(|block| unpacker.push(block).unwrap()).collect();
            assert_eq!(back, entries);
            in_pieces += usize::from(blocks.len() > entries.len());
        }
    }
    assert!(in_pieces > 0, "no record of the corpus takes more than a block");
}
