//! Whether other people have made a message too.

use std::collections::{BTreeMap, BTreeSet};

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
    /// The responses of a sequence: the file and the number of the sequence, such as `1.1`.
    responses: BTreeMap<(String, String), BTreeSet<Vec<u8>>>,
}

impl Outside {
    pub fn new() -> Self {
        let (mut exact, mut responses) = (BTreeSet::new(), BTreeMap::<_, BTreeSet<_>>::new());
        for row in VECTORS.iter().flat_map(|rows| rows.lines()) {
            let row = serde_json::from_str::<serde_json::Value>(row).unwrap();
            let message = octets(row["hex"].as_str().unwrap()).unwrap();
            if let Some(name) = named(row["id"].as_str().unwrap()).filter(|_| message.first() == Some(&0x81))
            {
                responses.entry(name).or_default().insert(plain(&message));
            }
            exact.insert(message);
        }
        let plain = exact.iter().map(|message| plain(message)).collect();
        Self { exact, plain, responses }
    }

    /// Whether one of these responses is what others say of this sequence; `None` if they say nothing.
    pub fn agrees(&self, file: &str, number: &str, responses: &[Vec<u8>]) -> Option<bool> {
        let known = self.responses.get(&(file.to_owned(), number.to_owned()))?;
        Some(responses.iter().any(|response| known.contains(&plain(response))))
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

/// The file and the number of the sequence that a vector is of: oFono has `display_text/te/1.1.1`, Qtopia
/// `DISPLAY TEXT 1.1.1`, both with letters for alternatives at the end.
fn named(id: &str) -> Option<(String, String)> {
    let (name, number) = id.split_once("/te/").or_else(|| id.rsplit_once(' '))?;
    let (number, _) = number.rsplit_once('.')?;
    let name = name.to_lowercase().replace(' ', "_").replace("setup_", "set_up_");
    let name = if name == "provide_local_info" { "provide_local_information".into() } else { name };
    Some((name, number.to_owned()))
}
