//! GET RESPONSE (TS 102 221 §12.1.1): what a command leaves behind that did not ask for all of its response.

use alloc::vec::Vec;

use oxisim_apdu::{Command, Response, Status};

/// The rest of a response, until the next command.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    /// The logical channel of the command, if its class has channels.
    channel: Option<u8>,
    response: Response,
}

/// GET RESPONSE: it comes at once after its command and on the same channel, or `6F00` (TS 102 221 §12.1.1.1).
pub(super) fn get(waiting: Option<Waiting>, command: &Command<'_>) -> Result<Response, Status> {
    let channel = command.class.channel();
    if channel.is_none() {
        return Err(Status::CLASS_NOT_SUPPORTED);
    }
    if command.p1 != 0 || command.p2 != 0 {
        return Err(Status::INCORRECT_P1_P2);
    }
    if command.ne.is_none() || !command.data.is_empty() {
        return Err(Status::WRONG_LENGTH);
    }
    waiting
        .filter(|waiting| waiting.channel == channel)
        .map(|waiting| waiting.response)
        .ok_or(Status::TECHNICAL_PROBLEM)
}

/// The response as far as the terminal gives it room; the rest waits, and `61XX` says how much of it can be had at
/// once (ISO/IEC 7816-4 §5.1.3).
pub(super) fn deliver(
    waiting: &mut Option<Waiting>,
    command: &Command<'_>,
    Response { mut data, status }: Response,
) -> Response {
    let room = command.ne.unwrap_or(0);
    if data.len() <= room {
        return Response { data, status };
    }
    let rest: Vec<u8> = data.split_off(room);
    let available = Status::response_available(rest.len().min(0x100));
    *waiting = Some(Waiting { channel: command.class.channel(), response: Response { data: rest, status } });
    Response { data, status: available }
}
