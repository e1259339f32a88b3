//! The program under test, for tests that start it.

use std::{path::PathBuf, process::Command, sync::OnceLock};

/// The program `oxisim`, built as it is now; `OXISIM` names another.
pub fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(path) = std::env::var_os("OXISIM") {
            return path.into();
        }
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--workspace", "--all-features", "--bin", "oxisim"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(built.is_ok_and(|status| status.success()), "the program oxisim cannot be built");
        let metadata = cargo_metadata::MetadataCommand::new().no_deps().exec().expect("cargo metadata");
        metadata.target_directory.join("debug/oxisim").into()
    })
}
