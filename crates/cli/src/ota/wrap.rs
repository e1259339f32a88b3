//! `oxisim ota wrap`.

use std::io::{self, Write as _};

use oxisim_sms::{
    Address, CivilTime, ElementId, ProtocolIdentifier, Timestamp,
    concatenation::Reference,
    packet::{
        CommandPacket, Counter, CounterMode, Form, Keys, Kic, Kid, Protection, ResponsePacket,
        ResponseStatus, SecurityParameters, Tar, short_messages,
    },
    tpdu::{Deliver, Submit},
};
use oxisim_wire::Wire as _;
use serde_json::json;

use super::{given, given::KeyArgs, input, words};
use crate::failure::Failure;

/// Pack data into a secured packet, or several lines of data into one each, whose counter rises.
///
/// Prints the packet, or with --sms the messages that carry it, a line each.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status: 0 done, 1 the packet cannot be made, 2 the words are wrong.

Examples:
  oxisim ota wrap --tar B00010 A0A40000023F00
  oxisim ota wrap --spi 1621 --kic 12 --kid 12 --tar B00010 --counter 7 \\
    --key-kic @kic.hex --key-kid @kid.hex --sms A0A40000023F00
  oxisim ota wrap --response --status 0A --tar B00010 --counter 7 -")]
pub struct Args {
    /// The data, hexadecimal; several are packets of their own. Without any, or with -, lines of standard input.
    #[arg(value_name = "DATA")]
    data: Vec<String>,
    /// Security parameter indicator, two octets; of a response, that of its command.
    #[arg(long, value_parser = given::spi, default_value = "0000")]
    spi: SecurityParameters,
    /// Algorithm and key set for ciphering, an octet.
    #[arg(long, value_parser = given::kic, default_value = "00")]
    kic: Kic,
    /// Algorithm and key set of the check or checksum, an octet.
    #[arg(long, value_parser = given::kid, default_value = "00")]
    kid: Kid,
    /// Toolkit application reference, three octets.
    #[arg(long, value_parser = given::tar)]
    tar: Tar,
    /// The counter, decimal, or 0x and hexadecimal; zero where the SPI does not have it rise.
    #[arg(long, value_parser = given::counter)]
    counter: Option<Counter>,
    /// Make a response packet.
    #[arg(long)]
    response: bool,
    /// Status of the response, an octet.
    #[arg(long, value_parser = status, default_value = "00", requires = "response")]
    status: ResponseStatus,
    /// The packet by itself, with identifier and lengths as in BER, as over TCP.
    #[arg(long, conflicts_with = "sms")]
    tagged: bool,
    /// Print TPDUs: SMS-DELIVER of a command, SMS-SUBMIT of a response, several if the packet takes them.
    #[arg(long)]
    sms: bool,
    /// The number that an SMS-DELIVER comes from, or an SMS-SUBMIT goes to.
    #[arg(long, value_name = "NUMBER", default_value = "+10000000000", requires = "sms")]
    from: String,
    /// Print JSON, an object for each packet: the packet, its messages, its header in words.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    keys: KeyArgs,
}

fn status(text: &str) -> Result<ResponseStatus, String> {
    let octet = hex::decode(text).ok().and_then(|octets| <[u8; 1]>::try_from(octets).ok());
    octet.map(|[octet]| ResponseStatus(octet)).ok_or_else(|| "an octet, hexadecimal".into())
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let keys = args.keys.keys()?;
    let from = args.from.parse().map_err(|error| Failure::Usage(format!("--from {}: {error}", args.from)))?;
    let out = &mut io::stdout().lock();
    let mut counter = Some(args.counter()?);
    for (number, data) in input::lines(&args.data)?.into_iter().enumerate() {
        let this =
            counter.ok_or_else(|| Failure::NotDone("the counter has reached its highest value".into()))?;
        counter = this.next();
        let packet = args.packet(this, data, &keys).map_err(not_made)?;
        let messages = if args.sms {
            args.messages(&packet, number as u8, &from).map_err(not_made)?
        } else {
            Vec::new()
        };
        if args.json {
            writeln!(out, "{}", args.json(&packet, &messages, this, &keys))?;
        } else if args.sms {
            messages.iter().try_for_each(|message| writeln!(out, "{message}"))?;
        } else {
            writeln!(out, "{}", hex::encode_upper(packet))?;
        }
    }
    Ok(())
}

impl Args {
    /// The counter of the first packet. Zero is too low for every card, and so nobody's choice who does not say it.
    fn counter(&self) -> Result<Counter, Failure> {
        let rises = matches!(self.spi.counter_mode(), CounterMode::Higher | CounterMode::OneHigher);
        if rises && !self.response && self.counter.is_none() {
            let spi = hex::encode_upper(self.spi.0);
            return Err(Failure::Usage(format!("SPI {spi} has the counter rise: --counter says to what")));
        }
        Ok(self.counter.unwrap_or_default())
    }

    fn protection(&self) -> Protection {
        if self.response {
            self.spi.response(self.kic, self.kid)
        } else {
            self.spi.command(self.kic, self.kid)
        }
    }

    fn packet(&self, counter: Counter, data: Vec<u8>, keys: &Keys) -> Result<Vec<u8>, oxisim_sms::Error> {
        let form = if self.tagged { Form::Tagged } else { Form::ShortMessage };
        let Self { spi: security, kic, kid, tar, status, .. } = *self;
        if self.response {
            return ResponsePacket { tar, counter, status, data }.seal(form, self.protection(), keys);
        }
        CommandPacket { security, kic, kid, tar, counter, data }.seal(form, keys)
    }

    fn messages(&self, packet: &[u8], number: u8, other: &Address) -> Result<Vec<String>, oxisim_sms::Error> {
        let element = if self.response { ElementId::RESPONSE_PACKET } else { ElementId::COMMAND_PACKET };
        let parts = short_messages(element, packet, Reference::Short(number.wrapping_add(1)))?;
        let tpdu = |user_data| {
            if self.response {
                Submit::new(other.clone(), ProtocolIdentifier::DEFAULT, user_data).encode()
            } else {
                Deliver::new(other.clone(), ProtocolIdentifier::SIM_DATA_DOWNLOAD, sent(), user_data).encode()
            }
        };
        Ok(parts.into_iter().map(|part| hex::encode_upper(tpdu(part))).collect())
    }

    fn json(&self, packet: &[u8], messages: &[String], counter: Counter, keys: &Keys) -> serde_json::Value {
        let mut object = json!({
            "kind": if self.response { "response" } else { "command" },
            "packet": hex::encode_upper(packet),
            "spi": words::security_json(self.spi),
            "kic": { "octet": format!("{:02X}", self.kic.0), "meaning": words::kic(self.protection(), keys) },
            "kid": { "octet": format!("{:02X}", self.kid.0), "meaning": words::kid(self.protection(), keys) },
            "tar": hex::encode_upper(self.tar.0),
            "counter": counter.value(),
        });
        if self.sms {
            object["messages"] = json!(messages);
        }
        object
    }
}

/// Header and keys are words; what does not fit is data.
fn not_made(error: oxisim_sms::Error) -> Failure {
    match error {
        oxisim_sms::Error::Packet(refusal) => Failure::Usage(refusal.to_string()),
        other => Failure::NotDone(other.to_string()),
    }
}

/// The time stamp of the messages: the same in every run, so that the octets are.
fn sent() -> Timestamp {
    let (month, day) = (1, 1);
    Timestamp::new(CivilTime { year: 2026, month, day, hour: 12, minute: 0, second: 0, quarter_hours: 0 })
}
