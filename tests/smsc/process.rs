//! Programs that a test starts, and what they print.

#[path = "../program.rs"]
mod program;

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

pub use program::program;

/// How long a test waits for anything at most.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A program that runs until the test ends, at the latest.
pub struct Running {
    pub child: Child,
    lines: mpsc::Receiver<String>,
    pub said: Vec<String>,
}

impl Running {
    /// Starts a program, whose output is read.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env_remove("RUST_LOG")
            .spawn()
            .expect("the program starts");
        let (sender, lines) = mpsc::channel();
        let output: Box<dyn Read + Send> = Box::new(child.stdout.take().expect("a pipe"));
        let errors: Box<dyn Read + Send> = Box::new(child.stderr.take().expect("a pipe"));
        for pipe in [output, errors] {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                    let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
                }
            });
        }
        Self { child, lines, said: Vec::new() }
    }

    /// Waits for a line with this in it, after those that have been waited for.
    #[track_caller]
    pub fn prints(&mut self, piece: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("{piece:?} is not printed, but:\n{}", self.said.join("\n"));
            };
            self.said.push(line.clone());
            if line.contains(piece) {
                return line;
            }
        }
    }

    /// Ends the program, and waits until it has ended.
    pub fn end(mut self) {
        self.kill();
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An SMS centre, and where it listens.
pub struct Smsc {
    pub running: Running,
    pub phones: SocketAddr,
    pub smpp: SocketAddr,
}

impl Smsc {
    /// Starts `oxisim smsc` on ports that are free.
    pub fn start(options: &[&str]) -> Self {
        let mut command = Command::new(program());
        let phones = if options.contains(&"--phones") { &[][..] } else { &["--phones", "127.0.0.1:0"] };
        command.args(["smsc", "--smpp", "127.0.0.1:0"]).args(phones).args(options);
        let mut running = Running::start(&mut command);
        let line = running.prints("phones connect to");
        let address = |before: &str| {
            let (_, rest) = line.split_once(before).expect("an address");
            rest.split([',', ' ']).next().and_then(|text| text.parse().ok()).expect("an address")
        };
        let (phones, smpp) = (address("phones connect to "), address("ESMEs to "));
        Self { running, phones, smpp }
    }

    /// Starts `oxisim phone` with this number at this centre.
    pub fn phone(&self, number: &str, options: &[&str]) -> Running {
        let mut command = Command::new(program());
        command.args(["phone", "--smsc", &self.phones.to_string(), "--number", number]).args(options);
        Running::start(&mut command)
    }
}
