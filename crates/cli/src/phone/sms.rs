//! Short messages: what the card sends, and what comes for it.

use oxisim_sms::{
    Address, Alphabet, DataCoding, ElementId, ProtocolIdentifier, Timestamp, UserData,
    concatenation::{Reference, split},
    tpdu::{Deliver, MobileOriginated, Submit},
};
use oxisim_wire::{Instant, Wire};

use crate::{failure::Failure, report::count};

/// Who writes to the card.
const SOMEBODY: &str = "+15550100002";

/// A text for the card (SMS-PP data download, TS 31.111 §7.1.1), as SMS-DELIVER in as many parts as it takes.
pub fn for_card(text: &str, reference: u8, now: Instant) -> Result<Vec<Vec<u8>>, Failure> {
    /// General data coding, message class 2 (TS 23.038 §4).
    const CLASS_2: u8 = 0x12;
    let (coding, payload) = DataCoding::encode_text(text);
    let parts = split(DataCoding(coding.0 | CLASS_2), &payload, Reference::Short(reference));
    let parts = parts.map_err(|error| Failure::Usage(format!("the message for the card: {error}")))?;
    let from: Address = SOMEBODY.parse().expect("somebody's number is one");
    let timestamp = Timestamp::from_instant(now, 0);
    let deliver =
        |part| Deliver::new(from.clone(), ProtocolIdentifier::SIM_DATA_DOWNLOAD, timestamp, part).encode();
    Ok(parts.into_iter().map(deliver).collect())
}

/// `+15550100002=hello`.
pub fn to_send(text: &str) -> Result<(Address, String), String> {
    let (number, text) = text.split_once('=').ok_or_else(|| format!("{text:?}: write +15550100002=hello"))?;
    Ok((number.parse().map_err(|error| format!("{number:?}: {error}"))?, text.to_owned()))
}

/// What the card answers to a message, in the report on it.
pub fn answered(user_data: &UserData) -> String {
    let header = match user_data.element(ElementId::RESPONSE_PACKET) {
        Some(_) => RESPONSE_HEADER,
        None => "",
    };
    format!(", and answers {header}{}", hex::encode_upper(user_data.payload()))
}

/// The user data header of a response packet (TS 31.115 §4.3), with its length.
const RESPONSE_HEADER: &str = "027100";

/// A message that the card sends: to whom, and its text or its octets.
pub fn sent(tpdu: &[u8]) -> String {
    match MobileOriginated::decode(tpdu, "TPDU") {
        Ok(MobileOriginated::Submit(Submit { destination, user_data, .. })) => {
            let payload = if user_data.coding().alphabet() == Alphabet::EightBit {
                format!(
                    "{}: {}",
                    count(user_data.payload().len(), "octet"),
                    hex::encode_upper(user_data.payload())
                )
            } else {
                format!("{:?}", user_data.text())
            };
            format!("an SMS to {destination}: {payload}")
        }
        _ => format!("an SMS that cannot be read: {}", hex::encode_upper(tpdu)),
    }
}
