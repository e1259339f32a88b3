//! Any octets as a block: what can be read is coded again, compactly, and comes back.

use oxisim_backup::{
    Block,
    compact::{Filler, GENERAL},
};
use oxisim_wire::Wire;

pub fn run(octets: &[u8]) -> &'static str {
    let Ok(block) = Block::decode(octets, "block") else { return super::NOTHING };
    let mut filler = Filler::new(GENERAL.clone(), usize::MAX, block.alpha);
    let taken: Vec<_> = block.entries.into_iter().take_while(|entry| filler.push(entry)).collect();
    if taken.is_empty() {
        return super::NOTHING;
    }
    assert_eq!(Block::decode(&filler.finish(), "block").expect("it is a block").entries, taken);
    "coded again"
}
