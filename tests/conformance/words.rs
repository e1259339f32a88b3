//! What happens, in words.

use std::fmt::Write as _;

use oxisim_terminal::{
    ChannelRequest, Event, Menu, Multimedia, NetworkRequest, Output, ReaderRequest, Screen,
};
use oxisim_toolkit::{Objects as _, TerminalResponse, envelope::EventDownload};
use oxisim_wire::{Show, Shown, Wire};

/// The line of an output, if it is one that a sequence tells.
pub fn of_output(output: &Output) -> Option<(&'static str, String)> {
    Some(match output {
        Output::Screen(screen) => ("screen", of_screen(screen)),
        Output::Tone { tone, length, vibrates } => {
            let tone = tone.as_ref().map_or_else(
                || "general beep".into(),
                |tone| named(tone.tone.name(), u64::from(tone.tone.0)),
            );
            ("tone", format!("{tone}, {length}{}", if *vibrates { ", vibrates" } else { "" }))
        }
        Output::Network(request) => ("asks", of_request(request)),
        Output::Submit { tpdu, service_centre } => {
            let centre =
                service_centre.as_ref().map_or_else(String::new, |centre| format!(" through {centre}"));
            ("asks", format!("to submit {}{centre}", hex::encode_upper(tpdu)))
        }
        Output::Channel { channel, request } => {
            ("asks", format!("channel {channel}: {}", of_channel(request)))
        }
        Output::Reader { reader, request } => ("asks", format!("reader {reader}: {}", of_reader(request))),
        Output::DeliverReport(report) => ("report", hex::encode_upper(report.encode())),
        Output::Event(event) => ("phone", of_event(event)?),
        _ => return None,
    })
}

/// The result and what stands beside it.
pub fn of_response(response: &TerminalResponse) -> String {
    let mut parts = vec![named(response.result.general.name(), u64::from(response.result.general.0))];
    if let Some(problem) = response.result.problem() {
        parts.push(of_shown(&problem.show()));
    } else if !response.result.additional.is_empty() {
        parts.push(hex::encode_upper(&response.result.additional));
    }
    let mut text = parts.join(": ");
    response.answer.each_object(&mut |field, object| {
        let _ = write!(text, "; {} {}", field.replace('_', " "), of_shown(&object.shown()));
    });
    text
}

/// The event and what stands beside it.
pub fn of_event_download(download: &EventDownload) -> String {
    let mut text = format!("event {}", named(download.code().name(), u64::from(download.code().0)));
    // Which event it is, and from whom to whom, stand before what is its own.
    download.each_object(&mut |field, object| {
        if matches!(field, "events" | "devices") {
            return;
        }
        let _ = write!(text, "; {} {}", field.replace('_', " "), of_shown(&object.shown()));
    });
    text
}

fn of_screen(screen: &Screen) -> String {
    match screen {
        Screen::Off => "off".into(),
        Screen::Idle { text: None } => "idle".into(),
        Screen::Idle { text: Some(text) } => format!("idle {text:?}"),
        Screen::Menu(menu) => format!("menu {}", of_menu(menu)),
        Screen::Own => "the user's own".into(),
        Screen::Text { text, sustained: false } => format!("text {text:?}"),
        Screen::Text { text, sustained: true } => format!("sustained text {text:?}"),
        Screen::Multimedia { files, identifier, sustained } => {
            let sustained = if *sustained { "sustained " } else { "" };
            let (file, message) = (hex::encode_upper(files.encode()), hex::encode_upper(identifier.encode()));
            format!("{sustained}multimedia message {message} of {file}")
        }
        Screen::Confirm { text } => format!("confirm {text:?}"),
        Screen::Notice { text } => format!("notice {text:?}"),
        Screen::Select { menu, default } => {
            let default = default.map_or_else(String::new, |item| format!(", starts with {item}"));
            format!("select {}{default}", of_menu(menu))
        }
        Screen::Inkey { prompt, keys, help } => format!("key {prompt:?}, {keys:?}{}", help_on(*help)),
        Screen::Input { prompt, characters, length: (least, most), default, hidden, help } => {
            let default = default.as_ref().map_or_else(String::new, |text| format!(", starts with {text:?}"));
            let hidden = if *hidden { ", hidden" } else { "" };
            format!("input {prompt:?}, {least} to {most} {characters:?}{default}{hidden}{}", help_on(*help))
        }
    }
}

fn help_on(help: bool) -> &'static str {
    if help { ", help" } else { "" }
}

fn of_menu(menu: &Menu) -> String {
    let items = menu.items.iter().map(|item| {
        let next = item.next_action.map_or_else(String::new, |kind| format!(" → {}", kind.text()));
        format!("{} {}{next}", item.identifier, item.text)
    });
    let keys = if menu.soft_keys { ", soft keys" } else { "" };
    format!("{:?}: {}{keys}{}", menu.title, items.collect::<Vec<_>>().join(" | "), help_on(menu.help))
}

fn of_request(request: &NetworkRequest) -> String {
    match request {
        NetworkRequest::Call { number, .. } => format!("a call to {number}"),
        NetworkRequest::Answer(_) => "to connect the call".into(),
        NetworkRequest::Hold(_) => "to hold the call".into(),
        NetworkRequest::Disconnect(_) => "to end the call".into(),
        NetworkRequest::Dtmf(tones) => format!("tones {tones}"),
        NetworkRequest::Service(string) => format!("service {string}"),
        NetworkRequest::Ussd(text) => format!("USSD {:?}", text.to_text()),
        NetworkRequest::UssdAnswer(Some(answer)) => {
            format!("to answer USSD {}", hex::encode_upper(answer.encode()))
        }
        NetworkRequest::UssdAnswer(None) => "to refuse USSD".into(),
        NetworkRequest::Locate(_) => "where the phone is".into(),
        NetworkRequest::RetrieveMultimedia(message) => format!("to retrieve {}", of_multimedia(message)),
        NetworkRequest::SubmitMultimedia(message) => format!("to submit {}", of_multimedia(message)),
    }
}

fn of_multimedia(message: &Multimedia) -> String {
    let reference = message.reference.as_ref().map(Wire::encode).unwrap_or_default();
    let identifier = message.identifier.as_ref().map(Wire::encode).unwrap_or_default();
    format!(
        "multimedia message {}, in {} as {}",
        hex::encode_upper(reference),
        hex::encode_upper(message.files.encode()),
        hex::encode_upper(identifier)
    )
}

fn of_channel(request: &ChannelRequest) -> String {
    match request {
        ChannelRequest::Send(octets) => format!("send {}", hex::encode_upper(octets)),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn of_reader(request: &ReaderRequest) -> String {
    match request {
        ReaderRequest::PowerOn => "power on".into(),
        ReaderRequest::PowerOff => "power off".into(),
        ReaderRequest::Transmit(apdu) => format!("transmit {}", hex::encode_upper(apdu)),
    }
}

fn of_event(event: &Event) -> Option<String> {
    Some(match event {
        Event::CommandRefused(refusal) => format!("cannot read the command: {}", refusal.cause),
        Event::PollInterval(Some(interval)) => format!("polls every {interval}"),
        Event::PollInterval(None) => "does not poll".into(),
        Event::FilesChanged(files) if files.is_empty() => "takes all files as changed".into(),
        Event::FilesChanged(files) => {
            let path = |path: &Vec<u16>| {
                hex::encode_upper(path.iter().flat_map(|file| file.to_be_bytes()).collect::<Vec<_>>())
            };
            format!("takes as changed {}", files.iter().map(path).collect::<Vec<_>>().join(", "))
        }
        Event::SessionStarted(_) => "has started the card".into(),
        Event::LanguageNotified(Some(code)) => {
            format!("notes the language {}", String::from_utf8_lossy(code))
        }
        Event::LanguageNotified(None) => "notes no language".into(),
        Event::Steered(networks) => {
            let networks = networks.iter().flat_map(Wire::encode);
            format!("is steered to {}", hex::encode_upper(networks.collect::<Vec<_>>()))
        }
        Event::BrowserOpened(address) => format!("opens the browser at {address}"),
        Event::BrowserClosed => "closes the browser".into(),
        Event::EnvelopePostponed => "tells the busy card later".into(),
        Event::EnvelopeLost => "cannot tell the card".into(),
        _ => return None,
    })
}

fn named(name: Option<&str>, code: u64) -> String {
    name.map_or_else(|| format!("{code:02X}"), |name| name.replace('_', " ").to_lowercase())
}

fn of_shown(shown: &Shown) -> String {
    match shown {
        Shown::Nothing => "nothing".into(),
        Shown::Number(number) => number.to_string(),
        Shown::Code { value, name } => named(*name, *value),
        Shown::Flag(flag) => if *flag { "yes" } else { "no" }.into(),
        Shown::Text(text) => format!("{text:?}"),
        Shown::Octets(octets) => hex::encode_upper(octets),
        Shown::List(items) => items.iter().map(of_shown).collect::<Vec<_>>().join(", "),
        Shown::Fields(fields) => {
            fields.iter().map(|(_, value)| of_shown(value)).collect::<Vec<_>>().join(" ")
        }
    }
}
