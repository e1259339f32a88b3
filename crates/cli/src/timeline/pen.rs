//! Draws shapes with plotters.

use std::io;

use plotters::{
    coord::Shift,
    drawing::DrawingAreaErrorKind,
    prelude::{
        Circle, Color, DrawingArea, FontStyle, IntoDrawingArea, IntoTextStyle, PathElement, Polygon,
        RGBColor, Rectangle, SVGBackend, TextStyle, WHITE,
    },
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::timeline::label::Font;

/// Colours that colour-blind people can tell apart (after Okabe and Ito).
pub mod ink {
    use plotters::prelude::RGBColor;

    pub const TEXT: RGBColor = RGBColor(0x1F, 0x29, 0x33);
    pub const FAINT_TEXT: RGBColor = RGBColor(0x5B, 0x67, 0x70);
    pub const GRID: RGBColor = RGBColor(0xE3, 0xE7, 0xEB);
    pub const ENLARGED: RGBColor = RGBColor(0xF1, 0xF5, 0xF9);
    pub const FREE: RGBColor = RGBColor(0xCF, 0xD8, 0xDF);
    pub const BUSY: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
    pub const SENT: RGBColor = RGBColor(0x1F, 0x29, 0x33);
    pub const ANSWER: RGBColor = RGBColor(0x00, 0x72, 0xB2);
    pub const WAKE: RGBColor = RGBColor(0x7B, 0x32, 0x94);
    pub const THROUGH: RGBColor = RGBColor(0x00, 0x9E, 0x73);
    pub const LOST: RGBColor = RGBColor(0xC2, 0x00, 0x1B);
}

/// plotters draws a text this much smaller than the size it is given.
const PLOTTERS_FONT_RATIO: f64 = 1.24;

/// The picture could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("picture could not be drawn: {0}")]
pub struct DrawError(#[from] DrawingAreaErrorKind<io::Error>);

type Drawn = Result<(), DrawError>;

/// Draws on a white page.
pub struct Pen<'a>(DrawingArea<SVGBackend<'a>, Shift>);

impl<'a> Pen<'a> {
    /// A page, whose text goes to `svg`.
    pub fn new(svg: &'a mut String, width: i32, height: i32) -> Result<Self, DrawError> {
        let area =
            SVGBackend::with_string(svg, (width.unsigned_abs(), height.unsigned_abs())).into_drawing_area();
        area.fill(&WHITE)?;
        Ok(Self(area))
    }

    /// The page is complete.
    pub fn finish(&self) -> Drawn {
        Ok(self.0.present()?)
    }

    /// A text; `at` is at its side `anchor`, halfway up.
    pub fn text(&self, text: &str, font: Font, ink: RGBColor, anchor: HPos, at: (i32, i32)) -> Drawn {
        let style = if font.is_bold { FontStyle::Bold } else { FontStyle::Normal };
        let size = f64::from(font.size) * PLOTTERS_FONT_RATIO;
        let style: TextStyle = ("sans-serif", size, style).with_color(ink).into_text_style(&self.0);
        Ok(self.0.draw_text(text, &style.pos(Pos::new(anchor, VPos::Center)), at)?)
    }

    /// A filled rectangle.
    pub fn bar(&self, (left, right): (i32, i32), (top, bottom): (i32, i32), ink: RGBColor) -> Drawn {
        Ok(self.0.draw(&Rectangle::new([(left, top), (right, bottom)], ink.filled()))?)
    }

    /// A filled polygon.
    pub fn area(&self, corners: &[(i32, i32)], ink: RGBColor) -> Drawn {
        Ok(self.0.draw(&Polygon::new(corners, ink))?)
    }

    /// A line.
    pub fn line(&self, from: (i32, i32), to: (i32, i32), ink: RGBColor, width: u32) -> Drawn {
        Ok(self.0.draw(&PathElement::new([from, to], ink.stroke_width(width)))?)
    }

    /// An arrow upwards from `foot` to `tip`, or a line where there is no room for its head.
    pub fn arrow(&self, x: i32, (foot, tip): (i32, i32), with_head: bool, ink: RGBColor) -> Drawn {
        if !with_head {
            return self.line((x, foot), (x, tip), ink, 1);
        }
        self.line((x, foot), (x, tip + 3), ink, 1)?;
        self.area(&[(x - 3, tip + 4), (x + 3, tip + 4), (x, tip)], ink)
    }

    /// A cross.
    pub fn cross(&self, (x, y): (i32, i32), ink: RGBColor) -> Drawn {
        self.line((x - 4, y - 4), (x + 4, y + 4), ink, 2)?;
        self.line((x - 4, y + 4), (x + 4, y - 4), ink, 2)
    }

    /// A disc.
    pub fn disc(&self, at: (i32, i32), ink: RGBColor) -> Drawn {
        Ok(self.0.draw(&Circle::new(at, 3, ink.filled()))?)
    }

    /// A ring.
    pub fn ring(&self, at: (i32, i32), ink: RGBColor) -> Drawn {
        Ok(self.0.draw(&Circle::new(at, 3, ink))?)
    }

    /// A diamond.
    pub fn diamond(&self, (x, y): (i32, i32), ink: RGBColor) -> Drawn {
        self.area(&[(x - 4, y), (x, y - 4), (x + 4, y), (x, y + 4)], ink)
    }

    /// A square.
    pub fn square(&self, (x, y): (i32, i32), ink: RGBColor) -> Drawn {
        self.bar((x - 3, x + 3), (y - 3, y + 3), ink)
    }
}
