//! A server in a folder of a test's own.

use std::{
    fmt::Write as _,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use crate::process::{Running, program};

/// `oxisim serve` on a configuration.
pub struct Served {
    pub running: Running,
}

/// Where a server is told everything.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// A folder with a configuration: these SMS centres, and what else there is to say first.
    pub fn new(first: &str, centres: &[SocketAddr]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Self { folder };
        place.write("SERVER.toml", first, centres);
        place
    }

    /// Another configuration in the same folder.
    pub fn write(&self, name: &str, first: &str, centres: &[SocketAddr]) {
        let mut text = format!(
            "{first}\n[console]\naddress = \"127.0.0.1:0\"\n[log]\nformat = \"json\"\nlevel = \"debug\"\n"
        );
        for (number, address) in centres.iter().enumerate() {
            let _ = write!(
                text,
                "[[smpp]]\nname = \"centre {number}\"\naddress = \"{address}\"\nsystem_id = \"oxisim\"\n\
                 password = \"oxisim\"\nreconnect_within = \"1s\"\nwindow = 50\n"
            );
        }
        fs::write(self.path(name), text).expect("a file");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the server of a configuration.
    pub fn serve(&self, configuration: &str) -> Served {
        self.serve_with(configuration, &[])
    }

    /// The same, with options.
    pub fn serve_with(&self, configuration: &str, options: &[&str]) -> Served {
        let mut command = oxisim(&["serve"], &self.path(configuration));
        let mut running = Running::start(command.args(options).env_remove("OXISIM_STORE_KEY"));
        running.prints("the server works");
        Served { running }
    }

    /// What `oxisim serve check` says.
    pub fn check(&self) -> String {
        let checked =
            oxisim(&["serve", "check"], &self.path("SERVER.toml")).output().expect("the program runs");
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        String::from_utf8(checked.stdout).expect("a text")
    }
}

impl Served {
    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let id = self.running.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Ends the server in order; all that it has said.
    pub fn stop(mut self) -> Vec<String> {
        self.signal("TERM");
        self.running.prints("the server has stopped");
        let status = self.running.child.wait().expect("it ends");
        assert!(status.success(), "{status}");
        std::mem::take(&mut self.running.said)
    }

    /// Ends the server with SIGKILL.
    pub fn kill(self) {
        self.running.end();
    }
}

/// The program with these words and a configuration.
pub fn oxisim(words: &[&str], configuration: &Path) -> Command {
    let mut command = Command::new(program());
    command.args(words).arg("--config").arg(configuration);
    command
}
