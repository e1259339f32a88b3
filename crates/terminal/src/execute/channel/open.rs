//! OPEN CHANNEL.

use alloc::boxed::Box;
use core::net::IpAddr;

use oxisim_toolkit::{
    Answer, Facility, Problem, TerminalProfile,
    codes::{BearerType, BipProblem, GeneralResult, TerminalProblem, TransportProtocol},
    command::OpenChannel,
    objects::{self, BufferSize, TransportLevel, alpha_text},
};

use super::status;
use crate::{
    ChannelRequest, Output, Screen, Terminal, Transport, User,
    channel::{Channel, Way},
    config::Service,
    session::{Job, Outcome, Task},
    timer::Timer,
};

/// The largest buffer that the phone grants, in octets.
const LARGEST: u16 = 1500;

impl Terminal {
    /// Opens a channel. Words for the user ask for consent; without any, or with empty ones, nobody is asked (TS 102
    /// 223 §6.4.27).
    pub(in crate::execute) fn open_channel(&mut self, job: &Job, command: OpenChannel) -> Outcome {
        if let Err(problem) = self.opens(&command) {
            return job.result_with(problem, answer(&command));
        }
        let Some(alpha) = command.alpha.as_ref().filter(|alpha| !alpha.text.is_empty()) else {
            return self.place_channel(job, &command);
        };
        self.show(Screen::Confirm { text: alpha_text(&alpha.text) });
        self.timers.set(Timer::Prompt, job.started + self.config.user_timeout);
        Outcome::Wait(Task::ConfirmChannel(Box::new(command)))
    }

    /// What the user says to a channel that the card wants.
    pub(crate) fn channel_confirmed(&mut self, job: Job, command: Box<OpenChannel>, input: &User) {
        let result = match input {
            User::Yes => {
                self.show_alpha(command.alpha.as_ref());
                let outcome = self.place_channel(&job, &command);
                return self.conclude(job, outcome);
            }
            User::No | User::Back | User::NoResponse => GeneralResult::USER_DID_NOT_ACCEPT,
            User::EndSession => GeneralResult::SESSION_TERMINATED_BY_USER,
            _ => return self.conclude(job, Outcome::Wait(Task::ConfirmChannel(command))),
        };
        self.timers.stop(Timer::Prompt);
        let outcome = job.result_with(result, answer(&command));
        self.conclude(job, outcome);
    }

    /// The user does not wait for the link of a channel.
    pub(crate) fn abandon_channel(&mut self, job: Job, number: u8, answer: Answer) {
        self.channels.close(number);
        self.output(Output::Channel { channel: number, request: ChannelRequest::Close });
        let outcome = job.result_with(GeneralResult::SESSION_TERMINATED_BY_USER, answer);
        self.conclude(job, outcome);
    }

    /// Whether there can be such a channel now.
    fn opens(&self, command: &OpenChannel) -> Result<(), objects::Outcome> {
        let way = way(command, &self.config.profile)?;
        if !matches!(way, Way::Server { .. }) && self.service == Service::None {
            return Err(Problem::Terminal(TerminalProblem::NO_SERVICE).into());
        }
        if !self.channels.has_room() {
            return Err(Problem::Bearer(BipProblem::NO_CHANNEL_AVAILABLE).into());
        }
        if command.buffer.size == 0 {
            return Err(Problem::Bearer(BipProblem::BUFFER_SIZE_NOT_AVAILABLE).into());
        }
        Ok(())
    }

    fn place_channel(&mut self, job: &Job, command: &OpenChannel) -> Outcome {
        let way = match way(command, &self.config.profile) {
            Ok(way) => way,
            Err(problem) => return job.result_with(problem, answer(command)),
        };
        let is_server = matches!(way, Way::Server { .. });
        let channel = Channel::new(way, command.buffer.size.min(LARGEST), job.qualifier(2));
        let Some(number) = self.channels.open(channel) else {
            return job.result_with(Problem::Bearer(BipProblem::NO_CHANNEL_AVAILABLE), answer(command));
        };
        let reduced = command.buffer.size > LARGEST;
        let in_background = job.qualifier(3);
        if is_server || job.qualifier(1) || in_background {
            self.link_up(number);
            if is_server || !in_background {
                return Outcome::Wait(Task::OpenChannel { number, reduced, answer: answer(command).into() });
            }
        }
        self.channel_opened(job, number, reduced, answer(command))
    }

    pub(super) fn channel_opened(
        &mut self,
        job: &Job,
        number: u8,
        reduced: bool,
        mut answer: Answer,
    ) -> Outcome {
        answer.channel_status.extend(self.channels.get(number).ok().map(|c| status(c, number)));
        if reduced {
            return job.result_with(GeneralResult::PERFORMED_WITH_MODIFICATION, answer);
        }
        job.done_with(answer)
    }
}

/// What every answer tells: the bearer, and the buffer that there is or would be.
fn answer(command: &OpenChannel) -> Answer {
    let size = command.buffer.size.min(LARGEST);
    Answer { bearer: command.bearer.clone(), buffer_size: Some(BufferSize { size }), ..Answer::default() }
}

/// Where a channel is to lead, if the profile announces it. The phone has its transport over packet bearers only, and
/// passes no packets of a bearer to the card without one.
fn way(command: &OpenChannel, profile: &TerminalProfile) -> Result<Way, objects::Outcome> {
    let level = command.transport.as_ref().filter(|level| announces(profile, LEVELS, level.protocol));
    if let Some(&TransportLevel { protocol: TransportProtocol::TCP_SERVER, port }) = level {
        return Ok(Way::Server { port });
    }
    let bearer = command.bearer.as_ref().ok_or(GeneralResult::REQUIRED_VALUES_MISSING)?.bearer;
    if bearer != BearerType::DEFAULT && !announces(profile, BEARERS, bearer) {
        return Err(GeneralResult::BEYOND_TERMINAL_CAPABILITIES.into());
    }
    let level = level.ok_or(Problem::Bearer(BipProblem::TRANSPORT_LEVEL_NOT_AVAILABLE))?;
    let is_udp = level.protocol == TransportProtocol::UDP_CLIENT_REMOTE;
    // Both addresses have one tag: one alone is that of the host, which a client must have (TS 102 223 §6.6.27).
    let host = command.destination.as_ref().or(command.local.as_ref()).and_then(host);
    let host = host.ok_or(GeneralResult::REQUIRED_VALUES_MISSING)?;
    let transport = if is_udp { Transport::Udp } else { Transport::Tcp };
    Ok(Way::Client { transport, host, port: level.port })
}

/// The bearers that the phone's network can be, besides the default one.
const BEARERS: &[(BearerType, Facility)] = &[
    (BearerType::PACKET_SERVICE, Facility::BearerGprs),
    (BearerType::UTRAN_EXTENDED, Facility::BearerHsdpa),
    (BearerType::E_UTRAN, Facility::BearerEutran),
];

/// The transport levels that the phone has.
const LEVELS: &[(TransportProtocol, Facility)] = &[
    (TransportProtocol::UDP_CLIENT_REMOTE, Facility::UdpClientRemote),
    (TransportProtocol::TCP_CLIENT_REMOTE, Facility::TcpClientRemote),
    (TransportProtocol::TCP_SERVER, Facility::TcpServer),
];

fn announces<T: Copy + PartialEq>(profile: &TerminalProfile, known: &[(T, Facility)], wanted: T) -> bool {
    known.iter().any(|(one, facility)| *one == wanted && profile.supports(*facility))
}

fn host(address: &objects::OtherAddress) -> Option<IpAddr> {
    let octets = &address.address[..];
    let four = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}
