//! What was said and done on a bench, a line each.

use std::fmt;

use oxisim_terminal::{Event, Menu, Screen};
use oxisim_toolkit::{
    Command, Proactive, TerminalResponse,
    objects::{Item, TextString, alpha_text},
};
use oxisim_wire::Duration;

/// All that has happened on a [`Bench`](crate::Bench), in its order; it prints a line for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    lines: Vec<(Duration, String)>,
}

impl Transcript {
    /// The lines, without the time.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|(_, line)| line.as_str())
    }

    pub(crate) fn note(&mut self, at: Duration, line: impl Into<String>) {
        self.lines.push((at, line.into()));
    }
}

/// Each line after the time since the beginning.
impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|(at, line)| writeln!(f, "{:>9}  {line}", at.to_string()))
    }
}

/// The line about an event of the phone, if a reader wants one.
pub(crate) fn of_event(event: &Event) -> Option<String> {
    Some(match event {
        Event::ProactiveCommand(command) => format!("card: {}", of_command(command)),
        Event::TerminalResponse(response) => format!("phone: {}", of_response(response)),
        Event::Envelope(envelope) => format!("phone: ENVELOPE, {}", envelope.text()),
        Event::CommandRefused(refusal) => format!("phone does not understand the card: {refusal:?}"),
        Event::FetchFailed => "card: announced a command, and did not deliver it".into(),
        Event::EnvelopeLost => "phone: too many envelopes wait, one is lost".into(),
        Event::TimerExpired(timer) => format!("phone: {timer:?} expires"),
        _ => return None,
    })
}

/// A proactive command in a line: its name, and what the user would see of it.
fn of_command(command: &Command) -> String {
    let text = |text: &TextString| Some(text.to_text());
    let about = match &command.body {
        Proactive::DisplayText(body) => text(&body.text),
        Proactive::GetInkey(body) => text(&body.text),
        Proactive::GetInput(body) => text(&body.text),
        Proactive::SetUpIdleModeText(body) => text(&body.text),
        Proactive::SetUpMenu(body) => Some(items(&body.items)),
        Proactive::SelectItem(body) => Some(items(&body.items)),
        _ => None,
    };
    let name = command.details.kind.text();
    about.map_or_else(|| name.to_string(), |about| format!("{name} {about:?}"))
}

fn items(items: &[Item]) -> String {
    items.iter().map(|item| alpha_text(&item.text)).collect::<Vec<_>>().join(" | ")
}

fn of_response(response: &TerminalResponse) -> String {
    let name = response.details.kind.text();
    let result = format!("{:?}", response.result.general).to_lowercase().replace('_', " ");
    format!("{name} {result}")
}

/// What is on the screen, in words.
pub(crate) fn of_screen(screen: &Screen) -> String {
    match screen {
        Screen::Off => "nothing".into(),
        Screen::Idle { text: None } => "the idle screen".into(),
        Screen::Idle { text: Some(text) } => format!("the idle screen with {text:?}"),
        Screen::Menu(menu) => format!("the card's menu {:?}", texts(menu)),
        Screen::Own => "something of the user's own".into(),
        Screen::Text { text, .. } => format!("the text {text:?}"),
        Screen::Multimedia { .. } => "a multimedia message".into(),
        Screen::Confirm { text } => format!("the question {text:?}"),
        Screen::Notice { text } => format!("the notice {text:?}"),
        Screen::Select { menu, .. } => format!("the choice {:?} of {:?}", menu.title, texts(menu)),
        Screen::Inkey { prompt, .. } => format!("a question for a key, {prompt:?}"),
        Screen::Input { prompt, .. } => format!("a question for a text, {prompt:?}"),
    }
}

/// The texts of a menu's items.
pub(crate) fn texts(menu: &Menu) -> Vec<&str> {
    menu.items.iter().map(|item| item.text.as_str()).collect()
}
