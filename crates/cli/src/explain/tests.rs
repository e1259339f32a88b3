use serde_json::Value;

use super::*;

fn rows(lines: &str) -> impl Iterator<Item = Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap())
}

/// What is said of one text, as `--json` prints it.
fn said(text: &str, kind: Option<Kind>, file: Option<&str>) -> Value {
    let octets: Vec<Vec<u8>> = text.split("->").map(|text| octets(text).unwrap()).collect();
    json::json(&explain(&octets, kind, file))
}
