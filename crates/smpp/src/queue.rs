//! Messages that wait to be sent, by whichever session is ready first.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{Answer, Failure, Message};

/// A message that waits, and who waits for its answer.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub message: Message,
    /// How often it has been refused because the other side had too much.
    pub throttled: u32,
    answer: oneshot::Sender<Answer>,
    room: Option<OwnedSemaphorePermit>,
}

impl Outgoing {
    /// Tells whoever waits.
    pub fn answer(self, answer: Answer) {
        // Who has gone does not want to know.
        let _ = self.answer.send(answer);
    }
}

/// The queue: bounded, and shared.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: Mutex<VecDeque<Outgoing>>,
    room: Arc<Semaphore>,
    /// Somebody has put in a message.
    pub filled: Notify,
}

impl Queue {
    pub fn new(limit: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            room: Arc::new(Semaphore::new(limit.max(1))),
            filled: Notify::new(),
        }
    }

    /// Puts in a message when there is room, and waits for its answer.
    pub async fn send(&self, message: Message) -> Answer {
        let room = Arc::clone(&self.room).acquire_owned().await.map_err(|_| Failure::Lost)?;
        let (answer, answered) = oneshot::channel();
        self.lock().push_back(Outgoing { message, throttled: 0, answer, room: Some(room) });
        if self.room.is_closed() {
            // Closed between the two: nobody takes it out.
            self.close();
        }
        self.filled.notify_one();
        answered.await.unwrap_or(Err(Failure::Lost))
    }

    /// The next message. Its place is free for another one.
    pub fn pop(&self) -> Option<Outgoing> {
        let mut next = self.lock().pop_front()?;
        next.room = None;
        Some(next)
    }

    /// A message is to be sent again, before all others.
    pub fn put_back(&self, outgoing: Outgoing) {
        self.lock().push_front(outgoing);
        self.filled.notify_one();
    }

    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Nothing is sent any more: who waits is told.
    pub fn close(&self) {
        self.room.close();
        let waiting = std::mem::take(&mut *self.lock());
        for outgoing in waiting {
            outgoing.answer(Err(Failure::Lost));
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Outgoing>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
