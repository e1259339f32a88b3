//! Fields of a packet's header in words.

use oxisim_sms::packet::{
    CounterMode, Integrity, Key, Keys, Protection, Receipt, ReceiptBy, SecurityParameters, Suite,
};
use serde_json::{Value, json};

pub const fn integrity(integrity: Integrity) -> &'static str {
    match integrity {
        Integrity::None => "none",
        Integrity::RedundancyCheck => "redundancy check",
        Integrity::CryptographicChecksum => "cryptographic checksum",
        Integrity::DigitalSignature => "digital signature",
    }
}

pub const fn counter_mode(mode: CounterMode) -> &'static str {
    match mode {
        CounterMode::None => "no counter",
        CounterMode::Available => "counter not checked",
        CounterMode::Higher => "counter must be higher",
        CounterMode::OneHigher => "counter must be one higher",
    }
}

pub const fn receipt(receipt: Receipt) -> &'static str {
    match receipt {
        Receipt::No => "none",
        Receipt::Required => "always",
        Receipt::OnError => "on error",
        Receipt::Reserved => "reserved",
    }
}

pub const fn receipt_by(by: ReceiptBy) -> &'static str {
    match by {
        ReceiptBy::DeliverReport => "SMS-DELIVER-REPORT",
        ReceiptBy::Submit => "SMS-SUBMIT",
    }
}

/// The SPI in a line.
pub fn security(spi: SecurityParameters) -> String {
    let ciphered = |ciphered| if ciphered { "ciphered" } else { "not ciphered" };
    let command = format!(
        "integrity: {}, {}, {}; receipt: {}",
        integrity(spi.integrity()),
        ciphered(spi.is_ciphered()),
        counter_mode(spi.counter_mode()),
        receipt(spi.receipt()),
    );
    if matches!(spi.receipt(), Receipt::No | Receipt::Reserved) {
        return command;
    }
    let (by, check) = (receipt_by(spi.receipt_by()), integrity(spi.receipt_integrity()));
    format!("{command} by {by}, integrity: {check}, {}", ciphered(spi.is_receipt_ciphered()))
}

/// The SPI as an object.
pub fn security_json(spi: SecurityParameters) -> Value {
    json!({
        "octets": hex::encode_upper(spi.0),
        "integrity": integrity(spi.integrity()),
        "ciphered": spi.is_ciphered(),
        "counter": counter_mode(spi.counter_mode()),
        "receipt": receipt(spi.receipt()),
        "receipt_by": receipt_by(spi.receipt_by()),
        "receipt_integrity": integrity(spi.receipt_integrity()),
        "receipt_ciphered": spi.is_receipt_ciphered(),
        "reserved": hex::encode_upper(spi.reserved()),
    })
}

/// What `KIc` says, and the check value of the key there is for it.
pub fn kic(protection: Protection, keys: &Keys) -> String {
    let cipher = match (protection.ciphered, protection.kic.cipher(keys.agreement)) {
        (false, _) => "not used".into(),
        (true, Ok(cipher)) => {
            cipher.to_string() + &check_value(keys.kic.as_ref(), |key| key.check_value(cipher).ok())
        }
        (true, Err(_)) => "no known algorithm".into(),
    };
    format!("{cipher}, {}", key_set(protection.kic.key_set()))
}

/// What `KID` says.
pub fn kid(protection: Protection, keys: &Keys) -> String {
    let check = match protection.kid.check(protection.integrity, keys.agreement) {
        Ok(None) => "not used".into(),
        Ok(Some(check)) => check.to_string(),
        Err(_) => "no known algorithm".into(),
    };
    format!("{check}, {}", key_set(protection.kid.key_set()))
}

fn check_value(key: Option<&Key>, value: impl Fn(&Key) -> Option<[u8; 3]>) -> String {
    let value = key.and_then(value);
    value.map_or_else(String::new, |value| format!(" (key check value {})", hex::encode_upper(value)))
}

fn key_set(number: u8) -> String {
    if number == 0 { "key set known implicitly".into() } else { format!("key set {number}") }
}

/// How a suite would secure a packet.
pub fn suite(suite: Suite) -> String {
    let cipher = suite.cipher.map_or_else(|| "no ciphering".into(), |cipher| cipher.to_string());
    let check = suite.check.map_or_else(|| "no check".into(), |check| check.to_string());
    format!("{cipher}, {check}")
}
