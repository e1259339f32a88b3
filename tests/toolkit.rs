//! `docs/TOOLKIT.md` says what is declared of the toolkit, which side does it, and how many messages of other
//! people's making prove it. It is written from the lists themselves: `SNAPSHOTS=overwrite cargo test -p
//! oxisim-tests --test toolkit` writes it anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use oxisim_apdu::Status;
use oxisim_card::{Card, Profile as CardProfile};
use oxisim_terminal::Config;
use oxisim_tests::sequences::{FILES, File};
use oxisim_toolkit::{
    Answer, CallControlAnswer, Command, CommandType, Declaration, Envelope, Event, Facility, FieldInfo,
    MoSmsControlAnswer, Object, Objects, Quantity, TerminalProfile, TerminalResponse,
    codes::{EventCode, GeneralResult},
};
use oxisim_wire::Instant;
use serde_json::Value;

const VECTORS: [&str; 4] = [
    include_str!("../crates/toolkit/tests/vectors/ofono_stk.jsonl"),
    include_str!("../crates/toolkit/tests/vectors/terminal_response.jsonl"),
    include_str!("../crates/toolkit/tests/vectors/envelope.jsonl"),
    include_str!("../crates/toolkit/tests/vectors/call_control.jsonl"),
];

#[test]
fn the_page_of_the_toolkit_says_what_the_lists_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/TOOLKIT.md");
    let page = page(&Counts::of_vectors());
    if std::env::var_os("SNAPSHOTS").is_some_and(|how| how == "overwrite") {
        fs::write(&path, &page).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == page, "docs/TOOLKIT.md is out of date: run with SNAPSHOTS=overwrite");
}

#[test]
fn every_command_is_sent_in_a_sequence_and_every_command_that_the_phone_performs_is_performed_in_one() {
    let scenarios = Scenarios::new();
    let profile = Config::default().profile;
    for &kind in CommandType::ALL {
        let name = kind.text();
        assert!(scenarios.commands.contains_key(&kind.0), "{name} is sent in no sequence");
        let is_performed = scenarios.performed.contains(&kind.0);
        assert!(is_performed || !profile.performs(kind), "the phone performs {name} in no sequence");
    }
}

#[test]
fn every_envelope_and_event_that_the_phone_tells_is_told_in_a_sequence() {
    let scenarios = Scenarios::new();
    let profile = Config::default().profile;
    for envelope in Envelope::ALL {
        let facilities = Facility::of_envelope(envelope.code);
        let told = facilities.iter().any(|&facility| profile.supports(facility));
        let is_played = scenarios.envelopes.contains_key(&envelope.code);
        assert!(is_played || !told, "the phone tells {} in no sequence", envelope.text);
    }
    for event in Event::ALL {
        let is_played = scenarios.events.contains_key(&event.code);
        assert!(is_played || !profile.hears(EventCode(event.code)), "{} is told in no sequence", event.text);
    }
}

/// In how many sequences of `tests/conformance` card and phone show an entry.
#[derive(Default)]
struct Scenarios {
    commands: BTreeMap<u8, usize>,
    /// The commands that the phone performs in one.
    performed: BTreeSet<u8>,
    envelopes: BTreeMap<u8, usize>,
    events: BTreeMap<u8, usize>,
}

impl Scenarios {
    fn new() -> Self {
        let mut scenarios = Self::default();
        for sequence in FILES.iter().flat_map(File::sequences) {
            for kind in sequence.commands() {
                *scenarios.commands.entry(kind).or_default() += 1;
            }
            let responses = sequence.responses().into_iter();
            let performed = responses.filter(|&(_, result)| GeneralResult(result).is_performed());
            scenarios.performed.extend(performed.map(|(kind, _)| kind));
            let envelopes = sequence.envelopes();
            for tag in envelopes.iter().map(|&(tag, _)| tag).collect::<BTreeSet<_>>() {
                *scenarios.envelopes.entry(tag).or_default() += 1;
            }
            for event in envelopes.into_iter().filter_map(|(_, event)| event) {
                *scenarios.events.entry(event).or_default() += 1;
            }
        }
        scenarios
    }
}

/// How many outside vectors speak of an entry.
#[derive(Default)]
struct Counts {
    commands: BTreeMap<u8, usize>,
    responses: BTreeMap<u8, usize>,
    results: BTreeMap<u8, usize>,
    envelopes: BTreeMap<u8, usize>,
    events: BTreeMap<u8, usize>,
    controls: usize,
    objects: BTreeMap<&'static str, usize>,
    answers: BTreeMap<&'static str, usize>,
}

impl Counts {
    fn of_vectors() -> Self {
        let mut counts = Self::default();
        let mut seen = BTreeSet::new();
        for row in VECTORS.iter().flat_map(|rows| rows.lines()) {
            let row: Value = serde_json::from_str(row).unwrap();
            let text = row["hex"].as_str().unwrap();
            // The sources share most of their messages: each counts once.
            if seen.insert(text.to_owned()) {
                counts.message(&octets(text));
            }
        }
        counts
    }

    fn message(&mut self, bytes: &[u8]) {
        match bytes.first() {
            Some(0xD0) => {
                let Ok(command) = Command::decode(bytes) else { return };
                *self.commands.entry(command.details.kind.0).or_default() += 1;
                self.object(&command.details);
                self.object(&command.devices);
                command.body.each_object(&mut |_, object| self.object(object));
            }
            Some(0xD1..=0xDF) => {
                let envelope = Envelope::decode(bytes).unwrap();
                *self.envelopes.entry(envelope.tag()).or_default() += 1;
                if let Envelope::EventDownload(download) = &envelope {
                    *self.events.entry(download.code().0).or_default() += 1;
                }
                envelope.each_object(&mut |_, object| self.object(object));
            }
            Some(0x81) => {
                let response = TerminalResponse::decode(bytes).unwrap();
                *self.responses.entry(response.details.kind.0).or_default() += 1;
                *self.results.entry(response.result.general.0).or_default() += 1;
                self.object(&response.result);
                response.answer.each_object(&mut |field, object| {
                    *self.answers.entry(field).or_default() += 1;
                    self.object(object);
                });
            }
            _ => {
                let answer = CallControlAnswer::decode(bytes).unwrap();
                self.controls += 1;
                answer.each_object(&mut |_, object| self.object(object));
            }
        }
    }

    fn object(&mut self, object: &dyn Object) {
        *self.objects.entry(object.name()).or_default() += 1;
    }
}

fn page(counts: &Counts) -> String {
    let profile = Config::default().profile;
    let mut out = String::from(
        "# The toolkit\n\n\
        Written by `tests/toolkit.rs` from the lists in `crates/toolkit`: what a card and a phone can say to each\n\
        other, entry by entry. Card: the card's toolkit session sends or takes it. Phone: the phone of\n\
        `crates/terminal` carries it out or tells it, as its TERMINAL PROFILE says. Vectors: how many different\n\
        messages of other people's making (`crates/toolkit/tests/vectors`) hold it; each is read to the stated\n\
        fields and written back to the same octets. Scenarios: in how many sequences of `tests/conformance` it passes\n\
        between card and phone, over APDU bytes. Every general result passes once more by itself\n\
        (`tests/conformance/results.rs`).\n",
    );
    let scenarios = Scenarios::new();
    commands(&mut out, counts, &scenarios, &profile);
    answers(&mut out, counts);
    results(&mut out, counts);
    envelopes(&mut out, counts, &scenarios, &profile);
    events(&mut out, counts, &scenarios, &profile);
    objects(&mut out, counts);
    facilities(&mut out, &profile);
    out
}

fn commands(out: &mut String, counts: &Counts, scenarios: &Scenarios, profile: &TerminalProfile) {
    out.push_str("\n## Proactive commands\n\n");
    table(
        out,
        &["type", "command", "clause", "profile", "card", "phone", "vectors", "responses", "scenarios"],
    );
    for &kind in CommandType::ALL {
        let facilities = Facility::of_command(kind);
        let row = [
            format!("{:02X}", kind.0),
            kind.text().into(),
            kind.spec().unwrap_or_default().into(),
            places(facilities),
            yes(!facilities.is_empty()),
            yes(profile.performs(kind)),
            count(&counts.commands, kind.0),
            count(&counts.responses, kind.0),
            count(&scenarios.commands, kind.0),
        ];
        line(out, &row);
    }
}

fn answers(out: &mut String, counts: &Counts) {
    out.push_str("\n## TERMINAL RESPONSE: additional data (TS 102 223 §6.8)\n\n");
    table(out, &["tag", "object", "field", "clause", "vectors"]);
    for field in Answer::FIELDS {
        let vectors = counts.answers.get(field.name).copied().unwrap_or_default();
        line(
            out,
            &[tag(field), field.object.into(), field.name.into(), field.spec.into(), vectors.to_string()],
        );
    }
}

fn results(out: &mut String, counts: &Counts) {
    out.push_str("\n## TERMINAL RESPONSE: general results (TS 102 223 §8.12, TS 31.111 §8.12)\n\n");
    table(out, &["result", "name", "additional information", "vectors"]);
    for &general in GeneralResult::ALL {
        let problem = oxisim_toolkit::Problem::ALL.iter().find(|(other, _)| *other == general);
        let row = [
            format!("{:02X}", general.0),
            general.name().unwrap_or_default().replace('_', " ").to_lowercase(),
            problem.map_or_else(String::new, |(_, spec)| (*spec).into()),
            count(&counts.results, general.0),
        ];
        line(out, &row);
    }
}

fn envelopes(out: &mut String, counts: &Counts, scenarios: &Scenarios, profile: &TerminalProfile) {
    out.push_str("\n## ENVELOPE\n\n");
    table(out, &["tag", "envelope", "clause", "profile", "card", "phone", "vectors", "scenarios"]);
    for envelope in Envelope::ALL {
        let facilities = Facility::of_envelope(envelope.code);
        let told = facilities.iter().any(|&facility| profile.supports(facility));
        let more = [
            yes(card_takes(envelope.code)),
            yes(told),
            count(&counts.envelopes, envelope.code),
            count(&scenarios.envelopes, envelope.code),
        ];
        line(out, &declared(envelope, facilities, &more));
    }
    let _ = write!(
        out,
        "\nThe card answers call control with `CallControlAnswer` ({} vectors) and MO short message control with\n\
        `MoSmsControlAnswer`: allowed, not allowed, allowed with modifications (TS 31.111 §7.3).\n",
        counts.controls
    );
}

/// Whether a card takes the first envelope with this tag that others or we have made.
fn card_takes(tag: u8) -> bool {
    let rows = VECTORS[2].lines().map(|row| serde_json::from_str::<Value>(row).unwrap());
    let others: Vec<_> = rows.map(|row| row["hex"].as_str().unwrap().to_owned()).collect();
    let texts = others.iter().map(String::as_str).chain(OUR_ENVELOPES);
    let data = texts.map(octets).find(|data| data[0] == tag).unwrap();
    assert_eq!(Envelope::decode(&data).map(|envelope| envelope.tag()), Ok(tag));

    let mut card = Card::new(&CardProfile::default());
    card.power_on(Instant::EPOCH);
    let mut send = |instruction, data: &[u8]| {
        let header = [0x80, instruction, 0, 0, u8::try_from(data.len()).unwrap()];
        card.exchange(Instant::EPOCH, &[&header, data].concat()).status
    };
    send(0x10, &[0xFF; 30]);
    send(0xC2, &data) != Status::INCORRECT_DATA
}

/// Envelopes of which no vector of others is known.
const OUR_ENVELOPES: [&str; 7] = [
    "D909820283818A030F5A01",
    "DA09820282819203013F00",
    "DB0782028281EF0100",
    "DC0782028281F10100",
    "DD0482028281",
    "DE0482028281",
    "DF0482028281",
];

fn events(out: &mut String, counts: &Counts, scenarios: &Scenarios, profile: &TerminalProfile) {
    out.push_str("\n## EVENT DOWNLOAD\n\n");
    table(out, &["code", "event", "clause", "profile", "phone", "vectors", "scenarios"]);
    for event in Event::ALL {
        let code = EventCode(event.code);
        let more = [
            yes(profile.hears(code)),
            count(&counts.events, event.code),
            count(&scenarios.events, event.code),
        ];
        line(out, &declared(event, Facility::of_event(code), &more));
    }
}

/// Every object that some message holds, by tag and name.
fn objects(out: &mut String, counts: &Counts) {
    let mut objects = BTreeMap::new();
    let messages = CommandType::MESSAGES.iter().chain(Envelope::ALL).chain(Event::ALL);
    let fields = messages.flat_map(|message| message.fields).chain(Answer::FIELDS);
    let fields = fields.chain(CallControlAnswer::FIELDS).chain(MoSmsControlAnswer::FIELDS);
    for field in fields.chain(TerminalResponse::FIELDS) {
        objects.insert((field.tag, field.object), field);
    }
    out.push_str("\n## Data objects\n\n");
    table(out, &["tag", "object", "clause", "vectors"]);
    for field in objects.values() {
        let vectors = counts.objects.get(field.object).copied().unwrap_or_default();
        line(out, &[tag(field), field.object.into(), field.spec.into(), vectors.to_string()]);
    }
}

fn facilities(out: &mut String, profile: &TerminalProfile) {
    out.push_str(
        "\n## TERMINAL PROFILE (TS 102 223 §5.2, TS 31.111 §5.2)\n\n\
        The places of all bits are those of `tests/vectors/terminal_profile.jsonl`.\n\n",
    );
    table(out, &["octet.bit", "facility", "phone"]);
    for &facility in Facility::ALL {
        line(out, &[places(&[facility]), facility.text().into(), yes(profile.supports(facility))]);
    }
    for &quantity in Quantity::ALL {
        let (octet, bit, bits) = quantity.place();
        let place = format!("{octet}.{bit}–{}", bit + bits - 1);
        line(out, &[place, quantity.text().into(), profile.quantity(quantity).to_string()]);
    }
}

fn declared(message: &Declaration, facilities: &[Facility], more: &[String]) -> Vec<String> {
    let mut row = vec![
        format!("{:02X}", message.code),
        message.text.to_owned(),
        message.spec.to_owned(),
        places(facilities),
    ];
    row.extend_from_slice(more);
    row
}

fn places(facilities: &[Facility]) -> String {
    let places = facilities.iter().map(|facility| {
        let (octet, bit) = facility.place();
        format!("{octet}.{bit}")
    });
    places.collect::<Vec<_>>().join(", ")
}

fn tag(field: &FieldInfo) -> String {
    format!("{:02X}", field.tag.0)
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.into()
}

fn count(counts: &BTreeMap<u8, usize>, of: u8) -> String {
    counts.get(&of).copied().unwrap_or_default().to_string()
}

fn table(out: &mut String, heads: &[&str]) {
    let _ = writeln!(out, "| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()));
}

fn line(out: &mut String, cells: &[String]) {
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

fn octets(text: &str) -> Vec<u8> {
    let pairs = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap());
    pairs.collect()
}
