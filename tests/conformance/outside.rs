//! Whether other people have made a message too.

use std::collections::BTreeSet;

use oxisim_tests::sequences::octets;

const VECTORS: [&str; 5] = [
    include_str!("../../crates/toolkit/tests/vectors/ofono_stk.jsonl"),
    include_str!("../../crates/toolkit/tests/vectors/qtopia_commands.jsonl"),
    include_str!("../../crates/toolkit/tests/vectors/terminal_response.jsonl"),
    include_str!("../../crates/toolkit/tests/vectors/envelope.jsonl"),
    include_str!("vectors/commands.jsonl"),
];

/// The octets of every message that others have made, and the same without the bits that say whether an object has to
/// be understood.
pub struct Outside {
    exact: BTreeSet<Vec<u8>>,
    plain: BTreeSet<Vec<u8>>,
}

impl Outside {
    pub fn new() -> Self {
        let rows = VECTORS.iter().flat_map(|rows| rows.lines());
        let rows = rows.map(|row| serde_json::from_str::<serde_json::Value>(row).unwrap());
        let exact: BTreeSet<Vec<u8>> =
            rows.map(|row| octets(row["hex"].as_str().unwrap()).unwrap()).collect();
        let plain = exact.iter().map(|message| plain(message)).collect();
        Self { exact, plain }
    }

    /// The mark of a message in a sequence: none if another has the same octets, `~` if they differ in whether objects
    /// have to be understood, `*` if none has them.
    pub fn mark(&self, message: &[u8]) -> &'static str {
        if self.exact.contains(message) {
            ""
        } else if self.plain.contains(&plain(message)) {
            " ~"
        } else {
            " *"
        }
    }
}

/// A message whose objects need not be understood.
fn plain(message: &[u8]) -> Vec<u8> {
    let mut plain = message.to_vec();
    // A command and an envelope have a tag and a length around their objects.
    let mut at = match message {
        [0xD0..=0xDF, 0x81, ..] => 3,
        [0xD0..=0xDF, ..] => 2,
        _ => 0,
    };
    while let Some(tag) = plain.get_mut(at) {
        *tag &= 0x7F;
        let length = match plain.get(at + 1..) {
            Some([0x81, length, ..]) => usize::from(*length) + 3,
            Some([length, ..]) => usize::from(*length) + 2,
            _ => return plain,
        };
        at += length;
    }
    plain
}
