//! CLOSE CHANNEL, SEND DATA, RECEIVE DATA, GET CHANNEL STATUS.

mod link;
mod open;

use oxisim_toolkit::{
    Answer, Problem,
    codes::{BipProblem, Device, GeneralResult},
    command::{CloseChannel, ReceiveData, SendData},
    objects::{ChannelData, ChannelDataLength, ChannelStatus},
};

use crate::{
    ChannelRequest, Output, Terminal,
    channel::{Channel, Link, NoChannel, length},
    session::{Job, Outcome, Task},
};

/// Octets of channel data that a TERMINAL RESPONSE has room for.
const DATA_LIMIT: u8 = 237;

impl Terminal {
    pub(super) fn close_channel(&mut self, job: &Job, device: Device, command: &CloseChannel) -> Outcome {
        let number = channel_number(device);
        let channel = match self.channels.get(number) {
            Ok(channel) => channel,
            Err(none) => return missing(job, none),
        };
        let request = if channel.is_server() && job.qualifier(1) {
            let was_up = channel.link == Link::Up;
            channel.link = Link::Listening;
            channel.clear();
            was_up.then_some(ChannelRequest::Disconnect)
        } else {
            self.channels.close(number);
            Some(ChannelRequest::Close)
        };
        self.show_alpha(command.alpha.as_ref());
        if let Some(request) = request {
            self.output(Output::Channel { channel: number, request });
        }
        job.done()
    }

    pub(super) fn send_data(&mut self, job: &Job, device: Device, command: &SendData) -> Outcome {
        let number = channel_number(device);
        let channel = match self.channels.get(number) {
            Ok(channel) => channel,
            Err(none) => return missing(job, none),
        };
        if channel.link == Link::Dropped && !channel.reconnects() {
            return job.result(Problem::Bearer(BipProblem::CHANNEL_CLOSED));
        }
        let at_once = job.qualifier(1);
        if at_once && channel.link == Link::Listening {
            return job.result(Problem::Bearer(BipProblem::REMOTE_DEVICE_NOT_REACHABLE));
        }
        if !channel.store(&command.data.data) {
            return job.result(Problem::Bearer(BipProblem::BUFFER_SIZE_NOT_AVAILABLE));
        }
        if !at_once {
            return stored(job, channel);
        }
        let link = channel.link;
        self.show_alpha(command.alpha.as_ref());
        match link {
            Link::Up => return self.flush(job, number),
            Link::Down | Link::Dropped => self.link_up(number),
            Link::Opening | Link::Reopening | Link::Listening => {}
        }
        Outcome::Wait(Task::SendData(number))
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
        self.show_alpha(command.alpha.as_ref());
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
