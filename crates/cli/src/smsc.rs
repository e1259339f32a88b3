//! `oxisim smsc`: a small SMS centre for laptops and tests.

use std::{
    io::{self, Write},
    net::{SocketAddr, ToSocketAddrs},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use oxisim_smpp::{Identity, TlsServer};
use oxisim_sms::Address;
use oxisim_smsc::{Chance, Config, Esme, News, Route, Settings};
use oxisim_trace::Clock;
use oxisim_wire::Duration;

use crate::{
    backup::wall_clock,
    failure::Failure,
    file,
    options::share,
    report::count,
    run::SERVER,
    span,
    trace::{TraceArgs, finish, of_centre},
};

/// The ESME that may bind on this machine, if no others are named, and its password.
const USUAL: (&str, &str) = ("oxisim", "oxisim");

/// Run an SMS centre until Ctrl-C: phones on one side, ESMEs by SMPP on the other.
///
/// A message waits for its receiver, is tried again after longer and longer, and ends with its validity. It goes to the
/// ESME whose route its number begins with, or else to the phone with that number: also from phone to phone. Messages
/// are kept in memory, and are lost when the centre ends, unless `--store` names a file for them.
///
/// A phone is whoever says so: its connection has no password. Let phones connect from this machine only, or from a
/// network of your own.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  oxisim smsc\n  oxisim phone --smsc 127.0.0.1:2776 --number +15550100001 --contacts contacts-10.vcf --choose 1\n  oxisim phone --smsc 127.0.0.1:2776 --number +15550100002 --send +15550100001=hello --for 10s\n  oxisim smsc --loss 5% --delay 2s..8s --seed 7\n  oxisim smsc --store messages\n  oxisim smsc --trace centre.pcapng\n  oxisim smsc --esmes ESMES.txt --route +15550199999=backup --route 2000=quiz\n\nESMES.txt has an ESME a line: its system_id, a space, its password."
)]
pub struct Args {
    /// Where phones connect.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:2776")]
    phones: String,
    /// Where ESMEs bind, by SMPP 3.4 or 5.0.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:2775")]
    smpp: String,
    /// Who may bind: a file with a `system_id` and its password a line. Without it the ESME `oxisim` may, with the password
    /// `oxisim`, from this machine.
    #[arg(long, value_name = "FILE")]
    esmes: Option<PathBuf>,
    /// Let ESMEs speak TLS, with this certificate and those that stand for it, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The certificate's private key, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Numbers that begin so are this ESME's; may be given several times, and the longest fits. Without it +15550199999,
    /// where the card of this program sends to, is the first ESME's.
    #[arg(long = "route", value_name = "NUMBER=SYSTEM_ID", value_parser = route)]
    routes: Vec<Route>,
    /// The centre's own number.
    #[arg(long, default_value = "+15550100000")]
    number: Address,
    /// How long a message is kept if its sender does not say.
    #[arg(long, value_name = "TIME", default_value = "2d", value_parser = span::duration)]
    validity: Duration,
    /// How long after a failure the centre tries again; each time it waits twice as long, at most 15 minutes.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = span::duration)]
    retry: Duration,
    /// Keep messages in this file until they are delivered, so that they survive the end of the centre. Without it they are
    /// lost.
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// Messages without an answer that an ESME gets at once.
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u16).range(1..))]
    window: u16,
    /// Messages that may wait for one receiver; more are refused.
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..))]
    queue: u32,
    /// Share of messages that are lost after the centre has taken them.
    #[arg(long, value_name = "P", default_value = "0", value_parser = share, help_heading = "What goes wrong on purpose")]
    loss: f64,
    /// Share of messages that come twice.
    #[arg(long, value_name = "P", default_value = "0", value_parser = share, help_heading = "What goes wrong on purpose")]
    duplicates: f64,
    /// How long the centre keeps every message before it tries to deliver it; between two times, messages overtake each
    /// other.
    #[arg(long, value_name = "TIME or FROM..TO", default_value = "0s", value_parser = delay, help_heading = "What goes wrong on purpose")]
    delay: (Duration, Duration),
    /// What decides by chance: the same seed decides the same of the same messages.
    #[arg(long, value_name = "N", default_value = "1", help_heading = "What goes wrong on purpose")]
    seed: u64,
    #[command(flatten)]
    trace: TraceArgs,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut config = args.config()?;
    let recorder = args.trace.open(Clock::Real, wall_clock())?;
    config.watch = recorder.clone().map(of_centre);
    let (smpp, phones) = (args.smpp.clone(), args.phones.clone());
    let begin = wall_clock();
    let number = args.number.clone();
    let tell = move |news| {
        let line = match news {
            News::Listens { phones, smpp, kept } => {
                let kept = if kept == 0 {
                    String::new()
                } else {
                    format!(", {} from before", count(kept, "message"))
                };
                format!("SMS centre {number}: phones connect to {phones}, ESMEs to {smpp}{kept}")
            }
            News::Happened(event) => event.to_string(),
        };
        let elapsed = wall_clock().since(begin).as_secs_f64();
        // Who has stopped reading does not want to know.
        let _ = writeln!(io::stdout(), "{elapsed:>8.3}s  {line}");
    };
    let done = oxisim_smsc::run(config, tell)
        .map_err(|error| Failure::NotDone(format!("an SMS centre at {phones} and {smpp}: {error}")));
    finish(recorder.as_ref(), done)
}

impl Args {
    fn config(&self) -> Result<Config, Failure> {
        let esmes = match &self.esmes {
            Some(path) => read(path)?,
            None if is_loopback(&self.smpp) => {
                vec![Esme { system_id: USUAL.0.into(), password: USUAL.1.into() }]
            }
            None => {
                let reason = "--smpp: others than this machine can reach it; say with --esmes who may bind";
                return Err(Failure::Usage(reason.into()));
            }
        };
        let mut routes = self.routes.clone();
        for route in &routes {
            if !esmes.iter().any(|esme| esme.system_id == route.system_id) {
                let reason = format!("--route: there is no ESME {:?} that may bind", route.system_id);
                return Err(Failure::Usage(reason));
            }
        }
        if let (true, Some(first)) = (routes.is_empty(), esmes.first()) {
            let prefix = SERVER.parse().map_err(|error| Failure::Usage(format!("{SERVER}: {error}")))?;
            routes.push(Route { prefix, system_id: first.system_id.clone() });
        }
        if !is_loopback(&self.phones) {
            log::warn!("--phones: whoever reaches {} can be any phone", self.phones);
        }
        let chance = Chance { loss: self.loss, duplicates: self.duplicates, delay: self.delay };
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let settings = Settings {
            routes,
            validity: self.validity,
            retry: self.retry,
            window: self.window.into(),
            limit_each: self.queue as usize,
            chance,
            // A centre that has been restarted gives no identity twice, if it gave less than a million a second.
            first: since.as_secs() << 20,
            ..Settings::new(self.number.clone())
        };
        Ok(Config {
            settings,
            seed: self.seed,
            phones: self.phones.clone(),
            phone_limit: 10_000,
            smpp: self.smpp.clone(),
            tls: self.tls()?,
            esmes,
            store: self.store.clone(),
            watch: None,
        })
    }

    fn tls(&self) -> Result<Option<TlsServer>, Failure> {
        let (Some(certificate), Some(key)) = (&self.tls_certificate, &self.tls_key) else { return Ok(None) };
        let octets =
            |path: &Path| file::octets(path).map_err(|error| Failure::Read { path: path.into(), error });
        let (certificates, key) = (octets(certificate)?, octets(key)?);
        let tls = TlsServer::new(Identity { certificates: &certificates, key: &key }, None);
        tls.map(Some).map_err(|error| Failure::Usage(format!("--tls-certificate, --tls-key: {error}")))
    }
}

/// Whether only this machine reaches an address.
fn is_loopback(address: &str) -> bool {
    let mut addresses = address.to_socket_addrs().into_iter().flatten().peekable();
    addresses.peek().is_some() && addresses.all(|address: SocketAddr| address.ip().is_loopback())
}

/// Who may bind, a line each; empty lines and those that begin with `#` say nothing.
fn read(path: &Path) -> Result<Vec<Esme>, Failure> {
    let text = file::text(path).map_err(|error| Failure::Read { path: path.into(), error })?;
    let mut esmes = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |reason| Failure::Usage(format!("{}, line {}: {reason}", path.display(), at + 1));
        let (system_id, password) =
            line.split_once(char::is_whitespace).ok_or_else(|| wrong("a system_id and a password"))?;
        let password = password.trim();
        // The fields' lengths in SMPP 5.0 §4.1.1.1.
        if system_id.len() > 15 || password.len() > 8 {
            return Err(wrong("a system_id has at most 15 characters, a password at most 8"));
        }
        esmes.push(Esme { system_id: system_id.into(), password: password.into() });
    }
    Ok(esmes)
}

fn route(text: &str) -> Result<Route, String> {
    text.parse().map_err(|error| format!("{text:?}: write +15550199999=SYSTEM_ID: {error}"))
}

fn delay(text: &str) -> Result<(Duration, Duration), String> {
    if text.contains("..") { span::range(text) } else { span::duration(text).map(|delay| (delay, delay)) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_says_who_may_bind_and_where_it_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ESMES.txt");
        fs::write(&path, "# ours\n\nbackup secret\nquiz\tword\n").unwrap();
        let names: Vec<_> =
            read(&path).unwrap().into_iter().map(|esme| (esme.system_id, esme.password)).collect();
        assert_eq!(names, [("backup", "secret"), ("quiz", "word")].map(|(a, b)| (a.into(), b.into())));
        for wrong in ["backup\n", "backup much-too-long\n"] {
            fs::write(&path, format!("quiz word\n{wrong}")).unwrap();
            assert!(read(&path).unwrap_err().to_string().contains("line 2"), "{wrong}");
        }
    }

    #[test]
    fn a_delay_is_one_time_or_between_two() {
        let seconds = Duration::from_secs;
        assert_eq!(delay("4s"), Ok((seconds(4), seconds(4))));
        assert_eq!(delay("2s..8s"), Ok((seconds(2), seconds(8))));
        assert!(delay("8s..2s").is_err() && delay("soon").is_err());
    }

    #[test]
    fn only_loopback_needs_no_names() {
        assert!(is_loopback("127.0.0.1:2775") && is_loopback("[::1]:2775"));
        assert!(!is_loopback("0.0.0.0:2775") && !is_loopback("nowhere"));
    }
}
