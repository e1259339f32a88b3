//! What the phone, its card and its network do, in words for people.

use oxisim_sms::Address;
use oxisim_terminal::{Decision, Menu, NetworkEvent, NetworkRequest, Operation, PinState, Screen};
use oxisim_toolkit::{Command, Proactive, objects::alpha_text};

/// What a person wants to know of the PIN.
pub const fn pin(state: PinState) -> Option<&'static str> {
    match state {
        PinState::NotNeeded | PinState::Verified => None,
        PinState::Wanted => Some("wants the PIN: give it with --pin"),
        PinState::Refused => Some("refuses the PIN"),
        PinState::LastAttempt => Some("wants the PIN, and a wrong one would block it: it was not tried"),
        PinState::Blocked => Some("has its PIN blocked"),
    }
}

/// A proactive command: its name, and what a person wants to know of it.
pub fn asked(command: &Command) -> String {
    let name = command.body.kind().text();
    let more = match &command.body {
        Proactive::SetUpMenu(menu) => {
            let items = menu.items.iter().filter_map(|item| Some((item.identifier?, &item.text)));
            let items = items.map(|(identifier, text)| format!("{identifier} {:?}", alpha_text(text)));
            let items: Vec<String> = items.collect();
            format!("{:?}: {}", alpha_text(&menu.title.text), items.join(", "))
        }
        Proactive::DisplayText(body) => format!("{:?}", body.text.to_text()),
        Proactive::GetInkey(body) => format!("{:?}", body.text.to_text()),
        Proactive::GetInput(body) => format!("{:?}", body.text.to_text()),
        Proactive::SetUpIdleModeText(body) => format!("{:?}", body.text.to_text()),
        Proactive::PollInterval(body) => body.interval.duration().to_string(),
        Proactive::TimerManagement(body) => {
            let value = body.value.as_ref().map(|value| format!(", {}", value.duration()));
            format!("timer {}{}", body.timer.identifier, value.unwrap_or_default())
        }
        _ => String::new(),
    };
    if more.is_empty() { format!("asks {name}") } else { format!("asks {name} {more}") }
}

pub fn requested(request: &NetworkRequest) -> String {
    match request {
        NetworkRequest::Call { number, .. } => operation(&Operation::Call(number.clone())),
        NetworkRequest::Service(string) => operation(&Operation::Service(string.clone())),
        NetworkRequest::Ussd(text) => operation(&Operation::Ussd(text.clone())),
        other => format!("{other:?}"),
    }
}

/// Why there is no call (TS 24.008 table 10.5.123).
static CAUSES: &[(u8, &str)] = &[
    (1, "unassigned number"),
    (16, "normal call clearing"),
    (17, "user busy"),
    (18, "no user responding"),
    (21, "call rejected"),
    (27, "destination out of order"),
    (28, "invalid number format"),
    (31, "normal, unspecified"),
    (34, "no channel available"),
];

/// What becomes of a call.
pub fn heard(event: &NetworkEvent) -> Option<String> {
    match event {
        NetworkEvent::Connected(_) => Some("hears that the call is connected".into()),
        NetworkEvent::Disconnected { cause: Some(cause), .. } => {
            let name = CAUSES.iter().find(|(other, _)| other == cause);
            let name = name.map(|(_, name)| format!(" ({name})")).unwrap_or_default();
            Some(format!("hears that there is no call, cause {cause}{name}"))
        }
        NetworkEvent::Disconnected { cause: None, .. } => Some("hears that there is no call".into()),
        _ => None,
    }
}

/// What the card says to something that the phone asks it about.
pub fn decided(asked: &Operation, decision: &Decision) -> String {
    let asked = operation(asked);
    match decision {
        Decision::Allowed => format!("allows {asked}"),
        Decision::NotAllowed => format!("does not allow {asked}"),
        Decision::Modified(changed) => format!("makes {} of {asked}", operation(changed)),
        Decision::Busy => format!("is too busy for {asked}"),
        Decision::Failed => format!("gives no answer about {asked}"),
    }
}

fn operation(operation: &Operation) -> String {
    match operation {
        Operation::Call(number) => format!("a call to {number}"),
        Operation::Service(string) => format!("the service {string}"),
        Operation::Ussd(text) => format!("the USSD {:?}", text.to_text()),
        Operation::Message { service_centre, destination } => {
            let name = |number: &Option<Address>| {
                number.as_ref().map_or_else(|| "nobody known".to_owned(), ToString::to_string)
            };
            format!("a message to {} through {}", name(destination), name(service_centre))
        }
    }
}

/// What the user sees that no proactive command says already.
pub fn shown(screen: &Screen) -> Option<String> {
    match screen {
        Screen::Menu(menu) | Screen::Select { menu, .. } => Some(listed(menu)),
        Screen::Text { text, sustained: false } | Screen::Notice { text } => Some(format!("{text:?}")),
        Screen::Inkey { prompt, .. } | Screen::Input { prompt, .. } => Some(format!("{prompt:?}")),
        Screen::Multimedia { identifier, sustained: false, .. } => {
            Some(format!("multimedia message {}", hex::encode_upper(&identifier.identifier)))
        }
        Screen::Confirm { text } => Some(format!("{text:?}, yes or no")),
        Screen::Text { .. } | Screen::Multimedia { .. } | Screen::Off | Screen::Idle { .. } | Screen::Own => {
            None
        }
    }
}

fn listed(menu: &Menu) -> String {
    let items: Vec<String> =
        menu.items.iter().map(|item| format!("{} {:?}", item.identifier, item.text)).collect();
    format!("{:?}: {}", menu.title, items.join(", "))
}
