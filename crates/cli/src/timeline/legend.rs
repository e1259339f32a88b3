//! What the signs mean.

use plotters::style::text_anchor::HPos;

use crate::timeline::{
    label::Font,
    pen::{DrawError, Pen, ink},
    story::{Story, Wake},
};

const FONT: Font = Font::regular(12);
const SIGN_WIDTH: i32 = 26;
const BETWEEN: i32 = 22;

/// Height of one line.
pub const LINE_HEIGHT: i32 = 20;

/// A sign of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Bar of a busy phone.
    Busy,
    /// Bar of a phone that is free.
    Free,
    /// Arrow of a message to the server.
    Sent,
    /// Arrow of a message of the server.
    Answer,
    /// Cross of a lost message.
    Lost,
    /// What woke the card.
    Wake(Wake),
    /// Disc of a call that found the phone busy.
    Blocked,
    /// Ring of a call that got through.
    Through,
}

impl Sign {
    /// The signs that the stories need.
    pub fn of(stories: &[Story]) -> Vec<Self> {
        let any = |has: &dyn Fn(&Story) -> bool| stories.iter().any(has);
        let wakes = |wake: Wake| any(&|story| story.wakes.iter().any(|(_, other)| *other == wake));
        let calls = |blocked: bool| any(&|story| story.calls.iter().any(|call| call.is_blocked == blocked));
        let is_lost = any(&|story| {
            story.sent.iter().any(|sent| sent.is_lost) || story.answers.iter().any(|answer| answer.is_lost)
        });
        [
            (Self::Busy, any(&|story| !story.busy.is_empty())),
            (Self::Free, true),
            (Self::Blocked, calls(true)),
            (Self::Through, calls(false)),
            (Self::Sent, any(&|story| !story.sent.is_empty())),
            (Self::Answer, any(&|story| !story.answers.is_empty())),
            (Self::Wake(Wake::Timer), wakes(Wake::Timer)),
            (Self::Wake(Wake::Status), wakes(Wake::Status)),
            (Self::Lost, is_lost),
        ]
        .into_iter()
        .filter_map(|(sign, is_needed)| is_needed.then_some(sign))
        .collect()
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::Busy => "phone busy",
            Self::Free => "phone free, backup under way",
            Self::Sent => "message to the server (block number)",
            Self::Answer => "message from the server",
            Self::Lost => "message lost",
            Self::Wake(Wake::Timer) => "timer expired",
            Self::Wake(Wake::Status) => "resumed at a STATUS",
            Self::Blocked => "call attempt, phone busy",
            Self::Through => "call attempt, got through",
        }
    }

    fn draw(self, pen: &Pen<'_>, (left, y): (i32, i32)) -> Result<(), DrawError> {
        let middle = left + SIGN_WIDTH / 2 - 3;
        let bar = (left, left + SIGN_WIDTH - 6);
        match self {
            Self::Busy => pen.bar(bar, (y - 5, y + 5), ink::BUSY),
            Self::Free => pen.bar(bar, (y - 5, y + 5), ink::FREE),
            Self::Sent => pen.arrow(middle, (y + 5, y - 5), true, ink::SENT),
            Self::Answer => pen.arrow(middle, (y + 5, y - 5), true, ink::ANSWER),
            Self::Lost => pen.cross((middle, y), ink::LOST),
            Self::Wake(wake) => wake_sign(pen, wake, (middle, y)),
            Self::Blocked => pen.disc((middle, y), ink::BUSY),
            Self::Through => pen.ring((middle, y), ink::THROUGH),
        }
    }
}

/// The sign of what woke the card.
pub fn wake_sign(pen: &Pen<'_>, wake: Wake, at: (i32, i32)) -> Result<(), DrawError> {
    match wake {
        Wake::Timer => pen.diamond(at, ink::WAKE),
        Wake::Status => pen.square(at, ink::WAKE),
    }
}

/// The signs with the place of each, in lines of `bounds`; the places count from the first line.
pub fn arrange(signs: &[Sign], bounds: (i32, i32)) -> Vec<(Sign, (i32, i32))> {
    let (mut left, mut line) = (bounds.0, 0);
    let mut places = Vec::new();
    for sign in signs {
        let width = SIGN_WIDTH + FONT.width(sign.meaning());
        if left + width > bounds.1 && left > bounds.0 {
            (left, line) = (bounds.0, line + 1);
        }
        places.push((*sign, (left, line * LINE_HEIGHT)));
        left += width + BETWEEN;
    }
    places
}

/// Draws the signs, the first line at `y`.
pub fn draw(pen: &Pen<'_>, places: &[(Sign, (i32, i32))], y: i32) -> Result<(), DrawError> {
    for (sign, (left, below)) in places {
        sign.draw(pen, (*left, y + below))?;
        pen.text(sign.meaning(), FONT, ink::TEXT, HPos::Left, (left + SIGN_WIDTH, y + below))?;
    }
    Ok(())
}
