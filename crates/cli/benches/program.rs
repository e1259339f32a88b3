//! Real time of whole runs of the program: simulated backups of 255 contacts.

use std::{path::Path, process::Command};

fn main() {
    divan::main();
}

fn example() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/contacts-255.vcf")
}

fn run(words: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_oxisim")).args(words).arg(example()).output();
    assert!(output.expect("the program runs").status.success());
}

/// One backup, into a database that keeps nothing.
#[divan::bench(args = ["normal", "server", "timer", "status"], sample_count = 20)]
fn backup(mode: &str) {
    run(&["backup", "--db", ":memory:", "--mode", mode]);
}

/// One backup, into a database on disk.
#[divan::bench(sample_count = 20)]
fn backup_to_disk(bencher: divan::Bencher) {
    bencher.with_inputs(|| tempfile::tempdir().expect("a folder")).bench_values(|folder| {
        run(&["backup", "--db", &folder.path().join("copy.sqlite").to_string_lossy()]);
    });
}

/// A script of 10 000 commands with expectations.
#[divan::bench(sample_count = 20)]
fn script(bencher: divan::Bencher) {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("long.apdu");
    let commands = "00 A4 00 0C 02 2F E2 (9000)\n00 B0 00 00 0A [98 .. XX] (9000, 91XX)\n".repeat(5_000);
    std::fs::write(&script, commands).expect("a script");
    bencher.bench(|| {
        let output = Command::new(env!("CARGO_BIN_EXE_oxisim")).arg("script").arg(&script).output();
        assert!(output.expect("the program runs").status.success());
    });
}

/// Four backups, one a mode.
#[divan::bench(sample_count = 20)]
fn compare() {
    run(&["compare"]);
}
