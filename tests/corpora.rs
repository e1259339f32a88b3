//! What fuzzing has collected (`fuzz/corpus`), on every run.

use std::{fs, path::Path};

use oxisim_backup::{
    Block,
    compact::{Filler, GENERAL},
};
use oxisim_wire::Wire;

#[test]
fn blocks_that_fuzzing_has_found_come_back() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/coding");
    let mut read = 0;
    for file in fs::read_dir(folder).unwrap() {
        let octets = fs::read(file.unwrap().path()).unwrap();
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
