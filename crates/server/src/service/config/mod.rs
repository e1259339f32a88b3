//! The server's configuration: a file in TOML, of which every key has a default but those of a bind.

mod problem;
mod section;

use std::{
    net::SocketAddr,
    ops::Range,
    path::{Path, PathBuf},
};

use oxisim_backup::{Policy, Spacing, Window};
use oxisim_smpp::{Role, Version};
use oxisim_wire::Duration;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::log::Format;
use crate::{Msisdn, PostgresStore};

pub use problem::{ConfigError, Problem};
pub use section::Key;
use section::{Notes, Section};

/// All that a server is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `[server]`.
    pub server: ServerConfig,
    /// `[store]`.
    pub store: StoreConfig,
    /// `[backup]`.
    pub backup: BackupConfig,
    /// `[limits]`.
    pub limits: Limits,
    /// `[[smpp]]`, one for each SMS centre.
    pub smpp: Vec<SmppConfig>,
    /// `[console]`.
    pub console: ConsoleConfig,
    /// `[log]`.
    pub log: LogConfig,
}

/// Who the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// Its name among those that share a database, which no other has: after a crash it has its shards again at once.
    /// None: another one at each start.
    pub name: Option<String>,
    /// Its number, from which its messages come; none: the SMS centre knows it.
    pub number: Option<Msisdn>,
    /// The file of the key from which the cards' keys are derived; none: the file beside the database.
    pub master_key: Option<PathBuf>,
    /// How long a stop may take until what is on its way has left.
    pub stop_within: Duration,
}

/// Where the copies are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// The file of SQLite.
    pub database: PathBuf,
    /// Where PostgreSQL is, in the place of SQLite.
    pub url: Option<String>,
    /// The file of the store's key; none: that of the environment, or the file beside the database.
    pub key: Option<PathBuf>,
    /// How long a shard stays with a server that is not heard of.
    pub lease: Duration,
}

/// How backups are made, unless a subscriber has rules of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupConfig {
    /// When the server asks for the next subset.
    pub spacing: Spacing,
    /// How long it waits for blocks that others have overtaken.
    pub grace: Duration,
    /// How often it asks in vain.
    pub patience: u16,
    /// Least time between two messages of a restore.
    pub restore_pace: Duration,
    /// How long the SMS centre tries to deliver a message.
    pub validity: Duration,
    /// Subscribers a second whose turn comes at most; so a timetable's opening does not flood the SMS centre.
    pub turns: u32,
}

/// What grows at most to where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages that wait for the store.
    pub waiting: u32,
    /// Messages that are stored at once.
    pub batch: u32,
    /// Messages that wait for an SMS centre.
    pub outgoing: u32,
    /// Messages of which a receipt is awaited.
    pub receipts: u32,
}

/// An SMS centre, and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmppConfig {
    /// What the operator calls it.
    pub name: String,
    /// Host and port.
    pub address: String,
    /// What the sessions are for.
    pub role: Role,
    /// How many sessions.
    pub sessions: u32,
    /// Who the server says it is.
    pub system_id: String,
    /// The password; it stands in a file or in the configuration.
    pub password: Password,
    /// The file, if it does.
    pub password_file: Option<PathBuf>,
    /// The kind of system.
    pub system_type: String,
    /// The newest version of the protocol.
    pub version: Version,
    /// `service_type` of the messages.
    pub service_type: String,
    /// Messages that are sent before the first is answered.
    pub window: u32,
    /// Messages a second at most.
    pub rate: Option<u32>,
    /// Whether the SMS centre shall say what has become of messages.
    pub receipts: bool,
    /// Whether the SMS centre shall say when a phone that was away is there again.
    pub alerts: bool,
    /// How the numbers begin that it is for; none: for all that are no other's.
    pub prefixes: Vec<String>,
    /// After so long without a word the other side is asked whether it is there.
    pub enquire_after: Duration,
    /// How long it may take to answer.
    pub answer_within: Duration,
    /// The longest wait before a connection is made again.
    pub reconnect_within: Duration,
    /// TLS.
    pub tls: Option<TlsConfig>,
}

/// TLS to an SMS centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConfig {
    /// The name that its certificate must have.
    pub name: String,
    /// The certificates that stand for it.
    pub roots: PathBuf,
    /// The certificate that is shown to it, and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// A password, which is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Where operators are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleConfig {
    /// Where it listens; none: it does not.
    pub address: Option<SocketAddr>,
    /// The certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Names under which it is asked for.
    pub names: Vec<String>,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// How lines look.
    pub format: Format,
    /// How much.
    pub level: log::LevelFilter,
}

impl Password {
    /// Its characters.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

impl BackupConfig {
    /// The server's policy.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            spacing: self.spacing.clone(),
            grace: self.grace,
            patience: self.patience,
            restore_pace: self.restore_pace,
            validity: self.validity,
            ..Policy::default()
        }
    }
}

impl Config {
    /// Reads the file at `path`; its paths start from its folder.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| ConfigError::Read { path: path.into(), error })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder).map_err(|problems| ConfigError::Wrong { path: path.into(), problems })
    }

    /// Reads a text, whose paths start from `folder`. All that is wrong is said at once.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Vec<Problem>> {
        let (config, notes) = read(text, folder);
        if notes.wrong.is_empty() {
            return Ok(config);
        }
        let mut wrong = notes.wrong;
        wrong.sort_by_key(|(span, ..)| span.start);
        let line = |span: &Range<usize>| text.get(..span.start).unwrap_or(text).matches('\n').count() + 1;
        Err(wrong.into_iter().map(|(span, key, reason)| Problem { line: line(&span), key, reason }).collect())
    }

    /// Every key that there is, in the order in which they are documented.
    #[must_use]
    pub fn keys() -> Vec<Key> {
        read("[[smpp]]\ntls = {}\n", Path::new("")).1.known
    }

    /// What differs in `other` and is not changed without a restart.
    #[must_use]
    pub fn fixed(&self, other: &Self) -> Vec<&'static str> {
        let binds = |config: &Self| -> Vec<SmppConfig> {
            config
                .smpp
                .iter()
                .map(|it| SmppConfig { prefixes: Vec::new(), rate: None, ..it.clone() })
                .collect()
        };
        let parts = [
            ("server", self.server != other.server),
            ("store", self.store != other.store),
            ("smpp, but for prefixes and rate", binds(self) != binds(other)),
            ("console", self.console != other.console),
            ("limits", self.limits != other.limits),
            ("log.format", self.log.format != other.log.format),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

type Table<'a> = Option<&'a DeTable<'a>>;

const TABLES: [&str; 7] = ["server", "store", "backup", "limits", "smpp", "console", "log"];

fn read(text: &str, folder: &Path) -> (Config, Notes) {
    let mut notes = Notes { folder: folder.into(), ..Notes::default() };
    let document = DeTable::parse(text).unwrap_or_else(|error| {
        let place = error.span().unwrap_or_default();
        notes.wrong.push((place, String::new(), error.message().into()));
        Spanned::new(0..0, DeTable::new())
    });
    let document = document.get_ref();
    for (key, value) in document {
        let name: &str = key.get_ref();
        let fits = match value.get_ref() {
            DeValue::Table(_) => name != "smpp",
            DeValue::Array(tables) => {
                name == "smpp" && tables.iter().all(|it| matches!(it.get_ref(), DeValue::Table(_)))
            }
            _ => false,
        };
        let reason = if !TABLES.contains(&name) {
            match problem::nearest(name, TABLES.into_iter()) {
                Some(meant) => format!("unknown; did you mean `{meant}`?"),
                None => format!("unknown; known are {}", TABLES.join(", ")),
            }
        } else if fits {
            continue;
        } else if name == "smpp" {
            "a list of tables is expected: [[smpp]]".into()
        } else {
            format!("a table is expected: [{name}]")
        };
        notes.wrong.push((key.span(), name.into(), reason));
    }
    let table = |name: &'static str| -> (Table<'_>, Range<usize>) {
        document.get(name).map_or((None, 0..0), |value| match value.get_ref() {
            DeValue::Table(table) => (Some(table), value.span()),
            _ => (None, value.span()),
        })
    };
    let server = server(Section::new("server", table("server"), &mut notes));
    let store = store(Section::new("store", table("store"), &mut notes));
    let backup = backup(Section::new("backup", table("backup"), &mut notes));
    let limits = limits(Section::new("limits", table("limits"), &mut notes));
    let mut binds: Vec<SmppConfig> = Vec::new();
    if let Some(DeValue::Array(tables)) = document.get("smpp").map(Spanned::get_ref) {
        for entry in tables {
            let DeValue::Table(table) = entry.get_ref() else { continue };
            let taken: Vec<String> = binds.iter().map(|bind| bind.name.clone()).collect();
            binds.push(smpp(Section::new("smpp", (Some(table), entry.span()), &mut notes), &taken));
        }
    }
    let console = console(Section::new("console", table("console"), &mut notes));
    let log = log_config(Section::new("log", table("log"), &mut notes));
    (Config { server, store, backup, limits, smpp: binds, console, log }, notes)
}

fn server(mut section: Section<'_>) -> ServerConfig {
    let read = ServerConfig {
        name: section.parsed("name", None),
        number: section.parsed("number", None),
        master_key: section.file("master_key"),
        stop_within: section.span("stop_within", "10s", "1s", "10m"),
    };
    section.finish();
    read
}

fn store(mut section: Section<'_>) -> StoreConfig {
    if section.has("url") && section.has("database") {
        section.wrong("url", "a database is a file of SQLite (database) or in PostgreSQL (url), not both");
    }
    let read = StoreConfig {
        database: section.path("database", Some("oxisim.db")).unwrap_or_default(),
        url: section.parsed("url", None).filter(|url: &String| {
            let fits = url.starts_with("postgresql://") || url.starts_with("postgres://");
            if !fits {
                section.wrong("url", "postgresql://USER@HOST/DATABASE is expected");
            } else if let Err(error) = PostgresStore::check(url) {
                section.wrong("url", error.to_string());
            }
            fits
        }),
        key: section.file("key"),
        lease: section.span("lease", "30s", "3s", "10m"),
    };
    section.finish();
    read
}

fn backup(mut section: Section<'_>) -> BackupConfig {
    let policy = Policy::default();
    let every = section.span("every", "2m", "1s", "30d");
    let windows = section.list("hours", window);
    let spacing =
        if windows.is_empty() { Spacing::Regular(every) } else { Spacing::Timetable(windows, every) };
    let patience = section.number("patience", policy.patience.into(), 1..=1_000);
    let read = BackupConfig {
        spacing,
        grace: section.span("grace", "1m", "1s", "1d"),
        patience: u16::try_from(patience).unwrap_or(policy.patience),
        restore_pace: section.span("restore_pace", "6s", "1s", "1d"),
        validity: section.span("validity", "5m", "5s", "7d"),
        turns: section.number("turns", 100, 1..=1_000_000),
    };
    section.finish();
    read
}

fn limits(mut section: Section<'_>) -> Limits {
    let read = Limits {
        waiting: section.number("waiting", 1_000, 1..=1_000_000),
        batch: section.number("batch", 256, 1..=10_000),
        outgoing: section.number("outgoing", 10_000, 1..=1_000_000),
        receipts: section.number("receipts", 100_000, 1..=10_000_000),
    };
    section.finish();
    read
}

fn smpp(mut section: Section<'_>, taken: &[String]) -> SmppConfig {
    let roles = [
        ("transceiver", Role::Transceiver),
        ("receiver", Role::Receiver),
        ("transmitter", Role::Transmitter),
    ];
    let name = section.text("name", Some("smsc"), 64);
    if taken.contains(&name) {
        section.wrong("name", format!("there is an SMS centre {name:?} already"));
    }
    let address = section.text("address", None, 255);
    if !address.is_empty() && !is_host_and_port(&address) {
        section.wrong("address", "HOST:PORT is expected");
    }
    let (password, password_file) = password(&mut section);
    let read = SmppConfig {
        name,
        address,
        role: section.choice("bind", &roles),
        sessions: section.number("sessions", 1, 1..=64),
        system_id: section.ascii("system_id", None, 15),
        password,
        password_file,
        system_type: section.ascii("system_type", Some(""), 12),
        version: section.choice("version", &[("5.0", Version::V5_0), ("3.4", Version::V3_4)]),
        service_type: section.ascii("service_type", Some(""), 5),
        window: section.number("window", 10, 1..=1_000),
        rate: section.optional_number("rate", 1..=100_000),
        receipts: section.flag("receipts", true),
        alerts: section.flag("alerts", true),
        prefixes: section.list("prefixes", prefix),
        enquire_after: section.span("enquire_after", "30s", "1s", "1h"),
        answer_within: section.span("answer_within", "30s", "1s", "10m"),
        reconnect_within: section.span("reconnect_within", "1m", "1s", "1h"),
        tls: tls(&mut section),
    };
    section.finish();
    read
}

/// The password, and the file in which it stands, if it does.
fn password(section: &mut Section<'_>) -> (Password, Option<PathBuf>) {
    let given = section.ascii("password", Some(""), 8);
    let Some(path) = section.file("password_file") else { return (Password(given), None) };
    if !given.is_empty() {
        section.wrong("password_file", "the password stands here or in `password`, not in both");
    }
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let text = text.trim_end_matches(['\r', '\n']);
    if text.len() > 8 || !text.bytes().all(|octet| octet.is_ascii_graphic() || octet == b' ') {
        section.wrong("password_file", "a password of SMPP has at most 8 characters of ASCII");
    }
    (Password(text.into()), Some(path))
}

fn tls(section: &mut Section<'_>) -> Option<TlsConfig> {
    let roots = section.file("tls_roots");
    let name: Option<String> = section.parsed("tls_name", None);
    let identity = identity(section, "tls_certificate", "tls_key");
    match (roots, name) {
        (Some(roots), Some(name)) => Some(TlsConfig { name, roots, identity }),
        (Some(_), None) => {
            section.wrong("tls_roots", "`tls_name` is missing: the name in the certificate");
            None
        }
        (None, Some(_)) => {
            section.wrong("tls_name", "`tls_roots` is missing: the certificates that are trusted");
            None
        }
        (None, None) => {
            if identity.is_some() {
                section.wrong("tls_certificate", "without `tls_name` and `tls_roots` there is no TLS");
            }
            None
        }
    }
}

fn console(mut section: Section<'_>) -> ConsoleConfig {
    let is_on = section.flag("enabled", true);
    let address = section.parsed("address", Some("127.0.0.1:8480"));
    let read = ConsoleConfig {
        address: address.filter(|_| is_on),
        identity: identity(&mut section, "certificate", "certificate_key"),
        names: section.list("names", |name| Ok(name.to_owned())),
    };
    let is_exposed =
        read.address.is_some_and(|address: SocketAddr| !crate::console::is_loopback(address.ip()));
    if is_exposed && !section.has("certificate") {
        section.wrong("address", "others reach it: name a `certificate` and its key, or listen on 127.0.0.1");
    }
    section.finish();
    read
}

fn log_config(mut section: Section<'_>) -> LogConfig {
    let levels = [
        ("info", log::LevelFilter::Info),
        ("off", log::LevelFilter::Off),
        ("error", log::LevelFilter::Error),
        ("warn", log::LevelFilter::Warn),
        ("debug", log::LevelFilter::Debug),
    ];
    let read = LogConfig {
        format: section.choice("format", &[("text", Format::Text), ("json", Format::Json)]),
        level: section.choice("level", &levels),
    };
    section.finish();
    read
}

/// A certificate and its key: both or neither.
fn identity(
    section: &mut Section<'_>,
    certificate: &'static str,
    key: &'static str,
) -> Option<(PathBuf, PathBuf)> {
    match (section.file(certificate), section.file(key)) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (Some(_), None) => {
            section.wrong(certificate, format!("`{key}` is missing"));
            None
        }
        (None, Some(_)) => {
            section.wrong(key, format!("`{certificate}` is missing"));
            None
        }
        (None, None) => None,
    }
}

fn is_host_and_port(text: &str) -> bool {
    let parts = text.rsplit_once(':');
    parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn prefix(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix('+').unwrap_or_default();
    let fits =
        !digits.is_empty() && digits.len() <= Msisdn::LIMIT && digits.bytes().all(|it| it.is_ascii_digit());
    if fits { Ok(digits.into()) } else { Err("beginnings of numbers such as \"+49\" are expected".into()) }
}

/// `22:00-06:00`.
fn window(text: &str) -> Result<Window, String> {
    let read = text.split_once('-').and_then(|(opens, closes)| {
        let (opens, closes) = (time_of_day(opens)?, time_of_day(closes)?);
        (opens != closes).then_some(Window { opens, closes })
    });
    read.ok_or_else(|| "hours such as \"22:00-06:00\", in UTC, are expected".into())
}

fn time_of_day(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60 || (hours, minutes) == (24, 0)).then_some(hours * 3_600 + minutes * 60)
}

#[cfg(test)]
mod tests;
