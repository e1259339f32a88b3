//! What the user of a phone answers, one question after the other.

use std::collections::VecDeque;

use oxisim_terminal::{Menu, Screen, User};

/// Answers that have not been given yet.
#[derive(Debug, Default)]
pub struct Answers {
    left: VecDeque<String>,
    /// Whether there is a user who reads, and clears what is read.
    reads: bool,
}

impl Answers {
    /// These, in their order.
    pub fn new(answers: &[String]) -> Self {
        Self { left: answers.iter().cloned().collect(), reads: !answers.is_empty() }
    }

    /// What the user does with what the screen shows, and the line that says so.
    pub fn to(&mut self, screen: &Screen) -> Option<(String, User)> {
        if let Screen::Text { sustained: false, .. } = screen {
            return self.reads.then(|| ("clears the text".into(), User::Clear));
        }
        let input = input(screen, self.left.front()?)?;
        let answer = self.left.pop_front()?;
        Some((format!("answers {answer:?}"), input))
    }

    /// The next answer that nobody has asked for.
    pub fn left(&mut self) -> Option<String> {
        self.left.pop_front()
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
