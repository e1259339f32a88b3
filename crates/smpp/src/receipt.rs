//! Delivery receipts: as optional parameters, and as the text that most SMS centres send (SMPP 3.4 appendix B).

use std::fmt::Write as _;

use oxisim_sms::{Address, CivilTime};
use oxisim_wire::Instant;

use crate::{EsmClass, Message, MessageState, Operation, Tag};

/// What has become of a message that was sent before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The message's id, in the SMS centre's own words; [`Receipts`](crate::Receipts) knows their dialects.
    pub id: Option<String>,
    /// The number that the message was sent with.
    pub reference: Option<u16>,
    /// Whom the message was for.
    pub destination: Option<Address>,
    /// What has become of it; not always said.
    pub state: Option<MessageState>,
    /// Why it has not been delivered, in the SMS centre's own words.
    pub error: Option<String>,
    /// Whether it is a notification on the way, and not the last word.
    pub intermediate: bool,
}

/// The states as they stand in a text (SMPP 3.4 appendix B, table B-2), and as others write them.
const STATES: [(&str, MessageState); 18] = [
    ("SCHEDUL", MessageState::SCHEDULED),
    ("ENROUTE", MessageState::ENROUTE),
    ("DELIVRD", MessageState::DELIVERED),
    ("EXPIRED", MessageState::EXPIRED),
    ("DELETED", MessageState::DELETED),
    ("UNDELIV", MessageState::UNDELIVERABLE),
    ("ACCEPTD", MessageState::ACCEPTED),
    ("UNKNOWN", MessageState::UNKNOWN),
    ("REJECTD", MessageState::REJECTED),
    ("SKIPPED", MessageState::SKIPPED),
    ("DELIVERED", MessageState::DELIVERED),
    ("UNDELIVERABLE", MessageState::UNDELIVERABLE),
    ("UNDELIVERED", MessageState::UNDELIVERABLE),
    ("ACCEPTED", MessageState::ACCEPTED),
    ("REJECTED", MessageState::REJECTED),
    ("FAILED", MessageState::UNDELIVERABLE),
    ("BUFFERED", MessageState::ENROUTE),
    ("SCHEDULED", MessageState::SCHEDULED),
];

/// The words before the values of a text. `text` is the last one: what follows it is the message's.
const KEYS: [&str; 8] = ["id", "sub", "dlvrd", "submit date", "done date", "stat", "err", "text"];

impl Receipt {
    /// The receipt that a message is, if it is one: `esm_class` says so, or nothing, and a parameter does. What a phone or
    /// a user acknowledges is no receipt, though it names a message as one does.
    ///
    /// Parameters count more than the text, which is read whatever the case of its words and their order.
    #[must_use]
    pub fn of(message: &Message) -> Option<Self> {
        let intermediate = message.esm_class.has(EsmClass::INTERMEDIATE);
        let flagged = intermediate || message.esm_class.has(EsmClass::RECEIPT);
        let receipted = message.tlvs.receipted_message_id();
        if message.operation == Operation::Submit
            || !(flagged || receipted.is_some() && !message.esm_class.has_kind())
        {
            return None;
        }
        let text: String = message.content.iter().map(|&octet| char::from(octet)).collect();
        let value = |key| value(&text, key).filter(|value| !value.is_empty());
        let network_error = message.tlvs.get(Tag::NETWORK_ERROR_CODE).and_then(|octets| match octets {
            [_, high, low] => Some(u16::from_be_bytes([*high, *low]).to_string()),
            _ => None,
        });
        Some(Self {
            id: receipted.or_else(|| value("id").map(Into::into)),
            reference: message.tlvs.user_message_reference(),
            destination: message.source.clone(),
            state: message.tlvs.message_state().or_else(|| state(value("stat")?)),
            error: network_error.or_else(|| value("err").map(Into::into)),
            intermediate,
        })
    }

    /// The text of a receipt, as SMPP 3.4 appendix B has it.
    #[must_use]
    pub fn text(&self, submitted: Instant, done: Instant, content: &str) -> String {
        let state = self.state.unwrap_or(MessageState::UNKNOWN);
        let name = STATES.into_iter().find(|(_, it)| *it == state).map_or("UNKNOWN", |(name, _)| name);
        let id = self.id.as_deref().unwrap_or_default();
        let delivered = u8::from(state == MessageState::DELIVERED);
        let mut text = format!("id:{id} sub:001 dlvrd:{delivered:03}");
        for (key, at) in [("submit", submitted), ("done", done)] {
            let CivilTime { year, month, day, hour, minute, .. } = CivilTime::from_instant(at, 0);
            let year = year % 100;
            let _ = write!(text, " {key} date:{year:02}{month:02}{day:02}{hour:02}{minute:02}");
        }
        let error = self.error.as_deref().unwrap_or("000");
        let content: String = content.chars().take(20).collect();
        let _ = write!(text, " stat:{name} err:{error} text:{content}");
        text
    }

    /// The deliver_sm that brings the receipt to the ESME at `esme`: text and parameters.
    #[must_use]
    pub fn message(&self, esme: Address, submitted: Instant, done: Instant, content: &str) -> Message {
        let mut message = Message::new(Operation::Deliver, self.destination.clone(), esme);
        let flag = if self.intermediate { EsmClass::INTERMEDIATE } else { EsmClass::RECEIPT };
        message.esm_class = message.esm_class.with(flag);
        let text = self.text(submitted, done, content);
        message.content =
            text.chars().map(|c| u8::try_from(c).ok().filter(u8::is_ascii).unwrap_or(b'?')).collect();
        if let Some(id) = &self.id {
            message.tlvs.set(Tag::RECEIPTED_MESSAGE_ID, [id.as_bytes(), &[0]].concat());
        }
        if let Some(state) = self.state {
            message.tlvs.set(Tag::MESSAGE_STATE, [state.0]);
        }
        if let Some(reference) = self.reference {
            message = message.with_reference(reference);
        }
        message
    }
}

fn state(word: &str) -> Option<MessageState> {
    STATES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, state)| state)
}

/// The value of a key: up to the next blank.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let lower = text.to_ascii_lowercase();
    // What follows the last key is the message's own.
    let end = position(&lower, KEYS[KEYS.len() - 1]).map_or(lower.len(), |(at, _)| at);
    let (_, start) = position(&lower[..end], key)?;
    text[start..end].split_whitespace().next()
}

/// Where a key stands, and where its value begins. A blank of a key may be missing or an underscore, and blanks may stand
/// around the colon.
fn position(text: &str, key: &str) -> Option<(usize, usize)> {
    let (first, second) = key.split_once(' ').unwrap_or((key, ""));
    text.match_indices(first).find_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        let rest = text[at..].strip_prefix(first)?;
        let rest = if second.is_empty() {
            rest
        } else {
            rest.strip_prefix([' ', '_']).unwrap_or(rest).strip_prefix(second)?
        };
        let rest = rest.trim_start_matches(' ').strip_prefix([':', '='])?.trim_start_matches(' ');
        before.is_none_or(|c| !c.is_ascii_alphanumeric()).then_some((at, text.len() - rest.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(text: &str) -> Receipt {
        let mut message =
            Message::new(Operation::Deliver, "+15550100001".parse().ok(), "1000".parse().unwrap());
        message.esm_class = EsmClass::RECEIPT;
        message.content = text.into();
        message.receipt().unwrap()
    }

    /// The forms that SMS centres send; each has the id 123, the state and the error.
    #[test]
    fn the_dialects_of_the_text_are_read() {
        for text in [
            "id:123 sub:001 dlvrd:001 submit date:2611271941 done date:2611271942 stat:DELIVRD err:000 text:hello",
            "id:123 sub:001 dlvrd:001 submit date:261127194100 done date:261127194201 stat:DELIVRD err:000 Text:hi",
            "id:123 stat:DELIVRD err:000",
            "ID:123 SUBMIT_DATE:2611271941 DONEDATE:2611271942 STAT:delivered ERR:000 TEXT:id:9 stat:EXPIRED",
            "stat: DELIVRD err: 000 id: 123",
            "id=123 stat=DELIVERED err=000",
            "msg to you id:123 sub:001 submitdate:1 stat:DELIVRD err:000 text:",
        ] {
            let receipt = receipt(text);
            assert_eq!(receipt.id.as_deref(), Some("123"), "{text}");
            assert_eq!(receipt.state, Some(MessageState::DELIVERED), "{text}");
            assert_eq!(receipt.error.as_deref(), Some("000"), "{text}");
        }
    }

    #[test]
    fn a_text_that_says_nothing_is_a_receipt_of_which_nothing_is_known() {
        for text in ["", "id", "id:", "grid:12 misstat:DELIVRD", "text:id:12 stat:DELIVRD", "id: text:"] {
            let receipt = receipt(text);
            assert_eq!((receipt.id, receipt.state), (None, None), "{text}");
        }
    }

    #[test]
    fn a_receipt_comes_back_from_its_message() {
        let receipt = Receipt {
            id: Some("00A7".into()),
            reference: Some(300),
            destination: "+15550100001".parse().ok(),
            state: Some(MessageState::EXPIRED),
            error: Some("027".into()),
            intermediate: false,
        };
        let mut message =
            receipt.message("1000".parse().unwrap(), Instant::EPOCH, Instant::from_secs(90), "ünd");
        assert_eq!(message.receipt(), Some(receipt.clone()));
        let text = String::from_utf8(message.content.clone()).unwrap();
        assert_eq!(
            text,
            "id:00A7 sub:001 dlvrd:000 submit date:7001010000 done date:7001010001 stat:EXPIRED err:027 text:?nd"
        );
        message.tlvs = crate::Tlvs::default();
        assert_eq!(message.receipt(), Some(Receipt { reference: None, ..receipt }));
    }

    #[test]
    fn parameters_count_more_than_the_text_and_an_ordinary_message_is_no_receipt() {
        let mut message = Message::new(Operation::Data, None, "1000".parse().unwrap());
        message.content = b"id:1 stat:DELIVRD".into();
        assert_eq!(message.receipt(), None);
        message.tlvs.set(Tag::RECEIPTED_MESSAGE_ID, *b"2\0");
        message.tlvs.set(Tag::MESSAGE_STATE, [MessageState::EXPIRED.0]);
        message.tlvs.set(Tag::NETWORK_ERROR_CODE, [3, 0, 27]);
        let receipt = message.receipt().unwrap();
        assert_eq!((receipt.id.as_deref(), receipt.state), (Some("2"), Some(MessageState::EXPIRED)));
        assert_eq!(receipt.error.as_deref(), Some("27"));
        message.esm_class = EsmClass::DELIVERY_ACKNOWLEDGEMENT;
        assert_eq!(message.receipt(), None);
    }
}
