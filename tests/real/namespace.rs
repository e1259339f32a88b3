//! A PC/SC service with virtual readers, in namespaces of its own.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The folder of the harness.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("real")
}

/// A command that runs beside the service.
pub fn command(program: &str) -> Command {
    let mut command = Command::new("timeout");
    command.arg("--kill-after=5").arg("120").arg(folder().join("pcsc-namespace.sh")).arg(program);
    command
}

/// Whether there is all that it takes; if not, says why, and on continuous integration that is a failure.
pub fn is_available(programs: &[&str]) -> bool {
    let Some(why) = lacking(programs) else { return true };
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}; make setup installs it");
    eprintln!("skipped: {why}; make setup, as root, installs it");
    false
}

fn lacking(programs: &[&str]) -> Option<String> {
    const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let needed = ["pcscd", "unshare", "ip", "timeout"].iter().chain(programs);
    for program in needed {
        if !folders.iter().any(|folder| folder.join(program).exists()) {
            return Some(format!("{program} is not installed"));
        }
    }
    if std::env::var_os("VPCD_LIBRARY").is_none() && !Path::new(DRIVER).exists() {
        return Some("vpcd (Debian: vsmartcard-vpcd) is not installed".into());
    }
    let unshare = Command::new("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child", "true"])
        .output();
    match unshare {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!("no namespaces: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Some(format!("no namespaces: {error}")),
    }
}
