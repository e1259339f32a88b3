//! Options that `backup` and `compare` share: how a backup is made, and in what world.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use oxisim_backup::{
    Choice, Coding, Mode, NoMode, Policy, Settings, Spacing, Way, Window,
    compact::{Table, Tables},
};
use oxisim_wire::Duration;
use oxisim_world::{Bearer, User};

use crate::{coding, span};

/// What the user answers to the card's question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum AnswerName {
    /// In subsets.
    Async,
    /// All at once.
    Normal,
    /// No backup.
    Refuse,
    /// Nothing; the question times out.
    None,
}

/// How a backup is made.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "The backup")]
pub struct Backup {
    /// The way that `auto` and `ask` take when it is not the normal one.
    #[arg(long = "async", value_name = "WAY", default_value = "timer", value_parser = asynchronous_ways())]
    pub asynchronous: Way,
    /// Blocks that are sent before a pause.
    #[arg(long, value_name = "BLOCKS", default_value = "3", value_parser = clap::value_parser!(u16).range(1..))]
    pub subset: u16,
    /// The pause after a subset.
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = span::duration)]
    pub pause: Duration,
    /// Spread the whole backup over this time; the pause follows from it.
    #[arg(long, value_name = "TIME", value_parser = span::duration)]
    pub spread: Option<Duration>,
    /// `auto`: the longest time that a normal backup may keep the phone busy.
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = span::duration)]
    pub threshold: Duration,
    /// `auto`: the most octets that go the normal way.
    #[arg(long, value_name = "OCTETS")]
    pub volume_threshold: Option<u32>,
    /// How blocks are coded: `plain`, `compact` (a table for all countries), a shipped table's number or name (such as
    /// `de`), or the file of one of your own.
    #[arg(long, default_value = "compact", value_parser = coding::coding)]
    pub coding: Coding,
    /// A further coding table that the server knows, such as that of a card's own coding; may be given several times.
    #[arg(long, value_name = "FILE", value_parser = coding::loaded)]
    pub table: Vec<Table>,
    /// Most contacts of one block; a message has room for three or four if they are plain, for about eight if they are compact.
    #[arg(long, value_name = "N", default_value = "255", value_parser = clap::value_parser!(u16).range(1..))]
    pub contacts_per_block: u16,
    /// `server`: the card's messages tell the server how long to wait, instead of the server's own setting.
    #[arg(long)]
    pub card_delay: bool,
    /// `server`: the server waits a random time between these two.
    #[arg(long, value_name = "FROM..TO", value_parser = span::range, conflicts_with = "hours")]
    pub random_pause: Option<(Duration, Duration)>,
    /// `server`: the server asks only within these hours (UTC); may be given several times.
    #[arg(long, value_name = "HH:MM-HH:MM", value_parser = span::window)]
    pub hours: Vec<Window>,
}

/// The world around it.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "The world")]
pub struct World {
    /// What decides by chance: the same seed gives the same run.
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
    /// Share of messages that the network loses, each way.
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    pub loss: f64,
    /// Share of messages that arrive twice.
    #[arg(long, value_name = "P", default_value = "0", value_parser = share)]
    pub duplicates: f64,
    /// The poll intervals that the phone grants.
    #[arg(long, value_name = "FROM..TO", value_parser = span::range)]
    pub grant: Option<(Duration, Duration)>,
    /// Secure nothing: the messages between card and server are neither ciphered nor signed. For experiments.
    #[arg(long)]
    pub insecure: bool,
    /// Mean time between two attempts of the user to call somebody; 0s: none.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = span::duration)]
    pub calls_every: Duration,
}

/// `0.05` or `5%`.
pub fn share(text: &str) -> Result<f64, String> {
    let wrong = || format!("{text:?} is no share: write 0.05 or 5%");
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map_err(|_| wrong())? / 100.0,
        None => text.parse().map_err(|_| wrong())?,
    };
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err(wrong()) }
}

/// The names of modes.
pub fn modes() -> impl TypedValueParser<Value = Mode> {
    named(|_| true).try_map(|name| name.parse())
}

/// The names of asynchronous ways.
pub fn asynchronous_ways() -> impl TypedValueParser<Value = Way> {
    let way =
        |mode| if let Mode::Fixed(way) = mode { Some(way).filter(|way| *way != Way::NORMAL) } else { None };
    named(move |mode| way(mode).is_some())
        .try_map(move |name| Ok::<_, NoMode>(way(name.parse()?).unwrap_or(Way::TIMER)))
}

fn named(is_meant: impl Fn(Mode) -> bool) -> PossibleValuesParser {
    let meant = Mode::NAMED.into_iter().filter(|(mode, ..)| is_meant(*mode));
    PossibleValuesParser::new(meant.map(|(_, name, words)| PossibleValue::new(name).help(words)))
}

impl Backup {
    /// The uploader's settings.
    pub fn settings(&self, mode: Mode, interval: Option<Duration>) -> Settings {
        Settings {
            mode,
            asynchronous: self.asynchronous,
            subset: self.subset,
            pause: self.pause,
            spread: self.spread,
            // Only the card knows how many pauses a spread is divided into.
            instruct_delay: self.card_delay || self.spread.is_some(),
            threshold: self.threshold,
            volume_threshold: self.volume_threshold,
            contacts_per_block: usize::from(self.contacts_per_block),
            coding: self.coding.clone(),
            interval,
            ..Settings::default()
        }
    }

    /// The server's policy.
    pub fn policy(&self) -> Policy {
        let spacing = match self.random_pause {
            Some((least, most)) => Spacing::Random(least, most),
            None if self.hours.is_empty() => Spacing::Regular(self.pause),
            None => Spacing::Timetable(self.hours.clone(), self.pause),
        };
        let mut tables = Tables::default();
        let own = if let Coding::Compact(table) = &self.coding { Some(table) } else { None };
        self.table.iter().chain(own).for_each(|table| tables.add(table.clone()));
        Policy { spacing, tables, ..Policy::default() }
    }
}

impl World {
    /// How messages travel.
    pub fn bearer(&self) -> Bearer {
        Bearer { loss: self.loss, duplicates: self.duplicates, ..Bearer::default() }
    }

    /// How the user behaves.
    pub fn user(&self, answer: AnswerName) -> User {
        let answer = match answer {
            AnswerName::Async => Choice::Asynchronous,
            AnswerName::Normal => Choice::Normal,
            AnswerName::Refuse => Choice::Refused,
            AnswerName::None => Choice::NoAnswer,
        };
        User { answer, calls_every: self.calls_every, ..User::default() }
    }
}
