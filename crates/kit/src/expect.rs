//! What a scenario expects. What has come out of the phone is expected in its order, kind by kind.

use std::fmt::Debug;

use oxisim_terminal::{Screen, User};

use crate::{
    Bench, Sms,
    bench::Log,
    transcript::{of_screen, texts},
};

impl Bench {
    /// The next text that the phone has shown is this one. The user has read it then, and clears it if it is still there.
    #[track_caller]
    pub fn expect_text(&mut self, text: &str) {
        let next = self.heard.texts.next().cloned();
        if next.as_deref() != Some(text) {
            let screen = of_screen(self.screen());
            let found = next
                .map_or_else(|| format!("nothing was; it shows {screen}"), |next| format!("{next:?} was"));
            self.fail(format_args!("the text {text:?} to be shown"), found);
        }
        if matches!(self.screen(), Screen::Text { text: shown, .. } if shown == text) {
            self.user(&User::Clear);
        }
    }

    /// The next message that the card has sent is this one.
    #[track_caller]
    pub fn expect_sms(&mut self, to: &str, text: &str) {
        let expected = Sms { to: to.into(), text: text.into() };
        let next = self.heard.messages.next().cloned();
        self.expect_next("a message", "sent", &expected, next);
    }

    /// The next call that the card has set up is to this number.
    #[track_caller]
    pub fn expect_call(&mut self, number: &str) {
        let next = self.heard.calls.next().cloned();
        self.expect_next("a call", "set up", &number.to_string(), next);
    }

    /// The next USSD string that went to the network is this one.
    #[track_caller]
    pub fn expect_ussd(&mut self, text: &str) {
        let next = self.heard.ussd.next().cloned();
        self.expect_next("USSD", "sent", &text.to_string(), next);
    }

    /// The card's menu has these entries.
    #[track_caller]
    pub fn expect_menu(&mut self, entries: &[&str]) {
        let found = self.phone.menu().map(texts).unwrap_or_default();
        if found != entries {
            self.fail(format_args!("the card's menu to be {entries:?}"), format_args!("it is {found:?}"));
        }
    }

    /// The phone asks the user to choose from these items (SELECT ITEM).
    #[track_caller]
    pub fn expect_items(&mut self, title: &str, items: &[&str]) {
        match self.screen() {
            Screen::Select { menu, .. } if menu.title == title && texts(menu) == items => {}
            screen => self.fail(
                format_args!("the choice {title:?} of {items:?}"),
                format_args!("the phone shows {}", of_screen(screen)),
            ),
        }
    }

    /// The phone asks the user this (GET INPUT, GET INKEY, or whether it may do something).
    #[track_caller]
    pub fn expect_question(&mut self, question: &str) {
        match self.screen() {
            Screen::Input { prompt, .. }
            | Screen::Inkey { prompt, .. }
            | Screen::Confirm { text: prompt }
                if prompt == question => {}
            screen => self.fail(
                format_args!("the question {question:?}"),
                format_args!("the phone shows {}", of_screen(screen)),
            ),
        }
    }

    /// Nothing has come out of the phone that was not expected, and nobody is asked anything.
    #[track_caller]
    pub fn expect_nothing(&mut self) {
        fn rest<T: Debug>(kind: &str, log: &Log<T>) -> Option<String> {
            let rest = log.unexpected();
            (!rest.is_empty()).then(|| format!("{kind} {rest:?}"))
        }
        let heard = &self.heard;
        let found = rest("shown:", &heard.texts)
            .or_else(|| rest("sent:", &heard.messages))
            .or_else(|| rest("called:", &heard.calls))
            .or_else(|| rest("sent by USSD:", &heard.ussd));
        let is_quiet = matches!(
            self.screen(),
            Screen::Off | Screen::Idle { .. } | Screen::Own | Screen::Menu(_) | Screen::Text { .. }
        );
        if let Some(found) = found {
            self.fail("nothing more", found);
        }
        if !is_quiet {
            self.fail("nothing more", format_args!("the phone shows {}", of_screen(self.screen())));
        }
    }

    #[track_caller]
    fn expect_next<T: Debug + PartialEq>(&self, kind: &str, done: &str, expected: &T, next: Option<T>) {
        match next {
            Some(next) if next == *expected => {}
            Some(next) => {
                self.fail(format_args!("{kind}, {expected:?}, to be {done}"), format_args!("{next:?} was"));
            }
            None => self.fail(format_args!("{kind}, {expected:?}, to be {done}"), "nothing was"),
        }
    }
}
