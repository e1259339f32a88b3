//! What a terminal answers to a command that is not as it should be (TS 102 223 §6.10).

use oxisim_toolkit::{Command, codes::GeneralResult};

#[test]
fn a_command_says_how_it_is_refused() {
    let rows = [
        ("a type that is not known", "D0098103017F0082028182", GeneralResult::COMMAND_TYPE_NOT_UNDERSTOOD),
        ("a text that is missing", "D009810301210082028102", GeneralResult::REQUIRED_VALUES_MISSING),
        (
            "an object to be understood",
            "D00D81030102008202818289020100",
            GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD,
        ),
        (
            "a tone of two octets",
            "D00D8103012000820281038E020101",
            GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD,
        ),
        ("a call to nobody", "D009810301100082028183", GeneralResult::REQUIRED_VALUES_MISSING),
        (
            "a client without a bearer",
            "D012810301400182028182390205783C0302AD9C",
            GeneralResult::REQUIRED_VALUES_MISSING,
        ),
    ];
    for (what, bytes, result) in rows {
        let refusal = Command::decode(&hex::decode(bytes).unwrap()).expect_err(what);
        assert_eq!(refusal.result, result, "{what}: {}", refusal.cause);
        assert!(refusal.details.is_some(), "{what}");
    }
}

#[test]
fn an_object_that_need_not_be_understood_is_kept() {
    let bytes = hex::decode("D00D81030102008202818209020100").unwrap();
    let command = Command::decode(&bytes).unwrap();
    assert_eq!(command.unknown.len(), 1);
    assert_eq!(command.encode(), bytes);
}

#[test]
fn a_server_has_no_bearer() {
    let bytes = hex::decode("D012810301400182028182390205783C0303AD9C").unwrap();
    assert!(Command::decode(&bytes).is_ok());
}
