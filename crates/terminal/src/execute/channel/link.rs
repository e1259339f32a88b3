//! What happens to the links of channels, and who is told.

use oxisim_toolkit::{Problem, codes::BipProblem};

use crate::{
    ChannelError, ChannelEvent, ChannelRequest, Output, Terminal,
    channel::{Link, Way, length},
    envelope::CardEvent,
    session::{Session, Task},
};

impl Terminal {
    /// What happens to a channel; nothing of one that is closed, nor what cannot happen to its link as it is.
    pub(crate) fn channel_event(&mut self, number: u8, event: ChannelEvent) {
        let Ok(channel) = self.channels.get(number) else {
            return;
        };
        match (event, channel.link) {
            (ChannelEvent::Opened, Link::Opening | Link::Reopening) => self.linked(number, Link::Up),
            (ChannelEvent::Opened, Link::Listening) => {
                // Nothing of the one who was connected before is for this one, nor from it.
                channel.clear();
                self.linked(number, Link::Up);
            }
            (ChannelEvent::Listening, Link::Opening) => self.linked(number, Link::Listening),
            (ChannelEvent::Failed(error), Link::Opening | Link::Reopening) => self.unlinked(number, error),
            (ChannelEvent::Dropped, Link::Opening | Link::Reopening) => {
                self.unlinked(number, ChannelError::Unreachable);
            }
            (ChannelEvent::Received(octets), Link::Up) if channel.receive(&octets) => {
                let (status, length) = (channel.status(number), length(channel.available()));
                self.report(CardEvent::DataAvailable { status, length });
            }
            (ChannelEvent::Dropped, Link::Up) => {
                let renew = channel.reconnects() && channel.has_sent();
                let is_server = channel.is_server();
                channel.link = if is_server { Link::Listening } else { Link::Dropped };
                channel.discard();
                if renew {
                    self.link_up(number);
                } else {
                    let status = channel.status(number);
                    self.report(CardEvent::ChannelStatus(status));
                }
            }
            _ => {}
        }
    }

    /// There is a link: whoever waits for it goes on, or else the card is told.
    fn linked(&mut self, number: u8, link: Link) {
        let Ok(channel) = self.channels.get(number) else { return };
        channel.link = link;
        let status = channel.status(number);
        match core::mem::take(&mut self.card.session) {
            Session::Executing(job, Task::OpenChannel { number: waiting, reduced, answer })
                if waiting == number =>
            {
                let outcome = self.channel_opened(&job, number, reduced, *answer);
                self.conclude(job, outcome);
            }
            Session::Executing(job, Task::SendData(waiting)) if waiting == number => {
                let outcome = self.flush(&job, number);
                self.conclude(job, outcome);
            }
            session => {
                self.card.session = session;
                self.report(CardEvent::ChannelStatus(status));
            }
        }
    }

    /// There is no link: a channel that was to have it at once is not opened, data for it are not kept, and if
    /// nobody waits for it, the card is told.
    fn unlinked(&mut self, number: u8, error: ChannelError) {
        let Ok(channel) = self.channels.get(number) else { return };
        channel.link = if channel.link == Link::Reopening { Link::Dropped } else { Link::Down };
        let status = channel.status(number);
        let problem = match error {
            ChannelError::Network { cause } => Problem::network(cause),
            ChannelError::Unreachable => Problem::Bearer(BipProblem::REMOTE_DEVICE_NOT_REACHABLE),
            ChannelError::PortTaken => Problem::Bearer(BipProblem::PORT_NOT_AVAILABLE),
            ChannelError::Security => Problem::Bearer(BipProblem::SECURITY_ERROR),
        };
        match core::mem::take(&mut self.card.session) {
            Session::Executing(job, Task::OpenChannel { number: waiting, answer, .. })
                if waiting == number =>
            {
                self.channels.close(number);
                let outcome = job.result_with(problem, *answer);
                self.conclude(job, outcome);
            }
            Session::Executing(job, Task::SendData(waiting)) if waiting == number => {
                channel.discard();
                let outcome = job.result(problem);
                self.conclude(job, outcome);
            }
            session => {
                self.card.session = session;
                self.report(CardEvent::ChannelStatus(status));
            }
        }
    }

    /// Asks for the link of a channel.
    pub(super) fn link_up(&mut self, number: u8) {
        let Ok(channel) = self.channels.get(number) else { return };
        channel.begin_link();
        let request = match channel.way {
            Way::Client { transport, host, port } => ChannelRequest::Open { transport, host, port },
            Way::Server { port } => ChannelRequest::Listen { port },
        };
        self.output(Output::Channel { channel: number, request });
    }
}
