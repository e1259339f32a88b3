//! How texts look (TS 102 223 §8.72, TS 23.040 §9.2.3.24.10.1.1).

use alloc::vec::Vec;

use oxisim_wire::{Error, Reader, Show, Shown, Wire, codes};

codes! {
    /// A colour of a text (TS 23.040 §9.2.3.24.10.1.1).
    pub struct Colour(u8) {
        BLACK = 0x00, DARK_GREY = 0x01, DARK_RED = 0x02, DARK_YELLOW = 0x03, DARK_GREEN = 0x04, DARK_CYAN = 0x05,
        DARK_BLUE = 0x06, DARK_MAGENTA = 0x07, GREY = 0x08, WHITE = 0x09, BRIGHT_RED = 0x0A, BRIGHT_YELLOW = 0x0B,
        BRIGHT_GREEN = 0x0C, BRIGHT_CYAN = 0x0D, BRIGHT_BLUE = 0x0E, BRIGHT_MAGENTA = 0x0F,
    }
}

/// How a part of a text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextFormat {
    /// The first character, from 0.
    pub start: u8,
    /// How many characters; 0 for all that follow.
    pub length: u8,
    /// Alignment (bits 1 and 2), size (3 and 4), bold, italic, underlined, struck out (5 to 8).
    pub style: u8,
    /// Of the text (bits 1 to 4) and behind it (5 to 8).
    pub colour: u8,
}

impl TextFormat {
    /// The colour of the text.
    #[must_use]
    pub const fn foreground(self) -> Colour {
        Colour(self.colour & 0x0F)
    }

    /// The colour behind the text.
    #[must_use]
    pub const fn background(self) -> Colour {
        Colour(self.colour >> 4)
    }

    /// The style in words.
    fn words(self) -> Vec<&'static str> {
        const ALIGNMENTS: [&str; 4] = ["left", "centre", "right", "aligned by the language"];
        const SIZES: [&str; 4] = ["normal size", "large", "small", "reserved size"];
        const STYLES: [(u8, &str); 4] =
            [(0x10, "bold"), (0x20, "italic"), (0x40, "underlined"), (0x80, "struck out")];
        let place = |shift: u8| usize::from(self.style >> shift & 0x03);
        let mut words: Vec<&str> = Vec::new();
        words.extend(ALIGNMENTS.get(place(0)));
        words.extend(SIZES.get(place(2)));
        words.extend(STYLES.iter().filter(|(bit, _)| self.style & bit != 0).map(|(_, word)| word));
        words
    }
}

impl Wire for TextFormat {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let [start, length, style, colour] = r.array("text format")?;
        Ok(Self { start, length, style, colour })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.start, self.length, self.style, self.colour]);
    }
}

impl Show for TextFormat {
    fn show(&self) -> Shown {
        Shown::Fields(alloc::vec![
            ("start", self.start.show()),
            ("length", self.length.show()),
            ("style", Shown::List(self.words().into_iter().map(Show::show).collect())),
            ("text_colour", self.foreground().show()),
            ("background_colour", self.background().show()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// oFono's test of text attributes (`unit/test-stkutil.c`): dark blue, then dark green, both on white.
    #[test]
    fn colours_and_styles_are_named() {
        let [green, blue] = [[0x00, 0x00, 0x03, 0x94], [0x00, 0x04, 0x03, 0x96]]
            .map(|octets| TextFormat::decode(&octets, "text format").unwrap());
        assert_eq!((green.foreground(), green.background()), (Colour::DARK_GREEN, Colour::WHITE));
        assert_eq!((blue.foreground(), blue.length), (Colour::DARK_BLUE, 4));
        assert_eq!(green.words(), ["aligned by the language", "normal size"]);
        assert_eq!(TextFormat { style: 0x55, ..green }.words(), ["centre", "large", "bold", "underlined"]);
    }
}
