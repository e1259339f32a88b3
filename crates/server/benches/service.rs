//! What the service does in a second: messages come over SMPP and are acknowledged when they are durable. How long that
//! takes at half of the load, and how much memory subscribers need whose backups are under way.
//!
//! The server is a process of its own. `OXISIM_BENCH_SUBSCRIBERS` says of how many subscribers the memory is measured.
#![expect(clippy::disallowed_methods, reason = "a bench has clocks and files")]
#![expect(clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "figures for people")]

#[path = "load/centre.rs"]
mod centre;
#[path = "load/mod.rs"]
mod load;
#[path = "../tests/postgres/mod.rs"]
mod postgres;

use std::{
    fs,
    io::{BufRead, BufReader, Lines, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use ::postgres::{Client, NoTls};
use centre::{LoadCentre, Make};
use load::{Bare, KEY, Sizes, alone, block, number};
use oxisim_backup::message::Resumes;
use oxisim_server::{
    PostgresStore, SqliteStore,
    service::{Clock, Config, Running},
};
use oxisim_smpp::{Message, Operation};
use oxisim_sms::{Address, UserData};
use postgres::Cluster;
use tokio::runtime::Runtime;

/// A process that has this is the server: the configuration.
const SERVES: &str = "OXISIM_BENCH_SERVES";

/// Sessions between SMS centre and server.
const SESSIONS: usize = 20;

/// Messages on their way in each.
const WINDOW: usize = 100;

/// Messages that are stored at once at most.
const BATCH: usize = 1_000;

/// Subscribers who send messages, and how many each: the first ones make the accounts, and are not measured.
const SENDERS: usize = 4_000;
const MESSAGES: u16 = 8;

/// Times that messages are measured.
const ROUNDS: usize = 5;

/// How long latency is measured.
const SECONDS: usize = 5;

fn main() {
    if let Some(path) = std::env::var_os(SERVES) {
        return serve(Path::new(&path));
    }
    let subscribers = std::env::var("OXISIM_BENCH_SUBSCRIBERS").ok().and_then(|it| it.parse().ok());
    let subscribers = subscribers.unwrap_or(100_000);
    println!("{SESSIONS} sessions of SMPP with a window of {WINDOW}; at most {BATCH} messages a transaction");
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    let sqlite = Kind {
        name: "SQLite",
        store: &|name| format!("database = \"{}\"", place(name).display()),
        alone: &|name, group| {
            let store = SqliteStore::open(place(name), &KEY).expect("it opens");
            alone(store, SENDERS, MESSAGES, group)
        },
        bare: &|served, name, group| {
            let open = |name| rusqlite::Connection::open(place(name)).expect("it opens");
            let sizes = Sizes::in_sqlite(&open(served));
            drop(SqliteStore::open(place(name), &KEY).expect("it opens"));
            Bare { sizes, senders: SENDERS, messages: MESSAGES - 1, group }.sqlite(&mut open(name))
        },
    };
    sqlite.measure(folder.path(), subscribers);
    let Some(cluster) = Cluster::start() else { return };
    let postgresql = Kind {
        name: "PostgreSQL",
        store: &|name| {
            cluster.create(name);
            format!("url = \"{}\"", cluster.url(name))
        },
        alone: &|name, group| {
            cluster.create(name);
            let store = PostgresStore::connect(&cluster.url(name), &KEY).expect("it opens");
            alone(store, SENDERS, MESSAGES, group)
        },
        bare: &|served, name, group| {
            let open = |name| Client::connect(&cluster.url(name), NoTls).expect("it opens");
            let sizes = Sizes::in_postgresql(&mut open(served));
            cluster.create(name);
            drop(PostgresStore::connect(&cluster.url(name), &KEY).expect("it opens"));
            Bare { sizes, senders: SENDERS, messages: MESSAGES - 1, group }.postgresql(&mut open(name))
        },
    };
    postgresql.measure(folder.path(), subscribers);
}

/// A kind of store.
struct Kind<'a> {
    name: &'a str,
    /// Makes a database; what the configuration says of it.
    store: &'a dyn Fn(&str) -> String,
    /// Messages a second that a new store takes without a service, in groups of a size.
    alone: &'a dyn Fn(&str, usize) -> f64,
    /// Messages a second that a new database takes by itself, with rows as in another and in groups of a size.
    bare: &'a dyn Fn(&str, &str, usize) -> f64,
}

impl Kind<'_> {
    /// Messages a second of the service, of the store alone and of the database alone, and how many were a transaction.
    fn round(&self, folder: &Path, round: usize) -> [f64; 4] {
        let [served, alone, bare] = ["service", "alone", "bare"].map(|name| format!("{name}{round}"));
        let (rate, group) = Place::new(folder, &(self.store)(&served)).messages();
        [rate, (self.alone)(&alone, group), (self.bare)(&served, &bare, group), group as f64]
    }

    fn measure(&self, folder: &Path, subscribers: usize) {
        let name = self.name;
        // In turn, since a machine is not the same from one minute to the next.
        let rounds: Vec<[f64; 4]> = (0..ROUNDS).map(|round| self.round(folder, round)).collect();
        let of = |f: &dyn Fn(&[f64; 4]) -> f64| middle(rounds.iter().map(f).collect());
        let rate = of(&|round| round[0]);
        println!(
            "{name}: {rate:.0} durable messages in a second, {:.2} of what the store does without a service, {:.2} of what \
             the database does by itself, with the same {:.0} messages a transaction",
            of(&|round| round[0] / round[1]),
            of(&|round| round[0] / round[2]),
            of(&|round| round[3]),
        );
        let mut at = Place::new(folder, &(self.store)("latency"));
        let waits = at.latency(rate / 2.0);
        let of = |percent: usize| waits[waits.len() * percent / 100].as_secs_f64() * 1_000.0;
        println!(
            "{name}: from deliver_sm to deliver_sm_resp at {:.0} messages a second: {:.1} ms (median), {:.1} ms (99th percentile)",
            rate / 2.0,
            of(50),
            of(99)
        );
        let mut at = Place::new(folder, &(self.store)("memory"));
        let (before, after, most) = at.memory(subscribers);
        println!(
            "{name}: {after} MiB resident with {subscribers} backups under way, {before} MiB with none; {most} MiB at most"
        );
    }
}

/// The one in the middle.
fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A server and an SMS centre.
struct Place {
    served: Served,
    centre: LoadCentre,
}

impl Place {
    fn new(folder: &Path, store: &str) -> Self {
        let mut centre = LoadCentre::listen(WINDOW);
        let config = folder.join("SERVER.toml");
        let text = format!(
            "[server]\nmaster_key = \"master.key\"\n[store]\n{store}\nkey = \"store.key\"\n\
             [backup]\nevery = \"1d\"\n[limits]\nwaiting = 10000\nbatch = {BATCH}\n\
             [console]\nenabled = false\n[log]\nlevel = \"warn\"\n\
             [[smpp]]\naddress = \"{}\"\nsystem_id = \"bench\"\nsessions = {SESSIONS}\n",
            centre.address()
        );
        fs::write(folder.join("master.key"), "07".repeat(16)).expect("a file");
        fs::write(folder.join("store.key"), "07".repeat(32)).expect("a file");
        fs::write(&config, text).expect("a file");
        let served = Served::start(&config);
        centre.bound(SESSIONS);
        Self { served, centre }
    }

    /// Messages a second, and how many are in a transaction on average.
    fn messages(&mut self) -> (f64, usize) {
        self.centre.bring(SENDERS, &blocks(1, SENDERS, Resumes::UPLOADER));
        let (stored, batches) = self.served.counts();
        assert_eq!(stored, SENDERS as u64);
        let count = SENDERS * usize::from(MESSAGES - 1);
        let took = self.centre.bring(count, &blocks(2, SENDERS, Resumes::UPLOADER));
        let (all, all_batches) = self.served.counts();
        assert_eq!((all - stored) as usize, count);
        let group = (all - stored).div_ceil(all_batches - batches);
        (count as f64 / took.as_secs_f64(), group as usize)
    }

    fn latency(&mut self, rate: f64) -> Vec<Duration> {
        let count = rate as usize * SECONDS;
        // As many that no block is said twice.
        let senders = count.div_ceil(usize::from(MESSAGES - 1));
        self.centre.bring(senders, &blocks(1, senders, Resumes::UPLOADER));
        self.centre.bring_at(rate, count, &blocks(2, senders, Resumes::UPLOADER))
    }

    /// The server's memory, before and after each of these subscribers has sent the first blocks of a backup, and at most.
    fn memory(&mut self, subscribers: usize) -> (u64, u64, u64) {
        let before = self.served.memory("VmRSS");
        self.centre.bring(subscribers * 2, &blocks(1, subscribers, Resumes::SERVER));
        (before, self.served.memory("VmRSS"), self.served.memory("VmHWM"))
    }
}

/// All senders' messages with a block, then those with the next one.
fn blocks(first: u16, senders: usize, resumes: Resumes) -> Arc<Make> {
    let to: Address = "+15550199999".parse().expect("it is a number");
    let contents: Vec<UserData> = (first..=MESSAGES).map(|number| block(number, resumes)).collect();
    Arc::new(move |place| {
        let message = Message::new(Operation::Deliver, Some(number(place % senders).address()), to.clone());
        message.with_user_data(&contents[place / senders % contents.len()])
    })
}

/// The server, in a process that ends with the value.
struct Served {
    child: Child,
    asks: Option<ChildStdin>,
    says: Lines<BufReader<ChildStdout>>,
}

impl Served {
    fn start(config: &Path) -> Self {
        let program: PathBuf = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command.env(SERVES, config).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let (asks, says) = (child.stdin.take(), child.stdout.take().expect("a pipe"));
        Self { child, asks, says: BufReader::new(says).lines() }
    }

    /// Messages that are stored, and transactions.
    fn counts(&mut self) -> (u64, u64) {
        let asks = self.asks.as_mut().expect("a pipe");
        asks.write_all(b"\n").and_then(|()| asks.flush()).expect("the server runs");
        let line = self.says.next().expect("the server runs").expect("a line");
        let (stored, batches) = line.split_once(' ').expect("two numbers");
        (stored.parse().expect("a number"), batches.parse().expect("a number"))
    }

    /// What Linux says of its memory, in MiB.
    fn memory(&self, what: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kibibytes.expect("a number") / 1_024
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It serves until nobody can ask any more.
        self.asks = None;
        let _ = self.child.wait();
    }
}

/// Serves, and says what is counted for each line that comes.
fn serve(config: &Path) {
    let runtime = Runtime::new().expect("a runtime");
    let config = Config::read(config).expect("a configuration");
    let running = runtime.block_on(Running::start(config, Clock::wall())).expect("it starts");
    for _ in std::io::stdin().lines() {
        println!("{} {}", running.counts().stored.get(), running.counts().batches.get());
    }
    runtime.block_on(running.stop()).expect("it stops");
}
