//! Any octets as a block: what can be read is coded again, compactly, and comes back.
//!
//! `cargo fuzz run coding --sanitizer none`

#![no_main]

use libfuzzer_sys::fuzz_target;
use oxisim_backup::{Block, compact::{Filler, GENERAL}};
use oxisim_wire::Wire;

fuzz_target!(|octets: &[u8]| {
    let Ok(block) = Block::decode(octets, "block") else { return };
    let mut filler = Filler::new(GENERAL.clone(), usize::MAX, block.alpha);
    let taken: Vec<_> = block.entries.into_iter().take_while(|entry| filler.push(entry)).collect();
    if !taken.is_empty() {
        assert_eq!(Block::decode(&filler.finish(), "block").expect("it is a block").entries, taken);
    }
});
