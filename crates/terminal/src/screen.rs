//! What the user sees.

use alloc::{string::String, vec::Vec};

use oxisim_toolkit::{
    CommandType,
    objects::{AlphaIdentifier, FileList, Item, ItemsNextAction, MultimediaIdentifier, alpha_text},
};

/// What is on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// Nothing: the phone is off, or has not started.
    #[default]
    Off,
    /// The phone's own idle screen.
    Idle {
        /// The card's text on it (SET UP IDLE MODE TEXT).
        text: Option<String>,
    },
    /// The card's menu, opened by the user.
    Menu(Menu),
    /// Something of the user's own.
    Own,
    /// A text (DISPLAY TEXT).
    Text {
        /// The text.
        text: String,
        /// Whether it has been answered already, and only stays for the user to read.
        sustained: bool,
    },
    /// A multimedia message of the card's files (DISPLAY MULTIMEDIA MESSAGE).
    Multimedia {
        /// The file.
        files: FileList,
        /// Which of the messages in it.
        identifier: MultimediaIdentifier,
        /// Whether it has been answered already, and only stays for the user to see.
        sustained: bool,
    },
    /// The user is asked whether the phone may do this.
    Confirm {
        /// The question (the alpha identifier of a command).
        text: String,
    },
    /// What the phone does just now (the alpha identifier of a command).
    Notice {
        /// The text.
        text: String,
    },
    /// One of several is to be chosen (SELECT ITEM).
    Select {
        /// The items.
        menu: Menu,
        /// The item to start with.
        default: Option<u8>,
    },
    /// A key is to be pressed (GET INKEY).
    Inkey {
        /// The question.
        prompt: String,
        /// Which keys count.
        keys: Characters,
        /// Whether there is help.
        help: bool,
    },
    /// A text is to be entered (GET INPUT).
    Input {
        /// The question.
        prompt: String,
        /// Which characters count.
        characters: Characters,
        /// Fewest and most characters.
        length: (u8, u8),
        /// The text to start with.
        default: Option<String>,
        /// Whether the text must not be seen.
        hidden: bool,
        /// Whether there is help.
        help: bool,
    },
}

/// Which characters a user may enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Characters {
    /// `0` to `9`, `*`, `#` and `+`.
    Digits,
    /// `0` to `9`, `*` and `#`: a digit that counts at once, and text that must not be seen.
    Keypad,
    /// The GSM 7-bit default alphabet.
    DefaultAlphabet,
    /// Any character of the basic plane.
    Ucs2,
    /// Yes or no.
    YesNo,
}

/// A title and items to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// The title; empty without one.
    pub title: String,
    /// The items, in the card's order.
    pub items: Vec<MenuItem>,
    /// Whether there is help for each.
    pub help: bool,
    /// Whether the card would have the items on soft keys.
    pub soft_keys: bool,
}

/// An item of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuItem {
    /// How the card names it.
    pub identifier: u8,
    /// How the user reads it.
    pub text: String,
    /// The command that will follow its choice, if the card says so.
    pub next_action: Option<CommandType>,
}

impl Screen {
    /// Whether the user uses it, so that a text of normal priority has to wait.
    pub(crate) const fn is_busy(&self) -> bool {
        matches!(self, Self::Menu(_) | Self::Own)
    }

    /// Whether it has been answered already, and only stays.
    pub(crate) const fn is_sustained(&self) -> bool {
        matches!(self, Self::Text { sustained: true, .. } | Self::Multimedia { sustained: true, .. })
    }
}

impl Menu {
    /// The menu of a command, without help and soft keys; items without identifier or text are left out, and so are indicators of next actions
    /// that are not one an item (TS 102 223 §8.24: 00 is none).
    pub(crate) fn new(
        title: Option<&AlphaIdentifier>,
        items: &[Item],
        next_actions: Option<&ItemsNextAction>,
    ) -> Self {
        let actions =
            next_actions.map(|list| &list.actions.0[..]).filter(|actions| actions.len() == items.len());
        let item = |(place, item): (usize, &Item)| {
            let identifier = item.identifier.filter(|_| !item.text.is_empty())?;
            let action = actions.and_then(|actions| actions.get(place)).copied();
            let next_action = action.filter(|action| action.0 != 0);
            Some(MenuItem { identifier, text: alpha_text(&item.text), next_action })
        };
        Self {
            title: title.map(|title| alpha_text(&title.text)).unwrap_or_default(),
            items: items.iter().enumerate().filter_map(item).collect(),
            help: false,
            soft_keys: false,
        }
    }

    /// Whether there is such an item.
    #[must_use]
    pub fn contains(&self, identifier: u8) -> bool {
        self.items.iter().any(|item| item.identifier == identifier)
    }
}
