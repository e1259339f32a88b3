//! The examples of an applet of one's own, crates outside of the workspace: they build, their tests pass, and the program
//! of the first serves a card.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use oxisim_toolkit::{Facility, TerminalProfile};
use oxisim_transport::{TcpClient, Transport};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A command of cargo on an example, with what the workspace has already: the same versions, and no network.
fn cargo(example: &str, words: &[&str]) -> Command {
    let root = root();
    let example = root.join("examples").join(example);
    std::fs::copy(root.join("Cargo.lock"), example.join("Cargo.lock")).expect("the workspace's versions");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(words).arg("--offline").arg("--quiet");
    cargo.arg("--manifest-path").arg(example.join("Cargo.toml"));
    cargo.arg("--target-dir").arg(root.join("target/greeter"));
    cargo
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn each_example_passes_its_tests_and_the_first_serves_its_card() {
    for (example, scenarios) in [("greeter", 1), ("tally", 2)] {
        let tested = cargo(example, &["test"]).output().expect("cargo runs");
        let said = String::from_utf8_lossy(&tested.stdout);
        assert!(tested.status.success(), "{said}\n{}", String::from_utf8_lossy(&tested.stderr));
        let passed = |tests: usize| said.contains(&format!("ok. {tests} passed"));
        assert!(passed(1) && passed(scenarios), "a property and {scenarios} scenarios: {said}");
    }

    assert!(cargo("greeter", &["build"]).status().expect("cargo runs").success());
    let program = root().join("target/greeter/debug/greeter");
    let program = Command::new(program).arg("127.0.0.1:0").stdout(Stdio::piped()).spawn();
    let mut running = Running(program.expect("the program runs"));
    // The program says more, and must have whom to say it to.
    let mut output = BufReader::new(running.0.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("the card waits for a phone at ").expect("an address");
    let mut card = TcpClient::connect(address).expect("the card is there");
    assert_eq!(card.reset().unwrap()[0], 0x3B);
    let profile =
        TerminalProfile::with(&[Facility::ProfileDownload, Facility::MenuSelection, Facility::SetUpMenu]);
    let mut command = vec![0x80, 0x10, 0x00, 0x00, profile.octets().len() as u8];
    command.extend(profile.octets());
    let status = card.exchange(&command).unwrap();
    assert_eq!(status[0], 0x91, "the menu waits to be fetched");
    let menu = card.exchange(&[0x80, 0x12, 0x00, 0x00, status[1]]).unwrap();
    assert!(menu.windows(5).any(|octets| octets == b"Greet"), "{menu:02X?}");
}
