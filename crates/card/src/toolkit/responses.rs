//! What a TERMINAL RESPONSE tells (TS 102 223 §6.8).

use oxisim_toolkit::{
    DataObject, TerminalResponse,
    objects::{CommandDetails, Outcome},
};
use oxisim_wire::{Error, Reader, tlv::Comprehension};

/// Reads a TERMINAL RESPONSE. One whose command and result can be read ends its command, whatever is wrong with the
/// rest: the terminal has nothing else to say of it. The applet misses what the command asked for then (TS 102 241,
/// `UNAVAILABLE_ELEMENT`).
pub(super) fn read(data: &[u8]) -> Result<TerminalResponse, Error> {
    TerminalResponse::decode(data).or_else(|error| result_of(data).ok_or(error))
}

/// The details and the result alone.
fn result_of(data: &[u8]) -> Option<TerminalResponse> {
    Some(TerminalResponse::new(first::<CommandDetails>(data)?, first::<Outcome>(data)?))
}

/// The first object of a kind, before anything that is no object.
fn first<T: DataObject>(data: &[u8]) -> Option<T> {
    let mut r = Reader::new(data);
    loop {
        let object = Comprehension::read(&mut r).ok()?;
        if object.tag == T::TAG {
            let mut value = object.value;
            let read = T::read(&mut value).ok()?;
            return value.is_empty().then_some(read);
        }
    }
}
