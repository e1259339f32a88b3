//! Messages that 255 contacts take, coded in each way, also in languages that a table has never seen; no time is
//! measured.

use std::{path::Path, process::Command};

fn main() {
    let tables = Path::new(env!("CARGO_MANIFEST_DIR")).join("../backup/tables");
    let books = ["train.jsonl.xz", "test.jsonl.xz"].map(|name| tables.join(name));
    let status = Command::new(env!("CARGO_BIN_EXE_oxisim"))
        .args(["coding", "measure", "--leave-one-out"])
        .args(books)
        .status();
    assert!(status.expect("the program runs").success());
}
