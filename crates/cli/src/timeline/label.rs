//! Texts that leave each other room.

/// Least distance of two texts of a row.
const GAP: i32 = 4;

/// Size of a text in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Font {
    /// Height of the em square.
    pub size: i32,
    /// Bold.
    pub is_bold: bool,
}

impl Font {
    /// Regular.
    pub const fn regular(size: i32) -> Self {
        Self { size, is_bold: false }
    }

    /// Bold.
    pub const fn bold(size: i32) -> Self {
        Self { size, is_bold: true }
    }

    /// How wide a text is at most: no sans-serif font in common use is wider than `DejaVu Sans`.
    pub fn width(self, text: &str) -> i32 {
        let thousandths: i32 = text.chars().map(advance).sum();
        let bold = if self.is_bold { 1_100 } else { 1_000 };
        (i64::from(thousandths) * i64::from(self.size) * bold / 1_000_000) as i32 + 1
    }
}

/// Width of a character in thousandths of an em.
const fn advance(character: char) -> i32 {
    match character {
        'i' | 'j' | 'l' | '\'' | '|' => 280,
        ' ' | ',' | '.' | ':' | ';' | '!' | '-' | '(' | ')' | '[' | ']' | 'f' | 't' | 'r' | 'I' | '/' => 400,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 990,
        'A'..='Z' => 780,
        '0'..='9' | 'a'..='z' => 640,
        '\u{2e80}'.. => 1_000,
        _ => 800,
    }
}

/// A text in a row of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where it begins.
    pub left: i32,
    /// Where it ends.
    pub right: i32,
    /// What it says.
    pub text: String,
    /// Those that matter more stay when there is no room for all.
    pub matters: bool,
}

impl Label {
    /// A text around `centre`, moved as far as it must be to stay between `bounds`.
    pub fn around(centre: i32, text: impl Into<String>, font: Font, bounds: (i32, i32)) -> Self {
        let text = text.into();
        let width = font.width(&text);
        let left = (centre - width / 2).min(bounds.1 - width).max(bounds.0);
        Self { left, right: left + width, text, matters: false }
    }

    /// The same, which stays.
    pub fn that_matters(self, matters: bool) -> Self {
        Self { matters, ..self }
    }

    /// Where its middle is.
    pub const fn centre(&self) -> i32 {
        i32::midpoint(self.left, self.right)
    }

    const fn is_clear_of(&self, other: &Self) -> bool {
        self.left >= other.right + GAP || other.left >= self.right + GAP
    }
}

/// Whether no two texts come too close to each other.
pub fn fits(row: &[Label]) -> bool {
    let mut sorted: Vec<&Label> = row.iter().collect();
    sorted.sort_by_key(|label| label.left);
    sorted.windows(2).all(|pair| matches!(pair, [one, next] if one.is_clear_of(next)))
}

/// The first row that fits; else what is left of the last when texts without room are dropped.
pub fn first_that_fits(rows: impl IntoIterator<Item = Vec<Label>>) -> Vec<Label> {
    let mut last = Vec::new();
    for row in rows {
        if fits(&row) {
            return row;
        }
        last = row;
    }
    thin(last)
}

/// Adds those `others` for which `row` has room.
pub fn fill(mut row: Vec<Label>, others: Vec<Label>) -> Vec<Label> {
    for other in others {
        if row.iter().all(|label| label.is_clear_of(&other)) {
            row.push(other);
        }
    }
    row.sort_by_key(|label| label.left);
    row
}

/// Drops texts without room: those that matter stay, then those that stand further left.
pub fn thin(mut row: Vec<Label>) -> Vec<Label> {
    row.sort_by_key(|label| (!label.matters, label.left));
    let mut kept: Vec<Label> = Vec::new();
    for label in row {
        if kept.iter().all(|other| label.is_clear_of(other)) {
            kept.push(label);
        }
    }
    kept.sort_by_key(|label| label.left);
    kept
}
