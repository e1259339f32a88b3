//! OPEN CHANNEL, CLOSE CHANNEL, SEND DATA, RECEIVE DATA, GET CHANNEL STATUS.

use core::net::IpAddr;

use oxisim_toolkit::{
    Answer, Problem,
    codes::{BipProblem, Device, GeneralResult},
    command::{OpenChannel, ReceiveData, SendData},
    objects::{self, BufferSize, ChannelData, ChannelDataLength, ChannelStatus},
};

use crate::{
    ChannelError, ChannelEvent, ChannelRequest, Output, Terminal, Transport,
    channel::{Channel, Link, NoChannel, Way, length},
    envelope::CardEvent,
    session::{Job, Outcome, Task},
};

/// The largest buffer that the phone grants, in octets.
const LARGEST: u16 = 1500;

/// Octets of channel data that a TERMINAL RESPONSE has room for.
const DATA_LIMIT: u8 = 237;

impl Terminal {
    pub(super) fn open_channel(&mut self, job: &Job, command: &OpenChannel) -> Outcome {
        let size = command.buffer.size.min(LARGEST);
        let answer = Answer {
            bearer: command.bearer.clone(),
            buffer_size: Some(BufferSize { size }),
            ..Answer::default()
        };
        let Some(way) = way(command) else {
            return job.result_with(Problem::Bearer(BipProblem::TRANSPORT_LEVEL_NOT_AVAILABLE), answer);
        };
        if !self.channels.has_room() {
            return job.result_with(Problem::Bearer(BipProblem::NO_CHANNEL_AVAILABLE), answer);
        }
        if size == 0 {
            return job.result_with(Problem::Bearer(BipProblem::BUFFER_SIZE_NOT_AVAILABLE), answer);
        }
        let Some(number) = self.channels.open(Channel::new(way, size)) else {
            return job.result_with(Problem::Bearer(BipProblem::NO_CHANNEL_AVAILABLE), answer);
        };
        self.show_alpha(command.alpha.as_ref());
        let is_background = job.qualifier(3);
        let is_server = matches!(way, Way::Server { .. });
        if is_server || job.qualifier(1) || is_background {
            self.link_up(number);
            if is_server || !is_background {
                let reduced = size != command.buffer.size;
                return Outcome::Wait(Task::OpenChannel { number, reduced, answer: answer.into() });
            }
        }
        self.channel_opened(job, number, size != command.buffer.size, answer)
    }

    fn channel_opened(&mut self, job: &Job, number: u8, reduced: bool, mut answer: Answer) -> Outcome {
        answer.channel_status.extend(self.channels.get(number).ok().map(|c| status(c, number)));
        if reduced {
            return job.result_with(GeneralResult::PERFORMED_WITH_MODIFICATION, answer);
        }
        job.done_with(answer)
    }

    pub(super) fn close_channel(&mut self, job: &Job, device: Device) -> Outcome {
        let number = channel_number(device);
        let channel = match self.channels.get(number) {
            Ok(channel) => channel,
            Err(none) => return missing(job, none),
        };
        if matches!(channel.way, Way::Server { .. }) && job.qualifier(1) {
            channel.link = Link::Listening;
            self.output(Output::Channel { channel: number, request: ChannelRequest::Disconnect });
        } else {
            self.channels.close(number);
            self.output(Output::Channel { channel: number, request: ChannelRequest::Close });
        }
        job.done()
    }

    pub(super) fn send_data(&mut self, job: &Job, device: Device, command: &SendData) -> Outcome {
        let number = channel_number(device);
        let channel = match self.channels.get(number) {
            Ok(channel) => channel,
            Err(none) => return missing(job, none),
        };
        if channel.link == Link::Dropped {
            return job.result(Problem::Bearer(BipProblem::CHANNEL_CLOSED));
        }
        if !channel.store(&command.data.data) {
            return job.result(Problem::Bearer(BipProblem::BUFFER_SIZE_NOT_AVAILABLE));
        }
        if !job.qualifier(1) {
            return stored(job, channel);
        }
        self.show_alpha(command.alpha.as_ref());
        match self.channels.get(number).map(|channel| channel.link) {
            Ok(Link::Up) => self.flush(job, number),
            Ok(Link::Listening) => job.result(Problem::Bearer(BipProblem::REMOTE_DEVICE_NOT_REACHABLE)),
            Ok(Link::Down) => {
                self.link_up(number);
                Outcome::Wait(Task::SendData(number))
            }
            _ => Outcome::Wait(Task::SendData(number)),
        }
    }

    /// Sends everything in the buffer.
    fn flush(&mut self, job: &Job, number: u8) -> Outcome {
        let Ok(channel) = self.channels.get(number) else {
            return missing(job, NoChannel::Closed);
        };
        let data = channel.take_outgoing();
        let outcome = stored(job, channel);
        self.output(Output::Channel { channel: number, request: ChannelRequest::Send(data) });
        outcome
    }

    pub(super) fn receive_data(&mut self, job: &Job, device: Device, command: &ReceiveData) -> Outcome {
        let channel = match self.channels.get(channel_number(device)) {
            Ok(channel) => channel,
            Err(none) => return missing(job, none),
        };
        let wanted = command.length.length;
        let data = channel.read(usize::from(wanted.min(DATA_LIMIT)));
        let is_less = data.len() < usize::from(wanted);
        let answer = Answer {
            channel_data: Some(ChannelData { data }),
            channel_length: Some(ChannelDataLength { length: length(channel.available()) }),
            ..Answer::default()
        };
        if is_less {
            return job.result_with(GeneralResult::PERFORMED_WITH_MISSING_INFORMATION, answer);
        }
        job.done_with(answer)
    }

    pub(super) fn get_channel_status(&mut self, job: &Job) -> Outcome {
        let mut channel_status: alloc::vec::Vec<_> =
            self.channels.iter().map(|(number, channel)| status(channel, number)).collect();
        if channel_status.is_empty() {
            channel_status.push(ChannelStatus { status: 0, information: 0 });
        }
        job.done_with(Answer { channel_status, ..Answer::default() })
    }

    /// What happens to a channel; nothing of one that is closed.
    pub(crate) fn channel_event(&mut self, number: u8, event: ChannelEvent) {
        let Ok(channel) = self.channels.get(number) else {
            return;
        };
        match event {
            ChannelEvent::Opened | ChannelEvent::Listening => {
                channel.link = if event == ChannelEvent::Opened { Link::Up } else { Link::Listening };
                let status = channel.status(number);
                self.linked(number, status);
            }
            ChannelEvent::Failed(error) => {
                channel.link = Link::Down;
                self.unlinked(number, error);
            }
            ChannelEvent::Received(octets) => {
                if let (true, _) = channel.receive(&octets) {
                    let (status, length) = (channel.status(number), length(channel.available()));
                    self.report(CardEvent::DataAvailable { status, length });
                }
            }
            ChannelEvent::Dropped => {
                let is_server = matches!(channel.way, Way::Server { .. });
                channel.link = if is_server { Link::Listening } else { Link::Dropped };
                let status = channel.status(number);
                self.report(CardEvent::ChannelStatus(status));
                let dropped = Problem::Bearer(BipProblem::CHANNEL_CLOSED);
                self.finish_task(|task| *task == Task::SendData(number), |job, _| job.result(dropped));
            }
        }
    }

    /// There is a link: whoever waits for it goes on, or else the card is told.
    fn linked(&mut self, number: u8, status: [u8; 2]) {
        match core::mem::take(&mut self.card.session) {
            crate::session::Session::Executing(
                job,
                Task::OpenChannel { number: waiting, reduced, answer },
            ) if waiting == number => {
                let outcome = self.channel_opened(&job, number, reduced, *answer);
                self.conclude(job, outcome);
            }
            crate::session::Session::Executing(job, Task::SendData(waiting)) if waiting == number => {
                let outcome = self.flush(&job, number);
                self.conclude(job, outcome);
            }
            session => {
                self.card.session = session;
                self.report(CardEvent::ChannelStatus(status));
            }
        }
    }

    /// There is no link: a channel that was to have it at once is not opened.
    fn unlinked(&mut self, number: u8, error: ChannelError) {
        let problem = match error {
            ChannelError::Network { cause } => Problem::Network(cause.map_or(0, |cause| cause | 0x80)),
            ChannelError::Unreachable => Problem::Bearer(BipProblem::REMOTE_DEVICE_NOT_REACHABLE),
        };
        match core::mem::take(&mut self.card.session) {
            crate::session::Session::Executing(job, Task::OpenChannel { number: waiting, answer, .. })
                if waiting == number =>
            {
                self.channels.close(number);
                let outcome = job.result_with(problem, *answer);
                self.conclude(job, outcome);
            }
            crate::session::Session::Executing(job, Task::SendData(waiting)) if waiting == number => {
                let outcome = job.result(problem);
                self.conclude(job, outcome);
            }
            session => self.card.session = session,
        }
    }

    fn link_up(&mut self, number: u8) {
        let Ok(channel) = self.channels.get(number) else { return };
        channel.link = Link::Opening;
        let request = match channel.way {
            Way::Client { transport, host, port } => ChannelRequest::Open { transport, host, port },
            Way::Server { port } => ChannelRequest::Listen { port },
        };
        self.output(Output::Channel { channel: number, request });
    }
}

/// Where a channel is to lead; `None` if this phone has no such transport.
fn way(command: &OpenChannel) -> Option<Way> {
    let transport = command.transport.as_ref()?;
    // Both addresses have one tag: one alone is that of the host, which a client must have (TS 102 223 §6.6.27).
    let host = command.destination.as_ref().or(command.local.as_ref()).and_then(host);
    let client = |transport, port| Some(Way::Client { transport, host, port });
    match transport.protocol.0 {
        0x01 => client(Transport::Udp, transport.port),
        0x02 => client(Transport::Tcp, transport.port),
        0x03 => Some(Way::Server { port: transport.port }),
        _ => None,
    }
}

fn host(address: &objects::OtherAddress) -> Option<IpAddr> {
    let octets = &address.address[..];
    let four = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

const fn channel_number(device: Device) -> u8 {
    device.0.wrapping_sub(Device::CHANNEL_1.0).wrapping_add(1)
}

fn status(channel: &Channel, number: u8) -> ChannelStatus {
    let [status, information] = channel.status(number);
    ChannelStatus { status, information }
}

fn stored(job: &Job, channel: &Channel) -> Outcome {
    let channel_length = Some(ChannelDataLength { length: length(channel.free()) });
    job.done_with(Answer { channel_length, ..Answer::default() })
}

fn missing(job: &Job, none: NoChannel) -> Outcome {
    job.result(Problem::Bearer(match none {
        NoChannel::Invalid => BipProblem::CHANNEL_IDENTIFIER_NOT_VALID,
        NoChannel::Closed => BipProblem::CHANNEL_CLOSED,
    }))
}
