//! The list of events, against the published constants of TS 102 241 and TS 31.130.

use std::collections::BTreeMap;

use oxisim_card::{Registration, ToolkitEvent};
use oxisim_toolkit::{Event, objects::EventCode};
use serde_json::Value;

/// The names of each published value.
fn published() -> BTreeMap<i16, Vec<String>> {
    let rows: Vec<Value> = serde_json::from_str(include_str!("../vectors/toolkit_events.json")).unwrap();
    let names = |row: &Value| {
        let names = row["names"].as_array().unwrap();
        names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    rows.iter().map(|row| (row["value"].as_i64().unwrap() as i16, names(row))).collect()
}

#[test]
fn every_published_event_is_in_the_list_by_its_name() {
    for (value, names) in published() {
        let event = ToolkitEvent::from_value(value).unwrap_or_else(|| panic!("{value} {names:?}"));
        assert!(names.iter().any(|name| Some(&**name) == event.name()), "{event:?} {names:?}");
    }
    assert_eq!(ToolkitEvent::ALL.len(), published().len(), "and no other");
}

#[test]
fn events_of_the_terminal_have_the_codes_of_their_names() {
    for event in ToolkitEvent::ALL.iter().filter(|event| event.event_code().is_some()) {
        let code = event.event_code().unwrap();
        let declared = Event::ALL.iter().find(|declared| declared.code == code.0).unwrap();
        let word = declared.text.split([' ', '-']).next().unwrap().to_uppercase();
        let name = event.name().unwrap();
        assert!(name.contains(&word), "{name} {}", declared.text);
    }
    assert_eq!(ToolkitEvent::EventDownload(EventCode::PROFILE_CONTAINER).value(), None);
}

/// TS 102 268, `API_2_TKR_SEVT` and `API_2_TKR_CEVT`, has this list of events that are not set by themselves, but for 125,
/// `EVENT_REMOTE_FILE_UPDATE`, which is of files as 124 is.
#[test]
fn events_that_come_with_something_are_not_set_by_themselves() {
    let not_set: Vec<_> = ToolkitEvent::ALL
        .iter()
        .filter(|event| !matches!(event.registration(), Registration::SetEvent | Registration::Unsupported))
        .filter_map(|event| event.value())
        .collect();
    assert_eq!(not_set, [7, 8, 11, 19, 124, 125, 27]);
}
