//! Messages that 255 contacts take, coded in each way; no time is measured.

use std::{path::Path, process::Command};

fn main() {
    let tables = Path::new(env!("CARGO_MANIFEST_DIR")).join("../backup/tables");
    let books = ["train.jsonl.xz", "test.jsonl.xz"].map(|name| tables.join(name));
    let status = Command::new(env!("CARGO_BIN_EXE_oxisim")).args(["coding", "measure"]).args(books).status();
    assert!(status.expect("the program runs").success());
}
