//! The SMS centre that serves the phone, at the other end of a connection.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    net::{Shutdown, TcpStream, ToSocketAddrs},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender},
    thread,
    time::Duration as StdDuration,
};

use oxisim_sms::{Address, tpdu::DeliverReport};
use oxisim_smsc::{NotTaken, Station, StationOutput};
use oxisim_terminal::{Service, SubmitError};
use oxisim_wire::Instant;

/// How long a connection may take, and how long the other side may take to read.
const PATIENCE: StdDuration = StdDuration::from_secs(10);
/// The pause before the next attempt; each is twice as long as the one before, up to the longest.
const FIRST_PAUSE: StdDuration = StdDuration::from_millis(500);
const LONGEST_PAUSE: StdDuration = StdDuration::from_secs(30);

/// What happens at the other end.
pub enum Happened {
    /// Something to tell.
    Said(String),
    /// What the network offers from now on.
    Service(Service),
    /// A TPDU has come.
    Deliver {
        /// The TPDU.
        tpdu: Vec<u8>,
        /// The service centre.
        service_centre: Option<Address>,
    },
    /// What became of the message that was submitted.
    Submitted(Result<(), SubmitError>),
    /// What became of the word that there is room.
    MemoryAvailable(Result<(), SubmitError>),
}

/// The phone's end of the link. A thread connects, again and again, and reads.
pub struct Centre {
    address: String,
    station: Station,
    /// The service of a phone that is served.
    service: Service,
    is_served: bool,
    /// Why there was no service, as far as it has been told.
    told: Option<String>,
    inputs: Receiver<Input>,
    /// For the thread; none once it has begun.
    sender: Option<SyncSender<Input>>,
    stream: Option<TcpStream>,
    /// Dropped, it ends the thread.
    ends: Option<Sender<()>>,
    happened: VecDeque<Happened>,
}

enum Input {
    Connected(TcpStream),
    Octets(Vec<u8>),
    /// There is no connection any more, or there could be none.
    Gone(String),
}

impl Centre {
    /// The centre at this address, for a phone with this number; nothing is done before [`Centre::begin`].
    pub fn new(address: &str, number: Address, service: Service) -> Self {
        let (sender, inputs) = mpsc::sync_channel(16);
        Self {
            address: address.into(),
            station: Station::new(number),
            service,
            is_served: false,
            told: None,
            inputs,
            sender: Some(sender),
            stream: None,
            ends: None,
            happened: VecDeque::new(),
        }
    }

    /// Connects, if it has not begun to.
    pub fn begin(&mut self) {
        if let Some(sender) = self.sender.take() {
            let (ends, ended) = mpsc::channel();
            self.ends = Some(ends);
            let address = self.address.clone();
            thread::spawn(move || keep_connected(&address, &sender, &ended));
        }
    }

    /// Whether the centre serves the phone.
    pub const fn is_served(&self) -> bool {
        self.is_served
    }

    /// Sends a TPDU.
    pub fn submit(&mut self, tpdu: Vec<u8>, service_centre: Option<Address>, now: Instant) {
        self.station.submit(tpdu, service_centre, now);
    }

    /// Tells the centre that there is room.
    pub fn memory_available(&mut self, now: Instant) {
        self.station.memory_available(now);
    }

    /// Answers the oldest message that has come and has no answer.
    pub fn report(&mut self, report: &DeliverReport) {
        self.station.report(report);
    }

    /// The message that came last gets no answer.
    pub fn forget(&mut self) {
        self.station.forget();
    }

    /// When [`Centre::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.station.poll_timeout()
    }

    /// Gives up what has not been answered in time.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.station.handle_timeout(now);
    }

    /// Waits until something comes, but not for longer.
    pub fn wait(&mut self, longest: StdDuration) {
        match self.inputs.recv_timeout(longest) {
            Ok(input) => self.input(input),
            Err(RecvTimeoutError::Timeout) => {}
            // No thread sends yet.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(longest),
        }
    }

    /// What has happened.
    pub fn poll(&mut self) -> Option<Happened> {
        while self.happened.is_empty() {
            let output = self.station.poll_output()?;
            self.output(output);
        }
        self.happened.pop_front()
    }

    fn input(&mut self, input: Input) {
        match input {
            Input::Connected(stream) => {
                self.stream = Some(stream);
                self.station.handle_connected();
            }
            Input::Octets(octets) => self.station.handle_octets(&octets),
            Input::Gone(reason) => {
                self.stream = None;
                self.station.handle_disconnected();
                if self.told.as_ref() != Some(&reason) {
                    let line = format!("has no service: {}: {reason}", self.address);
                    self.happened.push_back(Happened::Said(line));
                    self.told = Some(reason);
                }
            }
        }
    }

    fn output(&mut self, output: StationOutput) {
        match output {
            StationOutput::Send(octets) => {
                let sent = self.stream.as_mut().map_or(Ok(()), |stream| stream.write_all(&octets));
                if sent.is_err() {
                    self.disconnect();
                }
            }
            StationOutput::Served(centre) => {
                self.is_served = true;
                self.told = None;
                self.happened.push_back(Happened::Said(format!("is served by the centre {centre}")));
                self.happened.push_back(Happened::Service(self.service.clone()));
            }
            StationOutput::NotServed => {
                self.is_served = false;
                self.happened.push_back(Happened::Service(Service::None));
            }
            StationOutput::Disconnect(error) => {
                let line = format!("ends the connection: no centre answers so: {error}");
                self.happened.push_back(Happened::Said(line));
                self.disconnect();
            }
            StationOutput::Deliver { tpdu, service_centre } => {
                self.happened.push_back(Happened::Deliver { tpdu, service_centre });
            }
            StationOutput::Submitted(result) => {
                self.happened.push_back(Happened::Submitted(result.map_err(not_sent)));
            }
            StationOutput::MemoryAvailable(result) => {
                self.happened.push_back(Happened::MemoryAvailable(result.map_err(not_sent)));
            }
        }
    }

    /// The thread finds out, and says so.
    fn disconnect(&mut self) {
        if let Some(stream) = self.stream.take() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Centre {
    fn drop(&mut self) {
        self.disconnect();
    }
}

const fn not_sent(reason: NotTaken) -> SubmitError {
    match reason {
        NotTaken::NoService => SubmitError::NotSent,
        NotTaken::Refused(cause) => SubmitError::Relay { cause: cause.0 },
    }
}

/// Connects and reads, until nobody listens any more.
fn keep_connected(address: &str, inputs: &SyncSender<Input>, ended: &Receiver<()>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let gone = match connect(address) {
            Ok(stream) => match read(stream, inputs) {
                Ok(octets) => {
                    if octets > 0 {
                        pause = FIRST_PAUSE;
                    }
                    "the connection is gone".to_owned()
                }
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        if inputs.send(Input::Gone(gone)).is_err() {
            return;
        }
        match ended.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            _ => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn connect(address: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "no such host");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(PATIENCE))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Hands over what comes, until the end; how many octets there were.
fn read(mut stream: TcpStream, inputs: &SyncSender<Input>) -> io::Result<usize> {
    let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    inputs.send(Input::Connected(stream.try_clone()?)).map_err(gone)?;
    let mut total: usize = 0;
    let mut buffer = [0; 4096];
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        total = total.saturating_add(count);
        inputs.send(Input::Octets(buffer[..count].to_vec())).map_err(gone)?;
    }
}
