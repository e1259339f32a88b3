//! The card that a script is for.

use super::Parser;
use crate::{
    source::{Mistake, Span},
    syntax::{Declared, Inserted},
};

/// What may follow the card itself, each once, in this order.
const FOLLOWING: &str = "contacts, number, or control";

impl Parser<'_, '_, '_, '_> {
    /// Which card, behind the word `card`.
    pub(super) fn card(&mut self, start: Span) -> Result<(), Mistake> {
        if self.has_begun || self.context.card.is_some() || self.context.open.len() > 1 {
            let mistake =
                Mistake::new(start, "a script says at its head which card it is for, and says it once");
            return Err(mistake.help("insert changes the card later"));
        }
        let mut declared = Declared { span: start, ..Declared::default() };
        self.cursor.blank(false);
        let is_bare = self.cursor.is_line_end();
        match self.inserted()? {
            Inserted::Same => {}
            Inserted::File { path, .. } => declared.file = Some(path),
            Inserted::With(applets) => declared.applets = applets,
        }
        if self.follows("contacts") {
            declared.contacts = Some(self.string("the name of a file")?.0);
        }
        if self.follows("number") {
            declared.number = Some(self.string("the number of the subscriber")?.0);
        }
        declared.control = self.follows("control");
        self.cursor.blank(false);
        if !self.cursor.is_line_end() {
            return Err(self.cursor.unexpected(FOLLOWING));
        }
        if is_bare {
            return Err(self.cursor.unexpected("the file of a card, with, contacts, number, or control"));
        }
        declared.span = self.cursor.solid_since(start);
        self.context.card = Some(declared);
        Ok(())
    }

    /// Takes the word, if it comes next.
    fn follows(&mut self, word: &str) -> bool {
        self.cursor.blank(false);
        self.cursor.sees(word) && self.cursor.take(word)
    }
}
