//! A PostgreSQL of a test's own: in a directory and on a port of its own, with all that a server's has.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use postgres::{Client, NoTls};
use tempfile::TempDir;

/// Where Debian has its programs.
const PROGRAMS: &str = "/usr/lib/postgresql";

/// A cluster, which ends with the value.
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
}

impl Cluster {
    /// Starts one; none, and why, if that cannot be. Where tests must not be skipped (`CI` is set) that is a failure.
    pub fn start() -> Option<Self> {
        match Self::try_start() {
            Ok(cluster) => Some(cluster),
            Err(why) => {
                assert!(std::env::var_os("CI").is_none(), "no PostgreSQL: {why}");
                eprintln!("skipped: {why}");
                None
            }
        }
    }

    fn try_start() -> Result<Self, String> {
        let programs = programs().ok_or("there is no PostgreSQL from 15 on: apt-get install postgresql")?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = port.map_err(|error| error.to_string())?.port();
        let cluster = Self { folder, programs, port };
        // It does not run as root.
        run(Command::new("chown").arg("postgres").arg(cluster.folder.path()))?;
        let data = cluster.data();
        cluster
            .run("initdb", &["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "-D", &data])?;
        let options = format!("-p {port} -k {} -h 127.0.0.1", cluster.folder.path().display());
        let log = cluster.folder.path().join("log").display().to_string();
        cluster.run("pg_ctl", &["start", "-w", "-D", &data, "-o", &options, "-l", &log])?;
        Ok(cluster)
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    /// The files of all its databases.
    #[allow(dead_code, reason = "a bench does not look into them")]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where a database of this name is.
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a database.
    pub fn create(&self, database: &str) {
        let mut client = Client::connect(&self.url("postgres"), NoTls).unwrap();
        client.batch_execute(&format!("CREATE DATABASE {database}")).unwrap();
    }

    fn run(&self, program: &str, words: &[&str]) -> Result<(), String> {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(self.programs.join(program)).args(words);
        run(command.current_dir(self.folder.path()))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // By the process id that stands in the directory.
        let _ = self.run("pg_ctl", &["stop", "-m", "immediate", "-D", &self.data()]);
    }
}

fn programs() -> Option<PathBuf> {
    let releases = std::fs::read_dir(PROGRAMS).ok()?.flatten();
    let release = releases.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).max()?;
    let programs = Path::new(PROGRAMS).join(release.to_string()).join("bin");
    (release >= 15 && programs.join("initdb").exists()).then_some(programs)
}

fn run(command: &mut Command) -> Result<(), String> {
    // A server that goes on keeps what it has inherited: it gets no pipe of ours.
    let output: Output = command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {}", output.status)) }
}
