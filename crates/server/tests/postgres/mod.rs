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
    #[allow(dead_code, reason = "one test has TLS only")]
    pub fn start() -> Option<Self> {
        Self::start_as(None)
    }

    /// The same with this certificate and its key, in PEM, and no connection over TCP but by TLS.
    #[allow(dead_code, reason = "others have no TLS")]
    pub fn start_with_tls(certificate: &str, key: &str) -> Option<Self> {
        Self::start_as(Some([certificate, key]))
    }

    fn start_as(tls: Option<[&str; 2]>) -> Option<Self> {
        match Self::try_start(tls) {
            Ok(cluster) => Some(cluster),
            Err(why) => {
                assert!(std::env::var_os("CI").is_none(), "no PostgreSQL: {why}");
                eprintln!("skipped: {why}");
                None
            }
        }
    }

    fn try_start(tls: Option<[&str; 2]>) -> Result<Self, String> {
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
        let mut options = format!("-p {port} -k {} -h localhost", cluster.folder.path().display());
        if let Some(identity) = tls {
            cluster.serve_by_tls(identity).map_err(|error| error.to_string())?;
            options.push_str(" -c ssl=on");
        }
        let log = cluster.folder.path().join("log").display().to_string();
        cluster.run("pg_ctl", &["start", "-w", "-D", &data, "-o", &options, "-l", &log])?;
        Ok(cluster)
    }

    fn serve_by_tls(&self, identity: [&str; 2]) -> std::io::Result<()> {
        let data = PathBuf::from(self.data());
        // Nobody else may read the key.
        for (name, content) in ["server.crt", "server.key"].into_iter().zip(identity) {
            std::fs::write(data.join(name), content)?;
            Command::new("chown").arg("postgres").arg(data.join(name)).status()?;
            Command::new("chmod").arg("600").arg(data.join(name)).status()?;
        }
        let who = "local all all trust\nhostssl all all 127.0.0.1/32 trust\nhostssl all all ::1/128 trust\n";
        std::fs::write(data.join("pg_hba.conf"), who)
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
    #[allow(dead_code, reason = "one test takes the database that is there")]
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
