//! `oxisim ota unwrap`.

use std::io::{self, Write};

use oxisim_sms::packet::{
    Counter, CounterMode, Keys, Kic, Kid, Protection, Refusal, ResponseStatus, SealedCommand, SealedResponse,
    SecurityParameters, Suite, Tar,
    script::{Command, CompactResponse, Outcome, Script, ScriptResponse},
};
use serde_json::{Map, Value, json};

use super::{
    given,
    given::KeyArgs,
    input::{self, Found},
    reading::{self, Sealed},
    words,
};
use crate::failure::Failure;

/// Open a secured packet, and say what is in it, or why it does not open and what would open it.
///
/// A packet from its length on, user data with its header, a TPDU, an ENVELOPE or its data, a SEND SHORT MESSAGE, a page
/// of cell broadcast; several are the parts of one packet.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A command packet says itself how it is secured. A response does not: --spi, --kic and --kid say
what its command said.

Exit status: 0 it opens, 1 it does not, 2 the words are wrong.

Examples:
  oxisim ota unwrap --key-kic @kic.hex --key-kid @kid.hex --counter 6 \\
    00281506192222B00011E87CCEEBB2D93083011CE294F93FC4D8DE80DA1ABAE8C37CA3E72EC4432E5058
  oxisim ota unwrap --spi 0619 --kic 22 --kid 22 --key-kic @kic.hex --key-kid @kid.hex \\
    027100002412B00011EBC6B497E2CAD7AEDF36ACE0E3A29B38853F0FE9CCDE81913BE5702B73ABCE1F
  oxisim ota unwrap --json - < parts.txt")]
pub struct Args {
    /// The octets, hexadecimal; several are the parts. Without any, or with -, lines of standard input.
    #[arg(value_name = "PACKET")]
    parts: Vec<String>,
    /// The packet is a response, where nothing around it says so.
    #[arg(long)]
    response: bool,
    /// SPI of the command: how a response is secured; or what a command packet has to say.
    #[arg(long, value_parser = given::spi)]
    spi: Option<SecurityParameters>,
    /// `KIc` of the command, likewise.
    #[arg(long, value_parser = given::kic)]
    kic: Option<Kic>,
    /// `KID` of the command, likewise.
    #[arg(long, value_parser = given::kid)]
    kid: Option<Kid>,
    /// The TAR that the packet has to have.
    #[arg(long, value_parser = given::tar)]
    tar: Option<Tar>,
    /// The last counter that was accepted: that of a command is judged by its SPI. Decimal, or 0x and hexadecimal.
    #[arg(long, value_parser = given::counter)]
    counter: Option<Counter>,
    /// Print JSON: data, verdict, header in words, and why it does not open.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    keys: KeyArgs,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let keys = args.keys.keys()?;
    let lines = input::lines(&args.parts)?;
    if lines.is_empty() {
        return Err(Failure::Usage("there are no octets".into()));
    }
    let found = input::packet(&lines, args.response);
    let report = found.and_then(|found| Report::of(args, &found, &keys));
    let out = &mut io::stdout().lock();
    let report = match report {
        Ok(report) => report,
        Err(reason) => {
            if args.json {
                writeln!(out, "{}", json!({ "verdict": "no packet", "reasons": [reason] }))?;
            }
            return Err(Failure::NotDone(reason));
        }
    };
    if args.json {
        writeln!(out, "{}", report.json(&keys))?;
    } else {
        report.print(&keys, out)?;
    }
    match report.refused {
        None => Ok(()),
        Some(refused) => Err(Failure::NotDone(refused.line())),
    }
}

/// What was found out of a packet.
struct Report {
    carrier: &'static str,
    is_response: bool,
    spi: SecurityParameters,
    protection: Protection,
    tar: Tar,
    counter: Option<Counter>,
    status: Option<ResponseStatus>,
    /// Nothing if it does not open.
    data: Option<Vec<u8>>,
    refused: Option<Refused>,
}

/// Why it does not open.
struct Refused {
    status: ResponseStatus,
    reasons: Vec<String>,
    others: Vec<String>,
}

impl Refused {
    fn line(&self) -> String {
        format!("the packet does not open: {}", self.reasons.join("; "))
    }
}

impl Report {
    fn of(args: &Args, found: &Found, keys: &Keys) -> Result<Self, String> {
        if found.is_response {
            Self::of_response(args, found, keys)
        } else {
            Self::of_command(args, found, keys)
        }
    }

    fn of_command(args: &Args, found: &Found, keys: &Keys) -> Result<Self, String> {
        let sealed = SealedCommand::decode(found.form, &found.packet).map_err(|error| error.to_string())?;
        let SealedCommand { security: spi, kic, kid, tar, .. } = sealed;
        let (protection, opened) = (sealed.protection(), sealed.open(keys));
        let differs = [
            differs("SPI", &spi.0, args.spi.map(|spi| spi.0)),
            differs("KIc", &[kic.0], args.kic.map(|kic| [kic.0])),
            differs("KID", &[kid.0], args.kid.map(|kid| [kid.0])),
            differs("TAR", &tar.0, args.tar.map(|tar| tar.0)),
        ];
        let mut report = Self {
            carrier: found.carrier,
            is_response: false,
            spi,
            protection,
            tar,
            counter: None,
            status: None,
            data: None,
            refused: None,
        };
        match opened {
            Ok(packet) => {
                report.counter = Some(packet.counter);
                report.refused =
                    args.counter.and_then(|last| judged(spi.counter_mode(), packet.counter, last));
                report.data = Some(packet.data);
            }
            Err(refusal) => report.refuse(&Sealed::Command(sealed), keys, refusal),
        }
        report.expect(differs);
        Ok(report)
    }

    fn of_response(args: &Args, found: &Found, keys: &Keys) -> Result<Self, String> {
        let sealed = SealedResponse::decode(found.form, &found.packet).map_err(|error| error.to_string())?;
        let spi = args.spi.unwrap_or(SecurityParameters([0, 0]));
        let protection = spi.response(args.kic.unwrap_or_default(), args.kid.unwrap_or_default());
        let tar = sealed.tar;
        let mut report = Self {
            carrier: found.carrier,
            is_response: true,
            spi,
            protection,
            tar,
            counter: None,
            status: None,
            data: None,
            refused: None,
        };
        match sealed.open(protection, keys) {
            Ok(packet) => {
                report.counter = Some(packet.counter);
                report.status = Some(packet.status);
                report.data = Some(packet.data);
            }
            Err(refusal) => report.refuse(&Sealed::Response(sealed.clone()), keys, refusal),
        }
        // A receiver to whom the command has not proved who sent it answers without security.
        if let Some(refused) = &mut report.refused
            && sealed.check_octets() == 0
            && let Ok(packet) = sealed.open_unsecured()
            && let Some(status) = packet.status.name()
        {
            if packet.status == ResponseStatus::POR_OK {
                refused.others.push(format!("it opens as a response without security, with status {status}"));
            } else {
                let reason = format!("it says {status} without security, so anybody can have sent it");
                refused.reasons = vec![reason];
                report.status = Some(packet.status);
            }
        }
        if args.spi.is_none()
            && let Some(refused) = &mut report.refused
        {
            refused.reasons.push("--spi, --kic and --kid of its command say how it is secured".into());
        }
        report.expect([differs("TAR", &tar.0, args.tar.map(|tar| tar.0))]);
        Ok(report)
    }

    fn refuse(&mut self, sealed: &Sealed, keys: &Keys, refusal: Refusal) {
        let suite = Suite::of(self.protection, keys.agreement);
        let reasons = match suite {
            Ok(suite) => reading::reasons(sealed, suite, keys, refusal),
            Err(refusal) => vec![reading::no_suite(refusal)],
        };
        let others = reading::others(sealed, suite.unwrap_or(Suite::NONE), keys);
        self.refused = Some(Refused { status: refusal.status(), reasons, others });
    }

    /// What does not stand in the header that should is a reason, too.
    fn expect(&mut self, differs: impl IntoIterator<Item = Option<String>>) {
        for reason in differs.into_iter().flatten() {
            let status = ResponseStatus::UNIDENTIFIED_SECURITY_ERROR;
            let refused =
                self.refused.get_or_insert(Refused { status, reasons: Vec::new(), others: Vec::new() });
            refused.reasons.push(reason);
        }
    }

    fn print(&self, keys: &Keys, out: &mut impl Write) -> io::Result<()> {
        let kind = if self.is_response { "response packet" } else { "command packet" };
        let said = if self.is_response { ", secured as its command asked for" } else { "" };
        writeln!(out, "{kind} ({}){said}", self.carrier)?;
        let mut line = |name: &str, value: &str| writeln!(out, "  {name:<8}{value}");
        line("SPI", &format!("{}  {}", hex::encode_upper(self.spi.0), words::security(self.spi)))?;
        line("KIc", &format!("{:02X}  {}", self.protection.kic.0, words::kic(self.protection, keys)))?;
        line("KID", &format!("{:02X}  {}", self.protection.kid.0, words::kid(self.protection, keys)))?;
        line("TAR", &hex::encode_upper(self.tar.0))?;
        if let Some(counter) = self.counter {
            line("CNTR", &format!("{:010X}", counter.value()))?;
        }
        if let Some(status) = self.status {
            line("status", &format!("{:02X}  {}", status.0, status.name().unwrap_or("reserved")))?;
        }
        if let Some(data) = &self.data {
            line("data", &if data.is_empty() { "(empty)".into() } else { hex::encode_upper(data) })?;
            if let Some((name, value)) = content(data, self.is_response) {
                line(name, &value)?;
            }
        }
        if let Some(refused) = &self.refused {
            if self.status.is_none() {
                let name = refused.status.name().unwrap_or("reserved");
                line("status", &format!("{:02X}  {name}", refused.status.0))?;
            }
            for reason in &refused.reasons {
                line("because", reason)?;
            }
            for other in &refused.others {
                line("but", other)?;
            }
        }
        Ok(())
    }

    fn json(&self, keys: &Keys) -> Value {
        let mut object = Map::new();
        let mut insert = |name: &str, value: Value| object.insert(name.into(), value);
        insert("verdict", json!(if self.refused.is_none() { "opened" } else { "refused" }));
        insert("kind", json!(if self.is_response { "response" } else { "command" }));
        insert("carrier", json!(self.carrier));
        insert("spi", words::security_json(self.spi));
        let field = |octet: u8, meaning| json!({ "octet": format!("{octet:02X}"), "meaning": meaning });
        insert("kic", field(self.protection.kic.0, words::kic(self.protection, keys)));
        insert("kid", field(self.protection.kid.0, words::kid(self.protection, keys)));
        insert("tar", json!(hex::encode_upper(self.tar.0)));
        if let Some(counter) = self.counter {
            insert("counter", json!(counter.value()));
        }
        if let Some(status) = self.status {
            insert("status", field(status.0, status.name().unwrap_or("reserved").into()));
        }
        if let Some(data) = &self.data {
            insert("data", json!(hex::encode_upper(data)));
            if let Some((name, value)) = content(data, self.is_response) {
                insert(name, json!(value));
            }
        }
        if let Some(refused) = &self.refused {
            insert("refusal", field(refused.status.0, refused.status.name().unwrap_or("reserved").into()));
            insert("reasons", json!(refused.reasons));
            insert("would_open", json!(refused.others));
        }
        Value::Object(object)
    }
}

fn differs(name: &str, found: &[u8], expected: Option<impl AsRef<[u8]>>) -> Option<String> {
    let expected = expected.filter(|expected| expected.as_ref() != found)?;
    let (found, expected) = (hex::encode_upper(found), hex::encode_upper(expected));
    Some(format!("{name} of the packet is {found}, not {expected}"))
}

/// What the receiver says whose last counter is given.
fn judged(mode: CounterMode, counter: Counter, last: Counter) -> Option<Refused> {
    let refusal = mode.judge(counter, last).err()?;
    let reason = format!("{refusal}: it is {}, the last one was {}", counter.value(), last.value());
    Some(Refused { status: refusal.status(), reasons: vec![reason], others: Vec::new() })
}

/// Data of remote management in words, if it looks like such.
fn content(data: &[u8], is_response: bool) -> Option<(&'static str, String)> {
    if !is_response {
        let script = Script::decode(data).ok().filter(|script| script.fault.is_none())?;
        let commands = script.commands.iter().map(|command| match command {
            Command::Apdu(apdu) => hex::encode_upper(apdu),
            Command::ImmediateAction(action) => format!("immediate action {}", hex::encode_upper(action)),
            Command::ErrorAction(action) => format!("error action {}", hex::encode_upper(action)),
            Command::ScriptChaining(chaining) => format!("script chaining {}", hex::encode_upper(chaining)),
        });
        return Some(("script", commands.collect::<Vec<_>>().join(", ")));
    }
    if let Ok(response) = ScriptResponse::decode(data) {
        let outcomes = response.outcomes.iter().map(|outcome| match outcome {
            Outcome::Apdu { data, status } => {
                format!("{} {}", hex::encode_upper(data), hex::encode_upper(status)).trim_start().to_owned()
            }
            Outcome::ImmediateAction(answer) => format!("immediate action {}", hex::encode_upper(answer)),
            Outcome::ScriptChaining(answer) => format!("script chaining {}", hex::encode_upper(answer)),
            Outcome::BadFormat(reason) => format!("bad format {reason:?}"),
        });
        return Some((
            "script",
            format!("{} executed: {}", response.executed, outcomes.collect::<Vec<_>>().join(", ")),
        ));
    }
    let CompactResponse { executed, status, data } = CompactResponse::decode(data).ok()?;
    let (status, data) = (hex::encode_upper(status), hex::encode_upper(data));
    Some(("compact", format!("{executed} executed, the last one answers {data} {status}").replace("  ", " ")))
}
