//! What is expected of a proactive command, and whether it is so.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};

use oxisim_toolkit::{
    CommandType,
    objects::{Item, alpha_text},
};

use crate::{
    parse::commands,
    session::Seen,
    syntax::{Clause, ClauseKind, Expect, What},
    value::quoted,
};

impl What {
    /// Whether a proactive command is what is expected.
    pub(crate) fn is(self, seen: &Seen) -> bool {
        match self {
            Self::Command(kind) => seen.kind() == Some(kind),
            Self::Sms => seen.kind() == Some(CommandType::SEND_SHORT_MESSAGE),
            Self::Nothing => false,
        }
    }

    /// What is expected, in words.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Command(kind) => kind.text(),
            Self::Sms => "a message",
            Self::Nothing => "no proactive command",
        }
    }
}

impl Expect {
    /// What is expected, in words.
    pub(crate) fn in_words(&self) -> String {
        let clauses = self.clauses.iter().map(|clause| format!(" {}", clause.in_words()));
        clauses.fold(self.what.in_words().to_owned(), |text, clause| text + &clause)
    }
}

impl Clause {
    /// What is expected, in words.
    pub(crate) fn in_words(&self) -> String {
        let text = &self.text;
        match self.kind {
            ClauseKind::Text => format!("{text:?}"),
            ClauseKind::Containing => format!("containing {text:?}"),
            ClauseKind::Item => format!("item {text:?}"),
            ClauseKind::To => format!("to {text:?}"),
        }
    }

    /// What would be so in its place, as a script has it.
    pub(crate) fn instead(&self, seen: &Seen, text: Option<&str>) -> Option<String> {
        match self.kind {
            ClauseKind::Text | ClauseKind::Containing => text.map(quoted),
            ClauseKind::To => seen.number().as_deref().map(quoted),
            // Which of them was meant nobody knows.
            ClauseKind::Item => None,
        }
    }

    /// Whether it is so, and what is the case.
    pub(crate) fn compare(&self, seen: &Seen, text: Option<&str>) -> (bool, String) {
        let shown =
            |text: Option<&str>| text.map_or_else(|| "no text".to_owned(), |text| format!("{text:?}"));
        match self.kind {
            ClauseKind::Text => (text == Some(&self.text), shown(text)),
            ClauseKind::Containing => (text.is_some_and(|text| text.contains(&self.text)), shown(text)),
            ClauseKind::Item => {
                (seen.items().iter().any(|item| alpha_text(&item.text) == self.text), listed(seen.items()))
            }
            ClauseKind::To => {
                let number = seen.number();
                (number.as_deref() == Some(&self.text), shown(number.as_deref()))
            }
        }
    }
}

impl Seen {
    /// What it is, as `expect` has it.
    pub(crate) fn in_script(&self) -> Option<String> {
        if let Some(message) = self.message() {
            let (text, number) = (message.user_data.text(), message.destination.to_string());
            return Some(format!("sms {} to {}", quoted(&text), quoted(&number)));
        }
        let kind = self.kind()?;
        let (word, _) = commands().find(|(_, command)| *command == kind)?;
        Some(match self.text() {
            Some(text) => format!("{word} {}", quoted(&text)),
            None => word,
        })
    }
}

/// The items of a menu, in one line.
pub(crate) fn listed(items: &[Item]) -> String {
    if items.is_empty() {
        return "no items".into();
    }
    let items: Vec<String> = items.iter().map(|item| format!("{:?}", alpha_text(&item.text))).collect();
    items.join(", ")
}
