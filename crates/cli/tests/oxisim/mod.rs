//! The program, to be run by tests.

use std::path::{Path, PathBuf};

use snapbox::cmd::Command;

/// The program, in a folder of its own.
pub struct Oxisim {
    pub folder: tempfile::TempDir,
}

/// An example file.
pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

impl Oxisim {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn run(&self, words: &[&str]) -> snapbox::cmd::OutputAssert {
        Command::new(snapbox::cmd::cargo_bin!("oxisim"))
            .args(words)
            .current_dir(self.folder.path())
            .env_remove("RUST_LOG")
            .assert()
    }

    pub fn json(&self, words: &[&str]) -> serde_json::Value {
        let output = self.run(words).success();
        serde_json::from_slice(&output.get_output().stdout).unwrap()
    }

    /// Puts an example file into the folder, under its own name.
    pub fn with(self, name: &str) -> Self {
        std::fs::copy(example(name), self.folder.path().join(name)).unwrap();
        self
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }
}
