//! The page: all lanes as a whole, and their first part enlarged where the whole is too long to be read.

use oxisim_wire::Duration;
use oxisim_world::Record;
use plotters::style::text_anchor::HPos;

use crate::timeline::{
    label::{Font, Label},
    legend::{self, Sign},
    pen::{DrawError, Pen, ink},
    plan::{Arrows, LABEL_FONT, Plan},
    scale::{Scale, round_down, time_text},
    story::Story,
};

const WIDTH: i32 = 1_200;
const MARGIN: i32 = 20;
const TITLE_FONT: Font = Font::bold(20);
const HEADING_FONT: Font = Font::bold(13);
const NOTE_FONT: Font = Font::regular(12);
const AXIS_FONT: Font = Font::regular(11);
/// Height of title and note.
const HEAD: i32 = 64;
const HEADING: i32 = 26;
const AXIS: i32 = 26;
const BETWEEN_PANELS: i32 = 18;
/// Columns of the names, and of the figures.
const NAME_FONTS: [Font; 4] = [Font::bold(15), Font::bold(13), Font::bold(11), Font::bold(9)];
const NAMES: (i32, i32) = (70, 220);
const FIGURES: i32 = 176;
const GUTTER: i32 = 14;

/// Rows of a lane, from its top.
const LANE: i32 = 94;
const LANE_WITHOUT_CALLS: i32 = 78;
const SENT_LABELS: i32 = 14;
const SENT_ARROWS: (i32, i32) = (31, 21);
const BAR: (i32, i32) = (33, 49);
/// How far the tip of a bar that goes on stands out.
const BEYOND: i32 = 9;
const ANSWER_ARROWS: (i32, i32) = (61, 51);
const ANSWER_LABELS: i32 = 66;
const CALLS: i32 = 79;

/// Width that a message needs so that its number has room.
const MESSAGE_PIXELS: u64 = 15;
/// Time of a message if there is none to tell.
const MESSAGE_TIME: Duration = Duration::from_millis(4_300);
/// The first part is drawn enlarged if the whole is more than this many times as long.
const LEAST_ENLARGEMENT: u64 = 4;

const NOTE: &str =
    "Time runs from the moment the user asks for the backup. While the phone is busy, no call gets through.";

/// A backup to draw.
#[derive(Clone, Copy, Debug)]
pub struct Lane<'a> {
    /// What it is called.
    pub name: &'a str,
    /// What happened.
    pub record: &'a Record,
}

/// Draws the backups as an SVG picture, one below the other, all from the user's request on.
///
/// The same records give the same picture.
pub fn draw(title: &str, lanes: &[Lane<'_>]) -> Result<String, DrawError> {
    let stories: Vec<Story> = lanes.iter().map(|lane| Story::of(lane.record)).collect();
    let names = names(lanes);
    let left = MARGIN + names.width + GUTTER;
    let whole = Panel {
        heading: None,
        scale: Scale::new(left, WIDTH - MARGIN - FIGURES - GUTTER, longest(&stories)),
        enlarged: first_part(&stories),
    };
    let enlarged = whole.enlarged.map(|span| Panel {
        heading: Some(format!("The first {}, enlarged", time_text(span))),
        scale: Scale::new(left, WIDTH - MARGIN, span),
        enlarged: None,
    });
    let panels: Vec<Panel> = [whole].into_iter().chain(enlarged).collect();
    let signs = legend::arrange(&Sign::of(&stories), (MARGIN, WIDTH - MARGIN));
    let legend_height = signs.last().map_or(0, |(_, (_, below))| below + legend::LINE_HEIGHT);
    let body: i32 = panels.iter().map(|panel| panel.height(&stories) + BETWEEN_PANELS).sum();

    let mut svg = String::new();
    let pen = Pen::new(&mut svg, WIDTH, HEAD + body + legend_height + MARGIN / 2)?;
    pen.text(title, TITLE_FONT, ink::TEXT, HPos::Left, (MARGIN, 26))?;
    pen.text(NOTE, NOTE_FONT, ink::FAINT_TEXT, HPos::Left, (MARGIN, 48))?;
    let mut top = HEAD;
    for panel in &panels {
        panel.draw(&pen, top, &names, &stories)?;
        top += panel.height(&stories) + BETWEEN_PANELS;
    }
    legend::draw(&pen, &signs, top + legend::LINE_HEIGHT / 2 - 4)?;
    pen.finish()?;
    drop(pen);
    Ok(svg)
}

/// The names, and the column that they need.
struct Names<'a> {
    texts: Vec<&'a str>,
    font: Font,
    width: i32,
}

fn names<'a>(lanes: &[Lane<'a>]) -> Names<'a> {
    let texts: Vec<&str> = lanes.iter().map(|lane| lane.name).collect();
    let width = |font: Font| texts.iter().map(|text| font.width(text)).max().unwrap_or(0);
    let [.., smallest] = NAME_FONTS;
    let font = NAME_FONTS.into_iter().find(|font| width(*font) <= NAMES.1).unwrap_or(smallest);
    let width = width(font).clamp(NAMES.0, NAMES.1);
    Names { texts, font, width }
}

fn longest(stories: &[Story]) -> Duration {
    stories.iter().map(Story::last).max().unwrap_or_default()
}

/// The part that is drawn once more, so large that each message has room; none if the whole is not much longer.
fn first_part(stories: &[Story]) -> Option<Duration> {
    let mut times: Vec<Duration> =
        stories.iter().flat_map(|story| &story.sent).map(|sent| sent.takes).collect();
    times.sort_unstable();
    let usual = times.get(times.len() / 2).copied().unwrap_or(MESSAGE_TIME);
    let messages = u64::from((WIDTH - 2 * MARGIN).unsigned_abs()) / MESSAGE_PIXELS;
    let span = round_down(usual.saturating_mul(messages));
    (span.saturating_mul(LEAST_ENLARGEMENT) < longest(stories)).then_some(span)
}

/// All lanes over one axis.
struct Panel {
    heading: Option<String>,
    scale: Scale,
    /// The part that the next panel enlarges, and for which it shows the calls.
    enlarged: Option<Duration>,
}

impl Panel {
    fn height(&self, stories: &[Story]) -> i32 {
        let heading = if self.heading.is_some() { HEADING } else { 0 };
        heading + self.lanes_height(stories) + AXIS
    }

    fn lanes_height(&self, stories: &[Story]) -> i32 {
        stories.iter().map(|_| self.lane_height()).sum()
    }

    const fn lane_height(&self) -> i32 {
        if self.enlarged.is_some() { LANE_WITHOUT_CALLS } else { LANE }
    }

    fn draw(&self, pen: &Pen<'_>, top: i32, names: &Names<'_>, stories: &[Story]) -> Result<(), DrawError> {
        let scale = &self.scale;
        let mut y = top;
        if let Some(heading) = &self.heading {
            pen.text(heading, HEADING_FONT, ink::TEXT, HPos::Left, (scale.left, y + HEADING / 2))?;
            y += HEADING;
        }
        let bottom = y + self.lanes_height(stories);
        if self.heading.is_some() {
            pen.bar((scale.left, scale.right), (y, bottom), ink::ENLARGED)?;
        }
        if let Some(span) = self.enlarged {
            let marked = scale.x(span);
            pen.bar((scale.left, marked), (y, bottom), ink::ENLARGED)?;
            let next = bottom + AXIS + BETWEEN_PANELS + HEADING;
            let right = WIDTH - MARGIN;
            pen.area(
                &[(scale.left, bottom), (marked, bottom), (right, next), (scale.left, next)],
                ink::ENLARGED,
            )?;
        }
        self.draw_axis(pen, y, bottom)?;
        for (name, story) in names.texts.iter().zip(stories) {
            let middle = y + i32::midpoint(BAR.0, BAR.1);
            pen.text(name, names.font, ink::TEXT, HPos::Left, (MARGIN, middle))?;
            let plan = Plan::of(story, scale);
            draw_lane(pen, y, &plan)?;
            if self.enlarged.is_none() {
                draw_calls(pen, y + CALLS, &plan)?;
            }
            if self.heading.is_none() {
                draw_figures(pen, y, story)?;
            }
            y += self.lane_height();
        }
        Ok(())
    }

    fn draw_axis(&self, pen: &Pen<'_>, top: i32, bottom: i32) -> Result<(), DrawError> {
        let scale = &self.scale;
        for tick in scale.ticks() {
            let x = scale.x(tick);
            pen.line((x, top), (x, bottom + 4), ink::GRID, 1)?;
            let bounds = (scale.left - GUTTER, WIDTH - MARGIN);
            let label = Label::around(x, time_text(tick), AXIS_FONT, bounds);
            pen.text(&label.text, AXIS_FONT, ink::FAINT_TEXT, HPos::Center, (label.centre(), bottom + 14))?;
        }
        pen.line((scale.left, bottom), (scale.right, bottom), ink::FAINT_TEXT, 1)
    }
}

fn draw_lane(pen: &Pen<'_>, top: i32, plan: &Plan) -> Result<(), DrawError> {
    let row = |(from, to): (i32, i32)| (top + from, top + to);
    pen.bar(plan.free, row(BAR), ink::FREE)?;
    if plan.goes_on {
        let (right, (from, to)) = (plan.free.1, row(BAR));
        pen.area(&[(right, from), (right + BEYOND, i32::midpoint(from, to)), (right, to)], ink::FREE)?;
    }
    for busy in &plan.busy {
        pen.bar(*busy, row(BAR), ink::BUSY)?;
    }
    draw_arrows(pen, &plan.sent, row(SENT_ARROWS), ink::SENT)?;
    for label in &plan.sent_labels {
        let at = (label.centre(), top + SENT_LABELS);
        pen.text(&label.text, LABEL_FONT, ink::SENT, HPos::Center, at)?;
    }
    for (x, wake) in &plan.wakes {
        legend::wake_sign(pen, *wake, (*x, top + i32::midpoint(ANSWER_ARROWS.0, ANSWER_ARROWS.1)))?;
    }
    draw_arrows(pen, &plan.answers, row(ANSWER_ARROWS), ink::ANSWER)?;
    for label in &plan.answer_labels {
        let font = if label.matters { Font { is_bold: true, ..LABEL_FONT } } else { LABEL_FONT };
        pen.text(&label.text, font, ink::ANSWER, HPos::Center, (label.centre(), top + ANSWER_LABELS))?;
    }
    Ok(())
}

fn draw_calls(pen: &Pen<'_>, y: i32, plan: &Plan) -> Result<(), DrawError> {
    for (x, is_blocked) in &plan.calls {
        if *is_blocked {
            pen.disc((*x, y), ink::BUSY)?;
        } else {
            pen.ring((*x, y), ink::THROUGH)?;
        }
    }
    Ok(())
}

fn draw_arrows(
    pen: &Pen<'_>,
    arrows: &Arrows,
    row: (i32, i32),
    ink: plotters::prelude::RGBColor,
) -> Result<(), DrawError> {
    for x in &arrows.arrived {
        pen.arrow(*x, row, arrows.with_heads, ink)?;
    }
    for x in &arrows.lost {
        pen.cross((*x, i32::midpoint(row.0, row.1)), ink::LOST)?;
    }
    Ok(())
}

fn draw_figures(pen: &Pen<'_>, top: i32, story: &Story) -> Result<(), DrawError> {
    let summary = &story.summary;
    let share = (summary.blocked * 100 + summary.calls / 2).checked_div(summary.calls);
    let rows = [
        ("elapsed", summary.elapsed.to_string()),
        ("longest busy", summary.longest_busy.to_string()),
        ("calls blocked", share.map_or("–".into(), |share| format!("{share} %"))),
    ];
    let (left, right) = (WIDTH - MARGIN - FIGURES, WIDTH - MARGIN);
    for (y, (name, value)) in (top + 21..).step_by(19).zip(rows) {
        pen.text(name, NOTE_FONT, ink::FAINT_TEXT, HPos::Left, (left, y))?;
        pen.text(&value, Font::bold(13), ink::TEXT, HPos::Right, (right, y))?;
    }
    Ok(())
}
