//! Rows of forms.

use maud::{Markup, Render, html};

/// A label and what is typed under it.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub label: &'a str,
    /// What the field is called in what is sent.
    pub name: &'a str,
    pub value: Option<&'a str>,
    /// The smallest and the largest number, if it is one.
    pub range: Option<(u64, u64)>,
    /// The most characters.
    pub most: Option<usize>,
    pub placeholder: Option<&'a str>,
    /// What it is, so that a browser can fill it in.
    pub autocomplete: Option<&'a str>,
    /// A word of explanation below.
    pub hint: Option<&'a str>,
    /// Whether it may be left empty.
    pub is_optional: bool,
    /// Whether it has the focus when the page is there.
    pub is_first: bool,
}

impl Input<'_> {
    pub const EMPTY: Self = Self {
        label: "",
        name: "",
        value: None,
        range: None,
        most: None,
        placeholder: None,
        autocomplete: None,
        hint: None,
        is_optional: false,
        is_first: false,
    };
}

impl Render for Input<'_> {
    fn render(&self) -> Markup {
        let Self { label, name, value, range, most, placeholder, autocomplete, .. } = self;
        let is_password = autocomplete.is_some_and(|what| what.ends_with("password"));
        let is_new = *autocomplete == Some("new-password");
        let kind = if is_password {
            "password"
        } else if range.is_some() {
            "number"
        } else {
            "text"
        };
        let hint = self.hint.map(|hint| (format!("{name}-hint"), hint));
        html! {
            label { (label)
                input name=(name) type=(kind) value=[value] min=[range.map(|range| range.0)]
                    max=[range.map(|range| range.1)] minlength=[is_new.then_some(12)] maxlength=[most]
                    placeholder=[placeholder] autocomplete=[autocomplete] autocapitalize="none"
                    aria-describedby=[hint.as_ref().map(|(id, _)| id)] required[!self.is_optional]
                    autofocus[self.is_first];
                @if let Some((id, words)) = hint { small id=(id) { (words) } }
            }
        }
    }
}

/// A password that is known.
pub(super) fn password<'a>(label: &'a str, name: &'a str) -> Input<'a> {
    Input { label, name, autocomplete: Some("current-password"), ..Input::EMPTY }
}

/// A password that is to be.
pub(super) fn new_password<'a>(label: &'a str, name: &'a str) -> Input<'a> {
    let hint = Some("At least 12 characters.");
    Input { label, name, autocomplete: Some("new-password"), hint, ..Input::EMPTY }
}

/// A name that is given: of an account, a group, a program.
pub(super) fn given<'a>(label: &'a str, name: &'a str) -> Input<'a> {
    Input { label, name, autocomplete: Some("off"), most: Some(40), ..Input::EMPTY }
}
