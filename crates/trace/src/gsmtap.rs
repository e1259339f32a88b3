//! Exchanges as frames of GSMTAP, version 2, type SIM: what Wireshark listens for at UDP port 4729.
//!
//! A frame with an APDU is what a line of T=0 carries: header, data and status word (ISO/IEC 7816-3 §10.3). So a command
//! with data whose response has data, too, is two frames: the second is the GET RESPONSE that fetches it.

use oxisim_apdu::{Class, Command, Instruction, Response, Status};
use oxisim_wire::Duration;

use crate::What;

/// The UDP port of GSMTAP.
pub const PORT: u16 = 4729;

/// The longest frame that a datagram can carry: 65 535 octets less the headers of IPv4 and UDP (RFC 791, RFC 768).
pub const LONGEST: usize = 65_535 - 20 - 8;

/// The header: version 2, four words of four octets, type SIM; all about a radio is zero. The sub-type follows.
const HEADER: [u8; 12] = [VERSION, 4, SIM, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const VERSION: u8 = 2;
const SIM: u8 = 4;

/// Sub-types of type SIM.
const APDU: u8 = 0;
const ATR: u8 = 1;

/// Commands whose data come from the card, if they have data (TS 102 221 table 10.5, TS 51.011 §9.2).
const READS: [Instruction; 12] = [
    Instruction::FETCH,
    Instruction::GET_CHALLENGE,
    Instruction::GET_IDENTITY,
    Instruction::GET_RESPONSE,
    Instruction::MANAGE_CHANNEL,
    Instruction::READ_BINARY,
    Instruction(0xB1),
    Instruction::READ_RECORD,
    Instruction(0xB3),
    Instruction::RETRIEVE_DATA,
    Instruction::STATUS,
    Instruction(0xCA),
];

/// The frames of what passed at the card's interface; none of anything else.
#[must_use]
pub fn frames(what: &What) -> Vec<Vec<u8>> {
    match what {
        What::Reset { answer } if !answer.is_empty() => vec![frame(ATR, &[answer])],
        What::Exchange { command, response, .. } => exchange(command, response),
        _ => Vec::new(),
    }
}

fn exchange(octets: &[u8], answer: &[u8]) -> Vec<Vec<u8>> {
    let as_it_is = || vec![frame(APDU, &[octets, answer])];
    let (Ok(command), Ok(response)) = (Command::parse(octets), Response::from_bytes(answer)) else {
        return as_it_is();
    };
    let Some(header) = octets.first_chunk::<4>() else { return as_it_is() };
    let (Ok(lc), is_short) = (u8::try_from(command.data.len()), octets.get(4).is_none_or(|&p3| p3 != 0))
    else {
        return as_it_is();
    };
    let status = response.status.0.to_be_bytes();
    match (command.data, &response.data[..]) {
        ([], []) => vec![frame(APDU, &[header, &[octets.get(4).copied().unwrap_or(0)], &status])],
        // P3 is the length, as the card would have demanded it with 6CXX.
        ([], data) if data.len() <= 256 => vec![frame(APDU, &[header, &[data.len() as u8], data, &status])],
        (data, []) if is_short => vec![frame(APDU, &[header, &[lc], data, &status])],
        (data, more) if is_short && more.len() <= 256 => {
            let available = match command.class {
                Class(0xA0) => Status::gsm_response_available(more.len()),
                _ => Status::response_available(more.len()),
            };
            let get_response = [command.class.0, Instruction::GET_RESPONSE.0, 0, 0, more.len() as u8];
            vec![
                frame(APDU, &[header, &[lc], data, &available.0.to_be_bytes()]),
                frame(APDU, &[&get_response, more, &status]),
            ]
        }
        _ => as_it_is(),
    }
}

fn frame(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&HEADER[..], &[kind, 0, 0, 0], &parts.concat()].concat()
}

/// What a frame says; nothing if it is not of type SIM, or its octets are not whole.
#[must_use]
pub fn read(frame: &[u8]) -> Option<What> {
    let [VERSION, words, SIM, ..] = *frame else { return None };
    let kind = *frame.get(12)?;
    let octets = frame.get(4 * usize::from(words)..)?;
    match kind {
        ATR => Some(What::Reset { answer: octets.to_vec() }),
        APDU => {
            let [_, instruction, _, _, p3] = *octets.first_chunk::<5>()?;
            // Without data only the header and the status word are there.
            let has_data = octets.len() > 7;
            let is_read = READS.contains(&Instruction(instruction));
            let command = match p3 {
                lc if has_data && !is_read => 5 + usize::from(lc),
                _ => 5,
            };
            let (command, response) = octets.split_at_checked(command)?;
            (response.len() >= 2).then(|| What::Exchange {
                command: command.to_vec(),
                response: response.to_vec(),
                took: Duration::ZERO,
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames_of(command: &str, response: &str) -> Vec<String> {
        let octets = |text: &str| hex::decode(text.replace(' ', "")).unwrap();
        let what =
            What::Exchange { command: octets(command), response: octets(response), took: Duration::ZERO };
        frames(&what).iter().map(|frame| hex::encode_upper(&frame[16..])).collect()
    }

    #[test]
    fn an_exchange_is_what_a_line_of_t0_carries() {
        assert_eq!(frames_of("80AA0000", "9000"), ["80AA0000009000"]);
        assert_eq!(frames_of("00A40004023F00", "611F"), ["00A40004023F00611F"]);
        assert_eq!(frames_of("00A40004023F0000", "9000"), ["00A40004023F009000"]);
        assert_eq!(frames_of("00B0000000", "01029000"), ["00B000000201029000"]);
        assert_eq!(frames_of("00B0000000", "6982"), ["00B00000006982"]);
        assert_eq!(frames_of("00A40004023F0000", "62009000"), ["00A40004023F006102", "00C000000262009000"]);
        assert_eq!(frames_of("A0A40000023F0000", "01029000"), ["A0A40000023F009F02", "A0C000000201029000"]);
    }

    #[test]
    fn what_is_no_apdu_of_a_line_stands_as_it_is() {
        assert_eq!(frames_of("00A4", "6700"), ["00A46700"]);
        assert_eq!(frames_of("80C20000 000002 D600", "9000"), ["80C20000000002D6009000"]);
        assert_eq!(frames_of("00B00000 00", "90"), ["00B000000090"]);
    }

    /// What another program has captured has no comment.
    #[test]
    fn a_channel_that_is_opened_comes_back() {
        let (command, response) = (vec![0x00, 0x70, 0x00, 0x00, 0x01], vec![0x01, 0x90, 0x00]);
        let what = What::Exchange { command, response, took: Duration::ZERO };
        assert_eq!(read(&frames(&what)[0]), Some(what));
    }

    proptest! {
        #[test]
        fn a_command_with_data_or_a_response_with_data_comes_back(
            data in prop::collection::vec(any::<u8>(), 1..256),
            read_by in prop::option::of(prop::sample::select(READS.to_vec())),
        ) {
            let lc = data.len() as u8;
            let (command, response) = match read_by {
                Some(Instruction(ins)) => (vec![0x00, ins, 0, 0, lc], [&data[..], &[0x90, 0x00]].concat()),
                None => ([&[0x00, 0xD6, 0, 0, lc][..], &data].concat(), vec![0x90, 0x00]),
            };
            let what = What::Exchange { command, response, took: Duration::ZERO };
            let frames = frames(&what);
            prop_assert_eq!(frames.len(), 1);
            prop_assert_eq!(read(&frames[0]), Some(what));
        }

        #[test]
        fn no_frame_panics(octets in prop::collection::vec(any::<u8>(), 0..40), words in 0..8_u8, kind in 0..3_u8) {
            let _ = read(&octets);
            let _ = read(&[&[2, words, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, kind, 0, 0, 0], &octets[..]].concat());
            let took = Duration::ZERO;
            for cut in 0..octets.len() {
                let (command, response) = octets.split_at(cut);
                let what = What::Exchange { command: command.to_vec(), response: response.to_vec(), took };
                let _ = frames(&what);
            }
        }
    }
}
