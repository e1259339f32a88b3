//! A card with an applet that controls calls and messages, in a phone: only APDUs pass between them.

use oxisim_card::{
    Aid, Applet, AppletError, Card, Env, Event, Image, InstallParameters, Profile, ToolkitEvent,
    image::Platform,
};
use oxisim_terminal::{
    Config, Decision, Event as PhoneEvent, NetworkRequest, Output, Screen, Terminal, User,
};
use oxisim_toolkit::{
    Answer, CallControlAnswer, MoSmsControlAnswer, Problem, TerminalResponse,
    codes::{CallControlProblem, GeneralResult},
    command::{SendShortMessage, SetUpCall},
    control::{CallChanges, SmsChanges},
    envelope::Requested,
    objects::{Address, AlphaIdentifier, UssdString},
};
use oxisim_wire::{Instant, bcd};
use oxisim_world::{Callee, Network};

/// The number that nobody may call, the one that another stands for, that other, and the one that stands for USSD.
const BARRED: &str = "666";
const SHORT: &str = "700";
const LONG: &str = "15550100002";
const BALANCE: &str = "701";
/// Messages to this number may not be sent; to others they go to [`LONG`] through another centre, but if they go there
/// anyway.
const PREMIUM: &str = "888";
const CENTRE: &str = "4321";

/// `*100#` in septets.
const USSD: [u8; 5] = [0xAA, 0x18, 0x0C, 0x36, 0x02];

/// The entries of the applet's menu: whom it calls, and whom it sends a message.
const ENTRIES: [(&str, bool); 6] =
    [("123", false), (SHORT, false), (BALANCE, false), (BARRED, false), ("123", true), (PREMIUM, true)];

/// An applet that knows what a subscriber may do.
#[derive(Clone)]
struct Gatekeeper;

impl Applet for Gatekeeper {
    fn aid(&self) -> Aid {
        Aid::new(b"gatekeeper").expect("an AID")
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        for (digits, _) in ENTRIES {
            env.registry().init_menu_entry(digits)?;
        }
        env.registry().set_event(ToolkitEvent::CallControl)?;
        env.registry().set_event(ToolkitEvent::MoSmsControl)
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            Event::CallControl(control) => {
                let answer = call(control.requested());
                env.answer_call_control(&answer)?;
                Ok(())
            }
            Event::MoSmsControl(control) => {
                let answer = message(control.destination.as_ref());
                env.answer_sms_control(&answer)?;
                Ok(())
            }
            Event::MenuSelection { item } => match ENTRIES.get(usize::from(item) - 1) {
                Some(&(digits, true)) => env.send(0, SendShortMessage::silent(submit(0x81, digits))),
                Some(&(digits, false)) => env.send(0, SetUpCall::to(number(0x81, digits))),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

fn call(requested: Option<Requested<'_>>) -> CallControlAnswer {
    let Some(Requested::Call(address)) = requested else { return CallControlAnswer::allowed() };
    match &digits(address)[..] {
        BARRED => CallControlAnswer::not_allowed(),
        SHORT => CallControlAnswer::modified(CallChanges {
            address: Some(number(0x91, LONG)),
            alpha: Some(AlphaIdentifier { text: b"Our line".to_vec() }),
            ..CallChanges::default()
        }),
        BALANCE => CallControlAnswer::modified(CallChanges {
            ussd: Some(UssdString { coding: 0x0F, string: USSD.to_vec() }),
            ..CallChanges::default()
        }),
        _ => CallControlAnswer::allowed(),
    }
}

fn message(destination: Option<&Address>) -> MoSmsControlAnswer {
    match destination.map(digits).as_deref() {
        Some(PREMIUM) => MoSmsControlAnswer::not_allowed(),
        Some(LONG) => MoSmsControlAnswer::allowed(),
        _ => MoSmsControlAnswer::modified(SmsChanges {
            service_centre: Some(number(0x81, CENTRE)),
            destination: Some(number(0x91, LONG)),
            alpha: None,
        }),
    }
}

fn digits(address: &Address) -> String {
    bcd::to_dialling(&bcd::unpack(&address.digits))
}

fn number(ton_npi: u8, digits: &str) -> Address {
    let halves: Vec<u8> = digits.chars().filter_map(bcd::from_dialling).collect();
    Address { ton_npi, digits: bcd::pack(&halves) }
}

/// The octets of an SMS-SUBMIT of one octet to this number.
fn submit(kind: u8, digits: &str) -> Vec<u8> {
    let address = number(kind, digits);
    let mut tpdu = vec![0x01, 0x00, digits.len() as u8, kind];
    tpdu.extend(address.digits);
    tpdu.extend([0x00, 0x04, 0x01, 0x41]);
    tpdu
}

/// A phone with a card of the gatekeeper, and a network that answers at once.
struct Line {
    phone: Terminal,
    card: Card,
    network: Network,
    /// What has gone out, and what the user has seen and heard.
    said: Vec<String>,
    responses: Vec<TerminalResponse>,
    decisions: Vec<Decision>,
}

impl Line {
    fn new(platform: Platform, controls: bool) -> Self {
        let image = Image { platform, ..Profile { controls, ..Profile::default() }.image() };
        let mut network = Network::default();
        network.numbers.insert("123".into(), Callee::Answers);
        network.numbers.insert(format!("+{LONG}"), Callee::Answers);
        network.numbers.insert("112".into(), Callee::Answers);
        network.ussd.insert("*100#".into(), "5 EUR".into());
        let mut line = Self {
            phone: Terminal::new(Config::default()),
            card: Card::from_image(&image).unwrap().with_applet(Gatekeeper),
            network,
            said: Vec::new(),
            responses: Vec::new(),
            decisions: Vec::new(),
        };
        line.phone.switch_on(Instant::EPOCH);
        line.drain();
        assert!(line.phone.is_ready());
        line
    }

    /// What goes out and comes back when the user does this.
    fn user(&mut self, input: &User) -> Vec<String> {
        self.said.clear();
        self.phone.handle_user(input, Instant::EPOCH);
        self.drain();
        self.said.clone()
    }

    /// The same, when the applet does what its entry says, and the user lets it.
    fn entry(&mut self, item: u8) -> (Vec<String>, TerminalResponse) {
        self.said.clear();
        self.responses.clear();
        self.phone.handle_user(&User::SelectMenu(item), Instant::EPOCH);
        self.drain();
        if self.responses.is_empty() {
            self.phone.handle_user(&User::Yes, Instant::EPOCH);
            self.drain();
        }
        let [response] = &self.responses[..] else { panic!("{:?}", self.responses) };
        (self.said.clone(), response.clone())
    }

    fn drain(&mut self) {
        let now = Instant::EPOCH;
        while let Some(output) = self.phone.poll_output() {
            match output {
                Output::PowerOn => {
                    let answer = self.card.power_on(now);
                    self.phone.handle_atr(&answer, now);
                }
                Output::Transmit(command) => {
                    let response = self.card.exchange(now, &command);
                    self.phone.handle_response(&response.to_bytes(), now);
                }
                Output::Network(request) => {
                    self.said.push(match &request {
                        NetworkRequest::Call { number, .. } => format!("call {number}"),
                        NetworkRequest::Ussd(text) => format!("ussd {}", text.to_text()),
                        other => format!("{other:?}"),
                    });
                    if let Some(event) = self.network.ask(&request) {
                        self.phone.handle_network(event, now);
                    }
                }
                Output::Submit { tpdu, service_centre } => {
                    let centre = service_centre.map_or_else(|| "its own".into(), |centre| centre.to_string());
                    self.said.push(format!("message {} through {centre}", hex::encode_upper(&tpdu[2..])));
                    self.phone.handle_submit_result(Ok(()), now);
                }
                Output::Screen(Screen::Notice { text }) => self.said.push(text),
                Output::ApplicationSubmitted(result) => self.said.push(format!("{result:?}")),
                Output::Event(PhoneEvent::TerminalResponse(response)) => self.responses.push(*response),
                Output::Event(PhoneEvent::Controlled { decision, .. }) => self.decisions.push(decision),
                Output::Event(PhoneEvent::UssdAnswered(Ok(text))) => self.said.push(text.to_text()),
                _ => {}
            }
        }
    }

    fn send(&mut self, digits: &str) -> Vec<String> {
        self.said.clear();
        self.phone.submit_application(submit(0x81, digits), None, Instant::EPOCH);
        self.drain();
        self.said.clone()
    }
}

const PLATFORMS: [Platform; 2] = [Platform::Uicc, Platform::Sim];

#[test]
fn the_user_calls_whom_the_applet_lets() {
    for platform in PLATFORMS {
        let mut line = Line::new(platform, true);
        let mut dial = |digits: &str| {
            let said = line.user(&User::Dial(digits.into()));
            line.user(&User::HangUp);
            said
        };
        assert_eq!(dial("123"), ["call 123"]);
        assert_eq!(dial(SHORT), ["Our line", "call +15550100002"]);
        assert_eq!(dial(BALANCE), ["ussd *100#", "5 EUR"]);
        assert_eq!(dial(BARRED), [] as [&str; 0]);
        assert_eq!(dial("*100#"), ["ussd *100#", "5 EUR"]);
        assert_eq!(dial("112"), ["call 112"]);
        let kinds: Vec<bool> = line.decisions.iter().map(|decision| *decision == Decision::Allowed).collect();
        assert_eq!(kinds, [true, false, false, false, true], "112 is not asked about");
        assert_eq!(line.decisions[3], Decision::NotAllowed);
    }
}

#[test]
fn the_applets_own_calls_are_no_exception() {
    for platform in PLATFORMS {
        let mut line = Line::new(platform, true);
        let mut entry = |item| {
            let (said, response) = line.entry(item);
            line.user(&User::HangUp);
            (said, response.result, response.answer)
        };
        let (said, result, answer) = entry(1);
        assert_eq!((said, result.general), (vec!["call 123".into()], GeneralResult::PERFORMED_SUCCESSFULLY));
        assert_eq!(answer, Answer::default());

        let modified = GeneralResult::PERFORMED_MODIFIED_BY_CALL_CONTROL;
        let (said, result, answer) = entry(2);
        assert_eq!((said, result.general), (vec!["Our line".into(), "call +15550100002".into()], modified));
        assert_eq!(answer, Answer::default());

        let (said, result, answer) = entry(3);
        assert_eq!((said, result.general), (vec!["ussd *100#".to_owned()], modified));
        let action = [&[0x8A, 0x06, 0x0F][..], &USSD].concat();
        assert_eq!(answer.control_action.map(|action| action.action), Some(action));
        assert_eq!(
            answer.second_result.map(|result| result.general),
            Some(GeneralResult::PERFORMED_SUCCESSFULLY)
        );
        assert_eq!(answer.second_text.map(|text| text.to_text()).as_deref(), Some("5 EUR"));

        let (said, result, _) = entry(4);
        assert_eq!(said, [] as [&str; 0]);
        assert_eq!(result.problem(), Some(Problem::CallControl(CallControlProblem::ACTION_NOT_ALLOWED)));
    }
}

#[test]
fn messages_go_where_the_applet_lets_them_go() {
    for platform in PLATFORMS {
        let mut line = Line::new(platform, true);
        let redirected = "message 0B915155100000F200040141 through 4321";
        assert_eq!(line.send("123"), [redirected, "Ok(())"]);
        assert_eq!(line.send(PREMIUM), ["Err(NotAllowed)"]);
        assert_eq!(line.send(LONG), ["message 0B815155100000F200040141 through +15550100000", "Ok(())"]);
        let (said, response) = line.entry(5);
        assert_eq!(said, [redirected]);
        assert_eq!(response.result.general, GeneralResult::PERFORMED_MODIFIED_BY_CALL_CONTROL);
        let (said, response) = line.entry(6);
        assert_eq!(said, [] as [&str; 0]);
        let not_allowed = Problem::CallControl(CallControlProblem::ACTION_NOT_ALLOWED);
        assert_eq!(response.result.problem(), Some(not_allowed));
    }
}

#[test]
fn an_applet_on_a_card_without_the_services_is_not_asked() {
    for platform in PLATFORMS {
        let mut line = Line::new(platform, false);
        assert_eq!(line.user(&User::Dial("123".into())), ["call 123"]);
        assert_eq!(line.send(PREMIUM), ["message 038188F800040141 through +15550100000", "Ok(())"]);
        assert_eq!(line.decisions, []);
    }
}
