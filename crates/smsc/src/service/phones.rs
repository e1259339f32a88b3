//! Phones on their connections.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use oxisim_sms::{Address, rp::MobileTerminated};
use oxisim_wire::{Instant, Wire};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time,
};

use super::{Passed, Watch};
use crate::{
    Centre, Number,
    link::{self, Frames},
};

/// How long a phone may take to say its number, and to read what it is sent.
const PATIENCE: Duration = Duration::from_secs(10);
/// Frames that may wait for a phone to read them.
const UNREAD: usize = 64;

/// What comes from a phone's connection, of which each has a number.
pub(super) enum Input {
    /// It has said its number, and takes frames.
    Attached { connection: u64, number: Number, frames: mpsc::Sender<Vec<u8>> },
    /// It has sent an RPDU.
    Rpdu { connection: u64, number: Number, rpdu: Vec<u8> },
    /// It is gone.
    Detached { connection: u64, number: Number },
}

/// The phones that are there.
pub(super) struct Phones {
    here: BTreeMap<Number, (u64, mpsc::Sender<Vec<u8>>)>,
    watch: Option<Watch>,
}

impl Phones {
    pub const fn new(watch: Option<Watch>) -> Self {
        Self { here: BTreeMap::new(), watch }
    }

    /// Takes what comes from a connection. What comes from one that another has replaced does not count.
    pub fn input(&mut self, input: Input, centre: &mut Centre, now: Instant) {
        match input {
            Input::Attached { connection, number, frames } => {
                if self.here.insert(number.clone(), (connection, frames)).is_some() {
                    centre.handle_detached(&number, now);
                }
                centre.handle_attached(&number, now);
            }
            Input::Rpdu { connection, number, rpdu } if self.is_current(&number, connection) => {
                self.tell(&number, false, &rpdu);
                centre.handle_rpdu(&number, &rpdu, now);
            }
            Input::Detached { connection, number } if self.is_current(&number, connection) => {
                self.here.remove(&number);
                centre.handle_detached(&number, now);
            }
            Input::Rpdu { .. } | Input::Detached { .. } => {}
        }
    }

    /// Sends to a phone. One that does not read is gone.
    pub fn send(&mut self, number: &Number, rpdu: &MobileTerminated, centre: &mut Centre, now: Instant) {
        let Some((_, frames)) = self.here.get(number) else { return };
        let rpdu = rpdu.encode();
        if frames.try_send(link::frame(&rpdu)).is_ok() {
            self.tell(number, true, &rpdu);
        } else {
            self.here.remove(number);
            centre.handle_detached(number, now);
        }
    }

    fn tell(&self, phone: &Number, is_sent: bool, rpdu: &[u8]) {
        if let Some(watch) = &self.watch {
            watch(&Passed::Rpdu { phone, is_sent, rpdu });
        }
    }

    fn is_current(&self, number: &Number, connection: u64) -> bool {
        self.here.get(number).is_some_and(|&(current, _)| current == connection)
    }
}

/// Lets phones connect.
pub(super) async fn accept(
    listener: TcpListener,
    centre: Address,
    limit: usize,
    inputs: mpsc::Sender<Input>,
) {
    let places = Arc::new(Semaphore::new(limit.max(1)));
    let mut tasks = JoinSet::new();
    let mut connections = 0;
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        while tasks.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, peer)) => {
                log::debug!("a phone connects from {peer}");
                connections += 1;
                let (greeting, inputs) = (link::greeting(&centre), inputs.clone());
                tasks.spawn(async move {
                    serve(stream, connections, greeting, inputs).await;
                    drop(place);
                });
            }
            // A connection that is gone already, or no more files: the next one may do.
            Err(error) => {
                log::warn!("a phone cannot connect: {error}");
                time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, connection: u64, greeting: Vec<u8>, inputs: mpsc::Sender<Input>) {
    let _ = stream.set_nodelay(true);
    let (mut reader, mut writer) = stream.into_split();
    let mut frames = Frames::default();
    let Ok(Some(number)) = time::timeout(PATIENCE, greeted(&mut reader, &mut frames)).await else {
        return log::info!("a connection without a phone's number is ended");
    };
    let (sender, mut unsent) = mpsc::channel(UNREAD);
    if !write(&mut writer, &greeting).await {
        return;
    }
    let attached = Input::Attached { connection, number: number.clone(), frames: sender };
    if inputs.send(attached).await.is_err() {
        return;
    }
    let mut octets = [0; 1024];
    'talk: loop {
        loop {
            match frames.poll_frame() {
                Ok(Some(rpdu)) => {
                    let rpdu = Input::Rpdu { connection, number: number.clone(), rpdu };
                    if inputs.send(rpdu).await.is_err() {
                        break 'talk;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    log::info!("the connection of phone {number} is ended: {error}");
                    break 'talk;
                }
            }
        }
        tokio::select! {
            read = reader.read(&mut octets) => match read {
                Ok(count @ 1..) => frames.handle_octets(&octets[..count]),
                _ => break,
            },
            frame = unsent.recv() => match frame {
                Some(frame) if write(&mut writer, &frame).await => {}
                _ => break,
            },
        }
    }
    let _ = inputs.send(Input::Detached { connection, number }).await;
}

/// The number in the first frame.
async fn greeted(reader: &mut OwnedReadHalf, frames: &mut Frames) -> Option<Number> {
    let mut octets = [0; 64];
    loop {
        if let Some(frame) = frames.poll_frame().ok()? {
            let number = Number::of(&link::greeted(&frame).ok()?);
            return number.filter(Number::is_of_phone);
        }
        let count = reader.read(&mut octets).await.ok().filter(|&count| count > 0)?;
        frames.handle_octets(&octets[..count]);
    }
}

async fn write(writer: &mut OwnedWriteHalf, octets: &[u8]) -> bool {
    matches!(time::timeout(PATIENCE, writer.write_all(octets)).await, Ok(Ok(())))
}
