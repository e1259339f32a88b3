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

/// Four backups, one a mode.
#[divan::bench(sample_count = 20)]
fn compare() {
    run(&["compare"]);
}
