//! Where channels lead: hosts, and peers that connect to the card.

use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};
use core::net::IpAddr;

use oxisim_terminal::{ChannelError, ChannelEvent, ChannelRequest, Transport};
use oxisim_wire::{Duration, Instant};

use crate::schedule::Schedule;

/// What carries the channels of a phone: an [`Internet`], or whatever a host has.
pub trait Carrier {
    /// Does what the phone asks of a channel.
    fn handle_channel(&mut self, channel: u8, request: ChannelRequest, now: Instant);

    /// Does what time has come for.
    fn handle_timeout(&mut self, now: Instant);

    /// When [`Self::handle_timeout`] is to be called, at the latest. The answer may change with every other call.
    #[must_use]
    fn poll_timeout(&self) -> Option<Instant>;

    /// The next thing that happens to a channel. `room` says how many octets the phone takes of it now
    /// ([`Terminal::channel_room`](oxisim_terminal::Terminal::channel_room)): more of TCP waits. So the answer may
    /// change when the card has read data, too.
    #[must_use]
    fn poll_event(&mut self, room: &dyn Fn(u8) -> usize) -> Option<(u8, ChannelEvent)>;
}

/// What a host does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// It takes no connections, and no datagrams.
    Refuses,
    /// It takes what comes.
    Takes {
        /// What it sends back each time.
        answer: Reply,
        /// It ends the connection after so many octets; 0 for as soon as there is one. UDP has none.
        drops_after: Option<usize>,
    },
}

/// What a host sends back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing.
    Nothing,
    /// The same octets.
    Echo,
    /// These.
    Always(Vec<u8>),
    /// To these octets those; nothing to others.
    Each(Vec<(Vec<u8>, Vec<u8>)>),
}

/// Somebody who connects to a port of the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The port.
    pub port: u16,
    /// What it sends as soon as it is connected.
    pub sends: Vec<u8>,
    /// It leaves after so many octets of the card's; 0 for as soon as it has sent. `None` if it stays.
    pub leaves_after: Option<usize>,
}

/// What has become of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The peer.
    pub peer: Peer,
    /// What the card has sent it.
    pub received: Vec<u8>,
    /// How it stands.
    pub state: VisitState,
}

/// How a peer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitState {
    /// The port is another's for now.
    Waiting,
    /// It is connected.
    Connected,
    /// Nobody listens at the port, or not any more.
    Refused,
    /// It has left.
    Left,
    /// The card has ended the connection.
    Closed,
}

/// A simulated network of hosts and peers, without a clock of its own.
#[derive(Clone, Debug, Default)]
pub struct Internet {
    /// Hosts by transport, address and port; others are not there.
    pub hosts: BTreeMap<(Transport, IpAddr, u16), Host>,
    /// How long octets take, one way.
    pub latency: Duration,
    /// How long the phone tries to reach a host by TCP that is not there.
    pub patience: Duration,
    /// The peers that have come, in their order.
    pub visits: Vec<Visit>,
    /// The last time that it has been told.
    now: Instant,
    lines: BTreeMap<u8, Line>,
    /// Connections that there have been.
    count: u64,
    schedule: Schedule<Planned>,
    ready: VecDeque<Happening>,
}

/// A channel.
#[derive(Clone, Debug)]
struct Line {
    /// Its connection, or the one to come; what happens to another does not concern it.
    connection: u64,
    transport: Transport,
    /// The port where the card listens.
    listens: Option<u16>,
    other: Option<Other>,
    /// Octets that the phone has sent over the connection.
    taken: usize,
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug)]
enum Other {
    Host(IpAddr, u16),
    /// The peer of this visit.
    Peer(usize),
}

#[derive(Clone, Debug)]
enum Planned {
    Happening(Happening),
    Arrival(Peer),
}

#[derive(Clone, Debug)]
struct Happening {
    channel: u8,
    connection: u64,
    event: ChannelEvent,
}

impl Host {
    /// A host that takes what comes and answers like this.
    #[must_use]
    pub const fn that(answer: Reply) -> Self {
        Self::Takes { answer, drops_after: None }
    }
}

impl Reply {
    fn to(&self, octets: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Nothing => None,
            Self::Echo => Some(octets.to_vec()),
            Self::Always(answer) => Some(answer.clone()),
            Self::Each(answers) => {
                answers.iter().find(|(asked, _)| asked == octets).map(|(_, answer)| answer.clone())
            }
        }
    }
}

impl Internet {
    /// Lets a peer connect at a time.
    pub fn connect(&mut self, at: Instant, peer: Peer) {
        self.schedule.plan(at, Planned::Arrival(peer));
    }

    /// Connects a channel to a host.
    fn open(&mut self, channel: u8, place: (Transport, IpAddr, u16), now: Instant) {
        let (transport, address, port) = place;
        let host = self.hosts.get(&place);
        let other = host.is_some().then_some(Other::Host(address, port));
        let round_trip = now + self.latency + self.latency;
        let (at, event, ends) = match (transport, host) {
            (Transport::Udp, _) => (now, ChannelEvent::Opened, false),
            (Transport::Tcp, None) => {
                (now + self.patience, ChannelEvent::Failed(ChannelError::Unreachable), false)
            }
            (Transport::Tcp, Some(Host::Refuses)) => {
                (round_trip, ChannelEvent::Failed(ChannelError::Unreachable), false)
            }
            (Transport::Tcp, Some(Host::Takes { drops_after, .. })) => {
                (round_trip, ChannelEvent::Opened, *drops_after == Some(0))
            }
        };
        let connection = self.connection();
        self.lines.insert(channel, Line { connection, transport, listens: None, other, taken: 0 });
        self.plan(at, channel, event);
        if ends {
            self.plan(at, channel, ChannelEvent::Dropped);
        }
    }

    fn listen(&mut self, channel: u8, port: u16, now: Instant) {
        let is_taken = self.lines.values().any(|line| line.listens == Some(port));
        let listens = (!is_taken).then_some(port);
        let connection = self.connection();
        let line = Line { connection, transport: Transport::Tcp, listens, other: None, taken: 0 };
        self.lines.insert(channel, line);
        let event =
            if is_taken { ChannelEvent::Failed(ChannelError::PortTaken) } else { ChannelEvent::Listening };
        self.plan(now, channel, event);
    }

    /// Carries octets of the phone.
    fn send(&mut self, channel: u8, octets: &[u8], now: Instant) {
        let Some(line) = self.lines.get_mut(&channel) else { return };
        let before = line.taken;
        line.taken += octets.len();
        let (taken, is_tcp) = (line.taken, line.transport == Transport::Tcp);
        let (answer, limit) = match line.other {
            Some(Other::Host(address, port)) => match self.hosts.get(&(line.transport, address, port)) {
                Some(Host::Takes { answer, drops_after }) => (answer.to(octets), *drops_after),
                Some(Host::Refuses) | None => (None, None),
            },
            Some(Other::Peer(visit)) => {
                let Some(visit) = self.visits.get_mut(visit) else { return };
                visit.received.extend_from_slice(octets);
                (None, visit.peer.leaves_after)
            }
            None => (None, None),
        };
        let at = now + self.latency + self.latency;
        if let Some(answer) = answer {
            self.plan(at, channel, ChannelEvent::Received(answer));
        }
        if is_tcp && limit.is_some_and(|limit| before < limit && limit <= taken) {
            self.plan(at, channel, ChannelEvent::Dropped);
        }
    }

    /// A peer comes to its port.
    fn arrive(&mut self, peer: Peer, now: Instant) {
        let line = self.lines.iter().find(|(_, line)| line.listens == Some(peer.port));
        let (state, free) = match line {
            Some((&channel, Line { other: None, .. })) => (VisitState::Waiting, Some(channel)),
            Some(_) => (VisitState::Waiting, None),
            None => (VisitState::Refused, None),
        };
        self.visits.push(Visit { peer, received: Vec::new(), state });
        if let Some(channel) = free {
            self.accept(channel, now);
        }
    }

    /// Connects the peer that waits longest for the port of a channel, if the channel is free.
    fn accept(&mut self, channel: u8, now: Instant) {
        let Some(line) = self.lines.get_mut(&channel).filter(|line| line.other.is_none()) else { return };
        let waits =
            |visit: &Visit| visit.state == VisitState::Waiting && Some(visit.peer.port) == line.listens;
        let Some(place) = self.visits.iter().position(waits) else { return };
        let Some(visit) = self.visits.get_mut(place) else { return };
        visit.state = VisitState::Connected;
        line.other = Some(Other::Peer(place));
        line.taken = 0;
        let (sends, leaves) = (visit.peer.sends.clone(), visit.peer.leaves_after == Some(0));
        let at = now + self.latency;
        self.plan(at, channel, ChannelEvent::Opened);
        if !sends.is_empty() {
            self.plan(at, channel, ChannelEvent::Received(sends));
        }
        if leaves {
            self.plan(at, channel, ChannelEvent::Dropped);
        }
    }

    /// The connection of a channel is over; what was on its way over it is lost.
    fn end(&mut self, channel: u8, state: VisitState) {
        let connection = self.connection();
        let Some(line) = self.lines.get_mut(&channel) else { return };
        line.connection = connection;
        if let Some(Other::Peer(visit)) = line.other.take()
            && let Some(visit) = self.visits.get_mut(visit)
        {
            visit.state = state;
        }
    }

    fn close(&mut self, channel: u8) {
        self.end(channel, VisitState::Closed);
        let port = self.lines.remove(&channel).and_then(|line| line.listens);
        let waiting =
            |visit: &&mut Visit| visit.state == VisitState::Waiting && Some(visit.peer.port) == port;
        for visit in self.visits.iter_mut().filter(waiting) {
            visit.state = VisitState::Refused;
        }
    }

    fn plan(&mut self, at: Instant, channel: u8, event: ChannelEvent) {
        if let Some(&Line { connection, .. }) = self.lines.get(&channel) {
            self.schedule.plan(at, Planned::Happening(Happening { channel, connection, event }));
        }
    }

    /// A number that no connection has had.
    const fn connection(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// The line of something that happens, if it still concerns it.
    fn line(&self, happening: &Happening) -> Option<&Line> {
        self.lines.get(&happening.channel).filter(|line| line.connection == happening.connection)
    }
}

impl Carrier for Internet {
    fn handle_channel(&mut self, channel: u8, request: ChannelRequest, now: Instant) {
        match request {
            ChannelRequest::Open { transport, host, port } => {
                self.open(channel, (transport, host, port), now);
            }
            ChannelRequest::Listen { port } => self.listen(channel, port, now),
            ChannelRequest::Send(octets) => self.send(channel, &octets, now),
            ChannelRequest::Disconnect => {
                self.end(channel, VisitState::Closed);
                self.accept(channel, now);
            }
            ChannelRequest::Close => self.close(channel),
        }
        self.handle_timeout(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        while let Some(planned) = self.schedule.take_due(now) {
            match planned {
                Planned::Happening(happening) => self.ready.push_back(happening),
                Planned::Arrival(peer) => self.arrive(peer, now),
            }
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.schedule.next()
    }

    fn poll_event(&mut self, room: &dyn Fn(u8) -> usize) -> Option<(u8, ChannelEvent)> {
        let mut place = 0;
        let mut full = Vec::new();
        while let Some(happening) = self.ready.get(place) {
            let channel = happening.channel;
            let Some(is_tcp) = self.line(happening).map(|line| line.transport == Transport::Tcp) else {
                self.ready.remove(place);
                continue;
            };
            let room = room(channel);
            let octets = match &happening.event {
                ChannelEvent::Received(octets) if is_tcp => octets.len(),
                _ => 0,
            };
            if full.contains(&channel) || (octets > 0 && room == 0) {
                full.push(channel);
                place += 1;
                continue;
            }
            if octets > room
                && let Some(Happening { event: ChannelEvent::Received(octets), .. }) =
                    self.ready.get_mut(place)
            {
                let rest = octets.split_off(room);
                return Some((channel, ChannelEvent::Received(core::mem::replace(octets, rest))));
            }
            let event = self.ready.remove(place)?.event;
            match event {
                ChannelEvent::Dropped => {
                    self.end(channel, VisitState::Left);
                    self.accept(channel, self.now);
                }
                ChannelEvent::Failed(_) => self.close(channel),
                _ => {}
            }
            return Some((channel, event));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    const HOST: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 1));
    const NOW: Instant = Instant::EPOCH;

    fn internet(port: u16, host: Host) -> Internet {
        let mut internet = Internet::default();
        internet.hosts.insert((Transport::Tcp, HOST, port), host);
        internet
    }

    fn open(transport: Transport, port: u16) -> ChannelRequest {
        ChannelRequest::Open { transport, host: HOST, port }
    }

    fn events(internet: &mut Internet) -> Vec<ChannelEvent> {
        core::iter::from_fn(|| internet.poll_event(&|_| 1000)).map(|(_, event)| event).collect()
    }

    /// What happens when this is asked of channel 1.
    fn after(internet: &mut Internet, request: ChannelRequest) -> Vec<ChannelEvent> {
        internet.handle_channel(1, request, NOW);
        events(internet)
    }

    fn send(octets: &[u8]) -> ChannelRequest {
        ChannelRequest::Send(octets.to_vec())
    }

    #[test]
    fn hosts_answer_as_they_are_told() {
        for (reply, answers) in [
            (Reply::Echo, vec![ChannelEvent::Received(vec![5])]),
            (Reply::Always(vec![1, 2]), vec![ChannelEvent::Received(vec![1, 2])]),
            (Reply::Each(vec![(vec![5], vec![6])]), vec![ChannelEvent::Received(vec![6])]),
            (Reply::Each(vec![(vec![4], vec![6])]), vec![]),
            (Reply::Nothing, vec![]),
        ] {
            let mut internet = internet(7, Host::that(reply));
            assert_eq!(after(&mut internet, open(Transport::Tcp, 7)), [ChannelEvent::Opened]);
            assert_eq!(after(&mut internet, send(&[5])), answers);
        }
    }

    #[test]
    fn a_host_drops_the_connection_after_so_many_octets() {
        for (limit, sends) in [(0, vec![]), (3, vec![vec![], vec![ChannelEvent::Dropped], vec![]])] {
            let mut internet = internet(7, Host::Takes { answer: Reply::Nothing, drops_after: Some(limit) });
            let opened = after(&mut internet, open(Transport::Tcp, 7));
            assert_eq!(opened.contains(&ChannelEvent::Dropped), limit == 0);
            for events in sends {
                assert_eq!(after(&mut internet, send(&[1, 2])), events);
            }
        }
    }

    #[test]
    fn a_host_refuses_at_once_and_one_that_is_not_there_takes_patience() {
        let unreachable = ChannelEvent::Failed(ChannelError::Unreachable);
        let mut internet = internet(9, Host::Refuses);
        internet.patience = Duration::from_secs(75);
        assert_eq!(after(&mut internet, open(Transport::Tcp, 9)), core::slice::from_ref(&unreachable));
        assert_eq!(after(&mut internet, open(Transport::Tcp, 1)), []);
        assert_eq!(internet.poll_timeout(), Some(NOW + Duration::from_secs(75)));
        internet.handle_timeout(NOW + Duration::from_secs(75));
        assert_eq!(events(&mut internet), [unreachable]);
    }

    #[test]
    fn datagrams_to_nobody_are_lost_without_a_word() {
        let mut internet = internet(7, Host::that(Reply::Echo));
        assert_eq!(after(&mut internet, open(Transport::Udp, 7)), [ChannelEvent::Opened]);
        assert_eq!(after(&mut internet, send(&[1])), []);
        internet.hosts.insert((Transport::Udp, HOST, 7), Host::that(Reply::Echo));
        assert_eq!(after(&mut internet, open(Transport::Udp, 7)), [ChannelEvent::Opened]);
        assert_eq!(after(&mut internet, send(&[1])), [ChannelEvent::Received(vec![1])]);
    }

    #[test]
    fn octets_take_their_time_and_are_lost_with_the_connection() {
        let mut internet = internet(7, Host::that(Reply::Echo));
        internet.latency = Duration::from_millis(100);
        assert_eq!(after(&mut internet, open(Transport::Tcp, 7)), []);
        let later = NOW + Duration::from_millis(200);
        assert_eq!(internet.poll_timeout(), Some(later));
        internet.handle_timeout(later);
        assert_eq!(events(&mut internet), [ChannelEvent::Opened]);
        internet.handle_channel(1, send(&[1]), later);
        internet.handle_channel(1, ChannelRequest::Close, later);
        internet.handle_timeout(later + Duration::from_secs(1));
        assert_eq!(events(&mut internet), []);
    }

    #[test]
    fn tcp_keeps_back_what_the_phone_has_no_room_for_and_what_follows_it() {
        let mut internet = internet(7, Host::Takes { answer: Reply::Echo, drops_after: Some(3) });
        assert_eq!(after(&mut internet, open(Transport::Tcp, 7)), [ChannelEvent::Opened]);
        internet.handle_channel(1, send(&[1, 2, 3]), NOW);
        assert_eq!(internet.poll_event(&|_| 2), Some((1, ChannelEvent::Received(vec![1, 2]))));
        assert_eq!(internet.poll_event(&|_| 0), None);
        assert_eq!(events(&mut internet), [ChannelEvent::Received(vec![3]), ChannelEvent::Dropped]);
    }

    #[test]
    fn peers_come_one_after_another_while_the_card_listens() {
        let mut internet = Internet::default();
        let peer = |leaves_after| Peer { port: 80, sends: vec![1], leaves_after };
        let states =
            |internet: &Internet| -> Vec<_> { internet.visits.iter().map(|visit| visit.state).collect() };
        internet.connect(NOW, peer(None));
        internet.handle_timeout(NOW);
        assert_eq!(states(&internet), [VisitState::Refused]);
        assert_eq!(after(&mut internet, ChannelRequest::Listen { port: 80 }), [ChannelEvent::Listening]);
        for leaves_after in [Some(2), None, None] {
            internet.connect(NOW, peer(leaves_after));
        }
        internet.handle_timeout(NOW);
        let comes = [ChannelEvent::Opened, ChannelEvent::Received(vec![1])];
        assert_eq!(events(&mut internet), comes);
        assert_eq!(after(&mut internet, send(&[8, 9])), [ChannelEvent::Dropped]);
        assert_eq!(internet.visits[1].received, [8, 9]);
        internet.handle_timeout(NOW);
        assert_eq!(events(&mut internet), comes);
        assert_eq!(after(&mut internet, ChannelRequest::Disconnect), comes);
        let (refused, left, closed) = (VisitState::Refused, VisitState::Left, VisitState::Closed);
        assert_eq!(states(&internet), [refused, left, closed, VisitState::Connected]);
        internet.connect(NOW, peer(None));
        internet.handle_timeout(NOW);
        assert_eq!(after(&mut internet, ChannelRequest::Close), []);
        assert_eq!(states(&internet), [refused, left, closed, closed, refused]);
    }

    #[test]
    fn a_port_is_one_channels() {
        let mut internet = Internet::default();
        assert_eq!(after(&mut internet, ChannelRequest::Listen { port: 80 }), [ChannelEvent::Listening]);
        internet.handle_channel(2, ChannelRequest::Listen { port: 80 }, NOW);
        let taken = ChannelEvent::Failed(ChannelError::PortTaken);
        assert_eq!(internet.poll_event(&|_| 0), Some((2, taken)));
        internet.handle_channel(1, ChannelRequest::Close, NOW);
        internet.handle_channel(2, ChannelRequest::Listen { port: 80 }, NOW);
        assert_eq!(internet.poll_event(&|_| 0), Some((2, ChannelEvent::Listening)));
    }
}
