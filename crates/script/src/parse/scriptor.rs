//! Lines that pcsc-tools' scriptor understands, and our own language does not.

use crate::syntax::Step;

/// What scriptor takes a line for, whatever else stands on it: `Warm Reset`, `EXIT now`.
///
/// What can be of our own language only, with texts, values or expectations in it, is none of its lines.
pub fn line(line: &str) -> Option<Step> {
    if line.contains(['"', '$', '<', '=', '[', '(']) {
        return None;
    }
    let line = line.to_ascii_lowercase();
    match (line.contains("exit"), line.contains("reset")) {
        (true, _) => Some(Step::Exit),
        (_, true) => Some(Step::Reset),
        _ => None,
    }
}
