//! Messages that wait to be sent, by whichever session is ready first.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use oxisim_wire::Instant;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{Answer, Failure, Message, rate::Rate};

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
    rate: Mutex<Rate>,
    room: Arc<Semaphore>,
    /// Somebody has put in a message.
    pub filled: Notify,
}

impl Queue {
    /// Room for `limit` messages, of which so many are sent a second at most.
    pub fn new(limit: usize, rate: Option<u32>) -> Self {
        Self {
            waiting: Mutex::default(),
            rate: Mutex::new(Rate::new(rate)),
            room: Arc::new(Semaphore::new(limit.max(1))),
            filled: Notify::new(),
        }
    }

    /// Puts in a message when there is room, and waits for its answer. Who stops waiting takes back a message that has not
    /// been sent yet.
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

    /// The next message for whose answer somebody still waits, if the rate allows one. Its place is free for another one.
    pub fn pop(&self, now: Instant) -> Option<Outgoing> {
        let mut rate = self.rate();
        if rate.ready_at() > now {
            return None;
        }
        let mut waiting = self.lock();
        loop {
            let mut next = waiting.pop_front()?;
            if !next.answer.is_closed() {
                next.room = None;
                rate.sent(now);
                return Some(next);
            }
        }
    }

    /// When the rate allows another message.
    pub fn ready_at(&self) -> Instant {
        self.rate().ready_at()
    }

    /// Another rate from now on.
    pub fn set_rate(&self, rate: Option<u32>) {
        self.rate().set(rate);
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

    fn rate(&self) -> MutexGuard<'_, Rate> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Outgoing>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin, task::Context};

    use oxisim_wire::Duration;

    use super::*;
    use crate::Operation;

    const NOW: Instant = Instant::from_secs(10);

    fn message(content: u8) -> Message {
        let mut message = Message::new(Operation::Submit, None, "1000".parse().unwrap());
        message.content = vec![content];
        message
    }

    /// Goes on with `send` as far as it can.
    fn go(send: std::pin::Pin<&mut impl Future<Output = Answer>>) -> Option<Answer> {
        let mut context = Context::from_waker(std::task::Waker::noop());
        match send.poll(&mut context) {
            std::task::Poll::Ready(answer) => Some(answer),
            std::task::Poll::Pending => None,
        }
    }

    #[test]
    fn a_message_for_which_nobody_waits_is_not_sent() {
        let queue = Queue::new(10, None);
        let mut first = Box::pin(queue.send(message(1)));
        let mut second = pin!(queue.send(message(2)));
        assert_eq!((go(first.as_mut()), go(second.as_mut())), (None, None));
        drop(first);
        assert_eq!(queue.pop(NOW).map(|it| it.message), Some(message(2)));
        assert!(queue.pop(NOW).is_none());
    }

    #[test]
    fn there_is_room_for_so_many_and_a_message_that_comes_back_is_the_first() {
        let queue = Queue::new(1, None);
        let mut first = pin!(queue.send(message(1)));
        let mut second = pin!(queue.send(message(2)));
        assert_eq!((go(first.as_mut()), go(second.as_mut())), (None, None));
        let outgoing = queue.pop(NOW).unwrap();
        assert!(queue.pop(NOW).is_none(), "the second waits for room");
        assert_eq!(go(second.as_mut()), None);
        queue.put_back(outgoing);
        for (content, send) in [(1, &mut first), (2, &mut second)] {
            let outgoing = queue.pop(NOW).unwrap();
            assert_eq!(outgoing.message, message(content));
            outgoing.answer(Ok(Some(content.to_string())));
            assert_eq!(go(send.as_mut()), Some(Ok(Some(content.to_string()))));
        }
    }

    #[test]
    fn who_waits_when_nothing_is_sent_any_more_is_told() {
        let queue = Queue::new(1, None);
        let mut first = pin!(queue.send(message(1)));
        let mut second = pin!(queue.send(message(2)));
        assert_eq!((go(first.as_mut()), go(second.as_mut())), (None, None));
        queue.close();
        let lost = Some(Err(Failure::Lost));
        assert_eq!((go(first.as_mut()), go(second.as_mut())), (lost.clone(), lost.clone()));
        assert_eq!(go(pin!(queue.send(message(3)))), lost);
    }

    /// Whichever session asks.
    #[test]
    fn no_more_leave_a_second_than_the_rate_allows() {
        let queue = Queue::new(10, Some(1));
        let mut sends: Vec<_> = (1..4).map(|content| Box::pin(queue.send(message(content)))).collect();
        for send in &mut sends {
            assert_eq!(go(send.as_mut()), None);
        }
        assert!(queue.pop(NOW).is_some());
        assert!(queue.pop(NOW).is_none());
        assert_eq!(queue.ready_at(), NOW + Duration::from_millis(900));
        assert!(queue.pop(queue.ready_at()).is_some());
        queue.set_rate(None);
        assert!(queue.pop(queue.ready_at()).is_some());
    }
}
