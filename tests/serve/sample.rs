//! The sample of a configuration, and the page that describes it.

use std::path::Path;

use oxisim_server::service::Config;

const SAMPLE: &str = include_str!("../../examples/SERVER.toml");
const PAGE: &str = include_str!("../../docs/SERVER.md");

/// The sample has every key, each commented out with its default: with all of them in force nothing changes.
#[test]
fn the_sample_says_the_defaults() {
    let folder = Path::new("");
    let mut text = String::new();
    for line in SAMPLE.lines() {
        let line = line.strip_prefix("#:").unwrap_or(line);
        text.push_str(line);
        text.push('\n');
    }
    let told = Config::parse(&text, folder).expect("the sample is read");
    let default = Config::parse(SAMPLE, folder).expect("the sample is read");
    assert_eq!(told, default);
}

#[test]
fn every_key_is_described_with_its_default() {
    for key in Config::keys() {
        let heading =
            if key.table == "smpp" { "### `[[smpp]]`".into() } else { format!("### `[{}]`", key.table) };
        let (_, section) = PAGE.split_once(&heading).unwrap_or_else(|| panic!("{heading} is missing"));
        let section = section.split("\n#").next().unwrap_or_default();
        let start = format!(
            "| `{}` | {}",
            key.name,
            key.default.map_or("—".into(), |default| format!("`{default}`"))
        );
        assert!(section.contains(&start), "{heading}: {start}");
    }
}
