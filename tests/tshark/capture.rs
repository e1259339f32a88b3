//! Octets, through text2pcap and tshark.

use std::{
    fmt::Write as _,
    path::Path,
    process::{Command, Stdio},
};

/// What tshark says of each frame: the values of `fields` in their order. The frames stand in what text2pcap is told with
/// `link`; tshark is told `options` beside. `None` if the two are not here.
pub fn dissected(
    name: &str,
    frames: &[Vec<u8>],
    link: &[&str],
    options: &[&str],
    fields: &[String],
) -> Option<Vec<Vec<String>>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (hex, capture) = (folder.join(format!("{name}.txt")), folder.join(format!("{name}.pcap")));
    let mut text = String::new();
    for frame in frames {
        for (at, line) in frame.chunks(16).enumerate() {
            write!(text, "{:06x}", at * 16).unwrap();
            for octet in line {
                write!(text, " {octet:02x}").unwrap();
            }
            text.push('\n');
        }
    }
    std::fs::write(&hex, text).unwrap();
    let made =
        Command::new("text2pcap").arg("-q").args(link).args([&hex, &capture]).stderr(Stdio::null()).status();
    let Ok(made) = made else {
        let must_be_here = std::env::var("CI").as_deref() == Ok("true");
        assert!(!must_be_here, "tshark is not installed; make setup installs it");
        eprintln!("skipped: tshark is not installed; make setup, as root, installs it");
        return None;
    };
    assert!(made.success());
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(&capture).args(["-T", "fields", "-E", "separator=\x1e"]).args(options);
    tshark.args(fields.iter().flat_map(|field| ["-e", field]));
    let output = tshark.stderr(Stdio::null()).output().ok()?;
    let lines = String::from_utf8(output.stdout).unwrap();
    Some(lines.lines().map(|line| line.split('\x1e').map(Into::into).collect()).collect())
}
