//! What passes on a connection, told to somebody who records it.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use oxisim_wire::{Reader, Wire};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{CommandId, Header};

/// A PDU that has passed: a message, or the answer to one. Others are not told: who binds says a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed<'a> {
    /// The address of the other side.
    pub peer: &'a str,
    /// Whether this side has sent it.
    pub is_sent: bool,
    /// The octets.
    pub pdu: &'a [u8],
}

/// Who is told what passes. It is called between reading and writing, so it must not wait.
pub type Watch = Arc<dyn Fn(&Passed<'_>) + Send + Sync>;

const TOLD: [CommandId; 6] = [
    CommandId::SUBMIT_SM,
    CommandId::SUBMIT_SM_RESP,
    CommandId::DELIVER_SM,
    CommandId::DELIVER_SM_RESP,
    CommandId::DATA_SM,
    CommandId::DATA_SM_RESP,
];

/// A longer PDU ends the session; nothing is kept for it here.
const LONGEST: usize = 256 * 1024;

/// A connection that is watched, if anybody does.
pub(crate) struct Watched<S> {
    stream: S,
    watch: Option<(Watch, String)>,
    received: Pdus,
    sent: Pdus,
}

impl<S> Watched<S> {
    pub fn new(stream: S, watch: Option<&Watch>, peer: &str) -> Self {
        let watch = watch.map(|watch| (Arc::clone(watch), peer.to_owned()));
        Self { stream, watch, received: Pdus::default(), sent: Pdus::default() }
    }
}

/// The octets of one direction, cut into PDUs.
#[derive(Debug, Default)]
struct Pdus {
    octets: Vec<u8>,
    /// Nobody knows any more where a PDU begins.
    is_lost: bool,
}

impl Pdus {
    fn pass(&mut self, octets: &[u8], mut tell: impl FnMut(&[u8])) {
        if self.is_lost {
            return;
        }
        self.octets.extend_from_slice(octets);
        let mut done = 0;
        while let Some(rest) = self.octets.get(done..)
            && let Ok(header) = Header::read(&mut Reader::new(rest))
        {
            let length = header.length as usize;
            if !(Header::LENGTH..=LONGEST).contains(&length) {
                *self = Self { octets: Vec::new(), is_lost: true };
                return;
            }
            let Some(pdu) = rest.get(..length) else { break };
            if TOLD.contains(&header.id) {
                tell(pdu);
            }
            done += length;
        }
        self.octets.drain(..done);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let Self { stream, watch, received, .. } = &mut *self;
        let polled = Pin::new(stream).poll_read(context, buffer);
        if let (Some((watch, peer)), Some(octets)) = (watch, buffer.filled().get(before..)) {
            received.pass(octets, |pdu| watch(&Passed { peer, is_sent: false, pdu }));
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, watch, sent, .. } = &mut *self;
        let polled = Pin::new(stream).poll_write(context, octets);
        if let (Poll::Ready(Ok(count)), Some((watch, peer))) = (&polled, watch) {
            let written = octets.get(..*count).unwrap_or_default();
            sent.pass(written, |pdu| watch(&Passed { peer, is_sent: true, pdu }));
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pdu(id: CommandId, body: &[u8]) -> Vec<u8> {
        let length = (Header::LENGTH + body.len()) as u32;
        let status = crate::CommandStatus::OK;
        [&Header { length, id, status, sequence: 1 }.encode()[..], body].concat()
    }

    #[test]
    fn messages_and_their_answers_are_told_in_whatever_pieces_they_come_and_no_password() {
        let told = [pdu(CommandId::SUBMIT_SM, b"text"), pdu(CommandId::DELIVER_SM_RESP, &[0])];
        let bind = pdu(CommandId::BIND_TRANSCEIVER, b"esme\0secret\0");
        let octets = [&told[0][..], &bind, &told[1]].concat();
        for piece in 1..=octets.len() {
            let (mut pdus, mut got) = (Pdus::default(), Vec::new());
            octets.chunks(piece).for_each(|piece| pdus.pass(piece, |pdu| got.push(pdu.to_vec())));
            assert_eq!(got, told, "{piece}");
        }
    }

    #[test]
    fn after_a_length_that_no_pdu_has_nothing_is_told_and_nothing_kept() {
        for length in [0, 15, 0x10_0000_u32, u32::MAX] {
            let mut pdus = Pdus::default();
            let mut wrong = pdu(CommandId::SUBMIT_SM, &[]);
            wrong[..4].copy_from_slice(&length.to_be_bytes());
            pdus.pass(&wrong, |_| panic!("{length}"));
            pdus.pass(&pdu(CommandId::SUBMIT_SM, &[]), |_| panic!("{length}"));
            assert_eq!(pdus.octets, Vec::<u8>::new(), "{length}");
        }
    }
}
