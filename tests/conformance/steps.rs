//! What happens to the phone in a sequence, and what the phone is.

use std::str::FromStr;

use oxisim_terminal::{
    Battery, BrowserTermination, CallId, ChannelError, ChannelEvent, Config, Environment, LocalBearer,
    LocalService, NetworkEvent, Position, Reader, ReaderEvent, SearchMode, Service, ServiceError,
    SubmitError, User,
};
use oxisim_tests::sequences::{Sequence, Step, octets};
use oxisim_toolkit::{
    CommandType, Envelope, Facility, Quantity, TerminalProfile,
    codes::AccessTechnologyCode,
    objects::{
        Coding, DisplayParameters, Esn, GadShapes, LocationInformation, MultimediaStatus,
        NetworkMeasurements, NmeaSentence, TextString, UssdString,
    },
};
use oxisim_wire::{Duration, Wire as _};

use crate::{applet::Order, bench::Bench};

/// The phone that a sequence begins with.
pub fn phone(sequence: &Sequence<'_>) -> Config {
    let mut config = Config::default();
    for step in sequence.steps.iter().filter(|step| step.word == "given") {
        let (what, rest) = split(step.rest);
        match what {
            "without" => {
                config.profile = changed(&config.profile, Facility::of_command(command(rest)), false);
            }
            "with" => config.profile = changed(&config.profile, Facility::of_command(command(rest)), true),
            "facility" => config.profile = changed(&config.profile, &[facility(rest)], true),
            "imei" => config.imei = rest.parse().unwrap(),
            "version" => config.environment.software_version = two(rest),
            "reader" => {
                let mut reader = Reader::new("reader".into(), rest.ends_with("with a card"));
                reader.is_removable = rest.starts_with("removable");
                config.readers.push(reader);
            }
            "service" => config.service = service(rest),
            // That is the card's.
            "card" => {}
            "patience" => config.user_timeout = seconds(rest),
            _ => change(&mut config.environment, step.rest),
        }
    }
    config
}

/// Lets a step happen; `false` if it is one that only tells what follows from others.
pub fn act(bench: &mut Bench, step: &Step<'_>) -> bool {
    let Step { word, rest } = *step;
    let (what, more) = split(rest);
    let now = bench.now;
    match word {
        "send" => bench.send(&octets(rest).unwrap()),
        "menu" => {
            let items = rest.split(" | ").filter(|item| !item.is_empty());
            let items = items.map(|item| match item.strip_suffix(" (help)") {
                Some(item) => (item.to_owned(), true),
                None => (item.to_owned(), false),
            });
            bench.order(Order::Menu(items.collect()));
        }
        "answers" => bench.answer(octets(rest).unwrap()),
        "events" => bench.order(Order::Events(octets(rest).unwrap())),
        "poll" => bench.order(Order::Poll((rest != "off").then(|| seconds(rest)))),
        "wait" => bench.wait(seconds(rest)),
        "user" => bench.phone.handle_user(&user(rest), now),
        "network" => bench.phone.handle_network(network(what, more), now),
        "submitted" => bench.phone.handle_submit_result(submitted(what, more), now),
        "deliver" => {
            bench.phone.handle_deliver(&octets(what).unwrap(), more.parse().ok().as_ref(), now);
        }
        "broadcast" => bench.phone.handle_cell_broadcast(&octets(rest).unwrap(), now),
        "application" => {
            bench.phone.submit_application(octets(what).unwrap(), more.parse().ok(), now);
        }
        "happens" => {
            let envelope = Envelope::decode(&octets(rest).unwrap()).unwrap();
            bench.phone.handle_envelope(envelope, now);
        }
        "channel" => bench.phone.handle_channel(number(what), channel(more), now),
        "reader" => bench.phone.handle_reader(number(what), reader(more), now),
        "service" => bench.phone.handle_service(service(rest), now),
        "environment" => {
            let mut environment = bench.phone.environment().clone();
            change(&mut environment, rest);
            bench.phone.handle_environment(environment, now);
        }
        "browser" => match what {
            "closed" => bench.phone.handle_browser_closed(BrowserTermination::USER, now),
            "failed" => bench.phone.handle_browser_closed(BrowserTermination::ERROR, now),
            "status" => bench.phone.handle_browsing_status(octets(more).unwrap(), now),
            other => panic!("{other}"),
        },
        "given" => {}
        _ => return false,
    }
    bench.settle();
    true
}

fn user(words: &str) -> User {
    let (verb, object) = split(words);
    match verb {
        "clears" => User::Clear,
        "presses" => User::Key(object.parse().unwrap()),
        "enters" => User::Text(object.into()),
        "chooses" => User::Choose(number(object)),
        "selects" => User::SelectMenu(number(object)),
        "opens" => User::OpenMenu,
        "accepts" if object.is_empty() => User::Accept,
        "says" => match object {
            "yes" => User::Yes,
            "no" => User::No,
            other => panic!("{other}"),
        },
        "goes" => User::Back,
        "ends" => User::EndSession,
        "asks" => User::Help(object.strip_prefix("for help on ").map(number)),
        "is" => User::Occupy,
        "answers" => User::Answer,
        "dials" => User::Dial(object.into()),
        "hangs" => User::HangUp,
        other => panic!("{other}"),
    }
}

/// The calls that the phone makes, and the one that comes in.
const OUTGOING: CallId = CallId { transaction: 0, is_incoming: false };
const SECOND: CallId = CallId { transaction: 1, is_incoming: false };
const INCOMING: CallId = CallId { transaction: 0, is_incoming: true };

fn network(what: &str, more: &str) -> NetworkEvent {
    let (object, rest) = split(more);
    let cause = || Some(number(more.strip_prefix("cause ")?));
    match what {
        "connects" if more == "the second call" => NetworkEvent::Connected(SECOND),
        "connects" => NetworkEvent::Connected(OUTGOING),
        "releases" => NetworkEvent::Disconnected { call: OUTGOING, cause: cause() },
        "calls" => NetworkEvent::Incoming { call: INCOMING, number: more.strip_prefix("from ").map(parsed) },
        "clears" => NetworkEvent::Disconnected { call: INCOMING, cause: cause() },
        "service" => NetworkEvent::Service(match object {
            "result" => Ok(octets(rest).unwrap()),
            other => Err(service_error(other, rest)),
        }),
        "asks" => {
            let coding = octets(object).unwrap()[0];
            NetworkEvent::UssdRequest(UssdString { coding, string: octets(rest).unwrap() })
        }
        "locates" => NetworkEvent::Position(match object {
            "shape" => {
                Position { shape: Some(GadShapes { shapes: octets(rest).unwrap() }), ..Position::default() }
            }
            "sentence" => {
                Position { sentence: Some(NmeaSentence { sentence: rest.into() }), ..Position::default() }
            }
            "nothing" => Position::default(),
            other => panic!("{other}"),
        }),
        "transfers" => NetworkEvent::Multimedia(MultimediaStatus { status: octets(more).unwrap() }),
        "notifies" => NetworkEvent::MultimediaNotification(octets(more).unwrap()),
        "USSD" => NetworkEvent::Ussd(match object {
            "text" => Ok(TextString { coding: Some(Coding::EIGHT_BIT), text: rest.into() }),
            "UCS2" => Ok(TextString {
                coding: Some(Coding::UCS2),
                text: rest.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            }),
            "packed" => Ok(TextString { coding: Some(Coding::PACKED), text: octets(rest).unwrap() }),
            other => Err(service_error(other, rest)),
        }),
        other => panic!("{other}"),
    }
}

fn service_error(what: &str, code: &str) -> ServiceError {
    match what {
        "error" => ServiceError::Return(octets(code).unwrap()[0]),
        "unable" => ServiceError::Network { cause: code.parse().ok() },
        other => panic!("{other}"),
    }
}

fn submitted(what: &str, more: &str) -> Result<(), SubmitError> {
    match what {
        "well" => Ok(()),
        "not" => Err(SubmitError::NotSent),
        "unable" => Err(SubmitError::Network { cause: more.parse().ok() }),
        "refused" => Err(SubmitError::Relay { cause: number(more) }),
        other => panic!("{other}"),
    }
}

fn channel(words: &str) -> ChannelEvent {
    let (what, more) = split(words);
    match what {
        "opened" => ChannelEvent::Opened,
        "listening" => ChannelEvent::Listening,
        "received" => ChannelEvent::Received(match more.strip_prefix("octets ") {
            Some(count) => vec![0x55; count.parse().unwrap()],
            None => octets(more).unwrap(),
        }),
        "dropped" => ChannelEvent::Dropped,
        "unreachable" => ChannelEvent::Failed(ChannelError::Unreachable),
        "unable" => ChannelEvent::Failed(ChannelError::Network { cause: more.parse().ok() }),
        other => panic!("{other}"),
    }
}

fn reader(words: &str) -> ReaderEvent {
    let (what, more) = split(words);
    match what {
        "answers" => ReaderEvent::Response(octets(more).unwrap()),
        "resets" => ReaderEvent::AnswerToReset(octets(more).unwrap()),
        "inserted" => ReaderEvent::Inserted,
        "removed" => ReaderEvent::Removed,
        "attached" => ReaderEvent::Attached,
        "detached" => ReaderEvent::Detached,
        other => panic!("{other}"),
    }
}

fn service(words: &str) -> Service {
    match words {
        "none" => Service::None,
        "limited" => Service::Limited,
        location => {
            Service::Normal(LocationInformation::decode(&octets(location).unwrap(), "location").unwrap())
        }
    }
}

/// Changes what surrounds the phone.
fn change(environment: &mut Environment, words: &str) {
    let (what, more) = split(words);
    match what {
        "language" => environment.language = more.as_bytes().try_into().unwrap(),
        "call" => environment.in_call = more == "yes",
        "display" => {
            environment.display = DisplayParameters { parameters: octets(more).unwrap().try_into().unwrap() };
        }
        "technologies" => {
            environment.access_technologies =
                octets(more).unwrap().into_iter().map(AccessTechnologyCode).collect();
        }
        "search" => {
            environment.search_mode =
                if more == "manual" { SearchMode::MANUAL } else { SearchMode::AUTOMATIC };
        }
        "battery" => environment.battery = Battery(number(more)),
        "measurements" => {
            environment.measurements = Some(NetworkMeasurements { results: octets(more).unwrap() });
            environment.channels = None;
        }
        "contactless" => environment.has_contactless = more == "yes",
        "nearby" => {
            let parts: Vec<_> = more.split(' ').map(|part| octets(part).unwrap()).collect();
            let [bearer, device, class, handle, record] = parts.try_into().unwrap();
            let bearer = LocalBearer(bearer[0]);
            environment.local_services.push(LocalService { bearer, device, class, handle, record });
        }
        "esn" => {
            environment.esn = Some(Esn { esn: octets(more).unwrap() });
        }
        other => panic!("{other}"),
    }
}

/// The command of this name.
fn command(name: &str) -> CommandType {
    let mut all = CommandType::ALL.iter().copied();
    all.find(|kind| kind.text() == name).unwrap_or_else(|| panic!("{name}"))
}

/// The facility at this octet and bit of the profile.
fn facility(place: &str) -> Facility {
    let (octet, bit) = place.split_once('.').unwrap();
    let place = (number(octet), number(bit));
    Facility::ALL.iter().copied().find(|facility| facility.place() == place).unwrap()
}

/// A profile with or without some facilities.
fn changed(profile: &TerminalProfile, facilities: &[Facility], has: bool) -> TerminalProfile {
    let others = profile.facilities().filter(|facility| !facilities.contains(facility));
    let more = facilities.iter().copied().filter(|_| has);
    let facilities: Vec<_> = others.chain(more).collect();
    let quantities = Quantity::ALL.iter().map(|&quantity| (quantity, profile.quantity(quantity)));
    quantities.fold(TerminalProfile::with(&facilities), |changed, (quantity, value)| {
        if value == 0 { changed } else { changed.with_quantity(quantity, value) }
    })
}

fn seconds(text: &str) -> Duration {
    Duration::from_secs(parsed(text))
}

fn number(text: &str) -> u8 {
    parsed(text)
}

fn two(text: &str) -> [u8; 2] {
    let digits: Vec<u8> = text.bytes().map(|digit| digit - b'0').collect();
    digits.try_into().unwrap()
}

fn parsed<T: FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

fn split(words: &str) -> (&str, &str) {
    words.split_once(' ').unwrap_or((words, ""))
}
