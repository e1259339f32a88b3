//! What of a record is worth showing.

use oxisim_backup::{BlockSet, FromServer, ToServer};
use oxisim_wire::{Duration, Instant};
use oxisim_world::{Record, Summary, What, busy_stretches};

/// A burst begins within this time after what caused it.
const CAUSE_TO_BURST: Duration = Duration::from_secs(5);

/// More ranges than these are told as a number of blocks.
const MOST_RANGES: usize = 3;

/// A backup; times count from the user's request.
#[derive(Debug, Default)]
pub struct Story {
    /// When it ended.
    pub end: Duration,
    /// When the phone was busy.
    pub busy: Vec<(Duration, Duration)>,
    /// Messages of the card or the phone.
    pub sent: Vec<Sent>,
    /// Messages of the server.
    pub answers: Vec<Answer>,
    /// What else began a burst.
    pub wakes: Vec<(Duration, Wake)>,
    /// Attempts of the user to call somebody.
    pub calls: Vec<Call>,
    /// Figures.
    pub summary: Summary,
}

/// A message to the server.
#[derive(Debug)]
pub struct Sent {
    /// When its sending began.
    pub at: Duration,
    /// How long it took.
    pub takes: Duration,
    /// What it carries.
    pub carries: Carries,
    /// It never arrived.
    pub is_lost: bool,
}

/// What a message to the server carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carries {
    /// Blocks, first and last.
    Blocks(u16, u16),
    /// A question for what is missing.
    Query,
    /// Anything else.
    Other,
}

/// A message of the server.
#[derive(Debug)]
pub struct Answer {
    /// When the phone had it; when it was sent, if it never arrived.
    pub at: Duration,
    /// What it says, from verbose to terse.
    pub words: Vec<String>,
    /// It says that all is there.
    pub is_ok: bool,
    /// It never arrived.
    pub is_lost: bool,
}

/// What ends a pause, if not the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A timer of the phone expired.
    Timer,
    /// The phone's STATUS command.
    Status,
}

/// An attempt to call somebody.
#[derive(Debug)]
pub struct Call {
    /// When.
    pub at: Duration,
    /// The phone was busy.
    pub is_blocked: bool,
}

impl Story {
    /// What `record` tells.
    pub fn of(record: &Record) -> Self {
        let requested = record.find(|what| matches!(what, What::Requested { .. }).then_some(()));
        let first = record.happenings.first().map(|happening| happening.at);
        let Some(begin) = requested.map(|(at, ())| at).or(first) else { return Self::default() };

        let mut story = Self { summary: Summary::of(record), ..Self::default() };
        let mut ended = None;
        let mut polls = false;
        for happening in record.happenings.iter().filter(|happening| happening.at >= begin) {
            let at = happening.at.since(begin);
            match &happening.what {
                What::Sending { message, takes, .. } => {
                    let carries = message.as_ref().map_or(Carries::Other, carries);
                    story.sent.push(Sent { at, takes: *takes, carries, is_lost: false });
                }
                What::Lost { to_server: true } => {
                    if let Some(sent) = story.sent.last_mut() {
                        sent.is_lost = true;
                    }
                }
                What::Lost { to_server: false } => {
                    story.answers.push(Answer { at, words: Vec::new(), is_ok: false, is_lost: true });
                }
                What::Delivered(message) => story.answers.push(Answer {
                    at,
                    words: message.as_ref().map(words).unwrap_or_default(),
                    is_ok: matches!(message, Some(FromServer::Ok { .. })),
                    is_lost: false,
                }),
                What::TimerExpired { .. } => story.wakes.push((at, Wake::Timer)),
                What::PollInterval { .. } => polls = true,
                What::Call { blocked } => story.calls.push(Call { at, is_blocked: *blocked }),
                What::Ended { .. } => ended = Some(at),
                _ => {}
            }
        }
        let busy = busy_stretches(record).into_iter().filter(|(from, _)| *from >= begin);
        story.busy = busy.map(|(from, to)| (from.since(begin), to.since(begin))).collect();
        story.end = ended.unwrap_or_else(|| last(record).since(begin));
        if polls {
            story.add_status_wakes();
        }
        story
    }

    /// No happening is a STATUS: one has ended each pause that nothing else ended.
    fn add_status_wakes(&mut self) {
        for pair in self.busy.windows(2) {
            let [(_, before), (burst, _)] = pair else { continue };
            let causes = |at: Duration| at >= *before && at <= *burst && *burst <= at + CAUSE_TO_BURST;
            let is_explained = self.wakes.iter().any(|(at, _)| causes(*at))
                || self.answers.iter().any(|answer| !answer.is_lost && causes(answer.at));
            if !is_explained {
                self.wakes.push((*burst, Wake::Status));
            }
        }
        self.wakes.sort_by_key(|(at, _)| *at);
    }

    /// The last time that is to be seen.
    pub fn last(&self) -> Duration {
        let busy = self.busy.last().map_or(Duration::ZERO, |(_, to)| *to);
        self.end.max(busy)
    }
}

fn last(record: &Record) -> Instant {
    record.happenings.last().map_or(Instant::EPOCH, |happening| happening.at)
}

fn carries(message: &ToServer) -> Carries {
    match message {
        ToServer::Blocks(blocks) => {
            let more = blocks.blocks.len().saturating_sub(1) as u16;
            Carries::Blocks(blocks.first, blocks.first.saturating_add(more))
        }
        ToServer::Query { .. } => Carries::Query,
        _ => Carries::Other,
    }
}

fn words(message: &FromServer) -> Vec<String> {
    match message {
        FromServer::Missing { blocks, .. } => missing(blocks),
        FromServer::Planned { .. } => vec!["will ask".into()],
        FromServer::Ok { .. } => vec!["OK".into()],
        FromServer::Refused { .. } => vec!["refused".into()],
        FromServer::Configure { .. } => vec!["configuration".into()],
        FromServer::Start { .. } => vec!["start".into()],
        FromServer::Rekey(_) => vec!["new keys".into(), "keys".into()],
        FromServer::Unspoken(_) => vec!["not understood".into()],
        FromServer::Restore { number, .. } => vec![format!("block {number}"), number.to_string()],
    }
}

fn missing(blocks: &BlockSet) -> Vec<String> {
    if blocks.ranges().len() <= MOST_RANGES {
        vec![format!("missing {blocks}"), blocks.to_string()]
    } else {
        vec![format!("missing {} blocks", blocks.len()), format!("{} missing", blocks.len())]
    }
}
