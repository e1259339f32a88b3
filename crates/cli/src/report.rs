//! What happened, for people.

use std::io::{self, Write};

use oxisim_backup::{
    FromServer, ToServer,
    message::{Extent, Source},
    security::RekeyResult,
};
use oxisim_wire::{Duration, Instant};
use oxisim_world::{Record, Summary, What};
use serde_json::json;

/// Lines of the timeline that are shown of a long run, at its start and at its end.
const SHOWN: (usize, usize) = (14, 8);

/// Prints what happened, line by line; `all` or only the beginning and the end.
pub fn timeline(record: &Record, all: bool, out: &mut impl Write) -> io::Result<()> {
    let lines = lines(record);
    let (first, last) = SHOWN;
    let hidden = if all { 0 } else { lines.len().saturating_sub(first + last + 1) };
    for (number, line) in lines.iter().enumerate() {
        if hidden > 0 && number == first {
            writeln!(out, "           … {hidden} more lines; --all shows them")?;
        }
        if hidden == 0 || number < first || number >= first + hidden {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// The time since the user's request, minutes and seconds with tenths.
fn clock(at: Instant, zero: Instant) -> String {
    let tenths = at.since(zero).as_millis() / 100;
    let (minutes, seconds) = (tenths / 600, tenths / 10 % 60);
    if minutes >= 60 {
        format!("{:>3}:{:02}:{seconds:02}.{}", minutes / 60, minutes % 60, tenths % 10)
    } else {
        format!("{minutes:>6}:{seconds:02}.{}", tenths % 10)
    }
}

/// A burst of blocks, told in one line.
struct Burst {
    since: Instant,
    first: u16,
    last: u16,
    total: u16,
    /// When its last message has gone.
    until: Instant,
    /// How long it keeps the phone busy; none if the server sends it.
    busy: Option<Duration>,
}

/// Blocks that follow each other within this time are one burst.
const SAME_BURST: Duration = Duration::from_secs(10);

/// A block on its way: number, total, and how long it keeps the phone busy, unless the server sends it.
fn block(what: &What) -> Option<(u16, u16, Option<Duration>)> {
    match what {
        What::Sending { message: Some(ToServer::Blocks(blocks)), takes, .. } => {
            Some((blocks.first, blocks.total, Some(*takes)))
        }
        What::Answered(Some(FromServer::Restore { number, total, .. })) => Some((*number, *total, None)),
        _ => None,
    }
}

/// The server orders the card or the phone to do something.
fn is_order(what: &What) -> bool {
    matches!(
        what,
        What::Answered(Some(FromServer::Configure { .. } | FromServer::Start { .. } | FromServer::Rekey(_)))
    )
}

fn lines(record: &Record) -> Vec<String> {
    let zero = record
        .find(|what| {
            (matches!(what, What::Requested { .. } | What::Began { .. }) || is_order(what)).then_some(())
        })
        .or_else(|| record.find(|_| Some(())))
        .map_or(Instant::EPOCH, |(at, ())| at);
    let mut lines = Vec::new();
    let mut burst: Option<Burst> = None;
    let asked = record.find(|what| matches!(what, What::Requested { .. }).then_some(()));
    let began = record.find(|what| matches!(what, What::Began { .. }).then_some(()));
    let ordered = record.find(|what| is_order(what).then_some(()));
    if let (None, Some((began, ())), Some((ready, ()))) =
        (asked.or(ordered), began, record.find(|_| Some(())))
    {
        let waited = began.since(ready);
        lines.push(format!(
            "{}  card starts a backup by itself, {waited} after the phone was ready",
            clock(zero, zero)
        ));
    }
    for happening in &record.happenings {
        if happening.at < zero {
            continue;
        }
        if let Some((number, total, busy)) = block(&happening.what) {
            let until = happening.at + busy.unwrap_or_default();
            match &mut burst {
                Some(burst) if burst.goes_on_with(number, total, busy, happening.at) => {
                    burst.last = number;
                    burst.until = until;
                    burst.busy = burst.busy.zip(busy).map(|(sum, takes)| sum + takes);
                }
                _ => {
                    lines.extend(burst.take().map(|burst| burst.line(zero)));
                    burst =
                        Some(Burst { since: happening.at, first: number, last: number, total, until, busy });
                }
            }
            continue;
        }
        let Some(text) = describe(&happening.what) else { continue };
        lines.extend(burst.take().map(|burst| burst.line(zero)));
        lines.push(format!("{}  {text}", clock(happening.at, zero)));
    }
    lines.extend(burst.map(|burst| burst.line(zero)));
    lines
}

impl Burst {
    fn goes_on_with(&self, number: u16, total: u16, busy: Option<Duration>, at: Instant) -> bool {
        self.last + 1 == number
            && self.total == total
            && self.busy.is_some() == busy.is_some()
            && at.since(self.until) <= SAME_BURST
    }

    fn line(&self, zero: Instant) -> String {
        let Self { since, first, last, total, busy, .. } = self;
        let blocks = if first == last { format!("block {first}") } else { format!("blocks {first}-{last}") };
        let told = match busy {
            Some(busy) => format!("{blocks} of {total} sent, phone busy {busy}"),
            None => format!("server sends {blocks} of {total} to restore"),
        };
        format!("{}  {told}", clock(*since, zero))
    }
}

/// A happening other than a block in words; none if it is too small for the timeline.
fn describe(what: &What) -> Option<String> {
    Some(match what {
        What::PhoneReady { menu } if menu.is_empty() => "phone ready, no toolkit menu".into(),
        What::PhoneReady { menu } => format!("phone ready, menu: {}", menu.join(", ")),
        What::Requested { source } => format!("user asks for a backup ({})", source_name(source.0)),
        What::Prompt { lines } => format!("card asks: {}", lines.join(" | ")),
        What::Chose { text } => format!("user chooses: {text}"),
        What::Text(text) => format!("phone shows: {text}"),
        What::Sending { message: Some(ToServer::Query { backup, .. }), .. } => {
            format!("{} asks the server what is missing", uploader(backup.source))
        }
        What::Sending { message: Some(ToServer::Restored { missing, .. }), .. } if missing.is_empty() => {
            "card has all of the copy".into()
        }
        What::Sending { message: Some(ToServer::Restored { missing, .. }), .. } => {
            format!("card says that blocks {missing} are missing")
        }
        What::Sending { message: Some(ToServer::Configured { number, refused: None, .. }), .. } => {
            format!("card has taken configuration {number}")
        }
        What::Sending {
            message: Some(ToServer::Configured { number, refused: Some(field), .. }), ..
        } => {
            format!("card refuses configuration {number}: {field:?}")
        }
        What::Sending { message: Some(ToServer::Started { source, result, .. }), .. } => {
            format!("{} answers the order to start: {result:?}", uploader(*source))
        }
        What::Sending { message: Some(ToServer::Abandoned { backup, reason }), .. } => {
            format!(
                "{} says that it gave backup {} up: {reason:?}",
                uploader(backup.source),
                backup.generation
            )
        }
        What::Sending { message: Some(ToServer::Unspoken(unspoken)), .. } => {
            format!("{} does not understand {:02X}", uploader(unspoken.source), unspoken.octet)
        }
        What::Answered(Some(FromServer::Configure { number, .. })) => {
            format!("server: configuration {number}")
        }
        What::Answered(Some(FromServer::Start { start, .. })) => {
            format!(
                "server: start a backup ({})",
                if start.extent == Extent::WHOLE { "whole" } else { "difference" }
            )
        }
        What::Sending {
            message: Some(ToServer::Rekeyed { result: RekeyResult::DONE, version, .. }), ..
        } => {
            format!("card has version {version} of its keys")
        }
        What::Sending { message: Some(ToServer::Rekeyed { result, version, .. }), .. } => {
            format!("card keeps version {version} of its keys: {result:?}")
        }
        What::Answered(Some(FromServer::Rekey(rekey))) => {
            format!("server: keys of version {}", rekey.version)
        }
        What::Answered(Some(FromServer::Unspoken(unspoken))) => {
            format!("server does not understand {:02X}", unspoken.octet)
        }
        What::NotSent => "the phone cannot send".into(),
        What::Sending { message: None, .. } => "another message sent".into(),
        What::Answered(Some(FromServer::Missing { blocks, .. })) => format!("server: missing {blocks}"),
        What::Answered(Some(FromServer::Planned { wait, .. })) => {
            format!("server: will ask in {}", wait.duration())
        }
        What::Answered(Some(FromServer::Ok { .. })) => "server: OK".into(),
        What::Answered(Some(FromServer::Refused { reason, .. })) => format!("server refuses: {reason:?}"),
        What::Delivered(Some(FromServer::Ok { backup, .. })) => {
            format!("{} has the OK", uploader(backup.source))
        }
        What::Lost { to_server: true } => "a message to the server is lost".into(),
        What::Lost { to_server: false } => "a message to the card is lost".into(),
        What::Astray { to } => format!("that message is for {to}, not for the server"),
        What::TimerStarted { timer, runs } => format!("card sets timer {timer} in the phone: {runs}"),
        What::TimerExpired { timer } => format!("timer {timer} expires and wakes the card"),
        What::PollInterval { asked, granted: Some(granted) } if asked == granted => {
            format!("card asks for STATUS every {asked}, phone grants it")
        }
        What::PollInterval { asked, granted: Some(granted) } => {
            format!("card asks for STATUS every {asked}, phone grants {granted}")
        }
        What::PollInterval { asked, granted: None } => format!("card asks for STATUS every {asked}"),
        What::Answered(_)
        | What::Delivered(_)
        | What::Received(_)
        | What::Sending { .. }
        | What::Busy(_)
        | What::Call { .. }
        | What::Began { .. }
        | What::Ended { .. } => return None,
    })
}

/// Who makes the backup of a phonebook.
fn uploader(source: Source) -> &'static str {
    if source == Source::CARD { "card" } else { "phone" }
}

fn source_name(source: u8) -> &'static str {
    if source == 0 { "SIM" } else { "phone" }
}

/// `n thing` or `n things`.
pub fn count(n: usize, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{n} {thing}s") }
}

/// `part` of `whole` as a percentage.
pub fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "-".into();
    }
    let permille = (part * 1_000 + whole / 2) / whole;
    format!("{}.{} %", permille / 10, permille % 10)
}

/// A run's figures as JSON.
pub fn figures(summary: &Summary) -> serde_json::Value {
    json!({
        "blocks": summary.blocks,
        "messages": summary.messages,
        "answers": summary.answers,
        "lost": summary.lost,
        "subsets": summary.subsets,
        "resumes": summary.resumes,
        "elapsed_s": seconds(summary.elapsed),
        "busy": { "longest_s": seconds(summary.longest_busy), "total_s": seconds(summary.total_busy) },
        "calls": { "attempted": summary.calls, "blocked": summary.blocked },
    })
}

/// Seconds, to the millisecond.
pub fn seconds(span: Duration) -> f64 {
    (span.as_secs_f64() * 1e3).round() / 1e3
}
