//! What the service says of its work: a line for each thing, for people or for programs, and no personal data.

use std::{
    fmt::Write as _,
    io::Write as _,
    sync::{Mutex, OnceLock, PoisonError},
};

use log::{LevelFilter, Log, Metadata, Record};
use oxisim_sms::CivilTime;

use super::clock::Clock;
use crate::SubscriberId;

/// Digits in a row from which on they are taken for somebody's number, or a card's.
const NUMBER: usize = 7;

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `time=… level=… target=… message="…"`.
    #[default]
    Text,
    /// An object of JSON.
    Json,
}

/// Writes what is logged to standard error.
#[derive(Debug)]
struct Logger {
    format: Format,
    clock: Clock,
    /// The line that is being written: lines of two threads do not mix.
    line: Mutex<String>,
}

static LOGGER: OnceLock<Logger> = OnceLock::new();

/// Lets the program log this way. The first call counts; later ones change the level only.
pub fn start(format: Format, level: LevelFilter) {
    let logger = LOGGER.get_or_init(|| Logger { format, clock: Clock::wall(), line: Mutex::default() });
    // Another logger may be there already, a test's.
    let _ = log::set_logger(logger);
    log::set_max_level(level);
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("oxisim") || metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.clear();
        write_line(&mut line, self.format, self.clock.now(), record);
        // Nobody may read it: the service goes on.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

fn write_line(line: &mut String, format: Format, now: oxisim_wire::Instant, record: &Record<'_>) {
    let CivilTime { year, month, day, hour, minute, second, .. } = CivilTime::from_instant(now, 0);
    let millis = now.as_micros() / 1_000 % 1_000;
    let time = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z");
    let level = record.level().as_str().to_ascii_lowercase();
    let target = record.target();
    let message = quoted(&without_numbers(&record.args().to_string()));
    let _ = match format {
        Format::Text => writeln!(line, "time={time} level={level} target={target} message={message}"),
        Format::Json => writeln!(
            line,
            "{{\"time\":\"{time}\",\"level\":\"{level}\",\"target\":{},\"message\":{message}}}",
            quoted(target)
        ),
    };
}

/// A string of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A text in which no subscriber's or card's number is left. The server logs none; this is for lines of others, and for
/// mistakes. A subscriber's identifier, which is hexadecimal, stays.
pub(super) fn without_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let (other, after) = after.split_at(after.chars().next().map_or(0, char::len_utf8));
        rest = after;
        if word.parse::<SubscriberId>().is_ok() {
            out.push_str(word);
        } else {
            write_without_numbers(&mut out, word);
        }
        out.push_str(other);
    }
    out
}

fn write_without_numbers(out: &mut String, word: &str) {
    for part in word.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, other) = part.split_at(digits);
        out.push_str(if digits.len() < NUMBER { digits } else { "…" });
        out.push_str(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: Format, message: &str) -> String {
        let mut line = String::new();
        let at = oxisim_wire::Instant::from_micros(1_700_000_000_123_456);
        write_line(
            &mut line,
            format,
            at,
            &Record::builder()
                .level(log::Level::Warn)
                .target("oxisim_server")
                .args(format_args!("{message}"))
                .build(),
        );
        line
    }

    #[test]
    fn a_line_is_read_by_programs() {
        let json: serde_json::Value = serde_json::from_str(&line(Format::Json, "a \"b\"\nc")).unwrap();
        assert_eq!(json["message"], "a \"b\"\nc");
        assert_eq!(json["time"], "2023-11-14T22:13:20.123Z");
        let text = line(Format::Text, "a \"b\"\nc");
        assert_eq!(
            text,
            "time=2023-11-14T22:13:20.123Z level=warn target=oxisim_server message=\"a \\\"b\\\"\\nc\"\n"
        );
    }

    #[test]
    fn nobodys_number_is_logged() {
        assert_eq!(without_numbers("+15550100001: card 8900101000000000019"), "+…: card …");
        let subscriber = "subscriber 0123456789012345678901234567890f: é, 1234567x12345678";
        assert_eq!(without_numbers(subscriber), "subscriber 0123456789012345678901234567890f: é, …x…");
        assert_eq!(
            without_numbers("127.0.0.1:27750 has 123456 messages"),
            "127.0.0.1:27750 has 123456 messages"
        );
    }
}
