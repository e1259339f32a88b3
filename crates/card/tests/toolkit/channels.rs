//! Whose channels of the terminal are (TS 102 268, `CRE_PCS_PCCO`, `CRE_APT_EDDA`, `CRE_APT_EDCS`).

use std::sync::{Arc, Mutex};

use oxisim_card::{AppletError, Env, Event, InstallParameters, ToolkitError, ToolkitEvent};
use oxisim_toolkit::{
    Command, CommandType, Proactive, TerminalResponse,
    codes::{Device, GeneralResult, TransportProtocol},
    command::{CloseChannel, DeclareService, OpenChannel, ReceiveData, SendData},
    objects::{ChannelStatus, CommandDetails, EventCode, ServiceRecord},
};

use crate::{
    phone::Phone,
    recorder::{Process, Recorder},
};

const EVENTS: [EventCode; 2] = [EventCode::DATA_AVAILABLE, EventCode::CHANNEL_STATUS];

/// One that does what `process` says when its entry is chosen, and hears of channels.
fn applet(name: u8, channels: u8, process: Process) -> Recorder {
    let install = |env: &mut Env<'_>| {
        env.registry().init_menu_entry(*b"x")?;
        env.registry().set_event_list(&EVENTS.map(ToolkitEvent::EventDownload))
    };
    let parameters = InstallParameters { channels, ..InstallParameters::default() };
    Recorder::new(name, install, process).with_parameters(parameters)
}

fn open(env: &mut Env<'_>) -> Result<(), AppletError> {
    env.send(1, OpenChannel::to(TransportProtocol::UDP_CLIENT_REMOTE, [1; 4], 80, 100))
}

fn about_channel(body: impl Into<Proactive>, channel: u8) -> Command {
    Command::new(0, 0, body).to(Device(Device::CHANNEL_1.0 + channel - 1))
}

fn close(env: &mut Env<'_>, channel: u8) -> Result<(), AppletError> {
    env.send_command(about_channel(CloseChannel::silent(), channel))
}

fn send(env: &mut Env<'_>, channel: u8) -> Result<(), AppletError> {
    env.send_command(about_channel(SendData::new(vec![1]), channel))
}

fn receive(env: &mut Env<'_>, channel: u8) -> Result<(), AppletError> {
    env.send_command(about_channel(ReceiveData::new(1), channel))
}

fn declare(env: &mut Env<'_>, qualifier: u8, service: u8) -> Result<(), AppletError> {
    let record = ServiceRecord { technology: 0, service, record: vec![0] };
    env.send(qualifier, DeclareService { record, transport: None })
}

fn refused(kind: CommandType) -> Result<(), AppletError> {
    Err(AppletError::Toolkit(ToolkitError::CommandNotAllowed(kind)))
}

/// A phone with these applets, which has told that it can do everything.
fn phone(applets: impl IntoIterator<Item = Recorder>) -> Phone {
    let mut phone = Phone::with(applets);
    phone.run(&format!("80100000 20 {}", "FF".repeat(32)));
    phone
}

/// Chooses an entry of the menu.
fn choose(phone: &mut Phone, item: u8) -> String {
    phone.send(&format!("80C20000 09 D307820201819001{item:02X}"))
}

/// Carries the command out that waits, an OPEN CHANNEL that gets this channel.
fn opened(phone: &mut Phone, status: &str, result: GeneralResult, channel: u8) -> String {
    let details = phone.fetch(status).details;
    assert_eq!(details.kind, CommandType::OPEN_CHANNEL);
    let mut response = TerminalResponse::new(details, result);
    response.answer.channel_status = vec![ChannelStatus { status: 0x80 | channel, information: 0 }];
    let data = response.encode();
    phone.send(&format!("80140000 {:02X} {}", data.len(), hex::encode(data)))
}

/// Tells of data on a channel, and of its status.
fn tell(phone: &mut Phone, channel: u8) {
    phone.run(&format!("80C20000 10 D60E99010982028281B8028{channel}00B70101"));
    phone.run(&format!("80C20000 0D D60B99010A820282 81B8028{channel}00"));
}

fn take(heard: &Arc<Mutex<Vec<String>>>) -> Vec<String> {
    std::mem::take(&mut *heard.lock().unwrap())
}

#[test]
fn an_applet_without_channels_opens_none() {
    let heard = Arc::default();
    let mut phone = phone([applet(b'A', 0, |event, env| match event {
        Event::MenuSelection { .. } => {
            assert_eq!(open(env), refused(CommandType::OPEN_CHANNEL));
            assert_eq!(send(env, 1), refused(CommandType::SEND_DATA));
            assert_eq!(receive(env, 1), refused(CommandType::RECEIVE_DATA));
            assert_eq!(close(env, 1), refused(CommandType::CLOSE_CHANNEL));
            Ok(())
        }
        _ => Ok(()),
    })
    .told_to(&heard)]);
    assert_eq!(choose(&mut phone, 1), "9000");
    assert_eq!(take(&heard).len(), 1);
}

#[test]
fn an_applet_has_as_many_channels_as_its_parameters_allow_those_included_that_it_has_asked_for() {
    let mut phone = phone([applet(b'A', 2, |event, env| match event {
        Event::MenuSelection { .. } => {
            open(env)?;
            open(env)?;
            assert_eq!(open(env), refused(CommandType::OPEN_CHANNEL));
            Ok(())
        }
        Event::ProactiveResponse(response) if response.details.kind == CommandType::OPEN_CHANNEL => {
            let channel = response.answer.channel_status[0].status & 7;
            if response.result.general.is_performed() {
                assert_eq!(open(env), refused(CommandType::OPEN_CHANNEL));
                send(env, channel)
            } else {
                open(env)
            }
        }
        _ => Ok(()),
    })]);
    let first = choose(&mut phone, 1);
    let second = opened(&mut phone, &first, GeneralResult::PERFORMED_SUCCESSFULLY, 1);
    let data = opened(&mut phone, &second, GeneralResult::TERMINAL_CURRENTLY_UNABLE, 2);
    let details = phone.fetch(&data).details;
    assert_eq!(details.kind, CommandType::SEND_DATA);
    let third = phone.respond(&details, 0, &[]);
    assert_eq!(
        opened(&mut phone, &third, GeneralResult::PERFORMED_SUCCESSFULLY, 3).split_at(2).0,
        "91",
        "it has room again"
    );
}

/// Opens a channel when it is chosen first, and closes channel 1 when it is chosen next.
const OPENS_AND_CLOSES: Process = |event, env| match event {
    Event::MenuSelection { .. } => open(env).or_else(|_| close(env, 1)),
    _ => Ok(()),
};

#[test]
fn what_happens_on_a_channel_is_told_to_the_applet_that_has_opened_it_until_it_is_closed() {
    let heard = Arc::default();
    let others: Process = |event, env| match event {
        Event::MenuSelection { .. } => {
            assert_eq!(send(env, 1), refused(CommandType::SEND_DATA));
            assert_eq!(close(env, 1), refused(CommandType::CLOSE_CHANNEL));
            Ok(())
        }
        _ => Ok(()),
    };
    let mut phone =
        phone([applet(b'A', 1, OPENS_AND_CLOSES).told_to(&heard), applet(b'B', 1, others).told_to(&heard)]);
    tell(&mut phone, 1);
    assert_eq!(take(&heard), [""; 0], "nobody has it");
    let status = choose(&mut phone, 1);
    assert_eq!(opened(&mut phone, &status, GeneralResult::PERFORMED_WITH_PARTIAL_COMPREHENSION, 1), "9000");
    assert_eq!(choose(&mut phone, 2), "9000");
    take(&heard);
    tell(&mut phone, 1);
    tell(&mut phone, 2);
    assert_eq!(take(&heard), ["A event", "A event"]);
    let mut close = |result| {
        let status = choose(&mut phone, 1);
        let details = phone.fetch(&status).details;
        assert_eq!(details.kind, CommandType::CLOSE_CHANNEL);
        phone.respond(&details, result, &[]);
        take(&heard);
        tell(&mut phone, 1);
        take(&heard).len()
    };
    assert_eq!(close(0x20), 2, "it is not closed");
    assert_eq!(close(0x02), 0);
}

#[test]
fn a_reset_closes_every_channel() {
    let heard = Arc::default();
    let mut phone = phone([applet(b'A', 1, OPENS_AND_CLOSES).told_to(&heard)]);
    let status = choose(&mut phone, 1);
    opened(&mut phone, &status, GeneralResult::PERFORMED_SUCCESSFULLY, 1);
    phone.card.power_on(oxisim_wire::Instant::EPOCH);
    phone.run(&format!("80100000 20 {}", "FF".repeat(32)));
    take(&heard);
    tell(&mut phone, 1);
    assert_eq!(take(&heard), [""; 0]);
    let status = choose(&mut phone, 1);
    let details = CommandDetails { number: 1, kind: CommandType::OPEN_CHANNEL, qualifier: 1 };
    assert_eq!(phone.fetch(&status).details, details);
}

#[test]
fn a_service_is_declared_and_taken_back_by_the_applet_that_has_it() {
    let heard = Arc::default();
    let mut phone = phone([
        applet(b'A', 0, |event, env| match event {
            Event::MenuSelection { .. } => env.registry().allocate_service().map(|_| ()),
            _ => Ok(()),
        }),
        applet(b'B', 0, |event, env| match event {
            Event::MenuSelection { .. } => {
                for qualifier in [0, 1] {
                    assert_eq!(declare(env, qualifier, 0), refused(CommandType::DECLARE_SERVICE));
                    assert_eq!(declare(env, qualifier, 1), refused(CommandType::DECLARE_SERVICE));
                }
                let own = env.registry().allocate_service()?;
                assert_eq!(declare(env, 1, own), Ok(()));
                assert_eq!(declare(env, 0, own), Ok(()));
                Ok(())
            }
            _ => Ok(()),
        })
        .told_to(&heard),
    ]);
    phone.run("80C20000 09 D307820201819001 01");
    take(&heard);
    let declared = phone.run("80C20000 09 D307820201819001 02");
    let declared = declared.iter().filter(|body| body.kind() == CommandType::DECLARE_SERVICE);
    assert_eq!(declared.count(), 2);
    assert_eq!(take(&heard), ["B MenuSelection { item: 2 }", "B response 00", "B response 00"]);
}
