//! What happens, in words.

use std::fmt::Write as _;

use oxisim_sms::Address;
use oxisim_terminal::{
    ChannelRequest, Decision, Event, Menu, Multimedia, NetworkRequest, Operation, Output, ReaderRequest,
    Screen,
};
use oxisim_toolkit::{Envelope, Objects as _, TerminalResponse};
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
        Output::ApplicationSubmitted(Ok(())) => ("phone", "has sent its application's message".into()),
        Output::ApplicationSubmitted(Err(error)) => {
            ("phone", format!("has not sent its application's message: {error}"))
        }
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

/// What an envelope is, and what stands in it.
pub fn of_envelope(envelope: &Envelope) -> String {
    let mut text = match envelope {
        Envelope::EventDownload(download) => {
            format!("event {}", named(download.code().name(), u64::from(download.code().0)))
        }
        other => other.text().to_owned(),
    };
    // Which event it is, and from whom to whom, stand before what is its own.
    envelope.each_object(&mut |field, object| {
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
            format!("{sustained}multimedia message, files {file}, identifier {message}")
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
            format!("to answer USSD with {}", hex::encode_upper(answer.encode()))
        }
        NetworkRequest::UssdAnswer(None) => "to refuse USSD".into(),
        NetworkRequest::Locate(None) => "where the phone is".into(),
        NetworkRequest::Locate(Some(parameters)) => {
            format!("where the phone is, as {} says", hex::encode_upper(parameters.encode()))
        }
        NetworkRequest::RetrieveMultimedia(message) => format!("to retrieve {}", of_multimedia(message)),
        NetworkRequest::SubmitMultimedia(message) => format!("to submit {}", of_multimedia(message)),
    }
}

fn of_multimedia(message: &Multimedia) -> String {
    let part = |word: &str, octets: Option<Vec<u8>>| {
        octets.map_or_else(String::new, |octets| format!(", {word} {}", hex::encode_upper(octets)))
    };
    format!(
        "a multimedia message{}{}{}",
        part("reference", message.reference.as_ref().map(Wire::encode)),
        part("files", Some(message.files.encode())),
        part("identifier", message.identifier.as_ref().map(Wire::encode))
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
        Event::FramesChanged(frames) => {
            format!("has the frames {}", hex::encode_upper(frames.encode()))
        }
        Event::ServiceDeclared(service) => {
            format!("offers the service {}", hex::encode_upper(service.record.encode()))
        }
        Event::ServiceDeleted(identifier) => format!("no longer offers service {identifier}"),
        Event::InterfaceActivated => "activates the contactless interface".into(),
        Event::Contactless(true) => "has contactless enabled".into(),
        Event::Contactless(false) => "has contactless disabled".into(),
        Event::CellBroadcast(page) => format!("has a page for the user: {}", hex::encode_upper(page)),
        Event::UssdMessage(text) => format!("has USSD for the user: {text:?}"),
        Event::MultimediaNotification(octets) => {
            format!("has a multimedia message for the user: {}", hex::encode_upper(octets))
        }
        Event::Controlled { asked, decision } => {
            let decision = match decision {
                Decision::Allowed => "may".into(),
                Decision::NotAllowed => "may not".into(),
                Decision::Modified(operation) => format!("instead: {}", of_operation(operation)),
                Decision::Busy => "the card is busy".into(),
                Decision::Failed => "cannot make out whether it may".into(),
            };
            format!("wants {}: {decision}", of_operation(asked))
        }
        Event::NotDialled(error) => format!("does not dial: {error}"),
        Event::ServiceAnswered(Ok(octets)) => {
            format!("has a result for the user: {}", hex::encode_upper(octets))
        }
        Event::UssdAnswered(Ok(text)) => format!("has a result for the user: {:?}", text.to_text()),
        Event::ServiceAnswered(Err(error)) | Event::UssdAnswered(Err(error)) => {
            format!("has no result for the user: {error}")
        }
        Event::EnvelopePostponed => "tells the busy card later".into(),
        Event::EnvelopeLost => "cannot tell the card".into(),
        _ => return None,
    })
}

fn of_operation(operation: &Operation) -> String {
    match operation {
        Operation::Call(number) => format!("a call to {number}"),
        Operation::Service(string) => format!("service {string}"),
        Operation::Ussd(text) => format!("USSD {:?}", text.to_text()),
        Operation::Message { service_centre, destination } => {
            let show = |address: &Option<Address>| {
                address.as_ref().map_or_else(|| "nobody".into(), Address::to_string)
            };
            format!("a message to {} through {}", show(destination), show(service_centre))
        }
    }
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
        // One or two parts explain themselves; of more, the first says what it is.
        Shown::Fields(fields) if fields.len() > 2 => {
            let parts = fields.iter().enumerate().map(|(at, (name, value))| match at {
                0 => of_shown(value),
                _ => format!("{} {}", name.replace('_', " "), of_shown(value)),
            });
            parts.collect::<Vec<_>>().join(", ")
        }
        Shown::Fields(fields) => {
            fields.iter().map(|(_, value)| of_shown(value)).collect::<Vec<_>>().join(" ")
        }
    }
}
