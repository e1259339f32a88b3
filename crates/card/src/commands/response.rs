//! GET RESPONSE (TS 102 221 §12.1.1): what a command leaves behind that did not ask for all of its response.

use alloc::vec::Vec;

use oxisim_apdu::{Command, Response, Status};

/// What GET RESPONSE can fetch: what the command before has left, until the next one.
#[derive(Clone, Debug, Default)]
pub(crate) enum Waiting {
    /// Nothing.
    #[default]
    Nothing,
    /// There was no command since reset, which in class `A0` selects the MF (TS 51.011 §9.2.18).
    MasterFile,
    /// The response to a command of class `A0`. A terminal may ask for its first octets, which say how many there
    /// are, and then for all.
    Gsm(Vec<u8>),
    /// The rest of a response to any other command.
    Rest {
        /// The logical channel of the command, if its class has channels.
        channel: Option<u8>,
        response: Response,
    },
}

/// GET RESPONSE: it comes at once after its command and on the same channel, or `6F00` (TS 102 221 §12.1.1.1).
pub(super) fn get(waiting: Waiting, command: &Command<'_>) -> Result<Response, Status> {
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
    match waiting {
        Waiting::Rest { channel: of, response } if of == channel => Ok(response),
        Waiting::Nothing | Waiting::MasterFile | Waiting::Gsm(_) | Waiting::Rest { .. } => {
            Err(Status::TECHNICAL_PROBLEM)
        }
    }
}

/// The response as far as the terminal gives it room; the rest waits, and `61XX` says how much of it can be had at
/// once (ISO/IEC 7816-4 §5.1.3).
pub(super) fn deliver(
    waiting: &mut Waiting,
    command: &Command<'_>,
    Response { mut data, status }: Response,
) -> Response {
    let room = command.ne.unwrap_or(0);
    if data.len() <= room {
        return Response { data, status };
    }
    let rest: Vec<u8> = data.split_off(room);
    let available = Status::response_available(rest.len().min(0x100));
    *waiting = Waiting::Rest { channel: command.class.channel(), response: Response { data: rest, status } };
    Response { data, status: available }
}
