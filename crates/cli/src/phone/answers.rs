//! What the user of a phone answers, one question after the other.

use std::collections::VecDeque;

use oxisim_terminal::{Menu, Screen, User};

/// Answers that have not been given yet.
#[derive(Debug, Default)]
pub struct Answers {
    left: VecDeque<String>,
    /// The one that was given last, until the phone has taken it.
    given: Option<String>,
    /// Whether there is a user who reads, and clears what is read.
    reads: bool,
}

impl Answers {
    /// These, in their order.
    pub fn new(answers: &[String]) -> Self {
        Self { left: answers.iter().cloned().collect(), given: None, reads: !answers.is_empty() }
    }

    /// What the user does with what the screen shows, and the line that says so.
    pub fn to(&mut self, screen: &Screen) -> Option<(String, User)> {
        if let Screen::Text { sustained: false, .. } = screen {
            return self.reads.then(|| ("clears the text".into(), User::Clear));
        }
        let input = input(screen, self.left.front()?)?;
        let answer = self.left.pop_front()?;
        let line = format!("answers {answer:?}");
        self.given = Some(answer);
        Some((line, input))
    }

    /// The phone has answered to the card.
    pub fn taken(&mut self) {
        self.given = None;
    }

    /// Why an answer came to nothing.
    pub fn undone(&self) -> Option<String> {
        let not_taken = |answer| format!("{answer:?} is no answer to what the card asked");
        let not_given = || Some(format!("nothing was answered with {:?}", self.left.front()?));
        self.given.as_ref().map(not_taken).or_else(not_given)
    }
}

/// An answer to a question, if the screen shows one that it can be an answer to.
fn input(screen: &Screen, answer: &str) -> Option<User> {
    match (screen, answer) {
        (Screen::Select { menu, .. }, _) => item(menu, answer).map(User::Choose),
        (Screen::Input { .. }, _) => Some(User::Text(answer.into())),
        (Screen::Inkey { .. } | Screen::Confirm { .. }, "yes") => Some(User::Yes),
        (Screen::Inkey { .. } | Screen::Confirm { .. }, "no") => Some(User::No),
        (Screen::Inkey { .. }, _) => answer.chars().next().map(User::Key),
        _ => None,
    }
}

/// An item by its text, or by its number.
fn item(menu: &Menu, answer: &str) -> Option<u8> {
    let by_text = menu.items.iter().find(|item| item.text == answer);
    let by_number = || menu.items.iter().find(|item| answer.parse() == Ok(item.identifier));
    by_text.or_else(by_number).map(|item| item.identifier)
}
