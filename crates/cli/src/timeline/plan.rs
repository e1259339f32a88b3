//! Where the things of one lane go.

use crate::timeline::{
    label::{Font, Label, fill, first_that_fits, thin},
    scale::Scale,
    story::{Answer, Carries, Sent, Story, Wake},
};

/// Texts along a bar.
pub const LABEL_FONT: Font = Font::regular(10);

/// Least width of a bar.
const BAR_PIXELS: i32 = 2;
/// Least distance of two arrows, and of two with heads.
const ARROW_PIXELS: i32 = 3;
const HEAD_PIXELS: i32 = 7;
/// A burst of fewer messages is not numbered by every fifth or tenth of them.
const LONG_BURST: usize = 10;
/// More runs of blocks than these are told as a number of blocks.
const MOST_RUNS: usize = 2;

/// A lane in pixels; rows from top to bottom.
#[derive(Debug, Default)]
pub struct Plan {
    /// What the messages to the server carry.
    pub sent_labels: Vec<Label>,
    /// The messages to the server.
    pub sent: Arrows,
    /// From the request to the end.
    pub free: (i32, i32),
    /// When the phone was busy.
    pub busy: Vec<(i32, i32)>,
    /// What woke the card.
    pub wakes: Vec<(i32, Wake)>,
    /// The messages of the server.
    pub answers: Arrows,
    /// What those say.
    pub answer_labels: Vec<Label>,
    /// Attempts to call that got through, then those that did not.
    pub calls: Vec<(i32, bool)>,
    /// The backup goes on beyond the right end.
    pub goes_on: bool,
}

/// Messages in one direction.
#[derive(Debug, Default)]
pub struct Arrows {
    /// Those that arrived.
    pub arrived: Vec<i32>,
    /// Those that did not.
    pub lost: Vec<i32>,
    /// Arrows are far enough apart for heads.
    pub with_heads: bool,
}

impl Plan {
    /// The lane of `story` on `scale`.
    pub fn of(story: &Story, scale: &Scale) -> Self {
        let bar = |from, to| {
            let left = scale.x(from).min(scale.right - BAR_PIXELS);
            (left, scale.x(to).max(left + BAR_PIXELS))
        };
        let shown = |at: &_| scale.shows(*at);
        let sent: Vec<(i32, &Sent)> = story
            .sent
            .iter()
            .filter(|sent| scale.shows(sent.at + sent.takes))
            .map(|sent| (i32::midpoint(scale.x(sent.at), scale.x(sent.at + sent.takes)), sent))
            .collect();
        let answers: Vec<(i32, &Answer)> = story
            .answers
            .iter()
            .filter(|answer| shown(&answer.at))
            .map(|answer| (scale.x(answer.at), answer))
            .collect();
        let mut calls: Vec<(i32, bool)> = story
            .calls
            .iter()
            .filter(|call| shown(&call.at))
            .map(|call| (scale.x(call.at), call.is_blocked))
            .collect();
        calls.sort_by_key(|(_, is_blocked)| *is_blocked);
        let wakes = story.wakes.iter().filter(|(at, _)| shown(at));
        Self {
            sent_labels: sent_labels(&sent, story, scale),
            sent: Arrows::of(sent.iter().map(|(x, sent)| (*x, sent.is_lost))),
            free: bar(oxisim_wire::Duration::ZERO, story.last()),
            busy: story
                .busy
                .iter()
                .filter(|(from, _)| shown(from))
                .map(|(from, to)| bar(*from, *to))
                .collect(),
            wakes: wakes.map(|(at, wake)| (scale.x(*at), *wake)).collect(),
            answers: Arrows::of(answers.iter().map(|(x, answer)| (*x, answer.is_lost))),
            answer_labels: answer_labels(&answers, scale),
            calls,
            goes_on: !scale.shows(story.last()),
        }
    }
}

impl Arrows {
    fn of(messages: impl Iterator<Item = (i32, bool)>) -> Self {
        let (lost, arrived): (Vec<_>, Vec<_>) = messages.partition(|(_, is_lost)| *is_lost);
        let mut arrows = Self { lost: xs(&lost), with_heads: true, ..Self::default() };
        for x in xs(&arrived) {
            match arrows.arrived.last().map(|before| x - before) {
                Some(gap) if gap < ARROW_PIXELS => arrows.with_heads = false,
                Some(gap) => {
                    arrows.with_heads &= gap >= HEAD_PIXELS;
                    arrows.arrived.push(x);
                }
                None => arrows.arrived.push(x),
            }
        }
        arrows
    }
}

fn xs(messages: &[(i32, bool)]) -> Vec<i32> {
    let mut xs: Vec<i32> = messages.iter().map(|(x, _)| *x).collect();
    xs.sort_unstable();
    xs
}

/// Each burst says as much about its messages as it has room for.
fn sent_labels(sent: &[(i32, &Sent)], story: &Story, scale: &Scale) -> Vec<Label> {
    let burst_of = |sent: &Sent| story.busy.iter().rposition(|(from, _)| *from <= sent.at);
    let bursts = sent.chunk_by(|(_, one), (_, next)| burst_of(one) == burst_of(next));
    thin(bursts.flat_map(|burst| burst_labels(burst, scale)).collect())
}

/// Every message; every fifth or tenth block of a long burst; the burst as a whole.
fn burst_labels(burst: &[(i32, &Sent)], scale: &Scale) -> Vec<Label> {
    let bounds = (scale.left, scale.right);
    let every = |n: u16| {
        let named = burst.iter().enumerate().filter(move |(i, (_, sent))| match sent.carries {
            Carries::Blocks(first, _) => *i == 0 || first % n == 0,
            _ => true,
        });
        named
            .map(|(_, (x, sent))| Label::around(*x, sent.carries.to_string(), LABEL_FONT, bounds))
            .filter(|label| !label.text.is_empty())
            .collect::<Vec<_>>()
    };
    let (Some((first, _)), Some((last, _))) = (burst.first(), burst.last()) else { return Vec::new() };
    let whole = Label::around(i32::midpoint(*first, *last), runs(burst), LABEL_FONT, bounds);
    let sparse: &[u16] = if burst.len() >= LONG_BURST { &[5, 10, 20] } else { &[] };
    let rows = [1].iter().chain(sparse).map(|n| every(*n));
    let whole = Some(whole).filter(|whole| !whole.text.is_empty());
    first_that_fits(rows.chain([whole.into_iter().collect()]))
}

/// The blocks of a burst, in the order in which they were sent.
fn runs(burst: &[(i32, &Sent)]) -> String {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    let mut count = 0;
    for (_, sent) in burst {
        if let Carries::Blocks(first, last) = sent.carries {
            count += last - first + 1;
            match runs.last_mut() {
                Some((_, end)) if end.checked_add(1) == Some(first) => *end = last,
                _ => runs.push((first, last)),
            }
        }
    }
    if runs.len() > MOST_RUNS {
        return format!("{count} blocks");
    }
    let texts: Vec<_> = runs.iter().map(|(first, last)| Carries::Blocks(*first, *last).to_string()).collect();
    texts.join(", ")
}

impl std::fmt::Display for Carries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Blocks(first, last) if first == last => write!(f, "{first}"),
            Self::Blocks(first, last) => write!(f, "{first}-{last}"),
            Self::Query => write!(f, "query"),
            Self::Other => Ok(()),
        }
    }
}

/// The messages of the server in as many words as there is room for.
fn answer_labels(answers: &[(i32, &Answer)], scale: &Scale) -> Vec<Label> {
    let row = |terseness: usize| -> Vec<Label> {
        let labels = answers.iter().filter_map(|(x, answer)| {
            let words = answer.words.get(terseness).or(answer.words.last())?;
            let font = Font { is_bold: answer.is_ok, ..LABEL_FONT };
            let bounds = (scale.left, scale.right);
            Some(Label::around(*x, words, font, bounds).that_matters(answer.is_ok))
        });
        labels.collect()
    };
    let verbose = thin(row(0));
    let is_crowded = verbose.len() * 3 < row(0).len() * 2;
    if is_crowded { thin(row(1)) } else { fill(verbose, row(1)) }
}
